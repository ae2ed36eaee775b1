"""Which colours? Pale fills with dark text, told apart by people who see no red or no green, on light and dark pages.

Kinds that do similar work share a fill; shape and the kind's name tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kbgen.diagrams.outline import find_sign
from kbgen.model import DiagramMessage, DiagramNode

INK = "#1f2328"
LINE = "#6a737d"
"""Arrows and small print: readable on white and on near black."""
PAPER = "#ffffff"
VEIL = "#ffffffd8"
GROUP = "#f6f8fa"
DEAD = "#8a8f96"
BROKEN = "#c8321f"
_FAINT = "#57606a"


@dataclass(frozen=True, slots=True)
class Paint:
    name: str
    fill: str
    stroke: str
    text: str = INK
    faint: str = _FAINT
    dashed: bool = False


PAINTS: tuple[Paint, ...] = (
    Paint("screen", "#dceaf7", "#3a6ea5"),
    Paint("service", "#fdf0cd", "#9a7300"),
    Paint("gateway", "#fbe0cf", "#ad5a1e"),
    Paint("agent", "#e7e0f3", "#6d4f9e"),
    Paint("registry", "#d9f0ec", "#2b7d73"),
    Paint("store", "#dfe6ee", "#46586b"),
    Paint("tool", "#f5e1ec", "#9a4571"),
    Paint("outside", "#eeeeee", "#6b6b6b"),
)
_BY_NAME: Mapping[str, Paint] = {paint.name: paint for paint in PAINTS}
_KINDS: Mapping[str, str] = {
    "frontend": "screen",
    "component": "screen",
    "hook": "screen",
    "person": "screen",
    "service": "service",
    "endpoint": "service",
    "module": "service",
    "function": "service",
    "gateway": "gateway",
    "router": "gateway",
    "agent": "agent",
    "team": "agent",
    "registry": "registry",
    "discovery": "registry",
    "client": "registry",
    "mcp-client": "registry",
    "store": "store",
    "mcp-server": "tool",
    "observability": "tool",
}
DEAD_PAINT = Paint("dead", "#f3f3f3", DEAD, "#63686e", "#63686e", dashed=True)
_NOTE = Paint("note", "#fff8c5", "#9a7300")


def find_paint(part: DiagramNode | DiagramMessage) -> Paint:
    if isinstance(part, DiagramMessage):
        return _NOTE
    sign = find_sign(part)
    if sign == "dead":
        return DEAD_PAINT
    paint = _BY_NAME[_KINDS.get(part.kind, "outside")]
    if sign == "live":
        return paint
    stroke = BROKEN if sign == "broken" else paint.stroke
    return Paint(paint.name, paint.fill, stroke, paint.text, paint.faint, dashed=True)
