"""The command line: what the user typed, one pipeline call a command, errors to exit codes.

Heavy imports stand inside the commands, so that ``kbgen --help`` stays quick.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

import typer

from kbgen.errors import KbgenError, UsageError

if TYPE_CHECKING:
    from kbgen.model import BackfillReport
    from kbgen.pipeline.diagrams import Form, Wanted
    from kbgen.reports.layout import Line
    from kbgen.wiring import CodeRun, Run

app = typer.Typer(
    name="kbgen",
    help="Turn a repository's git history and code into its knowledge base, and keep it true.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    # Plain help: rich would take as long to import as everything else together.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


_TEXT_LIMIT = 200
"""Facts of one kind that a table shows unless asked for more."""


class Format(StrEnum):
    text = "text"
    json = "json"


class Level(StrEnum):
    overview = "overview"
    detail = "detail"


class Direction(StrEnum):
    both = "both"
    up = "up"
    down = "down"


class TraceForm(StrEnum):
    markdown = "markdown"
    csv = "csv"
    json = "json"


@dataclass(frozen=True, slots=True)
class Common:
    """The four options that may stand before or after the command."""

    folder: Path | None = None
    rev: str | None = None
    format: Format | None = None
    quiet: bool = False

    @property
    def start(self) -> Path:
        """The folder that every path of the command line is relative to."""
        return self.folder or Path()


Folder = Annotated[
    Path | None, typer.Option("-C", metavar="DIR", help="Act as if started in DIR.", show_default=False)
]  # fmt: skip
Rev = Annotated[
    str | None, typer.Option("--rev", metavar="REV", help="The revision to read (default: HEAD).", show_default=False)
]
Out = Annotated[Format | None, typer.Option("--format", help="text (default) or json.", show_default=False)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notices.")]


def _show_version(value: bool) -> None:
    if value:
        from kbgen import __version__

        typer.echo(f"kbgen {__version__}")
        raise typer.Exit


@app.callback()
def read_common(
    ctx: typer.Context,
    folder: Folder = None,
    rev: Rev = None,
    format: Out = None,
    quiet: Quiet = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    ctx.obj = Common(folder, rev, format, quiet)
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help(), err=True)
        raise typer.Exit(2)


def _merge(ctx: typer.Context, folder: Path | None, rev: str | None, format: Format | None, quiet: bool) -> Common:
    """What stands after the command wins over what stands before it."""
    before: Common = ctx.obj or Common()
    return Common(
        folder if folder is not None else before.folder,
        rev if rev is not None else before.rev,
        format if format is not None else before.format,
        quiet or before.quiet,
    )


class _Noticing(Protocol):
    def list_notices(self) -> tuple[str, ...]: ...


_Opened = TypeVar("_Opened", bound=_Noticing)


@contextmanager
def _open(common: Common, open_it: Callable[[], AbstractContextManager[_Opened]]) -> Iterator[_Opened]:
    """What a command works on; what a person should be told of it goes to stderr in the end."""
    with open_it() as run:
        try:
            yield run
        finally:
            # Read last: an index may turn out to be damaged in the middle of the work.
            for notice in () if common.quiet else run.list_notices():
                typer.echo(f"note: {_inert(notice)}", err=True)


def _open_run(common: Common) -> AbstractContextManager[Run]:
    from kbgen.wiring import open_run

    return _open(common, lambda: open_run(common.start, common.rev, quiet=common.quiet))


def _print(common: Common, as_json: Callable[[], Any], as_text: Callable[[], Iterable[Line]]) -> None:
    if common.format is Format.json:
        import json

        typer.echo(json.dumps(as_json(), indent=2, ensure_ascii=True))
        return
    _print_lines(as_text())


def _print_lines(lines: Iterable[Line]) -> None:
    colours = _has_colours()
    for line in lines:
        typer.echo(typer.style(line.text, bold=True) if line.is_title and colours else line.text)


def _measure_terminal() -> int | None:
    """Columns of the terminal that stdout is, None for a file or pipe."""
    if not sys.stdout.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def _has_colours() -> bool:
    """See https://no-color.org for the variable."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@app.command(short_help="Write a commented kbgen.yaml with what was found.")
