"""Which methods did a commit touch? PyDriller's reading, through the private view, since it writes to what it opens."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from kbgen.adapters.git import Git
from kbgen.model import MethodTouch


def read_methods(git: Git, sha: str) -> tuple[MethodTouch, ...]:
    """Methods that one commit added, changed or deleted, sorted by path and name; none for a merge.

    GitPython, on which PyDriller stands, reads SHA-1 repositories only: another format gives an empty answer.
    """
    if git.object_format != "sha1":
        return ()
    with _use_environment(git.get_view_environment()):
        from pydriller import Git as PyDrillerGit

        repository = PyDrillerGit(str(git.view))
        try:
            commit = repository.get_commit(sha)
            if commit.merge:
                return ()
            touched = {
                MethodTouch(file.new_path or file.old_path, method.long_name, method.complexity, method.nloc)
                for file in commit.modified_files
                for method in file.changed_methods
            }
        finally:
            repository.clear()
    return tuple(sorted(touched, key=lambda touch: (touch.path, touch.name, touch.complexity, touch.lines)))


@contextlib.contextmanager
def _use_environment(environment: dict[str, str]) -> Iterator[None]:
    """GitPython's children inherit ours, where a ``GIT_DIR`` of a hook or the user's configuration would reach them."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
