"""The context of a story's notes: what the template shows, sorted, grouped and counted. The template owns the words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from kbgen.links import read_message
from kbgen.markdown import Markdown, code_span, escape_text, fold
from kbgen.model import (
    Commit,
    CriterionState,
    Decision,
    Deferred,
    Deviation,
    Evidence,
    Fact,
    FileWork,
    Judgement,
    Link,
    SkippedFile,
    StoryRecord,
    SymbolWork,
)
from kbgen.notes.deviations import group_by_kind
from kbgen.patterns import lazy
from kbgen.ports import History
from kbgen.stories import is_planning

# A table longer than this does not fit a screen; the rest is folded.
_ROWS = 15
_NAMES = 8
_DECISIONS = 8
_QUOTES = 14
_CRITERION = 200
_MOCK = 160

_KIND_ORDER = (
    *("component", "hook", "class", "nested class", "function", "method"),
    *("constant", "const", "enum", "interface", "type"),
)
_BULLET = lazy(r"^\s*(?:[-*•+]|\d{1,2}[.)])\s+(?P<text>\S.*)$")
# A bullet that opens with an ID speaks of that story.
_OTHERS = lazy(r"[A-Z][A-Z0-9]{1,9}-\d+(?:[.-]\d+)*[a-z]?\b\s*(?:[:(–—-]|$)")
# Nothing but a path: the table of files says it better.
_PATH_ONLY = lazy(r"`?[\w.@()\[\]-]+(?:/[\w.@()\[\]-]+)+`?$")
_CHORES = lazy(
    r"^(?:code review|acceptance criteria|ac[ -]?\d+|story|epic|co-authored-by|signed-off-by|reviewed-by|refs?|status|"
    r"points)\b\s*[:(]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CommitRow:
    sha: str
    short: str
    """12 hex, always."""
    subject: str
    date: str
    """The author's own date, ``2025-12-29``."""
    author: str
    role: str
    explicit: bool
    score: float
    reasons: tuple[str, ...]
    patch_id: str


@dataclass(frozen=True, slots=True)
class NameGroup:
    kind: str
    names: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True)
class BuiltFile:
    path: str
    change: str
    now: str
    now_path: str
    groups: tuple[NameGroup, ...]
    inner: tuple[str, ...]
    """Definitions that the file keeps to itself."""
    gone: tuple[str, ...]
    """Offered once and taken out since, while the file is still there."""


@dataclass(frozen=True, slots=True)
class Quote:
    commit: CommitRow
    lines: tuple[Markdown, ...]
    more: int


@dataclass(frozen=True, slots=True)
class FileRow:
    path: str
    change: str
    old_path: str
    added: int | None
    deleted: int | None
    planned: bool
    now: str
    now_path: str
    commit: str
    """The last commit of the story that changed the file: what a link is pinned to."""


@dataclass(frozen=True, slots=True)
class TestRow:
    path: str
    cases: int
    cases_now: int | None
    now_path: str
    """Where the cases stand now, when that is another path."""


@dataclass(frozen=True, slots=True)
class CriterionRow:
    label: str
    text: Markdown
    checked: bool | None
    found: bool
    why: Markdown


@dataclass(frozen=True, slots=True)
class Source:
    """Where a quoted sentence stands: a commit, or a path with a definition or heading."""

    commit: CommitRow | None
    path: str
    own: bool
    """The path is the story's own file."""
    symbol: str
    heading: Markdown


@dataclass(frozen=True, slots=True)
class QuoteRow:
    text: Markdown
    source: Source


@dataclass(frozen=True, slots=True)
class DeviationGroup:
    kind: str
    items: tuple[DeviationRow, ...]


@dataclass(frozen=True, slots=True)
class DeviationRow:
    text: Markdown
    quote: Markdown
    source: Source | None


@dataclass(frozen=True, slots=True)
class HandRow:
    """A hand-written statement that the code or history does not bear out, and what they say instead."""

    text: Markdown
    why: Markdown


@dataclass(frozen=True, slots=True)
class HandCheck:
    """The hand-written notes beside ours, as far as they can be checked; all zero where there are none."""

    holding: int
    refuted: tuple[HandRow, ...]


