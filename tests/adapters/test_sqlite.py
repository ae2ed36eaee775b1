"""History out of the index: complete, of one revision only, and read again only where it is new or damaged."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from kbgen.adapters.git import Git, LogOptions, open_repository
from kbgen.adapters.sqlite import SqliteHistory, open_history
from kbgen.adapters.sqlite_facts import KEPT_KEYS, SqliteFacts
from kbgen.adapters.sqlite_index import KEPT_REVISIONS, hold_lock
from kbgen.errors import LockedError, RepositoryError
from kbgen.ids import Grammar, find_mentions
from kbgen.model import Commit, LineCount, StoryKey
from tests.gitrepo import GitRepo

BODY = "".join(f"line {n}\n" for n in range(20))
GRAMMAR = Grammar(prefixes=("DM", "KB"))


def read_grammar(history: SqliteHistory) -> SqliteHistory:
    history.use_grammar(lambda text: find_mentions(text, GRAMMAR), "1")
    return history


def subjects(commits: Sequence[Commit]) -> list[str]:
    return [commit.subject for commit in commits]


@pytest.fixture
def git(repo: GitRepo) -> Iterator[Git]:
    with open_repository(repo.folder) as git:
        yield git


def index_of(repo: GitRepo) -> Path:
    return next((repo.folder / ".git/kbgen").glob("index-*.sqlite"))


# ----------------------------------------------------------------------------------------- commits


def test_a_commit_is_given_whole(repo: GitRepo, git: Git) -> None:
    repo.zone = "-0330"
    sha = repo.commit(
        "feat: one\n\nbody\n  more\n", {"a.py": BODY}, author=("Grace", "grace@example.com"), committed_s=5
    )
    with open_history(git) as history:
        commit = history.get_commit(sha)
        assert commit is not None
        assert (commit.subject, commit.body) == ("feat: one", "body\n  more")
        assert (commit.author.name, commit.author.email) == ("Grace", "grace@example.com")
        assert (commit.authored, commit.authored_offset, commit.committed) == (repo.now_s, -210, 5)
        assert [(c.status, c.path) for c in commit.changes] == [("A", "a.py")]
        assert commit.changes[0].new_blob == repo.git("rev-parse", "HEAD:a.py")
        assert history.rev == sha


def test_hashes_may_be_abbreviated_while_unique(repo: GitRepo, git: Git) -> None:
    sha = repo.commit("one")
    with open_history(git) as history:
        for short in (sha, sha[:7], sha[:12].upper(), sha[:9]):
            found = history.get_commit(short)
            assert found is not None
            assert found.sha == sha
        for wrong in (sha[:6], "f" * 7, "nothex!", sha + "0", ""):
            assert history.get_commit(wrong) is None


def test_order_is_topological_whatever_the_clocks_said(repo: GitRepo, git: Git) -> None:
    shas = [repo.commit("late", at_s=4_102_444_800), repo.commit("early", at_s=0), repo.commit("middle")]
    repo.branch("side", shas[0])
    shas.append(repo.commit("side", at_s=86_400))
    repo.checkout("main")
    shas.append(repo.merge("side"))
    with open_history(git) as history:
        found = history.get_commits(reversed(shas))
        place = {commit.sha: n for n, commit in enumerate(found)}
        assert all(place[parent] < place[commit.sha] for commit in found for parent in commit.parents)
        assert [c.sha for c in history.list_commits()] == [c.sha for c in reversed(found)]
        assert list(history.list_subjects()) == subjects(found)[::-1]
        assert len(history.list_subjects(2)) == 2


def test_order_does_not_depend_on_how_the_index_came_to_be(repo: GitRepo, git: Git) -> None:
    root = repo.commit("root", at_s=0)
    for n in range(4):
        repo.branch(f"b{n}", root)
        repo.commit(f"work {n}", {f"f{n}": "x"}, at_s=1_700_000_000)
        open_history(git).close()
    repo.checkout("main")
    for n in range(4):
        repo.merge(f"b{n}")
    with open_history(git) as history:
        stepwise = [c.sha for c in history.list_commits()]
    index_of(repo).unlink()
    with open_history(git) as history:
        assert [c.sha for c in history.list_commits()] == stepwise
        assert len(stepwise) == 9


def test_mailmap_is_that_of_the_revision(repo: GitRepo, git: Git) -> None:
    one = repo.commit("one", {"a": "x"})
    two = repo.commit("two", {".mailmap": "Ada Lovelace <ada@example.com>\n"})
    names = []
    for rev, use in ((one, True), (two, True), (two, False)):
        with open_history(git, rev, use_mailmap=use) as history:
            commit = history.get_commit(one)
            assert commit is not None
            names.append(commit.author.name)
    assert names == ["Ada Author", "Ada Lovelace", "Ada Author"]


# ------------------------------------------------------------------- only ancestors, only new commits


def test_only_ancestors_of_the_revision_are_seen(repo: GitRepo, git: Git) -> None:
    one = repo.commit("DM-01.1 one", {"a": "1"})
    two = repo.commit("DM-01.1 two", {"a": "2"})
    repo.branch("side", one)
    three = repo.commit("DM-01.1 three", {"a": "3"})
    expected = {two: ["one", "two"], three: ["one", "three"], one: ["one"]}
    for rev in (two, three, one, two):
        with read_grammar(open_history(git, rev)) as history:
            wanted = [f"DM-01.1 {name}" for name in expected[rev]]
            assert subjects(history.find_mentioning(StoryKey("DM", (1, 1)))) == wanted
            assert subjects(history.find_touching(["a"])) == wanted
            assert subjects(history.get_commits([one, two, three])) == wanted
            assert history.find_mentioned_keys() == {StoryKey("DM", (1, 1)): len(wanted)}
            assert len(list(history.list_commits())) == len(wanted)
            assert (history.get_commit(three) is None) == (rev != three)


def test_an_update_reads_only_new_commits(repo: GitRepo, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    stream = Git.stream_log

    def count(self: Git, tips: Sequence[str], exclude: Sequence[str], options: LogOptions) -> Iterator[bytes]:
        content = b"".join(stream(self, tips, exclude, options))
        read.append(content.count(b"ada@example.com"))
        yield content

    monkeypatch.setattr(Git, "stream_log", count)
    for n in range(3):
        repo.commit(f"{n}", {"a": str(n)})
    open_history(git).close()
    open_history(git).close()
    repo.commit("new", {"a": "new"})
    open_history(git).close()
    open_history(git, "HEAD~2").close()
    assert read == [3, 1]


def test_rewritten_history_vanishes(repo: GitRepo, git: Git) -> None:
    repo.commit("one", {"a": "1"})
    gone = repo.commit("two", {"a": "2"})
    open_history(git).close()
    repo.git("reset", "-q", "--hard", "HEAD~1")
    kept = repo.commit("two again", {"a": "3"})
    repo.git("reflog", "expire", "--expire=all", "--all")
    repo.git("gc", "-q", "--prune=now")
    with open_history(git) as history:
        assert subjects(history.find_touching(["a"])) == ["one", "two again"]
        assert history.get_commit(gone) is None
        assert history.get_commit(kept) is not None
        assert history.notices == ()


def test_the_last_revisions_are_kept_and_older_ones_come_back(repo: GitRepo, git: Git) -> None:
    shas = [repo.commit(f"{n}", {"a": str(n)}) for n in range(KEPT_REVISIONS + 3)]
    for sha in [*shas, *shas]:
        with open_history(git, sha) as history:
            assert len(history.find_touching(["a"])) == shas.index(sha) + 1
    with sqlite3.connect(index_of(repo)) as connection:
        assert connection.execute("SELECT count(*) FROM revisions").fetchone() == (KEPT_REVISIONS,)
        assert connection.execute("SELECT count(*) FROM tips").fetchone() == (1,)
    connection.close()


def test_linked_worktrees_share_one_index(repo: GitRepo, tmp_path: Path) -> None:
    repo.commit("one", {"a": "1"})
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    with open_repository(tmp_path / "linked") as git, open_history(git) as history:
        assert subjects(list(history.list_commits())) == ["one"]
        assert git.top == tmp_path / "linked"
    assert index_of(repo).exists()


# ---------------------------------------------------------------------------------------- mentions


def test_a_key_finds_its_own_and_unprefixed_mentions(repo: GitRepo, git: Git) -> None:
    repo.commit("DM-01.6: prefixed")
    repo.commit("feat(story-1.6): no prefix")
    repo.commit("KB-01.6: another prefix")
    repo.commit("DM-01.5 to DM-01.7: a range")
    repo.commit("DM-01.60: longer")
    with read_grammar(open_history(git)) as history:
        found = subjects(history.find_mentioning(StoryKey("DM", (1, 6))))
        assert found == ["DM-01.6: prefixed", "feat(story-1.6): no prefix", "DM-01.5 to DM-01.7: a range"]
        assert history.find_mentioned_keys()[StoryKey("DM", (1, 60))] == 1
        assert list(history.find_mentioned_keys()) == sorted(history.find_mentioned_keys())


def test_another_grammar_reads_every_message_again_and_the_same_one_none(repo: GitRepo, git: Git) -> None:
    repo.commit("DM-01.1 one")
    read: list[str] = []

    def find(text: str) -> tuple[()]:
        read.append(text)
        return ()

    for version in ("a", "a", "b"):
        with open_history(git) as history:
            history.use_grammar(find, version)
            assert history.find_mentioned_keys() == {}
    repo.commit("DM-01.1 two")
    with open_history(git) as history:
        history.use_grammar(find, "b")
    assert read == ["DM-01.1 one", "DM-01.1 one", "DM-01.1 two"]


def test_asking_for_keys_without_a_grammar_is_our_own_mistake(repo: GitRepo, git: Git) -> None:
    repo.commit("one")
    with open_history(git) as history, pytest.raises(RuntimeError, match="use_grammar"):
        history.find_mentioned_keys()


# ------------------------------------------------------------------------------------------- paths


def test_a_file_is_found_under_its_old_names(repo: GitRepo, git: Git) -> None:
    repo.commit("add", {"one.py": BODY, "other.py": "x\n"})
    repo.rename("one.py", "two.py", "first move")
    repo.commit("change", {"two.py": BODY + "more\n"})
    repo.rename("two.py", "sub/three.py", "second move")
    repo.commit("another file of the first name", {"one.py": "something else\n"})
    with open_history(git) as history:
        assert subjects(history.find_touching(["sub/three.py"])) == ["add", "first move", "change", "second move"]
        assert subjects(history.find_touching(["other.py"])) == ["add"]
        assert subjects(history.find_touching(["one.py"])) == ["add", "first move", "another file of the first name"]
        assert history.find_touching(["absent.py"]) == ()
        assert history.find_touching([]) == ()


def test_a_path_is_followed_to_where_it_stands_now(repo: GitRepo, git: Git) -> None:
    one = repo.commit("add", {"one.py": BODY, "stays.py": "x\n", "goes.py": "unlike anything\n" * 9})
    two = repo.rename("one.py", "two.py", "first move")
    repo.rename("two.py", "sub/three.py", "second move")
    last = repo.commit("delete", {"goes.py": None, "one.py": "something else\n"})
    with open_history(git) as history:
        assert history.follow_path("one.py", one) == "sub/three.py"
        assert history.follow_path("two.py", two) == "sub/three.py"
        assert history.follow_path("one.py", last) == "one.py"
        assert history.follow_path("stays.py", one) == "stays.py"
        assert history.follow_path("goes.py", one) is None
    with open_history(git, two) as history:
        assert history.follow_path("one.py", one) == "two.py"


def test_a_move_on_another_branch_counts_once_it_is_merged(repo: GitRepo, git: Git) -> None:
    """The story's commit is younger than the move and yet knows nothing of it."""
    repo.commit("add", {"one.py": BODY})
    repo.branch("story")
    repo.checkout("main")
    repo.rename("one.py", "two.py", "move")
    repo.checkout("story")
    work = repo.commit("work", {"one.py": BODY + "work\n"})
    repo.checkout("main")
    repo.merge("story")
    with open_history(git) as history:
        assert history.follow_path("one.py", work) == "two.py"
    with open_history(git, work) as history:
        assert history.follow_path("one.py", work) == "one.py"


