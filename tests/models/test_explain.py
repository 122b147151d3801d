"""zahl explain: what it says about models is compared with
what NumPy and the ONNX file itself say."""

import json
from fractions import Fraction

import numpy as np
import onnx
import pytest
from conftest import ROOT, shared, zahl
from onnx import numpy_helper
from planted import float_between

DIGITS = ROOT / "models/digits/digits_qdq.onnx"


def explain(model, *arguments) -> dict:
    return json.loads(zahl("explain", model, "--json", "-", *arguments).stdout)


def scales_in(model) -> dict[str, np.ndarray]:
    return {t.name: numpy_helper.to_array(t) for t in onnx.load(model).graph.initializer}


def test_factors_follow_from_the_scales_in_the_file():
    values, told = scales_in(DIGITS), explain(DIGITS)
    conv = told["layers"][0]
    for channel, factor in enumerate(conv["factors"]):
        exact = (
            Fraction(float(values["image_scale"]))
            * Fraction(float(values["stem_conv_weight_scale"][channel]))
            / Fraction(float(values["stem_conv_out_scale"]))
        )
        assert Fraction(factor["exact"]) == exact
        device = Fraction(factor["m0"], 2 ** factor["shift"])
        assert Fraction(factor["relative_error_exact"]) == (device - exact) / exact
        assert abs(device / exact - 1) <= Fraction(1, 2**31)


def test_every_pair_has_a_place_and_no_float_is_left():
    told, graph = explain(DIGITS), onnx.load(DIGITS).graph
    pairs = [n.name for n in graph.node if n.op_type in ("QuantizeLinear", "DequantizeLinear")]
    assert sorted(p["node"] for p in told["pairs"]) == sorted(pairs)
    assert all(
        p["place"] in ("layer", "host input", "host output") and not p["problem"]
        for p in told["pairs"]
    )
    assert [p["node"] for p in told["pairs"] if p["place"] == "host input"] == [
        "image_QuantizeLinear"
    ]
    assert told["left_in_float"] == [] and told["summary"]["at_host"] == 2
    assert all(e["type"] == "int8" for e in told["edges"])


def test_three_forms_on_the_recorded_image():
    forms = explain(
        DIGITS, "--layer", "classifier", "--input", ROOT / "models/digits/test_image.npy"
    )["three_forms"]
    assert forms["elements"] == 10 and forms["differences"]["fixed_run"]["count"] == 0
    for row in forms["rows"]:
        assert int(row["fixed"]["product"]) == row["sum"] * row["fixed"]["m0"]


def test_text_fits_and_page_stands_alone(tmp_path):
    text = zahl("explain", DIGITS, "--html", tmp_path / "page.html").stdout
    assert max(map(len, text.splitlines())) <= 120
    assert "stem_conv" in text and "half_even" in text
    page = (tmp_path / "page.html").read_text()
    assert page.startswith("<!doctype html>") and "<svg" in page and "{{" not in page
    assert (
        "http://" not in page
        and "https://" not in page
        and "<script" not in page
        and "<link" not in page
    )


def test_a_float_node_between_is_named_and_the_rest_is_explained(tmp_path):
    model = float_between(tmp_path / "float_between.onnx")
    told = explain(model)
    assert [left["node"] for left in told["left_in_float"]] == ["planted_float"]
    assert told["left_in_float"][0]["reason"] and told["left_in_float"][0]["remedy"]
    assert [layer["file_nodes"] for layer in told["layers"]] == [["conv0"], ["conv2"]]
    assert {p["node"] for p in told["pairs"] if p["place"] == "float"} == {
        "dequantize1",
        "quantize2",
    }
    assert "planted_float" in zahl("explain", model, "--html", tmp_path / "page.html").stdout
    assert "planted_float" in zahl("compile", model, expect=2).stderr  # compile goes on refusing


def test_float_model_is_explained(tmp_path):
    told = explain(ROOT / "models/digits/digits_float.onnx")
    assert told["model_format"] == "onnx-float" and told["quantization"]["kind"] == "none"
    assert (
        told["layers"] == []
        and len(told["left_in_float"]) == told["summary"]["file_nodes"]
        and told["three_forms"] is None
    )
    zahl("explain", ROOT / "models/digits/digits_float.onnx", "--html", tmp_path / "page.html")


def test_dynamic_quantization_is_recognised(tmp_path):
    quantization = pytest.importorskip("onnxruntime.quantization")
    quantization.quantize_dynamic(
        str(ROOT / "models/digits/digits_float.onnx"), str(tmp_path / "dynamic.onnx")
    )
    told = explain(tmp_path / "dynamic.onnx")
    types = {left["operator"] for left in told["left_in_float"]}
    assert told["model_format"] == "onnx-dynamic" and told["quantization"]["kind"] == "dynamic"
    assert "DynamicQuantizeLinear" in types and types & {"ConvInteger", "MatMulInteger"}
    assert any("quantize_static" in p for p in told["quantization"]["paragraphs"])
    reasons = {left["operator"]: left["reason"] for left in told["left_in_float"]}
    assert (
        "in every inference" in reasons["DynamicQuantizeLinear"]
        and "known at run time" in reasons["ConvInteger"]
    )
    assert all(
        left["follows"]
        for left in told["left_in_float"]
        if left["operator"] in ("Sigmoid", "MaxPool", "GlobalAveragePool")
    )


@pytest.mark.parametrize(
    "name",
    [
        "ad01_int8",
        "kws_ref_model",
        "mobilenet_v1_0.25_128_uint8",
        "pretrainedResnet_quant",
        "vww_96_int8",
        "micro_speech_quantized",
    ],
)
def test_tflite_networks_hold_in_every_factor(name):
    told = explain(shared(f"{name}.tflite"))
    assert told["left_in_float"] == []
    factors = [(layer["name"], f) for layer in told["layers"] for f in layer["factors"]]
    assert factors and [n for n, f in factors if not f["holds"]] == []
    assert [p for layer in told["layers"] for p in layer["problems"]] == []
    assert all(layer["accumulator"]["fits"] for layer in told["layers"] if "accumulator" in layer)
    assert told["three_forms"]["differences"]["fixed_run"]["count"] == 0


def test_layer_that_is_not_there_is_one_sentence():
    for name, word in (
        ("nowhere", "nowhere"),
        ("block", "layers have"),
        ("block2_add", "no convolution"),
    ):
        run = zahl("explain", DIGITS, "--layer", name, expect=2)
        assert word in run.stderr and run.stderr.count("\n") == 1