@dataclass(frozen=True, slots=True)
class NotesPage:
    """Everything `story_notes.md.j2` may name."""

    id: str
    title: str
    beside_hand_notes: bool
    """The file has an "Implementation Notes" section of its own; ours takes another heading."""
    link_base: str
    work: tuple[CommitRow, ...]
    follow_ups: tuple[CommitRow, ...]
    merges: tuple[CommitRow, ...]
    reverts: tuple[CommitRow, ...]
    later: tuple[CommitRow, ...]
    """Follow-ups and reverts in the order of history."""
    mentions: tuple[CommitRow, ...]
    pull_requests: tuple[int, ...]
    authors: tuple[str, ...]
    created: int
    changed: int
    deleted: int
    cases: int
    built: tuple[BuiltFile, ...]
    quotes: tuple[Quote, ...]
    decisions: tuple[QuoteRow, ...]
    files: tuple[FileRow, ...]
    folded_files: tuple[FileRow, ...]
    planning_files: int
    noise_files: int
    has_plan: bool
    tests: tuple[TestRow, ...]
    criteria: tuple[CriterionRow, ...]
    deviations: tuple[DeviationGroup, ...]
    deferred: tuple[QuoteRow, ...]
    hand: HandCheck
    skipped: tuple[SkippedFile, ...]


def build_page(
    record: StoryRecord, history: History, *, link_base: str = "", hand: Sequence[Judgement] | None = None
) -> NotesPage:
    """Sort and group a record for the template.

    `hand`: what was judged of hand-written notes in the same file; None where there are none.
    """
    by_role = {role: [link for link in record.links if link.role == role] for role in _ROLES}
    work = by_role["implements"]
    shown = [f for f in record.files if f.kind != "noise" and not is_planning(f.path)]
    rows = [_show_file(f) for f in shown]
    numbers = sorted({r.number for link in work for r in history.find_pull_requests(link.commit.sha) if r.number})
    code = [f for f in shown if f.kind in ("source", "test")]
    moved = {f.path: f.now_path for f in record.files if f.now == "moved"}
    later = {d.text for d in record.deferred}
    decisions = [d for d in record.decisions if d.text not in later]
    return NotesPage(
        id=record.story.id,
        title=record.story.title,
        beside_hand_notes=hand is not None,
        link_base=link_base,
        work=_show_links(work, history),
        follow_ups=_show_links(by_role["follow-up"], history),
        merges=_show_links(by_role["merge"], history),
        reverts=_show_links(by_role["reverts"], history),
        later=_show_links([link for link in record.links if link.role in ("follow-up", "reverts")], history),
        mentions=_show_links(by_role["mentions"], history),
        pull_requests=tuple(numbers),
        authors=tuple(sorted({link.commit.author.name for link in work})),
        created=sum(f.change == "created" for f in code),
        changed=sum(f.change in ("modified", "renamed") for f in code),
        deleted=sum(f.change == "deleted" for f in code),
        cases=sum(t.cases for t in record.tests),
        built=_group_built(record.symbols, record.routes, record.files),
        quotes=_quote_authors(work, record.story.id, history),
        decisions=tuple(_show_quote(d, record, history) for d in decisions[:_DECISIONS]),
        files=tuple(rows[:_ROWS]),
        folded_files=tuple(rows[_ROWS:]),
        planning_files=sum(is_planning(f.path) for f in record.files),
        noise_files=sum(f.kind == "noise" for f in record.files),
        has_plan=bool(record.story.planned or record.story.wider_plan),
        tests=tuple(TestRow(t.path, t.cases, t.cases_now, moved.get(t.path, "")) for t in record.tests),
        criteria=tuple(_show_criterion(c) for c in record.criteria),
        deviations=tuple(
            DeviationGroup(kind, tuple(_show_deviation(d, record, history) for d in found))
            for kind, found in group_by_kind(record.deviations).items()
        ),
        deferred=tuple(_show_quote(d, record, history) for d in _leave_out_mocks(record)[:_DECISIONS]),
        hand=_check_hand(hand or ()),
        skipped=record.skipped,
    )


_ROLES = ("implements", "follow-up", "merge", "reverts", "mentions")


