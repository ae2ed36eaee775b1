"""What the readers of claims share: the names that a repository has, and a statement as found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from kbgen.claims.passages import Passage

Mode = Literal["is", "was", "absent", "quoted"]


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Names of the repository that tell ``docs/guide`` from ``and/or``; all empty when nothing is known."""

    tops: frozenset[str] = frozenset()
    """Folders at the top."""
    folders: frozenset[str] = frozenset()
    """Own names of all folders, at any depth."""
    suffixes: frozenset[str] = frozenset()
    """Of all files, lower case, without the dot."""

    @classmethod
    def of(cls, paths: Iterable[str]) -> KnownNames:
        tops: set[str] = set()
        folders: set[str] = set()
        suffixes: set[str] = set()
        for path in paths:
            *above, name = path.split("/")
            if above:
                tops.add(above[0])
                folders.update(above)
            stem, dot, suffix = name.rpartition(".")
            if dot and stem and len(suffix) <= 12:
                suffixes.add(suffix.lower())
        return cls(frozenset(tops), frozenset(folders), frozenset(suffixes))


@dataclass(frozen=True, slots=True)
class Found:
    """A claim before it has an id: where in its passage, and what it says."""

    kind: str
    value: str
    start: int
    """Offset into the passage's text."""
    attrs: tuple[tuple[str, str], ...] = ()
    mode: Mode | None = None
    """Set where the form itself decides; else the sentence does."""


class ClaimReader(Protocol):
    """A module with this one function: the claims of one kind in one passage."""

    def find(self, passage: Passage, known: KnownNames) -> Iterator[Found]: ...
