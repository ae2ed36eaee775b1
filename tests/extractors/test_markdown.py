"""Headings and tables of Markdown."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.model import FileFacts
from tests.extractors.reading import pick, read, whys


def markdown(text: str) -> FileFacts:
    return read("guide.md", text)


def headings(text: str) -> list[tuple[str, str, int]]:
    return [(f.name, f.attr("level"), f.line) for f in pick(markdown(text), "heading")]


def test_headings_of_both_kinds() -> None:
    text = "# One #\n\nTwo\n===\n\nThree\n---\n\n####### none\n#none\n   ## Four **b** `c` [d](e)\n"
    assert headings(text) == [("One", "1", 1), ("Two", "1", 3), ("Three", "2", 6), ("Four b c d", "2", 11)]


def test_rules_and_list_ends_are_no_headings() -> None:
    assert headings("text\nmore\n---\n\n---\n- item\n---\n| a |\n---\n") == []


def test_fences_comments_and_front_matter_hold_none() -> None:
    text = "---\na: 1\n# x\n---\n````\n# a\n```\n# b\n````\n~~~\n# c\n~~~\n<!--\n# d\n-->\n# e\n```\n# open\n"
    assert headings(text) == [("e", "1", 16)]


def test_inline_code_of_fences_opens_none() -> None:
    assert headings("``` a ` b\n# One\n") == [("One", "1", 2)]


def test_tables_with_the_heading_above() -> None:
    text = "## Ports\n\na | b\n--|--\n1 | 2\n\n| `c` \\| d |\n|---|\n| 1 |\n| 2 |\n## Next\n"
    assert [(f.name, f.value, f.attr("rows"), f.line) for f in pick(markdown(text), "table")] == [
        ("Ports", "a | b", "1", 3),
        ("Ports", "c \\| d", "2", 7),
    ]
    assert [name for name, _, _ in headings(text)] == ["Ports", "Next"]


def test_windows_line_ends() -> None:
    assert headings("# One\r\n\r\nTwo\r\n---\r\n") == [("One", "1", 1), ("Two", "2", 3)]


def test_more_than_two_hundred_are_cut_with_a_note() -> None:
    facts = markdown("# x\n" * 300)
    assert len(facts.facts) == 200
    assert whys(facts) == ["only the first 200 headings and tables are read"]


@pytest.mark.parametrize(
    "text",
    ["```\n" * 30_000, "<!--" * 100_000, "<!--\n" * 50_000, "|" * 300_000, "|" + "-" * 200_000, "=" * 300_000,
     "# " + "[" * 50_000, "# " + "**" * 50_000, " " * 300_000, "---\n" * 50_000,
     "|a|b|\n|-|-|\n" * 3_000, "````\n```\n" * 20_000],
)  # fmt: skip
def test_hostile_texts_take_no_time(text: str) -> None:
    started = time.process_time()
    markdown(text)
    assert time.process_time() - started < 2


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(["# a", "==", "--", "```", "~~~", "| a |", "|---|", "<!--", "-->", "", "x", "- y", "    # z"])
    )
)
def test_lines_are_where_the_text_stands(parts: list[str]) -> None:
    lines = "\n".join(parts).split("\n")
    for fact in markdown("\n".join(parts)).facts:
        shown = lines[fact.line - 1]
        assert (fact.value if fact.kind == "heading" else fact.value.split(" | ")[0]) in shown
