"""The pack that only checks whether the stories that a story names have notes."""

from __future__ import annotations

from kbgen.pages.criteria import PageState, judge
from tests.pages.pages import get_pack


def judge_all(without: tuple[str, ...] | None) -> list[tuple[str, str]]:
    state = PageState("", "", {}, (), without)
    results = [judge("S", criterion, state) for criterion in get_pack("implementation_notes").criteria]
    return [(result.state, result.why) for result in results]


def test_it_makes_no_page() -> None:
    pack = get_pack("implementation_notes")
    assert (pack.path, pack.files, len(pack.criteria)) == ("", (), 5)


def test_all_named_stories_with_notes_meet_every_criterion() -> None:
    assert judge_all(()) == [("met", "")] * 5


def test_stories_without_notes_are_named() -> None:
    assert judge_all(("S-1", "S-2")) == [("unmet", "no notes in S-1, S-2")] * 5


def test_a_story_that_names_no_other_is_not_taken_for_done() -> None:
    assert {state for state, _ in judge_all(None)} == {"unmet"}
