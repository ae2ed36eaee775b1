"""From gap to document: every join, both ends, and what a line means when an ID was given twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbgen.model import Evidence
from kbgen.trace import Chain, Item, Taking, Trace, TraceBook, TracedDocument, TracedStory, join_trace
from kbgen.trace.book import ItemKind, Misnomer, Unknown
from kbgen.wiring import open_run
from tests.trace.orchard import DEBT, make_orchard


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> TraceBook:
    from kbgen.pipeline.trace import build_book

    folder = tmp_path_factory.mktemp("orchard")
    make_orchard(folder)
    with open_run(folder, quiet=True) as run:
        return build_book(run.project)


def takers(book: TraceBook, id: str) -> list[list[str]]:
    """Stories of each item of that ID."""
    return [[book.stories[taking.story].id for taking in item.taken] for item in book.items if item.id == id]


def ends(trace: Trace, kind: str) -> list[str]:
    return [end.subject for end in trace.loose if end.kind == kind]


def names(chain: Chain) -> tuple[str | None, ...]:
    parts = (chain.gap, chain.recommendation, chain.debt, chain.story)
    return tuple(part.id if part is not None else None for part in parts)


def test_items_find_their_stories(book: TraceBook) -> None:
    assert takers(book, "Documentation Gap #1") == [["OR-02.1"]]
    assert takers(book, "Documentation Gap #2") == [["OR-02.2"]], "a shortened name of the list"
    assert takers(book, "REC-01") == [["OR-02.1"]], "two tables, one item"
    assert takers(book, "TD-02") == [["OR-02.2"]]
    assert takers(book, "OR-01 Retrospective Recommendation #2") == [["OR-02.4"]]
    assert takers(book, "OR-01 Retrospective Recommendation #3") == [["OR-02.2"]], "an arrow in the heading"
    assert takers(book, "Lesson #1") == [], "a lesson is no item"


def test_the_list_that_is_meant_for_the_epic_wins(book: TraceBook) -> None:
    item = next(item for item in book.items if item.id == "OR-01 Retrospective Recommendation #2")
    assert item.title == "Name the rows"


def test_an_id_given_twice_is_two_items_and_the_nearer_is_meant(book: TraceBook) -> None:
    found = [item for item in book.items if item.id == "REC-03"]
    assert {item.title: len(item.taken) for item in found} == {
        "Count bees at noon": 1,
        "Weigh the harvest by machine": 0,
    }
    assert all(item.is_shared for item in found)


def test_loose_ends_at_either_end(book: TraceBook) -> None:
    trace = join_trace(book)
    assert ends(trace, "item-without-story") == [
        "OR-01 Retrospective Recommendation #1",
        "REC-02",
        "REC-03",
        "TD-01",
    ]
    assert ends(trace, "unknown-item") == ["TD-77"]
    assert ends(trace, "shared-id") == ["REC-03", "REC-03"]
    assert ends(trace, "name-differs") == ["TD-01"], "TD-01 is no kettle"
    assert ends(trace, "story-without-item") == ["OR-02.5"]
    assert ends(trace, "story-without-commits") == ["OR-02.3", "OR-02.4"]
    assert ends(trace, "document-missing") == ["OR-02.2"]
    assert ends(trace, "closed-without-story") == ["TD-03", "TD-04"], "by its own status; by the retrospective's table"
    assert trace.untraced == (("OR-01", 1),)
    assert not trace.is_whole


def test_what_an_epic_lists_and_no_story_takes(book: TraceBook) -> None:
    trace = join_trace(book)
    end = next(end for end in trace.loose if end.subject == "REC-02")
    assert end.epics == ("OR-02",)
    assert end.evidence is not None
    assert (end.evidence.path, end.evidence.symbol) == ("docs/debt/tech-debt.md", "Recommendations")
    assert DEBT.split("\n")[end.evidence.line - 1] == end.evidence.quote


def test_rows_lead_on_to_the_document(book: TraceBook) -> None:
    chain = next(chain for chain in join_trace(book).chains if chain.story and chain.story.id == "OR-02.1")
    assert names(chain) == ("Documentation Gap #1", "REC-01", None, "OR-02.1")
    assert chain.story is not None
    assert [label for label, _, _ in chain.story.criteria] == ["AC1", "AC2"]
    assert len(chain.story.commits) == 1
    assert chain.story.files == ("src/paths.py", "docs/guides/path-map.md"), "the status file is no work"
    assert chain.document == TracedDocument("docs/guides/path-map.md", True, "plan")
    assert chain.evidence[0].quote == "**Gap Addressed:** Documentation Gap #1, REC-01"
    tests = next(chain for chain in join_trace(book).chains if chain.story and chain.story.id == "OR-02.2").story
    assert tests is not None
    assert tests.tests == ("tests/test_cut.py",)


def test_pages_are_documents(book: TraceBook) -> None:
    trace = join_trace(book, {"OR-02.2": ("docs/guides/pruning.md",)}, exists=["docs/guides/pruning.md"])
    chain = next(chain for chain in trace.chains if chain.story and chain.story.id == "OR-02.2")
    assert chain.document == TracedDocument("docs/guides/pruning.md", True, "page")
    assert ends(trace, "document-missing") == []


def test_a_limited_trace(book: TraceBook) -> None:
    place = next(n for n, story in enumerate(book.stories) if story.id == "OR-02.1")
    trace = join_trace(book, stories={place}, items=set())
    assert {names(chain) for chain in trace.chains} == {("Documentation Gap #1", "REC-01", None, "OR-02.1")}
    assert trace.loose == ()
    assert trace.is_whole
    one = join_trace(book, stories=set(), items={"td-01"})
    assert [names(chain) for chain in one.chains] == [(None, None, "TD-01", None)]


def test_a_book_is_kept_as_json(book: TraceBook) -> None:
    import json

    assert TraceBook.from_json(json.loads(json.dumps(book.to_json()))) == book
    assert TraceBook.from_json({"version": 0}) is None


# --------------------------------------------------------------------------------------- rows by hand


def make_item(id: str, kind: ItemKind, title: str, *stories: int, closed: bool = False) -> Item:
    place = Evidence(path="debt.md", symbol="List", quote=f"| {id} | {title} |")
    return Item(
        id, kind, title, "", closed, (place,), tuple(Taking(s, Evidence(path="e.md"), "field") for s in stories)
    )


def make_story(id: str, epic: str = "OR-09", commits: tuple[str, ...] = ("a" * 40,)) -> TracedStory:
    return TracedStory(id, f"Title {id}", "docs", epic, "", "", (), commits, (), (), (), ())


def test_the_only_item_of_a_kind_stands_in_each_row() -> None:
    items = (make_item("G #1", "gap", "notes", 0), make_item("TD-1", "debt", "a", 0), make_item("TD-2", "debt", "b", 0))
    trace = join_trace(TraceBook((make_story("OR-09.1"),), items))
    assert [names(c) for c in trace.chains] == [("G #1", None, "TD-1", "OR-09.1"), ("G #1", None, "TD-2", "OR-09.1")]


def test_several_of_two_kinds_go_together_by_their_titles() -> None:
    items = (
        make_item("G #1", "gap", "Guide to pears", 0),
        make_item("G #2", "gap", "Guide to plums", 0),
        make_item("REC-1", "recommendation", "Write of plums", 0),
        make_item("REC-2", "recommendation", "Feed horses", 0),
    )
    trace = join_trace(TraceBook((make_story("OR-09.1"),), items))
    assert [names(c)[:2] for c in trace.chains] == [("G #1", None), ("G #2", "REC-1"), (None, "REC-2")]


def test_no_items_and_no_stories() -> None:
    empty = join_trace(TraceBook((), ()))
    assert (empty.chains, empty.loose, empty.is_whole) == ((), (), True)
    alone = join_trace(TraceBook((make_story("OR-09.1"),), ()))
    assert [names(c) for c in alone.chains] == [(None, None, None, "OR-09.1")]
    assert alone.is_whole
    assert alone.untraced == (("OR-09", 1),)


def test_what_is_closed_fails_no_check() -> None:
    trace = join_trace(TraceBook((), (make_item("TD-1", "debt", "done", closed=True),)))
    assert ends(trace, "closed-without-story") == ["TD-1"]
    assert trace.is_whole


def test_each_item_stands_in_a_row_whatever_the_mix() -> None:
    from hypothesis import given, settings
    from hypothesis import strategies as st

    kinds: tuple[ItemKind, ...] = ("gap", "recommendation", "debt")

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.lists(st.tuples(st.sampled_from(kinds), st.sampled_from(("pear", "plum", "bee", "gate"))), max_size=9))
    def check(mix: list[tuple[ItemKind, str]]) -> None:
        items = tuple(make_item(f"X-{n}", kind, title, 0) for n, (kind, title) in enumerate(mix))
        chains = join_trace(TraceBook((make_story("OR-09.1"),), items)).chains
        assert {i.id for c in chains for i in c.items} == {i.id for i in items}
        assert len(chains) <= max(len(items), 1)

    check()


def test_unknown_words_and_misnomers_follow_their_story_and_item() -> None:
    book = TraceBook(
        (make_story("OR-09.1"), make_story("OR-09.2")),
        (make_item("TD-1", "debt", "Old hat", 0),),
        (Unknown(1, "the attic", Evidence(path="e.md"), is_id=False),),
        (Misnomer("TD-1", "New shoe", "Old hat", Evidence(path="r.md")),),
    )
    trace = join_trace(book)
    assert ends(trace, "unknown-item") == ["the attic"]
    assert ends(trace, "story-without-item") == [], "it does name something"
    assert ends(trace, "name-differs") == ["TD-1"]
    assert ends(join_trace(book, stories={1}, items=set()), "name-differs") == []


# ------------------------------------------------------------------------------------------ the run


def test_a_second_trace_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import kbgen.pipeline.trace as module

    make_orchard(tmp_path)
    with open_run(tmp_path, quiet=True) as run:
        first = run.trace()
    monkeypatch.setattr(module, "build_book", None)
    with open_run(tmp_path, quiet=True) as run:
        assert run.trace() == first
        assert [c.story.id for c in run.trace(["OR-02.1"]).chains if c.story] == ["OR-02.1"]
