"""Events that miss each other on their bus, and queues that nobody works on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.expressions import decode_arguments, tag_of
from kbgen.findings.base import Reading, be, code, count, list_names, name_place, them, with_items
from kbgen.findings.sockets import find_near_name, spell_constant
from kbgen.join.keys import keys_meet
from kbgen.model import Fact, Finding
from kbgen.patterns import LazyPattern

_OUTSIDE = frozenset({"kafka", "redis", "nats", "amqp", "pubsub", "window"})
"""Buses on which programs outside the repository may speak."""
_HOLE = LazyPattern(r"\{([^{}]*)\}")
_CONSTANT = LazyPattern(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class _Event:
    bus: str
    name: str
    """With ``*`` as wildcard; ``""`` when it is not known."""
    constant: str
    """The constant that stands for it, where one does."""
    fact: Fact


def find_event_gaps(reading: Reading) -> Iterator[Finding]:
    emits = [event for fact in reading.system.by_kind.get("event_emit", ()) for event in _read(reading, fact)]
    handles = [event for fact in reading.system.by_kind.get("event_handle", ()) for event in _read(reading, fact)]
    yield from _find_unemitted(reading, emits, handles)
    yield from _find_unhandled(reading, emits, handles)
    yield from _find_idle_queues(reading)


def _read(reading: Reading, fact: Fact) -> Iterator[_Event]:
    for key, value in fact.attrs:
        if key == "key" and value.startswith("event:"):
            bus = fact.attr("bus")
            name = value.removeprefix(f"event:{bus}:")
            if bus and name != value and bus != "*":
                holes = _HOLE.findall(fact.name)
                constant = holes[0] if len(holes) == 1 and fact.name == "{" + holes[0] + "}" else ""
                known = "" if name.strip("*") == "" and (holes or not fact.name) else name
                yield _Event(
                    bus, known, constant if _CONSTANT.fullmatch(constant) else _find_constant(reading, fact), fact
                )


def _find_constant(reading: Reading, fact: Fact) -> str:
    """The constant that the raw call or decorator is given, ``EVENTS.TASK_DONE``."""
    for kind in ("call", "decorator"):
        for raw in reading.program.list_within(fact.path, fact.symbol, kind):
            if raw.line == fact.line:
                positional, _ = decode_arguments(raw.value)
                if positional and tag_of(positional[0]) == "name":
                    last = str(positional[0][1]).rpartition(".")[2]
                    if _CONSTANT.fullmatch(last):
                        return last
    return ""


def _meet(handle: _Event, emit: _Event) -> bool:
    if handle.bus != emit.bus:
        return False
    if handle.constant and handle.constant == emit.constant:
        return True
    if handle.name and emit.name:
        return keys_meet(f"event:{handle.name}", f"event:{emit.name}")
    if emit.constant and handle.name:
        return _is_spelled(emit.constant, handle.name)
    return bool(handle.constant and emit.name and _is_spelled(handle.constant, emit.name))


def _is_spelled(constant: str, name: str) -> bool:
    """Whether a constant is spelled like an event, or like one that a wildcard takes."""
    if "*" not in name:
        return constant == spell_constant(name) or constant.endswith("_" + spell_constant(name))
    start = spell_constant(name.split("*", 1)[0].rstrip(".:/_-"))
    return not start or constant == start or constant.startswith(start + "_")


def _find_unemitted(reading: Reading, emits: list[_Event], handles: list[_Event]) -> Iterator[Finding]:
    groups: dict[tuple[str, str, str], list[_Event]] = {}
    for handle in handles:
        if not handle.name or handle.name == "*" or any(_meet(handle, emit) for emit in emits):
            continue
        if handle.bus in _OUTSIDE:
            continue
        if "*" in handle.name:
            continue
        others = sorted({emit.bus for emit in emits if emit.bus != handle.bus and _fits(handle, emit)})
        anything = any(emit.bus == handle.bus and not emit.name and not emit.constant for emit in emits)
        if anything and not others and _is_named_elsewhere(reading, handle, handles):
            continue
        if not others and not anything and _is_named_elsewhere(reading, handle, handles):
            continue
        groups.setdefault((handle.bus, handle.fact.path, others[0] if others else ""), []).append(handle)
    for (bus, path, other), found in groups.items():
        names = sorted({handle.name for handle in found})
        elsewhere = [emit for emit in emits if emit.bus == other and any(_fits(h, emit) for h in found)]
        own = {emit.name for emit in emits if emit.bus == bus and emit.name}
        handled = f"{list_names(names, 2)} {be(len(names))} handled"
        if other:
            title = f"{handled} on {_name_bus(bus)}, and sent on {_name_bus(other)} only"
            detail = f"Nothing sends {them(len(names))} on {_name_bus(bus)}{'' if own else ', nor anything else'}."
        else:
            title = f"{handled}, and no code sends {them(len(names))}"
            near = find_near_name(names[0], own) if len(names) == 1 else ""
            detail = f"No code sends {them(len(names))} on {_name_bus(bus)}." + (
                f" Nearest is {code(near)}." if near else ""
            )
        items = [f"{code(h.name)} in {name_place(h.fact)}" for h in found]
        dead = all(reading.is_idle(h.fact.path, h.fact.symbol) for h in found)
        yield reading.make(
            "unemitted-event",
            (bus, path, other),
            title,
            with_items(detail, items if len(names) > 2 else ()),
            [*(h.fact for h in found), *(e.fact for e in elsewhere[:8])],
            "dead" if dead else "broken" if other else "suspect",
        )


def _fits(handle: _Event, emit: _Event) -> bool:
    """Whether the same event is sent, on whatever bus."""
    moved = _Event(handle.bus, emit.name, emit.constant, emit.fact)
    return _meet(handle, moved)


def _is_named_elsewhere(reading: Reading, handle: _Event, handles: list[_Event]) -> bool:
    """Whether other code than handlers and tables of constants names the event."""
    own = {(h.fact.path, h.fact.symbol.partition(".")[0]) for h in handles if h.name == handle.name}
    words = {handle.name, spell_constant(handle.name)} | ({handle.constant} if handle.constant else set())
    for word in words:
        for place in reading.words.get(word, ()):
            if place in own:
                continue
            fact = reading.program.get_symbol(place)
            if fact is not None and fact.attr("kind") in ("constant", "const", "enum", "type", "interface"):
                continue
            return True
    return False


def _find_unhandled(reading: Reading, emits: list[_Event], handles: list[_Event]) -> Iterator[Finding]:
    """Told as one for each bus: an event that nobody handles is often for others to come."""
    by_bus: dict[str, dict[str, list[_Event]]] = {}
    for emit in emits:
        name = emit.name or emit.constant
        if not name or "*" in name or emit.bus in _OUTSIDE or any(_meet(handle, emit) for handle in handles):
            continue
        if any(h.bus == emit.bus and not h.name and not h.constant and not _is_plumbing(h, handles) for h in handles):
            continue
        if reading.is_idle(emit.fact.path, emit.fact.symbol):
            continue
        by_bus.setdefault(emit.bus, {}).setdefault(name, []).append(emit)
    for bus, by_name in by_bus.items():
        if not any(handle.bus == bus for handle in handles):
            continue
        names = [name for name in sorted(by_name) if not _is_consumed(reading, by_name[name])]
        if names:
            yield reading.make(
                "unhandled-event",
                (bus,),
                f"{count(len(names), 'event is', 'events are')} sent on {_name_bus(bus)} and handled by nobody",
                with_items(
                    "No handler's name or wildcard takes them.",
                    (f"{code(name)} in {name_place(by_name[name][0].fact)}" for name in names),
                ),
                [by_name[name][0].fact for name in names],
                "note",
            )


def _is_plumbing(handle: _Event, handles: list[_Event]) -> bool:
    """Whether a handler of any event is the bus' own code that hands events on to its decorated handlers."""
    if handle.fact.attr("decorator") or not handle.fact.path.startswith(handle.bus + "/"):
        return False
    return any(other.bus == handle.bus and other.name and other.fact.attr("decorator") for other in handles)


