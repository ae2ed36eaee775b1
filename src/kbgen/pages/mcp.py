"""MCP servers: which there are, where and how they are configured, what can go wrong."""

from __future__ import annotations

from dataclasses import dataclass

from kbgen.pages.packs import PagePack
from kbgen.pages.sources import Place, Sources


@dataclass(frozen=True, slots=True)
class ServerRow:
    name: str
    command: str
    enabled: str
    at: Place


@dataclass(frozen=True, slots=True)
class McpPage:
    servers: tuple[ServerRow, ...]


def build(sources: Sources, pack: PagePack) -> McpPage | None:
    servers = tuple(
        ServerRow(fact.name, fact.attr("command"), fact.attr("enabled"), sources.at(fact))
        for fact in sources.list("mcp_server")
    )
    return McpPage(servers) if servers else None
