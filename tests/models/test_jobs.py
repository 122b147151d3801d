"""Several models in one command: independent runs, side by side, reported in the order given."""

import json

import numpy as np
import pytest
from conftest import ROOT, shared, zahl

DIGITS = ROOT / "models/digits/digits_qdq.onnx"


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_reports_come_in_the_order_given(jobs: int, tmp_path):
    slow = shared("vww_96_int8.tflite")
    models = [slow, DIGITS, slow, DIGITS]
    run = zahl("run", *models, "--jobs", jobs, "--seed", 1, "--json", tmp_path / "all.json")
    reports = json.loads((tmp_path / "all.json").read_text())
    singles = []
    for model in models:
        single = zahl("run", model, "--seed", 1, "--json", tmp_path / "one.json")
        singles.append((single.stdout, json.loads((tmp_path / "one.json").read_text())))
    assert reports == [report for _, report in singles]
    assert run.stdout == "".join(text for text, _ in singles)


def test_list_goes_to_standard_output(tmp_path):
    reports = json.loads(zahl("run", DIGITS, DIGITS, "--cycles-only", "--json", "-").stdout)
    assert [r["cycles"] for r in reports] == [reports[0]["cycles"]] * 2


def test_cosim_of_several(tmp_path):
    zahl("cosim", DIGITS, DIGITS, "--jobs", 2, "--config", "tiny8", "--json", tmp_path / "all.json")
    assert [r["cycle_differences"] for r in json.loads((tmp_path / "all.json").read_text())] == [
        0,
        0,
    ]


def test_one_bad_file_does_not_stop_the_others(tmp_path):
    run = zahl(
        "run", "no_such.onnx", DIGITS, "--seed", 1, "--json", tmp_path / "all.json", expect=2
    )
    assert "no_such.onnx" in run.stderr.splitlines()[0]
    bad, good = json.loads((tmp_path / "all.json").read_text())
    assert bad is None and good["cycles"] > 0


@pytest.mark.parametrize("option", ["--output", "--waveform"])
def test_options_for_one_model_are_refused(option: str, tmp_path):
    said = zahl("run", DIGITS, DIGITS, option, tmp_path / "x.npy", expect=2).stderr
    assert said.startswith(f"zahl: {option} holds") and len(said.splitlines()) == 1


def test_jobs_must_be_positive():
    zahl("run", DIGITS, DIGITS, "--jobs", 0, expect=2)


@pytest.mark.parametrize("engine", ["model", "rtl"])
def test_repeated_runs_give_the_same_and_are_timed(engine: str, tmp_path):
    zahl(
        "run",
        DIGITS,
        "--engine",
        engine,
        "--seed",
        1,
        "--output",
        tmp_path / "once.npy",
        "--json",
        tmp_path / "once.json",
    )
    zahl(
        "run",
        DIGITS,
        "--engine",
        engine,
        "--seed",
        1,
        "--repeat",
        3,
        "--output",
        tmp_path / "thrice.npy",
        "--json",
        tmp_path / "thrice.json",
    )
    once, thrice = (json.loads((tmp_path / f"{n}.json").read_text()) for n in ("once", "thrice"))
    host = thrice.pop("host")
    assert once == thrice
    assert np.array_equal(np.load(tmp_path / "once.npy"), np.load(tmp_path / "thrice.npy"))
    assert (
        len(host["run_seconds"]) == 3
        and min(host["run_seconds"]) > 0
        and host["start_up_seconds"] > 0
        and host["peak_bytes"] > 1e6
    )
