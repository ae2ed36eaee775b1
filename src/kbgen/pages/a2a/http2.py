"""How the project speaks HTTP today, and what a proxy that speaks HTTP/2 in front of it must do."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kbgen.expressions import Expr, decode_arguments, decode_expr, is_unknown, tag_of
from kbgen.join.program import Place as Definition
from kbgen.model import Fact
from kbgen.pages.a2a.path import A2aPath, find_path
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.constants import ConstantRow, list_constants
from kbgen.pages.shared.health import HealthReader, HealthRow
from kbgen.pages.shared.images import ImageRow, find_image_problems
from kbgen.pages.shared.signs import SignReader
from kbgen.pages.shared.traffic import Service, find_handler, list_services, resolve_text, say_address
from kbgen.pages.shared.waits import WaitReader, find_variable, is_only_reader
from kbgen.pages.sources import Excerpt, Place, Sources
from kbgen.pages.values import read_items, read_pairs, say
from kbgen.patterns import LazyPattern

_DEPTH = 3
_SPARE_S = 30
"""What a proxy waits longer than the service."""


@dataclass(frozen=True, slots=True)
class RunRow:
    call: str
    """``uvicorn.run``"""
    host: str
    port: str
    at: Place


@dataclass(frozen=True, slots=True)
class ServerRow:
    service: Service
    http2: str
    """no, yes or ``""`` where the server is not known."""
    runs: tuple[RunRow, ...]
    """Where its code listens."""


@dataclass(frozen=True, slots=True)
class ClientRow:
    what: str
    """``httpx.AsyncClient``"""
    http2: str
    """The argument as written, ``""`` where none is given."""
    values: tuple[str, ...]
    """What the argument's name may be: ``true``, ``false``."""
    timeout: str
    limits: str
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class StreamRow:
    routes: tuple[str, ...]
    """``POST /agents/x/runs``"""
    kind: str
    """sse, socket.io or websocket."""
    service: str
    port: str
    headers: tuple[str, ...]
    transports: tuple[str, ...]
    ping: str
    http_path: str
    """Where a socket's handshake goes, which is not its namespace."""
    at: Place


@dataclass(frozen=True, slots=True)
class ProxyPart:
    """One service as the configurations show it."""

    service: Service
    host: str
    """``127.0.0.1:7777``"""
    streams: tuple[str, ...]
    """Paths that stream, as a regular expression of nginx has them."""
    caddy_streams: tuple[str, ...]
    socket_path: str
    """``/socket.io/``, ``""`` where the service has no such server."""
    private: tuple[str, ...]
    """Routes that no one outside should reach."""
    timeout_s: int
    """0 where no wait is known."""


@dataclass(frozen=True, slots=True)
class AddressRow:
    variable: str
    default: str
    heard: bool
    """A service of the project listens there."""
    at: Place


@dataclass(frozen=True, slots=True)
class IdleSetting:
    name: str
    variable: str
    default: str
    at: Place


@dataclass(frozen=True, slots=True)
class LongestWait:
    seconds: int
    name: str
    at: Place


@dataclass(frozen=True, slots=True)
class Http2Page:
    servers: tuple[ServerRow, ...]
    main: Service
    clients: tuple[ClientRow, ...]
    """Those that say something of HTTP/2, of limits, or that call agents."""
    others: int
    """Clients that give no `http2`."""
    others_at: tuple[Place, ...]
    switchable: ClientRow | None
    """A client that speaks HTTP/2 only where a package is there."""
    package: str
    package_at: tuple[Place, ...]
    """Manifests that ask for the package."""
    client_packages: tuple[tuple[str, str, Place], ...]
    example: Excerpt | None
    plain: tuple[tuple[str, Place], ...]
    """Base addresses of calls between services, with the caller."""
    parts: tuple[ProxyPart, ...]
    streams: tuple[StreamRow, ...]
    rpc: tuple[str, ...]
    rpc_at: Place | None
    cards: tuple[str, ...]
    health: tuple[HealthRow, ...]
    image_check: str
    image_check_at: Place | None
    longest: LongestWait | None
    waits: tuple[LongestWait, ...]
    """All of them, the longest first."""
    sizes: tuple[ConstantRow, ...]
    listens: tuple[Place, ...]
    """Code that starts a server."""
    tls: tuple[Place, ...]
    """Servers that are given a certificate."""
    trusted: tuple[Place, ...]
    """Where proxies are trusted."""
    by_address: tuple[Place, ...]
    """Limits that count by the address of the caller."""
    storage: tuple[tuple[str, Place], ...]
    adapters: tuple[str, ...]
    """Packages that share socket rooms between processes."""
    proxies: tuple[str, ...]
    """Files of proxies that are in the repository."""
    addresses: tuple[AddressRow, ...]
    unread: tuple[IdleSetting, ...]
    """Settings of the server that no code reads."""
    images: tuple[ImageRow, ...]


