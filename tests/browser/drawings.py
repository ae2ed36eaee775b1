"""Drawings large enough to go wrong: a mesh of 35 parts in four groups, and 25 messages between nine lanes."""

from __future__ import annotations

from dataclasses import replace

from kbgen.model import Diagram, DiagramEdge, DiagramMessage, DiagramNode, Evidence, Liveness

_HERE = (Evidence(path="mesh/app.py", symbol="build", hash="0" * 40, line=3),)

HOSTILE_LABELS = (
    'say "hi"; end',
    "a#b;c#quot;d",
    "<script>alert(1)</script>",
    "graph TD --> end subgraph",
    "%%{init: {}}%% `code` **bold**",
    "/api/{tenant}/[id]?q=1&p=2|x",
    "線の名前がとても長い場合はどうなりますか",
    "naïve café Straße Ωμέγα",
    "emoji 🚀 and e\u0301 combining",
    "tab\there\nand a second line\u2028and a third",
    "x" * 120,
    "   ",
    "null\x00and\x1b[31mcolour\ud800",
    "end",
    "click A href",
    "\u202eright to left",
)


def make_mesh() -> Diagram:
    nodes: list[DiagramNode] = []
    edges: list[DiagramEdge] = []

    def add(id_: str, label: str, kind: str, group: str = "", state: Liveness = "live", *details: str) -> str:
        why = "" if state == "live" else f"nothing in the code imports {label}"
        nodes.append(DiagramNode(id_, label, kind, state, group, why, _HERE, details))
        return id_

    def link(source: str, target: str, kind: str, label: str = "", state: Liveness = "live") -> None:
        why = "" if state == "live" else "the target is built from a variable"
        edges.append(DiagramEdge(source, target, kind, label, state, why, "rule", _HERE))

    for group, kind, label, details in (
        ("web", "frontend", "Web application", (":3000",)),
        ("mesh", "service", "Agent service", (":7777", "FastAPI")),
        ("api", "service", "Core API", (":3001", "NestJS")),
        ("data", "store", "Data and metrics", ()),
    ):
        add(group, label, kind, "", "live", *details)
    for place, name in enumerate(("Portfolio page", "Task board", "Approval queue", "Chat sidebar", "Settings page")):
        add(f"web/{place}", name, "component", "web")
    for place in range(12):
        add(f"mesh/{place}", f"Specialist agent {place}", "agent", "mesh", "guess" if place == 7 else "live",
            f"/a2a/specialist-{place}", f"{place + 2} tools")  # fmt: skip
    add("mesh/gateway", "Dashboard gateway", "gateway", "mesh", "live", "/agui")
    add("mesh/registry", "Agent registry", "registry", "mesh")
    add("mesh/legacy", "LegacyBroadcastDispatcher", "router", "mesh", "dead")
    for place, name in enumerate(("Approvals controller", "Workspaces controller", "Events gateway", "Tasks service")):
        add(f"api/{place}", name, "module", "api", "live", f"/{name.split()[0].lower()}")
    for place, (name, kind) in enumerate(
        (("PostgreSQL", "store"), ("Redis", "store"), ("Prometheus", "observability"))
    ):
        add(f"data/{place}", name, kind, "data", "live", (":5432", ":6379", ":9090")[place])
    add("llm", "Model provider", "external")
    add("mcp", "Search tools", "mcp-server", "", "live", "stdio")
    add("operator", "Operator", "person")
    add("peer", "Any registered agent", "agent", "", "guess")

    link("operator", "web/2", "http", "approves")
    for place in range(5):
        link(
            f"web/{place}",
            f"api/{place % 4}",
            "http",
            f"GET /{('tasks', 'boards', 'approvals', 'chat', 'settings')[place]}/{{id}}",
        )
    link("web/3", "mesh/gateway", "http", "POST /agui")
    link("web/4", "api/1", "broken", "POST /api/workspaces/{id}/health")
    link("web/1", "api/2", "websocket", "task.updated")
    link("mesh/gateway", "mesh/registry", "in-process", "discover")
    for place in range(12):
        link("mesh/gateway", f"mesh/{place}", "a2a", "call_agent" if place % 4 == 0 else "")
    link("mesh/gateway", "peer", "a2a", "agent id from the request", "guess")
    link("mesh/3", "api/0", "http", "POST /approvals")
    link("mesh/4", "mcp", "mcp", "search")
    link("mesh", "llm", "http", "chat completions")
    link("mesh/5", "mesh/5", "event", "retry")
    for place in range(4):
        link(f"api/{place}", "data/0", "store")
    link("api/2", "data/1", "queue", "approvals")
    link("mesh", "data/2", "telemetry", "/metrics")
    link("mesh/legacy", "mesh/2", "in-process", "broadcast", "dead")
    return Diagram(
        "agent-mesh-topology",
        "Agent mesh topology",
        "graph",
        "overview",
        tuple(nodes),
        tuple(edges),
        folded=("12 tools folded into their agents", "3 parts that nothing touches left out"),
    )


