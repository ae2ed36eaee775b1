"""Where the work differs from the plan: one rule a section, and what must not be called a deviation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.notes.doubles import SPEC, World, create, make_story, modify, work

if TYPE_CHECKING:
    from kbgen.model import Deviation, Link, PlannedFile, Story

GATE = "src/gate.py"
USED = "from src.gate import Gate\n\nGate()\n"


def say(world: World, story: Story, *links: Link, shared: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(d.kind, d.text) for d in world.deviations(story, *links, shared=shared)]


def only(world: World, kind: str, story: Story, *links: Link, shared: tuple[str, ...] = ()) -> list[Deviation]:
    return [d for d in world.deviations(story, *links, shared=shared) if d.kind == kind]


# ------------------------------------------------------------------------------------ planned to create


def test_a_planned_file_that_nobody_ever_made() -> None:
    world = World()
    made = world.commit("feat", {GATE: "X = 1\n"})
    (found,) = world.deviations(make_story(create(GATE), create("src/bell.py")), work(made))
    assert (found.kind, found.text) == (
        "planned-absent",
        "planned to create `src/bell.py`; no commit ever made it",
    )
    (source,) = found.evidence
    assert (source.path, source.symbol, source.line) == (SPEC, "Files to Create", 9)


def test_a_plan_that_only_names_a_file_is_said_as_it_is() -> None:
    world = World()
    made = world.commit("feat", {GATE: "X = 1\n"})
    plan = create("src/bell.py").__class__("src/bell.py", "unclear", create(GATE).source)
    (found,) = world.deviations(make_story(create(GATE), plan), work(made))
    assert found.text == "planned at `src/bell.py`; no commit ever made it"


def test_a_plan_of_epic_or_tech_spec_counts_too_but_once() -> None:
    world = World()
    made = world.commit("feat", {GATE: "X = 1\n"})
    story = make_story(create("src/bell.py"), wider=[create("src/bell.py"), create("src/horn.py")])
    texts = [d.text for d in only(world, "planned-absent", story, work(made))]
    assert texts == [f"planned to create `src/{name}.py`; no commit ever made it" for name in ("bell", "horn")]


def test_a_planned_file_made_by_others() -> None:
    world = World()
    world.commit("others", {"src/bell.py": "X = 1\n"})
    made = world.commit("feat", {GATE: "X = 1\n"})
    plan = (create(GATE), create("src/bell.py"))
    assert say(world, make_story(*plan), work(made)) == [
        ("planned-by-others", "planned to create `src/bell.py`; it exists, made by other work")
    ]
    # A wider plan is the epic's: a sibling's file there is no surprise.
    assert say(world, make_story(create(GATE), wider=plan), work(made)) == []


@pytest.mark.parametrize(
    ("later", "moved", "place"),
    [({}, {"src/bell.py": "src/horn.py"}, "now `src/horn.py`"), ({"src/bell.py": None}, {}, "gone now")],
)
def test_a_planned_file_that_others_made_and_that_is_elsewhere_now(
    later: dict[str, str | None], moved: dict[str, str], place: str
) -> None:
    world = World()
    world.commit("others", {"src/bell.py": "X = 1\n"})
    made = world.commit("feat", {GATE: "X = 1\n"})
    last = world.commit("later", later, moved=moved)
    (found,) = world.deviations(make_story(create(GATE), create("src/bell.py")), work(made))
    assert found.text == f"planned to create `src/bell.py`; other work made it, and it is {place}"
    assert found.evidence[1].commit == last.sha


def test_a_planned_file_that_the_story_made_and_took_away() -> None:
    world = World()
    first = world.commit("feat", {GATE: "X = 1\n", "src/bell.py": "X = 1\n"})
    second = world.commit("feat: no bell", {"src/bell.py": None})
    (found,) = world.deviations(make_story(create(GATE), create("src/bell.py")), work(first), work(second))
    assert found.text == "planned to create `src/bell.py`; the story made it and took it away again, so it is gone now"


def test_a_planned_file_that_the_story_made_and_others_moved_is_as_planned() -> None:
    world = World()
    made = world.commit("feat", {GATE: "X = 1\n"})
    world.commit("others", {}, moved={GATE: "src/yard/gate.py"})
    assert say(world, make_story(create(GATE)), work(made)) == []
    assert say(world, make_story(create("src/yard/gate.py")), work(made)) == [
        ("unplanned", f"created without being planned: `{GATE}`")
    ]


def test_planned_elsewhere_by_name_and_by_the_story_s_own_rename() -> None:
    world = World()
    first = world.commit("feat", {"src/planning/load.py": "X = 1\n", "src/bell.py": "Y = 1\n"})
    second = world.commit("refactor", {}, moved={"src/bell.py": "src/horn.py"})
    story = make_story(create("src/services/load.py"), create("src/bell.py"))
    found = only(world, "planned-elsewhere", story, work(first), work(second))
    assert [d.text for d in found] == [
        "planned as `src/bell.py`, built as `src/horn.py`",
        "planned as `src/services/load.py`, built as `src/planning/load.py`",
    ]
    assert found[0].evidence[1].path == "src/horn.py"
    assert found[0].evidence[1].commit == second.sha


def test_planned_elsewhere_in_any_spelling_is_not_unplanned_too() -> None:
    world = World()
    made = world.commit("feat", {"web/src/DoorList.tsx": "export {};\n", "src/other.py": "X = 1\n"})
    assert say(world, make_story(create("web/src/door-list.tsx")), work(made)) == [
        ("planned-elsewhere", "planned as `web/src/door-list.tsx`, built as `web/src/DoorList.tsx`"),
        ("unplanned", "created without being planned: `src/other.py`"),
    ]


def test_of_many_files_of_one_name_only_the_near_one_is_meant() -> None:
    world = World()
    pages = [
        f"web/app/({group})/{name}/page.tsx" for group, name in zip("abcd", ("in", "out", "up", "down"), strict=True)
    ]
    made = world.commit("feat", dict.fromkeys(pages, "export {};\n"))
    story = make_story(create("web/app/up/page.tsx"), create("web/app/off/page.tsx"))
    texts = [d.text for d in world.deviations(story, work(made)) if d.kind.startswith("planned")]
    assert texts == [
        "planned to create `web/app/off/page.tsx`; no commit ever made it",
        "planned as `web/app/up/page.tsx`, built as `web/app/(c)/up/page.tsx`",
    ]


def test_files_that_every_package_has_are_no_twins() -> None:
    world = World()
    made = world.commit("feat", {"src/a/__init__.py": "X = 1\n"})
    story = make_story(create("src/b/__init__.py"))
    assert say(world, story, work(made)) == [
        ("planned-absent", "planned to create `src/b/__init__.py`; no commit ever made it")
    ]


def test_a_story_without_work_says_only_what_is_not_there() -> None:
    world = World()
    world.commit("others", {GATE: "X = 1\n"})
    story = make_story(create(GATE), create("src/bell.py"), modify("src/horn.py"))
    assert say(world, story) == [("planned-absent", "planned to create `src/bell.py`; it does not exist")]


# ------------------------------------------------------------------------------------ planned to modify


def test_a_planned_change_that_did_not_happen() -> None:
    world = World()
    world.commit("before", {"src/old.py": "X = 1\n", "src/new.py": "X = 1\n", "docs/a.md": "a\n", "a.yaml": "a: 1\n"})
    made = world.commit("feat", {GATE: "X = 1\n", "src/new.py": "X = 2\n"})
    plan = [create(GATE), *map(modify, ("src/old.py", "src/new.py", "docs/a.md", "a.yaml"))]
    (found,) = world.deviations(make_story(*plan), work(made))
    assert (found.kind, found.text) == (
        "planned-untouched",
        "planned to change `src/old.py`; the story's commits did not",
    )
    assert found.evidence[0].symbol == "Files to Modify"


def test_a_planned_change_of_a_file_that_never_existed() -> None:
    world = World()
    made = world.commit("feat", {GATE: "X = 1\n"})
    story = make_story(create(GATE), modify("src/nowhere.py"))
    assert say(world, story, work(made)) == [
        ("planned-absent", "planned to change `src/nowhere.py`; no such file ever existed")
    ]


def test_a_planned_change_of_a_file_that_was_there_once_is_not_called_invented() -> None:
    world = World()
    world.commit("before", {"src/old.py": "X = 1\n"})
    world.commit("others", {"src/old.py": None})
    made = world.commit("feat", {GATE: "X = 1\n"})
    assert say(world, make_story(create(GATE), modify("src/old.py")), work(made)) == []


def test_a_planned_change_under_the_old_name_of_a_renamed_file_happened() -> None:
    world = World()
    world.commit("before", {"src/old.py": "X = 1\n"})
    made = world.commit("feat", {}, moved={"src/old.py": GATE})
    assert say(world, make_story(modify("src/old.py")), work(made)) == []


# -------------------------------------------------------------------------------------------- unplanned


def test_unplanned_files_by_what_was_done_without_glue_documents_noise_and_deletions() -> None:
    world = World()
    before = ["src/a.py", "src/b.py", "src/c.py"]
    world.commit("before", {path: f"{path}\n" for path in before})
    files: dict[str, str | None] = {
        GATE: "X = 1\n",
        "src/a.py": "Y = 1\n",
        "src/c.py": None,
        "src/pack/__init__.py": "",
        "web/src/index.ts": "export {};\n",
        "docs/gate.md": "gate\n",
        "uv.lock": "x\n",
        "tests/test_gate.py": "def test_a(): ...\n",
    }
    made = world.commit("feat", files, moved={"src/b.py": "src/bb.py"})
    found = only(world, "unplanned", make_story(create("src/elsewhere.py")), work(made))
    assert [d.text for d in found] == [
        "created without being planned: `src/gate.py`, `tests/test_gate.py`",
        "changed without being planned: `src/a.py`",
        "renamed without being planned: `src/bb.py`",
    ]
    assert {e.commit for d in found for e in d.evidence} == {made.sha}


def test_nothing_is_unplanned_without_a_plan() -> None:
    world = World()
    made = world.commit("feat", {GATE: "X = 1\n"})
    assert say(world, make_story(), work(made)) == []


def test_a_long_list_of_unplanned_files_is_cut() -> None:
    world = World()
    made = world.commit("feat", {f"src/part_{n}.py": "X = 1\n" for n in range(9)})
    (found,) = only(world, "unplanned", make_story(create(GATE)), work(made))
    assert found.text.endswith("`src/part_5.py` and 3 more")
    assert len(found.evidence) == 9


def test_a_sibling_s_files_of_a_squashed_commit_are_the_sibling_s() -> None:
    """Neither surprise nor stand-in nor loose end of this story; its own files still are."""
    loose = "class Loose:\n    pass\n\n\ndef load():\n    # TODO: replace with real API\n    return 1\n"
    world = World()
    made = world.commit("feat: AB-1.2 and AB-1.3", {GATE: loose, "src/bell.py": loose, "tests/test_bell.py": "X = 1\n"})
    story = make_story(create(GATE))
    alone = {d.kind for d in world.deviations(story, work(made)) if "bell" in d.text}
    assert alone == {"unplanned", "mock", "unwired"}
    shared = world.deviations(story, work(made), shared=("src/bell.py",))
    assert [d.kind for d in shared] == ["mock", "unwired"]
    assert all(GATE in d.text for d in shared)


# ------------------------------------------------------------------------------------------------ mocks


def test_a_mock_by_its_own_words_and_by_its_name() -> None:
    world = World()
    text = (
        "export function loadBays() {\n  // TODO: replace with real API\n  return [];\n}\n\n"
        "export const MOCK_BAYS = [1];\n"
    )
    made = world.commit("feat", {"web/src/bays.ts": text})
    found = only(world, "mock", make_story(), work(made))
    assert [(d.text, d.evidence[0].quote) for d in found] == [
        ("`MOCK_BAYS` in `web/src/bays.ts` holds a stand-in, by its name", ""),
        (
            "`loadBays` in `web/src/bays.ts` holds a stand-in, by its own words",
            "TODO: replace with real API",
        ),
    ]


def test_a_mock_that_was_there_before_or_is_gone_now_is_none_of_it() -> None:
    mock = "def load():\n    # TODO: replace with real API\n    return 1\n"
    world = World()
    world.commit("before", {"src/old.py": mock})
    made = world.commit("feat", {"src/old.py": mock + "\nX = 1\n", GATE: mock, "tests/test_a.py": mock})
    assert len(only(world, "mock", make_story(), work(made))) == 1
    world.commit("others: the real thing", {GATE: "def load():\n    return 1\n"})
    assert only(world, "mock", make_story(), work(made)) == []


def test_a_mock_is_found_where_its_file_went_whoever_moved_it() -> None:
    mock = "def load():\n    # TODO: replace with real API\n    return 1\n"
    world = World()
    first = world.commit("feat", {GATE: mock})
    second = world.commit("refactor", {}, moved={GATE: "src/door.py"})
    world.commit("others", {}, moved={"src/door.py": "src/yard/door.py"})
    (found,) = only(world, "mock", make_story(), work(first), work(second))
    assert found.text == "`load` in `src/yard/door.py` holds a stand-in, by its own words"
    assert found.evidence[0].path == "src/yard/door.py"


# ---------------------------------------------------------------------------------------------- unwired


def test_what_nothing_uses_one_line_a_file_members_only_where_their_class_is_used() -> None:
    gate = (
        "class Gate:\n    def open(self):\n        return 1\n\n\n"
        "class Loose:\n    def run(self):\n        return 1\n\n\n"
        "def spare():\n    return 1\n\n\ndef _own():\n    return 1\n"
    )
    world = World()
    made = world.commit("feat", {GATE: gate})
    world.commit("others", {"src/use.py": USED})
    (found,) = only(world, "unwired", make_story(), work(made))
    assert found.text == (
        "wired nowhere: `Gate.open`, `Loose`, `spare` in `src/gate.py`; nothing outside the file and tests uses them"
    )
    assert [e.symbol for e in found.evidence] == ["Gate.open", "Loose", "spare"]


def test_one_loose_end_is_it_and_types_are_none() -> None:
    world = World()
    text = "export interface Shape { a: number }\nexport type Mode = 'a';\nexport function lonely() { return 1; }\n"
    made = world.commit("feat", {"web/src/lonely.ts": text})
    assert say(world, make_story(), work(made)) == [
        ("unwired", "wired nowhere: `lonely` in `web/src/lonely.ts`; nothing outside the file and tests uses it")
    ]


def test_a_long_list_of_loose_ends_is_cut_and_named_where_the_file_is_now() -> None:
    world = World()
    made = world.commit("feat", {GATE: "".join(f"def part_{n}():\n    return 1\n\n" for n in range(8))})
    world.commit("others", {}, moved={GATE: "src/yard/gate.py"})
    (found,) = only(world, "unwired", make_story(), work(made))
    assert "`part_5` and 2 more in `src/yard/gate.py`" in found.text
    assert len(found.evidence) == 8


def test_what_is_gone_is_not_called_unwired() -> None:
    world = World()
    made = world.commit("feat", {GATE: "def spare():\n    return 1\n"})
    world.commit("others", {GATE: "X = 1\n"})
    assert only(world, "unwired", make_story(), work(made)) == []


# ------------------------------------------------------------------------------- removed and taken back


def test_removed_since_names_the_commit_that_did_it() -> None:
    world = World()
    world.commit("before", {"src/own.py": "X = 1\n"})
    made = world.commit("feat", {GATE: "X = 1\n", "docs/a.md": "a\n", "src/own.py": None})
    last = world.commit("chore: no gate", {GATE: None, "docs/a.md": None})
    (found,) = only(world, "removed-since", make_story(), work(made))
    assert found.text == "`src/gate.py` is gone now"
    assert [(e.commit, e.quote) for e in found.evidence] == [(last.sha, "chore: no gate")]


def test_taken_back() -> None:
    world = World()
    made = world.commit("feat", {GATE: "X = 1\n"})
    undo = world.commit("Revert feat", {GATE: None})
    (found,) = only(
        world, "reverted", make_story(), work(made), work(undo, "reverts", reasons=("it reverts abc123def456",))
    )
    assert found.text == "`abc123def456` was taken back"
    assert found.evidence[0].commit == undo.sha


# ---------------------------------------------------------------------------------------- claimed counts


def claim(message: str, *, before: int = 0, after: int = 11, second: int | None = None) -> list[str]:
    """What is said of a commit whose one test file has so many cases before and after; maybe a second new one."""

    def cases(count: int) -> str:
        return "".join(f"def test_{n}(): ...\n" for n in range(count))

    world = World()
    world.commit("before", {"tests/test_a.py": cases(before), GATE: "X = 1\n"})
    files: dict[str, str | None] = {GATE: "X = 2\n"}
    if after != before:
        files["tests/test_a.py"] = cases(after)
    if second is not None:
        files["tests/test_b.py"] = cases(second)
    made = world.commit(message, files)
    return [d.text for d in only(world, "claimed-count", make_story(), work(made))]


@pytest.mark.parametrize(
    "message",
    [
        "feat\n\n- Add 11 tests",
        "feat\n\n- 11 unit tests, all passing",
        "feat\n\n- tests pass",
        "feat\n\n- no new tests",
        "feat\n\n58 unit tests passing",
        "feat\n\nAll 58 tests pass",
        "feat\n\n58 passing tests",
        "feat\n\nThe pass rate is 86% (311/362 tests)",
        "feat\n\n- Fix 3 tests of the gate",
        "feat\n\n- Skip 2 tests that need a network",
        "feat\n\n3 test files for the gate",
        "feat\n\n- 2 unit tests and 9 component tests",
        "feat\n\n- 9 unit tests for the gate",
        "feat\n\nv1.14 tests the gate",
        "feat\n\n~14 tests and 20+ tests",
    ],
)
def test_no_false_alarm(message: str) -> None:
    assert claim(message) == []


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("feat\n\n- 14 tests cover panel and hook", "14 tests"),
        ("feat\n\n- 14 new unit tests (all passing)", "14 new unit tests"),
        ("feat\n\n- Add 9 test cases", "9 test cases"),
        ("feat\n\n- 15 unit\n  tests for the gate", "15 unit tests"),
        ("feat\n\n- 12 unit tests\n- 14 component tests", "14 component tests"),
    ],
)
def test_a_number_that_the_diff_refutes(message: str, words: str) -> None:
    assert claim(message) == [f"the commit says “{words}”; its test files gained 11 and hold 11"]


def test_gained_held_and_each_file_s_own_number_are_all_borne_out() -> None:
    for number in (6, 4, 2, 9, 7, 8):
        found = claim(f"feat\n\n- Add {number} tests", before=5, after=7, second=4)
        assert bool(found) == (number in (8, 9)), number
    assert claim("feat\n\n- Add 11 tests", before=5, after=7, second=4) == []
    assert claim("feat\n\n- Add 12 tests", before=5, after=7, second=4) == [
        "the commit says “12 tests”; its test files gained 6 and hold 11"
    ]


def test_a_commit_without_test_files() -> None:
    assert claim("feat\n\n- Add 12 tests", after=0) == ["the commit says “12 tests”; it changes no test file"]
    assert claim("feat\n\n- 12 tests still pass", after=0) == []


def test_only_implementing_commits_are_held_to_their_word() -> None:
    world = World()
    made = world.commit("feat", {GATE: "X = 1\n"})
    fixed = world.commit("fix: 14 tests", {GATE: "X = 2\n"})
    assert only(world, "claimed-count", make_story(), work(made), work(fixed, "follow-up")) == []


# ------------------------------------------------------------------------------------------------ order


def test_in_the_order_in_which_a_reader_wants_them() -> None:
    world = World()
    world.commit("before", {"src/old.py": "X = 1\n", "src/theirs.py": "X = 1\n"})
    text = "def load():\n    # TODO: replace with real API\n    return 1\n"
    made = world.commit("feat\n\n14 tests", {GATE: text, "src/planning/load.py": "X = 1\n", "src/short.py": "X = 1\n"})
    undo = world.commit("Revert", {"src/short.py": None})
    plan: list[PlannedFile] = [
        create("src/bell.py"),
        create("src/a/load.py"),
        create("src/theirs.py"),
        modify("src/old.py"),
    ]
    links = (work(made), work(undo, "reverts", reasons=("it reverts abc123def456",)))
    assert [kind for kind, _ in say(world, make_story(*plan), *links)] == [
        "planned-absent",
        "planned-elsewhere",
        "planned-by-others",
        "planned-untouched",
        "mock",
        "unwired",
        "unplanned",
        "removed-since",
        "reverted",
        "claimed-count",
    ]
