"""What does git say? The only module that runs it.

Two places, two rules. *The user's repository* is asked as few things as possible (where it is, what a revision means,
which files the work tree has), found by git's own discovery so that git may refuse it, and never written to. *The
private view* (see `kbgen.adapters.view`) answers everything about objects.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kbgen.adapters.view import prepare_view
from kbgen.errors import (
    DistrustedRepositoryError,
    EmptyRepositoryError,
    IncompleteHistoryError,
    NotARepositoryError,
    RepositoryError,
    UnknownRevisionError,
)
from kbgen.history import LOG_FORMAT, decode_path, encode_path, parse_changes
from kbgen.model import Change, LineCount, TreeEntry

MAX_BLOB_BYTES = 16 * 1024 * 1024
"""Larger files are no source and no story; they are reported as skipped."""

_CHUNK_BYTES = 1 << 18
_WINDOW = 256
"""Object names sent to ``cat-file`` ahead of the answers: what a pipe holds even while git waits for us to read."""

_KEPT_VARIABLES = (
    "GIT_EXEC_PATH",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_COUNT",
)
_KEPT_PREFIXES = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
"""What the user tells git of this machine (``safe.directory`` among it). The rest, ``GIT_DIR`` of a hook that runs us
first of all, would lead to another repository or another answer."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How renames are found; a change of these makes another index."""

    rename_threshold: int = 50
    """Per cent of a file that must be the same."""
    rename_limit: int = 1000
    """With more files than this added and deleted at once, only exact renames are found."""


def open_repository(start: Path) -> Git:
    """The repository that holds `start` (a folder, or a file in it).

    Raises NotARepositoryError, and DistrustedRepositoryError with git's own advice when git refuses its owner.
    """
    folder = Path(os.path.realpath(start if start.is_dir() else start.parent))
    if not folder.is_dir():
        raise NotARepositoryError(f"{start} does not exist", "name a folder inside a git repository")
    questions = ("--is-inside-work-tree", "--is-shallow-repository", "--show-object-format")
    places = ("--show-cdup", "--absolute-git-dir", "--git-common-dir")
    result = _call([*_SAFE, "rev-parse", "--path-format=absolute", *questions, *places], _plain_environment(), folder)
    if result.returncode:
        raise _explain_refusal(start, result.stderr)
    inside, shallow, object_format, rest = os.fsdecode(result.stdout).split("\n", 3)
    top: Path | None = None
    if inside == "true":
        up, rest = rest.split("\n", 1)
        top = Path(os.path.normpath(folder / up))
    git_dir, common_dir = _split_folders(rest)
    return Git(folder, top, git_dir, common_dir, object_format, shallow == "true")


