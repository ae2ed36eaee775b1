"""What page modules are given: facts, mesh, texts, history; and what the project's own documents say of a page."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache

from kbgen.errors import UnknownStoryError
from kbgen.ids import find_mentions
from kbgen.model import Fact
from kbgen.pages.existing import Document, Found, find_documents_on, is_current, list_documents
from kbgen.pages.packs import PagePack
from kbgen.pages.related import Checked, RelatedPage, count, make_row
from kbgen.pages.sources import DOCUMENT_KINDS, Sources
from kbgen.paths import is_markdown
from kbgen.pipeline.backfill import place_notes
from kbgen.pipeline.build import Told
from kbgen.pipeline.diagrams import DiagramBook
from kbgen.pipeline.facts import AllFacts
from kbgen.pipeline.project import Project
from kbgen.pipeline.verify import ProjectEvidence, verify_documents
from kbgen.ports import ResultStore
from kbgen.splice import blank_blocks, find_blocks


def open_sources(found: AllFacts, diagrams: DiagramBook, project: Project) -> Sources:
    @lru_cache(maxsize=256)
    def read_file(path: str) -> str:
        text = read_text(project, path)
        return blank_blocks(text) if is_markdown(path) else text

    return Sources(
        found.system,
        diagrams.board.mesh,
        found.by_kind,
        found.entries,
        diagrams.find_findings,
        read_file,
        project.history,
        project.config.link_base,
        read_blobs=lambda blobs: read_blobs(project, blobs),
    )


def read_text(project: Project, path: str) -> str:
    entry = project.code.entries.get(path)
    content = dict(project.tree.read_blobs([entry.blob])).get(entry.blob, b"") if entry is not None else b""
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return ""


def read_blobs(project: Project, blobs: Sequence[str]) -> dict[str, str]:
    """Texts by blob id; what is no UTF-8, or is not there, is left out."""
    found: dict[str, str] = {}
    for blob, content in project.tree.read_blobs(blobs):
        with suppress(UnicodeDecodeError):
            found[blob] = content.decode("utf-8").removeprefix("\ufeff")
    return found


class Neighbours:
    """The project's own documents around the pages: others on the same subject, and the stories that ask for them."""

    def __init__(self, project: Project, ours: Collection[str], results: ResultStore, key: str) -> None:
        """`ours` are the paths that kbgen writes; `key` stands for the code that statements are checked against."""
        self._project = project
        self._ours = frozenset(ours)
        self._results = results
        self._key = key
        self._evidence = ProjectEvidence(project)
        self.reads: set[str] = set()
        """Documents that the answers since the last one who cleared it rest on."""

    def prepare(self) -> None:
        """Read what all pages ask for, so that processes that are forked from here have it in common."""
        _ = self._documents, self._paths_key, self._project.known

    def relate(self, pack: PagePack) -> RelatedPage:
        """The documents on the subject of a page, with what holds of what they say."""
        if not pack.subject or not pack.path:
            return RelatedPage(())
        on_subject = find_documents_on(pack.subject, self._documents, self._ours)
        self.reads.update(each.path for each in on_subject)
        found = [each for each in on_subject if self._is_foreign(each)]
        folder = posixpath.dirname(pack.path) or "."
        return RelatedPage(
            tuple(
                make_row(
                    each.title or each.path,
                    posixpath.relpath(each.path, folder),
                    each.heading if each.scope == "section" else "",
                    self._check(each.path) if each.scope == "document" else Checked(),
                )
                for each in found
            )
        )

    @cached_property
    def _documents(self) -> tuple[Document, ...]:
        wanted = [(path, entry.blob) for path, entry in self._project.code.entries.items() if is_markdown(path)]
        loaded = self._project.code.load_facts(wanted)
        facts: list[Fact] = [f for file in loaded.values() for f in file.facts if f.kind in DOCUMENT_KINDS]
        # Asked for by every page: what is no document on anything is left out once.
        found = list_documents(fact for fact in facts if fact.kind == "heading")
        return tuple(each for each in found if is_current(each.path, each.title))

    def _is_foreign(self, found: Found) -> bool:
        """Not a document that an earlier run wrote under a path that is no longer ours."""
        return not find_blocks(read_text(self._project, found.path).encode(), path=found.path)

    @cached_property
    def _paths_key(self) -> str:
        """Of the documents there are: a statement may name one."""
        paths = "\0".join(path for path in sorted(self._project.code.entries) if is_markdown(path))
        return hashlib.sha256(paths.encode("utf-8", "surrogateescape")).hexdigest()[:12]

    def _check(self, path: str) -> Checked:
        """Kept for as long as the document, the code and the documents' names stay as they are."""
        name = f"checked:{path}:{self._project.code.entries[path].blob}:{self._paths_key}"
        kept = self._results.load_result(self._key, name)
        if kept is None:
            text = read_text(self._project, path)
            found = count(verify_documents(self._project, {path: text}, evidence=self._evidence)[path])
            kept = json.dumps([found.holds, found.others, found.refuted])
            self._results.save_results(self._key, [(name, kept)])
        holds, others, refuted = json.loads(kept)
        return Checked(holds, others, tuple(refuted))

    def tell(self, id: str) -> Told:
        """The words of the story's criteria, and the stories that it names; nothing of a story that is not there."""
        project = self._project
        try:
            stories = project.select([id])
        except UnknownStoryError:
            return Told()
        story = project.complete(stories[0])
        self.reads.update(document.path for document in story.documents)
        text = "\n".join(section.text for document in story.documents for section in document.sections)
        keys = dict.fromkeys(m.key for m in find_mentions(text, project.grammar) if m.form not in ("bare", "issue"))
        named = [each for key in keys for each in project.known if each.key == key and key != story.key]
        return Told(
            {criterion.label: criterion.text for criterion in story.criteria if criterion.label},
            tuple((each.id, place_notes(project, each)) for each in named) if named else None,
        )
