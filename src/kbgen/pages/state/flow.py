"""How a change travels: who is told of it, which events carry it, where it may end on its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.diagrams.mermaid import make_mermaid
from kbgen.expressions import UNKNOWN, Expr, decode_arguments, decode_expr, tag_of, walk_expr
from kbgen.extractors.branches import read_branches
from kbgen.join.program import Place as Definition
from kbgen.model import Diagram, DiagramMessage, DiagramNode, Fact
from kbgen.pages.shared.readings import find_raises
from kbgen.pages.shared.subject import unique
from kbgen.pages.sources import Excerpt, Place
from kbgen.pages.state.parts import Exchange
from kbgen.pages.state.scope import TIMERS, Scope
from kbgen.pages.values import walk_pairs
from kbgen.patterns import LazyPattern

_VERSION = LazyPattern(r"(?i)version")
_ROOM = LazyPattern(r"(?i)room|channel|topic")


@dataclass(frozen=True, slots=True)
class RaiseRow:
    """A number of a store that its actions raise by one."""

    name: str
    members: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class EventRow:
    name: str
    side: str
    """Which side sends it: ``client`` or ``server``."""
    senders: tuple[Place, ...]
    receivers: tuple[Place, ...]
    dead: bool
    """The client's end is reached by nothing that runs."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a change on its way."""

    kind: str
    """call, emit, handle, keep, answer, receive."""
    name: str
    wait: str
    """``WAIT_MS = 100`` where a timer stands between this step and the next."""
    guards: tuple[str, ...]
    """Conditions, as written, under which it ends here."""
    rooms: tuple[tuple[str, str], ...]
    """Rooms that the handler names: (the function that names it, what it gives)."""
    at: Place


@dataclass(frozen=True, slots=True)
class Flow:
    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """A part of a store that code is told of when it changes."""

    fields: tuple[str, ...]
    always: bool
    """The selector makes a new object and nothing but identity is compared: it is told of every change."""
    wait: str
    then: tuple[str, ...]
    """Actions of the store and methods of carriers that the same code calls."""
    at: Place


