"""Who hears what: events that clients send, rooms and who may enter them, tabs of one user, limits, and cleaning up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.expressions import decode_expr, tag_of, walk_expr
from kbgen.model import Fact
from kbgen.pages.shared.constants import ConstantRow, list_constants
from kbgen.pages.sockets.code import Lookup, SocketCode, read_lookup, say_message
from kbgen.pages.sources import Excerpt, Place
from kbgen.pages.values import read_pairs, say
from kbgen.patterns import LazyPattern

_ROOM = LazyPattern(r"room|channel", re.IGNORECASE)
_TAB = LazyPattern(r"tab_?id|client_?id|socket_?id|origin_?id", re.IGNORECASE)
_LEAVE = LazyPattern(r"disconnect|on_close|onclose", re.IGNORECASE)
_SCHEMA = LazyPattern(
    r"^(\w*[Ss]chema\w*|\w+(?:Dto|DTO|Payload|Model))\.(?:safeParse|parse|parseAsync|validate|model_validate|parse_obj)$"
)
_LIMIT = LazyPattern(r"(?:^|_)(?:MAX|LIMIT|RATE|SIZE|TTL|TIMEOUT|INTERVAL|WINDOW|PAYLOAD|ATTEMPTS|DELAY)(?:_|$)")
_OWN_EVENTS = frozenset({"connection", "connect", "disconnect", "disconnecting", "error", "connect_error"})
"""Of the library, not of clients."""
_ALLOWED = LazyPattern(r"ALLOW|WHITELIST|PERMITTED")


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event that a client may send."""

    name: str
    handler: str
    schema: str
    """What its payload is checked with; ``""`` for nothing."""
    lookups: tuple[Lookup, ...]
    """Questions to the database whose answer may end the handler."""
    guards: tuple[str, ...]
    """Log lines of the ways out before it does anything."""
    at: Place


@dataclass(frozen=True, slots=True)
class RoomRow:
    name: str
    """``project:{projectId}``."""
    made: Place | None
    """The function that makes the name."""
    joined: tuple[Place, ...]
    left: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class JoinRow:
    """A way into or out of rooms, and what stands before it."""

    handler: str
    event: str
    """That a client sends to get there; ``""`` for connecting."""
    joins: tuple[str, ...]
    leaves: tuple[str, ...]
    lookups: tuple[Lookup, ...]
    guards: tuple[str, ...]
    """Conditions that end the handler first, as written."""
    at: Place


@dataclass(frozen=True, slots=True)
class TabRow:
    what: str
    """``drop`` for a condition that drops one's own echo, ``key`` for where the id of a tab is kept."""
    text: str
    storage: str
    at: Place


@dataclass(frozen=True, slots=True)
class RuleRow:
    """What a schema asks beyond types, in its own words."""

    message: str
    at: Place


@dataclass(frozen=True, slots=True)
class LimitRow:
    name: str
    value: str
    means: str
    """``64 KB``, ``100/min``; ``""`` where the value says it all."""
    at: Place


@dataclass(frozen=True, slots=True)
class CleanupRow:
    handler: str
    calls: tuple[str, ...]
    settled: bool
    """Failures of one part do not stop the others."""
    at: Place


@dataclass(frozen=True, slots=True)
class Traffic:
    events: tuple[EventRow, ...]
    validator: str
    """``zod`` or another library that the schemas come from; ``""`` where it cannot be told."""
    rooms: tuple[RoomRow, ...]
    joins: tuple[JoinRow, ...]
    tabs: tuple[TabRow, ...]
    rules: tuple[RuleRow, ...]
    allowed: tuple[ConstantRow, ...]
    """Lists of what is allowed."""
    limits: tuple[LimitRow, ...]
    cleanups: tuple[CleanupRow, ...]
    membership_example: Excerpt | None


def read_traffic(code: SocketCode) -> Traffic:
    sources = code.sources
    paths = {*code.server_paths, *code.shared_paths}
    validators = [
        f.value
        for f in sources.program.list_facts("import")
        if f.path in paths and re.search(r"^(?:zod|joi|yup|ajv|class-validator|valibot|pydantic)\b", f.value)
    ]
    joins = tuple(_list_joins(code))
    constants = [c for c in list_constants(sources, code.server_paths, telling=False) if c.at.path in paths]
    constants += [
        c for c in list_constants(sources, code.shared_paths, telling=False) if c.at.path in code.shared_paths
    ]
    unique = list({(c.at.path, c.name): c for c in constants}.values())
    return Traffic(
        tuple(_list_events(code)),
        validators[0] if validators else "",
        tuple(_list_rooms(code)),
        joins,
        tuple(_list_tabs(code)),
        tuple(_list_rules(code, paths)),
        tuple(c for c in unique if _ALLOWED.search(c.name)),
        tuple(_list_limits([c for c in unique if _LIMIT.search(c.name)])),
        tuple(_list_cleanups(code)),
        _pick_membership(code),
    )


