"""The pack that only checks whether the stories that a story names have notes."""

from __future__ import annotations

from collections.abc import Mapping

from kbgen.pages.criteria import PageState, judge
from tests.pages.pages import get_pack

NOTES = "## Implementation Notes\n\n### Key Decisions\n\na\n\n### Files Changed\n\nb\n\n### Deviations from Spec\n\nc\n"


def judge_all(notes: Mapping[str, str] | None) -> list[tuple[str, str]]:
    state = PageState("", "", {}, (), notes)
    results = [judge("S", criterion, state) for criterion in get_pack("implementation_notes").criteria]
    return [(result.state, result.why) for result in results]


def test_it_makes_no_page_and_asks_for_notes() -> None:
    pack = get_pack("implementation_notes")
    assert (pack.path, pack.files, len(pack.criteria)) == ("", (), 5)
    assert pack.asks_for_notes
    assert not get_pack("index").asks_for_notes


def test_all_named_stories_with_notes_meet_every_criterion() -> None:
    assert judge_all({"S-1": NOTES, "S-2": NOTES}) == [("met", "")] * 5


def test_stories_without_notes_are_named() -> None:
    assert judge_all({"S-1": "", "S-2": "", "S-3": NOTES}) == [("unmet", "no notes in S-1, S-2")] * 5


def test_notes_without_a_section_are_named() -> None:
    found = judge_all({"S-1": NOTES, "S-2": NOTES.replace("### Key Decisions", "### Others")})
    assert found == [("met", ""), ("met", ""), ("unmet", "no section Key Decisions in S-2"), ("met", ""), ("met", "")]


def test_a_story_that_names_no_other_is_not_taken_for_done() -> None:
    assert {state for state, _ in judge_all(None)} == {"unmet"}
