"""The scalar C++ kernels against docs/arithmetic.md:
proofs on LLVM's form of them, and runs over numbers for the rest."""

import pathlib
import shutil
import subprocess
import sys

import spec
from bitwuzla import Kind
from cache import content
from lemma import Context, Lemma, Question
from lemmas_post import inputs
from llvm_terms import Function
from report import ProveError
from spec import Integer
from terms import as_bit, conjunction, const, extend, op

HERE = pathlib.Path(__file__).resolve().parent
DATAPATH = "sim/post (scalar)"  # stands where RTL lemmas name modules
COMPILER = next(
    (
        name
        for name in ("clang++", *(f"clang++-{v}" for v in range(20, 13, -1)))
        if shutil.which(name)
    ),
    "clang++",
)
KERNELS = [
    "base/kernel_set.cpp",
    "post/eltwise_lane.cpp",
    "post/eltwise_lane_avx512.cpp",
    "post/requantizer.cpp",
    "post/requantizer_avx512.cpp",
]
BYTES = ("zero_point", "low", "high")
ENDING = {"shift": 6, "zero_point": 8, "low": 8, "high": 8}


def question(
    context: Context, name: str, rounding: str, x: dict, arguments: list, product: Integer
) -> Question:
    """Is the function defined, and its result
    clamp(zero_point + round(product * 2^-shift), low, high)?"""
    function = Function((context.folder / "datapath.ll").read_text(), name, context.products)
    ending = [const(context.isa["ENUMS"]["rounding"][rounding], 8), *(x[key] for key in BYTES)]
    result, is_defined = function(*arguments, *ending)
    expected = spec.requantize(
        rounding, product, Integer.natural(x["shift"]), *(Integer(x[key]) for key in BYTES)
    )
    signed = {"accumulator", "bias", "a", "b", "a_zero", "b_zero", *BYTES}
    watch = {key: (term, key in signed) for key, term in x.items()}
    watch |= {
        "result": (result, True),
        "specification": (expected.term, True),
        "is defined": (as_bit(is_defined), False),
    }
    is_ordered = op(Kind.BV_SLE, x["low"], x["high"])  # a rule of the instruction set
    return Question(
        conjunction([Integer(result).equals(expected), is_defined]), watch, [is_ordered]
    )


def word(m0):
    return extend(m0, 32, False), True  # bit 31 of an m0 is 0


def byte(term):
    return extend(term, 8, False)


def drain(rounding: str):
    def build(context: Context) -> Question:
        x = inputs({"accumulator": 32, "bias": 32, "m0": 31, **ENDING})
        value = Integer(op(Kind.BV_ADD, x["accumulator"], x["bias"]))
        product = spec.multiply(
            context.products, value, Integer.natural(x["m0"]), b_is_natural=True
        )
        return question(
            context,
            "proved_drain",
            rounding,
            x,
            [x["accumulator"], x["bias"], word(x["m0"]), byte(x["shift"])],
            product,
        )

    return build


def eltwise(operation: str, rounding: str):
    def build(context: Context) -> Question:
        x = inputs(
            {
                "a": 8,
                "b": 8,
                "a_zero": 8,
                "b_zero": 8,
                "a_m0": 31,
                "b_m0": 31,
                "m0": 31,
                "a_shift": 5,
                "b_shift": 5,
                **ENDING,
            }
        )

        def times(v: Integer, m0: str) -> Integer:
            return spec.multiply(context.products, v, Integer.natural(x[m0]), b_is_natural=True)

        qa, qb = Integer(x["a"]) - Integer(x["a_zero"]), Integer(x["b"]) - Integer(x["b_zero"])
        if operation == "mul":
            product = times(spec.multiply(context.products, qa, qb), "m0")
        else:
            a, b = times(qa, "a_m0"), times(qb, "b_m0")
            if operation.endswith("tfl"):
                a, b = (
                    spec.eltwise_operand(p, Integer.natural(x[shift]))
                    for p, shift in ((a, "a_shift"), (b, "b_shift"))
                )
            product = a - b if operation.startswith("sub") else a + b
            if operation.endswith("tfl"):
                product = times(product.wrapped(32), "m0")
        arguments = [
            x["a"],
            x["b"],
            x["a_zero"],
            x["b_zero"],
            word(x["a_m0"]),
            word(x["b_m0"]),
            word(x["m0"]),
        ]
        arguments += [byte(x[key]) for key in ("a_shift", "b_shift", "shift")]
        return question(context, f"proved_eltwise_{operation}", rounding, x, arguments, product)

    return build


