"""Does anything in the elaborated SystemVerilog have a type that is no integer,
or leave the language (DPI)?

slang's own syntax tree and types are asked, not the text: a real that only appears after a cast or
in a default is found.
"""

import pathlib

from report import ProveError

# `time` is an integer of 64 bits in simulation, but it counts simulated time and has no place in
# hardware.
FORBIDDEN_NAMES = {"time", "chandle", "string", "event"}


def scan(top: str, files: list[pathlib.Path], root: pathlib.Path) -> dict:
    """{"faults": [place: what], "looked_at": how many declarations and expressions with a type}."""
    from pyslang import driver as slang

    driver = slang.Driver()
    driver.addStandardArgs()
    arguments = " ".join(f'"{path}"' for path in files)
    if not (
        driver.parseCommandLine(
            f'slang --ignore-unknown-modules -I "{root}" --top {top} {arguments}'
        )
        and driver.processOptions()
        and driver.parseAllSources()
    ):
        raise ProveError(f"slang cannot read the sources of {top}; verilator --lint-only says why")
    compilation = driver.createCompilation()
    manager, faults, looked_at = driver.sourceManager, set(), 0

    def place(location) -> str:
        path = pathlib.Path(str(manager.getFullPath(location.buffer)))
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        return f"{name}:{manager.getLineNumber(location)}"

    def visit(node) -> None:
        nonlocal looked_at
        kind = type(node).__name__
        location = getattr(node, "location", None) or getattr(
            getattr(node, "sourceRange", None), "start", None
        )
        if kind == "UninstantiatedDefSymbol":
            faults.add(
                f"{place(location)}: instance {node.name} of the unknown module "
                f"{node.definitionName}"
            )
        type_ = getattr(node, "type", None)
        if type_ is not None and hasattr(type_, "isFloating"):
            looked_at += 1
            name = str(type_.canonicalType)
            if type_.isFloating or name in FORBIDDEN_NAMES:
                what = f" {node.name}" if getattr(node, "name", "") else ""
                faults.add(
                    f"{place(location)}: {kind.removesuffix('Symbol')}{what} has the type {type_}"
                )

    def visit_syntax(node) -> None:
        if "DPI" in str(getattr(node, "kind", "")):
            faults.add(f"{place(node.sourceRange.start)}: {' '.join(str(node).split())}")

    compilation.getRoot().visit(visit)
    for tree in compilation.getSyntaxTrees():
        tree.root.visit(visit_syntax)
    return {"faults": sorted(faults), "looked_at": looked_at}


def slang_version() -> str:
    import importlib.metadata

    return importlib.metadata.version("pyslang")
