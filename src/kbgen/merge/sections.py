"""A section of ours in a Markdown document of the project, in its depth and style; what is there already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kbgen.markdown import escape_text
from kbgen.merge.base import DEFAULT, Manner, find_block, put_block, read_own
from kbgen.merge.subjects import EDGE, Subject, covers, fold_words, has_phrase
from kbgen.patterns import lazy
from kbgen.splice.edits import RULE
from kbgen.splice.scan import ATX_HEADING, LINE_ENDING, scan_file, split_lines, walk_lines

_BACK_MATTER = (
    "references", "related documents", "related documentation", "related runbooks", "related", "see also",
    "further reading", "resources", "changelog", "change log", "revision history", "license", "appendix",
)  # fmt: skip
_CLOSED = lazy(r"[ \t]#+[ \t]*$")
_ANCHOR_DROPS = lazy(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it, down to the next heading of its depth; none inside a managed block."""

    level: int
    title: str
    """As written, with its inline marks."""
    line: int
    start: int
    end: int
    parents: tuple[str, ...]
    """Titles of the sections around it, outermost first."""
    anchor: str
    """Of a link to it on GitHub. Managed blocks with a heading of the same title may shift its number."""
    is_underlined: bool
    is_closed: bool
    """An ATX heading with ``#`` behind the title."""


@dataclass(frozen=True, slots=True)
class SectionPlace:
    """Where a new section goes: behind the first section, or else in front of the first one, whose title has one
    of these phrases; or else in front of references and the like; or else at the end. Earlier phrases are
    tried first, and sections that lie deeper are no places."""

    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


def merge_section(
    content: bytes | None,
    block: str,
    heading: str,
    text: str,
    place: SectionPlace = SectionPlace(),
    manner: Manner = DEFAULT,
) -> bytes:
    """The document with our section as managed block; no document: a new one of our section alone.

    `heading` is plain text unless it is `kbgen.markdown.Markdown`. The headings of `text` count from below it:
    the shallowest stands one deeper than it, wherever that is. Where sections are parted by rules, ours is too.
    Raises what `kbgen.splice.replace_block` raises.
    """
    content = content if content is not None else b""
    own = read_own(content, block, "html", manner)
    sections = read_sections(own, manner)
    level = find_section_level(own, sections)
    body = _write_heading(str(escape_text(heading)), level, sections) + "\n\n" + _shift_headings(text, level + 1)
    found = find_block(content, block, "html", manner)
    at = found.start if found is not None else _find_place(content, sections, level, place)
    after = content[found.end :] if found is not None else content[at:]
    if after.strip() and _ends_with_rule(content[:at]):
        body = body.rstrip("\n") + "\n\n---"
    return put_block(content, block, body, lambda: at, style="html", manner=manner)


def find_covering_sections(
    content: bytes, subject: Subject, *, block: str = "", manner: Manner = DEFAULT
) -> tuple[Section, ...]:
    """Sections outside managed blocks whose heading, with the headings above it, names every part of the subject.

    The heading itself names at least one part. Of nested sections that cover the subject only the outermost counts.
    """
    own = read_own(content, block, "html", manner) if block else content
    result: list[Section] = []
    for section in read_sections(own, manner):
        if result and section.start < result[-1].end:
            continue
        words = fold_words(section.title)
        names_part = any(has_phrase(words, spelling) for part in subject for spelling in part)
        around = [word for parent in section.parents for word in (*fold_words(parent), EDGE)]
        if names_part and covers((*around, *words), subject):
            result.append(section)
    return tuple(result)


def read_sections(content: bytes, manner: Manner = DEFAULT) -> tuple[Section, ...]:
    headings = scan_file(content, "html", manner.path).headings
    ends = _find_ends([heading.level for heading in headings], [heading.start for heading in headings], len(content))
    result: list[Section] = []
    around: list[tuple[int, str]] = []
    seen: Counter[str] = Counter()
    line, counted = 1, 0
    for heading, end in zip(headings, ends, strict=True):
        line += len(LINE_ENDING.findall(content, counted, heading.start))
        counted = heading.start
        ending = LINE_ENDING.search(content, heading.start)
        written = content[heading.start : ending.start() if ending else len(content)].decode()
        atx = ATX_HEADING.match(written)
        title = ((atx[2] or "") if atx else written).strip()
        while around and around[-1][0] >= heading.level:
            around.pop()
        anchor = make_anchor(title)
        result.append(
            Section(
                heading.level,
                title,
                line,
                heading.start,
                end,
                tuple(name for _, name in around),
                f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor,
                atx is None,
                atx is not None and bool(_CLOSED.search(written.rstrip())),
            )
        )
        seen[anchor] += 1
        around.append((heading.level, title))
    return tuple(result)


