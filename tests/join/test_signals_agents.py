"""Agents, teams, tools, registries, cards, calls of agents, endpoints, MCP servers: what the shipped rules find."""

from __future__ import annotations

import pytest

from tests.join.signals import derive, keys_of, python, script, show

# ------------------------------------------------------------------------------------------- agents


@pytest.mark.parametrize(
    ("source", "framework"),
    [
        ("from agno.agent import Agent\nAgent(name='Ada')", "agno"),
        ("import agno.agent\nagno.agent.Agent(name='Ada')", "agno"),
        ("from langgraph.prebuilt import create_react_agent\ncreate_react_agent(model, [], name='Ada')", "langgraph"),
        ("from langchain.agents import create_agent\ncreate_agent(model='m', name='Ada')", "langgraph"),
        ("from crewai import Agent\nAgent(role='Ada', goal='g')", "crewai"),
        ("from google.adk.agents import LlmAgent\nLlmAgent(name='Ada')", "google-adk"),
        ("from google.adk.agents.llm_agent import Agent\nAgent(name='Ada')", "google-adk"),
        ("from agents import Agent\nAgent(name='Ada')", "openai-agents"),
        ("from autogen_agentchat.agents import AssistantAgent\nAssistantAgent('Ada', model_client=m)", "autogen"),
        ("from semantic_kernel.agents import ChatCompletionAgent\nChatCompletionAgent(name='Ada')", "semantic-kernel"),
        ("from pydantic_ai import Agent\nAgent('openai:gpt-4o', name='Ada')", "pydantic-ai"),
        ("from smolagents import CodeAgent\nCodeAgent(name='Ada')", "other"),
    ],
)
def test_agents_of_python_frameworks(source: str, framework: str) -> None:
    assert python(source, "agent", "label", "framework") == [("Ada", "Ada", framework)]


@pytest.mark.parametrize(
    ("source", "framework"),
    [
        ("import { Agent } from '@mastra/core/agent'\nexport const a = new Agent({ name: 'Ada' })", "mastra"),
        ("import { Agent } from '@openai/agents'\nconst a = new Agent({ name: 'Ada' })", "openai-agents"),
        ("import { LlmAgent } from '@google/adk'\nconst a = new LlmAgent({ name: 'Ada' })", "google-adk"),
        (
            "import { createReactAgent } from '@langchain/langgraph/prebuilt'\n"
            "const a = createReactAgent({ llm, tools: [], name: 'Ada' })",
            "langgraph",
        ),
    ],
)
def test_agents_of_typescript_frameworks(source: str, framework: str) -> None:
    assert script(source, "agent", "framework") == [("Ada", framework)]


@pytest.mark.parametrize(
    "source",
    [
        "from insurance import Agent\nAgent(name='Ada')",
        "class Agent: pass\nAgent(name='Ada')",
        "Agent(name='Ada')",
        "from agno.agent import Agent\nclass Other: pass\nOther(name='Ada')",
    ],
)
def test_an_agent_of_no_known_framework_is_none(source: str) -> None:
    assert python(source, "agent") == []


def test_a_package_of_the_project_that_is_called_agents_is_not_the_framework() -> None:
    files = {"agents/__init__.py": "class Agent: pass\n", "main.py": "from agents import Agent\nAgent(name='Ada')\n"}
    assert derive(files, "agent") == []


def test_an_agent_keeps_what_it_is_made_of() -> None:
    source = """
        from agno.agent import Agent
        from agno.models.anthropic import Claude

        def make_ada():
            ada = Agent(name="Ada", role="Guide", model=Claude(id="m-1"), tools=[find, *more()])
            return ada
    """
    (agent,) = derive({"svc/code.py": source}, "agent")
    assert (agent.symbol, agent.line) == ("make_ada", 6)
    assert agent.attr("role") == "provides"
    assert agent.attr("agent_role") == "Guide"
    assert agent.attr("model") == '=["call","Claude",[],{"id":"m-1"}]'
    assert agent.attr("tools") == '=["list",["name","find"],["spread",["call","more",[],{}]]]'
    assert agent.attr("target") == "ada"
    assert keys_of(agent) == ["agent:Ada"]
    assert python(source, "model", "provider") == [("m-1", "Claude")]


def test_an_agent_whose_name_is_not_known_has_no_key() -> None:
    (agent,) = derive({"a.py": "from agno.agent import Agent\ndef make(name):\n    x = Agent(name=name)\n"}, "agent")
    assert agent.name == "x"
    assert keys_of(agent) == []


