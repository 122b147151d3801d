"""A flat netlist of Yosys as functions over bit-vector terms, cycle by cycle.

Every value of every register is possible at first, an undefined bit ("x") may be anything, and
inputs are terms: what is proved of the outputs after some cycles is proved for every state that the
module can be in.
"""

import itertools
import json
import pathlib

from bitwuzla import Kind
from report import ProveError
from terms import (
    Products,
    Simplifier,
    as_bit,
    concat,
    const,
    equal,
    extend,
    extract,
    fresh,
    is_set,
    negation,
    op,
    width_of,
)

REGISTER = "$dff"
BINARY = {
    "$add": Kind.BV_ADD,
    "$sub": Kind.BV_SUB,
    "$and": Kind.BV_AND,
    "$or": Kind.BV_OR,
    "$xor": Kind.BV_XOR,
    "$xnor": Kind.BV_XNOR,
}
COMPARE = {
    "$lt": (Kind.BV_ULT, Kind.BV_SLT),
    "$le": (Kind.BV_ULE, Kind.BV_SLE),
    "$gt": (Kind.BV_UGT, Kind.BV_SGT),
    "$ge": (Kind.BV_UGE, Kind.BV_SGE),
}


class Netlist:
    """One module, read from Yosys' JSON."""

    def __init__(self, path: pathlib.Path, name: str):
        module = json.loads(path.read_text())["modules"][name]
        self.name = name
        self.inputs = {
            port: p["bits"] for port, p in module["ports"].items() if p["direction"] == "input"
        }
        self.outputs = {
            port: p["bits"] for port, p in module["ports"].items() if p["direction"] == "output"
        }
        self.cells = module["cells"]
        self.registers = {n: c for n, c in self.cells.items() if c["type"] == REGISTER}
        self.driver: dict[int, tuple[str, int]] = {}  # net: who drives it, which bit
        for port, bits in self.inputs.items():
            self._drive(port, bits)
        for cell, body in self.cells.items():
            self._drive(cell, body["connections"]["Q" if body["type"] == REGISTER else "Y"])
            if body["type"] == REGISTER and (
                body["connections"]["CLK"] != self.inputs["clk_i"]
                or int(body["parameters"]["CLK_POLARITY"], 2) != 1
            ):
                raise ProveError(
                    f"{name}: register {cell} is not clocked by the rising edge of clk_i"
                )
        self.order = self._order()

    def _drive(self, who: str, bits: list) -> None:
        self.driver.update({bit: (who, i) for i, bit in enumerate(bits)})

    def _order(self) -> list[str]:
        """Combinational cells, each after those that it reads."""
        order, state = [], {}
        for root in self.cells:
            stack = [(root, False)]
            while stack:
                cell, is_done = stack.pop()
                if cell not in self.cells or cell in self.registers:
                    continue
                if is_done:
                    state[cell] = "done"
                    order.append(cell)
                elif cell not in state:
                    state[cell] = "open"
                    stack.append((cell, True))
                    body = self.cells[cell]
                    bits = [
                        b
                        for port, port_bits in body["connections"].items()
                        if port != "Y"
                        for b in port_bits
                        if isinstance(b, int)
                    ]
                    stack += [(self.driver[b][0], False) for b in bits]
                elif state[cell] == "open":
                    raise ProveError(f"{self.name}: combinational loop through {cell}")
        return order


