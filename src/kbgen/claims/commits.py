"""Which words are commits: 7 to 64 hex digits that the text or the form says are one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbgen.claims.base import Found, KnownNames
from kbgen.claims.passages import Passage
from kbgen.patterns import lazy

_HEX = lazy(r"[0-9a-f]{7,64}\Z")
_SAID = lazy(
    r"\b(?:commits?|sha|revision|rev|hash|merged? (?:as|in)|cherry[- ]picked from|reverts?|fixed in|introduced in|"
    r"since)\b[\s:(\[]*(?:commits?\b[\s:]*)?\Z",
    re.IGNORECASE,
)
_OTHER = lazy(
    r"(?:sha(?:1|256|512)|md5|digest|checksum|uuid|colou?r|trace|span|session|request|container|image|etag|nonce|salt|key|"
    r"token)\w*(?:[\s-]?ids?\b)?[\s:=\-_`*(]*\Z",
    re.IGNORECASE,
)
_BARE = lazy(r"\b[Cc]ommits?[ :]+(?:\(?)([0-9a-f]{7,64})(?![\w-])")
_URL = lazy(r"https?://[^\s/]{1,200}/(?P<repo>[^\s]{1,200}?)/(?:-/)?commit/(?P<sha>[0-9a-f]{7,64})(?![0-9a-zA-Z])")


def find(passage: Passage, known: KnownNames) -> Iterator[Found]:
    if passage.form == "code":
        return
    for span in passage.spans:
        if span.form == "code":
            token = span.text.strip()
            if not is_commit_like(token):
                continue
            before = passage.text[max(0, span.start - 60) : span.start]
            if _OTHER.search(before):
                continue
            said = bool(_SAID.search(before)) or _is_commit_cell(passage)
            if said or (re.search("[0-9]", token) and re.search("[a-f]", token)):
                yield Found("commit", token, span.start, (("in", "code"), ("said", "yes" if said else "no")))
        elif span.form == "link":
            match = _URL.search(span.text)
            if match and len(span.text) < 600:
                yield Found(
                    "commit", match["sha"], span.start, (("in", "link"), ("said", "no"), ("repo", match["repo"]))
                )
        else:
            for match in _BARE.finditer(span.text):
                if re.search("[0-9]", match[1]) and is_commit_like(match[1]):
                    yield Found("commit", match[1], span.start + match.start(1), (("in", "prose"), ("said", "yes")))


def is_commit_like(token: str) -> bool:
    """7 to 40 hex digits, or the 64 of a SHA-256 repository; nothing in between."""
    return bool(_HEX.match(token)) and (len(token) <= 40 or len(token) == 64)


def _is_commit_cell(passage: Passage) -> bool:
    row = passage.row
    if row is None or row.column >= len(row.header):
        return False
    return bool(re.fullmatch(r"\W*(?:commits?|sha|hash|revision)\W*", row.header[row.column], re.IGNORECASE))
