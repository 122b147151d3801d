"""Speed of the engines, the compiler and the start-up, beside ONNX Runtime in the same run:
docs/speed.md and JSON."""

import argparse
import json
import os
import pathlib
import statistics

from benchmarks.host import (
    ROOT,
    SHARED,
    ZAHL,
    ZAHL_WIDE,
    Refused,
    compile_program,
    machine,
    machine_text,
    median_of,
    network,
    run_zahl,
    skip,
    write_page,
)

# Network of the recipe: how to make it, and how many times ONNX Runtime's time the model may take.
NATIVE = {
    "ResNet-50": (("resnet", {"depth": 50}), 2),
    "MobileNetV2": (("mobilenetv2", {}), 4),
    "VGG-11": (("vgg11", {}), 2),
    "YOLOv5n 480x640": (("yolov5n", {}), 1),
}
BEGIN, END = "<!-- made by scripts/bench speed -->", "<!-- end -->"
TINY = {
    "image classification": "pretrainedResnet_quant.tflite",
    "keyword spotting": "kws_ref_model.tflite",
    "visual wake words": "vww_96_int8.tflite",
    "anomaly detection": "ad01_int8.tflite",
}


def onnx_runtime(model: pathlib.Path):
    """A function that returns the seconds of one inference on one thread."""
    import time

    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    feed = {
        i.name: np.random.default_rng(0).random(i.shape, dtype=np.float32)
        for i in session.get_inputs()
    }

    def once() -> float:
        start = time.thread_time()
        session.run(None, feed)
        return time.thread_time() - start

    for _ in range(3):
        once()
    return once


def engine_seconds(
    program: pathlib.Path, *options: object, repeat: int = 3, zahl: pathlib.Path = ZAHL
) -> tuple[float, dict]:
    """Seconds of a run inside one process, the median of a few, and the report."""
    report = run_zahl(
        "run", program, "--seed", 1, "--repeat", repeat, *options, report=True, program=zahl
    ).report
    return statistics.median(report["host"]["run_seconds"]), report


def measure_network(
    name: str, model: pathlib.Path, runs: int, native=None, memory: str = "dram"
) -> dict:
    """One row: everything in turn, `runs` times,
    so that a slow moment of the host meets all of it."""
    machine_options = ("--memory", memory)
    program = compile_program(model)
    times: dict[str, list[float]] = {
        key: []
        for key in ("native", "model", "cycles_only", "whole_cycles_only", "start_up", "compile")
    }
    peak, report = 0, {}
    for _ in range(runs):
        if native:
            times["native"] += [native() for _ in range(3)]
        seconds, report = engine_seconds(program, *machine_options)
        times["model"].append(seconds)
        times["cycles_only"].append(engine_seconds(program, *machine_options, "--cycles-only")[0])
        times["whole_cycles_only"].append(
            run_zahl(
                "run", program, "--seed", 1, "--cycles-only", *machine_options, report=True
            ).seconds
        )
        whole = run_zahl("run", program, "--seed", 1, "--repeat", 1, *machine_options, report=True)
        times["start_up"].append(whole.report["host"]["start_up_seconds"])
        peak = max(peak, whole.report["host"]["peak_bytes"])
        times["compile"].append(run_zahl("compile", model, "-o", program).seconds)
    row = {
        "network": name,
        "macs": report["macs"],
        "cycles": report["cycles"],
        "memory": memory,
        "peak_bytes": peak,
    }
    row |= {
        f"{key}_seconds": statistics.median(values) if values else None
        for key, values in times.items()
    }
    row["ratio"] = row["model_seconds"] / row["native_seconds"] if native else None
    return row


def measure_rtl(
    name: str, program: pathlib.Path, memory: str, config: str, zahl: pathlib.Path, repeat: int
) -> dict:
    seconds, report = engine_seconds(
        program, "--engine", "rtl", "--memory", memory, repeat=repeat, zahl=zahl
    )
    return {
        "network": name,
        "config": config,
        "cycles": report["cycles"],
        "seconds": seconds,
        "cycles_per_second": report["cycles"] / seconds,
    }


def measure_jobs(model: pathlib.Path, runs: int) -> dict:
    """Eight independent runs of one network, one at a time and on all cores."""
    cores = len(os.sched_getaffinity(0))
    program = compile_program(model)
    times = {
        jobs: median_of(
            lambda j=jobs: run_zahl("run", *[program] * 8, "--seed", 1, "--jobs", j).clock_seconds,
            runs,
        )
        for jobs in (1, cores)
    }
    return {
        "network": model.stem,
        "models": 8,
        "cores": cores,
        "seconds_one": times[1],
        "seconds_all": times[cores],
        "speed_up": times[1] / times[cores],
    }


def milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{1e3 * seconds:.2f}"


