"""What files are there, at a revision or in the work tree, and which of them hold a word?"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kbgen.adapters.git import MAX_BLOB_BYTES, Git
from kbgen.errors import RepositoryError
from kbgen.history import encode_path
from kbgen.model import SkippedFile, TreeEntry


class RevisionTree:
    """The files of one commit, as the `Tree` port."""

    def __init__(self, git: Git, rev: str, max_bytes: int = MAX_BLOB_BYTES) -> None:
        self._git = git
        self._rev = rev
        self._max_bytes = max_bytes
        self._oversized: dict[str, int] = {}

    @property
    def rev(self) -> str:
        return self._rev

    def list_entries(self) -> Mapping[str, TreeEntry]:
        return self._git.list_tree(self._rev)

    def read_blobs(self, blobs: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        for blob, content in self._git.read_objects(blobs, self._max_bytes):
            if isinstance(content, bytes):
                yield blob, content
            else:
                self._oversized[blob] = content

    def read_path(self, path: str) -> bytes | None:
        """The content of one file; None when the revision has no such file, or one too large to read."""
        entry = self.list_entries().get(path)
        # Read to the end: git goes on waiting for the next question only then.
        return dict(self.read_blobs([entry.blob])).get(entry.blob) if entry else None

    def find_words(self, words: Sequence[str], suffixes: Sequence[str]) -> Mapping[str, frozenset[str]]:
        identifiers = [word for word in dict.fromkeys(words) if _IDENTIFIER.fullmatch(word)]
        found = self._git.grep_identifiers(self._rev, identifiers, suffixes) or {}
        others = [word for word in dict.fromkeys(words) if word not in found]
        if others and suffixes:
            places: dict[str, list[str]] = {}
            for entry in self.list_entries().values():
                if _is_searched(entry, suffixes):
                    places.setdefault(entry.blob, []).append(entry.path)
            files = ((path, content) for blob, content in self.read_blobs(list(places)) for path in places[blob])
            found |= _search(others, files)
        return {word: frozenset(found.get(word, ())) for word in words}

    def list_skipped(self) -> tuple[SkippedFile, ...]:
        """Files that were asked for and not read because of their size, by path."""
        return tuple(
            SkippedFile(path, f"{self._oversized[entry.blob]} bytes, more than {self._max_bytes}")
            for path, entry in sorted(self.list_entries().items())
            if entry.blob in self._oversized
        )


class WorkTree:
    """The files as they lie on disk, tracked or not, without the ignored ones: the `Tree` port for ``--worktree``.

    Blob ids are those of the bytes on disk; no filter or line-end conversion runs. All of them are read once.
    """

    def __init__(self, git: Git, max_bytes: int = MAX_BLOB_BYTES) -> None:
        self._git = git
        self._max_bytes = max_bytes
        self._entries: dict[str, TreeEntry] | None = None
        self._places: dict[str, str] = {}
        self._oversized: dict[str, int] = {}

    @property
    def rev(self) -> str:
        return ""

    def list_entries(self) -> Mapping[str, TreeEntry]:
        if self._entries is None:
            self._entries = {}
            for path, commit in self._git.list_work_tree():
                entry = TreeEntry(path, commit, "160000") if commit else self._look_at(path)
                if entry:
                    self._entries[path] = entry
        return self._entries

    def _look_at(self, path: str) -> TreeEntry | None:
        place = self._locate(path)
        try:
            state = os.lstat(place)
            if os.path.islink(place):
                content, mode = os.fsencode(os.readlink(place)), "120000"
            elif not os.path.isfile(place):
                return None
            elif state.st_size > self._max_bytes:
                self._oversized[path] = state.st_size
                # Nothing of it is read; the name stands for a content that nobody can ask for.
                return TreeEntry(path, "", "100644")
            else:
                content, mode = Path(place).read_bytes(), "100755" if state.st_mode & 0o100 else "100644"
        except OSError:
            return None
        blob = hashlib.new(self._git.object_format, b"blob %d\0" % len(content) + content).hexdigest()
        self._places.setdefault(blob, path)
        return TreeEntry(path, blob, mode)

    def _locate(self, path: str) -> str:
        return os.path.join(str(self._git.top), path)

    def read_blobs(self, blobs: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        entries = self.list_entries()
        for blob in blobs:
            path = self._places.get(blob)
            if path is None:
                continue
            place = self._locate(path)
            try:
                is_link = entries[path].mode == "120000"
                content = os.fsencode(os.readlink(place)) if is_link else Path(place).read_bytes()
            except OSError as error:
                raise RepositoryError(f"{path}: cannot be read any more: {error.strerror}") from error
            yield blob, content

    def read_path(self, path: str) -> bytes | None:
        """The content of one file; None when there is no such file, or one too large to read."""
        entry = self.list_entries().get(path)
        # Read to the end: git goes on waiting for the next question only then.
        return dict(self.read_blobs([entry.blob])).get(entry.blob) if entry else None

    def find_words(self, words: Sequence[str], suffixes: Sequence[str]) -> Mapping[str, frozenset[str]]:
        paths = [(path, entry.blob) for path, entry in self.list_entries().items() if _is_searched(entry, suffixes)]
        contents = ((path, dict(self.read_blobs([blob])).get(blob, b"")) for path, blob in paths)
        return {word: frozenset(hits) for word, hits in _search(words, contents).items()}

    def list_skipped(self) -> tuple[SkippedFile, ...]:
        """Files that are too large to read, by path."""
        self.list_entries()
        return tuple(
            SkippedFile(path, f"{size} bytes, more than {self._max_bytes}")
            for path, size in sorted(self._oversized.items())
        )


def _is_searched(entry: TreeEntry, suffixes: Sequence[str]) -> bool:
    return entry.mode.startswith("100") and entry.path.endswith(tuple(suffixes))


# ---------------------------------------------------------------------------------- words in files

_IDENTIFIER = re.compile(r"[0-9A-Za-z_]+")


def _search(words: Sequence[str], files: Iterable[tuple[str, bytes]]) -> dict[str, set[str]]:
    """word -> paths whose content holds it as a whole word, as ``git grep -w -F -I`` sees it."""
    found: dict[str, set[str]] = {word: set() for word in words}
    identifiers = {encode_path(word): word for word in found if _IDENTIFIER.fullmatch(word)}
    odd = {
        word: re.compile(rb"(?<![0-9A-Za-z_])" + re.escape(encode_path(word)) + rb"(?![0-9A-Za-z_])")
        for word in found
        if not _IDENTIFIER.fullmatch(word)
    }
    for path, content in files:
        if b"\0" in content[:8000]:
            continue
        if identifiers:
            for hit in identifiers.keys() & set(re.findall(rb"[0-9A-Za-z_]+", content)):
                found[identifiers[hit]].add(path)
        for word, pattern in odd.items():
            if pattern.search(content):
                found[word].add(path)
    return found
