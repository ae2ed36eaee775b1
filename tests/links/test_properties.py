"""What holds of linking whatever the history: the order of reading changes nothing, no commit has two roles."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.model import Commit, Link, StoryKey
from tests.links.doubles import Past, make_linker, story

STORIES = (
    story("DM-01.1", "Gate Control", creates=["src/gate.py", "src/hinge.py"]),
    story("DM-01.2", "Key Store", creates=["src/key.py"]),
    story("DM-01.10", "Tenth Gate"),
    story("PM-01.2", "Task Board", path="docs/plans/stories/pm-01-2-task-board.md", creates=["src/board.py"]),
)
SUBJECTS = (
    "feat(dm-01.1): the gate",
    "feat(story-1.2): it",
    "feat: DM-01.1-2 both",
    "feat: gate control",
    "feat: more",
    "fix: address review",
    "fix(dm-01.1): the speed",
    "docs: plan DM-01.1-2",
    "chore: mark story DM-01.2 as done",
    "Fix it\n\nBroken by DM-01.10.",
    "feat: keys\n\nStory: PM-01.2",
    'Revert "feat(dm-01.1): the gate"',
)
CHANGES = (
    "A src/gate.py",
    "M src/gate.py",
    "A src/hinge.py",
    "A src/key.py",
    "M src/key.py",
    "A src/board.py",
    "R src/gate.py src/doors.py",
    f"A {STORIES[0].path}",
    f"M {STORIES[3].path}",
    "M docs/sprint-status.yaml",
    "M pnpm-lock.yaml",
)
BRANCHES = ("epic/dm-01-gates", "story/dm-01-1", "fix/later", "epic/pm-01-plans")

steps = st.lists(
    st.tuples(
        st.sampled_from(SUBJECTS),
        st.lists(st.sampled_from(CHANGES), max_size=3, unique_by=lambda change: change.split()[-1]),
        st.sampled_from(("stay", "stay", "branch", "merge", "revert")),
    ),
    min_size=1,
    max_size=12,
)
steady = settings(max_examples=80, deadline=None, derandomize=True)


def play(written: list[tuple[str, list[str], str]], branches: Iterable[str] = BRANCHES) -> Past:
    past = Past()
    past.commit("start", "A README.md")
    names = iter(branches)
    for message, changes, move in written:
        if move == "branch" and past.here == "main" and (name := next(names, "")):
            past.branch(name)
        sha = past.commit(message, *changes)
        if move == "revert":
            past.revert(sha, *changes)
        if move == "merge" and past.here != "main":
            branch = past.here
            past.checkout("main")
            past.merge(branch, f"Merge pull request #{len(past.commits)} from me/{branch}")
    if past.here != "main":
        branch = past.here
        past.checkout("main")
        past.merge(branch)
    return past


class Shuffled(Past):
    """Gives what it finds in any order; only `get_commits` keeps the port's promise, which the linker relies on."""

    def __init__(self, past: Past, seed: int) -> None:
        super().__init__(past.grammar)
        self.commits, self.heads, self.merge_only = past.commits, past.heads, past.merge_only
        self._random = random.Random(seed)

    def _mix(self, commits: tuple[Commit, ...]) -> tuple[Commit, ...]:
        return tuple(self._random.sample(commits, len(commits)))

    def find_mentioning(self, key: StoryKey) -> tuple[Commit, ...]:
        return self._mix(super().find_mentioning(key))


@steady
@given(steps, st.integers(0, 999))
def test_the_order_of_candidates_and_of_stories_changes_nothing(
    written: list[tuple[str, list[str], str]], seed: int
) -> None:
    past = play(written)
    straight = make_linker(past, *STORIES)
    expected = {one.id: straight.link_story(one) for one in STORIES}
    order = random.Random(seed).sample(STORIES, len(STORIES))
    mixed = make_linker(Shuffled(past, seed), *order)
    assert {one.id: mixed.link_story(one) for one in order} == {one.id: expected[one.id] for one in order}
    assert {one.id: straight.link_story(one) for one in order} == expected


@steady
@given(steps)
def test_a_commit_has_one_role_a_reason_and_a_place_in_history(written: list[tuple[str, list[str], str]]) -> None:
    past = play(written)
    ancestors = {c.sha: n for n, c in enumerate(past.list_ancestors())}
    linker = make_linker(past, *STORIES)
    for one in STORIES:
        links = linker.link_story(one)
        places = [ancestors[link.commit.sha] for link in links]
        assert places == sorted(set(places))
        for link in links:
            check_link(past, link)


def check_link(past: Past, link: Link) -> None:
    commit = past.commits[link.commit.sha]
    assert replace(link.commit, changes=commit.changes) == commit
    assert link.reasons
    assert all(reason and reason[0].islower() for reason in link.reasons)
    assert 0 < link.score <= 1
    assert (link.score == 1.0) == link.explicit
    assert link.role != "merge" or commit.is_merge
    if commit.is_merge:
        assert link.role in ("merge", "implements")
    if link.role == "follow-up":
        assert commit.changes


@steady
@given(steps)
def test_what_a_message_says_it_works_on_is_never_lost(written: list[tuple[str, list[str], str]]) -> None:
    past = play(written)
    linker = make_linker(past, *STORIES)
    linked = {one.id: {link.commit.sha for link in linker.link_story(one)} for one in STORIES}
    for commit in past.list_ancestors():
        for key, _ in linker.names.get_naming(commit).claimed:
            for one in linker.names.resolve(key, commit):
                assert commit.sha in linked[one.id], commit.subject


@steady
@given(steps)
def test_what_claims_only_another_story_is_never_this_ones_work(written: list[tuple[str, list[str], str]]) -> None:
    past = play(written)
    linker = make_linker(past, *STORIES)
    for one in STORIES:
        for link in linker.link_story(one):
            claimed = [linker.names.resolve(k, link.commit) for k, _ in linker.names.get_naming(link.commit).claimed]
            if claimed and not any(one in found for found in claimed):
                assert link.role in ("mentions", "merge", "reverts"), (one.id, link.commit.subject, link.role)
