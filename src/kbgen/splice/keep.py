"""A person's edit of a block kept as a curated addition below it."""

from __future__ import annotations

from kbgen.splice.edits import DELIMITER_ROW, FENCE, Style, closes_fence, normalise
from kbgen.splice.scan import ATX_HEADING, find_blocks
from kbgen.splice.write import clean_text, fill_block, get_newline_at, replace_block, require_readable


def keep_edit(
    content: bytes, name: str, text: str, *, written: str | None = None, style: Style = "html", path: str = ""
) -> bytes:
    """`content` with the block holding `text`, and a person's edit kept right below it as their own text.

    The lines that differ from what kbgen wrote go under a marker line ``<!-- kbgen:keep NAME -->``: from
    there on they are a curated addition that kbgen never touches. A table row takes its table's
    head along, a line in a code fence the whole fence, and every run of lines the heading it stood under.
    `written` is what kbgen wrote last, where the caller has it (from the last commit of the file);
    without it the edit is compared with `text`. Lines that the person deleted come back.
    """
    text = clean_text(name, text, style, path)
    block = next((b for b in find_blocks(content, style, path=path) if b.name == name), None)
    if block is None or not block.edited:
        return replace_block(content, name, text, style=style, path=path)
    kept = _find_edited_lines(block.text, (text, written) if written is not None else (text,), style)
    result = fill_block(content, block, text, style)
    if kept:
        end = next(b.end for b in find_blocks(result, style, path=path) if b.name == name)
        newline = get_newline_at(content, block.start)
        marker = f"<!-- kbgen:keep {name} -->" if style == "html" else f"# kbgen:keep {name}"
        lines = ["", "", marker, "", *kept] if style == "html" else ["", marker, *kept]
        addition = newline.join(line.encode() for line in lines)
        result = result[:end] + addition + result[end:]
    require_readable(result, name, style, path)
    return result


def _find_edited_lines(edited: str, ours: tuple[str, ...], style: Style) -> list[str]:
    """Lines of `edited` that none of `ours` has, each run with what it needs to stand alone."""
    lines = edited.split("\n")
    known = {key for text in ours for key in _line_keys(text, style)}
    keys = _line_keys(edited, style)
    fences = _find_fences(lines) if style == "html" else {}
    result: list[str] = []
    last_heading = last_head = last_fence = -1
    previous = -1
    for index, line in enumerate(lines):
        if not line.strip() or keys[index] in known or index <= last_fence:
            continue
        if result and index != previous + 1:
            result.append("")
        if style == "html":
            heading = next((i for i in range(index, -1, -1) if ATX_HEADING.match(lines[i]) and i not in fences), -1)
            if heading >= 0 and heading != index and heading != last_heading:
                result += [lines[heading], ""]
            last_heading = heading
            head = _find_table_head(lines, index)
            if head >= 0 and head != last_head:
                result += lines[head : min(head + 2, index)]
            last_head = head
        if index in fences:
            first, last_fence = fences[index]
            result += lines[first : last_fence + 1]
            previous = last_fence
        else:
            result.append(line)
            previous = index
    return result


def _line_keys(text: str, style: Style) -> list[str]:
    return [normalise(line, style).lstrip("0123456789") for line in text.split("\n")]


def _find_fences(lines: list[str]) -> dict[int, tuple[int, int]]:
    """Index of each line of a fence -> first and last index of that fence."""
    result: dict[int, tuple[int, int]] = {}
    first, fence = -1, ""
    for index, line in enumerate(lines):
        opening = None if fence else FENCE.match(line.strip())
        if opening:
            first, fence = index, opening[1]
        elif fence and closes_fence(line.strip(), fence):
            result.update(dict.fromkeys(range(first, index + 1), (first, index)))
            fence = ""
    return result


def _find_table_head(lines: list[str], index: int) -> int:
    """Index of the head row of the table that line `index` stands in; -1 when it is no table row."""
    first = index
    while first >= 0 and lines[first].lstrip().startswith("|"):
        first -= 1
    first += 1
    is_table = first < index and first + 1 < len(lines) and DELIMITER_ROW.match(lines[first + 1].strip())
    return first if is_table else -1
