"""Where state is kept and in which form: keys, lifetimes, routes, compression, migrations between forms."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of
from kbgen.model import Fact
from kbgen.pages.shared.constants import ConstantRow, list_constants
from kbgen.pages.shared.env_defaults import find_env_default
from kbgen.pages.shared.holes import fold_key
from kbgen.pages.shared.subject import Package, find_importers, list_packages, unique
from kbgen.pages.sources import Excerpt, Place
from kbgen.pages.state.scope import FunctionRow, Scope, group_by_name
from kbgen.pages.values import say
from kbgen.patterns import LazyPattern

_COMPRESSING = LazyPattern(
    r"^(?:lz-?string|pako|fflate|lz4\w*|snappy\w*|brotli\w*|zlib|node:zlib|gzip|zstd\w*|lz-?utf8)$"
)
_THRESHOLD = LazyPattern(r"threshold|_size|max_payload|_bytes", re.IGNORECASE)
_STATED_SIZE = LazyPattern(r"(\d+(?:\.\d+)?)\s?([KM])B\b")
_MIGRATE = LazyPattern(r"migrat", re.IGNORECASE)
_STATE_VERSION = LazyPattern(r"(?:STATE|SCHEMA|STORE|STORAGE|PERSIST\w*)_(?:SCHEMA_)?VERSION|VERSION")
_GUARDS = ("UseGuards", "Auth", "Roles")
_REDIS_VERBS = frozenset("get set setex psetex getex del unlink eval evalsha hget hset hgetall expire incr".split())


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key of a storage, with what is done to it."""

    name: str
    pattern: str
    """The name in single quotes for a shell, with stars for what is not known; ``""`` for a browser's."""
    storage: str
    calls: tuple[str, ...]
    ttl: str
    at: Place


@dataclass(frozen=True, slots=True)
class EnvRow:
    name: str
    default: str
    listed: bool
    """Some env example file of the repository names it."""
    at: Place


@dataclass(frozen=True, slots=True)
class RouteRow:
    method: str
    path: str
    guards: tuple[str, ...]
    """What its class or method is decorated with to let only some in."""
    callers: tuple[Place, ...]
    """Calls of the repository's own clients that reach it, in code that runs."""
    at: Place


@dataclass(frozen=True, slots=True)
class CallRow:
    """A request that the client's side makes."""

    name: str
    served: str
    """The route that serves it, ``""`` for none."""
    nearest: str
    """For one that nothing serves: the route that it may have meant."""
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class StatedSize:
    """A comment that states another size than the constant that it is about."""

    stated: str
    constant: str
    value: str
    at: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Compression:
    packages: tuple[Package, ...]
    functions: tuple[FunctionRow, ...]
    calls: tuple[str, ...]
    """What the package's functions are called."""
    limits: tuple[ConstantRow, ...]
    stated: tuple[StatedSize, ...]


@dataclass(frozen=True, slots=True)
class Migrations:
    versions: tuple[ConstantRow, ...]
    registry: str
    """The list that migrations are in, ``""`` where none is kept."""
    registry_at: Place | None
    entries: int
    functions: tuple[FunctionRow, ...]
    shape: Excerpt | None
    """How one migration is written."""
    callers: tuple[Place, ...]
    logs: tuple[str, ...]


