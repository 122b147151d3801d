"""Level 3 finds what it should: each planted fault, with its place,
or a counterexample that exact arithmetic confirms."""

import fractions
import json
import math
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "certificate/formal/level3.py"


@pytest.fixture
def tree(tmp_path):
    for part in ("rtl", "isa", "sim"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def plant(tree: pathlib.Path, file: str, old: str, new: str) -> int:
    """Replaces text in a file of the tree; returns the line of the change."""
    path = tree / file
    text = path.read_text()
    assert old in text, (
        f"{file} has changed: {old!r} is gone, so that this test needs another place to plant its "
        "fault"
    )
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def level3(tree: pathlib.Path, *options: str) -> tuple[int, dict, str]:
    out = tree / "level3.json"
    run = subprocess.run(
        [sys.executable, "-B", SCRIPT, "--json", out, "--source", tree, "--no-cache", *options],
        capture_output=True,
        text=True,
    )
    assert out.exists(), run.stderr
    return run.returncode, json.loads(out.read_text()), run.stdout


def failed(report: dict) -> dict[str, dict]:
    return {check["name"]: check for check in report["checks"] if not check["holds"]}


PLANTED_TYPES = {
    "real": (
        "rtl/post/zahl_requantizer.sv",
        "  logic wide_q;\n",
        "  real planted;\n  logic wide_q;\n",
        "Variable planted has the type real",
    ),
    "real literal": (
        "rtl/post/zahl_table.sv",
        "  logic end_q;\n",
        "  logic end_q;\n  localparam int Planted = int'(2.5 * 3);\n",
        "type real",
    ),
    "shortreal": (
        "rtl/post/zahl_softmax.sv",
        "  phase_e phase_q;\n",
        "  phase_e phase_q;\n  shortreal planted;\n",
        "has the type shortreal",
    ),
    "DPI": (
        "rtl/array/zahl_array_column.sv",
        "  localparam int unsigned DotBits",
        '  import "DPI-C" function int planted(input int x);\n  localparam int unsigned DotBits',
        'import "DPI-C" function int planted',
    ),
    "float unit": (
        "rtl/post/zahl_eltwise_lane.sv",
        "  logic is_mul, is_sub;\n",
        "  fp_add32 u_planted (.a(a_m0_i), .b(b_m0_i), .y());\n  logic is_mul, is_sub;\n",
        "instance u_planted of the unknown module fp_add32",
    ),
}


@pytest.mark.parametrize("what", PLANTED_TYPES)
def test_finds_a_type_that_is_no_integer(tree, what):
    file, old, new, sentence = PLANTED_TYPES[what]
    first = plant(tree, file, old, new)
    code, report, text = level3(tree, "--only", "netlist")
    assert code == 1
    fault = next(
        fault
        for fault in failed(report)["types of the sources"]["evidence"]["faults"]
        if sentence in fault
    )
    place, line = fault.split(": ")[0].split(":")
    assert place == file and first <= int(line) <= first + new.count("\n")
    assert place in text


def test_finds_a_float_unit_that_brings_its_contents(tree):
    file = "rtl/post/zahl_eltwise_lane.sv"
    plant(
        tree,
        file,
        "  logic is_mul, is_sub;\n",
        "  fp_add32 u_planted (.a(a_m0_i), .y());\n  logic is_mul, is_sub;\n",
    )
    path = tree / file
    path.write_text(
        path.read_text()
        + (
            "module fp_add32 (input logic [30:0] a, output logic [30:0] y);\n  assign y = a + "
            "31'd1;\nendmodule\n"
        )
    )
    code, report, _ = level3(tree, "--only", "netlist")
    assert code == 1
    assert any(
        "zahl_eltwise_lane.sv" in fault and "fp_add32" in fault
        for fault in failed(report)["netlist"]["evidence"]["faults"]
    )


def rounded(mode: str, x: fractions.Fraction, n: int, product: int) -> int:
    half = fractions.Fraction(1, 2)
    if mode == "half_up" or mode == "tfl_double" and n <= 31:
        return math.floor(x + half)
    if mode == "half_even":
        return round(x)  # Python's own ties to even
    if mode == "half_away":
        return int(math.copysign(1, x)) * math.floor(abs(x) + half)
    first = fractions.Fraction(math.floor(fractions.Fraction(product, 2**31) + half), 2 ** (n - 31))
    return rounded("half_away", first, 0, 0)


def requantized(mode: str, c: dict) -> int:
    value = (c["accumulator"] + c["bias"] + 2**31) % 2**32 - 2**31
    product = c["product"] if c["wide"] else value * c["m0"]
    y = c["zero_point"] + rounded(
        mode, fractions.Fraction(product, 2 ** c["shift"]), c["shift"], product
    )
    return c["low"] if y < c["low"] else c["high"] if y > c["high"] else y


WRONG_ROUNDINGS = {
    "half_away": (
        "RoundingHalfAway: up = half && (rest || !doubled[63]);",
        "RoundingHalfAway: up = half;",
    ),
    "half_even": (
        "RoundingHalfEven: up = half && (rest || scaled[1]);",
        "RoundingHalfEven: up = half && (rest || !scaled[1]);",
    ),
    "half_up": ("RoundingHalfUp: up = half;", "RoundingHalfUp: up = half && rest;"),
    "tfl_double": ("(is_double ? 63'sd1 <<< 30 : 63'sd0)", "(is_double ? 63'sd1 <<< 29 : 63'sd0)"),
}


@pytest.mark.parametrize("mode", WRONG_ROUNDINGS)
def test_a_wrong_rounding_has_a_counterexample(tree, mode):
    plant(tree, "rtl/post/zahl_requantizer.sv", *WRONG_ROUNDINGS[mode])
    code, report, text = level3(tree, "--only", f"requantizer {mode}")
    assert code == 1
    example = failed(report)[f"requantizer {mode}"]["evidence"]["counterexample"]
    assert example["specification"] == requantized(mode, example) != example["result_o"]
    assert f"accumulator = {example['accumulator']}" in text


_SUM_OF_PRODUCTS = """product_sum = '0;
    if (compute_i && !compute_maximum_i) begin
      """
# By what is planted: the file, its text, the fault in its place, and the lemma that must fail.
MUTANTS = {
    "bias": (
        "post/zahl_requantizer.sv",
        "value_q <= accumulator_i + bias_i",
        "value_q <= accumulator_i - bias_i",
        "requantizer half_even",
    ),
    "clamp": (
        "post/zahl_requantizer.sv",
        "if (rounded > 12'(high)) return high;",
        "if (rounded >= 12'(high)) return low;",
        "requantizer half_up",
    ),
    "ten bits": (
        "post/zahl_requantizer.sv",
        "scaled[63:10] == '0 || ",
        "scaled[63:11] == '0 || ",
        "requantizer half_up",
    ),
    "left shift of 20": (
        "post/zahl_eltwise_lane.sv",
        "40'sd1024",
        "40'sd1023",
        "eltwise lane add tfl",
    ),
    "zero point": (
        "post/zahl_eltwise_lane.sv",
        "qb_q <= 9'(b_i) - 9'(b_zero_i)",
        "qb_q <= 9'(b_i) - 9'(a_zero_i)",
        "eltwise lane mul",
    ),
    "sign of b": (
        "post/zahl_eltwise_lane.sv",
        "bias_o = is_sub ? -b_scaled",
        "bias_o = is_sub ? ~b_scaled",
        "eltwise lane sub tfl",
    ),
    "lane": (
        "array/zahl_array_column.sv",
        f"{_SUM_OF_PRODUCTS}for (int unsigned l = 0;",
        f"{_SUM_OF_PRODUCTS}for (int unsigned l = 1;",
        "column dot product",
    ),
    "dot bits": (
        "array/zahl_array_column.sv",
        "DotBits = 17 + $clog2(Rows)",
        "DotBits = 16 + $clog2(Rows)",
        "column dot product",
    ),
    "maximum": (
        "array/zahl_array_column.sv",
        "largest = -8'sd128;",
        "largest = 8'sd0;",
        "column maximum",
    ),
    "shadow": (
        "array/zahl_array_column.sv",
        "if (swap_i) weights_q <= shadow_q;",
        "weights_q <= shadow_q;",
        "column weight shadow",
    ),
    "entry": ("post/zahl_table.sv", "^ 8'h80", "^ 8'h40", "tables"),
    "tie": (
        "post/zahl_doubling_multiplier.sv",
        "64'sh4000_0000",
        "64'sh3fff_ffff",
        "softmax multiplier",
    ),
    "48/17": (
        "post/zahl_reciprocal.sv",
        "32'sd1515870810",
        "32'sd1515870811",
        "softmax reciprocal",
    ),
    "element": (
        "post/zahl_softmax.sv",
        "count_q), 7'd1",
        "count_q + 13'd1), 7'd1",
        "softmax row of 2",
    ),
    "quotient shift": ("post/zahl_softmax.sv", "+ 8'sd12", "+ 8'sd13", "softmax row of 1"),
}


@pytest.mark.parametrize("what", MUTANTS)
def test_each_lemma_can_fail(tree, what):
    file, old, new, lemma = MUTANTS[what]
    plant(tree, f"rtl/{file}", old, new)
    code, report, _ = level3(tree, "--only", lemma)
    assert code == 1 and lemma in failed(report)
    assert "counterexample" in failed(report)[lemma]["evidence"]


def test_a_changed_port_is_named(tree):
    path = tree / "rtl/post/zahl_doubling_multiplier.sv"
    path.write_text(path.read_text().replace("multiply_i", "go_i"))
    code, report, _ = level3(tree, "--only", "softmax multiplier")
    assert code == 1
    assert (
        "zahl_doubling_multiplier has no input multiply_i"
        in failed(report)["softmax multiplier"]["detail"]
    )


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--config", "huge"], "--config huge"),
        (["--only", "no such lemma"], "no lemma's name contains no such lemma"),
        (["--source", "/nowhere"], "give the root of a Zahl tree"),
    ],
)
def test_bad_input_gives_one_sentence(options, sentence):
    run = subprocess.run([sys.executable, "-B", SCRIPT, *options], capture_output=True, text=True)
    assert run.returncode == 2
    assert sentence in run.stderr and run.stderr.count("\n") == 1


