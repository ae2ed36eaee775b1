"""What the page of a diagram says: the drawing, its legend, a table of parts and one of connections or steps, doubts.

Everything is sorted, counted and cut here; the words are the template's (``diagram.md.j2``, ``diagram_embed.md.j2``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kbgen.diagrams.outline import NOTES, Sign, find_sign, list_lanes
from kbgen.diagrams.services import DISCOVERY, HEALTH, ROUTING
from kbgen.diagrams.words import say_kind
from kbgen.markdown import Markdown, mark_names
from kbgen.model import Diagram, DiagramEdge, DiagramMessage, DiagramNode, Evidence

_PLACES = 2
"""Places of one row; further ones are counted."""
_ROWS = 150
"""Of one table; further ones are counted."""
_NAMES = 12
"""Of one doubt."""
_KINDS = (
    "person", "frontend", "component", "hook", "endpoint", "service", "gateway", "router", "registry", "discovery",
    "client", "team", "agent", "module", "function", "mcp-client", "mcp-server", "store", "observability", "external",
)  # fmt: skip
"""In the order in which the parts of a graph are listed."""


@dataclass(frozen=True, slots=True)
class Place:
    """A definition, or a whole file where `symbol` is empty."""

    path: str
    symbol: str


@dataclass(frozen=True, slots=True)
class PartRow:
    name: str
    kind: str
    state: Sign
    holder: str
    """Name of the part that holds it, or ``""``."""
    details: tuple[str, ...]
    places: tuple[Place, ...]
    more: int
    """Places that are not shown."""


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A connection, or a step: then it has a number, from 1."""

    number: int
    source: str
    target: str
    kind: str
    label: str
    is_note: bool
    """Nothing goes from source to target: something is said of them."""
    state: Sign
    places: tuple[Place, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Picture:
    """One level of a diagram: Mermaid text, and what it shows as tables."""

    mermaid: str
    parts: tuple[PartRow, ...]
    links: tuple[LinkRow, ...]
    folded: tuple[str, ...]
    more_parts: int
    """Rows that the tables leave out."""
    more_links: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """Parts, connections or steps that are dead, guessed or broken for one reason."""

    what: str
    """``part``, ``connection`` or ``step``."""
    state: Sign
    why: Markdown
    names: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A registry, a route, a check; `unit` is whose it is, `users` are the parts that use it."""

    name: str
    kind: str
    state: Sign
    unit: str
    details: tuple[str, ...]
    users: tuple[str, ...]
    places: tuple[Place, ...]
    more: int


@dataclass(frozen=True, slots=True)
class DiagramPage:
    """The names that ``diagram.md.j2`` knows."""

    name: str
    title: str
    form: str
    absence: str
    """Why there is nothing to draw, or ``""``."""
    beside: bool
    """Whether a person's own text stands in the same file."""
    drawing: str
    """File name of the Excalidraw drawing, which stands beside the page."""
    overview: Picture
    detail: Picture | None
    """None where it shows no more than the overview."""
    signs: tuple[Sign, ...]
    """Those but ``live`` that one of the pictures has."""
    holds: bool
    """Whether boxes stand in boxes."""
    decides: bool
    """Whether a model chooses somewhere what comes next."""
    doubts: tuple[Doubt, ...]
    dead_links: int
    """Connections of dead parts, not listed one by one."""
    discovery: tuple[ServiceRow, ...]
    routing: tuple[ServiceRow, ...]
    health: tuple[ServiceRow, ...]
    has_services: bool


@dataclass(frozen=True, slots=True)
class Embedded:
    name: str
    title: str
    absence: str
    mermaid: str
    page: str
    """Relative to the page that embeds it."""
    drawing: str
    folded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmbedPage:
    """The names that ``diagram_embed.md.j2`` knows."""

    diagrams: tuple[Embedded, ...]
    more: tuple[tuple[str, str], ...]
    """(title, relative path) of pages beside these."""


def build_page(
    overview: Diagram,
    detail: Diagram,
    mermaid: Mapping[str, str],
    drawing: str,
    *,
    absence: str = "",
    beside: bool = False,
    services: Diagram | None = None,
) -> DiagramPage:
    """`mermaid` is level -> text."""
    names = _name_parts(detail, overview)
    signs = {find_sign(part) for diagram in (overview, detail) for part in _list_all(diagram)}
    dead = {node.id for node in detail.nodes if node.state == "dead"}
    dead_links = sum(edge.state == "dead" and bool({edge.source, edge.target} & dead) for edge in detail.edges)
    same = _list_shown(overview) == _list_shown(detail)
    shown = _Services(services) if services is not None else None
    return DiagramPage(
        overview.name,
        overview.title,
        overview.form,
        absence,
        beside,
        drawing,
        _make_picture(overview, mermaid["overview"], names),
        None if same else _make_picture(detail, mermaid["detail"], names),
        tuple(sign for sign in ("dead", "guess", "broken") if sign in signs),
        any(node.group for node in (*overview.nodes, *detail.nodes)),
        any(step.kind == "decides" for step in (*overview.messages, *detail.messages)),
        tuple(_list_doubts(detail, names, dead)),
        dead_links,
        shown.list_rows(DISCOVERY) if shown is not None else (),
        shown.list_rows(ROUTING) if shown is not None else (),
        shown.list_rows(HEALTH) if shown is not None else (),
        shown is not None,
    )


def _list_shown(diagram: Diagram) -> object:
    return {node.id for node in diagram.nodes}, diagram.edges, diagram.messages


def _list_all(diagram: Diagram) -> Iterable[DiagramNode | DiagramEdge | DiagramMessage]:
    return (*diagram.nodes, *diagram.edges, *diagram.messages)


def _name_parts(*diagrams: Diagram) -> dict[str, str]:
    """Label of each part, with its ID where two of a diagram have one label."""
    names: dict[str, str] = {}
    for diagram in diagrams:
        labels = Counter(node.label for node in diagram.nodes)
        for node in diagram.nodes:
            label = node.label or node.id
            names.setdefault(node.id, label if labels[node.label] == 1 else f"{label} ({node.id})")
    return names


# ------------------------------------------------------------------------------------------- tables


def _make_picture(diagram: Diagram, mermaid: str, names: Mapping[str, str]) -> Picture:
    nodes = list_lanes(diagram) if diagram.form == "sequence" else sorted(diagram.nodes, key=_rank_node)
    parts = [_make_part(node, names) for node in nodes]
    links = [_make_link(edge, 0, names) for edge in diagram.edges]
    links += [_make_link(step, number, names) for number, step in enumerate(diagram.messages, 1)]
    return Picture(
        mermaid,
        tuple(parts[:_ROWS]),
        tuple(links[:_ROWS]),
        diagram.folded,
        max(len(parts) - _ROWS, 0),
        max(len(links) - _ROWS, 0),
    )


def _rank_node(node: DiagramNode) -> tuple[int, str, str]:
    place = _KINDS.index(node.kind) if node.kind in _KINDS else len(_KINDS)
    return (place, node.label.casefold(), node.id)


def _make_part(node: DiagramNode, names: Mapping[str, str]) -> PartRow:
    places = _list_places(node.evidence)
    return PartRow(
        names[node.id],
        say_kind(node),
        find_sign(node),
        names.get(node.group, ""),
        node.details,
        places[:_PLACES],
        max(len(places) - _PLACES, 0),
    )


def _make_link(link: DiagramEdge | DiagramMessage, number: int, names: Mapping[str, str]) -> LinkRow:
    places = _list_places(link.evidence)
    return LinkRow(
        number,
        names.get(link.source, link.source),
        names.get(link.target, link.target),
        link.kind,
        link.label,
        isinstance(link, DiagramMessage) and link.kind in NOTES,
        find_sign(link),
        places[:_PLACES],
        max(len(places) - _PLACES, 0),
    )


def _list_places(evidence: Iterable[Evidence]) -> tuple[Place, ...]:
    """Several lines of one definition are one place."""
    return tuple(dict.fromkeys(Place(each.path, each.symbol) for each in evidence if each.path))


# ------------------------------------------------------------------------------------------- doubts


def _list_doubts(diagram: Diagram, names: Mapping[str, str], dead: set[str]) -> Iterable[Doubt]:
    """Broken first, then dead, then guessed; parts before what joins them."""
    found: dict[tuple[Sign, str, str], dict[str, None]] = {}
    for node in sorted(diagram.nodes, key=_rank_node):
        found.setdefault((find_sign(node), "part", node.why), {})[names[node.id]] = None
    for edge in diagram.edges:
        if edge.state != "dead" or not {edge.source, edge.target} & dead:
            found.setdefault((find_sign(edge), "connection", edge.why), {})[_name_link(edge, names)] = None
    for step in diagram.messages:
        if step.kind not in NOTES:
            found.setdefault((find_sign(step), "step", step.why), {})[_name_link(step, names)] = None
    signs: Sequence[Sign] = ("broken", "dead", "guess")
    for sign in signs:
        for (state, what, why), said in found.items():
            if state == sign:
                yield Doubt(what, state, mark_names(why.rstrip(".")), tuple(said)[:_NAMES], max(len(said) - _NAMES, 0))


def _name_link(link: DiagramEdge | DiagramMessage, names: Mapping[str, str]) -> str:
    said = f": {link.label}" if link.label else ""
    return f"{names.get(link.source, link.source)} → {names.get(link.target, link.target)}{said}"


# ----------------------------------------------------------------------------------------- services


class _Services:
    def __init__(self, diagram: Diagram) -> None:
        self._nodes = diagram.nodes
        self._users: dict[str, list[str]] = {}
        for edge in diagram.edges:
            self._users.setdefault(edge.target, []).append(edge.source)

    def list_rows(self, kinds: Sequence[str]) -> tuple[ServiceRow, ...]:
        nodes = [node for node in self._nodes if node.kind in kinds]
        nodes.sort(key=lambda node: (kinds.index(node.kind), node.group, node.label.casefold(), node.id))
        return tuple(self._make_row(node) for node in nodes[:_ROWS])

    def _make_row(self, node: DiagramNode) -> ServiceRow:
        places = _list_places(node.evidence)
        return ServiceRow(
            node.label,
            node.kind,
            find_sign(node),
            node.group,
            node.details,
            tuple(sorted(set(self._users.get(node.id, ())))),
            places[:_PLACES],
            max(len(places) - _PLACES, 0),
        )
