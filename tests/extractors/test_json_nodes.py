"""JSON as trees: comments, trailing commas, lines, faults."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.extractors.json_nodes import parse_json
from kbgen.extractors.nodes import Node, walk_texts


def texts(text: str) -> dict[str, str]:
    return {path: node.text or "" for root in parse_json(text).roots for path, node in walk_texts(root)}


def test_comments_trailing_commas_and_loose_quotes_are_allowed() -> None:
    text = """// first
    {"a": "x // no comment", /* b */ 'b': 'it\\'s "so"', c: [1, 2.50, -Infinity,], "n": null, "e": "\\u00e9\\n",}
    """
    assert texts(text) == {
        "a": "x // no comment",
        "b": 'it\'s "so"',
        "c[0]": "1",
        "c[1]": "2.50",
        "c[2]": "-Infinity",
        "e": "é\n",
    }
    assert parse_json(text).problems == ()


def test_lines_are_those_of_keys() -> None:
    (root,) = parse_json('\ufeff{\n  "a":\n    1,\n  "b": {\n    "c": [\n      2\n    ]\n  }\n}\n').roots
    assert {path: node.line for path, node in walk_texts(root)} == {"a": 2, "b.c[0]": 6}
    assert root.get("b", "c").line == 5


@pytest.mark.parametrize(
    ("text", "line", "read"),
    [
        ('{"a": 1,\n "b": }', 2, {"a": "1"}),
        ('{"a": 1\n "b": 2}', 2, {"a": "1"}),
        ("[1 2]", 1, {"[0]": "1"}),
        ('{"a": "x\n"}', 1, {}),
        ('{"a": [1, 2\n', 1, {"a[0]": "1", "a[1]": "2"}),
        ('{"a": 1}\n{"b": 2}', 2, {"a": "1"}),
        ('{"a": 1]', 1, {"a": "1"}),
        ("{,}", 1, {}),
        ("/* open", 1, {}),
    ],
)
def test_a_fault_ends_the_reading_and_is_said(text: str, line: int, read: dict[str, str]) -> None:
    assert texts(text) == read
    assert parse_json(text).problems == (f"JSON syntax error in line {line}",)


def test_deep_nesting_is_cut() -> None:
    assert parse_json("[" * 300_000).problems == ("nested too deeply to be read whole",)
    assert parse_json("").roots == ()


def _rebuild(node: Node) -> object:
    if node.entries:
        return {key: _rebuild(child) for key, child in node.entries.items()}
    if node.items:
        return [_rebuild(child) for child in node.items]
    return node.text


_VALUES = st.recursive(
    st.text(min_size=0, max_size=5) | st.integers().map(str),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(st.text(max_size=4), inner, min_size=1, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(_VALUES, st.sampled_from([None, 2]), st.booleans())
def test_what_json_writes_is_read_back(value: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = parse_json(text)
    assert document.problems == ()
    assert _rebuild(document.roots[0]) == value


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(alphabet="{}[]:,\"'\\/*ab1 \n\ud800", max_size=30))
def test_any_text_gives_a_document(text: str) -> None:
    document = parse_json(text)
    assert all(node.line <= text.count("\n") + 1 for root in document.roots for _, node in walk_texts(root))
