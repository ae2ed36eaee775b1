"""The real adapters of a run, built from the config. Nothing else names them."""

from __future__ import annotations

import gc
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kbgen.adapters.code_version import compute_fingerprint
from kbgen.adapters.files import FolderOutputs, PreviewOutputs, SafeOutputs
from kbgen.adapters.git import Git, LogOptions, open_repository
from kbgen.adapters.progress import open_progress
from kbgen.adapters.sqlite_facts import SqliteFacts
from kbgen.adapters.trees import RevisionTree, WorkTree
from kbgen.config import CONFIG_NAME, Config, load_config
from kbgen.errors import ConfigError, OutputError, UsageError
from kbgen.model import (
    BackfillReport,
    BuildReport,
    Commit,
    Diagram,
    Finding,
    PathReport,
    SkippedFile,
    Story,
    StoryRecord,
    StoryRow,
)
from kbgen.paths import is_markdown
from kbgen.pipeline.facts import AllFacts, FactBook, require_kinds, select_paths
from kbgen.ports import Progress
from kbgen.reports.rows import KindRows

# History, notes and templates are imported where a run needs them: one that asks for facts alone is over sooner.
if TYPE_CHECKING:
    from kbgen.adapters.jinja import JinjaTemplates
    from kbgen.adapters.sqlite import SqliteHistory
    from kbgen.pages.packs import PagePack
    from kbgen.pages.sources import Sources
    from kbgen.pipeline.backfill import BackfillOptions
    from kbgen.pipeline.build import PackBook, PageBook
    from kbgen.pipeline.code import StoredCode
    from kbgen.pipeline.diagrams import DiagramBook, Form, Tools, Wanted
    from kbgen.pipeline.page_sources import Neighbours
    from kbgen.pipeline.project import Project
    from kbgen.pipeline.shapes import Shapes
    from kbgen.reports.diagrams import DiagramRow
    from kbgen.trace import Trace

_DEMO_STORIES = ("DM-01.6..DM-01.8", "DM-02.5..DM-02.9")


