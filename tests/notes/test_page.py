"""The context of the notes: what is grouped, counted, cut and quoted before the template says a word."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen import model
from kbgen.model import (
    Criterion,
    CriterionState,
    Decision,
    Deferred,
    Deviation,
    Evidence,
    Fact,
    FileWork,
    Person,
    PullRequest,
    SymbolWork,
)
from kbgen.notes import NotesPage, build_page
from kbgen.notes.page import format_date, mark_code
from tests.notes.doubles import SPEC, World, bare_record, make_story, work

GATE = "src/gate.py"


def page(world: World, *links: object) -> NotesPage:
    return build_page(world.record(make_story(), *links), world)  # type: ignore[arg-type]


def file(path: str, change: str = "created", **more: object) -> FileWork:
    plain = FileWork(path, change, "source", "", "present", path, True, 1, 0, ("c" * 40,))  # type: ignore[arg-type]
    return replace(plain, **more)  # type: ignore[arg-type]


def symbol(name: str, kind: str = "function", path: str = GATE, parent: str = "", exported: bool = True) -> SymbolWork:
    return SymbolWork(name, kind, path, parent, exported, True, True, Evidence(path=path))


# ----------------------------------------------------------------------------------------------- counts


def test_files_are_counted_by_what_was_done_code_only() -> None:
    world = World()
    world.commit("before", {"src/a.py": "a\n", "src/b.py": "b\n", "src/c.py": "c\n"})
    files: dict[str, str | None] = {
        GATE: "g\n",
        "src/a.py": "aa\n",
        "src/c.py": None,
        "tests/test_gate.py": "def test_a(): ...\n",
        "docs/x.md": "x\n",
        "a.yaml": "a: 1\n",
        "uv.lock": "u\n",
        SPEC: "# Story\n",
    }
    found = page(world, work(world.commit("feat", files, moved={"src/b.py": "src/bb.py"})))
    assert (found.created, found.changed, found.deleted, found.cases) == (2, 2, 1, 1)
    assert (found.planning_files, found.noise_files) == (1, 1)
    assert [f.path for f in found.files] == [
        "src/a.py",
        "src/bb.py",
        "src/c.py",
        GATE,
        "tests/test_gate.py",
        "a.yaml",
        "docs/x.md",
    ]


def test_a_long_table_is_folded_after_fifteen_rows_and_loses_none() -> None:
    files = tuple(file(f"src/part_{n:02}.py") for n in range(20))
    found = build_page(bare_record(files=files), World())
    assert [f.path for f in (*found.files, *found.folded_files)] == [f.path for f in files]
    assert (len(found.files), len(found.folded_files)) == (15, 5)


def test_links_are_told_apart_by_role_and_only_work_has_a_patch_id() -> None:
    world = World()
    roles = ("implements", "follow-up", "merge", "reverts", "mentions")
    links = [work(world.commit(role, {GATE: role}), role) for role in roles]
    found = page(world, *links)
    rows = (found.work, found.follow_ups, found.merges, found.reverts, found.mentions)
    assert [[row.subject for row in group] for group in rows] == [[role] for role in roles]
    assert [bool(group[0].patch_id) for group in rows] == [True, True, False, True, False]
    assert all(row.short == row.sha[:12] and len(row.short) == 12 for group in rows for row in group)


def test_pull_requests_and_authors_of_the_work_each_once_in_order() -> None:
    world = World()
    zoe, ben = Person("Zoe", "z@example.org"), Person("Ben", "b@example.org")
    made = [world.commit(f"feat {n}", {GATE: f"{n}"}, author=who) for n, who in enumerate((zoe, ben, zoe))]
    fixed = world.commit("fix", {GATE: "x"}, author=Person("Max", "m@example.org"))
    for commit, number in zip((*made, fixed), (12, 7, 12, 99), strict=True):
        world.requests[commit.sha] = (
            PullRequest("m", number, "", "", (commit.sha,)),
            PullRequest("n", None, "release", "", (commit.sha,)),
        )
    found = page(world, *map(work, made), work(fixed, "follow-up"))
    assert (found.authors, found.pull_requests) == (("Ben", "Zoe"), (7, 12))


@pytest.mark.parametrize(
    ("authored", "offset", "day"),
    [(0, 0, "1970-01-01"), (0, -60, "1969-12-31"), (86399, 60, "1970-01-02"), (0, 10**6, "1970-01-01")],
)
def test_the_day_is_that_of_the_author_s_own_zone(authored: int, offset: int, day: str) -> None:
    commit = World().commit("feat", {GATE: "x"})
    assert format_date(replace(commit, authored=authored, authored_offset=offset)) == day


# ------------------------------------------------------------------------------------------------ built


def built(*symbols: SymbolWork, files: tuple[FileWork, ...] = (file(GATE),)) -> list[tuple[str, list[tuple[str, ...]]]]:
    found = build_page(bare_record(symbols=symbols, files=files), World())
    return [(b.path, [(g.kind, *g.names) for g in b.groups]) for b in found.built]


def test_names_stand_by_kind_in_a_reader_s_order() -> None:
    names = [
        symbol("f"),
        symbol("T", "type"),
        symbol("C", "component"),
        symbol("useX", "hook"),
        symbol("K", "class"),
        symbol("oddity", "gizmo"),
        symbol("g"),
    ]
    assert built(*names) == [
        (
            GATE,
            [
                ("component", "C"),
                ("hook", "useX"),
                ("class", "K"),
                ("function", "f", "g"),
                ("type", "T"),
                ("gizmo", "oddity"),
            ],
        )
    ]


def test_members_stand_with_their_class_and_alone_only_qualified() -> None:
    assert built(symbol("Gate", "class"), symbol("open", "method", parent="Gate")) == [(GATE, [("class", "Gate")])]
    assert built(symbol("open", "method", parent="Gate")) == [(GATE, [("method", "Gate.open")])]
    assert built(symbol("A", "class"), symbol("open", "method", parent="B")) == [
        (GATE, [("class", "A"), ("method", "B.open")])
    ]


def test_what_a_file_keeps_to_itself_shows_only_when_it_offers_nothing() -> None:
    own = symbol("_own", exported=False)
    assert built(symbol("f"), own) == [(GATE, [("function", "f")])]
    assert built(own) == [(GATE, [("function", "_own")])]


def test_a_long_list_of_names_is_cut_and_counted() -> None:
    found = build_page(bare_record(symbols=tuple(symbol(f"f{n}") for n in range(11)), files=(file(GATE),)), World())
    (group,) = found.built[0].groups
    assert (len(group.names), group.more) == (8, 3)


def test_what_a_file_offered_once_is_told_apart_from_what_it_offers() -> None:
    gone = replace(symbol("old"), now=False)
    member = replace(symbol("open", "method", parent="Gate"), now=False)
    found = build_page(bare_record(symbols=(symbol("f"), gone, member), files=(file(GATE),)), World()).built[0]
    assert ([g.names for g in found.groups], found.gone) == ([("f",)], ("old", "Gate.open"))
    removed = file(GATE, now="removed", now_path="")
    found = build_page(bare_record(symbols=(gone,), files=(removed,)), World()).built[0]
    assert ([g.names for g in found.groups], found.gone) == ([("old",)], ())


def route(name: str, path: str = GATE, **attrs: str) -> Fact:
    return Fact("route", name, path, 1, name, "", "", (("path", name.split(" ")[-1]), *attrs.items()))


def test_routes_and_pages_come_first_where_their_file_is_now() -> None:
    moved = file(GATE, now="moved", now_path="src/yard/gate.py")
    routes = tuple(route(name, "src/yard/gate.py") for name in ("GET /bays", "PUT /bays/{bay}"))
    page = route("PAGE /yard", "src/yard/gate.py", kind="page")
    found = build_page(bare_record(symbols=(symbol("f"),), files=(moved,), routes=(*routes, page)), World())
    assert [(g.kind, *g.names) for g in found.built[0].groups] == [
        ("page", "/yard"),
        ("route", "GET /bays", "PUT /bays/{bay}"),
        ("function", "f"),
    ]


def test_a_file_with_nothing_but_a_route_is_listed() -> None:
    found = build_page(bare_record(files=(file(GATE),), routes=(route("GET /bays"),)), World())
    assert [b.path for b in found.built] == [GATE]


def test_overloads_are_named_once() -> None:
    assert built(symbol("f"), symbol("f")) == [(GATE, [("function", "f")])]


def test_new_files_first_then_renamed_then_changed() -> None:
    paths = {"src/a.py": "modified", "src/b.py": "renamed", "src/c.py": "created", "src/d.py": "created"}
    files = tuple(file(path, change) for path, change in paths.items())
    found = built(*(symbol("f", path=path) for path in paths), files=files)
    assert [path for path, _ in found] == ["src/c.py", "src/d.py", "src/b.py", "src/a.py"]


def test_where_a_built_file_is_now_goes_along() -> None:
    moved = file(GATE, now="moved", now_path="src/yard/gate.py")
    found = build_page(
        bare_record(symbols=(symbol("f"),), files=(moved,), tests=(model.TestWork(GATE, 2, 3),)), World()
    )
    assert (found.built[0].now, found.built[0].now_path) == ("moved", "src/yard/gate.py")
    assert found.tests[0].now_path == "src/yard/gate.py"
    still = build_page(bare_record(files=(file(GATE),), tests=(model.TestWork(GATE, 2, 3),)), World())
    assert still.tests[0].now_path == ""


# ----------------------------------------------------------------------------------------------- quotes


def quote(body: str) -> list[str]:
    world = World()
    found = page(world, work(world.commit(f"feat: gate\n\n{body}", {GATE: "x"})))
    return [str(line) for q in found.quotes for line in q.lines]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            "- Add a gate\n* Add a bell\n• Add a horn\n1. Add a lock\n2) Add a key",
            [f"Add a {w}" for w in "gate bell horn lock key".split()],
        ),
        ("- Add a gate\n  that opens\n\twide", ["Add a gate that opens wide"]),
        ("- Add a gate\n  - with a latch", ["Add a gate", "with a latch"]),
        ("Prose says more.\n\n- Add a gate\n\nMore prose.", ["Add a gate"]),
        ("- Add a gate\n\n  Prose that is indented.", ["Add a gate"]),
        ("- Add a gate\nProse.\n  Indented prose.", ["Add a gate"]),
        ("- Add a gate\n- Code review: APPROVED\n  by the whole team\n- Status: done", ["Add a gate"]),
        ("- Add a gate\n- AC1: it opens\n- AC 2: it shuts", ["Add a gate"]),
        ("- src/gate.py\n- `src/app/[id]/(a)/x.tsx`\n- src/bell.py - rings\n- and/or", ["src/bell.py - rings"]),
        (
            "- AB-1.2: ours\n- CD-7.1: theirs\n- AB-1.3 (theirs)\n- AB-9 is named in prose",
            ["AB-1.2: ours", "AB-9 is named in prose"],
        ),
        ("-no bullet\n--- \n-", []),
        ("Just prose.", []),
    ],
)
def test_bullets_of_a_body_as_their_author_wrote_them(body: str, lines: list[str]) -> None:
    assert quote(body) == lines


def test_many_bullets_are_cut_and_counted() -> None:
    world = World()
    body = "\n".join(f"- Add part {n}" for n in range(20))
    found = page(world, work(world.commit(f"feat\n\n{body}", {GATE: "x"}))).quotes[0]
    assert (len(found.lines), found.more) == (14, 6)


def test_only_implementing_commits_are_quoted_each_under_its_own_name() -> None:
    world = World()
    first = world.commit("feat\n\n- Add a gate", {GATE: "1"})
    second = world.commit("feat without a body", {GATE: "2"})
    third = world.commit("fix\n\n- Mend the gate", {GATE: "3"})
    found = page(world, work(first), work(second), work(third, "follow-up"))
    assert [q.commit.sha for q in found.quotes] == [first.sha]


# ------------------------------------------------------------------------- decisions, deferred, sources


def decide(text: str, evidence: Evidence) -> Decision:
    return Decision(text, "source", evidence)


def test_a_source_is_a_commit_a_definition_a_heading_or_the_story_itself() -> None:
    world = World()
    made = world.commit("feat", {GATE: "x"})
    other = world.commit("other", {GATE: "y"})
    decisions = (
        decide("a", Evidence(commit=made.sha)),
        decide("b", Evidence(commit=other.sha)),
        decide("c", Evidence(path=GATE, symbol="open_gate", commit=made.sha)),
        decide("d", Evidence(path=SPEC, symbol="Design")),
        decide("e", Evidence(path="docs/tech-spec.md", symbol="3. Gates of `gate.py`")),
    )
    found = build_page(bare_record(links=(work(made),), decisions=decisions), world).decisions
    sources = [
        (s.commit.sha if s.commit else None, s.path, s.own, s.symbol, s.heading) for s in (d.source for d in found)
    ]
    assert sources == [
        (made.sha, "", False, "", ""),
        (other.sha, "", False, "", ""),
        (None, GATE, False, "open_gate", ""),
        (None, SPEC, True, "", "Design"),
        (None, "docs/tech-spec.md", False, "", r"3\. Gates of `gate.py`"),
    ]


def test_what_is_deferred_is_not_listed_as_a_decision_too() -> None:
    later = Deferred("Export is left for later", "s", Evidence(path=SPEC))
    decisions = (
        decide("Export is left for later", Evidence(path=SPEC)),
        decide("Polling, because", Evidence(path=SPEC)),
    )
    found = build_page(bare_record(decisions=decisions, deferred=(later,)), World())
    assert [str(d.text) for d in found.decisions] == ["Polling, because"]
    assert [str(d.text) for d in found.deferred] == ["Export is left for later"]


def test_what_a_stand_in_says_already_is_not_deferred_once_more() -> None:
    spot = Evidence(path=GATE, quote="TODO: replace with real API soon")
    deferred = tuple(
        Deferred(text, "s", Evidence(path=path))
        for text, path in (("replace with real API", GATE), ("replace with real API", "src/bell.py"), ("rest", GATE))
    )
    record = bare_record(deviations=(Deviation("mock", "a stand-in", (spot,)),), deferred=deferred)
    found = build_page(record, World()).deferred
    assert [(str(d.text), d.source.path) for d in found] == [("replace with real API", "src/bell.py"), ("rest", GATE)]


def test_lists_of_sentences_are_cut() -> None:
    decisions = tuple(decide(f"Because {n}", Evidence(path=SPEC)) for n in range(12))
    deferred = tuple(Deferred(f"Later {n}", "s", Evidence(path=SPEC)) for n in range(12))
    found = build_page(bare_record(decisions=decisions, deferred=deferred), World())
    assert (len(found.decisions), len(found.deferred)) == (8, 8)


# ------------------------------------------------------------------------------ criteria and deviations


def test_a_criterion_is_one_line_cut_behind_a_word() -> None:
    text = "Given a gate\nWhen it opens\nThen " + "it rings " * 60
    state = CriterionState(Criterion("AC1", text, True, Evidence()), "none", "", ())
    (row,) = build_page(bare_record(criteria=(state,)), World()).criteria
    assert row.text.startswith("Given a gate When it opens Then it rings")
    assert row.text.endswith("…")
    assert len(row.text) <= 200
    assert (row.label, row.checked, row.found, row.why) == ("AC1", True, False, "")


def test_deviations_stand_by_kind_in_the_order_of_the_record() -> None:
    found = [Deviation(kind, f"{kind} {n}", ()) for n, kind in enumerate(("mock", "unwired", "mock"))]
    page = build_page(bare_record(deviations=tuple(found)), World())
    assert [(g.kind, [str(d.text) for d in g.items]) for g in page.deviations] == [
        ("mock", ["mock 0", "mock 2"]),
        ("unwired", ["unwired 1"]),
    ]


def test_a_deviation_shows_the_evidence_that_says_something_of_its_own() -> None:
    world = World()
    made = world.commit("feat", {GATE: "x"})
    plan = Evidence(path=SPEC, symbol="Files to Create", line=9)
    own = Evidence(path=GATE, commit=made.sha)
    deviations = (
        Deviation("mock", "a", (Evidence(path=GATE, quote="TODO: replace " + "with more words " * 20),)),
        Deviation("planned-elsewhere", "b", (plan, own)),
        Deviation("removed-since", "c", (Evidence(commit=made.sha),)),
        Deviation("unwired", "d", (own,)),
        Deviation("unplanned", "e", (own,)),
    )
    rows = [g.items[0] for g in build_page(bare_record(deviations=deviations), world).deviations]
    assert rows[0].quote.startswith("TODO: replace with more words")
    assert len(rows[0].quote) <= 160
    assert rows[1].source is not None
    assert (rows[1].source.own, rows[1].source.heading) == (True, "Files to Create")
    assert rows[2].source is not None
    assert rows[2].source.commit is not None
    assert [row.source for row in rows[3:]] == [None, None]


# -------------------------------------------------------------------------------------------- mark_code


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("plain", "plain"),
        ("`a_b` and `c`", "`a_b` and `c`"),
        ("a `<b>` c", "a `<b>` c"),
        ("<b> is `x`", "&lt;b> is `x`"),
        ("it's `x", "it's \\`x"),
        ("`a` and `b", "`a` and \\`b"),
        ("`", "\\`"),
        ("", ""),
        ("`a`\n\n# b", "`a` \\# b"),
        ("`a\nb`", "`a⏎b`"),
    ],
)
def test_code_between_backticks_the_rest_escaped(text: str, marked: str) -> None:
    assert mark_code(text) == marked


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(st.sampled_from("ab `<>\n\r\t|*_[]()!#-1.&~\\"), max_size=30))
def test_any_text_becomes_one_line_that_holds_its_letters(text: str) -> None:
    marked = mark_code(text)
    assert "\n" not in marked
    assert "\r" not in marked
    assert re.sub(r"[^ab]", "", marked.replace("&amp;", "")) == re.sub(r"[^ab]", "", text)
