"""Level 4 of the certificate: the machine code of the SystemC model's datapath and run loop
computes with integers only.

1. Instructions: every function of the device's object files, and its copy in the linked program,
   holds only instructions of an allow-list (integers; bit moves are listed apart, with the reason).
2. Call graph: from the datapath nothing is reachable but such functions and memory, allocation and
   exceptions of the libraries; from the run loop also SystemC's scheduling. No called function
   takes or gives a float.
3. Where the floats of the process are: functions of the program with float instructions, by name;
   none is reachable from 2.

docs/certificate_objects.md says what this rests on.
"""

import collections
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import x86
from call_graph import EXTERNAL, SCHEDULING, TAKES_FLOAT, Program, kind_of_external
from objects import Function, binutils_version, demangle, disassemble, run_tool
from report import ProveError, Report, parser, run_main

TITLE = "Object code of the datapath computes with integers"
EXAMPLES = """  level4.py --json level4.json --build-dir build/release
  level4.py --build-dir build/release --list
"""
# Where the datapath begins: the kernels, and what executes an instruction's effect on bytes.
DATAPATH = re.compile(
    r"zahl::sim::kernels::|zahl::sim::(\(anonymous namespace\)::)?(\w+::)?execute\w*\("
)


def unpacked(prefix: pathlib.Path, part: str, scratch: pathlib.Path) -> dict[str, pathlib.Path]:
    """Object files of a part of the tree out of the libraries that are installed under `prefix`,
    named as their libraries (sim/libzahl_kernels.a/column_conv.cpp): what the program was linked
    from."""
    files = {}
    archives = {*prefix.glob(f"lib*/zahl/{part}/*.a"), *prefix.glob(f"lib*/*/zahl/{part}/*.a")}
    for archive in sorted(archives):
        folder = scratch / part / archive.name
        folder.mkdir(parents=True)
        members = run_tool("ar", "t", str(archive)).split()
        if len(set(members)) != len(members):
            raise ProveError(f"{archive} holds two files of one name, of which ar gives only one")
        run_tool("ar", "x", "--output", str(folder), str(archive))
        for member in members:
            files[f"{part}/{archive.name}/{member.removesuffix('.o')}"] = folder / member
    return files


def object_files(build: pathlib.Path, part: str, scratch: pathlib.Path) -> dict[str, pathlib.Path]:
    """Object files of a part of the tree, named as their sources (sim/array/conv.cpp)."""
    if files := unpacked(build, part, scratch):
        return files
    for path in sorted((build / part).rglob("*.o")):
        inside = path.relative_to(build / part).as_posix()
        files[f"{part}/{inside.split('.dir/', 1)[-1].removesuffix('.o')}"] = path
    if not files:
        raise ProveError(
            f"there are no object files in {build / part} and no libraries in "
            f"{build}/lib/zahl/{part}; build zahl first (scripts/setup), or install it whole"
        )
    return files


def faults_of(function: Function, name: str) -> list[str]:
    """Instructions that are not allowed, each with its place."""
    faults = []
    for offset, text in function.instructions:
        if x86.group_of(text) is not None:
            continue
        if x86.WITNESS_ONLY.fullmatch(x86.mnemonic(text)) and x86.WITNESS_FUNCTION.search(name):
            continue
        what = "float instruction" if x86.is_float(text) else "instruction not on the list"
        faults.append(f"{function.place}, {name}+{offset:#x}: {what} {' '.join(text.split())}")
    return faults


def check_instructions(
    report: Report, title: str, functions: list[Function], names, list_them: bool
) -> None:
    groups, faults = collections.Counter(), []
    for function in functions:
        groups.update(group for _, text in function.instructions if (group := x86.group_of(text)))
        faults += faults_of(function, names(function.symbol))
    moves = collections.Counter(
        x86.mnemonic(text)
        for f in functions
        for _, text in f.instructions
        if x86.group_of(text) == "bit moves"
    )
    total = sum(groups.values())
    summary = f"{len(functions)} functions, {total} instructions: " + ", ".join(
        f"{count} {group}" for group, count in groups.most_common()
    )
    listed = sorted({f"{function.place}: {names(function.symbol)}" for function in functions})
    evidence = {
        "functions": listed,
        "groups": dict(groups),
        "bit_moves": dict(moves),
        "faults": faults,
    }
    report.add(title, bool(functions) and not faults, "; ".join(faults[:5]) or summary, **evidence)
    if list_them:
        print("\n".join(f"       {line}" for line in listed))


def check_reach(
    report: Report, title: str, program: Program, roots: set, allowed: dict[str, str]
) -> dict:
    """Everything reachable is allowed code of ours or
    a library function of an allowed kind without floats."""
    reached, external = program.reach(roots)
    faults, kinds = [], collections.defaultdict(list)
    for key in sorted(reached):
        faults += [
            f"{fault} (reached by {program.chain(reached, key)})"
            for fault in faults_of(program.functions[key], program.name(key[1]))
        ]
    for symbol, user in sorted(external.items()):
        name = program.name(symbol)
        kind = kind_of_external(name, allowed)
        kinds[kind or "not allowed"].append(name)
        if kind is None:
            faults.append(
                f"{program.chain(reached, user)} reaches {name}, which is none of: "
                f"{', '.join(allowed)}"
            )
        elif TAKES_FLOAT.search(name):
            faults.append(
                f"{program.chain(reached, user)} reaches {name}, which takes or gives a float"
            )
    indirect = sorted(
        f"{program.name(key[1])}: {text}"
        for key in reached
        for text in program.functions[key].indirect
    )
    summary = (
        f"{len(roots)} entry points reach {len(reached)} functions and {len(external)} "
        "library symbols ("
        + ", ".join(f"{len(names)} {kind}" for kind, names in sorted(kinds.items()))
    )
    summary += f"); {len(indirect)} indirect jumps and calls"
    evidence = {
        "functions": sorted(program.name(key[1]) for key in reached),
        "library": {k: sorted(v) for k, v in kinds.items()},
        "indirect": indirect,
        "faults": faults,
    }
    report.add(title, bool(roots) and not faults, "; ".join(faults[:5]) or summary, **evidence)
    return reached