class Run:
    """One command's run on one repository at one revision: adapters wired, pipeline functions behind methods."""

    def __init__(
        self,
        git: Git,
        tree: RevisionTree,
        project: Project,
        history: SqliteHistory,
        store: SqliteFacts,
        start: Path,
    ) -> None:
        self._git = git
        self._tree = tree
        self._project = project
        self._history = history
        self._store = store
        self._start = start

    @property
    def project(self) -> Project:
        """What the run works on, for scripts that ask more than the commands do."""
        return self._project

    def list_notices(self) -> tuple[str, ...]:
        """What a person should know although nothing failed: an index made again, a credential left out."""
        return (*self._history.notices, *self._store.notices, *self._project.config.remarks)

    def backfill(
        self,
        arguments: Sequence[str],
        *,
        missing: bool = False,
        refresh: bool = False,
        everything: bool = False,
        preview: bool = False,
        diff: bool = False,
        force: bool = False,
        keep: bool = False,
        output: Path | None = None,
    ) -> BackfillReport:
        """`output` is relative to the folder that the command works in."""
        from kbgen.pipeline.backfill import BackfillOptions, backfill

        outputs = self._open_outputs(output, force=force)
        options = BackfillOptions(force=force, keep_edits=keep, folder=output is not None, with_diff=diff)
        stories = self._select(arguments, outputs, options, missing=missing, refresh=refresh, everything=everything)
        shown = PreviewOutputs(outputs) if preview else outputs
        return backfill(self._project, stories, self._open_templates(), shown, options)

    def _select(
        self,
        arguments: Sequence[str],
        outputs: SafeOutputs | FolderOutputs,
        options: BackfillOptions,
        *,
        missing: bool,
        refresh: bool,
        everything: bool,
    ) -> tuple[Story, ...]:
        project = self._project
        if everything:
            return tuple(s for s in project.list_known() if s.path or project.link(s))
        if missing or refresh:
            from kbgen.pipeline.overview import read_note_state

            states = [(s, read_note_state(project, s, outputs, options=options)) for s in project.list_known()]
            if refresh:
                return tuple(s for s, state in states if state in ("kbgen", "stale"))
            return tuple(s for s, state in states if state == "none" and project.has_work(s))
        return self._select_named(arguments)

    def _select_named(self, arguments: Sequence[str]) -> tuple[Story, ...]:
        """IDs, ranges, epics; and story files, from the folder that the command works in."""
        files = {s.path for s in self._project.known if s.path}
        places = ((self._resolve(argument), argument) for argument in arguments)
        return self._project.select([place if place in files else argument for place, argument in places])

    def show(self, argument: str) -> StoryRecord:
        stories = self._project.select([argument])
        if len(stories) != 1:
            named = ", ".join(dict.fromkeys(f"{s.id} ({s.path or s.title})" for s in stories[:3]))
            more = " …" if len(stories) > 3 else ""
            raise UsageError(
                f"{argument!r} names {len(stories)} stories, and show takes one: {named}{more}",
                f"name one of them; `kbgen stories {argument}` lists them all",
            )
        return self._project.record(stories[0], with_methods=True)

    def find_path(self, argument: str) -> str | None:
        """The repository path that an argument of `show` names; None when it can only be a story's ID."""
        from kbgen.pipeline.overview import resolve_path

        return resolve_path(self._project, argument, self._resolve(argument))

    def show_path(self, path: str) -> PathReport:
        from kbgen.pipeline.overview import show_path

        return show_path(self._project, path)

    def list_stories(
        self, arguments: Sequence[str], *, unlinked: bool = False, stale: bool = False
    ) -> tuple[tuple[StoryRow, ...], tuple[Commit, ...] | None]:
        from kbgen.pipeline.overview import list_stories, list_unlinked

        stories = self._select_named(arguments) if arguments else self._project.list_known()
        outputs = SafeOutputs(self._git.top) if self._git.top is not None else None
        templates = self._open_templates() if stale else None
        rows = list_stories(self._project, stories, outputs, templates)
        return rows, list_unlinked(self._project, rows) if unlinked else None

    def trace(self, arguments: Sequence[str] = (), documents: Mapping[str, Sequence[str]] | None = None) -> Trace:
        """`documents` gives the pages that are written for a story, by its ID."""
        from kbgen.pipeline.trace import trace

        project = self._project
        files = {s.path for s in project.known if s.path} if arguments else set()
        places = ((self._resolve(argument), argument) for argument in arguments)
        named = [place if place in files else argument for place, argument in places]
        key = f"{project.tree.rev}-{compute_fingerprint(repr(project.config), None)}"
        return trace(project, named, documents, self._store, key)

    def render_trace(self, found: Trace, form: str) -> str:
        """`form`: markdown, csv or json."""
        from kbgen.reports.trace import TEMPLATE, build_trace_page, report_trace, write_csv

        if form == "csv":
            return write_csv(found)
        if form == "json":
            import json

            return json.dumps(report_trace(found), indent=2, ensure_ascii=True) + "\n"
        return self._open_templates().render(TEMPLATE, build_trace_page(found))

    def write_trace(self, found: Trace, form: str, output: Path) -> bool:
        """False when the file has the same bytes already. `form` empty: what the file's name says, else Markdown."""
        said = form or {".csv": "csv", ".json": "json"}.get(output.suffix.lower(), "markdown")
        place = self._start / output
        # A file that the user names, in a folder that the user names: no block in it, nothing to merge.
        outputs = FolderOutputs(place.parent, lambda path: None, force=True)
        return outputs.write(place.name, self.render_trace(found, said).encode("utf-8"))

    def write_config(self, *, force: bool) -> str:
        from kbgen.pipeline.config import compose_config

        outputs = SafeOutputs(_require_top(self._git, "make a clone with a work tree"))
        if outputs.read(CONFIG_NAME) is not None and not force:
            raise OutputError(f"{CONFIG_NAME} exists already", "--force overwrites it")
        outputs.write(CONFIG_NAME, compose_config(self._project, self._open_templates()))
        return CONFIG_NAME

    def open_build(self, *, quiet: bool = False) -> BuildRun:
        """The same revision, with all that its code says."""
        project, progress = self._project, open_progress(quiet=quiet)
        code = CodeRun(self._git, self._tree, project.config, self._store, progress, self._start)
        return BuildRun(self._git, self, code, self._store, progress)

    def _open_outputs(self, output: Path | None, *, force: bool) -> SafeOutputs | FolderOutputs:
        if output is None:
            return SafeOutputs(_require_top(self._git, "use --output DIR, or a clone with a work tree"))
        # Pages of their own, which start from nothing but themselves: no story file is merged into.
        return FolderOutputs(self._start / output, lambda path: None, force=force)

    def _open_templates(self) -> JinjaTemplates:
        return _open_templates(self._git, self._project.config)

    def _resolve(self, argument: str) -> str | None:
        """What an argument names as a path, from the folder the command works in, relative to the top; None outside."""
        if self._git.top is None or not argument:
            return None
        # The last part is not resolved: a symbolic link is itself a file of the repository.
        place = os.path.abspath(os.path.join(os.path.realpath(self._start), argument))
        if not os.path.isdir(place):
            place = os.path.join(os.path.realpath(os.path.dirname(place)), os.path.basename(place))
        inside = os.path.relpath(place, os.path.realpath(self._git.top))
        return None if inside == "." or inside.split(os.sep)[0] == ".." else inside.replace(os.sep, "/")


