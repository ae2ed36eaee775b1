"""Tiny repositories for tests, built in code, that read like a story and have the same hashes everywhere.

    repo = GitRepo(tmp_path)
    repo.commit("feat: DM-01.1 the gate", {"gate.py": "class Gate: ..."})
    repo.branch("story/dm-01-2")
    repo.commit("feat(dm-01-2): the key", {"key.py": "KEY = 1"})
    repo.checkout("main")
    repo.merge("story/dm-01-2", "Merge pull request #7 from me/story/dm-01-2")

Author, committer, both dates and git's configuration are pinned; each commit is one minute later than the one before.
Nothing of the caller's environment or configuration reaches git.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

FIRST_COMMIT_S = 1_700_000_000
Content = str | bytes | None
"""None deletes the file."""


def make_environment(**extra: str) -> dict[str, str]:
    """An environment for git that holds nothing of this machine but the PATH."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.devnull,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **extra,
    }


class GitRepo:
    """A repository in `folder` with the branch ``main``, which has no commit yet."""

    def __init__(self, folder: Path, *, object_format: str = "sha1", bare: bool = False, make: bool = True) -> None:
        self.folder = folder
        self.author = ("Ada Author", "ada@example.com")
        self.zone = "+0000"
        self.now_s = FIRST_COMMIT_S
        if make:
            folder.mkdir(parents=True, exist_ok=True)
            kind = ("--bare",) if bare else ()
            self.git("init", "-q", "--template=", "--initial-branch=main", f"--object-format={object_format}", *kind)

    def git(self, *arguments: str, stdin: bytes | None = None, check: bool = True, **environment: str) -> str:
        """Run git here; returns what it prints, without the last newline."""
        return (
            self.git_bytes(*arguments, stdin=stdin, check=check, **environment).decode("utf-8", "replace").rstrip("\n")
        )

    def git_bytes(self, *arguments: str, stdin: bytes | None = None, check: bool = True, **environment: str) -> bytes:
        result = subprocess.run(
            ["git", *_PINNED, *arguments],
            cwd=self.folder,
            env=make_environment(**{**self._identity(None, self.now_s, self.now_s), **environment}),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            check=False,
        )
        if check and result.returncode:
            raise AssertionError(f"git {' '.join(arguments)}: {result.stderr.decode('utf-8', 'replace')}")
        return result.stdout

    # ------------------------------------------------------------------------------------ the story

    def commit(
        self,
        message: str | bytes,
        files: Mapping[str, Content] | None = None,
        *,
        author: tuple[str, str] | None = None,
        at_s: int | None = None,
        committed_s: int | None = None,
    ) -> str:
        """Write the files, commit everything, return the full hash. With no files the commit is empty."""
        self.write(files or {})
        return self._commit(message, ("--allow-empty",), author, at_s, committed_s)

    def write(self, files: Mapping[str, Content]) -> None:
        """Change the work tree and stage it all."""
        for path, content in files.items():
            place = os.path.join(os.fsencode(self.folder), os.fsencode(path))
            if content is None:
                os.unlink(place)
                continue
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all")

    def rename(self, old: str, new: str, message: str, content: Content = None) -> str:
        """Move a file, and change it in the same commit when `content` is given."""
        place = self.folder / new
        place.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / old).rename(place)
        if content is not None:
            place.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.commit(message)

    def branch(self, name: str, start: str = "HEAD") -> None:
        """Make a branch and go there."""
        self.git("checkout", "-q", "-b", name, start)

    def checkout(self, name: str) -> None:
        self.git("checkout", "-q", name)

    def merge(self, *branches: str, message: str | None = None, files: Mapping[str, Content] | None = None) -> str:
        """Merge with a merge commit; `files` change in the merge itself: a conflict resolved, an edit slipped in."""
        said = message or f"Merge branch '{branches[0]}'"
        self.git("merge", "-q", "--no-ff", "--no-commit", "-s", _strategy(branches), *branches, check=files is None)
        self.write(files or {})
        return self._commit(said, (), None, None, None)

    def squash(self, branch: str, message: str) -> str:
        """All of a branch as one ordinary commit."""
        self.git("merge", "-q", "--squash", branch)
        return self._commit(message, (), None, None, None)

    def revert(self, sha: str) -> str:
        """Git's own revert, with git's own message."""
        self._tick(None, None)
        self.git("revert", "--no-edit", sha)
        return self.head()

    def cherry_pick(self, sha: str) -> str:
        """With the line ``(cherry picked from commit …)``."""
        self._tick(None, None)
        self.git("cherry-pick", "-x", sha)
        return self.head()

    def head(self, rev: str = "HEAD") -> str:
        return self.git("rev-parse", "--verify", rev)

    def copy(self, folder: Path, *options: str) -> GitRepo:
        """A clone, by default complete; ``--bare``, ``--depth=1`` or ``--filter=blob:none`` make another kind."""
        self.git("clone", "-q", "--template=", *options, self.folder.as_uri(), str(folder))
        return GitRepo(folder, make=False)

    # ------------------------------------------------------------------------------------- helpers

    def _commit(
        self,
        message: str | bytes,
        options: Sequence[str],
        author: tuple[str, str] | None,
        at_s: int | None,
        committed_s: int | None,
    ) -> str:
        authored_s, committed_s = self._tick(at_s, committed_s)
        said = message.encode("utf-8", "surrogateescape") if isinstance(message, str) else message
        identity = self._identity(author, authored_s, committed_s)
        arguments = ("commit", "-q", "--no-verify", "--cleanup=verbatim", "--allow-empty-message", "-F", "-")
        self.git(*arguments, *options, stdin=said, check=True, **identity)
        return self.head()

    def _tick(self, at_s: int | None, committed_s: int | None) -> tuple[int, int]:
        self.now_s += 60
        authored_s = self.now_s if at_s is None else at_s
        return authored_s, authored_s if committed_s is None else committed_s

    def _identity(self, author: tuple[str, str] | None, authored_s: int, committed_s: int) -> dict[str, str]:
        name, email = author or self.author
        return {
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": email,
            "GIT_AUTHOR_DATE": f"@{authored_s} {self.zone}",
            "GIT_COMMITTER_NAME": "Carl Committer",
            "GIT_COMMITTER_EMAIL": "carl@example.com",
            "GIT_COMMITTER_DATE": f"@{committed_s} +0000",
        }


_PINNED = (
    *("-c", "commit.gpgSign=false", "-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null"),
    *("-c", "protocol.file.allow=always", "-c", "gc.auto=0", "-c", "maintenance.auto=false"),
    *("-c", "advice.detachedHead=false", "-c", "core.commitGraph=false"),
)


def _strategy(branches: Sequence[str]) -> str:
    return "ort" if len(branches) == 1 else "octopus"
