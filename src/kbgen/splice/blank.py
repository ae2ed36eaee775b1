"""A text without what kbgen wrote into it: no page may take another page, or itself, for a source."""

from __future__ import annotations

from kbgen.patterns import lazy

MARKER = b"kbgen:begin"
"""In every file that has a managed block."""
_MARKER = MARKER.decode()
_BLOCK = lazy(
    r"(?ms)^[ \t]*(?P<sign><!--|#)[ \t]*kbgen:begin[ \t]+(?P<name>[\w.-]+)[^\n]*\n"
    r".*?^[ \t]*(?P=sign)[ \t]*kbgen:end[ \t]+(?P=name)\b[^\n]*$"
)


def blank_blocks(text: str) -> str:
    """The text with every managed block emptied; lines keep their numbers."""
    return _BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text) if _MARKER in text else text
