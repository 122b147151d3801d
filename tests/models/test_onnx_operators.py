"""Operators in QDQ form, each in a graph of its own, judged by ONNX Runtime:
what only moves bytes exactly, the rest within one step."""

import numpy as np
import onnx
import pytest
from conftest import zahl
from onnx_layers import session
from qdq_builder import Graph

STEP = 0.05  # of every output


def two_convs(g: Graph) -> tuple[str, str]:
    """Two tensors of 24 and 40 channels, on grids of their own."""
    x = g.qdq("x", 0.03, 5)
    g.node("Conv", [x, g.weights("wa", [24, 16, 3, 3])], "a", pads=[1, 1, 1, 1])
    g.node("Conv", [x, g.weights("wb", [40, 16, 1, 1])], "b")
    return g.qdq("a", 0.05, 3), g.qdq("b", 0.04, -9)


def concat_of_grids(g: Graph) -> str:
    return g.node("Concat", [*two_convs(g)], "y", axis=1)


def concat_read_by_convolution(g: Graph) -> str:
    a, b = two_convs(g)
    g.node("Concat", [a, b, a], "c", axis=1)
    return g.node(
        "Conv",
        [g.qdq("c", 0.06, 3), g.weights("w", [20, 88, 3, 3], 0.002031)],
        "y",
        pads=[1, 1, 1, 1],
        strides=[2, 2],
    )


def concat_in_the_height(g: Graph) -> str:
    x = g.qdq("x", 0.03, 5)
    g.node("MaxPool", [x], "m", kernel_shape=[5, 5], strides=[1, 1], pads=[2, 2, 2, 2])
    return g.node("Concat", [g.qdq("m", 0.03, 5), x], "y", axis=2)


def split_and_joined(g: Graph) -> str:
    a, _ = two_convs(g)
    first, second = g.node(
        "Split", [a, g.constant("sizes", np.array([10, 14], np.int64))], ["s0", "s1"], axis=1
    )
    return g.node("Concat", [g.qdq(second, 0.05, 3), g.qdq(first, 0.05, 3)], "y", axis=1)


def split_with_bottleneck(g: Graph) -> str:
    """What YOLOv8 is made of."""
    g.node("Conv", [g.qdq("x", 0.03, 5), g.weights("wa", [32, 16, 1, 1])], "a")
    g.node("Sigmoid", [g.qdq("a", 0.05, 3)], "s")
    g.node("Mul", ["a_dq", g.qdq("s", 1 / 256, -128)], "silu")
    parts = g.node("Split", [g.qdq("silu", 0.03, -100)], ["p0", "p1"], axis=1)
    p0, p1 = (g.qdq(p, 0.03, -100) for p in parts)
    g.node("Conv", [p1, g.weights("wb", [16, 16, 3, 3], 0.004113)], "b", pads=[1, 1, 1, 1])
    g.node("Add", [p1, g.qdq("b", 0.04, 0)], "sum")
    g.node("Concat", [p0, p1, g.qdq("sum", 0.05, -50)], "c", axis=1)
    return g.node("Conv", [g.qdq("c", 0.05, -50), g.weights("w", [32, 48, 1, 1], 0.01037)], "y")


def slices(g: Graph) -> str:
    x = g.qdq("x", 0.05, 0)
    bounds = [
        g.constant(n, np.array(v, np.int64))
        for n, v in (
            ("from", [1, 0, 3]),
            ("to", [-1, 9, 1000]),
            ("axes", [2, 1, 3]),
            ("steps", [2, 3, 1]),
        )
    ]
    return g.node("Slice", [x, *bounds], "y")


def focus(g: Graph) -> str:
    """Every second pixel, four times, as the stem of older YOLOs."""
    x = g.qdq("x", 0.05, 0)
    parts = []
    for i, (row, column) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
        bounds = [
            g.constant(f"{n}{i}", np.array(v, np.int64))
            for n, v in (("f", [row, column]), ("t", [99, 99]), ("a", [2, 3]), ("s", [2, 2]))
        ]
        g.node("Slice", [x, *bounds], f"part{i}")
        parts.append(g.qdq(f"part{i}", 0.05, 0))
    g.node("Concat", parts, "c", axis=1)
    return g.node(
        "Conv",
        [g.qdq("c", 0.05, 0), g.weights("w", [16, 64, 3, 3], 0.002031)],
        "y",
        pads=[1, 1, 1, 1],
    )


