"""Functions that are not rational, to FRACTION_BITS binary places: decimal arithmetic with far more
digits than those, so the last place is the only doubt."""

from decimal import Context, Decimal, localcontext
from fractions import Fraction

import numpy as np
from exact import FRACTION_BITS, INFINITY, Exact, Unjudged

DIGITS = 100
LARGEST = 60_000  # different arguments of one node


def exp(x: Decimal) -> Decimal:
    return max(min(x, Decimal(200)), Decimal(-200)).exp()


def sigmoid(x):
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def tanh(x):
    return 2 * sigmoid(2 * x) - 1


def softplus(x):
    return x + (1 + exp(-x)).ln() if x > 0 else (1 + exp(x)).ln()


def erf(x):
    """2 / sqrt(pi) * exp(-x^2) * SUM 2^k x^(2k+1) / (2k+1)!!, all terms of one sign."""
    if abs(x) > 10:
        return Decimal(1).copy_sign(x)
    term = total = x
    k = 0
    while abs(term) > Decimal(10) ** -90:
        k += 1
        term = term * 2 * x * x / (2 * k + 1)
        total += term
    return 2 / PI.sqrt() * (-x * x).exp() * total


PI = Decimal(
    "3.141592653589793238462643383279502884197169399375105820974944592307816406286208998628"
    "03482534211706798214808651"
)


def gelu(x):
    return x / 2 * (1 + erf(x / Decimal(2).sqrt()))


def gelu_tanh(x):
    return x / 2 * (1 + tanh((2 / PI).sqrt() * (x + Decimal("0.044715") * x**3)))


def elu(x, alpha=Decimal(1)):
    return x if x >= 0 else alpha * (exp(x) - 1)


# ONNX does not say what a QuantizeLinear makes of a result that is not a number: here it counts as
# zero, so that the zero point comes out. An infinity saturates.
NOT_A_NUMBER = Decimal(0)
INFINITE = Decimal(INFINITY.numerator)


def root(x):
    return x.sqrt() if x >= 0 else NOT_A_NUMBER


def logarithm(x):
    return x.ln() if x > 0 else -INFINITE if x == 0 else NOT_A_NUMBER


def reciprocal(x):
    return 1 / x if x else INFINITE


def sine(x):
    """Taylor, within half a turn of zero."""
    x -= (x / (2 * PI)).to_integral_value() * 2 * PI
    term = total = x
    k = 1
    while abs(term) > Decimal(10) ** -90:
        term = -term * x * x / ((k + 1) * (k + 2))
        total += term
        k += 2
    return total


def cosine(x):
    return sine(x + PI / 2)


def tangent(x):
    return sine(x) / cosine(x)


def arctangent(x):
    """Halved four times, then Taylor."""
    for _ in range(4):
        x = x / (1 + (1 + x * x).sqrt())
    power = total = x
    k = 1
    while abs(power) > Decimal(10) ** -90:
        power = -power * x * x
        k += 2
        total += power / k
    return 16 * total


def arcsine(x):
    if abs(x) > 1:
        return NOT_A_NUMBER
    return (PI / 2).copy_sign(x) if abs(x) == 1 else arctangent(x / (1 - x * x).sqrt())


def arccosine(x):
    return NOT_A_NUMBER if abs(x) > 1 else PI / 2 - arcsine(x)


def hyperbolic_sine(x):
    return (exp(x) - exp(-x)) / 2


def hyperbolic_cosine(x):
    return (exp(x) + exp(-x)) / 2


def area_sine(x):
    return (abs(x) + (x * x + 1).sqrt()).ln().copy_sign(x)


def area_cosine(x):
    return (x + (x * x - 1).sqrt()).ln() if x >= 1 else NOT_A_NUMBER


def area_tangent(x):
    if abs(x) >= 1:
        return INFINITE.copy_sign(x) if abs(x) == 1 else NOT_A_NUMBER
    return ((1 + x) / (1 - x)).ln() / 2


def decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def fixed(value: Decimal) -> int:
    return int((value * 2**FRACTION_BITS).to_integral_value())


def mapped(x: Exact, function) -> Exact:
    """function (Decimal to Decimal) of each element."""
    x = x.plain()
    arguments, place = np.unique(x.n.reshape(-1), return_inverse=True)
    if len(arguments) > LARGEST:
        raise Unjudged(f"a function of {len(arguments)} different numbers")
    with localcontext(Context(prec=DIGITS)):
        scale, doubt = x.scale[0], 2
        results = [fixed(function(decimal(int(a) * scale))) for a in arguments]
        if x.error:
            for shift in (-x.error, x.error):
                ends = [fixed(function(decimal((int(a) + shift) * scale))) for a in arguments]
                doubt = max(doubt, 2 + 2 * max(abs(e - r) for e, r in zip(ends, results)))
    table = np.array(results, object)
    return Exact(
        table[place.reshape(-1)].reshape(x.shape), Fraction(1, 2**FRACTION_BITS), error=doubt
    )


def exponentials(x: Exact, axis: int) -> tuple[Exact, Exact]:
    """exp(x - max) and its sum along `axis`."""
    x = x.plain()
    powers = mapped(Exact(x.n - x.n.max(axis=axis, keepdims=True), x.scale, error=2 * x.error), exp)
    total = Exact(
        powers.n.sum(axis=axis, keepdims=True), powers.scale, error=powers.error * x.shape[axis]
    )
    return powers, total


def softmax(x: Exact, axis: int) -> Exact:
    powers, total = exponentials(x, axis)
    n = (powers.n << FRACTION_BITS) // total.n
    return Exact(n, Fraction(1, 2**FRACTION_BITS), error=2 + powers.error + total.error)


def log_softmax(x: Exact, axis: int) -> Exact:
    x = x.plain()
    _, total = exponentials(x, axis)
    top = Exact(x.n.max(axis=axis, keepdims=True), x.scale, error=x.error)
    return x - top - mapped(total, logarithm)
