"""Following one request through the code: calls in source order, across languages where the joins meet.

A local call is followed only where it leads to something worth drawing (a boundary), so that a trace stays short.
Every message has the code of both ends as evidence.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kbgen.diagrams.mesh import Mesh
from kbgen.diagrams.parts import Part
from kbgen.expressions import decode_arguments, decode_expr, walk_expr
from kbgen.join.http import HttpMatch
from kbgen.join.program import Edge, Place
from kbgen.model import DiagramMessage, DiagramNode, Evidence, Fact, Liveness

_HOPS = 14
"""Local calls that one trace follows in a row."""


@dataclass(slots=True)
class Story:
    """A trace while it grows: messages in order, and the lanes that they are between."""

    limit: int = 90
    messages: list[DiagramMessage] = field(default_factory=list)
    lanes: dict[str, DiagramNode] = field(default_factory=dict)
    seen: set[tuple[str, str, str]] = field(default_factory=set)
    visited: set[Place] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)
    """Agents that the trace so far calls by ID."""
    cut: int = 0

    @property
    def full(self) -> bool:
        return len(self.messages) >= self.limit


class Tracer:
    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.system = mesh.system
        self.program = mesh.system.program
        self.parts = mesh.parts

    # ------------------------------------------------------------------------------------------- lanes

    def find_lane(self, place: Place) -> DiagramNode:
        """The lane of a definition: its part, its class, its component, else its file."""
        path, symbol = place
        owner = self.parts.find_owner(place)
        if owner:
            return self.make_lane(self.parts.all[owner])
        fact = self.program.get_symbol(place)
        unit = self.system.units.find_unit(path)
        top = symbol.partition(".")[0]
        holder = self.program.get_symbol((path, top)) if top else None
        kind = holder.attr("kind") if holder is not None else ""
        shown = holder or fact
        evidence: tuple[Evidence, ...] = (Evidence(path=path, hash=self.program.files[path].blob, line=1),)
        if shown is not None:
            evidence = (self.program.make_evidence(shown),)
        if kind == "class":
            return DiagramNode(f"{path}::{top}", top, "module", "live", unit, "", evidence)
        if kind in ("component", "hook"):
            return DiagramNode(f"{path}::{top}", top, kind, "live", unit, "", evidence)
        return DiagramNode(path, _name_file(path), "module", "live", unit, "", evidence)

    def make_lane(self, part: Part) -> DiagramNode:
        return DiagramNode(part.id, part.label, part.kind, "live", "", "", tuple(part.evidence[:1]))

    def find_unit_lane(self, unit: str) -> DiagramNode:
        return self.make_lane(self.parts.all[unit])

    # -------------------------------------------------------------------------------------- boundaries

    @cached_property
    def _callers(self) -> dict[Place, set[Place]]:
        """Place -> places that call, make or render it; over everything that production code defines."""
        table: dict[Place, set[Place]] = {}
        for path in self.program.files:
            if self.program.is_test(path):
                continue
            for symbol in ("", *self.program.list_symbols(path)):
                place = (path, symbol)
                for edge in self.find_steps(place):
                    if edge.target != place:
                        table.setdefault(edge.target, set()).add(place)
        return table

    def find_steps(self, place: Place) -> tuple[Edge, ...]:
        """What one definition calls, makes or renders, in source order; also what only a method's name suggests."""
        known = self._steps.get(place)
        if known is None:
            known = self._steps[place] = tuple(self._find_steps(place))
        return known

    @cached_property
    def _steps(self) -> dict[Place, tuple[Edge, ...]]:
        return {}

    def _find_steps(self, place: Place) -> Iterator[Edge]:
        resolved: set[int] = set()
        found: list[Edge] = []
        for edge in self.program.find_edges(place):
            if edge.how in ("call", "new", "render") or (edge.how == "pass" and self._is_function(edge.target)):
                found.append(edge)
                if edge.how in ("call", "new"):
                    resolved.add(id(edge.fact))
        for fact in self.program.list_within(place[0], place[1], "call"):
            if id(fact) in resolved or "." not in fact.name:
                continue
            guess = self._find_by_method(fact)
            if guess is not None and guess != place:
                found.append(Edge(guess, "guess", fact))
        yield from sorted(found, key=lambda e: e.fact.line)

    def _is_function(self, place: Place) -> bool:
        fact = self.program.get_symbol(place)
        return fact is not None and fact.attr("kind") in ("function", "method")

    def _find_by_method(self, call: Fact) -> Place | None:
        """The only own method of a telling name, where the receiver's type is not known (``Any``, a callback)."""
        receiver, _, name = call.name.rpartition(".")
        if len(name) < 8 or not re.search(r"[a-z](?:_[a-z]|[A-Z])", name):
            return None
        if self.program.find_origin(call.path, receiver):
            return None
        candidates = self._methods.get((call.path.rpartition(".")[2] in ("py", "pyi"), name), ())
        return candidates[0] if len(candidates) == 1 else None

    @cached_property
    def _methods(self) -> dict[tuple[bool, str], list[Place]]:
        table: dict[tuple[bool, str], list[Place]] = {}
        for fact in self.program.list_facts("symbol"):
            if fact.attr("kind") == "method":
                key = (fact.path.endswith((".py", ".pyi")), fact.name)
                table.setdefault(key, []).append((fact.path, fact.symbol))
        return table

    def find_leading(self, boundaries: Iterable[Place], hops: int = _HOPS) -> dict[Place, int]:
        """Every place from which a boundary is reached by local calls -> how many calls away it is."""
        found = dict.fromkeys(boundaries, 0)
        edge = list(found)
        for distance in range(1, hops + 1):
            fresh = []
            for place in edge:
                for caller in self._callers.get(place, ()):
                    if caller not in found:
                        found[caller] = distance
                        fresh.append(caller)
            edge = fresh
        return found

    # ---------------------------------------------------------------------------------------- messages

    def say(
        self,
        story: Story,
        source: DiagramNode,
        target: DiagramNode,
        label: str,
        evidence: Sequence[Evidence],
        *,
        kind: str = "call",
        state: Liveness = "live",
        why: str = "",
        depth: int = 0,
        again: bool = False,
    ) -> bool:
        """Add a message unless the same one was said or the story is full."""
        key = (source.id, target.id, label)
        if story.full:
            story.cut += 1
            return False
        if key in story.seen and not again:
            return False
        story.seen.add(key)
        for lane in (source, target):
            story.lanes.setdefault(lane.id, lane)
        kept = tuple(dict.fromkeys(e for e in evidence if e.path))
        story.messages.append(DiagramMessage(source.id, target.id, label, kind, state, why, kept, depth))
        return True

    def find_evidence(self, edge: Edge) -> list[Evidence]:
        """The call, the definition called, and the constants and data files that it goes by."""
        found = [self.program.make_evidence(edge.fact)]
        target = self.program.get_symbol(edge.target)
        if target is not None:
            found.append(self.program.make_evidence(target))
        found += self.find_values(edge.target)
        return found

    def find_values(self, place: Place) -> list[Evidence]:
        """Constants of other files that a definition uses, and data files that its file names."""
        found = []
        path = place[0]
        places = [place, (path, "")]
        for origin in places:
            for edge in self.program.find_edges(origin):
                fact = self.program.get_symbol(edge.target)
                if fact is None or fact.path == path or fact.attr("kind") not in ("constant", "const"):
                    continue
                if re.fullmatch(r"[A-Z][A-Z0-9_]+", fact.name):
                    found.append(self.program.make_evidence(fact))
        for name in self._list_strings(place):
            file = self._data_files.get(name.rpartition("/")[2])
            if file is not None:
                found.append(
                    Evidence(
                        path=file, hash=self.program.files[file].blob if file in self.program.files else "", line=1
                    )
                )
        return list(dict.fromkeys(found))[:4]

    def _list_strings(self, place: Place) -> list[str]:
        """Names of files in string literals of a definition, and of the constants of its own file that it uses."""
        path = place[0]
        own = [place]
        own += [e.target for e in self.program.find_edges(place) if e.target[0] == path]
        own += [e.target for p in own[1:] for e in self.program.find_edges(p) if e.target[0] == path]
        found = []
        for where in dict.fromkeys(own):
            exprs: list[object] = []
            for kind in ("binding", "call", "return"):
                for fact in self.program.list_within(where[0], where[1], kind):
                    if "." in fact.value:
                        exprs += [decode_expr(fact.value)] if kind != "call" else _arguments_of(fact)
            if where[1] and where != place:
                exprs += [value for _, value in self.program.find_values(path, "", where[1])]
            for expr in exprs:
                found += [p for p in walk_expr(expr) if isinstance(p, str) and _DATA_NAME.search(p)]
        return list(dict.fromkeys(found))

    @cached_property
    def _data_files(self) -> dict[str, str]:
        """Base name -> path, of data files whose name is theirs alone."""
        table: dict[str, list[str]] = {}
        for path in self.program.paths:
            if _DATA_NAME.search(path) and not self.program.is_test(path):
                table.setdefault(posixpath.basename(path), []).append(path)
        return {name: paths[0] for name, paths in table.items() if len(paths) == 1 and name not in _COMMON_FILES}

    # ----------------------------------------------------------------------------------------- walking

    def follow(
        self,
        story: Story,
        place: Place,
        leading: dict[Place, int],
        *,
        cross: Callable[[Story, Place, Fact, int], None] | None = None,
        depth: int = 0,
        lane: DiagramNode | None = None,
        hops: int = _HOPS,
    ) -> None:
        """Messages of one definition's calls that lead to a boundary, in source order, theirs in turn after each.

        `cross` is called for each derived fact or HTTP call that stands directly in a place that is passed. `hops` is
        how many local calls in a row are followed.
        """
        if hops < 0 or place in story.visited or story.full:
            return
        story.visited.add(place)
        own = lane or self.find_lane(place)
        steps: list[tuple[int, int, object]] = []
        for index, edge in enumerate(self.find_steps(place)):
            if edge.target in leading:
                steps.append((edge.fact.line, index, edge))
        if cross is not None:
            for match in self.system.matches_by_place.get(place, ()):
                steps.append((match.call.line, -1, match))
            for fact in self.system.by_place.get(place, ()):
                steps.append((fact.line, -2, fact))
        steps.sort(key=lambda s: (s[0], s[1]))
        for _, _, step in steps:
            if isinstance(step, Edge):
                self._follow_edge(story, own, step, leading, cross, depth, hops - 1)
            elif cross is not None:
                cross(story, place, step.call if isinstance(step, HttpMatch) else step, depth)  # type: ignore[arg-type]

    def _follow_edge(
        self,
        story: Story,
        own: DiagramNode,
        edge: Edge,
        leading: dict[Place, int],
        cross: Callable[[Story, Place, Fact, int], None] | None,
        depth: int,
        hops: int,
    ) -> None:
        target = edge.target
        first = target not in story.visited
        if edge.how == "new" and self.program.is_class(target):
            maker = next((m for m in ("__init__", "constructor") if (target[0], f"{target[1]}.{m}") in leading), "")
            if maker:
                self.follow(
                    story, (target[0], f"{target[1]}.{maker}"), leading, cross=cross, depth=depth + 1, hops=hops
                )
            return
        lane = self.find_lane(target)
        name = target[1].rpartition(".")[2] or _name_file(target[0])
        label = f"<{name}>" if edge.how == "render" else f"{name}()"
        kind = "render" if edge.how == "render" else "call"
        if lane.id != own.id or leading[target] == 0:
            state: Liveness = "guess" if edge.how == "guess" else "live"
            why = f"only one method is called {name}" if edge.how == "guess" else ""
            self.say(story, own, lane, label, self.find_evidence(edge), kind=kind, state=state, why=why, depth=depth)
        if first:
            self.follow(story, target, leading, cross=cross, depth=depth + 1, lane=lane, hops=hops)

    def find_chain(self, roots: Iterable[Place], goal: Place) -> list[Edge]:
        """The shortest way from a root to a place along uses: the edges in order, [] when there is none."""
        before: dict[Place, tuple[Place, Edge]] = {}
        seen = set(roots)
        layer = sorted(seen)
        while layer and goal not in before and goal not in seen - set(before):
            fresh: list[Place] = []
            for place in layer:
                for edge in self.find_steps(place):
                    if edge.target not in seen:
                        seen.add(edge.target)
                        before[edge.target] = (place, edge)
                        fresh.append(edge.target)
            layer = fresh
        chain: list[Edge] = []
        current = goal
        while current in before:
            current, edge = before[current]
            chain.append(edge)
        return chain[::-1]


def _arguments_of(fact: Fact) -> list[object]:
    positional, words = decode_arguments(fact.value)
    return [*positional, *words.values()]


def _name_file(path: str) -> str:
    stem = re.sub(r"(?:\.d)?\.[^./]+$", "", posixpath.basename(path))
    if stem in ("index", "__init__", "page", "layout", "route", "main", "mod"):
        return f"{posixpath.basename(posixpath.dirname(path))}/{stem}"
    return stem


_DATA_NAME = re.compile(r"^[^\s{}]*[\w\-]\.(?:json|ya?ml|toml|csv)$")
_COMMON_FILES = frozenset({"package.json", "tsconfig.json", "pyproject.toml"})
