"""The named flows of small platforms, and traces from an entry: which messages, in which order, on what evidence."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kbgen.diagrams.flows import TITLES, Flows
from kbgen.diagrams.trace import Story, Tracer
from kbgen.errors import UsageError
from kbgen.model import Diagram, DiagramNode, Evidence
from tests.diagrams.platforms import A2A, AGNO, APPROVALS, CHAT, POLYGLOT, WEB, list_messages, list_parts, make_mesh


def draw(files: Mapping[str, str], name: str) -> Diagram:
    return Flows(make_mesh(files)).draw(name)


def draw_from(files: Mapping[str, str], entry: str) -> Diagram:
    return Flows(make_mesh(files)).draw_from(entry)


def test_a_request_goes_from_the_provider_to_the_agent_its_tool_and_back() -> None:
    assert list_messages(draw(CHAT, "a2a-request-flow")) == [
        ("RootLayout", "copilotkit/route", "POST /api/copilotkit", "call"),
        ("copilotkit/route", "agents", "POST /agui", "call"),
        ("Gate", "gateway", "agent decides: ask_planner()", "decides"),
        ("gateway", "A2AClient", "call_agent()", "call"),
        ("gateway", "Gate", "result", "return"),
        ("Gate", "Widgets", "show_widget", "render"),
        ("Widgets", "widgets", "getWidget()", "call"),
    ]


def test_without_a_frontend_the_request_starts_at_the_agent_that_calls_others() -> None:
    diagram = draw(AGNO, "a2a-request-flow")
    assert list_messages(diagram)[0] == ("Gate", "gateway", "agent decides: ask_planner()", "decides")
    assert diagram.messages[0].why == "the model picks one of 2 tools"


def test_a_dashboard_listens_to_the_state_of_an_agent() -> None:
    assert list_messages(draw(CHAT, "dashboard-data-flow")) == [
        ("DashboardPage", "Widgets", "<Widgets>", "render"),
        ("Widgets", "useGateState", "useGateState()", "call"),
        ("useGateState", "Gate", "state of gate", "event"),
        ("Gate", "gateway", "agent decides: ask_planner()", "decides"),
        ("gateway", "useGateState", "state", "event"),
        ("Widgets", "widgets", "getWidget()", "call"),
        ("Gate", "Widgets", "show_widget", "render"),
    ]


def test_a_dashboard_that_listens_to_no_agent_fetches() -> None:
    diagram = draw(WEB, "dashboard-data-flow")
    assert list_messages(diagram) == [
        ("DashboardPage", "TaskBoard", "<TaskBoard>", "render"),
        ("TaskBoard", "useTasks", "useTasks()", "call"),
        ("useTasks", "api", "GET /tasks", "call"),
        ("api", "TasksController", "list()", "call"),
        ("api", "useTasks", "response", "return"),
        ("useTasks", "api", "GET /nothing", "broken"),
    ]
    # Nobody serves the last one, and the message says so.
    assert {m.state for m in diagram.messages} == {"live"}
    assert "/nothing" in diagram.messages[-1].label
    assert diagram.messages[-1].why


def test_an_approval_is_asked_for_decided_and_told() -> None:
    assert list_messages(draw(APPROVALS, "hitl-approval-flow")) == [
        ("agents/main", "gate", "@needs_approval", "call"),
        ("gate", "gate", "check_confidence()", "call"),
        ("gate", "approvals", "wait_for_approval()", "call"),
        ("Person", "ApprovalsController", "POST /approvals/{id}/approve", "call"),
        ("ApprovalsController", "ApprovalsService", "decide()", "call"),
        ("ApprovalsService", "ApprovalsGateway", "approval.decided", "event"),
        ("ApprovalsGateway", "approvals", "approval.decided", "event"),
        ("approvals", "ApprovalQueue", "resolve_pending()", "call"),
        ("ApprovalQueue", "approvals", "decision", "return"),
    ]


def test_news_on_a_namespace_that_does_not_exist_never_arrives() -> None:
    source = APPROVALS["agents/approvals.py"].replace('namespaces=["/approvals"]', 'namespaces=["/approval"]')
    files = APPROVALS | {"agents/approvals.py": source}
    (news,) = (m for m in draw(files, "hitl-approval-flow").messages if m.source == "ApprovalsGateway")
    assert news.kind == "broken"
    assert news.why == "connects to namespace /approval, the gateway serves /approvals"
    (fine,) = (m for m in draw(APPROVALS, "hitl-approval-flow").messages if m.source == "ApprovalsGateway")
    assert fine.state == "live"


@pytest.mark.parametrize("name", TITLES)
@pytest.mark.parametrize("files", [POLYGLOT, {"README.md": "# x\n"}])
def test_flows_that_are_not_there_are_empty(files: Mapping[str, str], name: str) -> None:
    assert draw(files, name) == Diagram(name, TITLES[name], "sequence", "detail", ())


def test_no_approvals_no_approval_flow() -> None:
    assert draw(CHAT, "hitl-approval-flow").messages == ()
    assert draw(APPROVALS, "dashboard-data-flow").messages == ()
    assert draw(A2A, "dashboard-data-flow").messages == ()


@pytest.mark.parametrize("name", TITLES)
@pytest.mark.parametrize("files", [AGNO, CHAT, WEB, APPROVALS])
def test_every_message_shows_code_that_is_there_and_joins_lanes(files: Mapping[str, str], name: str) -> None:
    diagram = draw(files, name)
    ids = [node.id for node in diagram.nodes]
    assert ids == sorted(set(ids))
    assert {end for m in diagram.messages for end in (m.source, m.target)} == set(ids)
    for part in list_parts(diagram):
        assert part.evidence, part
        assert all(evidence.path in files and evidence.hash for evidence in part.evidence), part
    assert all(message.why for message in diagram.messages if message.state != "live")
    assert draw(dict(reversed(list(files.items()))), name) == diagram


# ------------------------------------------------------------------------------------------------ any entry


def test_a_trace_from_a_component() -> None:
    diagram = draw_from(WEB, "TaskBoard")
    assert (diagram.name, diagram.title) == ("from-taskboard", "From TaskBoard")
    assert list_messages(diagram)[:2] == [
        ("TaskBoard", "useTasks", "useTasks()", "call"),
        ("useTasks", "api", "GET /tasks", "call"),
    ]


def test_a_trace_from_an_agent_tells_all_its_tools() -> None:
    decided = [m.label for m in draw_from(AGNO, "gate").messages if m.kind == "decides"]
    assert decided == ["agent decides: ask_planner()", "agent decides: show_widget()"]
    assert draw_from(AGNO, "Gate").messages == draw_from(AGNO, "gate").messages


@pytest.mark.parametrize(
    "entry", ["GET /tasks", "TasksController.list", "api/src/tasks.controller.ts::TasksController.list"]
)
def test_a_trace_from_a_route_or_a_method_that_leads_nowhere_is_empty(entry: str) -> None:
    assert draw_from(WEB, entry).messages == ()


def test_a_trace_from_a_route() -> None:
    assert ("ApprovalsService", "ApprovalsGateway", "approval.decided", "event") in list_messages(
        draw_from(APPROVALS, "POST /approvals/{id}/approve")
    )


def test_an_entry_that_is_not_there_or_not_one_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing here is called 'Nobody'"):
        draw_from(WEB, "Nobody")
    two = WEB | {"web/src/other.tsx": "export function TaskBoard() { return null }\n"}
    with pytest.raises(UsageError, match="'TaskBoard' names 2 definitions"):
        draw_from(two, "TaskBoard")


# -------------------------------------------------------------------------------------------------- tracing


def test_a_message_is_said_once_and_a_full_story_counts_the_rest() -> None:
    tracer = Tracer(make_mesh({"a.py": "x = 1\n"}))
    story = Story(limit=3)
    one, other = DiagramNode("1", "1", "module"), DiagramNode("2", "2", "module")
    proof = [Evidence(path="a.py"), Evidence(path="a.py"), Evidence()]
    assert tracer.say(story, one, other, "go()", proof)
    assert not tracer.say(story, one, other, "go()", proof)
    assert tracer.say(story, one, other, "go()", proof, again=True)
    assert tracer.say(story, other, one, "go()", proof)
    assert story.full
    assert not tracer.say(story, one, other, "more()", proof)
    assert story.cut == 1
    assert story.messages[0].evidence == (Evidence(path="a.py"),)
    assert sorted(story.lanes) == ["1", "2"]


TRACED = {
    "a.py": """
        from b import far, other

        def start(thing):
            near()
            other()
            thing.settle_accounts()
            thing.run()

        def near():
            far()
    """,
    "b.py": """
        def far():
            goal()

        def goal(): ...

        def other(): ...

        class Ledger:
            def settle_accounts(self): ...
            def run(self): ...
    """,
}


def test_only_calls_that_lead_somewhere_are_told() -> None:
    tracer = Tracer(make_mesh(TRACED))
    leading = tracer.find_leading([("b.py", "goal")])
    assert leading == {("b.py", "goal"): 0, ("b.py", "far"): 1, ("a.py", "near"): 2, ("a.py", "start"): 3}
    story = Story()
    tracer.follow(story, ("a.py", "start"), leading)
    # `near` is of the same lane, so it is gone through in silence.
    assert [(m.source, m.target, m.label) for m in story.messages] == [
        ("a.py", "b.py", "far()"),
        ("b.py", "b.py", "goal()"),
    ]
    assert tracer.find_leading([("b.py", "goal")], 1) == {("b.py", "goal"): 0, ("b.py", "far"): 1}


def test_a_telling_method_of_an_unknown_receiver_is_a_guess() -> None:
    tracer = Tracer(make_mesh(TRACED))
    guesses = [edge.target[1] for edge in tracer.find_steps(("a.py", "start")) if edge.how == "guess"]
    assert guesses == ["Ledger.settle_accounts"]
    story = Story()
    tracer.follow(story, ("a.py", "start"), tracer.find_leading([("b.py", "Ledger.settle_accounts")]))
    (message,) = story.messages
    assert (message.state, message.why) == ("guess", "only one method is called settle_accounts")
    two = TRACED | {"c.py": "class Other:\n    def settle_accounts(self): ...\n"}
    assert not [e for e in Tracer(make_mesh(two)).find_steps(("a.py", "start")) if e.how == "guess"]


def test_the_shortest_chain_of_uses() -> None:
    tracer = Tracer(make_mesh(TRACED))
    chain = tracer.find_chain([("a.py", "start")], ("b.py", "goal"))
    assert [edge.target[1] for edge in chain] == ["near", "far", "goal"]
    assert tracer.find_chain([("b.py", "other")], ("b.py", "goal")) == []
    assert tracer.find_chain([("b.py", "goal")], ("b.py", "goal")) == []


@pytest.mark.parametrize(
    ("path", "symbol", "label", "kind"),
    [
        ("web/src/components/task-board.tsx", "TaskBoard", "TaskBoard", "component"),
        ("web/src/hooks/use-tasks.ts", "useTasks", "useTasks", "hook"),
        ("api/src/tasks.service.ts", "TasksService.list", "TasksService", "module"),
        ("api/src/tasks.gateway.ts", "TasksGateway.announce", "TasksGateway", "gateway"),
        ("web/src/app/api/ask/route.ts", "POST", "ask/route", "module"),
        ("agents/main.py", "ask", "agents/main", "module"),
    ],
)
def test_lanes(path: str, symbol: str, label: str, kind: str) -> None:
    lane = Tracer(make_mesh(WEB)).find_lane((path, symbol))
    assert (lane.label, lane.kind) == (label, kind)
    assert lane.evidence[0].path == path


def test_data_files_that_a_definition_names_are_evidence() -> None:
    files = {
        "a.py": "import json\nTABLE = 'limits.json'\ndef load():\n    return json.load(open(TABLE))\nload()\n",
        "limits.json": '{"a": 1}',
        "package.json": "{}",
    }
    found = Tracer(make_mesh(files)).find_values(("a.py", "load"))
    assert [evidence.path for evidence in found] == ["limits.json"]


def test_constants_of_other_files_are_evidence() -> None:
    files = {"a.py": "from limits import MOST\ndef f():\n    return MOST\n", "limits.py": "MOST = 3\n"}
    assert [e.symbol for e in Tracer(make_mesh(files)).find_values(("a.py", "f"))] == ["MOST"]
