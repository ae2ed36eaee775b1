"""What has a box of its own, which code is its own, and what other code calls it by."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kbgen.diagrams.parts import Part, Parts
from tests.diagrams.platforms import ADK, AGNO, CREWAI, LANGGRAPH, WEB, make_mesh

HEAD = "from agno.agent import Agent\nfrom agno.team import Team\n"


def make_parts(files: Mapping[str, str]) -> Parts:
    return make_mesh(files).parts


def make_agents(source: str, path: str = "svc/code.py") -> dict[str, Part]:
    return {key: part for key, part in make_parts({path: HEAD + source}).all.items() if part.fact is not None}


@pytest.mark.parametrize(
    ("source", "path", "label"),
    [
        ("def create_x():\n    return Agent(name='Stock Clerk')\n", "svc/code.py", "Stock Clerk"),
        ("def create_clerk():\n    return Agent(tools=[])\n", "svc/code.py", "clerk"),
        ("clerk = Agent(tools=[])\n", "svc/code.py", "clerk"),
        ("class Clerk:\n    def __init__(self):\n        self.agent = Agent(tools=[])\n", "svc/code.py", "Clerk"),
        ("agent = Agent(tools=[])\n", "svc/clerk.py", "clerk"),
        ("root_agent = Agent(tools=[])\n", "svc/clerk/agent.py", "clerk"),
        ("def get_agent(kind):\n    return Agent(name=f'{kind} agent')\n", "svc/clerk/agent.py", "clerk"),
    ],
)
def test_an_agent_is_called_by_its_name_or_the_first_place_that_says_something(
    source: str, path: str, label: str
) -> None:
    assert [part.label for part in make_agents(source, path).values()] == [label]


def test_an_agent_s_code_is_its_factory_its_class_or_its_variable() -> None:
    source = """
def create_one():
    return Agent(name="One")

class Two:
    def __init__(self):
        self.agent = Agent(name="Two")

    def run(self): ...

three = Agent(name="Three")
"""
    agents = make_agents(source)
    regions = {key: [symbol for _, symbol in part.region] for key, part in agents.items()}
    assert regions == {"one": ["create_one"], "two": ["Two"], "three": ["three"]}
    parts = make_parts({"svc/code.py": HEAD + source})
    assert parts.find_owner(("svc/code.py", "Two.run")) == "two"
    assert parts.find_owner(("svc/code.py", "other")) == ""
    assert parts.stops["svc/code.py", "Two.run"] == "two"


def test_a_factory_of_several_agents_is_none_of_them() -> None:
    agents = make_agents("def make_all():\n    return [Agent(name='One'), Agent(name='Two')]\n")
    assert {key: part.region for key, part in agents.items()} == {"one": [], "two": []}


def test_two_ways_to_make_one_agent_are_one_part() -> None:
    source = """
class Clerk:
    def fast(self):
        return Agent(name="Clerk")

    def slow(self):
        return Agent(name="Clerk, slow")
"""
    (part,) = make_agents(source).values()
    assert part.label == "Clerk"
    assert sorted(evidence.line for evidence in part.evidence) == [6, 9]


def test_two_agents_of_one_name_are_told_apart_by_their_files() -> None:
    source = HEAD + "def create():\n    return Agent(name='Clerk')\n"
    parts = make_parts({"svc/east.py": source, "svc/west.py": source})
    assert sorted(key for key, part in parts.all.items() if part.fact is not None) == ["clerk", "clerk-west"]


def test_an_agent_called_like_its_app_is_another_part() -> None:
    parts = make_parts({"clerk/pyproject.toml": "", "clerk/main.py": "from fastapi import FastAPI\napp = FastAPI()\n"
                        + HEAD + "one = Agent(name='Clerk')\n"})  # fmt: skip
    assert {key: part.kind for key, part in parts.all.items()} == {"clerk": "service", "clerk-agent": "agent"}


def test_tools_are_the_functions_of_the_list_through_spreads_and_functions() -> None:
    source = """
def a(): ...
def b(): ...
def c(): ...
def idle(): ...

MORE = [b]

def get_tools():
    return [a, *MORE]

def create_clerk():
    return Agent(name="Clerk", tools=[*get_tools(), c])
"""
    (part,) = make_agents(source).values()
    assert [symbol for _, symbol in part.tools] == ["a", "b", "c"]
    assert part.details == ["3 tools"]
    assert make_parts({"svc/code.py": HEAD + source}).tools == {("svc/code.py", symbol) for symbol in "abc"}


@pytest.mark.parametrize(
    ("files", "team", "members"),
    [
        (AGNO, "press", ["reader", "writer"]),
        (LANGGRAPH, "boss", ["research", "maths"]),
        (CREWAI, "paper", ["scout", "editor"]),
        (ADK, "seller", ["finder", "writer"]),
    ],
)
def test_members_of_teams(files: Mapping[str, str], team: str, members: list[str]) -> None:
    parts = make_parts(files)
    assert parts.all[team].members == members
    assert parts.all[team].details[0] == "2 members"
    assert {parts.all[member].team for member in members} == {team}


def test_an_agent_that_others_make_too_is_not_only_the_team_s() -> None:
    source = """
