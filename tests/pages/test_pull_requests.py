"""The guide to pull requests, the items of their template, and labels."""

from __future__ import annotations

from kbgen.adapters.jinja import JinjaTemplates
from kbgen.pages import load_context
from kbgen.pages.criteria import PageState, judge
from kbgen.pipeline.extra_files import read_checklist
from tests.pages.pages import get_pack, make_sources, render_page

TEMPLATE = ".github/PULL_REQUEST_TEMPLATE.md"
FILES = {
    TEMPLATE: "## Summary\n\n## Checklist\n\n- [ ] Tests pass\n",
    ".github/workflows/test.yml": """
        name: Checks
        on:
          pull_request:
            branches: [trunk]
        jobs:
          unit:
            runs-on: ubuntu-latest
            steps:
              - run: make test
    """,
    ".github/workflows/talk.yml": """
        name: Talk
        on:
          pull_request_review_comment:
            types: [created]
        jobs:
          answer:
            runs-on: ubuntu-latest
            steps:
              - run: make answer
    """,
    "app/main.py": """
        # TODO: speak to the bank
        def pay():
            # FIXME: amounts below one cent are rounded in the wrong way, see #12
            return 1
    """,
}
GUARDED = {
    "app/auth/check.py": "import hmac\n\n\ndef is_same(a, b):\n    return hmac.compare_digest(a, b)\n",
    "app/deep.py": "import hmac\n\n\ndef is_like(a, b):\n    return hmac.compare_digest(a, b)\n",
}
LABELS_BY_SIZE = """
    name: Size
    on: [pull_request]
    jobs:
      label:
        runs-on: ubuntu-latest
        steps:
          - uses: codelytv/pr-size-labeler@v1
"""


def render_part(name: str, files: dict[str, str]) -> str:
    pack = get_pack("pull_requests")
    part = next(extra for extra in pack.files if name in extra.template)
    sources = make_sources(files).for_page(part.path)
    return JinjaTemplates().render(part.template, load_context(pack.context)(sources, pack))


def judge_all(page: str, files: set[str]) -> list[str]:
    state = PageState(page, "", {}, files)
    return [judge("S", criterion, state).state for criterion in get_pack("pull_requests").criteria]


def test_sizes_with_the_projects_own_base_branch() -> None:
    page = render_page("pull_requests", FILES)
    assert "git diff --name-only origin/trunk...HEAD | wc -l" in page
    assert "| 50 to 100 | a warning" in page
    assert "| 100 or more | an exception" in page


def test_comments_that_say_something_is_to_do_are_counted() -> None:
    page = render_page("pull_requests", FILES)
    assert "At least 2 comments of code outside tests begin with TODO, FIXME, HACK or XXX; 1 of them names" in page
    assert "| 2 | [`app/main.py`](../../app/main.py) |" in page


def test_the_word_in_a_sentence_is_none() -> None:
    code = "def pay():\n    # The status is TODO, DOING or DONE, because the board has three columns.\n    return 1\n"
    assert "At least" not in render_page("pull_requests", {TEMPLATE: "## Summary\n", "app/main.py": code})


def test_jobs_of_workflows_that_pull_requests_start() -> None:
    page = render_page("pull_requests", FILES)
    assert "| Checks | `unit` |" in page
    assert "Talk" not in page
    assert "None of 2 workflows in `.github/workflows` adds a label for size" in page
    assert "None runs `actions/labeler`" in page


def test_a_workflow_that_labels_by_size_meets_the_criterion() -> None:
    files = {**FILES, **GUARDED}
    without = render_page("pull_requests", files)
    having = render_page("pull_requests", {**files, ".github/workflows/size.yml": LABELS_BY_SIZE})
    assert judge_all(without, {TEMPLATE}) == ["met", "met", "met", "unmet", "needs a person"]
    assert judge_all(having, {TEMPLATE}) == ["met", "met", "met", "met", "needs a person"]
    assert judge_all(having, set())[0] == "unmet"


def test_the_checklist_has_the_form_that_is_merged() -> None:
    heading, groups = read_checklist(render_part("checklist", {**FILES, **GUARDED}), "part")
    assert heading == "Size, comments and security"
    assert [group.heading for group in groups] == ["Size", "Comments", "Security"]
    assert groups[0].items[0].startswith("This pull request changes fewer than 50 files\n- 50 to 100 files")
    assert groups[2].items == (
        "Reviewed with the [Security Review Checklist](../blob/HEAD/docs/security/review-checklist.md)",
    )


def test_no_checklist_for_security_no_link_to_it() -> None:
    assert [group.heading for group in read_checklist(render_part("checklist", FILES), "part")[1]] == [
        "Size",
        "Comments",
    ]
    assert "there is no checklist for it" in render_page("pull_requests", FILES)


def test_labels_are_of_folders_and_of_single_files_at_the_top() -> None:
    text = render_part("labels", {**FILES, **GUARDED})
    assert "security:\n  - 'app/deep.py'\n  - 'app/auth/**'\n" in text
    assert "documentation:\n  - 'docs/**'\n" in text


def test_a_project_that_is_not_on_github_has_no_such_page() -> None:
    assert render_page("pull_requests", {"app/main.py": "def pay():\n    return 1\n"}) == ""