class CodeRun:
    """One command's run on the files of a revision, or of the work tree, alone: history is not looked at."""

    def __init__(
        self,
        git: Git,
        tree: RevisionTree | WorkTree,
        config: Config,
        store: SqliteFacts,
        progress: Progress,
        start: Path,
    ) -> None:
        self._git = git
        self._tree = tree
        self._config = config
        self._store = store
        self._progress = progress
        self._start = start
        self._notices: list[str] = []

    def list_notices(self) -> tuple[str, ...]:
        """What a person should know although nothing failed."""
        return (*self._store.notices, *self._config.remarks, *self._notices)

    @cached_property
    def code(self) -> StoredCode:
        from kbgen.adapters.workers import ProcessWorkers
        from kbgen.pipeline.code import StoredCode

        self._git.check_complete_objects()
        return StoredCode(self._tree, self._store, self._config, ProcessWorkers(), self._progress)

    @cached_property
    def all_facts(self) -> AllFacts:
        """Extracted and joined; where kept rows will do, `book` is sooner there."""
        from kbgen.pipeline.facts import collect_facts

        # Nearly all that is made here stays until the end: looking again and again for what does not takes a fifth
        # of the time.
        gc.disable()
        try:
            return collect_facts(self.code, self._config, self._progress)
        finally:
            gc.enable()

    @cached_property
    def result_key(self) -> str:
        """What results of this run rest on; empty for the work tree, which may change at any moment."""
        if not self._tree.rev:
            return ""
        own = self._git.top / self._config.templates if self._git.top is not None else None
        return f"{self._tree.rev}-{compute_fingerprint(repr(self._config), own)}"

    @cached_property
    def book(self) -> FactBook:
        return FactBook(lambda: self.all_facts, self._store if self.result_key else None, self.result_key)

    def read_facts(
        self, kinds: Sequence[str] = (), globs: Sequence[str] = (), limit: int | None = None
    ) -> Iterator[KindRows]:
        """The facts of these kinds, or of all there are; `limit` is for each. Raises UsageError for an unknown kind.

        One kind after another, since all together may be many megabytes.
        """
        require_kinds(kinds, self.book, self._config)
        chosen = tuple(dict.fromkeys(kinds)) or self.book.kinds
        return (self.book.read_rows(kind, globs, limit) for kind in chosen)

    def read_examples(self, globs: Sequence[str] = ()) -> tuple[KindRows, ...]:
        return self.book.read_examples(globs)

    def count_read(self, globs: Sequence[str] = ()) -> int:
        """How many files were read, of those that match."""
        return len(select_paths(self.book.read, globs) if globs else self.book.read)

    def list_skipped(self, globs: Sequence[str] = ()) -> tuple[SkippedFile, ...]:
        """What was not read whole, of files that match."""
        notes = self.book.skipped
        chosen = set(select_paths([note.path for note in notes], globs)) if globs else None
        return tuple(note for note in notes if chosen is None or note.path in chosen)

    # ------------------------------------------------------------------------------------- diagrams

    @cached_property
    def diagrams(self) -> DiagramBook:
        from kbgen.pipeline.diagrams import DiagramBook

        return DiagramBook(lambda: self.all_facts, self._store if self.result_key else None, self.result_key)

    def draw(self, wanted: Wanted) -> Diagram:
        """A diagram that holds nothing is a notice, no error."""
        from kbgen.pipeline.diagrams import explain_absence

        diagram = self._draw(wanted)
        absence = explain_absence(diagram)
        if absence:
            self._notices.append(f"{diagram.name}: {absence}: nothing to draw")
        return diagram

    def _draw(self, wanted: Wanted) -> Diagram:
        # As for facts: what drawing makes stays until the end.
        gc.disable()
        try:
            return self.diagrams.draw(wanted)
        finally:
            gc.enable()

    def list_diagrams(self, wanted: Sequence[Wanted]) -> tuple[DiagramRow, ...]:
        """Each with the path of its page, if the work tree has one."""
        from kbgen.pipeline.diagram_pages import place_page
        from kbgen.pipeline.diagrams import explain_absence
        from kbgen.reports.diagrams import DiagramRow

        outputs = SafeOutputs(self._git.top) if self._git.top is not None else None
        rows = []
        for one in wanted:
            diagram = self._draw(one)
            page = place_page(one.name, self._config)
            with suppress(OutputError):
                page = page if outputs is not None and outputs.read(page) is not None else ""
            rows.append(DiagramRow(diagram, explain_absence(diagram), page))
        return tuple(rows)

    def render(self, diagram: Diagram, form: Form, dot: str = "") -> bytes:
        """`dot` is the Graphviz program to use, from the folder that the command works in; empty: our own."""
        from kbgen.pipeline.diagrams import render

        return render(diagram, form, self.open_tools(dot))

    def find_findings(self) -> tuple[Finding, ...]:
        gc.disable()
        try:
            return self.diagrams.find_findings()
        finally:
            gc.enable()

    def write_drawings(
        self, diagrams: Sequence[Diagram], forms: Sequence[Form], output: Path, dot: str = ""
    ) -> BackfillReport:
        """A file for each diagram and format in the folder. All are drawn before the first is written."""
        from kbgen.pipeline.diagrams import FORMS, explain_absence, render

        tools = self.open_tools(dot)
        drawn = {
            f"{diagram.name}.{FORMS[form]}": render(diagram, form, tools)
            for diagram in diagrams
            if not explain_absence(diagram)
            for form in forms
        }
        # Drawings on demand, in a folder that the user named for them: no blocks in them, nothing to merge.
        outputs = FolderOutputs(self._start / output, lambda path: None, force=True)
        changed = {path: outputs.write(path, content) for path, content in drawn.items()}
        written = tuple(str(output / path) for path, wrote in changed.items() if wrote)
        unchanged = tuple(str(output / path) for path, wrote in changed.items() if not wrote)
        return BackfillReport(written, unchanged, (), (), ())

    def write_diagrams(
        self,
        names: Sequence[str],
        *,
        preview: bool = False,
        diff: bool = False,
        force: bool = False,
        keep: bool = False,
        output: Path | None = None,
        dot: str = "",
    ) -> BackfillReport:
        """Pages, drawings and the architecture page; below `output`, where it is given, at the same relative paths."""
        from kbgen.pipeline.diagram_pages import write_diagrams
        from kbgen.pipeline.writing import PageOptions

        outputs = self.open_outputs(output, force=force)
        report, absent = write_diagrams(
            self.diagrams,
            names,
            self._config,
            self.open_tools(dot),
            _open_templates(self._git, self._config),
            PreviewOutputs(outputs) if preview else outputs,
            PageOptions(force, keep, diff),
            self._progress,
        )
        self._notices += absent
        return report

    def open_outputs(self, output: Path | None, *, force: bool) -> SafeOutputs | FolderOutputs:
        """The work tree, or a folder in which files start from the repository's text."""
        if output is None:
            return SafeOutputs(_require_top(self._git, "use --output DIR, or a clone with a work tree"))
        begin = SafeOutputs(self._git.top).read if self._git.top is not None else self._tree.read_path
        return FolderOutputs(self._start / output, begin, force=force)

    def open_tools(self, dot: str) -> Tools:
        from kbgen.adapters.graphviz import Graphviz
        from kbgen.adapters.merman import check_mermaid
        from kbgen.pipeline.diagrams import Tools

        return Tools(Graphviz(str(self._start / dot) if os.sep in dot else dot), check_mermaid)


