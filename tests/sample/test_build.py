from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kbgen.errors import OutputError
from kbgen.sample import Step, build_stream, create_sample, get_head_sha, list_steps, read_steps
from kbgen.sample.build import build_commits, quote_path
from kbgen.sample.steps_reader import Signature, read_step
from tests.gitrepo import GitRepo, make_environment

HEAD = "7ece69a181f610249970525e2e3675aff24b4349"
"""Changes only when a step is edited; then `python -m tests.sample.labels` has to run too."""

RunGit = Callable[[list[str], bytes | None], None]


def run_git(arguments: list[str], stdin: bytes | None) -> None:
    subprocess.run(["git", *arguments], input=stdin, check=True, env=make_environment())


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    folder = tmp_path_factory.mktemp("sample") / "depot"
    create_sample(folder, run_git)
    return GitRepo(folder, make=False)


def test_git_makes_the_known_head(sample: GitRepo) -> None:
    assert sample.git("rev-parse", "HEAD") == get_head_sha() == HEAD


def test_a_second_folder_gets_the_same_head(tmp_path: Path) -> None:
    def run_in_another_zone(arguments: list[str], stdin: bytes | None) -> None:
        subprocess.run(
            ["git", *arguments],
            input=stdin,
            check=True,
            env=make_environment(TZ="Pacific/Auckland", GIT_DEFAULT_HASH="sha256", GIT_AUTHOR_NAME="Somebody"),
        )

    other = tmp_path / "deep" / "er"
    assert create_sample(other, run_in_another_zone) == HEAD
    assert GitRepo(other, make=False).git("rev-parse", "HEAD") == HEAD


def test_the_stream_is_the_same_every_time() -> None:
    assert build_stream() == build_stream()


def test_every_hash_computed_here_is_git_s(sample: GitRepo) -> None:
    in_git = set(sample.git("rev-list", "--all").splitlines())
    assert {commit.sha for commit in list_steps()} == in_git


def test_git_finds_nothing_wrong(sample: GitRepo) -> None:
    sample.git("fsck", "--strict", "--no-dangling")
    assert sample.git("status", "--porcelain") == ""


def test_merged_branches_leave_no_ref(sample: GitRepo) -> None:
    assert sample.git("for-each-ref", "--format=%(refname)").splitlines() == [
        "refs/heads/main",
        "refs/heads/spike/departures",
    ]


def test_the_work_tree_is_the_last_step(sample: GitRepo) -> None:
    files = list_steps()[-1].files
    assert sample.git("ls-files").splitlines() == sorted(files)
    assert {path: (sample.folder / path).read_bytes() for path in files} == {
        path: content for path, (_, content) in files.items()
    }


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(OutputError, match="not an empty folder"):
        create_sample(tmp_path, run_git)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    assert create_sample(tmp_path, run_git) == HEAD


def test_the_sample_stays_small() -> None:
    assert sum(len(content) for step in read_steps() for content in step.files.values()) < 400_000


def test_one_author_has_two_addresses_and_the_mailmap_joins_them(sample: GitRepo) -> None:
    raw = set(sample.git("log", "--format=%aN <%ae>").splitlines())
    joined = set(sample.git("log", "--format=%aN <%aE>").splitlines())
    assert (len(raw), len(joined)) == (4, 3)


def test_a_step_that_git_will_see_as_a_rename(sample: GitRepo) -> None:
    renames = sample.git("log", "-M", "--diff-filter=R", "--name-status", "--format=").splitlines()
    assert renames == ["R100\tmesh/agents/courier.py\tmesh/agents/loading.py"]


# ------------------------------------------------------------------------------ steps built in code

WHO = Signature("Ada <ada@example.com>", datetime(2026, 1, 1, tzinfo=UTC))


def make_step(number: str, **more: object) -> Step:
    step = Step(
        name=f"{number}-step",
        branch="main",
        start="",
        merge="",
        author=WHO,
        committer=WHO,
        message=f"step {number}\n",
        files={},
        moved={},
        deleted=(),
        executable=frozenset(),
        reverts="",
    )
    return replace(step, **more)  # type: ignore[arg-type]


