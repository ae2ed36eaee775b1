"""Which files a plan names, and what it says will happen to them.

A path counts only where the text plans work on it: in a list, table or tree of files to create or
modify, on a line such as ``**File:** path``, in a heading, or as the object of "create", "update"
and the like. A path that is only referred to (a pattern to follow, a source, a dependency) is no
plan, and a list of what was done (File List, Files Created, review, implementation notes) is a claim:
`read_claimed_files` gives those apart. A list headed neutrally ("Files Changed", "Files
Created/Modified") outside of such records counts as a plan only in a document that has no other.
"""

from __future__ import annotations

import re
from itertools import islice

from kbgen.model import PlannedFile
from kbgen.stories.collector import Collector
from kbgen.stories.drawings import Columns, collect_fence, collect_row
from kbgen.stories.intents import (
    CHANGE_MARK,
    DELETE_MARK,
    NEW_MARK,
    UNTOUCHED_MARK,
    is_reference,
    judge_item,
    judge_mention,
    refers,
    split_item,
)
from kbgen.stories.pathnames import TICKED, clean_folder, clean_paths, find_mentioned_paths, find_paths, is_top_level
from kbgen.stories.reader import LABEL_LEVEL, Heading, Page
from kbgen.stories.zones import PLAIN, Intent, Scope, find_scopes, find_verb

MAX_PATHS_OF_LINE = 20

_SOURCE_NOTE = re.compile(r"\[source:[^\]]*\]|\((?:source|see|from|ref)[:.]?\s[^)]*\)", re.I)
_ITEM = re.compile(r"^([ \t]*)(?:[-*+]|\d{1,3}[.)])[ \t]+(?:\[([ xX~/-])\][ \t]*)?(.*)$")
_FILE_LABEL = re.compile(
    r"^(?:[-*+]|\d{1,3}[.)])?[ \t]*(?:\*\*|__)?(?P<label>(?:[\w./-]+ ){0,2}(?:files?|locations?|paths?|module path|"
    r"file path|file location))(?:\*\*|__)?(?P<mark> ?\([^)\n]{0,60}\))?(?:\*\*|__)?[ \t]*:(?:\*\*"
    r"|__)?[ \t]*(?P<rest>\S.*)$",
    re.I,
)
_DEFINED = re.compile(r"^(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?\*\*[^*`]{2,80}\*\*[ \t]*\(`([^`]+)`\)[ \t]*:?$")
"""``**Name** (`path`):`` heads what is said of one part of the plan."""
_NO_FILE_LABEL = re.compile(
    r"story|epic|spec|reference|source|review|existing|wireframe|design|context|related|output|import|url|api|upload|"
    r"current|event|log|config value|route|avatar|storage|problem|affected by|user|dependenc|pattern|parent",
    re.I,
)


def read_planned_files(
    page: Page, blob: str, path: str, start: int = 0, end: int | None = None
) -> tuple[PlannedFile, ...]:
    """The files that the lines from `start` to `end` (0-based, end excluded) plan, in order of their lines.

    A path named several times stands once, with the clearest of its intents.
    """
    found = Collector(path, blob, page, frozenset({"files", "plan", "neutral"}))
    _collect(page, start, len(page.lines) if end is None else end, found)
    return found.take({"files", "plan"}) or found.take({"neutral"})


def read_claimed_files(
    page: Page, blob: str, path: str, start: int = 0, end: int | None = None
) -> tuple[PlannedFile, ...]:
    """The files that a record of the work lists (File List, Files Created …): claims to test, not plans."""
    found = Collector(path, blob, page, frozenset({"record", "neutral"}))
    _collect(page, start, len(page.lines) if end is None else end, found)
    return found.take({"record", "neutral"})


