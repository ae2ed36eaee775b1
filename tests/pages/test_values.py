"""Expressions of code as a reader sees them."""

from __future__ import annotations

import pytest

from kbgen.expressions import Expr
from kbgen.pages.values import join_texts, read_items, read_pairs, say


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (30, "30"),
        (True, "true"),
        (None, "null"),
        ("two\n  words ", "two words"),
        (["name", "settings.port"], "settings.port"),
        (["env", "PORT"], "PORT"),
        (["any", ["name", "a"], 5, 5], "a or 5"),
        (["list", 1, ["name", "b"], ["?"]], "1, b"),
        (["call", "load", [["name", "x"], 2], {}], "load(x, 2)"),
        (["item", ["name", "rows"], "id"], "rows[id]"),
        (["spread", ["name", "more"]], "…more"),
        (["?"], ""),
    ],
)
def test_an_expression_is_short_text(expr: Expr, text: str) -> None:
    assert say(expr) == text


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (["call to ", ["name", "agent"], " failed"], "call to {agent} failed"),
        (["Bearer ", ["name", "token"]], "Bearer {token}"),
        ([["name", "a"], " ", ["name", "b"]], "{a} {b}"),
        (["/a/", ["name", "id"], "/b"], "/a/{id}/b"),
        (["one\n   ", ["name", "x"]], "one {x}"),
        (["left ", ["?"], ", ", 3, " tries"], "left {…}, 3 tries"),
        (["lost ", ["any", ["name", "why"], "none"]], "lost {why or none}"),
    ],
)
def test_blanks_beside_what_is_put_in_stay(parts: list[Expr], text: str) -> None:
    assert say(["text", *parts]) == text


def test_a_dict_inside_of_something_is_braced() -> None:
    inner: Expr = ["dict", ["b", 1], ["c", 2]]
    assert say(["dict", ["a", inner], ["d", 3]]) == "a: {b: 1, c: 2}, d: 3"
    assert say(["list", inner, inner]) == "{b: 1, c: 2}, {b: 1, c: 2}"
    assert say(["call", "make", [inner], {}]) == "make({b: 1, c: 2})"
    assert say(["dict", ["a", ["dict"]], ["e", ["?"]]]) == "a: {}, e: …"
    assert say(inner) == "b: 1, c: 2"


def test_long_text_is_cut() -> None:
    assert say("x" * 90) == "x" * 79 + "…"
    assert say("x" * 90, 20) == "x" * 19 + "…"


def test_parts_of_dicts_and_lists() -> None:
    spread = [None, ["name", "rest"]]
    assert read_pairs(["dict", ["a", 1], [["name", "K"], 2], spread]) == {"a": 1, "K": 2}
    assert read_pairs(["list", 1]) == {}
    assert read_items(["list", 1, 2]) == (1, 2)
    assert read_items("a") == ()
    assert join_texts(["a", ["?"], ["name", "b"]], " / ") == "a / b"
