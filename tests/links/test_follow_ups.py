"""Fixes that name no story: later, in the pull request that brought the work in, in the story's files."""

from __future__ import annotations

import pytest

from tests.links.doubles import Linked, Past, link, story

GATE = story("DM-01.1", "Gate Control")
KEY = story("DM-01.2", "Key Store")


def follow(message: str, *changes: str) -> tuple[Linked, str]:
    """The links of a story whose pull request #4 ends with a commit that says `message`."""
    past = Past()
    past.commit("start", "A README.md", "A src/main.py")
    past.branch("epic/dm-01-gates")
    past.commit("feat(dm-01.1): the gate", "A src/gate.py", "M src/main.py", "A tests/test_gate.py", "M docs/gate.md")
    past.commit("feat(dm-01.2): the key", "A src/key.py")
    sha = past.commit(message, *(changes or ("M src/gate.py",)))
    past.checkout("main")
    past.merge("epic/dm-01-gates", "Merge pull request #4 from me/epic/dm-01-gates")
    return link(past, GATE, KEY), sha


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("fix: address review feedback", "it answers a review"),
        ("Address CodeRabbit findings", "it answers a review"),
        ("Tighten the gate\n\nFrom review by the team.", "it answers a review"),
        ("test: cases that the reviewer asked for", "it answers a review"),
        ("chore: address code review fixes", "it answers a review"),
        ("feat: add code review improvements", "it answers a review"),
        ("fix(dm-01): the speed", "it is a fix"),
        ("Fix the speed", "it is a fix"),
        ("refactor: resolve the lock", "it is a fix"),
        ("test: fix the flaky case", "it is a fix"),
        ("Harden the gate", "it hardens what is there"),
        ("refactor: hardening", "it hardens what is there"),
    ],
)
def test_a_later_fix_in_the_same_pull_request(message: str, what: str) -> None:
    found, sha = follow(message)
    assert found.roles[sha] == "follow-up"
    assert not found[sha].explicit
    assert 0.5 < found[sha].score < 1.0
    assert found[sha].reasons == (
        f"{what}, later in pull request #4 that brought the story's work in",
        "it changes files of the story: src/gate.py",
    )


@pytest.mark.parametrize(
    ("message", "changes"),
    [
        ("feat: more doors", ["M src/gate.py"]),
        ("feat: reviews of carriers", ["M src/gate.py"]),
        ("refactor: split the gate", ["M src/gate.py"]),
        ("docs: address review", ["M src/gate.py"]),
        ("chore: tidy up", ["M src/gate.py"]),
        ("chore: fix the build", ["M src/gate.py"]),
        ("ci: fix the build", ["M src/gate.py"]),
        ("fix(dm-01.2): the key", ["M src/gate.py"]),
        ("fix: the key", ["M src/key.py"]),
        ("fix: the guide", ["M docs/gate.md"]),
        ("fix: the lock file", ["M pnpm-lock.yaml"]),
    ],
)
def test_what_is_no_follow_up(message: str, changes: list[str]) -> None:
    found, sha = follow(message, *changes)
    assert sha not in found.roles


def test_more_files_and_a_review_raise_the_score() -> None:
    few, first = follow("fix: the speed")
    many, second = follow("fix: address review", "M src/gate.py", "M src/main.py")
    assert few[first].score < many[second].score


def test_files_that_the_story_only_changed_count_too() -> None:
    found, sha = follow("fix: the start", "M src/main.py")
    assert found[sha].role == "follow-up"


def test_a_fix_that_moves_the_storys_file_is_found_under_its_old_name() -> None:
    found, sha = follow("fix: the place of the gate", "R src/gate.py src/doors/gate.py")
    assert found[sha].role == "follow-up"


def test_a_fix_after_a_move_by_another_commit_is_found_under_the_new_name() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("epic/dm-01-gates")
    past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    move = past.commit("refactor: doors have a folder", "R src/gate.py src/doors/gate.py")
    fix = past.commit("fix: the speed", "M src/doors/gate.py")
    past.commit("chore: copy", "C src/doors/gate.py src/other.py")
    copied = past.commit("fix: the copy", "M src/other.py")
    past.checkout("main")
    past.merge("epic/dm-01-gates")
    found = link(past, GATE, KEY)
    assert move not in found.roles
    assert found[fix].role == "follow-up"
    assert copied not in found.roles


def test_a_mention_of_the_story_in_a_fix_that_works_on_its_files_is_an_explicit_follow_up() -> None:
    found, sha = follow("fix: the speed\n\nBroken since DM-01.1.")
    assert found[sha].role == "follow-up"
    assert found[sha].explicit


