"""Does the elaborated design hold integers only:
its cells, its modules, and the types of its sources."""

import collections
import hashlib
import json
import pathlib
import re

# Word-level cells of Yosys: bits and integers. Anything else is named in the report.
ALLOWED_CELLS = {
    "arithmetic": ["$add", "$sub", "$mul", "$div", "$mod", "$neg", "$pos"],
    "comparison": ["$eq", "$ne", "$lt", "$le", "$gt", "$ge"],
    "bitwise": ["$and", "$or", "$xor", "$xnor", "$not"],
    "reduction": [
        "$reduce_and",
        "$reduce_or",
        "$reduce_xor",
        "$reduce_xnor",
        "$reduce_bool",
        "$logic_and",
        "$logic_or",
        "$logic_not",
    ],
    "shift": ["$shl", "$shr", "$sshl", "$sshr", "$shift", "$shiftx"],
    "choice": ["$mux", "$pmux", "$bmux", "$bwmux", "$demux"],
    "register": [
        "$dff",
        "$dffe",
        "$adff",
        "$adffe",
        "$aldff",
        "$aldffe",
        "$sdff",
        "$sdffe",
        "$sdffce",
    ],
    "memory": ["$mem_v2", "$memrd_v2", "$memwr_v2"],
    "message": ["$print"],
}
ALLOWED = {cell: group for group, cells in ALLOWED_CELLS.items() for cell in cells}


def place_of(attributes: dict) -> str:
    """file:line of a cell or module, as Yosys recorded it."""
    found = re.match(r"(.*?):(\d+)", attributes.get("src", ""))
    return f"{pathlib.PurePath(found[1]).name}:{found[2]}" if found else "no source line"


def canonical_hash(modules: dict) -> str:
    """Of the netlist without what only says where it came from."""

    def bare(value):
        if isinstance(value, dict):
            return {key: bare(entry) for key, entry in value.items() if key != "attributes"}
        return value

    return hashlib.sha256(json.dumps(bare(modules), sort_keys=True).encode()).hexdigest()


def base_name(module: str) -> str:
    """The module of the source behind an elaborated one
    (slang appends the path of an instance to a second variant)."""
    return module.lstrip("\\").split("$")[0]


def judge(design: pathlib.Path, top: str, known: dict[str, pathlib.Path]) -> dict:
    """Cell counts of the whole design and the faults found:
    cells not allowed, black boxes, modules from elsewhere."""
    modules = json.loads(design.read_text())["modules"]
    faults, counts = [], collections.Counter()

    def visit(name: str, instances: int) -> None:
        for cell_name, cell in modules[name]["cells"].items():
            kind, place = cell["type"], place_of(cell["attributes"])
            if kind in modules:
                visit(kind, instances)
            elif kind not in ALLOWED:
                what = (
                    "cell type not on the list"
                    if kind.startswith("$")
                    else "instance of a module without contents"
                )
                faults.append(f"{place}: {what}: {kind} {cell_name} in {name}")
            counts[kind if kind.startswith("$") else base_name(kind)] += instances

    for name, module in modules.items():
        is_black_box = any(
            set(module["attributes"].get(key, "0")) != {"0"} for key in ("blackbox", "whitebox")
        )
        if is_black_box or (
            not module["cells"]
            and any(p["direction"] != "input" for p in module["ports"].values())
            and not connected(module)
        ):
            faults.append(f"{place_of(module['attributes'])}: {name} is a black box")
        if base_name(name) not in known:
            faults.append(
                f"{place_of(module['attributes'])}: module {name} is no file of rtl/; "
                "each module is rtl/<room>/<its name>.sv"
            )
    visit(top, 1)
    cells = {kind: count for kind, count in sorted(counts.items()) if kind.startswith("$")}
    instances = {kind: count for kind, count in sorted(counts.items()) if not kind.startswith("$")}
    return {
        "faults": sorted(set(faults)),
        "cells": cells,
        "instances": instances,
        "hash": canonical_hash(modules),
    }


def connected(module: dict) -> bool:
    """A module without cells may still be wires from inputs to outputs, or constants."""
    inputs = {
        bit
        for port in module["ports"].values()
        if port["direction"] == "input"
        for bit in port["bits"]
    }
    outputs = [
        bit
        for port in module["ports"].values()
        if port["direction"] == "output"
        for bit in port["bits"]
    ]
    return all(isinstance(bit, str) or bit in inputs for bit in outputs)
