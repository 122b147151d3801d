"""Operators with quantized operands (QLinear*, QGemm): the same layers between a dequantization and
a quantization; and arithmetic on constants."""

import exact_layers as layers
import numpy as np
from exact import Exact, Unjudged
from onnx_graph import DTYPES
from onnx_operands import zero_type
from onnx_operators import Operators


class IntegerOperators(Operators):
    def operand(self, node, i, step=1, axis=0) -> Exact:
        """Inputs i, i + 1, i + 2: bytes, scale, zero point."""
        return self.dequantized(
            self.array(node, i), self.scales(node, i + step), self.zeros(node, i + 2 * step), axis
        )

    def result(self, node, y: Exact, i):
        """Quantized with inputs i and i + 1."""
        kind = zero_type(self.array(node, i + 1))
        return self.quantize(
            node, node.outputs[0], y, self.scales(node, i), self.zeros(node, i + 1), kind
        )

    def last_first(self, node, x: Exact) -> Exact:
        return x.moved(lambda n: np.moveaxis(n, -1, 1)) if node.integer("channels_last", 0) else x

    def first_last(self, node, y: Exact) -> Exact:
        if not node.integer("channels_last", 0):
            return y
        return Exact(np.moveaxis(y.n, 1, -1), y.scale, y.offset, y.n.ndim - 1, y.clamp, y.error)

    def QLinearConv(self, node):
        x, w = self.operand(node, 0), self.operand(node, 3)
        bias = None
        if self.has(node, 8):
            terms = np.asarray(self.array(node, 8)).astype(np.int64)
            scales = [x.scale[0] * s for s in w.scale]
            bias = Exact(terms, tuple(scales), axis=0)
        y = layers.conv(node, self.last_first(node, x), w, bias)
        return self.result(node, self.first_last(node, y), 6)

    def QLinearMatMul(self, node):
        b = np.asarray(self.array(node, 3))
        return self.result(
            node, layers.matmul(self.operand(node, 0), self.operand(node, 3, axis=b.ndim - 1)), 6
        )

    def QGemm(self, node):
        is_flipped = node.integer("transB", 0)
        a, b = self.operand(node, 0), self.operand(node, 3, axis=0 if is_flipped else 1)
        c = None
        if self.has(node, 6):
            alpha = node.real("alpha", 1.0)
            terms = np.asarray(self.array(node, 6)).astype(np.int64)
            c = Exact(
                terms, tuple(alpha * a.scale[0] * s for s in b.scale), axis=max(terms.ndim - 1, 0)
            )
        y = layers.gemm(node, a, b, c)
        return self.result(node, y, 7) if self.has(node, 7) else y

    def QLinearAdd(self, node):
        return self.result(node, self.operand(node, 0) + self.operand(node, 3), 6)

    def QLinearMul(self, node):
        return self.result(node, self.operand(node, 0) * self.operand(node, 3), 6)

    def on_one_operand(self, node, rule):
        """`rule` reads its operand by name, as the plain operator does."""
        kept = dict(self.values)
        self.values[node.input(0)] = self.operand(node, 0)
        try:
            y = rule(node)
        finally:
            self.values[node.input(0)] = kept[node.input(0)]
        return self.result(node, y, 3)

    def QLinearSigmoid(self, node):
        from enclosures import mapped, sigmoid

        return self.result(node, mapped(self.operand(node, 0), sigmoid), 3)

    def QLinearLeakyRelu(self, node):
        return self.on_one_operand(node, self.LeakyRelu)

    def QLinearSoftmax(self, node):
        node.opset = node.integer("opset", node.opset)
        return self.on_one_operand(node, self.Softmax)

    def QLinearGlobalAveragePool(self, node):
        x = self.last_first(node, self.operand(node, 0))
        y = layers.reduced(x, range(2, x.n.ndim), True, "Mean")
        return self.result(node, self.first_last(node, y), 3)

    def QLinearAveragePool(self, node):
        x = self.last_first(node, self.operand(node, 0))
        return self.result(node, self.first_last(node, layers.average_pool(node, x)), 3)

    def QLinearReduceMean(self, node):
        x = self.operand(node, 0)
        axes = node.integers("axes", list(range(x.n.ndim)))
        y = layers.reduced(
            x, [a % x.n.ndim for a in axes], bool(node.integer("keepdims", 1)), "Mean"
        )
        return self.result(node, y, 3)

    def QLinearConcat(self, node):
        parts = layers.on_one_scale(*(self.operand(node, i) for i in range(2, len(node.inputs), 3)))
        n = np.concatenate([p.n for p in parts], axis=node.integer("axis"))
        return self.result(node, Exact(n, parts[0].scale), 0)

    # Arithmetic of shapes.
    def Constant(self, node):
        if "value" in node.attributes:
            return node.tensor("value")
        for name, rule in (("value_int", node.integer), ("value_ints", node.integers)):
            if name in node.attributes:
                return np.array(rule(name), np.int64)
        if "value_float" in node.attributes:
            return np.float32(node.attributes["value_float"].f)
        if "value_floats" in node.attributes:
            return np.array(node.reals("value_floats"), np.float32)
        raise Unjudged(f"'{node.name}' holds neither numbers nor a tensor")

    def ConstantOfShape(self, node):
        value = node.tensor("value") if "value" in node.attributes else np.zeros(1, np.float32)
        return np.full(self.numbers(node, 0), value.reshape(-1)[0], value.dtype)

    def Shape(self, node):
        value = self.raw(node, 0)
        shape = list(value.shape if isinstance(value, Exact) else np.asarray(value).shape)
        end = node.integer("end", len(shape))
        return np.array(shape[node.integer("start", 0) : end], np.int64)

    def Size(self, node):
        return np.array(np.prod(self.raw(node, 0).shape, dtype=np.int64))

    def Range(self, node):
        return np.arange(*(np.asarray(self.array(node, i)).reshape(-1)[0] for i in range(3)))

    def Cast(self, node):
        kind, value = node.integer("to"), self.raw(node, 0)
        if kind not in DTYPES:
            raise Unjudged(f"'{node.name}': a cast to the type number {kind}")
        if not isinstance(value, Exact):
            if DTYPES[kind] == np.float32 and np.asarray(value).dtype.kind in "iub":
                return Exact.of(value)
            return np.asarray(value).astype(DTYPES[kind])
        if np.dtype(DTYPES[kind]).kind == "f":
            return value
        x = value.plain()
        n = np.array([int(v) for v in x.fractions()], object).reshape(x.shape)
        return n.astype(np.int64).astype(DTYPES[kind])

    def of_whole_numbers(self, node, rule):
        return rule(*(np.asarray(self.array(node, i)) for i in range(len(node.inputs))))

    def Equal(self, node):
        return self.of_whole_numbers(node, np.equal)

    def Greater(self, node):
        return self.of_whole_numbers(node, np.greater)

    def GreaterOrEqual(self, node):
        return self.of_whole_numbers(node, np.greater_equal)

    def Less(self, node):
        return self.of_whole_numbers(node, np.less)

    def LessOrEqual(self, node):
        return self.of_whole_numbers(node, np.less_equal)

    def And(self, node):
        return self.of_whole_numbers(node, np.logical_and)

    def Or(self, node):
        return self.of_whole_numbers(node, np.logical_or)

    def Not(self, node):
        return self.of_whole_numbers(node, np.logical_not)

    def Mod(self, node):
        return self.of_whole_numbers(node, np.fmod if node.integer("fmod", 0) else np.mod)

    def GatherElements(self, node):
        values, places = np.asarray(self.array(node, 0)), np.asarray(self.array(node, 1))
        axis = node.integer("axis", 0)
        return np.take_along_axis(values, places % values.shape[axis], axis)

    def Where(self, node):
        choice = self.array(node, 0)
        a, b = self.raw(node, 1), self.raw(node, 2)
        if not isinstance(a, Exact) and not isinstance(b, Exact):
            return np.where(choice, a, b)
        a, b = layers.on_one_scale(self.real(node, 1), self.real(node, 2))
        return Exact(np.where(choice, a.n, b.n), a.scale, error=max(a.error, b.error))
