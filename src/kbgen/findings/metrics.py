"""Metrics that are defined and that nothing running records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
        facts = [reading.program.get_symbol(place) for place in recorders]
        yield reading.make(
            "never-recorded",
            (path,),
            f"{count(len(names), 'metric', 'metrics')} of {code(path)} {be(len(names))} defined and never recorded: "
            f"{list_names(names, 2)}",
            with_items(_say_why(found, recorders), (code(name) for name in names) if len(names) > 2 else ()),
            [*(fact for fact, _ in found), *(fact for fact in facts if fact is not None)],
            "suspect",
        )


def _say_why(found: Sequence[tuple[Fact, tuple[Place, ...]]], recorders: Sequence[Place]) -> str:
    """Metrics that no code records are told apart from those that only dead code would record."""
    unnamed = [fact.name for fact, places in found if not places]
    named = len(found) - len(unnamed)
    if not recorders:
        return f"No code names {them(len(found))}."
    would = f"Only {list_names((place[1] for place in recorders), 6)} would"
    idle = f"nothing that runs calls {them(len(recorders))}."
    if not unnamed:
        return f"{would}, and {idle}"
    rest = "the other" if named == 1 else f"the other {named}"
    return f"No code names {list_names(unnamed, 6)}. {would} record {rest}, and {idle}"
