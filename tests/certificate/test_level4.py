"""Level 4 finds a float in an object, wherever it hides, and names file and function."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "certificate/objects/level4.py"
BUILD = pathlib.Path(os.environ["ZAHL"]).parents[1]
sys.path.insert(0, str(ROOT / "certificate/objects"))

import x86  # noqa: E402

# A build folder in small: a device with a kernel, the host beside it, and a program.
KERNEL = """
#include <cstdint>
namespace zahl::sim::kernels {{
{helper}
[[gnu::noinline]] void drain(const int32_t* from, int8_t* to, int count) {{
  for (int i = 0; i < count; ++i) to[i] = static_cast<int8_t>({expression});
}}
}}  // namespace zahl::sim::kernels
"""
HOST = "namespace zahl::isa { double scale_of(int x) { return x * 0.3; } }\n"
MAIN = """
#include <cstdint>
namespace zahl::sim::kernels { void drain(const int32_t*, int8_t*, int); }
int main(int count, char**) {
  int32_t a[4] = {count};
  int8_t b[4];
  zahl::sim::kernels::drain(a, b, 4);
  return b[0];
}
"""


def small_build(
    folder: pathlib.Path, expression: str, helper: str = "", host: str = HOST
) -> pathlib.Path:
    sources = {
        "sim/CMakeFiles/x.dir/post/kernel.cpp": KERNEL.format(expression=expression, helper=helper),
        "isa/CMakeFiles/y.dir/host.cpp": host,
        "contract/CMakeFiles/z.dir/image.cpp": "int bytes_of_image() { return 0; }\n",
        "main.cpp": MAIN,
    }
    objects = []
    for name, text in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        objects.append(str(path.parent / (path.name + ".o")))
        subprocess.run(["g++", "-O2", "-c", path, "-o", objects[-1]], check=True)
    (folder / "bin").mkdir()
    subprocess.run(["g++", *objects, "-o", folder / "bin/zahl"], check=True)
    return folder


def level4(build: pathlib.Path, folder: pathlib.Path) -> tuple[int, dict[str, dict]]:
    out = folder / "level4.json"
    run = subprocess.run(
        [sys.executable, "-B", SCRIPT, "--json", out, "--build-dir", build],
        capture_output=True,
        text=True,
    )
    assert out.exists(), run.stderr
    return run.returncode, {check["name"]: check for check in json.loads(out.read_text())["checks"]}


def test_an_integer_kernel_passes_and_the_host_may_hold_floats(tmp_path):
    code, checks = level4(small_build(tmp_path, "(from[i] * int64_t{3} + 1) >> 1"), tmp_path)
    assert code == 0, checks
    assert checks["where the floats are"]["evidence"]["functions"]["zahl::isa"] == [
        "zahl::isa::scale_of(int)"
    ]


PLANTED = {
    "multiplication": ("from[i] * 0.5f", ""),
    "conversion": ("__builtin_bit_cast(float, from[i])", ""),
    "division": ("1.0 / from[i]", ""),
    "x87": ("from[i] * 0.3L", ""),
    "vector": (
        "four(from)",
        "typedef float v4 __attribute__((vector_size(16))); "
        "static int four(const int32_t* x) { v4 a = *(const v4*)x; a += a; return (int)a[0]; }",
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_float_is_found_with_its_place(tmp_path, what):
    expression, helper = PLANTED[what]
    code, checks = level4(small_build(tmp_path, expression, helper), tmp_path)
    assert code == 1
    for check in ("instructions of the device's objects", "reachable from the datapath"):
        faults = checks[check]["evidence"]["faults"]
        assert any(
            fault.startswith("sim/post/kernel.cpp, zahl::sim::kernels::drain(")
            and "float instruction" in fault
            for fault in faults
        ), faults
    assert not checks["their copies in the linked program"]["holds"]


def test_a_float_that_is_only_called_is_found_with_the_way_to_it(tmp_path):
    helper = "} namespace zahl::isa { int scale(int); } namespace zahl::sim::kernels {"
    build = small_build(
        tmp_path,
        "isa::scale(from[i])",
        helper,
        "namespace zahl::isa { int scale(int x) { return int(x * 0.3); } }",
    )
    code, checks = level4(build, tmp_path)
    assert code == 1
    assert checks["instructions of the device's objects"]["holds"]
    (fault, *_) = checks["reachable from the datapath"]["evidence"]["faults"]
    assert (
        fault.startswith("isa/host.cpp, zahl::isa::scale(int)+")
        and "reached by zahl::sim::kernels::drain > zahl::isa::scale" in fault
    )
    assert (
        "zahl::isa::scale(int) holds floats and is reachable from the device"
        in checks["where the floats are"]["evidence"]["faults"]
    )


def test_a_float_behind_a_table_of_functions_is_found(tmp_path):
    helper = "static int by_three(int x) { return x * 3; }"
    helper += "static int by_half(int x) { return int(x * 0.5); }"
    helper += "int (*const table[])(int) = {by_three, by_half}; extern int which;"
    build = small_build(
        tmp_path, "table[which](from[i])", helper, "namespace zahl::sim::kernels { int which = 0; }"
    )
    code, checks = level4(build, tmp_path)
    assert code == 1
    assert any(
        "by_half" in fault for fault in checks["reachable from the datapath"]["evidence"]["faults"]
    )


def test_a_library_function_of_floats_is_found(tmp_path):
    code, checks = level4(
        small_build(
            tmp_path,
            "isqrt(from[i])",
            'extern "C" double sqrt(double); static int isqrt(int x) { return (int)sqrt(x); }',
        ),
        tmp_path,
    )
    assert code == 1
    assert any(
        "reaches sqrt, which is none of" in fault
        for fault in checks["reachable from the datapath"]["evidence"]["faults"]
    )


FLOATS = (
    "addss mulps vfmadd231ps vcvtdq2ps cvttss2si ucomiss vdivpd sqrtsd fld fmulp vaddph "
    "vminps andps vrndscaleps vblendmps"
).split()


@pytest.mark.parametrize("name", FLOATS)
def test_float_instructions_are_in_no_group(name):
    assert x86.group_of(f"{name} xmm0,xmm1") is None and x86.is_float(f"{name} xmm0,xmm1")


def test_bit_moves_are_a_group_of_their_own():
    assert x86.group_of("movups XMMWORD PTR [rdi],xmm0") == "bit moves"
    assert x86.group_of("rep stos QWORD PTR es:[rdi],rax") == "general"


def test_a_missing_build_gives_one_sentence(tmp_path):
    run = subprocess.run(
        [sys.executable, "-B", SCRIPT, "--build-dir", tmp_path], capture_output=True, text=True
    )
    assert run.returncode == 2 and "build zahl first" in run.stderr


def test_what_is_shipped_passes_and_the_list_of_functions_is_printed():
    run = subprocess.run(
        [sys.executable, "-B", SCRIPT, "--build-dir", BUILD, "--list"],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-2000:]
    for function in (
        "zahl::sim::kernels::drain_avx512(",
        "zahl::sim::kernels::conv_scalar(",
        "zahl::sim::Depthwise::execute(",
        "zahl::sim::Unit::decide(",
    ):
        assert function in run.stdout
