"""The files that kbgen may write: where they may be, how they are replaced whole, and what a dry run shows.

Every path is relative to one root. The tree below the root is untrusted: its symlinks may point anywhere,
a folder may stand where a file should be. A write goes to a temporary file beside the target and
replaces it in one step, so that a kill or a full disk leaves the old bytes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
import unicodedata
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from kbgen.errors import OutputError

MAX_FILE_BYTES = 100 * 1024 * 1024

_TEMP_PREFIX, _TEMP_SUFFIX = ".kbgen-", ".tmp"


class SafeOutputs:
    """Files below one root, usually the top of the repository's work tree."""

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.realpath(root))
        self._cleaned: set[Path] = set()

    def read(self, path: str) -> bytes | None:
        """The file's bytes, None when there is no such file. At most 100 MB; the same checks as for writing."""
        target = self._find_target(path)
        if target is None:
            return None
        try:
            # O_NONBLOCK: a pipe put there between check and open must not hang the run.
            with open(os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _describe(error, path, "read") from error
        if len(content) > MAX_FILE_BYTES:
            raise OutputError(f"{path}: more than {MAX_FILE_BYTES // 1024 // 1024} MB", "kbgen merges into documents")
        return content

    def write(self, path: str, content: bytes) -> bool:
        """True when the file was created or replaced, False when it held these bytes already.

        Keeps the file's mode (and owner, where permitted). Missing folders are made.
        Raises OutputError; the old bytes are intact then.
        """
        if self.read(path) == content:
            return False
        self.require_writable(path)
        parts = _split_path(path)
        made: list[Path] = []
        try:
            folder = self._make_folder(path, parts[:-1], made)
            self._remove_leftovers(folder)
            _replace_file(folder / parts[-1], content)
        except OSError as error:
            for created in reversed(made):
                with contextlib.suppress(OSError):
                    created.rmdir()
            raise _describe(error, path, "write") from error
        return True

    def require_writable(self, path: str) -> None:
        """Raises OutputError when `write` would refuse the path; touches nothing.

        Permission bits count for root too: a file that nobody may write is meant to stay.
        """
        target = self._find_target(path)
        if target is not None:
            _require_writable_bits(target, path, "file")
        folder = target.parent if target is not None else self._find_folder(path, _split_path(path)[:-1])
        while not folder.exists():
            folder = folder.parent
        _require_writable_bits(folder, path, "folder")

    def _find_target(self, path: str) -> Path | None:
        """Where the file really is; None when it does not exist. Raises OutputError for what is no plain file."""
        *folders, name = _split_path(path)
        folder = self._find_folder(path, folders)
        target = folder / name
        try:
            mode = os.lstat(target).st_mode
        except (FileNotFoundError, NotADirectoryError):
            self._require_no_twin(path, folder, name)
            return None
        except OSError as error:
            raise _describe(error, path, "read") from error
        if stat.S_ISLNK(mode):
            raise OutputError(
                f"{path}: is a symbolic link to {os.readlink(target)}",
                "kbgen writes through no link; name the file itself, or replace the link by a file",
            )
        if stat.S_ISDIR(mode):
            raise OutputError(f"{path}: is a folder, a file is to be written here", "move the folder, or the output")
        if not stat.S_ISREG(mode):
            raise OutputError(f"{path}: is no regular file", "remove it, or change where the output goes")
        self._require_no_twin(path, folder, name)
        return target

    def _find_folder(self, path: str, parts: list[str]) -> Path:
        """The real folder, links inside the tree followed; the part that does not exist yet is taken as named."""
        folder = self._root
        for part in parts:
            step = folder / part
            try:
                mode = os.lstat(step).st_mode
            except (FileNotFoundError, NotADirectoryError):
                self._require_no_twin(path, folder, part)
                folder = step
                continue
            except OSError as error:
                raise _describe(error, path, "read") from error
            self._require_no_twin(path, folder, part)
            if stat.S_ISLNK(mode):
                step = Path(os.path.realpath(step))
                inside = step.is_relative_to(self._root)
                if not inside or any(_is_git_folder(name) for name in step.relative_to(self._root).parts):
                    raise OutputError(
                        f"{path}: the symbolic link {part} leads out of {self._root}",
                        "kbgen writes inside the repository and --output only; replace the link by a folder",
                    )
            if not step.is_dir():
                raise OutputError(f"{path}: {part} is no folder", "move the file that is in the way")
            folder = step
        return folder

    def _require_no_twin(self, path: str, folder: Path, name: str) -> None:
        """A name that differs from another in case or composition only is one file on other machines."""
        try:
            names = os.listdir(folder)
        except OSError:
            return
        if name in names:
            return
        twin = next((other for other in sorted(names) if _fold_name(other) == _fold_name(name)), None)
        if twin is not None:
            raise OutputError(
                f"{path}: {twin} is there already and differs only in case",
                f"use the name {twin}, or rename it: on many machines the two are one file",
            )

    def _make_folder(self, path: str, parts: list[str], made: list[Path]) -> Path:
        folder = self._find_folder(path, parts)
        missing: list[Path] = []
        step = folder
        while not step.exists():
            missing.append(step)
            step = step.parent
        for step in reversed(missing):
            step.mkdir()
            made.append(step)
        return folder

    def _remove_leftovers(self, folder: Path) -> None:
        """Temporary files of runs that were killed. A run that lives holds a lock on its own."""
        if folder in self._cleaned:
            return
        self._cleaned.add(folder)
        for entry in sorted(os.listdir(folder)):
            if not (entry.startswith(_TEMP_PREFIX) and entry.endswith(_TEMP_SUFFIX)):
                continue
            with contextlib.suppress(OSError):
                descriptor = os.open(folder / entry, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    if stat.S_ISREG(os.fstat(descriptor).st_mode):
                        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        os.unlink(folder / entry)
                finally:
                    os.close(descriptor)


class FolderOutputs:
    """Files below a folder that the user named (``--output DIR``), at the same relative paths.

    A file that kbgen merges into starts from the repository's text (`start`), so that what the folder holds is
    what the repository would get. The folder's own copy counts for two things: the same bytes
    are not written again, and a managed block that was edited in it is not overwritten silently.
    """

    def __init__(self, folder: Path, start: Callable[[str], bytes | None], *, force: bool = False) -> None:
        if any(_is_git_folder(part) for part in Path(os.path.realpath(folder)).parts):
            raise OutputError(f"{folder}: is inside a git directory", "name a folder outside of .git")
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder}: is no folder", "--output wants a folder")
        self._files = SafeOutputs(folder)
        self._folder = folder
        self._start = start
        self._force = force
        self._begun: set[str] = set()
        """Files that this run has written: a second block goes into what the first one made."""

    def read(self, path: str) -> bytes | None:
        content = self._start(path) if path not in self._begun else None
        return content if content is not None else self._files.read(path)

    def write(self, path: str, content: bytes) -> bool:
        existing = self._files.read(path)
        if existing is not None and existing != content and not self._force:
            # Imported where something is written: most runs only read.
            from kbgen import splice

            style: splice.Style = "html" if path.endswith((".md", ".markdown", ".mdx")) else "hash"
            shown = str(self._folder / path)
            for block in splice.find_blocks(existing, style, path=shown):
                if block.edited:
                    raise splice.edited_error(block, shown)
        changed = self._files.write(path, content)
        self._begun.add(path)
        return changed

    def require_writable(self, path: str) -> None:
        self._files.require_writable(path)


class PreviewOutputs:
    """A dry run: takes every write, keeps it in memory, and shows what would change.

    Refuses what the real outputs would refuse, so that a dry run that passes means something.
    """

    def __init__(self, outputs: SafeOutputs | FolderOutputs) -> None:
        self._outputs = outputs
        self._written: dict[str, tuple[bytes | None, bytes]] = {}

    def read(self, path: str) -> bytes | None:
        return self._written[path][1] if path in self._written else self._outputs.read(path)

    def write(self, path: str, content: bytes) -> bool:
        current = self.read(path)
        if current == content:
            return False
        self._outputs.require_writable(path)
        before = self._written[path][0] if path in self._written else current
        self._written[path] = (before, content)
        return True

    def list_diffs(self) -> tuple[tuple[str, str], ...]:
        """(path, unified diff) of every file that would change, by path."""
        from kbgen.diffs import compute_diff

        return tuple(
            (path, compute_diff(path, before, after))
            for path, (before, after) in sorted(self._written.items())
            if before != after
        )


def _split_path(path: str) -> list[str]:
    """The parts of a relative path that stays below its root. Raises OutputError for any other."""
    shown = repr(path)[1:-1]
    parts = path.split("/")
    if not path or "\0" in path or path.startswith("/") or PurePosixPath(path).is_absolute():
        raise OutputError(f"{shown or '(empty)'}: is no path relative to the repository", "outputs are relative paths")
    if any(part in ("", ".", "..") for part in parts):
        raise OutputError(f"{shown}: leads out of the folder it starts from", "take `.`, `..` and `//` out of the path")
    if any(_is_git_folder(part) for part in parts):
        raise OutputError(f"{shown}: is inside a git directory", "kbgen writes documents beside .git, never in it")
    return parts


def _is_git_folder(name: str) -> bool:
    """Every spelling that some file system takes for ``.git`` (the list that git itself refuses)."""
    plain = "".join(char for char in name if unicodedata.category(char) != "Cf").rstrip(" .").split(":")[0].casefold()
    return plain in (".git", "git~1")


def _fold_name(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _require_writable_bits(target: Path, path: str, what: str) -> None:
    try:
        mode = os.stat(target).st_mode
    except OSError as error:
        raise _describe(error, path, "write") from error
    if not mode & 0o222 or not os.access(target, os.W_OK):
        shown = path if what == "file" else f"{path}: its folder"
        raise OutputError(f"{shown}: is read-only", f"make the {what} writable (chmod u+w), or write with --output DIR")


def _replace_file(target: Path, content: bytes) -> None:
    """All or nothing: the bytes are on the disk before the name points at them."""
    try:
        existing = os.stat(target, follow_symlinks=False)
    except FileNotFoundError:
        existing = None
    temporary = target.with_name(f"{_TEMP_PREFIX}{secrets.token_hex(8)}{_TEMP_SUFFIX}")
    # Mode 0666 less the umask, as for any new file.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if existing is not None:
                with contextlib.suppress(PermissionError):
                    os.fchown(descriptor, existing.st_uid, existing.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(existing.st_mode))
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
            os.replace(temporary, target)
        finally:
            os.close(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Makes the new name itself durable; some file systems cannot, and then the file is still whole."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


_HINTS = {
    errno.ENOSPC: "free some space; the file is as it was",
    errno.EDQUOT: "free some space; the file is as it was",
    errno.EFBIG: "the limit on file size is reached; the file is as it was",
    errno.EROFS: "the file system is read-only; write with --output DIR",
    errno.EACCES: "check the permissions of the file and its folder",
    errno.EPERM: "check the permissions of the file and its folder",
    errno.ENAMETOOLONG: "shorten the output's path",
}


def _describe(error: OSError, path: str, action: str) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(f"{path!r}: cannot {action}: {reason}", _HINTS.get(error.errno or 0, ""))
