"""What keeps state in step: the client's stores, the code that carries changes, what the server does with them.

Anchors are channels between tabs and socket events that are named for state; stores, hooks, handlers, services and
routes are what those lead to. Nothing is known of a store that only its own components use.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kbgen.join.keys import match_keys
from kbgen.join.program import Place
from kbgen.model import Fact
from kbgen.pages.sources import Sources
from kbgen.patterns import LazyPattern

SYNC_WORDS = LazyPattern(r"state|sync|snapshot|persist|hydrat|replica", re.IGNORECASE)
_HELPER_WORDS = LazyPattern(
    r"state|sync|snapshot|persist|hydrat|migrat|compress|storage-?keys|schema|diff|patch", re.IGNORECASE
)
_KEEPER_WORDS = LazyPattern(r"sync|persist|hydrat|snapshot", re.IGNORECASE)
_HOPS = 3
"""Local calls between a handler on the server and what it leads to."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A socket event that one side emits and the other handles; either side may be missing."""

    name: str
    side: str
    """Which side sends: ``client`` or ``server``."""
    emits: tuple[Fact, ...]
    handlers: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class StateParts:
    stores: tuple[Fact, ...]
    broadcasts: tuple[Fact, ...]
    exchanges: tuple[Exchange, ...]
    keys: tuple[Fact, ...]
    """Keys of the browser's storage that these files use."""
    client: frozenset[str]
    """Files of the browser's side."""
    types: frozenset[str]
    """Files of which the client uses types alone."""
    server: tuple[Place, ...]
    """Handlers and what they lead to on their side, in order."""
    services: frozenset[str]
    """Files of the server that are about state alone."""
    routes: tuple[Fact, ...]
    mirrors: tuple[Place, ...]
    """Classes of another language with the name of one of the client's types."""
    mirror_users: frozenset[str]
    """Files that import the mirrors."""
    mirror_hosts: frozenset[str]
    """Files that import those."""

    @property
    def files(self) -> frozenset[str]:
        """Everything but the files of which only parts belong to it."""
        return self.client | self.services


def find_parts(sources: Sources) -> StateParts | None:
    """None where nothing is carried between tabs, or between a client's state and a server."""
    finder = _Finder(sources)
    broadcasts = sources.list("broadcast")
    exchanges = tuple(finder.find_exchanges())
    if not broadcasts and not exchanges:
        return None
    carriers = {fact.path for fact in broadcasts} | {
        fact.path for each in exchanges for fact in finder.list_client_side(each)
    }
    stores = tuple(finder.find_stores(carriers))
    client = finder.find_client(carriers, stores)
    keys = tuple(f for f in sources.list("storage_key") if f.path in client and "{}" not in f.name)
    types = finder.find_types(client) - client
    server = tuple(finder.find_server(exchanges))
    services = finder.find_services(server) - client
    routes = tuple(finder.find_routes(services))
    services |= {f.attr("handler").partition("::")[0] for f in routes if f.attr("handler")}
    mirrors = tuple(finder.find_mirrors(client | types))
    users = finder.find_importers({path for path, _ in mirrors})
    return StateParts(
        stores,
        broadcasts,
        exchanges,
        keys,
        frozenset(client),
        frozenset(types),
        server,
        frozenset(services),
        routes,
        mirrors,
        frozenset(users),
        frozenset(finder.find_importers(users)),
    )


