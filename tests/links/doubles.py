"""A history in memory that reads like a story, and short ways to a story, a book and a linker.

    past = Past()
    gate = past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    past.branch("story/dm-01-2")
    key = past.commit("feat(dm-01.2): the key", "A src/key.py", "M src/gate.py")
    past.checkout("main")
    past.merge("story/dm-01-2", "Merge pull request #7 from me/story/dm-01-2")
    assert link(past, story("DM-01.2")).roles == {key: "implements", past.tip: "merge"}

A change is ``A``, ``M`` or ``D`` with a path, or ``R`` with the old path and the new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from kbgen.history import PullForest, group_pull_requests, is_sync_merge, parse_merge_message
from kbgen.ids import Grammar, find_mentions, parse_id
from kbgen.links import Linker, Names
from kbgen.model import (
    Change,
    Commit,
    EpicDocument,
    Evidence,
    LineCount,
    Link,
    Mention,
    MethodTouch,
    Person,
    PlannedFile,
    PullRequest,
    Story,
    StoryDocument,
    StoryKey,
)
from kbgen.paths import classify_path
from kbgen.stories import StoryBook
from kbgen.stories.book import find_module

GRAMMAR = Grammar(prefixes=("DM", "PM"))
ADA = Person("Ada Author", "ada@example.com")


class Past:
    """The `History` port over commits made one by one; every list is oldest first, as the port promises."""

    def __init__(self, grammar: Grammar = GRAMMAR) -> None:
        self.grammar = grammar
        self.commits: dict[str, Commit] = {}
        self.heads: dict[str, str] = {"main": ""}
        self.here = "main"
        self.merge_only: dict[str, tuple[Change, ...]] = {}
        self._forest: tuple[int, PullForest[str]] | None = None

    # ------------------------------------------------------------------------------------ the story

    def commit(self, message: str, *changes: str, parents: tuple[str, ...] | None = None) -> str:
        above = tuple(p for p in (self.heads[self.here],) if p) if parents is None else parents
        number = len(self.commits)
        sha = hashlib.sha1(f"{number} {message} {above}".encode()).hexdigest()
        at_s = 1_700_000_000 + 60 * number
        self.commits[sha] = Commit(sha, above, ADA, at_s, 0, ADA, at_s, message, tuple(map(read_change, changes)))
        self.heads[self.here] = sha
        return sha

    def branch(self, name: str, start: str = "") -> None:
        self.heads[name] = self.heads[start or self.here]
        self.here = name

    def checkout(self, name: str) -> None:
        self.here = name

    def merge(self, branch: str, message: str = "", *slipped_in: str) -> str:
        """`slipped_in` are changes that the merge makes beyond its parents."""
        sha = self.commit(message or f"Merge branch '{branch}'", parents=(self.heads[self.here], self.heads[branch]))
        self.merge_only[sha] = tuple(map(read_change, slipped_in))
        return sha

    def revert(self, sha: str, *changes: str) -> str:
        """Git's own message."""
        said = f'Revert "{self.commits[sha].subject}"\n\nThis reverts commit {sha}.'
        return self.commit(said, *changes)

    @property
    def tip(self) -> str:
        return self.heads["main"]

    # ------------------------------------------------------------------------------------- the port

    @property
    def rev(self) -> str:
        return self.tip

    def use_grammar(self, find: Callable[[str], Iterable[Mention]], version: str) -> None:
        raise NotImplementedError

    def get_commit(self, sha: str) -> Commit | None:
        found = [c for c in self.list_ancestors() if c.sha.startswith(sha)]
        return found[0] if len(found) == 1 else None

    def get_commits(self, shas: Iterable[str]) -> tuple[Commit, ...]:
        wanted = set(shas)
        return tuple(c for c in self.list_ancestors() if c.sha in wanted)

    def list_ancestors(self) -> tuple[Commit, ...]:
        return tuple(c for sha, c in self.commits.items() if sha in self._group().owner)

    def find_mentioning(self, key: StoryKey) -> tuple[Commit, ...]:
        wanted = {key, StoryKey("", key.numbers, key.suffix)}
        return tuple(
            c for c in self.list_ancestors() if wanted & {m.key for m in find_mentions(c.message, self.grammar)}
        )

    def find_touching(self, paths: Iterable[str]) -> tuple[Commit, ...]:
        wanted = set(paths)
        found = set()
        for commit in reversed(self.list_ancestors()):
            for change in commit.changes:
                if change.path in wanted or change.old_path in wanted:
                    found.add(commit.sha)
                    wanted.add(change.old_path or change.path)
        return self.get_commits(found)

    def find_pull_requests(self, sha: str) -> tuple[PullRequest, ...]:
        forest = self._group()
        number = forest.owner.get(sha, -1)
        found = []
        while number >= 0:
            merge = self.commits[forest.merges[number]]
            inside = range(number, forest.last[number] + 1)
            members = tuple(c.sha for c in self.list_ancestors() if forest.owner[c.sha] in inside)
            name = parse_merge_message(merge.message)
            found.append(PullRequest(merge.sha, name.number, name.branch, name.title, members))
            number = forest.outer[number]
        return tuple(found)

    def _group(self) -> PullForest[str]:
        if self._forest is None or self._forest[0] != len(self.commits):
            parents = {sha: c.parents for sha, c in self.commits.items()}
            forest = group_pull_requests(parents, self.tip, lambda sha: is_sync_merge(self.commits[sha].message))
            self._forest = (len(self.commits), forest)
        return self._forest[1]

    def find_mentioned_keys(self) -> Mapping[StoryKey, int]:
        raise NotImplementedError

    def list_subjects(self, limit: int = 2000) -> tuple[str, ...]:
        raise NotImplementedError

    def count_commits(self) -> int:
        return len(self.list_ancestors())

    def list_commits(self) -> Iterator[Commit]:
        return iter(reversed(self.list_ancestors()))

    def follow_path(self, path: str, since: str) -> str | None:
        raise NotImplementedError

    def count_lines(self, sha: str) -> tuple[LineCount, ...]:
        raise NotImplementedError

    def find_methods(self, sha: str) -> tuple[MethodTouch, ...]:
        raise NotImplementedError

    def compute_patch_id(self, sha: str) -> str:
        raise NotImplementedError

    def find_merge_only_changes(self, merge: str) -> tuple[Change, ...]:
        return self.merge_only[merge]


