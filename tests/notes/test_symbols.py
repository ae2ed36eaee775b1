"""What the story's commits defined and tested, told from the facts of each blob."""

from __future__ import annotations

from tests.notes.doubles import World, work

GATE = "src/gate.py"
TESTS = "tests/test_gate.py"


def case(*names: str) -> str:
    return "".join(f"def test_{name}():\n    assert True\n\n" for name in names)


def define(*names: str) -> str:
    return "".join(f"def {name}():\n    return 1\n\n" for name in names)


# ----------------------------------------------------------------------------------------------- tests


def test_cases_are_those_after_the_last_commit_less_those_before_the_first() -> None:
    world = World()
    world.commit("before", {TESTS: case("old")})
    first = world.commit("feat", {TESTS: case("old", "a", "b")})
    second = world.commit("feat", {TESTS: case("old", "a", "b", "c")})
    world.commit("others, later", {TESTS: case("old", "a", "b", "c", "d")})
    (found,) = world.tests(work(first), work(second))
    assert (found.path, found.cases, found.cases_now) == (TESTS, 3, 5)


def test_a_parametrized_case_counts_once() -> None:
    world = World()
    text = "import pytest\n\n@pytest.mark.parametrize('n', [1, 2, 3])\n" + case("many") + case("one")
    made = world.commit("feat", {TESTS: text})
    assert world.tests(work(made))[0].cases == 2


def test_cases_in_typescript() -> None:
    world = World()
    text = "describe('gate', () => {\n  it('opens', () => {});\n  it.each([1, 2])('closes %d', () => {});\n});\n"
    made = world.commit("feat", {"web/src/gate.test.ts": text})
    assert [(t.path, t.cases) for t in world.tests(work(made))] == [("web/src/gate.test.ts", 2)]


def test_cases_taken_away_are_counted_as_such() -> None:
    world = World()
    world.commit("before", {TESTS: case("a", "b", "c")})
    cut = world.commit("chore", {TESTS: case("a")})
    assert world.tests(work(cut))[0].cases == -2


def test_a_renamed_test_file_counts_once_under_its_new_name() -> None:
    world = World()
    made = world.commit("feat", {TESTS: case("a", "b")})
    moved = world.commit("move", {"tests/test_door.py": case("a", "b", "c")}, moved={TESTS: "tests/test_door.py"})
    (found,) = world.tests(work(made), work(moved))
    assert (found.path, found.cases, found.cases_now) == ("tests/test_door.py", 3, 3)


def test_an_existing_test_file_that_the_story_only_renames_gains_nothing() -> None:
    world = World()
    world.commit("before", {TESTS: case("a", "b")})
    moved = world.commit("move", {}, moved={TESTS: "tests/test_door.py"})
    (found,) = world.tests(work(moved))
    assert (found.cases, found.cases_now) == (0, 2)


def test_cases_now_follow_the_file_and_are_none_when_it_is_gone() -> None:
    world = World()
    made = world.commit("feat", {TESTS: case("a"), "tests/test_door.py": case("b")})
    world.commit("others", {"tests/gates/test_gate.py": case("a", "z")}, moved={TESTS: "tests/gates/test_gate.py"})
    world.commit("others", {"tests/test_door.py": None})
    found = {t.path: (t.cases, t.cases_now) for t in world.tests(work(made))}
    assert found == {TESTS: (1, 2), "tests/test_door.py": (1, None)}


def test_helpers_without_a_case_are_left_out() -> None:
    world = World()
    made = world.commit("feat", {"tests/conftest.py": "X = 1\n", TESTS: case("a")})
    assert [t.path for t in world.tests(work(made))] == [TESTS]


# --------------------------------------------------------------------------------------------- symbols


def names(world: World, *links: object) -> list[str]:
    return [s.name for s in world.symbols(*links)]  # type: ignore[arg-type]


def test_only_what_the_story_added_counts_not_what_others_did_in_between() -> None:
    world = World()
    world.commit("before", {GATE: define("old")})
    first = world.commit("feat", {GATE: define("old", "mine")})
    world.commit("others", {GATE: define("old", "mine", "theirs")})
    second = world.commit("feat", {GATE: define("old", "mine", "theirs", "mine_too")})
    assert names(world, work(first), work(second)) == ["mine", "mine_too"]


def test_what_the_story_took_back_is_not_listed() -> None:
    world = World()
    first = world.commit("feat", {GATE: define("kept", "tried")})
    second = world.commit("feat", {GATE: define("kept")})
    assert names(world, work(first), work(second)) == ["kept"]


def test_names_of_a_file_that_the_story_moved_stand_at_its_new_path() -> None:
    world = World()
    first = world.commit("feat", {GATE: define("open_gate")})
    second = world.commit("move", {"src/door.py": define("open_gate", "shut")}, moved={GATE: "src/door.py"})
    found = world.symbols(work(first), work(second))
    assert [(s.path, s.name) for s in found] == [("src/door.py", "open_gate"), ("src/door.py", "shut")]


def test_names_of_a_file_that_others_moved_keep_the_story_s_path_and_show_the_new_one() -> None:
    world = World()
    made = world.commit("feat", {GATE: define("open_gate")})
    world.commit("others", {}, moved={GATE: "src/yard/gate.py"})
    (found,) = world.symbols(work(made))
    assert (found.path, found.now, found.evidence.path) == (GATE, True, "src/yard/gate.py")


def test_a_name_that_is_gone_now_is_said_to_be_and_unused() -> None:
    world = World()
    made = world.commit("feat", {GATE: define("open_gate", "shut")})
    world.commit("others", {GATE: define("shut")})
    found = {s.name: (s.now, s.used) for s in world.symbols(work(made))}
    assert found["open_gate"] == (False, False)
    assert found["shut"][0]


def test_in_the_order_of_the_file_not_of_the_commits() -> None:
    world = World()
    first = world.commit("feat", {GATE: define("b")})
    second = world.commit("feat", {GATE: define("a", "b", "c")})
    assert names(world, work(first), work(second)) == ["a", "b", "c"]


def test_tests_and_documents_define_nothing() -> None:
    world = World()
    made = world.commit("feat", {TESTS: case("a"), "docs/x.md": "# def x():", GATE: define("g")})
    assert names(world, work(made)) == ["g"]


def test_used_by_another_production_file_only() -> None:
    world = World()
    made = world.commit("feat", {GATE: define("wired", "tested", "loose")})
    world.commit("others", {"src/use.py": "from src.gate import wired\n\nwired()\n"})
    world.commit("tests", {TESTS: "from src.gate import tested\n\ndef test_it():\n    tested()\n"})
    assert {s.name: s.used for s in world.symbols(work(made))} == {"wired": True, "tested": False, "loose": False}


def test_only_files_that_hold_a_name_are_searched() -> None:
    world = World()
    made = world.commit("feat", {GATE: define("open_gate")})
    world.symbols(work(made))
    assert world.asked == ["open_gate"]


def test_a_class_brings_its_members() -> None:
    world = World()
    text = "class Gate:\n    def open(self):\n        return 1\n\n    def _oil(self):\n        return 2\n"
    made = world.commit("feat", {GATE: text})
    found = {(s.parent, s.name): (s.kind, s.exported) for s in world.symbols(work(made))}
    assert found["", "Gate"] == ("class", True)
    assert found["Gate", "open"] == ("method", True)
    assert found["Gate", "_oil"] == ("method", False)
