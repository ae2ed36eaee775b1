"""Expressions of code in one small form for all languages, so that a join can fold them.

An expression is plain JSON. Literals are themselves (string, number, true, false, null); everything else is
a list whose first item says what it is:

``["name", "a.b.c"]``            a name or attribute chain as written: ``settings.port``, ``self.url``, ``this.url``
``["text", e, ...]``             parts put together: f-string, template literal, ``+`` with a string in it
``["call", "callee", [e, ...], {"key": e}]``
                                 a call or constructor; keyword arguments apart; a receiver that is itself a call
                                 is written with ``()``: ``get_client().post``, ``z.object().parse``
``["env", "NAME"]``              an environment variable that is read
``["any", e, ...]``              one of these: ``a or b``, ``a || b``, ``a ?? b``, ``c ? a : b``, ``a if c else b``,
                                 ``os.getenv("X", d)`` as ``["any", ["env", "X"], d]``
``["list", e, ...]``             list, tuple, set, array
``["dict", [key, e], ...]``      dict or object literal; a key is an expression, usually a string; ``[null, e]`` is
                                 a spread
``["item", e, key]``             ``e[key]``
``["spread", e]``                ``*e``, ``...e`` among arguments or items
``["fn", e, ...]``               a lambda, arrow or function expression with what it returns (at most three)
``["jsx", "Tag"]``               an element; its own fact has the attributes
``["?"]``                        anything else, and whatever a limit cut off
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from json.encoder import encode_basestring as _quote
from typing import Any

Expr = Any
"""JSON as above; `UNKNOWN` for what is not read."""

UNKNOWN: Expr = ["?"]

TEXT_LIMIT = 400
"""Characters of one string literal; a longer one is cut and ends in ``…``."""
ITEM_LIMIT = 200
"""Items of one list, dict or argument list."""
DEPTH_LIMIT = 7
SIZE_LIMIT = 12_000
"""Characters of one encoded expression; a larger one loses its deepest parts."""


def tag_of(expr: Expr) -> str:
    """What an expression is: the word of its list, ``"literal"`` for a literal."""
    tag: str = expr[0] if isinstance(expr, list) and expr else "literal"
    return tag


def is_unknown(expr: Expr) -> bool:
    return tag_of(expr) == "?"


def cut_text(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


def encode_expr(expr: Expr) -> str:
    """Compact JSON, at most `SIZE_LIMIT` characters: deeper parts become unknown until it fits."""
    for depth in range(DEPTH_LIMIT, 0, -1):
        text = _write(expr, depth)
        if len(text) <= SIZE_LIMIT:
            return text
    return '["?"]'


def decode_expr(text: str) -> Expr:
    """The inverse of `encode_expr`; ``""`` is unknown. What it gives is shared: nobody may change it."""
    return _decode(text) if text else UNKNOWN


_decode = lru_cache(maxsize=1 << 14)(json.JSONDecoder().decode)
"""Joins, diagrams and findings read the same values again and again, and many values are the same text."""


def encode_arguments(positional: list[Expr], keywords: dict[str, Expr]) -> str:
    """The arguments of a call, decorator or element: ``[[e, ...], {"key": e}]``; ``""`` when there are none."""
    if not positional and not keywords:
        return ""
    return encode_expr(["args", positional, keywords])


def decode_arguments(text: str) -> tuple[list[Expr], dict[str, Expr]]:
    """(positional, keywords) of what `encode_arguments` made. They are shared: nobody may change them."""
    if not text:
        return [], {}
    expr = _decode(text)
    if tag_of(expr) != "args":
        return [], {}
    return expr[1], expr[2]


def find_argument(positional: list[Expr], keywords: dict[str, Expr], *wanted: int | str) -> Expr:
    """The first of `wanted` that is given: a position, a keyword, or a key of a positional object literal."""
    for want in wanted:
        if isinstance(want, int):
            if want < len(positional) and tag_of(positional[want]) != "spread":
                return positional[want]
            continue
        if want in keywords:
            return keywords[want]
        for argument in positional:
            found = find_key(argument, want)
            if not is_unknown(found):
                return found
    return UNKNOWN


def find_key(expr: Expr, key: str) -> Expr:
    """The value of `key` in a dict expression, else unknown."""
    if tag_of(expr) == "dict":
        for pair in expr[1:]:
            if pair[0] == key:
                return pair[1]
    return UNKNOWN


def walk_expr(expr: Expr) -> Iterator[Expr]:
    """The expression and every one inside it, outermost first, in source order."""
    stack = [expr]
    while stack:
        part = stack.pop()
        yield part
        if not isinstance(part, list) or not part:
            continue
        tag = part[0]
        if tag in _LEAVES:
            continue
        if tag == "dict":
            stack.extend(side for pair in reversed(part[1:]) for side in (pair[1], pair[0]))
        elif tag in ("call", "args"):
            start = 2 if tag == "call" else 1
            inner = [*part[start], *part[start + 1].values()]
            stack.extend(reversed(inner))
        elif tag in ("text", "any", "list", "item", "spread", "fn"):
            stack.extend(reversed(part[1:]))


_LEAVES = frozenset({"name", "env", "jsx", "?"})
"""A tag with a text, or alone."""


def _write(expr: Expr, depth: int) -> str:
    """The JSON of an expression cut to the limits, in one pass: this is done for every value of every file."""
    if not isinstance(expr, list):
        return _write_literal(expr)
    if not expr:
        return "[]"
    tag = expr[0]
    if tag in _LEAVES:
        return f'["{tag}",{_quote(expr[1])}]' if len(expr) == 2 else '["?"]'
    if depth <= 0:
        return '["?"]'
    inner = depth - 1
    if tag == "args":
        return f'["args",[{_write_items(expr[1], inner)}],{_write_words(expr[2], inner)}]'
    if tag == "call":
        callee = _quote(expr[1])
        return f'["call",{callee},[{_write_items(expr[2], inner)}],{_write_words(expr[3], inner)}]'
    if tag == "dict":
        pairs = [f",[{_write(k, inner)},{_write(e, inner)}]" for k, e in expr[1 : ITEM_LIMIT + 1]]
        return f'["dict"{"".join(pairs)}]'
    return f"[{_quote(tag)},{_write_items(expr[1:], inner)}]" if len(expr) > 1 else f"[{_quote(tag)}]"


def _write_items(items: list[Expr], depth: int) -> str:
    return ",".join([_write(item, depth) for item in items[:ITEM_LIMIT]])


def _write_words(words: dict[str, Expr], depth: int) -> str:
    if not words:
        return "{}"
    items = islice(words.items(), ITEM_LIMIT)
    return f"{{{','.join([f'{_quote(key)}:{_write(value, depth)}' for key, value in items])}}}"


def _write_literal(value: Expr) -> str:
    if isinstance(value, str):
        return _quote(cut_text(value))
    return "null" if value is None else json.dumps(value)
