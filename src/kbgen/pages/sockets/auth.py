"""Who may connect: where the token is taken from, how it is checked, who is turned away, what production refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of, walk_expr
from kbgen.extractors.branches import Branch
from kbgen.model import Fact
from kbgen.pages.sockets.code import MODES, Lookup, SocketCode, is_production, read_lookup, say_message, say_test
from kbgen.pages.sources import Excerpt, Place, Sources
from kbgen.pages.values import say
from kbgen.patterns import LazyPattern

_CREDENTIAL = LazyPattern(
    r"\bhandshake\.(?:auth|query|headers)\b|\bheaders\.(?:cookie|authorization)\b|\.cookies?\b|\bquery_params\b"
)
_WHOLE = LazyPattern(r"(?:handshake\.(?:auth|query|headers)|\.cookies?|query_params)$")
_NAMED = LazyPattern(r"[\w.]*\bhandshake\.(?:auth|query|headers)\.\w+|[\w.]*\bheaders\.(?:cookie|authorization)\b")
_JWT = LazyPattern(r"(?:^|\.)(?:jwt\w*\.(?:verify|decode)|jwtVerify|verifyAsync|jwtDecode)$", re.IGNORECASE)
_START = LazyPattern(
    r"^(?:afterInit|onModuleInit|onApplicationBootstrap|constructor|__init__|lifespan|bootstrap|main|start\w*|on_startup"
    r"|startup\w*|create_?app)$",
    re.IGNORECASE,
)
"""Functions that run once, before any client comes."""
_EFFECTS = ("throws", "refuses", "error", "warning")
"""The gravest first."""
_TRUE = ("true", "1", "yes", "on")


@dataclass(frozen=True, slots=True)
class EffectRow:
    """What the server does under a setting of the environment."""

    when: tuple[str, ...]
    """``NODE_ENV=production``, ``ALLOW_X=true``."""
    mode: str
    """``production``, ``development``, or ``""`` for both."""
    does: str
    """``throws``, ``refuses``, ``error`` or ``warning`` for what is only logged."""
    messages: tuple[str, ...]
    """Of the exception or refusal first, then what is logged with it."""
    at_start: bool
    """When the server starts, not when a client comes."""
    at: Place


@dataclass(frozen=True, slots=True)
class SwitchRow:
    """An environment variable that the socket's code reads."""

    name: str
    default: str
    switch: bool
    """It is compared with true: off unless it says so."""
    listed: tuple[Place, ...]
    """Example files of the environment that name it."""
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """One place where the token may come from, in the order of the code."""

    source: str
    """``handshake.auth.token``."""
    kind: str
    """``auth``, ``cookie``, ``header``, ``query``."""
    when: tuple[str, ...]
    """Environment that it needs; () for always."""
    cookie: str
    logs: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class CheckRow:
    """How a token is judged: what the database is asked, and what makes it invalid."""

    lookup: Lookup
    refused: tuple[str, ...]
    logs: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class RejectRow:
    condition: str
    asks: str
    """The function whose answer the condition is about."""
    log: str
    event: str
    told: str
    """What the client is sent, ``status: disconnected, message: …``."""
    does: str
    """``disconnect(true)``, ``close(1008)``, ``throws WsException``."""
    at: Place


@dataclass(frozen=True, slots=True)
class OriginRow:
    what: str
    """``private`` for ranges of RFC 1918, ``local`` for this machine, ``none`` for a request without an origin."""
    anchored: bool
    """The pattern ends where the origin ends."""
    mode: str
    """``development`` where it holds only there."""
    at: Place


@dataclass(frozen=True, slots=True)
class Auth:
    effects: tuple[EffectRow, ...]
    switches: tuple[SwitchRow, ...]
    examples: tuple[Place, ...]
    """Example files of the environment that there are."""
    credentials: tuple[CredentialRow, ...]
    checks: tuple[CheckRow, ...]
    misnamed: bool
    """Comments speak of a JWT, and no code of the server verifies one."""
    rejects: tuple[RejectRow, ...]
    origins: tuple[OriginRow, ...]
    fallback_origins: tuple[str, ...]
    """Origins that are allowed where none are configured."""
    production_example: Excerpt | None
    names_cookies: bool
    """Some file of the server has the word cookie."""
    reads_handshake: bool
    """Some file of the server has words that read a handshake."""