def _is_consumed(reading: Reading, emits: list[_Event]) -> bool:
    """Whether other code than senders and tables of constants names the event."""
    own = {(e.fact.path, e.fact.symbol.partition(".")[0]) for e in emits}
    words = {word for e in emits for word in (e.name, e.constant) if word}
    for word in words:
        for place in reading.words.get(word, ()):
            fact = reading.program.get_symbol(place)
            constant = fact is not None and fact.attr("kind") in ("constant", "const", "enum", "type", "interface")
            if place not in own and not constant:
                return True
    return False


def _name_bus(bus: str) -> str:
    return f"the bus {code(bus.partition('::')[2] or bus)}"


# ------------------------------------------------------------------------------------------- queues


def _find_idle_queues(reading: Reading) -> Iterator[Finding]:
    by_kind = reading.system.by_kind
    worked = {value for fact in by_kind.get("queue_process", ()) for key, value in fact.attrs if key == "key"}
    worked |= {f"queue:{fact.attr('queue')}" for fact in by_kind.get("queue_job", ()) if fact.attr("queue")}
    libraries = {fact.attr("library") for fact in by_kind.get("queue_process", ())}
    added: dict[str, list[Fact]] = {}
    for fact in by_kind.get("queue_add", ()):
        for key, value in fact.attrs:
            if key == "key" and "*" not in value and value not in worked and fact.attr("library") in libraries:
                added.setdefault(value.partition(":")[2], []).append(fact)
    for name, facts in added.items():
        yield reading.make(
            "unhandled-event",
            ("queue", name),
            f"Jobs are added to the queue {code(name)}, which nothing works on",
            f"Other queues have workers: {list_names((key.partition(':')[2] for key in worked), 6)}.",
            facts,
            "broken",
        )
