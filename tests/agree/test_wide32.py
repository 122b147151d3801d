"""The RTL of wide32, which the default build leaves out:
random programs and whole networks agree with the model.

Builds it under build/wide32, which takes most of a minute the first time.
"""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/wide32"
SHARED = pathlib.Path(os.environ.get("ZAHL_MODELS", ROOT.parent / "shared/models"))
NETWORKS = [
    ROOT / "models/digits/digits_qdq.onnx",
    *(
        SHARED / f"{n}.tflite"
        for n in ("pretrainedResnet_quant", "kws_ref_model", "vww_96_int8", "ad01_int8")
    ),
]


@pytest.fixture(scope="module")
def programs() -> pathlib.Path:
    """The folder of the programs, built."""
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DZAHL_RTL_PRESETS=wide32"]
    for command in (
        ["cmake", "-G", "Ninja", "-S", ROOT, "-B", BUILD, *options],
        ["cmake", "--build", BUILD, "--target", "zahl", "zahl_agree_engines_test"],
    ):
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return BUILD / "bin"


def test_random_programs(programs: pathlib.Path):
    done = subprocess.run(
        [programs / "zahl_agree_engines_test", "--gtest_brief=1", "--gtest_filter=*wide32_part1"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "PASSED  ] 3 tests" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("latency, bytes_per_cycle", [(1, 32), (200, 4)])
@pytest.mark.parametrize("network", NETWORKS, ids=lambda path: path.stem)
def test_networks(
    network: pathlib.Path, latency: int, bytes_per_cycle: int, programs: pathlib.Path, tmp_path
):
    if not network.exists():
        pytest.skip(f"{network} is absent: this test needs the shared networks")
    settings = [
        "--set",
        f"memory.latency_cycles={latency}",
        "--set",
        f"memory.bytes_per_cycle={bytes_per_cycle}",
    ]
    report = tmp_path / "cosim.json"
    command = [
        programs / "zahl",
        "cosim",
        network,
        "--config",
        "wide32",
        *settings,
        "--seed",
        "3",
        "--json",
        report,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())
    assert (
        found["cycle_differences"] == 0 and found["byte_differences"] == 0 and found["cycles"] > 0
    )
