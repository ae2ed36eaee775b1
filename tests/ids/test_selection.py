"""What the arguments of a command line select."""

from __future__ import annotations

import pytest

from kbgen.errors import UnknownStoryError
from kbgen.ids import Grammar, parse_id, select_stories
from kbgen.model import StoryKey

GRAMMAR = Grammar(prefixes=("DM", "PM"), trackers=("ZK",))
SPELLED = [f"DM-{e:02}.{s}" for e in (1, 2, 3) for s in (1, 2, 3, 5, 6, 7, 8, 9, 10)]
SPELLED += ["DM-11.8", "DM-11.9", "pm-11-9", "14-1", "14-9", "15.18", "15.18a", "ZK-4767", "KG-01", "KG-02"]


def known() -> dict[StoryKey, str]:
    keys = {spelled: parse_id(spelled, GRAMMAR) for spelled in SPELLED}
    return {key: spelled for spelled, key in keys.items() if key is not None}


def select(*arguments: str) -> list[str]:
    stories = known()
    return [stories[key] for key in select_stories(arguments, stories, GRAMMAR)]


@pytest.mark.parametrize(
    ("argument", "selected"),
    [
        ("dm-01-6", ["DM-01.6"]),
        ("story-DM-1.6", ["DM-01.6"]),
        ("DM-01.6..DM-01.8", ["DM-01.6", "DM-01.7", "DM-01.8"]),
        ("DM-01.6..8", ["DM-01.6", "DM-01.7", "DM-01.8"]),
        ("DM-01.6-8", ["DM-01.6", "DM-01.7", "DM-01.8"]),
        ("DM-01.6–8", ["DM-01.6", "DM-01.7", "DM-01.8"]),
        ("dm-01-6..dm-01-8", ["DM-01.6", "DM-01.7", "DM-01.8"]),
        ("DM-01.6 - DM-01.8", ["DM-01.6", "DM-01.7", "DM-01.8"]),
        ("DM-02.3 to DM-02.6", ["DM-02.3", "DM-02.5", "DM-02.6"]),
        ("DM-02.9-DM-02.10", ["DM-02.9", "DM-02.10"]),
        ("DM-01.10..DM-02.1", ["DM-01.10", "DM-02.1"]),
        ("DM-02", [spelled for spelled in SPELLED if spelled.startswith("DM-02")]),
        ("epic-dm-02", [spelled for spelled in SPELLED if spelled.startswith("DM-02")]),
        ("DM-01..DM-03", SPELLED[:27]),
        ("Epic 14", ["14-1", "14-9"]),
        ("Epic 14-15", ["14-1", "14-9", "15.18", "15.18a"]),
        ("15.17..15.18", ["15.18", "15.18a"]),
        ("15.18", ["15.18"]),
        ("11.8", ["DM-11.8"]),
        ("KG-01", ["KG-01"]),
        ("KG-01..02", ["KG-01", "KG-02"]),
        ("ZK-4760..ZK-4770", ["ZK-4767"]),
        ("DM-01.7,DM-01.6", ["DM-01.7", "DM-01.6"]),
    ],
)
def test_an_argument(argument: str, selected: list[str]) -> None:
    assert select(argument) == selected


def test_order_of_arguments_is_kept_and_nothing_comes_twice() -> None:
    assert select("DM-02.1", "DM-01.6-7", "dm-01-6", "DM-02.1") == ["DM-02.1", "DM-01.6", "DM-01.7"]


@pytest.mark.parametrize(
    ("argument", "hint"),
    [
        ("DM-01.4", "did you mean DM-01.3, DM-01.5, DM-01.2?"),
        ("DM-01.40-50", "did you mean DM-01.10, DM-01.9, DM-01.8?"),
        ("DM-O1.6", "did you mean DM-01.6"),
        ("DM-01.8..DM-01.6", "did you mean DM-01.8"),
        ("DM-01.6..PM-01.8", "did you mean DM-01."),
        ("nothing like it", "`kbgen stories` lists"),
        ("", "`kbgen stories` lists"),
        ("9" * 300, "`kbgen stories` lists"),
    ],
)
def test_an_unknown_id_suggests_near_ones(argument: str, hint: str) -> None:
    with pytest.raises(UnknownStoryError) as caught:
        select(argument)
    assert repr(argument) in caught.value.message
    assert hint in caught.value.hint


def test_all_unknown_arguments_are_named_at_once() -> None:
    with pytest.raises(UnknownStoryError) as caught:
        select("DM-01.6", "DM-01.4", "XX-1.1")
    assert caught.value.message == "no story 'DM-01.4'; no story 'XX-1.1'"


@pytest.mark.parametrize("argument", ["11-9", "Story 11.9", "epic 11", "11.9..11.12"])
def test_a_missing_prefix_that_fits_two_stories_is_ambiguous(argument: str) -> None:
    with pytest.raises(UnknownStoryError) as caught:
        select(argument)
    assert "ambiguous" in caught.value.message
    assert "DM-11.9" in caught.value.message
    assert "pm-11-9" in caught.value.message


def test_the_exact_spelling_wins() -> None:
    stories = {StoryKey("DM", (11, 9)): "DM-11.9", StoryKey("PM", (11, 9)): "11-9"}
    assert select_stories(["11-9"], stories, GRAMMAR) == (StoryKey("PM", (11, 9)),)
    unprefixed = {**stories, StoryKey("", (11, 9)): "story-11.9"}
    assert select_stories(["11-9"], unprefixed, GRAMMAR) == (StoryKey("PM", (11, 9)),)
    assert select_stories(["11.9"], unprefixed, GRAMMAR) == (StoryKey("", (11, 9)),)
