"""Agents that nothing makes, tools that no agent is given."""

from __future__ import annotations

from tests.findings.systems import find, show, worker

AGENTS = """
    from agno.agent import Agent

    def create_painter():
        return Agent(name="Painter", tools=[mix])

    def create_sleeper():
        return Agent(name="Sleeper")

    def mix(colour: str):
        return colour
"""
JOBS = """
    from agents import create_painter

    async def work():
        return create_painter()
"""


def test_an_agent_that_nothing_makes() -> None:
    found = find(worker(agents=AGENTS, jobs=JOBS), "unreached-agent")
    assert show(found) == [("dead", "Nothing that runs makes the agent `Sleeper`")]
    assert "`create_sleeper` is defined" in found[0].detail


def test_agents_that_run_are_fine() -> None:
    jobs = JOBS.replace("create_painter", "create_painter, create_sleeper", 1) + "        create_sleeper()\n"
    assert (
        find(worker(agents=AGENTS, jobs=jobs.replace("return create_painter()", "create_painter()")), "unreached-agent")
        == []
    )


TOOLS = """
    def scan(path: str):
        return path

    def clean(path: str):
        return path

    def list_cleaning_tools():
        return [scan, clean]
"""


def test_a_list_of_tools_that_no_agent_is_given() -> None:
    found = find(worker(agents=AGENTS, jobs=JOBS, cleaning=TOOLS), "unattached-tool")
    assert show(found) == [("suspect", "`list_cleaning_tools` gives 2 tools that no agent is given")]


def test_a_list_that_an_agent_is_given_is_fine() -> None:
    agents = AGENTS.replace("[mix]", "list_cleaning_tools()").replace(
        "from agno.agent import Agent", "from agno.agent import Agent\n    from cleaning import list_cleaning_tools"
    )
    assert find(worker(agents=agents, jobs=JOBS, cleaning=TOOLS), "unattached-tool") == []


HOOK = """
    import { useCopilotAction } from '@copilotkit/react-core';
    export default function Page() {
      useCopilotAction({ name: 'mix', parameters: [{ name: 'NAME', type: 'string' }], handler: () => 1 });
      return null;
    }
"""
WEB = {"web/package.json": '{"name": "web", "dependencies": {"next": "1"}}'}


def test_a_tool_with_other_parameters_than_its_function() -> None:
    files = worker(agents=AGENTS, jobs=JOBS) | WEB | {"web/src/app/page.tsx": HOOK.replace("NAME", "color")}
    found = find(files, "parameter-mismatch")
    assert show(found) == [
        ("suspect", "The tool `mix` is declared with `color`, the function of that name takes `colour`")
    ]


def test_the_same_parameters_are_fine() -> None:
    files = worker(agents=AGENTS, jobs=JOBS) | WEB | {"web/src/app/page.tsx": HOOK.replace("NAME", "colour")}
    assert find(files, "parameter-mismatch") == []


CALLING = """
    from agents import create_painter
    from a2a_client import AgentClient

    async def work():
        create_painter()
        return await AgentClient().call_agent(agent_id="{name}", task="go")
"""
CLIENT = """
    class AgentClient:
        async def call_agent(self, agent_id: str, task: str):
            return agent_id
"""


def test_an_agent_is_called_that_nothing_makes() -> None:
    files = worker(agents=AGENTS, jobs=CALLING.format(name="sleeper"), a2a_client=CLIENT)
    found = find(files, "unknown-agent")
    assert show(found) == [("broken", "`jobs.py: work` calls the agent `sleeper`, which nothing that runs makes")]


def test_an_agent_is_called_that_nothing_registers() -> None:
    files = worker(agents=AGENTS, jobs=CALLING.format(name="panter"), a2a_client=CLIENT)
    found = find(files, "unknown-agent")
    assert show(found) == [("suspect", "`jobs.py: work` calls the agent `panter`, which nothing registers")]
    assert found[0].detail == "Registered are `painter` and `sleeper`. Nearest is `painter`."


def test_a_live_agent_that_is_called_is_fine() -> None:
    files = worker(agents=AGENTS, jobs=CALLING.format(name="painter"), a2a_client=CLIENT)
    assert find(files, "unknown-agent") == []
