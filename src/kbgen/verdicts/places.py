"""The paths of a revision, findable by their ends: how people write them in prose."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from posixpath import normpath


class PathIndex:
    """Every path, by last segment. Built once for a run."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = frozenset(paths)

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in sorted(self.paths):
            found.setdefault(path.rsplit("/", 1)[-1], []).append(path)
        return found

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        """By the name without one suffix, and by folder for the files that stand for it (``index.ts``)."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.paths):
            folder, _, name = path.rpartition("/")
            stem = name.rpartition(".")[0] or name
            found.setdefault(stem, []).append(path)
            if stem in ("index", "__init__", "mod") and folder:
                found.setdefault(folder.rsplit("/", 1)[-1], []).append(path)
        return found

    @cached_property
    def folders(self) -> frozenset[str]:
        found: set[str] = set()
        for path in self.paths:
            folder = path.rpartition("/")[0]
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

    @cached_property
    def _folders_by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for folder in sorted(self.folders):
            found.setdefault(folder.rsplit("/", 1)[-1], []).append(folder)
        return found

    def has_folder_named(self, name: str) -> bool:
        return name in self._folders_by_name

    def find_files(self, value: str) -> tuple[str, ...]:
        """The path itself when there is one, else every path that ends with it; in order."""
        if value in self.paths:
            return (value,)
        return tuple(p for p in self._by_name.get(value.rsplit("/", 1)[-1], ()) if p.endswith("/" + value))

    def find_folders(self, value: str) -> tuple[str, ...]:
        value = value.rstrip("/")
        if value in self.folders:
            return (value,)
        return tuple(f for f in self._folders_by_name.get(value.rsplit("/", 1)[-1], ()) if f.endswith("/" + value))

    def find_modules(self, value: str) -> tuple[str, ...]:
        """Files that an import without suffix may mean: ``a/b`` is ``a/b.ts``, ``a/b/index.ts``, ``a/b.test.ts``."""
        name = value.rsplit("/", 1)[-1]
        found = []
        for path in self._by_stem.get(name, ()):
            stem = path.rpartition(".")[0]
            folder = path.rpartition("/")[0]
            if any(s == value or s.endswith("/" + value) for s in (stem, folder)):
                found.append(path)
        return tuple(found)

    def find_namesakes(self, value: str) -> tuple[str, ...]:
        """Paths elsewhere with the same file name."""
        return tuple(self._by_name.get(value.rstrip("/").rsplit("/", 1)[-1], ()))


def resolve_from(document: str, value: str) -> str:
    """`value` as a reader of `document` follows it: relative to its folder; "" when it leads out of the tree."""
    folder = document.rpartition("/")[0]
    joined = normpath(f"{folder}/{value}" if folder else value)
    return "" if joined.startswith("..") or joined == "." else joined


def drop_dots(value: str) -> str:
    """``./a/b`` and ``../../a/b`` as ``a/b``."""
    segments = value.split("/")
    while segments and segments[0] in (".", ".."):
        segments = segments[1:]
    return "/".join(s for s in segments if s != ".")
