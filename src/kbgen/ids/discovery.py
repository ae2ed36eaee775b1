"""The grammar of a repository that nobody has described."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from kbgen.ids.grammar import DENIED, Grammar
from kbgen.ids.spelling import parse_id, parse_path
from kbgen.patterns import lazy

_SUBJECT_KEY = lazy(r"(?<![A-Za-z0-9\-_/.])([A-Z][A-Z0-9]{1,15})-([0-9]{1,6})(?![A-Za-z0-9]|[.\-_][0-9]|-[A-Z])")
_SUBJECT_STORY = lazy(r"(?<![A-Za-z0-9\-_/.])([A-Z][A-Z0-9]{1,9})-[0-9]{1,3}[.\-][0-9]{1,3}(?![A-Za-z0-9]|[.\-][0-9])")
_MIN_SUBJECTS = 20
_MIN_SHARE = 0.05


def discover_grammar(ids_seen: Iterable[str], subjects: Iterable[str]) -> Grammar:
    """The grammar of a repository, from its story IDs or story file names and from its commit subjects.

    A prefix is taken from any two stories (of a small repository, from any one); one that usually numbers other
    things (`DENIED`) only when half of the stories, and three at least, bear it. A tracker's prefix is one that 5 % of
    20 or more subjects bear with one number.
    """
    own: Counter[str] = Counter()
    padded = unpadded = bare = total = 0
    anything = Grammar(prefixes=tuple(sorted(DENIED)))
    for seen in ids_seen:
        name = seen.rsplit("/", 1)[-1]
        key = parse_id(name, anything) or parse_path(name, anything)
        if key is None or key.prefix == "#":
            continue
        total += 1
        own[key.prefix] += 1
        bare += not key.prefix
        first = re.search(r"(?<![A-Za-z0-9])[0-9]+", name)
        if first is not None and key.numbers[0] < 10:
            padded += len(first[0]) == 2
            unpadded += len(first[0]) == 1
    # of many stories one alone with a prefix of its own is a stray file: context-11-3.xml among 11-1, 11-2 …
    least = 1 if total < _MIN_SUBJECTS else 2
    prefixes = {
        prefix
        for prefix, count in own.items()
        if prefix and (count >= least if prefix not in DENIED else count >= 3 and 2 * count >= total)
    }
    trackers: Counter[str] = Counter()
    stories: Counter[str] = Counter()
    subject_count = 0
    for subject in subjects:
        subject_count += 1
        trackers.update({match[1] for match in _SUBJECT_KEY.finditer(subject)})
        stories.update({match[1] for match in _SUBJECT_STORY.finditer(subject)})
    enough = max(_MIN_SUBJECTS, subject_count) * _MIN_SHARE if subject_count >= _MIN_SUBJECTS else float("inf")
    prefixes |= {prefix for prefix, count in stories.items() if count >= enough and prefix not in DENIED}
    found = {prefix for prefix, count in trackers.items() if count >= enough and prefix not in DENIED}
    return Grammar(
        prefixes=tuple(sorted(prefixes)),
        trackers=tuple(sorted(found - prefixes)),
        bare=bare > 0 or (total == 0 and not found),
        padding=1 if unpadded > padded else 2,
    )
