"""Explicit links: what a name, a trailer, a branch or the story's own file in the diff makes of a commit."""

from __future__ import annotations

import pytest

from kbgen.ids import Grammar
from kbgen.links import find_work, is_tracked, name_tracked
from kbgen.model import Story, StoryKey
from kbgen.paths import classify_path
from tests.links.doubles import Past, link, make_linker, story

GATE = story("DM-01.1", "Gate Control")
KEY = story("DM-01.2", "Key Store")
TENTH = story("DM-01.10", "Tenth Gate")
SPEC = GATE.path
STATUS = "docs/sprint-status.yaml"


def role_of(message: str, *changes: str, one: Story = GATE) -> str:
    """The role of a single commit, or ``""``."""
    past = Past()
    sha = past.commit(message, *changes)
    return link(past, one, *(s for s in (GATE, KEY, TENTH) if s is not one)).roles.get(sha, "")


@pytest.mark.parametrize(
    ("message", "changes", "role"),
    [
        ("feat(dm-01.1): the gate", ["A src/gate.py"], "implements"),
        ("Story DM-01.1: the gate", ["A src/gate.py"], "implements"),
        ("Add the gate (DM-01-1)", ["A src/gate.py"], "implements"),
        ("Add the gate [DM-01.1]", ["A src/gate.py"], "implements"),
        ("chore(dm-01.1): limits", ["M docker-compose.yml"], "implements"),
        ("wip(dm-01.1): half a gate", ["A src/gate.py"], "implements"),
        ("test(dm-01.1): the gate", ["A tests/test_gate.py"], "implements"),
        ("fix(dm-01.1): the first commit of a story about a fault", ["M src/gate.py"], "implements"),
        ("feat(dm-01.1): operational handbook", ["A docs/runbooks/gate.md"], "implements"),
        ("feat: the gate\n\nStory: DM-01.1", ["A src/gate.py"], "implements"),
        (f"feat: the gate\n\nStory: {SPEC}", ["A src/gate.py"], "implements"),
        ("feat: open and close\n\nWords.\n\nStory DM-01.1", ["A src/gate.py"], "implements"),
        ("docs(dm-01.1): plan the gate", [f"A {SPEC}", f"M {STATUS}"], "mentions"),
        ("feat(dm-01.1): nothing but the plan", [f"M {SPEC}"], "mentions"),
        ("chore: mark story DM-01.1 as done", [f"M {STATUS}"], "mentions"),
        ("docs: DM-01.1 in the handbook", ["M docs/handbook.md"], "mentions"),
        ("feat(dm-01.1): empty", [], "mentions"),
        ("feat(dm-01.1): lock file", ["M pnpm-lock.yaml"], "mentions"),
        ("feat(dm-01.2): the key, for DM-01.1", ["A src/key.py"], "mentions"),
        ("feat: other work\n\nNeeded by DM-01.1.", ["A src/other.py"], "mentions"),
        ("feat: other work\n\nStory: docs/epics/epic-dm-01-1-gates.md", ["A src/other.py"], "mentions"),
        ("feat(dm-01.10): tenth", ["A src/tenth.py"], ""),
        ("feat(dm-01.11): a story that nobody planned", ["A src/gate.py"], ""),
        ("feat(pm-01.1): of another module", ["A src/gate.py"], ""),
        ("feat(dm-01): the whole epic", ["A src/gate.py"], ""),
        ("feat: DM-01.1.2 is a deeper numbering", ["A src/gate.py"], ""),
    ],
)
def test_one_commit_alone(message: str, changes: list[str], role: str) -> None:
    assert role_of(message, *changes) == role


