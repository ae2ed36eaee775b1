"""What all flows share: crossing from a call to its route, from an event to its handlers, from an agent to a tool."""

from __future__ import annotations

import re

from kbgen.diagrams.mesh import Mesh
from kbgen.diagrams.parts import Part
from kbgen.diagrams.trace import Story, Tracer
from kbgen.join.http import HttpMatch
from kbgen.join.keys import match_keys
from kbgen.join.program import Place
from kbgen.model import DiagramNode, Evidence, Fact, Liveness
from kbgen.patterns import LazyPattern

_LOOKUP_WORDS = LazyPattern(r"^(?:get|find|lookup|resolve|load|render)\w*(?:widget|component|layout|view|card)", re.I)
_CODE_KINDS = frozenset({"function", "method", "hook", "component", "const"})
_TOOL_HOOKS = frozenset(
    {
        "useCopilotAction",
        "useFrontendTool",
        "useHumanInTheLoop",
        "useRenderToolCall",
        "useAssistantTool",
        "useInterrupt",
    }
)
_RUN = LazyPattern(
    r"(?:^|\.)(?:a?run|ainvoke|invoke|run_async|kickoff|generate|stream|astream|arun|handle_a2a_task|execute)$"
)


class FlowSteps:
    """A mesh, and the steps that a trace takes beyond local calls."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.system = mesh.system
        self.program = mesh.system.program
        self.parts = mesh.parts
        self.tracer = Tracer(mesh)
        self._unit = mesh.system.units.find_unit
        self._proof = mesh.system.program.make_evidence
        self._lane = self.tracer.find_lane
        self._box = self.tracer.make_lane
        self._anywhere: dict[Place, int] | None = None

    def _lead_anywhere(self) -> dict[Place, int]:
        if self._anywhere is None:
            boundary: set[Place] = set()
            for match in self.system.matches:
                if match.route is not None or match.verdict == "dangling":
                    boundary.add((match.call.path, match.call.symbol))
            for kind in ("agent_call", "event_emit", "socket_emit", "queue_add"):
                boundary |= {(f.path, f.symbol) for f in self.system.by_kind.get(kind, ())}
            boundary |= set(self.parts.stops)
            self._anywhere = self.tracer.find_leading(boundary)
        return self._anywhere

    def _cross(self, story: Story, place: Place, fact: Fact, depth: int) -> None:
        if fact.kind == "client_call":
            match = next(m for m in self.system.matches_by_place[place] if m.call is fact)
            self._cross_http(story, place, match, depth)
        elif fact.kind == "agent_call":
            target = self.parts.find_by_alias(fact.name)
            if target:
                story.agents.add(target)
        elif fact.kind in ("event_emit", "socket_emit", "queue_add"):
            self._cross_event(story, place, fact, depth)

    def _cross_http(self, story: Story, place: Place, match: HttpMatch, depth: int) -> None:
        call, route = match.call, match.route
        source = self._lane(place)
        label = f"{call.attr('method')} {call.attr('path') or call.attr('url')}".strip()
        if route is None:
            if match.verdict == "dangling":
                units = [a.unit for a in self.system.resolve(call.attr("base"), call.path) if a.unit]
                for unit in units[:1]:
                    lane = self.tracer.find_unit_lane(unit)
                    evidence = [self._proof(call)]
                    self.tracer.say(story, source, lane, label, evidence, kind="broken", why=match.why, depth=depth)
            return
        unit = self._unit(route.path)
        if not unit:
            return
        label = f"{route.attr('method')} {route.attr('path')}"
        lane = self.tracer.find_unit_lane(unit)
        state: Liveness = "live" if match.confidence >= 0.7 else "guess"
        evidence = [self._proof(call), self._proof(route)]
        if not self.tracer.say(
            story, source, lane, label, evidence, state=state, why=match.why if state == "guess" else "", depth=depth
        ):
            return
        self._handle(story, lane, route, depth + 1)
        answer = self._find_answer(route)
        returned = [*answer, self._proof(call)]
        self.tracer.say(story, lane, source, "response", returned, kind="return", depth=depth, again=True)

    def _handle(self, story: Story, lane: DiagramNode, route: Fact, depth: int) -> None:
        """Middleware first, then the handler."""
        unit = self._unit(route.path)
        for fact in self.system.by_kind.get("middleware", ()):
            if self._unit(fact.path) != unit or fact.attr("role") != "uses" or fact.attr("what") == "decorator":
                continue
            for target in self.program.resolve(fact.path, fact.symbol, fact.name.strip("{}")):
                symbol = self.program.get_symbol(target)
                if symbol is None:
                    continue
                inner = next(
                    (
                        m
                        for m in ("dispatch", "__call__", "use")
                        if self.program.get_symbol((target[0], f"{target[1]}.{m}"))
                    ),
                    "",
                )
                member = self.program.get_symbol((target[0], f"{target[1]}.{inner}")) if inner else None
                evidence = [self._proof(f) for f in (fact, member or symbol)]
                label = f"{inner or symbol.name}()"
                self.tracer.say(story, lane, self._lane(target), label, evidence, depth=depth)
        handler = self._find_handler(route)
        if handler is None:
            return
        own = self._lane(handler)
        if self.program.get_symbol(handler) is None:
            return
        same_file = own.id == handler[0]
        shown = lane if same_file else own
        definition = self.program.get_symbol(handler)
        assert definition is not None
        evidence = [self._proof(route), self._proof(definition)]
        self.tracer.say(story, lane, shown, f"{handler[1].rpartition('.')[2]}()", evidence, depth=depth)
        self.tracer.follow(story, handler, self._lead_anywhere(), cross=self._cross, depth=depth + 1, lane=shown)
        self._run_agents(story, handler, shown, depth + 1)

    def _run_agents(self, story: Story, handler: Place, lane: DiagramNode, depth: int) -> None:
        """A handler that runs whichever agent the path names: `run` on an adapter or agent got by ID."""
        reached = self.system.reach.walk([handler])
        runs = [
            fact
            for place in reached
            for fact in self.program.list_within(place[0], place[1], "call")
            if _RUN.search(fact.name)
        ]
        for key in sorted(story.agents):
            part = self.parts.all[key]
            if runs and part.unit == self._unit(handler[0]):
                evidence = [self._proof(f) for f in runs[:2]] + part.evidence[:1]
                self.tracer.say(story, lane, self._box(part), "run", evidence, depth=depth)
        self._tell_specialist(story, depth + 1)

    def _tell_specialist(self, story: Story, depth: int) -> None:
        """What one of the agents that were called does in turn: the first tool that asks another service."""
        wired = {
            (m.call.path, m.call.symbol) for m in self.system.matches if m.route is not None and m.confidence >= 0.7
        }
        leading = self.tracer.find_leading(wired, 6)
        for key in sorted(story.agents):
            part = self.parts.all[key]
            tools = [tool for tool in part.tools if tool in leading and tool not in story.visited]
            if not tools:
                continue
            fact = self.program.get_symbol(tools[0])
            lane = self._lane(tools[0])
            if fact is None:
                continue
            evidence = [part.evidence[0], self._proof(fact)]
            why = f"the model picks one of {len(part.tools)} tools" if len(part.tools) > 1 else ""
            label = f"agent decides: {fact.name}()"
            self.tracer.say(story, self._box(part), lane, label, evidence, kind="decides", why=why, depth=depth)
            self.tracer.follow(story, tools[0], leading, cross=self._cross, depth=depth + 1, lane=lane, hops=6)
            return

    def _find_handler(self, route: Fact) -> Place | None:
        text = route.attr("handler")
        if "::" in text:
            path, _, symbol = text.partition("::")
            return (path, symbol)
        return (route.path, route.symbol) if route.symbol else None

    def _find_answer(self, route: Fact) -> list[Evidence]:
        handler = self._find_handler(route)
        if handler is None:
            return [self._proof(route)]
        rows = self.program.list_within(handler[0], handler[1], "return")
        return [self._proof(rows[-1] if rows else route)]

    def _cross_event(self, story: Story, place: Place, fact: Fact, depth: int) -> None:
        source = self._lane(place)
        for handler in self._find_handlers(fact)[:4]:
            target = (handler.path, handler.symbol)
            lane = self._lane(target)
            evidence = [self._proof(fact), self._proof(handler)]
            if self.tracer.say(story, source, lane, fact.name, evidence, kind="event", depth=depth):
                self.tracer.follow(story, target, self._lead_anywhere(), cross=self._cross, depth=depth + 1, lane=lane)

    def _find_handlers(self, fact: Fact) -> list[Fact]:
        """Who handles what is emitted: the same key on the same bus."""
        handle = {"event_emit": "event_handle", "socket_emit": "socket_on", "queue_add": "queue_process"}[fact.kind]
        offers = self.system.by_kind.get(handle, ())
        by_key: dict[str, list[Fact]] = {}
        for offer in offers:
            for key in keys_of(offer):
                by_key.setdefault(key, []).append(offer)
        found: dict[Fact, None] = {}
        for match in match_keys(by_key, keys_of(fact)):
            found.update(dict.fromkeys(by_key[match.provide]))
        return list(found)

    def _find_called(self, tool: Place) -> set[str]:
        reached = self.system.reach.walk([tool], self.parts.stops)
        return {
            f.name
            for place in reached
            for f in self.system.by_place.get(place, ())
            if f.kind == "agent_call" and f.name
        }

    def _enter_tool(self, story: Story, part: Part, tool: Place, others: int = 0) -> None:
        fact = self.program.get_symbol(tool)
        lane = self._lane(tool)
        if fact is None:
            return
        called = {found for name in self._find_called(tool) if (found := self.parts.find_by_alias(name))}
        story.agents |= called or {
            target for source, target, kind in self.mesh.edges if (source, kind) == (part.id, "a2a")
        }
        label = f"agent decides: {fact.name}()"
        why = f"the model picks one of {others + 1} tools" if others else "the model picks the tool"
        evidence = [part.evidence[0], self._proof(fact)]
        self.tracer.say(story, self._box(part), lane, label, evidence, kind="decides", why=why, depth=1)
        self.tracer.follow(story, tool, self._lead_anywhere(), cross=self._cross, depth=2, lane=lane)
        back = [self._proof(r) for r in self.program.list_within(tool[0], tool[1], "return")[-1:]]
        self.tracer.say(story, lane, self._box(part), "result", [*back, self._proof(fact)], kind="return", depth=1)

    def _tell_rendering(self, story: Story, part: Part) -> None:
        """A tool that the frontend declares under the same name is drawn in the browser."""
        names = {tool[1].rpartition(".")[2]: tool for tool in part.tools}
        for fact in self._list_frontend_tools():
            tool = names.get(fact.name)
            if tool is None:
                continue
            place = (fact.path, fact.symbol)
            symbol = self.program.get_symbol(tool)
            evidence = [self._proof(f) for f in (symbol, fact) if f is not None]
            evidence += self.tracer.find_values(tool)
            lane = self._lane(place)
            self.tracer.say(story, self._box(part), lane, f"{fact.name}", evidence, kind="render", depth=1)
            leading = self.tracer.find_leading(self._find_named(_LOOKUP_WORDS, self._unit(fact.path)), 0)
            story.visited.discard(place)
            self.tracer.follow(story, place, leading, depth=2, lane=lane, hops=0)

    def _list_frontend_tools(self) -> list[Fact]:
        return [f for f in self.system.by_kind.get("hook", ()) if f.attr("hook") in _TOOL_HOOKS]

    def _find_named(self, words: LazyPattern[str], unit: str) -> set[Place]:
        """Functions, methods and stores of a unit whose own name says what the flow is about."""
        found = set()
        for fact in self.program.list_facts("symbol"):
            telling = fact.attr("kind") in _CODE_KINDS and words.search(fact.name)
            if telling and self._unit(fact.path) == unit:
                found.add((fact.path, fact.symbol))
        return found


def keys_of(fact: Fact) -> list[str]:
    """The join keys of a derived fact."""
    return [value for name, value in fact.attrs if name == "key"]
