"""A frozen context for each document, sorted and counted; the words are the templates'.

A new page is one module here with `build`, one line in `CONTEXTS`, one template ``page_NAME.md.j2`` and one test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Both are heavy, and commands that only draw need neither.
    from kbgen.pages.packs import PagePack
    from kbgen.pages.sources import Sources

Build = Callable[["Sources", "PagePack"], object | None]
"""The context of a page as a frozen dataclass; None when nothing at all is there that the page is about."""

CONTEXTS: Mapping[str, str] = {
    "agent_mesh": "a2a.mesh",
    "async_patterns": "concurrency.patterns",
    "a2a_troubleshooting": "a2a.troubleshooting",
    "caching": "caching",
    "copilotkit": "copilot.page",
    "e2e": "e2e.page",
    "facts": "facts_page",
    "http2": "a2a.http2",
    "index": "index",
    "mcp": "mcp.page",
    "websocket": "sockets.page",
    "state_sync": "state.sync",
    "state_sync_development": "state.development",
    "semgrep": "semgrep.page",
    "metrics_key": "observability.metrics_key",
    "observability": "observability.stack",
    "store_selectors": "stores.selectors",
    "tracing": "observability.tracing",
    "widget_types": "widget_types",
    "security": "security.page",
    "pull_requests": "pull_requests",
}
"""Page modules by the name that a template's front matter gives as its `context`."""


def load_context(name: str) -> Build:
    """`build` of a page module, which is loaded only when its page is made."""
    build: Build = import_module(f"kbgen.pages.{CONTEXTS[name]}").build
    return build
