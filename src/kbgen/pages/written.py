"""What the page that lists all documents is told of the others."""

from __future__ import annotations

from dataclasses import dataclass

PICTURE, FINDINGS = "picture", "findings"
"""Kinds of written pages that are no pack's."""


@dataclass(frozen=True, slots=True)
class WrittenPage:
    path: str
    title: str
    kind: str
    """As the page's front matter has it, or one of the above."""
