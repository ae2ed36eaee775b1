"""The drawings of the sample platform: scored against keys that were read by hand, and kept as golden files."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from kbgen.diagrams.flows import TITLES, Flows
from kbgen.diagrams.mermaid import make_mermaid
from kbgen.diagrams.mesh import Mesh
from kbgen.diagrams.shape import fold, fold_messages
from kbgen.diagrams.state import draw_state
from kbgen.model import Diagram
from kbgen.sample import list_steps
from tests.diagrams.platforms import list_parts, make_mesh
from tests.golden_files import FOLDER, check_golden

KEYS = Path(__file__).parent.parent / "sample"
FLOW_KEYS = {
    "a2a-request-flow": "a2a_request_flow",
    "dashboard-data-flow": "dashboard_data_flow",
    "hitl-approval-flow": "hitl_flow",
}
FILES = {path: content.decode() for path, (_, content) in list_steps()[-1].files.items()}


def load(name: str) -> dict[str, Any]:
    key: dict[str, Any] = json.loads((KEYS / name).read_text(encoding="utf-8"))
    return key


@pytest.fixture(scope="module")
def mesh() -> Mesh:
    return make_mesh(FILES)


# ------------------------------------------------------------------------------------------------- scoring


def normalize(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def match_nodes(diagram: Diagram, key: dict[str, Any]) -> dict[str, str]:
    """Drawn ID -> ID of the key. Its name or an alias is the drawn ID or label, else stands in it."""
    wanted = [*key["nodes"], *key["optional_nodes"]]
    names = {
        node["id"]: [normalize(a) for a in (node["id"], *node.get("aliases", ())) if normalize(a)] for node in wanted
    }
    found: dict[str, str] = {}
    for node in diagram.nodes:
        texts = {normalize(node.id), normalize(node.label)}
        same = [name for name, aliases in names.items() if any(a in texts for a in aliases)]
        held = [name for name, aliases in names.items() if any(len(a) > 3 and a in t for a in aliases for t in texts)]
        if same or held:
            found[node.id] = (same or held)[0]
    return found


def list_pairs(edges: list[dict[str, str]]) -> set[tuple[str, str]]:
    return {(edge["from"], edge["to"]) for edge in edges}


class Score:
    """How much of the key a drawing has, and how much of the drawing the key; telemetry counts on neither side."""

    def __init__(self, diagram: Diagram, key: dict[str, Any]) -> None:
        known = match_nodes(diagram, key)
        required = {node["id"] for node in key["nodes"]}
        telemetry = [edge for edge in key["edges"] if edge["kind"] == "telemetry"]
        wanted = list_pairs([edge for edge in key["edges"] if edge["kind"] != "telemetry"])
        fine = list_pairs([*key["optional_edges"], *telemetry]) - wanted
        drawn = {(known[e.source], known[e.target]) for e in diagram.edges if e.source in known and e.target in known}
        drawn = {(one, other) for one, other in drawn if one != other} - fine
        self.missed_nodes = required - set(known.values())
        self.missed, self.extra = wanted - drawn, drawn - wanted
        self.traps = list_pairs(key["trap_edges"]) & drawn
        self.nodes = 1 - len(self.missed_nodes) / len(required)
        self.found = len(wanted & drawn) / len(wanted)
        self.right = len(wanted & drawn) / len(drawn)


def count_hops(diagram: Diagram, hops: list[dict[str, Any]]) -> int:
    """The most hops that messages show in their order; one message may show several."""
    shown = [" ".join(evidence.path for evidence in message.evidence) for message in diagram.messages]
    best = [0] * (len(shown) + 1)
    for hop in hops:
        path, row = hop["where"].rpartition(":")[0], best[:]
        for place, text in enumerate(shown, 1):
            row[place] = max(row[place - 1], best[place], best[place] + 1 if path in text.split() else 0)
        best = row
    return best[-1]


@pytest.mark.parametrize("level", ["overview", "detail"])
def test_the_mesh_is_the_one_that_a_reader_drew(mesh: Mesh, level: Literal["overview", "detail"]) -> None:
    diagram = mesh.draw(level)
    if level == "detail":
        # What a dead part would use is shown there, as dead: no statement that it is used.
        diagram = replace(diagram, edges=tuple(edge for edge in diagram.edges if edge.state != "dead"))
    score = Score(diagram, load("mesh_key.json"))
    assert score.nodes >= 0.95, score.missed_nodes
    assert score.found >= 0.9, score.missed
    assert score.right >= 0.93, score.extra
    assert not score.traps


@pytest.mark.parametrize("name", TITLES)
def test_the_flows_are_the_ones_that_a_reader_followed(mesh: Mesh, name: str) -> None:
    hops = [hop for hop in load("flows_key.json")["stories"][0][FLOW_KEYS[name]] if hop["derivable"].startswith("easy")]
    diagram = Flows(mesh).draw(name)
    assert count_hops(diagram, hops) / len(hops) >= 0.75


def test_nothing_is_said_without_evidence(mesh: Mesh) -> None:
    flows = Flows(mesh)
    diagrams = [mesh.draw("overview"), mesh.draw("detail"), draw_state(mesh), *(flows.draw(name) for name in TITLES)]
    for diagram in diagrams:
        for part in list_parts(diagram):
            assert part.evidence, part
            assert all(
                e.path in FILES and e.hash and 1 <= e.line <= FILES[e.path].count("\n") + 1 for e in part.evidence
            )


DEAD = {"customs", "a2a.router.MeshRouter"}


def test_what_is_planted_dead_is_drawn_dead_and_nothing_else(mesh: Mesh) -> None:
    diagram = mesh.draw("detail")
    assert {node.id for node in diagram.nodes if node.state == "dead"} == DEAD
    assert all(edge.state == "dead" for edge in diagram.edges if {edge.source, edge.target} & DEAD)


def test_a_base_url_where_nobody_listens_makes_a_guess(mesh: Mesh) -> None:
    (edge,) = (e for e in mesh.draw("overview").edges if (e.source, e.target, e.kind) == ("depot-api", "mesh", "http"))
    assert edge.state == "guess"
    assert "http://localhost:8000" in edge.why


def test_a_namespace_that_no_gateway_serves_is_broken(mesh: Mesh) -> None:
    (edge,) = (e for e in mesh.draw("overview").edges if e.kind == "broken")
    assert (edge.source, edge.target, edge.label) == ("console", "depot-api", "socket /task")
    assert edge.why == "connects to namespace /task, which no gateway of depot-api serves"


def test_golden_mesh(mesh: Mesh, update_golden: bool) -> None:
    text = make_mermaid(fold(mesh.draw("overview")))
    check_golden(FOLDER / "diagram_sample" / "agent-mesh-topology.mmd", text, update_golden)


@pytest.mark.parametrize("name", TITLES)
def test_golden_flows(mesh: Mesh, name: str, update_golden: bool) -> None:
    text = make_mermaid(fold_messages(Flows(mesh).draw(name, "overview")))
    check_golden(FOLDER / "diagram_sample" / f"{name}.mmd", text, update_golden)


def test_golden_state(mesh: Mesh, update_golden: bool) -> None:
    text = make_mermaid(fold(draw_state(mesh)))
    check_golden(FOLDER / "diagram_sample" / "state-sync.mmd", text, update_golden)
