"""Whole repositories, made by git: story documents read from the tree, history from the index, then linked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pytest

from kbgen.adapters.git import open_repository
from kbgen.adapters.progress import open_progress
from kbgen.adapters.sqlite import open_history
from kbgen.adapters.sqlite_facts import SqliteFacts
from kbgen.adapters.trees import RevisionTree
from kbgen.config import Config
from kbgen.pipeline.project import Project
from tests.gitrepo import GitRepo
from tests.links.doubles import Linked


def write_story(spelled: str, title: str, *, creates: tuple[str, ...] = (), status: str = "done") -> str:
    plan = "".join(f"- `{path}` (create)\n" for path in creates)
    return f"# Story {spelled}: {title}\n\n**Status:** {status}\n\n## Acceptance Criteria\n\n1. It works.\n" + (
        f"\n## Files to Create\n\n{plan}" if plan else ""
    )


GATE = "docs/stories/dm-01-1-gate-control.md"
KEY = "docs/stories/dm-01-2-key-store.md"
TENTH = "docs/stories/dm-01-10-tenth-door.md"
PLANS = {
    GATE: write_story("DM-01.1", "Gate Control", creates=("src/gate.py",)),
    KEY: write_story("DM-01.2", "Key Store", creates=("src/key.py",)),
    TENTH: write_story("DM-01.10", "Tenth Door"),
}
CODE = "def open_gate():\n    return 'open'\n\n\ndef close_gate():\n    return 'closed'\n"


@contextmanager
def open_project(repo: GitRepo, rev: str = "HEAD", config: Config | None = None) -> Iterator[Project]:
    with open_repository(repo.folder) as git:
        sha = git.resolve(rev)
        progress = open_progress(quiet=True)
        with open_history(git, sha, progress=progress) as history, SqliteFacts(git.cache_folder) as store:
            yield Project(config or Config(), RevisionTree(git, sha), history, store, store, progress)


def link(repo: GitRepo, spelled: str, rev: str = "HEAD", config: Config | None = None) -> Linked:
    with open_project(repo, rev, config) as project:
        [story] = project.select([spelled])
        return Linked(project.link(story))


def start(repo: GitRepo, files: Mapping[str, str] = PLANS) -> str:
    return repo.commit("docs: plan DM-01.1, DM-01.2 and DM-01.10", files)


def test_a_pull_request_of_two_stories_with_a_review_and_a_later_fix(repo: GitRepo) -> None:
    r"""
    plan ──────────────────────── #4 ── later ── named
        \── gate ── key ── review ─/
    """
    plan = start(repo)
    repo.branch("epic/dm-01-gates")
    gate = repo.commit("feat(dm-01.1): the gate", {"src/gate.py": CODE, "tests/test_gate.py": "def test_x(): ...\n"})
    key = repo.commit("Add the key store (DM-01-2)", {"src/key.py": "KEY = 1\n"})
    review = repo.commit("Fix code review findings", {"src/gate.py": CODE + "# checked\n"})
    repo.checkout("main")
    merge = repo.merge("epic/dm-01-gates", message="Merge pull request #4 from me/epic/dm-01-gates")
    later = repo.commit("fix: the speed", {"src/gate.py": CODE + "# fast\n"})
    named = repo.commit("fix(dm-01.1): the speed again", {"src/gate.py": CODE + "# faster\n"})

    found = link(repo, "DM-01.1")
    assert found.roles == {
        plan: "mentions",
        gate: "implements",
        review: "follow-up",
        merge: "merge",
        named: "follow-up",
    }
    assert later not in found.roles
    assert [found[sha].explicit for sha in (gate, review, named)] == [True, False, True]
    assert link(repo, "dm-01-2").roles == {plan: "mentions", key: "implements", merge: "merge"}
    assert link(repo, "DM-01.10").roles == {plan: "mentions"}


def test_links_see_only_ancestors_of_the_revision(repo: GitRepo) -> None:
    start(repo)
    gate = repo.commit("feat(dm-01.1): the gate", {"src/gate.py": CODE})
    later = repo.commit("fix(dm-01.1): the speed", {"src/gate.py": CODE + "# fast\n"})
    repo.branch("spike", gate)
    spike = repo.commit("feat(dm-01.1): a spike", {"src/spike.py": "X = 1\n"})
    repo.checkout("main")
    assert set(link(repo, "DM-01.1").work) >= {gate, later}
    assert spike not in link(repo, "DM-01.1").roles
    assert later not in link(repo, "DM-01.1", gate).roles
    assert link(repo, "DM-01.1", "spike").roles[spike] == "implements"


def test_nested_merges_and_a_sync_merge(repo: GitRepo) -> None:
    r"""
    plan ────── hotfix ─────────────────── #5
       \             \                     /
        └──── #4 ── sync ── review ───────┘      epic/dm-01
         \── gate ─/                             story/dm-01-1
    """
    start(repo)
    repo.commit("start", {"src/main.py": "MAIN = 1\n"})
    repo.branch("epic/dm-01-gates")
    repo.branch("story/dm-01-1")
    gate = repo.commit("feat: open and close", {"src/doors.py": CODE})
    repo.checkout("epic/dm-01-gates")
    inner = repo.merge("story/dm-01-1", message="Merge pull request #4 from me/story/dm-01-1")
    repo.checkout("main")
    hotfix = repo.commit("fix: address review of the start", {"src/main.py": "MAIN = 2\n"})
    repo.checkout("epic/dm-01-gates")
    sync = repo.merge("main", message="Merge branch 'main' into epic/dm-01-gates")
    review = repo.commit("fix: address review of the epic", {"src/doors.py": CODE + "# checked\n"})
    repo.checkout("main")
    outer = repo.merge("epic/dm-01-gates", message="Merge pull request #5 from me/epic/dm-01-gates")

    found = link(repo, "DM-01.1")
    assert {sha: role for sha, role in found.roles.items() if role != "mentions"} == {
        gate: "implements",
        inner: "merge",
        review: "follow-up",
        outer: "merge",
    }
    assert found[gate].reasons == ("its branch names it: story/dm-01-1",)
    assert hotfix not in found.roles
    assert sync not in found.roles


def test_a_squash_of_two_stories_and_its_source_branch_left_out(repo: GitRepo) -> None:
    start(repo)
    repo.branch("feature/both")
    inside = repo.commit("feat(dm-01.1): half", {"src/gate.py": CODE})
    repo.commit("feat(dm-01.2): other half", {"src/key.py": "KEY = 1\n"})
    repo.checkout("main")
    squash = repo.squash("feature/both", "feat: DM-01.1-2 gate and key (#7)")
    for spelled in ("DM-01.1", "DM-01.2"):
        found = link(repo, spelled)
        assert found.roles[squash] == "implements"
        assert inside not in found.roles


def test_revert_and_revert_of_the_revert_as_git_writes_them(repo: GitRepo) -> None:
    start(repo)
    gate = repo.commit("feat: open and close\n\nStory: DM-01.1", {"src/gate.py": CODE})
    undone = repo.revert(gate)
    back = repo.revert(undone)
    found = link(repo, "DM-01.1")
    assert {sha: found.roles.get(sha) for sha in (gate, undone, back)} == {
        gate: "implements",
        undone: "reverts",
        back: "implements",
    }


def test_a_cherry_pick_from_a_branch_outside_the_revision(repo: GitRepo) -> None:
    start(repo)
    repo.branch("spike")
    original = repo.commit("feat(dm-01.1): the gate", {"src/gate.py": CODE})
    repo.checkout("main")
    repo.commit("chore: meanwhile", {"README.md": "hello\n"})
    copy = repo.cherry_pick(original)
    found = link(repo, "DM-01.1")
    assert found.roles[copy] == "implements"
    assert original not in found.roles


def test_a_merge_that_resolves_a_conflict_in_the_storys_code_is_work(repo: GitRepo) -> None:
    start(repo)
    repo.commit("start", {"src/main.py": "MAIN = 1\n"})
    repo.branch("story/dm-01-1")
    gate = repo.commit("feat(dm-01.1): the gate", {"src/gate.py": CODE, "src/main.py": "MAIN = 'gate'\n"})
    repo.checkout("main")
    repo.commit("chore: other", {"src/main.py": "MAIN = 'other'\n"})
    merge = repo.merge("story/dm-01-1", files={"src/main.py": "MAIN = 'gate and other'\n"})
    found = link(repo, "DM-01.1")
    assert found.roles[gate] == "implements"
    assert found.roles[merge] == "implements"
    assert found[merge].reasons[1] == "the merge itself changes src/main.py"


def test_a_file_renamed_before_the_fix(repo: GitRepo) -> None:
    start(repo)
    repo.branch("epic/dm-01-gates")
    gate = repo.commit("feat(dm-01.1): the gate", {"src/gate.py": CODE})
    move = repo.rename("src/gate.py", "src/doors/gate.py", "refactor: fix the place of the gate")
    fix = repo.commit("fix: the speed", {"src/doors/gate.py": CODE + "# fast\n"})
    repo.checkout("main")
    repo.merge("epic/dm-01-gates", message="Merge pull request #4 from me/epic/dm-01-gates")
    found = link(repo, "DM-01.1")
    assert found.roles[gate] == "implements"
    assert found.roles[move] == "follow-up"
    assert found.roles[fix] == "follow-up"


def test_code_comments_name_a_story_that_nothing_else_names(repo: GitRepo) -> None:
    start(repo, {TENTH: PLANS[TENTH]})
    sha = repo.commit("feat: higher", {"src/higher.py": f'"""Higher gates.\n\nStory: DM-01.10\n"""\n\n{CODE}'})
    found = link(repo, "DM-01.10")
    assert found.roles[sha] == "implements"
    assert not found[sha].explicit
    assert found[sha].reasons == ("it adds src/higher.py, whose comments name the story",)


def test_planned_files_without_any_name(repo: GitRepo) -> None:
    start(repo)
    sha = repo.commit("feat: open and close", {"src/gate.py": CODE})
    found = link(repo, "DM-01.1")
    assert found.roles[sha] == "implements"
    assert not found[sha].explicit
    assert sha not in link(repo, "DM-01.2").roles


def test_the_story_file_added_with_the_code_and_no_id(repo: GitRepo) -> None:
    sha = repo.commit("Open and close", {GATE: PLANS[GATE], "src/doors.py": CODE})
    assert link(repo, "DM-01.1").roles == {sha: "implements"}


def test_a_token_that_two_modules_share_goes_where_diff_and_branch_say(repo: GitRepo) -> None:
    repo.commit(
        "docs: plans",
        {
            "docs/lockers/stories/02-5-locker-doors.md": write_story("02-5", "Locker Doors"),
            "docs/mesh/stories/dm-02-5-agent-card.md": write_story("DM-02.5", "Agent Card"),
        },
    )
    repo.branch("feature/lockers-02-5")
    doors = repo.commit(
        "feat(story-2.5): doors",
        {"src/doors.py": CODE, "docs/lockers/stories/02-5-locker-doors.md": write_story("02-5", "Locker Doors now")},
    )
    repo.checkout("main")
    repo.merge("feature/lockers-02-5")
    repo.branch("epic/dm-02-mesh")
    card = repo.commit("feat(story-2.5): card", {"src/card.py": "CARD = 1\n"})
    repo.checkout("main")
    repo.merge("epic/dm-02-mesh")
    unclear = repo.commit("feat(story-2.5): what?", {"src/what.py": "WHAT = 1\n"})
    lockers, mesh = link(repo, "02-5"), link(repo, "DM-02.5")
    assert (lockers.roles[doors], mesh.roles.get(doors)) == ("implements", None)
    assert (lockers.roles.get(card), mesh.roles[card]) == (None, "implements")
    assert (lockers.roles[unclear], mesh.roles[unclear]) == ("mentions", "mentions")
    assert "2 stories share" in lockers[unclear].reasons[0]


def test_a_tracker_without_any_story_file(repo: GitRepo) -> None:
    for number in range(1, 24):
        repo.commit(f"DEPOT-{number}: Step {number}", {f"src/s{number}.py": f"STEP = {number}\n"})
    again = repo.commit("DEPOT-2: Step 2 again", {"src/s2.py": "STEP = 22\n"})
    undone = repo.commit("Reverted DEPOT-2, the build broke", {"src/s2.py": "STEP = 2\n"})
    found = link(repo, "DEPOT-2")
    assert len(found.roles) == 3
    assert (found.roles[again], found.roles[undone]) == ("implements", "reverts")
    assert found[again].commit.subject == "DEPOT-2: Step 2 again"


def test_issue_numbers_when_the_configuration_says_so(repo: GitRepo) -> None:
    config = Config()
    config = replace(config, ids=replace(config.ids, issues=True))
    repo.commit("start", {"README.md": "x\n"})
    sha = repo.commit("Open the gate (#12)", {"src/gate.py": CODE})
    repo.commit("Open the other gate (#123)", {"src/gate.py": CODE + "#\n"})
    assert link(repo, "#12", config=config).roles == {sha: "implements"}


def test_names_after_mailmap_and_co_authors_change_no_link(repo: GitRepo) -> None:
    start(repo, {**PLANS, ".mailmap": "Ada Proper <ada@proper.example> <ada@example.com>\n"})
    sha = repo.commit("feat(dm-01.1): the gate\n\nCo-authored-by: Bob <bob@example.com>\n", {"src/gate.py": CODE})
    found = link(repo, "DM-01.1")
    assert found.roles[sha] == "implements"
    assert found[sha].commit.author.name == "Ada Proper"
    assert found[sha].commit.author.email == "ada@proper.example"


def test_a_story_without_a_commit_of_its_own(repo: GitRepo) -> None:
    epic = (
        "# Epic DM-01: Gates\n\n## Stories\n\n### Story DM-01.1: Gate Control\n\nOpens.\n\n"
        "### Story DM-01.9: Never Built\n\nCloses.\n"
    )
    plan = repo.commit("docs: plan the epic", {"docs/epics/epic-dm-01-gates.md": epic, GATE: PLANS[GATE]})
    sha = repo.commit("feat(dm-01.1): the gate", {"src/gate.py": CODE})
    assert link(repo, "DM-01.9").work == {}
    assert link(repo, "DM-01.1").roles == {plan: "mentions", sha: "implements"}


@pytest.mark.parametrize("spelled", ["DM-01.1", "DM-01.2", "DM-01.10"])
def test_an_index_read_again_gives_the_same_links(repo: GitRepo, spelled: str) -> None:
    start(repo)
    repo.branch("epic/dm-01-gates")
    repo.commit("feat(dm-01.1): the gate", {"src/gate.py": CODE})
    repo.commit("feat(dm-01.2): the key", {"src/key.py": "KEY = 1\n"})
    repo.commit("fix: address review", {"src/gate.py": CODE + "#\n", "src/key.py": "KEY = 2\n"})
    repo.checkout("main")
    repo.merge("epic/dm-01-gates", message="Merge pull request #4 from me/epic/dm-01-gates")
    first = link(repo, spelled).links
    assert first
    assert link(repo, spelled).links == first
    clone = repo.copy(repo.folder.parent / "clone")
    assert link(clone, spelled).links == first
