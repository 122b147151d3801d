"""Size is no reason to refuse: every network has a schedule for every machine that isa/hw.toml
allows, from the smallest on, and gives the same bytes on all."""

import pathlib
import random
import tomllib

import numpy as np
import onnx
import pytest
from conftest import ROOT, SHARED, shared, zahl
from qdq_builder import Graph

PARAMETERS = tomllib.loads((ROOT / "isa/hw.toml").read_text())["parameter"]
NETWORKS = [
    "ad01_int8",
    "har_cnn_int8",
    "hello_world_int8",
    "kws_ref_model",
    "micro_speech_quantized",
    "person_detect",
    "pretrainedResnet_quant",
    "str_ww_ref_model",
    "vww_96_int8",
]
LARGE_NETWORKS = ["mobilenet_v2_1.0_224_int8", "trainedResnet_6blk_750k_int8"]


def smallest() -> dict[str, int]:
    return {p["name"]: p["minimum"] for p in PARAMETERS}


def random_machine(seed: int) -> dict[str, int]:
    """Small powers of two more often than large ones; a weight tile has room beside parameters and
    activations."""
    chance = random.Random(seed)
    machine = smallest()
    for p in PARAMETERS:
        doublings = min(chance.randrange(4), chance.randrange(4))
        machine[p["name"]] = min(p["maximum"], p["minimum"] << doublings)
    widest = max(machine[name] for name in ("rows", "columns", "line_bytes", "bus_bytes"))
    machine["line_bytes"] = widest
    machine["fetch_depth"] = max(machine["fetch_depth"], machine["fetch_burst"])
    room = (machine["scratchpad_banks"] - 2) * machine["scratchpad_bank_bytes"]
    while room < machine["rows"] * machine["columns"]:
        room, machine["scratchpad_bank_bytes"] = 2 * room, 2 * machine["scratchpad_bank_bytes"]
    return machine


def settings(machine: dict[str, int]) -> list[str]:
    pairs = [f"{key}={value}" for key, value in machine.items()]
    return ["--config", "tiny8", *(word for pair in pairs for word in ("--set", pair))]


MACHINES = {
    "smallest": settings(smallest()),
    "tiny8": ["--config", "tiny8"],
    **{f"random{seed}": settings(random_machine(seed)) for seed in range(6)},
}


def answer(model: pathlib.Path, folder: pathlib.Path, *arguments: str) -> dict[str, np.ndarray]:
    zahl("run", model, "--seed", 11, "--output", folder / "out.npz", *arguments)
    with np.load(folder / "out.npz") as outputs:
        return dict(outputs)


def check(model: pathlib.Path, folder: pathlib.Path, machine: str, *engines: str):
    expected = answer(model, folder, "--config", "edge16", "--engine", "reference")
    for engine in engines:
        actual = answer(model, folder, *MACHINES[machine], "--engine", engine)
        assert actual.keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_array_equal(actual[name], values, err_msg=f"{engine}: {name}")


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("network", NETWORKS)
def test_small_networks(network: str, machine: str, tmp_path: pathlib.Path):
    check(shared(f"{network}.tflite"), tmp_path, machine, "model", "reference")


@pytest.mark.parametrize("machine", ["smallest", "tiny8"])
@pytest.mark.parametrize("network", LARGE_NETWORKS)
def test_large_networks(network: str, machine: str, tmp_path: pathlib.Path):
    check(shared(f"{network}.tflite"), tmp_path, machine, "model")


def test_every_shared_network_compiles_for_tiny8(tmp_path: pathlib.Path):
    for model in [*SHARED.glob("*.tflite"), *SHARED.glob("*.onnx")]:
        zahl("compile", model, "--config", "tiny8", "-o", tmp_path / "a.zprog")


def convolution(g: Graph, x: str, name: str, kernel: list[int], **attributes: object) -> str:
    g.node("Conv", [x, g.weights(f"{name}_w", kernel, 0.005)], name, **attributes)
    return g.qdq(name, 0.05, 3)


def detector_tail(g: Graph) -> str:
    """Three maps become one row of 1344 places, as YOLO's heads do; then softmax over its parts."""
    x, parts = g.qdq("x", 0.03, 5), []
    for i, stride in enumerate((1, 2, 4)):
        y = convolution(g, x, f"c{i}", [64, 8, 1, 1], strides=[stride, stride])
        shape = g.constant(f"shape{i}", np.array([1, 64, -1]))
        parts.append(g.qdq(g.node("Reshape", [y, shape], f"r{i}"), 0.05, 3))
    row = g.qdq(g.node("Concat", parts, "row", axis=2), 0.05, 3)
    boxes = g.node("Reshape", [row, g.constant("boxes_shape", np.array([1, 4, 16, -1]))], "boxes")
    turned = g.node("Transpose", [g.qdq(boxes, 0.05, 3)], "turned", perm=[0, 2, 1, 3])
    g.node("Softmax", [g.qdq(turned, 0.05, 3)], "soft", axis=1)
    return g.qdq("soft", 1 / 256, -128)


