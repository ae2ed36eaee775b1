"""The code of a revision as one program: what a name stands for, what an expression may be, who calls whom.

Built on the raw facts of every file: `names` resolves, `values` folds, and this module has the graph of uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of, walk_expr
from kbgen.join.names import SELF_NAMES, Place, split_name, strip_type
from kbgen.join.values import Folded, Values
from kbgen.model import Fact

__all__ = ["Edge", "Folded", "Place", "Program", "split_name", "strip_type"]


@dataclass(frozen=True, slots=True)
class Edge:
    """One use of a definition by another: `how` is call, new, render, pass (as a value), decorate, inherit."""

    target: Place
    how: str
    fact: Fact
    """The raw fact that shows it."""


class Program(Values):
    """Answers about all files of a revision; every answer is cached for the run."""

    @cached_property
    def _edges(self) -> dict[Place, tuple[Edge, ...]]:
        return {}

    # -------------------------------------------------------------------------------------------- calls

    def find_edges(self, place: Place) -> tuple[Edge, ...]:
        """What one definition uses directly, in source order; () for what is not in the program."""
        known = self._edges.get(place)
        if known is None:
            known = self._edges[place] = tuple(self._make_edges(place))
        return known

    def _make_edges(self, place: Place) -> Iterator[Edge]:
        path, symbol = place
        source = self._sources.get(path)
        if source is None:
            return
        rows = [
            fact
            for kind in ("call", "jsx", "binding", "return", "decorator", "param")
            for fact in source.within.get((kind, symbol), ())
        ]
        rows.sort(key=lambda f: f.line)
        for fact in rows:
            passed: list[Expr] = []
            names_something = '["name",' in fact.value
            if fact.kind == "call":
                how = "new" if fact.attr("new") == "yes" else "call"
                for target in self.resolve(path, symbol, fact.name):
                    yield Edge(target, "new" if self.is_class(target) else how, fact)
                positional, words = decode_arguments(fact.value) if names_something else ([], {})
                passed = [*positional, *words.values()]
            elif fact.kind == "jsx":
                for target in self.resolve(path, symbol, fact.name):
                    yield Edge(target, "render", fact)
                passed = list(decode_arguments(fact.value)[1].values()) if names_something else []
            elif fact.kind == "decorator":
                outer = symbol.rpartition(".")[0]
                for target in self.resolve(path, outer, fact.name):
                    yield Edge(target, "decorate", fact)
                positional, words = decode_arguments(fact.value) if names_something else ([], {})
                passed = [*positional, *words.values()]
            elif names_something:
                passed = [decode_expr(fact.value)]
            for expr in passed:
                for part in walk_expr(expr):
                    name = part[1] if tag_of(part) == "name" else ""
                    if name and name not in ("self", "this"):
                        for target in self._resolve_start(path, symbol, name):
                            if target[1] and target != place and self.get_symbol(target) is not None:
                                yield Edge(target, "pass", fact)

    def _resolve_start(self, path: str, symbol: str, name: str) -> tuple[Place, ...]:
        """What a dotted name stands for, or the longest beginning of it that stands for something."""
        while True:
            found = self.resolve(path, symbol, name)
            if found or "." not in name:
                return found
            name = name.rpartition(".")[0]
            if name in SELF_NAMES:
                return ()
