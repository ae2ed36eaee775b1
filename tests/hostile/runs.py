"""Whole runs of the command in a process of its own, each with an end: what hangs fails its test and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.commands import Result
from tests.gitrepo import Content, GitRepo

LIMIT_S = 120.0
"""Generous: such a run takes about a second on an idle machine."""

HEALTHY: dict[str, Content] = {
    "healthy/main.py": (
        "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/health')\ndef health() -> dict[str, str]:\n"
        "    return {'state': 'up'}\n"
    ),
    "healthy/door.ts": "export function door() {\n  return fetch('http://localhost:8000/health')\n}\n",
}
"""Stands beside whatever is wrong, and must be read all the same."""


def run_within(limit_s: float, *arguments: str, at: Path) -> Result:
    """Fails when the command takes longer, or ends as a bug of ours does."""
    done = subprocess.run(
        [sys.executable, "-m", "kbgen", *arguments],
        cwd=at,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=limit_s,
        check=False,
    )
    out, err = (text.decode("utf-8", "backslashreplace") for text in (done.stdout, done.stderr))
    assert done.returncode in (0, 1, 2), (arguments, done.returncode, err[-2_000:])
    assert "Traceback" not in out + err
    return Result(done.returncode, out, err)


@dataclass(frozen=True)
class Reading:
    """What `kbgen facts` says of a repository."""

    folder: Path
    facts: tuple[Mapping[str, Any], ...]
    notes: Mapping[str, str]
    """Path to what was not read of it."""

    def names(self, kind: str, *folders: str) -> list[str]:
        """The names of facts of one kind, in files or folders when they are given."""
        return [f["name"] for f in self.facts if f["kind"] == kind and (not folders or f["path"].startswith(folders))]

    def paths(self) -> set[str]:
        return {fact["path"] for fact in self.facts}


def read_facts(folder: Path, *options: str, limit_s: float = LIMIT_S) -> Reading:
    """Run, and check what must hold of every run: exit code 0, and the healthy files whole."""
    whole = run_within(limit_s, "facts", "--format", "json", *options, at=folder)
    skipped = run_within(limit_s, "facts", "--skipped", "--format", "json", *options, at=folder)
    assert (whole.code, skipped.code) == (0, 0), whole.err + skipped.err
    notes: dict[str, str] = {}
    for note in skipped.json:
        notes[note["path"]] = f"{notes[note['path']]}; {note['why']}" if note["path"] in notes else note["why"]
    reading = Reading(folder, tuple(whole.json), notes)
    assert "GET /health" in reading.names("route", "healthy/")
    assert "door" in reading.names("symbol", "healthy/")
    assert not [path for path in notes if path.startswith("healthy/")]
    return reading


def make_repository(folder: Path, files: Mapping[str, Content]) -> GitRepo:
    repo = GitRepo(folder)
    repo.commit("feat: everything", {**HEALTHY, **files})
    return repo


def list_numbered(text: str, count: int) -> str:
    """`text` once for every number, with ``#`` as the number and ``##`` as the next."""
    return "".join(text.replace("##", str(n + 1)).replace("#", str(n)) for n in range(count))


def put_in(folder: str, files: Mapping[str, Content]) -> dict[str, Content]:
    return {f"{folder}/{path}": content for path, content in files.items()}


def join_files(groups: Iterable[Mapping[str, Content]]) -> dict[str, Content]:
    return {path: content for group in groups for path, content in group.items()}
