"""The stories that the arguments of a command line mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from kbgen.errors import UnknownStoryError
from kbgen.ids.grammar import Grammar
from kbgen.ids.spelling import parse_id
from kbgen.model import StoryKey
from kbgen.patterns import lazy

_LONGEST = 120
_RANGE_ARGUMENT = lazy(r"(.+?)(?:\s*(?:\.{2,3}|…|–|—)\s*|\s+(?:to|through|thru|until|-)\s+)(.+)", re.IGNORECASE)
_TIGHT_RANGE_ARGUMENT = lazy(r"(.*[0-9]\.[0-9]+|.*-[0-9]+[a-z]?(?=-[A-Za-z])|epics?[ ][0-9]+)-(.+)", re.IGNORECASE)


def select_stories(arguments: Sequence[str], known: Mapping[StoryKey, str], grammar: Grammar) -> tuple[StoryKey, ...]:
    """The known stories that the arguments of a command line mean, in the order of the arguments, each once.

    `known` gives each story's ID as its document spells it. An argument is an ID, a range (``DM-01.6..DM-01.8``,
    ``DM-01.6-8``, ``DM-02.5 to DM-02.9``), an epic (``DM-02``, ``DM-01..DM-03``: all its stories), or several of these
    with commas. Raises UnknownStoryError, for all arguments at once, with near IDs as a hint.
    """
    spelled: dict[str, list[StoryKey]] = {}
    for key, display in known.items():
        spelled.setdefault(display.casefold(), []).append(key)
    selected: dict[StoryKey, None] = {}
    problems: list[str] = []
    unknown: list[str] = []
    for argument in _split_arguments(arguments):
        exact = spelled.get(argument.casefold(), [])
        if len(exact) == 1:
            selected[exact[0]] = None
            continue
        groups = _find_meant(argument, known, grammar)
        if len(groups) == 1:
            selected.update(dict.fromkeys(groups[0]))
        elif groups:
            readings = " or ".join(_join_ids(group, known) for group in groups)
            problems.append(f"{argument!r} is ambiguous: {readings}")
        else:
            problems.append(f"no story {argument!r}")
            unknown.append(argument)
    if problems:
        raise UnknownStoryError("; ".join(problems), _make_hint(unknown, known, grammar))
    return tuple(selected)


def _split_arguments(arguments: Sequence[str]) -> Iterator[str]:
    for argument in arguments:
        for part in argument.split(","):
            if part.strip() or part == argument:
                yield part.strip()


def _find_meant(argument: str, known: Mapping[StoryKey, str], grammar: Grammar) -> list[tuple[StoryKey, ...]]:
    """The readings of one argument, each a group of stories: none, one, or more when a prefix is missing."""
    ends = _read_ends(argument, grammar)
    if ends is None:
        return []
    first, last = ends
    by_prefix: dict[str, list[StoryKey]] = {}
    for key in sorted(known):
        if key.prefix == first.prefix or not first.prefix:
            by_prefix.setdefault(key.prefix, []).append(key)
    groups = {prefix: _find_between(keys, first, last) for prefix, keys in by_prefix.items()}
    if groups.get(first.prefix):
        return [groups[first.prefix]]
    return [group for group in groups.values() if group]


def _read_ends(argument: str, grammar: Grammar) -> tuple[StoryKey, StoryKey] | None:
    """First and last key of an argument; the same one twice when it is no range."""
    whole = parse_id(argument, grammar)
    if whole is not None:
        return whole, whole
    if len(argument) > _LONGEST:
        return None
    split = _RANGE_ARGUMENT.fullmatch(argument) or _TIGHT_RANGE_ARGUMENT.fullmatch(argument)
    first = parse_id(split[1], grammar) if split else None
    if split is None or first is None:
        return None
    right = split[2].strip()
    if re.fullmatch(r"[0-9]{1,7}", right):
        last: StoryKey | None = StoryKey(first.prefix, (*first.numbers[:-1], int(right)))
    else:
        last = parse_id(right, grammar)
        if last is not None and not last.prefix:
            last = StoryKey(first.prefix, last.numbers, last.suffix)
    if last is None or last.prefix != first.prefix or len(last.numbers) != len(first.numbers):
        return None
    return first, last


def _find_between(keys: Sequence[StoryKey], first: StoryKey, last: StoryKey) -> tuple[StoryKey, ...]:
    """Of the sorted keys of one prefix, those of one ID or epic, or of a range.

    A range's last number takes its lettered stories along: ``15.16..15.18`` ends with ``15.18a``.
    """
    if first == last:
        exact = tuple(key for key in keys if key.numbers == first.numbers and key.suffix == first.suffix)
        if exact or len(first.numbers) > 1:
            return exact
    depth = len(first.numbers)
    return tuple(key for key in keys if first.numbers <= key.numbers[:depth] <= last.numbers)


def _join_ids(keys: Sequence[StoryKey], known: Mapping[StoryKey, str]) -> str:
    shown = [known[key] for key in keys[:3]]
    return ", ".join(shown) + (" …" if len(keys) > 3 else "")


def _make_hint(unknown: Sequence[str], known: Mapping[StoryKey, str], grammar: Grammar) -> str:
    if not unknown:
        return "give the ID with its prefix"
    near: dict[str, None] = {}
    for argument in unknown:
        near.update(dict.fromkeys(_find_near(argument, known, grammar)))
    if not near:
        return "`kbgen stories` lists the stories that are known"
    return f"did you mean {', '.join(list(near)[:3])}? `kbgen stories` lists all"


def _find_near(argument: str, known: Mapping[StoryKey, str], grammar: Grammar) -> list[str]:
    """Up to three IDs like the argument: of the same epic first, nearest number first, then by spelling.

    A tracker's numbers have no neighbours in meaning: there only the spelling counts.
    """
    from rapidfuzz import fuzz, process

    near: list[str] = []
    ends = _read_ends(argument, grammar)
    if ends is not None and len(ends[0].numbers) > 1:
        wanted = ends[0]
        siblings = [
            key
            for key in known
            if key.prefix == wanted.prefix and key.numbers[:-1] == wanted.numbers[: len(key.numbers) - 1]
        ]
        siblings = [key for key in siblings if len(key.numbers) == len(wanted.numbers)]
        siblings.sort(key=lambda key: (abs(key.numbers[-1] - wanted.numbers[-1]), key))
        near += [known[key] for key in siblings[:3]]
    names = sorted(set(known.values()))
    spelled = process.extract(
        argument.casefold(), names, scorer=fuzz.ratio, processor=str.casefold, limit=3, score_cutoff=50
    )
    near += [name for name, _, _ in spelled if name not in near]
    return near[:3]
