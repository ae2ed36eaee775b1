"""The context of a page that a project adds without a page module: the facts of the kinds that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kbgen.pages.packs import PagePack
from kbgen.pages.sources import Place, Sources


@dataclass(frozen=True, slots=True)
class FactRow:
    name: str
    value: str
    at: Place
    attrs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FactsPage:
    title: str
    facts: Mapping[str, tuple[FactRow, ...]]
    """By ``KIND`` or ``KIND:GLOB`` as the front matter names them."""


def build(sources: Sources, pack: PagePack) -> FactsPage:
    return FactsPage(pack.title, {need: _list_rows(sources, need) for need in pack.needs})


def _list_rows(sources: Sources, need: str) -> tuple[FactRow, ...]:
    kind, _, name = need.partition(":")
    return tuple(
        FactRow(fact.name, fact.value, sources.at(fact), dict(fact.attrs)) for fact in sources.list(kind, name or "*")
    )
