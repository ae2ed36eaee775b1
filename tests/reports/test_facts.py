"""Facts at a terminal: overview, tables that fit it, and JSON with a fact a line."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.extractors import base
from kbgen.model import Fact, SkippedFile
from kbgen.reports import report_fact
from kbgen.reports.facts import show_facts, show_kinds, show_skipped
from kbgen.reports.layout import Line, measure_columns
from kbgen.reports.rows import KNOWN_KINDS, RAW_KINDS, ROW_END, KindRows, write_rows

ROUTE = Fact("route", "GET /gates/{}", "api/gates.py", 12, "GET /gates/{}", "read_gates", attrs=(("via", "main.py:3"),))
ENV = Fact("env", "GATE_PORT", "api/settings.py", 4, "7777", "Settings.port", attrs=(("required", "no"),))
CALL = Fact("call", "find", "api/gates.py", 14, '[["name","gate"],{}]', "read_gates")


def make_rows(*facts: Fact, total: int | None = None) -> KindRows:
    text = ROW_END.join(json.dumps(report_fact(fact, "ab" * 8)) for fact in facts)
    return KindRows(facts[0].kind, text, len(facts) if total is None else total)


def texts(lines: tuple[Line, ...]) -> list[str]:
    return [line.text for line in lines]


def test_the_overview() -> None:
    tables = (make_rows(CALL, total=1234), make_rows(ENV, total=1), make_rows(ROUTE, total=12_345))
    assert texts(show_kinds(tables, 1546, 2)) == [
        "Kind   Facts   Example",
        "env         1  GATE_PORT = 7777 (api/settings.py:4)",
        "route  12,345  GET /gates/{} (api/gates.py:12)",
        "",
        "raw: call 1,234",
        "1,546 files read, 2 notes on what was not (--skipped).",
    ]
    assert texts(show_kinds((), 0, 0)) == ["0 files read."]
    assert texts(show_kinds((), 1, 1)) == ["1 file read, 1 note on what was not (--skipped)."]


def test_the_overview_fits_the_terminal() -> None:
    long = Fact("env", "N" * 300, "a.py", 1)
    raw = [KindRows(kind, "{}", 1_000_000) for kind in sorted(RAW_KINDS)]
    lines = show_kinds((make_rows(long), make_rows(ROUTE, total=7_000_000), *raw), 10, 0, 60)
    assert max(len(line.text) for line in lines) == 60
    assert "raw: " in "".join(texts(lines))
    assert all(f"{kind} 1,000,000" in " ".join(texts(lines)) for kind in RAW_KINDS)


def test_a_table() -> None:
    assert texts(show_facts((make_rows(ROUTE),))) == [
        "Name           Value          Where            Symbol",
        "GET /gates/{}  via=main.py:3  api/gates.py:12  read_gates",
    ]


def test_columns_that_say_nothing_are_left_out() -> None:
    assert texts(show_facts((make_rows(Fact("entry", "shebang", "a.sh", 1)),))) == [
        "Name     Where",
        "shebang  a.sh:1",
    ]


def test_several_kinds_and_what_is_not_shown() -> None:
    tables = (make_rows(ENV, total=1500), KindRows("agent", "", 0), KindRows("tool", "", 3))
    assert texts(show_facts(tables)) == [
        "env (1,500)",
        "Name       Value  Where              Symbol",
        "GATE_PORT  7777   api/settings.py:4  Settings.port",
        "… 1,499 more: --limit 1500 shows all, --path chooses",
        "",
        "agent (0)",
        "No fact of kind agent.",
        "",
        "tool (3)",
        "… 3 more: --limit 3 shows all, --path chooses",
    ]
    assert texts(show_facts((KindRows("agent", "", 0),))) == ["No fact of kind agent."]


WORDS = st.text(alphabet=st.sampled_from("ab/.é日\u0301"), max_size=90)
FACTS = st.builds(Fact, st.just("x"), WORDS, WORDS.map(lambda path: path or "p"), st.integers(1, 99999), WORDS, WORDS)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(FACTS, min_size=1, max_size=5), st.integers(80, 200))
def test_a_table_fits_the_terminal(facts: list[Fact], width: int) -> None:
    lines = show_facts((make_rows(*facts),), width)
    assert len(lines) == len(facts) + 1
    assert all(measure_columns(line.text) <= width for line in lines)


def test_values_give_way_first_and_places_keep_their_end() -> None:
    deep = Fact("env", "GATE_PORT", "packages/" * 12 + "settings.py", 4, "7777 " * 30, "Settings.port")
    [_, line] = texts(show_facts((make_rows(deep),), 120))
    assert line.startswith("GATE_PORT  7777 7777 7777 …  …")
    assert line.endswith("/settings.py:4  Settings.po…")


def test_without_a_terminal_a_value_may_be_long_but_not_without_end() -> None:
    [_, line] = texts(show_facts((make_rows(Fact("env", "A", "a.py", 4, "7" * 5000)),)))
    assert line == "A     " + "7" * 99 + "…  a.py:4"


def test_nothing_acts_on_the_terminal() -> None:
    evil = "a\x1b[2Jb\r\nc\x07\u202ed\t"
    fact = Fact(evil, evil, evil, 1, evil + evil, evil, attrs=((evil, evil),))
    reports = (
        show_facts((make_rows(fact), KindRows(evil, "", 0))),
        show_kinds((make_rows(fact),), 1, 1),
        show_skipped((SkippedFile(evil, evil),)),
    )
    for line in (line for report in reports for line in report):
        assert not set("\x1b\r\n\x07\u202e\t") & set(line.text)


def test_what_was_not_read() -> None:
    assert texts(show_skipped((SkippedFile("a.js", "minified"),))) == ["a.js: minified"]
    assert texts(show_skipped(())) == ["Every file was read whole."]


@pytest.mark.parametrize(
    "tables", [(), (KindRows("x", "", 5),), (make_rows(ROUTE, ROUTE), KindRows("x", "", 0), make_rows(ENV))]
)
def test_the_json_is_one_list_with_a_fact_a_line(tables: tuple[KindRows, ...]) -> None:
    text = "".join(write_rows(tables))
    facts = json.loads(text)
    assert facts == [fact for table in tables for fact in table.read_facts()]
    assert text.count("\n") == (len(facts) + 1 if facts else 0)
    assert all(json.loads(line.strip().rstrip(",")) in facts for line in text.splitlines()[1:-1])


def test_every_documented_kind_is_known() -> None:
    document = base.__doc__ or ""
    documented = set(re.findall(r"^``(\w+)``$", document, re.MULTILINE))
    listed = document[document.index("What configuration says") : document.rindex("`symbol` of every fact")]
    documented |= set(re.findall(r"``(\w+)``", listed))
    assert len(documented) > 20
    assert documented <= KNOWN_KINDS
