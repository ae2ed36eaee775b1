"""A diagram as an Excalidraw file, which opens at excalidraw.com and can be edited there: parts stay tied together.

Every node is a rectangle with its text bound to it, every edge an arrow bound to both ends, so that arrows follow a
node that somebody moves. A node that holds others is a labelled rectangle behind them, and one Excalidraw group with
them. A lane of a sequence is a head and a thin bar as its lifeline; messages are bound to the bars. Labels of arrows
are texts of their own: Excalidraw would centre a bound one on the arrow, on top of whatever is there.

The elements have every field that Excalidraw 0.18's ``restore()`` looks for, with values that it leaves alone (tested
with ``restore()`` itself); https://docs.excalidraw.com/docs/codebase/json-schema has the file's keys. Ids, seeds and
order keys come from names and places, nothing from a clock or a random number: same facts, same bytes.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kbgen.diagrams.excalidraw_lines import (
    crosses,
    end_at_border,
    find_focus,
    find_gap,
    is_straight,
    sample_curve,
    thin_curve,
)
from kbgen.diagrams.layout import Box, Layout, Point
from kbgen.diagrams.outline import NOTES, find_parents, find_sign
from kbgen.diagrams.paint import BROKEN, DEAD, GROUP, INK, LINE, PAPER, Paint, find_paint
from kbgen.diagrams.text import clean_text, measure_text, wrap_text
from kbgen.diagrams.words import Words, find_words, say_details, say_edge, say_kind, say_message, say_title
from kbgen.model import Diagram, DiagramEdge, DiagramMessage, DiagramNode, Evidence

Element = dict[str, Any]
"""One object of the file's ``elements``."""

FONT_FAMILY = 6
"""Nunito, "Normal" in Excalidraw's own menu: it ships with Excalidraw, so it is as wide on every machine."""
LINE_HEIGHT = 1.35
"""What Excalidraw's table of font metrics says of that font."""
WIDEST = 1.2
"""Nunito is up to 1.1 times as wide as the Helvetica that `measure_text` knows, and DejaVu Sans, which stands in where
no font can be fetched, up to 1.2 times. Excalidraw cuts a text at the width that the file states."""

NODE_SIZE, LABEL_SIZE, CAPTION_SIZE, TITLE_SIZE = 16, 14, 14, 28
"""Pixels."""
_SMALLER_SIZES = (14, 12, 10, 8)
_SCALES = tuple(tenths / 10 for tenths in range(19, 25))
"""Pixels for a point of the layout: the first at which every text fits its place."""
_PADDING = 5
"""Between a container and its bound text; Excalidraw's BOUND_TEXT_PADDING."""
_LIFELINE_WIDTH = 4
_MARGIN = 32
"""Pixels between the drawing and what is written about it."""
_CAPTION_WIDTH = 900
"""Pixels that a caption may take even when the drawing is narrower."""
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase

_PARTS = {"left": 0.0, "top": 0.0, "center": 0.5, "middle": 0.5, "right": 1.0}
"""Of the free room, what lies before a text that is aligned so."""
_CLEAR = "transparent"
_SOFT_KINDS = ("event", "queue", "websocket", "telemetry", "return")
"""Nobody waits for an answer: an open arrow head."""

_Part = DiagramNode | DiagramEdge | DiagramMessage
_Link = DiagramEdge | DiagramMessage


