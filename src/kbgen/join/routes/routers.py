"""Routers, what they serve, and where they hang: the part that web frameworks of all languages share.

A router lives in a spot: a variable of a module or function, an attribute of a class, a parameter. Frameworks
hang one router below another by a call, often in another file; the full path of an endpoint is the prefixes of
every chain from an application down to its router.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of
from kbgen.join.program import Place, Program
from kbgen.join.urls import join_paths
from kbgen.model import Fact
from kbgen.patterns import LazyPattern

_CHAINS = 12
"""Ways from applications to one router that are told apart."""
_DEPTH = 6


class Spot(NamedTuple):
    """Where a router is kept: ``app`` of a module (`symbol` empty) or function, ``self.router`` of a class."""

    path: str
    symbol: str
    name: str


@dataclass(frozen=True, slots=True)
class Router:
    spot: Spot
    framework: str
    is_app: bool
    prefix: str
    fact: Fact


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path and its methods as registered on a router. Paths are normalised (see `kbgen.join.urls`)."""

    spots: tuple[Spot, ...]
    methods: tuple[str, ...]
    path: str
    framework: str
    fact: Fact
    """The decorator or call that registers it."""
    handler: Place


@dataclass(frozen=True, slots=True)
class Mount:
    """`child` hangs below `parent` (None: some application that is not known)."""

    parent: Spot | None
    child: Spot
    prefix: str
    fact: Fact
    replaces: bool = False
    """The prefix takes the place of the child's own."""


class Chain(NamedTuple):
    prefix: str
    via: tuple[str, ...]
    """``path:line`` of each mount, outermost first."""
    mounted: bool


