"""The checks of level 5 against the user's file: what a run answered is what the file's own nodes
give.

`arrays` is what `zahl prove` keeps of a run: "graph" and "ports" (JSON), `given.NAME` (the inputs),
`answer.ENGINE.NAME` (the outputs as the host delivers them). `tensors` are those of the compiled
graph, of which level 5 shows that the engines' outputs follow.
"""

import json
import pathlib

import file_onnx
import file_tflite
import numpy as np
import onnx_graph
import tflite_file
from exact import Exact, Unjudged
from tflite_layers import round_away

SLACK = 2.0**-15  # of a step: the host's own float32 at a float output, up to 255 steps * 2^-24


def check(name: str, failures: list[str], detail: str, evidence: dict | None = None) -> dict:
    return {
        "name": name,
        "holds": not failures,
        "detail": "; ".join(failures) if failures else detail,
        "evidence": evidence or {},
    }


def given_inputs(arrays: dict) -> dict:
    """What was given for each input, with the scale and zero point (of the int8 form) on which the
    host puts it."""
    ports = json.loads(bytes(arrays["ports"]).decode())
    return {p["name"]: (arrays[f"given.{p['name']}"], p) for p in ports}


def as_declared(value: np.ndarray, kind: str, port: dict, ties_away: bool) -> np.ndarray:
    """An input of the file's integer type `kind`, as the host makes it: quantized in float32, or
    the other form of the same bytes."""
    shift = 128 if kind == "uint8" else 0
    if value.dtype.kind == "f":
        ratio = value.astype(np.float32) / np.float32(port["scale"])
        q = (round_away(ratio) if ties_away else np.rint(ratio).astype(np.int64)) + port[
            "zero_point"
        ]
        return (np.clip(q, -128, 127) + shift).astype(kind)
    return (int8_form(value) + shift).astype(kind)


def int8_form(value: np.ndarray) -> np.ndarray:
    return value.astype(np.int64) - (128 if value.dtype == np.uint8 else 0)


def answers(arrays: dict) -> dict[str, dict[str, np.ndarray]]:
    engines: dict[str, dict] = {}
    for key, value in arrays.items():
        if key.startswith("answer."):
            _, engine, name = key.split(".", 2)
            engines.setdefault(engine, {})[name] = value
    return engines


def place(at) -> str:
    return "[" + ", ".join(map(str, at)) + "]"


def delivered(declared: dict[str, tuple], engines: dict) -> dict:
    """`declared`: type and shape of each output of the file; None where it does not say."""
    failures = []
    for engine, got in engines.items():
        for name, (kind, shape) in declared.items():
            if name not in got:
                failures.append(f"output '{name}' of the file is missing from the {engine}")
                continue
            values = got[name]
            if str(values.dtype) != kind:
                failures.append(
                    f"output '{name}' of the {engine} is {values.dtype}, the file says {kind}"
                )
            if shape is not None and list(values.shape) != list(shape):
                failures.append(
                    f"output '{name}' of the {engine} has the shape {list(values.shape)}, "
                    f"the file gives {list(shape)}"
                )
        for name in got:
            if name not in declared:
                failures.append(f"the {engine} delivers '{name}', which is no output of the file")
    return check(
        "every output of the file is delivered, under its own name, in its type and shape",
        failures,
        f"{len(declared)} outputs: {', '.join(declared)}",
    )


def layers_check(name: str, judge, detail: str) -> dict:
    failures = [
        f"{layer['node']}: {layer['beyond']} of {layer['elements']} elements, "
        f"first at {place(layer['at'])}: "
        f"the device has {layer['device']}, the file gives {layer['exact']}"
        for layer in judge.layers
        if "beyond" in layer
    ]
    return check(name, failures, detail, {"layers": judge.layers})


def sum_of(layers, key) -> int:
    return sum(layer[key] for layer in layers)


def against_onnx(path: pathlib.Path, arrays: dict, tensors: list) -> list[dict]:
    graph = onnx_graph.Graph(path)
    declared, given = {p.name: p for p in graph.inputs}, {}
    for name, (value, port) in given_inputs(arrays).items():
        if name not in declared:
            raise Unjudged(f"the run has an input '{name}' that the file does not have")
        kind, shape = declared[name].type, declared[name].shape
        if shape and None not in shape:
            value = value.reshape(shape)
        if kind in ("int8", "uint8"):
            value = as_declared(value, kind, port, False)
        elif value.dtype.kind in "iu":  # the bytes of a float: what they dequantize to
            value = Exact(int8_form(value) - port["zero_point"], onnx_graph.fraction(port["scale"]))
        given[name] = value
    missing = sorted(set(declared) - set(given))
    if missing:
        raise Unjudged(f"the run has no input '{missing[0]}'")
    engines = answers(arrays)
    judge = file_onnx.Judge(graph, file_onnx.DeviceTensors(tensors))
    exact = judge.run(given)
    shapes = {p.name: [d for d in exact[p.name].shape] for p in graph.outputs}
    result = [delivered({p.name: (p.type, shapes[p.name]) for p in graph.outputs}, engines)]
    elements, differ, undecided = (
        sum_of(judge.layers, k) for k in ("elements", "differ", "undecided")
    )
    result.append(
        layers_check(
            "each layer of the file is within one step of its exact value, "
            "given the device's own operands",
            judge,
            f"{len(judge.layers)} quantized tensors of the file, {elements} elements: "
            f"{differ} are one step off, {undecided} undecided; "
            f"{judge.hidden} tensors inside layers have no bytes on the device and were evaluated",
        )
    )
    failures = []
    for engine, got in engines.items():
        for port in graph.outputs:
            if port.name in got and got[port.name].shape == exact[port.name].shape:
                failures += beyond_a_step(
                    engine, graph, port.name, got[port.name], exact[port.name]
                )
    result.append(
        check(
            "each output is within one step of what its last layer gives",
            failures,
            ", ".join(engines),
        )
    )
    result.append(spread(graph, given, exact, judge))
    return result


