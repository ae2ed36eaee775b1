"""Facts on demand: from the store where a blob was read before, else extracted from the tree and stored."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from posixpath import dirname, join

from kbgen.config import Config
from kbgen.extractors import (
    FACTS_VERSION,
    SUFFIXES,
    extract_file,
    facts_from_json,
    facts_to_json,
    is_extractable,
    is_readable,
    place_facts,
)
from kbgen.join import MANIFESTS, Layout, read_layout
from kbgen.model import FileFacts, FileKind, SkippedFile, SourceFile, TreeEntry
from kbgen.paths import classify_path, translate_glob
from kbgen.ports import FactStore, Progress, Tree, Workers

_SLICE = 100
"""Files whose text, or whose packed facts, are held at once."""
_LINK, _SUBMODULE = "120000", "160000"
_MAX_LINKS = 40
"""On the way to one place, as on Linux."""

Blob = tuple[str, str, bytes]
"""(path, blob id, content)"""


def extract_blob(task: Blob) -> str:
    """What workers do: the facts of one file, as the store keeps them. What could not be read has a note."""
    path, blob, content = task
    if b"\0" in content[:8000]:
        return facts_to_json(_skip(path, blob, "is binary, or text in an encoding other than UTF-8"))
    try:
        return facts_to_json(extract_file(SourceFile(path, blob, content.decode("utf-8"))))
    except UnicodeDecodeError as error:
        facts = extract_file(SourceFile(path, blob, content.decode("utf-8", "replace")))
        line = content[: error.start].count(b"\n") + 1
        note = SkippedFile(path, f"is no UTF-8 text from line {line} on; bytes that are none were read as U+FFFD")
        return facts_to_json(FileFacts(path, blob, facts.facts, (*facts.skipped, note)))


def _skip(path: str, blob: str, why: str) -> FileFacts:
    return FileFacts(path, blob, (), (SkippedFile(path, why),))


def _find_fault(path: str, links: Mapping[str, str], places: Collection[str]) -> str:
    """Why a symbolic link leads to none of the places, ``""`` when it does lead to one."""
    place = ""
    todo = path.split("/")
    followed = 0
    while todo:
        step = todo.pop(0)
        if step == "..":
            if not place:
                return "is a symbolic link that leads outside the repository"
            place = dirname(place)
        elif step not in ("", "."):
            place = join(place, step)
        if place in links:
            followed += 1
            if followed > _MAX_LINKS:
                return "is a symbolic link that leads in a circle"
            target = links[place]
            if target.startswith("/"):
                return "is a symbolic link that leads outside the repository"
            place = dirname(place)
            todo[:0] = target.split("/")
    return "" if place in places else "is a symbolic link that leads to nothing"


class StoredCode:
    """Serves `kbgen.notes.code.CodeReader` over one revision; what it has loaded stays for the run."""

    def __init__(
        self,
        tree: Tree,
        facts: FactStore,
        config: Config,
        workers: Workers | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Without `workers` every file is read in this process."""
        self._tree = tree
        self._store = facts
        self._config = config
        self._workers = workers
        self._progress = progress
        self._entries = {p: e for p, e in tree.list_entries().items() if e.mode not in (_LINK, _SUBMODULE)}
        self._loaded: dict[str, FileFacts | None] = {}
        self._all: Mapping[str, FileFacts] | None = None
        self._kinds: dict[str, FileKind] = {}
        self._layout: Layout | None = None
        self._words: dict[str, frozenset[str]] = {}

    @property
    def entries(self) -> Mapping[str, TreeEntry]:
        return self._entries

    @property
    def layout(self) -> Layout:
        if self._layout is None:
            globs = [translate_glob(g) for g in MANIFESTS]
            found = {p: e.blob for p, e in self._entries.items() if any(g.fullmatch(p) for g in globs)}
            texts = {b: t.decode("utf-8", "replace") for b, t in self._tree.read_blobs(sorted(set(found.values())))}
            self._layout = read_layout(
                {p: texts[b] for p, b in sorted(found.items()) if b in texts}, tuple(self._entries)
            )
        return self._layout

    def kind_of(self, path: str) -> FileKind:
        kind = self._kinds.get(path)
        if kind is None:
            kind = self._kinds[path] = classify_path(path, self._config.noise, self._config.tests)
        return kind

    def load_all(self) -> Mapping[str, FileFacts]:
        """The facts of every file of the revision that an extractor knows, by path. What tools wrote is left out."""
        if self._all is None:
            paths = sorted(p for p in self._entries if is_extractable(p) and self.kind_of(p) != "noise")
            found = self._load([(path, self._entries[path].blob) for path in paths])
            self._all = {path: facts for (path, _), facts in found.items()}
        return self._all

    def list_skipped(self) -> tuple[SkippedFile, ...]:
        """What `load_all` did not read whole, by path. A symbolic link is read where it leads, if that is ours."""
        notes = [
            SkippedFile(path, "is a submodule, another repository")
            for path, entry in self._tree.list_entries().items()
            if entry.mode == _SUBMODULE
        ]
        notes += self._explain_links()
        for facts in self.load_all().values():
            notes += facts.skipped
        return tuple(sorted(set(notes), key=lambda note: (note.path, note.why)))

    def _explain_links(self) -> Iterator[SkippedFile]:
        """Those that do not lead to a file or folder of the revision."""
        entries = self._tree.list_entries()
        blobs = {path: entry.blob for path, entry in entries.items() if entry.mode == _LINK}
        if not blobs:
            return
        texts = {b: t.decode("utf-8", "surrogateescape") for b, t in self._tree.read_blobs(sorted(set(blobs.values())))}
        links = {path: texts[blob] for path, blob in blobs.items() if blob in texts}
        places = {"", *(entries.keys() - links.keys())}
        for path in entries:
            while path := dirname(path):
                places.add(path)
        for path in links:
            why = _find_fault(path, links, places) if self.kind_of(path) != "noise" else ""
            if why:
                yield SkippedFile(path, why)

    def load_facts(self, wanted: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], FileFacts]:
        """Facts of files of any kind that an extractor knows."""
        return self._load(wanted)

    def load(self, wanted: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], FileFacts]:
        """Facts of source code; other files are left out."""
        return self._load([(path, blob) for path, blob in dict.fromkeys(wanted) if is_readable(path)])

    def _load(self, readable: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], FileFacts]:
        missing = sorted({blob for _, blob in readable if blob not in self._loaded})
        if missing:
            self._load_kept(missing)
            # Of several paths with the same bytes the last one is noted: any would do, but always the same.
            self._extract({b: p for p, b in sorted(readable) if b not in self._loaded})
        found = {}
        for path, blob in readable:
            facts = self._loaded.get(blob)
            if facts is not None:
                # The same bytes under a suffix of another language are another file to its extractor.
                found[path, blob] = place_facts(facts, path) or self._extract_anew(path, blob)
        return found

    def _load_kept(self, blobs: Sequence[str]) -> None:
        for begin in range(0, len(blobs), _SLICE):
            kept = self._store.load_facts(FACTS_VERSION, blobs[begin : begin + _SLICE])
            for blob, text in kept.items():
                facts = _decode(text)
                if facts is not None and facts.blob == blob:
                    self._loaded[blob] = facts

    def _extract_anew(self, path: str, blob: str) -> FileFacts:
        for _, content in self._tree.read_blobs([blob]):
            return facts_from_json(extract_blob((path, blob, content)))
        return FileFacts(path, blob, ())

    def _extract(self, paths: Mapping[str, str]) -> None:
        """Read and extract blobs that the store does not know; `paths` is blob -> one of its paths."""
        progress = self._progress if len(paths) >= _SLICE else None
        if progress is not None:
            progress.start("reading files", len(paths))
        with closing(self._read_blobs(paths, progress)) as read:
            while fresh := list(islice(read, _SLICE)):
                self._store.save_facts(FACTS_VERSION, fresh)
        unread = {note.path: note.why for note in self._tree.list_skipped()}
        for blob in paths.keys() - self._loaded.keys():
            why = unread.get(paths[blob])
            self._loaded[blob] = _skip(paths[blob], blob, why) if why else None
        if progress is not None:
            progress.finish()

    def _read_blobs(
        self, paths: Mapping[str, str], progress: Progress | None
    ) -> Generator[tuple[str, str], None, None]:
        """(blob, packed facts) of each, kept for the run on the way."""
        contents = self._tree.read_blobs(sorted(paths, key=paths.__getitem__))
        tasks = ((paths[blob], blob, content) for blob, content in contents)
        for (path, blob, _), text, why in self._run(tasks, len(paths)):
            packed = text if text is not None else facts_to_json(_skip(path, blob, why))
            self._loaded[blob] = facts_from_json(packed)
            if progress is not None:
                progress.advance()
            yield blob, packed

    def _run(self, tasks: Iterator[Blob], count: int) -> Iterator[tuple[Blob, str | None, str]]:
        if self._workers is not None:
            return self._workers.run(extract_blob, tasks, count)
        return ((task, extract_blob(task), "") for task in tasks)

    def find_words(self, words: Sequence[str]) -> Mapping[str, frozenset[str]]:
        unknown = sorted(set(words) - self._words.keys())
        if unknown:
            found = self._tree.find_words(unknown, SUFFIXES)
            self._words.update({w: found.get(w, frozenset()) for w in unknown})
        return {w: self._words[w] for w in words}


def _decode(text: str) -> FileFacts | None:
    """None for what is no file's facts: the store is only a cache, and may be damaged."""
    try:
        return facts_from_json(text)
    except (ValueError, TypeError, IndexError):
        return None
