"""The documented JSON of each command. Keys stay; more may come (docs/json.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii as _quote

from kbgen.model import (
    JSON,
    BackfillReport,
    BuildReport,
    Commit,
    Evidence,
    Fact,
    PathReport,
    SkippedFile,
    StoryRecord,
    StoryRow,
)


def report_record(record: StoryRecord) -> JSON:
    """`kbgen show ID`."""
    story = record.story
    return {
        "story": story.id,
        "title": story.title,
        "spec": story.path or None,
        "status": story.status,
        "epic": story.epic,
        "rev": record.rev,
        "commits": [
            {
                **report_commit(link.commit),
                "role": link.role,
                "explicit": link.explicit,
                "score": link.score,
                "reasons": list(link.reasons),
            }
            for link in record.links
        ],
        "files": [
            {
                "path": f.path,
                "change": f.change,
                "kind": f.kind,
                "old_path": f.old_path or None,
                "now": f.now,
                "now_path": f.now_path or None,
                "planned": f.planned,
                "added": f.added,
                "deleted": f.deleted,
                "commits": list(f.commits),
            }
            for f in record.files
        ],
        "tests": [{"path": t.path, "cases": t.cases, "cases_now": t.cases_now} for t in record.tests],
        "symbols": [
            {
                "name": s.name,
                "kind": s.kind,
                "path": s.path,
                "parent": s.parent or None,
                "exported": s.exported,
                "used": s.used,
                "now": s.now,
                "evidence": report_evidence(s.evidence),
            }
            for s in record.symbols
        ],
        "decisions": [
            {"text": d.text, "source": d.source, "score": d.score, "evidence": report_evidence(d.evidence)}
            for d in record.decisions
        ],
        "deviations": [
            {"kind": d.kind, "text": d.text, "evidence": [report_evidence(e) for e in d.evidence]}
            for d in record.deviations
        ],
        "deferred": [
            {"text": d.text, "source": d.source, "evidence": report_evidence(d.evidence)} for d in record.deferred
        ],
        "criteria": [
            {
                "ac": c.criterion.label,
                "text": c.criterion.text,
                "checked": c.criterion.checked,
                "state": c.state,
                "why": c.why,
                "evidence": [report_evidence(e) for e in c.evidence],
            }
            for c in record.criteria
        ],
        "routes": [{"name": f.value or f.name, "path": f.path, "line": f.line} for f in record.routes],
        "methods": [
            {"path": m.path, "name": m.name, "complexity": m.complexity, "lines": m.lines} for m in record.methods
        ],
        "skipped": [{"path": s.path, "why": s.why} for s in record.skipped],
    }


def report_path(report: PathReport) -> JSON:
    """`kbgen show PATH`."""
    return {
        "path": report.path,
        "exists": report.exists,
        "stories": [
            {"story": s.id, "title": s.title, "spec": s.path or None, "role": role, "commits": list(commits)}
            for s, role, commits in report.stories
        ],
        "decisions": [
            {"story": story, "text": d.text, "source": d.source, "evidence": report_evidence(d.evidence)}
            for story, d in report.decisions
        ],
        "owners": list(report.owners),
        "unlinked": [report_commit(c) for c in report.unlinked],
    }


def report_stories(rows: Sequence[StoryRow], unlinked: Sequence[Commit] | None) -> JSON | list[JSON]:
    """`kbgen stories`: a list, or with ``--unlinked`` an object that also names commits with no story."""
    stories = [
        {
            "story": r.story.id,
            "title": r.story.title,
            "spec": r.story.path or None,
            "status": r.story.status,
            "commits": r.commits,
            "follow_ups": r.follow_ups,
            "notes": r.notes,
        }
        for r in rows
    ]
    if unlinked is None:
        return stories
    return {"stories": stories, "unlinked": [report_commit(c) for c in unlinked]}


def report_backfill(report: BackfillReport) -> JSON:
    """`kbgen backfill`."""
    return {
        "written": list(report.written),
        "unchanged": list(report.unchanged),
        "left_out": [_report_left_out(path, why) for path, why in report.left_out],
        "edited": list(report.edited),
        "criteria": [
            {"story": story, "ac": c.criterion.label, "state": c.state, "why": c.why} for story, c in report.criteria
        ],
        "diffs": list(report.diffs),
    }


def _report_left_out(path: str, why: str) -> JSON:
    reason, _, hint = why.partition("\n  hint: ")
    return {"path": path, "why": reason, "hint": hint}


def report_fact(fact: Fact, evidence_hash: str) -> JSON:
    """One of `kbgen facts`. A key that `attrs` holds more than once has a list of its values."""
    return {
        "kind": fact.kind,
        "name": fact.name,
        "value": fact.value,
        "path": fact.path,
        "line": fact.line,
        "symbol": fact.symbol,
        "hash": evidence_hash,
        "attrs": _report_attrs(fact),
    }


def _report_attrs(fact: Fact) -> JSON:
    attrs: JSON = dict(fact.attrs)
    if len(attrs) < len(fact.attrs):
        for key in attrs:
            values = [value for other, value in fact.attrs if other == key]
            attrs[key] = values if len(values) > 1 else values[0]
    return attrs


def write_fact(fact: Fact, evidence_hash: str) -> str:
    """`report_fact` as one line of JSON, in a third of the time: there may be two hundred thousand of them."""
    return (
        f'{{"kind": {_quote(fact.kind)}, "name": {_quote(fact.name)}, "value": {_quote(fact.value)},'
        f' "path": {_quote(fact.path)}, "line": {fact.line}, "symbol": {_quote(fact.symbol)},'
        f' "hash": {_quote(evidence_hash)}, "attrs": {_write_attrs(fact) if fact.attrs else "{}"}}}'
    )


def _write_attrs(fact: Fact) -> str:
    attrs = dict(fact.attrs)
    if len(attrs) < len(fact.attrs):
        return json.dumps(_report_attrs(fact))
    return f"{{{', '.join([f'{_quote(key)}: {_quote(value)}' for key, value in attrs.items()])}}}"


def report_skipped(skipped: Sequence[SkippedFile]) -> list[JSON]:
    """`kbgen facts --skipped`."""
    return [{"path": s.path, "why": s.why} for s in skipped]


def report_init(written: str) -> JSON:
    """`kbgen init`."""
    return {"written": [written]}


def report_demo(folder: str, head: str, notes: BackfillReport, built: BuildReport) -> JSON:
    """`kbgen demo`: the keys of `backfill`, with the other files of the knowledge base under ``built``."""
    return {"folder": folder, "head": head, **report_backfill(notes), "built": list(built.written)}


def report_commit(commit: Commit) -> JSON:
    """A commit as other programs need it."""
    return {"sha": commit.sha, "subject": commit.subject, "author": commit.author.name}


def report_evidence(evidence: Evidence) -> JSON:
    """Only the fields that are set."""
    pairs = (
        ("path", evidence.path),
        ("symbol", evidence.symbol),
        ("hash", evidence.hash),
        ("line", evidence.line),
        ("commit", evidence.commit),
        ("quote", evidence.quote),
    )
    return {key: value for key, value in pairs if value}
