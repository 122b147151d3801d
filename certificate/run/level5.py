"""Level 5 of the certificate: a run's outputs are those of integer arithmetic, and the file's own.

`zahl prove` writes the network's integers, the inputs and what each engine left in memory to
RUN.npz; this script evaluates the network itself (certificate/run/integer_graph.py) and compares
every output byte. With the model, it then evaluates the file node by node
(certificate/run/file_judge.py): the compiled graph is what is judged there, not the judge.

    $(scripts/find_python numpy) certificate/run/level5.py RUN.npz --model MODEL --json FILE
"""

import argparse
import hashlib
import json
import pathlib
import platform
import sys
import time

try:
    import numpy as np
    from file_judge import judge_file
    from integer_graph import Evaluator
except ImportError:
    sys.exit(
        "level5.py: numpy is not installed: apt-get install python3-numpy, "
        "or scripts/setup --python"
    )


def check(engine: str, got: np.ndarray, expected: np.ndarray, name: str) -> dict:
    """One output of one engine against the evaluation; names the first byte that differs."""
    got = got.reshape(expected.shape)
    wrong = np.argwhere(got != expected)
    detail = f"{expected.size} bytes"
    if len(wrong):
        n, y, x, c = (int(i) for i in wrong[0])
        place = (
            f"first at row {y}, column {x}, channel {c}: {engine} has {got[n, y, x, c]}, "
            f"the integers give {expected[n, y, x, c]}"
        )
        detail = f"{len(wrong)} of {expected.size} bytes differ, {place}"
    evidence = {
        "bytes": int(expected.size),
        "different": len(wrong),
        "sha256": hashlib.sha256(expected.tobytes()).hexdigest(),
    }
    return {
        "name": f"output '{name}' of the {engine} is what integer arithmetic gives",
        "holds": len(wrong) == 0,
        "detail": detail,
        "evidence": evidence,
    }


def level(path: pathlib.Path, model: pathlib.Path | None) -> dict:
    start, arrays = time.monotonic(), dict(np.load(path))
    evaluator = Evaluator(arrays)
    checks = []
    try:
        expected = evaluator.run(
            [arrays[f"input.{i}"] for i in range(len(evaluator.graph["inputs"]))]
        )
        for key in sorted(k for k in arrays if k.startswith("output.")):
            _, engine, index = key.split(".")
            name = evaluator.graph["tensors"][evaluator.graph["outputs"][int(index)]]["name"]
            checks.append(check(engine, arrays[key], expected[int(index)], name))
        if model:
            tensors = [(t, evaluator.tensors[i]) for i, t in enumerate(evaluator.graph["tensors"])]
            checks += judge_file(model, arrays, tensors)
    except OverflowError as error:
        checks.append(
            {
                "name": "no value leaves its width",
                "holds": False,
                "detail": str(error),
                "evidence": {},
            }
        )
    return {
        "level": 5,
        "title": "Run",
        "holds": bool(checks) and all(c["holds"] for c in checks),
        "checks": checks,
        "tools": {"python": platform.python_version(), "numpy": np.__version__},
        "hashes": {
            p.name: hashlib.sha256(p.read_bytes()).hexdigest()
            for p in [
                *sorted(pathlib.Path(__file__).parent.glob("*.py")),
                *([model] if model else []),
            ]
        },
        "seconds": time.monotonic() - start,
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path, help="the file that the run must agree with")
    parser.add_argument("--json", type=pathlib.Path, required=True)
    options = parser.parse_args()
    result = level(options.run, options.model)
    options.json.write_text(json.dumps(result, indent=1))
    return 0 if result["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
