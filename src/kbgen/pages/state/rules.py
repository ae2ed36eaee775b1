"""What decides about a change: versions that are compared, senders that are told apart, conditions that drop it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, tag_of
from kbgen.extractors.branches import Branch, read_branches
from kbgen.model import Fact
from kbgen.pages.shared.readings import find_caught_throws, find_comparisons, find_script_conditions
from kbgen.pages.sources import Place
from kbgen.pages.state.scope import TIMERS, Scope
from kbgen.pages.values import say
from kbgen.patterns import LazyPattern

WARNINGS = ("warn", "warning", "error")
_VERSION = LazyPattern(r"version", re.IGNORECASE)
_ORDERING = LazyPattern(r"[<>]=?|[!=]==?|~=")
_TAB = LazyPattern(r"\btab_?id|tabId", re.IGNORECASE)
_SENDER = LazyPattern(r"(?:tab|sender|source|client|origin)_?id|sourceTab|senderId", re.IGNORECASE)
_CONNECTION = ("connect", "reconnect", "disconnect", "connect_error", "reconnect_failed")
_MIGRATE = LazyPattern(r"migrat", re.IGNORECASE)
_LOGGING = LazyPattern(r"log|debug|info|warn|error|trace", re.IGNORECASE)
_GIVEN_UP = LazyPattern(
    r"drop|skip|ignor|reject|too large|invalid|fail|exceed|unauthenticated|conflict|mismatch|corrupt|not available"
    r"|stale|could not|unavailable|discard",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class DecisionRow:
    condition: str
    member: str
    log: str
    """Of what is logged when it holds."""
    stops: bool
    at: Place


@dataclass(frozen=True, slots=True)
class SentRow:
    """What a call hands on as a version."""

    value: str
    callee: str
    at: Place


@dataclass(frozen=True, slots=True)
class DropRow:
    condition: str
    log: str
    level: str
    reports: str
    """The word that it tells listeners: ``payload_too_large``."""
    at: Place


@dataclass(frozen=True, slots=True)
class ThrowRow:
    """What a service throws."""

    name: str
    message: str
    condition: str
    caught: bool
    """In the same function: whoever calls it never sees it."""
    at: Place


@dataclass(frozen=True, slots=True)
class TabRow:
    name: str
    makes: tuple[str, ...]
    """What it calls to make and keep the ID."""
    key: str
    storage: str
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    event: str
    handler: str
    calls: tuple[str, ...]
    wait: str
    at: Place


class RuleReader:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def list_decisions(self) -> Iterator[DecisionRow]:
        seen: set[tuple[str, str, str]] = set()
        for path in self._scope.files:
            text = self._scope.sources.read_text(path)
            for each in () if _MIGRATE.search(path) else find_comparisons(text, path):
                asks = _VERSION.search(each.text) and _ORDERING.search(each.text) and "typeof" not in each.text
                if not asks or not self._scope.is_ours(path, each.line):
                    continue
                key = (path, each.member, each.text)
                if key not in seen:
                    seen.add(key)
                    log, stops = self._scope.read_body(path, each.body)
                    yield DecisionRow(each.text, each.member, log, stops, self._scope.at(path, each.line))

    def list_script_decisions(self) -> Iterator[DecisionRow]:
        """Conditions of scripts that run inside the store on the server."""
        for path in sorted(self._scope.parts.services):
            lines = self._scope.sources.read_text(path).splitlines()
            for symbol, fact in sorted(self._scope.program.list_symbols(path).items(), key=lambda s: s[1].line):
                if fact.attr("kind") not in ("const", "constant"):
                    continue
                text = "\n".join(lines[fact.line - 1 : int(fact.attr("end_line") or fact.line)])
                for condition in filter(_ORDERING.search, find_script_conditions(text)):
                    yield DecisionRow(condition, fact.name, "", False, self._scope.sources.at(path, symbol))

    def list_sent(self) -> Iterator[SentRow]:
        """What calls between the parts hand on as a version."""
        seen: set[tuple[str, str]] = set()
        for path in self._scope.files:
            for call in sorted(self._scope.list_calls(path), key=lambda f: f.line):
                for expr in self._read_versions(call):
                    value, callee = say(expr), call.name.rpartition(".")[2]
                    if _LOGGING.match(callee):
                        continue
                    leads = any(
                        p in self._scope.files
                        for p, _ in self._scope.program.resolve(call.path, call.symbol, call.name)
                    )
                    if tag_of(expr) == "name" and "." in value and leads and (value, callee) not in seen:
                        seen.add((value, callee))
                        yield SentRow(value, callee, self._scope.sources.at(call))

    def _read_versions(self, call: Fact) -> Iterator[Expr]:
        given, _ = decode_arguments(call.value)
        for target in self._scope.program.resolve(call.path, call.symbol, call.name)[:1]:
            params = self._scope.program.list_within(*target, "param")
            for param in params:
                index = int(param.attr("index") or -1)
                if _VERSION.search(param.name) and 0 <= index < len(given):
                    yield given[index]
        for arg in given:
            if tag_of(arg) == "dict":
                yield from (value for key, value in arg[1:] if isinstance(key, str) and _VERSION.search(key))

    def list_filters(self) -> Iterator[DecisionRow]:
        """Comparisons of a message's sender with the own tab."""
        seen: set[tuple[str, str]] = set()
        for path in self._scope.files:
            for each in find_comparisons(self._scope.sources.read_text(path), path):
                sides = [s for s in _ORDERING.split(each.text) if s.strip()]
                both = len(sides) == 2 and all(_SENDER.search(side) for side in sides)
                if both and self._scope.is_ours(path, each.line) and (path, each.text) not in seen:
                    seen.add((path, each.text))
                    log, stops = self._scope.read_body(path, each.body)
                    yield DecisionRow(each.text, each.member, log, stops, self._scope.at(path, each.line))

    def list_drops(self) -> Iterator[DropRow]:
        """Branches that say in the log that something is given up, and leave."""
        rows: dict[tuple[str, str], DropRow] = {}
        for path in self._scope.files:
            branches = read_branches(self._scope.sources.read_text(path), path)
            for fact in self._scope.list_logs(path):
                around = [b for b in branches if b.first <= fact.line <= b.last and b.text and b.leaves]
                if not around or not self._scope.is_ours(path, fact.line):
                    continue
                if not _GIVEN_UP.search(fact.name):
                    continue
                branch = max(around, key=lambda b: b.first)
                row = DropRow(
                    branch.text,
                    fact.name,
                    fact.attr("level"),
                    self._find_report(fact, branch),
                    self._scope.at(path, fact.line),
                )
                rows.setdefault((path, fact.name), row)
        yield from sorted(
            rows.values(), key=lambda r: (r.level not in WARNINGS, r.at.path in self._scope.parts.services)
        )

    def _find_report(self, log: Fact, branch: Branch) -> str:
        """What the branch hands to a function of the project as its first argument, where that is a word."""
        scope = self._scope
        for call in scope.list_calls(log.path):
            if branch.first <= call.line <= branch.last and scope.program.resolve(call.path, call.symbol, call.name):
                given, _ = decode_arguments(call.value)
                if given and isinstance(given[0], str) and given[0].isidentifier():
                    return given[0]
        return ""

    def list_throws(self) -> Iterator[ThrowRow]:
        scope = self._scope
        for fact in scope.sources.list("raise"):
            if fact.path in scope.parts.services and fact.name:
                text = scope.sources.read_text(fact.path)
                around = [b for b in read_branches(text, fact.path) if b.first <= fact.line <= b.last and b.text]
                given, _ = decode_arguments(fact.value)
                yield ThrowRow(
                    fact.name,
                    say(given[0], 160) if given else "",
                    max(around, key=lambda b: b.first).text if around else "",
                    fact.line in find_caught_throws(text, fact.path),
                    scope.sources.at(fact),
                )

    def list_tabs(self) -> Iterator[TabRow]:
        for path in sorted(self._scope.parts.client):
            for symbol, fact in sorted(self._scope.program.list_symbols(path).items(), key=lambda s: s[1].line):
                if fact.attr("kind") != "function" or not _TAB.search(fact.name):
                    continue
                calls = [
                    c.name for c in self._scope.program.list_within(path, symbol, "call") if c.name != "JSON.parse"
                ]
                keys = [f for f in self._scope.parts.keys if (f.path, f.symbol) == (path, symbol)]
                yield TabRow(
                    fact.name,
                    tuple(dict.fromkeys(c for c in calls if not c.startswith(("Math.", "Date.")))),
                    keys[0].name if keys else "",
                    keys[0].attr("storage") if keys else "",
                    self._scope.is_dead(path, symbol),
                    self._scope.sources.at(fact),
                )

    def list_connections(self) -> Iterator[ConnectionRow]:
        for fact in self._scope.sources.list("socket_on"):
            if fact.name not in _CONNECTION or fact.path not in self._scope.parts.client:
                continue
            path, symbol = self._scope.find_handler(fact)
            calls = self._scope.program.list_within(path, symbol, "call")
            timers = [f for f in calls if f.name in TIMERS]
            names = tuple(
                dict.fromkeys(
                    f.name.removeprefix("this.") for f in calls if self._scope.program.resolve(path, symbol, f.name)
                )
            )
            wait = self._scope.say_wait(timers[0]) if timers else ""
            yield ConnectionRow(fact.name, symbol.rpartition(".")[2], names, wait, self._scope.sources.at(path, symbol))
