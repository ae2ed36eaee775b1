"""Short ways for the tests to parse a text and say what came out."""

from __future__ import annotations

from kbgen.ids import Grammar
from kbgen.model import StoryDocument
from kbgen.stories import DocumentKind, ParsedDocument, classify_document, parse_document

GRAMMAR = Grammar()


def parse(text: str, path: str = "docs/stories/1-2-x.md", kind: DocumentKind | None = None) -> ParsedDocument:
    return parse_document(path, "b10b", text, kind or classify_document(path), GRAMMAR)


def read_story(text: str, path: str = "docs/stories/1-2-x.md") -> StoryDocument:
    (story,) = parse(text, path).stories
    return story


def plan_of(body: str) -> dict[str, str]:
    """Path -> intent of a story file with this body."""
    return {one.path: one.intent for one in read_story("# Story 1.2: X\n\n" + body).planned}