def test_a_move_there_and_back_and_one_that_a_merge_dropped(repo: GitRepo, git: Git) -> None:
    one = repo.commit("add", {"one.py": BODY, "kept.py": BODY.replace("line", "row")})
    repo.rename("one.py", "two.py", "there")
    repo.rename("two.py", "one.py", "back")
    repo.branch("side")
    repo.rename("kept.py", "moved.py", "a move that the merge drops")
    repo.checkout("main")
    repo.merge("side", files={"moved.py": None, "kept.py": BODY.replace("line", "row")})
    with open_history(git) as history:
        assert history.follow_path("one.py", one) == "one.py"
        assert history.follow_path("kept.py", one) == "kept.py"


def test_odd_names_are_found(repo: GitRepo, git: Git) -> None:
    names = ('quo"te', "new\nline", "ö", "-x", os.fsdecode(b"\xff\xfe"), "'; DROP TABLE paths; --")
    repo.commit("one", dict.fromkeys(names, "x"))
    with open_history(git) as history:
        for name in names:
            [commit] = history.find_touching([name])
            assert name in {change.path for change in commit.changes}
            assert history.follow_path(name, commit.sha) == name


# ----------------------------------------------------------------------------------- pull requests


def test_pull_requests_are_innermost_first(repo: GitRepo, git: Git) -> None:
    """
    root ───────────────────────── Merge pull request #4 from me/epic/dm-01     main
      └─ e1 ─────────── Merge branch 'story/dm-01-2' ─ e2 ─┘                    epic/dm-01
             └─ s1 ─ s2 ─┘                                                      story/dm-01-2
    """
    root = repo.commit("root")
    repo.branch("epic/dm-01")
    e1 = repo.commit("e1")
    repo.branch("story/dm-01-2")
    s1, s2 = repo.commit("s1"), repo.commit("s2")
    repo.checkout("epic/dm-01")
    inner = repo.merge("story/dm-01-2", message="Merge branch 'story/dm-01-2' into epic/dm-01")
    e2 = repo.commit("e2")
    repo.checkout("main")
    outer = repo.merge("epic/dm-01", message="Merge pull request #4 from me/epic/dm-01\n\nEpic DM-01\n")
    with open_history(git) as history:
        found = history.find_pull_requests(s1)
        assert [(p.merge, p.number, p.branch, p.title) for p in found] == [
            (inner, None, "story/dm-01-2", ""),
            (outer, 4, "epic/dm-01", "Epic DM-01"),
        ]
        assert found[0].commits == (s1, s2)
        assert found[1].commits == (e1, s1, s2, inner, e2)
        assert history.find_pull_requests(inner) == found[1:]
        assert history.find_pull_requests(outer) == ()
        assert history.find_pull_requests(root) == ()
        assert history.find_pull_requests("0" * 40) == ()


