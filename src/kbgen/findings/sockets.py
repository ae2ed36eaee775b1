"""Socket clients and servers that miss each other: namespaces, tokens, events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from kbgen.expressions import decode_arguments, tag_of
from kbgen.findings.base import Reading, code, count, list_names, with_items
from kbgen.model import Fact, Finding
from kbgen.patterns import LazyPattern

_LIBRARIES = frozenset({"socket.io", "socket.io-client", "python-socketio"})
_BUILT_IN = frozenset(
    "connect connection connected disconnect disconnecting connect_error connect_timeout error reconnect "
    "reconnecting reconnect_attempt reconnect_error reconnect_failed ping pong newListener removeListener exception "
    "message *".split()
)
_HOLE = LazyPattern(r"\{([^{}]*)\}")
_CONSTANT = LazyPattern(r"[A-Z][A-Z0-9_]*")


@dataclass(slots=True)
class _Server:
    unit: str
    facts: list[Fact] = field(default_factory=list)
    namespaces: set[str] = field(default_factory=set)
    handlers: list[Fact] = field(default_factory=list)
    emits: list[Fact] = field(default_factory=list)


@dataclass(slots=True)
class _Client:
    connect: Fact
    namespaces: set[str]
    """``*`` when one is not known."""
    servers: list[_Server]
    certain: bool
    """Whether its address leads there, or there is no other server."""
    handlers: list[Fact] = field(default_factory=list)
    emits: list[Fact] = field(default_factory=list)


def find_socket_gaps(reading: Reading) -> Iterator[Finding]:
    servers = _find_servers(reading)
    if not servers:
        return
    clients = _find_clients(reading, servers)
    for client in clients:
        yield from _check_namespace(reading, client)
        yield from _check_token(reading, client)
        yield from _check_events(reading, client)
    yield from _find_unheard(reading, servers, clients)


def _find_servers(reading: Reading) -> list[_Server]:
    found: dict[str, _Server] = {}
    by_kind = reading.system.by_kind
    files = set()
    for fact in by_kind.get("socket_server", ()):
        if fact.attr("library") in _LIBRARIES:
            unit = reading.find_unit(fact.path)
            server = found.setdefault(unit, _Server(unit))
            server.facts.append(fact)
            server.namespaces.add(fact.attr("ns") or "/")
            files.add(fact.path)
    for kind in ("socket_on", "socket_emit"):
        for fact in by_kind.get(kind, ()):
            server_side = fact.attr("side") == "server" or (not fact.attr("side") and fact.path in files)
            unit = reading.find_unit(fact.path)
            if server_side and unit in found:
                (found[unit].handlers if kind == "socket_on" else found[unit].emits).append(fact)
                if kind == "socket_on" and fact.attr("ns") not in ("", "*"):
                    found[unit].namespaces.add(fact.attr("ns"))
    return list(found.values())


def _find_clients(reading: Reading, servers: list[_Server]) -> list[_Client]:
    by_kind = reading.system.by_kind
    served = {fact.path for server in servers for fact in server.facts}
    found = []
    for fact in by_kind.get("socket_connect", ()):
        if fact.attr("library") not in _LIBRARIES or fact.path in served:
            continue
        texts = reading.mesh.fold_attr(fact, "url") or [fact.name]
        targets = {a.unit for text in texts for a in reading.system.resolve(_cut_path(text), fact.path) if a.unit}
        fitting = [server for server in servers if server.unit in targets]
        certain = bool(fitting)
        if not fitting:
            fitting = [server for server in servers if server.unit != reading.find_unit(fact.path)]
            certain = len(fitting) == 1 and not targets
        if not fitting or not certain:
            continue
        top = fact.symbol.partition(".")[0]

        def stands_beside(other: Fact, path: str = fact.path, top: str = top) -> bool:
            return other.path == path and other.symbol.partition(".")[0] == top and other.attr("side") != "server"

        handlers = [f for f in by_kind.get("socket_on", ()) if stands_beside(f)]
        emits = [f for f in by_kind.get("socket_emit", ()) if stands_beside(f)]
        namespaces = {fact.attr("ns") or _find_path(texts)}
        if fact.attr("library") == "python-socketio":
            namespaces = {f.name for f in by_kind.get("socket_namespace", ()) if stands_beside(f)} or namespaces
            namespaces |= {f.attr("ns") for f in handlers if f.attr("ns") not in ("", "/")}
            if fact.attr("namespaces") and not any(
                f.name for f in by_kind.get("socket_namespace", ()) if stands_beside(f)
            ):
                namespaces = {"*"}
        found.append(_Client(fact, namespaces, fitting, certain, handlers, emits))
    return found


def _cut_path(text: str) -> str:
    """The address without the namespace behind it."""
    match = _ADDRESS.match(text)
    return match[0] if match is not None else text


_ADDRESS = LazyPattern(r"^(?:(?:[a-z][a-z0-9+.\-]*://)?\{[^{}]*\}(?::\d+)?|[a-z][a-z0-9+.\-]*://[^/]*)", re.IGNORECASE)


def _find_path(texts: Sequence[str]) -> str:
    """The namespace at the end of an address; ``*`` when a hole may hold it."""
    paths = {text[len(_cut_path(text)) :].split("?")[0].rstrip("/") or "/" for text in texts}
    if len(paths) != 1:
        return "*"
    path = next(iter(paths))
    return "*" if "{" in path else path


def _name_client(client: _Client) -> str:
    return code(client.connect.symbol or client.connect.path)


def _check_namespace(reading: Reading, client: _Client) -> Iterator[Finding]:
    offered = {namespace for server in client.servers for namespace in server.namespaces}
    if "*" in client.namespaces or client.namespaces & offered or "*" in offered or "" in client.namespaces:
        return
    fact = client.connect
    unit = " and ".join(reading.name_unit(server.unit) for server in client.servers)
    dead = reading.is_idle(fact.path, fact.symbol)
    yield reading.make(
        "wrong-namespace",
        (fact.path, fact.symbol),
        f"{_name_client(client)} connects to the socket namespace {list_names(client.namespaces)}, "
        f"{unit} serves {list_names(offered)}",
        "No namespace is given with the address, and none of its handlers names one."
        if client.namespaces == {"/"}
        else "The namespace is the path of the address.",
        [fact, *(f for server in client.servers for f in server.facts)],
        "dead" if dead else "broken",
    )


def _check_token(reading: Reading, client: _Client) -> Iterator[Finding]:
    fact = client.connect
    if any(fact.attr(key) for key in ("auth", "headers", "query", "extraHeaders")) or not _shows_options(reading, fact):
        return
    for server in client.servers:
        for gateway in _find_meant(client, server):
            check = _find_token_check(reading, gateway)
            if check is None:
                continue
            dead = reading.is_idle(fact.path, fact.symbol)
            yield reading.make(
                "missing-token",
                (fact.path, fact.symbol, gateway.path, gateway.symbol),
                f"{_name_client(client)} connects without a token, {code(gateway.symbol)} disconnects such clients",
                "The call is given no auth, headers or query; the server reads the token from the handshake.",
                [fact, *check, gateway],
                "dead" if dead else "broken",
            )
            return


def _find_meant(client: _Client, server: _Server) -> list[Fact]:
    """The gateways of the client's namespaces; of one that nobody serves, those of the likeliest name."""
    by_namespace: dict[str, list[Fact]] = {}
    for fact in server.facts:
        by_namespace.setdefault(fact.attr("ns") or "/", []).append(fact)
    if len(by_namespace) == 1:
        return server.facts
    meant = sorted(client.namespaces & set(by_namespace))
    if not meant:
        meant = [near for name in sorted(client.namespaces) if (near := find_near_name(name, by_namespace))]
    return [fact for name in meant for fact in by_namespace[name]]


