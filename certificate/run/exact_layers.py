"""The layers of ONNX on exact numbers: products, windows, reductions."""

from fractions import Fraction
from math import lcm, prod

import numpy as np
from exact import Exact, Unjudged, bound, on_one_scale, wide

TAPS = 2**17  # numbers of a chunk of taps, which a cache holds


def window(node, sizes, kernel):
    """Strides, dilations, padding before and after, and output sizes of a convolution or pool;
    negative padding crops."""
    rank = len(kernel)
    strides = node.integers("strides", [1] * rank)
    dilations = node.integers("dilations", [1] * rank)
    pads = node.integers("pads", [0] * (2 * rank))
    before, after = list(pads[:rank]), list(pads[rank:])
    automatic, counts = node.text("auto_pad", "NOTSET"), []
    for i, size in enumerate(sizes):
        reach = (kernel[i] - 1) * dilations[i] + 1
        if automatic.startswith("SAME"):
            counts.append(-(-size // strides[i]))
            need = (counts[i] - 1) * strides[i] + reach - size
            # Where it is negative, ONNX Runtime crops the map: measured, since ONNX leaves it open.
            less = int((need + (need < 0) + (automatic == "SAME_LOWER")) / 2)
            before[i], after[i] = less, need - less
        else:
            if automatic == "VALID":
                before[i] = after[i] = 0
            room = size + before[i] + after[i] - reach
            count = room // strides[i] + 1
            if node.integer("ceil_mode", 0):
                count = -(-room // strides[i]) + 1
                # A window that would begin in the padding behind is left out.
                count -= (count - 1) * strides[i] >= size + before[i]
            counts.append(count)
    return strides, dilations, before, after, counts


def padded(n, before, after, fill, reach=None):
    """The last axes with `fill` around; up to `reach` elements each."""
    cut = [slice(None)] * (n.ndim - len(before)) + [
        slice(max(0, -b), size - max(0, -a))
        for b, a, size in zip(before, after, n.shape[n.ndim - len(before) :])
    ]
    widths = [(0, 0)] * (n.ndim - len(before)) + [
        (max(0, b), max(0, a)) for b, a in zip(before, after)
    ]
    n = np.pad(n[tuple(cut)], widths, constant_values=fill)
    if reach:
        more = [(0, 0)] * (n.ndim - len(reach)) + [
            (0, max(0, r - size)) for r, size in zip(reach, n.shape[n.ndim - len(reach) :])
        ]
        n = np.pad(n, more, constant_values=fill)
    return n


def taps(n, kernel, strides, dilations, counts):
    """Each tap of the windows: its index in the kernel and a view of n."""
    rank = len(kernel)
    for tap in np.ndindex(*kernel):
        at = [slice(None)] * (n.ndim - rank)
        for k, s, d, count in zip(tap, strides, dilations, counts):
            at.append(slice(k * d, k * d + (count - 1) * s + 1, s))
        yield tap, n[tuple(at)]


def products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b for the largest sums that fit, else in Python's integers."""
    largest = bound(a) * int(np.abs(b).sum(axis=-2).max(initial=0))
    return np.matmul(wide(a, largest), wide(b, largest))


def with_offset(x: Exact, bias: Exact | None, axis: int) -> Exact:
    """A bias one a channel becomes the offset: no sum of two scales is needed."""
    if bias is None:
        return x
    terms = bias.fractions()
    if bias.plain().error:
        raise Unjudged("a bias that is not rational")
    return Exact(x.n, x.scale, tuple(terms), axis, error=x.error)


def split_weights(w: Exact, axis: int) -> tuple[np.ndarray, tuple]:
    if w.error:
        raise Unjudged("weights that are not rational")
    if len(w.scale) > 1 and w.axis == axis and w.offset == (0,) and w.clamp == (None, None):
        return w.n, w.scale
    w = w.plain()
    return w.n, w.scale


def conv(node, x: Exact, w: Exact, bias: Exact | None) -> Exact:
    x = x.plain()
    weights, scales = split_weights(w, 0)
    groups, kernel = node.integer("group", 1), weights.shape[2:]
    strides, dilations, before, after, counts = window(node, x.shape[2:], kernel)
    n = padded(x.n, before, after, 0)
    images, channels = n.shape[0], weights.shape[0]
    largest = bound(n) * int(np.abs(weights).reshape(channels, -1).sum(axis=1).max())
    n, weights = wide(n, largest), wide(weights, largest)
    result = np.zeros((images, channels, *counts), n.dtype)
    inside, outside = weights.shape[1], channels // groups
    if inside == 1:
        for tap, part in taps(n, kernel, strides, dilations, counts):
            factor = weights[(slice(None), 0, *tap)].reshape(-1, *[1] * len(kernel))
            result += (part if outside == 1 else np.repeat(part, outside, axis=1)) * factor
    else:
        # Some rows of the result at once, so that the taps of large maps fit in memory.
        rows = max(1, TAPS // (n.shape[1] * prod(kernel) * prod(counts[1:])))
        for first in range(0, counts[0], rows):
            count = min(rows, counts[0] - first)
            part = n[:, :, first * strides[0] :]
            columns = np.stack(
                [p for _, p in taps(part, kernel, strides, dilations, [count, *counts[1:]])], axis=2
            )
            for g in range(groups):
                ours = columns[:, g * inside : (g + 1) * inside].reshape(
                    images, inside * prod(kernel), -1
                )
                filters = weights[g * outside : (g + 1) * outside].reshape(outside, -1)
                sums = np.matmul(filters, ours)
                result[:, g * outside : (g + 1) * outside, first : first + count] = sums.reshape(
                    images, outside, count, *counts[1:]
                )
    error = x.error * int(np.abs(weights).reshape(channels, -1).sum(axis=1).max())
    scale = tuple(x.scale[0] * s for s in scales)
    return with_offset(Exact(result, scale, axis=1, error=error), bias, 1)


def conv_transpose(node, x: Exact, w: Exact, bias: Exact | None) -> Exact:
    x, w = x.plain(), w.plain()
    groups, kernel = node.integer("group", 1), w.shape[2:]
    rank, sizes = len(kernel), x.shape[2:]
    strides = node.integers("strides", [1] * rank)
    dilations = node.integers("dilations", [1] * rank)
    extra = node.integers("output_padding", [0] * rank)
    pads = node.integers("pads", [0] * (2 * rank))
    before, after = list(pads[:rank]), list(pads[rank:])
    automatic, wanted = node.text("auto_pad", "NOTSET"), node.integers("output_shape", None)
    full = [
        (sizes[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 + extra[i]
        for i in range(rank)
    ]
    if wanted or automatic.startswith("SAME"):
        wanted = list(wanted)[-rank:] if wanted else [s * t for s, t in zip(sizes, strides)]
        for i in range(rank):
            total = max(0, full[i] - wanted[i])
            before[i] = total // 2 if automatic != "SAME_LOWER" else total - total // 2
            if wanted and automatic == "NOTSET":
                before[i] = total // 2
            after[i] = full[i] - wanted[i] - before[i]
    inside, outside = w.shape[0] // groups, w.shape[1]
    largest = bound(x.n) * int(np.abs(w.n).sum())
    n, weights = wide(x.n, largest), wide(w.n, largest)
    result = np.zeros((x.shape[0], groups * outside, *full), n.dtype)
    flat = n.reshape(x.shape[0], groups, inside, -1)
    for tap in np.ndindex(*kernel):
        at = [
            slice(k * d, k * d + (size - 1) * s + 1, s)
            for k, d, s, size in zip(tap, dilations, strides, sizes)
        ]
        for g in range(groups):
            filters = weights[(slice(g * inside, (g + 1) * inside), slice(None), *tap)].T
            part = np.matmul(filters, flat[:, g]).reshape(x.shape[0], outside, *sizes)
            result[(slice(None), slice(g * outside, (g + 1) * outside), *at)] += part
    result = padded(result, [-b for b in before], [-a for a in after], 0)
    error = x.error * int(np.abs(w.n).sum())
    return with_offset(Exact(result, x.scale[0] * w.scale[0], axis=1, error=error), bias, 1)


def matmul(a: Exact, b: Exact) -> Exact:
    a = a.plain()
    last = b.n.ndim - 1
    factors, scales = split_weights(b, last)
    left, right = a.n, factors
    sums = products(
        left[None] if left.ndim == 1 else left, right[:, None] if right.ndim == 1 else right
    )
    if right.ndim == 1:
        sums = sums[..., 0]
    if left.ndim == 1:
        sums = sums[0] if right.ndim == 1 else sums[..., 0, :]
    error = a.error * int(np.abs(factors).sum(axis=-2).max()) if a.error else 0
    return Exact(sums, tuple(a.scale[0] * s for s in scales), axis=sums.ndim - 1, error=error)


def gemm(node, a: Exact, b: Exact, c: Exact | None) -> Exact:
    if node.integer("transA", 0):
        a = a.moved(lambda n: n.T)
    if node.integer("transB", 0):
        b = Exact(b.n.T, b.scale, b.offset, 1 - b.axis, b.clamp, b.error)
    y = matmul(a, b)
    alpha, beta = node.real("alpha", 1.0), node.real("beta", 1.0)
    y = Exact(y.n, tuple(s * alpha for s in y.scale), axis=1, error=y.error)
    if c is None or beta == 0:
        return y
    c = c if beta == 1 else c.times(beta)
    if c.n.ndim and c.n.size == c.shape[-1] == y.shape[1]:
        return with_offset(y, c, 1)
    return y + c


def max_pool(node, x: Exact) -> Exact:
    x = x.plain()
    kernel = node.integers("kernel_shape")
    strides, dilations, before, after, counts = window(node, x.shape[2:], kernel)
    lowest = int(x.n.min()) - 1
    reach = [
        (c - 1) * s + (k - 1) * d + 1 for c, s, k, d in zip(counts, strides, kernel, dilations)
    ]
    n = padded(x.n, before, after, lowest, reach)
    result = None
    for _, part in taps(n, kernel, strides, dilations, counts):
        result = part if result is None else np.maximum(result, part)
    if result.size and result.min() == lowest:
        raise Unjudged("a window that holds padding alone")
    return Exact(result, x.scale, error=x.error)


def average_pool(node, x: Exact) -> Exact:
    x = x.plain()
    kernel, rank = node.integers("kernel_shape"), len(x.shape) - 2
    strides, dilations, before, after, counts = window(node, x.shape[2:], kernel)
    reach = [
        (c - 1) * s + (k - 1) * d + 1 for c, s, k, d in zip(counts, strides, kernel, dilations)
    ]
    ones = np.ones(x.shape[2:], np.int64)
    if node.integer("count_include_pad", 0):
        ones = padded(ones, before, after, 1, reach)
    else:
        ones = padded(ones, before, after, 0, reach)
    n = padded(x.n, before, after, 0, reach)
    total = sum(part for _, part in taps(n, kernel, strides, dilations, counts))
    elements = sum(part for _, part in taps(ones, kernel, strides, dilations, counts))
    if node.integer("count_include_pad", 0) and node.integer("ceil_mode", 0):
        # What lies beyond the padding is not counted.
        ones = padded(
            padded(np.ones(x.shape[2:], np.int64), before, after, 1),
            [0] * rank,
            [0] * rank,
            0,
            reach,
        )
        elements = sum(part for _, part in taps(ones, kernel, strides, dilations, counts))
    return divided(Exact(total, x.scale, error=x.error * prod(kernel)), elements)


def divided(x: Exact, counts: np.ndarray) -> Exact:
    if (counts == 0).any():
        raise Unjudged("a window that holds padding alone")
    base = lcm(*(int(c) for c in np.unique(counts)))
    factor = base // counts
    largest = bound(x.n) * int(factor.max(initial=1))
    return Exact(
        wide(x.n, largest) * factor, x.scale[0] / base, error=x.error * int(factor.max(initial=1))
    )


def reduced(x: Exact, axes, keep: bool, kind: str) -> Exact:
    x = x.plain()
    axes = tuple(axes) if axes is not None else tuple(range(x.n.ndim))
    if kind in ("Max", "Min"):
        which = np.max if kind == "Max" else np.min
        return Exact(which(x.n, axis=axes, keepdims=keep), x.scale, error=x.error)
    count = prod(x.shape[a] for a in axes)
    n = wide(x.n, bound(x.n) * count)
    if kind == "Mean":
        return Exact(n.sum(axis=axes, keepdims=keep), x.scale[0] / count, error=x.error * count)
    if kind == "Sum":
        return Exact(n.sum(axis=axes, keepdims=keep), x.scale, error=x.error * count)
    raise Unjudged(f"the reduction {kind}")


def extremes(values: list[Exact], which) -> Exact:
    values = on_one_scale(*values)
    n = values[0].n
    for v in values[1:]:
        n = which(n, v.n)
    return Exact(n, values[0].scale, error=max(v.error for v in values))


def linear_where(x: Exact, factor: Exact) -> Exact:
    """x where it is not negative, x * factor elsewhere: LeakyRelu, PRelu."""
    x = x.plain()
    if x.error:
        raise Unjudged("a sign of a number that is not rational")
    a, b = on_one_scale(x, x * factor)
    n = np.broadcast_to(a.n, b.shape)
    return Exact(np.where(n >= 0, n, b.n), a.scale)


def whole(x: Exact, kind: str) -> Exact:
    """Floor, Ceil, Round (ties to even)."""
    x = x.plain()
    if x.error:
        raise Unjudged("a whole part of a number that is not rational")
    scale = x.scale[0]
    values, place = np.unique(x.n.reshape(-1), return_inverse=True)
    rule = {"Floor": lambda v: v.__floor__(), "Ceil": lambda v: v.__ceil__(), "Round": round}[kind]
    table = np.array([rule(int(v) * scale) for v in values], object)
    return Exact(table[place.reshape(-1)].reshape(x.shape), Fraction(1))
