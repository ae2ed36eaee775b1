"""Planned paths that are written short, or with the repository's own name in front."""

from __future__ import annotations

import pytest

from kbgen.notes.plans import resolve_plans
from tests.notes.doubles import World, create, make_story, work

HOOK = "web/src/hooks/use-bays.ts"


def resolve(planned: str, changed: tuple[str, ...], others: tuple[str, ...] = ()) -> str:
    world = World()
    world.commit("others", dict.fromkeys((*others, "README.md"), "x\n"))
    made = world.commit("feat", dict.fromkeys(changed, "y\n"))
    story = resolve_plans(make_story(create(planned), wider=[create(planned)]), (work(made),), world.entries)
    assert story.planned == story.wider_plan
    assert story.planned[0].source == create(planned).source
    return story.planned[0].path


@pytest.mark.parametrize(
    ("planned", "changed", "others", "meant"),
    [
        (HOOK, (HOOK,), (), HOOK),
        ("hooks/use-bays.ts", (HOOK,), (), HOOK),
        ("hooks/use-bays.ts", (HOOK,), ("admin/hooks/use-bays.ts",), HOOK),
        ("hooks/use-bays.ts", ("a.ts",), (HOOK,), HOOK),
        ("hooks/use-bays.ts", ("a.ts",), (HOOK, "admin/hooks/use-bays.ts"), "hooks/use-bays.ts"),
        ("hooks/use-bays.ts", (HOOK,), ("hooks/use-bays.ts",), "hooks/use-bays.ts"),
        ("use-bays.ts", (HOOK,), (), "use-bays.ts"),
        ("bays.ts", (HOOK,), (), "bays.ts"),
        ("hooks/other.ts", (HOOK,), (), "hooks/other.ts"),
        ("yard/web/app.ts", ("web/app.ts",), (), "web/app.ts"),
        ("yard/web/app.ts", ("web/app.ts",), ("yard/x.ts",), "yard/web/app.ts"),
    ],
)
def test_what_a_planned_path_means(planned: str, changed: tuple[str, ...], others: tuple[str, ...], meant: str) -> None:
    assert resolve(planned, changed, others) == meant


def test_a_short_path_is_planned_and_no_deviation() -> None:
    world = World()
    made = world.commit("feat", {HOOK: "export {};\n"})
    record = world.record(make_story(create("hooks/use-bays.ts")), work(made))
    assert [f.planned for f in record.files] == [True]
    assert record.deviations == ()
