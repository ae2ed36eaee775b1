"""What kbgen's own blocks say: each statement with the mode that its place in the page gives it.

The notes template and this module are two sides of one agreement: a table is known by the titles of its
columns, a section by its heading, a sentence by its words. Whatever a block says outside of them is read like
any other text and must hold as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kbgen.claims.base import Found, Mode
from kbgen.claims.passages import Passage
from kbgen.patterns import lazy

Attrs = tuple[tuple[str, str], ...]

_CODE = lazy(r"`([^`\n]+)`")
_HEX = lazy(r"`([0-9a-f]{12,64})`")
_LINES = lazy(r"\+(\d+)\s*[−-](\d+)")
_NUMBER = lazy(r"\s*(\d+)\s*\Z")
_TOTALS = (
    ("files-created", re.compile(r"(?<![\w.])(\d+|[Nn]o|[Oo]ne) code files? created")),
    ("files-changed", re.compile(r"code files? created, (\d+) (?:code files? )?changed")),
    ("cases-added", re.compile(r"(?<![\w.])(-?\d+) test cases? added")),
    ("commits-implementing", re.compile(r"\b[Bb]uilt in (\d+) commits?")),
    ("commits-following", re.compile(r"\b[Mm]ended later by (\d+) commits?")),
)
_GAINED = lazy(r"gained (-?\d+) and hold (\d+)")


def list_commits(passages: Sequence[Passage]) -> dict[str, tuple[str, ...]]:
    """role -> commits of the block's table of evidence; an inferred role counts like the role itself."""
    roles: dict[str, list[str]] = {}
    for passage in passages:
        if passage.row is None or passage.row.column or _column(passage, "commit") != 0:
            continue
        sha, role = _HEX.search(passage.text), _cell(passage, "role")
        if sha and role:
            roles.setdefault(re.split(r"[,\s]", role)[0], []).append(sha[1])
    return {role: tuple(found) for role, found in roles.items()}


def place(found: Found, passage: Passage, roles: dict[str, tuple[str, ...]]) -> Found:
    """The claim with mode and context by its place."""
    if found.kind == "path" and _is_definition(found, passage):
        found = replace(found, kind="symbol")
    mode, attrs = _read_place(found, passage)
    commits = ",".join(roles.get("implements", ()))
    if commits and (found.kind == "count" or (found.kind == "symbol" and ("as", "source") not in attrs)):
        attrs = (*attrs, ("commits", commits))
    return replace(found, mode=mode, attrs=(*found.attrs, *attrs))


def _is_definition(found: Found, passage: Passage) -> bool:
    """``constant `CODEOWNERS` `` behind a built file is a definition, although a file may be called so too."""
    section = passage.headings[-1].lower() if passage.headings else ""
    shaped = all(part.isidentifier() for part in found.value.split("."))
    return "what was built" in section and shaped and ":" in passage.text[: found.start]


def _read_place(found: Found, passage: Passage) -> tuple[Mode, Attrs]:
    if passage.quoted:
        return "quoted", _source_before(passage)
    if passage.is_quote(found.start):
        return "quoted", _source_behind(passage, found.start)
    if passage.quotes and _is_source(passage, found.start):
        path = _find_before(passage, found) if found.kind == "symbol" else ""
        where = (("as", "source"), *((("path", path),) if path else ()))
        return ("is" if found.kind == "commit" else "was"), where
    if passage.row is not None:
        return _read_cell(found, passage)
    if passage.text.startswith("Not read whole"):
        return "was", ()
    section = passage.headings[-1].lower() if passage.headings else ""
    before, after = _split_around(passage, found)
    if "what was built" in section:
        return _read_built(found, passage, after)
    if "deviation" in section:
        return _read_deviation(found, passage, before, after)
    if "follow" in section and found.kind != "commit":
        return "quoted", _source_before(passage)
    return "is", ()


