"""Lines for a terminal: titles, lists, tables; nothing in them acts on it.

Plain lines and no library of tables: loading one takes longer than most answers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kbgen.markdown import show_invisible


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    is_title: bool = False
    """Bold where the terminal has that."""


def clean(text: str) -> str:
    """History is data: what would act on a terminal is shown instead, and one value stays on one line."""
    return show_invisible(re.sub(r"\r\n|[\r\n\u0085\u2028\u2029]", "⏎", text).replace("\t", " "))


def begin_part(title: str) -> tuple[Line, ...]:
    return Line(""), Line(clean(title), is_title=True)


def show_list(title: str, entries: Iterable[str]) -> Iterator[Line]:
    lines = [Line(clean(f"- {entry}")) for entry in entries]
    if lines:
        yield from begin_part(title)
        yield from lines


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Line]:
    if rows:
        yield from begin_part(title)
        yield from align_columns(columns, rows)


def align_columns(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Line]:
    """Columns padded to their widest cell; the last one is as long as it is."""
    cells = [[clean(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(measure_columns(row[place]) for row in cells) for place in range(len(columns) - 1)]
    for number, row in enumerate(cells):
        padded = [cell + " " * (width - measure_columns(cell)) for cell, width in zip(row, widths, strict=False)]
        yield Line("  ".join([*padded, row[-1]]).rstrip(), is_title=number == 0)


def measure_columns(text: str) -> int:
    """Columns of a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def count_things(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
