"""Which commits do the steps make, with which hashes, and how does git get them?

Trees and hashes are computed here as git does (SHA-1, see git-mktree(1) and
git-hash-object(1)), because a revert or a cherry-pick names an earlier commit's hash in its own message.
The result goes to ``git fast-import`` (git-fast-import(1)); every commit is written with explicit parents, so
merged branches leave no ref behind, as after a pull request. A branch that no step merges stays.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kbgen.errors import OutputError
from kbgen.sample.steps_reader import Step, read_steps

MAIN = "main"
SHA_PLACEHOLDER = re.compile(r"\{sha (\d{3})\}")

File = tuple[str, bytes]
"""Mode (``100644`` or ``100755``) and content."""
Files = Mapping[str, File]


@dataclass(frozen=True, slots=True)
class SampleCommit:
    """A step with what it came to: hash, parents and the whole tree after it."""

    step: Step
    sha: str
    parents: tuple[str, ...]
    message: str
    """With hashes filled in."""
    files: Files
    written: tuple[str, ...]
    """Paths added or changed against the first parent, sorted."""
    removed: tuple[str, ...]

    @property
    def subject(self) -> str:
        return self.message.split("\n", 1)[0]


def list_steps() -> tuple[SampleCommit, ...]:
    """The sample's commits in the order in which they were made; parents come before children."""
    return build_commits(read_steps())


def get_head_sha() -> str:
    """Hash of the commit that `kbgen demo` checks out."""
    return find_tips(list_steps())[MAIN].sha


def build_stream() -> bytes:
    """The whole history for ``git fast-import --done``; the same bytes on every run and machine."""
    return write_stream(list_steps())


def create_sample(folder: Path, run_git: Callable[[list[str], bytes | None], None]) -> str:
    """Make the sample repository in `folder` with `main` checked out; returns the hash of its HEAD.

    `run_git` gets the arguments after ``git`` and what goes to its standard input, and raises on failure.
    Raises OutputError when the folder is there and not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} is not an empty folder", "name a folder that does not exist yet")
    commits = list_steps()
    at = ["-C", str(folder)]
    # No template, so that no hook of this machine is copied in; SHA-1, so that the hashes are the known ones.
    run_git(["init", "--quiet", "--template=", "--object-format=sha1", f"--initial-branch={MAIN}", str(folder)], None)
    run_git([*at, "config", "core.autocrlf", "false"], None)
    run_git([*at, "fast-import", "--quiet", "--done"], write_stream(commits))
    run_git([*at, "reset", "--quiet", "--hard", MAIN], None)
    return find_tips(commits)[MAIN].sha


def build_commits(steps: Iterable[Step]) -> tuple[SampleCommit, ...]:
    """Raises ValueError when a step contradicts the history before it (no such file, unresolved conflict)."""
    by_number: dict[str, SampleCommit] = {}
    tips: dict[str, SampleCommit] = {}
    for step in steps:
        first = by_number[step.start] if step.start else tips.get(step.branch)
        second = tips[step.merge] if step.merge else None
        parents = tuple(commit.sha for commit in (first, second) if commit)
        before: Files = first.files if first else {}
        after = apply_step(step, before, by_number, first, second)
        message = SHA_PLACEHOLDER.sub(lambda match: by_number[match[1]].sha, step.message)
        commit = SampleCommit(
            step=step,
            sha=hash_commit(step, hash_tree(after), parents, message),
            parents=parents,
            message=message,
            files=after,
            written=tuple(sorted(path for path in after if before.get(path) != after[path])),
            removed=tuple(sorted(path for path in before if path not in after)),
        )
        by_number[step.number] = tips[step.branch] = commit
    return tuple(by_number.values())


def apply_step(
    step: Step,
    before: Files,
    by_number: Mapping[str, SampleCommit],
    first: SampleCommit | None,
    second: SampleCommit | None,
) -> Files:
    """The whole tree after a step whose first parent's tree is `before`."""
    after = dict(before)
    if first and second:
        after = merge_trees(step, find_merge_base(first, second, by_number).files, first.files, second.files)
    if step.reverts:
        undone = by_number[step.reverts]
        original = next(c for c in by_number.values() if c.sha == undone.parents[0]).files
        for path in (*undone.written, *undone.removed):
            if after.get(path) != undone.files.get(path):
                raise ValueError(f"{step.name}: {path} changed after step {step.reverts}, so it cannot be reverted")
            after.pop(path, None)
            if path in original:
                after[path] = original[path]
    for path in step.deleted:
        del after[path]
    for old, new in step.moved.items():
        after[new] = after.pop(old)
    for path, content in step.files.items():
        mode = "100755" if path in step.executable else after.get(path, ("100644", b""))[0]
        after[path] = (mode, content)
    return after