def read_change(text: str) -> Change:
    """``A src/a.py``, ``R src/a.py src/b.py``."""
    status, *paths = text.split(" ")
    return Change(status, paths[-1], paths[0] if len(paths) > 1 else "")  # type: ignore[arg-type]


# ----------------------------------------------------------------------------------------- stories


def story(
    spelled: str,
    title: str = "",
    *,
    path: str | None = None,
    creates: Iterable[str] = (),
    modifies: Iterable[str] = (),
    status: str = "done",
    grammar: Grammar = GRAMMAR,
) -> Story:
    """A story with a file in ``docs/stories/``; `path` puts it elsewhere, ``""`` leaves the file out."""
    key = parse_id(spelled, grammar)
    assert key is not None, spelled
    slug = spelled.lower().replace(".", "-")
    place = f"docs/stories/{slug}-a-thing.md" if path is None else path
    planned = tuple(
        [PlannedFile(p, "create", Evidence(path=place)) for p in creates]
        + [PlannedFile(p, "modify", Evidence(path=place)) for p in modifies]
    )
    document = StoryDocument(key, spelled, title, place, "b" * 40, 1, "file", status, planned=planned)
    documents = (document,) if place else ()
    module = find_module(place)
    return Story(key, spelled, title, status, "", "", place, (), planned, (), (), documents, module)


def epic(spelled: str, path: str) -> EpicDocument:
    key = parse_id(f"Epic {spelled}", GRAMMAR)
    assert key is not None
    return EpicDocument(key, "epic", path, "e" * 40, ())


@dataclass(frozen=True, slots=True)
class Linked:
    """What became of one story, for assertions."""

    links: tuple[Link, ...]

    @property
    def roles(self) -> dict[str, str]:
        return {link.commit.sha: link.role for link in self.links}

    @property
    def work(self) -> dict[str, str]:
        """The roles without merges."""
        return {sha: role for sha, role in self.roles.items() if role != "merge"}

    def __getitem__(self, sha: str) -> Link:
        return next(link for link in self.links if link.commit.sha == sha)


def make_linker(past: Past, *stories: Story, epics: Iterable[EpicDocument] = ()) -> Linker:
    book = StoryBook(tuple(sorted(stories, key=lambda s: (s.key, s.module))), tuple(epics))
    return Linker(Names(book, past, past.grammar), past, classify_path)


def link(past: Past, one: Story, *others: Story, epics: Iterable[EpicDocument] = ()) -> Linked:
    """The links of the first story; the others are in the book."""
    return Linked(make_linker(past, one, *others, epics=epics).link_story(one))
