"""The operators of ONNX that rearrange or repeat, and Resize: each a method of its own name."""

from fractions import Fraction

import exact_layers as layers
import numpy as np
import onnx_moves as moves
from exact import Exact, Unjudged, bound, fraction, wide
from onnx_operands import Operands


class Rearranged(Operands):
    def Identity(self, node):
        return [self.raw(node, 0), *[np.array(True)] * (len(node.outputs) - 1)]

    Dropout = Identity

    def Reshape(self, node):
        wanted = self.numbers(node, 1, "shape")
        return self.moved(
            node, lambda n: n.reshape(moves.reshaped(n.shape, wanted, node.integer("allowzero", 0)))
        )

    def Flatten(self, node):
        axis = node.integer("axis", 1)
        return self.moved(
            node, lambda n: n.reshape(int(np.prod(n.shape[:axis], dtype=np.int64)), -1)
        )

    def Transpose(self, node):
        return self.moved(node, lambda n: n.transpose(node.integers("perm")))

    def Squeeze(self, node):
        axes = self.numbers(node, 1, "axes")
        return self.moved(node, lambda n: n.reshape(moves.without(n.shape, axes)))

    def Unsqueeze(self, node):
        axes = self.numbers(node, 1, "axes")
        return self.moved(node, lambda n: n.reshape(moves.with_ones(n.shape, axes)))

    def Slice(self, node):
        starts, ends = self.numbers(node, 1, "starts"), self.numbers(node, 2, "ends")
        axes, steps = self.numbers(node, 3, "axes"), self.numbers(node, 4)
        return self.moved(node, lambda n: moves.sliced(n, starts, ends, axes, steps))

    def Split(self, node):
        parts, axis, count = (
            self.numbers(node, 1, "split"),
            node.integer("axis", 0),
            len(node.outputs),
        )
        return [
            self.moved(node, lambda n, i=i: moves.split(n, axis, parts, count)[i])
            for i in range(count)
        ]

    def Concat(self, node):
        values = [self.raw(node, i) for i in range(len(node.inputs))]
        if not any(isinstance(v, Exact) for v in values):
            return np.concatenate(values, axis=node.integer("axis"))
        values = layers.on_one_scale(*(self.real(node, i) for i in range(len(node.inputs))))
        n = np.concatenate([v.n for v in values], axis=node.integer("axis"))
        return Exact(n, values[0].scale, error=max(v.error for v in values))

    def Expand(self, node):
        wanted = self.numbers(node, 1)
        return self.moved(
            node, lambda n: np.broadcast_to(n, np.broadcast_shapes(n.shape, tuple(wanted)))
        )

    def Tile(self, node):
        return self.moved(node, lambda n: np.tile(n, self.numbers(node, 1)))

    def Gather(self, node):
        index = np.asarray(self.array(node, 1)).astype(np.int64)
        return self.moved(node, lambda n: np.take(n, index, axis=node.integer("axis", 0)))

    def DepthToSpace(self, node):
        return self.moved(
            node,
            lambda n: moves.depth_to_space(n, node.integer("blocksize"), node.text("mode", "DCR")),
        )

    def SpaceToDepth(self, node):
        return self.moved(node, lambda n: moves.space_to_depth(n, node.integer("blocksize")))

    def Pad(self, node):
        pads, mode = self.numbers(node, 1, "pads"), node.text("mode", "constant")
        value = self.raw(node, 0)
        rank = value.n.ndim if isinstance(value, Exact) else np.asarray(value).ndim
        axes = self.numbers(node, 3) or list(range(rank))
        before, after = [0] * rank, [0] * rank
        for i, axis in enumerate(axes):
            before[axis], after[axis] = pads[i], pads[i + len(axes)]
        fill = self.real(node, 2).fractions()[0] if self.has(node, 2) else node.real("value", 0.0)
        if not isinstance(value, Exact):
            return moves.padded(
                np.asarray(value).astype(np.int64), before, after, mode, int(fill)
            ).astype(value.dtype)
        if mode == "constant":  # on a scale on which the filling is whole
            x, one = layers.on_one_scale(value, Exact(np.array([1]), fill if fill else Fraction(1)))
            fill = int(one.n[0]) if fill else 0
            value = x
        return value.moved(lambda n: moves.padded(n, before, after, mode, fill))

    def Resize(self, node):
        value = self.raw(node, 0)
        x = self.real(node, 0).plain()
        if node.integer("antialias", 0):
            raise Unjudged(f"'{node.name}': antialias")
        old = node.type == "Upsample" or node.opset < 11
        at = 1 if old else 2
        shape = list(x.shape)
        axes = node.integers("axes", list(range(len(shape))))
        given = (
            [float(s) for s in self.scales(node, at)]
            if self.has(node, at)
            else node.reals("scales")
        )
        sizes = self.numbers(node, 3) if not old else None
        outs, scales = list(shape), [Fraction(1)] * len(shape)
        if sizes:
            policy = node.text("keep_aspect_ratio_policy", "stretch")
            ratios = [Fraction(s, shape[a]) for s, a in zip(sizes, axes)]
            for s, a, r in zip(sizes, axes, ratios):
                if policy != "stretch":
                    r = min(ratios) if policy == "not_larger" else max(ratios)
                    s = int(r * shape[a] + Fraction(1, 2))
                outs[a], scales[a] = s, r
        else:
            for s, a in zip(given, axes):
                outs[a] = int(np.float32(s) * np.float32(shape[a]))
                scales[a] = fraction(s)
        roi = None
        if node.text("coordinate_transformation_mode") == "tf_crop_and_resize":
            ends = self.scales(node, 1)
            roi = [(Fraction(0), Fraction(1))] * len(shape)
            for i, a in enumerate(axes):
                roi[a] = (ends[i], ends[i + len(axes)])
        y = moves.resized(
            x,
            outs,
            scales,
            node.text("mode", "nearest"),
            node.text("coordinate_transformation_mode", "asymmetric" if old else "half_pixel"),
            node.text("nearest_mode", "floor" if old else "round_prefer_floor"),
            node.real("cubic_coeff_a", -0.75),
            node.integer("exclude_outside", 0),
            roi,
            node.real("extrapolation_value", 0.0),
        )
        if isinstance(value, Exact):
            return y
        # Bytes: ONNX Runtime drops the fraction.
        top, bottom = y.scale[0].numerator, y.scale[0].denominator
        magnitude = np.abs(wide(y.n, bound(y.n) * top) * top) // bottom
        return (np.sign(y.n) * magnitude).astype(value.dtype)

    Upsample = Resize
