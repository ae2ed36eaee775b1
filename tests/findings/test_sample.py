"""The findings of the sample platform against the faults that were planted there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kbgen.diagrams.mesh import Mesh
from kbgen.extractors import extract_file, is_extractable
from kbgen.findings import find_findings
from kbgen.join import MANIFESTS, read_layout
from kbgen.join.program import Program
from kbgen.join.system import System
from kbgen.model import Finding, SourceFile
from kbgen.paths import is_test, translate_glob
from kbgen.sample import list_steps
from tests.findings.systems import RULES

FILES = {path: content.decode() for path, (_, content) in list_steps()[-1].files.items()}
PLANTED: list[dict[str, str]] = json.loads(
    (Path(__file__).parent.parent / "sample" / "planted.json").read_text(encoding="utf-8")
)["faults"]

_LABELS = "`console` calls `{}`, which `depot-api` does not serve"
_MESH = "`mesh` calls `{}`, which `depot-api` does not serve"
_NOBODY = "1 event is sent on the bus `{}` and handled by nobody"
_UNNAMED = "`depot-api` sends 2 socket events that no code of `console` and `mesh` names"
_NAMESPACE = "`connectTasks` connects to the socket namespace `/task`, `depot-api` serves `/tasks` and `/yard`"
_UNREAD = "`card_cache_s` and `trace_sample_rate` of `Settings` are never read"
_RETRY = "`mesh` has 2 classes named `RetryPolicy`: in `mesh/a2a/retry.py` and `mesh/depot.py`"
TOLD = {
    ("base-url", "http://localhost:8000"): "`MESH_URL` leads to port 8000 by default, `mesh` listens on 8600",
    ("base-url", "http://localhost:7777"): "`NEXT_PUBLIC_MESH_URL` leads to port 7777 by default, "
    "`mesh` listens on 8600",
    ("no-route", "POST /tasks/{}/snooze"): _LABELS.format("POST /tasks/{}/snooze"),
    ("no-route", "GET /api/shift-report"): "`console` calls `GET /api/shift-report`, which `console` does not serve",
    ("no-route", "GET /labels"): _LABELS.format("GET /labels"),
    ("no-route", "POST /labels/{}/print"): _LABELS.format("POST /labels/{}/print"),
    ("no-route", "GET /parcels/{}/incidents"): _MESH.format("GET /parcels/{}/incidents"),
    ("no-route", "POST /parcels/{}/write-off"): _MESH.format("POST /parcels/{}/write-off"),
    ("no-route", "GET /trailers/{}/parcels"): _MESH.format("GET /trailers/{}/parcels"),
    ("no-auth", "Authorization"): "`MeshClient.call_agent` calls `POST /a2a/{agent_id}/rpc` of `mesh` without a token",
    ("wrong-bus", "task.finished"): "`task.finished` is handled on the bus `@nestjs/event-emitter`, "
    "and sent on the bus `apps/depot-api/src/bus` only",
    ("event-never-emitted", "carrier.late"): "`carrier.late` is handled, and no code sends it",
    ("event-never-handled", "task.reassigned"): _NOBODY.format("apps/depot-api/src/bus"),
    ("event-never-handled", "locker.code.used"): _NOBODY.format("@nestjs/event-emitter"),
    ("socket-never-emitted", "approval.expired"): "`useApprovals` waits for the socket event `approval.expired`, "
    "which `depot-api` never sends",
    ("socket-never-handled", "task.watch"): "`connectTasks` sends the socket event `task.watch`, "
    "for which `depot-api` has no handler",
    ("socket-never-handled", "task.overdue"): _UNNAMED,
    ("socket-never-handled", "bay.changed"): _UNNAMED,
    ("wrong-namespace", "/task"): _NAMESPACE,
    ("no-socket-token", "auth"): "`connectTasks` connects without a token, `TasksGateway` disconnects such clients",
    ("tools-never-attached", "REPORT_TOOLS"): "`count_open_tasks` and `list_expired_lockers` are marked as tools "
    "and given to no agent",
    ("metric-never-recorded", "REFUSED_CARDS"): "1 metric of `mesh/metrics.py` is defined and never recorded: "
    "`mesh_refused_cards_total`",
    ("dead-module", "MeshRouter"): "Nothing that runs uses the router `MeshRouter`",
    ("dead-module", "debug_router"): "1 route of `mesh/debug.py` is mounted nowhere",
    ("dead-module", "LateCarrierForecast"): "Nothing that runs uses the class `LateCarrierForecast`",
    ("duplicate-name", "RetryPolicy"): _RETRY,
    ("defaults-disagree", "REDIS_URL"): "`REDIS_URL` has 2 defaults: `redis://localhost:6379` "
    "and `redis://localhost:6380`",
    ("defaults-disagree", "attempts"): _RETRY,
    ("never-read", "card_cache_s"): _UNREAD,
    ("never-read", "trace_sample_rate"): _UNREAD,
    ("never-called", "create_customs_agent"): "Nothing that runs makes the agent `Customs`",
    ("mounted-nowhere", "TaskHeatmap"): "Nothing that runs uses the component `TaskHeatmap`",
    ("mounted-nowhere", "HoldBanner"): "Nothing that runs uses 2 definitions of "
    "`apps/console/src/components/holds/hold-banner.tsx`",
    ("callback-never-set", "listener"): "No caller of `YardStateEmitter` gives it `listener`, "
    "which is for `self.listener`",
}
"""(kind and subject of a planted fault) -> title of the finding that must tell it."""
MISSED = {("never-called", "POST /a2a/{}/message")}
"""A route that no client of the repository calls may well be for clients outside it: nothing is said of that."""
UNPLANTED = {"Nothing that runs uses the function `route_of`"}
"""True as well, though nobody meant it: only a test uses it."""
NAMED_IN_DETAIL = ("locker.code.used", "task.reassigned", "task.overdue", "bay.changed", "attempts")
"""Subjects that the title leaves to the detail."""


@pytest.fixture(scope="module")
def found() -> dict[str, Finding]:
    """By title. Only manifests are read for the layout, as a run does: else the sources of tests count as entries."""
    globs = [translate_glob(glob) for glob in MANIFESTS]
    manifests = {path: text for path, text in FILES.items() if any(glob.fullmatch(path) for glob in globs)}
    facts = {path: extract_file(SourceFile(path, path, text)) for path, text in FILES.items() if is_extractable(path)}
    system = System(Program(facts, is_test, list(FILES), read_layout(manifests, list(FILES))), RULES)
    return {finding.title: finding for finding in find_findings(system, Mesh(system))}


def test_each_planted_fault_is_told_or_known_to_be_missed() -> None:
    planted = {(fault["kind"], fault["about"]) for fault in PLANTED}
    assert len(planted) == len(PLANTED)
    assert planted == set(TOLD) | MISSED


@pytest.mark.parametrize("fault", [f for f in PLANTED if (f["kind"], f["about"]) in TOLD], ids=lambda f: f["about"])
def test_planted_faults_are_found_where_they_are(found: dict[str, Finding], fault: dict[str, str]) -> None:
    finding = found[TOLD[fault["kind"], fault["about"]]]
    assert fault["path"] in {evidence.path for evidence in finding.evidence}
    if fault["about"] in NAMED_IN_DETAIL:
        assert f"`{fault['about']}`" in finding.detail


def test_nothing_else_is_found(found: dict[str, Finding]) -> None:
    """A new title has to be read against the sample by a person before it is listed above."""
    assert set(found) == set(TOLD.values()) | UNPLANTED
