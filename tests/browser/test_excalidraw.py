"""Excalidraw itself finds nothing to repair in our files, and what belongs together moves together."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kbgen.adapters.graphviz import Graphviz
from kbgen.diagrams.dot import make_dot
from kbgen.diagrams.excalidraw import write_excalidraw
from kbgen.diagrams.layout import Layout, read_layout
from kbgen.diagrams.sequence import layout_sequence
from kbgen.model import Diagram
from tests.browser.drawings import make_hostile, make_mesh, make_sequence
from tests.browser.reference import Reference
from tests.golden_files import FOLDER

_ROOT = FOLDER.parent.parent


def _lay_out(diagram: Diagram) -> Layout:
    if diagram.form == "sequence":
        return layout_sequence(diagram)
    return read_layout(Graphviz().draw(make_dot(diagram), "json").decode(), diagram)


def _draw(diagram: Diagram) -> str:
    return write_excalidraw(diagram, _lay_out(diagram))


def list_made() -> dict[str, str]:
    drawings = {"mesh": make_mesh(), "sequence": make_sequence()}
    drawings |= {f"hostile-{form}": make_hostile(form) for form in ("graph", "sequence")}
    drawings |= {
        f"empty-{form}": Diagram("empty", "Nothing found", form, "overview", ()) for form in ("graph", "sequence")
    }
    return {name: _draw(diagram) for name, diagram in drawings.items()}


def list_kept() -> dict[str, str]:
    """Golden files, and what the demo writes."""
    files = [*FOLDER.glob("diagram_*/**/*.excalidraw"), *(_ROOT / "output" / "sample").rglob("*.excalidraw")]
    names = {path: path.relative_to(_ROOT).as_posix().replace("/", "-") for path in sorted(files)}
    return {name: path.read_text("utf-8") for path, name in names.items()}


@pytest.mark.parametrize("source", [list_made, list_kept])
def test_restore_changes_nothing(chromium: Reference, source: Any) -> None:
    drawings = source()
    assert drawings
    answers = chromium.restore(drawings)
    for name, said in answers.items():
        assert (name, said["error"], said["changes"]) == (name, None, [])
        assert said["given"] == said["restored"] == len(json.loads(drawings[name])["elements"])
        assert (name, said["cut"], said["rewrapped"]) == (name, [], [])
        assert min(said["width"], said["height"]) > 20


def test_restore_tells_of_a_damaged_file(chromium: Reference) -> None:
    """The check can fail: a wrong size, a lost binding and an empty text are all reported."""
    document = json.loads(_draw(make_mesh()))
    arrow = next(each for each in document["elements"] if each["type"] == "arrow")
    text = next(each for each in document["elements"] if each["type"] == "text" and each["containerId"])
    arrow["width"] += 7
    arrow["endBinding"]["elementId"] = "nobody"
    text["width"] = 3
    said = chromium.restore({"damaged": json.dumps(document)})["damaged"]
    assert any("width" in change for change in said["changes"])
    assert any("endBinding" in change for change in said["changes"])
    assert text["text"] in said["cut"]


def test_arrows_follow_a_node_that_is_dragged(chromium: Reference) -> None:
    diagram = make_mesh()
    drawing = _draw(diagram)
    node = _find_node(drawing, "mcp")
    before, after = chromium.move(drawing, node["id"], 60, 40)

    tied = [each["id"] for each in before[node["id"]]["boundElements"]]
    changed = [id_ for id_, each in after.items() if _get_place(each) != _get_place(before[id_])]
    assert sorted(changed) == sorted([node["id"], *tied])
    assert (after[node["id"]]["x"] - node["x"], after[node["id"]]["y"] - node["y"]) == (60, 40)
    arrow = next(each for each in after.values() if each["id"] in tied and each["type"] == "arrow")
    end = (arrow["x"] + arrow["points"][-1][0], arrow["y"] + arrow["points"][-1][1])
    assert _measure_gap(after[node["id"]], end) < 3


def test_messages_follow_a_lane_that_is_dragged(chromium: Reference) -> None:
    drawing = _draw(make_sequence())
    head = _find_node(drawing, "lane4")
    before, after = chromium.move(drawing, head["id"], 50, 0)

    lane = [id_ for id_, each in before.items() if set(each["groupIds"]) & set(head["groupIds"])]
    assert len(lane) > 3
    assert {(after[id_]["x"] - before[id_]["x"], after[id_]["y"] - before[id_]["y"]) for id_ in lane} == {(50, 0)}
    bar = next(each for each in after.values() if each["id"] in lane and each["height"] > 500)
    tied = [each["id"] for each in bar["boundElements"] if each["id"] not in lane]
    assert len(tied) > 4
    for id_ in tied:
        arrow = after[id_]
        ends = [(arrow["x"] + x, arrow["y"] + y) for x, y in (arrow["points"][0], arrow["points"][-1])]
        assert min(_measure_gap(bar, end) for end in ends) < 3
        assert arrow["height"] < 3


def _find_node(drawing: str, node: str) -> dict[str, Any]:
    elements: list[dict[str, Any]] = json.loads(drawing)["elements"]
    return next(each for each in elements if each.get("customData", {}).get("kbgen", {}).get("id") == node)


def _get_place(element: dict[str, Any]) -> tuple[Any, ...]:
    return (element["x"], element["y"], element["width"], element["height"], element.get("points"))


def _measure_gap(box: dict[str, Any], point: tuple[float, float]) -> float:
    dx = max(box["x"] - point[0], point[0] - box["x"] - box["width"], 0)
    dy = max(box["y"] - point[1], point[1] - box["y"] - box["height"], 0)
    return float(max(dx, dy))
