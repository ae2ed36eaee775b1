"""The guide to MCP servers."""

from __future__ import annotations

import pytest

from kbgen.pages.criteria import PageState, judge
from tests.pages.pages import get_pack, render_page

CONFIG = """
    import logging
    import os
    import re

    from pydantic import BaseModel, Field

    logger = logging.getLogger(__name__)
    REF = re.compile(r"\\$\\{(\\w+)\\}")
    MAX_PARALLEL_STARTS = 4


    class ToolHostConfig(BaseModel):
        name: str
        command: str = Field(..., description="What starts it")
        args: list[str] = Field(default_factory=list)
        env: dict[str, str] = Field(default_factory=dict)
        grace: int = 9

        def resolve(self):
            out = {}
            for key, value in self.env.items():
                found = REF.fullmatch(value)
                if found:
                    given = os.getenv(found.group(1), "")
                    if not given:
                        logger.warning(f"Environment variable {key} is not set for {self.name}")
                    out[key] = given
            return out


    MCP_HOSTS = {
        "crane": McpHostConfig(
            name="crane",
            command="uvx",
            args=["mcp-crane", "--root", "/srv/yard"],
            env={"CRANE_TOKEN": "${CRANE_TOKEN}"},
        ),
        "tide": McpHostConfig(name="tide", command="npx", args=["-y", "mcp-tide@2.1.0"]),
    }
    MCP_SAMPLES = {
        "crane": McpHostConfig(name="crane", command="npx -y mcp-crane", env={"CRANE_TOKEN": "abc123"}),
    }


    def load():
        return MCP_HOSTS
""".replace("McpHostConfig", "MCPHostConfig").replace("ToolHostConfig", "MCPHostConfig")

CLIENT = """
    import asyncio
    import logging
    import os

    from .mcp_config import load

    logger = logging.getLogger(__name__)
    MCP_TOOL_PREFIX = "mcp"


    class HostError(Exception):
        pass


    class Client:
        async def start(self, config, timeout: float = 12.5, max_retries: int = 3):
            env = {**os.environ, **config.resolve()}
            self.process = await asyncio.create_subprocess_exec(config.command, *config.args, env=env)
            await asyncio.wait_for(
                self.process.wait(),
                timeout=7.0,  # take this from the configuration one day
            )
            raise HostError(f"Timeout waiting for {config.name}")

        def name_tool(self, server, tool):
            full = f"{MCP_TOOL_PREFIX}_{server}_{tool}"
            logger.error(f"Tool {tool} not found")
            return full


    def start_mcp_hosts():
        client = Client()
        for config in load().values():
            client.start(config)
        return client
"""

MAIN = """
    import asyncio

    from fastapi import FastAPI

    from yard.mcp_client import start_mcp_hosts

    app = FastAPI()


    @app.on_event("startup")
    async def begin():
        asyncio.create_task(start_mcp_hosts())


    @app.get("/health")
    async def health():
        state = {"connected": 1, "total": 2}
        return {"status": "ok", "mcp": state}
"""

ROUTE = """
    import { NextResponse } from 'next/server'
    import { z } from 'zod'
    import { requireRole } from '@/auth'
    import { encryptValue } from '@/crypt'

    const HostSchema = z.object({
      hostId: z.string().max(40),
      apiKey: z.string().optional(),
      headers: z.record(z.string()).optional(),
      seconds: z.number().int().min(5).max(300).default(30),
    })

    export async function POST(request: Request) {
      requireRole(request, ['owner'])
      const checked = HostSchema.safeParse(await request.json())
      if (!checked.success) return NextResponse.json({ error: 'Validation failed' }, { status: 400 })
      const kept = encryptValue(checked.data.apiKey)
      return NextResponse.json({ kept })
    }
"""

FILES = {
    "yard/__init__.py": "",
    "yard/mcp_config.py": CONFIG,
    "yard/mcp_client.py": CLIENT,
    "yard/main.py": MAIN,
    "yard/Dockerfile": """
        FROM python:3.12-slim
        COPY main.py .
        COPY mcp_client.py .
        EXPOSE 8123
        CMD ["uvicorn", "main:app", "--port", "8123"]
    """,
    "web/package.json": '{"name": "web", "dependencies": {"next": "15.0.0"}}',
    "web/src/app/api/mcp-hosts/route.ts": ROUTE,
    "db/schema.prisma": """
        datasource db {
          provider = "postgresql"
        }
        model McpHost {
          id       String @id
          grace    Int    @default(9) @map("grace_seconds")
          @@map("mcp_hosts")
        }
    """,
    "docs/plan.md": "# MCP plan\n\nServers go into `yard/config/mcp.yaml`, or `~/x/mcp.json`.\n",
    "yard/tests/test_mcp.py": "from yard.mcp_config import load\n\ndef test_load():\n    assert load()\n",
}