def _read_cell(found: Found, passage: Passage) -> tuple[Mode, Attrs]:
    title = _title(passage)
    if title == "file":
        now = _cell(passage, "now")
        if now.startswith("gone") or _cell(passage, "change").startswith("deleted"):
            return "was", (("now", "gone"),)
        return ("was", ()) if now.startswith("at ") else ("is", ())
    if title == "change":
        return "was", ()
    if title.startswith("test file"):
        now = _cell(passage, "cases now")
        return ("is", ()) if now[:1].isdigit() and " at " not in now else ("was", ())
    if title in ("criterion", "acceptance criterion"):
        return "quoted", (("source", "story"),)
    if title == "commit" and found.kind != "commit":
        return "quoted", _sha_of(passage.text)
    if title == "why":
        return "was", ()
    return "is", ()


def _read_built(found: Found, passage: Passage, after: str) -> tuple[Mode, Attrs]:
    if found.kind == "symbol":
        path = _CODE.search(passage.text)
        return "was", (("path", path[1]),) if path else ()
    head = after.split("`", 1)[0].split(":", 1)[0]
    if "gone" in head:
        return "was", (("now", "gone"),)
    return ("was", ()) if "now at" in head or "moved" in head else ("is", ())


def _read_deviation(found: Found, passage: Passage, before: str, after: str) -> tuple[Mode, Attrs]:
    if found.kind == "symbol":
        place = re.search(r"\bin `([^`\n]+)`", after)
        return "is", (("path", place[1]),) if place else ()
    if found.kind != "path":
        return "is", ()
    lead = before.rsplit(";", 1)[-1]
    if re.search(r"\bplanned as\s*`?\Z", lead):
        return "absent", ()
    if re.search(r"\bplanned (?:to|at|in|for)\b[^`]*`?\Z", lead):
        if re.search(r"no commit ever|does not exist|no such file|never existed", after):
            return "absent", ()
        if "gone" in after:
            return "was", (("now", "gone"),)
        return ("was", ()) if re.search(r"\bnow\b|built as|made as", after) else ("is", ())
    if re.match(r"`?\s*is gone\b", after):
        return "was", (("now", "gone"),)
    if re.search(r"without being planned|built as|made as|in no plan|not planned", before):
        return "was", ()
    return "is", ()


def find_counts(passage: Passage, roles: dict[str, tuple[str, ...]]) -> Iterator[Found]:
    """The numbers of a block's tables and of its opening sentence."""
    commits = (("commits", ",".join(roles.get("implements", ()))),)
    if passage.row is not None:
        path = _CODE.search(passage.row.cells[0]) if passage.row.cells else None
        title = _title(passage)
        lines = _LINES.search(passage.text)
        number = _NUMBER.match(passage.text)
        if path and title == "lines" and lines:
            attrs = (("of", "lines"), ("path", path[1]), *commits)
            yield Found("count", f"+{lines[1]} −{lines[2]}", lines.start(), attrs, "is")
        elif path and number and title == "cases added":
            yield Found("count", number[1], number.start(1), (("of", "cases-added"), ("path", path[1]), *commits), "is")
        elif path and number and title == "cases now":
            yield Found("count", number[1], number.start(1), (("of", "cases-now"), ("path", path[1]), *commits), "is")
        return
    if passage.quoted or passage.form == "code":
        return
    for measure, pattern in _TOTALS:
        match = pattern.search(passage.text)
        if match and not passage.is_quote(match.start()):
            listed = roles.get("follow-up" if measure == "commits-following" else "implements", ())
            yield Found("count", match[1], match.start(1), (("of", measure), ("commits", ",".join(listed))), "is")
    gained = _GAINED.search(passage.text)
    if gained:
        source = _source_behind(passage, gained.start())
        yield Found("count", gained[1], gained.start(1), (("of", "gained"), *source), "is")
        yield Found("count", gained[2], gained.start(2), (("of", "held"), *source), "is")


