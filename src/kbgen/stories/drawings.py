"""Files that a plan names in tables, tree drawings and the first line of a code fence."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kbgen.stories.collector import Collector
from kbgen.stories.intents import CHANGE_MARK, NEW_MARK, UNTOUCHED_MARK, judge_row, judge_tree
from kbgen.stories.pathnames import TICKED, clean_paths, find_paths, is_file_name, is_top_level
from kbgen.stories.reader import Page
from kbgen.stories.zones import Intent, Scope

_TREE_GLYPH = re.compile(r"[├└│┣┗┃]|(?:^|\s)[|`+\\]--")
_TREE_PREFIX = re.compile(r"^[\s│├└─┬┣┗┃━|`+\\-]*")
_COMMENT_PATH = re.compile(
    r"^\s*(?://|#|--|/\*+|<!--|\*|\"\"\"|;)\s*(?:file(?:name)?:\s*|path:\s*)?(`?[\w.@(\[-][^\s`]*`?)\s*(.*)$", re.I
)
_TEXT_FENCES = frozenset({"", "text", "txt", "plaintext", "plain", "tree", "bash", "sh", "shell", "ascii", "console"})


@dataclass(frozen=True, slots=True)
class Columns:
    """Which cells of a table hold the path and the action; -1 for none."""

    path: int
    action: int


_PATH_COLUMN = re.compile(
    r"^\W*(?:new |key |test |source )?(?:files?|file ?paths?|paths?|locations?|file ?names?|file location)\W*$", re.I
)
_ACTION_COLUMN = re.compile(
    r"^\W*(?:action|change|change type|type|operation|status|new/modified|create/modify|what)\W*$", re.I
)


def _cells(line: str) -> list[str]:
    inner = line.strip().strip("|")
    if "\\|" in inner:
        inner = inner.replace("\\|", "/")
    return [cell.strip() for cell in inner.split("|")]


def collect_row(
    page: Page, n: int, line: str, columns: Columns | None, scope: Scope, base: str, found: Collector
) -> Columns:
    cells = _cells(line)
    if columns is None:
        header = [i for i, cell in enumerate(cells) if _PATH_COLUMN.match(cell)]
        actions = [i for i, cell in enumerate(cells) if _ACTION_COLUMN.match(cell)]
        return Columns(header[0] if header else -1, actions[0] if actions else -1)
    if not line.strip("|-: \t"):
        return columns
    place = columns.path
    if place < 0:
        if scope.zone not in {"files", "neutral", "record"}:
            return columns
        place = next((i for i, cell in enumerate(cells) if find_paths(cell)), -1)
    if not 0 <= place < len(cells):
        return columns
    rest = " | ".join(cells[:place] + cells[place + 1 :])
    if UNTOUCHED_MARK.search(rest):
        return columns
    paths = find_paths(cells[place])
    if not paths:
        names = [
            p for token in TICKED.findall(cells[place]) or [cells[place]] for p in clean_paths(token, bare_names=True)
        ]
        paths = tuple(f"{base}/{name}" for name in names) if base else tuple(m for m in names if is_top_level(m))
    action = cells[columns.action].lower() if 0 <= columns.action < len(cells) else ""
    intent, strength = judge_row(action, rest, cells[place], scope)
    note = max((cell for i, cell in enumerate(cells) if i != place), key=len, default="")[:200]
    for path in paths:
        found.add(path, intent, strength, n, scope.zone, note)
    return columns


def collect_fence(page: Page, start: int, end: int, language: str, scope: Scope, base: str, found: Collector) -> None:
    lines = page.lines[start:end]
    if not lines:
        return
    if language in _TEXT_FENCES or language in {"markdown", "md"}:
        is_tree = any(_TREE_GLYPH.search(line) for line in lines)
        if is_tree or (scope.zone in {"files", "neutral", "record"} and _looks_like_listing(lines)):
            _collect_tree(lines, start, is_tree, scope, base, found)
            return
    if scope.zone not in {"plan", "files"}:
        return
    for offset, line in enumerate(lines[:3]):
        if not line.strip():
            continue
        match = _COMMENT_PATH.match(line)
        if not match:
            break
        paths = clean_paths(match[1])
        if paths and not UNTOUCHED_MARK.search(match[2]) and not re.search(r"\bexisting|\bexample", match[2], re.I):
            remark = f" {match[2]} "
            intent: Intent = "unclear"
            strength = 2
            if CHANGE_MARK.search(remark) or re.search(r"\b(?:add to|update|modify)\b", remark, re.I):
                intent = "modify"
            elif NEW_MARK.search(remark):
                intent = "create"
            elif scope.intent != "unclear":
                intent = scope.intent
            else:
                intent, strength = scope.verb, 1
            for path in paths:
                found.add(path, intent, strength, start + offset, scope.zone)
        break


def _looks_like_listing(lines: tuple[str, ...]) -> bool:
    named = [line for line in lines if line.strip()]
    paths = sum(1 for line in named if clean_paths(line.split()[0], bare_names=True) or line.split()[0].endswith("/"))
    return bool(named) and paths >= 0.6 * len(named)


def _collect_tree(lines: tuple[str, ...], start: int, glyphs: bool, scope: Scope, base: str, found: Collector) -> None:
    """A drawing of folders and files, by the column that each name starts in."""
    stack: list[tuple[int, str]] = []
    for offset, raw in enumerate(lines):
        line = raw.expandtabs(4)
        prefix = _TREE_PREFIX.match(line)
        column = len(prefix[0]) if prefix else 0
        rest = line[column:].strip()
        if not rest:
            continue
        name, _, remark = rest.partition(" ")
        name = name.strip("`*").rstrip(",:")
        remark = f" {remark.strip()} "
        while stack and stack[-1][0] >= column:
            stack.pop()
        is_folder = name.endswith("/")
        if name in {".", "./", "/"}:
            continue
        above = stack[-1][1] if stack else base
        if is_folder or (
            glyphs
            and not is_file_name(name)
            and re.fullmatch(r"[\w.@()\[\]/-]+", name)
            and remark.strip()[:1] in {"", "#", "(", "←"}
        ):
            folder = name.strip("/")
            if above and not stack and (folder + "/").startswith(above + "/"):
                above = ""
            stack.append((column, f"{above}/{folder}" if above else folder))
            continue
        if not is_file_name(name.rsplit("/", 1)[-1]):
            continue
        if UNTOUCHED_MARK.search(remark) or re.search(r"[(#←]\s*existing\b(?! [-–—] (?:modif|update))", remark, re.I):
            continue
        whole = f"{above}/{name.lstrip('/')}" if above and not (not stack and "/" in name) else name
        for path in clean_paths(whole, bare_names=not above and is_top_level(name)):
            intent, strength = judge_tree(remark, scope)
            found.add(path, intent, strength, start + offset, scope.zone, remark.strip(" #←()-–—/*")[:200])
