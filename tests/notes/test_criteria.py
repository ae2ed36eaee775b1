"""Evidence for a criterion: what it names, what it spells out, tests that say the same; else none."""

from __future__ import annotations

import pytest

from kbgen.model import CriterionState
from tests.notes.doubles import World, make_story, work

GATE = "src/gate.py"
USE = {"src/use.py": "from src.gate import GateKeeper, open_gate\n\nGateKeeper()\nopen_gate()\n"}


def judge(text: str, files: dict[str, str], later: dict[str, str | None] | None = None) -> CriterionState:
    world = World()
    world.commit("others", USE)
    made = world.commit("feat", files)
    if later:
        world.commit("later", later)
    (state,) = world.judge(make_story(criteria=[text]), work(made))
    return state


KEEPER = {GATE: "class GateKeeper:\n    def watch(self):\n        return 1\n\n\ndef open_gate():\n    return 1\n"}
ROUTES = {
    "src/api.py": "from fastapi import APIRouter\n\nrouter = APIRouter()\n\n\n"
    "@router.get('/bays/{bay}')\ndef read(bay):\n    return 1\n"
}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("`open_gate()` opens", "`open_gate` is defined in `src/gate.py`"),
        ("open_gate opens", "`open_gate` is defined in `src/gate.py`"),
        ("`GateKeeper.watch` is called at night", "`watch` is defined in `src/gate.py`"),
        ("All is in `src/gate.py`.", "`src/gate.py` is there"),
        ("All is in yard/src/gate.py", ""),
        ("The gate can be opened", ""),
    ],
)
def test_what_a_criterion_names(text: str, why: str) -> None:
    state = judge(text, KEEPER)
    assert state.why.removesuffix(", wired nowhere") == why
    assert state.state == ("evidence" if why else "none")
    assert bool(state.evidence) == bool(why)


def test_evidence_names_path_symbol_and_hash() -> None:
    (found,) = judge("`open_gate` opens", KEEPER).evidence
    assert (found.path, found.symbol, bool(found.hash)) == (GATE, "open_gate", True)


def test_what_nothing_uses_is_said_to_be_wired_nowhere() -> None:
    loose = {GATE: "def shut_gate():\n    return 1\n"}
    assert judge("`shut_gate` shuts", loose).why == "`shut_gate` is defined in `src/gate.py`, wired nowhere"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`GET /bays/{bay}` answers", True),
        ("`GET /bays/:id` answers", True),
        ("GET /bays/{id}/ answers", True),
        ("The bay is at /bays/{bay}.", True),
        ("`PUT /bays/{bay}` answers", False),
        ("`GET /bays` answers", False),
    ],
)
def test_a_route_by_its_path_and_method(text: str, found: bool) -> None:
    state = judge(text, ROUTES)
    assert state.why == ("`GET /bays/{bay}` is served in `src/api.py`" if found else "")


def test_what_is_gone_now_is_no_evidence() -> None:
    assert judge("`open_gate` opens", KEEPER, {GATE: "X = 1\n"}).state == "none"
    assert judge("All is in `src/gate.py`.", KEEPER, {GATE: None}).state == "none"
    assert judge("`GET /bays/{bay}` answers", ROUTES, {"src/api.py": "X = 1\n"}).state == "none"


def test_what_others_made_is_no_evidence() -> None:
    world = World()
    world.commit("others", KEEPER)
    made = world.commit("feat", {"src/mine.py": "X = 1\n"})
    (state,) = world.judge(make_story(criteria=["`open_gate` opens"]), work(made))
    assert (state.state, state.why, state.evidence) == ("none", "", ())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The gate keeper watches at night", True),
        ("Keepers of the gate watch at night", False),
        ("A gate has its keeper", True),
        ("The gate `and` keeper watch", False),
        ("The gate is watched", False),
        ("`gate_keeper` and gate/keeper are spelled as code is", False),
        ("gate_keeper is an identifier", False),
    ],
)
def test_a_definition_in_use_whose_name_is_spelled_out(text: str, found: bool) -> None:
    assert ("`GateKeeper` is defined in `src/gate.py`" in judge(text, KEEPER).why) == found


def test_a_spelled_out_name_that_nothing_uses_is_no_evidence() -> None:
    assert judge("The night watch looks out", {GATE: "class NightWatch:\n    pass\n"}).why == ""


def titled(*titles: str) -> dict[str, str]:
    return {"web/src/gate.test.ts": "".join(f"it('{title}', () => {{}});\n" for title in titles)}


