"""How CopilotKit is mounted: its elements, where the runtime's address leads, and the variables that it reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of, walk_expr
from kbgen.model import Fact
from kbgen.pages.shared.usage import Usage
from kbgen.pages.sources import PLACES, FindingRow, Place, Sources
from kbgen.pages.values import say
from kbgen.patterns import LazyPattern

MODULE = "@copilotkit/"
_PROVIDERS = frozenset({"CopilotKit", "CopilotKitProvider"})
_RUNTIMES = (
    "CopilotRuntime", "createCopilotRuntimeHandler", "copilotRuntimeNextJSAppRouterEndpoint",
    "copilotRuntimeNextJSPagesRouterEndpoint", "copilotRuntimeNodeHttpEndpoint",
    "copilotRuntimeNodeExpressEndpoint", "copilotRuntimeNestEndpoint",
)  # fmt: skip
_LIBRARY = "@copilotkit"
_BUILD = LazyPattern(r"(?:^|/)[\w-]+\.config\.[cm]?[jt]s$")
_ADDRESS = "runtimeUrl"
_ENV = LazyPattern(r"\{env:(\w+)(?:\|([^{}]*))?\}")
_NAMED = LazyPattern(r"\$\{(\w+)\}")
_LOGS = 2
"""Log lines of a route that are shown."""


@dataclass(frozen=True, slots=True)
class ElementRow:
    name: str
    options: tuple[tuple[str, tuple[str, ...]], ...]
    """(option, what it may be)"""
    at: Place
    mounted: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class EnvRow:
    name: str
    default: str
    readers: tuple[Place, ...]
    set_in: tuple[tuple[str, bool, Place], ...]
    """(value, whether it is only a comment, file) of example files and deployment files."""


@dataclass(frozen=True, slots=True)
class RouteRow:
    method: str
    path: str
    at: Place
    logs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeadRow:
    """What the runtime's address leads to."""

    path: str
    target: str
    """A unit or a route of the repository."""
    guessed: bool
    """Only its path says so: the address is not known."""
    at: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Setup:
    providers: tuple[ElementRow, ...]
    chats: tuple[ElementRow, ...]
    envs: tuple[EnvRow, ...]
    routes: tuple[RouteRow, ...]
    """Routes of the project at the runtime's address."""
    leads: tuple[LeadRow, ...]
    runtimes: tuple[Place, ...]
    """Calls that make a CopilotKit runtime."""
    runtime_names: tuple[str, ...]
    """What was looked for to find one."""
    agents: tuple[Place, ...]
    """AG-UI endpoints that the project makes."""
    built: tuple[tuple[tuple[str, ...], Place], ...]
    """(packages, configuration file of the build that names them)"""
    findings: tuple[FindingRow, ...]
    """About the variables that the runtime's address is put together from."""


def read_setup(sources: Sources, usage: Usage) -> Setup:
    providers, chats = _list_elements(sources, usage)
    envs = tuple(_list_envs(sources, (*providers, *chats)))
    names = [row.name for row in envs]
    return Setup(
        providers,
        chats,
        envs,
        _list_routes(sources, providers),
        tuple(_list_leads(sources, providers)),
        sources.places(
            f for f in sources.program.list_facts("call") if f.name in _RUNTIMES and _is_foreign(sources, f, f.name)
        ),
        _RUNTIMES,
        sources.places(f for f in sources.list("agent_endpoint") if f.attr("protocol") == "ag-ui"),
        tuple(_list_built(sources)),
        tuple(
            row
            for row in sources.pick_findings("default-disagrees", "wrong-port", "never-read")
            if any(f"`{name}`" in row.title or f"`{name}`" in row.text for name in names)
        ),
    )


def _list_built(sources: Sources) -> Iterator[tuple[tuple[str, ...], Place]]:
    for fact in sources.program.list_facts("binding"):
        if _BUILD.search(fact.path) and _LIBRARY in fact.value:
            texts = [p for p in walk_expr(decode_expr(fact.value)) if isinstance(p, str) and p.startswith(_LIBRARY)]
            yield tuple(dict.fromkeys(texts)), sources.at(fact.path)