def format_date(commit: Commit) -> str:
    """The day in the author's own zone, ``2025-12-29``: a fact of the commit, the same on every machine."""
    zone = timezone(timedelta(minutes=max(-1439, min(1439, commit.authored_offset))))
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=commit.authored)).astimezone(zone).strftime("%Y-%m-%d")


def _show_links(links: Iterable[Link], history: History) -> tuple[CommitRow, ...]:
    return tuple(_show_link(link, history) for link in links)


def _show_link(link: Link, history: History) -> CommitRow:
    commit = link.commit
    keeps = link.role in ("implements", "follow-up", "reverts")
    return CommitRow(
        sha=commit.sha,
        short=commit.sha[:12],
        subject=commit.subject,
        date=format_date(commit),
        author=commit.author.name,
        role=link.role,
        explicit=link.explicit,
        score=link.score,
        reasons=link.reasons,
        patch_id=history.compute_patch_id(commit.sha) if keeps else "",
    )


def _show_file(work: FileWork) -> FileRow:
    return FileRow(
        work.path,
        work.change,
        work.old_path,
        work.added,
        work.deleted,
        work.planned,
        work.now,
        work.now_path,
        work.commits[-1],
    )


def _group_built(
    symbols: Sequence[SymbolWork], routes: Sequence[Fact], files: Sequence[FileWork]
) -> tuple[BuiltFile, ...]:
    """By file, new files first: the routes it serves, what it offers by kind, and what it keeps to itself."""
    rank = {"created": 0, "renamed": 1, "modified": 2, "deleted": 3}
    by_path: dict[str, list[SymbolWork]] = {}
    for symbol in symbols:
        by_path.setdefault(symbol.path, []).append(symbol)
    served: dict[str, dict[str, list[str]]] = {}
    for route in routes:
        page = route.attr("kind") == "page"
        shown = route.attr("path") if page else route.value or route.name
        served.setdefault(route.path, {}).setdefault("page" if page else "route", []).append(shown)
    found = []
    for work in sorted(
        (f for f in files if f.path in by_path or f.now_path in served), key=lambda f: (rank[f.change], f.path)
    ):
        mine = by_path.get(work.path, [])
        classes = {s.name for s in mine if s.kind in ("class", "nested class", "interface", "enum")}
        top = [s for s in mine if not s.parent or s.parent.rsplit(".", 1)[-1] not in classes]
        ever = [s for s in top if s.exported] or top
        offered = [s for s in ever if s.now or work.now == "removed"]
        inner = tuple(dict.fromkeys(s.name for s in top if s not in ever))
        gone = tuple(dict.fromkeys(_qualify(s) for s in ever if s not in offered))
        groups = [_group_names(kind, names) for kind, names in sorted(served.get(work.now_path, {}).items())]
        for kind in sorted({s.kind for s in offered}, key=_rank_kind):
            groups.append(_group_names(kind, [_qualify(s) for s in offered if s.kind == kind]))
        found.append(BuiltFile(work.path, work.change, work.now, work.now_path, tuple(groups), inner, gone[:_NAMES]))
    return tuple(found)


def _group_names(kind: str, names: Iterable[str]) -> NameGroup:
    distinct = tuple(dict.fromkeys(names))
    return NameGroup(kind, distinct[:_NAMES], max(0, len(distinct) - _NAMES))


def _qualify(symbol: SymbolWork) -> str:
    """A member of a class that was there before reads as one: ``Gate.open``."""
    return f"{symbol.parent}.{symbol.name}" if symbol.parent else symbol.name


def _rank_kind(kind: str) -> tuple[int, str]:
    return (_KIND_ORDER.index(kind) if kind in _KIND_ORDER else len(_KIND_ORDER), kind)


def _quote_authors(work: Sequence[Link], story: str, history: History) -> tuple[Quote, ...]:
    """The bullets of each implementing commit's body, whole, as its author wrote them; not what is of other stories."""
    found = []
    for link in work:
        bullets = _read_bullets(read_message(link.commit.message).body)
        lines = [b for b in bullets if not _OTHERS.match(b) or b.upper().startswith(story.upper())]
        if lines:
            found.append(
                Quote(
                    _show_link(link, history),
                    tuple(mark_code(line) for line in lines[:_QUOTES]),
                    max(0, len(lines) - _QUOTES),
                )
            )
    return tuple(found)


