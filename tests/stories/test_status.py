"""Sprint-status files: where keys may stand, and YAML that is broken or means harm."""

from __future__ import annotations

from kbgen.model import StoryKey
from kbgen.stories.yamlread import read_yaml
from tests.stories.reading import parse

PATH = "docs/mod/sprint-status.yaml"


def test_keys_of_all_spellings() -> None:
    parsed = parse(
        "project: X 2025\ndevelopment_status:\n  # Epic\n  epic-1: in-progress\n  1-1-user-auth: done\n"
        "  dm-01: complete\n"
        "  dm-01-6-carrier-rules-UI: Done\n  kb-01-4-bay-auto-close: ready-for-dev\n  epic-1-retrospective: optional\n"
        "  04-1-implement-x: drafted\n",
        PATH,
    )
    assert [(s.id, s.title, s.status, s.epic, s.line) for s in parsed.stories] == [
        ("1-1", "User Auth", "done", "1", 5),
        ("DM-01.6", "Carrier Rules UI", "done", "DM-01", 7),
        ("KB-01.4", "Bay Auto Close", "ready for dev", "KB-01", 8),
        ("04-1", "Implement X", "drafted", "04", 10),
    ]
    assert [(e.key, e.sections[0].text) for e in parsed.epics] == [
        (StoryKey("", (1,)), "in progress"),
        (StoryKey("DM", (1,)), "complete"),
    ]


def test_nested_and_listed_stories() -> None:
    parsed = parse(
        "epics:\n  epic-2:\n    stories:\n      2-1-thing: {status: done, title: The Thing}\nstories:\n"
        "  - id: DM-01.6\n    title: Rules\n    status: review\n",
        PATH,
    )
    assert [(s.id, s.title, s.status) for s in parsed.stories] == [
        ("2-1", "The Thing", "done"),
        ("DM-01.6", "Rules", "review"),
    ]


def test_broken_yaml_is_read_by_lines_and_reported() -> None:
    parsed = parse("development_status:\n  1-1-a-b: done\n bad\n  : :\n  1-2-c: backlog # later\n", PATH)
    assert [(s.id, s.status, s.line) for s in parsed.stories] == [("1-1", "done", 2), ("1-2", "backlog", 5)]
    assert (
        parsed.problems == ("line 3: not valid YAML (did not find expected key); read line by line",)
        or "line" in parsed.problems[0]
    )


def test_aliases_are_not_followed() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(22)
    )
    scalars, problems = read_yaml(bomb)
    assert [scalar.value for scalar in scalars] == ["x", "x"]
    assert problems == ()
    assert read_yaml("a: &a\n  b: *a\n")[0] == ()


def test_depth_and_size_are_bounded() -> None:
    assert "nested" not in str(read_yaml("[" * 50_000)[0])
    assert read_yaml("[" * 50_000)[1] != ()
    many = parse("".join(f"1-{i % 900}-x{i}: done\n" for i in range(20_500)), PATH)
    assert len(many.stories) == 900
    assert "only the first 20,000 values" in many.problems[0]


def test_duplicate_keys_are_reported() -> None:
    parsed = parse("1-1-a: done\n1-1-a: open\n", PATH)
    assert [s.status for s in parsed.stories] == ["done"]
    assert parsed.problems == ("line 2: key '1-1-a' is given twice; the first one counts",)
