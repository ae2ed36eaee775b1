"""The short facts at the head of a planning document: status, points, epic, ID."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kbgen.stories.reader import LABEL_LEVEL, Page, clean_inline

HEAD_LINES = 120
"""Fields stand at the top; further down the same words belong to code, reviews and examples."""

_FIELD = re.compile(
    r"^[ \t]*(?:(?:[-*+>]|#{1,6})[ \t]+)?[*_]{0,3}(?P<name>[A-Za-z][A-Za-z ]{0,24}?)[*_]{0,3}[ \t]*:"
    r"[*_]{0,3}[ \t]*(?P<value>\S.*)$"
)
_ROW = re.compile(r"^[ \t]*\|[ \t*_]*(?P<name>[A-Za-z][A-Za-z ]{0,24}?)[ \t*_:]*\|(?P<value>[^|]+)\|")
_STOP = re.compile(
    r"\b(?:acceptance criteria|senior developer review|code review|dev agent record|implementation notes"
    r"|tasks)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Field:
    value: str
    line: int
    """1-based."""


def find_field(page: Page, names: tuple[str, ...], start: int | None = None, end: int | None = None) -> Field | None:
    """The first field of one of the names: front matter, ``**Name:** value``, a table row, ``a: b | name: c``.

    With `start` and `end` (0-based lines) only that range is read, and no front matter.
    """
    if start is None:
        scalar = page.front_value(*(name.replace(" ", "_") for name in names))
        if scalar is not None:
            return Field(scalar.value, scalar.line)
    first = page.body if start is None else start
    last = min(len(page.lines), first + HEAD_LINES, end if end is not None else len(page.lines))
    for n in range(first, last):
        line = page.lines[n]
        if page.fence_at[n] >= 0 or (":" not in line and "|" not in line):
            continue
        value = _read_field(line, names)
        if value:
            return Field(value, n + 1)
    return None


def _read_field(line: str, names: tuple[str, ...]) -> str:
    match = _ROW.match(line)
    if match is not None:
        return clean_inline(match["value"]) if match["name"].strip().lower() in names else ""
    match = _FIELD.match(line)
    if match is None:
        return ""
    if match["name"].strip().lower() in names:
        return _first_part(match["value"])
    # Several fields of one line: `**Points:** 8 | **Status:** done`.
    if " | " in line or "  " in line or " · " in line:
        for part in re.split(r"\s+[|·•]\s+|\s{2,}", line)[1:]:
            inner = _FIELD.match(part)
            if inner is not None and inner["name"].strip().lower() in names:
                return _first_part(inner["value"])
    return ""


def _first_part(value: str) -> str:
    """The value up to the next field of the same line."""
    return clean_inline(re.split(r"\s+[|·•]\s+(?=[*_]{0,3}[A-Za-z ]{1,24}[*_]{0,3}:)", value)[0]).strip(" *_")


def find_status(page: Page) -> str:
    """A story file's status, normalised; ``""`` when it says none.

    Front matter, then a field above the criteria, a heading ``## Status: done``, or the line under ``## Status``.
    """
    scalar = page.front_value("status", "story_status", "state")
    if scalar is not None:
        return normalise_status(Field(scalar.value, scalar.line))
    limit = page.body + HEAD_LINES
    for heading in page.headings:
        if heading.index > limit:
            break
        # A story may itself be called "Implementation notes": its title stops nothing.
        if 1 < heading.level < LABEL_LEVEL and _STOP.search(heading.title):
            limit = heading.index
            break
    field = find_field(page, ("status", "story status", "current status", "state"), page.body, limit)
    if field is not None:
        return normalise_status(field)
    for heading in page.headings:
        match = re.match(r"^(?:story )?status\b\s*(?::\s*(?P<value>.*))?$", heading.title, re.I)
        if match is None or any(above.level > 1 and _STOP.search(above.title) for above in page.chain(heading.parent)):
            continue
        if match["value"]:
            return normalise_status(Field(match["value"], heading.index + 1))
        for n in range(heading.index + 1, min(heading.end, heading.index + 6)):
            text = page.lines[n].strip()
            if text and page.fence_at[n] < 0:
                found = _FIELD.match(text)
                value = found["value"] if found and "status" in found["name"].lower() else text
                return normalise_status(Field(clean_inline(value.lstrip("-*> ")), n + 1))
    return ""


_WORDS = re.compile(r"[a-z][a-z0-9']*")


def normalise_status(field: Field | str | None) -> str:
    """Lower-case words: ``✅ Done (2025-12-03)`` gives ``done``, ``Ready-for-Review`` gives ``ready for review``."""
    value = field.value if isinstance(field, Field) else field or ""
    value = clean_inline(value.replace("`", "")).lower()
    value = (
        re.sub(r"\([^)]*\)|\[[^\]]*\]|\d{4}-\d\d-\d\d.*", " ", value)
        if re.sub(r"\([^)]*\)", "", value).strip()
        else value
    )
    value = re.split(r"\s[-–—|]\s|[.;,:!]|\s/\s|→|<", value.strip())[0]
    words = _WORDS.findall(value.replace("-", " ").replace("_", " "))
    return " ".join(words[:5])


def normalise_points(field: Field | None) -> str:
    """The number of ``8``, ``5 story points``, ``2-3``; a size such as ``M``; ``""`` for hours and days."""
    if field is None:
        return ""
    value = clean_inline(field.value.replace("`", ""))
    if re.search(r"\d\s*(?:h|hrs?|hours?|d|days?|weeks?|min(?:utes)?)\b", value, re.I):
        match = re.search(r"(\d+(?:\.\d+)?)\s*(?:story )?(?:points?|pts?|sp)\b", value, re.I)
        return match[1] if match else ""
    match = re.match(r"\W*(\d{1,4}(?:\.\d+)?(?:\s*[-–]\s*\d{1,4})?)(?![\d:])", value)
    if match:
        return match[1].replace(" ", "")
    match = re.match(r"\W*(XS|S|M|L|XL|XXL)\b", value)
    return match[1] if match else ""


_TITLE_POINTS = re.compile(
    r"\s*[(\[](?:est\.? )?(\d{1,3}(?:\.\d+)?)\s*(?:story )?(?:points?|pts?|sp)\b[^)\]]*[)\]]", re.I
)
_TITLE_TAIL = re.compile(
    r"\s*(?:[-–—:|]\s*)?(?:✅|🚧|⏳|❌|🔄|🎯|✔️?|☑️?|[(\[]?(?:done|complete[d]?|in progress|todo|deferred"
    r"|ready for review|implemented|backlog|drafted)[)\]]?)\s*$",
    re.I,
)


def points_of_title(title: str) -> str:
    match = _TITLE_POINTS.search(title)
    return match[1] if match else ""


def clean_title(text: str) -> str:
    """A title without the points, marks of progress and second IDs that headings carry along."""
    text = clean_inline(text).strip().strip("*_").strip()
    text = _TITLE_POINTS.sub("", text)
    text = re.sub(r"\s*\((?:story |epic )?[A-Za-z]{1,12}-\d+(?:[-.]\d+)*\)\s*$", "", text, flags=re.I)
    shorter = _TITLE_TAIL.sub("", text)
    # A mark of progress follows other words; a title that is such a word keeps it ("Mark Task Done").
    if (
        shorter.strip()
        and (shorter != text)
        and not re.search(r"\w\s+(?:done|complete[d]?|implemented|backlog|todo)$", text, re.I)
    ):
        text = shorter
    return re.sub(r"\s+", " ", text).strip(" :–—-")
