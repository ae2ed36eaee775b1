"""Links that rest on planned files, a title or a comment: told apart from explicit ones, with a score and reasons."""

from __future__ import annotations

import pytest

from tests.links.doubles import Past, link, make_linker, story

GATE = story("DM-01.1", "Gate Control", creates=["src/gate.py", "src/hinge.py"])
KEY = story("DM-01.2", "Key Store", creates=["src/key.py"])


# --------------------------------------------------------------------------------------- planned files


def test_a_commit_that_makes_what_only_this_story_plans_is_inferred() -> None:
    past = Past()
    sha = past.commit("feat(dm-01): open and close", "A src/gate.py", "A tests/test_gate.py")
    found = link(past, GATE, KEY)
    assert found.roles == {sha: "implements"}
    assert not found[sha].explicit
    assert 0.5 < found[sha].score < 1.0
    assert found[sha].reasons == ("it creates src/gate.py, which only this story plans",)
    assert link(past, KEY, GATE).roles == {}


def test_a_path_that_two_stories_plan_proves_neither() -> None:
    past = Past()
    twin = story("DM-01.3", "Twin", creates=["src/gate.py", "src/hinge.py"])
    past.commit("feat: open and close", "A src/gate.py")
    assert link(past, GATE, twin).roles == {}
    assert link(past, twin, GATE).roles == {}


@pytest.mark.parametrize(
    ("sources", "linked"),
    [
        (["src/gate.py"], True),
        (["src/gate.py", "src/hinge.py", "src/x.py"], True),
        (["src/gate.py", "src/x.py"], False),
        (["src/gate.py", "src/x.py", "src/y.py"], False),
        (["src/gate.py", "src/hinge.py", "src/x.py", "src/y.py", "src/z.py"], False),
    ],
)
def test_alone_most_of_the_sources_or_the_whole_plan_must_be_planned(sources: list[str], linked: bool) -> None:
    past = Past()
    past.commit("feat: open and close", *(f"A {path}" for path in sources))
    assert bool(link(past, GATE, KEY).roles) is linked


def test_in_the_pull_request_of_the_storys_work_half_is_enough() -> None:
    past = Past()
    past.commit("start", "A README.md")
    past.branch("epic/dm-01-gates")
    named = past.commit("feat(dm-01.1): the gate", "A src/gate.py")
    half = past.commit("feat: hinges", "A src/hinge.py", "A src/screw.py")
    past.checkout("main")
    past.merge("epic/dm-01-gates", "Merge pull request #4 from me/epic/dm-01-gates")
    found = link(past, GATE, KEY)
    assert found.work == {named: "implements", half: "implements"}
    assert found[half].reasons[1] == "it is in the same pull request as other work on the story"
    alone = Past()
    alone.commit("feat(dm-01.1): the gate", "A src/gate.py")
    other = alone.commit("feat: hinges", "A src/hinge.py", "A src/screw.py")
    assert other not in link(alone, GATE, KEY).roles


@pytest.mark.parametrize(
    "message",
    [
        "feat(dm-01.2): the key",
        "fix: open and close",
        "docs: open and close",
        "fix: address review findings",
        "Mark the gate as done",
        "feat: open and close (DM-01.2)",
    ],
)
def test_what_says_that_it_is_something_else_is_not_taken(message: str) -> None:
    past = Past()
    past.commit(message, "A src/gate.py")
    assert link(past, GATE, KEY).work == {}


def test_planned_documents_alone_are_no_work() -> None:
    past = Past()
    past.commit("Add the handbook", "A docs/handbook.md")
    assert link(past, story("DM-01.1", "Gate Control", creates=["docs/handbook.md"])).roles == {}


def test_a_planned_document_beside_other_code_proves_nothing() -> None:
    past = Past()
    past.commit("feat: open and close", "A src/gate.py", "A src/hinge.py", "A docs/handbook.md")
    assert link(past, story("DM-01.1", "Gate Control", creates=["docs/other.md"])).roles == {}
    assert link(past, story("DM-01.1", "Gate Control", creates=["docs/handbook.md"])).roles == {}