def test_a_mention_with_one_more_digit_is_another_story() -> None:
    assert role_of("feat(dm-01.10): tenth", "A src/tenth.py", one=TENTH) == "implements"
    assert role_of("feat(dm-01.1): first", "A src/gate.py", one=TENTH) == ""


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("feat(dm-01.1): x", "the scope names it: dm-01.1"),
        ("feat: x (DM-01-1)", "the subject names it: DM-01-1"),
        ("feat: x\n\nStory: DM-01.1", "a trailer names it: story: DM-01.1"),
        ("feat: x\n\nStory DM-01.1", "a line of its own names it: DM-01.1"),
    ],
)
def test_an_explicit_link_scores_one_and_says_where_the_name_stands(message: str, why: str) -> None:
    past = Past()
    sha = past.commit(message, "A src/gate.py")
    found = link(past, GATE)[sha]
    assert (found.explicit, found.score, found.reasons[0]) == (True, 1.0, why)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ([f"M {SPEC}"], "it changes plans and status only"),
        ([], "it changes no file"),
        (["M pnpm-lock.yaml"], "it changes only what tools write"),
    ],
)
def test_a_commit_without_work_says_why_it_is_none(changes: list[str], why: str) -> None:
    past = Past()
    sha = past.commit("chore(dm-01.1): x", *changes)
    assert link(past, GATE)[sha].reasons[1] == why


def test_the_scope_beats_the_subject() -> None:
    past = Past()
    sha = past.commit("feat(dm-01.2): key, prepares DM-01.1", "A src/key.py")
    assert link(past, KEY, GATE).roles == {sha: "implements"}
    gate = link(past, GATE, KEY)
    assert gate.roles == {sha: "mentions"}
    assert gate[sha].reasons == ("the subject mentions it: DM-01.1", "it says that it works on another story")


@pytest.mark.parametrize(
    "subject",
    [
        "feat: DM-01.1-2 gate and key",
        "feat: DM-01.1 and DM-01.2",
        "feat(dm-01.1, dm-01.2): both",
        "Stories DM-01.1 to DM-01.2",
    ],
)
def test_a_squash_is_the_work_of_each_story_that_it_names(subject: str) -> None:
    past = Past()
    sha = past.commit(subject, "A src/gate.py", "A src/key.py")
    assert link(past, GATE, KEY, TENTH).roles == {sha: "implements"}
    assert link(past, KEY, GATE, TENTH).roles == {sha: "implements"}
    assert link(past, TENTH, GATE, KEY).roles == {}


def test_a_squash_shares_its_plan() -> None:
    past = Past()
    key = story("DM-01.2", "Key Store", creates=["src/key.py"])
    past.commit("feat: DM-01.1-2 gate and key", "A src/gate.py", "A src/key.py")
    linker = make_linker(past, GATE, key)
    assert linker.find_shared_plan(GATE, linker.link_story(GATE)) == {"src/key.py"}
    assert linker.find_shared_plan(key, linker.link_story(key)) == set()


def test_a_planning_commit_that_names_five_stories_works_on_none() -> None:
    stories = [story(f"DM-02.{n}") for n in range(1, 6)]
    past = Past()
    sha = past.commit(
        "docs: plan DM-02.1-5\n\n" + "\n".join(f"- {s.id}: a thing" for s in stories),
        *(f"A {s.path}" for s in stories),
        f"M {STATUS}",
    )
    for one in stories:
        assert link(past, one, *(s for s in stories if s is not one)).roles == {sha: "mentions"}


def test_a_commit_that_only_ticks_off_a_story_does_other_work() -> None:
    past = Past()
    sha = past.commit(
        "feat(auth): fix the schema, mark Story DM-01.1 as done", "M src/schema.py", f"M {SPEC}", f"M {STATUS}"
    )
    found = link(past, GATE)
    assert found.roles == {sha: "mentions"}
    assert found[sha].reasons[0] == "the subject mentions it: DM-01.1"


