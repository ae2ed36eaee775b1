"""Paths that a plan names, gathered with how strongly each was said, and settled into one intent each."""

from __future__ import annotations

from dataclasses import dataclass

from kbgen.model import Evidence, PlannedFile
from kbgen.stories.reader import Page
from kbgen.stories.zones import Intent, Zone

MAX_MENTIONS = 5_000
"""Of paths in one document; a plan has tens."""


@dataclass(frozen=True, slots=True)
class _Hit:
    path: str
    intent: Intent
    strength: int
    index: int
    note: str
    zone: Zone


class Collector:
    """Gathers paths with where and how strongly they were named, and settles each path's intent."""

    def __init__(self, path: str, blob: str, page: Page, wanted: frozenset[Zone]) -> None:
        self.wanted = wanted
        self._path = path
        self._blob = blob
        self._page = page
        self._hits: list[_Hit] = []

    def add(self, path: str, intent: Intent, strength: int, index: int, zone: Zone, note: str = "") -> None:
        if len(self._hits) >= MAX_MENTIONS:
            return
        self._hits.append(_Hit(path, intent, strength if intent != "unclear" else 0, index, note, zone))

    def take(self, zones: set[Zone]) -> tuple[PlannedFile, ...]:
        by_path: dict[str, list[_Hit]] = {}
        for hit in self._hits:
            if hit.zone in zones:
                by_path.setdefault(hit.path, []).append(hit)
        _merge_short_names(by_path)
        planned = [self._settle(path, hits) for path, hits in by_path.items()]
        return tuple(sorted(planned, key=lambda one: (one.source.line, one.path)))

    def _settle(self, path: str, hits: list[_Hit]) -> PlannedFile:
        best = max(hit.strength for hit in hits)
        said = {hit.intent for hit in hits if hit.strength == best}
        # "Create `x`" and "Update `x`" of one plan: a file is made once and then worked on.
        intent: Intent = "create" if "create" in said else next(iter(sorted(said)))
        hit = next(hit for hit in hits if hit.strength == best and hit.intent == intent)
        note = hit.note or next((other.note for other in hits if other.note), "")
        return PlannedFile(
            path=path,
            intent=intent,
            source=Evidence(
                path=self._path,
                symbol=self._page.title_at(hit.index),
                hash=self._blob,
                line=hit.index + 1,
                quote=self._page.lines[hit.index].strip()[:300],
            ),
            note=note,
        )


def _merge_short_names(by_path: dict[str, list[_Hit]]) -> None:
    """Take ``chat/ChatInput.tsx`` for the one other path of the plan that ends in it."""
    longer: dict[str, list[str]] = {}
    for path in by_path:
        short = path
        while (cut := short.find("/")) >= 0:
            short = short[cut + 1 :]
            if short in by_path:
                longer.setdefault(short, []).append(path)
    # Shortest first: what `c.ts` gave to `b/c.ts` goes on into `a/b/c.ts`.
    for short in sorted(longer, key=lambda path: (len(path), path)):
        if len(longer[short]) == 1:
            by_path[longer[short][0]].extend(by_path.pop(short))
