"""Metrics that the code defines: names as exported, who records them, whether anything does, queries for them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kbgen.expressions import decode_arguments, decode_expr, find_argument, is_unknown, tag_of
from kbgen.model import Fact
from kbgen.pages.existing import is_current
from kbgen.pages.observability.telemetry import Idle
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import read_items, say
from kbgen.patterns import LazyPattern

_SUFFIXES = ("_bucket", "_sum", "_count", "_created")
_METRIC_WORD = LazyPattern(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_NOT_METRICS = LazyPattern(
    r"\{[^{}]*\}|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)|\[[^\[\]]*\]|\"[^\"]*\""
)
_DOCUMENTED = LazyPattern(r"^\s*\|\s*`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`")
_ADDRESS = LazyPattern(
    r"(?:(?<=[\s`(\"'])|(?<=\d)|(?<=\.com)|(?<=\.local))(/(?:[\w-]+/)*metrics)(?=[`\s)\"'?]|$)", re.MULTILINE
)
_DASHBOARD_LIMIT = 2_000_000
_WORDS = frozenset("and or unless bool offset inf nan group_left group_right".split())


@dataclass(frozen=True, slots=True)
class RecorderRow:
    at: Place
    call: str
    """``inc``, ``observe``, ``set`` …"""
    callers: tuple[str, ...]
    idle: bool


@dataclass(frozen=True, slots=True)
class MetricRow:
    name: str
    """As it is exported."""
    type: str
    help: str
    labels: tuple[str, ...]
    buckets: str
    at: Place
    recorders: tuple[RecorderRow, ...]
    missing: str
    """A parameter without which nothing is recorded, and which no caller gives."""

    @property
    def recorded(self) -> bool:
        return not self.missing and any(not recorder.idle for recorder in self.recorders)


@dataclass(frozen=True, slots=True)
class QueryRow:
    """A PromQL query for a metric. `what`: rate, share, errors, latency, mean, value."""

    what: str
    metric: str
    label: str
    query: str
    at: Place


@dataclass(frozen=True, slots=True)
class PanelRow:
    title: str
    type: str
    queries: tuple[str, ...]
    silent: tuple[str, ...]
    """Metrics in it that nothing records."""
    unknown: tuple[str, ...]
    """Names in it that no code defines."""


@dataclass(frozen=True, slots=True)
class DashboardRow:
    title: str
    uid: str
    inputs: tuple[str, ...]
    """Data sources that an import asks for."""
    panels: tuple[PanelRow, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document that names metrics or addresses of metrics that the code does not have."""

    at: Place
    metrics: tuple[str, ...]
    addresses: tuple[str, ...]


# ------------------------------------------------------------------------------------------------ metrics


def list_metrics(sources: Sources) -> tuple[MetricRow, ...]:
    """In the order of the code."""
    idle = Idle(sources)
    uses: dict[str, list[Fact]] = {}
    for fact in sources.list("metric_use"):
        uses.setdefault(fact.name, []).append(fact)
    rows = []
    for fact in sources.list("metric"):
        recorders = [use for use in uses.get(fact.name, ()) if _is_of(sources, use, fact)]
        rows.append(
            MetricRow(
                name_exported(sources, fact),
                fact.attr("type"),
                fact.attr("help"),
                _read_labels(sources, fact),
                _say_buckets(sources, fact),
                sources.at(fact),
                _make_recorders(sources, idle, recorders),
                _find_missing(sources, recorders),
            )
        )
    return tuple(rows)


def _is_of(sources: Sources, use: Fact, metric: Fact) -> bool:
    """Whether a use is of this metric and not of one of another service that has its name."""
    unit = sources.system.units.find_unit
    return unit(use.path) == unit(metric.path)


def name_exported(sources: Sources, fact: Fact) -> str:
    """What a scrape shows: the Python client adds ``_total`` to a counter and ``_info`` to an info."""
    name = fact.name
    if sources.program.find_origin(fact.path, fact.attr("type")).startswith("prometheus_client"):
        if fact.attr("type") == "Counter" and not name.endswith("_total"):
            return f"{name}_total"
        if fact.attr("type") == "Info" and not name.endswith("_info"):
            return f"{name}_info"
    return name


