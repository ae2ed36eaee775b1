"""Every spelling that people use, every trap that looks like one."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.ids import MAX_RANGE, Grammar, find_mentions, format_key
from kbgen.model import StoryKey

KNOWN = Grammar(prefixes=("DM", "KB", "PM"), trackers=("ZOOKEEPER",))
UNKNOWN = Grammar()


def read(text: str, grammar: Grammar = KNOWN) -> list[str]:
    """``DM-01.6/scope`` for every mention, in order."""
    return [f"{format_key(m.key)}/{m.form}" for m in find_mentions(text, grammar)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DM-01.6", "DM-01.6/id"),
        ("dm-01-6", "DM-01.6/id"),
        ("DM-01-6", "DM-01.6/id"),
        ("dm_01_6", "DM-01.6/id"),
        ("DM-1.6", "DM-01.6/id"),
        ("story-dm-01-6", "DM-01.6/id"),
        ("Story DM-01.6: route", "DM-01.6/id"),
        ("Story: KB-04.1", "KB-04.1/id"),
        ("PM-04-6", "PM-04.6/id"),
        ("see DM-01.6.", "DM-01.6/id"),
        ("feat(dm-01.6): route", "DM-01.6/scope"),
        ("Feat(dm-11.15): route", "DM-11.15/scope"),
        ("feat(story-PM-09.6): view", "PM-09.6/scope"),
        ("feat(story-11.9)!: view", "11.9/scope"),
        ("feat(Story 01.6): view", "1.6/scope"),
        ("Add the view (DM-09.8)", "DM-09.8/scope"),
        ("Add the view [Story 1.2]", "1.2/scope"),
        ("Story 01.6", "1.6/word"),
        ("Story 04-1", "4.1/word"),
        ("Story: 07-6", "7.6/word"),
        ("story 15.18a is done", "15.18a/word"),
        ("Closes story_2_7", "2.7/word"),
        ("Story 5: show it", "5/word"),
        ("Epic 15", "15/word"),
        ("epic-04", "4/word"),
        ("EPIC-04: name", "4/word"),
        ("DM-01", "DM-01/id"),
        ("EPIC-KB-02: name", "KB-02/id"),
        ("epic/dm-01-web-frontend", "DM-01/id"),
        ("ZOOKEEPER-4767: fix", "ZOOKEEPER-4767/id"),
        ("zookeeper-4767", "ZOOKEEPER-4767/id"),
        ("https://tracker.example/browse/ZOOKEEPER-4767", "ZOOKEEPER-4767/id"),
    ],
)
def test_one_id_in_any_spelling(text: str, expected: str) -> None:
    assert read(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dm-01-6-routing-settings", ["DM-01.6/id"]),
        ("Merge pull request #40 from owner/dm-01-6-routing", ["DM-01.6/id"]),
        ("docs/modules/x/stories/dm-01-6-routing.md", ["DM-01.6/id"]),
        ("tests/test_dm_02_8_routing.py", ["DM-02.8/id"]),
        ("story/04-12-bridge", ["4.12/word"]),
        ("docs/stories/14-1-limits.md", ["14.1/word"]),
        ("docs/stories/07-3.md", ["7.3/word"]),
        ("- docs/stories/16-7-*.md, 16-8-*.md", ["16.7/word", "16.8/bare"]),
        ("epic/06-names", ["6/word"]),
        ("epic-15-16-audit", ["15/word"]),
        ("feature/04-12-bridge", ["4.12/bare"]),
        ("04-12-bridge", ["4.12/bare"]),
        ("Merge branch '04-12-bridge' into main", ["4.12/bare"]),
        ("dm-01-6-8", ["DM-01.6/id"]),
        ("dm-01-2fa-login", ["DM-01/id"]),
        ("dm-09-2025-12-30", ["DM-09/id"]),
        ("apps/web/2-3-columns.tsx", []),
    ],
)
def test_paths_and_branches(text: str, expected: list[str]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "DM-01.6-8",
        "DM-01.6–8",
        "DM-01.6..DM-01.8",
        "DM-01.6..8",
        "DM-01.6 to DM-01.8",
        "DM-01.6 through DM-01.8",
        "DM-01.6 - DM-01.8",
        "DM-01.6-DM-01.8",
        "dm-01-6..dm-01-8",
        "DM-01.6 to 01.8",
    ],
)
def test_a_range_names_its_members(text: str) -> None:
    mentions = find_mentions(f"chore: plan {text}.", KNOWN)
    assert [m.key for m in mentions] == [StoryKey("DM", (1, n)) for n in (6, 7, 8)]
    assert {(m.form, m.text, m.start) for m in mentions} == {("range", text, 12)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DM-11.13-15", ["DM-11.13/range", "DM-11.14/range", "DM-11.15/range"]),
        ("Epic 12-14", ["12/range", "13/range", "14/range"]),
        ("Epics (DM-01 through DM-03)", ["DM-01/range", "DM-02/range", "DM-03/range"]),
        ("stories 14-1 through 14-3", ["14.1/range", "14.2/range", "14.3/range"]),
        ("Stories 15.1-15.2", ["15.1/range", "15.2/range"]),
        ("(14-7 through 14-8 of the backlog)", ["14.7/range", "14.8/range"]),
        ("ZOOKEEPER-1..ZOOKEEPER-2", ["ZOOKEEPER-01/range", "ZOOKEEPER-02/range"]),
        ("DM-01.6-8 and 10", ["DM-01.6/range", "DM-01.7/range", "DM-01.8/range", "DM-01.10/list"]),
        ("stories 15.1 and 15.2", ["15.1/word", "15.2/list"]),
        ("DM-01.6, 7 and 8", ["DM-01.6/id", "DM-01.7/list", "DM-01.8/list"]),
        ("DM-01.6/7", ["DM-01.6/id", "DM-01.7/list"]),
        ("DM-01.6, DM-01.7", ["DM-01.6/id", "DM-01.7/id"]),
        ("EPIC-12/13/14 done", ["12/word", "13/list", "14/list"]),
        ("feat(story-16-7,16-8): forms", ["16.7/scope", "16.8/list"]),
        # no ranges and no lists
        ("DM-01.1-99", ["DM-01.1/id"]),
        ("DM-01.8-6", ["DM-01.8/id"]),
        ("DM-01.6 to DM-02.3", ["DM-01.6/id", "DM-02.3/id"]),
        ("DM-01.6 to 8 workers", ["DM-01.6/id"]),
        ("DM-01.6 - 8 points", ["DM-01.6/id"]),
        ("DM-01.6, 7 files changed", ["DM-01.6/id"]),
        ("DM-12.1, 3.5 hours", ["DM-12.1/id"]),
        ("DM-01 and 3 others", ["DM-01/id"]),
        ("Stories 1-5", []),
    ],
)
def test_ranges_and_lists(text: str, expected: list[str]) -> None:
    assert read(text) == expected


def test_a_range_of_too_many_members_is_none() -> None:
    assert len(read(f"DM-01.1-{MAX_RANGE}")) == MAX_RANGE
    assert read(f"DM-01.1-{MAX_RANGE + 1}") == ["DM-01.1/id"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("11-9: show it", ["11.9/bare"]),
        ("1.2 add it", ["1.2/bare"]),
        ("feat(06.1): show it", ["6.1/bare"]),
        ("Show it (11-9)", ["11.9/bare"]),
        ("Plan\n\n- 16.29: first\n- 16.30: second", ["16.29/bare", "16.30/bare"]),
        ("docs: story context for 16-25", ["16.25/bare"]),
        ("up to v1.2", []),
        ("v1.2: release", []),
        ("1.2.3: release", []),
        ("2.0: release", []),
        ("0.5: release", []),
        ("Next.js 15.1 and node 20.1", []),
        ("2025-12-30: minutes", []),
        ("2025-12: minutes", []),
        ("12-30-2025: minutes", []),
        ("Faster by 1.2% at 10:30", []),
        ("1.5x faster", []),
        ("2.5 hours later", []),
        ("marked (9.5/10)", []),
        ("widths (768-1024px), (10-15 files), (0.25-24h)", []),
        ("lines 10-15 of it", []),
    ],
)
def test_numbers_alone_need_a_place(text: str, expected: list[str]) -> None:
    assert read(text) == expected


def test_numbers_alone_are_nothing_where_every_story_has_a_prefix() -> None:
    assert read("11-9: show it", Grammar(prefixes=("DM",), bare=False)) == []


@pytest.mark.parametrize(
    "text",
    [
        "TD-09 and TD-DM09-11",
        "CR-12, ADR-3, ADR-013.2, AC-2.1, FR-7.1",
        "PM-04-TEST-1",
        "CVE-2024-1234, RFC-2119, ISO-8601",
        "UTF-8, SHA-256, AES-256-GCM, HTTP-2, GPT-4, gpt-4o",
        "mt-2 p-4 text-2xl grid-cols-2 w-1-2 -my-1",
        "10.0.0.1 and 192.168.0.12-15",
        "2024-01-02-notes.md",
        "deadbeef12-3, 0badc0de",
        "https://github.com/o/r/pull/40, https://x.example/a/1.2/b",
        "DM-01.6.2",
        "Stories: 23 stories, 82 points; 5 story points; story 5 points; epic 2 of 3",
        "history 5, backstory 1.2",
        "Next.js-15.1, python-3.11, foo@1.2",
    ],
)
@pytest.mark.parametrize("grammar", [KNOWN, UNKNOWN], ids=["known", "unknown"])
def test_what_is_no_story(text: str, grammar: Grammar) -> None:
    assert read(text, grammar) == []


@pytest.mark.parametrize("text", ["ZOOKEEPER-3.5.6 and ZOOKEEPER-3.5", "XDM-01.6, DMX-01.6", "AB-1.2", "TEST-DM-01.6"])
def test_what_is_no_story_once_the_prefixes_are_known(text: str) -> None:
    assert read(text) == []


def test_a_longer_number_is_another_story() -> None:
    assert read("DM-01.10, DM-01.1") == ["DM-01.10/id", "DM-01.1/id"]
    assert read("kb-04-1 kb-04-10") == ["KB-04.1/id", "KB-04.10/id"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AB-1.2", ["AB-01.2/id"]),
        ("AB-12", []),
        ("fix(AB-12): it", ["AB-12/scope"]),
        ("feat(ab-1.2): it", ["AB-01.2/scope"]),
        ("story-ab-1-2", ["AB-01.2/id"]),
        ("docs/stories/ab-1-2-name.md", ["AB-01.2/id"]),
        ("ab-1-2-name", ["AB-01.2/id"]),
        ("it is ab-1-2 there", []),
        ("Story AB-12", ["AB-12/id"]),
    ],
)
def test_a_prefix_nobody_knows_needs_the_look_or_the_place(text: str, expected: list[str]) -> None:
    assert read(text, UNKNOWN) == expected


def test_a_declared_prefix_wins_over_the_common_ones_and_an_ignored_one_over_all() -> None:
    assert read("TD-09.1", Grammar(prefixes=("TD",))) == ["TD-09.1/id"]
    assert read("TD-09.1 DM-01.6", Grammar(prefixes=("TD", "DM"), not_stories=("TD",))) == ["DM-01.6/id"]
    assert read("dm-99-1 DM-98.1-2", Grammar(prefixes=("DM",), not_stories=("DM-99*", "DM-98.2"))) == ["DM-98.1/range"]


def test_a_prefix_of_two_words() -> None:
    assert read("BM-CRM-1.2", Grammar(prefixes=("BM-CRM",))) == ["BM-CRM-01.2/id"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fixes #123", ["#123/issue"]),
        ("(#7)", ["#7/issue"]),
        ("Merge pull request #40 from owner/branch", []),
        ("see PR #40", []),
        ("other/repo#12 page#3 &#39; #12ab #0123", []),
    ],
)
def test_issues_count_only_where_they_are_stories(text: str, expected: list[str]) -> None:
    assert read(text, Grammar(issues=True)) == expected
    assert read(text, Grammar()) == []


def test_places_are_offsets_into_the_text() -> None:
    text = "feat(story-dm-01-6): a\n\nStory 04-1, and DM-02.5 to DM-02.6 é DM-03.1"
    for mention in find_mentions(text, KNOWN):
        assert text[mention.start : mention.end] == mention.text
    assert [m.text for m in find_mentions(text, KNOWN)][:2] == ["dm-01-6", "Story 04-1"]


SPELLINGS = st.sampled_from(
    ["DM-{e:02}.{s}", "dm-{e:02}-{s}", "DM-{e}-{s}", "story-dm-{e}-{s}", "feat(dm-{e}.{s}):", "(DM-{e}.{s})"]
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SPELLINGS, st.integers(0, 99), st.integers(1, 120), st.sampled_from(["", "x ", "\n", "see ", "“"]))
def test_a_spelled_id_is_found_whatever_stands_before_it(spelling: str, epic: int, story: int, before: str) -> None:
    mentions = find_mentions(before + spelling.format(e=epic, s=story), KNOWN)
    assert [m.key for m in mentions] == [StoryKey("DM", (epic, story))]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="DMdm019.-_ #/(),:[]toand\nstory–…%é²", max_size=60))
def test_any_text_is_read(text: str) -> None:
    for grammar in (KNOWN, UNKNOWN, Grammar(issues=True)):
        mentions = find_mentions(text, grammar)
        assert list(mentions) == sorted(mentions, key=lambda m: (m.start, m.key))
        for mention in mentions:
            assert text[mention.start : mention.end] == mention.text
            assert re.search(r"[0-9]", mention.text)


@pytest.mark.parametrize(
    "unit",
    [
        "DM-1.1-50 ",
        "DM-1,",
        "DM-01.6, 7 and 8, ",
        "1-",
        "(1",
        "story 1 ",
        "A-1",
        "dm-01-6-",
        "stories/1-2-",
        "(DM-1.1, ",
        "1",
        "a-",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-1-",
        " 1-2-" + "a" * 50 + "-",
        "#1 ",
        "é1.2٣ ",
    ],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    text = unit * (5_000_000 // len(unit))
    begin = time.process_time()
    find_mentions(text, KNOWN)
    assert time.process_time() - begin < 1


def test_ordinary_messages_are_fast() -> None:
    message = (
        "feat(story-dm-02-5): add the gateway\n\n- 12 files, 3 of them new\n- support for version 2.9 of it\n"
        "- closes TD-10, see docs/stories/dm-02-5-gateway.md\n\nStory: DM-02.5 | Points: 8\n"
    )
    begin = time.process_time()
    for _ in range(5_000):
        find_mentions(message, KNOWN)
    assert time.process_time() - begin < 1  # 0.25 s on a machine with nothing else to do
