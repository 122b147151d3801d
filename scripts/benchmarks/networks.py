"""All networks at hand on edge16: cycles against targets, where the time goes,
DRAM traffic against the least possible.

scripts/bench networks                          print the page
scripts/bench networks --out docs/networks.md   write it
scripts/bench networks --layers resnet50        the layers of one network
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
from dataclasses import dataclass

from benchmarks.host import ROOT, SHARED, ZAHL, Refused, network, run_zahl, write_page
from benchmarks.losses import SHARES, percent, shares_of, table


@dataclass
class Network:
    title: str
    source: pathlib.Path | tuple  # a file, or a network of the recipe and its shape
    memory: str = "onchip"
    target_cycles: int | None = None
    target_busy: float | None = None  # share of the multipliers
    target_traffic: float | None = None  # DRAM traffic over the least with large maps

    def path(self) -> pathlib.Path | None:
        return (
            network(self.source[0], **self.source[1])
            if isinstance(self.source, tuple)
            else self.source
            if self.source.exists()
            else None
        )


NETWORKS = {
    "digits": Network("digits (default model)", ROOT / "models/digits/digits_qdq.onnx"),
    "image": Network(
        "MLPerf Tiny image classification",
        SHARED / "pretrainedResnet_quant.tflite",
        target_cycles=57_000,
    ),
    "keyword": Network(
        "MLPerf Tiny keyword spotting", SHARED / "kws_ref_model.tflite", target_cycles=20_000
    ),
    "wakewords": Network(
        "MLPerf Tiny visual wake words", SHARED / "vww_96_int8.tflite", target_cycles=52_000
    ),
    "anomaly": Network(
        "MLPerf Tiny anomaly detection", SHARED / "ad01_int8.tflite", target_cycles=18_500
    ),
    "streaming": Network("MLPerf Tiny streaming wake word", SHARED / "str_ww_ref_model.tflite"),
    "person": Network("person detect", SHARED / "person_detect.tflite"),
    "mobilenetv1": Network("MobileNetV1 0.25 128", SHARED / "mobilenet_v1_0.25_128_uint8.tflite"),
    "mobilenetv2_035": Network("MobileNetV2 0.35 160", SHARED / "mobilenet_v2_0.35_160.tflite"),
    "mobilenetv2": Network(
        "MobileNetV2 1.0 224", SHARED / "mobilenet_v2_1.0_224_int8.tflite", target_cycles=1_500_000
    ),
    "yolov5_tiny": Network("YOLOv5-tiny 192", SHARED / "yolov5_tiny_192_int8.tflite"),
    "nanodet": Network("NanoDet 416", SHARED / "nanodet_416_qoperator.onnx", "dram"),
    "resnet6": Network("ResNet 6-block", SHARED / "trainedResnet_6blk_750k_int8.tflite"),
    "resnet18": Network("ResNet-18", ("resnet", {"depth": 18}), "dram"),
    "resnet50": Network(
        "ResNet-50", ("resnet", {"depth": 50}), "dram", target_cycles=17_400_000, target_traffic=1.5
    ),
    "squeezenet": Network("SqueezeNet", ("squeezenet", {}), "dram"),
    "yolov5n": Network("YOLOv5n SiLU 480x640", ("yolov5n", {}), "dram", target_busy=0.8),
    "yolov8n": Network("YOLOv8n SiLU 480x640", ("yolov8n", {}), "dram", target_busy=0.8),
}
MACHINE = "edge16"


def estimate_difference(report: dict) -> int:
    """Cycles by which the compiler's estimate is wrong, over all layers, whatever the sign."""
    return sum(abs(layer["cycles"] - layer["estimated_cycles"]) for layer in report["layers"])


