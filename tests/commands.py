"""The command as tests run it, and the projects that they run it on.

``kbgen("show", "DM-01.1", at=folder)`` runs in this process, which takes a tenth of the time; ``spawn`` starts one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kbgen import cli
from tests.gitrepo import Content, GitRepo


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Kbgen = Callable[..., Result]
"""``(*arguments, at=folder) -> Result``"""


@pytest.fixture
def kbgen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Kbgen:
    """The command in this process; `at` is the folder it starts in."""

    def run(*arguments: str | Path, at: Path) -> Result:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.chdir(at)
            with pytest.raises(SystemExit) as caught:
                cli.main([str(a) for a in arguments])
        captured = capsys.readouterr()
        code = caught.value.code
        assert isinstance(code, int)
        return Result(code, captured.out, captured.err)

    return run


def spawn(*arguments: str | Path, at: Path, environment: dict[str, str] | None = None) -> Result:
    """The command as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "kbgen", *map(str, arguments)],
        cwd=at,
        env={**os.environ, "PYTHONWARNINGS": "error", **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


# ----------------------------------------------------------------------------------------- projects

FENCE_STORY = "docs/stories/dm-01-1-fence.md"
KEY_STORY = "docs/stories/dm-01-2-key.md"
PLAN: dict[str, Content] = {
    "docs/epics/epic-dm-01.md": (
        "# Epic DM-01: Doors\n\n## Story DM-01.1: Fence\n\nA fence.\n\n## Story DM-01.2: Key\n\nA key.\n\n"
        "## Story DM-01.3: Bell\n\nA bell that rings.\n\n**Acceptance Criteria:**\n\n- [ ] It rings\n"
    ),
    FENCE_STORY: (
        "# Story DM-01.1: Fence\n\nStatus: done\n\n## Acceptance Criteria\n\n1. It opens\n2. It closes\n\n"
        "## Files to Create\n\n- `src/fence.py`\n- `src/hinge.py`\n"
    ),
    KEY_STORY: "# Story DM-01.2: Key\n\nStatus: in progress\n\n## Acceptance Criteria\n\n- [ ] The key turns\n",
}
FENCE = 'class Fence:\n    """A fence."""\n\n    def open(self) -> bool:\n        return True\n'
FENCE_TEST = "from src.fence import Fence\n\n\ndef test_open() -> None:\n    assert Fence().open()\n"
KEY = "def turn() -> int:\n    return 1\n"


def make_project(folder: Path, **options: Any) -> GitRepo:
    """Three stories: DM-01.1 with a feature commit, DM-01.2 with another, DM-01.3 known from its epic alone.

    plan -- feat(dm-01.1) -- feat(dm-01.2) -- chore (no story)
    """
    repo = GitRepo(folder, **options)
    repo.commit("docs: plan the doors", PLAN)
    repo.commit(
        "feat(dm-01.1): the fence\n\nHinges are bought instead of forged, because the smith is away.",
        {"src/fence.py": FENCE, "tests/test_fence.py": FENCE_TEST},
    )
    repo.commit("feat(dm-01.2): the key", {"src/key.py": KEY})
    repo.commit("chore: oil", {"src/oil.py": "OIL = 1\n", "CODEOWNERS": "* @house\n/src/ @doors\n"})
    return repo


@pytest.fixture
def project(tmp_path: Path) -> GitRepo:
    return make_project(tmp_path / "doors")


@pytest.fixture(scope="session")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from kbgen.adapters.git import run_git_command
    from kbgen.sample import create_sample

    folder = tmp_path_factory.mktemp("sample") / "yard"
    create_sample(folder, run_git_command)
    return folder


@pytest.fixture
def sample(_sample: Path, tmp_path: Path) -> Path:
    """A copy of the sample project, as `kbgen demo` makes it, before any note is written."""
    return Path(shutil.copytree(_sample, tmp_path / "yard", symlinks=True))


def list_files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but git's own, by path: what a command that refuses must leave as it was."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and ".git" not in path.relative_to(folder).parts
    }
