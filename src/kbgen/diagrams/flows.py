"""The named flows: a request to an agent, data to a dashboard, a person's approval; and a trace from any entry.

Each is a chain of scenes (who asks, what an agent may do, what crosses a wire, who answers) that are looked for in
the facts; a scene without facts is left out, so a repository without approvals has no approval flow.
"""

from __future__ import annotations

import re
from typing import Literal

from kbgen.diagrams.flow_approval import ApprovalFlow
from kbgen.diagrams.flow_dashboard import DashboardFlow
from kbgen.diagrams.flow_request import RequestFlow
from kbgen.diagrams.trace import Story
from kbgen.errors import UsageError
from kbgen.join.program import Place
from kbgen.model import Diagram

TITLES = {
    "a2a-request-flow": "A2A request flow",
    "dashboard-data-flow": "Dashboard data flow",
    "hitl-approval-flow": "Human approval flow",
}


class Flows(RequestFlow, DashboardFlow, ApprovalFlow):
    """The flows of one mesh."""

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
