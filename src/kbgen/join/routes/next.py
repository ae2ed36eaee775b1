"""Routes of Next.js, which follow from where files lie, and the rewrites that its configuration names."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping

from kbgen.expressions import Expr, decode_expr, find_key, is_unknown, tag_of
from kbgen.join.program import Place, Program
from kbgen.join.routes.routers import fold_path, make_route
from kbgen.join.urls import from_colons
from kbgen.model import Fact


def find_next_routes(program: Program) -> Iterator[Fact]:
    needs: dict[str, set[str]] = {}
    for fact in program.list_facts("dependency"):
        if posixpath.basename(fact.path) == "package.json":
            needs.setdefault(posixpath.dirname(fact.path), set()).add(fact.name)
    for fact in program.list_facts("route"):
        if fact.attr("framework") == "file" and _has_next(needs, fact.path):
            yield make_route(
                program,
                fact,
                fact.attr("method"),
                fact.attr("path"),
                "next",
                (fact.path, fact.symbol),
                kind=fact.attr("kind"),
            )


def _has_next(needs: Mapping[str, Collection[str]], path: str) -> bool:
    """Whether the package around a file may be a Next.js application; a folder ``pages`` alone makes none."""
    folder = path
    while folder:
        folder = posixpath.dirname(folder)
        if folder in needs:
            return "next" in needs[folder]
    return True


def find_rewrites(program: Program) -> tuple[Fact, ...]:
    """``rewrites()`` of ``next.config.*``: kind ``rewrite``, name ``source -> destination``.

    Attributes: source (a route's path), destination (folded), folder (of the application).
    """
    found: list[Fact] = []
    for path in program.files:
        if not posixpath.basename(path).startswith("next.config."):
            continue
        for fact in (*program.list_facts("return"), *program.list_facts("binding")):
            if fact.path == path:
                # What a top-level object holds reads its names in the scope of that object.
                symbol = fact.symbol or (fact.name if fact.kind == "binding" else "")
                found += _read_rules(program, fact, (path, symbol), decode_expr(fact.value), 6)
    return tuple(dict.fromkeys(found))


def _read_rules(program: Program, fact: Fact, scope: Place, expr: Expr, depth: int) -> Iterator[Fact]:
    tag = tag_of(expr)
    if not depth:
        return
    if tag in ("list", "any", "fn"):
        for item in expr[1:]:
            yield from _read_rules(program, fact, scope, item, depth - 1)
    elif tag == "dict":
        source, destination = find_key(expr, "source"), find_key(expr, "destination")
        if not is_unknown(source) and not is_unknown(destination) and is_unknown(find_key(expr, "permanent")):
            sources = fold_path(program, scope, source)
            texts = program.fold(scope[0], scope[1], destination)
            if sources and texts:
                attrs = (
                    ("source", from_colons(sources[0])),
                    ("destination", texts[0].text),
                    ("folder", posixpath.dirname(fact.path)),
                )
                name = f"{attrs[0][1]} -> {attrs[1][1]}"
                yield Fact("rewrite", name, fact.path, fact.line, name, fact.symbol, "", attrs)
            return
        for key, value in expr[1:]:
            if key in (None, "rewrites", "beforeFiles", "afterFiles", "fallback"):
                yield from _read_rules(program, fact, scope, value, depth - 1)
    elif tag == "call":
        for argument in expr[2]:
            yield from _read_rules(program, fact, scope, argument, depth - 1)
