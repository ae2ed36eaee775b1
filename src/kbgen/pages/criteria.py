"""Acceptance criteria as checks on a page and on the facts: met, unmet with the reason, or a person's to judge.

A check is a small mapping in a template's front matter; of several keys all must hold:

``states: KIND``      every fact of the kind (tests left out) stands in the page by its name; ``KIND:GLOB`` limits names
``section: TEXT``     there is a heading with these words, and something below it; a list: each of them
``entries: {below: TEXT, at_least: N}``  the section has that many headings one level down
``each: {below: TEXT, has: TEXT}``  every entry one level below the heading has the text; a list: each of them
``has: TEXT``         the text stands in the page, upper or lower case; a list: each of them
``fence: LANGUAGE``   there is a code block in the language; a list: each of them
``excerpts: N``       that many excerpts of the repository's own code are shown
``links: TEXT``       there is a link to an address with the text in it; a list: each of them
``picture: N``        that many diagrams are drawn
``file: PATH``        kbgen writes that file, or it is there; a list: each of them
``notes: named``      every story that the story's own text names has implementation notes; ``notes: TEXT``: with such a
                      section in them
``person: WHAT``      only a person can say
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from kbgen.model import CriterionOutcome, CriterionResult

CHECKS = (
    "states", "section", "entries", "each", "has", "fence", "excerpts", "links", "picture", "file", "notes", "person",
)  # fmt: skip
_TEXTS = frozenset({"section", "has", "fence", "links", "file"})
_NUMBERS = frozenset({"excerpts", "picture"})
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_FENCE = re.compile(r"^[> ]*(`{3,}|~{3,})\s*([\w+-]*)")
_LINK = re.compile(r"\]\(<?([^)\s>]+)|^\[[^\]]+\]:\s*(\S+)|<(https?://[^>\s]+)>", re.MULTILINE)
EXCERPT = "From "
"""How the line above an excerpt of code begins, see the macro `excerpt`."""

Check = tuple[tuple[str, Any], ...]
"""(word, what it wants) of each part, in the order of the front matter."""


@dataclass(frozen=True, slots=True)
class CriterionCheck:
    label: str
    """``AC1``."""
    text: str
    check: Check


@dataclass(frozen=True, slots=True)
class PageState:
    """What checks look at: the Markdown that was written, names of facts, files there are, notes of named stories."""

    text: str
    """Empty where there is no page; `absence` says why."""
    absence: str
    names: Mapping[str, tuple[str, ...]]
    """Of each fact kind that checks ask for."""
    files: Collection[str]
    notes: Mapping[str, str] | None = None
    """By the ID of a named story, ``""`` for none. None: the story names no others, or is not known here."""


def read_check(value: Any, kinds: Collection[str]) -> Check | str:
    """The check, or what is wrong with it."""
    if not isinstance(value, dict) or not value:
        return "check wants keys and values, such as `section: Troubleshooting`"
    parts: list[tuple[str, Any]] = []
    for word, wanted in value.items():
        if word not in CHECKS:
            return f"unknown check {word!r}"
        if word in _TEXTS:
            wanted = _read_texts(wanted)
            if not wanted:
                return f"{word} wants a text, or a list of texts"
        elif word in _NUMBERS:
            if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 1:
                return f"{word} wants a number from 1"
        elif word == "states":
            wanted = tuple([wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else ())
            wrong = [str(need) for need in wanted if str(need).partition(":")[0] not in kinds]
            if wrong or not wanted:
                return f"no fact is of kind {', '.join(wrong) or wanted!r}"
        elif word == "entries":
            if not isinstance(wanted, dict) or set(wanted) != {"below", "at_least"}:
                return "entries wants `below` and `at_least`"
            wanted = (str(wanted["below"]), int(wanted["at_least"]))
        elif word == "each":
            if not isinstance(wanted, dict) or set(wanted) != {"below", "has"}:
                return "each wants `below` and `has`"
            texts = _read_texts(wanted["has"])
            if not texts:
                return "has in each wants a text, or a list of texts"
            wanted = (str(wanted["below"]), texts)
        elif not isinstance(wanted, str):
            return f"{word} wants a text"
        parts.append((word, wanted))
    return tuple(parts)


def _read_texts(value: Any) -> tuple[str, ...]:
    """A text, or a list of texts; ``()`` for anything else."""
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(texts) if all(isinstance(text, str) and text for text in texts) else ()


def judge(story: str, criterion: CriterionCheck, page: PageState) -> CriterionResult:
    """A criterion that a person must judge is theirs only once the rest of its check holds."""
    needs = ""
    for word, wanted in criterion.check:
        if word == "person":
            needs = wanted
            continue
        if page.absence and word != "notes":
            return CriterionResult(story, criterion.label, criterion.text, "unmet", f"no page: {page.absence}")
        why = _explain(word, wanted, page)
        if why:
            return CriterionResult(story, criterion.label, criterion.text, "unmet", why)
    state: CriterionOutcome = "needs a person" if needs else "met"
    return CriterionResult(story, criterion.label, criterion.text, state, needs)


def _explain(word: str, wanted: Any, page: PageState) -> str:
    """Why a part does not hold; ``""`` when it does."""
    if word == "states":
        return _explain_states(wanted, page)
    if word == "section":
        return _list("no section", [text for text in wanted if not _find_section(page.text, text)[1].strip()])
    if word == "entries":
        below, at_least = wanted
        found = len(_list_entries(page.text, below))
        return "" if found >= at_least else f"{found} of at least {at_least} entries below {below!r}"
    if word == "each":
        return _explain_each(wanted[0], wanted[1], page.text)
    if word == "has":
        return _list("does not say", [text for text in wanted if text.casefold() not in page.text.casefold()])
    if word == "fence":
        found_languages = {m[2].lower() for line in page.text.splitlines() if (m := _FENCE.match(line))}
        return _list("no code block in", [text for text in wanted if text not in found_languages])
    if word == "excerpts":
        count = sum(line.startswith(EXCERPT) for line in page.text.splitlines())
        return "" if count >= wanted else f"{count} of at least {wanted} excerpts of code"
    if word == "links":
        targets = " ".join(a or b or c for a, b, c in _LINK.findall(page.text))
        return _list("no link to", [text for text in wanted if text not in targets])
    if word == "picture":
        count = sum(1 for line in page.text.splitlines() if (m := _FENCE.match(line)) and m[2] == "mermaid")
        return "" if count >= wanted else f"{count} of at least {wanted} diagrams"
    if word == "file":
        return _list("not there:", [path for path in wanted if path not in page.files])
    return _explain_notes(wanted, page)


def _explain_notes(wanted: str, page: PageState) -> str:
    if page.notes is None:
        return "the story is not known here, or names no other"
    without = [story for story, text in page.notes.items() if not text]
    if without or wanted == "named":
        return _list("no notes in", without)
    return _list(f"no section {wanted} in", [s for s, text in page.notes.items() if not _find_section(text, wanted)[0]])


def _explain_states(wanted: tuple[str, ...], page: PageState) -> str:
    text = page.text
    missing: list[str] = []
    for need in wanted:
        kind, _, glob = need.partition(":")
        names = [name for name in page.names.get(kind, ()) if fnmatchcase(name, glob or "*")]
        if not names:
            return f"no fact of kind {need} found"
        missing += [name for name in names if name not in text]
    return _list("not stated:", missing)


def _explain_each(below: str, texts: tuple[str, ...], page: str) -> str:
    entries = _list_entries(page, below)
    if not entries:
        return f"no entries below {below!r}"
    lacking = [
        f"{title!r} ({text})" for title, body in entries for text in texts if text.casefold() not in body.casefold()
    ]
    return _list("does not say:", lacking)


def _list(what: str, names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{what} {', '.join(names[:5])}{more}" if names else ""


def _outside_fences(text: str) -> list[str]:
    lines: list[str] = []
    fence = ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and fence and mark[1].startswith(fence):
            fence = ""
        elif not fence:
            lines.append(line)
            continue
        lines.append("")
    return lines


def _find_section(text: str, words: str) -> tuple[int, str]:
    """(depth of the heading, what stands below it) of the first heading that has the words; (0, "") when none has."""
    lines = text.splitlines()
    plain = _outside_fences(text)
    for start, line in enumerate(plain):
        heading = _HEADING.match(line)
        if heading and words.casefold() in heading[2].casefold():
            depth = len(heading[1])
            end = next(
                (i for i in range(start + 1, len(plain)) if (m := _HEADING.match(plain[i])) and len(m[1]) <= depth),
                len(lines),
            )
            return depth, "\n".join(lines[start + 1 : end])
    return 0, ""


def _list_entries(text: str, words: str) -> list[tuple[str, str]]:
    """(heading, what stands below it) of each heading one level below the first one that has the words."""
    depth, body = _find_section(text, words)
    lines, plain = body.splitlines(), _outside_fences(body)
    starts = [(i, m) for i, line in enumerate(plain) if (m := _HEADING.match(line)) and len(m[1]) == depth + 1]
    ends = [*(i for i, _ in starts[1:]), len(lines)][: len(starts)]
    return [(m[2], "\n".join(lines[i + 1 : end])) for (i, m), end in zip(starts, ends, strict=True)]
