"""Object files and programs as functions with instructions and references,
read with objdump and nm (binutils)."""

import dataclasses
import pathlib
import re
import shutil
import subprocess

from report import ProveError


@dataclasses.dataclass
class Function:
    symbol: str  # mangled
    place: str  # the object file, as a name
    section: str
    address: int = 0  # in the section
    instructions: list[tuple[int, str]] = dataclasses.field(
        default_factory=list
    )  # (offset in the function, text)
    references: set[str] = dataclasses.field(
        default_factory=set
    )  # symbols and data sections of the same object
    indirect: list[str] = dataclasses.field(
        default_factory=list
    )  # calls through a register or memory


_START = re.compile(r"^[0-9a-f]+ <(.+)>:$")
_INSTRUCTION = re.compile(r"^\s+([0-9a-f]+):\t(.*?)\s*$")
_TARGET = re.compile(r"<([^>+]+)(?:\+0x[0-9a-f]+)?>$")


def run_tool(*command: str) -> str:
    if shutil.which(command[0]) is None:
        raise ProveError(f"{command[0]} is missing; install binutils")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def symbol_of(reference: str) -> str:
    """The symbol of a relocation such as _ZN4zahl3runEv-0x4."""
    return re.sub(r"[+-]0x[0-9a-f]+$", "", reference).split("@")[0]


def disassemble(path: pathlib.Path, name: str) -> list[Function]:
    """All functions of an object file, or of a linked program (then without references to data)."""
    functions, current, first, section = [], None, None, ""
    for line in run_tool(
        "objdump", "-dr", "-w", "-M", "intel", "--no-show-raw-insn", str(path)
    ).splitlines():
        if line.startswith("Disassembly of section "):
            section, current = line.split()[-1].rstrip(":"), None
        elif start := _START.match(line):
            current, first = Function(start[1], name, section), None
            functions.append(current)
        elif current is not None and (instruction := _INSTRUCTION.match(line)):
            # With -w a relocation follows its instruction on the same line.
            text, *relocations = re.split(r"\t(?=[0-9a-f]+: R_)", instruction[2])
            address = int(instruction[1], 16)
            if first is None:
                first = current.address = address
            current.instructions.append((address - first, text.strip()))
            found = [
                symbol_of(match[1])
                for item in relocations
                if (match := re.search(r"R_\w+\s+(\S+)", item))
            ]
            target = _TARGET.search(text)
            if found:
                current.references.update(found)
            elif target and target[1] != current.symbol:
                current.references.add(target[1])
            if re.match(r"(notrack )?(call|jmp)\s", text) and not target and not found:
                current.indirect.append(text)
    return functions


def symbols_of(path: pathlib.Path) -> list[tuple[str, str, int]]:
    """Defined symbols of an object file: (symbol, section, address)."""
    found = []
    for line in run_tool("objdump", "-t", str(path)).splitlines():
        match = re.match(r"([0-9a-f]+) .{7} (\S+)\t[0-9a-f]+ (?:\.hidden )?(\S+)$", line)
        if match and match[2] != "*UND*" and match[3] != match[2]:
            found.append((match[3], match[2], int(match[1], 16)))
    return found


def data_references(path: pathlib.Path) -> dict[str, set[str]]:
    """Data symbol or section to the symbols that its contents point to
    (virtual tables, tables of functions)."""
    result, section = {}, ""
    for line in run_tool("objdump", "-r", str(path)).splitlines():
        if header := re.match(r"RELOCATION RECORDS FOR \[(.+)\]", line):
            section = header[1]
        elif section.startswith((".rodata", ".data")) and (
            found := re.match(r"[0-9a-f]+ R_\w+\s+(\S+)", line)
        ):
            result.setdefault(section, set()).add(symbol_of(found[1]))
    for symbol, where, _ in symbols_of(path):
        if where.startswith((".rodata", ".data", ".bss", ".tbss")):
            result.setdefault(symbol, set()).update(result.get(where, set()))
    return result


def demangle(symbols) -> dict[str, str]:
    """Mangled to readable names."""
    symbols = sorted(symbols)
    if not symbols:
        return {}
    run = subprocess.run(
        ["c++filt"], input="\n".join(symbols), capture_output=True, text=True, check=True
    )
    return dict(zip(symbols, run.stdout.splitlines(), strict=True))


def binutils_version() -> str:
    return run_tool("objdump", "--version").splitlines()[0].split()[-1]