# ------------------------------------------------------------------------------------- kept values


def test_what_git_computes_is_computed_once(repo: GitRepo, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = repo.commit("one", {"a.py": "def f():\n    return 1\n"})
    answers = []
    for attempt in range(2):
        if attempt:
            for name in ("count_lines", "compute_patch_ids", "find_merge_only_changes"):
                monkeypatch.setattr(Git, name, None)
        with open_history(git) as history:
            for _ in range(2):
                counts, patch_id = history.count_lines(sha), history.compute_patch_id(sha)
                answers.append((counts, patch_id, history.find_merge_only_changes(sha)))
    assert len(set(answers)) == 1
    assert answers[0][0] == (LineCount("a.py", 2, 0),)
    assert len(answers[0][1]) == 12


# --------------------------------------------------------------------------- damage, locks and kills


def snapshot(history: SqliteHistory) -> list[tuple[object, ...]]:
    return [
        (c, history.find_pull_requests(c.sha), history.find_touching([ch.path for ch in c.changes]))
        for c in history.list_commits()
    ]


def write_story(repo: GitRepo) -> None:
    for n in range(8):
        repo.commit(f"DM-01.{n} work", {f"f{n}.py": BODY + str(n)})
        repo.branch(f"b{n}")
        repo.rename(f"f{n}.py", f"g{n}.py", "move")
        repo.checkout("main")
        repo.merge(f"b{n}")


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"not a database at all" * 100),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096)),
        lambda path: run_sql(path, "PRAGMA user_version = 99"),
        lambda path: run_sql(path, "DROP TABLE commits"),
        lambda path: run_sql(path, "UPDATE records SET record = x'00'"),
        lambda path: run_sql(path, "UPDATE revisions SET owner = x'00'"),
        lambda path: run_sql(path, "UPDATE meta SET value = 'other' WHERE key = 'shape'"),
    ],
    ids=["text", "empty", "half", "garbage", "version", "table", "records", "owner", "options"],
)
def test_a_damaged_index_is_made_again_and_said_so(repo: GitRepo, git: Git, damage: object) -> None:
    write_story(repo)
    with open_history(git) as history:
        expected = snapshot(history)
    assert callable(damage)
    damage(index_of(repo))
    with open_history(git) as history:
        assert snapshot(history) == expected
        assert any("made again" in notice for notice in history.notices)
    with open_history(git) as history:
        assert snapshot(history) == expected
        assert history.notices == ()


