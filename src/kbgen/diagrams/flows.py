"""The named flows: a request to an agent, data to a dashboard, a person's approval; and a trace from any entry.

Each is a chain of scenes (who asks, what an agent may do, what crosses a wire, who answers) that are looked for in
the facts; a scene without facts is left out, so a repository without approvals has no approval flow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal

from kbgen.diagrams.mesh import Mesh, MeshEdge
from kbgen.diagrams.parts import Part
from kbgen.diagrams.trace import Story, Tracer
from kbgen.errors import UsageError
from kbgen.join.http import HttpMatch
from kbgen.join.keys import match_keys
from kbgen.join.program import Place
from kbgen.model import Diagram, DiagramNode, Evidence, Fact, Liveness
from kbgen.patterns import LazyPattern

TITLES = {
    "a2a-request-flow": "A2A request flow",
    "dashboard-data-flow": "Dashboard data flow",
    "hitl-approval-flow": "Human approval flow",
}
_STATE_WORDS = LazyPattern(
    r"state|snapshot|delta|loading|progress|emit|render|widget|dashboard|sync|stream|publish|gather|collect|aggregate",
    re.I,
)
_APPROVAL_WORDS = LazyPattern(r"approv|reject|confirm|hitl|human|escalat|interrupt|consent|review_?decision", re.I)
_DECISION_WORDS = LazyPattern(
    r"(?<![a-z])(?:approve|reject|confirm|decline|decide|decision|verdict|respond|resolve|resume|cancel)(?![a-z])", re.I
)
_LOOKUP_WORDS = LazyPattern(r"^(?:get|find|lookup|resolve|load|render)\w*(?:widget|component|layout|view|card)", re.I)
_WAIT_NAME = LazyPattern(r"^_?(?:wait|await|block)(?:_|[A-Z]|$)|_until_|[a-z]AndWait$", re.I)
_GATE_WORDS = LazyPattern(r"hitl|approv|confirm|human|guard(?:ed)?_?tool|interrupt|consent", re.I)
_NOTIFY_WORDS = LazyPattern(r"notify|resolve|set_result|approv|reject|complete|resume|process|dispatch|handle", re.I)
_LEVEL_WORDS = LazyPattern(r"approv|reject|confiden|level|threshold|pending|hitl|human|audit|execut|risk|polic", re.I)

Cross = Callable[[Story, Place, Fact, int], None]


class Flows:
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

    def draw(self, name: str, level: Literal["overview", "detail"] = "detail") -> Diagram:
        story = Story()
        makers = {
            "a2a-request-flow": self._tell_request,
            "dashboard-data-flow": self._tell_dashboard,
            "hitl-approval-flow": self._tell_approval,
        }
        makers[name](story)
        return self._finish(story, name, TITLES[name], level)

    def draw_from(self, entry: str, level: Literal["overview", "detail"] = "detail") -> Diagram:
        """A trace from any component, route or agent. Raises UsageError when nothing, or too much, has that name."""
        story = Story()
        places = self._find_entry(entry)
        part = self.parts.all.get(entry) or self.parts.all.get(self.parts.find_by_alias(entry))
        if part is not None and part.fact is not None:
            for tool in part.tools:
                self._enter_tool(story, part, tool)
        else:
            for place in places:
                self.tracer.follow(story, place, self._lead_anywhere(), cross=self._cross)
        return self._finish(
            story, f"from-{re.sub(r'[^a-z0-9]+', '-', entry.lower()).strip('-')}", f"From {entry}", level
        )

    def _finish(self, story: Story, name: str, title: str, level: Literal["overview", "detail"]) -> Diagram:
        used = {end for m in story.messages for end in (m.source, m.target)}
        nodes = tuple(sorted((lane for lane in story.lanes.values() if lane.id in used), key=lambda n: n.id))
        folded = (f"{story.cut} further messages left out",) if story.cut else ()
        return Diagram(name, title, "sequence", level, nodes, (), tuple(story.messages), folded)

    def _find_entry(self, entry: str) -> list[Place]:
        """A route (``GET /tasks``), a qualified symbol, a component or a function of that name."""
        routes = [r for r in self.system.routes if entry in (r.name, r.attr("path"))]
        if routes:
            return [handler for r in routes[:1] if (handler := self._find_handler(r)) is not None]
        found = [
            (fact.path, fact.symbol)
            for fact in self.program.list_facts("symbol")
            if entry in (fact.symbol, fact.name, f"{fact.path}::{fact.symbol}")
            and fact.attr("kind") in ("function", "method", "component", "hook", "class")
        ]
        if self.parts.find_by_alias(entry) or entry in self.parts.all:
            return []
        if not found:
            raise UsageError(
                f"nothing here is called {entry!r}",
                "name a component, a route (`GET /path`), an agent, or PATH::SYMBOL",
            )
        if len(found) > 1:
            named = ", ".join(f"{path}::{symbol}" for path, symbol in sorted(found)[:3])
            raise UsageError(f"{entry!r} names {len(found)} definitions: {named}", "name one of them as PATH::SYMBOL")
        return found

    # ------------------------------------------------------------------------------------- A2A request

    def _tell_request(self, story: Story) -> None:
        entered = self._enter_from_frontend(story)
        callers = self._rank_callers()
        if entered:
            mounted = [p for p in callers if p.id in entered]
            callers = mounted or callers
        for part in callers[:1] if entered else callers[:2]:
            self._tell_agent(story, part)
            self._tell_rendering(story, part)

    def _enter_from_frontend(self, story: Story) -> set[str]:
        """A provider in the browser posts to the service that mounts an agent; the agents entered so."""
        entered: set[str] = set()
        for fact in self.system.by_kind.get("endpoint_use", ()):
            own = self._unit(fact.path)
            for (source, target, _), edge in sorted(self.mesh.edges.items()):
                if source != own or self._proof(fact) not in edge.evidence:
                    continue
                part = self.parts.all.get(target)
                if part is None:
                    entered |= self._enter_endpoint(story, fact, target, edge)
                    continue
                path = next((label for label in edge.labels if label.startswith("/")), "")
                lane = self._lane((fact.path, fact.symbol))
                self.tracer.say(
                    story, lane, self._box(part), f"POST {path}".strip(), list(edge.evidence)[:3],
                    state="live" if edge.certain else "guess", why=edge.why,
                )  # fmt: skip
                entered |= self._enter_agents(story, part, path)
        return entered

    def _enter_endpoint(self, story: Story, fact: Fact, target: str, edge: MeshEdge) -> set[str]:
        """The provider posts to a route of its own app, which may hand on to the service of the agents."""
        route = self.mesh.endpoints.get(target)
        handler = self._find_handler(route) if route is not None else None
        if route is None or handler is None:
            return set()
        source, lane = self._lane((fact.path, fact.symbol)), self._lane(handler)
        self.tracer.say(story, source, lane, f"POST {target}", list(edge.evidence)[:3])
        entered: set[str] = set()
        for match in self.system.matches_by_place.get(handler, ()):
            unit = self._unit(match.route.path) if match.route is not None else ""
            if match.route is None or unit in ("", self._unit(fact.path)):
                continue
            path = match.route.attr("path")
            evidence = [self._proof(match.call), self._proof(match.route)]
            label = f"{match.route.attr('method')} {path}"
            self.tracer.say(story, lane, self._box(self.parts.all[unit]), label, evidence)
            entered |= self._enter_agents(story, self.parts.all[unit], path) or self._enter_served(story, match.route)
        return entered

    def _enter_served(self, story: Story, route: Fact) -> set[str]:
        """The agents that the file of a route makes or is handed."""
        unit = self.parts.all[self._unit(route.path)]
        found = [
            p for p in self.parts.all.values() if any(path == route.path for path, _ in p.region) and p.fact is not None
        ]
        for part in found[:1]:
            evidence = [self._proof(route), *part.evidence[:1]]
            self.tracer.say(story, self._box(unit), self._box(part), "run", evidence, depth=1)
        return {part.id for part in found[:1]}

    def _enter_agents(self, story: Story, unit: Part, path: str) -> set[str]:
        """The agents that a service mounts, those at `path` where paths are known."""
        inside = [p for p in self.parts.all.values() if p.fact is not None and p.unit == unit.id and p.mounts]
        fitting = [p for p in inside if path and path in p.details] or [
            p for p in inside if any(_MOUNT.search(f.name) for f in p.mounts)
        ]
        for part in fitting[:3]:
            mounts = [f for f in part.mounts if _MOUNT.search(f.name)] or part.mounts
            evidence = [self._proof(f) for f in mounts[:2]] + part.evidence[:1]
            self.tracer.say(story, self._box(unit), self._box(part), "run", evidence, depth=1)
        return {part.id for part in fitting[:3]}

    def _rank_callers(self) -> list[Part]:
        """Agents and teams that call other agents, the one that calls most first."""
        counts: dict[str, set[str]] = {}
        for source, target, kind in self.mesh.edges:
            if kind == "a2a" and self.parts.all[source].fact is not None:
                counts.setdefault(source, set()).add(target)
        live = [key for key in counts if self.mesh.is_live(self.parts.all[key])] or list(counts)
        return [self.parts.all[key] for key in sorted(live, key=lambda k: (-len(counts[k]), k))]

    def _tell_agent(self, story: Story, part: Part) -> None:
        """The model picks a tool; the tool that calls most agents is told, the others are named."""
        boundary = {(f.path, f.symbol) for f in self.system.by_kind.get("agent_call", ())}
        leading = self.tracer.find_leading(boundary)
        tools = [tool for tool in part.tools if tool in leading]
        if not tools:
            for place in part.region:
                self.tracer.follow(story, place, self._lead_anywhere(), cross=self._cross)
            return
        tools.sort(key=lambda t: (-len(self._find_called(t)), part.tools.index(t)))
        self._enter_tool(story, part, tools[0], others=len(part.tools) - 1)

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

    # -------------------------------------------------------------------------------------- crossing

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
            for key in _keys_of(offer):
                by_key.setdefault(key, []).append(offer)
        found: dict[Fact, None] = {}
        for match in match_keys(by_key, _keys_of(fact)):
            found.update(dict.fromkeys(by_key[match.provide]))
        return list(found)

    # ------------------------------------------------------------------------------------- dashboard

    def _tell_dashboard(self, story: Story) -> None:
        """A page mounts a component that listens to an agent's state; the agent's tools feed it; a store bounds it."""
        hooks = [
            (fact, part)
            for fact in self.system.by_kind.get("hook", ())
            if fact.attr("role") == "uses" and (part := self._find_hooked(fact)) is not None
        ]
        if not hooks:
            self._tell_fetching(story)
            return
        told: set[str] = set()
        for fact, part in hooks:
            if part.id in told:
                continue
            told.add(part.id)
            place = (fact.path, fact.symbol)
            lane = self._lane(place)
            components = self._tell_mounting(story, place)
            self._tell_page(story, self._unit(fact.path))
            evidence = [self._proof(fact), *part.evidence[:1]]
            self.tracer.say(
                story, lane, self._box(part), f"state of {fact.name or part.label}", evidence, kind="event", depth=1
            )
            self._tell_feeding(story, part, lane, fact)
            words = self._find_named(_STATE_WORDS, self._unit(fact.path))
            stores = {(f.path, f.name or f.symbol) for f in self.system.by_kind.get("state_store", ())}
            leading = self.tracer.find_leading(words | stores, 2)
            story.visited.discard(place)
            self.tracer.follow(story, place, leading, depth=2, hops=1)
            lookups = self.tracer.find_leading(self._find_named(_LOOKUP_WORDS, self._unit(fact.path)), 0)
            for component in components:
                story.visited.discard(component)
                self.tracer.follow(story, component, lookups, depth=2, hops=1)
            self._tell_rendering(story, part)

    def _find_hooked(self, fact: Fact) -> Part | None:
        """The agent whose state a hook asks for by name."""
        for text in (*self.mesh.fold_attr(fact, "label"), fact.name):
            found = self.parts.find_by_alias(text)
            if found:
                return self.parts.all[found]
        return None

    def _list_frontend_tools(self) -> list[Fact]:
        return [f for f in self.system.by_kind.get("hook", ()) if f.attr("hook") in _TOOL_HOOKS]

    def _tell_mounting(self, story: Story, place: Place) -> list[Place]:
        """The way from a page to the hook: what renders or calls what; the components on it."""
        unit = self._unit(place[0])
        reach = self.system.reach
        starts = [path for path in reach.starts if self._unit(path) == unit]
        roots = [root for root in reach.find_roots(starts) if root[1]]
        components: list[Place] = []
        chain = self.tracer.find_chain(roots, place)
        for edge in chain:
            source = (edge.fact.path, edge.fact.symbol)
            label = f"<{edge.target[1]}>" if edge.how == "render" else f"{edge.target[1].rpartition('.')[2]}()"
            kind = "render" if edge.how == "render" else "call"
            evidence = self.tracer.find_evidence(edge)
            self.tracer.say(story, self._lane(source), self._lane(edge.target), label, evidence, kind=kind)
            if edge.target != place:
                components.append(edge.target)
        return components[::-1]

    def _tell_feeding(self, story: Story, part: Part, hook: DiagramNode, fact: Fact) -> None:
        """The tool that touches state most, and the state that comes back."""
        unit = part.unit
        words = self._find_named(_STATE_WORDS, unit) | {
            (f.path, f.symbol) for f in self.system.by_kind.get("agent_call", ())
        }
        leading = self.tracer.find_leading(words, 6)
        ranked = sorted(
            (tool for tool in part.tools if tool in leading),
            key=lambda t: (-self._count_state_steps(t), part.tools.index(t)),
        )
        for tool in ranked[:1]:
            symbol = self.program.get_symbol(tool)
            if symbol is None:
                continue
            lane = self._lane(tool)
            why = f"the model picks one of {len(part.tools)} tools"
            evidence = [part.evidence[0], self._proof(symbol)]
            self.tracer.say(
                story,
                self._box(part),
                lane,
                f"agent decides: {symbol.name}()",
                evidence,
                kind="decides",
                why=why,
                depth=1,
            )
            narrow = {place: far for place, far in leading.items() if far <= 2}
            self.tracer.follow(story, tool, narrow, cross=None, depth=2, lane=lane)
            emitters = [m for m in story.messages if _EMITTER.search(m.target.rpartition("::")[2])]
            source = story.lanes[emitters[-1].target] if emitters else lane
            evidence = [*(emitters[-1].evidence if emitters else ()), self._proof(fact)]
            self.tracer.say(story, source, hook, "state", evidence, kind="event", depth=1)

    def _count_state_steps(self, tool: Place) -> int:
        steps = self.tracer.find_steps(tool)
        return sum(
            bool(_STATE_WORDS.search(s.target[1].rpartition(".")[2]) or _STATE_WORDS.search(s.fact.name)) for s in steps
        )

    def _find_named(self, words: LazyPattern[str], unit: str) -> set[Place]:
        """Functions, methods and stores of a unit whose own name says what the flow is about."""
        found = set()
        for fact in self.program.list_facts("symbol"):
            telling = fact.attr("kind") in _CODE_KINDS and words.search(fact.name)
            if telling and self._unit(fact.path) == unit:
                found.add((fact.path, fact.symbol))
        return found

    def _tell_page(self, story: Story, unit: str) -> None:
        """What the page that is called a dashboard fetches, a few steps of it."""
        wired = {(m.call.path, m.call.symbol) for m in self.system.matches if m.route is not None}
        leading = self.tracer.find_leading(wired, 5)
        pages = [
            (fact.path, fact.symbol)
            for fact in self.system.routes
            if fact.attr("kind") == "page" and "dashboard" in fact.attr("path").lower()
        ]
        pages = [place for place in pages if place in leading and (not unit or self._unit(place[0]) == unit)]
        limit, story.limit = story.limit, min(story.limit, len(story.messages) + _PAGE_STEPS)
        for place in sorted(pages, key=lambda p: (len(p[0]), p))[:1]:
            self.tracer.follow(story, place, leading, cross=self._cross, hops=6)
        story.limit = limit

    def _tell_fetching(self, story: Story) -> None:
        """No agent state is listened to: what the page itself fetches."""
        self._tell_page(story, "")

    # -------------------------------------------------------------------------------------- approval

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


def _keys_of(fact: Fact) -> list[str]:
    return [value for name, value in fact.attrs if name == "key"]


_CODE_KINDS = frozenset({"function", "method", "hook", "component", "const"})
_PAGE_STEPS = 20
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
_HUMAN_HOOKS = frozenset({"useHumanInTheLoop", "useLangGraphInterrupt", "useInterrupt"})
_MOUNT = LazyPattern(r"interface|mount|agui|ag_ui|a2a|serve|runtime|endpoint|router|app", re.I)
_RUN = LazyPattern(
    r"(?:^|\.)(?:a?run|ainvoke|invoke|run_async|kickoff|generate|stream|astream|arun|handle_a2a_task|execute)$"
)
_EMITTER = LazyPattern(r"emit|publish|broadcast|stream|notif", re.I)


def find_flow(name: str) -> str:
    """The canonical name of a flow. Raises UsageError for any other."""
    if name not in TITLES:
        raise UsageError(f"no flow is called {name!r}", "flows: " + ", ".join(TITLES))
    return name
