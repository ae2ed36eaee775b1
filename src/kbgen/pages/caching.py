"""What is kept to be asked for again: caches of servers and of the front end, how long they live, what ends them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of, walk_expr
from kbgen.model import Fact
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.constants import list_constants
from kbgen.pages.shared.env_defaults import find_env_default
from kbgen.pages.shared.holes import fold_key
from kbgen.pages.shared.readings import find_options, work_out
from kbgen.pages.shared.subject import Package, Reached, TestRow, list_packages, list_tests, unique
from kbgen.pages.sources import Excerpt, FindingRow, Place, Sources
from kbgen.pages.values import say, walk_pairs
from kbgen.patterns import LazyPattern

_CACHE = LazyPattern(r"cache", re.IGNORECASE)
_CACHE_CLASS = LazyPattern(r"Cache(?:Service|Manager|Client|Store|Provider|Backend)?$")
_HOLDER = LazyPattern(r"^_?\w*cache$", re.IGNORECASE)
_HOLDING = frozenset({"Map", "WeakMap", "dict", "OrderedDict", "defaultdict", "LRUCache", "TTLCache"})
_ENV = LazyPattern(r"CACHE|(?:^|_)TTL(?:_|$)|STALE|GC_TIME|REVALIDATE")
_ENDING = LazyPattern(
    r"^(?:invalidate|clear|evict|flush|purge|reset|bust)_?\w*cache|^cache_?(?:clear|invalidate)", re.IGNORECASE
)
_STORE_WRITES = frozenset({"set", "setex", "setEx", "psetex", "expire", "pexpire"})
_STORE_NAME = LazyPattern(r"(?:^|[._])(?:redis|valkey)\w*(?:\(\))?\.|(?:^|\.)(?:redis|valkey)\w*\.", re.IGNORECASE)
_LIFE_WORDS = ("EX", "PX", "EXAT", "PXAT")
_QUERY_LIBRARIES = ("@tanstack/react-query", "react-query", "swr", "@reduxjs/toolkit", "@apollo/client")
_TIMES = ("staleTime", "gcTime", "cacheTime", "refetchInterval", "dedupingInterval", "refreshInterval")
_ENDS = frozenset({"invalidateQueries", "removeQueries", "resetQueries", "setQueryData", "cancelQueries"})
_STOPS = "cancelQueries"
"""Stops a request under way; what is kept stays as fresh as it was."""
_CHANGES = "setQueryData"
_OPTIONS = {"ttl": ("staleTime",), "gc": ("gcTime", "cacheTime"), "refetch": ("refetchInterval", "refreshInterval")}
"""What a time of a query is called in its options, by the attribute that keeps it."""
_LIST_LIMIT = 12


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A value that is written with a lifetime to a store on the server."""

    key: str
    life: str
    """``NAME = 60`` or a number, with its unit."""
    unit: str
    """``s`` or ``ms``."""
    lock: bool
    """Written only where nothing is there: a lock or a mark, not a cache."""
    at: Place


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """What a process keeps: a decorated function, or a table named for it."""

    name: str
    how: str
    """``lru_cache``, ``Map``, ``dict``."""
    bound: str
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class SettingRow:
    name: str
    value: str
    env: str
    """The environment variable that overrides it, or ``""``."""
    read: bool
    at: Place


@dataclass(frozen=True, slots=True)
class EnvRow:
    name: str
    constant: str
    """The constant that holds where it is not set, or ``""``."""
    default: str
    listed: bool
    at: Place


@dataclass(frozen=True, slots=True)
class ConfigRow:
    """A named set of options that queries share."""

    name: str
    options: tuple[tuple[str, str], ...]
    users: tuple[Place, ...]
    more: int
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class StaleRow:
    """Queries that stay fresh for one time."""

    stale: str
    keys: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class QueryRow:
    key: str
    stale: str
    kept: str
    refetch: str
    off: bool
    """It is told not to ask again by itself, under some condition where `refetch` says a time too."""
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class KeyRow:
    key: str
    queries: int
    ended: int
    """In how many places it is invalidated, reset or removed."""
    at: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class EndingRow:
    name: str
    named: bool
    """Some call outside tests has the name, whatever it is called on."""
    callers: tuple[Place, ...]
    more: int
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class SilentRow:
    """Metrics of caches, of one file, that nothing running records."""

    names: tuple[str, ...]
    recorders: tuple[str, ...]
    """Dead code that would."""
    at: Place


