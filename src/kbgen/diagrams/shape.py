"""What is drawn of a diagram: its neighbourhood of one node, or as much as a page can hold. Always before layout.

Every function takes a diagram and returns one; what it leaves out it says in `folded`. Nothing that is folded into
another part loses its evidence: the part that stands for it has it. Parts are sorted by ID, so the order of the input
does not matter (messages keep theirs).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from kbgen.diagrams.graph import make_graph
from kbgen.diagrams.outline import NOTES, find_parents, name_count
from kbgen.diagrams.text import shorten_text
from kbgen.errors import UsageError
from kbgen.model import Diagram, DiagramEdge, DiagramMessage, DiagramNode, Evidence, Liveness

if TYPE_CHECKING:
    from networkx import MultiDiGraph

Direction = Literal["both", "up", "down"]

MAX_NODES = 40
MAX_MESSAGES = 25
_MAX_LABELS = 3
"""Labels of one joined edge or message; further ones are counted."""
_MAX_EDGES_PER_NODE = 4
"""More edges than this hide the nodes that they join."""
_MIN_NODES = 8
_MANY_SENTENCES = 4
_LEAVES = frozenset({"external", "person"})


# ------------------------------------------------------------------------------------------- focus


def focus(diagram: Diagram, node: str, depth: int = 1, direction: Direction = "both") -> Diagram:
    """The node, what it calls (down) and what calls it (up), up to `depth` steps away, and what holds them.

    A node that holds others brings them along. `node` is an ID or a label. Raises UsageError where there is none.
    """
    diagram = _sort(diagram)
    start = _find_node(diagram, node)
    parents = find_parents(diagram.nodes)
    near = {start.id} | {other for other in parents if start.id in _list_above(other, parents)}
    graph = make_graph(diagram)
    reached = set(near)
    if direction in ("both", "down"):
        reached |= _walk(graph, near, depth)
    if direction in ("both", "up"):
        reached |= _walk(graph.reverse(copy=False), near, depth)
    shown = reached.union(*(_list_above(other, parents) for other in reached))
    nodes = tuple(other for other in diagram.nodes if other.id in shown)
    left = len(diagram.nodes) - len(nodes)
    return replace(
        diagram,
        nodes=nodes,
        edges=tuple(edge for edge in diagram.edges if edge.source in reached and edge.target in reached),
        messages=tuple(step for step in diagram.messages if step.source in reached and step.target in reached),
        folded=(*diagram.folded, f"{name_count(left, 'part')} further than {name_count(depth, 'step')} away left out")
        if left
        else diagram.folded,
    )


def _find_node(diagram: Diagram, wanted: str) -> DiagramNode:
    named = [node for node in diagram.nodes if node.id == wanted] or [
        node for node in diagram.nodes if node.label.casefold() == wanted.casefold()
    ]
    if named:
        return named[0]
    import difflib

    known = sorted({text for node in diagram.nodes for text in (node.id, node.label)})
    near = difflib.get_close_matches(wanted, known, 3)
    hint = "did you mean " + ", ".join(near) if near else "`--format json` lists the nodes"
    raise UsageError(f"no node {wanted!r} in the diagram {diagram.name}", hint)


def _walk(graph: MultiDiGraph, start: Iterable[str], depth: int) -> set[str]:
    """The nodes at most `depth` links away from any of `start`, along the links."""
    import networkx

    reached: set[str] = set()
    for node in start:
        reached |= set(networkx.single_source_shortest_path_length(graph, node, cutoff=depth))
    return reached


def _list_above(node: str, parents: dict[str, str]) -> tuple[str, ...]:
    above = []
    while node := parents.get(node, ""):
        above.append(node)
    return tuple(above)


# -------------------------------------------------------------------------------------------- fold


def fold(diagram: Diagram, max_nodes: int = MAX_NODES) -> Diagram:
    """At most `max_nodes` nodes, and one edge for all of one kind and state between the same two.

    Folded in this order until it fits: endpoints into what serves them, members into their team, external services that
    only get called into one, members into the group that holds them, other leaves of one kind and caller into one; then
    the same for dead parts, and at last everything but the best connected nodes. Fewer nodes where so many would have
    too many edges between them.
    """
    diagram = _sort(diagram)
    wanted = max(max_nodes, 1)
    while True:
        folded = _fold_once(diagram, wanted)
        if len(folded.edges) <= max_nodes * _MAX_EDGES_PER_NODE or wanted <= _MIN_NODES:
            return folded
        wanted = max(wanted * 3 // 4, _MIN_NODES)


def _fold_once(diagram: Diagram, max_nodes: int) -> Diagram:
    folding = _Folding(diagram, max_nodes)
    for dead in (False, True):
        folding.fold_members(lambda member, holder: member.kind == "endpoint", dead)
        folding.fold_members(lambda member, holder: holder.kind == "team", dead)
        folding.fold_leaves(lambda node: node.kind in _LEAVES, dead, by_caller=False)
        folding.fold_groups(dead)
        folding.fold_leaves(lambda node: node.kind not in _LEAVES, dead, by_caller=True)
    folding.fold_rest()
    return folding.get_diagram()


class _Folding:
    """A diagram while it is folded: which nodes still stand, and where the others went."""

    def __init__(self, diagram: Diagram, max_nodes: int) -> None:
        self._diagram = diagram
        self._max_nodes = max_nodes
        self._nodes = {node.id: node for node in diagram.nodes}
        self._home = {node.id: node.id for node in diagram.nodes}
        self._into: dict[str, list[DiagramNode]] = {}
        """What was folded into each holder, in order of folding."""
        self._as_one: list[str] = []
        """Nodes that stand for several alike."""

    def fold_members(self, is_wanted: Callable[[DiagramNode, DiagramNode], bool], dead: bool) -> None:
        """All wanted members at once, so that a drawing does not show some and not others."""
        if self._fits():
            return
        parents = find_parents(self._nodes.values())
        holders = set(parents.values())
        moved: dict[str, list[str]] = {}
        for node, holder in parents.items():
            free = holder and node not in holders and self._may_fold(node, dead)
            if free and is_wanted(self._nodes[node], self._nodes[holder]):
                moved.setdefault(holder, []).append(node)
        for holder, members in moved.items():
            self._absorb(members, holder)

    def fold_leaves(self, is_wanted: Callable[[DiagramNode], bool], dead: bool, by_caller: bool) -> None:
        """Leaves of one kind become one node: those with the same caller, or whoever calls them."""
        if self._fits():
            return
        parents = find_parents(self._nodes.values())
        holders = set(parents.values())
        callers, calling = self._find_callers()
        alike: dict[tuple[str, ...], list[str]] = {}
        for node in sorted(self._nodes.values(), key=lambda node: node.id):
            if node.id in holders or node.id in calling or not self._may_fold(node.id, dead):
                continue
            if is_wanted(node) and (not by_caller or len(callers.get(node.id, ())) <= 1):
                by = "".join(callers.get(node.id, ())) if by_caller else ""
                alike.setdefault((node.kind, node.state, parents[node.id], by), []).append(node.id)
        for (kind, state, group, _), found in sorted(alike.items(), key=lambda item: (-len(item[1]), item[0])):
            if len(found) > 1 and not self._fits():
                label = f"{'dead: ' if state == 'dead' else ''}{name_count(len(found), kind)}"
                self._replace(found, label, kind, group)

    def fold_groups(self, dead: bool) -> None:
        """One group at a time: the smallest that is enough, else the biggest; inner ones before outer ones."""
        members: dict[str, list[str]] = {}
        for node, above in find_parents(self._nodes.values()).items():
            if above:
                members.setdefault(above, []).append(node)
        while not self._fits():
            innermost = {holder: held for holder, held in members.items() if not any(node in members for node in held)}
            foldable = {
                holder: [node for node in held if self._may_fold(node, dead)] for holder, held in innermost.items()
            }
            sizes = sorted((len(found), holder) for holder, found in foldable.items() if found)
            if not sizes:
                return
            excess = len(self._nodes) - self._max_nodes
            _, holder = next((size for size in sizes if size[0] >= excess), sizes[-1])
            self._absorb(foldable[holder], holder)
            members[holder] = [node for node in members[holder] if node in self._nodes]
            if not members[holder]:
                del members[holder]

    def fold_rest(self) -> None:
        if self._fits():
            return
        degree = Counter(self._home[end] for part in self._diagram.edges for end in (part.source, part.target))
        degree.update(self._home[end] for part in self._diagram.messages for end in (part.source, part.target))
        ranked = sorted(self._nodes, key=lambda node: (-degree[node], node))
        rest = sorted(ranked[self._max_nodes - 1 :])
        self._replace(rest, name_count(len(rest), "further part"), "external", "")

    def get_diagram(self) -> Diagram:
        inner: dict[str, list[Evidence]] = {}
        edges: dict[tuple[str, ...], list[DiagramEdge]] = {}
        for edge in self._diagram.edges:
            source, target = self._home[edge.source], self._home[edge.target]
            if source == target and edge.source != edge.target:
                inner.setdefault(source, []).extend(edge.evidence)
            else:
                moved = replace(edge, source=source, target=target)
                edges.setdefault((source, target, edge.kind, edge.state), []).append(moved)
        nodes = {
            node.id: replace(
                node,
                details=(*node.details, _count_kinds(self._into[node.id])) if node.id in self._into else node.details,
                evidence=_unite(node.evidence, inner[node.id]) if node.id in inner else node.evidence,
            )
            for node in self._nodes.values()
        }
        parents = find_parents(self._nodes.values())
        return replace(
            self._diagram,
            nodes=tuple(replace(node, group=parents[node.id]) for _, node in sorted(nodes.items())),
            edges=tuple(_merge_edges(parallel) for _, parallel in sorted(edges.items())),
            messages=tuple(
                replace(step, source=self._home[step.source], target=self._home[step.target])
                for step in self._diagram.messages
            ),
            folded=(*self._diagram.folded, *self._explain()),
        )

    def _explain(self) -> Iterable[str]:
        """A sentence for each fold, or one for all of a sort where they are many."""
        into = {holder: gone for holder, gone in self._into.items() if holder in self._nodes}
        if len(into) <= _MANY_SENTENCES:
            for holder, gone in into.items():
                yield f"{_count_kinds(gone)} folded into {self._nodes[holder].label}"
        else:
            gone = [node for nodes in into.values() for node in nodes]
            around = _count_kinds(self._nodes[holder] for holder in into)
            yield f"{_count_kinds(gone)} folded into the {around} around them"
        alike = [self._nodes[node] for node in self._as_one if node in self._nodes]
        if len(alike) <= _MANY_SENTENCES:
            for node in alike:
                yield f"{node.label} drawn as one"
        else:
            homes = Counter(self._home.values())
            kinds = {node.kind for node in alike}
            together = sum(homes[node.id] - 1 for node in alike)
            yield f"{name_count(together, kinds.pop() if len(kinds) == 1 else 'part')} drawn as {len(alike)}"

    def _fits(self) -> bool:
        return len(self._nodes) <= self._max_nodes

    def _may_fold(self, node: str, dead: bool) -> bool:
        return (self._nodes[node].state == "dead") == dead

    def _find_callers(self) -> tuple[dict[str, tuple[str, ...]], set[str]]:
        """Who calls each node that still stands, and which of them call something themselves."""
        callers: dict[str, set[str]] = {}
        for edge in self._diagram.edges:
            source, target = self._home[edge.source], self._home[edge.target]
            if source != target:
                callers.setdefault(target, set()).add(source)
        calling = {source for found in callers.values() for source in found}
        return {target: tuple(sorted(found)) for target, found in callers.items()}, calling

    def _absorb(self, members: Sequence[str], into: str) -> None:
        holder = self._nodes[into]
        gone = [self._nodes.pop(member) for member in members]
        self._into.setdefault(into, []).extend(node for one in gone for node in (*self._into.pop(one.id, ()), one))
        self._nodes[into] = replace(
            holder,
            evidence=_unite(holder.evidence, *(node.evidence for node in gone)),
        )
        self._move(members, into)

    def _replace(self, nodes: Sequence[str], label: str, kind: str, group: str) -> None:
        """One new node in place of several."""
        gone = [self._nodes.pop(node) for node in nodes]
        new = "folded:" + nodes[0]
        states = {node.state for node in gone}
        state: Liveness = next(iter(states)) if len(states) == 1 else "live"
        names = shorten_text(", ".join(sorted(node.label for node in gone)), 60)
        why = gone[0].why if len({node.why for node in gone}) == 1 else ""
        evidence = _unite(*(node.evidence for node in gone))
        self._as_one.append(new)
        self._nodes[new] = DiagramNode(new, label, kind, state, group, why, evidence, (names,))
        self._home[new] = new
        self._move(nodes, new)

    def _move(self, nodes: Sequence[str], into: str) -> None:
        moved = set(nodes)
        for node, home in self._home.items():
            if home in moved:
                self._home[node] = into


def _merge_edges(parallel: Sequence[DiagramEdge]) -> DiagramEdge:
    if len(parallel) == 1:
        return parallel[0]
    return replace(
        parallel[0],
        label=_join_labels([edge.label for edge in parallel]),
        why="; ".join(sorted({edge.why for edge in parallel} - {""})),
        rule=", ".join(sorted({edge.rule for edge in parallel} - {""})),
        evidence=_unite(*(edge.evidence for edge in parallel)),
    )


# ----------------------------------------------------------------------------------- fold messages


@dataclass(frozen=True, slots=True)
class _Step:
    """A message that may stand for several of the trace."""

    message: DiagramMessage
    labels: tuple[str, ...]
    count: int = 1


def fold_messages(diagram: Diagram, max_messages: int = MAX_MESSAGES) -> Diagram:
    """At most `max_messages` messages, and only lanes that one of them touches.

    The same call several times in a row is drawn once. When that is not enough, so are different calls of one target in
    a row; then the deepest messages go, of one depth those inside a lane and late ones first, each with its return.
    """
    diagram = _sort(diagram)
    started = [_Step(message, (message.label,)) for message in diagram.messages]
    steps = _join_repeats(started, with_label=True)
    dropped: list[_Step] = []
    while (excess := len(steps) - max(max_messages, 1)) > 0:
        shorter = _join_repeats(steps, with_label=False)
        if len(shorter) == len(steps):
            gone = _find_deepest(steps, -(-excess // 4))
            dropped += [steps[place] for place in gone]
            shorter = [step for place, step in enumerate(steps) if place not in gone]
        steps = _join_repeats(shorter, with_label=True)
    messages = tuple(_draw_step(step) for step in steps)
    return _drop_lanes(replace(diagram, messages=messages, folded=(*diagram.folded, *_explain_steps(steps, dropped))))


def _join_repeats(steps: Sequence[_Step], with_label: bool) -> list[_Step]:
    """Steps in a row that go the same way become one, each with the return that follows it at once.

    With `with_label` only those that say the same. Notes are never joined with other notes.
    """
    joined: list[tuple[_Step, ...]] = []
    for unit in _pair_returns(steps):
        if joined and _get_key(joined[-1], with_label) == _get_key(unit, with_label):
            joined[-1] = tuple(_join_steps(one, other) for one, other in zip(joined[-1], unit, strict=True))
        else:
            joined.append(unit)
    return [step for unit in joined for step in unit]


def _pair_returns(steps: Sequence[_Step]) -> Iterable[tuple[_Step, ...]]:
    place = 0
    while place < len(steps):
        one = steps[place].message
        other = steps[place + 1].message if place + 1 < len(steps) else None
        size = 2 if other and other.kind == "return" and one.kind != "return" and _is_answer(other, one) else 1
        yield tuple(steps[place : place + size])
        place += size


def _is_answer(answer: DiagramMessage, call: DiagramMessage) -> bool:
    return (answer.source, answer.target) == (call.target, call.source)


def _get_key(unit: tuple[_Step, ...], with_label: bool) -> tuple[object, ...]:
    keys: list[object] = []
    for step in unit:
        message = step.message
        keys.append((message.source, message.target, message.kind, message.state, message.depth))
        if with_label or message.kind in NOTES:
            keys.append(step.labels)
    return tuple(keys)


def _join_steps(one: _Step, other: _Step) -> _Step:
    why = "; ".join(dict.fromkeys(text for text in (one.message.why, other.message.why) if text))
    evidence = _unite(one.message.evidence, other.message.evidence)
    labels = tuple(dict.fromkeys((*one.labels, *other.labels)))
    return _Step(replace(one.message, why=why, evidence=evidence), labels, one.count + other.count)


def _find_deepest(steps: Sequence[_Step], wanted: int) -> set[int]:
    """Places of about `wanted` steps to leave out, with the returns of those that are calls."""
    answers = _match_returns(steps)
    returns = set(answers.values())
    candidates = [place for place in range(len(steps)) if place not in returns]

    def rank(place: int) -> tuple[int, bool, int]:
        message = steps[place].message
        return (-message.depth, message.source != message.target, -place)

    gone: set[int] = set()
    for place in sorted(candidates, key=rank):
        if len(gone) >= wanted:
            break
        gone.update({place, answers.get(place, place)})
    return gone


def _match_returns(steps: Sequence[_Step]) -> dict[int, int]:
    """Place of a call -> place of its return."""
    answers: dict[int, int] = {}
    waiting: dict[tuple[str, str], list[int]] = {}
    for place, step in enumerate(steps):
        message = step.message
        if message.kind == "return":
            calls = waiting.get((message.target, message.source))
            if calls:
                answers[calls.pop()] = place
        elif message.kind not in NOTES:
            waiting.setdefault((message.source, message.target), []).append(place)
    return answers


def _draw_step(step: _Step) -> DiagramMessage:
    if step.count == 1:
        return step.message
    label = _join_labels(step.labels)
    repeated = step.count > len(step.labels) and step.message.kind != "return"
    return replace(step.message, label=f"{label} ×{step.count}" if repeated else label)


def _explain_steps(steps: Sequence[_Step], dropped: Sequence[_Step]) -> Iterable[str]:
    joined = [step for step in steps if step.count > 1 and step.message.kind != "return"]
    if joined:
        yield f"{name_count(sum(step.count for step in joined), 'call')} in a row drawn as {len(joined)}"
    lost = [step for step in dropped if step.message.kind != "return"] or list(dropped)
    if lost:
        top = min(step.message.depth for step in (*steps, *dropped))
        deep = all(step.message.depth > top for step in lost)
        yield f"{name_count(sum(step.count for step in lost), 'deeper step' if deep else 'step')} left out"


def _drop_lanes(diagram: Diagram) -> Diagram:
    used = {end for message in diagram.messages for end in (message.source, message.target)}
    nodes = tuple(node for node in diagram.nodes if node.id in used)
    gone = len(diagram.nodes) - len(nodes)
    folded = (*diagram.folded, f"{name_count(gone, 'lane')} without a step left out") if gone else diagram.folded
    return replace(
        diagram,
        nodes=tuple(node if node.group in used else replace(node, group="") for node in nodes),
        edges=tuple(edge for edge in diagram.edges if edge.source in used and edge.target in used),
        folded=folded,
    )


# ------------------------------------------------------------------------------------------- common


def _sort(diagram: Diagram) -> Diagram:
    """In order, and without what leads nowhere."""
    known = {node.id for node in diagram.nodes}
    return replace(
        diagram,
        nodes=tuple(sorted(diagram.nodes, key=lambda node: node.id)),
        edges=tuple(sorted((edge for edge in diagram.edges if {edge.source, edge.target} <= known), key=_rank_edge)),
        messages=tuple(step for step in diagram.messages if {step.source, step.target} <= known),
    )


def _rank_edge(edge: DiagramEdge) -> tuple[str, ...]:
    return (edge.source, edge.target, edge.kind, edge.state, edge.label, edge.rule, edge.why)


def _unite(*several: Iterable[Evidence]) -> tuple[Evidence, ...]:
    found = {evidence for evidences in several for evidence in evidences}
    return tuple(sorted(found, key=lambda e: (e.path, e.line, e.symbol, e.hash, e.commit, e.quote)))


def _join_labels(labels: Iterable[str]) -> str:
    found = [label for label in dict.fromkeys(labels) if label]
    shown = ", ".join(found[:_MAX_LABELS])
    return f"{shown} +{len(found) - _MAX_LABELS} more" if len(found) > _MAX_LABELS else shown


def _count_kinds(nodes: Iterable[DiagramNode]) -> str:
    """``12 agents``, ``12 agents and 3 tools``; ``16 parts`` of more than two kinds."""
    counts = Counter(node.kind for node in nodes)
    if len(counts) > 2:
        return name_count(sum(counts.values()), "part")
    return " and ".join(name_count(count, kind) for kind, count in sorted(counts.items()))
