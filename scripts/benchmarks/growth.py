"""Time against work: deeper ResNets, larger inputs, larger batches.

Linear growth, shown by a plot (docs/growth.svg) and JSON.
"""

import argparse
import json
import pathlib
import statistics

from benchmarks.host import (
    ROOT,
    Refused,
    compile_program,
    machine,
    machine_text,
    network,
    run_zahl,
    skip,
)

DEPTHS = (18, 34, 50, 101, 152)
SIZES = (112, 160, 224, 320, 448)
IMAGES = (1, 2, 4, 8, 16)


def measure(depth: int, size: int, runs: int) -> dict | None:
    model = (
        network("resnet", depth=depth) if size == 224 else network("resnet", depth=depth, size=size)
    )
    if model is None:
        skip("growth", "the recipe of the shared networks is absent; say where with ZAHL_MODELS")
        return None
    try:
        program = compile_program(model)
        report = run_zahl("run", program, "--seed", 1, "--repeat", runs, report=True).report
        timing = run_zahl(
            "run", program, "--seed", 1, "--repeat", runs, "--cycles-only", report=True
        ).report
    except Refused as why:
        skip(f"ResNet-{depth} at {size}", str(why))
        return None
    return {
        "depth": depth,
        "size": size,
        "macs": report["macs"],
        "cycles": report["cycles"],
        "seconds": statistics.median(report["host"]["run_seconds"]),
        "cycles_only_seconds": statistics.median(timing["host"]["run_seconds"]),
    }


def batched(model: pathlib.Path, images: int) -> pathlib.Path:
    """The same network for a batch of images."""
    import onnx

    target = model.with_name(f"{model.stem}_batch{images}.onnx")
    if not target.exists():
        graph = onnx.load(model)
        for value in [*graph.graph.input, *graph.graph.output, *graph.graph.value_info]:
            dimensions = value.type.tensor_type.shape.dim
            if len(dimensions) >= 2 and dimensions[0].dim_value == 1:
                dimensions[0].dim_value = images
        onnx.save(graph, target)
    return target


def measure_batch(images: int, runs: int) -> dict:
    """One run of a batch; where the compiler takes no batches, as many runs of one image."""
    model = network("resnet", depth=18)
    try:
        reports = [
            run_zahl(
                "run",
                compile_program(batched(model, images)),
                "--seed",
                1,
                "--repeat",
                runs,
                report=True,
            ).report
        ]
    except Refused as why:
        skip(f"a batch of {images}, measured as {images} runs", str(why))
        program = compile_program(model)
        reports = [
            run_zahl("run", program, "--seed", 1, "--repeat", runs, report=True).report
            for _ in range(images)
        ]
    return {
        "images": images,
        "seconds": sum(statistics.median(r["host"]["run_seconds"]) for r in reports),
    }


def plot(result: dict, path: pathlib.Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "zahl"  # the same figure gives the same file
    from matplotlib import pyplot

    def points(rows: list[dict], key: str, name: str) -> list[tuple]:
        return [(r["macs"] / 1e9, 1e3 * r[key], str(r[name])) for r in rows]

    # Up to 34 layers the blocks are of two 3x3 convolutions, from 50 on of three smaller ones: two
    # families, two lines.
    basic, bottleneck = (
        [r for r in result["depth"] if r["depth"] < 50],
        [r for r in result["depth"] if r["depth"] >= 50],
    )
    values, timing = ("seconds", "bits and cycles"), ("cycles_only_seconds", "cycles only")
    panels = [
        ("Depth: ResNet-18 to 152", "GMAC", []),
        ("Input: ResNet-18, 112 to 448", "GMAC", []),
        ("Batch: ResNet-18, 1 to 16", "images", []),
    ]
    for key, label in (values, timing):
        panels[0][2].append(
            (label, [points(basic, key, "depth"), points(bottleneck, key, "depth")])
        )
        panels[1][2].append((label, [points(result["size"], key, "size")]))
    panels[2][2].append(
        (
            values[1],
            [[(r["images"], 1e3 * r["seconds"], str(r["images"])) for r in result["images"]]],
        )
    )
    figure, axes = pyplot.subplots(1, 3, figsize=(13, 4), layout="constrained")
    for ax, (title, unit, curves) in zip(axes, panels):
        for (label, lines), style, color in zip(curves, ("o-", "s--"), ("tab:blue", "tab:orange")):
            for n, line in enumerate(lines):
                ax.plot(
                    [x for x, _, _ in line],
                    [y for _, y, _ in line],
                    style,
                    color=color,
                    label=label if n == 0 else None,
                )
                for x, y, name in line if style == "o-" else []:
                    ax.annotate(
                        name,
                        (x, y),
                        textcoords="offset points",
                        xytext=(-6, 6),
                        ha="right",
                        fontsize=8,
                    )
        ax.set(title=title, xlabel=unit, ylabel="ms on one core")
        ax.set_xlim(0, 1.05 * ax.get_xlim()[1])
        ax.set_ylim(0, 1.1 * ax.get_ylim()[1])
        ax.grid(alpha=0.3)
        ax.legend(loc="lower right", fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench growth", description=__doc__)
    parser.add_argument("--plot", type=pathlib.Path, default=ROOT / "docs/growth.svg")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures here")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    depth = [row for d in DEPTHS if (row := measure(d, 224, arguments.runs))]
    size = [row for s in SIZES if (row := measure(18, s, arguments.runs))]
    if not depth:
        return
    result = {
        "schema": "zahl.bench/1",
        "machine": machine(),
        "depth": depth,
        "size": size,
        "images": [measure_batch(n, arguments.runs) for n in IMAGES],
    }
    print(f"Host: {machine_text(result['machine'])}")
    for row in depth + size:
        print(
            f"ResNet-{row['depth']} at {row['size']}: {row['macs'] / 1e9:.2f} GMAC, "
            f"{1e3 * row['seconds']:.1f} ms, {row['macs'] / row['seconds'] / 1e9:.0f} GMAC/s; "
            f"cycles only {1e3 * row['cycles_only_seconds']:.1f} ms"
        )
    for row in result["images"]:
        print(
            f"{row['images']} images: {1e3 * row['seconds']:.1f} ms, "
            f"{1e3 * row['seconds'] / row['images']:.1f} ms each"
        )
    plot(result, arguments.plot)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
