"""README's figures, from the pages that the other benchmarks write: what stands between its marks.

scripts/bench readme            put them into README.md
scripts/bench readme --check    exit code 1 and the sentence that mends it if they are not fresh
"""

import argparse
import pathlib
import sys
import tomllib

from benchmarks.losses import table

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- made by scripts/bench readme from", "<!-- end -->"

# Rows of docs/networks.md, and what others take with as many multipliers. Those with a number of
# cycles are estimates of Vela 5.2, the better of Ethos-U55-256 and Ethos-U85-256; shares are the
# makers' own.
OTHERS = {
    "MLPerf Tiny image classification": "85,657 (Ethos-U85-256, Vela 5.2 estimate)",
    "MLPerf Tiny keyword spotting": "42,343 (U85)",
    "MLPerf Tiny visual wake words": "119,141 (U55)",
    "MLPerf Tiny anomaly detection": "21,244 (U85)",
    "MobileNetV2 1.0 224": "3,236,941 (U55)",
    "ResNet-50": "Gemmini 54 %, NVDLA 69 %",
    "YOLOv5n SiLU 480x640": "",
    "YOLOv8n SiLU 480x640": "",
}


def tables(page: pathlib.Path) -> list[list[dict[str, str]]]:
    """The tables of a page: rows of cells by the heads. Of equal heads the second is `head 2`."""
    found: list[list[dict[str, str]]] = []
    heads: list[str] = []
    for line in page.read_text().splitlines():
        if not line.startswith("|"):
            heads = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not heads:
            for cell in cells:
                heads.append(f"{cell} 2" if cell in heads else cell)
            found.append([])
        elif set("".join(cells)) - set("-: "):
            found[-1].append(dict(zip(heads, cells, strict=True)))
    return found


def row(rows: list[dict[str, str]], network: str) -> dict[str, str]:
    return next(r for r in rows if r["network"] == network)


def preset(name: str) -> dict:
    return tomllib.loads((ROOT / f"isa/presets/{name}.toml").read_text())


def cycles_text() -> str:
    networks = tables(ROOT / "docs/networks.md")[0]
    machine, memory = preset("edge16"), preset("memory/onchip")
    equal = all(r["RTL"] == "equal" for r in networks)
    same = "bytes and cycles equal on model and RTL, " if equal else ""
    lines = [
        f"On `edge16` ({machine['rows'] * machine['columns']} multipliers), "
        f"{same}{memory['bytes_per_cycle']} bytes a cycle of memory "
        f"([networks](docs/networks.md) has {len(networks)} networks, bounds and traffic; "
        "`scripts/bench networks` repeats it):",
        "",
    ]
    dram = f", DRAM of {preset('memory/dram')['latency_cycles']} cycles"
    rows = []
    for name, others in OTHERS.items():
        r = row(networks, name)
        memory_text = dram if r["memory"] == "dram" else ""
        bound = ": bound by its weights" if r["limit"] == "dram" else ""
        rows.append([name + memory_text, r["cycles"], r["utilisation"] + bound, others])
    heads = ["network", "cycles", "multipliers busy", "others, same number of multipliers"]
    return "\n".join(lines + table(heads, rows))


def speed_text() -> str:
    speed, rtl = tables(ROOT / "docs/speed.md")[:2]
    model = row(speed, "ResNet-50")
    machine = next(r for r in rtl if r["network"] == "ResNet-50" and r["machine"] == "edge16")
    return (
        f"The model gives bits and cycles of ResNet-50 in {model['ratio']} times the time of ONNX "
        "Runtime's native int8 inference, single-thread, and runs its cycles alone at "
        f"{model['M cycles/s 2']} M cycles/s; the Verilated RTL runs at {machine['k cycles/s']} "
        "k cycles/s. [speed](docs/speed.md) has the tables and a profile; `scripts/bench` repeats "
        "them."
    )


def fresh(readme: str) -> str:
    """README with what stands between its marks made anew."""
    before, *blocks = readme.split(BEGIN)
    made = {"docs/networks.md and isa/presets": cycles_text, "docs/speed.md": speed_text}
    sources = [block.split(" -->")[0].strip() for block in blocks]
    if sources != list(made):
        raise SystemExit(f"README.md must hold the marks of {', '.join(made)}, not {sources}")
    return before + "".join(
        f"{BEGIN} {source} -->\n\n{made[source]()}\n\n{END}{block.split(END)[1]}"
        for source, block in zip(sources, blocks, strict=True)
    )


def words(text: str) -> list[str]:
    """What counts: a formatter may break lines elsewhere and draw a table's rule otherwise."""
    return [word for word in text.split() if set(word) - set("-|")]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/bench readme",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    readme = ROOT / "README.md"
    text = readme.read_text()
    made = fresh(text)
    if arguments.check:
        if words(made) != words(text):
            old, new = words(text), words(made)
            at = next(
                (i for i, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new))
            )
            sys.exit(
                f"README.md says '{' '.join(old[at - 3 : at + 3])}', the pages of docs/ "
                f"'{' '.join(new[at - 3 : at + 3])}'; run: scripts/bench readme"
            )
    elif words(made) != words(text):
        readme.write_text(made)


if __name__ == "__main__":
    main()
