"""Model and RTL on whole networks: zero differences in bytes, cycles and transactions."""

import json

import pytest
from conftest import ROOT, shared, zahl

NETWORKS = ["digits", "pretrainedResnet_quant", "kws_ref_model", "vww_96_int8", "ad01_int8"]
MEMORIES = [(1, 16), (40, 8), (200, 4)]


@pytest.mark.parametrize("latency, bytes_per_cycle", MEMORIES)
@pytest.mark.parametrize("config", ["edge16", "tiny8"])
@pytest.mark.parametrize("network", NETWORKS)
def test_model_and_rtl_agree(
    network: str, config: str, latency: int, bytes_per_cycle: int, tmp_path
):
    model = (
        ROOT / "models/digits/digits_qdq.onnx"
        if network == "digits"
        else shared(f"{network}.tflite")
    )
    settings = [
        "--set",
        f"memory.latency_cycles={latency}",
        "--set",
        f"memory.bytes_per_cycle={bytes_per_cycle}",
    ]
    zahl(
        "cosim",
        model,
        "--config",
        config,
        *settings,
        "--seed",
        7,
        "--json",
        tmp_path / "cosim.json",
    )
    report = json.loads((tmp_path / "cosim.json").read_text())
    assert report["cycle_differences"] == 0 and report["byte_differences"] == 0
    assert report["cycles"] > 0 and report["transactions"] > 0
