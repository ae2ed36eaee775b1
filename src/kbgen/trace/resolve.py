"""Which item is meant: definitions of one item joined, and each naming led to the item that its words name.

Two definitions of one ID are one item when their modules hold one another and their titles share words; otherwise the
ID has been given twice, and a naming means the one that stands nearest to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kbgen.ids import Grammar, format_key
from kbgen.model import Evidence, Story, StoryKey
from kbgen.stories.book import find_module
from kbgen.stories.items import Definition, Naming
from kbgen.stories.references import KINDS, ItemKind, Reference, read_kind, read_prefix
from kbgen.trace.book import Item, Misnomer, Strength, Taking, Unknown
from kbgen.trace.words import find_words, is_alike

MAX_CLUSTERS = 200
"""Meanings of one ID; beyond that the text is no list that people keep."""


@dataclass(slots=True)
class _Cluster:
    """The definitions of one item, and who takes it."""

    definitions: list[Definition]
    taken: dict[int, Taking]
    epics: dict[StoryKey, None]
    asked: ItemKind | None = None
    """The kind that a naming field gives an item that its own table gives none."""
    closed: bool = False
    """Another table says that it is done."""

    @property
    def first(self) -> Definition:
        return self.definitions[0]


def resolve_items(
    definitions: Iterable[Definition], namings: Iterable[Naming], stories: Sequence[Story], grammar: Grammar
) -> tuple[tuple[Item, ...], tuple[Unknown, ...], tuple[Misnomer, ...]]:
    """Every item with its stories; what stories name and no document defines; lines that call an item otherwise."""
    resolver = _Resolver(definitions, stories, grammar)
    for naming in sorted(namings, key=lambda n: (n.source.path, n.source.line, n.by)):
        resolver.take(naming)
    return resolver.list_items(), resolver.list_unknown(), tuple(resolver.misnomers)


class _Resolver:
    def __init__(self, definitions: Iterable[Definition], stories: Sequence[Story], grammar: Grammar) -> None:
        self._grammar = grammar
        self._stories = stories
        self._by_key: dict[StoryKey, list[int]] = {}
        for place, story in enumerate(stories):
            self._by_key.setdefault(story.key, []).append(place)
        self.misnomers: list[Misnomer] = []
        self._unknown: list[Unknown] = []
        self._groups: dict[tuple[str, ...], list[_Cluster]] = {}
        ordered = sorted(definitions, key=lambda d: (not d.listed, d.source.path, d.source.line))
        for definition in ordered:
            self._add(definition)
        self._clusters = [cluster for group in self._groups.values() for cluster in group]
        self._by_number: dict[tuple[str, int], list[_Cluster]] = {}
        for cluster in self._clusters:
            if not cluster.first.token and cluster.first.number:
                self._by_number.setdefault((cluster.first.kind, cluster.first.number), []).append(cluster)
        self._prefixes = {c.first.token.split("-")[0] for c in self._clusters if c.first.token}
        for cluster in self._clusters:
            for definition in cluster.definitions:
                for key in definition.takes:
                    self._take_by(cluster, key, definition.source, "row")
                cluster.epics.update(dict.fromkeys(definition.epics))

    def _add(self, definition: Definition) -> None:
        if definition.token:
            group = self._groups.setdefault(("token", definition.token), [])
        elif definition.number:
            group = self._groups.setdefault(("number", definition.kind, definition.id.lower()), [])
        else:
            group = self._groups.setdefault(("title", definition.kind, definition.title.lower()), [])
        for cluster in group:
            if definition.listed and cluster.first.listed and any(_is_same(definition, d) for d in cluster.definitions):
                cluster.definitions.append(definition)
                return
        if len(group) < MAX_CLUSTERS:
            group.append(_Cluster([definition], {}, {}))

    def take(self, naming: Naming) -> None:
        cluster = self._find(naming) if naming.reference is not None else self._find_titled(naming)
        if cluster is None:
            if naming.strength == "field" and self._is_item(naming.reference):
                text = naming.reference.spelled if naming.reference is not None else _read_value(naming.source.quote)
                for place in self._find_stories(naming.by, naming.source.path):
                    self._unknown.append(Unknown(place, text, naming.source, naming.reference is not None))
            return
        if naming.called and not any(find_words(naming.called) & find_words(d.title) for d in cluster.definitions):
            if find_words(naming.called):
                wrong = Misnomer(self._name(cluster.first), naming.called, cluster.first.title, naming.source)
                if all((m.item, m.called) != (wrong.item, wrong.called) for m in self.misnomers):
                    self.misnomers.append(wrong)
            # What a field names it takes all the same; in a passing line the name says more than the number.
            if naming.strength != "field":
                return
        if naming.strength == "closed":
            cluster.closed = True
        elif naming.by in self._by_key:
            if not cluster.first.kind and naming.strength != "field":
                return
            self._take_by(cluster, naming.by, naming.source, naming.strength)
            cluster.asked = cluster.asked or read_kind(naming.source.quote.split(":")[0])
        elif len(naming.by.numbers) == 1:
            cluster.epics[naming.by] = None

    def _take_by(self, cluster: _Cluster, key: StoryKey, source: Evidence, strength: Strength) -> None:
        for place in self._find_stories(key, source.path):
            old = cluster.taken.get(place)
            if old is None or (old.strength != "field" and strength == "field"):
                cluster.taken[place] = Taking(place, source, strength)

    def _find_stories(self, key: StoryKey, path: str) -> tuple[int, ...]:
        """The story of that key that the document at `path` speaks of: of its module where several share the key."""
        places = self._by_key.get(key, [])
        if len(places) < 2:
            return tuple(places)
        module = find_module(path)
        own = [p for p in places if any(d.path == path for d in self._stories[p].documents)]
        same = own or [p for p in places if self._stories[p].module == module]
        near = same or [p for p in places if _is_near(self._stories[p].module, module)]
        return tuple(near[:1])

    def _is_item(self, reference: Reference | None) -> bool:
        """Whether words that lead nowhere were meant to name an item: UTF-8 and SHA-256 look like IDs too."""
        if reference is None or not reference.token:
            return True
        return reference.token.split("-")[0] in self._prefixes or read_prefix(reference.token) is not None

    def _find(self, naming: Naming) -> _Cluster | None:
        reference = naming.reference
        assert reference is not None
        epic = StoryKey(naming.by.prefix, naming.by.numbers[:1])
        if reference.token:
            candidates = self._groups.get(("token", reference.token), [])
        else:
            candidates = self._find_numbered(reference, naming.source.path, epic)
        if not candidates:
            return None
        module = find_module(naming.source.path)
        line = find_words(naming.source.quote)

        def rank(cluster: _Cluster) -> tuple[bool, bool, bool, bool, bool]:
            found = cluster.definitions
            return (
                any(d.source.path == naming.source.path for d in found),
                any(epic in d.aims for d in found),
                any(d.epic == epic for d in found),
                any(_is_near(find_module(d.source.path), module) for d in found),
                any(line & find_words(d.title) for d in found),
            )

        best = max(candidates, key=rank)
        # Two items of one ID in parts of the repository that this document has nothing to do with: neither is meant.
        return best if len(candidates) == 1 or any(rank(best)[:4]) else None

    def _find_titled(self, naming: Naming) -> _Cluster | None:
        """The item whose whole title stands in the words of a field: ``"Rate limits of the API" from the register``."""
        said = find_words(_read_value(naming.source.quote))
        module = find_module(naming.source.path)
        for cluster in self._clusters:
            title = find_words(cluster.first.title)
            if (
                cluster.first.listed
                and len(title) > 1
                and title <= said
                and _is_near(find_module(cluster.first.source.path), module)
            ):
                return cluster
        return None

    def _find_numbered(self, reference: Reference, path: str, epic: StoryKey) -> list[_Cluster]:
        found = self._by_number.get((reference.kind, reference.number), [])
        if reference.epic is not None:
            return [
                c
                for c in found
                if any(d.epic == reference.epic and reference.document in ("", d.document) for d in c.definitions)
            ]
        found = [c for c in found if c.first.listed]
        for words in (reference.words, reference.words[-1:]):
            if words and (matching := [c for c in found if _has_words(c.first.id, words)]):
                return matching
        if reference.words:
            return []
        # "Gap 3" alone means the list of its own document or epic, when that has one.
        own = [c for c in found if any(d.source.path == path or d.epic == epic for d in c.definitions)]
        return own if len(own) == 1 else []

    def list_unknown(self) -> tuple[Unknown, ...]:
        """Words that name no item count only where the story names none that is one, in whatever document."""
        taking = {place for cluster in self._clusters for place in cluster.taken}
        return tuple(one for one in self._unknown if one.is_id or one.story not in taking)

    def list_items(self) -> tuple[Item, ...]:
        items = []
        for cluster in self._clusters:
            first = cluster.first
            is_named = bool(cluster.taken or cluster.epics)
            kind = _find_kind(cluster)
            if kind is None or not (is_named or (first.listed and first.kind)):
                continue
            ids = sorted(cluster.epics)
            item = Item(
                id=self._name(first),
                kind=kind,
                title=first.title,
                status=next((d.status for d in cluster.definitions if d.status), ""),
                closed=cluster.closed or any(d.closed for d in cluster.definitions),
                places=tuple(d.source for d in cluster.definitions),
                taken=tuple(cluster.taken[place] for place in sorted(cluster.taken)),
                epics=tuple(format_key(key, self._grammar) for key in ids),
            )
            items.append(item)
        items.sort(key=lambda i: (KINDS.index(i.kind), _natural(i.id), i.places[0].path, i.places[0].line))
        seen: dict[str, int] = {}
        for item in items:
            seen[item.id] = seen.get(item.id, 0) + 1
        return tuple(replace(item, is_shared=True) if seen[item.id] > 1 else item for item in items)

    def _name(self, definition: Definition) -> str:
        """``DM-09 Retrospective Recommendation #2`` for a member of a list in prose, which many documents have."""
        if definition.listed or definition.epic is None or not definition.epic.numbers:
            return definition.id
        document = {"retrospective": ("Retrospective",), "tech-spec": ("Tech Spec",)}.get(definition.document, ())
        # What the list is called there ("General Recommendations") tells nobody elsewhere which one it is.
        member = definition.id.split(" ")[-2:]
        return " ".join((format_key(definition.epic, self._grammar), *document, *member))


