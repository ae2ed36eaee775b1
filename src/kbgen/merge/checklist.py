"""Items of ours in a pull request template, in its style; what it asks already is not asked twice."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from kbgen.markdown import escape_text
from kbgen.merge.base import DEFAULT, Manner, drop_block, find_block, put_block, read_own
from kbgen.merge.sections import Section, find_back_matter, find_section_level, read_sections
from kbgen.merge.subjects import fold_words
from kbgen.patterns import lazy
from kbgen.splice.scan import split_lines, walk_lines

_ALIKE = 90
"""Of 100: from here on two items ask the same."""
_ITEM = lazy(r"\s*([-*+])\s+\[[ xX]\]\s+(\S.*)")
_DECIDING = frozenset(("no", "not", "never", "without", "only", "all", "any", "fewer", "more", "less", "than"))
_LAST_SECTIONS = (
    "screenshots", "screenshot", "screenshots (if applicable)", "additional notes", "additional context", "notes",
    "additional information", "further comments", "reviewers", "related issues", "related", "references", "links",
)  # fmt: skip
_CHOICES = (("type",), ("kind",))
"""Sections with these words have boxes to choose from, no list to tick off."""
_NAMES = frozenset(("pull_request_template.md", "pull_request_template.txt"))
_FOLDERS = (".github", "", "docs")


@dataclass(frozen=True, slots=True)
class CheckGroup:
    heading: str
    """Plain text, unless it is `kbgen.markdown.Markdown`."""
    items: tuple[str, ...]
    """Markdown without box; further lines of one item (a nested list) stand below it."""
    intro: str = ""
    """One line of Markdown above the items."""


def merge_checklist(
    content: bytes | None,
    block: str,
    heading: str,
    groups: Iterable[CheckGroup],
    opening: bytes = b"",
    manner: Manner = DEFAULT,
) -> bytes | None:
    """The template with a section `heading` of those items that it lacks; None when it has them all.

    The section goes behind the last one that has boxes to tick. `opening` is what a new template starts with,
    where there is none yet. A block of ours that has nothing to add any more is taken out.
    Raises what `kbgen.splice.replace_block` raises.
    """
    content = opening if content is None else content
    own = read_own(content, block, "html", manner)
    lines = [line for line, is_text in walk_lines(split_lines(own, manner.path)) if is_text]
    found = [match for line in lines if (match := _ITEM.match(line.text)) is not None]
    asked = [fold_words(match[2]) for match in found]
    missing = tuple(
        CheckGroup(group.heading, kept, group.intro)
        for group in groups
        if (kept := tuple(item for item in group.items if not _is_asked(item, asked)))
    )
    if not missing:
        return drop_block(content, block, "html", manner)
    bullets = [match[1] for match in found]
    bullet = max(bullets, key=bullets.count) if bullets else "-"
    in_comments = sum(line.text.lstrip().startswith("<!--") and line.text.rstrip().endswith("-->") for line in lines)
    sections = read_sections(own, manner)
    level = find_section_level(own, sections) if sections else 2
    body = _write_groups(heading, missing, level, bullet, in_comments > 1)
    placed = find_block(content, block, "html", manner)
    at = (
        placed.start
        if placed
        else _find_place(own, sections, level, [line.start for line in lines if _is_box(line.text)])
    )
    return put_block(content, block, body, lambda: at, style="html", manner=manner)


def find_pull_request_template(paths: Collection[str]) -> str | None:
    """The project's one template, where GitHub looks for it, in any spelling; a folder of several is none."""
    for folder in _FOLDERS:
        for path in sorted(paths):
            if posixpath.dirname(path).casefold() == folder and posixpath.basename(path).casefold() in _NAMES:
                return path
    return None


def _is_asked(item: str, asked: Sequence[tuple[str, ...]]) -> bool:
    """Whether one of the items there says the same: like words, and the very same numbers and negations."""
    from rapidfuzz import fuzz

    words = fold_words(item.split("\n", 1)[0])
    return any(
        _pick_deciding(words) == _pick_deciding(other)
        and fuzz.token_sort_ratio(" ".join(words), " ".join(other)) >= _ALIKE
        for other in asked
    )


def _pick_deciding(words: Sequence[str]) -> list[str]:
    return sorted(word for word in words if word in _DECIDING or any(char.isdigit() for char in word))


def _is_box(text: str) -> bool:
    return _ITEM.match(text) is not None


def _find_place(content: bytes, sections: Sequence[Section], level: int, boxes: Sequence[int]) -> int:
    for section in reversed(sections):
        chooses = any(set(words) <= set(fold_words(section.title)) for words in _CHOICES)
        if section.level == level and not chooses and any(section.start < box < section.end for box in boxes):
            return section.end
    last = find_back_matter(sections, level, _LAST_SECTIONS)
    return last.start if last is not None else len(content)


def _write_groups(heading: str, groups: Sequence[CheckGroup], level: int, bullet: str, in_comments: bool) -> str:
    parts = [f"{'#' * level} {escape_text(heading)}"]
    for group in groups:
        parts.append(f"{'#' * min(level + 1, 6)} {escape_text(group.heading)}")
        if group.intro:
            # A comment ends at its first end sign, so that an intro which holds one stays a paragraph.
            parts.append(f"<!-- {group.intro} -->" if in_comments and "--" not in group.intro else group.intro)
        parts.append("\n".join(_write_item(item, bullet) for item in group.items))
    return "\n\n".join(parts)


def _write_item(item: str, bullet: str) -> str:
    first, *rest = item.strip("\n").split("\n")
    return "\n".join([f"{bullet} [ ] {first.strip()}", *(f"  {line}" if line.strip() else "" for line in rest)])
