"""Do sim/ and rtl/ mirror each other? By name, or listed with the reason in sim/README.md."""

import re

from rooms import ROOT, sources

ROOMS = ("base", "mem", "dma", "array", "post", "core", "top")
LISTED = re.compile(r"^- (`[^:]*):", re.MULTILINE)


def listed_without_mirror(page: str) -> set[str]:
    """Files and modules before the colon of each item, as room/name."""
    items = page.split("## Without a mirror", 1)[1]
    return {name for item in LISTED.findall(items) for name in re.findall(r"`([^`]+)`", item)}


def plain(module: str) -> str:
    """The model's name for a module: array/zahl_array_lines is array/lines."""
    room, name = module.split("/")
    name = name.removeprefix("zahl_")
    return f"{room}/{name.removeprefix(f'{room}_') if name != room else name}"


def mirrors(file: str, module: str) -> bool:
    name = plain(module)
    return file == name or file.startswith(f"{name}_")


def faults(files: set[str], modules: set[str], listed: set[str]) -> list[str]:
    alone = {file for file in files if not any(mirrors(file, module) for module in modules)}
    alone |= {module for module in modules if not any(mirrors(file, module) for file in files)}
    return sorted(
        [f"{name} has no mirror and no reason in sim/README.md" for name in alone - listed]
        + [f"sim/README.md lists {name}, which has a mirror or is gone" for name in listed - alone]
    )


def names(tree: str, *suffixes: str) -> set[str]:
    inside = [path for path in sources(*suffixes) if path.is_relative_to(ROOT / tree)]
    return {path.relative_to(ROOT / tree).with_suffix("").as_posix() for path in inside}


def test_model_and_rtl_mirror_each_other():
    files, modules = trees = names("sim", ".h", ".cpp"), names("rtl", ".sv")
    assert all(
        any(name.startswith(f"{room}/") for room in ROOMS) for tree in trees for name in tree
    )
    wrong = faults(files, modules, listed_without_mirror((ROOT / "sim/README.md").read_text()))
    assert not wrong, "\n".join(wrong)


def test_the_guard_sees_what_is_alone_and_what_is_listed_in_vain():
    modules = {"array/zahl_array", "array/zahl_array_lines", "core/zahl_issue"}
    files = {"array/array", "array/lines", "core/issue"}
    assert faults(files, modules, set()) == []
    assert faults(files - {"core/issue"}, modules, set()) == [
        "core/zahl_issue has no mirror and no reason in sim/README.md"
    ]
    assert faults(files | {"core/unit"}, modules, set()) == [
        "core/unit has no mirror and no reason in sim/README.md"
    ]
    assert faults(files | {"core/unit"}, modules, {"core/unit"}) == []
    assert faults(files, modules, {"core/issue"}) == [
        "sim/README.md lists core/issue, which has a mirror or is gone"
    ]
    assert listed_without_mirror("## Without a mirror\n\n- `a/b`,\n  `a/c`: see `a/d`.\n") == {
        "a/b",
        "a/c",
    }
