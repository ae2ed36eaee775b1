"""A trace in every form: nothing of an item's words acts on a spreadsheet, a page or a terminal."""

from __future__ import annotations

import csv
import io

import pytest

from kbgen.adapters.jinja import JinjaTemplates
from kbgen.model import Evidence
from kbgen.reports.trace import TEMPLATE, build_trace_page, report_trace, show_trace, write_csv
from kbgen.trace import Item, Taking, Trace, TraceBook, TracedStory, join_trace

HOSTILE = '=HYPERLINK("http://x","y") | <b>\x1b[31m</b> `a|b`'


def make_trace(title: str, id: str = "TD-1") -> Trace:
    place = Evidence(path="debt|1.md", symbol="<h>", quote="row")
    story = TracedStory(
        "OR-01.1",
        title,
        "docs",
        "OR-01",
        "",
        "=done",
        (("AC1", title, None),),
        ("a" * 40,),
        (),
        ("=src/a.py", "b.py"),
        (),
        (),
    )
    items = (
        Item(id, "debt", title, title, False, (place,), (Taking(0, place, "field"),)),
        Item("TD-2", "debt", title, "", False, (place,)),
    )
    return join_trace(TraceBook((story,), items))


@pytest.mark.parametrize("begin", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", "  =1", "|cmd", HOSTILE])
def test_no_cell_is_a_formula(begin: str) -> None:
    text = write_csv(make_trace(begin))
    rows = list(csv.reader(io.StringIO(text)))
    assert len({len(row) for row in rows}) == 1
    assert len(rows) == 3
    for row in rows:
        for cell in row:
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "|"))
            assert "\n" not in cell
            assert "\x1b" not in cell


def test_lists_are_joined() -> None:
    rows = list(csv.DictReader(io.StringIO(write_csv(make_trace("Rust")))))
    assert rows[0]["files"] == "'=src/a.py; b.py"
    assert rows[0]["commits"] == "a" * 12
    assert rows[0]["criteria"] == "AC1: Rust"
    assert (rows[1]["debt"], rows[1]["story"], rows[1]["loose"]) == ("TD-2", "", "item-without-story")


def test_the_page_shows_words_as_words() -> None:
    page = JinjaTemplates().render(TEMPLATE, build_trace_page(make_trace(HOSTILE)))
    assert "<b>" not in page
    assert "\x1b" not in page
    tables = [line for line in page.split("\n") if line.startswith("| ")]
    widths = {line.replace("\\|", "").count("|") for line in tables}
    assert widths == {8, 6}


def test_the_page_of_nothing() -> None:
    page = JinjaTemplates().render(TEMPLATE, build_trace_page(Trace((), ())))
    assert "No table of this repository defines" in page
    assert "##" not in page


def test_the_terminal_gets_plain_lines() -> None:
    lines = [line.text for line in show_trace(make_trace(HOSTILE))]
    assert not any("\x1b" in line for line in lines)
    assert lines[-1] == "2 items, 1 taken by stories."


def test_json_has_all_of_it() -> None:
    first, second = report_trace(make_trace(HOSTILE))
    assert (first["debt"], first["story"], first["gap"]) == ("TD-1", "OR-01.1", None)
    assert first["items"][0]["title"] == HOSTILE
    assert second["evidence"] == [{"path": "debt|1.md", "symbol": "<h>", "quote": "row"}]
