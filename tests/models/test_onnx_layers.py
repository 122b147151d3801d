"""ONNX layers of every rank and geometry, random ones in QDQ form, within one step of what ONNX
Runtime computes: maps with one spatial dimension, transposed convolutions, reductions, several
operands."""

import numpy as np
import onnx
import pytest
from conftest import zahl
from onnx_layers import session
from qdq_builder import Graph


def ints(rng, low: int, high: int, count: int) -> list[int]:
    return [int(v) for v in rng.integers(low, high, count)]


def row_map(g: Graph, rng, x: str, dims: list[int]) -> tuple[str, float]:
    """A convolution or pool along one axis."""
    kernel, pads = int(rng.integers(1, 4)), ints(rng, 0, 2, 2)
    common = {"pads": pads if kernel > 1 else [0, 0], "strides": [int(rng.integers(1, 3))]}
    kind = str(rng.choice(["Conv", "MaxPool", "AveragePool", "GlobalAveragePool"]))
    if kind == "Conv":
        w = g.weights("w", [5, dims[1], kernel])
        return g.node("Conv", [x, w], "y", dilations=[1], **common), 0.2
    if kind == "GlobalAveragePool":
        return g.node(kind, [x], "y"), 0.03
    return g.node(kind, [x], "y", kernel_shape=[kernel], **common), 0.05


def transposed(g: Graph, rng, x: str, dims: list[int]) -> tuple[str, float]:
    spatial, groups = len(dims) - 2, int(rng.choice([1, dims[1]]))
    kernel, strides = ints(rng, 1, 5, spatial), ints(rng, 1, 4, spatial)
    dilations = [int(d) for d in rng.choice([1, 1, 2], spatial)]
    attributes = {"strides": strides, "dilations": dilations, "group": groups}
    if rng.integers(2):
        reach = [(k - 1) * d for k, d in zip(kernel, dilations)]
        attributes["pads"] = [int(rng.integers(0, r // 2 + 1)) for r in reach * 2]
        attributes["output_padding"] = [int(rng.integers(0, s)) for s in strides]
    w = g.weights("w", [dims[1], int(rng.integers(1, 4)), *kernel])
    y = g.node("ConvTranspose", [x, w], "y", **attributes)
    return g.node("Relu", [y], "r") if rng.integers(2) else y, 0.3


def reduction(g: Graph, rng, x: str, dims: list[int]) -> tuple[str, float]:
    kind = str(rng.choice(["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"]))
    axes = sorted(rng.choice(len(dims), rng.integers(1, len(dims)), replace=False).tolist())
    keep = int(rng.integers(2))
    if kind == "ReduceSum":
        return g.node(kind, [x, g.constant("a", np.array(axes, np.int64))], "y", keepdims=keep), 0.2
    return g.node(kind, [x], "y", axes=axes, keepdims=keep), 0.03


def several(g: Graph, rng, x: str, dims: list[int]) -> tuple[str, float]:
    g.node("Sigmoid", [x], "a")
    g.node("Tanh", [x], "b")
    operands = [x, g.qdq("a", 0.004, -128), g.qdq("b", 0.008, 2)]
    return g.node(str(rng.choice(["Max", "Min", "Sum", "Mean"])), operands, "y"), 0.03


def slopes(g: Graph, rng, x: str, dims: list[int]) -> tuple[str, float]:
    shape = [dims[1], *[1] * (len(dims) - 2)]
    if rng.integers(2):
        return g.node("PRelu", [x, g.weights("s", shape, 0.004)], "y"), 0.05
    values = rng.normal(0, 0.3, shape).astype(np.float32)
    return g.node("PRelu", [x, g.constant("s", values)], "y"), 0.05


KINDS = [row_map, transposed, reduction, several, slopes]


@pytest.mark.parametrize("make", KINDS, ids=lambda f: f.__name__)
def test_layer_is_within_one_step_of_onnx_runtime(make, tmp_path):
    for seed in range(12):
        rng = np.random.default_rng(seed)
        rank = 3 if make is row_map else int(rng.integers(3, 5))
        dims = [int(rng.choice([1, 1, 2])), int(rng.integers(2, 6)), *ints(rng, 4, 10, rank - 2)]
        g = Graph(dims, seed=seed)
        name, scale = make(g, rng, g.qdq("x", 0.05, 3), dims)
        g.outputs.append(g.qdq(name, scale, -5))
        model = g.model()
        x = rng.normal(0, 3, dims).astype(np.float32)
        onnx.save(model, tmp_path / "m.onnx")
        np.save(tmp_path / "x.npy", x)
        expected = session(model).run(None, {"x": x})[0]
        zahl("run", tmp_path / "m.onnx", "--input", tmp_path / "x.npy", "--output", tmp_path / "y")
        y = np.load(tmp_path / "y")
        assert y.shape == expected.shape, seed
        assert (np.abs(y - expected) / scale).max() < 1.01, seed


@pytest.mark.parametrize("make", KINDS, ids=lambda f: f.__name__)
def test_certificate_holds(make, tmp_path):
    rng = np.random.default_rng(3)
    g = Graph([1, 4, 9], seed=3)
    name, scale = make(g, rng, g.qdq("x", 0.05, 3), [1, 4, 9])
    g.outputs.append(g.qdq(name, scale, -5))
    onnx.save(g.model(), tmp_path / "m.onnx")
    zahl("prove", tmp_path / "m.onnx", "--level", "1,2,5")


@pytest.mark.parametrize("config", ["edge16", "tiny8"])
def test_a_large_window_is_summed_up_in_parts(config, tmp_path):
    g = Graph([1, 3, 80, 80])
    g.outputs.append(g.qdq(g.node("GlobalAveragePool", [g.qdq("x", 0.05, 3)], "y"), 0.001, 0))
    onnx.save(g.model(), tmp_path / "m.onnx")
    x = np.random.default_rng(1).normal(0, 1, (1, 3, 80, 80)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    expected = session(g.model()).run(None, {"x": x})[0]
    zahl(
        *("run", tmp_path / "m.onnx", "--config", config),
        *("--input", tmp_path / "x.npy", "--output", tmp_path / "y"),
    )
    assert (np.abs(np.load(tmp_path / "y") - expected) / 0.001).max() < 1.01
    zahl("cosim", tmp_path / "m.onnx", "--config", config, "--seed", "5")
