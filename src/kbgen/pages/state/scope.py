"""What of the code belongs to keeping state in step, and what its pages ask of a place in it.

Of a client's and a service's files everything belongs to it, of others only the definitions that changes go through.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, tag_of
from kbgen.extractors.branches import find_guards, read_branches
from kbgen.extractors.statements import find_statement
from kbgen.join.program import Place as Definition
from kbgen.model import Fact
from kbgen.pages.shared.constants import ConstantRow, list_constants
from kbgen.pages.shared.readings import find_definition
from kbgen.pages.shared.subject import Reached, unique
from kbgen.pages.sources import Place, Sources
from kbgen.pages.state.parts import SYNC_WORDS, StateParts
from kbgen.pages.values import say
from kbgen.patterns import LazyPattern

TIMERS = ("setTimeout", "setInterval")
_HOLE = LazyPattern(r"\{[^{}]*\}")
_CALLERS_UP = 4


@dataclass(frozen=True, slots=True)
class FunctionRow:
    name: str
    callers: tuple[Place, ...]
    more: int
    dead: bool
    at: Place


class Scope:
    def __init__(self, sources: Sources, parts: StateParts) -> None:
        self.sources = sources
        self.parts = parts
        self.program = sources.program
        self._reached = Reached(sources)
        self._server_files = {path for path, _ in parts.server} | {f.path for e in parts.exchanges for f in e.handlers}
        self._server_files -= parts.client
        self.places = self._list_places()
        self.constants = tuple(self._list_constants())

    def _list_places(self) -> frozenset[Definition]:
        """Definitions that the page is about: all of the client's and services' files, parts of the others."""
        whole = {(path, s) for path in self.parts.files for s in ("", *self.program.list_symbols(path))}
        return frozenset(whole | set(self.parts.server))

    def is_ours(self, path: str, line: int) -> bool:
        return (path, self.find_symbol(path, line)) in self.places

    def find_symbol(self, path: str, line: int) -> str:
        return find_definition(self.program.list_symbols(path), line)

    def is_dead(self, path: str, symbol: str, asked: frozenset[Definition] = frozenset()) -> bool:
        """Nothing that runs leads to the definition, to the class that it is in, or to anything that calls it."""
        top, place = symbol.partition(".")[0], (path, symbol)
        if not symbol or place in asked or len(asked) > _CALLERS_UP:
            return False
        if self._reached.is_dead(path, symbol) or (top != symbol and self._reached.is_dead(path, top)):
            return True
        callers = self.program.find_callers(place)
        return bool(callers) and all(self.is_dead(c.path, c.symbol, asked | {place}) for c in callers)

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(sorted(self.parts.files | self._server_files))

    def at(self, path: str, line: int) -> Place:
        return self.sources.at(path, self.find_symbol(path, line))

    def list_calls(self, path: str) -> Iterator[Fact]:
        for symbol in ("", *self.program.list_symbols(path)):
            if (path, symbol) in self.places:
                yield from self.program.list_within(path, symbol, "call")

    def _list_constants(self) -> Iterator[ConstantRow]:
        own = self.parts.files
        words = self._read_words(own)
        rows = {(row.at.path, row.name): row for row in list_constants(self.sources, own)}
        near = self._server_files - own
        used = self._read_used(near)
        for row in list_constants(self.sources, near):
            if row.name.rpartition(".")[2] in used:
                rows.setdefault((row.at.path, row.name), row)
        for (path, name), row in sorted(rows.items()):
            shared = path in own and not SYNC_WORDS.search(posixpath.basename(path)) and not SYNC_WORDS.search(name)
            if not shared or name.rpartition(".")[2] in words:
                yield row

    def _read_words(self, paths: Iterable[str]) -> frozenset[str]:
        """Names that code of these files mentions outside their own definitions."""
        wanted = frozenset(paths)
        return frozenset(
            word
            for fact in self.program.list_facts("reference")
            if fact.path in wanted
            for packed in fact.value.split()
            if (word := packed[: packed.rindex("@")]) != fact.symbol
        )

    def _read_used(self, paths: Iterable[str]) -> frozenset[str]:
        """Names that the server's definitions mention in files of which only they are the page's."""
        found: set[str] = set()
        for path, symbol in self.parts.server:
            fact = self.program.get_symbol((path, symbol))
            if path in paths and fact is not None:
                lines = self.sources.read_text(path).splitlines()[
                    fact.line - 1 : int(fact.attr("end_line") or fact.line)
                ]
                found.update(re.findall(r"\b[A-Z][A-Z0-9_]{3,}\b", "\n".join(lines)))
        return frozenset(found)

    def say_wait(self, call: Fact) -> str:
        """``WAIT_MS = 100`` of a timer's call."""
        given, _ = decode_arguments(call.value)
        return self._say_value(call, given[1]) if len(given) > 1 else ""

    def _say_value(self, fact: Fact, expr: Expr) -> str:
        name = say(expr)
        folded = self.program.fold(fact.path, fact.symbol, expr)
        value = folded[0].text if folded and "{" not in folded[0].text else ""
        if tag_of(expr) == "literal":
            return name
        constant = next((r.name.rpartition(".")[2] for r in self.constants if r.name.endswith(name)), "") or name
        constant = self._find_default(fact, constant)
        return f"{constant} = {value}" if value else constant

    def _find_default(self, fact: Fact, name: str) -> str:
        """The constant that a local name stands for."""
        for _, expr in self.program.find_values(fact.path, fact.symbol, name)[:1]:
            for part in expr[1:] if tag_of(expr) == "any" else (expr,):
                if tag_of(part) == "name" and str(part[1]).rpartition(".")[2].isupper():
                    return str(part[1]).rpartition(".")[2]
        return name.rpartition(".")[2]

    def find_end(self, fact: Fact) -> int:
        """The last line of the statement that a call begins."""
        span = find_statement(self.sources.read_text(fact.path), fact.path, fact.line)
        return span[1] if span is not None else fact.line

    def find_handler(self, handler: Fact) -> Definition:
        """The function that gets the event, where it is a definition; else the place that asks for it."""
        expr = self.sources.read_attr(handler, "handler")
        if tag_of(expr) == "name":
            for place in self.program.resolve(handler.path, handler.symbol, expr[1])[:1]:
                return place
        return handler.path, handler.symbol

    def find_guards(self, fact: Fact) -> tuple[str, ...]:
        return self.find_guards_at((fact.path, fact.symbol), fact.line)

    def find_guards_at(self, place: Definition, line: int) -> tuple[str, ...]:
        """Conditions that would have left the definition before the line."""
        symbol = self.program.get_symbol(place)
        if symbol is None:
            return ()
        branches = read_branches(self.sources.read_text(place[0]), place[0])
        return tuple(dict.fromkeys(b.text for b in find_guards(branches, line) if b.first >= symbol.line))

    def list_effects(self, place: Definition) -> Iterator[tuple[Fact, str, str]]:
        """What a handler sends and which services it calls, in source order, each name once."""
        found: list[tuple[Fact, str, str]] = []
        for each in self.parts.exchanges:
            if each.side == "server":
                found += [(f, "answer", each.name) for f in each.emits if (f.path, f.symbol) == place]
        for edge in self.program.find_edges(place):
            if edge.how == "call" and edge.target[0] in self.parts.services:
                found.append((edge.fact, "keep", edge.target[1]))
        names: set[tuple[str, str]] = set()
        for row in sorted(found, key=lambda r: r[0].line):
            if row[1:] not in names:
                names.add(row[1:])
                yield row

    def find_callee(self, fact: Fact) -> Place:
        for path, symbol in self.program.resolve(fact.path, fact.symbol, fact.name)[:1]:
            return self.sources.at(path, symbol)
        return self.sources.at(fact)

    def list_logs(self, path: str) -> tuple[Fact, ...]:
        return tuple(f for f in self.sources.list("log") if f.path == path and self._is_verbatim(f))

    def _is_verbatim(self, log: Fact) -> bool:
        """Whether the message stands in the file, holes aside: a value that was worked out may be one of several."""
        text = self.sources.read_text(log.path)
        parts = [part.strip() for part in _HOLE.split(log.name) if len(part.strip()) > 1]
        return bool(parts) and all(part in text for part in parts)

    def read_body(self, path: str, body: tuple[int, int]) -> tuple[str, bool]:
        """What is logged in these lines, and whether they leave the function at their end."""
        if not body[0]:
            return "", False
        branches = read_branches(self.sources.read_text(path), path)
        inner = [b for b in branches if body[0] < b.first and b.last < body[1]]
        log = next(
            (
                f.name
                for f in self.list_logs(path)
                if body[0] <= f.line <= body[1] and not any(b.first <= f.line <= b.last for b in inner)
            ),
            "",
        )
        stops = any(b.first == body[0] and b.leaves for b in branches)
        return log, stops

    def list_functions(self, path: str) -> Iterator[FunctionRow]:
        for symbol, fact in sorted(self.program.list_symbols(path).items(), key=lambda s: s[1].line):
            if fact.attr("kind") != "function" or fact.attr("exported") != "yes":
                continue
            callers = unique(self.sources.at(c) for c in self.program.find_callers((path, symbol)) if c.path != path)
            yield FunctionRow(
                fact.name, callers[:2], len(callers[2:]), self.is_dead(path, symbol), self.sources.at(fact)
            )

    def list_mirrored(self) -> tuple[ConstantRow, ...]:
        """Constants of the other language's side."""
        return list_constants(self.sources, self.parts.mirror_users | {path for path, _ in self.parts.mirrors})


def group_by_name(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        found.setdefault(fact.name, []).append(fact)
    return found
