"""Diagrams for tests, built in code: a platform of four groups, a sequence, a big random graph, harmful labels."""

from __future__ import annotations

import random

from kbgen.model import Diagram, DiagramEdge, DiagramMessage, DiagramNode, Evidence

HOSTILE = (
    "end", 'a"b', "x;y", "#quot;", "`code` **bold**", "<script>alert(1)</script>", "</B><BR/>", "a\nb\r\nc",
    '\\N \\G \\"',
    "%%{init: {}}%%", "1. list", "- item", "# head", "日本語のラベルがここにあります とても長い", "subgraph x",
    "A-->B", "|pipe|",
    "{{x}}", "((z))", "Note over x: y", "&amp; &lt;", "\x00\x07\ud800", "", "   ", "$$x^2$$", "fa:fa-car",
    'click n_a href "javascript:alert(1)"', "@{shape: x}", "a:b", "---", "::: class", "style n_x fill:#f00",
    "_under_ *x*",
    "http://x.y/z?a=b&c=d", "~~~", "אבג", "#35;", "wrap: x", "a b c " * 30,
)  # fmt: skip


def make_evidence(number: int) -> tuple[Evidence, ...]:
    return (Evidence(path=f"src/f{number}.py", symbol=f"s{number}", hash=f"{number:040x}", line=number + 1),)


def make_platform() -> Diagram:
    """A web app, an API, an agent service with two teams, stores and externals; parts dead, guessed and broken."""
    nodes: list[DiagramNode] = []
    edges: list[DiagramEdge] = []

    def add(name: str, label: str, kind: str, group: str = "", *details: str) -> None:
        nodes.append(DiagramNode(name, label, kind, "live", group, "", make_evidence(len(nodes)), details))

    def join(source: str, target: str, kind: str, label: str = "", state: str = "live", why: str = "") -> None:
        evidence = make_evidence(100 + len(edges))
        edges.append(DiagramEdge(source, target, kind, label, state, why, "rule", evidence))  # type: ignore[arg-type]

    add("app:web", "Web app", "frontend", "", ":3000")
    add("web:chat", "Chat panel", "component", "app:web")
    add("web:page", "Portfolio page", "component", "app:web")
    add("web:proxy", "/api/copilot", "endpoint", "app:web")
    add("app:api", "Core API", "service", "", ":3001")
    add("api:tasks", "Tasks controller", "endpoint", "app:api")
    add("api:events", "Event publisher", "registry", "app:api")
    add("app:agents", "Agent service", "service", "", ":7777")
    add("gate", "Dashboard gateway", "gateway", "app:agents", "/agui")
    add("cards", "Agent registry", "registry", "app:agents", "27 agents")
    add("client", "A2A client", "client", "app:agents")
    add("team:plan", "Planning team", "team", "app:agents")
    add("team:sell", "Marketing team", "team", "app:agents")
    for number in range(6):
        add(f"agent:plan{number}", f"Planner {number}", "agent", "team:plan")
        join("team:plan", f"agent:plan{number}", "member")
    for number in range(5):
        add(f"agent:sell{number}", f"Seller {number}", "agent", "team:sell")
        join("team:sell", f"agent:sell{number}", "member")
    for name, label in (("pg", "PostgreSQL"), ("redis", "Redis")):
        add(f"store:{name}", label, "store")
    for name in ("Mail", "Payments", "Model"):
        add(f"ext:{name}", f"{name} service", "external")
    why = "no route mounts it"
    nodes.append(DiagramNode("agent:old", "Vitals", "agent", "dead", "app:agents", why, make_evidence(90)))
    join("web:chat", "web:proxy", "http", "POST /api/copilot")
    join("web:proxy", "gate", "http", "AG-UI")
    join("web:page", "api:tasks", "http", "GET /pm/portfolio")
    join("web:page", "app:api", "broken", "GET /api/status", "live", "nothing serves that path")
    join("gate", "client", "in-process")
    join("client", "cards", "in-process", "look up")
    join("client", "agent:plan0", "a2a", "/a2a/plan")
    join("client", "team:sell", "a2a", "/a2a/{id}", "guess", "the ID is no literal")
    join("api:tasks", "api:events", "in-process", "task.created")
    join("api:tasks", "api:events", "in-process", "task.updated")
    join("api:events", "store:redis", "event", "publish")
    join("api:tasks", "store:pg", "store")
    join("agent:plan1", "store:pg", "store", "memory")
    join("agent:plan2", "app:api", "http", "PATCH /tasks/{}")
    join("agent:sell0", "ext:Model", "http")
    join("app:api", "ext:Mail", "http", "send")
    join("app:api", "ext:Payments", "http", "webhook")
    join("agent:old", "store:redis", "store", "", "dead", "its agent is never started")
    return make_graph("mesh", "Who calls whom", nodes, edges)