def read_auth(code: SocketCode) -> Auth:
    sources = code.sources
    effects = tuple(_list_effects(code))
    credentials = tuple(_list_credentials(code))
    calls = [c for c in sources.program.list_facts("call") if c.path in code.server_paths]
    return Auth(
        effects,
        tuple(_list_switches(code)),
        tuple(sources.at(path) for path in _list_examples(sources)),
        credentials,
        tuple(_list_checks(code)),
        not any(_JWT.search(c.name) for c in calls)
        and any(f.path in code.server_paths and "JWT" in f.value for f in sources.list("comment")),
        tuple(_list_rejects(code)),
        tuple(_list_origins(code)),
        tuple(_find_fallback_origins(code)),
        _pick_production(code),
        any("cookie" in sources.read_text(path).lower() for path in code.server_paths),
        any(
            re.search(r"handshake|cookie|authorization|query_params|[?&]token", sources.read_text(path), re.IGNORECASE)
            for path in code.server_paths
        ),
    )


# ----------------------------------------------------------------------------------------- effects


def _list_effects(code: SocketCode) -> Iterator[EffectRow]:
    """Exceptions, refusals and warnings that run only under a setting of the environment, by setting."""
    sources = code.sources
    grouped: dict[tuple[tuple[str, ...], str, str, str], list[tuple[str, str]]] = {}
    for fact in _list_steps(code):
        tests = [t for b in code.find_conditions(fact) for t in b.tests if t.env or is_production(t) is not None]
        modes = [is_production(t) for t in tests]
        mode = "production" if True in modes else "development" if False in modes else ""
        level = {"warn": "warning", "warning": "warning", "error": "error"}.get(fact.attr("level"), "")
        does = "throws" if fact.kind == "exception" else level if fact.kind == "log" else "refuses"
        if does and any(t.env and t.env not in MODES for t in tests):
            message = _find_error(fact) if fact.kind == "call" else say_message(sources, fact)
            when = tuple(dict.fromkeys(say_test(t) for t in tests))
            grouped.setdefault((when, mode, fact.path, fact.symbol), []).append((does, message))
    for (when, mode, path, symbol), found in grouped.items():
        found.sort(key=lambda each: _EFFECTS.index(each[0]))
        yield EffectRow(
            when,
            mode,
            found[0][0],
            tuple(dict.fromkeys(message for _, message in found)),
            bool(_START.search(symbol.rpartition(".")[2])),
            sources.at(path, symbol),
        )


def _list_steps(code: SocketCode) -> list[Fact]:
    sources = code.sources
    found = [f for kind in ("exception", "log") for f in sources.list(kind) if f.path in code.server_paths]
    found += [
        c for c in sources.program.list_facts("call") if c.path in code.server_paths and c.value and _find_error(c)
    ]
    return sorted(found, key=lambda f: (f.path, f.line, f.kind))


def _find_error(call: Fact) -> str:
    """The text of an error that is handed to a callback, ``callback(new Error('no'))``."""
    if call.name.rpartition(".")[2] not in ("callback", "cb", "next", "done", "reject"):
        return ""
    for argument in decode_arguments(call.value)[0]:
        if tag_of(argument) == "call" and str(argument[1]).endswith(("Error", "Exception")):
            return say(argument[2][0]) if argument[2] else str(argument[1])
    return ""


def _list_switches(code: SocketCode) -> Iterator[SwitchRow]:
    sources = code.sources
    examples = _list_examples(sources)
    found: dict[str, list[Fact]] = {}
    for fact in sources.list("env"):
        if fact.path in code.server_paths and fact.name not in MODES:
            found.setdefault(fact.name, []).append(fact)
    compared = {
        test.env
        for path in code.server_paths
        for b in code.read_branches(path)
        for test in b.tests
        if test.equals in _TRUE
    }
    listed = sources.list("setting")
    for name, facts in found.items():
        default = next((f.value.strip("'\"") for f in facts if f.value), "")
        places = sources.places(f for f in listed if f.name == name and f.path in examples)
        yield SwitchRow(name, default, name in compared and not default, places, sources.places(facts))