def merge_trees(step: Step, base: Files, ours: Files, theirs: Files) -> dict[str, File]:
    """Three-way by whole files; where both sides changed one, the step must hold the merged text."""
    merged = dict(ours)
    for path in sorted({*base, *theirs}):
        if theirs.get(path) == base.get(path) or theirs.get(path) == ours.get(path):
            continue
        if ours.get(path) != base.get(path) and path not in step.files:
            raise ValueError(f"{step.name}: both sides changed {path}; put the merged text under files/")
        if path in theirs:
            merged[path] = theirs[path]
        else:
            del merged[path]
    return merged


def find_merge_base(one: SampleCommit, other: SampleCommit, by_number: Mapping[str, SampleCommit]) -> SampleCommit:
    """The newest common ancestor; the sample has no criss-cross merges."""
    by_sha = {commit.sha: commit for commit in by_number.values()}

    def collect_ancestors(commit: SampleCommit) -> set[str]:
        found: set[str] = set()
        todo = [commit.sha]
        while todo:
            sha = todo.pop()
            if sha not in found:
                found.add(sha)
                todo.extend(by_sha[sha].parents)
        return found

    common = collect_ancestors(one) & collect_ancestors(other)
    return next(commit for commit in reversed(tuple(by_number.values())) if commit.sha in common)


def find_tips(commits: Iterable[SampleCommit]) -> dict[str, SampleCommit]:
    """`main` and every branch that was never merged, by name."""
    everything = tuple(commits)
    tips = {commit.step.branch: commit for commit in everything}
    merged = {commit.step.merge for commit in everything}
    return {branch: commit for branch, commit in tips.items() if branch not in merged}


# ------------------------------------------------------------------------------------- git's own forms


def hash_object(kind: str, content: bytes) -> bytes:
    # Git's name for the object, not a safeguard.
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).digest()


def hash_tree(files: Files) -> bytes:
    """Object id of the tree that holds `files`; folders sort as if their name ended in ``/``."""
    entries: list[tuple[bytes, bytes, bytes]] = []
    folders: dict[str, dict[str, File]] = {}
    for path, (mode, content) in files.items():
        folder, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(folder, {})[rest] = (mode, content)
        else:
            entries.append((path.encode(), mode.encode(), hash_object("blob", content)))
    for folder, inside in folders.items():
        entries.append((folder.encode() + b"/", b"40000", hash_tree(inside)))
    return hash_object(
        "tree", b"".join(mode + b" " + name.removesuffix(b"/") + b"\0" + oid for name, mode, oid in sorted(entries))
    )


def hash_commit(step: Step, tree: bytes, parents: Iterable[str], message: str) -> str:
    lines = [f"tree {tree.hex()}", *(f"parent {sha}" for sha in parents)]
    lines += [f"author {step.author.format()}", f"committer {step.committer.format()}", "", message]
    return hash_object("commit", "\n".join(lines).encode()).hex()


def write_stream(commits: Iterable[SampleCommit]) -> bytes:
    everything = tuple(commits)
    kept = find_tips(everything)
    marks = {commit.sha: mark for mark, commit in enumerate(everything, 1)}
    out: list[bytes] = [b"feature done\n"]
    for commit in everything:
        # A merged branch gets no ref of its own: its commits are named on `main`, whose last commit wins.
        branch = commit.step.branch if commit.step.branch in kept else MAIN
        out.append(f"commit refs/heads/{branch}\nmark :{marks[commit.sha]}\n".encode())
        out.append(f"author {commit.step.author.format()}\ncommitter {commit.step.committer.format()}\n".encode())
        out.append(format_data(commit.message.encode()))
        out.extend(
            f"{word} :{marks[sha]}\n".encode() for word, sha in zip(("from", "merge"), commit.parents, strict=False)
        )
        out.extend(f"D {quote_path(path)}\n".encode() for path in commit.removed)
        for path in commit.written:
            mode, content = commit.files[path]
            out.append(f"M {mode} inline {quote_path(path)}\n".encode() + format_data(content))
    out.append(b"done\n")
    return b"".join(out)


def format_data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def quote_path(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
