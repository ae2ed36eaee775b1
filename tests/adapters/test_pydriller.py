"""PyDriller's reading, which must not leave a trace in the user's repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kbgen.adapters.git import open_repository
from kbgen.adapters.pydriller import read_methods
from kbgen.adapters.sqlite import open_history
from kbgen.model import MethodTouch
from tests.adapters.test_git import hash_files
from tests.gitrepo import GitRepo

BEFORE = """\
def kept(x):
    return x


def changed(x):
    return x


def gone():
    return 1
"""
AFTER = """\
def kept(x):
    return x


def changed(x):
    if x and x > 1:
        return x
    return 0


class Gate:
    def added(self):
        return 2
"""


def test_methods_added_changed_and_deleted_are_read(repo: GitRepo) -> None:
    repo.commit("one", {"a.py": BEFORE, "notes.md": "x"})
    sha = repo.commit("two", {"a.py": AFTER, "notes.md": "y"})
    with open_repository(repo.folder) as git, open_history(git) as history:
        found = history.find_methods(sha)
        assert [(m.path, m.name.split("(")[0].strip(), m.complexity, m.lines) for m in found] == [
            ("a.py", "added", 1, 2),
            ("a.py", "changed", 3, 4),
            ("a.py", "gone", 1, 2),
        ]
        assert isinstance(found[0], MethodTouch)


def test_the_first_commit_an_empty_one_and_a_merge_are_no_trouble(repo: GitRepo) -> None:
    first = repo.commit("one", {"a.py": BEFORE})
    repo.branch("side")
    repo.commit("side", {"b.py": BEFORE})
    repo.checkout("main")
    empty = repo.commit("empty")
    merge = repo.merge("side")
    with open_repository(repo.folder) as git:
        assert len(read_methods(git, first)) == 3
        assert read_methods(git, empty) == ()
        assert read_methods(git, merge) == ()


def test_neither_the_repository_nor_the_environment_changes(
    repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = repo.commit("one", {"a.py": BEFORE})
    before = hash_files(repo.folder)
    config = (repo.folder / ".git/config").read_bytes()
    # As inside a hook of another repository.
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    environment = dict(os.environ)
    with open_repository(repo.folder) as git:
        assert len(read_methods(git, sha)) == 3
    assert hash_files(repo.folder) == before
    assert (repo.folder / ".git/config").read_bytes() == config
    assert dict(os.environ) == environment


def test_another_object_format_gives_no_methods(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "repo", object_format="sha256")
    sha = repo.commit("one", {"a.py": BEFORE})
    with open_repository(repo.folder) as git:
        assert read_methods(git, sha) == ()
