"""What was left for later, told apart from wishes, denials and what was mended."""

from __future__ import annotations

import pytest

from kbgen.model import EpicDocument, Fact, Section, StoryKey
from kbgen.notes.deferred import find_deferred
from tests.notes.words import link, story

TITLE = Section(1, "Story AB-1.2: Relay", 1, "")


def defer(*sections: Section) -> list[str]:
    return [deferred.text for deferred in find_deferred(story(TITLE, *sections), (), (), ())]


def defer_comment(value: str, **attrs: str) -> list[str]:
    fact = Fact("comment", "comment", "src/relay.ts", 3, value, "open", "", tuple(attrs.items()))
    return [deferred.text for deferred in find_deferred(story(), (), (), (fact,))]


@pytest.mark.parametrize(
    "line",
    [
        "Note: queue storage deferred to follow-up story (requires an endpoint)",
        "Criteria: 5/7 met, 2 deferred (queue)",
        "- Push channel deferred to AB-1.6",
        "- Wiring of the header button postponed",
        "- The real relay will be added in AB-1.5",
        "- Rate limits are not implemented yet",
    ],
)
def test_a_message_defers(line: str) -> None:
    (found,) = find_deferred(story(), (link(f"Add relay\n\n{line}"),), (), ())
    assert found.text == line.removeprefix("- ")
    assert found.source == "commit aaaaaaaaaaaa"


@pytest.mark.parametrize(
    "line",
    [
        "- No deferred items remain",
        "- Fix the deferred items from review",
        "- Resolves AB-7: button not wired",
        "- Deferred loading of the relay module",
        "- Add a Deferred<Relay> helper",
        "- Hide the badge when the relay is not implemented by the host",
        "- Add relay page",
    ],
)
def test_a_message_that_defers_nothing(line: str) -> None:
    assert find_deferred(story(), (link(f"Add relay\n\n{line}"),), (), ()) == ()


def test_a_record_defers_with_its_reasons() -> None:
    text = "This was deferred because:\n1. No endpoint exists\n2. Polling is enough"
    assert defer(Section(2, "Implementation Notes", 5, text)) == [
        "This was deferred because: No endpoint exists; Polling is enough"
    ]


def test_a_wish_list_of_the_plan_is_no_deferral_unless_an_item_says_so() -> None:
    wishes = "- Load balancing between relays\n- Periodic cleanup of old relays (future story)"
    assert defer(Section(2, "Future Enhancements", 5, wishes)) == ["Periodic cleanup of old relays (future story)"]


def test_an_unticked_criterion_marked_deferred_counts() -> None:
    status = "- [x] AC1: relay opens\n- [ ] AC2: queue storage (deferred - later release)"
    assert defer(Section(2, "Acceptance Criteria Status", 5, status)) == [
        "AC2: queue storage (deferred - later release)"
    ]
    assert defer(Section(2, "Acceptance Criteria", 5, "- [ ] AC2: will be replaced by the relay")) == []


def test_a_heading_defers_what_stands_under_it_in_a_record() -> None:
    record = Section(2, "Implementation Notes", 5, "")
    assert defer(record, Section(3, "Deferred Items", 6, "Alerting on a full queue needs a channel first.")) == [
        "Alerting on a full queue needs a channel first."
    ]


@pytest.mark.parametrize(
    ("comment", "shown"),
    [
        ("TODO: Replace with the actual call", "Replace with the actual call"),
        (
            "Mock fetch for relays (will be replaced with real API)",
            "Mock fetch for relays (will be replaced with real API)",
        ),
        ("For now, this clears the error state", "For now, this clears the error state"),
        ("In production, this would ask the database", "In production, this would ask the database"),
    ],
)
def test_a_comment_defers(comment: str, shown: str) -> None:
    marker = {"marker": "TODO"} if comment.startswith("TODO") else {}
    assert defer_comment(comment, **marker) == [shown]


@pytest.mark.parametrize(
    "comment",
    ["Only show when not connected", "Called when a delayed job is ready to run", "Add a placeholder for the answer"],
)
def test_a_comment_that_describes_defers_nothing(comment: str) -> None:
    assert defer_comment(comment) == []


def test_a_retrospective_defers_what_it_names_of_this_story() -> None:
    sections = (
        Section(1, "Retrospective AB-1", 1, ""),
        Section(2, "Scope", 2, "- Queue storage of AB-1.2 was deferred to AB-2.\n- Caching of AB-1.3 was deferred."),
    )
    epic = EpicDocument(StoryKey("AB", (1,)), "retrospective", "docs/retro.md", "c" * 40, sections)
    (found,) = find_deferred(story(), (), (epic,), ())
    assert found.text == "Queue storage of AB-1.2 was deferred to AB-2."
    assert found.evidence.path == "docs/retro.md"


def test_the_same_thing_is_said_once_and_different_things_apart() -> None:
    message = link("Add\n\nQueue storage deferred to a follow-up story")
    notes = Section(
        2, "Notes", 5, "- Storage in the queue deferred to a future story\n- Export deferred to a future story"
    )
    assert [d.text for d in find_deferred(story(TITLE, notes), (message,), (), ())] == [
        "Queue storage deferred to a follow-up story",
        "Export deferred to a future story",
    ]


def test_the_limit_holds() -> None:
    body = "\n".join(f"- Part{n} of thing{n} deferred to AB-{n}.1" for n in range(30))
    assert len(find_deferred(story(), (link(f"Add\n\n{body}"),), (), (), limit=4)) == 4
