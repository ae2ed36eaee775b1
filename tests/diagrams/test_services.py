"""Discovery, routing and health checks: found by what they are, not by words in the path of some business route."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kbgen.config import Config
from kbgen.diagrams.mesh import Mesh
from kbgen.diagrams.services import DISCOVERY, HEALTH, ROUTING, draw_services
from kbgen.model import Diagram
from kbgen.pipeline.code import StoredCode
from kbgen.pipeline.facts import collect_facts
from tests.pipeline.doubles import MemoryFacts, MemoryTree
from tests.pipeline.yard import YARD


def draw(files: Mapping[str, str]) -> Diagram:
    found = collect_facts(StoredCode(MemoryTree(files), MemoryFacts(), Config()), Config())
    return draw_services(Mesh(found.system))


def list_labels(diagram: Diagram, kinds: tuple[str, ...]) -> list[str]:
    return [node.label for node in diagram.nodes if node.kind in kinds]


def test_the_yard() -> None:
    drawn = draw(YARD)
    assert list_labels(drawn, DISCOVERY) == ["AGENT_PATHS", "GET /.well-known/agent-card.json"]
    assert list_labels(drawn, ROUTING) == ["/a2a/dispatch"]
    assert list_labels(drawn, HEALTH) == ["curl -f http://localhost:7100/health", "GET /health"]
    assert all(node.evidence and node.group == "mesh" for node in drawn.nodes)
    table = next(node for node in drawn.nodes if node.kind == "catalogue")
    assert table.details == ("dispatch",)


@pytest.mark.parametrize(
    ("route", "is_check"),
    [
        ('get("/health")', True),
        ('get("/healthz")', True),
        ('get("/v1/ready")', True),
        ('get("/health/live")', True),
        ('get("/health/events")', True),
        ('get("/ping")', True),
        ('get("/patients/{id}/health")', False),
        ('get("/patients/health/{id}")', False),
        ('post("/health")', False),
        ('get("/wealth")', False),
        ('get("/already")', False),
        ('get("/jobs/status")', False),
    ],
)
def test_what_is_a_health_check(route: str, is_check: bool) -> None:
    main = f"from fastapi import FastAPI\napp = FastAPI()\n\n\n@app.{route}\ndef answer(id: str = ''):\n    return 1\n"
    drawn = draw({"api/main.py": main, "api/pyproject.toml": YARD["mesh/pyproject.toml"]})
    assert bool(list_labels(drawn, HEALTH)) == is_check


def test_who_calls_a_health_route() -> None:
    page = YARD["web/app/dashboard/page.tsx"].replace("/bays", "/health")
    drawn = draw({**YARD, "web/app/dashboard/page.tsx": page})
    assert [(edge.source, edge.label) for edge in drawn.edges] == [("yard-web", "GET /health")]


def test_checks_of_deployment_files() -> None:
    compose = "services:\n  db:\n    image: postgres\n    healthcheck:\n      test: [CMD-SHELL, pg_isready]\n"
    drawn = draw({**YARD, "compose.yaml": compose})
    assert "pg_isready" in list_labels(drawn, HEALTH)


def test_nothing() -> None:
    assert draw({}).nodes == ()
