"""Files that a page pack writes besides its page: into what is there, or left out with the reason."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kbgen.errors import EditedBlockError, TemplateError
from kbgen.merge import MergeError
from kbgen.pages.packs import HOWS, ExtraFile, PagePack
from kbgen.pipeline import extra_files
from kbgen.pipeline.extra_files import Planned, Surroundings, plan_extra, read_checklist
from kbgen.pipeline.writing import PageOptions

CHECKLIST = """
## Before review

### Size

Count the files.

- [ ] Fewer than 50 files
  - more: split it

### Comments

- [ ] No comment describes removed code
"""
LABELER = "jobs:\n  label:\n    steps:\n      - uses: actions/labeler@v5\n"


class Files:
    """Serves `kbgen.ports.Outputs` from a dictionary."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = {path: text.encode() for path, text in files.items()}

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def write(self, path: str, content: bytes) -> bool:
        changed = self.files.get(path) != content
        self.files[path] = content
        return changed


def plan(extra: ExtraFile, text: str, files: Mapping[str, str], *, force: bool = False, subject: str = "") -> Planned:
    words = (tuple(subject.split()),) if subject else ()
    pack = PagePack("some_page", "page_some_page.md.j2", "", "", "", "how-to", "facts", (), words, (), (extra,), ())
    return plan_extra(pack, extra, text, Surroundings(tuple(files), Files(files)), PageOptions(force=force))


def compose(planned: Planned, files: Mapping[str, str]) -> str:
    """What the file becomes; twice the same text gives the same bytes."""
    assert planned.output is not None, planned.why
    before = files.get(planned.path)
    content = planned.output.compose(before.encode() if before is not None else None)
    assert content is not None
    assert planned.output.compose(content) == content
    return content.decode()


def test_every_how_has_a_planner() -> None:
    assert set(extra_files._PLANNERS) == set(HOWS)


def test_an_empty_text_writes_nothing() -> None:
    for how in HOWS:
        planned = plan(ExtraFile("docs/x.md", "part_x.md.j2", how), "\n\n", {})
        assert (planned.output, planned.why) == (None, "the project has nothing that it is about")


# ------------------------------------------------------------------------------------------ files of our own


def test_a_block_stands_beside_what_is_there() -> None:
    files = {"docs/x.md": "# Mine\n\nOwn words.\n"}
    text = compose(plan(ExtraFile("docs/x.md", "part_x.md.j2", "block"), "New words.\n", files), files)
    assert text.startswith("# Mine\n\nOwn words.\n")
    assert "<!-- kbgen:begin some-page -->\n\nNew words.\n\n<!-- kbgen:end some-page sha256:" in text


def test_a_file_of_the_projects_own_is_left_alone() -> None:
    extra = ExtraFile("rules/x.yaml", "part_x.yaml.j2", "file")
    assert plan(extra, "a: 1\n", {"rules/x.yaml": "b: 2\n"}).why == "the project has a file of its own there"
    written = compose(plan(extra, "a: 1\n", {}), {})
    assert written.startswith("# kbgen:begin some-page\na: 1\n# kbgen:end some-page sha256:")
    files = {"rules/x.yaml": written}
    assert "a: 2\n" in compose(plan(extra, "a: 2\n", files), files)


def test_an_edited_file_of_ours_is_not_overwritten_silently() -> None:
    extra = ExtraFile("rules/x.yaml", "part_x.yaml.j2", "file")
    files = {"rules/x.yaml": compose(plan(extra, "a: 1\n", {}), {}).replace("a: 1", "a: 7")}
    planned = plan(extra, "a: 2\n", files)
    assert planned.output is not None
    with pytest.raises(EditedBlockError):
        planned.output.compose(files["rules/x.yaml"].encode())
    assert "a: 2\n" in compose(plan(extra, "a: 2\n", files, force=True), files)


def test_a_scripts_first_line_stays_first() -> None:
    written = compose(plan(ExtraFile("run.sh", "part_x.sh.j2", "file"), "#!/bin/sh\necho hi\n", {}), {})
    assert written.startswith("#!/bin/sh\n")
    assert "\n# kbgen:begin some-page\necho hi\n" in written


def test_a_file_that_can_hold_no_block_is_refused() -> None:
    with pytest.raises(TemplateError, match="can hold no block"):
        plan(ExtraFile("x.json", "part_x.json.j2", "file"), "{}\n", {})


# ------------------------------------------------------------------------------------- files of the project


def test_a_section_is_added_once() -> None:
    extra = ExtraFile("docs/DEPLOY.md", "part_x.md.j2", "section")
    files = {"docs/DEPLOY.md": "# Deploy\n\n## Steps\n\nOne.\n"}
    text = compose(plan(extra, "## Sockets\n\nUse tokens.\n", files, subject="socket"), files)
    assert "## Steps\n\nOne.\n" in text
    assert "## Sockets\n\nUse tokens.\n" in text


def test_a_section_on_the_subject_is_not_doubled() -> None:
    extra = ExtraFile("docs/DEPLOY.md", "part_x.md.j2", "section")
    files = {"docs/DEPLOY.md": "# Deploy\n\n## Sockets in production\n\nUse tokens.\n"}
    planned = plan(extra, "## Socket settings\n\nUse tokens.\n", files, subject="sockets")
    assert planned.output is None
    assert "has a section on the subject: 'Sockets in production' (line 3)" in planned.why


