"""What the whole-network tests share: the command line, the shared networks, arrays in files."""

import json
import os
import pathlib
import subprocess

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ZAHL = pathlib.Path(os.environ.get("ZAHL", ROOT / "build/release/bin/zahl"))
SHARED = pathlib.Path(os.environ.get("ZAHL_MODELS", ROOT.parent / "shared/models"))


def zahl(*arguments: object, expect: int = 0) -> subprocess.CompletedProcess:
    """Runs the command line and checks its exit code."""
    run = subprocess.run(
        [str(ZAHL), *map(str, arguments)], capture_output=True, text=True, timeout=600
    )
    assert run.returncode == expect, (
        f"zahl {' '.join(map(str, arguments))}: exit {run.returncode}\n{run.stdout}{run.stderr}"
    )
    return run


def shared(name: str) -> pathlib.Path:
    """A file of the shared networks; the test that needs it skips where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is absent: this test needs the shared networks")
    return path


class Runner:
    """Runs one network on many inputs, compiled once."""

    def __init__(self, model: pathlib.Path, folder: pathlib.Path, *machine: str):
        self.folder = folder
        self.program = folder / f"{model.stem}.zprog"
        zahl("compile", model, "-o", self.program, *machine)

    def run(self, values: np.ndarray, engine: str = "model", *arguments: str) -> np.ndarray:
        source, target = self.folder / "in.npy", self.folder / "out.npy"
        np.save(source, values)
        zahl(
            "run",
            self.program,
            "--input",
            source,
            "--output",
            target,
            "--engine",
            engine,
            "--json",
            self.folder / "report.json",
            *arguments,
        )
        return np.load(target)

    def report(self) -> dict:
        return json.loads((self.folder / "report.json").read_text())
