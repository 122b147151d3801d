"""Is the tree in order: orphan tests, fresh generated documents, format."""

import re
import subprocess
import sys

import pytest
from rooms import ROOT, sources


def test_no_test_is_forgotten():
    """Each test source is named in the CMake list of its folder or one above;
    a bench in the script that builds it."""
    forgotten = []
    for path in sources("_test.cpp", "_bench.cpp", ".py"):
        relative = path.relative_to(ROOT)
        if relative.parts[0] != "tests" or not (
            path.name.startswith("test_") or path.suffix == ".cpp"
        ):
            continue
        lists = [folder / "CMakeLists.txt" for folder in path.parents if ROOT in folder.parents]
        lists += [p for p in path.parent.glob("test_*.py") if p != path]
        if not any(
            path.name in text.read_text()
            or path.name.endswith("_bench.cpp")
            and f'"{path.stem}"' in text.read_text()
            for text in lists
            if text.exists()
        ):
            forgotten.append(relative.as_posix())
    assert not forgotten, f"in no CMakeLists.txt: {forgotten}"


def test_isa_page_is_fresh(tmp_path):
    subprocess.run(
        [sys.executable, "-B", ROOT / "isa/generate.py", "doc", tmp_path / "isa.md"], check=True
    )
    assert (tmp_path / "isa.md").read_text() == (ROOT / "docs/isa.md").read_text(), (
        "run: python3 isa/generate.py doc docs/isa.md"
    )


@pytest.mark.parametrize("language", ["cpp", "systemverilog", "python", "markdown", "cmake"])
def test_is_formatted(language: str):
    run = subprocess.run(
        [ROOT / "scripts/format", "--check", language], capture_output=True, text=True
    )
    assert run.returncode == 0, f"run: scripts/format {language}\n{run.stdout}{run.stderr}"


# Data, and drawings that scripts write.
ANY_WIDTH = (".onnx", ".npy", ".npz", "models/digits/accuracy.json", ".svg")


def test_no_line_is_wider_than_100_columns():
    """But rows of Markdown tables, which cannot be broken, and addresses on the web."""
    wide = []
    for path in sources(""):
        relative = path.relative_to(ROOT).as_posix()
        if relative.endswith(ANY_WIDTH):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            is_row = relative.endswith(".md") and line.lstrip().startswith("|")
            if len(line) > 100 and not is_row and "://" not in line:
                wide.append(f"{relative}:{number}")
    assert not wide, f"break these lines by hand, then run: scripts/format\n{chr(10).join(wide)}"


def test_no_path_of_one_machine():
    pattern = re.compile(r"(?<![A-Za-z0-9_.])/(home|root|work)/")
    wrong = [
        p.relative_to(ROOT).as_posix()
        for p in sources(".h", ".cpp", ".sv", ".py", ".md", ".txt", ".toml", ".cmake")
        if pattern.search(p.read_text())
    ]
    assert [w for w in wrong if w != "tests/guard/test_tree.py"] == []


def test_links_between_documents_resolve():
    broken = []
    for page in sources(".md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert not broken, broken


def test_the_map_of_the_readme_names_every_folder():
    table = (ROOT / "README.md").read_text().split("| folder |")[1].split("\n\n")[0]
    folders = {path.relative_to(ROOT).parts[0] for path in sources("") if path.parent != ROOT}
    named = {name for name in folders if f"`{name}/`" in table}
    assert folders - named == {".ci", "docs"}, f"in no row: {folders - named}"
