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


class File:
    """Operators one behind the other; tensor 0 is the input, and all have its scale."""

    def __init__(self, dims: list[int], scale: float, zero: int):
        self.scale, self.zero = scale, zero
        self.tensors, self.operators, self.codes = [], [], []
        self.buffers, self.outputs = [schema.BufferT()], []
        self.bytes_of(dims)

    def bytes_of(self, dims: list[int]) -> int:
        self.tensors.append(tensor(f"t{len(self.tensors)}", dims, self.scale, self.zero))
        return len(self.tensors) - 1

    def constant(self, dims: list[int], values: np.ndarray) -> int:
        made = self.bytes_of(dims)
        self.tensors[made].buffer = len(self.buffers)
        self.buffers.append(schema.BufferT())
        self.buffers[-1].data = np.frombuffer(values.tobytes(), np.uint8)
        return made

    def integers(self, values: object) -> int:
        values = np.array(values, np.int32)
        made = self.constant(list(values.shape), values)
        self.tensors[made].type, self.tensors[made].quantization = schema.TensorType.INT32, None
        return made

    def operator(
        self, kind: str, inputs: list[int], outputs: list[list[int]], options: object = None
    ) -> int | list[int]:
        """The tensors that it makes, of these dimensions."""
        code = getattr(schema.BuiltinOperator, kind)
        if code not in self.codes:
            self.codes.append(code)
        node = schema.OperatorT()
        node.opcodeIndex = self.codes.index(code)
        node.inputs, node.outputs = inputs, [self.bytes_of(dims) for dims in outputs]
        if options is not None:
            name = type(options).__name__.removesuffix("T")
            node.builtinOptionsType = getattr(schema.BuiltinOptions, name)
            node.builtinOptions = options
        self.operators.append(node)
        return node.outputs[0] if len(outputs) == 1 else node.outputs

    def bytes(self) -> bytes:
        model, graph = schema.ModelT(), schema.SubGraphT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = [0], self.outputs
        model.version, model.subgraphs, model.buffers = 3, [graph], self.buffers
        model.operatorCodes = []
        for code in self.codes:
            kind = schema.OperatorCodeT()
            kind.builtinCode, kind.deprecatedBuiltinCode = code, min(code, 127)
            kind.version = 2 if code == schema.BuiltinOperator.BROADCAST_TO else 1
            model.operatorCodes.append(kind)
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def constant(name: str, values: np.ndarray, scale: float = 0, zero: int = 0) -> schema.TensorT:
    """A tensor with values, `values` of them; without a scale plain integers."""
    made = tensor(name, list(values.shape), scale, zero)
    made.type = {np.dtype(np.int8): schema.TensorType.INT8}.get(
        values.dtype, schema.TensorType.INT32
    )
    if not scale:
        made.quantization = None
    made.values = values
    return made


def node(
    operator: str, inputs: list[schema.TensorT], y: schema.TensorT, options: object = None
) -> bytes:
    """y = operator(inputs); those without values are the file's inputs."""
    code = getattr(schema.BuiltinOperator, operator)
    model, graph = schema.ModelT(), schema.SubGraphT()
    made, kind = schema.OperatorT(), schema.OperatorCodeT()
    kind.builtinCode, kind.deprecatedBuiltinCode, kind.version = code, min(code, 127), 1
    made.opcodeIndex, made.inputs, made.outputs = 0, list(range(len(inputs))), [len(inputs)]
    if options is not None:
        made.builtinOptions = options
        made.builtinOptionsType = getattr(
            schema.BuiltinOptions, type(options).__name__.removesuffix("T")
        )
    model.buffers = [schema.BufferT()]
    for operand in inputs:
        if not hasattr(operand, "values"):
            continue
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(operand.values.tobytes(), np.uint8)
        operand.buffer = len(model.buffers)
        model.buffers.append(buffer)
    graph.tensors, graph.operators, graph.outputs = [*inputs, y], [made], [len(inputs)]
    graph.inputs = [i for i, x in enumerate(inputs) if not hasattr(x, "values")]
    model.version, model.operatorCodes, model.subgraphs = 3, [kind], [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
