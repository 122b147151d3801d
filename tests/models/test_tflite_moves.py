"""TFLite's operators that rearrange bytes, each in a file of its own and some in front of others,
judged by TensorFlow Lite Micro or, where it has no such kernel, LiteRT's reference kernels: every
byte."""

import ai_edge_litert.interpreter as litert
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from conftest import zahl
from tflite_builder import File
from tflite_micro import runtime

SCALE, ZERO = 0.05, -7


def micro(path, x: np.ndarray) -> list[np.ndarray]:
    made = runtime.Interpreter.from_file(str(path))
    made.set_input(x, 0)
    made.invoke()
    return [made.get_output(0)]


def reference(path, x: np.ndarray) -> list[np.ndarray]:
    made = litert.Interpreter(
        str(path), experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF
    )
    made.allocate_tensors()
    made.set_tensor(made.get_input_details()[0]["index"], x)
    made.invoke()
    return [made.get_tensor(d["index"]) for d in made.get_output_details()]


def judged(f: File, tmp_path, judge=reference, machine: tuple = ()) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(f.bytes())
    x = np.random.default_rng(3).integers(-128, 128, f.tensors[0].shape).astype(np.int8)
    np.save(tmp_path / "x.npy", x)
    many = len(f.outputs) > 1
    target = tmp_path / ("y.npz" if many else "y.npy")
    zahl("run", path, "--input", tmp_path / "x.npy", "--output", target, *machine)
    got = np.load(target)
    for name, want in zip([f.tensors[i].name for i in f.outputs], judge(path, x)):
        y = got[name] if many else got
        assert y.shape == want.shape
        assert np.array_equal(y, want), f"{name}: {np.count_nonzero(y != want)} of {y.size} differ"


def options(kind: str, **fields: object):
    made = getattr(schema, f"{kind}T")()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def strided(f: File, source: int, begin, end, step, dims, **masks) -> int:
    bounds = [f.integers(values) for values in (begin, end, step)]
    return f.operator(
        "STRIDED_SLICE", [source, *bounds], [dims], options("StridedSliceOptions", **masks)
    )


STRIDED = [
    ([0, 7, 8], [1, 0, -11], [1, -2, -3], [1, 4, 3], {}),
    ([0, -1], [1, -99], [1, -1], [1, 8, 9], {}),
    ([0, 2, 0], [0, 3, 0], [1, 1, 1], [2, 9], {"beginMask": 5, "endMask": 5, "shrinkAxisMask": 2}),
    ([1, 0, 0, -2], [2, 8, 0, 9], [1, 1, 1, 1], [8, 1, 2], {"shrinkAxisMask": 1, "newAxisMask": 4}),
    ([0, -3], [0, -1], [1, 1], [2, 8, 2], {"ellipsisMask": 1}),
    ([0, 0, 1], [0, 0, 9], [-1, -2, 4], [2, 4, 2], {"beginMask": 3, "endMask": 3}),
]


@pytest.mark.parametrize("case", range(len(STRIDED)))
def test_strided_slice(case, tmp_path):
    begin, end, step, dims, masks = STRIDED[case]
    f = File([2, 8, 9], SCALE, ZERO)
    f.outputs = [strided(f, 0, begin, end, step, dims, **masks)]
    judged(f, tmp_path)


PADS = [
    [[0, 0], [1, 2], [0, 3], [0, 0]],
    [[0, 0], [0, 0], [0, 0], [3, 13]],
    [[1, 0], [0, 1], [2, 0], [0, 1]],
]


@pytest.mark.parametrize("amounts", PADS)
@pytest.mark.parametrize("kind", ["PAD", "PADV2"])
def test_pad(amounts, kind, tmp_path):
    f = File([1, 5, 6, 4], SCALE, ZERO)
    dims = [d + sum(a) for d, a in zip([1, 5, 6, 4], amounts)]
    value = [f.constant([1], np.array([93], np.int8))] if kind == "PADV2" else []
    f.outputs = [f.operator(kind, [0, f.integers(amounts), *value], [dims])]
    judged(f, tmp_path, micro, ("--config", "tiny8"))


@pytest.mark.parametrize("mode", [0, 1])
def test_mirror_pad(mode, tmp_path):
    f = File([1, 5, 6, 4], SCALE, ZERO)
    amounts = f.integers([[0, 0], [4, 2], [1, 5], [3, 0]])
    mirrors = options("MirrorPadOptions", mode=mode)
    f.outputs = [f.operator("MIRROR_PAD", [0, amounts], [[1, 11, 12, 7]], mirrors)]
    judged(f, tmp_path, machine=("--config", "tiny8"))


def test_clamp_behind_pad_acts_on_the_padding(tmp_path):
    f = File([1, 5, 6, 4], SCALE, ZERO)
    amounts = f.integers([[0, 0], [1, 2], [3, 0], [0, 0]])
    value = f.constant([1], np.array([-100], np.int8))
    padded = f.operator("PADV2", [0, amounts, value], [[1, 8, 9, 4]])
    relu = f.operator("RELU", [padded], [[1, 8, 9, 4]])
    pool = options("Pool2DOptions", filterHeight=2, filterWidth=2, strideH=1, strideW=1, padding=1)
    f.outputs = [f.operator("MAX_POOL_2D", [relu], [[1, 7, 8, 4]], pool)]
    judged(f, tmp_path, micro)


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_pack_and_unpack(axis, tmp_path):
    dims = [3, 4, 5, 2]
    f = File(dims, SCALE, ZERO)
    rest = dims[:axis] + dims[axis + 1 :]
    unpack = options("UnpackOptions", num=dims[axis], axis=axis)
    parts = f.operator("UNPACK", [0], [rest] * dims[axis], unpack)
    parts = [parts] if isinstance(parts, int) else parts
    pack = options("PackOptions", valuesCount=len(parts), axis=axis)
    f.outputs = [f.operator("PACK", parts[::-1], [dims], pack)]
    judged(f, tmp_path)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("shape", [[4], [2, 2], []])
def test_gather(axis, shape, tmp_path):
    dims = [3, 4, 5]
    f = File(dims, SCALE, ZERO)
    chosen = np.random.default_rng(axis).integers(0, dims[axis], shape)
    gather = options("GatherOptions", axis=axis)
    wanted = dims[:axis] + shape + dims[axis + 1 :]
    f.outputs = [f.operator("GATHER", [0, f.integers(chosen)], [wanted], gather)]
    judged(f, tmp_path)


def test_tile_reverse_and_broadcast(tmp_path):
    f = File([2, 1, 4], SCALE, ZERO)
    tiled = f.operator("TILE", [0, f.integers([2, 1, 3])], [[4, 1, 12]])
    reverse = f.operator("REVERSE_V2", [tiled, f.integers([2])], [[4, 1, 12]])
    f.outputs = [f.operator("BROADCAST_TO", [reverse, f.integers([4, 5, 12])], [[4, 5, 12]])]
    judged(f, tmp_path)


@pytest.mark.parametrize("flags", [(False, False), (False, True), (True, False)])
@pytest.mark.parametrize("size", [(12, 10), (7, 9), (3, 2), (9, 13), (1, 1)])
def test_nearest_resize(flags, size, tmp_path):
    f = File([1, 6, 5, 3], SCALE, ZERO)
    corners, halves = flags
    o = options("ResizeNearestNeighborOptions", alignCorners=corners, halfPixelCenters=halves)
    f.outputs = [f.operator("RESIZE_NEAREST_NEIGHBOR", [0, f.integers(size)], [[1, *size, 3]], o)]
    judged(f, tmp_path, micro)