def test_a_story_about_documents_is_done_in_documents() -> None:
    past = Past()
    fix = past.commit("fix(dm-01.1): reconcile the status of DM-01.2", f"M {SPEC}", f"M {KEY.path}", f"M {STATUS}")
    books = past.commit("chore(dm-01.1): reconcile", f"M {SPEC}", f"M {KEY.path}")
    own = past.commit("feat(dm-01.1): only its own plan and the status", f"M {SPEC}", f"M {STATUS}")
    found = link(past, GATE, KEY)
    assert found.roles == {fix: "implements", books: "mentions", own: "mentions"}
    assert found[fix].reasons[1] == f"its work is on documents: {KEY.path}"


def test_an_extension_of_the_plan_that_lists_stories_in_its_body_is_nobodys_work() -> None:
    past = Past()
    body = "\n".join(f"- DM-01.{n}: routing" for n in (1, 2, 10))
    sha = past.commit(
        f"feat(dm): extend the epics with routing\n\n{body}", "A src/panel.py", "M docs/epics/epic-dm-01.md"
    )
    assert link(past, GATE, KEY, TENTH).roles == {sha: "mentions"}


# -------------------------------------------------------------------------------- the story's own file


@pytest.mark.parametrize(
    ("message", "changes", "role"),
    [
        ("feat: open and close", [f"A {SPEC}", "A src/gate.py"], "implements"),
        ("Open and close", [f"A {SPEC}", "A src/gate.py", f"M {STATUS}"], "implements"),
        ("feat: feedback at the gate", [f"A {SPEC}", "A src/gate.py"], "implements"),
        ("Add the review queue", [f"A {SPEC}", "A src/gate.py"], "implements"),
        ("Squash of the gate (#7)\n\n* address review comments", [f"A {SPEC}", "A src/gate.py"], "implements"),
        ("feat: open\n\nThe story is in review.", [f"A {SPEC}", "A src/gate.py"], "implements"),
        ("docs: draft the story", [f"A {SPEC}"], "mentions"),
        ("fix: address review findings", [f"A {SPEC}", "M src/other.py"], ""),
        ("docs: plan", [f"A {SPEC}", "M docs/handbook.md"], ""),
        ("feat(dm-01.2): the key", [f"A {SPEC}", "A src/key.py"], ""),
        ("feat: open and close", [f"M {SPEC}", "M src/doors.py"], "implements"),
        ("feat: open and close", [f"M {SPEC}", f"M {KEY.path}", "M src/doors.py"], ""),
        ("chore: names of the public", [f"M {SPEC}", "M src/doors.py"], ""),
        ("refactor: doors", [f"M {SPEC}", "M src/doors.py"], ""),
        ("Mark the gate as done", [f"M {SPEC}", "M src/doors.py"], ""),
    ],
)
def test_the_storys_file_in_the_diff(message: str, changes: list[str], role: str) -> None:
    assert role_of(message, *changes) == role


def test_an_update_of_the_storys_file_with_its_files_is_work_and_a_fix_a_follow_up() -> None:
    past = Past()
    first = past.commit("feat: open and close", f"A {SPEC}", "A src/gate.py")
    second = past.commit("Tune the speed", f"M {SPEC}", "M src/gate.py")
    third = past.commit("fix: the speed", f"M {SPEC}", "M src/gate.py")
    fourth = past.commit("chore: licence headers", f"M {SPEC}", "M src/gate.py")
    books = past.commit("Mark the gate as done", f"M {SPEC}", "M src/gate.py")
    found = link(past, GATE)
    assert found.roles == {first: "implements", second: "implements", third: "follow-up"}
    assert found[second].reasons == (
        f"it updates the story's file {SPEC}",
        "it changes files of the story: src/gate.py",
    )
    assert found[third].explicit
    assert fourth not in found.roles
    assert books not in found.roles


def test_a_feature_that_updates_one_storys_file_is_its_work() -> None:
    past = Past()
    sha = past.commit("feat: open and close", f"M {SPEC}", "M src/doors.py")
    found = link(past, GATE, KEY)[sha]
    assert (found.role, found.explicit) == ("implements", True)
    assert found.reasons == (
        f"it updates the story's file {SPEC}",
        "it is a feature and touches no other story's file",
    )


