"""Whatever is wrong with the input is said in one sentence, with exit code 2,
and nothing is left half-written."""

import numpy as np
import onnx
import pytest
from conftest import ROOT, zahl
from onnx import TensorProto, helper, numpy_helper

QDQ = ROOT / "models/digits/digits_qdq.onnx"


def sentence(*arguments: object) -> str:
    """The one line that the program prints on standard error."""
    lines = zahl(*arguments, expect=2).stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("zahl: "), lines
    return lines[0]


def test_missing_file():
    assert "no_such.onnx" in sentence("compile", "no_such.onnx")


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.99])
def test_truncated_model(part: float, tmp_path):
    whole = QDQ.read_bytes()
    path = tmp_path / "cut.onnx"
    path.write_bytes(whole[: int(len(whole) * part)])
    assert "cut.onnx" in sentence("compile", path, "-o", tmp_path / "x.zprog")
    assert not list(tmp_path.glob("x.zprog*"))


def test_float_model_is_told_how_to_quantize():
    assert "quantize_static" in sentence("compile", ROOT / "models/digits/digits_float.onnx")


def test_unsupported_operator_names_node_and_operator(tmp_path):
    """A quantized graph with an operator that nobody maps to integers here."""
    model = onnx.load(QDQ)
    producer = next(n for n in model.graph.node if n.op_type == "MaxPool")
    producer.op_type, producer.name = "LpPool", "strange_pool"
    onnx.save(model, tmp_path / "strange.onnx")
    said = sentence("compile", tmp_path / "strange.onnx")
    assert "strange_pool" in said and "LpPool" in said


def test_truncated_program(tmp_path):
    program = tmp_path / "digits.zprog"
    zahl("compile", QDQ, "-o", program)
    whole = program.read_bytes()
    for size in (4, 20, 100, len(whole) // 2, len(whole) - 1):
        program.write_bytes(whole[:size])
        assert "digits.zprog" in sentence("disasm", program)


def test_wrong_shape_names_the_input(tmp_path):
    np.save(tmp_path / "in.npy", np.zeros((1, 1, 9, 9), np.float32))
    said = sentence("run", QDQ, "--input", tmp_path / "in.npy")
    assert "image" in said and "[1, 1, 8, 8]" in said


def test_input_that_is_no_array_is_named_once(tmp_path):
    (tmp_path / "in.npy").write_text("not an array")
    assert sentence("run", QDQ, "--input", tmp_path / "in.npy").count("in.npy") == 1


def test_bad_options():
    assert "edge16" in sentence("run", QDQ, "--config", "edge17")
    assert "rows" in sentence("run", QDQ, "--set", "row=3")
    assert "power of two" in sentence("run", QDQ, "--set", "rows=12")
    zahl("run", QDQ, "--engine", "abacus", expect=2)
    assert "--witness goes with --engine model" in sentence(
        "run", QDQ, "--engine", "reference", "--witness"
    )
    zahl("dance", expect=2)


def test_output_to_a_folder_that_is_not_there(tmp_path):
    sentence("compile", QDQ, "-o", tmp_path / "none" / "x.zprog")


def test_dynamic_quantization_is_told_the_static_way(tmp_path):
    graph = helper.make_graph(
        [
            helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"], name="dynamic"),
            helper.make_node("MatMulInteger", ["q", "w", "z", "wz"], ["y"], name="product"),
        ],
        "dynamic",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [1, 4])],
        [
            numpy_helper.from_array(np.ones((4, 4), np.int8), "w"),
            numpy_helper.from_array(np.int8(0), "wz"),
        ],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]),
        tmp_path / "dynamic.onnx",
    )
    assert "static" in sentence("compile", tmp_path / "dynamic.onnx")
