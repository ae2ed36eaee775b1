"""Facts of Markdown documents: headings and tables, by lines alone.

``heading``
    `name` its text without marks, `value` the same. [level: 1 to 6]
``table``
    `name` the heading above it, `value` the header's cells joined by `` | ``. [rows: how many below the header]

What stands in fences, comments and front matter is none. At most 200 a file, with a note when more were there.
"""

from __future__ import annotations

from kbgen.extractors.base import shorten
from kbgen.model import Fact, FileFacts, SkippedFile, SourceFile
from kbgen.patterns import LazyPattern

SUFFIXES: tuple[str, ...] = (".md", ".mdx", ".markdown")
VERSION = "markdown-1"

_FACT_LIMIT = 200
_TEXT_LIMIT = 300
_MARK = LazyPattern(
    r"""(?mx)
    ^\ {0,3}(?: (?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)
      | (?P<hashes>\#{1,6})(?:[ \t]+(?P<title>[^\n]*))?$
      | (?P<comment><!--)
      | (?P<rule>=+|--+)[ \t]*$
      | (?P<table>\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?[ \t]*|\|[ \t]*:?-+:?[ \t]*\|[ \t]*)$ )
    """
)
_CLOSING = LazyPattern(r"[ \t]+#+[ \t]*$")
_CELL = LazyPattern(r"(?<!\\)\|")
_LINKS = LazyPattern(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = LazyPattern(r"(\*\*|__|`)(.+?)\1")
_NO_TITLE = ("|", ">", "-", "*", "+", "#", "    ", "\t", "```")


def extract(source: SourceFile) -> FileFacts:
    text = source.text.replace("\r\n", "\n")
    position = _skip_front_matter(text)
    facts: list[Fact] = []
    line, counted = 1, 0
    heading = ""
    while (match := _MARK.search(text, position)) is not None:
        position = match.end()
        if match["fence"] is not None:
            if not (match["fence"][0] == "`" and "`" in match["info"]):
                position = _find_fence_end(text, match["fence"], position)
            continue
        if match["comment"] is not None:
            end = text.find("-->", position)
            position = end + 3 if end >= 0 else len(text)
            continue
        start = match.start()
        before = text[text.rfind("\n", 0, max(start - 1, 0)) + 1 : max(start - 1, 0)]
        if match["rule"] is not None and not _is_title(text, before, start):
            continue
        if len(facts) >= _FACT_LIMIT:
            why = f"only the first {_FACT_LIMIT} headings and tables are read"
            return FileFacts(source.path, source.blob, tuple(facts), (SkippedFile(source.path, why),))
        line += text.count("\n", counted, start)
        counted = start
        if match["table"] is not None:
            cells = _split_cells(before)
            if before.strip() and len(cells) == len(_split_cells(match["table"])):
                rows, position = _count_rows(text, position)
                attrs = (("rows", str(rows)),)
                facts.append(Fact("table", heading, source.path, line - 1, " | ".join(cells), "", "", attrs))
            continue
        is_rule = match["rule"] is not None
        title = before if is_rule else _CLOSING.sub("", f" {match['title'] or ''}")
        level = len(match["hashes"]) if not is_rule else 1 if match["rule"][0] == "=" else 2
        heading = shorten(_strip_marks(title.strip()), _TEXT_LIMIT)
        if heading:
            at = line - 1 if is_rule else line
            facts.append(Fact("heading", heading, source.path, at, heading, "", "", (("level", str(level)),)))
    return FileFacts(source.path, source.blob, tuple(facts))


def _skip_front_matter(text: str) -> int:
    if not text.startswith(("---\n", "\ufeff---\n")):
        return 0
    end = text.find("\n---", 3)
    return end + 4 if end >= 0 else 0


def _find_fence_end(text: str, fence: str, position: int) -> int:
    """After the line that closes a fence, which has at least as many marks; an open one goes to the end."""
    while (start := text.find("\n", position)) >= 0:
        found = text.find(fence, start + 1)
        if found < 0:
            return len(text)
        begin = text.rfind("\n", start, found) + 1
        end = text.find("\n", found)
        end = len(text) if end < 0 else end
        if not text[begin:found].strip() and not text[found:end].strip().strip(fence[0]):
            return end
        position = found
    return len(text)


def _is_title(text: str, before: str, start: int) -> bool:
    """Whether a row of ``=`` or ``-`` underlines a heading: one line of prose after a blank line."""
    if not before.strip() or before.startswith(_NO_TITLE) or "|" in before:
        return False
    above_end = start - 1 - len(before) - 1
    above = text[text.rfind("\n", 0, max(above_end, 0)) + 1 : max(above_end, 0)]
    return not above.strip()


def _count_rows(text: str, position: int) -> tuple[int, int]:
    rows = 0
    start = position + 1
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        row = text[start:end].strip()
        if not row or ("|" not in row) or row.startswith(("#", "```")):
            break
        rows += 1
        start = end + 1
    return rows, max(position, start - 1)


def _split_cells(row: str) -> list[str]:
    text = row.strip().removeprefix("|")
    text = text[:-1] if text.endswith("|") and not text.endswith("\\|") else text
    return [_strip_marks(cell.strip()) for cell in _CELL.split(text)]


def _strip_marks(text: str) -> str:
    """The words of a line: links, bold and code marks taken off."""
    if "](" in text:
        text = _LINKS.sub(r"\1", text)
    return _MARKS.sub(r"\2", text) if "**" in text or "`" in text or "__" in text else text
