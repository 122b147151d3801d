"""A slow-down shows as instructions, which a noisy machine does not change:
callgrind's count of two small runs stays within 5 %.

Counted is what main does and calls, kernels fixed to avx2 (valgrind has no AVX-512). Both ways: a
run that became faster is recorded, so that the next slow-down is seen. To accept new counts, after
a release build:
build/venv/bin/python tests/guard/test_instruction_counts.py
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
ZAHL = pathlib.Path(os.environ.get("ZAHL", ROOT / "build/release/bin/zahl"))
RECORD = pathlib.Path(__file__).with_name("instruction_counts.json")
ALLOWED = 0.05


def convolutions(path: pathlib.Path) -> pathlib.Path:
    """Three 3x3 convolutions of 32 channels on 28x28 pixels, QDQ:
    conv kernel, requantization and DMA, and little else."""
    random = np.random.default_rng(1)
    nodes, constants = [], []

    def constant(name: str, value: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(value, name))
        return name

    scale, zero = constant("scale", np.float32(0.05)), constant("zero", np.int8(3))

    def quantized(x: str) -> str:
        nodes.append(
            helper.make_node("QuantizeLinear", [x, scale, zero], [f"{x}_q"], name=f"{x}_quantize")
        )
        nodes.append(
            helper.make_node(
                "DequantizeLinear", [f"{x}_q", scale, zero], [f"{x}_dq"], name=f"{x}_dequantize"
            )
        )
        return f"{x}_dq"

    x = quantized("input")
    for i in range(3):
        weight = constant(f"w{i}", random.integers(-127, 128, (32, 32, 3, 3), dtype=np.int8))
        weight_scale, weight_zero = (
            constant(f"ws{i}", np.float32(0.002)),
            constant(f"wz{i}", np.int8(0)),
        )
        bias = constant(f"b{i}", random.integers(-1000, 1000, 32, dtype=np.int32))
        bias_scale, bias_zero = (
            constant(f"bs{i}", np.float32(0.05) * np.float32(0.002)),
            constant(f"bz{i}", np.int32(0)),
        )
        nodes.append(
            helper.make_node(
                "DequantizeLinear",
                [weight, weight_scale, weight_zero],
                [f"w{i}_dq"],
                name=f"weight{i}",
            )
        )
        nodes.append(
            helper.make_node(
                "DequantizeLinear", [bias, bias_scale, bias_zero], [f"b{i}_dq"], name=f"bias{i}"
            )
        )
        nodes.append(
            helper.make_node(
                "Conv",
                [x, f"w{i}_dq", f"b{i}_dq"],
                [f"conv{i}"],
                name=f"conv{i}",
                kernel_shape=[3, 3],
                pads=[1] * 4,
            )
        )
        x = quantized(f"conv{i}")
    value = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 32, 28, 28])
        for name in ("input", x)
    ]
    graph = helper.make_graph(nodes, "convolutions", value[:1], value[1:], constants)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path
    )
    return path


RUNS = {
    "digits": lambda folder: ROOT / "models/digits/digits_qdq.onnx",
    "convolutions": lambda folder: convolutions(folder / "convolutions.onnx"),
}


def count(name: str, folder: pathlib.Path) -> int:
    """Instructions of `zahl run` on the compiled program."""
    program, profile = folder / f"{name}.zprog", folder / "profile"
    subprocess.run(
        [ZAHL, "compile", RUNS[name](folder), "-o", program], check=True, capture_output=True
    )
    command = [
        "valgrind",
        "--tool=callgrind",
        f"--callgrind-out-file={profile}",
        "--collect-atstart=no",
        "--toggle-collect=main",
        ZAHL,
        "run",
        program,
    ]
    command += ["--seed", "1", "--json", folder / "report.json"]
    done = subprocess.run(
        [str(c) for c in command],
        env=os.environ | {"ZAHL_KERNELS": "avx2"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return int(re.search(r"^(?:summary|totals): (\d+)", profile.read_text(), re.MULTILINE)[1])


@pytest.mark.skipif(
    "avx2" not in pathlib.Path("/proc/cpuinfo").read_text(),
    reason="the counts are those of the avx2 kernels",
)
@pytest.mark.parametrize("name", RUNS)
def test_count_is_as_recorded(name: str, tmp_path):
    recorded, counted = json.loads(RECORD.read_text())[name], count(name, tmp_path)
    change = counted / recorded - 1
    assert abs(change) <= ALLOWED, (
        f"{name}: {counted:,} instructions, {recorded:,} recorded: {100 * change:+.1f} %. "
        f"A slow-down? Its profile: the valgrind command in {pathlib.Path(__file__).name}. "
        "If it is meant: build/venv/bin/python "
        f"tests/guard/{pathlib.Path(__file__).name} records it."
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        counts = {name: count(name, pathlib.Path(folder)) for name in RUNS}
    RECORD.write_text(json.dumps(counts, indent=2) + "\n")
    print(f"{RECORD.relative_to(ROOT)}: {counts}")


if __name__ == "__main__":
    sys.exit(main())
