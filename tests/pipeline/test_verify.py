"""Documents of a real little repository judged through the real adapters; and the script that checks our own blocks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kbgen.pipeline.project import Project
from kbgen.pipeline.verify import (
    ProjectEvidence,
    check_blocks,
    check_hand_notes,
    find_failures,
    verify_documents,
    verify_markdown,
)
from kbgen.wiring import open_run
from tests.gitrepo import GitRepo

STORY = "docs/stories/ab-01-2-router.md"
SCRIPT = Path(__file__).parents[2] / "scripts" / "check_notes.py"
HAND = """# Story AB-01.2: Router

**Status:** done

## Acceptance Criteria

1. **AC1:** The router routes

## Tasks

- [ ] Create `mesh/planned.py`

## Implementation Notes

- `mesh/router.py` - exports `TaskRouter`, with `TaskRouter.sort_tasks()` (1 tests)
- `mesh/services/router.py` - the service, see `Mesh.route_away()`
- `mesh/test_router.py` - 5 tests

### More

- `mesh/first.py` - the first draft

## Next

- `mesh/never.py` is not part of the notes
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Plan, work in two commits with a rename, a removal; then somebody's notes."""
    repo = GitRepo(tmp_path_factory.mktemp("verify") / "repo")
    shas = {"plan": repo.commit("docs: plan AB-01.2", {STORY: HAND.split("## Implementation")[0]})}
    router = "class TaskRouter:\n    def send(self):\n        return 1\n"
    tests = "def test_one():\n    assert 1\n\n\ndef test_two():\n    assert 1\n"
    shas["work"] = repo.commit(
        "feat(ab-01.2): the router\n\n- Route by name, because ports change\n- 3 tests\n",
        {
            "mesh/first.py": router,
            "mesh/tools.py": "def sort_tasks():\n    return 2\n",
            "mesh/test_router.py": tests,
            "mesh/old.py": "OLD_GATE = 1\n",
        },
    )
    shas["rename"] = repo.rename("mesh/first.py", "mesh/router.py", "feat(ab-01.2): its real name")
    shas["drop"] = repo.commit("refactor: drop the old gate", {"mesh/old.py": None})
    repo.commit("docs: notes", {STORY: HAND, ".gitignore": "*.local.json\n"})
    return repo.folder, shas


@pytest.fixture
def project(folder: tuple[Path, dict[str, str]]) -> Iterator[Project]:
    with open_run(folder[0], None, quiet=True) as run:
        yield run.project


def judged(project: Project, text: str, path: str = "docs/guide.md") -> dict[str, tuple[str, str]]:
    return {j.claim.value: (j.verdict, j.hint) for j in verify_markdown(project, path, text)}


def test_paths_are_judged_by_tree_and_history(project: Project, folder: tuple[Path, dict[str, str]]) -> None:
    shas = folder[1]
    found = judged(
        project,
        "`mesh/router.py` and `mesh/first.py` and `mesh/old.py` and `mesh/none.py` and `mesh/port.local.json` here.",
    )
    assert found["mesh/router.py"] == ("holds", "")
    assert found["mesh/first.py"] == (
        "moved",
        f"now mesh/router.py, since {shas['rename'][:12]} feat(ab-01.2): its real name",
    )
    assert found["mesh/old.py"] == ("refuted", f"gone since {shas['drop'][:12]} refactor: drop the old gate")
    assert found["mesh/none.py"][0] == "refuted"
    assert found["mesh/port.local.json"][0] == "unverifiable"


def test_symbols_are_judged_by_the_code(project: Project) -> None:
    found = judged(
        project,
        "`TaskRouter` and `TaskRouter.send()` but `TaskRouter.sort_tasks()` and `TaskRouter.gone_far()`.\n\n"
        "`OLD_GATE` in `mesh/tools.py` stands.",
    )
    assert found["TaskRouter"][0] == "holds"
    assert found["TaskRouter.send"][0] == "holds"
    assert found["TaskRouter.sort_tasks"] == (
        "refuted",
        "mesh/router.py defines TaskRouter without sort_tasks; sort_tasks is defined in mesh/tools.py",
    )
    assert found["TaskRouter.gone_far"][0] == "refuted"
    assert found["OLD_GATE"][0] == "refuted"


def test_commits_and_numbers_are_looked_up(project: Project, folder: tuple[Path, dict[str, str]]) -> None:
    work = folder[1]["work"]
    found = judged(project, f"Commit `{work[:9]}` made `mesh/test_router.py` with 2 tests; not commit `{'ab' * 6}`.")
    assert found[work[:9]][0] == "holds"
    assert found["ab" * 6][0] in ("refuted", "unverifiable")
    assert found["2"][0] == "holds"
    assert judged(project, "`mesh/test_router.py` has 5 tests.")["5"] == ("refuted", "mesh/test_router.py has 2")


def test_hand_written_notes_are_judged_in_their_section_only(project: Project) -> None:
    found = {j.claim.value: j.verdict for j in check_hand_notes(project, STORY, HAND.encode())}
    assert found["mesh/router.py"] == "holds"
    assert found["mesh/services/router.py"] == "refuted"
    assert found["TaskRouter.sort_tasks"] == "refuted"
    assert found["mesh/first.py"] == "holds"
    assert found["5"] == "refuted"
    assert "mesh/never.py" not in found
    assert "mesh/planned.py" not in found
    assert check_hand_notes(project, STORY, b"# Story\n\nno notes `mesh/none.py`\n") == ()