@pytest.mark.parametrize(
    ("source", "members"),
    [
        ("from agno.team import Team\nTeam(name='T', members=[a, b])", '=["list",["name","a"],["name","b"]]'),
        (
            "from google.adk.agents import SequentialAgent\nSequentialAgent(name='T', sub_agents=[a])",
            '=["list",["name","a"]]',
        ),
        ("from crewai import Crew\nT = Crew(agents=[a], tasks=[])", '=["list",["name","a"]]'),
        (
            "from autogen_agentchat.teams import RoundRobinGroupChat\nT = RoundRobinGroupChat([a])",
            '=["list",["name","a"]]',
        ),
    ],
)
def test_teams_and_their_members(source: str, members: str) -> None:
    assert python(source, "team", "members") == [("T", members)]


def test_a_graph_with_nodes_and_edges() -> None:
    source = """
        from langgraph.graph import StateGraph

        builder = StateGraph(State)
        builder.add_node("plan", plan_step)
        builder.add_edge("plan", "act")
    """
    assert python(source, "workflow", "framework") == [("builder", "langgraph")]
    assert python(source, "agent_node", "does", "graph") == [("plan", '=["name","plan_step"]', "svc/code.py::builder")]
    assert python(source, "agent_edge", "source", "target") == [("plan", "plan", "act")]


# ------------------------------------------------------------------------------------------- tools


def test_tools_by_decorator_and_constructor() -> None:
    source = """
        from agno.tools import tool
        from langchain_core.tools import StructuredTool

        @tool
        def find_parts(query: str, limit: int = 5): ...

        @tool(name="buy_part", requires_confirmation=True)
        def buy(part): ...

        other = StructuredTool.from_function(func=sell, name="sell_part")
    """
    assert python(source, "tool", "function", "params", "approval") == [
        ("find_parts", "find_parts", "query, limit=5", ""),
        ("buy_part", "buy", "", "true"),
        ("sell_part", '=["name","sell"]', "", ""),
    ]


def test_tools_in_typescript() -> None:
    source = (
        "import { tool } from 'ai'\nimport { tool as lc } from '@langchain/core/tools'\n"
        "export const weather = tool({ description: 'd', execute: run })\n"
        "export const find = lc(search, { name: 'find_part' })\n"
    )
    assert script(source, "tool", "description") == [("weather", "d"), ("find_part", "")]


def test_a_search_tool_of_a_library() -> None:
    source = "from agno.tools.duckduckgo import DuckDuckGoTools\ntools = [DuckDuckGoTools()]"
    assert python(source, "external_tool", "what") == [("DuckDuckGoTools", "search")]


# ------------------------------------------------------------------------------------------- registries and cards


def test_a_registry_of_paths() -> None:
    source = 'class Client:\n    AGENT_PATHS: dict[str, str] = {"ada": "/a2a/ada", "bob": "/a2a/bob"}\n'
    facts = derive({"svc/code.py": source}, "registry_entry")
    assert [show(fact, "path", "registry") for fact in facts] == [
        ("ada", "/a2a/ada", "AGENT_PATHS"),
        ("bob", "/a2a/bob", "AGENT_PATHS"),
    ]
    assert keys_of(facts[0]) == ["agent:ada"]


def test_a_table_of_paths_that_is_about_something_else_is_no_registry() -> None:
    assert python('MENU = {"home": "/", "help": "/help"}', "registry_entry") == []
    assert script("const AGENT_STYLES = { ada: { color: 'red', avatar: '/a.png' } }", "registry_entry") == []


def test_a_registry_of_factories_and_members() -> None:
    source = 'TEAM_CONFIG = {"plan": {"factory": make_plan, "members": ["A", "B"], "leader": "A"}}'
    assert python(source, "registry_entry", "factory", "members", "leader") == [
        ("plan", '=["name","make_plan"]', '=["list","A","B"]', "A")
    ]


def test_entries_made_by_a_constructor_of_the_project() -> None:
    source = """
        class InterfaceConfig: ...

        INTERFACES = [InterfaceConfig(agent_id="ada", a2a_path="/a2a/ada")]
    """
    (entry,) = derive({"svc/code.py": source}, "registry_entry")
    assert entry.name == "ada"
    assert entry.attr("fields") == '=["dict",["agent_id","ada"],["a2a_path","/a2a/ada"]]'


def test_registrations() -> None:
    source = "def start(registry):\n    registry.register_team(team)\n    registry.register_agent(name='ada')\n"
    assert python(source, "registration", "callee") == [
        ("team", "registry.register_team"),
        ("ada", "registry.register_agent"),
    ]


