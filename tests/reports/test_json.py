"""docs/json.md names every key that is printed, and no other; and the types are the ones it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kbgen import model
from kbgen.model import (
    BackfillReport,
    BuildReport,
    Commit,
    Criterion,
    CriterionResult,
    CriterionState,
    Decision,
    Deferred,
    Deviation,
    Diagram,
    DiagramEdge,
    DiagramMessage,
    DiagramNode,
    Evidence,
    Fact,
    FileWork,
    Finding,
    Link,
    MethodTouch,
    PathReport,
    Person,
    SkippedFile,
    Story,
    StoryKey,
    StoryRecord,
    StoryRow,
    SymbolWork,
)
from kbgen.reports import (
    report_backfill,
    report_demo,
    report_fact,
    report_init,
    report_path,
    report_record,
    report_skipped,
    report_stories,
)
from kbgen.reports.build import report_build
from kbgen.reports.diagrams import report_diagram
from kbgen.reports.findings import report_findings
from kbgen.reports.trace import report_trace
from kbgen.trace import Item, Taking, TraceBook, TracedDocument, TracedStory, join_trace
from tests.commands import Kbgen

DOCUMENT = Path(__file__).parents[2] / "docs" / "json.md"

EVIDENCE = Evidence("src/a.py", "A.b", "ab" * 20, 7, "cd" * 20, "because")
CRITERION = Criterion("AC1", "It works", True, EVIDENCE)
STATE = CriterionState(CRITERION, "evidence", "a test says so", (EVIDENCE,))
STORY = Story(
    StoryKey("DM", (1, 6)), "DM-01.6", "Rules", "done", "8", "DM-01", "docs/dm-01-6.md", (CRITERION,), (), (), (), ()
)  # fmt: skip
ADA = Person("Ada", "ada@example.com")
COMMIT = Commit("ef" * 20, (), ADA, 0, 0, ADA, 0, "feat: rules\n\nBody.")
RECORD = StoryRecord(
    STORY,
    "12" * 20,
    (Link(COMMIT, "implements", True, 1.0, ("the subject names it",)),),
    (FileWork("src/a.py", "renamed", "source", "src/b.py", "moved", "src/c.py", True, 3, 1, ("ef" * 20,)),),
    (model.TestWork("tests/a.py", 3, None),),
    (SymbolWork("b", "method", "src/a.py", "A", True, False, True, EVIDENCE),),
    (Decision("because", "commit ef", EVIDENCE, 0.5),),
    (Deviation("mock", "a stand-in", (EVIDENCE,)),),
    (Deferred("later", "commit ef", EVIDENCE),),
    (STATE,),
    methods=(MethodTouch("src/a.py", "b", 2, 9),),
    routes=(Fact("route", "/rules", "src/a.py", 4, "PUT /rules"),),
    skipped=(SkippedFile("big.bin", "too big"),),
)
BARE_STORY = Story(StoryKey("DM", (1, 7)), "DM-01.7", "", "", "", "", "", (), (), (), (), ())
BARE = StoryRecord(BARE_STORY, "12" * 20, (), (), (), (), (), (), (), ())
PATH = PathReport(
    "a.py", True, ((STORY, "implements", ("ef" * 20,)),), (("DM-01.6", RECORD.decisions[0]),), ("@me",), (COMMIT,)
)
BACKFILL = BackfillReport(
    ("a.md",), ("b.md",), (("c.md", "c.md:3: edited\n  hint: --force"),), ("c.md",), (("DM-01.6", STATE),), ("--- a\n",)
)  # fmt: skip
BUILD = BuildReport(
    ("a.md",), ("b.md",), (("c.md", "no facts"),), (("d.md", "bad"),), (),
    (CriterionResult("DM-01.6", "AC1", "All gates", "unmet", "no section Gates"),),
)  # fmt: skip
TRACE = join_trace(
    TraceBook(
        (
            TracedStory(
                "OR-01.1", "Rows", "docs", "OR-01", "", "done", (("AC1", "Rows", True),), ("a" * 40,), (), ("a.py",),
                (),
                (TracedDocument("docs/a.md", True, "plan"),),
            ),
        ),
        (
            Item("TD-1", "debt", "Rows", "open", False, (EVIDENCE,), (Taking(0, EVIDENCE, "field"),)),
            Item("TD-2", "debt", "Rows", "", False, (EVIDENCE,)),
        ),
    )
)  # fmt: skip
ROWS = (StoryRow(STORY, 1, 2, "kbgen"), StoryRow(BARE_STORY, 0, 0, "none"))
FACT = Fact("route", "GET /a", "src/a.py", 4, "GET /a", "A.b", "", (("method", "GET"), ("key", "x"), ("key", "y")))

DIAGRAM = Diagram(
    "mesh", "Mesh", "graph", "overview",
    (DiagramNode("a", "A", "agent", "dead", "b", "nothing calls it", (EVIDENCE,), (":80",)),),
    (DiagramEdge("a", "b", "http", "GET /", "live", "", "http", (EVIDENCE,)),),
    (DiagramMessage("a", "b", "GET /", "call", "live", "", (EVIDENCE,), 1),),
    ("2 agents left out",),
)  # fmt: skip
FINDING = Finding("dangling-call-1", "dangling-call", "`GET /`", "Nothing serves it.", (EVIDENCE,), "broken")

REPORTS: dict[str, Any] = {
    "Evidence": report_record(RECORD)["symbols"][0]["evidence"],
    "`kbgen show ID`": report_record(RECORD),
    "`kbgen show PATH`": report_path(PATH),
    "`kbgen stories`": report_stories(ROWS, None),
    "`kbgen stories`, with `--unlinked`": report_stories(ROWS, (COMMIT,)),
    "`kbgen facts`": [report_fact(FACT, "ab" * 20)],
    "`kbgen facts`, with `--skipped`": report_skipped(RECORD.skipped),
    "`kbgen diagram`": report_diagram(DIAGRAM),
    "`kbgen findings`": report_findings((FINDING,)),
    "`kbgen backfill`": report_backfill(BACKFILL),
    "`kbgen build`": report_build(BUILD),
    "`kbgen trace`": report_trace(TRACE),
    "`kbgen init`": report_init("kbgen.yaml"),
    "`kbgen demo`": report_demo("demo", "12" * 20, BACKFILL, BUILD),
}


def read_tables() -> dict[str, dict[str, str]]:
    """section -> key -> type, of every table."""
    tables: dict[str, dict[str, str]] = {}
    section = ""
    for line in DOCUMENT.read_text().splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif match := re.match(r"With (`--[a-z]+`)[:,]", line):
            section += f", with {match[1]}"
        elif match := re.match(r"\| `([^`]+)` \| ([^|]+) \|", line):
            tables.setdefault(section, {})[match[1]] = match[2]
    return tables


TABLES = read_tables()
TABLES["`kbgen demo`"] |= TABLES["`kbgen backfill`"]


def list_values(value: Any, types: dict[str, str], at: str = "") -> Iterator[tuple[str, Any]]:
    """(key, value) of everything down to what the document calls one value."""
    if at in types and types[at] != "object":
        yield at, value
    elif isinstance(value, dict):
        if at:
            yield at, value
        for key, inner in value.items():
            yield from list_values(inner, types, f"{at}.{key}" if at else key)
    elif isinstance(value, list):
        for inner in value:
            yield from list_values(inner, types, f"{at}[]")
    else:
        yield at, value


def fits(value: Any, kind: str) -> bool:
    if " or " in kind:
        return any(fits(value, part) for part in kind.split(" or "))
    if kind.startswith("list of "):
        return isinstance(value, list) and all(
            fits(item, kind.removeprefix("list of ").removesuffix("s")) for item in value
        )
    if kind in ("evidence", "object"):
        return isinstance(value, dict) and (kind == "object" or value.keys() <= TABLES["Evidence"].keys())
    if kind == "map":
        return isinstance(value, dict) and all(fits(v, "string or list of strings") for v in value.values())
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool, "list": list, "null": type(None)}[kind])


def check_types(section: str, value: Any) -> set[str]:
    types = TABLES[section]
    keys = set()
    for key, found in list_values(value, types):
        if key == "[]":
            continue
        assert key in types, f"{section}: {key} is not documented"
        assert fits(found, types[key]), f"{section}: {key} is {found!r}, not {types[key]}"
        keys.add(key)
    return keys


@pytest.mark.parametrize("section", REPORTS)
def test_every_key_is_documented_and_every_documented_key_is_printed(section: str) -> None:
    value = json.loads(json.dumps(REPORTS[section]))
    assert check_types(section, value) == set(TABLES[section])


def test_every_section_is_of_a_report() -> None:
    assert set(TABLES) == set(REPORTS)


def test_values_that_are_missing() -> None:
    check_types("`kbgen show ID`", report_record(BARE))
    bare = report_record(BARE)
    assert bare["spec"] is None
    assert report_stories(ROWS, None)[1]["spec"] is None  # type: ignore[index]


def test_a_reason_and_its_hint_are_two_keys() -> None:
    assert report_backfill(BACKFILL)["left_out"] == [{"path": "c.md", "why": "c.md:3: edited", "hint": "--force"}]


def test_a_detail_with_several_values_is_a_list() -> None:
    assert report_fact(FACT, "h")["attrs"] == {"method": "GET", "key": ["x", "y"]}
    thrice = Fact("tool", "t", "a.py", 1, attrs=(("key", "x"), ("key", "y"), ("key", "z")))
    assert report_fact(thrice, "h")["attrs"] == {"key": ["x", "y", "z"]}


def test_the_real_thing_on_the_sample(kbgen: Kbgen, sample: Path) -> None:
    for section, command in (
        ("`kbgen show ID`", ("show", "DM-01.6")),
        ("`kbgen show ID`", ("show", "DM-01.9")),
        ("`kbgen show PATH`", ("show", "mesh/agents/loading.py")),
        ("`kbgen stories`", ("stories",)),
        ("`kbgen stories`, with `--unlinked`", ("stories", "--unlinked")),
        ("`kbgen facts`", ("facts",)),
        ("`kbgen facts`", ("facts", "route", "symbol", "--limit", "3")),
        ("`kbgen facts`, with `--skipped`", ("facts", "--skipped")),
        ("`kbgen diagram`", ("diagram", "agent-mesh-topology")),
        ("`kbgen diagram`", ("diagram", "a2a-request-flow", "--level", "detail")),
        ("`kbgen findings`", ("findings",)),
        ("`kbgen backfill`", ("backfill", "--all", "--diff", "--dry-run")),
        ("`kbgen backfill`", ("diagram", "--dry-run", "--diff")),
        ("`kbgen init`", ("init",)),
    ):
        check_types(section, kbgen(*command, "--format", "json", at=sample).json)


def test_the_keys_that_other_programs_rely_on() -> None:
    """DESIGN's list: more may come, these stay."""
    promised = {
        "`kbgen show ID`": "story title spec commits[].sha commits[].role commits[].explicit commits[].score"
        " commits[].reasons files[].path files[].change files[].kind files[].old_path files[].now files[].now_path"
        " files[].planned tests[].path tests[].cases symbols[].name symbols[].kind symbols[].path symbols[].used"
        " decisions[].text decisions[].source deviations[].kind deviations[].text deviations[].evidence"
        " deferred[].text deferred[].source",
        "`kbgen stories`": "[].story [].title [].spec [].status [].commits [].notes",
        "`kbgen facts`": "[].kind [].name [].value [].path [].line [].symbol [].hash [].attrs",
        "`kbgen diagram`": "name nodes[].id nodes[].label nodes[].kind nodes[].evidence edges[].from edges[].to"
        " edges[].kind edges[].label edges[].evidence messages[].from messages[].to messages[].label"
        " messages[].evidence",
        "`kbgen backfill`": "written unchanged left_out[].path left_out[].why criteria[].story criteria[].ac"
        " criteria[].state criteria[].why",
    }
    for section, keys in promised.items():
        assert set(keys.split()) <= set(TABLES[section])