@dataclass(frozen=True, slots=True)
class CachingPage:
    classes: tuple[Place, ...]
    """Classes that are named for a cache."""
    stores: tuple[StoreRow, ...]
    memory: tuple[MemoryRow, ...]
    settings: tuple[SettingRow, ...]
    unread: tuple[SettingRow, ...]
    env: tuple[EnvRow, ...]
    packages: tuple[Package, ...]
    defaults: tuple[ConfigRow, ...]
    configs: tuple[ConfigRow, ...]
    stale: tuple[StaleRow, ...]
    plain: int
    """Queries that say nothing of their times."""
    queries: tuple[QueryRow, ...]
    calls: tuple[tuple[str, int], ...]
    """(what is called to end or change what is kept, how often)"""
    stops: int
    """Calls that only stop a request under way."""
    keys: tuple[KeyRow, ...]
    unknown: tuple[KeyRow, ...]
    """Keys that are ended, and that no query has."""
    lasting: tuple[str, ...]
    """Keys of queries that nothing ends."""
    endings: tuple[EndingRow, ...]
    live: tuple[Place, ...]
    """Code that ends queries when a socket's event comes."""
    example: Excerpt | None
    findings: tuple[FindingRow, ...]
    silent: tuple[SilentRow, ...]
    tests: tuple[TestRow, ...]


def build(sources: Sources, pack: PagePack) -> CachingPage | None:
    return _Reader(sources).read()


