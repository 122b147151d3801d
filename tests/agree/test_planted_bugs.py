"""Co-verification is itself tested: a bug planted in the RTL is found by `zahl cosim`, and named.

A copy of the tree is changed in one place, built for tiny8 and run on the default model. Each bug
is of another kind: a wrong value, a wrong cycle, a wrong border.
"""

import json
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / "build/planted/tree"
BUILD = ROOT / "build/planted/build"

# File, the text there, what it becomes, and which of the report's counts must not be zero.
BUGS = {
    "nothing rounds up": (
        "rtl/post/zahl_requantizer.sv",
        "RoundingHalfEven: up = half && (rest || scaled[1]);",
        "RoundingHalfEven: up = 1'b0;",
        "byte_differences",
    ),
    "one burst fewer in flight": (
        "rtl/dma/zahl_load.sv",
        "outstanding < BurstCountBits'(LoadBursts)",
        "outstanding < BurstCountBits'(1)",
        "cycle_differences",
    ),
    "padding reads zero": (
        "rtl/array/zahl_array_pad.sv",
        "padded[l*8+:8] = pad_value_q;",
        "padded[l*8+:8] = 8'd0 & pad_value_q;",
        "byte_differences",
    ),
}


def run(*command: object) -> subprocess.CompletedProcess:
    return subprocess.run([str(c) for c in command], capture_output=True, text=True)


def copy_tree() -> None:
    listed = run("git", "-C", ROOT, "ls-files", "-co", "--exclude-standard").stdout.splitlines()
    for name in listed:
        source, target = ROOT / name, COPY / name
        if not source.exists() or target.exists() and target.read_bytes() == source.read_bytes():
            continue  # an unchanged file keeps its time, so that little is built again
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        shutil.copymode(source, target)


def build() -> pathlib.Path:
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DZAHL_TESTS=OFF", "-DZAHL_RTL_PRESETS=tiny8"]
    for command in (
        ["cmake", "-G", "Ninja", "-S", COPY, "-B", BUILD, *options],
        ["cmake", "--build", BUILD, "--target", "zahl"],
    ):
        done = run(*command)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return BUILD / "bin/zahl"


@pytest.mark.parametrize("bug", BUGS)
def test_bug_is_found(bug: str, tmp_path):
    file, text, planted, count = BUGS[bug]
    copy_tree()
    source = (COPY / file).read_text()
    assert source.count(text) == 1, f"{file} does not hold {text!r}"
    (COPY / file).write_text(source.replace(text, planted))
    try:
        zahl = build()
        report = tmp_path / "cosim.json"
        done = run(
            zahl,
            "cosim",
            ROOT / "models/digits/digits_qdq.onnx",
            "--config",
            "tiny8",
            "--input",
            ROOT / "models/digits/test_image.npy",
            "--json",
            report,
        )
    finally:
        (COPY / file).write_text(source)
    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads(report.read_text())
    assert found[count] > 0 and found["first_difference"]
