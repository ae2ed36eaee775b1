"""The rows of a trace, gap to document, and what hangs loose at either end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kbgen.model import Evidence
from kbgen.trace.book import Item, ItemKind, TraceBook, TracedDocument, TracedStory
from kbgen.trace.words import count_shared_words

LooseKind = Literal[
    "item-without-story",
    "unknown-item",
    "shared-id",
    "name-differs",
    "story-without-item",
    "story-without-commits",
    "document-missing",
    "closed-without-story",
]
LOOSE_KINDS: tuple[LooseKind, ...] = (
    "item-without-story",
    "unknown-item",
    "shared-id",
    "name-differs",
    "story-without-item",
    "story-without-commits",
    "document-missing",
    "closed-without-story",
)
HARMLESS: frozenset[LooseKind] = frozenset({"closed-without-story"})
"""Shown, but no reason to fail: the item's own row says that nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One row: at most one item of each kind, the story that takes them, and what became of it."""

    gap: Item | None = None
    recommendation: Item | None = None
    debt: Item | None = None
    story: TracedStory | None = None
    documents: tuple[TracedDocument, ...] = ()
    loose: tuple[LooseKind, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    """The lines that say that the story takes the items."""

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for item in (self.gap, self.recommendation, self.debt) if item is not None)

    @property
    def document(self) -> TracedDocument | None:
        """The first that is there, else the first that is planned."""
        return next((d for d in self.documents if d.exists), self.documents[0] if self.documents else None)


@dataclass(frozen=True, slots=True)
class LooseEnd:
    """Something that leads on to nothing. `subject` is an item's or a story's ID, or the words that name no item."""

    kind: LooseKind
    subject: str
    title: str
    story: str = ""
    epics: tuple[str, ...] = ()
    called: str = ""
    """What a line calls the item whose title is `title`."""
    paths: tuple[str, ...] = ()
    """Documents that are planned and not there."""
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """Rows in the order of stories, then items that no story takes; loose ends in the order of `LOOSE_KINDS`."""

    chains: tuple[Chain, ...]
    loose: tuple[LooseEnd, ...]
    untraced: tuple[tuple[str, int], ...] = ()
    """(epic, stories) of epics that name no item at all: nothing of theirs is loose."""
    items: tuple[Item, ...] = ()

    @property
    def is_whole(self) -> bool:
        return all(end.kind in HARMLESS for end in self.loose)


def join_trace(
    book: TraceBook,
    documents: Mapping[str, Sequence[str]] | None = None,
    stories: Collection[int] | None = None,
    items: Collection[str] | None = None,
    exists: Collection[str] = (),
) -> Trace:
    """Join items, stories and documents.

    `documents` gives the pages written for a story, by its ID; `exists` are those paths of them that are there.
    `stories` (places in the book) and `items` (IDs) limit the trace; both None: all.
    """
    pages = documents or {}
    limited = stories is not None or items is not None
    taken: dict[int, list[tuple[Item, Evidence]]] = {}
    for item in book.items:
        for taking in item.taken:
            taken.setdefault(taking.story, []).append((item, taking.source))
    wanted_items = {id.casefold() for id in items or ()}
    chosen = set(stories or ())
    if wanted_items:
        chosen |= {p for p, found in taken.items() if any(i.id.casefold() in wanted_items for i, _ in found)}
    traced_epics = {book.stories[p].epic for p in taken} | {e for item in book.items for e in item.epics}
    unknown: dict[int, list[int]] = {}
    for number, one in enumerate(book.unknown):
        unknown.setdefault(one.story, []).append(number)
    chains: list[Chain] = []
    loose: list[LooseEnd] = []
    untraced: dict[str, int] = {}
    for place, story in enumerate(book.stories):
        if limited and place not in chosen:
            continue
        mine = taken.get(place, [])
        if wanted_items and place not in set(stories or ()):
            mine = [pair for pair in mine if pair[0].id.casefold() in wanted_items]
        found = _list_documents(story, pages.get(story.id, ()), exists)
        ends = _find_story_ends(story, found, bool(mine), story.epic in traced_epics)
        if place in unknown:
            ends += [
                LooseEnd("unknown-item", book.unknown[n].text, story.title, story.id, evidence=book.unknown[n].source)
                for n in unknown[place]
            ]
            ends = [end for end in ends if end.kind != "story-without-item"]
        loose += ends
        if not mine and story.epic not in traced_epics:
            untraced[story.epic] = untraced.get(story.epic, 0) + 1
        kinds = tuple(kind for kind in LOOSE_KINDS if any(end.kind == kind for end in ends))
        chains += _make_chains(story, mine, found, kinds)
    shown_items = [i for i in book.items if not limited or i.id.casefold() in wanted_items or _is_of(i, chosen, book)]
    for item in shown_items:
        kind = _find_item_end(item)
        if kind is not None:
            loose.append(LooseEnd(kind, item.id, item.title, epics=item.epics, evidence=item.places[0]))
            chains.append(_hang(item, kind))
        if item.is_shared:
            loose.append(LooseEnd("shared-id", item.id, item.title, epics=item.epics, evidence=item.places[0]))
    shown_ids = {item.id for item in shown_items}
    loose += [
        LooseEnd("name-differs", wrong.item, wrong.title, called=wrong.called, evidence=wrong.source)
        for wrong in book.misnomers
        if wrong.item in shown_ids
    ]
    loose.sort(key=lambda end: LOOSE_KINDS.index(end.kind))
    return Trace(tuple(chains), tuple(loose), tuple(untraced.items()), tuple(shown_items))


