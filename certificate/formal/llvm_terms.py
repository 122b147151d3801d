"""Straight-line C++ as terms: LLVM's textual form of a function without loops,
with poison and undefined behaviour.

Integers, selects, branches, phis, and memory of its own at constant places are understood; anything
else is refused by name, a float above all. A function gives (result, condition under which all is
defined).
"""

import re

from bitwuzla import Kind
from report import ProveError
from terms import (
    MANAGER,
    Products,
    as_bit,
    concat,
    conjunction,
    const,
    equal,
    extend,
    is_set,
    negation,
    op,
    value_of,
    width_of,
)

ARITHMETIC = {
    "add": Kind.BV_ADD,
    "sub": Kind.BV_SUB,
    "and": Kind.BV_AND,
    "or": Kind.BV_OR,
    "xor": Kind.BV_XOR,
}
SHIFTS = {"shl": Kind.BV_SHL, "lshr": Kind.BV_SHR, "ashr": Kind.BV_ASHR}
COMPARE = {
    "ult": Kind.BV_ULT,
    "ule": Kind.BV_ULE,
    "ugt": Kind.BV_UGT,
    "uge": Kind.BV_UGE,
    "slt": Kind.BV_SLT,
    "sle": Kind.BV_SLE,
    "sgt": Kind.BV_SGT,
    "sge": Kind.BV_SGE,
}
MINMAX = {"smin": Kind.BV_SLT, "smax": Kind.BV_SGT, "umin": Kind.BV_ULT, "umax": Kind.BV_UGT}
IGNORED = re.compile(r"call void @llvm\.(lifetime|memset|assume|dbg)|call void @llvm.experimental")


def either(terms: list):
    terms = [t for t in terms if not t.is_false()]
    return MANAGER.mk_false() if not terms else terms[0] if len(terms) == 1 else op(Kind.OR, *terms)


class Value:
    """A term, when it is poison, and the same number as 2^power times factors
    (term, is_natural) that may be narrower."""

    def __init__(self, term, poison=None, factors=None, power: int = 0):
        self.term, self.poison = term, poison or MANAGER.mk_false()
        self.factors, self.power = factors or [(term, False)], power


