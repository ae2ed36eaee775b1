"""The agent mesh in words."""

from __future__ import annotations

import pytest

from tests.pages.pages import render_page

SETTINGS = """
    from typing import List
    from pydantic import BaseModel

    class InterfaceConfig(BaseModel):
        agent_id: str
        agui_enabled: bool = False
        agui_path: str = ""
        a2a_enabled: bool = False
        a2a_path: str = ""

    INTERFACES: List[InterfaceConfig] = [
        InterfaceConfig(agent_id="desk", agui_enabled=True, agui_path="/agui", a2a_enabled=True, a2a_path="/a2a/desk"),
        InterfaceConfig(agent_id="clerk", agui_enabled=False, a2a_enabled=True, a2a_path="/a2a/clerk"),
    ]
"""
AGENTS = """
    from agno.agent import Agent
    from .tools import ask_clerk, route_to_agent

    def make_clerk():
        return Agent(name="Clerk")

    def make_ghost():
        return Agent(name="Ghost")

    def make_desk():
        return Agent(name="desk", tools=[ask_clerk, route_to_agent, *get_more_tools()])

    def get_more_tools():
        return []
"""
TOOLS = """
    from .client import DeskA2AClient

    async def ask_clerk(text: str):
        client = DeskA2AClient()
        return await client.call_agent(agent_id="clerk", task=text)

    def route_to_agent(agent_id: str, message: str):
        known_agents = ["clerk"]
        if agent_id not in known_agents:
            return {"status": "failed"}
        return {"target": agent_id, "status": "pending"}
"""
CLIENT = """
    import httpx

    class DeskA2AClient:
        AGENT_PATHS = {"clerk": "/a2a/clerk", "desk": "/a2a/desk"}

        def __init__(self):
            timeout = httpx.Timeout(connect=3.0, read=60.0)
            self._client = httpx.AsyncClient(base_url="http://localhost:9000", timeout=timeout)

        async def call_agent(self, agent_id: str, task: str):
            path = self.AGENT_PATHS[agent_id]
            return await self._client.post(f"{path}/rpc", json={"task": task}, headers={"X-Caller": "desk"})
"""
MAIN = """
    import uvicorn
    from fastapi import FastAPI, Request
    from .agents import make_clerk, make_desk
    from .registry import AgentRegistry

    app = FastAPI()
    registry = AgentRegistry()
    TEAMS = {
        "review": {"factory": make_clerk, "leader": "Ada", "members": ["Bo", "Cy"], "description": "reviews"},
        "audit": {"factory": make_clerk, "leader": "Di", "members": ["Eve", "Fay"], "description": "audits"},
    }

    @app.on_event("startup")
    async def start():
        make_desk()
        for name, config in TEAMS.items():
            team = config["factory"]()
            registry.register_team(team, override_id=name)

    @app.get("/.well-known/agent.json")
    async def card():
        return registry.list_cards()

    @app.get("/health")
    async def health():
        return {"ok": True}

    @app.post("/a2a/{agent_id}/rpc")
    async def rpc(agent_id: str, call: RpcRequest, request: Request):
        user_id = getattr(request.state, "user_id", None)
        if not user_id:
            return RpcResponse(error=RpcError(code=-32600, message="Authentication required"))
        if call.method == "run":
            return RpcResponse(result=1)
        elif call.method == "capabilities":
            return RpcResponse(result=2)
        return RpcResponse(error=RpcError(code=-32601, message="Method not found"))

    if __name__ == "__main__":
        uvicorn.run(app, host="0.0.0.0", port=9000)
"""
REGISTRY = """
    class AgentRegistry:
        def list_cards(self):
            return []

        def register_team(self, team, override_id):
            return team
"""
MESH = """
    import asyncio
    from enum import Enum

    import httpx

    class AgentHealth(str, Enum):
        UP = "up"
        DOWN = "down"

    class DiscoveryService:
        def __init__(self, health_check_timeout: float = 4.0):
            self._client = httpx.AsyncClient()

        async def check_agent_health(self, url: str):
            return await self._client.get(f"{url}/.well-known/agent.json")

        async def check_all(self, agents):
            return await asyncio.gather(*[self.check_agent_health(agent.url) for agent in agents])
"""
FILES = {
    "desk/pyproject.toml": '[project]\nname = "desk"\ndependencies = ["fastapi", "agno"]\n',
    "desk/__init__.py": "",
    "desk/settings.py": SETTINGS,
    "desk/agents.py": AGENTS,
    "desk/tools.py": TOOLS,
    "desk/client.py": CLIENT,
    "desk/registry.py": REGISTRY,
    "desk/main.py": MAIN,
    "desk/mesh/__init__.py": "",
    "desk/mesh/discovery.py": MESH,
}


