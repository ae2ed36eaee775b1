"""Which words stand in a drawing? The same in every format: labels of nodes, edges and messages, and the small print.

A dead or guessed part has the reason for it in the small print, under a number that its label shows: ``GET /x [2]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kbgen.diagrams.outline import NOTES, Sign, find_outline, find_sign
from kbgen.diagrams.text import clean_text, shorten_text
from kbgen.model import Diagram, DiagramEdge, DiagramMessage, DiagramNode

_MAX_REASONS = 9
_MAX_LABEL = 84
_MAX_DETAIL = 60
_MAX_DETAILS = 3

_SIGNS: Mapping[Sign, str] = {
    "dead": "grey, dashed: defined, but nothing reaches it",
    "guess": "dashed: the code suggests it, not certain",
    "broken": "red, dashed: called, but nothing answers",
}
_SEQUENCE_SIGNS: Mapping[Sign, str] = {
    "dead": "dead: in the code, but nothing reaches it",
    "guess": "guess: the code suggests it, not certain",
    "broken": "broken: called, but nothing answers",
}
_KINDS: Mapping[str, str] = {"mcp-client": "MCP client", "mcp-server": "MCP server"}
_WORDLESS = ("in-process", "member")
"""Kinds of edges that need no word when the edge has no label."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a drawing says beside its labels."""

    signs: tuple[tuple[Sign, str], ...]
    """What a dashed, grey or red part means; only signs that the drawing has."""
    reasons: tuple[str, ...]
    """Of dead and guessed parts; their number is their place, from 1."""
    unnumbered: int
    """Further reasons, left out."""
    folded: tuple[str, ...]

    def list_lines(self) -> tuple[str, ...]:
        """The small print, a line each, signs first."""
        more = (f"{self.unnumbered} further reasons left out",) if self.unnumbered else ()
        signs = tuple(text for _, text in self.signs)
        reasons = tuple(f"[{number}] {reason}" for number, reason in enumerate(self.reasons, 1))
        return (*signs, *reasons, *more, *self.folded)

    def find_mark(self, part: DiagramNode | DiagramEdge | DiagramMessage) -> str:
        """`` [2]`` where the small print has the part's reason."""
        reason = _find_reason(part)
        return f" [{self.reasons.index(reason) + 1}]" if reason in self.reasons else ""


def find_words(diagram: Diagram) -> Words:
    if diagram.form == "sequence":
        parts: list[DiagramNode | DiagramEdge | DiagramMessage] = list(diagram.messages)
        texts = _SEQUENCE_SIGNS
    else:
        parts = [*diagram.nodes, *(diagram.edges[place] for place in find_outline(diagram).lines)]
        texts = _SIGNS
    used = {find_sign(part) for part in parts}
    reasons = tuple(dict.fromkeys(reason for part in parts if (reason := _find_reason(part))))
    return Words(
        signs=tuple((sign, text) for sign, text in texts.items() if sign in used),
        reasons=reasons[:_MAX_REASONS],
        unnumbered=len(reasons[_MAX_REASONS:]),
        folded=tuple(shorten_text(sentence, 2 * _MAX_LABEL) for sentence in diagram.folded),
    )


def say_title(node: DiagramNode, words: Words) -> str:
    return (shorten_text(node.label, _MAX_LABEL) or shorten_text(node.id, _MAX_LABEL) or "?") + words.find_mark(node)


def say_kind(node: DiagramNode) -> str:
    return _KINDS.get(node.kind, clean_text(node.kind))


def say_details(node: DiagramNode) -> tuple[str, ...]:
    return tuple(shorten_text(detail, _MAX_DETAIL) for detail in node.details[:_MAX_DETAILS])


def say_edge(edge: DiagramEdge, words: Words) -> str:
    label = edge.label or ("" if edge.kind in _WORDLESS else edge.kind)
    return (shorten_text(label, _MAX_LABEL) + words.find_mark(edge)).strip()


def say_message(message: DiagramMessage, words: Words) -> str:
    """With the word ``guess`` or ``dead`` in front, for an arrow of a sequence cannot be grey in every format."""
    label = shorten_text(message.label, _MAX_LABEL)
    sign = find_sign(message)
    mark = words.find_mark(message)
    return label if sign == "live" or message.kind in NOTES else f"{sign}: {label}{mark}"


def _find_reason(part: DiagramNode | DiagramEdge | DiagramMessage) -> str:
    return shorten_text(part.why, 2 * _MAX_LABEL) if find_sign(part) != "live" else ""
