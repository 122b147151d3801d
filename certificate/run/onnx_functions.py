"""Functions of one number, on exact numbers."""

from fractions import Fraction

import enclosures as en
import exact_layers as layers
import numpy as np
from exact import Exact
from onnx_operands import Operands


class Functions(Operands):
    def Relu(self, node):
        value = self.raw(node, 0)
        if not isinstance(value, Exact):
            return np.maximum(value, 0)
        return value.clamped(Fraction(0), None)

    def Clip(self, node):
        ends = []
        for i, name in ((1, "min"), (2, "max")):
            end = None
            if self.has(node, i):
                end = self.real(node, i).fractions()[0]
            elif name in node.attributes:
                end = node.real(name, 0)
            ends.append(end)
        value = self.raw(node, 0)
        if not isinstance(value, Exact) and np.asarray(value).dtype.kind in "iu":
            return np.clip(value, *[None if e is None else int(e) for e in ends])
        return self.real(node, 0).clamped(*ends)

    def LeakyRelu(self, node):
        alpha = Exact(np.array(1), node.real("alpha", 0.01))
        return layers.linear_where(self.real(node, 0), alpha)

    def PRelu(self, node):
        return layers.linear_where(self.real(node, 0), self.real(node, 1))

    def HardSigmoid(self, node):
        x = self.real(node, 0).plain()
        y = Exact(x.n, x.scale[0] * node.real("alpha", 0.2), node.real("beta", 0.5), error=x.error)
        return y.clamped(Fraction(0), Fraction(1))

    def HardSwish(self, node):
        x = self.real(node, 0).plain()
        return x * Exact(x.n, x.scale[0] / 6, Fraction(1, 2), error=x.error).clamped(
            Fraction(0), Fraction(1)
        )

    def Abs(self, node):
        x = self.real(node, 0).plain()
        return Exact(np.abs(x.n), x.scale, error=x.error)

    def Neg(self, node):
        return -self.real(node, 0) if isinstance(self.raw(node, 0), Exact) else -self.raw(node, 0)

    def Sign(self, node):
        return Exact(np.sign(self.real(node, 0).plain().n.astype(object)).astype(np.int64))

    def Softsign(self, node):
        x = self.real(node, 0)
        return x / (Exact(np.abs(x.plain().n), x.plain().scale) + Exact(np.array(1)))

    def ThresholdedRelu(self, node):
        x, alpha = self.real(node, 0).plain(), node.real("alpha", 1.0)
        return Exact(np.where(x.n > (alpha / x.scale[0]).__floor__(), x.n, 0), x.scale)

    def Shrink(self, node):
        x, far = self.real(node, 0).plain(), node.real("lambd", 0.5)
        bias, zero = Exact(np.array(1), node.real("bias", 0.0)), Exact(np.zeros_like(x.n))
        up, down, zero = layers.on_one_scale(x - bias, x + bias, zero)
        most = (far / x.scale[0]).__floor__()
        n = np.where(x.n > most, up.n, np.where(x.n < -far / x.scale[0], down.n, zero.n))
        return Exact(n, zero.scale)

    def Floor(self, node):
        return layers.whole(self.real(node, 0), node.type)

    Ceil = Round = Floor

    def function(self, node):
        x, alpha = self.real(node, 0), en.decimal(node.real("alpha", 1.0))
        plain = {
            "Sigmoid": en.sigmoid,
            "Tanh": en.tanh,
            "Exp": en.exp,
            "Log": en.logarithm,
            "Sqrt": en.root,
            "Softplus": en.softplus,
            "Erf": en.erf,
            "Reciprocal": en.reciprocal,
            "Sin": en.sine,
            "Cos": en.cosine,
            "Tan": en.tangent,
            "Asin": en.arcsine,
            "Acos": en.arccosine,
            "Atan": en.arctangent,
            "Sinh": en.hyperbolic_sine,
            "Cosh": en.hyperbolic_cosine,
            "Asinh": en.area_sine,
            "Acosh": en.area_cosine,
            "Atanh": en.area_tangent,
            "Mish": lambda v: v * en.tanh(en.softplus(v)),
            "Elu": lambda v: en.elu(v, alpha),
            "Celu": lambda v: v if v >= 0 else alpha * (en.exp(v / alpha) - 1),
            "Swish": lambda v: v * en.sigmoid(alpha * v),
            "QuickGelu": lambda v: v * en.sigmoid(quick * v),
            "FastGelu": en.gelu_tanh,
            "Gelu": en.gelu_tanh if node.text("approximate", "none") == "tanh" else en.gelu,
            "Selu": lambda v: gamma * (v if v > 0 else selu * (en.exp(v) - 1)),
        }
        quick = en.decimal(node.real("alpha", 1.702))
        gamma, selu = (
            en.decimal(node.real("gamma", 1.05070102214813232421875)),
            en.decimal(node.real("alpha", 1.67326319217681884765625)),
        )
        return en.mapped(x, plain[node.type])

    Sigmoid = Tanh = Exp = Log = Sqrt = Softplus = Erf = Mish = Elu = Celu = Swish = Gelu = Selu = (
        function
    )
    QuickGelu = FastGelu = Reciprocal = function
    Sin = Cos = Tan = Asin = Acos = Atan = Sinh = Cosh = Asinh = Acosh = Atanh = function

    def Softmax(self, node):
        x = self.real(node, 0).plain()
        rank = x.n.ndim
        axis = node.integer("axis", -1 if node.opset >= 13 else 1) % rank
        rule = en.log_softmax if node.type == "LogSoftmax" else en.softmax
        if node.opset >= 13 or axis == rank - 1:
            return rule(x, axis)
        flat = Exact(
            x.n.reshape(int(np.prod(x.shape[:axis], dtype=np.int64)), -1), x.scale, error=x.error
        )
        y = rule(flat, 1)
        return Exact(y.n.reshape(x.shape), y.scale, error=y.error)

    LogSoftmax = Softmax
