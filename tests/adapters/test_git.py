"""Git's answers as values; the user's repository is only ever asked, never written to."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from kbgen.adapters.git import Git, LogOptions, open_repository, run_git_command
from kbgen.adapters.trees import RevisionTree, WorkTree
from kbgen.errors import EmptyRepositoryError, NotARepositoryError, RepositoryError, UnknownRevisionError
from kbgen.history import parse_log, parse_mailmap
from kbgen.model import Change, LineCount, Person
from tests.gitrepo import GitRepo

BODY = "".join(f"line {n}\n" for n in range(20))


def read(repo: GitRepo, rev: str = "HEAD") -> dict[str, list[tuple[str, str, str]]]:
    """subject -> (status, old path, path) of each commit in the log."""
    with open_repository(repo.folder) as git:
        found = parse_log(git.stream_log([git.resolve(rev)]))
        return {c.subject: [(ch.status, ch.old_path, ch.path) for ch in c.changes] for c in found}


# --------------------------------------------------------------------------------- the repository


def test_a_repository_is_found_from_a_folder_below_and_from_a_file_in_it(repo: GitRepo) -> None:
    repo.commit("one", {"a/b/c.txt": "x"})
    for start in (repo.folder, repo.folder / "a/b", repo.folder / "a/b/c.txt"):
        git = open_repository(start)
        assert git.top == repo.folder.resolve()
        assert git.common_dir == repo.folder.resolve() / ".git"


def test_a_name_with_a_newline_quote_and_umlaut_is_found(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / 'new\nline "ö"')
    sha = repo.commit("one", {"a": "x"})
    with open_repository(repo.folder) as git:
        assert git.top == repo.folder
        assert [c.sha for c in parse_log(git.stream_log([git.resolve("HEAD")]))] == [sha]


def test_revisions_resolve_to_whole_hashes(repo: GitRepo) -> None:
    one, two = repo.commit("one"), repo.commit("two")
    repo.git("tag", "-a", "v1", "-m", "tagged", one)
    git = open_repository(repo.folder)
    assert [git.resolve(rev) for rev in ("HEAD", "main", "v1", one[:9], "HEAD~1")] == [two, two, one, one, one]
    assert git.is_ancestor(one, two)
    assert not git.is_ancestor(two, one)
    assert git.find_merge_base(one, two) == one
    assert git.list_commits([two]) == (one, two)
    assert git.list_commits([two], [one]) == (two,)


@pytest.mark.parametrize("rev", ["nowhere", "-n", "--all", "HEAD:a", "", "HEAD..HEAD", "f" * 40, "HEAD~9"])
def test_what_is_no_commit_is_said_so(repo: GitRepo, rev: str) -> None:
    repo.commit("one", {"a": "x"})
    with pytest.raises(UnknownRevisionError) as caught:
        open_repository(repo.folder).resolve(rev)
    assert repr(rev) in caught.value.message


def test_no_repository_no_folder_no_commit(repo: GitRepo, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    for start in (tmp_path / "plain", tmp_path / "absent/deep"):
        with pytest.raises(NotARepositoryError, match="hint"):
            open_repository(start)
    with pytest.raises(EmptyRepositoryError, match="no commit yet"):
        open_repository(repo.folder).resolve("HEAD")


def test_the_environment_of_a_hook_does_not_lead_elsewhere(
    repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = GitRepo(tmp_path / "other")
    other.commit("other")
    sha = repo.commit("one")
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.folder))
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent")
    git = open_repository(repo.folder)
    assert git.resolve("HEAD") == sha
    assert RevisionTree(git, sha).list_entries() == {}


def test_git_commands_of_the_sample_are_checked(tmp_path: Path) -> None:
    run_git_command(["init", "-q", str(tmp_path / "new")])
    assert (tmp_path / "new/.git").is_dir()
    with pytest.raises(RepositoryError):
        run_git_command(["frobnicate"])


# ------------------------------------------------------------------------------- the private view


def hash_files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() + f" {path.stat().st_mtime_ns}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "kbgen" not in path.relative_to(folder).parts
    }


def test_no_byte_of_the_users_git_directory_changes(repo: GitRepo) -> None:
    repo.commit("one", {"a.py": BODY})
    repo.branch("side")
    repo.commit("two", {"a.py": BODY.replace("line 3", "side")})
    repo.checkout("main")
    repo.commit("three", {"a.py": BODY.replace("line 3", "main")})
    repo.merge("side", files={"a.py": BODY.replace("line 3", "both")})
    before = hash_files(repo.folder)
    with open_repository(repo.folder) as git:
        head = git.resolve("HEAD")
        git.check_complete_history()
        list(git.stream_log([head]))
        assert git.find_merge_only_changes(head)
        git.count_lines([head])
        git.compute_patch_ids([head])
        list(git.read_objects([f"{head}:a.py"]))
        RevisionTree(git, head).find_words(["line"], [".py"])
        WorkTree(git).list_entries()
    assert hash_files(repo.folder) == before
    assert (repo.folder / ".git/kbgen/view.git/objects/info/alternates").exists()


def test_a_view_that_came_with_the_repository_is_put_right(repo: GitRepo, tmp_path: Path) -> None:
    sha = repo.commit("one", {"a.py": "x = 1\n"})
    trace = tmp_path / "trace"
    view = repo.folder / ".git/kbgen/view.git"
    (view / "info").mkdir(parents=True)
    (view / "config").write_text(
        f"[core]\n\tbare = true\n\tfsmonitor = touch {trace}\n[diff]\n\texternal = touch {trace}\n"
    )
    (view / "info/attributes").write_text("* diff=evil\n")
    (view / "commondir").write_text("/nonexistent\n")
    (view / "objects").symlink_to(tmp_path)
    git = open_repository(repo.folder)
    assert git.count_lines([sha])[sha] == (LineCount("a.py", 1, 0),)
    assert not trace.exists()
    assert not (tmp_path / "info").exists()
    assert not (view / "commondir").exists()


def test_a_repository_that_was_moved_still_finds_its_objects(repo: GitRepo, tmp_path: Path) -> None:
    sha = repo.commit("one")
    assert len(list(parse_log(open_repository(repo.folder).stream_log([sha])))) == 1
    repo.folder.rename(tmp_path / "moved")
    assert len(list(parse_log(open_repository(tmp_path / "moved").stream_log([sha])))) == 1


def test_objects_that_are_themselves_borrowed_are_found(repo: GitRepo, tmp_path: Path) -> None:
    sha = repo.commit("one", {"a": "x"})
    repo.git("clone", "-q", "--shared", ".", str(tmp_path / "shared"))
    (tmp_path / "shared/.git/objects/info/alternates").write_text("../../../repo/.git/objects\n")
    git = open_repository(tmp_path / "shared")
    assert list(RevisionTree(git, sha).list_entries()) == ["a"]


def test_the_cache_goes_to_the_users_cache_when_the_git_directory_cannot_be_written(repo: GitRepo) -> None:
    sha = repo.commit("one", {"a": "x"})
    (repo.folder / ".git/kbgen").write_text("a file where the folder would be")
    git = open_repository(repo.folder)
    assert git.cache_folder.parent == Path(os.environ["XDG_CACHE_HOME"], "kbgen")
    assert list(RevisionTree(git, sha).list_entries()) == ["a"]


def test_the_cache_is_temporary_when_nothing_can_be_written(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = repo.commit("one", {"a": "x"})
    (repo.folder / ".git/kbgen").write_text("a file where the folder would be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(repo.folder / "a"))
    with open_repository(repo.folder) as git:
        folder = git.cache_folder
        assert list(RevisionTree(git, sha).list_entries()) == ["a"]
        assert folder.is_dir()
    assert not folder.exists()


def test_a_cache_folder_that_is_a_symbolic_link_is_refused(repo: GitRepo, tmp_path: Path) -> None:
    repo.commit("one")
    (repo.folder / ".git/kbgen").symlink_to(tmp_path)
    with pytest.raises(RepositoryError, match="symbolic link"):
        _ = open_repository(repo.folder).cache_folder


# ---------------------------------------------------------------------------------------- the log


def test_renames_are_found_and_counted(repo: GitRepo) -> None:
    repo.commit("one", {"old.py": BODY})
    repo.rename("old.py", "sub/new.py", "two", BODY + "more\n")
    assert read(repo)["two"] == [("R", "old.py", "sub/new.py")]
    with open_repository(repo.folder) as git:
        head = git.resolve("HEAD")
        assert git.count_lines([head])[head] == (LineCount("sub/new.py", 1, 0),)
        strict = list(parse_log(git.stream_log([head], options=LogOptions(rename_threshold=100))))
    assert [ch.status for ch in strict[0].changes] == ["D", "A"]


def test_parents_come_after_children_and_excluded_commits_do_not_come(repo: GitRepo) -> None:
    shas = [repo.commit(str(n)) for n in range(4)]
    with open_repository(repo.folder) as git:
        assert [c.sha for c in parse_log(git.stream_log([shas[3]]))] == shas[::-1]
        assert [c.sha for c in parse_log(git.stream_log([shas[3]], [shas[1], "1" * 40]))] == shas[:1:-1]


def test_a_stream_that_nobody_finishes_leaves_no_process(repo: GitRepo) -> None:
    for n in range(30):
        repo.commit(f"{n}", {"a": str(n)})
    git = open_repository(repo.folder)
    stream = git.stream_log([git.resolve("HEAD")])
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    children = subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True
    )
    assert "git" not in children.stdout


def test_messages_in_another_encoding_are_recoded(repo: GitRepo) -> None:
    repo.git("config", "i18n.commitEncoding", "ISO-8859-1")
    repo.commit("größer".encode("latin-1"), {"a": "x"})
    assert list(read(repo)) == ["größer"]


def test_mailmap_agrees_with_git(repo: GitRepo) -> None:
    lines = "Ada L <ada@new>  <ADA@old>\n <g@new> Grace <g@old>\nEdsger<e@x>\n# no <n@x>\nX <x@y> e <e@x>\n<> <a@b>\n"
    repo.commit("map", {".mailmap": lines})
    people = [("ada", "ada@old"), ("grace", "g@old"), ("Other", "g@old"), ("e", "e@x"), ("f", "E@X"), ("q", "a@b")]
    asked = "".join(f"{name} <{email}>\n" for name, email in people)
    answers = repo.git("check-mailmap", "--stdin", stdin=asked.encode()).split("\n")
    mailmap = parse_mailmap(lines.encode())
    ours = [mailmap.correct(Person(*person)) for person in people]
    assert [f"{person.name} <{person.email}>" for person in ours] == answers


# ------------------------------------------------------------------------------- looking into files


def test_lines_are_counted_with_odd_names_and_binary_files(repo: GitRepo) -> None:
    repo.commit("one", {'new\nline "q" ö.py': BODY, "-dash": "x\n", "image.png": b"\0\1\2", "old": BODY})
    repo.rename("old", "tab\there", "two")
    repo.commit("empty")
    with open_repository(repo.folder) as git:
        three, two, one = (c.sha for c in parse_log(git.stream_log([git.resolve("HEAD")])))
        counts = git.count_lines([one, two, three])
    assert counts[one] == (
        LineCount("-dash", 1, 0),
        LineCount("image.png", None, None),
        LineCount('new\nline "q" ö.py', 20, 0),
        LineCount("old", 20, 0),
    )
    assert counts[two] == (LineCount("tab\there", 0, 0),)
    assert counts[three] == ()


def test_a_merge_is_counted_against_its_first_parent(repo: GitRepo) -> None:
    repo.commit("one", {"a": "x\n"})
    repo.branch("side")
    repo.commit("two", {"b": BODY})
    repo.checkout("main")
    merge = repo.merge("side")
    with open_repository(repo.folder) as git:
        assert git.count_lines([merge])[merge] == (LineCount("b", 20, 0),)


def test_patch_ids_are_those_of_git_show_and_survive_a_cherry_pick(repo: GitRepo) -> None:
    repo.commit("one", {"a": BODY})
    repo.branch("side")
    work = repo.commit("work", {"a": BODY.replace("line 9", "work")})
    repo.checkout("main")
    repo.commit("before", {"b": "x\n"})
    picked = repo.cherry_pick(work)
    empty = repo.commit("empty")
    merge = repo.merge("side")
    shown = repo.git("show", work).encode() + b"\n"
    expected = repo.git("patch-id", "--stable", stdin=shown).split()[0][:12]
    with open_repository(repo.folder) as git:
        assert git.compute_patch_ids([work, picked, empty, merge]) == {
            work: expected, picked: expected, empty: "", merge: "",
        }  # fmt: skip


def test_what_only_a_merge_changed_is_found(repo: GitRepo) -> None:
    repo.commit("one", {"a": BODY, "b": BODY})
    repo.branch("side")
    repo.commit("two", {"a": BODY.replace("line 3", "side")})
    repo.checkout("main")
    repo.commit("three", {"a": BODY.replace("line 15", "main")})
    quiet = repo.merge("side")
    repo.branch("other")
    repo.commit("four", {"a": "other\n"})
    repo.checkout("main")
    slipped = repo.merge("other", files={"evil.txt": "slipped in\n"})
    with open_repository(repo.folder) as git:
        assert git.find_merge_only_changes(quiet) == ()
        assert [(c.status, c.path) for c in git.find_merge_only_changes(slipped)] == [("A", "evil.txt")]


def test_an_octopus_shows_what_differs_from_every_parent(repo: GitRepo) -> None:
    repo.commit("one", {"a": "a\n"})
    for name in ("x", "y"):
        repo.checkout("main")
        repo.branch(name)
        repo.commit(name, {name: "1\n"})
    repo.checkout("main")
    octopus = repo.merge("x", "y", files={"both": "2\n"})
    with open_repository(repo.folder) as git:
        changes = git.find_merge_only_changes(octopus)
    assert [(c.status, c.path) for c in changes] == [("A", "both")]
    assert isinstance(changes[0], Change)
    assert changes[0].new_blob == repo.git("rev-parse", "HEAD:both")


# ------------------------------------------------------------------------------------------- trees


ODD_NAMES = ('quo"te.py', "new\nline.py", "ümläut.py", "-dash.py", "tab\t.py", "space dir/a b.py", "co:lon\\back.py")


def test_trees_list_and_read_files_with_odd_names(repo: GitRepo) -> None:
    bad = os.fsdecode(b"latin-\xe9.py")
    sha = repo.commit("one", {**{name: f"text of {name!r}\n" for name in ODD_NAMES}, bad: "latin\n"})
    tree = RevisionTree(open_repository(repo.folder), sha)
    assert set(tree.list_entries()) == {*ODD_NAMES, bad}
    for name in ODD_NAMES:
        assert tree.read_path(name) == f"text of {name!r}\n".encode()
    assert tree.read_path(bad) == b"latin\n"
    assert tree.read_path("absent") is None
    assert WorkTree(open_repository(repo.folder)).list_entries() == tree.list_entries()


def test_modes_tell_symlinks_submodules_and_programs(repo: GitRepo, tmp_path: Path) -> None:
    inner = GitRepo(repo.folder / "sub")
    commit = inner.commit("inner", {"x": "x"})
    (repo.folder / "link").symlink_to("target")
    (repo.folder / "run.sh").write_text("#!/bin/sh\n")
    (repo.folder / "run.sh").chmod(0o755)
    sha = repo.commit("one", {"target": "t"})
    git = open_repository(repo.folder)
    entries = RevisionTree(git, sha).list_entries()
    assert {path: entry.mode for path, entry in entries.items()} == {
        "link": "120000", "run.sh": "100755", "sub": "160000", "target": "100644",
    }  # fmt: skip
    assert entries["sub"].blob == commit
    assert WorkTree(git).list_entries() == entries
    assert RevisionTree(git, sha).read_path("sub") is None
    assert RevisionTree(git, sha).read_path("link") == b"target"
    assert WorkTree(git).read_path("link") == b"target"


def test_blobs_come_in_the_order_asked_for_and_unknown_ones_not_at_all(repo: GitRepo) -> None:
    sha = repo.commit("one", {f"f{n}": f"{n}\n" for n in range(700)})
    git = open_repository(repo.folder)
    tree = RevisionTree(git, sha)
    blobs = [entry.blob for entry in tree.list_entries().values()][::-1]
    wanted = [*blobs[:400], "0" * 40, *blobs[400:], blobs[0]]
    assert [blob for blob, _ in tree.read_blobs(wanted)] == [*blobs, blobs[0]]


def test_two_readers_and_one_that_gives_up_do_not_disturb_each_other(repo: GitRepo) -> None:
    sha = repo.commit("one", {f"f{n}": f"{n}\n" for n in range(50)})
    with open_repository(repo.folder) as git:
        tree = RevisionTree(git, sha)
        blobs = [entry.blob for entry in tree.list_entries().values()]
        for (one, _), (two, _) in zip(tree.read_blobs(blobs), tree.read_blobs(blobs[::-1]), strict=True):
            assert blobs.index(one) == 49 - blobs.index(two)
        given_up = tree.read_blobs(blobs)
        next(given_up)
        given_up.close()  # type: ignore[attr-defined]
        assert [blob for blob, _ in tree.read_blobs(blobs[:5])] == blobs[:5]


def test_a_file_that_is_too_large_is_skipped_and_said_so(repo: GitRepo) -> None:
    sha = repo.commit("one", {"large": "x" * 5000, "small": "y"})
    git = open_repository(repo.folder)
    for tree in (RevisionTree(git, sha, max_bytes=1000), WorkTree(git, max_bytes=1000)):
        entries = tree.list_entries()
        wanted = [entries["large"].blob, entries["small"].blob]
        assert [content for _, content in tree.read_blobs(wanted)] == [b"y"]
        assert [(s.path, s.why) for s in tree.list_skipped()] == [("large", "5000 bytes, more than 1000")]


WORD_FILES = {
    "a.py": "class Gate:\n    gate = Gate_2\n",
    "b.ts": "const gate = new Gate(); // DM-01.6 foo.bar\n",
    "new\nline.py": "Gate\n",
    "c.txt": "Gate\n",
    "binary.py": b"Gate\0",
    "sub/deep/d.py": "xGate Gate2 _Gate\n",
    "e.d.ts": "Gate\n",
}
EXPECTED = {
    "Gate": {"a.py", "b.ts", "new\nline.py", "e.d.ts"},
    "gate": {"a.py", "b.ts"},
    "absent": set[str](),
    "DM-01.6": {"b.ts"},
    "foo.bar": {"b.ts"},
    "foo": {"b.ts"},
    "Gate2": {"sub/deep/d.py"},
}


def test_words_are_found_whole_in_files_of_the_suffixes(repo: GitRepo) -> None:
    sha = repo.commit("one", WORD_FILES)
    # Attributes of the work tree must not decide what a revision holds.
    repo.write({".gitattributes": "*.py binary\n"})
    git = open_repository(repo.folder)
    for tree in (RevisionTree(git, sha), WorkTree(git)):
        found = tree.find_words(list(EXPECTED), [".py", ".ts"])
        assert {word: set(paths) for word, paths in found.items()} == EXPECTED
        assert tree.find_words(["Gate"], []) == {"Gate": frozenset()}
        assert tree.find_words([], [".py"]) == {}


def test_words_are_found_without_perl_expressions_too(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = repo.commit("one", WORD_FILES)
    git = open_repository(repo.folder)
    monkeypatch.setattr(git, "grep_identifiers", lambda *_: None)
    found = RevisionTree(git, sha).find_words(list(EXPECTED), [".py", ".ts"])
    assert {word: set(paths) for word, paths in found.items()} == EXPECTED


def test_thousands_of_words_are_found_in_batches(repo: GitRepo) -> None:
    words = [f"identifier_number_{n}" for n in range(3000)]
    sha = repo.commit("one", {"a.py": " ".join(words[:1500]), "b.py": " ".join(words[1000:])})
    found = RevisionTree(open_repository(repo.folder), sha).find_words(words, [".py"])
    assert found[words[0]] == {"a.py"}
    assert found[words[1200]] == {"a.py", "b.py"}
    assert found[words[2999]] == {"b.py"}


def test_the_work_tree_has_changed_new_and_deleted_files_but_no_ignored_ones(repo: GitRepo) -> None:
    repo.commit("one", {"kept": "1", "changed": "1", "gone": "1", ".gitignore": "ignored\n"})
    (repo.folder / "changed").write_text("2")
    (repo.folder / "gone").unlink()
    (repo.folder / "new").write_text("3")
    (repo.folder / "ignored").write_text("4")
    tree = WorkTree(open_repository(repo.folder))
    assert tree.rev == ""
    assert sorted(tree.list_entries()) == [".gitignore", "changed", "kept", "new"]
    assert (tree.read_path("changed"), tree.read_path("new")) == (b"2", b"3")
    assert tree.read_path("ignored") is None
    assert tree.list_entries()["kept"].blob == repo.git("rev-parse", "HEAD:kept")


def test_a_test_repository_has_the_same_hashes_everywhere(repo: GitRepo) -> None:
    assert repo.commit("one", {"a": "x"}) == "cb93af2416722090eeb103e044f1089bb7931bca"


def test_closing_twice_and_using_again_is_fine(repo: GitRepo) -> None:
    sha = repo.commit("one", {"a": "x"})
    git: Git = open_repository(repo.folder)
    assert dict(git.read_objects([f"{sha}:a"])) == {f"{sha}:a": b"x"}
    git.close()
    git.close()
    assert dict(git.read_objects([f"{sha}:a", f"{sha}:none"])) == {f"{sha}:a": b"x"}
    git.close()
