"""The outputs recorded with TensorFlow Lite Micro's reference kernels, bit for bit,
on all three engines."""

import json

import numpy as np
import pytest
from conftest import Runner, shared

NETWORKS = {
    "imgc": ("pretrainedResnet_quant.tflite", (1, 32, 32, 3)),
    "kws": ("kws_ref_model.tflite", (1, 49, 10, 1)),
    "vww": ("vww_96_int8.tflite", (1, 96, 96, 3)),
    "anomd": ("ad01_int8.tflite", (1, 640)),
    "mnv2": ("mobilenet_v2_0.35_160.tflite", (1, 160, 160, 3)),
}


def xor_of_words(values: np.ndarray) -> int:
    """XOR over i of int32(out[i]) << (8 * (i & 3)), as uint32:
    what the recording kept of the anomaly network."""
    word = 0
    for i, value in enumerate(values.flatten().astype(np.int64)):
        word ^= (int(value) << (8 * (i & 3))) & 0xFFFFFFFF
    return word


def summary(name: str, output: np.ndarray) -> object:
    flat = output.flatten().astype(int)
    if name in ("vww", "mnv2"):
        return int(flat[1] - flat[0])
    return xor_of_words(flat) if name == "anomd" else flat.tolist()


def values_of(name: str, path, shape: tuple[int, ...]) -> np.ndarray:
    raw = np.frombuffer(path.read_bytes(), np.uint8)[: int(np.prod(shape))].reshape(shape)
    if name == "mnv2":
        return (raw.astype(np.int16) - 128).astype(np.int8)
    return raw.view(np.int8)


@pytest.mark.parametrize("engine", ["reference", "model", "rtl"])
@pytest.mark.parametrize("name", NETWORKS)
def test_recorded_outputs_are_reproduced(name: str, engine: str, tmp_path):
    file, shape = NETWORKS[name]
    cases = json.loads(shared("golden/golden.json").read_text())[name]["cases"]
    runner = Runner(shared(file), tmp_path)
    for case, expected in cases.items():
        output = runner.run(values_of(name, shared(f"golden/{name}/{case}"), shape), engine)
        got = summary(name, output)
        assert got == (int(expected, 0) if isinstance(expected, str) else expected), (
            f"{name}/{case} on {engine}"
        )