def test_a_chore_that_makes_a_planned_file_and_ticks_the_story_is_work() -> None:
    past = Past()
    planned = story("DM-01.1", "Gate Control", creates=["src/gate.py"])
    sha = past.commit("chore: scaffold", f"M {SPEC}", "A src/gate.py")
    assert link(past, planned).roles == {sha: "implements"}


def test_a_bulk_commit_over_many_story_files_is_no_work() -> None:
    stories = [story(f"DM-02.{n}") for n in range(1, 6)]
    past = Past()
    past.commit("feat: import the plans", *(f"A {s.path}" for s in stories), "A src/importer.py")
    assert link(past, stories[0], *stories[1:]).roles == {}
    few = [story(f"DM-03.{n}") for n in range(1, 5)]
    three = past.commit("feat: three together", *(f"A {s.path}" for s in few[:3]), "A src/three.py")
    assert link(past, few[0], *few[1:]).roles == {three: "implements"}
    past.commit(
        "feat: four together", f"R {few[0].path} {few[0].path}", *(f"A {s.path}" for s in few[1:]), "A src/f.py"
    )
    assert past.tip not in link(past, few[1], few[0], *few[2:]).roles


def test_a_renamed_story_file_is_still_the_storys_file() -> None:
    past = Past()
    sha = past.commit("feat: open and close", "A docs/stories/dm-01-1-old-name.md", "A src/gate.py")
    past.commit("docs: archive", f"R docs/stories/dm-01-1-old-name.md {SPEC}")
    assert link(past, GATE).roles == {sha: "implements", past.tip: "mentions"}


def test_a_context_file_beside_the_story_counts_as_its_file() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("epic/dm-01-gates")
    plan = past.commit("docs(dm-01.1): plan", f"A {SPEC}")
    sha = past.commit("Open and close", "A docs/stories/dm-01-1-gate.context.xml", "A src/gate.py")
    past.checkout("main")
    past.merge("epic/dm-01-gates")
    assert link(past, GATE).work == {plan: "mentions", sha: "implements"}


def test_the_reason_names_the_story_before_its_context() -> None:
    past = Past()
    beside = ["A docs/stories/dm-01-1-a-note.md", "A docs/stories/dm-01-1-a.context.xml"]
    sha = past.commit("Open and close", *beside, f"A {SPEC}", "A src/gate.py")
    assert link(past, GATE)[sha].reasons == (f"it adds the story's file {SPEC} together with the work",)
    plan = past.commit("docs: plan", "M docs/stories/dm-01-1-gate.context.xml", f"M {SPEC}")
    assert link(past, GATE)[plan].reasons == (f"it changes the story's file {SPEC} and no code",)


def test_a_file_named_for_the_story_belongs_to_the_one_of_its_module() -> None:
    one = story("11-9", "Doors", path="docs/a/stories/11-9-doors.md")
    two = story("11-9", "Keys", path="docs/b/stories/11-9-keys.md")
    names = make_linker(Past(), one, two, GATE).names
    assert names.find_story_of_path("docs/a/stories/11-9-doors.context.xml") == (one,)
    assert names.find_story_of_path("docs/b/stories/11-9-old-name.md") == (two,)
    assert names.find_story_of_path("docs/stories/11-9-elsewhere.md") == (one, two)
    assert names.find_story_of_path("docs/stories/dm-01-1-old-name.md") == (GATE,)
    assert names.find_story_of_path("docs/epics/epic-11.md") == ()
    single = story("DM-07", "Seventh", path="docs/stories/dm-07-seventh.md")
    alone = make_linker(Past(), single).names
    assert alone.find_story_of_path("docs/stories/dm-07-old-name.md") == (single,)
    assert names.find_story_of_path("docs/stories/dm-01-2-key.md") == ()
    assert names.find_story_of_path("src/11-9/doors.py") == ()


