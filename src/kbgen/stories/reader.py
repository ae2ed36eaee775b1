"""A Markdown text as lines, headings, fences and front matter, each with its place.

A line reader rather than a Markdown parser: story files need true line numbers, tolerance for broken
Markdown and a run over hundreds of files in seconds, and none of its inline grammar.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.model import Section
from kbgen.stories.yamlread import Scalar, read_yaml

MAX_CHARACTERS = 1_500_000
"""A planning document beyond this is read only so far; the largest real ones have a tenth of it."""
MAX_LINE = 2_000
"""Of a longer line only so much is looked at, so that one hostile line costs no more than many short ones."""
MAX_LINES = 60_000

LABEL_LEVEL = 7
"""Level of a bold line that heads what follows it, ``**Files to create:**``."""

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r"^([ \t]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?)(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*$")
_LABEL = re.compile(r"^ {0,3}\*\*([^*]{1,200})\*\*[ \t]*:?[ \t]*$")
_BLOCK_BEGIN = re.compile(r"^\s*<!--\s*kbgen:begin\b")
_BLOCK_END = re.compile(r"^\s*<!--\s*kbgen:end\b")
_INLINE_LINK = re.compile(r"\[([^\]\[]{1,300})\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)")


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` 1 to 6, or `LABEL_LEVEL`; `index` is the 0-based line; `end` the index after its last line.

    A heading's range holds its sub-headings; a label's range ends at the next heading or label.
    """

    level: int
    title: str
    index: int
    end: int
    parent: int
    """Place of the enclosing heading in `Page.headings`, -1 at the top."""


@dataclass(frozen=True, slots=True)
class Fence:
    """A code fence; `start` and `end` are the 0-based indexes of its first and after its last inner line."""

    start: int
    end: int
    language: str


@dataclass(frozen=True, slots=True)
class Page:
    """One Markdown text, read once. Line indexes are 0-based here; evidence adds one."""

    lines: tuple[str, ...]
    headings: tuple[Heading, ...]
    fences: tuple[Fence, ...]
    fence_at: tuple[int, ...]
    """For each line the fence that it belongs to (its marks too), else -1."""
    body: int
    """Index of the first line after the front matter."""
    front: tuple[Scalar, ...]
    problems: tuple[str, ...]
    starts: tuple[int, ...]
    """`index` of each heading, for bisection."""

    def places_in(self, start: int, end: int) -> range:
        """Places in `headings` of those that stand on the lines from `start` to `end` (excluded)."""
        return range(bisect_left(self.starts, start), bisect_left(self.starts, end))

    def headings_in(self, start: int, end: int) -> tuple[Heading, ...]:
        places = self.places_in(start, end)
        return self.headings[places.start : places.stop]

    def heading_at(self, index: int) -> int:
        """Place in `headings` of the innermost heading whose range holds the line, -1 for none."""
        place = bisect_right(self.starts, index) - 1
        while place >= 0 and self.headings[place].end <= index:
            place = self.headings[place].parent
        return place

    def chain(self, place: int) -> Iterator[Heading]:
        """The heading at `place` and its ancestors, innermost first."""
        while place >= 0:
            heading = self.headings[place]
            yield heading
            place = heading.parent

    def title_at(self, index: int) -> str:
        """Title of the innermost real heading, to name a place by."""
        for heading in self.chain(self.heading_at(index)):
            if heading.level < LABEL_LEVEL:
                return heading.title
        return ""

    def front_value(self, *names: str) -> Scalar | None:
        """The first of the front matter's top-level scalars that has one of the names."""
        for name in names:
            for scalar in self.front:
                if len(scalar.path) == 1 and scalar.path[0].lower().replace("-", "_") == name and scalar.value:
                    return scalar
        return None


def read_page(text: str) -> Page:
    """Read a text of any size; what could not be read whole is named in `problems`."""
    problems: list[str] = []
    if len(text) > MAX_CHARACTERS:
        problems.append(f"only the first {MAX_CHARACTERS:,} of {len(text):,} characters were read")
        text = text[:MAX_CHARACTERS]
    if "\x00" in text[:8000]:
        return Page((), (), (), (), 0, (), (*problems, "this is no text: it holds NUL bytes"), ())
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        problems.append(f"only the first {MAX_LINES:,} of {len(lines):,} lines were read")
        del lines[MAX_LINES:]
    long = [n for n, line in enumerate(lines) if len(line) > MAX_LINE]
    if long:
        problems.append(f"only the first {MAX_LINE:,} characters of line {long[0] + 1} were read")
        for n in long:
            lines[n] = lines[n][:MAX_LINE]
    body, front = _read_front_matter(lines, problems)
    _blank_out(lines, body)
    fences, fence_at = _find_fences(lines, body)
    headings = _find_headings(lines, body, fence_at)
    return Page(
        lines=tuple(lines),
        headings=headings,
        fences=fences,
        fence_at=fence_at,
        body=body,
        front=front,
        problems=tuple(problems),
        starts=tuple(heading.index for heading in headings),
    )


def _read_front_matter(lines: list[str], problems: list[str]) -> tuple[int, tuple[Scalar, ...]]:
    if not lines or lines[0].rstrip() != "---":
        return 0, ()
    for end in range(1, min(len(lines), 400)):
        if lines[end].rstrip() in {"---", "..."}:
            break
    else:
        return 0, ()
    block = lines[1:end]
    # A rule at the top of the file and another further down hold prose between them, not front matter.
    if any(line.startswith("#") and " " in line and line.lstrip("#").startswith(" ") for line in block) and not any(
        re.match(r"[\w-]+:(?:\s|$)", line) for line in block
    ):
        return 0, ()
    if block and not any(re.match(r"\s*[\w\"'-]+\s*:", line) for line in block):
        return 0, ()
    scalars, found = read_yaml("\n".join(block), first_line=2)
    problems.extend(f"front matter: {problem}" for problem in found)
    return end + 1, scalars


