"""Story files of all shapes, epics, tech specs, and texts that mean harm."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.model import StoryKey
from kbgen.stories import ParsedDocument
from tests.stories.reading import parse, read_story


@pytest.mark.parametrize(
    ("text", "path", "id_", "key", "title"),
    [
        ("# Story DM-01.6: Carrier Rules", "s/stories/dm-01-6-x.md", "DM-01.6", ("DM", (1, 6)), "Carrier Rules"),
        ("# Story 04-1: Rules", "s/stories/04-1-x.md", "04-1", ("", (4, 1)), "Rules"),
        ("# Story: KB-04.1 - Drafts", "s/stories/kb-04-1-x.md", "KB-04.1", ("KB", (4, 1)), "Drafts"),
        ("# PM-01.2: Phases ✅", "s/stories/pm-01-2.md", "PM-01.2", ("PM", (1, 2)), "Phases"),
        ("# Story PM-04-6: Points (5 points)", "s/stories/pm-04-6.md", "PM-04-6", ("PM", (4, 6)), "Points"),
        ("# DM-01.6 - Rules", "s/stories/x.md", "DM-01.6", ("DM", (1, 6)), "Rules"),
        ("# Notes\n\nprose\n\n## Story 3.4: Far down", "s/stories/x.md", "3.4", ("", (3, 4)), "Far down"),
        ("# Rules", "s/stories/dm-01-6-x.md", "DM-01.6", ("DM", (1, 6)), "Rules"),
        ("# Rules\n**Story ID:** kb-01-4", "s/stories/x.md", "kb-01-4", ("KB", (1, 4)), "Rules"),
        ("---\nid: DM-01.6\ntitle: 'Rules'\n---\nwords", "s/stories/x.md", "DM-01.6", ("DM", (1, 6)), "Rules"),
        ("# Story 01.6: Rules", "s/stories/dm-01-6-x.md", "01.6", ("DM", (1, 6)), "Rules"),
        ("words", "s/stories/kb-01-4-page-auto-save.md", "KB-01.4", ("KB", (1, 4)), "Page Auto Save"),
        ("# Story 15.18a: Roles", "s/stories/15-18a-roles.md", "15.18a", ("", (15, 18)), "Roles"),
    ],
)
def test_id_and_title(text: str, path: str, id_: str, key: tuple[str, tuple[int, ...]], title: str) -> None:
    story = read_story(text, path)
    assert (story.id, (story.key.prefix, story.key.numbers), story.title) == (id_, key, title)


def test_file_without_any_id_is_a_problem_and_no_story() -> None:
    parsed = parse("# How we write stories", "docs/stories/how.md")
    assert parsed.stories == ()
    assert parsed.problems == ("no story ID in heading, fields or file name",)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("**Status:** done", "done"),
        ("Status: Ready for Review", "ready for review"),
        ("## Status\n\nDone", "done"),
        ("## Status: in-progress", "in progress"),
        ("- **Status**: ✅ Complete (2025-01-02)", "complete"),
        ("| **Status** | Done |", "done"),
        ("**Points:** 3 | **Status:** DONE - merged", "done"),
        ("prose about status codes", ""),
        ("## Code Review\n**Status:** APPROVED", ""),
    ],
)
def test_status_is_normalised(head: str, status: str) -> None:
    assert read_story(f"# Story 1.2: X\n\n{head}\n\n## Acceptance Criteria\n- a\n").status == status


def test_fields_of_the_head() -> None:
    story = read_story("# Story 1.2: X\n**Epic:** EPIC-04 - Approvals\n**Estimated Effort:** 5 points (6-8 hours)\n")
    assert (story.epic, story.points) == ("04", "5")
    assert read_story("# Story 1.2: X\n\n## Story Points: 8\n").points == "8"


def test_new_form_of_bmad() -> None:
    story = read_story(
        "---\ntitle: '1-2 Log in'\nstatus: 'in-review'\nbaseline_commit: 'abc'\n---\n\n# 1-2 Log in\n\n## Intent\n\n"
        "**Problem:** none.\n\n## Code Map\n\n- `src/a.ts` -- handler\n- `src/s.ts` -- store\n\n"
        "## Tasks & Acceptance\n\n"
        "**Execution:**\n- [x] `src/a.ts` -- add POST -- needed\n- [ ] `src/h.ts` -- create helper -- none yet\n\n"
        "**Acceptance Criteria:**\n- Given a user, when they log in, then a session exists\n- Given b, then c\n\n"
        "## Review Triage Log\n- patch: create `src/t.ts`\n\n## Verification\n**Commands:**\n- `npm test`\n"
    )
    assert (story.status, story.title, len(story.criteria)) == ("in review", "Log in", 2)
    assert {p.path: p.intent for p in story.planned} == {"src/a.ts": "unclear", "src/h.ts": "create"}
    assert [task.done for task in story.tasks] == [True, False]


def test_broken_front_matter_is_reported_and_read_by_lines() -> None:
    parsed = parse("---\nstatus: done: really\n\tbad: [\n---\n# Story 1.2: X\n")
    assert parsed.stories[0].title == "X"
    assert parsed.problems[0].startswith("front matter: line 2: not valid YAML")
    twice = parse("---\nstatus: done\nstatus: open\n---\n# Story 1.2: X\n")
    assert twice.stories[0].status == "done"
    assert twice.problems == ("front matter: line 3: key 'status' is given twice; the first one counts",)


def test_heading_against_file_name_is_reported() -> None:
    parsed = parse("# Story 1.3: X\n", "docs/stories/1-2-x.md")
    assert parsed.stories[0].key == StoryKey("", (1, 3))
    assert "file name says 1.2" in parsed.problems[0]


EPIC = """# Epic DM-02: Backend