def test_many_files_are_named_by_the_first_three() -> None:
    past = Past()
    paths = [f"src/g{n}.py" for n in range(5)]
    planned = story("DM-01.1", "Gate Control", creates=paths)
    sha = past.commit("feat: all of it", *(f"A {path}" for path in paths))
    assert link(past, planned)[sha].reasons == (
        "it creates src/g0.py, src/g1.py, src/g2.py and 2 more, which only this story plans",
    )


# ------------------------------------------------------------------------------------------- mentions


def test_a_body_mention_is_work_when_it_changes_the_storys_files() -> None:
    past = Past()
    planned = story("DM-01.1", "Gate Control", creates=["src/gate.py"])
    sha = past.commit("feat: more\n\nOpens what DM-01.1 needs.", "A src/gate.py")
    found = link(past, planned)
    assert found.roles == {sha: "implements"}
    assert found[sha].reasons == ("the body mentions it: DM-01.1", "it changes files of the story: src/gate.py")


def test_a_body_mention_is_work_when_the_subject_says_the_title_and_no_other_story_is_named() -> None:
    past = Past()
    alone = past.commit("feat: gate control\n\nFor DM-01.1, as planned.", "A src/x.py")
    found = link(past, GATE, KEY)
    assert found.roles == {alone: "implements"}
    assert found[alone].reasons[1] == "its subject says the story's title: Gate Control"
    both = past.commit("feat: gate control\n\nFor DM-01.1 and DM-01.2.", "A src/y.py")
    assert link(past, GATE, KEY)[both].role == "mentions"


def test_a_body_mention_with_neither_is_a_mention() -> None:
    past = Past()
    sha = past.commit("feat: doors\n\nUnlike DM-01.1.", "A src/doors.py")
    assert link(past, GATE, KEY)[sha].reasons == (
        "the body mentions it: DM-01.1",
        "it changes none of the story's files",
    )


def test_a_mention_by_a_fix_of_the_storys_files_is_a_follow_up() -> None:
    past = Past()
    planned = story("DM-01.1", "Gate Control", creates=["src/gate.py"])
    early = past.commit("fix: the gate\n\nAs DM-01.1 wants.", "A src/gate.py")
    more = past.commit("feat: more\n\nAs DM-01.1 wants.", "M src/gate.py")
    assert link(past, planned).roles == {early: "implements", more: "implements"}
    past = Past()
    first = past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    second = past.commit("fix: the speed\n\nBroken since DM-01.1.", "M src/gate.py")
    assert link(past, GATE).roles == {first: "implements", second: "follow-up"}


# ------------------------------------------------------------------------------------- named follow-ups


def test_a_fix_that_names_the_story_is_a_follow_up_only_after_the_work_began() -> None:
    past = Past()
    early = past.commit("fix(dm-01.1): prepare the ground", "M src/doors.py")
    work = past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    late = past.commit("fix(dm-01.1): the speed", "M src/gate.py")
    found = link(past, GATE)
    assert found.roles == {early: "implements", work: "implements", late: "follow-up"}
    assert found[late].explicit
    assert found[late].score == 1.0


@pytest.mark.parametrize(
    ("message", "role"),
    [
        ("feat(dm-01.1): more gate", "implements"),
        ("feat(dm-01.1): harden the gate", "implements"),
        ("feat(dm-01.1): feedback for people at the gate", "implements"),
        ("feat(dm-01.1): more\n\nThe story is in review.", "implements"),
        ("refactor(dm-01.1): split the gate", "implements"),
        ("test(dm-01.1): cover the gate", "implements"),
        ("test(dm-01.1): cases asked for in review", "follow-up"),
        ("test(dm-01.1): fix the flaky case", "follow-up"),
        ("feat(dm-01.1): apply code review findings", "follow-up"),
        ("DM-01.1: address feedback", "follow-up"),
        ("Fix the gate's label (DM-01.1)", "follow-up"),
        ("chore(dm-01.1): harden the gate", "follow-up"),
    ],
)
def test_the_second_commit_that_names_the_story(message: str, role: str) -> None:
    past = Past()
    past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    sha = past.commit(message, "M src/gate.py", "M tests/test_gate.py")
    assert link(past, GATE).roles[sha] == role


