"""How agents are found, how a request gets to one, and how a part's health is asked for: what a mesh lives on.

The result is a diagram of nodes that a page lists: `DISCOVERY`, `ROUTING` and `HEALTH` are their kinds. An edge says
which part uses one of them; its source is the part's label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from kbgen.model import Diagram, DiagramEdge, DiagramNode, Fact
from kbgen.patterns import LazyPattern

if TYPE_CHECKING:
    # Pages of diagrams that are kept want this room's names and no mesh.
    from kbgen.diagrams.mesh import Mesh
    from kbgen.join.units import Units

DISCOVERY = ("registry", "discovery", "catalogue", "card")
"""Classes that keep or look for agents, tables of agents in code, routes that serve agent cards."""
ROUTING = ("router", "client", "team", "mount")
"""Parts that hand requests on, and the paths at which agents answer."""
HEALTH = ("health", "probe")
"""Routes that tell of health, and checks that deployment files make."""

_HEALTH_PATH = LazyPattern(
    r"(?:^|/)(?:health|healthz|health[-_]?check|ready|readyz|readiness|live|livez|liveness|alive|heartbeat|ping)$"
    r"|^/healthz?/",
    re.IGNORECASE,
)
_CARD_PATH = LazyPattern(r"/\.well-known/(?:agent|mcp|ai-plugin)", re.IGNORECASE)
_ENTRIES = 6
"""Names of a table of agents that are shown; further ones are counted."""
_EVIDENCE = 4
_PARTS = frozenset({"registry", "discovery", "router", "client", "team"})


def draw_services(mesh: Mesh) -> Diagram:
    """Lists more than it draws: no layout is meant for it."""
    nodes = {node.id: node for node in _list_nodes(mesh)}
    edges = (*_list_users(mesh, nodes), *_list_callers(mesh, nodes))
    ordered = tuple(nodes[key] for key in sorted(nodes))
    return Diagram("mesh-services", "Discovery, routing and health checks", "graph", "detail", ordered, edges)


def _list_nodes(mesh: Mesh) -> Iterator[DiagramNode]:
    for node in mesh.draw("detail").nodes:
        if node.kind in _PARTS:
            yield node
    yield from _list_catalogues(mesh)
    yield from _list_routes(mesh)
    yield from _list_mounts(mesh)
    yield from _list_probes(mesh)


def _list_catalogues(mesh: Mesh) -> Iterator[DiagramNode]:
    tables: dict[tuple[str, str], list[Fact]] = {}
    for fact in mesh.system.by_kind.get("registry_entry", ()):
        registry = fact.attr("registry")
        if registry and fact.name and "{" not in fact.name and not registry.startswith("="):
            tables.setdefault((fact.path, registry), []).append(fact)
    for (path, registry), facts in tables.items():
        names = sorted({fact.name for fact in facts})
        more = (f"+{len(names) - _ENTRIES}",) if len(names) > _ENTRIES else ()
        yield DiagramNode(
            f"catalogue:{path}:{registry}",
            registry,
            "catalogue",
            group=mesh.system.units.find_unit(path),
            evidence=tuple(dict.fromkeys(map(mesh.system.program.make_evidence, facts)))[:_EVIDENCE],
            details=(*names[:_ENTRIES], *more),
        )


def _list_routes(mesh: Mesh) -> Iterator[DiagramNode]:
    for route in mesh.system.routes:
        kind = _find_kind(route)
        if kind and not mesh.system.program.is_test(route.path):
            yield DiagramNode(
                _name_route(route),
                route.name,
                kind,
                group=mesh.system.units.find_unit(route.path),
                evidence=(mesh.system.program.make_evidence(route),),
            )


def _find_kind(route: Fact) -> str:
    """``""`` for a route of neither sort. One about the health of something with an ID is business, no check."""
    path = route.attr("path").rstrip("/")
    if route.attr("method") not in ("GET", "HEAD", "ANY") or route.attr("kind") == "page":
        return ""
    if _CARD_PATH.search(path):
        return "card"
    return "health" if _HEALTH_PATH.search(path) and "{" not in path else ""


def _name_route(route: Fact) -> str:
    return f"route:{route.path}:{route.name}"


def _list_mounts(mesh: Mesh) -> Iterator[DiagramNode]:
    for node in mesh.draw("detail").nodes:
        part = mesh.parts.all.get(node.id)
        if part is None or part.fact is None:
            continue
        for path in part.details:
            if path.startswith("/"):
                yield DiagramNode(
                    f"mount:{node.id}:{path}",
                    path,
                    "mount",
                    node.state,
                    part.unit,
                    node.why,
                    node.evidence,
                    (node.label,),
                )


def _list_probes(mesh: Mesh) -> Iterator[DiagramNode]:
    program, units = mesh.system.program, mesh.system.units
    for fact in program.list_facts("script"):
        if fact.name == "healthcheck" and fact.value:
            yield _make_probe(mesh, fact, fact.value, units.find_unit(fact.path))
    for fact in program.list_facts("service"):
        checked = fact.attr("healthcheck") or fact.attr("health")
        if checked:
            yield _make_probe(mesh, fact, checked, _find_service(units, fact))


def _find_service(units: Units, fact: Fact) -> str:
    named = units.find_by_name(fact.name)
    return named.id if named is not None else fact.name


def _make_probe(mesh: Mesh, fact: Fact, said: str, unit: str) -> DiagramNode:
    evidence = (mesh.system.program.make_evidence(fact),)
    return DiagramNode(f"probe:{fact.path}:{fact.line}", said, "probe", group=unit, evidence=evidence)


def _list_users(mesh: Mesh, nodes: Mapping[str, DiagramNode]) -> Iterator[DiagramEdge]:
    drawn = mesh.draw("detail")
    labels = {node.id: node.label for node in drawn.nodes}
    for edge in drawn.edges:
        if edge.target in nodes and edge.kind != "member":
            yield replace(edge, source=labels[edge.source])


def _list_callers(mesh: Mesh, nodes: Mapping[str, DiagramNode]) -> Iterator[DiagramEdge]:
    found: dict[tuple[str, str], list[Fact]] = {}
    for match in mesh.system.matches:
        if match.route is None or match.verdict not in ("matched", "ambiguous"):
            continue
        target = _name_route(match.route)
        source = mesh.system.units.find_unit(match.call.path)
        if target in nodes and source:
            found.setdefault((source, target), []).append(match.call)
    for (source, target), calls in sorted(found.items()):
        evidence = tuple(dict.fromkeys(map(mesh.system.program.make_evidence, calls)))[:_EVIDENCE]
        yield DiagramEdge(source, target, "http", nodes[target].label, rule="http", evidence=evidence)