class _Reader:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._program = sources.program
        self._reached = Reached(sources)
        self._facts = sources.list("cache")
        calls = tuple(f for f in sources.list("cache_invalidate") if f.attr("rule") != "cache-delete")
        self._ends = tuple(f for f in calls if f.attr("call") != _STOPS)
        self._stops = len(calls) - len(self._ends)

    def read(self) -> CachingPage | None:
        stores = tuple(self._list_stores())
        memory = tuple(self._list_memory())
        queries = tuple(self._list_queries())
        if not (stores or memory or queries):
            return None
        env = tuple(self._list_env())
        settings = tuple(self._list_settings({(row.at.path, row.constant): row.name for row in env if row.constant}))
        configs = tuple(self._list_configs())
        keys = tuple(self._list_keys())
        known = {f.name for f in self._facts if f.attr("what") == "query"}
        spelled = self._find_spelled(frozenset(row.key for row in keys if row.key not in known))
        homes = {row.at.path for row in stores} | {row.at.path for row in memory} | {row.at.path for row in configs}
        homes |= {row.at.path for row in settings if _CACHE.search(row.name)}
        return CachingPage(
            classes=tuple(self._list_classes()),
            stores=stores,
            memory=memory,
            settings=tuple(row for row in settings if row.read),
            unread=tuple(row for row in settings if not row.read),
            env=env,
            packages=list_packages(self._sources, lambda name: name in _QUERY_LIBRARIES or "redis" in name.split("/")),
            defaults=tuple(self._list_defaults()),
            configs=configs,
            stale=_group_stale(queries),
            plain=sum(1 for row in queries if not (row.stale or row.kept or row.refetch or row.off)),
            queries=tuple(row for row in queries if row.kept or row.refetch or row.off),
            calls=self._count_calls(),
            stops=self._stops,
            keys=tuple(row for row in keys if row.key in known)[:_LIST_LIMIT],
            unknown=tuple(row for row in keys if row.key not in known and row.key not in spelled),
            lasting=tuple(sorted(key for key in known - {f.name for f in self._ends} if "{" not in key and key)),
            endings=tuple(sorted(self._list_endings(), key=lambda row: (not row.callers, row.at.path, row.name))),
            live=self._list_live(),
            example=self._find_example(),
            findings=self._list_findings(),
            silent=tuple(self._list_silent()),
            tests=tuple(r for r in list_tests(self._sources, homes) if _CACHE.search(r.at.path))[:_LIST_LIMIT],
        )

    def _list_classes(self) -> Iterator[Place]:
        for fact in self._program.list_facts("symbol"):
            if fact.attr("kind") == "class" and _CACHE_CLASS.search(fact.name):
                yield self._sources.at(fact)

    # -------------------------------------------------------------------------------------------- servers

    def _list_stores(self) -> Iterator[StoreRow]:
        """Writes with a lifetime to a store that speaks Redis; a key once, with each of its lifetimes."""
        seen: set[tuple[str, str]] = set()
        for call in self._program.list_facts("call"):
            verb = call.name.rpartition(".")[2]
            if verb not in _STORE_WRITES or not _STORE_NAME.search(call.name):
                continue
            given, words = decode_arguments(call.value)
            found = _find_life(verb, given, words)
            if found is None or not given:
                continue
            life, unit = found
            key = self._fold(call, given[0])
            row = StoreRow(key, self._say_life(call, life), unit, _is_lock(given, words), self._sources.at(call))
            if (row.key, row.life) not in seen:
                seen.add((row.key, row.life))
                yield row

    def _fold(self, call: Fact, expr: Expr) -> str:
        return fold_key(self._program, call, expr) or "{" + (say(expr) or "…") + "}"

    def _say_life(self, call: Fact, expr: Expr) -> str:
        name = say(expr)
        folded = [f.text for f in self._program.fold(call.path, call.symbol, expr)[:1]]
        value = folded[0] if folded and folded[0] and "{" not in folded[0] else ""
        if tag_of(expr) == "literal" or not name:
            return name or value
        short = name.rpartition(".")[2]
        return f"{short} = {value}" if value else short

    def _list_memory(self) -> Iterator[MemoryRow]:
        for fact in self._facts:
            if fact.attr("what") in ("function", "memory", "store"):
                how = fact.attr("decorator") or fact.attr("what")
                dead = self._reached.is_dead(fact.path, fact.symbol)
                yield MemoryRow(fact.name, how, fact.attr("max"), dead, self._sources.at(fact))
        seen: set[tuple[str, str]] = set()
        for kind in ("field", "binding"):
            for fact in self._program.list_facts(kind):
                name = fact.name.rpartition(".")[2]
                how = _find_holder(decode_expr(fact.value)) if fact.value else ""
                owner = fact.symbol.partition(".")[0]
                local = kind == "binding" and "." not in fact.name and fact.symbol and not self._is_class(fact)
                if how and _HOLDER.search(name) and not local and (fact.path, name) not in seen:
                    seen.add((fact.path, name))
                    dead = bool(owner) and self._reached.is_dead(fact.path, owner)
                    yield MemoryRow(name, how, "", dead, self._sources.at(fact.path, owner))

    def _is_class(self, fact: Fact) -> bool:
        return self._program.is_class((fact.path, fact.symbol))

    def _list_settings(self, overridden: Mapping[tuple[str, str], str]) -> Iterator[SettingRow]:
        """Constants that give a lifetime, with the variable that overrides them and whether anything reads them."""
        facts = [f for f in self._facts if f.attr("what") == "setting"]
        rows = {
            (row.at.path, row.name.rpartition(".")[2]): row
            for row in list_constants(self._sources, {f.path for f in facts})
        }
        seen: set[tuple[str, str]] = set()
        for fact in facts:
            name = fact.name.rpartition(".")[2]
            if (fact.path, name) in seen:
                continue
            seen.add((fact.path, name))
            row = rows.get((fact.path, name))
            env, default = _split_env(self._sources.read_attr(fact, "ttl"))
            if not env and not name.isupper():
                continue
            env = env or overridden.get((fact.path, name), "")
            yield SettingRow(name, default, env, row is None or row.read, self._sources.at(fact))

    def _list_env(self) -> Iterator[EnvRow]:
        examples = [p for p in sorted(self._sources.entries) if posixpath.basename(p).startswith(".env")]
        listed = "\n".join(self._sources.read_text(path) for path in examples)
        seen: set[str] = set()
        for fact in self._sources.list("env"):
            if _ENV.search(fact.name) and fact.name not in seen:
                seen.add(fact.name)
                named = re.search(rf"\b{re.escape(fact.name)}\b", listed) is not None
                constant, value = find_env_default(self._sources, fact)
                default = " = ".join(filter(None, (constant, value)))
                yield EnvRow(fact.name, constant, default, named, self._sources.at(fact))

    # ------------------------------------------------------------------------------------------ front end

    def _list_queries(self) -> Iterator[QueryRow]:
        for fact in self._facts:
            if fact.attr("what") == "query":
                stale, kept = self._say_time(fact, "ttl"), self._say_time(fact, "gc")
                refetch, off = self._read_refetch(fact)
                dead = self._reached.is_dead(fact.path, fact.symbol)
                yield QueryRow(fact.name, stale, kept, refetch, off, dead, self._sources.at(fact))

    def _say_time(self, fact: Fact, key: str) -> str:
        """A time that a query is given: folded, worked out where it is arithmetic, else as written."""
        if fact.attr(key):
            return say(self._sources.read_attr(fact, key))
        written = find_options(self._sources.read_text(fact.path), fact.path, fact.line)
        text = next((written[name] for name in _OPTIONS[key] if name in written), "")
        return work_out(text, lambda name: self._find_number(fact, name)) or text

    def _find_number(self, fact: Fact, name: str) -> str:
        folded = self._program.fold(fact.path, fact.symbol, ["name", name])
        return folded[0].text if len(folded) == 1 else ""

    def _read_refetch(self, fact: Fact) -> tuple[str, bool]:
        """(how often a query asks again, whether it is told not to)"""
        if not fact.attr("refetch"):
            return self._say_time(fact, "refetch"), False
        expr: Expr = self._sources.read_attr(fact, "refetch")
        given = expr[1:] if tag_of(expr) == "any" else [expr]
        times = [part for part in given if part is not None and part is not False]
        return " or ".join(filter(None, map(say, times))), len(times) < len(given)

    def _list_defaults(self) -> Iterator[ConfigRow]:
        for fact in self._facts:
            if fact.attr("what") == "query-defaults":
                options = self._sources.read_attr(fact, "options")
                pairs = [(key, value) for key, value in walk_pairs(options) if tag_of(value) != "dict"]
                shown = tuple((key, say(value)) for key, value in pairs if say(value))
                yield ConfigRow(fact.name, shown, (), 0, False, self._sources.at(fact))

    def _list_configs(self) -> Iterator[ConfigRow]:
        """Constants that are options of queries, or lifetimes for them."""
        for fact in self._program.list_facts("binding"):
            expr = decode_expr(fact.value) if not fact.symbol and "." not in fact.name else None
            if tag_of(expr) != "dict" or not isinstance(expr, list):
                continue
            keys = {key for key, _ in expr[1:] if isinstance(key, str)}
            named = _CACHE.search(fact.name) and keys and all(key.isupper() for key in keys)
            if not keys.intersection(_TIMES) and not named:
                continue
            shown = tuple((key, self._say_option(fact, value)) for key, value in expr[1:] if isinstance(key, str))
            users = unique(self._sources.at(f) for f in self._find_users(fact))
            live = [f for f in self._find_users(fact) if not self._reached.is_dead(f.path, f.symbol)]
            yield ConfigRow(
                fact.name, tuple(p for p in shown if p[1]), users[:2], len(users[2:]), not live, self._sources.at(fact)
            )

    def _say_option(self, fact: Fact, expr: Expr) -> str:
        folded = [f.text for f in self._program.fold(fact.path, fact.symbol, expr)[:1]]
        if tag_of(expr) == "any":
            numbers = [t.text for t in self._program.fold(fact.path, fact.symbol, expr) if t.text.isdigit()]
            return numbers[0] if numbers else say(expr)
        return folded[0] if folded and folded[0] and "{" not in folded[0] else say(expr)

    def _find_users(self, fact: Fact) -> list[Fact]:
        """Definitions of other files that mention a constant which they import, with its name."""
        importers = {
            f.path
            for f in self._program.list_facts("import")
            if f.name == fact.name
            and fact.path in {p for p, _ in self._program.resolve(f.path, "", f.attr("alias") or f.name)}
        }
        found: dict[tuple[str, str], Fact] = {}
        for ref in self._program.list_facts("reference"):
            if ref.path in importers and ref.symbol and re.search(rf"(?:^|\s){re.escape(fact.name)}@", ref.value):
                found.setdefault((ref.path, ref.symbol), ref)
        return list(found.values())

    # -------------------------------------------------------------------------------------------- endings

    def _count_calls(self) -> tuple[tuple[str, int], ...]:
        counts: dict[str, int] = {}
        for fact in self._ends:
            counts[fact.attr("call")] = counts.get(fact.attr("call"), 0) + 1
        return tuple(sorted(counts.items(), key=lambda c: (-c[1], c[0])))

    def _list_keys(self) -> Iterator[KeyRow]:
        queries: dict[str, int] = {}
        for fact in self._facts:
            if fact.attr("what") == "query":
                queries[fact.name] = queries.get(fact.name, 0) + 1
        ends: dict[str, list[Fact]] = {}
        for fact in self._ends:
            if fact.name and "{" not in fact.name and fact.attr("call") != _CHANGES:
                ends.setdefault(fact.name, []).append(fact)
        for key, facts in sorted(ends.items(), key=lambda e: (-len(e[1]), e[0])):
            yield KeyRow(key, queries.get(key, 0), len(facts), unique(self._sources.at(f) for f in facts)[:2])

    def _find_spelled(self, keys: frozenset[str]) -> frozenset[str]:
        """Those of the keys that some list in the code begins with, besides what is handed to an ending call."""
        found: set[str] = set()
        for kind in ("binding", "return", "call", "jsx"):
            for fact in self._program.list_facts(kind):
                if '["list","' not in fact.value or _is_ending(fact.name):
                    continue
                if not any(f'["list","{key}"' in fact.value for key in keys - found):
                    continue
                given, words = (
                    decode_arguments(fact.value) if kind in ("call", "jsx") else ([decode_expr(fact.value)], {})
                )
                for expr in (*given, *words.values()):
                    found.update(_list_heads(expr))
        return keys & found

    def _list_endings(self) -> Iterator[EndingRow]:
        called = {f.name.rpartition(".")[2] for f in self._program.list_facts("call")}
        for fact in self._program.list_facts("symbol"):
            if fact.attr("kind") not in ("function", "method") or not _ENDING.search(fact.name):
                continue
            places = unique(self._sources.at(c) for c in self._program.find_callers((fact.path, fact.symbol)))
            dead = self._reached.is_dead(fact.path, fact.symbol)
            yield EndingRow(fact.symbol, fact.name in called, places[:2], len(places[2:]), dead, self._sources.at(fact))

    def _list_live(self) -> tuple[Place, ...]:
        listening = {f.path for f in self._sources.list("socket_on") if f.attr("side") == "client"}
        return unique(self._sources.at(f.path) for f in self._ends if f.path in listening)[:_LIST_LIMIT]

    def _find_example(self) -> Excerpt | None:
        timed = [
            f
            for f in self._facts
            if f.attr("what") == "query" and f.attr("ttl") and not self._reached.is_dead(f.path, f.symbol)
        ]
        return self._sources.pick_excerpt(timed, 20)

    def _list_findings(self) -> tuple[FindingRow, ...]:
        found = self._sources.pick_findings("default-disagrees", "unread-setting")
        return tuple(f for f in found if _CACHE.search(str(f.title)))[:_LIST_LIMIT]

    def _list_silent(self) -> Iterator[SilentRow]:
        """Of the metrics that nothing running records those that are named for a cache."""
        metrics = {(f.path, f.attr("target").rpartition(".")[2]): f for f in self._sources.list("metric")}
        for finding in self._sources.findings:
            if finding.kind != "never-recorded":
                continue
            places = [(e.path, e.symbol) for e in finding.evidence]
            found = [metrics[place] for place in places if place in metrics and _CACHE.search(metrics[place].name)]
            recorders = tuple(
                symbol for path, symbol in places if (path, symbol) not in metrics and _CACHE.search(symbol)
            )
            if found:
                yield SilentRow(tuple(f.name for f in found), recorders, self._sources.at(found[0].path))


