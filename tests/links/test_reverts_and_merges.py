"""Commits that undo, do again, copy or bring in other commits."""

from __future__ import annotations

import pytest

from tests.links.doubles import Past, link, story

GATE = story("DM-01.1", "Gate Control")
KEY = story("DM-01.2", "Key Store")


def test_a_revert_and_doing_it_again() -> None:
    past = Past()
    first = past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    undone = past.revert(first, "D src/gate.py")
    second = past.commit("feat(dm-01.1): the gate, again", "A src/gate.py")
    found = link(past, GATE, KEY)
    assert found.roles == {first: "implements", undone: "reverts", second: "implements"}
    assert found[undone].reasons == (f"it reverts {first[:12]}",)
    assert found[undone].explicit


def test_the_revert_of_a_revert_brings_the_work_back() -> None:
    past = Past()
    first = past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    undone = past.revert(first, "D src/gate.py")
    back = past.revert(undone, "A src/gate.py")
    away = past.revert(back, "D src/gate.py")
    found = link(past, GATE, KEY)
    assert found.roles == {first: "implements", undone: "reverts", back: "implements", away: "reverts"}
    assert found[back].reasons == (f"it brings back what {undone[:12]} had taken away",)


@pytest.mark.parametrize(
    ("subject", "role"),
    [
        ("Revert DM-01.1", "reverts"),
        ("Reverting DM-01.1 since it breaks the build", "reverts"),
        ('Revert "feat(dm-01.1): the gate"', "reverts"),
        ("revert(dm-01.1): the gate", "reverts"),
        ('Reapply "feat(dm-01.1): the gate"', "implements"),
        ("DM-01.1: revert to the old hinge", "implements"),
    ],
)
def test_a_revert_that_names_the_story_and_no_commit(subject: str, role: str) -> None:
    past = Past()
    past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    sha = past.commit(subject, "M src/gate.py")
    assert link(past, GATE, KEY).roles[sha] == role


def test_the_revert_of_a_commit_that_names_no_story_is_found_by_its_hash() -> None:
    past = Past()
    first = past.commit("feat: open and close", f"A {GATE.path}", "A src/gate.py")
    undone = past.revert(first, "D src/gate.py")
    other = past.commit(f'Revert "feat: other"\n\nThis reverts commit {"f" * 40}.', "M src/gate.py")
    found = link(past, GATE, KEY)
    assert found.roles == {first: "implements", undone: "reverts"}
    assert other not in found.roles


def test_the_revert_of_a_follow_up_is_a_revert() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("epic/dm-01-gates")
    past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    fix = past.commit("fix: address review", "M src/gate.py")
    past.checkout("main")
    past.merge("epic/dm-01-gates")
    undone = past.revert(fix, "M src/gate.py")
    assert link(past, GATE, KEY).roles[undone] == "reverts"


def test_the_revert_of_a_whole_pull_request() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("epic/dm-01-gates")
    past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    past.checkout("main")
    merge = past.merge("epic/dm-01-gates", "Merge pull request #4 from me/epic/dm-01-gates")
    undone = past.commit(
        f'Revert "Merge pull request #4 from me/epic/dm-01-gates"\n\nThis reverts commit {merge}, reversing\n'
        f"changes made to {'e' * 40}.",
        "D src/gate.py",
    )
    found = link(past, GATE, KEY)
    assert found[undone].role == "reverts"
    assert found[undone].reasons == (f"it reverts {merge[:12]}",)
    assert undone not in link(past, KEY, GATE).roles


def test_the_revert_of_another_storys_commit_is_none_of_this_storys() -> None:
    past = Past()
    past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    key = past.commit("feat(dm-01.2): the key", "A src/key.py", "M src/gate.py")
    undone = past.revert(key, "D src/key.py", "M src/gate.py")
    assert undone not in link(past, GATE, KEY).roles
    assert link(past, KEY, GATE).roles[undone] == "reverts"


def test_the_revert_of_a_commit_that_only_mentions_the_story_mentions_it() -> None:
    past = Past()
    key = past.commit("feat(dm-01.2): the key, after DM-01.1", "A src/key.py")
    undone = past.revert(key, "D src/key.py")
    assert link(past, GATE, KEY).roles == {key: "mentions", undone: "mentions"}
    assert link(past, KEY, GATE).roles == {key: "implements", undone: "reverts"}