class Function:
    """`text`: the whole module; `name`: a function in it."""

    def __init__(self, text: str, name: str, products: Products):
        found = re.search(
            rf"^define [^\n]*@{name}\((.*?)\) [^\n]*{{\n(.*?)^}}", text, re.MULTILINE | re.DOTALL
        )
        if found is None:
            raise ProveError(f"the compiler made no function {name}")
        self.name, self.products = name, products
        self.parameters = re.findall(r"i(\d+)[^,]*?(%\d+)", found[1])
        self.blocks, label = {}, f"%{len(self.parameters)}"
        self.blocks[label] = []
        body = re.sub(
            r"\[\n(.*?)\n\s*\]",
            lambda m: "[" + " ".join(m[1].split()) + "]",
            found[2],
            flags=re.DOTALL,
        )  # switches
        for line in body.splitlines():
            if match := re.match(r"(\d+):", line):
                label = f"%{match[1]}"
                self.blocks[label] = []
            elif line.strip():
                self.blocks[label].append(re.sub(r", !.*$|, align \d+", "", line.strip()))

    def __call__(self, *arguments) -> tuple:
        """Arguments: terms as wide as the parameters,
        or (term, True) where the top bit is known to be 0."""
        self.values = {}
        for (bits, name), argument in zip(self.parameters, arguments, strict=True):
            term, is_natural = argument if isinstance(argument, tuple) else (argument, False)
            assert width_of(term) == int(bits), (self.name, name)
            self.values[name] = Value(term, None, [(term, is_natural)])
        self.places, self.memory, self.faults = {}, {}, []
        self.edges = {label: [] for label in self.blocks}  # label: [(from, condition)]
        first = next(iter(self.blocks))
        self.edges[first] = [("entry", MANAGER.mk_true())]
        self.result = None
        for label in self._order(first):
            self._run(label, either([condition for _, condition in self.edges[label]]))
        return self.result.term, negation(either([self.result.poison, *self.faults]))

    def _targets(self, label: str) -> list[str]:
        return re.findall(r"label (%\d+)", self.blocks[label][-1])

    def _order(self, first: str) -> list[str]:
        order, state = [], {}

        def visit(label: str) -> None:
            if state.get(label) == "open":
                raise ProveError(f"{self.name} has a loop, which this proof does not follow")
            if label not in state:
                state[label] = "open"
                for target in self._targets(label):
                    visit(target)
                state[label] = "done"
                order.insert(0, label)

        visit(first)
        return order

    def _run(self, label: str, condition) -> None:
        for line in self.blocks[label]:
            if line.startswith("br ") or line.startswith("switch "):
                self._branch(label, line, condition)
            elif match := re.match(r"ret i(\d+) (\S+)$", line):
                self.result = self._value(match[2], int(match[1]))
            elif match := re.match(r"store (i\d+) (\S+), \S+ (%\d+)$", line):
                self.memory[self.places.get(match[3], match[3])] = self._value(
                    match[2], int(match[1][1:])
                )
            elif match := re.match(r"(%\d+) = (.*)$", line):
                self._assign(match[1], match[2], label)
            elif not IGNORED.match(line):
                raise ProveError(
                    f"{self.name}: {line!r} is none of the instructions that this proof understands"
                )

    def _branch(self, label: str, line: str, condition) -> None:
        def go(target: str, when) -> None:
            self.edges[target].append((label, conjunction([condition, when])))

        if match := re.match(r"br label (%\d+)$", line):
            return go(match[1], MANAGER.mk_true())
        if match := re.match(r"br i1 (\S+), label (%\d+), label (%\d+)", line):
            value = self._value(match[1], 1)
            go(match[2], is_set(value.term))
            go(match[3], negation(is_set(value.term)))
        else:
            match = re.match(r"switch i(\d+) (\S+), label (%\d+) \[(.*)\]", line)
            bits = int(match[1])
            value, rest = self._value(match[2], bits), []
            for number, target in re.findall(r"i\d+ (-?\d+), label (%\d+)", match[4]):
                rest.append(equal(value.term, const(int(number), bits)))
                go(target, rest[-1])
            go(match[3], negation(either(rest)))
        self.faults.append(conjunction([condition, value.poison]))

    def _value(self, text: str, bits: int) -> Value:
        if text in self.values:
            return self.values[text]
        numbers = {"true": 1, "false": 0, "zeroinitializer": 0}
        if not re.fullmatch(r"-?\d+", text) and text not in numbers:
            raise ProveError(f"{self.name}: operand {text} is no integer")
        number = numbers[text] if text in numbers else int(text)
        return Value(
            const(number, bits), None, [(const(number, min(bits, number.bit_length() + 1)), False)]
        )

    def _assign(self, name: str, text: str, label: str) -> None:
        if text.startswith("alloca "):
            return
        if match := re.match(r"bitcast \S+.* (%\d+) to ", text):
            self.places[name] = f"{match[1]} cast"
        elif match := re.match(r"getelementptr inbounds .*\* (%\d+), (i64 0.*)$", text):
            self.places[name] = f"{match[1]} {match[2]}"
        elif match := re.match(r"load (i\d+), \S+ (%\d+)$", text):
            place = self.places.get(match[2], match[2])
            if place not in self.memory:
                raise ProveError(
                    f"{self.name}: {name} reads memory that the function did not write"
                )
            self.values[name] = self.memory[place]
        elif match := re.match(r"phi i(\d+) (.*)$", text):
            self.values[name] = self._phi(
                int(match[1]), re.findall(r"\[ (\S+), (%\d+) \]", match[2]), label
            )
        else:
            self.values[name] = self._compute(text)

    def _phi(self, bits: int, incoming: list, label: str) -> Value:
        term = poison = None
        for text, origin in incoming:
            value = self._value(text, bits)
            when = either(
                [condition for source, condition in self.edges[label] if source == origin]
            )
            term = value.term if term is None else op(Kind.ITE, when, value.term, term)
            poison = value.poison if poison is None else op(Kind.ITE, when, value.poison, poison)
        return Value(term, poison)

    def _compute(self, text: str) -> Value:
        if match := re.match(r"(sext|zext|trunc) i(\d+) (\S+) to i(\d+)$", text):
            value, bits = self._value(match[3], int(match[2])), int(match[4])
            term = extend(value.term, bits, match[1] == "sext")
            if match[1] == "trunc":
                return Value(term, value.poison)
            if match[1] == "zext" and not (len(value.factors) == 1 and value.factors[0][1]):
                return Value(
                    term,
                    value.poison,
                    [(extend(value.term, width_of(value.term) + 1, False), True)],
                )
            return Value(term, value.poison, value.factors, value.power)
        if match := re.match(r"select i1 (\S+), i(\d+) (\S+), i\d+ (\S+)$", text):
            condition, bits = self._value(match[1], 1), int(match[2])
            a, b, chosen = (
                self._value(match[3], bits),
                self._value(match[4], bits),
                is_set(self._value(match[1], 1).term),
            )
            return Value(
                op(Kind.ITE, chosen, a.term, b.term),
                either([condition.poison, op(Kind.ITE, chosen, a.poison, b.poison)]),
            )
        if match := re.match(r"icmp (\w+) i(\d+) (\S+), (\S+)$", text):
            a, b = self._value(match[3], int(match[2])), self._value(match[4], int(match[2]))
            same = equal(a.term, b.term)
            answer = (
                same
                if match[1] == "eq"
                else negation(same)
                if match[1] == "ne"
                else op(COMPARE[match[1]], a.term, b.term)
            )
            return Value(as_bit(answer), either([a.poison, b.poison]))
        if match := re.match(
            r"(?:tail )?call i(\d+) @llvm\.(smin|smax|umin|umax)\.i\d+\(i\d+ (\S+), i\d+ (\S+)\)",
            text,
        ):
            a, b = self._value(match[3], int(match[1])), self._value(match[4], int(match[1]))
            return Value(
                op(Kind.ITE, op(MINMAX[match[2]], a.term, b.term), a.term, b.term),
                either([a.poison, b.poison]),
            )
        if match := re.match(r"(\w+)((?: nuw| nsw| exact)*) i(\d+) (\S+), (\S+)$", text):
            a, b = self._value(match[4], int(match[3])), self._value(match[5], int(match[3]))
            term, own = self._binary(match[1], match[2].split(), a, b, text)
            return Value(
                term, either([a.poison, b.poison, *own]), *self._narrow(match[1], a, b, term)
            )
        raise ProveError(
            f"{self.name}: {text!r} is none of the instructions that this proof understands"
        )

    def _product(self, factors: list):
        """Of all factors, narrow ones first: a compiler may multiply in any order."""
        factors = sorted(factors, key=lambda factor: (width_of(factor[0]), factor[1]))
        term, is_natural = factors[0]
        for other, other_is_natural in factors[1:]:
            term, is_natural = self.products(term, other, is_natural, other_is_natural), False
        return term

    def _narrow(self, kind: str, a: Value, b: Value, term) -> tuple:
        """(factors, power) of a result that always fits fewer bits than its type has;
        else of itself."""
        bits, places = width_of(term), value_of(b.term)
        fits = sum(width_of(factor) for factor, _ in a.factors + b.factors) + a.power + b.power
        if kind == "mul" and fits < bits:
            return a.factors + b.factors, a.power + b.power
        if kind == "ashr" and places is not None and 0 < places < bits:
            return [(extend(term, bits - places, True), False)], 0
        if kind in ("add", "sub") and a.power == b.power == 0:
            x, y = self._product(a.factors), self._product(b.factors)
            if (width := max(width_of(x), width_of(y)) + 1) < bits:
                return [
                    (op(ARITHMETIC[kind], extend(x, width, True), extend(y, width, True)), False)
                ], 0
        if (
            kind == "shl"
            and places is not None
            and sum(width_of(factor) for factor, _ in a.factors) + a.power + places < bits
        ):
            return a.factors, a.power + places
        return None, 0

    def _binary(self, kind: str, flags: list[str], a: Value, b: Value, text: str) -> tuple:
        """The result, and the conditions under which it is poison."""
        bits = width_of(a.term)
        if kind in ("and", "or", "xor"):
            return op(ARITHMETIC[kind], a.term, b.term), []
        if kind in SHIFTS:
            term = op(SHIFTS[kind], a.term, b.term)
            poison = [op(Kind.BV_UGE, b.term, const(bits, bits))]
            for flag, back in (("nsw", Kind.BV_ASHR), ("nuw", Kind.BV_SHR)):
                if flag in flags:
                    poison.append(negation(equal(op(back, term, b.term), a.term)))
            if "exact" in flags:
                poison.append(negation(equal(op(Kind.BV_SHL, term, b.term), a.term)))
            return term, poison
        if kind == "mul" and "nuw" not in flags:
            wide, power = self._product(a.factors + b.factors), a.power + b.power
            wide = concat(wide, const(0, power)) if power else wide
            term = extend(wide, bits, True)
            return term, [
                negation(
                    equal(
                        extend(term, max(bits, width_of(wide)), True),
                        extend(wide, max(bits, width_of(wide)), True),
                    )
                )
            ] if "nsw" in flags else []
        if kind in ("add", "sub"):
            term, poison = op(ARITHMETIC[kind], a.term, b.term), []
            for flag, is_signed in (("nsw", True), ("nuw", False)):
                if flag in flags:
                    exact = op(
                        ARITHMETIC[kind],
                        extend(a.term, bits + 1, is_signed),
                        extend(b.term, bits + 1, is_signed),
                    )
                    poison.append(negation(equal(exact, extend(term, bits + 1, is_signed))))
            return term, poison
        raise ProveError(
            f"{self.name}: {text!r} is none of the instructions that this proof understands"
        )
