"""The runbook of the observability stack."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from kbgen.pages.criteria import PageState, judge
from kbgen.pages.observability.metric_rows import find_names
from tests.pages.pages import get_pack, render_page

PAGE = "observability"

METRICS = """
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

    REGISTRY = CollectorRegistry()
    SALES = Counter("sales", "Sales", labelnames=["route", "status"], registry=REGISTRY)
    WAIT = Histogram("wait_seconds", "Waiting", labelnames=["route"], buckets=(0.1, 1.0), registry=REGISTRY)
    STOCK = Gauge("stock_level", "Stock", registry=REGISTRY)
    RETURNS = Counter("returns_total", "Returns", labelnames=["shop"], registry=REGISTRY)
    DELAY = Histogram("delay_seconds", "Delay", registry=REGISTRY)

    def count_sale(route, status, delay=None):
        SALES.labels(route=route, status=status).inc()
        WAIT.labels(route=route).observe(1)
        if delay is not None:
            DELAY.observe(delay)

    def count_return(shop):
        RETURNS.labels(shop=shop).inc()

    def show():
        return generate_latest(REGISTRY)
"""
MAIN = """
    from fastapi import FastAPI
    from slowapi import Limiter
    from slowapi.middleware import SlowAPIMiddleware
    from shop.metrics import count_sale, show

    METRICS_LIMIT = "90/minute"
    app = FastAPI()
    limiter = Limiter(key_func=lambda request: "one", default_limits=["20/minute"])
    app.add_middleware(SlowAPIMiddleware)

    @app.get("/numbers")
    async def numbers():
        return show()

    @app.post("/sell")
    async def sell():
        count_sale("/sell", "ok")
"""
COMPOSE = """
    services:
      shop:
        build: ./shop
        ports: ["8100:8100"]
        environment:
          ADMIN_PASSWORD: letmein
      watch:
        image: prom/prometheus:v3.1.0
        ports: ["9191:9090"]
        volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml"]
      show:
        image: grafana/grafana:latest
        ports: ["3333:3000"]
        environment:
          GF_SECURITY_ADMIN_PASSWORD: ${GF_PASSWORD:-admin}
"""
SCRAPE = """
    scrape_configs:
      - job_name: shop
        metrics_path: /numbers
        static_configs:
          - targets: ["shop:8100"]
"""
ALERTS = """
    groups:
      - name: shop
        rules:
          - alert: Slow
            expr: wait_seconds_count > 5
            for: 5m
"""
DASHBOARD = {
    "title": "The shop",
    "uid": "shop",
    "schemaVersion": 39,
    "__inputs": [{"name": "DS_METRICS", "type": "datasource"}],
    "panels": [
        {"title": "Sales", "type": "stat", "targets": [{"expr": "sum(rate(sales_total[5m])) by (route)"}]},
        {"title": "Returns", "type": "stat", "targets": [{"expr": 'sum(returns_total{shop="a_b"})'}]},
        {"title": "Ghosts", "type": "stat", "targets": [{"expr": "ghost_count_total"}]},
    ],
}
GUIDE = """
    # Deployment

    Ask `/api/metrics`.

    | Metric | Type |
    |---|---|
    | `sales_total` | Counter |
    | `refund_total` | Counter |
