"""zahl prove: it holds where it should, and what is planted is found with its place named."""

import json
import subprocess
import sys

import numpy as np
import onnx
import pytest
from conftest import ROOT, shared, zahl
from planted import changed, float_between, image, sections
from qdq_builder import Graph

DIGITS = ROOT / "models/digits/digits_qdq.onnx"
LEVEL5 = ROOT / "certificate/run/level5.py"


def prove(subject, *arguments, expect=0, levels="1,2,5") -> dict:
    run = zahl("prove", subject, "--level", levels, "--json", "-", *arguments, expect=expect)
    told = json.loads(run.stdout)
    assert told["holds"] == (expect == 0) == all(level["holds"] for level in told["levels"])
    return told


def failing(told: dict) -> list[str]:
    return [
        f"{check['name']}: {check['detail']}"
        for level in told["levels"]
        for check in level["checks"]
        if not check["holds"]
    ]


@pytest.fixture()
def program(tmp_path):
    zahl("compile", DIGITS, "-o", tmp_path / "digits.zprog")
    return tmp_path / "digits.zprog"


def test_default_model_holds_on_all_engines(tmp_path):
    told = prove(DIGITS, "--html", tmp_path / "page.html")
    assert [level["level"] for level in told["levels"]] == [1, 2, 5] and told["left_out"] == [3, 4]
    run = told["levels"][2]
    assert {"reference", "model", "rtl"} <= {
        word for check in run["checks"] for word in check["name"].split()
    }
    assert all(len(h) == 64 for level in told["levels"] for h in level["hashes"].values())
    page = (tmp_path / "page.html").read_text()
    assert "{{" not in page and "<script" not in page and "https://" not in page


def test_program_holds_with_its_model(program):
    told = prove(program, "--model", DIGITS)
    assert any("what the compiler makes" in check["name"] for check in told["levels"][1]["checks"])


def test_program_without_its_model_proves_only_itself(program):
    prove(program, levels="2")
    told = prove(program, expect=1)
    assert [level["holds"] for level in told["levels"]] == [False, True, False]
    assert all("--model" in text for text in failing(told))


def test_float_node_is_named(tmp_path):
    told = prove(float_between(tmp_path / "float_between.onnx"), expect=1)
    assert any("'planted_float' (LpNormalization) stays in float" in text for text in failing(told))
    assert not any(level["holds"] for level in told["levels"])


def test_reserved_bit_is_named(program):
    changed(program, b"CODE", lambda code: code[: 5 * 64 + 63] + b"\x80" + code[6 * 64 :])
    assert any(
        "instruction 5: " in text and "reserved" in text
        for text in failing(prove(program, levels="2", expect=1))
    )


def test_float_bytes_that_nobody_reads_are_named(program):
    size = len(dict(sections(program.read_bytes()))[b"DATA"])
    changed(program, b"DATA", lambda data: data + np.full(16, 0.5, np.float32).tobytes())
    assert any(
        f"data bytes {size} to {size + 63} are read by no instruction" in text
        for text in failing(prove(program, levels="2", expect=1))
    )


def test_section_of_floats_is_named(program):
    parts = sections(program.read_bytes())
    program.write_bytes(image([*parts, (b"FLOT", np.ones(8, np.float32).tobytes())]))
    assert any("section 'FLOT'" in text for text in failing(prove(program, levels="2", expect=1)))


def test_float_where_an_m0_belongs_is_named(program):
    """As bits it is a uint32 like any other: it is no longer what the compiler makes,
    and the outputs change."""
    m0 = json.loads(zahl("explain", DIGITS, "--json", "-").stdout)["layers"][0]["factors"][0]["m0"]
    planted = np.float32(0.0039).tobytes()
    changed(program, b"DATA", lambda data: data.replace(np.uint32(m0).tobytes(), planted))
    texts = failing(prove(program, "--model", DIGITS, expect=1))
    assert any("is not what the compiler makes" in text and "data byte" in text for text in texts)
    assert any("bytes differ" in text for text in texts)


