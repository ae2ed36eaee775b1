"""What a commit's message says of its own nature: its conventional type, its trailers, whether it answers a review.

The header grammar is Conventional Commits 1.0 (https://www.conventionalcommits.org), read without regard to case;
trailers are git's (`git interpret-trailers`), read anywhere in the body because people put them there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kbgen.patterns import lazy

_HEADER = lazy(r"^\s*(?P<type>[A-Za-z]{2,12})(?:\((?P<scope>[^()\n]{0,80})\))?!?:\s+\S")
_TYPES = frozenset(
    "feat feature fix bugfix hotfix docs doc chore refactor perf test tests style build ci revert wip".split()
)
_ALIASES = {"feature": "feat", "bugfix": "fix", "hotfix": "fix", "doc": "docs", "tests": "test"}

# A later commit that answers a review or mends a fault says so with one of these.
_REVIEW = lazy(
    r"\b(?:code[- ]?reviews?|review(?:s|er|ers|ed)?|feedback|findings?|nits?|nitpicks?|coderabbit|reviewdog|sonar\w*|"
    r"retro(?:spective)? (?:items?|recommendations?|findings?|action|todos?)|follow-?ups?)\b",
    re.IGNORECASE,
)
# What a feature has to say instead: a product may have reviews, feedback and follow-ups of its own.
_REVIEW_OF_WORK = lazy(
    r"\breview(?:er)?s?'? (?:feedback|findings?|comments?|remarks?|nits?|nitpicks?|fix(?:es)?|recommendations?|"
    r"suggestions?|items?|issues?|concerns?|improvements?|points?|follow-?ups?|todos?)\b|"
    r"\b(?:from|after|per) (?:\w+ ){0,2}review(?:s|er|ers)?\b|\b(?:coderabbit|reviewdog)\b|"
    r"\bretro(?:spective)? (?:items?|recommendations?|findings?|action|todos?)\b",
    re.IGNORECASE,
)
_BUILDS = lazy(r"^\s*(?:add|build|create|enable|implement|introduce|provide|wire)(?:s|ed)?\b", re.IGNORECASE)
# Work on what is there already; a feature may harden too, as its own story.
_HARDENS = lazy(r"\bharden(?:s|ed|ing)?\b", re.IGNORECASE)
_FIX = lazy(
    r"^\s*(?:\w+(?:\([^)]*\))?!?:\s+)?(?:(?:hot|bug)?fix(?:e[sd])?|resolves?d?|address(?:es|ed)?|corrects?|repairs?|mends?)\b",
    re.IGNORECASE,
)
_REVIEW_BODY = lazy(
    r"\b(?:code[- ]review|review (?:feedback|findings?|comments?|remarks?|fix(?:es)?|recommendations?|items?)|"
    r"(?:from|in|after|during|by) (?:the |a )?review(?:er)?)\b",
    re.IGNORECASE,
)
_STATUS = lazy(
    r"^\s*(?:\w+(?:\([^)]*\))?!?:\s+)?"
    r"(?:mark|update[sd]? (?:sprint|status)|close[sd]? (?:(?:out|the) )*(?:stor(?:y|ies)|epics?|sprint|[A-Z]+-\d)|"
    r"complete[sd]? (?:epic|retro)|draft|plan)\b",
    re.IGNORECASE,
)
# "Revert …" undoes, "Reapply …" and the revert of a revert do again; "Revert to …" says what is built instead.
_UNDO = lazy(
    r"""\s*["'“]?(?:(?P<undo>revert(?:s|ed|ing)?)|reapply|re-?land)\b(?!\s+to\b)(?:\([^()]*\))?!?:?""", re.IGNORECASE
)
_TRAILER = lazy(r"^\s*(?P<key>[A-Za-z][A-Za-z-]{1,30})\s*:\s*(?P<value>\S.*)$")
_WORK_TRAILERS = frozenset(
    [
        "story",
        "stories",
        "implements",
        "implement",
        "ticket",
        "issue",
        "task",
        "closes",
        "close",
        "fixes",
        "resolves",
        "work-item",
        "story-id",
    ]
)
_REVERTED = lazy(r"This reverts commit ([0-9a-f]{7,64})")
_PICKED = lazy(r"\(cherry picked from commit ([0-9a-f]{7,64})\)")


@dataclass(frozen=True, slots=True)
class Message:
    """One commit message taken apart. Offsets of `scope` are into the subject; -1 when there is none."""

    subject: str
    body: str
    type: str
    """``feat``, ``fix``, ``docs`` …; empty when the subject has no conventional header."""
    scope: str
    scope_start: int
    trailers: tuple[tuple[str, str], ...]
    """(key in lower case, value) of the lines that declare what the commit works on."""
    reverts: tuple[str, ...]
    picked_from: tuple[str, ...]

    @property
    def answers_review(self) -> bool:
        """The subject speaks of a review, or the body says that the commit answers one; a feature's body may not."""
        return self.is_about_review or (self.type != "feat" and bool(_REVIEW_BODY.search(self.body[:2000])))

    @property
    def is_about_review(self) -> bool:
        """The subject itself speaks of a review: that is what the whole commit is."""
        builds = self.type == "feat" or (not self.type and _BUILDS.match(self.subject))
        return bool((_REVIEW_OF_WORK if builds else _REVIEW).search(self.subject))

    @property
    def hardens(self) -> bool:
        """The commit makes sturdier what is there already."""
        return self.type != "feat" and bool(_HARDENS.search(self.subject))

    @property
    def mends(self) -> bool:
        """The commit fixes something: by its type, or by the subject's verb."""
        mending = ("", "refactor", "style", "perf", "test")
        return self.type == "fix" or (self.type in mending and bool(_FIX.match(self.subject)))

    @property
    def follows_up(self) -> bool:
        """The commit is the kind that comes after the work: a fix, an answer to a review, a hardening."""
        return not self.is_feature and (self.mends or self.answers_review or self.hardens)

    @property
    def is_feature(self) -> bool:
        return self.type == "feat" and not self.is_about_review

    @property
    def keeps_books(self) -> bool:
        """Status changes, plans and documents about the work, not the work."""
        return self.type == "docs" or (self.type in ("", "chore", "wip") and bool(_STATUS.match(self.subject)))

    @property
    def undoes(self) -> bool:
        """The subject begins with Revert; the revert of a revert undoes nothing."""
        undone, at = False, 0
        while found := _UNDO.match(self.subject, at):
            undone ^= found["undo"] is not None
            at = found.end()
        return undone


def read_message(message: str) -> Message:
    """Take a commit message apart. Only the first 20,000 characters of a body are read."""
    subject, _, body = message.partition("\n")
    body = body[:20_000]
    header = _HEADER.match(subject)
    kind = header["type"].lower() if header else ""
    if kind not in _TYPES:
        kind = ""
    trailers = []
    for line in body.split("\n"):
        found = _TRAILER.match(line[:400])
        if found and found["key"].lower() in _WORK_TRAILERS:
            trailers.append((found["key"].lower(), found["value"].strip()))
    return Message(
        subject=subject.strip(),
        body=body.strip("\n"),
        type=_ALIASES.get(kind, kind),
        scope=(header["scope"] or "") if header else "",
        scope_start=header.start("scope") if header and header["scope"] else -1,
        trailers=tuple(trailers),
        reverts=tuple(_REVERTED.findall(body)),
        picked_from=tuple(_PICKED.findall(body)),
    )
