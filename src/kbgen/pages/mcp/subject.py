"""Which code is about MCP: the files that are named so, definitions elsewhere that are, and what uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from kbgen.extractors.base import parse_references
from kbgen.join.program import Place as CodePlace
from kbgen.model import Fact
from kbgen.pages.shared.subject import Reached
from kbgen.pages.sources import Sources
from kbgen.patterns import LazyPattern

NAMED = LazyPattern(r"(?<![A-Za-z])[mM](?:cp|CP)(?![a-z])|(?<=[a-z])M(?:cp|CP)(?![a-z])")
"""The word in a path or a name: ``mcp_client``, ``useMcpServers``, ``MCPClient``."""
CODE = (".py", ".pyi", ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")


@dataclass(frozen=True)
class Subject:
    sources: Sources
    files: frozenset[str]
    """Files of the program that are about nothing else; tests left out."""
    homes: frozenset[CodePlace]
    """Definitions in other files that hold a server or a client."""

    @cached_property
    def reached(self) -> Reached:
        return Reached(self.sources)

    @cached_property
    def _symbols(self) -> dict[str, bool]:
        """Whether a definition's name holds the word, asked for so far: there are far fewer than facts."""
        return {}

    @cached_property
    def _raw(self) -> dict[str, tuple[Fact, ...]]:
        return {}

    def holds(self, fact: Fact) -> bool:
        if fact.path in self.files:
            return True
        known = self._symbols.get(fact.symbol)
        if known is None:
            known = self._symbols[fact.symbol] = bool(NAMED.search(fact.symbol))
        return known or (fact.path, fact.symbol) in self.homes

    def list(self, kind: str) -> Iterator[Fact]:
        return (fact for fact in self.sources.list(kind) if self.holds(fact))

    def list_raw(self, kind: str) -> tuple[Fact, ...]:
        """Raw facts of the subject's code, tests left out."""
        known = self._raw.get(kind)
        if known is None:
            found = self.sources.program.list_facts(kind)
            known = self._raw[kind] = tuple(fact for fact in found if self.holds(fact))
        return known

    def list_calls(self, fits: Callable[[str], bool]) -> Iterator[Fact]:
        """Calls in the subject's code whose callee's last part fits."""
        return (fact for fact in self.list_raw("call") if fits(fact.name.rpartition(".")[2]))

    @cached_property
    def around(self) -> frozenset[str]:
        """The files, and those that import one of them: where members of the subject's classes can be read."""
        program = self.sources.program
        importing = {
            fact.path
            for fact in program.list_facts("import")
            if NAMED.search(fact.value) and not self.files.isdisjoint(program.find_modules(fact.path, fact.value))
        }
        return self.files | importing

    @cached_property
    def members(self) -> frozenset[str]:
        """Names that code of these files writes behind a dot."""
        return frozenset(
            reference.name
            for fact in self.sources.program.list_facts("reference")
            if fact.name == "member" and fact.path in self.around
            for reference in parse_references(fact)
        )

    def find_readers(self, place: CodePlace) -> tuple[CodePlace, ...]:
        """Definitions that name a top-level one, by place."""
        found = {
            (fact.path, fact.symbol)
            for fact in self.find_naming(place[1])
            if (fact.path, fact.symbol) != place
            and place in self.sources.program.resolve(fact.path, fact.symbol, place[1])
        }
        return tuple(sorted(found))

    def find_naming(self, name: str) -> Iterator[Fact]:
        """Facts of references that hold the name, tests left out."""
        start = f"{name}@"
        for fact in self.sources.program.list_facts("reference"):
            if fact.name == "name" and start in fact.value and any(r.name == name for r in parse_references(fact)):
                yield fact


def find_subject(sources: Sources) -> Subject:
    program = sources.program
    files = {path for path in program.files if path.endswith(CODE) and NAMED.search(path) and not program.is_test(path)}
    homes = {
        (fact.path, fact.symbol)
        for kind in ("mcp_server", "mcp_client")
        for fact in sources.list(kind)
        if fact.path not in files and fact.symbol
    }
    return Subject(sources, frozenset(files), frozenset(homes))