def test_both_shapes_of_agent_cards() -> None:
    source = """
        from a2a.types import AgentCard, AgentSkill

        old = AgentCard(name="Ada", url="http://localhost:9001/", preferred_transport="JSONRPC", skills=[])
        new = AgentCard(name="Bob", supported_interfaces=[{"url": "http://localhost:9002"}], skills=[])
        plain = {"name": "Cy", "skills": [], "capabilities": {}, "url": "http://cy"}
    """
    assert python(source, "agent_card", "url", "transport", "interfaces") == [
        ("Ada", "http://localhost:9001/", "JSONRPC", ""),
        ("Bob", "", "", '=["list",["dict",["url","http://localhost:9002"]]]'),
        ("Cy", "http://cy", "", ""),
    ]


def test_routes_that_serve_a_card() -> None:
    source = "@app.get('/.well-known/agent-card.json')\ndef card(): ...\n@app.get('/cards')\ndef no(): ...\n"
    assert python(source, "agent_card_route", "router") == [("/.well-known/agent-card.json", "app")]


# ------------------------------------------------------------------------------------------- calls and endpoints


def test_calls_of_agents_by_id_in_lists_and_by_name_not_known() -> None:
    source = """
        async def run(client, who):
            await client.call_agent(agent_id="ada", task="t")
            await client.call_agent("bob", "t")
            await client.call_agent(agent_id=who, task="t")
            await client.call_agents_parallel([{"agent_id": "cy", "task": "x"}, {"agent_id": "di"}])
            create_agent(agent_id="new")
    """
    facts = derive({"svc/code.py": source}, "agent_call")
    assert [keys_of(fact) for fact in facts] == [["agent:ada"], ["agent:bob"], ["agent:*"], ["agent:cy"], ["agent:di"]]
    assert {fact.attr("role") for fact in facts} == {"uses"}


def test_remote_agents_and_clients() -> None:
    source = """
        from google.adk.agents.remote_a2a_agent import RemoteA2aAgent
        from a2a.client import A2AClient, A2ACardResolver, ClientFactory

        ada = RemoteA2aAgent(name="ada", agent_card="http://ada:9001/.well-known/agent.json")

        async def ask(http, card):
            client = A2AClient(httpx_client=http, url="http://bob:9002")
            resolver = A2ACardResolver(http, base_url="http://cy:9003")
            factory = ClientFactory(config)
            other = factory.create(card)
    """
    assert python(source, "agent_call", "url", "card") == [
        ("ada", "http://ada:9001/.well-known/agent.json", ""),
        ("client", "http://bob:9002", ""),
        ("other", "", '=["name","card"]'),
    ]
    assert python(source, "agent_discovery", "url") == [("http://cy:9003", "http://cy:9003")]


def test_an_executor_and_the_application_that_serves_it() -> None:
    source = """
        from a2a.server.agent_execution import AgentExecutor
        from a2a.server.apps import A2AStarletteApplication

        class AdaExecutor(AgentExecutor): ...

        app = A2AStarletteApplication(agent_card=card, http_handler=handler)
    """
    assert python(source, "agent_executor", "framework") == [("AdaExecutor", "a2a-sdk")]
    assert python(source, "agent_endpoint", "card", "protocol") == [("app", '=["name","card"]', "a2a")]


def test_interfaces_mounts_and_gateways() -> None:
    source = """
        from agno.os import AgentOS
        from agno.os.interfaces.agui import AGUI

        ui = AGUI(agent=ada, path="/agui")
        os_app = AgentOS(agents=[ada], interfaces=[ui])
        app.include_router(ui.router, prefix="/v1")
        app.include_router(health_router)
    """
    assert python(source, "agent_endpoint", "agent", "path", "protocol") == [
        ("ui", '=["name","ada"]', "/agui", "ag-ui")
    ]
    assert python(source, "agent_gateway", "agents") == [("os_app", '=["list",["name","ada"]]')]
    assert python(source, "mount", "router") == [
        ("/v1", '=["name","ui.router"]'),
        ("health_router", '=["name","health_router"]'),
    ]


def test_providers_and_hooks_of_the_frontend() -> None:
    source = """
        import { CopilotKit } from '@copilotkit/react-core'
        import { useCopilotAction, useCoAgent, useCopilotReadable } from '@copilotkit/react-core'
        const RUNTIME = process.env.NEXT_PUBLIC_RUNTIME_URL || '/api/copilotkit'
        export function Page() {
          useCopilotAction({ name: 'render_part', handler: show })
          useCoAgent({ name: 'ada' })
          useCopilotReadable({ description: 'The open part', value: part })
          return <CopilotKit runtimeUrl={RUNTIME} agent="ada"><p /></CopilotKit>
        }
    """
    facts = derive({"web/src/page.tsx": source}, "hook")
    assert [(show(f, "hook"), keys_of(f), f.attr("role")) for f in facts] == [
        (("render_part", "useCopilotAction"), ["tool:render_part"], "provides"),
        (("ada", "useCoAgent"), ["agent:ada"], "uses"),
        (("The open part", "useCopilotReadable"), [], "provides"),
    ]
    assert script(source, "endpoint_use", "url", "agent", path="web/src/page.tsx") == [
        ("CopilotKit", "{env:NEXT_PUBLIC_RUNTIME_URL|/api/copilotkit}", "ada")
    ]


