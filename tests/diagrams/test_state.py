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


CLIENT = "web/src/lib/state-client.ts::StateClient"
UNUSED = {
    "web/src/lib/state-client.ts": """
        class StateClient {
          read() { return sessionStorage.getItem('board-state-tab') }
        }
        function makeStateClient() { return new StateClient() }
        export function openStateClient() { return makeStateClient() }
    """,
    "web/src/lib/use-old-state-sync.ts": """
        import { openStateClient } from './state-client'
        import { useBoard } from './store'
        export function useOldStateSync() {
          const board = useBoard()
          const client = openStateClient()
          const channel = new BroadcastChannel('old-state')
          localStorage.setItem('board-state', JSON.stringify(board))
        }
    """,
}
"""A second hook that nobody calls, and a client that only this hook opens."""
OLD = "web/src/lib/use-old-state-sync.ts::useOldStateSync"


def test_what_nothing_that_runs_leads_to_is_dead_and_says_why() -> None:
    nodes = {node.id: (node.state, node.why) for node in draw(**UNUSED).nodes}
    assert nodes[OLD] == ("dead", "nothing that runs leads to it")
    assert nodes[CLIENT] == ("dead", "only dead code uses it")
    assert nodes["channel:old-state"] == ("dead", "only dead code uses it")
    assert nodes["key:sessionStorage:board-state-tab"] == ("dead", "only dead code uses it")
    assert nodes[HOOK] == ("live", "")
    assert nodes["channel:board-state"] == ("live", "")


def test_what_running_code_uses_too_is_live_and_only_the_connections_of_dead_code_are_dead() -> None:
    diagram = draw(**UNUSED)
    states = {(edge.source, edge.target): edge.state for edge in diagram.edges}
    shared = ("key:localStorage:board-state", "store:web/src/lib/store.ts:useBoard")
    for key in shared:
        assert {node.id: node.state for node in diagram.nodes}[key] == "live"
        assert (states[HOOK, key], states[OLD, key]) == ("live", "dead")
    assert all(edge.state == "live" for edge in draw().edges)
    assert all(node.state == "live" for node in draw().nodes)


def test_a_label_that_only_dead_code_gives_to_a_live_connection_is_marked() -> None:
    hook = STATE["web/src/lib/use-state-sync.ts"]
    kept = "export function saveBoardState(board) { localStorage.setItem('kept-state', board) }"
    cleared = "export function clearBoardState() { localStorage.removeItem('kept-state') }"
    changed = {
        "web/src/lib/kept-state.ts": f"{kept}\n{cleared}\n",
        "web/src/lib/use-state-sync.ts": "import { saveBoardState } from './kept-state'\n"
        + hook.replace("socket.emit(", "saveBoardState(board)\nsocket.emit("),
    }
    labels = {edge.target: (edge.state, edge.label) for edge in draw(**changed).edges}
    assert labels["key:localStorage:kept-state"] == ("live", "writes, clears (not run)")


def test_calling_itself_brings_no_dead_code_to_life() -> None:
    client = UNUSED["web/src/lib/state-client.ts"].replace(
        "{ return new StateClient() }", "{ makeStateClient(); return new StateClient() }"
    )
    nodes = {node.id: node.state for node in draw(**UNUSED | {"web/src/lib/state-client.ts": client}).nodes}
    assert nodes[CLIENT] == "dead"


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
