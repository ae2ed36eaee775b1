"""State and how it is kept in step: client stores, storage keys, channels between tabs, sockets, the server's copy.

A -> B means that code of A reads or writes B, sends it or is sent it. Anchors are the stores of the browser and
whatever is named for state or synchronising; what hangs on none of them is left out. What nothing that runs leads
to is drawn dead, and with it the keys and channels that only such code uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from kbgen.diagrams.mesh import Mesh
from kbgen.diagrams.trace import Tracer
from kbgen.join.http import HttpMatch
from kbgen.join.keys import match_keys
from kbgen.join.program import Place
from kbgen.model import Diagram, DiagramEdge, DiagramNode, Evidence, Fact
from kbgen.patterns import LazyPattern

_SYNC_WORDS = LazyPattern(r"state|sync|snapshot|persist|hydrat|replica|presence", re.IGNORECASE)
_STATE_PATH = LazyPattern(r"/[\w-]*(?:state|snapshot)\b", re.IGNORECASE)
_CALLERS = 8
"""How many callers of callers are asked whether they run."""
_NOT_RUN = "(not run)"
_HOPS = 3
"""Local calls between a handler on the server and the store that it reaches."""


@dataclass(slots=True)
class _Link:
    kind: str
    labels: dict[str, bool] = field(default_factory=dict)
    """Label -> whether code that runs gives it."""
    evidence: dict[Evidence, None] = field(default_factory=dict)
    why: str = ""
    live: bool = False
    """Some code that runs makes the connection."""

    def say(self, limit: int) -> str:
        """The labels, those of running code first; where only some run, the others are marked."""
        marked = {f"{label} {_NOT_RUN}": label for label, live in self.labels.items() if self.live and not live}
        plain = [label for label in self.labels if label not in marked.values()]
        return ", ".join([*plain, *marked][:limit])


class _Liveness:
    """Whether definitions run. Sure of death: what no finding of use and no caller decides is taken for live."""

    def __init__(self, mesh: Mesh) -> None:
        self._program = mesh.system.program
        self._live = mesh.system.reach.live
        self._unreached = mesh.system.unreached
        self._known: dict[Place, str] = {}

    def explain(self, place: Place) -> str:
        """Why nothing that runs leads to a definition, ``""`` where something may."""
        return self._explain(place, frozenset())

    def _explain(self, place: Place, asked: frozenset[Place]) -> str:
        path, symbol = place
        top = (path, symbol.partition(".")[0])
        if not symbol or len(asked) > _CALLERS or place in self._live or top in self._live:
            return ""
        if place in self._unreached or top in self._unreached:
            return "nothing that runs leads to it"
        known = self._known.get(place)
        if known is None:
            further = asked | {place}
            # That a definition calls itself, over others or not, does not make it run.
            callers = {(call.path, call.symbol) for call in self._program.find_callers(place)} - further
            dead = bool(callers) and all(self._explain(caller, further) for caller in callers)
            # Code of a dead class or function is dead with it, whoever calls it by name.
            dead = dead or (top != place and bool(self._explain(top, further)))
            known = "only dead code uses it" if dead else ""
            if not asked:
                self._known[place] = known
        return known


class _Drawing:
    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.system = mesh.system
        self.program = mesh.system.program
        self.tracer = Tracer(mesh)
        self.nodes: dict[str, DiagramNode] = {}
        self.links: dict[tuple[str, str], _Link] = {}
        self._liveness = _Liveness(mesh)
        self._places: dict[str, dict[Place, None]] = {}
        """Definitions that a lane is drawn for, by its node."""

    def collect(self) -> None:
        by_kind = self.system.by_kind
        anchors = {
            (f.path, f.symbol)
            for kind in ("broadcast", "storage_key", "socket_emit", "socket_on", "state_middleware")
            for f in by_kind.get(kind, ())
            if self._is_about_state(f)
        }
        for fact in by_kind.get("storage_key", ()):
            if (fact.path, fact.symbol) in anchors and "{" not in fact.name:
                self._add_key(fact)
        for fact in by_kind.get("broadcast", ()):
            if (fact.path, fact.symbol) in anchors and fact.name and "{" not in fact.name:
                node = self._add_node(f"channel:{fact.name}", fact.name, "endpoint", fact, "between tabs")
                place = (fact.path, fact.symbol)
                self._link(self._lane(place), node, "event", fact.attr("type"), (place,), fact)
        self._add_sockets()
        self._add_stores(anchors)
        self._add_users(anchors)
        self._add_server_copies()

    def _is_about_state(self, fact: Fact) -> bool:
        return bool(_SYNC_WORDS.search(fact.name) or _SYNC_WORDS.search(fact.symbol) or _SYNC_WORDS.search(_stem(fact)))

    def _lane(self, place: Place) -> DiagramNode:
        lane = self.tracer.find_lane(place)
        self.nodes.setdefault(lane.id, lane)
        self._places.setdefault(lane.id, {}).setdefault(place)
        return lane

    def _add_node(self, key: str, label: str, kind: str, fact: Fact, *details: str) -> DiagramNode:
        unit = self.system.units.find_unit(fact.path)
        node = DiagramNode(key, label, kind, "live", unit, "", (self.program.make_evidence(fact),), details)
        return self.nodes.setdefault(key, node)

    def _add_key(self, fact: Fact) -> None:
        storage = fact.attr("storage") or "storage"
        node = self._add_node(f"key:{storage}:{fact.name}", fact.name, "store", fact, storage)
        verb = {"getItem": "reads", "setItem": "writes", "removeItem": "clears"}.get(fact.attr("call"), "")
        place = (fact.path, fact.symbol)
        self._link(self._lane(place), node, "store", verb, (place,), fact)

    def _add_sockets(self) -> None:
        """Events that one side emits and the other handles; the direction is the message's."""
        by_kind = self.system.by_kind
        handlers: dict[str, list[Fact]] = {}
        for fact in by_kind.get("socket_on", ()):
            for name, key in fact.attrs:
                if name == "key":
                    handlers.setdefault(key, []).append(fact)
        for fact in by_kind.get("socket_emit", ()):
            if not _SYNC_WORDS.search(fact.name):
                continue
            keys = [value for name, value in fact.attrs if name == "key"]
            for match in match_keys(handlers, keys):
                if match.provide.endswith(":*"):
                    continue
                for handler in handlers[match.provide]:
                    ends = ((fact.path, fact.symbol), (handler.path, handler.symbol))
                    source, target = self._lane(ends[0]), self._lane(ends[1])
                    if source.id != target.id:
                        self._link(source, target, "websocket", fact.name, ends, fact, handler)

    def _add_stores(self, anchors: set[Place]) -> None:
        """Browser stores that synchronising code uses, and who else of it does."""
        stores = {(f.path, f.symbol): f for f in self.system.by_kind.get("state_store", ())}
        for place, fact in stores.items():
            users = [
                (source, edge)
                for source in sorted({*anchors, *self._list_near(anchors)})
                for edge in self.tracer.find_steps(source)
                if edge.target == place
            ]
            if not users:
                continue
            node = self._add_node(f"store:{place[0]}:{place[1]}", place[1], "store", fact, fact.attr("library"))
            self._places.setdefault(node.id, {}).setdefault(place)
            for source, edge in users:
                self._link(self._lane(source), node, "store", "", (source, place), edge.fact)
            for edge in self.tracer.find_steps(place):
                if _SYNC_WORDS.search(edge.target[1]) and edge.target[0] != place[0]:
                    label = edge.target[1].rpartition(".")[2] + "()"
                    self._link(node, self._lane(edge.target), "in-process", label, (place, edge.target), edge.fact)

    def _add_users(self, anchors: set[Place]) -> None:
        """Hooks and components that use what is drawn so far: a client class, a module of storage."""
        drawn = {key for pair in self.links for key in pair if not key.startswith(("key:", "channel:", "store:"))}
        stores = {(f.path, f.symbol) for f in self.system.by_kind.get("state_store", ())}
        for source in sorted(self._list_near(anchors) - stores):
            lane = self.tracer.find_lane(source)
            for edge in self.tracer.find_steps(source):
                target = self.tracer.find_lane(edge.target)
                telling = _SYNC_WORDS.search(edge.target[1]) and edge.how in ("call", "new")
                if telling and target.id in drawn and target.id != lane.id and lane.kind in ("hook", "component"):
                    label = edge.target[1].rpartition(".")[2] + "()"
                    ends = (source, edge.target)
                    self._link(self._lane(source), self._lane(edge.target), "in-process", label, ends, edge.fact)

    def _list_near(self, anchors: Iterable[Place]) -> set[Place]:
        """Hooks and classes named for state that stand beside the anchors or call them."""
        files = {path for path, _ in anchors}
        near = set()
        for fact in self.program.list_facts("symbol"):
            if fact.attr("kind") not in ("hook", "function", "method", "component"):
                continue
            if fact.path in files or _SYNC_WORDS.search(fact.name):
                near.add((fact.path, fact.symbol))
        return near

    def _add_server_copies(self) -> None:
        """From socket handlers and routes for state to the store that they reach, through the services between."""
        stores: dict[Place, tuple[str, Fact]] = {}
        for fact in self.system.by_kind.get("store", ()):
            target = self.mesh.find_store(fact)
            if target:
                stores[fact.path, fact.symbol] = (target, fact)
        leading = self.tracer.find_leading(self._list_methods_of(stores), _HOPS)
        for fact in self.system.by_kind.get("socket_on", ()):
            if _SYNC_WORDS.search(fact.name):
                place = (fact.path, fact.symbol)
                self._follow_server(place, self._lane(place), leading, stores)
        for match in self.system.matches:
            route = match.route
            if match.verdict == "dangling" and _STATE_PATH.search(match.call.attr("path")):
                self._add_broken(match)
            if route is None or match.confidence < 0.7 or not _STATE_PATH.search(route.attr("path")):
                continue
            path, _, symbol = route.attr("handler").partition("::")
            handler = (path, symbol) if symbol else (route.path, route.symbol)
            caller = (match.call.path, match.call.symbol)
            source, served = self._lane(caller), self._lane(handler)
            label = f"{route.attr('method')} {route.attr('path')}"
            self._link(source, served, "http", label, (caller, handler), match.call, route)
            self._follow_server(handler, served, leading, stores)

    def _add_broken(self, match: HttpMatch) -> None:
        """A call for state that its service does not serve: drawn as broken, to the service."""
        call = match.call
        units = [a.unit for a in self.system.resolve(call.attr("base"), call.path) if a.unit]
        # Without a base a browser asks its own origin.
        for unit in (units or [self.system.units.find_unit(call.path)])[:1]:
            part = self.mesh.parts.all.get(unit)
            if part is None:
                continue
            node = self.nodes.setdefault(
                part.id, DiagramNode(part.id, part.label, part.kind, evidence=tuple(part.evidence[:1]))
            )
            label = f"{call.attr('method')} {call.attr('path')}"
            place = (call.path, call.symbol)
            link = self._link(self._lane(place), node, "broken", label, (place,), call)
            if not link.why or link.labels[label]:
                link.why = match.why

    def _follow_server(
        self, place: Place, lane: DiagramNode, leading: dict[Place, int], stores: dict[Place, tuple[str, Fact]]
    ) -> None:
        for edge in self.tracer.find_steps(place):
            inner = self.tracer.find_lane(edge.target)
            if edge.target not in leading or inner.id == lane.id or not _SYNC_WORDS.search(inner.label):
                continue
            label = edge.target[1].rpartition(".")[2] + "()"
            self._link(lane, self._lane(edge.target), "in-process", label, (place, edge.target), edge.fact)
            self._link_store(inner, edge.target, stores)

    def _list_methods_of(self, stores: dict[Place, tuple[str, Fact]]) -> set[Place]:
        """All methods of the classes that hold a store's client."""
        found = set()
        for path, symbol in stores:
            owner = symbol.partition(".")[0]
            found |= {(path, name) for name in self.program.list_symbols(path) if name.partition(".")[0] == owner}
        return found

    def _link_store(self, lane: DiagramNode, place: Place, stores: dict[Place, tuple[str, Fact]]) -> None:
        for reached in self.system.reach.walk([place]):
            for (path, symbol), (target, fact) in stores.items():
                if reached[0] == path and reached[1].partition(".")[0] == symbol.partition(".")[0]:
                    part = self.mesh.parts.all.get(target)
                    if part is not None:
                        evidence = tuple(part.evidence[:1])
                        self.nodes.setdefault(target, DiagramNode(target, part.label, part.kind, evidence=evidence))
                        self._link(lane, self.nodes[target], "store", "", (place, reached), fact)

    def _link(
        self, source: DiagramNode, target: DiagramNode, kind: str, label: str, places: Iterable[Place], *facts: Fact
    ) -> _Link:
        """`places` are the definitions that must run for the connection to be made."""
        link = self.links.setdefault((source.id, target.id), _Link(kind))
        live = not any(self._liveness.explain(place) for place in places)
        link.live |= live
        if label and "{" not in label:
            link.labels[label] = link.labels.get(label, False) or live
        for fact in facts:
            link.evidence.setdefault(self.program.make_evidence(fact))
        return link

    def judge_nodes(self) -> dict[str, DiagramNode]:
        """The nodes that have connections, each live or dead."""
        by_node: dict[str, list[_Link]] = {}
        for pair, link in self.links.items():
            for end in pair:
                by_node.setdefault(end, []).append(link)
        judged = {}
        for key, links in by_node.items():
            why = self._explain_node(key, links)
            judged[key] = replace(self.nodes[key], state="dead", why=why) if why else self.nodes[key]
        return judged

    def _explain_node(self, key: str, links: Iterable[_Link]) -> str:
        part = self.mesh.parts.all.get(key)
        if part is not None:
            return "" if self.mesh.is_live(part) else "nothing that runs leads to it"
        places = self._places.get(key, {})
        if not places:
            # A key or a channel is there as long as code that runs uses it.
            return "" if any(link.live for link in links) else "only dead code uses it"
        path, _, symbol = key.partition("::")
        if symbol:
            return self._liveness.explain((path, symbol))
        reasons = [self._liveness.explain(place) for place in places]
        return reasons[0] if all(reasons) else ""


