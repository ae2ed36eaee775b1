"""How much of a story's title a commit's subject says, weighing rare words of the project more than common ones.

The weight is inverse document frequency over all story titles (Salton and Buckley 1988): a word that stands in
every title says nothing about which story is meant.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from kbgen.model import Story
from kbgen.patterns import lazy

_WORD = lazy(r"[A-Za-z][a-z]+|[A-Z]{2,}(?![a-z])|\d+")
_STOP = frozenset(
    """
    a an and the for of to in on with by from at as is are be it its this that into via per or not no
    add adds added implement implements implemented create creates created feat feature story update
    support make
    """.split()
)


def split_words(text: str) -> frozenset[str]:
    """Lower-case words of a title or subject, camelCase and kebab-case taken apart, plurals folded."""
    words = (w.lower() for w in _WORD.findall(text))
    return frozenset(
        w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith("ss") else w for w in words if w not in _STOP
    )


@lru_cache(maxsize=4)
def _weigh(titles: tuple[str, ...]) -> Mapping[str, float]:
    counts = Counter(w for title in titles for w in split_words(title))
    return {w: math.log(1 + len(titles) / n) for w, n in counts.items()}


def score_title(story: Story, subject: str, stories: Iterable[Story]) -> float:
    """0 to 1: the weighted share of the title's words that the subject says; 0 for titles of fewer than two words."""
    title = split_words(story.title)
    if len(title) < 2:
        return 0.0
    weights = _weigh(tuple(s.title for s in stories))
    said = split_words(subject)
    total = sum(weights.get(w, 1.0) for w in title)
    return sum(weights.get(w, 1.0) for w in title & said) / total
