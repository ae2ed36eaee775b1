"""One ID that is a whole text of its own."""

from __future__ import annotations

import pytest

from kbgen.ids import Grammar, format_key, matches, parse_id, parse_path
from kbgen.model import StoryKey

KNOWN = Grammar(prefixes=("DM", "PM"), trackers=("ZOOKEEPER",))


@pytest.mark.parametrize(
    ("text", "prefix", "numbers", "suffix"),
    [
        ("dm-01-6", "DM", (1, 6), ""),
        ("DM-1.6", "DM", (1, 6), ""),
        ("DM 01.6", "DM", (1, 6), ""),
        ("Story DM-01.6:", "DM", (1, 6), ""),
        ("**story-dm-01-6**", "DM", (1, 6), ""),
        ("PM-04-6", "PM", (4, 6), ""),
        ("11-9", "", (11, 9), ""),
        ("1.2", "", (1, 2), ""),
        ("User Story 1.2", "", (1, 2), ""),
        ("15.18a", "", (15, 18), "a"),
        ("DM-15.18A", "DM", (15, 18), "a"),
        ("ZOOKEEPER-4767", "ZOOKEEPER", (4767,), ""),
        ("dm-01", "DM", (1,), ""),
        ("Epic 15", "", (15,), ""),
        ("epic-dm-01", "DM", (1,), ""),
        ("AB-12", "AB", (12,), ""),
        ("#12", "#", (12,), ""),
    ],
)
def test_whole_spellings(text: str, prefix: str, numbers: tuple[int, ...], suffix: str) -> None:
    assert parse_id(text, KNOWN) == StoryKey(prefix, numbers, suffix)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "foo",
        "ab-12",
        "step-1",
        "TD-09",
        "UTF-8",
        "ISO-8601",
        "CVE-2024-1234",
        "v1.2",
        "1.2.3",
        "2024-01-02",
        "PM-04-TEST-1",
        "DM-",
        "-1.2",
        "DM-01.1000",
        "DM-01.6.2",
        "dm-01-6-8",
        "ZOOKEEPER-3.5",
        "Epic 12-14",
        "#0",
        "9" * 500,
    ],
)
def test_what_is_no_id(text: str) -> None:
    assert parse_id(text, KNOWN) is None


def test_a_lower_case_prefix_before_one_number_must_be_known() -> None:
    assert parse_id("dm-01", Grammar()) is None
    assert parse_id("TD-09", Grammar(prefixes=("TD",))) == StoryKey("TD", (9,))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("docs/stories/dm-01-6-routing.md", "DM-01.6"),
        ("story-1.2-name.md", "1.2"),
        ("1.2.story.md", "1.2"),
        ("story.1.2.md", "1.2"),
        ("story-DM-01.6.md", "DM-01.6"),
        ("04-1-name.context.xml", "4.1"),
        ("04-1-2fa-setup.md", "4.1"),
        ("15.18a-name.md", "15.18a"),
        ("KG-01.md", "KG-01"),
        ("KG-01-name.md", "KG-01"),
        ("dm-01-2fa.md", "DM-01"),
        ("story-5-name.md", "5"),
        ("EPIC-CRM-01-data.md", "CRM-01"),
        ("tech-spec-epic-dm-01.md", "DM-01"),
        ("retrospective-epic-01.md", "1"),
        ("epic-04-retro-2025-12-03.md", "4"),
        ("epic-15-16-audit.md", "15"),
        ("ZOOKEEPER-4767.patch", "ZOOKEEPER-4767"),
    ],
)
def test_file_names(path: str, expected: str) -> None:
    key = parse_path(path, KNOWN)
    assert key is not None
    assert format_key(key) == expected


@pytest.mark.parametrize(
    "path",
    [
        "2024-01-02-notes.md",
        "20240102-notes.md",
        "2024-12.md",
        "12-30-2025.md",
        "README.md",
        "README-2.md",
        "v1.2.md",
        "1.2.3.md",
        "10.0.0.1.md",
        "01-overview.md",
        "0001-use-it.md",
        "ADR-003-use-it.md",
        "step-01-init.md",
        "w-1-2.css",
        "PM-04-TEST-1.md",
        "2-columns.md",
        "history-1-2.md",
        "dm-01-6/README.md",
        "1.2" + "a" * 300 + ".md",
    ],
)
def test_file_names_without_an_id(path: str) -> None:
    assert parse_path(path, KNOWN) is None


def test_matches() -> None:
    story = StoryKey("DM", (1, 1))
    assert matches(StoryKey("DM", (1, 1)), story) == "same"
    assert matches(StoryKey("", (1, 1)), story) == "unprefixed"
    assert matches(StoryKey("DM", (1, 10)), story) == "no"
    assert matches(StoryKey("PM", (1, 1)), story) == "no"
    assert matches(StoryKey("", (1, 1), "a"), story) == "no"
    assert matches(story, StoryKey("", (1, 1))) == "no"


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (StoryKey("DM", (1, 6)), "DM-01.6"),
        (StoryKey("DM", (11, 15), "a"), "DM-11.15a"),
        (StoryKey("", (4, 1)), "4.1"),
        (StoryKey("DM", (1,)), "DM-01"),
        (StoryKey("ZOOKEEPER", (7,)), "ZOOKEEPER-7"),
        (StoryKey("#", (7,)), "#7"),
    ],
)
def test_format_key_is_read_back(key: StoryKey, shown: str) -> None:
    assert format_key(key, KNOWN) == shown
    assert parse_id(shown, KNOWN) == key


def test_format_key_pads_as_the_repository_does() -> None:
    assert format_key(StoryKey("DM", (1, 6)), Grammar(padding=1)) == "DM-1.6"
