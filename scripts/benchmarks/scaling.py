"""What larger arrays win: 8x8 to 64x64 with memory bandwidth in proportion,
and what each loses the rest to.

    scripts/bench scaling                                                   print the page
    scripts/bench scaling --out docs/scaling.md --plot docs/scaling.svg     write page and plot
Cycles are exact: the model without values, which the RTL equals.
"""

import argparse
import json
import pathlib
import tempfile
import tomllib

from benchmarks.host import ROOT, Refused, network, run_zahl, skip, write_page
from benchmarks.losses import SHARES, largest_losses, percent, shares_of, table

NETWORKS = {"ResNet-50": ("resnet", {"depth": 50}), "MobileNetV2": ("mobilenetv2", {})}
SIDES = [8, 16, 32, 64]
LATENCY = 100
# What can be done about a loss, by share.
REMEDIES = {
    "lanes": "depthwise layers use as many lanes as a window has taps and a stem convolution as "
    "it has bytes: their share of the time grows as the rest gets faster",
    "columns": "layers with fewer channels than columns leave the others empty",
    "weights": "a weight tile has as many lines as the array has rows, while the tile "
    "of pixels that streams through it keeps its size or shrinks to 7 x 7",
    "load": "the first layers' maps and the last layers' weights are fetched while there is "
    "little to compute with them",
    "store": "maps leave for DRAM faster than the bus takes them",
    "post": "requantization takes one vector of columns a cycle: a layer with few terms in its "
    "sums makes results as fast as they can be requantized",
    "dispatch": "instructions take a few cycles each whatever the array's size, and each does less "
    "of the time",
    "array": "the pipeline is as long as before, while each layer is shorter",
    "tail": "the pipelines after the last layer are as long as before",
}


def machine(side: int, folder: pathlib.Path) -> list[str]:
    """edge16 with another array, its scratchpad port, bus and memory as wide as a row of it;
    the scratchpad stays."""
    config = tomllib.loads((ROOT / "isa/presets/edge16.toml").read_text())
    config |= {"rows": side, "columns": side, "line_bytes": side, "bus_bytes": side}
    (folder / f"{side}x{side}.toml").write_text(
        "".join(f"{key} = {value}\n" for key, value in config.items())
    )
    (folder / f"rate{side}.toml").write_text(
        f"latency_cycles = {LATENCY}\nbytes_per_cycle = {side}\n"
    )
    return [
        "--config",
        str(folder / f"{side}x{side}.toml"),
        "--memory",
        str(folder / f"rate{side}.toml"),
    ]


def measure(title: str, path: pathlib.Path) -> list[dict]:
    rows = []
    for side in SIDES:
        with tempfile.TemporaryDirectory() as folder:
            try:
                report = run_zahl(
                    "run",
                    path,
                    "--cycles-only",
                    "--seed",
                    1,
                    *machine(side, pathlib.Path(folder)),
                    report=True,
                ).report
            except Refused as refused:
                skip(f"{title} on {side}x{side}", str(refused))
                continue
        rows.append(
            {
                "network": title,
                "side": side,
                **{
                    key: report[key]
                    for key in (
                        "cycles",
                        "utilisation",
                        "bounds",
                        "limit",
                        "next_bound",
                        "dependence_cycles",
                    )
                },
                "dram_bytes": report["dram_read_bytes"] + report["dram_write_bytes"],
                "shares": shares_of(report),
                "layers": [
                    {
                        "name": layer["name"],
                        "operator": layer["operator"],
                        "loss": loss,
                        "share": share,
                    }
                    for layer, loss, share in largest_losses(report, 5)
                ],
            }
        )
        print(
            f"{title} on {side}x{side}: {report['cycles']:,} cycles, "
            f"{percent(report['utilisation'])}",
            flush=True,
        )
    return rows


