"""The assertions of the RTL can fail: a module that is driven against its header stops, and says
which sentence was broken; and a header requires nothing that no assertion checks.
"""

import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
HERE = ROOT / "tests/unit/rtl"
sys.path.insert(0, str(ROOT / "tests/guard"))
from lint_rtl import modules, packages_in_order  # noqa: E402

# What zahl_assertion_bench does to which instance: fault_i, instance, assertion.
VIOLATIONS = [
    (1, "u_fifo", "a_push_only_with_room"),
    (2, "u_fifo", "a_pop_only_what_is_held"),
    (3, "u_control", "a_start_only_when_stopped"),
    (4, "u_control", "a_clear_only_when_stopped"),
    (5, "u_issue", "a_push_only_with_room"),
    (6, "u_tokens", "a_end_only_what_is_dispatched"),
    (7, "u_claims", "a_end_only_in_flight"),
    (8, "u_counters", "a_unit_waits_for_one"),
    (9, "u_registers", "a_write_address_stays_until_taken"),
    (10, "u_bursts", "a_start_only_when_done"),
    (11, "u_bursts", "a_advance_only_with_a_burst"),
    (12, "u_read_address", "a_load_stays_until_taken"),
    (13, "u_reader", "a_first_byte_before_the_last"),
    (14, "u_reader", "a_bytes_within_a_line"),
    (15, "u_writer", "a_write_has_bytes"),
    (16, "u_sequence", "a_start_only_when_not_holding"),
    (17, "u_tiles", "a_begin_only_what_is_pending"),
    (18, "u_weights", "a_load_only_when_loaded"),
    (19, "u_taps", "a_window_within_the_lanes"),
    (20, "u_pad", "a_pairs_make_two_accesses"),
    (21, "u_lines", "a_pair_begins_at_an_even_place"),
    (22, "u_multiplier", "a_never_saturates"),
    (23, "u_requantizer", "a_low_not_above_high"),
    (24, "u_table", "a_start_only_when_idle"),
    (25, "u_table", "a_look_up_only_when_filled"),
    (26, "u_reciprocal", "a_start_only_when_idle"),
    (27, "u_drain", "a_start_only_when_done"),
]

# Bugs in the modules themselves: file, its text, what becomes of it, instance, assertion.
BUGS = [
    (
        "base/zahl_fifo.sv",
        "if (!push_i && pop_i) count_q <= count_q - 1'b1;",
        "",
        "u_fifo",
        "a_pointers_are_count_apart",
    ),
    (
        "dma/zahl_bursts.sv",
        "bytes = ends_row ? left_q[RoomBits:0] : room;",
        "bytes = left_q[RoomBits:0];",
        "u_bursts",
        "a_burst_within_its_limit",
    ),
    (
        "dma/zahl_read_address.sv",
        "load_stays_q <= load_valid_i && select_load && !axi_arready_i;",
        "load_stays_q <= 1'b0;",
        "u_read_address",
        "a_address_stays_until_taken",
    ),
]


def sources(rtl: pathlib.Path) -> list[pathlib.Path]:
    return [rtl / "waivers.vlt", *packages_in_order(rtl), *modules(rtl)]


def build(root: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The bench around the modules of root/rtl."""
    generate = [sys.executable, "-B", ROOT / "isa/generate.py", "sv", "tiny8", folder]
    subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
    command = ["verilator", "--cc", "--exe", "--build", "-j", "2", "--assert", "-Wno-fatal"]
    command += [f"-I{root}", "--top-module", "zahl_assertion_bench", "--Mdir", folder / "obj"]
    command += ["--x-assign", "fast", "--x-initial", "fast", "-o", folder / "bench"]
    command += ["-MAKEFLAGS", "OPT_FAST=-O1 OPT_SLOW=-O0"]
    command += [folder / "zahl_pkg.sv", *sources(root / "rtl")]
    command += [HERE / "zahl_assertion_bench.sv", HERE / "assertion_bench.cpp"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder / "bench"


def run(bench: pathlib.Path, fault: int) -> tuple[int, list[tuple[str, str]]]:
    """Exit code, and what failed: instance and assertion."""
    done = subprocess.run([bench, str(fault)], capture_output=True, text=True)
    pattern = r"Assertion failed in bench\.zahl_assertion_bench\.(\w+)[^:]*\.(\w+):"
    return done.returncode, re.findall(pattern, done.stdout + done.stderr)


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> pathlib.Path:
    return build(ROOT, tmp_path_factory.mktemp("bench"))


def test_modules_driven_as_they_require_run(bench: pathlib.Path):
    assert run(bench, 0) == (0, [])


@pytest.mark.parametrize(
    "fault, instance, assertion", VIOLATIONS, ids=lambda x: x if isinstance(x, str) else None
)
def test_a_violation_stops_at_its_assertion(
    fault: int, instance: str, assertion: str, bench: pathlib.Path
):
    code, failed = run(bench, fault)
    assert code != 0 and failed == [(instance, assertion)]


@pytest.mark.parametrize("file, text, planted, instance, assertion", BUGS, ids=lambda x: x[:40])
def test_a_bug_stops_at_its_assertion(
    file: str, text: str, planted: str, instance: str, assertion: str, tmp_path: pathlib.Path
):
    shutil.copytree(ROOT / "rtl", tmp_path / "rtl")
    source = (tmp_path / "rtl" / file).read_text()
    assert source.count(text) == 1, f"{file} does not hold {text!r}"
    (tmp_path / "rtl" / file).write_text(source.replace(text, planted))
    code, failed = run(build(tmp_path, tmp_path), 0)
    assert code != 0 and failed == [(instance, assertion)]


def unchecked_requirements(name: str, text: str) -> list[str]:
    """The requirements of a module's header that name no assertion of the module."""
    asserted = set(re.findall(r"`ZAHL_ASSERT\w*\(\s*(a_\w+),", text))
    header = text[: text.index("\nmodule ")]
    sentences = re.findall(r"REQUIRES.*?(?=\n//\s*\n|REQUIRES|\Z)", header, re.DOTALL)
    faults = []
    for sentence in sentences:
        sentence = re.sub(r"\s*\n//\s*", " ", sentence)
        names = re.match(r"REQUIRES \((a_\w+(?:, a_\w+)*)\): .", sentence)
        missing = set(names[1].split(", ")) - asserted if names else {"no assertion is named"}
        faults += [f"{name}: {sentence.strip()!r}: {what}" for what in sorted(missing)]
    return faults


def test_each_requirement_is_checked():
    faults = []
    for path in modules(ROOT / "rtl"):
        faults += unchecked_requirements(path.stem, path.read_text())
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "header", ["REQUIRES: no push when full.", "REQUIRES (a_other): no push when full."]
)
def test_a_requirement_without_assertion_is_found(header: str):
    text = f"// A module.\n//\n// {header}\nmodule m;\n  `ZAHL_ASSERT(a_push, 1)\nendmodule\n"
    assert len(unchecked_requirements("m", text)) == 1


def test_each_module_asserts_something():
    silent = [p.stem for p in modules(ROOT / "rtl") if "`ZAHL_ASSERT" not in p.read_text()]
    assert not silent, silent
