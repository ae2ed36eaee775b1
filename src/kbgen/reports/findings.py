"""Findings as documented JSON, and as the context of their page: grouped, counted and cut for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kbgen.markdown import Markdown, mark_names
from kbgen.model import JSON, SEVERITIES, Evidence, Finding

TEMPLATE = "findings.md.j2"
PLACES = 8
"""Places shown with a finding; the JSON has all of them."""
OPEN_ITEMS = 6
"""A list with more items is folded."""


@dataclass(frozen=True, slots=True)
class PlaceRow:
    path: str
    symbols: tuple[str, ...]
    """In the order of the evidence; empty for the file as a whole."""


@dataclass(frozen=True, slots=True)
class FindingRow:
    id: str
    title: Markdown
    text: Markdown
    items: tuple[Markdown, ...]
    is_long: bool
    places: tuple[PlaceRow, ...]
    more_places: int


@dataclass(frozen=True, slots=True)
class SeveritySection:
    severity: str
    rows: tuple[FindingRow, ...]


@dataclass(frozen=True, slots=True)
class KindRow:
    """One line of the summary: how many findings of a kind there are, by severity in the order of `SEVERITIES`."""

    kind: str
    counts: tuple[int, ...]
    total: int


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """The names that ``findings.md.j2`` may use."""

    total: int
    severities: tuple[str, ...]
    """Those that occur, the worst first."""
    kinds: tuple[KindRow, ...]
    sections: tuple[SeveritySection, ...]


def report_findings(findings: Sequence[Finding]) -> list[JSON]:
    """``[{"id", "kind", "severity", "title", "detail", "evidence": [{"path", "symbol", "hash", "line"}]}]``."""
    return [
        {
            "id": finding.id,
            "kind": finding.kind,
            "severity": finding.severity,
            "title": finding.title,
            "detail": finding.detail,
            "evidence": [
                {"path": e.path, "symbol": e.symbol, "hash": e.hash, "line": e.line} for e in finding.evidence
            ],
        }
        for finding in findings
    ]


def build_findings_page(findings: Sequence[Finding]) -> FindingsPage:
    """The page's context; `findings` in the order in which `find_findings` gives them."""
    severities = tuple(s for s in SEVERITIES if any(f.severity == s for f in findings))
    counts: dict[str, dict[str, int]] = {}
    for finding in findings:
        row = counts.setdefault(finding.kind, {})
        row[finding.severity] = row.get(finding.severity, 0) + 1
    return FindingsPage(
        total=len(findings),
        severities=severities,
        kinds=tuple(_make_kind(kind, counts[kind], severities) for kind in _sort_kinds(counts)),
        sections=tuple(
            SeveritySection(severity, tuple(_make_row(f) for f in findings if f.severity == severity))
            for severity in severities
        ),
    )


def _sort_kinds(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Kinds with the worst findings first, then by name."""
    return sorted(counts, key=lambda kind: (min(SEVERITIES.index(s) for s in counts[kind]), kind))


def _make_kind(kind: str, counts: Mapping[str, int], severities: Sequence[str]) -> KindRow:
    return KindRow(kind, tuple(counts.get(s, 0) for s in severities), sum(counts.values()))


def _make_row(finding: Finding) -> FindingRow:
    lines = finding.detail.split("\n")
    items = tuple(mark_names(line.removeprefix("- ")) for line in lines if line.startswith("- "))
    text = " ".join(line for line in lines if not line.startswith("- "))
    places = _group_places(finding.evidence)
    return FindingRow(
        finding.id,
        mark_names(finding.title),
        mark_names(text),
        items,
        len(items) > OPEN_ITEMS,
        places[:PLACES],
        len(places[PLACES:]),
    )


def _group_places(evidence: Sequence[Evidence]) -> tuple[PlaceRow, ...]:
    by_path: dict[str, dict[str, None]] = {}
    for one in evidence:
        symbols = by_path.setdefault(one.path, {})
        if one.symbol:
            symbols[one.symbol] = None
    return tuple(PlaceRow(path, tuple(symbols)) for path, symbols in by_path.items())
