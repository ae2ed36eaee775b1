"""The net work of a story's commits on each path, and where the path stands now."""

from __future__ import annotations

import pytest

from kbgen.model import FileWork
from tests.notes.doubles import World, create, modify, work

GATE = "src/gate.py"
DOOR = "src/door.py"


def only(files: tuple[FileWork, ...]) -> FileWork:
    (file,) = files
    return file


def lines(file: FileWork) -> tuple[int | None, int | None]:
    return file.added, file.deleted


def test_created_then_changed_is_created_with_the_lines_of_both() -> None:
    world = World()
    first = world.commit("feat: gate", {GATE: "a\nb\n"})
    second = world.commit("feat: latch", {GATE: "a\nc\nd\n"})
    file = only(world.files(work(first), work(second)))
    assert (file.path, file.change, file.now, file.now_path) == (GATE, "created", "present", GATE)
    assert lines(file) == (4, 1)
    assert file.commits == (first.sha, second.sha)


def test_created_then_deleted_by_the_story_leaves_no_trace() -> None:
    world = World()
    first = world.commit("feat: gate", {GATE: "a\n", DOOR: "d\n"})
    second = world.commit("feat: no gate", {GATE: None})
    assert [f.path for f in world.files(work(first), work(second))] == [DOOR]


def test_created_deleted_and_created_anew_counts_only_the_last() -> None:
    world = World()
    first = world.commit("feat: gate", {GATE: "a\nb\n"})
    second = world.commit("feat: no gate", {GATE: None})
    third = world.commit("feat: gate again", {GATE: "x\n"})
    file = only(world.files(work(first), work(second), work(third)))
    assert (file.change, lines(file), file.commits) == ("created", (1, 0), (third.sha,))


def test_created_anew_after_others_took_it_away_counts_what_is_there() -> None:
    world = World()
    first = world.commit("feat: gate", {GATE: "a\nb\n"})
    world.commit("Revert gate", {GATE: None})
    third = world.commit("feat: gate again", {GATE: "a\nb\nc\n"})
    file = only(world.files(work(first), work(third)))
    assert (file.change, lines(file), file.commits) == ("created", (3, 0), (first.sha, third.sha))


def test_renamed_after_creation_is_created_at_the_new_path() -> None:
    world = World()
    first = world.commit("feat: gate", {GATE: "a\nb\n"})
    second = world.commit("refactor: door", {DOOR: "a\nb\nc\n"}, moved={GATE: DOOR})
    file = only(world.files(work(first), work(second)))
    assert (file.path, file.change, file.old_path, file.now) == (DOOR, "created", "", "present")
    assert lines(file) == (3, 0)
    assert file.commits == (first.sha, second.sha)


def test_an_existing_file_renamed_keeps_what_was_done_under_its_old_name() -> None:
    world = World()
    world.commit("before", {GATE: "a\nb\n"})
    first = world.commit("feat: latch", {GATE: "a\nb\nc\n"})
    second = world.commit("refactor: door", {}, moved={GATE: DOOR})
    file = only(world.files(work(first), work(second)))
    assert (file.path, file.change, file.old_path, lines(file)) == (DOOR, "renamed", GATE, (1, 0))
    assert file.commits == (first.sha, second.sha)


def test_renamed_twice_names_the_first_path_and_back_again_is_no_rename() -> None:
    world = World()
    world.commit("before", {GATE: "a\n"})
    first = world.commit("move", {}, moved={GATE: "src/mid.py"})
    second = world.commit("move on", {}, moved={"src/mid.py": DOOR})
    file = only(world.files(work(first), work(second)))
    assert (file.path, file.old_path) == (DOOR, GATE)
    back = world.commit("move back", {}, moved={DOOR: GATE})
    file = only(world.files(work(first), work(second), work(back)))
    assert (file.path, file.change, file.old_path) == (GATE, "modified", "")


def test_deleted() -> None:
    world = World()
    world.commit("before", {GATE: "a\nb\n"})
    gone = world.commit("chore: no gate", {GATE: None})
    file = only(world.files(work(gone)))
    assert (file.change, file.now, file.now_path, lines(file)) == ("deleted", "removed", "", (0, 2))


def test_changed_then_deleted_is_deleted() -> None:
    world = World()
    world.commit("before", {GATE: "a\nb\n"})
    first = world.commit("feat: latch", {GATE: "a\nb\nc\n"})
    second = world.commit("chore: no gate", {GATE: None})
    file = only(world.files(work(first), work(second)))
    assert (file.change, file.commits, lines(file)) == ("deleted", (first.sha, second.sha), (1, 3))


