"""Facts on demand: from the store where a blob was read before, else extracted from the tree and stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kbgen.config import Config
from kbgen.extractors import FACTS_VERSION, SUFFIXES, extract_file, is_readable, place_facts
from kbgen.join import MANIFESTS, Layout, read_layout
from kbgen.model import FileFacts, FileKind, SourceFile, TreeEntry
from kbgen.paths import classify_path, translate_glob
from kbgen.ports import FactStore, Tree


class StoredCode:
    """Serves `kbgen.notes.code.CodeReader` over one revision; what it has loaded stays for the run."""

    def __init__(self, tree: Tree, facts: FactStore, config: Config) -> None:
        self._tree = tree
        self._store = facts
        self._config = config
        self._entries = {p: e for p, e in tree.list_entries().items() if e.mode not in ("120000", "160000")}
        self._loaded: dict[str, FileFacts | None] = {}
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

    def load(self, wanted: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], FileFacts]:
        readable = [(path, blob) for path, blob in dict.fromkeys(wanted) if is_readable(path)]
        missing = sorted({blob for _, blob in readable if blob not in self._loaded})
        if missing:
            self._loaded.update(self._store.load_facts(FACTS_VERSION, missing))
            self._extract({b: p for p, b in readable if b not in self._loaded})
        found = {}
        for path, blob in readable:
            facts = self._loaded.get(blob)
            if facts is not None:
                # The same bytes under a suffix of another language are another file to its extractor.
                found[path, blob] = place_facts(facts, path) or self._extract_anew(path, blob)
        return found

    def _extract_anew(self, path: str, blob: str) -> FileFacts:
        for _, content in self._tree.read_blobs([blob]):
            return extract_file(SourceFile(path, blob, content.decode("utf-8", "replace")))
        return FileFacts(path, blob, ())

    def _extract(self, paths: Mapping[str, str]) -> None:
        """Read and extract blobs that the store does not know; `paths` is blob -> one of its paths."""
        fresh = []
        for blob, content in self._tree.read_blobs(sorted(paths)):
            facts = extract_file(SourceFile(paths[blob], blob, content.decode("utf-8", "replace")))
            self._loaded[blob] = facts
            fresh.append(facts)
        for blob in paths:
            self._loaded.setdefault(blob, None)
        if fresh:
            self._store.save_facts(FACTS_VERSION, fresh)

    def find_words(self, words: Sequence[str]) -> Mapping[str, frozenset[str]]:
        unknown = sorted(set(words) - self._words.keys())
        if unknown:
            found = self._tree.find_words(unknown, SUFFIXES)
            self._words.update({w: found.get(w, frozenset()) for w in unknown})
        return {w: self._words[w] for w in words}