def measure(name: str, rtl_cycles: int) -> dict | None:
    """One row of figures; with `refused` and a sentence where the compiler says no;
    None where the network is absent."""
    n = NETWORKS[name]
    path = n.path()
    if path is None:
        return None
    machine = ["--config", MACHINE, "--memory", n.memory, "--seed", 1]
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "network.zprog"
        try:
            run_zahl("compile", path, "-o", program, "--config", MACHINE, "--memory", n.memory)
        except Refused as refused:
            return {"network": n.title, "refused": str(refused).removeprefix(f"{path}: ")}
        report = run_zahl("run", program, "--cycles-only", *machine, report=True).report
        cosim = (
            run_zahl("cosim", program, *machine, report=True).report
            if report["cycles"] <= rtl_cycles
            else None
        )
    row = {
        "network": n.title,
        "memory": n.memory,
        **{
            key: report[key]
            for key in (
                "macs",
                "cycles",
                "utilisation",
                "bounds",
                "limit",
                "next_bound",
                "dependence_cycles",
                "fetch_bytes",
                "stall_cycles",
            )
        },
        "busy": report["busy_cycles"] / report["cycles"],
        "dram_bytes": report["dram_read_bytes"] + report["dram_write_bytes"],
        "least": report["least_dram_bytes"],
        "shares": shares_of(report),
        "estimate_difference": sum(estimate_difference(r) for r in (report, cosim) if r),
        "targets": {"cycles": n.target_cycles, "busy": n.target_busy, "traffic": n.target_traffic},
    }
    if cosim:
        row["rtl_differences"] = cosim["cycle_differences"] + cosim["byte_differences"]
    return row


def misses(row: dict) -> list[str]:
    """A sentence for each target that is not met, with the bound that holds."""
    targets, found = row["targets"], []
    bound = row["bounds"][row["limit"]]
    causes = sorted(((c, s) for c, s in row["stall_cycles"].items() if s > 0), key=lambda x: -x[1])[
        :3
    ]
    waits = ", ".join(f"{cause} {cycles:,}" for cause, cycles in causes)
    held = (
        f"the {row['limit']} bound is {bound:,} cycles, dependence takes "
        f"{row['dependence_cycles']:,} more; the array waits for {waits}"
    )
    if targets["cycles"] and row["cycles"] > targets["cycles"]:
        found.append(
            f"{row['network']}: {row['cycles']:,} cycles, target {targets['cycles']:,}: {held}."
        )
    if targets["busy"] and row["utilisation"] < targets["busy"]:
        lost = sorted(
            ((s, v) for s, v in row["shares"].items() if s != "useful"), key=lambda x: -x[1]
        )[:3]
        losses = ", ".join(f"{share} {percent(value)}" for share, value in lost)
        found.append(
            f"{row['network']}: {percent(row['utilisation'])} of the multipliers, target "
            f"{percent(targets['busy'])}: lost to {losses}; {held}."
        )
    ratio = row["dram_bytes"] / row["least"]["with_large_maps"]
    if targets["traffic"] and ratio > targets["traffic"]:
        found.append(
            f"{row['network']}: DRAM traffic {ratio:.2f} of the least, target {targets['traffic']}."
        )
    return found


def rtl_text(row: dict) -> str:
    return (
        ""
        if "rtl_differences" not in row
        else "equal"
        if row["rtl_differences"] == 0
        else f"{row['rtl_differences']} DIFFERENCES"
    )


