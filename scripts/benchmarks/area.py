"""Cells of the RTL's modules, and what each addition to the machine costs.

    scripts/bench area                                         print the page
    scripts/bench area --against bbe953f --out docs/area.md    beside an earlier revision's cells

Yosys, generic gates, each module with everything below it; modules that hold memories (banks, line
memory) are left out, their bits follow from the preset. Results are kept in build/area until their
sources change.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

from benchmarks.host import ROOT, write_page

# Module, how many of it a machine has, and what it is there for.
MODULES = [
    (
        "zahl_array_column",
        "columns",
        "dot product, depthwise window, shadow of the next weights; steps of two pixels (pairs)",
    ),
    (
        "zahl_array_decode",
        "1",
        "one form for convolutions and windows; second accesses (pairs, split)",
    ),
    (
        "zahl_array_tiles",
        "1",
        "loops over blocks, kernel rows, kernel columns, chunks; places of the line memory",
    ),
    (
        "zahl_array_stream",
        "1",
        "addresses and validity of the vectors; the second access, places (resume)",
    ),
    ("zahl_array_pad", "1", "padding; vectors of two rows (split), the older pixel of a pair"),
    ("zahl_array_taps", "1", "which lane is which tap of a window"),
    (
        "zahl_array_weights",
        "1",
        "weight tiles, loaded while the one before is in use; zero point (9-bit weights)",
    ),
    ("zahl_requantizer", "columns", "bias, multiplier, the four roundings, clamp"),
    ("zahl_eltwise_lane", "columns", "residual addition, subtraction, product"),
    ("zahl_softmax", "1", "softmax over rows, its reciprocal included"),
    ("zahl_load", "1", "strided copies in, bursts in flight"),
    ("zahl_store", "1", "strided copies out, bursts in flight"),
    ("zahl_claims", "1", "ownership of banks"),
    ("zahl_issue", "4", "queue and tokens of a unit"),
]


def cells(tree: pathlib.Path, module: str, preset: str, out: pathlib.Path) -> int | None:
    """Of a module in a source tree; None where the tree has no such module."""
    if not list((tree / "rtl").glob(f"*/{module}.sv")):
        return None
    command = [
        sys.executable,
        "-B",
        str(tree / "scripts/synth.py"),
        module,
        "--preset",
        preset,
        "--out",
        str(out / module),
    ]
    run = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"(\d+) cells", run.stdout)
    if run.returncode != 0 or not found:
        sys.exit(
            f"bench area: {module} on {preset}: "
            f"{(run.stdout + run.stderr).strip().splitlines()[-1]}"
        )
    print(f"{module} ({preset}): {found[1]}", file=sys.stderr)
    return int(found[1])


def measure(tree: pathlib.Path, preset: str, out: pathlib.Path) -> dict[str, int | None]:
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = pool.map(lambda entry: cells(tree, entry[0], preset, out), MODULES)
        return {entry[0]: count for entry, count in zip(MODULES, counts, strict=True)}


def revision_tree(revision: str, folder: str) -> pathlib.Path:
    archive = subprocess.run(
        ["git", "archive", revision, "rtl", "isa", "scripts"], cwd=ROOT, capture_output=True
    )
    if archive.returncode != 0:
        sys.exit(f"bench area: {archive.stderr.decode().strip()}")
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return pathlib.Path(folder)


def instances(count: str, config: dict) -> int:
    return config[count] if count in config else int(count)


def page(preset: str, now: dict, before: dict | None, revision: str | None) -> str:
    config = tomllib.loads((ROOT / f"isa/presets/{preset}.toml").read_text())
    lines = [
        "# Area",
        "",
        f"Cells of `{preset}`: Yosys, generic gates, each module with everything below it "
        f"(`scripts/bench area`). Memories are left out: {config['scratchpad_banks']} x "
        f"{config['scratchpad_bank_bytes']} bytes of scratchpad, {config['accumulator_banks']} x "
        f"{config['accumulator_bank_vectors']} vectors of {config['columns']} accumulators, "
        f"{config['line_buffer_pixels']} places x 2 rows x {config['columns']} bytes of line "
        "memory.",
        "",
    ]
    if revision:
        lines += [
            f"*Before* is revision {revision}, the machine without `resume`, `pairs` and `split` "
            "(instruction set 1).",
            "",
        ]
    lines += [
        "| module | instances | cells each | in all |"
        + (" before, in all |" if before else "")
        + " serves |"
    ]
    lines += ["|---|---|---|---|" + ("---|" if before else "") + "---|"]
    sums = [0, 0]
    for module, count, serves in MODULES:
        n = instances(count, config)
        earlier = (before or {}).get(module)
        sums[0] += n * now[module]
        sums[1] += n * (earlier or 0)
        row = f"| `{module}` | {n} | {now[module]:,} | {n * now[module]:,} |"
        if before:
            row += f" {n * earlier:,} |" if earlier is not None else " – |"
        lines.append(row + f" {serves} |")
    total = f"| these together | | | {sums[0]:,} |" + (f" {sums[1]:,} |" if before else "") + " |"
    return "\n".join([*lines, total]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/bench area",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", default="edge16")
    parser.add_argument("--against", metavar="REVISION", help="an earlier revision to set beside")
    parser.add_argument("--out", type=pathlib.Path, help="write the page here")
    arguments = parser.parse_args()
    out = ROOT / "build/area" / arguments.preset
    now = measure(ROOT, arguments.preset, out)
    before = None
    if arguments.against:
        with tempfile.TemporaryDirectory() as folder:
            before = measure(
                revision_tree(arguments.against, folder), arguments.preset, out / arguments.against
            )
    text = page(arguments.preset, now, before, arguments.against)
    if arguments.out:
        write_page(arguments.out, text)
    print(text)


if __name__ == "__main__":
    main()
