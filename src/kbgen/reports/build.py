"""What a build did, and what became of the criteria: as documented JSON, and as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from kbgen.model import JSON, BuildReport, CriterionResult
from kbgen.reports.layout import Line, clean


def report_build(report: BuildReport) -> JSON:
    """The keys are those of docs/json.md."""
    return {
        "written": list(report.written),
        "unchanged": list(report.unchanged),
        "left_out": [{"path": path, "why": why, "failed": False} for path, why in report.left_out]
        + [{"path": path, "why": why, "failed": True} for path, why in report.failed],
        "criteria": [
            {"story": c.story, "ac": c.label, "text": c.text, "state": c.state, "why": c.why} for c in report.criteria
        ],
    }


def show_build(report: BuildReport, *, check: bool = False, dry_run: bool = False) -> tuple[Line, ...]:
    verb = "stale" if check else "would be written" if dry_run else "written"
    lines = [Line(clean(f"{verb}: {path}")) for path in report.written]
    lines += [Line(clean(f"left out: {path}: {why}")) for path, why in report.left_out]
    lines += _show_criteria(report.criteria)
    counts = f"{len(report.written)} {verb}, {len(report.unchanged)} unchanged, {len(report.left_out)} left out"
    failed = f", {len(report.failed)} failed" if report.failed else ""
    return (*lines, Line(counts + failed))


def _show_criteria(criteria: Sequence[CriterionResult]) -> list[Line]:
    """A line for each story, and one for each criterion that is not met."""
    stories: dict[str, list[CriterionResult]] = {}
    for each in criteria:
        stories.setdefault(each.story, []).append(each)
    lines: list[Line] = []
    for story, found in stories.items():
        met = sum(each.state == "met" for each in found)
        lines.append(Line(clean(f"{story}: {met} of {len(found)} criteria met")))
        lines += [
            Line(clean(f"  {each.label} {each.state}: {each.text}: {each.why}"))
            for each in found
            if each.state != "met"
        ]
    return lines


def show_packs(rows: Sequence[tuple[str, str, str, str]]) -> tuple[Line, ...]:
    """(name, path, story, title) of every page."""
    width = max((len(name) for name, *_ in rows), default=0)
    return tuple(
        Line(clean(f"{name:{width}}  {path or '–'}{f'  ({story})' if story else ''}")) for name, path, story, _ in rows
    )
