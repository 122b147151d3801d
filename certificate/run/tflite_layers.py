"""The layers of TensorFlow Lite, as its reference kernels define them on int8 and uint8: every
function takes the operator, its tensors, and the operands as int64 arrays, and gives the result."""

import math

import fixed_point as fp
import numpy as np
from exact import Unjudged
from exact_layers import padded, taps
from tflite_file import ACTIVATIONS, Operator, Tensor


def round_away(x):
    """std::round of float32 numbers, as int64."""
    x = np.asarray(x, np.float32)
    whole = np.trunc(x)
    return (whole + np.where(np.abs(x - whole) >= 0.5, np.sign(x), 0)).astype(np.int64)


def limits(tensor: Tensor) -> tuple[int, int]:
    info = np.iinfo(tensor.dtype)
    return int(info.min), int(info.max)


def quantized(real: float, tensor: Tensor) -> int:
    return tensor.zero + int(round_away(np.float32(real) / tensor.scale))


def activation(op: Operator, output: Tensor) -> tuple[int, int]:
    """CalculateActivationRangeQuantized."""
    low, high = limits(output)
    kind = ACTIVATIONS[op.options.get("activation", 0)]
    ends = {"NONE": (), "RELU": (0.0,), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0)}
    if kind not in ends:
        raise Unjudged(f"the activation {kind}")
    if ends[kind]:
        low = max(low, quantized(ends[kind][0], output))
    if len(ends[kind]) > 1:
        high = min(high, quantized(ends[kind][1], output))
    return low, high


def double(scale) -> float:
    return float(scale)


def bias_of(op, tensors):
    """The bias is the operand behind the weights; TRANSPOSE_CONV has its input there."""
    at = 3 if op.type == "TRANSPOSE_CONV" else 2
    return tensors[at] if len(op.inputs) > at else None


def product_multipliers(op, x, w, y, bias=None):
    """One factor, or one an output channel; in float32 where TFLite multiplies two scales so."""
    in_float = x.dtype == np.uint8 or (op.type == "FULLY_CONNECTED" and len(w.scales) == 1)
    factors = []
    if in_float and bias is not None and bias.scales.size:
        apart = abs(double(np.float32(x.scale) * np.float32(w.scale)) - double(bias.scale))
        if apart / double(y.scale) > 0.02:
            raise Unjudged("TensorFlow Lite refuses a bias whose scale is not the product's")
    for s in w.scales:
        both = (
            double(np.float32(x.scale) * np.float32(s)) if in_float else double(x.scale) * double(s)
        )
        factors.append(fp.multiplier(both / double(y.scale)))
    return factors


def requantized(sums, factors, op, y):
    if len(factors) == 1:
        result = fp.times(sums, factors[0])
    else:
        result = np.stack([fp.times(sums[..., c], f) for c, f in enumerate(factors)], axis=-1)
    return np.clip(result + y.zero, *activation(op, y))


def window(op, size, kernel, out, dilation=(1, 1)):
    stride = (op.options["stride_h"], op.options["stride_w"])
    before = (0, 0)
    if op.options["padding"] == 0:  # SAME
        before = tuple(
            max(0, (o - 1) * s + (k - 1) * d + 1 - i) // 2
            for o, s, k, d, i in zip(out, stride, kernel, dilation, size)
        )
    reach = [(o - 1) * s + (k - 1) * d + 1 for o, s, k, d in zip(out, stride, kernel, dilation)]
    return stride, before, reach


def mapped(x, before, reach, fill):
    """N, C, H, W with `fill` around, exactly as far as the windows reach."""
    n = padded(np.moveaxis(x, 3, 1), before, (0, 0), fill, reach)
    return n[:, :, : reach[0], : reach[1]]


