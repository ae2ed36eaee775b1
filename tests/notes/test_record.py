"""One story's record: what is joined, from which commits, and what of it still stands."""

from __future__ import annotations

from kbgen.model import Evidence
from kbgen.notes import build_record
from tests.notes.doubles import World, create, make_story, work

GATE = "src/gate.py"
WHY = "# A lock instead of a latch, because the wind opens latches.\n"
LATER = "# TODO: replace the wire with a chain\n"


def test_everything_of_a_story_stands_in_its_record() -> None:
    world = World()
    text = f"{WHY}X = 1\n{LATER}def open_gate():\n    return 1\n"
    link = work(world.commit("feat", {GATE: text, "tests/test_gate.py": "def test_opens(): ...\n"}))
    story = make_story(create(GATE), criteria=["`open_gate` opens"])
    record = world.record(story, link)
    assert (record.story, record.rev, record.links) == (story, world.rev, (link,))
    assert [f.path for f in record.files] == [GATE, "tests/test_gate.py"]
    assert [(t.path, t.cases) for t in record.tests] == [("tests/test_gate.py", 1)]
    assert [s.name for s in record.symbols] == ["open_gate"]
    assert [d.text for d in record.decisions] == [WHY.strip("# \n")]
    assert [d.text for d in record.deferred] == ["replace the wire with a chain"]
    assert "unwired" in [d.kind for d in record.deviations]
    assert [c.state for c in record.criteria] == ["evidence"]
    assert record.methods == ()


def test_methods_are_asked_for_only_when_wanted_and_of_the_work_only() -> None:
    world = World()
    made, fixed = world.commit("feat", {GATE: "X = 1\n"}), world.commit("fix", {GATE: "X = 2\n"})
    links = (work(made), work(fixed, "follow-up"))
    record = build_record(make_story(), links, (), world, world, with_methods=True)
    assert [m.name for m in record.methods] == [f"touched by {made.sha[:12]}"]


def test_a_comment_that_is_gone_now_decides_and_defers_nothing() -> None:
    world = World()
    link = work(world.commit("feat", {GATE: f"{WHY}{LATER}X = 1\n"}))
    world.commit("others: a chain", {GATE: "X = 1\n"})
    record = world.record(make_story(), link)
    assert (record.decisions, record.deferred) == ((), ())


def test_a_comment_is_quoted_from_where_it_stands_now() -> None:
    world = World()
    first = work(world.commit("feat", {GATE: f"{WHY}X = 1\n"}))
    second = work(world.commit("feat: door", {}, moved={GATE: "src/door.py"}))
    world.commit("others", {"src/yard/door.py": f"Y = 1\n\n{WHY}X = 1\n"}, moved={"src/door.py": "src/yard/door.py"})
    (decision,) = world.record(make_story(), first, second).decisions
    assert (decision.evidence.path, decision.evidence.line) == ("src/yard/door.py", 3)


def test_a_comment_of_others_or_of_a_test_is_none_of_the_story_s() -> None:
    world = World()
    world.commit("others", {GATE: f"{WHY}X = 1\n"})
    link = work(world.commit("feat", {GATE: f"{WHY}X = 2\n", "tests/test_gate.py": f"{WHY}def test_a(): ...\n"}))
    world.commit("others", {GATE: f"{WHY}X = 2\n{LATER}"})
    record = world.record(make_story(), link)
    assert (record.decisions, record.deferred) == ((), ())


def test_a_comment_of_a_follow_up_counts_too() -> None:
    world = World()
    made = work(world.commit("feat", {GATE: "X = 1\n"}))
    fixed = work(world.commit("fix: review", {GATE: f"{WHY}X = 1\n"}), "follow-up")
    (decision,) = world.record(make_story(), made, fixed).decisions
    assert (decision.evidence.path, decision.evidence.line) == (GATE, 1)


def test_what_could_not_be_read_whole_is_named_once_in_order() -> None:
    world = World()
    broken = "def broken(:\n    return\n"
    first = work(world.commit("feat", {"src/b.py": broken, "src/a.py": broken}))
    second = work(world.commit("feat", {"src/b.py": broken + "x\n"}))
    skipped = world.record(make_story(), first, second).skipped
    assert [s.path for s in skipped] == ["src/a.py", "src/b.py"]
    assert all(s.why for s in skipped)


def test_a_story_with_nothing_is_an_empty_record() -> None:
    world = World(README="x")
    record = world.record(make_story())
    assert (record.files, record.tests, record.symbols, record.criteria, record.skipped) == ((), (), (), (), ())
    assert Evidence() not in [e for d in record.deviations for e in d.evidence]
