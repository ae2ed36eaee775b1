"""The net work of a story's implementing commits on each path, and where each path stands now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kbgen.model import Change, FileKind, FileWork, LineCount, Link, PlannedFile, TreeEntry
from kbgen.ports import History

Net = Literal["created", "modified", "deleted", "renamed"]


@dataclass(slots=True)
class _Path:
    change: Net
    old_path: str = ""
    commits: list[str] = field(default_factory=list)
    added: int | None = 0
    deleted: int | None = 0

    def count(self, count: LineCount | None) -> None:
        """Take one commit's lines along; from a binary state on there are none to count."""
        if count is not None:
            self.added = None if count.added is None or self.added is None else self.added + count.added
            self.deleted = None if count.deleted is None or self.deleted is None else self.deleted + count.deleted


def compute_file_work(
    links: Sequence[Link],
    planned: Collection[PlannedFile],
    entries: Mapping[str, TreeEntry],
    history: History,
    kind_of: Callable[[str], FileKind],
) -> tuple[FileWork, ...]:
    """Fold the implementing commits' changes, oldest first: what a story created and deleted again leaves no trace.

    Sorted by kind (source, test, config, docs, noise), then path.
    """
    plans = {p.path for p in planned}
    paths: dict[str, _Path] = {}
    for link in links:
        if link.role != "implements":
            continue
        counts = {count.path: count for count in history.count_lines(link.commit.sha)}
        for change in link.commit.changes:
            work = _fold_change(change, paths)
            if work is not None:
                work.commits.append(link.commit.sha)
                work.count(counts.get(change.path))
    rank = {"source": 0, "test": 1, "config": 2, "docs": 3, "noise": 4}
    found = []
    for path, work in paths.items():
        now, now_path = _locate(path, work, entries, history)
        kind = kind_of(path)
        found.append(
            FileWork(
                path=path,
                change=work.change,
                kind=kind,
                old_path=work.old_path,
                now=now,
                now_path=now_path,
                planned=path in plans or (bool(work.old_path) and work.old_path in plans),
                added=work.added,
                deleted=work.deleted,
                commits=tuple(work.commits),
            )
        )
    return tuple(sorted(found, key=lambda f: (rank[f.kind], f.path)))


def _fold_change(change: Change, paths: dict[str, _Path]) -> _Path | None:
    """Fold one change in; the entry that it counts for, None when it took back what the story itself had made."""
    before = paths.get(change.path)
    if change.status == "R":
        return _fold_rename(change, paths)
    if change.status == "D":
        work = paths.pop(change.path, _Path("deleted"))
        if work.change == "created":
            return None
        # What the story renamed and then deleted is gone from where it was before the story.
        path, work.change, work.old_path = work.old_path or change.path, "deleted", ""
        return paths.setdefault(path, work)
    if before is None:
        return paths.setdefault(change.path, _Path("created" if change.status in "AC" else "modified"))
    if before.change == "deleted":
        before.change = "modified"
    elif change.status in "AC" and before.change == "created":
        # Others took it away in between: only what was made again is there, so only that is counted.
        before.added = before.deleted = 0
    return before


def _fold_rename(change: Change, paths: dict[str, _Path]) -> _Path:
    """The file takes along what the story did to it under its old name."""
    work = paths.pop(change.old_path, None) or _Path("modified")
    paths[change.path] = work
    if work.change != "created":
        origin = work.old_path or change.old_path
        back = origin == change.path
        work.change, work.old_path = ("modified", "") if back else ("renamed", origin)
    return work


def _locate(
    path: str, work: _Path, entries: Mapping[str, TreeEntry], history: History
) -> tuple[Literal["present", "moved", "removed"], str]:
    if path in entries:
        return "present", path
    if work.change == "deleted":
        return "removed", ""
    moved = history.follow_path(path, work.commits[-1])
    if moved and moved in entries:
        return "moved", moved
    return "removed", ""