def init(
    ctx: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing kbgen.yaml.")] = False,
    folder: Folder = None,
    rev: Rev = None,
    format: Out = None,
    quiet: Quiet = False,
) -> None:
    """Look at the repository and write a commented kbgen.yaml with what was found.

    No option is set in it: kbgen does the same with the file as without it until you change a line.
    """
    common = _merge(ctx, folder, rev, format, quiet)
    with _open_run(common) as run:
        from kbgen.reports import report_init
        from kbgen.reports.layout import Line

        written = run.write_config(force=force)
        _print(common, lambda: report_init(written), lambda: (Line(f"written: {written}"),))


@app.command(short_help="Write or refresh the implementation notes of stories.")
def backfill(
    ctx: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ID", help="Story IDs, ranges (DM-01.6..DM-01.8), epics (DM-02), story files.", show_default=False
        ),
    ] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Every story that has commits and no notes.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Every story that has kbgen's notes already.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every story that has a file or a commit.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when notes are stale.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what changes as a diff.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite blocks that were edited by hand.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Move hand edits below the block, where they stay.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Write DIR/stories/ID.md, no story file.", show_default=False),
    ] = None,
    folder: Folder = None,
    rev: Rev = None,
    format: Out = None,
    quiet: Quiet = False,
) -> None:
    """Write or refresh the implementation notes of stories.

    Notes go into a managed block of the story's own file, or to output/stories/ID.md where a story has no file.
    Everything outside the block stays as it is.
    """
    common = _merge(ctx, folder, rev, format, quiet)
    if bool(ids) + missing + refresh + everything != 1:
        raise UsageError(
            "name stories, or give one of --missing, --refresh and --all",
            "for example: kbgen backfill DM-01.6..DM-01.8",
        )
    if force and keep:
        raise UsageError("--force and --keep exclude each other", "--force drops a hand edit, --keep moves it")
    with _open_run(common) as run:
        report = run.backfill(
            ids or [],
            missing=missing,
            refresh=refresh,
            everything=everything,
            preview=check or dry_run,
            diff=diff,
            force=force,
            keep=keep,
            output=output,
        )
        from kbgen.reports import report_backfill
        from kbgen.reports.text import show_backfill

        if common.format is not Format.json:
            _print_diffs(report.diffs)
        _print(common, lambda: report_backfill(report), lambda: show_backfill(report, check=check, dry_run=dry_run))
    _end_writing(report, check=check)


def _end_writing(report: BackfillReport, *, check: bool) -> None:
    """What was left out, and the exit code that says so."""
    for _, why in report.left_out:
        typer.echo(f"kbgen: left out: {_inert(why)}", err=True)
    if len(report.left_out) > len(report.edited):
        raise typer.Exit(2)
    if report.edited or (check and report.written):
        raise typer.Exit(1)


def _print_diffs(diffs: tuple[str, ...]) -> None:
    """As they are into a pipe, so that ``git apply`` takes them; harmless, and coloured, on a terminal."""
    if not sys.stdout.isatty():
        for text in diffs:
            typer.echo(text, nl=False)
        return
    colours = {"+": typer.colors.GREEN, "-": typer.colors.RED, "@": typer.colors.CYAN} if _has_colours() else {}
    for text in diffs:
        for line in text.removesuffix("\n").split("\n"):
            typer.secho(_inert(line.removesuffix("\r").expandtabs(4)), fg=colours.get(line[:1]))


@app.command(short_help="Show a story's commits and files, or a file's stories and owners.")
def show(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="ID|PATH", help="A story ID, or a path of the repository.")],
    folder: Folder = None,
    rev: Rev = None,
    format: Out = None,
    quiet: Quiet = False,
) -> None:
    """Show what history says of a story; or the stories, decisions and owners of a file."""
    common = _merge(ctx, folder, rev, format, quiet)
    with _open_run(common) as run:
        from kbgen.reports import report_path, report_record
        from kbgen.reports.text import show_path_report, show_record

        path = run.find_path(what)
        if path is not None:
            found = run.show_path(path)
            _print(common, lambda: report_path(found), lambda: show_path_report(found))
            return
        record = run.show(what)
        _print(common, lambda: report_record(record), lambda: show_record(record))


