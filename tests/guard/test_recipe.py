"""docs/compiler.md tells the passes as the compiler runs them."""

import re

from rooms import MAY_SEE, ROOT

PASS = re.compile(r'Pass\{"(\w+)",\s*"([\w/]+)",\s*\w+\}')
ITEM = re.compile(r"^\d+\. \*\*(\w+)\*\* \(`([\w/]+)`\)", re.MULTILINE)


def test_the_page_lists_the_passes_in_their_order():
    passes = PASS.findall((ROOT / "compiler/driver/recipe.cpp").read_text())
    assert len(passes) >= 14
    assert ITEM.findall((ROOT / "docs/compiler.md").read_text()) == passes


def test_the_passes_name_rooms():
    rooms = {room for _, room in PASS.findall((ROOT / "compiler/driver/recipe.cpp").read_text())}
    assert rooms <= MAY_SEE.keys()


def test_no_pass_runs_outside_of_the_list():
    """What rewrites, plans or emits is called by the recipe alone."""
    calls = re.compile(
        r"\b(rewrite::(prune|compose|fuse|arrange|with_late_shortcuts)|plan::plan_memory"
        r"|emit::(order_steps|assign_tokens)|integerize::integerize)\("
    )
    callers = {
        path.relative_to(ROOT).as_posix()
        for folder in ("compiler", "cli", "explain", "analysis", "certificate")
        for path in (ROOT / folder).rglob("*.cpp")
        if calls.search(path.read_text())
    }
    assert callers == {"compiler/driver/recipe.cpp"}