def find_quotes(passage: Passage) -> Iterator[Found]:
    """What stands between “ and ”, and each line of a block quote, with the source that it names."""
    if passage.quoted:
        source = _source_before(passage)
        for match in re.finditer(r"[^\n]+", passage.text):
            if not re.match(r"… and \d+ more\s*\Z", match[0]):
                yield Found("quote", match[0].strip(), match.start(), source, "quoted")
        return
    for first, last in passage.quotes:
        yield Found("quote", passage.text[first + 1 : last - 1], first, _source_behind(passage, first), "quoted")


def _split_around(passage: Passage, found: Found) -> tuple[str, str]:
    """The text of the passage before a name and behind it."""
    span = passage.find_span(found.start)
    end = span.end if span is not None and span.form == "code" else found.start
    return passage.text[max(0, found.start - 400) : found.start], passage.text[end : end + 400]


def _find_before(passage: Passage, found: Found) -> str:
    """The inline code before a name's own: the path of ```path`, `name```."""
    codes = [s for s in passage.spans if s.form == "code" and s.start < found.start]
    return codes[-1].text if codes else ""


def _source_before(passage: Passage) -> Attrs:
    return _sha_of(passage.lead) or _sha_of(passage.text)


def _sha_of(text: str) -> Attrs:
    found = re.findall(r"\b[0-9a-f]{12,64}\b", text)
    return (("source", f"commit:{found[-1]}"),) if found else ()


def _source_behind(passage: Passage, start: int) -> Attrs:
    """What stands in the brackets behind a quotation: a commit, a document, or "this story".

    Without brackets the file that the sentence names is meant: ``name` in `path` …: “words”``, ``“title” in `path```.
    """
    end = next((last for first, last in passage.quotes if first <= start < last), start)
    tail = passage.text[end : end + 600]
    bracket = _BRACKET.match(tail) or _LAST_BRACKET.search(tail)
    named = bracket[1] if bracket else ""
    if named.startswith("this story"):
        return (("source", "story"),)
    code = _CODE.match(named)
    first = code[1] if code else named.split(" (", 1)[0].removeprefix("commit ").split(",", 1)[0].strip()
    if _SHA.match(first):
        return (("source", f"commit:{first}"),)
    if "." in first:
        return (("source", f"file:{first.replace(chr(92), '')}"),)
    named_path = _IN_PATH.match(tail) or _LAST_PATH.search(passage.text[max(0, end - 2000) : end])
    return (("source", f"file:{named_path[1]}"),) if named_path else (("source", "story"),)


def _is_source(passage: Passage, offset: int) -> bool:
    """Whether a name stands in the brackets behind a quotation: it says where the words stood."""
    for _, last in passage.quotes:
        bracket = _BRACKET.match(passage.text, last, last + 600)
        if bracket is not None and bracket.start(1) <= offset < bracket.end(1):
            return True
    return False


_BRACKET = lazy(r"\s?\(((?:`[^`\n]*`|[^()`]|\([^()\n]*\))*)\)")
_LAST_BRACKET = lazy(r"\((`[0-9a-f]{12,64}`)\)\s*\Z")
_SHA = lazy(r"[0-9a-f]{12,64}\Z")
_IN_PATH = lazy(r"[^`“]{0,20}\bin `([^`\n]+)`")
_LAST_PATH = lazy(r"`([^`\n]*[./][^`\n]*)`[^`]*\Z")


def _title(passage: Passage) -> str:
    row = passage.row
    return row.header[row.column].strip().lower() if row is not None and row.column < len(row.header) else ""


def _column(passage: Passage, title: str) -> int:
    header = passage.row.header if passage.row is not None else ()
    return next((i for i, name in enumerate(header) if name.strip().lower() == title), -1)


def _cell(passage: Passage, title: str) -> str:
    index = _column(passage, title)
    row = passage.row
    return row.cells[index].strip() if row is not None and 0 <= index < len(row.cells) else ""