def _read_labels(sources: Sources, fact: Fact) -> tuple[str, ...]:
    value = sources.program.expand(fact.path, fact.symbol, sources.read_attr(fact, "labels"))
    return tuple(say(item) for item in read_items(value))


def _say_buckets(sources: Sources, fact: Fact) -> str:
    value = sources.read_attr(fact, "buckets")
    return "" if is_unknown(value) or value == "" else say(sources.program.expand(fact.path, fact.symbol, value), 120)


def _make_recorders(sources: Sources, idle: Idle, uses: Iterable[Fact]) -> tuple[RecorderRow, ...]:
    rows: dict[Place, RecorderRow] = {}
    for use in uses:
        place = sources.at(use)
        if place not in rows:
            found = sources.program.find_callers((use.path, use.symbol)) if use.symbol else ()
            callers = dict.fromkeys(c.symbol or c.path for c in found if not sources.program.is_test(c.path))
            rows[place] = RecorderRow(place, use.attr("what"), tuple(callers), idle.is_idle(use.path, use.symbol))
    return tuple(sorted(rows.values(), key=lambda row: (row.idle, row.at.path, row.at.symbol)))


def _find_missing(sources: Sources, uses: Sequence[Fact]) -> str:
    """The parameter whose default is nothing, that every use records, and that no caller gives."""
    found = {_find_ungiven(sources, use) for use in uses}
    return found.pop() if len(found) == 1 else ""


def _find_ungiven(sources: Sources, use: Fact) -> str:
    program = sources.program
    given = read_items(sources.read_attr(use, "arguments"))
    name = str(given[0][1]) if len(given) == 1 and tag_of(given[0]) == "name" else ""
    param = next((p for p in program.list_within(use.path, use.symbol, "param") if p.name == name), None)
    if param is None or not param.value or decode_expr(param.value) is not None:
        return ""
    callers = [c for c in program.find_callers((use.path, use.symbol)) if not program.is_test(c.path)]
    index = int(param.attr("index")) if param.attr("index").isdigit() else -1
    for call in callers:
        positional, words = decode_arguments(call.value)
        spread = any(tag_of(e) == "spread" for e in positional) or "**" in words or "" in words
        if spread or not is_unknown(find_argument(positional, words, name, *([index] if index >= 0 else []))):
            return ""
    return name if callers else ""


# ------------------------------------------------------------------------------------------------ queries


def make_queries(metrics: Iterable[MetricRow]) -> tuple[QueryRow, ...]:
    """One or two queries for each metric that something records, built from its own name and labels."""
    return tuple(query for metric in metrics if metric.recorded for query in _make_queries(metric))


def _make_queries(metric: MetricRow) -> Iterator[QueryRow]:
    name = metric.name
    kind = metric.type.lower()
    label = next((x for x in ("route", "path", "endpoint", "handler", *metric.labels) if x in metric.labels), "")
    by = f" by ({label}) " if label else ""
    if "counter" in kind:
        yield QueryRow("rate", name, label, f"sum{by}(rate({name}[5m]))", metric.at)
        if "http" in name and "status" in metric.labels:
            errors = f'sum(rate({name}{{status=~"5.."}}[5m])) / sum(rate({name}[5m]))'
            yield QueryRow("errors", name, "status", errors, metric.at)
        elif "status" in metric.labels and label != "status":
            yield QueryRow("rate", name, "status", f"sum by (status) (rate({name}[5m]))", metric.at)
        elif "result" in metric.labels and label != "result":
            yield QueryRow("rate", name, "result", f"sum by (result) (rate({name}[5m]))", metric.at)
    elif "histogram" in kind:
        inner = f"le, {label}" if label else "le"
        yield QueryRow(
            "latency", name, label, f"histogram_quantile(0.95, sum by ({inner}) (rate({name}_bucket[5m])))", metric.at
        )
    elif "summary" in kind:
        yield QueryRow(
            "mean", name, label, f"sum{by}(rate({name}_sum[5m])) / sum{by}(rate({name}_count[5m]))", metric.at
        )
    elif "gauge" in kind:
        yield QueryRow("value", name, "", name, metric.at)


