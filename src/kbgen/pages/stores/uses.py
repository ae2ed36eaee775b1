"""How components read a store: which part each selector picks, and which give a new value at every call.

A selector whose value is a new object each time makes its component render after every change of the store, and since
version 5 of Zustand can make it render without end (https://zustand.docs.pmnd.rs/migrations/migrating-to-v5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of
from kbgen.extractors.callbacks import read_given, read_taken
from kbgen.model import Fact
from kbgen.pages.shared.usage import Usage
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import say

Kind = Literal["field", "computed", "unread", "shallow", "whole", "fallback", "new"]
_SHALLOW = "useShallow"
_NEW_METHODS = frozenset(
    {"filter", "map", "slice", "concat", "flat", "flatMap", "toSorted", "toReversed", "toSpliced", "split"}
)
"""Methods of arrays and strings whose result is a new array."""
_NEW_CALLS = frozenset(
    {
        "Array.from", "Array.of", "Object.keys", "Object.values", "Object.entries", "Object.fromEntries",
        "Object.assign", "structuredClone", "Map", "Set", "Date",
    }
)  # fmt: skip
_STABLE_METHODS = frozenset(
    {
        "find", "findLast", "findIndex", "indexOf", "lastIndexOf", "at", "some", "every", "includes", "get", "has",
        "join", "startsWith", "endsWith", "toString", "toFixed", "toLowerCase", "toUpperCase", "trim", "reduce",
    }
)  # fmt: skip
"""Methods that give a member or a primitive."""
_STABLE_CALLS = frozenset({"Boolean", "Number", "String", "Math.max", "Math.min", "Math.round", "Math.floor"})
_FOLLOWED = 2
"""Functions of the project that are followed to what they return."""


@dataclass(frozen=True, slots=True)
class UseRow:
    """One call of a store's hook."""

    store: str
    kind: Kind
    """`field`: a part as it is stored; `fallback`: a new value only where the stored one is missing; `shallow`:
    compared member by member; `unread`: what the selector gives was not read."""
    picks: tuple[str, ...]
    """The path in the state, the keys of a new object, or the names taken out of the whole store."""
    makes: str
    """What makes the new value: ``Array.from``, ``filter``, ``{…}``."""
    through: str
    """The selector's name where it is a function of its own."""
    at: Place
    line: int
    dead: bool


def list_uses(sources: Sources, usage: Usage, stores: Iterable[Fact]) -> tuple[UseRow, ...]:
    """Every use of the stores outside tests, in order of path and line."""
    program = sources.program
    rows = []
    for store in stores:
        place = (store.path, store.symbol or store.name)
        for call in program.find_callers(place):
            if call.name.rpartition(".")[2] != place[1] or program.is_test(call.path):
                continue
            positional, _ = decode_arguments(call.value)
            kind, expr, through = _read_selector(sources, call, positional)
            rows.append(
                UseRow(
                    store.name,
                    kind,
                    read_taken(sources.read_text(call.path), call.path, call.line)
                    if kind == "whole"
                    else _list_picks(expr),
                    _say_maker(expr) if kind in ("new", "fallback") else "",
                    through,
                    sources.at(call),
                    call.line,
                    usage.reached.is_dead(call.path, call.symbol),
                )
            )
    return tuple(sorted(rows, key=lambda row: (row.at.path, row.line, row.store)))


def _read_selector(sources: Sources, call: Fact, positional: list[Expr]) -> tuple[Kind, Expr, str]:
    """(kind, what the selector returns, its name)"""
    if not positional:
        return "whole", "", ""
    selector = positional[0]
    if tag_of(selector) == "call" and selector[1] == _SHALLOW and selector[2]:
        returned, through = _find_returned(sources, call, selector[2][0])
        return "shallow", returned, through
    returned, through = _find_returned(sources, call, selector)
    given = read_given(sources.read_text(call.path), call.path, call.line)
    if through:
        targets = sources.program.resolve(call.path, call.symbol, through)
        given = tuple(p.name for target in targets for p in sources.program.list_within(*target, "param"))
    if len(positional) > 1:
        # An equality function, as version 4 and `createWithEqualityFn` take it.
        return "shallow", returned, through
    if tag_of(returned) == "name" and returned[1] in given[:1] and tag_of(selector) != "call":
        return "whole", returned, through
    return classify(sources, call.path, call.symbol, returned, given), returned, through