def verdict(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


def network_lines(rows: list[dict]) -> list[str]:
    heads = [
        "network",
        "MMAC",
        "cycles",
        "ONNX Runtime ms",
        "model ms",
        "ratio",
        "target",
        "M cycles/s",
        "cycles only ms",
        "M cycles/s",
    ]
    heads += ["program to JSON, cycles only ms", "start-up ms", "compile s", "peak MB"]
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    for r in rows:
        cells = [
            r["network"],
            f"{r['macs'] / 1e6:,.1f}",
            f"{r['cycles']:,}",
            milliseconds(r["native_seconds"]),
            milliseconds(r["model_seconds"]),
        ]
        cells += [
            f"{r['ratio']:.2f}" if r["ratio"] else "",
            f"{r['target']}: {verdict(r['is_met'])}",
            f"{r['cycles'] / r['model_seconds'] / 1e6:.0f}",
        ]
        cells += [
            milliseconds(r["cycles_only_seconds"]),
            f"{r['cycles'] / r['cycles_only_seconds'] / 1e6:.0f}",
        ]
        cells += [milliseconds(r["whole_cycles_only_seconds"]), milliseconds(r["start_up_seconds"])]
        cells += [f"{r['compile_seconds']:.2f}", f"{r['peak_bytes'] / 1e6:.0f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def page(result: dict) -> str:
    lines = [
        "Medians of processor times (on an idle host those of the clock) of runs on one thread "
        "that alternate between Zahl and ONNX Runtime, native",
        "int8 inference of the same QDQ file. The model gives bits and cycles unless it says "
        "otherwise; its time is that of a run in a process that",
        "has read the program, start-up what comes before it in a new process.",
        "",
        f"Host: {machine_text(result['machine'])}. ONNX Runtime "
        f"{result['machine'].get('onnxruntime', 'absent')}.",
        "",
        *network_lines(result["networks"]),
        "",
        "RTL (Verilator, one thread, memory included, no waveform):",
        "",
        "| network | machine | cycles | s | k cycles/s | target |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for r in result["rtl"]:
        least = 120e3 if r["config"] == "wide32" else 400e3
        lines.append(
            f"| {r['network']} | {r['config']} | {r['cycles']:,} | {r['seconds']:.3f} | "
            f"{r['cycles_per_second'] / 1e3:.0f} | at least {least / 1e3:.0f}: "
            f"{verdict(r['cycles_per_second'] >= least)} |"
        )
    if result["jobs"]:
        j = result["jobs"]
        lines += [
            "",
            f"Independent runs: {j['models']} of {j['network']} take {j['seconds_one']:.2f} s "
            f"with `--jobs 1` and {j['seconds_all']:.2f} s with `--jobs {j['cores']}`, "
            f"{j['speed_up']:.2f} times as fast on {j['cores']} cores.",
        ]
    return "\n".join(lines) + "\n"


def add_networks(result: dict, runs: int) -> None:
    try:
        import onnxruntime

        result["machine"]["onnxruntime"] = onnxruntime.__version__
    except ImportError:
        skip("the comparison", "ONNX Runtime is not installed; scripts/setup --python installs it")
        return
    for name, ((recipe, shape), limit) in NATIVE.items():
        model = network(recipe, **shape)
        if model is None:
            skip(name, "the recipe of the shared networks is absent; say where with ZAHL_MODELS")
            continue
        try:
            row = measure_network(name, model, runs, native=onnx_runtime(model))
        except Refused as why:
            skip(name, str(why))
            continue
        row["target"], row["is_met"] = f"ratio at most {limit}", row["ratio"] <= limit
        result["networks"].append(row)
        print(
            f"{name}: {milliseconds(row['model_seconds'])} ms, {row['ratio']:.2f} times ONNX "
            "Runtime",
            flush=True,
        )


def add_tiny(result: dict, runs: int) -> None:
    for name, file in TINY.items():
        if not (SHARED / file).exists():
            skip(name, f"{file} is absent; say where the shared networks are with ZAHL_MODELS")
            continue
        row = measure_network(name, SHARED / file, runs, memory="onchip")
        row["target"], row["is_met"] = "at most 5 ms", row["model_seconds"] <= 5e-3
        result["networks"].append(row)
        for config, zahl in (("edge16", ZAHL), ("wide32", ZAHL_WIDE)):
            try:
                program = compile_program(SHARED / file, "--config", config)
                result["rtl"].append(measure_rtl(name, program, "onchip", config, zahl, 5))
            except (Refused, FileNotFoundError) as why:
                skip(f"{name} on the RTL of {config}", str(why))


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench speed", description=__doc__)
    parser.add_argument(
        "--tables", type=pathlib.Path, help="a page to put the tables into, between its marks"
    )
    parser.add_argument("--json", type=pathlib.Path, help="write the figures here")
    parser.add_argument(
        "--runs", type=int, default=5, help="how often everything is measured in turn"
    )
    parser.add_argument(
        "--no-resnet50-rtl",
        action="store_true",
        help="leave out the half minute of ResNet-50 on the RTL",
    )
    arguments = parser.parse_args()
    result: dict = {
        "schema": "zahl.bench/1",
        "machine": machine(),
        "networks": [],
        "rtl": [],
        "jobs": None,
    }
    add_networks(result, arguments.runs)
    add_tiny(result, arguments.runs)
    big = network("resnet", depth=50)
    if big is not None:
        result["jobs"] = measure_jobs(big, arguments.runs)
        if not arguments.no_resnet50_rtl:
            result["rtl"].append(
                measure_rtl("ResNet-50", compile_program(big), "dram", "edge16", ZAHL, 1)
            )
    text = page(result)
    print(text)
    if arguments.tables:
        before, rest = arguments.tables.read_text().split(BEGIN)
        write_page(arguments.tables, f"{before}{BEGIN}\n{text}{END}{rest.split(END)[1]}")
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")
        is_inside = arguments.json.is_relative_to(ROOT)
        print(f"figures in {arguments.json.relative_to(ROOT) if is_inside else arguments.json}")


if __name__ == "__main__":
    main()
