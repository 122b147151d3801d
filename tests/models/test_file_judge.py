"""The judge of the file (level 5): right runs hold, each planted fault falls with its place.

A fault is planted as the file that the faulty compiler would have read: the run of that file is
judged against the right one. So the compiled graph, its reports and its engines agree with one
another, and only the file can tell.
"""

import json
import pathlib
import subprocess
import sys
from fractions import Fraction

import numpy as np
import onnx
import pytest
from conftest import ROOT, shared, zahl
from qdq_builder import Graph
from tflite_builder import tensor, unary

LEVEL5 = ROOT / "certificate/run/level5.py"
sys.path.insert(0, str(LEVEL5.parent))

import enclosures  # noqa: E402
import exact  # noqa: E402
import file_onnx  # noqa: E402
import file_tflite  # noqa: E402
import onnx_graph  # noqa: E402
import tflite_file  # noqa: E402


def run_of(model: pathlib.Path) -> pathlib.Path:
    """What level 5 of a model keeps of its run; the level must hold."""
    kept = model.with_suffix(".npz")
    zahl("prove", model, "--level", "5", "--keep-run", kept)
    return kept


def verdict(run: pathlib.Path, model: pathlib.Path) -> list[str]:
    """The checks that fail when a run is judged against a model."""
    result = run.with_suffix(".json")
    done = subprocess.run(
        [sys.executable, "-B", LEVEL5, run, "--model", model, "--json", result],
        capture_output=True,
        text=True,
    )
    told = json.loads(result.read_text())
    assert done.returncode == (0 if told["holds"] else 1), done.stderr
    return [f"{c['name']}: {c['detail']}" for c in told["checks"] if not c["holds"]]


def convolution(bias: int = 0) -> Graph:
    """The begin of both networks: `conv`, 4 channels of 6 x 6."""
    g = Graph([1, 3, 8, 8])
    g.qdq("x", 0.021, 3)
    g.weights("w", [4, 3, 3, 3], 0.013)
    g.constant("b", np.array([300, -200, 100, bias], np.int32))
    g.constant("b_scale", np.float32(0.021) * np.float32(0.013))
    g.node("DequantizeLinear", ["b", "b_scale"], "b_dq")
    g.node("Conv", ["x_dq", "w_dq", "b_dq"], "conv")
    return g


