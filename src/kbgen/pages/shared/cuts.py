"""Parts of a definition as excerpts: single statements, members of an object, calls with their long options cut."""

from __future__ import annotations

import textwrap
from dataclasses import replace

from kbgen.extractors.statements import find_statement
from kbgen.pages.sources import Excerpt, Sources

_WHOLE = 5000
"""Lines of a definition that a part is cut out of."""


def cut_lines(sources: Sources, path: str, symbol: str, first: int, last: int) -> Excerpt | None:
    """Lines `first` to `last` (1-based, both belong to it) of a definition, unindented."""
    whole = sources.excerpt(path, symbol, limit=_WHOLE)
    if whole is None:
        return None
    lines = sources.read_text(path).splitlines()[first - 1 : last]
    return replace(whole, code=textwrap.dedent("\n".join(line.rstrip() for line in lines)).strip("\n"))


def cut_statement(sources: Sources, path: str, symbol: str, line: int, limit: int) -> Excerpt | None:
    """The statement around a line; None when it is longer than `limit` lines."""
    span = find_statement(sources.read_text(path), path, line)
    if span is None or span[1] - span[0] >= limit:
        return None
    return cut_lines(sources, path, symbol, *span)
