"""Generative interfaces: the layouts that an agent can ask for, the components that it can name, who fills the list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from kbgen.expressions import decode_expr, tag_of
from kbgen.model import Fact
from kbgen.pages.copilot.hooks import ActionRow
from kbgen.pages.shared.choices import ChoiceRow, find_choice
from kbgen.pages.shared.usage import Usage
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import read_pairs
from kbgen.patterns import LazyPattern

_GENERATIVE = LazyPattern(r"(?i)layout|generative|widget|component|card|slot")
_LITERAL_TYPE = LazyPattern(r"""^(['"])([\w-]+)\1$""")
_FILLS = LazyPattern(r"(?i)^(?:register|add|set|define|install)")


@dataclass(frozen=True, slots=True)
class LayoutRow:
    """An interface whose `type` is one literal: a member of a union of layouts."""

    literal: str
    name: str
    fields: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class RegistryRow:
    """An object that gives components by name."""

    name: str
    entries: tuple[str, ...]
    at: Place
    fillers: tuple[tuple[Place, bool], ...]
    """(function that adds to it by its name, nothing that runs calls it)"""
    shared: bool
    """Other files can add to it too."""

    @property
    def stays_empty(self) -> bool:
        return not (self.entries or self.shared) and all(dead for _, dead in self.fillers)


@dataclass(frozen=True, slots=True)
class Layouts:
    actions: tuple[ActionRow, ...]
    layouts: tuple[LayoutRow, ...]
    registries: tuple[RegistryRow, ...]
    choices: tuple[ChoiceRow, ...]
    chooser: Place | None
    """The function on the server that decides which layout is asked for."""
    helpers: tuple[Place, ...]
    """Functions beside the tool on the server that are named for a layout."""
    paths: frozenset[str]


def read_layouts(sources: Sources, usage: Usage, actions: Iterable[ActionRow]) -> Layouts:
    reader = _Reader(sources, usage)
    every = tuple(actions)
    wanted = tuple(a for a in every if a.shows)
    own = {a.at.path for a in wanted or every}
    near = own | reader.find_near(own)
    layouts = tuple(reader.list_layouts(near))
    names = {row.literal for row in layouts}
    server = {p.path for a in wanted for p in a.counterparts}
    chooser, choices = find_choice(sources, server, lambda e: e if isinstance(e, str) and e in names else "")
    return Layouts(
        wanted,
        layouts,
        tuple(reader.list_registries(near)),
        choices,
        chooser,
        tuple(reader.list_helpers(server, names)),
        frozenset(near),
    )


class _Reader:
    def __init__(self, sources: Sources, usage: Usage) -> None:
        self._sources = sources
        self._program = sources.program
        self._usage = usage

    def find_near(self, paths: Collection[str]) -> set[str]:
        """Files of the project that these import and whose path speaks of layouts or components."""
        program = self._program
        return {
            found
            for fact in program.list_facts("import")
            if fact.path in paths
            for found in program.find_modules(fact.path, fact.value)
            if not program.is_test(found) and _GENERATIVE.search(found.rpartition("/")[2])
        }

    def list_layouts(self, paths: Iterable[str]) -> Iterator[LayoutRow]:
        for path in sorted(paths):
            for symbol, fact in self._program.list_symbols(path).items():
                if fact.attr("kind") != "interface":
                    continue
                fields = self._program.list_within(path, symbol, "field")
                literal = next(
                    (m[2] for f in fields if f.name == "type" and (m := _LITERAL_TYPE.match(f.attr("type")))), ""
                )
                if literal:
                    others = tuple(f.name for f in fields if f.name != "type")
                    yield LayoutRow(literal, fact.name, others, self._sources.at(path, symbol))

    def list_registries(self, paths: Iterable[str]) -> Iterator[RegistryRow]:
        for path in sorted(paths):
            for fact in self._program.list_within(path, "", "binding"):
                value = decode_expr(fact.value) if fact.value else ""
                if tag_of(value) != "dict":
                    continue
                pairs = read_pairs(value)
                fillers = tuple(self._list_fillers(fact))
                named = all(tag_of(v) == "name" and v[1][:1].isupper() for v in pairs.values())
                if (len(pairs) > 1 and named) or (not pairs and fillers):
                    symbol = self._program.get_symbol((path, fact.name))
                    shared = symbol is None or symbol.attr("exported") == "yes"
                    yield RegistryRow(fact.name, tuple(pairs), self._sources.at(path, fact.name), fillers, shared)

    def _list_fillers(self, registry: Fact) -> Iterator[tuple[Place, bool]]:
        for place in self._usage.find_naming(registry.name, (registry.path,)):
            if place.symbol != registry.name and _FILLS.search(place.symbol):
                yield place, self._usage.reached.is_dead(place.path, place.symbol)

    def list_helpers(self, paths: Iterable[str], names: Collection[str]) -> Iterator[Place]:
        for path in sorted(paths):
            for symbol, fact in self._program.list_symbols(path).items():
                if fact.attr("kind") == "function" and not set(names).isdisjoint(fact.name.split("_")):
                    yield self._sources.at(path, symbol)