def concatenated_maps(g: Graph) -> str:
    x = g.qdq("x", 0.03, 5)
    y = convolution(g, x, "c", [56, 8, 3, 3], pads=[1, 1, 1, 1])
    g.node("Concat", [x, y, x], "joined", axis=1)
    return g.qdq("joined", 0.03, 5)


def global_pool(g: Graph) -> str:
    g.node("GlobalAveragePool", [g.qdq("x", 0.03, 5)], "pooled")
    return g.qdq("pooled", 0.01, -3)


def overlapping_pools(g: Graph) -> str:
    x = g.qdq("x", 0.03, 5)
    y = convolution(g, x, "c", [72, 8, 1, 1])
    g.node("MaxPool", [y], "m", kernel_shape=[5, 5], strides=[2, 2], pads=[2, 2, 2, 2])
    g.node("AveragePool", [g.qdq("m", 0.05, 3)], "a", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    return g.qdq("a", 0.05, 3)


def deep_sum(g: Graph) -> str:
    """A kernel over more channels than the smallest machine holds, and an addition behind it."""
    y = convolution(g, g.qdq("x", 0.03, 5), "wide", [600, 8, 1, 1], strides=[8, 8])
    z = convolution(g, y, "deep", [600, 600, 3, 3], pads=[1, 1, 1, 1])
    g.node("Add", [y, z], "sum")
    return g.qdq("sum", 0.08, -4)


def flat_product(g: Graph) -> str:
    x = g.qdq("x", 0.03, 5)
    shape = g.constant("shape", np.array([1, -1]))
    flat = g.qdq(g.node("Reshape", [x, shape], "flat"), 0.03, 5)
    g.node("MatMul", [flat, g.weights("w", [8 * 40 * 40, 10], 0.001)], "product")
    return g.qdq("product", 0.2, 0)


LAYERS = {
    detector_tail: 32,
    concatenated_maps: 60,
    global_pool: 80,
    overlapping_pools: 50,
    deep_sum: 24,
    flat_product: 40,
}


def saved(layer: object, folder: pathlib.Path) -> pathlib.Path:
    size = LAYERS[layer]
    g = Graph([1, 8, size, size])
    g.outputs = [layer(g)]
    path = folder / "layer.onnx"
    onnx.save(g.model(), path)
    return path


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("layer", LAYERS)
def test_awkward_layers(layer: object, machine: str, tmp_path: pathlib.Path):
    check(saved(layer, tmp_path), tmp_path, machine, "model", "reference")


@pytest.mark.parametrize("layer", LAYERS)
def test_awkward_layers_on_the_rtl(layer: object, tmp_path: pathlib.Path):
    """On tiny8, some whole and some in pieces."""
    zahl("cosim", saved(layer, tmp_path), "--config", "tiny8", "--seed", 11)


def test_a_row_too_long_for_softmax_is_refused_with_the_key_that_helps(tmp_path: pathlib.Path):
    g = Graph([1, 1500])
    g.node("Softmax", [g.qdq("x", 0.03, 5)], "soft", axis=1)
    g.outputs = [g.qdq("soft", 1 / 256, -128)]
    path = tmp_path / "softmax.onnx"
    onnx.save(g.model(), path)
    refused = zahl("run", path, *MACHINES["smallest"], expect=2)
    assert "rows of 1500 values do not fit" in refused.stderr
    assert "scratchpad_bank_bytes = 2048 would do" in refused.stderr
    machine = smallest() | {"scratchpad_bank_bytes": 2048}
    zahl("run", path, *settings(machine))


def test_no_machine_takes_more_than_the_softmax_instruction(tmp_path: pathlib.Path):
    g = Graph([1, 5000])
    g.node("Softmax", [g.qdq("x", 0.03, 5)], "soft", axis=1)
    g.outputs = [g.qdq("soft", 1 / 256, -128)]
    path = tmp_path / "softmax.onnx"
    onnx.save(g.model(), path)
    refused = zahl("run", path, expect=2)
    assert "softmax over 5000 values; the machine takes up to 4096" in refused.stderr
