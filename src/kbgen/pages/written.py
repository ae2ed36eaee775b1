"""What is known of pages besides their text: what they rest on, and what the page that lists them is told."""

from __future__ import annotations

from dataclasses import dataclass

PICTURE, FINDINGS = "picture", "findings"
"""Kinds of written pages that are no pack's."""
HEADINGS, COMMENTS = "*headings", "*comments"
"""Stand for those of all files where a page notes which files it has read; no path has a ``*``."""


@dataclass(frozen=True, slots=True)
class WrittenPage:
    path: str
    title: str
    kind: str
    """As the page's front matter has it, or one of the above."""