def test_a_fix_of_two_stories_follows_both() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("epic/dm-01-gates")
    past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    past.commit("feat(dm-01.2): the key", "A src/key.py")
    both = past.commit("fix: address review", "M src/gate.py", "M src/key.py")
    past.checkout("main")
    past.merge("epic/dm-01-gates")
    assert link(past, GATE, KEY)[both].reasons[1] == "it changes files of the story: src/gate.py"
    assert link(past, KEY, GATE)[both].reasons[1] == "it changes files of the story: src/key.py"


def test_a_fix_before_the_storys_work_mends_something_else() -> None:
    past = Past()
    past.commit("start", "A README.md", "A src/main.py")
    past.branch("epic/dm-01-gates")
    early = past.commit("fix: address review", "M src/main.py")
    past.commit("feat(dm-01.1): the gate", "M src/main.py")
    past.checkout("main")
    past.merge("epic/dm-01-gates")
    assert early not in link(past, GATE, KEY).roles


def test_a_fix_in_another_pull_request_or_on_the_main_line_is_another_matter() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("epic/dm-01-gates")
    past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    past.checkout("main")
    past.merge("epic/dm-01-gates", "Merge pull request #4 from me/epic/dm-01-gates")
    past.branch("fix/later")
    elsewhere = past.commit("fix: address review feedback", "M src/gate.py")
    past.checkout("main")
    past.merge("fix/later", "Merge pull request #5 from me/fix/later")
    straight = past.commit("fix: the speed", "M src/gate.py")
    named = past.commit("fix(dm-01.1): the speed again", "M src/gate.py")
    found = link(past, GATE, KEY)
    assert elsewhere not in found.roles
    assert straight not in found.roles
    assert found[named].role == "follow-up"


def test_without_work_there_is_nothing_to_follow() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("epic/dm-01-gates")
    past.commit("docs: plan DM-01.1", f"A {GATE.path}")
    fix = past.commit("fix: address review", "M src/gate.py")
    past.checkout("main")
    past.merge("epic/dm-01-gates")
    assert fix not in link(past, GATE, KEY).roles


# ------------------------------------------------------------------------------------- nested requests


def nest() -> tuple[Past, dict[str, str]]:
    """main ◀─ #5 epic/dm-01 ◀─ #4 story/dm-01-1, and main merged into the epic's branch in between."""
    past = Past()
    sha = {"start": past.commit("start", "A README.md", "A src/main.py")}
    past.branch("epic/dm-01-gates")
    past.branch("story/dm-01-1")
    sha["work"] = past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    past.checkout("epic/dm-01-gates")
    sha["inner"] = past.merge("story/dm-01-1", "Merge pull request #4 from me/story/dm-01-1")
    past.checkout("main")
    sha["hotfix"] = past.commit("fix: the start", "M src/main.py")
    past.checkout("epic/dm-01-gates")
    sha["sync"] = past.merge("main", "Merge branch 'main' into epic/dm-01-gates")
    sha["review"] = past.commit("fix: address review of the epic", "M src/gate.py")
    past.checkout("main")
    sha["outer"] = past.merge("epic/dm-01-gates", "Merge pull request #5 from me/epic/dm-01-gates")
    return past, sha


def test_a_review_of_the_epics_request_follows_up_on_a_story_merged_inside_it() -> None:
    past, sha = nest()
    found = link(past, GATE, KEY)
    assert found.roles == {
        sha["work"]: "implements",
        sha["inner"]: "merge",
        sha["review"]: "follow-up",
        sha["outer"]: "merge",
    }
    assert found[sha["review"]].reasons[0].startswith("it answers a review, later in pull request #5")
    assert found[sha["outer"]].reasons == ("it brought in 1 of the commits that implement the story",)


def test_what_a_sync_merge_brings_into_the_branch_is_not_the_branchs() -> None:
    past, sha = nest()
    found = link(past, story("DM-01.1", "Gate Control", creates=["src/main.py"]), KEY)
    assert sha["hotfix"] not in found.roles
    assert sha["sync"] not in found.roles


def test_a_merge_without_a_number_is_named_by_its_hash() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("topic")
    past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    fix = past.commit("fix: the speed", "M src/gate.py")
    past.checkout("main")
    merge = past.merge("topic")
    assert (
        link(past, GATE)[fix].reasons[0]
        == f"it is a fix, later in the merge {merge[:12]} that brought the story's work in"
    )
