"""The guide to Semgrep: rules from their files, what a commit runs, and the files that make it so."""

from __future__ import annotations

import re

import pytest

from kbgen.adapters.jinja import JinjaTemplates
from kbgen.model import CriterionOutcome
from kbgen.pages.criteria import PageState, judge
from kbgen.pages.packs import PagePack
from kbgen.pages.semgrep.page import RULE_FILES, build, read_shipped
from kbgen.pages.semgrep.rules import parse_rules
from kbgen.pipeline.extra_files import Planned, Surroundings, plan_extra
from kbgen.pipeline.writing import PageOptions
from tests.pages.pages import get_pack, make_sources, render_page
from tests.pipeline.doubles import MemoryOutputs

CODE = "async def load():\n    return 1\n"
HUSKY = """\
#!/bin/sh
set -e
npm run types
if ! command -v semgrep &> /dev/null; then
  echo "no semgrep"
else
  git diff --cached --name-only | grep -E '\\.(ts|js)$' | xargs semgrep scan --config auto --error || exit 1
fi
echo done
"""
PACKAGE = """\
{"name": "shop", "scripts": {"prepare": "husky"}, "devDependencies": {"husky": "^9.1.0"},
 "lint-staged": {"*.py": ["ruff check"]}}
"""
RULE = "rules:\n  - {id: own-rule, languages: [python], severity: ERROR, message: Say it <b>so</b>., patterns: []}\n"


def render(files: dict[str, str]) -> str:
    return render_page("semgrep", files)


def test_every_rule_of_the_files_stands_in_a_table_with_what_it_finds_and_why() -> None:
    page = render({"a.py": CODE, "b.ts": "export const a = 1;\n"})
    for name in RULE_FILES:
        for rule in parse_rules({name: read_shipped(name)}):
            row = next(line for line in page.splitlines() if line.startswith("|") and f"`{rule.id}`" in line)
            assert row.endswith("| stops |" if rule.blocks else "| shown |")
            if not rule.id.endswith("-ts"):
                assert rule.why.split("`")[0].rstrip() in row.replace("\\", "")


def test_only_rules_for_languages_that_are_there() -> None:
    page = render({"a.py": CODE})
    assert "`asyncmock-without-spec`" in page
    assert "`async-callback-in-foreach`" not in page
    assert re.search(
        r"8 rules, 4 of them stop a commit\. 7 more are for languages that this project has no file of", page
    )
    assert "| Python | 1 | 1 |" in page
    assert "TypeScript |" not in page


def test_installing_running_blocking_and_silencing() -> None:
    page = render({"a.py": CODE, "package.json": PACKAGE, ".husky/pre-commit": HUSKY, "pnpm-lock.yaml": ""})
    for words in ("pipx install semgrep", "semgrep --version", "sh .semgrep/pre-commit.sh .", "SEMGREP_BLOCK=none"):
        assert words in page
    assert "# nosemgrep: RULE-ID" in page
    assert "The hooks come with `pnpm install`: the script `prepare` in [`package.json`](../../package.json)" in page
    assert "`husky` `^9.1.0`" in page


def test_what_the_hook_runs_beside_with_its_conditions() -> None:
    page = render({"a.py": CODE, "b.ts": "", "package.json": PACKAGE, ".husky/pre-commit": HUSKY})
    assert "[`.husky/pre-commit`](../../.husky/pre-commit) (husky) runs these rules on every commit" in page
    assert "- Looked for and not found: `.pre-commit-config.yaml`, `.semgrepignore`." in page
    assert "| `npm run types` | always | [`.husky/pre-commit`](../../.husky/pre-commit) |" in page
    assert "| `command -v semgrep &> /dev/null` |" in page
    assert "| `*.py` | `ruff check` | [`package.json`](../../package.json) |" in page


def test_semgrep_of_the_projects_own_is_told_with_its_gaps() -> None:
    page = render({"a.py": CODE, "b.ts": "", ".husky/pre-commit": HUSKY})
    assert "runs `semgrep scan --config auto --error`. It stays as it is." in page
    assert "It looks at `ts`, `js` files; Python files are never given to it." in page
    assert "it never runs: `&>` in `! command -v semgrep &> /dev/null`" in page
    assert "`--config auto` takes its rules from the Semgrep Registry" in page


def test_a_bash_script_has_no_such_trap() -> None:
    page = render({"a.py": CODE, ".husky/pre-commit": HUSKY.replace("#!/bin/sh", "#!/bin/bash")})
    assert "It stays as it is." in page
    assert "never runs" not in page


def test_our_own_line_in_the_hook_is_no_semgrep_of_the_project_and_changes_no_word() -> None:
    plain = HUSKY.replace("semgrep", "lint")
    merged = write({"a.py": CODE, ".husky/pre-commit": plain})[".husky/pre-commit"]
    assert "kbgen:begin" in merged
    before = render({"a.py": CODE, ".husky/pre-commit": plain})
    assert render({"a.py": CODE, ".husky/pre-commit": merged}) == before
    edited = merged.replace("pre-commit.sh || exit 1", "pre-commit.sh || exit 2")
    assert render({"a.py": CODE, ".husky/pre-commit": edited}) == before
    assert "No hook, script or workflow of the project runs Semgrep by itself." in before


