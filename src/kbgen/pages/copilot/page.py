"""CopilotKit: where it is set up, which of its hooks are used how, and what of that is risky, unused or mismatched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from kbgen.pages.copilot.approvals import Approvals, read_approvals
from kbgen.pages.copilot.context import LEAVES_OUT, ContextReader, ReadableRow
from kbgen.pages.copilot.hooks import (
    ACTIONS,
    APPROVALS,
    READABLES,
    STATES,
    ActionRow,
    ErrorRow,
    Example,
    HookCount,
    HookReader,
    StateRow,
    list_hooks,
)
from kbgen.pages.copilot.layouts import Layouts, read_layouts
from kbgen.pages.copilot.setup import MODULE, Setup, read_setup
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.constants import ConstantRow, list_constants
from kbgen.pages.shared.subject import Package, list_packages
from kbgen.pages.shared.usage import Usage
from kbgen.pages.sources import FindingRow, Place, Sources
from kbgen.patterns import LazyPattern

_SENSITIVE = LazyPattern(r"(?i)sensitive|secret|redact|private_fields|blocked_fields|pii")
_SUBJECT = "copilot"


@dataclass(frozen=True, slots=True)
class Constants:
    sensitive: tuple[ConstantRow, ...]
    """Names that a filter of context leaves out."""
    layouts: tuple[ConstantRow, ...]
    states: tuple[ConstantRow, ...]
    chat: tuple[ConstantRow, ...]
    unread: tuple[ConstantRow, ...]
    """Named for CopilotKit, and no code outside their definition names them."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Functions that leave private fields out of context."""

    functions: tuple[tuple[Place, bool], ...]
    """(function, nothing that runs calls it)"""
    context: bool
    """One of them stands before a use of context."""


@dataclass(frozen=True, slots=True)
class Memoised:
    names: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Definitions of one file."""

    names: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class AntiPatterns:
    """What the code has of each; rows of actions and readables that stand in the sections above."""

    mute: tuple[ActionRow, ...]
    writes: tuple[tuple[str, tuple[str, ...], Place], ...]
    """(name, what its render function calls that changes state, place)"""
    deprecated: tuple[Group, ...]
    unfiltered: tuple[Group, ...]
    """In use, and the value passes through no function that filters."""
    unused: tuple[Group, ...]
    """Components and hooks of the subject's files that nothing that runs reaches."""
    findings: tuple[FindingRow, ...]


@dataclass(frozen=True, slots=True)
class CopilotPage:
    packages: tuple[Package, ...]
    setup: Setup
    used: tuple[HookCount, ...]
    unused: tuple[str, ...]
    actions: tuple[ActionRow, ...]
    action_example: Example | None
    errors: tuple[ErrorRow, ...]
    readables: tuple[ReadableRow, ...]
    readable_example: Example | None
    memoised: Memoised
    filters: Filters
    hooks: tuple[ActionRow, ...]
    """Calls of `useHumanInTheLoop`."""
    approvals: Approvals
    approval_example: Example | None
    layouts: Layouts
    layout_example: Example | None
    states: tuple[StateRow, ...]
    state_example: Example | None
    state_findings: tuple[FindingRow, ...]
    constants: Constants
    anti: AntiPatterns


def build(sources: Sources, pack: PagePack) -> CopilotPage | None:
    usage = Usage(sources)
    setup = read_setup(sources, usage)
    hooks = list_hooks(sources)
    if not hooks and not setup.providers and not setup.chats:
        return None
    reader = HookReader(sources, usage, hooks)
    actions = tuple(reader.read_action(f) for f in reader.select(ACTIONS))
    waiting = tuple(reader.read_action(f) for f in reader.select(APPROVALS))
    context = ContextReader(sources, usage)
    readables = tuple(context.read_readable(f) for f in reader.select(READABLES))
    states = tuple(reader.read_state(f) for f in reader.select(STATES))
    approvals = read_approvals(sources, usage, reader.select(APPROVALS), waiting)
    layouts = read_layouts(sources, usage, actions)
    paths = {f.path for f in hooks} | {row.at.path for row in (*setup.providers, *setup.chats)}
    filters = _find_filters(sources, usage, readables, {f.path for f in hooks} | approvals.paths)
    agents = {place.path for row in states for place in row.agents}
    used, unused = reader.count()
    marked = {
        *(a.at for a in actions if a.dead),
        *(r.at for r in readables if r.dead),
        *(r.at for r in approvals.registered if r.dead),
    }
    return CopilotPage(
        list_packages(sources, lambda name: name.startswith(MODULE)),
        setup,
        used,
        unused,
        actions,
        reader.pick_example(ACTIONS),
        tuple(reader.list_errors()),
        _sort_dead_last(readables),
        reader.pick_example(READABLES),
        Memoised(
            tuple(row.at.symbol for row in readables if row.memoised),
            tuple(row.at.symbol for row in readables if not row.memoised),
        ),
        filters,
        waiting,
        approvals,
        approvals.example or reader.pick_example(APPROVALS),
        layouts,
        _pick_layout_example(sources, usage, layouts),
        states,
        reader.pick_example(STATES),
        sources.pick_findings("never-passed", paths=agents) if agents else (),
        _group_constants(sources, paths, layouts, states, filters),
        AntiPatterns(
            tuple(a for a in (*actions, *waiting) if a.mute),
            _list_writes((*actions, *waiting), states),
            _group(sources, ((a.name, a.at) for a in actions if a.hook == "useCopilotAction")),
            _group(sources, ((r.at.symbol, r.at) for r in readables if not r.dead and not r.filtered_by)),
            _group(
                sources,
                (
                    (a.symbol, a)
                    for a in _list_unused(
                        sources, usage, _list_beside(sources, paths) | approvals.paths | layouts.paths
                    )
                    if a not in marked
                ),
            ),
            sources.pick_findings(
                "parameter-mismatch",
                "unattached-tool",
                paths=paths | approvals.paths | approvals.server_paths,
            ),
        ),
    )