class Routers:
    """All routers of a program, found by the names that code uses for them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.routers: dict[Spot, Router] = {}
        self.endpoints: list[Endpoint] = []
        self._mounts: dict[Spot, list[Mount]] = {}
        self._open: set[str] = set()
        """Frameworks of which some mount could not be followed: there a router may hang although nothing shows it."""
        self._running: set[tuple[str, str, str]] = set()
        self._imports: dict[str, dict[str, list[Fact]]] = {}

    def add_router(self, router: Router) -> None:
        self.routers.setdefault(router.spot, router)

    def add_mount(self, mount: Mount) -> None:
        if mount.parent != mount.child:
            rows = self._mounts.setdefault(mount.child, [])
            if mount not in rows:
                rows.append(mount)

    def mount(
        self, parents: Iterable[Spot], scope: Place, child: Expr, prefix: str, fact: Fact, replaces: bool
    ) -> None:
        """Hang what `child` stands for below the parents; remember when it stands for nothing known."""
        above: list[Spot | None] = [*parents] or [None]
        children = list(dict.fromkeys(self.find_all(scope, child)))
        for spot in children:
            for parent in above:
                self.add_mount(Mount(parent, spot, prefix, fact, replaces))
        if not children and self._is_open(scope, child):
            for parent in above:
                router = self.routers.get(parent) if parent is not None else None
                self._open.add(router.framework if router is not None else "")

    def _is_open(self, scope: Place, child: Expr) -> bool:
        """Whether a router that was not found may be any: a loop over something, a value that nothing tells."""
        if tag_of(child) != "name":
            return tag_of(child) != "call"
        head = str(child[1]).partition(".")[0]
        if self.program.find_origin(scope[0], head):
            return False
        values = self.program.find_values(scope[0], scope[1], head)
        return not values or any(tag_of(value) == "spread" for _, value in values)

    # -------------------------------------------------------------------------------------- finding

    def find_all(self, scope: Place, expr: Expr, depth: int = _DEPTH) -> Iterator[Spot]:
        """The routers that an expression may stand for."""
        tag = tag_of(expr)
        if depth <= 0:
            return
        if tag == "name":
            yield from self.find(scope[0], scope[1], str(expr[1]), depth)
        elif tag in ("any", "list"):
            for part in expr[1:]:
                yield from self.find_all(scope, part, depth - 1)
        elif tag == "spread":
            for inner_scope, item in self.program.expand_items(scope[0], scope[1], expr[1]):
                yield from self.find_all(inner_scope, item, depth - 1)
        elif tag == "call":
            yield from self._find_called(scope, str(expr[1]), expr[2], depth)

    def _find_called(self, scope: Place, callee: str, positional: list[Expr], depth: int) -> Iterator[Spot]:
        """``create_router()``, ``router.routes()``, ``require("./users")``, ``forwardRef(() => x)``."""
        receiver, _, last = callee.rpartition(".")
        if last in ("require", "import") and positional and isinstance(positional[0], str):
            for there in self.program.find_modules(scope[0], positional[0]):
                yield from self.find_exported(there, "default", depth - 1)
            return
        if receiver and last in _GIVES_ITSELF:
            yield from self.find(scope[0], scope[1], receiver, depth - 1)
            return
        for path, symbol in self.program.resolve(scope[0], scope[1], callee):
            for fact in self.program.list_within(path, symbol, "return"):
                yield from self.find_all((path, symbol), decode_expr(fact.value), depth - 1)

    def find(self, path: str, symbol: str, name: str, depth: int = _DEPTH) -> Iterator[Spot]:
        """The routers that a dotted name stands for where it is written."""
        key = (path, symbol, name)
        if depth <= 0 or key in self._running:
            return
        self._running.add(key)
        try:
            found = list(self._find_here(path, symbol, name))
            if not found:
                found = list(self._find_elsewhere(path, symbol, name, depth))
        finally:
            self._running.discard(key)
        yield from dict.fromkeys(found)

    def _find_here(self, path: str, symbol: str, name: str) -> Iterator[Spot]:
        """In the scopes around the place where the name is written."""
        first, _, rest = name.partition(".")
        if first in ("self", "this", "cls"):
            owner = find_class(self.program, path, symbol)
            spot = Spot(path, owner, "self." + rest)
            if spot in self.routers:
                yield spot
            return
        for scope in list_scopes(symbol):
            spot = Spot(path, scope, name)
            if spot in self.routers:
                yield spot
                return

    def _find_elsewhere(self, path: str, symbol: str, name: str, depth: int) -> Iterator[Spot]:
        """Through imports, instances of own classes, and variables that hold what another gives."""
        first, _, rest = name.partition(".")
        if first in ("self", "this", "cls"):
            for there, member in self.program.resolve(path, symbol, name):
                owner, _, attribute = member.rpartition(".")
                if Spot(there, owner, "self." + attribute) in self.routers:
                    yield Spot(there, owner, "self." + attribute)
        elif rest:
            for there in self._find_module_files(path, first):
                yield from self.find_exported(there, rest, depth - 1)
            for there, member in self.program.resolve(path, symbol, name):
                owner, _, attribute = member.rpartition(".")
                for spot in (Spot(there, owner, "self." + attribute), Spot(there, "", attribute)):
                    if spot in self.routers:
                        yield spot
        else:
            for there, shown in self._list_import_targets(path, first):
                yield from self.find_exported(there, shown, depth - 1)
            for there, definition in self.program.resolve(path, symbol, name):
                if definition and there != path and Spot(there, "", definition) in self.routers:
                    yield Spot(there, "", definition)
        for scope, value in self.program.find_values(path, symbol, name):
            yield from self.find_all(scope, value, depth - 1)

    def find_exported(self, path: str, name: str, depth: int) -> Iterator[Spot]:
        """A router by the name under which a module shows it, barrels followed."""
        if depth <= 0:
            return
        if Spot(path, "", name) in self.routers:
            yield Spot(path, "", name)
            return
        if name == "default":
            for symbol, fact in self.program.list_symbols(path).items():
                if fact.attr("default") == "yes":
                    yield from self.find(path, "", symbol, depth - 1)
            for spot in (Spot(path, "", "module.exports"), Spot(path, "", "exports")):
                if spot in self.routers:
                    yield spot
            for fact in self.program.list_within(path, "", "binding"):
                if fact.name == "module.exports":
                    yield from self.find_all((path, ""), decode_expr(fact.value), depth - 1)
        else:
            for fact in self.program.list_within(path, "", "binding"):
                if fact.name == name and fact.value:
                    yield from self.find_all((path, ""), decode_expr(fact.value), depth - 1)
        for there, shown in self._list_import_targets(path, name):
            yield from self.find_exported(there, shown, depth - 1)

    def _list_import_targets(self, path: str, local: str) -> Iterator[tuple[str, str]]:
        """(file, name there) of what an imported or re-exported name may come from, variables too."""
        imports = self._imports.get(path)
        if imports is None:
            imports = self._imports[path] = {}
            facts = self.program.files.get(path)
            for fact in facts.facts if facts is not None else ():
                if fact.kind == "import":
                    imports.setdefault(fact.attr("alias") or fact.name, []).append(fact)
        for fact in imports.get(local, ()):
            for there in self.program.find_modules(path, fact.value) if fact.name != "*" else ():
                yield there, fact.name

    def _find_module_files(self, path: str, local: str) -> Iterator[str]:
        """The files that a name stands for when it is a module."""
        for there, definition in self.program.resolve(path, "", local):
            if not definition:
                yield there

    # ------------------------------------------------------------------------------------- parameters

    def find_parameter(self, fact: Fact, name: str, framework: str) -> Spot:
        """The spot of a router that a function is given; what its callers give hangs above it."""
        spot = Spot(fact.path, fact.symbol, name)
        if spot not in self.routers:
            self.routers[spot] = Router(spot, framework, True, "", fact)
            self._mount_given(spot)
        return spot

    def _mount_given(self, spot: Spot) -> None:
        program = self.program
        params = program.list_within(spot.path, spot.symbol, "param")
        index = next((int(f.attr("index") or 0) for f in params if f.name == spot.name), 0)
        for call in program.find_callers((spot.path, spot.symbol)):
            positional, words = decode_arguments(call.value)
            given = words.get(spot.name, positional[index] if index < len(positional) else None)
            for parent in self.find_all((call.path, call.symbol), given):
                self.add_mount(Mount(parent, spot, "", call))

    def find_function_spots(self, place: Place) -> tuple[Spot, ...]:
        """The routers that a plugin function serves through its parameters."""
        return tuple(spot for spot in self.routers if (spot.path, spot.symbol) == place)

    # ------------------------------------------------------------------------------------------ paths

    def list_chains(self, spot: Spot) -> tuple[Chain, ...]:
        """Every way from an application down to the router, its own prefix included."""
        return tuple(dict.fromkeys(self._list_chains(spot, ())))[:_CHAINS]

    def _list_chains(self, spot: Spot, seen: tuple[Spot, ...]) -> Iterator[Chain]:
        router = self.routers.get(spot)
        own = router.prefix if router is not None else ""
        found = False
        for mount in self._mounts.get(spot, ()) if len(seen) < _DEPTH else ():
            if mount.parent in seen:
                continue
            above = (
                (Chain("", (), True),)
                if mount.parent is None
                else tuple(islice(self._list_chains(mount.parent, (*seen, spot)), _CHAINS))
            )
            for chain in above:
                found = True
                inner = "" if mount.replaces else own
                via = (*chain.via, f"{mount.fact.path}:{mount.fact.line}")
                yield Chain(join_paths(chain.prefix, mount.prefix, inner), via, chain.mounted)
        if not found:
            is_app = router is None or router.is_app
            unknown = router is not None and bool({router.framework, ""} & self._open)
            yield Chain(join_paths(own), (), is_app or unknown)

    def make_facts(self) -> Iterator[Fact]:
        """The route facts of every endpoint."""
        for endpoint in self.endpoints:
            spots: tuple[Spot | None, ...] = endpoint.spots or (None,)
            for spot in spots:
                chains = self.list_chains(spot) if spot is not None else (Chain("", (), True),)
                router = self.routers.get(spot) if spot is not None else None
                framework = router.framework if router is not None and router.framework else endpoint.framework
                for chain in chains:
                    path = join_paths(chain.prefix, endpoint.path)
                    for method in endpoint.methods:
                        yield make_route(
                            self.program,
                            endpoint.fact,
                            method,
                            path,
                            framework,
                            endpoint.handler,
                            chain.via,
                            chain.mounted,
                        )


_GIVES_ITSELF = frozenset(
    {"routes", "middleware", "callback", "router", "handler", "build", "http_app", "streamable_http_app"}
)
"""Methods of a router whose result stands for it where it is mounted."""


def make_route(
    program: Program,
    fact: Fact,
    method: str,
    path: str,
    framework: str,
    handler: Place,
    via: tuple[str, ...] = (),
    mounted: bool = True,
    kind: str = "route",
    more: tuple[tuple[str, str], ...] = (),
) -> Fact:
    """A route: `fact` is the evidence, `symbol` the handler when it is defined in the same file."""
    name = f"{method} {path}"
    attrs = [("method", method), ("path", path), ("framework", framework), ("kind", kind)]
    attrs.append(("mounted", "yes" if mounted else "no"))
    if via:
        attrs.append(("via", " ".join(via)))
    if handler[1]:
        attrs.append(("handler", f"{handler[0]}::{handler[1]}"))
    symbol = handler[1] if handler[0] == fact.path and handler[1] else fact.symbol
    defined = program.get_symbol((fact.path, symbol))
    digest = defined.hash if defined is not None else program.make_evidence(fact).hash
    return Fact("route", name, fact.path, fact.line, name, symbol, digest, (*attrs, *more))


def list_scopes(symbol: str) -> Iterator[str]:
    """A definition, those around it, and the module."""
    while symbol:
        yield symbol
        symbol = symbol.rpartition(".")[0]
    yield ""


def find_class(program: Program, path: str, symbol: str) -> str:
    """The innermost class around a definition, or ``""``."""
    return next((scope for scope in list_scopes(symbol) if scope and program.is_class((path, scope))), "")


_ENV_HOLE = LazyPattern(r"\{env:[^|{}]*(?:\|([^{}]*))?\}")


def fold_path(program: Program, scope: Place, expr: Expr) -> tuple[str, ...]:
    """The texts of a path or prefix; environment variables count with their defaults. () when it is not known."""
    if isinstance(expr, str):
        return (expr,)
    if tag_of(expr) == "list":
        return tuple(text for item in expr[1:] for text in fold_path(program, scope, item))
    if tag_of(expr) in ("?", "fn", "dict") or expr is None:
        return ()
    texts = [_ENV_HOLE.sub(lambda m: m[1] or "", found.text) for found in program.fold(scope[0], scope[1], expr)]
    return tuple(dict.fromkeys(text for text in texts if not _ONLY_HOLE.fullmatch(text)))


_ONLY_HOLE = LazyPattern(r"\{[^{}/]*\}")
