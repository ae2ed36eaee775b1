"""A trace as documented JSON, as CSV for a spreadsheet, as the context of a Markdown page, and as text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kbgen.markdown import Markdown, escape_text, fold, mark_names
from kbgen.model import JSON
from kbgen.reports.json import report_evidence
from kbgen.reports.layout import Line, align_columns, begin_part, clean, count_things
from kbgen.trace import LOOSE_KINDS, Chain, Item, LooseEnd, LooseKind, Trace

TEMPLATE = "trace.md.j2"
CSV_COLUMNS = (
    "gap",
    "recommendation",
    "debt",
    "item_titles",
    "story",
    "story_title",
    "status",
    "criteria",
    "commits",
    "files",
    "tests",
    "document",
    "document_exists",
    "loose",
)
_TITLE = 60
"""Characters of a title in a table that is to fit a screen; JSON and CSV have all of it."""


def report_trace(trace: Trace) -> list[JSON]:
    """`kbgen trace --format json`: one object a row, in the order of the rows.

    ``{"gap", "recommendation", "debt", "story", "criteria": [{"ac", "text", "checked"}], "commits": [hash], "files":
    [path], "tests": [path], "document", …}``; what a row has not is null or empty.
    """
    names = _list_names(trace.loose)
    return [_report_chain(chain, names) for chain in trace.chains]


def _report_chain(chain: Chain, ends: dict[tuple[str, LooseKind], list[LooseEnd]]) -> JSON:
    story, document = chain.story, chain.document
    said = [end for kind in chain.loose for end in ends.get((_name_subject(chain), kind), ())]
    return {
        "gap": chain.gap.id if chain.gap else None,
        "recommendation": chain.recommendation.id if chain.recommendation else None,
        "debt": chain.debt.id if chain.debt else None,
        "story": story.id if story else None,
        "criteria": [{"ac": a, "text": text, "checked": checked} for a, text, checked in story.criteria]
        if story
        else [],
        "commits": list(story.commits) if story else [],
        "files": list(story.files) if story else [],
        "tests": list(story.tests) if story else [],
        "document": document.path if document else None,
        "title": story.title if story else None,
        "status": story.status if story else None,
        "epic": story.epic or None if story else None,
        "spec": story.path or None if story else None,
        "follow_ups": list(story.follow_ups) if story else [],
        "documents": [{"path": d.path, "exists": d.exists, "origin": d.origin} for d in chain.documents],
        "items": [_report_item(item) for item in chain.items],
        "loose": list(chain.loose),
        "unknown": [end.subject for end in said if end.kind == "unknown-item"],
        "evidence": [report_evidence(e) for e in chain.evidence],
    }


def _report_item(item: Item) -> JSON:
    return {
        "id": item.id,
        "kind": item.kind,
        "title": item.title,
        "status": item.status,
        "closed": item.closed,
        "epics": list(item.epics),
        "defined": [report_evidence(place) for place in item.places],
    }


def _name_subject(chain: Chain) -> str:
    return chain.story.id if chain.story else chain.items[0].id


def _list_names(loose: Sequence[LooseEnd]) -> dict[tuple[str, LooseKind], list[LooseEnd]]:
    found: dict[tuple[str, LooseKind], list[LooseEnd]] = {}
    for end in loose:
        found.setdefault((end.story or end.subject, end.kind), []).append(end)
    return found


# ----------------------------------------------------------------------------------------------- CSV

_FORMULA = re.compile(r"^\s*[=+\-@|%]|^[\t\r\n]")
"""Spreadsheets run what begins so, https://owasp.org/www-community/attacks/CSV_Injection."""


def write_csv(trace: Trace) -> str:
    """One row a chain, lists joined by ``; ``. No cell of it is a formula to a spreadsheet."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for chain in trace.chains:
        writer.writerow([_make_cell(cell) for cell in _list_cells(chain)])
    return target.getvalue()


def _list_cells(chain: Chain) -> list[str]:
    story, document = chain.story, chain.document
    return [
        chain.gap.id if chain.gap else "",
        chain.recommendation.id if chain.recommendation else "",
        chain.debt.id if chain.debt else "",
        "; ".join(item.title for item in chain.items),
        story.id if story else "",
        story.title if story else "",
        story.status if story else "",
        "; ".join(f"{label}: {text}" for label, text, _ in story.criteria) if story else "",
        "; ".join(sha[:12] for sha in story.commits) if story else "",
        "; ".join(story.files) if story else "",
        "; ".join(story.tests) if story else "",
        document.path if document else "",
        ("yes" if document.exists else "no") if document else "",
        "; ".join(chain.loose),
    ]


def _make_cell(text: str) -> str:
    line = clean(" ".join(text.split()))
    return f"'{line}" if _FORMULA.match(line) else line


# ------------------------------------------------------------------------------------------ Markdown


@dataclass(frozen=True, slots=True)
class ItemRow:
    id: str
    kind: str
    title: Markdown
    status: str
    stories: tuple[str, ...]
    epics: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class StoryRow:
    """One line a story; counts instead of lists, which the CSV and the JSON have."""

    items: tuple[str, ...]
    story: str
    title: Markdown
    criteria: int
    commits: int
    files: int
    tests: int
    document: str
    document_exists: bool
    more_documents: int


@dataclass(frozen=True, slots=True)
class EndRow:
    subject: Markdown
    title: Markdown
    story: str
    epics: tuple[str, ...]
    paths: tuple[str, ...]
    called: Markdown
    path: str
    heading: Markdown


@dataclass(frozen=True, slots=True)
class EndSection:
    kind: str
    rows: tuple[EndRow, ...]


@dataclass(frozen=True, slots=True)
class TracePage:
    """The names that ``trace.md.j2`` may use."""

    items: int
    taken: int
    stories: int
    loose: tuple[EndSection, ...]
    """In the order of `LOOSE_KINDS`; kinds that do not occur are left out."""
    rows: tuple[StoryRow, ...]
    """Stories that take an item; all stories where none does."""
    table: tuple[ItemRow, ...]
    untraced: tuple[tuple[str, int], ...]


def build_trace_page(trace: Trace) -> TracePage:
    takers = _list_takers(trace)
    rows = _list_stories(trace)
    return TracePage(
        items=len(trace.items),
        taken=sum(1 for item in trace.items if item.taken),
        stories=sum(1 for row in rows if row.items),
        loose=tuple(
            EndSection(kind, tuple(_make_end(end) for end in trace.loose if end.kind == kind))
            for kind in LOOSE_KINDS
            if any(end.kind == kind for end in trace.loose)
        ),
        rows=tuple(rows),
        table=tuple(
            ItemRow(
                item.id,
                item.kind,
                mark_names(fold(item.title, _TITLE)),
                item.status,
                takers.get(id(item), ()),
                item.epics,
                item.places[0].path,
            )
            for item in trace.items
        ),
        untraced=trace.untraced,
    )


def _list_takers(trace: Trace) -> dict[int, tuple[str, ...]]:
    """Stories of each item, by the item's identity: two items may have the same ID."""
    found: dict[int, dict[str, None]] = {}
    for chain in trace.chains:
        for item in chain.items:
            if chain.story is not None:
                found.setdefault(id(item), {})[chain.story.id] = None
    return {key: tuple(stories) for key, stories in found.items()}