def room_of(name: str) -> str:
    """Whose function it is: our rooms by namespace, else the library's outermost namespace."""
    plain = re.sub(
        r"^.*?(?=(zahl|CLI|fmt|nlohmann|toml|onnx|google|flatbuffers|tflite|std"
        r"|sc_core|sc_dt|tlm)::)",
        "",
        name,
        count=1,
    )
    match = re.match(r"(zahl::\w+|\w+)(?=::)", plain)
    return match[1] if match else "others"


def check_floats(
    report: Report, binary: list[Function], names: dict[str, str], reached: set[str]
) -> None:
    """Names the functions of the program that hold float instructions;
    none may be reachable from the device."""
    rooms = collections.defaultdict(list)
    for function in binary:
        if any(x86.is_float(text) for _, text in function.instructions):
            rooms[room_of(names[function.symbol])].append((function.symbol, names[function.symbol]))
    faults = [
        f"{name} holds floats and is reachable from the device"
        for entries in rooms.values()
        for symbol, name in entries
        if symbol in reached
    ]
    summary = (
        "they are in "
        + ", ".join(f"{room} ({len(entries)})" for room, entries in sorted(rooms.items()))
        + "; none reachable from the device"
    )
    report.add(
        "where the floats are",
        not faults,
        "; ".join(faults[:5]) or summary,
        functions={r: sorted(n for _, n in e) for r, e in sorted(rooms.items())},
        faults=faults,
    )


def check_systemc(report: Report, binary: pathlib.Path, external: set[str]) -> None:
    """SystemC's own time: names its functions that hold floats,
    and shows which of them the run loop calls itself."""
    linked = subprocess.run(["ldd", str(binary)], capture_output=True, text=True).stdout
    found = re.search(r"libsystemc\S* => (\S+)", linked)
    if not found:
        report.add(
            "SystemC's own floats",
            True,
            "SystemC is linked statically: its functions are among those above",
        )
        return
    functions = disassemble(pathlib.Path(found[1]), "libsystemc")
    holding = {
        f.symbol.split("@")[0]
        for f in functions
        if any(x86.is_float(text) for _, text in f.instructions)
    }
    names = demangle(holding)
    called = sorted(names[symbol] for symbol in holding & external)
    ours = sorted(
        name
        for name in names.values()
        if name.startswith("sc_core::sc_time") or "time" in name.lower()
    )
    detail = (
        f"{len(holding)} functions of libsystemc hold floats; the run loop calls "
        f"{', '.join(called) or 'none of them'}"
    )
    report.add(
        "SystemC's own floats",
        not called,
        detail,
        called=called,
        kernel_time=ours,
        functions=sorted(names.values()),
    )


def main() -> int:
    options = parser(__doc__, EXAMPLES)
    options.add_argument(
        "--build-dir",
        required=True,
        type=pathlib.Path,
        help="folder that holds bin/zahl and the object files of sim/, contract/ and isa/: of a "
        "build, or of an installation, where they are in libraries",
    )
    options.add_argument("--list", action="store_true", help="print the functions checked")
    arguments = options.parse_args()
    build = arguments.build_dir.resolve()
    binary_path = build / "bin/zahl"
    if not binary_path.exists():
        raise ProveError(f"{binary_path} is missing; build zahl first (scripts/setup)")
    if binary_path.read_bytes()[18:20] != b"\x3e\x00":
        raise ProveError(
            f"{binary_path} is no x86-64 program; the allow-list of level 4 is for x86-64"
        )
    with tempfile.TemporaryDirectory() as scratch:
        return judge(arguments, build, pathlib.Path(scratch))


def judge(arguments, build: pathlib.Path, scratch: pathlib.Path) -> int:
    binary_path = build / "bin/zahl"
    report = Report(4, TITLE)
    report.tools = {"binutils": binutils_version()}
    device, isa, contract = (
        object_files(build, part, scratch) for part in ("sim", "isa", "contract")
    )
    report.hash_files([binary_path], build)
    report.hash_files(
        device.values(), scratch if scratch in next(iter(device.values())).parents else build
    )
    program = Program({**device, **isa, **contract})
    of_device = list(
        {id(f): f for (place, _), f in program.functions.items() if place in device}.values()
    )  # once under all names
    check_instructions(
        report, "instructions of the device's objects", of_device, program.name, arguments.list
    )

    binary = disassemble(binary_path, "bin/zahl")
    symbols = {function.symbol for function in of_device}
    copies = [function for function in binary if function.symbol in symbols]
    check_instructions(report, "their copies in the linked program", copies, program.name, False)

    roots = {
        key
        for key in program.functions
        if key[0] in device and DATAPATH.match(program.name(key[1]))
    }
    check_reach(report, "reachable from the datapath", program, roots, EXTERNAL)
    everything = {key for key in program.functions if key[0] in device}
    reached = check_reach(
        report, "reachable from the run loop", program, everything, {**EXTERNAL, **SCHEDULING}
    )
    names = demangle({function.symbol for function in binary})
    check_floats(report, binary, names, {key[1] for key in reached})
    check_systemc(report, binary_path, set(program.reach(everything)[1]))
    return report.finish(arguments.json)


if __name__ == "__main__":
    run_main(main)
