"""A TFLite file as operators and tensors: the part of the FlatBuffers format that it needs, nothing
to install.

A table begins with the distance back to its vtable, which holds the place of each field, 0 where
the default stands; vectors, strings and tables are reached by an unsigned distance ahead
(FlatBuffers internals, "Format"). Fields and options are numbered as in the public schema
(compiler/frontend/tflite/tflite.fbs).
"""

import pathlib
import re
import struct

import numpy as np

TYPES = [
    np.float32,
    np.float16,
    np.int32,
    np.uint8,
    np.int64,
    None,
    np.bool_,
    np.int16,
    np.complex64,
    np.int8,
    np.float64,
    None,
    np.uint64,
    None,
    None,
    np.uint32,
    np.uint16,
]
ACTIVATIONS = ["NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT"]

# Fields of the options by operator: name, number, type; all scalars.
_WINDOW = {"padding": (0, "b"), "stride_w": (1, "i"), "stride_h": (2, "i")}
OPTIONS = {
    "CONV_2D": _WINDOW
    | {"activation": (3, "b"), "dilation_w": (4, "i", 1), "dilation_h": (5, "i", 1)},
    "DEPTHWISE_CONV_2D": _WINDOW
    | {
        "multiplier": (3, "i"),
        "activation": (4, "b"),
        "dilation_w": (5, "i", 1),
        "dilation_h": (6, "i", 1),
    },
    "AVERAGE_POOL_2D": _WINDOW
    | {"filter_w": (3, "i"), "filter_h": (4, "i"), "activation": (5, "b")},
    "TRANSPOSE_CONV": _WINDOW | {"activation": (3, "b")},
    "FULLY_CONNECTED": {"activation": (0, "b"), "keep_dims": (2, "?")},
    "SOFTMAX": {"beta": (0, "f")},
    "ADD": {"activation": (0, "b")},
    "MEAN": {"keep_dims": (0, "?")},
    "LEAKY_RELU": {"alpha": (0, "f")},
    "CONCATENATION": {"axis": (0, "i"), "activation": (1, "b")},
    "RESIZE_NEAREST_NEIGHBOR": {"align_corners": (0, "?"), "half_pixel_centers": (1, "?")},
    "RESIZE_BILINEAR": {"align_corners": (2, "?"), "half_pixel_centers": (3, "?")},
    "STRIDED_SLICE": {
        "begin_mask": (0, "i"),
        "end_mask": (1, "i"),
        "ellipsis_mask": (2, "i"),
        "new_axis_mask": (3, "i"),
        "shrink_axis_mask": (4, "i"),
    },
    "DEPTH_TO_SPACE": {"block": (0, "i")},
    "PACK": {"count": (0, "i"), "axis": (1, "i")},
    "UNPACK": {"count": (0, "i"), "axis": (1, "i")},
    "GATHER": {"axis": (0, "i"), "batch_dims": (1, "i")},
    "MIRROR_PAD": {"mode": (0, "b")},
    "GELU": {"approximate": (0, "?")},
    "SPLIT": {"count": (0, "i")},
}
for _name, _like in {
    "MAX_POOL_2D": "AVERAGE_POOL_2D",
    "SUB": "ADD",
    "MUL": "ADD",
    "SUM": "MEAN",
    "REDUCE_MAX": "MEAN",
    "REDUCE_MIN": "MEAN",
    "SPACE_TO_DEPTH": "DEPTH_TO_SPACE",
    "SPLIT_V": "SPLIT",
}.items():
    OPTIONS[_name] = OPTIONS[_like]


def operator_names() -> list[str]:
    """In the order of the public enumeration, from the schema of the frontend: one list, typed
    once."""
    schema = pathlib.Path(__file__).parents[2] / "compiler/frontend/tflite/tflite.fbs"
    body = re.search(r"enum BuiltinOperator[^{]*{([^}]*)}", schema.read_text()).group(1)
    return [word.strip() for word in body.split(",")]