class Machine:
    """A netlist with a state. `products` says what multiplication means."""

    def __init__(self, netlist: Netlist, products: Products, prefix: str = ""):
        self.netlist, self.products, self.prefix, self.cycle = netlist, products, prefix, 0
        self.simplify = Simplifier()
        self.state = {
            name: self._unknown(name, len(c["connections"]["Q"]))
            for name, c in netlist.registers.items()
        }

    def _unknown(self, name: str, width: int):
        return fresh(f"{self.prefix}{name}@{self.cycle}", width)

    def step(self, **inputs) -> dict:
        """One cycle: outputs as seen in it. An input that is not given may be anything. Registers
        then hold the next state."""
        values = dict(self.state)
        for port, bits in self.netlist.inputs.items():
            given = inputs.pop(port, None)
            if isinstance(given, int):
                given = const(given, len(bits))
            values[port] = self._unknown(port, len(bits)) if given is None else given
            if width_of(values[port]) != len(bits):
                raise ProveError(
                    f"{self.netlist.name}: port {port} has {len(bits)} bits, the lemma gives "
                    f"{width_of(values[port])}"
                )
        if inputs:
            raise ProveError(
                f"{self.netlist.name} has no input {', '.join(inputs)}: "
                "its ports changed, and with them the lemma must"
            )
        for name in self.netlist.order:
            values[name] = self.simplify(self._cell(name, values))
        outputs = {
            port: self.simplify(self._bits(bits, values))
            for port, bits in self.netlist.outputs.items()
        }
        self.state = {
            n: self._bits(c["connections"]["D"], values) for n, c in self.netlist.registers.items()
        }
        self.cycle += 1
        return outputs

    def _bits(self, bits: list, values: dict):
        """A vector of nets as one term: runs of the same driver are one extract."""
        parts, i = [], 0
        while i < len(bits):
            if isinstance(bits[i], str):
                j = i
                while j < len(bits) and bits[j] == bits[i] and bits[i] != "x":
                    j += 1
                j = max(j, i + 1)
                parts.append(
                    self._unknown(f"x{len(parts)}", 1)
                    if bits[i] == "x"
                    else const(0 if bits[i] == "0" else -1, j - i)
                )
                i = j
                continue
            who, low = self.netlist.driver[bits[i]]
            j = i + 1
            while (
                j < len(bits)
                and isinstance(bits[j], int)
                and self.netlist.driver[bits[j]] == (who, low + j - i)
            ):
                j += 1
            parts.append(extract(values[who], low + j - i - 1, low))
            i = j
        return concat(*reversed(parts))

    def _operand(self, bits: list, is_signed: bool, values: dict):
        """An operand of a multiplication without the copies of its sign;
        and whether it is a natural number."""
        bits = list(bits) if is_signed else [*bits, "0"]
        while len(bits) > 1 and bits[-1] == bits[-2]:
            bits.pop()
        return self._bits(bits, values), bits[-1] == "0"

    def _cell(self, name: str, values: dict):
        body = self.netlist.cells[name]
        kind, ports = body["type"], body["connections"]
        parameters = {
            key: int(value, 2)
            for key, value in body["parameters"].items()
            if set(value) <= {"0", "1"}
        }
        width = len(ports["Y"])
        a_signed, b_signed = parameters.get("A_SIGNED", 0) == 1, parameters.get("B_SIGNED", 0) == 1
        if kind == "$mul":
            a, a_is_natural = self._operand(ports["A"], a_signed and b_signed, values)
            b, b_is_natural = self._operand(ports["B"], a_signed and b_signed, values)
            return extend(self.products(a, b, a_is_natural, b_is_natural), width, True)
        a = self._bits(ports["A"], values)
        if kind == "$mux":
            return op(
                Kind.ITE, is_set(self._bits(ports["S"], values)), self._bits(ports["B"], values), a
            )
        if kind == "$pmux":
            return self._parallel_mux(a, ports, values, width)
        if "B" not in ports:
            return unary(kind, a, a_signed, width, self.netlist.name)
        return binary(
            kind, a, self._bits(ports["B"], values), a_signed, b_signed, width, self.netlist.name
        )

    def _parallel_mux(self, a, ports: dict, values: dict, width: int):
        """Defined if at most one select is set; else it may be anything."""
        select, result = self._bits(ports["S"], values), None
        for i in range(len(ports["S"])):
            value = self._bits(ports["B"][i * width : (i + 1) * width], values)
            chosen = op(Kind.ITE, is_set(extract(select, i, i)), value, const(0, width))
            result = chosen if result is None else op(Kind.BV_OR, result, chosen)
        several = any_bit(
            op(Kind.BV_AND, select, op(Kind.BV_SUB, select, const(1, width_of(select))))
        )
        if len(ports["S"]) > 1:
            result = op(Kind.ITE, several, undefined(width), result)
        return op(Kind.ITE, equal(select, const(0, width_of(select))), a, result)


