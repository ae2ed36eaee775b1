"""What the core needs from outside, as protocols. Adapters serve them; tests have in-memory doubles.

A port is named for the need, its adapter for the means (`History` is served by `SqliteHistory`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, Protocol, TypeVar

from kbgen.model import (
    Change,
    Commit,
    Document,
    LineCount,
    Mention,
    MethodTouch,
    PullRequest,
    SkippedFile,
    StoryKey,
    TreeEntry,
)

DrawFormat = Literal["svg", "png", "json"]

Task = TypeVar("Task")
Result = TypeVar("Result")


class Clock(Protocol):
    """Only cache housekeeping and `accept` may ask for the time; no output holds the time of a run."""

    def get_current_time_s(self) -> int: ...


class Progress(Protocol):
    """Tells a person how far long work is. Total None: unknown."""

    def start(self, label: str, total: int | None) -> None: ...
    def advance(self, steps: int = 1) -> None: ...
    def finish(self) -> None: ...


class Tree(Protocol):
    """The files of one revision (git objects), or of the work tree with ``--worktree``."""

    @property
    def rev(self) -> str:
        """Full commit hash, or ``""`` for the work tree."""
        ...

    def list_entries(self) -> Mapping[str, TreeEntry]:
        """Every file by path; submodules and symlinks included, told apart by mode."""
        ...

    def read_blobs(self, blobs: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """(blob id, content) in the order asked for; an unknown blob is left out."""
        ...

    def find_words(self, words: Sequence[str], suffixes: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """word -> paths of this revision whose text holds it as a whole word; fixed strings, case matters.

        Only files that end in one of `suffixes` are searched, binary files never.
        """
        ...

    def list_skipped(self) -> tuple[SkippedFile, ...]:
        """Files that were asked for and are too large to be read, by path."""
        ...


class History(Protocol):
    """The commits that are ancestors of one revision, the revision itself included.

    Every list is in topological order, oldest first, ties by commit time, then hash.
    """

    @property
    def rev(self) -> str: ...

    def use_grammar(self, find: Callable[[str], Iterable[Mention]], version: str) -> None:
        """How keys are found in messages; what an earlier grammar (another `version`) found is found anew."""
        ...

    def get_commit(self, sha: str) -> Commit | None:
        """A commit with its changes; `sha` may be abbreviated (7 or more hex) if unique."""
        ...

    def get_commits(self, shas: Iterable[str]) -> tuple[Commit, ...]: ...

    def find_mentioning(self, key: StoryKey) -> tuple[Commit, ...]:
        """Commits whose message names this key, or its numbers with no prefix (the caller decides)."""
        ...

    def find_touching(self, paths: Iterable[str]) -> tuple[Commit, ...]:
        """Non-merge commits that changed any of the paths, under old names too when renamed in git."""
        ...

    def find_pull_requests(self, sha: str) -> tuple[PullRequest, ...]:
        """The merges that brought the commit in, innermost first; () for a commit on the main line."""
        ...

    def find_mentioned_keys(self) -> Mapping[StoryKey, int]:
        """Every key that any message names, with the number of commits (for suggestions and trackers)."""
        ...

    def list_subjects(self, limit: int = 2000) -> tuple[str, ...]:
        """Subjects of the newest commits, newest first: what the ID grammar is found from."""
        ...

    def count_commits(self) -> int:
        """How many ancestors the revision has, itself included."""
        ...

    def list_commits(self) -> Iterator[Commit]:
        """Every commit with its changes, newest first; a stream."""
        ...

    def follow_path(self, path: str, since: str) -> str | None:
        """Where `path`, as of commit `since`, stands at `rev`: same path, new path, or None when removed."""
        ...

    def count_lines(self, sha: str) -> tuple[LineCount, ...]:
        """Added and deleted lines of one commit against its first parent; computed once, then kept."""
        ...

    def find_methods(self, sha: str) -> tuple[MethodTouch, ...]:
        """Methods that a commit touched (PyDriller); computed once, then kept."""
        ...

    def compute_patch_id(self, sha: str) -> str:
        """``git patch-id --stable`` of the commit, 12 hex; ``""`` for merges and empty commits. Kept."""
        ...

    def find_merge_only_changes(self, merge: str) -> tuple[Change, ...]:
        """What a merge changed beyond its parents (``--remerge-diff``), usually nothing. Kept."""
        ...


class FactStore(Protocol):
    """Keeps facts as text by (extractor version, blob id); a blob never changes, so neither do they."""

    def load_facts(self, version: str, blobs: Sequence[str]) -> Mapping[str, str]:
        """blob -> the text that was saved; unknown ones are left out."""
        ...

    def save_facts(self, version: str, rows: Iterable[tuple[str, str]]) -> None:
        """(blob, text) each."""
        ...


class DocumentStore(Protocol):
    """Keeps parsed documents by (parser version, path, blob)."""

    def load_documents(self, version: str, wanted: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """(path, blob) -> the JSON that was saved; unknown ones are left out."""
        ...

    def save_documents(self, version: str, rows: Iterable[tuple[str, str, str]]) -> None:
        """(path, blob, JSON) each."""
        ...

    def forget_documents(self, prefix: str, keep: str) -> None:
        """Drop what was saved under versions that begin with `prefix`, for every blob but `keep`."""
        ...


class ResultStore(Protocol):
    """Keeps what was computed from a whole revision, so that the same question is answered without reading any file.

    `key` stands for everything that the results rest on (revision, code, configuration); the last few keys are kept.
    """

    def load_result(self, key: str, name: str) -> str | None: ...

    def save_results(self, key: str, results: Iterable[tuple[str, str]]) -> None:
        """(name, text) each; all of them or none. What was saved under the key before under other names stays."""
        ...


class Workers(Protocol):
    """Does one thing to many tasks, several at a time where the machine has room for it.

    A task that brings its worker down (a crash, no end in sight) costs that task alone.
    """

    def run(
        self, work: Callable[[Task], Result], tasks: Iterable[Task], count: int
    ) -> Iterator[tuple[Task, Result | None, str]]:
        """(task, result, "") of each task, in any order, or (task, None, why) for one that came to no end.

        `work` is a function at the top of a module; `count` is how many tasks there are.
        """
        ...

    def run_shared(
        self, work: Callable[[Task], Result], tasks: Iterable[Task], count: int
    ) -> Iterator[tuple[Task, Result | None, str]]:
        """The same for a few long tasks, with work that reads what is in memory here. What it changes is lost."""
        ...


class Outputs(Protocol):
    """Files that kbgen may write. Every path is checked: inside the allowed roots, no symlink out."""

    def read(self, path: str) -> bytes | None:
        """Current bytes, None when the file does not exist."""
        ...

    def write(self, path: str, content: bytes) -> bool:
        """Atomically; False when the bytes were the same and nothing was touched. Raises OutputError."""
        ...


class Drawer(Protocol):
    """Lays out and draws graphs that are written as DOT."""

    def draw(self, dot: str, form: DrawFormat, pinned: bool = False) -> bytes:
        """The drawing, or its places as JSON; `pinned` for a text whose nodes all have their place (a sequence).

        The same text gives the same bytes. Raises GraphvizError, within a time limit.
        """
        ...


class MermaidCheck(Protocol):
    def __call__(self, text: str) -> str:
        """What is wrong with a Mermaid text, ``""`` when nothing is."""
        ...


class Templates(Protocol):
    def render(self, name: str, context: object) -> str:
        """`name` without folder, ``story_notes.md.j2``; a dataclass instance gives the names there are."""
        ...

    def read_head(self, name: str) -> Document:
        """The front matter of a template, see `kbgen.pages.packs`; an empty document where there is none."""
        ...

    def list_templates(self) -> tuple[str, ...]:
        """The names of all templates, the project's own ones included."""
        ...
