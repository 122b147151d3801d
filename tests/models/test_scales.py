"""Scales that do not meet: biases between products, dead channels, zero points and scales that
differ in unusual ways, bytes that are clipped or quantized twice."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from ai_edge_litert import schema_py_generated as schema
from conftest import zahl
from qdq_builder import Graph
from test_tflite_functions import file_of
from test_tflite_functions import tensor as ends_of
from tflite_micro import runtime

MAP = [1, 4, 5, 5]


def answer(model: onnx.ModelProto, x: np.ndarray, folder) -> tuple[np.ndarray, np.ndarray]:
    """What Zahl and ONNX Runtime without its optimizations make of it; the certificate holds."""
    onnx.save(model, folder / "m.onnx")
    np.save(folder / "x.npy", x)
    zahl("run", folder / "m.onnx", "--input", folder / "x.npy", "--output", folder / "y.npy")
    zahl("prove", folder / "m.onnx", "--level", "1,2,5")
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    judge = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return np.load(folder / "y.npy"), judge.run(None, {"x": x})[0]


def weights(g: Graph, dims: list[int], scales, axis: int, zeros=0, dtype=np.int8) -> str:
    low, high = (-3, 4) if np.ndim(zeros) == 0 else (0, 256)
    g.constant("w", g.rng.integers(low, high, dims).astype(dtype))
    g.constant("w_scale", np.asarray(scales, np.float32))
    g.constant("w_zero", np.broadcast_to(np.asarray(zeros, dtype), np.shape(scales)).copy())
    return g.node("DequantizeLinear", ["w", "w_scale", "w_zero"], "w_dq", axis=axis)


def product(g: Graph, kind: str, x: str, scales, bias: str) -> str:
    if kind == "Conv":
        return g.node("Conv", [x, weights(g, [4, 4, 3, 3], scales, 0), bias], "y", pads=[1] * 4)
    if kind == "depthwise":
        return g.node("Conv", [x, weights(g, [4, 1, 3, 3], scales, 0), bias], "y", group=4)
    if kind == "Gemm":
        return g.node("Gemm", [x, weights(g, [6, 4], scales, 1), bias], "y")
    return g.node("Add", [g.node("MatMul", [x, weights(g, [6, 4], scales, 1)], "m"), bias], "y")


@pytest.mark.parametrize("kind", ["Conv", "depthwise", "Gemm", "MatMul"])
@pytest.mark.parametrize("steps", [0.8, 1.7, 4.6, 30])
def test_bias_between_products_costs_no_step(kind, steps, tmp_path):
    """One product is `steps` steps of the output."""
    rng = np.random.default_rng(7)
    scales = rng.uniform(0.008, 0.02, 4).astype(np.float32)
    g = Graph([1, 6] if kind in ("Gemm", "MatMul") else MAP, np.int8, 3)
    x = g.qdq("x", 0.02, -7)
    unit = 0.02 * float(scales.mean())
    bias = g.constant("b", rng.uniform(-9, 9, 4).astype(np.float32) * np.float32(unit))
    product(g, kind, x, scales, bias)
    g.outputs = [g.qdq("y", unit / steps, 11)]
    dims = [1, 6] if kind in ("Gemm", "MatMul") else MAP
    values = rng.standard_normal(dims).astype(np.float32) * np.float32(0.06)
    got, want = answer(g.model(), values, tmp_path)
    assert np.abs(got - want).max() <= 1.01 * unit / steps


@pytest.mark.parametrize("scale", [0.0, 1e-41, 1e-30])
def test_dead_channel_is_its_bias(scale, tmp_path):
    g = Graph(MAP, np.int8, 4)
    x = g.qdq("x", 0.02, 5)
    w = weights(g, [4, 4, 3, 3], [0.01, scale, 0.01, 0.02], 0)
    bias = g.constant("b", np.float32([0.3, -0.7, 0, 0.2]))
    g.node("Conv", [x, w, bias], "y")
    g.outputs = [g.qdq("y", 0.02, 3)]
    values = g.rng.standard_normal(MAP).astype(np.float32)
    got, want = answer(g.model(), values, tmp_path)
    assert np.abs(got - want).max() <= 0.0202


def test_weights_with_zero_points_of_their_own(tmp_path):
    g = Graph(MAP, np.uint8, 5)
    x = g.qdq("x", 0.03, 120)
    scales, zeros = [0.001, 0.002, 0.0015, 0.001, 0.001], [138, 91, 0, 255, 128]
    g.node("Conv", [x, weights(g, [5, 4, 3, 3], scales, 0, zeros, np.uint8)], "y")
    g.outputs = [g.qdq("y", 0.05, 100)]
    values = g.rng.standard_normal(MAP).astype(np.float32)
    got, want = answer(g.model(), values, tmp_path)
    assert np.abs(got - want).max() <= 0.0505


def test_scales_of_input_channels(tmp_path):
    """The default axis of DequantizeLinear is 1, which is no output channel of a convolution."""
    g = Graph(MAP, np.int8, 6)
    x = g.qdq("x", 0.03, 4)
    g.constant("w", g.rng.integers(-127, 128, [4, 4, 3, 3]).astype(np.int8))
    g.constant("w_scale", g.rng.uniform(0.003, 0.05, 4).astype(np.float32))
    g.node("Conv", [x, g.node("DequantizeLinear", ["w", "w_scale"], "w_dq")], "y")
    g.outputs = [g.qdq("y", 0.3, 0)]
    got, want = answer(g.model(), g.rng.standard_normal(MAP).astype(np.float32), tmp_path)
    assert np.abs(got - want).max() <= 0.303


def test_clipped_bytes_and_constants_quantized_twice(tmp_path):
    g = Graph(MAP, np.int8, 8)
    g.quantize("x", 0.05, 0)
    low, high = g.constant("low", np.int8(-8)), g.constant("high", np.int8(7))
    g.node("Clip", ["x_q", low, high], "x_4bit")
    x = g.node("DequantizeLinear", ["x_4bit", "x_scale", "x_zero"], "x_dq")
    grid = g.grid("w", 0.02, 0)
    g.constant("w", g.rng.normal(0, 0.1, [5, 4, 3, 3]).astype(np.float32))
    g.node("QuantizeLinear", ["w", *grid], "w_q")
    g.node("Clip", ["w_q", low, high], "w_4bit")
    g.node("DequantizeLinear", ["w_4bit", *grid], "w_once")
    g.node("QuantizeLinear", ["w_once", *grid], "w_again")
    g.node("Conv", [x, g.node("DequantizeLinear", ["w_again", *grid], "w_dq")], "y")
    g.outputs = [g.qdq("y", 0.04, 0)]
    got, want = answer(g.model(), g.rng.standard_normal(MAP).astype(np.float32), tmp_path)
    assert np.abs(got - want).max() <= 0.0404


def test_input_on_two_scales(tmp_path):
    g = Graph(MAP, np.int8, 9)
    a = g.qdq("x", 0.05, 0)
    grid = g.grid("other", 0.02, 3)
    g.node("QuantizeLinear", ["x", *grid], "other_q")
    b = g.node("DequantizeLinear", ["other_q", *grid], "other_dq")
    g.node("Add", [a, b], "y")
    g.outputs = [g.qdq("y", 0.1, 0)]
    got, want = answer(g.model(), g.rng.standard_normal(MAP).astype(np.float32) * 3, tmp_path)
    assert np.abs(got - want).max() <= 0.101


@pytest.mark.parametrize("size, stride", [(8, 4), (8, 3), (9, 4), (11, 5), (13, 6)])
@pytest.mark.parametrize("side", ["SAME_UPPER", "SAME_LOWER"])
def test_same_crops_where_the_stride_is_larger(size, stride, side, tmp_path):
    g = Graph([1, 4, size, size], np.int8, 10)
    x = g.qdq("x", 0.05, 0)
    w = g.weights("w", [4, 4, 1, 1], 0.01)
    g.node("Conv", [x, w], "y", strides=[stride, stride], auto_pad=side)
    g.outputs = [g.qdq("y", 0.05, 0)]
    values = g.rng.standard_normal([1, 4, size, size]).astype(np.float32)
    got, want = answer(g.model(), values, tmp_path)
    assert np.abs(got - want).max() <= 0.0505


REFUSED = {
    "leaves some of 8 unread": lambda g: g.node(
        "MaxPool",
        [g.qdq("x", 0.05, 0)],
        "y",
        kernel_shape=[1, 1],
        strides=[4, 4],
        auto_pad="SAME_UPPER",
    ),
    "zero or too small for a normal float": lambda g: g.node("Relu", [g.qdq("x", 1e-41, 0)], "y"),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_refused(sentence, tmp_path):
    g = Graph([1, 4, 8, 8], np.int8)
    REFUSED[sentence](g)
    g.outputs = [g.qdq("y", 0.05, 0)]
    onnx.save(g.model(), tmp_path / "m.onnx")
    assert sentence in zahl("run", tmp_path / "m.onnx", expect=2).stderr


MICRO = {
    "RELU6": (0.05, -20, 0.03, -128),
    "LOGISTIC": (0.05, 7, 0.0039, -128),
    "TANH": (0.05, 3, 0.01, 5),
    "HARD_SWISH": (0.02, 4, 2000.0, 4),
}


@pytest.mark.parametrize("operator", MICRO)
def test_where_micro_and_litert_differ_micro_is_right(operator, tmp_path):
    sx, zx, sy, zy = MICRO[operator]
    code = getattr(schema.BuiltinOperator, operator)
    data = file_of(code, ends_of("x", sx, zx), ends_of("y", sy, zy))
    x = np.arange(-128, 128, dtype=np.int8)[None]
    interpreter = runtime.Interpreter.from_bytes(data)
    interpreter.set_input(x, 0)
    interpreter.invoke()
    (tmp_path / "m.tflite").write_bytes(data)
    np.save(tmp_path / "x.npy", x)
    zahl("run", tmp_path / "m.tflite", "--input", tmp_path / "x.npy", "--output", tmp_path / "y")
    assert (np.load(tmp_path / "y") == interpreter.get_output(0)).all()
