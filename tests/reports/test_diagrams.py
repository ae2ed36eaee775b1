"""Diagrams as JSON read back to the same value; lists for a terminal."""

from __future__ import annotations

import json

import pytest

from kbgen.model import Diagram, Finding
from kbgen.reports.diagrams import DiagramRow, read_diagram, report_diagram, show_diagrams, show_findings
from tests.diagrams.drawings import make_hostile_graph, make_hostile_sequence, make_platform, make_sequence

NOTHING = Diagram("hitl-approval-flow", "Human approval flow", "sequence", "overview", ())


@pytest.mark.parametrize(
    "diagram", [make_platform(), make_sequence(), make_hostile_graph(), make_hostile_sequence(), NOTHING]
)
def test_the_json_is_the_whole_diagram(diagram: Diagram) -> None:
    assert read_diagram(json.loads(json.dumps(report_diagram(diagram)))) == diagram


def test_a_list_of_diagrams() -> None:
    rows = [
        DiagramRow(make_platform(), "", "docs/mesh.md"),
        DiagramRow(make_sequence(), "", ""),
        DiagramRow(NOTHING, "no approvals found", ""),
    ]
    table = [line.text.split("  ") for line in show_diagrams(rows)]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in table]
    assert cells[:1] == [["Diagram", "Shows", "Page"]]
    assert cells[1] == ["mesh", "30 parts, 29 connections", "docs/mesh.md"]
    assert cells[2][1:] == ["5 parts, 13 steps", "not written yet"]
    assert cells[3] == ["hitl-approval-flow", "no approvals found"]
    assert "kbgen diagram --write" in table[-1][0]


def test_a_list_of_findings() -> None:
    found = (
        Finding("a-1", "dangling-call", "`web` calls `GET /x`\x1b[2J", "", (), "broken"),
        Finding("b-2", "never-used", "Nothing uses `y`", "", (), "dead"),
    )
    assert [line.text for line in show_findings(found)] == [
        "Severity  Kind           Finding",
        "broken    dangling-call  web calls GET /x␛[2J",
        "dead      never-used     Nothing uses y",
        "",
        "2 findings.",
    ]
    assert [line.text for line in show_findings(())] == ["Nothing found that does not fit together."]