WRONG_KERNELS = {
    "rounding": (
        "sim/post/rounding.h",
        "(product + half - (product < 0 ? 1 : 0)) >> shift",
        "(product + half) >> shift",
        "C++ drain half_away",
    ),
    "overflow": (
        "sim/post/rounding.h",
        "static_cast<uint32_t>(a) + static_cast<uint32_t>(b)",
        "a + b",
        "C++ drain half_up",
    ),
    "zero point": (
        "sim/post/eltwise_lane.cpp",
        "job.b[at] - job.b_zero",
        "job.b[at] - job.a_zero",
        "C++ eltwise mul half_up",
    ),
}


@pytest.mark.parametrize("what", WRONG_KERNELS)
def test_a_wrong_kernel_has_a_counterexample(tree, what):
    file, old, new, lemma = WRONG_KERNELS[what]
    plant(tree, file, old, new)
    code, report, _ = level3(tree, "--only", lemma)
    assert code == 1
    example = failed(report)[lemma]["evidence"]["counterexample"]
    assert example["result"] != example["specification"] or example["is defined"] == 0


def test_a_float_in_a_kernel_is_refused_by_name(tree):
    plant(
        tree,
        "sim/post/rounding.h",
        "return (product + half) >> shift;",
        "return static_cast<int64_t>(static_cast<double>(product) / 2) >> shift;",
    )
    code, report, _ = level3(tree, "--only", "C++ drain half_up")
    assert code == 1
    assert "sitofp" in failed(report)["C++ drain half_up"]["detail"]


def test_vectors_find_a_wrong_vector_kernel(tree):
    plant(
        tree,
        "sim/post/eltwise_lane.cpp",
        "job.finish(combine(job, job.a[at]",
        "at == 4711 ? int8_t{0} : job.finish(combine(job, job.a[at]",
    )
    code, report, text = level3(tree, "--only", "C++ eltwise, vectors")
    assert code == 1 and "specification" in failed(report)["C++ eltwise, vectors"]["detail"]