class Table:
    def __init__(self, data: bytes, at: int):
        self.data, self.at = data, at
        self.vtable = at - struct.unpack_from("<i", data, at)[0]
        self.size = struct.unpack_from("<H", data, self.vtable)[0]

    def place(self, field: int) -> int:
        entry = 4 + 2 * field
        if entry + 2 > self.size:
            return 0
        offset = struct.unpack_from("<H", self.data, self.vtable + entry)[0]
        return self.at + offset if offset else 0

    def scalar(self, field: int, code: str, default=0):
        at = self.place(field)
        return struct.unpack_from("<" + code, self.data, at)[0] if at else default

    def ahead(self, field: int) -> int:
        at = self.place(field)
        return at + struct.unpack_from("<I", self.data, at)[0] if at else 0

    def vector(self, field: int, dtype) -> np.ndarray:
        at = self.ahead(field)
        if not at:
            return np.zeros(0, dtype)
        count = struct.unpack_from("<I", self.data, at)[0]
        return np.frombuffer(self.data, np.dtype(dtype).newbyteorder("<"), count, at + 4)

    def text(self, field: int) -> str:
        return bytes(self.vector(field, np.uint8)).decode(errors="replace")

    def table(self, field: int) -> "Table | None":
        at = self.ahead(field)
        return Table(self.data, at) if at else None

    def tables(self, field: int) -> list["Table"]:
        at = self.ahead(field)
        if not at:
            return []
        count = struct.unpack_from("<I", self.data, at)[0]
        places = [at + 4 + 4 * i for i in range(count)]
        return [Table(self.data, p + struct.unpack_from("<I", self.data, p)[0]) for p in places]


class Tensor:
    def __init__(self, table: Table, buffers: list[Table]):
        self.name, self.type = table.text(3), table.scalar(1, "b")
        self.shape = [int(d) for d in table.vector(0, np.int32)]
        self.dtype = TYPES[self.type] if 0 <= self.type < len(TYPES) else None
        quantization = table.table(4)
        self.scales = (
            quantization.vector(2, np.float32) if quantization else np.zeros(0, np.float32)
        )
        self.zeros = quantization.vector(3, np.int64) if quantization else np.zeros(0, np.int64)
        raw = buffers[table.scalar(2, "I")].vector(0, np.uint8)
        self.constant = None
        if raw.size and self.dtype is not None:
            self.constant = np.frombuffer(raw.tobytes(), self.dtype).reshape(self.shape)
        self.is_constant = bool(raw.size)

    @property
    def scale(self) -> np.float32:
        return self.scales[0]

    @property
    def zero(self) -> int:
        return int(self.zeros[0]) if self.zeros.size else 0


class Operator:
    def __init__(self, table: Table, code: str, tensors: list[Tensor]):
        self.type = code
        self.inputs = [int(i) for i in table.vector(1, np.int32)]
        self.outputs = [int(i) for i in table.vector(2, np.int32)]
        self.name = tensors[self.outputs[0]].name if self.outputs else code
        options, self.options = table.table(4), {}
        for name, (field, kind, *default) in OPTIONS.get(code, {}).items():
            start = default[0] if default else 0
            self.options[name] = options.scalar(field, kind, start) if options else start


class Model:
    def __init__(self, path: pathlib.Path):
        data = path.read_bytes()
        root = Table(data, struct.unpack_from("<I", data, 0)[0])
        names = operator_names()

        def name_of(code: Table) -> str:
            number = max(code.scalar(0, "b"), code.scalar(3, "i"))
            return names[number] if 0 <= number < len(names) else f"operator {number}"

        codes = [name_of(c) for c in root.tables(1)]
        graph, buffers = root.tables(2)[0], root.tables(4)
        self.tensors = [Tensor(t, buffers) for t in graph.tables(0)]
        self.inputs, self.outputs = ([int(i) for i in graph.vector(f, np.int32)] for f in (1, 2))
        self.operators = [
            Operator(o, codes[o.scalar(0, "I")], self.tensors) for o in graph.tables(3)
        ]
