"""What a page module may ask: facts by kind, what joins know, places with links, excerpts of code, commits.

One value for all pages of a run; `for_page` gives each page its own links.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase
from typing import Any, Protocol, TypeVar

from kbgen.diagrams.mesh import Mesh
from kbgen.expressions import Expr, decode_expr
from kbgen.extractors.statements import find_statement
from kbgen.join.program import Program
from kbgen.join.system import System
from kbgen.markdown import Markdown, mark_names
from kbgen.model import Commit, Evidence, Fact, Finding, TreeEntry
from kbgen.pages.written import COMMENTS, HEADINGS, WrittenPage

DOCUMENT_KINDS = frozenset(("heading", "table"))
"""Facts of documents: nothing else that pages rest on changes with them."""
T = TypeVar("T")
PLACES = 3
"""Places of one row that a page shows; further ones are counted."""
EXCERPT_LINES = 30
_LANGUAGES = {
    ".py": "python", ".pyi": "python", ".ts": "typescript", ".mts": "typescript", ".cts": "typescript", ".tsx": "tsx",
    ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".jsx": "jsx", ".yml": "yaml", ".yaml": "yaml",
    ".json": "json", ".toml": "toml", ".sh": "bash", ".prisma": "prisma", ".sql": "sql", ".go": "go", ".java": "java",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A definition, or a whole file where `symbol` is empty. `link` is where a reader gets to."""

    path: str
    symbol: str
    link: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Code of the repository as it stands there, unindented."""

    place: Place
    language: str
    code: str


@dataclass(frozen=True, slots=True)
class CommitRow:
    """A commit as pages cite it."""

    sha: str
    """12 hex."""
    date: str
    """``2026-01-03``, of the author."""
    subject: str
    link: str
    """Address of the commit, or ``""``."""


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding as pages cite it; the findings page has it whole."""

    severity: str
    title: Markdown
    text: Markdown
    places: tuple[Place, ...]


class Touching(Protocol):
    """The part of `kbgen.ports.History` that pages need."""

    def find_touching(self, paths: Iterable[str]) -> tuple[Commit, ...]: ...


