"""The command on repositories of every shape: what must simply work, and what must be refused in one clear way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands import FENCE, FENCE_STORY, KEY_STORY, PLAN, Kbgen, list_files, make_project, spawn
from tests.gitrepo import Content, GitRepo


class TestWorks:
    def test_a_detached_head(self, kbgen: Kbgen, project: GitRepo) -> None:
        project.git("checkout", "-q", "--detach", "HEAD~1")
        assert kbgen("backfill", "DM-01.1", at=project.folder).code == 0
        assert "src/fence.py" in (project.folder / FENCE_STORY).read_text()

    def test_a_linked_worktree_writes_there_and_shares_the_index(
        self, kbgen: Kbgen, project: GitRepo, tmp_path: Path
    ) -> None:
        project.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
        before = list_files(project.folder)
        assert kbgen("backfill", "DM-01.1", at=tmp_path / "linked" / "src").code == 0
        assert list_files(project.folder) == before
        assert "kbgen:begin" in (tmp_path / "linked" / FENCE_STORY).read_text()
        assert (project.folder / ".git" / "kbgen").is_dir()
        assert not (project.folder / ".git" / "worktrees" / "linked" / "kbgen").exists()

    def test_a_bare_repository_is_read_and_written_elsewhere(
        self, kbgen: Kbgen, project: GitRepo, tmp_path: Path
    ) -> None:
        project.commit("chore: options", {"kbgen.yaml": "ids.ignore: [DM-01.3]\n"})
        bare = project.copy(tmp_path / "bare.git", "--bare").folder
        assert kbgen("show", "DM-01.1", at=bare).out == kbgen("show", "DM-01.1", at=project.folder).out
        assert kbgen("show", "src/fence.py", at=bare).out == kbgen("show", "src/fence.py", at=project.folder).out
        assert (
            kbgen("stories", "--format", "json", at=bare).out
            == kbgen("stories", "--format", "json", at=project.folder).out
        )
        for command in (("backfill", "DM-01.1"), ("backfill", "--missing"), ("init",)):
            refused = kbgen(*command, at=bare)
            assert (refused.code, refused.out) == (2, "")
            assert "a bare repository has no work tree to write to" in refused.err
            assert "hint: " in refused.err
        for option in (("DM-01.1",), ("--missing",), ("--all", "--check")):
            result = kbgen("backfill", *option, "--output", tmp_path / "out", at=bare)
            assert result.code == 0, result
        assert list(list_files(tmp_path / "out")) == ["stories/DM-01.1.md", "stories/DM-01.2.md"]

    def test_sha256(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make_project(tmp_path / "long", object_format="sha256")
        shown = kbgen("show", "DM-01.1", "--format", "json", at=repo.folder).json
        assert [len(commit["sha"]) for commit in shown["commits"]] == [64, 64]
        assert shown["tests"] == [{"path": "tests/test_fence.py", "cases": 1, "cases_now": 1}]
        assert kbgen("backfill", "DM-01", at=repo.folder).code == 0
        assert kbgen("backfill", "DM-01", "--check", at=repo.folder).code == 0

    def test_a_nested_repository_and_a_relative_folder(self, kbgen: Kbgen, project: GitRepo) -> None:
        inner = make_project(project.folder / "vendor" / "inner")
        inner.commit("feat(dm-01.3): the bell", {"src/bell.py": "BELL = 1\n"})
        outside = list_files(project.folder)
        assert kbgen("-C", "vendor/inner/src", "backfill", "DM-01.3", at=project.folder).code == 0
        changed = [p for p, c in list_files(project.folder).items() if outside.get(p) != c]
        assert changed == ["vendor/inner/output/stories/DM-01.3.md"]
        bells = {
            folder: kbgen("-C", folder, "show", "DM-01.3", "--format", "json", at=project.folder).json["files"]
            for folder in (".", "vendor", "vendor/inner", "vendor/inner/docs/..")
        }
        assert [len(files) for files in bells.values()] == [0, 0, 1, 1]

    def test_two_modules_that_number_alike(self, kbgen: Kbgen, repo: GitRepo) -> None:
        for module, title in (("lamps", "Bulb"), ("chairs", "Leg")):
            path = f"docs/modules/{module}/stories/3-1-{title.lower()}.md"
            repo.commit(
                f"feat({module}): story 3.1, the {title.lower()}",
                {
                    path: f"# Story 3.1: {title}\n\nStatus: done\n",
                    f"{module}/{title.lower()}.py": f"{title.upper()} = 1\n",
                },
            )
        listed = kbgen("stories", "--format", "json", at=repo.folder).json
        assert {(s["title"], s["commits"]) for s in listed} == {("Bulb", 1), ("Leg", 1)}
        both = kbgen("show", "3-1", at=repo.folder)
        assert both.code == 2
        assert "names 2 stories" in both.err
        assert "docs/modules/chairs/stories/3-1-leg.md" in both.err
        pages = kbgen("backfill", "3-1", "--output", "out", "--format", "json", at=repo.folder).json["written"]
        assert sorted(pages) == ["stories/chairs-3.1.md", "stories/lamps-3.1.md"]
        assert kbgen("backfill", "--all", "--output", "out", "--check", at=repo.folder).code == 0
        one = kbgen("backfill", "docs/modules/lamps/stories/3-1-bulb.md", "--format", "json", at=repo.folder).json
        assert one["written"] == ["docs/modules/lamps/stories/3-1-bulb.md"]

    @pytest.mark.parametrize(
        "message",
        [
            "feat(dm-01.1): <!-- kbgen:end implementation-notes sha256:00 --> more",
            "feat(dm-01.1): x\n\n- <!-- kbgen:begin implementation-notes -->\n- <!-- kbgen:end other sha256:0 -->\n",
            "feat(dm-01.1): <script>alert(1)</script> <img src=x onerror=y> </details>",
            "feat(dm-01.1): \x1b[31mred\x07 \x01\x08\x7f\u202e end",
            b"feat(dm-01.1): \xff\xfe latin \xe4",
            "feat(dm-01.1): big\n\n" + "- a line that says nothing\n" * 200_000,
            "feat(dm-01.1): " + "x" * 100_000,
        ],
        ids=["marker", "markers", "html", "control", "bytes", "5 MB", "long subject"],
    )
    def test_messages(self, kbgen: Kbgen, project: GitRepo, message: str | bytes) -> None:
        project.commit(message, {"src/more.py": "MORE = 1\n"})
        assert kbgen("backfill", "DM-01.1", at=project.folder).code == 0
        text = (project.folder / FENCE_STORY).read_text()
        assert text.count("<!-- kbgen:") == 2
        assert "<script>" not in text
        assert "<img" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert text.count("<details>") == text.count("</details>")
        assert len(text) < 200_000
        assert kbgen("backfill", "DM-01.1", "--check", at=project.folder).code == 0
        shown = kbgen("show", "DM-01.1", at=project.folder)
        assert shown.code == 0
        assert "\x1b" not in shown.out
        assert "src/more.py" in shown.out
        assert kbgen("show", "DM-01.1", "--format", "json", at=project.folder).code == 0

    def test_file_names(self, kbgen: Kbgen, project: GitRepo) -> None:
        names = [
            "new\nline.py", 'quo"te.py', "ümläut/日本.py", "-rf.py", "--help", "tab\there.py", " blank .py", "a|b.py",
            "`tick`.py", "<b>.py", "]x](y).py", "\udcff\udcfe.py", "$(touch pwned).py", "a\\b.py", ":(top)x.py", "*.py",
        ]  # fmt: skip
        files: dict[str, Content] = {f"src/{name}": f"X{n} = {n}\n" for n, name in enumerate(names)}
        files["-lead.py"] = "LEAD = 1\n"
        project.commit("feat(dm-01.1): names", files)
        assert kbgen("backfill", "DM-01.1", at=project.folder).code == 0
        assert kbgen("backfill", "DM-01.1", "--check", at=project.folder).code == 0
        text = (project.folder / FENCE_STORY).read_text()
        assert "\udcff" not in text
        assert "src/ümläut/日本.py" in text
        shown = kbgen("show", "DM-01.1", "--format", "json", at=project.folder).json
        assert {f["path"] for f in shown["files"]} >= set(files)
        for name in files:
            # A name like an option comes after `--`, as everywhere.
            report = kbgen("show", "--format", "json", "--", name, at=project.folder)
            assert report.json["path"] == name
            assert report.json["stories"][0]["story"] == "DM-01.1"
            assert kbgen("show", "--", name, at=project.folder).code == 0
        assert not (project.folder / "pwned").exists()

    @pytest.mark.parametrize(
        "damage",
        [b"", b"no database at all", b"SQLite format 3\0" + b"\xff" * 5000],
        ids=["empty", "text", "torn"],
    )
    def test_a_damaged_index_is_made_again_and_said(self, kbgen: Kbgen, project: GitRepo, damage: bytes) -> None:
        good = kbgen("show", "DM-01.1", at=project.folder)
        stores = sorted((project.folder / ".git" / "kbgen").glob("*.sqlite"))
        assert len(stores) >= 2
        for store in stores:
            store.write_bytes(damage)
        result = kbgen("show", "DM-01.1", at=project.folder)
        assert (result.code, result.out) == (0, good.out)
        if damage:
            assert "note: " in result.err
            assert "again" in result.err or "anew" in result.err
        quiet = kbgen("show", "DM-01.1", at=project.folder)
        assert (quiet.out, quiet.err) == (good.out, "")

    def test_an_index_of_another_version_is_made_again_and_said(self, kbgen: Kbgen, project: GitRepo) -> None:
        import sqlite3

        good = kbgen("show", "DM-01.1", at=project.folder)
        for store in sorted((project.folder / ".git" / "kbgen").glob("*.sqlite")):
            with sqlite3.connect(store) as connection:
                connection.execute("PRAGMA user_version = 999")
            connection.close()
        result = kbgen("show", "DM-01.1", at=project.folder)
        assert (result.code, result.out) == (0, good.out)
        assert result.err.startswith("note: the history index was of another version and has been made again")

    def test_a_cache_that_is_gone_loses_nothing(self, kbgen: Kbgen, project: GitRepo) -> None:
        kbgen("backfill", "DM-01", at=project.folder)
        shutil.rmtree(project.folder / ".git" / "kbgen")
        result = kbgen("backfill", "DM-01", at=project.folder)
        assert (result.out, result.err) == ("0 written, 3 unchanged, 0 left out\n", "")

    def test_rewritten_history(self, kbgen: Kbgen, project: GitRepo) -> None:
        kbgen("backfill", "DM-01.1", at=project.folder)
        gone = project.git("rev-parse", "HEAD~2")
        project.git("stash", "-q")
        project.git("reset", "-q", "--hard", "HEAD~3")
        project.commit("feat(dm-01.1): the fence, once more", {"src/fence.py": FENCE})
        shown = kbgen("show", "DM-01.1", "--format", "json", at=project.folder).json
        assert gone not in [commit["sha"] for commit in shown["commits"]]
        assert [c["subject"] for c in shown["commits"] if c["role"] == "implements"] == [
            "feat(dm-01.1): the fence, once more"
        ]


class TestSameBytes:
    def test_time_zone_locale_folder_and_index(self, project: GitRepo, tmp_path: Path) -> None:
        project.zone = "+0545"
        project.commit("feat(dm-01.1): ünïcode", {"src/ü.py": "Ü = 1\n"}, author=("Zoë Ångström", "zoe@example.com"))
        settings = [
            ({}, ""),
            ({"TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "7"}, "docs"),
            (
                {"LC_ALL": "de_DE.ISO-8859-1", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1", "COLUMNS": "20"},
                "tests",
            ),
        ]
        seen = set()
        for number, (environment, folder) in enumerate(settings):
            copy = project.folder.with_name(f"copy{number}")
            shutil.copytree(project.folder, copy)
            report = spawn("backfill", "DM-01", "--diff", "--format", "json", at=copy / folder, environment=environment)
            assert (report.code, report.err) == (0, ""), report
            seen.add((tuple(list_files(copy).items()), report.out))
        assert len(seen) == 1
        # An encoding that lacks a character is no reason to fail.
        shown = spawn("show", "DM-01.1", at=copy, environment=settings[2][0])
        assert (shown.code, shown.err) == (0, "")
        assert "- \\u201cHinges are bought" in shown.out

    def test_an_older_revision_from_anywhere(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        """A revision outside HEAD's ancestors, with other commits in the index."""
        project.branch("side", "HEAD~3")
        project.commit("feat(dm-01.1): a side door", {"src/side.py": "SIDE = 1\n"})
        project.checkout("main")
        kbgen("stories", at=project.folder)
        for revision in ("side", "HEAD~2", "main"):
            fresh = project.copy(tmp_path / revision.replace("~", "-"))
            fresh.git("fetch", "-q", "origin", "side:side")
            for repo in (project, fresh):
                assert kbgen("backfill", "DM-01.1", "--rev", revision, "--output", "out", at=repo.folder).code == 0
            page = "out/stories/DM-01.1.md"
            assert (project.folder / page).read_bytes() == (fresh.folder / page).read_bytes()
            (project.folder / page).unlink()