def write_excalidraw(diagram: Diagram, layout: Layout) -> str:
    """The text of an ``.excalidraw`` file: JSON, ending in a newline. What the layout gives no place is not drawn."""
    words = find_words(diagram)
    scene = _Scene(diagram, layout, words, _choose_scale(diagram, layout, words))
    scene.draw_groups()
    scene.draw_nodes()
    scene.draw_labels()
    scene.draw_arrows()
    scene.draw_captions()
    document = {
        "type": "excalidraw",
        "version": 2,
        "source": "kbgen",
        "elements": scene.list_elements(),
        "appState": {"gridSize": 20, "viewBackgroundColor": PAPER},
        "files": {},
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


# ---------------------------------------------------------------------------------------- places and texts


def _scale_box(box: Box, scale: float) -> Box:
    """In whole pixels: sums and differences of them are exact, here and in JavaScript."""
    left, top = round(box.x * scale), round(box.y * scale)
    return Box(left, top, round((box.x + box.width) * scale) - left, round((box.y + box.height) * scale) - top)


def _widen(place: Box, by: int) -> Box:
    return Box(place.x - by, place.y - by, place.width + 2 * by, place.height + 2 * by)


def _find_bounds(layout: Layout) -> Box:
    """What the drawn parts take; the layout's own size has room for captions, which stand elsewhere here."""
    boxes = [*layout.boxes.values(), *layout.groups.values(), *(box for box in layout.labels if box is not None)]
    points = [point for line in layout.lines for point in line]
    lefts = [box.x for box in boxes] + [x for x, _ in points]
    tops = [box.y for box in boxes] + [y for _, y in points]
    rights = [box.x + box.width for box in boxes] + [x for x, _ in points]
    bottoms = [box.y + box.height for box in boxes] + [y for _, y in points] + [layout.lifeline_end]
    if not lefts:
        return Box(0, 0, 0, 0)
    return Box(min(lefts), min(tops), max(rights) - min(lefts), max(bottoms) - min(tops))


@dataclass(frozen=True, slots=True)
class _Text:
    """A text broken into lines, with the size it is drawn at and the room that it takes in any font."""

    text: str
    original: str
    """Without our line breaks: Excalidraw breaks it anew when its container changes."""
    size: int

    @property
    def width(self) -> int:
        return math.ceil(measure_text(self.text, self.size) * WIDEST)

    @property
    def height(self) -> float:
        return self.size * LINE_HEIGHT * (self.text.count("\n") + 1)

    def fits(self, width: float, height: float) -> bool:
        return self.width <= width and self.height <= height


def _break_text(text: str, width: float, size: int) -> _Text:
    original = clean_text(text)
    return _Text(wrap_text(original, max(width, size) / WIDEST, size), original, size)


def _fit_text(text: str, width: float, height: float, size: int) -> _Text:
    """At `size`, or the next smaller one at which it fits; at the smallest in any case."""
    broken = _break_text(text, width, size)
    for smaller in _SMALLER_SIZES:
        if broken.fits(width, height):
            break
        if smaller < size:
            broken = _break_text(text, width, smaller)
    return broken


def _choose_scale(diagram: Diagram, layout: Layout, words: Words) -> float:
    texts = [
        (_say_node(node, words), layout.boxes[node.id], NODE_SIZE, 2 * _PADDING)
        for node in diagram.nodes
        if node.id in layout.boxes
    ]
    texts += [
        (_say_link(link, words), box, LABEL_SIZE, 2 * _PADDING if _is_note(link) else 0)
        for link, box in zip(_list_links(diagram), layout.labels, strict=True)
        if box is not None
    ]

    def fits(scale: float) -> bool:
        rooms = ((box.width * scale - padding, box.height * scale - padding) for _, box, _, padding in texts)
        return all(
            _break_text(text, room[0], size).fits(*room) for (text, _, size, _), room in zip(texts, rooms, strict=True)
        )

    return next((scale for scale in _SCALES if fits(scale)), _SCALES[-1])


def _say_node(node: DiagramNode, words: Words) -> str:
    """Title, kind in brackets as C4 drawings have it, details."""
    kind = say_kind(node)
    return _join_lines(say_title(node, words), f"[{kind}]" if kind else "", *say_details(node))


def _join_lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line.strip())


def _say_link(link: _Link, words: Words) -> str:
    return say_message(link, words) if isinstance(link, DiagramMessage) else say_edge(link, words)


def _list_links(diagram: Diagram) -> Sequence[_Link]:
    return diagram.messages if diagram.form == "sequence" else diagram.edges


def _is_note(link: _Link) -> bool:
    return isinstance(link, DiagramMessage) and link.kind in NOTES


# ---------------------------------------------------------------------------------------- elements


