"""The digits network, written once: JAX trains it and ONNX takes it away.

Promise: `network` is the only description of the graph. Tensors are N, C, H, W; weights are in
ONNX's order (output channel, input channel of the group, row, column).
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import jax
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Parameters = dict[str, Any]  # "<layer>_weight" and "<layer>_bias", NumPy or JAX arrays

CLASSES = 10
FEATURES = 32


@dataclass(frozen=True)
class Conv:
    """A convolution with a bias, padded so that a stride of 1 keeps height and width."""

    inputs: int
    outputs: int
    kernel: int = 3
    stride: int = 1
    groups: int = 1


CONVOLUTIONS = {
    "stem_conv": Conv(1, 16),
    "block1_depthwise": Conv(16, 16, groups=16),
    "block1_pointwise": Conv(16, 32, kernel=1),
    "down_conv": Conv(32, 32, stride=2),
    "block2_reduce": Conv(32, 16, kernel=1),
    "block2_expand": Conv(16, 32),
}


class Builder(Protocol):
    """What the network is written in: JAX computes with it, ONNX records it."""

    def conv(self, name: str, x: Any) -> Any: ...
    def silu(self, name: str, x: Any) -> Any: ...
    def add(self, name: str, a: Any, b: Any) -> Any: ...
    def max_pool(self, name: str, x: Any) -> Any: ...
    def global_average(self, name: str, x: Any) -> Any: ...
    def gemm(self, name: str, x: Any) -> Any: ...


def network(build: Builder, image: Any) -> Any:
    """The network, written once: [N,1,8,8] to logits [N,10]."""

    def conv_silu(name: str, x: Any) -> Any:
        return build.silu(name + "_silu", build.conv(name, x))

    x = conv_silu("stem_conv", image)
    x = conv_silu("block1_depthwise", x)
    x = conv_silu("block1_pointwise", x)
    x = conv_silu("down_conv", x)
    x = build.add("block2_add", x, conv_silu("block2_expand", conv_silu("block2_reduce", x)))
    x = build.max_pool("head_max_pool", x)
    x = build.global_average("head_average", x)
    return build.gemm("classifier", x)


@dataclass
class JaxBuilder:
    """Computes the network."""

    parameters: Parameters

    def conv(self, name: str, x: jax.Array) -> jax.Array:
        spec, pad = CONVOLUTIONS[name], CONVOLUTIONS[name].kernel // 2
        y = jax.lax.conv_general_dilated(
            x,
            self.parameters[name + "_weight"],
            window_strides=(spec.stride, spec.stride),
            padding=((pad, pad), (pad, pad)),
            feature_group_count=spec.groups,
        )
        return y + self.parameters[name + "_bias"][:, None, None]

    def silu(self, name: str, x: jax.Array) -> jax.Array:
        return x * jax.nn.sigmoid(x)

    def add(self, name: str, a: jax.Array, b: jax.Array) -> jax.Array:
        return a + b

    def max_pool(self, name: str, x: jax.Array) -> jax.Array:
        n, c, h, w = x.shape
        return x.reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))

    def global_average(self, name: str, x: jax.Array) -> jax.Array:
        return x.mean(axis=(2, 3))

    def gemm(self, name: str, x: jax.Array) -> jax.Array:
        return x @ self.parameters[name + "_weight"].T + self.parameters[name + "_bias"]


@dataclass
class OnnxBuilder:
    """Records the network as ONNX nodes; SiLU is a Sigmoid and a Mul,
    as YOLO's exporters write it."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)

    def node(self, op_type: str, name: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append(
            helper.make_node(op_type, list(inputs), [name + "_out"], name=name, **attributes)
        )
        return name + "_out"

    def conv(self, name: str, x: str) -> str:
        spec, pad = CONVOLUTIONS[name], CONVOLUTIONS[name].kernel // 2
        attributes = {
            "kernel_shape": [spec.kernel] * 2,
            "strides": [spec.stride] * 2,
            "pads": [pad] * 4,
            "group": spec.groups,
        }
        return self.node("Conv", name, x, name + "_weight", name + "_bias", **attributes)

    def silu(self, name: str, x: str) -> str:
        return self.node("Mul", name + "_mul", x, self.node("Sigmoid", name + "_sigmoid", x))

    def add(self, name: str, a: str, b: str) -> str:
        return self.node("Add", name, a, b)

    def max_pool(self, name: str, x: str) -> str:
        return self.node("MaxPool", name, x, kernel_shape=[2, 2], strides=[2, 2])

    def global_average(self, name: str, x: str) -> str:
        return self.node("Flatten", name + "_flatten", self.node("GlobalAveragePool", name, x))

    def gemm(self, name: str, x: str) -> str:
        return self.node("Gemm", name, x, name + "_weight", name + "_bias", transB=1)


def initial_parameters(generator: np.random.Generator) -> Parameters:
    """He initialisation, zero biases."""
    shapes = {
        name: (c.outputs, c.inputs // c.groups, c.kernel, c.kernel)
        for name, c in CONVOLUTIONS.items()
    }
    shapes["classifier"] = (CLASSES, FEATURES)
    parameters = {}
    for name, shape in shapes.items():
        deviation = np.sqrt(2.0 / np.prod(shape[1:]))
        parameters[name + "_weight"] = generator.normal(0.0, deviation, shape).astype(np.float32)
        parameters[name + "_bias"] = np.zeros(shape[0], np.float32)
    return parameters


def to_onnx(parameters: Parameters) -> onnx.ModelProto:
    """The float model: one image in, logits out.
    Opset 17 is what quantize_static and most runtimes take."""
    builder = OnnxBuilder()
    output = network(builder, "image")
    builder.nodes[-1].output[0] = output = "logits"
    graph = helper.make_graph(
        builder.nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, CLASSES])],
        [numpy_helper.from_array(value, name) for name, value in sorted(parameters.items())],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="zahl"
    )
    onnx.checker.check_model(model, full_check=True)
    return model
