"""Who owns a path, by CODEOWNERS.

Format: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
The last matching pattern wins; patterns are gitignore's without ``!``, ``[ ]`` and ``\\#``.
"""

from __future__ import annotations

import re
from functools import lru_cache

CODEOWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks, in order; the first file found counts."""

_WORD = re.compile(r"(?:[^\s\\]|\\.)+")
"""A blank inside a pattern is written with a backslash before it."""
_PIECE = re.compile(r"(/\*\*/|^\*\*/|/\*\*$|\*+|\?|\\.)")
_PIECES = {"/**/": "/(?:.+/)?", "**/": "(?:.+/)?", "/**": "/.+", "?": "[^/]"}


def find_owners(codeowners: str, path: str) -> tuple[str, ...]:
    """The owners of `path`, in the file's order; () when no pattern matches or the last one names nobody."""
    owners: tuple[str, ...] = ()
    for line in codeowners.removeprefix("\ufeff").splitlines():
        words = _WORD.findall(re.split(r"(?:^|\s)#", line, maxsplit=1)[0])
        if words and _compile(words[0]).fullmatch(path):
            owners = tuple(words[1:])
    return owners


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> re.Pattern[str]:
    """As gitignore(5) reads it: anchored by a slash at the start or in the middle, a folder by one at the end."""
    body = pattern.strip("/")
    anchored = "/" in pattern.rstrip("/")
    parts = [_translate(piece) for piece in _PIECE.split(body)]
    head = "" if anchored else "(?:.*/)?"
    if pattern.endswith("/"):
        tail = "/.*"
    elif anchored and body.endswith("*"):
        # `docs/*` owns the files right below docs and no deeper ones.
        tail = ""
    else:
        tail = "(?:/.*)?"
    return re.compile(f"{head}{''.join(parts)}{tail}", re.DOTALL)


def _translate(piece: str) -> str:
    if piece in _PIECES:
        return _PIECES[piece]
    if piece.startswith("*"):
        return "[^/]*"
    return re.escape(piece[1:] if piece.startswith("\\") else piece)
