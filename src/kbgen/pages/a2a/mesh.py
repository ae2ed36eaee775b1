"""The agent mesh in words: which agents there are, at which paths, who calls whom, what refuses, what nothing reaches.

The text beside the diagrams of the architecture page; the pictures are `kbgen.pages.diagrams`'.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from kbgen.diagrams.parts import Part
from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of
from kbgen.extractors.branches import Branch, find_conditions, read_branches
from kbgen.findings.base import Reading
from kbgen.join.http import HttpMatch
from kbgen.join.program import Place as Definition
from kbgen.markdown import Markdown, mark_names
from kbgen.model import Fact, Finding
from kbgen.pages.a2a.path import CARD, A2aPath, find_path
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.traffic import find_handler, find_limits, resolve_text, say_address
from kbgen.pages.sources import PLACES, FindingRow, Place, Sources
from kbgen.pages.values import read_items, read_pairs, say
from kbgen.patterns import LazyPattern

_AGENTS = ("agent", "team")
_MESH = ("registry", "router", "discovery", "client")
_AGENT_WORD = LazyPattern(r"^(?:target_?|to_?)?agent(?:_?(?:id|name|key|type))?$|^(?:target|recipient|specialist)$")
_ROUTES = LazyPattern(
    r"^_?(?:route_?(?:to|task|request|message|query)|delegate|dispatch|hand_?off|(?:forward|transfer)_?to)(?:_|[A-Z]|$)"
)
_HEALTH = LazyPattern(r"health", re.IGNORECASE)
_APPROVAL = LazyPattern(r"approv|hitl|human_?in_?the_?loop|confirm", re.IGNORECASE)
_APART = LazyPattern(r"^_|^reset|^clear|for_test", re.IGNORECASE)
"""Helpers of tests and functions that are nobody else's business."""
_TIME = LazyPattern(r"timeout|interval|ttl|delay", re.IGNORECASE)
_MEMBERS, _ROWS, _DEPTH = 9, 14, 4
_NEAR = 12
"""Lines between a condition and what it leads to."""
_TOGETHER = ("gather", "allSettled", "TaskGroup", "all")
_LISTS = LazyPattern(r"\.list(?:_\w+|[A-Z]\w*)$")
_SOCKETS = ("wrong-namespace", "missing-token", "unhandled-event", "unemitted-event")
_GAPS = (
    "missing-header", "unknown-agent", "parameter-mismatch", "never-passed", "unattached-tool", "default-disagrees",
    "wrong-port", "shadowed-name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An agent in a table of code."""

    name: str
    paths: tuple[tuple[str, str], ...]
    """(field, path)"""
    enabled: tuple[str, ...]
    """Fields that switch something on and are true."""
    made_by: Place | None
    label: str
    """The agent that stands behind the name, or ``""``."""
    other_name: bool
    """The code's own name of the agent is another."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A table of agents with their paths."""

    name: str
    at: Place
    rows: tuple[EntryRow, ...]
    single: tuple[tuple[str, str], ...]
    """(field, agent) of fields that one agent only has."""


@dataclass(frozen=True, slots=True)
class TeamRow:
    name: str
    leader: str
    members: tuple[str, ...]
    live: bool
    at: Place


@dataclass(frozen=True, slots=True)
class Registration:
    """A call that puts agents into a registry."""

    call: str
    words: tuple[str, ...]
    """Arguments by name."""
    registry: str
    live: bool
    at: Place


@dataclass(frozen=True, slots=True)
class ApartRow:
    """An agent that no table and no registry names, with the routes that lead to it."""

    name: str
    routes: tuple[str, ...]
    route_at: Place
    at: Place


@dataclass(frozen=True, slots=True)
class DeadRow:
    name: str
    kind: str
    members: tuple[str, ...]
    factory: str
    at: Place


@dataclass(frozen=True, slots=True)
class CallRow:
    source: str
    function: str
    targets: tuple[str, ...]
    call: str
    at: Place


@dataclass(frozen=True, slots=True)
class IntentRow:
    """A function that is named as one that hands on, and calls nobody."""

    function: str
    given_to: str
    accepts: tuple[str, ...]
    returns: tuple[str, ...]
    """``key: value`` of literals in what it returns."""
    live: bool
    at: Place


@dataclass(frozen=True, slots=True)
class RouteRow:
    name: str
    limit: str
    methods: tuple[str, ...]
    """That a JSON-RPC handler compares with."""
    reads: tuple[str, ...]
    """Tables and registries that the handler's code leads to."""
    at: Place


@dataclass(frozen=True, slots=True)
class RpcError:
    code: str
    message: str
    details: str
    when: str
    at: Place


@dataclass(frozen=True, slots=True)
class ClientRow:
    name: str
    timeouts: tuple[tuple[str, str], ...]
    headers: tuple[str, ...]
    live: bool
    at: Place


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check that code makes of an agent."""

    call: str
    function: str
    times: tuple[tuple[str, str], ...]
    together: tuple[str, ...]
    """What runs several at once: ``asyncio.gather``."""
    lists: tuple[str, ...]
    """Calls that give what is checked: ``registry.list_external``."""
    limited: bool
    """A semaphore bounds how many run at once."""
    live: bool
    at: Place


@dataclass(frozen=True, slots=True)
class StateRow:
    name: str
    members: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class PortRow:
    unit: str
    framework: str
    port: str
    says: str
    """A setting's or command's own name for it, or ``""``."""
    at: Place


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """Where a front end finds its agents."""

    name: str
    prop: str
    addresses: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    call: str
    base: str
    """Where it goes: address and service."""
    is_served: bool
    why: Markdown
    """Why nothing serves it, with the nearest route."""
    live: bool
    at: Place
    target: Place | None


@dataclass(frozen=True, slots=True)
class SocketRow:
    """A server of sockets, or a client of one."""

    unit: str
    framework: str
    library: str
    name: str
    """The namespace of a server, the address of a client."""
    is_server: bool
    at: Place


@dataclass(frozen=True, slots=True)
class IdleRow:
    """Public functions of one class or file that nothing in production calls."""

    owner: str
    names: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class ToolsRow:
    agent: str
    given: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class UnusedPackage:
    folder: str
    parts: tuple[str, ...]
    at: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class AgentMeshPage:
    """The names that ``page_agent_mesh.md.j2`` knows."""

    catalogues: tuple[Catalogue, ...]
    teams: tuple[TeamRow, ...]
    registrations: tuple[Registration, ...]
    apart: tuple[ApartRow, ...]
    dead: tuple[DeadRow, ...]
    calls: tuple[CallRow, ...]
    intents: tuple[IntentRow, ...]
    rpc: tuple[RouteRow, ...]
    errors: tuple[RpcError, ...]
    clients: tuple[ClientRow, ...]
    refused: tuple[FindingRow, ...]
    """Calls between agents that the route refuses."""
    cards: tuple[RouteRow, ...]
    parts: tuple[DeadRow, ...]
    """Classes that carry the mesh and that nothing reaches."""
    packages: tuple[UnusedPackage, ...]
    health: tuple[RouteRow, ...]
    checks: tuple[CheckRow, ...]
    states: tuple[StateRow, ...]
    probes: tuple[tuple[str, Place], ...]
    ports: tuple[PortRow, ...]
    endpoints: tuple[EndpointRow, ...]
    approvals: tuple[ApprovalRow, ...]
    sockets: tuple[SocketRow, ...]
    """Clients in the services of agents, and servers."""
    socket_gaps: tuple[FindingRow, ...]
    idle: tuple[IdleRow, ...]
    tools: tuple[ToolsRow, ...]
    gaps: tuple[FindingRow, ...]


def build(sources: Sources, pack: PagePack) -> AgentMeshPage | None:
    return _Builder(sources).build()


class _Builder:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._program = sources.program
        self._parts = sources.mesh.parts.all
        self._path: A2aPath | None = find_path(sources)
        self._reading = Reading(sources.system, sources.mesh)
        self._dead = {node.id for node in sources.mesh.draw("detail").nodes if node.state == "dead"}

    def build(self) -> AgentMeshPage | None:
        agents = [part for part in self._parts.values() if part.kind in _AGENTS]
        if not agents and self._path is None:
            return None
        catalogues = tuple(self._list_catalogues())
        paths = self._path
        return AgentMeshPage(
            catalogues,
            tuple(self._list_teams()),
            tuple(self._list_registrations()),
            tuple(self._list_apart(catalogues)),
            tuple(self._list_dead(_AGENTS)),
            tuple(self._list_calls()),
            tuple(self._list_intents()),
            tuple(self._make_route(r) for r in paths.rpc) if paths else (),
            tuple(self._list_errors()),
            tuple(self._list_clients()),
            self._list_refused(),
            tuple(self._make_route(r) for r in paths.cards) if paths else (),
            tuple(self._list_dead(_MESH)),
            tuple(self._list_packages()),
            tuple(self._make_route(r) for r in paths.health[:_ROWS]) if paths else (),
            tuple(self._list_checks()),
            tuple(self._list_states()),
            tuple(self._list_probes()),
            tuple(self._list_ports()),
            tuple(self._list_endpoints()),
            tuple(self._list_approvals()),
            tuple(self._list_sockets()),
            tuple(row for kind in _SOCKETS for row in self._pick_socket_findings(kind)),
            tuple(self._list_idle()),
            tuple(self._list_tools()),
            tuple(self._list_gaps()),
        )

    # ------------------------------------------------------------------------------------------- who there is

    @cached_property
    def _units(self) -> frozenset[str]:
        """The services that agents live in."""
        found = {part.unit for part in self._parts.values() if part.kind in _AGENTS}
        return frozenset(found | set(self._path.units if self._path else ())) - {""}

    @cached_property
    def _entries(self) -> Mapping[tuple[str, str], tuple[Fact, ...]]:
        """Tables of agents by (file, name of the table)."""
        tables: dict[tuple[str, str], list[Fact]] = {}
        for fact in self._sources.list("registry_entry"):
            registry = fact.attr("registry") or fact.symbol
            if registry and "{" not in fact.name and not registry.startswith("="):
                tables.setdefault((fact.path, registry), []).append(fact)
        return {key: tuple(facts) for key, facts in sorted(tables.items())}

    def _list_catalogues(self) -> Iterator[Catalogue]:
        for (path, name), facts in self._entries.items():
            rows = tuple(self._make_entry(fact) for fact in facts)
            if not any(row.paths for row in rows):
                continue
            by_field: dict[str, list[str]] = {}
            for row in rows:
                for key, _ in row.paths:
                    by_field.setdefault(key, []).append(row.name)
            single = tuple((key, names[0]) for key, names in by_field.items() if len(names) == 1 < len(rows))
            yield Catalogue(name, self._sources.at(path, facts[0].symbol), rows, single)

    def _make_entry(self, fact: Fact) -> EntryRow:
        fields = read_pairs(self._sources.read_attr(fact, "fields"))
        paths = [(key, value) for key, value in fields.items() if isinstance(value, str) and value.startswith("/")]
        if fact.attr("path"):
            paths.append(("path", fact.attr("path")))
        enabled = [key for key, value in fields.items() if value is True and key.endswith("enabled")]
        part = self._find_part(fact.name, [path for _, path in paths])
        return EntryRow(
            fact.name,
            tuple(paths),
            tuple(enabled),
            self._sources.at(*part.region[0]) if part is not None and part.region else None,
            part.label if part is not None else "",
            part is not None and part.label.lower() != fact.name.lower(),
        )

    def _find_part(self, name: str, paths: Iterable[str]) -> Part | None:
        agents = [part for part in self._parts.values() if part.kind in _AGENTS]
        at_path = [part for part in agents if set(part.details) & set(paths)]
        named = [part for part in agents if name.lower() in part.aliases]
        found = at_path or named
        return found[0] if len(found) == 1 else None

    def _list_teams(self) -> Iterator[TeamRow]:
        """Teams as tables have them, then those that only code makes."""
        told: set[str] = set()
        for facts in self._entries.values():
            for fact in facts:
                members = [say(item) for item in read_items(self._sources.read_attr(fact, "members"))]
                if members:
                    part = self._find_part(fact.name, ())
                    if part is not None:
                        told.add(part.id)
                    live = part is None or part.id not in self._dead
                    leader = say(self._sources.read_attr(fact, "leader"))
                    yield TeamRow(fact.name, leader, tuple(members), live, self._sources.at(fact))
        for part in self._parts.values():
            if part.kind == "team" and part.id not in told and part.fact is not None:
                leader = say(self._sources.read_attr(part.fact, "leader"))
                labels = [self._parts[member].label for member in part.members]
                first = next((label for label in labels if leader and label.lower() == leader.lower()), leader)
                members = [label for label in labels if label != first]
                yield TeamRow(
                    part.label, first, tuple(members[:_MEMBERS]), part.id not in self._dead, self._sources.at(part.fact)
                )

    def _list_registrations(self) -> Iterator[Registration]:
        for fact in self._sources.list("registration"):
            calls = self._program.list_within(fact.path, fact.symbol, "call")
            call = next((c for c in calls if c.line == fact.line and c.name == fact.attr("callee")), None)
            words = decode_arguments(call.value)[1] if call is not None else {}
            yield Registration(
                fact.attr("callee") or fact.name,
                tuple(f"{key}={say(value)}" for key, value in sorted(words.items())),
                fact.attr("registry"),
                not self._reading.is_idle(fact.path, fact.symbol),
                self._sources.at(fact),
            )

    def _list_apart(self, catalogues: Iterable[Catalogue]) -> Iterator[ApartRow]:
        """Agents that run and that no table names: reached by routes of their own."""
        named = {row.label for table in catalogues for row in table.rows}
        teams = {row.name for row in self._list_teams()}
        for part in self._parts.values():
            if part.kind != "agent" or part.id in self._dead or part.label in named or part.team or not part.region:
                continue
            if part.label in teams or any(part.id in other.members for other in self._parts.values()):
                continue
            routes = [route for route in self._served if self._leads_to(find_handler(route), part)]
            if routes and part.label:
                names = tuple(dict.fromkeys(route.name for route in routes))
                region = self._sources.at(*part.region[0])
                yield ApartRow(part.label, names[:PLACES], self._sources.at(routes[0]), region)

    @cached_property
    def _served(self) -> tuple[Fact, ...]:
        units = self._sources.system.units
        return tuple(
            route
            for route in self._sources.system.routes
            if not self._program.is_test(route.path) and units.find_unit(route.path) in self._units
        )

    def _leads_to(self, start: Definition, part: Part) -> bool:
        wanted = set(part.region)
        owners = {(path, symbol.rpartition(".")[0]) for path, symbol in wanted if "." in symbol}
        return any(place in wanted or place in owners for place in self._walk(start))

    def _walk(self, start: Definition, depth: int = _DEPTH) -> Iterator[Definition]:
        seen = {start}
        level = [start]
        yield start
        for _ in range(depth):
            further: list[Definition] = []
            for place in level:
                for edge in self._sources.system.reach.find_next(place):
                    if edge.target not in seen and edge.how != "decorate":
                        seen.add(edge.target)
                        further.append(edge.target)
                        yield edge.target
            level = further

    def _list_dead(self, kinds: Iterable[str]) -> Iterator[DeadRow]:
        for part in self._parts.values():
            if part.kind not in kinds or part.id not in self._dead or not part.region or part.team in self._dead:
                continue
            members = tuple(self._parts[member].label for member in part.members)
            factory = part.region[0][1]
            yield DeadRow(part.label, part.kind, members[:_MEMBERS], factory, self._sources.at(*part.region[0]))

    def _list_packages(self) -> Iterator[UnusedPackage]:
        """Folders of dead mesh classes that no file outside them imports."""
        folders: dict[str, list[Part]] = {}
        for part in self._parts.values():
            if part.kind in _MESH and part.id in self._dead and part.region:
                folders.setdefault(posixpath.dirname(part.region[0][0]), []).append(part)
        own = {unit.folder for unit in self._sources.system.units.all}
        wanted = {folder for folder in folders if folder not in own}
        imported: set[str] = set()
        for fact in self._program.list_facts("import"):
            for path in self._program.find_modules(fact.path, fact.value):
                folder = posixpath.dirname(path)
                if folder in wanted and not fact.path.startswith(f"{folder}/"):
                    imported.add(folder)
        for folder in sorted(wanted - imported):
            places = tuple(self._sources.at(*part.region[0]) for part in folders[folder])
            yield UnusedPackage(folder, tuple(part.region[0][1] for part in folders[folder]), places)

    # ------------------------------------------------------------------------------------------- who calls whom

    def _list_calls(self) -> Iterator[CallRow]:
        found: dict[tuple[str, str, str], list[Fact]] = {}
        for fact in self._sources.list("agent_call"):
            if fact.name and "{" not in fact.name:
                call = fact.attr("callee").rpartition(".")[2] or self._find_method(fact)
                found.setdefault((fact.path, fact.symbol, call), []).append(fact)
        for (path, symbol, call), facts in found.items():
            targets = tuple(dict.fromkeys(fact.name for fact in facts))
            yield CallRow(self._find_source(path, symbol), symbol, targets, call, self._sources.at(path, symbol))

    def _find_method(self, fact: Fact) -> str:
        """The call on the same lines that is given the agent."""
        calls = self._program.list_within(fact.path, fact.symbol, "call")
        near = [c for c in calls if c.line == fact.line and "." in c.name]
        return near[0].name.rpartition(".")[2] if near else ""

    def _find_source(self, path: str, symbol: str) -> str:
        owner = next((part.label for part in self._parts.values() if (path, symbol) in part.tools), "")
        return owner or self._sources.system.units.find_unit(path)

    def _list_intents(self) -> Iterator[IntentRow]:
        """Tools and functions named for handing on to an agent that call nothing at all."""
        tools = {place: part.label for part in self._parts.values() for place in part.tools}
        for path in sorted(self._program.files):
            if self._sources.system.units.find_unit(path) not in self._units or self._program.is_test(path):
                continue
            for symbol, fact in self._program.list_symbols(path).items():
                if fact.attr("kind") not in ("function", "method") or not _ROUTES.search(fact.name):
                    continue
                params = [p.name for p in self._program.list_within(path, symbol, "param")]
                if not any(_AGENT_WORD.search(name) for name in params):
                    continue
                if self._program.list_within(path, symbol, "call"):
                    continue
                yield IntentRow(
                    fact.name,
                    tools.get((path, symbol), ""),
                    tuple(self._list_accepted(path, symbol)),
                    tuple(self._list_returned(path, symbol)),
                    not self._reading.is_idle(path, symbol),
                    self._sources.at(path, symbol),
                )

    def _list_accepted(self, path: str, symbol: str) -> Iterator[str]:
        for binding in self._program.list_within(path, symbol, "binding"):
            if "agent" in binding.name.lower():
                yield from (item for item in read_items(_decode(binding.value)) if isinstance(item, str))

    def _list_returned(self, path: str, symbol: str) -> Iterator[str]:
        told: set[str] = set()
        for fact in self._program.list_within(path, symbol, "return"):
            for key, value in read_pairs(_decode(fact.value)).items():
                text = f"{key}: {value}"
                if isinstance(value, str) and len(text) <= 40 and text not in told:
                    told.add(text)
                    yield text

    # ------------------------------------------------------------------------------------------- routes

    @cached_property
    def _limits(self) -> Mapping[Definition, Fact]:
        return find_limits(self._sources).by_handler

    def _make_route(self, route: Fact) -> RouteRow:
        handler = find_handler(route)
        limit = self._limits.get(handler)
        return RouteRow(
            route.name,
            limit.name if limit is not None else "",
            tuple(self._list_methods(handler)),
            tuple(self._list_reads(handler)),
            self._sources.at(*handler),
        )

    def _find_branches(self, handler: Definition) -> Iterator[Branch]:
        symbol = self._program.get_symbol(handler)
        if symbol is None or not symbol.attr("end_line"):
            return
        for branch in read_branches(self._sources.read_text(handler[0]), handler[0]):
            if symbol.line <= branch.first <= int(symbol.attr("end_line")):
                yield branch

    def _list_methods(self, handler: Definition) -> Iterator[str]:
        """Values that a handler compares the request's method with."""
        told: set[str] = set()
        for branch in self._find_branches(handler):
            for test in branch.tests:
                value = test.equals
                if test.what.endswith(".method") and value and value not in told and not value.isupper():
                    told.add(value)
                    yield value

    def _list_reads(self, handler: Definition) -> Iterator[str]:
        """Tables of agents, and classes of the mesh, that the handler's code leads to."""
        tables = {(path, name): name for path, name in self._entries}
        classes = {place: part.label for part in self._parts.values() if part.kind in _MESH for place in part.region}
        told: set[str] = set()
        for place in self._walk(handler, 3):
            path, symbol = place
            name = tables.get(place) or classes.get(place) or classes.get((path, symbol.rpartition(".")[0]), "")
            if name and name not in told:
                told.add(name)
                yield name

    def _list_errors(self) -> Iterator[RpcError]:
        for fact in self._sources.list("rpc_error"):
            values = read_pairs(self._sources.read_attr(fact, "data")).values()
            details = "; ".join(filter(None, (self._say_detail(fact, value) for value in values)))
            message = say(self._sources.read_attr(fact, "message"))
            yield RpcError(fact.name, message, details, self._find_reason(fact), self._sources.at(fact))

    def _say_detail(self, fact: Fact, value: Expr) -> str:
        """The value; ``""`` for a local name that says nothing."""
        text = resolve_text(self._sources, (fact.path, fact.symbol), value)
        return "" if tag_of(value) == "name" and text == say(value) and not text.isupper() else text

    def _find_reason(self, fact: Fact) -> str:
        """The condition or the exception that leads there."""
        symbol = self._program.get_symbol((fact.path, fact.symbol))
        first = symbol.line if symbol is not None else 0
        branches = find_conditions(read_branches(self._sources.read_text(fact.path), fact.path), fact.line)
        inside = [branch for branch in branches if branch.text and branch.first >= first]
        caught = [
            each
            for each in self._program.list_within(fact.path, fact.symbol, "except")
            if fact.line - _NEAR <= each.line <= fact.line
        ]
        if caught and (not inside or caught[-1].line > inside[-1].first):
            return f"except {caught[-1].name}" if caught[-1].name else ""
        return inside[-1].text if inside and fact.line - inside[-1].first <= _NEAR else ""

    def _list_clients(self) -> Iterator[ClientRow]:
        """HTTP clients of classes that call agents, with their limits in time."""
        callers = {symbol.rpartition(".")[0] for _, symbol in self._calling}
        for fact in self._sources.list("http_client"):
            owner = fact.symbol.rpartition(".")[0]
            part = next((p for p in self._parts.values() if (fact.path, owner) in p.region and p.kind in _MESH), None)
            if not owner or (part is None and owner not in callers):
                continue
            timeouts = tuple(self._list_timeouts(fact))
            headers = self._list_headers(fact.path, owner)
            live = part is None or part.id not in self._dead
            yield ClientRow(owner, timeouts, headers, live, self._sources.at(fact))

    @cached_property
    def _calling(self) -> frozenset[Definition]:
        matches = self._path.calls if self._path else ()
        return frozenset((m.call.path, m.call.symbol) for m in matches)

    def _list_timeouts(self, fact: Fact) -> Iterator[tuple[str, str]]:
        scope = (fact.path, fact.symbol)
        timeout = self._program.expand(*scope, self._sources.read_attr(fact, "timeout"))
        given = [("all", timeout)] if say(timeout) else []
        if tag_of(timeout) == "call":
            given = [*(("all", value) for value in timeout[2]), *sorted(timeout[3].items())]
        for name, value in given:
            yield name, say_address(resolve_text(self._sources, scope, value, through=True))

    def _list_headers(self, path: str, owner: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for match in self._path.calls if self._path else ():
            if match.call.path == path and match.call.symbol.startswith(f"{owner}."):
                found.update(dict.fromkeys(match.call.attr("headers").split()))
        return tuple(found)

    def _list_refused(self) -> tuple[FindingRow, ...]:
        """What is found of calls to the routes of agents."""
        handlers = {find_handler(route) for route in self._path.rpc} if self._path else set()
        paths = {path for path, _ in handlers}
        rows = self._sources.pick_findings("missing-header", paths=paths) if paths else ()
        return tuple(row for row in rows if any((p.path, p.symbol) in handlers for p in row.places))

    # ------------------------------------------------------------------------------------------- health

    def _list_checks(self) -> Iterator[CheckRow]:
        """Functions that ask an agent for its card or its health."""
        asked: dict[Definition, str] = {}
        for fact in self._sources.list("http_call"):
            if CARD.search(fact.name):
                method = fact.attr("method") or fact.attr("callee").rpartition(".")[2].upper()
                asked.setdefault((fact.path, fact.symbol), f"{method} {say_address(fact.name)}")
        for match in self._path.calls if self._path else ():
            asked.setdefault((match.call.path, match.call.symbol), say_address(match.call.name))
        for place, call in asked.items():
            if _HEALTH.search(place[1]):
                yield self._make_check(place, call)

    def _make_check(self, place: Definition, call: str) -> CheckRow:
        beside = [place, *self._find_batch(place)]
        calls = [c for p in beside for c in self._program.list_within(*p, "call")]
        names = sorted({c.name for c in calls})
        held = [w.value for p in beside for w in self._program.list_within(*p, "with")]
        return CheckRow(
            call,
            place[1],
            tuple(self._list_times(place[0], place[1].rpartition(".")[0])),
            tuple(name for name in names if name.rpartition(".")[2] in _TOGETHER),
            tuple(name for name in names if _LISTS.search(name)),
            any("semaphore" in text.lower() for text in (*names, *held)),
            not self._reading.is_idle(*place),
            self._sources.at(*place),
        )

    def _find_batch(self, place: Definition) -> Iterator[Definition]:
        """What calls a check for many agents at once."""
        for call in self._program.find_callers(place):
            if not self._program.is_test(call.path):
                yield call.path, call.symbol
                outer = call.symbol.rpartition(".")[0]
                if outer and not self._program.is_class((call.path, outer)):
                    yield call.path, outer

    def _list_times(self, path: str, owner: str) -> Iterator[tuple[str, str]]:
        """Defaults of the class's own times."""
        for param in self._program.list_within(path, f"{owner}.__init__", "param"):
            value = resolve_text(self._sources, (path, ""), _decode(param.value))
            if _TIME.search(param.name) and value:
                yield param.name, value

    def _list_states(self) -> Iterator[StateRow]:
        """Enumerations of states of health beside the classes that carry the mesh."""
        places = [place for part in self._parts.values() if part.kind in _MESH for place in part.region]
        folders = {posixpath.dirname(path) for path, _ in places if path}
        for path in sorted(self._program.files):
            if posixpath.dirname(path) not in folders or self._program.is_test(path):
                continue
            for symbol, fact in self._program.list_symbols(path).items():
                if fact.attr("kind") not in ("class", "enum") or not _HEALTH.search(fact.name):
                    continue
                if fact.attr("kind") == "class" and "Enum" not in fact.attr("bases"):
                    continue
                fields = [f.name for f in self._program.list_within(path, symbol, "field")]
                fields += [b.name for b in self._program.list_within(path, symbol, "binding") if "." not in b.name]
                if fields:
                    yield StateRow(fact.name, tuple(dict.fromkeys(fields)), self._sources.at(path, symbol))

    def _list_probes(self) -> Iterator[tuple[str, Place]]:
        units = self._sources.system.units
        for fact in self._sources.list("script"):
            if fact.name == "healthcheck" and fact.value and units.find_unit(fact.path) in self._units:
                yield fact.value, self._sources.at(fact)
        for fact in self._sources.list("service"):
            named = units.find_by_name(fact.name)
            checked = fact.attr("healthcheck") or fact.attr("health")
            if checked and named is not None and named.id in self._units:
                yield checked, self._sources.at(fact)

    # ------------------------------------------------------------------------------------------- addresses

    def _list_ports(self) -> Iterator[PortRow]:
        units = self._sources.system.units
        for unit in units.all:
            if unit.folder is None or not unit.ports:
                continue
            number = str(sorted(unit.ports, key=lambda p: not p.certain)[0].number)
            rows: dict[tuple[str, str], Place] = {}
            if unit.id in self._units:
                for fact in self._sources.list("setting_field"):
                    if fact.attr("default") == number and units.find_unit(fact.path) == unit.id:
                        rows.setdefault((f"{fact.attr('class')}.{fact.name}", fact.path), self._sources.at(fact))
                for fact in self._sources.list("script"):
                    if number in fact.value.split() and units.find_unit(fact.path) == unit.id:
                        rows.setdefault((fact.name.upper(), fact.path), self._sources.at(fact))
                for fact in self._sources.list("port"):
                    named = units.find_by_name(fact.attr("service")) if fact.attr("service") else None
                    if number in (fact.name, fact.value) and named is not None and named.id == unit.id:
                        rows.setdefault((fact.attr("source"), fact.path), self._sources.at(fact))
            if not rows:
                first = sorted(unit.ports, key=lambda p: not p.certain)[0].evidence
                rows["", first.path] = self._sources.at(first)
            for (says, _), at in list(rows.items())[:4]:
                yield PortRow(unit.id, unit.framework, number, says, at)

    def _list_endpoints(self) -> Iterator[EndpointRow]:
        for fact in self._sources.list("endpoint_use"):
            url = self._sources.read_attr(fact, "url")
            folded = self._program.fold(fact.path, fact.symbol, url)
            addresses = tuple(dict.fromkeys(say_address(f.text) for f in folded if f.text))
            prop = next((say(value) for value in (url,) if tag_of(value) == "name"), "")
            if addresses:
                yield EndpointRow(fact.name, prop, addresses, self._sources.at(fact))

    # ------------------------------------------------------------------------------------------- approvals

    def _list_approvals(self) -> Iterator[ApprovalRow]:
        """Calls of the agents' services to routes of approvals."""
        units = self._sources.system.units
        rows: dict[tuple[str, str], ApprovalRow] = {}
        for match in self._sources.system.matches:
            call = match.call
            if self._program.is_test(call.path) or units.find_unit(call.path) not in self._units:
                continue
            if _APPROVAL.search(call.attr("path")) and match.verdict != "external":
                row = self._make_approval(match)
                rows.setdefault((row.call, row.at.path), row)
        yield from list(rows.values())[:_ROWS]

    def _make_approval(self, match: HttpMatch) -> ApprovalRow:
        call = match.call
        leads = [a.unit for a in self._sources.system.resolve(call.attr("base"), call.path) if a.unit]
        target = match.route or match.nearest
        base = say_address(call.attr("base"))
        return ApprovalRow(
            f"{call.attr('method')} {call.attr('path')}",
            f"{base} ({leads[0]})" if leads else base,
            match.route is not None,
            mark_names((match.why.partition(": ")[2] or match.why).rstrip(".")),
            not self._reading.is_idle(call.path, call.symbol),
            self._sources.at(call),
            self._sources.at(*find_handler(target)) if target is not None else None,
        )

    def _list_sockets(self) -> Iterator[SocketRow]:
        units = self._sources.system.units
        clients = [f for f in self._sources.list("socket_connect") if units.find_unit(f.path) in self._units]
        servers = self._sources.list("socket_server") if clients else ()
        for fact in (*clients, *servers):
            unit = units.by_id.get(units.find_unit(fact.path))
            is_server = fact.kind == "socket_server"
            where = fact.name if is_server else say_address(say(self._sources.read_attr(fact, "url")) or fact.name)
            if unit is not None:
                yield SocketRow(unit.id, unit.framework, fact.attr("library"), where, is_server, self._sources.at(fact))

    def _pick_socket_findings(self, kind: str) -> Iterator[FindingRow]:
        """Of sockets that a service of agents opens."""
        units = self._sources.system.units
        sockets = {
            fact.path for fact in self._sources.list("socket_connect") if units.find_unit(fact.path) in self._units
        }
        yield from self._sources.pick_findings(kind, paths=sockets) if sockets else ()

    def _list_idle(self) -> Iterator[IdleRow]:
        """Public functions around approvals that nothing in production leads to."""
        units = self._sources.system.units
        for path in sorted(self._program.files):
            if self._program.is_test(path) or units.find_unit(path) not in self._units:
                continue
            groups: dict[str, list[str]] = {}
            for symbol, fact in self._program.list_symbols(path).items():
                owner = symbol.rpartition(".")[0]
                if fact.attr("kind") not in ("function", "method") or _APART.search(fact.name):
                    continue
                if not _APPROVAL.search(symbol if not owner else f"{owner} {fact.name}"):
                    continue
                if owner and not self._program.is_class((path, owner)):
                    continue
                if self._reading.is_idle(path, symbol):
                    groups.setdefault(owner, []).append(fact.name)
            for owner, names in groups.items():
                about = [name for name in names if _APPROVAL.search(name)]
                telling = about + [name for name in names if name not in about] if owner else names
                yield IdleRow(owner, tuple(telling), self._sources.at(path, owner))

    def _list_tools(self) -> Iterator[ToolsRow]:
        """What agents with paths of their own are given as tools, as the code writes it."""
        for part in self._parts.values():
            if part.fact is None or not any(detail.startswith("/") for detail in part.details):
                continue
            tools = self._sources.read_attr(part.fact, "tools")
            calls = tuple(f"{item[1]}()" for item in (_unwrap(i) for i in read_items(tools)) if tag_of(item) == "call")
            if calls:
                yield ToolsRow(part.label, calls, self._sources.at(part.fact))

    def _list_gaps(self) -> Iterator[FindingRow]:
        """Further findings about the agents' code, and about the classes of the mesh."""
        units = self._sources.system.units
        shown = {row.title for row in self._list_refused()}
        mesh = {place[1] for part in self._parts.values() if part.kind in _MESH for place in part.region}
        for finding in self._sources.findings:
            if finding.kind not in _GAPS or not any(
                units.find_unit(e.path) in self._units for e in finding.evidence if e.path
            ):
                continue
            if finding.kind == "shadowed-name" and not any(f"`{name}`" in finding.title for name in mesh):
                continue
            if finding.kind == "default-disagrees" and "port" not in finding.title.lower():
                continue
            row = self._make_finding(finding)
            if row.title not in shown:
                shown.add(row.title)
                yield row

    def _make_finding(self, finding: Finding) -> FindingRow:
        places = self._sources.places(finding.evidence)[:PLACES]
        return FindingRow(
            finding.severity, mark_names(finding.title), mark_names(finding.detail.partition("\n")[0]), places
        )


def _decode(value: str) -> Expr:
    return decode_expr(value) if value else ""


def _unwrap(expr: Expr) -> Expr:
    return expr[1] if tag_of(expr) == "spread" else expr
