"""The words of kbgen as frozen values. Every value carries the evidence that it rests on.

Paths are relative to the repository's top, with ``/``. A path that is not UTF-8 holds surrogate
escapes (PEP 383). Lines are 1-based and for display only; what binds is path + symbol + content hash.
Hashes of commits and blobs are full lower-case hex (40 for SHA-1, 64 for SHA-256 repositories).
Times are whole seconds since the epoch, UTC; an author's offset is kept in minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# --------------------------------------------------------------------------------------- documents

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """Plain values with the line that each key stands on.

    `lines` maps a key's place, ``("ids", "prefixes")``, or a list item's, ``("ids", "prefixes", 0)``, to its 1-based
    line. `duplicates` are the keys that one mapping has twice, with the line of the later one, whose value is kept.
    """

    path: str
    value: Any
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    duplicates: tuple[tuple[KeyPath, int], ...] = ()


# ---------------------------------------------------------------------------------------- evidence


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a statement rests on: a commit, or a path with a symbol and its content hash."""

    path: str = ""
    symbol: str = ""
    hash: str = ""
    """Blob id of the file, or a content hash of the symbol's own text."""
    line: int = 0
    commit: str = ""
    quote: str = ""
    """The words themselves, where the statement quotes."""


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that could not be read whole; it shows on the page instead of being passed over."""

    path: str
    why: str


# ----------------------------------------------------------------------------------------- history

ChangeStatus = Literal["A", "M", "D", "R", "C", "T"]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of ``git log --raw -M``: what happened to one path in one commit."""

    status: ChangeStatus
    path: str
    old_path: str = ""
    """Set for R and C only."""
    old_blob: str = ""
    """All zeros when the file did not exist; empty when unknown."""
    new_blob: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, names after mailmap. `message` is whole, without the trailing newline."""

    sha: str
    parents: tuple[str, ...]
    author: Person
    authored: int
    authored_offset: int
    """Minutes east of UTC."""
    committer: Person
    committed: int
    message: str
    changes: tuple[Change, ...] = ()
    """Against the first parent for ordinary commits; empty for merges unless read on demand."""

    @property
    def subject(self) -> str:
        return self.message.split("\n", 1)[0].strip()

    @property
    def body(self) -> str:
        parts = self.message.split("\n", 1)
        return parts[1].strip("\n") if len(parts) > 1 else ""

    @property
    def is_merge(self) -> bool:
        return len(self.parents) > 1


@dataclass(frozen=True, slots=True)
class LineCount:
    """Lines added and deleted in one path by one commit; both None for a binary file."""

    path: str
    added: int | None
    deleted: int | None


@dataclass(frozen=True, slots=True)
class MethodTouch:
    """A method that a commit changed, as PyDriller (lizard) reads it."""

    path: str
    name: str
    complexity: int
    lines: int


@dataclass(frozen=True, slots=True)
class PullRequest:
    """The commits that one merge brought in, oldest first, the merge itself left out.

    `number` and `branch` come from the merge's message (``Merge pull request #40 from owner/branch``,
    ``Merge branch 'x'``); both are empty for a merge that names neither.
    """

    merge: str
    number: int | None
    branch: str
    title: str
    commits: tuple[str, ...]


# ------------------------------------------------------------------------------------- story IDs


@dataclass(frozen=True, slots=True, order=True)
class StoryKey:
    """A story's identity whatever its spelling: ``DM-01.6``, ``dm-01-6`` and ``story-dm-01-6`` are one.

    `prefix` is upper case or empty (``11-9``), ``#`` for issue numbers. `numbers` are without leading
    zeros: ``("DM", (1, 6))``, ``("ZOOKEEPER", (4767,))``, ``("", (11, 9))``, ``("PM", (4, 6))``.
    A prefixed key of one number is an epic (``DM-01``) or a tracker key; which of the two, the
    repository decides. `suffix` is a trailing letter (``15.18a``), lower case.
    """

    prefix: str
    numbers: tuple[int, ...]
    suffix: str = ""


MentionForm = Literal["id", "word", "scope", "range", "list", "issue", "bare"]


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a text that names a story or an epic.

    `form`: ``id`` a prefixed ID; ``word`` "Story 11.9", "stories 15.1 and 15.2"; ``scope`` inside a
    conventional-commit scope or a trailing bracket, ``feat(story-11.9):``, ``(DM-09.8)``; ``range`` and
    ``list`` for keys that stand for more than the text spells (``DM-01.6-8`` yields three mentions);
    ``issue`` for ``#123``; ``bare`` for numbers alone (``11.9``), which count only with context.
    """

    key: StoryKey
    form: MentionForm
    text: str
    """As written."""
    start: int
    end: int
    """Offsets into the text searched."""


