"""What do all renderers have to agree on: which node holds which, what gets a line, which signs need explaining?"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Literal

from kbgen.model import Diagram, DiagramEdge, DiagramMessage, DiagramNode

Sign = Literal["live", "dead", "guess", "broken"]

_WORDS: Mapping[str, tuple[str, str]] = {
    "discovery": ("discovery part", "discovery parts"),
    "external": ("external service", "external services"),
    "observability": ("observability part", "observability parts"),
    "person": ("person", "people"),
    "mcp-client": ("MCP client", "MCP clients"),
    "mcp-server": ("MCP server", "MCP servers"),
    "registry": ("registry", "registries"),
    "part": ("part", "parts"),
}
_NAME_LENGTH = 32
_RANK_GAP = 85.0
"""Between ranks, where the labels of edges stand."""
_GOOD_ASPECT = 1.2
NOTES = ("note", "decides")
"""Kinds of messages that are boxes over a lane, not arrows."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A graph as boxes in boxes. Orders are those of the diagram's nodes and edges."""

    roots: tuple[DiagramNode, ...]
    members: Mapping[str, tuple[DiagramNode, ...]]
    """By the ID of the node that holds them; only nodes that hold some."""
    boxed: frozenset[str]
    """IDs of nodes with a box of their own: those that hold nothing, and holders that a line touches."""
    lines: tuple[int, ...]
    """Places in `diagram.edges` of those drawn as a line; a membership that a box in a box shows is none."""
    touched: frozenset[str]
    """IDs of nodes at an end of such a line."""
    names: Mapping[str, str]
    """Node ID -> a name of ``[a-z0-9_]`` that no other node has; renderers put a prefix in front of it."""


def find_outline(diagram: Diagram) -> Outline:
    parents = find_parents(diagram.nodes)
    members: dict[str, list[DiagramNode]] = {}
    for node in diagram.nodes:
        members.setdefault(parents[node.id], []).append(node)
    lines = tuple(
        place
        for place, edge in enumerate(diagram.edges)
        if edge.source in parents and edge.target in parents and not _is_shown_by_box(edge, parents)
    )
    touched = {end for place in lines for end in (diagram.edges[place].source, diagram.edges[place].target)}
    roots = tuple(members.pop("", ()))
    boxed = frozenset(node.id for node in diagram.nodes if node.id not in members or node.id in touched)
    held = {holder: tuple(found) for holder, found in members.items()}
    return Outline(roots, held, boxed, lines, frozenset(touched), name_nodes(diagram.nodes))


def find_parents(nodes: Iterable[DiagramNode]) -> dict[str, str]:
    """Node ID -> ID of the node that holds it, ``""`` for none; a holder that is not there or holds itself is none."""
    wanted = {node.id: node.group for node in nodes}
    parents: dict[str, str] = {}
    for node in sorted(wanted):
        seen, above = {node}, wanted[node]
        while above in wanted and above not in seen:
            seen.add(above)
            above = parents.get(above, wanted[above])
        group = wanted[node]
        parents[node] = "" if group not in wanted or above in seen else group
    return parents


def choose_direction(diagram: Diagram, outline: Outline, pitch: tuple[float, float]) -> str:
    """``LR`` or ``TB``, whichever comes nearer to the shape of a page; `pitch`: width and height of a node."""
    following: dict[str, list[str]] = {}
    called = set()
    for place in outline.lines:
        edge = diagram.edges[place]
        following.setdefault(edge.source, []).append(edge.target)
        called.add(edge.target)
    seen: set[str] = set()
    widths: list[int] = []
    starts = [node.id for node in diagram.nodes if node.id in outline.boxed and node.id not in called]
    for start in [starts, *([node.id] for node in diagram.nodes if node.id in outline.boxed)]:
        rank = [node for node in start if node not in seen]
        depth = 0
        while rank:
            seen.update(rank)
            widths += [0] * (depth + 1 - len(widths))
            widths[depth] += len(rank)
            following_rank = (target for node in rank for target in following.get(node, ()))
            rank = [target for target in dict.fromkeys(following_rank) if target not in seen]
            depth += 1
    if not widths:
        return "LR"
    ranks, widest = len(widths), max(widths)
    right = ranks * (pitch[0] + _RANK_GAP) / (widest * pitch[1])
    down = widest * pitch[0] / (ranks * (pitch[1] + _RANK_GAP))
    return "LR" if abs(math.log(right / _GOOD_ASPECT)) <= abs(math.log(down / _GOOD_ASPECT)) else "TB"


def name_nodes(nodes: Iterable[DiagramNode]) -> dict[str, str]:
    """Node ID -> its letters and digits, and a number where two are alike: the same for every order of the nodes."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for node in sorted({node.id for node in nodes}):
        short = re.sub(r"[^a-z0-9]+", "_", node.lower()).strip("_")[:_NAME_LENGTH].rstrip("_") or "part"
        numbered = (f"{short}_{number}" for number in count(2))
        name = next(name for name in chain([short], numbered) if name not in taken)
        names[node] = name
        taken.add(name)
    return names


def find_sign(part: DiagramNode | DiagramEdge | DiagramMessage) -> Sign:
    return "broken" if part.kind == "broken" else part.state


def list_lanes(diagram: Diagram) -> tuple[DiagramNode, ...]:
    """The lanes of a sequence that have a message, in order of first use."""
    nodes = {node.id: node for node in diagram.nodes}
    used = dict.fromkeys(
        end for message in diagram.messages for end in (message.source, message.target) if end in nodes
    )
    return tuple(nodes[end] for end in used)


def name_count(count: int, kind: str) -> str:
    """``1 agent``, ``6 external services``."""
    one, many = _WORDS.get(kind, (kind, f"{kind}s"))
    return f"{count} {one if count == 1 else many}"


def _is_shown_by_box(edge: DiagramEdge, parents: Mapping[str, str]) -> bool:
    return edge.kind == "member" and edge.state == "live" and parents[edge.target] == edge.source
