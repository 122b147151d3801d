#!/usr/bin/env python3
"""Where the targets stand: cycles, utilisation and speed of whole networks, as docs/benchmarks.md and JSON.

    scripts/bench.py                       the default model and whatever shared networks are there
    scripts/bench.py --out FILE.md         write the page
    scripts/bench.py --json FILE.json      write the figures
    scripts/bench.py --rtl NAME ...        networks that the RTL runs too (default: the small ones)

Cycles are exact and repeat; seconds are medians of --runs runs on the machine at hand.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
ZAHL = ROOT / "build/release/bin/zahl"
SHARED = pathlib.Path(os.environ.get("ZAHL_MODELS", ROOT.parent / "shared/models"))

# Network: file, target cycles (docs/benchmarks.md names the anchors), memory of the target.
NETWORKS = {
    "digits (default model)": (ROOT / "models/digits/digits_qdq.onnx", None, "onchip"),
    "image classification": (SHARED / "pretrainedResnet_quant.tflite", 57_000, "onchip"),
    "keyword spotting": (SHARED / "kws_ref_model.tflite", 20_000, "onchip"),
    "visual wake words": (SHARED / "vww_96_int8.tflite", 52_000, "onchip"),
    "anomaly detection": (SHARED / "ad01_int8.tflite", 18_500, "onchip"),
    "streaming wake word": (SHARED / "str_ww_ref_model.tflite", None, "onchip"),
    "person detect": (SHARED / "person_detect.tflite", None, "onchip"),
    "MobileNetV1 0.25 128": (SHARED / "mobilenet_v1_0.25_128_uint8.tflite", None, "onchip"),
    "MobileNetV2 0.35 160": (SHARED / "mobilenet_v2_0.35_160.tflite", None, "onchip"),
    "MobileNetV2 1.0 224": (SHARED / "mobilenet_v2_1.0_224_int8.tflite", 1_500_000, "onchip"),
    "ResNet 6-block": (SHARED / "trainedResnet_6blk_750k_int8.tflite", None, "onchip"),
}
SMALL = [
    "digits (default model)",
    "image classification",
    "keyword spotting",
    "visual wake words",
    "anomaly detection",
]


def run(model: pathlib.Path, memory: str, engine: str, *more: str) -> tuple[dict, float]:
    """The report and the seconds of the whole process."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        command = [
            ZAHL,
            "run",
            model,
            "--memory",
            memory,
            "--engine",
            engine,
            "--seed",
            "1",
            "--json",
            report,
            *more,
        ]
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return json.loads(report.read_text()), time.perf_counter() - start


def measure(name: str, runs: int, with_rtl: bool) -> dict:
    model, target, memory = NETWORKS[name]
    reports = [run(model, memory, "model") for _ in range(runs)]
    report = reports[0][0]
    stalls: dict[str, int] = {}
    for layer in report["layers"]:
        for cause, cycles in layer["stall_cycles"].items():
            stalls[cause] = stalls.get(cause, 0) + cycles
    row = {
        "network": name,
        "memory": memory,
        "macs": report["macs"],
        "cycles": report["cycles"],
        "target": target,
        "utilisation": report["utilisation"],
        "dram_bytes": report["dram_read_bytes"] + report["dram_write_bytes"],
        "stalls": stalls,
        "model_seconds": statistics.median(s for _, s in reports),
    }
    if with_rtl:
        rtl, seconds = run(model, memory, "rtl")
        row["rtl_cycles"], row["rtl_seconds"] = rtl["cycles"], seconds
    return row


def page(rows: list[dict], runs: int) -> str:
    lines = [
        "# Benchmarks",
        "",
        "Made by `scripts/bench.py --out docs/benchmarks.md`. Cycles are exact; seconds are whole processes (compile, start-up, run, report), "
        f"median of {runs} runs on one core of {platform.machine()}.",
        "Targets are for `edge16` (256 multipliers), one inference, everything on chip.",
        "Anchors are the better of Ethos-U55-256 and Ethos-U85-256 as estimated by Vela 5.2.",
        "",
        "| network | MMAC | memory | cycles | target | utilisation | traffic KiB | waits most for | model s | Mcycles/s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for r in rows:
        worst = max(r["stalls"], key=r["stalls"].get)
        target = f"{r['target']:,}" if r["target"] else ""
        lines.append(
            f"| {r['network']} | {r['macs'] / 1e6:.2f} | {r['memory']} | {r['cycles']:,} | {target} | {100 * r['utilisation']:.1f} % | "
            f"{r['dram_bytes'] / 1024:,.0f} | {worst} ({100 * r['stalls'][worst] / r['cycles']:.0f} %) | {r['model_seconds']:.3f} | "
            f"{r['cycles'] / r['model_seconds'] / 1e6:.1f} |"
        )
    lines += [
        "",
        "On the RTL (Verilator, one thread): the same cycles.",
        "",
        "| network | cycles | equal to the model | s | kcycles/s |",
        "| --- | --- | --- | --- | --- |",
    ]
    for r in rows:
        if "rtl_cycles" in r:
            equal = "yes" if r["rtl_cycles"] == r["cycles"] else "NO"
            lines.append(
                f"| {r['network']} | {r['rtl_cycles']:,} | {equal} | {r['rtl_seconds']:.2f} | {r['rtl_cycles'] / r['rtl_seconds'] / 1e3:.0f} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rtl", nargs="*", default=SMALL, metavar="NAME")
    arguments = parser.parse_args()
    rows = []
    for name, (model, _, _) in NETWORKS.items():
        if not model.exists():
            print(f"{name}: {model.name} is absent, skipped")
            continue
        rows.append(measure(name, arguments.runs, name in arguments.rtl))
        print(
            f"{name}: {rows[-1]['cycles']:,} cycles, {100 * rows[-1]['utilisation']:.1f} %",
            flush=True,
        )
    text = page(rows, arguments.runs)
    if arguments.out:
        arguments.out.write_text(text)
    else:
        print(text)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
