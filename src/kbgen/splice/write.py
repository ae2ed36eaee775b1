"""A block put into a file, replaced in it or taken out of it, with every other byte as it was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from kbgen.errors import BlockError, EditedBlockError
from kbgen.splice.edits import Style, compute_checksum, find_code_spans, normalise
from kbgen.splice.scan import (
    BOM,
    LINE_ENDING,
    NAME,
    Block,
    Scan,
    find_blocks,
    plain_title,
    scan_file,
    split_lines,
    walk_lines,
)

_ANY_MARKER = {
    "html": re.compile(r"<!--\s*kbgen:"),
    "hash": re.compile(r"#\s*kbgen:"),
}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a block goes that a file does not have yet.

    ``after-section`` is behind the section (with its subsections) of the first heading found whose title
    is one of `headings`; ``before-heading`` is in front of that heading. Titles are compared without
    case, emphasis and closing ``#``. With no such heading `otherwise` decides; None means end of file.
    """

    kind: Literal["end", "after-section", "before-heading"]
    headings: tuple[str, ...] = ()
    otherwise: Placement | None = None


END_OF_FILE = Placement("end")


def replace_block(
    content: bytes,
    name: str,
    text: str,
    *,
    style: Style = "html",
    place: Placement = END_OF_FILE,
    force: bool = False,
    path: str = "",
) -> bytes:
    """`content` with the block's text replaced, or the block put at `place` when there is none yet.

    Every byte outside the block stays, with the file's kind of line ending, its byte order mark and a
    missing final newline. The same text gives the same bytes; a block that only a formatter
    changed is left as the formatter wrote it.
    Raises EditedBlockError for a hand-edited block unless `force`, BlockError for malformed blocks and
    for text that a marker or an open code fence would tear, StoryFileError for content that is no text.
    """
    text = clean_text(name, text, style, path)
    scan = scan_file(content, style, path)
    block = next((b for b in scan.blocks if b.name == name), None)
    if block is None:
        result = _insert(content, scan, name, text, style, place)
    elif normalise(block.text, style) == normalise(text, style):
        if not block.edited:
            return content
        # The words are ours, only the checksum is off (a merge, an undone edit): mend it.
        result = fill_block(content, block, block.text, style)
    elif block.edited and not force:
        raise edited_error(block, path)
    else:
        result = fill_block(content, block, text, style)
    require_readable(result, name, style, path)
    return result


def remove_block(content: bytes, name: str, *, style: Style = "html", force: bool = False, path: str = "") -> bytes:
    """`content` without the block and without the blank line that came with it; unchanged if there is none.

    After an insertion by `replace_block` this restores the bytes there were before.
    """
    block = next((b for b in find_blocks(content, style, path=path) if b.name == name), None)
    if block is None:
        return content
    if block.edited and not force:
        raise edited_error(block, path)
    before, after = content[: block.start], content[block.end :]
    if not after and before:
        # No final newline: the one that ends the line before the block came with the block.
        shorter = _drop_last_ending(before)
        return _drop_last_ending(shorter) if _ends_with_blank_line(before) else shorter
    ending = LINE_ENDING.match(after)
    after = after[ending.end() :] if ending else after
    return (_drop_last_ending(before) if _ends_with_blank_line(before) else before) + after


def edited_error(block: Block, path: str) -> EditedBlockError:
    """The one message about a hand-edited block, for every caller that refuses one."""
    return EditedBlockError(
        f"{path or '<content>'}:{block.line}: the managed block {block.name} was edited by hand",
        "--force overwrites the edit; --keep moves it below the block, where it is yours",
    )


def clean_text(name: str, text: str, style: Style, path: str) -> str:
    where = path or "<content>"
    if not re.fullmatch(NAME, name):
        raise BlockError(f"{where}: {name!r} cannot name a managed block")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(text.split("\n"), start=1):
        # In a code span a marker is words about a marker.
        spans = find_code_spans(line) if style == "html" and "kbgen:" in line else []
        if any(not any(a < m.start() < b for a, b in spans) for m in _ANY_MARKER[style].finditer(line)):
            raise BlockError(f"{where}: line {number} of the text for block {name} holds a marker of kbgen's own")
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise BlockError(f"{where}: the text for block {name} holds characters that no text file can")
    lines = text.split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(lines)