def conv(op, tensors, x, w, bias=None):
    tx, tw, ty = tensors[0], tensors[1], tensors[-1]
    out, kernel = ty.shape[1:3], w.shape[1:3]
    dilation = (op.options["dilation_h"], op.options["dilation_w"])
    stride, before, reach = window(op, x.shape[1:3], kernel, out, dilation)
    n = mapped(x - tx.zero, before, reach, 0)
    w = w - tw.zero if tx.dtype == np.uint8 else w
    channels, inside = w.shape[0], w.shape[3]
    groups = n.shape[1] // inside
    outside = channels // groups
    sums = np.zeros((x.shape[0], out[0] * out[1], channels), np.int64)
    for tap, part in taps(n, kernel, stride, dilation, out):
        part = part.reshape(*part.shape[:2], -1)
        for g in range(groups):
            ours = part[:, g * inside : (g + 1) * inside]
            filters = w[(slice(g * outside, (g + 1) * outside), *tap)]
            sums[..., g * outside : (g + 1) * outside] += np.matmul(filters, ours).transpose(
                0, 2, 1
            )
    sums = sums.reshape(x.shape[0], *out, channels)
    return requantized(
        sums + (0 if bias is None else bias),
        product_multipliers(op, tx, tw, ty, bias_of(op, tensors)),
        op,
        ty,
    )


def depthwise(op, tensors, x, w, bias=None):
    tx, tw, ty = tensors[0], tensors[1], tensors[-1]
    out, kernel = ty.shape[1:3], w.shape[1:3]
    dilation = (op.options["dilation_h"], op.options["dilation_w"])
    stride, before, reach = window(op, x.shape[1:3], kernel, out, dilation)
    n = mapped(x - tx.zero, before, reach, 0)
    w = w - tw.zero if tx.dtype == np.uint8 else w
    repeat = w.shape[3] // n.shape[1]
    sums = np.zeros((x.shape[0], w.shape[3], *out), np.int64)
    for tap, part in taps(n, kernel, stride, dilation, out):
        part = part if repeat == 1 else np.repeat(part, repeat, axis=1)
        sums += part * w[(0, *tap)].reshape(-1, 1, 1)
    sums = np.moveaxis(sums, 1, 3) + (0 if bias is None else bias)
    return requantized(sums, product_multipliers(op, tx, tw, ty, bias_of(op, tensors)), op, ty)


def fully_connected(op, tensors, x, w, bias=None):
    tx, tw, ty = tensors[0], tensors[1], tensors[-1]
    sums = np.matmul(x.reshape(-1, w.shape[1]) - tx.zero, (w - tw.zero).T)
    sums = sums + (0 if bias is None else bias)
    return requantized(
        sums, product_multipliers(op, tx, tw, ty, bias_of(op, tensors)), op, ty
    ).reshape(ty.shape)


def transpose_conv(op, tensors, _, w, x, bias=None):
    tw, tx, ty = tensors[1], tensors[2], tensors[-1]
    out, kernel, size = ty.shape[1:3], w.shape[1:3], x.shape[1:3]
    stride, before, _ = window(op, out, kernel, size)
    x = x - tx.zero
    w = w - tw.zero if tx.dtype == np.uint8 else w
    full = [(i - 1) * s + k for i, s, k in zip(size, stride, kernel)]
    full = [max(f, b + o) for f, b, o in zip(full, before, out)]
    sums = np.zeros((x.shape[0], *full, w.shape[0]), np.int64)
    for ky, kx in np.ndindex(*kernel):
        at = [slice(k, k + (i - 1) * s + 1, s) for k, i, s in zip((ky, kx), size, stride)]
        sums[(slice(None), *at)] += np.matmul(x, w[:, ky, kx].T)
    sums = sums[:, before[0] : before[0] + out[0], before[1] : before[1] + out[1]]
    return requantized(
        sums + (0 if bias is None else bias),
        product_multipliers(op, tx, tw, ty, bias_of(op, tensors)),
        op,
        ty,
    )