_COUNT = itertools.count()


def undefined(width: int):
    return fresh(f"undefined{next(_COUNT)}", width)


def any_bit(term):
    return negation(equal(term, const(0, width_of(term))))


def unary(kind: str, a, is_signed: bool, width: int, where: str):
    if kind in ("$not", "$neg", "$pos"):
        wide = extend(a, width, is_signed)
        return wide if kind == "$pos" else op(Kind.BV_NOT if kind == "$not" else Kind.BV_NEG, wide)
    booleans = {
        "$logic_not": lambda: negation(any_bit(a)),
        "$reduce_bool": lambda: any_bit(a),
        "$reduce_or": lambda: any_bit(a),
        "$reduce_and": lambda: equal(a, const(-1, width_of(a))),
    }
    if kind in booleans:
        return extend(as_bit(booleans[kind]()), width, False)
    if kind == "$reduce_xor":
        return extend(op(Kind.BV_REDXOR, a), width, False)
    raise ProveError(
        f"{where}: no meaning is known for cells of type {kind}; "
        "add it to certificate/formal/symbolic.py"
    )


def binary(kind: str, a, b, a_signed: bool, b_signed: bool, width: int, where: str):
    is_signed = a_signed and b_signed
    if kind in BINARY:
        return op(BINARY[kind], extend(a, width, is_signed), extend(b, width, is_signed))
    if kind in ("$logic_and", "$logic_or"):
        return extend(
            as_bit(op(Kind.AND if kind == "$logic_and" else Kind.OR, any_bit(a), any_bit(b))),
            width,
            False,
        )
    common = max(width_of(a), width_of(b))
    if kind in COMPARE:
        return extend(
            as_bit(
                op(
                    COMPARE[kind][is_signed],
                    extend(a, common, is_signed),
                    extend(b, common, is_signed),
                )
            ),
            width,
            False,
        )
    if kind in ("$eq", "$ne"):
        same = equal(extend(a, common, is_signed), extend(b, common, is_signed))
        return extend(as_bit(same if kind == "$eq" else negation(same)), width, False)
    if kind == "$shiftx":
        return part_select(a, b, b_signed, width)
    if kind in ("$shl", "$sshl", "$shr", "$sshr"):
        return shift(kind, a, a_signed, b, width)
    raise ProveError(
        f"{where}: no meaning is known for cells of type {kind}; "
        "add it to certificate/formal/symbolic.py"
    )


def shift(kind: str, a, a_signed: bool, b, width: int):
    """Yosys extends A to the width of the result first."""
    inner = max(width, width_of(a), width_of(b))
    value = extend(a, inner, a_signed)
    if kind == "$shr" and a_signed:  # the sign fills up to the width of the result only
        value = extend(extend(a, max(width, width_of(a)), True), inner, False)
    right = Kind.BV_ASHR if kind == "$sshr" and a_signed else Kind.BV_SHR
    shifted = op(
        Kind.BV_SHL if kind in ("$shl", "$sshl") else right, value, extend(b, inner, False)
    )
    return extract(shifted, width - 1, 0)


def part_select(a, b, b_signed: bool, width: int):
    """a[b +: width]. What is read past the ends may be anything."""
    inner = max(width_of(a), width_of(b)) + 1
    amount = extend(b, inner, b_signed)  # a negative one is a large one
    is_inside = op(Kind.BV_ULE, amount, const(width_of(a) - width, inner))
    return op(
        Kind.ITE,
        is_inside,
        extract(op(Kind.BV_SHR, extend(a, inner, False), amount), width - 1, 0),
        undefined(width),
    )
