"""Gaps, recommendations and debt items out of tables, headings and lists; and the lines that say who takes them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.ids import Grammar
from kbgen.model import StoryDocument, StoryKey
from kbgen.stories.items import (
    Definition,
    Naming,
    find_line,
    read_definitions,
    read_epic_namings,
    read_story_namings,
)
from kbgen.stories.reader import cut_sections, read_page
from kbgen.stories.references import find_references, make_family, read_kind, read_prefix

GRAMMAR = Grammar(prefixes=("OR",))
EPIC = StoryKey("OR", (2,))


def define(text: str) -> list[Definition]:
    return list(read_definitions("docs/debt.md", "b" * 40, cut_sections(read_page(text)), GRAMMAR, EPIC, "epic"))


def name(text: str, kind: str = "epic-section") -> list[Naming]:
    document = StoryDocument(
        StoryKey("OR", (2, 1)),
        "OR-02.1",
        "Map",
        "docs/e.md",
        "b" * 40,
        1,
        "file" if kind == "file" else "epic-section",
        sections=cut_sections(read_page(text)),
    )
    return list(read_story_namings(document, GRAMMAR))


def spelled(text: str) -> list[str]:
    return [reference.spelled for reference in find_references(text, GRAMMAR)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Documentation Gap #1, REC-08", ["Documentation Gap #1", "REC-08"]),
        ("Doc Gaps 1-3", ["Doc gap #1", "Doc gap #2", "Doc gap #3"]),
        ("Gaps 1, 3 and 5", ["Gap #1", "Gap #3", "Gap #5"]),
        ("REC-27 to REC-29, TD-21", ["REC-27", "REC-28", "REC-29", "TD-21"]),
        ("REC-27–29", ["REC-27", "REC-28", "REC-29"]),
        ("TD-01 - 24 failing tests", ["TD-01"]),
        ("TD-9..TD-11", ["TD-9", "TD-10", "TD-11"]),
        ("OR-01 Retrospective Recommendation #2", ["OR-01 Retrospective Recommendation #2"]),
        ("Documentation Gap #7, Documentation Gap #8", ["Documentation Gap #7", "Documentation Gap #8"]),
        ("TD-AB05-1 and TD-AB05-S2", ["TD-AB05-1", "TD-AB05-S2"]),
        ("OR-02.1 and OR-02 are a story and an epic, so is EPIC-15", []),
        ("version 1.2, 3 gaps, a gap of 20%, 2025-12-30", []),
        ("REC-1 to REC-9999", ["REC-1", "REC-9999"]),
        ("REC-9 to REC-2", ["REC-9", "REC-2"]),
        ("", []),
    ],
)
def test_references(text: str, found: list[str]) -> None:
    assert [one.lower() for one in spelled(text)] == [one.lower() for one in found]


def test_which_list_a_number_means() -> None:
    (reference,) = find_references("This closes OR-01 Retrospective Recommendation #2", GRAMMAR)
    assert (reference.kind, reference.number, reference.document) == ("recommendation", 2, "retrospective")
    assert reference.epic == StoryKey("OR", (1,))
    assert find_references("addresses Testing Gap #3", GRAMMAR)[0].words == ("testing",)


def test_kinds() -> None:
    assert (read_kind("Documentation Gaps (6 Items)"), read_kind("Tech Debt"), read_kind("Lessons")) == (
        "gap",
        "debt",
        None,
    )
    assert read_kind("Gaps and recommendations") is None, "two kinds are none"
    assert (read_prefix("TD-1"), read_prefix("REC-1"), read_prefix("DEBT-3"), read_prefix("CR-1")) == (
        "debt",
        "recommendation",
        "debt",
        None,
    )
    assert make_family("3. Documentation Gaps (6 Items)") == "Documentation Gap"


def test_a_table_of_tokens() -> None:
    found = define(
        "# Register\n\n## Tech Debt\n\n| ID | Item | Source | Status |\n|---|---|---|---|\n"
        "| **TD-01** | Leaks in `pump` \\| pipe | OR-01.3 | Unresolved |\n"
        "| ~~TD-02~~ | ~~Rust~~ | OR-01 | → OR-02.5 |\n"
        "| OR-02 | an epic is no item | | |\n"
    )
    assert [(d.id, d.kind, d.title, d.status) for d in found] == [
        ("TD-01", "debt", "Leaks in `pump` | pipe", "Unresolved"),
        ("TD-02", "debt", "Rust", "→ OR-02.5"),
    ]
    assert found[0].takes == (), "where it was found takes nothing"
    assert found[1].takes == (StoryKey("OR", (2, 5)),)
    assert [d.closed for d in found] == [False, True]
    assert found[0].source.symbol == "Tech Debt"
    assert found[0].source.quote.startswith("| **TD-01**")


def test_a_prefix_says_more_than_the_heading() -> None:
    table = "| ID | Item |\n|---|---|\n| REC-1 | a |\n| TD-1 | b |\n| ZZ-1 | c |\n"
    found = define(f"# E\n\n## Recommendations\n\n{table}")
    assert [(d.id, d.kind) for d in found] == [
        ("REC-1", "recommendation"),
        ("TD-1", "debt"),
        ("ZZ-1", "recommendation"),
    ]


def test_numbered_tables_are_named_after_their_heading() -> None:
    found = define("# E\n\n### Documentation Gaps\n\n| # | Gap |\n|---|---|\n| 1 | Map |\n| 2 | Key |\n")
    assert [(d.id, d.number, d.kind, d.token) for d in found] == [
        ("Documentation Gap #1", 1, "gap", ""),
        ("Documentation Gap #2", 2, "gap", ""),
    ]
    assert define("# E\n\n## Gaps\n\n### Lessons\n\n| # | Lesson |\n|---|---|\n| 1 | Rest |\n") == []


def test_a_table_without_ids_counts_where_a_row_names_its_story() -> None:
    found = define(
        "# E\n\n## Gaps closed\n\n| Gap | Story | Status |\n|---|---|---|\n| No map | OR-02.1 | Resolved |\n"
        "| No key | | |\n"
    )
    assert [(d.id, d.takes, d.closed) for d in found] == [("No map", (StoryKey("OR", (2, 1)),), True)]


def test_headings_and_lists() -> None:
    found = define(
        "# Register\n\n## Debt\n\n### TD-001: Old pump\n\n"
        "| Attribute | Value |\n|---|---|\n| **Status** | RESOLVED |\n"
        "| **Story** | OR-02.4 |\n\n## Recommendations\n\n### 2. Paint → OR-02.3\n\n"
        "### For OR-02\n\n1. **Sweep:** daily\n"
    )
    assert [(d.id, d.title, d.closed, d.listed) for d in found] == [
        ("TD-001", "Old pump", True, True),
        ("Recommendation #2", "Paint", False, False),
        ("Recommendation #1", "Sweep", False, False),
    ]
    assert found[0].takes == (StoryKey("OR", (2, 4)),)
    assert found[1].takes == (StoryKey("OR", (2, 3)),)
    assert found[2].aims == (EPIC,)


def test_examples_in_fences_define_nothing() -> None:
    assert define("# E\n\n## Gaps\n\n```markdown\n| # | Gap |\n|---|---|\n| 1 | Map |\n```\n") == []


def test_fields_name_items() -> None:
    found = name("### Story OR-02.1: Map\n\n**Gap Addressed:** Doc Gap #1, REC-01\n\nTea.\n")
    assert [(n.reference.spelled if n.reference else "", n.strength) for n in found] == [
        ("Doc Gap #1", "field"),
        ("REC-01", "field"),
    ]
    assert find_line(found[0].source, ["### Story OR-02.1: Map", "", found[0].source.quote, ""]) == 3
    listed = name("### Story\n\n**Gaps Addressed:**\n- Testing Gap #3: 4 flows\n- **TD-2:** rust\n\n**Points:** TD-9\n")
    assert [n.reference.spelled for n in listed if n.reference and n.strength == "field"] == ["Testing Gap #3", "TD-2"]
    section = name("# S\n\n## Gaps Addressed\n\n- REC-3: weigh\n\n## Next\n\n- REC-4\n", "file")
    assert [n.reference.spelled for n in section if n.reference] == ["REC-3"]
    row = name("# S\n\n| Field | Value |\n|---|---|\n| Source | Register (TD-05, TD-06) |\n", "file")
    assert [n.reference.spelled for n in row if n.reference] == ["TD-05", "TD-06"]


def test_a_field_that_names_nothing_is_told() -> None:
    (found,) = name("### S\n\n**Gap Addressed:** what the auditor said\n")
    assert found.reference is None
    assert name("### S\n\n**Source:** a talk in the yard\n") == []


def test_sentences_name_items_but_for_what_they_put_off() -> None:
    text = "### S\n\n- TD-1: rust\n- deferred: TD-2\n\n**Out of scope:**\n- TD-3\n\n```\nTD-4\n```\n"
    assert [n.reference.spelled for n in name(text) if n.reference] == ["TD-1"]
    assert [n.called for n in name(text)] == ["rust"]
    story = "# S\n\n## Notes\n\nThis resolves TD-5. See TD-6 too.\n\nTD-7 came up.\n"
    assert [n.reference.spelled for n in name(story, "file") if n.reference] == ["TD-5", "TD-6"]


def test_an_epic_lists_items_and_closes_some() -> None:
    text = (
        "# Epic OR-02\n\n**Items Addressed:** REC-1 to REC-2\n\n## Plan\n\n- **TD-3: Rust** - OR-02.4 scrapes it\n\n"
        "## Actions\n\n| Action | ID | Status |\n|---|---|---|\n| Oil | TD-5 | ✅ Fixed |\n| Paint | TD-6 | Pending |\n"
    )
    sections = cut_sections(read_page(text))
    found = read_epic_namings("docs/e.md", "b" * 40, sections, EPIC, GRAMMAR)
    assert [(n.by.numbers, n.reference.spelled if n.reference else "", n.strength) for n in found] == [
        ((2,), "REC-1", "field"),
        ((2,), "REC-2", "field"),
        ((2, 4), "TD-3", "text"),
        ((2,), "TD-5", "closed"),
    ]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.text(alphabet="|-# \n*:~`TDREC0189Gaps→,.()[]", max_size=300))
def test_any_text_is_read(text: str) -> None:
    for definition in define(f"# D\n\n## Gaps\n\n{text}"):
        assert definition.id
    name(f"### S\n\n**Gap Addressed:** {text}")


def test_hostile_lines_take_no_time() -> None:
    lines = ["TD-1-" * 400, "REC-08 to " * 200, "Gap " * 500 + "1", "| " * 1000, "a " * 1000 + "gap 1-", "(" * 2000]
    started = time.process_time()
    for line in lines:
        find_references(line, GRAMMAR)
        define(f"# D\n\n## Gaps\n\n| # | Gap |\n|---|---|\n{line}\n")
        name(f"### S\n\n**Gaps Addressed:**\n- {line}\n\n{line}\n")
    assert time.process_time() - started < 2