def _find_returned(sources: Sources, call: Fact, selector: Expr) -> tuple[Expr, str]:
    """What a selector gives, written in place or as a function of the project."""
    if tag_of(selector) == "fn":
        return selector[1] if len(selector) == 2 else ["any", *selector[1:]] if len(selector) > 2 else ["?"], ""
    if tag_of(selector) == "name":
        for target in sources.program.resolve(call.path, call.symbol, selector[1]):
            returned = [decode_expr(r.value) for r in sources.program.list_within(*target, "return") if r.value]
            if returned:
                return returned[0] if len(returned) == 1 else ["any", *returned], str(selector[1])
        return ["?"], str(selector[1])
    return ["?"], ""


def classify(sources: Sources, path: str, symbol: str, expr: Expr, given: tuple[str, ...] = (), depth: int = 0) -> Kind:
    """What a selector's expression gives; `given` are the names that stand for the state in it."""
    tag = tag_of(expr)
    if tag == "literal":
        return "computed"
    if tag == "name":
        root = str(expr[1]).partition(".")[0]
        return "field" if root in given else "computed" if sources.program.resolve(path, "", root) else "unread"
    if tag == "item":
        return classify(sources, path, symbol, expr[1], given, depth) if tag_of(expr[1]) == "name" else "computed"
    if tag in ("?", "spread"):
        return "unread"
    if tag in ("dict", "list", "fn", "jsx"):
        return "new"
    if tag == "any":
        kinds = [(classify(sources, path, symbol, choice, given, depth), choice) for choice in expr[1:]]
        made = [choice for kind, choice in kinds if kind in ("new", "fallback")]
        if not made:
            rest = {kind for kind, _ in kinds}
            return "unread" if "unread" in rest else "field" if rest == {"field"} else "computed"
        return "fallback" if all(len(choice) == 1 and tag_of(choice) in ("dict", "list") for choice in made) else "new"
    if tag == "call":
        return _classify_call(sources, path, symbol, str(expr[1]), depth)
    return "computed"


def _classify_call(sources: Sources, path: str, symbol: str, callee: str, depth: int) -> Kind:
    last = callee.rpartition(".")[2]
    if callee in _NEW_CALLS or ("." in callee and last in _NEW_METHODS):
        return "new"
    if callee in _STABLE_CALLS or ("." in callee and last in _STABLE_METHODS):
        return "computed"
    targets = sources.program.resolve(path, symbol, callee) if depth < _FOLLOWED else ()
    found = {
        classify(sources, *target, decode_expr(returned.value), (), depth + 1)
        for target in targets
        for returned in sources.program.list_within(*target, "return")
    }
    return "new" if "new" in found else "computed" if found == {"computed"} else "unread"


def _list_picks(expr: Expr) -> tuple[str, ...]:
    tag = tag_of(expr)
    if tag == "name":
        return (str(expr[1]).partition(".")[2] or str(expr[1]),)
    if tag == "dict":
        return tuple(say(key) for key, _ in expr[1:] if key is not None)
    if tag == "any":
        return tuple(dict.fromkeys(name for choice in expr[1:] for name in _list_picks(choice)))
    if tag == "item":
        return _list_picks(expr[1])
    if tag == "call":
        callee = str(expr[1])
        base = callee.rpartition(".")[0]
        inner = [name for argument in expr[2] if tag_of(argument) in ("name", "call") for name in _list_picks(argument)]
        own = base.partition(".")[2]
        return tuple(dict.fromkeys([*inner, *([own] if own and "(" not in base else [])]))
    return ()


def _say_maker(expr: Expr) -> str:
    tag = tag_of(expr)
    if tag == "dict":
        return "{…}" if len(expr) > 1 else "{}"
    if tag == "list":
        return "[…]" if len(expr) > 1 else "[]"
    if tag == "any":
        return " or ".join(dict.fromkeys(filter(None, map(_say_maker, expr[1:]))))
    if tag == "call":
        callee = str(expr[1])
        return callee if callee in _NEW_CALLS else f".{callee.rpartition('.')[2]}()" if "." in callee else callee
    return ""
