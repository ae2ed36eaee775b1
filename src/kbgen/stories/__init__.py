"""Which stories a repository plans: story files, epics, tech specs and sprint status, read and joined.

Pure functions of text: a caller lists the paths (`discover`), hands each text over
(`parse_document`) and joins the results (`join_stories`). Nothing here opens a file.
"""

from __future__ import annotations

from kbgen.ids import Grammar
from kbgen.model import PlannedFile
from kbgen.stories.book import StoryBook, join_stories
from kbgen.stories.classify import classify_document, discover, is_planning
from kbgen.stories.document import PARSER_VERSION, DocumentKind, ParsedDocument

__all__ = [
    "PARSER_VERSION",
    "DocumentKind",
    "ParsedDocument",
    "StoryBook",
    "classify_document",
    "discover",
    "find_claimed_files",
    "is_planning",
    "join_stories",
    "parse_document",
]

# The readers' patterns take longer to compile than a run takes that finds every document kept from
# before: they are imported by the first text that has to be read.


def parse_document(path: str, blob: str, text: str, kind: DocumentKind, grammar: Grammar) -> ParsedDocument:
    """Read one planning document. Never raises on its text: what could not be read is in `problems`."""
    from kbgen.stories import parse

    return parse.parse_document(path, blob, text, kind, grammar)


def find_claimed_files(path: str, blob: str, text: str) -> tuple[PlannedFile, ...]:
    """The files that a story file's records (File List, Files Created …) say were made: claims for others to test."""
    from kbgen.stories import parse

    return parse.find_claimed_files(path, blob, text)
