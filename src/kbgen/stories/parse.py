"""What one planning document says: its text to stories and epics with their criteria, tasks and planned files."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

from kbgen.ids import Grammar, format_key, parse_id, parse_path
from kbgen.model import EpicDocument, PlannedFile, StoryDocument, StoryKey
from kbgen.stories.criteria import read_criteria, read_tasks
from kbgen.stories.document import DocumentKind, ParsedDocument
from kbgen.stories.fields import (
    clean_title,
    find_field,
    find_status,
    normalise_points,
    normalise_status,
    points_of_title,
)
from kbgen.stories.files import read_claimed_files, read_planned_files
from kbgen.stories.reader import Heading, Page, cut_sections, read_page
from kbgen.stories.status import parse_status

EpicKind = Literal["epic", "tech-spec", "retrospective", "status", "other"]

_EPIC_KINDS: dict[DocumentKind, EpicKind] = {
    "epic": "epic",
    "tech-spec": "tech-spec",
    "retrospective": "retrospective",
}
_NO_EPIC = StoryKey("", ())

# One ID as headings spell it: a prefix or none, one to three numbers, a letter.
_ID = r"(?:[A-Za-z][A-Za-z0-9]{0,11}[-_])?\d{1,6}(?:[-._]\d{1,4}){0,2}[a-z]?"
_HEADING = re.compile(
    rf"^[^\w#]*(?:\d+(?:\.\d+)*[.):]?\s+(?=(?:user )?story\b"
    rf"|[A-Za-z]{{1,12}}[-_]\d))?(?P<word>(?:user )?story\b\s*:?\s*)?(?P<id>#?{_ID})(?![\w])(?P<rest>.*)$",
    re.I,
)
_TITLE_START = re.compile(r"^\s*(?:[:.–—|-]|\s-)+\s*")


def parse_document(path: str, blob: str, text: str, kind: DocumentKind, grammar: Grammar) -> ParsedDocument:
    """Read one planning document. Never raises on its text: what could not be read is in `problems`."""
    if kind == "status":
        stories, epics, problems = parse_status(path, blob, text, grammar)
        return ParsedDocument(path, blob, kind, stories, epics, problems)
    if kind in {"", "context"}:
        return ParsedDocument(path, blob, kind)
    page = read_page(text)
    if not page.lines:
        return ParsedDocument(path, blob, kind, problems=page.problems)
    if kind == "story":
        return _parse_story_file(path, blob, page, grammar)
    return _parse_epic_file(path, blob, page, kind, grammar)


# ----------------------------------------------------------------------------------------- stories


def _parse_story_file(path: str, blob: str, page: Page, grammar: Grammar) -> ParsedDocument:
    problems = list(page.problems)
    heading = _find_story_heading(page, grammar)
    named = _find_named_id(page, grammar)
    from_path = parse_path(path, grammar)
    spelled, key, title, line = heading or named or ("", None, "", 1)
    if heading is None and named is not None and from_path is not None and named[1].numbers != from_path.numbers:
        spelled, key = "", None
    if key is None:
        if from_path is None:
            return ParsedDocument(
                path, blob, "story", problems=(*problems, "no story ID in heading, fields or file name")
            )
        key, spelled = from_path, format_key(from_path, grammar)
    key = _with_prefix(key, [named[1] if named else None, from_path])
    if from_path is not None and from_path.numbers != key.numbers:
        problems.append(
            f"line {line}: the document calls itself {spelled}, its file name says {format_key(from_path, grammar)}"
        )
    if not title:
        title = _find_title(page, path)
    end = len(page.lines)
    epic = find_field(page, ("epic", "epic id", "parent epic"))
    points = normalise_points(
        find_field(
            page, ("points", "story points", "story point", "estimate", "estimated effort", "effort", "size", "sp")
        )
    )
    story = StoryDocument(
        key=key,
        id=spelled,
        title=title,
        path=path,
        blob=blob,
        line=line,
        kind="file",
        status=find_status(page),
        points=points,
        epic=_spell_epic(epic, grammar),
        criteria=read_criteria(page, blob, path),
        planned=read_planned_files(page, blob, path),
        tasks=read_tasks(page, blob, path),
        sections=cut_sections(page, 0, end),
        problems=tuple(problems),
    )
    return ParsedDocument(path, blob, "story", (story,), (), tuple(problems))


def _find_story_heading(page: Page, grammar: Grammar) -> tuple[str, StoryKey, str, int] | None:
    """(ID as spelled, key, title, line) of the heading that names the story, near the top.

    A heading with the word Story wins over one that only begins with an ID: `# 2.1 Overview` numbers a chapter.
    """
    second = None
    for heading in page.headings:
        if heading.index > page.body + 60:
            break
        if heading.level > 3:
            continue
        found = _read_heading(heading.title, grammar)
        if found is None:
            continue
        spelled, key, title, has_word = found
        if has_word:
            return spelled, key, title, heading.index + 1
        if second is None and heading.level == 1 and (key.prefix or _is_first(page, heading)):
            second = spelled, key, title, heading.index + 1
    return second


def _is_first(page: Page, heading: Heading) -> bool:
    return bool(page.headings) and page.headings[0] == heading


def _read_heading(text: str, grammar: Grammar) -> tuple[str, StoryKey, str, bool] | None:
    """(ID as spelled, key, title, whether the word Story stands before it) of a heading that begins with an ID."""
    match = _HEADING.match(text.replace("`", ""))
    if match is None:
        return None
    spelled = match["id"]
    has_word = bool(match["word"])
    key = parse_id(f"Story {spelled}" if has_word and not spelled.startswith("#") else spelled, grammar)
    if key is None or not key.numbers:
        return None
    rest = match["rest"]
    separator = _TITLE_START.match(rest)
    if not separator and rest and not rest[0].isspace():
        return None
    return spelled, key, clean_title(rest[separator.end() :] if separator else rest), has_word


def _find_named_id(page: Page, grammar: Grammar) -> tuple[str, StoryKey, str, int] | None:
    """The ID that front matter or a field gives: ``**Story ID:** 04-1``, ``story: DM-01.6 - Title``."""
    for name in ("story_id", "id", "story", "story_key", "key"):
        scalar = page.front_value(name)
        if scalar is not None and (found := _read_field_id(scalar.value, grammar)):
            return *found, scalar.line
    for names in (("story id", "story key"), ("story", "id")):
        field = find_field(page, names)
        if field is not None and (found := _read_field_id(field.value, grammar)):
            return *found, field.line
    return None


def _read_field_id(value: str, grammar: Grammar) -> tuple[str, StoryKey, str] | None:
    match = re.match(
        rf"^\W*(?:story\s*:?\s*)?(?P<id>#?{_ID})(?P<slug>-[a-z][\w-]*)?(?![\w])(?P<rest>.*)$", value.strip(), re.I
    )
    if match is None:
        return None
    key = parse_id(match["id"] if match["id"].startswith("#") else f"Story {match['id']}", grammar)
    if key is None:
        return None
    rest = _TITLE_START.sub("", match["rest"], count=1) if _TITLE_START.match(match["rest"]) else ""
    return match["id"], key, clean_title(rest)


def _with_prefix(key: StoryKey, others: list[StoryKey | None]) -> StoryKey:
    """The key with the prefix that another spelling of the same document gives: ``Story 01.6`` in ``dm-01-6-x.md``."""
    if key.prefix:
        return key
    for other in others:
        if other is not None and other.prefix and other.numbers == key.numbers and other.suffix == key.suffix:
            return other
    return key


def _find_title(page: Page, path: str) -> str:
    scalar = page.front_value("title", "name")
    if scalar is not None:
        return clean_title(scalar.value)
    for heading in page.headings:
        if heading.level == 1:
            title = re.sub(rf"^(?:user )?story\b\s*:?\s*(?:{_ID})?", "", heading.title, flags=re.I)
            if title.strip(" :–—-"):
                return clean_title(_TITLE_START.sub("", title, count=1))
            break
    return title_from_slug(path)


_SLUG_ID = re.compile(
    r"^(?:.*?(?:story|epic)[-_. ])?(?:[A-Za-z][A-Za-z0-9]*[-_])?\d+(?:[-._]\d+)*[a-z]?(?:[-_. ]|$)", re.I
)


def title_from_slug(path: str) -> str:
    """``docs/kb-01-4-page-auto-save.md`` gives ``Page Auto Save``; ``""`` when only an ID is there."""
    name = path.rsplit("/", 1)[-1]
    name = re.sub(r"(?:\.story)?\.(?:md|markdown|ya?ml)$", "", name)
    words = re.sub(r"[-_. ]+", " ", _SLUG_ID.sub("", name, count=1)).split()
    return " ".join(word if any(c.isupper() for c in word) else word[:1].upper() + word[1:] for word in words)


def _spell_epic(field: object, grammar: Grammar) -> str:
    """The epic's ID out of ``DM-01 - Console Shell`` or ``[Epic 4](../epics/epic-04.md)``, as spelled there."""
    value = getattr(field, "value", "")
    match = re.match(rf"^\W*(?P<word>epic[-_ :#]*)?(?P<id>{_ID})(?![\w])", value, re.I)
    if match is None:
        return ""
    spelled = match["id"]
    key = parse_id(spelled if not match["word"] else f"Epic {spelled}", grammar) or parse_id(f"Epic {spelled}", grammar)
    if key is None:
        return ""
    # `EPIC-04` reads as the prefix EPIC: the epic's own ID is what stands after it.
    return re.sub(r"^epic[-_]", "", spelled, flags=re.I)


