"""Arrows between rooms go one way, and this guard sees them: it resolves every include."""

import pytest
import rooms


@pytest.fixture(scope="module")
def found():
    return rooms.includes()


def test_every_include_is_written_from_the_root(found):
    assert found[1] == []


def test_no_room_is_silent(found):
    assert set(rooms.silent_rooms(found[0])) <= rooms.MAY_BE_ALONE


def test_rooms_include_only_what_they_may_see(found):
    assert rooms.forbidden_edges(found[0]) == []


def test_every_source_stands_in_a_room(found):
    homeless = [f for f in found[0] if rooms.room_of(f) is None and not f.startswith("tests/")]
    assert homeless == []


def test_there_is_no_circle_of_files(found):
    assert rooms.circles(found[0]) == []


@pytest.mark.parametrize("room", sorted(rooms.MAY_SEE))
def test_a_planted_edge_is_found_in_every_room(room, found):
    planted = {**found[0], f"{room}/planted.cpp": ["cli/main.cpp", "tests/support/random.h"]}
    wrong = rooms.forbidden_edges(planted)
    assert f"{room}/planted.cpp includes tests/support/random.h" in wrong
    assert room == "cli" or f"{room}/planted.cpp includes cli/main.cpp" in wrong


def test_a_planted_circle_and_a_planted_relative_include_are_found(found, tmp_path):
    planted = {**found[0], "isa/round.h": ["isa/error.h"], "isa/error.h": ["isa/round.h"]}
    assert rooms.circles(planted) == [["isa/error", "isa/round"]]
    rooms.subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim/unit.cpp").write_text('#include "base/unit.h"\n')
    assert rooms.includes(tmp_path)[1] == [
        'sim/unit.cpp includes "base/unit.h": no file from the root'
    ]
