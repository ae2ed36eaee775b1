"""The gaps, recommendations and debt items that a line of text names: ``REC-08``, ``TD-27 to TD-31``, ``Doc Gaps 1-6``.

Two forms. A **token** has a prefix of its own (``REC-08``, ``TD-PM05-1``). A **number** counts within a list and says
which by words before it (``Documentation Gap #5``, ``DM-09 Retrospective Recommendations 1-3``). A token that the
grammar reads as a story or an epic is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kbgen.ids import Grammar, parse_id
from kbgen.model import StoryKey

ItemKind = Literal["gap", "recommendation", "debt"]
KINDS: tuple[ItemKind, ...] = ("gap", "recommendation", "debt")

MAX_RANGE = 50
"""A range over more members is no range but two numbers that happen to stand so."""
MAX_REFERENCES = 2_000
"""Of one line; a line that people write has tens."""
_MAX_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Reference:
    """One item as a text names it."""

    spelled: str
    """As written; a member of a range as it would be written alone."""
    token: str = ""
    """``REC-08``; empty for a number."""
    number: int = 0
    kind: ItemKind | Literal[""] = ""
    """Of a number, what its word says; of a token nothing, for its prefix is explained by the table that defines it."""
    words: tuple[str, ...] = ()
    """Lower-case words before the number that say which list is meant: ``("documentation",)``."""
    epic: StoryKey | None = None
    """``DM-09`` of ``DM-09 Retrospective Recommendation #2``."""
    document: str = ""
    """Of what kind the document is that holds the list, ``retrospective``; empty when not said."""


_TOKEN = re.compile(
    r"(?<![A-Za-z0-9#/.-])(?P<prefix>[A-Z][A-Z0-9]{1,11}(?:-(?:\d{1,3}-)?[A-Z][A-Z0-9]{0,11}){0,3})"
    r"-(?P<letter>[A-Z]{0,2})(?P<first>\d{1,4})"
    # A number alone ends a range only when it stands close; "TD-01 - 24 failing tests" is none.
    r"(?:(?:\s{0,2}(?:–|—|-|\.{2,3}|…)\s{0,2}|\s(?:to|through|thru|until)\s)(?P=prefix)-(?P=letter)(?P<last>\d{1,4})"
    r"|(?:–|—|-|\.{2,3}|…)(?P<close>\d{1,4}))?"
    r"(?![A-Za-z0-9]|\.\d|-[A-Za-z0-9])"
)
_KIND_WORD = r"(?P<kind>gaps?|recommendations?|recs?|(?:tech(?:nical)?[ -])?debts?(?: items?)?)"
_NUMBERED = re.compile(
    rf"(?P<lead>(?:[A-Za-z][\w.&/-]{{0,30}}\s){{0,5}})\b{_KIND_WORD}\s{{0,2}}(?:#|no\.?\s?|nr\.?\s?)?"
    r"(?P<numbers>\d{1,3}(?![\w%])(?:\s{0,2}(?:-|–|—|,|&|/|\bto\b|\band\b)\s{0,2}#?\d{1,3}(?![\w%]|\.\d)){0,20})",
    re.IGNORECASE,
)
_KIND_HINT = re.compile(r"(?:gap|rec|debt)[a-z ]*#?", re.IGNORECASE)
_NUMBER = re.compile(r"(?P<link>-|–|—|\bto\b)?\s{0,2}#?(?P<number>\d{1,3})")
_DOCUMENT_WORDS = {"retrospective": "retrospective", "retro": "retrospective", "retros": "retrospective"}
_FILLERS = frozenset(
    "the a an and or also this story addresses resolves closes fixes covers of for from all see".split()
)


def find_references(text: str, grammar: Grammar) -> tuple[Reference, ...]:
    """Every item that the text names, in order of place; a range gives each of its members."""
    text = text[:_MAX_TEXT]
    found: list[tuple[int, Reference]] = []
    if "-" in text:
        for match in _TOKEN.finditer(text):
            found += [(match.start(), reference) for reference in _read_token(match, grammar)]
            if len(found) > MAX_REFERENCES:
                break
    for match in _NUMBERED.finditer(text) if _KIND_HINT.search(text) else ():
        found += [(match.start("kind"), reference) for reference in _read_numbers(match, grammar)]
        if len(found) > MAX_REFERENCES:
            break
    found.sort(key=lambda pair: pair[0])
    return tuple(dict.fromkeys(reference for _, reference in found))


def _read_token(match: re.Match[str], grammar: Grammar) -> Iterator[Reference]:
    stem = f"{match['prefix']}-{match['letter']}"
    first = match["first"]
    last = match["last"] or match["close"]
    numbers = [first]
    if last is not None and 0 < int(last) - int(first) < MAX_RANGE:
        numbers = [f"{n:0{len(first)}}" for n in range(int(first), int(last) + 1)]
    elif last is not None:
        numbers = [first, last] if match["last"] else [first]
    for number in numbers:
        token = f"{stem}{number}"
        if not is_story_id(token, grammar):
            yield Reference(token, token, int(number))


