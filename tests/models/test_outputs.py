"""Every output of the file comes back, under its own name and in its own type;
and networks without a layer run."""

import numpy as np
import onnx
import pytest
from conftest import zahl
from onnx import TensorProto, helper
from onnx_layers import session
from qdq_builder import Graph

DIMS = [1, 8, 6, 6]


def convolution(g: Graph) -> str:
    g.node("Conv", [g.qdq("x", 0.03, 5), g.weights("w", [8, 8, 1, 1])], "c")
    return g.qdq("c", 0.05, 3)


def identity_beside(g: Graph) -> dict[str, int]:
    """Two names for the same bytes."""
    y = convolution(g)
    g.node("Identity", [y], "first")
    g.node("Identity", [y], "second")
    return {"first": TensorProto.FLOAT, "second": TensorProto.FLOAT}


def bytes_beside_floats(g: Graph) -> dict[str, int]:
    convolution(g)
    return {"c_q": TensorProto.INT8, "c_dq": TensorProto.FLOAT}


def two_dequantizations(g: Graph) -> dict[str, int]:
    convolution(g)
    g.node("DequantizeLinear", ["c_q", *g.grid("other", 0.1, -7)], "other")
    return {"other": TensorProto.FLOAT, "c_dq": TensorProto.FLOAT}


def inner_and_last(g: Graph) -> dict[str, int]:
    y = convolution(g)
    g.node("Relu", [y], "r")
    g.qdq("r", 0.05, -128)
    return {"c_dq": TensorProto.FLOAT, "r_dq": TensorProto.FLOAT}


def input_passes(g: Graph) -> dict[str, int]:
    """The quantized input itself is an output, beside a layer's."""
    y = convolution(g)
    return {"x_dq": TensorProto.FLOAT, y: TensorProto.FLOAT, "x_q": TensorProto.INT8}


def quantize_alone(g: Graph) -> dict[str, int]:
    g.quantize("x", 0.03, 5)
    return {"x_q": TensorProto.INT8}


def pair_alone(g: Graph) -> dict[str, int]:
    return {g.qdq("x", 0.03, 5): TensorProto.FLOAT}


def reshape_alone(g: Graph) -> dict[str, int]:
    shape = g.constant("shape", np.array([1, -1], np.int64))
    g.node("Reshape", [g.qdq("x", 0.03, 5), shape], "flat")
    return {g.qdq("flat", 0.03, 5): TensorProto.FLOAT}


CASES = [
    identity_beside,
    bytes_beside_floats,
    two_dequantizations,
    inner_and_last,
    input_passes,
    quantize_alone,
    pair_alone,
    reshape_alone,
]


@pytest.mark.parametrize("engine", ["reference", "model", "rtl"])
@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_every_output_comes_back_as_the_file_names_it(build, engine, tmp_path):
    graph = Graph(DIMS)
    outputs = build(graph)
    model = graph.model()
    del model.graph.output[:]
    model.graph.output.extend(
        helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()
    )
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    x = np.random.default_rng(3).normal(0, 2, DIMS).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    run = ["--input", tmp_path / "x.npy", "--output", tmp_path / "y.npz", "--engine", engine]
    zahl("run", path, *run)
    got = dict(np.load(tmp_path / "y.npz"))
    expected = dict(zip(outputs, session(model).run(list(outputs), {"x": x}), strict=True))
    assert set(got) == set(expected)
    for name, want in expected.items():
        assert got[name].dtype == want.dtype and got[name].shape == want.shape, name
        step = 1 if want.dtype == np.int8 else 0.11 if name == "other" else 0.051
        assert np.abs(got[name].astype(np.float64) - want.astype(np.float64)).max() <= step, name


@pytest.mark.parametrize("build", [quantize_alone, input_passes], ids=lambda build: build.__name__)
def test_the_certificate_holds_and_names_the_ports(build, tmp_path):
    graph = Graph(DIMS)
    outputs = build(graph)
    model = graph.model()
    model.graph.output.extend(
        helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()
    )
    onnx.save(model, tmp_path / "model.onnx")
    zahl("prove", tmp_path / "model.onnx", "--quick")
