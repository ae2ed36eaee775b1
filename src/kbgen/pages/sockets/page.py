"""WebSocket security: who may connect in production and in development, who hears what, and what pins it down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.expressions import decode_arguments, tag_of
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.subject import TestRow, list_tests
from kbgen.pages.shared.traffic import list_services, say_address
from kbgen.pages.sockets.auth import Auth, EffectRow, read_auth
from kbgen.pages.sockets.code import SocketCode, say_message
from kbgen.pages.sockets.rooms import Traffic, read_traffic
from kbgen.pages.sources import Excerpt, FindingRow, Place, Sources
from kbgen.pages.values import read_items, read_pairs, say
from kbgen.patterns import LazyPattern

_SECURITY = LazyPattern(
    r"\b(?:reject\w*|refuse\w*|unauth\w*|auth|token|cookie|origin|cors|member\w*|rate limit\w*|exceed\w*|expired"
    r"|production)\b"
)
_DOCUMENT = LazyPattern(
    r"(?:^|/)[^/]*(?:deploy|environment|\benv\b|config|setup|install|security|websocket|realtime|runbook|operations|readme)"
    r"[^/]*\.mdx?$",
    re.IGNORECASE,
)
_OLD = LazyPattern(r"(?:^|/)(?:archive|archived|old|stories|sprint-artifacts|node_modules|changelog)", re.IGNORECASE)
_FINDINGS = (
    "missing-token", "unhandled-event", "wrong-namespace", "unemitted-event", "never-used", "default-mismatch",
)  # fmt: skip
_CASES = 12
_TESTS = 4


@dataclass(frozen=True, slots=True)
class ServerRow:
    namespace: str
    library: str
    transports: tuple[str, ...]
    ping_interval: str
    ping_timeout: str
    credentials: bool
    """Browsers may send cookies along."""
    any_origin: bool
    service: str
    port: str
    port_at: tuple[Place, ...]
    """What says so."""
    at: Place


@dataclass(frozen=True, slots=True)
class ClientRow:
    url: str
    namespace: str
    auth: str
    """What it hands over: ``{token}``, ``""`` for nothing."""
    optional: bool
    """It connects without a token too."""
    credentials: bool
    logs: tuple[str, ...]
    """What it logs about tokens."""
    at: Place


@dataclass(frozen=True, slots=True)
class AdviceRow:
    """A document of the project that tells to set what production refuses."""

    setting: str
    """``ALLOW_X=true``."""
    quote: str
    effect: EffectRow
    at: Place


@dataclass(frozen=True, slots=True)
class CaseRow:
    name: str
    at: Place


@dataclass(frozen=True, slots=True)
class WebsocketPage:
    """The names that ``page_websocket_security.md.j2`` and ``part_websocket_deployment.md.j2`` may use."""

    servers: tuple[ServerRow, ...]
    clients: tuple[ClientRow, ...]
    client_example: Excerpt | None
    auth: Auth
    traffic: Traffic
    advice: tuple[AdviceRow, ...]
    tests: tuple[TestRow, ...]
    cases: tuple[CaseRow, ...]
    more_cases: int
    pinned: bool
    """Some test of these runs as in production."""
    findings: tuple[FindingRow, ...]
    guide: str
    """From the deployment document to the guide."""


def build(sources: Sources, pack: PagePack) -> WebsocketPage | None:
    code = SocketCode(sources)
    if not code.servers:
        return None
    auth = read_auth(code)
    tests = _pick_tests(code)
    cases = tuple(_list_cases(sources, tests))
    return WebsocketPage(
        tuple(_list_servers(code)),
        tuple(_list_clients(code)),
        _pick_client(code),
        auth,
        read_traffic(code),
        tuple(_list_advice(sources, auth.effects)),
        tests,
        cases[:_CASES],
        max(len(cases) - _CASES, 0),
        any(re.search(r"NODE_ENV\W+production|environment\W+production", sources.read_text(t.at.path)) for t in tests),
        tuple(_pick_findings(code)),
        sources.link(pack.path),
    )


def _list_servers(code: SocketCode) -> Iterator[ServerRow]:
    sources = code.sources
    services = {service.id: service for service in list_services(sources)}
    for fact in code.servers:
        cors = read_pairs(sources.read_attr(fact, "cors"))
        origin = say(cors["origin"]) if "origin" in cors else say(sources.read_attr(fact, "cors"))
        service = services.get(sources.system.units.find_unit(fact.path))
        yield ServerRow(
            fact.name,
            fact.attr("library"),
            tuple(say(item) for item in read_items(sources.read_attr(fact, "transports"))),
            fact.attr("ping_interval"),
            fact.attr("ping_timeout"),
            say(cors.get("credentials")) == "true",
            origin in ("*", "true"),
            service.id if service is not None else "",
            service.port if service is not None else "",
            service.port_at if service is not None else (),
            sources.at(fact),
        )


def _list_clients(code: SocketCode) -> Iterator[ClientRow]:
    sources = code.sources
    for fact in code.connects:
        call = next(
            (c for c in sources.program.list_within(fact.path, fact.symbol, "call") if c.line == fact.line and c.value),
            None,
        )
        options = [a for a in decode_arguments(call.value)[0] if tag_of(a) == "dict"] if call is not None else []
        pairs = read_pairs(options[0]) if options else {}
        auth = sources.read_attr(fact, "auth") if fact.attr("auth") else None
        logs = [
            say_message(sources, f)
            for f in sources.list("log")
            if f.path == fact.path and f.line < fact.line and re.search(r"token|cookie|auth", f.name, re.IGNORECASE)
        ]
        yield ClientRow(
            say_address(say(sources.read_attr(fact, "url"))),
            fact.attr("ns").strip("*"),
            ", ".join(_list_keys(auth)),
            tag_of(auth) == "dict" and any(key is None for key, _ in auth[1:]) if auth is not None else False,
            say(pairs.get("withCredentials")) == "true",
            tuple(dict.fromkeys(logs)),
            sources.at(fact),
        )


def _list_keys(auth: object) -> list[str]:
    """Keys of an object literal, those of parts that are spread into it too."""
    from kbgen.expressions import walk_expr

    return list(
        dict.fromkeys(
            str(key)
            for part in walk_expr(auth)
            if tag_of(part) == "dict"
            for key, _ in part[1:]
            if isinstance(key, str)
        )
    )


def _pick_client(code: SocketCode) -> Excerpt | None:
    """How a client hands its token over; else how the server asks for it."""
    sources = code.sources
    found = [sources.excerpt(f.path, f.symbol, f.line) for f in code.connects if f.attr("auth")]
    shortest = min((e for e in found if e is not None), key=lambda e: len(e.code), default=None)
    return (
        shortest
        or sources.pick_excerpt(f for f in code.connects if f.attr("auth"))
        or sources.pick_excerpt(code.rejects)
    )


def _list_advice(sources: Sources, effects: tuple[EffectRow, ...]) -> Iterator[AdviceRow]:
    """Sentences of documents that set a variable to what makes production fail."""
    refused = [e for e in effects if e.does in ("throws", "refuses") and e.mode == "production"]
    wanted = [(setting, e) for e in refused for setting in e.when if "=" in setting and "production" not in setting]
    if not wanted:
        return
    for path in sorted(sources.entries):
        if not _DOCUMENT.search(path) or _OLD.search(path):
            continue
        text = sources.read_text(path)
        for setting, effect in wanted:
            name, _, value = setting.partition("=")
            pattern = rf"\b{re.escape(name)}\s*[=:]\s*[\"']?{re.escape(value)}\b"
            line = next((line for line in text.splitlines() if re.search(pattern, line)), "")
            if line:
                yield AdviceRow(setting, _shorten(line, name), effect, sources.at(path))


def _shorten(line: str, name: str) -> str:
    """The sentence that names it, without emphasis."""
    flat = " ".join(line.replace("*", "").replace("`", "").split()).strip("-#> ")
    sentence = next((s for s in re.split(r"(?<=[.!?])\s+", flat) if name in s), flat)
    return sentence if len(sentence) <= 220 else sentence[:219] + "…"


def _pick_tests(code: SocketCode) -> tuple[TestRow, ...]:
    """Those that are about the server's files by their names; others only stand in for it."""
    stems = {path.rpartition("/")[2].partition(".")[0].lower() for path in code.server_paths}
    found = list_tests(code.sources, code.server_paths)
    named = tuple(row for row in found if any(s in row.at.path.rpartition("/")[2].lower() for s in stems))
    return named or found[:_TESTS]


def _list_cases(sources: Sources, tests: tuple[TestRow, ...]) -> Iterator[CaseRow]:
    paths = {t.at.path for t in tests}
    for fact in sources.list("test_case", tests=True):
        if fact.path in paths and _SECURITY.search(fact.name):
            yield CaseRow(fact.name, sources.at(fact.path))


def _pick_findings(code: SocketCode) -> Iterator[FindingRow]:
    """Findings about the sockets themselves: of dead definitions only those that stand in the server's files."""
    sources = code.sources
    for kind in _FINDINGS:
        paths = (
            (*code.server_paths, *code.shared_paths)
            if kind == "never-used"
            else (*code.server_paths, *code.client_paths)
        )
        for finding in sources.findings:
            if finding.kind == kind and finding.evidence and finding.evidence[0].path in paths:
                yield from sources.pick_findings(kind, paths=[finding.evidence[0].path])
                break
