"""The rooms of the tree, what each may include, and how includes are found."""

import collections
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

NETWORK = "compiler/frontend/network"
MODEL = ["sim/base", "sim/core", "sim/mem", "isa", "contract"]
# What a room may include besides itself. Every room that has C++ sources stands here.
MAY_SEE = {
    "isa": [],
    "contract": ["isa"],
    "memory": ["isa", "contract"],
    "compiler/ir": ["isa", "contract"],
    "compiler/arithmetic": ["isa", "compiler/ir"],
    NETWORK: ["isa", "compiler/ir"],
    "compiler/frontend/onnx": ["isa", NETWORK, "compiler/ir", "compiler/arithmetic"],
    "compiler/frontend/tflite": ["isa", NETWORK, "compiler/ir", "compiler/arithmetic"],
    "compiler/frontend/page": [
        NETWORK,
        "compiler/frontend/onnx",
        "compiler/frontend/tflite",
        "compiler/integerize",
    ],
    "compiler/frontend": ["isa", NETWORK, "compiler/frontend/onnx", "compiler/frontend/tflite"],
    "compiler/integerize": [NETWORK, "compiler/ir", "compiler/arithmetic"],
    "compiler/rewrite": ["isa", "compiler/ir", "compiler/arithmetic"],
    "compiler/plan": ["isa", "contract", "compiler/ir"],
    "compiler/lower": ["isa", "contract", "compiler/ir", "compiler/plan"],
    "compiler/emit": ["isa", "contract", "compiler/lower"],
    "compiler/check": ["isa", "contract"],
    "compiler/driver": [
        "isa",
        "contract",
        "compiler/ir",
        "compiler/frontend",
        NETWORK,
        "compiler/integerize",
        "compiler/rewrite",
        "compiler/plan",
        "compiler/lower",
        "compiler/emit",
        "compiler/check",
    ],
    "sim/base": ["isa", "contract"],
    "sim/mem": ["isa"],
    "sim/dma": [*MODEL, "memory"],
    "sim/array": MODEL,
    "sim/post": MODEL,
    "sim/core": ["sim/base", "isa", "contract"],
    "sim/top": [*MODEL, "memory", "sim/dma", "sim/array", "sim/post"],
    "engines/reference": ["isa", "contract"],
    "engines/graph_evaluator": ["compiler/ir"],
    "engines/rtl_harness": ["isa", "contract", "memory"],
    "engines/compare": ["isa", "contract"],
    "engines": [
        "isa",
        "contract",
        "engines/reference",
        "engines/rtl_harness",
        "engines/compare",
        "sim/top",
    ],
    "host": ["isa", "contract"],
    "analysis": ["isa", "contract", "compiler/driver", "engines", "host"],
    "page": [],
    "explain": [
        "isa",
        "compiler/ir",
        "compiler/frontend",
        NETWORK,
        "compiler/driver",
        "engines/graph_evaluator",
        "host",
        "page",
    ],
    "certificate/levels": [
        "isa",
        "contract",
        "compiler/ir",
        "compiler/driver",
        "engines",
        "explain",
        "host",
        "page",
    ],
    "certificate/formal": ["sim/base", "sim/post"],
    "cli": [
        "isa",
        "contract",
        "engines",
        "host",
        "analysis",
        "explain",
        "certificate/levels",
    ],
}
# Rooms whose one source is an entrance that includes only itself.
MAY_BE_ALONE = {"page"}
# Made in the build folder.
GENERATED = re.compile(
    r"^foreign/|^Vzahl_|(energy\.inc|rtl_presets\.inc|style\.h|\w+_template\.h)$"
)
INCLUDE = re.compile(r'^\s*#include "([^"]+)"', re.MULTILINE)


def sources(*suffixes: str, root: pathlib.Path = ROOT) -> list[pathlib.Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [root / line for line in listed.stdout.splitlines() if line.endswith(suffixes)]
    return [path for path in paths if path.exists()]


def room_of(relative: str) -> str | None:
    """The innermost room of the list that holds the file; nothing for tests."""
    found = [room for room in MAY_SEE if relative.startswith(f"{room}/")]
    return max(found, key=len, default=None)


Includes = dict[str, list[str]]


def includes(root: pathlib.Path = ROOT) -> tuple[Includes, list[str]]:
    """Of each source, the files of the tree that it includes; and the includes that name none."""
    found, unresolved = {}, []
    for path in sources(".h", ".cpp", ".cpp.in", root=root):
        relative = path.relative_to(root).as_posix()
        found[relative] = []
        for target in INCLUDE.findall(path.read_text()):
            if (root / target).exists():
                found[relative].append(target)
            elif target.startswith("generated/"):
                found[relative].append(f"isa/{target}")  # made from what isa/ says
            elif not GENERATED.search(target):
                unresolved.append(f'{relative} includes "{target}": no file from the root')
    return found, unresolved


def forbidden_edges(found: Includes) -> list[str]:
    wrong = []
    for source, targets in found.items():
        room = room_of(source)
        if room is None:
            continue
        for target in targets:
            other = room_of(target)
            if other is None or other != room and other not in MAY_SEE[room]:
                wrong.append(f"{source} includes {target}")
    return wrong


def silent_rooms(found: Includes) -> list[str]:
    """Rooms in which no include was resolved: the guard would see nothing there."""
    count = collections.Counter(room_of(source) for source, targets in found.items() if targets)
    return [room for room in MAY_SEE if count[room] == 0]


def circles(found: Includes) -> list[list[str]]:
    """Circles of files, a source and its header being one."""

    def unit(name: str) -> str:
        return re.sub(r"\.(h|cpp)$", "", name)

    graph = collections.defaultdict(set)
    for source, targets in found.items():
        graph[unit(source)] |= {unit(target) for target in targets} - {unit(source)}
    found_circles, done, path = [], set(), []

    def walk(node: str) -> None:
        if node in path:
            found_circles.append(path[path.index(node) :])
        if node in done or node in path:
            return
        path.append(node)
        for target in sorted(graph[node]):
            walk(target)
        path.pop()
        done.add(node)

    for node in sorted(graph):
        walk(node)
    return found_circles
