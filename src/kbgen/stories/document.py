"""What one planning document says, as a value that can be kept as JSON by (parser version, path, blob, grammar)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

from kbgen.model import (
    JSON,
    Criterion,
    EpicDocument,
    Evidence,
    PlannedFile,
    Section,
    StoryDocument,
    StoryKey,
    Task,
)

PARSER_VERSION = "3"
"""Raised with every change of what a parse gives; documents are kept by (this, the grammar, path, blob)."""

DocumentKind = Literal["story", "epic", "tech-spec", "retrospective", "status", "context", "other-planning", ""]


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """One file's stories and epics, in source order; `problems` say what could not be read."""

    path: str
    blob: str
    kind: DocumentKind
    stories: tuple[StoryDocument, ...] = ()
    epics: tuple[EpicDocument, ...] = ()
    problems: tuple[str, ...] = ()

    def to_json(self) -> JSON:
        """A compact form: what every part of the file shares (path, blob) stands once, parts are lists of values.

        Sections of a story that are sections of its file's epic too stand once, in a pool.
        """
        pool: dict[Section, int] = {}
        return {
            "path": self.path,
            "blob": self.blob,
            "kind": self.kind,
            "stories": [_story_to_json(story, pool) for story in self.stories],
            "epics": [
                [_key_to_json(epic.key), epic.kind, [_number(section, pool) for section in epic.sections]]
                for epic in self.epics
            ],
            "problems": list(self.problems),
            "sections": [[s.level, s.title, s.line, s.text] for s in pool],
        }

    @classmethod
    def from_json(cls, data: JSON) -> ParsedDocument:
        """The inverse of `to_json`; raises KeyError, TypeError, ValueError or IndexError on anything else."""
        path, blob = str(data["path"]), str(data["blob"])
        pool = [Section(level, title, line, text) for level, title, line, text in data["sections"]]
        return cls(
            path=path,
            blob=blob,
            kind=data["kind"],
            stories=tuple(_story_from_json(row, path, blob, pool) for row in data["stories"]),
            epics=tuple(
                EpicDocument(_key_from_json(key), kind, path, blob, tuple(pool[n] for n in numbers))
                for key, kind, numbers in data["epics"]
            ),
            problems=tuple(data["problems"]),
        )


Row = list[Any]


def _number(section: Section, pool: dict[Section, int]) -> int:
    return pool.setdefault(section, len(pool))


def _key_to_json(key: StoryKey) -> Row:
    return [key.prefix, list(key.numbers), key.suffix]


def _key_from_json(row: Row) -> StoryKey:
    return StoryKey(row[0], tuple(row[1]), row[2])


def _source_to_json(source: Evidence) -> Row:
    return [source.symbol, source.line, source.quote]


def _source_from_json(row: Row, path: str, blob: str) -> Evidence:
    return Evidence(path=path, symbol=row[0], hash=blob, line=row[1], quote=row[2])


def _story_to_json(story: StoryDocument, pool: dict[Section, int]) -> Row:
    return [
        _key_to_json(story.key),
        story.id,
        story.title,
        story.line,
        story.kind,
        story.status,
        story.points,
        story.epic,
        [[c.label, c.text, c.checked, _source_to_json(c.source)] for c in story.criteria],
        [[p.path, p.intent, _source_to_json(p.source), p.note] for p in story.planned],
        [[t.text, t.done, _source_to_json(t.source)] for t in story.tasks],
        [_number(section, pool) for section in story.sections],
        list(story.problems),
    ]


def _story_from_json(row: Row, path: str, blob: str, pool: list[Section]) -> StoryDocument:
    key, id_, title, line, kind, status, points, epic, criteria, planned, tasks, sections, problems = row
    return StoryDocument(
        key=_key_from_json(key),
        id=id_,
        title=title,
        path=path,
        blob=blob,
        line=line,
        kind=cast(Literal["file", "epic-section", "status"], kind),
        status=status,
        points=points,
        epic=epic,
        criteria=tuple(Criterion(a, b, c, _source_from_json(d, path, blob)) for a, b, c, d in criteria),
        planned=tuple(PlannedFile(a, b, _source_from_json(c, path, blob), d) for a, b, c, d in planned),
        tasks=tuple(Task(a, b, _source_from_json(c, path, blob)) for a, b, c in tasks),
        sections=tuple(pool[n] for n in sections),
        problems=tuple(problems),
    )