def test_many_documents_are_judged_as_each_would_be_alone(project: Project) -> None:
    documents = {"docs/a1.md": "`mesh/router.py` `TaskRouter`", "docs/b1.md": "`mesh/none.py` `FancyRouter`"}
    together = verify_documents(project, documents, evidence=ProjectEvidence(project))
    assert together == {path: verify_markdown(project, path, text) for path, text in documents.items()}


OWN = """# Story AB-01.2: Router

Routes go by name.

<!-- kbgen:begin implementation-notes -->

## Implementation Notes

Built in 2 commits (`{work}` of 2023-11-14, `{rename}` of 2023-11-14) by Ada Author:
4 code files created, 0 changed, 2 test cases added.

### What Was Built

- `mesh/router.py` (new): class `TaskRouter`
- `mesh/old.py` (new) (gone now): const `OLD_GATE`

In the words of `{work}`:

> - Route by name, because ports change

### Key Decisions

- “Routes go by name.” (this story, Router)

### Files Changed

| File | Change | Lines | Now |
|---|---|---|---|
| `mesh/router.py` | created | +3 −0 | present |
| `mesh/old.py` | created | +1 −0 | gone |

### Testing

| Test file | Cases added | Cases now |
|---|---|---|
| `mesh/test_router.py` | 2 | 2 |

### Deviations from Spec

- planned to create `mesh/planned.py`; no commit ever did
- the commit says “3 tests”; its test files gained 2 and hold 2 (`{work}`)

<details><summary>Evidence</summary>

| Commit | Role | Why | Patch |
|---|---|---|---|
| `{work}` feat(ab-01.2): the router | implements | the scope names it | 0123456789ab |
| `{rename}` feat(ab-01.2): its real name | implements | the scope names it | 0123456789ab |

</details>

<!-- kbgen:end implementation-notes sha256:0 -->
"""


@pytest.fixture
def own(folder: tuple[Path, dict[str, str]]) -> str:
    return OWN.format(work=folder[1]["work"][:12], rename=folder[1]["rename"][:12]).replace(
        "3 code files", "4 code files"
    )


def test_every_true_statement_of_a_block_holds(project: Project, own: str) -> None:
    found = check_blocks(project, {"docs/notes.md": own})
    assert [(j.claim.kind, j.claim.value, j.hint) for j in find_failures(found)] == []
    assert {j.claim.kind for j in found} == {"path", "symbol", "commit", "count", "quote"}


@pytest.mark.parametrize(
    ("true", "false", "value"),
    [
        ("| `mesh/router.py` | created |", "| `mesh/rooter.py` | created |", "mesh/rooter.py"),
        ("+3 −0", "+4 −0", "+4 −0"),
        ("+1 −0 | gone", "+1 −0 | present", "mesh/old.py"),
        ("class `TaskRouter`", "class `FancyRouter`", "FancyRouter"),
        ("const `OLD_GATE`", "const `sort_tasks`", "sort_tasks"),
        ("4 code files created", "5 code files created", "5"),
        ("2 test cases added", "3 test cases added", "3"),
        ("| 2 | 2 |", "| 2 | 4 |", "4"),
        ("Built in 2 commits", "Built in 3 commits", "3"),
        ("because ports change", "because ports move", "Route by name, because ports move"),
        ("“Routes go by name.”", "“Routes go by port.”", "Routes go by port."),
        ("`mesh/planned.py`; no commit", "`mesh/tools.py`; no commit", "mesh/tools.py"),
        ("gained 2 and", "gained 3 and", "3"),
        ("“3 tests”", "“4 tests”", "4 tests"),
    ],
)
def test_every_false_statement_of_a_block_fails(project: Project, own: str, true: str, false: str, value: str) -> None:
    assert true in own
    failures = find_failures(check_blocks(project, {"docs/notes.md": own.replace(true, false, 1)}))
    assert value in [j.claim.value for j in failures]


def test_a_block_is_no_evidence_for_itself(project: Project, own: str) -> None:
    without = own.replace("Routes go by name.\n\n<!--", "Nothing here.\n\n<!--")
    assert [j.claim.value for j in find_failures(check_blocks(project, {"docs/notes.md": without}))] == [
        "Routes go by name."
    ]


def test_the_script_prints_failures_and_a_table(folder: tuple[Path, dict[str, str]], own: str, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(SCRIPT), "--repo", str(folder[0]), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text(own, encoding="utf-8")
    bad.write_text(own.replace("+3 −0", "+4 −0"), encoding="utf-8")
    passed, failed, unusable = run(str(good)), run(str(bad)), run()
    assert (passed.returncode, failed.returncode, unusable.returncode) == (0, 1, 2), passed.stdout + passed.stderr
    assert "bad.md:29: count '+4 −0' (is) refuted: counted +3 −0" in failed.stdout
    assert passed.stdout.splitlines()[0].split() == ["holds", "refuted", "moved", "doubtful", "unverifiable", "all"]