# ----------------------------------------------------------------------------------------- stories


@dataclass(frozen=True, slots=True)
class Criterion:
    """One acceptance criterion. `checked` is None where the document has no box."""

    label: str
    """``AC1`` when the document numbers it so, else its place: ``1``, ``2`` …"""
    text: str
    checked: bool | None
    source: Evidence


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A path that a plan names. `intent` is what the plan says will happen to it."""

    path: str
    intent: Literal["create", "modify", "delete", "unclear"]
    source: Evidence
    note: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    text: str
    done: bool | None
    source: Evidence


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the lines under it up to the next heading of any level. Lines are raw text."""

    level: int
    title: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class StoryDocument:
    """What one Markdown or YAML file says of one story, before it is joined with others."""

    key: StoryKey
    id: str
    """As the document itself spells it: ``DM-01.6``, ``04-1``."""
    title: str
    path: str
    blob: str
    line: int
    kind: Literal["file", "epic-section", "status"]
    status: str = ""
    points: str = ""
    epic: str = ""
    criteria: tuple[Criterion, ...] = ()
    planned: tuple[PlannedFile, ...] = ()
    tasks: tuple[Task, ...] = ()
    sections: tuple[Section, ...] = ()
    problems: tuple[str, ...] = ()
    """What could not be read (broken front matter, duplicate keys), for display."""


@dataclass(frozen=True, slots=True)
class Story:
    """A unit of planned work, joined from its file, its epic's section and the sprint status."""

    key: StoryKey
    id: str
    title: str
    status: str
    points: str
    epic: str
    """The epic's ID as spelled, ``DM-01``; empty when unknown."""
    path: str
    """Of the story file; empty when the story has none."""
    criteria: tuple[Criterion, ...]
    planned: tuple[PlannedFile, ...]
    """Of the story file; plans of epic and tech spec are in `wider_plan`."""
    wider_plan: tuple[PlannedFile, ...]
    tasks: tuple[Task, ...]
    documents: tuple[StoryDocument, ...]
    """Story file first, then epic section, then status."""
    module: str = ""
    """Folder that the story's documents share with their siblings: tells two stories of one token apart."""


@dataclass(frozen=True, slots=True)
class EpicDocument:
    """An epic, tech spec, retrospective or review that belongs to an epic: a source of decisions."""

    key: StoryKey
    kind: Literal["epic", "tech-spec", "retrospective", "status", "other"]
    path: str
    blob: str
    sections: tuple[Section, ...]


# ------------------------------------------------------------------------------------------- links

Role = Literal["implements", "follow-up", "mentions", "merge", "reverts"]


@dataclass(frozen=True, slots=True)
class Link:
    """A story joined to a commit. `reasons` are complete sentences a reader can check."""

    commit: Commit
    role: Role
    explicit: bool
    score: float
    """0 to 1; 1.0 when explicit."""
    reasons: tuple[str, ...]


# ------------------------------------------------------------------------------------------- facts

FactKind = str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that the code says at a revision.

    `kind` is one of the documented kinds (``symbol``, ``import``, ``reference``, ``test_case``, ``route`` …),
    `name` the thing's own name, `value` what the code gives it, `symbol` the qualified enclosing
    definition (``Class.method``), `attrs` further typed details documented by the extractor.
    """

    kind: FactKind
    name: str
    path: str
    line: int
    value: str = ""
    symbol: str = ""
    hash: str = ""
    attrs: tuple[tuple[str, str], ...] = ()

    def attr(self, key: str, default: str = "") -> str:
        # A plain loop: this is asked millions of times, and a generator costs more than the search.
        for name, value in self.attrs:
            if name == key:
                return value
        return default


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file's text as an extractor gets it; extractors never open files."""

    path: str
    blob: str
    text: str