def run_sql(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


def test_damage_found_while_updating_is_repaired(repo: GitRepo, git: Git) -> None:
    write_story(repo)
    open_history(git).close()
    run_sql(index_of(repo), "DROP TABLE touches")
    repo.commit("new", {"a": "1"})
    with open_history(git) as history:
        assert subjects(history.find_touching(["a"])) == ["new"]
        assert len(history.notices) == 1


def test_options_of_the_log_make_another_index(repo: GitRepo, git: Git) -> None:
    repo.commit("one", {"old.py": BODY})
    repo.rename("old.py", "new.py", "two", BODY + "more\n")
    with open_history(git) as history:
        assert len(history.find_touching(["new.py"])) == 2
    with open_history(git, "HEAD", LogOptions(rename_threshold=100)) as history:
        assert len(history.find_touching(["new.py"])) == 1


def test_an_index_that_is_a_symbolic_link_is_refused(repo: GitRepo, git: Git, tmp_path: Path) -> None:
    repo.commit("one")
    open_history(git).close()
    index_of(repo).rename(tmp_path / "elsewhere")
    (repo.folder / ".git/kbgen/index-1.sqlite").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RepositoryError, match="symbolic link"):
        open_history(git)


def test_a_run_waits_for_another_and_then_refuses(repo: GitRepo, git: Git) -> None:
    repo.commit("one")
    with hold_lock(git.cache_folder / "lock", 0), pytest.raises(LockedError, match="another kbgen run"):
        open_history(git, wait_s=0.05)
    with open_history(git, wait_s=0.05) as history:
        assert len(list(history.list_commits())) == 1
    # Nothing to write: no lock is needed.
    with hold_lock(git.cache_folder / "lock", 0), open_history(git, wait_s=0) as history:
        assert len(list(history.list_commits())) == 1