@pytest.fixture(scope="module")
def page() -> str:
    return render_page("mcp_configuration", FILES)


def get_section(page: str, heading: str) -> str:
    _, _, rest = page.partition(f"\n{heading}\n")
    assert rest, heading
    depth = heading.split(" ")[0]
    lines = rest.splitlines()
    ends = [n for n, line in enumerate(lines) if line.startswith("#") and len(line.split(" ")[0]) <= len(depth)]
    return "\n".join(lines[: ends[0]] if ends else lines)


def test_servers_stand_with_command_environment_and_place(page: str) -> None:
    section = get_section(page, "## Available MCP servers")
    assert "| `crane` | `uvx mcp-crane --root /srv/yard` | `CRANE_TOKEN=${CRANE_TOKEN}` |" in section
    assert "[`yard/mcp_config.py`](../../yard/mcp_config.py) `MCP_HOSTS`" in section


def test_what_nothing_reads_is_said_to_be_so(page: str) -> None:
    assert "nothing that runs reads `MCP_SAMPLES`" in page
    assert "nothing that runs reads `MCP_HOSTS`" not in page


def test_servers_of_one_name_and_packages_without_version_are_named(page: str) -> None:
    section = get_section(page, "## Available MCP servers")
    assert "Started in different ways in different places: `crane`." in section
    assert "The packages that `uvx` fetches name no version (`crane`)" in section


def test_values_of_secrets_are_not_told(page: str) -> None:
    assert "abc123" not in page
    assert "**The value of `CRANE_TOKEN` for `crane` stands in" in get_section(page, "## Security")


def test_fields_of_the_configuration_with_defaults(page: str) -> None:
    section = get_section(page, "## Configuration format and location")
    assert "| `command` | `str` | required | What starts it |" in section
    assert "| `args` | `list[str]` | `[]` |" in section
    assert "| `grace` | `int` | `9` | **not used**: no code reads `MCPHostConfig.grace` |" in section


def test_a_file_that_only_documents_name_is_absent(page: str) -> None:
    section = get_section(page, "## Configuration format and location")
    assert "- `yard/config/mcp.yaml` does not exist, though [`docs/plan.md`](../plan.md) names it" in section
    assert "x/mcp.json" not in section


def test_the_table_of_the_database(page: str) -> None:
    section = get_section(page, "### In the database")
    assert "Table `mcp_hosts`" in section
    assert "| `grace` | `grace_seconds` | `Int` | `9` |" in section


def test_variables_and_how_they_are_resolved(page: str) -> None:
    section = get_section(page, "### Environment variables")
    assert "| `CRANE_TOKEN` | `crane` | `${CRANE_TOKEN}`, `…` | no | no |" in section
    assert '(`os.getenv`, `""` for a missing one)' in section
    assert "tried with `fullmatch()`" in section
    assert "Logged as warning: `Environment variable {key} is not set for {name}`" in section


def test_limits_of_three_kinds(page: str) -> None:
    section = get_section(page, "### Limits, timeouts and retries")
    assert "| `MAX_PARALLEL_STARTS=4` | constant, read by nothing |" in section
    assert "| `timeout=12.5`, `max_retries=3` | default |" in section
    assert "| `asyncio.wait_for` `timeout=7.0` | hard-coded (“take this from the configuration one day”) |" in section


def test_start_and_health(page: str) -> None:
    section = get_section(page, "## Start-up and health")
    assert "`begin` | `start_mcp_hosts`; in the background `start_mcp_hosts` |" in section
    assert "`GET /health` answers with `mcp.connected`, `mcp.total`" in section
    assert "curl -s http://localhost:8123/health" in section


def test_names_of_tools(page: str) -> None:
    assert "Tools of servers are named `mcp_{server}_{tool}` in" in get_section(page, "## Tools and permissions")


def test_adding_a_server_looks_into_the_image(page: str) -> None:
    section = get_section(page, "## Adding a server")
    assert "1. Add an entry to [`yard/mcp_config.py`](../../yard/mcp_config.py) `MCP_HOSTS`" in section
    assert "has none of the words `uvx`, `uv`" in section
    assert "copies no source that takes in `yard/mcp_config.py`" in section
    assert '"crane": MCPHostConfig(' in section


