"""What in a repository is kbgen's own writing: neither a plan to read nor work to report."""

from __future__ import annotations

import codecs

from kbgen.errors import KbgenError
from kbgen.model import Change, Commit
from kbgen.ports import History, Tree
from kbgen.splice import remove_block

BLOCK = "implementation-notes"
"""The managed block that holds a story's notes."""

_MARKER = b"<!-- kbgen:begin"


def is_notes_page(content: bytes) -> bool:
    """Whether a file is a page that kbgen made: a heading and the block, nothing else."""
    if _MARKER not in content:
        return False
    try:
        rest = remove_block(content, BLOCK, force=True)
    except KbgenError:
        return False
    lines = [line for line in rest.removeprefix(codecs.BOM_UTF8).splitlines() if line.strip()]
    return _MARKER not in rest and len(lines) <= 1 and all(line.startswith(b"# ") for line in lines)


def only_writes_notes(commit: Commit, history: History, tree: Tree) -> bool:
    """Whether a commit, or a merge's whole pull request, changed nothing but kbgen's blocks and pages.

    Such a commit names the stories whose notes it holds. Listed in these notes, it would make them stale by being made.
    """
    if not commit.is_merge:
        return bool(commit.changes) and all(_only_changes_notes(change, tree) for change in commit.changes)
    requests = [r for parent in commit.parents[1:] for r in history.find_pull_requests(parent)]
    brought = {sha for request in requests if request.merge == commit.sha for sha in request.commits}
    return bool(brought) and all(only_writes_notes(c, history, tree) for c in history.get_commits(brought))


def _only_changes_notes(change: Change, tree: Tree) -> bool:
    if change.status not in ("A", "M") or not change.path.endswith(".md"):
        return False
    contents = dict(tree.read_blobs([blob for blob in (change.old_blob, change.new_blob) if blob.strip("0")]))
    before, after = contents.get(change.old_blob), contents.get(change.new_blob)
    if after is None or _MARKER not in after:
        return False
    if before is None:
        return is_notes_page(after)
    try:
        return remove_block(before, BLOCK, force=True) == remove_block(after, BLOCK, force=True)
    except KbgenError:
        return False
