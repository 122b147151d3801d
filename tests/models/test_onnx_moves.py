"""What rearranges bytes in QDQ form, judged by ONNX Runtime: alone exactly, and in every order with
clamps, tables and layers around it within one step."""

import numpy as np
import onnx
import pytest
from conftest import zahl
from onnx_layers import session
from qdq_builder import Graph

STEP = 0.05  # of every output


def judged(g: Graph, tmp_path, steps: int, *machine: str, opset: int = 18) -> None:
    """The graph's output `y`, quantized, against ONNX Runtime's."""
    g.outputs = [g.qdq("y", STEP, -3)]
    path = tmp_path / "model.onnx"
    model = g.model(opset)
    onnx.save(model, path)
    x = np.random.default_rng(5).normal(0, 2, [d.dim_value for d in shape_of(g)])
    np.save(tmp_path / "x.npy", x.astype(np.float32))
    zahl("run", path, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy", *machine)
    got = np.load(tmp_path / "y.npy")
    want = session(model).run(None, {"x": x.astype(np.float32)})[0]
    assert got.shape == want.shape
    off = np.rint(np.abs(got.astype(np.float64) - want) / STEP)
    assert off.max() <= steps, f"{off.max()} steps off in {np.count_nonzero(off)} of {off.size}"


def shape_of(g: Graph):
    return g.inputs[0].type.tensor_type.shape.dim


def pads(g: Graph, source: str, to: str, amounts: list[int], value: float | None = None, **kw):
    inputs = [source, g.constant(f"{to}_pads", np.array(amounts, np.int64))]
    if value is not None:
        inputs.append(g.constant(f"{to}_value", np.float32(value)))
    return g.node("Pad", inputs, to, **kw)


def conv(g: Graph, source: str, to: str, inputs: int, outputs: int = 6) -> str:
    weights = g.weights(f"{to}_w", [outputs, inputs, 3, 3], 0.0077)
    return g.node("Conv", [source, weights], to)


def clip(g: Graph, source: str, to: str, low: float, high: float) -> str:
    bounds = [g.constant(f"{to}_{n}", np.float32(v)) for n, v in (("low", low), ("high", high))]
    return g.node("Clip", [source, *bounds], to)


MAP = [0, 0, 1, 2, 0, 0, 2, 1]


def conv_pad_clip(g: Graph) -> str:
    conv(g, g.qdq("x", 0.03, 5), "c", 4)
    pads(g, "c", "p", MAP, 0.0)
    clip(g, "p", "k", 0.5, 2)
    return conv(g, g.qdq("k", 0.02, -20), "y", 6)


def conv_clip_pad(g: Graph) -> str:
    conv(g, g.qdq("x", 0.03, 5), "c", 4)
    clip(g, "c", "k", 0.5, 2)
    pads(g, "k", "p", MAP, 0.0)
    return conv(g, g.qdq("p", 0.02, -20), "y", 6)


def pad_between_clips(g: Graph) -> str:
    conv(g, g.qdq("x", 0.03, 5), "c", 4)
    clip(g, "c", "k", -1, 2)
    pads(g, "k", "p", MAP, 1.7)
    clip(g, "p", "l", -0.5, 1.5)
    pads(g, "l", "q", MAP, -0.75)
    return g.node("Relu", ["q"], "y")


def pad_relu_conv(g: Graph) -> str:
    pads(g, g.qdq("x", 0.03, 5), "p", MAP, -1.0)
    g.node("Relu", ["p"], "r")
    return conv(g, g.qdq("r", 0.03, -128), "y", 4)


def pad_leaky_maximum(g: Graph) -> str:
    pads(g, g.qdq("x", 0.03, 5), "p", MAP, -3.3)
    g.node("LeakyRelu", ["p"], "r", alpha=0.3)
    return g.node("MaxPool", [g.qdq("r", 0.04, -9)], "y", kernel_shape=[3, 3])


def pad_silu(g: Graph) -> str:
    pads(g, g.qdq("x", 0.03, 5), "p", MAP, 0.777)
    g.node("Sigmoid", ["p"], "s")
    return g.node("Mul", ["p", "s"], "y")


def pad_off_the_grid(g: Graph) -> str:
    return pads(g, g.qdq("x", 0.3, 5), "y", MAP, 0.4)


def clip_of_concat(g: Graph) -> str:
    x = g.qdq("x", 0.03, 5)
    conv(g, x, "c", 4)
    g.node("MaxPool", [x], "m", kernel_shape=[3, 3])
    g.node("Concat", [g.qdq("c", 0.05, 2), g.qdq("m", 0.03, 5)], "j", axis=1)
    clip(g, "j", "k", -0.4, 1.3)
    return pads(g, "k", "y", MAP, 0.0)


def relu_of_slice(g: Graph) -> str:
    conv(g, g.qdq("x", 0.03, 5), "c", 4)
    bounds = [g.constant(n, np.array(v, np.int64)) for n, v in (("b", [-1]), ("e", [-99]))]
    axes = [g.constant("a", np.array([3], np.int64)), g.constant("t", np.array([-2], np.int64))]
    g.node("Slice", ["c", *bounds, *axes], "s")
    pads(g, "s", "p", MAP, -0.2)
    return g.node("Relu", ["p"], "y")


def clip_of_resize(g: Graph) -> str:
    pads(g, g.qdq("x", 0.03, 5), "p", MAP, 9.0)
    g.node("Resize", ["p", "", g.constant("s", np.float32([1, 1, 2, 1.5]))], "z", mode="nearest")
    return clip(g, "z", "y", -1, 1)


def relu_of_input(g: Graph) -> str:
    g.node("Relu", ["x"], "r")
    return pads(g, "r", "y", MAP, -1.0)


def pad_pad_conv(g: Graph) -> str:
    pads(g, g.qdq("x", 0.03, 5), "p", MAP, 0.0)
    pads(g, g.qdq("p", 0.03, 5), "q", MAP, 0.0)
    return conv(g, g.qdq("q", 0.03, 5), "y", 4)


def pad_read_twice(g: Graph) -> str:
    p = pads(g, g.qdq("x", 0.03, 5), "p", [0, 0, 1, 1, 0, 0, 1, 1], 0.0)
    p = g.qdq(p, 0.03, 5)
    conv(g, p, "c", 4, 4)
    g.node("MaxPool", [p], "m", kernel_shape=[3, 3])
    return g.node("Add", [g.qdq("c", 0.04, 1), g.qdq("m", 0.03, 5)], "y")


def pad_of_nothing_but_padding(g: Graph) -> str:
    lowest = float(np.float32(0.03) * np.float32(-133))
    pads(g, g.qdq("x", 0.03, 5), "p", [0, 0, 4, 0, 0, 0, 0, 5], lowest)
    return g.node("MaxPool", ["p"], "y", kernel_shape=[2, 2], strides=[2, 2])


ORDERS = [
    conv_pad_clip,
    conv_clip_pad,
    pad_between_clips,
    pad_relu_conv,
    pad_leaky_maximum,
    pad_silu,
    pad_off_the_grid,
    clip_of_concat,
    relu_of_slice,
    clip_of_resize,
    relu_of_input,
    pad_pad_conv,
    pad_read_twice,
    pad_of_nothing_but_padding,
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda o: o.__name__)
def test_what_is_pending_is_applied_in_its_order(order, tmp_path):
    g = Graph([1, 4, 7, 8])
    order(g)
    judged(g, tmp_path, 1, "--config", "tiny8")


def test_what_a_pad_adds_below_the_lowest_byte_never_wins(tmp_path):
    g = Graph([1, 4, 7, 8])
    pads(g, g.qdq("x", 0.03, 5), "p", MAP, float("-inf"))
    g.node("MaxPool", ["p"], "y", kernel_shape=[3, 3])
    judged(g, tmp_path, 0)


def test_a_window_of_nothing_but_infinity_is_refused(tmp_path):
    g = Graph([1, 4, 7, 8])
    pads(g, g.qdq("x", 0.03, 5), "p", [0, 0, 4, 0, 0, 0, 0, 5], float("-inf"))
    g.node("MaxPool", ["p"], "y", kernel_shape=[2, 2], strides=[2, 2])
    g.outputs = [g.qdq("y", STEP, -3)]
    onnx.save(g.model(18), tmp_path / "model.onnx")
    refusal = zahl("compile", tmp_path / "model.onnx", "-o", tmp_path / "m.zprog", expect=2).stderr
    assert "'p' is not quantized" in refusal


def random_move(g: Graph, rng, source: str, to: str, dims: list[int]) -> None:
    rank, kind = len(dims), rng.choice(["pad", "slice", "gather", "tile", "expand"])
    if kind == "pad":
        mode = rng.choice(["constant", "edge", "reflect", "wrap"])
        least = [-(d // 2) if d > 2 else 0 for d in dims]
        both = [
            [int(rng.integers(lo, max(d - 1 + lo, 1))) for lo, d in zip(least, dims)],
            [int(rng.integers(0, max(d // 2, 1))) for d in dims],
        ]
        if rng.random() < 0.5:
            both = both[::-1]
        if mode != "constant":  # ONNX Runtime mirrors what is there
            both = [[max(a, 0) for a in part] for part in both]
        value = float(rng.normal()) if mode == "constant" and rng.random() < 0.5 else None
        pads(g, source, to, sum(both, []), value, mode=mode)
    elif kind == "slice":
        axes = sorted(rng.choice(rank, int(rng.integers(1, rank + 1)), replace=False))
        starts, ends, steps = [], [], []
        for axis in axes:
            d, backwards = dims[axis], rng.random() < 0.5
            first, last = sorted(int(i) for i in rng.integers(0, d, 2))
            starts.append(last - d if backwards else first)
            ends.append((first - 1 if first else -99) if backwards else last + 1)
            steps.append(int(rng.integers(1, 4)) * (-1 if backwards else 1))
        parts = zip(("b", "e", "a", "t"), (starts, ends, axes, steps))
        names = [g.constant(f"{to}_{n}", np.array(v, np.int64)) for n, v in parts]
        g.node("Slice", [source, *names], to)
    elif kind == "gather":
        axis = int(rng.integers(rank))
        shape = [[], [3], [5], [2, 2]][rng.integers(4 if rank < 5 else 3)]
        chosen = rng.integers(-dims[axis], dims[axis], shape)
        g.node("Gather", [source, g.constant(f"{to}_i", np.int64(chosen))], to, axis=axis)
    elif kind == "tile":
        times = np.array(rng.integers(1, 4, rank), np.int64)
        g.node("Tile", [source, g.constant(f"{to}_r", times)], to)
    else:
        shape = np.array([2, *[1 if d > 1 else 3 for d in dims]][-4:], np.int64)
        g.node("Expand", [source, g.constant(f"{to}_s", shape)], to)


@pytest.mark.parametrize("seed", range(60))
def test_random_move_is_exact(seed, tmp_path):
    rng = np.random.default_rng(seed)
    dims = [int(d) for d in rng.integers(1, 8, int(rng.integers(1, 5)))]
    g = Graph(dims, seed=seed)
    random_move(g, rng, g.qdq("x", STEP, -3), "y", dims)
    judged(g, tmp_path, 0, *([] if seed % 2 else ["--config", "tiny8"]))


COORDINATES = [
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
]
SIZES = [(6, 5), (12, 15), (8, 10), (11, 9), (3, 5), (1, 1), (4, 2)]


@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("rounding", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
def test_nearest_resize_takes_the_same_pixels(coordinates, sizes, rounding, tmp_path):
    g = Graph([1, 3, 6, 5])
    target = g.constant("sizes", np.array([1, 3, *sizes], np.int64))
    g.node(
        "Resize",
        [g.qdq("x", STEP, -3), "", "", target],
        "y",
        mode="nearest",
        coordinate_transformation_mode=coordinates,
        nearest_mode=rounding,
    )
    judged(g, tmp_path, 0)


@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("sizes", SIZES)
def test_linear_resize_is_within_a_step(coordinates, sizes, tmp_path):
    g = Graph([1, 3, 6, 5])
    target = g.constant("sizes", np.array([1, 3, *sizes], np.int64))
    g.node(
        "Resize",
        [g.qdq("x", 0.07, 9), "", "", target],
        "y",
        mode="linear",
        coordinate_transformation_mode=coordinates,
    )
    judged(g, tmp_path, 1)


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller"])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_resize_of_some_axes_keeps_their_ratio(policy, mode, tmp_path):
    g = Graph([1, 3, 6, 4])
    target = g.constant("sizes", np.array([12, 12], np.int64))
    g.node(
        "Resize",
        [g.qdq("x", STEP, -3), "", "", target],
        "y",
        mode=mode,
        axes=[2, 3],
        keep_aspect_ratio_policy=policy,
    )
    judged(g, tmp_path, 1 if mode == "linear" else 0)