def build(sources: Sources, pack: PagePack) -> Http2Page | None:
    path = find_path(sources)
    return _Builder(sources, path).build() if path is not None and path.units else None


class _Builder:
    def __init__(self, sources: Sources, path: A2aPath) -> None:
        self._sources = sources
        self._program = sources.program
        self._path = path
        self._signs = SignReader(sources)
        self._services = {s.id: s for s in list_services(sources)}

    def build(self) -> Http2Page:
        sources, path = self._sources, self._path
        main = self._services.get(path.units[0]) or next(iter(self._services.values()))
        clients = tuple(self._list_clients())
        telling = tuple(c for c in clients if c.http2 or c.limits or self._is_caller(c))
        others = [c for c in clients if not c.http2]
        switchable = next((c for c in clients if len(c.values) > 1 and not c.dead), None)
        streams = tuple(self._list_streams())
        health = self._list_health()
        waits = self._list_waits()
        longest = waits[0] if waits else None
        folder = self._folder_of(main.id)
        scripts = [f for f in sources.list("script") if f.path.rpartition("/")[0] == folder]
        checks = [f for f in scripts if f.name == "healthcheck"]
        package = self._find_package(switchable)
        return Http2Page(
            servers=tuple(self._list_servers()),
            main=main,
            clients=telling,
            others=len(others),
            others_at=tuple(dict.fromkeys(replace(c.at, symbol="") for c in others)),
            switchable=switchable,
            package=package,
            package_at=self._find_manifests(package),
            client_packages=self._list_client_packages(clients),
            example=self._pick_excerpt(switchable or next(iter(telling), None)),
            plain=tuple(self._list_bases()),
            parts=tuple(self._list_parts(main, streams, longest)),
            streams=streams,
            rpc=tuple(r.name for r in path.rpc),
            rpc_at=next((sources.at(*find_handler(r)) for r in path.rpc), None),
            cards=tuple(r.name for r in path.cards),
            health=health,
            image_check=checks[0].value if checks else "",
            image_check_at=sources.at(checks[0]) if checks else None,
            longest=longest,
            waits=waits,
            sizes=self._list_sizes(),
            listens=sources.places(sources.list("server_run")),
            tls=sources.places(
                [
                    *(f for f in sources.list("server_run") if f.attr("certificate") or f.attr("key_file")),
                    *(f for f in sources.list("script") if _CERTIFICATE.search(f.value)),
                ]
            ),
            trusted=sources.places(
                [
                    *sources.list("proxy_trust"),
                    *(f for f in sources.list("server_run") if f.attr("forwarded")),
                    *(f for f in sources.list("script") if _FORWARDED.search(f.value)),
                ]
            ),
            by_address=sources.places(self._find_address_keys()),
            storage=tuple(self._list_storage()),
            adapters=tuple(sorted({d.name for d in sources.list("dependency") if _ADAPTER.search(d.name)})),
            proxies=tuple(sorted(e for e in sources.entries if _PROXY.search(e) and not sources.program.is_test(e))),
            addresses=self._list_addresses(),
            unread=tuple(self._list_unread()),
            images=tuple(i for unit in path.units for i in find_image_problems(sources, self._folder_of(unit))),
        )  # fmt: skip

    def _folder_of(self, unit: str) -> str:
        return next((u.folder or "" for u in self._sources.system.units.all if u.id == unit), "")

    # --------------------------------------------------------------------------------------- servers

    def _list_servers(self) -> Iterator[ServerRow]:
        units = self._sources.system.units
        for service in self._services.values():
            if not service.port and not service.server:
                continue
            runs = [f for f in self._sources.list("server_run") if units.find_unit(f.path) == service.id]
            listens = tuple(
                RunRow(f.name, say_address(f.attr("host")), say_address(f.attr("port")), self._sources.at(f))
                for f in runs
            )
            speaks = "yes" if any("http2" in f.name for f in runs) else _SPEAKS.get(service.server, "")
            yield ServerRow(service, speaks, listens)

    # --------------------------------------------------------------------------------------- clients

    def _list_clients(self) -> Iterator[ClientRow]:
        for fact in self._sources.list("http_client"):
            if fact.attr("library") == "httpx" and fact.name.endswith("Transport"):
                continue
            http2 = self._sources.read_attr(fact, "http2") if fact.attr("http2") else None
            timeout = self._sources.read_attr(fact, "timeout") if fact.attr("timeout") else None
            limits = self._sources.read_attr(fact, "limits") if fact.attr("limits") else None
            yield ClientRow(
                f"{fact.attr('library')}.{fact.name.rpartition('.')[2]}",
                say(http2) if http2 is not None else "",
                self._find_choices(fact, http2),
                self._say_parts(fact, timeout),
                self._say_parts(fact, limits),
                self._signs.is_dead(fact.path, fact.symbol),
                self._sources.at(fact),
            )

    def _find_choices(self, fact: Fact, expr: Expr) -> tuple[str, ...]:
        if expr is None or tag_of(expr) != "name":
            return ()
        values = {
            say(decode_expr(b.value))
            for b in self._program.list_within(fact.path, "", "binding")
            if b.name == expr[1] and b.value
        }
        return tuple(sorted(values & {"true", "false"}, reverse=True))

    def _say_parts(self, fact: Fact, expr: Expr) -> str:
        """``connect 10.0, read 300``, ``…`` for a part that is worked out; ``""`` for what is not read."""
        if expr is None or is_unknown(expr):
            return ""
        scope = (fact.path, fact.symbol)
        if tag_of(expr) == "name":
            # Made once for the module: httpx.Limits(…) kept in a constant.
            kept = [value for _, value in self._program.find_values(fact.path, fact.symbol, expr[1])]
            expr = kept[0] if len(kept) == 1 and tag_of(kept[0]) == "call" else expr
        if tag_of(expr) != "call":
            return resolve_text(self._sources, scope, expr)
        parts = [resolve_text(self._sources, scope, each) for each in expr[2]]
        for word, value in expr[3].items():
            parts.append(f"{word} {resolve_text(self._sources, scope, value) or '…'}")
        return ", ".join(filter(None, parts))

    def _is_caller(self, client: ClientRow) -> bool:
        place = (client.at.path, client.at.symbol)
        return self._path.find_side(Fact("http_client", "", place[0], 1, symbol=place[1])) == "caller"

    def _find_package(self, client: ClientRow | None) -> str:
        """The package whose import decides whether a client speaks HTTP/2."""
        if client is None:
            return ""
        names = {f.value or f.name for f in self._program.list_facts("import") if f.path == client.at.path}
        return next((name for name in ("h2", "hyper", "httpcore") if name in names), "")

    def _find_manifests(self, package: str) -> tuple[Place, ...]:
        if not package:
            return ()
        return self._sources.places(
            d
            for d in self._sources.list("dependency")
            if d.name == package or "http2" in re.split(r"[ ,]+", d.attr("extras"))
        )

    def _list_client_packages(self, clients: Iterable[ClientRow]) -> tuple[tuple[str, str, Place], ...]:
        libraries = {c.what.partition(".")[0] for c in clients}
        rows = [
            (f"{d.name}[{d.attr('extras')}]" if d.attr("extras") else d.name, d.value, self._sources.at(d.path))
            for d in self._sources.list("dependency")
            if d.name in libraries | {"uvicorn", "hypercorn", "granian", "gunicorn", "h2"}
        ]
        return tuple(dict.fromkeys(rows))

    def _pick_excerpt(self, client: ClientRow | None) -> Excerpt | None:
        if client is None:
            return None
        facts = [
            f for f in self._sources.list("http_client") if (f.path, f.symbol) == (client.at.path, client.at.symbol)
        ]
        for fact in facts:
            found = self._sources.excerpt(fact.path, fact.symbol, fact.line)
            if found is not None:
                return found
        return None

    def _list_bases(self) -> Iterator[tuple[str, Place]]:
        seen: set[str] = set()
        for match in (*self._path.calls, *self._path.outside):
            base = match.call.attr("base")
            shown = say_address(base)
            if "://" in base and shown not in seen:
                seen.add(shown)
                yield shown, self._sources.at(match.call)

    # --------------------------------------------------------------------------------------- streams

    def _list_streams(self) -> Iterator[StreamRow]:
        units = self._sources.system.units
        handlers: dict[Definition, list[Fact]] = {}
        for route in self._sources.system.routes:
            handlers.setdefault(find_handler(route), []).append(route)
        for fact in self._sources.list("stream_response"):
            routes = self._find_routes((fact.path, fact.symbol), handlers)
            headers = self._sources.read_attr(fact, "headers") if fact.attr("headers") else None
            unit = units.find_unit(fact.path)
            yield StreamRow(
                tuple(dict.fromkeys(r.name for r in routes)), "sse", unit, self._port(unit),
                _say_headers(headers), (), "", "", self._sources.at(fact),
            )  # fmt: skip
        for name, path, at in self._find_interfaces():
            unit = units.find_unit(at.path)
            yield StreamRow((path,), name, unit, self._port(unit), (), (), "", "", at)
        for fact in self._sources.list("socket_server"):
            unit = units.find_unit(fact.path)
            transports = tuple(map(say, read_items(self._sources.read_attr(fact, "transports"))))
            ping = " / ".join(filter(None, (fact.attr("ping_interval"), fact.attr("ping_timeout"))))
            kind = "socket.io" if "socket" in fact.attr("library") else "websocket"
            http_path = (fact.attr("path").rstrip("/") or "/socket.io") + "/" if kind == "socket.io" else ""
            yield StreamRow(
                (fact.name,), kind, unit, self._port(unit), (), transports, ping, http_path, self._sources.at(fact)
            )
        imports = {f.path for f in self._program.list_facts("import") if _SOCKETS.search(f.value)}
        for fact in self._sources.list("server_run"):
            unit = units.find_unit(fact.path)
            if fact.path in imports and fact.attr("port") and fact.attr("port") != self._port(unit):
                yield StreamRow((), "websocket", unit, fact.attr("port"), (), (), "", "", self._sources.at(fact))

    def _port(self, unit: str) -> str:
        return self._services[unit].port if unit in self._services else ""

    def _find_routes(self, start: Definition, handlers: dict[Definition, list[Fact]]) -> list[Fact]:
        """Routes whose handlers lead to a definition, a few steps away."""
        found: list[Fact] = []
        level, seen = [start], {start}
        for _ in range(_DEPTH):
            further: list[Definition] = []
            for place in level:
                if place in handlers:
                    found += handlers[place]
                    continue
                for caller in self._program.find_callers(place):
                    target = (caller.path, caller.symbol)
                    if target not in seen and not self._program.is_test(caller.path):
                        seen.add(target)
                        further.append(target)
            level = further
        return found

    def _find_interfaces(self) -> Iterator[tuple[str, str, Place]]:
        """Streaming interfaces of agents: the paths that are given for the field that holds theirs."""
        for fact in self._sources.list("agent_endpoint"):
            if fact.attr("protocol") != "ag-ui":
                continue
            folded = self._program.fold_through(fact.path, fact.symbol, self._sources.read_attr(fact, "path"))
            for found in folded[:1]:
                hole = re.fullmatch(r"\{(\w+)\}", found.text)
                if found.text.startswith("/"):
                    yield "ag-ui", found.text, self._sources.at(fact)
                elif hole:
                    yield from (("ag-ui", path, at) for path, at in self._find_given(hole[1]))

    def _find_given(self, word: str) -> Iterator[tuple[str, Place]]:
        for call in self._program.list_facts("call"):
            if f'"{word}"' in call.value and not self._program.is_test(call.path):
                given = decode_arguments(call.value)[1].get(word)
                if isinstance(given, str) and given.startswith("/"):
                    yield given, self._sources.at(call)

    # ---------------------------------------------------------------------------------------- proxies

    def _list_parts(
        self, main: Service, streams: Iterable[StreamRow], longest: LongestWait | None
    ) -> Iterator[ProxyPart]:
        """The agents' service, then those with sockets."""
        rows = list(streams)
        wanted = [main.id, *(r.service for r in rows if r.kind in ("socket.io", "websocket"))]
        for unit in dict.fromkeys(wanted):
            service = self._services.get(unit)
            if service is None or not service.port:
                continue
            own = [row for row in rows if row.service == unit and row.kind in ("sse", "ag-ui")]
            routes = [route.rpartition(" ")[2] for row in own for route in row.routes]
            sockets = [r for r in rows if r.service == unit and r.kind == "socket.io"]
            private = [
                r.attr("path")
                for r in self._sources.system.routes
                if self._sources.system.units.find_unit(r.path) == unit and r.attr("path") == "/metrics"
            ]
            yield ProxyPart(
                service,
                f"127.0.0.1:{service.port}",
                tuple(sorted({_HOLE.sub("[^/]+", route) for route in routes})),
                tuple(p for r in sorted({_HOLE.sub("*", route) for route in routes}) for p in (r, f"{r}/*")),
                sockets[0].http_path if sockets else "",
                tuple(dict.fromkeys(private)),
                longest.seconds + _SPARE_S if longest is not None and unit in self._path.units else 0,
            )

    def _list_waits(self) -> tuple[LongestWait, ...]:
        """Waits of the agents' services in seconds, which a proxy must not undercut; the longest first."""
        reader = WaitReader(self._sources, self._signs.is_dead)
        found: dict[LongestWait, None] = {}
        for row in reader.list_waits(self._path.holds):
            waits = re.search(r"wait_for|read|imeout", row.what)
            in_seconds = row.at.path.endswith((".py", ".pyi")) and re.fullmatch(r"\d+(?:\.\d+)?", row.value)
            if waits and in_seconds and not row.dead and row.source:
                found[LongestWait(math.ceil(float(row.value)), row.source, row.source_at or row.at)] = None
        return tuple(sorted(found, key=lambda w: (-w.seconds, w.name)))

    def _list_sizes(self) -> tuple[ConstantRow, ...]:
        rows = list_constants(self._sources, self._path.files, telling=False)
        return tuple(row for row in rows if _SIZE.search(row.name) and row.value.isdigit())

    def _list_unread(self) -> Iterator[IdleSetting]:
        fields = {(f.path, f.line): f for f in self._sources.list("setting_field")}
        for finding in self._sources.findings:
            if finding.kind != "never-read":
                continue
            for evidence in finding.evidence:
                field = fields.get((evidence.path, evidence.line))
                if field is None or not _SERVING.search(field.name):
                    continue
                default = say(self._sources.read_attr(field, "default"))
                variable = find_variable(self._sources, field)
                if is_only_reader(self._sources, field, variable):
                    yield IdleSetting(field.name, variable, default, self._sources.at(field))

    # ----------------------------------------------------------------------------------------- health

    def _list_health(self) -> tuple[HealthRow, ...]:
        reader = HealthReader(self._sources, self._signs)
        rows = [reader.make_row(route) for route in self._path.health]
        return tuple(sorted((r for r in rows if r.path.count("/") == 1), key=lambda r: r.path))

    # ------------------------------------------------------------------------------------ balancing

    def _find_address_keys(self) -> Iterator[Fact]:
        """Calls that take the caller's address to count requests by."""
        for limiter in self._sources.list("rate_limiter"):
            key = self._sources.read_attr(limiter, "counted_by")
            name = say(key) if tag_of(key) == "name" else ""
            places = self._program.resolve(limiter.path, limiter.symbol, name) if name else ()
            if name.endswith("get_remote_address"):
                yield limiter
            for place in places:
                for call in self._program.list_within(place[0], place[1], "call"):
                    if call.name.rpartition(".")[2] in ("get_remote_address", "get_ipaddr"):
                        yield call

    def _list_storage(self) -> Iterator[tuple[str, Place]]:
        for limiter in self._sources.list("rate_limiter"):
            for call in self._program.list_within(limiter.path, limiter.symbol, "call"):
                if call.line == limiter.line and call.value:
                    given = decode_arguments(call.value)[1].get("storage_uri")
                    if given is not None and tag_of(given) == "name":
                        values = self._program.find_values(call.path, call.symbol, given[1])
                        given = values[0][1] if values else given
                    if given is not None and not is_unknown(given):
                        yield say(given), self._sources.at(limiter)

    # ----------------------------------------------------------------------------------- addresses

    def _list_addresses(self) -> tuple[AddressRow, ...]:
        """Variables whose default is an address of this machine: what must change with the public address."""
        heard = {s.port for s in self._services.values()} | {
            f.attr("port") for f in self._sources.list("server_run") if f.attr("port").isdigit()
        }
        rows: dict[tuple[str, str], AddressRow] = {}
        settings = {(f.path, f.line): f for f in self._sources.list("setting_field")}
        for fact in self._sources.list("env"):
            found = _LOCAL.search(fact.value)
            if not found or not _URL.search(fact.name) or _TESTING.search(fact.path):
                continue
            setting = settings.get((fact.path, fact.line))
            variable = find_variable(self._sources, setting) if setting is not None else fact.name
            row = AddressRow(variable, found[0], found[1] in heard, self._sources.at(fact))
            rows.setdefault((row.variable, row.default), row)
        return tuple(row for _, row in sorted(rows.items()) if _is_web(row.default, self._sources))