def create_reader():
    return Agent(name="Reader")

def create_writer():
    return Agent(name="Writer")

def create_press():
    return Team(name="Press", members=[create_reader(), create_writer()])

def serve():
    return create_reader()
"""
    agents = make_agents(source)
    assert {key: part.team for key, part in agents.items()} == {"press": "", "reader": "", "writer": "press"}


def test_other_code_calls_an_agent_by_the_id_beside_it() -> None:
    parts = make_parts(AGNO)
    assert parts.find_by_alias("plan") == "planner"  # the key of the dict that holds it
    assert parts.find_by_alias("Planner") == "planner"
    assert parts.find_by_alias("old planner") == "old-planner"
    assert parts.find_by_alias("nobody") == ""
    assert parts.find_by_alias("cache") == ""  # a store is called by nobody's ID


def test_an_id_of_two_agents_means_neither() -> None:
    source = """
def create_one():
    return Agent(name="One")

def create_two():
    return Agent(name="Two")

register("clerk_id", agent=create_one(), id="clerk")
register("clerk_id", agent=create_two(), id="clerk")
register("solo_id", agent=create_two(), id="solo", path="/a2a/two")
register(first=create_one(), second=create_two(), id="pair")
register(agent=create_two(), id="one")
"""
    parts = make_parts({"svc/code.py": HEAD + source})
    assert parts.find_by_alias("clerk") == ""
    assert parts.find_by_alias("pair") == ""
    assert parts.find_by_alias("one") == "one"  # its own name goes before an ID that another has too
    assert parts.find_by_alias("solo") == "two"
    assert parts.all["two"].details == ["/a2a/two"]
    assert parts.all["one"].mounts


def test_classes_that_carry_the_mesh_are_parts_where_agents_are() -> None:
    kinds = {key: part.kind for key, part in make_parts(AGNO).all.items() if part.fact is None and part.region}
    assert kinds == {
        "client.A2AClient": "client",
        "registry.AgentRegistry": "registry",
        "router.AgentRouter": "router",
    }


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("class AgentRegistry: ...", "registry"),
        ("class MeshRouter: ...", "router"),
        ("class AgentDiscovery: ...", "discovery"),
        ("class McpClient: ...", "mcp-client"),
        ("class RemoteAgentConnections: ...", "client"),
        ("class HttpClient: ...", ""),
        ("class UserRegistry: ...", ""),
        ("class AgentRegistryError(Exception): ...", ""),
        ("class AgentRouter(BaseModel): ...", ""),
        ("def AgentRegistry(): ...", ""),
    ],
)
def test_names_of_classes_that_carry_the_mesh(source: str, kind: str) -> None:
    files = {"svc/main.py": HEAD + "from fastapi import FastAPI\napp = FastAPI()\none = Agent(name='One')\n",
             "svc/wires.py": source + "\n", "svc/pyproject.toml": ""}  # fmt: skip
    found = [part.kind for part in make_parts(files).all.values() if part.fact is None and part.region]
    assert found == ([kind] if kind else [])


def test_such_a_class_without_agents_around_is_none() -> None:
    files = {"svc/main.py": "from fastapi import FastAPI\napp = FastAPI()\nclass AgentRegistry: ...\n"}
    assert list(make_parts(files).all) == ["svc"]


def test_a_registry_is_called_by_its_one_public_instance() -> None:
    source = "class AgentRegistry: ...\n\nregistry = AgentRegistry()\n"
    parts = make_parts(AGNO | {"agents/registry.py": source})
    assert "registry.registry" in parts.all
    assert parts.all["registry.registry"].label == "AgentRegistry"


def test_a_socket_gateway_has_its_namespace() -> None:
    part = make_parts(WEB).all["TasksGateway"]
    assert (part.kind, part.unit, part.details) == ("gateway", "api", ["namespace /tasks"])


def test_every_part_has_evidence_that_is_there() -> None:
    for files in (AGNO, WEB, CREWAI):
        for part in make_parts(files).all.values():
            assert part.evidence
            assert all(evidence.path in files and evidence.line for evidence in part.evidence)


def test_agents_of_tests_are_no_parts() -> None:
    assert make_agents("one = Agent(name='One')\n", "svc/tests/test_code.py") == {}
