"""Which keys a message names, and which of them it says it works on."""

from __future__ import annotations

import pytest

from kbgen.ids import Grammar, parse_id
from kbgen.links import Naming, read_message, read_naming
from kbgen.model import StoryKey
from tests.links.doubles import GRAMMAR


def name(text: str, grammar: Grammar = GRAMMAR, known: tuple[StoryKey, ...] = ()) -> Naming:
    return read_naming(read_message(text), grammar, frozenset(known))


def key(spelled: str) -> StoryKey:
    found = parse_id(spelled, GRAMMAR)
    assert found is not None
    return found


def keys(spelled: str) -> set[StoryKey]:
    return {key(part) for part in spelled.split()}


@pytest.mark.parametrize(
    ("text", "claimed", "mentioned"),
    [
        ("feat(dm-01.6): routing", "DM-01.6", ""),
        ("feat(story-dm-01-6): routing", "DM-01.6", ""),
        ("Story DM-01.6: routing", "DM-01.6", ""),
        ("Add routing (DM-01-6)", "DM-01.6", ""),
        ("Add routing [DM-01.6]", "DM-01.6", ""),
        ("feat(dm-01.6): routing, prepares DM-01.7", "DM-01.6", "DM-01.7"),
        ("feat(api): routing (DM-01.6), prepares DM-01.7", "DM-01.6 DM-01.7", ""),
        ("feat: DM-01.6-8 routing", "DM-01.6 DM-01.7 DM-01.8", ""),
        ("feat: DM-02.5 to DM-02.7", "DM-02.5 DM-02.6 DM-02.7", ""),
        ("feat(dm-01.6, dm-01.7): routing", "DM-01.6 DM-01.7", ""),
        ("feat: stories 15.1 and 15.2", "15.1 15.2", ""),
        ("feat(story-16-7,16-8): forms", "16.7 16.8", ""),
        ("feat: routing\n\nFollows DM-01.6.", "", "DM-01.6"),
        ("feat(dm-01.6): routing\n\nDM-01.6 again", "DM-01.6", ""),
        ("feat(auth): schema, mark Story 14-18 as done", "", "14.18"),
        ("feat(auth): schema (DM-01.2), closes story DM-01.6", "DM-01.2", "DM-01.6"),
        ("feat(dm-01.10): x", "DM-01.10", ""),
        ("feat: routing\n\n- DM-01.6: routes\n- DM-01.7: status", "", "DM-01.6 DM-01.7"),
        ("chore: TD-09 and PM-04-TEST-1", "", ""),
    ],
)
def test_what_a_message_claims_and_what_it_only_mentions(text: str, claimed: str, mentioned: str) -> None:
    naming = name(text)
    assert {k for k, _ in naming.claimed} == keys(claimed)
    assert {k for k, _ in naming.mentioned} == keys(mentioned)


@pytest.mark.parametrize(
    ("trailer", "claimed"),
    [
        ("Story: DM-02.7", "DM-02.7"),
        ("story: dm-02-7, dm-02-8", "DM-02.7 DM-02.8"),
        ("Implements: DM-02.7", "DM-02.7"),
        ("Closes: DM-02.7", "DM-02.7"),
        ("Story: docs/stories/dm-02-7-the-key.md", "DM-02.7"),
        ("Story: docs/stories/dm-02-7-second-10-2-rule.md", "DM-02.7"),
        ("Story: docs/epics/epic-dm-02.md", ""),
        ("Story: docs/epics/epic-dm-02-gates.md#DM-02.7", ""),
        ("Epic: DM-02", ""),
        ("Refs: DM-02.7", ""),
    ],
)
def test_a_trailer_declares_the_work(trailer: str, claimed: str) -> None:
    assert {k for k, _ in name(f"feat: the key\n\nSome words.\n\n{trailer}").claimed} == keys(claimed)


def test_a_trailer_that_names_an_epics_file_is_no_claim_of_a_story_of_that_number() -> None:
    naming = name("feat: x\n\nStory: docs/epics/epic-2-5-keys.md")
    assert naming.claimed == ()


@pytest.mark.parametrize(
    ("body", "claimed"),
    [
        ("Words.\n\nStory 15-17", "15.17"),
        ("Words.\n\nStory DM-02.7", "DM-02.7"),
        ("DM-02.7", "DM-02.7"),
        ("Words.\n\n(DM-02.7)", "DM-02.7"),
        ("Words.\n\nStory 15-17\nStory 15-18", ""),
        ("Story DM-02.7\n\nWords after it.", "DM-02.7"),
        ("Words.\n\nDM-02.7 and words\n\nMore.", ""),
        ("- Story 15-17", ""),
        ("Before:\n\n    Story 15-17", ""),
        ("Story 15-17 comes next", ""),
    ],
)
def test_a_line_that_holds_one_name_and_nothing_else_is_a_signature(body: str, claimed: str) -> None:
    assert {k for k, _ in name(f"feat(approval): avatars\n\n{body}").claimed} == keys(claimed)


def test_a_signature_does_not_outdo_the_subject() -> None:
    naming = name("feat(dm-01.6): routing\n\nDM-01.7")
    assert [k for k, _ in naming.claimed] == [key("DM-01.6")]
    assert [k for k, _ in naming.mentioned] == [key("DM-01.7")]


def test_the_words_say_where_the_name_stands_and_how_it_is_spelled() -> None:
    naming = name("feat(dm-01-6): x, after DM-01.5\n\nStory: DM-01.7\n\nSee story-dm-01-8.")
    assert dict(naming.claimed) == {
        key("DM-01.6"): "the scope names it: dm-01-6",
        key("DM-01.7"): "a trailer names it: story: DM-01.7",
    }
    assert dict(naming.mentioned) == {
        key("DM-01.5"): "the subject mentions it: DM-01.5",
        key("DM-01.8"): "the body mentions it: dm-01-8",
    }


@pytest.mark.parametrize("text", ["feat(dm-01): x", "Epic DM-01: x", "feat: x\n\nPart of DM-01"])
def test_an_epic_is_no_story(text: str) -> None:
    naming = name(text)
    assert naming.epics == (StoryKey("DM", (1,)),)
    assert naming.claimed == naming.mentioned == ()


def test_one_number_is_a_story_when_the_repository_has_it() -> None:
    one = StoryKey("DM", (1,))
    assert [k for k, _ in name("feat(dm-01): x", known=(one,)).claimed] == [one]


def test_tracker_keys_need_no_story_file() -> None:
    tracker = Grammar(trackers=("ZOOKEEPER",), bare=False)
    naming = name("ZOOKEEPER-4767: Quantiles\n\nSee ZOOKEEPER-1.", tracker)
    assert [k for k, _ in naming.claimed] == [StoryKey("ZOOKEEPER", (4767,))]
    assert [k for k, _ in naming.mentioned] == [StoryKey("ZOOKEEPER", (1,))]


def test_issue_numbers_count_when_the_repository_says_so() -> None:
    text = "Fix the gate (#123)\n\nRefs #124"
    assert name(text).claimed == ()
    naming = name(text, Grammar(issues=True))
    assert [k for k, _ in naming.claimed] == [StoryKey("#", (123,))]
    assert [k for k, _ in naming.mentioned] == [StoryKey("#", (124,))]
