"""The script that a Git hook calls, with the real Semgrep: what it stops, what it lets pass, what it looks at."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.gitrepo import GitRepo
from tests.semgrep.conftest import SHIPPED

BAD = "import asyncio\n\n\nasync def load(): ...\n\n\nasync def run():\n    load()\n"
GOOD = BAD.replace("    load()", "    await load()")
WARNED = "import asyncio\n\n\nasync def run(work):\n    asyncio.create_task(work())\n"


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    made = GitRepo(tmp_path / "repo")
    folder = made.folder / ".semgrep"
    shutil.copytree(SHIPPED / "rules", folder / "rules")
    shutil.copy(SHIPPED / "semgrep.yaml", folder / ".semgrep.yaml")
    shutil.copy(SHIPPED / "pre-commit.sh", folder / "pre-commit.sh")
    made.commit("chore: rules", {"README.md": "# Shop\n"})
    return made


def stage(repo: GitRepo, path: str, text: str) -> None:
    target = repo.folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    repo.git("add", "--", path)


def run_hook(
    repo: GitRepo, environment: dict[str, str], *paths: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", ".semgrep/pre-commit.sh", *paths],
        cwd=repo.folder,
        env={**environment, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_bad_staged_file_stops_the_commit_and_none_lets_it_pass(
    repo: GitRepo, semgrep_environment: dict[str, str]
) -> None:
    stage(repo, "app/a job.py", BAD)
    done = run_hook(repo, semgrep_environment)
    assert done.returncode == 1
    assert "app/a job.py:8" in done.stdout
    assert "missing-await-on-async" in done.stdout
    assert "the commit is stopped" in done.stderr
    shown = run_hook(repo, semgrep_environment, SEMGREP_BLOCK="none")
    assert shown.returncode == 0
    assert "missing-await-on-async" in shown.stdout


def test_what_is_staged_counts_and_not_the_work_tree(repo: GitRepo, semgrep_environment: dict[str, str]) -> None:
    stage(repo, "-q.py", GOOD)
    (repo.folder / "-q.py").write_text(BAD)
    (repo.folder / "untracked.py").write_text(BAD)
    done = run_hook(repo, semgrep_environment)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize(("block", "status"), [("error", 0), ("warning", 1)])
def test_a_warning_stops_only_when_asked(
    repo: GitRepo, semgrep_environment: dict[str, str], block: str, status: int
) -> None:
    stage(repo, "job.py", WARNED)
    done = run_hook(repo, semgrep_environment, SEMGREP_BLOCK=block)
    assert done.returncode == status
    assert "task-result-dropped" in done.stdout


@pytest.mark.slow
def test_a_comment_silences_one_place(repo: GitRepo, semgrep_environment: dict[str, str]) -> None:
    stage(repo, "job.py", BAD.replace("    load()", "    load()  # nosemgrep: missing-await-on-async"))
    assert run_hook(repo, semgrep_environment).returncode == 0


@pytest.mark.slow
def test_named_paths_are_looked_at_though_nothing_is_staged(repo: GitRepo, semgrep_environment: dict[str, str]) -> None:
    repo.commit("feat: job", {"tests/job.py": BAD})
    assert run_hook(repo, semgrep_environment, ".").returncode == 1
    assert run_hook(repo, semgrep_environment, "README.md").returncode == 0
    # The project says what is left out, as it does for Semgrep itself.
    repo.commit("chore: leave out", {".semgrepignore": "tests/\n"})
    assert run_hook(repo, semgrep_environment, ".").returncode == 0


@pytest.mark.slow
def test_a_rule_file_that_cannot_be_read_stops_the_commit_unless_nothing_may(
    repo: GitRepo, semgrep_environment: dict[str, str]
) -> None:
    (repo.folder / ".semgrep" / "rules" / "own.yaml").write_text("rules: [{id: x}]\n")
    stage(repo, "job.py", GOOD)
    assert run_hook(repo, semgrep_environment).returncode == 2
    assert run_hook(repo, semgrep_environment, SEMGREP_BLOCK="none").returncode == 0


def test_nothing_staged_is_nothing_to_do(repo: GitRepo, semgrep_environment: dict[str, str]) -> None:
    assert run_hook(repo, semgrep_environment).returncode == 0


def make_path_without_semgrep(tmp_path: Path) -> str:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "git", "cat", "dirname"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return str(folder)


@pytest.mark.parametrize(("required", "status"), [("0", 0), ("1", 1)])
def test_without_semgrep_it_says_how_to_install_it(repo: GitRepo, tmp_path: Path, required: str, status: int) -> None:
    stage(repo, "job.py", BAD)
    done = run_hook(repo, {"PATH": make_path_without_semgrep(tmp_path)}, SEMGREP_REQUIRED=required)
    assert done.returncode == status
    assert "pipx install semgrep" in done.stderr


def test_a_setting_that_is_none_is_an_error(repo: GitRepo, tmp_path: Path) -> None:
    done = run_hook(repo, {"PATH": make_path_without_semgrep(tmp_path)}, SEMGREP_BLOCK="nothing")
    assert done.returncode == 2
    assert "it can be error, warning or none" in done.stderr
