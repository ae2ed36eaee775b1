"""Story files as people leave them: bytes outside the block never change, and what is unclear is refused."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

import pytest

from tests.commands import FENCE_STORY, PLAN, Kbgen, list_files
from tests.gitrepo import GitRepo

STORY = str(PLAN[FENCE_STORY]).encode()
END = b"<!-- kbgen:end implementation-notes sha256:" + b"0" * 64 + b" -->\n"
BEGIN = b"<!-- kbgen:begin implementation-notes -->\n"


@pytest.mark.parametrize(
    "content",
    [
        STORY,
        STORY.replace(b"\n", b"\r\n"),
        codecs.BOM_UTF8 + STORY,
        codecs.BOM_UTF8 + STORY.replace(b"\n", b"\r\n"),
        STORY.rstrip(b"\n"),
        STORY.replace(b"\n", b"\r\n").rstrip(b"\r\n"),
        STORY + b"\n\n\n",
        STORY + b"trailing blanks   \n\t\n",
        STORY + b"one\r\ntwo\rthree\nfour\x0bfive\x0c\xe2\x80\xa8six\n",
        STORY + b"```\nan open fence\n",
        STORY + b"````md\n" + BEGIN + b"an example\n" + END + b"````\n",
        b"---\nid: DM-01.1\n---\n" + STORY,
        STORY + "日本語 ümläut 😀\n".encode(),
        STORY + b"x" * 3_000_000 + b"\n",
        STORY + b"<!-- kbgen: the tool that writes notes -->\n",
    ],
    ids=["plain", "crlf", "bom", "bom and crlf", "no newline", "crlf, no newline", "blank lines", "trailing blanks",
         "odd line ends", "open fence", "example in a fence", "front matter", "unicode", "3 MB line", "a comment"],
)  # fmt: skip
def test_bytes_outside_the_block_never_change(kbgen: Kbgen, project: GitRepo, content: bytes) -> None:
    project.commit("docs: DM-01.1 again", {FENCE_STORY: content})
    story = project.folder / FENCE_STORY
    result = kbgen("backfill", "DM-01.1", at=project.folder)
    if content.endswith(b"an open fence\n"):
        # What follows an open fence is code: a block there would be text.
        assert result.code == 2
        assert f"left out: {FENCE_STORY}" in result.err
        assert story.read_bytes() == content
        return
    assert result.code == 0, result
    after = story.read_bytes()
    head, begin, rest = after.rpartition(BEGIN.rstrip(b"\n"))
    block, end, tail = rest.rpartition(b" -->")
    assert begin
    assert end
    newline = b"\r\n" if content.count(b"\r\n") > content.count(b"\n") / 2 else b"\n"
    assert head + tail == content or (head + tail).replace(newline, b"") == content.replace(newline, b"")
    assert (head.startswith(content.rstrip(b"\r\n"))) or content.startswith(head.rstrip(b"\r\n"))
    if b"\r\n" in content and b"\rthree" not in content:
        assert after.count(b"\n") == after.count(b"\r\n")
    assert content.endswith(b"\n") == after.endswith(b"\n")
    assert kbgen("backfill", "DM-01.1", at=project.folder).out.startswith("0 written, 1 unchanged")
    assert story.read_bytes() == after
    assert block


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (STORY + b"\xff\xfe\x00bytes\n", "UTF-8"),
        (STORY.decode().encode("utf-16"), "UTF-"),
        (STORY + BEGIN + b"text\n", "kbgen:"),
        (STORY + END, "kbgen:"),
        (STORY + BEGIN + b"a\n" + END + BEGIN + b"b\n" + END, "implementation-notes"),
        (STORY + BEGIN + BEGIN.replace(b"implementation", b"other") + b"a\n" + END, "kbgen:"),
        (STORY + BEGIN + b"a\n" + END.replace(b"implementation", b"other"), "kbgen:"),
        (STORY + BEGIN + b"a\n" + END.replace(b"sha256:", b"sha1:"), "kbgen:"),
    ],
    ids=["bytes", "utf-16", "unclosed", "end alone", "twice", "nested", "mismatched", "garbled"],
)
@pytest.mark.parametrize("option", [(), ("--force",), ("--keep",), ("--check",), ("--dry-run", "--diff")], ids=str)
def test_what_is_unclear_is_refused(
    kbgen: Kbgen, project: GitRepo, content: bytes, said: str, option: tuple[str, ...]
) -> None:
    (project.folder / FENCE_STORY).write_bytes(content)
    before = list_files(project.folder)
    result = kbgen("backfill", "DM-01.1", *option, at=project.folder)
    assert result.code == 2
    assert result.err.startswith(f"kbgen: left out: {FENCE_STORY}")
    assert said in result.err or "marker" in result.err or "block" in result.err
    assert result.err.count("\n  hint: ") == 1
    assert result.out.endswith("0 unchanged, 1 left out\n")
    assert list_files(project.folder) == before
    if content != STORY:
        assert kbgen("stories", "--stale", at=project.folder).code == 0


def test_a_block_without_its_checksum_counts_as_edited(kbgen: Kbgen, project: GitRepo) -> None:
    content = STORY + b"\n" + BEGIN + b"\nMine.\n\n<!-- kbgen:end implementation-notes -->\n"
    (project.folder / FENCE_STORY).write_bytes(content)
    result = kbgen("backfill", "DM-01.1", at=project.folder)
    assert result.code == 1
    assert f"{FENCE_STORY}:{content[: content.index(BEGIN)].count(10) + 1}: " in result.err
    assert (project.folder / FENCE_STORY).read_bytes() == content


def test_a_formatter_is_no_hand_edit(kbgen: Kbgen, project: GitRepo) -> None:
    kbgen("backfill", "DM-01.1", at=project.folder)
    story = project.folder / FENCE_STORY
    formatted = "\n".join(
        line.replace(" | ", "   |   ").replace("|---|", "| ------ |") + "  " if line.startswith("|") else line
        for line in story.read_text().split("\n")
    )
    assert formatted != story.read_text()
    story.write_text(formatted)
    assert kbgen("backfill", "DM-01.1", "--check", at=project.folder).code == 0
    assert kbgen("backfill", "DM-01.1", at=project.folder).code == 0
    assert story.read_text() == formatted


class TestPlaces:
    def test_read_only(self, kbgen: Kbgen, project: GitRepo) -> None:
        story = project.folder / FENCE_STORY
        story.chmod(0o444)
        for option in ((), ("--force",), ("--dry-run",)):
            result = kbgen("backfill", "DM-01.1", "DM-01.2", *option, at=project.folder)
            assert result.code == 2
            assert f"left out: {FENCE_STORY}: is read-only" in result.err
            assert "chmod u+w" in result.err
        assert story.read_bytes() == STORY
        assert "kbgen:begin" in (project.folder / "docs/stories/dm-01-2-key.md").read_text()

    def test_a_link_out_of_the_tree(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        outside = tmp_path / "outside.md"
        outside.write_bytes(STORY)
        (project.folder / FENCE_STORY).unlink()
        (project.folder / FENCE_STORY).symlink_to(outside)
        result = kbgen("backfill", "DM-01.1", at=project.folder)
        assert result.code == 2
        assert "symbolic link" in result.err
        assert outside.read_bytes() == STORY

    def test_a_folder_link_out_of_the_tree(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        (project.folder / "docs" / "stories").rename(tmp_path / "stories")
        (project.folder / "docs" / "stories").symlink_to(tmp_path / "stories")
        result = kbgen("backfill", "DM-01.1", at=project.folder)
        assert result.code == 2
        assert "leads out of" in result.err
        assert (tmp_path / "stories" / "dm-01-1-fence.md").read_bytes() == STORY

    def test_the_output_folder_is_a_link(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (project.folder / "output").symlink_to(tmp_path / "elsewhere")
        result = kbgen("backfill", "DM-01.3", at=project.folder)
        assert result.code == 2
        assert not list((tmp_path / "elsewhere").iterdir())

    @pytest.mark.parametrize("folder", [".git", ".git/kbgen/x", "src/fence.py"])
    def test_an_output_folder_that_is_none(self, kbgen: Kbgen, project: GitRepo, folder: str) -> None:
        result = kbgen("backfill", "DM-01.1", "--output", folder, at=project.folder)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith("kbgen: output: ")

    def test_a_file_that_changes_its_mode_keeps_it(self, kbgen: Kbgen, project: GitRepo) -> None:
        story = project.folder / FENCE_STORY
        story.chmod(0o640)
        assert kbgen("backfill", "DM-01.1", at=project.folder).code == 0
        assert os.stat(story).st_mode & 0o777 == 0o640