def _list_stories(trace: Trace) -> list[StoryRow]:
    by_story: dict[int, list[Chain]] = {}
    for chain in trace.chains:
        if chain.story is not None:
            by_story.setdefault(id(chain.story), []).append(chain)
    rows = []
    for chains in by_story.values():
        story, document = chains[0].story, chains[0].document
        assert story is not None
        items = tuple(dict.fromkeys(item.id for chain in chains for item in chain.items))
        rows.append(
            StoryRow(
                items,
                story.id,
                mark_names(fold(story.title, _TITLE)),
                len(story.criteria),
                len(story.commits),
                len(story.files),
                len(story.tests),
                document.path if document else "",
                bool(document and document.exists),
                max(len(chains[0].documents) - 1, 0),
            )
        )
    return [row for row in rows if row.items] or rows


def _make_end(end: LooseEnd) -> EndRow:
    place = end.evidence
    return EndRow(
        subject=mark_names(fold(end.subject, 2 * _TITLE)),
        title=mark_names(fold(end.title, 2 * _TITLE)),
        story=end.story,
        epics=end.epics,
        paths=end.paths,
        called=mark_names(fold(end.called, _TITLE)),
        path=place.path if place else "",
        heading=escape_text(place.symbol) if place else Markdown(""),
    )


# ---------------------------------------------------------------------------------------------- text

_TITLES: dict[LooseKind, str] = {
    "item-without-story": "Items that no story takes",
    "unknown-item": "Named by a story, defined nowhere",
    "shared-id": "IDs that stand for two things",
    "name-differs": "Called by words that its definition has none of",
    "story-without-item": "Stories that name no item, in epics whose other stories do",
    "story-without-commits": "Stories that take an item and have no commits",
    "document-missing": "Planned documents that are not there",
    "closed-without-story": "Closed, by no story that says so",
}


def show_trace(trace: Trace) -> tuple[Line, ...]:
    """`kbgen trace`."""
    return tuple(_show_trace(trace))


def _show_trace(trace: Trace) -> Iterator[Line]:
    rows = _list_stories(trace)
    if rows:
        cells = [
            (
                fold(", ".join(row.items), _TITLE) if row.items else "",
                row.story,
                str(row.criteria),
                str(row.commits),
                str(row.files),
                str(row.tests),
                row.document + ("" if row.document_exists or not row.document else " (not there)"),
            )
            for row in rows
        ]
        yield from align_columns(("Items", "Story", "Criteria", "Commits", "Files", "Tests", "Document"), cells)
    for kind in LOOSE_KINDS:
        ends = [end for end in trace.loose if end.kind == kind]
        if ends:
            yield from begin_part(f"{_TITLES[kind]} ({len(ends)})")
            yield from (Line(clean(f"- {_show_end(end)}")) for end in ends)
    yield Line("")
    taken = sum(1 for item in trace.items if item.taken)
    yield Line(f"{count_things(len(trace.items), 'item', 'items')}, {taken} taken by stories.")
    if trace.untraced:
        epics = ", ".join(f"{epic or 'no epic'} ({count})" for epic, count in trace.untraced[:_MOST_EPICS])
        more = len(trace.untraced) - _MOST_EPICS
        rest = f" and {count_things(more, 'more epic', 'more epics')}" if more > 0 else ""
        yield Line(clean(f"Stories of epics that name no item: {epics}{rest}."))


_MOST_EPICS = 8


def _show_end(end: LooseEnd) -> str:
    place = f" ({end.evidence.path})" if end.evidence is not None else ""
    if end.kind == "unknown-item":
        return f"{end.story}: {end.subject}{place}"
    if end.kind == "name-differs":
        return f"{end.subject}: “{end.called}”, and the definition says “{end.title}”{place}"
    if end.kind == "document-missing":
        return f"{end.subject}: {', '.join(end.paths)}"
    listed = f" [listed by {', '.join(end.epics)}]" if end.epics and end.kind == "item-without-story" else ""
    title = "" if end.title == end.subject else f": {end.title}"
    return f"{end.subject}{title}{listed}{place}"
