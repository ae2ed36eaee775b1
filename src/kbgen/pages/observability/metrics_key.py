"""The key that opens the metrics: which it is, who compares it how, what happens without it, what has to restart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kbgen.expressions import decode_expr, tag_of, walk_expr
from kbgen.extractors.branches import find_conditions, find_guards, read_branches
from kbgen.model import Fact
from kbgen.pages.observability.metric_routes import EndpointRow, GuardRow, TakerRow, list_endpoints
from kbgen.pages.observability.telemetry import EXAMPLE, LogRow, SetValue, VariableRow, Variables, list_logs
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.subject import TestRow, list_tests
from kbgen.pages.shared.traffic import Service, find_composed, list_services
from kbgen.pages.sources import Excerpt, Place, Sources
from kbgen.patterns import LazyPattern

_KEY = LazyPattern(r"(?:^|_)(?:METRICS?|PROMETHEUS|SCRAPE)_(?:\w+_)?(?:KEY|TOKEN|SECRET|PASSWORD)$")
_SWITCH = LazyPattern(r"_(?:REQUIRE_AUTH|AUTH_REQUIRED|AUTH_ENABLED|REQUIRE_KEY|AUTH|PROTECTED)$")
_CONSTANT_TIME = frozenset({"compare_digest", "timingSafeEqual"})
_ENVIRONMENT = LazyPattern(r"(?i)^(?:node_?env|environment|app_?env|env|is_?prod(?:uction)?|stage)$")
_SCRAPE_SECRET = LazyPattern(r"scrape_configs\[\d+\]\.(?:authorization\.\w+|bearer_token(?:_file)?|basic_auth\.\w+)$")
_TARGET = LazyPattern(r"targets:\s*\[\s*['\"]([\w.-]+):(\d{2,5})['\"]")
_ENV_FILE = LazyPattern(r"^services\.[^.]+\.env_file")


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """A request that is turned away."""

    status: str
    error: str
    message: str
    conditions: tuple[str, ...]
    """As the code writes them; all of them hold."""
    at: Place


@dataclass(frozen=True, slots=True)
class PassRow:
    """A condition under which the check ends early, and the request goes on."""

    condition: str
    at: Place


@dataclass(frozen=True, slots=True)
class StartupRow:
    """What stops a service from starting with a configuration that lacks the key."""

    error: str
    message: str
    at: Place


@dataclass(frozen=True, slots=True)
class RunRow:
    """A deployment file that runs the service."""

    kind: str
    """``compose`` or a Kubernetes kind such as ``Deployment``."""
    name: str
    command: str
    """``docker compose -f FILE`` for compose."""
    given: bool
    """The file gives the service the key, or a file of variables."""
    at: Place


@dataclass(frozen=True, slots=True)
class WrongTarget:
    """An example of a scrape job in the code's own words, with a port on which the service does not listen."""

    text: str
    at: Place


@dataclass(frozen=True, slots=True)
class CopyRow:
    """A copy of the check inside a test file, which its cases try in place of the real one."""

    name: str
    cases: int
    constant_time: bool
    at: Place


@dataclass(frozen=True, slots=True)
class MetricsKeyPage:
    key: VariableRow
    more: tuple[VariableRow, ...]
    switch: VariableRow | None
    switch_off: bool
    """It is off unless somebody sets it."""
    protected: tuple[EndpointRow, ...]
    open: tuple[EndpointRow, ...]
    guards: tuple[GuardRow, ...]
    headers: tuple[str, ...]
    bearer: bool
    """The check reads bearer tokens, and they reach it."""
    others: tuple[str, ...]
    """Headers besides `Authorization` that it reads."""
    takers: tuple[TakerRow, ...]
    constant_time: bool
    compared: int
    """Different variables that a request's key is compared with."""
    split: bool
    """The value is taken apart, so that it may hold several keys."""
    refused: str
    """Status of the answer to a wrong key."""
    refusals: tuple[RefusalRow, ...]
    passes: tuple[PassRow, ...]
    startups: tuple[StartupRow, ...]
    asks_environment: bool
    cached: tuple[Place, ...]
    env_files: tuple[tuple[str, Place], ...]
    examples: tuple[Place, ...]
    """Example files of variables that the service or the whole repository has."""
    runs: tuple[RunRow, ...]
    kubernetes: bool
    command: str
    service: str
    port: str
    url: str
    scrapers: tuple[tuple[str, Place], ...]
    wrong_targets: tuple[WrongTarget, ...]
    logs: tuple[LogRow, ...]
    tests: tuple[TestRow, ...]
    copies: tuple[CopyRow, ...]
    check_code: Excerpt | None


