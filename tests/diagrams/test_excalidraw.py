"""The Excalidraw file: everything drawn, tied together both ways, in place, and the same each time.

What Excalidraw itself makes of the files is asked in `tests/browser/test_excalidraw.py`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.diagrams.excalidraw import WIDEST, write_excalidraw
from kbgen.diagrams.excalidraw_lines import (
    crosses,
    end_at_border,
    find_focus,
    find_gap,
    is_straight,
    sample_curve,
    thin_curve,
)
from kbgen.diagrams.layout import Box, Layout, Point
from kbgen.diagrams.sequence import layout_sequence
from kbgen.diagrams.text import measure_text
from kbgen.model import Diagram, DiagramEdge, DiagramMessage, DiagramNode, Evidence
from tests.browser.drawings import HOSTILE_LABELS, make_hostile, make_mesh, make_sequence
from tests.golden_files import FOLDER, check_golden

_EVIDENCE = (Evidence(path="a.py", symbol="A.run", hash="1" * 40, line=7),)


def _make_diagram() -> Diagram:
    """a (holding b, which holds c) calls d in four ways; d calls itself."""
    nodes = (
        DiagramNode("a", "Service", "service"),
        DiagramNode("b", "Team", "team", group="a"),
        DiagramNode("c", "Member", "agent", "guess", group="b", why="named in a list", details=("/a2a/c",)),
        DiagramNode("d", "Store", "store", "dead", why="nothing imports it", evidence=_EVIDENCE),
    )
    edges = (
        DiagramEdge("a", "d", "http", "GET /x", evidence=_EVIDENCE),
        DiagramEdge("b", "d", "event", "done", "guess", "the name is built"),
        DiagramEdge("c", "d", "broken", "POST /y"),
        DiagramEdge("c", "d", "broken", "POST /y"),
        DiagramEdge("b", "c", "member"),
        DiagramEdge("d", "d", "telemetry", "", "dead"),
        DiagramEdge("a", "c", "in-process"),
    )
    return Diagram("sample", "A title", "graph", "overview", nodes, edges, folded=("2 parts left out",))


def _place_diagram() -> Layout:
    """`_make_diagram` by hand, so that its picture can be looked at."""
    boxes = {
        "a": Box(40, 60, 110, 44),
        "b": Box(220, 100, 130, 44),
        "c": Box(220, 190, 160, 54),
        "d": Box(600, 110, 120, 44),
    }
    lines: tuple[tuple[Point, ...], ...] = (
        ((110, 60), (200, -40), (560, -40), (650, 110)),
        ((350, 118), (430, 118), (520, 125), (600, 128)),
        ((380, 206), (460, 206), (560, 190), (630, 154)),
        ((380, 228), (480, 250), (610, 240), (670, 154)),
        (),
        ((720, 120), (770, 110), (770, 160), (720, 145)),
        ((95, 104), (95, 200), (150, 217), (220, 217)),
    )
    labels = (
        Box(360, -32, 60, 14),
        Box(460, 100, 80, 14),
        Box(450, 182, 70, 14),
        Box(490, 246, 70, 14),
        None,
        Box(765, 126, 70, 14),
        None,
    )
    return Layout(840, 300, boxes, {"a": Box(20, 20, 420, 250), "b": Box(200, 60, 220, 196)}, lines, labels)


def _make_exchange() -> Diagram:
    """a asks b, which thinks, works and answers."""
    nodes = (DiagramNode("a", "A", "agent"), DiagramNode("b", "B", "agent", details=(":7777",)))
    messages = (
        DiagramMessage("a", "b", "ask", evidence=_EVIDENCE),
        DiagramMessage("b", "b", "think", "note"),
        DiagramMessage("b", "b", "work", state="guess", why="the tool is chosen at run time"),
        DiagramMessage("b", "a", "answer", "return"),
    )
    return Diagram("exchange", "An exchange", "sequence", "detail", nodes, messages=messages)


def _lay_out(diagram: Diagram) -> Layout:
    """Nodes in a row, holders around what they hold, lines straight from middle to middle."""
    holders = {node.group for node in diagram.nodes if node.group}
    boxes = {node.id: Box(40 + 260.0 * place, 60, 160, 60) for place, node in enumerate(diagram.nodes)}
    groups = {holder: Box(0, 0, 2000, 200) for holder in holders}
    lines: list[tuple[Point, ...]] = []
    labels: list[Box | None] = []
    for edge in diagram.edges:
        one, other = boxes[edge.source], boxes[edge.target]
        a, d = (one.x + 80, one.y + 30), (other.x + 80, other.y + 30)
        b = ((2 * a[0] + d[0]) / 3, a[1] - (90 if a == d else 0))
        c = ((a[0] + 2 * d[0]) / 3 + (60 if a == d else 0), d[1] - (90 if a == d else 0))
        lines.append(() if edge.kind == "member" else (a, b, c, d))
        labels.append(Box(b[0], 130, 120, 16) if edge.label else None)
    return Layout(2000, 200, boxes, groups, tuple(lines), tuple(labels))


def _read(diagram: Diagram, layout: Layout | None = None) -> list[dict[str, Any]]:
    places = layout or (layout_sequence(diagram) if diagram.form == "sequence" else _lay_out(diagram))
    elements: list[dict[str, Any]] = json.loads(write_excalidraw(diagram, places))["elements"]
    return elements


def _find(elements: Iterable[dict[str, Any]], **wanted: str) -> list[dict[str, Any]]:
    """Elements that stand for a part with these values."""
    return [each for each in elements if wanted.items() <= each.get("customData", {}).get("kbgen", {}).items()]


_DRAWINGS = {
    "small": _make_diagram,
    "mesh": make_mesh,
    "sequence": make_sequence,
    "hostile graph": lambda: make_hostile("graph"),
    "hostile sequence": lambda: make_hostile("sequence"),
}


@pytest.fixture(params=_DRAWINGS)
def diagram(request: pytest.FixtureRequest) -> Diagram:
    return _DRAWINGS[request.param]()


# ------------------------------------------------------------------------------------------ the file


def test_the_document_is_what_excalidraw_writes() -> None:
    text = write_excalidraw(_make_diagram(), _lay_out(_make_diagram()))
    document = json.loads(text)
    assert list(document) == ["type", "version", "source", "elements", "appState", "files"]
    assert (document["type"], document["version"]) == ("excalidraw", 2)
    assert text.endswith("}\n")


def test_ids_are_unique_and_keys_in_order(diagram: Diagram) -> None:
    elements = _read(diagram)
    ids = [each["id"] for each in elements]
    keys = [each["index"] for each in elements]
    assert len(set(ids)) == len(ids)
    assert keys == sorted(set(keys))
    assert {len(key) for key in keys} == {3}
    assert {each["updated"] for each in elements} == {1}
    assert all(0 < each[name] < 2**31 for each in elements for name in ("seed", "versionNonce"))


def test_more_elements_than_short_keys_have_longer_ones() -> None:
    nodes = tuple(DiagramNode(f"n{place:05}", f"Node {place}", "agent") for place in range(2000))
    keys = [each["index"] for each in _read(Diagram("many", "", "graph", "detail", nodes))]
    assert len(keys) == 4000
    assert keys == sorted(set(keys))
    assert {len(key) for key in keys} == {5}


def test_same_facts_same_bytes(diagram: Diagram) -> None:
    assert _read(diagram) == _read(diagram)


def test_a_new_part_leaves_the_ids_of_others_alone() -> None:
    diagram = _make_diagram()
    more = replace(diagram, nodes=(*diagram.nodes, DiagramNode("e", "New", "agent")))
    kept = {(each["id"], each["seed"]) for each in _read(diagram)}
    assert kept < {(each["id"], each["seed"]) for each in _read(more)}


def test_two_diagrams_share_no_id() -> None:
    """So that both can be pasted into one drawing."""
    diagram = _make_diagram()
    other = replace(diagram, name="other")
    assert not {each["id"] for each in _read(diagram)} & {each["id"] for each in _read(other)}


@pytest.mark.parametrize("name", ["graph", "sequence"])
def test_golden(name: str, update_golden: bool) -> None:
    diagram = _make_diagram() if name == "graph" else _make_exchange()
    layout = _place_diagram() if name == "graph" else layout_sequence(diagram)
    path = FOLDER / "diagram_excalidraw" / f"{name}.excalidraw"
    check_golden(path, write_excalidraw(diagram, layout), update_golden)


# ------------------------------------------------------------------------------------------ what is tied to what


def test_bindings_hold_both_ways(diagram: Diagram) -> None:
    elements = {each["id"]: each for each in _read(diagram)}
    said = {(each["id"], bound["id"], bound["type"]) for each in elements.values() for bound in each["boundElements"]}
    wanted = set()
    for each in elements.values():
        if each["type"] == "text" and each["containerId"]:
            wanted.add((each["containerId"], each["id"], "text"))
        for end in ("startBinding", "endBinding"):
            if each.get(end):
                wanted.add((each[end]["elementId"], each["id"], "arrow"))
    assert said == wanted
    assert all(
        len(each["boundElements"]) == len({bound["id"] for bound in each["boundElements"]})
        for each in elements.values()
    )


def test_every_node_and_line_is_drawn_once() -> None:
    diagram = _make_diagram()
    elements = _read(diagram)
    for node in diagram.nodes:
        drawn = [each for each in _find(elements, id=node.id) if each["type"] == "rectangle"]
        assert len(drawn) == (2 if node.id in ("a", "b") else 1)
    assert len([each for each in elements if each["type"] == "arrow"]) == len(diagram.edges) - 1
    assert len(_find(elements, **{"from": "c", "to": "d"})) == 2
    assert _find(elements, kind="member") == []


def test_arrows_begin_and_end_at_their_nodes() -> None:
    elements = _read(_make_diagram())
    for arrow in _find(elements, **{"from": "c", "to": "d"}):
        for end, node in (("startBinding", "c"), ("endBinding", "d")):
            assert [arrow[end]["elementId"]] == [each["id"] for each in _find(elements, id=node)]
            assert arrow[end]["gap"] == 1
        assert arrow["points"][0] == [0, 0]
        assert (arrow["width"], arrow["height"]) == tuple(
            max(axis) - min(axis) for axis in zip(*arrow["points"], strict=True)
        )


def test_a_node_is_in_the_groups_of_all_its_holders() -> None:
    elements = _read(_make_diagram())
    service, team, member = (_find(elements, id=node)[0]["groupIds"] for node in ("a", "b", "c"))
    assert (len(service), len(team), len(member)) == (1, 2, 2)
    assert member == team
    assert team[1:] == service
    assert _find(elements, id="d")[0]["groupIds"] == []
    assert _find(elements, **{"from": "a", "to": "c"})[0]["groupIds"] == service
    assert _find(elements, **{"from": "c", "to": "d"})[0]["groupIds"] == []


def test_holders_lie_behind_what_they_hold() -> None:
    elements = _read(_make_diagram())
    order = [
        each["customData"]["kbgen"]["id"] for each in elements if each["type"] == "rectangle" and "customData" in each
    ]
    assert order[:2] == ["a", "b"]
    types = [each["type"] for each in elements]
    assert types.index("arrow") > max(place for place, type_ in enumerate(types) if type_ == "rectangle")


# ------------------------------------------------------------------------------------------ words and looks


def test_texts_stay_inside_their_boxes(diagram: Diagram) -> None:
    elements = {each["id"]: each for each in _read(diagram)}
    for text in elements.values():
        if text["type"] != "text":
            continue
        assert text["text"].strip()
        widest = max(measure_text(line, text["fontSize"]) for line in text["text"].split("\n"))
        assert text["width"] >= widest * WIDEST
        assert math.isclose(text["height"], (text["text"].count("\n") + 1) * text["fontSize"] * text["lineHeight"])
        box = elements.get(text["containerId"])
        if box and text["fontSize"] > 8:
            assert box["x"] <= text["x"]
            assert box["y"] <= text["y"]
            assert text["x"] + text["width"] <= box["x"] + box["width"]
            assert text["y"] + text["height"] <= box["y"] + box["height"]


def test_a_bound_text_keeps_its_words_unbroken() -> None:
    label = "A name that is so long that it needs several lines in the box that the layout has for it"
    nodes = (DiagramNode("n", label, "agent", details=("/one", "/two")),)
    elements = _read(Diagram("one", "", "graph", "overview", nodes))
    text = next(each for each in elements if each.get("containerId"))
    assert text["originalText"].split("\n") == [text["originalText"].split("\n")[0], "[agent]", "/one", "/two"]
    assert text["text"].count("\n") > 3
    assert "".join(text["text"].split()) == "".join(text["originalText"].split())


@pytest.mark.parametrize(
    ("part", "style", "colour"),
    [
        ({"id": "d"}, "dashed", "#8a8f96"),
        ({"id": "c"}, "dashed", None),
        ({"from": "a", "to": "d"}, "solid", None),
        ({"from": "b", "to": "d"}, "dashed", None),
        ({"from": "c", "to": "d"}, "dashed", "#c8321f"),
        ({"from": "d", "to": "d"}, "dashed", "#8a8f96"),
    ],
)
def test_dead_guessed_and_broken_parts_look_so(part: dict[str, str], style: str, colour: str | None) -> None:
    drawn = _find(_read(_make_diagram()), **part)[0]
    assert drawn["strokeStyle"] == style
    assert colour is None or drawn["strokeColor"] == colour


def test_the_small_print_says_what_dashes_mean_and_what_is_left_out() -> None:
    texts = [each["text"] for each in _read(_make_diagram()) if each["type"] == "text" and not each["containerId"]]
    assert "A title" in texts
    small_print = texts[-1].split("\n")
    assert "2 parts left out" in small_print
    for start in ("grey, dashed:", "dashed:", "red, dashed:", "[1] named in a list", "[2] nothing imports it"):
        assert any(line.startswith(start) for line in small_print)


def test_parts_carry_their_evidence() -> None:
    elements = _read(_make_diagram())
    assert _find(elements, id="d")[0]["customData"]["kbgen"] == {
        "id": "d",
        "kind": "store",
        "state": "dead",
        "why": "nothing imports it",
        "evidence": ["a.py#A.run"],
    }
    assert _find(elements, **{"from": "a", "to": "d"})[0]["customData"]["kbgen"]["evidence"] == ["a.py#A.run"]


@given(st.lists(st.text(max_size=40), min_size=1, max_size=6, unique=True))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_text_gives_a_file_that_can_be_written(labels: list[str]) -> None:
    nodes = tuple(DiagramNode(label or "id", label, label, group=labels[0], details=(label,)) for label in labels)
    edges = tuple(DiagramEdge(one.id, other.id, "http", one.label) for one in nodes for other in nodes[:2])
    diagram = Diagram("any", labels[0], "graph", "detail", nodes, edges, folded=tuple(labels))
    text = write_excalidraw(diagram, _lay_out(diagram))
    elements = json.loads(text.encode("utf-8"))["elements"]
    assert len({each["id"] for each in elements}) == len(elements)
    assert all(each["text"].strip() for each in elements if each["type"] == "text")


def test_hostile_labels_stay_data() -> None:
    texts = [each["originalText"] for each in _read(make_hostile("sequence")) if each["type"] == "text"]
    for label in HOSTILE_LABELS[:6]:
        assert any(label in text for text in texts)


# ------------------------------------------------------------------------------------------ sequences


def test_messages_are_bound_to_lifelines_in_order() -> None:
    diagram = make_sequence()
    elements = _read(diagram)
    bars = {}
    for node in diagram.nodes:
        head = _find(elements, id=node.id)[0]
        bars[node.id] = next(
            each for each in elements
            if each["groupIds"] == head["groupIds"] and each["type"] == "rectangle" and each["width"] < 10
        )  # fmt: skip
        assert bars[node.id]["y"] == head["y"] + head["height"]
        assert abs(bars[node.id]["x"] + 2 - head["x"] - head["width"] / 2) <= 1
    calls = [message for message in diagram.messages if message.kind not in ("note", "decides")]
    arrows = [each for each in elements if each["type"] == "arrow"]
    assert len(arrows) == len(calls)
    for message, arrow in zip(calls, arrows, strict=True):
        assert arrow["startBinding"]["elementId"] == bars[message.source]["id"]
        assert arrow["endBinding"]["elementId"] == bars[message.target]["id"]
    heights = [arrow["y"] for arrow in arrows]
    assert heights == sorted(heights)


def test_notes_are_boxes_and_calls_inside_a_lane_move_with_it() -> None:
    elements = _read(_make_exchange())
    lane = _find(elements, id="b")[0]["groupIds"]
    assert [each["type"] for each in _find(elements, kind="note")] == ["rectangle"]
    assert _find(elements, kind="note")[0]["groupIds"] == lane
    ask, work, answer = [each for each in elements if each["type"] == "arrow"]
    assert (ask["groupIds"], work["groupIds"], answer["groupIds"]) == ([], lane, [])
    assert len(work["points"]) == 4
    assert (ask["strokeStyle"], answer["strokeStyle"]) == ("solid", "dotted")


# ------------------------------------------------------------------------------------------ lines


def _find_aim(box: Box, focus: float, adjacent: Point) -> Point:
    """Excalidraw's ``determineFocusPoint`` for an upright rectangle: where an arrow from `adjacent` aims."""
    cx, cy = box.x + box.width / 2, box.y + box.height / 2
    if not focus:
        return cx, cy
    w, h = box.width / 2 * abs(focus), box.height / 2 * abs(focus)
    corners = ((cx - w, cy - h), (cx + w, cy - h), (cx + w, cy + h), (cx - w, cy + h))

    def turn(place: int) -> float:
        (ax, ay), (bx, by) = corners[place % 4], corners[(place + 1) % 4]
        return (adjacent[0] - ax) * (by - ay) - (adjacent[1] - ay) * (bx - ax)

    for side in range(4):
        if turn(side) > 0 and turn(side + (1 if focus > 0 else 3)) < 0:
            return corners[(side + 1) % 4] if focus > 0 else corners[side]
    return corners[0] if focus > 0 else corners[3]


