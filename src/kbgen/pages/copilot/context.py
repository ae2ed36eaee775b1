"""What the front end shows of itself to agents: which values, of which fields, how cut, memoised and filtered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_expr, tag_of, walk_expr
from kbgen.extractors.callbacks import read_locals
from kbgen.model import Fact
from kbgen.pages.shared.usage import Usage
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import read_pairs
from kbgen.patterns import LazyPattern

LEAVES_OUT = LazyPattern(r"(?i)filter|redact|sanitiz|mask|scrub|strip_?secret")
"""Names of functions that leave out what is not for everybody."""
_FIRST_OF = LazyPattern(r"(?:.*\.)?(\w+)\.slice")


@dataclass(frozen=True, slots=True)
class ReadableRow:
    description: str
    """``""`` where the code puts it together."""
    fields: tuple[str, ...]
    """Keys of the value that are known."""
    whole: str
    """The type of the parameter that is handed on as it is, else ``""``."""
    bounds: tuple[tuple[str, int], ...]
    """(field, how many of its first items or characters)"""
    filtered_by: str
    memoised: bool
    dead: bool
    at: Place
    users: tuple[Place, ...]


class ContextReader:
    def __init__(self, sources: Sources, usage: Usage) -> None:
        self._sources = sources
        self._program = sources.program
        self._usage = usage

    def read_readable(self, fact: Fact) -> ReadableRow:
        program = self._program
        value = self._sources.read_attr(fact, "value")
        calls = [c.name for c in program.list_within(fact.path, fact.symbol, "call")]
        filters = [name for name in calls if "." not in name and LEAVES_OUT.search(name)]
        shown = fact.attr("description")
        opened = self._open(fact, value)
        return ReadableRow(
            "" if shown.startswith("=") else shown,
            self._list_fields(fact, value, opened),
            "" if opened else self._find_type(fact, value),
            tuple(_list_bounds(opened)),
            filters[0] if filters else "",
            "useMemo" in read_locals(self._sources.read_text(fact.path), fact.path).functions.get(fact.symbol, ()),
            self._usage.reached.is_dead(fact.path, fact.symbol),
            self._sources.at(fact),
            self._usage.find_users(fact.path, fact.symbol),
        )

    def _open(self, fact: Fact, value: Expr) -> Expr:
        """The object that a readable's value is, through names and functions of the project; ``""`` when unknown."""
        if tag_of(value) != "name":
            return next(_find_objects(value), "")
        if self._is_parameter(fact, value[1]):
            return ""
        bindings = [b for b in self._program.list_within(fact.path, fact.symbol, "binding") if b.value]
        named = [b for b in bindings if b.name == value[1]]
        exprs = [decode_expr(b.value) for b in named or bindings]
        found = [d for each in exprs for d in (*_find_objects(each), *self._follow(fact, each))]
        # A name that is taken out of what a hook returns is no binding of its own: the only object is meant.
        return found[0] if found and (named or len(found) == 1) else ""

    def _follow(self, fact: Fact, expr: Expr) -> Iterator[Expr]:
        """Objects that functions of the project return which the expression calls."""
        for choice in expr[1:] if tag_of(expr) == "any" else (expr,):
            if tag_of(choice) == "call":
                for target in self._program.resolve(fact.path, fact.symbol, choice[1]):
                    for returned in self._program.list_within(*target, "return"):
                        yield from _find_objects(decode_expr(returned.value))

    def _is_parameter(self, fact: Fact, name: str) -> bool:
        return any(p.name == name for p in self._program.list_within(fact.path, fact.symbol, "param"))

    def _find_type(self, fact: Fact, value: Expr) -> str:
        if tag_of(value) != "name" or not self._is_parameter(fact, value[1]):
            return ""
        return self._program.find_type_text(fact.path, fact.symbol, value[1]).partition("|")[0].strip()

    def _list_fields(self, fact: Fact, value: Expr, opened: Expr) -> tuple[str, ...]:
        if opened:
            return tuple(read_pairs(opened))
        kind = self._find_type(fact, value)
        return tuple(
            field.name
            for target in (self._program.resolve(fact.path, "", kind) if kind else ())
            for field in self._program.list_within(*target, "field")
        )


def _find_objects(expr: Expr) -> Iterator[Expr]:
    """The object literals that an expression may be, empty ones left out."""
    for choice in expr[1:] if tag_of(expr) == "any" else (expr,):
        if tag_of(choice) == "dict" and len(choice) > 1:
            yield choice


def _list_bounds(expr: Expr) -> Iterator[tuple[str, int]]:
    for field, value in read_pairs(expr).items():
        for part in walk_expr(value):
            if tag_of(part) == "call" and _FIRST_OF.fullmatch(str(part[1])):
                given = [a for a in part[2] if isinstance(a, int) and not isinstance(a, bool)]
                if len(given) == 2 and given[0] == 0:
                    yield field, given[1]