class FlowReader:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def list_raises(self) -> Iterator[RaiseRow]:
        for fact in self._scope.parts.stores:
            found: dict[str, list[str]] = {}
            for each in find_raises(self._scope.sources.read_text(fact.path), fact.path):
                if _VERSION.search(each.name) and each.member:
                    found.setdefault(each.name, []).append(each.member)
            for name, members in sorted(found.items()):
                yield RaiseRow(name, tuple(dict.fromkeys(members)), self._scope.sources.at(fact))

    def list_subscriptions(self) -> Iterator[SubscriptionRow]:
        names = {fact.name for fact in self._scope.parts.stores}
        actions = self._list_actions()
        for path in sorted(self._scope.parts.client):
            calls = list(self._scope.list_calls(path))
            ordered = sorted(calls, key=lambda f: f.line)
            starts = [f for f in ordered if f.name.endswith(".subscribe") and f.name.partition(".")[0] in names]
            for fact in starts:
                given, _ = decode_arguments(fact.value)
                later = [f.line for f in starts if f.line > fact.line]
                end = min([*later, self._scope.find_end(fact)])
                inside = [f for f in ordered if f.symbol == fact.symbol and fact.line < f.line <= end]
                wait = next((self._scope.say_wait(f) for f in inside if f.name in TIMERS), "")
                then = tuple(dict.fromkeys(f.name for f in inside if f.name in actions or self._leads_to_carrier(f)))
                yield SubscriptionRow(
                    tuple(_read_fields(given[0]) if given else ()),
                    _is_always(given),
                    wait,
                    then[:4],
                    self._scope.sources.at(fact),
                )

    def _leads_to_carrier(self, call: Fact) -> bool:
        homes = self._scope.parts.client
        return any(
            path in homes and path != call.path and "." in symbol
            for path, symbol in self._scope.program.resolve(call.path, call.symbol, call.name)
        ) or (
            any(p == call.path and s for p, s in self._scope.program.resolve(call.path, call.symbol, call.name))
            and call.name.partition(".")[0] != "this"
        )

    def _list_actions(self) -> frozenset[str]:
        """Functions that the stores hold."""
        found: set[str] = set()
        for fact in self._scope.parts.stores:
            creator = self._scope.sources.read_attr(fact, "creator")
            found |= {key for key, value in walk_pairs(creator) if tag_of(value) == "fn"}
        return frozenset(found)

    def list_events(self) -> Iterator[EventRow]:
        for each in self._scope.parts.exchanges:
            senders = unique(self._scope.sources.at(f) for f in each.emits)
            receivers = unique(self._find_receiver(f) for f in each.handlers)
            ends = each.emits if each.side == "client" else each.handlers
            dead = bool(ends) and all(self._scope.is_dead(f.path, f.symbol) for f in ends)
            yield EventRow(each.name, each.side, senders, receivers, dead)

    def _find_receiver(self, handler: Fact) -> Place:
        path, symbol = self._scope.find_handler(handler)
        return self._scope.sources.at(path, symbol)

    def list_flows(self) -> Iterator[Flow]:
        for each in self._scope.parts.exchanges:
            if each.side == "client" and each.emits and each.handlers:
                yield Flow(each.name, tuple(self._follow(each)))

    def _follow(self, exchange: Exchange) -> Iterator[Step]:
        scope = self._scope
        emit = exchange.emits[0]
        for caller, call, wait in reversed(list(self._climb((emit.path, emit.symbol)))):
            name = call.name.removeprefix("this.")
            yield Step("call", name, wait, scope.find_guards(call), (), scope.sources.at(*caller))
        yield Step("emit", exchange.name, "", scope.find_guards(emit), (), scope.sources.at(emit))
        place = scope.find_handler(exchange.handlers[0])
        effects = list(scope.list_effects(place))
        guards = scope.find_guards_at(place, effects[0][0].line) if effects else ()
        yield Step("handle", exchange.name, "", guards, self._find_rooms(place), scope.sources.at(*place))
        for fact, kind, name in effects:
            inner = tuple(g for g in scope.find_guards_at(place, fact.line) if g not in guards)
            at = scope.sources.at(*place) if kind == "answer" else scope.find_callee(fact)
            yield Step(kind, name, "", inner, (), at)
        for _, kind, name in effects:
            for answer in scope.parts.exchanges:
                if kind == "answer" and answer.name == name and answer.side == "server" and answer.handlers:
                    yield self._receive(name, scope.find_handler(answer.handlers[0]))

    def _find_rooms(self, place: Definition) -> tuple[tuple[str, str], ...]:
        scope = self._scope
        found: dict[tuple[str, str], None] = {}
        for call in scope.program.list_within(*place, "call"):
            for target in scope.program.resolve(call.path, call.symbol, call.name)[:1]:
                if _ROOM.search(target[1]):
                    for row in scope.program.list_within(*target, "return"):
                        for folded in scope.program.fold(*target, decode_expr(row.value))[:1]:
                            found.setdefault((target[1].rpartition(".")[2], folded.text))
        return tuple(found)

    def _receive(self, name: str, place: Definition) -> Step:
        text = self._scope.sources.read_text(place[0])
        symbol = self._scope.program.get_symbol(place)
        last = int(symbol.attr("end_line") or 0) if symbol is not None else 0
        guards = tuple(
            b.text
            for b in read_branches(text, place[0])
            if symbol is not None and symbol.line <= b.first <= last and b.leaves and b.text
        )
        return Step("receive", name, "", guards, (), self._scope.sources.at(*place))

    def _climb(self, place: Definition) -> Iterator[tuple[Definition, Fact, str]]:
        """Callers up to code outside the file, the nearest first: (caller, its call, what it waits for)."""
        seen = {place}
        for _ in range(4):
            calls = [c for c in self._scope.program.find_callers(place) if (c.path, c.symbol) not in seen]
            if not calls:
                return
            call = calls[0]
            timers = [
                f
                for f in self._scope.program.list_within(call.path, call.symbol, "call")
                if f.name in TIMERS and f.line <= call.line <= self._scope.find_end(f)
            ]
            yield (call.path, call.symbol), call, self._scope.say_wait(timers[0]) if timers else ""
            place = (call.path, call.symbol)
            seen.add(place)

    def draw(self, flow: Flow) -> str:
        """The flow as a sequence in Mermaid: a lane for each class or file."""
        lanes: dict[str, DiagramNode] = {}
        messages: list[DiagramMessage] = []
        for index, step in enumerate(flow.steps):
            source = self._add_lane(lanes, step.at)
            later = flow.steps[index + 1 :]
            if step.kind == "keep":
                holder = next(s for s in reversed(flow.steps[:index]) if s.kind == "handle")
                messages.append(DiagramMessage(self._add_lane(lanes, holder.at), source, _short(step.name)))
            elif step.kind in ("call", "emit") and later:
                kind = "event" if step.kind == "emit" else "call"
                target = self._add_lane(lanes, later[0].at)
                label = _short(step.name) if kind == "call" else step.name
                messages.append(DiagramMessage(source, target, label, kind))
            elif step.kind == "answer":
                for end in later:
                    if end.kind == "receive" and end.name == step.name:
                        messages.append(DiagramMessage(source, self._add_lane(lanes, end.at), step.name, "event"))
        return make_mermaid(
            Diagram("state-flow", flow.name, "sequence", "overview", tuple(lanes.values()), (), tuple(messages))
        )

    def _add_lane(self, lanes: dict[str, DiagramNode], place: Place) -> str:
        top = place.symbol.partition(".")[0] or place.path
        fact = self._scope.program.get_symbol((place.path, top))
        kind = "hook" if fact is not None and fact.attr("kind") == "hook" else "module"
        key = f"{place.path}::{top}"
        lanes.setdefault(key, DiagramNode(key, top, kind))
        return key

    def find_stored(self) -> Excerpt | None:
        """How the handler of a change hands it to the service."""
        sources = self._scope.sources
        for fact in self._list_storing():
            # A statement of one line is no excerpt; the definition around it may be.
            return sources.excerpt(fact.path, fact.symbol, fact.line) or sources.excerpt(fact.path, fact.symbol)
        return None

    def _list_storing(self) -> Iterator[Fact]:
        """Calls of services that handlers of what clients send make with an object."""
        for each in self._scope.parts.exchanges:
            for handler in each.handlers if each.side == "client" else ():
                for fact, kind, _ in self._scope.list_effects(self._scope.find_handler(handler)):
                    if kind == "keep" and any(tag_of(arg) == "dict" for arg in decode_arguments(fact.value)[0]):
                        yield fact

    def find_stored_key(self) -> str:
        """The computed key, where an object with it alone is stored: ``data.path`` of ``{ [data.path]: v }``."""
        for fact in self._list_storing():
            for arg in decode_arguments(fact.value)[0]:
                for part in walk_expr(arg):
                    if tag_of(part) == "dict" and len(part) == 2 and tag_of(part[1][0]) == "name":
                        return str(part[1][0][1])
        return ""

    def list_payloads(self) -> Iterator[tuple[str, Excerpt]]:
        """Schemas that handlers of what clients send check it against."""
        for each in self._scope.parts.exchanges:
            for handler in each.handlers if each.side == "client" and each.emits else ():
                path, symbol = self._scope.find_handler(handler)
                for call in self._scope.program.list_within(path, symbol, "call"):
                    owner, _, verb = call.name.rpartition(".")
                    if verb in ("parse", "safeParse", "model_validate", "validate") and owner:
                        for place in self._scope.program.resolve(path, symbol, owner)[:1]:
                            shown = self._scope.sources.excerpt(*place)
                            if shown is not None:
                                yield each.name, shown


def _read_fields(selector: Expr) -> Iterator[str]:
    """``widgets`` and ``tasks`` of ``(s) => ({ widgets: s.widgets, tasks: s.tasks })``."""
    returned: Expr = selector[1] if tag_of(selector) == "fn" and len(selector) > 1 else UNKNOWN
    if tag_of(returned) == "dict":
        yield from (str(key) for key, _ in returned[1:] if isinstance(key, str))
    elif tag_of(returned) == "name":
        yield str(returned[1]).rpartition(".")[2]


def _is_always(given: list[Expr]) -> bool:
    """Of what a ``subscribe`` is given: a selector that returns an object literal, and no comparison of its parts."""
    if not given or tag_of(given[0]) != "fn" or len(given[0]) < 2 or tag_of(given[0][1]) != "dict":
        return False
    options = dict(walk_pairs(given[2])) if len(given) > 2 else {}
    equality = options.get("equalityFn", ["name", "Object.is"])
    return bool(equality == ["name", "Object.is"])


def _short(name: str) -> str:
    return f"{name.rpartition('.')[2]}()"
