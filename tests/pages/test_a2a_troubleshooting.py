"""The runbook on calls between agents."""

from __future__ import annotations

import re

import pytest

from kbgen.pages.criteria import PageState, judge
from tests.pages.mesh_project import CLIENT, PLAIN, PROJECT
from tests.pages.pages import get_pack, render_page

NAME = "a2a_troubleshooting"


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(NAME, PROJECT)


def section(page: str, title: str) -> str:
    found = re.search(rf"(?ms)^#+ [\d. ]*{re.escape(title)}\n(.*?)(?=^#+ |\Z)", page)
    return found[1] if found else ""


def test_rpc_codes_stand_with_their_condition_and_place(page: str) -> None:
    codes = section(page, "Error codes")
    assert "| `-32600` | Authentication required: `no user` | `not user` |" in codes
    assert "`Agent {agent_id}` | `agent is None`" in codes
    assert "| `-32000` | Execution timeout | `asyncio.TimeoutError` |" in codes
    assert "[`mesh/app.py`](../../mesh/app.py) `rpc`" in codes


def test_a_health_route_that_cannot_fail_is_said_to_be_one(page: str) -> None:
    health = section(page, "Health checks")
    assert "| `GET /health` | `status: ok` always | agents |" in health
    assert "`status: empty` when `not AGENTS`; `status: ready`" in health
    assert "tells that the process runs" in health


def test_cards_calls_and_names_of_agents(page: str) -> None:
    discovery = section(page, "Agent discovery")
    assert "| `GET /.well-known/agent.json` | version, agents |" in discovery
    assert "Agents called by name: `scribe`" in discovery
    assert "calls `POST http://localhost:8080/a2a/{agent_id}/rpc`" in discovery


@pytest.mark.parametrize(
    ("title", "log"),
    [
        ("Agent not found", "Unknown agent requested: {name}"),
        ("An agent does not answer in time", "Call to {name} timed out"),
        ("The agent service cannot be reached", "Connection to {name} failed: {exc}"),
        ("The caller logs a status or RPC error", "Call to {name} failed with HTTP {reply.status_code}"),
        ("The reply cannot be read", "{name} sent no JSON: {exc}"),
        ("Unexpected error", "A2A RPC error: {exc}"),
        ("An agent card is missing or invalid", "agent card missing 'name' field"),
    ],
)
def test_an_issue_has_symptom_log_line_diagnosis_and_solution(page: str, title: str, log: str) -> None:
    issue = section(page, title)
    assert "**Symptom.**" in issue
    assert "**Diagnosis.**" in issue
    assert "**Solution.**" in issue
    assert f"`{log}`" in issue


def test_commands_use_the_compose_service_and_the_port(page: str) -> None:
    assert 'dc() { docker compose -f deploy/docker-compose.yml "$@"; }' in page
    assert "curl -sS -X POST http://localhost:8080/a2a/scribe/rpc" not in page  # no method of it is known
    assert "curl -sS http://localhost:8080/health" in page
    assert "dc restart mesh" in page


def test_waits_stand_with_what_they_come_from(page: str) -> None:
    waits = section(page, "Timeouts and retries")
    assert "| `asyncio.wait_for` | `90` | `WORK_TIMEOUT` |" in waits
    assert "| `asyncio.wait_for` | `120` | `CALL_TIMEOUT` |" in waits
    assert "| `AsyncClient connect` | `4.0` | `CONNECT_TIMEOUT` |" in waits
    assert "Set, and read by no code: `RETRY_PAUSE_SECONDS` = `7` in [`mesh/" in waits
    assert re.search(r"One attempt, .*`RemoteClient\.call`", waits)


def test_a_request_in_a_loop_is_no_single_attempt() -> None:
    looped = CLIENT.replace("            try:\n", "            for _ in range(3):\n             try:\n")
    looped = re.sub(r"(?m)^            except", "             except", looped)
    assert looped != CLIENT
    waits = section(render_page(NAME, PROJECT | {"mesh/client.py": looped}), "Timeouts and retries")
    assert "`RemoteClient.call`" not in waits.partition("One attempt")[2].partition("\n")[0]


