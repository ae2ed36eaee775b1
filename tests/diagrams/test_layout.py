"""Places read from Graphviz: one for each part, none on top of another."""

from __future__ import annotations

import itertools

import pytest

from kbgen.adapters.graphviz import Graphviz
from kbgen.diagrams.dot import make_dot
from kbgen.diagrams.layout import Box, Layout, read_layout
from kbgen.model import Diagram
from tests.diagrams.drawings import make_hostile_graph, make_platform


def layout(diagram: Diagram) -> Layout:
    return read_layout(Graphviz().draw(make_dot(diagram), "json").decode(), diagram)


def is_inside(inner: Box, outer: Box) -> bool:
    return (
        inner.x >= outer.x - 0.1
        and inner.y >= outer.y - 0.1
        and inner.x + inner.width <= outer.x + outer.width + 0.1
        and inner.y + inner.height <= outer.y + outer.height + 0.1
    )


def do_overlap(one: Box, other: Box) -> bool:
    return (
        one.x + one.width > other.x
        and other.x + other.width > one.x
        and one.y + one.height > other.y
        and other.y + other.height > one.y
    )


@pytest.mark.parametrize("make", [make_platform, make_hostile_graph])
def test_every_part_has_its_place(make: object) -> None:
    diagram = make()  # type: ignore[operator]
    found = layout(diagram)
    page = Box(0, 0, found.width, found.height)
    holders = {node.group for node in diagram.nodes} - {""}
    assert set(found.groups) == holders
    assert {node.id for node in diagram.nodes} - set(found.boxes) <= holders
    assert all(is_inside(box, page) for box in (*found.boxes.values(), *found.groups.values()))
    assert not [pair for pair in itertools.combinations(found.boxes.values(), 2) if do_overlap(*pair)]
    for node in diagram.nodes:
        if node.group and node.id in found.boxes:
            assert is_inside(found.boxes[node.id], found.groups[node.group])


def test_lines_end_at_their_boxes_and_members_have_none() -> None:
    diagram = make_platform()
    found = layout(diagram)
    assert len(found.lines) == len(found.labels) == len(diagram.edges)
    for edge, line, label in zip(diagram.edges, found.lines, found.labels, strict=True):
        if edge.kind == "member":
            assert (line, label) == ((), None)
            continue
        assert len(line) % 3 == 1
        for end, (x, y) in ((edge.source, line[0]), (edge.target, line[-1])):
            box = found.boxes[end]
            assert is_inside(Box(x, y, 0, 0), Box(box.x - 3, box.y - 3, box.width + 6, box.height + 6))
        assert (label is not None) == bool(edge.label or edge.kind != "in-process")


def test_what_is_no_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="mesh"):
        read_layout('{"bb": "0,0,1,1"}', make_platform())
    with pytest.raises(ValueError, match="Expecting value"):
        read_layout("no JSON", make_platform())
