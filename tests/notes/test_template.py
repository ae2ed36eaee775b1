"""The words of the notes: each state of a story reads well, and no text from history does anything but show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from kbgen import model
from kbgen.adapters.jinja import JinjaTemplates
from kbgen.model import (
    Claim,
    Criterion,
    CriterionState,
    Decision,
    Deferred,
    Deviation,
    Evidence,
    Fact,
    FileWork,
    Judgement,
    Link,
    Person,
    SkippedFile,
    StoryRecord,
    SymbolWork,
    Verdict,
)
from kbgen.notes import build_page
from kbgen.splice import find_blocks, replace_block
from tests.notes.doubles import SPEC, World, bare_record, create, make_story, work

GATE = "src/gate.py"
BASE = "https://example.org/depot"
TEMPLATES = JinjaTemplates()


def render(record: StoryRecord, world: World, *, link_base: str = "", hand: Sequence[Judgement] | None = None) -> str:
    page = build_page(record, world, link_base=link_base, hand=hand)
    return TEMPLATES.render("story_notes.md.j2", page)


def judge(verdict: Verdict, text: str, hint: str = "") -> Judgement:
    return Judgement(Claim("c1", SPEC, 3, text, "path", "x"), verdict, (), hint)


def squeeze(text: str) -> str:
    return re.sub(r"\n{2,}", "\n\n", text).strip()


def read_tokens(markdown: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown):
        yield token
        yield from token.children or ()


def section(text: str, title: str) -> str:
    """What stands under a heading; "" where there is no such heading."""
    match = re.search(rf"^### {title}\n(.*?)(?=^###? |^<details|\Z)", text, re.MULTILINE | re.DOTALL)
    return squeeze(match[1]) if match else ""


@pytest.fixture
def gate() -> tuple[World, Link]:
    world = World()
    return world, work(world.commit("feat: gate\n\n- Add a gate", {GATE: "def open_gate():\n    return 1\n"}))


# ------------------------------------------------------------------------------------- states of a story


def test_a_story_without_work_has_criteria_and_deviations_and_nothing_made_up() -> None:
    world = World(**{"README.md": "x\n"})
    text = render(world.record(make_story(create("src/bell.py"), criteria=["It rings"])), world)
    assert squeeze(text) == squeeze(
        """## Implementation Notes

No work of its own found: no commit implements AB-1.2.

### Acceptance Criteria

| Criterion | Box | Evidence |
|---|---|---|
| AC1: It rings | – | no evidence found |

### Deviations from Spec