def page(rows: list[dict]) -> str:
    held = [r for r in rows if "refused" not in r]
    lines = [
        "# Networks",
        "",
        f"Made by `scripts/bench networks`, on `{MACHINE}`: 256 multipliers, 512 KiB. Memory "
        "`onchip` gives 16 bytes a cycle after 1 cycle, `dram` after 100. Cycles are exact; in "
        "the rows marked `equal`, `zahl cosim` found no difference between model and RTL in any "
        "byte, cycle or transaction. [The report](report.md) defines the words; `--layers NAME` "
        "prints the layers of one network.",
        "",
        "## Cycles",
        "",
    ]
    head = [
        "network",
        "memory",
        "MMAC",
        "cycles",
        "target",
        "utilisation",
        "limit",
        "its bound",
        "next bound",
        "RTL",
    ]
    lines += table(
        head,
        [
            [
                *(r["network"], r["memory"], f"{r['macs'] / 1e6:.2f}", f"{r['cycles']:,}"),
                f"{r['targets']['cycles']:,}"
                if r["targets"]["cycles"]
                else f"{percent(r['targets']['busy'])} busy"
                if r["targets"]["busy"]
                else "",
                *(
                    percent(r["utilisation"]),
                    r["limit"],
                    f"{r['bounds'][r['limit']]:,}",
                    f"{r['next_bound']['limit']} {r['next_bound']['cycles']:,}",
                    rtl_text(r),
                ),
            ]
            for r in held
        ],
    )
    wrong = sum(r["estimate_difference"] for r in held)
    lines += [
        "",
        "The compiler's estimates of all layers of these networks, on the model and where it ran "
        f"on the RTL, are wrong by {wrong} cycles altogether.",
    ]
    found = [sentence for r in held for sentence in misses(r)]
    lines += [
        "",
        *(
            ["Targets that are not met, and which bound holds:", "", *[f"- {s}" for s in found]]
            if found
            else ["All targets are met."]
        ),
    ]
    lines += [
        "",
        "## Where the time goes",
        "",
        "Shares of the cycles. `useful` is the utilisation; `lanes` and `columns` are multipliers "
        "that the shapes leave empty while the array streams; the others are cycles in which it "
        "does not.",
        "",
    ]
    lines += table(
        ["network", *SHARES],
        [[r["network"], *(percent(r["shares"][s]) for s in SHARES)] for r in held],
    )
    lines += [
        "",
        "## DRAM traffic",
        "",
        "Bytes on the bus, fetch of instructions included. The least is the network's own "
        "weights, biases, inputs and outputs, once (the bound of a scratchpad without end); with "
        "large maps, each map that is larger than the scratchpad and is still read after the next "
        "node also leaves and comes back once ([definitions](report.md)).",
        "",
    ]
    lines += table(
        [
            "network",
            "DRAM KiB",
            "of it instructions",
            "least KiB",
            "ratio",
            "with large maps",
            "ratio",
        ],
        [
            [
                *(
                    r["network"],
                    f"{r['dram_bytes'] / 1024:,.0f}",
                    f"{r['fetch_bytes'] / 1024:,.0f}",
                ),
                *(
                    f"{r['least']['compulsory'] / 1024:,.0f}",
                    f"{r['dram_bytes'] / r['least']['compulsory']:.2f}",
                ),
                *(
                    f"{r['least']['with_large_maps'] / 1024:,.0f}",
                    f"{r['dram_bytes'] / r['least']['with_large_maps']:.2f}",
                ),
            ]
            for r in held
        ],
    )
    refused = [r for r in rows if "refused" in r]
    if refused:
        lines += ["", "Not compiled:", "", *[f"- {r['network']}: {r['refused']}" for r in refused]]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(NETWORKS)}; all if left out"
    )
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument(
        "--rtl-cycles",
        type=int,
        default=20_000_000,
        help="networks of at most so many cycles run on the RTL too",
    )
    parser.add_argument("--layers", metavar="NAME", choices=NETWORKS)
    arguments = parser.parse_args()
    if arguments.layers:
        n = NETWORKS[arguments.layers]
        subprocess.run(
            [
                ZAHL,
                "run",
                n.path(),
                "--memory",
                n.memory,
                "--config",
                MACHINE,
                "--cycles-only",
                "--seed",
                "1",
                "--layers",
            ],
            check=True,
        )
        return
    rows = []
    for name in arguments.names or NETWORKS:
        row = measure(name, arguments.rtl_cycles)
        if row is None:
            print(f"skipped: {NETWORKS[name].title}: it is absent", flush=True)
            continue
        rows.append(row)
        print(
            f"{row['network']}: {row.get('refused') or format(row['cycles'], ',') + ' cycles'}",
            flush=True,
        )
    text = page(rows)
    if arguments.out:
        write_page(arguments.out, text)
    else:
        print(text)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
