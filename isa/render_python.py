"""Constants of the instruction set as a Python module."""

import pprint


def module(spec: dict, hw: dict, presets: dict) -> str:
    data = {
        "VERSION": spec["version"],
        "INSTRUCTION_BYTES": spec["instruction_bits"] // 8,
        "UNITS": [u["name"] for u in spec["unit"]],
        "COUNTERS": [c["name"] for c in spec["counter"]],
        "REGISTERS": {r["name"]: r["offset"] for r in spec["register"]},
        "COMMON": spec["common"],
        "INSTRUCTIONS": {
            i["name"]: {k: i[k] for k in ("opcode", "unit", "doc", "fields")}
            for i in spec["instruction"]
        },
        "ENUMS": {e["name"]: {v["name"]: v["value"] for v in e["values"]} for e in spec["enum"]},
        "DELAYS": {d["name"]: d["cycles"] for d in hw["delay"]},
        "PRESETS": presets,
    }
    lines = [
        '"""Made by isa/generate.py from isa/isa.toml, isa/hw.toml and isa/presets. Edit those."""',
        "",
    ]
    for name, value in data.items():
        lines += [f"{name} = {pprint.pformat(value, width=110, sort_dicts=False)}", ""]
    return "\n".join(lines)
