"""The QOperator format: QLinear operators in small graphs and ONNX's own node tests,
judged by ONNX Runtime."""

import io
import pathlib
import tarfile

import numpy as np
import onnx
import pytest
from conftest import SHARED, zahl
from onnx import numpy_helper
from onnx_layers import session
from qdq_builder import Graph

MICROSOFT = "com.microsoft"


def qlinear(
    g: Graph, kind: str, operands: list[list[str]], scale: float, zero: int, **attributes: object
) -> list[str]:
    """The node's result with its scale and zero point, ready to be an operand."""
    name = f"n{len(g.nodes)}"
    grid = g.grid(name, scale, zero)
    domain = "" if kind in ("QLinearConv", "QLinearMatMul") else MICROSOFT
    flat = [part for operand in operands for part in operand]
    extra = attributes.pop("bias", None)
    inputs = (
        [*grid, *flat] if kind == "QLinearConcat" else [*flat, *grid, *([extra] if extra else [])]
    )
    return [g.node(kind, inputs, name, domain=domain, **attributes), *grid]


def quantized_input(g: Graph) -> list[str]:
    return [g.quantize("x", 0.0307, 5), "x_scale", "x_zero"]


def weights(
    g: Graph, name: str, dims: list[int], channels: int = 0, unsigned: bool = False
) -> list[str]:
    low, high, kind = (0, 256, np.uint8) if unsigned else (-127, 128, np.int8)
    scales = g.rng.uniform(0.01, 0.02, channels or ()).astype(np.float32)
    zero = kind(117) if unsigned else np.zeros(channels or (), kind)
    return [
        g.constant(name, g.rng.integers(low, high, dims).astype(kind)),
        g.constant(f"{name}_scale", scales),
        g.constant(f"{name}_zero", zero),
    ]


