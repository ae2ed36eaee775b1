"""Cutting what people wrote into sentences that can be quoted."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.model import EpicDocument, Evidence, Fact, Section, StoryKey
from kbgen.notes.sentences import (
    Sentence,
    build_name_pattern,
    collect_sentences,
    fold,
    looks_like_code,
    shorten,
    split_sentences,
    strip_marks,
)
from tests.notes.words import KEY, link, story


def read(markdown: str, *more: Section) -> list[Sentence]:
    return list(collect_sentences(story(Section(1, "Story AB-1.2: Relay", 1, markdown), *more), (), (), ()))


def texts(markdown: str) -> list[str]:
    return [sentence.text for sentence in read(markdown)]


def test_prose_is_cut_into_sentences_and_wrapped_lines_are_joined() -> None:
    assert texts("The relay keeps one socket\nper tenant. Old sockets close. See e.g. Fig. 3 for it.") == [
        "The relay keeps one socket per tenant.",
        "Old sockets close.",
        "See e.g. Fig. 3 for it.",
    ]


def test_a_sentence_that_leans_on_the_one_before_stays_with_it() -> None:
    assert split_sentences("The plan asked for a queue. This was left out because nobody reads it. Next one.") == (
        "The plan asked for a queue. This was left out because nobody reads it.",
        "Next one.",
    )


def test_list_items_stay_whole_and_lose_their_marker() -> None:
    assert texts("- One. Two.\n* Three\n  goes on\n3) **Four**: five\n- [x] done") == [
        "One. Two.",
        "Three goes on",
        "Four: five",
        "done",
    ]


def test_a_lead_is_also_given_with_its_items() -> None:
    units = read("Deferred because:\n1. No endpoint yet.\n   - a detail\n2. No time.\n\nAfter that.")
    lead = next(unit for unit in units if unit.place == "lead")
    assert lead.text == "Deferred because: No endpoint yet; No time"
    assert lead.evidence.quote == "Deferred because:"
    items = [unit for unit in units if unit.text.startswith("No ")]
    assert [item.group for item in items] == [lead.group, lead.group]
    assert [item.lead for item in items] == ["Deferred because:"] * 2
    detail = next(unit for unit in units if unit.text == "a detail")
    assert detail.nested
    assert units[-1].text == "After that."
    assert units[-1].group == -1


def test_a_lead_of_code_is_a_sentence_of_its_own() -> None:
    assert texts("Only keep what lasts:\n```ts\nconst a = 1; // because\n```\n") == ["Only keep what lasts"]


def test_code_tables_comments_and_managed_blocks_are_not_quoted() -> None:
    quoted = texts(
        "Seen one.\n\n~~~\nnot this\n```\nnor this\n~~~\n| a | because |\n<!-- not\nthis --> Seen two.\n\n"
        "<!-- kbgen:begin notes -->\nnot ours\n<!-- kbgen:end notes sha256:1 -->\nSeen three."
    )
    assert quoted == ["Seen one.", "Seen two.", "Seen three."]


def test_a_managed_block_may_run_over_sections() -> None:
    more = (
        Section(2, "What Was Built", 9, "Ours because it is generated."),
        Section(2, "Notes", 20, "Ours.\n<!-- kbgen:end n sha256:0 -->\nTheirs."),
    )
    assert [s.text for s in read("Before.\n\n<!-- kbgen:begin n -->\nOurs.", *more)] == ["Before.", "Theirs."]


def test_headings_are_a_path_and_a_bold_line_counts_as_one() -> None:
    more = (
        Section(2, "Approach", 3, "**Choices:**\n\nFirst."),
        Section(3, "Store", 7, "Second."),
        Section(2, "Notes", 9, "Third."),
    )
    assert [(s.text, s.headings) for s in read("", *more)] == [
        ("First.", ("Story AB-1.2: Relay", "Approach", "Choices")),
        ("Second.", ("Story AB-1.2: Relay", "Approach", "Store")),
        ("Third.", ("Story AB-1.2: Relay", "Notes")),
    ]


def test_text_before_the_first_heading_is_under_no_heading() -> None:
    sections = (Section(0, "", 1, "Loose words."), Section(1, "AB-1.2", 3, "Under the title."))
    found = collect_sentences(story(*sections), (), (), ())
    assert [(s.headings, s.source) for s in found] == [
        (("",), "docs/ab-1-2.md"),
        (("AB-1.2",), "docs/ab-1-2.md (AB-1.2)"),
    ]


def test_evidence_names_path_heading_blob_and_line() -> None:
    (sentence,) = read("", Section(2, "Notes", 10, "\n- **Bold** choice"))
    assert sentence.evidence == Evidence(
        path="docs/ab-1-2.md", symbol="Notes", hash="b" * 40, line=12, quote="**Bold** choice"
    )
    assert sentence.text == "Bold choice"


def test_messages_of_work_are_read_and_mentions_are_not() -> None:
    links = (
        link("Add relay\n\n- Keeps one socket\n  per tenant\nReviewed by: Ann", "implements"),
        link("Plan\n\nNot read.", "mentions", sha="c" * 40),
        link("Merge\n\nNot read.", "merge", sha="d" * 40),
    )
    found = collect_sentences(story(), links, (), ())
    assert [(s.text, s.place, s.source) for s in found] == [
        ("Add relay", "subject", "commit aaaaaaaaaaaa"),
        ("Keeps one socket per tenant", "item", "commit aaaaaaaaaaaa"),
        ("Reviewed by: Ann", "prose", "commit aaaaaaaaaaaa"),
    ]


def test_short_lines_of_a_message_are_sentences_without_a_full_stop() -> None:
    found = collect_sentences(story(), (link("Subject\n\nOne line here\nAnother line there\nthat goes on"),), (), ())
    assert [s.text for s in found[1:]] == ["One line here", "Another line there that goes on"]


def comment(value: str, line: int = 1, path: str = "src/relay.py", name: str = "comment", **attrs: str) -> Fact:
    return Fact("comment", name, path, line, value, "Relay.open", "", tuple(attrs.items()))


def test_comments_come_with_place_commit_and_code() -> None:
    (sentence,) = collect_sentences(story(), (), (), (comment("weighs more", 7, code="count += 2", commit="e" * 40),))
    assert sentence.text == "count += 2 # weighs more"
    assert sentence.source == "src/relay.py (Relay.open)"
    assert sentence.evidence == Evidence("src/relay.py", "Relay.open", "", 7, "e" * 40, "weighs more")


def test_comment_lines_that_run_on_are_joined_unless_they_are_code() -> None:
    lines = (comment("so it is shorter.", 2), comment("Kept in one place", 1), comment("x = call(...)", 3))
    assert [s.text for s in collect_sentences(story(), (), (), lines)] == [
        "Kept in one place so it is shorter.",
        "x = call(...)",
    ]


def test_a_docstring_ends_where_its_parameters_begin() -> None:
    doc = comment("Open the relay.\n\nNever twice.\n\nArgs:\n    name: because of it\n", name="docstring")
    found = collect_sentences(story(), (), (), (doc,))
    assert [(s.text, s.docstring) for s in found] == [("Open the relay.", True), ("Never twice.", True)]


def test_comments_of_tests_are_left_out() -> None:
    assert not collect_sentences(story(), (), (), (comment("so that it passes", path="tests/test_relay.py"),))


def test_a_follow_up_speaks_only_of_the_files_of_the_story() -> None:
    links = (link("Add", "implements", paths=("src/a.py",)), link("Fix", "follow-up", sha="f" * 40, paths=()))
    facts = (
        comment("ours", path="src/a.py", commit="f" * 40),
        comment("another story's", path="src/b.py", commit="f" * 40),
    )
    assert [s.text for s in collect_sentences(story(), links, (), facts) if s.origin == "comment"] == ["ours"]


def test_of_an_epic_only_what_names_the_story_is_read() -> None:
    epic = EpicDocument(
        StoryKey("AB", (1,)),
        "tech-spec",
        "docs/spec.md",
        "c" * 40,
        (
            Section(1, "Spec", 1, "General words. AB-1.2 uses one socket. AB-1.20 uses two."),
            Section(2, "3.2 ab-01-02 relay", 5, "Words on the relay."),
        ),
    )
    assert [s.text for s in collect_sentences(story(), (), (epic,), ())] == [
        "AB-1.2 uses one socket.",
        "Words on the relay.",
    ]


def test_a_name_is_found_in_its_spellings_and_in_no_longer_one() -> None:
    names = build_name_pattern(KEY)
    assert all(names.search(text) for text in ("AB-1.2", "ab-01-02", "(AB-1.2)", "AB-1.2: x", "ab_1.2,"))
    assert not any(names.search(text) for text in ("AB-1.20", "AB-1.2.3", "CAB-1.2", "AB-1.2b", "AB-11.2"))
    assert build_name_pattern(StoryKey("", (11, 9))).search("see Story 11.9 there")
    assert not build_name_pattern(StoryKey("", (11, 9))).search("version 11.9")


def test_bold_marks_and_link_targets_go_and_code_stays() -> None:
    assert strip_marks("**Cache**: see [the guide](docs/x.md), `src/**/a.py` and __init__.py with **kwargs") == (
        "Cache: see the guide, `src/**/a.py` and __init__.py with **kwargs"
    )


def test_shortened_text_ends_at_a_sentence_or_a_word() -> None:
    assert shorten("short") == "short"
    assert shorten("One two three. Four five six. Seven", 32) == "One two three. Four five six. …"
    assert shorten("word " * 100, 23) == "word word word word …"


def test_code_is_no_sentence() -> None:
    assert all(map(looks_like_code, ("foo(bar);", "const x = y", "a = b", "call(...)", "if (x) {", "<Box>")))
    assert not any(
        map(looks_like_code, ("Deep copy to avoid changes", "If it is absent, go on", "import here to save time"))
    )


@given(st.text(alphabet="ab :.-*`\n#<!>|12[x]", max_size=300))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_every_quote_stands_in_the_source(text: str) -> None:
    bare = re.sub(r"[\s>]", "", text)
    for sentence in read(text):
        quote = re.sub(r"[\s>]", "", sentence.evidence.quote)
        # A comment that was cut out leaves its two ends together.
        assert quote in bare or "<!--" in text


@given(st.text(max_size=600), st.integers(min_value=20, max_value=400))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_shortened_text_never_exceeds_its_limit(text: str, limit: int) -> None:
    folded = fold(text)
    assert len(shorten(folded, limit)) <= max(limit, 2)
    assert shorten(folded, limit).removesuffix(" …") in folded


def test_a_semicolon_inside_a_comment_is_the_authors() -> None:
    from kbgen.notes.sentences import _read_comment

    said = "No body for safe methods; log it instead -- because nobody reads it"
    assert _read_comment(said) == said
    assert _read_comment(";; a lisp comment") == "a lisp comment"
