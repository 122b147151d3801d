"""RTL through Yosys (slang front end): a module as a flat word-level netlist,
and a design as a list of cells.

Run as a script it does one of the two in a process of its own, since Yosys ends the process on an
error:
    netlist.py module NAME FILE.json ROOT SOURCES...  flat, memories as registers, plain flip-flops
    netlist.py design NAME FILE.json ROOT SOURCES...  hierarchical, as elaborated
"""

import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from report import ProveError

MODULE_PASSES = [
    "proc -noopt",
    "flatten",
    "memory_collect",
    "memory_map",
    "async2sync",
    "dffunmap",
    "opt_expr",
    "opt_clean",
]
DESIGN_PASSES = ["proc -noopt", "opt_clean"]


def generate_package(source: pathlib.Path, preset: str, folder: pathlib.Path) -> pathlib.Path:
    """zahl_pkg.sv of a preset. Throws ProveError if there is no such preset."""
    if not (source / "isa/generate.py").exists():
        raise ProveError(
            f"there is no isa/generate.py in {source}; give the root of a Zahl tree as --source"
        )
    command = [sys.executable, "-B", str(source / "isa/generate.py"), "sv", preset, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        known = ", ".join(sorted(path.stem for path in (source / "isa/presets").glob("*.toml")))
        raise ProveError(
            f"--config {preset}: {run.stderr.strip().splitlines()[-1]}; presets are {known}"
        )
    return folder / "zahl_pkg.sv"


def all_sources(source: pathlib.Path) -> dict[str, pathlib.Path]:
    return {path.stem: path for path in sorted((source / "rtl").glob("*/*.sv"))}


def sources_of(source: pathlib.Path, module: str, package: pathlib.Path) -> list[pathlib.Path]:
    """The files that are included, then those of `module`, of all modules and packages that it
    names, and of what those name; packages first."""
    known = all_sources(source)
    if module not in known:
        raise ProveError(
            f"there is no rtl/*/{module}.sv under {source}; "
            "give the root of a Zahl tree as --source"
        )
    text = {name: path.read_text() for name, path in known.items()}
    found: list[str] = []

    def visit(name: str) -> None:
        if name not in found and name in known:
            found.append(name)
            for other in re.findall(r"\b[a-zA-Z]\w*", text[name]):
                visit(other)

    visit(module)
    packages = sorted(
        (name for name in found if name.endswith("_pkg")),
        key=lambda name: sum(f"{other}::" in text[name] for other in known),
    )
    return [*sorted((source / "rtl").glob("*/*.svh")), package] + [
        known[name]
        for name in packages + sorted(name for name in found if not name.endswith("_pkg"))
    ]


def elaborate(
    kind: str, top: str, files: list[pathlib.Path], out: pathlib.Path, source: pathlib.Path
) -> str:
    """Writes Yosys' JSON of the design to `out`; returns what went wrong, empty if nothing did."""
    command = [sys.executable, "-B", __file__, kind, top, str(out), str(source), *map(str, files)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode == 0:
        return ""
    lines = [
        line
        for line in (run.stdout + run.stderr).splitlines()
        if re.search(r"error|unknown|ERROR", line)
    ]
    return "; ".join(lines[:3]) or run.stderr.strip()[-300:]


def yosys_version() -> str:
    import importlib.metadata

    return importlib.metadata.version("pyosys")


def _elaborate_here(kind: str, top: str, out: str, source: str, files: list[str]) -> None:
    from pyosys import libyosys as ys

    design = ys.Design()
    passes = MODULE_PASSES if kind == "module" else DESIGN_PASSES
    sources, hierarchy = " ".join(files), "--keep-hierarchy" if kind == "design" else ""
    for command in [
        # read_slang defines SYNTHESIS, so that assertions are no part of what is proved.
        f"read_slang {hierarchy} -I {source} --top {top} {sources}",
        f"hierarchy -check -top {top}",
        *passes,
        "check -assert",
        f"write_json {out}",
    ]:
        ys.run_pass(command, design)


if __name__ == "__main__":
    _elaborate_here(*sys.argv[1:5], sys.argv[5:])
