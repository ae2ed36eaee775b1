"""The stack for traces and metrics: what runs it, what it shows, which metrics there are and which stay empty."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from kbgen.model import Fact
from kbgen.pages.observability.metric_routes import EndpointRow, list_endpoints
from kbgen.pages.observability.metric_rows import (
    DashboardRow,
    DocumentRow,
    MetricRow,
    QueryRow,
    list_dashboards,
    list_documents,
    list_metrics,
    make_queries,
)
from kbgen.pages.observability.telemetry import (
    SECRET,
    ImageGap,
    LogRow,
    ScriptRow,
    ToolRow,
    VariableRow,
    Variables,
    list_compose_scripts,
    list_image_gaps,
    list_logs,
    list_tools,
)
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.subject import Package, TestRow, list_packages, list_tests
from kbgen.pages.shared.traffic import find_handler, list_services
from kbgen.pages.sources import FindingRow, Place, Sources
from kbgen.patterns import LazyPattern

_LIBRARY = LazyPattern(r"(?i)prometheus|^prom-client$|^@?opentelemetry\b|^@?opentelemetry/")
_LOG = LazyPattern(r"(?i)prometheus|\bmetrics endpoint\b|^metrics:")
_TRACE_LOG = LazyPattern(r"(?i)otlp|^opentelemetry (?:init|tracing (?:en|dis))|\btraces will not\b")
_VARIABLE = LazyPattern(r"^(?:OTEL|OTLP|METRICS?|PROMETHEUS|GRAFANA|JAEGER)_")
_HEALTH = LazyPattern(r"^(?:/[\w-]+)?/(?:health|healthz|ready|readyz|live|livez)$")
_CONFIG = {
    "scrape": LazyPattern(r"^(?:[\w.-]+\.)?scrape_configs\[\d+\]\.job_name$"),
    "alert": LazyPattern(r"^groups\[\d+\]\.rules\[\d+\]\.alert$|spec\.groups\[\d+\]\.rules\[\d+\]\.alert$"),
    "datasource": LazyPattern(r"^datasources\[\d+\]\.name$"),
    "provider": LazyPattern(r"^providers\[\d+\]\.options\.path$"),
}
_EXPECTED = ("Prometheus", "Grafana", "Alertmanager")


@dataclass(frozen=True, slots=True)
class ConfigRow:
    """An entry of a configuration file of the stack: a scrape job, an alert, a data source."""

    name: str
    details: tuple[tuple[str, str], ...]
    at: Place


@dataclass(frozen=True, slots=True)
class MetricGroup:
    """The metrics of one file, which one service gives out."""

    service: str
    at: Place
    metrics: tuple[MetricRow, ...]
    registry: str
    defaults: str
    """Prefix of the metrics that the client library adds; ``-`` when it adds them without one."""


@dataclass(frozen=True, slots=True)
class SecretRow:
    service: str
    name: str
    fallback: bool
    """The file has it as what holds when the variable is not set."""
    at: Place


@dataclass(frozen=True, slots=True)
class HealthRow:
    service: str
    address: str
    at: Place


@dataclass(frozen=True, slots=True)
class ObservabilityPage:
    tools: tuple[ToolRow, ...]
    absent: tuple[str, ...]
    """Usual parts of such a stack that no deployment file runs."""
    compose: tuple[Place, ...]
    """Compose files that were looked at for that."""
    scripts: tuple[ScriptRow, ...]
    endpoints: tuple[EndpointRow, ...]
    others: tuple[tuple[str, Place], ...]
    """Routes that are called metrics and give out something else."""
    health: tuple[HealthRow, ...]
    groups: tuple[MetricGroup, ...]
    recorded: int
    silent: tuple[MetricRow, ...]
    uncalled: tuple[MetricRow, ...]
    """Those of them that no code records, dead or not."""
    recorders: tuple[Place, ...]
    """What would record the silent ones."""
    starved: tuple[MetricRow, ...]
    queries: tuple[QueryRow, ...]
    dashboards: tuple[DashboardRow, ...]
    scrapes: tuple[ConfigRow, ...]
    alerts: tuple[ConfigRow, ...]
    datasources: tuple[ConfigRow, ...]
    providers: tuple[ConfigRow, ...]
    variables: tuple[VariableRow, ...]
    secrets: tuple[SecretRow, ...]
    documents: tuple[DocumentRow, ...]
    packages: tuple[Package, ...]
    logs: tuple[LogRow, ...]
    trace_logs: tuple[LogRow, ...]
    gaps: tuple[ImageGap, ...]
    findings: tuple[FindingRow, ...]
    tests: tuple[TestRow, ...]


def build(sources: Sources, pack: PagePack) -> ObservabilityPage | None:
    tools = list_tools(sources)
    metrics = list_metrics(sources)
    if not tools and not metrics:
        return None
    endpoints = list_endpoints(sources)
    files = {m.at.path for m in metrics} | {e.at.path for e in endpoints}
    files |= {g.at.path for e in endpoints for g in e.guards}
    setup = {f.path for f in sources.list("telemetry") if f.attr("what") not in ("prometheus", "")}
    silent = tuple(m for m in metrics if not m.recorded)
    paths = {f.attr("path") for f in sources.list("route")} | {e.path for e in endpoints}
    return ObservabilityPage(
        tools,
        tuple(what for what in _EXPECTED if what not in {t.what for t in tools}),
        tuple(sources.at(path) for path in _list_compose(sources)),
        list_compose_scripts(sources, {t.at.path for t in tools if t.command}),
        endpoints,
        tuple(_list_others(sources, {e.at for e in endpoints})),
        tuple(_list_health(sources, {e.service for e in endpoints})),
        tuple(_group(sources, metrics)),
        len(metrics) - len(silent),
        silent,
        tuple(m for m in silent if not m.recorders),
        tuple(dict.fromkeys(r.at for m in silent if not m.missing for r in m.recorders)),
        tuple(m for m in metrics if m.missing),
        make_queries(metrics),
        list_dashboards(sources, metrics),
        tuple(_list_config(sources, "scrape", ("static_configs[0].targets[0]", "metrics_path", "scrape_interval"))),
        tuple(_list_config(sources, "alert", ("expr", "for"))),
        tuple(_list_config(sources, "datasource", ("type", "url"))),
        tuple(_list_config(sources, "provider", ())),
        Variables(sources).list_rows(_name_variables(sources, files | setup)),
        tuple(_list_secrets(sources, {t.at.path for t in tools})),
        list_documents(sources, metrics, paths) if metrics else (),
        list_packages(sources, lambda name: bool(_LIBRARY.search(name))),
        list_logs(sources, lambda f: bool(_LOG.search(f.name))),
        list_logs(sources, lambda f: bool(_TRACE_LOG.search(f.name))),
        list_image_gaps(sources, files),
        sources.pick_findings("default-disagrees", "never-read", paths=files | setup) if files | setup else (),
        list_tests(sources, files),
    )


def _list_compose(sources: Sources) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f.path for f in sources.list("service") if f.attr("source") == "compose"))


def _list_others(sources: Sources, exposing: Collection[Place]) -> Iterator[tuple[str, Place]]:
    for route in sources.list("route"):
        path = route.attr("path")
        if (
            path.endswith("/metrics")
            and sources.at(*find_handler(route)) not in exposing
            and route.attr("kind") != "page"
        ):
            yield (route.name, sources.at(*find_handler(route)))


def _list_health(sources: Sources, units: Collection[str]) -> Iterator[HealthRow]:
    services = {s.id: s for s in list_services(sources)}
    for route in sources.list("route"):
        unit = sources.system.units.find_unit(route.path)
        if unit in units and route.attr("method") == "GET" and _HEALTH.match(route.attr("path")):
            yield HealthRow(unit, f"{services[unit].address}{route.attr('path')}", sources.at(route))


def _group(sources: Sources, metrics: Sequence[MetricRow]) -> Iterator[MetricGroup]:
    files: dict[str, list[MetricRow]] = {}
    for metric in metrics:
        files.setdefault(metric.at.path, []).append(metric)
    for path, rows in files.items():
        registry = next((f.attr("target") or f.name for f in sources.list("metric_registry") if f.path == path), "")
        added = next((f for f in sources.list("metric_default") if f.path == path), None)
        yield MetricGroup(
            sources.system.units.find_unit(path),
            sources.at(path),
            tuple(rows),
            registry,
            "" if added is None else added.attr("prefix") or "-",
        )


def _list_config(sources: Sources, kind: str, keys: Sequence[str]) -> Iterator[ConfigRow]:
    facts = sources.list("config")
    for fact in facts:
        if _CONFIG[kind].search(fact.name) and fact.path.endswith((".yml", ".yaml")):
            holder = fact.name.rpartition(".")[0]
            near = {f.name: f.value for f in facts if f.path == fact.path and f.name.startswith(f"{holder}.")}
            details = tuple((key, near[f"{holder}.{key}"]) for key in keys if f"{holder}.{key}" in near)
            yield ConfigRow(fact.value, details, sources.at(fact.path))


def _name_variables(sources: Sources, files: Collection[str]) -> frozenset[str]:
    """Variables of tracing and metrics: by their name, where code of the subject or its settings read them."""
    units = {sources.system.units.find_unit(path) for path in files}
    return frozenset(
        f.name
        for f in sources.list("env")
        if _VARIABLE.search(f.name) and sources.system.units.find_unit(f.path) in units
    )


def _list_secrets(sources: Sources, paths: Collection[str]) -> Iterator[SecretRow]:
    for fact in sources.list("setting"):
        if fact.path in paths and fact.attr("source") == "compose" and SECRET.search(fact.name) and _has_value(fact):
            yield SecretRow(fact.attr("service"), fact.name, bool(fact.attr("ref")), sources.at(fact))


def _has_value(fact: Fact) -> bool:
    return bool(fact.attr("default")) if fact.attr("ref") else bool(fact.value)
