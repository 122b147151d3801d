"""Real numbers of an ONNX graph without a float: a tensor is an array of integers times a rational
scale.

A float32 is a dyadic rational, so products, sums and averages stay exact. What is not rational (a
sigmoid) is an integer number of 2^-FRACTION_BITS with a bound on its error; where the error reaches
across a rounding tie, the element is undecided and counted.
"""

from fractions import Fraction
from math import gcd, lcm

import numpy as np

FRACTION_BITS = 128
INFINITY = Fraction(2**200)  # beyond any float32: an infinite bound or padding


class Unjudged(Exception):
    """There is no exact definition here for what a file asks."""


def bound(n: np.ndarray) -> int:
    """The largest magnitude."""
    n = np.asarray(n)  # NumPy makes a plain int of arithmetic on an array of rank 0
    return max(int(n.max()), -int(n.min())) if n.size else 0


def wide(n: np.ndarray, largest: int) -> np.ndarray:
    """`n` in a type in which numbers up to `largest` are exact."""
    return np.asarray(n).astype(np.int64 if largest < 2**62 else object, copy=False)


def fraction(x) -> Fraction:
    x = float(x)
    return INFINITY if x == float("inf") else -INFINITY if x == float("-inf") else Fraction(x)


class Exact:
    """(n +- error) * scale + offset, then clamped to low .. high. Scale and offset: one, or one an
    index of `axis`."""

    def __init__(
        self, n, scale=(Fraction(1),), offset=(Fraction(0),), axis=0, clamp=(None, None), error=0
    ):
        self.n, self.axis, self.clamp, self.error = np.asarray(n), axis, clamp, error
        self.scale, self.offset = (
            tuple(v) if isinstance(v, list | tuple) else (v,) for v in (scale, offset)
        )

    @property
    def shape(self) -> tuple[int, ...]:
        return self.n.shape

    @staticmethod
    def of(value) -> "Exact":
        """Of an array of any type."""
        if isinstance(value, Exact):
            return value
        value = np.asarray(value)
        if value.dtype.kind in "iub":
            return Exact(value.astype(np.int64))
        value = value.astype(np.float64)
        if np.isnan(value).any():
            raise Unjudged("a constant is not a number")
        finite = np.where(np.isinf(value), 0.0, value)
        mantissa, exponent = np.frexp(finite)
        n, exponent = (mantissa * 2.0**53).astype(np.int64), exponent.astype(np.int64) - 53
        zeros = np.zeros_like(n)
        for step in (32, 16, 8, 4, 2, 1):  # trailing zero bits
            even = (n & ((1 << step) - 1)) == 0
            n, zeros = np.where(even, n >> step, n), zeros + np.where(even, step, 0)
        exponent = np.where(n == 0, 0, exponent + zeros)
        least = int(exponent[n != 0].min()) if (n != 0).any() else 0
        shift = np.where(n == 0, 0, exponent - least)
        largest = max(
            (abs(int(m)) << int(s) for m, s in {*zip(n.ravel().tolist(), shift.ravel().tolist())}),
            default=0,
        )
        if largest < 2**62:
            result = Exact(n << shift, Fraction(2) ** least)
        else:
            result = Exact(
                np.array(
                    [m << s for m, s in zip(n.ravel().tolist(), shift.ravel().tolist())], object
                ).reshape(n.shape),
                Fraction(2) ** least,
            )
        if np.isinf(value).any():
            big = (INFINITY / result.scale[0]).numerator
            n = [
                (big if v > 0 else -big) if abs(v) == float("inf") else int(m)
                for v, m in zip(value.ravel(), result.n.ravel())
            ]
            result.n = np.array(n, object).reshape(value.shape)
        return result

    def spread(self, values) -> np.ndarray:
        """One number an index of the axis, shaped to broadcast against n."""
        if len(values) == 1:
            return np.array(values[0])
        shape = [1] * self.n.ndim
        shape[self.axis] = len(values)
        return np.array(values, object).reshape(shape)

    def plain(self) -> "Exact":
        """The same numbers with one scale and neither offset nor clamp."""
        if len(self.scale) == 1 and self.offset == (0,) and self.clamp == (None, None):
            return self
        ends = [c for c in self.clamp if c is not None]
        rationals = [*self.scale, *self.offset, *ends]
        base = lcm(*(r.denominator for r in rationals))
        whole = [r.numerator * (base // r.denominator) for r in rationals]
        common = gcd(*whole) or 1
        whole = [w // common for w in whole]
        scales, offsets = (
            whole[: len(self.scale)],
            whole[len(self.scale) : len(self.scale) + len(self.offset)],
        )
        largest = max(bound(self.n), 1) * max(map(abs, scales)) + max(map(abs, offsets))
        n = wide(self.n, largest)
        factors, terms = (wide(self.spread(v), largest) for v in (scales, offsets))
        n = n * factors + terms
        for which, end in zip((np.maximum, np.minimum), self.clamp):
            if end is not None:
                at = end.numerator * (base // end.denominator) // common
                n = which(wide(n, abs(at)), at)
        return Exact(n, Fraction(common, base), error=self.error * max(map(abs, scales)))

    def moved(self, move) -> "Exact":
        """With an array function done to the elements."""
        x = self.plain()
        return Exact(move(x.n), x.scale, error=x.error)

    def clamped(self, low, high) -> "Exact":
        def meet(end):
            for which, limit in ((max, low), (min, high)):
                end = end if limit is None else which(end, limit)
            return end

        if None not in (low, high):
            low = min(low, high)
        # The clamp done last wins.
        ends = [None if c is None else meet(c) for c in self.clamp]
        ends = [low if ends[0] is None else ends[0], high if ends[1] is None else ends[1]]
        return Exact(self.n, self.scale, self.offset, self.axis, tuple(ends), self.error)

    def times(self, factor: Fraction) -> "Exact":
        x = self.plain()
        return Exact(x.n, x.scale[0] * factor, error=x.error)

    def __neg__(self):
        return self.times(Fraction(-1))

    def __add__(self, other):
        a, b = on_one_scale(self, other)
        return Exact(wide(a.n, bound(a.n) + bound(b.n)) + b.n, a.scale, error=a.error + b.error)

    def __sub__(self, other):
        return self + -other

    def __mul__(self, other):
        a, b = self.plain(), other.plain()
        big_a, big_b = bound(a.n), bound(b.n)
        error = big_a * b.error + big_b * a.error + a.error * b.error
        largest = big_a * big_b
        return Exact(wide(a.n, largest) * wide(b.n, largest), a.scale[0] * b.scale[0], error=error)

    def __truediv__(self, other):
        a, b = self.plain(), other.plain()
        least = min((abs(int(v)) for v in np.unique(b.n)), default=1) - b.error
        if least <= 0:
            raise Unjudged("a division by what may be zero")
        if b.n.size == 1 and not b.error:
            n = a.n if a.n.ndim >= b.n.ndim else a.n.reshape(b.n.shape)
            return Exact(n, a.scale[0] / (b.scale[0] * int(b.n.reshape(-1)[0])), error=a.error)
        n = (a.n.astype(object) << FRACTION_BITS) // b.n
        error = ((a.error << FRACTION_BITS) + bound(n) * b.error) // least + 2
        return Exact(n, a.scale[0] / b.scale[0] / 2**FRACTION_BITS, error=error)

    def fractions(self) -> list[Fraction]:
        x = self.plain()
        return [int(v) * x.scale[0] for v in x.n.reshape(-1)]


def on_one_scale(*values: Exact) -> list[Exact]:
    values = [v.plain() for v in values]
    if len({v.scale[0] for v in values}) == 1:
        return values
    base = lcm(*(v.scale[0].denominator for v in values))
    whole = [v.scale[0].numerator * (base // v.scale[0].denominator) for v in values]
    common = gcd(*whole)
    result = []
    for v, w in zip(values, whole):
        factor = w // common
        n = wide(v.n, max(bound(v.n), 1) * abs(factor)) * factor
        result.append(Exact(n, Fraction(common, base), error=v.error * abs(factor)))
    return result


def rounded(n: np.ndarray, r: Fraction, o: Fraction) -> np.ndarray:
    """round(n * r + o), ties to even. In int64 with a bound on what the fraction of r leaves out;
    who is near a tie is done again in full."""
    largest = bound(n)
    reach = abs(r) * largest + abs(o) + 2
    k = 61 - int(reach).bit_length()
    if n.size and k >= 16 and largest < 2**62 and n.size > 64:
        m, c = (r.numerator << k) // r.denominator, (o.numerator << k) // o.denominator
        is_exact = m * r.denominator == r.numerator << k and c * o.denominator == o.numerator << k
        slack = 0 if is_exact else largest + 2
        if slack < 2 ** (k - 2):
            t = n.astype(np.int64) * m + c
            q = t >> k
            above = t - (q << k) - (1 << (k - 1))
            q += (above > 0) | ((above == 0) & (q & 1 == 1))
            if slack:
                near = np.abs(above) <= slack
                if near.any():
                    q[near] = whole_rounded(n[near], r, o)
            return q
    return whole_rounded(n, r, o)


def whole_rounded(n: np.ndarray, r: Fraction, o: Fraction) -> np.ndarray:
    base = lcm(r.denominator, o.denominator)
    p = n.astype(object) * (r.numerator * (base // r.denominator)) + o.numerator * (
        base // o.denominator
    )
    q = p // base
    twice = 2 * (p - q * base)
    up = (twice > base) | ((twice == base) & (q % 2 == 1))
    q = q + up.astype(int).astype(object)
    return np.clip(q, -(2**61), 2**61).astype(np.int64)


def quantized(x: Exact, scales, zeros, axis: int, low: int, high: int):
    """QuantizeLinear: integers, and how many are undecided."""
    parts = max(len(scales), len(x.scale), len(x.offset))
    along = axis if len(scales) > 1 else x.axis
    if len(scales) > 1 and max(len(x.scale), len(x.offset)) > 1 and axis != x.axis:
        x = x.plain()
    result, undecided = np.empty(x.shape, np.int64), 0
    pick = lambda values, c: values[c] if len(values) > 1 else values[0]  # noqa: E731
    for c in range(parts):
        at = tuple([slice(None)] * along + [c]) if parts > 1 else ...
        s, z = pick(scales, c), pick(zeros, c)
        if s <= 0:
            raise Unjudged(f"a scale is {float(s)}")
        n, r, o = x.n[at], pick(x.scale, c) / s, pick(x.offset, c) / s
        ends = [None if e is None else round(e / s) for e in x.clamp]

        def finished(values, ends=ends, z=z):
            for which, end in zip((np.maximum, np.minimum), ends):
                values = values if end is None else which(values, max(min(end, 2**61), -(2**61)))
            return np.clip(values + z, low, high)

        q = finished(rounded(n, r, o))
        if x.error:
            below, above = (finished(rounded(n + d, r, o)) for d in (-x.error, x.error))
            undecided += int((below != above).sum())
        result[at] = q
    return result, undecided
