"""How wide is a text, and where does it break? Both without a font file, so that every machine lays out alike.

Widths are those of Helvetica (Arimo, which graphviz-pure bundles, and Arial have the same), in thousandths of the
font's size; characters outside ASCII count by their East Asian width.
"""

from __future__ import annotations

import unicodedata

LINE_HEIGHT = 1.25
"""Of the font's size, from one baseline to the next."""

_WIDTHS = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
)  # fmt: skip
"""Of U+0020 to U+007E, from Adobe's Helvetica font metrics."""
_BOLD = 1.08
_BREAKS_AFTER = " /.-_:,)]}?&=|@"
_BREAKS_BEFORE = "([{"
_SPACE_WORTH = 0.3
"""A line ends at a space rather than at punctuation when that leaves it at least this full."""


def clean_text(text: str) -> str:
    """One line a line break, and nothing that a drawing cannot hold: no control characters, no lone surrogates."""
    lines = text.replace("\t", " ").splitlines()
    return "\n".join(
        "".join(c if _is_drawable(c) else "\N{REPLACEMENT CHARACTER}" for c in line).strip() for line in lines
    )


def measure_text(text: str, size: float, bold: bool = False) -> float:
    """Width in points of the widest line."""
    widest = max((sum(_measure_character(c) for c in line) for line in text.split("\n")), default=0)
    return widest * size / 1000 * (_BOLD if bold else 1)


def measure_height(text: str, size: float) -> float:
    return (text.count("\n") + 1) * size * LINE_HEIGHT


def wrap_text(text: str, width: float, size: float, max_lines: int = 0, bold: bool = False) -> str:
    """The text with line breaks so that no line is wider than `width` points, at a word or behind punctuation.

    With `max_lines`, what does not fit ends in an ellipsis.
    """
    width = width / _BOLD if bold else width
    lines = [line for part in clean_text(text).split("\n") for line in _wrap_line(part, width, size)]
    if max_lines and len(lines) > max_lines:
        lines = lines[:max_lines]
        last = lines[-1].rstrip()
        while last and measure_text(last + "…", size) > width:
            last = last[:-1]
        lines[-1] = last.rstrip() + "…"
    return "\n".join(lines)


def shorten_text(text: str, limit: int) -> str:
    """One line of at most `limit` characters."""
    flat = " ".join(clean_text(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def _wrap_line(text: str, width: float, size: float) -> list[str]:
    limit = width * 1000 / size
    lines: list[str] = []
    line, used = "", 0.0
    for character in text:
        advance = _measure_character(character)
        if used + advance > limit and line.strip() and not character.isspace():
            cut = _find_break(line + character, limit) or len(line)
            lines.append(line[:cut].rstrip())
            line = line[cut:].lstrip()
            used = sum(map(_measure_character, line))
        line += character
        used += advance
    return [*lines, line.rstrip()]


def _find_break(line: str, limit: float) -> int:
    """Where to cut a line that is one character too long; 0 for nowhere."""
    space = line.rstrip().rfind(" ") + 1
    if space and sum(map(_measure_character, line[:space])) >= limit * _SPACE_WORTH:
        return space
    for place in range(len(line) - 1, 0, -1):
        before, after = line[place - 1], line[place]
        if before in _BREAKS_AFTER or after in _BREAKS_BEFORE or _is_wide(before):
            return place
    return 0


def _measure_character(character: str) -> float:
    code = ord(character)
    if 0x20 <= code < 0x7F:
        return _WIDTHS[code - 0x20]
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 1000 if _is_wide(character) else 667


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F")


def _is_drawable(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cs") and ord(character) not in (0xFFFE, 0xFFFF)