def _sort_dead_last(rows: Iterable[ReadableRow]) -> tuple[ReadableRow, ...]:
    return tuple(sorted(rows, key=lambda row: row.dead))


def _pick_layout_example(sources: Sources, usage: Usage, layouts: Layouts) -> Example | None:
    """The shortest list of components that an agent can name."""
    rows = [row.at for row in layouts.registries if row.entries]
    found = [e for at in rows if (e := sources.excerpt(at.path, at.symbol)) is not None]
    best = min(found, key=lambda e: len(e.code), default=None)
    return Example(best, False, not usage.list_live((best.place,))) if best is not None else None


def _find_filters(sources: Sources, usage: Usage, readables: Iterable[ReadableRow], paths: Iterable[str]) -> Filters:
    """Functions named for it in the files of hooks and approvals."""
    found = [
        (sources.at(path, symbol), usage.reached.is_dead(path, symbol))
        for path in sorted(paths)
        for symbol, fact in sources.program.list_symbols(path).items()
        if fact.attr("kind") == "function" and LEAVES_OUT.search(fact.name)
    ]
    return Filters(tuple(found), any(row.filtered_by for row in readables))


def _group_constants(
    sources: Sources, paths: Collection[str], layouts: Layouts, states: Sequence[StateRow], filters: Filters
) -> Constants:
    # Who opens the chat, and by which key, stands beside the chat window and needs nothing of the library.
    beside = _list_beside(sources, paths)
    state_paths = {row.at.path for row in states}
    layout_paths = {a.at.path for a in layouts.actions}
    filter_paths = {place.path for place, _ in filters.functions}
    rows = list_constants(sources, {*beside, *state_paths, *layout_paths, *filter_paths}, False)
    shared = {row.at.path for row in rows} - set(paths)
    unread = [row for row in list_constants(sources, shared, False) if _SUBJECT in row.name.lower() and not row.read]
    return Constants(
        tuple(r for r in rows if r.at.path in filter_paths and _SENSITIVE.search(r.name)),
        tuple(r for r in rows if r.at.path in layout_paths and r.read),
        tuple(r for r in rows if r.at.path in state_paths),
        tuple(r for r in rows if r.read and "chat" in r.name.lower() and r.at.path not in state_paths),
        tuple(unread),
    )


def _list_writes(
    actions: Iterable[ActionRow], states: Iterable[StateRow]
) -> tuple[tuple[str, tuple[str, ...], Place], ...]:
    found = [(row.name, row.writes, row.at) for row in actions] + [(row.name, row.writes, row.at) for row in states]
    return tuple(row for row in found if row[1])


def _list_unused(sources: Sources, usage: Usage, paths: Iterable[str]) -> tuple[Place, ...]:
    return tuple(
        sources.at(path, symbol)
        for path in sorted(paths)
        for symbol, fact in sources.program.list_symbols(path).items()
        if fact.attr("kind") in ("component", "hook") and usage.reached.is_dead(path, symbol)
    )


def _list_beside(sources: Sources, paths: Collection[str]) -> frozenset[str]:
    """The files themselves, and those beside them where the folder is named for the library."""
    folders = {path.rpartition("/")[0] for path in paths if _SUBJECT in path.rpartition("/")[0].lower()}
    return frozenset(paths) | {
        path
        for path in sources.program.files
        if path.rpartition("/")[0] in folders and not sources.program.is_test(path)
    }


def _group(sources: Sources, named: Iterable[tuple[str, Place]]) -> tuple[Group, ...]:
    files: dict[str, list[str]] = {}
    for name, at in named:
        files.setdefault(at.path, []).append(name)
    return tuple(Group(tuple(dict.fromkeys(names)), sources.at(path)) for path, names in files.items())
