"""Events, futures, locks and tasks: which there are, how they are used, and which races the project had."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kbgen.model import Fact
from kbgen.pages.concurrency.futures import FutureFlow, Futures, read_futures
from kbgen.pages.concurrency.history import Races, read_races
from kbgen.pages.concurrency.locks import Locks, read_locks
from kbgen.pages.concurrency.scripts import Scripts, read_scripts
from kbgen.pages.concurrency.tasks import Tasks, read_tasks
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.subject import Reached
from kbgen.pages.sources import Place, Sources

SHOWN = 8
"""Rows of a list that stand open; the rest is folded."""


@dataclass(frozen=True, slots=True)
class AsyncPage:
    """The names that ``page_async_patterns.md.j2`` may use."""

    futures: Futures
    flow: FutureFlow | None
    """The future that the page walks through: one that is completed elsewhere, if any."""
    locks: Locks
    tasks: Tasks
    scripts: Scripts
    races: Races
    dead: tuple[Place, ...]
    """Places with primitives that nothing that runs leads to; of a class that is dead as a whole the class."""
    shown: int
    python: bool
    """There is Python among it."""
    typescript: bool


def build(sources: Sources, pack: PagePack) -> AsyncPage | None:
    facts = sources.list("sync")
    if not facts:
        return None
    paths = tuple(dict.fromkeys(f.path for f in facts))
    futures = read_futures(sources)
    reached = Reached(sources)
    python = any(path.endswith(".py") for path in paths)
    return AsyncPage(
        futures,
        max(futures.flows, key=lambda flow: (len(flow.completes), bool(flow.lock)), default=None),
        read_locks(sources),
        read_tasks(sources),
        read_scripts(sources),
        read_races(sources, paths),
        _list_dead(sources, reached, facts),
        SHOWN,
        python,
        any(not path.endswith(".py") for path in paths),
    )


def _list_dead(sources: Sources, reached: Reached, facts: Iterable[Fact]) -> tuple[Place, ...]:
    found: dict[Place, None] = {}
    for fact in facts:
        if fact.symbol and reached.is_dead(fact.path, fact.symbol):
            top = fact.symbol.partition(".")[0]
            found[sources.at(fact.path, top if reached.is_dead(fact.path, top) else fact.symbol)] = None
    return tuple(found)
