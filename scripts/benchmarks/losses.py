"""Where the multipliers' time goes: shares of a run's cycles, from its report, that add up to 1."""

# Share: what it is, and its colour in plots.
SHARES = {
    "useful": ("multiply-accumulates of the network", "#2b6cb0"),
    "lanes": (
        "lanes without a term: the reduction is no multiple of the rows, or a depthwise window "
        "has fewer taps",
        "#90cdf4",
    ),
    "columns": (
        "columns without a channel: the channels are no multiple of the columns",
        "#bee3f8",
    ),
    "weights": (
        "the array waits for weights in the scratchpad: fewer pixels in a tile than lines in a "
        "weight tile, or the first tile of an instruction",
        "#dd6b20",
    ),
    "load": ("the array waits for DRAM", "#c53030"),
    "store": ("the array waits for a store", "#9b2c2c"),
    "post": ("the array waits for requantization or an element-by-element layer", "#805ad5"),
    "array": ("the array waits for its own pipeline", "#b794f4"),
    "dispatch": ("the next instruction has not arrived", "#718096"),
    "tail": ("the array is done, other units are not", "#cbd5e0"),
}


def losses_of(entry: dict, multipliers: int) -> dict[str, float]:
    """Cycles by share; they add up to the entry's cycles. `entry` is a layer of a report."""
    useful = entry["macs"] / multipliers
    full = entry["busy_cycles"] * entry["fill"]["columns"]
    losses = {
        "useful": useful,
        "lanes": max(0.0, full - useful),
        "columns": entry["busy_cycles"] - max(full, useful),
    }
    return losses | {
        cause: entry["stall_cycles"][cause] for cause in SHARES if cause in entry["stall_cycles"]
    }


def shares_of(report: dict) -> dict[str, float]:
    """Shares of the run, summed over its layers."""
    multipliers = report["config"]["rows"] * report["config"]["columns"]
    layers = [losses_of(layer, multipliers) for layer in report["layers"]]
    return {share: sum(layer[share] for layer in layers) / report["cycles"] for share in SHARES}


def largest_losses(report: dict, count: int) -> list[tuple[dict, str, float]]:
    """The layers that lose most: the layer, its largest loss,
    and what it loses altogether as a share of the run."""
    multipliers = report["config"]["rows"] * report["config"]["columns"]
    found = []
    for layer in report["layers"]:
        losses = losses_of(layer, multipliers)
        useful = losses.pop("useful")
        found.append(
            (layer, max(losses, key=losses.get), (layer["cycles"] - useful) / report["cycles"])
        )
    return sorted(found, key=lambda f: -f[2])[:count]


def percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.0005 else "–"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return [f"| {' | '.join(r)} |" for r in [head, ["---"] * len(head), *rows]]