def _read_bullets(body: str) -> list[str]:
    """Each bullet with the indented lines right under it; chores are left out with theirs."""
    bullets: list[str] = []
    inside = False
    for line in body.split("\n"):
        match = _BULLET.match(line[:1000])
        if match:
            inside = not _CHORES.match(match["text"]) and not _PATH_ONLY.match(match["text"].strip())
            if inside:
                bullets.append(match["text"].strip())
        elif inside and line.startswith(("  ", "\t")) and line.strip():
            bullets[-1] += " " + line.strip()
        else:
            inside = False
    return bullets


def _show_criterion(state: CriterionState) -> CriterionRow:
    criterion = state.criterion
    return CriterionRow(
        criterion.label,
        mark_code(fold(criterion.text, _CRITERION)),
        criterion.checked,
        state.state == "evidence",
        mark_code(state.why),
    )


def _show_deviation(deviation: Deviation, record: StoryRecord, history: History) -> DeviationRow:
    """The evidence that says something of its own: the code's words, or where the plan or the later commit stands."""
    quote, source = Markdown(""), None
    if deviation.kind == "mock" and deviation.evidence:
        quote = mark_code(fold(deviation.evidence[0].quote, _MOCK))
    elif deviation.kind.startswith("planned"):
        plan = next((e for e in deviation.evidence if e.path and e.line), None)
        source = _show_source(plan, record, history) if plan is not None else None
    elif deviation.kind in ("claimed-count", "removed-since", "reverted"):
        later = next((e for e in deviation.evidence if e.commit), None)
        source = _show_source(later, record, history) if later is not None else None
    return DeviationRow(mark_code(deviation.text), quote, source)


def _leave_out_mocks(record: StoryRecord) -> list[Deferred]:
    """What is deferred and not said already by the words of a stand-in."""
    said = [(e.path, e.quote) for d in record.deviations if d.kind == "mock" for e in d.evidence]
    return [d for d in record.deferred if not any(d.evidence.path == p and d.text in q for p, q in said)]


def _show_quote(item: Decision | Deferred, record: StoryRecord, history: History) -> QuoteRow:
    return QuoteRow(mark_code(item.text), _show_source(item.evidence, record, history))


def _show_source(evidence: Evidence, record: StoryRecord, history: History) -> Source:
    if evidence.commit and not evidence.path:
        commit = next((link.commit for link in record.links if link.commit.sha == evidence.commit), None)
        commit = commit or history.get_commit(evidence.commit)
        if commit is not None:
            return Source(_show_link(Link(commit, "mentions", True, 1.0, ()), history), "", False, "", Markdown(""))
    own = bool(evidence.path) and evidence.path in {d.path for d in record.story.documents if d.kind == "file"}
    documents = evidence.path.endswith((".md", ".markdown", ".yaml", ".yml"))
    heading = mark_code(evidence.symbol) if documents else Markdown("")
    return Source(None, evidence.path, own, "" if documents else evidence.symbol, heading)


def _check_hand(judgements: Sequence[Judgement]) -> HandCheck:
    """One row a sentence: what cannot be judged is not counted."""
    rows: dict[str, HandRow] = {}
    for judgement in judgements:
        if judgement.verdict in ("refuted", "moved"):
            claim = judgement.claim
            row = HandRow(mark_code(fold(claim.text, _CRITERION)), mark_code(judgement.hint or judgement.verdict))
            rows.setdefault(claim.text, row)
    return HandCheck(sum(j.verdict == "holds" for j in judgements), tuple(rows.values()))


def mark_code(text: str) -> Markdown:
    """One line of Markdown: what stands between backticks as code, the rest escaped; both may hold any text."""
    spans = text.split("`")
    if len(spans) % 2 == 0:
        # The last backtick has no partner: it stands for itself.
        spans[-2:] = ["`".join(spans[-2:])]
    parts: list[str] = []
    for number, part in enumerate(spans):
        if number % 2:
            parts.append(code_span(part))
        else:
            inner = escape_text(part)
            lead, tail = part[:1].isspace(), part[-1:].isspace() and bool(inner)
            parts.append(f"{' ' * lead}{inner}{' ' * tail}")
    return Markdown("".join(parts))
