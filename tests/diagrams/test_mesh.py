"""The mesh of small platforms: nodes, edges, what is dead, guessed or broken, and the code that shows it."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Mapping
from typing import Literal

import pytest

from kbgen.diagrams.mesh import Mesh
from kbgen.extractors import extract_file
from kbgen.join import read_layout
from kbgen.join.program import Program
from kbgen.join.system import System
from kbgen.model import Diagram, SourceFile
from kbgen.paths import is_test
from tests.diagrams.platforms import (
    A2A,
    ADK,
    AGNO,
    CHAT,
    CREWAI,
    EXTERNALS,
    LANGGRAPH,
    POLYGLOT,
    RULES,
    WEB,
    list_edges,
    list_nodes,
    list_parts,
    make_mesh,
)

Level = Literal["overview", "detail"]
ALL = {
    "agno": AGNO,
    "langgraph": LANGGRAPH,
    "crewai": CREWAI,
    "adk": ADK,
    "a2a": A2A,
    "web": WEB,
    "chat": CHAT,
    "polyglot": POLYGLOT,
    "externals": EXTERNALS,
}


def draw(files: Mapping[str, str], level: Level = "detail") -> Diagram:
    return make_mesh(files).draw(level)


# --------------------------------------------------------------------------------------------- whole platforms


def test_agno() -> None:
    diagram = draw(AGNO)
    assert list_nodes(diagram) == {
        "Anthropic models": ("external", "live", ""),
        "agents": ("service", "live", ""),
        "cache": ("store", "live", ""),
        "client.A2AClient": ("client", "live", "agents"),
        "gate": ("agent", "live", "agents"),
        "jaeger": ("observability", "live", ""),
        "old-planner": ("agent", "dead", "agents"),
        "planner": ("agent", "live", "agents"),
        "press": ("team", "live", "agents"),
        "reader": ("agent", "live", "press"),
        "registry.AgentRegistry": ("registry", "live", "agents"),
        "router.AgentRouter": ("router", "dead", "agents"),
        "writer": ("agent", "live", "press"),
    }
    assert list_edges(diagram) == [
        ("agents", "cache", "store"),
        ("agents", "client.A2AClient", "in-process"),
        ("agents", "gate", "in-process"),
        ("agents", "jaeger", "telemetry"),
        ("agents", "planner", "in-process"),
        ("agents", "press", "in-process"),
        ("agents", "registry.AgentRegistry", "in-process"),
        ("gate", "Anthropic models", "http"),
        ("gate", "client.A2AClient", "in-process"),
        ("gate", "planner", "a2a"),
        ("press", "reader", "in-process"),
        ("press", "writer", "in-process"),
        ("router.AgentRouter", "client.A2AClient", "in-process"),
    ]
    assert {(e.source, e.target) for e in diagram.edges if e.state != "live"} == {
        ("router.AgentRouter", "client.A2AClient")
    }


def test_the_overview_folds_members_and_draws_models_once() -> None:
    diagram = draw(AGNO, "overview")
    assert {"reader", "writer"} & set(list_nodes(diagram)) == set()
    assert ("agents", "Anthropic models", "http") in list_edges(diagram)
    assert ("gate", "Anthropic models", "http") not in list_edges(diagram)
    assert diagram.folded == ("2 agents folded into their teams",)
    # Dead wiring stays, to be seen.
    assert ("router.AgentRouter", "client.A2AClient", "in-process") in list_edges(diagram)


def test_what_a_dead_agent_would_use_is_for_the_detail() -> None:
    files = AGNO | {
        "agents/gateway.py": AGNO["agents/gateway.py"]
        + "\n        def create_idle() -> Agent:\n            return Agent(name='Idle', tools=[ask_planner])\n"
    }
    assert ("idle", "planner", "a2a") in list_edges(draw(files))
    overview = draw(files, "overview")
    assert ("idle", "planner", "a2a") not in list_edges(overview)
    assert list_nodes(overview)["idle"] == ("agent", "dead", "agents")
    assert any(text.endswith("uses by dead parts left out") for text in overview.folded)


def test_langgraph_agents_of_module_variables() -> None:
    diagram = draw(LANGGRAPH)
    assert list_nodes(diagram) == {
        "api.tavily.com": ("external", "live", ""),
        "app": ("service", "live", ""),
        "boss": ("team", "live", "app"),
        "maths": ("agent", "live", "boss"),
        "research": ("agent", "live", "boss"),
    }
    assert list_edges(diagram) == [
        ("app", "boss", "in-process"),
        ("boss", "maths", "member"),
        ("boss", "research", "member"),
        ("research", "api.tavily.com", "http"),
    ]


def test_an_agent_of_a_module_that_nothing_loads_is_dead() -> None:
    files = LANGGRAPH | {"app/idle.py": "from langchain.agents import create_agent\nidle = create_agent(model, [])\n"}
    diagram = draw(files)
    assert list_nodes(diagram)["idle"] == ("agent", "dead", "app")
    assert not [edge for edge in diagram.edges if "idle" in (edge.source, edge.target)]


def test_crewai_and_adk_without_any_server() -> None:
    assert list_edges(draw(CREWAI)) == [("paper", "editor", "member"), ("paper", "scout", "member")]
    assert list_edges(draw(ADK)) == [("seller", "finder", "member"), ("seller", "writer", "member")]
    assert {state for _, state, _ in list_nodes(draw(ADK)).values()} == {"live"}


def test_a_host_reaches_remote_agents_by_the_addresses_in_its_environment() -> None:
    diagram = draw(A2A)
    assert list_nodes(diagram) == {
        "air": ("service", "live", ""),
        "host": ("service", "live", ""),
        "rail": ("service", "live", ""),
    }
    assert [(e.source, e.target, e.kind, e.label, e.why) for e in diagram.edges] == [
        ("host", "air", "a2a", "AIR_URL", "AIR_URL defaults to http://localhost:10001"),
        ("host", "rail", "a2a", "RAIL_URL", "RAIL_URL defaults to http://localhost:10002"),
    ]
    assert "card: Air" in next(node for node in diagram.nodes if node.id == "air").details


def test_a_web_app_an_api_and_an_agent_service() -> None:
    diagram = draw(WEB)
    assert list_edges(diagram) == [
        ("agents", "helper", "in-process"),
        ("api", "TasksGateway", "in-process"),
        ("api", "postgres", "store"),
        ("web", "TasksGateway", "broken"),
        ("web", "agents", "http"),
        ("web", "api", "http"),
    ]
    edges = {(e.source, e.target): e for e in diagram.edges}
    assert edges["web", "TasksGateway"].why == "connects to namespace /task, the gateway serves /tasks"
    assert edges["web", "api"].label == "GET /nothing, GET /tasks"
    assert edges["web", "agents"].label == "POST /ask"
    # Both ends of a call that is served are shown.
    assert {"web/src/app/api/ask/route.ts", "agents/main.py"} <= {e.path for e in edges["web", "agents"].evidence}


def test_a_socket_of_the_right_name_is_not_broken() -> None:
    files = WEB | {"web/src/hooks/use-tasks.ts": WEB["web/src/hooks/use-tasks.ts"].replace("/task`", "/tasks`", 1)}
    assert ("web", "TasksGateway", "websocket") in list_edges(draw(files))
    assert not [edge for edge in draw(files).edges if edge.kind == "broken"]


def test_a_route_of_the_own_app_stands_for_the_runtime_behind_it() -> None:
    diagram = draw(CHAT)
    assert list_nodes(diagram)["/api/copilotkit"] == ("endpoint", "live", "web")
    assert {("web", "/api/copilotkit", "http"), ("web", "agents", "http")} <= set(list_edges(diagram))


def test_services_whose_only_link_is_configuration() -> None:
    diagram = draw(POLYGLOT)
    assert list_nodes(diagram) == {
        "cache": ("store", "live", ""),
        "cart": ("service", "live", ""),
        "front": ("service", "live", ""),
        "rates": ("service", "live", ""),
    }
    assert [(e.source, e.target, e.kind, e.label) for e in diagram.edges] == [
        ("cart", "cache", "store", "REDIS_ADDR"),
        ("front", "cart", "http", "CART_ADDR"),
        ("front", "rates", "http", "RATES_ADDR"),
    ]


def test_an_address_that_readable_code_never_reads_is_a_guess() -> None:
    files = {
        "docker-compose.yml": """
            services:
              one:
                build: ./one
                environment: {OTHER_URL: "http://two:8000", READ_URL: "http://two:8000"}
              two:
                build: ./two
                ports: ['8000:8000']
        """,
        "one/main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
        "two/main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
    }
    (edge,) = draw(files).edges
    assert (edge.state, edge.why) == ("guess", "OTHER_URL is set for one, whose code does not read it")
    read = files | {"one/config.py": "import os\nurl = os.environ['READ_URL']\n"}
    (edge,) = draw(read).edges
    assert edge.state == "live"


def test_outside_services_are_folded_when_they_are_many() -> None:
    overview = draw(EXTERNALS, "overview")
    (edge,) = overview.edges
    assert (edge.source, edge.target) == ("svc", "svc: outside services")
    node = next(node for node in overview.nodes if node.id == edge.target)
    assert node.label == "4 outside services"
    assert node.details == ("api.github.com", "api.openweathermap.org", "api.stripe.com", "and 1 more")
    assert overview.folded == ("4 outside services of svc drawn as one",)
    assert len(draw(EXTERNALS).edges) == 4
    assert not [node for node in draw(EXTERNALS).nodes if "example" in node.id]


def test_two_outside_services_stand_alone() -> None:
    source = EXTERNALS["svc/main.py"].split('httpx.get("https://hooks')[0]
    files = {"svc/main.py": source, "svc/pyproject.toml": ""}
    assert len(draw(files, "overview").edges) == 2


def test_tools_handed_on_are_not_run_by_the_service() -> None:
    source = """
        import httpx
        from agno.agent import Agent
        from fastapi import FastAPI

        def fetch():
            httpx.get("https://api.github.com/user")

        app = FastAPI()
        clerk = Agent(name="Clerk", tools=[fetch])
    """
    edges = list_edges(draw({"svc/main.py": source, "svc/pyproject.toml": ""}))
    assert ("clerk", "api.github.com", "http") in edges
    assert ("svc", "api.github.com", "http") not in edges


def test_mcp_servers_hang_on_the_agents_that_the_configuration_names() -> None:
    files = {
        "svc/pyproject.toml": "",
        "svc/main.py": """
            import json
            from agno.agent import Agent
            from fastapi import FastAPI

            app = FastAPI()
            one = Agent(name="One")
            two = Agent(name="Two")
            servers = json.load(open("servers.json"))
        """,
        "svc/servers.json": '{"mcpServers": {"files": {"command": "mcp-server-files", "agents": ["one"]}}}',
    }
    diagram = draw(files)
    assert list_nodes(diagram)["mcp:files"][0] == "mcp-server"
    assert [edge for edge in list_edges(diagram) if edge[2] == "mcp"] == [("one", "mcp:files", "mcp")]


# ------------------------------------------------------------------------------------------------- promises


@pytest.mark.parametrize("level", ["overview", "detail"])
@pytest.mark.parametrize("name", ALL)
def test_every_node_and_edge_shows_code_that_is_there(name: str, level: Level) -> None:
    files = ALL[name]
    diagram = draw(files, level)
    ids = {node.id for node in diagram.nodes}
    assert diagram.nodes
    for part in list_parts(diagram):
        assert part.evidence, part
        assert all(evidence.path in files and evidence.hash and evidence.line for evidence in part.evidence), part
    assert all(edge.source in ids and edge.target in ids and edge.source != edge.target for edge in diagram.edges)
    assert all(edge.rule for edge in diagram.edges)
    assert all(node.group in ids or not node.group for node in diagram.nodes)
    assert all(part.why for part in list_parts(diagram) if part.state == "guess")
    assert all(node.why for node in diagram.nodes if node.state == "dead")


@pytest.mark.parametrize("name", ALL)
def test_nodes_and_edges_are_sorted(name: str) -> None:
    diagram = draw(ALL[name])
    assert [node.id for node in diagram.nodes] == sorted(node.id for node in diagram.nodes)
    assert list_edges(diagram) == sorted(list_edges(diagram))


@pytest.mark.parametrize("name", ["agno", "web", "a2a", "polyglot"])
def test_the_order_of_files_changes_nothing(name: str) -> None:
    files = ALL[name]
    expected = draw(files), draw(files, "overview")
    for seed in range(3):
        paths = sorted(files)
        random.Random(seed).shuffle(paths)
        shuffled = {path: files[path] for path in paths}
        assert (draw(shuffled), draw(shuffled, "overview")) == expected


def test_facts_of_other_files_change_nothing_of_a_program_that_is_asked_first() -> None:
    """The caches of a program give the same answers in whatever order they are filled."""
    texts = {path: textwrap.dedent(text) for path, text in WEB.items()}
    facts = {path: extract_file(SourceFile(path, f"b10b{path}", text)) for path, text in texts.items()}
    program = Program(facts, is_test, list(texts), read_layout(texts, list(texts)))
    for fact in reversed(program.list_facts("call")):
        program.resolve(fact.path, fact.symbol, fact.name)
        program.fold_arguments(fact)
    assert Mesh(System(program, RULES)).draw("detail") == draw(WEB)


def test_a_repository_without_agents_has_its_units_alone() -> None:
    assert draw({"README.md": "# x\n", "lib/a.py": "def f(): ...\n"}) == Diagram(
        "agent-mesh-topology", "Agent mesh topology", "graph", "detail", ()
    )
    plain = draw({"svc/main.py": "from fastapi import FastAPI\napp = FastAPI()\n"})
    assert list_nodes(plain) == {"svc": ("service", "live", "")}
    assert plain.edges == ()