@app.command(short_help="List stories with their commits and notes.")
def stories(
    ctx: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Only these stories, ranges or epics.", show_default=False)
    ] = None,
    unlinked: Annotated[
        bool, typer.Option("--unlinked", help="Also list commits with code that belong to no story.")
    ] = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="Render kbgen's notes again to tell stale ones (slower).")
    ] = False,
    folder: Folder = None,
    rev: Rev = None,
    format: Out = None,
    quiet: Quiet = False,
) -> None:
    """List stories with their commits and notes: what is done with no commits, and commits with no story."""
    common = _merge(ctx, folder, rev, format, quiet)
    if ids and unlinked:
        raise UsageError("--unlinked looks at all stories", "leave out the IDs, or --unlinked")
    with _open_run(common) as run:
        from kbgen.reports import report_stories
        from kbgen.reports.text import show_stories

        rows, loose = run.list_stories(ids or [], unlinked=unlinked, stale=stale)
        _print(common, lambda: report_stories(rows, loose), lambda: show_stories(rows, loose))


@app.command(short_help="List what the code says, with evidence.")
def facts(
    ctx: typer.Context,
    kinds: Annotated[
        list[str] | None,
        typer.Argument(metavar="KIND", help="Only facts of these kinds: route, symbol, env, …", show_default=False),
    ] = None,
    path: Annotated[
        list[str] | None,
        typer.Option(
            "--path", metavar="GLOB", help="Only of these files or folders, from the top.", show_default=False
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", metavar="N", min=0, help="At most N facts of a kind (default for text: 200).", show_default=False
        ),
    ] = None,
    skipped: Annotated[bool, typer.Option("--skipped", help="List what was not read, and why.")] = False,
    worktree: Annotated[
        bool, typer.Option("--worktree", help="Read the files as they lie on disk, uncommitted ones too.")
    ] = False,
    folder: Folder = None,
    rev: Rev = None,
    format: Out = None,
    quiet: Quiet = False,
) -> None:
    """List what the code of a revision says, each fact with its path, line and content hash.

    Without a KIND the text is an overview, the JSON is everything.
    """
    common = _merge(ctx, folder, rev, format, quiet)
    if kinds and skipped:
        raise UsageError("--skipped lists files, not facts of a kind", "leave out the kinds, or --skipped")
    if worktree and common.rev is not None:
        raise UsageError("--worktree and --rev exclude each other", "--rev reads a commit, --worktree the disk")
    from kbgen.wiring import open_code

    with _open(common, lambda: open_code(common.start, common.rev, worktree=worktree, quiet=common.quiet)) as run:
        globs = path or []
        if common.format is Format.json and not skipped:
            from kbgen.reports.rows import write_rows

            # Not through typer, which looks for colours in what may be fifty megabytes.
            sys.stdout.writelines(write_rows(run.read_facts(kinds or [], globs, limit)))
            sys.stdout.write("\n")
            return
        from kbgen.reports import report_skipped
        from kbgen.reports.facts import show_facts, show_kinds, show_skipped

        if skipped:
            notes = run.list_skipped(globs)
            _print(common, lambda: report_skipped(notes), lambda: show_skipped(notes))
        elif kinds:
            tables = tuple(run.read_facts(kinds, globs, _TEXT_LIMIT if limit is None else limit))
            _print_lines(show_facts(tables, _measure_terminal()))
        else:
            examples = run.read_examples(globs)
            _print_lines(show_kinds(examples, run.count_read(globs), len(run.list_skipped(globs)), _measure_terminal()))


