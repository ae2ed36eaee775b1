"""A request to an agent: who asks, which tool the model picks, which agents it calls, who answers."""

from __future__ import annotations

import re

from kbgen.diagrams.flow_steps import FlowSteps
from kbgen.diagrams.mesh import MeshEdge
from kbgen.diagrams.parts import Part
from kbgen.diagrams.trace import Story
from kbgen.model import Fact
from kbgen.patterns import LazyPattern

_MOUNT = LazyPattern(r"interface|mount|agui|ag_ui|a2a|serve|runtime|endpoint|router|app", re.I)


class RequestFlow(FlowSteps):
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