def _shows_options(reading: Reading, fact: Fact) -> bool:
    """Whether all arguments of the call are in sight: no spread, no variable that holds the options."""
    for call in reading.program.list_within(fact.path, fact.symbol, "call"):
        if call.line == fact.line:
            positional, words = decode_arguments(call.value)
            if any(tag_of(e) in ("spread", "?") for e in positional) or "**" in words:
                return False
            return not any(tag_of(e) == "name" for e in positional[1:])
    return False


def _find_token_check(reading: Reading, gateway: Fact) -> tuple[Fact, ...] | None:
    """The code of a server that reads a token from the handshake, and the call that disconnects."""
    program = reading.program
    owner = gateway.symbol if program.is_class((gateway.path, gateway.symbol)) else ""
    if not owner:
        return None
    reads: Fact | None = None
    ends: Fact | None = None
    for name in program.list_symbols(gateway.path):
        if not name.startswith(owner + "."):
            continue
        for row in (
            *program.list_within(gateway.path, name, "binding"),
            *program.list_within(gateway.path, name, "call"),
        ):
            if reads is None and _HANDSHAKE.search(row.value):
                reads = row
        if name.endswith(".handleConnection"):
            ends = next(
                (row for row in program.list_within(gateway.path, name, "call") if row.name.endswith(".disconnect")),
                None,
            )
    return (reads, ends) if reads is not None and ends is not None else None


_HANDSHAKE = LazyPattern(r"handshake\.auth|handshake\.headers\.authorization|handshake\.query\.token")


def _check_events(reading: Reading, client: _Client) -> Iterator[Finding]:
    handled = [fact for server in client.servers for fact in server.handlers]
    known = {fact.name for fact in handled if "{" not in fact.name}
    open_ended = any(fact.name == "*" or _is_open(fact.name) for fact in handled)
    by_name: dict[str, list[Fact]] = {}
    for fact in client.emits:
        if "{" not in fact.name and fact.name not in _BUILT_IN:
            by_name.setdefault(fact.name, []).append(fact)
    unit = " and ".join(reading.name_unit(server.unit) for server in client.servers)
    for name, facts in by_name.items():
        if open_ended or not handled or name in known or any(_is_constant_of(fact.name, name) for fact in handled):
            continue
        near = find_near_name(name, known)
        nearest = [fact for fact in handled if fact.name == near]
        detail = f"{unit} handles {list_names(known, 6)}."
        if near:
            detail += f" Nearest is {code(near)}."
        dead = all(reading.is_idle(f.path, f.symbol) for f in facts)
        yield reading.make(
            "unhandled-event",
            (client.connect.path, client.connect.symbol, name),
            f"{_name_client(client)} sends the socket event {code(name)}, for which {unit} has no handler",
            detail,
            [*facts, *(nearest or [fact for server in client.servers for fact in server.facts])],
            "dead" if dead else "broken",
        )
    yield from _check_listeners(reading, client, unit)


