"""Texts that code puts together, with a name in each hole: ``lock:{stateKey}`` where folding says ``lock:{}``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbgen.expressions import Expr, decode_arguments, decode_expr, find_argument, is_unknown, tag_of
from kbgen.join.program import Place, Program
from kbgen.model import Fact
from kbgen.patterns import LazyPattern

HOLE = "{}"
"""What folding leaves where a value is not known and has no name at hand."""
_NAMED_HOLE = LazyPattern(r"\{[^{}]*\}")
_DEPTH = 4
"""How many names, parameters and calls are followed to the text that is put together."""


def fold_key(program: Program, call: Fact, expr: Expr) -> str:
    """The key that a call is given, as text; ``""`` where the code does not say how it begins.

    Through parameters where the definition alone does not say it.
    """
    for fold in (program.fold, program.fold_through):
        for folded in fold(call.path, call.symbol, expr)[:1]:
            if not folded.text.startswith("{"):
                return name_holes(program, (call.path, call.symbol), expr, folded.text)
    return ""


def name_holes(program: Program, scope: Place, expr: Expr, text: str) -> str:
    """`text`, which `expr` was folded to, with each hole named as the code names what fills it.

    What no text of the code explains stays ``{…}``.
    """
    if HOLE not in text:
        return text
    for where, parts in _find_texts(program, scope, expr, _DEPTH):
        named = _fill(program, where, parts, text)
        if named:
            return named
    return text.replace(HOLE, "{…}")


def _find_texts(program: Program, scope: Place, expr: Expr, depth: int) -> Iterator[tuple[Place, list[Expr]]]:
    """Texts in parts that an expression may stand for, each with the scope that its names read in."""
    tag = tag_of(expr)
    if tag == "text":
        yield scope, expr[1:]
    elif tag == "any":
        for part in expr[1:]:
            yield from _find_texts(program, scope, part, depth)
    elif depth > 0 and tag == "name":
        name = str(expr[1])
        values = program.find_values(*scope, name) or _find_given(program, scope, name)
        for where, value in values:
            yield from _find_texts(program, where, value, depth - 1)
    elif depth > 0 and tag == "call":
        for path, symbol in program.resolve(*scope, str(expr[1])):
            for returned in program.list_within(path, symbol, "return"):
                yield from _find_texts(program, (path, symbol), decode_expr(returned.value), depth - 1)


def _find_given(program: Program, scope: Place, name: str) -> Iterator[tuple[Place, Expr]]:
    """What callers give for a parameter."""
    params = [param for param in program.list_within(*scope, "param") if param.name == name]
    for param in params[:1]:
        index = param.attr("index")
        wanted: tuple[int | str, ...] = (name, int(index)) if index.isdigit() else (name,)
        for call in program.find_callers(scope):
            given = find_argument(*decode_arguments(call.value), *wanted)
            if not is_unknown(given):
                yield (call.path, call.symbol), given


def _fill(program: Program, scope: Place, parts: list[Expr], text: str) -> str:
    """`text` with its holes named after the parts, ``""`` where it is not made of them."""
    pattern, names = "", []
    for part in parts:
        folded = str(part) if tag_of(part) == "literal" else _fold(program, scope, part)
        if folded and HOLE not in folded and not _NAMED_HOLE.fullmatch(folded):
            # Blanks may have been drawn together.
            pattern += r"\s+".join(map(re.escape, re.split(r"\s+", folded)))
        else:
            pattern += rf"(?:(\{{\}})|{re.escape(folded or HOLE)})"
            names.append(_name(part))
    found = re.fullmatch(pattern, text)
    if found is None:
        return ""
    filled = iter([name for name, hole in zip(names, found.groups(), strict=True) if hole])
    return re.sub(r"\{\}", lambda hole: next(filled, "{…}"), text)


def _fold(program: Program, scope: Place, part: Expr) -> str:
    for fold in (program.fold, program.fold_through):
        for folded in fold(*scope, part)[:1]:
            if HOLE not in folded.text:
                return folded.text
    return ""


def _name(part: Expr) -> str:
    """A name by its last part, a call by what is called; of a chain of calls by what it begins with."""
    if tag_of(part) in ("name", "env"):
        return "{" + str(part[1]).rpartition(".")[2] + "}"
    if tag_of(part) != "call":
        return "{…}"
    first, *further = str(part[1]).split("()")
    called = first.rpartition(".")[0] if further or "." in first else ""
    return "{" + (f"{called}…" if called else f"{first}(…)") + "}"
