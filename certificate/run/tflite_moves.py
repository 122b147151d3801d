"""The operators of TensorFlow Lite that only rearrange, and its resizes."""

import numpy as np
from exact import Unjudged
from tflite_layers import round_away


def reshape(op, tensors, x, *_):
    return x.reshape(tensors[-1].shape)


def transpose(op, tensors, x, order):
    return x.transpose([int(i) for i in order])


def pad(op, tensors, x, widths, value=None):
    fill = tensors[-1].zero if value is None else int(np.asarray(value).reshape(-1)[0])
    return np.pad(x, [tuple(map(int, w)) for w in np.asarray(widths)], constant_values=fill)


def mirror_pad(op, tensors, x, widths):
    mode = "reflect" if op.options["mode"] == 0 else "symmetric"
    return np.pad(x, [tuple(map(int, w)) for w in np.asarray(widths)], mode=mode)


def nearest(op, tensors, x, size):
    index = []
    for out, count in zip((int(s) for s in size), x.shape[1:3]):
        aligned = op.options["align_corners"] and out > 1
        scale = (
            np.float32(count - 1) / np.float32(out - 1)
            if aligned
            else np.float32(count) / np.float32(out)
        )
        at = (
            np.arange(out, dtype=np.float32)
            + np.float32(0.5 if op.options["half_pixel_centers"] else 0)
        ) * scale
        at = round_away(at) if op.options["align_corners"] else np.floor(at).astype(np.int64)
        index.append(np.clip(at, 0, count - 1))
    return x[:, index[0]][:, :, index[1]]


