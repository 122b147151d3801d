"""A graph operation is at home in few files, and CONTRIBUTING lists them."""

import re

import pytest
from rooms import ROOT, sources

# What names the operation Softmax in each language and room: the struct, its layer, its judge.
NAMES = re.compile(
    r"ir::Softmax\b|struct Softmax\b|const Softmax&|\bX\(Softmax\)|SoftmaxLayer\b|def softmax\(self"
)
MOST = 10


def homes(names: re.Pattern) -> list[str]:
    """Files outside tests and documents that name the operation."""
    return sorted(
        path.relative_to(ROOT).as_posix()
        for path in sources(".h", ".cpp", ".py")
        if path.relative_to(ROOT).parts[0] not in ("tests", "docs", "scripts")
        and names.search(path.read_text())
    )


def test_contributing_lists_the_files_of_a_graph_operation():
    text = (ROOT / "CONTRIBUTING.md").read_text().split("needs a new operation of the graph")[1]
    section = text.split("## How to add an instruction")[0]
    listed = re.findall(r"^- `([\w/.]+)`", section, re.MULTILINE)
    assert sorted(listed) == homes(NAMES)
    assert len(listed) <= MOST


def test_every_operation_is_in_the_list_of_operations():
    graph = (ROOT / "compiler/ir/graph.h").read_text()
    variant = re.search(r"using Operation\s*=\s*std::variant<(.*?)>;", graph, re.DOTALL)[1]
    assert re.findall(r"X\((\w+)\)", graph.split("#define ZAHL_IR_OPERATIONS(X)")[1]) == [
        name.strip() for name in variant.split(",")
    ]


@pytest.mark.parametrize("operation", ["Softmax", "Lookup", "Concat", "Move", "Reshape"])
def test_reports_and_exports_need_no_list_of_their_own(operation):
    """What follows from the fields of an operation does not name it."""
    for file in ("certificate/levels/graph_export.cpp", "compiler/lower/lower.h"):
        text = (ROOT / file).read_text()
        assert not re.search(rf"ir::{operation}&", text), f"{file} names {operation}"