def compile_to_llvm(source: pathlib.Path, folder: pathlib.Path) -> str:
    """Writes folder/datapath.ll; returns its hash.
    Generates the header of the instruction set next to it."""
    if shutil.which(COMPILER) is None:
        raise ProveError(
            f"{COMPILER} is missing; install clang (scripts/packages.txt), or leave the C++ out "
            "with --without-cpp"
        )
    subprocess.run(
        [sys.executable, "-B", str(source / "isa/generate.py"), "cpp", str(folder / "generated")],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    options = [
        "-std=c++20",
        "-O2",
        "-fno-vectorize",
        "-fno-slp-vectorize",
        "-fno-exceptions",
        "-S",
        "-emit-llvm",
        "-g0",
    ]
    command = [
        COMPILER,
        *options,
        *include_options(source, folder),
        str(HERE / "datapath_proof.cpp"),
        "-o",
        str(folder / "datapath.ll"),
    ]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise ProveError(
            f"{COMPILER} does not compile the kernels of sim/post: {run.stderr.splitlines()[0]}"
        )
    lines = (folder / "datapath.ll").read_text().splitlines()
    (folder / "datapath.ll").write_text(
        "\n".join(line for line in lines if not line.startswith(("source_filename", "; ModuleID")))
    )
    return content([folder / "datapath.ll"])


def include_options(source: pathlib.Path, folder: pathlib.Path) -> list[str]:
    return [f"-I{source}", f"-I{folder}"]


def compiler_version() -> str:
    return (
        subprocess.run([COMPILER, "--version"], capture_output=True, text=True).stdout.splitlines()[
            0
        ]
        if shutil.which(COMPILER)
        else "missing"
    )


# What numbers decide: (name, arguments, what it says).
NUMBERS = [
    (
        "C++ drain, vectors",
        ["drain", "600000000"],
        "directed and random, scalar and vector kernels against 128-bit integers",
    ),
    (
        "C++ eltwise, vectors",
        ["eltwise", "400000000"],
        "all byte pairs for random parameters, scalar and vector kernels against 128-bit integers",
    ),
    (
        "softmax reciprocal, all arguments",
        ["reciprocal"],
        "one_over_one_plus_x of the C++; and that no Newton step leaves int32, which the RTL's "
        "lemma takes as given",
    ),
    (
        "average by multiplication",
        ["average"],
        "half_away(s * m0 * 2^-n) = half_away(s / k) for all k below 2^21 and all sums",
    ),
]


def build_numbers(source: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Compiles datapath_vectors.cpp with the kernels of the tree."""
    program = folder / "datapath_vectors"
    files = [
        str(HERE / "datapath_vectors.cpp"),
        *(str(source / "sim" / name) for name in KERNELS),
    ]
    run = subprocess.run(
        [
            "g++",
            "-std=c++20",
            "-O3",
            "-w",
            *include_options(source, folder),
            *files,
            "-o",
            str(program),
        ],
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        raise ProveError(
            f"g++ does not compile the kernels of sim/post: {run.stderr.splitlines()[0]}"
        )
    return program


def run_numbers(program: str, name: str, arguments: list[str], statement: str) -> dict:
    run = subprocess.run([program, *arguments], capture_output=True, text=True)
    detail = run.stdout.strip() or f"ended with {run.returncode}"
    evidence = {
        "statement": statement,
        "method": "numbers",
        "command": " ".join(["datapath_vectors", *arguments]),
    }
    return {"name": name, "holds": run.returncode == 0, "detail": detail, "evidence": evidence}


def number_sources(source: pathlib.Path) -> list[pathlib.Path]:
    return [
        HERE / "datapath_vectors.cpp",
        *sorted((source / "sim/post").glob("*")),
        *sorted((source / "sim/base").glob("kernel_set.*")),
    ]


_ALL = "for all inputs with low <= high; no undefined behaviour occurs"
LEMMAS = [
    Lemma(
        f"C++ drain {rounding}",
        f"kernels::drain_scalar, {rounding}: "
        "clamp(zero_point + round(wrap32(accumulator + bias) * m0 * 2^-shift), low, high) "
        f"{_ALL}",
        [DATAPATH],
        drain(rounding),
    )
    for rounding in spec.ROUND
]
for _operation in ("mul", "add_exact", "sub_exact", "add_tfl", "sub_tfl"):
    for _rounding in spec.ROUND:
        if _operation.endswith("exact") and _rounding == "tfl_double":
            continue  # no such instruction
        LEMMAS.append(
            Lemma(
                f"C++ eltwise {_operation} {_rounding}",
                f"kernels::eltwise_scalar, {_operation}, {_rounding}: "
                f"docs/arithmetic.md, section 4, {_ALL}",
                [DATAPATH],
                eltwise(_operation, _rounding),
                is_odd=True,
            )
        )
