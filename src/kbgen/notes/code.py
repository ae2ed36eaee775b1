"""The code behind a story: facts of the blobs that its commits wrote, and of the revision read.

`CodeReader` is what the notes need of the code; the pipeline builds it over a tree, a fact store and the extractors,
so that the notes stay functions of values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kbgen.join import Layout
from kbgen.model import Change, Commit, Evidence, Fact, FileFacts, FileKind, FileWork, Link, TreeEntry


class CodeReader(Protocol):
    """Facts of any blob of the repository, and the layout of the revision read."""

    @property
    def entries(self) -> Mapping[str, TreeEntry]:
        """The files of the revision read."""
        ...

    @property
    def layout(self) -> Layout: ...

    def kind_of(self, path: str) -> FileKind: ...

    def load(self, wanted: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], FileFacts]:
        """(path, blob) -> facts; pairs whose blob is missing or whose suffix no extractor reads are left out."""
        ...

    def find_words(self, words: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """word -> code files of the revision read that hold it."""
        ...


@dataclass(frozen=True, slots=True)
class BlobStep:
    """What one commit did to one code file: facts before and after; either is None where there was no file."""

    commit: Commit
    change: Change
    before: FileFacts | None
    after: FileFacts | None


def read_steps(links: Sequence[Link], code: CodeReader, roles: Sequence[str] = ("implements",)) -> tuple[BlobStep, ...]:
    """Every change that the linked commits of these roles made to source and test files, oldest first."""
    pairs = [
        (link.commit, change)
        for link in links
        if link.role in roles
        for change in link.commit.changes
        if code.kind_of(change.path) in ("source", "test")
    ]
    wanted = []
    for _, change in pairs:
        if change.new_blob.strip("0"):
            wanted.append((change.path, change.new_blob))
        if change.old_blob.strip("0"):
            wanted.append((change.old_path or change.path, change.old_blob))
    facts = code.load(wanted)
    return tuple(
        BlobStep(
            commit,
            change,
            facts.get((change.old_path or change.path, change.old_blob)),
            facts.get((change.path, change.new_blob)),
        )
        for commit, change in pairs
    )


def list_facts(facts: FileFacts | None, kind: str) -> tuple[Fact, ...]:
    """The facts of one kind, in source order; () where there is no file."""
    return tuple(f for f in facts.facts if f.kind == kind) if facts else ()


def list_routes(steps: Sequence[BlobStep], files: Sequence[FileWork], code: CodeReader) -> tuple[Fact, ...]:
    """Routes that the steps added to source files and that still stand, by path and line."""
    return _list_added("route", steps, files, code)


def list_cases(steps: Sequence[BlobStep], files: Sequence[FileWork], code: CodeReader) -> tuple[Fact, ...]:
    """Test cases that the steps added and that still stand, by path and line."""
    return _list_added("test_case", steps, files, code)


def _list_added(kind: str, steps: Sequence[BlobStep], files: Sequence[FileWork], code: CodeReader) -> tuple[Fact, ...]:
    places = find_places(steps, files)
    added: dict[str, set[str]] = {}
    for step in steps:
        before = {f.name for f in list_facts(step.before, kind)}
        mine = added.setdefault(places.get(step.change.path, ""), set())
        mine.update(f.name for f in list_facts(step.after, kind) if f.name not in before)
    now = code.load([(p, code.entries[p].blob) for p in sorted(added) if p in code.entries])
    return tuple(
        f for (path, _), facts in sorted(now.items()) for f in list_facts(facts, kind) if f.name in added[path]
    )


def find_places(steps: Sequence[BlobStep], files: Sequence[FileWork]) -> Mapping[str, str]:
    """Path as of any step -> where its file stands at the revision read; "" where it stands no more."""
    now = {f.path: f.now_path for f in files}
    places: dict[str, str] = {}
    for step in reversed(steps):
        path, old = step.change.path, step.change.old_path
        places.setdefault(path, now.get(path, ""))
        if step.change.status == "R":
            places[old] = places[path]
    return places


def show_fact(fact: Fact, blob: str = "") -> Evidence:
    """The evidence of a fact: path, symbol and content hash; the line is for display."""
    return Evidence(path=fact.path, symbol=fact.symbol or fact.name, hash=fact.hash or blob, line=fact.line)
