"""Our hook in a project's pre-commit configuration: the old document and one entry more."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.errors import BlockError, EditedBlockError, StoryFileError
from kbgen.merge import Manner, MergeError, merge_pre_commit_config
from kbgen.splice import remove_block

HOOK = {
    "id": "kbgen-scan",
    "name": "Scan: yes, #1",
    "entry": "scan --rules .rules",
    "language": "system",
    "types_or": ("python", "ts"),
    "pass_filenames": True,
}
ENTRY = {"repo": "local", "hooks": [{**HOOK, "types_or": ["python", "ts"]}]}
CONFIG = b"""# top
default_stages: [commit]
repos:
  # first
  - repo: https://example.com/black
    rev: v1  # pinned
    hooks:
      - id: black
        # args: [x]

  # about the rest
exclude: ^x
"""


def merge(content: bytes | None = CONFIG, **more: object) -> bytes | None:
    return merge_pre_commit_config(content, "scan", HOOK, **more)  # type: ignore[arg-type]


def check(content: bytes) -> bytes:
    result = merge(content)
    assert result is not None
    old, new = read(content), read(result)
    assert new == {**old, "repos": [*(old["repos"] or []), ENTRY]}
    assert merge(result) == result
    assert remove_block(result, "scan", style="hash") in (content, content + b"\n")
    return result


def read(content: bytes) -> Any:
    return yaml.safe_load(content)


def test_the_entry_stands_in_the_list_with_its_indentation() -> None:
    assert check(CONFIG).decode() == CONFIG.decode().replace(
        "        # args: [x]\n",
        "        # args: [x]\n\n"
        "  # kbgen:begin scan\n"
        "  - repo: local\n"
        "    hooks:\n"
        "      - id: kbgen-scan\n"
        "        name: 'Scan: yes, #1'\n"
        "        entry: scan --rules .rules\n"
        "        language: system\n"
        "        types_or: [python, ts]\n"
        "        pass_filenames: true\n"
        "  # kbgen:end scan sha256:" + result_checksum() + "\n",
    )


def result_checksum() -> str:
    return (merge() or b"").decode().split("sha256:")[1][:64]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"repos:\n- repo: a\n  hooks:\n  - id: b\n", b"\n- repo: local\n  hooks:\n  - id: kbgen-scan\n"),
        (
            b"repos:\n-   repo: a\n    hooks:\n    -   id: b\n",
            b"\n-   repo: local\n    hooks:\n    -   id: kbgen-scan\n",
        ),
        (b"repos:\n", b"\n  - repo: local\n    hooks:\n      - id: kbgen-scan\n"),
        (b"repos:   # none yet\nfail_fast: true\n", b"\n  - repo: local\n"),
        (b"repos:\n  - repo: a\n    hooks: [{id: b}]", b"\n  - repo: local\n"),
        (b"repos:\n  - {repo: a, hooks: [{id: b}]}\nx: y\n", b"\n  - repo: local\n"),
        (
            b"repos:\n  - repo: local\n    hooks:\n      - id: b\n        entry: |\n          a\n          b\nx: y\n",
            b"\n  - repo: l",
        ),
        (
            b"repos:\n  - repo: local\n    hooks:\n      - id: b\n        entry: >-\n          a\n\n\nx: y\n",
            b"\n  - repo: l",
        ),
        (b"repos:\n  - repo: a\n    hooks:\n      - id: b\n        args:\nx: y\n", b"\n  - repo: local\n"),
        (
            b"x: &a [b]\nrepos:\n  - repo: c\n    hooks:\n      - id: d\n        args: *a\ny: *a\n",
            b"\n  - repo: local\n",
        ),
        (b"---\nrepos:\n  - repo: a\n    hooks: []\n...\n", b"\n  - repo: local\n"),
        (b"repos:\n  - repo: a  # n\xc2\x85    hooks: []\nx: y\n", b"\n  - repo: local\n"),
    ],
)  # fmt: skip
def test_every_spelling_of_a_list_is_matched(content: bytes, line: bytes) -> None:
    assert line in check(content)


def test_line_endings_and_marks_at_the_start_are_kept() -> None:
    crlf = CONFIG.replace(b"\n", b"\r\n")
    assert merge(crlf) == (merge() or b"").replace(b"\n", b"\r\n")
    check(crlf)
    check(b"\xef\xbb\xbf" + CONFIG)
    check(CONFIG.replace(b"\n", b"\r"))


@pytest.mark.parametrize(
    "there",
    [
        b"  - repo: https://github.com/semgrep/pre-commit\n    hooks: []\n",
        b"  - repo: https://github.com/returntocorp/semgrep\n    hooks:\n      - id: x\n",
        b"  - repo: local\n    hooks:\n      - id: semgrep-ci\n",
        b"  - repo: local\n    hooks:\n      - {id: scan, entry: semgrep scan}\n",
        b"  - repo: local\n    hooks:\n      - id: kbgen-scan\n",
    ],
)
def test_a_hook_that_does_the_same_is_enough(there: bytes) -> None:
    assert merge(b"repos:\n" + there) is None
    own = merge(b"repos:\n  - repo: a\n    hooks: []\n") or b""
    assert merge(own + there) == b"repos:\n  - repo: a\n    hooks: []\n" + there


def test_no_configuration_is_none() -> None:
    assert merge(None) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "has no `repos`"),
        (b"# only this\n", "has no `repos`"),
        (b"- a\n", "has no `repos`"),
        (b"repos: []\n", "no list with an item a line"),
        (b"repos:\n  a: b\n", "no list with an item a line"),
        (b"repos: text\n", "no list with an item a line"),
        (b"{repos: [a]}\n", "no list with an item a line"),
        (b"repos:\nrepos:\n", ":2: has `repos` twice"),
        (b"x: &r\n  - repo: a\nrepos: *r\n", "cannot be added here without a change"),
        (b"repos:\n  - repo: a\n    x: |+\n      t\n\n\ny: z\n", "cannot be added here without a change"),
        (b"repos:\n\t- repo: a\n", ":2: is no YAML"),
        (b"repos: [\n", "is no YAML"),
        (b"a: b\n---\nrepos:\n", "is no YAML"),
        (b"repos:\n  - " + b"[" * 300, "nests deeper than 64"),
        (b"repos: \x07\n", "is no YAML"),
    ],
)
def test_what_cannot_be_done_safely_is_said(content: bytes, why: str) -> None:
    with pytest.raises(MergeError) as caught:
        merge(content, manner=Manner("c.yaml"))
    assert why in caught.value.message
    assert caught.value.message.startswith("c.yaml:")
    if "YAML" not in why and "nests" not in why:
        assert "repo: local" in caught.value.hint


def test_aliases_that_grow_cost_nothing() -> None:
    bomb = b"a0: &a0 [x]\n" + b"".join(b"a%d: &a%d [%s]\n" % (i, i, b"*a%d," % (i - 1) * 9) for i in range(1, 30))
    result = merge(bomb + b"repos:\n  - repo: a\n    hooks: []\n")
    assert result is not None
    assert result.startswith(bomb)


def test_edits_doubles_and_binary_files_are_refused() -> None:
    own = merge() or b""
    edited = own.replace(b"language: system", b"language: node")
    with pytest.raises(EditedBlockError):
        merge(edited)
    assert merge(edited, manner=Manner(force=True)) == own
    with pytest.raises(BlockError):
        merge(own + own)
    with pytest.raises(StoryFileError):
        merge(b"repos:\0\n")
    with pytest.raises(BlockError):
        merge_pre_commit_config(CONFIG, "scan", {"id": "a", "name": "# kbgen:end scan"})


def test_a_changed_hook_replaces_the_block_and_keeps_its_indentation() -> None:
    result = merge_pre_commit_config(merge(), "scan", {**HOOK, "name": "a\nb"})
    assert result is not None
    assert b'\n        name: "a\\nb"\n' in result
    assert result.count(b"\n  # kbgen:") == 2


def test_a_large_file_is_merged() -> None:
    content = b"repos:\n" + (b"  # words\n" * 120 + b"  - repo: a\n    hooks:\n      - id: b\n") * 900
    assert len(content) > 1_000_000
    assert remove_block(merge(content) or b"", "scan", style="hash") == content


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(
            [
                "  - repo: a\n    hooks:\n      - id: b\n",
                "  - repo: a\n    hooks:\n    - id: b\n",
                "  - {repo: c, hooks: []}\n",
                "  # note\n",
                "# note\n",
                "\n",
                "    # deep\n",
                "  - repo: d\n    hooks: []  # e\n",
            ]
        ),
        max_size=6,
    ),
    st.sampled_from(["", "ci: {a: b}\n", "# end", "x: |\n  t\n"]),
)
def test_only_the_entry_is_new(items: list[str], rest: str) -> None:
    check(f"repos:\n{''.join(items)}{rest}".encode())