# -------------------------------------------------------------------------------------------- branches


def test_a_branch_that_names_one_story_makes_its_commits_that_storys() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("story/dm-01-1-gate")
    work = past.commit("feat: open and close", "A src/gate.py")
    notes = past.commit("docs: about the gate", "A docs/gate.md")
    books = past.commit("Mark the sprint", f"M {STATUS}", "M src/gate.py")
    fix = past.commit("fix: the speed", "M src/gate.py")
    past.checkout("main")
    merge = past.merge("story/dm-01-1-gate", "Merge pull request #7 from me/story/dm-01-1-gate")
    found = link(past, GATE, KEY)
    assert found.roles == {work: "implements", fix: "follow-up", merge: "merge"}
    assert found[work].reasons == ("its branch names it: story/dm-01-1-gate",)
    assert found[work].explicit
    assert notes not in found.roles
    assert books not in found.roles


def test_a_branch_that_names_a_story_of_one_number() -> None:
    seventh = story("DM-07", "Seventh", path="docs/stories/dm-07-seventh.md")
    past = Past()
    past.commit("start", "A README.md")
    past.branch("story/dm-07")
    sha = past.commit("feat: open and close", "A src/gate.py")
    past.checkout("main")
    past.merge("story/dm-07")
    assert link(past, seventh, GATE).work == {sha: "implements"}


def test_a_branch_makes_more_work_of_what_mends_nothing() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("story/dm-01-1-gate")
    first = past.commit("fix: open and close, at last", "A src/gate.py")
    second = past.commit("feat(dm-01.1): and lock", "M src/gate.py")
    third = past.commit("Tune the speed", "M src/gate.py")
    past.checkout("main")
    past.merge("story/dm-01-1-gate")
    assert link(past, GATE, KEY).work == dict.fromkeys([first, second, third], "implements")


def test_a_branch_named_for_its_first_story_that_carried_more_proves_nothing() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("story/dm-01-1-gate")
    gate = past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    past.commit("feat(dm-01.2): the key", "A src/key.py")
    stray = past.commit("feat: something else", "A src/else.py")
    past.checkout("main")
    past.merge("story/dm-01-1-gate", "Merge pull request #7 from me/story/dm-01-1-gate")
    found = link(past, GATE, KEY)
    assert found.work == {gate: "implements"}
    assert stray not in found.roles


def test_a_branch_that_adds_another_storys_file_carried_more() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("story/dm-01-1-gate")
    stray = past.commit("feat: something else", "A src/else.py")
    past.commit("feat: keys", f"A {KEY.path}", "A src/key.py")
    past.checkout("main")
    past.merge("story/dm-01-1-gate")
    assert stray not in link(past, GATE, KEY).roles


def test_a_branch_that_names_two_stories_or_an_epic_proves_nothing() -> None:
    for branch in ("feature/dm-01-1-and-dm-01-2", "epic/dm-01-gates", "feature/gate"):
        past = Past()
        past.commit("start", "A README.md")
        past.branch(branch)
        stray = past.commit("feat: something", "A src/x.py")
        past.checkout("main")
        past.merge(branch)
        assert stray not in link(past, GATE, KEY).roles, branch


def test_a_commit_on_a_storys_branch_that_claims_another_story_is_not_taken() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("story/dm-01-1-gate")
    other = past.commit("feat(dm-01.2): the key", "A src/key.py")
    past.checkout("main")
    past.merge("story/dm-01-1-gate")
    assert link(past, GATE, KEY).work == {}
    assert link(past, KEY, GATE).work == {other: "implements"}


