"""docs/isa.md: the reference page of instructions, registers, counters and parameters."""

import re
import textwrap


def wrapped(line: str) -> list[str]:
    """A paragraph as mdformat wraps it: code spans stay whole, headings and tables as they are."""
    if not line or line[0] in "#|":
        return [line]
    whole = re.sub(r"`[^`]*`", lambda span: span[0].replace(" ", "\0"), line)
    lines = textwrap.wrap(whole, 100, break_long_words=False, break_on_hyphens=False)
    return [part.replace("\0", " ") for part in lines]


def table(head: list[str], rows: list[list]) -> list[str]:
    return (
        ["| " + " | ".join(head) + " |", "|" + " -- |" * len(head)]
        + ["| " + " | ".join(str(c) for c in r) + " |" for r in rows]
        + [""]
    )


def field_row(f: dict) -> list:
    kind = "signed" if f.get("signed") else f"`{f['enum']}`" if "enum" in f else "unsigned"
    bits = f"{f['lsb'] + f['bits'] - 1}:{f['lsb']}"
    return [f"`{f['name']}`", bits, kind + (", stored minus 1" if f.get("bias") else ""), f["doc"]]


def page(spec: dict, hw: dict, presets: dict) -> str:
    lines = [
        "# Instruction set",
        "",
        "Made by `isa/generate.py` from `isa/isa.toml` and `isa/hw.toml`; "
        "a test checks that it is fresh.",
        "",
    ]
    lines += [
        f"An instruction is {spec['instruction_bits']} bits, little-endian, "
        f"version {spec['version']}. Bits that no field takes are reserved and must be zero.",
        "",
    ]
    lines += [
        "What each instruction does, cycle by cycle, is in [machine.md](machine.md).",
        "",
        "## Fields of every instruction",
        "",
    ]
    lines += table(["field", "bits", "kind", "meaning"], [field_row(f) for f in spec["common"]])
    for i in spec["instruction"]:
        lines += [
            f"## `{i['name']}` (opcode 0x{i['opcode']:02x}, {i['unit']} unit)",
            "",
            i["doc"],
            "",
        ]
        lines += table(["field", "bits", "kind", "meaning"], [field_row(f) for f in i["fields"]])
        if i.get("rules"):
            lines += ["Legal only if " + "; ".join(f"`{r}`" for r in i["rules"]) + ".", ""]
    lines += ["## Values", ""]
    for e in spec["enum"]:
        lines += [f"**{e['name']}**: {e['doc']}", ""] + table(
            ["value", "name", "meaning"],
            [[v["value"], f"`{v['name']}`", v["doc"]] for v in e["values"]],
        )
    lines += ["## Registers", ""] + table(
        ["offset", "name", "access", "meaning"],
        [
            [f"0x{r['offset']:02X}", f"`{r['name']}`", r["access"], r["doc"]]
            for r in spec["register"]
        ],
    )
    lines += ["## Counters", ""] + table(
        ["select", "name", "counts"],
        [[n, f"`{c['name']}`", c["doc"]] for n, c in enumerate(spec["counter"])],
    )
    names = list(presets)
    lines += ["## Machine parameters and presets", ""]
    lines += table(
        ["parameter", *names, "meaning"],
        [
            [f"`{p['name']}`", *(presets[n][p["name"]] for n in names), p["doc"]]
            for p in hw["parameter"]
        ],
    )
    lines += ["## Delays", ""] + table(
        ["delay", "cycles", "meaning"],
        [[f"`{d['name']}`", d["cycles"], d["doc"]] for d in hw["delay"]],
    )
    return "\n".join(part for line in lines for part in wrapped(line)).rstrip() + "\n"
