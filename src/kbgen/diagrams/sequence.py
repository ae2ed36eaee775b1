"""Where does each part of a sequence stand? Lanes from left to right, messages downward, no text on another.

The heads of the lanes are as wide as their text, lanes as far apart as the labels between them need, and rows as high
as their wrapped label. A label stands above its arrow; that of a call inside one lane stands right of its loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kbgen.diagrams.layout import LABEL_SIZE, Box, Layout, Point
from kbgen.diagrams.outline import NOTES, list_lanes
from kbgen.diagrams.text import measure_height, measure_text, wrap_text
from kbgen.diagrams.words import Words, find_words, say_details, say_kind, say_message, say_title
from kbgen.model import Diagram, DiagramMessage, DiagramNode

TITLE_SIZE = 15.0
HEAD_SIZE = 11.0
DETAIL_SIZE = 8.5
CAPTION_SIZE = 9.5

_MARGIN = 18.0
_LANE_GAP = 22.0
_HEAD_WIDTHS = (84.0, 136.0)
"""Narrowest and widest head of a lane."""
_LABEL_WIDTHS = (176.0, 132.0)
"""Where labels of arrows between neighbours wrap: with few lanes, with many."""
_FEW_LANES = 5
_LONG_LABEL_WIDTH = 320.0
"""A label may be this wide where its arrow is long enough."""
_NOTE_WIDTH = 180.0
_MAX_LINES = 5
_PAD = 7.0
_ABOVE_ARROW = 4.0
_ROW_GAP = 12.0
_LOOP_WIDTH = 24.0
_LOOP_HEIGHT = 14.0
_CAPTION_WIDTH = 420.0
"""Captions may be this wide even where the lanes are not."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands in the head of a lane, wrapped."""

    title: str
    details: str


@dataclass(frozen=True, slots=True)
class SequencePlan:
    """The places of a sequence, and its texts as wrapped for them."""

    lanes: tuple[DiagramNode, ...]
    heads: tuple[Head, ...]
    labels: tuple[str, ...]
    """In the order of messages."""
    layout: Layout


def layout_sequence(diagram: Diagram) -> Layout:
    return plan_sequence(diagram).layout


def plan_sequence(diagram: Diagram) -> SequencePlan:
    words = find_words(diagram)
    lanes = list_lanes(diagram)
    heads = tuple(_wrap_head(lane, words) for lane in lanes)
    widths = [_measure_head(head) for head in heads]
    head_height = max((_measure_head_height(head) for head in heads), default=0.0)
    place_of = {lane.id: place for place, lane in enumerate(lanes)}
    texts = [(message, say_message(message, words)) for message in diagram.messages]
    usual = _LABEL_WIDTHS[len(lanes) > _FEW_LANES]
    centers = _place_lanes(texts, place_of, widths, usual)
    rows = _Rows(centers, place_of, usual)
    for message, text in texts:
        rows.add(message, text)
    return _put_together(diagram, words, lanes, heads, widths, head_height, centers, rows)


def _wrap_head(lane: DiagramNode, words: Words) -> Head:
    width = _HEAD_WIDTHS[1] - 2 * _PAD
    details = "\n".join(text for text in (say_kind(lane), *say_details(lane)) if text)
    return Head(
        wrap_text(say_title(lane, words), width, HEAD_SIZE, 3, bold=True), wrap_text(details, width, DETAIL_SIZE, 4)
    )


def _measure_head(head: Head) -> float:
    text = max(measure_text(head.title, HEAD_SIZE, bold=True), measure_text(head.details, DETAIL_SIZE))
    return max(text + 2 * _PAD, _HEAD_WIDTHS[0])


def _measure_head_height(head: Head) -> float:
    details = measure_height(head.details, DETAIL_SIZE) if head.details else 0.0
    return measure_height(head.title, HEAD_SIZE) + details + 2 * _PAD


def _place_lanes(
    texts: Sequence[tuple[DiagramMessage, str]], place_of: Mapping[str, int], widths: Sequence[float], usual: float
) -> list[float]:
    """Middle of each lane, the first head's left edge at 0."""
    gaps = [(one + other) / 2 + _LANE_GAP for one, other in pairwise(widths)]
    needs: list[tuple[int, int, float]] = []
    for message, text in texts:
        if message.source not in place_of or message.target not in place_of:
            continue
        first, last = sorted((place_of[message.source], place_of[message.target]))
        if message.kind in NOTES:
            continue
        need = measure_text(wrap_text(text, usual, LABEL_SIZE, _MAX_LINES), LABEL_SIZE) + 2 * _PAD
        if first == last and last < len(gaps):
            needs.append((first, first + 1, need + _LOOP_WIDTH + _PAD))
        elif first != last:
            needs.append((first, last, need + 2 * _PAD))
    for first, last, need in sorted(needs, key=lambda need: (need[1] - need[0], need)):
        missing = need - sum(gaps[first:last])
        if missing > 0:
            for place in range(first, last):
                gaps[place] += missing / (last - first)
    centers = [widths[0] / 2] if widths else []
    for gap in gaps:
        centers.append(centers[-1] + gap)
    return centers


