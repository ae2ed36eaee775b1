"""What a failure looks like from outside: log lines, RPC errors, HTTP statuses, raised errors, as the code words them.

Each with the condition that the code asks before it, or the exception that it handles there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, is_unknown, tag_of
from kbgen.extractors.base import shorten
from kbgen.extractors.conditions import Branches
from kbgen.extractors.handlers import find_handled
from kbgen.model import Fact
from kbgen.pages.shared.subject import Reached
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import read_pairs, say

LOUD = frozenset({"warn", "warning", "error", "exception", "critical", "fatal"})
_SAME_LEVEL = {"warn": "WARNING", "exception": "ERROR", "fatal": "CRITICAL", "log": "LOG"}
_TEXT_LIMIT = 140
_WHEN_LIMIT = 70


@dataclass(frozen=True, slots=True)
class Sign:
    kind: str
    """log, rpc, http or error."""
    code: str
    """``WARNING``, ``-32600``, ``404``, or the class of a raised error."""
    text: str
    """As written, with the names of what it is filled with in braces."""
    detail: str
    when: str
    """The condition or the exception as written; ``""`` where neither stands around it."""
    handled: tuple[str, ...]
    """Exceptions that are handled there."""
    dead: bool
    """Nothing that runs leads there."""
    symbol: str
    at: Place


class SignReader:
    """Signs of facts, with what each file says around them read once."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._reached = Reached(sources)
        self._branches: dict[str, Branches] = {}

    def read(self, holds: Callable[[Fact], bool]) -> tuple[Sign, ...]:
        """Every sign of facts for which `holds`, by place."""
        rows = [(fact, sign) for fact, sign in self._read(holds) if sign.text or sign.code]
        rows.sort(key=lambda row: (row[0].path, row[0].line, row[1].kind, row[1].code, row[1].text))
        return tuple(dict.fromkeys(sign for _, sign in rows))

    def _read(self, holds: Callable[[Fact], bool]) -> Iterator[tuple[Fact, Sign]]:
        for fact in filter(holds, self._sources.list("rpc_error")):
            data = self._sources.read_attr(fact, "data")
            message = say_message(self._sources.read_attr(fact, "message"))
            yield fact, self._make(fact, "rpc", fact.name, message, _say_data(data))
        for fact in filter(holds, self._sources.list("log")):
            level = fact.attr("level")
            yield fact, self._make(fact, "log", _SAME_LEVEL.get(level, level.upper()), self._read_log(fact))
        for fact in filter(holds, self._sources.list("exception")):
            status, text = fact.attr("status"), self._read_raised(fact)
            if status:
                yield fact, self._make(fact, "http", status, text)
            else:
                yield fact, self._make(fact, "error", fact.name, text)
        for fact in filter(holds, self._sources.list("error_response")):
            message = _say_data(self._sources.read_attr(fact, "message"))
            yield fact, self._make(fact, "http", fact.attr("status"), message)

    def _make(self, fact: Fact, kind: str, code: str, text: str, detail: str = "") -> Sign:
        handled = self._find_handled(fact)
        return Sign(
            kind,
            code,
            text,
            detail,
            ", ".join(handled) if handled else self.find_condition(fact),
            handled or (),
            self.is_dead(fact.path, fact.symbol),
            fact.symbol,
            self._sources.at(fact),
        )

    def find_when(self, fact: Fact) -> str:
        """The exception that is handled around a fact, else the innermost condition; ``""`` where neither is."""
        return ", ".join(self._find_handled(fact) or ()) or self.find_condition(fact)

    def _find_handled(self, fact: Fact) -> tuple[str, ...] | None:
        return find_handled(self._sources.read_text(fact.path), fact.path, fact.line)

    def find_condition(self, fact: Fact) -> str:
        """The innermost condition around a fact, ``not (…)`` in an ``else``; ``""`` where there is none."""
        branches = self._branches.get(fact.path)
        if branches is None:
            branches = self._branches[fact.path] = Branches(self._sources.read_text(fact.path), fact.path)
        found = branches.find_conditions(fact.line)
        if not found or found[-1].holds:
            return shorten(found[-1].text, _WHEN_LIMIT) if found else ""
        # What runs when none of a chain of conditions holds.
        first = max((i for i, each in enumerate(found) if each.holds), default=-1) + 1
        return shorten(f"not ({' or '.join(each.text for each in found[first:])})", _WHEN_LIMIT)

    def is_dead(self, path: str, symbol: str) -> bool:
        """Nothing that runs leads there: of a method its class decides, of a function those that call it too."""
        return self._reached.is_dead(path, symbol)

    def _read_log(self, fact: Fact) -> str:
        """The message as written: what stands in the fact has values filled in where one is known."""
        for call in self._sources.program.list_within(fact.path, fact.symbol, "call"):
            if call.line == fact.line and call.name.endswith(f".{fact.attr('level')}") and call.value:
                positional, _ = decode_arguments(call.value)
                if positional and not is_unknown(positional[0]):
                    return say_message(positional[0])
        return shorten(fact.name, _TEXT_LIMIT)

    def _read_raised(self, fact: Fact) -> str:
        for raised in self._sources.program.list_within(fact.path, fact.symbol, "raise"):
            if raised.line == fact.line and raised.value:
                positional, words = decode_arguments(raised.value)
                given = [words.get(word) for word in ("detail", "message", "reason")]
                for expr in (*(g for g in given if g is not None), *positional[:1]):
                    if not is_unknown(expr):
                        return say_message(expr)
        return ""


def say_message(expr: Expr) -> str:
    """A text as written; what it is filled with stands in braces, ``{error}`` for ``{error or 'none'}``."""
    if tag_of(expr) == "name":
        return "{" + say(expr) + "}"
    if tag_of(expr) != "text":
        return say(expr, _TEXT_LIMIT)
    parts = (part if tag_of(part) == "literal" else ["name", _name_hole(part)] for part in expr[1:])
    return say(["text", *parts], _TEXT_LIMIT)


def _name_hole(part: Expr) -> str:
    if tag_of(part) == "any":
        part = next((each for each in part[1:] if tag_of(each) in ("name", "env")), ["?"])
    return say(part) if tag_of(part) in ("name", "env") else "…"


def _say_data(expr: Expr) -> str:
    """What an object tells a reader: its texts, ``CODE: message``; names of what else fills it."""
    pairs = read_pairs(expr)
    if not pairs:
        return "" if is_unknown(expr) or expr is None else say_message(expr)
    parts: list[str] = []
    for key, value in pairs.items():
        inner = _say_data(value)
        if not inner:
            continue
        plain = tag_of(value) in ("literal", "text", "dict")
        parts.append(inner if plain else f"{key}: {inner}")
    return shorten(": ".join(parts), _TEXT_LIMIT)


_HOLE = re.compile(r"\{[^{}]*\}|%[-\d.]*[sdrf]|…")


def make_pattern(text: str) -> str:
    """The longest part of a message that is the same in every line of it, to search a log for."""
    parts = [part.strip(" :,.'\"-([{") for part in _HOLE.split(text)]
    return max(parts, key=lambda part: (len(part), part), default="")
