"""Each stop of the tours in docs/start.md names a file and what to look at there: both exist."""

import re

import pytest
from rooms import ROOT

PAGE = ROOT / "docs/start.md"
# [`name`](../path): a function, type, module, key or table of that file.
STOP = re.compile(r"\[`([^`]+)`\]\(\.\./([^)#]+)\)")


def stops(text: str) -> list[tuple[str, str]]:
    return STOP.findall(text)


def missing(name: str, path: str) -> str | None:
    file = ROOT / path
    if not file.is_file():
        return f"{path}: there is no such file"
    if name == file.name:
        return None
    word = name.split("::")[-1].removesuffix("()")
    pattern = re.compile(rf"(?<![\w]){re.escape(word)}(?![\w])")
    code = [line for line in file.read_text().splitlines() if not line.lstrip().startswith("//")]
    if not any(pattern.search(line) for line in code):
        return f"{path} does not name {word}"
    return None


@pytest.mark.parametrize(("name", "path"), stops(PAGE.read_text()))
def test_the_stop_is_where_the_page_says(name, path):
    assert missing(name, path) is None


def test_there_are_three_tours_and_wrong_stops_are_found():
    tours = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    counts = [len(stops(tour)) for tour in tours if tour.startswith("Tour")]
    assert len(counts) == 3 and min(counts) >= 8
    assert missing("no_such_function", "compiler/driver/recipe.cpp")
    assert missing("main", "cli/no_such_file.cpp")


def test_the_tour_of_a_weight_passes_no_room_twice():
    tour = re.search(r"^## Tour 1.*?(?=^### )", PAGE.read_text(), re.MULTILINE | re.DOTALL)[0]
    rooms = [path.rsplit("/", 1)[0] for _, path in stops(tour)]
    visits = [room for i, room in enumerate(rooms) if i == 0 or room != rooms[i - 1]]
    assert len(visits) == len(set(visits)), visits