def make_sequence() -> Diagram:
    names = ("Operator", "Approval queue", "useApprovals hook", "API client", "ApprovalsController", "ApprovalRouter",
             "Event bus", "Dashboard gateway", "Audit agent")  # fmt: skip
    kinds = ("person", "component", "hook", "client", "service", "router", "module", "gateway", "agent")
    lanes = tuple(
        DiagramNode(
            f"lane{place}", name, kind, "dead" if place == 8 else "live", evidence=_HERE, details=(f"part {place}",)
        )
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True))
    )
    messages: list[DiagramMessage] = []

    def send(source: int, target: int, label: str, kind: str = "call", state: Liveness = "live") -> None:
        why = "" if state == "live" else "the bus is chosen at run time"
        messages.append(DiagramMessage(f"lane{source}", f"lane{target}", label, kind, state, why, _HERE))

    for place in range(8):
        send(place, place + 1, f"step {place}: POST /api/approvals/{{id}}/decide")
    send(4, 4, "validate the decision against the policy of the workspace")
    send(7, 7, "the model picks a tool", "decides")
    send(8, 7, "audit entry", "return", "dead")
    send(5, 6, "approval.item.approved", "event")
    send(6, 2, "approval.item.approved reaches every open tab of the workspace", "event")
    send(3, 3, "retry up to three times with a growing delay", "note")
    send(6, 7, "resume the run", "event", "guess")
    for place in range(6, 0, -1):
        send(place, place - 1, "result", "return")
    send(0, 4, "a long way across four lanes")
    send(4, 5, "GET /nowhere", "broken")
    send(2, 1, "render", "render")
    send(0, 8, "end to end")
    return Diagram(
        "hitl-approval-flow", "Approval by a person", "sequence", "detail", lanes, messages=tuple(messages),
        folded=("6 repeated calls shown once",),
    )  # fmt: skip


def make_hostile(form: str) -> Diagram:
    """Every label, ID, detail and sentence is one that breaks something somewhere."""
    nodes = tuple(
        DiagramNode(
            label or str(place), label, "agent", group=HOSTILE_LABELS[0] if place in (3, 4, 5) else "", details=(label,)
        )
        for place, label in enumerate(HOSTILE_LABELS)
    )
    pairs = list(zip(nodes, (*nodes[1:], nodes[0]), strict=True))
    base = Diagram("hostile", HOSTILE_LABELS[2], "graph", "detail", nodes, folded=HOSTILE_LABELS)
    if form == "graph":
        return replace(base, edges=tuple(DiagramEdge(a.id, b.id, "http", a.label) for a, b in pairs))
    messages = tuple(
        DiagramMessage(a.id, b.id, a.label, "note" if place % 5 == 0 else "call") for place, (a, b) in enumerate(pairs)
    )
    return replace(base, form="sequence", messages=messages)
