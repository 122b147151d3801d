"""docs/operators.md is what the tables say, and no rule stands beside them."""

import os
import re
import subprocess

from rooms import ROOT, sources

PAGE = ROOT / "docs/operators.md"
PRINT = "build/release/bin/print_operators > docs/operators.md && scripts/format markdown"
# Sentences that concern the file, its ports or its notation as a whole, before any operator.
OF_FILES = {
    "constants",
    "dimensions",
    "external_data",
    "file",
    "graph",
    "left_in_float",
    "qoperator",
    "read_model",
    "reader",
    "refuse",
    "source",
}


def words(page: str) -> list[str]:
    """Without the layout, which is the formatter's."""
    return re.sub(r"^\s*\d+\. ", "", page, flags=re.MULTILINE).replace("\\", "").split()


def test_page_of_operators_is_fresh():
    printed = subprocess.run(
        [os.environ["PRINT_OPERATORS"]], capture_output=True, text=True, check=True
    )
    assert words(printed.stdout) == words(PAGE.read_text()), f"run: {PRINT}"


ROOMS = ("compiler/frontend/", "compiler/integerize/")


def frontend(*suffixes: str) -> dict[str, str]:
    found = {p.relative_to(ROOT).as_posix(): p.read_text() for p in sources(*suffixes)}
    return {name: text for name, text in found.items() if name.startswith(ROOMS)}


def test_operators_refuse_by_rules_only():
    """A refusal that brings its own words would be in no table."""
    free = [
        name
        for name, text in frontend(".cpp").items()
        if name.split("/")[-1].removesuffix(".cpp") not in OF_FILES
        and re.search(r"\brefuse\(", text)
    ]
    assert not free, f"use refuse<rule>: {free}"


def test_each_rule_is_listed_and_called():
    idle = []
    assert len(frontend("rules.h")) == 4
    for name, lists in frontend("rules.h").items():
        room = name.removesuffix("rules.h")  # those of network/ are called by both formats
        text = "".join(t for n, t in frontend(".cpp").items() if "network" in room or room in n)
        rules = re.findall(r"inline constexpr Rule (k\w+)", lists)
        assert rules
        idle += [f"{rule} is refused by nothing" for rule in rules if f"refuse<{rule}>" not in text]
        listed = " ".join(re.findall(r"kRules<([^>]*)>", lists))
        in_no_list = [r for r in rules if not re.search(rf"\b{r}\b", listed) and r != "kInTable"]
        idle += [f"{rule} is in no list" for rule in in_no_list]
        groups = re.findall(r"inline constexpr auto (k\w+Rules)", lists)
        whole = "".join(frontend(".cpp", ".h").values())
        idle += [f"{g} is in no row" for g in groups if len(re.findall(rf"\b{g}\b", whole)) < 2]
    assert not idle, idle


def test_an_operator_that_is_a_rewrite_is_in_few_files():
    """CONTRIBUTING.md names the files of its example."""
    named = r"BuiltinOperator::ABS\b|\btfl_absolute\b"
    found = {
        p.relative_to(ROOT).as_posix()
        for p in sources(".h", ".cpp", ".py", ".toml", ".cmake", ".txt")
        if re.search(named, p.read_text())
    }
    found = {name for name in found if not name.startswith("tests/")}
    example = (ROOT / "CONTRIBUTING.md").read_text().split("## How to add an operator")[1]
    listed = set(re.findall(r"^- `([^`]+)`", example.split("\n1. ")[0], flags=re.MULTILINE))
    assert found == listed and len(found) <= 5, found ^ listed
