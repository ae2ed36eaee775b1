"""All that the joins know of one revision, in one value: what diagrams, findings and pages are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from kbgen.join.clients import find_client_calls
from kbgen.join.http import HttpMatch, match_calls
from kbgen.join.program import Place, Program
from kbgen.join.reach import Reach
from kbgen.join.routes import find_rewrites, find_routes
from kbgen.join.rules import Rules
from kbgen.join.signals import derive_facts
from kbgen.join.units import Address, Units
from kbgen.model import Fact


class System:
    """Lazy: a caller that asks only for facts pays for no topology."""

    def __init__(self, program: Program, rules: Rules) -> None:
        self.program = program
        self._rules = rules

    @cached_property
    def derived(self) -> tuple[Fact, ...]:
        return derive_facts(self.program, self._rules)

    @cached_property
    def routes(self) -> tuple[Fact, ...]:
        return find_routes(self.program)

    @cached_property
    def calls(self) -> tuple[Fact, ...]:
        return find_client_calls(self.program, self.derived)

    @cached_property
    def units(self) -> Units:
        return Units(self.program)

    @cached_property
    def reach(self) -> Reach:
        return Reach(self.program)

    @cached_property
    def unreached(self) -> frozenset[Place]:
        """Exported top-level definitions that neither of two ways of reading leads to."""
        from kbgen.join import find_unreached

        program = self.program
        paths, layout, uses = program.paths, program.layout, program.uses
        found = find_unreached(program.files, program.is_test, paths, layout, uses=uses)
        return frozenset(place for place in found if place not in self.reach.live)

    @cached_property
    def matches(self) -> tuple[HttpMatch, ...]:
        served = (*self.routes, *find_rewrites(self.program))
        return match_calls(self.calls, served, self.units.find_unit, self._resolve_base)

    def resolve(self, base: str, path: str) -> tuple[Address, ...]:
        return self.units.resolve_base(base, path)

    def _resolve_base(self, base: str, call: Fact) -> tuple[str, ...]:
        return tuple(dict.fromkeys(a.unit for a in self.units.resolve_base(base, call.path) if a.unit))

    @cached_property
    def by_kind(self) -> Mapping[str, tuple[Fact, ...]]:
        """Derived facts by kind, tests left out."""
        table: dict[str, list[Fact]] = {}
        for fact in self.derived:
            if not self.program.is_test(fact.path):
                table.setdefault(fact.kind, []).append(fact)
        return {kind: tuple(facts) for kind, facts in table.items()}

    @cached_property
    def by_place(self) -> Mapping[Place, tuple[Fact, ...]]:
        """Derived facts by the definition that they stand in, tests left out."""
        table: dict[Place, list[Fact]] = {}
        for facts in self.by_kind.values():
            for fact in facts:
                table.setdefault((fact.path, fact.symbol), []).append(fact)
        return {place: tuple(sorted(facts, key=lambda f: (f.line, f.kind, f.name))) for place, facts in table.items()}

    @cached_property
    def matches_by_place(self) -> Mapping[Place, tuple[HttpMatch, ...]]:
        table: dict[Place, list[HttpMatch]] = {}
        for match in self.matches:
            table.setdefault((match.call.path, match.call.symbol), []).append(match)
        return {place: tuple(found) for place, found in table.items()}
