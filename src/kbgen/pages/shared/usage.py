"""Who uses a definition of the front end: which code calls it, renders it, or names a word."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from kbgen.model import Fact
from kbgen.pages.shared.subject import Reached, unique
from kbgen.pages.sources import Place, Sources


class Usage:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._program = sources.program
        self.reached = Reached(sources)
        self._rendered: dict[str, list[Fact]] = {}
        for fact in self._program.list_facts("jsx"):
            self._rendered.setdefault(fact.name, []).append(fact)

    def list_rendered(self, name: str) -> list[Fact]:
        """The elements of a name; tests left out."""
        return self._rendered.get(name, [])

    def find_users(self, path: str, symbol: str) -> tuple[Place, ...]:
        """What calls or renders a definition, tests left out; code that runs first."""
        top = symbol.partition(".")[0]
        if not top:
            return ()
        renders = [f for f in self.list_rendered(top) if (path, top) in self._program.resolve(f.path, f.symbol, f.name)]
        found = [f for f in (*self._program.find_callers((path, top)), *renders) if not self._program.is_test(f.path)]
        return unique(self._sources.at(f) for f in self.sort_live_first(found))

    def sort_live_first(self, facts: Iterable[Fact]) -> list[Fact]:
        return sorted(facts, key=lambda f: (self.reached.is_dead(f.path, f.symbol), f.path, f.line))

    def find_naming(self, word: str, paths: Collection[str]) -> tuple[Place, ...]:
        """Definitions of these files whose code names a word."""
        return tuple(
            self._sources.at(f.path, f.symbol.partition(".")[0])
            for f in self._program.list_facts("reference")
            if f.path in paths and any(packed[: packed.rindex("@")] == word for packed in f.value.split())
        )

    def list_live(self, places: Iterable[Place]) -> tuple[Place, ...]:
        return tuple(place for place in places if not self.reached.is_dead(place.path, place.symbol))