## Stories

### Story DM-02.1: First (3 points)

**Acceptance Criteria:**
- [x] a

**Files to Create:**
```
src/
└── a.py
```

### Story DM-02.2: Review Queue - DONE

#### Acceptance Criteria
1. b

### AC-02.1: not a story
### 2.3 Chapter, no story
"""


def test_epic_has_a_document_for_each_story() -> None:
    parsed = parse(EPIC, "docs/epics/epic-dm-02-backend.md")
    assert [(e.key, e.kind) for e in parsed.epics] == [(StoryKey("DM", (2,)), "epic")]
    first, second = parsed.stories
    assert (first.id, first.title, first.points, first.line, first.epic) == ("DM-02.1", "First", "3", 5, "DM-02")
    assert [(p.path, p.intent) for p in first.planned] == [("src/a.py", "create")]
    assert (second.title, [c.text for c in second.criteria]) == ("Review Queue", ["b"])


def test_tech_spec_sections_with_chapter_numbers() -> None:
    parsed = parse(
        "# Tech Spec\n## 3. Breakdown\n### 3.1 Story DM-02.1: First\nUpdate `a/b.py`\n", "d/epic-dm-02-tech-spec.md"
    )
    assert [(s.id, s.planned[0].path) for s in parsed.stories] == [("DM-02.1", "a/b.py")]


def test_one_file_with_all_epics() -> None:
    parsed = parse(
        "# Epics\n## Epic 1: A\n### Story 1.1: One\ntext\n## Epic 2: B\n### Story 2.1: Two\ntext\n", "docs/prd/epics.md"
    )
    assert [e.key.numbers for e in parsed.epics] == [(1,), (2,)]
    assert [(s.id, s.epic) for s in parsed.stories] == [("1.1", "1"), ("2.1", "2")]


def test_markdown_fence_with_code_blocks_in_it_swallows_no_story() -> None:
    text = (
        "# Epic 1\n### Story 1.1: Guide\n```markdown\n# Guide\n```yaml\na: b\n```\n## More\n```\n\n"
        "**Acceptance Criteria:**\n- a\n\n### Story 1.2: Next\ntext\n"
    )
    parsed = parse(text, "docs/epics/epic-1-x.md")
    assert [s.id for s in parsed.stories] == ["1.1", "1.2"]
    assert [c.text for c in parsed.stories[0].criteria] == ["a"]


def test_retrospective_keeps_its_sections() -> None:
    parsed = parse("# Retro\n## Wins\ngood\n### DM-05.1: Tool - DONE\nx\n", "docs/epic-dm-05-retrospective.md")
    (epic,) = parsed.epics
    assert (epic.kind, epic.key, [(s.title, s.line, s.text) for s in epic.sections][1]) == (
        "retrospective",
        StoryKey("DM", (5,)),
        ("Wins", 2, "good"),
    )
    assert parsed.stories == ()


def test_json_round_trip() -> None:
    for text, path in (
        (EPIC, "docs/epics/epic-dm-02-backend.md"),
        ("# Story 1.2: é\n## Files to Create\n- `a/b.py`\n", "docs/stories/1-2.md"),
    ):
        parsed = parse(text, path)
        assert ParsedDocument.from_json(json.loads(json.dumps(parsed.to_json()))) == parsed


def test_text_that_is_none() -> None:
    assert parse("\x00\x01" * 50).problems == ("this is no text: it holds NUL bytes",)
    assert parse("", "docs/stories/x.md").problems == ("no story ID in heading, fields or file name",)
    assert [s.id for s in parse("").stories] == ["1.2"]


@pytest.mark.parametrize(
    "text",
    [
        "- [ ] do `a/b.ts` create it\n" * 100_000,
        "x/" * 4_000_000,
        "".join(" " * min(i, 1900) + "- a\n" for i in range(10_000)),
        "".join(f"**Files to create {i}:**\n- `a/b{i}.ts`\n" for i in range(4_000)),
        "## Implementation Notes\n" * 4_000,
        ("`a/b.ts`, " * 200 + "\n") * 100,
        "<!-- a\n" * 9_000,
        "> " * 20_000,
    ],
    ids=["large", "one line", "deep list", "many labels", "many notes", "many paths", "open comments", "deep quote"],
)
def test_hostile_text_is_bounded(text: str) -> None:
    story = read_story("# Story 1.2: X\n\n## Acceptance Criteria\n\n" + text)
    assert len(story.planned) <= 5_000
    assert len(story.criteria) <= 500


LINES = st.sampled_from(
    [
        "# Story 1.2: X", "## Acceptance Criteria", "- [ ] AC1: a", "  - b", "```", "```markdown", "~~~", "---", "",
        "**Files to Create:**", "- `a/b.py`", "├── c.py", "a/", "| File | Action |", "|---|---|", "| `x/y.py` | new |",
        "<!--", "-->", "<!-- kbgen:begin n -->", "<!-- kbgen:end n sha256:0 -->", "**Given** a", "status: done",
        "### AC2: t", "**File:** `q/r.ts`", "Create `z/z.py`", "## Dev Agent Record", "### File List", "\t- x", "====",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(LINES | st.text(max_size=12), max_size=40))
def test_any_text_parses_and_its_evidence_lies_in_it(lines: list[str]) -> None:
    text = "\n".join(lines)
    count = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    for path in ("docs/stories/1-2-x.md", "docs/epics/epic-1-x.md", "docs/tech-spec-epic-1.md", "sprint-status.yaml"):
        parsed = parse(text, path)
        for story in parsed.stories:
            sources = [one.source for one in (*story.criteria, *story.planned, *story.tasks)]
            assert all(1 <= source.line <= count for source in sources)
            assert all(1 <= section.line <= count for section in story.sections)
        assert ParsedDocument.from_json(json.loads(json.dumps(parsed.to_json()))) == parsed


def test_a_story_that_is_called_implementation_notes_keeps_its_status() -> None:
    story = read_story(
        "# Story DM-01.7: Implementation notes\n\n**Status:** done\n\n## Acceptance Criteria\n\n- It holds\n"
    )
    assert story.status == "done"
    assert [c.text for c in story.criteria] == ["It holds"]
