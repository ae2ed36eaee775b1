"""What pages ask of a subject's code."""

from __future__ import annotations

from kbgen.pages.shared.subject import Reached
from tests.pages.pages import make_sources

APP = """
    from fastapi import FastAPI

    from agents import make_writer

    app = FastAPI()


    @app.get("/health")
    async def health():
        return {"status": "ok", "writer": make_writer()}
"""
AGENTS = """
    from agno.agent import Agent


    def make_writer():
        return Agent(name="writer")
"""
DISCOVERY = """
    import httpx


    class AgentDiscovery:
        async def scan(self, url):
            async with httpx.AsyncClient() as client:
                return await client.get(f"{url}/.well-known/agent.json")

        async def start(self):
            return await self.scan("http://localhost:9000")


    def get_discovery():
        return AgentDiscovery()
"""
FILES = {"yard/app.py": APP, "yard/agents.py": AGENTS, "yard/discovery.py": DISCOVERY}


def test_a_part_that_nothing_uses_is_dead_with_its_methods() -> None:
    sources = make_sources(FILES)
    assert "unreached-part" in {f.kind for f in sources.findings}
    reached = Reached(sources)
    assert reached.is_dead("yard/discovery.py", "AgentDiscovery")
    assert reached.is_dead("yard/discovery.py", "AgentDiscovery.start")
    assert not reached.is_dead("yard/agents.py", "make_writer")
    assert not reached.is_dead("yard/app.py", "health")
    assert not reached.is_dead("yard/discovery.py", "")


def test_a_part_that_a_route_uses_is_not() -> None:
    app = APP.replace("from agents", "from discovery import get_discovery\n    from agents")
    app = app.replace("        return {", "        await get_discovery().start()\n        return {")
    sources = make_sources(FILES | {"yard/app.py": app})
    assert "unreached-part" not in {f.kind for f in sources.findings}
    reached = Reached(sources)
    assert not reached.is_dead("yard/discovery.py", "AgentDiscovery")
    assert not reached.is_dead("yard/discovery.py", "AgentDiscovery.start")
