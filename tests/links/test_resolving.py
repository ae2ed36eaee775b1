"""A token without prefix that two modules share: diff, folder, branch and neighbours decide, or nothing does."""

from __future__ import annotations

from kbgen.model import Story
from tests.links.doubles import Past, epic, link, make_linker, story

BARE = story("02-5", "Locker Doors", path="docs/lockers/stories/02-5-locker-doors.md")
MESH = story("DM-02.5", "Agent Card", path="docs/mesh/stories/dm-02-5-agent-card.md")
PLANS = story("PM-02.5", "Task Board", path="docs/board/stories/pm-02-5-task-board.md")
EPICS = (
    epic("2", "docs/lockers/epics/epic-02-lockers.md"),
    epic("DM-02", "docs/mesh/epics/epic-dm-02-agent-mesh.md"),
    epic("PM-02", "docs/board/epics/epic-pm-02-task-management.md"),
)
ALL = (BARE, MESH, PLANS)


def resolve(past: Past, sha: str) -> tuple[Story, ...]:
    """What ``2.5`` stands for in a commit."""
    names = make_linker(past, *ALL, epics=EPICS).names
    [(key, _)] = names.get_naming(past.commits[sha]).claimed
    return names.resolve(key, past.commits[sha])


def test_a_prefix_decides_at_once() -> None:
    past = Past()
    assert resolve(past, past.commit("feat(dm-02.5): x", "A src/x.py", f"M {PLANS.path}")) == (MESH,)


def test_the_storys_file_in_the_diff_decides() -> None:
    past = Past()
    for one in ALL:
        assert resolve(past, past.commit("feat(story-2.5): x", "A src/x.py", f"M {one.path}")) == (one,)
    renamed = past.commit("feat(story-2.5): x", "A src/y.py", f"R {MESH.path} docs/mesh/stories/old/dm-02-5-agent.md")
    assert resolve(past, renamed) == (MESH,)


def test_a_plan_in_the_modules_folder_decides() -> None:
    past = Past()
    assert resolve(past, past.commit("feat(story-2.5): x", "A src/x.py", "M docs/mesh/sprint-status.yaml")) == (MESH,)
    outer = past.commit("feat(story-2.5): x", "A src/x.py", "M docs/sprint-status.yaml")
    assert resolve(past, outer) == ALL
    both = past.commit("feat(story-2.5): x", "M docs/mesh/sprint-status.yaml", "M docs/board/sprint-status.yaml")
    assert resolve(past, both) == ALL


def test_of_modules_inside_each_other_the_innermost_decides() -> None:
    outer = story("02-5", "Doors", path="docs/stories/02-5-doors.md")
    past = Past()
    inner = past.commit("feat(story-2.5): x", "A src/x.py", "M docs/mesh/sprint-status.yaml")
    whole = past.commit("feat(story-2.5): y", "A src/y.py", "M docs/sprint-status.yaml")
    assert link(past, MESH, outer).work == {inner: "implements"}
    assert link(past, outer, MESH).work == {whole: "implements"}


def on_branch(branch: str, *before: tuple[str, str]) -> tuple[Past, str]:
    past = Past()
    past.commit("start", "A README.md")
    past.branch(branch)
    for message, change in before:
        past.commit(message, change)
    sha = past.commit("feat(story-2.5): x", "A src/x.py")
    past.checkout("main")
    past.merge(branch, f"Merge pull request #4 from me/{branch}")
    return past, sha


def test_the_branchs_prefix_decides() -> None:
    assert resolve(*on_branch("epic/pm-02-work")) == (PLANS,)
    assert resolve(*on_branch("epic/dm-02")) == (MESH,)


def test_the_branchs_words_decide_by_the_epics_name() -> None:
    assert resolve(*on_branch("epic/02-task-management")) == (PLANS,)
    assert resolve(*on_branch("feature/the-agent-mesh")) == (MESH,)
    assert resolve(*on_branch("feature/lockers-doors")) == (BARE,)


def test_words_that_every_branch_has_decide_nothing() -> None:
    assert resolve(*on_branch("feature/epic-02-stories")) == ALL


