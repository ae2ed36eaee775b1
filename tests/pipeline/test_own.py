"""kbgen's own writing is told apart from plans and work, and nothing else is taken for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from kbgen.model import Change, Commit, Person, PullRequest
from kbgen.pipeline.own import BLOCK, is_notes_page, only_writes_notes
from kbgen.splice import replace_block

HEADING = b"# DM-01.1: Fence\n"
PAGE = replace_block(HEADING, BLOCK, "## Implementation Notes\n\nNone.")
STORY = HEADING + b"\nStatus: done\n"
NOTED = replace_block(STORY, BLOCK, "## Implementation Notes\n\nNone.")
ADA = Person("Ada", "ada@example.com")
NOBODY = "0" * 40


class Contents:
    """The `Tree` port, as far as it is asked."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def keep(self, content: bytes) -> str:
        name = f"{len(self.blobs) + 1:040x}"
        self.blobs[name] = content
        return name

    def read_blobs(self, blobs: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        return ((blob, self.blobs[blob]) for blob in blobs if blob in self.blobs)


class Merges:
    """The `History` port, as far as it is asked: one pull request."""

    def __init__(self, merge: str = "", *commits: Commit) -> None:
        self.merge = merge
        self.commits = commits

    def find_pull_requests(self, sha: str) -> tuple[PullRequest, ...]:
        found = any(sha == commit.sha for commit in self.commits)
        return (PullRequest(self.merge, 9, "notes", "", tuple(c.sha for c in self.commits)),) if found else ()

    def get_commits(self, shas: Any) -> tuple[Commit, ...]:
        return tuple(commit for commit in self.commits if commit.sha in set(shas))


def commit(*changes: Change, sha: str = "a" * 40, parents: tuple[str, ...] = ("p" * 40,)) -> Commit:
    return Commit(sha, parents, ADA, 0, 0, ADA, 0, "docs: notes of DM-01.1", changes)


@pytest.fixture
def tree() -> Any:
    return Contents()


def modify(tree: Contents, before: bytes, after: bytes, path: str = "docs/a.md") -> Change:
    return Change("M", path, "", tree.keep(before), tree.keep(after))


def add(tree: Contents, content: bytes, path: str = "output/a.md") -> Change:
    return Change("A", path, "", NOBODY, tree.keep(content))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (PAGE, True),
        (b"\xef\xbb\xbf" + PAGE.replace(b"\n", b"\r\n"), True),
        (PAGE.replace(b"None.", b"Edited by hand."), True),
        (NOTED, False),
        (STORY, False),
        (HEADING, False),
        (b"", False),
        (PAGE + b"\nA word of my own.\n", False),
        (replace_block(PAGE, "other", "x"), False),
        (HEADING + b"<!-- kbgen:begin implementation-notes -->\n", False),
        (b"\xff" + PAGE, False),
    ],
)
def test_a_page(content: bytes, expected: bool) -> None:
    assert is_notes_page(content) is expected


def test_commits_that_only_write_notes(tree: Any) -> None:
    history: Any = Merges()
    other = NOTED.replace(b"None.", b"Some.")
    for changes in (
        (modify(tree, STORY, NOTED),),
        (modify(tree, NOTED, other), add(tree, PAGE)),
        (modify(tree, NOTED, STORY.rstrip(b"\n") + b"\n"), modify(tree, STORY, NOTED))[1:],
    ):
        assert only_writes_notes(commit(*changes), history, tree)


def test_commits_that_do_more(tree: Any) -> None:
    history: Any = Merges()
    noted = modify(tree, STORY, NOTED)
    for changes in (
        (),
        (noted, modify(tree, b"x = 1\n", b"x = 2\n", "src/a.py")),
        (modify(tree, STORY, STORY + b"More.\n"),),
        (modify(tree, STORY, NOTED + b"\nMore.\n"),),
        (modify(tree, STORY, NOTED, "docs/a.txt"),),
        (add(tree, NOTED),),
        (add(tree, STORY),),
        (Change("D", "docs/a.md", "", tree.keep(NOTED), NOBODY),),
        (Change("R", "docs/b.md", "docs/a.md", tree.keep(NOTED), tree.keep(NOTED)),),
        (Change("M", "docs/a.md", "", "9" * 40, "8" * 40),),
        (modify(tree, NOTED, b"<!-- kbgen:begin x\n" + NOTED),),
    ):
        assert not only_writes_notes(commit(*changes), history, tree)


def test_a_merge_is_what_it_brought_in(tree: Any) -> None:
    merge = commit(sha="f" * 40, parents=("p" * 40, "a" * 40))
    notes = commit(modify(tree, STORY, NOTED))
    work = commit(modify(tree, b"", b"x = 1\n", "src/a.py"), sha="b" * 40)
    for inside, expected in (((notes,), True), ((notes, work), False), ((), False)):
        history: Any = Merges(merge.sha, *inside)
        assert only_writes_notes(merge, history, tree) is expected
    elsewhere: Any = Merges("e" * 40, notes)
    assert not only_writes_notes(merge, elsewhere, tree)
