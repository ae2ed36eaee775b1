"""Facts for a person at a terminal, out of the rows of `kbgen.reports.rows`: an overview, tables, what was not read.

Tables fit the terminal: values and names give way before places do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kbgen.model import SkippedFile
from kbgen.reports.layout import Line, align_columns, clean, count_things, measure_columns
from kbgen.reports.rows import RAW_KINDS, KindRows

_COLUMNS = ("Name", "Value", "Where", "Symbol")
_GIVING = ((1, 16), (3, 12), (0, 16), (2, 24))
"""Columns in the order in which they give way, each with the width that it keeps."""
_WIDEST = (80, 100, 300, 80)
"""Width of the columns where no terminal sets a limit."""
_NO_DETAILS = frozenset({"rule", "role"})


def show_kinds(tables: Sequence[KindRows], read: int, skipped: int, width: int | None = None) -> tuple[Line, ...]:
    """`kbgen facts` without a kind; of each table the first row is the example. `width` is the terminal's."""
    return tuple(_show_kinds(tables, read, skipped, width))


def _show_kinds(tables: Sequence[KindRows], read: int, skipped: int, width: int | None) -> Iterator[Line]:
    shown = [table for table in tables if table.text and table.kind not in RAW_KINDS]
    if shown:
        digits = max(len("Facts"), *(len(f"{table.total:,}") for table in shown))
        room = width - max(len(table.kind) for table in shown) - digits - 4 if width is not None else _WIDEST[1]
        yield from align_columns(
            ("Kind", "Facts", "Example"),
            [(t.kind, f"{t.total:,}".rjust(digits), _show_example(t.read_facts()[0], room)) for t in shown],
        )
        yield Line("")
    raw = [f"{table.kind} {table.total:,}" for table in tables if table.text and table.kind in RAW_KINDS]
    if raw:
        yield from _wrap(f"raw: {', '.join(raw)}", width)
    texts = [f"{read:,} {'file' if read == 1 else 'files'} read"]
    if skipped:
        texts.append(f"{count_things(skipped, 'note', 'notes')} on what was not (--skipped)")
    yield Line(f"{', '.join(texts)}.")


def show_facts(tables: Sequence[KindRows], width: int | None = None) -> tuple[Line, ...]:
    """`kbgen facts KIND`: a table for each kind. `width` is the terminal's, None where there is none."""
    return tuple(_show_facts(tables, width))


def _show_facts(tables: Sequence[KindRows], width: int | None) -> Iterator[Line]:
    for number, table in enumerate(tables):
        if len(tables) > 1:
            yield from ((Line(""),) if number else ())
            yield Line(clean(f"{table.kind} ({table.total:,})"), is_title=True)
        shown = table.read_facts()
        if shown:
            yield from _show_rows(shown, width)
        elif not table.total:
            yield Line(clean(f"No fact of kind {table.kind}."))
        left = table.total - len(shown)
        if left:
            yield Line(f"… {left:,} more: --limit {table.total} shows all, --path chooses")


def _show_rows(facts: Sequence[Any], width: int | None) -> Iterator[Line]:
    cells = [
        [clean(text) for text in (fact["name"], _show_value(fact), f"{fact['path']}:{fact['line']}", fact["symbol"])]
        for fact in facts
    ]
    # A column that says nothing leaves its room to the others.
    used = [place for place in range(len(_COLUMNS)) if any(row[place] for row in cells)]
    widths = [max(measure_columns(row[place]) for row in [_COLUMNS, *cells]) for place in range(len(_COLUMNS))]
    if width is None:
        widths = [min(pair) for pair in zip(widths, _WIDEST, strict=True)]
    else:
        excess = sum(widths[place] for place in used) + 2 * (len(used) - 1) - width
        for place, least in _GIVING:
            if place in used and excess > 0:
                given = min(excess, max(0, widths[place] - least))
                widths[place] -= given
                excess -= given
    rows = [[_cut(row[place], widths[place], from_left=_COLUMNS[place] == "Where") for place in used] for row in cells]
    yield from align_columns([_COLUMNS[place] for place in used], rows)


def _show_value(fact: Any) -> str:
    """The value; where it says no more than the name, the details that do."""
    name, value = fact["name"], fact["value"]
    if value and value != name:
        return str(value)
    details = ((key, ", ".join(text) if isinstance(text, list) else text) for key, text in fact["attrs"].items())
    return "; ".join(f"{key}={text}" for key, text in details if key not in _NO_DETAILS and text not in name)


def _show_example(fact: Any, room: int) -> str:
    value = f" = {fact['value']}" if fact["value"] and fact["value"] != fact["name"] else ""
    place = clean(f" ({fact['path']}:{fact['line']})")
    said = _cut(clean(f"{fact['name']}{value}"), max(_GIVING[0][1], room - measure_columns(place)))
    return _cut(f"{said}{place}", room)


def show_skipped(skipped: Sequence[SkippedFile]) -> tuple[Line, ...]:
    """`kbgen facts --skipped`."""
    if not skipped:
        return (Line("Every file was read whole."),)
    return tuple(Line(clean(f"{note.path}: {note.why}")) for note in skipped)


def _cut(text: str, width: int, *, from_left: bool = False) -> str:
    """`text` in at most `width` columns, with ``…`` where something is gone."""
    if measure_columns(text) <= width:
        return text
    kept = text
    while kept and measure_columns(kept) > max(width - 1, 0):
        over = max(1, (measure_columns(kept) - width + 1) // 2)
        kept = kept[over:] if from_left else kept[:-over]
    return f"…{kept}" if from_left else f"{kept}…"


def _wrap(text: str, width: int | None) -> Iterator[Line]:
    line = ""
    for word in text.split(" "):
        if width is not None and line and len(line) + 1 + len(word) > width:
            yield Line(line)
            line = ""
        line = f"{line} {word}" if line else word
    yield Line(line)
