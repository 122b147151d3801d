"""Shape arithmetic and constants as exporters write them, judged by ONNX Runtime."""

import numpy as np
import onnx
import pytest
from conftest import zahl
from onnx import TensorProto, numpy_helper
from onnx_layers import session
from qdq_builder import Graph

STEP = 0.05


def ints(g: Graph, name: str, *values: int, dims=None) -> str:
    shape = [len(values)] if dims is None else dims
    return g.constant(name, np.array(values, np.int64).reshape(shape))


def start(g: Graph) -> str:
    """A feature map of 8 channels of 12 x 10 that a convolution computes."""
    g.node("Conv", [g.qdq("x", 0.03, 5), g.weights("w", [8, 16, 1, 1])], "c")
    return g.qdq("c", STEP, 3)


def view_of_size(g: Graph) -> str:
    """torch: x.view(x.size(0), -1)."""
    y = start(g)
    g.node("Shape", [y], "shape")
    g.node("Gather", ["shape", ints(g, "zero", 0, dims=[])], "n", axis=0)
    g.node("Unsqueeze", ["n", ints(g, "axes", 0)], "n1")
    g.node("Concat", ["n1", ints(g, "rest", -1)], "target", axis=0)
    return g.node("Reshape", [y, "target"], "y")


def shape_of_a_float_result(g: Graph) -> str:
    """The dimensions of a tensor in front of its QuantizeLinear, moved twice."""
    g.node("Conv", [g.qdq("x", 0.03, 5), g.weights("w", [8, 16, 1, 1])], "c")
    g.node("Transpose", ["c"], "t", perm=[0, 2, 3, 1])
    g.node("Shape", ["t"], "shape")
    g.node("Slice", ["shape", ints(g, "s", 0), ints(g, "e", 1)], "n")
    g.node("Slice", ["shape", ints(g, "s2", -1), ints(g, "e2", 2**62)], "ch")
    g.node("Concat", ["n", ints(g, "minus", -1), "ch"], "target", axis=0)
    return g.node("Reshape", [g.qdq("t", STEP, 3), "target"], "y")


def halves_by_arithmetic(g: Graph) -> str:
    """Slices whose bounds are computed: Cast, Div, Floor, Mul, Sub, Max, Min, Mod."""
    y = start(g)
    g.node("Shape", [y], "shape", start=1, end=2)
    g.node("Cast", ["shape"], "real", to=TensorProto.FLOAT)
    g.node("Div", ["real", g.constant("three", np.float32([3.0]))], "third")
    g.node("Floor", ["third"], "whole")
    g.node("Cast", ["whole"], "from", to=TensorProto.INT64)
    g.node("Mul", ["from", ints(g, "two", 2)], "double")
    g.node("Max", ["double", ints(g, "one", 1)], "to0")
    g.node("Min", ["to0", "shape"], "to1")
    g.node("Mod", ["to1", ints(g, "hundred", 100)], "to2")
    g.node("Sub", ["to2", ints(g, "nothing", 0)], "to")
    return g.node("Slice", [y, "from", "to", ints(g, "axis", 1)], "y")


