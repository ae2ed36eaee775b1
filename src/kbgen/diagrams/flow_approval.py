"""A person's approval: what is gated, who waits, where it is decided, how the news comes back."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kbgen.diagrams.flow_steps import FlowSteps
from kbgen.diagrams.trace import Story
from kbgen.join.http import HttpMatch
from kbgen.join.program import Place
from kbgen.model import DiagramNode, Fact
from kbgen.patterns import LazyPattern

_APPROVAL_WORDS = LazyPattern(r"approv|reject|confirm|hitl|human|escalat|interrupt|consent|review_?decision", re.I)
_DECISION_WORDS = LazyPattern(
    r"(?<![a-z])(?:approve|reject|confirm|decline|decide|decision|verdict|respond|resolve|resume|cancel)(?![a-z])", re.I
)
_WAIT_NAME = LazyPattern(r"^_?(?:wait|await|block)(?:_|[A-Z]|$)|_until_|[a-z]AndWait$", re.I)
_GATE_WORDS = LazyPattern(r"hitl|approv|confirm|human|guard(?:ed)?_?tool|interrupt|consent", re.I)
_NOTIFY_WORDS = LazyPattern(r"notify|resolve|set_result|approv|reject|complete|resume|process|dispatch|handle", re.I)
_LEVEL_WORDS = LazyPattern(r"approv|reject|confiden|level|threshold|pending|hitl|human|audit|execut|risk|polic", re.I)
_HUMAN_HOOKS = frozenset({"useHumanInTheLoop", "useLangGraphInterrupt", "useInterrupt"})


class ApprovalFlow(FlowSteps):
    def _tell_approval(self, story: Story) -> None:
        """A gated tool asks, somebody waits, a person decides, the news travels back."""
        self._tell_gates(story)
        waits = self._tell_waits(story)
        self._tell_decisions(story, waits)

    def _tell_gates(self, story: Story) -> None:
        """Tools behind an approval: own decorators named for it, and the browser's approval cards."""
        told: set[Place] = set()
        for fact in self.program.list_facts("decorator"):
            if not _GATE_WORDS.search(fact.name) or fact.attr("on") not in ("function", "method"):
                continue
            for gate in self.program.resolve(fact.path, "", fact.name):
                if gate in told or self.program.get_symbol(gate) is None or self.program.is_class(gate):
                    continue
                told.add(gate)
                gated = (fact.path, fact.symbol)
                symbol, maker = self.program.get_symbol(gated), self.program.get_symbol(gate)
                evidence = [self._proof(f) for f in (fact, symbol, maker) if f is not None]
                live = gated in self.system.reach.live
                self.tracer.say(
                    story, self._lane(gated), self._lane(gate), f"@{fact.name}", evidence,
                    state="live" if live else "dead", why="" if live else f"nothing that runs leads to {fact.symbol}",
                )  # fmt: skip
                unit = self._unit(gate[0])
                leading = self.tracer.find_leading(self._find_named(_LEVEL_WORDS, unit), 1)
                self.tracer.follow(story, gate, leading, depth=1)
        for fact in self._list_frontend_tools():
            if fact.attr("hook") not in _HUMAN_HOOKS:
                continue
            lane = self._lane((fact.path, fact.symbol))
            person = DiagramNode("person", "Person", "person", evidence=(self._proof(fact),))
            self.tracer.say(story, lane, person, "asks", [self._proof(fact)], kind="render", depth=1)

    def _tell_waits(self, story: Story) -> list[Place]:
        """Functions that wait for a decision, and what they wait on."""
        units = {part.unit for part in self.parts.all.values() if part.fact is not None}
        awaiting = {
            (f.path, f.symbol)
            for f in self.system.by_kind.get("sync", ())
            if f.attr("call") in ("wait_for", "wait", "Event.wait", "shield") and f.attr("awaited") == "yes"
        }
        found = []
        for fact in self.program.list_facts("symbol"):
            if fact.attr("kind") not in ("function", "method") or self._unit(fact.path) not in units:
                continue
            waiting = _WAIT_NAME.search(fact.name) or (fact.path, fact.symbol) in awaiting
            if waiting and (_APPROVAL_WORDS.search(fact.symbol) or _APPROVAL_WORDS.search(fact.path)):
                found.append((fact.path, fact.symbol))
        asking = {
            (m.call.path, m.call.symbol)
            for m in self.system.matches
            if _APPROVAL_WORDS.search(m.call.attr("path")) and m.verdict in ("matched", "dangling")
        }
        # Outermost first: what another one of them calls is told inside it.
        inner = {e.target for place in found for e in self.tracer.find_steps(place)}
        outer = [place for place in found if place not in inner] or found
        for place in outer:
            fact_ = self.program.get_symbol(place)
            assert fact_ is not None
            callers = self.program.find_callers(place)
            lane = self._lane(place)
            live = place in self.system.reach.live
            source = self._lane((callers[0].path, callers[0].symbol)) if callers else lane
            evidence = [self._proof(f) for f in (*callers[:1], fact_)]
            self.tracer.say(
                story, source, lane, f"{fact_.name}()", evidence, state="live" if live else "dead", depth=1,
                why="" if live else "nothing that runs calls it",
            )  # fmt: skip
            named = self._find_named(_APPROVAL_WORDS, self._unit(place[0]))
            leading = self.tracer.find_leading(set(found) | named, 1) | self.tracer.find_leading(asking, 3)
            self.tracer.follow(story, place, leading, cross=self._cross, depth=2, lane=lane)
        return outer

    def _tell_decisions(self, story: Story, waits: list[Place]) -> None:
        """Routes that take a decision, from the browser's call to the event that carries it."""
        routes = [
            r
            for r in self.system.routes
            if r.attr("method") in ("POST", "PUT", "PATCH", "DELETE")
            and _APPROVAL_WORDS.search(r.attr("path") + " " + r.path)
            and _DECISION_WORDS.search(r.attr("path").rpartition("/")[2] + " " + r.symbol.rpartition(".")[2])
            and self._find_handler(r) is not None
        ]
        called: dict[Fact, list[HttpMatch]] = {}
        for match in self.system.matches:
            if match.route is not None:
                called.setdefault(match.route, []).append(match)
        emits = {
            (f.path, f.symbol) for f in self.system.by_kind.get("event_emit", ()) if _APPROVAL_WORDS.search(f.name)
        }
        leading = self.tracer.find_leading(emits, 4)
        carried = [r for r in routes if self._find_handler(r) in leading]
        routes = carried or routes
        routes.sort(key=lambda r: (r not in called, r.path, r.line))
        told: set[str] = set()
        for route in routes:
            verb = route.attr("path").rpartition("/")[2]
            key = verb if not verb.startswith("{") else route.attr("method")
            if key in told or len(told) >= 3:
                continue
            told.add(key)
            self._tell_decision(story, route, called.get(route, []), leading)
        if routes:
            self._tell_news(story, waits)

    def _tell_decision(self, story: Story, route: Fact, matches: list[HttpMatch], leading: dict[Place, int]) -> None:
        handler = self._find_handler(route)
        if handler is None:
            return
        lane = self._lane(handler)
        label = f"{route.attr('method')} {route.attr('path')}"
        symbol = self.program.get_symbol(handler)
        evidence = [self._proof(f) for f in (route, symbol) if f is not None]
        if matches:
            call = matches[0].call
            source = self._lane((call.path, call.symbol))
            self.tracer.say(story, source, lane, label, [self._proof(call), *evidence], depth=1)
        else:
            person = DiagramNode("person", "Person", "person", evidence=(evidence[0],))
            self.tracer.say(story, person, lane, label, evidence, depth=1)
        self.tracer.follow(story, handler, leading, depth=2, lane=lane)

    def _tell_news(self, story: Story, waits: list[Place]) -> None:
        """The event of a decision, its handlers, the socket that carries it on, and who was waiting."""
        emits = [f for f in self.system.by_kind.get("event_emit", ()) if _APPROVAL_WORDS.search(f.name)]
        # The news of the decisions that were told, where that is known.
        told = [f for f in emits if (f.path, f.symbol) in story.visited]
        emits = told or emits
        handled: list[tuple[Fact, Fact]] = [(f, h) for f in emits for h in self._find_handlers(f)]
        handlers: list[Place] = []
        for fact, handler in handled:
            target = (handler.path, handler.symbol)
            if _APPROVAL_WORDS.search(handler.name) or _APPROVAL_WORDS.search(handler.symbol) or "*" in handler.name:
                evidence = [self._proof(fact), self._proof(handler)]
                lanes = self._lane((fact.path, fact.symbol)), self._lane(target)
                self.tracer.say(story, *lanes, fact.name, evidence, kind="event", depth=1)
                handlers.append(target)
        gateways = {place for place, owner in self.parts.stops.items() if self.parts.all[owner].kind == "gateway"}
        leading = self.tracer.find_leading(gateways, 3)
        for target in dict.fromkeys(handlers):
            if target in leading:
                self.tracer.follow(story, target, leading, depth=2, hops=2)
            self._tell_socket(story, target, waits)
        if not handlers:
            self._tell_socket(story, None, waits)

    def _tell_socket(self, story: Story, origin: Place | None, waits: list[Place]) -> None:
        """Socket events named for the decision that code reached from `origin` sends, to whoever listens."""
        listeners: dict[str, list[Fact]] = {}
        for fact in self.system.by_kind.get("socket_on", ()):
            if _APPROVAL_WORDS.search(fact.name):
                listeners.setdefault(fact.name, []).append(fact)
        if not listeners:
            return
        reached = list(self.system.reach.walk([origin])) if origin is not None else []
        for name, sender in self._find_sends(reached, set(listeners)):
            source = self._lane((sender.path, sender.symbol))
            for listener in listeners[name]:
                if self._unit(listener.path) == self._unit(sender.path):
                    continue
                target = self._find_listener(listener)
                lane = self._lane(target)
                evidence = [self._proof(sender), self._proof(listener)]
                broken = self.mesh.edges.get((self._unit(listener.path), source.id, "broken"))
                kind, why = ("broken", broken.why) if broken is not None else ("event", "")
                if self.tracer.say(story, source, lane, name, evidence, kind=kind, why=why, depth=1):
                    self._tell_resuming(story, target, lane, waits)

    def _find_sends(self, reached: Iterable[Place], names: set[str]) -> list[tuple[str, Fact]]:
        """Calls that hand a listened-for event name on, directly or by a constant."""
        found: list[tuple[str, Fact]] = []
        for place in reached:
            for call in self.program.list_within(place[0], place[1], "call"):
                if not call.value:
                    continue
                for text in self.program.fold_arguments(call):
                    if text in names:
                        found.append((text, call))
        return sorted(set(found), key=lambda s: (s[1].path, s[1].line, s[0]))

    def _find_listener(self, fact: Fact) -> Place:
        """The function that a listener registers, else the definition it is registered in."""
        handler = fact.attr("handler")
        if handler.startswith("="):
            handler = handler[1:]
        for place in self.program.resolve_argument(fact.path, fact.symbol, handler) if handler else ():
            if self.program.get_symbol(place) is not None:
                return place
        return (fact.path, fact.symbol)

    def _tell_resuming(self, story: Story, target: Place, lane: DiagramNode, waits: list[Place]) -> None:
        unit = self._unit(target[0])
        leading = self.tracer.find_leading(self._find_named(_NOTIFY_WORDS, unit), 1)
        before = len(story.messages)
        story.visited.discard(target)
        self.tracer.follow(story, target, leading, depth=2, lane=lane)
        told = {m.target for m in story.messages[before:]}
        for place in waits:
            steps = self.tracer.find_steps(place)
            inner = [e for step in steps if step.target[0] == place[0] for e in self.tracer.find_steps(step.target)]
            classes = {self._lane(e.target).id for e in (*steps, *inner)}
            shared = sorted(classes & told)
            if shared:
                fact = self.program.get_symbol(place)
                assert fact is not None
                source = story.lanes[shared[0]]
                evidence = [self._proof(fact)]
                self.tracer.say(story, source, self._lane(place), "decision", evidence, kind="return", depth=1)
