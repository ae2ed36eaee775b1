"""Tasks of Python code: where each starts, who cancels it, and how its end is taken; timeouts and gathering."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kbgen.expressions import decode_expr, tag_of
from kbgen.model import Fact
from kbgen.pages.concurrency.futures import find_interval, say_timeout
from kbgen.pages.sources import Excerpt, Place, Sources
from kbgen.pages.values import say

_CANCELLED = ("CancelledError", "asyncio.CancelledError")


@dataclass(frozen=True, slots=True)
class TaskRow:
    name: str
    """What keeps it, ``_scan_task``; ``""`` for one that nothing keeps."""
    coroutine: str
    interval: str
    """Between two rounds of a loop: ``INTERVAL = 600``; ``""`` for what runs once."""
    at: Place
    cancelled: tuple[Place, ...]
    loose: bool
    """Neither kept nor returned: the event loop holds only a weak reference."""


@dataclass(frozen=True, slots=True)
class CancelRow:
    """A function that cancels tasks."""

    names: tuple[str, ...]
    awaited: bool
    """The task's end is waited for in the same function."""
    swallowed: bool
    """`CancelledError` of the task is caught there and goes no further."""
    started: bool
    """Some code starts the task; where nothing does, the cancelling is dead."""
    at: Place


@dataclass(frozen=True, slots=True)
class HandlerRow:
    """Where `CancelledError` is caught."""

    does: str
    """``raise``, ``pass``, ``log``, ``return``, ``break``…"""
    at: Place


@dataclass(frozen=True, slots=True)
class TimeoutRow:
    waits_for: str
    timeout: str
    shielded: bool
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class GatherRow:
    call: str
    """``gather(return_exceptions=True)``."""
    collects: bool
    at: Place


@dataclass(frozen=True, slots=True)
class Tasks:
    rows: tuple[TaskRow, ...]
    cancels: tuple[CancelRow, ...]
    handlers: tuple[HandlerRow, ...]
    timeouts: tuple[TimeoutRow, ...]
    gathers: tuple[GatherRow, ...]
    stop_example: Excerpt | None
    """Cancelled, awaited, and its end taken."""


def read_tasks(sources: Sources) -> Tasks:
    sync = [f for f in sources.list("sync") if f.path.endswith(".py")]
    tasks = [f for f in sync if f.attr("what") == "task" and f.attr("call") in ("create_task", "ensure_future")]
    sync += _list_further_cancels(sources, sync, tasks)
    cancels = tuple(_list_cancels(sources, sync, tasks))
    handlers = tuple(
        HandlerRow(f.attr("does") or "other", sources.at(f))
        for f in sources.program.list_facts("except")
        if f.name in _CANCELLED and not sources.program.is_test(f.path)
    )
    excerpts = [sources.excerpt(row.at.path, row.at.symbol) for row in cancels if row.awaited and row.swallowed]
    return Tasks(
        tuple(_make_task(sources, fact, sync) for fact in tasks),
        cancels,
        handlers,
        tuple(_list_timeouts(sources, [f for f in sync if f.attr("what") == "timeout"])),
        tuple(_make_gather(sources, f) for f in sync if f.attr("what") == "gather"),
        min((e for e in excerpts if e is not None), key=lambda e: (len(e.code), e.place.path), default=None),
    )


def _list_further_cancels(sources: Sources, sync: list[Fact], tasks: list[Fact]) -> list[Fact]:
    """Calls of ``x.cancel`` where `x` is called like a task of the same file, whatever it is called."""
    known = {(f.path, f.line) for f in sync if f.attr("what") == "cancel"}
    named = {(f.path, f.attr("target").rpartition(".")[2]) for f in tasks if f.attr("target")}
    return [
        replace(
            call, kind="sync", name=call.name.removesuffix(".cancel"), attrs=(("what", "cancel"), ("call", "cancel"))
        )
        for call in sources.program.list_facts("call")
        if call.name.endswith(".cancel")
        and (call.path, call.name.split(".")[-2]) in named
        and (call.path, call.line) not in known
        and not sources.program.is_test(call.path)
    ]


