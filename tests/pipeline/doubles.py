"""A revision in memory: a tree of texts, a store that is a dictionary, and counts of what was asked of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kbgen.model import SkippedFile, TreeEntry

LINK, SUBMODULE = "120000", "160000"


class MemoryTree:
    """`modes` are those of paths that are no plain files; `oversized` are never given out."""

    def __init__(
        self,
        files: Mapping[str, str | bytes],
        modes: Mapping[str, str] | None = None,
        oversized: Sequence[str] = (),
    ) -> None:
        self._contents = {p: t if isinstance(t, bytes) else t.encode() for p, t in files.items()}
        self._entries = {p: TreeEntry(p, name_blob(c), "100644") for p, c in self._contents.items()}
        self._entries |= {p: TreeEntry(p, self._entries[p].blob, mode) for p, mode in (modes or {}).items()}
        self._oversized = oversized
        self.read: list[str] = []
        """Blobs that were given out."""

    rev = "f" * 40

    def list_entries(self) -> Mapping[str, TreeEntry]:
        return self._entries

    def read_blobs(self, blobs: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        contents = {self._entries[p].blob: c for p, c in self._contents.items() if p not in self._oversized}
        for blob in blobs:
            if blob in contents:
                self.read.append(blob)
                yield blob, contents[blob]

    def find_words(self, words: Sequence[str], suffixes: Sequence[str]) -> Mapping[str, frozenset[str]]:
        return {word: frozenset() for word in words}

    def list_skipped(self) -> tuple[SkippedFile, ...]:
        return tuple(SkippedFile(path, "99999999 bytes, more than 16777216") for path in sorted(self._oversized))


class MemoryFacts:
    """Serves the `FactStore` and `ResultStore` ports."""

    def __init__(self) -> None:
        self.facts: dict[tuple[str, str], str] = {}
        self.results: dict[str, dict[str, str]] = {}

    def load_facts(self, version: str, blobs: Sequence[str]) -> Mapping[str, str]:
        return {blob: self.facts[version, blob] for blob in blobs if (version, blob) in self.facts}

    def save_facts(self, version: str, rows: Iterable[tuple[str, str]]) -> None:
        self.facts.update({(version, blob): text for blob, text in rows})

    def load_result(self, key: str, name: str) -> str | None:
        return self.results.get(key, {}).get(name)

    def save_results(self, key: str, results: Iterable[tuple[str, str]]) -> None:
        self.results.setdefault(key, {}).update(results)


class MemoryOutputs:
    """Serves the `Outputs` port."""

    def __init__(self, files: Mapping[str, str] | None = None) -> None:
        self.files = {path: text.encode() for path, text in (files or {}).items()}

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def write(self, path: str, content: bytes) -> bool:
        changed = self.files.get(path) != content
        self.files[path] = content
        return changed


class NoProgress:
    """Serves the `Progress` port."""

    def start(self, label: str, total: int | None) -> None: ...
    def advance(self, steps: int = 1) -> None: ...
    def finish(self) -> None: ...


def name_blob(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