def pool(op, tensors, x):
    ty = tensors[-1]
    kernel = (op.options["filter_h"], op.options["filter_w"])
    out = ty.shape[1:3]
    stride, before, reach = window(op, x.shape[1:3], kernel, out)
    low, high = activation(op, ty)
    if op.type == "MAX_POOL_2D":
        n = mapped(x, before, reach, -1000)
        result = np.max([p for _, p in taps(n, kernel, stride, (1, 1), out)], axis=0)
    else:
        ones = mapped(np.ones_like(x[:1, ..., :1]), before, reach, 0)
        n = mapped(x, before, reach, 0)
        total = sum(p for _, p in taps(n, kernel, stride, (1, 1), out))
        count = sum(p for _, p in taps(ones, kernel, stride, (1, 1), out))
        magnitude = (np.abs(total) + count // 2) // count
        result = np.where(total < 0, -magnitude, magnitude)
    return np.clip(np.moveaxis(result, 1, 3), low, high)


def reduced(op, tensors, x, axes):
    tx, ty = tensors[0], tensors[-1]
    axes = tuple({int(a) % x.ndim for a in np.asarray(axes).reshape(-1)})
    if op.type in ("REDUCE_MAX", "REDUCE_MIN"):
        return (x.max if op.type == "REDUCE_MAX" else x.min)(axis=axes).reshape(ty.shape)
    count = int(np.prod([x.shape[a] for a in axes], dtype=np.int64))
    significand, exponent = fp.multiplier(double(tx.scale) / double(ty.scale))
    if op.type == "MEAN":
        room = min(count.bit_length() - 1, 32, 31 + exponent)
        significand, exponent = (significand << room) // count, exponent - room
    total = x.sum(axis=axes) - tx.zero * count
    return np.clip(fp.times(total, (significand, exponent)) + ty.zero, *limits(ty)).reshape(
        ty.shape
    )


def total(op, tensors, a, b):
    """ADD and SUB: on 20 more bits."""
    ta, tb, ty = tensors[0], tensors[1], tensors[-1]
    if op.type == "ADD":
        twice = 2 * double(max(ta.scale, tb.scale))
        factors = [double(t.scale) / twice for t in (ta, tb)]
        last = twice / (2**20 * double(ty.scale))
    else:  # divides in float32
        twice = np.float32(2) * max(ta.scale, tb.scale)
        factors = [double(t.scale / twice) for t in (ta, tb)]
        last = double(twice / (np.float32(2**20) * ty.scale))
    left, right = (
        fp.times((v - t.zero) << 20, fp.multiplier(f)) for v, t, f in zip((a, b), (ta, tb), factors)
    )
    y = fp.times(left + right if op.type == "ADD" else left - right, fp.multiplier(last))
    return np.clip(y + ty.zero, *activation(op, ty))


def mul(op, tensors, a, b):
    ta, tb, ty = tensors[0], tensors[1], tensors[-1]
    factor = fp.multiplier(double(ta.scale) * double(tb.scale) / double(ty.scale))
    return np.clip(fp.times((a - ta.zero) * (b - tb.zero), factor) + ty.zero, *activation(op, ty))


def softmax(op, tensors, x):
    tx, ty = tensors[0], tensors[-1]
    if double(ty.scale) != 1 / 256 or ty.zero != limits(ty)[0]:
        raise Unjudged("a softmax whose result is not on 1/256")
    beta = float(np.float32(op.options["beta"]))
    factor = fp.multiplier(min(beta * double(tx.scale) * 2**26, 2.0**31 - 1))
    below = x - x.max(axis=-1, keepdims=True)
    power = np.where(
        below >= -fp.radius(5, factor[1]),
        fp.exp_on_negative(fp.times(np.maximum(below, -fp.radius(5, factor[1])), factor), 5),
        0,
    )
    sums = fp.divided(power, 12).sum(axis=-1, keepdims=True)
    result = np.empty_like(x)
    for row in np.ndindex(*x.shape[:-1]):
        total_ = int(sums[row][0])
        headroom = 32 - total_.bit_length()
        scale = fp.one_over_one_plus(np.int64((total_ << headroom) - 2**31))
        result[row] = fp.divided(fp.high(scale, power[row]), 12 - headroom + 31 - 8)
    return np.clip(result + limits(ty)[0], *limits(ty))


def on_q4(op, tensors, x, function, bits):
    tx, ty = tensors[0], tensors[-1]
    low, high = limits(ty)
    # The kernel never looks at the scale of its result: 2^-bits is what it writes.
    zero = (low + high + 1) // 2 - (128 if bits == 8 else 0)
    if ty.zero != zero or (double(ty.scale) != 2.0**-bits and ty.dtype == np.uint8):
        raise Unjudged(f"a {op.type} whose result is not on 2^-{bits}")
    factor = fp.multiplier(double(tx.scale) * 2**27)
    most = fp.radius(4, factor[1])
    q = x - tx.zero
    inner = fp.times(np.clip(q, -most, most), factor)
    y = fp.divided(function(inner), 31 - bits) + zero
    return np.where(q <= -most, low, np.where(q >= most, high, np.clip(y, low, high)))


def logistic(op, tensors, x):
    return on_q4(op, tensors, x, fp.logistic_q4, 8)


def tanh(op, tensors, x):
    return on_q4(op, tensors, x, fp.tanh_q4, 7)


def relu(op, tensors, x):
    tx, ty = tensors[0], tensors[-1]
    if op.type == "RELU6":  # TensorFlow Lite Micro clamps the bytes and does not rescale them
        return np.clip(x, max(limits(tx)[0], tx.zero), min(limits(tx)[1], quantized(6.0, tx)))
    factor = fp.multiplier(double(tx.scale / ty.scale))
    y = fp.times(x - tx.zero, factor) + ty.zero
    low, high = limits(ty)
    if op.type == "RELU":
        return np.clip(y, max(low, ty.zero), high)
    return np.clip(y, max(low, quantized(-1.0, ty)), min(high, quantized(1.0, ty)))


def leaky_relu(op, tensors, x):
    tx, ty = tensors[0], tensors[-1]
    alpha = np.float32(op.options["alpha"])
    same = fp.multiplier(double(tx.scale / ty.scale))
    part = fp.multiplier(double(tx.scale * alpha / ty.scale))
    q = x - tx.zero
    return np.clip(np.where(q >= 0, fp.times(q, same), fp.times(q, part)) + ty.zero, *limits(ty))


def prelu(op, tensors, x, alpha):
    tx, ta, ty = tensors[0], tensors[1], tensors[-1]
    same = fp.multiplier(double(tx.scale) / double(ty.scale))
    part = fp.multiplier(double(tx.scale) * double(ta.scale) / double(ty.scale))
    q = x - tx.zero
    y = np.where(q >= 0, fp.times(q, same), fp.times(q * (alpha - ta.zero), part))
    return np.clip(y + ty.zero, *limits(ty))


def absolute(op, tensors, x):
    tx, ty = tensors[0], tensors[-1]
    y = np.abs(x - tx.zero)
    if tx.scale != ty.scale:
        y = fp.times(y, fp.multiplier(double(tx.scale / ty.scale)))
    return np.clip(y + ty.zero, *limits(ty))


def hard_swish(op, tensors, x):
    tx, ty = tensors[0], tensors[-1]
    fine = np.float32(1 / 128) * tx.scale
    (m_out, e_out), (m_relu, e_relu) = (
        fp.multiplier(double(fine / s)) for s in (ty.scale, np.float32(3 / 32768))
    )
    narrow = lambda m: 32767 if m >= fp.MAX32 - 2**15 else (m + 2**15) >> 16  # noqa: E731
    high16 = lambda a, b: np.minimum((a * b + 2**14) >> 15, 32767)  # noqa: E731
    bounded = lambda v: np.clip(v, -32768, 32767)  # noqa: E731
    value = (x - tx.zero) * 128
    scaled = high16(value, narrow(m_out))
    gate = bounded(value << min(e_relu - 1, 16)) if e_relu > 0 else value
    gate = high16(gate, narrow(m_relu))
    gate = bounded(gate << 1) if e_relu > 0 else fp.divided(gate, -e_relu)
    gate = (gate + 2**15) >> 1
    product = gate * scaled
    product = bounded(np.sign(product) * (np.abs(product) >> 15))
    # On int16 a division by 2^16 and more has a mask of -1: no result is 0.
    y = fp.divided(product, -e_out) if e_out > -16 else np.where(product < 0, -1, 1)
    return np.clip(y + ty.zero, *limits(ty))


def by_table(op, tensors, x):
    """ELU and GELU: TFLite fills a table in float32."""
    tx, ty = tensors[0], tensors[-1]
    low, high = limits(tx)

    def gelu(v):
        if op.options.get("approximate"):
            return (
                np.float32(0.5)
                * v
                * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3)))
            )
        return 0.5 * v * (1 + math.erf(v * math.sqrt(0.5)))

    rule = {"ELU": lambda v: math.expm1(v) if v < 0 else v, "GELU": gelu, "EXP": math.exp}[op.type]
    inverse, table = np.float32(1) / ty.scale, []
    for q in range(low, high + 1):
        real = tx.scale * np.float32(q - tx.zero)
        table.append(int(round_away(np.float32(rule(float(real))) * inverse)) + ty.zero)
    return np.clip(np.array(table)[x - low], *limits(ty))