class BuildRun:
    """One command's run on code and history of a revision together."""

    def __init__(self, git: Git, run: Run, code: CodeRun, store: SqliteFacts, progress: Progress) -> None:
        self._git = git
        self._run = run
        self._code = code
        self._store = store
        self._progress = progress
        self._notices: list[str] = []

    def list_notices(self) -> tuple[str, ...]:
        """What a person should know although nothing failed."""
        return tuple(dict.fromkeys((*self._run.list_notices(), *self._code.list_notices(), *self._notices)))

    @cached_property
    def packs(self) -> PackBook:
        from kbgen.pipeline.build import read_packs

        return read_packs(self._templates, self._run.project.config, self._kinds)

    def list_pages(self) -> tuple[PagePack, ...]:
        """Those that are switched off too."""
        from kbgen.pipeline.build import list_pages

        return list_pages(self.packs)

    def list_documents(self) -> Mapping[str, tuple[str, ...]]:
        """The documents that are written for a story, by its ID."""
        found: dict[str, list[str]] = {}
        for pack in self.packs.packs:
            paths = (pack.path, *(extra.path for extra in pack.files))
            found.setdefault(pack.story, []).extend(filter(is_markdown, paths))
        return {story: tuple(paths) for story, paths in found.items() if story}

    @cached_property
    def _kinds(self) -> Collection[str]:
        """Every kind of facts; kept, since all rules must be read for it."""
        kept = self._store.load_result(self._code_key, "fact-kinds")
        if kept is not None:
            return frozenset(kept.split())
        from kbgen.pipeline.facts import FactKinds

        found = FactKinds(self._code.book.kept_kinds, self._run.project.config)
        self._store.save_results(self._code_key, [("fact-kinds", "\n".join(found))])
        return found

    @cached_property
    def _templates(self) -> JinjaTemplates:
        return _open_templates(self._git, self._run.project.config)

    @cached_property
    def _fingerprint(self) -> str:
        project = self._run.project
        own = self._git.top / project.config.templates if self._git.top is not None else None
        return compute_fingerprint(repr(project.config), own)

    @cached_property
    def _shapes(self) -> Shapes:
        from kbgen.pipeline.shapes import Shapes, compute_shapes

        key = f"{self._run.project.tree.rev}-{self._fingerprint}"
        kept = self._store.load_result(key, "shapes")
        if kept is not None:
            return Shapes.unpack(kept)
        found = compute_shapes(self._code.code, self._store)
        self._store.save_results(key, [("shapes", found.pack())])
        return found

    @property
    def _code_key(self) -> str:
        """What pages and pictures rest on: the same for revisions whose code says the same."""
        return f"{self._shapes.code}-{self._fingerprint}"

    @cached_property
    def diagrams(self) -> DiagramBook:
        """As those of the code alone, but kept for all revisions whose code says the same: without lines, that is."""
        from kbgen.pipeline.diagrams import DiagramBook

        return DiagramBook(lambda: self._code.all_facts, self._store, self._code_key)

    @cached_property
    def pages(self) -> PageBook:
        from kbgen.adapters.workers import ProcessWorkers
        from kbgen.pages.written import COMMENTS, HEADINGS
        from kbgen.pipeline.build import PageBook

        entries = self._run.project.tree.list_entries()
        return PageBook(
            self._open_sources,
            self._open_neighbours,
            self._templates,
            self._store,
            (self._code_key, f"{self._code_key}-{self._shapes.headings}"),
            {
                **{path: entry.blob for path, entry in entries.items()},
                HEADINGS: self._shapes.headings,
                COMMENTS: self._shapes.comments,
            },
            ProcessWorkers(begin=self._leave_parent),
        )

    def _leave_parent(self) -> None:
        for each in (self._git, self._run._history, self._store):
            each.leave_parent()

    def _open_sources(self) -> Sources:
        from kbgen.pipeline.page_sources import open_sources

        return open_sources(self._code.all_facts, self.diagrams, self._run.project)

    def _open_neighbours(self) -> Neighbours:
        from kbgen.pipeline.diagram_pages import list_outputs
        from kbgen.pipeline.page_sources import Neighbours

        ours = [file.path for pack in self.packs.packs for file in pack.files] + [p.path for p in self.packs.packs]
        project = self._run.project
        return Neighbours(project, [*ours, *list_outputs(project.config)], self._store, self._code_key)

    def build(
        self,
        names: Sequence[str] = (),
        globs: Sequence[str] = (),
        *,
        preview: bool = False,
        diff: bool = False,
        force: bool = False,
        keep: bool = False,
        output: Path | None = None,
        dot: str = "",
    ) -> BuildReport:
        """Pages, diagrams and the notes that kbgen wrote before, or only the pages named, or below these globs."""
        from kbgen.pipeline.build import BuildRequest, build

        outputs = self._code.open_outputs(output, force=force)
        # Read before the code is: what it takes for a moment is used again for the facts.
        self._run.project.list_known()
        # As for facts: what pages are made of stays until the end.
        gc.disable()
        try:
            report, notices = build(
                BuildRequest(tuple(names), tuple(globs), force, keep, diff, is_folder=output is not None),
                self._run.project,
                self.packs,
                self.pages,
                self.diagrams,
                self._code.open_tools(dot),
                self._templates,
                PreviewOutputs(outputs) if preview else outputs,
            )
        finally:
            gc.enable()
        self._notices += notices
        return report