# ------------------------------------------------------------------------------------------- epics

_EPIC_HEADING = re.compile(rf"^\W*(?:epic\b[-_ :#]*)(?P<id>{_ID})(?![\w.])(?P<rest>.*)$", re.I)
_EPIC_NAME = re.compile(
    r"(?:^|[-_.])(?:epic[-_.]?)(?:(?P<prefix>[a-z][a-z0-9]{0,11})[-_.])?(?P<number>\d{1,4})(?![\d])", re.I
)
_EPIC_NAME_FIRST = re.compile(r"^(?P<prefix>[a-z][a-z0-9]{0,11})[-_](?P<number>\d{1,4})(?=[-_.][a-z])", re.I)
_EPIC_NAME_LAST = re.compile(r"[-_](?P<prefix>[a-z][a-z0-9]{0,11})[-_](?P<number>\d{1,4})$", re.I)


def find_epic_key(path: str, page: Page | None, grammar: Grammar) -> StoryKey:
    """The epic (or story) that a document belongs to, from its file name, else its first heading; no numbers: none."""
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    match = _EPIC_NAME.search(stem)
    if match is None and (of_story := parse_path(path, grammar)) is not None and len(of_story.numbers) > 1:
        return of_story
    match = match or _EPIC_NAME_FIRST.match(stem) or _EPIC_NAME_LAST.search(stem)
    if match is not None:
        prefix = (match["prefix"] or "").lower()
        spelled = (
            f"{prefix.upper()}-{match['number']}" if prefix and prefix not in {"tech", "spec"} else match["number"]
        )
        key = parse_id(f"Epic {spelled}", grammar)
        if key is not None:
            return key
    if page is not None:
        for heading in page.headings[:5]:
            found = _EPIC_HEADING.match(heading.title) if heading.level <= 2 else None
            key = parse_id(f"Epic {found['id']}", grammar) if found else None
            if key is not None:
                return key
    return _NO_EPIC