def _is_ending(callee: str) -> bool:
    return callee.rpartition(".")[2] in _ENDS


def _list_heads(expr: Expr) -> Iterator[str]:
    """The first texts of lists in an expression, those in calls that end queries left out."""
    if tag_of(expr) == "call" and _is_ending(str(expr[1])):
        return
    if tag_of(expr) == "list" and len(expr) > 1 and isinstance(expr[1], str):
        yield expr[1]
    for part in _list_parts(expr):
        yield from _list_heads(part)


def _list_parts(expr: Expr) -> list[Expr]:
    """What stands directly in an expression."""
    tag = tag_of(expr)
    if tag == "call":
        return [*expr[2], *expr[3].values()]
    if tag == "dict":
        return [value for _, value in expr[1:]]
    return list(expr[1:]) if tag in ("list", "any", "fn", "text", "spread", "item") else []


def _find_life(verb: str, given: list[Expr], words: dict[str, Expr]) -> tuple[Expr, str] | None:
    """(lifetime, its unit) that a write gives, None where it gives none."""
    for word in _LIFE_WORDS:
        if word in given[:-1]:
            return given[given.index(word) + 1], "ms" if word.startswith("PX") else "s"
        for key in (word, word.lower()):
            if key in words:
                return words[key], "ms" if word.startswith("PX") else "s"
    if verb in ("setex", "setEx", "psetex", "expire", "pexpire") and len(given) > 1:
        return given[1], "ms" if verb.startswith("p") else "s"
    for arg in given[1:]:
        if tag_of(arg) == "dict":
            for key, value in arg[1:]:
                if str(key).upper() in _LIFE_WORDS:
                    return value, "ms" if str(key).upper().startswith("PX") else "s"
    return None