@dataclass(frozen=True)
class Sources:
    """The facts of one revision for page modules. Lists are sorted by path and line."""

    system: System
    mesh: Mesh
    facts: Mapping[str, tuple[Fact, ...]]
    """Every fact by kind, joined ones in place of raw ones."""
    entries: Mapping[str, TreeEntry]
    """Every file of the revision."""
    find_findings: Callable[[], tuple[Finding, ...]]
    read_file: Callable[[str], str]
    """Text of a file of the revision, ``""`` for one that is not there or is no text; see `read_text`."""
    history: Touching | None
    """None where there is no history to ask."""
    link_base: str = ""
    documents: tuple[WrittenPage, ...] = ()
    """Every page that this run writes; only the page that lists them has it."""
    page: str = ""
    """The page that is being made; its folder is where links start."""
    read_blobs: Callable[[Sequence[str]], Mapping[str, str]] = lambda blobs: {}
    """Texts of older versions of files, by blob id; what is no text, or is not there, is left out."""
    _known: dict[Hashable, Any] = field(default_factory=dict, repr=False)
    """See `remember`; pages share it."""
    reads: set[str] = field(default_factory=set)
    """Files whose text was read, `HEADINGS` and `COMMENTS`: a page is made anew with them."""

    @property
    def program(self) -> Program:
        return self.system.program

    def prepare(self) -> None:
        """Compute what most pages ask for, so that processes that are forked from here have it in common."""
        self.remember("findings", self.find_findings)
        _ = self.program.list_facts("import"), self.system.reach.live, self.mesh.parts

    def for_page(self, page: str) -> Sources:
        """The same, for a page at this path."""
        return replace(self, page=page)

    # ---------------------------------------------------------------------------------------- facts

    def list(self, kind: str, name: str = "*", *, tests: bool = False) -> tuple[Fact, ...]:
        """Facts of a kind whose name matches the glob; those of tests only when asked for."""
        self._note(kind)
        found = self.facts.get(kind, ())
        if not tests:
            found = self.remember(("outside tests", kind), lambda: self._leave_out_tests(kind))
        return found if name == "*" else tuple(fact for fact in found if fnmatchcase(fact.name, name))

    def list_within(self, path: str, symbol: str, kind: str) -> tuple[Fact, ...]:
        """Facts of one definition, see `Program.list_within`."""
        self._note(kind)
        return tuple(self.program.list_within(path, symbol, kind))

    def _note(self, kind: str) -> None:
        if kind in DOCUMENT_KINDS:
            self.reads.add(HEADINGS)
        elif kind == "comment":
            self.reads.add(COMMENTS)

    def _leave_out_tests(self, kind: str) -> tuple[Fact, ...]:
        return tuple(fact for fact in self.facts.get(kind, ()) if not self.program.is_test(fact.path))

    def remember(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What was computed under this key for any page of the run; computed when it is asked for first."""
        if key not in self._known:
            self._known[key] = compute()
        known: T = self._known[key]
        return known

    def has(self, need: str) -> bool:
        """Whether there is a fact of ``KIND`` or ``KIND:GLOB`` outside tests."""
        kind, _, name = need.partition(":")
        return bool(self.list(kind, name or "*"))

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.remember("findings", self.find_findings)

    @property
    def test_paths(self) -> frozenset[str]:
        return self.remember("test paths", lambda: frozenset(p for p in self.entries if self.program.is_test(p)))

    def read_attr(self, fact: Fact, key: str) -> Expr:
        """An attribute of a derived fact as an expression: ``=[…]`` is decoded, anything else is the text itself."""
        text = fact.attr(key)
        return decode_expr(text[1:]) if text.startswith("=") else text

    def read_text(self, path: str) -> str:
        """Text of a file of the revision, ``""`` for one that is not there or is no text."""
        self.reads.add(path)
        return self.read_file(path)

    # --------------------------------------------------------------------------------------- places

    def link(self, path: str) -> str:
        """From the page to a file of the repository."""
        return posixpath.relpath(path, posixpath.dirname(self.page) or ".")

    def at(self, what: Fact | Evidence | str, symbol: str = "") -> Place:
        if isinstance(what, str):
            return Place(what, symbol, self.link(what))
        return Place(what.path, what.symbol, self.link(what.path))

    def places(self, found: Iterable[Fact | Evidence]) -> tuple[Place, ...]:
        """Each place once, in the order given."""
        return tuple(dict.fromkeys(self.at(each) for each in found if each.path))

    # ------------------------------------------------------------------------------------- excerpts

    def excerpt(self, path: str, symbol: str = "", line: int = 0, limit: int = EXCERPT_LINES) -> Excerpt | None:
        """The whole definition, or with a line the whole statement there; None when it is longer than `limit` lines."""
        span = self._find_span(path, symbol, line)
        if span is None or not 0 < span[1] - span[0] < limit:
            return None
        lines = self.read_text(path).splitlines()[span[0] - 1 : span[1]]
        code = _unindent(lines)
        if not _is_harmless(code):
            return None
        return Excerpt(self.at(path, symbol), _LANGUAGES.get(posixpath.splitext(path)[1], ""), code)

    def _find_span(self, path: str, symbol: str, line: int) -> tuple[int, int] | None:
        definition = self.program.get_symbol((path, symbol)) if symbol else None
        if line:
            return find_statement(self.read_text(path), path, line)
        if definition is None or not definition.attr("end_line"):
            return None
        # Decorators stand above the line of the name.
        found = find_statement(self.read_text(path), path, definition.line)
        last = int(definition.attr("end_line"))
        return (min(found[0], definition.line) if found else definition.line, last)

    def pick_excerpt(self, uses: Iterable[Fact], limit: int = EXCERPT_LINES) -> Excerpt | None:
        """The shortest complete real use: the whole definition around it where it is short, else the statement."""
        best: Excerpt | None = None
        for fact in uses:
            whole = self.excerpt(fact.path, fact.symbol, limit=limit) if fact.symbol else None
            found = whole or self.excerpt(fact.path, fact.symbol, fact.line, limit)
            if found is not None and (best is None or len(found.code) < len(best.code)):
                best = found
        return best

    # -------------------------------------------------------------------------------------- commits

    def list_commits(self, paths: Sequence[str]) -> tuple[Commit, ...]:
        """Those that changed one of the paths, the oldest first."""
        return tuple(self.history.find_touching(paths)) if self.history is not None else ()

    def make_commit_row(self, commit: Commit) -> CommitRow:
        link = f"{self.link_base}/commit/{commit.sha}" if self.link_base else ""
        offset = timezone(timedelta(minutes=commit.authored_offset))
        day = datetime.fromtimestamp(commit.authored, offset).date().isoformat()
        return CommitRow(commit.sha[:12], day, commit.subject, link)

    # ------------------------------------------------------------------------------------- findings

    def pick_findings(self, *kinds: str, paths: Iterable[str] = ()) -> tuple[FindingRow, ...]:
        """Findings of these kinds (all when none is named), about any of the paths when some are given."""
        about = frozenset(paths)
        return tuple(
            FindingRow(
                finding.severity,
                mark_names(finding.title),
                mark_names(finding.detail.partition("\n")[0]),
                self.places(finding.evidence)[:PLACES],
            )
            for finding in self.findings
            if (not kinds or finding.kind in kinds) and (not about or any(e.path in about for e in finding.evidence))
        )


def _unindent(lines: Sequence[str]) -> str:
    import textwrap

    return textwrap.dedent("\n".join(line.rstrip() for line in lines)).strip("\n")


def _is_harmless(code: str) -> bool:
    """Whether it hides nothing, and cannot close a block of ours."""
    return "kbgen:" not in code and all(c.isprintable() or c in "\n\t" for c in code)