def _parse_epic_file(path: str, blob: str, page: Page, kind: DocumentKind, grammar: Grammar) -> ParsedDocument:
    epic_kind = _EPIC_KINDS.get(kind, "other")
    parts = _split_epics(page, grammar) if kind == "epic" else ()
    if len(parts) < 2:
        parts = ((find_epic_key(path, page, grammar), 0, len(page.lines)),)
    epics = tuple(EpicDocument(key, epic_kind, path, blob, cut_sections(page, start, end)) for key, start, end in parts)
    stories: list[StoryDocument] = []
    if kind in {"epic", "tech-spec"}:
        for key, start, end in parts:
            stories.extend(_read_story_sections(path, blob, page, key, start, end, grammar))
    return ParsedDocument(path, blob, kind, _one_each(stories), epics, page.problems)


def _split_epics(page: Page, grammar: Grammar) -> tuple[tuple[StoryKey, int, int], ...]:
    """The epics of a file that holds several, ``## Epic 1: …``, ``## Epic 2: …``, with their ranges of lines."""
    parts: dict[StoryKey, tuple[int, int]] = {}
    for heading in page.headings:
        if heading.level > 2:
            continue
        match = _EPIC_HEADING.match(heading.title)
        key = parse_id(f"Epic {match['id']}", grammar) if match else None
        if key is not None and len(key.numbers) == 1:
            # A list of epics at the top names each once before its section does: the longest range is the section.
            old = parts.get(key)
            if old is None or heading.end - heading.index > old[1] - old[0]:
                parts[key] = (heading.index, heading.end)
    ranges = sorted((start, end, key) for key, (start, end) in parts.items())
    nested = any(a[1] > b[0] for a, b in pairwise(ranges))
    return () if nested else tuple((key, start, end) for start, end, key in ranges)


