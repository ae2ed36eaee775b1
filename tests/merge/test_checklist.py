"""Items into a pull request template: only those that it lacks, in its style."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.errors import BlockError, EditedBlockError, StoryFileError
from kbgen.merge import CheckGroup, Manner, find_pull_request_template, merge_checklist
from kbgen.splice import find_blocks, remove_block

TEMPLATE = b"""## Summary

<!-- what -->

## Type of change

<!-- one -->

* [ ] Bug fix
* [ ] Feature

## Checklist

* [ ] Comments describe what the code does.
* [ ] No secrets are logged

## Screenshots

| a |
|---|

## Additional notes
"""
GROUPS = (
    CheckGroup("Size", ("Changes fewer than 50 files\n- more: split it", "Is one thing")),
    CheckGroup("Comments", ("comments describe what the code does",), "Read them again"),
)


def merge(content: bytes | None = TEMPLATE, groups: tuple[CheckGroup, ...] = GROUPS, **more: object) -> bytes | None:
    return merge_checklist(content, "checks", "Before review", groups, **more)  # type: ignore[arg-type]


def test_missing_items_come_behind_the_last_list_in_the_templates_style() -> None:
    result = merge()
    assert result is not None
    block = find_blocks(result)[0]
    assert block.text == (
        "## Before review\n\n### Size\n\n* [ ] Changes fewer than 50 files\n  - more: split it\n* [ ] Is one thing"
    )
    assert result[: block.start].endswith(b"logged\n\n")
    assert result[block.end :].startswith(b"\n\n## Screenshots\n")
    assert remove_block(result, "checks") == TEMPLATE
    assert merge(result) == result


def test_an_intro_is_a_comment_where_the_template_has_comments() -> None:
    groups = (CheckGroup("Safety", ("Asked a second person",), "For login code"),)
    assert b"\n<!-- For login code -->\n" in (merge(groups=groups) or b"")
    assert b"\n\nFor login code\n\n" in (merge(b"## Summary\n", groups) or b"")
    closing = (CheckGroup("Safety", ("Asked",), "a --> b"),)
    assert b"\n\na --> b\n\n" in (merge(groups=closing) or b"")


def test_nothing_missing_is_nothing_to_do_and_takes_an_old_block_out() -> None:
    full = TEMPLATE.replace(
        b"## Screenshots", b"* [x] Is one thing!\n* [ ] changes fewer than 50 files\n\n## Screenshots"
    )
    assert merge(full) is None
    own = merge()
    assert own is not None
    block = find_blocks(own)[0]
    both = full.replace(b"## Additional", own[block.start : block.end] + b"\n\n## Additional")
    assert merge(both) == full


@pytest.mark.parametrize(
    "other",
    [
        b"Changes fewer than 500 files",
        b"Changes more than 50 files",
        b"Is not one thing",
        b"Is one thing or another thing",
    ],
)
def test_an_item_that_says_something_else_is_no_double(other: bytes) -> None:
    result = merge(b"## Checklist\n\n- [ ] " + other + b"\n")
    assert result is not None
    assert b"- [ ] Changes fewer than 50 files" in result
    assert b"- [ ] Is one thing\n" in result


def test_items_in_code_are_not_asked() -> None:
    assert b"- [ ] Is one thing" in (merge(b"## A\n\n```\n- [ ] Is one thing\n```\n") or b"")


def test_a_choice_is_no_checklist_and_last_sections_stay_last() -> None:
    result = merge(b"## Type of change\n\n- [ ] Fix\n\n## Notes\n") or b""
    assert result.startswith(b"## Type of change\n\n- [ ] Fix\n\n<!-- kbgen:begin checks -->")
    assert result.endswith(b"-->\n\n## Notes\n")


def test_no_template_gives_a_new_one() -> None:
    result = merge(None, opening=b"## Summary\n")
    assert result is not None
    assert result.startswith(b"## Summary\n\n<!-- kbgen:begin checks -->\n\n## Before review\n")
    assert merge(result) == result
    assert (merge(None) or b"").startswith(b"<!-- kbgen:begin checks -->\n\n## Before review\n")


def test_edits_doubles_and_binary_files_are_refused() -> None:
    own = merge() or b""
    edited = own.replace(b"Is one thing", b"Is mine")
    with pytest.raises(EditedBlockError):
        merge(edited)
    assert merge(edited, manner=Manner(force=True)) == own
    with pytest.raises(BlockError):
        merge(own + b"\n" + own[find_blocks(own)[0].start :])
    with pytest.raises(StoryFileError):
        merge(b"## A\n\0\n")
    with pytest.raises(BlockError):
        merge(groups=(CheckGroup("A", ("<!-- kbgen:end checks -->",)),))
    assert b"### &lt;!-- kbgen:begin" in (merge(groups=(CheckGroup("<!-- kbgen:begin checks -->", ("a b",)),)) or b"")


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(["## A", "## Notes", "- [ ] x y", "* [x] z", "", "t", "```\nq\n```", "<!-- c -->"]), max_size=12
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_other_bytes_stay(lines: list[str], newline: str) -> None:
    content = newline.join([*lines, "end", ""]).replace("\n", newline if newline != "\r\n" else "\n").encode()
    result = merge(content)
    assert result is not None
    assert remove_block(result, "checks") == content
    assert merge(result) == result


def test_the_template_is_found_where_github_looks() -> None:
    paths = ["docs/PULL_REQUEST_TEMPLATE.md", ".github/pull_request_template.md", ".github/PULL_REQUEST_TEMPLATE/a.md"]
    assert find_pull_request_template(paths) == ".github/pull_request_template.md"
    assert find_pull_request_template(paths[:1]) == paths[0]
    assert find_pull_request_template([paths[2], "src/pull_request_template.md"]) is None
