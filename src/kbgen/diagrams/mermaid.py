"""A diagram as Mermaid text, which GitHub draws: a flowchart for a graph, a sequenceDiagram for a sequence.

No text of a label is read as Mermaid, Markdown or HTML: what could be is written as a character reference. IDs are ours
(``n_`` a node, ``g_`` a subgraph), so that none is a keyword and none stands for two things. Syntax:
https://mermaid.js.org/syntax/flowchart.html, https://mermaid.js.org/syntax/sequenceDiagram.html
"""

from __future__ import annotations

from collections.abc import Mapping

from kbgen.diagrams.outline import (
    NOTES,
    Outline,
    Sign,
    choose_direction,
    find_outline,
    find_sign,
    list_lanes,
    name_nodes,
)
from kbgen.diagrams.paint import BROKEN, DEAD, LINE, find_paint
from kbgen.diagrams.text import shorten_text, wrap_text
from kbgen.diagrams.words import Words, find_words, say_details, say_edge, say_kind, say_message, say_title
from kbgen.model import Diagram, DiagramMessage, DiagramNode
from kbgen.patterns import lazy

MAX_TEXT = 50_000
"""Characters that Mermaid draws at most; its ``maxTextSize``."""
MAX_EDGES = 500
"""Its ``maxEdges``."""

_LABEL_WIDTH = 150.0
"""About 28 characters at the size below."""
_LABEL_SIZE = 10.0
_NOTE_WIDTH = 290.0
_ACTOR_LENGTH = 28
_CONFIG = ("---", "config:", "  flowchart:", "    wrappingWidth: 480", "---")
"""Labels come wrapped; Mermaid would break the longer lines of the small print again."""
_PITCH = (210.0, 100.0)
"""What Mermaid's layout takes for a node, with the space around it."""

_SHAPES: Mapping[str, tuple[str, str]] = {
    "service": ("[[", "]]"),
    "mcp-server": ("[[", "]]"),
    "gateway": ("{{", "}}"),
    "router": ("{{", "}}"),
    "store": ("[(", ")]"),
    "agent": ("(", ")"),
    "team": ("(", ")"),
    "client": ("(", ")"),
    "mcp-client": ("(", ")"),
    "component": ("(", ")"),
    "hook": ("(", ")"),
    "person": ("([", "])"),
}
_ARROWS: Mapping[str, str] = {"return": "-->>", "event": "-)"}
_SIGN_ARROWS: Mapping[Sign, str] = {"guess": "-->>", "dead": "--x", "broken": "--x"}


def make_mermaid(diagram: Diagram) -> str:
    """Mermaid source without fences, ending in a newline. Same diagram, same bytes."""
    return _make_sequence(diagram) if diagram.form == "sequence" else _make_flowchart(diagram)


# --------------------------------------------------------------------------------------- flowcharts


def _make_flowchart(diagram: Diagram) -> str:
    words = find_words(diagram)
    outline = find_outline(diagram)
    lines = [f"flowchart {choose_direction(diagram, outline, _PITCH)}", *_title_lines(diagram)]
    for node in outline.roots:
        lines += _draw_tree(node, outline, words, "  ")
    for place in outline.lines:
        edge = diagram.edges[place]
        label = _wrap(say_edge(edge, words))
        arrow = "-->" if find_sign(edge) == "live" else "-.->"
        text = f'|"{label}"|' if label else ""
        lines.append(f"  n_{outline.names[edge.source]} {arrow}{text} n_{outline.names[edge.target]}")
    small_print = words.list_lines()
    if small_print:
        text = "<br/>".join(_wrap(line, _NOTE_WIDTH) for line in small_print)
        lines.append(f'  legend["{text}"]')
        below = next((line for line in reversed(outline.lines)), None)
        if below is not None:
            lines.append(f"  n_{outline.names[diagram.edges[below].target]} ~~~ legend")
    lines = [*_CONFIG, *map(_guard, lines)]
    lines += _paint_nodes(diagram, outline) + _paint_groups(diagram, outline) + _paint_edges(diagram, outline)
    if small_print:
        lines.append(f"  style legend fill:none,stroke:none,color:{LINE},text-align:left")
    return "\n".join([*lines, ""])


def _title_lines(diagram: Diagram) -> list[str]:
    """For screen readers; people read the title above the drawing."""
    title = _escape(shorten_text(diagram.title, 100))
    return [f"  accTitle: {title}"] if title else []


def _draw_tree(node: DiagramNode, outline: Outline, words: Words, indent: str) -> list[str]:
    name = outline.names[node.id]
    members = outline.members.get(node.id, ())
    if not members:
        return [f"{indent}n_{name}{_draw_box(node, words)}"]
    lines = [f'{indent}subgraph g_{name}["{_wrap(say_title(node, words), _NOTE_WIDTH)}"]']
    if node.id in outline.boxed:
        lines.append(f"{indent}  n_{name}{_draw_box(node, words)}")
    for member in members:
        lines += _draw_tree(member, outline, words, indent + "  ")
    return [*lines, f"{indent}end"]


def _draw_box(node: DiagramNode, words: Words) -> str:
    before, after = _SHAPES.get(node.kind, ("[", "]"))
    texts = [f"<b>{_wrap(say_title(node, words))}</b>", f"<i>{_wrap(say_kind(node))}</i>" if node.kind else ""]
    texts += [_wrap(detail) for detail in say_details(node)]
    return f'{before}"{"<br/>".join(text for text in texts if text)}"{after}'


