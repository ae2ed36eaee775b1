"""Other documents of the project on the subject of a page: linked, and what they say checked, not written again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kbgen.model import Judgement

TEMPLATE = "part_related.md.j2"
MOST_REFUTED = 5


@dataclass(frozen=True, slots=True)
class RelatedRow:
    title: str
    link: str
    heading: str
    """The section that is on the subject; empty when all of the document is."""
    checked: int
    """Statements that hold or are refuted."""
    holds: int
    refuted: tuple[str, ...]
    """What code and history do not bear out, as the document names it."""
    more: int


@dataclass(frozen=True, slots=True)
class RelatedPage:
    """The names that ``part_related.md.j2`` may use."""

    documents: tuple[RelatedRow, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of the statements of a document that can be checked."""

    holds: int = 0
    others: int = 0
    refuted: tuple[str, ...] = ()
    """Each name once, in the order of lines."""


def count(judgements: Iterable[Judgement]) -> Checked:
    decided = [j for j in judgements if j.verdict in ("holds", "refuted", "moved")]
    refuted = [j.claim.value for j in decided if j.verdict != "holds"]
    return Checked(len(decided) - len(refuted), len(refuted), tuple(dict.fromkeys(refuted)))


def make_row(title: str, link: str, heading: str, checked: Checked) -> RelatedRow:
    return RelatedRow(
        title,
        link,
        heading,
        checked.holds + checked.others,
        checked.holds,
        checked.refuted[:MOST_REFUTED],
        max(len(checked.refuted) - MOST_REFUTED, 0),
    )