def open_and_count(folder: Path, answers: multiprocessing.queues.Queue[int]) -> None:
    with open_repository(folder) as git, read_grammar(open_history(git)) as history:
        answers.put(len(list(history.list_commits())) + sum(history.find_mentioned_keys().values()))


def test_runs_at_once_agree(repo: GitRepo) -> None:
    write_story(repo)
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.queues.Queue[int] = context.Queue()
    runs = [context.Process(target=open_and_count, args=(repo.folder, answers)) for _ in range(3)]
    for run in runs:
        run.start()
    found = [answers.get(timeout=60) for _ in runs]
    for run in runs:
        run.join()
    assert len(set(found)) == 1
    assert found[0] > 24


KILLED = """
import sys
from pathlib import Path
from kbgen.adapters.git import open_repository
from kbgen.adapters.sqlite import open_history
git = open_repository(Path(sys.argv[1]))
print("go", flush=True)
open_history(git)
"""


def test_a_kill_at_any_moment_leaves_the_index_usable(repo: GitRepo, git: Git) -> None:
    write_story(repo)
    with open_history(git, "HEAD~3") as history:
        older = snapshot(history)
    for delay_ms in (0, 5, 10, 20, 40):
        repo.commit(f"new {delay_ms}", {"new": str(delay_ms)})
        run = subprocess.Popen([sys.executable, "-c", KILLED, str(repo.folder)], stdout=subprocess.PIPE)
        assert run.stdout is not None
        run.stdout.readline()
        time.sleep(delay_ms / 1000)
        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()
        with open_history(git) as history:
            assert history.notices == ()
            assert len(history.find_touching(["new"])) == (0, 5, 10, 20, 40).index(delay_ms) + 1
    with open_history(git, "HEAD~8") as history:
        assert snapshot(history) == older


