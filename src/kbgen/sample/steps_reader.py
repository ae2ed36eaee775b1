"""What does each step folder say? From ``steps/NNN-name/`` to a value.

A folder holds ``commit.toml`` and, under ``files/``, the whole content of every file that the step adds or
changes. Names are stored so that no tool takes the sample for kbgen's own code (pytest, mypy, pip's byte
compiler, ``.gitignore``, kbgen's own story finder): every file has ``.txt`` behind its name, and a leading
dot of a file or folder is spelled ``dot_``.

    files/dot_github/CODEOWNERS.txt      ->  .github/CODEOWNERS
    files/mesh/agents/claims.py.txt      ->  mesh/agents/claims.py
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime
    from importlib.resources.abc import Traversable

STORED_SUFFIX = ".txt"
STORED_DOT = "dot_"
REQUIRED_KEYS = frozenset({"branch", "author", "date", "message"})
OPTIONAL_KEYS = frozenset(
    {"from", "merge", "committer", "committed", "moved", "deleted", "executable", "reverts"},
)


@dataclass(frozen=True, slots=True)
class Signature:
    """Who and when, as git writes it into a commit."""

    person: str
    """``Name <address>``."""
    when: datetime.datetime

    def format(self) -> str:
        """``Name <address> 1772443200 +0100``."""
        return f"{self.person} {int(self.when.timestamp())} {self.when:%z}"


@dataclass(frozen=True, slots=True)
class Step:
    """One commit as its folder describes it; `start`, `reverts` and hashes in messages name other steps."""

    name: str
    """The folder, ``004-console-shell``; its first three digits are the step's number."""
    branch: str
    start: str
    """Number of the step a new branch grows from; empty when the branch goes on from its own tip."""
    merge: str
    """The branch whose tip is the second parent; empty for an ordinary commit."""
    author: Signature
    committer: Signature
    message: str
    """With a final newline; ``{sha 006}`` stands for the hash of step 006."""
    files: Mapping[str, bytes]
    moved: Mapping[str, str]
    """Old path to new path; the new content is in `files` when the move also edits."""
    deleted: tuple[str, ...]
    executable: frozenset[str]
    reverts: str
    """Number of the step whose changes are taken back; empty for all others."""

    @property
    def number(self) -> str:
        return self.name[:3]


def read_steps() -> tuple[Step, ...]:
    """All steps in order. Raises ValueError when a folder of the package is malformed."""
    from importlib.resources import files

    root = files("kbgen.sample") / "steps"
    folders = sorted((f for f in root.iterdir() if f.name[:3].isdigit()), key=lambda f: f.name)
    return tuple(read_step(folder) for folder in folders)


def read_step(folder: Traversable) -> Step:
    import tomllib

    entry = tomllib.loads((folder / "commit.toml").read_bytes().decode())
    if wrong := sorted((set(entry) - OPTIONAL_KEYS) ^ REQUIRED_KEYS):
        raise ValueError(f"{folder.name}/commit.toml: missing or unknown keys {', '.join(wrong)}")
    author = Signature(entry["author"], entry["date"])
    content = folder / "files"
    return Step(
        name=folder.name,
        branch=entry["branch"],
        start=entry.get("from", ""),
        merge=entry.get("merge", ""),
        author=author,
        committer=Signature(entry.get("committer", author.person), entry.get("committed", author.when)),
        message=entry["message"].rstrip("\n") + "\n",
        files=dict(sorted(walk_files(content))) if content.is_dir() else {},
        moved=entry.get("moved", {}),
        deleted=tuple(entry.get("deleted", ())),
        executable=frozenset(entry.get("executable", ())),
        reverts=entry.get("reverts", ""),
    )


def walk_files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        name = "." + entry.name.removeprefix(STORED_DOT) if entry.name.startswith(STORED_DOT) else entry.name
        if entry.is_dir():
            yield from walk_files(entry, f"{prefix}{name}/")
        elif name.endswith(STORED_SUFFIX):  # anything else was put there by an editor or the file system
            yield prefix + name.removesuffix(STORED_SUFFIX), entry.read_bytes()
