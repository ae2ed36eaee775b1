"""Which code an agent-to-agent request runs through: who calls, which route answers, what stands between them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from kbgen.join.http import HttpMatch
from kbgen.join.program import Place as Definition
from kbgen.model import Fact
from kbgen.pages.shared.traffic import find_handler
from kbgen.pages.sources import Sources
from kbgen.patterns import LazyPattern

CARD = LazyPattern(r"/\.well-known/agent", re.IGNORECASE)
_A2A = LazyPattern(r"(?:^|[/_-])(?:a2a|rpc)(?:[/_-]|$)", re.IGNORECASE)
_AGENTS = LazyPattern(r"(?:^|/)(?:a2a|agents?|agui|ag-ui|mesh)(?:/|$)", re.IGNORECASE)
_HEALTH = LazyPattern(
    r"(?:^|/)(?:health|healthz|health[-_]?check|ready|readyz|readiness|live|livez|liveness|heartbeat|ping|status)$"
    r"|(?:^|/)health/",
    re.IGNORECASE,
)
_PREFIX = LazyPattern(r"^/(?:api/)?(?:v\d+/)?")
_NAMED = LazyPattern(r"a2a|agent_?card|agent_?discovery", re.IGNORECASE)
_MESH = frozenset({"registry", "router", "discovery", "client"})
_DEPTH = 2


@dataclass(frozen=True, slots=True)
class A2aPath:
    units: tuple[str, ...]
    """The services whose agents others call."""
    rpc: tuple[Fact, ...]
    """Routes that take requests to agents."""
    cards: tuple[Fact, ...]
    """Routes that tell which agents there are."""
    health: tuple[Fact, ...]
    calls: tuple[HttpMatch, ...]
    """Calls to such routes."""
    outside: tuple[HttpMatch, ...]
    """Calls of other units to these services."""
    called: frozenset[Definition]
    """What serves, and what the handlers call."""
    calling: frozenset[Definition]
    """What sends requests; classes stand for their methods."""
    starting: frozenset[Definition]
    """What registers and mounts agents when a service starts."""
    files: frozenset[str]
    """Files that are about nothing else."""

    def find_side(self, fact: Fact) -> str:
        """``caller`` or ``service``; ``""`` for a fact that does not lie on the path."""
        place = (fact.path, fact.symbol)
        if _stands_in(place, self.calling):
            return "caller"
        if _stands_in(place, self.called) or _stands_in(place, self.starting) or fact.path in self.files:
            return "service"
        return ""

    def is_start(self, fact: Fact) -> bool:
        """Whether a fact stands in what registers and mounts agents, among what else a start does."""
        return _stands_in((fact.path, fact.symbol), self.starting)

    def holds(self, fact: Fact) -> bool:
        return bool(self.find_side(fact))


def _stands_in(place: Definition, known: frozenset[Definition]) -> bool:
    path, symbol = place
    while symbol:
        if (path, symbol) in known:
            return True
        symbol = symbol.rpartition(".")[0]
    return False


def find_path(sources: Sources) -> A2aPath | None:
    """None where nothing calls an agent over HTTP and nothing serves one."""
    system, units = sources.system, sources.system.units
    routes = [r for r in system.routes if not sources.program.is_test(r.path) and r.attr("kind") != "page"]
    failing = {(f.path, f.symbol) for f in sources.list("rpc_error")}
    cards = [r for r in routes if CARD.search(r.attr("path"))]
    rpc = [
        r
        for r in routes
        if r not in cards
        and r.attr("method") in ("POST", "ANY")
        and (_A2A.search(r.attr("path")) or find_handler(r) in failing)
    ]
    endpoints = [f for f in sources.list("agent_endpoint") if f.attr("protocol") == "a2a"]
    calls = [m for m in system.matches if not sources.program.is_test(m.call.path) and _is_call(m, [*cards, *rpc])]
    found = {units.find_unit(f.path) for f in (*rpc, *cards, *endpoints)} - {""}
    if not found and not calls:
        return None
    served = [r for r in routes if units.find_unit(r.path) in found]
    health = [r for r in served if _is_health(r) and _is_near(r)]
    outside = tuple(_find_outside(sources, found))
    called = set(_walk(sources, map(find_handler, (*rpc, *cards)), found, _DEPTH))
    calling = set(_list_callers(sources, [m.call for m in (*calls, *outside)]))
    calling.update(_list_users(sources, calling, found))
    starting = set(_list_starts(sources, found))
    return A2aPath(
        tuple(sorted(found)),
        tuple(rpc),
        tuple(cards),
        tuple(health),
        tuple(calls),
        outside,
        frozenset(called),
        frozenset(calling),
        frozenset(starting),
        frozenset(_list_files(sources, found, (*rpc, *cards, *endpoints), called)),
    )


def _is_call(match: HttpMatch, routes: Collection[Fact | None]) -> bool:
    path = match.call.attr("path")
    return bool(match.route in routes or CARD.search(path) or re.search(r"/a2a(?:/|$)", path))


def _is_health(route: Fact) -> bool:
    path = route.attr("path").rstrip("/")
    return route.attr("method") in ("GET", "HEAD", "ANY") and "{" not in path and bool(_HEALTH.search(path))


def _is_near(route: Fact) -> bool:
    """The health of the whole service, or of something on the way to an agent."""
    path = _PREFIX.sub("/", route.attr("path"))
    return path.strip("/").count("/") == 0 or bool(_A2A.search(path) or _AGENTS.search(path))


def _find_outside(sources: Sources, found: set[str]) -> Iterator[HttpMatch]:
    units = sources.system.units
    for match in sources.system.matches:
        call = match.call
        if sources.program.is_test(call.path) or units.find_unit(call.path) in found:
            continue
        target = units.find_unit(match.route.path) if match.route is not None else ""
        base = call.attr("base")
        if target in found or (
            not target and base and any(a.unit in found for a in sources.system.resolve(base, call.path))
        ):
            yield match


def _walk(sources: Sources, starts: Iterable[Definition], found: set[str], depth: int) -> Iterator[Definition]:
    """The handlers, and what they call, a few steps deep and inside their own services."""
    seen: set[Definition] = set()
    level = list(dict.fromkeys(starts))
    for _ in range(depth + 1):
        further: list[Definition] = []
        for place in level:
            if place in seen:
                continue
            seen.add(place)
            yield place
            for edge in sources.program.find_edges(place):
                if edge.how in ("call", "decorate") and sources.system.units.find_unit(edge.target[0]) in found:
                    further.append(edge.target)
        level = further


def _list_callers(sources: Sources, calls: Iterable[Fact]) -> Iterator[Definition]:
    for call in calls:
        symbol = call.symbol
        owner = symbol.rpartition(".")[0]
        if symbol:
            yield (call.path, owner if owner and sources.program.is_class((call.path, owner)) else symbol)


def _list_users(sources: Sources, calling: Iterable[Definition], found: set[str]) -> Iterator[Definition]:
    """What uses the methods of classes that send requests, inside the services themselves."""
    program = sources.program
    for path, symbol in sorted(calling):
        inner = [s for s in program.list_symbols(path) if s.startswith(f"{symbol}.")] or [symbol]
        for each in inner:
            for caller in program.find_callers((path, each)):
                place = (caller.path, caller.symbol)
                inside = sources.system.units.find_unit(caller.path) in found and not program.is_test(caller.path)
                if caller.symbol and caller.path != path and inside:
                    yield place


def _list_starts(sources: Sources, found: set[str]) -> Iterator[Definition]:
    units = sources.system.units
    endpoints = {(f.path, f.symbol) for f in sources.list("agent_endpoint")}
    for kind in ("registration", "mount"):
        for fact in sources.list(kind):
            place = (fact.path, fact.symbol)
            if fact.symbol and units.find_unit(fact.path) in found:
                leads = {e.target for e in sources.program.find_edges(place)}
                if kind == "registration" or leads & endpoints:
                    yield place
    for path in sources.program.files:
        if units.find_unit(path) in found and not sources.program.is_test(path):
            for symbol, fact in sources.program.list_symbols(path).items():
                if fact.attr("kind") in ("function", "method") and _NAMED.search(symbol):
                    yield (path, symbol)


def _list_files(
    sources: Sources, found: set[str], served: Iterable[Fact], called: Iterable[Definition]
) -> Iterator[str]:
    """Files of the routes, of the classes that carry the mesh, of the middleware, and of what the handlers call.

    A file that makes the app has much else in it: of such a one only the definitions count.
    """
    program, units = sources.program, sources.system.units
    apps = sources.system.reach.services
    paths = {f.path for f in served} | {find_handler(f)[0] for f in served if f.kind == "route"}
    for part in sources.mesh.parts.all.values():
        if part.kind in _MESH and part.unit in found:
            paths |= {e.path for e in part.evidence}
    for fact in sources.list("middleware"):
        if units.find_unit(fact.path) in found and fact.attr("what") != "class":
            paths |= {path for path, _ in program.resolve(fact.path, fact.symbol, fact.name)}
    rpc_files = {
        path for path, symbol in called if "." in symbol and program.is_class((path, symbol.rpartition(".")[0]))
    }
    named = {path for path in rpc_files if _NAMED.search(path) or _AGENTS.search(path)}
    return (path for path in sorted(paths | named) if path not in apps and not program.is_test(path))
