"""What the benchmarks share: the program at hand, whole processes with time and peak memory,
networks made on demand, the machine."""

import functools
import importlib.util
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from types import ModuleType

ROOT = pathlib.Path(__file__).resolve().parents[2]
ZAHL = pathlib.Path(os.environ.get("ZAHL", ROOT / "build/release/bin/zahl"))
# The machine that the default build has no RTL of; tests/agree/test_wide32.py builds it.
ZAHL_WIDE = pathlib.Path(os.environ.get("ZAHL_WIDE", ROOT / "build/wide32/bin/zahl"))
SHARED = pathlib.Path(os.environ.get("ZAHL_MODELS", ROOT.parent / "shared/models"))
NETWORKS = ROOT / "build/bench/networks"
PROGRAMS = ROOT / "build/bench/programs"


class Refused(Exception):
    """zahl said no; the text is its sentence."""


@dataclass
class Process:
    """A whole process: seconds of the processor and of the clock,
    and the report if it wrote one."""

    seconds: float
    clock_seconds: float
    report: dict | list | None = None


def run_zahl(*arguments: object, program: pathlib.Path = ZAHL, report: bool = False) -> Process:
    """Runs `zahl ARGUMENTS` [--json FILE]. Raises Refused with its sentence if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "report.json"
        command = [str(program), *map(str, arguments), *(["--json", str(file)] if report else [])]
        with open(pathlib.Path(folder) / "said", "w+") as said:
            start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            exit_code = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=said).returncode
            clock_seconds, after = (
                time.perf_counter() - start,
                resource.getrusage(resource.RUSAGE_CHILDREN),
            )
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            said.seek(0)
            lines = [line for line in said.read().splitlines() if line.startswith("zahl: ")]
        if exit_code != 0:
            raise Refused(lines[0][6:] if lines else f"exit code {exit_code}")
        return Process(seconds, clock_seconds, json.loads(file.read_text()) if report else None)


def compile_program(model: pathlib.Path, *machine: str) -> pathlib.Path:
    """The compiled program of a model; its name tells the machine."""
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    program = PROGRAMS / f"{model.stem}{''.join(machine).replace('--', '_')}.zprog"
    run_zahl("compile", model, "-o", program, *machine)
    return program


@functools.cache
def recipes() -> ModuleType | None:
    """The recipe of the shared networks, or None where it is absent."""
    path = SHARED / "recipes/make_networks.py"
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location("make_networks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def network(name: str, **shape: int) -> pathlib.Path | None:
    """A quantized network of the recipe, for example network("resnet", depth=18, size=448);
    made once, kept under build/."""
    recipe = recipes()
    if recipe is None:
        return None
    NETWORKS.mkdir(parents=True, exist_ok=True)
    stem = name + "".join(f"_{value}" for value in shape.values())
    target = NETWORKS / f"{stem}_qdq.onnx"
    if not target.exists():
        print(f"making {target.name}", flush=True)
        graph, outputs = getattr(recipe, name)(**shape)
        source = NETWORKS / f"{stem}_float.onnx"
        graph.save(outputs, str(source))
        recipe.quantize(source, target)
        source.unlink()
    return target


def median_of(measure, runs: int) -> float:
    return statistics.median(measure() for _ in range(runs))


def machine() -> dict:
    """The host, as far as it matters for a time."""
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in open("/proc/cpuinfo")
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    flags = next(
        (
            line.split(":", 1)[1].split()
            for line in open("/proc/cpuinfo")
            if line.startswith("flags")
        ),
        [],
    )
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "kernels": os.environ.get("ZAHL_KERNELS")
        or ("avx512" if "avx512_vnni" in flags else "avx2" if "avx2" in flags else "scalar"),
        "load_average": round(
            os.getloadavg()[0], 1
        ),  # before the benchmark: how many others used the host
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release()}",
        "python": sys.version.split()[0],
    }


def write_page(path: pathlib.Path, text: str) -> None:
    """Writes a page in the format of those written by hand (.mdformat.toml)."""
    path.write_text(text)
    subprocess.run([sys.executable, "-m", "mdformat", path], check=True)


def machine_text(host: dict) -> str:
    memory = f"{host['memory_bytes'] / 2**30:.0f} GiB"
    return (
        f"{host['cpu']}, {host['cores']} cores, kernels {host['kernels']}, {memory}, "
        f"{host['system']}, load average before {host['load_average']}"
    )


def skip(what: str, why: str) -> None:
    print(f"skipped: {what}: {why}", flush=True)
