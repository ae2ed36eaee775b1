"""What runs: where execution starts in each unit, and what it leads to.

Start points are files that something runs, apps that are made, file-system routes and what a framework calls
by decorator. From there along calls, constructions, rendered elements, injected types, values handed on, and
modules loaded by import.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property

from kbgen.join.layout import PY_SUFFIXES
from kbgen.join.program import Edge, Place, Program, strip_type
from kbgen.model import Fact
from kbgen.patterns import LazyPattern

_PASSIVE_DECORATORS = frozenset(
    "property staticmethod classmethod dataclass dataclasses.dataclass lru_cache functools.lru_cache cache "
    "functools.cache cached_property functools.cached_property contextmanager contextlib.contextmanager "
    "asynccontextmanager contextlib.asynccontextmanager wraps functools.wraps abstractmethod "
    "abc.abstractmethod overload typing.overload override final runtime_checkable field_validator "
    "model_validator validator root_validator computed_field total_ordering functools.total_ordering unique "
    "enum.unique Injectable IsString IsOptional ApiProperty".split()
)
"""Decorators that do not hand their function to anybody who would call it."""
_FRAMEWORK_FILE = LazyPattern(
    r"(?:^|/)(?:app/(?:.*/)?(?:page|layout|route|loading|error|not-found|template|default|global-error|sitemap|robots|icon|"
    r"opengraph-image|manifest)|(?:src/)?(?:middleware|instrumentation|proxy)|pages/.+)\.[cm]?[jt]sx?$"
)
_CONFIG_FILE = LazyPattern(r"(?:^|/)[\w.-]+\.config\.[cm]?[jt]s$")
_STARTERS = frozenset(
    "FastAPI Flask Starlette A2AStarletteApplication A2AFastAPIApplication A2ARESTFastAPIApplication to_a2a "
    "Sanic Quart NestFactory.create NestFactory.createMicroservice createRoot ReactDOM.createRoot "
    "hydrateRoot express fastify".split()
)
_SPECIAL_METHODS = ("__init__", "__post_init__", "__aenter__", "__enter__", "__call__", "constructor", "new")
_LIFE_CYCLE = frozenset(
    "onModuleInit onModuleDestroy onApplicationBootstrap onApplicationShutdown afterInit handleConnection "
    "handleDisconnect beforeApplicationShutdown canActivate intercept transform catch configure process use "
    "dispatch __call__ forward render componentDidMount componentWillUnmount componentDidCatch "
    "getDerivedStateFromError run execute cancel validate resolve handle handleRequest".split()
)
"""Methods that a framework calls on the classes it is given."""


class Reach:
    """Reachability over a program; everything is computed once."""

    def __init__(self, program: Program) -> None:
        self._program = program

    @cached_property
    def services(self) -> frozenset[str]:
        """Files that deployment files and manifests run, and those that make an app."""
        program = self._program
        found = {path for path in program.layout.entries if path in program.files}
        for call in program.list_facts("call"):
            last = call.name.rpartition(".")[2]
            if call.name in _STARTERS or (last in _STARTERS and call.path.endswith(PY_SUFFIXES)):
                found.add(call.path)
        return frozenset(path for path in found if not program.is_test(path))

    @cached_property
    def starts(self) -> tuple[str, ...]:
        """Files that execution starts in."""
        program = self._program
        found = set(self.services)
        found |= {entry for package in program.layout.packages for entry in package.entries if entry in program.files}
        for fact in program.list_facts("entry"):
            found.add(fact.path)
        for fact in program.list_facts("binding"):
            if fact.name == "root_agent" and not fact.symbol:
                # What ``adk web`` and ``adk run`` look for.
                found.add(fact.path)
        for path in program.files:
            if _FRAMEWORK_FILE.search(path) or _CONFIG_FILE.search(path):
                found.add(path)
        return tuple(sorted(path for path in found if not program.is_test(path)))

    def find_loads(self, path: str) -> tuple[str, ...]:
        """The files that a module loads by importing them."""
        return self._loads.get(path, ())

    @cached_property
    def _loads(self) -> Mapping[str, tuple[str, ...]]:
        program = self._program
        table: dict[str, dict[str, None]] = {}
        for fact in program.list_facts("import"):
            if fact.attr("type_only") == "yes":
                continue
            modules = table.setdefault(fact.path, {})
            modules[fact.value] = None
            if fact.path.endswith(PY_SUFFIXES) and fact.name != "*":
                modules[fact.value + ("" if fact.value.endswith(".") else ".") + fact.name] = None
        result = {}
        for path, modules in table.items():
            there = [found for module in modules for found in program.find_modules(path, module)]
            packages = [init for p in there for init in _find_packages(p, program)]
            result[path] = tuple(dict.fromkeys([*there, *packages]))
        return result

    def find_loaded(self, starts: Iterable[str]) -> frozenset[str]:
        """Every file that is loaded when the given ones are."""
        seen: set[str] = set()
        stack = list(starts)
        while stack:
            path = stack.pop()
            if path not in seen and path in self._program.files:
                seen.add(path)
                stack.extend(self.find_loads(path))
        return frozenset(seen)

    def find_roots(self, loaded: Iterable[str]) -> tuple[Place, ...]:
        """What runs because a file is loaded: its own code, and what its decorators hand to a framework."""
        found: list[Place] = []
        for path in sorted(loaded):
            found.append((path, ""))
            found.extend(self._handed.get(path, ()))
            if _FRAMEWORK_FILE.search(path):
                for symbol, fact in self._program.list_symbols(path).items():
                    if fact.attr("exported") == "yes" and not fact.attr("parent"):
                        found.append((path, symbol))
        return tuple(found)

    @cached_property
    def _handed(self) -> Mapping[str, tuple[Place, ...]]:
        """path -> functions that a decorator registers somewhere, at the top level of a module."""
        table: dict[str, list[Place]] = {}
        for fact in self._program.list_facts("decorator"):
            passive = fact.name in _PASSIVE_DECORATORS or fact.name.endswith((".setter", ".getter", ".deleter"))
            if fact.attr("on") == "function" and fact.symbol and not passive:
                table.setdefault(fact.path, []).append((fact.path, fact.symbol))
        return {path: tuple(places) for path, places in table.items()}

    @cached_property
    def live(self) -> frozenset[Place]:
        """Every definition that some start point leads to."""
        loaded = self.find_loaded(self.starts)
        return frozenset(self.walk(self.find_roots(loaded)))

    def walk(
        self,
        roots: Iterable[Place],
        stop: Mapping[Place, str] | None = None,
        handed: Collection[Place] = (),
    ) -> dict[Place, Edge | None]:
        """Places reached from `roots`, in order found, each with the edge that led there (None for a root).

        A place in `stop` is reached but not gone through, unless it is a root itself. A place in `handed` is
        reached only by being called, not by being handed on.
        """
        reached: dict[Place, Edge | None] = {}
        stack: list[tuple[Place, Edge | None]] = [(root, None) for root in reversed(list(roots))]
        first = {root for root, _ in stack}
        while stack:
            place, edge = stack.pop()
            if place in reached:
                continue
            reached[place] = edge
            if stop is not None and place in stop and place not in first:
                continue
            for further in self.find_next(place):
                if further.target not in reached and not (further.how == "pass" and further.target in handed):
                    stack.append((further.target, further))
        return reached

    def find_next(self, place: Place) -> tuple[Edge, ...]:
        """Where execution may go from a place: its own uses, and for a class what making or registering it runs."""
        known = self._next.get(place)
        if known is None:
            known = self._next[place] = tuple(self._find_next(place))
        return known

    @cached_property
    def _next(self) -> dict[Place, tuple[Edge, ...]]:
        return {}

    def _find_next(self, place: Place) -> Iterator[Edge]:
        program = self._program
        yield from program.find_edges(place)
        fact = program.get_symbol(place)
        if fact is None:
            return
        path, symbol = place
        if program.is_class(place):
            decorated = fact.attr("decorators")
            registered = bool(set(decorated.split()) - _PASSIVE_DECORATORS) or decorated in ("Injectable",)
            for name, member in program.list_symbols(path).items():
                if member.attr("parent") != symbol:
                    continue
                last = name.rpartition(".")[2]
                handed = set(member.attr("decorators").split()) - _PASSIVE_DECORATORS
                if last in _SPECIAL_METHODS or last in _LIFE_CYCLE or (handed and (registered or not decorated)):
                    yield Edge((path, name), "call", member)
                elif member.attr("kind") in ("constant", "nested class"):
                    yield Edge((path, name), "pass", member)
            for param in program.list_within(path, f"{symbol}.constructor", "param"):
                yield from self._find_injected(param)
            for base in fact.attr("bases").split():
                for target in program.resolve(path, symbol.rpartition(".")[0], base):
                    yield Edge(target, "inherit", fact)
        elif "." in symbol and symbol.rpartition(".")[2] not in _SPECIAL_METHODS:
            # A method that runs has an object: its class was made, by whatever way.
            owner = (path, symbol.rpartition(".")[0])
            if program.is_class(owner):
                yield Edge(owner, "call", fact)
        for param in program.list_within(path, symbol, "param"):
            expr_text = param.value
            if "Depends" in expr_text or "Inject" in param.attr("type"):
                yield from self._find_injected(param)

    def _find_injected(self, param: Fact) -> Iterator[Edge]:
        name = strip_type(param.attr("type"))
        if name:
            for target in self._program.resolve(param.path, param.symbol.rpartition(".")[0], name):
                if self._program.is_class(target):
                    yield Edge(target, "new", param)


def _find_packages(path: str, program: Program) -> list[str]:
    """The ``__init__`` files that Python runs before a module."""
    if not path.endswith(PY_SUFFIXES):
        return []
    found = []
    folder = posixpath.dirname(path)
    while folder:
        init = f"{folder}/__init__.py"
        if init not in program.files:
            break
        if init != path:
            found.append(init)
        folder = posixpath.dirname(folder)
    return found
