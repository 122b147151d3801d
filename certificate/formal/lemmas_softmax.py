"""The softmax unit against docs/arithmetic.md, section 6:
multiplier, reciprocal, and whole rows of a few elements."""

import spec
from bitwuzla import Kind
from lemma import Context, Lemma, Question
from lemmas_post import instruction_word
from spec import Integer, choose
from terms import MANAGER, conjunction, const, equal, extend, extract, fresh, negation, op, value_of

RECIPROCAL_CYCLES = 20
MOST_CYCLES = 200  # of a row of a few elements, with room to spare


def multiplier(context: Context) -> Question:
    a, b = fresh("a", 32), fresh("b", 32)
    module = context.machine("zahl_doubling_multiplier")
    module.step(multiply_i=1, a_i=a, b_i=b)
    result = module.step(multiply_i=0)["result_o"]
    held = module.step()["result_o"]
    # Only -2^31 * -2^31 makes 2^31, which does not fit.
    expected = spec.doubling_high_multiply(
        spec.multiply(context.products, Integer(a), Integer(b))
    ).wrapped(32)
    watch = {
        "a": (a, True),
        "b": (b, True),
        "result_o": (result, True),
        "specification": (expected.term, True),
    }
    return Question(conjunction([Integer(result).equals(expected), equal(held, result)]), watch)


def normalized(total):
    """(headroom, f) of a sum: f = (sum << headroom) - 2^31."""
    headroom = spec.leading_zeros(total)
    shifted = Integer.natural(total).times_power(headroom, 32)
    return headroom, shifted - Integer.of(1 << 31)


def reciprocal_of(total, srdhm) -> tuple[Integer, object]:
    """The scale; and what is assumed: that the last x is not negative,
    which the exhaustive run over all f shows."""
    f = normalized(total)[1]
    is_zero = equal(total, const(0, 32))
    x = spec.newton(f, srdhm)
    return choose(is_zero, Integer.of(0), spec.twice_saturated(x)), op(
        Kind.OR, is_zero, negation(x.is_negative())
    )


def reciprocal(context: Context) -> Question:
    """The multiplier that is lent to it is any function of two operands
    that answers in the cycle after."""
    total = fresh("sum", 32)
    word = MANAGER.mk_bv_sort(32)
    function = MANAGER.mk_const(MANAGER.mk_fun_sort([word, word], word), "srdhm")

    def srdhm(a: Integer, b: Integer) -> Integer:
        return Integer(op(Kind.APPLY, function, a.wrapped(32).term, b.wrapped(32).term))

    module = context.machine("zahl_reciprocal")
    out = module.step(rst_ni=1, start_i=1, sum_i=total)
    for _ in range(RECIPROCAL_CYCLES):
        answer = op(Kind.APPLY, function, out["a_o"], out["b_o"])
        product = op(
            Kind.ITE,
            equal(out["multiply_o"], const(1, 1)),
            answer,
            fresh(f"idle{module.cycle}", 32),
        )
        out = module.step(rst_ni=1, start_i=0, product_i=product)
    (expected, assumption), headroom = reciprocal_of(total, srdhm), normalized(total)[0]
    is_zero = equal(total, const(0, 32))
    same_headroom = op(Kind.OR, is_zero, Integer.natural(out["headroom_o"]).equals(headroom))
    watch = {
        "sum": (total, False),
        "scale_o": (out["scale_o"], True),
        "specification": (expected.term, True),
        "headroom_o": (out["headroom_o"], False),
    }
    return Question(
        conjunction([Integer(out["scale_o"]).equals(expected), same_headroom]), watch, [assumption]
    )


class Memory:
    """Answers reads of the softmax unit: elements by address, exponentials by
    address, both arbitrary."""

    def __init__(self):
        address = MANAGER.mk_bv_sort(24)
        self.bytes = MANAGER.mk_const(
            MANAGER.mk_fun_sort([address], MANAGER.mk_bv_sort(8)), "elements"
        )
        self.words = MANAGER.mk_const(
            MANAGER.mk_fun_sort([address], MANAGER.mk_bv_sort(32)), "exponentials"
        )

    def byte(self, address):
        return op(Kind.APPLY, self.bytes, address)

    def word(self, address):
        return op(Kind.APPLY, self.words, address)


def plus(address, offset):
    return op(
        Kind.BV_ADD,
        address,
        const(offset, 24) if isinstance(offset, int) else extend(offset, 24, False),
    )