def draw_state(mesh: Mesh, level: Literal["overview", "detail"] = "overview") -> Diagram:
    """State, where it is kept, and what carries it. Empty where nothing is named for it."""
    drawing = _Drawing(mesh)
    drawing.collect()
    nodes = drawing.judge_nodes()
    units = {node.group for node in nodes.values() if node.group}
    for unit in units:
        part = mesh.parts.all.get(unit)
        if part is not None:
            nodes.setdefault(unit, DiagramNode(unit, part.label, part.kind, evidence=tuple(part.evidence[:1])))
    limit = 3 if level == "overview" else 8
    edges = []
    for (source, target), link in sorted(drawing.links.items()):
        joins_dead = "dead" in (nodes[source].state, nodes[target].state)
        live = link.live and not joins_dead
        # What is said of a dead part holds for its connections.
        why = link.why if live else "" if joins_dead else "only dead code makes it"
        evidence = tuple(link.evidence)[:8]
        edges.append(
            DiagramEdge(source, target, link.kind, link.say(limit), "live" if live else "dead", why, "state", evidence)
        )
    ordered = tuple(nodes[key] for key in sorted(nodes))
    return Diagram("state-sync", "State synchronisation", "graph", level, ordered, tuple(edges))


def _stem(fact: Fact) -> str:
    return fact.path.rpartition("/")[2]
