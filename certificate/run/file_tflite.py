"""Judges a run against a TFLite file: every operator as TensorFlow Lite Micro's reference kernel
defines it (LiteRT's where Micro has none), byte by byte.

Where a tensor of the file is also one of the device's, by name, shape, scale and zero point, its
bytes are compared too, so that a fault is named where it is made.
"""

from fractions import Fraction

import numpy as np
from exact import Unjudged
from tflite_file import Model
from tflite_layers import LAYERS
from tflite_moves import INTEGERS, MOVES

KERNELS = LAYERS | MOVES


class Judge:
    def __init__(self, model: Model, device=()):
        self.model = model
        self.known: dict[str, list] = {}
        for told, values in device:
            self.known.setdefault(told["name"], []).append((told, values))
        self.layers: list[dict] = []
        self.hidden = 0

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Inputs and outputs by the graph's names; the tensors' own types."""
        tensors, values = self.model.tensors, {}
        for i, t in enumerate(tensors):
            if t.constant is not None:
                values[i] = (
                    t.constant.astype(np.int64) if t.constant.dtype.kind in "iub" else t.constant
                )
        for i in self.model.inputs:
            value = inputs[tensors[i].name].reshape(tensors[i].shape)
            values[i] = value.astype(np.int64) if value.dtype.kind in "iub" else value
        for op in self.model.operators:
            result = tensors[op.outputs[0]]
            is_shape = result.dtype in (np.int32, np.int64) and not result.scales.size
            kernel = INTEGERS.get(op.type) if is_shape else None
            kernel = kernel or KERNELS.get(op.type)
            if kernel is None:
                raise Unjudged(f"'{op.name}' ({op.type}) has no definition here")
            involved = [tensors[i] if i >= 0 else None for i in [*op.inputs, *op.outputs]]
            operands = [values[i] if i >= 0 else None for i in op.inputs]
            if any(
                t and t.dtype not in (np.int8, np.uint8) and t.scales.size and not t.is_constant
                for t in involved
            ):
                raise Unjudged(f"'{op.name}' ({op.type}) works on more than 8 bits")
            if (
                op.type in LAYERS
                and op.type != "QUANTIZE"
                and tensors[op.inputs[0]].dtype == np.float32
            ):
                raise Unjudged(f"'{op.name}' ({op.type}) is computed in float")
            try:
                results = kernel(op, involved, *operands)
            except Unjudged as why:
                raise Unjudged(f"'{op.name}' ({op.type}): {why}") from why
            for i, result in zip(op.outputs, results if isinstance(results, list) else [results]):
                values[i] = result
                self.compare(op, tensors[i], result)
        return {
            tensors[i].name: values[i].reshape(tensors[i].shape).astype(tensors[i].dtype)
            for i in self.model.outputs
        }

    def compare(self, op, tensor, values):
        if tensor.dtype not in (np.int8, np.uint8) or not tensor.scales.size:
            return
        zero = tensor.zero - 128 * (tensor.dtype == np.uint8)
        for told, got in self.known.get(tensor.name, []):
            if (
                told["zero_point"] != zero
                or Fraction(told["scale"]) != Fraction(float(tensor.scale))
                or got.size != values.size
            ):
                continue
            got = got.reshape(values.shape).astype(np.int64) + 128 * (tensor.dtype == np.uint8)
            wrong = np.argwhere(got != values)
            layer = {
                "node": f"'{op.name}' ({op.type})",
                "elements": int(values.size),
                "differ": len(wrong),
            }
            if len(wrong):
                at = tuple(int(i) for i in wrong[0])
                layer |= {
                    "beyond": len(wrong),
                    "at": list(at),
                    "device": int(got[at]),
                    "exact": int(values[at]),
                }
            self.layers.append(layer)
            return
        self.hidden += 1