def _list_examples(sources: Sources) -> list[str]:
    """Files that show which environment variables there are."""
    pattern = re.compile(r"(?:^|/)(?:\.env[\w.-]*|[\w.-]*env)\.(?:example|sample|template|dist)$", re.IGNORECASE)
    return sorted(path for path in sources.entries if pattern.search(path))


# ------------------------------------------------------------------------------------- credentials


def _list_credentials(code: SocketCode) -> Iterator[CredentialRow]:
    """Values that functions return from the handshake, in the order of the code; else what is read of it."""
    seen: set[tuple[str, str, str]] = set()
    program = code.sources.program
    returned: set[tuple[str, str]] = set()
    for fact in program.list_facts("return"):
        if fact.path not in code.server_paths or not fact.symbol:
            continue
        around = code.find_conditions(fact)
        what, inner = _find_source(code, fact, around)
        if what and (fact.path, fact.symbol, what) not in seen:
            seen.add((fact.path, fact.symbol, what))
            returned.add((fact.path, fact.symbol))
            yield _make_credential(code, fact, what, around, inner)
    for fact in program.list_facts("binding"):
        place = (fact.path, fact.symbol)
        what = _find_read(decode_expr(fact.value)) if fact.path in code.server_paths and place not in returned else ""
        # The whole of it, ``handshake.auth`` and the like, is no token yet.
        if what and not _WHOLE.search(what) and (*place, what) not in seen:
            seen.add((*place, what))
            yield _make_credential(code, fact, what, code.find_conditions(fact), None)
    for fact in code.rejects:
        for branch in code.find_conditions(fact):
            found = _NAMED.search(branch.text)
            if found is not None and not any(path == fact.path for path, _, _ in seen):
                seen.add((fact.path, fact.symbol, found[0]))
                yield _make_credential(code, fact, found[0], (), None)


def _make_credential(
    code: SocketCode, fact: Fact, what: str, around: tuple[Branch, ...], inner: Branch | None
) -> CredentialRow:
    outer = next((b for b in around if any(t.env for t in b.tests)), inner)
    span = (outer.first, outer.last) if outer is not None else (fact.line, fact.line)
    logs = tuple(
        say_message(code.sources, f)
        for f in code.sources.list("log")
        if f.path == fact.path and f.symbol == fact.symbol and span[0] <= f.line <= span[1]
    )
    kind = _find_kind(what)
    return CredentialRow(
        re.sub(r"^\w+\.(?=handshake|headers|cookies?\b|query)", "", what),
        kind,
        tuple(dict.fromkeys(say_test(t) for b in around for t in b.tests if t.env)),
        _find_cookie(code, fact, what, span) if kind == "cookie" else "",
        logs,
        code.sources.at(fact),
    )


def _find_source(code: SocketCode, fact: Fact, around: tuple[Branch, ...]) -> tuple[str, Branch | None]:
    """(what of the handshake a returned value comes from, the branch that asks for it)"""
    for branch in reversed(around):
        for test in branch.tests:
            if not test.holds:
                continue
            if _CREDENTIAL.search(test.what):
                return test.what, branch
            made = [
                b for b in code.sources.program.list_within(fact.path, fact.symbol, "binding") if b.line == test.line
            ]
            found = next((what for b in made if test.line and (what := _find_read(decode_expr(b.value)))), "")
            if found:
                return found, branch
    return _find_read(decode_expr(fact.value)), None


def _find_read(expr: Expr) -> str:
    """The part of an expression that reads the handshake, as written; ``""`` for none."""
    for part in walk_expr(expr):
        if tag_of(part) == "item" and tag_of(part[1]) == "name" and _CREDENTIAL.search(str(part[1][1])):
            return f"{part[1][1]}[{say(part[2])}]"
        if tag_of(part) in ("name", "call") and _CREDENTIAL.search(str(part[1])):
            return str(part[1])
    return ""