def test_a_section_without_heading_is_refused() -> None:
    with pytest.raises(TemplateError, match="begins with its heading"):
        plan(ExtraFile("docs/DEPLOY.md", "part_x.md.j2", "section"), "Use tokens.\n", {})


def test_a_checklist_goes_into_the_template_that_is_there() -> None:
    extra = ExtraFile(".github/PULL_REQUEST_TEMPLATE.md", "part_x.md.j2", "checklist")
    files = {"docs/pull_request_template.md": "## Summary\n\n## Checklist\n\n* [ ] fewer than 50 files\n"}
    planned = plan(extra, CHECKLIST, files)
    assert planned.path == "docs/pull_request_template.md"
    text = compose(planned, files)
    assert text.count("50 files") == 1
    assert "* [ ] No comment describes removed code\n" in text


def test_a_project_without_template_gets_one() -> None:
    text = compose(plan(ExtraFile(".github/PULL_REQUEST_TEMPLATE.md", "part_x.md.j2", "checklist"), CHECKLIST, {}), {})
    assert "- [ ] Fewer than 50 files\n  - more: split it\n" in text


def test_a_checklist_is_read_with_its_groups() -> None:
    heading, groups = read_checklist(CHECKLIST, "part_x.md.j2")
    assert heading == "Before review"
    assert [(group.heading, group.intro) for group in groups] == [("Size", "Count the files."), ("Comments", "")]
    assert groups[0].items == ("Fewer than 50 files\n- more: split it",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- [ ] no group\n", "line 1 of the text is no part of a checklist"),
        ("## Heading\n\n### Group\n", "wants a heading, and groups"),
        ("## Heading\n\n### Group\n\nOne line.\n\nA second line.\n", "line 7 of the text is no part"),
    ],
)
def test_what_is_no_checklist_is_refused(text: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        read_checklist(text, "part_x.md.j2")


def test_a_hook_only_where_the_project_runs_hooks_that_way() -> None:
    extra = ExtraFile(".husky/pre-commit", "part_x.sh.j2", "husky")
    assert plan(extra, "run rules\n", {"package.json": "{}"}).why == "the project has no husky"
    files = {".husky/pre-commit": "npm test\n", "package.json": '{"devDependencies": {"husky": "9"}}'}
    text = compose(plan(extra, "run rules\n", files), files)
    assert text.startswith("npm test\n")
    assert "\nrun rules\n" in text


def test_a_pre_commit_entry_only_where_the_project_has_its_file() -> None:
    extra = ExtraFile(".pre-commit-config.yaml", "part_x.yaml.j2", "pre-commit")
    hook = "id: rules\nname: rules\nentry: run rules\nlanguage: system\n"
    assert plan(extra, hook, {}).why == "the project has no pre-commit configuration"
    files = {
        ".pre-commit-config.yaml": "repos:\n  - repo: https://x.test/r\n    rev: v1\n    hooks:\n      - id: black\n"
    }
    text = compose(plan(extra, hook, files), files)
    assert text.startswith(files[".pre-commit-config.yaml"])
    assert "id: rules\n" in text


def test_labels_only_where_a_workflow_reads_them() -> None:
    extra = ExtraFile(".github/labeler.yml", "part_x.yaml.j2", "labels")
    planned = plan(extra, "docs: ['docs/**']\n", {".github/workflows/ci.yml": "jobs: {}\n"})
    assert planned.why == "no workflow of the project runs actions/labeler"
    files = {".github/workflows/label.yml": LABELER, ".github/labeler.yml": "api:\n  - changed-files: []\n"}
    text = compose(plan(extra, "docs: ['docs/**']\napi: ['api/**']\n", files), files)
    assert text.startswith("api:\n  - changed-files: []\n")
    assert "any-glob-to-any-file" in text
    assert text.count("api:") == 1


def test_labels_go_where_the_workflow_looks() -> None:
    extra = ExtraFile(".github/labeler.yml", "part_x.yaml.j2", "labels")
    files = {
        ".github/workflows/label.yml": f"{LABELER}        with:\n          configuration-path: .github/labels.yml\n"
    }
    assert plan(extra, "docs: ['docs/**']\n", files).path == ".github/labels.yml"


@pytest.mark.parametrize(
    ("text", "said"),
    [("docs: 'docs/**'\n", "label docs wants a list of globs"), ("- docs\n", "keys and values"), ("a: [\n", "no YAML")],
)
def test_labels_that_are_none_are_refused(text: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        plan(ExtraFile(".github/labeler.yml", "part_x.yaml.j2", "labels"), text, {})


def test_what_cannot_be_merged_is_said_in_one_line() -> None:
    extra = ExtraFile(".github/labeler.yml", "part_x.yaml.j2", "labels")
    files = {".github/workflows/label.yml": LABELER, ".github/labeler.yml": "- a list\n"}
    planned = plan(extra, "docs: ['docs/**']\n", files)
    assert planned.output is not None
    with pytest.raises(MergeError) as raised:
        planned.output.compose(b"- a list\n")
    assert "\n" not in str(raised.value)
    assert "changed-files" in str(raised.value)
