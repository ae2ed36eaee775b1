"""Acceptance criteria and tasks in the shapes that people write."""

from __future__ import annotations

from tests.stories.reading import read_story


def criteria(body: str) -> list[tuple[str, str, bool | None]]:
    return [
        (c.label, c.text, c.checked) for c in read_story("# Story 1.2: X\n\n## Acceptance Criteria\n" + body).criteria
    ]


def test_boxes_and_nested_items() -> None:
    assert criteria(
        "\n- [x] One\n  - detail\n  - [ ] more\n- [ ] Two goes on\n  here\n- [~] Half\n\n## Next\n- [ ] no\n"
    ) == [
        ("1", "One\n- detail\n- more", True),
        ("2", "Two goes on here", False),
        ("3", "Half", False),
    ]


def test_labels_in_every_dress() -> None:
    assert criteria("- [ ] AC1: a\n- **AC2:** b\n- [x] **AC3**: c\n- **AC4: d** e\n1. **AC5:** f\n") == [
        ("AC1", "a", False),
        ("AC2", "b", None),
        ("AC3", "c", True),
        ("AC4", "d e", None),
        ("AC5", "f", None),
    ]


def test_numbered_list_keeps_its_numbers() -> None:
    assert criteria("1. Given a\n   When b\n   Then c\n2. And d\n") == [
        ("1", "Given a\nWhen b\nThen c", None),
        ("2", "And d", None),
    ]


def test_headed_criteria_keep_title_and_steps() -> None:
    assert criteria("### AC1: Log in\n**Given** a\n**When** b\n**Then** c\n\n### AC2: Out ✅\n- [x] i\n- [ ] j\n") == [
        ("AC1", "Log in\nGiven a\nWhen b\nThen c", None),
        ("AC2", "Out\n- i\n- j", False),
    ]
    assert criteria("### 1. Log in\n**Given** a\n**Then** c\n### 2. Group\n- [x] i\n- [ ] j\n") == [
        ("1", "Log in\nGiven a\nThen c", None),
        ("2", "i", True),
        ("3", "j", False),
    ]


def test_steps_without_heading_begin_with_given() -> None:
    assert criteria("**Given** a\n**When** b\n\n**And** c\n\n**Given** d\n**Then** e\n") == [
        ("1", "Given a\nWhen b\nAnd c", None),
        ("2", "Given d\nThen e", None),
    ]
    assert criteria("- [x] Given a\n- [x] When b\n- [ ] Then c\n") == [("1", "Given a\nWhen b\nThen c", False)]


def test_table() -> None:
    assert criteria("| AC | Criterion | Status |\n|---|---|---|\n| AC1 | reads | ✅ |\n| AC2 | writes | open |\n") == [
        ("AC1", "reads", True),
        ("AC2", "writes", False),
    ]


def test_later_status_sections_change_nothing() -> None:
    story = read_story(
        "# Story 1.2: X\n## Acceptance Criteria\n- [ ] AC1: a\n"
        "## Senior Developer Review\n### Acceptance Criteria Status\n"
        "- [x] AC1: a\n### Acceptance Criteria\n- [x] AC1: b\n"
    )
    assert [(c.label, c.checked) for c in story.criteria] == [("AC1", False)]
    assert "Acceptance Criteria Status" in [section.title for section in story.sections]


def test_criteria_name_their_line() -> None:
    story = read_story("# Story 1.2: X\n\n## Acceptance Criteria\n\n- [ ] a\n\n- [ ] b\n")
    assert [(c.source.line, c.source.quote) for c in story.criteria] == [(5, "- [ ] a"), (7, "- [ ] b")]


def test_tasks_with_boxes_and_headed_tasks() -> None:
    boxes = read_story("# Story 1.2: X\n## Tasks / Subtasks\n- [x] One (AC: 1)\n  - [ ] Part\n- [ ] Two\n")
    assert [(t.text, t.done, t.source.line) for t in boxes.tasks] == [
        ("One (AC: 1)", True, 3),
        ("Part", False, 4),
        ("Two", False, 5),
    ]
    headed = read_story(
        "# Story 1.2: X\n## Implementation Tasks\n### Task 1: Make it\n- words\n### Task 2: Test it\n- more\n"
    )
    assert [(t.text, t.done, t.source.line) for t in headed.tasks] == [("Make it", None, 3), ("Test it", None, 5)]
