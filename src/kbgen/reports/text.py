"""The same values for a person at a terminal: the short answer first, then tables whose last column may be long.

Plain lines and no library of tables: loading one takes longer than most answers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kbgen.markdown import show_invisible
from kbgen.model import BackfillReport, Commit, PathReport, StoryRecord, StoryRow

_DONE = frozenset({"done", "complete", "completed"})


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    is_title: bool = False
    """Bold where the terminal has that."""


def show_record(record: StoryRecord) -> tuple[Line, ...]:
    """`kbgen show ID`."""
    return tuple(_show_record(record))


def _show_record(record: StoryRecord) -> Iterator[Line]:
    story = record.story
    yield Line(_clean(f"{story.id} {story.title}".strip()), is_title=True)
    facts = ", ".join(f for f in (story.status, story.points and f"{story.points} points", story.path) if f)
    if facts:
        yield Line(_clean(facts))
    if not any(link.role == "implements" for link in record.links):
        yield Line("No work of its own found.")
    if record.links:
        yield from _begin("Commits")
    for link in record.links:
        role = link.role if link.explicit else f"{link.role}, inferred ({link.score:.2f})"
        yield Line(_clean(f"{link.commit.sha[:12]}  {role}: {link.commit.subject}"))
        for reason in link.reasons:
            yield Line(_clean(f"    {reason}"))
    files = [
        (
            f.change,
            "binary" if f.added is None else f"+{f.added} -{f.deleted}",
            "planned" if f.planned else "unplanned",
            "gone" if f.now == "removed" else f.now,
            " -> ".join(path for path in (f.old_path, f.path, f.now_path if f.now == "moved" else "") if path),
        )
        for f in record.files
    ]
    yield from _show_table("Files", ("Change", "Lines", "Plan", "Now", "File"), files)
    tests = [(str(t.cases), "gone" if t.cases_now is None else str(t.cases_now), t.path) for t in record.tests]
    yield from _show_table("Tests", ("Cases added", "Cases now", "Test file"), tests)
    yield from _show_list("Decisions", (f"“{d.text}” ({d.source})" for d in record.decisions))
    yield from _show_list("Deviations", (f"{d.kind}: {d.text.replace('`', '')}" for d in record.deviations))
    yield from _show_list("Deferred", (f"“{d.text}” ({d.source})" for d in record.deferred))
    criteria = [
        ("yes" if c.state == "evidence" else c.state, c.criterion.label, c.criterion.text) for c in record.criteria
    ]
    yield from _show_table("Acceptance criteria", ("Evidence", "AC", "Text"), criteria)
    yield from _show_list("Not read whole", (f"{s.path}: {s.why}" for s in record.skipped))


def show_path_report(report: PathReport) -> tuple[Line, ...]:
    """`kbgen show PATH`."""
    return tuple(_show_path_report(report))


def _show_path_report(report: PathReport) -> Iterator[Line]:
    yield Line(_clean(report.path), is_title=True)
    if not report.exists:
        yield Line("Not there at this revision.")
    yield Line(_clean(f"Owners: {', '.join(report.owners) or 'none recorded'}"))
    if not report.stories:
        yield Line("No story found.")
    rows = [(s.id, role, ", ".join(c[:12] for c in commits), s.title) for s, role, commits in report.stories]
    yield from _show_table("Stories", ("Story", "Role", "Commits", "Title"), rows)
    yield from _show_list("Decisions", (f"{story}: “{d.text}” ({d.source})" for story, d in report.decisions))
    yield from _show_list("Commits with no story", (f"{c.sha[:12]} {c.subject}" for c in report.unlinked))


def show_stories(rows: Sequence[StoryRow], unlinked: Sequence[Commit] | None) -> tuple[Line, ...]:
    """`kbgen stories`."""
    return tuple(_show_stories(rows, unlinked))


def _show_stories(rows: Sequence[StoryRow], unlinked: Sequence[Commit] | None) -> Iterator[Line]:
    if rows:
        cells = [(r.story.id, r.story.status, str(r.commits), str(r.follow_ups), r.notes, r.story.title) for r in rows]
        yield from _align(("Story", "Status", "Commits", "Follow-ups", "Notes", "Title"), cells)
        yield Line("")
    worked = sum(1 for r in rows if r.commits)
    noted = sum(1 for r in rows if r.notes != "none")
    yield Line(f"{_count(len(rows), 'story', 'stories')}: {worked} with commits, {noted} with notes.")
    idle = [r.story.id for r in rows if r.story.status in _DONE and not r.commits]
    if idle:
        yield Line(_clean(f"Done, with no commit found ({len(idle)}): {', '.join(idle)}"))
    if unlinked is not None:
        yield from _show_list(
            f"Commits with no story ({len(unlinked)})", (f"{c.sha[:12]} {c.subject}" for c in unlinked)
        )


def show_backfill(report: BackfillReport, *, check: bool = False, dry_run: bool = False) -> tuple[Line, ...]:
    """`kbgen backfill`; what was left out goes to stderr, with its reason."""
    verb = "stale" if check else "would be written" if dry_run else "written"
    lines = [Line(_clean(f"{verb}: {path}")) for path in report.written]
    counts = f"{len(report.written)} {verb}, {len(report.unchanged)} unchanged, {len(report.left_out)} left out"
    return (*lines, Line(counts))


def show_demo(folder: str, head: str, report: BackfillReport) -> tuple[Line, ...]:
    """`kbgen demo`: what it made, and what to type next."""
    noted = _count(len(report.written), "story", "stories")
    texts = (
        f"Made a sample project in {folder} (HEAD {head[:12]}) and wrote the notes of {noted}:",
        *(f"  {path}" for path in report.written),
        "See what was written, and ask about a story or a file:",
        f"  git -C {folder} diff",
        f"  kbgen -C {folder} show DM-01.6",
        f"  kbgen -C {folder} show mesh/agents/loading.py",
        f"  kbgen -C {folder} stories",
    )
    return tuple(Line(_clean(text)) for text in texts)


# --------------------------------------------------------------------------------------------- layout


def _clean(text: str) -> str:
    """History is data: what would act on a terminal is shown instead, and one value stays on one line."""
    return show_invisible(re.sub(r"\r\n|[\r\n\u0085\u2028\u2029]", "⏎", text).replace("\t", " "))


def _begin(title: str) -> tuple[Line, ...]:
    return Line(""), Line(_clean(title), is_title=True)


def _show_list(title: str, entries: Iterable[str]) -> Iterator[Line]:
    lines = [Line(_clean(f"- {entry}")) for entry in entries]
    if lines:
        yield from _begin(title)
        yield from lines


def _show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Line]:
    if rows:
        yield from _begin(title)
        yield from _align(columns, rows)


def _align(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Line]:
    """Columns padded to their widest cell; the last one is as long as it is."""
    cells = [[_clean(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(_measure(row[place]) for row in cells) for place in range(len(columns) - 1)]
    for number, row in enumerate(cells):
        padded = [cell + " " * (width - _measure(cell)) for cell, width in zip(row, widths, strict=False)]
        yield Line("  ".join([*padded, row[-1]]).rstrip(), is_title=number == 0)


def _measure(text: str) -> int:
    """Columns of a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