def nearest(g: Graph) -> str:
    x, scales = g.qdq("x", 0.05, 0), g.constant("scales", np.array([1, 1, 2, 3], np.float32))
    return g.node(
        "Resize",
        [x, "", scales],
        "y",
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def nearest_half_pixel(g: Graph) -> str:
    sizes = g.constant("sizes", np.array([2, 16, 24, 20], np.int64))
    return g.node(
        "Resize",
        [g.qdq("x", 0.05, 0), "", "", sizes],
        "y",
        mode="nearest",
        coordinate_transformation_mode="half_pixel",
    )


def nearest_joined(g: Graph) -> str:
    x, scales = g.qdq("x", 0.05, 0), g.constant("scales", np.array([1, 1, 2, 2], np.float32))
    g.node(
        "Resize",
        [x, "", scales],
        "r",
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    g.node("Concat", [g.qdq("r", 0.05, 0), "r_dq"], "c", axis=1)
    return g.node("Conv", [g.qdq("c", 0.05, 0), g.weights("w", [16, 32, 1, 1], 0.01037)], "y")


def linear(g: Graph) -> str:
    sizes = g.constant("sizes", np.array([2, 16, 24, 30], np.int64))
    return g.node(
        "Resize",
        [g.qdq("x", 0.0507, 5), "", "", sizes],
        "y",
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )


def detection_head(g: Graph) -> str:
    g.node("Conv", [g.qdq("x", 0.05, 0), g.weights("w", [21, 16, 1, 1], 0.01037)], "h")
    g.node(
        "Reshape",
        [g.qdq("h", 0.05, 0), g.constant("s1", np.array([2, 3, 7, 12, 10], np.int64))],
        "r",
    )
    g.node("Transpose", ["r"], "t", perm=[0, 1, 3, 4, 2])
    return g.node("Reshape", ["t", g.constant("s2", np.array([2, -1, 7], np.int64))], "y")


def shuffle(g: Graph) -> str:
    """Channels of two groups in turn, then half of them."""
    g.node(
        "Reshape",
        [g.qdq("x", 0.05, 0), g.constant("s1", np.array([2, 2, 8, 12, 10], np.int64))],
        "r",
    )
    g.node("Transpose", ["r"], "t", perm=[0, 2, 1, 3, 4])
    g.node("Reshape", ["t", g.constant("s2", np.array([2, 16, 12, 10], np.int64))], "u")
    _, half = g.node("Split", ["u"], ["h0", "h1"], axis=1)
    return g.node("Conv", [g.qdq(half, 0.05, 0), g.weights("w", [12, 8, 1, 1], 0.01037)], "y")


def space_to_depth(g: Graph) -> str:
    return g.node("SpaceToDepth", [g.qdq("x", 0.05, 0)], "y", blocksize=2)


def depth_to_space(g: Graph) -> str:
    return g.node("DepthToSpace", [g.qdq("x", 0.05, 0)], "y", blocksize=2, mode="CRD")


def gate(g: Graph) -> str:
    """Squeeze and excitation: a product with one number a channel."""
    x = g.qdq("x", 0.05, 0)
    g.node("GlobalAveragePool", [x], "m")
    g.node("Sigmoid", [g.qdq("m", 0.01, 0)], "s")
    return g.node("Mul", [x, g.qdq("s", 1 / 256, -128)], "y")


def softmax_over_channels(g: Graph) -> str:
    return g.node("Softmax", [g.qdq("x", 0.05, 0)], "y", axis=2)


MOVES = [
    concat_of_grids,
    concat_in_the_height,
    split_and_joined,
    slices,
    nearest,
    nearest_half_pixel,
    detection_head,
    space_to_depth,
    depth_to_space,
]
LAYERS = [
    concat_read_by_convolution,
    split_with_bottleneck,
    focus,
    nearest_joined,
    linear,
    shuffle,
    gate,
    softmax_over_channels,
]
CONVOLUTION_FIRST = [concat_of_grids, split_and_joined, detection_head]  # a convolution comes first


def build(make, dims: list[int]) -> onnx.ModelProto:
    g = Graph(dims)
    name = make(g)
    g.outputs.append(g.qdq(name, STEP / 10 if make is softmax_over_channels else STEP, 0))
    return g.model()


def run(model: onnx.ModelProto, x: np.ndarray, folder, *arguments: object) -> np.ndarray:
    onnx.save(model, folder / "m.onnx")
    np.save(folder / "x.npy", x)
    zahl(
        "run",
        folder / "m.onnx",
        "--input",
        folder / "x.npy",
        "--output",
        folder / "y.npy",
        *arguments,
    )
    return np.load(folder / "y.npy")


@pytest.mark.parametrize("make", MOVES + LAYERS, ids=lambda f: f.__name__)
def test_operator_is_what_onnx_runtime_computes(make, tmp_path):
    model = build(make, [2, 16, 12, 10])  # two images
    x = (np.random.default_rng(3).integers(-128, 128, (2, 16, 12, 10)) * 0.05).astype(np.float32)
    expected = session(model).run(None, {"x": x})[0]
    small = ["--set", "scratchpad_bank_bytes=2048"]  # so that tensors stream
    for machine in ([], ["--config", "tiny8"], small):
        steps = np.abs(run(model, x, tmp_path, *machine) - expected) / (
            STEP / 10 if make is softmax_over_channels else STEP
        )
        assert steps.max() < (1.01 if make in LAYERS + CONVOLUTION_FIRST else 0.01), machine
        assert (steps > 0.5).mean() < (0.02 if make is softmax_over_channels else 0.002), machine


@pytest.mark.parametrize(
    "make",
    [split_with_bottleneck, nearest_joined, detection_head, shuffle],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize("config", ["edge16", "tiny8"])
def test_model_and_rtl_agree(make, config: str, tmp_path):
    onnx.save(build(make, [2, 16, 12, 10]), tmp_path / "m.onnx")
    zahl("cosim", tmp_path / "m.onnx", "--config", config, "--seed", 5)


# Functions of one number by their operator, attributes and domain of inputs.
FUNCTIONS = {
    "gelu": ("Gelu", {}, (-4, 4)),
    "gelu_tanh": ("Gelu", {"approximate": "tanh"}, (-4, 4)),
    "quick_gelu": ("QuickGelu", {"domain": "com.microsoft"}, (-4, 4)),
    "selu": ("Selu", {}, (-4, 4)),
    "celu": ("Celu", {"alpha": 0.7}, (-4, 4)),
    "elu": ("Elu", {"alpha": 1.3}, (-4, 4)),
    "thresholded_relu": ("ThresholdedRelu", {"alpha": 0.8}, (-4, 4)),
    "shrink": ("Shrink", {"lambd": 0.6, "bias": 0.3}, (-4, 4)),
    "mish": ("Mish", {}, (-4, 4)),
    "hard_swish": ("HardSwish", {}, (-4, 4)),
    "softplus": ("Softplus", {}, (-4, 4)),
    "softsign": ("Softsign", {}, (-4, 4)),
    "erf": ("Erf", {}, (-3, 3)),
    "abs": ("Abs", {}, (-4, 4)),
    "neg": ("Neg", {}, (-4, 4)),
    "exp": ("Exp", {}, (-4, 1)),
    "sign": ("Sign", {}, (-4, 4)),
    "round": ("Round", {}, (-4, 4)),
    "floor": ("Floor", {}, (-4, 4)),
    "ceil": ("Ceil", {}, (-4, 4)),
    "sqrt": ("Sqrt", {}, (0, 4)),
    "log": ("Log", {}, (0.02, 4)),
    "reciprocal": ("Reciprocal", {}, (0.3, 4)),
    "sin": ("Sin", {}, (-4, 4)),
    "cos": ("Cos", {}, (-4, 4)),
    "tan": ("Tan", {}, (-1.2, 1.2)),
    "asin": ("Asin", {}, (-1, 1)),
    "acos": ("Acos", {}, (-1, 1)),
    "atan": ("Atan", {}, (-4, 4)),
    "sinh": ("Sinh", {}, (-2, 2)),
    "cosh": ("Cosh", {}, (-2, 2)),
    "asinh": ("Asinh", {}, (-4, 4)),
    "acosh": ("Acosh", {}, (1, 4)),
    "atanh": ("Atanh", {}, (-0.95, 0.95)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_what_onnx_runtime_computes(name, tmp_path):
    """Every byte of the domain, within one step."""
    kind, attributes, (low, high) = FUNCTIONS[name]
    scale = 8 / 255
    q = np.arange(max(-128, np.ceil(low / scale)), min(127, high // scale) + 1)
    g = Graph([1, len(q)])
    g.outputs.append(g.qdq(g.node(kind, [g.qdq("x", scale, 0)], "y", **attributes), STEP, 0))
    model = g.model(20)
    x = (q[None] * scale).astype(np.float32)
    expected = session(model).run(None, {"x": x})[0]
    steps = np.abs(run(model, x, tmp_path) - expected) / STEP
    assert steps.max() < 1.01
    assert (steps > 0.5).mean() < 0.02
