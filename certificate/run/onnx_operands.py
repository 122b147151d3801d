"""How an operator of ONNX reaches its operands, and the pair of notations: QuantizeLinear and
DequantizeLinear."""

from fractions import Fraction

import numpy as np
from exact import Exact, Unjudged, fraction, quantized
from onnx_graph import DTYPES, INT8, RANGES, UINT8


def zero_type(zero: np.ndarray) -> int:
    return {
        np.dtype(np.int8): INT8,
        np.dtype(np.uint8): UINT8,
        np.dtype(np.int16): 5,
        np.dtype(np.uint16): 4,
        np.dtype(np.int32): 6,
    }[zero.dtype]


class Operands:
    """`values`: the tensors so far, by name. A subclass says what happens at a quantization
    (`settle`)."""

    def __init__(self):
        self.values: dict = {}

    # Operands.
    def has(self, node, i) -> bool:
        return bool(node.input(i))

    def raw(self, node, i):
        return self.values[node.input(i)]

    def real(self, node, i) -> Exact:
        name = node.input(i)
        if not isinstance(self.values[name], Exact):
            return Exact.of(self.values[name])
        return self.values[name]

    def maybe(self, node, i) -> Exact | None:
        return self.real(node, i) if self.has(node, i) else None

    def array(self, node, i) -> np.ndarray:
        value = self.raw(node, i)
        if isinstance(value, Exact):
            raise Unjudged(f"'{node.name}' ({node.type}) asks for a constant in '{node.input(i)}'")
        return value

    def numbers(self, node, i, attribute=None):
        """Constant integers of an operand or, in old opsets, of an attribute."""
        if self.has(node, i):
            return [int(v) for v in np.asarray(self.array(node, i)).reshape(-1)]
        return node.integers(attribute) if attribute else None

    def moved(self, node, move, i=0):
        value = self.raw(node, i)
        return value.moved(move) if isinstance(value, Exact) else move(value)

    def evaluate(self, node) -> list:
        operator = getattr(self, node.type, None)
        if operator is None or node.type.startswith("_") or not node.type[0].isupper():
            raise Unjudged(f"'{node.name}' ({node.type}) has no exact definition here")
        result = operator(node)
        return result if isinstance(result, list) else [result]

    # Notation.
    def scales(self, node, i) -> list[Fraction]:
        value = self.raw(node, i)
        if isinstance(value, Exact):
            return value.fractions()
        return [fraction(s) for s in np.asarray(value).reshape(-1)]

    def zeros(self, node, i) -> list[int]:
        return (
            [int(z) for z in np.asarray(self.array(node, i)).reshape(-1)]
            if self.has(node, i)
            else [0]
        )

    def axis(self, node, rank, default=1) -> int:
        axis = node.integer("axis", default)
        return axis % rank if rank and -rank <= axis < rank else 0

    def dequantized(self, n, scales, zeros, axis=0) -> Exact:
        n = np.asarray(n).astype(np.int64)
        if len(zeros) > 1:
            shape = [1] * n.ndim
            shape[axis] = -1
            n = n - np.array(zeros, np.int64).reshape(shape)
        else:
            n = n - zeros[0]
        return Exact(n, tuple(scales), axis=axis)

    def DequantizeLinear(self, node):
        n = self.array(node, 0)
        if node.integer("block_size", 0):
            raise Unjudged(f"'{node.name}': scales of blocks")
        return self.dequantized(
            n, self.scales(node, 1), self.zeros(node, 2), self.axis(node, n.ndim)
        )

    def QuantizeLinear(self, node):
        if node.integer("block_size", 0):
            raise Unjudged(f"'{node.name}': scales of blocks")
        kind = node.integer("output_dtype", 0) or UINT8
        if self.has(node, 2):
            kind = zero_type(self.array(node, 2))
        x = self.real(node, 0)
        return self.quantize(
            node,
            node.input(0),
            x,
            self.scales(node, 1),
            self.zeros(node, 2),
            kind,
            self.axis(node, x.n.ndim),
        )

    def quantize(self, node, source, x, scales, zeros, kind, axis=0):
        if kind not in RANGES:
            raise Unjudged(f"'{node.name}': integers of the type number {kind}")
        low, high = RANGES[kind]
        if len(scales) > 1 or len(zeros) > 1:
            count = max(len(scales), len(zeros))
            scales, zeros = ([v[0]] * count if len(v) == 1 else v for v in (scales, zeros))
        q, undecided = quantized(x, scales, zeros, axis, low, high)
        return self.settle(node, source, q, undecided, scales, zeros, kind).astype(DTYPES[kind])

    def settle(self, node, source, q, undecided, scales, zeros, kind) -> np.ndarray:
        return q