def _find_kind(what: str) -> str:
    low = what.lower()
    if "cookie" in low:
        return "cookie"
    if "authorization" in low:
        return "header"
    return "query" if "query" in low else "auth"


def _find_cookie(code: SocketCode, fact: Fact, what: str, span: tuple[int, int]) -> str:
    """The name of the cookie: its key, or the literal that is handed to what reads cookies."""
    key = re.search(r"\[([\w.-]+)\]$", what)
    if key is not None:
        return key[1]
    for call in code.list_within(fact.path, fact.symbol, "call", span[0] - 3, span[1]):
        if "cookie" in call.name.lower() or "cookie" in call.value.lower():
            for argument in decode_arguments(call.value)[0]:
                if isinstance(argument, str) and re.fullmatch(r"[\w.-]{3,}", argument):
                    return argument
    return ""


def _list_checks(code: SocketCode) -> Iterator[CheckRow]:
    """Functions that take a token and ask the database for it."""
    sources = code.sources
    for call in sources.program.list_facts("call"):
        lookup = read_lookup(call) if call.path in code.server_paths else None
        if lookup is None or not any(re.search(r"token|session|key", key, re.IGNORECASE) for key in lookup.by):
            continue
        symbol = sources.program.get_symbol((call.path, call.symbol))
        if symbol is None or not symbol.attr("end_line"):
            continue
        last = int(symbol.attr("end_line"))
        inside = [b for b in code.read_branches(call.path) if call.line < b.first <= last and b.leaves and b.text]
        yield CheckRow(
            lookup,
            tuple(_say_refusal(b) for b in inside),
            tuple(
                say_message(sources, f)
                for f in sources.list("log")
                if (f.path, f.symbol) == (call.path, call.symbol) and f.attr("level") in ("warn", "warning", "error")
            ),
            sources.at(call),
        )


def _say_refusal(branch: Branch) -> str:
    """The condition, with what its local names stand for."""
    if len(branch.tests) == 1 and branch.tests[0].equals is None and branch.tests[0].what not in branch.text:
        test = branch.tests[0]
        return test.what if test.holds else f"!{test.what}"
    return branch.text


# ----------------------------------------------------------------------------------------- rejects


def _list_rejects(code: SocketCode) -> Iterator[RejectRow]:
    sources = code.sources
    program = sources.program
    errors = [
        c
        for c in program.list_facts("call")
        if c.path in code.server_paths
        and c.value
        and _find_error(c)
        and not any(t.env and t.env not in MODES for b in code.find_conditions(c) for t in b.tests)
    ]
    for fact in sorted([*code.rejects, *errors], key=lambda f: (f.path, f.line)):
        around = [b for b in code.find_conditions(fact) if b.text or b.tests]
        inner = around[-1] if around else None
        fails = [e for e in program.list_within(fact.path, fact.symbol, "except") if e.line <= fact.line]
        if inner is None and not fails:
            continue
        first, last = (inner.first, inner.last) if inner is not None else (fails[-1].line, fact.line)
        logs, sent = (
            [
                f
                for f in sources.list(kind)
                if (f.path, f.symbol) == (fact.path, fact.symbol) and first <= f.line <= last
            ]
            for kind in ("log", "socket_emit")
        )
        told = say(sources.read_attr(sent[-1], "payload"), 120) if sent else _find_error(fact)
        yield RejectRow(
            "" if inner is None else inner.text or ", ".join(say_test(t) for t in inner.tests),
            _find_asked(code, fact, inner),
            say_message(sources, logs[-1]) if logs else "",
            sent[-1].name if sent else "",
            told or say(sources.read_attr(fact, "message")),
            _say_reject(sources, fact),
            sources.at(fact),
        )