def test_without_hooks_it_says_what_was_looked_for() -> None:
    page = render({"a.py": CODE})
    assert "No hook system was found" in page
    assert "runs these rules on every commit" not in page


def test_a_hook_system_that_is_not_written_to_is_named() -> None:
    page = render({"a.py": CODE, "lefthook.yml": "pre-commit: {}\n"})
    assert "[`lefthook.yml`](../../lefthook.yml) says that lefthook is used here" in page


def test_a_semgrep_hook_of_pre_commit_is_respected() -> None:
    config = "repos:\n- repo: https://github.com/semgrep/pre-commit\n  rev: v1.100.0\n  hooks:\n  - id: semgrep\n"
    page = render({"a.py": CODE, ".pre-commit-config.yaml": config})
    assert "has a Semgrep hook of the project's own, which is left as it is" in page
    assert "runs `semgrep`. It stays as it is." in page
    args = f"{config}    args: [--config, .semgrep/]\n"
    assert "runs these rules on every commit" in render({"a.py": CODE, ".pre-commit-config.yaml": args})


def test_our_entry_of_pre_commit_is_no_semgrep_of_the_project() -> None:
    config = "repos:\n- repo: https://github.com/psf/black\n  rev: '24'\n  hooks:\n  - id: black\n"
    files = {"a.py": CODE, ".pre-commit-config.yaml": config}
    before = render(files)
    merged = write(files)[".pre-commit-config.yaml"]
    assert "sh .semgrep/pre-commit.sh" in merged
    assert render({**files, ".pre-commit-config.yaml": merged}) == before


def test_workflows_that_run_it_or_do_not() -> None:
    job = "jobs:\n  test:\n    runs-on: x\n    steps:\n    - run: {}\n"
    path = ".github/workflows/ci.yml"
    assert "No step of the 1 workflow job runs Semgrep." in render({"a.py": CODE, path: job.format("make test")})
    assert f"In CI it runs in [`{path}`]" in render({"a.py": CODE, path: job.format("semgrep ci")})


def test_rules_of_the_project_are_listed_and_its_text_is_only_text() -> None:
    page = render({"a.py": CODE, ".semgrep/own.yml": RULE, "semgrep.yml": "rules: 3\n"})
    assert "### The project's own: `.semgrep/own.yml`" in page
    assert "| `own-rule` | Python | Say it &lt;b" in page or "| `own-rule` | Python | Say it \\<b" in page
    assert "[`semgrep.yml`](../../semgrep.yml) cannot be read as a rule file" in page


def test_a_file_at_our_place_that_is_the_projects_is_documented_instead() -> None:
    page = render({"a.py": CODE, ".semgrep/rules/async-pitfalls.yaml": RULE})
    assert "`own-rule`" in page
    assert "`asyncmock-without-spec` |" not in page
    assert "(the project's own file; kbgen leaves it alone)" in page


def test_a_severity_that_the_project_changed_is_kept_and_told() -> None:
    files = {"a.py": CODE}
    ours = write(files)[".semgrep/rules/async-pitfalls.yaml"]
    rule = "id: missing-await-on-async\n    languages: [python]\n    severity: "
    edited = ours.replace(f"{rule}ERROR", f"{rule}INFO")
    assert edited != ours
    files[".semgrep/rules/async-pitfalls.yaml"] = edited
    assert re.search(r"\| `missing-await-on-async` \|.*\| shown \|", render(files))
    again = write(files)[".semgrep/rules/async-pitfalls.yaml"]
    assert again.rpartition("# kbgen:end")[0] == edited.rpartition("# kbgen:end")[0]


def test_what_the_rules_meet() -> None:
    page = render(
        {
            "app/jobs.py": "import asyncio\n\nasync def run(work):\n    loop = asyncio.get_event_loop()\n"
            "    return asyncio.create_task(work())\n\ndef sync():\n    return asyncio.get_event_loop()\n",
            "tests/test_jobs.py": "from unittest.mock import AsyncMock\n\ndef test_it():\n    a = AsyncMock()\n",
            "app/config.py": 'import os\n\nkey = os.getenv("API_SECRET", "change-me")\nport = os.getenv("PORT", "80")\n'
            'other = os.getenv("AUTH_TOKEN", "a8f5f167f44f4964e6c998dee827110c")\n',
        }
    )
    assert "are called 1 time ([`app/jobs.py`](../../app/jobs.py) `run`)" in page
    assert "`get_event_loop()` inside a coroutine: [`app/jobs.py`](../../app/jobs.py) `run` (" in page
    assert "1 use of `AsyncMock` in files that import it ([`tests/test_jobs.py`]" in page
    assert (
        "`API_SECRET` falls back to `change-me` in [`app/config.py`](../../app/config.py) (`secret-with-default`)"
        in page
    )
    assert "`AUTH_TOKEN` falls back to `…` in" in page
    assert "`PORT`" not in page


