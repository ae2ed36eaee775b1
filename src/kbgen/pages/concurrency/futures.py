"""Futures and events of Python code: who waits, who completes, what holds a result that nobody waits for yet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of
from kbgen.extractors.branches import Branch, find_conditions, read_branches
from kbgen.extractors.critical import Held, read_critical
from kbgen.model import Fact
from kbgen.pages.concurrency.locks import find_lock_names
from kbgen.pages.shared.constants import ConstantRow, list_constants
from kbgen.pages.shared.subject import TestRow, list_tests
from kbgen.pages.shared.traffic import resolve_text
from kbgen.pages.sources import Excerpt, Place, Sources
from kbgen.pages.values import say
from kbgen.patterns import LazyPattern

_TIMES = LazyPattern(r"(?:^|_)(?:TTL|TIMEOUT|INTERVAL|MAX|LIMIT|RETENTION|AGE)(?:_|$)|_(?:SECONDS|MS|MINUTES)$")
_LOST = LazyPattern(r"\bevents?\b.*\bsignal (?:is|was|gets|may be|can be|will be) lost", re.IGNORECASE)
_SIGNALS = ("set", "wait", "clear", "is_set")


@dataclass(frozen=True, slots=True)
class EventRow:
    name: str
    kind: str
    """``asyncio.Event``."""
    used: tuple[str, ...]
    """``set`` in ``start``: what is called on it, with the function."""
    at: Place


@dataclass(frozen=True, slots=True)
class CompleteRow:
    """Where a result gets into a future."""

    call: str
    """``pending.future.set_result``."""
    guard: str
    """The condition under which it runs, as written; ``""`` for none."""
    lock: str
    at: Place


@dataclass(frozen=True, slots=True)
class RefusalRow:
    exception: str
    message: str
    condition: str
    second: bool
    """It is raised because the dict of futures has one already."""


@dataclass(frozen=True, slots=True)
class HandlerRow:
    exception: str
    does: str
    """``raise``, ``pass``, ``log``, ``return``."""


@dataclass(frozen=True, slots=True)
class PeriodicRow:
    """A loop of the program that calls into the code of a future."""

    coroutine: str
    interval: str
    """``APPROVAL_INTERVAL = 600``."""
    at: Place


@dataclass(frozen=True, slots=True)
class FutureFlow:
    """A result that is handed over once: who waits for it and who brings it."""

    name: str
    owner: str
    """The class, ``""`` for a function of a module."""
    created: str
    """``asyncio.get_event_loop().create_future()``."""
    old_loop: bool
    """Made through ``get_event_loop``."""
    registered: str
    """The dict that it is put into, ``_pending``; ``""`` for none."""
    lock: str
    """Held while that is done."""
    timeout: str
    """Of the wait; ``""`` where it waits without end, or is not awaited here."""
    waits: str
    """The call that awaits it, ``wait_for``; ``await`` for a plain one."""
    mailbox: str
    """A dict that keeps results which nobody waits for yet."""
    same_lock: bool
    """Waiting and completing take the same lock."""
    refusals: tuple[RefusalRow, ...]
    handlers: tuple[HandlerRow, ...]
    completes: tuple[CompleteRow, ...]
    stored: tuple[Place, ...]
    """Where a result is put into the mailbox."""
    constants: tuple[ConstantRow, ...]
    periodic: tuple[PeriodicRow, ...]
    wait_example: Excerpt | None
    complete_example: Excerpt | None
    tests: tuple[TestRow, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Futures:
    files: int
    """Python files read, tests left out."""
    events: tuple[EventRow, ...]
    event_tests: int
    """Events that tests make."""
    flows: tuple[FutureFlow, ...]
    beliefs: tuple[tuple[str, Place], ...]
    """Comments that say a signal of an event is lost: (words, place)."""


def read_futures(sources: Sources) -> Futures:
    python = {p for p in sources.program.files if p.endswith(".py") and not sources.program.is_test(p)}
    made = [f for f in sources.list("sync") if f.attr("what") == "event"]
    return Futures(
        len(python),
        tuple(_make_event(sources, fact) for fact in made),
        sum(
            f.name in ("asyncio.Event", "threading.Event") and sources.program.is_test(f.path)
            for f in sources.program.list_facts("call", tests=True)
        ),
        tuple(
            _make_flow(sources, f)
            for f in sources.list("sync")
            if f.attr("what") == "future" and f.attr("call") in ("create_future", "Future") and f.path.endswith(".py")
        ),
        tuple(_list_beliefs(sources, python)),
    )


def _make_event(sources: Sources, fact: Fact) -> EventRow:
    place = fact.attr("place")
    used = [
        f"{each.attr('call')} in {each.symbol.rpartition('.')[2] or each.path.rpartition('/')[2]}"
        for each in sources.list("sync")
        if each.attr("what") == "signal" and place and each.attr("place") == place and each.attr("call") in _SIGNALS
    ]
    library = fact.attr("origin").partition(".")[0] or "asyncio"
    return EventRow(fact.name, f"{library}.{fact.attr('call')}", tuple(dict.fromkeys(used)), sources.at(fact))


def _list_beliefs(sources: Sources, python: set[str]) -> Iterator[tuple[str, Place]]:
    for fact in sources.list("comment"):
        if fact.path in python and "lost" in fact.value:
            for sentence in re.split(r"(?<=[.!?])\s", " ".join(fact.value.split())):
                if _LOST.search(sentence):
                    yield sentence, sources.at(fact)


# ------------------------------------------------------------------------------------------- flows


def _make_flow(sources: Sources, fact: Fact) -> FutureFlow:
    program = sources.program
    path, symbol = fact.path, fact.symbol
    owner = symbol.rpartition(".")[0]
    bindings = program.list_within(path, symbol, "binding")
    made = next((b for b in bindings if b.line == fact.line and fact.attr("call") in b.value), None)
    local = fact.attr("target") or (made.name if made is not None else fact.name)
    last = local.rpartition(".")[2]
    completes = [
        f
        for f in sources.list("sync")
        if f.path == path and f.attr("call") in ("set_result", "set_exception") and f.name.rpartition(".")[2] == last
    ]
    held = read_critical(sources.read_text(path), find_lock_names(sources, path)).held
    branches = read_branches(sources.read_text(path), path)
    holders = {local} | {b.name for b in bindings if tag_of(_read(b)) == "call" and f'"{local}"' in b.value}
    put = next((b for b in bindings if b.attr("item") and tag_of(_read(b)) == "name" and _read(b)[1] in holders), None)
    put = put or next(
        (
            replace(c, name=c.name.removesuffix(".setdefault"))
            for c in program.list_within(path, symbol, "call")
            if c.line == fact.line and c.name.endswith(".setdefault")
        ),
        None,
    )
    awaits = next(
        (
            f
            for f in sources.list("sync")
            if (f.path, f.symbol) == (path, symbol)
            and f.attr("what") == "timeout"
            and sources.read_attr(f, "of") == ["name", local]
        ),
        None,
    )
    lock = _find_lock(held, put.line) if put is not None else ""
    registered = put.name.removeprefix("self.") if put is not None else ""
    rows = tuple(_make_complete(sources, f, held, branches) for f in completes)
    stored = tuple(_list_stored(sources, path, symbol, {f.symbol for f in completes}))
    created = next(
        (f"{c.name}()" for c in program.list_within(path, symbol, "call") if c.line == fact.line and "uture" in c.name),
        "create_future()",
    )
    constants = [
        c for c in list_constants(sources, [path], telling=False) if c.at.path == path and _TIMES.search(c.name)
    ]
    return FutureFlow(
        local,
        owner,
        created,
        "get_event_loop" in created,
        registered,
        lock,
        say_timeout(sources, awaits) if awaits is not None else "",
        awaits.attr("call") if awaits is not None else "await",
        stored[0][0] if stored else "",
        bool(lock) and any(row.lock == lock for row in rows),
        tuple(_list_refusals(sources, fact, branches, registered)),
        tuple(
            HandlerRow(f.name, f.attr("does"))
            for f in program.list_within(path, symbol, "except")
            if f.name and f.attr("does")
        ),
        rows,
        sources.places(each for _, each in stored),
        tuple(constants),
        tuple(_list_periodic(sources, path)),
        _excerpt_step(sources, fact, put.line if put is not None else fact.line, held),
        next((e for f in completes if (e := _excerpt_step(sources, f, f.line, held)) is not None), None),
        list_tests(sources, [path])[:3],
        sources.at(fact),
    )


def _read(fact: Fact) -> Expr:
    return decode_expr(fact.value)


def _find_lock(held: tuple[Held, ...], line: int) -> str:
    inside = [h for h in held if h.first <= line <= h.last]
    return inside[-1].lock.rpartition(".")[2] if inside else ""


def _make_complete(sources: Sources, fact: Fact, held: tuple[Held, ...], branches: tuple[Branch, ...]) -> CompleteRow:
    conditions = [b.text for b in find_conditions(branches, fact.line) if b.text]
    return CompleteRow(
        f"{fact.name}.{fact.attr('call')}",
        conditions[-1] if conditions else "",
        _find_lock(held, fact.line),
        sources.at(fact),
    )


def _list_stored(sources: Sources, path: str, waiting: str, completing: set[str]) -> Iterator[tuple[str, Fact]]:
    """(dict, where a result is put into it): what completing stores and waiting takes out again."""
    taken = {
        c.name.rpartition(".")[0]
        for c in sources.program.list_within(path, waiting, "call")
        if c.name.endswith(".pop") and c.attr("target")
    }
    for symbol in sorted(completing):
        for fact in sources.program.list_within(path, symbol, "binding"):
            if fact.attr("item") and fact.name in taken:
                yield fact.name.removeprefix("self."), fact


def _list_refusals(sources: Sources, fact: Fact, branches: tuple[Branch, ...], registered: str) -> Iterator[RefusalRow]:
    for each in sources.list("exception"):
        if (each.path, each.symbol) == (fact.path, fact.symbol):
            conditions = [b.text for b in find_conditions(branches, each.line) if b.text]
            condition = conditions[-1] if conditions else ""
            second = bool(registered) and re.search(rf"\b{re.escape(registered)}\b", condition) is not None
            yield RefusalRow(each.name, say(sources.read_attr(each, "message"), 120), condition, second)


def _list_periodic(sources: Sources, path: str) -> Iterator[PeriodicRow]:
    """Loops that sleep and then call into the file."""
    program = sources.program
    for task in sources.list("sync"):
        coroutine = sources.read_attr(task, "of")
        if task.attr("what") != "task" or tag_of(coroutine) != "call":
            continue
        for target in program.resolve(task.path, task.symbol, coroutine[1]):
            edges = program.find_edges(target)
            sleeps = [c for c in program.list_within(*target, "call") if c.name == "asyncio.sleep"]
            if sleeps and any(edge.target[0] == path and edge.how == "call" for edge in edges):
                yield PeriodicRow(target[1], find_interval(sources, sleeps[0]), sources.at(*target))


def say_timeout(sources: Sources, fact: Fact) -> str:
    """``timeout (300.0)``: as written, and what that comes to where one value is known."""
    written = sources.read_attr(fact, "timeout")
    if tag_of(written) == "literal":
        raw = next(
            (
                decode_arguments(c.value)[1].get("timeout")
                for c in sources.program.list_within(fact.path, fact.symbol, "call")
                if c.line == fact.line and c.name.endswith(fact.attr("call"))
            ),
            None,
        )
        name = say(raw) if raw is not None and tag_of(raw) == "name" else ""
        return f"{name.removeprefix('self.')} ({say(written)})" if name else say(written)
    value = resolve_text(sources, (fact.path, fact.symbol), written)
    return value.removeprefix("self.")


def find_interval(sources: Sources, sleep: Fact) -> str:
    """``NAME = 600`` of ``asyncio.sleep(NAME)``, ``600`` of a plain number."""
    positional, _ = decode_arguments(sleep.value)
    if not positional:
        return ""
    name = say(positional[0])
    value = resolve_text(sources, (sleep.path, sleep.symbol), positional[0])
    if value == name and tag_of(positional[0]) == "name":
        known = [c for c in list_constants(sources, [sleep.path], telling=False) if c.name == name]
        value = known[0].value if known else value
    short = name.removeprefix("self.")
    if value.removeprefix("self.") == short:
        return short
    # What an object was given may be another for each.
    return f"{short}, default {value}" if short != name else f"{name} = {value}"


def _excerpt_step(sources: Sources, fact: Fact, line: int, held: tuple[Held, ...]) -> Excerpt | None:
    """The whole statement under the lock around the line; without a lock the definition."""
    inside = [h for h in held if h.first <= line <= h.last]
    if inside:
        return sources.excerpt(fact.path, fact.symbol, inside[-1].first)
    return sources.excerpt(fact.path, fact.symbol)