def test_renamed_then_deleted_is_gone_from_its_first_place() -> None:
    world = World()
    world.commit("before", {GATE: "a\n"})
    first = world.commit("move", {}, moved={GATE: DOOR})
    second = world.commit("drop", {DOOR: None})
    file = only(world.files(work(first), work(second)))
    assert (file.path, file.change, file.old_path) == (GATE, "deleted", "")


def test_deleted_and_made_again_is_modified() -> None:
    world = World()
    world.commit("before", {GATE: "a\n"})
    first = world.commit("drop", {GATE: None})
    second = world.commit("again", {GATE: "b\n"})
    assert only(world.files(work(first), work(second))).change == "modified"


def test_made_again_by_others_and_then_changed_is_modified() -> None:
    world = World()
    world.commit("before", {GATE: "a\n"})
    first = world.commit("drop", {GATE: None})
    world.commit("by others", {GATE: "b\n"})
    second = world.commit("change", {GATE: "b\nc\n"})
    assert only(world.files(work(first), work(second))).change == "modified"


def test_a_change_of_mode_is_a_change_without_lines() -> None:
    world = World()
    world.commit("before", {"run.sh": "#!/bin/sh\n"})
    changed = world.commit("chmod", {}, modes=["run.sh"])
    file = only(world.files(work(changed)))
    assert (file.change, lines(file)) == ("modified", (0, 0))


def test_a_copy_is_a_new_file() -> None:
    world = World()
    world.commit("before", {GATE: "a\nb\n"})
    copied = world.commit("copy", {DOOR: "a\nb\nc\n"}, copied={GATE: DOOR})
    file = only(world.files(work(copied)))
    assert (file.path, file.change, file.old_path, lines(file)) == (DOOR, "created", "", (1, 0))


def test_moved_since_and_removed_since() -> None:
    world = World()
    made = world.commit("feat", {GATE: "a\n", DOOR: "d\n"})
    world.commit("later", {}, moved={GATE: "src/yard/gate.py"})
    world.commit("and", {}, moved={"src/yard/gate.py": "src/yard/gates.py"})
    world.commit("last", {DOOR: None})
    found = {f.path: (f.change, f.now, f.now_path) for f in world.files(work(made))}
    assert found == {GATE: ("created", "moved", "src/yard/gates.py"), DOOR: ("created", "removed", "")}


def test_binary_files_have_no_line_counts_ever_after() -> None:
    world = World()
    first = world.commit("feat", {"src/logo.png": "\0png"})
    second = world.commit("feat: text now", {"src/logo.png": "svg\n"})
    assert lines(only(world.files(work(first)))) == (None, None)
    assert lines(only(world.files(work(first), work(second)))) == (None, None)


def test_only_implementing_commits_count() -> None:
    world = World()
    made = world.commit("feat", {GATE: "a\n"})
    fixed = world.commit("fix", {GATE: "b\n", DOOR: "d\n"})
    file = only(world.files(work(made), work(fixed, "follow-up"), work(fixed, "mentions"), work(fixed, "reverts")))
    assert (file.path, file.commits) == (GATE, (made.sha,))


def test_planned_by_its_own_or_its_old_path_whatever_the_intent() -> None:
    world = World()
    world.commit("before", {"src/old.py": "a\n"})
    made = world.commit("feat", {GATE: "a\n", DOOR: "d\n"}, moved={"src/old.py": "src/new.py"})
    planned = (create(GATE), modify("src/old.py"))
    assert {f.path: f.planned for f in world.files(work(made), planned=planned)} == {
        GATE: True,
        DOOR: False,
        "src/new.py": True,
    }


@pytest.mark.parametrize("order", [1, -1])
def test_sorted_by_kind_then_path_whatever_the_order_in_the_commit(order: int) -> None:
    names = ["uv.lock", "docs/a.md", "b.yaml", "tests/test_a.py", "src/b.py", "src/a.py"]
    world = World()
    made = world.commit("feat", dict.fromkeys(names[::order], "x\n"))
    found = [(f.kind, f.path) for f in world.files(work(made))]
    assert found == [
        ("source", "src/a.py"),
        ("source", "src/b.py"),
        ("test", "tests/test_a.py"),
        ("config", "b.yaml"),
        ("docs", "docs/a.md"),
        ("noise", "uv.lock"),
    ]
