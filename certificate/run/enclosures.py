"""Functions that are not rational, to FRACTION_BITS binary places: decimal arithmetic with far more
digits than those, so the last place is the only doubt."""

from decimal import Context, Decimal, localcontext
from fractions import Fraction

import numpy as np
from exact import FRACTION_BITS, Exact, Unjudged

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


def root(x):
    if x < 0:
        raise Unjudged("a square root of a negative number")
    return x.sqrt()


def logarithm(x):
    if x <= 0:
        raise Unjudged("a logarithm of a number that is not positive")
    return x.ln()


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
