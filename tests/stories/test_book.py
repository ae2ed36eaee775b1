"""Documents joined to stories: one for each identity."""

from __future__ import annotations

from itertools import permutations

from kbgen.model import StoryKey
from kbgen.stories import ParsedDocument, StoryBook, join_stories
from tests.stories.reading import GRAMMAR, parse


def join(*documents: ParsedDocument) -> StoryBook:
    return join_stories(documents, GRAMMAR)


STORY = parse(
    "# Story DM-01.6: Rules\n**Points:** 8\n## Files to Create\n- `a/x.py`\n", "docs/m/stories/dm-01-6-rules.md"
)
EPIC = parse(
    "# Epic DM-01\n### Story DM-01.6: Routing\nUpdate `a/y.py`\n### Story DM-01.7: Later\nt\n",
    "docs/m/epics/epic-dm-01-x.md",
)
SPEC = parse("# Spec\n### DM-01.6: Routing\nCreate `a/y.py` and more\n", "docs/specs/tech-spec-epic-dm-01.md")
STATUS = parse("dm-01: complete\ndm-01-6-old-name: done\ndm-01-8-unwritten: backlog\n", "docs/m/sprint-status.yaml")


def test_file_epic_spec_and_status_are_one_story() -> None:
    book = join(STORY, EPIC, SPEC, STATUS)
    assert [(s.id, s.title, s.status, s.path) for s in book.stories] == [
        ("DM-01.6", "Rules", "done", "docs/m/stories/dm-01-6-rules.md"),
        ("DM-01.7", "Later", "", ""),
        ("DM-01.8", "Unwritten", "backlog", ""),
    ]
    (story,) = book.find(StoryKey("DM", (1, 6)))
    assert [d.kind for d in story.documents] == ["file", "epic-section", "epic-section", "status"]
    assert [(p.path, p.intent) for p in story.planned] == [("a/x.py", "create")]
    assert [(p.path, p.intent) for p in story.wider_plan] == [("a/y.py", "modify")]
    assert (story.points, story.epic, story.module) == ("8", "DM-01", "docs/m")
    assert [e.kind for e in book.epics_of(story)] == ["epic", "tech-spec", "status"]
    assert [s.id for s in book.find_in_epic(StoryKey("DM", (1,)))] == ["DM-01.6", "DM-01.7", "DM-01.8"]


def test_order_of_documents_does_not_matter() -> None:
    first = join(STORY, EPIC, SPEC, STATUS)
    assert all(join(*order) == first for order in permutations((STORY, EPIC, SPEC, STATUS)))


def test_same_token_in_two_modules_is_two_stories() -> None:
    book = join(
        parse("# Story 11.9: Quick search\n", "docs/a/stories/11-9-quick-search.md"),
        parse("# Story 11.9: Export reports\n", "docs/b/stories/11-9-export-reports.md"),
        parse("11-9-quick-search: done\n", "docs/a/sprint-status.yaml"),
        parse("# Epic 11\n### Story 11.9: Export reports\nUpdate `b/x.py`\n", "docs/b/epics/epic-11-y.md"),
    )
    one, two = book.find(StoryKey("", (11, 9)))
    assert (one.module, one.title, one.status, one.wider_plan) == ("docs/a", "Quick search", "done", ())
    assert (two.module, two.title, two.status, [p.path for p in two.wider_plan]) == (
        "docs/b",
        "Export reports",
        "",
        ["b/x.py"],
    )
    assert [e.path for e in book.epics_of(one)] == []
    assert [e.path for e in book.epics_of(two)] == ["docs/b/epics/epic-11-y.md"]


def test_same_token_in_two_epics_without_files() -> None:
    book = join(
        parse("# Epic 1\n### Story 1.1: Sign in\nt\n", "docs/a/epics/epic-1-x.md"),
        parse("# Epic 1\n### Story 1.1: Draw charts\nt\n", "docs/b/epics/epic-1-y.md"),
    )
    assert [(s.module, s.title) for s in book.stories] == [("docs/a", "Sign in"), ("docs/b", "Draw charts")]


def test_moved_copy_of_a_story_is_the_same_story() -> None:
    short = parse("# Story 1.2: Rules\n", "docs/archive/stories/1-2-rules.md")
    long = parse("# Story 1.2: Rules\n## Acceptance Criteria\n- a\n- b\n", "docs/sprint-artifacts/1-2-rules.md")
    (story,) = join(short, long).stories
    assert story.path == "docs/sprint-artifacts/1-2-rules.md"
    assert [d.path for d in story.documents] == [
        "docs/sprint-artifacts/1-2-rules.md",
        "docs/archive/stories/1-2-rules.md",
    ]
    assert len(story.criteria) == 2
