"""Distributed tracing: what makes spans, what they carry, where they go, what travels with a call, what is not used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from kbgen.expressions import UNKNOWN, Expr, decode_arguments, decode_expr, find_argument, tag_of
from kbgen.join.layout import PY_SUFFIXES
from kbgen.join.program import Place as Definition
from kbgen.model import Fact
from kbgen.pages.a2a.path import CARD, find_path
from kbgen.pages.observability.telemetry import (
    HookRow,
    ImageGap,
    LogRow,
    Mentions,
    ScriptRow,
    ToolRow,
    VariableRow,
    Variables,
    find_hooks,
    list_compose_scripts,
    list_image_gaps,
    list_logs,
    list_tools,
)
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.subject import Package, Reached, TestRow, find_importers, list_packages, list_tests, unique
from kbgen.pages.shared.traffic import Service, list_services
from kbgen.pages.sources import Excerpt, FindingRow, Place, Sources
from kbgen.pages.values import read_pairs, say
from kbgen.patterns import LazyPattern

_LIBRARY = LazyPattern(r"^@?opentelemetry\b|^(?:openinference|@vercel/otel)")
_VARIABLE = LazyPattern(r"(?:^|_)(?:OTEL|OTLP|TRACING|JAEGER|ZIPKIN)(?:_|$)")
_ENV = LazyPattern(r"\{env:([^{}|]+)")
_LOG = LazyPattern(r"(?i)telemetry|\btrac(?:es|ing)\b|\bspans?\b|\botel\b")
_HEADER = LazyPattern(r"""(?i)["'](traceparent|tracestate|b3|x-b3-\w+|x-(?:request|correlation|trace)-id)["']""")
_HEADER_SIGNS = ('-id"', '-ID"', '-Id"', "-b3-", "-B3-", '"b3"', "traceparent", "tracestate")
"""One of these is in every text that has such a header; the search for them is quick."""
_TRACE_TOOLS = frozenset({"Jaeger", "OpenTelemetry Collector", "Tempo", "Zipkin", "Grafana"})
_KINDS = (
    "telemetry_setup", "telemetry_sampler", "telemetry_instrumentation", "telemetry_propagation", "tracer", "span",
)  # fmt: skip
_INSTRUMENTED = {
    "HTTPX": "httpx", "Requests": "requests", "Aiohttp": "aiohttp", "AioHttp": "aiohttp", "URLLib3": "urllib3",
    "FastAPI": "fastapi", "Starlette": "starlette", "Flask": "flask", "Django": "django", "Redis": "redis",
    "SQLAlchemy": "sqlalchemy", "Asyncpg": "asyncpg", "Psycopg": "psycopg", "Celery": "celery", "Logging": "logging",
}  # fmt: skip
"""Libraries by the first letters of their instrumentor's class."""
_CLIENTS = frozenset({"httpx", "requests", "aiohttp", "urllib3"})
_SERVERS = frozenset({"fastapi", "starlette", "flask", "django"})


@dataclass(frozen=True, slots=True)
class ParameterRow:
    name: str
    type: str
    default: str
    """``""`` where it must be given."""


@dataclass(frozen=True, slots=True)
class DecoratorRow:
    """A decorator of the project that makes a span around what it decorates."""

    name: str
    parameters: tuple[ParameterRow, ...]
    span_name: str
    """The name of its span as the code puts it together."""
    asks: str
    """The call by which it tells coroutine functions from others, and so fits both."""
    statuses: tuple[str, ...]
    events: tuple[str, ...]
    uses: tuple[Place, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class TracerRow:
    name: str
    """The name given to the tracer, as written."""
    variable: str
    at: Place


@dataclass(frozen=True, slots=True)
class HelperRow:
    """A function of the project that gives a tracer."""

    name: str
    parameters: tuple[ParameterRow, ...]
    gives: str
    users: tuple[Place, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class SpanRow:
    name: str
    attributes: tuple[str, ...]
    dead: bool
    callerless: bool
    """Nothing outside tests names the definition that makes it."""
    at: Place


@dataclass(frozen=True, slots=True)
class EventRow:
    call: str
    at: Place


@dataclass(frozen=True, slots=True)
class ExporterRow:
    name: str
    transport: str
    endpoint: str
    """What it is given where no variable says otherwise."""
    variable: str
    insecure: str
    at: Place


@dataclass(frozen=True, slots=True)
class SamplerRow:
    name: str
    ratio: str
    variable: str
    by_parent: bool
    at: Place


@dataclass(frozen=True, slots=True)
class ResourceRow:
    key: str
    value: str
    variable: str
    fixed: bool
    """A literal of the code, the same in every environment."""
    at: Place


@dataclass(frozen=True, slots=True)
class InstrumentorRow:
    name: str
    library: str
    at: Place


@dataclass(frozen=True, slots=True)
class StartRow:
    """A definition that sets tracing up or ends it, and what runs it."""

    at: Place
    hooks: tuple[HookRow, ...]


@dataclass(frozen=True, slots=True)
class CallerRow:
    """Code that calls an agent over HTTP."""

    library: str
    instrumentor: str
    """What adds the trace's context to its requests; ``""`` where nothing of the service does."""
    headers: tuple[str, ...]
    """Headers by which its requests may be followed."""
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class ServiceRow:
    name: str
    framework: str
    traced: bool
    headers: tuple[str, ...]
    at: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class TracingPage:
    packages: tuple[Package, ...]
    undeclared: tuple[Place, ...]
    """Manifests of the same folder that do not have the packages."""
    decorators: tuple[DecoratorRow, ...]
    decorator_example: Excerpt | None
    helpers: tuple[HelperRow, ...]
    tracers: tuple[TracerRow, ...]
    spans: tuple[SpanRow, ...]
    span_example: Excerpt | None
    events: tuple[EventRow, ...]
    added_events: tuple[EventRow, ...]
    exporters: tuple[ExporterRow, ...]
    processors: tuple[tuple[str, Place], ...]
    samplers: tuple[SamplerRow, ...]
    resource: tuple[ResourceRow, ...]
    instrumentors: tuple[InstrumentorRow, ...]
    late: tuple[StartRow, ...]
    """Where an app is instrumented by a start hook, when it runs already."""
    starts: tuple[StartRow, ...]
    ends: tuple[StartRow, ...]
    propagation: tuple[Place, ...]
    callers: tuple[CallerRow, ...]
    answering: tuple[str, ...]
    """Routes that answer them, of services that are traced."""
    server: InstrumentorRow | None
    """What reads the context of a request that comes in."""
    services: tuple[ServiceRow, ...]
    variables: tuple[VariableRow, ...]
    own_names: tuple[str, ...]
    """Variables that begin as those of OpenTelemetry do, and that its specification does not have."""
    switch: str
    insecure: str
    tools: tuple[ToolRow, ...]
    scripts: tuple[ScriptRow, ...]
    compose: tuple[str, ...]
    service_name: str
    imports: tuple[tuple[str, Place], ...]
    """Modules of the tracing code as other code imports them."""
    service_compose: str
    """The compose service of one that is traced, in the same file as the first tool."""
    address: str
    """Of a service that is traced."""
    route: str
    logs: tuple[LogRow, ...]
    gaps: tuple[ImageGap, ...]
    findings: tuple[FindingRow, ...]
    tests: tuple[TestRow, ...]
    mocks: tuple[Place, ...]


_STANDARD = frozenset(
    "OTEL_SERVICE_NAME OTEL_RESOURCE_ATTRIBUTES OTEL_SDK_DISABLED OTEL_TRACES_SAMPLER OTEL_TRACES_SAMPLER_ARG "
    "OTEL_PROPAGATORS OTEL_TRACES_EXPORTER OTEL_EXPORTER_OTLP_ENDPOINT OTEL_EXPORTER_OTLP_TRACES_ENDPOINT "
    "OTEL_EXPORTER_OTLP_HEADERS OTEL_EXPORTER_OTLP_PROTOCOL OTEL_EXPORTER_OTLP_INSECURE OTEL_LOG_LEVEL".split()
)
"""https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/"""


def build(sources: Sources, pack: PagePack) -> TracingPage | None:
    if not any(sources.has(kind) for kind in _KINDS):
        return None
    return _Reader(sources).read()


class _Reader:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._program = sources.program
        self._reached = Reached(sources)
        self._variables = Variables(sources)
        self._files = {f.path for kind in _KINDS for f in sources.list(kind)}
        self._setup = {
            f.path
            for kind in ("telemetry_setup", "telemetry_sampler", "telemetry_instrumentation")
            for f in sources.list(kind)
        } | {f.path for f in sources.list("telemetry") if f.attr("what") not in ("prometheus", "")}
        self._path = find_path(sources)
        self._words = Mentions(sources, "name", "member")

    def read(self) -> TracingPage:
        sources = self._sources
        decorators = tuple(self._list_decorators())
        inside = {(d.at.path, d.at.symbol) for d in decorators}
        exporters, samplers = tuple(self._list_exporters()), tuple(self._list_samplers())
        instrumentors = tuple(self._list_instrumentors())
        events = tuple(EventRow(f.attr("what"), sources.at(f)) for f in sources.list("span_event"))
        variables = self._variables.list_rows(self._name_variables())
        tools = tuple(t for t in list_tools(sources) if t.what in _TRACE_TOOLS)
        compose = tuple(dict.fromkeys(t.command for t in tools if t.command))
        files = {t.at.path for t in tools if t.command}
        ends = tuple(self._list_ends())
        resource = tuple(self._list_resource())
        service = self._find_service()
        gaps = list_image_gaps(sources, self._setup)
        return TracingPage(
            packages := list_packages(sources, lambda name: bool(_LIBRARY.search(name))),
            self._list_undeclared(packages),
            decorators,
            self._pick_decorated(decorators),
            tuple(self._list_helpers(inside)),
            tuple(self._list_tracers(inside)),
            tuple(self._list_spans(inside)),
            self._pick_span(inside),
            events,
            tuple(e for e in events if e.call in ("add_event", "addEvent")),
            exporters,
            tuple(dict.fromkeys((f.name, sources.at(f)) for f in sources.list("telemetry_setup", "*Processor"))),
            samplers,
            resource,
            instrumentors,
            tuple(self._list_late()),
            tuple(self._list_starts()),
            ends,
            sources.places(sources.list("telemetry_propagation")),
            tuple(self._list_callers(instrumentors)),
            self._list_answering(),
            next((i for i in instrumentors if i.library in _SERVERS), None),
            tuple(self._list_services()),
            variables,
            tuple(v.name for v in variables if v.name.startswith("OTEL_") and v.name not in _STANDARD),
            next((v.name for v in variables if v.name.endswith(("_ENABLED", "_DISABLED"))), ""),
            next((e.insecure for e in exporters if e.insecure), ""),
            tools,
            list_compose_scripts(sources, files),
            compose,
            next((r.value for r in resource if r.key in ("SERVICE_NAME", "service.name")), ""),
            self._list_imports(),
            self._name_composed(service, compose, gaps),
            service.address if service is not None else "",
            self._find_route(service.id if service is not None else ""),
            tuple(row for row in list_logs(sources, self._is_log) if row.level not in ("debug", "trace", "verbose")),
            gaps,
            sources.pick_findings(
                "default-disagrees", "never-read", paths=self._setup | {d.at.path for d in decorators}
            ),
            list_tests(sources, self._setup | {d.at.path for d in decorators}),
            self._list_mocks(),
        )

    # ------------------------------------------------------------------------------------------ making spans

    def _list_decorators(self) -> Iterator[DecoratorRow]:
        made = {(f.path, f.symbol.partition(".")[0]) for f in self._sources.list("span")}
        for fact in self._sources.list("decorator_def"):
            place = (fact.path, fact.symbol)
            if place not in made:
                continue
            span = next(f for f in self._sources.list("span") if (f.path, f.symbol.partition(".")[0]) == place)
            yield DecoratorRow(
                fact.name,
                self._list_parameters(place),
                self._say_span_name(span),
                next(
                    (
                        c.name
                        for c in self._program.list_within(*place, "call")
                        if c.name.rpartition(".")[2] == "iscoroutinefunction"
                    ),
                    "",
                ),
                self._list_own("span_status", place),
                self._list_events(place),
                self._list_uses(place),
                self._sources.at(fact),
            )

    def _list_own(self, kind: str, place: Definition) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(f.name for f in self._sources.list(kind) if f.path == place[0] and _is_in(f.symbol, place[1]))
        )

    def _list_events(self, place: Definition) -> tuple[str, ...]:
        found = [f for f in self._sources.list("span_event") if f.path == place[0] and _is_in(f.symbol, place[1])]
        return tuple(dict.fromkeys(f.attr("what") for f in found))

    def _list_uses(self, place: Definition) -> tuple[Place, ...]:
        wanted = f"symbol:{place[0]}::{place[1]}"
        found = [f for f in self._sources.list("decorator_use") if f.attr("key") == wanted]
        if not found:
            found = [
                f
                for f in self._program.list_facts("decorator")
                if f.name.rpartition(".")[2] == place[1]
                and place in self._program.resolve(f.path, f.symbol.rpartition(".")[0], f.name)
            ]
        return self._sources.places(found)

    def _list_parameters(self, place: Definition) -> tuple[ParameterRow, ...]:
        return tuple(
            ParameterRow(f.name, f.attr("type"), _say_default(f.value, place[0].endswith(PY_SUFFIXES)))
            for f in self._program.list_within(*place, "param")
            if f.name not in ("self", "cls")
        )

    def _say_span_name(self, span: Fact) -> str:
        """The expression behind a span's name, one step further than the name of a variable."""
        value = self._find_written(span)
        if tag_of(value) == "name":
            for _, inner in self._program.find_values(span.path, span.symbol, value[1])[:1]:
                return say(inner)
        return say(value) or span.name

    def _find_written(self, fact: Fact) -> Expr:
        """The first argument of the call that a derived fact was made of."""
        for call in self._program.list_within(fact.path, fact.symbol, "call"):
            if call.line == fact.line and call.value:
                return find_argument(*decode_arguments(call.value), 0, "name")
        return UNKNOWN

    def _list_helpers(self, inside: set[Definition]) -> Iterator[HelperRow]:
        for fact in self._sources.list("tracer"):
            place = (fact.path, fact.symbol)
            symbol = self._program.get_symbol(place)
            returns = self._program.list_within(*place, "return")
            if symbol is None or place in inside or fact.attr("target") or len(returns) != 1:
                continue
            given = decode_expr(returns[0].value)
            if tag_of(given) == "call" and str(given[1]).rpartition(".")[2] in ("get_tracer", "getTracer"):
                yield HelperRow(
                    fact.symbol,
                    self._list_parameters(place),
                    fact.name,
                    unique(self._sources.at(c) for c in self._program.find_callers(place)),
                    self._sources.at(fact),
                )

    def _list_tracers(self, inside: set[Definition]) -> Iterator[TracerRow]:
        for fact in self._sources.list("tracer"):
            if fact.attr("target") and (fact.path, fact.symbol.partition(".")[0]) not in inside:
                yield TracerRow(say(self._find_written(fact)) or fact.name, fact.attr("target"), self._sources.at(fact))

    def _list_spans(self, inside: set[Definition]) -> Iterator[SpanRow]:
        told: set[tuple[str, str, str]] = set()
        for fact in self._sources.list("span"):
            place = (fact.path, fact.symbol)
            if (fact.path, fact.symbol.partition(".")[0]) in inside or (*place, fact.name) in told:
                continue
            told.add((*place, fact.name))
            alone = sum((f.path, f.symbol) == place for f in self._sources.list("span")) == 1
            names = (
                [f.name for f in self._sources.list("span_attribute") if (f.path, f.symbol) == place] if alone else []
            )
            yield SpanRow(
                fact.name,
                tuple(dict.fromkeys(name for name in names if not name.startswith("{"))),
                self._reached.is_dead(*place),
                self._is_callerless(place),
                self._sources.at(fact),
            )

    def _is_callerless(self, place: Definition) -> bool:
        """Not reached from where execution starts, and no production code elsewhere has the name."""
        name = place[1].rpartition(".")[2]
        if not name or place in self._sources.system.reach.live:
            return False
        return all(there == place for there in self._words.find(name))

    def _pick_decorated(self, decorators: Sequence[DecoratorRow]) -> Excerpt | None:
        for row in decorators:
            for use in row.uses:
                found = self._sources.excerpt(use.path, use.symbol)
                if found is not None:
                    return found
        return None

    def _pick_span(self, inside: set[Definition]) -> Excerpt | None:
        own = [f for f in self._sources.list("span") if (f.path, f.symbol.partition(".")[0]) not in inside]
        told = {(f.path, f.symbol) for f in self._sources.list("span_attribute")}
        return self._sources.pick_excerpt([f for f in own if (f.path, f.symbol) in told], 48) or (
            self._sources.pick_excerpt(own, 48)
        )

    # ------------------------------------------------------------------------------------------ setting up

    def _list_exporters(self) -> Iterator[ExporterRow]:
        for fact in self._sources.list("telemetry"):
            if fact.attr("what") in ("otlp", "jaeger", "zipkin", "console", "cloud-trace"):
                url = fact.attr("url")
                origin = fact.attr("protocol").lower()
                yield ExporterRow(
                    fact.name,
                    "gRPC" if "grpc" in origin else "HTTP" if "http" in origin else "",
                    say(self._sources.read_attr(fact, "url")) if url.startswith("=") else _say_default_of(url),
                    _find_variable(url),
                    _find_variable(fact.attr("insecure")),
                    self._sources.at(fact),
                )

    def _list_samplers(self) -> Iterator[SamplerRow]:
        facts = self._sources.list("telemetry_sampler")
        by_parent = any("ParentBased" in f.name for f in facts)
        for fact in facts:
            ratio = fact.attr("ratio")
            yield SamplerRow(
                fact.name,
                say(self._sources.read_attr(fact, "ratio")) if ratio.startswith("=") else _say_default_of(ratio),
                _find_variable(ratio),
                by_parent,
                self._sources.at(fact),
            )

    def _list_resource(self) -> Iterator[ResourceRow]:
        told: set[tuple[str, str]] = set()
        for fact in self._sources.list("telemetry_setup"):
            pairs = read_pairs(self._sources.read_attr(fact, "attributes"))
            for key, value in pairs.items():
                if (fact.path, key) in told:
                    continue
                told.add((fact.path, key))
                folded = self._program.fold(fact.path, fact.symbol, value)
                text = folded[0].text if len(folded) == 1 else say(value)
                yield ResourceRow(
                    key, _say_default_of(text), _find_variable(text), tag_of(value) == "literal", self._sources.at(fact)
                )

    def _list_instrumentors(self) -> Iterator[InstrumentorRow]:
        for fact in self._sources.list("telemetry_instrumentation"):
            name = fact.name.replace("()", "").rpartition(".")[0] or fact.name
            library = next((value for key, value in _INSTRUMENTED.items() if name.startswith(key)), "")
            yield InstrumentorRow(name, library, self._sources.at(fact))

    def _list_late(self) -> Iterator[StartRow]:
        for fact in self._sources.list("telemetry_instrumentation", "*instrument_app"):
            hooks = tuple(h for h in find_hooks(self._sources, (fact.path, fact.symbol)) if h.event != "import")
            if hooks:
                yield StartRow(self._sources.at(fact), hooks)

    def _list_starts(self) -> Iterator[StartRow]:
        facts = [*self._sources.list("telemetry_setup"), *self._sources.list("telemetry_instrumentation")]
        for place in dict.fromkeys((f.path, f.symbol) for f in facts):
            yield StartRow(self._sources.at(*place), find_hooks(self._sources, place))

    def _list_ends(self) -> Iterator[StartRow]:
        for call in self._program.list_facts("call"):
            last = call.name.rpartition(".")[2]
            if call.path in self._setup and last in ("shutdown", "force_flush", "forceFlush"):
                yield StartRow(self._sources.at(call), find_hooks(self._sources, (call.path, call.symbol)))

    def _name_variables(self) -> frozenset[str]:
        """Variables whose name says it, and those that an exporter, a sampler or a resource is given."""
        names = {f.name for f in self._sources.list("env") if _VARIABLE.search(f.name)}
        for kind in ("telemetry", "telemetry_sampler"):
            for fact in self._sources.list(kind):
                if fact.attr("what") != "prometheus":
                    names.update(found for _, value in fact.attrs for found in _ENV.findall(value))
        return frozenset(names)

    # ------------------------------------------------------------------------------------------ between services

    def _list_callers(self, instrumentors: Sequence[InstrumentorRow]) -> Iterator[CallerRow]:
        units = self._sources.system.units
        by_unit = {(units.find_unit(i.at.path), i.library): i.name for i in instrumentors}
        matches = self._path.calls if self._path is not None else ()
        calls = [m.call for m in matches if not CARD.search(m.call.attr("path"))]
        for place in dict.fromkeys((call.path, call.symbol) for call in calls):
            imported = {
                f.value.partition(".")[0] for f in self._program.list_facts("import") if f.path == place[0]
            } & _CLIENTS
            for library in sorted(imported) or [""]:
                yield CallerRow(
                    library,
                    by_unit.get((units.find_unit(place[0]), library), ""),
                    self._headers.get(place, ()),
                    self._reached.is_dead(*place),
                    self._sources.at(*place),
                )

    @cached_property
    def _headers(self) -> Mapping[Definition, tuple[str, ...]]:
        """Definitions whose code has the name of a header by which requests are followed."""
        table: dict[Definition, dict[str, None]] = {}
        for kind in ("call", "binding", "decorator"):
            for fact in self._program.list_facts(kind):
                item = fact.attr("item")
                if not item and not any(sign in fact.value for sign in _HEADER_SIGNS):
                    continue
                found = [*_HEADER.findall(fact.value), *_HEADER.findall(f'"{item}"')]
                if found:
                    table.setdefault((fact.path, fact.symbol), {}).update(dict.fromkeys(found))
        # A header that is added to an object of headers by its key has no fact of its own.
        for caller in dict.fromkeys(m.call.path for m in self._path.outside) if self._path is not None else ():
            told = {name for place, names in table.items() if place[0] == caller for name in names}
            found = [n for n in _HEADER.findall(self._sources.read_text(caller)) if n not in told]
            if found:
                table.setdefault((caller, ""), {}).update(dict.fromkeys(found))
        return {place: tuple(names) for place, names in table.items()}

    def _list_services(self) -> Iterator[ServiceRow]:
        """Services that are built here: those that set tracing up, and those that do not."""
        units = self._sources.system.units
        traced = {units.find_unit(path) for path in self._setup}
        headers: dict[str, dict[str, Place]] = {}
        for (path, symbol), names in sorted(self._headers.items()):
            for name in names:
                headers.setdefault(units.find_unit(path), {}).setdefault(name.lower(), self._sources.at(path, symbol))
        importing = {
            units.find_unit(path) for path in find_importers(self._sources, lambda m: bool(_LIBRARY.search(m)))
        }
        for service in list_services(self._sources):
            own = headers.get(service.id, {})
            yield ServiceRow(
                service.id,
                service.framework,
                service.id in traced or service.id in importing,
                tuple(own),
                tuple(own.values())[:2],
            )

    # ------------------------------------------------------------------------------------------ around

    def _find_service(self) -> Service | None:
        units = self._sources.system.units
        traced = {units.find_unit(path) for path in self._setup}
        return next((s for s in list_services(self._sources) if s.id in traced and s.port), None)

    def _find_route(self, unit: str) -> str:
        """A route that anybody may ask, to have a trace."""
        paths = [
            r.attr("path")
            for r in self._sources.list("route")
            if r.attr("method") == "GET" and self._sources.system.units.find_unit(r.path) == unit
        ]
        fitting = [p for p in paths if p.rstrip("/").endswith(("/health", "/healthz", "/ready"))]
        return min(fitting, key=lambda p: (len(p), p), default="")

    def _name_composed(self, service: Service | None, compose: Sequence[str], gaps: Iterable[ImageGap]) -> str:
        """The compose service that can be started beside the tool: its image has all that it needs."""
        if service is None or service.compose not in compose or any(gap.service == service.id for gap in gaps):
            return ""
        return service.name

    def _list_answering(self) -> tuple[str, ...]:
        units = self._sources.system.units
        traced = {units.find_unit(p) for p in self._setup}
        served = self._path.rpc if self._path is not None else ()
        routes = [r for r in served if units.find_unit(r.path) in traced]
        return tuple(dict.fromkeys(r.name for r in routes))

    def _list_imports(self) -> tuple[tuple[str, Place], ...]:
        folders = {path.rpartition("/")[0] for path in self._setup}
        stems = {path.rpartition("/")[2].partition(".")[0] for path in self._setup}
        words = tuple(sorted(stems | {folder.rpartition("/")[2] for folder in folders if folder}))
        rows: dict[str, Place] = {}
        for fact in self._program.list_facts("import"):
            if fact.path.rpartition("/")[0] in folders or fact.value in rows:
                continue
            if not any(word in fact.value or word in fact.name for word in words):
                continue
            meant = self._program.resolve(fact.path, "", fact.attr("alias") or fact.name)
            modules = self._program.find_modules(fact.path, fact.value)
            if self._setup.intersection((*modules, *(place[0] for place in meant))):
                rows[fact.value] = self._sources.at(fact.path)
        return tuple(sorted(rows.items()))

    def _is_log(self, fact: Fact) -> bool:
        if fact.path in self._setup:
            return bool(_LOG.search(fact.name)) or fact.path in {
                f.path for f in self._sources.list("telemetry_instrumentation")
            }
        unit = self._sources.system.units.find_unit(fact.path)
        served = {self._sources.system.units.find_unit(path) for path in self._setup}
        return unit in served and bool(_LOG.search(fact.name)) and "telemetry" in fact.name.lower()

    def _list_undeclared(self, packages: Iterable[Package]) -> tuple[Place, ...]:
        """Manifests beside one that asks for the packages, which ask for none of them."""
        having = {package.at.path for package in packages}
        folders = {path.rpartition("/")[0] for path in having}
        others = {f.path for f in self._sources.list("dependency")} - having
        return tuple(self._sources.at(path) for path in sorted(others) if path.rpartition("/")[0] in folders)

    def _list_mocks(self) -> tuple[Place, ...]:
        """Test code that puts something else in place of the library."""
        found = [
            f
            for f in self._program.list_facts("binding", tests=True)
            if f.name.endswith("sys.modules") and f.attr("item").startswith("opentelemetry")
        ]
        return tuple(self._sources.at(path) for path in dict.fromkeys(f.path for f in found))


def _is_in(symbol: str, outer: str) -> bool:
    return symbol == outer or symbol.startswith(f"{outer}.")


def _say_default(encoded: str, is_python: bool) -> str:
    """A default as the language writes it; ``""`` where there is none."""
    if not encoded:
        return ""
    value = decode_expr(encoded)
    if is_python and (value is None or isinstance(value, bool)):
        return str(value)
    return '""' if value == "" else say(value)


def _find_variable(text: str) -> str:
    found = _ENV.search(text)
    return found[1] if found else ""


def _say_default_of(text: str) -> str:
    """What a text with variables comes to when none is set: ``1.0`` of ``{env:RATE|1.0}``."""
    return _FOLDED.sub(lambda m: m[2] or "", text)


_FOLDED = LazyPattern(r"\{env:([^{}|]+)(?:\|([^{}]*))?\}")
