"""Markdown as passages: each paragraph, heading, table cell and code block with its lines, spans and headings.

markdown-it-py reads the block structure. What stands inside a line is read here, since its tokens carry no
place: code spans, link targets and the text between them, each in one pass over the text whatever it holds.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from kbgen.errors import KbgenError
from kbgen.patterns import lazy

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

MAX_BYTES = 32 * 1024 * 1024
_CHUNK_LINES = 4000
_MAX_NESTING = 60


class UnreadableDocumentError(KbgenError):
    """A document that is no text, or too large to be one that people wrote."""

    slug = "document"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a passage: inline code, a link's target, or the text between them."""

    form: Literal["text", "code", "link"]
    text: str
    start: int
    end: int
    """Offsets into the passage's text."""


@dataclass(frozen=True, slots=True)
class Row:
    """The table row that a cell stands in. Cells are Markdown source."""

    header: tuple[str, ...]
    cells: tuple[str, ...]
    column: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of text that belongs together. A table gives one passage a cell."""

    form: Literal["paragraph", "heading", "cell", "code", "html"]
    text: str
    line: int
    """Of the first character."""
    headings: tuple[str, ...] = ()
    """Titles of the sections it stands in, outermost first, without the document's title and a heading's own."""
    block: str = ""
    """Name of the managed block it stands in."""
    quoted: bool = False
    """In a block quote."""
    lead: str = ""
    """The paragraph or heading before a list, table or code block: ``Files created:``."""
    row: Row | None = None
    language: str = ""
    """Of a code block."""
    spans: tuple[Span, ...] = ()
    level: int = 0
    """Of a heading."""
    quotes: tuple[tuple[int, int], ...] = ()
    """Offsets of what stands between “ and ”."""
    _breaks: tuple[int, ...] = field(default=(), repr=False)

    def line_of(self, offset: int) -> int:
        return self.line + bisect_left(self._breaks, offset)

    def find_span(self, offset: int) -> Span | None:
        index = bisect_right(self.spans, offset, key=lambda span: span.start) - 1
        span = self.spans[index] if index >= 0 else None
        return span if span is not None and offset < span.end else None

    def is_quote(self, offset: int) -> bool:
        index = bisect_right(self.quotes, (offset, len(self.text) + 1)) - 1
        return index >= 0 and self.quotes[index][0] <= offset < self.quotes[index][1]


def read_passages(path: str, content: bytes | str) -> Iterator[Passage]:
    """Every passage in order. Front matter and HTML comments are left out.

    Raises UnreadableDocumentError for more than 32 MiB.
    """
    if len(content) > MAX_BYTES:
        raise UnreadableDocumentError(
            f"{path}:1: {len(content) // 2**20} MiB is too large for a document (32 MiB at most)", "leave it out"
        )
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    start = _skip_front_matter(lines)
    reader = _Reader()
    for first, last in _split_chunks(lines, start):
        yield from reader.read("\n".join(lines[first:last]), first)


def _skip_front_matter(lines: Sequence[str]) -> int:
    if lines and lines[0].rstrip() == "---":
        for index in range(1, min(len(lines), 2000)):
            if lines[index].rstrip() in ("---", "..."):
                return index + 1
    return 0


_FENCE = lazy(r" {0,3}(`{3,}|~{3,})")


def _split_chunks(lines: Sequence[str], start: int) -> Iterator[tuple[int, int]]:
    """A large document in parts that start with a heading, so that memory stays bounded; a small one whole."""
    if len(lines) <= _CHUNK_LINES:
        yield start, len(lines)
        return
    fence = ""
    comment = False
    for index in range(start, len(lines)):
        line = lines[index]
        if fence:
            match = _FENCE.match(line)
            if match and match[1][0] == fence[0] and len(match[1]) >= len(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif comment:
            comment = "-->" not in line
        elif match := _FENCE.match(line):
            fence = match[1]
        elif "<!--" in line and "-->" not in line:
            comment = True
        elif line.startswith("#") and index - start >= _CHUNK_LINES:
            yield start, index
            start = index
    yield start, len(lines)


_MARKER = lazy(r"<!--[ \t]*kbgen:(begin|end)[ \t]+([\w.:/-]{1,100})")
_COMMENT = lazy(r"<!--(?:(?!-->).)*(?:-->|\Z)", re.DOTALL)
_TAG = lazy(r"</?[A-Za-z][^<>]{0,500}>")


class _Reader:
    """Keeps what passes from one part of a document to the next: the headings and the managed block open."""

    def __init__(self) -> None:
        self._markdown = _make_parser()
        self._headings: list[tuple[int, str]] = []
        self._block = ""
        self._titled = False

    def read(self, text: str, offset: int) -> Iterator[Passage]:
        """`offset` is the number of lines before `text`."""
        environment: dict[str, Any] = {}
        tokens = self._markdown.parse(text, environment)
        quotes = heading = 0
        header: list[str] = []
        cells: list[str] = []
        in_head = in_row = False
        line_of_row = 0
        lead = ""
        depth = 0
        for token in tokens:
            kind = token.type
            line = offset + (token.map[0] if token.map else 0) + 1
            if kind == "blockquote_open":
                quotes += 1
            elif kind == "blockquote_close":
                quotes -= 1
            elif kind in ("bullet_list_open", "ordered_list_open"):
                depth += 1
            elif kind in ("bullet_list_close", "ordered_list_close"):
                depth -= 1
            elif kind == "heading_open":
                heading = int(token.tag[1:])
            elif kind == "thead_open":
                in_head, header = True, []
            elif kind == "thead_close":
                in_head, header = False, list(cells)
            elif kind == "tr_open":
                in_row, cells = True, []
            elif kind == "tr_close":
                in_row = False
                if not in_head:
                    yield from self._make_row(header, cells, line_of_row, lead, bool(quotes))
            elif kind == "inline" and in_row:
                cells.append(token.content)
                line_of_row = line
            elif kind == "inline":
                if heading:
                    while self._headings and self._headings[-1][0] >= heading:
                        self._headings.pop()
                    yield replace(self._make("heading", token.content, line, lead, bool(quotes)), level=heading)
                    if self._titled or heading > 1:
                        self._headings.append((heading, token.content))
                    self._titled = True
                    heading, lead = 0, ""
                else:
                    yield self._make("paragraph", token.content, line, lead if depth else "", bool(quotes))
                    if not depth:
                        lead = token.content[-300:]
            elif kind == "fence":
                yield self._make("code", token.content, line + 1, lead, bool(quotes), token.info.strip()[:50])
            elif kind == "code_block":
                yield self._make("code", token.content, line, lead, bool(quotes))
            elif kind == "html_block":
                yield from self._read_html(token.content, line, lead)
        for name in sorted(environment.get("references", {})):
            reference = environment["references"][name]
            target = str(reference["href"])
            span = Span("link", target, 0, len(target))
            yield Passage(
                "paragraph", target, offset + reference["map"][0] + 1, self._titles(), self._block, spans=(span,)
            )

    def _titles(self) -> tuple[str, ...]:
        return tuple(title for _, title in self._headings)

    def _make(
        self,
        form: Literal["paragraph", "heading", "cell", "code", "html"],
        text: str,
        line: int,
        lead: str,
        quoted: bool,
        language: str = "",
        row: Row | None = None,
    ) -> Passage:
        spans = () if form == "code" else read_spans(text)
        breaks = tuple(m.start() for m in re.finditer("\n", text))
        quotes = () if form == "code" else _find_quotes(text, spans)
        return Passage(
            form,
            text,
            line,
            self._titles(),
            self._block,
            quoted,
            lead,
            row,
            language,
            spans,
            quotes=quotes,
            _breaks=breaks,
        )

    def _make_row(
        self, header: Sequence[str], cells: Sequence[str], line: int, lead: str, quoted: bool
    ) -> Iterator[Passage]:
        names, values = tuple(h.strip() for h in header), tuple(cells)
        for column, cell in enumerate(values):
            if cell.strip():
                yield self._make("cell", cell, line, lead, quoted, row=Row(names, values, column))

    def _read_html(self, content: str, line: int, lead: str) -> Iterator[Passage]:
        for marker in _MARKER.finditer(content):
            self._block = marker[2] if marker[1] == "begin" else ""
        text = _TAG.sub(_blank, _COMMENT.sub(_blank, content))
        if text.strip():
            yield self._make("html", text, line, lead, False)


def _make_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


_SPECIAL = lazy(
    r"(?P<escape>\\[!-/:-@\[-`{-~])|(?P<ticks>`+)|(?P<target>\]\()|(?P<auto><[a-z][a-z0-9+.-]{1,20}:[^\s<>]{0,1000}>)"
    r"|(?P<comment><!--)|(?P<tag></?[A-Za-z][^<>`\n]{0,300}>)|(?P<open>\[)"
)


def read_spans(text: str) -> tuple[Span, ...]:
    """Code spans, link targets and the plain text between them, in order; escapes stay as written."""
    runs: dict[int, list[int]] = {}
    for run in re.finditer(r"`+", text):
        runs.setdefault(len(run[0]), []).append(run.start())
    spans: list[Span] = []
    position = plain = 0
    opened = False

    def close(end: int) -> None:
        if end > plain:
            spans.append(Span("text", text[plain:end], plain, end))

    while match := _SPECIAL.search(text, position):
        position = match.end()
        kind = match.lastgroup
        if kind == "open":
            opened = True
        elif kind == "ticks":
            size = len(match[0])
            places = runs.get(size, [])
            index = bisect_left(places, position)
            if index < len(places):
                close(match.start())
                code = text[position : places[index]].replace("\n", " ")
                if code[:1] == code[-1:] == " " and code.strip():
                    code = code[1:-1]
                plain = position = places[index] + size
                spans.append(Span("code", code, match.start(), position))
        elif kind == "target" and opened:
            target, end = _read_target(text, position)
            if end:
                close(match.start())
                spans.append(Span("link", target, position, end))
                plain = position = end
        elif kind in ("auto", "tag"):
            close(match.start())
            plain = position
        elif kind == "comment":
            end = text.find("-->", position)
            close(match.start())
            plain = position = end + 3 if end >= 0 else len(text)
    close(len(text))
    return tuple(spans)


# A destination (in angle brackets, or with at most one level of brackets in it), then perhaps a title.
_TARGET = lazy(
    r"[ \n\t]{0,20}(?:<([^<>\n]{0,500})>|((?:[^\s()]|\([^\s()]{0,200}\)){0,500}))(?:[ \n\t]{1,20}[^)]{0,300})?\)"
)


def _read_target(text: str, start: int) -> tuple[str, int]:
    """A link's destination and the offset behind its ``)``; ("", 0) when there is none."""
    match = _TARGET.match(text, start)
    return (match[1] or match[2] or "", match.end()) if match else ("", 0)


def _find_quotes(text: str, spans: Sequence[Span]) -> tuple[tuple[int, int], ...]:
    """Outermost pairs of “ and ” outside code."""
    if "“" not in text:
        return ()
    found: list[tuple[int, int]] = []
    depth = first = 0
    for span in spans:
        if span.form != "text":
            continue
        for match in re.finditer("[“”]", span.text):
            if match[0] == "“":
                if not depth:
                    first = span.start + match.start()
                depth += 1
            elif depth:
                depth -= 1
                if not depth:
                    found.append((first, span.start + match.end()))
    return tuple(found)
