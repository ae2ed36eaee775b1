"""State that is kept in step between tabs, devices and a server: its parts, flows, rules, storage and loose ends."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kbgen.join.program import Place as Definition
from kbgen.model import Fact
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.constants import ConstantRow
from kbgen.pages.shared.subject import TestRow, list_tests
from kbgen.pages.sources import Excerpt, FindingRow, Place, Sources
from kbgen.pages.state.flow import EventRow, Flow, FlowReader, RaiseRow, SubscriptionRow
from kbgen.pages.state.growth import Growth, find_growth
from kbgen.pages.state.parts import SYNC_WORDS, find_parts
from kbgen.pages.state.rules import ConnectionRow, DecisionRow, DropRow, RuleReader, SentRow, TabRow, ThrowRow
from kbgen.pages.state.scope import TIMERS, Scope, group_by_name
from kbgen.pages.state.storage import CallRow, Compression, EnvRow, KeyRow, Migrations, RouteRow, StorageReader
from kbgen.patterns import LazyPattern

_ABOUT = LazyPattern(r"state|sync|snapshot|persist|hydrat|migrat|compress|storage", re.IGNORECASE)
_STORE_NAMES = ("redis", "valkey", "memcache")
_LIST_LIMIT = 10


@dataclass(frozen=True, slots=True)
class PartRow:
    name: str
    what: str
    """store, hook, carrier, channel, handler, service, mirror, maker."""
    details: tuple[str, ...]
    wait: str
    """``WAIT_MS = 100`` of a hook that waits before it goes on."""
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class Clash:
    """One constant's name with different values."""

    name: str
    values: tuple[tuple[str, Place], ...]


