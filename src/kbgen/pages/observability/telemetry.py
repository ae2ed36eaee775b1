"""What pages on traces and metrics share: variables and who reads them, the tools that run beside, when code runs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from kbgen.expressions import decode_arguments
from kbgen.join.program import Place as Definition
from kbgen.model import Fact
from kbgen.pages.shared.log_lines import read_message
from kbgen.pages.sources import Place, Sources
from kbgen.patterns import LazyPattern

EXAMPLE = LazyPattern(r"(?:^|/)\.?env[\w.-]*\.(?:example|sample|template|dist|defaults)$|(?:^|/)\.env\.(?:test|ci)$")
SECRET = LazyPattern(r"(?i)(?:^|_)(?:pass(?:word|wd)?|secret|token|api_?key|key|credentials?)(?:$|_)")
_TOOLS: tuple[tuple[str, str], ...] = (
    ("Jaeger", r"jaeger"),
    ("OpenTelemetry Collector", r"opentelemetry-collector|otel.*collector|otelcol"),
    ("Tempo", r"grafana/tempo"),
    ("Zipkin", r"openzipkin|zipkin"),
    ("Loki", r"grafana/loki"),
    ("Grafana", r"(?:^|/)grafana(?:-oss|-enterprise)?(?::|@|$)"),
    ("Alertmanager", r"alertmanager"),
    ("Prometheus", r"(?:^|/)prometheus(?::|@|$)"),
    ("VictoriaMetrics", r"victoria-?metrics"),
)
"""What traces and metrics are sent to and looked at with, by the image."""
_PORTS: Mapping[str, str] = {
    "16686": "web interface", "14268": "Jaeger collector over HTTP", "4317": "OTLP over gRPC", "4318": "OTLP over HTTP",
    "9411": "Zipkin spans", "6831": "Jaeger agent, UDP", "9090": "web interface and API", "9093": "web interface",
    "3000": "web interface", "3100": "logs API", "3200": "traces API", "8888": "own metrics",
    "8889": "metrics to scrape", "13133": "health", "14269": "health and own metrics", "8428": "web interface and API",
}  # fmt: skip
_HOOK_DEPTH = 3


@dataclass(frozen=True, slots=True)
class SetValue:
    """A value that a deployment file gives a variable."""

    value: str
    service: str
    open: bool
    """Only where the environment of the deployment has no other: ``${NAME:-value}``."""
    at: Place


@dataclass(frozen=True, slots=True)
class VariableRow:
    name: str
    default: str
    """As the code has it, ``""`` for none."""
    at: tuple[Place, ...]
    readers: tuple[Place, ...]
    """Definitions that use the setting that it fills."""
    given: tuple[SetValue, ...]
    differs: bool
    """A deployment file gives it another value than the code's default."""
    example: bool
    """An example file of variables lists it."""


@dataclass(frozen=True, slots=True)
class PortRow:
    host: str
    inner: str
    meaning: str
    address: str
    """What to open in a browser; ``""`` where nothing is to be seen."""


@dataclass(frozen=True, slots=True)
class ToolRow:
    """A program beside the project's own that keeps or shows traces, metrics or logs."""

    what: str
    service: str
    image: str
    ports: tuple[PortRow, ...]
    environment: tuple[tuple[str, str], ...]
    volumes: tuple[str, ...]
    command: str
    """``docker compose -f FILE``; ``""`` where no compose file runs it."""
    at: Place

    @property
    def address(self) -> str:
        return next((port.address for port in self.ports if port.address), "")


@dataclass(frozen=True, slots=True)
class ScriptRow:
    call: str
    """``pnpm docker:up``, ``make up``."""
    value: str
    at: Place


@dataclass(frozen=True, slots=True)
class HookRow:
    """What makes code run when a service starts or stops."""

    event: str
    at: Place


@dataclass(frozen=True, slots=True)
class LogRow:
    level: str
    message: str
    at: Place


@dataclass(frozen=True, slots=True)
class ImageGap:
    """Files that the code of a service needs and that its image is not given."""

    service: str
    copied: tuple[str, ...]
    missing: tuple[str, ...]
    at: Place


# ------------------------------------------------------------------------------------------------ variables


