"""An in-memory `EvidenceSource`: a few files, a few commits, told outright."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kbgen.model import Change, Commit, Fact, FileKind, Person
from kbgen.paths import classify_path
from kbgen.verdicts import CaseCount, PastPath, PathIndex

ADA = Person("Ada", "ada@example.com")


def make_commit(sha: str, message: str = "feat: it", changes: Sequence[Change] = ()) -> Commit:
    return Commit(sha, (), ADA, 1, 0, ADA, 1, message, tuple(changes))


def define(path: str, name: str, kind: str = "function", parent: str = "", bases: str = "") -> Fact:
    symbol = f"{parent}.{name}" if parent else name
    attrs = (("kind", kind), ("exported", "yes"), ("parent", parent), ("bases", bases))
    return Fact("symbol", name, path, 1, symbol=symbol, hash="h", attrs=attrs)


@dataclass
class Source:
    """`texts`: path -> content at the revision; `gone`: path -> (commit, where it is now); the rest by its name."""

    texts: dict[str, str] = field(default_factory=dict)
    definitions: tuple[Fact, ...] = ()
    gone: dict[str, tuple[Commit, str]] = field(default_factory=dict)
    commits: tuple[Commit, ...] = ()
    cases: dict[str, CaseCount] = field(default_factory=dict)
    versions: dict[str, tuple[int, ...]] = field(default_factory=dict)
    gained: dict[str, tuple[int, int]] = field(default_factory=dict)
    lines: dict[str, dict[str, tuple[int, int] | None]] = field(default_factory=dict)
    past_texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    rev: str = "f" * 40

    @property
    def index(self) -> PathIndex:
        return PathIndex(self.texts)

    def find_past(self, values: Sequence[str]) -> Mapping[str, tuple[PastPath, ...]]:
        index = PathIndex(self.gone)
        return {v: tuple(PastPath(p, *self.gone[p]) for p in index.find_files(v)) for v in values}

    def find_words(self, words: Sequence[str]) -> Mapping[str, frozenset[str]]:
        return {
            word: frozenset(
                p
                for p, t in self.texts.items()
                if self.kind_of(p) != "docs" and re.search(rf"\b{re.escape(word)}\b", t)
            )
            for word in words
        }

    def find_past_word(self, word: str, paths: Collection[str]) -> Commit | None:
        hits = [t for p in paths for t in self.past_texts.get(p, ()) if re.search(rf"\b{re.escape(word)}\b", t)]
        return self.commits[0] if hits else None

    def find_definitions(self, paths: Collection[str]) -> Mapping[str, tuple[Fact, ...]]:
        return {p: tuple(f for f in self.definitions if f.path == p) for p in paths if p in self.texts}

    def find_definitions_at(self, path: str, commits: Sequence[str]) -> tuple[Fact, ...]:
        return tuple(f for f in self.definitions if f.path == path) if commits else ()

    def get_commit(self, sha: str) -> Commit | None:
        found = [c for c in self.commits if c.sha.startswith(sha)]
        return found[0] if len(found) == 1 else None

    def count_tests(self, path: str) -> CaseCount | None:
        return self.cases.get(path)

    def count_tests_ever(self, path: str) -> tuple[int, ...]:
        return self.versions.get(path, ())

    def count_tests_by(self, commits: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        return self.gained if commits else {}

    def count_lines(self, sha: str) -> Mapping[str, tuple[int, int] | None]:
        return self.lines.get(sha, {})

    def kind_of(self, path: str) -> FileKind:
        return classify_path(path)

    def is_ignored(self, path: str) -> bool:
        return path in self.ignored

    def read_texts(self, source: str, document: str) -> tuple[str, ...]:
        kind, _, name = source.partition(":")
        if kind == "commit":
            commit = self.get_commit(name)
            return (commit.message,) if commit else ()
        if kind == "file":
            return tuple(self.texts[p] for p in self.index.find_files(name))
        return tuple(t for p, t in self.texts.items() if p == document)

    def read_past_texts(self, source: str) -> Iterator[str]:
        yield from self.past_texts.get(source.removeprefix("file:"), ())
