"""Expressions of code as a reader sees them: short, and nothing that the code does not say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kbgen.expressions import Expr, tag_of, walk_expr

MAX_LENGTH = 80


def say(expr: Expr, limit: int = MAX_LENGTH) -> str:
    """An expression as text: ``30``, ``settings.port``, ``a or 5``, ``{name}/x``; ``""`` for what was not read.

    Texts stand without quotes, names as written, parts of a text that are no literals in braces; so do dicts inside
    of something else. Runs of blanks are one.
    """
    text = _say(expr)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _say(expr: Expr) -> str:
    tag = tag_of(expr)
    if tag == "literal":
        if isinstance(expr, bool):
            return "true" if expr else "false"
        return "null" if expr is None else " ".join(str(expr).split())
    if tag in ("name", "env"):
        return str(expr[1])
    if tag == "text":
        # Blanks at the ends of a part belong to the text.
        parts = (part if isinstance(part, str) else _say_part(part) for part in expr[1:])
        return " ".join("".join(parts).split())
    if tag == "any":
        return " or ".join(dict.fromkeys(filter(None, map(_say, expr[1:]))))
    if tag == "list":
        return ", ".join(filter(None, map(_say_inner, expr[1:])))
    if tag == "dict":
        return ", ".join(f"{key}: {_say_inner(value) or '…'}" for key, value in read_pairs(expr).items())
    if tag == "call":
        return f"{expr[1]}({', '.join(filter(None, map(_say_inner, expr[2])))})"
    if tag == "item":
        return f"{_say(expr[1])}[{_say(expr[2])}]"
    return f"…{_say(expr[1])}" if tag == "spread" else ""


def _say_part(part: Expr) -> str:
    return _say(part) if tag_of(part) == "literal" else "{" + (_say(part) or "…") + "}"


def _say_inner(expr: Expr) -> str:
    return "{" + _say(expr) + "}" if tag_of(expr) == "dict" else _say(expr)


def read_pairs(expr: Expr) -> Mapping[str, Expr]:
    """A dict expression as a mapping of its keys as text; empty for anything else."""
    if tag_of(expr) != "dict":
        return {}
    return {_say(key): value for key, value in expr[1:] if key is not None}


def walk_pairs(expr: Expr) -> Iterator[tuple[str, Expr]]:
    """Keys and values of all dicts in an expression."""
    for part in walk_expr(expr):
        if tag_of(part) == "dict":
            yield from ((key, value) for key, value in part[1:] if isinstance(key, str))


def read_items(expr: Expr) -> tuple[Expr, ...]:
    """The items of a list expression; ``()`` for anything else."""
    return tuple(expr[1:]) if tag_of(expr) == "list" else ()


def join_texts(exprs: Iterable[Expr], separator: str = " ") -> str:
    return separator.join(filter(None, map(_say, exprs)))
