"""The formulas of docs/arithmetic.md over bit-vector terms.

Written from that page, from neither the RTL nor the C++. An `Integer` is exact: each
operation makes its result wide enough, so that nothing wraps unless `wrapped` says so.
"""

from bitwuzla import Kind
from terms import Products, const, equal, extend, extract, op, value_of, width_of

ROUNDINGS = {
    "tfl_double": 0,
    "half_up": 1,
    "half_even": 2,
    "half_away": 3,
}  # as the field `rounding` encodes them


class Integer:
    """A signed integer in as many bits as it needs."""

    def __init__(self, term):
        self.term = term

    @staticmethod
    def of(value: int) -> "Integer":
        return Integer(const(value, value.bit_length() + 1))

    @staticmethod
    def natural(term) -> "Integer":
        return Integer(extend(term, width_of(term) + 1, False))

    @property
    def width(self) -> int:
        return width_of(self.term)

    def to(self, width: int):
        """The term in `width` bits, which must be enough."""
        assert width >= self.width
        return extend(self.term, width, True)

    def wrapped(self, width: int) -> "Integer":
        return Integer(extend(self.term, width, True))

    def _both(self, other: "Integer", more: int):
        width = max(self.width, other.width) + more
        return self.to(width), other.to(width)

    def __add__(self, other: "Integer") -> "Integer":
        return Integer(op(Kind.BV_ADD, *self._both(other, 1)))

    def __sub__(self, other: "Integer") -> "Integer":
        return Integer(op(Kind.BV_SUB, *self._both(other, 1)))

    def __neg__(self) -> "Integer":
        return Integer(op(Kind.BV_NEG, self.to(self.width + 1)))

    def __lt__(self, other: "Integer"):
        return op(Kind.BV_SLT, *self._both(other, 0))

    def __gt__(self, other: "Integer"):
        return op(Kind.BV_SGT, *self._both(other, 0))

    def equals(self, other: "Integer"):
        return equal(*self._both(other, 0))

    def is_negative(self):
        return equal(extract(self.term, self.width - 1, self.width - 1), const(1, 1))

    def magnitude(self) -> "Integer":
        return choose(self.is_negative(), -self, self)

    def times_power(self, exponent: "Integer", most: int) -> "Integer":
        """self * 2^exponent for 0 <= exponent <= most."""
        width = self.width + most
        return Integer(op(Kind.BV_SHL, self.to(width), fit(exponent, width)))

    def floor_power(self, exponent: "Integer") -> "Integer":
        """floor(self * 2^-exponent) for exponent >= 0."""
        return Integer(op(Kind.BV_ASHR, self.term, fit(exponent, self.width)))


def fit(amount: Integer, width: int):
    """A shift amount as wide as what it shifts.
    It is far below 2^(width - 1) wherever this is used."""
    constant = value_of(amount.term)
    assert amount.width <= width or constant is not None and constant < width
    return extend(amount.term, width, True)


def choose(condition, then: Integer, other: Integer) -> Integer:
    a, b = then._both(other, 0)
    return Integer(op(Kind.ITE, condition, a, b))


ONE = Integer.of(1)
MOST_SHIFT = 63


def floor_plus_half(p: Integer, n: Integer, most: int = MOST_SHIFT) -> Integer:
    """floor(p * 2^-n + 1/2), which is floor((2p + 2^n) / 2^(n + 1))."""
    doubled = p.times_power(ONE, 1) + ONE.times_power(n, most)
    return doubled.floor_power(n + ONE)


def half_up(p: Integer, n: Integer) -> Integer:
    return floor_plus_half(p, n)


def half_even(p: Integer, n: Integer) -> Integer:
    floor = p.floor_power(n)
    remainder = p - floor.times_power(n, MOST_SHIFT)  # of the division by 2^n
    unit, twice = ONE.times_power(n, MOST_SHIFT), remainder.times_power(ONE, 1)
    is_odd = equal(extract(floor.term, 0, 0), const(1, 1))
    return choose(
        twice < unit, floor, choose(twice > unit, floor + ONE, choose(is_odd, floor + ONE, floor))
    )


def half_away(p: Integer, n: Integer) -> Integer:
    rounded = floor_plus_half(p.magnitude(), n)
    return choose(p.is_negative(), -rounded, rounded)


def tfl_double(p: Integer, n: Integer) -> Integer:
    first = floor_plus_half(p, Integer.of(31))
    return choose(n > Integer.of(31), half_away(first, n - Integer.of(31)), floor_plus_half(p, n))


ROUND = {
    "tfl_double": tfl_double,
    "half_up": half_up,
    "half_even": half_even,
    "half_away": half_away,
}


def clamp(x: Integer, low: Integer, high: Integer) -> Integer:
    return choose(x < low, low, choose(x > high, high, x))


def multiply(
    products: Products,
    a: Integer,
    b: Integer,
    a_is_natural: bool = False,
    b_is_natural: bool = False,
) -> Integer:
    return Integer(products(a.term, b.term, a_is_natural, b_is_natural))


def requantize(
    rounding: str,
    product: Integer,
    shift: Integer,
    zero_point: Integer,
    low: Integer,
    high: Integer,
) -> Integer:
    """clamp(zero_point + round(product * 2^-shift), low, high)."""
    return clamp(zero_point + ROUND[rounding](product, shift), low, high)


def eltwise_operand(product: Integer, shift: Integer) -> Integer:
    """tfl_double(q * 2^20, m0, 31 + shift) of q * m0, for shift 0 .. 31."""
    return tfl_double(product.times_power(Integer.of(20), 20), Integer.of(31) + shift)


def doubling_high_multiply(product: Integer) -> Integer:
    """srdhm: floor(a * b * 2^-31 + 1/2) of a * b."""
    return floor_plus_half(product, Integer.of(31))


def leading_zeros(bits) -> Integer:
    """Of a 32-bit natural number; 32 for 0."""
    count = Integer.of(32)
    for place in range(32):  # the highest one that is set decides
        count = choose(
            equal(extract(bits, place, place), const(1, 1)), Integer.of(31 - place), count
        )
    return count


def newton(f: Integer, srdhm) -> Integer:
    """The last x of one_over_one_plus_x(f), 0 <= f < 2^31. `srdhm` maps two Integers of 32 bits to
    one. Sums wrap at 32 bits: that they never need to is another lemma."""
    d = (f + Integer.of(1 << 31)).floor_power(ONE).wrapped(32)
    x = (Integer.of(1515870810) + srdhm(d, Integer(const(-1010580540, 32)))).wrapped(32)
    for _ in range(3):
        e = (Integer.of(1 << 29) - srdhm(d, x)).wrapped(32)
        x = (x + srdhm(x, e).times_power(Integer.of(2), 2)).wrapped(32)
    return x


def twice_saturated(x: Integer) -> Integer:
    """min(2 * x, 2^31 - 1)."""
    doubled, most = x.times_power(ONE, 1), Integer.of((1 << 31) - 1)
    return choose(doubled > most, most, doubled)


def select(index, entries: list):
    """entries[index], of 2^width(index) terms."""
    if len(entries) == 1:
        return entries[0]
    top, half = width_of(index) - 1, len(entries) // 2
    below = extract(index, top - 1, 0) if top else index
    return op(
        Kind.ITE,
        equal(extract(index, top, top), const(1, 1)),
        select(below, entries[half:]),
        select(below, entries[:half]),
    )
