"""Small TFLite files of one operator, by LiteRT's own schema."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema


def tensor(name: str, dims: list[int], scale: float, zero: int) -> schema.TensorT:
    made = schema.TensorT()
    made.name, made.shape, made.type, made.buffer = name, dims, schema.TensorType.INT8, 0
    made.quantization = schema.QuantizationParametersT()
    made.quantization.scale, made.quantization.zeroPoint = [np.float32(scale)], [zero]
    return made


def unary(operator: str, x: schema.TensorT, y: schema.TensorT) -> bytes:
    """y = operator(x)."""
    code = getattr(schema.BuiltinOperator, operator)
    model, graph = schema.ModelT(), schema.SubGraphT()
    node, kind = schema.OperatorT(), schema.OperatorCodeT()
    kind.builtinCode, kind.deprecatedBuiltinCode, kind.version = code, min(code, 127), 1
    node.opcodeIndex, node.inputs, node.outputs = 0, [0], [1]
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [x, y], [node], [0], [1]
    model.version, model.operatorCodes, model.subgraphs = 3, [kind], [graph]
    model.buffers = [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