def _is_of(item: Item, chosen: Collection[int], book: TraceBook) -> bool:
    """Whether a limited trace shows an item: a chosen story takes it, or an epic all of whose stories are chosen."""
    if any(taking.story in chosen for taking in item.taken):
        return True
    epics = {story.epic for p, story in enumerate(book.stories) if p in chosen}
    rest = {story.epic for p, story in enumerate(book.stories) if p not in chosen}
    return any(epic in epics and epic not in rest for epic in item.epics)


def _find_item_end(item: Item) -> LooseKind | None:
    if item.taken:
        return None
    return "closed-without-story" if item.closed else "item-without-story"


def _find_story_ends(
    story: TracedStory, documents: Sequence[TracedDocument], takes: bool, is_traced: bool
) -> list[LooseEnd]:
    ends = []
    if not takes and is_traced:
        ends.append(
            LooseEnd("story-without-item", story.id, story.title, story.id, (story.epic,) if story.epic else ())
        )
    if takes and not story.commits:
        ends.append(LooseEnd("story-without-commits", story.id, story.title, story.id))
    missing = tuple(d.path for d in documents if not d.exists)
    if takes and missing:
        ends.append(LooseEnd("document-missing", story.id, story.title, story.id, paths=missing))
    return ends


def _list_documents(story: TracedStory, pages: Sequence[str], exists: Collection[str]) -> tuple[TracedDocument, ...]:
    """kbgen's pages, then planned documents (those in hidden folders last), then what commits wrote, each path once."""
    there = {d.path for d in story.documents if d.exists}
    found = {path: TracedDocument(path, path in exists or path in there, "page") for path in pages}
    for document in sorted(story.documents, key=lambda d: (d.origin != "plan", d.path.startswith("."))):
        found.setdefault(document.path, document)
    return tuple(found.values())


def _make_chains(
    story: TracedStory,
    taken: Sequence[tuple[Item, Evidence]],
    documents: tuple[TracedDocument, ...],
    loose: tuple[LooseKind, ...],
) -> list[Chain]:
    """A row for each item of the kind that has most of them; the only item of another kind stands in each row.

    Where two kinds have several items each, an item goes to the row whose item its title is most like; one that is
    like none gets a row of its own. A row says that one story takes both, not that they are one.
    """
    by_kind: dict[ItemKind, list[Item]] = {}
    quotes = {id(item): source for item, source in taken}
    for item, _ in taken:
        by_kind.setdefault(item.kind, []).append(item)
    if not by_kind:
        return [Chain(story=story, documents=documents, loose=loose)]
    lead = max(by_kind, key=lambda kind: len(by_kind[kind]))
    rows: list[dict[ItemKind, Item]] = [{lead: item} for item in by_kind[lead]]
    others = [kind for kind in by_kind if kind != lead]
    for kind in others:
        if len(by_kind[kind]) > 1:
            rows += _match(rows, lead, kind, by_kind[kind])
    for kind in others:
        if len(by_kind[kind]) == 1:
            for row in rows:
                row[kind] = by_kind[kind][0]
    chains = []
    for row in rows:
        evidence = dict.fromkeys(quotes[id(item)] for item in row.values())
        chains.append(
            Chain(row.get("gap"), row.get("recommendation"), row.get("debt"), story, documents, loose, tuple(evidence))
        )
    return chains


def _match(
    rows: list[dict[ItemKind, Item]], lead: ItemKind, kind: ItemKind, items: Sequence[Item]
) -> list[dict[ItemKind, Item]]:
    """Give each item to the row that it is most like; the rows of those that are like none."""
    scores = sorted(
        (-count_shared_words(item.title, row[lead].title), r, n)
        for r, row in enumerate(rows)
        if lead in row
        for n, item in enumerate(items)
    )
    placed: set[int] = set()
    for score, r, n in scores:
        if score and n not in placed and kind not in rows[r]:
            rows[r][kind] = items[n]
            placed.add(n)
    return [{kind: item} for n, item in enumerate(items) if n not in placed]


def _hang(item: Item, loose: LooseKind) -> Chain:
    return Chain(
        gap=item if item.kind == "gap" else None,
        recommendation=item if item.kind == "recommendation" else None,
        debt=item if item.kind == "debt" else None,
        loose=(loose,),
        evidence=item.places[:1],
    )