@pytest.mark.parametrize(
    ("text", "title", "found"),
    [
        ("The banner names the held doors", "names the held doors", True),
        ("Reconnect button triggers reconnection", "offers reconnecting by a button", True),
        ("State validation rejects invalid data with error logging", "rejects invalid state data", True),
        ("State validation rejects invalid data with error logging", "rejects data", False),
        ("Every agent has a card under its own address in the registry", "shows a card", False),
        ("The page shows a preview of all doors", "opens the door", False),
        ("Doors", "doors", False),
    ],
)
def test_a_title_says_most_of_it_or_nothing_else(text: str, title: str, found: bool) -> None:
    state = judge(text, titled(title))
    assert state.why == (f"test “{title}” in `web/src/gate.test.ts`" if found else "")


def test_the_best_two_titles_best_first_and_python_names_as_code() -> None:
    names = ["held_doors_are_named_by_day", "the_banner_names_held_doors", "a_banner_names_the_held_doors_twice"]
    text = "".join(f"def test_{name}(): ...\n" for name in names)
    state = judge("The banner names the held doors", {"tests/test_b.py": text})
    assert state.why == (
        "test `test_the_banner_names_held_doors` in `tests/test_b.py`; "
        "test `test_a_banner_names_the_held_doors_twice` in `tests/test_b.py`"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Unit tests cover the edges", "2 cases in `web/src/gate.test.ts`"),
        ("All tests pass", "2 cases in `web/src/gate.test.ts`"),
        ("Unit tests pass with ≥85% coverage", "2 cases in `web/src/gate.test.ts`; coverage is not measured here"),
        ("The door is shut in tests", ""),
        ("A/B testing is on", ""),
    ],
)
def test_a_criterion_that_asks_for_tests_gets_their_cases(text: str, why: str) -> None:
    assert judge(text, titled("opens", "shuts")).why == why


def test_only_cases_that_the_story_added_count() -> None:
    world = World()
    world.commit("before", titled("old"))
    made = world.commit("feat", titled("old", "opens"))
    world.commit("others", titled("old", "opens", "theirs"))
    states = world.judge(make_story(criteria=["Unit tests cover it", "names old theirs"]), work(made))
    assert [s.why for s in states] == ["1 case in `web/src/gate.test.ts`", ""]


def test_cases_and_routes_follow_a_file_that_the_story_moved() -> None:
    world = World()
    first = world.commit("feat", {**titled("names the held doors"), **ROUTES})
    moves = {"web/src/gate.test.ts": "web/test/gate.test.ts", "src/api.py": "src/bays.py"}
    second = world.commit("refactor", {}, moved=moves)
    texts = ["The banner names the held doors", "`GET /bays/{bay}` answers"]
    states = world.judge(make_story(criteria=texts), work(first), work(second))
    assert [s.why for s in states] == [
        "test “names the held doors” in `web/test/gate.test.ts`",
        "`GET /bays/{bay}` is served in `src/bays.py`",
    ]


def test_at_most_four_pieces_each_with_its_reason() -> None:
    text = "".join(f"def part_{n}():\n    return 1\n\n" for n in range(9))
    state = judge(" ".join(f"`part_{n}`" for n in range(9)), {GATE: text})
    assert len(state.evidence) == len(state.why.split("; ")) == 4


def test_in_the_order_of_the_story_and_never_called_met() -> None:
    world = World(README="x")
    made = world.commit("feat", KEEPER)
    states = world.judge(make_story(criteria=["nothing of it", "`open_gate`"]), work(made))
    assert [(s.criterion.label, s.state) for s in states] == [("AC1", "none"), ("AC2", "evidence")]


def test_words_that_most_titles_say_are_no_evidence() -> None:
    from kbgen.model import Fact
    from kbgen.notes.criteria import _list_words, _share, _weigh

    def title(name: str) -> tuple[frozenset[str], Fact]:
        return frozenset(_list_words(name)), Fact("test_case", name, "tests/test_a.py", 1)

    common = [title(f"test_a_commit_of_a_story_with_plan_{n}") for n in range(40)]
    wanted = frozenset(_list_words("A commit that plans a story is never counted"))
    said, _ = title("test_a_commit_makes_what_the_story_plans")
    assert _share(wanted, said) >= 0.6
    assert _share(wanted, said, _weigh(wanted, common)) < 0.3
