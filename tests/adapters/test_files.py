"""Files are replaced whole or not at all; a dry run and a folder of the user's behave like the real thing."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kbgen.adapters.files import FolderOutputs, PreviewOutputs, SafeOutputs
from kbgen.diffs import compute_diff
from kbgen.errors import OutputError
from kbgen.ports import Outputs


def list_files(top: Path) -> list[str]:
    return sorted(str(p.relative_to(top)) for p in top.rglob("*") if p.is_file())


class TestSafeOutputs:
    def test_writes_reads_and_says_whether_anything_changed(self, tmp_path: Path) -> None:
        outputs: Outputs = SafeOutputs(tmp_path)
        assert outputs.read("docs/a.md") is None
        assert outputs.write("docs/deep/a.md", b"one\n") is True
        assert outputs.read("docs/deep/a.md") == b"one\n"
        assert outputs.write("docs/deep/a.md", b"one\n") is False
        assert outputs.write("docs/deep/a.md", b"two\r\n") is True
        assert (tmp_path / "docs/deep/a.md").read_bytes() == b"two\r\n"
        assert list_files(tmp_path) == ["docs/deep/a.md"]

    def test_the_same_bytes_leave_the_file_alone(self, tmp_path: Path) -> None:
        SafeOutputs(tmp_path).write("a.md", b"x")
        before = (tmp_path / "a.md").stat()
        SafeOutputs(tmp_path).write("a.md", b"x")
        after = (tmp_path / "a.md").stat()
        assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)

    def test_mode_stays_and_a_new_file_follows_the_umask(self, tmp_path: Path) -> None:
        (tmp_path / "run.sh").write_text("old\n")
        (tmp_path / "run.sh").chmod(0o754)
        SafeOutputs(tmp_path).write("run.sh", b"new\n")
        assert (tmp_path / "run.sh").stat().st_mode & 0o7777 == 0o754
        mask = os.umask(0o027)
        try:
            SafeOutputs(tmp_path).write("new.md", b"x")
        finally:
            os.umask(mask)
        assert (tmp_path / "new.md").stat().st_mode & 0o7777 == 0o640

    def test_a_root_behind_a_link_is_fine(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real")
        assert SafeOutputs(tmp_path / "link").write("a.md", b"x")
        assert list_files(tmp_path / "real") == ["a.md"]

    def test_names_of_every_kind(self, tmp_path: Path) -> None:
        names = ["-rf", "a b.md", "né\n.md", "'q\".md", "\udcff.md", "..md", ".github/x.md", "gitx/.gitignore"]
        for name in names:
            assert SafeOutputs(tmp_path).write(name, b"x"), name
        assert SafeOutputs(tmp_path).read("\udcff.md") == b"x"

    @pytest.mark.parametrize("step", ["write", "fsync", "replace"])
    def test_a_failure_at_any_step_leaves_the_old_bytes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        (tmp_path / "a.md").write_bytes(b"old")

        def fail(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, step, fail)
            for path in ("a.md", "new/b.md"):
                with pytest.raises(OutputError, match="No space left") as caught:
                    SafeOutputs(tmp_path).write(path, b"new")
                assert "free some space" in caught.value.hint
        assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.md", b"old")]

    def test_an_interrupt_cleans_up_and_passes_on(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            SafeOutputs(tmp_path).write("a.md", b"x")
        assert list_files(tmp_path) == []

    def test_a_kill_while_writing_leaves_the_old_file_and_the_next_run_tidies(self, tmp_path: Path) -> None:
        (tmp_path / "a.md").write_bytes(b"old")
        killed = subprocess.run(
            [
                sys.executable,
                "-c",
                "import os, signal, sys, pathlib\n"
                "from kbgen.adapters import files\n"
                "files.os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)\n"
                "files.SafeOutputs(pathlib.Path(sys.argv[1])).write('a.md', b'new')\n",
                str(tmp_path),
            ],
            check=False,
        )
        assert killed.returncode == -9
        assert (tmp_path / "a.md").read_bytes() == b"old"
        assert len(list_files(tmp_path)) == 2
        assert SafeOutputs(tmp_path).write("a.md", b"new")
        assert list_files(tmp_path) == ["a.md"]

    def test_the_temporary_file_of_a_living_run_stays(self, tmp_path: Path) -> None:
        living, left = tmp_path / ".kbgen-1.tmp", tmp_path / ".kbgen-2.tmp"
        left.write_bytes(b"x")
        (tmp_path / ".kbgen-notes.md").write_bytes(b"a person's")
        with living.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            SafeOutputs(tmp_path).write("a.md", b"x")
            assert list_files(tmp_path) == [".kbgen-1.tmp", ".kbgen-notes.md", "a.md"]

    def test_exact_names_win_where_case_twins_are_there_already(self, tmp_path: Path) -> None:
        (tmp_path / "readme.md").write_bytes(b"a")
        (tmp_path / "README.md").write_bytes(b"b")
        if len(list_files(tmp_path)) < 2:
            pytest.skip("this file system takes the two names for one")
        assert SafeOutputs(tmp_path).write("README.md", b"c")
        assert (tmp_path / "readme.md").read_bytes() == b"a"


class TestFolderOutputs:
    def test_merging_starts_from_the_repository(self, tmp_path: Path) -> None:
        texts = {"docs/s.md": b"# Story\n"}
        outputs: Outputs = FolderOutputs(tmp_path / "new" / "out", texts.get)
        assert outputs.read("docs/s.md") == b"# Story\n"
        assert outputs.read("docs/t.md") is None
        assert outputs.write("docs/s.md", b"# Story\n\nnotes\n") is True
        # A second block goes into what the first one made.
        assert outputs.read("docs/s.md") == b"# Story\n\nnotes\n"
        assert outputs.write("docs/s.md", b"# Story\n\nnotes\n") is False
        assert outputs.write("docs/t.md", b"x") is True
        assert outputs.read("docs/t.md") == b"x"
        assert list_files(tmp_path) == ["new/out/docs/s.md", "new/out/docs/t.md"]

    def test_a_file_as_folder_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "out").write_text("x")
        with pytest.raises(OutputError, match="is no folder"):
            FolderOutputs(tmp_path / "out", lambda _: None)


class TestPreview:
    def test_nothing_is_written_and_the_diff_shows_all(self, tmp_path: Path) -> None:
        (tmp_path / "a.md").write_bytes(b"one\ntwo\n")
        preview = PreviewOutputs(SafeOutputs(tmp_path))
        outputs: Outputs = preview
        assert outputs.write("a.md", b"one\ntwo\n") is False
        assert outputs.write("new/b.md", b"x") is True
        assert outputs.write("a.md", b"first\n") is True
        assert outputs.write("a.md", b"one\n2\n") is True
        assert outputs.read("a.md") == b"one\n2\n"
        assert list_files(tmp_path) == ["a.md"]
        assert preview.list_diffs() == (
            ("a.md", "--- a/a.md\n+++ b/a.md\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"),
            ("new/b.md", "--- /dev/null\n+++ b/new/b.md\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n"),
        )
        outputs.write("a.md", b"one\ntwo\n")
        assert [path for path, _ in preview.list_diffs()] == ["new/b.md"]

    def test_diffs_of_odd_bytes(self) -> None:
        assert compute_diff("a", b"a\r\n", b"a\n").endswith("-a\r\n+a\n")
        assert "\\xff" in compute_diff("a", b"\xff\n", b"")
        assert compute_diff("a", b"x", b"x\n").endswith("-x\n\\ No newline at end of file\n+x\n")
