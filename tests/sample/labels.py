"""What is true of each story of the sample, written by hand, with steps for commits.

``expected.json`` holds the same with hashes, in the shape that `score_notes.py` reads:

    python -m tests.sample.labels        writes it anew after a step was edited

By hand: which commit did what for which story, what was planned, symbols, decisions, deviations, counts.
From the trees: which files the implementing commits made or changed in the end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kbgen.sample import SampleCommit, list_steps

EXPECTED = Path(__file__).with_name("expected.json")

CONSOLE = "apps/console/src"
DEPOT = "apps/depot-api/src"


@dataclass(frozen=True, kw_only=True)
class Label:
    """One story's truth; commits are named by the numbers of their steps."""

    story: str
    spec: str | None
    implements: tuple[str, ...] = ()
    reverted: tuple[str, ...] = ()
    """Those of `implements` that were taken back later."""
    reverts: tuple[str, ...] = ()
    follow_ups: tuple[tuple[str, str], ...] = ()
    """Step, why."""
    mentions: tuple[str, ...] = ()
    cross_story: tuple[str, ...] = ()
    """Later commits of no or another story that changed this story's files."""
    merge: str | None = None
    explicit_by: str = ""
    """What in history ties the work to the story."""
    to_create: tuple[str, ...] = ()
    to_modify: tuple[str, ...] = ()
    deviations: tuple[tuple[str, str], ...] = ()
    """Kind, the path or name it is about."""
    symbols: tuple[tuple[str, str], ...] = ()
    """File, names with blanks between."""
    cases: tuple[tuple[str, int], ...] = ()
    claimed_cases: int | None = None
    decisions: tuple[tuple[str, str], ...] = ()
    """Where (``step 008`` for its message, or a path at HEAD), the words."""
    deferred: tuple[tuple[str, str], ...] = ()
    criteria_without_evidence: tuple[str, ...] = ()


