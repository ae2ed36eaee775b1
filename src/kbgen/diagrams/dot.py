"""A diagram as DOT text for Graphviz: a graph for ``dot`` to lay out, a sequence with pinned places for ``neato -n2``.

A -> B means that A calls, mounts, reads or writes B. A node that holds others is a cluster; when an edge touches it, it
also has a box inside that cluster, for edges end at boxes. Format: https://graphviz.org/doc/info/lang.html

Clusters are ranked one by one, which keeps them compact; ``newrank``, which copes with more cycles, is left to whoever
runs Graphviz.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

from kbgen.diagrams.layout import LABEL_SIZE, Box, Layout
from kbgen.diagrams.outline import NOTES, Outline, Sign, choose_direction, find_outline, find_sign
from kbgen.diagrams.paint import BROKEN, DEAD, GROUP, INK, LINE, PAPER, VEIL, find_paint
from kbgen.diagrams.sequence import CAPTION_SIZE, DETAIL_SIZE, HEAD_SIZE, TITLE_SIZE, SequencePlan, plan_sequence
from kbgen.diagrams.text import clean_text, measure_text, wrap_text
from kbgen.diagrams.words import Words, find_words, say_details, say_edge, say_kind, say_title
from kbgen.model import Diagram, DiagramEdge, DiagramNode

FONT = "Helvetica"
"""A name that Graphviz knows the widths of, whatever is installed; in SVG it adds ``sans-Serif`` behind it."""

_NODE_TITLE_SIZE = 11.0
_NODE_DETAIL_SIZE = 8.5
_KIND_SIZE = 7.5
_TITLE_WIDTH = 150.0
_EDGE_LABEL_SIZE = 9.0
_EDGE_LABEL_WIDTH = 120.0
_CAPTION_WIDTH = 560.0
_PITCH = (185.0, 62.0)
"""About what a node takes with the space around it, in points."""

_SHAPES: Mapping[str, str] = {
    "frontend": "tab",
    "service": "component",
    "gateway": "hexagon",
    "router": "hexagon",
    "registry": "note",
    "discovery": "note",
    "store": "cylinder",
    "mcp-server": "component",
    "external": "box3d",
    "person": "oval",
}
_WIDE_SHAPES = ("hexagon", "oval")
"""They stand far off their text without a margin."""
_ROUNDED = ("agent", "team", "component", "hook", "client", "mcp-client")
_SOFT_EDGES = ("event", "queue", "websocket", "telemetry")
"""Nobody waits for an answer: an open arrow head."""


def make_dot(diagram: Diagram) -> str:
    """DOT source. Same diagram, same bytes."""
    if diagram.form == "sequence":
        return _make_sequence(diagram, plan_sequence(diagram))
    return _make_graph(diagram)


# ------------------------------------------------------------------------------------------- graphs


def _make_graph(diagram: Diagram) -> str:
    words = find_words(diagram)
    outline = find_outline(diagram)
    lines = [f"digraph {_quote(diagram.title)} {{"]
    lines += _set_defaults(choose_direction(diagram, outline, _PITCH))
    lines.append(f"  graph [label={_caption_html(words)}, labelloc=b, labeljust=l];")
    if diagram.title:
        title = wrap_text(diagram.title, _CAPTION_WIDTH, TITLE_SIZE, 2, bold=True).split("\n")
        label = _stack_left([f"<B>{_font(line, TITLE_SIZE, INK)}</B>" for line in title])
        lines += ["  subgraph cluster_ {", f"    graph [label={label}, labelloc=t, labeljust=l, penwidth=0];"]
    for node in outline.roots:
        lines += _draw_tree(node, outline, words, "    ")
    if diagram.title:
        lines.append("  }")
    for place in outline.lines:
        lines.append("  " + _draw_edge(diagram.edges[place], f"e_{place}", outline.names, words))
    return "\n".join([*lines, "}", ""])


def _set_defaults(direction: str) -> list[str]:
    return [
        f"  graph [rankdir={direction}, nodesep=0.28, ranksep=0.55, pad=0.2, margin=0, "
        f'bgcolor="{PAPER}", fontname="{FONT}", fontcolor="{INK}", outputorder=edgesfirst];',
        f'  node [fontname="{FONT}", fontsize={_NODE_TITLE_SIZE:g}, fontcolor="{INK}", style=filled, '
        'margin="0.12,0.07", height=0.3];',
        f'  edge [fontname="{FONT}", fontsize={_EDGE_LABEL_SIZE:g}, fontcolor="{INK}", color="{LINE}", arrowsize=0.7];',
    ]


def _draw_tree(node: DiagramNode, outline: Outline, words: Words, indent: str) -> list[str]:
    members = outline.members.get(node.id, ())
    if not members:
        return [indent + _draw_node(node, outline, words)]
    name = outline.names[node.id]
    paint = find_paint(node)
    parts = [f"<B>{_font(line, _NODE_TITLE_SIZE, paint.text)}</B>" for line in _wrap_title(node, words, 1.5)]
    if node.id not in outline.boxed:
        parts += [_font(detail, _NODE_DETAIL_SIZE, paint.text) for detail in say_details(node)]
    style = "rounded,filled,dashed" if paint.dashed else "rounded,filled"
    lines = [
        f"{indent}subgraph cluster_{name} {{",
        f"{indent}  graph [label={_stack_left(parts)}, labelloc=t, labeljust=l, margin=10, penwidth=1, "
        f'style="{style}", color="{paint.stroke}", fillcolor="{GROUP}"];',
    ]
    if node.id in outline.boxed:
        lines.append(f"{indent}  " + _draw_node(node, outline, words))
    for member in members:
        lines += _draw_tree(member, outline, words, indent + "  ")
    lines += _arrange_loose(node, members, outline, indent + "  ")
    return [*lines, f"{indent}}}"]


def _arrange_loose(holder: DiagramNode, members: Sequence[DiagramNode], outline: Outline, indent: str) -> list[str]:
    """Members that no line touches stand in rows, as a block; left alone, all would be piled up on the first rank."""
    loose = [
        "n_" + outline.names[node.id]
        for node in members
        if node.id not in outline.members and node.id not in outline.touched
    ]
    columns = max(1, round(math.sqrt(len(loose) / 3)))
    rows = [loose[place : place + columns] for place in range(0, len(loose), columns)]
    first = ["n_" + outline.names[holder.id]] if holder.id in outline.boxed else []
    chains = [[*first, *row] for row in rows]
    return [f"{indent}{' -> '.join(chain)} [style=invis];" for chain in chains if len(chain) > 1]


def _draw_node(node: DiagramNode, outline: Outline, words: Words) -> str:
    paint = find_paint(node)
    shape = _SHAPES.get(node.kind, "box")
    style = "filled" + (",rounded" if node.kind in _ROUNDED else "") + (",dashed" if paint.dashed else "")
    margin = ', margin="0.02,0.03"' if shape in _WIDE_SHAPES else ""
    return (
        f"n_{outline.names[node.id]} [label={_node_html(node, words, paint.text, paint.faint)}, shape={shape}{margin}, "
        f'style="{style}", fillcolor="{paint.fill}", color="{paint.stroke}"];'
    )


def _node_html(node: DiagramNode, words: Words, text: str, faint: str) -> str:
    details = wrap_text("\n".join(say_details(node)), _TITLE_WIDTH, _NODE_DETAIL_SIZE, 4)
    parts = [
        _font(say_kind(node), _KIND_SIZE, faint),
        *(f"<B>{_font(line, _NODE_TITLE_SIZE, text)}</B>" for line in _wrap_title(node, words, 1)),
        *(_font(line, _NODE_DETAIL_SIZE, text) for line in details.split("\n")),
    ]
    return f"<{'<BR/>'.join(part for part in parts if part)}>"


def _wrap_title(node: DiagramNode, words: Words, times: float) -> list[str]:
    title = say_title(node, words)
    return wrap_text(title, _TITLE_WIDTH * times, _NODE_TITLE_SIZE, 3, bold=True).split("\n")


def _draw_edge(edge: DiagramEdge, name: str, names: Mapping[str, str], words: Words) -> str:
    sign = find_sign(edge)
    label = _edge_html(say_edge(edge, words), {"dead": DEAD, "broken": BROKEN}.get(sign, INK))
    attributes = [f'id="{name}"', *([f"label={label}"] if label else []), *_EDGE_STYLES[sign]]
    if edge.kind in _SOFT_EDGES:
        attributes.append("arrowhead=vee")
    if edge.kind == "member":
        attributes.append("arrowhead=none")
    return f"n_{names[edge.source]} -> n_{names[edge.target]} [{', '.join(attributes)}];"


def _edge_html(text: str, color: str) -> str:
    """On a ground of its own, so that lines drawn before do not run through it."""
    if not text:
        return ""
    wrapped = wrap_text(text, _EDGE_LABEL_WIDTH, _EDGE_LABEL_SIZE, 3)
    lines = "<BR/>".join(_font(line, _EDGE_LABEL_SIZE, color) for line in wrapped.split("\n"))
    return f'<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="2" BGCOLOR="{VEIL}"><TR><TD>{lines}</TD></TR></TABLE>>'


_EDGE_STYLES: Mapping[Sign, tuple[str, ...]] = {
    "live": (),
    "guess": ("style=dashed",),
    "dead": ("style=dashed", f'color="{DEAD}"'),
    "broken": ("style=dashed", f'color="{BROKEN}"', "penwidth=1.4"),
}


def _caption_html(words: Words) -> str:
    """Legend, reasons and what was left out, lines at the left."""
    colors: Mapping[str, str] = {text: {"dead": DEAD, "broken": BROKEN}.get(sign, INK) for sign, text in words.signs}
    return _stack_left(
        [
            _font(line, CAPTION_SIZE, colors.get(text, LINE))
            for text in words.list_lines()
            for line in wrap_text(text, _CAPTION_WIDTH, CAPTION_SIZE, 3).split("\n")
        ]
    )


# ---------------------------------------------------------------------------------------- sequences


def _make_sequence(diagram: Diagram, plan: SequencePlan) -> str:
    layout = plan.layout
    pins = _Pins(layout)
    lines = [
        f"digraph {_quote(diagram.title)} {{",
        f'  graph [bgcolor="{PAPER}", pad=0, margin=0, splines=line, outputorder=edgesfirst];',
        f'  node [shape=plaintext, fontname="{FONT}", fontsize={LABEL_SIZE:g}, fontcolor="{INK}", style=filled, '
        f'fillcolor="{PAPER}", fixedsize=true, margin=0];',
        f'  edge [color="{LINE}", arrowsize=0.7];',
        *pins.pin_corners(),
    ]
    for number, lane in enumerate(plan.lanes):
        box = layout.boxes[lane.id]
        middle = box.x + box.width / 2
        down = ((middle, box.y + box.height), (middle, layout.lifeline_end))
        lines += pins.draw_line(f"lane_{number}", down, f'style=dashed, color="{DEAD}", arrowhead=none, penwidth=0.8')
    for place, message in enumerate(diagram.messages):
        style = [*_EDGE_STYLES[find_sign(message)]]
        if message.kind == "return" and not style:
            style.append("style=dashed")
        if message.kind == "event" or message.kind == "return":
            style.append("arrowhead=vee")
        lines += pins.draw_line(f"m_{place}", layout.lines[place], ", ".join(style))
    for number, (lane, head) in enumerate(zip(plan.lanes, plan.heads, strict=True)):
        paint = find_paint(lane)
        parts = [f"<B>{_font(line, HEAD_SIZE, paint.text)}</B>" for line in head.title.split("\n")]
        parts += [_font(line, DETAIL_SIZE, paint.text) for line in head.details.split("\n") if line]
        dashed = ",dashed" if paint.dashed else ""
        look = f'shape=box, style="filled,rounded{dashed}", fillcolor="{paint.fill}", color="{paint.stroke}"'
        lines.append(pins.draw_box(f"head_{number}", layout.boxes[lane.id], f"<{'<BR/>'.join(parts)}>", look))
    for place, message in enumerate(diagram.messages):
        label = layout.labels[place]
        if label is None:
            continue
        look = f'fontcolor="{BROKEN}"' if find_sign(message) == "broken" else ""
        if message.kind in NOTES:
            note = find_paint(message)
            look = f'shape=note, fillcolor="{note.fill}", color="{note.stroke}"'
        lines.append(pins.draw_box(f"label_{place}", label, _quote(plan.labels[place]), look))
    for number, (text, box) in enumerate(layout.captions):
        is_title = number == 0 and bool(diagram.title)
        size, font, color = (TITLE_SIZE, FONT + "-Bold", INK) if is_title else (CAPTION_SIZE, FONT, LINE)
        look = f'fontsize={size:g}, fontname="{font}", fontcolor="{color}"'
        lines.append(pins.draw_box(f"caption_{number}", box, _quote(text, at_left=True), look))
    return "\n".join([*lines, "}", ""])


class _Pins:
    """Nodes at fixed places; Graphviz counts y upward."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def pin_corners(self) -> list[str]:
        """Two invisible points, so that the drawing is as large as the layout says."""
        corners = ((0.0, 0.0), (self._layout.width, self._layout.height))
        return [self._pin_point(f"corner_{number}", x, y) for number, (x, y) in enumerate(corners)]

    def draw_line(self, name: str, points: Sequence[tuple[float, float]], style: str) -> list[str]:
        if not points:
            return []
        lines = [self._pin_point(f"{name}_{number}", x, y) for number, (x, y) in enumerate(points)]
        for number in range(len(points) - 1):
            is_last = number == len(points) - 2
            attributes = ", ".join(part for part in (style, "" if is_last else "arrowhead=none") if part)
            lines.append(f"  {name}_{number} -> {name}_{number + 1} [{attributes}];")
        return lines

    def draw_box(self, name: str, box: Box, label: str, look: str) -> str:
        x, y = box.x + box.width / 2, self._layout.height - box.y - box.height / 2
        size = f"width={box.width / 72:.3f}, height={box.height / 72:.3f}"
        return f'  {name} [pos="{x:.2f},{y:.2f}!", {size}, label={label}{", " if look else ""}{look}];'

    def _pin_point(self, name: str, x: float, y: float) -> str:
        place = f"{x:.2f},{self._layout.height - y:.2f}!"
        return f'  {name} [shape=point, style=invis, width=0.001, height=0.001, label="", pos="{place}"];'