def build(sources: Sources, pack: PagePack) -> MetricsKeyPage | None:
    endpoints = list_endpoints(sources)
    protected = tuple(e for e in endpoints if any(g.compares for g in e.guards))
    names = dict.fromkeys(name for e in protected for g in e.guards for name in g.variables)
    if not names:
        names = dict.fromkeys(f.name for f in sources.list("env") if _KEY.search(f.name))
    variables = Variables(sources)
    keys = [row for name in names for row in variables.list_rows({name})]
    if not keys:
        return None
    return _Reader(sources, variables, keys, endpoints, protected).read()


class _Reader:
    def __init__(
        self,
        sources: Sources,
        variables: Variables,
        keys: Sequence[VariableRow],
        endpoints: Sequence[EndpointRow],
        protected: Sequence[EndpointRow],
    ) -> None:
        self._sources = sources
        self._program = sources.program
        self._variables = variables
        self._keys = keys
        self._endpoints = endpoints
        self._protected = protected
        self._guards = tuple(dict.fromkeys(g for e in protected for g in e.guards if g.compares))
        self._homes = tuple(dict.fromkeys((p.path, p.symbol) for row in keys for p in row.at))

    def read(self) -> MetricsKeyPage:
        sources = self._sources
        key = self._keys[0]
        switch = self._find_switch()
        services = {s.id: s for s in list_services(sources)}
        unit = self._protected[0].service if self._protected else sources.system.units.find_unit(key.at[0].path)
        service = services.get(unit)
        runs = tuple(self._list_runs(unit))
        calls = {c.call.rpartition(".")[2] for g in self._guards for c in g.compares}
        tests = self._list_tests()
        refusals = tuple(self._list_refusals())
        guard = self._guards[0].at if self._guards else None
        return MetricsKeyPage(
            key,
            tuple(self._keys[1:]),
            switch,
            switch is not None and switch.default.lower() in ("false", "0", "off", "no"),
            tuple(self._protected),
            tuple(e for e in self._endpoints if e not in self._protected),
            self._guards,
            headers := tuple(dict.fromkeys(h for g in self._guards for h in g.headers)),
            any(h.lower() == "authorization" for h in headers) and not any(e.takers for e in self._protected),
            tuple(h for h in headers if h.lower() != "authorization"),
            tuple(dict.fromkeys(taker for e in self._protected for taker in e.takers)),
            bool(calls) and calls <= _CONSTANT_TIME,
            len({name for g in self._guards for name in g.variables}),
            self._is_split(),
            next((r.status for r in refusals if r.status.startswith("4")), "401"),
            refusals,
            tuple(self._list_passes()),
            tuple(self._list_startups()),
            self._asks_environment(),
            tuple(self._list_cached()),
            tuple(self._list_env_files()),
            tuple(self._list_examples(unit)),
            runs,
            any(f.attr("source") == "kubernetes" for f in sources.list("service")),
            next((r.command for r in runs if r.command), ""),
            unit,
            service.port if service is not None else "",
            self._protected[0].url if self._protected else self._endpoints[0].url if self._endpoints else "",
            tuple(self._list_scrapers()),
            tuple(self._list_wrong_targets(service)),
            list_logs(sources, self._is_guard_log),
            tests,
            tuple(self._list_copies(tests)),
            sources.excerpt(guard.path, guard.symbol, limit=60) if guard is not None else None,
        )

    # ------------------------------------------------------------------------------------------ the key

    def _find_switch(self) -> VariableRow | None:
        """The variable beside the key that switches the check on."""
        prefix = self._keys[0].name.split("_")[0]
        names = {
            f.name
            for f in self._sources.list("env")
            if (f.path, f.symbol) in self._homes and f.name.startswith(f"{prefix}_") and _SWITCH.search(f.name)
        }
        return next(iter(self._variables.list_rows(names)), None)

    def _is_split(self) -> bool:
        symbols = {(g.at.path, g.at.symbol) for g in self._guards} | set(self._homes)
        return any(
            call.name.rpartition(".")[2] == "split" and "key" in call.name.lower()
            for path, symbol in symbols
            for call in self._program.list_within(path, symbol, "call")
        )

    def _list_refusals(self) -> Iterator[RefusalRow]:
        for guard in self._guards:
            for fact in self._sources.list("exception"):
                if fact.path == guard.at.path and _is_in(fact.symbol, guard.at.symbol):
                    yield RefusalRow(
                        fact.attr("status"),
                        fact.name,
                        fact.attr("message"),
                        self._say_conditions(fact),
                        self._sources.at(fact),
                    )

    def _say_conditions(self, fact: Fact) -> tuple[str, ...]:
        """What holds where an exception is raised: conditions around it, and no condition before that left."""
        branches = read_branches(self._sources.read_text(fact.path), fact.path)
        around = [b.text for b in find_conditions(branches, fact.line) if b.text]
        return tuple(around) or tuple(_negate(b.text) for b in find_guards(branches, fact.line))

    def _list_passes(self) -> Iterator[PassRow]:
        for guard in self._guards:
            branches = read_branches(self._sources.read_text(guard.at.path), guard.at.path)
            raised = [
                f.line
                for f in self._sources.list("exception")
                if f.path == guard.at.path and _is_in(f.symbol, guard.at.symbol)
            ]
            symbol = self._program.get_symbol((guard.at.path, guard.at.symbol))
            compared = [
                f.line
                for f in self._sources.list("auth_compare")
                if f.path == guard.at.path and _is_in(f.symbol, guard.at.symbol)
            ]
            for branch in branches:
                before = symbol is not None and symbol.line <= branch.first and branch.last < min(compared)
                inside = any(branch.first <= line <= branch.last for line in raised)
                if before and branch.leaves and branch.text and not inside:
                    yield PassRow(branch.text, guard.at)

    def _list_startups(self) -> Iterator[StartupRow]:
        """Exceptions of the settings, or of what runs at start, whose words name the key."""
        names = [row.name for row in self._keys]
        inside = {(g.at.path, g.at.symbol) for g in self._guards}
        for fact in self._sources.list("exception"):
            message = fact.attr("message")
            if (fact.path, fact.symbol) not in inside and any(name in message for name in names):
                yield StartupRow(fact.name, message, self._sources.at(fact))

    def _asks_environment(self) -> bool:
        """Whether the check or the settings of the key look at the name of the environment."""
        wanted = {(g.at.path, g.at.symbol.partition(".")[0]) for g in self._guards} | set(self._homes)
        for fact in self._program.list_facts("reference"):
            if (fact.path, fact.symbol) in wanted:
                words = (packed[: packed.rindex("@")] for packed in fact.value.split())
                if any(_ENVIRONMENT.match(word) for word in words):
                    return True
        return False

    def _list_cached(self) -> Iterator[Place]:
        """Functions that make the settings once for the life of the process."""
        classes = {symbol for _, symbol in self._homes if symbol}
        for fact in self._sources.list("cache"):
            if fact.attr("what") == "function":
                for row in self._program.list_within(fact.path, fact.symbol, "return"):
                    value = decode_expr(row.value)
                    if tag_of(value) == "call" and str(value[1]).rpartition(".")[2] in classes:
                        yield self._sources.at(fact)

    def _list_env_files(self) -> Iterator[tuple[str, Place]]:
        """Files of variables that the settings read."""
        for path, symbol in self._homes:
            for fact in self._program.list_facts("binding"):
                if fact.path != path or not symbol or not _is_in(fact.symbol, symbol):
                    continue
                value = decode_expr(fact.value)
                if fact.name == "env_file" and isinstance(value, str):
                    yield (value, self._sources.at(path, symbol))
                elif fact.name == "model_config":
                    for part in walk_expr(value):
                        if tag_of(part) == "call" and isinstance(part[3].get("env_file"), str):
                            yield (part[3]["env_file"], self._sources.at(path, symbol))

    # ------------------------------------------------------------------------------------------ where it runs

    def _list_runs(self, unit: str) -> Iterator[RunRow]:
        found = next((u for u in self._sources.system.units.all if u.id == unit), None)
        composed = find_composed(self._sources, found) if found is not None else None
        if composed is not None:
            given = any(g.service == composed.name and g.at.path == composed.path for g in self._list_given())
            filed = any(
                f.path == composed.path and _ENV_FILE.match(f.name) and f.name.split(".")[1] == composed.name
                for f in self._sources.list("config")
            )
            yield RunRow(
                "compose",
                composed.name,
                f"docker compose -f {composed.path}",
                given or filed,
                self._sources.at(composed),
            )
        for fact in self._sources.list("service"):
            if fact.attr("source") != "kubernetes" or fact.attr("kind") not in (
                "Deployment",
                "StatefulSet",
                "DaemonSet",
            ):
                continue
            named = self._sources.system.units.find_by_name(fact.name)
            if named is not None and named.id == unit:
                given = any(g.at.path == fact.path for g in self._list_given()) or bool(fact.attr("env_from"))
                yield RunRow(fact.attr("kind"), fact.name, "", given, self._sources.at(fact))

    def _list_examples(self, unit: str) -> Iterator[Place]:
        for path in sorted({f.path for f in self._sources.list("setting") if EXAMPLE.search(f.path)}):
            if "/" not in path or self._sources.system.units.find_unit(path) == unit:
                yield self._sources.at(path)

    def _list_given(self) -> Iterator[SetValue]:
        return (given for row in self._keys for given in row.given)

    def _list_scrapers(self) -> Iterator[tuple[str, Place]]:
        for fact in self._sources.list("config"):
            if _SCRAPE_SECRET.search(fact.name):
                yield (fact.name.rpartition("]")[2].lstrip("."), self._sources.at(fact.path))

    def _list_wrong_targets(self, service: Service | None) -> Iterator[WrongTarget]:
        """Examples in docstrings and comments of the files that the key passes through."""
        if service is None or not service.port:
            return
        ports = {str(p.number) for u in self._sources.system.units.all if u.id == service.id for p in u.ports}
        paths = {g.at.path for g in self._guards} | {e.at.path for e in self._protected} | {h[0] for h in self._homes}
        for path in sorted(paths):
            for name, port in dict.fromkeys(_TARGET.findall(self._sources.read_text(path))):
                if port not in ports:
                    yield WrongTarget(f"{name}:{port}", self._sources.at(path))

    # ------------------------------------------------------------------------------------------ around

    def _is_guard_log(self, fact: Fact) -> bool:
        return any(fact.path == g.at.path and _is_in(fact.symbol, g.at.symbol) for g in self._guards)

    def _list_tests(self) -> tuple[TestRow, ...]:
        files = {g.at.path for g in self._guards}
        return list_tests(self._sources, files) if files else ()

    def _list_copies(self, tests: Iterable[TestRow]) -> Iterator[CopyRow]:
        """Definitions of tests that refuse in the words of the check, in files that do not import it."""
        known = {test.at.path for test in tests}
        messages = {f.message for g in self._guards for f in g.failures if f.message}
        told: set[str] = set()
        for fact in self._program.list_facts("raise", tests=True):
            if not self._program.is_test(fact.path) or fact.path in known | told:
                continue
            texts = {part for part in walk_expr(decode_expr(fact.value)) if isinstance(part, str)}
            if messages.isdisjoint(texts):
                continue
            told.add(fact.path)
            cases = sum(f.path == fact.path for f in self._sources.list("test_case", tests=True))
            same = any(
                call.path == fact.path and call.name.rpartition(".")[2] in _CONSTANT_TIME
                for call in self._program.list_facts("call", tests=True)
            )
            yield CopyRow(fact.symbol, cases, same, self._sources.at(fact.path))


_JOINED = LazyPattern(r"\band\b|\bor\b|&&|\|\|")


def _negate(condition: str) -> str:
    """What holds where a condition does not: ``enabled`` for ``not enabled``."""
    if not _JOINED.search(condition):
        for sign in ("not ", "!"):
            if condition.startswith(sign) and not condition.startswith("!="):
                return condition.removeprefix(sign)
    return f"not ({condition})"


def _is_in(symbol: str, outer: str) -> bool:
    return symbol == outer or symbol.startswith(f"{outer}.")
