"""The ground that level 3 stands on: terms of cells equal Yosys' own SMT-LIB,
and the specification equals exact rationals."""

import fractions
import json
import math
import pathlib
import random
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "certificate"), str(ROOT / "certificate/formal")]

import bitwuzla  # noqa: E402
import level3  # noqa: E402
import netlist  # noqa: E402
import spec  # noqa: E402
import symbolic  # noqa: E402
import terms  # noqa: E402


def cells_in_use(folder: pathlib.Path) -> dict[str, dict]:
    """One cell of each type and set of parameters in the modules of the lemmas."""
    package = netlist.generate_package(ROOT, "edge16", folder)
    found = {}
    modules = {
        module
        for lemma in level3.all_lemmas()
        for module in lemma.modules
        if module.startswith("zahl_")
    }
    for module in sorted(modules):
        out = folder / f"{module}.json"
        assert (
            netlist.elaborate(
                "module", module, netlist.sources_of(ROOT, module, package), out, ROOT
            )
            == ""
        )
        for cell in json.loads(out.read_text())["modules"][module]["cells"].values():
            if cell["type"] != symbolic.REGISTER:
                key = (
                    cell["type"]
                    + " "
                    + " ".join(f"{k}={int(v, 2)}" for k, v in cell["parameters"].items())
                )
                found.setdefault(key, cell)
    return found


def one_cell(cell: dict) -> str:
    """A module with this cell alone, as RTLIL."""
    widths = {port: len(bits) for port, bits in cell["connections"].items()}
    lines = ["module \\m"]
    lines += [
        f"  wire width {w} {cell['port_directions'][port]} {i + 1} \\{port}"
        for i, (port, w) in enumerate(widths.items())
    ]
    lines += [f"  cell {cell['type']} \\c"] + [
        f"    parameter \\{k} {int(v, 2)}" for k, v in cell["parameters"].items()
    ]
    lines += [f"    connect \\{port} \\{port}" for port in widths] + ["  end", "end"]
    return "\n".join(lines) + "\n"


