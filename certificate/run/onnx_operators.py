"""The operators of ONNX that become layers, each a method of its own name."""

from fractions import Fraction

import enclosures as en
import exact_layers as layers
import numpy as np
from exact import Exact, Unjudged
from onnx_functions import Functions
from onnx_rearranged import Rearranged


class Operators(Functions, Rearranged):
    def folded(self, node, real, whole):
        values = [self.raw(node, i) for i in range(len(node.inputs))]
        is_whole = all(
            not isinstance(v, Exact) and np.asarray(v).dtype.kind in "iub" for v in values
        )
        if not is_whole:
            values = [self.real(node, i) for i in range(len(node.inputs))]
        result = values[0]
        for v in values[1:]:
            result = whole(result, v) if is_whole else real(result, v)
        return result

    def Add(self, node):
        return self.folded(node, lambda a, b: a + b, np.add)

    Sum = Add

    def Sub(self, node):
        return self.folded(node, lambda a, b: a - b, np.subtract)

    def Mul(self, node):
        return self.folded(node, lambda a, b: a * b, np.multiply)

    def Div(self, node):
        return self.folded(
            node,
            lambda a, b: a / b,
            lambda a, b: (np.abs(a) // np.abs(b) * np.sign(a) * np.sign(b)).astype(
                np.asarray(a).dtype
            ),
        )

    def Mean(self, node):
        return self.folded(node, lambda a, b: a + b, np.add).times(Fraction(1, len(node.inputs)))

    def Max(self, node):
        return self.folded(node, lambda a, b: layers.extremes([a, b], np.maximum), np.maximum)

    def Min(self, node):
        return self.folded(node, lambda a, b: layers.extremes([a, b], np.minimum), np.minimum)

    def Pow(self, node):
        powers = set(self.real(node, 1).fractions())
        power = powers.pop()
        if powers or power.denominator != 1 or not 1 <= power <= 8:
            raise Unjudged(f"'{node.name}': a power that is not a small whole number")
        x = result = self.real(node, 0)
        for _ in range(int(power) - 1):
            result = result * x
        return result

    # Products and windows.
    def Conv(self, node):
        return layers.conv(node, self.real(node, 0), self.real(node, 1), self.maybe(node, 2))

    def ConvTranspose(self, node):
        return layers.conv_transpose(
            node, self.real(node, 0), self.real(node, 1), self.maybe(node, 2)
        )

    def MatMul(self, node):
        return layers.matmul(self.real(node, 0), self.real(node, 1))

    def Gemm(self, node):
        return layers.gemm(node, self.real(node, 0), self.real(node, 1), self.maybe(node, 2))

    def MaxPool(self, node):
        value = self.raw(node, 0)
        y = layers.max_pool(node, self.real(node, 0))
        return y if isinstance(value, Exact) else y.n.astype(value.dtype)

    def NhwcMaxPool(self, node):
        value = self.array(node, 0)
        y = layers.max_pool(node, Exact.of(np.moveaxis(value, -1, 1)))
        return np.moveaxis(y.n, 1, -1).astype(value.dtype)

    def AveragePool(self, node):
        return layers.average_pool(node, self.real(node, 0))

    def GlobalAveragePool(self, node):
        x = self.real(node, 0)
        return layers.reduced(x, range(2, x.n.ndim), True, "Mean")

    def GlobalMaxPool(self, node):
        x = self.real(node, 0)
        return layers.reduced(x, range(2, x.n.ndim), True, "Max")

    def reduce(self, node):
        axes, keep = self.numbers(node, 1, "axes"), bool(node.integer("keepdims", 1))
        value = self.raw(node, 0)
        rank = value.n.ndim if isinstance(value, Exact) else np.asarray(value).ndim
        if not axes and node.integer("noop_with_empty_axes", 0):
            return value
        axes = [a % rank for a in axes] if axes else None
        kind = node.type.removeprefix("Reduce")
        if not isinstance(value, Exact) and np.asarray(value).dtype.kind in "iu":
            rule = {"Max": np.max, "Min": np.min, "Sum": np.sum, "Prod": np.prod}[kind]
            return rule(value, axis=None if axes is None else tuple(axes), keepdims=keep)
        return layers.reduced(self.real(node, 0), axes, keep, kind)

    ReduceMean = ReduceMax = ReduceMin = ReduceSum = ReduceProd = reduce

    def ArgMax(self, node):
        x, axis = self.real(node, 0).plain(), node.integer("axis", 0)
        n = x.n.astype(object) if node.type == "ArgMax" else -x.n.astype(object)
        if node.integer("select_last_index", 0):
            y = n.shape[axis] - 1 - np.argmax(np.flip(n, axis), axis=axis)
        else:
            y = np.argmax(n, axis=axis)
        return np.expand_dims(y, axis) if node.integer("keepdims", 1) else y

    ArgMin = ArgMax

    def BatchNormalization(self, node):
        x = self.real(node, 0)
        factor, shift, mean, variance = (self.real(node, i) for i in range(1, 5))
        spread = variance + Exact(np.array(1), node.real("epsilon", 1e-5))
        factor = en.mapped(spread, lambda v: 1 / en.root(v)) * factor
        shape = (-1, *[1] * (x.n.ndim - 2))
        factor, shift, mean = (v.moved(lambda n: n.reshape(shape)) for v in (factor, shift, mean))
        return (x - mean) * factor + shift