@app.command(short_help="Draw the diagrams, write their pages.")
def diagram(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="agent-mesh-topology, a2a-request-flow, …; none: all.", show_default=False),
    ] = None,
    forms: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="FORMATS", help="mermaid (default), svg, png, dot, excalidraw.", show_default=False
        ),
    ] = None,
    level: Annotated[
        Level | None, typer.Option("--level", help="overview (default) or detail.", show_default=False)
    ] = None,
    focus: Annotated[
        str | None,
        typer.Option("--focus", metavar="NODE", help="Only this part and what is near it.", show_default=False),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option(
            "--depth",
            metavar="N",
            min=0,
            help="How many steps away from it is still shown (default: 1).",
            show_default=False,
        ),
    ] = None,
    direction: Annotated[
        Direction | None,
        typer.Option("--direction", help="What it calls (down), what calls it (up), or both.", show_default=False),
    ] = None,
    entry: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="ENTRY", help="What a component, a route or an agent leads to.", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Write files there, not to stdout.", show_default=False),
    ] = None,
    dot: Annotated[
        str | None,
        typer.Option("--dot", metavar="PATH", help="The Graphviz program to draw with.", show_default=False),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the pages and the architecture page.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write no page; exit 1 when one is stale.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what changes in pages as a diff.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write no page.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what was edited by hand.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Move hand edits to where they stay.")] = False,
    worktree: Annotated[
        bool, typer.Option("--worktree", help="Read the files as they lie on disk, uncommitted ones too.")
    ] = False,
    folder: Folder = None,
    rev: Rev = None,
    format: Out = None,
    quiet: Quiet = False,
) -> None:
    """Draw what the code says: the mesh of agents, and flows through it.

    One NAME prints the diagram as Mermaid; several, or none, are listed. With --write their pages are written, and the
    block of the architecture page that shows them.
    """
    common = _merge(ctx, folder, rev, format, quiet)
    pages = write or check or dry_run
    if pages and any(option is not None for option in (forms, level, focus, depth, direction, entry)):
        raise UsageError("pages show whole diagrams at both levels", "leave out --as, --level, --focus, --from …")
    if (diff or force or keep) and not pages:
        raise UsageError("--diff, --force and --keep are about pages", "add --write, or --dry-run to write nothing")
    if force and keep:
        raise UsageError("--force and --keep exclude each other", "--force drops a hand edit, --keep moves it")
    if entry is not None and names:
        raise UsageError("--from draws a diagram of its own", "leave out the names, or --from")
    if focus is None and (depth is not None or direction is not None):
        raise UsageError("--depth and --direction say how much to show around a part", "name it with --focus NODE")
    if forms is not None and output is None and common.format is Format.json:
        raise UsageError("--as chooses a drawing, --format json prints values", "leave out one, or add --output DIR")
    if worktree and common.rev is not None:
        raise UsageError("--worktree and --rev exclude each other", "--rev reads a commit, --worktree the disk")
    from kbgen.pipeline.diagrams import NAMES, Wanted, read_forms, require_name
    from kbgen.wiring import open_code

    for name in names or ():
        require_name(name)
    chosen = read_forms(forms) if forms is not None else ()
    shaped = Wanted(
        level="detail" if level is Level.detail else "overview",
        focus=focus or "",
        depth=1 if depth is None else depth,
        direction="up" if direction is Direction.up else "down" if direction is Direction.down else "both",
        entry=entry or "",
    )
    wanted = [shaped] if entry is not None else [replace(shaped, name=name) for name in dict.fromkeys(names or NAMES)]
    if chosen and output is None and (len(chosen) > 1 or len(wanted) > 1 or "png" in chosen):
        raise UsageError("several files, or a picture, do not go to the terminal", "name a folder with --output DIR")
    with _open(common, lambda: open_code(common.start, common.rev, worktree=worktree, quiet=common.quiet)) as run:
        if not pages and output is None:
            _show_drawings(common, run, wanted, chosen, dot or "")
            return
        from kbgen.reports import report_backfill
        from kbgen.reports.text import show_backfill

        if pages:
            report = run.write_diagrams(
                names or [],
                preview=check or dry_run,
                diff=diff,
                force=force,
                keep=keep,
                output=output,
                dot=dot or "",
            )
        else:
            assert output is not None
            report = run.write_drawings([run.draw(one) for one in wanted], chosen or ("mermaid",), output, dot or "")
        if common.format is not Format.json:
            _print_diffs(report.diffs)
        _print(common, lambda: report_backfill(report), lambda: show_backfill(report, check=check, dry_run=dry_run))
    _end_writing(report, check=check)


def _show_drawings(common: Common, run: CodeRun, wanted: list[Wanted], forms: tuple[Form, ...], dot: str) -> None:
    from kbgen.reports.diagrams import report_diagram, show_diagrams

    if len(wanted) > 1:
        rows = run.list_diagrams(wanted)
        _print(common, lambda: [report_diagram(row.diagram) for row in rows], lambda: show_diagrams(rows))
        return
    drawing = run.draw(wanted[0])
    if common.format is Format.json:
        _print(common, lambda: report_diagram(drawing), lambda: ())
    elif drawing.nodes:
        sys.stdout.write(run.render(drawing, forms[0] if forms else "mermaid", dot).decode("utf-8"))


