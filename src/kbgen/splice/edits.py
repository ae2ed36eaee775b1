"""What counts as a hand edit: two texts that `normalise` makes equal differ by a formatter's changes only."""

from __future__ import annotations

import bisect
import hashlib
import html
import re
from typing import Literal

Style = Literal["html", "hash"]
"""``html`` for Markdown, ``hash`` for files whose comments start with ``#``."""
FENCE = re.compile(r"(`{3,}(?=[^`]*$)|~{3,})")
RULE = re.compile(r"(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$")
DELIMITER_ROW = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?$")
_QUOTE_MARKS = re.compile(r"(?:>\s*)+")
_BULLET = re.compile(r"[-+*](\s+|$)")
_NUMBER = re.compile(r"\d{1,9}[.)](\s+|$)")
_SIGNS = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])|(?P<marks>[*_]+)"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
)
_TICKS = re.compile(r"\\[!-/:-@\[-`{-~]|`+")
_CELL_BREAK = re.compile(r"(?<!\\)\|")


def compute_checksum(text: str, style: Style = "html") -> str:
    """64 hex digits of the SHA-256 of the normalised text."""
    return hashlib.sha256(normalise(text, style).encode("utf-8", "surrogatepass")).hexdigest()


def normalise(text: str, style: Style = "html") -> str:
    """The text without what formatters change, so that equal results mean that no person edited it.

    For ``hash`` only line endings, trailing blanks and blank lines at both ends go. For ``html``, what prettier and
    mdformat were seen to change: table padding and rule width, bullet character, list numbers and
    nesting indent, ``_`` or ``*`` for emphasis, needless or missing backslashes and entities, thematic
    breaks, blank lines, line breaks within a paragraph. Words, code, links and the order of lines all count.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if style == "hash":
        return "\n".join(line.rstrip() for line in lines).strip("\n")
    return "\n".join(_normalise_markdown(lines))


def _normalise_markdown(lines: list[str]) -> list[str]:
    """One string a block of the page: a paragraph, list item, row, heading, or line of a fence."""
    result: list[str] = []
    fence, fence_indent, joins = "", 0, False
    levels: list[int] = []
    for raw in lines:
        line = raw.expandtabs(4).strip()
        indent = len(raw.expandtabs(4)) - len(raw.expandtabs(4).lstrip())
        if fence:
            if closes_fence(line, fence):
                fence = ""
                result.append("```")
            else:
                code = raw.expandtabs(4).rstrip()
                result.append("`" + code[min(fence_indent, len(code) - len(code.lstrip())) :])
            continue
        if not line:
            joins = False
            continue
        marks = _QUOTE_MARKS.match(line)
        quote = "".join(marks[0].split()) if marks else ""
        line = line[marks.end() :] if marks else line
        while levels and indent < levels[-1]:
            levels.pop()
        opening = FENCE.match(line)
        if opening:
            fence, fence_indent, joins = opening[1], indent, False
            result.append(quote + "```" + line[len(fence) :].strip())
            continue
        if RULE.match(line):
            result.append(quote + "---")
            joins = False
            continue
        item = _BULLET.match(line) or _NUMBER.match(line)
        if item:
            depth = len(levels)
            levels.append(indent + max(len(item[0].rstrip()) + 1, 2))
            mark = "-" if _BULLET.match(line) else "1."
            result.append(f"{quote}{depth}{mark} {_normalise_inline(line[item.end() :])}")
            joins = True
        elif line.startswith("|"):
            result.append(quote + _normalise_row(line))
            joins = False
        elif line.startswith(("#", "<")):
            result.append(quote + _normalise_inline(line))
            joins = False
        elif joins and result and quote == result[-1][: len(quote)]:
            result[-1] = f"{result[-1]} {_normalise_inline(line)}"
        else:
            result.append(f"{quote}{len(levels)} {_normalise_inline(line)}")
            joins = True
    return result


def _normalise_row(line: str) -> str:
    if DELIMITER_ROW.match(line):
        line = re.sub(r"-+", "-", line)
    cells = _CELL_BREAK.split(line.strip().removeprefix("|"))
    if not cells[-1].strip():
        cells.pop()
    return "|" + "|".join(_normalise_inline(cell) for cell in cells)


def _normalise_inline(text: str) -> str:
    """Blanks folded; escapes and entities as the character they show; emphasis marks as ``*``.

    A literal star or an underscore at a word's edge must be escaped to be literal, so the escaped
    character and the mark stay apart: taking the backslashes out of ``\\*\\*x\\*\\*`` is an edit.
    """

    text = " ".join(text.split())

    def settle(match: re.Match[str]) -> str:
        if match["escaped"] is not None:
            return _literal(match["escaped"])
        if match["entity"] is not None:
            shown = html.unescape(match["entity"])
            return _literal(shown) if shown != match["entity"] else shown
        before = text[match.start() - 1 : match.start()]
        after = text[match.end() : match.end() + 1]
        marks = match["marks"]
        lone = (not before or before.isspace()) and (not after or after.isspace())
        inside_word = "*" not in marks and before.isalnum() and after.isalnum()
        if lone or inside_word:
            return "".join(map(_literal, marks))
        return marks.replace("_", "*")

    parts: list[str] = []
    done = 0
    for start, end in [*find_code_spans(text), (len(text), len(text))]:
        for match in _SIGNS.finditer(text, done, start):
            parts += [text[done : match.start()], settle(match)]
            done = match.end()
        parts += [text[done:start], text[start:end]]
        done = end
    return "".join(parts)


def find_code_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each code span in one line, its backticks included; linear in the text."""
    if "`" not in text:
        return []
    runs: dict[int, list[int]] = {}
    for run in re.finditer(r"`+", text):
        runs.setdefault(len(run[0]), []).append(run.start())
    spans: list[tuple[int, int]] = []
    at = 0
    while (opening := _TICKS.search(text, at)) is not None:
        at = opening.end()
        if opening[0][0] == "\\":
            continue
        closers = runs.get(len(opening[0]), [])
        place = bisect.bisect_left(closers, at)
        if place < len(closers):
            at = closers[place] + len(opening[0])
            spans.append((opening.start(), at))
    return spans


def _literal(shown: str) -> str:
    """A star or underscore that is shown as such, told apart from an emphasis mark."""
    return {"*": "\x01", "_": "\x02"}.get(shown, shown)


def closes_fence(line: str, fence: str) -> bool:
    return len(line) >= len(fence) and not line.strip(fence[0])
