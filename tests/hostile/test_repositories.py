"""Repositories of every kind and state: read truthfully, or refused with one clear error and nothing left behind."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from kbgen.adapters.git import open_repository
from kbgen.adapters.sqlite import open_history
from kbgen.adapters.trees import RevisionTree, WorkTree
from kbgen.errors import (
    DistrustedRepositoryError,
    EmptyRepositoryError,
    IncompleteHistoryError,
    KbgenError,
    NotARepositoryError,
    RepositoryError,
)
from kbgen.ids import Grammar, find_mentions
from kbgen.model import Commit, StoryKey
from tests.gitrepo import GitRepo

GRAMMAR = Grammar(prefixes=("DM",))
KEY = StoryKey("DM", (1, 1))


def read_story(folder: Path, rev: str = "HEAD") -> tuple[Commit, ...]:
    """The commits that name DM-01.1, by the whole way: repository, index, mentions."""
    with open_repository(folder) as git, open_history(git, rev) as history:
        history.use_grammar(lambda text: find_mentions(text, GRAMMAR), "1")
        return history.find_mentioning(KEY)


def list_files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "kbgen" not in path.relative_to(folder).parts}


def refuse(folder: Path, kind: type[KbgenError], rev: str = "HEAD") -> KbgenError:
    """The error, after checks that every refusal must pass."""
    before = list_files(folder)
    with pytest.raises(kind) as caught:
        read_story(folder, rev)
    error = caught.value
    assert type(error) is kind
    assert error.exit_code == 2
    assert error.hint
    assert "\n" not in error.message
    assert "Traceback" not in str(error)
    assert list_files(folder) == before
    assert not list(folder.rglob("index-*"))
    return error


# ------------------------------------------------------------------------------- must simply work


def test_detached_head(repo: GitRepo) -> None:
    one = repo.commit("DM-01.1 one")
    repo.commit("DM-01.1 two")
    repo.checkout(one)
    assert [c.subject for c in read_story(repo.folder)] == ["DM-01.1 one"]


def test_linked_worktree(repo: GitRepo, tmp_path: Path) -> None:
    one = repo.commit("DM-01.1 one", {"a": "1"})
    repo.commit("DM-01.1 two", {"a": "2"})
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"), one)
    assert [c.subject for c in read_story(tmp_path / "linked")] == ["DM-01.1 one"]
    assert [c.subject for c in read_story(repo.folder)] == ["DM-01.1 one", "DM-01.1 two"]
    with open_repository(tmp_path / "linked") as git:
        assert WorkTree(git).read_path("a") == b"1"


def test_bare_repository(repo: GitRepo, tmp_path: Path) -> None:
    repo.commit("DM-01.1 one", {"a": "1"})
    bare = repo.copy(tmp_path / "bare.git", "--bare")
    assert [c.subject for c in read_story(bare.folder)] == ["DM-01.1 one"]
    with open_repository(bare.folder) as git:
        assert git.top is None
        assert RevisionTree(git, git.resolve("HEAD")).read_path("a") == b"1"
        with pytest.raises(RepositoryError, match="no work tree"):
            WorkTree(git).list_entries()


def test_the_git_directory_itself_as_the_working_folder(repo: GitRepo) -> None:
    repo.commit("DM-01.1 one")
    assert len(read_story(repo.folder / ".git")) == 1


def test_a_submodule(repo: GitRepo, tmp_path: Path) -> None:
    inner = GitRepo(tmp_path / "inner")
    inner.commit("DM-01.1 inner", {"x": "x"})
    repo.git("submodule", "add", "-q", inner.folder.as_uri(), "sub")
    repo.commit("DM-01.1 outer")
    assert [c.subject for c in read_story(repo.folder)] == ["DM-01.1 outer"]
    assert [c.subject for c in read_story(repo.folder / "sub")] == ["DM-01.1 inner"]


def test_sha256_object_format(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "repo", object_format="sha256")
    repo.commit("DM-01.1 one", {"a.py": "def gate():\n    pass\n"})
    repo.branch("side")
    repo.rename("a.py", "b.py", "DM-01.1 two")
    repo.checkout("main")
    merge = repo.merge("side")
    one, two = read_story(repo.folder)
    assert len(two.sha) == 64
    assert (two.changes[0].status, two.changes[0].path) == ("R", "b.py")
    with open_repository(repo.folder) as git, open_history(git) as history:
        assert history.count_lines(one.sha)[0].added == 2
        assert len(history.compute_patch_id(one.sha)) == 12
        assert history.find_merge_only_changes(merge) == ()
        assert history.find_methods(one.sha) == ()
        assert history.follow_path("a.py", one.sha) == "b.py"
        tree = RevisionTree(git, history.rev)
        assert tree.find_words(["gate"], [".py"]) == {"gate": {"b.py"}}
        assert WorkTree(git).list_entries() == tree.list_entries()


CONTROL = (
    "DM-01.1 \x1b[31mred\x07\x08 \r title\n\n<!-- kbgen:end notes -->\n<script>\x7f\x01\n:100644 100644 a b M\n"
    + "f" * 40
)


@pytest.mark.parametrize(
    "message",
    [
        CONTROL,
        "DM-01.1 " + "long " * 1_000_000,
        "DM-01.1\n" * 20_000,
        "DM-01.1 \u202e\u0000".replace("\0", "") + "\ud7ff",
    ],
    ids=["control", "5-MB", "many-lines", "bidi"],
)
def test_odd_messages(repo: GitRepo, message: str) -> None:
    repo.commit("before", {"a": "1"})
    repo.commit(message, {"a": "2"})
    repo.commit("after", {"a": "3"})
    [found] = read_story(repo.folder)
    assert found.message == message.rstrip("\n")
    assert [c.path for c in found.changes] == ["a"]


def test_messages_that_are_empty_or_no_utf8(repo: GitRepo) -> None:
    repo.commit("", {"a": "1"})
    repo.commit(b"DM-01.1 caf\xe9 \xff\xfe", {"a": "2"})
    [found] = read_story(repo.folder)
    assert found.subject.startswith("DM-01.1 caf")
    with open_repository(repo.folder) as git, open_history(git) as history:
        assert history.list_subjects()[1] == ""


def test_a_commit_object_that_git_itself_would_not_write(repo: GitRepo) -> None:
    """No author, an absurd date, a NUL in the message: from another tool, or from an attacker."""
    tree = repo.git("write-tree")
    for who in ("A <a@x> 99999999999999999999 +9999", "A <a@x>", "<> -5 x", "A <a@x> 1 +0000"):
        raw = f"tree {tree}\nauthor {who}\ncommitter {who}\n\nDM-01.1 {who}\0hidden\n".encode()
        sha = repo.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=raw)
        repo.git("update-ref", "refs/heads/main", sha)
        [found] = read_story(repo.folder)
        assert found.sha == sha
        assert "hidden" not in found.message


def test_names_with_anything_in_them(repo: GitRepo) -> None:
    names = [
        "new\nline.py",
        'quo"te.py',
        "ünï.py",
        "-rf",
        "--help",
        "a\tb",
        "\x1b[31m.py",
        ":!x",
        "*",
        os.fsdecode(b"\xe9.py"),
    ]
    repo.commit("DM-01.1 add", {name: f"def f():\n    return {name!a}\n" for name in names})
    [found] = read_story(repo.folder)
    assert {change.path for change in found.changes} == set(names)
    with open_repository(repo.folder) as git, open_history(git) as history:
        assert {count.path for count in history.count_lines(found.sha)} == set(names)
        for name in names:
            assert history.find_touching([name]) == (found,)
            assert history.follow_path(name, found.sha) == name


def test_dates_of_1970_and_2100(repo: GitRepo) -> None:
    repo.commit("DM-01.1 future", at_s=4_102_444_800)
    repo.commit("DM-01.1 past", at_s=0)
    repo.commit("DM-01.1 now")
    assert [c.subject for c in read_story(repo.folder)] == ["DM-01.1 future", "DM-01.1 past", "DM-01.1 now"]
    assert [c.authored for c in read_story(repo.folder)][:2] == [4_102_444_800, 0]


def test_an_octopus_and_two_roots(repo: GitRepo) -> None:
    repo.commit("DM-01.1 root", {"a": "1"})
    repo.git("checkout", "-q", "--orphan", "other")
    repo.commit("DM-01.1 another root", {"b": "1"})
    for name in ("x", "y"):
        repo.branch(name, "main")
        work = repo.commit(f"DM-01.1 {name}", {name: "1"})
    repo.checkout("main")
    octopus = repo.merge("x", "y", message="Merge branches 'x' and 'y'")
    repo.git("merge", "-q", "--allow-unrelated-histories", "-m", "Merge branch 'other'", "other")
    assert len(read_story(repo.folder)) == 4
    with open_repository(repo.folder) as git, open_history(git) as history:
        [request] = history.find_pull_requests(work)
        assert request.merge == octopus
        assert len(request.commits) == 2


def test_replacements_and_grafts_are_passed_over(repo: GitRepo) -> None:
    one = repo.commit("DM-01.1 true", {"a": "1"})
    two = repo.commit("two", {"a": "2"})
    false = repo.git("commit-tree", f"{one}^{{tree}}", "-m", "DM-01.1 false")
    repo.git("replace", one, false)
    (repo.folder / ".git/info").mkdir(exist_ok=True)
    (repo.folder / ".git/info/grafts").write_text(f"{two}\n")
    assert [c.subject for c in read_story(repo.folder)] == ["DM-01.1 true"]


def test_the_users_configuration_changes_no_answer(
    repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "".join(f"line {n}\n" for n in range(20))
    repo.commit("DM-01.1 one", {"ö.py": body, "b": "1\n"})
    repo.rename("ö.py", "c.py", "DM-01.1 two", body + "x\n")
    plain = read_story(repo.folder)
    with open_repository(repo.folder) as git, open_history(git) as history:
        patch_id, lines = history.compute_patch_id(plain[1].sha), history.count_lines(plain[1].sha)
    shutil.rmtree(repo.folder / ".git/kbgen")
    settings = (
        *("diff.renames=false", "diff.noprefix=true", "diff.orderFile=/nonexistent", "diff.external=false"),
        *(
            "diff.context=0",
            "diff.mnemonicPrefix=true",
            "core.quotePath=true",
            "core.abbrev=4",
            "log.showSignature=true",
        ),
        *("log.date=relative", "log.decorate=full", "log.mailmap=true", "log.diffMerges=combined", "color.ui=always"),
        *("mailmap.file=/nonexistent", "i18n.logOutputEncoding=latin1", "format.pretty=oneline"),
        *("grep.patternType=perl", "grep.fullName=false", "user.name=x", "user.email=y"),
    )
    config = tmp_path / "gitconfig"
    for setting in settings:
        key, value = setting.split("=")
        repo.git("config", key, value)
        repo.git("config", "--file", str(config), key, value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    assert read_story(repo.folder) == plain
    with open_repository(repo.folder) as git, open_history(git) as history:
        assert history.compute_patch_id(plain[1].sha) == patch_id
        assert history.count_lines(plain[1].sha) == lines
        assert RevisionTree(git, history.rev).find_words(["line"], [".py"]) == {"line": {"c.py"}}


def test_no_program_of_the_repository_runs(repo: GitRepo, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $@" >> {trace}\ncat\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    repo.commit("DM-01.1 one", {"a.py": "def one():\n    return 1\n", "b.bin": b"\0\1"})
    repo.branch("side")
    work = repo.commit("DM-01.1 two", {"a.py": "def one():\n    return 2\n"})
    repo.checkout("main")
    merge = repo.merge("side")
    attributes = "* diff=evil filter=evil merge=evil\n*.py text working-tree-encoding=UTF-16\n"
    (repo.folder / ".gitattributes").write_text(attributes)
    (repo.folder / ".git/info").mkdir(exist_ok=True)
    (repo.folder / ".git/info/attributes").write_text(attributes)
    hooks = repo.folder / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "pre-commit", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
        shutil.copy(program, hooks / name)
    for key in (
        *("core.fsmonitor", "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.clean"),
        *("filter.evil.smudge", "filter.evil.process", "merge.evil.driver", "core.pager", "pager.log", "pager.grep"),
        *("core.sshCommand", "core.editor", "credential.helper", "gpg.program", "core.askPass", "diff.tool"),
        *("core.alternateRefsCommand", "sequence.editor", "remote.origin.uploadpack", "uploadpack.packObjectsHook"),
    ):  # fmt: skip
        repo.git("config", key, str(program))
    repo.git("config", "log.showSignature", "true")
    repo.git("config", "filter.evil.required", "true")
    # A timestamp that differs makes git look into the file when it trusts its index no more.
    os.utime(repo.folder / "a.py", (1, 1))
    trace.unlink(missing_ok=True)
    assert len(read_story(repo.folder)) == 2
    with open_repository(repo.folder) as git, open_history(git) as history:
        history.count_lines(work)
        history.compute_patch_id(work)
        history.find_merge_only_changes(merge)
        assert history.find_methods(work)
        tree = RevisionTree(git, history.rev)
        assert tree.read_path("a.py") == b"def one():\n    return 2\n"
        assert tree.find_words(["one"], [".py"]) == {"one": {"a.py"}}
        work_tree = WorkTree(git)
        assert work_tree.read_path("a.py") == b"def one():\n    return 2\n"
        assert work_tree.find_words(["one"], [".py"]) == {"one": {"a.py"}}
    assert not trace.exists(), trace.read_text()


# ------------------------------------------------------------------------------------ must refuse


def test_not_a_repository(tmp_path: Path) -> None:
    error = refuse(tmp_path, NotARepositoryError)
    assert str(tmp_path) in error.message


def test_a_git_file_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nonexistent\n")
    refuse(tmp_path, NotARepositoryError)


def test_an_empty_repository(repo: GitRepo) -> None:
    assert "no commit yet" in refuse(repo.folder, EmptyRepositoryError).message


def test_an_unborn_branch(repo: GitRepo) -> None:
    repo.commit("DM-01.1 one")
    repo.git("checkout", "-q", "--orphan", "fresh")
    assert "fresh" in refuse(repo.folder, EmptyRepositoryError).message
    assert len(read_story(repo.folder, "main")) == 1


def make_clone(repo: GitRepo, folder: Path, options: Sequence[str]) -> Path:
    for n in range(3):
        repo.commit(f"DM-01.1 {n}", {"a": str(n)})
    repo.git("config", "uploadpack.allowFilter", "true")
    return repo.copy(folder, *options).folder


def test_a_shallow_clone(repo: GitRepo, tmp_path: Path) -> None:
    folder = make_clone(repo, tmp_path / "clone", ["--depth=1"])
    assert "git fetch --unshallow" in refuse(folder, IncompleteHistoryError).hint


@pytest.mark.parametrize("kind", ["blob:none", "tree:0"])
def test_a_partial_clone(repo: GitRepo, tmp_path: Path, kind: str) -> None:
    folder = make_clone(repo, tmp_path / "clone", [f"--filter={kind}"])
    assert "--filter" in refuse(folder, IncompleteHistoryError).hint


def test_a_partial_clone_that_hides_it_fetches_nothing(repo: GitRepo, tmp_path: Path) -> None:
    """Even when the promise was struck out of the configuration, what is missing is an error, not a fetch."""
    folder = make_clone(repo, tmp_path / "clone", ["--filter=tree:0", "--no-checkout"])
    clone = GitRepo(folder, make=False)
    for key in ("remote.origin.promisor", "remote.origin.partialclonefilter"):
        clone.git("config", "--unset", key)
    before = list_files(folder)
    with pytest.raises(IncompleteHistoryError):
        read_story(folder)
    assert list_files(folder) == before


def test_a_repository_with_missing_objects(repo: GitRepo) -> None:
    one = repo.commit("DM-01.1 one", {"a": "1"})
    repo.commit("DM-01.1 two", {"a": "2"})
    (repo.folder / ".git/objects" / one[:2] / one[2:]).unlink()
    refuse(repo.folder, IncompleteHistoryError)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_repository_that_git_distrusts(repo: GitRepo) -> None:
    repo.commit("DM-01.1 one", {"a": "1"})
    for path in (repo.folder, *repo.folder.rglob("*")):
        os.chown(path, 12_345, 12_345)
    error = refuse(repo.folder, DistrustedRepositoryError)
    assert "dubious ownership" in error.message
    assert "safe.directory" in error.hint
    assert str(repo.folder) in error.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_repository_of_another_owner_that_the_user_trusts(
    repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit("DM-01.1 one", {"a": "1"})
    for path in (repo.folder, *repo.folder.rglob("*")):
        os.chown(path, 12_345, 12_345)
    config = tmp_path / "gitconfig"
    config.write_text(f"[safe]\n\tdirectory = {repo.folder}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert len(read_story(repo.folder)) == 1


def test_git_is_not_installed(repo: GitRepo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    repo.commit("DM-01.1 one")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not installed" in refuse(repo.folder, RepositoryError).message
