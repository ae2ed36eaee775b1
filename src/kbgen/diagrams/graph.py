"""A diagram as a networkx graph, for whoever wants to compute on it: paths, neighbourhoods, components."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbgen.model import Diagram

if TYPE_CHECKING:
    from networkx import MultiDiGraph


def make_graph(diagram: Diagram) -> MultiDiGraph:
    """Nodes by ID with their `DiagramNode` as ``part``; links with their `DiagramEdge` or `DiagramMessage` as ``link``.

    A -> B means that A calls, mounts, reads or writes B; messages of a sequence have their place as ``order``.
    """
    # Imported where it is used: it takes longer than most runs.
    import networkx

    graph = networkx.MultiDiGraph(name=diagram.name)
    for node in diagram.nodes:
        graph.add_node(node.id, part=node)
    for edge in diagram.edges:
        graph.add_edge(edge.source, edge.target, link=edge)
    for order, message in enumerate(diagram.messages):
        graph.add_edge(message.source, message.target, link=message, order=order)
    return graph
