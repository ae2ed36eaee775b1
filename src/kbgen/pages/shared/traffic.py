"""How a service of the project is reached: its address, what starts it, its compose service, limits on its routes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kbgen.expressions import Expr, is_unknown, tag_of
from kbgen.join.program import Place as Definition
from kbgen.join.units import Unit
from kbgen.model import Fact
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import say
from kbgen.patterns import LazyPattern

SERVERS: tuple[tuple[str, str], ...] = (
    ("uvicorn", r"\buvicorn\b|\bUvicornWorker\b|\bfastapi (?:run|dev)\b"),
    ("hypercorn", r"\bhypercorn\b"),
    ("granian", r"\bgranian\b"),
    ("daphne", r"\bdaphne\b"),
    ("gunicorn", r"\bgunicorn\b"),
    ("next", r"\bnext (?:start|dev)\b"),
    ("node", r"\b(?:node|nest start|tsx|ts-node|bun|deno)\b"),
)
"""Programs that serve HTTP, by the words of a command."""


@dataclass(frozen=True, slots=True)
class Service:
    """A part of the system that listens; what is not known is empty."""

    id: str
    framework: str
    port: str
    address: str
    """``http://localhost:7777``; with the placeholder ``PORT`` where no port is known."""
    port_at: tuple[Place, ...]
    command: str
    """What starts it in its image, else in its manifest."""
    command_at: Place | None
    server: str
    """One of `SERVERS`, or ``""``."""
    compose: str
    """``docker compose -f FILE`` where a compose file runs it."""
    name: str
    """Its name in that file."""
    compose_at: Place | None


def list_services(sources: Sources) -> tuple[Service, ...]:
    """Every app of the repository that listens or is started, by name."""
    return tuple(make_service(sources, unit) for unit in sources.system.units.all if unit.folder is not None)


def make_service(sources: Sources, unit: Unit) -> Service:
    ports = sorted(unit.ports, key=lambda p: not p.certain)
    port = str(ports[0].number) if ports else ""
    places = sources.places(p.evidence for p in ports[:1])
    command = _find_command(sources, unit)
    runs = [f for f in sources.list("server_run") if sources.system.units.find_unit(f.path) == unit.id]
    server = find_server(command.value) if command is not None else ""
    if not server or server == "node":
        server = next((f.attr("server") for f in runs if f.attr("server")), server)
    composed = find_composed(sources, unit)
    return Service(
        unit.id,
        unit.framework,
        port,
        f"http://localhost:{port or 'PORT'}",
        places,
        command.value if command is not None else "",
        sources.at(command) if command is not None else None,
        server,
        f"docker compose -f {composed.path}" if composed is not None else "",
        composed.name if composed is not None else "",
        sources.at(composed) if composed is not None else None,
    )


def find_server(command: str) -> str:
    return next((name for name, words in SERVERS if re.search(words, command)), "")


def _find_command(sources: Sources, unit: Unit) -> Fact | None:
    folder = unit.folder or ""
    own = [f for f in sources.list("script") if f.path.rpartition("/")[0] == folder and f.value]
    for name, source in (("cmd", "dockerfile"), ("entrypoint", "dockerfile"), ("start", "npm"), ("start:prod", "npm")):
        for fact in own:
            if fact.name == name and fact.attr("source") == source and fact.attr("last", "yes") == "yes":
                return fact
    return None


def find_composed(sources: Sources, unit: Unit) -> Fact | None:
    """The compose service that runs a unit."""
    for fact in sources.list("service"):
        if fact.attr("source") != "compose":
            continue
        named = sources.system.units.find_by_name(fact.name)
        if named is not None and named.id == unit.id:
            return fact
    return None


def find_handler(route: Fact) -> Definition:
    """The definition that serves a route."""
    path, _, symbol = route.attr("handler").partition("::")
    return (path, symbol) if path else (route.path, route.symbol)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on the rate of requests: those of single handlers, and what holds for all others."""

    by_handler: Mapping[Definition, Fact]
    limiters: tuple[Fact, ...]

    def say(self, route: Fact) -> str:
        fact = self.by_handler.get(find_handler(route))
        return fact.name if fact is not None else ""


def find_limits(sources: Sources) -> Limits:
    return Limits({(f.path, f.symbol): f for f in sources.list("rate_limit")}, sources.list("rate_limiter"))


def resolve_text(sources: Sources, scope: Definition, expr: Expr, *, through: bool = False) -> str:
    """What an expression comes to: ``300``; the expression as written where that is not known."""
    if is_unknown(expr):
        return ""
    if tag_of(expr) == "literal":
        return _say_environment(say(expr))
    fold = sources.program.fold_through if through else sources.program.fold
    found = fold(scope[0], scope[1], expr)
    if len(found) == 1 and found[0].text and not _HOLE.search(found[0].text):
        return found[0].text
    return _say_environment(found[0].text) if len(found) == 1 and "{env:" in found[0].text else say(expr)


def _say_environment(text: str) -> str:
    """``{env:PORT|80}`` as ``$PORT (80)``."""
    return _ENV.sub(lambda m: f"${m[1]} ({m[2]})" if m[2] is not None else f"${m[1]}", text)


def find_constants(sources: Sources, scope: Definition, expr: Expr) -> tuple[Definition, ...]:
    """Definitions that the value of an expression comes from."""
    return tuple(dict.fromkeys(p for f in sources.program.fold(scope[0], scope[1], expr)[:1] for p in f.places))


def say_address(text: str) -> str:
    """An address with variables as a reader writes it: ``{env:URL|http://x}`` is ``$URL (http://x)``."""
    return _say_environment(text)


def name_routes(routes: Iterable[Fact]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(route.name for route in routes))


_HOLE = LazyPattern(r"\{[^{}]*\}")
_ENV = LazyPattern(r"\{env:([^{}|]+)(?:\|([^{}]*))?\}")