@app.command(short_help="List what in the code does not fit together.")
def findings(
    ctx: typer.Context,
    worktree: Annotated[
        bool, typer.Option("--worktree", help="Read the files as they lie on disk, uncommitted ones too.")
    ] = False,
    folder: Folder = None,
    rev: Rev = None,
    format: Out = None,
    quiet: Quiet = False,
) -> None:
    """List what careful reading of the code shows: broken connections, disagreements, dead parts.

    The JSON has the details and the evidence; so has the page that kbgen diagram --write makes.
    """
    common = _merge(ctx, folder, rev, format, quiet)
    if worktree and common.rev is not None:
        raise UsageError("--worktree and --rev exclude each other", "--rev reads a commit, --worktree the disk")
    from kbgen.reports.diagrams import show_findings
    from kbgen.reports.findings import report_findings
    from kbgen.wiring import open_code

    with _open(common, lambda: open_code(common.start, common.rev, worktree=worktree, quiet=common.quiet)) as run:
        found = run.find_findings()
        _print(common, lambda: report_findings(found), lambda: show_findings(found))


@app.command(short_help="Write all pages, diagrams and notes that are out of date.")
def build(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="PAGE", help="Pages, diagrams, or `notes`; none: all.", show_default=False),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="GLOB", help="Write only files at such paths.", show_default=False),
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the pages there are, and stop.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Write into this folder instead.", show_default=False),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when something is stale.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what changes as a diff.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what was edited by hand.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Move hand edits to where they stay.")] = False,
    folder: Folder = None,
    rev: Rev = None,
    format: Out = None,
    quiet: Quiet = False,
) -> None:
    """Write the knowledge base: every page, diagram and note that the facts have changed for.

    Prints what was written and left out, and why, and which acceptance criteria are met.
    """
    common = _merge(ctx, folder, rev, format, quiet)
    if force and keep:
        raise UsageError("--force and --keep exclude each other", "--force drops a hand edit, --keep moves it")
    from kbgen.reports.build import report_build, show_build, show_packs
    from kbgen.wiring import open_build

    with _open(common, lambda: open_build(common.start, common.rev, quiet=common.quiet)) as run:
        if list_all:
            rows = [(p.name, p.path, p.story, p.title) for p in run.list_pages()]
            _print(
                common,
                lambda: [dict(zip(("name", "path", "story", "title"), row, strict=True)) for row in rows],
                lambda: show_packs(rows),
            )
            return
        report = run.build(
            names or (),
            only or (),
            preview=check or dry_run,
            diff=diff,
            force=force,
            keep=keep,
            output=output,
        )
        if common.format is not Format.json:
            _print_diffs(report.diffs)
        _print(common, lambda: report_build(report), lambda: show_build(report, check=check, dry_run=dry_run))
    for _, why in report.failed:
        typer.echo(f"kbgen: failed: {_inert(why)}", err=True)
    if len(report.failed) > len(report.edited):
        raise typer.Exit(2)
    if report.edited or (check and report.written):
        raise typer.Exit(1)