# ------------------------------------------------------------------------------------------- facts


BLOB, OTHER = "ab" * 20, "cd" * 20
FACTS = '["latin-\\udce9.py","é"]'


def test_facts_come_back_as_they_were(tmp_path: Path) -> None:
    with SqliteFacts(tmp_path) as store:
        store.save_facts("python-1", [(BLOB, FACTS), (OTHER, "")])
        store.save_facts("python-1", iter([(OTHER, "x" * 100_000)]))
    with SqliteFacts(tmp_path) as store:
        assert store.load_facts("python-1", [BLOB, OTHER, "00" * 20]) == {BLOB: FACTS, OTHER: "x" * 100_000}
        assert store.load_facts("python-2", [BLOB]) == {}
        assert store.notices == ()
    [path] = tmp_path.glob("facts-*.sqlite")
    assert path.stat().st_size < 100_000


def test_results_come_back_by_key_and_name(tmp_path: Path) -> None:
    with SqliteFacts(tmp_path) as store:
        store.save_results("one", [("facts", "[]"), ("facts:route", "é")])
        store.save_results("one", [("diagram:mesh", "{}"), ("facts", "[1]")])
        store.save_results("two", [("facts", "[2]")])
    with SqliteFacts(tmp_path) as store:
        names = ("facts", "facts:route", "diagram:mesh", "facts:agent")
        assert [store.load_result("one", name) for name in names] == ["[1]", "é", "{}", None]
        assert store.load_result("two", "facts") == "[2]"
        assert store.load_result("three", "facts") is None


def test_results_of_the_last_few_keys_are_kept(tmp_path: Path) -> None:
    keys = [f"key-{number}" for number in range(20)]
    with SqliteFacts(tmp_path) as store:
        for key in keys:
            store.save_results(key, [("facts", key), ("more", "x")])
        kept = [key for key in keys if store.load_result(key, "facts") == key]
        assert kept == keys[-KEPT_KEYS:]
        store.save_results(keys[-1], [("other", "x")])
        assert store.load_result(kept[0], "more") == "x"
    with sqlite3.connect(next(tmp_path.glob("facts-*.sqlite"))) as connection:
        assert connection.execute("SELECT count(*) FROM results").fetchone() == (2 * KEPT_KEYS + 1,)
        assert connection.execute("SELECT count(*) FROM keys").fetchone() == (KEPT_KEYS,)
    connection.close()