def _check_listeners(reading: Reading, client: _Client, unit: str) -> Iterator[Finding]:
    """Events that a client waits for and no code of the server names."""
    emitted = [fact for server in client.servers for fact in server.emits]
    units = {server.unit for server in client.servers}
    known = {fact.name for fact in emitted if "{" not in fact.name}
    for fact in client.handlers:
        name = fact.name
        if "{" in name or name in _BUILT_IN or name in known or not emitted:
            continue
        if any(reading.find_unit(path) != reading.find_unit(fact.path) for path, _ in _find_namers(reading, name)):
            continue
        near = find_near_name(name, known | _list_event_words(reading, units))
        dead = reading.is_idle(fact.path, fact.symbol)
        yield reading.make(
            "unemitted-event",
            (client.connect.path, client.connect.symbol, name),
            f"{_name_client(client)} waits for the socket event {code(name)}, which {unit} never sends",
            "No code outside the client names it." + (f" Nearest is {code(near)}." if near else ""),
            [fact, *(f for f in emitted if f.name == near), *(f for s in client.servers for f in s.facts)],
            "dead" if dead else "suspect",
        )


def _list_event_words(reading: Reading, units: set[str]) -> set[str]:
    return {
        fact.name
        for fact in reading.system.by_kind.get("socket_emit", ())
        if reading.find_unit(fact.path) in units and "{" not in fact.name
    }


def _find_namers(reading: Reading, name: str) -> tuple[tuple[str, str], ...]:
    """Who names an event: by its text, or by a constant that is spelled like it."""
    return (*reading.words.get(name, ()), *reading.words.get(spell_constant(name), ()))


def spell_constant(name: str) -> str:
    """``room.join`` as a constant: ``ROOM_JOIN``."""
    return re.sub(r"[^A-Za-z0-9]+", "_", name).upper()


def _is_open(name: str) -> bool:
    """Whether the name of a handler is a variable that may hold any event, not a constant."""
    holes = _HOLE.findall(name)
    return any(not _CONSTANT.fullmatch(hole) for hole in holes)


def _is_constant_of(name: str, event: str) -> bool:
    return any(hole == spell_constant(event) for hole in _HOLE.findall(name))


def find_near_name(name: str, known: Iterable[str]) -> str:
    """The name that was likely meant: one that ends in it or starts with it, else one spelled alike; or ``""``."""
    ordered = sorted(set(known))
    bare = re.sub(r"[^a-z0-9]", "", name.lower())
    for other in ordered:
        if re.sub(r"[^a-z0-9]", "", other.lower()) == bare:
            return other
    for other in ordered:
        parts = re.split(r"[.:_/-]", other)
        if name in (parts[-1], parts[0]) or re.split(r"[.:_/-]", name)[-1] == other:
            return other
    return next(iter(get_close_matches(name, ordered, 1, 0.75)), "")


def _find_unheard(reading: Reading, servers: list[_Server], clients: list[_Client]) -> Iterator[Finding]:
    """Events that a server sends and that no code of its clients names."""
    for server in servers:
        listening = [
            client for client in clients if server in client.servers and client.namespaces & (server.namespaces | {"*"})
        ]
        if not listening:
            continue
        own = {server.unit}
        by_name: dict[str, list[Fact]] = {}
        for fact in server.emits:
            if "{" not in fact.name and fact.name not in _BUILT_IN:
                by_name.setdefault(fact.name, []).append(fact)
        heard = {f.name for client in clients for f in client.handlers}
        heard |= {f.name for f in reading.system.by_kind.get("socket_on", ()) if f.attr("side") == "client"}
        units = {reading.find_unit(client.connect.path) for client in listening}
        unheard = [
            name
            for name in sorted(by_name)
            if name not in heard
            and not any(reading.find_unit(path) in units - own for path, _ in _find_namers(reading, name))
        ]
        if unheard:
            unit = reading.name_unit(server.unit)
            who = " and ".join(reading.name_unit(u) for u in sorted(units))
            yield reading.make(
                "unhandled-event",
                ("server", server.unit),
                f"{unit} sends {count(len(unheard), 'socket event', 'socket events')} that no code of {who} names",
                with_items(
                    f"Clients of {list_names(server.namespaces)} handle other events.",
                    (code(name) for name in unheard),
                ),
                [fact for name in unheard for fact in by_name[name][:1]],
                "note",
            )