@dataclass(frozen=True, slots=True)
class FileFacts:
    """All facts of one blob, in source order, and what could not be read."""

    path: str
    blob: str
    facts: tuple[Fact, ...]
    skipped: tuple[SkippedFile, ...] = ()


# ------------------------------------------------------------------------------------ a revision


@dataclass(frozen=True, slots=True)
class TreeEntry:
    path: str
    blob: str
    mode: str
    """``100644``, ``100755``, ``120000`` (symlink), ``160000`` (submodule)."""


# ------------------------------------------------------------------------------------------- notes

FileKind = Literal["source", "test", "docs", "config", "noise"]


@dataclass(frozen=True, slots=True)
class FileWork:
    """What a story's implementing commits did to one path, net of intermediate steps."""

    path: str
    change: Literal["created", "modified", "deleted", "renamed"]
    kind: FileKind
    old_path: str
    now: Literal["present", "moved", "removed"]
    now_path: str
    planned: bool
    added: int | None
    deleted: int | None
    commits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TestWork:
    """Test cases of one file: net of the story's commits, and how many stand at the revision read."""

    path: str
    cases: int
    cases_now: int | None


@dataclass(frozen=True, slots=True)
class SymbolWork:
    """A definition that the story's commits added and that its source file still had at the last of them."""

    name: str
    kind: str
    path: str
    parent: str
    exported: bool
    used: bool
    """Something other than its own file and tests uses it at the revision read."""
    now: bool
    """Still defined at the revision read (in the file, or where the file moved)."""
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Decision:
    """A sentence with a reason, in its author's own words."""

    text: str
    source: str
    """For people: ``commit 1ce821b3dfaf``, ``path (heading)``."""
    evidence: Evidence
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Deviation:
    """Where the work differs from the plan. `kind`: planned-absent, planned-elsewhere, planned-untouched,
    unplanned, mock, unwired, removed-since, claimed-count."""

    kind: str
    text: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Deferred:
    text: str
    source: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class CriterionState:
    """A criterion with what history and code show for it; never a guess that it is met."""

    criterion: Criterion
    state: Literal["evidence", "none", "refuted"]
    why: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class StoryRecord:
    """All that kbgen can show of one story at one revision. `show` prints it, notes render it."""

    story: Story
    rev: str
    links: tuple[Link, ...]
    files: tuple[FileWork, ...]
    tests: tuple[TestWork, ...]
    symbols: tuple[SymbolWork, ...]
    decisions: tuple[Decision, ...]
    deviations: tuple[Deviation, ...]
    deferred: tuple[Deferred, ...]
    criteria: tuple[CriterionState, ...]
    methods: tuple[MethodTouch, ...] = ()
    routes: tuple[Fact, ...] = ()
    """Routes that the story's commits added and that still stand."""
    skipped: tuple[SkippedFile, ...] = ()


# ------------------------------------------------------------------------------------------ claims

