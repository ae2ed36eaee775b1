"""TOML as trees with lines."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.extractors.nodes import walk_texts
from kbgen.extractors.toml_nodes import parse_toml


def test_values_and_their_lines() -> None:
    text = textwrap.dedent(
        '''\
        title = "x" # [not.a.table]
        [server.http]
        port = 8080
        on = true
        "quoted.key" = 1
        list = [
            "a",  # first
            # nothing
            "b",
        ]
        text = """
        port = 1
        """
        last = { x = 1 }
        [[jobs]]
        name = "one"
        [[jobs]]
        name = "two"
        a.b = 1979-05-27
        '''
    )
    (root,) = parse_toml(text).roots
    assert {path: (node.text, node.line) for path, node in walk_texts(root)} == {
        "title": ("x", 1),
        "server.http.port": ("8080", 3),
        "server.http.on": ("true", 4),
        "server.http.quoted.key": ("1", 5),
        "server.http.list[0]": ("a", 7),
        "server.http.list[1]": ("b", 9),
        "server.http.text": ("port = 1\n", 11),
        "server.http.last.x": ("1", 14),
        "jobs[0].name": ("one", 16),
        "jobs[1].name": ("two", 18),
        "jobs[1].a.b": ("1979-05-27", 19),
    }


def test_a_text_that_is_no_toml_has_a_note() -> None:
    document = parse_toml("a = 1\nb = \n")
    assert document.roots == ()
    assert document.problems == ("TOML syntax error at line 2, column 5",)


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "[" + ".".join(["a"] * 5000) + "]\nx = 1\n"])
def test_deep_nesting_is_left_to_the_registry(text: str) -> None:
    with pytest.raises(RecursionError):
        parse_toml(text)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(alphabet="[]{}=.,\"'\\#ab1 \n\r", max_size=40))
def test_any_text_gives_a_document(text: str) -> None:
    document = parse_toml(text)
    assert document.roots or document.problems
