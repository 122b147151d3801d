"""Small quantized ONNX graphs, node by node: QDQ pairs, or QLinear operators."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """One float input `x`, quantized at once;
    every tensor that `qdq` returns is on a grid of its own."""

    def __init__(self, dims: list[int], dtype: type = np.int8, seed: int = 1):
        self.rng, self.dtype = np.random.default_rng(seed), dtype
        self.nodes, self.constants, self.outputs = [], [], []
        self.inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)]

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(
        self,
        kind: str,
        inputs: list[str],
        output: str | list[str],
        domain: str = "",
        **attributes: object,
    ) -> str | list[str]:
        names = [output] if isinstance(output, str) else output
        self.nodes.append(
            helper.make_node(kind, inputs, names, name=names[0], domain=domain, **attributes)
        )
        return output

    def grid(self, name: str, scale: float, zero: int) -> list[str]:
        return [
            self.constant(f"{name}_scale", np.float32(scale)),
            self.constant(f"{name}_zero", self.dtype(zero)),
        ]

    def quantize(self, name: str, scale: float, zero: int) -> str:
        return self.node("QuantizeLinear", [name, *self.grid(name, scale, zero)], f"{name}_q")

    def qdq(self, name: str, scale: float, zero: int) -> str:
        self.quantize(name, scale, zero)
        return self.node(
            "DequantizeLinear", [f"{name}_q", f"{name}_scale", f"{name}_zero"], f"{name}_dq"
        )

    def weights(self, name: str, dims: list[int], scale: float = 0.01931) -> str:
        """A dequantized int8 constant with random values."""
        self.constant(name, self.rng.integers(-127, 128, dims).astype(np.int8))
        self.constant(f"{name}_scale", np.float32(scale))
        return self.node("DequantizeLinear", [name, f"{name}_scale"], f"{name}_dq")

    def model(self, opset: int = 17) -> onnx.ModelProto:
        outputs = [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in self.outputs]
        graph = helper.make_graph(self.nodes, "small", self.inputs, outputs, self.constants)
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)],
            ir_version=8,
        )
