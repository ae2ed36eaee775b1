"""Locks of Python code: what each one guards, which are taken while another is held, what is made without any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from kbgen.extractors.critical import Asked, Critical, Held, read_critical
from kbgen.join.program import Place as Definition
from kbgen.model import Fact
from kbgen.pages.shared.traffic import say_address
from kbgen.pages.sources import Excerpt, Place, Sources
from kbgen.pages.values import say

_KINDS = frozenset({"lock", "semaphore"})
_DEPTH = 3
"""Calls that are followed from inside a lock."""


@dataclass(frozen=True, slots=True)
class LockRow:
    name: str
    kind: str
    """``asyncio.Lock``; of a semaphore with its limit, ``asyncio.Semaphore(10)``."""
    scope: str
    """``module``, ``class``, ``instance``, ``per key``, ``local``."""
    owner: str
    """The class or function that has it; ``""`` for one of a module."""
    guards: tuple[str, ...]
    held: int
    """Places that take it."""
    at: Place


@dataclass(frozen=True, slots=True)
class NestedRow:
    """One lock is taken while another is held."""

    outer: str
    inner: str
    again: bool
    """It is the same lock: a lock that is not reentrant waits for itself."""
    reentrant: bool
    through: tuple[str, ...]
    """Functions between the two."""
    at: Place


@dataclass(frozen=True, slots=True)
class DoubleRow:
    name: str
    lock: str
    at: Place


@dataclass(frozen=True, slots=True)
class SharedRow:
    """A name that several locks guard, or that is made elsewhere without its lock."""

    name: str
    locks: tuple[str, ...]
    bare: tuple[Place, ...]
    """Where it is made without any."""
    at: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class GapRow:
    """Found missing, waited, then made: two tasks may both do so."""

    name: str
    at: Place


@dataclass(frozen=True, slots=True)
class Locks:
    rows: tuple[LockRow, ...]
    nested: tuple[NestedRow, ...]
    by_name: tuple[str, ...]
    """Files where a lock was known by its name alone."""
    double: tuple[DoubleRow, ...]
    shared: tuple[SharedRow, ...]
    gaps: tuple[GapRow, ...]
    example: Excerpt | None
    """Asked, locked, asked again."""


def read_locks(sources: Sources) -> Locks:
    return _Reader(sources).read()


@dataclass(frozen=True, slots=True)
class _Site:
    path: str
    held: Held
    lock: str
    """``path::Class._lock``."""


class _Reader:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._sync = [f for f in sources.list("sync") if f.path.endswith(".py")]
        self._made = {f.attr("place"): f for f in self._sync if f.attr("what") in _KINDS and f.attr("place")}

    def read(self) -> Locks:
        return Locks(
            tuple(self._list_rows()),
            tuple(self._list_nested()),
            tuple(sorted({s.path for s in self._sites if s.lock not in self._made})),
            tuple(self._list_double()),
            tuple(self._list_shared()),
            tuple(self._list_gaps()),
            self._pick_example(),
        )

    # ---------------------------------------------------------------------------------------- reading

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        """Files with primitives, and those that keep what they waited for."""
        keeping = {
            f.path
            for f in self._sources.program.list_facts("call")
            if f.path.endswith(".py")
            and f.attr("awaited") == "yes"
            and f.attr("target").startswith(("self.", "cls."))
            and not self._sources.program.is_test(f.path)
        }
        return tuple(sorted(keeping | {f.path for f in self._sync}))

    def _read(self, path: str) -> Critical:
        return read_critical(self._sources.read_text(path), find_lock_names(self._sources, path))

    @cached_property
    def _sites(self) -> tuple[_Site, ...]:
        taken = {(f.path, f.line): f.attr("place") for f in self._sync if f.attr("what") == "held"}
        return tuple(
            _Site(path, held, taken.get((path, held.first)) or self._name_lock(path, held))
            for path in self._paths
            for held in self._read(path).held
        )

    def _name_lock(self, path: str, held: Held) -> str:
        """The lock's place, from how it is written."""
        start, dot, rest = held.lock.partition(".")
        owner = held.function.partition(".")[0]
        if start in ("self", "cls") and dot:
            return f"{path}::{owner}.{rest}"
        local = f"{path}::{held.function}.{held.lock}"
        return (
            local
            if local in self._made
            else next(
                (place for place in self._made if place.startswith(f"{path}::") and place.endswith(f".{held.lock}")),
                local,
            )
        )

    @cached_property
    def _asked(self) -> tuple[tuple[str, Asked], ...]:
        return tuple((path, a) for path in self._paths for a in self._read(path).asked)

    # ----------------------------------------------------------------------------------------- locks

    def _list_rows(self) -> Iterator[LockRow]:
        by_lock: dict[str, list[Held]] = {}
        for site in self._sites:
            by_lock.setdefault(site.lock, []).append(site.held)
        acquired: dict[str, int] = {}
        for fact in self._sync:
            if fact.attr("call") == "acquire":
                acquired[fact.attr("place")] = acquired.get(fact.attr("place"), 0) + 1
        for place, fact in self._made.items():
            held = by_lock.get(place, [])
            scope, owner, name = self._find_scope(fact, place)
            limit = say_address(say(self._sources.read_attr(fact, "of"))) if fact.attr("what") == "semaphore" else ""
            kind = f"{_find_library(fact)}.{fact.attr('call')}" + (f"({limit})" if limit else "")
            guards = tuple(dict.fromkeys(_short(n) for h in held for n in h.changes))
            yield LockRow(
                name, kind, scope, owner, guards, len(held) + acquired.get(place, 0), self._sources.at(fact.path, owner)
            )

    def _find_scope(self, fact: Fact, place: str) -> tuple[str, str, str]:
        """(scope, owner, name)"""
        path, _, symbol = place.partition("::")
        owner, _, name = symbol.rpartition(".")
        program = self._sources.program
        if not owner:
            return "module", "", name
        if program.is_class((path, owner)):
            return ("class" if fact.symbol == owner else "instance"), owner, name
        table = self._find_table(path, fact)
        return ("per key", owner, table) if table else ("local", owner, name)

    def _find_table(self, path: str, fact: Fact) -> str:
        """The dict that a lock is put into, ``_locks``; ``""`` for none."""
        for kept in self._sources.program.list_within(path, fact.symbol, "binding"):
            if kept.attr("item") and kept.line > fact.line and fact.attr("target") in kept.value:
                return kept.name.rpartition(".")[2]
        return ""

    # ----------------------------------------------------------------------------------------- order

    def _list_nested(self) -> Iterator[NestedRow]:
        seen: set[tuple[str, str]] = set()
        inside = {(s.path, s.held.function): [] for s in self._sites}  # type: dict[Definition, list[_Site]]
        for site in self._sites:
            inside[(site.path, site.held.function)].append(site)
        for site in self._sites:
            for other in inside[(site.path, site.held.function)]:
                if other is not site and site.held.first <= other.held.first <= site.held.last:
                    yield from self._make_nested(site, other.lock, (), seen)
            for lock, through in self._follow(site, inside):
                yield from self._make_nested(site, lock, through, seen)

    def _follow(self, site: _Site, inside: Mapping[Definition, list[_Site]]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(lock, functions on the way) of what the calls under a lock take."""
        start = (site.path, site.held.function)
        level: list[tuple[Definition, tuple[str, ...]]] = [
            (target, (target[1],)) for target in self._list_calls(start, (site.held.first, site.held.last))
        ]
        seen: set[Definition] = set()
        for _ in range(_DEPTH):
            further: list[tuple[Definition, tuple[str, ...]]] = []
            for place, through in level:
                if place in seen:
                    continue
                seen.add(place)
                for other in inside.get(place, ()):
                    yield other.lock, through
                further += [(target, (*through, target[1])) for target in self._list_calls(place)]
            level = further

    def _list_calls(self, place: Definition, span: tuple[int, int] = (0, 1 << 30)) -> Iterator[Definition]:
        """What runs before the definition goes on: a coroutine that is not awaited does not."""
        for edge in self._sources.program.find_edges(place):
            symbol = self._sources.program.get_symbol(edge.target)
            if edge.how != "call" or symbol is None or not span[0] <= edge.fact.line <= span[1]:
                continue
            if symbol.attr("async") != "yes" or edge.fact.attr("awaited") == "yes":
                yield edge.target

    def _make_nested(
        self, site: _Site, inner: str, through: tuple[str, ...], seen: set[tuple[str, str]]
    ) -> Iterator[NestedRow]:
        if (site.lock, inner) in seen:
            return
        seen.add((site.lock, inner))
        made = self._made.get(inner)
        reentrant = (
            made is not None and made.attr("call") in ("RLock", "Condition") and _find_library(made) != "asyncio"
        )
        if inner == site.lock and reentrant:
            return
        yield NestedRow(
            site.lock.partition("::")[2],
            inner.partition("::")[2],
            inner == site.lock,
            reentrant,
            through,
            self._sources.at(site.path, site.held.function),
        )

    # ------------------------------------------------------------------------------ asked, then made

    def _list_double(self) -> Iterator[DoubleRow]:
        for path, asked in self._asked:
            if asked.twice:
                yield DoubleRow(_short(asked.name), asked.locks[-1], self._sources.at(path, asked.function))

    def _list_shared(self) -> Iterator[SharedRow]:
        """Names of a module that two locks guard, or of which one place makes it without the lock of the other."""
        locks: dict[tuple[str, str], dict[str, _Site]] = {}
        for site in self._sites:
            for name in site.held.changes:
                if "." not in name:
                    locks.setdefault((site.path, name), {}).setdefault(site.lock, site)
        bare: dict[tuple[str, str], list[Place]] = {}
        for path, asked in self._asked:
            if not asked.locks and (path, asked.name) in locks:
                bare.setdefault((path, asked.name), []).append(self._sources.at(path, asked.function))
        for key, sites in sorted(locks.items()):
            if len(sites) > 1 or key in bare:
                yield SharedRow(
                    key[1],
                    tuple(self._describe(lock) for lock in sites),
                    tuple(dict.fromkeys(bare.get(key, ()))),
                    tuple(dict.fromkeys(self._sources.at(s.path, s.held.function) for s in sites.values())),
                )

    def _describe(self, lock: str) -> str:
        """``asyncio.Lock _lock``."""
        made = self._made.get(lock)
        name = lock.partition("::")[2]
        return f"{_find_library(made)}.{made.attr('call')} {name}" if made is not None else name

    def _list_gaps(self) -> Iterator[GapRow]:
        for path, asked in self._asked:
            if asked.waits and not asked.locks and not self._has_flag(path, asked):
                yield GapRow(_short(asked.name), self._sources.at(path, asked.function))

    def _has_flag(self, path: str, asked: Asked) -> bool:
        """Another shared name says, before anything is waited for, that the making has begun."""
        return any(
            other.function == asked.function and asked.line < other.line <= other.made < asked.made and not other.waits
            for where, other in self._asked
            if where == path and other.name != asked.name
        )

    def _pick_example(self) -> Excerpt | None:
        found = [
            excerpt
            for path, asked in self._asked
            if asked.twice and (excerpt := self._sources.excerpt(path, asked.function, asked.line)) is not None
        ]
        return min(found, key=lambda e: (len(e.code), e.place.path, e.place.symbol), default=None)


def find_lock_names(sources: Sources, path: str) -> frozenset[str]:
    """What locks are called in a file, where their type says that they are locks."""
    return frozenset(f.name for f in sources.list("sync") if f.path == path and f.attr("what") == "held")


def _find_library(fact: Fact) -> str:
    return fact.attr("origin").partition(".")[0] or "asyncio"


def _short(name: str) -> str:
    start, dot, rest = name.partition(".")
    return rest if start in ("self", "cls") and dot else name