# -------------------------------------------------------------------------------------------- copies


def test_a_cherry_pick_that_names_the_story_is_its_work_whatever_became_of_the_original() -> None:
    past = Past()
    sha = past.commit(f"feat(dm-01.1): the gate\n\n(cherry picked from commit {'a' * 40})", "A src/gate.py")
    found = link(past, GATE, KEY)
    assert found.roles == {sha: "implements"}
    assert found[sha].reasons == ("the scope names it: dm-01.1",)


def test_a_cherry_pick_of_a_commit_that_names_no_story_is_what_the_original_is() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("story/dm-01-1")
    first = past.commit("feat: open and close", "A src/gate.py")
    past.checkout("main")
    past.merge("story/dm-01-1")
    copy = past.commit(f"feat: open and close\n\n(cherry picked from commit {first})", "A src/gate.py")
    stray = past.commit(f"feat: open and close\n\n(cherry picked from commit {'a' * 40})", "M src/gate.py")
    found = link(past, GATE, KEY)
    assert found.work == {first: "implements", copy: "implements"}
    assert found[copy].reasons == (f"it is a cherry-pick of {first[:12]}", "its branch names it: story/dm-01-1")
    assert stray not in found.roles


# -------------------------------------------------------------------------------------------- merges


def test_a_merge_is_a_merge_and_never_work() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("topic")
    work = [past.commit(f"feat(dm-01.1): part {n}", f"A src/gate{n}.py") for n in (1, 2)]
    past.commit("feat(dm-01.2): the key", "A src/key.py")
    past.checkout("main")
    merge = past.merge("topic", "Merge pull request #7 from me/topic")
    found = link(past, GATE, KEY)
    assert found.work == dict.fromkeys(work, "implements")
    assert found[merge].role == "merge"
    assert found[merge].reasons == ("it brought in 2 of the commits that implement the story",)


def test_a_merge_that_names_the_story_and_changes_code_itself_is_work() -> None:
    past = Past()
    past.commit("start", "A README.md", "A src/main.py")
    past.branch("story/dm-01-1")
    work = past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    past.checkout("main")
    merge = past.merge("story/dm-01-1", "Merge branch 'story/dm-01-1'", "M src/main.py", "M docs/sprint-status.yaml")
    found = link(past, GATE, KEY)
    assert found.roles == {work: "implements", merge: "implements"}
    assert found[merge].reasons[1] == "the merge itself changes src/main.py"
    assert [c.path for c in found[merge].commit.changes] == ["src/main.py", "docs/sprint-status.yaml"]


@pytest.mark.parametrize("slipped", [["M docs/sprint-status.yaml"], ["M README.md"], []])
def test_plans_and_documents_slipped_into_a_merge_are_no_work(slipped: list[str]) -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("story/dm-01-1")
    past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    past.checkout("main")
    merge = past.merge("story/dm-01-1", "Merge branch 'story/dm-01-1'", *slipped)
    assert link(past, GATE, KEY)[merge].role == "merge"


def test_a_merge_of_an_epic_that_changes_code_itself_is_no_one_storys_work() -> None:
    past = Past()
    past.commit("start", "A README.md", "A src/main.py")
    past.branch("epic/dm-01-gates")
    past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    past.checkout("main")
    merge = past.merge("epic/dm-01-gates", "", "M src/main.py")
    assert link(past, GATE, KEY)[merge].role == "merge"


def test_a_merge_that_brought_only_another_storys_work_is_not_linked() -> None:
    past = Past()
    past.commit("start", "A README.md")
    gate = past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    past.branch("topic")
    past.commit("feat(dm-01.2): the key, after DM-01.1", "A src/key.py")
    past.checkout("main")
    merge = past.merge("topic")
    found = link(past, GATE, KEY)
    assert found.roles[gate] == "implements"
    assert merge not in found.roles


def test_links_are_oldest_first() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("topic")
    past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    past.commit("fix: the speed", "M src/gate.py")
    past.checkout("main")
    past.merge("topic")
    past.commit("docs: DM-01.1", "M docs/x.md")
    order = list(past.commits)
    placed = [order.index(found.commit.sha) for found in link(past, GATE, KEY).links]
    assert placed == sorted(placed)
    assert len(placed) == 4