class Variables:
    """Environment variables as pages list them."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def list_rows(self, names: Collection[str]) -> tuple[VariableRow, ...]:
        """By name; those that no code reads are left out."""
        rows: dict[str, list[Fact]] = {}
        for fact in self._sources.list("env"):
            if fact.name in names:
                rows.setdefault(fact.name, []).append(fact)
        return tuple(self._make(name, facts) for name, facts in sorted(rows.items()))

    def _make(self, name: str, facts: list[Fact]) -> VariableRow:
        default = next((unquote(f.value) for f in facts if f.value), "")
        given = tuple(self._list_given(name))
        return VariableRow(
            name,
            "" if default in ("None", "null", "undefined") else default,
            self._sources.places(facts),
            tuple(dict.fromkeys(place for f in facts for place in self._list_readers(f))),
            given,
            any(not is_same(default, each.value) for each in given if default and each.value),
            any(EXAMPLE.search(f.path) for f in self._sources.facts.get("setting", ()) if f.name == name),
        )

    def _list_given(self, name: str) -> Iterator[SetValue]:
        for fact in self._sources.list("setting"):
            if fact.name == name and fact.attr("source") != "dotenv":
                value = fact.attr("default") or ("" if "${" in fact.value else fact.value)
                yield SetValue(value, fact.attr("service"), bool(value and fact.attr("ref")), self._sources.at(fact))

    def _list_readers(self, fact: Fact) -> Iterator[Place]:
        """Code that names the field which the variable fills; only where that name is no common word."""
        if fact.attr("settings") != "yes":
            return
        field = next(
            (
                f.name
                for f in self._sources.program.list_within(fact.path, fact.symbol, "field")
                if f.name.lower() == fact.name.lower() or f.line == fact.line
            ),
            fact.name.lower(),
        )
        if "_" not in field or self._owners.get(field, 0) > 1:
            return
        for path, symbol in self._mentions.find(field):
            if not (path == fact.path and symbol == fact.symbol):
                yield self._sources.at(path, symbol)

    @cached_property
    def _owners(self) -> Mapping[str, int]:
        table: dict[str, int] = {}
        for fact in self._sources.list("setting_field"):
            table[fact.name] = table.get(fact.name, 0) + 1
        return table

    @cached_property
    def _mentions(self) -> Mentions:
        return Mentions(self._sources, "member")


def unquote(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`" else text


def is_same(first: str, second: str) -> bool:
    """Whether two values mean the same: ``True`` and ``true``, ``1.0`` and ``1``."""
    if first.strip().lower() == second.strip().lower():
        return True
    try:
        return float(first) == float(second)
    except ValueError:
        return False


class Mentions:
    """Where production code has a word. Few words are asked for, so that reading the facts for each costs least."""

    def __init__(self, sources: Sources, *forms: str) -> None:
        """Forms are ``name``, ``member`` and ``string``."""
        self._facts = [f for f in sources.program.list_facts("reference") if f.name in forms]
        self._known: dict[str, tuple[Definition, ...]] = {}

    def find(self, word: str) -> tuple[Definition, ...]:
        """Top-level definitions; the symbol is empty for code outside any."""
        known = self._known.get(word)
        if known is None:
            start = f"{word}@"
            found = [
                (f.path, f.symbol)
                for f in self._facts
                if start in f.value and any(packed.startswith(start) for packed in f.value.split())
            ]
            known = self._known[word] = tuple(dict.fromkeys(found))
        return known


# ------------------------------------------------------------------------------------------------ deployment


def list_tools(sources: Sources) -> tuple[ToolRow, ...]:
    """Those that deployment files run, in the order of `_TOOLS`."""
    rows: list[ToolRow] = []
    for what, image in _TOOLS:
        for fact in sources.list("service"):
            name = fact.attr("image")
            if (
                name
                and re.search(image, name.rpartition("@")[0] or name, re.IGNORECASE)
                and fact.path not in _seen(rows, fact)
            ):
                rows.append(_make_tool(sources, what, fact))
    return tuple(rows)


def _seen(rows: Iterable[ToolRow], fact: Fact) -> frozenset[str]:
    return frozenset(row.at.path for row in rows if row.service == fact.name)


def _make_tool(sources: Sources, what: str, fact: Fact) -> ToolRow:
    own = [f for f in sources.list("port") if f.path == fact.path and f.attr("service") == fact.name]
    prefix = f"services.{fact.name}.volumes["
    return ToolRow(
        what,
        fact.name,
        fact.attr("image"),
        tuple(_make_port(f) for f in own),
        tuple(
            (f.name, f.value) for f in sources.list("setting") if f.path == fact.path and f.attr("service") == fact.name
        ),
        tuple(f.value for f in sources.list("config") if f.path == fact.path and f.name.startswith(prefix)),
        compose_command(fact.path) if fact.attr("source") == "compose" else "",
        sources.at(fact),
    )


def _make_port(fact: Fact) -> PortRow:
    inner = fact.name.partition("/")[0]
    host = fact.value.partition("/")[0] or inner
    meaning = _PORTS.get(inner, "")
    return PortRow(host, inner, meaning, f"http://localhost:{host}" if meaning.startswith("web interface") else "")


def compose_command(path: str) -> str:
    """How compose is called for a file."""
    usual = posixpath.dirname(path) == "" and posixpath.basename(path) in (
        "docker-compose.yml",
        "compose.yaml",
        "compose.yml",
    )
    return "docker compose" if usual else f"docker compose -f {path}"


def list_compose_scripts(sources: Sources, paths: Collection[str]) -> tuple[ScriptRow, ...]:
    """Commands of the project itself that run compose with one of the files."""
    rows = []
    for fact in (*sources.list("script"), *sources.list("target")):
        if "compose" in fact.value and any(path in fact.value for path in paths):
            runner = fact.attr("source") if fact.kind == "target" else find_runner(sources)
            rows.append(ScriptRow(f"{runner} {fact.name}", fact.value, sources.at(fact.path)))
    return tuple(sorted(rows, key=lambda row: (row.at.path, row.call)))


def find_runner(sources: Sources) -> str:
    """What runs scripts of a package.json here."""
    for lock, runner in (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lockb", "bun run")):
        if lock in sources.entries:
            return runner
    return "npm run"


def list_image_gaps(sources: Sources, files: Collection[str]) -> tuple[ImageGap, ...]:
    """Images whose instructions copy single folders, and not those of `files`, which are of the image's service."""
    copies: dict[str, list[Fact]] = {}
    for fact in sources.list("copy"):
        if not fact.attr("from"):
            copies.setdefault(fact.path, []).append(fact)
    gaps = []
    for path, facts in sorted(copies.items()):
        context = _find_context(sources, path)
        unit = sources.system.units.find_unit(path)
        needed = [f for f in files if unit and sources.system.units.find_unit(f) == unit]
        copied = tuple(dict.fromkeys(name for fact in facts for name in fact.name.split()))
        missing = tuple(f for f in sorted(needed) if not any(_covers(context, name, f) for name in copied))
        if missing:
            gaps.append(ImageGap(unit, copied, missing, sources.at(path)))
    return tuple(gaps)


