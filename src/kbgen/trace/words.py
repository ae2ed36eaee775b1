"""Whether two titles speak of one thing, by the words that they share."""

from __future__ import annotations

import re


def is_alike(one: str, other: str) -> bool:
    """Whether two titles speak of one thing: a third of the shorter one's words stand in the other."""
    first, second = find_words(one), find_words(other)
    if not first or not second:
        return first == second
    return len(first & second) * 3 >= min(len(first), len(second))


_STOP_WORDS = frozenset("the and for with from into that this are not add new use all its docs documentation".split())


def find_words(text: str) -> frozenset[str]:
    """The words of a title that tell it from another, in the singular."""
    found = re.findall(r"[a-z0-9]{3,}", text.lower())
    return frozenset(word.removesuffix("s") for word in found if word not in _STOP_WORDS)


def count_shared_words(one: str, other: str) -> int:
    return len(find_words(one) & find_words(other))
