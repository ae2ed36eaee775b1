"""What is in a file: its managed blocks and headings, told apart from what code and HTML only show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.errors import BlockError, StoryFileError
from kbgen.splice.edits import FENCE, RULE, Style, closes_fence, compute_checksum

BOM = b"\xef\xbb\xbf"
NAME = r"[A-Za-z0-9][A-Za-z0-9._:/-]*"
LINE_ENDING = re.compile(rb"\r\n|\n|\r")
ATX_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_MARKER = {
    "html": re.compile(rf" {{0,3}}<!--\s*kbgen:(begin|end)\s+({NAME})(?:\s+sha256:([0-9a-f]+))?\s*-->\s*$"),
    "hash": re.compile(rf"\s*#\s*kbgen:(begin|end)\s+({NAME})(?:\s+sha256:([0-9a-f]+))?\s*$"),
}
_GARBLED = {
    "html": re.compile(r" {0,3}<!--\s*kbgen:(?:begin|end)\b"),
    "hash": re.compile(r"\s*#\s*kbgen:(?:begin|end)\b"),
}
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_HTML_OPEN = re.compile(
    r" {0,3}</?(?:address|article|aside|blockquote|body|center|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|"
    r"figure|footer|form|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|nav|ol|optgroup|option|p|param|section|"
    r"summary|table|tbody|td|tfoot|th|thead|title|tr|ul)(?:[\s>]|/>|$)",
    re.IGNORECASE,
)
_RAW_OPEN = re.compile(r" {0,3}<(?:pre|script|style|textarea)(?:[\s>]|$)", re.IGNORECASE)
_RAW_CLOSE = re.compile(r"</(?:pre|script|style|textarea)>", re.IGNORECASE)
_LIST_ITEM = re.compile(r"(\s*)(?:[-+*]|\d{1,9}[.)])(\s+|$)")


@dataclass(frozen=True, slots=True)
class Block:
    """A managed block as found in a file."""

    name: str
    start: int
    """Offset of the first byte of the begin marker's line."""
    end: int
    """Offset just past the end marker's line, its line ending left out."""
    text: str
    """Between the markers, line endings as ``\\n``, blank lines at both ends left out."""
    checksum: str
    """Hex digits of the end marker; empty when a person took them out."""
    edited: bool
    """The text is not what the checksum was taken of."""
    line: int
    """Of the begin marker."""


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    title: str
    start: int


@dataclass(frozen=True, slots=True)
class Scan:
    blocks: tuple[Block, ...]
    headings: tuple[Heading, ...]
    """Outside blocks only."""


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    start: int
    end: int
    """Without the line ending."""
    text: str


def find_blocks(content: bytes, style: Style = "html", *, path: str = "") -> tuple[Block, ...]:
    """All managed blocks, in order. Markers inside code fences and ``<pre>`` are text.

    `path` is for messages only. Raises BlockError (duplicated, unclosed, nested, mismatched or garbled
    markers) and StoryFileError (content that is no UTF-8 text).
    """
    if b"kbgen:" not in content:
        _decode(content, path)
        return ()
    return scan_file(content, style, path).blocks


def scan_file(content: bytes, style: Style, path: str) -> Scan:
    lines = split_lines(content, path)
    blocks: list[Block] = []
    headings: list[Heading] = []
    opened: tuple[Line, str] | None = None
    seen: dict[str, int] = {}
    where = path or "<content>"
    last: Line | None = None
    for line, is_text in walk_lines(lines) if style == "html" else ((line, True) for line in lines):
        paragraph, last = last, None
        if not is_text:
            continue
        if "kbgen:" in line.text and _GARBLED[style].match(line.text):
            marker = _MARKER[style].match(line.text)
            if marker is None or (marker[1] == "begin" and marker[3]):
                raise BlockError(
                    f"{where}:{line.number}: this managed block marker is garbled: {line.text.strip()[:80]!r}",
                    "a marker stands alone on its line; restore it from the file's last commit",
                )
            kind, name, checksum = marker[1], marker[2], marker[3] or ""
            if kind == "begin":
                if opened is not None:
                    raise BlockError(
                        f"{where}:{line.number}: managed block {name} begins inside {opened[1]} "
                        f"(line {opened[0].number}), which has no end marker before it",
                        f"restore the end marker of {opened[1]}, or take one of the begin markers out",
                    )
                if name in seen:
                    raise BlockError(
                        f"{where}:{line.number}: managed block {name} is there twice (first on line {seen[name]})",
                        "delete one of the two with its markers",
                    )
                seen[name] = line.number
                opened = line, name
                continue
            if opened is None:
                raise BlockError(
                    f"{where}:{line.number}: end marker of managed block {name} without a begin marker",
                    "restore the begin marker, or delete the end marker",
                )
            begin, expected = opened
            if name != expected:
                raise BlockError(
                    f"{where}:{line.number}: managed block {expected} (line {begin.number}) is ended by the "
                    f"marker of {name}",
                    "restore the end marker with the name of the begin marker",
                )
            text = _strip_blank_lines(lines[begin.number : line.number - 1])
            blocks.append(
                Block(
                    name=name,
                    start=begin.start,
                    end=line.end,
                    text=text,
                    checksum=checksum,
                    edited=not checksum or checksum != compute_checksum(text, style)[: max(len(checksum), 12)],
                    line=begin.number,
                )
            )
            opened = None
        elif style == "html" and opened is None:
            heading = _read_heading(line, paragraph)
            if heading is not None:
                headings.append(heading)
            elif line.text.strip() and not line.text.startswith(("    ", "\t", ">")):
                last = line
    if opened is not None:
        raise BlockError(
            f"{where}:{opened[0].number}: managed block {opened[1]} has no end marker",
            f"restore the line `<!-- kbgen:end {opened[1]} sha256:… -->` from the file's last commit, or delete "
            "the begin marker; an open code fence above the end marker hides it",
        )
    return Scan(tuple(blocks), tuple(headings))


