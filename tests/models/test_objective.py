"""--objective and --optimise: the same answers, never a worse schedule; energies by the table."""

import json

import pytest
from conftest import ROOT, shared, zahl

DIGITS = ROOT / "models/digits/digits_qdq.onnx"
NETWORKS = ["digits", "mobilenet_v2_0.35_160", "trainedResnet_6blk_750k_int8"]
OBJECTIVES = ["cycles", "dram", "energy"]


def path_of(network: str):
    return DIGITS if network == "digits" else shared(f"{network}.tflite")


def figures(folder, *arguments: object) -> dict:
    zahl("run", *arguments, "--seed", 1, "--cycles-only", "--json", folder / "report.json")
    report = json.loads((folder / "report.json").read_text())
    dram = report["dram_read_bytes"] + report["dram_write_bytes"]
    return {
        "cycles": report["cycles"],
        "dram": dram,
        "energy": report["energy_pj"]["total"],
        "report": report,
    }


@pytest.mark.parametrize("network", NETWORKS)
def test_what_is_asked_for_never_gets_worse(network: str, tmp_path):
    rule = figures(tmp_path, path_of(network))
    for objective in OBJECTIVES:
        few = figures(tmp_path, path_of(network), "--objective", objective)
        many = figures(tmp_path, path_of(network), "--objective", objective, "--optimise", "max")
        assert many[objective] <= few[objective] <= rule[objective]


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("network", ["digits", "pretrainedResnet_quant", "kws_ref_model"])
def test_answers_stay_the_same_and_the_rtl_agrees(network: str, objective: str, tmp_path):
    answers = []
    for options in ([], ["--objective", objective, "--optimise", "max"]):
        output = tmp_path / f"{len(answers)}.npy"
        zahl(
            "cosim",
            path_of(network),
            *options,
            "--config",
            "tiny8",
            "--seed",
            3,
            "--output",
            output,
        )
        answers.append(output.read_bytes())
    assert answers[0] == answers[1]


def test_energy_counts_the_events_of_the_table(tmp_path):
    table = {"multiply_accumulate": 0, "scratchpad_byte": 0, "accumulator_byte": 0, "dram_byte": 0}

    def energy(**values: float) -> dict:
        (tmp_path / "e.toml").write_text(
            "".join(f"{k} = {v}\n" for k, v in (table | values).items())
        )
        found = figures(tmp_path, DIGITS, "--energy", tmp_path / "e.toml")
        assert found["energy"] == sum(
            v for k, v in found["report"]["energy_pj"].items() if k != "total"
        )
        return found

    macs = energy(multiply_accumulate=1)
    assert macs["energy"] == macs["report"]["busy_cycles"] * 256
    dram = energy(dram_byte=2)
    assert dram["energy"] == 2 * dram["dram"]
    # Each byte that is loaded or stored passes the scratchpad once; streaming and weights alone are
    # more than that.
    assert energy(scratchpad_byte=1)["energy"] > dram["dram"]
    assert energy(accumulator_byte=1)["energy"] > 0 and energy()["energy"] == 0


@pytest.mark.parametrize(
    "text, says",
    [
        ("multiply_accumulate = 1\n", "needs scratchpad_byte, picojoules from 0 to 1e9"),
        (
            "multiply_accumulate = -1\nscratchpad_byte = 1\naccumulator_byte = 1\ndram_byte = 1\n",
            "needs multiply_accumulate, picojoules",
        ),
        (
            "multiply_accumulate = 1\nscratchpad_byte = 1\naccumulator_byte = 1\n"
            "dram_byte = 1\nleakage = 1\n",
            "unknown key leakage",
        ),
        ("multiply_accumulate = \n", "line 1"),
    ],
)
def test_a_wrong_table_of_energies_is_named(text: str, says: str, tmp_path):
    (tmp_path / "e.toml").write_text(text)
    assert says in zahl("run", DIGITS, "--energy", tmp_path / "e.toml", expect=2).stderr
    assert (
        "no such file" in zahl("run", DIGITS, "--energy", tmp_path / "absent.toml", expect=2).stderr
    )


def test_a_program_is_not_optimised_again(tmp_path):
    zahl("compile", DIGITS, "-o", tmp_path / "a.zprog")
    for option in (["--objective", "dram"], ["--optimise", "max"]):
        assert (
            "it is compiled already" in zahl("run", tmp_path / "a.zprog", *option, expect=2).stderr
        )
