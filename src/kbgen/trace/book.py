"""What a revision says of items and stories, joined but for the documents; a value that can be kept as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from kbgen.model import JSON, Evidence

BOOK_VERSION = 1
"""Raised with every change of the form in which books are kept."""

ItemKind = Literal["gap", "recommendation", "debt"]
Strength = Literal["field", "text", "row"]


@dataclass(frozen=True, slots=True)
class Taking:
    """A story takes an item, and the line that says so."""

    story: int
    """Place in `TraceBook.stories`."""
    source: Evidence
    strength: Strength


@dataclass(frozen=True, slots=True)
class Item:
    """A gap, recommendation or debt item, whatever the number of places that define it."""

    id: str
    kind: ItemKind
    title: str
    status: str
    closed: bool
    places: tuple[Evidence, ...]
    """Where it is defined: heading as `symbol`, row as `quote`."""
    taken: tuple[Taking, ...] = ()
    epics: tuple[str, ...] = ()
    """Epics that list it as a whole, whether or not one of their stories takes it."""
    is_shared: bool = False
    """Another item has the same ID."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Words with which a story names an item that no document defines."""

    story: int
    text: str
    source: Evidence
    is_id: bool = True
    """Whether it has the form of an ID; otherwise it is a field's words."""


@dataclass(frozen=True, slots=True)
class Misnomer:
    """A line that calls an item by words that its definition has none of: most likely another item is meant."""

    item: str
    called: str
    title: str
    source: Evidence


@dataclass(frozen=True, slots=True)
class TracedDocument:
    """A document of a story; `origin`: planned by it, written by kbgen's page, changed by its commits."""

    path: str
    exists: bool
    origin: Literal["plan", "page", "work"]


@dataclass(frozen=True, slots=True)
class TracedStory:
    """What a chain shows of a story."""

    id: str
    title: str
    module: str
    epic: str
    path: str
    status: str
    criteria: tuple[tuple[str, str, bool | None], ...]
    """(label, text, checked)"""
    commits: tuple[str, ...]
    """Full hashes of those that implement it, oldest first."""
    follow_ups: tuple[str, ...]
    files: tuple[str, ...]
    """Net work of the implementing commits but for tests and what tools wrote."""
    tests: tuple[str, ...]
    documents: tuple[TracedDocument, ...]


@dataclass(frozen=True, slots=True)
class TraceBook:
    """Everything that a trace of one revision rests on, stories in their book's order, items sorted by kind and ID."""

    stories: tuple[TracedStory, ...]
    items: tuple[Item, ...]
    unknown: tuple[Unknown, ...] = ()
    misnomers: tuple[Misnomer, ...] = ()

    def to_json(self) -> JSON:
        return {"version": BOOK_VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, data: JSON) -> TraceBook | None:
        """None for a book of another version."""
        if data.get("version") != BOOK_VERSION:
            return None
        return cls(
            stories=tuple(_read_story(row) for row in data["stories"]),
            items=tuple(_read_item(row) for row in data["items"]),
            unknown=tuple(Unknown(**{**row, "source": Evidence(**row["source"])}) for row in data["unknown"]),
            misnomers=tuple(Misnomer(**{**row, "source": Evidence(**row["source"])}) for row in data["misnomers"]),
        )


def _read_story(row: dict[str, Any]) -> TracedStory:
    lists = {name: tuple(row[name]) for name in ("commits", "follow_ups", "files", "tests")}
    criteria = tuple((label, text, checked) for label, text, checked in row["criteria"])
    documents = tuple(TracedDocument(**document) for document in row["documents"])
    return TracedStory(**{**row, **lists, "criteria": criteria, "documents": documents})


def _read_item(row: dict[str, Any]) -> Item:
    taken = tuple(Taking(one["story"], Evidence(**one["source"]), one["strength"]) for one in row["taken"])
    places = tuple(Evidence(**place) for place in row["places"])
    return Item(**{**row, "taken": taken, "places": places, "epics": tuple(row["epics"])})