def test_a_result_is_saved_with_all_others_or_not_at_all(tmp_path: Path) -> None:
    def compute() -> Iterator[tuple[str, str]]:
        yield "facts", "[]"
        raise KeyboardInterrupt

    with SqliteFacts(tmp_path) as store:
        with pytest.raises(KeyboardInterrupt):
            store.save_results("one", compute())
        assert store.load_result("one", "facts") is None
        store.save_results("one", [("facts", "[]")])
        assert store.load_result("one", "facts") == "[]"


def test_what_is_no_packed_text_counts_as_unknown(tmp_path: Path) -> None:
    with SqliteFacts(tmp_path) as store:
        store.save_facts("1", [(BLOB, FACTS)])
        store.save_results("one", [("facts", "[]")])
        path = next(tmp_path.glob("facts-*.sqlite"))
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE facts SET value = 'nonsense'")
            connection.execute("UPDATE results SET value = x'789c00'")
        connection.close()
        assert store.load_facts("1", [BLOB]) == {}
        assert store.load_result("one", "facts") is None


def test_the_store_of_an_older_version_is_removed(tmp_path: Path) -> None:
    (tmp_path / "facts-1.sqlite").write_bytes(b"old")
    (tmp_path / "index-1.sqlite").write_bytes(b"index")
    with SqliteFacts(tmp_path):
        assert sorted(path.name for path in tmp_path.iterdir()) == ["facts-2.sqlite", "index-1.sqlite"]


def test_documents_come_back_by_path_and_blob(tmp_path: Path) -> None:
    with SqliteFacts(tmp_path) as store:
        store.save_documents("1", [("a.md", "ab" * 20, "{}"), ("b.md", "ab" * 20, '{"b":1}')])
        store.save_documents("1", [("a.md", "ab" * 20, '{"a":2}')])
        wanted = [("a.md", "ab" * 20), ("b.md", "ab" * 20), ("a.md", "cd" * 20)]
        assert store.load_documents("1", wanted) == {wanted[0]: '{"a":2}', wanted[1]: '{"b":1}'}
        assert store.load_documents("2", wanted) == {}


@pytest.mark.parametrize("content", [b"no database", b"", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_fact_store_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    with SqliteFacts(tmp_path) as store:
        store.save_facts("1", [(BLOB, FACTS)])
    [path] = tmp_path.glob("facts-*.sqlite")
    path.write_bytes(content)
    with SqliteFacts(tmp_path) as store:
        assert store.load_facts("1", [BLOB]) == {}
        store.save_facts("1", [(BLOB, FACTS)])
        assert store.load_facts("1", [BLOB]) == {BLOB: FACTS}


def test_a_fact_store_damaged_in_the_middle_of_a_run_is_begun_anew(tmp_path: Path) -> None:
    many = {f"{n:040x}": str(n) * 600 for n in range(300)}
    with SqliteFacts(tmp_path) as store:
        store.save_facts("1", many.items())
    [path] = tmp_path.glob("facts-*.sqlite")
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    with SqliteFacts(tmp_path) as store:
        store.load_facts("1", list(many))
        store.save_facts("1", many.items())
        assert store.load_facts("1", list(many)) == many
        assert len(store.notices) == 1


def test_a_fact_store_that_another_run_holds_costs_only_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kbgen.adapters.sqlite_index.WAIT_S", 0.05)
    with SqliteFacts(tmp_path) as store:
        holder = sqlite3.connect(tmp_path / "facts-2.sqlite", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        store.save_facts("1", [(BLOB, FACTS)])
        assert store.load_facts("1", [BLOB]) == {}
        holder.close()
