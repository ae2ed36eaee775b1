"""Functions that choose: which of a few fixed values they return, under which condition."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_expr
from kbgen.extractors.branches import find_conditions, read_branches
from kbgen.pages.sources import Place, Sources


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    condition: str
    """``""``: none of the others holds."""
    value: str


def find_choice(
    sources: Sources, paths: Iterable[str], name_value: Callable[[Expr], str]
) -> tuple[Place | None, tuple[ChoiceRow, ...]]:
    """The first function of these files that returns two or more values that `name_value` knows, and nothing else."""
    program = sources.program
    for path in sorted(paths):
        for symbol, fact in program.list_symbols(path).items():
            if fact.attr("kind") not in ("function", "method"):
                continue
            found = [(r.line, name_value(decode_expr(r.value))) for r in program.list_within(path, symbol, "return")]
            if len({value for _, value in found}) < 2 or not all(value for _, value in found):
                continue
            branches = read_branches(sources.read_text(path), path)
            rows = [
                ChoiceRow(" and ".join(b.text for b in find_conditions(branches, line) if b.text), value)
                for line, value in found
            ]
            return sources.at(path, symbol), tuple(rows)
    return None, ()