@dataclass(frozen=True, slots=True)
class NamesRow:
    """Names of one file."""

    names: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class ConstantGroup:
    """Constants of one file, each with its value."""

    rows: tuple[ConstantRow, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class CommandRow:
    """The script that runs a package's tests."""

    folder: str
    command: str
    at: Place


@dataclass(frozen=True, slots=True)
class StatePage:
    parts: tuple[PartRow, ...]
    dead_parts: tuple[PartRow, ...]
    """Hooks that nothing that runs uses."""
    raises: tuple[RaiseRow, ...]
    subscriptions: tuple[SubscriptionRow, ...]
    events: tuple[EventRow, ...]
    unsent: tuple[EventRow, ...]
    unhandled: tuple[EventRow, ...]
    flows: tuple[Flow, ...]
    picture: str
    """The first flow as Mermaid; ``""`` without one."""
    decisions: tuple[DecisionRow, ...]
    script_decisions: tuple[DecisionRow, ...]
    sent: tuple[SentRow, ...]
    numbers: tuple[str, ...]
    """The different numbers among those that the client sends."""
    drops: tuple[DropRow, ...]
    throws: tuple[ThrowRow, ...]
    tabs: tuple[TabRow, ...]
    filters: tuple[DecisionRow, ...]
    connections: tuple[ConnectionRow, ...]
    server_keys: tuple[KeyRow, ...]
    browser_keys: tuple[KeyRow, ...]
    stored: Excerpt | None
    """How the handler of a change has it stored."""
    stored_key: str
    """The computed key that is all of it, or ``""``."""
    payloads: tuple[tuple[str, Excerpt], ...]
    env: tuple[EnvRow, ...]
    routes: tuple[RouteRow, ...]
    calls: tuple[CallRow, ...]
    compression: Compression | None
    migrations: Migrations | None
    constants: tuple[ConstantGroup, ...]
    unread: tuple[ConstantGroup, ...]
    clashes: tuple[Clash, ...]
    uncalled: tuple[Place, ...]
    """Methods of services that no production code calls."""
    dead: tuple[NamesRow, ...]
    findings: tuple[FindingRow, ...]
    tests: tuple[TestRow, ...]
    commands: tuple[CommandRow, ...]
    growth: Growth | None


def build(sources: Sources, pack: PagePack) -> StatePage | None:
    parts = find_parts(sources)
    return _Reader(Scope(sources, parts)).read() if parts is not None else None


class _Reader:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def read(self) -> StatePage:
        scope = self._scope
        flow, rules, storage = FlowReader(scope), RuleReader(scope), StorageReader(scope)
        parts = tuple(self._list_parts())
        events = tuple(flow.list_events())
        flows = tuple(flow.list_flows())
        sent = tuple(rules.list_sent())
        mirrored = scope.list_mirrored()
        return StatePage(
            parts=parts,
            dead_parts=tuple(row for row in parts if row.dead and row.what == "hook"),
            raises=tuple(flow.list_raises()),
            subscriptions=tuple(flow.list_subscriptions()),
            events=events,
            unsent=tuple(e for e in events if not e.senders),
            unhandled=tuple(e for e in events if not e.receivers),
            flows=flows,
            picture=flow.draw(flows[0]) if flows else "",
            decisions=tuple(rules.list_decisions()),
            script_decisions=tuple(rules.list_script_decisions()),
            sent=sent,
            numbers=tuple(dict.fromkeys(r.value.rpartition(".")[2] for r in sent if r.at.path in scope.parts.client)),
            drops=tuple(rules.list_drops()),
            throws=tuple(rules.list_throws()),
            tabs=tuple(rules.list_tabs()),
            filters=tuple(rules.list_filters()),
            connections=tuple(rules.list_connections()),
            server_keys=tuple(storage.list_server_keys()),
            browser_keys=tuple(storage.list_browser_keys()),
            stored=flow.find_stored(),
            stored_key=flow.find_stored_key(),
            payloads=tuple(flow.list_payloads()),
            env=tuple(storage.list_env()),
            routes=tuple(storage.list_routes()),
            calls=tuple(storage.list_calls()),
            compression=storage.read_compression(),
            migrations=storage.read_migrations(),
            constants=_group_constants(row for row in (*scope.constants, *mirrored) if row.read),
            unread=_group_constants(row for row in (*scope.constants, *mirrored) if not row.read),
            clashes=tuple(self._list_clashes()),
            uncalled=tuple(self._list_uncalled()),
            dead=tuple(self._list_dead()),
            findings=self._list_findings(),
            tests=self._list_tests(),
            commands=tuple(self._list_commands()),
            growth=find_growth(scope.sources, scope.parts),
        )

    def _list_tests(self) -> tuple[TestRow, ...]:
        """Tests that are about state by their name; of all that import it many only need its types."""
        paths = self._scope.parts.files | {path for path, _ in self._scope.parts.mirrors}
        rows = list_tests(self._scope.sources, paths)
        return tuple(row for row in rows if _ABOUT.search(posixpath.basename(row.at.path)))[:_LIST_LIMIT]

    def _list_commands(self) -> Iterator[CommandRow]:
        """The test script of each package that has a file of ours."""
        for fact in self._scope.sources.list("script"):
            folder = posixpath.dirname(fact.path)
            ours = any(path.startswith(f"{folder}/") for path in self._scope.parts.files)
            if fact.name == "test" and folder and ours:
                yield CommandRow(folder, fact.value, self._scope.sources.at(fact.path))

    def _list_parts(self) -> Iterator[PartRow]:
        sources = self._scope.sources
        for fact in self._scope.parts.stores:
            yield PartRow(
                fact.name,
                "store",
                (fact.attr("library"),),
                "",
                self._scope.is_dead(fact.path, fact.symbol),
                sources.at(fact),
            )
        hooks = [
            fact
            for path in sorted(self._scope.parts.client)
            for fact in self._scope.program.list_symbols(path).values()
            if fact.attr("kind") == "hook" and fact.attr("exported") == "yes"
        ]
        stores = {(f.path, f.symbol) for f in self._scope.parts.stores}
        for fact in hooks:
            if (fact.path, fact.symbol) not in stores:
                users = tuple(c.symbol or c.path for c in self._scope.program.find_callers((fact.path, fact.symbol)))
                details = tuple(dict.fromkeys(users))[:3]
                yield PartRow(
                    fact.name,
                    "hook",
                    details,
                    self._find_wait(fact),
                    self._scope.is_dead(fact.path, fact.symbol),
                    sources.at(fact),
                )
        ends: dict[Definition, list[str]] = {}
        for each in self._scope.parts.exchanges:
            for fact in each.emits if each.side == "client" else each.handlers:
                top = fact.symbol.partition(".")[0]
                if top and (fact.path, top) not in stores and fact.path in self._scope.parts.client:
                    ends.setdefault((fact.path, top), []).append(each.name)
        for (path, top), names in sorted(ends.items()):
            dead = self._scope.is_dead(path, top)
            yield PartRow(top, "carrier", tuple(dict.fromkeys(names)), "", dead, sources.at(path, top))
        for name, facts in sorted(group_by_name(self._scope.parts.broadcasts).items()):
            types = tuple(sorted({f.attr("type") for f in facts if f.attr("type")}))
            yield PartRow(
                name,
                "channel",
                types,
                "",
                all(self._scope.is_dead(f.path, f.symbol) for f in facts),
                sources.at(facts[0]),
            )
        for each in self._scope.parts.exchanges:
            if each.side == "client":
                for fact in each.handlers:
                    yield PartRow(fact.symbol, "handler", (each.name,), "", False, sources.at(fact))
        for path in sorted(self._scope.parts.services):
            for symbol, fact in sorted(self._scope.program.list_symbols(path).items()):
                routed = any(f.path == path for f in self._scope.parts.routes)
                if fact.attr("kind") == "class" and not routed:
                    used = tuple(sorted({c.split(".")[0] for c in self._list_store_calls(path)}))
                    yield PartRow(fact.name, "service", used, "", self._scope.is_dead(path, symbol), sources.at(fact))
        for path, symbol in self._scope.parts.mirrors[-1:]:
            yield PartRow(symbol, "mirror", (), "", self._scope.is_dead(path, symbol), sources.at(path, symbol))
        for path in sorted(self._scope.parts.mirror_users):
            for symbol, fact in sorted(self._scope.program.list_symbols(path).items()):
                if fact.attr("kind") == "class" and SYNC_WORDS.search(fact.name):
                    yield PartRow(fact.name, "maker", (), "", self._scope.is_dead(path, symbol), sources.at(fact))

    def _find_wait(self, hook: Fact) -> str:
        calls = self._scope.program.list_within(hook.path, hook.symbol, "call")
        return next((wait for c in calls if c.name in TIMERS and (wait := self._scope.say_wait(c))), "")

    def _list_store_calls(self, path: str) -> Iterator[str]:
        for fact in self._scope.program.list_facts("call"):
            if fact.path == path and "." in fact.name:
                for word in _STORE_NAMES:
                    if word in fact.name.lower():
                        yield word

    def _list_clashes(self) -> Iterator[Clash]:
        """Constants of one name and several values, on both sides of a language."""
        rows = {(r.at.path, r.name): r for r in self._scope.constants}
        for row in self._scope.list_mirrored():
            rows.setdefault((row.at.path, row.name), row)
        named: dict[str, list[ConstantRow]] = {}
        for _, row in sorted(rows.items()):
            named.setdefault(row.name.rpartition(".")[2], []).append(row)
        for name, same in sorted(named.items()):
            suffixes = {posixpath.splitext(row.at.path)[1] for row in same}
            if len({row.value for row in same}) > 1 and len(suffixes) > 1 and "_" in name:
                yield Clash(name, tuple((row.value, row.at) for row in same))

    def _list_uncalled(self) -> Iterator[Place]:
        """Public methods of services whose name no production code calls."""
        called = {f.name.rpartition(".")[2] for f in self._scope.program.list_facts("call")}
        for path in sorted(self._scope.parts.services):
            for symbol, fact in sorted(self._scope.program.list_symbols(path).items(), key=lambda s: s[1].line):
                routed = any((f.path, f.symbol) == (path, symbol) for f in self._scope.parts.routes)
                usual = fact.name.startswith(("on", "_", "constructor")) or fact.attr("access") == "private"
                if fact.attr("kind") == "method" and fact.name not in called and not routed and not usual:
                    yield self._scope.sources.at(fact)

    def _list_dead(self) -> Iterator[NamesRow]:
        for path in sorted(self._scope.parts.client):
            names = tuple(
                symbol
                for symbol, fact in sorted(self._scope.program.list_symbols(path).items(), key=lambda s: s[1].line)
                if fact.attr("kind") in ("function", "hook", "class")
                and fact.attr("exported") == "yes"
                and self._scope.is_dead(path, symbol)
            )
            if names:
                yield NamesRow(names, self._scope.sources.at(path))

    def _list_findings(self) -> tuple[FindingRow, ...]:
        parts = self._scope.parts
        paths = parts.files | parts.mirror_users | parts.mirror_hosts
        found = self._scope.sources.pick_findings(
            "unhandled-event", "unemitted-event", "wrong-namespace", "missing-token", "never-passed", paths=paths
        )
        return found[:_LIST_LIMIT]


def _group_constants(rows: Iterable[ConstantRow]) -> tuple[ConstantGroup, ...]:
    found: dict[str, list[ConstantRow]] = {}
    for row in rows:
        found.setdefault(row.at.path, []).append(row)
    return tuple(ConstantGroup(tuple(group), group[0].at) for _, group in sorted(found.items()))
