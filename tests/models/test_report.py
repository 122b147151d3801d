"""Reports add up, their bounds hold, and the compiler's estimate is what the engines then take."""

import json

import numpy as np
import onnx
import pytest
from conftest import ROOT, shared, zahl

# Networks of every kind of layer; the RTL takes seconds for all of them together.
NETWORKS = [
    "digits",
    "pretrainedResnet_quant",
    "kws_ref_model",
    "vww_96_int8",
    "ad01_int8",
    "str_ww_ref_model",
    "person_detect",
]
LARGE = [
    "mobilenet_v1_0.25_128_uint8",
    "mobilenet_v2_0.35_160",
    "mobilenet_v2_1.0_224_int8",
    "trainedResnet_6blk_750k_int8",
]
MEMORIES = ["dram", "onchip"]


def path_of(network: str):
    return (
        ROOT / "models/digits/digits_qdq.onnx"
        if network == "digits"
        else shared(f"{network}.tflite")
    )


def report_of(program, folder, *arguments: object) -> dict:
    zahl("run", program, "--seed", 1, "--json", folder / "report.json", *arguments)
    return json.loads((folder / "report.json").read_text())


@pytest.fixture(params=[(n, m) for n in NETWORKS + LARGE for m in MEMORIES], ids="-".join)
def compiled(request, tmp_path):
    network, memory = request.param
    zahl("compile", path_of(network), "--memory", memory, "-o", tmp_path / "a.zprog")
    return network, memory, tmp_path / "a.zprog"


def test_estimate_is_what_the_engines_take_in_every_layer(compiled, tmp_path):
    network, memory, program = compiled
    engines = (
        [["--cycles-only"], ["--engine", "rtl"]] if network in NETWORKS else [["--cycles-only"]]
    )
    for engine in engines:
        report = report_of(program, tmp_path, "--memory", memory, *engine)
        assert report["estimate"] == {"cycles": report["cycles"], "difference": 0}
        assert [layer["estimated_cycles"] for layer in report["layers"]] == [
            layer["cycles"] for layer in report["layers"]
        ]


def test_estimate_is_of_one_memory(tmp_path):
    zahl("compile", path_of("digits"), "-o", tmp_path / "a.zprog")
    report = report_of(
        tmp_path / "a.zprog", tmp_path, "--set", "memory.latency_cycles=37", "--cycles-only"
    )
    assert report["estimate"] is None and all(
        layer["estimated_cycles"] is None for layer in report["layers"]
    )


def test_cycles_add_up_and_agree_with_the_counters(compiled, tmp_path):
    _, memory, program = compiled
    report = report_of(program, tmp_path, "--memory", memory, "--cycles-only")
    layers, counters = report["layers"], report["counters"]
    assert sum(layer["cycles"] for layer in layers) == report["cycles"] == counters["cycles"]
    for layer in [*layers, report]:
        assert layer["busy_cycles"] + sum(layer["stall_cycles"].values()) == layer["cycles"]
    assert sum(layer["busy_cycles"] for layer in layers) == counters["array_busy"]
    assert sum(layer["stall_cycles"]["weights"] for layer in layers) == counters["array_weights"]
    for key in report["stall_cycles"]:
        assert sum(layer["stall_cycles"][key] for layer in layers) == report["stall_cycles"][key]


def test_bounds_hold(compiled, tmp_path):
    """Each is a lower bound of the run; the array's and DRAM's are what the hardware counted."""
    _, memory, program = compiled
    report = report_of(program, tmp_path, "--memory", memory, "--cycles-only")
    assert report["bounds"]["array"] == report["counters"]["array_busy"]
    assert report["bounds"]["dram"] == -(
        -(report["dram_read_bytes"] + report["dram_write_bytes"]) // 16
    )
    assert report["bounds"]["post"] <= report["counters"]["post_busy"]
    for entry in [report, *report["layers"]]:
        ranked = sorted(entry["bounds"].values(), reverse=True)
        if ranked[0] == 0:
            assert entry["limit"] == "none"
            continue
        assert entry["bounds"][entry["limit"]] == ranked[0]
        assert entry["next_bound"]["cycles"] == ranked[1]
        assert entry["dependence_cycles"] == max(0, entry["cycles"] - ranked[0])
        assert 0 <= entry["fill"]["lanes"] <= 1 and 0 < entry["fill"]["columns"] <= 1
    assert report["cycles"] >= max(report["bounds"].values())
    assert all(layer["busy_cycles"] == layer["bounds"]["array"] for layer in report["layers"])


def test_least_traffic_counts_the_networks_own_bytes(tmp_path):
    model = onnx.load(path_of("digits"))
    constants = {i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}
    data = [
        constants[n.input[0]]
        for n in model.graph.node
        if n.op_type == "DequantizeLinear" and n.input[0] in constants
    ]
    report = report_of(path_of("digits"), tmp_path, "--cycles-only")
    least = report["least_dram_bytes"]
    assert least["weights"] == sum(d.nbytes for d in data if d.dtype in (np.int8, np.int32))
    assert least["ports"] == sum(
        int(np.prod([d.dim_value or 1 for d in p.type.tensor_type.shape.dim]))
        for p in [*model.graph.input, *model.graph.output]
    )
    assert least["large_maps"] == 0 and least["compulsory"] == least["weights"] + least["ports"]
    assert least["compulsory"] <= report["dram_read_bytes"] + report["dram_write_bytes"]


def test_tables_are_at_most_120_columns_wide(tmp_path):
    text = zahl("run", path_of("vww_96_int8"), "--cycles-only", "--seed", 1, "--layers").stdout
    assert max(len(line) for line in text.splitlines()) <= 120
    assert "bounds in cycles" in text and "the least possible" in text