def _markup(name: str, text: str, style: Style) -> tuple[str, list[str], str]:
    """Begin marker, the lines between, end marker."""
    checksum = compute_checksum(text, style)
    lines = text.split("\n") if text else []
    if style == "hash":
        return f"# kbgen:begin {name}", lines, f"# kbgen:end {name} sha256:{checksum}"
    between = ["", *lines, ""] if lines else [""]
    return f"<!-- kbgen:begin {name} -->", between, f"<!-- kbgen:end {name} sha256:{checksum} -->"


def fill_block(content: bytes, block: Block, text: str, style: Style) -> bytes:
    """The block's text and end marker anew; its begin marker's line, whatever its spelling, stays."""
    newline = get_newline_at(content, block.start)
    first = LINE_ENDING.search(content, block.start)
    opening = content[block.start : first.start()] if first else b""
    _, between, end = _markup(block.name, text, style)
    body = newline.join(line.encode() for line in (*between, end))
    return content[: block.start] + opening + newline + body + content[block.end :]


def _insert(content: bytes, scan: Scan, name: str, text: str, style: Style, place: Placement) -> bytes:
    at = _find_place(content, scan, place)
    newline = _find_newline(content)
    begin, between, end = _markup(name, text, style)
    body = newline.join(line.encode() for line in (begin, *between, end))
    before, after = content[:at], content[at:]
    if not before.removeprefix(BOM):
        return before + body + newline + after
    if not before.endswith((b"\n", b"\r")):
        return before + newline * 2 + body
    # A lone carriage return in front would make one line ending of itself and ours.
    blank = b"\r\n" if before.endswith(b"\r") and newline == b"\n" else newline
    return before + blank + body + newline + after


def _find_place(content: bytes, scan: Scan, place: Placement | None) -> int:
    """Offset right behind the last line that is not blank in front of the place.

    Blank lines that stand there already then come after the block, so that taking the block and one
    blank line out restores the file.
    """
    at = len(content)
    while place is not None:
        wanted = {plain_title(title) for title in place.headings}
        index = next((i for i, h in enumerate(scan.headings) if h.title in wanted), None)
        if index is not None and place.kind == "before-heading":
            at = scan.headings[index].start
            break
        if index is not None and place.kind == "after-section":
            level = scan.headings[index].level
            at = next((h.start for h in scan.headings[index + 1 :] if h.level <= level), len(content))
            break
        place = place.otherwise
    front = len(BOM) if content.startswith(BOM) else 0
    last = len(content[front:at].rstrip(b" \t\r\n\x0b\x0c"))
    if not last:
        return front
    ending = LINE_ENDING.search(content, front + last)
    return ending.end() if ending and ending.end() <= at else at


def _find_newline(content: bytes) -> bytes:
    """The file's own kind of line ending, by majority; a single carriage return only where nothing else is."""
    crlf = content.count(b"\r\n")
    newlines = content.count(b"\n")
    if not newlines:
        return b"\r" if b"\r" in content else b"\n"
    return b"\r\n" if crlf * 2 > newlines else b"\n"


def get_newline_at(content: bytes, offset: int) -> bytes:
    ending = LINE_ENDING.search(content, offset)
    return ending[0] if ending else b"\n"


def _ends_with_blank_line(content: bytes) -> bool:
    shorter = _drop_last_ending(content)
    return shorter != content and shorter.endswith((b"\n", b"\r"))


def _drop_last_ending(content: bytes) -> bytes:
    for ending in (b"\r\n", b"\n", b"\r"):
        if content.endswith(ending):
            return content[: -len(ending)]
    return content


def require_readable(result: bytes, name: str, style: Style, path: str) -> None:
    """What was written must be found again: an open fence, in the file or in the text, would swallow it."""
    try:
        found = next((b for b in find_blocks(result, style, path=path) if b.name == name), None)
    except BlockError:
        found = None
    if found is not None and not found.edited:
        return
    opened = 0
    for line, is_text in walk_lines(split_lines(result, path)):
        opened = 0 if is_text else opened or line.number
    raise BlockError(
        f"{path or '<content>'}:{opened or 1}: a code fence or <pre> that opens here is never closed; "
        f"managed block {name} cannot be written below it",
        "close it, or put the text that follows it elsewhere",
    )