def test_half_of_a_plan_of_three_is_not_the_whole() -> None:
    past = Past()
    past.commit("feat: open and close", "A src/a.py", "A src/b.py", "A src/x.py")
    assert link(past, story("DM-01.1", "Gate Control", creates=["src/a.py", "src/b.py", "src/c.py"])).roles == {}
    assert link(past, story("DM-01.1", "Gate Control", creates=["src/a.py", "src/b.py"])).roles == {
        past.tip: "implements"
    }


def test_a_planned_modification_proves_nothing() -> None:
    past = Past()
    past.commit("feat: rework", "A src/gate.py")
    assert link(past, story("DM-01.1", "Gate Control", modifies=["src/gate.py"])).roles == {}


def test_a_commit_that_makes_a_planned_file_without_review_words_in_its_subject_counts() -> None:
    past = Past()
    sha = past.commit("feat: open and close\n\nThe story is in review.", "A src/gate.py")
    assert link(past, GATE, KEY).roles == {sha: "implements"}


# -------------------------------------------------------------------------------------------- titles


def make_titled(subject: str, *changes: str, also: str = "") -> tuple[Past, str]:
    """An epic's pull request in which another commit names the story's plan, and one says `subject`."""
    past = Past()
    past.commit("start", "A README.md")
    past.branch("epic/dm-01-gates")
    past.commit("docs: plan DM-01.1", f"A {GATE.path}")
    sha = past.commit(subject, *(changes or ("A src/x.py",)))
    if also:
        past.commit(also, "A src/y.py")
    past.checkout("main")
    past.merge("epic/dm-01-gates", "Merge pull request #4 from me/epic/dm-01-gates")
    return past, sha


def test_the_title_in_the_subject_of_the_epics_pull_request() -> None:
    past, sha = make_titled("feat: add gate control")
    found = link(past, GATE, KEY)
    assert found.roles[sha] == "implements"
    assert not found[sha].explicit
    assert found[sha].score == pytest.approx(0.9)
    assert found[sha].reasons == ("its subject says the story's title: Gate Control",)


@pytest.mark.parametrize(
    "subject",
    [
        "feat: gate",
        "fix: gate control",
        "docs: gate control",
        "feat(dm-01.2): gate control",
        "Apply review of gate control",
    ],
)
def test_part_of_a_title_or_another_kind_of_commit_is_not_enough(subject: str) -> None:
    past, sha = make_titled(subject)
    assert sha not in link(past, GATE, KEY).roles


def test_two_commits_that_say_the_title_prove_neither() -> None:
    past, sha = make_titled("feat: gate control", also="feat: gate control again")
    assert sha not in link(past, GATE, KEY).roles


def test_a_title_counts_only_where_nothing_else_implements_the_story() -> None:
    past, sha = make_titled("feat: gate control", also="feat(dm-01.1): it")
    assert sha not in link(past, GATE, KEY).roles


def test_a_title_without_code_is_no_work() -> None:
    past, sha = make_titled("feat: gate control", "A docs/x.md")
    assert sha not in link(past, GATE, KEY).roles


# ------------------------------------------------------------------------------------------ comments


def test_the_commit_that_adds_a_file_whose_comments_name_the_story() -> None:
    past = Past()
    sha = past.commit("feat: open and close", "A src/doors.py")
    past.commit("feat: away", "D src/doors.py")
    past.commit("feat: and back", "A src/doors.py")
    [found] = make_linker(past, GATE, KEY).link_story(GATE, ["src/doors.py"])
    assert (found.commit.sha, found.role, found.explicit, found.score) == (sha, "implements", False, 0.8)
    assert found.reasons == ("it adds src/doors.py, whose comments name the story",)


@pytest.mark.parametrize(
    ("message", "change"),
    [("feat(dm-01.2): doors", "A src/doors.py"), ("docs: doors", "A src/doors.py"), ("feat: doors", "M src/doors.py")],
)
def test_a_comment_does_not_take_another_storys_commit(message: str, change: str) -> None:
    past = Past()
    past.commit(message, change)
    assert make_linker(past, GATE, KEY).link_story(GATE, ["src/doors.py"]) == ()


def test_comments_are_not_asked_where_a_commit_names_the_story() -> None:
    past = Past()
    stray = past.commit("feat: open and close", "A src/doors.py")
    past.commit("feat(dm-01.1): the gate", "A src/x.py")
    assert stray not in {found.commit.sha for found in make_linker(past, GATE, KEY).link_story(GATE, ["src/doors.py"])}