@given(
    st.integers(-400, 400),
    st.integers(-400, 400),
    st.floats(0.02, 0.98),
    st.sampled_from(("top", "right", "bottom", "left")),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_the_focus_brings_excalidraw_back_to_the_same_end(dx: int, dy: int, part: float, side: str) -> None:
    box = Box(0, 0, 160, 60)
    end = {
        "top": (160 * part, 0.0),
        "right": (160.0, 60 * part),
        "bottom": (160 * part, 60.0),
        "left": (0.0, 60 * part),
    }[side]
    adjacent = (end[0] + dx, end[1] + dy)
    outward = {"top": -dy, "right": dx, "bottom": dy, "left": -dx}[side]
    if outward < 20:
        return
    aim = _find_aim(box, find_focus(box, adjacent, end), adjacent)
    across = (end[0] - adjacent[0]) * (aim[1] - adjacent[1]) - (end[1] - adjacent[1]) * (aim[0] - adjacent[0])
    assert abs(across) / math.dist(adjacent, end) < 1


def test_an_arrow_at_the_middle_has_no_focus() -> None:
    assert find_focus(Box(0, 0, 100, 40), (300, 20), (100, 20)) == 0
    assert find_focus(Box(0, 0, 100, 40), (5, 5), (5, 5)) == 0


@pytest.mark.parametrize(
    ("point", "gap"), [((110, 20), 10), ((100, 20), 1), ((50, 20), 20), ((103, 44), 5), ((50, -7), 7)]
)
def test_the_gap_is_the_distance_to_the_border(point: Point, gap: float) -> None:
    assert find_gap(Box(0, 0, 100, 40), point) == gap


def test_a_straight_curve_needs_two_points() -> None:
    dense = sample_curve(((0, 0), (100, 10), (200, 20), (300, 30)))
    assert thin_curve(dense) == [(0, 0), (300, 30)]
    assert is_straight(dense)


def test_a_bent_curve_keeps_few_points_on_it() -> None:
    dense = sample_curve(((0, 0), (300, 0), (0, 300), (300, 300), (400, 300), (500, 200), (500, 100)))
    points = thin_curve(dense)
    assert (points[0], points[-1]) == (dense[0], dense[-1])
    assert 3 < len(points) <= 24
    assert set(points) <= set(dense)
    assert not is_straight(points)


def test_a_line_ends_at_the_rectangle_instead_of_the_shape_inside_it() -> None:
    box = Box(100, 0, 100, 40)
    assert end_at_border([(0, 20), (120, 20)], box)[-1] == (100, 20)
    assert end_at_border([(0, 20), (90, 20)], box)[-1] == (100, 20)
    assert end_at_border([(0, 20), (110, 20), (130, 20)], box) == [(0, 20), (100, 20)]
    assert end_at_border([(0, 20), (40, 20)], box)[-1] == (40, 20)
    assert end_at_border([(0, -300), (50, -300)], box)[-1] == (50, -300)
    assert end_at_border([(110, 10), (120, 20)], box) == [(110, 10), (120, 20)]


def test_a_line_through_a_box_crosses_it() -> None:
    box = Box(100, 100, 80, 20)
    assert crosses([(0, 110), (300, 110)], box)
    assert crosses([(140, 0), (140, 300)], box)
    assert crosses([(0, 0), (140, 90), (150, 115)], box)
    assert crosses([(90, 110), (110, 130)], box)
    assert crosses([(110, 110), (120, 112)], box)
    assert not crosses([(0, 90), (300, 90), (300, 130), (0, 130)], box)


def test_the_title_of_a_group_keeps_out_of_the_way_of_lines() -> None:
    nodes = (
        DiagramNode("g", "Group", "service"),
        DiagramNode("m", "Member", "agent", group="g"),
        DiagramNode("o", "Other", "agent"),
    )
    diagram = Diagram("d", "", "graph", "overview", nodes, (DiagramEdge("o", "m", "http"),))
    boxes = {"m": Box(120, 200, 100, 40), "o": Box(0, 0, 60, 40)}
    sides = {}
    for x in (100.0, 200.0):
        line = ((x, 0.0), (x, 60.0), (x, 120.0), (x, 200.0))
        layout = Layout(400, 400, boxes, {"g": Box(90, 100, 300, 200)}, (line,), (None,))
        holder = _find(_read(diagram, layout), id="g")[0]
        sides[x] = next(each for each in _read(diagram, layout) if each.get("containerId") == holder["id"])["textAlign"]
    assert sides == {100.0: "center", 200.0: "left"}