def _decode(content: bytes, path: str) -> str:
    """Raises StoryFileError, naming the line, for content that is no UTF-8 text."""
    where = path or "<content>"
    nul = content.find(b"\0")
    if nul >= 0:
        raise StoryFileError(
            f"{where}:{_line_number(content, nul)}: not a text file (NUL byte)",
            "kbgen merges into UTF-8 text only; convert the file, or move it out of the way",
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise StoryFileError(
            f"{where}:{_line_number(content, error.start)}: not UTF-8 text (byte 0x{content[error.start]:02x})",
            "save the file as UTF-8",
        ) from error


def _line_number(content: bytes, offset: int) -> int:
    return len(LINE_ENDING.findall(content, 0, offset)) + 1


def split_lines(content: bytes, path: str) -> list[Line]:
    _decode(content, path)
    offset = len(BOM) if content.startswith(BOM) else 0
    lines: list[Line] = []
    while offset < len(content):
        ending = LINE_ENDING.search(content, offset)
        end = ending.start() if ending else len(content)
        lines.append(Line(len(lines) + 1, offset, end, content[offset:end].decode()))
        offset = ending.end() if ending else len(content)
    return lines


def walk_lines(lines: list[Line]) -> Iterator[tuple[Line, bool]]:
    """Each line, and whether it is Markdown text: not front matter, code fence, ``<pre>`` or the like.

    Follows CommonMark: a fence in a list item or quote ends with it, and none opens inside HTML.
    """
    fence = ""
    fence_indent = quoted = 0
    raw = comment = in_html = False
    items: list[int] = []
    front_matter = _find_front_matter(lines)
    for line in lines:
        text = line.text.expandtabs(4)
        if line.number <= front_matter:
            yield line, False
            continue
        if raw:
            raw = not _RAW_CLOSE.search(text)
            yield line, False
            continue
        if comment:
            comment = "-->" not in text
            yield line, bool(_GARBLED["html"].match(text))
            continue
        depth, inner = _strip_quotes(text, quoted if fence else 99)
        indent = len(inner) - len(inner.lstrip())
        if fence and (depth < quoted or (inner.strip() and indent < fence_indent)):
            fence = ""
            depth, inner = _strip_quotes(text, 99)
            indent = len(inner) - len(inner.lstrip())
        if fence:
            if indent < fence_indent + 4 and closes_fence(inner.strip(), fence):
                fence = ""
            yield line, False
            continue
        in_html = bool(inner.strip()) and (in_html or bool(_HTML_OPEN.match(text)))
        if in_html:
            raw = bool(_RAW_OPEN.match(text)) and not _RAW_CLOSE.search(text)
            yield line, not raw
            continue
        if inner.strip():
            while items and indent < items[-1]:
                items.pop()
        base = items[-1] if items else 0
        opening = FENCE.match(inner.strip())
        item = _LIST_ITEM.match(inner)
        if item and indent < base + 4 and not RULE.match(inner.strip()):
            items.append(item.end() if len(item[2]) in range(1, 5) else len(item[0].rstrip()) + 1)
            opening = FENCE.match(inner[item.end() :].strip())
            base = items[-1]
        if opening and (item or indent < base + 4):
            fence, fence_indent, quoted = opening[1], base, depth
            yield line, False
        elif _RAW_OPEN.match(text):
            raw = not _RAW_CLOSE.search(text)
            yield line, False
        else:
            comment = bool(re.match(r" {0,3}<!--", text)) and "-->" not in text
            yield line, True


def _find_front_matter(lines: list[Line]) -> int:
    """Number of the line that closes the front matter; 0 when there is none."""
    if not lines or lines[0].text.rstrip() != "---":
        return 0
    return next((line.number for line in lines[1:] if line.text.rstrip() in ("---", "...")), 0)


def _strip_quotes(text: str, most: int) -> tuple[int, str]:
    depth = 0
    while depth < most and (mark := re.match(r" {0,3}> ?", text)) is not None:
        depth, text = depth + 1, text[mark.end() :]
    return depth, text


def _read_heading(line: Line, paragraph: Line | None) -> Heading | None:
    atx = ATX_HEADING.match(line.text)
    if atx is not None:
        return Heading(len(atx[1]), plain_title(atx[2] or ""), line.start)
    if paragraph is not None and _SETEXT.match(line.text) and not _LIST_ITEM.match(paragraph.text):
        return Heading(1 if "=" in line.text else 2, plain_title(paragraph.text), paragraph.start)
    return None


def plain_title(title: str) -> str:
    return " ".join(re.sub(r"[*_`]+", "", title).split()).casefold()


def _strip_blank_lines(lines: list[Line]) -> str:
    texts = [line.text for line in lines]
    while texts and not texts[0].strip():
        texts.pop(0)
    while texts and not texts[-1].strip():
        texts.pop()
    return "\n".join(texts)
