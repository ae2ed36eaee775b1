"""Where metrics are read: the routes that give them out, what stands in front of them, how often they may be asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, decode_expr, find_argument, tag_of, walk_expr
from kbgen.join.program import Place as Definition
from kbgen.model import Fact
from kbgen.pages.shared.constants import list_constants
from kbgen.pages.shared.traffic import Service, find_handler, find_limits, list_services, resolve_text
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import read_items, say
from kbgen.patterns import LazyPattern

_DEPTH = 3
_RATE = LazyPattern(r"^(\d+)\s*(?:/|per)\s*(\d+)?\s*(second|minute|hour)s?$")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_DECODE_ERRORS = frozenset({"InvalidTokenError", "PyJWTError", "DecodeError", "JWTError", "JoseError", "Exception"})
_ADDRESS_WORDS = frozenset({"path", "url", "url_path", "scope", "raw_path"})
_HANDLER_LINES = 12
_DEFAULT_LIMITERS = frozenset({"SlowAPIMiddleware", "SlowAPIASGIMiddleware"})
"""Middleware that applies a limiter's default to routes without a limit of their own."""


@dataclass(frozen=True, slots=True)
class FailureRow:
    status: str
    error: str
    message: str
    at: Place


@dataclass(frozen=True, slots=True)
class CompareRow:
    """A comparison of something given with a secret."""

    call: str
    given: str
    variable: str
    """The environment variable that the secret comes from; ``""`` where that is not known."""
    at: Place


@dataclass(frozen=True, slots=True)
class GuardRow:
    """Code that a request to metrics has to pass."""

    at: Place
    headers: tuple[str, ...]
    compares: tuple[CompareRow, ...]
    failures: tuple[FailureRow, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c.variable for c in self.compares if c.variable))


@dataclass(frozen=True, slots=True)
class TakerRow:
    """Middleware that takes every bearer token for one of its own kind, and refuses what is none."""

    name: str
    call: str
    """How it reads the token: ``jwt.decode``."""
    status: str
    at: Place