- planned to create `src/bell.py`; it does not exist (this story, Files to Create)
"""
    )


def test_a_story_without_work_that_is_mentioned_says_where() -> None:
    world = World()
    link = work(world.commit("docs: plan AB-1.2", {SPEC: "# AB-1.2\n"}), "mentions")
    text = render(world.record(make_story(), link), world)
    assert f"Mentioned, not worked on, in `{link.commit.sha[:12]}` docs: plan AB-1.2." in text
    assert "| Commit | Role |" not in text


def test_no_plan_no_tests_no_decisions_is_said(gate: tuple[World, Link]) -> None:
    world, link = gate
    text = render(world.record(make_story(), link), world)
    assert section(text, "Key Decisions") == "None recorded."
    assert section(text, "Testing") == "No test case was added."
    assert "| File | Change | Lines | Now |" in text
    assert "Planned" not in text
    assert "Acceptance Criteria" not in text
    assert "1 code file created, no test case added." in text
    bare = render(bare_record(links=(link,)), world)
    assert section(bare, "Deviations from Spec") == "None found; the story plans no files to compare with."
    planned = render(bare_record(make_story(create(GATE)), links=(link,)), world)
    assert section(planned, "Deviations from Spec") == "None found."
    assert section(bare, "What Was Built").startswith("No new definition found in the changed code.")
    assert section(bare, "Files Changed") == "No code, test, configuration or other document changed."


def test_beside_hand_written_notes_ours_takes_another_heading(gate: tuple[World, Link]) -> None:
    world, link = gate
    beside = render(world.record(make_story(), link), world, hand=())
    assert beside.startswith("## Implementation Notes, from history\n")
    assert "Hand-Written" not in beside
    assert render(world.record(make_story(), link), world).startswith("## Implementation Notes\n")


def test_hand_written_notes_are_checked_by_sentence_and_what_cannot_be_judged_is_not_counted() -> None:
    hand = [
        judge("holds", "It is in `src/gate.py`."),
        judge("holds", "So is the bell."),
        judge("unverifiable", "It is fast."),
        judge("doubtful", "It rings."),
        judge("refuted", "It has 9 tests.", "the file has 4"),
        judge("refuted", "It has 9 tests.", "once more"),
        judge("moved", "See `src/a.py`.", "now `src/b.py`"),
    ]
    text = render(bare_record(), World(), hand=hand)
    assert section(text, "The Hand-Written Notes, Checked") == (
        "2 statements about paths, symbols, commits and counts in the hand-written notes hold; these do not:\n\n"
        "- “It has 9 tests.” (this story): the file has 4\n"
        "- “See `src/a.py`.” (this story): now `src/b.py`"
    )
    one = render(bare_record(), World(), hand=[hand[0], hand[4]])
    assert (
        "1 statement about paths, symbols, commits and counts in the hand-written notes holds; this one does not:"
        in one
    )
    good = render(bare_record(), World(), hand=hand[:4])
    assert section(good, "The Hand-Written Notes, Checked").endswith("that could be checked holds (2).")


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((0, 0, 0, 0), "no code file created, no test case added."),
        ((1, 0, 0, 1), "1 code file created, 1 test case added."),
        ((2, 3, 1, 11), "2 code files created, 3 changed, 1 deleted, 11 test cases added."),
        ((0, 1, 0, -2), "no code file created, 1 changed, 2 test cases fewer."),
    ],
)
def test_the_opening_counts(gate: tuple[World, Link], counts: tuple[int, int, int, int], said: str) -> None:
    world, link = gate
    page = build_page(bare_record(links=(link,)), world)
    created, changed, deleted, cases = counts
    page = replace(page, created=created, changed=changed, deleted=deleted, cases=cases)
    assert said in TEMPLATES.render("story_notes.md.j2", page).splitlines()


def test_many_commits_are_named_up_to_four_and_later_work_is_counted() -> None:
    world = World()
    made = [work(world.commit(f"feat {n}", {GATE: f"{n}"})) for n in range(6)]
    fixes = [work(world.commit(f"fix {n}", {GATE: f"x{n}"}), "follow-up") for n in range(2)]
    text = render(world.record(make_story(), *made, *fixes), world)
    opening = text.split("###", 1)[0]
    assert opening.count(" of 2023-11-14") == 4
    assert "Built in 6 commits (" in opening
    assert " and 2 more) by Ann:" in opening
    assert opening.rstrip().endswith("Mended later by 2 commits.")


def test_follow_ups_and_reverts_in_the_order_of_history() -> None:
    world = World()
    made = work(world.commit("feat", {GATE: "1"}))
    undo = work(world.commit("Revert feat", {GATE: None}), "reverts", reasons=("it reverts abc123def456",))
    fix = work(world.commit("fix: late", {GATE: "2"}), "follow-up")
    found = section(render(world.record(make_story(), made, undo, fix), world), "Follow-ups")
    assert found.splitlines() == [
        f"- `{undo.commit.sha[:12]}` Revert feat (2023-11-14, a revert)",
        f"- `{fix.commit.sha[:12]}` fix: late (2023-11-14)",
    ]


def test_files_say_what_was_done_whether_planned_and_where_they_are_now() -> None:
    world = World()
    world.commit("before", {"src/old.py": "a\n", "src/dead.py": "d\n"})
    files: dict[str, str | None] = {
        GATE: "X = 1\n",
        "src/bell.py": "Y = 1\n",
        "src/logo.png": "\0",
        "src/dead.py": None,
    }
    made = work(world.commit("feat", files, moved={"src/old.py": "src/new.py"}))
    world.commit("others", {"src/bell.py": None}, moved={GATE: "src/yard/gate.py"})
    text = section(render(world.record(make_story(create(GATE)), made), world), "Files Changed")
    assert text.splitlines()[2:] == [
        "| `src/bell.py` | created | +1 −0 | no | gone |",
        "| `src/dead.py` | deleted | +0 −1 | no | gone |",
        "| `src/gate.py` | created | +1 −0 | yes | at `src/yard/gate.py` |",
        "| `src/logo.png` | created | binary | no | present |",
        "| `src/new.py` | renamed from `src/old.py` | +0 −0 | no | present |",
    ]


def test_tests_say_where_their_cases_are_now() -> None:
    world = World()
    case = "def test_{}(): ...\n"
    made = work(world.commit("feat", {f"tests/test_{n}.py": case.format(n) for n in "abc"}))
    world.commit("others", {"tests/test_b.py": None}, moved={"tests/test_c.py": "tests/x/test_c.py"})
    text = section(render(world.record(make_story(), made), world), "Testing")
    assert text.splitlines()[2:] == [
        "| `tests/test_a.py` | 1 | 1 |",
        "| `tests/test_b.py` | 1 | gone |",
        "| `tests/test_c.py` | 1 | 1 at `tests/x/test_c.py` |",
    ]


def test_built_files_say_when_they_are_new_gone_or_elsewhere() -> None:
    world = World()
    world.commit("before", {"src/old.py": "def a():\n    return 1\n"})
    older = "def m():\n    return 1\n\ndef a():\n    return 1\n"
    define = "def {}():\n    return 1\n\n"
    files = {
        GATE: define.format("g"),
        "src/bell.py": define.format("b"),
        "src/old.py": define.format("a") + define.format("m") + define.format("n"),
    }
    made = work(world.commit("feat", files))
    world.commit(
        "others",
        {"src/bell.py": None, "src/older.py": older},
        moved={GATE: "src/yard/gate.py", "src/old.py": "src/older.py"},
    )
    text = section(render(world.record(make_story(), made), world), "What Was Built")
    assert text.splitlines() == [
        "- `src/bell.py` (new, gone now): function `b`",
        "- `src/gate.py` (new, now at `src/yard/gate.py`): function `g`",
        "- `src/old.py` (now at `src/older.py`): function `m`; gone since: `n`",
    ]


def test_quotes_name_their_commit_and_count_what_is_cut(gate: tuple[World, Link]) -> None:
    world, _ = gate
    body = "\n".join(f"- Add part_{n}" for n in range(16))
    link = work(world.commit(f"feat\n\n{body}", {GATE: "x"}))
    found = section(render(world.record(make_story(), link), world), "What Was Built")
    assert f"In the words of `{link.commit.sha[:12]}`:\n\n> - Add part_0\n" in found
    assert found.endswith("> - … and 2 more")


def test_an_inferred_link_shows_its_score_and_reasons(gate: tuple[World, Link]) -> None:
    world, link = gate
    fix = work(world.commit("fix", {GATE: "x"}), "follow-up", reasons=("it answers a review", "it changes src/gate.py"))
    text = render(world.record(make_story(), link, fix), world)
    assert "| follow-up, inferred (0.9) | it answers a review; it changes src/gate.py |" in text
    assert "| implements | the subject names it: AB-1.2 |" in text


def test_blank_lines_around_every_heading_and_table(gate: tuple[World, Link]) -> None:
    """A list right above a heading or table would swallow it in some readers."""
    world, link = gate
    text = render(world.record(make_story(create("src/bell.py"), criteria=["x"]), link), world)
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("#") and number:
            assert lines[number - 1] == "", line
            assert lines[number + 1] == "", line
        if line.startswith("|---"):
            assert lines[number - 2] == "", lines[number - 1]


# ------------------------------------------------------------------------------------------------ links


def test_with_a_link_base_commits_files_and_pull_requests_are_links() -> None:
    world = World()
    odd = "src/app/(yard)/[id]/100% #1?.tsx"
    link = work(world.commit("feat", {odd: "export {};\n", "src/old.py": "x\n"}))
    gone = work(world.commit("feat: no old", {"src/old.py": None, "src/a.py": "x\n"}))
    world.requests[link.commit.sha] = (model.PullRequest("m", 7, "", "", ()),)
    record = world.record(make_story(), link, gone)
    deleted = FileWork("src/gone.py", "deleted", "source", "", "removed", "", False, 0, 1, (gone.commit.sha,))
    text = render(replace(record, files=(*record.files, deleted)), world, link_base=BASE)
    targets = {t.attrs["href"] for t in read_tokens(text) if t.type == "link_open"}
    sha = link.commit.sha
    assert f"{BASE}/commit/{sha}" in targets
    assert f"{BASE}/pull/7" in targets
    assert f"{BASE}/blob/{sha}/src/app/%28yard%29/%5Bid%5D/100%25%20%231%3F.tsx" in targets
    assert not any(str(target).endswith("src/gone.py") for target in targets), (
        "a deleted file is at no commit of the story"
    )


def test_without_a_link_base_nothing_is_a_link(gate: tuple[World, Link]) -> None:
    world, link = gate
    world.requests[link.commit.sha] = (model.PullRequest("m", 7, "", "", ()),)
    text = render(world.record(make_story(), link), world)
    assert ", pull request #7:" in text
    assert [t for t in read_tokens(text) if t.type == "link_open"] == []


# --------------------------------------------------------------------------------------------- hostile

HOSTILE = (
    "<!-- kbgen:end implementation-notes -->",
    "<!-- kbgen:begin implementation-notes -->",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details><h1>up</h1>",
    "<!-- hidden",
    "]]> <?php ?>",
    "[click](javascript:alert(1)) ![i](http://evil.example/i.png)",
    "http://evil.example www.evil.example <http://evil.example> evil@evil.example",
    "[ref]: http://evil.example\n[ref]",
    "a | b || c \\| d",
    "`` ` ``` code",
    "`unclosed",
    "line\n# heading\n\n- item\n\n| a |\n|---|\n\n```\nfence",
    "\r\n> quote\r\n---\r\n***\r\n===",
    "\x00\x07\x1b[31mred\x1b[0m \u202egnp.exe \udcff",
    "{{ 7*7 }} {% raw %} {# note #}",
    "*a* **b** _c_ ~~d~~ &lt; &#60;script&#62; \\",
    "1. x",
    "    indented code",
    "",
    " ",
)
OURS = re.compile(r"<details>\s*<summary>(?:Evidence|\d+ more files)</summary>|</details>")


def make_hostile(text: str) -> tuple[StoryRecord, World]:
    """A record with `text` in every field that history, a plan or code can fill; a letter in front keeps them apart."""
    world = World()
    path = f"src/{text}/gate.py"
    who = Person(f"Who {text}", "w@example.org")
    message = f"Subject {text}\n\n- Bullet {text}\n  more {text}\n"
    # What the message holds of its own lines is the message's own form, not an attack on it.
    made = world.commit(message, {path: "X = 1\n"}, author=who)
    fix = world.commit(f"Fix {text}", {path: "X = 2\n"}, author=who)
    links = (
        work(made, reasons=(f"Reason {text}",)),
        work(fix, "follow-up", reasons=(f"Why {text}",)),
        work(fix, "merge", reasons=(f"Merge {text}",)),
        work(fix, "mentions"),
        work(fix, "reverts", reasons=(f"it reverts {text}",)),
    )
    spot = Evidence(path=path, symbol=f"Symbol {text}", line=3, quote=f"Quote {text}")
    heading = Evidence(path=SPEC, symbol=f"Heading {text}", line=3)
    page = Evidence(path=f"docs/{text}.md", symbol=f"Part {text}", line=3)
    file = FileWork(path, "renamed", "source", f"old {text}", "moved", f"now {text}", True, 1, 1, (made.sha,))
    kinds = ("mock", "planned-absent", "planned-elsewhere", "unwired", "removed-since", f"kind {text}")
    record = bare_record(
        make_story(create(path), title=f"Title {text}"),
        links=links,
        files=(file, *(replace(file, path=f"{n} {text}") for n in range(18))),
        tests=(model.TestWork(path, 2, 2), model.TestWork(f"test {text}", 1, None)),
        symbols=(
            SymbolWork(f"Name {text}", f"kind {text}", path, "", True, True, True, spot),
            SymbolWork(f"Member {text}", "method", path, f"Parent {text}", True, True, True, spot),
        ),
        decisions=tuple(Decision(f"Decision {text}", "", e) for e in (spot, heading, page, Evidence(commit=fix.sha))),
        deferred=(Deferred(f"Deferred {text}", "", spot),),
        deviations=tuple(
            Deviation(k, f"Deviation `{text}` {text}", (e,)) for k in kinds for e in (spot, heading, page)
        ),
        criteria=(
            CriterionState(
                Criterion(f"AC {text}", f"Criterion {text}", True, spot),
                "evidence",
                f"Because `{text}` {text}",
                (spot,),
            ),
            CriterionState(Criterion(f"AC {text}", f"Criterion {text}", None, spot), "none", "", ()),
        ),
        routes=(Fact("route", f"GET /{text}", f"now {text}", 1, f"GET /{text}"),),
        skipped=(SkippedFile(path, f"Skipped {text}"),),
    )
    story = replace(record.story, id=f"ID {text}")
    return replace(record, story=story), world


def check_inert(text: str, link_base: str = "") -> None:
    tables: list[list[int]] = []
    for token in read_tokens(text):
        if token.type in ("html_block", "html_inline"):
            left = OURS.sub("", token.content).strip()
            assert left == "", f"HTML: {left!r}"
        if token.type == "link_open":
            assert link_base
            assert str(token.attrs["href"]).startswith(link_base + "/"), token.attrs
        assert token.type not in ("image", "fence", "code_block", "hr"), token
        if token.type == "heading_open":
            assert token.markup in ("##", "###"), token
        if token.type == "tr_open":
            tables.append([])
        if token.type in ("th_open", "td_open"):
            tables[-1].append(1)
    assert {"\x00", "\x07", "\x1b", "\u202e", "\r"}.isdisjoint(text)
    text.encode("utf-8")


CHECKED = "The Hand-Written Notes, Checked"
HEADINGS = [
    "Implementation Notes",
    "What Was Built",
    "Key Decisions",
    "Files Changed",
    "Testing",
    "Acceptance Criteria",
    "Deviations from Spec",
    "Deferred",
    "Follow-ups",
]


def list_headings(text: str) -> list[str]:
    tokens = list(read_tokens(text))
    return [tokens[n + 1].content for n, token in enumerate(tokens) if token.type == "heading_open"]


def count_cells(text: str) -> list[tuple[str, int]]:
    """(header, cells) of each row that is no separator, unescaped pipes counted as a reader of tables does."""
    found = []
    header = ""
    previous = ""
    for line in text.splitlines():
        if line.startswith("|---"):
            header = previous
            found.append((header, len(re.findall(r"(?<!\\)\|", header))))
        elif line.startswith("|") and header:
            found.append((header, len(re.findall(r"(?<!\\)\|", line))))
        elif not line.startswith("|"):
            header = ""
        previous = line
    return found


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("base", ["", BASE])
def test_hostile_text_in_every_field_only_shows(text: str, base: str) -> None:
    record, world = make_hostile(text)
    hand = [judge("refuted", f"Said {text}", f"Hint {text}"), judge("moved", f"Also {text}", f"`{text}` {text}")]
    page = render(record, world, link_base=base, hand=hand)
    check_inert(page, base)
    assert list_headings(page) == [HEADINGS[0] + ", from history", *HEADINGS[1:-1], CHECKED, HEADINGS[-1]]
    widths: dict[str, set[int]] = {}
    for header, cells in count_cells(page):
        widths.setdefault(header, set()).add(cells)
    assert len(widths) == 4
    assert all(len(found) == 1 for found in widths.values()), widths
    for word in (
        "Who Bullet Reason Why Symbol Heading Part Quote Decision Deferred Deviation Criterion Because Skipped".split()
    ):
        assert word in page, word


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_closes_no_block(text: str) -> None:
    record, world = make_hostile(text)
    page = render(record, world)
    content = replace_block(b"# Story\n\nBy hand.\n", "implementation-notes", page, path="s.md")
    (block,) = find_blocks(content, path="s.md")
    assert (block.name, block.edited) == ("implementation-notes", False)
    assert replace_block(content, "implementation-notes", page, path="s.md") == content
    assert content.startswith(b"# Story\n\nBy hand.\n")


def test_a_template_s_own_words_in_a_story_are_not_run() -> None:
    record, world = make_hostile("{{ 7*7 }}{% for x in y %}")
    page = render(record, world)
    assert "{{ 7*7 }}{% for x in y %}" in page


def test_an_id_without_work_is_data_too() -> None:
    story = replace(make_story(), id="AB-1.2 <b>`x`</b>\n# up")
    page = render(bare_record(story), World())
    check_inert(page)
    assert list_headings(page) == ["Implementation Notes"]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.text(st.sampled_from("ab <>!-/|`*_[]()#\n\r\t\\&;:{}%1.=~\x1b\"'"), max_size=24))
def test_any_text_is_inert(text: str) -> None:
    record, world = make_hostile(text)
    page = render(record, world, link_base=BASE)
    check_inert(page, BASE)
    assert list_headings(page) == HEADINGS