Verdict = Literal["holds", "refuted", "moved", "doubtful", "unverifiable"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A checkable statement in Markdown."""

    id: str
    file: str
    line: int
    text: str
    kind: str
    """``path``, ``symbol``, ``commit``, ``count`` …"""
    value: str
    """The thing named: the path, the symbol, the hash, the number."""
    mode: Literal["is", "was", "absent", "quoted"] = "is"
    attrs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    claim: Claim
    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    hint: str = ""


# ---------------------------------------------------------------------------------------- diagrams

Liveness = Literal["live", "dead", "guess"]
"""``dead``: defined, and reached by nothing. ``guess``: the code suggests it, and `why` says how."""


@dataclass(frozen=True, slots=True)
class DiagramNode:
    """A part of the system. `kind`: frontend, service, gateway, agent, team, registry, router, discovery, client,
    mcp-client, mcp-server, store, observability, endpoint, external, person; in flows also component, hook,
    module, function."""

    id: str
    """Unique in its diagram; any text, renderers make their own."""
    label: str
    kind: str
    state: Liveness = "live"
    group: str = ""
    """ID of the node that holds this one (an agent's service, a team of members), or ``""``."""
    why: str = ""
    """For dead and guessed parts: one short sentence."""
    evidence: tuple[Evidence, ...] = ()
    details: tuple[str, ...] = ()
    """Short facts worth a second line: ``:7777``, ``/a2a/loading``, ``5 members``."""


@dataclass(frozen=True, slots=True)
class DiagramEdge:
    """`source` calls, mounts, reads or writes `target`. `kind`: http, a2a, websocket, event, queue, store, mcp,
    in-process, telemetry, member, broken."""

    source: str
    target: str
    kind: str
    label: str = ""
    state: Liveness = "live"
    why: str = ""
    rule: str = ""
    """The signal rule or join that made it."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class DiagramMessage:
    """One step of a flow, in order. `kind`: call, return, event, render, decides (a model chooses), broken, note."""

    source: str
    target: str
    label: str
    kind: str = "call"
    state: Liveness = "live"
    why: str = ""
    evidence: tuple[Evidence, ...] = ()
    depth: int = 0
    """How deep in the trace; the overview keeps the shallow ones."""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A drawing as a value. Nodes and edges are sorted, messages are in order; `lanes` are the nodes of a sequence."""

    name: str
    title: str
    form: Literal["graph", "sequence"]
    level: Literal["overview", "detail"]
    nodes: tuple[DiagramNode, ...]
    edges: tuple[DiagramEdge, ...] = ()
    messages: tuple[DiagramMessage, ...] = ()
    folded: tuple[str, ...] = ()
    """What the picture leaves out, in short sentences that it shows: ``12 agents folded into their teams``."""


SEVERITIES = ("broken", "suspect", "dead", "note")
"""Of findings, the worst first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What careful reading of the facts shows and nobody asked for."""

    id: str
    """Stable under edits elsewhere: kind and a hash of what it is about."""
    kind: str
    """dangling-call, unhandled-event, unemitted-event, default-disagrees, unmounted, never-called, never-read,
    shadowed-name, missing-header, wrong-namespace, never-recorded …"""
    title: str
    """One line, names in backquotes."""
    detail: str
    """What was looked for, what is nearest, and why it does not match."""
    evidence: tuple[Evidence, ...]
    severity: Literal["broken", "suspect", "dead", "note"] = "suspect"


# ----------------------------------------------------------------------------------- results of a run

NoteState = Literal["none", "hand", "kbgen", "stale"]


@dataclass(frozen=True, slots=True)
class StoryRow:
    """One line of `kbgen stories`: how many commits implement and mend the story, and whose notes it has."""

    story: Story
    commits: int
    follow_ups: int
    notes: NoteState


@dataclass(frozen=True, slots=True)
class PathReport:
    """What is known of one path: the stories whose commits made or mended it, who decided what, who owns it."""

    path: str
    exists: bool
    stories: tuple[tuple[Story, Role, tuple[str, ...]], ...]
    """(story, role, commits), oldest first."""
    decisions: tuple[tuple[str, Decision], ...]
    """(story ID, decision) of decisions whose source is the path or a commit that changed it."""
    owners: tuple[str, ...]
    unlinked: tuple[Commit, ...]
    """Commits that changed the path and belong to no story."""


@dataclass(frozen=True, slots=True)
class BackfillReport:
    """What a backfill did, paths as written. `left_out` is (path, why); `edited` are those a person's edit stopped."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    edited: tuple[str, ...]
    criteria: tuple[tuple[str, CriterionState], ...]
    diffs: tuple[str, ...] = ()
    """Unified diffs of what was, or with ``--dry-run`` would be, written."""


CriterionOutcome = Literal["met", "unmet", "needs a person"]


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """What a page and the facts show of one acceptance criterion of the story that the page answers."""

    story: str
    label: str
    """``AC1``."""
    text: str
    state: CriterionOutcome
    why: str
    """Why it is unmet, or what a person has to do; empty when met."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did, paths as written."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    """(path, why) of pages that nothing is known for, and of those switched off."""
    failed: tuple[tuple[str, str], ...]
    """(path or template, error)"""
    edited: tuple[str, ...]
    """Those that a person's edit stopped; they are among `failed` too."""
    criteria: tuple[CriterionResult, ...]
    diffs: tuple[str, ...] = ()


JSON = dict[str, Any]