class TestKilled:
    def test_a_kill_at_any_moment_leaves_whole_documents_and_a_usable_index(self, kbgen: Kbgen, sample: Path) -> None:
        stories = sample / "docs" / "stories"
        before = {path.name: path.read_bytes() for path in stories.iterdir()}
        for delay_s in (0.3, 0.6, 1.0):
            process = start("backfill", "--all", at=sample)
            time.sleep(delay_s)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            for path in stories.glob("*.md"):
                content = path.read_bytes()
                assert content.startswith(before[path.name].rstrip(b"\n"))
                assert content.count(b"kbgen:begin") == content.count(b"kbgen:end")
        assert kbgen("backfill", "--all", at=sample).code == 0
        assert kbgen("backfill", "--all", "--check", at=sample).code == 0
        assert not list(sample.rglob(".kbgen-*"))

    def test_a_kill_between_writing_and_renaming(self, kbgen: Kbgen, project: GitRepo) -> None:
        """What a run that was killed there leaves behind is a temporary file, which the next run removes."""
        kbgen("stories", at=project.folder)
        before = list_files(project.folder)
        code = (
            "import os, signal\n"
            "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
            "from kbgen.cli import main\n"
            "main(['backfill', 'DM-01.1'])"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=project.folder, capture_output=True, check=False)
        assert done.returncode == -signal.SIGKILL
        left = [path for path in list_files(project.folder) if path not in before]
        assert [Path(path).name.startswith(".kbgen-") for path in left] == [True]
        assert (project.folder / FENCE_STORY).read_bytes() == before[FENCE_STORY]
        assert kbgen("backfill", "DM-01.1", at=project.folder).code == 0
        assert list(list_files(project.folder)) == list(before)

    def test_two_runs_at_once(self, kbgen: Kbgen, sample: Path) -> None:
        runs = [start("backfill", "DM-01", "DM-02.5..DM-02.9", at=sample) for _ in range(2)]
        for run in runs:
            _, errors = run.communicate(timeout=120)
            assert (run.returncode, errors) == (0, b"")
        assert kbgen("backfill", "DM-01", "DM-02.5..DM-02.9", "--check", at=sample).code == 0