def _blank_out(lines: list[str], body: int) -> None:
    """Empty the lines of managed blocks and HTML comments: what kbgen wrote is no source for kbgen."""
    if not any("<!--" in line for line in lines):
        return
    # An unclosed block or comment must not swallow the rest of the file: it ends before it begins.
    last_end = max((n for n, line in enumerate(lines) if _BLOCK_END.match(line)), default=-1)
    last_close = max((n for n, line in enumerate(lines) if "-->" in line), default=-1)
    inside = False
    for n in range(body, len(lines)):
        line = lines[n]
        if inside:
            inside = not _BLOCK_END.match(line)
            lines[n] = ""
        elif _BLOCK_BEGIN.match(line):
            inside = n < last_end
            lines[n] = ""
    comment = False
    fenced = ""
    for n in range(body, len(lines)):
        line = lines[n]
        mark = _FENCE.match(line)
        if mark and not comment:
            if not fenced:
                fenced = mark[2]
            elif mark[2].startswith(fenced) and not mark[3]:
                fenced = ""
        if fenced:
            continue
        if comment:
            closed, _, rest = line.partition("-->")
            lines[n] = rest if closed != line else ""
            comment = closed == line
            continue
        start = line.find("<!--")
        while start >= 0:
            end = line.find("-->", start)
            if end < 0:
                line, comment = line[:start], n < last_close
                break
            line = line[:start] + line[end + 3 :]
            start = line.find("<!--")
        lines[n] = line


def _find_fences(lines: list[str], body: int) -> tuple[tuple[Fence, ...], tuple[int, ...]]:
    """Fences as CommonMark has them, but for one thing: fences inside a Markdown fence nest.

    People show a document with its own code blocks in a ``markdown`` fence of three marks; by the letter
    its first inner fence would end it, and turn the rest of the file inside out.
    """
    fences: list[Fence] = []
    fence_at = [-1] * len(lines)
    opened = -1
    mark = language = ""
    nested = 0
    for n in range(body, len(lines)):
        line = lines[n]
        match = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if opened < 0:
            if match:
                opened, mark, language, nested = n, match[2], match[3].lower(), 0
                fence_at[n] = len(fences)
            continue
        fence_at[n] = len(fences)
        if match is None or not match[2].startswith(mark) or match[1].strip():
            continue
        if match[3]:
            nested += language in {"markdown", "md"}
        elif nested:
            nested -= 1
        else:
            fences.append(Fence(opened + 1, n, language))
            opened = -1
    if opened >= 0:
        fences.append(Fence(opened + 1, len(lines), language))
    return tuple(fences), tuple(fence_at)


def _find_headings(lines: list[str], body: int, fence_at: tuple[int, ...]) -> tuple[Heading, ...]:
    found: list[tuple[int, str, int]] = []
    for n in range(body, len(lines)):
        if fence_at[n] >= 0:
            continue
        line = lines[n]
        if not line:
            continue
        if line.lstrip().startswith("#"):
            match = _ATX.match(line)
            if match:
                found.append((len(match[1]), clean_inline(match[2] or ""), n))
                continue
        if line.startswith("===") and not line.strip("= \t") and n > body and _is_paragraph(lines[n - 1]):
            found.append((1, clean_inline(lines[n - 1]), n - 1))
            continue
        if "**" in line:
            match = _LABEL.match(line)
            if match and match[1].strip(" :"):
                found.append((LABEL_LEVEL, clean_inline(match[1]).rstrip(" :"), n))
    return _nest(found, len(lines))


def _is_paragraph(line: str) -> bool:
    return bool(line.strip()) and line.lstrip()[0] not in "#-*+>|`~="


def _nest(found: list[tuple[int, str, int]], total: int) -> tuple[Heading, ...]:
    ends = [total] * len(found)
    parents = [-1] * len(found)
    stack: list[int] = []
    for place, (level, _, index) in enumerate(found):
        while stack and found[stack[-1]][0] >= level:
            ends[stack.pop()] = index
        parents[place] = stack[-1] if stack else -1
        stack.append(place)
    return tuple(
        Heading(level, title, index, ends[place], parents[place]) for place, (level, title, index) in enumerate(found)
    )


def clean_inline(text: str) -> str:
    """A heading's words without marks of emphasis, links' targets and trailing ``{#anchor}``; code marks stay."""
    text = text.strip()
    if "](" in text:
        text = _INLINE_LINK.sub(r"\1", text)
    if text.endswith("}"):
        text = re.sub(r"\s*\{#[\w-]+\}$", "", text)
    return text.replace("**", "").strip()


def cut_sections(page: Page, start: int = 0, end: int | None = None) -> tuple[Section, ...]:
    """The sections of a page or of a range of its lines; text before the first heading has level 0."""
    stop = len(page.lines) if end is None else end
    begin = max(start, page.body)
    marks = [h for h in page.headings_in(begin, stop) if h.level < LABEL_LEVEL]
    sections: list[Section] = []
    if not marks or marks[0].index > begin:
        text = _join(page.lines, begin, marks[0].index if marks else stop)
        if text:
            sections.append(Section(level=0, title="", line=begin + 1, text=text))
    for n, mark in enumerate(marks):
        upto = marks[n + 1].index if n + 1 < len(marks) else stop
        sections.append(Section(mark.level, mark.title, mark.index + 1, _join(page.lines, mark.index + 1, upto)))
    return tuple(sections)


def _join(lines: tuple[str, ...], start: int, end: int) -> str:
    return "\n".join(lines[start:end]).strip("\n")