def test_a_revert_restores_what_was_there_before() -> None:
    *_, reverted = build_commits(
        [
            make_step("001", files={"a": b"1", "gone": b"x"}),
            make_step("002", files={"a": b"2", "new": b"n"}, deleted=("gone",)),
            make_step("003", reverts="002", message="Revert {sha 002}\n"),
        ]
    )
    assert {path: content for path, (_, content) in reverted.files.items()} == {"a": b"1", "gone": b"x"}
    assert reverted.message == f"Revert {reverted.parents[0]}\n"


def test_a_revert_of_what_changed_since_is_refused() -> None:
    steps = [
        make_step("001", files={"a": b"1"}),
        make_step("002", files={"a": b"2"}),
        make_step("003", files={"a": b"3"}),
        make_step("004", reverts="002"),
    ]
    with pytest.raises(ValueError, match="a changed after step 002"):
        build_commits(steps)


def test_a_merge_takes_both_sides() -> None:
    *_, merge = build_commits(
        [
            make_step("001", files={"a": b"1", "b": b"1", "old": b"x"}),
            make_step("002", branch="side", start="001", files={"a": b"2"}, deleted=("old",)),
            make_step("003", files={"b": b"2"}),
            make_step("004", merge="side"),
        ]
    )
    assert {path: content for path, (_, content) in merge.files.items()} == {"a": b"2", "b": b"2"}
    assert len(merge.parents) == 2


def test_a_conflict_wants_the_merged_text() -> None:
    steps = [
        make_step("001", files={"a": b"1"}),
        make_step("002", branch="side", start="001", files={"a": b"2"}),
        make_step("003", files={"a": b"3"}),
    ]
    with pytest.raises(ValueError, match="both sides changed a"):
        build_commits([*steps, make_step("004", merge="side")])
    *_, merge = build_commits([*steps, make_step("004", merge="side", files={"a": b"23"})])
    assert merge.files["a"] == ("100644", b"23")


def test_paths_of_any_letters_and_modes_hash_as_in_git(tmp_path: Path) -> None:
    files = {'q"uote\\.md': b"q", "a.txt": b"1", "a/b": b"2", "a-b": b"3", "tool.sh": b"#!", "ümlaut (x)/y": b"\r\n"}
    commits = build_commits([make_step("001", files=files, executable=frozenset({"tool.sh"}))])
    repo = GitRepo(tmp_path / "repo")
    for path, content in files.items():
        (repo.folder / path).parent.mkdir(exist_ok=True)
        (repo.folder / path).write_bytes(content)
    (repo.folder / "tool.sh").chmod(0o755)
    repo.git("add", "--all")
    when = {"GIT_AUTHOR_DATE": "1767225600 +0000", "GIT_COMMITTER_DATE": "1767225600 +0000"}
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com"))
    }
    repo.git("commit", "--quiet", "-m", "step 001", **when, **who)
    assert repo.git("rev-parse", "HEAD") == commits[0].sha


@pytest.mark.parametrize(("path", "quoted"), [("a b", '"a b"'), ('a"b', '"a\\"b"'), ("a\\b", '"a\\\\b"')])
def test_paths_are_quoted_for_the_stream(path: str, quoted: str) -> None:
    assert quote_path(path) == quoted


def test_stored_names_become_real_ones(tmp_path: Path) -> None:
    folder = tmp_path / "001-first"
    (folder / "files" / "dot_github").mkdir(parents=True)
    (folder / "files" / "dot_github" / "CODEOWNERS.txt").write_text("*")
    (folder / "files" / "notes.txt.txt").write_text("n")
    (folder / "files" / "left-by-an-editor~").write_text("no")
    (folder / "commit.toml").write_text(
        'branch = "main"\nauthor = "A <a@x>"\ndate = 2026-01-01T00:00:00+05:30\nmessage = "m"\n'
    )
    step = read_step(folder)
    assert step.files == {".github/CODEOWNERS": b"*", "notes.txt": b"n"}
    assert step.author.format() == "A <a@x> 1767205800 +0530"
    assert step.message == "m\n"


@pytest.mark.parametrize("line", ["colour = 'red'", ""])
def test_a_malformed_step_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "commit.toml").write_text(f'branch = "main"\nauthor = "A <a@x>"\nmessage = "m"\n{line}\n')
    with pytest.raises(ValueError, match="date"):
        read_step(tmp_path)