@contextmanager
def open_build(start: Path, rev: str | None = None, *, quiet: bool = False) -> Iterator[BuildRun]:
    """Open the repository that `start` is in, history and code, at `rev` (default HEAD)."""
    with open_run(start, rev, quiet=quiet) as run:
        yield run.open_build(quiet=quiet)


@contextmanager
def open_code(start: Path, rev: str | None = None, *, worktree: bool = False, quiet: bool = False) -> Iterator[CodeRun]:
    """Open the repository that `start` is in and read its files at `rev` (default HEAD), or as they lie on disk."""
    with open_repository(start) as git:
        tree = WorkTree(git) if worktree else RevisionTree(git, git.resolve("HEAD" if rev is None else rev))
        config = _read_config(git, tree)
        with SqliteFacts(git.cache_folder) as store:
            folder = start if start.is_dir() else start.parent
            yield CodeRun(git, tree, config, store, open_progress(quiet=quiet), folder)


@contextmanager
def open_run(start: Path, rev: str | None = None, *, quiet: bool = False) -> Iterator[Run]:
    """Open the repository that `start` is in, bring its index up to date, and read it at `rev` (default HEAD)."""
    from kbgen.adapters.sqlite import open_history
    from kbgen.adapters.workers import ProcessWorkers
    from kbgen.pipeline.project import Project
    from kbgen.pipeline.recall import Recall

    with open_repository(start) as git:
        commit = git.resolve("HEAD" if rev is None else rev)
        git.check_complete_history()
        tree = RevisionTree(git, commit)
        config = _read_config(git, tree)
        progress = open_progress(quiet=quiet)
        options = LogOptions(config.rename_threshold, config.rename_limit)
        with (
            open_history(git, commit, options, use_mailmap=config.mailmap, progress=progress) as history,
            SqliteFacts(git.cache_folder) as store,
        ):
            own = git.top / config.templates if git.top is not None else None
            recall = Recall(store, commit, compute_fingerprint(repr(config), own))
            project = Project(config, tree, history, store, store, progress, recall, ProcessWorkers())
            yield Run(git, tree, project, history, store, start if start.is_dir() else start.parent)