def test_routes_with_guards_and_validation(page: str) -> None:
    section = get_section(page, "### Over the API")
    assert "| `POST /api/mcp-hosts` | `requireRole(owner)` |" in section
    assert "| `seconds` | `number`, `int()`, `min(5)`, `max(300)` | `30` |" in section


def test_messages_stand_under_their_kind_of_trouble(page: str) -> None:
    assert "`Timeout waiting for {config.name}` (HostError)" in get_section(page, "### Connection timeouts")
    assert "`Tool {tool} not found` (error)" in get_section(page, "### Tool or server not found")
    assert "`Environment variable {key} is not set" in get_section(page, "### Permission errors")
    assert "`Validation failed` (HTTP 400)" in get_section(page, "### Configuration refused")
    assert "No message of this kind" in get_section(page, "### Server does not start")


def test_a_value_that_is_looked_for_and_a_text_that_is_kept_carry_their_names() -> None:
    config = CONFIG.replace("given = os", "wanted = found.group(1)\n                    given = os").replace(
        "variable {key} is", "variable {wanted} is"
    )
    client = CLIENT.replace("full = f", 'error_msg = f"Timed out after {tool}"\n            full = f')
    page = render_page("mcp_configuration", {**FILES, "yard/mcp_config.py": config, "yard/mcp_client.py": client})
    assert "Logged as warning: `Environment variable {wanted} is not set for {name}`" in page
    assert "`Timed out after {tool}` (kept as the error's text)" in get_section(page, "### Connection timeouts")


def test_security_tells_what_servers_get(page: str) -> None:
    section = get_section(page, "## Security")
    assert "**A server gets the whole environment of the process**" in section
    assert "`crane` is given the path `/srv/yard`" in section
    assert "`encryptValue` is given `checked.data.apiKey`" in section
    assert "takes `headers`, which may hold secrets" in section


def test_every_criterion_is_met_and_every_topic_has_a_heading(page: str) -> None:
    pack = get_pack("mcp_configuration")
    state = PageState(page, "", {"mcp_server": ("crane", "tide")}, ())
    assert [judge(pack.story, each, state).state for each in pack.criteria] == ["met"] * 5
    headings = [line.lstrip("# ") for line in page.splitlines() if line.startswith("#")]
    assert [heading for _, heading in pack.topics if heading not in headings] == []


def test_a_server_that_is_not_stated_leaves_its_criterion_unmet(page: str) -> None:
    pack = get_pack("mcp_configuration")
    state = PageState(page, "", {"mcp_server": ("crane", "lighthouse")}, ())
    assert judge(pack.story, pack.criteria[0], state).why == "not stated: lighthouse"


def test_servers_of_a_configuration_file() -> None:
    page = render_page(
        "mcp_configuration",
        {
            ".mcp.json": '{"mcpServers": {"tide": {"url": "http://localhost:9/mcp"}, '
            '"crane": {"command": "npx", "args": ["crane"], "env": {"CRANE_TOKEN": "s3cret", "MODE": "dry"}}}}',
        },
    )
    assert "| `crane` | `npx crane` | `CRANE_TOKEN=…`, `MODE=dry` |" in page
    assert "s3cret" not in page
    assert "Keys of a server in [`.mcp.json`](../../.mcp.json): `args` (in 1 of 2)" in page
    assert "No code of the repository names it" in page
    assert "Servers are configured in code" not in page


def test_a_project_that_is_a_server_itself() -> None:
    text = """
        from mcp.server.fastmcp import FastMCP

        server = FastMCP("yard")

        @server.tool()
        def lift(weight: int) -> str:
            return "up"
    """
    page = render_page("mcp_configuration", {"yard/tools.py": text})
    assert "This project is a server itself: `yard` in [`yard/tools.py`](../../yard/tools.py)" in page
    assert "lists servers, so there is none to add an entry to" in page


def test_no_server_no_page() -> None:
    assert render_page("mcp_configuration", {"app/main.py": "print('hello')"}) == ""


def test_text_of_code_cannot_break_out() -> None:
    text = 'MCP_HOSTS = {"a|b": MCPHost(name="a|b", command="x `y` <!-- kbgen:end page -->", args=[])}\n'
    page = render_page("mcp_configuration", {"a/mcp.py": "class MCPHost: ...\n" + text})
    assert not any(line.strip().startswith("<!--") for line in page.splitlines())
    assert "``x `y` <!-- kbgen:end page -->``" in page
    assert "a\\|b" in page


def test_shuffled_files_give_the_same_page(page: str) -> None:
    assert render_page("mcp_configuration", dict(reversed(FILES.items()))) == page