def test_neighbours_of_the_same_epic_decide() -> None:
    near = story("DM-02.6", path="docs/mesh/stories/dm-02-6-near.md")
    past, sha = on_branch("feature/work", ("docs: plan", f"A {near.path}"))
    names = make_linker(past, *ALL, near, epics=EPICS).names
    [(key, _)] = names.get_naming(past.commits[sha]).claimed
    assert names.resolve(key, past.commits[sha]) == (MESH,)


def test_a_neighbour_speaks_for_its_own_module_only() -> None:
    one = story("11-9", "Doors", path="docs/a/stories/11-9-doors.md")
    two = story("11-9", "Keys", path="docs/b/stories/11-9-keys.md")
    near = story("11-8", "Near", path="docs/b/stories/11-8-near.md")
    past = Past()
    past.commit("start", "A README.md")
    past.branch("feature/work")
    past.commit("docs: plan", f"A {near.path}")
    sha = past.commit("feat(story-11.9): x", "A src/x.py")
    past.checkout("main")
    past.merge("feature/work")
    assert link(past, two, one, near).work == {sha: "implements"}
    assert link(past, one, two, near).work == {}


def test_only_the_innermost_request_is_a_neighbourhood() -> None:
    near = story("DM-02.6", path="docs/mesh/stories/dm-02-6-near.md")
    past = Past()
    past.commit("start", "A README.md")
    past.branch("release/next")
    past.commit("docs: plan", f"A {near.path}")
    past.branch("feature/work")
    sha = past.commit("feat(story-2.5): x", "A src/x.py")
    past.checkout("release/next")
    past.merge("feature/work")
    past.checkout("main")
    past.merge("release/next")
    names = make_linker(past, *ALL, near, epics=EPICS).names
    [(key, _)] = names.get_naming(past.commits[sha]).claimed
    assert names.resolve(key, past.commits[sha]) == ALL


def test_neighbours_of_another_epic_decide_nothing() -> None:
    far = story("DM-03.1", path="docs/mesh/stories/dm-03-1-far.md")
    past, sha = on_branch("feature/work", ("docs: plan", f"A {far.path}"))
    names = make_linker(past, *ALL, far, epics=EPICS).names
    [(key, _)] = names.get_naming(past.commits[sha]).claimed
    assert names.resolve(key, past.commits[sha]) == ALL


def test_a_commit_older_than_all_other_modules_stories_is_the_first_modules() -> None:
    past = Past()
    past.commit("docs: plan", f"A {BARE.path}")
    early = past.commit("feat(story-2.5): x", "A src/x.py")
    past.commit("docs: plan", f"A {MESH.path}", f"A {PLANS.path}")
    late = past.commit("feat(story-2.5): y", "A src/y.py")
    assert resolve(past, early) == (BARE,)
    assert resolve(past, late) == ALL


def test_unresolved_is_said_for_each_and_is_no_work() -> None:
    past = Past()
    sha = past.commit("feat(story-2.5): x", "A src/x.py")
    for one in ALL:
        found = link(past, one, *(s for s in ALL if s is not one), epics=EPICS)
        assert found.roles == {sha: "mentions"}
        assert found[sha].reasons == (
            "the scope names it: story-2.5, which 3 stories share; nothing in the commit decides",
        )


def test_resolved_it_links_one_story_and_no_other() -> None:
    past, sha = on_branch("epic/pm-02-work")
    assert link(past, PLANS, BARE, MESH, epics=EPICS).work == {sha: "implements"}
    assert link(past, BARE, MESH, PLANS, epics=EPICS).work == {}
    assert link(past, MESH, BARE, PLANS, epics=EPICS).work == {}


def test_two_modules_with_the_same_bare_token() -> None:
    one = story("11-9", "Doors", path="docs/a/stories/11-9-doors.md")
    two = story("11-9", "Keys", path="docs/b/stories/11-9-keys.md")
    past = Past()
    doors = past.commit("feat(story-11.9): doors", "A src/doors.py", "M docs/a/sprint-status.yaml")
    keys = past.commit("feat(story-11.9): keys", "A src/keys.py", f"A {two.path}")
    assert link(past, one, two).work == {doors: "implements"}
    assert link(past, two, one).work == {keys: "implements"}


def test_a_token_of_one_module_only_needs_no_help() -> None:
    past = Past()
    sha = past.commit("feat(story-2.5): x", "A src/x.py")
    assert link(past, MESH, story("DM-02.50"), story("DM-02.51")).roles == {sha: "implements"}