@app.command(short_help="Trace gaps and recommendations to stories, commits and documents.")
def trace(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ARG", help="Only these stories, ranges, epics or items (REC-08); none: all.", show_default=False
        ),
    ] = None,
    form: Annotated[
        TraceForm | None, typer.Option("--as", help="markdown, csv or json, whole.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="Write there: .md, .csv or .json say the form.", show_default=False
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 when something hangs loose.")] = False,
    folder: Folder = None,
    rev: Rev = None,
    format: Out = None,
    quiet: Quiet = False,
) -> None:
    """Trace gaps, recommendations and debt items to the stories that take them, and on to what became of them.

    Shows what hangs loose at either end: items that no story takes, stories without commits, documents not written.
    """
    common = _merge(ctx, folder, rev, format, quiet)
    if form is not None and common.format is Format.json and form is not TraceForm.json:
        raise UsageError("--as and --format json ask for two forms", "leave out one")
    from kbgen.reports.trace import report_trace, show_trace

    with _open_run(common) as run:
        found = run.trace(names or [], run.open_build(quiet=common.quiet).list_documents())
        if output is not None:
            said = form.value if form else "json" if common.format is Format.json else ""
            written = run.write_trace(found, said, output)
            typer.echo(f"{'written' if written else 'unchanged'}: {_inert(str(output))}")
        elif form in (None, TraceForm.json):
            chosen = replace(common, format=Format.json) if form is TraceForm.json else common
            _print(chosen, lambda: report_trace(found), lambda: show_trace(found))
        else:
            sys.stdout.write(run.render_trace(found, form.value))
    if check and not found.is_whole:
        raise typer.Exit(1)


@app.command(short_help="Make a sample project with history, and run the main job there.")
def demo(
    ctx: typer.Context,
    target: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet, or an empty one.")
    ] = Path("kbgen-demo"),
    force: Annotated[bool, typer.Option("--force", help="Replace a demo that is already there.")] = False,
    folder: Folder = None,
    rev: Rev = None,
    format: Out = None,
    quiet: Quiet = False,
) -> None:
    """Make a sample agent-mesh project with history, and run the main job there."""
    common = _merge(ctx, folder, rev, format, quiet)
    if common.rev is not None:
        raise UsageError("demo makes a history of its own: --rev means nothing here", "leave out --rev")
    from kbgen.reports import report_demo
    from kbgen.reports.text import show_demo
    from kbgen.wiring import make_demo

    head, notes, built = make_demo(common.start / target, force=force, quiet=common.quiet)
    shown = str(common.start / target)
    _print(common, lambda: report_demo(shown, head, notes, built), lambda: show_demo(shown, head, notes, built))


_COMPLETION = "_KBGEN_COMPLETE"
"""Set by the shell's completion, which asks by environment."""
_SYSTEM_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE}
)
"""What the machine refuses, and no bug of ours."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command line; every way out goes through here and sets the exit code that the README documents."""
    for stream in (sys.stdout, sys.stderr):
        # Names and messages may hold what the terminal's encoding lacks.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    command = typer.main.get_command(app)
    if _COMPLETION in os.environ:
        command.main(prog_name="kbgen")
    code = 0
    try:
        with command.make_context("kbgen", list(sys.argv[1:] if arguments is None else arguments)) as running:
            command.invoke(running)
        sys.stdout.flush()
    except typer.Exit as done:
        code = done.exit_code
    except KbgenError as error:
        _fail(error.slug, error.message, error.hint, error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted", "nothing is half-written", "", 130)
    except BrokenPipeError:
        # The reader went away (`kbgen show … | head`); nothing is wrong. What is left to print has nowhere to go.
        _drop_output()
        sys.exit(0)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _SYSTEM_ERRORS:
            try:
                sys.stdout.flush()
            except OSError:
                _drop_output()
            _fail("system", str(error), "kbgen could not run: check the disk, its permissions and its free space", 2)
        # typer brings click along under names of its own; what both call a usage error has this method.
        if hasattr(error, "format_message"):
            context = getattr(error, "ctx", None)
            help_command = f"{context.command_path if context else 'kbgen'} --help"
            said = " ".join(str(error.format_message()).replace("Value error, ", "").split())
            _fail("usage", said, f"see: {help_command}", 2)
        said = f"{type(error).__name__}: {error}"
        _fail("bug", said, f"this is kbgen's own fault; please report it with {_write_crash_log()}", 3)
    sys.exit(code)


def _drop_output() -> None:
    """What could not be printed is not tried again when Python ends, which would set an exit code of its own."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(slug: str, message: str, hint: str, code: int) -> None:
    """The one form of every error."""
    typer.echo(f"kbgen: {slug}: {_inert(message)}", err=True)
    if hint:
        typer.echo(f"  hint: {_inert(hint)}", err=True)
    sys.exit(code)


def _write_crash_log() -> str:
    """The traceback of the error in flight, in a file of its own in the system's temporary folder; its path."""
    import tempfile
    import traceback

    text = traceback.format_exc().encode("utf-8", "backslashreplace")
    with tempfile.NamedTemporaryFile(prefix="kbgen-", suffix=".log", delete=False) as log:
        log.write(text)
    return log.name


def _inert(text: str) -> str:
    """Messages quote paths and history: no control character of theirs reaches the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)