"""
SHOP: Mapping[str, str] = {
    "shop/main.py": MAIN,
    "shop/metrics.py": METRICS,
    "shop/Dockerfile": 'FROM python:3.12\nCOPY . .\nEXPOSE 8100\nCMD ["uvicorn", "main:app", "--port", "8100"]\n',
    "docker-compose.yml": COMPOSE,
    "package.json": json.dumps({"scripts": {"up": "docker compose -f docker-compose.yml up -d"}}),
    "prometheus.yml": SCRAPE,
    "alerts.yml": ALERTS,
    "dash/shop.json": json.dumps(DASHBOARD, indent=1),
    "docs/deployment.md": GUIDE,
}


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(PAGE, SHOP)


def read_section(page: str, heading: str) -> str:
    return page.partition(f"\n## {heading}")[2].partition("\n## ")[0]


def read_row(page: str, start: str) -> str:
    return next(line for line in page.splitlines() if line.startswith(start))


def test_the_stack_is_started_by_commands_that_exist(page: str) -> None:
    section = read_section(page, "Starting the stack")
    assert "docker compose up -d show watch" in section
    assert "| `npm run up` | " in section


def test_programs_stand_with_image_port_and_address(page: str) -> None:
    section = read_section(page, "Services")
    assert "| Prometheus | `watch` | `prom/prometheus:v3.1.0` | <http://localhost:9191> | " in section
    assert "| Grafana | `show` | `grafana/grafana:latest` | <http://localhost:3333> | " in section
    assert "volumes: `./prometheus.yml:/etc/prometheus/prometheus.yml`" in section


def test_the_endpoint_is_found_by_what_it_does_and_not_by_its_name(page: str) -> None:
    section = read_section(page, "Services")
    assert "`GET http://localhost:8100/numbers`" in section
    assert "nothing of its own" in section
    assert "may be asked `20/minute`" in section
    assert "every 3 s" in section
    assert "`METRICS_LIMIT` = `90/minute` in [`shop/main.py`](../../shop/main.py) is read by no code." in section


def test_metrics_stand_as_exported_with_who_records_them(page: str) -> None:
    section = read_section(page, "Metrics")
    assert read_row(section, "| `sales_total` ") == (
        "| `sales_total` | Counter | `route`, `status` | `count_sale` ← `sell` |"
    )
    assert "**never**: no code does" in read_row(section, "| `stock_level` ")
    assert "**never**: nothing that runs calls `count_return`" in read_row(section, "| `returns_total` ")
    assert "**never**: `delay` is given by no caller of `count_sale`" in read_row(section, "| `delay_seconds` ")
    assert "`wait_seconds`: 0.1, 1.0" in section
    assert "The code defines 5 metrics: 2 recorded by code that runs, 3 by none" in page


def test_a_metric_that_no_code_records_is_told_apart_from_one_whose_recorder_is_dead(page: str) -> None:
    section = page.partition("### A metric stays empty")[2].partition("\n### ")[0]
    assert "No code at all records `stock_level`. The others would be recorded by" in section
    assert "`count_return`" in section


def test_a_log_line_with_an_unknown_value_names_it() -> None:
    said = MAIN.replace(
        "async def sell():",
        'async def sell():\n        place = find()["at"]\n        log.info(f"metrics at {place}/numbers")',
    )
    files = SHOP | {
        "shop/main.py": said.replace(
            "app = FastAPI()", "app = FastAPI()\n    log = logging.getLogger(__name__)"
        ).replace("from fastapi import FastAPI", "import logging\n    from fastapi import FastAPI")
    }
    assert "`metrics at {}" not in render_page(PAGE, files)


def test_queries_are_of_recorded_metrics_only(page: str) -> None:
    section = read_section(page, "Queries and alerts")
    assert "`sum by (route) (rate(sales_total[5m]))`" in section
    assert "histogram_quantile(0.95, sum by (le, route) (rate(wait_seconds_bucket[5m])))" in section
    assert "returns_total" not in section
    assert "stock_level" not in section


def test_scrapes_and_alerts_of_the_repository_are_told(page: str) -> None:
    section = read_section(page, "Queries and alerts")
    assert "| `shop` | `shop:8100`, `/numbers` | [`prometheus.yml`](../../prometheus.yml) |" in section
    assert "| `Slow` | expr `wait_seconds_count > 5`, for `5m` | [`alerts.yml`](../../alerts.yml) |" in section
    assert "No alert is defined" not in page


def test_panels_say_whether_they_show_anything(page: str) -> None:
    section = read_section(page, "Dashboards")
    assert "### The shop" in section
    assert read_row(section, "| Sales ").endswith("| yes |")
    assert "`returns_total` never recorded" in read_row(section, "| Returns ")
    assert "`ghost_count_total` not defined" in read_row(section, "| Ghosts ")
    assert "No provisioning file loads it" in section


def test_a_document_that_names_other_metrics_is_pointed_out(page: str) -> None:
    section = read_section(page, "What does not match")
    assert "[`docs/deployment.md`](../deployment.md) lists metrics that no code defines: `refund_total`" in section
    assert "an address that no route has: `/api/metrics` (the code has `/numbers`)" in section


def test_passwords_are_named_and_not_shown(page: str) -> None:
    assert "`ADMIN_PASSWORD` of `shop`" in page
    assert "`GF_SECURITY_ADMIN_PASSWORD` of `show` (used when the variable is not set)" in page
    assert "letmein" not in page


def test_a_node_service_with_its_own_client() -> None:
    page = render_page(
        PAGE,
        {
            "api/package.json": json.dumps({"name": "api", "scripts": {"start": "node dist/main"}}),
            "api/src/metrics.ts": """
                import { Gauge, collectDefaultMetrics, Registry } from 'prom-client';
                const register = new Registry();
                collectDefaultMetrics({ register, prefix: 'api_' });
                export const depth = new Gauge({ name: 'queue_depth', help: 'Depth', labelNames: ['queue'] });
                export function fill(n: number) { depth.set({ queue: 'a' }, n); }
            """,
        },
    )
    assert "| `queue_depth` | Gauge | `queue` | " in page
    assert "prefix `api_`" in page
    assert "No route was found that gives out metrics." in page
    assert "The repository has no compose file" in page


def test_nothing_to_observe_no_page() -> None:
    assert render_page(PAGE, {"docker-compose.yml": "services:\n  db:\n    image: postgres:16\n"}) == ""
    assert render_page(PAGE, {"shop/main.py": "print('hello')\n"}) == ""


def test_criteria_follow_the_page(page: str) -> None:
    pack = get_pack(PAGE)
    names = {"metric": ("sales", "wait_seconds", "stock_level", "returns_total", "delay_seconds")}
    states = [judge(pack.story, c, PageState(page, "", names, ())).state for c in pack.criteria]
    assert states == ["met"] * 5
    bare = render_page(PAGE, {"shop/metrics.py": METRICS})
    first = judge(pack.story, pack.criteria[1], PageState(bare, "", names, ()))
    assert first.state == "unmet"


def test_every_topic_has_its_section(page: str) -> None:
    headings = [line.lstrip("# ").strip() for line in page.splitlines() if line.startswith("#")]
    for _, heading in get_pack(PAGE).topics:
        assert any(found.startswith(heading) for found in headings), heading


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ('sum(rate(a_total{x="b_c"}[5m])) by (d_e)', ("a_total",)),
        ("histogram_quantile(0.9, sum by (le) (rate(h_seconds_bucket[5m])))", ("h_seconds",)),
        ("a_total / on (x_y) group_left b_total", ("a_total", "b_total")),
        ("up == 0", ()),
    ],
)
def test_metrics_in_a_query(query: str, names: tuple[str, ...]) -> None:
    assert find_names(query, {"h_seconds"}) == names
