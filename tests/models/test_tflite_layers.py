"""TFLite's reductions, transposed convolutions, extremes and PRELU, each in a file of its own, bit
for bit as TensorFlow Lite Micro computes them."""

import numpy as np
import pytest
import tflite_builder as tb
from ai_edge_litert import schema_py_generated as schema
from conftest import zahl
from tflite_micro import runtime


def judged(data: bytes, inputs: list[np.ndarray], names: list[str], folder) -> None:
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 20)
    for i, x in enumerate(inputs):
        interpreter.set_input(x, i)
    interpreter.invoke()
    (folder / "m.tflite").write_bytes(data)
    np.savez(folder / "x.npz", **dict(zip(names, inputs)))
    zahl("run", folder / "m.tflite", "--input", folder / "x.npz", "--output", folder / "y.npy")
    np.testing.assert_array_equal(np.load(folder / "y.npy"), interpreter.get_output(0))


def grid(rng) -> tuple[float, int]:
    return float(np.exp(rng.uniform(-5, -2))), int(rng.integers(-128, 128))


def int8(rng, dims) -> np.ndarray:
    return rng.integers(-128, 128, dims).astype(np.int8)


@pytest.mark.parametrize("operator", ["MEAN", "SUM", "REDUCE_MAX"])
def test_reduction_over_any_axes(operator, tmp_path):
    rng = np.random.default_rng(len(operator))
    for _ in range(16):
        dims = [int(d) for d in rng.integers(1, 12, 4)]
        axes = sorted(int(a) for a in rng.choice(4, rng.integers(1, 4), replace=False))
        options = schema.ReducerOptionsT()
        options.keepDims = bool(rng.integers(2))
        out = [1 if a in axes else d for a, d in enumerate(dims)]
        if not options.keepDims:
            out = [d for a, d in enumerate(dims) if a not in axes]
        x = tb.tensor("x", dims, *grid(rng))
        same = operator == "REDUCE_MAX" or rng.integers(3) == 0
        on = (x.quantization.scale[0], x.quantization.zeroPoint[0]) if same else grid(rng)
        y = tb.tensor("y", out, *on)
        which = tb.constant("axes", np.array(axes, np.int32))
        judged(tb.node(operator, [x, which], y, options), [int8(rng, dims)], ["x"], tmp_path)


def test_transpose_conv(tmp_path):
    rng = np.random.default_rng(7)
    for _ in range(16):
        h, w, k, c = (int(v) for v in rng.integers(1, 7, 4))
        kernel, stride = rng.integers(1, 5, 2), rng.integers(1, 4, 2)
        options = schema.TransposeConvOptionsT()
        options.padding = int(rng.integers(2))  # SAME, VALID
        options.strideH, options.strideW = (int(s) for s in stride)
        kernel = np.maximum(kernel, stride) if options.padding else kernel
        size = [
            n * s if options.padding == 0 else (n - 1) * s + k_
            for n, s, k_ in zip((h, w), stride, kernel)
        ]
        x, y = tb.tensor("x", [1, h, w, c], *grid(rng)), tb.tensor("y", [1, *size, k], 0.3, -7)
        weights = tb.constant("w", int8(rng, (k, *kernel, c)), 0.02)
        shape = tb.constant("shape", np.array([1, *size, k], np.int32))
        operands = [shape, weights, x]
        if rng.integers(2):
            bias = tb.constant("b", rng.integers(-900, 900, k).astype(np.int32), 1)
            bias.quantization.scale = [x.quantization.scale[0] * np.float32(0.02)]
            operands.append(bias)
        judged(
            tb.node("TRANSPOSE_CONV", operands, y, options),
            [int8(rng, (1, h, w, c))],
            ["x"],
            tmp_path,
        )


@pytest.mark.parametrize("operator", ["MAXIMUM", "MINIMUM"])
def test_extreme_of_two(operator, tmp_path):
    rng = np.random.default_rng(len(operator))
    on = grid(rng)
    for dims, other in (
        ([1, 5, 6, 7], [1, 5, 6, 7]),
        ([1, 5, 6, 7], [7]),
        ([3, 4], [1]),
        ([2, 9], [2, 1]),
    ):
        x, z = tb.tensor("x", dims, *on), tb.tensor("z", other, *on)
        y = tb.tensor("y", dims, *on)
        judged(
            tb.node(operator, [x, z], y),
            [int8(rng, dims), int8(rng, other)],
            ["x", "z"],
            tmp_path,
        )
        fixed = tb.constant("z", int8(rng, other), *on)
        judged(tb.node(operator, [x, fixed], y), [int8(rng, dims)], ["x"], tmp_path)


def test_prelu(tmp_path):
    rng = np.random.default_rng(9)
    for dims, slopes in (
        ([1, 4, 5, 6], [1, 1, 6]),
        ([1, 4, 5, 20], [20]),
        ([1, 4, 5, 3], [4, 5, 3]),
        ([2, 8], [1]),
    ):
        for _ in range(3):
            x, y = tb.tensor("x", dims, *grid(rng)), tb.tensor("y", dims, *grid(rng))
            alpha = tb.constant("alpha", int8(rng, slopes), 0.01, int(rng.integers(-20, 20)))
            judged(tb.node("PRELU", [x, alpha], y), [int8(rng, dims)], ["x"], tmp_path)
