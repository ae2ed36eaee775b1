"""What pages ask of a subject's code: does anything that runs lead there, who imports it, which tests know it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from kbgen.join.program import Place as CodePlace
from kbgen.pages.sources import Place, Sources


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    version: str
    """As the manifest asks for it."""
    at: Place


@dataclass(frozen=True, slots=True)
class TestRow:
    at: Place
    cases: int


class Reached:
    """Whether definitions run. Sure of both sides: what is neither live nor surely dead is taken for live."""

    def __init__(self, sources: Sources) -> None:
        self._program = sources.program
        self._live = sources.system.reach.live
        found: dict[str, set[CodePlace]] = {"never-used": set(), "unreached-part": set()}
        for finding in sources.findings:
            if finding.kind in found:
                found[finding.kind].update((e.path, e.symbol) for e in finding.evidence)
        # What shows that a part is there may stand in code that runs.
        self._dead = found["never-used"] | {place for place in found["unreached-part"] if place not in self._live}
        self._known: dict[CodePlace, bool] = {}

    def is_dead(self, path: str, symbol: str) -> bool:
        """Nothing that runs leads there: a finding says so, or only dead code calls it."""
        return self._is_dead((path, symbol), frozenset())

    def _is_dead(self, place: CodePlace, asked: frozenset[CodePlace]) -> bool:
        if not place[1] or place in asked:
            return False
        top = (place[0], place[1].partition(".")[0])
        if place in self._dead or top in self._dead:
            return True
        if place in self._live or top in self._live:
            return False
        known = self._known.get(place)
        if known is None:
            callers = [(c.path, c.symbol) for c in self._program.find_callers(place)]
            known = bool(callers) and len(asked) < 8 and all(self._is_dead(c, asked | {place}) for c in callers)
            self._known[place] = known
        return known


def list_packages(sources: Sources, fits: Callable[[str], bool]) -> tuple[Package, ...]:
    return tuple(
        Package(fact.name, fact.value, sources.at(fact.path)) for fact in sources.list("dependency") if fits(fact.name)
    )


def find_importers(sources: Sources, fits: Callable[[str], bool]) -> frozenset[str]:
    """Files, tests left out, that import a module whose name fits."""
    return frozenset(f.path for f in sources.program.list_facts("import") if fits(f.value))


def list_tests(sources: Sources, paths: Collection[str]) -> tuple[TestRow, ...]:
    """Test files that import one of these files, with the number of cases that they write down; the largest first."""
    program = sources.program
    wanted = frozenset(paths)
    cases: dict[str, int] = {}
    for fact in program.list_facts("test_case", tests=True):
        if program.is_test(fact.path):
            cases[fact.path] = cases.get(fact.path, 0) + 1
    imported: dict[str, bool] = {}
    for fact in program.list_facts("import", tests=True):
        if fact.path in cases and not imported.get(fact.path):
            imported[fact.path] = bool(wanted.intersection(program.find_modules(fact.path, fact.value)))
    rows = [TestRow(sources.at(path), cases[path]) for path, found in imported.items() if found]
    return tuple(sorted(rows, key=lambda row: (-row.cases, row.at.path)))


def unique(places: Iterable[Place]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(places))