def _collect(page: Page, start: int, end: int, found: Collector) -> None:
    """Walk the lines of a range, each to the reader for what it is: fence, heading, table row, or text."""
    scopes = find_scopes(page, start, end)
    base = ""
    base_heading = -2
    item_stack: list[tuple[int, bool, str]] = []
    columns: Columns | None = None
    n = max(start, page.body)
    while n < end:
        fence = page.fence_at[n]
        place = page.heading_at(n)
        scope = scopes.get(place, PLAIN)
        if place != base_heading:
            base_heading = place
            base = _folder_above(page, place)
            item_stack.clear()
        if fence >= 0:
            block = page.fences[fence]
            if scope.zone in found.wanted:
                collect_fence(page, block.start, min(block.end, end), block.language, scope, base, found)
            n = max(block.end + 1, n + 1)
            columns = None
            continue
        line = page.lines[n]
        if not line or scope.zone not in found.wanted or (scope.zone == "plan" and "/" not in line and line[0] != "|"):
            if not line.strip() or line.lstrip()[0] != "|":
                columns = None
            n += 1
            continue
        if place >= 0 and page.headings[place].index == n:
            _collect_heading(page.headings[place], scope, found)
            columns = None
        elif line.lstrip().startswith("|"):
            columns = collect_row(page, n, line, columns, scope, base, found)
        else:
            columns = None
            item = _ITEM.match(line)
            if not item and not line.startswith((" ", "\t")) and _ends_label(page, place):
                # A paragraph after a label's list is not of the list.
                scope = scopes.get(page.headings[place].parent, PLAIN)
            folder = _collect_line(page, n, line, item, item_stack, scope, base, found)
            base = folder or base
        n += 1


def _ends_label(page: Page, place: int) -> bool:
    return place >= 0 and page.headings[place].level == LABEL_LEVEL


def _folder_above(page: Page, place: int) -> str:
    """The folder that the nearest headings name: ``#### Service (`apps/api/src/x/`)``."""
    for depth, heading in enumerate(page.chain(place)):
        if depth > 1:
            break
        for token in TICKED.findall(heading.title):
            folder = clean_folder(token)
            if folder and (token.rstrip().endswith("/") or depth == 0):
                return folder
    return ""


def _collect_heading(heading: Heading, scope: Scope, found: Collector) -> None:
    title = heading.title
    paths = find_paths(title)
    if not paths:
        return
    intent: Intent = "unclear"
    if NEW_MARK.search(TICKED.sub(" ", title)) or re.search(
        r"\bnew\b|^\W*\d*\W*create\b", TICKED.sub(" ", title), re.I
    ):
        intent = "create"
    elif CHANGE_MARK.search(title) or find_verb(TICKED.sub("", title)) == "modify":
        intent = "modify"
    elif scope.intent != "unclear":
        intent = scope.intent
    elif scope.verb != "unclear":
        intent = scope.verb
    for path in paths:
        found.add(path, intent, 2, heading.index, scope.zone)


# -------------------------------------------------------------------------- lists, labels, sentences

_NOTE_MARKS = re.compile(r"^[\s`*:–—-]+")


def _collect_line(
    page: Page,
    n: int,
    line: str,
    item: re.Match[str] | None,
    stack: list[tuple[int, bool, str]],
    scope: Scope,
    base: str,
    found: Collector,
) -> str:
    """Read one line outside fences and tables; gives the folder that later relative names stand in, or ``""``."""
    text = line
    indent = len(line) - len(line.lstrip())
    parent_folder, below_path = "", False
    if item:
        indent, text = len(item[1].expandtabs(4)), item[3]
        while stack and stack[-1][0] >= indent:
            stack.pop()
        if stack:
            below_path, parent_folder = stack[-1][1], stack[-1][2]
    elif not line.startswith((" ", "\t")):
        stack.clear()
    if ("[" in text and "ource:" in text.lower()) or "(see" in text.lower():
        text = _SOURCE_NOTE.sub(" ", text)
    label = _FILE_LABEL.match(line.strip()) if ":" in line else None
    if label and not _NO_FILE_LABEL.search(label["label"]):
        paths = _collect_label(page, n, label, scope, found)
        if item:
            stack.append((indent, bool(paths), ""))
        if paths:
            return ""
        return next((f for token in TICKED.findall(label["rest"]) if (f := clean_folder(token))), "")
    defined = _DEFINED.match(line.strip()) if "(`" in line else None
    if defined and scope.zone == "plan":
        for path in clean_paths(defined[1]):
            found.add(path, scope.verb, 1, n, scope.zone)
        return ""
    folder = ""
    has_path = False
    if item and scope.zone in {"files", "neutral", "record"}:
        has_path, folder = _collect_item(n, text, scope, parent_folder or base, below_path, bool(stack), found)
        if not has_path and not below_path:
            has_path = _collect_sentence(n, text, scope, found)
    elif scope.zone != "record":
        has_path = _collect_sentence(n, text, scope, found)
        if not has_path and scope.zone == "files" and not item:
            has_path = _collect_bare_line(n, text, scope, found)
    if item:
        stack.append((indent, has_path, folder))
    return folder if folder and not item else ""


