"""What is left of a diagram, what is said of the rest, and that no evidence is lost on the way."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.diagrams.shape import focus, fold, fold_messages
from kbgen.errors import UsageError
from kbgen.model import Diagram, DiagramEdge, DiagramMessage, DiagramNode, Evidence
from tests.diagrams.drawings import make_big, make_evidence, make_platform, make_sequence


def list_evidence(diagram: Diagram) -> set[Evidence]:
    parts = (*diagram.nodes, *diagram.edges, *diagram.messages)
    return {evidence for part in parts for evidence in part.evidence}


def shuffle(diagram: Diagram, seed: int) -> Diagram:
    nodes, edges = list(diagram.nodes), list(diagram.edges)
    random.Random(seed).shuffle(nodes)
    random.Random(seed).shuffle(edges)
    return replace(diagram, nodes=tuple(nodes), edges=tuple(edges))


@st.composite
def diagrams(draw: st.DrawFn) -> Diagram:
    count = draw(st.integers(1, 30))
    ids = [f"n{place}" for place in range(count)]
    states = st.sampled_from(("live", "dead", "guess"))
    kinds = st.sampled_from(("agent", "team", "external", "endpoint", "service", "store"))
    nodes = tuple(
        DiagramNode(
            name, name, draw(kinds), draw(states), draw(st.sampled_from(["", "gone", *ids])), "", make_evidence(place)
        )
        for place, name in enumerate(ids)
    )
    end = st.sampled_from([*ids, "nowhere"])
    edges = tuple(
        DiagramEdge(draw(end), draw(end), draw(st.sampled_from(("http", "member"))), draw(st.sampled_from("abcde")),
                    draw(states), evidence=make_evidence(100 + place))
        for place in range(draw(st.integers(0, 40)))
    )  # fmt: skip
    return Diagram("d", "D", "graph", "overview", nodes, edges)


@given(diagrams(), st.integers(1, 20), st.integers(0, 5))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_fold_fits_and_keeps_all_evidence(diagram: Diagram, size: int, seed: int) -> None:
    folded = fold(diagram, size)
    ids = {node.id for node in folded.nodes}
    assert len(folded.nodes) <= size
    assert len(ids) == len(folded.nodes)
    assert all(edge.source in ids and edge.target in ids for edge in folded.edges)
    assert all(node.group in {"", *ids} for node in folded.nodes)
    known = {node.id for node in diagram.nodes}
    drawn = replace(diagram, edges=tuple(e for e in diagram.edges if {e.source, e.target} <= known))
    assert list_evidence(folded) == list_evidence(drawn)
    assert fold(folded, size) == folded
    assert fold(shuffle(diagram, seed), size) == folded
    ways = [(edge.source, edge.target, edge.kind, edge.state) for edge in folded.edges]
    assert len(ways) == len(set(ways))


def test_fold_leaves_what_fits_and_joins_parallel_edges() -> None:
    folded = fold(make_platform())
    joined = next(edge for edge in folded.edges if edge.target == "api:events")
    assert len(folded.nodes) == len(make_platform().nodes)
    assert folded.folded == ()
    assert joined.label == "task.created, task.updated"
    assert len(joined.evidence) == 2


def test_fold_takes_endpoints_first_then_members_of_teams() -> None:
    platform = make_platform()
    whole = len(platform.nodes)
    assert fold(platform, whole - 1).folded == ("1 endpoint folded into Core API", "1 endpoint folded into Web app")
    folded = fold(platform, whole - 3)
    assert folded.folded[2:] == ("6 agents folded into Planning team", "5 agents folded into Marketing team")
    team = next(node for node in folded.nodes if node.id == "team:plan")
    assert team.details == ("6 agents",)
    assert make_evidence(13)[0] in team.evidence
    assert not [node for node in folded.nodes if node.group == "team:plan"]
    assert [edge for edge in folded.edges if edge.source == "team:plan" and edge.target == "app:api"]


def test_fold_draws_leaf_externals_as_one_and_names_them() -> None:
    folded = fold(make_platform(), 16)
    one = next(node for node in folded.nodes if node.kind == "external")
    assert (one.label, one.details) == ("3 external services", ("Mail service, Model service, Payments service",))
    assert "3 external services drawn as one" in folded.folded


def test_fold_keeps_dead_parts_longest() -> None:
    folded = fold(make_platform(), 9)
    assert "agent:old" in {node.id for node in folded.nodes}
    assert [edge.state for edge in folded.edges if edge.source == "agent:old"] == ["dead"]
    assert "agent:old" not in {node.id for node in fold(make_platform(), 6).nodes}


def test_fold_has_few_edges_even_of_a_dense_graph() -> None:
    folded = fold(make_big(2000, 4000))
    assert len(folded.nodes) <= 40
    assert len(folded.edges) <= 160
    assert len(folded.folded) <= 12


def test_focus_walks_in_the_directions_asked_for() -> None:
    platform = make_platform()
    both = focus(platform, "client")
    assert {"client", "cards", "agent:plan0", "team:sell", "gate"} <= {node.id for node in both.nodes}
    down = focus(platform, "A2A client", 1, "down")
    assert {edge.target for edge in down.edges} == {"cards", "agent:plan0", "team:sell"}
    assert {node.id for node in down.nodes} >= {"app:agents", "team:plan"}, "what holds a part is drawn around it"
    up = focus(platform, "store:redis", 2, "up")
    assert {edge.source for edge in up.edges} == {"api:events", "api:tasks", "agent:old"}
    assert up.folded == (f"{len(platform.nodes) - len(up.nodes)} parts further than 2 steps away left out",)


def test_focus_on_a_holder_brings_what_it_holds() -> None:
    focused = focus(make_platform(), "app:web")
    ids = {node.id for node in focused.nodes}
    assert {"web:chat", "web:page", "web:proxy", "gate", "api:tasks"} <= ids
    assert "store:pg" not in ids


def test_focus_on_an_unknown_node_names_near_ones() -> None:
    with pytest.raises(UsageError, match="A2A client"):
        focus(make_platform(), "A2A clint")


@st.composite
def sequences(draw: st.DrawFn) -> Diagram:
    lanes = [f"l{place}" for place in range(draw(st.integers(1, 5)))]
    lane = st.sampled_from(lanes)
    kind = st.sampled_from(("call", "return", "event", "note", "decides"))
    messages = tuple(
        DiagramMessage(draw(lane), draw(lane), draw(st.sampled_from("abc")), draw(kind), evidence=make_evidence(place),
                       depth=draw(st.integers(0, 3)))
        for place in range(draw(st.integers(0, 40)))
    )  # fmt: skip
    return Diagram(
        "s", "S", "sequence", "overview", tuple(DiagramNode(name, name, "agent") for name in lanes), (), messages
    )


@given(sequences(), st.integers(1, 30))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_fold_messages_fits_and_is_done_at_once(diagram: Diagram, size: int) -> None:
    folded = fold_messages(diagram, size)
    used = {end for message in folded.messages for end in (message.source, message.target)}
    assert len(folded.messages) <= size
    assert {node.id for node in folded.nodes} == used
    again = fold_messages(folded, size)
    assert (again.messages, again.nodes) == (folded.messages, folded.nodes)
    assert fold_messages(replace(diagram, nodes=diagram.nodes[::-1]), size) == folded
    if len(diagram.messages) <= size:
        assert list_evidence(folded) == list_evidence(diagram)


def test_repeated_calls_become_one_with_their_returns() -> None:
    steps = [("a", "b", "ask", "call"), ("b", "a", "told", "return")] * 6
    nodes = (DiagramNode("a", "A", "agent"), DiagramNode("b", "B", "store"), DiagramNode("c", "C", "store"))
    messages = tuple(DiagramMessage(s, t, x, k, evidence=make_evidence(n)) for n, (s, t, x, k) in enumerate(steps))
    folded = fold_messages(Diagram("s", "S", "sequence", "overview", nodes, (), messages))
    assert [message.label for message in folded.messages] == ["ask ×6", "told"]
    assert len(list_evidence(folded)) == 12
    assert folded.folded == ("6 calls in a row drawn as 1", "1 lane without a step left out")


def test_different_calls_of_one_target_are_joined_only_when_there_is_no_room() -> None:
    sequence = make_sequence()
    assert len(fold_messages(sequence).messages) == len(sequence.messages)
    folded = fold_messages(sequence, 11)
    assert "get_tasks, get_risks" in [message.label for message in folded.messages]
    assert len(folded.messages) == 11
    assert folded.folded == ("2 calls in a row drawn as 1",)


def test_deepest_steps_go_first_with_their_returns() -> None:
    folded = fold_messages(make_sequence(), 8)
    assert [message.depth for message in folded.messages].count(3) == 0
    assert [message.kind for message in folded.messages].count("return") == 1
    assert any("deeper steps left out" in sentence for sentence in folded.folded)