# ------------------------------------------------------------------------------------------- common


def _font(text: str, size: float, color: str) -> str:
    if not text:
        return ""
    # \N and the like would be read as the node's name, as a reference too: a space of no width behind the backslash
    escaped = html.escape(_pad_wide(text)).replace("\\", "\\&#8203;")
    return f'<FONT POINT-SIZE="{size:g}" COLOR="{color}">{escaped}</FONT>'


def _stack_left(lines: Sequence[str]) -> str:
    return "<" + "".join(f'{line}<BR ALIGN="LEFT"/>' for line in lines) + ">" if lines else '""'


def _quote(text: str, at_left: bool = False) -> str:
    """A DOT string: no escape sequence and no HTML entity of the text itself is read as one."""
    escaped = clean_text(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    label = "".join(line + "\\l" for line in escaped.split("\n")) if at_left else escaped.replace("\n", "\\n")
    return f'"{label}"'


def _pad_wide(text: str) -> str:
    """Graphviz without fonts takes a byte outside ASCII to be as wide as a space: spaces behind it make up for that."""
    guessed = measure_text("".join(c if c.isascii() else " " * len(c.encode()) for c in text), 1000)
    missing = measure_text(text, 1000) - guessed
    return text + " " * max(0, round(missing / measure_text(" ", 1000)))
