"""SHAPE, STRIDED_SLICE and PACK in front of RESHAPE, as TensorFlow writes tf.reshape."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from conftest import zahl
from tflite_builder import tensor

KINDS = ("SHAPE", "STRIDED_SLICE", "PACK", "RESHAPE")


def integers(name, dims, buffer=0) -> schema.TensorT:
    made = schema.TensorT()
    made.name, made.shape, made.type, made.buffer = name, dims, schema.TensorType.INT32, buffer
    return made


def operator(kind, inputs, outputs, options=None) -> schema.OperatorT:
    node = schema.OperatorT()
    node.opcodeIndex, node.inputs, node.outputs = KINDS.index(kind), inputs, outputs
    if options is not None:
        name = type(options).__name__.removesuffix("T")
        node.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        node.builtinOptions = options
    return node


def reshaped(second: int) -> bytes:
    """y = reshape(x, [shape(x)[0], second])."""
    cut, pack = schema.StridedSliceOptionsT(), schema.PackOptionsT()
    cut.shrinkAxisMask, pack.valuesCount, pack.axis = 1, 2, 0
    model, graph = schema.ModelT(), schema.SubGraphT()
    constants = [[0], [1], [1], [second]]
    graph.tensors = [
        tensor("x", [2, 3, 4], 0.05, 3),
        integers("shape", [3]),
        *[integers(n, [1], i + 1) for i, n in enumerate(("begin", "end", "step"))],
        integers("n", []),
        integers("second", [], 4),
        integers("target", [2]),
        tensor("y", [2, 12], 0.05, 3),
    ]
    graph.operators = [
        operator("SHAPE", [0], [1], schema.ShapeOptionsT()),
        operator("STRIDED_SLICE", [1, 2, 3, 4], [5], cut),
        operator("PACK", [5, 6], [7], pack),
        operator("RESHAPE", [0, 7], [8]),
    ]
    graph.inputs, graph.outputs = [0], [8]
    model.buffers = [schema.BufferT() for _ in range(5)]
    for buffer, values in zip(model.buffers[1:], constants):
        buffer.data = np.array(values, np.int32).view(np.uint8)
    for kind in KINDS:
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
        code.version = 1
        model.operatorCodes = [*(model.operatorCodes or []), code]
    model.version, model.subgraphs = 3, [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def test_a_computed_target_is_the_shape_of_the_result(tmp_path):
    path, x = tmp_path / "m.tflite", np.arange(-12, 12, dtype=np.int8).reshape(2, 3, 4)
    path.write_bytes(reshaped(-1))
    np.save(tmp_path / "x.npy", x)
    zahl("run", path, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy")
    assert np.array_equal(np.load(tmp_path / "y.npy"), x.reshape(2, 12))
    zahl("prove", path, "--level", "1,2,5")


def test_a_computed_target_that_contradicts_the_file_is_refused(tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(reshaped(6))
    assert "follows from the operator" in zahl("compile", path, expect=2).stderr