def smtlib(folder: pathlib.Path, cells: dict[str, dict]) -> list[str]:
    commands = []
    for i, cell in enumerate(cells.values()):
        (folder / f"{i}.il").write_text(one_cell(cell))
        commands += [
            f"read_rtlil {folder}/{i}.il",
            f"write_smt2 {folder}/{i}.smt2",
            "design -reset",
        ]
    code = (
        "from pyosys import libyosys as ys\nd = ys.Design()\n"
        f"for c in {commands!r}: ys.run_pass(c, d)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    return [(folder / f"{i}.smt2").read_text() for i in range(len(cells))]


def term_of(cell: dict):
    """What symbolic.py makes of the cell, and its operands."""
    ports, count = {}, 0
    bits = {}
    for port, nets in cell["connections"].items():
        bits[port] = list(range(count + 2, count + 2 + len(nets)))
        count += len(nets)
    machine = symbolic.Machine.__new__(symbolic.Machine)
    machine.netlist = symbolic.Netlist.__new__(symbolic.Netlist)
    machine.netlist.name, machine.products = "m", terms.Products(False)
    machine.netlist.cells = {"c": {**cell, "connections": bits}}
    machine.netlist.driver = {
        bit: (port, i) for port, nets in bits.items() for i, bit in enumerate(nets)
    }
    ports = {
        port: terms.fresh(f"mine_{port}", len(nets)) for port, nets in bits.items() if port != "Y"
    }
    return machine._cell("c", ports), ports


def defined(cell: dict, ports: dict) -> list:
    """Where Yosys leaves the result open, nothing is claimed."""
    if cell["type"] == "$pmux":
        s = ports["S"]
        rest = terms.op(
            bitwuzla.Kind.BV_AND,
            s,
            terms.op(bitwuzla.Kind.BV_SUB, s, terms.const(1, terms.width_of(s))),
        )
        return [terms.equal(rest, terms.const(0, terms.width_of(s)))]
    if cell["type"] == "$shiftx":
        width, last = (
            terms.width_of(ports["B"]),
            len(cell["connections"]["A"]) - len(cell["connections"]["Y"]),
        )
        return [
            terms.op(
                bitwuzla.Kind.BV_ULE, ports["B"], terms.const(min(last, (1 << width) - 1), width)
            )
        ]
    return []


def test_each_cell_in_use_means_what_yosys_says(tmp_path):
    cells = cells_in_use(tmp_path)
    assert len(cells) > 50
    for (key, cell), text in zip(cells.items(), smtlib(tmp_path, cells), strict=True):
        mine, ports = term_of(cell)
        widths = {port: len(nets) for port, nets in cell["connections"].items()}
        text += "(declare-const state |m_s|)\n"
        for port, width in widths.items():
            value = f"(|m_n {port}| state)"
            if width == 1:
                value = f"(ite {value} #b1 #b0)"
            text += (
                f"(declare-const yosys_{port} (_ BitVec {width}))\n"
                f"(assert (= yosys_{port} {value}))\n"
            )
        parser = bitwuzla.Parser(terms.MANAGER, bitwuzla.Options())
        parser.parse(text, True, False)
        declared = {f.symbol(): f for f in parser.get_declared_funs()}
        solver = parser.bitwuzla()
        for port, term in ports.items():
            solver.assert_formula(terms.equal(term, declared[f"yosys_{port}"]))
        for assumption in defined(cell, ports):
            solver.assert_formula(assumption)
        assert solver.check_sat() == bitwuzla.Result.SAT, f"{key}: the comparison is empty"
        solver.assert_formula(terms.negation(terms.equal(mine, declared["yosys_Y"])))
        assert solver.check_sat() == bitwuzla.Result.UNSAT, key


HALF = fractions.Fraction(1, 2)


def away(x: fractions.Fraction) -> int:
    return math.floor(x + HALF) if x >= 0 else -math.floor(-x + HALF)


RATIONAL = {
    "half_up": lambda p, n: math.floor(fractions.Fraction(p, 2**n) + HALF),
    "half_even": lambda p, n: round(fractions.Fraction(p, 2**n)),
    "half_away": lambda p, n: away(fractions.Fraction(p, 2**n)),
    "tfl_double": lambda p, n: (
        RATIONAL["half_up"](p, n)
        if n <= 31
        else away(fractions.Fraction(RATIONAL["half_up"](p, 31), 2 ** (n - 31)))
    ),
}


def samples(seed: int):
    """Products and shifts: random ones, ties, and their neighbours."""
    random_ = random.Random(seed)
    for _ in range(150):
        n = random_.randrange(64)
        yield random_.randrange(-(2**62) + 2**31, 2**62 - 2**31), n
        tie = (2 * random_.randrange(-200, 200) + 1) << max(n - 1, 0)
        for p in (tie - 1, tie, tie + 1):
            if abs(p) < 2**62:
                yield p, n


@pytest.mark.parametrize("mode", spec.ROUND)
def test_the_specification_rounds_as_exact_rationals_do(mode):
    simplify = terms.Simplifier()
    for p, n in samples(20261123):
        rounded = spec.ROUND[mode](
            spec.Integer(terms.const(p, 64)), spec.Integer.natural(terms.const(n, 6))
        )
        value, width = terms.value_of(simplify(rounded.term)), rounded.width
        assert value - (value >> (width - 1) << width) == RATIONAL[mode](p, n), (p, n)


def test_corner_bounds_hold_every_product():
    for wa in (1, 2, 3, 4):
        for wb in (2, 3, 4):
            low, high = terms.corner_bounds(wa, False, wb, True)
            products = {
                a * b for a in range(-(1 << wa >> 1), 1 << wa >> 1) for b in range(0, 1 << wb >> 1)
            }
            assert (low, high) == (min(products), max(products))