def _find_asked(code: SocketCode, fact: Fact, branch: Branch | None) -> str:
    lines = {t.line for t in branch.tests if t.line} if branch is not None else set()
    for call in code.sources.program.list_within(fact.path, fact.symbol, "call"):
        if call.line in lines and call.attr("target"):
            return re.sub(r"^(?:this|self)\.", "", call.name)
    return ""


def _say_reject(sources: Sources, fact: Fact) -> str:
    if fact.name in ("disconnect", "disconnectSockets", "close"):
        given = say(sources.read_attr(fact, "close")) or say(sources.read_attr(fact, "code"))
        return f"{fact.name}({given})"
    return f"{fact.name}(Error)" if fact.kind == "call" else "throws"


# ----------------------------------------------------------------------------------------- origins


def _list_origins(code: SocketCode) -> Iterator[OriginRow]:
    """Regular expressions of allowed origins that name this machine or private networks; requests without any."""
    sources = code.sources
    for server in code.servers:
        if not server.attr("cors"):
            continue
        text = sources.read_text(server.path).splitlines()
        found = [n for n, line in enumerate(text, 1) if re.search(r"/\^https?\??:|re\.compile\(|RegExp\(", line)]
        for what, words in (("local", r"localhost|127\\?\.0"), ("private", r"192\\?\.168|172\\?\.")):
            lines = [n for n in found if re.search(words, text[n - 1])]
            if lines:
                anchored = all(re.search(r"\$[/'\"]", text[n - 1]) for n in lines)
                yield OriginRow(what, anchored, _find_mode(code, server, lines[0]), sources.at(server))
        for call in sources.program.list_facts("call"):
            if call.path != server.path or decode_arguments(call.value)[0][:2] != [None, True]:
                continue
            tests = [t for b in code.find_conditions(call) for t in b.tests]
            if any(t.what == "origin" and t.equals is None and not t.holds for t in tests):
                mode = "development" if any(is_production(t) is False for t in tests) else ""
                yield OriginRow("none", True, mode, sources.at(server))


def _find_mode(code: SocketCode, server: Fact, line: int) -> str:
    """Whether what is defined around a line is asked outside production alone."""
    functions = [
        f
        for f in code.sources.program.list_facts("binding")
        if f.path == server.path and f.value.startswith('["fn"') and f.line <= line
    ]
    if not functions:
        return ""
    name = max(functions, key=lambda f: f.line).name
    asking = [b for b in code.read_branches(server.path) if b.text and re.search(rf"\b{re.escape(name)}\b", b.text)]
    return "development" if asking and all(any(is_production(t) is False for t in b.tests) for b in asking) else ""


def _find_fallback_origins(code: SocketCode) -> Iterator[str]:
    """What a list of origins falls back to outside production, where production leaves before."""
    for fact in code.sources.program.list_facts("binding"):
        if fact.path not in code.server_paths or "origin" not in fact.name.lower():
            continue
        guards = code.find_guards(fact)
        expr = decode_expr(fact.value)
        if tag_of(expr) == "any" and any(is_production(t) for b in guards for t in b.tests):
            for part in expr[1:]:
                if tag_of(part) == "list":
                    yield from (say(item) for item in walk_expr(part) if isinstance(item, str) and "://" in item)


def _pick_production(code: SocketCode) -> Excerpt | None:
    """The shortest statement that refuses something in production."""
    sources = code.sources
    best: Excerpt | None = None
    for fact in sources.list("exception"):
        if fact.path not in code.server_paths:
            continue
        around = [b for b in code.find_conditions(fact) if any(is_production(t) for t in b.tests)]
        if around:
            symbol = sources.program.get_symbol((fact.path, fact.symbol))
            line = next(
                (n for n in range(around[0].first, (symbol.line if symbol is not None else 0), -1)
                 if re.match(r"\s*(?:if\b|}\s*else)", sources.read_text(fact.path).splitlines()[n - 1])),
                0,
            )  # fmt: skip
            found = sources.excerpt(fact.path, fact.symbol, line) if line else None
            if found is not None and (best is None or len(found.code) < len(best.code)):
                best = found
    return best
