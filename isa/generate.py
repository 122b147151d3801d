"""Turns isa.toml, hw.toml and the presets into C++, SystemVerilog, Python and docs/isa.md.

    generate.py cpp OUT_DIR              isa.h, presets.inc
    generate.py sv PRESET OUT_DIR        zahl_pkg.sv for one preset (a name or a .toml file)
    generate.py python OUT_FILE          constants as a Python module
    generate.py doc OUT_FILE             the reference page

Every description is checked before anything is written; a wrong one ends with a sentence and exit
code 1.
"""

import pathlib
import sys
import tomllib

import render_cpp
import render_doc
import render_python
import render_sv

HERE = pathlib.Path(__file__).resolve().parent


class SpecError(Exception):
    """The description contradicts itself."""


def require(condition: bool, sentence: str) -> None:
    if not condition:
        raise SpecError(sentence)


def place_fields(spec: dict) -> None:
    """Gives every field its lowest bit and checks that the instruction holds it."""
    for instruction in spec["instruction"]:
        names, lsb = set(), 0
        for field in spec["common"] + instruction["fields"]:
            require(field.get("doc"), f"{instruction['name']}.{field['name']} has no doc")
            require(
                field["name"] not in names,
                f"{instruction['name']} has two fields named {field['name']}",
            )
            require(
                1 <= field["bits"] <= 40,
                f"{instruction['name']}.{field['name']} must have 1 to 40 bits",
            )
            require(
                field.get("bias", 0) in (0, 1),
                f"{instruction['name']}.{field['name']}: bias is 0 or 1",
            )
            names.add(field["name"])
            field["lsb"] = lsb
            lsb += field["bits"]
        bits = spec["instruction_bits"]
        require(lsb < bits, f"{instruction['name']} needs {lsb} bits of {bits - 1}")
        instruction["used_bits"] = lsb


def check(spec: dict, hw: dict, presets: dict) -> None:
    opcodes = [i["opcode"] for i in spec["instruction"]]
    require(len(set(opcodes)) == len(opcodes), "two instructions share an opcode")
    units = [u["name"] for u in spec["unit"]]
    for kind in ("unit", "enum", "instruction", "register", "counter"):
        names = [e["name"] for e in spec[kind]]
        require(len(set(names)) == len(names), f"two entries of kind {kind} share a name")
        for entry in spec[kind]:
            require(entry.get("doc"), f"{kind} {entry['name']} has no doc")
    for instruction in spec["instruction"]:
        require(instruction["unit"] in units, f"{instruction['name']} names no unit")
    for unit in units:
        require(any(f["name"] == f"wait_{unit}" for f in spec["common"]), f"no field wait_{unit}")
    offsets = [r["offset"] for r in spec["register"]]
    require(len(set(offsets)) == len(offsets), "two registers share an offset")
    require(all(o % 4 == 0 for o in offsets), "register offsets are multiples of 4")
    for name, preset in presets.items():
        check_config(name, preset, hw)


def check_config(name: str, values: dict, hw: dict) -> None:
    known = {p["name"]: p for p in hw["parameter"]}
    missing, unknown = known.keys() - values.keys(), values.keys() - known.keys()
    require(not missing, f"preset {name} lacks {', '.join(sorted(missing))}")
    require(not unknown, f"preset {name} has unknown keys {', '.join(sorted(unknown))}")
    for key, value in values.items():
        p = known[key]
        require(
            isinstance(value, int) and p["minimum"] <= value <= p["maximum"],
            f"{name}: {key} = {value} is not in {p['minimum']}..{p['maximum']}",
        )
        require(
            not p.get("power_of_two") or value & (value - 1) == 0,
            f"{name}: {key} = {value} is not a power of two",
        )


def load() -> tuple[dict, dict, dict, dict]:
    spec = tomllib.loads((HERE / "isa.toml").read_text())
    hw = tomllib.loads((HERE / "hw.toml").read_text())
    presets = {
        p.stem: tomllib.loads(p.read_text()) for p in sorted((HERE / "presets").glob("*.toml"))
    }
    memories = {
        p.stem: tomllib.loads(p.read_text())
        for p in sorted((HERE / "presets/memory").glob("*.toml"))
    }
    place_fields(spec)
    check(spec, hw, presets)
    return spec, hw, presets, memories


def write(path: pathlib.Path, text: str) -> None:
    """Writes only what changed, so that a build does not start over."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main(arguments: list[str]) -> int:
    try:
        spec, hw, presets, memories = load()
        match arguments:
            case ["cpp", out]:
                write(pathlib.Path(out) / "isa.h", render_cpp.isa_header(spec, hw))
                write(pathlib.Path(out) / "presets.inc", render_cpp.presets(presets, memories))
            case ["sv", preset, out]:
                values = presets.get(preset) or tomllib.loads(pathlib.Path(preset).read_text())
                check_config(preset, values, hw)
                write(pathlib.Path(out) / "zahl_pkg.sv", render_sv.package(spec, hw, values))
            case ["python", out]:
                write(pathlib.Path(out), render_python.module(spec, hw, presets))
            case ["doc", out]:
                write(pathlib.Path(out), render_doc.page(spec, hw, presets))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (SpecError, OSError, tomllib.TOMLDecodeError) as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