def _read_story_sections(
    path: str, blob: str, page: Page, epic: StoryKey, start: int, end: int, grammar: Grammar
) -> list[StoryDocument]:
    stories: list[StoryDocument] = []
    done = start
    for heading in page.headings_in(start, end):
        if heading.index < done or not 2 <= heading.level <= 5:
            continue
        found = _read_heading(heading.title, grammar)
        if found is None:
            continue
        spelled, key, title, has_word = found
        if not _is_story_of(key, epic, has_word) or not title:
            continue
        stop = min(heading.end, end)
        done = stop
        stories.append(_make_section(path, blob, page, heading, stop, key, spelled, title, epic, grammar))
    return stories


def _is_story_of(key: StoryKey, epic: StoryKey, has_word: bool) -> bool:
    """Whether a heading's ID is a story of the epic: ``AC-04.1`` and chapter ``3.1`` are not, in no epic."""
    if len(key.numbers) < 2:
        return has_word and bool(key.prefix)
    if not epic.numbers:
        return has_word or bool(key.prefix)
    same_epic = key.numbers[0] == epic.numbers[0]
    if has_word:
        return same_epic or key.prefix == epic.prefix
    return same_epic and bool(key.prefix) and key.prefix == epic.prefix


def _make_section(
    path: str,
    blob: str,
    page: Page,
    heading: Heading,
    end: int,
    key: StoryKey,
    spelled: str,
    title: str,
    epic: StoryKey,
    grammar: Grammar,
) -> StoryDocument:
    start = heading.index
    points = normalise_points(
        find_field(page, ("points", "story points", "estimate", "estimated effort", "effort", "size", "sp"), start, end)
    )
    return StoryDocument(
        key=key,
        id=spelled,
        title=title,
        path=path,
        blob=blob,
        line=start + 1,
        kind="epic-section",
        status=normalise_status(find_field(page, ("status", "story status"), start, end)),
        points=points or points_of_title(heading.title),
        epic=_spell_epic_of(epic, spelled, grammar),
        criteria=read_criteria(page, blob, path, start, end),
        planned=read_planned_files(page, blob, path, start, end),
        tasks=read_tasks(page, blob, path, start, end),
        sections=cut_sections(page, start, end),
    )


def _spell_epic_of(epic: StoryKey, story: str, grammar: Grammar) -> str:
    """The epic's ID; without a prefix as its story spells the number: ``06`` for ``06.4``."""
    if not epic.numbers or epic.prefix:
        return format_key(epic, grammar) if epic.numbers else ""
    first = re.split(r"[-_.]", story)[0]
    return first if first.isdigit() and int(first) == epic.numbers[0] else format_key(epic, grammar)


def _one_each(stories: list[StoryDocument]) -> tuple[StoryDocument, ...]:
    """One section for each story of a file: the fullest, for an overview may head a story before its own section."""
    best: dict[StoryKey, StoryDocument] = {}
    for story in stories:
        old = best.get(story.key)
        if old is None or _weigh(story) > _weigh(old):
            best[story.key] = story
    return tuple(sorted(best.values(), key=lambda story: story.line))


def _weigh(story: StoryDocument) -> tuple[int, int]:
    return len(story.criteria) + len(story.planned), sum(len(section.text) for section in story.sections)


def find_claimed_files(path: str, blob: str, text: str) -> tuple[PlannedFile, ...]:
    """The files that a story file's records (File List, Files Created …) say were made: claims for others to test."""
    page = read_page(text)
    return read_claimed_files(page, blob, path)
