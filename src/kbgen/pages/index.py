"""The way in: every page that was written, by what a reader wants of it, and a path for whoever is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kbgen.pages.packs import KINDS, PagePack
from kbgen.pages.sources import Place, Sources
from kbgen.pages.written import FINDINGS, PICTURE, WrittenPage

_GETTING_STARTED = (
    "readme",
    "contributing",
    "getting-started",
    "getting_started",
    "development",
    "setup",
    "quickstart",
)
_STARTS = ("dev", "start", "test", "build", "lint", "install", "setup", "up")
"""Scripts that a new developer wants, in this order."""
_RUNNERS = (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lockb", "bun run"), ("bun.lock", "bun run"))
"""Lock files, and how their package manager runs a script."""


@dataclass(frozen=True, slots=True)
class PageRow:
    title: str
    link: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """Pages of one kind (https://diataxis.fr); `kind` is how-to, reference, explanation or tutorial."""

    kind: str
    pages: tuple[PageRow, ...]


@dataclass(frozen=True, slots=True)
class CommandRow:
    command: str
    does: str
    at: Place


@dataclass(frozen=True, slots=True)
class IndexPage:
    """The names that ``page_index.md.j2`` may use."""

    shelves: tuple[Shelf, ...]
    diagrams: tuple[PageRow, ...]
    findings: str
    """Link to the findings page, or ``""``."""
    start: tuple[PageRow, ...]
    """The project's own first pages: its README and the like."""
    commands: tuple[CommandRow, ...]


def build(sources: Sources, pack: PagePack) -> IndexPage | None:
    pages = [each for each in sources.documents if each.path != pack.path]
    if not pages:
        return None
    kinds = dict.fromkeys(each.kind for each in sorted(pages, key=lambda p: _rank(p.kind)))
    return IndexPage(
        tuple(Shelf(kind, _list_rows(sources, pages, kind)) for kind in kinds if kind not in (PICTURE, FINDINGS)),
        _list_rows(sources, pages, PICTURE),
        next((sources.link(each.path) for each in pages if each.kind == FINDINGS), ""),
        _list_start(sources),
        _list_commands(sources),
    )


def _rank(kind: str) -> int:
    return KINDS.index(kind) if kind in KINDS else len(KINDS)


def _list_rows(sources: Sources, pages: Sequence[WrittenPage], kind: str) -> tuple[PageRow, ...]:
    rows = [PageRow(each.title, sources.link(each.path)) for each in pages if each.kind == kind]
    return tuple(rows if kind == PICTURE else sorted(rows, key=lambda row: row.title.casefold()))


def _list_start(sources: Sources) -> tuple[PageRow, ...]:
    """The project's own first pages, by the names that such pages have, those at the top first."""
    found = []
    for path in sources.entries:
        folder, _, name = path.rpartition("/")
        stem, _, suffix = name.lower().rpartition(".")
        if suffix in ("md", "mdx") and stem in _GETTING_STARTED and folder in ("", "docs"):
            found.append((_GETTING_STARTED.index(stem), folder, path))
    return tuple(PageRow(path, sources.link(path)) for _, _, path in sorted(found))


def _list_commands(sources: Sources) -> tuple[CommandRow, ...]:
    """Scripts of the top's manifest and targets of its Makefile that begin, run and test."""
    runner = next((run for lock, run in _RUNNERS if lock in sources.entries), "npm run")
    rows: list[tuple[int, str, CommandRow]] = []
    for kind, path, run in (("script", "package.json", runner), ("target", "Makefile", "make")):
        for fact in sources.list(kind):
            if fact.path == path and fact.name in _STARTS:
                row = CommandRow(f"{run} {fact.name}", fact.value.partition("\n")[0], sources.at(fact))
                rows.append((_STARTS.index(fact.name), kind, row))
    return tuple(row for _, _, row in sorted(rows, key=lambda each: each[:2]))
