"""How to add to state that is kept in step; no page where no field, event or migration is there to follow."""

from __future__ import annotations

from kbgen.pages.packs import PagePack
from kbgen.pages.sources import Sources
from kbgen.pages.state import sync as state_sync
from kbgen.pages.state.sync import StatePage


def build(sources: Sources, pack: PagePack) -> StatePage | None:
    page = state_sync.build(sources, pack)
    return page if page is not None and (page.growth or page.events or page.migrations) else None
