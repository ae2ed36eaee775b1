"""The guide to tracing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kbgen.pages.criteria import PageState, judge
from tests.pages.pages import get_pack, render_page

PAGE = "opentelemetry_tracing"

CONFIG = """
    from pydantic_settings import BaseSettings

    class TraceSettings(BaseSettings):
        otel_enabled: bool = True
        otel_shop_endpoint: str = "http://localhost:4317"
        otel_insecure: bool = True
        otel_rate: float = 1.0

    settings = TraceSettings()
"""
SETUP = """
    import logging
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
    from shop.trace_config import settings

    logger = logging.getLogger(__name__)
    provider = None

    def start_tracing():
        global provider
        resource = Resource.create({"service.name": "shop", "deployment.environment": "dev"})
        provider = TracerProvider(resource=resource, sampler=TraceIdRatioBased(settings.otel_rate))
        exporter = OTLPSpanExporter(endpoint=settings.otel_shop_endpoint, insecure=settings.otel_insecure)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        logger.warning("traces will not leave")

    def watch(app):
        FastAPIInstrumentor.instrument_app(app)
        HTTPXClientInstrumentor().instrument()

    def pick_tracer(name: str | None = None):
        return trace.get_tracer(name)

    def stop_tracing():
        provider.shutdown()
"""
DECORATOR = """
    import asyncio
    from functools import wraps
    from opentelemetry import trace
    from opentelemetry.trace import Status, StatusCode

    def spanned(label: str | None = None, tags: dict | None = None):
        def decorator(func):
            name = label or func.__name__
            tracer = trace.get_tracer(__name__)

            @wraps(func)
            def wrapper(*args, **kwargs):
                with tracer.start_as_current_span(name) as span:
                    try:
                        return func(*args, **kwargs)
                    except Exception as error:
                        span.set_status(Status(StatusCode.ERROR, str(error)))
                        span.record_exception(error)
                        raise

            if asyncio.iscoroutinefunction(func):
                return wrapper
            return wrapper

        return decorator
"""
ORDERS = """
    from opentelemetry import trace

    _tracer = trace.get_tracer(__name__)

    def place(order):
        with _tracer.start_as_current_span("order.place") as span:
            span.set_attribute("order.size", len(order))
            return order

    def forget(order):
        with _tracer.start_as_current_span("order.forget"):
            return None
"""
MAIN = """
    from fastapi import FastAPI
    from shop.orders import place
    from shop.setup import start_tracing, stop_tracing, watch

    app = FastAPI()

    @app.on_event("startup")
    async def begin():
        start_tracing()
        watch(app)

    @app.on_event("shutdown")
    async def end():
        stop_tracing()

    @app.get("/health")
    async def health():
        return place([])
"""
COMPOSE = """
    services:
      shop:
        build: ./shop
        ports: ["8100:8100"]
        environment:
          OTEL_SHOP_ENDPOINT: http://tracer:4317
      tracer:
        image: jaegertracing/all-in-one:1.60
        ports: ["16700:16686", "4317:4317"]
