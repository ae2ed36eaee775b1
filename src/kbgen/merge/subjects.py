"""Whether a title is about a subject, by its words: ``WebSockets``, ``web-socket`` and ``Web Socket`` are one word."""

from __future__ import annotations

from collections.abc import Sequence

from kbgen.patterns import lazy

Subject = tuple[tuple[str, ...], ...]
"""Each of these, in one of its spellings: ``(("websocket", "socket.io"), ("security", "hardening"))``."""

EDGE = "|"
"""Stands between folded words of two texts, so that no phrase reaches over."""
_WORD = lazy(r"[^\W_]+")
_MARKS = lazy(r"[`*]+|<!--.*?-->|\]\([^()]*\)")
_CAMEL = lazy(r"(?<=[a-z0-9])(?=[A-Z][a-z])")
_NO_PLURAL = ("ss", "us", "is", "os")


def fold_words(text: str) -> tuple[str, ...]:
    """The words of a title or path in small letters and in the singular; links and comments give their text only."""
    spaced = _CAMEL.sub(" ", _MARKS.sub(" ", text))
    return tuple(_fold_plural(word.casefold()) for word in _WORD.findall(spaced))


def has_phrase(words: Sequence[str], phrase: str) -> bool:
    """Whether folded `words` hold the words of `phrase` in a row, however they are joined or parted."""
    wanted = "".join(fold_words(phrase))
    if not wanted:
        return False
    for start in range(len(words)):
        joined = ""
        for word in words[start:]:
            joined += word
            if not wanted.startswith(joined):
                break
            if len(joined) == len(wanted):
                return True
    return False


def covers(words: Sequence[str], subject: Subject) -> bool:
    """Whether folded `words` name every part of the subject."""
    return bool(subject) and all(any(has_phrase(words, spelling) for spelling in part) for part in subject)


def _fold_plural(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(_NO_PLURAL):
        return word[:-1]
    return word
