"""Judges a run against an ONNX file: every node by its definition in exact arithmetic, fed with the
device's own tensors.

Where a quantized tensor of the file is also one of the device's, the device's bytes must lie within
one step of the exact value of the node, given the device's own operands, and the walk goes on with
the device's bytes. So each layer is judged by itself, and a fault is named where it is made.
"""

import pathlib
from fractions import Fraction
from itertools import permutations

import numpy as np
from exact import Exact
from onnx_graph import RANGES, UINT8, Graph
from onnx_integers import IntegerOperators

MOVES = {
    "Reshape",
    "Flatten",
    "Transpose",
    "Squeeze",
    "Unsqueeze",
    "Identity",
    "Dropout",
    "Slice",
    "Split",
    "Gather",
    "Expand",
    "Tile",
    "DepthToSpace",
    "SpaceToDepth",
}

# The compiler reads a QLinear operator as a layer between pairs, and calls the layer's result so.
WITHIN = " before quantization"


class DeviceTensors:
    """The tensors of the compiled graph by name, scale and zero point."""

    def __init__(self, tensors=()):
        self.known: dict[str, list] = {}
        for told, values in tensors:
            name = told["name"].removesuffix(WITHIN)
            self.known.setdefault(name, []).append((told, values))

    def arrangements(self, name, scale: Fraction, zero: int, shape):
        """The device's bytes in the file's shape: as they lie, with the channels last, then in any
        other order of the axes."""
        for told, values in self.known.get(name, []):
            if Fraction(told["scale"]) != scale or told["zero_point"] != zero:
                continue
            if values.size != np.prod(shape, dtype=np.int64):
                continue
            flat, rank = values.reshape(-1).astype(np.int64), len(shape)
            orders = [tuple(range(rank))]
            if rank > 2:
                orders.append((0, *range(2, rank), 1))
            if 1 < rank <= 4:
                orders += [p for p in permutations(range(rank)) if p not in orders]
            for order in orders:
                yield flat.reshape([shape[a] for a in order]).transpose(np.argsort(order))


class Judge(IntegerOperators):
    def __init__(self, graph: Graph, device: DeviceTensors):
        super().__init__()
        self.graph, self.device = graph, device
        self.layers: list[dict] = []
        self.hidden = 0
        self.shapes: dict[str, tuple] = {}  # of real tensors
        self.values |= graph.constants

    def run(self, inputs: dict[str, np.ndarray]) -> dict:
        for port in self.graph.inputs:
            value = inputs[port.name]
            is_real = isinstance(value, Exact) or value.dtype.kind == "f"
            self.values[port.name] = value = Exact.of(value) if is_real else value
            if is_real:
                self.shapes[port.name] = value.shape
        last = {name: i for i, n in enumerate(self.graph.nodes) for name in n.inputs}
        outputs = {o.name for o in self.graph.outputs}
        for i, node in enumerate(self.graph.nodes):
            for name, value in zip(node.outputs, self.evaluate(node)):
                self.values[name] = value
                if isinstance(value, Exact):
                    self.shapes[name] = value.shape
            for name in node.inputs:  # the large ones go where nobody reads them any more
                is_real = isinstance(self.values.get(name), Exact)
                if is_real and last.get(name) == i and name not in outputs:
                    del self.values[name]
        return {name: self.values[name] for name in outputs}

    def settle(self, node, source, q, undecided, scales, zeros, kind):
        if kind not in RANGES or len(scales) > 1 or q.size == 0 or source in self.graph.constants:
            return q
        is_unsigned = kind == UINT8
        best = None
        for bytes_ in self.candidates(source, scales[0], zeros[0] - 128 * is_unsigned, q.shape):
            values = bytes_ + 128 * is_unsigned
            distance = np.abs(values - q)
            worst = int(distance.max())
            if best is None or worst < best[0]:
                best = (worst, values, distance)
            if worst <= 1:
                break
        if best is None:
            self.hidden += 1
            return q
        worst, values, distance = best
        beyond = np.argwhere(distance > 1)
        layer = {
            "node": self.maker(node, source),
            "elements": int(q.size),
            "differ": int((distance > 0).sum()),
            "steps": worst,
            "undecided": undecided,
        }
        if len(beyond):
            at = tuple(int(i) for i in beyond[0])
            layer |= {
                "beyond": len(beyond),
                "at": list(at),
                "device": int(values[at]),
                "exact": int(q[at]),
            }
        self.layers.append(layer)
        return values

    def candidates(self, name, scale, zero, shape, behind=()):
        """The device's bytes of a tensor. Those in front of nodes that only rearrange serve too,
        and those behind them may lie in the order of the tensor in front (a flattened map, channels
        last)."""
        for known in (name, *behind):
            yield from self.device.arrangements(known, scale, zero, shape)
        node = self.graph.producer.get(name)
        if node is None or node.type not in MOVES:
            return
        before = self.shapes.get(node.input(0))
        if before is None:
            return
        for values in self.candidates(node.input(0), scale, zero, before, (name, *behind)):
            kept = self.values.get(node.input(0))
            self.values[node.input(0)] = Exact(values)
            results = self.evaluate(node)
            self.values[node.input(0)] = kept
            result = results[node.outputs.index(name)].plain()
            if result.shape == tuple(shape):
                yield result.n

    def maker(self, node, source) -> str:
        """The node whose result is quantized, by the file's names."""
        maker = self.graph.producer.get(source, node)
        return f"'{maker.name}' ({maker.type})"


def exact_outputs(path: pathlib.Path, inputs: dict) -> dict:
    """The network by itself, no device in it."""
    return Judge(Graph(path), DeviceTensors()).run(inputs)
