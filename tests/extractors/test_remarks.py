"""Comments: which are kept, and which admit a stand-in. Precision matters more than recall."""

from __future__ import annotations

import pytest

from kbgen.extractors.remarks import (
    TEXT_LIMIT,
    CommentLine,
    Remark,
    find_marker,
    find_stand_in,
    is_worth_keeping,
    join_lines,
    make_facts,
)


@pytest.mark.parametrize(
    "text",
    [
        "Mock fetch for rates (will be replaced with the real API)",
        "TODO: Replace with actual API call",
        "For now, return a placeholder",
        "In production, this would query the database",
        "Simulate API delay",
        "STUB: log instead of sending",
        "Not yet implemented",
        "This is a placeholder until the backend exists.",
        "Uses mock data for now",
    ],
)
def test_admissions_are_found(text: str) -> None:
    assert find_stand_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "The input shows a placeholder text",
        "Never returns mock data",
        "Replaces mock data of the old version",
        "Mock this in tests",
        "Renders a skeleton placeholder while loading",
        "Simulates what happens when the price changes",
        "Implemented with a queue",
        "No hardcoded colours",
    ],
)
def test_ordinary_words_are_not_taken_for_admissions(text: str) -> None:
    assert not find_stand_in(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Carriers throttle after three calls", True),
        ("Story: SHIP-2.4", True),
        ("increment", False),
        ("eslint-disable-next-line no-console and more words", False),
        ("Copyright 2024 Someone and others, all of them", False),
        ("const total = sum(items);\nreturn total;", False),
        ("type: ignore because the stub is wrong", False),
    ],
)
def test_only_sentences_and_names_of_work_are_kept(text: str, kept: bool) -> None:
    assert is_worth_keeping(Remark(1, 1, text, "comment")) is kept


def test_lines_join_only_when_they_follow_each_other() -> None:
    lines = [
        CommentLine(1, True, "a"),
        CommentLine(2, True, "b"),
        CommentLine(3, False, "c"),
        CommentLine(5, True, "d"),
    ]
    assert [remark.text for remark in join_lines(lines)] == ["a\nb", "c", "d"]


def test_work_named_beyond_the_limit_is_not_lost() -> None:
    text = "A long story about the cart. " * 30 + "\nStory: SHIP-9.9"
    facts = list(make_facts("a.py", Remark(1, 9, text, "docstring"), "f"))
    assert len(facts[0].value) == TEXT_LIMIT
    assert [fact.value for fact in facts[1:]] == ["Story: SHIP-9.9"]


def test_markers() -> None:
    assert find_marker("a TODO here, NOTE there") == "TODO"
    assert find_marker("Placeholder for the map") == "Placeholder"
    assert find_marker("nothing special") == ""