class _Scene:
    """The elements in drawing order, each under a name that stays when others come or go."""

    def __init__(self, diagram: Diagram, layout: Layout, words: Words, scale: float) -> None:
        self._diagram = diagram
        self._layout = layout
        self._words = words
        self._scale = scale
        self._bounds = _scale_box(_find_bounds(layout), scale)
        self._parents = find_parents(diagram.nodes)
        self._elements: list[Element] = []
        self._names: Counter[str] = Counter()
        self._anchors: dict[str, tuple[Element, Box]] = {}
        """By node ID: what arrows are bound to."""

    def list_elements(self) -> list[Element]:
        """With their order keys: of Excalidraw's fractional indexing only the whole keys, all of one length."""
        length = 2 if len(self._elements) <= len(_DIGITS) ** 2 else 4
        head = chr(ord("a") + length - 1)
        keys = itertools.product(_DIGITS, repeat=length)
        return [{**element, "index": head + "".join(key)} for element, key in zip(self._elements, keys, strict=False)]

    # ------------------------------------------------------------------------------------ the drawing

    def draw_groups(self) -> None:
        """Outer before inner, so that an inner one lies on top."""
        holders = [node for node in self._diagram.nodes if node.id in self._layout.groups]
        for node in sorted(holders, key=lambda node: len(self._list_groups(node.id))):
            place = _scale_box(self._layout.groups[node.id], self._scale)
            style = {**_style_box(find_paint(node)), "backgroundColor": GROUP, "strokeWidth": 1, "roundness": None}
            box = self._add_box(f"holder {node.id}", place, self._list_groups(node.id), style, node)
            details = () if node.id in self._layout.boxes else say_details(node)
            title = _join_lines(say_title(node, self._words), *details)
            align = (self._choose_side(place, title), "top")
            self._bind_text(box, place, title, LABEL_SIZE, align, find_paint(node).text)
            self._anchors[node.id] = (box, place)

    def _choose_side(self, place: Box, title: str) -> str:
        """Where no line goes through the title of a group, if there is such a place."""
        text = _fit_text(title, place.width - 2 * _PADDING, place.height - 2 * _PADDING, LABEL_SIZE)
        lines = [sample_curve(line) for line in self._layout.lines if line]
        for side in ("left", "center", "right"):
            x = place.x + _PADDING + (place.width - 2 * _PADDING - text.width) * _PARTS[side]
            box = _widen(Box(x, place.y + _PADDING, text.width, text.height), _PADDING)
            box = _scale_box(box, 1 / self._scale)
            if not any(crosses(line, box) for line in lines):
                return side
        return "left"

    def draw_nodes(self) -> None:
        for node in self._diagram.nodes:
            if node.id in self._layout.boxes:
                place = _scale_box(self._layout.boxes[node.id], self._scale)
                groups = self._list_groups(node.id)
                if self._diagram.form == "sequence":
                    self._draw_lifeline(node, place, groups)
                box = self._add_box(f"node {node.id}", place, groups, _style_box(find_paint(node)), node)
                text = _say_node(node, self._words)
                self._bind_text(box, place, text, NODE_SIZE, ("center", "middle"), find_paint(node).text)
                if self._diagram.form == "graph":
                    self._anchors[node.id] = (box, place)

    def _draw_lifeline(self, node: DiagramNode, head: Box, groups: list[str]) -> None:
        x, top = head.x + (head.width - _LIFELINE_WIDTH) // 2, head.y + head.height
        height = max(round(self._layout.lifeline_end * self._scale) - top, 1)
        bar = Box(x, top, _LIFELINE_WIDTH, height)
        style = {"strokeColor": DEAD, "backgroundColor": PAPER, "strokeWidth": 1}
        self._anchors[node.id] = (self._add_box(f"lifeline {node.id}", bar, groups, style, None), bar)

    def draw_labels(self) -> None:
        for link, label in zip(_list_links(self._diagram), self._layout.labels, strict=True):
            words = _say_link(link, self._words)
            if label is None or not words:
                continue
            name, ink = f"label {_name_link(link)}", BROKEN if find_sign(link) == "broken" else INK
            place, groups = _scale_box(label, self._scale), self._list_common_groups(link)
            if isinstance(link, DiagramMessage):
                is_note = link.kind in NOTES
                # Paper behind a label, for lifelines may cross it; arrows are drawn later, so they do not suffer.
                paper = {"strokeColor": _CLEAR, "backgroundColor": PAPER}
                place = place if is_note else _widen(place, _PADDING)
                style, part = (_style_box(find_paint(link)), link) if is_note else (paper, None)
                box = self._add_box(name, place, groups, style, part)
                self._bind_text(box, place, words, LABEL_SIZE, ("center", "middle"), ink)
            else:
                text = _fit_text(words, place.width, place.height, LABEL_SIZE)
                x, y = place.x + (place.width - text.width) / 2, place.y + (place.height - text.height) / 2
                self._add_text(name, text, x, y, groups, ink, textAlign="center")

    def draw_arrows(self) -> None:
        for link, line in zip(_list_links(self._diagram), self._layout.lines, strict=True):
            points = self._place_line(link, line) if line else ()
            if len(points) > 1:
                self._draw_arrow(link, points)

    def _draw_arrow(self, link: _Link, points: Sequence[tuple[int, int]]) -> None:
        start, end = self._anchors.get(link.source), self._anchors.get(link.target)
        (x, y), xs, ys = points[0], [px for px, _ in points], [py for _, py in points]
        groups = self._list_common_groups(link)
        fields = {
            **_style_line(link),
            "roundness": {"type": 2} if len(points) > 2 and self._diagram.form == "graph" else None,
            "points": [[px - x, py - y] for px, py in points],
            "lastCommittedPoint": None,
            "startBinding": start and _bind(start, points[1], points[0]),
            "endBinding": end and _bind(end, points[-2], points[-1]),
            "elbowed": False,
        }
        name = f"arrow {_name_link(link)}"
        arrow = self._add(name, "arrow", (x, y, max(xs) - min(xs), max(ys) - min(ys)), groups, fields, link)
        for box in {anchor[0]["id"]: anchor[0] for anchor in (start, end) if anchor}.values():
            box["boundElements"].append({"type": "arrow", "id": arrow["id"]})

    def draw_captions(self) -> None:
        """The title above; below what dashes mean, why a part is dead or a guess, and what is left out."""
        left, width = self._bounds.x, max(self._bounds.width, _CAPTION_WIDTH)
        if title := clean_text(self._diagram.title).strip():
            text = _break_text(title, width, TITLE_SIZE)
            self._add_text("title", text, left, self._bounds.y - _MARGIN - text.height, [], INK)
        if small_print := _join_lines(*self._words.list_lines()):
            text = _break_text(small_print, width, CAPTION_SIZE)
            self._add_text("small print", text, left, self._bounds.y + self._bounds.height + _MARGIN, [], LINE)

    def _place_line(self, link: _Link, line: Sequence[Point]) -> Sequence[tuple[int, int]]:
        if self._diagram.form == "graph" and len(line) > 3:
            line = sample_curve(line)
            for end in (link.target, link.source):
                box = self._layout.boxes.get(end) or self._layout.groups.get(end)
                line = (end_at_border(line, box) if box else line)[::-1]
            line = thin_curve(line)
        points = [(round(x * self._scale), round(y * self._scale)) for x, y in line]
        if self._diagram.form == "sequence":
            points = [_leave_lifeline(points[0], points[1]), *points[1:-1], _leave_lifeline(points[-1], points[-2])]
        points = [point for point, _ in itertools.groupby(points)]
        return [points[0], points[-1]] if len(points) > 2 and is_straight(points) else points

    # ------------------------------------------------------------------------------------ elements

    def _add_box(self, name: str, place: Box, groups: list[str], style: Element, part: _Part | None) -> Element:
        return self._add(name, "rectangle", (place.x, place.y, place.width, place.height), groups, style, part)

    def _add_text(
        self, name: str, text: _Text, x: float, y: float, groups: list[str], ink: str, **fields: Any
    ) -> Element:
        style = {
            "strokeColor": ink,
            "fontSize": text.size,
            "fontFamily": FONT_FAMILY,
            "text": text.text,
            "textAlign": "left",
            "verticalAlign": "top",
            "containerId": None,
            "originalText": text.original,
            "autoResize": True,
            "lineHeight": LINE_HEIGHT,
            **fields,
        }
        return self._add(name, "text", (x, y, text.width, text.height), groups, style, None)

    def _bind_text(self, box: Element, place: Box, text: str, size: int, align: tuple[str, str], ink: str) -> None:
        """Places it as Excalidraw will when somebody touches the box (``computeBoundTextPosition``)."""
        if not clean_text(text).strip():
            return
        width, height = place.width - 2 * _PADDING, place.height - 2 * _PADDING
        fitted = _fit_text(text, width, height, size)
        x = place.x + _PADDING + (width - fitted.width) * _PARTS[align[0]]
        y = place.y + _PADDING + (height - fitted.height) * _PARTS[align[1]]
        bound = self._add_text(
            f"text of {box['id']}", fitted, x, y, box["groupIds"], ink,
            textAlign=align[0], verticalAlign=align[1], containerId=box["id"],
        )  # fmt: skip
        box["boundElements"].append({"type": "text", "id": bound["id"]})

    def _add(
        self,
        name: str,
        type_: str,
        place: tuple[float, float, float, float],
        groups: list[str],
        fields: Element,
        part: _Part | None,
    ) -> Element:
        """`place` is x, y, width and height."""
        unique = f"{name}\0{self._names[name]}"
        self._names[name] += 1
        element: Element = {
            "id": self._make_id(unique),
            "type": type_,
            **dict(zip(("x", "y", "width", "height"), place, strict=True)),
            "angle": 0,
            "strokeColor": INK,
            "backgroundColor": _CLEAR,
            "fillStyle": "solid",
            "strokeWidth": 2,
            "strokeStyle": "solid",
            "roughness": 0,
            "opacity": 100,
            "groupIds": list(groups),
            "frameId": None,
            "roundness": None,
            "seed": self._make_number(f"seed {unique}"),
            "version": 1,
            "versionNonce": self._make_number(f"nonce {unique}"),
            "isDeleted": False,
            "boundElements": [],
            "updated": 1,
            "link": None,
            "locked": False,
            **fields,
        }
        if part is not None:
            element["customData"] = {"kbgen": _describe(part)}
        self._elements.append(element)
        return element

    def _list_groups(self, node: str) -> list[str]:
        """IDs of the Excalidraw groups that a node is in, innermost first; its own if it holds others or is a lane."""
        if self._diagram.form == "sequence":
            return [self._make_id(f"group {node}")]
        holders = [node] if node in self._layout.groups else []
        while above := self._parents.get(node, ""):
            holders.append(above)
            node = above
        return [self._make_id(f"group {holder}") for holder in holders]

    def _list_common_groups(self, link: _Link) -> list[str]:
        """An arrow moves with a group when both its ends do."""
        target = self._list_groups(link.target)
        return [group for group in self._list_groups(link.source) if group in target]

    def _make_id(self, name: str) -> str:
        return self._hash(name)[:20]

    def _make_number(self, name: str) -> int:
        """1 to 2³¹ - 1."""
        return int(self._hash(name)[:12], 16) % (2**31 - 1) + 1

    def _hash(self, name: str) -> str:
        # Any text is a name, a lone surrogate too.
        text = f"{self._diagram.name}\0{name}".encode(errors="backslashreplace")
        return hashlib.sha1(text, usedforsecurity=False).hexdigest()