def explanation(rows: list[dict]) -> list[str]:
    """In words, from the figures: what the largest array wins over the smallest
    and what takes the rest."""
    first, last = rows[0], rows[-1]
    factor, speed = (last["side"] / first["side"]) ** 2, first["cycles"] / last["cycles"]
    lost = sorted(
        ((s, last["shares"][s] - first["shares"][s]) for s in SHARES if s != "useful"),
        key=lambda x: -x[1],
    )
    title = f"{first['side']} x {first['side']} to {last['side']} x {last['side']}"
    text = [
        f"From {title}, {factor:.0f} times the multipliers make {last['network']} {speed:.1f} "
        f"times as fast: utilisation falls from {percent(first['utilisation'])} to "
        f"{percent(last['utilisation'])}. The share of the time that goes to each cause, and why "
        "it grows:",
        "",
    ]
    text += [
        f"- **{share}** {percent(first['shares'][share])} to {percent(last['shares'][share])}: "
        f"{REMEDIES[share]}."
        for share, growth in lost
        if growth >= 0.01
    ]
    where = ", ".join(
        f"`{layer['name']}` ({layer['operator']}, {percent(layer['share'])}, most to "
        f"{layer['loss']})"
        for layer in last["layers"]
    )
    bound = last["bounds"][last["limit"]]
    text += [
        "",
        f"The layers that lose most of the {last['side']} x {last['side']} array's time: {where}.",
        "",
        f"The bound of the {last['limit']} is {bound:,} of the {last['cycles']:,} cycles, that of "
        f"the next ({last['next_bound']['limit']}) {last['next_bound']['cycles']:,}; "
        f"{last['dependence_cycles']:,} are dependence.",
    ]
    return text


def page(results: dict[str, list[dict]], plot: str | None) -> str:
    lines = [
        "# Scaling",
        "",
        "Made by `scripts/bench scaling`. `edge16` with other arrays: scratchpad port, bus and "
        "memory are as wide as a row of the array, so bandwidth grows with its side (multipliers "
        f"with its square); the scratchpad keeps its size, the memory its latency of {LATENCY} "
        "cycles. Cycles are exact.",
        "",
        "Why do 16 times the multipliers not make 16 times the speed? Because what they do in a "
        "cycle grows, while what they wait for does not shrink: the shares below say for what, "
        "and add up to the whole time.",
        "",
    ]
    lines += [f"![Shares of the cycles]({plot})", ""] if plot else []
    lines += ["Shares:", "", *[f"- `{share}`: {what}" for share, (what, _) in SHARES.items()]]
    for title, rows in results.items():
        lines += ["", f"## {title}", ""]
        lines += table(
            [
                "array",
                "cycles",
                "speed-up",
                "of",
                "utilisation",
                "limit",
                "its bound",
                "next bound",
                "DRAM MB",
            ],
            [
                [
                    *(
                        f"{r['side']} x {r['side']}",
                        f"{r['cycles']:,}",
                        f"{rows[0]['cycles'] / r['cycles']:.1f}",
                        f"{(r['side'] / rows[0]['side']) ** 2:.0f}",
                    ),
                    *(
                        percent(r["utilisation"]),
                        r["limit"],
                        f"{r['bounds'][r['limit']]:,}",
                        f"{r['next_bound']['limit']} {r['next_bound']['cycles']:,}",
                    ),
                    f"{r['dram_bytes'] / 1e6:.1f}",
                ]
                for r in rows
            ],
        )
        lines += [
            "",
            *table(
                ["array", *SHARES],
                [
                    [f"{r['side']} x {r['side']}", *(percent(r["shares"][s]) for s in SHARES)]
                    for r in rows
                ],
            ),
        ]
        lines += ["", *explanation(rows)]
    return "\n".join(lines) + "\n"


def draw(results: dict[str, list[dict]], path: pathlib.Path) -> None:
    """A stacked bar an array: shares of the cycles. The same figures give the same file."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "zahl"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        1, len(results), figsize=(4.2 * len(results) + 1.6, 4), sharey=True, squeeze=False
    )
    for axis, (title, rows) in zip(axes[0], results.items()):
        bottom = [0.0] * len(rows)
        for share, (_, colour) in SHARES.items():
            heights = [100 * r["shares"][share] for r in rows]
            axis.bar(
                [f"{r['side']} x {r['side']}" for r in rows],
                heights,
                bottom=bottom,
                color=colour,
                label=share,
                width=0.7,
            )
            bottom = [b + h for b, h in zip(bottom, heights)]
        for i, r in enumerate(rows):
            axis.text(
                i, 2, f"{100 * r['utilisation']:.0f} %", ha="center", color="white", fontsize=9
            )
        axis.set_title(title)
        axis.set_ylim(0, 100)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    axes[0][0].set_ylabel("share of the cycles, %")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="center right", frameon=False)
    figure.tight_layout(rect=(0, 0, 0.88, 1))
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--plot", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    results = {}
    for title, (name, shape) in NETWORKS.items():
        path = network(name, **shape)
        if path is None:
            skip(title, "the recipe of the shared networks is absent")
            continue
        results[title] = measure(title, path)
    if arguments.plot:
        draw(results, arguments.plot)
    text = page(results, arguments.plot.name if arguments.plot else None)
    if arguments.out:
        write_page(arguments.out, text)
    else:
        print(text)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