def find_section_level(content: bytes, sections: Sequence[Section]) -> int:
    """The depth of the document's main sections: below a single title, else that of its shallowest headings."""
    if not sections:
        return 2 if content.strip() else 1
    shallowest = min(section.level for section in sections)
    is_title = shallowest == 1 and sum(section.level == 1 for section in sections) == 1
    return 2 if is_title else shallowest


def make_anchor(title: str) -> str:
    """https://docs.github.com/en/get-started/writing-on-github: letters, digits, ``_`` and ``-``, blanks as ``-``."""
    shown = title.replace("`", "").replace("*", "").casefold()
    return _ANCHOR_DROPS.sub("", shown).strip().replace(" ", "-")


def find_phrase(sections: Sequence[Section], phrases: Sequence[str], level: int) -> Section | None:
    """The first main section with the first of the phrases that any has."""
    main = [(section, fold_words(section.title)) for section in sections if section.level == level]
    for phrase in phrases:
        for section, words in main:
            if has_phrase(words, phrase):
                return section
    return None


def find_back_matter(sections: Sequence[Section], level: int, titles: Sequence[str] = _BACK_MATTER) -> Section | None:
    """The first of the sections at the end that readers expect last; the whole title must match."""
    wanted = {"".join(fold_words(title)) for title in titles}
    found: Section | None = None
    for section in reversed([section for section in sections if section.level == level]):
        if "".join(fold_words(section.title)) not in wanted:
            break
        found = section
    return found


def _find_place(content: bytes, sections: Sequence[Section], level: int, place: SectionPlace) -> int:
    behind = find_phrase(sections, place.after, level)
    if behind is not None:
        return behind.end
    front = find_phrase(sections, place.before, level) or find_back_matter(sections, level)
    return front.start if front is not None else len(content)


def _find_ends(levels: Sequence[int], starts: Sequence[int], size: int) -> list[int]:
    ends = [size] * len(levels)
    opened: list[int] = []
    for index, level in enumerate(levels):
        while opened and levels[opened[-1]] >= level:
            ends[opened.pop()] = starts[index]
        opened.append(index)
    return ends


def _ends_with_rule(before: bytes) -> bool:
    """Whether the last line that is not blank is a thematic break, and no underline of a heading."""
    lines = before.rstrip().decode().splitlines()
    return len(lines) > 1 and bool(RULE.match(lines[-1].strip())) and not lines[-2].strip()


def _write_heading(title: str, level: int, sections: Sequence[Section]) -> str:
    peers = [section for section in sections if section.level == level] or list(sections)
    if level <= 2 and sum(section.is_underlined for section in peers) * 2 > len(peers):
        return f"{title}\n{('=' if level == 1 else '-') * max(len(title), 3)}"
    marks = "#" * level
    return f"{marks} {title} {marks}" if sum(s.is_closed for s in peers) * 2 > len(peers) else f"{marks} {title}"


def _shift_headings(text: str, level: int) -> str:
    """`text` with its shallowest ATX heading at `level` and the others by as much; what code shows stays."""
    text = text.strip("\n")
    lines = split_lines(text.encode("utf-8", "surrogatepass"), "") if "#" in text else []
    found = [
        (line.number - 1, match)
        for line, is_text in walk_lines(lines)
        if is_text and (match := ATX_HEADING.match(line.text)) is not None
    ]
    if not found:
        return text
    shift = level - min(len(match[1]) for _, match in found)
    result = [line.text for line in lines]
    for index, match in found:
        depth = max(1, min(6, len(match[1]) + shift))
        result[index] = "#" * depth + result[index].lstrip()[len(match[1]) :]
    return "\n".join(result)
