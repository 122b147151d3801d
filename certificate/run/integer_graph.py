"""An independent evaluation of a compiled network: plain integers, nothing of the C++ code.

Every sum and product is exact. Convolutions run in int64 after a bound on the largest possible sum
was compared with 2^63; what follows the sums (requantization, eltwise, softmax) runs in Python's
unbounded integers, or in int64 behind the same kind of bound where a tensor is large
(EXACT_ELEMENTS). The formulas are those of docs/arithmetic.md.
"""

import json

import numpy as np

EXACT_ELEMENTS = 50_000  # results of a layer up to which Python's own integers are used


def half_up(p, n):
    return p if n == 0 else (p >> n) + ((p >> (n - 1)) & 1)


def half_away(p, n):
    magnitude = abs(p)
    rounded = half_up(magnitude, n)
    return (
        np.where(p < 0, -rounded, rounded)
        if isinstance(p, np.ndarray)
        else (-rounded if p < 0 else rounded)
    )


def half_even(p, n):
    if n == 0:
        return p
    floor = p >> n
    rest = p - (floor << n)
    half = 1 << (n - 1)
    up = (rest > half) | ((rest == half) & ((floor & 1) == 1))
    return floor + (up.astype(floor.dtype) if isinstance(up, np.ndarray) else int(up))


def tfl_double(p, n):
    if n <= 31:
        return half_up(p, n)
    return half_away(half_up(p, 31), n - 31)


ROUNDINGS = {
    "half_up": half_up,
    "half_away": half_away,
    "half_even": half_even,
    "tfl_double": tfl_double,
}


def wide(values: np.ndarray, factor: int = 1) -> np.ndarray:
    """`values` in a type in which the product with `factor` and one more bit are exact."""
    largest = int(np.abs(values).max(initial=0)) * abs(int(factor))
    if values.size > EXACT_ELEMENTS and largest < 2**62:
        return values.astype(np.int64)
    return values.astype(object)


def scaled(values: np.ndarray, m0: int, n: int, rounding: str) -> np.ndarray:
    """round(values * m0 * 2^-n)."""
    return ROUNDINGS[rounding](wide(values, m0) * int(m0), int(n))