def bordered(is_border_clamped: bool) -> onnx.ModelProto:
    """A border of zeros and a clamp from 0.5 on: who comes first matters."""
    g = convolution()
    g.constant("border", np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
    g.constant("low", np.float32(0.5))
    g.constant("high", np.float32(3.0))
    more = {"Pad": ["border"], "Clip": ["low", "high"]}
    first, second = ("Pad", "Clip") if is_border_clamped else ("Clip", "Pad")
    g.node(first, ["conv", *more[first]], "half")
    g.node(second, ["half", *more[second]], "clamped")
    g.weights("v", [2, 4, 3, 3], 0.02)
    g.node("Conv", [g.qdq("clamped", 0.03, -20), "v_dq"], "total")
    g.outputs = [g.qdq("total", 0.1, 0)]
    return g.model()


def network(outputs=("map", "sum"), bias=0, is_cropped=False, nearest="floor") -> onnx.ModelProto:
    """A resize and a cropping convolution. The defaults are right; each argument is a fault."""
    g = convolution(bias)
    g.qdq("conv", 0.05, -4)
    g.constant("factors", np.array([1, 1, 2, 2], np.float32))
    how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": nearest}
    g.node("Resize", ["conv_dq", "", "factors"], "resized", mode="nearest", **how)
    g.quantize("resized", 0.05, -4)
    g.node("DequantizeLinear", ["resized_q", "resized_scale", "resized_zero"], outputs[0])
    g.weights("v", [2, 4, 1, 1], 0.02)
    crop = {"auto_pad": "SAME_UPPER"} if is_cropped else {"pads": [0, 0, 0, 0]}
    g.node("Conv", ["conv_dq", "v_dq"], "total", strides=[6, 6], **crop)
    g.quantize("total", 0.1, 0)
    if len(outputs) > 1:
        g.node("DequantizeLinear", ["total_q", "total_scale", "total_zero"], outputs[1])
    g.outputs = list(outputs)
    return g.model()


FAULTS = {
    "a clamp before a pad": (bordered(True), bordered(False), "'total' (Conv)"),
    "a lost output": (network(), network(("map",)), "output 'sum' of the file is missing"),
    "a renamed output": (network(), network(("map", "total_1")), "the model delivers 'total_1'"),
    "a bias several steps off": (network(), network(bias=1500), "'conv' (Conv)"),
    "a crop left out": (network(is_cropped=True), network(), "'total' (Conv)"),
    "a wrong resize mode": (network(nearest="ceil"), network(), "'resized' (Resize)"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_falls(fault, tmp_path):
    right, wrong, place = FAULTS[fault]
    onnx.save(right, tmp_path / "right.onnx")
    onnx.save(wrong, tmp_path / "wrong.onnx")
    failures = verdict(run_of(tmp_path / "wrong.onnx"), tmp_path / "right.onnx")
    assert any(place in text for text in failures), failures


def test_rescaled_relu6_falls(tmp_path):
    """LiteRT rescales, TensorFlow Lite Micro does not."""
    ends = tensor("x", [1, 256], 0.05, -10), tensor("y", [1, 256], 0.03, -128)
    for operator in ("RELU", "RELU6"):  # RELU rescales; 6 is far
        (tmp_path / f"{operator}.tflite").write_bytes(unary(operator, *ends))
    failures = verdict(run_of(tmp_path / "RELU.tflite"), tmp_path / "RELU6.tflite")
    assert any("'y' (RELU6)" in text for text in failures), failures


def test_wrong_intermediate_bytes_are_named(tmp_path):
    """One entry of a table that the graph itself holds: only the file says that it is wrong."""
    digits = ROOT / "models/digits/digits_qdq.onnx"
    zahl("prove", digits, "--level", "5", "--keep-run", tmp_path / "run.npz")
    arrays = dict(np.load(tmp_path / "run.npz"))
    table = next(k for k in arrays if k.startswith("table"))
    arrays[table] = np.roll(arrays[table], 3)
    np.savez(tmp_path / "planted.npz", **arrays)
    failures = verdict(tmp_path / "planted.npz", digits)
    assert any("'stem_conv_silu_mul' (Mul)" in text for text in failures), failures


def test_file_that_nobody_defines_is_not_judged(tmp_path):
    """A level without a verdict does not hold."""
    g = Graph([1, 2, 4, 4])
    g.node("MeanVarianceNormalization", [g.qdq("x", 0.02, 0)], "mvn")
    g.outputs = [g.qdq("mvn", 0.05, 0)]
    onnx.save(g.model(), tmp_path / "strange.onnx")
    digits = ROOT / "models/digits/digits_qdq.onnx"
    zahl("prove", digits, "--level", "5", "--keep-run", tmp_path / "run.npz")
    failures = verdict(tmp_path / "run.npz", tmp_path / "strange.onnx")
    assert any("strange.onnx is not judged" in text for text in failures), failures


def test_quantization_equals_fractions():
    """In int64 behind bounds, and near ties in full: the same as round() of exact fractions."""
    rng = np.random.default_rng(8)
    for _ in range(60):
        n = rng.integers(-(2 ** rng.integers(3, 30)), 2 ** rng.integers(3, 30), 300)
        ratio = Fraction(int(rng.integers(1, 2**24)), int(rng.integers(1, 2**24)))
        if rng.integers(3) == 0:
            ratio = Fraction(1, 2 ** int(rng.integers(0, 12)))  # exact ties
        offset = Fraction(int(rng.integers(-1000, 1000)), int(rng.integers(1, 99)))
        got = exact.rounded(n, ratio, offset)
        assert got.tolist() == [round(int(v) * ratio + offset) for v in n]


def test_float32_constants_are_exact():
    rng = np.random.default_rng(9)
    values = (rng.standard_normal(200) * 10.0 ** rng.integers(-40, 38, 200)).astype(np.float32)
    values[:3] = 0, np.float32(1e-45), -np.finfo(np.float32).max
    assert exact.Exact.of(values).fractions() == [Fraction(float(v)) for v in values]


def test_enclosures_hold_the_float64_value():
    import math

    points = [Fraction(k, 8) for k in [*range(-90, 91, 7), -8, 8] if k]
    x = exact.Exact(np.array([int(p * 8) for p in points]), Fraction(1, 8))
    for rule, plain in {
        enclosures.sigmoid: lambda v: 1 / (1 + math.exp(-v)),
        enclosures.tanh: math.tanh,
        enclosures.erf: math.erf,
        enclosures.softplus: lambda v: math.log1p(math.exp(v)),
        enclosures.gelu: lambda v: v / 2 * (1 + math.erf(v / math.sqrt(2))),
        enclosures.sine: math.sin,
        enclosures.cosine: math.cos,
        enclosures.arctangent: math.atan,
        enclosures.arcsine: lambda v: math.asin(v) if abs(v) <= 1 else 0.0,
        enclosures.arccosine: lambda v: math.acos(v) if abs(v) <= 1 else 0.0,
        enclosures.hyperbolic_sine: math.sinh,
        enclosures.area_sine: math.asinh,
        enclosures.root: lambda v: math.sqrt(v) if v >= 0 else 0.0,
        enclosures.logarithm: lambda v: math.log(v) if v > 0 else 0.0,
    }.items():
        for point, got in zip(points, enclosures.mapped(x, rule).fractions()):
            assert math.isclose(float(got), plain(float(point)), rel_tol=1e-9, abs_tol=1e-14)


@pytest.mark.parametrize(
    "model", [network(is_cropped=True), network(nearest="ceil"), bordered(True)]
)
def test_network_equals_onnx_runtime(model, tmp_path):
    """The evaluation by itself."""
    runtime = pytest.importorskip("onnxruntime")
    onnx.save(model, tmp_path / "m.onnx")
    x = (np.random.default_rng(3).standard_normal((1, 3, 8, 8)) * 2).astype(np.float32)
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = runtime.InferenceSession(str(tmp_path / "m.onnx"), options)
    graph = onnx_graph.Graph(tmp_path / "m.onnx")
    exact_values = file_onnx.Judge(graph, file_onnx.DeviceTensors()).run({"x": x})
    for output, want in zip(session.get_outputs(), session.run(None, {"x": x})):
        got = exact_values[output.name]
        values = np.array([float(v) for v in got.fractions()]).reshape(got.shape)
        assert np.abs(values - want).max() <= 1.001 * float(got.scale[0])


@pytest.mark.parametrize("name", ["ad01_int8", "kws_ref_model", "vww_96_int8", "har_cnn_int8"])
def test_network_equals_tflite_micro(name):
    runtime = pytest.importorskip("tflite_micro").runtime
    path = shared(f"{name}.tflite")
    model = tflite_file.Model(path)
    interpreter = runtime.Interpreter.from_file(str(path), arena_size=10_000_000)
    rng, inputs = np.random.default_rng(4), {}
    for i, index in enumerate(model.inputs):
        t = model.tensors[index]
        inputs[t.name] = rng.integers(-128, 128, t.shape).astype(np.int8)
        interpreter.set_input(inputs[t.name], i)
    interpreter.invoke()
    for i, (name, got) in enumerate(file_tflite.Judge(model).run(inputs).items()):
        assert (got == interpreter.get_output(i)).all(), name