def steps_off(got: np.ndarray, exact) -> np.ndarray:
    """Distances in steps of the output: of its scale, or whole numbers."""
    if not isinstance(exact, Exact):
        return np.abs(got.astype(np.int64) - np.asarray(exact).astype(np.int64)).astype(np.float64)
    want = exact.plain()
    step = want.scale[0]
    if want.error or want.n.dtype == object:  # no scale of its own: relative to the largest
        values = np.array([float(v) for v in want.fractions()]).reshape(want.shape)
        return np.abs(got - values) / (1e-4 * max(float(np.abs(values).max(initial=0)), 1e-30))
    n = np.array([float(onnx_graph.fraction(v) / step) for v in got.reshape(-1)]).reshape(got.shape)
    return np.abs(n - want.n) * (1 - SLACK)


def maker_of(graph, name: str) -> str:
    """The node behind the pairs."""
    node = graph.producer.get(name)
    while node and node.type in ("QuantizeLinear", "DequantizeLinear"):
        node = graph.producer.get(node.input(0))
    return f"'{node.name}' ({node.type})" if node else "the host"


def beyond_a_step(engine, graph, name, got, exact) -> list[str]:
    distance = steps_off(got, exact)
    wrong = np.argwhere(distance > 1 + SLACK)
    if not len(wrong):
        return []
    at = tuple(int(i) for i in wrong[0])
    return [
        f"output '{name}' of the {engine}, made by {maker_of(graph, name)}: "
        f"{len(wrong)} of {distance.size} elements, "
        f"first at {place(at)}: {distance[at]:.4g} steps off"
    ]


def spread(graph, given, judged, judge) -> dict:
    """The whole network by itself, no device in it: reported, never a failure."""
    name = "the whole network beside its exact evaluation"
    if not any(layer["differ"] for layer in judge.layers):
        return check(
            name, [], "no layer differs anywhere, so the outputs are those of the exact evaluation"
        )
    alone = file_onnx.Judge(graph, file_onnx.DeviceTensors()).run(given)
    parts = []
    for port in graph.outputs:
        a, b = judged[port.name], alone[port.name]
        if isinstance(a, Exact):
            a, b = (v.plain() for v in (a, b))
            same_scale = a.scale == b.scale and not a.error and not b.error
            distance = np.abs(a.n - b.n) if same_scale else np.array([0])
        else:
            distance = np.abs(np.asarray(a).astype(np.int64) - np.asarray(b).astype(np.int64))
        worst, count = int(distance.max(initial=0)), int((distance > 0).sum())
        parts.append(
            f"'{port.name}': {count} of {distance.size} elements differ, by at most {worst} steps"
        )
    return check(name, [], "; ".join(parts))


def against_tflite(path: pathlib.Path, arrays: dict, tensors: list) -> list[dict]:
    model = tflite_file.Model(path)
    given = {}
    for (value, port), index in zip(given_inputs(arrays).values(), model.inputs):
        tensor = model.tensors[index]
        if tensor.dtype in (np.int8, np.uint8):
            value = as_declared(value, np.dtype(tensor.dtype).name, port, True)
        elif value.dtype.kind in "iu":
            value = (int8_form(value) - port["zero_point"]).astype(np.float32) * np.float32(
                port["scale"]
            )
        given[tensor.name] = value
    engines = answers(arrays)
    judge = file_tflite.Judge(model, tensors)
    exact = judge.run(given)
    result = [delivered({n: (str(v.dtype), v.shape) for n, v in exact.items()}, engines)]
    result.append(
        layers_check(
            "each tensor of the file that the device has holds the bytes "
            "that TensorFlow Lite defines",
            judge,
            f"{len(judge.layers)} tensors, {sum_of(judge.layers, 'elements')} bytes; "
            f"{judge.hidden} have no bytes on the device",
        )
    )
    failures = []
    for engine, got in engines.items():
        for name, want in exact.items():
            if name not in got or got[name].shape != want.shape:
                continue  # said above
            wrong = np.argwhere(got[name] != want)
            if len(wrong):
                at = tuple(int(i) for i in wrong[0])
                failures.append(
                    f"output '{name}' of the {engine}: {len(wrong)} of {want.size} elements, "
                    f"first at {place(at)}: {got[name][at]} for {want[at]}"
                )
    result.append(
        check("each output is equal to what TensorFlow Lite defines", failures, ", ".join(engines))
    )
    return result


def judge_file(path: pathlib.Path, arrays: dict, tensors: list) -> list[dict]:
    """`tensors`: pairs of a description (name, shape, scale, zero_point) and int8 values."""
    rule = against_tflite if path.suffix.lower() == ".tflite" else against_onnx
    try:
        return rule(path, arrays, tensors)
    except (Unjudged, ValueError, LookupError, TypeError, ArithmeticError) as why:
        why = why if isinstance(why, Unjudged) else f"{type(why).__name__}: {why}"
        return [
            check(
                "the run can be judged against the file", [f"{path.name} is not judged: {why}"], ""
            )
        ]