def test_a_secret_is_given_the_rule_that_reads_its_file() -> None:
    page = render({"a.py": CODE, "web/auth.ts": "export const key = process.env.API_SECRET || 'change-me';\n"})
    assert re.search(r"`API_SECRET` falls back to .*\(`secret-with-default-ts`\)", page)


@pytest.mark.parametrize(
    "files",
    [
        {"main.go": "package main\n"},
        {"app/main.py": "print('hello')\n"},
        {"main.go": "package main\n", ".husky/pre-commit": "go test ./...\n"},
    ],
    ids=["no language of the rules", "nothing asynchronous, no hook", "a hook, but no language"],
)
def test_no_page_where_there_is_nothing_that_it_is_about(files: dict[str, str]) -> None:
    assert render(files) == ""


def test_a_hook_alone_is_reason_enough() -> None:
    assert render({"app/main.py": "print('hello')\n", ".husky/pre-commit": "make test\n"})


# -------------------------------------------------------------------------------------- the files it writes


def plan(files: dict[str, str]) -> list[Planned]:
    templates = JinjaTemplates()
    pack = get_pack("semgrep", templates)
    outputs = MemoryOutputs(files)
    context = build(make_sources(files).for_page(pack.path), pack)
    assert context is not None
    return [
        plan_extra(pack, e, templates.render(e.template, context), Surroundings(list(files), outputs), PageOptions())
        for e in pack.files
    ]


def write(files: dict[str, str]) -> dict[str, str]:
    """Every further file by path, as it is to be."""
    found: dict[str, str] = {}
    for planned in plan(files):
        if planned.output is not None:
            before = files[planned.path].encode() if planned.path in files else None
            content = planned.output.compose(before)
            found[planned.path] = content.decode() if content is not None else ""
    return found


def test_rule_files_settings_and_script_are_written_as_shipped() -> None:
    found = write({"a.py": CODE})
    assert sorted(found) == [
        ".semgrep/.semgrep.yaml", ".semgrep/pre-commit.sh",
        ".semgrep/rules/async-pitfalls.yaml", ".semgrep/rules/security-custom.yaml",
    ]  # fmt: skip
    for name in RULE_FILES:
        assert read_shipped(name).strip() in found[f".semgrep/{name}"]
        assert parse_rules({name: found[f".semgrep/{name}"]}) == parse_rules({name: read_shipped(name)})
    assert found[".semgrep/pre-commit.sh"].startswith("#!/bin/sh\n")
    assert read_shipped("pre-commit.sh").partition("\n")[2].strip() in found[".semgrep/pre-commit.sh"]
    assert "rules: []" in found[".semgrep/.semgrep.yaml"]


def test_only_hook_systems_that_are_there_are_touched() -> None:
    why = {planned.path: planned.why for planned in plan({"a.py": CODE})}
    assert why[".husky/pre-commit"] == "the project has no husky"
    assert why[".pre-commit-config.yaml"] == "the project has no pre-commit configuration"


def test_the_husky_script_keeps_every_line_and_stops_before_its_farewell() -> None:
    found = write({"a.py": CODE, ".husky/pre-commit": HUSKY})[".husky/pre-commit"]
    lines = found.splitlines()
    assert [line for line in lines if line in HUSKY.splitlines()] == HUSKY.splitlines()
    assert lines.index("sh .semgrep/pre-commit.sh || exit 1") < lines.index("echo done")


def test_a_rule_file_of_the_projects_own_is_not_overwritten() -> None:
    files = {"a.py": CODE, ".semgrep/rules/security-custom.yaml": RULE}
    assert ".semgrep/rules/security-custom.yaml" not in write(files)


# ----------------------------------------------------------------------------------------------- criteria


def judge_all(files: dict[str, str]) -> dict[str, CriterionOutcome]:
    pack: PagePack = get_pack("semgrep")
    state = PageState(render(files), "", {}, {*files, *write(files)})
    return {criterion.label: judge(pack.story, criterion, state).state for criterion in pack.criteria}


def test_criteria_are_met_where_a_hook_runs_the_rules() -> None:
    assert set(judge_all({"a.py": CODE, ".husky/pre-commit": HUSKY}).values()) == {"met"}


def test_criteria_on_commits_are_unmet_without_a_hook() -> None:
    assert judge_all({"a.py": CODE}) == {"AC1": "unmet", "AC2": "unmet", "AC3": "unmet", "AC4": "met", "AC5": "met"}


def test_every_topic_has_a_heading() -> None:
    page = render({"a.py": CODE})
    headings = [line.lstrip("# ") for line in page.splitlines() if line.startswith("#")]
    assert [h for _, h in get_pack("semgrep").topics if not any(h in heading for heading in headings)] == []