@pytest.fixture(scope="module")
def page() -> str:
    return render_page("agent_mesh", FILES)


def test_a_table_of_agents_stands_with_its_paths(page: str) -> None:
    assert "| `clerk` | `a2a_path` `/a2a/clerk` | `a2a_enabled` | Clerk" in page
    assert "Only `desk` has `agui_path`." in page
    assert "[`desk/settings.py`](../../desk/settings.py) `INTERFACES`" in page


def test_teams_with_leader_members_and_registration(page: str) -> None:
    assert "| `review` | Ada | Bo, Cy |" in page
    assert "Registered with `registry.register_team`, given `override_id=name`" in page


def test_an_agent_that_nothing_makes_is_said_to_be_so(page: str) -> None:
    assert "Ghost (agent) is made by `make_ghost`, which has no caller that runs" in page


def test_who_calls_whom_and_what_only_says_so(page: str) -> None:
    assert "`ask_clerk` | `clerk` | `call_agent` | `desk/tools.py`" in page
    line = next(line for line in page.splitlines() if "makes no call" in line)
    assert "`route_to_agent`" in line
    assert "it accepts `clerk` only" in line
    assert "`status: failed`, `status: pending`" in line


def test_the_route_for_requests_with_methods_and_errors(page: str) -> None:
    assert "| `POST /a2a/{agent_id}/rpc` (JSON-RPC) | `run`, `capabilities` |" in page
    assert "| `-32600` | Authentication required |  | `not user_id` |" in page.replace("``", "")


def test_limits_in_time_of_the_client(page: str) -> None:
    assert "`DeskA2AClient`: timeouts in seconds `connect` `3.0`, `read` `60.0`" in page


def test_discovery_and_what_is_not_in_the_path(page: str) -> None:
    assert "`GET /.well-known/agent.json`" in page
    assert "No file outside `desk/mesh` imports it: no request passes through `DiscoveryService`." in page


def test_health_routes_states_and_checks(page: str) -> None:
    assert "| `GET /health` |" in page
    assert "States of `AgentHealth`: `UP`, `DOWN`." in page
    line = next(line for line in page.splitlines() if "`DiscoveryService.check_agent_health`" in line)
    assert "`health_check_timeout` `4.0`" in line
    assert "`asyncio.gather`, with no semaphore" in line
    assert "(nothing that runs leads here)" in line


def test_calls_for_approval_that_nobody_serves_and_what_nothing_calls() -> None:
    bridge = """
        import httpx

        class ApprovalBridge:
            async def create_approval(self, item):
                async with httpx.AsyncClient(base_url="http://localhost:9000") as client:
                    return await client.post("/approvals", json=item)
    """
    page = render_page("agent_mesh", {**FILES, "desk/bridge.py": bridge})
    line = next(line for line in page.splitlines() if "`POST /approvals`" in line)
    assert "desk serves no path like it" in line
    assert "(nothing that runs leads here)" in line
    assert "Nothing that runs leads to `create_approval` of `ApprovalBridge`" in page


def test_no_agents_no_page() -> None:
    assert render_page("agent_mesh", {"app/main.py": "def main():\n    return 1\n"}) == ""