def _paint_nodes(diagram: Diagram, outline: Outline) -> list[str]:
    """Fill, line and text colours all said, so that a box looks the same on a dark page."""
    looks: dict[str, str] = {}
    painted: dict[str, list[str]] = {}
    for node in diagram.nodes:
        if node.id not in outline.boxed:
            continue
        paint = find_paint(node)
        look = f"{paint.name}_{node.state}" if paint.dashed else paint.name
        dash = ",stroke-dasharray:5 4" if paint.dashed else ""
        looks[look] = f"fill:{paint.fill},stroke:{paint.stroke},color:{paint.text}{dash}"
        painted.setdefault(look, []).append("n_" + outline.names[node.id])
    lines = [f"  classDef {look} {looks[look]}" for look in sorted(looks)]
    return lines + [f"  class {','.join(painted[look])} {look}" for look in sorted(looks)]


def _paint_groups(diagram: Diagram, outline: Outline) -> list[str]:
    """Hardly any fill, and the title in the page's own colour: right on a light page and on a dark one."""
    groups = [node for node in diagram.nodes if node.id in outline.members]
    return [
        f"  style g_{outline.names[node.id]} fill:{DEAD},fill-opacity:0.08,stroke:{find_paint(node).stroke}"
        for node in groups
    ]


def _paint_edges(diagram: Diagram, outline: Outline) -> list[str]:
    numbers: dict[Sign, list[str]] = {}
    for number, place in enumerate(outline.lines):
        numbers.setdefault(find_sign(diagram.edges[place]), []).append(str(number))
    lines = [f"  linkStyle default stroke:{LINE}"] if outline.lines else []
    colors: Mapping[Sign, str] = {"dead": DEAD, "broken": BROKEN}
    for sign, color in colors.items():
        if sign in numbers:
            lines.append(f"  linkStyle {','.join(numbers[sign])} stroke:{color},stroke-dasharray:5 4")
    return lines


# ---------------------------------------------------------------------------------------- sequences


def _make_sequence(diagram: Diagram) -> str:
    words = find_words(diagram)
    lanes = list_lanes(diagram)
    names = {node: "n_" + name for node, name in name_nodes(diagram.nodes).items()}
    known = {lane.id for lane in lanes}
    lines = ["sequenceDiagram", *_title_lines(diagram)]
    for lane in lanes:
        who = "actor" if lane.kind == "person" else "participant"
        if who == "actor":  # a second line would stand in the figure
            text = _escape(shorten_text(say_title(lane, words), _ACTOR_LENGTH))
        else:
            text = "<br/>".join(_wrap(part) for part in (say_title(lane, words), *say_details(lane)[:1]))
        lines.append(f"  {who} {names[lane.id]} as {text or _BLANK}")
    for message in diagram.messages:
        if message.source in known and message.target in known:
            lines.append("  " + _draw_message(message, names, words))
    small_print = words.list_lines()
    if small_print and lanes:
        ends = ",".join(dict.fromkeys([names[lanes[0].id], names[lanes[-1].id]]))
        text = "<br/>".join(_wrap(line, _NOTE_WIDTH) for line in small_print)
        lines.append(f"  Note over {ends}: {text}")
    return "\n".join([*map(_guard, lines), ""])


def _draw_message(message: DiagramMessage, names: Mapping[str, str], words: Words) -> str:
    source, target = names[message.source], names[message.target]
    text = _wrap(say_message(message, words)) or _BLANK
    if message.kind in NOTES:
        return f"Note over {','.join(dict.fromkeys([source, target]))}: {text}"
    arrow = _SIGN_ARROWS.get(find_sign(message)) or _ARROWS.get(message.kind, "->>")
    return f"{source}{arrow}{target}: {text}"


# ------------------------------------------------------------------------------------------- common

_BLANK = "#8203;"
"""A space of no width: a message must have a text."""
_SPECIAL = lazy(r"[\"#<>;`\\*~|]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)|(?<=%)%|%(?=\{)|(?<=wrap):")
_JOINED = lazy(r"(?<=\$)(?=\$)|(?<=\bfa:)|(?<=\bfa[bklrs]:)")
"""Formulas and icons are looked for when references are text again: a space of no width parts their signs."""
_LIST = lazy(r"^(?:(\d+)([.)])|([-+]))(?=\s|$)")
_STYLE = lazy(r"(?:style|classDef).*:\S*#.*;")
"""Mermaid takes the last ``;`` away from a line that looks like this, whatever it is."""
_COLON = lazy(r":(?=\S*#)")


def _wrap(text: str, width: float = _LABEL_WIDTH) -> str:
    lines = wrap_text(text, width, _LABEL_SIZE).split("\n")
    return "<br/>".join(_escape(line) for line in lines)


def _guard(line: str) -> str:
    return _COLON.sub(f"#{ord(':')};", line) if _STYLE.search(line) else line


def _escape(text: str) -> str:
    """Mermaid's own character references (``#59;``) for what it would read as more than text."""
    escaped = _JOINED.sub(_BLANK, _SPECIAL.sub(lambda match: f"#{ord(match[0])};", text))
    return _LIST.sub(lambda match: f"{match[1] or ''}#{ord(match[2] or match[3])};", escaped)
