"""The trace of a revision: documents read for items, stories linked, both joined; kept, for no revision changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from kbgen.errors import UnknownStoryError
from kbgen.ids import Grammar, find_mentions, format_key
from kbgen.model import EpicDocument, Evidence, Story, StoryKey
from kbgen.pipeline.own import is_notes_page
from kbgen.pipeline.project import Project
from kbgen.pipeline.stories import find_documents
from kbgen.ports import ResultStore
from kbgen.trace import Trace, TraceBook, TracedDocument, TracedStory, join_trace

_KEPT = "trace"
_DOCUMENT_SUFFIXES = (".md", ".markdown", ".mdx", ".rst", ".adoc")
_DOCUMENT_FOLDERS = frozenset({"docs", "doc", "documentation"})
_MAX_DOCUMENT_BYTES = 2_000_000


def trace(
    project: Project,
    arguments: Sequence[str] = (),
    documents: Mapping[str, Sequence[str]] | None = None,
    store: ResultStore | None = None,
    key: str = "",
) -> Trace:
    """The chains of the items and stories that `arguments` name (IDs, ranges, epics, items), or of all.

    `documents` gives the pages that are written for a story, by its ID. With `store` and `key` (what the revision's
    answer rests on) what was found is kept. Raises UnknownStoryError for an argument that names neither.
    """
    book = _load(store, key)
    if book is None:
        book = build_book(project)
        if store is not None and key:
            store.save_results(key, [(_KEPT, json.dumps(book.to_json(), separators=(",", ":")))])
    exists = [path for paths in (documents or {}).values() for path in paths if path in project.tree.list_entries()]
    if not arguments:
        return join_trace(book, documents, exists=exists)
    stories, items = _choose(project, book, arguments)
    return join_trace(book, documents, stories, items, exists)


def _load(store: ResultStore | None, key: str) -> TraceBook | None:
    text = store.load_result(key, _KEPT) if store is not None and key else None
    return TraceBook.from_json(json.loads(text)) if text is not None else None


def _choose(project: Project, book: TraceBook, arguments: Sequence[str]) -> tuple[set[int], set[str]]:
    """(places of stories, IDs of items). An item's ID is tried first: it is never a story's."""
    items = {item.id.casefold(): item.id for item in book.items}
    chosen = {items[a.casefold()] for a in arguments if a.casefold() in items}
    rest = [a for a in arguments if a.casefold() not in items]
    if not rest:
        return set(), chosen
    try:
        selected = project.select(rest)
    except UnknownStoryError as error:
        hint = f"{error.hint}; " if error.hint else ""
        near = _find_near(rest, list(items.values()))
        raise UnknownStoryError(error.message, f"{hint}items are named as `kbgen trace` lists them{near}") from error
    places = {(story.module, story.id): place for place, story in enumerate(book.stories)}
    return {places[s.module, s.id] for s in selected if (s.module, s.id) in places}, chosen


def _find_near(arguments: Sequence[str], items: Sequence[str]) -> str:
    from rapidfuzz import fuzz, process

    near = [
        found[0]
        for argument in arguments
        for found in process.extract(
            argument, items, scorer=fuzz.ratio, processor=str.casefold, limit=2, score_cutoff=75
        )
    ]
    return f": {', '.join(dict.fromkeys(near))}" if near else ""


# ---------------------------------------------------------------------------------------------- reading


def build_book(project: Project) -> TraceBook:
    """Read and link everything; seconds of work on a large repository."""
    from kbgen.stories.items import Definition, Naming, read_definitions, read_epic_namings, read_story_namings
    from kbgen.trace.resolve import resolve_items

    grammar = project.grammar
    book = project.book
    stories = book.stories if book.stories else project.list_known()
    definitions: list[Definition] = []
    namings: list[Naming] = []
    own: dict[str, set[tuple[int, str]]] = {}
    for story in stories:
        for document in story.documents:
            namings += read_story_namings(document, grammar)
            if document.kind == "epic-section":
                own.setdefault(document.path, set()).update((s.line, s.title) for s in document.sections)
    story_files = {story.path for story in stories if story.path}
    for epic in book.epics:
        if epic.path in story_files:
            continue
        # What stands in a story's own section was read as the story's.
        inside = own.get(epic.path, set())
        sections = [s for s in epic.sections if (s.line, s.title) not in inside]
        key = _complete_key(epic, grammar)
        definitions += read_definitions(epic.path, epic.blob, sections, grammar, key, epic.kind)
        namings += read_epic_namings(epic.path, epic.blob, sections, key, grammar)
    for path, blob, text in _read_debt_documents(project):
        from kbgen.stories.reader import cut_sections, read_page

        sections = list(cut_sections(read_page(text)))
        definitions += read_definitions(path, blob, sections, grammar)
        namings += read_epic_namings(path, blob, sections, StoryKey("", ()), grammar)
    texts = _read_lines(project, {d.source.hash for d in definitions} | {n.source.hash for n in namings})
    definitions = [replace(d, source=_pin(d.source, texts)) for d in definitions]
    namings = [replace(n, source=_pin(n.source, texts)) for n in namings]
    items, unknown, misnomers = resolve_items(definitions, namings, stories, grammar)
    project.progress.start("trace", len(stories))
    traced = []
    for story in stories:
        traced.append(_trace_story(project, story))
        project.progress.advance()
    project.progress.finish()
    return TraceBook(tuple(traced), items, unknown, misnomers)


def _read_lines(project: Project, blobs: set[str]) -> dict[str, list[str]]:
    """blob -> the lines of its text"""
    read = project.tree.read_blobs(sorted(blobs))
    return {blob: content.decode("utf-8", "replace").split("\n") for blob, content in read}


def _pin(source: Evidence, texts: Mapping[str, Sequence[str]]) -> Evidence:
    from kbgen.stories.items import find_line

    return replace(source, line=find_line(source, texts.get(source.hash, ())))


def _complete_key(epic: EpicDocument, grammar: Grammar) -> StoryKey:
    """The epic's key, with the prefix that the document's title has and its file name lacks."""
    if epic.key.prefix or not epic.key.numbers or not epic.sections:
        return epic.key
    keys = [mention.key for mention in find_mentions(epic.sections[0].title, grammar)]
    return next((k for k in keys if k.prefix and k.numbers == epic.key.numbers), epic.key)


def _read_debt_documents(project: Project) -> list[tuple[str, str, str]]:
    """(path, blob, text) of planning documents of no single epic: registers of debt, consolidated gaps, backlogs."""
    from kbgen.stories import classify_document

    entries = project.tree.list_entries()
    known = {path for path, _ in find_documents(project.tree, project.config)}
    paths: dict[str, list[str]] = {}
    for path in sorted(entries):
        if path in known or entries[path].mode in ("120000", "160000") or not path.lower().endswith(".md"):
            continue
        if classify_document(path) == "other-planning":
            paths.setdefault(entries[path].blob, []).append(path)
    found = []
    for blob, content in project.tree.read_blobs(sorted(paths)):
        if len(content) > _MAX_DOCUMENT_BYTES or is_notes_page(content):
            continue
        text = content.decode("utf-8", "replace")
        found += [(path, blob, text) for path in paths[blob]]
    return sorted(found)


def _trace_story(project: Project, story: Story) -> TracedStory:
    # Below the pages that show whole records, which a trace has no use for.
    from kbgen.notes.files import compute_file_work

    links = project.link(story)
    entries = project.tree.list_entries()
    work = compute_file_work(links, (), entries, project.history, project.code.kind_of)
    keys = story.key.numbers
    epic = format_key(StoryKey(story.key.prefix, keys[:1]), project.grammar) if len(keys) > 1 else story.epic
    planned = [p.path for p in (*story.planned, *story.wider_plan) if p.intent != "delete"]
    documents = {d.path: d for path in planned for d in _find_documents(path, entries, story)}
    for file in work:
        path = file.now_path or file.path
        if path.lower().endswith(_DOCUMENT_SUFFIXES) and _is_for_readers(path):
            documents.setdefault(path, TracedDocument(path, file.now != "removed", "work"))
    return TracedStory(
        id=story.id,
        title=story.title,
        module=story.module,
        epic=epic,
        path=story.path,
        status=story.status,
        criteria=tuple((c.label, c.text, c.checked) for c in story.criteria),
        commits=tuple(link.commit.sha for link in links if link.role == "implements"),
        follow_ups=tuple(link.commit.sha for link in links if link.role == "follow-up"),
        files=tuple(f.path for f in work if f.kind not in ("test", "noise") and not _keeps_books(f.path, story)),
        tests=tuple(f.path for f in work if f.kind == "test"),
        documents=tuple(documents.values()),
    )


def _is_for_readers(path: str) -> bool:
    """Whether a Markdown file is documentation: in such a folder or at the top, and no plan."""
    from kbgen.stories import is_planning

    folders = path.lower().split("/")[:-1]
    return (not folders or not _DOCUMENT_FOLDERS.isdisjoint(folders)) and not is_planning(path)


def _keeps_books(path: str, story: Story) -> bool:
    """Whether a change of the file says how the story's work stands, and is none of it."""
    from kbgen.stories import classify_document

    return path == story.path or classify_document(path) in ("status", "context")


def _find_documents(path: str, entries: Mapping[str, object], story: Story) -> list[TracedDocument]:
    """A planned document, or those that a planned pattern (``docs/dm-01-6-*.md``) stands for; never the story's own."""
    if not path.lower().endswith(_DOCUMENT_SUFFIXES) or path == story.path:
        return []
    if "*" in path and path not in entries:
        matching = [p for p in entries if fnmatchcase(p, path)]
        if matching:
            return [TracedDocument(p, True, "plan") for p in sorted(matching)]
    return [TracedDocument(path, path in entries, "plan")]
