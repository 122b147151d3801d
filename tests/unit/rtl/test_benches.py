"""The RTL's units alone, against naive models;
and the netlists that Yosys makes of two of them, through the same vectors.

A bench is a Verilated top with a GoogleTest program around it. It is built once for the sources at
hand, in build/benches.
"""

import dataclasses
import hashlib
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("ZAHL_BUILD", ROOT / "build/release"))
sys.path.insert(0, str(ROOT / "tests/guard"))
from lint_rtl import packages_in_order  # noqa: E402


@dataclasses.dataclass(frozen=True)
class Bench:
    program: str  # tests/unit/rtl/PROGRAM.cpp
    top: str
    wrapper: bool  # the top is a wrapper beside the program
    rooms: tuple[str, ...]  # folders of rtl/ where its modules are
    libraries: tuple[str, ...] = ()  # of the build


REQUANTIZER = Bench("requantizer_bench", "zahl_requantizer", False, ("post",))
ARRAY = Bench(
    "array_bench", "zahl_array_bench", True, ("array", "mem", "base"), ("isa/libzahl_isa.a",)
)
POST = Bench(
    "post_bench",
    "zahl_post_bench",
    True,
    ("post", "mem", "base"),
    ("engines/libzahl_reference.a", "contract/libzahl_contract.a", "isa/libzahl_isa.a"),
)


def run(command: list, **more) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    assert done.returncode == 0, (
        f"{' '.join(map(str, command))}\n{done.stdout[-6000:]}{done.stderr[-3000:]}"
    )
    return done.stdout


def netlist_of(module: str, preset: str) -> pathlib.Path:
    folder = ROOT / "build/benches/netlists" / preset
    run([sys.executable, ROOT / "scripts/synth.py", module, "--preset", preset, "--out", folder])
    return folder / f"{module}.v"


def sources_of(
    bench: Bench, preset: str, netlist: str | None, generated: pathlib.Path
) -> list[pathlib.Path]:
    """Files for Verilator in order; the module `netlist` comes as gates."""
    rtl, here = ROOT / "rtl", ROOT / "tests/unit/rtl"
    files = [rtl / "waivers.vlt", generated / "zahl_pkg.sv", *packages_in_order(rtl)]
    if netlist:
        files.append(netlist_of(netlist, preset))
    for room in bench.rooms:
        files += [
            p
            for p in sorted((rtl / room).glob("*.sv"))
            if not p.stem.endswith("_pkg") and p.stem != netlist
        ]
    if bench.wrapper:
        files.append(here / f"{bench.top}.sv")
    return files


def build(bench: Bench, preset: str, netlist: str | None) -> pathlib.Path:
    name = f"{bench.program}_{preset}" + (f"_{netlist}_netlist" if netlist else "")
    folder = ROOT / "build/benches" / name
    folder.mkdir(parents=True, exist_ok=True)
    run([sys.executable, "-B", ROOT / "isa/generate.py", "sv", preset, folder])
    files = sources_of(bench, preset, netlist, folder)
    here = ROOT / "tests/unit/rtl"
    judged = [
        *files,
        here / f"{bench.program}.cpp",
        *here.glob("*.h"),
        *sorted((ROOT / "rtl").glob("*/*.svh")),
        *(BUILD / lib for lib in bench.libraries),
        pathlib.Path(__file__),
    ]
    digest = hashlib.sha256(b"".join(p.read_bytes() for p in judged)).hexdigest()
    stamp, program = folder / "digest", folder / "bench"
    if program.exists() and stamp.exists() and stamp.read_text() == digest:
        return program
    warnings = (
        ["-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-BLKSEQ"] if netlist else ["-Wno-fatal"]
    )
    includes = f"-I{ROOT} -I{BUILD}/include"
    command = [
        "verilator",
        "--cc",
        "--exe",
        "--build",
        "-j",
        "2",
        "-O3",
        "--x-assign",
        "fast",
        "--x-initial",
        "fast",
        "--assert",
        f"-I{ROOT}",
        *warnings,
    ]
    command += [
        "--top-module",
        bench.top,
        "--prefix",
        f"V{bench.top}",
        "--Mdir",
        folder / "obj",
        "-MAKEFLAGS",
        "OPT_FAST=-O2 OPT_SLOW=-O1",
    ]
    command += ["-CFLAGS", f'-std=c++20 {includes} -DZAHL_PRESET=\\"{preset}\\"']
    libraries = " ".join(str(BUILD / lib) for lib in bench.libraries)
    command += [
        "-LDFLAGS",
        f"{libraries} -lfmt -ltomlplusplus -lgtest -lgtest_main -lpthread",
        "-o",
        program,
        *files,
        here / f"{bench.program}.cpp",
    ]
    run(command)
    stamp.write_text(digest)
    return program


@pytest.mark.parametrize("preset", ["edge16", "tiny8"])
@pytest.mark.parametrize("bench", [REQUANTIZER, ARRAY, POST], ids=lambda b: b.program)
def test_rtl_does_what_the_naive_model_does(bench: Bench, preset: str):
    if bench is REQUANTIZER and preset != "edge16":
        pytest.skip("the requantizer does not depend on the preset")
    environment = os.environ | {
        "ZAHL_PRESET": preset,
        "ZAHL_BATCHES": "300",
        "ZAHL_VECTORS": "300000",
    }
    run([build(bench, preset, None)], env=environment, cwd=ROOT)


@pytest.mark.parametrize(
    "bench, module",
    [(REQUANTIZER, "zahl_requantizer"), (ARRAY, "zahl_array_column")],
    ids=lambda x: getattr(x, "program", x),
)
def test_netlist_does_what_the_rtl_does(bench: Bench, module: str):
    environment = os.environ | {
        "ZAHL_PRESET": "tiny8",
        "ZAHL_BATCHES": "12",
        "ZAHL_VECTORS": "5000",
    }
    run([build(bench, "tiny8", module)], env=environment, cwd=ROOT)
