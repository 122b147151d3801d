"""Facts that prose repeats are those of the files that hold them."""

import json
import re
import sys
import tomllib

from rooms import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
from benchmarks import readme  # noqa: E402


def text_of(path: str) -> str:
    return (ROOT / path).read_text()


def test_readme_has_the_figures_of_the_benchmarks():
    text = text_of("README.md")
    assert readme.words(text) == readme.words(readme.fresh(text)), "run: scripts/bench readme"


def test_a_figure_that_drifted_is_seen():
    text = text_of("README.md")
    cycles = readme.row(readme.tables(ROOT / "docs/networks.md")[0], "ResNet-50")["cycles"]
    drifted = text.replace(cycles, "1,234")
    assert drifted != text
    assert readme.words(drifted) != readme.words(readme.fresh(drifted))


def test_pages_of_the_benchmarks_agree():
    """The cycles of a network do not depend on when they were measured."""
    networks, speed = (
        {r["network"].removeprefix("MLPerf Tiny "): r["cycles"] for r in table}
        for table in (
            readme.tables(ROOT / "docs/networks.md")[0],
            readme.tables(ROOT / "docs/speed.md")[0],
        )
    )
    both = networks.keys() & speed.keys()
    assert len(both) >= 5
    assert {name: networks[name] for name in both} == {name: speed[name] for name in both}


def test_readme_counts_the_random_programs():
    source = text_of("tests/agree/engines_test.cpp")
    counts = [
        int(re.search(rf"{name} = (\d+);", source)[1]) for name in ("kRanges", "kProgramsPerRange")
    ]
    assert f"{counts[0] * counts[1]:,} random programs a preset" in text_of("README.md")


def test_machine_page_names_every_timing_formula():
    """And no other; tests/unit/contract/timing_test.cpp compares the page's numbers with them."""
    types = "int64_t|uint32_t|int|TileSequence|ArrayCycles"
    computed = re.findall(rf"^(?:inline )?(?:{types}) (\w+)\(", text_of("contract/timing.h"), re.M)
    named = re.findall(r"`timing::(\w+)`", text_of("docs/machine.md"))
    assert set(named) - {"name"} == set(computed)


def preset(path: str) -> dict:
    return tomllib.loads(text_of(f"isa/presets/{path}.toml"))


def test_user_guide_has_the_values_of_the_presets():
    page = text_of("docs/user_guide.md")
    rows = []
    for name, mark in (("edge16", " (default)"), ("tiny8", ""), ("wide32", "")):
        p = preset(name)
        bank = p["scratchpad_bank_bytes"] // 1024
        rows.append(
            f"| `{name}`{mark} | {p['rows']} x {p['columns']} | {p['scratchpad_banks']} banks of "
            f"{bank} KiB | {p['bus_bytes']} B |"
        )
    for name, mark in (("dram", " (default)"), ("onchip", "")):
        p = preset(f"memory/{name}")
        latency = p["latency_cycles"]
        cycles = f"{latency} cycle{'s' if latency > 1 else ''}"
        rows.append(f"| `{name}`{mark} | {cycles} | {p['bytes_per_cycle']} |")
    missing = [row for row in rows if row not in page]
    assert not missing, f"docs/user_guide.md should say: {missing}"


def test_default_model_page_has_its_accuracies():
    page, accuracy = (
        text_of("models/digits/README.md"),
        json.loads(text_of("models/digits/accuracy.json")),
    )
    images = accuracy["images"]
    assert f"| {images} held-out images |" in page
    for key, name in (
        ("float", "float, ONNX Runtime"),
        ("ort_int8", "int8, ONNX Runtime"),
        ("zahl_int8", "int8, Zahl"),
    ):
        share = accuracy[key]
        assert f"| {name} | {round(share * images)} ({100 * share:.2f} %) |" in page
