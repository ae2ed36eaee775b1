"""State of the browser: where it is kept, what carries it, and what is left out."""

from __future__ import annotations

from kbgen.diagrams.state import draw_state
from kbgen.model import Diagram
from tests.diagrams.platforms import AGNO, POLYGLOT, STATE, list_edges, list_nodes, list_parts, make_mesh

HOOK = "web/src/lib/use-state-sync.ts::useStateSync"


def draw(**changed: str) -> Diagram:
    return draw_state(make_mesh(STATE | changed))


def test_state_goes_to_the_browser_s_storage_other_tabs_the_socket_and_the_store() -> None:
    diagram = draw()
    assert list_edges(diagram) == [
        ("StateGateway", "api/src/state.store.ts::StateStore", "in-process"),
        ("api/src/state.store.ts::StateStore", "redis", "store"),
        (HOOK, "StateGateway", "websocket"),
        (HOOK, "channel:board-state", "event"),
        (HOOK, "key:localStorage:board-state", "store"),
        (HOOK, "store:web/src/lib/store.ts:useBoard", "store"),
    ]
    nodes = list_nodes(diagram)
    assert nodes["key:localStorage:board-state"] == ("store", "live", "web")
    assert nodes["redis"] == ("store", "live", "")
    assert {"web", "api"} <= set(nodes)


def test_labels_say_what_is_done() -> None:
    labels = {edge.target: edge.label for edge in draw().edges}
    assert labels["key:localStorage:board-state"] == "writes"
    assert labels["StateGateway"] == "state.update"
    assert labels["api/src/state.store.ts::StateStore"] == "saveState()"


def test_keys_that_are_not_about_state_or_not_known_are_left_out() -> None:
    texts = " ".join(node.id for node in draw().nodes)
    assert "theme" not in texts
    assert "{" not in texts


def test_a_message_that_nobody_handles_has_no_edge() -> None:
    gateway = STATE["api/src/state.gateway.ts"].replace("'state.update'", "'state.other'")
    edges = list_edges(draw(**{"api/src/state.gateway.ts": gateway}))
    assert (HOOK, "StateGateway", "websocket") not in edges


def test_every_node_and_edge_shows_code_that_is_there() -> None:
    diagram = draw()
    for part in list_parts(diagram):
        assert part.evidence, part
        assert all(evidence.path in STATE and evidence.hash for evidence in part.evidence), part
    assert [node.id for node in diagram.nodes] == sorted(node.id for node in diagram.nodes)
    shuffled = dict(reversed(STATE.items()))
    assert draw_state(make_mesh(shuffled)) == diagram


def test_a_platform_without_state_has_an_empty_drawing() -> None:
    for files in (AGNO, POLYGLOT):
        diagram = draw_state(make_mesh(files))
        assert (diagram.nodes, diagram.edges) == ((), ())
