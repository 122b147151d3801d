"""Elaborates every module under rtl/ as its own top with Verilator's -Wall, for each given preset.

A module that only elaborates inside its parent, or a warning that only shows at another size, is
found here. Usage:
lint_rtl.py [--verilator PATH] [--presets edge16 tiny8 wide32] [--modules zahl_load ...]
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def packages_in_order(rtl: Path) -> list[Path]:
    """Each package after those it imports. zahl_pkg is generated and comes before all."""
    files = {path.stem: path for path in sorted(rtl.rglob("*_pkg.sv"))}
    ordered: list[Path] = []

    def add(name: str) -> None:
        path = files[name]
        if path in ordered:
            return
        for needed in re.findall(r"\b(zahl_\w*pkg)::", path.read_text()):
            if needed in files and needed != name:
                add(needed)
        ordered.append(path)

    for name in files:
        add(name)
    return ordered


def modules(rtl: Path) -> list[Path]:
    return [path for path in sorted(rtl.rglob("*.sv")) if not path.stem.endswith("_pkg")]


def check_one_module_a_file(paths: list[Path]) -> list[str]:
    faults = []
    for path in paths:
        declared = re.findall(r"^module\s+(\w+)", path.read_text(), re.MULTILINE)
        if declared != [path.stem]:
            faults.append(f"{path}: declares {declared}, expected the one module {path.stem}")
    return faults


def lint(verilator: str, rtl: Path, generated: Path, top: str) -> str:
    """The messages of Verilator, empty if there are none."""
    folders = sorted({str(path.parent) for path in modules(rtl)})
    command = [
        verilator,
        "--lint-only",
        "-Wall",
        f"-I{rtl.parent}",
        "--top-module",
        top,
        str(rtl / "waivers.vlt"),
        str(generated / "zahl_pkg.sv"),
    ]
    command += [str(path) for path in packages_in_order(rtl)]
    for folder in folders:
        command += ["-y", folder]
    command += [str(next(path for path in modules(rtl) if path.stem == top))]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return (result.stdout + result.stderr).strip() if result.returncode or result.stderr else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verilator", default="verilator")
    parser.add_argument("--presets", nargs="+", default=["edge16", "tiny8", "wide32"])
    parser.add_argument("--modules", nargs="+", default=None)
    options = parser.parse_args()

    rtl = ROOT / "rtl"
    found = modules(rtl)
    names = options.modules or [path.stem for path in found]
    faults = check_one_module_a_file(found)
    for preset in options.presets:
        with tempfile.TemporaryDirectory() as folder:
            generate = [
                sys.executable,
                "-B",
                str(ROOT / "isa" / "generate.py"),
                "sv",
                preset,
                folder,
            ]
            subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
            for name in names:
                message = lint(options.verilator, rtl, Path(folder), name)
                if message:
                    faults.append(f"{name} for {preset}:\n{message}")
    for fault in faults:
        print(fault)
    print(f"{len(names)} modules, {len(options.presets)} presets, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