def _leave_lifeline(end: tuple[int, int], neighbour: tuple[int, int]) -> tuple[int, int]:
    """From the middle of the lane to the edge of its bar."""
    half = _LIFELINE_WIDTH // 2
    return end[0] + (half if neighbour[0] >= end[0] else -half), end[1]


def _bind(anchor: tuple[Element, Box], adjacent: Point, end: Point) -> Element:
    box, place = anchor
    return {"elementId": box["id"], "focus": find_focus(place, adjacent, end), "gap": find_gap(place, end)}


# ---------------------------------------------------------------------------------------- looks


def _style_box(paint: Paint) -> Element:
    return {
        "strokeColor": paint.stroke,
        "backgroundColor": paint.fill,
        "strokeStyle": "dashed" if paint.dashed else "solid",
        "roundness": {"type": 3},
    }


def _style_line(link: _Link) -> Element:
    sign = find_sign(link)
    head = None if link.kind == "member" else "arrow" if link.kind in _SOFT_KINDS else "triangle"
    return {
        "strokeColor": {"dead": DEAD, "broken": BROKEN}.get(sign, LINE),
        "strokeStyle": "dashed" if sign != "live" else "dotted" if link.kind == "return" else "solid",
        "startArrowhead": None,
        "endArrowhead": head,
    }


def _name_link(link: _Link) -> str:
    return "\0".join((link.source, link.kind, link.target, link.label))


def _describe(part: _Part) -> Element:
    """What the file keeps of a part beside its looks, for programs and for whoever wonders where it comes from."""
    ends = {"id": part.id} if isinstance(part, DiagramNode) else {"from": part.source, "to": part.target}
    said = {**ends, "kind": part.kind, "state": part.state, **({"why": part.why} if part.why else {})}
    evidence = dict.fromkeys(clean_text(_name_evidence(each)) for each in part.evidence)
    return {**{key: clean_text(text) for key, text in said.items()}, "evidence": list(evidence)}


def _name_evidence(evidence: Evidence) -> str:
    return "#".join(part for part in (evidence.path, evidence.symbol) if part) or evidence.commit
