"""Bit-vector terms for bitwuzla, and proofs: a claim holds if its negation has no model.

Products are special. `Products(abstract=True)` stands an uninterpreted function for the
multiplication: what is proved for any commutative function of the two operands (within the bounds
that a product of such operands has; where `is_odd`, also odd in its narrower operand) is proved for
the product.
"""

import time

import bitwuzla
from bitwuzla import Kind

MANAGER = bitwuzla.TermManager()  # one a process; a lemma runs in a process of its own


def const(value: int, width: int):
    return MANAGER.mk_bv_value(MANAGER.mk_bv_sort(width), value % (1 << width))


def fresh(name: str, width: int):
    return MANAGER.mk_const(MANAGER.mk_bv_sort(width), name)


def width_of(term) -> int:
    return term.sort().bv_size()


def op(kind, *terms, indices=()):
    return MANAGER.mk_term(kind, list(terms), list(indices))


def extract(term, high: int, low: int):
    if low == 0 and high == width_of(term) - 1:
        return term
    return op(Kind.BV_EXTRACT, term, indices=(high, low))


def concat(*terms):
    """The first is the most significant."""
    return terms[0] if len(terms) == 1 else op(Kind.BV_CONCAT, *terms)


def extend(term, width: int, is_signed: bool):
    """To `width` bits, cutting if there are more."""
    have = width_of(term)
    if have >= width:
        return extract(term, width - 1, 0)
    return op(
        Kind.BV_SIGN_EXTEND if is_signed else Kind.BV_ZERO_EXTEND, term, indices=(width - have,)
    )


def as_bit(boolean):
    return op(Kind.ITE, boolean, const(1, 1), const(0, 1))


def is_set(bit):
    return op(Kind.EQUAL, bit, const(1, 1))


def equal(a, b):
    return op(Kind.EQUAL, a, b)


def conjunction(terms: list):
    if not terms:
        return MANAGER.mk_true()
    return terms[0] if len(terms) == 1 else op(Kind.AND, *terms)


def negation(boolean):
    return op(Kind.NOT, boolean)


def value_of(term) -> int | None:
    """The number, if the term is one."""
    return int(term.value(10)) if term.is_value() else None


class Simplifier:
    """Bitwuzla's own rewriting, which folds what the constants of a cycle decide."""

    def __init__(self):
        self.solver = bitwuzla.Bitwuzla(MANAGER, bitwuzla.Options())

    def __call__(self, term):
        return self.solver.simplify_term(term)


class Products:
    """Signed products of full width, exact or abstract.
    `bounds` holds what is assumed of abstract ones."""

    def __init__(self, abstract: bool, is_odd: bool = False):
        self.abstract, self.bounds, self.count, self.is_odd = abstract, [], 0, is_odd
        self._functions, self._seen = {}, set()

    def __call__(self, a, b, a_is_natural: bool = False, b_is_natural: bool = False):
        """a * b in width(a) + width(b) bits. `..._is_natural`: the top bit is known to be 0."""
        self.count += 1
        if (width_of(a), a_is_natural) > (width_of(b), b_is_natural):
            a, b, a_is_natural, b_is_natural = b, a, b_is_natural, a_is_natural
        wa, wb = width_of(a), width_of(b)
        if not self.abstract:
            return op(Kind.BV_MUL, extend(a, wa + wb, True), extend(b, wa + wb, True))
        if (wa, wb) not in self._functions:
            sorts = [MANAGER.mk_bv_sort(w) for w in (wa, wb)]
            self._functions[wa, wb] = MANAGER.mk_const(
                MANAGER.mk_fun_sort(sorts, MANAGER.mk_bv_sort(wa + wb)), f"product_{wa}_{wb}"
            )
        result = op(Kind.APPLY, self._functions[wa, wb], a, b)
        if result.id() not in self._seen:
            self._seen.add(result.id())
            low, high = corner_bounds(wa, a_is_natural, wb, b_is_natural)
            self.bounds += [
                op(Kind.BV_SGE, result, const(low, wa + wb)),
                op(Kind.BV_SLE, result, const(high, wa + wb)),
            ]
            if wa == wb:
                self.bounds.append(equal(result, op(Kind.APPLY, self._functions[wa, wb], b, a)))
            if self.is_odd:  # (-a) * b = -(a * b), but for the a that has no negative
                opposite = op(Kind.APPLY, self._functions[wa, wb], op(Kind.BV_NEG, a), b)
                has_none = equal(a, const(1 << (wa - 1), wa))
                self.bounds.append(op(Kind.OR, has_none, equal(opposite, op(Kind.BV_NEG, result))))
        return result


def corner_bounds(wa: int, a_is_natural: bool, wb: int, b_is_natural: bool) -> tuple[int, int]:
    """Of x * y over a box of integers: it is linear in each,
    so that its extremes are at corners."""

    def ends(width: int, is_natural: bool) -> tuple[int, int]:
        return (0 if is_natural else -(1 << (width - 1)), (1 << (width - 1)) - 1)

    corners = [x * y for x in ends(wa, a_is_natural) for y in ends(wb, b_is_natural)]
    return min(corners), max(corners)


class Proof:
    """The outcome of one question to the solver."""

    def __init__(self, outcome: str, seconds: float, model: dict[str, int]):
        self.outcome, self.seconds, self.model = outcome, seconds, model

    @property
    def holds(self) -> bool:
        return self.outcome == "proved"


def prove(claim, assumptions: list, watch: dict, limit_seconds: float = 600) -> Proof:
    """`watch`: terms whose values tell a counterexample, name to (term, is_signed)."""
    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    options.set(bitwuzla.Option.TIME_LIMIT_PER, int(limit_seconds * 1000))
    solver = bitwuzla.Bitwuzla(MANAGER, options)
    begin = time.monotonic()
    for assumption in assumptions:
        solver.assert_formula(assumption)
    solver.assert_formula(negation(claim))
    result = solver.check_sat()
    model = {}
    if result == bitwuzla.Result.SAT:
        for name, (term, is_signed) in watch.items():
            value = int(solver.get_value(term).value(10))
            width = width_of(term)
            model[name] = value - (1 << width) if is_signed and value >> (width - 1) else value
    names = {bitwuzla.Result.UNSAT: "proved", bitwuzla.Result.SAT: "refuted"}
    return Proof(names.get(result, "undecided"), time.monotonic() - begin, model)


def is_satisfiable(assumptions: list) -> bool:
    """A claim under assumptions that nothing meets would say nothing."""
    return not prove(MANAGER.mk_false(), assumptions, {}, 60).holds
