"""Documents that a project has on a subject under another name."""

from __future__ import annotations

import pytest

from kbgen.model import Fact
from kbgen.pages.existing import Document, find_documents_on, is_current, list_documents

MCP = (("mcp", "model context protocol"),)
ROTATION = (("key", "secret"), ("rotation", "rotate"))


def find(
    subject: tuple[tuple[str, ...], ...], *documents: Document, ours: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    return [(found.path, found.scope) for found in find_documents_on(subject, documents, ours)]


def test_a_document_is_found_by_title_or_name_whatever_its_spelling() -> None:
    documents = (
        Document("docs/guides/mcp-integrations.md", "Integrations (User Guide)"),
        Document("docs/protocol.md", "The Model-Context Protocol"),
        Document("docs/mcp/README.md", "Servers"),
        Document("docs/runbooks/key-rotation.md", "Runbook: Key Rotation"),
        Document("docs/rotation.md", "Secrets"),
    )
    assert find(MCP, *documents) == [
        ("docs/guides/mcp-integrations.md", "document"),
        ("docs/mcp/README.md", "document"),
        ("docs/protocol.md", "document"),
    ]
    assert find(ROTATION, *documents) == [
        ("docs/rotation.md", "document"),
        ("docs/runbooks/key-rotation.md", "document"),
    ]


def test_an_aside_in_a_title_makes_no_document_on_it() -> None:
    assert find(MCP, Document("docs/modules.md", "Modules (plugins + MCP)")) == []
    assert find(MCP, Document("docs/x.md", "(MCP)")) == [("docs/x.md", "document")]


def test_sections_follow_documents_and_need_more_than_a_word() -> None:
    general = Document("docs/DEPLOYMENT.md", "Deployment", ("Setup", "MCP servers"))
    special = Document("docs/guides/robots.md", "Robots", ("MCP servers", "Key Rotation Procedure"))
    named = Document("src/keys/README.md", "Keys", ("Rotation",))
    assert find(MCP, general, special, Document("docs/zmcp.md", "MCP")) == [
        ("docs/zmcp.md", "document"),
        ("docs/DEPLOYMENT.md", "section"),
    ]
    assert find(ROTATION, general, special, named) == [
        ("docs/guides/robots.md", "section"),
        ("src/keys/README.md", "section"),
    ]
    (found,) = find_documents_on(ROTATION, (special,))
    assert found.heading == "Key Rotation Procedure"


def test_words_of_title_and_name_make_no_phrase_together() -> None:
    assert find((("state sync",),), Document("docs/sync.md", "Our state")) == []


@pytest.mark.parametrize(
    "path",
    [
        ".claude/agents/mcp.md",
        "docs/archive/mcp.md",
        "docs/modules/x/stories/mcp.md",
        "docs/sprint-artifacts/mcp.md",
        "docs/epic-mcp-tech-spec.md",
        "docs/adr/001-mcp.md",
        "docs/plans/mcp.md",
        "docs/research/mcp.md",
        "docs/mcp-retrospective.md",
        "agents/x/prompts/mcp.md",
        "docs/mcp-follow-ups.md",
        "docs/TECH-DEBT-mcp.md",
        "CHANGELOG-mcp.md",
        "docs/_drafts/mcp.md",
        "CLAUDE.md",
        "docs/mcp.txt",
    ],
)
def test_what_plans_or_tells_of_the_past_is_left_out(path: str) -> None:
    assert find(MCP, Document(path, "MCP")) == []


def test_titles_count_too_and_a_guide_is_current_after_all() -> None:
    assert not is_current("docs/mcp.md", "Retrospective: MCP")
    assert not is_current("docs/audit.md")
    assert is_current("docs/security/review-checklist.md", "Security Review Checklist")
    assert is_current("docs/runbooks/migration.md", "Runbook: Migration rollback") is False
    assert is_current("docs/guides/migration-guide.md", "Migration Guide")


def test_our_own_pages_are_left_out() -> None:
    assert find(MCP, Document("docs/guides/mcp.md", "MCP"), ours=("docs/guides/mcp.md",)) == []


def test_documents_are_made_of_heading_facts() -> None:
    def heading(path: str, text: str, level: int) -> Fact:
        return Fact("heading", text, path, 1, text, "", "", (("level", str(level)),))

    facts = [
        heading("b.md", "B", 1),
        heading("b.md", "One", 2),
        heading("b.md", "Deep", 4),
        heading("a.md", "A", 3),
        Fact("table", "T", "c.md", 1),
    ]
    assert list_documents(facts) == (Document("a.md", "A"), Document("b.md", "B", ("One",)))
