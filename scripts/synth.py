"""Synthesizes one RTL module, with everything below it, to generic gates with Yosys.

    synth.py MODULE --preset edge16 --out DIR

writes DIR/MODULE.v (a flat netlist with the ports of the module) and DIR/MODULE.json (`stat -json`:
cells by type). Any warning of Yosys or slang is an error. Nothing is done when DIR holds the result
for the same sources. Needs pyosys (`pip install pyosys`).
"""

import argparse
import hashlib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def source_files(module: str, package: pathlib.Path) -> list[pathlib.Path]:
    """The files of `module`, of all packages and modules that it names, and of what those name;
    packages first."""
    known = {path.stem: path for path in sorted((ROOT / "rtl").glob("*/zahl_*.sv"))}
    if module not in known:
        sys.exit(f"synth.py: there is no rtl/*/{module}.sv")
    found: list[str] = []

    def visit(name: str) -> None:
        if name in found or name not in known:
            return
        found.append(name)
        for other in re.findall(r"\bzahl_\w+", known[name].read_text()):
            visit(other)

    visit(module)
    packages = [name for name in found if name.endswith("_pkg")]
    # A package comes after those that it imports.
    packages.sort(key=lambda name: sum(other in known[name].read_text() for other in packages))
    modules = sorted(name for name in found if not name.endswith("_pkg"))
    includes = sorted((ROOT / "rtl").glob("*/*.svh"))
    return [*includes, package] + [known[name] for name in packages + modules]


def content_hash(files: list[pathlib.Path], options: str) -> str:
    digest = hashlib.sha256(options.encode())
    for path in [pathlib.Path(__file__), *files]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def synthesize(
    module: str, files: list[pathlib.Path], netlist: pathlib.Path, statistics: pathlib.Path
) -> None:
    try:
        from pyosys import libyosys as ys
    except ImportError:
        sys.exit("synth.py: pyosys is not installed: pip install pyosys")
    design = ys.Design()

    def run(command: str) -> None:
        ys.run_pass(command, design)

    run("logger -werror .*")
    # read_slang defines SYNTHESIS, so that assertions are not seen.
    run(f"read_slang -Werror -I {ROOT} --top {module} " + " ".join(str(path) for path in files))
    run(f"synth -flatten -top {module}")
    run("check -assert")
    run(f"write_verilog -noattr {netlist}")
    run(f"tee -q -o {statistics} stat -json")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("module", help="name of the module, for example zahl_requantizer")
    parser.add_argument("--preset", default="edge16", help="machine preset (default edge16)")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for the results")
    parser.add_argument("--verbose", action="store_true", help="show the log of Yosys")
    arguments = parser.parse_args()

    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    generated = out / "generated"
    subprocess.run(
        [
            sys.executable,
            "-B",
            str(ROOT / "isa" / "generate.py"),
            "sv",
            arguments.preset,
            str(generated),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    files = source_files(arguments.module, generated / "zahl_pkg.sv")
    netlist, statistics = out / f"{arguments.module}.v", out / f"{arguments.module}.json"
    key_file = out / f"{arguments.module}.key"
    key = content_hash(files, arguments.module)
    if not (
        netlist.exists()
        and statistics.exists()
        and key_file.exists()
        and key_file.read_text() == key
    ):
        # In a process of its own, since Yosys ends the process on an error; its output shows
        # only then.
        key_file.unlink(missing_ok=True)
        code = (
            f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r}); "
            f"import synth, pathlib; P = pathlib.Path; synth.synthesize({arguments.module!r}, "
            f"[P(f) for f in {[str(f) for f in files]!r}], "
            f"P({str(netlist)!r}), P({str(statistics)!r}))"
        )
        result = subprocess.run(
            [sys.executable, "-B", "-c", code],
            text=True,
            stdout=None if arguments.verbose else subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if result.returncode != 0:
            sys.exit(
                "\n".join((result.stdout or "").splitlines()[-40:])
                + f"\nsynth.py: {arguments.module} failed"
            )
        key_file.write_text(key)
    cells = json.loads(statistics.read_text())["design"]["num_cells"]
    print(f"{arguments.module} ({arguments.preset}): {cells} cells, {netlist}")


if __name__ == "__main__":
    main()