# ------------------------------------------------------------------------------------------ events


def _list_events(code: SocketCode) -> Iterator[EventRow]:
    sources = code.sources
    for fact in code.handlers:
        if fact.name in _OWN_EVENTS:
            continue
        place = _find_handler(code, fact)
        calls = sources.program.list_within(*place, "call")
        schema = next((m[1] for c in calls if (m := _SCHEMA.search(c.name))), "")
        branches = [b for b in code.read_branches(place[0]) if b.leaves and b.text]
        symbol = sources.program.get_symbol(place)
        span = (symbol.line, int(symbol.attr("end_line") or 0)) if symbol is not None else (0, 0)
        ways_out = [b for b in branches if span[0] <= b.first <= span[1]]
        lookups = [found for b in ways_out if (found := code.find_lookup(*place, b)) is not None]
        logs = [
            say_message(sources, f)
            for b in ways_out
            for f in sources.list("log")
            if (f.path, f.symbol) == place
            and b.first <= f.line <= b.last
            and f.attr("level") in ("warn", "warning", "error")
        ]
        yield EventRow(
            fact.name,
            place[1].rpartition(".")[2],
            schema,
            tuple(lookups),
            tuple(dict.fromkeys(logs)),
            sources.at(*place),
        )


def _find_handler(code: SocketCode, fact: Fact) -> tuple[str, str]:
    """The function that a registration names, else the one that it stands in."""
    handler = code.sources.read_attr(fact, "handler")
    if tag_of(handler) == "name":
        found = code.sources.program.resolve(fact.path, fact.symbol, handler[1])
        if found:
            return found[0]
    return (fact.path, fact.symbol)


# ------------------------------------------------------------------------------------------- rooms


def _list_rooms(code: SocketCode) -> Iterator[RoomRow]:
    sources = code.sources
    makers: dict[str, tuple[str, str]] = {}
    for fact in sources.program.list_facts("return"):
        if fact.path in {*code.server_paths, *code.shared_paths} and _ROOM.search(fact.symbol.rpartition(".")[2]):
            for folded in sources.program.fold(fact.path, fact.symbol, decode_expr(fact.value))[:1]:
                if re.fullmatch(r"[\w:./-]+:\{\w+\}[\w:{}-]*", folded.text):
                    makers[folded.text] = (fact.path, fact.symbol)
    joined: dict[str, list[Fact]] = {}
    left: dict[str, list[Fact]] = {}
    for fact in code.rooms:
        (joined if fact.attr("call") in ("join", "enter_room", "socketsJoin") else left).setdefault(
            fact.name, []
        ).append(fact)
    names = list(dict.fromkeys([*joined, *left, *makers]))
    for name in names:
        maker = makers.get(name)
        yield RoomRow(
            name,
            sources.at(*maker) if maker is not None else None,
            sources.places(joined.get(name, ())),
            sources.places(left.get(name, ())),
        )


def _list_joins(code: SocketCode) -> Iterator[JoinRow]:
    sources = code.sources
    by_handler: dict[tuple[str, str], list[Fact]] = {}
    for fact in code.rooms:
        by_handler.setdefault((fact.path, fact.symbol), []).append(fact)
    events = {_find_handler(code, f): f.name for f in code.handlers if f.name not in _OWN_EVENTS}
    for place, facts in by_handler.items():
        guards = code.find_guards(facts[0])
        lookups = [found for b in guards if (found := code.find_lookup(*place, b)) is not None and found.by]
        yield JoinRow(
            place[1].rpartition(".")[2],
            events.get(place, ""),
            tuple(dict.fromkeys(f.name for f in facts if f.attr("call") in ("join", "enter_room", "socketsJoin"))),
            tuple(dict.fromkeys(f.name for f in facts if f.attr("call") not in ("join", "enter_room", "socketsJoin"))),
            tuple(dict.fromkeys(lookups)),
            tuple(dict.fromkeys(b.text for b in guards)),
            sources.at(*place),
        )