def run_row(context: Context, memory: Memory, word) -> tuple[list, list]:
    """Starts a row and answers its reads.
    Returns the results as (address, value), and the row's shifts."""
    module = context.machine("zahl_softmax")
    module.step(rst_ni=0, start_i=0)
    module.step(rst_ni=1, start_i=1, instruction_i=word)
    results, shifts, pending, a_data, b_data = [], [], None, None, None
    for _ in range(MOST_CYCLES):
        out = module.step(rst_ni=1, start_i=0, a_data_i=a_data, b_data_i=b_data)
        if pending is not None:
            results.append((pending, out["value_o"]))
        issue_valid = context.part("zahl_post_pkg", "issue_t", "valid", out["issue_o"])
        issue_valid, shift_valid, is_end = (
            value_of(module.simplify(term))
            for term in (issue_valid, out["shift_valid_o"], out["end_o"])
        )
        if None in (issue_valid, shift_valid, is_end):
            raise AssertionError("the course of a row depends on data")
        pending = (
            context.part("zahl_post_pkg", "issue_t", "address", out["issue_o"])
            if issue_valid
            else None
        )
        if shift_valid:
            shifts.append(out["shift_o"])
        if is_end:
            break
        addresses = {
            p: extract(
                context.part("zahl_base_pkg", "read_request_t", "address", out[f"{p}_read_o"]),
                23,
                0,
            )
            for p in "ab"
        }
        a_data, b_data = memory.byte(addresses["a"]), memory.word(addresses["b"])
    return results, shifts


def row(count: int):
    def build(context: Context) -> Question:
        x = {
            "source": fresh("source", 24),
            "result": fresh("result", 24),
            "exponentials": fresh("exponentials", 24),
            "shift": fresh("shift", 6),
        }
        memory = Memory()
        fields = {"row_bytes": count - 1, "rows": 0, **x}
        results, shifts = run_row(context, memory, instruction_word(context, "softmax", **fields))

        elements = [Integer(memory.byte(plus(x["source"], i))) for i in range(count)]
        largest = elements[0]
        for element in elements[1:]:
            largest = choose(element > largest, element, largest)
        exponentials, total = [], Integer.of(0)
        for element in elements:
            difference = (largest - element).term  # 0 .. 255
            offset = op(Kind.BV_SHL, extend(difference, 24, False), const(2, 24))
            exponential = Integer.natural(
                extract(memory.word(plus(x["exponentials"], offset)), 30, 0)
            )
            exponentials.append(exponential)
            total = total + spec.half_away(exponential, Integer.of(12))
        bits = extend(total.term, 32, False) if total.width > 32 else extend(total.term, 32, True)

        def srdhm(a: Integer, b: Integer) -> Integer:
            product = spec.multiply(context.products, a.wrapped(32), b.wrapped(32))
            return spec.doubling_high_multiply(product).wrapped(32)

        scale, assumption = reciprocal_of(bits, srdhm)
        headroom = normalized(bits)[0]
        shift = Integer.natural(x["shift"]) + Integer.of(12) - headroom
        shift = spec.clamp(shift, Integer.of(0), Integer.of(63))
        is_zero = equal(
            bits, const(0, 32)
        )  # then every result is the zero point, whatever the shift
        claims = [
            equal(const(len(results), 8), const(count, 8)),
            equal(const(len(shifts), 8), const(1, 8)),
        ]
        claims += [op(Kind.OR, is_zero, Integer.natural(s).equals(shift)) for s in shifts]
        for i, (address, value) in enumerate(results):
            claims.append(equal(address, plus(x["result"], i)))
            claims.append(
                Integer(value)
                .wrapped(32)
                .equals(srdhm(scale.wrapped(32), exponentials[i].wrapped(32)))
            )
        watch = {f"element {i}": (element.term, True) for i, element in enumerate(elements)}
        watch |= {f"exponential {i}": (e.term, False) for i, e in enumerate(exponentials)} | {
            "sum": (bits, False)
        }
        watch |= {f"value {i}": (value, True) for i, (_, value) in enumerate(results)}
        return Question(conjunction(claims), watch, [assumption])

    return build


LEMMAS = [
    Lemma(
        "softmax multiplier",
        "zahl_doubling_multiplier: result_o in the cycle after multiply_i is "
        "floor(a * b * 2^-31 + 1/2) modulo 2^32, and holds; all a, b",
        ["zahl_doubling_multiplier"],
        multiplier,
    ),
    Lemma(
        "softmax reciprocal",
        f"zahl_reciprocal: {RECIPROCAL_CYCLES} cycles after start_i, scale_o is "
        "one_over_one_plus_x((sum << h) - 2^31) (steps modulo 2^32), 0 for a sum of 0, and "
        "headroom_o the leading zeros h; all sums, any state before, any function as multiplier "
        "that keeps the last x from being negative",
        ["zahl_reciprocal"],
        reciprocal,
    ),
    *[
        Lemma(
            f"softmax row of {count}",
            f"zahl_softmax with rows of {count} element{'s' if count > 1 else ''} (the bound of "
            "this proof): addresses read and written, sum, reciprocal, the row's shift and each "
            "quotient srdhm(scale, T[max - x]); all elements, exponentials, addresses and shifts",
            ["zahl_softmax"],
            row(count),
        )
        for count in (1, 2, 3)
    ],
]
