"""DOT text: what Graphviz draws of it says exactly what the diagram says."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from kbgen.adapters.graphviz import Graphviz
from kbgen.diagrams.dot import make_dot
from kbgen.diagrams.text import clean_text
from kbgen.model import Diagram, DiagramEdge, DiagramNode
from tests.diagrams.drawings import HOSTILE, make_hostile_graph, make_hostile_sequence, make_platform, make_sequence
from tests.golden_files import FOLDER, check_golden


def read_texts(diagram: Diagram) -> str:
    """All words of the drawing, without blanks, for labels are wrapped."""
    svg = Graphviz().draw(make_dot(diagram), "svg", diagram.form == "sequence")
    root = ElementTree.fromstring(svg.decode())
    drawn = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    return re.sub(r"[\s\u200b]+", "", "".join(drawn))


@pytest.mark.parametrize("make", [make_platform, make_sequence])
def test_golden(make: object, update_golden: bool) -> None:
    diagram = make()  # type: ignore[operator]
    check_golden(FOLDER / f"diagram_{diagram.name}" / "drawing.dot", make_dot(diagram), update_golden)


@pytest.mark.parametrize("make", [make_hostile_graph, make_hostile_sequence])
def test_labels_are_drawn_as_they_are(make: object) -> None:
    drawn = read_texts(make())  # type: ignore[operator]
    for text in HOSTILE:
        if len(text) < 80:
            assert re.sub(r"\s+", "", clean_text(text)) in drawn


def test_states_can_be_told_apart() -> None:
    lines = make_dot(make_platform()).splitlines()
    dead, broken, guess = (
        next(line for line in lines if text in line) for text in ("  n_agent_old [", "GET /api/status", "/a2a/{id}")
    )
    assert 'style="filled,rounded,dashed"' in dead
    assert "style=dashed" in broken
    assert "#c8321f" in broken
    assert "style=dashed" in guess
    assert "#c8321f" not in guess
    assert any("nothing serves that path" in line for line in lines), "a broken edge says why"


def test_small_print_only_explains_what_is_there() -> None:
    live = Diagram("d", "D", "graph", "overview", (DiagramNode("a", "A", "agent"),), folded=("3 agents left out",))
    drawn = read_texts(live)
    assert "3agentsleftout" in drawn
    assert "dashed" not in drawn


def test_wide_graphs_go_down_and_deep_ones_to_the_right() -> None:
    nodes = tuple(DiagramNode(f"n{place:02}", f"N{place}", "agent") for place in range(12))
    fan = tuple(DiagramEdge("n00", node.id, "http") for node in nodes[1:])
    chain = tuple(DiagramEdge(one.id, two.id, "http") for one, two in pairwise(nodes))
    assert "rankdir=LR" in make_dot(Diagram("d", "D", "graph", "overview", nodes, fan))
    assert "rankdir=TB" in make_dot(Diagram("d", "D", "graph", "overview", nodes, chain))