class Evaluator:
    """Evaluates an exported graph (`graph` and arrays of an .npz) tensor by tensor;
    all tensors are NHWC int8."""

    def __init__(self, arrays: dict[str, np.ndarray]):
        self.arrays = arrays
        self.graph = json.loads(bytes(arrays["graph"]).decode())
        self.tensors: dict[int, np.ndarray] = {}

    def run(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        for i, tensor in enumerate(self.graph["tensors"]):
            if "constant" in tensor:
                self.tensors[i] = self.arrays[tensor["constant"]].reshape(tensor["shape"])
        for tensor, values in zip(self.graph["inputs"], inputs, strict=True):
            self.tensors[tensor] = values.reshape(self.shape(tensor))
        for node in self.graph["nodes"]:
            result = getattr(self, node["kind"])(node)
            if result.min(initial=0) < -128 or result.max(initial=0) > 127:
                raise OverflowError(f"{node['name']}: a result leaves int8")
            self.tensors[node["output"]] = result.astype(np.int8).reshape(
                self.shape(node["output"])
            )
        return [self.tensors[t] for t in self.graph["outputs"]]

    def shape(self, tensor: int) -> list[int]:
        return self.graph["tensors"][tensor]["shape"]

    def finish(self, y: np.ndarray, stage: dict) -> np.ndarray:
        """Zero point, clamp, table."""
        y = np.clip(y + stage["zero_point"], stage["low"], stage["high"]).astype(np.int64)
        return self.arrays[stage["table"]].astype(np.int64)[y + 128] if stage["table"] else y

    def requantized(self, sums: np.ndarray, requant: dict) -> np.ndarray:
        """`sums` has the channels last; bias, m0 and shift are one a channel, or one for all."""
        bias, m0, shift = (
            self.arrays[requant[key]].astype(np.int64) for key in ("bias", "m0", "shift")
        )
        v = sums + bias
        if not all(-(2**31) <= x.min() and x.max() < 2**31 for x in (sums, v)):
            raise OverflowError("an accumulator leaves int32")
        if len(m0) == 1:
            return self.finish(scaled(v, m0[0], shift[0], requant["rounding"]), requant)
        columns = [
            scaled(v[..., c], m0[c], shift[c], requant["rounding"]) for c in range(v.shape[-1])
        ]
        return self.finish(np.stack(columns, axis=-1), requant)

    def operand(self, node: dict) -> np.ndarray:
        """The input, with further inputs behind its channels."""
        parts = [self.tensors[t] for t in [node["input"], *node.get("more_inputs", [])]]
        return np.concatenate(parts, axis=3).astype(np.int64)

    def windows(self, node: dict, fill: int) -> np.ndarray:
        """The taps of every output pixel: N, H, W, kernel h, kernel w, C;
        padding reads as `fill`."""
        x = self.operand(node)
        kh, kw, sh, sw = (node[key] for key in ("kernel_h", "kernel_w", "stride_h", "stride_w"))
        top, bottom, left, right = node["padding"].values()
        dh, dw = node.get("dilation_h", 1), node.get("dilation_w", 1)
        _, oh, ow, _ = self.shape(node["output"])
        x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)
        rows = (np.arange(oh) * sh)[:, None] + np.arange(kh) * dh
        columns = (np.arange(ow) * sw)[:, None] + np.arange(kw) * dw
        return x[:, rows[:, None, :, None], columns[None, :, None, :], :]

    def conv(self, node: dict) -> np.ndarray:
        zero = self.graph["tensors"][node["input"]]["zero_point"]
        channels, groups = self.shape(node["output"])[3], node["groups"]
        weights = (
            self.arrays[node["weights"]].astype(np.int64).reshape(groups, channels // groups, -1)
            - node["weight_zero"]
        )
        if int(np.abs(weights).sum(axis=2).max()) * 128 >= 2**63:
            raise OverflowError("a sum could leave int64")
        # Row by row of the result, so that the taps of large maps fit in memory.
        result = np.empty(self.shape(node["output"]), np.int64)
        taps = (
            self.windows(node, zero)
            if result[..., 0].size * weights.shape[2] * groups < 2**25
            else None
        )
        for y in range(result.shape[1]):
            rows = taps[:, y : y + 1] if taps is not None else self.windows_of_row(node, zero, y)
            n, h, w, kh, kw, c = rows.shape
            for g in range(groups):
                part = rows[..., g * (c // groups) : (g + 1) * (c // groups)].reshape(n * h * w, -1)
                result[:, y, :, g * (channels // groups) : (g + 1) * (channels // groups)] = (
                    part @ weights[g].T
                ).reshape(n, w, -1)
        return self.requantized(result, node["requant"])

    def windows_of_row(self, node: dict, fill: int, row: int) -> np.ndarray:
        x = self.operand(node)
        kh, kw, sh, sw = (node[key] for key in ("kernel_h", "kernel_w", "stride_h", "stride_w"))
        top, _, left, right = node["padding"].values()
        dh, dw = node.get("dilation_h", 1), node.get("dilation_w", 1)
        ow, lines = self.shape(node["output"])[2], []
        for ky in range(kh):
            y = row * sh + ky * dh - top
            line = (
                x[:, y]
                if 0 <= y < x.shape[1]
                else np.full((x.shape[0], x.shape[2], x.shape[3]), fill, np.int64)
            )
            line = np.pad(line, ((0, 0), (left, right), (0, 0)), constant_values=fill)
            lines.append(line[:, (np.arange(ow) * sw)[:, None] + np.arange(kw) * dw, :])
        return np.stack(lines, axis=2)[:, None]

    def depthwise(self, node: dict) -> np.ndarray:
        zero = self.graph["tensors"][node["input"]]["zero_point"]
        kh, kw = node["kernel_h"], node["kernel_w"]
        weights = (
            self.arrays[node["weights"]].astype(np.int64).reshape(kh, kw, -1) - node["weight_zero"]
        )
        return self.requantized(
            (self.windows(node, zero) * weights).sum(axis=(3, 4)), node["requant"]
        )

    def max_pool(self, node: dict) -> np.ndarray:
        return self.requantized(self.windows(node, -128).max(axis=(3, 4)), node["requant"])

    def average_pool(self, node: dict) -> np.ndarray:
        zero = node["input_zero"]
        sums = (self.windows(node, zero) - zero).sum(axis=(3, 4))
        counts = np.full(sums.shape[1:3], node["kernel_h"] * node["kernel_w"])
        if not node["count_includes_padding"]:
            counts = self.taps_inside(node)
        y = np.zeros(sums.shape, object)
        for count in np.unique(counts):
            m0, shift = node["multipliers"][int(count) - 1]
            y = np.where(
                (counts == count)[None, :, :, None], scaled(sums, m0, shift, node["rounding"]), y
            )
        return self.finish(y, node)

    def taps_inside(self, node: dict) -> np.ndarray:
        """How many taps of each window are no padding."""
        inside = []
        for axis, before, size in (("h", "top", 1), ("w", "left", 2)):
            limit = self.shape(node["input"])[size]
            at = (
                (np.arange(self.shape(node["output"])[size]) * node[f"stride_{axis}"])[:, None]
                + np.arange(node[f"kernel_{axis}"])
                - node["padding"][before]
            )
            inside.append(((at >= 0) & (at < limit)).sum(axis=1))
        return inside[0][:, None] * inside[1][None, :]

    def eltwise(self, node: dict) -> np.ndarray:
        a = self.tensors[node["a"]].astype(np.int64) - node["a_zero"]
        b = self.tensors[node["b"]].astype(np.int64) - node["b_zero"]
        rounding = node["rounding"]
        if node["operation"] == "mul":
            return self.finish(scaled(a * b, node["m0"], node["shift"], rounding), node)
        sign = {"add": 1, "sub": -1}[node["operation"]]
        if node["exact"]:
            total = wide(a, node["a_m0"]) * node["a_m0"] + sign * (
                wide(b, node["b_m0"]) * node["b_m0"]
            )
            return self.finish(ROUNDINGS[rounding](total, node["shift"]), node)
        big_a = scaled(a << 20, node["a_m0"], 31 + node["a_shift"], "tfl_double")
        big_b = scaled(b << 20, node["b_m0"], 31 + node["b_shift"], "tfl_double")
        total = scaled(big_a + sign * big_b, node["m0"], node["shift"], rounding)
        return self.finish(total, node)

    def table(self, node: dict) -> np.ndarray:
        return self.arrays[node["table"]].astype(np.int64)[
            self.tensors[node["input"]].astype(np.int64) + 128
        ]

    def softmax(self, node: dict) -> np.ndarray:
        x = self.tensors[node["input"]].astype(np.int64)
        table = [int(e) for e in self.arrays[node["exponentials"]]]
        result = np.empty(x.shape, np.int64).reshape(-1, x.shape[-1])
        for i, row in enumerate(x.reshape(-1, x.shape[-1])):
            exponentials = [table[int(row.max()) - int(q)] for q in row]
            total = sum(half_away(e, 12) for e in exponentials)
            headroom = 32 - total.bit_length()
            scale = one_over_one_plus((total << headroom) - 2**31)
            for c, e in enumerate(exponentials):
                y = half_away(half_up(scale * e, 31) * node["m0"], node["shift"] + 12 - headroom)
                result[i, c] = min(max(y + node["zero_point"], -128), 127)
        return result

    def concat(self, node: dict) -> np.ndarray:
        return np.concatenate([self.tensors[t] for t in node["inputs"]], axis=node["axis"]).astype(
            np.int64
        )

    def move(self, node: dict) -> np.ndarray:
        """Byte i of the result is byte offset + sum of index * step of the input,
        the indices those of `axes`."""
        at = np.array([node["offset"]], np.int64)
        for size, step in node["axes"]:
            at = (at[:, None] + np.arange(size, dtype=np.int64)[None, :] * step).reshape(-1)
        return self.tensors[node["input"]].reshape(-1)[at].astype(np.int64)

    def reshape(self, node: dict) -> np.ndarray:
        return self.tensors[node["input"]].astype(np.int64)


def one_over_one_plus(f: int) -> int:
    """1 / (1 + f) with 31 fraction bits, 0 <= f < 1 with 31 fraction bits:
    docs/arithmetic.md, section 6."""
    d = (f + 2**31) // 2
    x = 1515870810 + half_up(d * -1010580540, 31)
    for _ in range(3):
        e = 2**29 - half_up(d * x, 31)
        x += 4 * half_up(x * e, 31)
    return min(2 * x, 2**31 - 1)