class _Finder:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._program = sources.program
        self._imports: dict[str, set[tuple[str, str, bool]]] = {}
        """File -> (file, imported name, types only)."""
        for fact in self._program.list_facts("import"):
            name = fact.attr("alias") or fact.name
            targets = {place[0] for place in self._program.resolve(fact.path, "", name)} if name else set()
            for target in targets or set(self._program.find_modules(fact.path, fact.value)):
                row = (target, fact.name, fact.attr("type_only") == "yes")
                if target != fact.path:
                    self._imports.setdefault(fact.path, set()).add(row)

    def find_exchanges(self) -> Iterator[Exchange]:
        """Events between a client and a server that are named for state."""
        named = [f for f in self._sources.list("socket_emit") if SYNC_WORDS.search(f.name)]
        handled = [f for f in self._sources.list("socket_on") if SYNC_WORDS.search(f.name)]
        by_key: dict[str, list[Fact]] = {}
        for fact in handled:
            for key in _list_keys(fact):
                by_key.setdefault(key, []).append(fact)
        seen: set[int] = set()
        groups: dict[tuple[str, str], tuple[list[Fact], list[Fact]]] = {}
        for fact in named:
            emits, handlers = groups.setdefault((fact.name, fact.attr("side")), ([], []))
            emits.append(fact)
            for match in match_keys(by_key, _list_keys(fact)):
                for handler in by_key[match.provide]:
                    if handler.attr("side") != fact.attr("side") and not match.provide.endswith(":*"):
                        seen.add(id(handler))
                        if handler not in handlers:
                            handlers.append(handler)
        for (name, side), (emits, handlers) in sorted(groups.items(), key=lambda g: (g[0][1], _place(g[1][0][0]))):
            yield Exchange(name, side, tuple(emits), tuple(handlers))
        for fact in handled:
            if id(fact) not in seen:
                side = "client" if fact.attr("side") == "server" else "server"
                yield Exchange(fact.name, side, (), (fact,))

    def list_client_side(self, exchange: Exchange) -> tuple[Fact, ...]:
        return exchange.emits if exchange.side == "client" else exchange.handlers

    def find_stores(self, carriers: set[str]) -> Iterator[Fact]:
        """Stores that carrying code uses, or that are used beside it."""
        for fact in self._sources.list("state_store"):
            if fact.attr("library") == "react-context":
                continue
            users = {fact.path, *self.find_importers({fact.path})}
            if carriers & users or any(self._list_targets(user) & carriers for user in users):
                yield fact

    def find_client(self, carriers: set[str], stores: Iterable[Fact]) -> set[str]:
        homes = {fact.path for fact in stores}
        bridges = {
            user
            for user in self.find_importers(homes)
            if self._list_targets(user) & carriers or _KEEPER_WORDS.search(posixpath.basename(user))
        }
        found = carriers | homes | bridges
        for _ in range(2):
            found |= {
                target
                for path in found
                for target, name, types in self._imports.get(path, ())
                if not types
                and not self._program.is_test(target)
                and _HELPER_WORDS.search(posixpath.basename(target))
                and not posixpath.basename(target).startswith("index.")
            }
        return found

    def find_types(self, client: set[str]) -> set[str]:
        return {
            target
            for path in client
            for target, name, types in self._imports.get(path, ())
            if types and SYNC_WORDS.search(name) and not self._program.is_test(target)
        }

    def find_importers(self, homes: set[str]) -> set[str]:
        return {
            path
            for path, rows in self._imports.items()
            if any(target in homes for target, _, _ in rows) and not self._program.is_test(path)
        }

    def _list_targets(self, path: str) -> set[str]:
        return {target for target, _, types in self._imports.get(path, ()) if not types}

    def find_server(self, exchanges: Iterable[Exchange]) -> Iterator[Place]:
        """Handlers of what clients send and what they call, each once, in the order in which it is met."""
        todo: list[tuple[Place, int]] = [
            ((fact.path, fact.symbol), 0) for each in exchanges if each.side == "client" for fact in each.handlers
        ]
        seen: dict[Place, None] = {}
        while todo:
            place, hops = todo.pop(0)
            if place in seen:
                continue
            seen[place] = None
            yield place
            if hops < _HOPS:
                todo += [
                    (edge.target, hops + 1)
                    for edge in self._program.find_edges(place)
                    if edge.how in ("call", "new") and edge.target[1] and not self._program.is_test(edge.target[0])
                ]

    def find_services(self, server: Iterable[Place]) -> set[str]:
        return {path for path, _ in server if SYNC_WORDS.search(posixpath.basename(path))}

    def find_routes(self, services: set[str]) -> Iterator[Fact]:
        """Routes whose handler calls one of the services."""
        callers = {
            (fact.path, fact.symbol)
            for path in services
            for symbol in self._program.list_symbols(path)
            for fact in self._program.find_callers((path, symbol))
        }
        for fact in self._sources.list("route"):
            path, _, symbol = fact.attr("handler").partition("::")
            if (path or fact.path, symbol or fact.symbol) in callers:
                yield fact

    def find_mirrors(self, files: set[str]) -> Iterator[Place]:
        names = {
            symbol
            for path in files
            for symbol, fact in self._program.list_symbols(path).items()
            if fact.attr("kind") in ("type", "interface", "class") and SYNC_WORDS.search(symbol) and len(symbol) > 7
        }
        for fact in self._program.list_facts("symbol"):
            if fact.name in names and fact.path.endswith(".py") and fact.attr("kind") == "class":
                yield fact.path, fact.symbol


def _list_keys(fact: Fact) -> list[str]:
    return [value for name, value in fact.attrs if name == "key"]


def _place(fact: Fact) -> tuple[str, int]:
    return fact.path, fact.line