def _require_top(git: Git, hint: str) -> Path:
    if git.top is None:
        raise UsageError("a bare repository has no work tree to write to", hint)
    return git.top


def _open_templates(git: Git, config: Config) -> JinjaTemplates:
    from kbgen.adapters.jinja import JinjaTemplates

    return JinjaTemplates(git.top / config.templates) if git.top is not None else JinjaTemplates()


def _read_config(git: Git, tree: RevisionTree | WorkTree) -> Config:
    """The work tree's `kbgen.yaml`; a bare repository has only the revision's."""
    content = tree.read_path(CONFIG_NAME) if git.top is None else SafeOutputs(git.top).read(CONFIG_NAME)
    if content is None:
        return Config()
    from kbgen.adapters.yaml_file import read_yaml_with_lines

    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(f"{CONFIG_NAME}:{line}: is no UTF-8 text", "save it as UTF-8") from error
    return load_config(read_yaml_with_lines(text, CONFIG_NAME))


def make_demo(target: Path, *, force: bool, quiet: bool) -> tuple[str, BackfillReport, BuildReport]:
    """Make the sample project in `target`, write notes and all pages; its HEAD, the notes and the pages."""
    from kbgen.adapters.demo import make_sample
    from kbgen.sample import create_sample

    head = make_sample(target, create_sample, force=force)
    with open_run(target, quiet=quiet) as run:
        return head, run.backfill(_DEMO_STORIES), run.open_build(quiet=quiet).build()
