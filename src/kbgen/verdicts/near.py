"""The name that a wrong one was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable

_CLOSE = 82
_MOST = 50_000


def find_near(value: str, names: Iterable[str], close: int = _CLOSE) -> str:
    """The nearest of `names`, "" when none is as near as `close` of 100. Ties go to the first in order."""
    from rapidfuzz import fuzz, process

    best = process.extractOne(value, sorted(names)[:_MOST], scorer=fuzz.ratio, score_cutoff=close)
    return str(best[0]) if best else ""