def _pick_membership(code: SocketCode) -> Excerpt | None:
    """A question to the database that must be answered before a room is joined."""
    sources = code.sources
    best: Excerpt | None = None
    for fact in code.rooms:
        lines = {t.line for b in code.find_guards(fact) for t in b.tests if t.line}
        for call in sources.program.list_within(fact.path, fact.symbol, "call"):
            lookup = read_lookup(call) if call.line in lines else None
            if lookup is not None and lookup.by:
                found = sources.excerpt(call.path, call.symbol, call.line)
                if found is not None and (best is None or len(found.code) < len(best.code)):
                    best = found
    return best


# -------------------------------------------------------------------------------------------- tabs


def _list_tabs(code: SocketCode) -> Iterator[TabRow]:
    sources = code.sources
    for path in code.client_paths:
        for branch in code.read_branches(path):
            if (
                branch.leaves
                and branch.text
                and _TAB.search(branch.text)
                and ("==" in branch.text or " is " in branch.text)
            ):
                yield TabRow("drop", branch.text, "", sources.at(path, _find_symbol(code, path, branch.first)))
    seen: set[tuple[str, str]] = set()
    for fact in sources.list("storage_key"):
        if (
            re.search(r"tab", fact.name, re.IGNORECASE)
            and "id" in fact.name.lower()
            and (fact.path, fact.name) not in seen
        ):
            seen.add((fact.path, fact.name))
            if fact.path in code.client_paths:
                yield TabRow("key", fact.name, fact.attr("storage"), sources.at(fact))


def _find_symbol(code: SocketCode, path: str, line: int) -> str:
    """The innermost definition that holds a line."""
    best, size = "", 1 << 30
    for symbol, fact in code.sources.program.list_symbols(path).items():
        last = int(fact.attr("end_line") or fact.line)
        if fact.line <= line <= last and last - fact.line < size:
            best, size = symbol, last - fact.line
    return best


# ------------------------------------------------------------------------------------------ limits


def _list_rules(code: SocketCode, paths: set[str]) -> Iterator[RuleRow]:
    """Messages of conditions that a schema adds to its types."""
    for binding in code.sources.program.list_facts("binding"):
        if binding.path not in paths or "refine" not in binding.value.lower():
            continue
        for part in walk_expr(decode_expr(binding.value)):
            if tag_of(part) != "call" or not str(part[1]).lower().endswith("refine"):
                continue
            for argument in part[2]:
                pairs = read_pairs(argument)
                if "message" in pairs:
                    yield RuleRow(say(pairs["message"], 120), code.sources.at(binding.path, binding.name))


def _list_limits(constants: list[ConstantRow]) -> Iterator[LimitRow]:
    windows = {
        c.name: c.value for c in constants if c.name.endswith(("_WINDOW_MS", "_WINDOW_SECONDS")) and c.value.isdigit()
    }
    for c in constants:
        if c.value.isdigit():
            yield LimitRow(c.name, c.value, _explain(c, windows), c.at)


def _explain(row: ConstantRow, windows: dict[str, str]) -> str:
    number = int(row.value)
    if re.search(r"SIZE|BYTES|PAYLOAD", row.name) and number >= 1024 and number % 1024 == 0:
        return f"{number // 1024} KB"
    for window, length in windows.items():
        stem = re.sub(r"_WINDOW_\w+$", "", window)
        if row.name in (f"{stem}_LIMIT", f"{stem}_MAX") or (row.name == stem):
            seconds = int(length) // (1000 if window.endswith("_MS") else 1)
            return f"{number}/min" if seconds == 60 else f"{number} in {seconds} s"
    if row.name.endswith("_MS") and number % 1000 == 0 and number:
        return f"{number // 1000} s"
    return ""


def _list_cleanups(code: SocketCode) -> Iterator[CleanupRow]:
    sources = code.sources
    for path in code.server_paths:
        for symbol, fact in sources.program.list_symbols(path).items():
            if fact.attr("kind") not in ("function", "method") or not _LEAVE.search(fact.name):
                continue
            names = [
                re.sub(r"^(?:this|self)\.", "", c.name)
                for c in sources.program.list_within(path, symbol, "call")
                if any(p[1] for p in sources.program.resolve(path, symbol, c.name))
                or re.search(r"(?:remove|delete|clean|untrack|leave|unsubscribe)\w*$", c.name, re.IGNORECASE)
            ]
            gathers = [f for f in sources.list("sync") if (f.path, f.symbol) == (path, symbol)]
            yield CleanupRow(
                fact.name,
                tuple(dict.fromkeys(names)),
                any(f.attr("call") == "Promise.allSettled" or f.attr("return_exceptions") for f in gathers),
                sources.at(path, symbol),
            )