def _is_lock(given: list[Expr], words: dict[str, Expr]) -> bool:
    return "NX" in given or "nx" in words or any(("NX", True) in _flat(arg) for arg in given)


def _flat(expr: Expr) -> list[tuple[str, Expr]]:
    return [(str(key), value) for key, value in expr[1:]] if tag_of(expr) == "dict" else []


def _find_holder(expr: Expr) -> str:
    """``Map`` of ``new Map()``, ``dict`` of ``{}``, ``""`` for anything that keeps no table."""
    if tag_of(expr) == "call" and str(expr[1]).rpartition(".")[2] in _HOLDING:
        return str(expr[1]).rpartition(".")[2]
    return "dict" if tag_of(expr) == "dict" and len(expr) == 1 else ""


def _split_env(expr: Expr) -> tuple[str, str]:
    """(environment variable, default or value) of a lifetime."""
    if isinstance(expr, str):
        found = re.fullmatch(r"\{env:(\w+)(?:\|([^{}]*))?\}", expr)
        return (found[1], found[2] or "") if found else ("", expr)
    env = next((str(p[1]) for p in walk_expr(expr) if tag_of(p) == "env"), "")
    for part in walk_expr(expr):
        if tag_of(part) == "any":
            literal = next((say(p) for p in part[1:] if tag_of(p) == "literal"), "")
            if literal:
                return env, literal
    return env, "" if env else say(expr)


def _group_stale(rows: Iterable[QueryRow]) -> tuple[StaleRow, ...]:
    found: dict[str, list[QueryRow]] = {}
    for row in rows:
        if row.stale:
            found.setdefault(row.stale, []).append(row)
    ordered = sorted(found.items(), key=lambda f: (int(f[0]) if f[0].isdigit() else 1 << 60, f[0]))
    return tuple(StaleRow(stale, tuple(dict.fromkeys(r.key for r in rows))[:6], len(rows)) for stale, rows in ordered)
