"""What `cmake --install` brings works wherever it is moved to, and the Debian package holds it."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("ZAHL", ROOT / "build/release/bin/zahl")).parents[1]
DIGITS = ROOT / "models/digits/digits_qdq.onnx"


def run(*command: object, expect: int = 0, **options) -> str:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=600, **options
    )
    assert done.returncode == expect, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """An installation that was moved after it was made."""
    folder = tmp_path_factory.mktemp("install")
    run("cmake", "--install", BUILD, "--prefix", folder / "first")
    shutil.move(folder / "first", folder / "moved")
    return folder / "moved"


def test_installed_program_proves_a_model(prefix, tmp_path):
    """Levels 1, 2, 4 and 5: from its own scripts, with nothing of the source or the build tree."""
    run(
        prefix / "bin/zahl", "prove", DIGITS, "--quick", "--json", tmp_path / "c.json", cwd=tmp_path
    )
    certificate = json.loads((tmp_path / "c.json").read_text())
    assert certificate["holds"] and certificate["left_out"] == [3]
    objects = next(level for level in certificate["levels"] if level["level"] == 4)
    assert any("libzahl_kernels.a/column_conv.cpp" in path for path in objects["hashes"])
    for tree in (ROOT / "certificate", BUILD / "sim"):
        assert str(tree) not in json.dumps(certificate)


def test_level_4_of_an_installation_judges_what_a_build_has(prefix, tmp_path):
    """The same functions and instructions, out of the libraries as out of the objects."""
    checks = {}
    for name, program in (("build", BUILD / "bin/zahl"), ("installed", prefix / "bin/zahl")):
        path = tmp_path / f"{name}.json"
        run(program, "prove", DIGITS, "--level", "4", "--json", path)
        checks[name] = [
            (check["name"], check["holds"], check["detail"])
            for check in json.loads(path.read_text())["levels"][0]["checks"]
        ]
    assert checks["build"] == checks["installed"]


def test_level_3_finds_its_sources_in_the_installation(prefix, tmp_path):
    python = os.environ.get("ZAHL_PYTHON") or ROOT / "build/venv/bin/python"
    script = prefix / "share/zahl/certificate/formal/level3.py"
    kept = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "kept")}
    command = (
        python,
        "-B",
        script,
        "--only",
        "requantizer, half_up",
        "--only",
        "C++ drain half_up",
    )
    told = run(*command, env=kept)
    assert "holds" in told and list((tmp_path / "kept/zahl/prove").glob("*.json"))
    assert not list((prefix / "share").rglob("__pycache__"))


def test_a_missing_script_is_said(prefix, tmp_path):
    bare = tmp_path / "bin/zahl"
    bare.parent.mkdir()
    shutil.copy(prefix / "bin/zahl", bare)
    told = run(bare, "prove", DIGITS, "--level", "4", expect=1)
    assert f"{tmp_path}/share/zahl/certificate/objects/level4.py does not exist" in " ".join(
        told.split()
    )


def test_another_project_builds_with_it(prefix, tmp_path):
    """It compiles the default model, runs it, and gives the cycles that the program gives."""
    run("cmake", "-S", HERE / "example", "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path)
    told = run(tmp_path / "example", DIGITS)
    run(prefix / "bin/zahl", "run", DIGITS, "--seed", "1", "--json", tmp_path / "report.json")
    cycles = json.loads((tmp_path / "report.json").read_text())["cycles"]
    assert told.splitlines()[0] == f"{cycles} cycles"


def test_no_file_of_the_installation_names_the_tree(prefix):
    """Scripts, headers and CMake files name no path of the machine that built them."""
    files = [p for p in prefix.rglob("*") if p.is_file() and p.suffix in {".cmake", ".h", ".py"}]
    assert len(files) > 100
    assert not [p for p in files if str(ROOT) in p.read_text() or str(BUILD) in p.read_text()]


def completed(prefix: pathlib.Path, *words: str) -> list[str]:
    script = prefix / "share/bash-completion/completions/zahl"
    line = " ".join(f"'{word}'" for word in ("zahl", *words))
    return run(
        "bash",
        "-c",
        f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _zahl; "
        'printf "%s\\n" "${COMPREPLY[@]}"',
    ).split()


def test_words_are_completed(prefix):
    assert completed(prefix, "pro") == ["prove"]
    assert completed(prefix, "run", "--engine", "r") == ["reference", "rtl"]
    assert completed(prefix, "prove", "--qu") == ["--quick"]
    script = next((prefix / "share/zsh").rglob("_zahl"))
    if shutil.which("zsh"):
        run("zsh", "-n", script)
    assert "'--engine[" in script.read_text()


def test_man_page_has_each_verb_and_its_options(prefix):
    page = (prefix / "share/man/man1/zahl.1").read_text()
    listed = run(prefix / "bin/zahl", "--help").split("Subcommands:")[1].split("Examples:")[0]
    verbs = [line.split()[0] for line in listed.splitlines() if line.startswith("  ")]
    assert len(verbs) >= 6
    for verb in verbs:
        assert f".SS zahl {verb}\n" in page
        assert f"zahl {verb}" in run(prefix / "bin/zahl", verb, "--help").split("Examples:")[1]
    assert "\\-\\-quick" in page


def test_debian_package_holds_it(tmp_path):
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb: this test needs Debian's tools")
    run("cpack", "-G", "DEB", "-B", tmp_path, "--config", BUILD / "CPackConfig.cmake", cwd=tmp_path)
    package = next(tmp_path.glob("zahl_*.deb"))
    listed = run("dpkg-deb", "--contents", package)
    for path in (
        "usr/bin/zahl",
        "usr/include/zahl/compiler/driver/compile.h",
        "usr/lib/cmake/zahl/zahlConfig.cmake",
        "usr/lib/zahl/sim/libzahl_kernels.a",
        "usr/share/zahl/certificate/run/level5.py",
        "usr/share/zahl/isa/presets/edge16.toml",
        "usr/share/zahl/rtl/top/zahl_top.sv",
        "usr/share/man/man1/zahl.1",
        "usr/share/bash-completion/completions/zahl",
        "usr/share/doc/zahl/copyright",
    ):
        assert f"./{path}\n" in listed, path
    needs = run("dpkg-deb", "--field", package, "Depends")
    for name in ("python3-numpy", "binutils", "libsystemc", "libprotobuf", "libc6"):
        assert name in needs
