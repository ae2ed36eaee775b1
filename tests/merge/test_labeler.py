"""Rules for the labeler: added where they lack, in the version that runs."""

from __future__ import annotations

import pytest
import yaml

from kbgen.errors import EditedBlockError
from kbgen.merge import Label, LabelerWorkflow, MergeError, find_labeler_workflow, find_size_workflow, merge_labeler
from kbgen.splice import remove_block

LABELS = (Label("security-sensitive", ("src/auth/**", "**/*.{ts,py}")), Label("docs: all", ("docs/**",)))
NEW = {
    "security-sensitive": [{"changed-files": [{"any-glob-to-any-file": ["src/auth/**", "**/*.{ts,py}"]}]}],
    "docs: all": [{"changed-files": [{"any-glob-to-any-file": ["docs/**"]}]}],
}


def merge(content: bytes | None, **more: object) -> bytes | None:
    return merge_labeler(content, "labels", LABELS, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"# ours\n",
        b"ui:\n  - changed-files:\n      - any-glob-to-any-file: 'a/**'\n",
        b"ui:\r\n- changed-files:\r\n  - any-glob-to-any-file: ['a/**']\r\n  # deep\r\n\r\n# end\r\n",
        b"ui: &u\n  - head-branch: ['^x']\nux: *u",
    ],
)
def test_missing_labels_are_added(content: bytes | None) -> None:
    result = merge(content)
    assert result is not None
    assert yaml.safe_load(result) == {**(yaml.safe_load(content or b"") or {}), **NEW}
    assert merge(result) == result
    assert remove_block(result, "labels", style="hash") in (content or b"", (content or b"") + b"\n")


def test_a_label_that_is_there_is_the_projects() -> None:
    content = b"security-sensitive:\n  - changed-files:\n      - any-glob-to-any-file: 'x'\n"
    result = merge(content) or b""
    assert yaml.safe_load(result)["security-sensitive"] == yaml.safe_load(content)["security-sensitive"]
    assert b"docs: all" in result
    full = content + b"'docs: all':\n  - head-branch: x\n"
    assert merge(full) is None
    assert merge((merge(b"") or b"") + full) == full


def test_rules_are_written_for_the_version_that_runs() -> None:
    old = {"security-sensitive": ["src/auth/**", "**/*.{ts,py}"], "docs: all": ["docs/**"]}
    assert yaml.safe_load(merge(None, major=4) or b"") == old
    assert yaml.safe_load(merge(b"ui:\n  - a/**\n") or b"") == {"ui": ["a/**"], **old}
    assert yaml.safe_load(merge(b"ui: a/**\n") or b"") == {"ui": "a/**", **old}
    assert yaml.safe_load(merge(None, major=6) or b"") == NEW


@pytest.mark.parametrize("content", [b"- a\n", b"{a: [b]}\n", b"text\n", b"a: [\n", b"a: b\n---\nc: d\n"])
def test_what_is_no_list_of_labels_is_refused(content: bytes) -> None:
    with pytest.raises(MergeError):
        merge(content)


def test_an_end_mark_and_an_edit_are_respected() -> None:
    result = merge(b"a:\n  - head-branch: x\n...\n") or b""
    assert result.endswith(b"...\n")
    with pytest.raises(EditedBlockError):
        merge(result.replace(b"src/auth", b"src/other"))


WORKFLOW = "jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n      # - uses: actions/labeler@v3\n"


@pytest.mark.parametrize(
    ("uses", "major"),
    [
        ("actions/labeler@v5", 5),
        ("'actions/labeler@v6.0.1'", 6),
        ("actions/labeler@" + "8" * 40 + "  # v5.0.0", 5),
        ("actions/labeler@" + "8" * 40, None),
        ("actions/labeler@main", None),
    ],
)
def test_the_workflow_is_found_with_its_version(uses: str, major: int | None) -> None:
    texts = {"b.yml": WORKFLOW, "c.yml": f"{WORKFLOW}      - uses: {uses}\n"}
    assert find_labeler_workflow(texts) == LabelerWorkflow("c.yml", major, ".github/labeler.yml")
    texts["c.yml"] += "        with:\n          configuration-path: x/labels.yml\n"
    found = find_labeler_workflow(texts)
    assert found is not None
    assert found.configuration == "x/labels.yml"


def test_no_workflow_is_none_and_size_is_another_one() -> None:
    assert find_labeler_workflow({"b.yml": WORKFLOW}) is None
    assert find_size_workflow({"b.yml": WORKFLOW + "  - uses: actions/labeler@v5\n"}) is None
    assert find_size_workflow({"b.yml": "  - uses: codelytv/pr-size-labeler@v1\n"}) == "b.yml"
    assert find_size_workflow({"b.yml": "  - uses: pascalgn/size-label-action@v0.5\n"}) == "b.yml"
