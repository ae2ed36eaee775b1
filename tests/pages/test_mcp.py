"""The guide to MCP servers."""

from __future__ import annotations

from tests.pages.pages import render_page

CONFIG = """
    SERVERS = {
        "mcp_servers": {"github": {"command": "uvx", "args": ["mcp-server-github"], "enabled": True}},
    }
    DEFAULT_MCP_SERVERS = {
        "github": {"command": "uvx", "args": ["mcp-server-github"], "env": {"GITHUB_TOKEN": "${GITHUB_TOKEN}"}},
    }
"""


def test_every_server_is_listed_with_its_place() -> None:
    page = render_page("mcp_configuration", {"app/mcp_config.py": CONFIG})
    assert "| `github` | " in page
    assert "[`app/mcp_config.py`](../../app/mcp_config.py)" in page


def test_no_server_no_page() -> None:
    assert render_page("mcp_configuration", {"app/main.py": "print('hello')"}) == ""