# ------------------------------------------------------------------------------------------------ dashboards


def list_dashboards(sources: Sources, metrics: Sequence[MetricRow]) -> tuple[DashboardRow, ...]:
    """Grafana dashboards that the repository holds as JSON."""
    paths = dict.fromkeys(f.path for f in sources.list("config") if f.path.endswith(".json") and _PANEL.match(f.name))
    return tuple(row for path in sorted(paths) if (row := _read_dashboard(sources, path, metrics)) is not None)


_PANEL = LazyPattern(r"panels\[\d+\]\.(?:type|title|id|gridPos)")


def _read_dashboard(sources: Sources, path: str, metrics: Sequence[MetricRow]) -> DashboardRow | None:
    text = sources.read_text(path)
    try:
        value = json.loads(text) if len(text) <= _DASHBOARD_LIMIT else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("panels"), list) or "schemaVersion" not in value:
        return None
    known = {row.name: row for row in metrics}
    inputs = value.get("__inputs")
    return DashboardRow(
        _text(value.get("title")),
        _text(value.get("uid")),
        tuple(_text(i.get("name")) for i in inputs if isinstance(i, dict)) if isinstance(inputs, list) else (),
        tuple(_read_panel(panel, known) for panel in _list_panels(value["panels"])),
        sources.at(path),
    )


def _list_panels(panels: Iterable[object]) -> Iterator[Mapping[str, object]]:
    for panel in panels:
        if isinstance(panel, dict):
            inner = panel.get("panels")
            if panel.get("targets"):
                yield panel
            if isinstance(inner, list):
                yield from _list_panels(inner)


def _read_panel(panel: Mapping[str, object], known: Mapping[str, MetricRow]) -> PanelRow:
    targets = panel.get("targets")
    queries = tuple(
        " ".join(t["expr"].split())
        for t in (targets if isinstance(targets, list) else ())
        if isinstance(t, dict) and isinstance(t.get("expr"), str)
    )
    names = tuple(dict.fromkeys(name for query in queries for name in find_names(query, known)))
    return PanelRow(
        _text(panel.get("title")),
        _text(panel.get("type")),
        queries,
        tuple(name for name in names if name in known and not known[name].recorded),
        tuple(name for name in names if name not in known),
    )


def _text(value: object) -> str:
    return " ".join(value.split())[:200] if isinstance(value, str) else ""


def find_names(query: str, known: Collection[str]) -> tuple[str, ...]:
    """Metrics in a PromQL query: a histogram's series by the name of the histogram."""
    plain = query
    for _ in range(3):
        plain = _NOT_METRICS.sub(" ", plain)
    found: dict[str, None] = {}
    for match in _METRIC_WORD.finditer(plain):
        word = match[0]
        if plain[match.end() :].lstrip().startswith("(") or word in _WORDS or "_" not in word:
            continue
        base = next((word.removesuffix(s) for s in _SUFFIXES if word.removesuffix(s) in known), word)
        found[base] = None
    return tuple(found)


# ------------------------------------------------------------------------------------------------ documents


def list_documents(
    sources: Sources, metrics: Sequence[MetricRow], addresses: Collection[str]
) -> tuple[DocumentRow, ...]:
    """Documents with a table of metrics of which the code defines some and not others, or with another address."""
    known = {row.name for row in metrics} | {f.name for f in sources.list("metric")}
    rows = []
    tables = [f for f in sources.list("table") if f.value.split("|", 1)[0].strip().lower() in ("metric", "metric name")]
    for path in sorted({f.path for f in tables}):
        if not is_current(path) or path == sources.page:
            continue
        text = sources.read_text(path)
        if "kbgen:begin" in text:
            continue
        named = {m[1] for line in text.splitlines() if (m := _DOCUMENTED.match(line))}
        if known.isdisjoint(named):
            continue
        told = {m[1] for m in _ADDRESS.finditer(text)}
        row = DocumentRow(sources.at(path), tuple(sorted(named - known)), tuple(sorted(told - set(addresses))))
        if row.metrics or row.addresses:
            rows.append(row)
    return tuple(rows)
