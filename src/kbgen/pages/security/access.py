"""Who may do what: guards and where they are applied, routes that ask for nobody, tokens, cookies, origins, limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kbgen.expressions import tag_of
from kbgen.join.program import Place as Definition
from kbgen.model import Fact
from kbgen.pages.shared.traffic import find_handler, resolve_text, say_address
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import read_items, read_pairs, say
from kbgen.patterns import LazyPattern

_GUARD_BASES = LazyPattern(r"(?:^| )(?:CanActivate|AuthGuard|ThrottlerGuard|BaseHTTPMiddleware|BasePermission)(?: |$)")
_REFUSALS = ("401", "403", "429")
_REFUSING = frozenset({"UnauthorizedException", "ForbiddenException"})
_IDENTITY = LazyPattern(
    r"auth|session|permission|signature|current_?user|get_?user|api_?key|csrf|jwt|member|user_?id|workspace_?id|"
    r"tenant_?id|token|principal|identity|credential",
    re.IGNORECASE,
)
"""Words of code that asks who calls."""
_THROTTLE = LazyPattern(r"throttl|rate_?limit", re.IGNORECASE)
_DEPTH = 3


@dataclass(frozen=True, slots=True)
class GuardRow:
    name: str
    applied: int
    """Controllers and handlers that it is put on."""
    everywhere: str
    """The call that makes it hold for all routes, or ``""``."""
    refuses: tuple[str, ...]
    reads: tuple[str, ...]
    """Environment variables."""
    at: Place


@dataclass(frozen=True, slots=True)
class OpenRoutes:
    """Routes of one file that are open for one reason."""

    unit: str
    why: str
    """``unguarded``, ``public``, or ``unasked`` where their code names nobody."""
    routes: tuple[tuple[str, str], ...]
    """(route, function that serves it)"""
    signed: bool
    """The code of each checks a signature."""
    behind: tuple[str, ...]
    """Guards and middleware of the service that hold for every route."""
    at: Place


@dataclass(frozen=True, slots=True)
class TokenRow:
    call: str
    secret: str
    algorithms: tuple[str, ...]
    lifetime: str
    at: Place


@dataclass(frozen=True, slots=True)
class CookieRow:
    name: str
    http_only: str
    secure: str
    same_site: str
    at: Place


@dataclass(frozen=True, slots=True)
class CorsRow:
    unit: str
    call: str
    origins: str
    by_function: bool
    """Code decides for each origin."""
    methods: str
    credentials: bool
    at: Place


@dataclass(frozen=True, slots=True)
class LimitRow:
    what: str
    limit: str
    holds: bool
    """False for a limit that no guard of its kind enforces."""
    at: Place


@dataclass(frozen=True, slots=True)
class Access:
    guards: tuple[GuardRow, ...]
    idle: tuple[GuardRow, ...]
    """Guards that nothing applies."""
    open: tuple[OpenRoutes, ...]
    open_count: int
    routes: int
    """All routes that are looked at."""
    tokens: tuple[TokenRow, ...]
    cookies: tuple[CookieRow, ...]
    cors: tuple[CorsRow, ...]
    limits: tuple[LimitRow, ...]
    no_limit: tuple[LimitRow, ...]
    """Limits that nothing enforces."""
    pipes: tuple[tuple[str, Place], ...]
    """Pipes and middleware that hold for every request, with their options."""


def read_access(sources: Sources) -> Access:
    return _Reader(sources).read()


class _Reader:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._program = sources.program
        self._applied: dict[str, list[Fact]] = {}
        for fact in sources.list("middleware"):
            if fact.attr("what") != "class":
                self._applied.setdefault(fact.name.partition("(")[0], []).append(fact)

    def read(self) -> Access:
        guards = tuple(self._list_guards())
        limits = tuple(self._list_limits())
        routes = tuple(self._list_routes())
        open_routes = tuple(self._list_open(routes, self._list_before(guards)))
        return Access(
            tuple(row for row in guards if row.applied or row.everywhere),
            tuple(row for row in guards if not row.applied and not row.everywhere),
            open_routes,
            sum(len(row.routes) for row in open_routes),
            len(routes),
            tuple(self._list_tokens()),
            tuple(self._list_cookies()),
            tuple(self._list_cors()),
            tuple(row for row in limits if row.holds),
            tuple(row for row in limits if not row.holds),
            tuple(self._list_pipes()),
        )

    # ------------------------------------------------------------------------------------------- guards

    def _list_guards(self) -> Iterator[GuardRow]:
        """Classes that guard, by how often they are applied; those of libraries only where they are applied."""
        rows: dict[str, GuardRow] = {}
        for path in sorted(self._program.files):
            if self._program.is_test(path):
                continue
            for symbol, fact in self._program.list_symbols(path).items():
                if fact.attr("kind") == "class" and _GUARD_BASES.search(fact.attr("bases")):
                    rows.setdefault(fact.name, self._make_guard(fact.name, (path, symbol)))
        for name, facts in self._applied.items():
            if name not in rows and name.endswith("Guard"):
                rows[name] = self._make_guard(name, (facts[0].path, facts[0].symbol))
        yield from sorted(rows.values(), key=lambda row: (-row.applied, row.name))

    def _make_guard(self, name: str, place: Definition) -> GuardRow:
        facts = self._applied.get(name, ())
        everywhere = [f for f in facts if f.attr("what") != "decorator"]
        depends = self._list_dependencies(name)
        inside = self._list_inside(place)
        refuses = {self._read_status(f) for kind in ("exception", "error_response") for f in inside(kind)}
        return GuardRow(
            name,
            sum(f.attr("what") == "decorator" for f in facts) + depends,
            (everywhere[0].attr("what") or "add_middleware") if everywhere else "",
            tuple(sorted(refuses & set(_REFUSALS))),
            tuple(dict.fromkeys(f.name for f in inside("env"))),
            self._sources.at(*place),
        )

    def _list_dependencies(self, name: str) -> int:
        return sum(
            1
            for fact in self._program.list_facts("param")
            if f'"Depends",[["name","{name}"]]' in fact.value and not self._program.is_test(fact.path)
        )

    def _list_inside(self, place: Definition) -> _Inside:
        return _Inside(self._sources, place)

    def _read_status(self, fact: Fact) -> str:
        return fact.attr("status") or {"UnauthorizedException": "401", "ForbiddenException": "403"}.get(fact.name, "")

    def _list_before(self, guards: Iterable[GuardRow]) -> Mapping[str, tuple[str, ...]]:
        """What every request of a service passes that may refuse it, by service."""
        units = self._sources.system.units
        found: dict[str, tuple[str, ...]] = {}
        for guard in guards:
            for fact in self._applied.get(guard.name, ()) if guard.everywhere and guard.refuses else ():
                if fact.attr("what") != "decorator":
                    unit = units.find_unit(fact.path)
                    found[unit] = (*found.get(unit, ()), guard.name)
        return found

    # ------------------------------------------------------------------------------------------- routes

    def _list_routes(self) -> Iterator[Fact]:
        for route in self._sources.system.routes:
            is_served = route.attr("mounted") != "no" and route.attr("kind") not in ("page", "rewrite")
            if is_served and not self._program.is_test(route.path):
                yield route

    def _list_open(self, routes: Iterable[Fact], before: Mapping[str, tuple[str, ...]]) -> Iterator[OpenRoutes]:
        guarded = {
            (f.path, f.symbol)
            for name, facts in self._applied.items()
            for f in facts
            if f.attr("what") == "decorator" and name.endswith("Guard") and not _THROTTLE.search(name)
        }
        units = self._sources.system.units
        by_decorator = {units.find_unit(path) for path, _ in guarded}
        public = {(f.path, f.symbol) for f in self._sources.list("public_route")}
        groups: dict[tuple[str, str, str, bool], list[tuple[str, str]]] = {}
        for route in routes:
            handler = find_handler(route)
            around = (handler, (handler[0], handler[1].rpartition(".")[0]))
            unit = units.find_unit(route.path)
            why = ""
            if any(place in public for place in around):
                why = "public"
            elif unit in by_decorator:
                why = "" if any(place in guarded for place in around) else "unguarded"
            elif not any(map(self._asks, self._walk(handler))):
                why = "unasked"
            if why:
                signed = any(self._compares(place) for place in self._walk(handler))
                groups.setdefault((unit, why, handler[0], signed), []).append((route.name, handler[1]))
        for (unit, why, path, signed), found in groups.items():
            yield OpenRoutes(unit, why, tuple(found), signed, before.get(unit, ()), self._sources.at(path))

    def _walk(self, start: Definition) -> Iterator[Definition]:
        seen = {start}
        level = [start]
        yield start
        for _ in range(_DEPTH):
            further = []
            for place in level:
                for edge in self._sources.system.reach.find_next(place):
                    if edge.target not in seen:
                        seen.add(edge.target)
                        further.append(edge.target)
                        yield edge.target
            level = further

    def _asks(self, place: Definition) -> bool:
        """Whether a definition's own name, or what it calls and refuses, has to do with who asks."""
        path, symbol = place
        if _IDENTITY.search(symbol.rpartition(".")[2]):
            return True
        facts = self._sources.system.by_place.get(place, ())
        if any(f.kind in ("error_response", "exception") and self._read_status(f) in _REFUSALS[:2] for f in facts):
            return True
        if any(f.kind == "rpc_error" and "auth" in f.attr("message").lower() for f in facts):
            return True
        calls = self._program.list_within(path, symbol, "call")
        return any(_IDENTITY.search(call.name) for call in calls) or any(
            _IDENTITY.search(param.value) for param in self._program.list_within(path, symbol, "param")
        )

    def _compares(self, place: Definition) -> bool:
        return any(f.kind == "auth_compare" for f in self._sources.system.by_place.get(place, ()))

    # ------------------------------------------------------------------------------------------- tokens and cookies

    def _list_tokens(self) -> Iterator[TokenRow]:
        for fact in self._sources.list("auth_token"):
            scope = (fact.path, fact.symbol)
            secret = resolve_text(self._sources, scope, self._sources.read_attr(fact, "secret"), through=True)
            algorithms = [say(item) for item in read_items(self._sources.read_attr(fact, "algorithms"))]
            yield TokenRow(
                fact.name,
                _clean(secret),
                tuple(filter(None, algorithms)),
                self._find_lifetime(fact),
                self._sources.at(fact),
            )

    def _find_lifetime(self, fact: Fact) -> str:
        """What the call, or one beside it, gives as the time until a token ends."""
        text = next(
            (
                call.value
                for call in self._program.list_within(fact.path, fact.symbol, "call")
                if call.line == fact.line and "expiresIn" in call.value
            ),
            "",
        )
        found = re.search(r'"expiresIn",\s*("?)([\w ]+)\1', text)
        if found is None:
            for decorator in self._program.list_within(fact.path, fact.symbol, "decorator"):
                found = found or re.search(r'"expiresIn",\s*("?)([\w ]+)\1', decorator.value)
        return found[2] if found is not None else ""

    def _list_cookies(self) -> Iterator[CookieRow]:
        for fact in self._sources.list("cookie"):
            yield CookieRow(
                say_address(fact.name),
                self._say_flag(fact, "http_only"),
                self._say_flag(fact, "secure"),
                self._say_flag(fact, "same_site"),
                self._sources.at(fact),
            )

    def _say_flag(self, fact: Fact, key: str) -> str:
        """A flag as written; ``""`` where none is given."""
        value = self._sources.read_attr(fact, key)
        return say(value) if fact.attr(key) else ""

    # ------------------------------------------------------------------------------------------- origins and limits

    def _list_cors(self) -> Iterator[CorsRow]:
        units = self._sources.system.units
        for fact in self._sources.list("cors"):
            origins = self._sources.read_attr(fact, "origin")
            text = say_address(fact.attr("origin")) if isinstance(origins, str) else self._say_origins(fact, origins)
            methods = self._sources.read_attr(fact, "methods")
            yield CorsRow(
                units.find_unit(fact.path),
                fact.name,
                text,
                tag_of(origins) == "fn",
                say_address(methods) if isinstance(methods, str) else say(methods),
                fact.attr("credentials") == "true",
                self._sources.at(fact),
            )
        for fact in self._sources.list("socket_server"):
            cors = read_pairs(self._sources.read_attr(fact, "cors"))
            if cors:
                origin = cors.get("origin")
                yield CorsRow(
                    units.find_unit(fact.path),
                    fact.attr("class") or fact.name,
                    say(origin),
                    tag_of(origin) == "fn",
                    say(cors.get("methods")) if "methods" in cors else "",
                    cors.get("credentials") is True,
                    self._sources.at(fact),
                )

    def _say_origins(self, fact: Fact, origins: object) -> str:
        return resolve_text(self._sources, (fact.path, fact.symbol), origins) or say(origins)

    def _list_limits(self) -> Iterator[LimitRow]:
        for fact in self._sources.list("rate_limiter"):
            counted = say(self._sources.read_attr(fact, "counted_by"))
            storage = fact.attr("storage")
            default = resolve_text(
                self._sources, (fact.path, fact.symbol), self._sources.read_attr(fact, "default"), through=True
            )
            text = ", ".join(filter(None, (default, f"counted by {counted}" if counted else "", storage)))
            yield LimitRow(fact.name, text, True, self._sources.at(fact))
        by_limit: dict[tuple[str, str], list[Fact]] = {}
        for fact in self._sources.list("rate_limit"):
            by_limit.setdefault((fact.name, fact.path), []).append(fact)
        for (limit, path), facts in by_limit.items():
            names = ", ".join(dict.fromkeys(f.symbol for f in facts))
            yield LimitRow(names, limit, True, self._sources.at(path))
        for fact in self._sources.list("throttle_default"):
            limits = "; ".join(filter(None, map(_say_throttle, read_items(self._sources.read_attr(fact, "limits")))))
            yield LimitRow(fact.name, limits, True, self._sources.at(fact))
        yield from self._list_throttles()

    def _list_throttles(self) -> Iterator[LimitRow]:
        everywhere = any(
            "Throttler" in name and any(f.attr("what") != "decorator" for f in facts)
            for name, facts in self._applied.items()
        )
        enforced = {(f.path, f.symbol) for name, facts in self._applied.items() if "Throttler" in name for f in facts}
        for fact in self._sources.list("throttle"):
            owner = fact.symbol.partition(".")[0]
            holds = everywhere or bool({(fact.path, fact.symbol), (fact.path, owner)} & enforced)
            limits = self._sources.read_attr(fact, "limits")
            text = "; ".join(
                filter(None, (_say_throttle(value, name) for name, value in read_pairs(limits).items()))
            ) or say(limits)
            if not holds or fact.attr("decorates") == "class":
                yield LimitRow(fact.symbol, text, holds, self._sources.at(fact))

    def _list_pipes(self) -> Iterator[tuple[str, Place]]:
        """What an app makes hold for every request, guards left out, with options that are switched on."""
        for name, facts in sorted(self._applied.items()):
            for fact in facts:
                if fact.attr("what") not in ("useGlobalPipes", "APP_PIPE"):
                    continue
                options = self._find_options(fact)
                yield f"{name}({', '.join(options)})", self._sources.at(fact)

    def _find_options(self, fact: Fact) -> tuple[str, ...]:
        from kbgen.expressions import decode_arguments

        for call in self._program.list_within(fact.path, fact.symbol, "call"):
            if call.name.endswith(fact.name) and call.attr("new") == "yes":
                positional, _ = decode_arguments(call.value)
                for expr in positional:
                    return tuple(key for key, value in read_pairs(expr).items() if value is True)
        return ()


class _Inside:
    """Derived and raw facts of a definition and of all that stands in it."""

    def __init__(self, sources: Sources, place: Definition) -> None:
        self._sources = sources
        self._place = place

    def __call__(self, kind: str) -> list[Fact]:
        path, symbol = self._place
        return [
            fact
            for fact in self._sources.list(kind)
            if fact.path == path and (fact.symbol == symbol or fact.symbol.startswith(f"{symbol}."))
        ]


def _say_throttle(value: object, name: str = "") -> str:
    pairs: Mapping[str, object] = read_pairs(value)
    limit, ttl = pairs.get("limit"), pairs.get("ttl")
    name = name or str(pairs.get("name") or "")
    return f"{name} {say(limit)} per {say(ttl)} ms".strip() if limit is not None and ttl is not None else ""


def _clean(text: str) -> str:
    """Without calls whose result is not known: ``…`` says nothing."""
    return "" if text in ("?()", "…") else text
