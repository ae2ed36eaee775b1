"""The same values for a person at a terminal: the short answer first, then tables whose last column may be long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kbgen.model import BackfillReport, BuildReport, Commit, PathReport, StoryRecord, StoryRow
from kbgen.reports.layout import Line, align_columns, begin_part, clean, count_things, show_list, show_table

_DONE = frozenset({"done", "complete", "completed"})


def show_record(record: StoryRecord) -> tuple[Line, ...]:
    """`kbgen show ID`."""
    return tuple(_show_record(record))


def _show_record(record: StoryRecord) -> Iterator[Line]:
    story = record.story
    yield Line(clean(f"{story.id} {story.title}".strip()), is_title=True)
    facts = ", ".join(f for f in (story.status, story.points and f"{story.points} points", story.path) if f)
    if facts:
        yield Line(clean(facts))
    if not any(link.role == "implements" for link in record.links):
        yield Line("No work of its own found.")
    if record.links:
        yield from begin_part("Commits")
    for link in record.links:
        role = link.role if link.explicit else f"{link.role}, inferred ({link.score:.2f})"
        yield Line(clean(f"{link.commit.sha[:12]}  {role}: {link.commit.subject}"))
        for reason in link.reasons:
            yield Line(clean(f"    {reason}"))
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
    yield from show_table("Files", ("Change", "Lines", "Plan", "Now", "File"), files)
    tests = [(str(t.cases), "gone" if t.cases_now is None else str(t.cases_now), t.path) for t in record.tests]
    yield from show_table("Tests", ("Cases added", "Cases now", "Test file"), tests)
    yield from show_list("Decisions", (f"“{d.text}” ({d.source})" for d in record.decisions))
    yield from show_list("Deviations", (f"{d.kind}: {d.text.replace('`', '')}" for d in record.deviations))
    yield from show_list("Deferred", (f"“{d.text}” ({d.source})" for d in record.deferred))
    criteria = [
        ("yes" if c.state == "evidence" else c.state, c.criterion.label, c.criterion.text) for c in record.criteria
    ]
    yield from show_table("Acceptance criteria", ("Evidence", "AC", "Text"), criteria)
    yield from show_list("Not read whole", (f"{s.path}: {s.why}" for s in record.skipped))


def show_path_report(report: PathReport) -> tuple[Line, ...]:
    """`kbgen show PATH`."""
    return tuple(_show_path_report(report))


def _show_path_report(report: PathReport) -> Iterator[Line]:
    yield Line(clean(report.path), is_title=True)
    if not report.exists:
        yield Line("Not there at this revision.")
    yield Line(clean(f"Owners: {', '.join(report.owners) or 'none recorded'}"))
    if not report.stories:
        yield Line("No story found.")
    rows = [(s.id, role, ", ".join(c[:12] for c in commits), s.title) for s, role, commits in report.stories]
    yield from show_table("Stories", ("Story", "Role", "Commits", "Title"), rows)
    yield from show_list("Decisions", (f"{story}: “{d.text}” ({d.source})" for story, d in report.decisions))
    yield from show_list("Commits with no story", (f"{c.sha[:12]} {c.subject}" for c in report.unlinked))


def show_stories(rows: Sequence[StoryRow], unlinked: Sequence[Commit] | None) -> tuple[Line, ...]:
    """`kbgen stories`."""
    return tuple(_show_stories(rows, unlinked))


def _show_stories(rows: Sequence[StoryRow], unlinked: Sequence[Commit] | None) -> Iterator[Line]:
    if rows:
        cells = [(r.story.id, r.story.status, str(r.commits), str(r.follow_ups), r.notes, r.story.title) for r in rows]
        yield from align_columns(("Story", "Status", "Commits", "Follow-ups", "Notes", "Title"), cells)
        yield Line("")
    worked = sum(1 for r in rows if r.commits)
    noted = sum(1 for r in rows if r.notes != "none")
    yield Line(f"{count_things(len(rows), 'story', 'stories')}: {worked} with commits, {noted} with notes.")
    idle = [r.story.id for r in rows if r.story.status in _DONE and not r.commits]
    if idle:
        yield Line(clean(f"Done, with no commit found ({len(idle)}): {', '.join(idle)}"))
    if unlinked is not None:
        yield from show_list(
            f"Commits with no story ({len(unlinked)})", (f"{c.sha[:12]} {c.subject}" for c in unlinked)
        )


def show_backfill(report: BackfillReport, *, check: bool = False, dry_run: bool = False) -> tuple[Line, ...]:
    """`kbgen backfill`; what was left out goes to stderr, with its reason."""
    verb = "stale" if check else "would be written" if dry_run else "written"
    lines = [Line(clean(f"{verb}: {path}")) for path in report.written]
    counts = f"{len(report.written)} {verb}, {len(report.unchanged)} unchanged, {len(report.left_out)} left out"
    return (*lines, Line(counts))


def show_demo(folder: str, head: str, notes: BackfillReport, built: BuildReport) -> tuple[Line, ...]:
    """`kbgen demo`: what it made, and what to type next."""
    noted = count_things(len(notes.written), "story", "stories")
    pages = tuple(path for path in built.written if not path.endswith(".excalidraw"))
    texts = (
        f"Made a sample project in {folder} (HEAD {head[:12]}) and wrote the notes of {noted}:",
        *(f"  {path}" for path in notes.written),
        f"It built the knowledge base, {count_things(len(pages), 'file', 'files')}:",
        *(f"  {path}" for path in pages),
        "See what was written, and ask about a story, a file or the mesh:",
        f"  git -C {folder} diff",
        f"  kbgen -C {folder} show DM-01.6",
        f"  kbgen -C {folder} show mesh/agents/loading.py",
        f"  kbgen -C {folder} stories",
        f"  kbgen -C {folder} diagram agent-mesh-topology",
        f"  kbgen -C {folder} findings",
        f"  kbgen -C {folder} build",
    )
    return tuple(Line(clean(text)) for text in texts)