def start(*arguments: str, at: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kbgen", *arguments]
    return subprocess.Popen(command, cwd=at, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def assert_refused(kbgen: Kbgen, folder: Path, slug: str, said: str, hint: str, *commands: tuple[str, ...]) -> None:
    """Each command fails with one error and one hint, on stderr only, and leaves every file as it was."""
    before = list_files(folder)
    for command in commands or (("backfill", "DM-01.1"), ("show", "DM-01.1"), ("stories",), ("init",)):
        result = kbgen(*command, at=folder)
        assert result.code == 2, result
        assert result.out == ""
        assert result.err.startswith(f"kbgen: {slug}: "), result.err
        assert said in result.err
        assert result.err.count("\n  hint: ") == 1
        assert hint in result.err.rpartition("\n  hint: ")[2]
    assert list_files(folder) == before


class TestRefused:
    def test_no_repository(self, kbgen: Kbgen, tmp_path: Path) -> None:
        (tmp_path / "plain").mkdir()
        assert_refused(kbgen, tmp_path / "plain", "not-a-repository", "not inside a git repository", "-C DIR")

    def test_no_folder(self, kbgen: Kbgen, tmp_path: Path) -> None:
        assert_refused(kbgen, tmp_path, "not-a-repository", "nowhere", "folder", ("-C", "nowhere/at/all", "stories"))

    def test_a_repository_of_another_owner(self, kbgen: Kbgen, project: GitRepo) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can give a folder to another owner")
        for place in [project.folder, *project.folder.rglob("*")]:
            os.chown(place, 12345, 12345, follow_symlinks=False)
        assert_refused(kbgen, project.folder, "distrusted-repository", "dubious ownership", "safe.directory")
        assert not (project.folder / ".git" / "kbgen").exists()

    def test_no_commit_yet(self, kbgen: Kbgen, repo: GitRepo) -> None:
        assert_refused(kbgen, repo.folder, "empty-repository", "no commit yet", "first commit")
        assert not (repo.folder / ".git" / "kbgen").exists()

    def test_a_branch_without_a_commit(self, kbgen: Kbgen, project: GitRepo) -> None:
        project.git("checkout", "-q", "--orphan", "new")
        assert_refused(kbgen, project.folder, "empty-repository", "branch new", "--rev")
        assert kbgen("stories", "--rev", "main", at=project.folder).code == 0

    def test_a_shallow_clone(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        shallow = project.copy(tmp_path / "shallow", "--depth=1")
        assert_refused(kbgen, shallow.folder, "incomplete-history", "shallow", "git fetch --unshallow")
        shallow.git("fetch", "-q", "--unshallow")
        assert kbgen("backfill", "DM-01.1", at=shallow.folder).code == 0

    def test_a_partial_clone(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        project.git("config", "uploadpack.allowFilter", "true")
        partial = project.copy(tmp_path / "partial", "--filter=blob:none")
        assert_refused(kbgen, partial.folder, "incomplete-history", "partial clone", "without --filter")

    @pytest.mark.parametrize("revision", ["nowhere", "HEAD~99", "-x", "--all", "HEAD:src", "deadbeef" * 5, "a\nb"])
    def test_an_unknown_revision(self, kbgen: Kbgen, project: GitRepo, revision: str) -> None:
        commands = [(command, "DM-01.1", f"--rev={revision}") for command in ("backfill", "show", "stories")]
        assert_refused(kbgen, project.folder, "unknown-revision", "no commit is named", "git log", *commands)

    @pytest.mark.parametrize(
        ("argument", "near"),
        [
            ("DM-01.4", "DM-01.3"),
            ("DM-1.30", "DM-01.3"),
            ("DN-01.1", "DM-01.1"),
            ("DM-77", "DM-01"),
            ("x" * 5000, "kbgen stories"),
        ],
        ids=["next", "digit", "prefix", "epic", "long"],
    )
    def test_an_unknown_story(self, kbgen: Kbgen, project: GitRepo, argument: str, near: str) -> None:
        commands = [("backfill", "DM-01.1", argument), ("show", argument), ("stories", argument)]
        assert_refused(kbgen, project.folder, "unknown-story", "no story", near, *commands)

    def test_every_unknown_story_is_named_at_once(self, kbgen: Kbgen, project: GitRepo) -> None:
        result = kbgen("backfill", "DM-05.1", "DM-06.1", "DM-01.1", at=project.folder)
        assert "DM-05.1" in result.err
        assert "DM-06.1" in result.err
        assert "kbgen:begin" not in (project.folder / FENCE_STORY).read_text()


class TestConfig:
    def test_every_problem_at_once_with_its_line(self, kbgen: Kbgen, project: GitRepo) -> None:
        text = "storys: ['*.md']\nmailmap: 7\nids:\n  prefixes: 3\n  trakers: [X]\nrename_limit: -1\nnotes: in-storry\n"
        (project.folder / "kbgen.yaml").write_text(text)
        result = kbgen("stories", at=project.folder)
        assert result.code == 2
        assert result.out == ""
        lines = result.err.splitlines()
        assert [line.rpartition("kbgen.yaml:")[2].split(":")[0] for line in lines[:-1]] == [
            "1",
            "2",
            "4",
            "5",
            "6",
            "7",
        ]
        assert "did you mean stories?" in lines[0]
        assert "did you mean ids.trackers?" in lines[3]
        assert "did you mean in-story?" in lines[5]
        assert lines[-1].startswith("  hint: ")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (b"a: [1\n", "kbgen.yaml:2"),
            (b"- 1\n", "kbgen.yaml:1"),
            (b"mailmap: true\nnoise: ['\xff']\n", "kbgen.yaml:2: is no UTF-8 text"),
            (b"a: &a [*a]\n", "alias inside itself"),
            (b"output_dir: ../elsewhere\n", "inside the repository"),
            (b"output_dir: .git/x\n", "inside the repository"),
            (b"\x00\x01", "kbgen.yaml:1"),
            (b"mailmap: true\nmailmap: false\n", "kbgen.yaml:2: mailmap is given twice"),
        ],
    )
    def test_a_broken_file(self, kbgen: Kbgen, project: GitRepo, text: bytes, said: str) -> None:
        (project.folder / "kbgen.yaml").write_bytes(text)
        assert_refused(kbgen, project.folder, "config", said, "")

    def test_a_link_or_a_folder_in_its_place(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        (tmp_path / "other.yaml").write_text("mailmap: false\n")
        (project.folder / "kbgen.yaml").symlink_to(tmp_path / "other.yaml")
        assert_refused(kbgen, project.folder, "output", "kbgen.yaml: is a symbolic link", "link")
        (project.folder / "kbgen.yaml").unlink()
        (project.folder / "kbgen.yaml").mkdir()
        assert_refused(kbgen, project.folder, "output", "kbgen.yaml: is a folder", "")

    def test_options_reach_the_run(self, kbgen: Kbgen, project: GitRepo) -> None:
        write = (project.folder / "kbgen.yaml").write_text
        write("notes: output\noutput_dir: docs/kb\n")
        assert kbgen("backfill", "DM-01.1", "--format", "json", at=project.folder).json["written"] == [
            "docs/kb/stories/DM-01.1.md"
        ]
        write("link_base: https://example.com/house/doors.git\n")
        assert kbgen("backfill", "DM-01.1", at=project.folder).code == 0
        assert "(https://example.com/house/doors/commit/" in (project.folder / FENCE_STORY).read_text()
        write("stories: ['plans/*.txt']\nids: {prefixes: [ZZ]}\n")
        project.commit("docs: ZZ", {"plans/zz-1-1-mat.txt": "# Story ZZ-1.1: Mat\n"})
        assert "ZZ-1.1" in [s["story"] for s in kbgen("stories", "--format", "json", at=project.folder).json]

    def test_templates_of_the_project_are_used_and_kept_in_check(self, kbgen: Kbgen, project: GitRepo) -> None:
        project.write({"kbgen/templates/story_notes.md.j2": "Short: {{ id | text }}\n"})
        assert kbgen("backfill", "DM-01.1", at=project.folder).code == 0
        assert "\nShort: DM-01.1\n" in (project.folder / FENCE_STORY).read_text()
        project.write({"kbgen/templates/story_notes.md.j2": "{{ ''.__class__.__mro__ }}\n"})
        result = kbgen("backfill", "DM-01.2", at=project.folder)
        assert result.code == 2
        assert "kbgen:begin" not in (project.folder / KEY_STORY).read_text()


class TestSafety:
    def test_nothing_of_the_repository_runs(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        trap = tmp_path / "trap.sh"
        trap.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\ncat\n")
        trap.chmod(0o755)
        for name in ("post-checkout", "pre-commit", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
            hook = project.folder / ".git" / "hooks" / name
            hook.parent.mkdir(exist_ok=True)
            shutil.copy(trap, hook)
        project.write({".gitattributes": "*.py diff=trap filter=trap\n*.md filter=trap diff=trap\n"})
        keys = "core.fsmonitor diff.external diff.trap.command diff.trap.textconv filter.trap.clean filter.trap.smudge"
        for key in f"{keys} core.pager core.sshCommand gpg.program credential.helper".split():
            project.git("config", key, str(trap))
        config = (project.folder / ".git" / "config").read_bytes()
        for command in (("backfill", "--all", "--diff"), ("show", "DM-01.1"), ("stories", "--unlinked"), ("init",)):
            assert kbgen(*command, at=project.folder).code == 0
        assert not (tmp_path / "sprung").exists()
        assert (project.folder / ".git" / "config").read_bytes() == config
        # The trap is one: a plain git falls into it.
        project.git("diff", "HEAD~1")
        assert (tmp_path / "sprung").exists()

    def test_only_outputs_and_the_cache_are_written(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        def look() -> dict[Path, tuple[int, int]]:
            return {p: (s.st_mtime_ns, s.st_ino) for p in tmp_path.rglob("*") if p.is_file() for s in [p.stat()]}

        before = look()
        for command in (("stories", "--unlinked", "--stale"), ("show", "DM-01.1"), ("backfill", "--all", "--check")):
            kbgen(*command, at=project.folder)
        cache = project.folder / ".git" / "kbgen"
        assert {p for p in before.items() ^ look().items() if not p[0].is_relative_to(cache)} == set()
        kbgen("backfill", "DM-01.1", at=project.folder)
        changed = {p for p, _ in before.items() ^ look().items() if not p.is_relative_to(cache)}
        assert changed == {project.folder / FENCE_STORY}

    def test_a_plan_names_its_folder_as_it_likes(self, kbgen: Kbgen, repo: GitRepo) -> None:
        """A folder's name stands in a comment of the file that `init` writes, and must not end it."""
        repo.commit("docs", {"docs/x\nmailmap: 7\n#/stories/dm-01-1-a.md": PLAN[FENCE_STORY]})
        assert kbgen("init", at=repo.folder).code == 0
        text = (repo.folder / "kbgen.yaml").read_text()
        assert "1 file in docs/x⏎mailmap: 7⏎#/stories/\n" in text
        assert all(not line or line.startswith("#") for line in text.splitlines())
        assert kbgen("stories", at=repo.folder).code == 0
