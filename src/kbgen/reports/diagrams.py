"""Diagrams as documented JSON, which reads back to the same value; they and findings as lists for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kbgen.model import JSON, Diagram, DiagramEdge, DiagramMessage, DiagramNode, Evidence, Finding
from kbgen.reports.json import report_evidence
from kbgen.reports.layout import Line, align_columns, count_things


@dataclass(frozen=True, slots=True)
class DiagramRow:
    """One line of the list. `absence` says why there is nothing to draw, `page` where its page is; ``""`` for none."""

    diagram: Diagram
    absence: str
    page: str


def report_diagram(diagram: Diagram) -> JSON:
    """`kbgen diagram NAME`."""
    return {
        "name": diagram.name,
        "title": diagram.title,
        "form": diagram.form,
        "level": diagram.level,
        "nodes": [
            {
                "id": node.id,
                "label": node.label,
                "kind": node.kind,
                "state": node.state,
                "group": node.group,
                "why": node.why,
                "details": list(node.details),
                "evidence": _report_all(node.evidence),
            }
            for node in diagram.nodes
        ],
        "edges": [
            {
                "from": edge.source,
                "to": edge.target,
                "kind": edge.kind,
                "label": edge.label,
                "state": edge.state,
                "why": edge.why,
                "rule": edge.rule,
                "evidence": _report_all(edge.evidence),
            }
            for edge in diagram.edges
        ],
        "messages": [
            {
                "from": message.source,
                "to": message.target,
                "label": message.label,
                "kind": message.kind,
                "state": message.state,
                "why": message.why,
                "depth": message.depth,
                "evidence": _report_all(message.evidence),
            }
            for message in diagram.messages
        ],
        "folded": list(diagram.folded),
    }


def read_diagram(data: Any) -> Diagram:
    """The diagram that `report_diagram` told of."""
    return Diagram(
        data["name"],
        data["title"],
        data["form"],
        data["level"],
        tuple(
            DiagramNode(
                node["id"],
                node["label"],
                node["kind"],
                node["state"],
                node["group"],
                node["why"],
                _read_all(node["evidence"]),
                tuple(node["details"]),
            )
            for node in data["nodes"]
        ),
        tuple(
            DiagramEdge(
                edge["from"],
                edge["to"],
                edge["kind"],
                edge["label"],
                edge["state"],
                edge["why"],
                edge["rule"],
                _read_all(edge["evidence"]),
            )
            for edge in data["edges"]
        ),
        tuple(
            DiagramMessage(
                message["from"],
                message["to"],
                message["label"],
                message["kind"],
                message["state"],
                message["why"],
                _read_all(message["evidence"]),
                message["depth"],
            )
            for message in data["messages"]
        ),
        tuple(data["folded"]),
    )


def _report_all(evidence: Iterable[Evidence]) -> list[JSON]:
    return [report_evidence(each) for each in evidence]


def _read_all(evidence: Iterable[JSON]) -> tuple[Evidence, ...]:
    return tuple(Evidence(**each) for each in evidence)


def show_diagrams(rows: Sequence[DiagramRow]) -> tuple[Line, ...]:
    """`kbgen diagram` for several."""
    return tuple(_show_diagrams(rows))


def _show_diagrams(rows: Sequence[DiagramRow]) -> Iterator[Line]:
    yield from align_columns(
        ("Diagram", "Shows", "Page"),
        [(row.diagram.name, row.absence or _count_parts(row.diagram), _show_page(row)) for row in rows],
    )
    if not all(row.page or row.absence for row in rows):
        yield Line("")
        yield Line("kbgen diagram NAME draws one, kbgen diagram --write writes the pages.")


def _show_page(row: DiagramRow) -> str:
    return row.page or ("" if row.absence else "not written yet")


def _count_parts(diagram: Diagram) -> str:
    parts = count_things(len(diagram.nodes), "part", "parts")
    if diagram.form == "sequence":
        return f"{parts}, {count_things(len(diagram.messages), 'step', 'steps')}"
    return f"{parts}, {count_things(len(diagram.edges), 'connection', 'connections')}"


def show_findings(findings: Sequence[Finding]) -> tuple[Line, ...]:
    """`kbgen findings`."""
    if not findings:
        return (Line("Nothing found that does not fit together."),)
    rows = [(found.severity, found.kind, found.title.replace("`", "")) for found in findings]
    counted = count_things(len(findings), "finding", "findings")
    return (*align_columns(("Severity", "Kind", "Finding"), rows), Line(""), Line(f"{counted}."))
