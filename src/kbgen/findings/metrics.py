"""Metrics that are defined and that nothing running records."""

from __future__ import annotations

from collections.abc import Iterator

from kbgen.findings.base import Reading, be, code, count, list_names, them, with_items
from kbgen.join.program import Place
from kbgen.model import Fact, Finding


def find_silent_metrics(reading: Reading) -> Iterator[Finding]:
    by_file: dict[str, list[tuple[Fact, tuple[Place, ...]]]] = {}
    for fact in reading.system.by_kind.get("metric", ()):
        target = fact.attr("target").rpartition(".")[2]
        if not target or "[" in target:
            continue
        own = {(fact.path, target)}
        mentions = [place for place in reading.words.get(target, ()) if place not in own and place[1] != "__all__"]
        if not all(reading.is_idle(*place) for place in mentions):
            continue
        by_file.setdefault(fact.path, []).append((fact, tuple(mentions)))
    for path, found in by_file.items():
        names = [fact.name for fact, _ in found]
        recorders = sorted({place for _, places in found for place in places if place[1]})
        said = (
            f"Only {list_names((place[1] for place in recorders), 6)} would, and nothing that runs calls "
            f"{them(len(recorders))}."
            if recorders
            else f"No code names {them(len(names))}."
        )
        facts = [reading.program.get_symbol(place) for place in recorders]
        yield reading.make(
            "never-recorded",
            (path,),
            f"{count(len(names), 'metric', 'metrics')} of {code(path)} {be(len(names))} defined and never recorded: "
            f"{list_names(names, 2)}",
            with_items(said, (code(name) for name in names) if len(names) > 2 else ()),
            [*(fact for fact, _ in found), *(fact for fact in facts if fact is not None)],
            "suspect",
        )
