"""Which sentences are decisions: the cues that make one, the places and words that unmake one, order and share."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.model import Decision, EpicDocument, Fact, Section, StoryKey
from kbgen.notes.decisions import find_decisions
from kbgen.notes.sentences import TEXT_LIMIT
from tests.notes.words import link, story


def decide(*sections: Section) -> list[str]:
    head = Section(1, "Story AB-1.2: Relay", 1, "")
    return [decision.text for decision in find_decisions(story(head, *sections), (), (), ())]


def decide_message(body: str, role: str = "implements") -> list[str]:
    return [d.text for d in find_decisions(story(), (link(f"Add relay\n\n{body}", role),), (), ())]  # type: ignore[arg-type]


def decide_comment(value: str, **attrs: str) -> list[str]:
    fact = Fact("comment", "comment", "src/relay.ts", 3, value, "open", "", tuple(attrs.items()))
    return [decision.text for decision in find_decisions(story(), (), (), (fact,))]


@pytest.mark.parametrize(
    "bullet",
    [
        "Keep one socket per tenant because the gateway drops the second",
        "Poll the queue instead of holding a connection open",
        "Lookup order: explicit hint > tenant setting > global default",
        "Retry limit per workspace (default 85/60)",
        "Create the quota hook with mock API",
        "Modes: automatic, cheapest, fastest, manual",
        "Parallel calls using asyncio.gather",
        "LIMITS constants with keyword sets and pattern definitions",
        "Reuses the existing RelayCard from the shared components",
        "Error states are excluded from what is stored",
        "Only the owner may close a relay; admins cannot",
        "Queue storage deferred to a follow-up story (needs an endpoint)",
    ],
)
def test_a_message_bullet_with_a_choice_is_a_decision(bullet: str) -> None:
    assert decide_message(f"- {bullet}\n") == [bullet]


@pytest.mark.parametrize(
    "line",
    [
        "- Add relay page",
        "- Add comprehensive unit tests (28 tests passing)",
        "- Fix stale tenant",
        "- Excellent separation of concerns",
        "Code Review: APPROVED",
        "Acceptance Criteria: All 7 met, defaults always used",
        "Story: docs/stories/ab-1-2.md",
        "Co-authored-by: Default Pattern <must@example.org>",
        "Files Created:\n- src/relay.ts (always uses the default pattern)",
    ],
)
def test_a_message_line_without_a_choice_is_none(line: str) -> None:
    assert decide_message(line) == []


def test_a_subject_counts_only_with_its_reason() -> None:
    assert find_decisions(story(), (link("Use defaults for the relay pattern"),), (), ()) == ()
    (found,) = find_decisions(story(), (link("Poll the queue instead of pushing to avoid lost events"),), (), ())
    assert found.text == "Poll the queue instead of pushing to avoid lost events"


def test_a_fix_counts_when_it_says_how() -> None:
    assert decide_message("- Fix mutation of the shared list by deep copying instead", "follow-up")
    assert not decide_message("- Fix default pattern", "follow-up")


def test_planning_commits_decide_nothing() -> None:
    assert decide_message("- Poll instead of push because it is simpler", "mentions") == []


def test_under_a_heading_of_decisions_an_item_needs_no_cue() -> None:
    notes = Section(2, "Implementation Notes", 5, "")
    decisions = Section(3, "Key Design Decisions", 6, "1. **Relay thread**: one for each tenant of the gateway")
    other = Section(3, "Relay", 6, "1. **Relay thread**: one for each tenant of the gateway")
    assert decide(notes, decisions) == ["Relay thread: one for each tenant of the gateway"]
    assert decide(notes, other) == []


def test_technical_notes_of_finished_work_are_trusted_and_those_of_a_plan_are_not() -> None:
    items = "- Closing a relay in a handler clears the buffer and logs"
    assert decide(Section(2, "Implementation Notes", 5, ""), Section(3, "Technical Notes", 6, items))
    assert not decide(Section(2, "Technical Notes", 6, items))


@pytest.mark.parametrize(
    "heading",
    [
        "Acceptance Criteria",
        "Testing Strategy",
        "Tasks / Subtasks",
        "Definition of Done",
        "Files to Create",
        "References",
    ],
)
def test_sections_that_list_work_decide_nothing(heading: str) -> None:
    sentence = "- Poll the queue instead of pushing because the gateway must never wait"
    assert decide(Section(2, heading, 5, sentence)) == []
    assert decide(Section(2, "Technical Notes", 5, sentence)) == [sentence[2:]]


def test_a_title_that_sounds_like_such_a_section_excludes_nothing() -> None:
    title = Section(1, "Story AB-1.2: Testing tasks and acceptance criteria", 1, "")
    notes = Section(2, "Notes", 3, "- Poll the queue instead of pushing because it is simpler.")
    assert find_decisions(story(title, notes), (), (), ())


@pytest.mark.parametrize(
    "sentence",
    [
        "Excellent choice of patterns, production-ready.",
        "As a user, I want defaults so that I must not choose.",
        "AC3: Defaults must always be used instead.",
        "Should we use the default because it is simpler?",
        "All 12 tests pass because the mock is used.",
        "See https://example.org/because-of-defaults",
    ],
)
def test_praise_stories_criteria_and_questions_are_no_decisions(sentence: str) -> None:
    assert decide(Section(2, "Notes", 5, sentence)) == []


def test_a_reason_given_as_a_list_is_quoted_with_its_lead() -> None:
    text = "The plan asked for a queue. This was deferred because:\n1. No endpoint exists\n2. Polling is enough"
    (found,) = decide(Section(2, "Implementation Notes", 5, text))
    assert found == ("The plan asked for a queue. This was deferred because: No endpoint exists; Polling is enough")


def test_what_the_record_defers_is_no_decision_of_the_plan() -> None:
    plan = Section(2, "Design Decisions", 5, "1. **Relay state**: Redis is the authoritative source, always first")
    assert decide(plan)
    head = Section(1, "Story AB-1.2", 1, "")
    message = link("Add relay\n\nNote: storage in Redis deferred to a later story (needs an endpoint)")
    texts = [d.text for d in find_decisions(story(head, plan), (message,), (), ())]
    assert texts == ["Note: storage in Redis deferred to a later story (needs an endpoint)"]


@pytest.mark.parametrize(
    "comment",
    [
        "Deep copy to avoid mutating the original list",
        "Only show the tenant if it still exists and is enabled",
        "Import here to avoid a circular dependency",
        "Weight multi-word matches higher",
        "We handle reconnection manually for custom backoff",
        "Don't throw - the relay must go on",
    ],
)
def test_a_comment_with_a_reason_is_a_decision(comment: str) -> None:
    assert decide_comment(comment) == [comment]


@pytest.mark.parametrize(
    "comment",
    [
        "Return the result to the caller",
        "Interval in milliseconds (default: 1000)",
        "Default number of rows",
        "Gets the relay by its name using RelayStore",
        "const a = b because(c);",
        "Cached for 30 seconds",
        "TODO: use the real API instead of the mock",
    ],
)
def test_a_comment_that_describes_is_none(comment: str) -> None:
    marker = {"marker": "TODO"} if comment.startswith("TODO") else {}
    assert decide_comment(comment, **marker) == []


def test_a_trailing_comment_is_shown_with_its_code() -> None:
    (found,) = find_decisions(
        story(), (), (), (Fact("comment", "", "a.py", 4, "Weight longer words higher", attrs=(("code", "n += 2"),)),)
    )
    assert found.text == "n += 2 # Weight longer words higher"
    assert found.evidence.quote == "Weight longer words higher"
    assert found.evidence.line == 4


def test_an_epic_document_decides_only_where_it_names_the_story() -> None:
    sections = (
        Section(1, "Epic AB-1", 1, ""),
        Section(2, "Scope changes", 2, "- AB-1.2 was intentionally cut: polling instead of push because of time."),
        Section(2, "Other", 4, "- Nothing named: polling instead of push because of time."),
    )
    epic = EpicDocument(StoryKey("AB", (1,)), "retrospective", "docs/retro.md", "c" * 40, sections)
    (found,) = find_decisions(story(), (), (epic,), ())
    assert found.source == "docs/retro.md (Scope changes)"


def test_the_same_thing_said_twice_is_shown_once_the_surer_first() -> None:
    message = link("Add\n\n- Poll the queue instead of pushing because of the gateway")
    section = Section(2, "Notes", 3, "- Poll the queue instead of pushing because of the gateway.")
    found = find_decisions(story(section), (message,), (), ())
    assert [d.source for d in found] == ["commit aaaaaaaaaaaa"]


def test_comments_take_no_more_than_their_share_and_the_limit_holds() -> None:
    facts = tuple(
        Fact("comment", "", f"src/f{n}.py", n + 1, f"Keep handle{n} and part{n} open to avoid reload{n}")
        for n in range(30)
    )
    assert len(find_decisions(story(), (), (), facts)) == 6
    assert len(find_decisions(story(), (), (), facts, limit=2)) == 2


def test_long_words_are_cut_and_evidence_keeps_the_quote() -> None:
    long = "Poll the queue instead of pushing because " + "the gateway waits for it " * 40
    (found,) = find_decisions(story(), (link(f"Add\n\n- {long}"),), (), ())
    assert len(found.text) <= TEXT_LIMIT
    assert found.text.endswith(" …")
    assert found.evidence.quote == long.strip()


def test_the_order_of_comments_given_changes_nothing() -> None:
    facts = [Fact("comment", "", f"src/{n}.py", n, f"Keep item{n} to avoid loss{n} of it") for n in range(9)]
    expected = find_decisions(story(), (), (), facts)
    random.Random(3).shuffle(facts)
    assert find_decisions(story(), (), (), facts) == expected


def test_nothing_written_is_nothing_decided() -> None:
    assert find_decisions(story(), (), (), ()) == ()


@pytest.mark.parametrize(
    "unit", ["because we use the default ", " ", "- because a:\n", "(", "a > ", "<!--", "**", "; ", "x\n"]
)
def test_a_huge_message_is_read_in_bounded_time(unit: str) -> None:
    message = "Subject\n\n" + unit * (5_000_000 // len(unit))
    started = time.process_time()
    find_decisions(story(), (link(message),), (), ())
    assert time.process_time() - started < 2.5


@given(st.lists(st.text(alphabet="abc because:-*\n", max_size=80), max_size=6))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_every_decision_is_bounded_and_scored(texts: list[str]) -> None:
    found: tuple[Decision, ...] = find_decisions(story(Section(2, "Notes", 1, "\n\n".join(texts))), (), (), ())
    assert all(0 < d.score <= 1 and len(d.text) <= TEXT_LIMIT and d.evidence.quote for d in found)