def _find_context(sources: Sources, dockerfile: str) -> str:
    for fact in sources.list("service"):
        context, name = fact.attr("context"), fact.attr("dockerfile")
        if context and name and posixpath.normpath(posixpath.join(context, name)) == dockerfile:
            return context
    return posixpath.dirname(dockerfile)


def _covers(context: str, name: str, path: str) -> bool:
    if any(sign in name for sign in "*?[$"):
        return True
    wanted = posixpath.normpath(posixpath.join(context, name))
    return wanted in (".", "") or path == wanted or path.startswith(f"{wanted}/")


# ------------------------------------------------------------------------------------------------ when code runs


def find_hooks(sources: Sources, place: Definition) -> tuple[HookRow, ...]:
    """What of a service's life runs a definition, directly or through others: ``startup``, ``shutdown`` …"""
    found: dict[HookRow, None] = {}
    level, seen = [place], {place}
    for _ in range(_HOOK_DEPTH + 1):
        further: list[Definition] = []
        for path, symbol in level:
            event = _find_event(sources, path, symbol)
            if event:
                found[HookRow(event, sources.at(path, symbol))] = None
                continue
            for call in sources.program.find_callers((path, symbol)):
                caller = (call.path, call.symbol)
                if caller not in seen and not sources.program.is_test(call.path):
                    seen.add(caller)
                    further.append(caller)
        level = further
    return tuple(found)


def _find_event(sources: Sources, path: str, symbol: str) -> str:
    if not symbol:
        return "import"
    for fact in sources.program.list_within(path, symbol, "decorator"):
        last = fact.name.rpartition(".")[2]
        if last == "on_event":
            given = decode_arguments(fact.value)[0]
            return str(given[0]) if given and isinstance(given[0], str) else ""
        if last == "asynccontextmanager" and "lifespan" in symbol.lower():
            return "lifespan"
    return symbol if symbol.rpartition(".")[2] in ("onModuleInit", "onApplicationBootstrap", "onModuleDestroy") else ""


# ------------------------------------------------------------------------------------------------ log lines


def list_logs(sources: Sources, fits: Callable[[Fact], bool]) -> tuple[LogRow, ...]:
    """Log lines that fit, each message once, by place."""
    rows: dict[tuple[str, str], LogRow] = {}
    for fact in sources.list("log"):
        if fact.name.strip() and fits(fact):
            row = LogRow(fact.attr("level"), read_message(sources, fact), sources.at(fact))
            rows.setdefault((fact.path, fact.name), row)
    return tuple(rows.values())


# ------------------------------------------------------------------------------------------------ what nothing runs


class Idle:
    """Whether nothing that runs leads to a definition; in doubt something does."""

    def __init__(self, sources: Sources) -> None:
        self._program = sources.program
        self._live = sources.system.reach.live
        self._dead = frozenset(
            (e.path, e.symbol) for f in sources.findings if f.kind == "never-used" for e in f.evidence
        )
        self._words = Mentions(sources, "name", "member", "string")
        self._known: dict[Definition, bool] = {}

    def is_idle(self, path: str, symbol: str) -> bool:
        return self._ask((path, symbol), frozenset())

    def _ask(self, place: Definition, asked: frozenset[Definition]) -> bool:
        path, symbol = place
        if not symbol or place in self._live or self._program.is_test(path):
            return False
        if place in asked or place in self._dead or (path, symbol.partition(".")[0]) in self._dead:
            return True
        known = self._known.get(place)
        if known is None:
            callers = {(c.path, c.symbol) for c in self._program.find_callers(place)}
            callers = {caller for caller in callers if not self._program.is_test(caller[0])}
            name = symbol.rpartition(".")[2]
            tops = {(there, inner.partition(".")[0]) for there, inner in callers}
            mentions = {m for m in self._words.find(name) if m[1] != "__all__" and m != place}
            known = len(asked) < 8 and mentions <= tops and all(self._ask(c, asked | {place}) for c in callers)
            if not asked:
                self._known[place] = known
        return known
