"""A dashboard's data: the page that mounts it, what it fetches, the agent's state, and the store that bounds it."""

from __future__ import annotations

import re

from kbgen.diagrams.flow_steps import FlowSteps
from kbgen.diagrams.parts import Part
from kbgen.diagrams.trace import Story
from kbgen.join.program import Place
from kbgen.model import DiagramNode, Fact
from kbgen.patterns import LazyPattern

_STATE_WORDS = LazyPattern(
    r"state|snapshot|delta|loading|progress|emit|render|widget|dashboard|sync|stream|publish|gather|collect|aggregate",
    re.I,
)
_LOOKUP_WORDS = LazyPattern(r"^(?:get|find|lookup|resolve|load|render)\w*(?:widget|component|layout|view|card)", re.I)
_PAGE_STEPS = 20
_EMITTER = LazyPattern(r"emit|publish|broadcast|stream|notif", re.I)


class DashboardFlow(FlowSteps):
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