LABELS = (
    Label(
        story="DM-01.1",
        spec="docs/stories/dm-01-1-console-shell.md",
        implements=("004",),
        mentions=("003",),
        merge="011",
        explicit_by="scope (dm-01.1)",
        to_create=(
            f"{CONSOLE}/app/layout.tsx",
            f"{CONSOLE}/app/page.tsx",
            f"{CONSOLE}/app/api/copilotkit/route.ts",
            f"{CONSOLE}/components/assistant/assistant-provider.tsx",
            f"{CONSOLE}/components/layout/side-nav.tsx",
            f"{CONSOLE}/lib/env.ts",
        ),
        to_modify=("docker-compose.yml",),
        cross_story=("005", "008", "037", "040", "052", "053"),
        symbols=(
            (f"{CONSOLE}/app/api/copilotkit/route.ts", "POST"),
            (f"{CONSOLE}/app/layout.tsx", "metadata RootLayout"),
            (f"{CONSOLE}/app/page.tsx", "HomePage"),
            (f"{CONSOLE}/components/assistant/assistant-provider.tsx", "AssistantProviderProps AssistantProvider"),
            (f"{CONSOLE}/components/layout/side-nav.tsx", "NAV_ENTRIES SideNav"),
            (f"{CONSOLE}/lib/env.ts", "meshUrl depotApiUrl"),
        ),
        cases=((f"{CONSOLE}/components/assistant/__tests__/assistant-provider.test.tsx", 3),),
        decisions=(
            (
                "step 004",
                "The runtime route is a thin proxy instead of a second runtime in the browser, because the mesh's "
                "address must not leave the depot network.",
            ),
        ),
    ),
    Label(
        story="DM-01.2",
        spec="docs/stories/dm-01-2-bay-board.md",
        implements=("005", "007"),
        follow_ups=(("009", "review fix in the same pull request, changes door-card.tsx; names no story"),),
        mentions=("003",),
        merge="011",
        explicit_by="(DM-01-2) in the subject; the second commit by its scope, cherry-picked from an unmerged branch",
        to_create=(
            f"{CONSOLE}/app/(yard)/bays/page.tsx",
            f"{CONSOLE}/components/bays/bay-board.tsx",
            f"{CONSOLE}/components/bays/door-card.tsx",
            f"{CONSOLE}/components/bays/__tests__/bay-board.test.tsx",
            f"{CONSOLE}/hooks/use-bays.ts",
            f"{DEPOT}/bays/bays.controller.ts",
            f"{DEPOT}/bays/bays.module.ts",
            f"{DEPOT}/bays/bays.service.ts",
        ),
        to_modify=(f"{CONSOLE}/components/layout/side-nav.tsx", f"{DEPOT}/app.module.ts"),
        cross_story=("008", "015", "026", "040"),
        deviations=(
            ("unplanned", f"{CONSOLE}/components/bays/next-departure.tsx"),
            ("unplanned", f"{CONSOLE}/components/bays/__tests__/next-departure.test.tsx"),
            ("unplanned", f"{DEPOT}/bays/bays.service.spec.ts"),
        ),
        symbols=(
            (f"{CONSOLE}/app/(yard)/bays/page.tsx", "BaysPage"),
            (f"{CONSOLE}/components/bays/bay-board.tsx", "BayBoard"),
            (f"{CONSOLE}/components/bays/door-card.tsx", "DoorCardProps DoorCard"),
            (f"{CONSOLE}/components/bays/next-departure.tsx", "NextDepartureProps minutesUntil NextDeparture"),
            (f"{CONSOLE}/hooks/use-bays.ts", "BayState Bay MoveOutcome useBays useMoveTrailer"),
            (f"{DEPOT}/bays/bays.controller.ts", "BaysController"),
            (f"{DEPOT}/bays/bays.module.ts", "BaysModule"),
            (f"{DEPOT}/bays/bays.service.ts", "BAY_COUNT BaysService"),
        ),
        cases=(
            (f"{CONSOLE}/components/bays/__tests__/bay-board.test.tsx", 4),
            (f"{CONSOLE}/components/bays/__tests__/next-departure.test.tsx", 2),
            (f"{DEPOT}/bays/bays.service.spec.ts", 3),
        ),
        decisions=(
            (
                "step 005",
                "The assistant moves trailers through the same mutation as the button, so that a refused move reads "
                "the same in both.",
            ),
            (
                "docs/stories/dm-01-2-bay-board.md",
                "The board polls every five seconds rather than opening a second socket, because the depot's proxy "
                "drops idle sockets after thirty seconds.",
            ),
            (
                f"{CONSOLE}/hooks/use-bays.ts",
                "Polling instead of a socket, because the depot's proxy drops idle sockets after thirty seconds.",
            ),
        ),
    ),
    Label(
        story="DM-01.6",
        spec="docs/stories/dm-01-6-carrier-rules.md",
        implements=("008",),
        follow_ups=(("009", "review fix in the same pull request, changes panel and hook; names no story"),),
        mentions=("003",),
        merge="011",
        explicit_by="scope (dm-01.6)",
        to_create=(
            f"{CONSOLE}/app/(yard)/settings/carriers/page.tsx",
            f"{CONSOLE}/components/carriers/carrier-rules-panel.tsx",
            f"{CONSOLE}/components/carriers/rule-preview.tsx",
            f"{CONSOLE}/hooks/use-carrier-rules.ts",
            f"{CONSOLE}/components/carriers/__tests__/carrier-rules-panel.test.tsx",
        ),
        to_modify=(f"{CONSOLE}/components/layout/side-nav.tsx",),
        cross_story=("040",),
        deviations=(
            ("planned-absent", f"{CONSOLE}/components/carriers/rule-preview.tsx"),
            ("unplanned", f"{CONSOLE}/lib/carrier-colors.ts"),
            ("unplanned", f"{CONSOLE}/hooks/__tests__/use-carrier-rules.test.ts"),
            ("unplanned", f"{CONSOLE}/hooks/__tests__/query-wrapper.tsx"),
            ("mock", f"{CONSOLE}/hooks/use-carrier-rules.ts"),
            ("claimed-count", "14"),
        ),
        symbols=(
            (f"{CONSOLE}/app/(yard)/settings/carriers/page.tsx", "CarriersPage"),
            (
                f"{CONSOLE}/components/carriers/carrier-rules-panel.tsx",
                "hasUsableBay LevelSelect RuleRow CarrierRulesPanel",
            ),
            (
                f"{CONSOLE}/hooks/use-carrier-rules.ts",
                "RULE_LEVELS RuleLevel CarrierRule loadCarrierRules saveCarrierRule useCarrierRules useSaveCarrierRule",
            ),
            (f"{CONSOLE}/lib/carrier-colors.ts", "carrierColor"),
        ),
        cases=(
            (f"{CONSOLE}/components/carriers/__tests__/carrier-rules-panel.test.tsx", 6),
            (f"{CONSOLE}/hooks/__tests__/use-carrier-rules.test.ts", 5),
        ),
        claimed_cases=14,
        decisions=(
            (
                "step 008",
                "Rules are picked from select lists instead of typed, because a typo in a carrier code sent a trailer "
                "to the wrong door last autumn.",
            ),
        ),
        deferred=(("step 008", "Bulk import of rules is deferred to DM-03.2."),),
        criteria_without_evidence=("AC5", "AC6"),
    ),
    Label(
        story="DM-01.7",
        spec="docs/stories/dm-01-7-load-gauge.md",
        implements=("015",),
        mentions=("003", "041"),
        explicit_by="range DM-01.7-8 in the subject of a squashed commit, which it shares with DM-01.8",
        to_create=(
            f"{CONSOLE}/app/(yard)/dashboard/page.tsx",
            f"{CONSOLE}/components/gauges/load-gauge.tsx",
            f"{CONSOLE}/hooks/use-yard-load.ts",
        ),
        to_modify=(f"{DEPOT}/bays/bays.controller.ts", f"{DEPOT}/bays/bays.service.ts"),
        cross_story=("029",),
        deviations=(("unplanned", f"{CONSOLE}/components/gauges/__tests__/load-gauge.test.tsx"),),
        symbols=(
            (f"{CONSOLE}/app/(yard)/dashboard/page.tsx", "DashboardPage"),
            (f"{CONSOLE}/components/gauges/load-gauge.tsx", "RED_ABOVE gaugeColor LoadGauge"),
            (f"{CONSOLE}/hooks/use-yard-load.ts", "YardLoad useYardLoad"),
        ),
        cases=(
            (f"{CONSOLE}/components/gauges/__tests__/load-gauge.test.tsx", 4),
            (f"{CONSOLE}/components/holds/__tests__/hold-banner.test.tsx", 3),
        ),
        decisions=(
            (
                "step 015",
                "The share of taken bays is computed in the depot API, so that the gauge and the assistant can never "
                "disagree.",
            ),
        ),
    ),
    Label(
        story="DM-01.8",
        spec="docs/stories/dm-01-8-hold-banner.md",
        implements=("015",),
        explicit_by="range DM-01.7-8 in the subject of a squashed commit, which it shares with DM-01.7",
        to_create=(
            f"{CONSOLE}/components/holds/hold-banner.tsx",
            f"{CONSOLE}/components/holds/__tests__/hold-banner.test.tsx",
        ),
        to_modify=(f"{CONSOLE}/app/layout.tsx",),
        cross_story=("029",),
        deviations=(
            ("unwired", "HoldBanner"),
            ("planned-untouched", f"{CONSOLE}/app/layout.tsx"),
        ),
        symbols=((f"{CONSOLE}/components/holds/hold-banner.tsx", "heldDoors HoldBanner"),),
        cases=(
            (f"{CONSOLE}/components/gauges/__tests__/load-gauge.test.tsx", 4),
            (f"{CONSOLE}/components/holds/__tests__/hold-banner.test.tsx", 3),
        ),
        criteria_without_evidence=("AC2",),
    ),
    Label(story="DM-01.9", spec=None, mentions=("042",), explicit_by="known from the epic and the sprint status only"),
    Label(
        story="DM-01.10",
        spec="docs/stories/dm-01-10-print-queue-drawer.md",
        implements=("037",),
        follow_ups=(("038", "review remark in the same pull request, changes use-print-queue.ts; names no story"),),
        merge="039",
        explicit_by="scope (DM-01-10), branch story-dm-01-10-print-queue",
        to_create=(f"{CONSOLE}/components/labels/print-queue-drawer.tsx", f"{CONSOLE}/hooks/use-print-queue.ts"),
        to_modify=(f"{CONSOLE}/app/layout.tsx", f"{CONSOLE}/components/layout/side-nav.tsx"),
        deviations=(
            ("unplanned", f"{CONSOLE}/components/labels/__tests__/print-queue-drawer.test.tsx"),
            ("planned-untouched", f"{CONSOLE}/components/layout/side-nav.tsx"),
        ),
        symbols=(
            (f"{CONSOLE}/components/labels/print-queue-drawer.tsx", "failedFirst PrintQueueDrawer"),
            (f"{CONSOLE}/hooks/use-print-queue.ts", "Label usePrintQueue useRetryLabel"),
        ),
        cases=((f"{CONSOLE}/components/labels/__tests__/print-queue-drawer.test.tsx", 3),),
        decisions=(
            ("step 037", "The drawer lists failed labels first, because those are the ones somebody waits for."),
        ),
        criteria_without_evidence=("AC3",),
    ),
    Label(
        story="DM-02.1",
        spec="docs/stories/dm-02-1-mesh-service.md",
        implements=("016",),
        mentions=("013",),
        merge="033",
        explicit_by="scope (dm-02.1)",
        to_create=(
            "mesh/main.py",
            "mesh/config.py",
            "mesh/registry.py",
            "mesh/agents/slotting.py",
            "mesh/a2a/server.py",
            "mesh/mcp_servers.py",
            "mesh/mcp/servers.json",
            "mesh/tests/test_registry.py",
        ),
        to_modify=("docker-compose.yml", ".env.example"),
        cross_story=("020", "021", "024", "026", "028", "029", "036", "050", "057"),
        deviations=(("unplanned", "mesh/debug.py"), ("unplanned", "mesh/Dockerfile"), ("unwired", "debug_router")),
        symbols=(
            ("mesh/a2a/server.py", "Message Reply mount_agent"),
            ("mesh/agents/slotting.py", "list_free_bays move_trailer create_slotting_agent"),
            ("mesh/config.py", "Settings"),
            ("mesh/mcp_servers.py", "ToolServerConfigError load_tool_servers connect"),
            ("mesh/registry.py", "UnknownAgentError route_of"),
        ),
        cases=(("mesh/tests/test_registry.py", 4),),
        decisions=(
            (
                "step 016",
                "Routes are kept in a plain dict instead of being discovered by import, because a misspelt agent "
                "should fail at start and not at the first question.",
            ),
        ),
    ),
    Label(
        story="DM-02.4",
        spec="docs/stories/dm-02-4-depot-approvals.md",
        implements=("027",),
        mentions=("013", "030", "042"),
        merge="033",
        explicit_by="inferred: the subject says dm-01, the files are the ones that this story plans",
        to_create=(
            f"{DEPOT}/approvals/approvals.controller.ts",
            f"{DEPOT}/approvals/approvals.service.ts",
            f"{DEPOT}/approvals/approvals.gateway.ts",
            f"{DEPOT}/approvals/approvals.module.ts",
            f"{DEPOT}/mesh/mesh.client.ts",
        ),
        to_modify=(f"{DEPOT}/app.module.ts",),
        cross_story=("052",),
        deviations=(("unplanned", f"{DEPOT}/approvals/approvals.service.spec.ts"),),
        symbols=(
            (f"{DEPOT}/approvals/approvals.controller.ts", "ApprovalsController"),
            (f"{DEPOT}/approvals/approvals.gateway.ts", "ApprovalsGateway"),
            (f"{DEPOT}/approvals/approvals.module.ts", "ApprovalsModule"),
            (f"{DEPOT}/approvals/approvals.service.ts", "PayoutDto DecisionDto Approval ApprovalsService"),
            (f"{DEPOT}/mesh/mesh.client.ts", "MeshClient"),
        ),
        cases=((f"{DEPOT}/approvals/approvals.service.spec.ts", 4),),
        decisions=(("step 027", "Questions are kept in memory here, since the mesh keeps the durable copy."),),
        criteria_without_evidence=("AC4",),
    ),
    Label(
        story="DM-02.5",
        spec="docs/stories/dm-02-5-yard-gateway-agent.md",
        implements=("020",),
        follow_ups=(
            ("031", "review fix in the same pull request, changes mesh/a2a/client.py; names no story"),
            ("034", "bug fix after the merge, names the story"),
        ),
        mentions=("014", "030", "042"),
        cross_story=("022", "035", "050", "053"),
        merge="033",
        explicit_by="(DM-02-5) in the subject",
        to_create=(
            "mesh/gateway/agent.py",
            "mesh/gateway/tools.py",
            "mesh/a2a/client.py",
            "mesh/gateway/prompts.md",
            "mesh/tests/test_gateway.py",
        ),
        to_modify=("mesh/main.py", "mesh/registry.py"),
        deviations=(("planned-absent", "mesh/gateway/prompts.md"),),
        symbols=(
            ("mesh/a2a/client.py", "DelegationLimitError MeshClient"),
            ("mesh/gateway/agent.py", "create_yard_gateway Question create_agui_router"),
            ("mesh/gateway/tools.py", "ask_slotting ask_loading ask_claims"),
        ),
        cases=(("mesh/tests/test_gateway.py", 6),),
        decisions=(
            (
                "step 020",
                "An agent that is late is named in the reply instead of failing the whole question, because half an "
                "answer is still worth something at night.",
            ),
            (
                "docs/stories/dm-02-5-yard-gateway-agent.md",
                "The gateway owns no data tools of its own, because an agent that can do everything stops delegating.",
            ),
            (
                "docs/stories/dm-02-5-yard-gateway-agent.md",
                "Delegations go through one client class rather than one per agent, so that the timeout is set in one "
                "place.",
            ),
            (
                "docs/retrospectives/epic-dm-02-retrospective.md",
                "Three delegations stay the limit, because a fourth never changed an answer in two weeks of logs.",
            ),
        ),
    ),
    Label(
        story="DM-02.6",
        spec="docs/stories/dm-02-6-agent-cards.md",
        implements=("021", "022"),
        follow_ups=(("031", "review fix in the pull request around, changes discovery.py and client.py"),),
        mentions=("014", "030", "042"),
        cross_story=("026", "034", "035", "044", "050"),
        merge="023",
        explicit_by="(story-dm-02-6) in the subject; the second commit only by the branch story-dm-02-6-agent-cards",
        to_create=(
            "mesh/a2a/cards.py",
            "mesh/a2a/discovery.py",
            "mesh/tests/test_cards.py",
            "mesh/tests/test_discovery.py",
        ),
        to_modify=("mesh/main.py", "mesh/a2a/client.py"),
        symbols=(
            ("mesh/a2a/cards.py", "AgentCard create_card list_cards read_card"),
            ("mesh/a2a/discovery.py", "fetch_card discover"),
        ),
        cases=(("mesh/tests/test_cards.py", 4), ("mesh/tests/test_discovery.py", 4)),
        decisions=(
            (
                "step 022",
                "Cards are gathered instead of read in turn, because one agent that hangs delayed all the others by "
                "its timeout.",
            ),
        ),
        deferred=(("step 021", "Signing waits until another depot wants to read them."),),
        criteria_without_evidence=("AC4",),
    ),
    Label(
        story="DM-02.7",
        spec="docs/stories/dm-02-7-claims-approval.md",
        implements=("024", "026"),
        reverted=("024",),
        reverts=("025",),
        follow_ups=(
            ("031", "review fix in the same pull request, changes mesh/agents/claims.py; names no story"),
            ("032", "test asked for in review, changes mesh/tests/test_approvals.py; names no story"),
        ),
        mentions=("014", "030", "042"),
        cross_story=("050", "052"),
        merge="033",
        explicit_by="trailer Story: DM-02.7, twice; the first commit was reverted by step 025",
        to_create=(
            "mesh/agents/claims.py",
            "mesh/approvals/queue.py",
            "mesh/approvals/routes.py",
            "mesh/tests/test_approvals.py",
            f"{CONSOLE}/hooks/use-claim-approval.tsx",
            f"{CONSOLE}/components/approvals/payout-card.tsx",
        ),
        to_modify=("mesh/main.py", "mesh/registry.py", "mesh/gateway/tools.py"),
        deviations=(
            ("planned-untouched", "mesh/gateway/tools.py"),
            ("unplanned", f"{CONSOLE}/components/approvals/__tests__/payout-card.test.tsx"),
            ("unplanned", f"{CONSOLE}/components/bays/bay-board.tsx"),
        ),
        symbols=(
            (f"{CONSOLE}/components/approvals/payout-card.tsx", "Payout PayoutCardProps PayoutCard"),
            (f"{CONSOLE}/hooks/use-claim-approval.tsx", "useClaimApproval"),
            ("mesh/agents/claims.py", "assess_damage propose_payout create_claims_agent"),
            ("mesh/approvals/queue.py", "Payout Decision ApprovalExpiredError ApprovalQueue"),
            ("mesh/approvals/routes.py", "DecisionBody list_waiting decide"),
        ),
        cases=(
            (f"{CONSOLE}/components/approvals/__tests__/payout-card.test.tsx", 3),
            ("mesh/tests/test_approvals.py", 6),
        ),
        claimed_cases=9,
        decisions=(
            (
                "step 026",
                "A Future replaces the Event of the first try, because an Event that is set before anybody waits "
                "loses the decision.",
            ),
            (
                "mesh/approvals/queue.py",
                "A Future and not an Event: a decision that arrives before anybody waits must not be lost.",
            ),
            (
                "docs/retrospectives/epic-dm-02-retrospective.md",
                "We keep waiting payouts in Redis instead of the process, because a restart lost two of them.",
            ),
            (
                "docs/epics/tech-spec-epic-dm-02.md",
                "We chose a queue in Redis over a table in the depot API, because the mesh must still know what it "
                "asked when the depot API is restarted.",
            ),
        ),
    ),
    Label(
        story="DM-02.8",
        spec="docs/stories/dm-02-8-loading-plans.md",
        implements=("028",),
        mentions=("014", "030", "042"),
        cross_story=("036", "050"),
        merge="033",
        explicit_by="scope (story-2.8), without the prefix",
        to_create=(
            "mesh/agents/courier.py",
            "mesh/services/load_planner.py",
            "mesh/services/carrier_feed.py",
            "mesh/tests/test_load_planner.py",
        ),
        to_modify=("mesh/main.py", "mesh/registry.py"),
        deviations=(
            ("planned-elsewhere", "mesh/services/load_planner.py"),
            ("planned-absent", "mesh/services/carrier_feed.py"),
            ("unplanned", "mesh/planning/forecast.py"),
            ("unwired", "LateCarrierForecast"),
        ),
        symbols=(
            ("mesh/agents/courier.py", "plan_trailer create_loading_agent"),
            ("mesh/planning/forecast.py", "LateCarrierForecast"),
            ("mesh/planning/load_planner.py", "Parcel Trailer LoadPlan OverweightParcelError plan_load"),
        ),
        cases=(("mesh/tests/test_load_planner.py", 5),),
        decisions=(
            ("step 028", "The planner lives in mesh/planning instead of mesh/services, because it calls no service."),
            (
                "mesh/planning/load_planner.py",
                "First come is kept within a stop rather than sorted by weight, because drivers unload by the list "
                "they signed.",
            ),
            (
                "docs/epics/tech-spec-epic-dm-02.md",
                "It is plain code and not a prompt, since a plan must come out the same twice.",
            ),
        ),
        deferred=(("step 028", "The carrier feed is deferred to DM-03.2: the carriers want a contract first."),),
        criteria_without_evidence=("AC4", "AC5"),
    ),
    Label(
        story="DM-02.9",
        spec="docs/stories/dm-02-9-health-probes.md",
        implements=("029",),
        mentions=("014", "042"),
        merge="033",
        explicit_by="the commit names no story and adds the story file",
        to_create=(
            "mesh/health.py",
            "mesh/tests/test_health.py",
            f"{CONSOLE}/components/health/mesh-health-strip.tsx",
            f"{CONSOLE}/hooks/use-mesh-health.ts",
            f"{CONSOLE}/app/api/mesh-health/route.ts",
        ),
        to_modify=("mesh/main.py", f"{CONSOLE}/app/(yard)/dashboard/page.tsx", "docker-compose.yml"),
        symbols=(
            (f"{CONSOLE}/app/api/mesh-health/route.ts", "GET"),
            (f"{CONSOLE}/components/health/mesh-health-strip.tsx", "MeshHealthStrip"),
            (f"{CONSOLE}/hooks/use-mesh-health.ts", "AgentHealth useMeshHealth"),
            ("mesh/health.py", "AgentHealth probe read_health read_agents"),
        ),
        cases=(("mesh/tests/test_health.py", 4),),
        criteria_without_evidence=("AC4",),
    ),
    # Drafted and never built: what it plans is no deviation yet, so the scorer gets no planned files.
    Label(
        story="DM-02.10",
        spec="docs/stories/dm-02-10-voice-desk.md",
        mentions=("043",),
        explicit_by="drafted, never built",
    ),
    Label(
        story="DM-03.1",
        spec="docs/stories/dm-03-1-tasks.md",
        implements=("047",),
        follow_ups=(("048", "review remark in the same pull request, changes tasks.service.ts; names no story"),),
        mentions=("046", "058"),
        merge="049",
        explicit_by="scope (dm-03.1)",
        to_create=(
            "apps/depot-api/prisma/schema.prisma",
            f"{DEPOT}/prisma/prisma.service.ts",
            f"{DEPOT}/bus/depot-bus.ts",
            f"{DEPOT}/bus/bus-subscriber.decorator.ts",
            f"{DEPOT}/cache/depot-cache.ts",
            f"{DEPOT}/auth/depot-token.guard.ts",
            f"{DEPOT}/tasks/tasks.controller.ts",
            f"{DEPOT}/tasks/tasks.service.ts",
            f"{DEPOT}/tasks/tasks.gateway.ts",
            f"{DEPOT}/tasks/tasks.module.ts",
            f"{DEPOT}/tasks/reminders.processor.ts",
        ),
        to_modify=(f"{DEPOT}/app.module.ts", "docker-compose.yml"),
        deviations=(
            ("unplanned", f"{DEPOT}/bus/bus-events.ts"),
            ("unplanned", f"{DEPOT}/bus/bus.explorer.ts"),
            ("unplanned", f"{DEPOT}/bus/bus.module.ts"),
            ("unplanned", f"{DEPOT}/tasks/carrier-alerts.listener.ts"),
            ("unplanned", f"{DEPOT}/tasks/reminders.queue.ts"),
            ("unplanned", f"{DEPOT}/tasks/shift-log.listener.ts"),
            ("unplanned", f"{DEPOT}/tasks/tasks.service.spec.ts"),
        ),
        symbols=(
            (f"{DEPOT}/prisma/prisma.service.ts", "PrismaService"),
            (f"{DEPOT}/bus/bus-events.ts", "BUS_EVENTS BusEventName BusEvent"),
            (f"{DEPOT}/bus/bus-subscriber.decorator.ts", "BUS_SUBSCRIBER BusSubscriber"),
            (f"{DEPOT}/bus/bus.explorer.ts", "BusExplorer"),
            (f"{DEPOT}/bus/bus.module.ts", "BusModule"),
            (f"{DEPOT}/bus/depot-bus.ts", "DepotBus"),
            (f"{DEPOT}/cache/depot-cache.ts", "OPEN_TASKS_TTL_S DepotCache"),
            (f"{DEPOT}/auth/depot-token.guard.ts", "isDepotToken DepotTokenGuard"),
            (f"{DEPOT}/tasks/tasks.controller.ts", "TasksController"),
            (f"{DEPOT}/tasks/tasks.service.ts", "NewTask TasksService"),
            (f"{DEPOT}/tasks/tasks.gateway.ts", "TasksGateway"),
            (f"{DEPOT}/tasks/tasks.module.ts", "TasksModule"),
            (f"{DEPOT}/tasks/reminders.queue.ts", "REMINDERS_QUEUE REMIND_JOB queueConnection"),
            (f"{DEPOT}/tasks/reminders.processor.ts", "RemindersProcessor"),
            (f"{DEPOT}/tasks/shift-log.listener.ts", "ShiftLogListener"),
            (f"{DEPOT}/tasks/carrier-alerts.listener.ts", "CarrierAlertsListener"),
        ),
        cases=((f"{DEPOT}/tasks/tasks.service.spec.ts", 3),),
        decisions=(
            (
                "step 047",
                "Tasks have a bus of their own instead of the event emitter, because what happened to a task must be "
                "read again after a restart.",
            ),
        ),
        criteria_without_evidence=("AC4",),
    ),
    Label(
        story="DM-03.2",
        spec=None,
        mentions=("008", "028", "046"),
        explicit_by="known from the epic and the sprint status only, backlog",
    ),
    Label(
        story="DM-03.3",
        spec="docs/stories/dm-03-3-agents-talk-json-rpc.md",
        implements=("050",),
        follow_ups=(("051", "bug fix after the merge, names the story"),),
        mentions=("046", "058"),
        cross_story=("052", "053", "057"),
        explicit_by="scope (dm-03.3) in the subject of a squashed commit",
        to_create=("mesh/a2a/rpc.py", "mesh/tenant.py", "mesh/directory.py", "mesh/depot.py", "mesh/tests/test_rpc.py"),
        to_modify=(
            "mesh/a2a/client.py",
            "mesh/agents/slotting.py",
            "mesh/agents/loading.py",
            "mesh/agents/claims.py",
            "mesh/config.py",
            "mesh/main.py",
        ),
        deviations=(
            ("unplanned", "mesh/a2a/retry.py"),
            ("unplanned", "mesh/a2a/router.py"),
            ("unplanned", "mesh/agents/task_tools.py"),
            ("unwired", "MeshRouter"),
        ),
        symbols=(
            ("mesh/a2a/client.py", "RPC_PATHS call_all"),
            ("mesh/a2a/retry.py", "RetryPolicy call_again"),
            ("mesh/a2a/router.py", "MeshRouter"),
            ("mesh/a2a/rpc.py", "RpcRequest call"),
            ("mesh/agents/task_tools.py", "list_tasks open_task TASK_TOOLS"),
            ("mesh/depot.py", "RetryPolicy DepotApi"),
            ("mesh/directory.py", "Entry ListedAgent AgentDirectory list_agents read_agent"),
            ("mesh/main.py", "lifespan"),
            ("mesh/tenant.py", "GUARDED_PREFIX TenantMiddleware"),
        ),
        cases=(("mesh/tests/test_gateway.py", 0), ("mesh/tests/test_rpc.py", 6)),
        decisions=(
            (
                "step 050",
                "Paths are written down in the client instead of read from the cards, because a card that is wrong "
                "once would send every later question to the wrong agent.",
            ),
            (
                "mesh/a2a/client.py",
                "Written down and not read from the cards: a wrong card would send every later question to the wrong "
                "agent.",
            ),
        ),
    ),
    Label(
        story="DM-03.4",
        spec="docs/stories/dm-03-4-decisions-over-the-socket.md",
        implements=("052",),
        mentions=("046", "058"),
        cross_story=("053",),
        explicit_by="trailer Story: DM-03.4",
        to_create=(
            "mesh/approvals/gate.py",
            "mesh/approvals/listener.py",
            "mesh/metrics.py",
            "mesh/tests/test_gate.py",
            f"{DEPOT}/approvals/verdicts.controller.ts",
        ),
        to_modify=(
            "mesh/agents/claims.py",
            "mesh/approvals/queue.py",
            "mesh/main.py",
            f"{DEPOT}/approvals/approvals.service.ts",
            f"{DEPOT}/approvals/approvals.module.ts",
            f"{CONSOLE}/hooks/use-approvals.ts",
        ),
        deviations=(("unplanned", f"{DEPOT}/approvals/approvals.gateway.ts"), ("unplanned", f"{CONSOLE}/lib/env.ts")),
        symbols=(
            ("mesh/agents/claims.py", "write_off"),
            ("mesh/approvals/gate.py", "needs_approval"),
            ("mesh/approvals/listener.py", "on_decided start_listening stop_listening"),
            ("mesh/metrics.py", "QUESTIONS APPROVAL_WAIT WAITING_APPROVALS REFUSED_CARDS read_metrics"),
            (f"{DEPOT}/approvals/verdicts.controller.ts", "VerdictsController"),
            (f"{CONSOLE}/lib/env.ts", "depotToken"),
        ),
        cases=(("mesh/tests/test_gate.py", 5),),
        claimed_cases=5,
        decisions=(
            (
                "step 052",
                "The mesh listens instead of being called, because since March every call from the depot API went to "
                "a port where nobody listens, and nobody noticed.",
            ),
        ),
    ),
    Label(
        story="DM-03.5",
        spec="docs/stories/dm-03-5-widgets.md",
        implements=("053",),
        follow_ups=(("054", "review remark in the same pull request, changes use-yard-state.ts; names no story"),),
        mentions=("046", "058"),
        merge="055",
        explicit_by="(DM-03-5) in the subject",
        to_create=(
            "mesh/gateway/layout_tools.py",
            "mesh/gateway/state.py",
            f"{CONSOLE}/app/(yard)/layout.tsx",
            f"{CONSOLE}/app/api/copilot-mock/route.ts",
            f"{CONSOLE}/components/slots/yard-slots.tsx",
            f"{CONSOLE}/components/slots/widget-card.tsx",
            f"{CONSOLE}/hooks/use-yard-state.ts",
            f"{CONSOLE}/lib/widget-store.ts",
            f"{CONSOLE}/lib/limits.ts",
        ),
        to_modify=(
            "mesh/gateway/agent.py",
            "mesh/gateway/tools.py",
            f"{CONSOLE}/components/assistant/assistant-provider.tsx",
            f"{CONSOLE}/lib/env.ts",
        ),
        deviations=(
            ("unplanned", "mesh/agents/customs.py"),
            ("unplanned", "mesh/gateway/report_tools.py"),
            ("unplanned", "mesh/teams/handover.py"),
            ("unplanned", f"{CONSOLE}/lib/__tests__/widget-store.test.ts"),
            ("unwired", "create_customs_agent"),
            ("unwired", "REPORT_TOOLS"),
        ),
        symbols=(
            ("mesh/agents/customs.py", "list_held_bays create_customs_agent"),
            ("mesh/gateway/layout_tools.py", "show_widget clear_widgets get_layout_tools"),
            ("mesh/gateway/report_tools.py", "count_open_tasks list_expired_lockers REPORT_TOOLS"),
            ("mesh/gateway/state.py", "DEBOUNCE_S YardStateEmitter"),
            ("mesh/gateway/tools.py", "gather_yard_view get_all_tools"),
            ("mesh/teams/handover.py", "Handover create_handover_team write_handover"),
            (f"{CONSOLE}/app/(yard)/layout.tsx", "YardLayout"),
            (f"{CONSOLE}/app/api/copilot-mock/route.ts", "POST"),
            (f"{CONSOLE}/components/slots/widget-card.tsx", "WidgetCard"),
            (f"{CONSOLE}/components/slots/yard-slots.tsx", "YardSlots"),
            (f"{CONSOLE}/hooks/use-yard-state.ts", "YardState useYardState"),
            (f"{CONSOLE}/lib/env.ts", "runtimeUrl"),
            (f"{CONSOLE}/lib/limits.ts", "MAX_WIDGETS MAX_TITLE_LENGTH"),
            (f"{CONSOLE}/lib/widget-store.ts", "WidgetKind Widget useWidgets"),
        ),
        cases=(
            ("mesh/tests/test_gateway.py", 1),
            (f"{CONSOLE}/components/assistant/__tests__/assistant-provider.test.tsx", 0),
            (f"{CONSOLE}/lib/__tests__/widget-store.test.ts", 2),
        ),
        decisions=(
            (
                "step 053",
                "Widgets live in a store of the browser and not in the agent's state, so that a page that is opened "
                "later shows them too.",
            ),
        ),
    ),
    Label(
        story="DM-03.6",
        spec="docs/stories/dm-03-6-tasks-on-every-screen.md",
        implements=("056",),
        mentions=("046", "058"),
        explicit_by="scope (dm-03.6)",
        to_create=(
            f"{CONSOLE}/app/(yard)/tasks/page.tsx",
            f"{CONSOLE}/components/tasks/task-list.tsx",
            f"{CONSOLE}/components/tasks/agent-roster.tsx",
            f"{CONSOLE}/hooks/use-tasks.ts",
            f"{CONSOLE}/hooks/use-shift-report.ts",
            f"{CONSOLE}/lib/depot-client.ts",
            f"{CONSOLE}/lib/realtime.ts",
            f"{CONSOLE}/lib/tab-sync.ts",
            f"{CONSOLE}/lib/agents-client.ts",
        ),
        deviations=(
            ("unplanned", f"{CONSOLE}/components/tasks/task-heatmap.tsx"),
            ("unplanned", f"{CONSOLE}/lib/__tests__/tab-sync.test.ts"),
            ("unwired", "TaskHeatmap"),
        ),
        symbols=(
            (f"{CONSOLE}/app/(yard)/tasks/page.tsx", "TasksPage"),
            (f"{CONSOLE}/components/tasks/agent-roster.tsx", "AgentRoster"),
            (f"{CONSOLE}/components/tasks/task-heatmap.tsx", "TaskHeatmap"),
            (f"{CONSOLE}/components/tasks/task-list.tsx", "TaskList"),
            (f"{CONSOLE}/hooks/use-shift-report.ts", "ShiftReport useShiftReport"),
            (f"{CONSOLE}/hooks/use-tasks.ts", "Task useTasks"),
            (f"{CONSOLE}/lib/agents-client.ts", "ListedAgent agentsClient"),
            (f"{CONSOLE}/lib/depot-client.ts", "depotClient"),
            (f"{CONSOLE}/lib/realtime.ts", "connectTasks"),
            (f"{CONSOLE}/lib/tab-sync.ts", "listSeen tellSeen onSeen"),
        ),
        cases=((f"{CONSOLE}/lib/__tests__/tab-sync.test.ts", 2),),
        decisions=(
            (
                "step 056",
                "Tabs use a BroadcastChannel besides the socket, because what a person has seen is nobody's business "
                "but theirs.",
            ),
        ),
        criteria_without_evidence=("AC2", "AC4"),
    ),
    Label(
        story="DM-03.7",
        spec="docs/stories/dm-03-7-images-and-traces.md",
        implements=("057",),
        mentions=("046", "058"),
        explicit_by="scope (dm-03.7)",
        to_create=(
            "apps/depot-api/Dockerfile",
            "apps/console/Dockerfile",
            "apps/console/.env.example",
            "mesh/tracing.py",
            "Makefile",
            ".github/workflows/images.yml",
        ),
        to_modify=("docker-compose.yml", "mesh/main.py", "mesh/config.py"),
        deviations=(("unplanned", ".env.example"),),
        symbols=(("mesh/tracing.py", "start_tracing"),),
        decisions=(("step 057", "Traces are kept in memory, because nobody looks at one that is older than a shift."),),
    ),
    Label(story="02-4", spec="docs/lockers/stories/02-4-code-messages.md", mentions=("012",)),
    Label(
        story="02-5",
        spec="docs/lockers/stories/02-5-code-expiry.md",
        implements=("017",),
        follow_ups=(("018", "review fix in the same pull request, changes pickup-codes.service.ts; names no story"),),
        mentions=("012",),
        merge="019",
        explicit_by="story 02-5 in the subject; branch and diff say that it is the lockers' and not DM-02.5",
        to_create=(
            f"{DEPOT}/lockers/pickup-codes.service.ts",
            f"{DEPOT}/lockers/lockers.controller.ts",
            f"{DEPOT}/lockers/lockers.module.ts",
            f"{CONSOLE}/app/hall/page.tsx",
        ),
        deviations=(
            ("planned-absent", f"{CONSOLE}/app/hall/page.tsx"),
            ("unplanned", f"{DEPOT}/lockers/pickup-codes.service.spec.ts"),
        ),
        symbols=(
            (f"{DEPOT}/lockers/lockers.controller.ts", "LockersController"),
            (f"{DEPOT}/lockers/lockers.module.ts", "LockersModule"),
            (f"{DEPOT}/lockers/pickup-codes.service.ts", "DEFAULT_TTL_HOURS PickupCode PickupCodesService"),
        ),
        cases=((f"{DEPOT}/lockers/pickup-codes.service.spec.ts", 4),),
        deferred=(("step 017", "the hall screen waits for the new display"),),
        criteria_without_evidence=("3",),
    ),
)

