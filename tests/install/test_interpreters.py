"""Scripts and `zahl prove` work whatever python3 comes first on PATH: broken, too old, bare."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ZAHL = pathlib.Path(os.environ.get("ZAHL", ROOT / "build/release/bin/zahl"))
FAULTS = {
    "broken": ("exit 127", "", "it does not start"),
    "too old": ("", "sys.version_info = (3, 9, 2)", "it is Python 3.9"),
    "without numpy": ("", "sys.modules['numpy'] = None", "no numpy"),
}


def fake(folder: pathlib.Path, fault: str, name: str = "python3") -> pathlib.Path:
    """A Python with a fault: this one, after a start that hides what it has."""
    instead, hidden, _ = FAULTS[fault]
    site = folder / "site"
    site.mkdir(parents=True)
    (site / "sitecustomize.py").write_text(f"import sys\n{hidden}\n")
    python = folder / name
    real = pathlib.Path(sys.executable)
    python.write_text(f'#!/bin/sh\n{instead}\nPYTHONPATH={site} exec {real} "$@"\n')
    python.chmod(0o755)
    return python


def find_python(*modules: str, script=ROOT / "scripts/find_python", **env: str):
    kept = {key: value for key, value in os.environ.items() if key != "ZAHL_PYTHON"}
    return subprocess.run(
        [script, *modules], capture_output=True, text=True, env={**kept, **env}, timeout=60
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_the_first_on_path_need_not_work(tmp_path, fault):
    python = fake(tmp_path / "first", fault)
    path = f"{python.parent}:{os.environ['PATH']}"
    found = find_python("numpy", PATH=path)
    assert found.returncode == 0 and found.stdout.strip() != str(python)
    if fault == "without numpy":
        assert find_python(PATH=path, ZAHL_PYTHON=str(python)).stdout.strip() == str(python)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_environment_that_does_not_work_is_passed_over(tmp_path, fault):
    """build/venv stands before /usr/bin/python3."""
    script = tmp_path / "scripts/find_python"
    script.parent.mkdir()
    shutil.copy(ROOT / "scripts/find_python", script)
    python = fake(tmp_path / "build/venv/bin", fault, "python")
    good = tmp_path / "bin"
    good.mkdir()
    (good / "python3").symlink_to(sys.executable)
    found = find_python("numpy", script=script, PATH=f"{good}:{os.environ['PATH']}")
    assert found.returncode == 0 and found.stdout.strip() not in ("", str(python))


@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_tried_is_said(tmp_path, fault):
    python = fake(tmp_path, fault)
    found = find_python("numpy", ZAHL_PYTHON=str(python))
    assert found.returncode == 1 and found.stdout == ""
    assert f"{python} ({FAULTS[fault][2]})" in found.stderr
    assert "install python3-numpy" in found.stderr and "ZAHL_PYTHON" in found.stderr


def prove(folder: pathlib.Path, **env: str) -> tuple[int, str]:
    kept = {key: value for key, value in os.environ.items() if key != "ZAHL_PYTHON"}
    out = folder / "certificate.json"
    run = subprocess.run(
        [ZAHL, "prove", ROOT / "models/digits/digits_qdq.onnx", "--level", "5", "--json", out],
        capture_output=True,
        text=True,
        env={**kept, **env},
        timeout=600,
    )
    return run.returncode, json.dumps(json.loads(out.read_text()))


@pytest.mark.parametrize("fault", FAULTS)
def test_prove_passes_over_what_does_not_work(tmp_path, fault):
    python = fake(tmp_path / "first", fault)
    code, text = prove(tmp_path, PATH=f"{python.parent}:{os.environ['PATH']}")
    assert code == 0, text


@pytest.mark.parametrize("fault", FAULTS)
def test_prove_says_what_it_tried(tmp_path, fault):
    python = fake(tmp_path, fault)
    code, text = prove(tmp_path, ZAHL_PYTHON=str(python))
    assert code == 1 and f"{python} ({FAULTS[fault][2]})" in text
    assert "install python3-numpy" in text


def test_no_script_asks_path_for_its_python():
    """scripts/find_python and the certificate's interpreter.cpp are the places that look."""
    listed = subprocess.run(
        ["git", "grep", "-lE", r"env python3|^\s*python3 |\"python3\"", "--", "scripts", "cli",
         "certificate", "cmake", "isa", ":!scripts/find_python"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert listed.stdout.split() in ([], ["certificate/levels/interpreter.cpp"])
