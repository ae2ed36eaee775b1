"""The layout of sequences: nothing overlaps, nothing sticks out."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.diagrams.layout import Box
from kbgen.diagrams.sequence import LABEL_SIZE, SequencePlan, layout_sequence, plan_sequence
from kbgen.diagrams.text import measure_height, measure_text
from kbgen.model import Diagram, DiagramMessage, DiagramNode
from tests.diagrams.drawings import make_hostile_sequence, make_sequence
from tests.diagrams.test_layout import do_overlap, is_inside


def check_plan(diagram: Diagram, plan: SequencePlan) -> None:
    layout = plan.layout
    page = Box(0, 0, layout.width, layout.height)
    heads = list(layout.boxes.values())
    labels = [label for label in layout.labels if label]
    captions = [box for _, box in layout.captions]
    for one, other in itertools.combinations([*heads, *labels, *captions], 2):
        assert not do_overlap(one, other)
    assert all(is_inside(box, page) for box in [*heads, *labels, *captions])
    for text, label in zip(plan.labels, layout.labels, strict=True):
        if label:
            assert measure_text(text, LABEL_SIZE) <= label.width + 0.1
            assert measure_height(text, LABEL_SIZE) <= label.height + 0.1
    for message, line in zip(diagram.messages, layout.lines, strict=True):
        for end, x in ((message.source, line[0][0]), (message.target, line[-1][0])) if line else ():
            head = layout.boxes[end]
            assert x == pytest.approx(head.x + head.width / 2)
    ends = [line[-1][1] for line in layout.lines if line]
    assert ends == sorted(ends)
    assert all(end < layout.lifeline_end for end in ends)


@pytest.mark.parametrize("make", [make_sequence, make_hostile_sequence])
def test_nothing_overlaps(make: object) -> None:
    diagram = make()  # type: ignore[operator]
    check_plan(diagram, plan_sequence(diagram))


LABELS = st.text(st.characters(exclude_categories=()), max_size=90)


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 4), LABELS, st.sampled_from(("call", "return", "note"))),
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_nothing_overlaps_whatever_the_labels(steps: list[tuple[int, int, str, str]]) -> None:
    nodes = tuple(DiagramNode(f"l{place}", f"Lane {place}", "agent") for place in range(5))
    messages = tuple(DiagramMessage(f"l{one}", f"l{two}", label, kind) for one, two, label, kind in steps)
    diagram = Diagram("s", "S", "sequence", "overview", nodes, (), messages)
    check_plan(diagram, plan_sequence(diagram))


def test_lanes_stand_in_order_of_first_use() -> None:
    boxes = layout_sequence(make_sequence()).boxes
    assert sorted(boxes, key=lambda lane: boxes[lane].x) == ["user", "page", "gate", "agent", "store"]


def test_captions_are_title_legend_reasons_and_what_was_left_out() -> None:
    texts = [text for text, _ in layout_sequence(make_sequence()).captions]
    assert texts[0] == "From the page to the agent"
    assert texts[-2:] == ["[1] why guess", "[2] why dead"]


def test_a_sequence_without_messages_is_only_its_title() -> None:
    layout = layout_sequence(Diagram("s", "Nothing", "sequence", "overview", ()))
    assert (dict(layout.boxes), layout.lines, len(layout.captions)) == ({}, (), 1)
