"""A sprint-status file: which stories and epics it knows, and how far they are."""

from __future__ import annotations

import re

from kbgen.ids import Grammar, format_key, parse_id
from kbgen.model import EpicDocument, Section, StoryDocument, StoryKey
from kbgen.stories.fields import normalise_status
from kbgen.stories.reader import MAX_CHARACTERS
from kbgen.stories.yamlread import Scalar, read_yaml

_KEY = re.compile(
    r"^(?:(?P<word>story|epic)[-_ .]?)?(?:(?P<prefix>[A-Za-z][A-Za-z0-9]{0,11})[-_])?(?P<a>\d{1,6})"
    r"(?:[-_.](?P<b>\d{1,4}(?:\.\d{1,3})?)(?P<suffix>[a-z])?)?(?:[-_.: ]+(?P<slug>[A-Za-z0-9].*))?$",
    re.I,
)
_NOT_A_STORY = re.compile(r"(?:^|[-_ ])(?:retro(?:spective)?|tech-?spec|review|contexted)$", re.I)
_STATUS_NAMES = frozenset({"status", "state"})
_TITLE_NAMES = frozenset({"title", "name"})


def parse_status(
    path: str, blob: str, text: str, grammar: Grammar
) -> tuple[tuple[StoryDocument, ...], tuple[EpicDocument, ...], tuple[str, ...]]:
    """(stories, epics, problems). An epic's status is the text of its one section, titled ``Status``.

    Keys are read wherever they stand: in ``development_status``, at the top, or below an epic; a mapping below
    a story's key gives it ``status`` and ``title``; a list of mappings names the story by ``id``.
    """
    problems: list[str] = []
    if len(text) > MAX_CHARACTERS:
        problems.append(f"only the first {MAX_CHARACTERS:,} of {len(text):,} characters were read")
        text = text[:MAX_CHARACTERS]
    if "\x00" in text[:8000]:
        return (), (), ("this is no text: it holds NUL bytes",)
    scalars, found = read_yaml(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    problems.extend(found)
    stories: dict[StoryKey, StoryDocument] = {}
    epics: dict[StoryKey, EpicDocument] = {}
    for name, status, title, line in _entries(scalars):
        match = _KEY.match(name.strip())
        if match is None or _NOT_A_STORY.search(name):
            continue
        slug = (match["slug"] or "").strip()
        key = _make_key(match, grammar)
        if key is None:
            continue
        if len(key.numbers) == 1 and not (slug and key.prefix and match["word"] != "epic"):
            section = Section(level=1, title="Status", line=line, text=normalise_status(status))
            epics.setdefault(key, EpicDocument(key, "status", path, blob, (section,)))
            continue
        spelled = format_key(key, grammar)
        if not key.prefix and match["b"]:
            spelled = name.strip()[match.start("a") : match.end("suffix") if match["suffix"] else match.end("b")]
        stories.setdefault(key, _make_story(key, spelled, status, title or _title_of(slug), path, blob, line, grammar))
    return tuple(stories.values()), tuple(epics.values()), tuple(problems)


def _entries(scalars: tuple[Scalar, ...]) -> list[tuple[str, str, str, int]]:
    """(key, status, title, line) of everything that could be a story or an epic, in the order of the file."""
    entries: list[tuple[str, str, str, int]] = []
    grouped: dict[tuple[str, ...], dict[str, Scalar]] = {}
    for scalar in scalars:
        if not scalar.path:
            continue
        last = scalar.path[-1].lower()
        if last in _STATUS_NAMES | _TITLE_NAMES | {"id", "key", "story"} and len(scalar.path) > 1:
            grouped.setdefault(scalar.path[:-1], {}).setdefault(last, scalar)
        else:
            entries.append((scalar.path[-1], scalar.value, "", scalar.line))
    for parent, fields in grouped.items():
        named = fields.get("id") or fields.get("key") or fields.get("story")
        status = fields.get("status") or fields.get("state")
        title = fields.get("title") or fields.get("name")
        first = next(iter(fields.values()))
        name = named.value if named is not None else parent[-1]
        entries.append((name, status.value if status else "", title.value if title else "", first.line))
    return sorted(entries, key=lambda entry: entry[3])


def _make_key(match: re.Match[str], grammar: Grammar) -> StoryKey | None:
    spelled = match["a"] if match["b"] is None else f"{match['a']}.{match['b']}{match['suffix'] or ''}"
    if match["prefix"]:
        spelled = f"{match['prefix'].upper()}-{spelled}"
    word = "Epic" if match["b"] is None else "Story"
    if match["b"] is None and not match["prefix"] and match["word"] != "epic":
        return None
    return parse_id(f"{word} {spelled}", grammar)


def _title_of(slug: str) -> str:
    words = re.sub(r"[-_. ]+", " ", slug).split()
    return " ".join(word if any(c.isupper() for c in word) else word[:1].upper() + word[1:] for word in words)


def _make_story(
    key: StoryKey,
    spelled: str,
    status: str,
    title: str,
    path: str,
    blob: str,
    line: int,
    grammar: Grammar,
) -> StoryDocument:
    epic = StoryKey(key.prefix, key.numbers[:1]) if len(key.numbers) > 1 else None
    return StoryDocument(
        key=key,
        id=spelled,
        title=title,
        path=path,
        blob=blob,
        line=line,
        kind="status",
        status=normalise_status(status),
        epic=(format_key(epic, grammar) if epic.prefix else re.split(r"[-_.]", spelled)[0]) if epic else "",
    )
