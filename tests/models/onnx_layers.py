"""Cuts a QDQ network into one model a layer, so that a layer is judged
on the inputs that ONNX Runtime itself computed."""

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

NOTATION = ("QuantizeLinear", "DequantizeLinear")
TYPES = {np.dtype(np.int8): TensorProto.INT8, np.dtype(np.uint8): TensorProto.UINT8}


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def quantized_tensors(
    model: onnx.ModelProto, feeds: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """What ONNX Runtime computes for every quantized tensor."""
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    names = [n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear"]
    del wide.graph.output[:]
    wide.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    return dict(zip(names, session(wide).run(names, feeds)))


def layers(model: onnx.ModelProto, values: dict[str, np.ndarray]):
    """Yields (name, model, inputs, expected): from quantized tensors over
    real operators to the next quantized tensor."""
    constants = {i.name: i for i in model.graph.initializer}
    producers = {o: n for n in model.graph.node for o in n.output}
    for end in model.graph.node:
        if end.op_type != "QuantizeLinear" or end.input[0] not in producers:
            continue
        nodes, inputs, pending, seen = [end], [], [end.input[0]], set()
        while pending:
            name = pending.pop()
            if name in seen or name in constants or not name:
                continue
            seen.add(name)
            node = producers[name]
            if any(node is known for known in nodes):
                continue
            nodes.append(node)
            if node.op_type == "DequantizeLinear" and node.input[0] not in constants:
                if node.input[0] not in inputs:
                    inputs.append(node.input[0])
            else:
                pending.extend(node.input)
        if not inputs or len(nodes) < 3:
            continue
        order = {id(n): i for i, n in enumerate(model.graph.node)}
        nodes.sort(key=lambda n: order[id(n)])
        used = {i for n in nodes for i in n.input}

        def info(name):
            return helper.make_tensor_value_info(
                name, TYPES[values[name].dtype], values[name].shape
            )

        graph = helper.make_graph(
            nodes,
            end.name,
            [info(i) for i in inputs],
            [info(end.output[0])],
            [constants[c] for c in constants if c in used],
        )
        part = helper.make_model(graph, opset_imports=model.opset_import, ir_version=8)
        yield end.output[0], part, {i: values[i] for i in inputs}, values[end.output[0]]


def operators(model: onnx.ModelProto, values: dict[str, np.ndarray]):
    """The same for the QOperator format, node by node;
    inputs and results are made bytes of scale 1 where the node names no scale."""
    constants = {i.name: i for i in model.graph.initializer}
    unit = [
        numpy_helper.from_array(np.float32(1), "one"),
        numpy_helper.from_array(np.int8(0), "nought"),
    ]
    for node in model.graph.node:
        if node.op_type in (*NOTATION, "MaxPool"):
            continue
        inputs, output = [i for i in node.input if i in values], node.output[0]
        has_scales = node.op_type.startswith("QLinear")
        at = {"QLinearConv": 6, "QLinearAdd": 6, "QLinearConcat": 0}.get(node.op_type, 3)
        grid = [node.input[at], node.input[at + 1]] if has_scales else ["one", "nought"]
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        nodes = [
            copy,
            helper.make_node(
                "DequantizeLinear", [output, *grid], [output + " real"], name=output + " real"
            ),
        ]
        for i in inputs if not has_scales else []:
            nodes.insert(
                0,
                helper.make_node(
                    "QuantizeLinear",
                    [i + " open", "one", "nought"],
                    [i + " bytes"],
                    name=i + " bytes",
                ),
            )
            nodes.insert(
                0,
                helper.make_node(
                    "DequantizeLinear", [i, "one", "nought"], [i + " open"], name=i + " open"
                ),
            )
            copy.input[list(copy.input).index(i)] = i + " bytes"
        used = {i for n in nodes for i in n.input}
        ports = [
            helper.make_tensor_value_info(i, TYPES[values[i].dtype], values[i].shape)
            for i in inputs
        ]
        result = helper.make_tensor_value_info(output + " real", TensorProto.FLOAT, None)
        graph = helper.make_graph(
            nodes,
            node.name,
            ports,
            [result],
            [c for name, c in constants.items() if name in used] + unit,
        )
        part = helper.make_model(graph, opset_imports=model.opset_import, ir_version=6)
        scale, zero = (
            (constant(model, name) for name in grid) if has_scales else (np.float32(1), np.int8(0))
        )
        yield (
            node.op_type,
            node.name,
            part,
            {i: values[i] for i in inputs},
            (values[output].astype(int) - int(zero)) * np.float64(scale),
            float(scale),
        )


def constant(model: onnx.ModelProto, name: str) -> np.ndarray:
    return numpy_helper.to_array(next(i for i in model.graph.initializer if i.name == name))