def make_graph(name: str, title: str, nodes: list[DiagramNode], edges: list[DiagramEdge]) -> Diagram:
    nodes.sort(key=lambda node: node.id)
    edges.sort(key=lambda edge: (edge.source, edge.target, edge.kind, edge.label))
    return Diagram(name, title, "graph", "overview", tuple(nodes), tuple(edges))


def make_sequence() -> Diagram:
    """Five lanes: calls, returns, an event, a decision, a call inside a lane, a guess, a dead call, a long label."""
    kinds = {"user": "person", "page": "component", "gate": "gateway", "agent": "agent", "store": "store"}
    ordered = sorted(kinds.items())
    nodes = tuple(DiagramNode(name, name.title(), kind, evidence=make_evidence(1)) for name, kind in ordered)
    steps: list[tuple[str, str, str, str, str, int]] = [
        ("user", "page", "opens", "call", "live", 0),
        ("page", "gate", "POST /api/copilot", "call", "live", 1),
        ("gate", "gate", "The model chooses a tool from its instructions", "decides", "live", 2),
        ("gate", "agent", "call_agent('planner', workspace_id=workspace, project_id=project)", "call", "guess", 2),
        ("agent", "agent", "build_prompt()", "call", "live", 3),
        ("agent", "store", "get_tasks", "call", "live", 3),
        ("store", "agent", "rows", "return", "live", 3),
        ("agent", "store", "get_risks", "call", "live", 3),
        ("store", "agent", "rows", "return", "live", 3),
        ("agent", "gate", "answer", "return", "live", 2),
        ("gate", "store", "save", "event", "dead", 2),
        ("gate", "page", "state", "event", "live", 1),
        ("page", "user", "shows the answer", "render", "live", 0),
    ]
    messages = tuple(
        DiagramMessage(
            source, target, label, kind, state, "" if state == "live" else f"why {state}", make_evidence(place), depth
        )  # type: ignore[arg-type]
        for place, (source, target, label, kind, state, depth) in enumerate(steps)
    )
    return Diagram("flow", "From the page to the agent", "sequence", "overview", nodes, (), messages)


def make_big(count: int, edges: int, seed: int = 3) -> Diagram:
    """Random cycles across forty groups."""
    draw = random.Random(seed)
    kinds = ("service", "agent", "store", "external", "endpoint", "registry")
    nodes = [
        DiagramNode(
            f"n{place}",
            f"Node {place}",
            draw.choice(kinds),
            draw.choice(("live", "live", "live", "dead", "guess")),
            f"n{draw.randrange(40)}" if place >= 40 and draw.random() < 0.8 else "",
            "",
            make_evidence(place),
        )
        for place in range(count)
    ]
    joins = [
        DiagramEdge(
            f"n{draw.randrange(count)}",
            f"n{draw.randrange(count)}",
            draw.choice(("http", "a2a", "event")),
            f"call {place % 50}",
            evidence=make_evidence(count + place),
        )
        for place in range(edges)
    ]
    return make_graph("big", "Big", nodes, joins)


def make_hostile_graph() -> Diagram:
    ids = [f"id {place} {text}" for place, text in enumerate(HOSTILE)]
    nodes = [
        DiagramNode(ids[place], text, "agent", "live", ids[0] if place % 5 == 1 else "", "", (), (text,))
        for place, text in enumerate(HOSTILE)
    ]
    edges = [
        DiagramEdge(ids[place], ids[(place * 7 + 1) % len(ids)], "http", text, "guess" if place % 3 else "live", text)
        for place, text in enumerate(HOSTILE)
    ]
    return make_graph("hostile", 'Title "x; <b> \n#', nodes, edges)


def make_hostile_sequence() -> Diagram:
    ids = [f"id {place} {text}" for place, text in enumerate(HOSTILE)]
    made = (DiagramNode(name, text, "agent", details=(text,)) for name, text in zip(ids, HOSTILE, strict=True))
    nodes = tuple(sorted(made, key=lambda n: n.id))
    kinds = ("call", "return", "event", "note", "decides")
    messages = tuple(
        DiagramMessage(ids[place], ids[(place * 7 + 1) % len(ids)], text, kinds[place % 5], "guess", text)
        for place, text in enumerate(HOSTILE)
    )
    return Diagram("hostile", 'Title "x; <b> \n#', "sequence", "detail", nodes, (), messages, HOSTILE[:9])