def is_story_id(token: str, grammar: Grammar) -> bool:
    """Whether a token names a story, an epic or a tracker's issue of this repository."""
    if token.split("-")[0] in ("EPIC", "STORY"):
        return True
    key = parse_id(token, grammar)
    if key is None:
        return False
    known = (*grammar.prefixes, *grammar.trackers)
    return key.prefix in known if known else len(key.numbers) > 1


def _read_numbers(match: re.Match[str], grammar: Grammar) -> Iterator[Reference]:
    kind = read_kind(match["kind"])
    if kind is None:
        return
    words, epic, document = _read_lead(match["lead"], grammar)
    label = " ".join(_singular(word) for word in match["kind"].split())
    lead = " ".join(_keep_lead(match["lead"], words, epic, document))
    for number in _expand(match["numbers"]):
        spelled = f"{lead} {label} #{number}".strip()
        yield Reference(spelled[:1].upper() + spelled[1:], "", number, kind, words, epic, document)


def _keep_lead(lead: str, words: tuple[str, ...], epic: StoryKey | None, document: str) -> list[str]:
    """The words before the number that were understood, as they were written."""
    kept: list[str] = []
    for word in lead.split():
        is_epic = epic is not None and any(character.isdigit() for character in word)
        if is_epic or word.lower() in words or _DOCUMENT_WORDS.get(word.lower()) == (document or None):
            kept.append(word)
    return kept


def _read_lead(lead: str, grammar: Grammar) -> tuple[tuple[str, ...], StoryKey | None, str]:
    """(words that say which list, epic, kind of document): from the number back to a word that is none of these."""
    words: list[str] = []
    epic: StoryKey | None = None
    document = ""
    for word in reversed(lead.split()):
        lower = word.lower()
        if lower in _DOCUMENT_WORDS:
            document = _DOCUMENT_WORDS[lower]
        elif any(character.isdigit() for character in word):
            epic = parse_id(f"Epic {word}", grammar) or parse_id(word, grammar)
            break
        elif lower in _FILLERS or len(words) == 2:
            break
        else:
            words.insert(0, lower)
    return tuple(words), epic, document


def _expand(numbers: str) -> tuple[int, ...]:
    """``1-3, 5 and 7`` gives 1, 2, 3, 5, 7."""
    found: list[int] = []
    for match in _NUMBER.finditer(numbers):
        number = int(match["number"])
        if match["link"] and found and 0 < number - found[-1] < MAX_RANGE:
            found += range(found[-1] + 1, number + 1)
        else:
            found.append(number)
    return tuple(dict.fromkeys(found))


# ------------------------------------------------------------------------------------------- kinds

_KIND_PATTERNS: tuple[tuple[ItemKind, re.Pattern[str]], ...] = (
    ("debt", re.compile(r"\b(?:tech(?:nical)?[ -])?debts?\b", re.IGNORECASE)),
    ("recommendation", re.compile(r"\b(?:recommendations?|recs?)\b", re.IGNORECASE)),
    ("gap", re.compile(r"\bgaps?\b", re.IGNORECASE)),
)
_NAMES: tuple[tuple[ItemKind, tuple[str, ...]], ...] = (
    ("debt", ("technical debt", "tech debt", "debt")),
    ("recommendation", ("recommendation",)),
    ("gap", ("gap", "documentation gap", "testing gap")),
)


def read_kind(text: str) -> ItemKind | None:
    """What a heading or a column says its rows are; None when it names no kind, or two."""
    kinds = {kind for kind, pattern in _KIND_PATTERNS if pattern.search(text)}
    return kinds.pop() if len(kinds) == 1 else None


def read_prefix(token: str) -> ItemKind | None:
    """The kind that a token's prefix abbreviates: ``TD`` by the initials of tech debt, ``REC`` by a beginning."""
    prefix = token.split("-")[0].lower()
    for kind, names in _NAMES:
        for name in names:
            words = name.split()
            initials = "".join(word[0] for word in words)
            if (len(words) > 1 and prefix == initials) or (len(prefix) > 2 and words[-1].startswith(prefix)):
                return kind
    return None


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def make_family(title: str) -> str:
    """What a member of a list is called, by the list's heading: ``Documentation Gaps (6 Items)``: Documentation Gap."""
    title = re.sub(r"[(\[:–—].*$", "", title)
    title = re.sub(r"^[\W\d]+|[\W\d]+$", "", title)
    words = title.split()
    for place, word in enumerate(words):
        if read_kind(word) is not None:
            # What stands before the word says which; what stands after it only goes on ("for Future Epics").
            words = [*words[max(place - 2, 0) : place], _singular(word)]
            return " ".join(words)
    return ""