# -------------------------------------------------------------------------------------- tracker, issues


def test_tracker_keys_link_without_a_story_file() -> None:
    tracker = Grammar(trackers=("ZOOKEEPER",), bare=False)
    past = Past(tracker)
    work = past.commit("ZOOKEEPER-4767: New implementation of quantiles", "M src/Metrics.java")
    body = past.commit("ZOOKEEPER-5000: Other work\n\nFollows ZOOKEEPER-4767.", "M src/Metrics.java")
    past.commit("ZOOKEEPER-47671: Far away", "M src/Metrics.java")
    past.commit("ZOOKEEPER-476: Far back", "M src/Metrics.java")
    addendum = past.commit("ZOOKEEPER-4767: Upgrade again (ADDENDUM)", "M src/Metrics.java")
    mend = past.commit("Fixed bad checkin for ZOOKEEPER-4767", "M src/Metrics.java")
    one = story("ZOOKEEPER-4767", path="", grammar=tracker)
    assert link(past, one).roles == {work: "implements", body: "mentions", addendum: "implements", mend: "follow-up"}


def test_issue_numbers_link_when_the_repository_says_so() -> None:
    issues = Grammar(issues=True)
    past = Past(issues)
    work = past.commit("Fix the gate (#123)", "M src/gate.py")
    closing = past.commit("Doors\n\nCloses: #123", "M src/doors.py")
    past.commit("Other (#1230)", "M src/gate.py")
    one = story("#123", path="", grammar=issues)
    assert link(past, one).roles == {work: "implements", closing: "implements"}


@pytest.mark.parametrize(
    ("key", "tracked", "spelled"),
    [
        (StoryKey("ZOOKEEPER", (4767,)), True, "ZOOKEEPER-4767"),
        (StoryKey("ZOOKEEPER", (4, 7)), False, ""),
        (StoryKey("HADOOP", (4767,)), False, ""),
        (StoryKey("#", (12,)), False, ""),
    ],
)
def test_a_key_of_the_tracker_is_a_story_that_only_history_knows(key: StoryKey, tracked: bool, spelled: str) -> None:
    assert is_tracked(key, Grammar(trackers=("ZOOKEEPER",))) is tracked
    if tracked:
        assert (name_tracked(key).id, name_tracked(key).key) == (spelled, key)


def test_an_issue_is_tracked_when_the_repository_says_so() -> None:
    assert is_tracked(StoryKey("#", (12,)), Grammar(issues=True))
    assert not is_tracked(StoryKey("HADOOP", (12,)), Grammar(issues=True))
    assert name_tracked(StoryKey("#", (12,))).id == "#12"


def test_a_story_with_no_commit_of_its_own_has_no_links() -> None:
    past = Past()
    past.commit("feat(dm-01.2): the key", "A src/key.py")
    assert link(past, GATE, KEY).links == ()


def test_people_play_no_part() -> None:
    """Names after mailmap or a co-author change nothing about whose work a commit is."""
    past = Past()
    sha = past.commit("feat(dm-01.1): x\n\nCo-authored-by: DM-01.2 Bot <dm-01-2@example.com>", "A src/gate.py")
    assert link(past, GATE, KEY).roles == {sha: "implements"}
    assert link(past, KEY, GATE).work in ({}, {sha: "mentions"})


def test_work_is_split_from_plans_and_noise() -> None:
    past = Past()
    sha = past.commit(
        "x", "A src/a.py", "M tests/test_a.py", "A docs/g.md", f"A {SPEC}", "M pnpm-lock.yaml", "M pyproject.toml"
    )
    work = find_work(past.commits[sha], classify_path)
    assert work.paths == {"src/a.py", "tests/test_a.py", "docs/g.md", "pyproject.toml"}
    assert work.code == {"src/a.py", "tests/test_a.py"}
    assert work.created == {"src/a.py", "docs/g.md"}