class Images:
    """Calibration data for onnxruntime.quantization."""

    def __init__(self):
        self.images = iter(np.load(ROOT / "models/digits/test_images.npz")["images"][:20])

    def get_next(self):
        image = next(self.images, None)
        return None if image is None else {"image": image[None]}


def test_qoperator_format_holds(tmp_path):
    """The file has no pairs inside: its scales are operands of the operators."""
    quantization = pytest.importorskip("onnxruntime.quantization")
    model = tmp_path / "qoperator.onnx"
    quantization.quantize_static(
        str(ROOT / "models/digits/digits_float.onnx"),
        str(model),
        Images(),
        quant_format=quantization.QuantFormat.QOperator,
        per_channel=True,
    )
    told = json.loads(zahl("explain", model, "--json", "-").stdout)
    assert told["model_format"] == "onnx-qoperator" and told["left_in_float"] == []
    assert {p["place"] for p in told["pairs"]} <= {"layer", "host input", "host output", "vanished"}
    assert all(factor["holds"] for layer in told["layers"] for factor in layer["factors"])
    prove(model)


def resized_alone(g: Graph) -> None:
    g.constant("sizes", np.array([1, 1, 2, 2], np.float32))
    how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric"}
    x = g.qdq("x", 0.05, 3)
    g.node("Resize", [x, "", "sizes"], "bigger", nearest_mode="floor", **how)
    g.outputs = [g.qdq("bigger", 0.05, 3)]


def reshaped_alone(g: Graph) -> None:
    g.constant("rows", np.array([4, 16], np.int64))
    g.outputs = [g.node("Reshape", [g.qdq("x", 0.05, 3), "rows"], "y")]


def result_with_output_dtype(g: Graph) -> None:
    """QuantizeLinear without a zero point: its attribute says that it is int8."""
    x = g.qdq("x", 0.05, 0)
    g.node("Conv", [x, g.weights("w", [4, 4, 1, 1])], "conv")
    g.constant("s", np.float32(0.1))
    g.node("QuantizeLinear", ["conv", "s"], "conv_q", output_dtype=3)
    g.outputs = [g.node("DequantizeLinear", ["conv_q", "s"], "y")]


def convolution_on_two_scales(g: Graph) -> None:
    x = g.qdq("x", 0.05, 3)
    g.node("Conv", [x, g.weights("w", [4, 4, 1, 1])], "conv")
    g.node("Relu", ["conv"], "relu")
    g.node("Mul", [g.qdq("conv", 0.1, 4), g.qdq("relu", 0.06, -128)], "both")
    g.outputs = [g.qdq("both", 0.3, 1)]


def transposed_weights(g: Graph) -> None:
    """torch.nn.Linear."""
    g.constant("flat", np.array([4, 16], np.int64))
    g.node("Reshape", [g.qdq("x", 0.05, 3), "flat"], "rows")
    g.node("Transpose", [g.weights("w", [5, 16])], "turned", perm=[1, 0])
    g.node("MatMul", ["rows", "turned"], "product")
    g.constant("b", np.arange(5, dtype=np.float32))
    g.node("Add", ["b", "product"], "linear")
    g.outputs = [g.qdq("linear", 0.2, -7)]


def pool_of_bytes(g: Graph) -> None:
    """As ONNX Runtime's optimizer saves x * sigmoid(x) behind a pool."""
    g.node("MaxPool", [g.quantize("x", 0.05, 3)], "pool", kernel_shape=[2, 2], strides=[2, 2])
    pool, gate, y = (
        ["pool", "x_scale", "x_zero"],
        g.grid("gate", 1 / 256, -128),
        g.grid("y", 0.04, -120),
    )
    g.node("QLinearSigmoid", [*pool, *gate], "gate", domain="com.microsoft")
    g.node("QLinearMul", [*pool, "gate", *gate, *y], "y_q", domain="com.microsoft")
    g.outputs = [g.node("DequantizeLinear", ["y_q", *y], "y")]


def convolution_that_nobody_reads(g: Graph) -> None:
    x = g.qdq("x", 0.05, 3)
    for name in ("used", "unused"):
        g.node("Conv", [x, g.weights(f"w_{name}", [4, 4, 1, 1])], name)
        g.qdq(name, 0.1, 4)
    g.outputs = ["used_dq"]


