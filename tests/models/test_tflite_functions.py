"""TFLite's functions of one byte, each in a file of its own: every byte as TensorFlow Lite Micro's
kernel computes it."""

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from conftest import zahl
from tflite_micro import runtime

FUNCTIONS = {
    "abs": (schema.BuiltinOperator.ABS, 101),
    "elu": (schema.BuiltinOperator.ELU, 111),
}


def tensor(name: str, scale: float, zero: int) -> schema.TensorT:
    made = schema.TensorT()
    made.name, made.shape, made.type, made.buffer = name, [1, 256], schema.TensorType.INT8, 0
    made.quantization = schema.QuantizationParametersT()
    made.quantization.scale, made.quantization.zeroPoint = [scale], [zero]
    return made


def file_of(code: int, x: schema.TensorT, y: schema.TensorT) -> bytes:
    model, graph = schema.ModelT(), schema.SubGraphT()
    operator, kind = schema.OperatorT(), schema.OperatorCodeT()
    kind.builtinCode, kind.deprecatedBuiltinCode, kind.version = code, min(code, 127), 1
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0], [1]
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [x, y], [operator], [0], [1]
    model.version, model.operatorCodes, model.subgraphs = 3, [kind], [graph]
    model.buffers = [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_what_tflite_micro_computes(name, tmp_path):
    code, seed = FUNCTIONS[name]
    rng = np.random.default_rng(seed)
    x = np.arange(-128, 128, dtype=np.int8)[None]
    for _ in range(20):
        scales, zeros = np.exp(rng.uniform(-6, 1, 2)), rng.integers(-128, 128, 2)
        if rng.integers(4) == 0:
            scales[1], zeros[1] = scales[0], zeros[0]
        ends = [tensor(n, float(s), int(z)) for n, s, z in zip("xy", scales, zeros)]
        data = file_of(code, *ends)
        interpreter = runtime.Interpreter.from_bytes(data)
        interpreter.set_input(x, 0)
        interpreter.invoke()
        (tmp_path / "m.tflite").write_bytes(data)
        np.save(tmp_path / "x.npy", x)
        zahl(
            "run", tmp_path / "m.tflite", "--input", tmp_path / "x.npy", "--output", tmp_path / "y"
        )
        y = np.load(tmp_path / "y")
        assert (y == interpreter.get_output(0)).all(), (scales, zeros)
