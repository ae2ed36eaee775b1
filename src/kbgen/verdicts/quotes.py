"""Quotations in kbgen's own blocks: the source that is named has the words."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from kbgen.model import Claim, Judgement
from kbgen.patterns import lazy
from kbgen.verdicts.base import EvidenceSource, attr


def resolve(claims: Sequence[Claim], source: EvidenceSource) -> Iterator[Judgement]:
    for claim in claims:
        yield judge_quote(claim, source)


def judge_quote(claim: Claim, source: EvidenceSource) -> Judgement:
    """A quotation, or a name within one: its source has the words."""
    named = attr(claim, "source") or "story"
    texts = source.read_texts(named, claim.file)
    words = tuple(filter(None, map(fold_words, _PIECE.split(_unescape(claim.value)))))
    if any(_has(text, words) for text in texts):
        return Judgement(claim, "holds")
    # Notes quote what was written then: the file may have changed or gone since.
    for text in source.read_past_texts(named):
        if _has(text, words):
            return Judgement(claim, "holds", (), "in an earlier version of the source")
    if not texts:
        return Judgement(claim, "refuted", (), f"the source {named} cannot be read")
    return Judgement(claim, "refuted", (), f"{named} does not have these words")


def _has(text: str, pieces: Sequence[str]) -> bool:
    """Every piece, in their order: a quoted list leaves out what stands below its items."""
    folded, position = f" {fold_words(text)} ", 0
    for piece in pieces:
        place = folded.find(piece, position)
        if place < 0:
            return False
        position = place + len(piece)
    return True


_PIECE = lazy(r"[:;]\s")
_NUMBER = lazy(r"^[ \t>*#/]*\d{1,3}[.)](?=\s)", re.MULTILINE)
_WORD = lazy(r"[^\W_]+")
_ESCAPE = lazy(r"\\([!-/:-@\[-`{-~])")


@lru_cache(maxsize=64)
def fold_words(text: str) -> str:
    """Letters and digits only, one blank between words: markup, list numbers, folding and escapes do not count."""
    return " ".join(word.lower() for word in _WORD.findall(_NUMBER.sub("", html.unescape(text))))


def _unescape(text: str) -> str:
    return _ESCAPE.sub(r"\1", html.unescape(text)).removesuffix("…")
