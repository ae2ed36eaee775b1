"""What health routes answer, which states there are, and what sets each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of, walk_expr
from kbgen.join.program import Place as Definition
from kbgen.model import Fact
from kbgen.pages.shared.signs import SignReader
from kbgen.pages.shared.traffic import find_handler
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import read_pairs, say
from kbgen.patterns import LazyPattern

_STATE = LazyPattern(r"(?:[Hh]ealth|[Ss]tatus|[Ss]tate)$")
_READS = LazyPattern(r"(?:^|\.)(?:get|getattr|pop|count|index|filter|sum|len)$")
_VERDICTS = ("status", "ready", "healthy", "ok", "state", "alive", "live")
"""Keys of an answer that say how things stand."""
_MORE_KEYS = 6
_PLACES = 3


@dataclass(frozen=True, slots=True)
class Answer:
    value: str
    """``status: ok``"""
    when: str
    """The condition or exception before it, ``""`` where there is none."""


@dataclass(frozen=True, slots=True)
class HealthRow:
    method: str
    path: str
    answers: tuple[Answer, ...]
    keys: tuple[str, ...]
    """What else the answer holds."""
    always: bool
    """One answer and no condition before it: it tells that the process runs, and nothing else."""
    at: Place


@dataclass(frozen=True, slots=True)
class StateRow:
    name: str
    when: tuple[str, ...]
    at: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class StateTable:
    name: str
    """``AgentHealth``, or ``Client.circuitState`` of a field that holds one of a few texts."""
    rows: tuple[StateRow, ...]
    dead: bool
    """Nothing that runs sets any of them."""
    at: Place


class HealthReader:
    def __init__(self, sources: Sources, signs: SignReader) -> None:
        self._sources = sources
        self._program = sources.program
        self._signs = signs

    # --------------------------------------------------------------------------------------- routes

    def make_row(self, route: Fact) -> HealthRow:
        place = find_handler(route)
        found = list(self._list_answers(place, 1))
        answers: dict[Answer, None] = {}
        keys: dict[str, None] = {}
        for fact, expr in found:
            pairs = read_pairs(expr)
            verdict = next((key for key in _VERDICTS if key in pairs), "")
            if verdict:
                handled = self._signs.find_when(fact)
                answers[Answer(f"{verdict}: {' or '.join(_say_choices(pairs[verdict]))}", handled)] = None
            keys.update(dict.fromkeys(key for key in pairs if key != verdict))
        rows = tuple(answers)
        always = len(rows) == 1 and not rows[0].when and " or " not in rows[0].value
        return HealthRow(
            route.attr("method"), route.attr("path"), rows, tuple(keys)[:_MORE_KEYS], always,
            self._sources.at(place[0], place[1]),
        )  # fmt: skip

    def find_keys(self, route: Fact) -> tuple[str, ...]:
        """The keys of what a route answers with, where its code or a function that it returns writes them down."""
        keys: dict[str, None] = {}
        for _, expr in self._list_answers(find_handler(route), 2):
            keys.update(dict.fromkeys(read_pairs(expr)))
        return tuple(keys)

    def _list_answers(self, place: Definition, depth: int) -> Iterator[tuple[Fact, Expr]]:
        for fact in self._program.list_within(place[0], place[1], "return"):
            expr = decode_expr(fact.value)
            if tag_of(expr) == "dict":
                yield fact, expr
            elif tag_of(expr) in ("call", "name") and depth:
                for inner in self._program.resolve(place[0], place[1], expr[1]):
                    yield from self._list_answers(inner, depth - 1)

    # --------------------------------------------------------------------------------------- states

    def list_states(self, paths: Iterable[str], holds: Callable[[Fact], bool]) -> tuple[StateTable, ...]:
        """Enumerations of states that code of the subject sets, then fields that hold one of a few texts."""
        tables = [*self._read_enums(frozenset(paths), holds), *self._read_fields(holds)]
        return tuple(sorted(tables, key=lambda t: (t.dead, t.at.path, t.name)))

    def _read_enums(self, paths: frozenset[str], holds: Callable[[Fact], bool]) -> Iterator[StateTable]:
        for path, symbol in sorted(self._find_enums(paths)):
            inside = f"{symbol}."
            members = [s[len(inside) :] for s in self._program.list_symbols(path) if s.startswith(inside)]
            set_by: dict[str, list[tuple[str, Fact]]] = {member: [] for member in members}
            for fact in self._list_uses(holds):
                for member in _find_members(fact, symbol):
                    if member in set_by:
                        set_by[member].append((self._signs.find_when(fact), fact))
            if any(set_by.values()):
                yield self._make_table(symbol, set_by, self._sources.at(path, symbol))

    def _find_enums(self, paths: frozenset[str]) -> set[Definition]:
        found = set()
        for fact in self._program.list_facts("import"):
            if fact.path in paths and _STATE.search(fact.name):
                for path, symbol in self._program.resolve(fact.path, "", fact.attr("alias") or fact.name):
                    known = self._program.get_symbol((path, symbol)) if symbol else None
                    if known is not None and "Enum" in known.attr("bases"):
                        found.add((path, symbol))
        return found

    def _list_uses(self, holds: Callable[[Fact], bool]) -> Iterator[Fact]:
        """Where code sets or returns a value: not where it compares with one."""
        for kind in ("call", "return", "binding"):
            for fact in self._program.list_facts(kind):
                if fact.value and '["name","' in fact.value and holds(fact):
                    yield fact

    def _read_fields(self, holds: Callable[[Fact], bool]) -> Iterator[StateTable]:
        for field in self._program.list_facts("field"):
            choices = _read_choices(field.attr("type"))
            if len(choices) < 2 or not _STATE.search(field.name) or not holds(field):
                continue
            set_by: dict[str, list[tuple[str, Fact]]] = {choice: [] for choice in choices}
            for fact in self._program.list_facts("binding"):
                if fact.path == field.path and fact.name in (f"this.{field.name}", f"self.{field.name}"):
                    value = decode_expr(fact.value)
                    if isinstance(value, str) and value in set_by:
                        set_by[value].append((self._signs.find_when(fact), fact))
            if any(set_by.values()):
                yield self._make_table(f"{field.symbol}.{field.name}", set_by, self._sources.at(field))

    def _make_table(self, name: str, set_by: dict[str, list[tuple[str, Fact]]], at: Place) -> StateTable:
        rows = []
        dead = True
        for member, uses in set_by.items():
            facts = [fact for _, fact in uses]
            dead = dead and all(self._signs.is_dead(f.path, f.symbol) for f in facts)
            when = tuple(dict.fromkeys(text for text, _ in uses if text))[:_PLACES]
            rows.append(StateRow(member, when, self._sources.places(facts)[:_PLACES]))
        return StateTable(name, tuple(rows), dead, at)


def _find_members(fact: Fact, owner: str) -> Iterator[str]:
    last = owner.rpartition(".")[2]
    if fact.kind == "call":
        if _READS.search(fact.name):
            return
        positional, words = decode_arguments(fact.value)
        exprs = [*positional, *words.values()]
    else:
        exprs = [decode_expr(fact.value)]
    for expr in exprs:
        if tag_of(expr) == "call":
            continue  # a fact of its own
        for part in walk_expr(expr):
            if tag_of(part) == "name" and part[1].startswith(f"{last}."):
                yield part[1].rpartition(".")[2]


def _read_choices(text: str) -> tuple[str, ...]:
    parts = [part.strip() for part in text.split("|")]
    quoted = [part[1:-1] for part in parts if len(part) > 2 and part[0] == part[-1] and part[0] in "'\""]
    return tuple(quoted) if len(quoted) == len(parts) else ()


def _say_choices(expr: Expr) -> tuple[str, ...]:
    parts = expr[1:] if tag_of(expr) == "any" else [expr]
    return tuple(filter(None, map(say, parts)))
