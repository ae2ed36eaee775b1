"""Text as lines for the extractors that read no grammar: numbered as editors count them, none too long."""

from __future__ import annotations

from kbgen.model import SkippedFile, SourceFile

LINE_LIMIT = 2_000
"""Characters of a line that are looked at: nobody writes more into a file that is read by lines."""


def read_lines(source: SourceFile) -> tuple[list[str], tuple[SkippedFile, ...]]:
    """The lines without their ends, and a note when some were cut."""
    lines = source.text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    too_long = sum(len(line) > LINE_LIMIT for line in lines)
    if not too_long:
        return lines, ()
    why = f"lines of more than {LINE_LIMIT:,} characters are cut: {too_long}"
    return [line[:LINE_LIMIT] for line in lines], (SkippedFile(source.path, why),)