class _Rows:
    """Messages one below the other, from y = 0 on."""

    def __init__(self, centers: Sequence[float], place_of: Mapping[str, int], usual: float) -> None:
        self._centers = centers
        self._place_of = place_of
        self._usual = usual
        self.bottom = 0.0
        self.texts: list[str] = []
        self.lines: list[tuple[Point, ...]] = []
        self.labels: list[Box | None] = []

    def add(self, message: DiagramMessage, text: str) -> None:
        ends = (self._place_of.get(message.source), self._place_of.get(message.target))
        if ends[0] is None or ends[1] is None:
            self._keep("", (), None)
        elif message.kind in NOTES:
            self._add_note(self._centers[min(ends[0], ends[1])], self._centers[max(ends[0], ends[1])], text)
        elif ends[0] == ends[1]:
            self._add_loop(self._centers[ends[0]], text)
        else:
            self._add_arrow(self._centers[ends[0]], self._centers[ends[1]], text)

    def _add_arrow(self, start: float, end: float, text: str) -> None:
        width = max(self._usual, min(abs(end - start) - 4 * _PAD, _LONG_LABEL_WIDTH))
        wrapped = wrap_text(text, width, LABEL_SIZE, _MAX_LINES)
        height = measure_height(wrapped, LABEL_SIZE) if wrapped else 0.0
        width = measure_text(wrapped, LABEL_SIZE) + 4
        label = Box((start + end - width) / 2, self.bottom, width, height) if wrapped else None
        y = self.bottom + height + _ABOVE_ARROW
        self._keep(wrapped, ((start, y), (end, y)), label)
        self.bottom = y + _ROW_GAP

    def _add_loop(self, center: float, text: str) -> None:
        wrapped = wrap_text(text, self._usual, LABEL_SIZE, _MAX_LINES)
        height = measure_height(wrapped, LABEL_SIZE) if wrapped else 0.0
        right = center + _LOOP_WIDTH
        label = Box(right + _PAD, self.bottom, measure_text(wrapped, LABEL_SIZE) + 4, height) if wrapped else None
        middle = self.bottom + max(height, _LOOP_HEIGHT) / 2
        top, low = middle - _LOOP_HEIGHT / 2, middle + _LOOP_HEIGHT / 2
        self._keep(wrapped, ((center, top), (right, top), (right, low), (center, low)), label)
        self.bottom += max(height, _LOOP_HEIGHT) + _ROW_GAP

    def _add_note(self, left: float, right: float, text: str) -> None:
        wrapped = wrap_text(text, max(_NOTE_WIDTH, right - left) - 2 * _PAD, LABEL_SIZE, _MAX_LINES)
        width = max(measure_text(wrapped, LABEL_SIZE) + 2 * _PAD, right - left + 2 * _PAD)
        height = measure_height(wrapped, LABEL_SIZE) + _PAD
        self._keep(wrapped, (), Box((left + right - width) / 2, self.bottom, width, height))
        self.bottom += height + _ROW_GAP

    def _keep(self, text: str, line: tuple[Point, ...], label: Box | None) -> None:
        self.texts.append(text)
        self.lines.append(line)
        self.labels.append(label)


def _put_together(
    diagram: Diagram,
    words: Words,
    lanes: Sequence[DiagramNode],
    heads: tuple[Head, ...],
    widths: Sequence[float],
    head_height: float,
    centers: Sequence[float],
    rows: _Rows,
) -> SequencePlan:
    """Move everything right and down so that it begins at the margin, below the title, and add the captions."""
    drawn = [box for box in rows.labels if box is not None]
    left = min([0.0, *(box.x for box in drawn)])
    right = max(
        [
            0.0,
            *(center + width / 2 for center, width in zip(centers, widths, strict=True)),
            *(center + _LOOP_WIDTH for center in centers),
            *(box.x + box.width for box in drawn),
        ]
    )
    caption_width = max(right - left, _CAPTION_WIDTH)
    captions: list[tuple[str, Box]] = []
    y = _MARGIN
    for text in [diagram.title] if diagram.title else []:
        wrapped = wrap_text(text, caption_width, TITLE_SIZE, 2, bold=True)
        size = (measure_text(wrapped, TITLE_SIZE, bold=True), measure_height(wrapped, TITLE_SIZE))
        captions.append((wrapped, Box(_MARGIN, y, *size)))
        y += size[1] + _ROW_GAP
    shift = _MARGIN - left
    first_row = y + head_height + _ROW_GAP
    lifeline_end = first_row + rows.bottom
    boxes = {
        lane.id: Box(center - width / 2 + shift, y, width, head_height)
        for lane, center, width in zip(lanes, centers, widths, strict=True)
    }
    y = lifeline_end + _ROW_GAP
    for text in words.list_lines():
        wrapped = wrap_text(text, caption_width, CAPTION_SIZE, 3)
        size = (measure_text(wrapped, CAPTION_SIZE), measure_height(wrapped, CAPTION_SIZE))
        captions.append((wrapped, Box(_MARGIN, y, *size)))
        y += size[1]
    layout = Layout(
        width=max([right - left, *(box.width for _, box in captions)]) + 2 * _MARGIN,
        height=y + _MARGIN,
        boxes=boxes,
        groups={},
        lines=tuple(tuple((x + shift, line_y + first_row) for x, line_y in line) for line in rows.lines),
        labels=tuple(box and Box(box.x + shift, box.y + first_row, box.width, box.height) for box in rows.labels),
        lifeline_end=lifeline_end,
        captions=tuple(captions),
    )
    return SequencePlan(tuple(lanes), heads, tuple(rows.texts), layout)