def _find_kind(cluster: _Cluster) -> ItemKind | None:
    said = next((d.kind for d in cluster.definitions if d.kind), "") or cluster.asked
    return next((kind for kind in KINDS if kind == said), "gap" if cluster.taken else None)


def _is_same(one: Definition, other: Definition) -> bool:
    if not _is_near(find_module(one.source.path), find_module(other.source.path)):
        return False
    return is_alike(one.title, other.title)


def _is_near(one: str, other: str) -> bool:
    """Whether two modules are the same, or one holds the other."""
    return one == other or not one or not other or one.startswith(other + "/") or other.startswith(one + "/")


def _has_words(id: str, words: Sequence[str]) -> bool:
    """Whether a list's name has each of the words, shortened or not: ``Doc`` for ``Documentation``."""
    own = id.lower().split()
    return all(any(o == w or (len(w) > 2 and o.startswith(w)) for o in own) for w in words)


def _natural(id: str) -> tuple[tuple[int, int | str], ...]:
    """Numbers sort as numbers, within text."""
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d{1,9})", id) if part)


def _read_value(line: str) -> str:
    """What stands after a field's name, or in a list item."""
    text = re.sub(r"^\s*(?:[-*+]\s+|\d+[.)]\s+)?", "", line)
    match = re.match(r"(?:\*\*|__)?[^:*]{1,80}(?::\s*(?:\*\*|__)|(?:\*\*|__)\s*:|:)\s*(?P<value>\S.*)$", text)
    return (match["value"] if match else text).strip("*_ ")