class StorageReader:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def list_browser_keys(self) -> Iterator[KeyRow]:
        for name, facts in sorted(group_by_name(self._scope.parts.keys).items()):
            calls = tuple(sorted({f.attr("call") for f in facts if f.attr("call")}))
            yield KeyRow(name, "", facts[0].attr("storage"), calls, "", self._scope.sources.at(facts[0]))

    def list_server_keys(self) -> Iterator[KeyRow]:
        """Keys in a store of the server, worked out from what the services give its client."""
        found: dict[str, list[tuple[str, Fact]]] = {}
        for path in sorted(self._scope.parts.services):
            for call in self._scope.program.list_facts("call"):
                verb = call.name.rpartition(".")[2]
                if call.path != path or verb not in _REDIS_VERBS or "redis" not in call.name.lower():
                    continue
                given, _ = decode_arguments(call.value)
                position = 2 if verb in ("eval", "evalsha") else 0
                if len(given) <= position:
                    continue
                name = fold_key(self._scope.program, call, given[position])
                if name:
                    found.setdefault(name, []).append((verb, call))
        for name, rows in sorted(found.items()):
            verbs = tuple(sorted({verb for verb, _ in rows}))
            ttl = next((t for _, call in rows if (t := self._find_ttl(call))), "")
            yield KeyRow(name, _make_pattern(name), "redis", verbs, ttl, self._scope.sources.at(rows[0][1]))

    def _find_ttl(self, call: Fact) -> str:
        """The constant or variable that a key's life comes from."""
        given, _ = decode_arguments(call.value)
        for expr in given:
            for name in _walk_names(expr):
                if "ttl" in name.lower():
                    values = [f.text for f in self._scope.program.fold(call.path, call.symbol, ["name", name])]
                    value = next((v for v in values if v.isdigit()), "")
                    constant = next(
                        (r for r in self._scope.constants if value and r.value == value and "TTL" in r.name), None
                    )
                    return (
                        f"{constant.name} = {value}"
                        if constant
                        else f"{name.rpartition('.')[2]} = {value}"
                        if value
                        else ""
                    )
        return ""

    def list_env(self) -> Iterator[EnvRow]:
        examples = [p for p in sorted(self._scope.sources.entries) if posixpath.basename(p).startswith(".env")]
        listed = "\n".join(self._scope.sources.read_text(path) for path in examples)
        seen: set[str] = set()
        for fact in self._scope.sources.list("env"):
            if (fact.path, fact.symbol) in self._scope.places and fact.name not in seen and fact.name != "NODE_ENV":
                seen.add(fact.name)
                named = re.search(rf"\b{re.escape(fact.name)}\b", listed) is not None
                default = " = ".join(filter(None, find_env_default(self._scope.sources, fact)))
                yield EnvRow(fact.name, default, named, self._scope.sources.at(fact))

    def list_routes(self) -> Iterator[RouteRow]:
        for fact in self._scope.parts.routes:
            calls = [m.call for m in self._scope.sources.system.matches if m.route is not None and m.route == fact]
            live = unique(self._scope.sources.at(c) for c in calls if not self._scope.is_dead(c.path, c.symbol))
            yield RouteRow(
                fact.attr("method"), fact.attr("path"), self._find_guards(fact), live[:2], self._scope.sources.at(fact)
            )

    def _find_guards(self, route: Fact) -> tuple[str, ...]:
        owner = route.symbol.rpartition(".")[0]
        found = [
            name
            for symbol in (owner, route.symbol)
            for use in self._scope.program.list_within(route.path, symbol, "decorator")
            if use.name.rpartition(".")[2] in _GUARDS
            for part in decode_arguments(use.value)[0]
            if (name := say(part))
        ]
        return tuple(dict.fromkeys(found))

    def list_calls(self) -> Iterator[CallRow]:
        """Requests of the client's side, and what serves them."""
        for match in self._scope.sources.system.matches:
            call = match.call
            if call.path in self._scope.parts.client:
                served = match.route.name if match.route is not None else ""
                nearest = match.nearest.name if match.nearest is not None and not served else ""
                known = match.verdict in ("matched", "dangling")
                if known:
                    yield CallRow(
                        call.name,
                        served,
                        nearest,
                        self._scope.is_dead(call.path, call.symbol),
                        self._scope.sources.at(call),
                    )

    def read_compression(self) -> Compression | None:
        importers = find_importers(self._scope.sources, lambda name: _COMPRESSING.match(name) is not None)
        homes = sorted(importers & self._scope.parts.client) or sorted(importers & self._scope.parts.services)
        if not homes:
            return None
        modules = {
            f.value for f in self._scope.program.list_facts("import") if f.path in homes and _COMPRESSING.match(f.value)
        }
        names = {
            f.attr("alias") or f.name
            for f in self._scope.program.list_facts("import")
            if f.path in homes and f.value in modules
        }
        functions = tuple(row for path in homes for row in self._scope.list_functions(path))
        limits = tuple(row for row in self._scope.constants if row.at.path in homes and _THRESHOLD.search(row.name))
        return Compression(
            list_packages(self._scope.sources, lambda name: name in modules),
            tuple(row for row in functions if row.callers or row.dead),
            tuple(sorted(names)),
            limits,
            tuple(self._list_stated(limits, homes)),
        )

    def _list_stated(self, limits: Iterable[ConstantRow], homes: Iterable[str]) -> Iterator[StatedSize]:
        """Comments on a size beside the code that is bound by it, which give another number than the constant."""
        near = set(homes) | self._scope.parts.client
        for home in homes:
            near |= {
                f.path
                for f in self._scope.program.list_facts("import")
                if home in self._scope.program.find_modules(f.path, f.value)
            }
            near |= {posixpath.dirname(home) + "/index.ts"} & set(self._scope.program.files)
        for row in limits:
            words = [w.lower()[:8] for w in row.name.rpartition(".")[2].split("_") if len(w) > 4]
            found: dict[str, list[Place]] = {}
            for fact in self._scope.sources.list("comment"):
                text = fact.value.lower()
                if fact.path not in near or not all(word in text for word in words) or not row.value.isdigit():
                    continue
                for line in fact.value.splitlines():
                    for number, unit in _STATED_SIZE.findall(line):
                        size = float(number) * (1024 if unit == "K" else 1024**2)
                        if words[-1] in line.lower() and size != float(row.value):
                            found.setdefault(f"{number}{unit}B", []).append(self._scope.at(fact.path, fact.line))
            for stated, places in sorted(found.items()):
                yield StatedSize(stated, row.name, row.value, unique(places))

    def read_migrations(self) -> Migrations | None:
        homes = [
            path
            for path in sorted(self._scope.parts.client | self._scope.parts.services)
            if _MIGRATE.search(posixpath.basename(path))
        ]
        versions = tuple(self._list_versions())
        if not homes and not versions:
            return None
        registry: Fact | None = None
        for path in homes:
            for fact in self._scope.program.list_within(path, "", "binding"):
                if _MIGRATE.search(fact.name) and tag_of(decode_expr(fact.value)) in ("list", "dict"):
                    registry = registry or fact
        functions = tuple(row for path in homes for row in self._scope.list_functions(path))
        callers = unique(place for row in functions for place in row.callers)
        shape = None
        if registry is not None:
            kind = registry.attr("type").removesuffix("[]").partition("<")[0]
            shape = self._scope.sources.excerpt(registry.path, kind) if kind else None
        logs = tuple(
            f.name
            for path in self._scope.files
            for f in self._scope.list_logs(path)
            if _MIGRATE.search(f.name) and self._scope.is_ours(path, f.line)
        )
        return Migrations(
            versions,
            registry.name if registry is not None else "",
            self._scope.sources.at(registry.path) if registry is not None else None,
            len(decode_expr(registry.value)) - 1 if registry is not None else 0,
            functions,
            shape,
            callers,
            tuple(dict.fromkeys(log for log in logs if "{" not in log))[:4],
        )

    def _list_versions(self) -> Iterator[ConstantRow]:
        """Constants that hold the version of the state's form, in every language."""
        paths = self._scope.parts.client | self._scope.parts.types | {path for path, _ in self._scope.parts.mirrors}
        for row in list_constants(self._scope.sources, paths | self._scope.parts.mirror_users):
            last = row.name.rpartition(".")[2]
            if _STATE_VERSION.fullmatch(last) and row.value.isdigit():
                yield row


def _walk_names(expr: Expr) -> Iterator[str]:
    if tag_of(expr) == "name":
        yield str(expr[1])
    elif tag_of(expr) == "call":
        for part in expr[2]:
            yield from _walk_names(part)


def _make_pattern(name: str) -> str:
    """``'app:state:*:*'`` of ``app:state:{user}:{space}``; nothing in it can end the quotes."""
    return f"'{re.sub(r'[^A-Za-z0-9:_.*/-]', '', re.sub(r'[{][^{}]*[}]', '*', name))}'"