def quantize(op, tensors, x):
    tx, ty = tensors[0], tensors[-1]
    if x.dtype.kind == "f":
        return np.clip(round_away(x / ty.scale) + ty.zero, *limits(ty))
    factor = fp.multiplier(double(tx.scale) / double(ty.scale))
    return np.clip(fp.times(x - tx.zero, factor) + ty.zero, *limits(ty))


def dequantize(op, tensors, x):
    tx = tensors[0]
    return (tx.scale * (x - tx.zero).astype(np.float32)).astype(np.float32)


def concatenation(op, tensors, *values):
    ty, parts = tensors[-1], []
    for v, t in zip(values, tensors):
        if t.scales.size and (t.scale != ty.scale or t.zero != ty.zero):
            if t.dtype != np.uint8:
                raise Unjudged("an int8 concatenation of several scales, which TFLite refuses")
            scale = t.scale * (np.float32(1) / ty.scale)
            v = np.clip(
                round_away(v.astype(np.float32) * scale + np.float32(-t.zero) * scale) + ty.zero,
                0,
                255,
            )
        parts.append(v)
    return np.concatenate(parts, axis=op.options["axis"])


def extreme(op, tensors, a, b):
    return (np.maximum if op.type == "MAXIMUM" else np.minimum)(a, b)


LAYERS = {
    "CONV_2D": conv,
    "DEPTHWISE_CONV_2D": depthwise,
    "FULLY_CONNECTED": fully_connected,
    "TRANSPOSE_CONV": transpose_conv,
    "MAX_POOL_2D": pool,
    "AVERAGE_POOL_2D": pool,
    "MEAN": reduced,
    "SUM": reduced,
    "REDUCE_MAX": reduced,
    "REDUCE_MIN": reduced,
    "ADD": total,
    "SUB": total,
    "MUL": mul,
    "MAXIMUM": extreme,
    "MINIMUM": extreme,
    "SOFTMAX": softmax,
    "LOGISTIC": logistic,
    "TANH": tanh,
    "RELU": relu,
    "RELU6": relu,
    "RELU_N1_TO_1": relu,
    "LEAKY_RELU": leaky_relu,
    "PRELU": prelu,
    "HARD_SWISH": hard_swish,
    "ABS": absolute,
    "ELU": by_table,
    "GELU": by_table,
    "EXP": by_table,
    "QUANTIZE": quantize,
    "DEQUANTIZE": dequantize,
    "CONCATENATION": concatenation,
}