@dataclass(frozen=True, slots=True)
class LimitRow:
    rate: str
    at: Place
    every: int
    """Seconds that have to lie between two requests in the long run; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class UnreadRow:
    name: str
    value: str
    at: Place


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """A route that gives metrics out."""

    method: str
    path: str
    service: str
    framework: str
    port: str
    port_at: tuple[Place, ...]
    url: str
    at: Place
    guards: tuple[GuardRow, ...]
    around: tuple[str, ...]
    """Middleware and guards of the whole service."""
    takers: tuple[TakerRow, ...]
    """Those of them that let no bearer token through that is not theirs."""
    limit: LimitRow | None
    unread: tuple[UnreadRow, ...]
    """Limits that its file defines and no code reads."""


def list_endpoints(sources: Sources) -> tuple[EndpointRow, ...]:
    """By service and path."""
    exposing = {(f.path, f.symbol) for f in sources.list("telemetry") if f.attr("what") == "prometheus"}
    services = {s.id: s for s in list_services(sources)}
    rows = [
        _make(sources, route, services)
        for route in sources.list("route")
        if route.attr("method") in ("GET", "ANY") and _reaches(sources, find_handler(route), exposing)
    ]
    rows += _list_mounted(sources, services)
    return tuple(sorted(rows, key=lambda row: (row.service, row.path, row.at.path)))


def _reaches(sources: Sources, start: Definition, exposing: set[Definition]) -> bool:
    level, seen = [start], {start}
    for _ in range(_DEPTH + 1):
        if not exposing.isdisjoint(level):
            return True
        further = []
        for place in level:
            for edge in sources.program.find_edges(place):
                if edge.how == "call" and edge.target not in seen:
                    seen.add(edge.target)
                    further.append(edge.target)
        level = further
    return False


def _make(sources: Sources, route: Fact, services: dict[str, Service]) -> EndpointRow:
    unit = sources.system.units.find_unit(route.path)
    service = services.get(unit)
    path = route.attr("path")
    return EndpointRow(
        route.attr("method"),
        path,
        unit,
        service.framework if service is not None else "",
        service.port if service is not None else "",
        service.port_at if service is not None else (),
        f"{service.address}{path}" if service is not None else path,
        sources.at(*find_handler(route)),
        tuple(make_guard(sources, place) for place in dict.fromkeys(_list_guards(sources, route))),
        tuple(dict.fromkeys(_list_around(sources, unit))),
        tuple(dict.fromkeys(_list_takers(sources, unit))),
        _find_limit(sources, route, unit),
        _list_unread(sources, find_handler(route)[0]),
    )


def _list_mounted(sources: Sources, services: dict[str, Service]) -> Iterator[EndpointRow]:
    """``app.mount("/metrics", make_asgi_app())``."""
    for fact in sources.list("mount"):
        names = [e[1] for e in walk_expr(sources.read_attr(fact, "router")) if tag_of(e) in ("call", "name")]
        made = [
            e[1]
            for name in names
            for _, value in sources.program.find_values(fact.path, fact.symbol, str(name))
            for e in walk_expr(value)
            if tag_of(e) == "call"
        ]
        if not any(str(name).rpartition(".")[2] == "make_asgi_app" for name in (*names, *made)):
            continue
        unit = sources.system.units.find_unit(fact.path)
        service = services.get(unit)
        yield EndpointRow(
            "GET",
            fact.name,
            unit,
            service.framework if service is not None else "",
            service.port if service is not None else "",
            service.port_at if service is not None else (),
            f"{service.address}{fact.name}" if service is not None else fact.name,
            sources.at(fact),
            (),
            tuple(dict.fromkeys(_list_around(sources, unit))),
            tuple(dict.fromkeys(_list_takers(sources, unit))),
            None,
            (),
        )


# ------------------------------------------------------------------------------------------------ guards


def _list_guards(sources: Sources, route: Fact) -> Iterator[Definition]:
    """Dependencies and guards of the route itself and of its class."""
    program = sources.program
    path, symbol = find_handler(route)
    for fact in program.list_within(path, symbol, "decorator"):
        for name in _name_depends(decode_arguments(fact.value)[1].get("dependencies")):
            yield from program.resolve(path, symbol.rpartition(".")[0], name)
        # Routers have dependencies for all of their routes.
        for _, value in program.find_values(path, "", fact.name.partition(".")[0]):
            if tag_of(value) == "call":
                for name in _name_depends(value[3].get("dependencies")):
                    yield from program.resolve(path, "", name)
    for fact in program.list_within(path, symbol, "param"):
        for name in _name_depends(decode_expr(fact.value)):
            yield from program.resolve(path, symbol, name)
    owner = symbol.rpartition(".")[0]
    for fact in sources.list("middleware"):
        if fact.path == path and fact.symbol in (symbol, owner) and fact.attr("decorator") == "UseGuards":
            yield from program.resolve(path, "", fact.name)


def _name_depends(expr: Expr) -> Iterator[str]:
    for part in walk_expr(expr):
        if tag_of(part) == "call" and str(part[1]).rpartition(".")[2] in ("Depends", "Security"):
            yield from (str(given[1]) for given in part[2][:1] if tag_of(given) == "name")


def make_guard(sources: Sources, place: Definition) -> GuardRow:
    def is_own(fact: Fact) -> bool:
        return fact.path == place[0] and (fact.symbol == place[1] or fact.symbol.startswith(f"{place[1]}."))

    return GuardRow(
        sources.at(*place),
        tuple(dict.fromkeys(_list_headers(sources, place))),
        tuple(_make_compare(sources, f) for f in sources.list("auth_compare") if is_own(f)),
        tuple(
            FailureRow(f.attr("status"), f.name, f.attr("message"), sources.at(f))
            for f in sources.list("exception")
            if is_own(f)
        ),
    )


def _make_compare(sources: Sources, fact: Fact) -> CompareRow:
    """With the call and what it is given as the code writes them: ``hmac.compare_digest``, ``token``."""
    found = re.search(r"\{env:([^{}|]+)", f"{fact.attr('right')} {fact.attr('left')}")
    name, given = fact.name, say(sources.read_attr(fact, "left"))
    for call in sources.program.list_within(fact.path, fact.symbol, "call"):
        if call.line == fact.line and call.name.rpartition(".")[2] == fact.name:
            name = call.name
            given = say(find_argument(*decode_arguments(call.value), 0)) or given
    return CompareRow(name, given, found[1] if found else "", sources.at(fact))


def _list_headers(sources: Sources, place: Definition) -> Iterator[str]:
    """Headers whose names the code has: ``headers.get("X-Key")``, ``headers["x-key"]``, ``Header(alias="X-Key")``."""
    program = sources.program
    symbols = [s for s in program.list_symbols(place[0]) if s == place[1] or s.startswith(f"{place[1]}.")]
    for symbol in symbols or [place[1]]:
        for call in program.list_within(place[0], symbol, "call"):
            holder, _, last = call.name.rpartition(".")
            given = decode_arguments(call.value)[0]
            if holder.endswith("headers") and last in ("get", "getlist") and given and isinstance(given[0], str):
                yield given[0]
        for kind in ("binding", "param", "return"):
            for fact in program.list_within(place[0], symbol, kind):
                for part in walk_expr(decode_expr(fact.value)):
                    if tag_of(part) == "item" and isinstance(part[2], str) and say(part[1]).endswith("headers"):
                        yield part[2]
                    elif tag_of(part) == "call" and str(part[1]).rpartition(".")[2] == "Header":
                        alias = part[3].get("alias")
                        yield alias if isinstance(alias, str) else fact.name.replace("_", "-")
                    elif tag_of(part) == "name" and ".headers." in str(part[1]):
                        yield str(part[1]).rpartition(".")[2]


def _list_around(sources: Sources, unit: str) -> Iterator[str]:
    for fact in sources.list("middleware"):
        if fact.attr("what") in ("decorator", "class") or sources.system.units.find_unit(fact.path) != unit:
            continue
        if fact.attr("what") in ("", "useGlobalGuards", "APP_GUARD", "middleware"):
            yield fact.name


def _list_takers(sources: Sources, unit: str) -> Iterator[TakerRow]:
    """Only what is sure: it reads the header, decodes what it finds, refuses what fails, and asks for no path."""
    program = sources.program
    for fact in sources.list("middleware"):
        if fact.attr("what") or sources.system.units.find_unit(fact.path) != unit:
            continue
        for path, name in program.resolve(fact.path, fact.symbol, fact.name):
            headers = {header.lower() for header in _list_headers(sources, (path, name))}
            if "authorization" not in headers or _asks_path(sources, (path, name)):
                continue
            for token in sources.list("auth_token"):
                if token.path == path and token.symbol.startswith(f"{name}."):
                    status = _find_refusal(sources, token)
                    if status:
                        yield TakerRow(name, token.name, status, sources.at(token))


def _asks_path(sources: Sources, place: Definition) -> bool:
    """Whether a middleware may let some addresses pass."""
    return any(
        packed[: packed.rindex("@")] in _ADDRESS_WORDS
        for fact in sources.program.list_facts("reference")
        if (fact.path, fact.symbol) == place and fact.name == "member"
        for packed in fact.value.split()
    )


def _find_refusal(sources: Sources, token: Fact) -> str:
    """The status of the answer to a token that cannot be decoded; ``""`` where that is not sure."""
    handlers = sources.program.list_within(token.path, token.symbol, "except")
    for index, handler in enumerate(handlers):
        if handler.line < token.line or handler.name.rpartition(".")[2] not in _DECODE_ERRORS:
            continue
        if handler.attr("does") not in ("return", "raise"):
            return ""
        end = handlers[index + 1].line if index + 1 < len(handlers) else handler.line + _HANDLER_LINES
        for kind in ("error_response", "exception"):
            for fact in sources.list(kind):
                inside = fact.path == token.path and fact.symbol == token.symbol and handler.line <= fact.line < end
                if inside and fact.attr("status").startswith("4"):
                    return fact.attr("status")
        return ""
    return ""


# ------------------------------------------------------------------------------------------------ limits


def _find_limit(sources: Sources, route: Fact, unit: str) -> LimitRow | None:
    limits = find_limits(sources)
    own = limits.by_handler.get(find_handler(route))
    if own is not None:
        return LimitRow(own.name, sources.at(own), count_seconds(own.name))
    path, symbol = find_handler(route)
    if any(f.name.rpartition(".")[2] == "exempt" for f in sources.program.list_within(path, symbol, "decorator")):
        return None
    applied = any(
        f.name in _DEFAULT_LIMITERS and sources.system.units.find_unit(f.path) == unit
        for f in sources.list("middleware")
    )
    for fact in limits.limiters if applied else ():
        if sources.system.units.find_unit(fact.path) == unit:
            for item in read_items(sources.read_attr(fact, "default")):
                rate = resolve_text(sources, (fact.path, fact.symbol), item, through=True)
                if _RATE.match(rate):
                    return LimitRow(rate, sources.at(fact), count_seconds(rate))
    return None


def count_seconds(rate: str) -> int:
    """``10/minute`` is one in 6 seconds; 0 for what is no such rate."""
    found = _RATE.match(rate)
    if found is None or not int(found[1]):
        return 0
    return -(-int(found[2] or 1) * _SECONDS[found[3]] // int(found[1]))


def _list_unread(sources: Sources, path: str) -> tuple[UnreadRow, ...]:
    rows: Iterable[UnreadRow] = (
        UnreadRow(row.name, row.value, row.at)
        for row in list_constants(sources, {path}, telling=False)
        if row.at.path == path and not row.read and _RATE.match(row.value)
    )
    return tuple(rows)
