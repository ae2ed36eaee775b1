"""What a message says of its own nature."""

from __future__ import annotations

import time

import pytest

from kbgen.links import read_message


@pytest.mark.parametrize(
    ("subject", "kind", "scope"),
    [
        ("feat(dm-01.6): routing", "feat", "dm-01.6"),
        ("Feat(DM-01.6)!: routing", "feat", "DM-01.6"),
        ("feature: routing", "feat", ""),
        ("Bugfix: routing", "fix", ""),
        ("hotfix(gate): routing", "fix", "gate"),
        ("doc: routing", "docs", ""),
        ("tests(gate): cases", "test", "gate"),
        ("wip(dm-01.6): routing", "wip", "dm-01.6"),
        ("DM-01.6: routing", "", ""),
        ("Note: routing", "", ""),
        ("Add routing", "", ""),
        ("feat:routing", "", ""),
        ("", "", ""),
    ],
)
def test_type_and_scope_of_a_header(subject: str, kind: str, scope: str) -> None:
    message = read_message(subject)
    assert (message.type, message.scope) == (kind, scope)
    if scope:
        assert subject[message.scope_start :].startswith(scope)
    else:
        assert message.scope_start == -1


@pytest.mark.parametrize(
    "text",
    [
        "fix: address review feedback",
        "Fix: Apply critical fixes from AI reviews",
        "Address additional CodeRabbit review feedback",
        "refactor(gate): apply review findings",
        "chore: address code review fixes",
        "feat: add remaining code review improvements",
        "Feat(epic-08): Implement code review recommendations",
        "Feat(gate): quality improvements from review",
        "feat(pm-09): address advanced views review feedback",
        "Fix: address retrospective recommendations",
        "fix(pm): resolve retro action items",
        "Apply suggestions from code review",
        "fix: nits",
        "test: cover what the reviewer asked for",
        "fix: tighten the gate\n\nAddresses review comments on the first round.",
        "test: more cases\n\nAsked for in review.",
    ],
)
def test_a_commit_that_answers_a_review(text: str) -> None:
    message = read_message(text)
    assert message.answers_review
    assert not message.is_feature


@pytest.mark.parametrize(
    "text",
    [
        "feat(dm-01.6): routing",
        "feat(shop): product reviews",
        "feat: add a feedback widget",
        "feat(dm-04.2): follow-up reminders",
        "feat: the review queue of the depot",
        "feat(dm-02.1): the gate\n\nThe story is in review.",
        "feat(dm-02.1): harden the gate",
        "feat(dm-02.1): the gate\n\nReady for code review.",
    ],
)
def test_a_feature_may_be_about_reviews(text: str) -> None:
    message = read_message(text)
    assert message.is_feature
    assert not message.answers_review


@pytest.mark.parametrize(
    ("text", "follows"),
    [
        ("fix: harden the gate", True),
        ("Harden the gate", True),
        ("chore(kb): hardening of the gate", True),
        ("fix: the gate", True),
        ("chore: address code review fixes", True),
        ("feat(dm-02.1): harden the gate", False),
        ("feat: the gate", False),
        ("refactor: the gate", False),
    ],
)
def test_what_comes_after_the_work_mends_answers_or_hardens(text: str, follows: bool) -> None:
    assert read_message(text).follows_up is follows


@pytest.mark.parametrize(
    "text", ["Preview pane", "fix: the preview", "Add the interviewer", "refactor: split the gate"]
)
def test_no_review_is_read_into_other_words(text: str) -> None:
    assert not read_message(text).answers_review


@pytest.mark.parametrize(
    "text",
    [
        "fix: the gate",
        "Fix(dm-01): the gate",
        "Fixed the gate",
        "fixes the gate",
        "Resolve the deadlock",
        "refactor: fix the lock",
        "Correct the gate's label",
        "Hotfix the gate",
        "test: fix the flaky case",
        "Fix!: the gate",
    ],
)
def test_a_commit_that_mends(text: str) -> None:
    assert read_message(text).mends


@pytest.mark.parametrize(
    "text",
    [
        "feat: fix the price at checkout",
        "Add a fixture",
        "docs: fix a typo",
        "Prefix the gate",
        "refactor: the gate",
        "Fixture",
    ],
)
def test_a_commit_that_mends_nothing(text: str) -> None:
    assert not read_message(text).mends


@pytest.mark.parametrize(
    "text",
    [
        "docs: the gate",
        "docs(dm-01.6): plan",
        "chore: mark Story 02-1 as done",
        "Mark story 03-7 as complete",
        "chore: update sprint status",
        "Draft story DM-01.6",
        "plan: DM-01",
        "chore: close story DM-01.6",
        "Complete epic DM-01",
    ],
)
def test_a_commit_that_keeps_books(text: str) -> None:
    assert read_message(text).keeps_books


@pytest.mark.parametrize(
    "text", ["feat: marking of parcels", "feat: planner", "Add a draft mode", "fix: close the gate"]
)
def test_a_commit_that_keeps_no_books(text: str) -> None:
    assert not read_message(text).keeps_books


def test_trailers_that_declare_work_are_read_wherever_they_stand() -> None:
    message = read_message(
        "feat: x\n\nStory: DM-02.7\nSigned-off-by: A <a@x>\n\nwords\n  Implements: DM-02.8\nTask:\nNote: y"
    )
    assert message.trailers == (("story", "DM-02.7"), ("implements", "DM-02.8"))


def test_a_sentence_with_a_colon_is_no_trailer() -> None:
    assert read_message("feat: x\n\nThe story: it began with DM-02.7\nEpic: DM-02").trailers == ()


def test_reverts_and_picks_name_the_other_commit() -> None:
    message = read_message(
        'Revert "feat: x"\n\nThis reverts commit abcdef1234.\n\n(cherry picked from commit 1234567890abcdef)'
    )
    assert message.reverts == ("abcdef1234",)
    assert message.picked_from == ("1234567890abcdef",)


@pytest.mark.parametrize(
    ("subject", "undoes"),
    [
        ('Revert "feat(dm-02.7): the key"', True),
        ("revert: feat(dm-02.7): the key", True),
        ("revert(dm-02.7): the key", True),
        ("Reverting DM-02.7 since it breaks the build", True),
        ("Reverted DM-02.7", True),
        ("reverted: DM-02.7", True),
        ('Revert "Revert "feat(dm-02.7): the key""', False),
        ('Reapply "feat(dm-02.7): the key"', False),
        ('Revert "Reapply "feat(dm-02.7): the key""', True),
        ("feat(dm-02.7): revert to the old key", False),
        ("DM-02.7: Revert the layout changes", False),
        ("Revertible gates", False),
    ],
)
def test_a_commit_that_undoes_another_says_so_first(subject: str, undoes: bool) -> None:
    assert read_message(subject).undoes is undoes


def test_a_message_of_five_megabytes_is_read_in_a_moment() -> None:
    text = "feat(dm-01.6): x\n\n" + "Story: " * 700_000 + "\n" + "a: b\n" * 100_000
    start = time.process_time()
    message = read_message(text)
    assert message.type == "feat"
    assert not message.answers_review
    assert time.process_time() - start < 0.5