def conv(
    g: Graph,
    x: list[str],
    name: str,
    out: int,
    inner: int,
    kernel: int,
    scale: float,
    unsigned: bool = False,
    **attributes: object,
) -> list[str]:
    bias = g.constant(f"{name}_bias", g.rng.integers(-2000, 2000, out).astype(np.int32))
    w = weights(g, name, [out, inner, kernel, kernel], 0 if unsigned else out, unsigned)
    return qlinear(
        g,
        "QLinearConv",
        [x, w],
        scale,
        -3 if g.dtype is np.int8 else 125,
        bias=bias,
        pads=[kernel // 2] * 4,
        **attributes,
    )


def network(g: Graph) -> list[str]:
    """Every QLinear operator once."""
    unsigned = g.dtype is np.uint8
    zero = (lambda z: z + 128) if unsigned else (lambda z: z)
    a = conv(g, quantized_input(g), "a", 24, 16, 3, 0.2, unsigned)
    b = conv(g, a, "b", 24, 1, 3, 0.3, unsigned, group=24)
    leaky = qlinear(g, "QLinearLeakyRelu", [b], 0.21, zero(-90), alpha=0.1)
    total = qlinear(g, "QLinearAdd", [a, leaky], 0.33, zero(-40))
    gate = qlinear(g, "QLinearSigmoid", [total], 1 / 256, zero(-128))
    product = qlinear(g, "QLinearMul", [total, gate], 0.17, zero(-100))
    both = qlinear(g, "QLinearConcat", [product, leaky], 0.19, zero(-95), axis=1)
    half = g.node("Split", [both[0]], ["h0", "h1"], axis=1)[1]  # bytes, no pair around it
    pooled = g.node("MaxPool", [half], "m", kernel_shape=[3, 3], strides=[2, 2])
    mean = qlinear(
        g,
        "QLinearAveragePool",
        [[pooled, *both[1:]]],
        0.15,
        zero(-80),
        kernel_shape=[2, 2],
        strides=[1, 1],
    )
    whole = qlinear(g, "QLinearGlobalAveragePool", [mean], 0.05, zero(-60))
    flat = g.node("Flatten", [whole[0]], "flat")
    logits = qlinear(
        g,
        "QLinearMatMul",
        [[flat, *whole[1:]], weights(g, "fc", [24, 10], 0, unsigned)],
        0.11,
        zero(4),
    )
    return qlinear(g, "QLinearSoftmax", [logits], 1 / 256, zero(-128), axis=1, opset=13)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_network_of_qlinear_operators(dtype, tmp_path):
    g = Graph([1, 16, 13, 11], dtype)
    result = network(g)
    g.outputs.append(g.node("DequantizeLinear", result, "y"))
    model = g.model()
    onnx.save(model, tmp_path / "m.onnx")
    x = (np.random.default_rng(3).standard_normal((1, 16, 13, 11)) * 1.5).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    expected = session(model).run(None, {"x": x})[0]
    zahl("run", tmp_path / "m.onnx", "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy")
    steps = np.abs(np.load(tmp_path / "y.npy") - expected) * 256
    assert expected.max() > 0.1 and steps.max() < 2.01
    zahl("cosim", tmp_path / "m.onnx", "--seed", 3)


@pytest.mark.parametrize("sizes", [(26, 22), (52, 22), (13, 44), (39, 11)])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_linear_resize_of_bytes_drops_the_fraction_as_onnx_runtime_does(
    dtype, sizes: tuple[int, int], tmp_path
):
    g = Graph([1, 20, 13, 11], dtype)
    x = quantized_input(g)
    shape = g.constant("sizes", np.array([1, 20, *sizes], np.int64))
    g.node(
        "Resize",
        [x[0], "", "", shape],
        "r",
        mode="linear",
        coordinate_transformation_mode="pytorch_half_pixel",
    )
    g.outputs.append(g.node("DequantizeLinear", ["r", *x[1:]], "y"))
    # At a factor of three, float32 misses whole numbers from below, which the exact mean does not.
    check_bytes(g, (1, 20, 13, 11), tmp_path, steps=1 if sizes == (39, 11) else 0)


def test_linear_resize_to_a_part(tmp_path):
    g = Graph([1, 20, 12, 12])
    x = quantized_input(g)
    g.node(
        "Resize",
        [x[0], "", "", g.constant("sizes", np.array([1, 20, 6, 4], np.int64))],
        "r",
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )
    g.outputs.append(g.node("DequantizeLinear", ["r", *x[1:]], "y"))
    check_bytes(g, (1, 20, 12, 12), tmp_path)


def check_bytes(g: Graph, dims: tuple[int, ...], folder: pathlib.Path, steps: int = 0):
    model = g.model()
    onnx.save(model, folder / "m.onnx")
    x = (np.random.default_rng(3).standard_normal(dims) * 2.5).astype(np.float32)
    np.save(folder / "x.npy", x)
    zahl("run", folder / "m.onnx", "--input", folder / "x.npy", "--output", folder / "y.npy")
    assert (
        np.abs(np.load(folder / "y.npy") - session(model).run(None, {"x": x})[0]).max()
        < (steps + 0.01) * 0.0307
    )


NODE_TESTS = [
    "test_qlinearconv",
    "test_qlinearmatmul_2D_int8_float32",
    "test_qlinearmatmul_2D_uint8_float32",
]


@pytest.mark.parametrize("name", NODE_TESTS)
def test_onnx_node_test(name: str, tmp_path):
    """Its scales, zero points and second operand are inputs;
    here they are constants, as in every network."""
    archive = pathlib.Path(SHARED).parent / "suites/onnx_node_quant_int8_96.tar.xz"
    if not archive.exists():
        pytest.skip(f"{archive} is absent: this test needs the shared suites")
    with tarfile.open(archive) as tar:

        def read(path):
            return io.BytesIO(tar.extractfile(f"onnx/{name}/{path}").read())

        model = onnx.load(read("model.onnx"))
        feeds = [
            numpy_helper.to_array(onnx.load_tensor(read(f"test_data_set_0/input_{i}.pb")))
            for i in range(len(model.graph.input))
        ]
        expected = numpy_helper.to_array(onnx.load_tensor(read("test_data_set_0/output_0.pb")))
    for info, values in list(zip(model.graph.input, feeds))[1:]:
        model.graph.initializer.append(numpy_helper.from_array(values, info.name))
        model.graph.input.remove(info)
    onnx.save(model, tmp_path / "m.onnx")
    np.save(tmp_path / "x.npy", feeds[0])
    zahl("run", tmp_path / "m.onnx", "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy")
    assert np.array_equal(np.load(tmp_path / "y.npy"), expected)


def test_unknown_qlinear_operator_is_named(tmp_path):
    g = Graph([1, 4])
    x = quantized_input(g)
    result = qlinear(g, "QLinearWhere", [x, x, x], 0.1, 0)
    g.outputs.append(g.node("DequantizeLinear", result, "y"))
    onnx.save(g.model(), tmp_path / "m.onnx")
    said = zahl("compile", tmp_path / "m.onnx", expect=2).stderr
    assert "QLinearWhere" in said and "not supported" in said