def _make_task(sources: Sources, fact: Fact, sync: list[Fact]) -> TaskRow:
    coroutine = sources.read_attr(fact, "of")
    called = coroutine[1] if tag_of(coroutine) == "call" else say(coroutine)
    interval = ""
    for target in sources.program.resolve(fact.path, fact.symbol, called):
        sleeps = [c for c in sources.program.list_within(*target, "call") if c.name == "asyncio.sleep"]
        interval = interval or next((find_interval(sources, c) for c in sleeps), "")
    kept = fact.attr("place")
    last = fact.attr("target").rpartition(".")[2]
    program = sources.program
    handed_on = any(
        f.line == fact.line and fact.attr("call") in f.value
        for f in program.list_within(fact.path, fact.symbol, "return")
    ) or any(
        f.line == fact.line and f.name != fact.attr("call") and fact.attr("call") in f.value
        for f in program.list_within(fact.path, fact.symbol, "call")
    )
    cancelled = [
        f
        for f in sync
        if f.attr("what") == "cancel"
        and ((kept and f.attr("place") == kept) or (last and f.path == fact.path and f.name.rpartition(".")[2] == last))
    ]
    if not kept and handed_on:
        cancelled = [f for f in sync if f.attr("what") == "cancel" and _keeps_result(sources, f, fact)]
    name = last or next((f.name.rpartition(".")[2] for f in cancelled), "")
    return TaskRow(
        name,
        called.rpartition(".")[2],
        interval,
        sources.at(fact),
        sources.places(cancelled),
        not kept and not handed_on,
    )


def _keeps_result(sources: Sources, cancel: Fact, task: Fact) -> bool:
    """The name that is cancelled holds what the function that starts the task returns."""
    program = sources.program
    return any(
        (task.path, task.symbol) in program.resolve(b.path, b.symbol, sources_call)
        for b in program.list_facts("binding")
        if b.path == cancel.path and b.name == cancel.name and (sources_call := _called(b))
    )


def _called(binding: Fact) -> str:
    value = decode_expr(binding.value)
    return str(value[1]) if tag_of(value) == "call" else ""


def _list_cancels(sources: Sources, sync: list[Fact], tasks: list[Fact]) -> Iterator[CancelRow]:
    by_function: dict[tuple[str, str], list[Fact]] = {}
    for fact in sync:
        if fact.attr("what") == "cancel":
            by_function.setdefault((fact.path, fact.symbol), []).append(fact)
    started = {f.attr("place") for f in tasks} | {(f.path, f.attr("target").rpartition(".")[2]) for f in tasks}
    for (path, symbol), facts in by_function.items():
        text = sources.read_text(path)
        names = tuple(dict.fromkeys(f.name.rpartition(".")[2] for f in facts))
        yield CancelRow(
            names,
            all(_is_awaited(text, path, f, sources) for f in facts),
            any(
                f.name in _CANCELLED and f.attr("does") != "raise"
                for f in sources.program.list_within(path, symbol, "except")
            ),
            any(
                f.attr("place") in started
                or (path, f.name.rpartition(".")[2]) in started
                or any(_keeps_result(sources, f, t) for t in tasks)
                for f in facts
            ),
            sources.at(path, symbol),
        )


def _is_awaited(text: str, path: str, cancel: Fact, sources: Sources) -> bool:
    """``await task`` or a gather of tasks behind the cancelling, in the same function."""
    symbol = sources.program.get_symbol((path, cancel.symbol))
    if symbol is None or not symbol.attr("end_line"):
        return False
    lines = text.splitlines()[cancel.line : int(symbol.attr("end_line"))]
    if any(line.strip() == f"await {cancel.name}" or f"await {cancel.name}" in line for line in lines):
        return True
    return any(
        f.attr("what") == "gather" and (f.path, f.symbol) == (path, cancel.symbol) and f.line > cancel.line
        for f in sources.list("sync")
    )


def _list_timeouts(sources: Sources, facts: list[Fact]) -> Iterator[TimeoutRow]:
    """By what is waited for and how long, in the order of the code."""
    rows: dict[tuple[str, str, bool], list[Fact]] = {}
    for fact in facts:
        of = sources.read_attr(fact, "of")
        shielded = tag_of(of) == "call" and str(of[1]).endswith("shield")
        inner = of[2][0] if shielded and of[2] else of
        waits_for = str(inner[1]) if tag_of(inner) == "call" else say(inner)
        key = (waits_for.removeprefix("self."), say_timeout(sources, fact), shielded)
        rows.setdefault(key, []).append(fact)
    for (waits_for, timeout, shielded), found in rows.items():
        yield TimeoutRow(waits_for, timeout, shielded, sources.places(found))


def _make_gather(sources: Sources, fact: Fact) -> GatherRow:
    collects = fact.attr("return_exceptions") == "true"
    call = fact.attr("call")
    return GatherRow(f"{call}(return_exceptions=True)" if collects else call, collects, sources.at(fact))