def _leading_intent(page: Page, n: int) -> Intent:
    """What the paragraph that leads to a label says: "Create the scoring service:", then ``**Key File:** path``."""
    for before in range(n - 1, max(n - 4, page.body - 1), -1):
        text = page.lines[before].strip()
        if not text:
            continue
        if text.endswith(":") and page.fence_at[before] < 0 and not text.startswith(("#", "|")):
            return find_verb(text)
        break
    return "unclear"


def _collect_label(page: Page, n: int, label: re.Match[str], scope: Scope, found: Collector) -> tuple[str, ...]:
    rest = label["rest"]
    mark = label["mark"] or ""
    named = label["label"].lower()
    paths = find_paths(rest)
    if not named.endswith("s"):
        # One file or location: its first path; what follows explains.
        paths = paths[:1]
    after = TICKED.sub(" ", rest)
    remark = f"{mark} {after}"
    if UNTOUCHED_MARK.search(remark):
        return ()
    intent: Intent
    strength = 4
    if DELETE_MARK.search(remark):
        intent = "delete"
    elif CHANGE_MARK.search(remark) or re.search(
        r"\blines? \d|\bmodif|\badd(?:ed)? to\b|^\W*update\b|\bexisting\b", remark, re.I
    ):
        intent = "modify"
    elif re.search(r"\bnew\b|\bcreate\b", f"{named} {remark}", re.I):
        intent = "create"
    elif scope.intent != "unclear":
        intent = scope.intent
    else:
        intent, strength = _leading_intent(page, n), 2
        if intent == "unclear":
            intent = scope.verb
    for path in paths:
        found.add(path, intent, strength, n, scope.zone)
    return paths


def _collect_item(
    n: int, text: str, scope: Scope, folder: str, below_path: bool, nested: bool, found: Collector
) -> tuple[bool, str]:
    """One item of a list of files: (names a path, names a folder for the items below it)."""
    head, tail = split_item(text)
    if refers(head):
        return False, ""
    if UNTOUCHED_MARK.search(text) and not NEW_MARK.search(text):
        return False, ""
    paths = find_paths(head)
    if not paths:
        names = [p for token in TICKED.findall(head) for p in clean_paths(token, bare_names=True)]
        if not names and (match := re.match(r"\**([\w.\[\]()@-]+\.\w+)\**(?=$|[\s:(])", head)):
            names = list(clean_paths(match[1], bare_names=True))
        if folder:
            paths = tuple(f"{folder}/{name}" for name in names)
        elif not nested:
            paths = tuple(name for name in names if is_top_level(name))
    if not paths and not nested:
        paths = find_paths(tail)[:1]
        if paths and is_reference(tail, paths[0]):
            paths = ()
    if nested and below_path and not _starts_with_path(head):
        return False, ""
    inner = next((f for token in TICKED.findall(head) if (f := clean_folder(token))), "")
    if not inner and (match := re.match(r"\**([\w.@\[\]()-]+(?:/[\w.@\[\]()-]+)*/)\**(?=$|[\s:(])", head)):
        inner = clean_folder(match[1])
    if inner and folder and nested and not inner.startswith(folder.split("/")[0]):
        inner = f"{folder}/{inner}"
    if not paths:
        return False, inner
    intent, strength = judge_item(text, scope)
    note = _NOTE_MARKS.sub("", tail).strip()[:200]
    for path in paths:
        found.add(path, intent, strength, n, scope.zone, note)
    return True, ""


def _collect_bare_line(n: int, text: str, scope: Scope, found: Collector) -> bool:
    """A line of a files section that is a path and nothing else but a remark."""
    if not _starts_with_path(text):
        return False
    paths = find_paths(split_item(text)[0])
    intent, strength = judge_item(text, scope)
    for path in paths:
        found.add(path, intent, strength, n, scope.zone)
    return bool(paths)


def _collect_sentence(n: int, text: str, scope: Scope, found: Collector) -> bool:
    """Paths that a sentence or task makes the object of its work; paths only referred to are passed over."""
    if "/" not in text or "." not in text:
        return False
    hit = False
    for path, before, after in islice(find_mentioned_paths(text), MAX_PATHS_OF_LINE):
        intent, strength = judge_mention(before, after)
        if strength == 0:
            continue
        hit = True
        found.add(path, intent, strength, n, "plan" if scope.zone == "files" else scope.zone)
    return hit


def _starts_with_path(head: str) -> bool:
    return bool(re.match(r"[\s*`(]*[\w.@\[-][\w.@\[\]()/+-]*\.\w+", head)) and bool(
        find_paths(head, bare_names=True) or "/" in head
    )