def _is_foreign(sources: Sources, fact: Fact, name: str) -> bool:
    return sources.program.find_origin(fact.path, name).startswith(MODULE)


def _list_elements(sources: Sources, usage: Usage) -> tuple[tuple[ElementRow, ...], tuple[ElementRow, ...]]:
    """(providers, chat windows) of the library that the project renders."""
    program = sources.program
    importers = {f.path for f in program.list_facts("import") if f.value.startswith(MODULE)}
    providers: list[ElementRow] = []
    chats: list[ElementRow] = []
    for fact in program.list_facts("jsx"):
        if fact.path not in importers:
            continue
        origin = program.find_origin(fact.path, fact.name)
        # A component that is loaded lazily is a constant of the file, and keeps the library's name.
        if not origin.startswith(MODULE) and (origin or not fact.name.startswith("Copilot")):
            continue
        options = tuple(
            (name, _say_option(sources, fact, value)) for name, value in decode_arguments(fact.value)[1].items()
        )
        row = ElementRow(
            fact.name,
            tuple(option for option in options if option[1]),
            sources.at(fact),
            usage.find_users(fact.path, fact.symbol),
        )
        (providers if fact.name in _PROVIDERS else chats).append(row)
    return tuple(providers), tuple(chats)


def _say_option(sources: Sources, fact: Fact, value: Expr) -> tuple[str, ...]:
    if tag_of(value) in ("name", "any", "text"):
        folded = sources.program.fold(fact.path, fact.symbol, value)
        texts = [text for f in folded for text in _open_envs(f.text)]
        if texts:
            return tuple(dict.fromkeys(texts))
    return tuple(filter(None, [say(value)]))


def _open_envs(text: str) -> Iterator[str]:
    """``{env:NAME|default}/x`` as ``${NAME}/x`` and ``default/x``."""
    yield _ENV.sub(lambda m: "${" + m[1] + "}", text)
    if any(m[2] for m in _ENV.finditer(text)):
        yield _ENV.sub(lambda m: m[2] or "${" + m[1] + "}", text)


def _list_envs(sources: Sources, elements: Sequence[ElementRow]) -> Iterator[EnvRow]:
    wanted = {row.at.path for row in elements}
    given = " ".join(value for row in elements for _, values in row.options for value in values)
    names = {f.name for f in sources.list("env") if f.path in wanted} | set(_NAMED.findall(given))
    rows: dict[str, list[Fact]] = {}
    for fact in sources.list("env"):
        if fact.name in names:
            rows.setdefault(fact.name, []).append(fact)
    configured = [f for kind in ("setting", "config") for f in sources.list(kind) if f.name in names and f.value]
    for name, found in sorted(rows.items()):
        places = tuple(
            (f.value, f.attr("commented") == "yes", sources.at(f.path)) for f in configured if f.name == name
        )
        default = next((f.value for f in found if f.value), "").strip("'\"")
        yield EnvRow(name, default, sources.places(found), places)


def _list_routes(sources: Sources, providers: Sequence[ElementRow]) -> tuple[RouteRow, ...]:
    given = [value for row in providers for name, values in row.options if name == _ADDRESS for value in values]
    ends = {value.rpartition("}")[2] for value in given if "/" in value}
    logs = sources.list("log")
    return tuple(
        RouteRow(
            f.attr("method"),
            f.attr("path"),
            sources.at(f),
            tuple(dict.fromkeys(log.name for log in logs if (log.path, log.symbol) == (f.path, f.symbol)))[:_LOGS],
        )
        for f in sources.list("route")
        if f.attr("path") in ends
    )


def _list_leads(sources: Sources, providers: Sequence[ElementRow]) -> Iterator[LeadRow]:
    paths = {row.at.path for row in providers}
    for (_, target, kind), edge in sorted(sources.mesh.edges.items()):
        found = [e for e in edge.evidence if e.path in paths]
        if kind == "http" and found:
            for label in sorted(edge.labels):
                yield LeadRow(label, target, bool(edge.why), sources.places(found)[:PLACES])
