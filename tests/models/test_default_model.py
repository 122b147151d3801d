"""The default model: every held-out image through Zahl,
compared with the recorded accuracy and with ONNX Runtime."""

import json
import re

import numpy as np
import onnxruntime as ort
import pytest
from conftest import ROOT, Runner, zahl

DIGITS = ROOT / "models/digits"


def test_accuracy_is_what_the_folder_says(tmp_path):
    data, recorded = (
        np.load(DIGITS / "test_images.npz"),
        json.loads((DIGITS / "accuracy.json").read_text()),
    )
    runner = Runner(DIGITS / "digits_qdq.onnx", tmp_path)
    right = sum(
        int(runner.run(image[None])[0].argmax() == label)
        for image, label in zip(data["images"], data["labels"])
    )
    assert right / len(data["labels"]) == recorded["zahl_int8"]


def test_logits_are_within_one_step_of_onnx_runtime(tmp_path):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(
        str(DIGITS / "digits_qdq.onnx"), options, providers=["CPUExecutionProvider"]
    )
    runner, images = (
        Runner(DIGITS / "digits_qdq.onnx", tmp_path),
        np.load(DIGITS / "test_images.npz")["images"][:40],
    )
    step = 0.05595981
    for image in images:
        expected = session.run(None, {session.get_inputs()[0].name: image[None]})[0]
        assert np.abs(runner.run(image[None]) - expected).max() < 1.01 * step


@pytest.mark.parametrize("kernels", ["scalar", "avx2", "avx512"])
def test_no_floating_point_exception_fires_while_the_device_runs(kernels, monkeypatch):
    monkeypatch.setenv("ZAHL_KERNELS", kernels)  # one that the host lacks is passed over
    said = zahl(
        "run", DIGITS / "digits_qdq.onnx", "--input", DIGITS / "test_image.npy", "--witness"
    ).stdout
    assert re.search(
        r"^witness: [1-9]\d* datapath sections, 0 floating-point exceptions$", said, re.MULTILINE
    )