def test_the_runtime_of_the_frontend() -> None:
    source = """
        import { CopilotRuntime, copilotRuntimeNextJSAppRouterEndpoint } from '@copilotkit/runtime'
        import { HttpAgent } from '@ag-ui/client'
        const runtime = new CopilotRuntime({ agents: { ada: new HttpAgent({ url: 'http://localhost:9001/agui' }) } })
        export const POST = async (req) => {
          const { handleRequest } = copilotRuntimeNextJSAppRouterEndpoint({ runtime, endpoint: '/api/copilotkit' })
          return handleRequest(req)
        }
    """
    assert script(source, "registry_entry", "framework") == [("ada", "copilotkit")]
    assert [url for _, url in script(source, "agent_call", "url")] == ["http://localhost:9001/agui"]
    assert script(source, "agent_endpoint", "path") == [("/api/copilotkit", "/api/copilotkit")]


# ------------------------------------------------------------------------------------------- MCP


def test_mcp_servers_that_are_used() -> None:
    source = """
        from mcp import StdioServerParameters
        from agno.tools.mcp import MCPTools
        from langchain_mcp_adapters.client import MultiServerMCPClient

        files = StdioServerParameters(command="npx", args=["server-files"])
        tools = MCPTools(command="uvx server-git")
        many = MultiServerMCPClient({"math": {"command": "python", "args": ["m.py"]}, "web": {"url": "http://h/mcp"}})
    """
    assert sorted(python(source, "mcp_server", "command", "url")) == [
        ("files", "npx", ""),
        ("math", "python", ""),
        ("web", "", "http://h/mcp"),
    ]
    assert [name for name, _ in python(source, "mcp_client", "command")] == ["tools", "many"]


def test_mcp_servers_in_tables_of_the_project() -> None:
    source = """
        class MCPServerConfig: ...

        SERVERS = {"git": MCPServerConfig(name="git", command="uvx", args=["server-git"])}
        OTHERS = {"mcpServers": {"files": {"command": "npx", "args": ["server-files"]}}}
        NO = {"command": "add", "args": [1]}
    """
    facts = derive({"svc/code.py": source}, "mcp_server")
    assert [(show(fact, "command"), keys_of(fact)) for fact in facts] == [
        (("git", "uvx"), ["mcp:git"]),
        (("files", "npx"), ["mcp:files"]),
    ]


def test_what_configuration_files_say() -> None:
    files = {
        ".mcp.json": '{"mcpServers": {"git": {"command": "uvx", "args": ["server-git"]}, "web": {"url": "http://h/mcp"}}}',
        "cards/ada.json": (
            '{"name": "Ada", "url": "http://ada:9001", "preferredTransport": "JSONRPC",'
            ' "skills": [{"id": "a", "name": "A"}, {"id": "b"}], "capabilities": {"streaming": true}}'
        ),
        "menu.json": '{"name": "menu", "skills": [{"name": "x"}]}',
        "langgraph.json": '{"graphs": {"planner": "./src/graph.py:graph"}}',
    }
    assert [(show(f, "command", "url"), keys_of(f)) for f in derive(files, "mcp_server")] == [
        (("git", "uvx", ""), ["mcp:git"]),
        (("web", "", "http://h/mcp"), ["mcp:web"]),
    ]
    assert [(show(f, "url", "transport"), keys_of(f)) for f in derive(files, "agent_card")] == [
        (("Ada", "http://ada:9001", "JSONRPC"), ["agent:Ada"])
    ]
    assert [show(f, "factory") for f in derive(files, "registry_entry")] == [("planner", "./src/graph.py:graph")]


def test_mcp_servers_that_are_provided_with_their_tools() -> None:
    source = "from mcp.server.fastmcp import FastMCP\nmcp = FastMCP('parts')\n@mcp.tool()\ndef find(q: str): ...\n"
    assert python(source, "mcp_server", "role") == [("parts", "provides")]
    assert python(source, "tool", "server") == [("find", "mcp")]
    source = (
        "import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'\n"
        "const server = new McpServer({ name: 'parts' })\nserver.registerTool('find', {}, run)\n"
    )
    assert script(source, "mcp_server", "role") == [("parts", "provides")]
    assert script(source, "tool", "server") == [("find", "web/src/code.ts::server")]
