"""Facts of one file of one language: one module each, one explicit dict.

A new language or kind of fact is a new module with `SUFFIXES`, `VERSION` and `extract`, a line in
`EXTRACTORS`, and a golden case.
"""

from __future__ import annotations

from dataclasses import replace

from kbgen.extractors import python, typescript
from kbgen.extractors.base import Extractor, Reference, parse_references
from kbgen.extractors.codec import facts_from_json, facts_to_json
from kbgen.extractors.placed import add_placed
from kbgen.model import FileFacts, SkippedFile, SourceFile

__all__ = [
    "EXTRACTORS",
    "FACTS_VERSION",
    "SUFFIXES",
    "Extractor",
    "Reference",
    "extract_file",
    "facts_from_json",
    "facts_to_json",
    "find_extractor",
    "is_readable",
    "parse_references",
    "place_facts",
]


_TEXT_LIMIT = 2_000_000
"""Characters; larger files are data or bundles."""
_LINE_LIMIT = 20_000
"""A longer line is the mark of minified or generated code."""

EXTRACTORS: dict[str, Extractor] = {
    "python": python,
    "typescript": typescript,
}

SUFFIXES: tuple[str, ...] = tuple(suffix for extractor in EXTRACTORS.values() for suffix in extractor.SUFFIXES)

FACTS_VERSION = "+".join(["facts-1", *(extractor.VERSION for extractor in EXTRACTORS.values())])
"""Key of the fact cache, with the blob id."""


def find_extractor(path: str) -> str:
    """The name in `EXTRACTORS` of the one that reads files of this suffix, or ``""``."""
    lower = path.lower()
    return next((name for name, extractor in EXTRACTORS.items() if lower.endswith(extractor.SUFFIXES)), "")


def is_readable(path: str) -> bool:
    """Whether some extractor knows the suffix; for any other file `extract_file` has no facts."""
    return path.lower().endswith(SUFFIXES)


def extract_file(source: SourceFile) -> FileFacts:
    """All facts of one file. Never raises for what the text holds: what was not read is in `skipped`."""
    name = find_extractor(source.path)
    if not name:
        return FileFacts(source.path, source.blob, ())
    why = ""
    if len(source.text) > _TEXT_LIMIT:
        why = f"larger than {_TEXT_LIMIT:,} characters"
    elif any(len(line) > _LINE_LIMIT for line in source.text.split("\n")):
        why = f"has a line of more than {_LINE_LIMIT:,} characters: minified or generated"
    if not why:
        try:
            return add_placed(EXTRACTORS[name].extract(source))
        except RecursionError:
            why = "nested too deeply to be read"
    return FileFacts(source.path, source.blob, (), (SkippedFile(source.path, why),))


def place_facts(facts: FileFacts, path: str) -> FileFacts | None:
    """Facts cached by blob, moved to `path`; None when that path's suffix asks for another reading.

    Two files with the same bytes share a blob, and some facts follow from the path (file-system routes).
    """
    if path == facts.path:
        return facts
    if path.lower().rpartition(".")[2] != facts.path.lower().rpartition(".")[2]:
        return None
    moved = tuple(replace(fact, path=path) for fact in facts.facts)
    skipped = tuple(SkippedFile(path, note.why) for note in facts.skipped)
    return add_placed(FileFacts(path, facts.blob, moved, skipped))