"""
FILES: Mapping[str, str] = {
    "shop/main.py": MAIN,
    "shop/orders.py": ORDERS,
    "shop/spans.py": DECORATOR,
    "shop/setup.py": SETUP,
    "shop/trace_config.py": CONFIG,
    "shop/requirements.txt": "fastapi\nopentelemetry-sdk>=1.30\n",
    "docker-compose.yml": COMPOSE,
}


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(PAGE, FILES)


def read_section(page: str, heading: str) -> str:
    return page.partition(f"\n## {heading}")[2].partition("\n## ")[0]


def test_the_decorator_stands_with_parameters_and_the_truth_about_its_use(page: str) -> None:
    section = read_section(page, "Tracing decorator")
    assert "### `spanned`" in section
    assert "| `label` | `str \\| None` | `None` |" in section
    assert "- **Span name**: `label or func.__name__`." in section
    assert "`asyncio.iscoroutinefunction`" in section
    assert "`record_exception`" in section
    assert "**Used by** nothing" in section


def test_a_use_of_the_decorator_is_shown_as_it_stands() -> None:
    used = FILES | {
        "shop/ship.py": """
            from shop.spans import spanned

            @spanned("ship.send")
            def send(parcel):
                return parcel
        """
    }
    section = read_section(render_page(PAGE, used), "Tracing decorator")
    assert "**Used by** 1: [`shop/ship.py`](../../shop/ship.py) `send`" in section
    assert '@spanned("ship.send")\ndef send(parcel):' in section
    assert "nothing" not in section


def test_spans_are_listed_with_whether_they_run(page: str) -> None:
    section = read_section(page, "Custom spans")
    assert "| `order.place` | [`shop/orders.py`](../../shop/orders.py) `place` | yes |" in section
    forgotten = next(line for line in section.splitlines() if "`order.forget`" in line)
    assert forgotten.endswith(("| nothing that runs leads there |", "| no caller outside tests found |"))
    assert "`pick_tracer` gives a tracer too (`name`, default `None`" in section
    assert "no code outside tests calls it" in section


def test_attributes_and_the_absence_of_events(page: str) -> None:
    section = read_section(page, "Span attributes and events")
    assert "| `order.place` | `order.size` | " in section
    assert "No call of `add_event` stands in the code outside tests" in section
    assert "`start_as_current_span` records by itself an exception that leaves its block" in section


def test_a_value_of_compose_that_its_environment_can_change_is_a_default() -> None:
    compose = COMPOSE.replace("OTEL_SHOP_ENDPOINT: http", "OTEL_RATE: ${RATE:-0.5}\n          OTEL_SHOP_ENDPOINT: http")
    section = read_section(render_page(PAGE, FILES | {"docker-compose.yml": compose}), "Configuration")
    assert "| `OTEL_RATE` | `shop` | `0.5` by default | no | " in section
    assert "| `OTEL_SHOP_ENDPOINT` | `shop` | `http://tracer:4317` | no | " in section


def test_an_event_that_is_added_is_told() -> None:
    files = FILES | {
        "shop/orders.py": ORDERS.replace("return order", 'span.add_event("packed")\n            return order')
    }
    assert "No call of `add_event`" not in render_page(PAGE, files)


def test_variables_stand_with_default_reader_and_other_value(page: str) -> None:
    section = read_section(page, "Configuration")
    assert "| `OTEL_SHOP_ENDPOINT` | `http://localhost:4317` | " in section
    assert "[`shop/setup.py`](../../shop/setup.py) `start_tracing`" in section
    assert "| `OTEL_SHOP_ENDPOINT` | `shop` | `http://tracer:4317` | no | " in section
    assert "No deployment file sets `OTEL_ENABLED`, `OTEL_INSECURE`, `OTEL_RATE`" in section
    assert "`deployment.environment` = `dev`, fixed in the code" in section
    assert "| ends it, pending spans are sent | " in section


def test_the_sampler_and_that_it_stands_alone(page: str) -> None:
    section = read_section(page, "Sampling")
    assert "| `TraceIdRatioBased` | `1.0` | `OTEL_RATE` | " in section
    assert "without `ParentBased`" in section


def test_viewing_has_the_address_outside(page: str) -> None:
    section = read_section(page, "Viewing traces")
    assert "<http://localhost:16700>" in section
    assert "docker compose up -d tracer" in section
    assert "16700 → 16686 web interface" in section


def test_an_app_instrumented_when_it_starts_is_pointed_out(page: str) -> None:
    assert "Here it happens at startup ([`shop/main.py`](../../shop/main.py) `begin`)." in page


def test_no_tracing_no_page() -> None:
    assert render_page(PAGE, {"shop/main.py": "from fastapi import FastAPI\napp = FastAPI()\n"}) == ""


def test_bare_tracers_make_a_page_that_claims_no_more() -> None:
    page = render_page(PAGE, {"shop/orders.py": ORDERS})
    assert "No decorator of the project makes spans" in page
    assert "No compose file of the repository runs a program that takes traces in" in page
    assert "No sampler is set in the code" in page
    assert "Jaeger UI" not in page


@pytest.mark.parametrize(("label", "state"), [("AC1", "met"), ("AC2", "met"), ("AC3", "met"), ("AC5", "met")])
def test_criteria_are_met(page: str, label: str, state: str) -> None:
    pack = get_pack(PAGE)
    names = {"env": ("OTEL_SHOP_ENDPOINT", "OTEL_RATE")}
    check = next(c for c in pack.criteria if c.label == label)
    assert judge(pack.story, check, PageState(page, "", names, ())).state == state


def test_a_criterion_without_its_facts_is_unmet() -> None:
    pack = get_pack(PAGE)
    page = render_page(PAGE, {"shop/orders.py": ORDERS})
    check = next(c for c in pack.criteria if c.label == "AC3")
    assert judge(pack.story, check, PageState(page, "", {"env": ()}, ())).state == "unmet"


def test_every_topic_has_its_section(page: str) -> None:
    headings = [line.lstrip("# ").strip() for line in page.splitlines() if line.startswith("#")]
    for _, heading in get_pack(PAGE).topics:
        assert any(found.startswith(heading) for found in headings), heading
