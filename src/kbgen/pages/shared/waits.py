"""How long code waits and how often it tries: timeouts, intervals and retries, with what they come from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, decode_expr, is_unknown, tag_of
from kbgen.join.program import Place as Definition
from kbgen.model import Fact
from kbgen.pages.shared.constants import ConstantRow, list_constants
from kbgen.pages.shared.traffic import resolve_text
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import read_pairs, say
from kbgen.patterns import LazyPattern

_TIME = frozenset(
    "timeout timeouts deadline interval delay backoff heartbeat ttl expiry retry retries attempts threshold "
    "keepalive alive reset".split()
)
_WAITS = LazyPattern(r"(?:^|\.)(?:wait_for|timeout|fail_after|move_on_after|timeoutWith|setTimeout)$")
_RETRIES = LazyPattern(
    r"(?:^|\.)(?:retry|retryWhen|retryBackoff|async_?retry|with_?retry|retrying|AsyncRetrying|Retrying|RetryPolicy|"
    r"backoff|on_exception|on_predicate|stop_after_attempt|wait_exponential|axiosRetry|pRetry)$"
)
_AGAIN = LazyPattern(r"retr(?:y|ies)|again|attempts?|backoff|tenacity", re.IGNORECASE)
_WORDS = LazyPattern(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class WaitRow:
    what: str
    """``asyncio.wait_for``, ``AsyncClient connect``, the name of a parameter or field."""
    value: str
    """``300``, ``$TIMEOUT_MS (60000)``; the expression as written where no value is known."""
    source: str
    """Name of the constant, field or parameter that the value comes from, ``""`` for a literal."""
    variable: str
    """The environment variable that changes it."""
    dead: bool
    held: bool
    """A default that is kept for later, not yet a wait."""
    at: Place
    source_at: Place | None


@dataclass(frozen=True, slots=True)
class IdleRow:
    """A value that is set and that no code reads."""

    name: str
    value: str
    variable: str
    at: Place


class WaitReader:
    def __init__(self, sources: Sources, is_dead: Callable[[str, str], bool]) -> None:
        self._sources = sources
        self._program = sources.program
        self._is_dead = is_dead

    # --------------------------------------------------------------------------------------- applied

    def list_waits(self, holds: Callable[[Fact], bool]) -> tuple[WaitRow, ...]:
        """Every wait of facts for which `holds`, those of code that runs first, then by place."""
        rows = [*self._read_clients(holds), *self._read_calls(holds), *self._read_defaults(holds)]
        unique = dict.fromkeys(row for row in rows if row.value)
        return tuple(sorted(unique, key=lambda r: (r.dead, r.at.path, r.at.symbol, r.what, r.value)))

    def list_retries(self, holds: Callable[[Fact], bool]) -> tuple[WaitRow, ...]:
        return tuple(
            dict.fromkeys(
                self._make(fact, fact.name, self._find_count(fact))
                for kind in ("call", "decorator")
                for fact in self._program.list_facts(kind)
                if _RETRIES.search(fact.name) and holds(fact)
            )
        )

    def is_tried_again(self, path: str, symbol: str) -> bool:
        """Whether a definition, one of its decorators or a client of its file speaks of trying again at all."""
        if any(f.attr("retries") for f in self._sources.list("http_client") if f.path == path):
            return True
        if any(_AGAIN.search(f.name) for f in self._program.list_within(path, symbol, "decorator")):
            return True
        definition = self._program.get_symbol((path, symbol))
        if definition is None or not definition.attr("end_line"):
            return True
        lines = self._sources.read_text(path).splitlines()[definition.line - 1 : int(definition.attr("end_line"))]
        return any(_AGAIN.search(line) for line in lines)

    def _find_count(self, fact: Fact) -> Expr:
        positional, words = decode_arguments(fact.value) if fact.value else ([], {})
        options = [*positional, ["dict", *([k, v] for k, v in words.items())]]
        for option in options:
            pairs = read_pairs(option)
            for key in (
                "count",
                "retries",
                "times",
                "attempts",
                "stop_max_attempt_number",
                "max_tries",
                "tries",
                "limit",
            ):
                if key in pairs:
                    return pairs[key]
        return positional[0] if positional and tag_of(positional[0]) in ("literal", "name") else ["?"]

    def _read_clients(self, holds: Callable[[Fact], bool]) -> Iterator[WaitRow]:
        for fact in filter(holds, self._sources.list("http_client")):
            expr = self._sources.read_attr(fact, "timeout")
            if not fact.attr("timeout") or is_unknown(expr):
                continue
            if tag_of(expr) == "call":
                parts = [("", each) for each in expr[2][:1]] + list(expr[3].items())
            else:
                parts = [("", expr)]
            for word, value in parts:
                yield self._make(fact, f"{fact.name} {word or 'timeout'}", value)

    def _read_calls(self, holds: Callable[[Fact], bool]) -> Iterator[WaitRow]:
        for fact in self._program.list_facts("call"):
            if not fact.value or ("imeout" not in fact.value + fact.name and not _WAITS.search(fact.name)):
                continue
            if not holds(fact) or fact.name.rpartition(".")[2] in ("Timeout", "AsyncClient", "Client"):
                continue
            positional, words = decode_arguments(fact.value)
            if _WAITS.search(fact.name):
                given = words.get("timeout", positional[-1] if positional else ["?"])
                if tag_of(given) in ("literal", "name", "env", "any", "text"):
                    yield self._make(fact, fact.name, given)
            for option in positional:
                given = read_pairs(option).get("timeout")
                if given is not None:
                    yield self._make(fact, f"{fact.name} timeout", given)

    def _read_defaults(self, holds: Callable[[Fact], bool]) -> Iterator[WaitRow]:
        for kind in ("param", "binding"):
            for fact in self._program.list_facts(kind):
                if not fact.value or not is_about_time(fact.name) or not holds(fact):
                    continue
                expr = decode_expr(fact.value)
                owner = self._program.is_class((fact.path, fact.symbol))
                constructor = fact.symbol.rpartition(".")[2] in ("__init__", "constructor")
                if kind == "binding" and not owner and not (constructor and tag_of(expr) == "any"):
                    continue
                if kind == "param" and not constructor:
                    continue
                value = resolve_text(self._sources, (fact.path, fact.symbol), expr)
                if _NUMBER.search(value) and tag_of(expr) in ("literal", "name", "any", "env"):
                    yield self._make(fact, fact.name.removeprefix("this.").removeprefix("self."), expr, held=True)

    def _make(self, fact: Fact, what: str, expr: Expr, held: bool = False) -> WaitRow:
        scope = (fact.path, fact.symbol)
        value = resolve_text(self._sources, scope, expr)
        source = self._find_source(scope, expr)
        return WaitRow(
            what,
            value,
            source[1].rpartition(".")[2] if source is not None else "",
            _find_variable(value),
            self._is_dead(fact.path, fact.symbol),
            held,
            self._sources.at(fact),
            self._sources.at(source[0], source[1].rpartition(".")[0]) if source is not None else None,
        )

    def _find_source(self, scope: Definition, expr: Expr) -> Definition | None:
        """The definition that holds the value itself: the last one on the way."""
        if tag_of(expr) == "literal":
            return None
        folded = self._program.fold(scope[0], scope[1], expr)
        places = folded[0].places if folded else ()
        return places[-1] if places else None

    # ------------------------------------------------------------------------------------------ idle

    def list_idle(self, paths: Iterable[str], shown: Iterable[WaitRow]) -> tuple[IdleRow, ...]:
        """Constants and settings of the subject about time that no code reads."""
        rows = [
            IdleRow(row.name, row.value, "", row.at)
            for row in self._list_constants(paths)
            if not row.read and is_about_time(row.name)
        ]
        rows += self._list_settings(frozenset(paths), {r.source for r in shown} | {r.what for r in shown})
        return tuple(sorted(dict.fromkeys(rows), key=lambda r: (r.at.path, r.at.symbol, r.name)))

    def _list_constants(self, paths: Iterable[str]) -> tuple[ConstantRow, ...]:
        return list_constants(self._sources, frozenset(paths), telling=False)

    def _list_settings(self, paths: frozenset[str], shown: set[str]) -> Iterator[IdleRow]:
        imported = {
            found
            for fact in self._program.list_facts("import")
            if fact.path in paths
            for found in self._program.find_modules(fact.path, fact.value)
        }
        read = self._find_words()
        for fact in self._sources.list("setting_field"):
            if fact.path in imported | paths and is_about_time(fact.name) and fact.name not in read | shown:
                variable = find_variable(self._sources, fact)
                if variable and is_only_reader(self._sources, fact, variable):
                    default = say(self._sources.read_attr(fact, "default"))
                    yield IdleRow(fact.name, default, variable, self._sources.at(fact))

    def _find_words(self) -> set[str]:
        return {
            packed[: packed.rindex("@")] for f in self._program.list_facts("reference") for packed in f.value.split()
        }


def is_about_time(name: str) -> bool:
    """Whether a name says how long something waits, or how often it is tried."""
    last = name.rpartition(".")[2]
    return not _TIME.isdisjoint(word.lower() for word in _WORDS.findall(last))


def _find_variable(value: str) -> str:
    found = re.match(r"\$(\w+)", value)
    return found[1] if found else ""


def find_variable(sources: Sources, setting: Fact) -> str:
    """The environment variable of a field of a settings class."""
    variables = sources.program.list_within(setting.path, setting.symbol, "env")
    return next((fact.name for fact in variables if fact.line == setting.line), "")


def is_only_reader(sources: Sources, setting: Fact, variable: str) -> bool:
    """Whether no other code reads the variable of a setting."""
    return all((fact.path, fact.line) == (setting.path, setting.line) for fact in sources.list("env", variable))