NO_STORY = ("001", "010", "035", "036", "040", "044", "045")
"""Steps that belong to no story and name none (an epic at most)."""

HAND_WRITTEN_NOTES = {
    "file": "docs/stories/dm-01-7-load-gauge.md",
    "false": (
        "`apps/console/src/components/gauges/gauge-legend.tsx` - legend below the gauge",
        "94% coverage",
        "The figure comes from the `GET /yard/load` endpoint of the depot API",
        "The gauge is fed by a socket and falls back to polling",
    ),
    "true": (
        "`apps/console/src/components/gauges/load-gauge.tsx` - the gauge, red above 90 percent (`RED_ABOVE`)",
        "`apps/console/src/hooks/use-yard-load.ts` - `useYardLoad`, refreshed every 15 seconds",
        "`apps/console/src/components/gauges/__tests__/load-gauge.test.tsx` - 4 test cases",
        "The assistant reads it through `useCopilotReadable`",
        "`BaysService.load` counts every bay that is not free",
    ),
}


def classify_path(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    if name in ("pnpm-lock.yaml", ".coverage"):
        return "noise"
    if "/__tests__/" in path or "/tests/" in path or ".spec." in name:
        return "test"
    if path.startswith("docs/") or name.endswith(".md"):
        return "docs"
    if name in ("Dockerfile", "Makefile", ".env.example", ".gitignore") or name.endswith(
        (".yml", ".yaml", ".json", ".toml")
    ):
        return "config"
    return "source"


def find_net_files(steps: dict[str, SampleCommit], numbers: tuple[str, ...]) -> dict[str, str]:
    """Path to created, modified or deleted: each path before its first and after its last of these commits."""
    by_sha = {commit.sha: commit for commit in steps.values()}
    before: dict[str, object] = {}
    after: dict[str, object] = {}
    for number in numbers:
        commit = steps[number]
        parent = by_sha[commit.parents[0]].files
        for path in (*commit.written, *commit.removed):
            before.setdefault(path, parent.get(path))
            after[path] = commit.files.get(path)
    return {
        path: "created" if before[path] is None else "deleted" if after[path] is None else "modified"
        for path in sorted(after)
        if before[path] != after[path]
    }


def find_line(text: str, words: str) -> int:
    """1-based line where the words begin; they may run over several lines of a paragraph."""
    start = " ".join(words.split()[:4])
    return next(number for number, line in enumerate(text.splitlines(), 1) if start in " ".join(line.split()))


def build_expected() -> dict[str, Any]:
    steps = {commit.step.number: commit for commit in list_steps()}
    head = list(steps.values())[-1]

    def name(number: str, **more: object) -> dict[str, object]:
        return {"sha": steps[number].sha, "subject": steps[number].subject, "step": number, **more}

    def quote(where: str, words: str) -> dict[str, str]:
        if where.startswith("step "):
            return {"where": f"commit {steps[where[5:]].sha} message", "quote": words}
        line = find_line(head.files[where][1].decode(), words)
        return {"where": f"{where}:{line}", "quote": words}

    def describe(label: Label) -> dict[str, Any]:
        net = find_net_files(steps, label.implements)
        groups: dict[str, list[dict[str, object]]] = {k: [] for k in ("source", "test", "docs", "config", "noise")}
        for path, status in net.items():
            entry = {"path": path, "status": status, "exists_at_BASE": path in head.files}
            groups[classify_path(path)].append(entry)
        touched = {path for number in label.implements for path in steps[number].written}
        planned = {*label.to_create, *label.to_modify, label.spec}
        merge = steps[label.merge] if label.merge else None
        return {
            "story": label.story,
            "spec_path": label.spec,
            "impl_commits": [name(number, reverted=number in label.reverted) for number in label.implements],
            "reverts_commits": [name(number) for number in label.reverts],
            "followup_commits": [name(number, why=why) for number, why in label.follow_ups],
            "mention_only_commits": [name(number) for number in label.mentions],
            "cross_story_commits": [name(number) for number in label.cross_story],
            "linked_by": label.explicit_by,
            "merge": merge
            and {
                "sha": merge.sha,
                "pr": int(merge.subject.split("#")[1].split()[0]),
                "branch": merge.subject.split(" from parcelyard/")[1],
            },
            "files": groups,
            "spec_files_to_create": [
                {"path": path, "exists_at_BASE": path in head.files, "created_by_impl": net.get(path) == "created"}
                for path in label.to_create
            ],
            "spec_files_to_modify": [
                {"path": path, "exists_at_BASE": path in head.files, "touched_by_impl": path in touched}
                for path in label.to_modify
            ],
            "files_not_in_spec": [path for path in net if path not in planned and classify_path(path) != "noise"],
            "deviations": [{"kind": kind, "about": about} for kind, about in label.deviations],
            "symbols": [{"name": symbol, "file": path} for path, names in label.symbols for symbol in names.split()],
            "tests": {
                "files": [{"file": path, "added": count} for path, count in label.cases],
                "total_added": sum(count for _, count in label.cases),
                "claimed": label.claimed_cases,
            },
            "decisions": [{"evidence": [quote(where, words)]} for where, words in label.decisions],
            "deferred": [{"evidence": [quote(where, words)]} for where, words in label.deferred],
            "criteria_without_evidence": list(label.criteria_without_evidence),
        }

    return {
        "about": {
            "repo": "the sample of `kbgen demo`",
            "BASE": head.sha,
            "how": "tests/sample/labels.py; step NNN is the folder src/kbgen/sample/steps/NNN-*",
        },
        "stories": [describe(label) for label in LABELS],
        "no_story_commits": [name(number) for number in NO_STORY],
        "hand_written_notes": {
            key: list(value) if isinstance(value, tuple) else value for key, value in HAND_WRITTEN_NOTES.items()
        },
    }


def format_expected() -> str:
    return json.dumps(build_expected(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    EXPECTED.write_text(format_expected(), encoding="utf-8")
