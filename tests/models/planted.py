"""Models and programs with something planted, shared by the tests of explain and prove."""

import pathlib
import struct
import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MAGIC = b"ZAHLPROG"
FORMAT_VERSION = 2  # contract/program.cpp


def float_between(path):
    """conv -> Q -> DQ -> LpNormalization (which has no integer form here) -> Q -> DQ -> conv"""

    def constants(name, value):
        return numpy_helper.from_array(np.asarray(value), name)

    weights = np.arange(-4, 5, dtype=np.int8).reshape(1, 1, 3, 3)
    initializers = [
        constants("s", np.float32(0.05)),
        constants("z", np.int8(3)),
        constants("w", weights),
        constants("ws", np.float32(0.01)),
        constants("wz", np.int8(0)),
    ]
    nodes, tensor = [], "x"
    for i, op in enumerate(["Conv", "LpNormalization", "Conv"]):
        nodes.append(
            helper.make_node("QuantizeLinear", [tensor, "s", "z"], [f"q{i}"], name=f"quantize{i}")
        )
        nodes.append(
            helper.make_node(
                "DequantizeLinear", [f"q{i}", "s", "z"], [f"d{i}"], name=f"dequantize{i}"
            )
        )
        if op == "Conv":
            nodes.append(
                helper.make_node(
                    "DequantizeLinear", ["w", "ws", "wz"], [f"w{i}"], name=f"weights{i}"
                )
            )
            nodes.append(
                helper.make_node(
                    "Conv", [f"d{i}", f"w{i}"], [f"y{i}"], name=f"conv{i}", pads=[1, 1, 1, 1]
                )
            )
        else:
            nodes.append(
                helper.make_node("LpNormalization", [f"d{i}"], [f"y{i}"], name="planted_float")
            )
        tensor = f"y{i}"
    nodes += [
        helper.make_node("QuantizeLinear", [tensor, "s", "z"], ["q"], name="last"),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"], name="out"),
    ]
    port = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1, 4, 4]) for n in ("x", "y", "y1")
    ]
    graph = helper.make_graph(
        nodes, "float_between", port[:1], port[1:2], initializers, value_info=port[2:]
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def sections(program: bytes) -> list[tuple[bytes, bytes]]:
    """Name and bytes of each section of a program image."""
    version, count = struct.unpack_from("<II", program, len(MAGIC))
    result, at = [], len(MAGIC) + 8
    for _ in range(count):
        name, size, _ = struct.unpack_from("<4sQI", program, at)
        result.append((name, program[at + 16 : at + 16 + size]))
        at += 16 + size
    return result


def image(parts: list[tuple[bytes, bytes]]) -> bytes:
    """A program image of these sections, its checksums right."""
    body = b"".join(
        struct.pack("<4sQI", name, len(data), zlib.crc32(data)) + data for name, data in parts
    )
    return MAGIC + struct.pack("<II", FORMAT_VERSION, len(parts)) + body


def changed(program: pathlib.Path, name: bytes, change) -> None:
    """Applies `change` to the bytes of one section, in the file."""
    program.write_bytes(
        image(
            [(n, change(data) if n == name else data) for n, data in sections(program.read_bytes())]
        )
    )
