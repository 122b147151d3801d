"""Whole networks that others made, and the shared recipes at a small size: each layer judged by
ONNX Runtime on the layer's own inputs, TFLite bit for bit by LiteRT's reference kernels."""

import sys

import numpy as np
import onnx
import onnx_layers
import pytest
from conftest import Runner, shared, zahl


def recipe(name: str, folder, *size: int):
    """A quantized network of the shared recipes, as a path."""
    sys.path.insert(0, str(shared("recipes/make_networks.py").parent))
    import make_networks

    graph, outputs = getattr(make_networks, name)(*size)
    graph.save(outputs, str(folder / f"{name}_float.onnx"))
    make_networks.quantize(folder / f"{name}_float.onnx", folder / f"{name}.onnx", images=1)
    return folder / f"{name}.onnx", make_networks.image(tuple(graph.shape["input"]), 3)


@pytest.mark.parametrize("name", ["yolov8n"])
def test_each_layer_is_within_one_step_of_onnx_runtime(name: str, tmp_path):
    path, image = recipe(name, tmp_path, 64, 96)
    model = onnx.load(path)
    values = onnx_layers.quantized_tensors(model, {"input": image})
    elements = different = 0
    # One graph of all layers side by side would compile at once, but a layer that fails should be
    # seen by name.
    for layer, part, inputs, expected in onnx_layers.layers(model, values):
        onnx.save(part, tmp_path / "layer.onnx")
        np.savez(tmp_path / "in.npz", **inputs) if len(inputs) > 1 else np.save(
            tmp_path / "in.npy", next(iter(inputs.values()))
        )
        source = tmp_path / ("in.npz" if len(inputs) > 1 else "in.npy")
        zahl("run", tmp_path / "layer.onnx", "--input", source, "--output", tmp_path / "out.npy")
        steps = np.abs(np.load(tmp_path / "out.npy").astype(int) - expected.astype(int))
        assert steps.max() <= 1, layer
        elements, different = elements + steps.size, different + int((steps > 0).sum())
    assert elements > 100_000 and different < elements * 1e-4  # where float32 rounds across a tie


def test_each_operator_of_nanodet_is_within_one_step_of_onnx_runtime(tmp_path):
    model = onnx.load(shared("nanodet_416_qoperator.onnx"))
    constants = {i.name for i in model.graph.initializer}
    for port in [i for i in model.graph.input if i.name in constants]:
        model.graph.input.remove(port)
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    names = [o for n in model.graph.node for o in n.output]
    del wide.graph.output[:]
    wide.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    image = np.random.default_rng(3).standard_normal((1, 3, 416, 416)).astype(np.float32)
    values = dict(zip(names, onnx_layers.session(wide).run(names, {"input.1": image})))
    seen = {}
    for kind, name, part, inputs, expected, scale in onnx_layers.operators(model, values):
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] % 9 != 1:  # some of each kind: they repeat
            continue
        onnx.save(part, tmp_path / "m.onnx")
        source = tmp_path / ("in.npz" if len(inputs) > 1 else "in.npy")
        np.savez(source, **inputs) if len(inputs) > 1 else np.save(
            source, next(iter(inputs.values()))
        )
        zahl("run", tmp_path / "m.onnx", "--input", source, "--output", tmp_path / "out.npy")
        steps = np.abs(np.load(tmp_path / "out.npy") - expected) / scale
        assert steps.max() < (1.01 if kind == "QLinearConv" else 0.01), (kind, name)
        assert (steps > 0.5).mean() < 1e-4, (kind, name)
    zahl("run", shared("nanodet_416_qoperator.onnx"), "--cycles-only")  # and the whole of it


@pytest.mark.parametrize("name", ["yolov5n", "yolov8n"])
def test_model_and_rtl_agree(name: str, tmp_path):
    path, _ = recipe(name, tmp_path, 32, 32)
    zahl("cosim", path, "--seed", 1)


@pytest.mark.parametrize(
    "name",
    [
        "yolov5_tiny_192_int8",
        "hello_world_int8",
        "micro_speech_quantized",
        "har_cnn_int8",
        "str_ww_ref_model",
    ],
)
def test_tflite_bit_for_bit(name: str, tmp_path):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    path = shared(f"{name}.tflite")
    judge = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    judge.allocate_tensors()
    source, target = judge.get_input_details()[0], judge.get_output_details()[0]
    runner = Runner(path, tmp_path)
    for seed in range(3):
        x = np.random.default_rng(seed).integers(-128, 128, source["shape"]).astype(np.int8)
        x = x if source["dtype"] == np.int8 else (x.astype(np.int16) + 128).astype(np.uint8)
        judge.set_tensor(source["index"], x)
        judge.invoke()
        assert np.array_equal(runner.run(x), judge.get_tensor(target["index"])), seed