def bilinear(op, tensors, x, size):
    ends = []
    for out, count in zip((int(s) for s in size), x.shape[1:3]):
        if op.options["align_corners"] and out > 1:
            scale = (1024 * (count - 1) + (out - 1) // 2) // (out - 1)
        else:
            scale = (1024 * count + out // 2) // out
        at = np.arange(out, dtype=np.int64) * scale
        if op.options["half_pixel_centers"]:
            at = at + scale // 2 - 512
        toward_zero = lambda v: np.sign(v) * (np.abs(v) >> 10)  # noqa: E731
        low = np.maximum(toward_zero(at), 0)
        high = np.minimum(toward_zero(at + 1023), count - 1)
        ends.append((low, high, at - 1024 * low))
    (y0, y1, fy), (x0, x1, fx) = ends
    fy, fx = fy[:, None, None], fx[:, None]
    pick = lambda r, c: x[:, r][:, :, c]  # noqa: E731
    total = (
        pick(y0, x0) * (1024 - fy) * (1024 - fx)
        + pick(y1, x0) * fy * (1024 - fx)
        + pick(y0, x1) * (1024 - fy) * fx
        + pick(y1, x1) * fy * fx
    )
    magnitude = (np.abs(total) + (1 << 19)) >> 20
    return np.where(total > 0, magnitude, -magnitude)


def strided_slice(op, tensors, x, begin, end, steps):
    at, axis, shape = [], 0, []
    o = op.options
    begin, end, steps = ([int(v) for v in a] for a in (begin, end, steps))
    is_new = lambda i: o["new_axis_mask"] >> i & 1 and not o["ellipsis_mask"] >> i & 1  # noqa: E731
    given = sum(1 for i in range(len(begin)) if not is_new(i) and not o["ellipsis_mask"] >> i & 1)
    for i in range(len(begin)):
        if o["ellipsis_mask"] >> i & 1:
            for _ in range(x.ndim - given):
                at.append(slice(None))
                shape.append(True)
                axis += 1
            continue
        if is_new(i):
            at.append(None)
            continue
        if o["shrink_axis_mask"] >> i & 1:
            at.append(begin[i])
        else:
            first = None if o["begin_mask"] >> i & 1 else begin[i]
            last = None if o["end_mask"] >> i & 1 else end[i]
            size = x.shape[axis]
            if steps[i] < 0 and last is not None and last < -size:
                last = None
            at.append(slice(first, last, steps[i]))
        axis += 1
    return x[tuple(at)].reshape(tensors[-1].shape)


def slice_(op, tensors, x, begin, size):
    at = [
        slice(int(b), int(b) + (int(s) if s >= 0 else x.shape[i] - int(b)))
        for i, (b, s) in enumerate(zip(begin, size))
    ]
    return x[tuple(at)]


def split(op, tensors, *operands):
    outputs = tensors[len(op.inputs) :]
    if op.type == "SPLIT":
        axis, x = int(np.asarray(operands[0]).reshape(-1)[0]), operands[1]
    else:
        x, axis = operands[0], int(np.asarray(operands[2]).reshape(-1)[0])
    ends = np.cumsum([t.shape[axis] for t in outputs])[:-1]
    return np.split(x, ends, axis=axis)


def pack(op, tensors, *values):
    return np.stack(values, axis=op.options["axis"])


def unpack(op, tensors, x):
    axis = op.options["axis"]
    return [np.take(x, i, axis=axis) for i in range(x.shape[axis])]


def gather(op, tensors, x, index):
    if op.options["batch_dims"]:
        raise Unjudged("a gather of batches")
    return np.take(x, np.asarray(index, np.int64), axis=op.options["axis"])


def depth_to_space(op, tensors, x):
    n, h, w, c = x.shape
    b = op.options["block"]
    if op.type == "DEPTH_TO_SPACE":
        return (
            x.reshape(n, h, w, b, b, c // b**2)
            .transpose(0, 1, 3, 2, 4, 5)
            .reshape(n, h * b, w * b, -1)
        )
    return (
        x.reshape(n, h // b, b, w // b, b, c)
        .transpose(0, 1, 3, 2, 4, 5)
        .reshape(n, h // b, w // b, -1)
    )


def space_to_batch(op, tensors, x, block, widths):
    before = [(0, 0), *[tuple(map(int, w)) for w in np.asarray(widths)]]
    before += [(0, 0)] * (x.ndim - len(before))
    x = np.pad(x, before, constant_values=tensors[-1].zero)
    (a, b), (n, h, w, c) = map(int, block), x.shape
    x = x.reshape(n, h // a, a, w // b, b, c).transpose(2, 4, 0, 1, 3, 5)
    return x.reshape(n * a * b, h // a, w // b, c)


def batch_to_space(op, tensors, x, block, crops):
    (a, b), (n, h, w, c) = map(int, block), x.shape
    x = x.reshape(a, b, n // (a * b), h, w, c).transpose(2, 3, 0, 4, 1, 5)
    x = x.reshape(n // (a * b), h * a, w * b, c)
    (top, bottom), (left, right) = (tuple(map(int, r)) for r in np.asarray(crops))
    return x[:, top : h * a - bottom, left : w * b - right]


def tile(op, tensors, x, counts):
    return np.tile(x, [int(c) for c in counts])


def broadcast_to(op, tensors, x, shape):
    return np.broadcast_to(x, [int(d) for d in shape])


def reverse(op, tensors, x, axes):
    return np.flip(x, [int(a) for a in np.asarray(axes).reshape(-1)])


def shape_of(op, tensors, x):
    return np.array(x.shape, np.int64)


# Of shapes: int32 or int64 tensors without a scale.
INTEGERS = {
    "ADD": lambda op, tensors, a, b: a + b,
    "SUB": lambda op, tensors, a, b: a - b,
    "MUL": lambda op, tensors, a, b: a * b,
    "DIV": lambda op, tensors, a, b: np.trunc(a / b).astype(np.int64),
    "FLOOR_DIV": lambda op, tensors, a, b: a // b,
    "FLOOR_MOD": lambda op, tensors, a, b: a % b,
    "MAXIMUM": lambda op, tensors, a, b: np.maximum(a, b),
    "MINIMUM": lambda op, tensors, a, b: np.minimum(a, b),
    "CAST": lambda op, tensors, x: x,
    "REDUCE_PROD": lambda op, tensors, x, _: np.prod(x).reshape(tensors[-1].shape),
    "CONCATENATION": lambda op, tensors, *parts: np.concatenate(parts),
}

MOVES = {
    "RESHAPE": reshape,
    "SQUEEZE": reshape,
    "EXPAND_DIMS": reshape,
    "TRANSPOSE": transpose,
    "PAD": pad,
    "PADV2": pad,
    "MIRROR_PAD": mirror_pad,
    "RESIZE_NEAREST_NEIGHBOR": nearest,
    "RESIZE_BILINEAR": bilinear,
    "STRIDED_SLICE": strided_slice,
    "SLICE": slice_,
    "SPLIT": split,
    "SPLIT_V": split,
    "PACK": pack,
    "UNPACK": unpack,
    "GATHER": gather,
    "DEPTH_TO_SPACE": depth_to_space,
    "SPACE_TO_DEPTH": depth_to_space,
    "SPACE_TO_BATCH_ND": space_to_batch,
    "BATCH_TO_SPACE_ND": batch_to_space,
    "TILE": tile,
    "BROADCAST_TO": broadcast_to,
    "REVERSE_V2": reverse,
    "SHAPE": shape_of,
}