@pytest.mark.parametrize(
    "build",
    [
        convolution_that_nobody_reads,
        resized_alone,
        reshaped_alone,
        result_with_output_dtype,
        convolution_on_two_scales,
        transposed_weights,
        pool_of_bytes,
    ],
)
def test_right_results_hold(build, tmp_path):
    """Each was a false alarm: moves without a layer, shared pairs, scales at a distance."""
    g = Graph([1, 4, 4, 4])
    build(g)
    onnx.save(g.model(opset=21), tmp_path / "m.onnx")
    prove(tmp_path / "m.onnx")


def run_level5(path, result) -> tuple[int, dict]:
    run = subprocess.run(
        [sys.executable, "-B", LEVEL5, path, "--json", result], capture_output=True, text=True
    )
    return run.returncode, json.loads(result.read_text())


def test_wrong_output_is_named(tmp_path):
    prove(DIGITS, "--keep-run", tmp_path / "run.npz", levels="5")
    arrays = dict(np.load(tmp_path / "run.npz"))
    assert run_level5(tmp_path / "run.npz", tmp_path / "a.json")[0] == 0
    arrays["output.model.0"] = arrays["output.model.0"].copy()
    arrays["output.model.0"].reshape(-1)[7] ^= 1
    np.savez(tmp_path / "wrong.npz", **arrays)
    code, told = run_level5(tmp_path / "wrong.npz", tmp_path / "b.json")
    wrong = [c for c in told["checks"] if not c["holds"]]
    assert (
        code == 1
        and len(wrong) == 1
        and "of the model" in wrong[0]["name"]
        and "channel 7" in wrong[0]["detail"]
    )


def test_one_wrong_bias_changes_the_evaluation(tmp_path):
    prove(DIGITS, "--keep-run", tmp_path / "run.npz", levels="5")
    arrays = dict(np.load(tmp_path / "run.npz"))
    arrays["bias10"] = arrays["bias10"] + np.int32(1000)
    np.savez(tmp_path / "wrong.npz", **arrays)
    assert run_level5(tmp_path / "wrong.npz", tmp_path / "b.json")[0] == 1
    arrays["bias10"] = np.full_like(arrays["bias10"], 2**31 - 1)
    np.savez(tmp_path / "wrong.npz", **arrays)
    assert "accumulator" in json.dumps(run_level5(tmp_path / "wrong.npz", tmp_path / "b.json")[1])


def test_both_ways_of_exact_arithmetic_agree():
    sys.path.insert(0, str(LEVEL5.parent))
    from integer_graph import EXACT_ELEMENTS, ROUNDINGS

    random = np.random.default_rng(5)
    values = random.integers(-(2**31), 2**31, EXACT_ELEMENTS // 10)
    for n in (0, 1, 5, 30, 31, 32, 40, 62):
        product = values * int(random.integers(2**30, 2**31))
        for name, rounding in ROUNDINGS.items():
            fast, exact = rounding(product, n), rounding(product.astype(object), n)
            assert (fast.astype(object) == exact).all(), (name, n)
    for name, examples in {
        "half_up": [(-3, -1)],
        "half_even": [(-3, -2), (-5, -2), (5, 2)],
        "half_away": [(-5, -3), (5, 3)],
    }.items():
        assert all(ROUNDINGS[name](np.array([v]), 1)[0] == y for v, y in examples)
    assert ROUNDINGS["tfl_double"](-28 * 429496730, 33) == -2


def test_level_that_cannot_be_run_says_so(tmp_path):
    for levels in ("3", "4", "5"):
        told = prove(DIGITS, "--source", tmp_path, levels=levels, expect=1)
        assert "--source" in failing(told)[0]
    assert prove(DIGITS, "--quick", levels="1,3")["left_out"] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    "name",
    [
        "ad01_int8",
        "kws_ref_model",
        "mobilenet_v1_0.25_128_uint8",
        "vww_96_int8",
        "str_ww_ref_model",
        "hello_world_int8",
        "yolov5_tiny_192_int8",
    ],
)
def test_shared_networks_hold(name):
    prove(shared(f"{name}.tflite"))
