"""The knowledge base: every page pack's document, its further files, and what became of its criteria.

A document follows from revision, configuration, templates and kbgen itself, so it is rendered once for these and kept;
what is there is then compared with it. What is wrong with one page does not stop the others.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from kbgen.config import Config
from kbgen.errors import KbgenError, TemplateError, UsageError
from kbgen.markdown import escape_text
from kbgen.model import BackfillReport, BuildReport, CriterionResult, Story
from kbgen.pages.criteria import PageState, judge
from kbgen.pages.packs import ExtraFile, PagePack, is_page, read_pack
from kbgen.pages.written import WrittenPage
from kbgen.paths import is_markdown
from kbgen.patterns import lazy
from kbgen.pipeline.backfill import BackfillOptions, are_kept, backfill, place_notes, read_notes
from kbgen.pipeline.diagram_pages import list_drawn, list_undrawn, plan_diagrams
from kbgen.pipeline.diagrams import NAMES as DIAGRAMS
from kbgen.pipeline.diagrams import DiagramBook, Tools
from kbgen.pipeline.extra_files import Surroundings, plan_extra
from kbgen.pipeline.facts import select_paths
from kbgen.pipeline.overview import read_note_state
from kbgen.pipeline.own import BLOCK as NOTES_BLOCK
from kbgen.pipeline.project import Project
from kbgen.pipeline.writing import (
    OutputFile,
    PageOptions,
    Settled,
    look_ahead,
    plan_block,
    write_files,
)
from kbgen.ports import Outputs, ResultStore, Templates, Workers
from kbgen.splice import MARKER, find_blocks

if TYPE_CHECKING:
    from kbgen.pages.sources import Sources
    from kbgen.pipeline.page_sources import Neighbours

PAGE_BLOCK = "page"
"""The managed block that holds a page pack's document."""
_INDEX = "index"
"""The context that lists the other pages: it is made last."""
NOTES = "notes"
"""What `kbgen build` calls the notes of stories."""
_RELATED = "part_related.md.j2"
_FEW = 4
"""Pages that are made sooner than the work is divided."""
_BLANK_LINES = lazy(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Told:
    """What the project's own story says of the criteria that a page answers."""

    criteria: Mapping[str, str] = field(default_factory=dict)
    """Its words by label, ``AC1``."""
    names: tuple[tuple[str, str], ...] | None = None
    """(id, path of the notes) of the stories that its text names; None when there is no such story."""


@dataclass(frozen=True, slots=True)
class MadePage:
    """A page as the code makes it."""

    text: str
    absence: str
    """Why there is no page, or ``""``."""
    files: Mapping[str, str]
    """Text of further files by path."""
    names: Mapping[str, tuple[str, ...]]
    """Of the facts that criteria ask for, by kind."""
    reads: Mapping[str, str]
    """Blob of every file whose text the page rests on; hashes of `HEADINGS` and `COMMENTS` where it asked for these."""

    def pack(self) -> str:
        return json.dumps([self.text, self.absence, self.files, self.names, self.reads], separators=(",", ":"))

    @classmethod
    def unpack(cls, text: str) -> MadePage:
        body, absence, files, names, reads = json.loads(text)
        return cls(body, absence, files, {kind: tuple(found) for kind, found in names.items()}, reads)


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page with what the project's documents add to it."""

    made: MadePage
    related: str
    """A section on other documents, or ``""``."""
    told: Told

    @property
    def absence(self) -> str:
        return self.made.absence

    @property
    def text(self) -> str:
        return f"{self.made.text}\n{self.related}" if self.related else self.made.text


@dataclass(frozen=True, slots=True)
class PackBook:
    """The page packs of a run, and what is wrong with those that cannot be used."""

    packs: tuple[PagePack, ...]
    failed: tuple[tuple[str, str], ...]
    """(template, error)"""
    disabled: tuple[PagePack, ...]


def read_packs(templates: Templates, config: Config, kinds: Collection[str]) -> PackBook:
    """Every pack by template name; of two for one path the second cannot be used."""
    from kbgen.pages import CONTEXTS

    packs: list[PagePack] = []
    failed: list[tuple[str, str]] = []
    disabled: list[PagePack] = []
    owners: dict[str, str] = {}
    for template in filter(is_page, templates.list_templates()):
        try:
            pack = place_pack(read_pack(template, templates.read_head(template), CONTEXTS, kinds), config)
        except TemplateError as error:
            failed.append((template, str(error)))
            continue
        if pack.name in config.pages.disable:
            disabled.append(pack)
            continue
        clash = owners.setdefault(pack.path, template) if pack.path else template
        if clash != template:
            failed.append((template, f"{template}: writes {pack.path}, which {clash} writes too; change one path"))
        else:
            packs.append(pack)
    packs.sort(key=lambda p: (p.context == _INDEX, p.name))
    return PackBook(tuple(packs), tuple(failed), tuple(disabled))


def place_pack(pack: PagePack, config: Config) -> PagePack:
    """Paths and checks with the places that the configuration gives."""
    return replace(
        pack,
        path=_place(pack.path, config),
        criteria=tuple(
            replace(
                criterion,
                check=tuple(
                    (word, tuple(_place(path, config) for path in wanted) if word == "file" else wanted)
                    for word, wanted in criterion.check
                ),
            )
            for criterion in pack.criteria
        ),
    )


def _place(path: str, config: Config) -> str:
    if "{" not in path:
        return path
    folder = posixpath.dirname(config.architecture_page)
    path = path.replace("{diagrams}", config.diagrams).replace("{architecture_page}", config.architecture_page)
    return path.replace("{architecture}/", f"{folder}/" if folder else "")


class PageBook:
    """The pages of a revision: read from what is kept, made and kept where nothing is."""

    def __init__(
        self,
        compute: Callable[[], Sources],
        neighbours: Callable[[], Neighbours],
        templates: Templates,
        results: ResultStore,
        keys: tuple[str, str],
        blobs: Mapping[str, str],
        workers: Workers,
    ) -> None:
        """`keys` stand for the code, and for code and headings; `blobs` are by path, and of `HEADINGS` …"""
        self._compute = compute
        self._compute_neighbours = neighbours
        self._templates = templates
        self._results = results
        self._code_key, self._key = keys
        self._blobs = blobs
        self.workers = workers
        self.settled = Settled(results, keys[0])
        self.written: tuple[WrittenPage, ...] = ()
        """The pages made so far, and what else is written, for the page that lists them."""

    @cached_property
    def _sources(self) -> Sources:
        return self._compute()

    @cached_property
    def _neighbours(self) -> Neighbours:
        return self._compute_neighbours()

    def read(self, pack: PagePack) -> KeptPage:
        """Raises TemplateError."""
        made = self._read_made(pack)
        around = self._load_around(pack)
        if around is None:
            self._neighbours.reads.clear()
            related = self._neighbours.relate(pack) if not made.absence else None
            section = self._render(_RELATED, related) if related is not None and related.documents else ""
            told = self._neighbours.tell(pack.story) if pack.story else Told()
            reads = {path: self._blobs.get(path, "") for path in sorted(self._neighbours.reads)}
            text = json.dumps([section, told.criteria, told.names, reads], separators=(",", ":"))
            self._results.save_results(self._key, [(self._name_around(pack), text)])
            around = section, told
        if pack.path and not made.absence:
            self.written = (*self.written, WrittenPage(pack.path, pack.title, pack.kind))
        return KeptPage(made, *around)

    def _load_around(self, pack: PagePack) -> tuple[str, Told] | None:
        text = self._results.load_result(self._key, self._name_around(pack))
        if text is None:
            return None
        section, criteria, named, reads = json.loads(text)
        if not self._are_same(reads):
            return None
        return section, Told(criteria, tuple((id, path) for id, path in named) if named is not None else None)

    def _are_same(self, reads: Mapping[str, str]) -> bool:
        return all(self._blobs.get(path, "") == blob for path, blob in reads.items())

    def prepare(self, packs: Sequence[PagePack], drawings: Sequence[Callable[[], object]]) -> None:
        """Make and keep pages and drawings that are not kept, several at a time.

        What is wrong with one is said when it is read.
        """
        missing = [pack for pack in packs if pack.context != _INDEX and not self._is_kept(pack)]
        tasks: list[Callable[[], object]] = [*drawings, *(partial(self.read, pack) for pack in missing)]
        if len(tasks) < _FEW:
            return
        # What all of them rest on is computed once, before the work is divided.
        self._sources.prepare()
        self._neighbours.prepare()

        def work(at: int) -> None:
            tasks[at]()

        for _ in self.workers.run_shared(work, range(len(tasks)), len(tasks)):
            pass

    def _is_kept(self, pack: PagePack) -> bool:
        return self._load_around(pack) is not None and self._load_made(pack) is not None

    @staticmethod
    def _name_around(pack: PagePack) -> str:
        return f"around:{pack.name}"

    def _name(self, pack: PagePack) -> str:
        # What lists the others changes with them.
        others = f":{hashlib.sha256(repr(self.written).encode()).hexdigest()[:12]}" if pack.context == _INDEX else ""
        return f"page:{pack.name}{others}"

    def _load_made(self, pack: PagePack) -> MadePage | None:
        text = self._results.load_result(self._code_key, self._name(pack))
        made = MadePage.unpack(text) if text is not None else None
        return made if made is not None and self._are_same(made.reads) else None

    def _read_made(self, pack: PagePack) -> MadePage:
        made = self._load_made(pack)
        if made is None:
            made = self._make(pack)
            self._results.save_results(self._code_key, [(self._name(pack), made.pack())])
        return made

    def _make(self, pack: PagePack) -> MadePage:
        from kbgen.pages import load_context

        if pack.is_empty:
            return MadePage("", "", {}, {}, {})
        sources = replace(self._sources.for_page(pack.path), documents=self.written, reads=set())
        context: object | None = {}
        absence = ""
        if pack.needs and not any(sources.has(need) for need in pack.needs):
            absence = f"no fact of kind {' or '.join(pack.needs)}"
        elif pack.path or pack.files:
            context = load_context(pack.context)(sources, pack)
            absence = "nothing found that it is about" if context is None else ""
        wanted = [need.partition(":")[0] for c in pack.criteria for w, v in c.check if w == "states" for need in v]
        names = {kind: tuple(dict.fromkeys(fact.name for fact in sources.list(kind))) for kind in dict.fromkeys(wanted)}
        text, files = "", {}
        if not absence:
            text = self._render(pack.template, context) if pack.path else ""
            files = {extra.path: self._render_extra(pack, extra, sources, context) for extra in pack.files}
        reads = {path: self._blobs.get(path, "") for path in sorted(sources.reads)}
        return MadePage(text, absence, files, names, reads)

    def _render_extra(self, pack: PagePack, extra: ExtraFile, sources: Sources, context: object) -> str:
        """Links of a document start at its own folder; other files have none."""
        if is_markdown(extra.path) and posixpath.dirname(extra.path) != posixpath.dirname(pack.path):
            from kbgen.pages import load_context

            context = load_context(pack.context)(sources.for_page(extra.path), pack)
        return self._render(extra.template, context)

    def _render(self, template: str, context: object) -> str:
        return _BLANK_LINES.sub("\n\n", self._templates.render(template, context)).strip("\n") + "\n"


def select_packs(packs: Sequence[PagePack], names: Sequence[str], others: Sequence[str]) -> tuple[PagePack, ...]:
    """Packs by name or path, all when none is named. `others` are names of what is no pack. Raises UsageError."""
    if not names:
        return tuple(packs)
    known = {pack.name: pack for pack in packs} | {pack.path: pack for pack in packs if pack.path}
    chosen: dict[str, PagePack] = {}
    for name in names:
        pack = known.get(name) or known.get(name.replace("-", "_").removesuffix(".md"))
        if pack is not None:
            chosen[pack.name] = pack
        elif name not in others:
            from rapidfuzz import fuzz, process

            everything = [*known, *others]
            near = [n for n, _, _ in process.extract(name, everything, scorer=fuzz.WRatio, limit=2, score_cutoff=70)]
            meant = f"did you mean {' or '.join(near)}? " if near else ""
            raise UsageError(f"no page is called {name!r}", f"{meant}`kbgen build --list` names all")
    return tuple(pack for pack in packs if pack.name in chosen)


@dataclass(frozen=True, slots=True)
class BuildRequest:
    names: tuple[str, ...] = ()
    """Pages, diagrams, ``findings`` or ``notes``; none: all."""
    globs: tuple[str, ...] = ()
    """Only files at these paths are written."""
    force: bool = False
    keep_edits: bool = False
    with_diff: bool = False
    is_folder: bool = False
    """Written into a folder that the user named: what is settled in the repository may be missing there."""


def build(
    request: BuildRequest,
    project: Project,
    book: PackBook,
    pages: PageBook,
    diagrams: DiagramBook,
    tools: Tools,
    templates: Templates,
    outputs: Outputs,
) -> tuple[BuildReport, tuple[str, ...]]:
    """Render all, then write file by file. The second value says what there was nothing to draw of.

    Raises UsageError for a name that nothing has, before anything is written.
    """
    options = PageOptions(request.force, request.keep_edits, request.with_diff)
    names = request.names
    packs = select_packs(book.packs, names, (*DIAGRAMS, NOTES))
    failed = [each for each in book.failed if not names]
    left_out = [(pack.path, "switched off in kbgen.yaml") for pack in book.disabled if pack.path and not names]
    planned: list[OutputFile] = []
    absent: tuple[str, ...] = ()
    drawn = [name for name in names if name in DIAGRAMS]
    asked = _list_asked(packs, pages)
    # Before the code is loaded: workers begin as large as this process is.
    _prepare_notes(project, [s for id in asked for s in project.select([id])], templates, outputs, pages.workers)
    to_draw = (drawn or DIAGRAMS) if drawn or not names else ()
    pages.prepare(packs, list_undrawn(diagrams, to_draw, project.config, tools, templates, outputs))
    if to_draw:
        try:
            found, absent = plan_diagrams(
                diagrams, drawn, project.config, tools, templates, outputs, options, project.progress
            )
            planned += found
        except KbgenError as error:
            failed.append((project.config.diagrams, str(error)))
    around = Surroundings(project.tree.list_entries(), outputs)
    project.progress.start("pages", len(packs))
    made: list[tuple[PagePack, KeptPage]] = []
    if any(pack.context == _INDEX for pack in packs):
        pages.written = list_drawn(diagrams, project.config)
        for pack in book.packs:
            if pack not in packs and pack.context != _INDEX:
                with suppress(KbgenError):
                    pages.read(pack)
    for pack in packs:
        try:
            page = pages.read(pack)
            made.append((pack, page))
            found_files, not_written = _plan(pack, page, around, options)
            planned += found_files
            left_out += not_written
        except KbgenError as error:
            failed.append((pack.path or pack.template, str(error)))
        project.progress.advance()
    project.progress.finish()
    if request.globs:
        wanted = set(select_paths([output.path for output in planned], request.globs))
        planned = [output for output in planned if output.path in wanted]
    written = write_files(planned, outputs, options, None if request.is_folder else pages.settled)
    if asked or NOTES in names or not (names or request.globs):
        refresh = NOTES in names or not (names or request.globs)
        written = _add(
            written, write_notes(project, asked, templates, outputs, options, pages.workers, refresh=refresh)
        )
    files = {*project.tree.list_entries(), *written.written, *written.unchanged}
    stale = [output for output in planned if output.path not in written.unchanged]
    criteria = tuple(result for pack, page in made for result in _judge(pack, page, files, stale, outputs))
    report = BuildReport(
        written.written,
        written.unchanged,
        tuple(left_out),
        (*failed, *written.left_out),
        written.edited,
        criteria,
        written.diffs,
    )
    return report, absent


def _list_asked(packs: Sequence[PagePack], pages: PageBook) -> tuple[str, ...]:
    """IDs of the stories that are to have notes, because a story asks for them."""
    asked: list[str] = []
    for pack in packs:
        if pack.asks_for_notes:
            with suppress(KbgenError):
                asked += [id for id, _ in pages.read(pack).told.names or ()]
    return tuple(dict.fromkeys(asked))


def write_notes(
    project: Project,
    asked: Sequence[str],
    templates: Templates,
    outputs: Outputs,
    options: PageOptions,
    workers: Workers,
    *,
    refresh: bool,
) -> BackfillReport:
    """Notes of the stories that a story asks notes for, and with `refresh` those that kbgen wrote before."""
    chosen = BackfillOptions(force=options.force, keep_edits=options.keep_edits, with_diff=options.with_diff)
    stories = {story.id: story for id in asked for story in project.select([id])}
    if refresh:
        for story in project.list_known():
            noted = MARKER in (look_ahead(outputs, place_notes(project, story)) or b"")
            if noted and read_note_state(project, story, outputs, options=chosen) in ("kbgen", "stale"):
                stories.setdefault(story.id, story)
    _prepare_notes(project, tuple(stories.values()), templates, outputs, workers)
    return backfill(project, tuple(stories.values()), templates, outputs, chosen)


def _prepare_notes(
    project: Project, stories: Sequence[Story], templates: Templates, outputs: Outputs, workers: Workers
) -> None:
    """Make and keep those that are not kept, several at a time; what is wrong with one is said when it is written."""
    missing: list[tuple[Story, str, bytes | None]] = []
    for story in stories:
        path = place_notes(project, story)
        before = look_ahead(outputs, path)
        with suppress(KbgenError):
            if not are_kept(project, story, path, before):
                missing.append((story, path, before))

    def work(at: int) -> None:
        story, path, before = missing[at]
        read_notes(project, story, path, before, templates)

    if len(missing) >= _FEW:
        for _ in workers.run_shared(work, range(len(missing)), len(missing)):
            pass


def _add(one: BackfillReport, other: BackfillReport) -> BackfillReport:
    return BackfillReport(
        one.written + other.written,
        one.unchanged + other.unchanged,
        one.left_out + other.left_out,
        one.edited + other.edited,
        (),
        one.diffs + other.diffs,
    )


def _plan(
    pack: PagePack, page: KeptPage, around: Surroundings, options: PageOptions
) -> tuple[list[OutputFile], list[tuple[str, str]]]:
    """What to write, and what not and why. A page that was written once and has no facts any more is left as it is."""
    if page.absence:
        return [], [(pack.path, page.absence)] if pack.path else []
    heading = f"# {escape_text(pack.title)}\n".encode()
    planned = [plan_block(pack.path, heading, PAGE_BLOCK, page.text, options)] if pack.path else []
    left_out: list[tuple[str, str]] = []
    for extra in pack.files:
        found = plan_extra(pack, extra, page.made.files[extra.path], around, options)
        if found.output is not None:
            planned.append(found.output)
        else:
            left_out.append((found.path, found.why))
    return planned, left_out


def _judge(
    pack: PagePack, page: KeptPage, files: set[str], planned: Sequence[OutputFile], outputs: Outputs
) -> tuple[CriterionResult, ...]:
    notes = {id: _read_notes(outputs, path) for id, path in page.told.names} if page.told.names is not None else None
    text = page.text
    if text and any(word == "picture" for criterion in pack.criteria for word, _ in criterion.check):
        # A picture may stand in another block of the file.
        text = _compose(pack.path, planned, outputs) or text
    state = PageState(text, page.absence, page.made.names, files, notes)
    criteria = (replace(c, text=page.told.criteria.get(c.label, c.text)) for c in pack.criteria)
    return tuple(judge(pack.story or pack.name, criterion, state) for criterion in criteria)


def _read_notes(outputs: Outputs, path: str) -> str:
    """The notes of one story as they stand in its file; ``""`` for none."""
    content = look_ahead(outputs, path) or b""
    with suppress(KbgenError):
        for block in find_blocks(content, path=path):
            if block.name == NOTES_BLOCK:
                return content[block.start : block.end].decode("utf-8", "replace")
    return ""


def _compose(path: str, planned: Sequence[OutputFile], outputs: Outputs) -> str:
    """The whole file as it is to be; `planned` are files that may not be so yet."""
    content = look_ahead(outputs, path)
    with suppress(KbgenError):
        for output in planned:
            if output.path == path:
                content = output.compose(content)
    return (content or b"").decode("utf-8", "replace")


def list_pages(book: PackBook) -> tuple[PagePack, ...]:
    return tuple(sorted((*book.packs, *book.disabled), key=lambda pack: pack.name))
