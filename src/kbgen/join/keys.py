"""Which join keys meet: ``event:bus:task.*`` and ``event:bus:task.created``, ``agent:*`` and every agent.

Pure. ``*`` stands for any text, the empty one too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple


class KeyMatch(NamedTuple):
    """A use and what provides it. Not `exact` when a wildcard of either side was needed."""

    use: str
    provide: str
    exact: bool


def match_keys(provides: Iterable[str], uses: Iterable[str]) -> tuple[KeyMatch, ...]:
    """Every pair that meets, sorted; a key that stands on both sides meets itself."""
    offered, wanted = sorted(set(provides)), sorted(set(uses))
    by_kind: dict[str, list[str]] = {}
    for key in offered:
        by_kind.setdefault(key.partition(":")[0], []).append(key)
    exact = frozenset(offered)
    wild = {kind: [key for key in keys if "*" in key] for kind, keys in by_kind.items()}
    found: list[KeyMatch] = []
    for use in wanted:
        kind = use.partition(":")[0]
        if use in exact:
            found.append(KeyMatch(use, use, True))
        candidates: Sequence[str] = by_kind.get(kind, ()) if "*" in use else wild.get(kind, ())
        found.extend(KeyMatch(use, key, False) for key in candidates if key != use and keys_meet(use, key))
    return tuple(sorted(found))


def keys_meet(one: str, other: str) -> bool:
    """Whether some text fits both keys; two wildcard keys meet when one covers the other's letters."""
    if "*" not in one and "*" not in other:
        return one == other
    return _covers(one, other) or _covers(other, one)


def _covers(pattern: str, key: str) -> bool:
    return "*" in pattern and _compile(pattern).fullmatch(key) is not None


@lru_cache(maxsize=4096)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
