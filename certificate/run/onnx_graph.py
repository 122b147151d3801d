"""An ONNX file as nodes and arrays: read by the onnx package, decoded here, no type left out
because a NumPy lacks it."""

import pathlib
from fractions import Fraction

import numpy as np
from exact import Unjudged, fraction

try:
    import onnx
except ImportError:
    onnx = None

FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64, BOOL, FLOAT16, DOUBLE, UINT32, UINT64 = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    9,
    10,
    11,
    12,
    13,
)
BFLOAT16, UINT4, INT4 = 16, 21, 22
DTYPES = {
    FLOAT: np.float32,
    UINT8: np.uint8,
    INT8: np.int8,
    UINT16: np.uint16,
    INT16: np.int16,
    INT32: np.int32,
    INT64: np.int64,
    BOOL: np.bool_,
    FLOAT16: np.float16,
    DOUBLE: np.float64,
    UINT32: np.uint32,
    UINT64: np.uint64,
    UINT4: np.uint8,
    INT4: np.int8,
}
RANGES = {
    UINT8: (0, 255),
    INT8: (-128, 127),
    UINT16: (0, 65535),
    INT16: (-32768, 32767),
    UINT4: (0, 15),
    INT4: (-8, 7),
    INT32: (-(2**31), 2**31 - 1),
}
NAMES = {
    FLOAT: "float32",
    UINT8: "uint8",
    INT8: "int8",
    INT32: "int32",
    INT64: "int64",
    BOOL: "bool",
}


def nibbles(packed: np.ndarray, count: int, is_signed: bool) -> np.ndarray:
    values = np.stack([packed & 15, packed >> 4], axis=-1).reshape(-1)[:count]
    return np.where(values > 7, values - 16, values).astype(np.int8) if is_signed else values


def array_of(tensor, folder: pathlib.Path) -> np.ndarray:
    shape, kind = tuple(tensor.dims), tensor.data_type
    count = int(np.prod(shape, dtype=np.int64))
    if kind not in DTYPES:
        raise Unjudged(f"constant '{tensor.name}' has the type number {kind}")
    raw = tensor.raw_data
    if tensor.data_location == 1:
        where = {e.key: e.value for e in tensor.external_data}
        path = (folder / where["location"]).resolve()
        if folder.resolve() not in path.parents:
            raise Unjudged(f"constant '{tensor.name}' lies outside the model's folder")
        data, offset = path.read_bytes(), int(where.get("offset", 0))
        raw = data[offset : offset + int(where.get("length", len(data) - offset))]
    if kind in (UINT4, INT4):
        packed = np.frombuffer(raw, np.uint8) if raw else np.array(tensor.int32_data, np.uint8)
        return nibbles(packed, count, kind == INT4).reshape(shape)
    if raw:
        return np.frombuffer(raw, DTYPES[kind]).reshape(shape)
    if kind == FLOAT16:
        return np.array(tensor.int32_data, np.uint16).view(np.float16).reshape(shape)
    field = {
        FLOAT: "float_data",
        DOUBLE: "double_data",
        INT64: "int64_data",
        UINT64: "uint64_data",
        UINT32: "uint64_data",
    }
    return np.array(list(getattr(tensor, field.get(kind, "int32_data"))), DTYPES[kind]).reshape(
        shape
    )


class Node:
    def __init__(self, proto, folder: pathlib.Path, opset: int):
        self.type, self.domain, self.opset = proto.op_type, proto.domain, opset
        self.name = proto.name or (proto.output[0] if proto.output else proto.op_type)
        self.inputs, self.outputs = list(proto.input), list(proto.output)
        self.attributes = {a.name: a for a in proto.attribute}
        self.folder = folder

    def input(self, i: int) -> str:
        return self.inputs[i] if i < len(self.inputs) else ""

    def integer(self, name, default=0) -> int:
        return self.attributes[name].i if name in self.attributes else default

    def integers(self, name, default=None):
        return list(self.attributes[name].ints) if name in self.attributes else default

    def real(self, name, default) -> Fraction:
        return fraction(self.attributes[name].f if name in self.attributes else np.float32(default))

    def reals(self, name):
        return list(self.attributes[name].floats) if name in self.attributes else None

    def text(self, name, default="") -> str:
        return self.attributes[name].s.decode() if name in self.attributes else default

    def tensor(self, name) -> np.ndarray:
        return array_of(self.attributes[name].t, self.folder)


class Port:
    def __init__(self, value):
        self.name, kind = value.name, value.type.tensor_type
        self.type = NAMES.get(kind.elem_type, f"type {kind.elem_type}")
        self.shape = (
            [d.dim_value if d.WhichOneof("value") == "dim_value" else None for d in kind.shape.dim]
            if kind.HasField("shape")
            else None
        )


class Graph:
    def __init__(self, path: pathlib.Path):
        if onnx is None:
            raise Unjudged(
                "the onnx package is not installed for this Python: "
                "apt-get install python3-onnx, or scripts/setup --python"
            )
        model = onnx.load(str(path), load_external_data=False)
        opset = max(
            (o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=1
        )
        self.constants = {t.name: array_of(t, path.parent) for t in model.graph.initializer}
        self.nodes = in_order(
            [Node(n, path.parent, opset) for n in model.graph.node],
            {*self.constants, *(i.name for i in model.graph.input)},
        )
        self.inputs = [Port(i) for i in model.graph.input if i.name not in self.constants]
        self.outputs = [Port(o) for o in model.graph.output]
        self.producer = {o: n for n in self.nodes for o in n.outputs}


def in_order(nodes: list[Node], known: set[str]) -> list[Node]:
    """Every operand before its use; a valid file is sorted already."""
    result = []
    while nodes:
        ready = [n for n in nodes if all(not i or i in known for i in n.inputs)]
        if not ready:
            raise Unjudged(f"'{nodes[0].name}' reads a tensor that nothing makes")
        if len(ready) < len(nodes):
            late = set(map(id, ready))
            nodes = [n for n in nodes if id(n) not in late]
        else:
            nodes = []
        result += ready
        known = known | {o for n in ready for o in n.outputs}
    return result
