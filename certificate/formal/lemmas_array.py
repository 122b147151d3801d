"""One column of the array: dot product or maximum of a window,
combined with the accumulator (docs/machine.md, section 7)."""

import spec
from bitwuzla import Kind
from lemma import Context, Lemma, Question
from spec import Integer, choose
from terms import const, extract, fresh, is_set, op

WEIGHT_BITS = 9
MODULE = "zahl_array_column"


def load_weights(context: Context, module) -> list:
    """Writes all quads, as many a cycle as the port has; returns the weight of each lane."""
    ports = context.ports(MODULE)
    groups, at_once = ports["quad_write_i"], ports["quads_i"] // (4 * WEIGHT_BITS)
    weights = []
    for first in range(0, groups, at_once):
        quads = fresh(f"quads{first}", ports["quads_i"])
        mask = sum(1 << g for g in range(first, min(first + at_once, groups)))
        module.step(quad_write_i=mask, quads_i=quads)
        weights += [
            extract(quads, WEIGHT_BITS * i + WEIGHT_BITS - 1, WEIGHT_BITS * i)
            for i in range(4 * bin(mask).count("1"))
        ]
    return weights


def lanes_of(vector, count: int) -> list:
    return [extract(vector, 8 * i + 7, 8 * i) for i in range(count)]


def moved_window(context: Context, module, lanes: list, places: int) -> list:
    """A step of a depthwise window by one pixel or two:
    each lane takes what its masks let through, past the last lane 0."""
    rows = ["", "_one_above", "_two_above"]
    names = [f"newer{row}" for row in rows] + [f"older{row}" for row in rows if places == 2]
    bytes_ = {name: fresh(name, 8) for name in names}
    masks = {name: fresh(f"{name}_mask", 8 * len(lanes)) for name in [*names, "move"]}
    ports = {f"{n}_i": t for n, t in bytes_.items()} | {f"{n}_mask_i": t for n, t in masks.items()}
    module.step(take_i=0, move_i=1, pair_i=places - 1, swap_i=0, **ports)
    above = [*lanes[places:], *[const(0, 8)] * places]
    result = []
    for i in range(len(lanes)):
        sources = {"move": above[i], **bytes_}
        parts = [
            op(Kind.BV_AND, sources[name], lanes_of(masks[name], len(lanes))[i]) for name in sources
        ]
        result.append(op(Kind.BV_OR, *parts))
    return result


def dot_product(context: Context, lanes: list, weights: list) -> Integer:
    total = Integer.of(0)
    for lane, weight in zip(lanes, weights, strict=True):
        total = total + spec.multiply(context.products, Integer(lane), Integer(weight))
    return total


def maximum(lanes: list, weights: list) -> Integer:
    """Of the lanes whose weight is not 0; -128 if there are none."""
    largest = Integer.of(-128)
    for lane, weight in zip(lanes, weights, strict=True):
        value = Integer(lane)
        counts = op(Kind.AND, op(Kind.DISTINCT, weight, const(0, WEIGHT_BITS)), value > largest)
        largest = choose(counts, value, largest)
    return largest


def column(is_maximum: bool, places: int):
    def build(context: Context) -> Question:
        rows = context.ports(MODULE)["vector_i"] // 8
        module = context.machine(MODULE)
        weights = load_weights(context, module)
        vector = fresh("vector", 8 * rows)
        module.step(swap_i=1, take_i=1, vector_i=vector)
        lanes = lanes_of(vector, rows)
        if places:
            lanes = moved_window(context, module, lanes, places)
        module.step(compute_i=1, compute_maximum_i=int(is_maximum))
        accumulator, overwrite, takes_maximum = (
            fresh("accumulator", 32),
            fresh("overwrite", 1),
            fresh("maximum", 1),
        )
        result = module.step(
            accumulator_i=accumulator, overwrite_i=overwrite, maximum_i=takes_maximum
        )["sum_o"]
        value = maximum(lanes, weights) if is_maximum else dot_product(context, lanes, weights)
        before = Integer(accumulator)
        combined = choose(
            is_set(takes_maximum),
            choose(before > value, before, value),
            (before + value).wrapped(32),
        )
        expected = choose(is_set(overwrite), value, combined)
        watch = {f"x{i}": (lane, True) for i, lane in enumerate(lanes)} | {
            f"w{i}": (w, True) for i, w in enumerate(weights)
        }
        watch |= {
            "accumulator": (accumulator, True),
            "overwrite": (overwrite, False),
            "maximum": (takes_maximum, False),
        }
        watch |= {"sum_o": (result, True), "specification": (expected.term, True)}
        return Question(Integer(result).equals(expected), watch)

    return build


def shadow(context: Context) -> Question:
    """Weights are those active when the sum is made:
    what is written and not swapped in does not count."""
    rows = context.ports(MODULE)["vector_i"] // 8
    module = context.machine(MODULE)
    weights = load_weights(context, module)
    vector = fresh("vector", 8 * rows)
    module.step(swap_i=1, take_i=0)
    module.step(swap_i=0, take_i=1, vector_i=vector)  # the shadow may be written in any way
    module.step(swap_i=0, take_i=0, move_i=0)
    module.step(compute_i=1, compute_maximum_i=0)
    result = module.step(overwrite_i=1)["sum_o"]
    expected = dot_product(context, lanes_of(vector, rows), weights)
    return Question(
        Integer(result).equals(expected),
        {"sum_o": (result, True), "specification": (expected.term, True)},
    )


_ENDS = (
    "then overwritten, added modulo 2^32 or maximized with the accumulator; all windows, "
    "weights (9 bits), accumulators, any state before"
)
LEMMAS = []
for _what, _is_maximum, _statement in (
    ("column dot product", False, "the sum over all lanes of x * w"),
    ("column maximum", True, "the largest x among lanes of weight other than 0, -128 if none"),
):
    LEMMAS.append(
        Lemma(_what, f"zahl_array_column: {_statement}, {_ENDS}", [MODULE], column(_is_maximum, 0))
    )
    for _places, _step in ((1, "one pixel"), (2, "two pixels")):
        _moved = (
            f"zahl_array_column: {_statement}, after the depthwise window moved by {_step}, any "
            f"masks; {_ENDS}"
        )
        LEMMAS.append(
            Lemma(
                f"{_what}, window moved by {_step}", _moved, [MODULE], column(_is_maximum, _places)
            )
        )
_SHADOW = "zahl_array_column: weights written but not swapped in leave the dot product as it is"
LEMMAS.append(Lemma("column weight shadow", _SHADOW, [MODULE], shadow))
