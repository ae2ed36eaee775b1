"""Expressions as JSON: what is kept, what the limits cut off, and that reading gives back what was written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.expressions import (
    DEPTH_LIMIT,
    ITEM_LIMIT,
    SIZE_LIMIT,
    TEXT_LIMIT,
    UNKNOWN,
    Expr,
    decode_arguments,
    decode_expr,
    encode_arguments,
    encode_expr,
    tag_of,
    walk_expr,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAVES = st.one_of(
    TEXTS,
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64),
    st.floats(allow_nan=False, allow_infinity=False),
    st.tuples(st.sampled_from(["name", "env", "jsx"]), TEXTS).map(list),
    st.just(["?"]),
)


def _grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    items = st.lists(inner, max_size=3)
    return st.one_of(
        st.tuples(st.sampled_from(["text", "any", "list", "fn"]), items).map(lambda row: [row[0], *row[1]]),
        st.lists(st.tuples(inner, inner).map(list), max_size=3).map(lambda pairs: ["dict", *pairs]),
        st.tuples(TEXTS, items, st.dictionaries(TEXTS, inner, max_size=2)).map(lambda row: ["call", *row]),
    )


EXPRESSIONS: st.SearchStrategy[Expr] = st.recursive(LEAVES, _grow, max_leaves=12)


def measure_depth(expr: Expr) -> int:
    tag = tag_of(expr)
    if tag in ("literal", "name", "env", "jsx", "?"):
        return 0
    inner = [*expr[2], *expr[3].values()] if tag == "call" else expr[1:]
    if tag == "dict":
        inner = [side for pair in inner for side in pair]
    return 1 + max(map(measure_depth, inner), default=0)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(EXPRESSIONS)
def test_what_the_limits_allow_comes_back(expr: Expr) -> None:
    text = encode_expr(expr)
    assert text == json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
    if measure_depth(expr) <= DEPTH_LIMIT:
        assert decode_expr(text) == expr
    assert measure_depth(decode_expr(text)) <= DEPTH_LIMIT


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(LEAVES, max_size=3), st.dictionaries(TEXTS, LEAVES, max_size=3))
def test_arguments_come_back(positional: list[Expr], keywords: dict[str, Expr]) -> None:
    assert decode_arguments(encode_arguments(positional, keywords)) == (positional, keywords)


def test_no_text_is_unknown_and_no_arguments() -> None:
    assert decode_expr("") == UNKNOWN
    assert decode_arguments("") == ([], {})
    assert decode_arguments(encode_expr(["list", 1])) == ([], {})
    assert encode_arguments([], {}) == ""


@pytest.mark.parametrize("depth", [DEPTH_LIMIT, DEPTH_LIMIT + 1])
def test_too_deep_is_unknown_there(depth: int) -> None:
    expr: Expr = "inside"
    for _ in range(depth):
        expr = ["list", expr]
    found = list(walk_expr(decode_expr(encode_expr(expr))))
    assert found[-1] == ("inside" if depth == DEPTH_LIMIT else UNKNOWN)


def test_long_texts_and_lists_are_cut() -> None:
    assert decode_expr(encode_expr("x" * (TEXT_LIMIT + 1))) == "x" * (TEXT_LIMIT - 1) + "…"
    assert len(decode_expr(encode_expr(["list", *range(ITEM_LIMIT + 5)]))) == ITEM_LIMIT + 1
    assert len(decode_expr(encode_expr(["dict", *([str(n), n] for n in range(ITEM_LIMIT + 5))]))) == ITEM_LIMIT + 1
    call = ["call", "f", [], {f"k{n}": n for n in range(ITEM_LIMIT + 5)}]
    assert len(decode_expr(encode_expr(call))[3]) == ITEM_LIMIT


def test_what_is_too_large_loses_its_deepest_parts() -> None:
    rows = ["list", *(["list", ["list", "y" * 90]] for _ in range(150))]
    text = encode_expr(rows)
    assert len(text) <= SIZE_LIMIT
    assert decode_expr(text) == ["list", *(["list", UNKNOWN] for _ in range(150))]


def test_walk_is_outermost_first_in_source_order() -> None:
    expr = ["call", "f", ["a", ["list", 1, 2]], {"k": ["dict", ["x", ["name", "b"]]]}]
    found = [part if tag_of(part) in ("literal", "name") else tag_of(part) for part in walk_expr(expr)]
    assert found == ["call", "a", "list", 1, 2, "dict", "x", ["name", "b"]]
