"""What goes wrong between agents, and how it shows: codes, health, discovery, waits, log lines, dashboards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kbgen.expressions import decode_arguments
from kbgen.extractors.handlers import is_repeated
from kbgen.join.http import HttpMatch
from kbgen.markdown import mark_names
from kbgen.model import Fact, Finding
from kbgen.pages.a2a.path import A2aPath, find_path
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.health import HealthReader, HealthRow, StateTable
from kbgen.pages.shared.signs import LOUD, Sign, SignReader, make_pattern
from kbgen.pages.shared.traffic import Service, find_handler, find_limits, list_services, say_address
from kbgen.pages.shared.waits import IdleRow, WaitReader, WaitRow, find_variable
from kbgen.pages.sources import FindingRow, Place, Sources
from kbgen.pages.values import read_items, read_pairs, say
from kbgen.patterns import LazyPattern

BREAKS = ("missing-header", "unknown-agent", "wrong-port", "default-disagrees", "unreached-part",
          "never-recorded")  # fmt: skip
"""Findings that a reader must know before looking for a fault of his own."""
SHOWN = 2
"""Log lines of one issue that are shown; of the others the place."""
MILESTONES = 6
PATTERN_WORDS = 4
"""Of a log line, enough to find it."""
_SEVERITIES = ("broken", "suspect", "dead", "note")
_LEVELS = frozenset(level.upper() for level in LOUD) | {"WARNING", "ERROR", "CRITICAL"}

# (issue, what decides it), the first that fits wins.
_BY_CODE: tuple[tuple[str, str], ...] = (
    ("parameters", r"rpc -32(?:602|700)|http (?:400|422)"),
    ("unknown", r"rpc -32601 .*(?:agent|team|register)"),
    ("parameters", r"rpc -32601"),
    ("internal", r"rpc -32603|http 5(?:00|01)"),
    ("timeout", r"rpc -32\d{3} .*tim(?:e|ed) ?out|http (?:408|504)"),
)
_BY_WORDS: tuple[tuple[str, str], ...] = (
    ("token", r"expired|\bjwt\b|invalid[_ ]token"),
    ("authentication", r"http 40[13]|authenticat|unauthori[sz]ed|forbidden|missing (?:workspace|tenant|user)"),
    ("off", r"\bdisabled\b|not enabled"),
    ("circuit", r"circuit"),
    ("limit", r"http 429|rate.?limit|too many requests|\blimiter"),
    ("queue", r"queue (?:is )?full|overload|dropping"),
    ("discovery", r"discover|periodic scan|no agent found at"),
    ("card", r"agent ?card|card for|known agents"),
    ("health", r"health"),
    ("routing", r"no agents? found for (?:task|broadcast|request|capab)|no candidates|routing|broadcast"),
    ("startup", r"register|mount|initiali[sz]|interface|adapter for|not installed|load module|could not start"),
    ("status", r"with http|status[ _]?code|http \{|\banswered\b"),
    ("reply", r"invalid json|jsondecode|\bparse\b|unexpected (?:result|reply|response)|no response"),
    ("timeout", r"tim(?:e|ed)[ _]?out|timeouterror|timeoutexception|deadline|\bretry"),
    ("unreachable", r"connect|unavailable|unreachable|not available|refused|not answer|no answer"),
    ("partial", r"\bcall failed|in parallel|success"),
    ("unknown", r"unknown ?agent|not registered|not found|missing agent|\bno agent\b|http 404"),
    ("parameters", r"rpc -32600|missing|invalid"),
    ("status", r"rpc error from|json-rpc error"),
    ("internal", r".*"),
)
ORDER = ("authentication", "token", "unknown", "parameters", "timeout", "unreachable", "status",
         "reply", "internal", "partial", "limit", "circuit", "off", "startup", "discovery", "card", "health",
         "routing", "queue")  # fmt: skip
"""The issues that a page may have, as it shows them."""


@dataclass(frozen=True, slots=True)
class Issue:
    name: str
    """One of `ORDER`."""
    codes: tuple[Sign, ...]
    """RPC errors and HTTP statuses, each text once."""
    logs: tuple[Sign, ...]
    """Log lines, then raised errors."""
    more: tuple[Place, ...]
    """Where further ones stand."""
    pattern: str
    """What to search the log for."""


@dataclass(frozen=True, slots=True)
class DeadSigns:
    """What code says that nothing runs today."""

    at: Place
    texts: tuple[str, ...]
    """One of each issue, and of each exception that is handled."""
    more: int


@dataclass(frozen=True, slots=True)
class CodeRow:
    code: str
    text: str
    detail: str
    when: tuple[str, ...]
    """Conditions or exceptions, any of them."""
    at: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class HealthGroup:
    """Routes that answer alike."""

    routes: tuple[HealthRow, ...]
    row: HealthRow


@dataclass(frozen=True, slots=True)
class CardRow:
    method: str
    path: str
    limit: str
    keys: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class CallRow:
    caller: Place
    method: str
    url: str
    dangling: bool
    """The address leads to a service that has no such route."""
    headers: str
    once: bool
    """No loop and no retry around it."""
    dead: bool


@dataclass(frozen=True, slots=True)
class LimitRow:
    limit: str
    route: str
    at: Place


@dataclass(frozen=True, slots=True)
class WaitGroup:
    """Waits that are the same thing in several places."""

    row: WaitRow
    at: tuple[Place, ...]
    source_at: Place | None
    """Where the value stands, in the first row that comes from there; None where it is the file of the wait itself."""


@dataclass(frozen=True, slots=True)
class LogSetting:
    level: str
    format: str
    at: Place


@dataclass(frozen=True, slots=True)
class SwitchRow:
    variable: str
    default: str
    at: Place


@dataclass(frozen=True, slots=True)
class BoardRow:
    service: str
    ports: tuple[str, ...]
    link: str
    """Address of its page, ``""`` where no port is one that a browser opens."""
    use: str
    """traces, metrics, dashboards, alerts or logs."""
    at: Place


@dataclass(frozen=True, slots=True)
class MetricRow:
    name: str
    kind: str
    labels: str
    recorded: bool
    at: Place


@dataclass(frozen=True, slots=True)
class TroublePage:
    services: tuple[Service, ...]
    main: Service
    breaks: tuple[FindingRow, ...]
    rpc_path: str
    """A real one, with the agent's name filled in."""
    rpc_method: str
    needs_token: bool
    rpc_codes: tuple[CodeRow, ...]
    rpc_place: Place | None
    """Where all of them stand, if in one place."""
    http_codes: tuple[CodeRow, ...]
    health: tuple[HealthGroup, ...]
    states: tuple[StateTable, ...]
    cards: tuple[CardRow, ...]
    calls: tuple[CallRow, ...]
    called: tuple[str, ...]
    """Agents that the code calls by name."""
    called_at: tuple[Place, ...]
    carded: tuple[str, ...]
    uncarded: tuple[str, ...]
    """Called, and no card has the name."""
    lacking: tuple[str, ...]
    """Keys that a reader of cards asks for and that a list of cards of this project does not have."""
    lists: tuple[str, ...]
    """Card routes that answer without them."""
    rpc_routes: tuple[str, ...]
    limits: tuple[LimitRow, ...]
    default_limits: tuple[LimitRow, ...]
    switches: tuple[SwitchRow, ...]
    issues: tuple[Issue, ...]
    dead_signs: tuple[DeadSigns, ...]
    waits: tuple[WaitGroup, ...]
    dead_waits: tuple[WaitGroup, ...]
    idle: tuple[IdleRow, ...]
    retries: tuple[WaitRow, ...]
    single: tuple[Place, ...]
    """Callers that try once."""
    log_settings: tuple[LogSetting, ...]
    hidden: tuple[Sign, ...]
    """Lines below the level that is logged."""
    milestones: tuple[Sign, ...]
    """Lines of a start that went well."""
    request_headers: tuple[str, ...]
    unread_headers: tuple[str, ...]
    boards: tuple[BoardRow, ...]
    absent_boards: tuple[str, ...]
    metrics: tuple[MetricRow, ...]
    metric_paths: tuple[str, ...]
    log_script: str
    """A script of the manifest that follows the logs, as it is called."""