def test_logs_and_dashboards(page: str) -> None:
    assert "Logged from level `INFO` up, as `%(levelname)s %(message)s`" in section(page, "Log analysis")
    assert "Neither handlers nor middleware read `X-Request-ID`" in section(page, "Log analysis")
    boards = section(page, "Monitoring dashboards")
    assert "| `jaeger` | traces | 16686 | [http\\://localhost:16686](http://localhost:16686) |" in boards
    assert "No compose service for metrics or dashboards was found" in boards


def test_criteria_are_met_or_unmet_as_the_page_is(page: str) -> None:
    pack = get_pack(NAME)
    states = {c.label: judge(pack.story, c, PageState(page, "", {}, ())).state for c in pack.criteria}
    assert states == {"AC1": "unmet", "AC2": "met", "AC3": "met", "AC4": "met", "AC5": "met"}
    more = CLIENT.replace('f"Call to {name} timed out"', 'f"Call to {name} timed out, circuit opened"')
    off = 'if name == "off":\n                logger.warning("Agent calls disabled")\n            if not path:'
    more = more.replace("if not path:", off)
    ten = render_page(NAME, PROJECT | {"mesh/client.py": more})
    assert judge(pack.story, pack.criteria[0], PageState(ten, "", {}, ())).state == "met"


def test_every_topic_has_its_heading(page: str) -> None:
    for _, heading in get_pack(NAME).topics:
        assert re.search(rf"(?m)^#+ .*{re.escape(heading)}", page), heading


SETTINGS = """
    from pydantic_settings import BaseSettings


    class MeshSettings(BaseSettings):
        request_timeout_seconds: int = 30
        a2a_enabled: bool = True
        model_config = {"env_prefix": "MESH_"}


    settings = MeshSettings()
"""
HEALTH = """
    from enum import Enum


    class AgentHealth(str, Enum):
        GOOD = "good"
        WEAK = "weak"
        LOST = "lost"
"""
CHECK = """

    async def check(base):
        try:
            async with httpx.AsyncClient(timeout=2.0) as client:
                reply = await client.get(f"{base}/.well-known/agent.json")
            if reply.status_code == 200:
                return AgentHealth.GOOD
            else:
                return AgentHealth.WEAK
        except Exception:
            return AgentHealth.LOST
"""


def test_variables_have_the_prefix_of_their_class() -> None:
    client = CLIENT.replace("import json", "import json\n    from settings import settings")
    page = render_page(NAME, PROJECT | {"mesh/settings.py": SETTINGS, "mesh/client.py": client})
    idle = page.partition("Set, and read by no code: ")[2].partition("\n")[0]
    assert "`request_timeout_seconds` = `30` (`MESH_REQUEST_TIMEOUT_SECONDS`) in [`mesh/settings.py`]" in idle
    assert "- `MESH_A2A_ENABLED`, default `true`" in page


def test_states_stand_with_what_sets_them() -> None:
    remote = "\n    from states import AgentHealth\n" + PROJECT["mesh/remote.py"] + CHECK
    app = PROJECT["mesh/app.py"].replace("import fetch_card", "import check, fetch_card")
    app = app.replace("        return await fetch_card", "        await check('')\n        return await fetch_card")
    health = section(
        render_page(NAME, PROJECT | {"mesh/remote.py": remote, "mesh/states.py": HEALTH, "mesh/app.py": app}),
        "Health checks",
    )
    assert "- `GOOD`: when `reply.status_code == 200` in" in health
    assert "- `WEAK`: when `not (reply.status_code == 200)` in" in health
    assert "- `LOST`: when `Exception` in" in health


def test_text_of_a_log_line_stays_text() -> None:
    evil = CLIENT.replace("Unknown agent requested: {name}", "<b>x</b> `| [a](http://evil) {name}")
    page = render_page(NAME, PROJECT | {"mesh/client.py": evil})
    assert "](http://evil)" not in re.sub(r"(`+).*?\1", "", page)


def test_no_agents_no_page() -> None:
    assert render_page(NAME, PLAIN) == ""


def test_the_same_facts_give_the_same_page(page: str) -> None:
    assert render_page(NAME, dict(reversed(PROJECT.items()))) == page


def test_a_path_stands_once_for_rows_of_one_file(page: str) -> None:
    health = section(page, "Health checks")
    assert "| [`mesh/app.py`](../../mesh/app.py) `health` |" in health
    assert "| `agents_status` |" in health
