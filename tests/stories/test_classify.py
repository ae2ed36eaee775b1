"""Kinds of planning documents, told by path alone."""

from __future__ import annotations

import pytest

from kbgen.stories import classify_document, discover, is_planning


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("docs/mod/stories/dm-01-6-routing.md", "story"),
        ("docs/stories/1.2.story.md", "story"),
        ("stories/KG-01.md", "story"),
        ("docs/stories/9-6-view-templates.md", "story"),
        ("docs/sprint-artifacts/14-13-quick-actions.md", "story"),
        ("docs/notes/story-00-3-backend.md", "story"),
        ("_bmad-output/implementation-artifacts/1-2-user-auth.md", "story"),
        ("_bmad-output/implementation-artifacts/spec-1-2-user-auth.md", "story"),
        ("docs/stories/12-3-audit-log-review-page.md", "story"),
        ("docs/mod/epics/epic-dm-01-frontend.md", "epic"),
        ("docs/mod/epics/epic-pm-12-consolidated-followups.md", "epic"),
        ("docs/EPIC-04-approval.md", "epic"),
        ("docs/prd/epics.md", "epic"),
        ("docs/mod/epics/epic-dm-01-tech-spec.md", "tech-spec"),
        ("docs/sprint-artifacts/tech-spec-epic-04.md", "tech-spec"),
        ("docs/sprint-artifacts/epic-9-retro-2025-12-22.md", "retrospective"),
        ("docs/mod/stories/dm-09-retrospective.md", "retrospective"),
        ("docs/mod/sprint-status.yaml", "status"),
        ("docs/stories/1-2-x.context.xml", "context"),
        ("docs/prd.md", "other-planning"),
        ("docs/mod/epics/epic-dependencies.md", "other-planning"),
        ("docs/mod/epics/epic-pm-02-review-todos.md", "other-planning"),
        ("docs/stories/04-8-IMPLEMENTATION-SUMMARY.md", "other-planning"),
        ("docs/stories/README.md", "other-planning"),
        ("docs/reviews/beta-review.md", "other-planning"),
        # of tools, of code, of nothing planned
        (".bmad/workflows/create-story/template.md", ""),
        (".claude/commands/create-story.md", ""),
        ("_bmad/bmm/stories/story-1-1.md", ""),
        ("node_modules/x/stories/1-1-a.md", ""),
        ("docs/templates/story-1-1.md", ""),
        ("docs/epics/epic-template.md", ""),
        ("src/planning/README.md", ""),
        ("src/stories/Button.stories.tsx", ""),
        ("docs/guides/history.md", ""),
        ("src/history/store.py", ""),
        ("README.md", ""),
    ],
)
def test_path_tells_kind(path: str, kind: str) -> None:
    assert classify_document(path) == kind
    assert is_planning(path) == (kind != "")


def test_discover_leaves_out_what_belongs_to_no_epic() -> None:
    paths = [
        "docs/stories/1-2-x.context.xml",
        "docs/stories/1-2-x.md",
        "docs/prd.md",
        "docs/epics/epic-2-followups.md",
        "src/a.py",
        "sprint-status.yaml",
    ]
    assert discover([*paths, *paths]) == (
        ("docs/epics/epic-2-followups.md", "other-planning"),
        ("docs/stories/1-2-x.md", "story"),
        ("sprint-status.yaml", "status"),
    )


def test_configured_globs_name_stories_that_no_convention_knows() -> None:
    assert discover(["work/items/A-1.md", "work/x.md"], ["work/items/*.md"]) == (("work/items/A-1.md", "story"),)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("dm-01-1-gate.md", "story"),
        ("dm-01-2-index.md", "story"),
        ("dm-01-3-release-notes.md", "story"),
        ("dm-01-4-audit-report.md", "story"),
        ("dm-01-5-implementation-notes.md", "other-planning"),
        ("dm-01-6-review.md", "other-planning"),
    ],
)
def test_a_slug_that_ends_like_a_record_is_a_story_all_the_same(name: str, kind: str) -> None:
    assert classify_document(f"docs/stories/{name}") == kind