def run_git_command(arguments: Sequence[str], stdin: bytes | None = None) -> None:
    """Run git where no user's repository is concerned: ``init`` and ``fast-import`` of the sample."""
    environment = {**_plain_environment(), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    _check(_call([*_SAFE, *arguments], environment, None, stdin))


class Git:
    """One repository; close it, or use it in a ``with``, so that no child process stays behind."""

    def __init__(
        self, folder: Path, top: Path | None, git_dir: Path, common_dir: Path, object_format: str, shallow: bool
    ) -> None:
        self.top = top
        """The work tree's top; None in a bare repository."""
        self.git_dir = git_dir
        self.common_dir = common_dir
        """The git directory that all linked worktrees share."""
        self.object_format = object_format
        """``sha1`` or ``sha256``."""
        self._folder = folder
        self._shallow = shallow
        self._cache: Path | None = None
        self._view: Path | None = None
        self._trees: dict[str, Mapping[str, TreeEntry]] = {}
        self._resolved: set[str] = set()
        self._known_complete = False
        self._readers: list[_BlobReader] = []
        self._cleanup = contextlib.ExitStack()
        self._finalizer = weakref.finalize(self, _close_all, self._readers, self._cleanup)

    def __enter__(self) -> Git:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End child processes and remove a temporary cache; the object can still be used afterwards."""
        _close_all(self._readers, self._cleanup)
        self._cache = self._view = None

    # ------------------------------------------------------------------------------ the user's repository

    @property
    def cache_folder(self) -> Path:
        """Where kbgen keeps what it found out: ``kbgen/`` in the common git directory.

        Where that cannot be written, a folder of the user's cache, and where that cannot be either, a temporary one.
        """
        if self._cache is None:
            self._cache = self._find_cache_folder()
        return self._cache

    def _find_cache_folder(self) -> Path:
        own = self.common_dir / "kbgen"
        if own.is_symlink():
            raise RepositoryError(
                f"{own} is a symbolic link, and kbgen follows none out of the repository", f"remove it: rm {own}"
            )
        # Rare, and slow to import for a command that has nothing new to do.
        import hashlib

        key = hashlib.sha256(os.fsencode(self.common_dir)).hexdigest()[:16]
        caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        for folder in (own, Path(caches, "kbgen", key)):
            try:
                folder.mkdir(mode=0o700, parents=folder != own, exist_ok=True)
            except OSError:
                continue
            if os.access(folder, os.W_OK | os.X_OK):
                return folder
        import tempfile

        return Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="kbgen-")))

    def resolve(self, rev: str) -> str:
        """The full hash of the commit that `rev` means.

        Raises EmptyRepositoryError when HEAD has no commit yet, UnknownRevisionError for any other name that is none.
        """
        if rev in self._resolved:
            return rev
        result = self._ask("rev-parse", "--verify", "--end-of-options", f"{rev}^{{commit}}")
        if result.returncode == 0:
            sha = result.stdout.decode("ascii").strip()
            self._resolved.add(sha)
            return sha
        if rev in ("HEAD", "@"):
            raise self._explain_missing_head()
        raise UnknownRevisionError(f"no commit is named {rev!r} here", "git log --oneline --all lists the commits")

    def _explain_missing_head(self) -> RepositoryError:
        if not self._ask("rev-list", "-n", "1", "--all").stdout:
            return EmptyRepositoryError(
                f"{self.top or self.git_dir} has no commit yet", "make the first commit, then try again"
            )
        branch = self._ask("symbolic-ref", "--quiet", "--short", "HEAD").stdout.decode("utf-8", "replace").strip()
        return EmptyRepositoryError(
            f"HEAD is on the branch {branch or '(unknown)'}, which has no commit yet",
            "check out a branch that has commits, or name a revision with --rev",
        )

    def check_complete_history(self) -> None:
        """Raises IncompleteHistoryError for a shallow or partial clone, whose history would be short without a word."""
        if self._known_complete:
            return
        if self._shallow:
            raise IncompleteHistoryError(
                "this is a shallow clone: its history is cut off", "run: git fetch --unshallow"
            )
        self.check_complete_objects()
        self._known_complete = True

    def check_complete_objects(self) -> None:
        """Raises IncompleteHistoryError for a partial clone, whose files may be missing without a word."""
        pattern = r"^(extensions\.partialclone|remote\..*\.(promisor|partialclonefilter))$"
        if self._ask("config", "--get-regexp", pattern).stdout.strip():
            raise IncompleteHistoryError(
                "this is a partial clone: git fetches missing files over the network, and kbgen never does",
                "clone again without --filter",
            )

    def list_work_tree(self) -> tuple[tuple[str, str], ...]:
        """(path, hash of a submodule's commit or "") of tracked and untracked files that are not ignored, sorted."""
        if self.top is None:
            raise RepositoryError("a bare repository has no work tree", "leave out --worktree, or name a revision")
        tracked = self._ask("ls-files", "-z", "--stage", "--full-name", "--", ":/").stdout
        others = self._ask("ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--", ":/").stdout
        found = dict.fromkeys(map(decode_path, others.split(b"\0")[:-1]), "")
        for entry in tracked.split(b"\0")[:-1]:
            stage, _, path = entry.partition(b"\t")
            mode, blob, _ = stage.decode("ascii").split(" ")
            found[decode_path(path)] = blob if mode == "160000" else ""
        return tuple(sorted(found.items()))

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return _call([*_SAFE, *arguments], _plain_environment(), self._folder)

    # ---------------------------------------------------------------------------------- the private view

    @property
    def view(self) -> Path:
        """The private view's git directory, made or put right on first use; see the module's text."""
        if self._view is None:
            self._view = prepare_view(self.cache_folder / "view.git", self.common_dir / "objects", self.object_format)
        return self._view

    def get_view_environment(self) -> dict[str, str]:
        """The environment in which git, and nothing but the view's own configuration, answers about objects."""
        return {
            **_plain_environment(),
            "GIT_DIR": str(self.view),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": "0",
            "GIT_ATTR_NOSYSTEM": "1",
        }

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """True when the first commit is the second one or one of its ancestors. Both are full hashes."""
        result = self._look("merge-base", "--is-ancestor", ancestor, descendant)
        if result.returncode > 1:
            _check(result)
        return result.returncode == 0

    def find_merge_base(self, one: str, other: str) -> str | None:
        result = self._look("merge-base", one, other)
        if result.returncode > 1:
            _check(result)
        return result.stdout.decode("ascii").strip() or None

    def list_commits(self, tips: Iterable[str], exclude: Iterable[str] = ()) -> tuple[str, ...]:
        """Full hashes of what the tips reach and `exclude` does not, parents before children."""
        wanted = _write_revisions(tips, exclude)
        output = _check(self._look("rev-list", "--topo-order", "--reverse", "--stdin", stdin=wanted))
        return tuple(output.decode("ascii").split())

    def stream_log(
        self, tips: Iterable[str], exclude: Iterable[str] = (), options: LogOptions = LogOptions()
    ) -> Iterator[bytes]:
        """The log that `kbgen.history` parses, children before parents, in chunks.

        A commit to exclude that no longer exists is passed over, for history may have been rewritten and pruned.
        Raises IncompleteHistoryError when git finds objects missing.
        """
        arguments = [
            *("log", "-z", "--raw", *_rename_options(options), "--no-abbrev"),
            *("--topo-order", "--no-diff-merges", "--ignore-submodules=none", "--no-ext-diff"),
            *("--no-textconv", "--no-color", "--no-decorate", "--no-show-signature", "--no-notes", "--no-mailmap"),
            *("--encoding=UTF-8", "--date=raw", f"--format=tformat:{LOG_FORMAT}", "--ignore-missing", "--stdin"),
        ]
        import tempfile

        with tempfile.TemporaryFile() as errors:
            process = _start([*_SAFE, *arguments], self.get_view_environment(), self.view, errors)
            try:
                with process.stdin as stdin, contextlib.suppress(BrokenPipeError):
                    stdin.write(_write_revisions(tips, exclude))
                while chunk := process.stdout.read(_CHUNK_BYTES):
                    yield chunk
                process.wait()
            finally:
                process.end()
            if process.returncode:
                errors.seek(0)
                raise _explain_failure(errors.read())

    def list_tree(self, rev: str) -> Mapping[str, TreeEntry]:
        """Every file of a commit, given by its full hash, in git's order (bytes of the path); read once, then kept."""
        if rev not in self._trees:
            entries = {}
            for entry in _check(self._look("ls-tree", "-r", "-z", "--full-tree", rev)).split(b"\0")[:-1]:
                description, _, name = entry.partition(b"\t")
                mode, _, blob = description.decode("ascii").split(" ")
                path = decode_path(name)
                entries[path] = TreeEntry(path, blob, mode)
            self._trees[rev] = entries
        return self._trees[rev]

    def read_objects(self, names: Sequence[str], max_bytes: int = MAX_BLOB_BYTES) -> Iterator[tuple[str, bytes | int]]:
        """(name, content) of blobs, in order; the size in place of the content of one larger than `max_bytes`.

        A name is a hash or ``HASH:path`` with no newline. What does not exist, or is no blob, is left out.
        """
        reader = self._readers.pop() if self._readers else _BlobReader(self.get_view_environment(), self.view)
        try:
            for begin in range(0, len(names), _WINDOW):
                window = names[begin : begin + _WINDOW]
                reader.ask(window)
                for name in window:
                    content = reader.read_answer(max_bytes)
                    if content is not None:
                        yield name, content
        except BaseException:
            # Answers are still under way; the next one to ask must not get them.
            reader.process.end()
            raise
        self._readers.append(reader)

    def leave_parent(self) -> None:
        """In a forked process: do not talk to the children that the other one goes on talking to."""
        self._finalizer.detach()
        self._inherited, self._readers = self._readers, []

    def count_lines(self, shas: Sequence[str], options: LogOptions = LogOptions()) -> dict[str, tuple[LineCount, ...]]:
        """Lines added and deleted by each commit against its first parent, sorted by path."""
        arguments = ("-z", "--numstat", "--diff-merges=first-parent")
        output = _check(self._look(*_diff_tree(options), *arguments, stdin=_write_revisions(shas, ())))
        counts: dict[str, list[LineCount]] = {sha: [] for sha in shas}
        current: list[LineCount] = []
        tokens = iter(output.split(b"\0")[:-1])
        for token in tokens:
            numbers = token.split(b"\t", 2)
            if len(numbers) < 3:
                current = counts[token.decode("ascii").strip()]
                continue
            added, deleted, path = numbers
            if not path:
                next(tokens)
                path = next(tokens)
            lines = [None if number == b"-" else int(number) for number in (added, deleted)]
            current.append(LineCount(decode_path(path), *lines))
        return {sha: tuple(sorted(found, key=lambda count: count.path)) for sha, found in counts.items()}

    def compute_patch_ids(self, shas: Sequence[str], options: LogOptions = LogOptions()) -> dict[str, str]:
        """What ``git show SHA | git patch-id --stable`` gives, first 12 hex; "" for merges and empty commits."""
        ids = dict.fromkeys(shas, "")
        arguments = ("--patch", "--no-ext-diff", "--no-textconv")
        environment = self.get_view_environment()
        import tempfile

        # Piped from one into the other, since patches may be far larger than memory.
        with tempfile.TemporaryFile() as wanted, tempfile.TemporaryFile() as errors:
            wanted.write(_write_revisions(shas, ()))
            wanted.seek(0)
            process = _start([*_SAFE, *_diff_tree(options), *arguments], environment, self.view, errors, wanted)
            try:
                result = subprocess.run(
                    ["git", *_SAFE, "patch-id", "--stable"],
                    cwd=self.view,
                    env=environment,
                    stdin=process.stdout,
                    capture_output=True,
                    check=False,
                )
                process.wait()
            finally:
                process.end()
            if process.returncode:
                errors.seek(0)
                raise _explain_failure(errors.read())
        for line in _check(result).decode("ascii").splitlines():
            patch_id, sha = line.split()
            ids[sha] = patch_id[:12]
        return ids

    def find_merge_only_changes(self, merge: str, options: LogOptions = LogOptions()) -> tuple[Change, ...]:
        """What a merge changed beyond git's own merging of its parents: conflicts resolved, edits slipped in.

        For an octopus, which git does not merge again, the files that differ from every parent.
        """
        common = ("-z", "--raw", "--no-abbrev", "--no-ext-diff", "--no-textconv")
        parents = _check(self._look("rev-list", "--parents", "-n", "1", "--end-of-options", merge)).split()[1:]
        if len(parents) != 2:
            output = _check(self._look("diff-tree", "-r", "-c", "--no-commit-id", *common, merge))
            return tuple(_parse_combined(output, len(parents)))
        renames = _rename_options(options)
        output = _check(self._look("show", "--remerge-diff", "--format=", *renames, *common, "--end-of-options", merge))
        return tuple(parse_changes(output.split(b"\0")[:-1]))

    def grep_identifiers(self, rev: str, words: Sequence[str], suffixes: Sequence[str]) -> dict[str, set[str]] | None:
        """word -> paths that hold it as a whole word; None when this git has no Perl-compatible expressions.

        `words` are of letters, digits and underscores. One expression of all words takes one pass over the files, where
        git's own ``-w -F`` takes one a word. Only files that end in a suffix are searched, binary files never.
        """
        found: dict[str, set[str]] = {word: set() for word in words}
        pathspecs = [":(top,glob)**/*" + _GLOB.sub(r"\\\g<0>", suffix) for suffix in suffixes]
        for batch in _batch_words(words) if pathspecs else ():
            pattern = rf"(?<![0-9A-Za-z_])(?:{'|'.join(batch)})(?![0-9A-Za-z_])"
            options = ("-z", "-o", "-I", "-P", "--full-name", "--no-color", "--no-line-number", "--no-column")
            result = self._look("grep", *options, "-f", "-", rev, "--", *pathspecs, stdin=pattern.encode("ascii"))
            if b"Perl-compatible" in result.stderr:
                return None
            if result.returncode > 1:
                _check(result)
            for path, word in _parse_matches(result.stdout, len(rev) + 1):
                found[word].add(path)
        return found

    def _look(self, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        return _call([*_SAFE, *arguments], self.get_view_environment(), self.view, stdin)


# ---------------------------------------------------------------------------------- words in files

_GLOB = re.compile(r"[*?\[\]\\]")
_MAX_PATTERN = 20_000
"""Characters of one regular expression; PCRE refuses much longer ones."""


def _batch_words(words: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for word in words:
        if batch and size + len(word) >= _MAX_PATTERN:
            yield batch
            batch, size = [], 0
        batch.append(word)
        size += len(word) + 1
    if batch:
        yield batch


def _parse_matches(output: bytes, skip: int) -> Iterator[tuple[str, str]]:
    """(path, word) out of ``REV:path NUL word LF``; a path may hold a newline, an identifier cannot."""
    at = 0
    while (end := output.find(b"\0", at)) >= 0:
        path = decode_path(output[at + skip : end])
        at = output.index(b"\n", end) + 1
        yield path, output[end + 1 : at - 1].decode("ascii")


# --------------------------------------------------------------------------------------- processes

_SAFE = (
    *("--no-pager", "--no-replace-objects", "--no-optional-locks"),
    *("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "-c", "core.hooksPath=/dev/null"),
    *("-c", "protocol.allow=never"),
)


def _plain_environment() -> dict[str, str]:
    """The caller's environment with one language and time zone, and without what would lead git elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or _is_kept(name)}
    return {
        **kept,
        "LC_ALL": "C.UTF-8",
        "LANGUAGE": "",
        "TZ": "UTC",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
    }


def _is_kept(name: str) -> bool:
    return name in _KEPT_VARIABLES or name.startswith(_KEPT_PREFIXES)


def _call(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=environment,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise _explain_no_git() from error


def _explain_no_git() -> RepositoryError:
    return RepositoryError("the program git is not installed, or not on the PATH", "install git 2.36 or newer")


def _check(result: subprocess.CompletedProcess[bytes]) -> bytes:
    if result.returncode:
        raise _explain_failure(result.stderr)
    return result.stdout


_MISSING_OBJECT = re.compile(rb"bad object|unable to read|[Cc]ould not read|missing|unable to find|is corrupt|bad tree")


def _explain_failure(stderr: bytes) -> RepositoryError:
    text = stderr.decode("utf-8", "replace").strip()
    first = text.split("\n", 1)[0] or "git failed without a word"
    if _MISSING_OBJECT.search(stderr):
        return IncompleteHistoryError(f"objects of this repository cannot be read: {first}", "run: git fsck")
    return RepositoryError(first, "kbgen needs git 2.36 or newer: git --version" if "unrecognized" in first else "")


def _explain_refusal(start: Path, stderr: bytes) -> RepositoryError:
    text = stderr.decode("utf-8", "replace").strip()
    first, _, advice = text.partition("\n")
    if "dubious ownership" in text or "safe.directory" in text or "safe.bareRepository" in text:
        return DistrustedRepositoryError(first.removeprefix("fatal: "), " ".join(advice.split()))
    if "not a git repository" in text:
        return NotARepositoryError(
            f"{start} is not inside a git repository", "run kbgen in one, or name it with -C DIR"
        )
    return RepositoryError(first)


def _split_folders(text: str) -> tuple[Path, Path]:
    """Two folders printed one a line; a name may hold a newline, so the cut is where both are folders."""
    lines = text.removesuffix("\n").split("\n")
    for cut in range(1, len(lines)):
        one, other = Path("\n".join(lines[:cut])), Path("\n".join(lines[cut:]))
        if one.is_dir() and other.is_dir():
            return one, other
    raise RepositoryError("git names no git directory")


def _rename_options(options: LogOptions) -> tuple[str, str]:
    return f"-M{options.rename_threshold}%", f"-l{options.rename_limit}"


def _diff_tree(options: LogOptions) -> tuple[str, ...]:
    return ("diff-tree", "--stdin", "--root", "-r", *_rename_options(options))


def _write_revisions(tips: Iterable[str], exclude: Iterable[str]) -> bytes:
    return "".join([*(f"{sha}\n" for sha in tips), *(f"^{sha}\n" for sha in exclude)]).encode("ascii")


def _parse_combined(output: bytes, parents: int) -> Iterator[Change]:
    """Raw format of a merge, ``::mode… blob… letters`` and one path; the blobs of all but the last are the parents'."""
    fields = output.split(b"\0")[:-1]
    for description, path in zip(fields[::2], fields[1::2], strict=True):
        words = description.decode("ascii").lstrip("\n:").split(" ")
        old, new = words[parents + 1], words[2 * parents + 1]
        yield Change("D" if not new.strip("0") else "A" if not old.strip("0") else "M", decode_path(path), "", old, new)


def _close_all(readers: list[_BlobReader], cleanup: contextlib.ExitStack) -> None:
    while readers:
        readers.pop().process.end()
    cleanup.close()


class _Process:
    """A child with pipes that is surely gone after `end`."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        assert popen.stdout is not None
        # None where the child reads a file of its own; nobody writes to that one.
        self.stdin: IO[bytes] = popen.stdin if popen.stdin is not None else io.BytesIO()
        self.stdout: IO[bytes] = popen.stdout

    @property
    def returncode(self) -> int:
        return self._popen.returncode

    def wait(self) -> None:
        self._popen.wait()

    def end(self) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
        with contextlib.suppress(BrokenPipeError):
            self.stdin.close()
        self.stdout.close()
        self._popen.wait()


def _start(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    errors: IO[bytes] | int,
    stdin: IO[bytes] | int = subprocess.PIPE,
) -> _Process:
    try:
        return _Process(
            subprocess.Popen(
                ["git", *arguments], cwd=folder, env=environment, stdin=stdin, stdout=subprocess.PIPE, stderr=errors
            )
        )
    except FileNotFoundError as error:
        raise _explain_no_git() from error


class _BlobReader:
    """A long-lived ``git cat-file --batch`` (https://git-scm.com/docs/git-cat-file#_batch_output)."""

    def __init__(self, environment: Mapping[str, str], view: Path) -> None:
        self.process = _start([*_SAFE, "cat-file", "--batch"], environment, view, subprocess.DEVNULL)

    def ask(self, names: Sequence[str]) -> None:
        self.process.stdin.write(b"".join(encode_path(name) + b"\n" for name in names))
        self.process.stdin.flush()

    def read_answer(self, max_bytes: int) -> bytes | int | None:
        """The next answer: content, size when larger than `max_bytes`, None when missing or no blob."""
        header = self.process.stdout.readline()
        if not header:
            raise RepositoryError("git cat-file ended before it answered")
        words = header.rsplit(b" ", 2)
        if len(words) < 3 or not words[2].strip().isdigit():
            return None
        size = int(words[2])
        if size > max_bytes or words[1] != b"blob":
            left = size + 1
            while left:
                left -= len(self.process.stdout.read(min(left, _CHUNK_BYTES)))
            return size if words[1] == b"blob" else None
        content = self.process.stdout.read(size)
        self.process.stdout.read(1)
        return content
