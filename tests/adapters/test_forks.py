"""After a fork two processes ask git and SQLite, and each gets its own answers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from kbgen.adapters.workers import ProcessWorkers
from kbgen.wiring import open_build
from tests.commands import make_project

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking is safe on Linux only")


def test_git_history_and_results_are_asked_by_all_at_once(tmp_path: Path) -> None:
    repo = make_project(tmp_path / "doors")
    with open_build(repo.folder, quiet=True) as run:
        project = run._run.project
        entries = sorted(project.tree.list_entries().values(), key=lambda entry: entry.path)
        run._store.save_results("key", [("name", "kept")])
        # Both have a `git cat-file` that answers already.
        expected = {e.path: dict(project.tree.read_blobs([e.blob]))[e.blob] for e in entries}
        history = {e.path: [c.sha for c in project.history.find_touching([e.path])] for e in entries}

        def ask(at: int) -> tuple[int, list[bytes], list[str], str | None]:
            found = [content for _ in range(20) for _, content in project.tree.read_blobs([entries[at].blob])]
            shas = [c.sha for c in project.history.find_touching([entries[at].path])]
            return os.getpid(), found, shas, run._store.load_result("key", "name")

        workers = ProcessWorkers(processes=2, begin=run._leave_parent)
        for at, answer, why in workers.run_shared(ask, range(len(entries)), len(entries)):
            assert answer is not None, why
            pid, found, shas, kept = answer
            path = entries[at].path
            assert pid != os.getpid()
            assert found == [expected[path]] * 20
            assert (shas, kept) == (history[path], "kept")
        assert dict(project.tree.read_blobs([entries[0].blob]))[entries[0].blob] == expected[entries[0].path]
        assert [c.sha for c in project.history.find_touching([entries[0].path])] == history[entries[0].path]