def build(sources: Sources, pack: PagePack) -> TroublePage | None:
    path = find_path(sources)
    if path is None or not (path.rpc or path.calls):
        return None
    return _Builder(sources, path).build()


class _Builder:
    def __init__(self, sources: Sources, path: A2aPath) -> None:
        self._sources = sources
        self._path = path
        self._reader = SignReader(sources)
        self._health = HealthReader(sources, self._reader)
        self._limits = find_limits(sources)

    def build(self) -> TroublePage:
        sources, path = self._sources, self._path
        files = path.files | {match.call.path for match in path.calls}
        services = tuple(s for s in list_services(sources) if s.id in path.units)
        main = next((s for s in services if s.name), services[0] if services else _UNKNOWN)
        signs = self._reader.read(self._is_told)
        waits = WaitReader(sources, self._reader.is_dead)
        waiting = waits.list_waits(path.holds)
        retries = waits.list_retries(path.holds)
        calls = tuple(self._list_calls(waits))
        called, carded = self._find_called(), self._find_carded()
        methods = _find_methods(sources, path)
        lacking, lists = self._find_lacking(signs)
        headers = tuple(dict.fromkeys(h for m in path.calls for h in m.call.attr("headers").split()))
        own = tuple(h for h in headers if h.lower().startswith("x-"))
        logs = tuple(self._list_log_settings())
        quiet = any(log.level.lower() not in ("", "debug", "trace", "notset") for log in logs)
        boards = tuple(self._list_boards())
        return TroublePage(
            services=services,
            main=main,
            breaks=self._list_breaks(),
            rpc_path=self._make_rpc_path([name for name in called if name in carded] or [*called]),
            rpc_method="health" if "health" in methods else next(iter(methods), ""),
            needs_token=any(s.kind == "rpc" and _name_issue(s) == "authentication" for s in signs),
            rpc_codes=_gather_codes(signs, "rpc"),
            rpc_place=_find_common({s.at for s in signs if s.kind == "rpc" and not s.dead}),
            http_codes=_gather_codes(signs, "http"),
            health=self._list_health(),
            states=self._health.list_states(files, path.holds),
            cards=tuple(self._make_card(route) for route in path.cards),
            calls=calls,
            called=tuple(called),
            called_at=tuple(dict.fromkeys(called.values())),
            carded=carded,
            uncarded=tuple(name for name in called if carded and name not in carded),
            lacking=lacking,
            lists=lists,
            rpc_routes=tuple(r.name for r in path.rpc),
            limits=tuple(self._list_limits()),
            default_limits=tuple(self._list_default_limits()),
            switches=self._list_switches(),
            issues=_gather_issues([s for s in signs if not s.dead]),
            dead_signs=_gather_dead(signs),
            waits=_group_waits(w for w in waiting if not w.dead),
            dead_waits=_group_waits(w for w in waiting if w.dead),
            idle=waits.list_idle(files, waiting),
            retries=retries,
            single=tuple(dict.fromkeys(c.caller for c in calls if c.once and not c.dead)),
            log_settings=logs,
            hidden=tuple(s for s in signs if s.kind == "log" and s.code == "DEBUG" and not s.dead) if quiet else (),
            milestones=self._list_milestones(signs),
            request_headers=own,
            unread_headers=self._find_unread(own),
            boards=boards,
            absent_boards=tuple(u for u in ("metrics", "dashboards") if all(b.use != u for b in boards)),
            metrics=tuple(self._list_metrics()),
            metric_paths=tuple(
                dict.fromkeys(
                    r.attr("path")
                    for r in sources.system.routes
                    if sources.system.units.find_unit(r.path) in path.units and r.attr("path").endswith("/metrics")
                )
            ),
            log_script=next(
                (
                    f.name
                    for f in sources.list("script")
                    if f.attr("source") == "npm" and re.search(r"docker[ -]compose\b.*\blogs\b", f.value)
                ),
                "",
            ),
        )

    def _is_told(self, fact: Fact) -> bool:
        """On the path; where a service starts, only what is said of agents."""
        if not self._path.holds(fact):
            return False
        beside = fact.kind == "log" and fact.path not in self._path.files and self._path.is_start(fact)
        return not beside or bool(_OF_AGENTS.search(fact.name))

    # ---------------------------------------------------------------------------------------- breaks

    def _list_breaks(self) -> tuple[FindingRow, ...]:
        ranks = {
            str(mark_names(finding.title)): (_SEVERITIES.index(finding.severity), BREAKS.index(finding.kind))
            for finding in self._sources.findings
            if finding.kind in BREAKS and self._breaks_us(finding)
        }
        rows = [row for row in self._sources.pick_findings(*BREAKS) if str(row.title) in ranks]
        return tuple(sorted(rows, key=lambda row: ranks[str(row.title)]))

    def _breaks_us(self, finding: Finding) -> bool:
        """What stands on the path; of findings about a whole service those that say something of it or its agents."""
        if finding.kind not in _UNIT_BREAKS:
            return any(self._is_ours(e.path, e.symbol) for e in finding.evidence[:1])
        units = self._sources.system.units
        near = any(units.find_unit(e.path) in self._path.units for e in finding.evidence[:2])
        return near and self._is_about_us(finding.title, finding.kind)

    def _is_ours(self, path: str, symbol: str) -> bool:
        return bool(self._path.find_side(Fact("call", "", path, 1, symbol=symbol)))

    def _is_about_us(self, title: str, kind: str) -> bool:
        if kind == "never-recorded":
            return bool(re.search(r"a2a|agent|rpc", title, re.IGNORECASE))
        return any(f"`{unit}`" in title for unit in self._path.units) and "port" in title

    # ------------------------------------------------------------------------------------- discovery

    def _make_card(self, route: Fact) -> CardRow:
        handler = find_handler(route)
        return CardRow(
            route.attr("method"), route.attr("path"), self._limits.say(route), self._health.find_keys(route),
            self._sources.at(handler[0], handler[1]),
        )  # fmt: skip

    def _list_calls(self, waits: WaitReader) -> Iterator[CallRow]:
        rows: dict[tuple[Place, str, str], CallRow] = {}
        for match in (*self._path.calls, *self._path.outside):
            call = match.call
            at = self._sources.at(call)
            text = self._sources.read_text(call.path)
            again = is_repeated(text, call.path, call.line) or waits.is_tried_again(call.path, call.symbol)
            shown = _show_url(match)
            rows.setdefault(
                (at, call.attr("method"), shown),
                CallRow(
                    at, call.attr("method"), shown,
                    match.route is None and match in self._path.outside, call.attr("headers"), not again,
                    self._reader.is_dead(call.path, call.symbol),
                ),
            )  # fmt: skip
        yield from sorted(rows.values(), key=lambda r: (r.dead, r.caller.path, r.caller.symbol, r.url))

    def _find_called(self) -> Mapping[str, Place]:
        """Names of agents in addresses that are called, where the route has a hole for them, by name."""
        names: dict[str, Place] = {}
        for match in self._path.calls:
            if match.route in self._path.rpc and match.route is not None:
                asked, served = match.call.attr("path").split("/"), match.route.attr("path").split("/")
                if len(asked) == len(served):
                    for name, hole in zip(asked, served, strict=True):
                        if "{" in hole and name and "{" not in name:
                            names.setdefault(name, self._sources.at(match.call))
        return dict(sorted(names.items()))

    def _find_carded(self) -> tuple[str, ...]:
        units = self._sources.system.units
        return tuple(
            sorted(
                {
                    f.name
                    for f in self._sources.list("agent_card")
                    if f.name and "{" not in f.name and units.find_unit(f.path) in self._path.units
                }
            )
        )

    def _find_lacking(self, signs: Iterable[Sign]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        wanted = tuple(
            dict.fromkeys(m[1] for s in signs if _name_issue(s) == "card" and (m := _MISSING.search(s.text)))
        )
        asked = {m.call.attr("path") for m in self._path.calls}
        lists = []
        for route in self._path.cards:
            keys = self._health.find_keys(route)
            if route.attr("path") in asked and keys and wanted and not set(wanted) <= set(keys):
                lists.append(route.attr("path"))
        return (wanted, tuple(lists)) if lists else ((), ())

    def _make_rpc_path(self, names: Iterable[str]) -> str:
        name = next(iter(names), "")
        path = next((r.attr("path") for r in self._path.rpc), "")
        return _HOLE.sub(name or "AGENT", path)

    # ---------------------------------------------------------------------------------------- limits

    def _list_limits(self) -> Iterator[LimitRow]:
        for route in (*self._path.rpc, *self._path.cards):
            limit = self._limits.say(route)
            if limit:
                handler = find_handler(route)
                yield LimitRow(limit, f"{route.attr('method')} {route.attr('path')}", self._sources.at(*handler))

    def _list_default_limits(self) -> Iterator[LimitRow]:
        units = self._sources.system.units
        for fact in self._limits.limiters:
            if units.find_unit(fact.path) not in self._path.units:
                continue
            for item in read_items(self._sources.read_attr(fact, "default")):
                found = self._sources.program.fold_through(fact.path, fact.symbol, item)
                if found and re.match(r"\d", found[0].text):
                    yield LimitRow(found[0].text, "", self._sources.at(fact))

    # ---------------------------------------------------------------------------------------- health

    def _list_health(self) -> tuple[HealthGroup, ...]:
        rows = [self._health.make_row(route) for route in self._path.health]
        rows.sort(key=lambda r: (r.path.count("/"), r.path))
        groups: dict[tuple[object, ...], list[HealthRow]] = {}
        for row in rows:
            groups.setdefault((row.answers, row.keys, row.method), []).append(row)
        return tuple(HealthGroup(tuple(found), found[0]) for found in groups.values())

    def _list_switches(self) -> tuple[SwitchRow, ...]:
        """Variables that turn agents' interfaces on or off, or give their address."""
        units = self._sources.system.units
        rows: dict[tuple[str, str], SwitchRow] = {}
        for fact in self._sources.list("setting_field"):
            variable = find_variable(self._sources, fact)
            if units.find_unit(fact.path) in self._path.units and _SWITCH.search(variable):
                default = say(self._sources.read_attr(fact, "default"))
                rows.setdefault((variable, default), SwitchRow(variable, default, self._sources.at(fact)))
        for match in self._path.outside:
            for variable, default in _ENV.findall(match.call.attr("base")):
                rows.setdefault((variable, default), SwitchRow(variable, default, self._sources.at(match.call)))
        return tuple(row for _, row in sorted(rows.items()))

    # ------------------------------------------------------------------------------------------ logs

    def _list_log_settings(self) -> Iterator[LogSetting]:
        units = self._sources.system.units
        for fact in self._sources.program.list_facts("call"):
            if not fact.name.endswith("basicConfig") or fact.symbol or not fact.value:
                continue
            if units.find_unit(fact.path) in self._path.units and fact.path in self._sources.system.reach.services:
                _, words = decode_arguments(fact.value)
                level = say(words.get("level", ["?"])).rpartition(".")[2]
                yield LogSetting(level, say(words.get("format", ["?"])), self._sources.at(fact))

    def _list_milestones(self, signs: Iterable[Sign]) -> tuple[Sign, ...]:
        """Lines of a start that went well, those of the service itself first."""
        good = [s for s in signs if _is_milestone(s)]
        starting = self._path.starting - {place for place in self._path.starting if place[0] in self._path.files}
        return tuple(sorted(good, key=lambda s: (s.at.path, s.symbol) not in starting))[:MILESTONES]

    def _find_unread(self, headers: Iterable[str]) -> tuple[str, ...]:
        """Headers that no file on the side of the service names: handlers, middleware, the app."""
        senders = {match.call.path for match in self._path.calls}
        files = {path for path, _ in (*self._path.called, *self._path.starting)} | self._path.files
        apps = {p for p in self._sources.system.reach.services if self._is_near(p)}
        texts = [self._sources.read_text(path).lower() for path in sorted((files | apps) - senders)]
        return tuple(h for h in headers if not any(h.lower() in text for text in texts))

    def _is_near(self, path: str) -> bool:
        return self._sources.system.units.find_unit(path) in self._path.units

    # ---------------------------------------------------------------------------------------- boards

    def _list_boards(self) -> Iterator[BoardRow]:
        ports = [f for f in self._sources.list("port") if f.attr("source") == "compose"]
        for fact in self._sources.list("service"):
            use = next((u for u, words in _BOARDS if re.search(words, f"{fact.name} {fact.attr('image')}")), "")
            if fact.attr("source") != "compose" or not use:
                continue
            own = [p for p in ports if p.attr("service") == fact.name and p.path == fact.path]
            page = next((p.value or p.name for p in own if p.name in _PAGES), "")
            yield BoardRow(
                fact.name,
                tuple(p.value or p.name for p in own),
                f"http://localhost:{page}" if page else "",
                use,
                self._sources.at(fact),
            )

    def _list_metrics(self) -> Iterator[MetricRow]:
        used = {f.name for f in self._sources.list("metric_use")}
        silent = {
            name for f in self._sources.findings if f.kind == "never-recorded" for name in self._find_silent(f.evidence)
        }
        for fact in self._sources.list("metric"):
            if re.search(r"a2a|agent|rpc", fact.name, re.IGNORECASE) and fact.attr("type") != "Info":
                labels = ", ".join(map(say, read_items(self._sources.read_attr(fact, "labels"))))
                recorded = fact.name not in silent and (not used or fact.name in used or fact.attr("target") in used)
                yield MetricRow(fact.name, fact.attr("type"), labels, recorded, self._sources.at(fact))

    def _find_silent(self, evidence: Iterable[object]) -> Iterator[str]:
        places = {(getattr(e, "path", ""), getattr(e, "symbol", "")) for e in evidence}
        for fact in self._sources.list("metric"):
            if (fact.path, fact.symbol) in places:
                yield fact.name


_UNKNOWN = Service("", "", "", "http://localhost:PORT", (), "", None, "", "", "", None)
_UNIT_BREAKS = frozenset(("default-disagrees", "wrong-port", "never-recorded"))
_OF_AGENTS = LazyPattern(r"agent|a2a|team|regist|adapter|interface|mesh|discover|remote", re.IGNORECASE)
_HOLE = LazyPattern(r"\{[^{}]*\}")
_ENV = LazyPattern(r"\{env:(\w+)(?:\|([^{}]*))?\}")
_MISSING = LazyPattern(r"missing ['\"`]?(\w+)['\"`]?(?: field| key| property)?")
_SWITCH = LazyPattern(r"A2A|AGENT\w*_(?:URL|PORT)$")
_BOARDS: tuple[tuple[str, str], ...] = (
    ("traces", r"\b(?:jaeger|zipkin|tempo|otel|opentelemetry|collector)"),
    ("dashboards", r"\b(?:grafana(?!/(?:loki|tempo))|kibana)\b"),
    ("metrics", r"\b(?:prometheus|victoria-?metrics|mimir|thanos)\b"),
    ("alerts", r"\balertmanager\b"),
    ("logs", r"\b(?:loki|elasticsearch|opensearch|fluent-?(?:bit|d)|timberio/vector)\b"),
)
_PAGES = frozenset(("16686", "3000", "9090", "9093", "9411", "5601", "8428", "80", "8080", "3100"))
"""Ports inside a container behind which these programs show pages: their defaults."""


def _show_url(match: HttpMatch) -> str:
    """The address of a call; where the route has a hole that several calls fill, the route's own path."""
    call = match.call
    path = match.route.attr("path") if match.route is not None else call.attr("path")
    base = call.attr("base")
    return f"{say_address(base)}{path}" if base and not base.startswith("{}") else path


def _find_methods(sources: Sources, path: A2aPath) -> tuple[str, ...]:
    """The RPC methods that a service names when it does not know one."""
    for fact in sources.list("rpc_error"):
        if path.holds(fact) and fact.name == "-32601":
            for key, value in read_pairs(sources.read_attr(fact, "data")).items():
                if "method" in key and read_items(value):
                    return tuple(map(say, read_items(value)))
    return ()


def _gather_codes(signs: Iterable[Sign], kind: str) -> tuple[CodeRow, ...]:
    rows: dict[tuple[str, str, str, str], list[Place]] = {}
    for sign in signs:
        if sign.kind == kind and not sign.dead:
            rows.setdefault((sign.code, sign.text, sign.detail, sign.when), []).append(sign.at)
    alike: dict[tuple[str, str, str, tuple[Place, ...]], list[str]] = {}
    for (code, text, detail, when), places in rows.items():
        alike.setdefault((code, text, detail, tuple(dict.fromkeys(places))), []).append(when)
    found = [CodeRow(code, text, detail, tuple(whens), at) for (code, text, detail, at), whens in alike.items()]
    if kind == "rpc":
        return tuple(
            sorted(found, key=lambda r: (-int(r.code) if r.code.lstrip("-").isdigit() else 0, r.text), reverse=True)
        )
    return tuple(sorted(found, key=lambda r: (r.code, r.at[0].path, r.text)))


def _find_common(places: set[Place]) -> Place | None:
    return next(iter(places)) if len(places) == 1 else None


def _name_issue(sign: Sign) -> str:
    """The issue that a sign belongs to; ``""`` for one that tells of none."""
    if sign.kind == "log" and sign.code not in _LEVELS and not re.search(r"disabled|not enabled", sign.text, re.I):
        return ""
    head = f"{sign.kind} {sign.code}"
    words = f"{head} {sign.text} {sign.detail}"
    around = " ".join((*sign.handled, sign.when if not sign.handled else ""))
    for name, pattern in _BY_CODE:
        if re.match(pattern, words, re.IGNORECASE) and not re.search(r"card", words, re.IGNORECASE):
            return name
    for name, pattern in _BY_WORDS:
        if re.search(pattern, words, re.IGNORECASE) or (
            name in _BY_HANDLER and re.search(pattern, around, re.IGNORECASE)
        ):
            return name
    return "internal"


_BY_HANDLER = frozenset(("token", "timeout", "unreachable", "reply", "status", "partial"))


def _gather_issues(signs: Iterable[Sign]) -> tuple[Issue, ...]:
    found: dict[str, list[Sign]] = {}
    for sign in signs:
        name = _name_issue(sign)
        if name:
            found.setdefault(name, []).append(sign)
    return tuple(_make_issue(name, found[name]) for name in ORDER if name in found)


def _make_issue(name: str, signs: list[Sign]) -> Issue:
    logs = _list_once(s for kind in ("log", "error") for s in signs if s.kind == kind)
    loud = next((s for s in logs if s.kind == "log"), None)
    return Issue(
        name,
        _list_once(s for kind in ("rpc", "http") for s in signs if s.kind == kind),
        logs[:SHOWN],
        tuple(dict.fromkeys(s.at for s in logs[SHOWN:])),
        " ".join(make_pattern(loud.text).split()[:PATTERN_WORDS]) if loud is not None else "",
    )


def _list_once(signs: Iterable[Sign]) -> tuple[Sign, ...]:
    """Each text once, the first place of it."""
    seen: dict[tuple[str, str, str], Sign] = {}
    for sign in signs:
        seen.setdefault((sign.code, sign.text, sign.detail), sign)
    return tuple(seen.values())


def _gather_dead(signs: Iterable[Sign]) -> tuple[DeadSigns, ...]:
    found: dict[Place, dict[tuple[str, tuple[str, ...]], dict[str, None]]] = {}
    for sign in signs:
        name = _name_issue(sign) if sign.dead and sign.text else ""
        if name:
            place = Place(sign.at.path, sign.symbol.partition(".")[0], sign.at.link)
            found.setdefault(place, {}).setdefault((name, sign.handled), {})[sign.text] = None
    return tuple(
        DeadSigns(place, tuple(next(iter(t)) for t in texts.values()), sum(len(t) - 1 for t in texts.values()))
        for place, texts in found.items()
    )


def _group_waits(rows: Iterable[WaitRow]) -> tuple[WaitGroup, ...]:
    """One row for each kind of wait and value; what only holds a value that is applied is left out."""
    found = list(rows)
    applied = {(row.at.path, row.source) for row in found if not row.held}
    groups: dict[tuple[object, ...], list[WaitRow]] = {}
    for row in found:
        if not row.held or not applied & {(row.at.path, row.what), (row.at.path, row.source or row.what)}:
            file = "" if row.source_at is not None and not row.dead else row.at.path
            groups.setdefault((file, row.what, row.value, row.source, row.source_at), []).append(row)
    shown: set[Place | None] = {None}
    made = []
    for first, *others in groups.values():
        beside = first.source_at is not None and first.source_at.path == first.at.path
        places = tuple(dict.fromkeys(row.at for row in (first, *others)))
        made.append(WaitGroup(first, places, None if beside or first.source_at in shown else first.source_at))
        shown.add(first.source_at)
    return tuple(made)


def _is_milestone(sign: Sign) -> bool:
    words = r"mounted|registered|created|setup complete|initialized|contains|validated|started|listening"
    return (
        sign.kind == "log"
        and sign.code in ("INFO", "LOG")
        and not sign.dead
        and bool(re.search(words, sign.text, re.I))
    )
