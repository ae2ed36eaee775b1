"""A managed block put at a place that the caller has found, by the rules of `kbgen.splice`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kbgen.errors import KbgenError
from kbgen.splice import BOM, Block, Style, find_blocks, keep_edit, remove_block, replace_block
from kbgen.splice.scan import LINE_ENDING
from kbgen.splice.write import require_readable


class MergeError(KbgenError):
    """A file that our part cannot be put into without harm; the hint says what to add by hand."""

    slug = "merge"


@dataclass(frozen=True, slots=True)
class Manner:
    """How to deal with a file: `path` is for messages, the rest is what the user said about edited blocks."""

    path: str = ""
    force: bool = False
    """Overwrite an edited block."""
    keep_edits: bool = False
    """Keep the edit below the block. Markdown only: lines of a script or of YAML do not stand alone."""

    @property
    def where(self) -> str:
        return self.path or "<content>"


DEFAULT = Manner()


def put_block(
    content: bytes,
    name: str,
    text: str,
    find_place: Callable[[], int],
    *,
    style: Style,
    manner: Manner,
    indent: str = "",
) -> bytes:
    """`content` with the block holding `text`: where it is already, or else at the place found.

    `find_place` gives the offset of a line's start, or the end of the file; the block goes right behind the last
    line in front of it that is not blank. `indent` is for the marker lines of a new or changed block.
    Raises what `replace_block` raises.
    """
    block = find_block(content, name, style, manner)
    if block is not None:
        if manner.keep_edits and style == "html" and block.edited:
            return keep_edit(content, name, text, path=manner.path)
        result = replace_block(content, name, text, style=style, force=manner.force, path=manner.path)
    else:
        at = find_place()
        head, tail = content[:at], content[at:]
        # An empty head has no kind of line ending: it borrows one of the rest.
        ending = LINE_ENDING.search(tail) if not head.removeprefix(BOM).strip() else None
        seed = ending[0] if ending else b""
        result = replace_block(head + seed, name, text, style=style, path=manner.path)
        result = result[: len(result) - len(seed)] + tail
        require_readable(result, name, style, manner.path)
    return _indent_markers(result, name, style, indent, manner) if indent and result != content else result


def find_block(content: bytes, name: str, style: Style, manner: Manner) -> Block | None:
    return next((block for block in find_blocks(content, style, path=manner.path) if block.name == name), None)


def drop_block(content: bytes, name: str, style: Style, manner: Manner) -> bytes | None:
    """`content` without a block that says nothing any more; None when there is none to take out."""
    if find_block(content, name, style, manner) is None:
        return None
    return remove_block(content, name, style=style, force=manner.force, path=manner.path)


def read_own(content: bytes, name: str, style: Style, manner: Manner) -> bytes:
    """What the file says without our block, whoever edited that."""
    return remove_block(content, name, style=style, force=True, path=manner.path)


def _indent_markers(content: bytes, name: str, style: Style, indent: str, manner: Manner) -> bytes:
    block = next(b for b in find_blocks(content, style, path=manner.path) if b.name == name)
    lines = content[block.start : block.end]
    ends = [ending.end() for ending in LINE_ENDING.finditer(lines)]
    first, last = lines[: ends[0]], lines[ends[-1] :]
    return b"".join(
        (
            content[: block.start],
            indent.encode() + first.lstrip(b" \t"),
            lines[ends[0] : ends[-1]],
            indent.encode() + last.lstrip(b" \t"),
            content[block.end :],
        )
    )
