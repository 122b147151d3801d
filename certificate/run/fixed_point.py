"""The fixed-point arithmetic of gemmlowp and TensorFlow Lite Micro on arrays of integers: products
in int64, results those of int32."""

import math

import numpy as np

MAX32 = 2**31 - 1


def multiplier(real: float) -> tuple[int, int]:
    """QuantizeMultiplier: real = significand * 2^-31 * 2^exponent."""
    if real == 0:
        return 0, 0
    fraction, exponent = math.frexp(real)
    significand = math.floor(abs(fraction) * 2**31 + 0.5) * (1 if real > 0 else -1)
    if abs(significand) == 2**31:
        significand, exponent = significand // 2, exponent + 1
    return (0, 0) if exponent < -31 else (significand, exponent)


def high(a, b):
    """SaturatingRoundingDoublingHighMul: floor(a * b * 2^-31 + 1/2)."""
    return np.minimum((a * b + 2**30) >> 31, MAX32)


def divided(x, exponent: int):
    """RoundingDivideByPOT: x * 2^-exponent, ties away from zero."""
    if exponent <= 0:
        return x
    rest = x & ((1 << exponent) - 1)
    return (x >> exponent) + (rest > ((1 << (exponent - 1)) - 1) + (x < 0))


def times(x, factor: tuple[int, int]):
    """MultiplyByQuantizedMultiplier; a left shift beyond int32 has no definition there, and is
    exact here."""
    significand, exponent = factor
    left, right = max(exponent, 0), max(-exponent, 0)
    x = np.asarray(x)
    if x.size and left and int(np.abs(x).max()) << left >= 2**31:
        x = x.astype(object)
        return np.clip(
            divided(((x << left) * significand + 2**30) >> 31, right), -(2**31), MAX32
        ).astype(np.int64)
    return divided(high(x << left, significand), right)


def shifted_left(x, exponent: int):
    """Saturating."""
    return np.clip(x << exponent, -(2**31), MAX32)


def radius(integer_bits: int, left: int) -> int:
    """CalculateInputRadius: where a Q`integer_bits` would overflow."""
    return math.floor(((1 << integer_bits) - 1) * 2.0 ** (31 - integer_bits) / 2.0**left)


def exp_on_negative(x, integer_bits: int):
    """exp of Q`integer_bits` numbers up to 0, as Q0: a Taylor expansion around -1/8, then factors
    exp(-2^k)."""
    x = np.asarray(x, np.int64)
    bits = 31 - integer_bits
    quarter = 1 << (bits - 2)
    part = (x & (quarter - 1)) - quarter
    y = shifted_left(part, integer_bits) + (1 << 28)
    y2 = high(y, y)
    y3, y4 = high(y2, y), high(y2, y2)
    cubic = high(divided(y4, 2) + y3, 715827883)
    result = 1895147668 + high(1895147668, y + divided(cubic + y2, 1))
    rest = part - x
    for k, factor in zip(
        range(-2, integer_bits),
        (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242),
    ):
        result = np.where(rest & (1 << (bits + k)), high(result, factor), result)
    return np.where(x == 0, MAX32, result)


def reciprocal_q2(x):
    """1 / ((1 + x) / 2) for x in Q0, 0 to 1, as Q2: three steps of Newton and Raphson."""
    d = (x + MAX32 + 1) >> 1
    y = 1515870810 + high(d, -1010580540)
    for _ in range(3):
        y = y + shifted_left(high(y, (1 << 29) - high(d, y)), 2)
    return y


def one_over_one_plus(x):
    return shifted_left(reciprocal_q2(x), 1)


def logistic_q4(x):
    x = np.asarray(x, np.int64)
    positive = one_over_one_plus(exp_on_negative(-np.abs(x), 4))
    return np.where(x == 0, 1 << 30, np.where(x > 0, positive, MAX32 - positive))


def tanh_q4(x):
    x = np.asarray(x, np.int64)
    magnitude = shifted_left(reciprocal_q2(exp_on_negative(-np.abs(x), 5)) - (1 << 29), 2)
    return np.where(x == 0, 0, np.where(x < 0, -magnitude, magnitude))
