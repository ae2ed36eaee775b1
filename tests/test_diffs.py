"""The diffs that `--diff` prints are ones that git applies."""

from __future__ import annotations

import pytest

from kbgen.diffs import compute_diff
from tests.gitrepo import GitRepo


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb\nc\n", b"a\nX\nc\n"),
        (b"a\nb", b"a\nb\nc"),
        (b"a\nb", b"a\nb\n"),
        (b"a\r\nb\r\n", b"a\r\nX\r\n"),
        (b"", b"new\n"),
        (b"one\x0ctwo\n\xe2\x80\xa8three\n", b"one\x0ctwo\n\xe2\x80\xa8four\n"),
    ],
)
def test_git_applies_them(repo: GitRepo, before: bytes, after: bytes) -> None:
    for name in ("plain.md", "with blank.md", 'quo"te.md', "tab\tand\nbreak.md", "ümlaut.md"):
        repo.write({name: before})
        repo.git("apply", "--whitespace=nowarn", "-", stdin=compute_diff(name, before, after).encode())
        assert (repo.folder / name).read_bytes() == after


def test_a_new_file(repo: GitRepo) -> None:
    text = compute_diff("docs/a.md", None, b"one\ntwo")
    assert text.startswith("--- /dev/null\n+++ b/docs/a.md\n")
    assert text.endswith("+two\n\\ No newline at end of file\n")
    repo.git("apply", "-", stdin=text.encode())
    assert (repo.folder / "docs" / "a.md").read_bytes() == b"one\ntwo"


def test_no_change_is_no_diff() -> None:
    assert compute_diff("a.md", b"same\n", b"same\n") == ""


def test_bytes_that_are_no_text_are_shown() -> None:
    assert "+\\xff" in compute_diff("a.md", b"", b"\xff\n")
    assert '+++ "b/\\377.md"' in compute_diff("\udcff.md", b"", b"x\n")