_SPEAKS = {
    "uvicorn": "no", "waitress": "no", "node": "no", "next": "no",
    "hypercorn": "yes", "granian": "yes", "daphne": "yes",
}  # fmt: skip
"""Whether a server speaks HTTP/2 as it is started here, by its documentation."""
_ADAPTER = LazyPattern(r"^@socket\.io/(?:redis|cluster|mongo|postgres)[\w-]*adapter$|^socket\.io-redis$")
_PROXY = LazyPattern(
    r"(?:^|/)(?:[\w.-]*nginx[\w.-]*\.(?:conf|template|ya?ml)|nginx\.conf[\w.]*|Caddyfile[\w.]*|haproxy\.cfg"
    r"|traefik[\w.-]*\.(?:ya?ml|toml)|envoy[\w.-]*\.ya?ml|[\w.-]*ingress[\w.-]*\.ya?ml)$",
    re.IGNORECASE,
)
_FORWARDED = LazyPattern(r"--forwarded-allow-ips|--proxy-headers|FORWARDED_ALLOW_IPS")
_SERVING = LazyPattern(r"^(?:host|port|workers|keep_alive\w*|request_timeout\w*|max_concurrent\w*)$")
_SIZE = LazyPattern(r"(?:MESSAGE|BODY|PAYLOAD|REQUEST)\w*_(?:SIZE|BYTES|MB)\w*$")
_CERTIFICATE = LazyPattern(r"--ssl-(?:certfile|keyfile)|--certfile|--ssl-certificate|--experimental-https")
_SOCKETS = LazyPattern(r"^(?:ws|@hocuspocus/server|y-websocket|websockets|faye-websocket|uWebSockets\.js)\b")
_HOLE = LazyPattern(r"\{[^{}]*\}")
_LOCAL = LazyPattern(r"https?://(?:localhost|127\.0\.0\.1):(\d+)")
_TESTING = LazyPattern(r"(?:^|/)(?:playwright|vitest|jest|cypress)[\w.-]*\.[cm]?[jt]s$")
_URL = LazyPattern(r"URL|ORIGIN|HOST|ADDRESS|ENDPOINT")


def _is_web(address: str, sources: Sources) -> bool:
    """Not the address of a store or of a collector that compose runs."""
    port = address.rpartition(":")[2]
    for fact in sources.list("port"):
        if fact.attr("source") == "compose" and port in (fact.value, fact.name):
            unit = sources.system.units.find_by_name(fact.attr("service"))
            if unit is None or unit.folder is None:
                return False
    return True


def _say_headers(expr: Expr) -> tuple[str, ...]:
    return tuple(f"{key}: {say(value)}" for key, value in read_pairs(expr).items() if say(value))