def resize_to_a_computed_size(g: Graph) -> str:
    y = start(g)
    g.node("Shape", [y], "shape")
    g.node("Slice", ["shape", ints(g, "s", 2), ints(g, "e", 4), ints(g, "a", 0)], "map")
    g.node("Mul", ["map", ints(g, "two", 2)], "double")
    g.node("Slice", ["shape", ints(g, "s0", 0), ints(g, "e0", 2), ints(g, "a0", 0)], "front")
    g.node("Concat", ["front", "double"], "sizes", axis=0)
    return g.node(
        "Resize",
        [y, "", "", "sizes"],
        "y",
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def reshape_by_a_mask(g: Graph) -> str:
    """Where, Equal, ConstantOfShape, Expand, ReduceProd, Range, Transpose, GatherElements."""
    y = start(g)
    g.node("Shape", [y], "shape")
    value = numpy_helper.from_array(np.array([-1], np.int64))
    g.node("ConstantOfShape", [ints(g, "four", 4)], "minus", value=value)
    g.node(
        "Range",
        [ints(g, "r0", 0, dims=[]), ints(g, "r4", 4, dims=[]), ints(g, "r1", 1, dims=[])],
        "places",
    )
    g.node("Equal", ["places", ints(g, "last", 3)], "is_last")
    g.node("Where", ["is_last", "minus", "shape"], "wanted")
    g.node("GatherElements", ["wanted", ints(g, "order", 0, 2, 1, 3)], "turned", axis=0)
    g.node("ReduceProd", ["shape"], "all", keepdims=0)
    g.node("Size", [y], "size")
    g.node("Div", ["all", "size"], "one")
    g.node("Expand", ["one", ints(g, "e", 4)], "ones")
    g.node("Mul", ["turned", "ones"], "target")
    return g.node("Reshape", [y, "target"], "y")


def constants_of_every_kind(g: Graph) -> str:
    """Constant nodes hold the scale, the bounds of a Clip and a target."""
    x = g.qdq("x", 0.03, 5)
    g.node("Conv", [x, g.weights("w", [8, 16, 1, 1])], "c")
    g.node("Constant", [], "low", value_float=-0.7)
    g.node("Constant", [], "high_list", value_floats=[1.9])
    g.node("Squeeze", ["high_list"], "high")
    g.node("Clip", ["c", "low", "high"], "k")
    g.node("Constant", [], "i", value_int=8)
    g.node("Constant", [], "list", value_ints=[2, -1])
    g.node("Unsqueeze", ["i", ints(g, "a", 0)], "i1")
    g.node("Concat", ["list", "i1"], "target", axis=0)
    return g.node("Reshape", [g.qdq("k", STEP, 3), "target"], "y")


FORMS = [
    view_of_size,
    shape_of_a_float_result,
    halves_by_arithmetic,
    resize_to_a_computed_size,
    reshape_by_a_mask,
    constants_of_every_kind,
]


def build(make) -> onnx.ModelProto:
    g = Graph([2, 16, 12, 10])
    g.outputs.append(g.qdq(make(g), STEP, 3))
    return g.model()


def run(path, x, tmp_path, *words) -> np.ndarray:
    np.save(tmp_path / "x.npy", x)
    zahl("run", path, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy", *words)
    return np.load(tmp_path / "y.npy")


def values(dims) -> np.ndarray:
    return (np.random.default_rng(3).integers(-128, 128, dims) * 0.03).astype(np.float32)


@pytest.mark.parametrize("make", FORMS, ids=lambda f: f.__name__)
def test_shape_arithmetic_is_done_when_the_model_is_read(make, tmp_path):
    model, path = build(make), tmp_path / "m.onnx"
    onnx.save(model, path)
    x = values([2, 16, 12, 10])
    expected = session(model).run(None, {"x": x})[0]
    y = run(path, x, tmp_path)
    assert y.shape == expected.shape
    assert np.abs(y - expected).max() < 1.01 * STEP
    zahl("prove", path, "--level", "1,2,5")


def open_model(tmp_path, *dims):
    model = build(view_of_size)
    shape = model.graph.input[0].type.tensor_type.shape
    for dim, given in zip(shape.dim, dims):
        if isinstance(given, str):
            dim.dim_param = given
        else:
            dim.dim_value = given
    onnx.save(model, tmp_path / "m.onnx")
    return tmp_path / "m.onnx", model


def test_open_dimensions_are_bound_or_those_of_the_input_or_one(tmp_path):
    path, model = open_model(tmp_path, "N", 16, "height", 10)
    x = values([3, 16, 12, 10])
    expected = session(model).run(None, {"x": x})[0]
    assert np.abs(run(path, x, tmp_path) - expected).max() < 1.01 * STEP
    bound = ("--bind", "N=3", "--bind", "height=12")
    program = tmp_path / "m.zprog"
    assert not zahl("compile", path, "-o", program, *bound).stderr
    assert np.abs(run(program, x, tmp_path) - expected).max() < 1.01 * STEP
    zahl("prove", path, "--level", "1,2,5", *bound)
    told = zahl("compile", path, "-o", program, "--bind", "height=12").stderr
    assert "'N' of graph input 'x'" in told and "--bind N=SIZE" in told


@pytest.mark.parametrize("word", ["width=3", "N", "N=0", "N=x"])
def test_a_binding_that_fits_nothing_is_refused(word, tmp_path):
    path, _ = open_model(tmp_path, "N", 16, 12, 10)
    told = zahl("compile", path, "-o", tmp_path / "m.zprog", "--bind", word, expect=2).stderr
    assert "--bind" in told


def test_external_data_lie_inside_the_folder_of_the_model(tmp_path):
    model, path = build(view_of_size), tmp_path / "m.onnx"
    x = values([2, 16, 12, 10])
    expected = session(model).run(None, {"x": x})[0]
    onnx.save_model(model, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    assert np.abs(run(path, x, tmp_path) - expected).max() < 1.01 * STEP
    zahl("prove", path, "--level", "1,2,5")
    outside = tmp_path / "outside"
    outside.mkdir()
    data = tmp_path / "w.bin"
    data.rename(outside / "w.bin")
    (outside / "inner").mkdir()
    path.rename(outside / "inner" / "m.onnx")
    (outside / "inner" / "w.bin").symlink_to(outside / "w.bin")
    moved = outside / "inner" / "m.onnx"
    assert "leads out" in zahl("compile", moved, expect=2).stderr
    (outside / "inner" / "w.bin").unlink()
    (outside / "inner" / "w.bin").write_bytes(b"short")
    assert "ends before" in zahl("compile", moved, expect=2).stderr


def test_bytes_of_an_image_are_cast_and_scaled_exactly(tmp_path):
    """uint8, channels last: Cast, Div, Sub, Transpose, then quantized."""
    g = Graph([1, 12, 10, 3])
    g.inputs[0].type.tensor_type.elem_type = TensorProto.UINT8
    g.node("Cast", ["x"], "real", to=TensorProto.FLOAT)
    g.node("Div", ["real", g.constant("d", np.float32(255))], "unit")
    g.node("Sub", ["unit", g.constant("m", np.float32(0.45))], "centred")
    g.node("Transpose", ["centred"], "nchw", perm=[0, 3, 1, 2])
    g.node("Conv", [g.qdq("nchw", 1 / 231, -9), g.weights("w", [8, 3, 3, 3])], "y")
    g.outputs.append(g.qdq("y", STEP, 3))
    model, path = g.model(), tmp_path / "m.onnx"
    onnx.save(model, path)
    x = np.random.default_rng(3).integers(0, 256, (1, 12, 10, 3)).astype(np.uint8)
    expected = session(model).run(None, {"x": x})[0]
    assert np.abs(run(path, x, tmp_path) - expected).max() < 1.01 * STEP
    zahl("prove", path, "--level", "1,2,5")
