"""Where does each part of a drawing stand? As values, in points, y down; what draws them need not compute a thing.

A graph's places come from Graphviz: `read_layout` reads what ``dot -Tjson`` says of our own DOT. A sequence's are
computed by `kbgen.diagrams.sequence`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kbgen.diagrams.outline import find_outline
from kbgen.diagrams.text import measure_height, measure_text
from kbgen.model import Diagram

Point = tuple[float, float]

LABEL_SIZE = 10.0
"""Font size of the labels of edges and messages, in points."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in points, y down; (x, y) is its top left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of all that is drawn of one diagram."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    """By node ID. For a sequence the lanes' heads: a lifeline goes from the middle of a head's lower edge down to
    `lifeline_end`."""
    groups: Mapping[str, Box]
    """By the ID of the node that holds others. A group that no edge touches has no box of its own, only this."""
    lines: tuple[tuple[Point, ...], ...]
    """In the order of edges (messages, for a sequence), from source to target; ``()`` for what has no line (a note, a
    membership that the group shows). A graph's lines are cubic Bézier curves, 3n + 1 points; a sequence's straight."""
    labels: tuple[Box | None, ...]
    """In the same order; the note itself for notes."""
    lifeline_end: float = 0.0
    """Lowest y of the lifelines of a sequence."""
    captions: tuple[tuple[str, Box], ...] = ()
    """Wrapped text and place of title, legend and what was left out (sequences)."""


# ------------------------------------------------------------------------------------------- graphs


def read_layout(json_text: str, diagram: Diagram) -> Layout:
    """The places that Graphviz gave to `make_dot(diagram)`, from its ``-Tjson``.

    Raises ValueError when the text is something else.
    """
    try:
        return _read_graph(json.loads(json_text), diagram)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"not a layout of {diagram.name}: {error!r}") from error


def _read_graph(graph: Mapping[str, Any], diagram: Diagram) -> Layout:
    left, bottom, right, top = _read_numbers(graph["bb"])
    objects = {part["name"]: part for part in graph.get("objects", ())}
    drawn = {part["id"]: part for part in graph.get("edges", ()) if "id" in part}
    outline = find_outline(diagram)

    def turn(x: float, y: float) -> Point:
        return (round(x - left, 2), round(top - y, 2))

    boxes = {}
    groups = {}
    for node in diagram.nodes:
        if node.id in outline.boxed:
            part = objects["n_" + outline.names[node.id]]
            x, y = _read_numbers(part["pos"].rstrip("!"))
            boxes[node.id] = center_box(turn(x, y), float(part["width"]) * 72, float(part["height"]) * 72)
        if node.id in outline.members:
            x0, y0, x1, y1 = _read_numbers(objects["cluster_" + outline.names[node.id]]["bb"])
            groups[node.id] = Box(*turn(x0, y1), round(x1 - x0, 2), round(y1 - y0, 2))
    lines: list[tuple[Point, ...]] = [()] * len(diagram.edges)
    labels: list[Box | None] = [None] * len(diagram.edges)
    for place in outline.lines:
        part = drawn.get(f"e_{place}", {})
        if "pos" in part:
            lines[place] = tuple(turn(x, y) for x, y in _read_curve(part["pos"]))
        if "lp" in part:
            x, y = _read_numbers(part["lp"])
            labels[place] = center_box(turn(x, y), *_measure_label(part))
    return Layout(round(right - left, 2), round(top - bottom, 2), boxes, groups, tuple(lines), tuple(labels))


def _read_numbers(text: str) -> tuple[float, ...]:
    return tuple(float(number) for number in text.replace(",", " ").split())


def _read_curve(text: str) -> list[Point]:
    """``e,X,Y x,y x,y …``: the arrow's tip (``s,X,Y``: its tail), then the curve; the tip replaces the curve's end."""
    start: Point | None = None
    end: Point | None = None
    points: list[Point] = []
    for word in text.split(";")[0].split():
        mark, _, rest = word.partition(",")
        x, y = _read_numbers(rest if mark in ("s", "e") else word)
        if mark == "s":
            start = (x, y)
        elif mark == "e":
            end = (x, y)
        else:
            points.append((x, y))
    return [start or points[0], *points[1:-1], end or points[-1]]


def _measure_label(part: Mapping[str, Any]) -> tuple[float, float]:
    """Size of an edge's label, from the text that Graphviz drew."""
    drawn = [step for step in part.get("_ldraw_", ()) if step.get("op") == "T"]
    size = next((step["size"] for step in part.get("_ldraw_", ()) if step.get("op") == "F"), LABEL_SIZE)
    text = "\n".join(step["text"] for step in drawn)
    return round(measure_text(text, size), 2), round(measure_height(text, size), 2)


def center_box(center: Point, width: float, height: float) -> Box:
    return Box(round(center[0] - width / 2, 2), round(center[1] - height / 2, 2), round(width, 2), round(height, 2))
