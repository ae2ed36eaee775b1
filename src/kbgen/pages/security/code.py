"""How code treats what comes in and what must stay in: comparisons, sanitizers, checks, raw queries, ciphers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.extractors.conditions import Branches
from kbgen.join.program import Place as Definition
from kbgen.model import Fact
from kbgen.pages.security.modes import is_secret
from kbgen.pages.shared.constants import list_constants
from kbgen.pages.shared.traffic import resolve_text, say_address
from kbgen.pages.sources import Excerpt, Place, Sources
from kbgen.pages.values import say
from kbgen.patterns import LazyPattern

_OWN_COMPARE = LazyPattern(r"timing_?safe|constant_?time|secure_?compare|safe_?(?:equals?|compare)", re.IGNORECASE)
_SECRET_NAME = LazyPattern(
    r"(?:^|[._])(?:\w*(?:secret|signature|hmac|digest|password|otp|api_?key|(?:auth|access|service|session|csrf|bearer|"
    r"refresh)_?token)|token|hash(?:ed)?)$",
    re.IGNORECASE,
)
_NO_SECRET = LazyPattern(r"^(?:null|undefined|None|True|False|true|false|['\"`\d].*|typeof .*|.*\.length|len\(.*)$")
_SANITIZER = LazyPattern(
    r"^_?(?:sanitiz|escape_?(?:html|xml|csv|regex)|strip_?(?:html|tags)|contains_?script|redact)", re.IGNORECASE
)
_PATHS = LazyPattern(
    r"file_?name|(?:safe|validat\w*|secure)_?path|path_?(?:safe|valid)|extension|redirect_?(?:url|valid)|"
    r"valid\w*_?redirect",
    re.IGNORECASE,
)
_PATH_CALLS = frozenset(
    {"basename", "extname", "realpath", "normalize", "secure_filename", "relative_to", "commonpath"}
)
_SHOWN = 9
"""Functions of one kind that a page shows: those of libraries first, then those that are called most."""
_SIZE = LazyPattern(r"(?:MAX|LIMIT).*(?:SIZE|BYTES|LENGTH|PAYLOAD|DEPTH|UPLOAD)|(?:SIZE|BYTES|LENGTH).*(?:MAX|LIMIT)")
_SECURE_WORDS = LazyPattern(r"token|secret|password|api_?key|credential|authorization|otp", re.IGNORECASE)
_SHOWN_SCHEMAS = 4


@dataclass(frozen=True, slots=True)
class CompareRow:
    """A comparison in constant time."""

    call: str
    function: str
    secret: str
    """The environment variable that it is compared with, or that the function reads; ``""`` where neither is."""
    at: Place


@dataclass(frozen=True, slots=True)
class OwnCompareRow:
    """A function named for comparing in constant time that is written by hand."""

    name: str
    reads: str
    """The secret that its class reads from the environment, or ``""``."""
    used_by: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class PlainRow:
    text: str
    at: Place


@dataclass(frozen=True, slots=True)
class FunctionRow:
    name: str
    calls: tuple[str, ...]
    """Of libraries."""
    callers: int
    at: Place


@dataclass(frozen=True, slots=True)
class QueryRow:
    call: str
    text: str
    filled: bool
    """Values stand in the text itself."""
    at: Place


@dataclass(frozen=True, slots=True)
class RunRow:
    call: str
    what: str
    at: Place


@dataclass(frozen=True, slots=True)
class ChecksRow:
    """Schemas that input is checked against, by service."""

    unit: str
    count: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SizeRow:
    name: str
    value: str
    at: Place


@dataclass(frozen=True, slots=True)
class CipherRow:
    """What one file encrypts, derives or hashes with."""

    algorithms: tuple[str, ...]
    functions: tuple[str, ...]
    rounds: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """A keyed hash: of a webhook, a cookie, a token."""

    function: str
    algorithm: str
    secret: str
    compared: bool
    """The same file compares in constant time."""
    at: Place


@dataclass(frozen=True, slots=True)
class SocketEvent:
    event: str
    schema: str
    """The schema that its input is checked against, or ``""``."""
    handler: str


@dataclass(frozen=True, slots=True)
class SocketRow:
    name: str
    namespace: str
    unit: str
    rejects: int
    """Places where it turns a client away."""
    rejects_in: tuple[str, ...]
    token_from: tuple[str, ...]
    rooms: tuple[str, ...]
    events: tuple[SocketEvent, ...]
    limits: tuple[SizeRow, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class LeakRow:
    """Log calls of one file that are given a value named like a secret."""

    call: str
    name: str
    functions: tuple[str, ...]
    when: str
    """The condition that stands around each of them, or ``""``."""
    at: Place


@dataclass(frozen=True, slots=True)
class CodeChecks:
    compares: tuple[CompareRow, ...]
    own_compares: tuple[OwnCompareRow, ...]
    plain: tuple[PlainRow, ...]
    compared_files: int
    """Files whose comparisons were read."""
    example: Excerpt | None
    sanitizers: tuple[FunctionRow, ...]
    paths: tuple[FunctionRow, ...]
    validators: tuple[FunctionRow, ...]
    checks: tuple[ChecksRow, ...]
    sizes: tuple[SizeRow, ...]
    queries: tuple[QueryRow, ...]
    runs: tuple[RunRow, ...]
    ciphers: tuple[CipherRow, ...]
    signatures: tuple[SignatureRow, ...]
    digests: tuple[FunctionRow, ...]
    """Functions that hash a key or token to look it up, or to keep it."""
    audits: tuple[FunctionRow, ...]
    sockets: tuple[SocketRow, ...]
    leaks: tuple[LeakRow, ...]


def read_code(sources: Sources) -> CodeChecks:
    return _Reader(sources).read()


class _Reader:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._program = sources.program

    def read(self) -> CodeChecks:
        files = self._list_secret_files()
        compares = self._sources.list("auth_compare")
        return CodeChecks(
            tuple(self._list_compares()),
            tuple(self._list_own()),
            tuple(self._list_plain(files)),
            len(files),
            self._sources.pick_excerpt(compares, limit=24),
            tuple(self._list_functions(_SANITIZER, "sanitizer")),
            tuple(self._list_paths()),
            tuple(self._list_validators()),
            tuple(self._list_checks()),
            tuple(self._list_sizes()),
            tuple(self._list_queries()),
            tuple(self._list_runs()),
            tuple(self._list_ciphers()),
            tuple(self._list_signatures()),
            tuple(self._list_digests()),
            tuple(self._list_audits()),
            tuple(self._list_sockets()),
            tuple(self._list_leaks()),
        )

    # ------------------------------------------------------------------------------------------- comparisons

    def _list_compares(self) -> Iterator[CompareRow]:
        seen: set[Definition] = set()
        for fact in self._sources.list("auth_compare"):
            place = (fact.path, fact.symbol)
            if place in seen:
                continue
            seen.add(place)
            right = self._sources.read_attr(fact, "right")
            against = say_address(right) if isinstance(right, str) else ""
            yield CompareRow(fact.name, fact.symbol, against or self._find_variable(place), self._sources.at(fact))

    def _find_variable(self, place: Definition, *, beside: bool = False) -> str:
        """The secret that the function reads from the environment; with `beside` any method of its class."""
        path, symbol = place
        owner = symbol.rpartition(".")[0] if beside else ""
        for fact in self._sources.list("env"):
            near = fact.symbol == symbol or (owner and f"{fact.symbol}.".startswith(f"{owner}."))
            if fact.path == path and near and is_secret(fact.name):
                return f"${fact.name}"
        return ""

    def _list_own(self) -> Iterator[OwnCompareRow]:
        library = {(f.path, f.symbol) for f in self._sources.list("auth_compare")}
        for path in sorted(self._program.files):
            if self._program.is_test(path):
                continue
            for symbol, fact in self._program.list_symbols(path).items():
                if fact.attr("kind") not in ("function", "method") or not _OWN_COMPARE.search(fact.name):
                    continue
                if (path, symbol) in library:
                    continue
                users = {c.symbol for c in self._program.find_callers((path, symbol)) if c.symbol}
                reads = self._find_variable((path, symbol), beside=True)
                yield OwnCompareRow(symbol, reads, tuple(sorted(users)), self._sources.at(path, symbol))

    def _list_secret_files(self) -> tuple[str, ...]:
        """Files that have to do with secrets: they read one, compare, sign or decode."""
        found = {f.path for f in self._sources.list("env") if is_secret(f.name)}
        for kind in ("auth_compare", "auth_token", "mac", "password_hash", "cipher"):
            found |= {f.path for f in self._sources.list(kind)}
        return tuple(sorted(found))

    def _list_plain(self, files: tuple[str, ...]) -> Iterator[PlainRow]:
        for path in files:
            for each in Branches(self._sources.read_text(path), path).comparisons:
                sides = (each.left, each.right)
                if any(_NO_SECRET.search(side) for side in sides) or not any(map(_SECRET_NAME.search, sides)):
                    continue
                yield PlainRow(f"{each.left} {each.operator} {each.right}", self._sources.at(path))

    # ------------------------------------------------------------------------------------------- input

    def _list_functions(self, pattern: LazyPattern[str], kind: str) -> Iterator[FunctionRow]:
        """Functions that are named for it, or that call a library for it."""
        calls: dict[Definition, list[str]] = {}
        for fact in self._sources.list(kind):
            calls.setdefault((fact.path, fact.symbol), []).append(fact.name)
        rows: list[FunctionRow] = []
        for path in sorted(self._program.files):
            if self._program.is_test(path):
                continue
            for symbol, fact in self._program.list_symbols(path).items():
                if fact.attr("kind") not in ("function", "method"):
                    continue
                found = calls.pop((path, symbol), [])
                if found or pattern.search(fact.name):
                    rows.append(self._make_function((path, symbol), tuple(dict.fromkeys(found))))
        rows += [self._make_function(place, tuple(dict.fromkeys(found))) for place, found in sorted(calls.items())]
        yield from sorted(rows, key=lambda row: (not row.calls, -row.callers, row.at.path, row.name))[:_SHOWN]

    def _make_function(self, place: Definition, calls: tuple[str, ...]) -> FunctionRow:
        callers = {(c.path, c.symbol) for c in self._program.find_callers(place) if not self._program.is_test(c.path)}
        return FunctionRow(place[1] or place[0], calls, len(callers), self._sources.at(*place))

    def _list_paths(self) -> Iterator[FunctionRow]:
        """Functions for names of files and redirects that take a path apart."""
        for path in sorted(self._program.files):
            if self._program.is_test(path):
                continue
            for symbol, fact in self._program.list_symbols(path).items():
                if fact.attr("kind") not in ("function", "method") or not _PATHS.search(fact.name):
                    continue
                calls = {
                    c.name.rpartition(".")[2] for c in self._program.list_within(path, symbol, "call")
                } & _PATH_CALLS
                if calls or "redirect" in fact.name.lower():
                    yield self._make_function((path, symbol), tuple(sorted(calls)))

    def _list_validators(self) -> Iterator[FunctionRow]:
        for fact in self._sources.list("input_validator"):
            yield FunctionRow(fact.name, (fact.attr("what"),), 0, self._sources.at(fact))

    def _list_checks(self) -> Iterator[ChecksRow]:
        units = self._sources.system.units
        by_unit: dict[str, list[str]] = {}
        for fact in self._sources.list("input_check"):
            by_unit.setdefault(units.find_unit(fact.path), []).append(fact.name)
        for unit, names in sorted(by_unit.items()):
            telling = sorted({name for name in names if name != "schema"})
            yield ChecksRow(unit, len(names), tuple(telling[:_SHOWN_SCHEMAS]))

    def _list_sizes(self) -> Iterator[SizeRow]:
        """Constants that bound what comes in, of files that serve requests or check input."""
        served = {f.path for kind in ("input_check", "input_validator", "socket_on") for f in self._sources.list(kind)}
        served |= {route.attr("handler").partition("::")[0] or route.path for route in self._sources.system.routes}
        # Reading constants wants the file's text: only of files that have one of such a name.
        named = {
            f.path for kind in ("symbol", "binding") for f in self._program.list_facts(kind) if _SIZE.search(f.name)
        }
        paths = {path for path in served & named if not self._program.is_test(path)}
        for row in list_constants(self._sources, paths):
            if _SIZE.search(row.name.rpartition(".")[2]) and row.at.path in paths:
                value = f"{row.value} ({row.written})" if row.written else row.value
                yield SizeRow(row.name, value, row.at)

    def _list_queries(self) -> Iterator[QueryRow]:
        for fact in self._sources.list("raw_sql"):
            query = self._sources.read_attr(fact, "query")
            text = fact.attr("query") if isinstance(query, str) else say(query, 100)
            filled = bool(re.search(r"\{\w", text))
            yield QueryRow(fact.name, " ".join(text.split())[:100], filled, self._sources.at(fact))

    def _list_runs(self) -> Iterator[RunRow]:
        for kind, key in (("process_run", "command"), ("eval_code", "code"), ("unsafe_load", "input")):
            for fact in self._sources.list(kind):
                yield RunRow(fact.name, say(self._sources.read_attr(fact, key)), self._sources.at(fact))

    # ------------------------------------------------------------------------------------------- secrets

    def _list_ciphers(self) -> Iterator[CipherRow]:
        by_path: dict[str, list[Fact]] = {}
        for kind in ("cipher", "password_hash"):
            for fact in self._sources.list(kind):
                by_path.setdefault(fact.path, []).append(fact)
        for path, facts in sorted(by_path.items()):
            rounds = (
                resolve_text(self._sources, (f.path, f.symbol), self._sources.read_attr(f, "rounds")) for f in facts
            )
            yield CipherRow(
                tuple(dict.fromkeys(map(self._name_algorithm, facts))),
                tuple(dict.fromkeys(f.symbol for f in facts if f.symbol)),
                tuple(dict.fromkeys(text for text in rounds if text.isdigit())),
                self._sources.at(path),
            )

    def _name_algorithm(self, fact: Fact) -> str:
        value = self._sources.read_attr(fact, "algorithm") if fact.kind == "cipher" else None
        return value if isinstance(value, str) and value else fact.name.rpartition(".")[2]

    def _list_signatures(self) -> Iterator[SignatureRow]:
        compared = {f.path for f in self._sources.list("auth_compare")}
        for fact in self._sources.list("mac"):
            secret = self._sources.read_attr(fact, "secret")
            text = say_address(secret) if isinstance(secret, str) else self._find_variable((fact.path, fact.symbol))
            algorithm = say(self._sources.read_attr(fact, "algorithm"))
            yield SignatureRow(fact.symbol, algorithm, text, fact.path in compared, self._sources.at(fact))

    def _list_digests(self) -> Iterator[FunctionRow]:
        for fact in self._sources.list("digest"):
            if _SECURE_WORDS.search(fact.symbol.rpartition(".")[2]):
                value = self._sources.read_attr(fact, "algorithm")
                algorithm = value if isinstance(value, str) and value else fact.name
                yield self._make_function((fact.path, fact.symbol), (algorithm,))

    def _list_audits(self) -> Iterator[FunctionRow]:
        """What is recorded: actions by the file that records them."""
        by_path: dict[str, list[str]] = {}
        for fact in self._sources.list("audit_record"):
            action = self._sources.read_attr(fact, "action")
            by_path.setdefault(fact.path, []).append(action if isinstance(action, str) else "")
        for path, actions in by_path.items():
            yield FunctionRow(path, tuple(dict.fromkeys(filter(None, actions))), len(actions), self._sources.at(path))

    def _list_leaks(self) -> Iterator[LeakRow]:
        """Log calls that are given a value named like a secret as it is."""
        rows: dict[tuple[str, str, str, str], list[str]] = {}
        for fact in self._sources.list("log"):
            for call in self._program.list_within(fact.path, fact.symbol, "call"):
                if call.line != fact.line or not call.name.endswith(f".{fact.attr('level')}"):
                    continue
                for name in re.findall(r'\["name","([\w.]+)"\]', call.value):
                    if _SECURE_WORDS.search(name.rpartition(".")[2]) and _SECRET_NAME.search(name):
                        when = self._find_condition(fact)
                        rows.setdefault((fact.path, call.name, name, when), []).append(fact.symbol)
        for (path, called, name, when), functions in sorted(rows.items()):
            yield LeakRow(called, name, tuple(dict.fromkeys(filter(None, functions))), when, self._sources.at(path))

    def _find_condition(self, fact: Fact) -> str:
        found = Branches(self._sources.read_text(fact.path), fact.path).find_conditions(fact.line)
        return found[-1].text if found and found[-1].holds else ""

    # ------------------------------------------------------------------------------------------- sockets

    def _list_sockets(self) -> Iterator[SocketRow]:
        units = self._sources.system.units
        for server in self._sources.list("socket_server"):
            owner = server.attr("class") or server.symbol
            rejects = [f for f in self._sources.list("socket_reject") if f.path == server.path]
            rooms = [f for f in self._sources.list("socket_room") if f.path == server.path]
            rooms = [f for f in rooms if f.attr("call") != "leave"]
            sizes = [
                SizeRow(row.name, f"{row.value} ({row.written})" if row.written else row.value, row.at)
                for row in list_constants(self._sources, {server.path})
                if row.at.path == server.path
            ]
            yield SocketRow(
                owner or server.name,
                server.name,
                units.find_unit(server.path),
                len(rejects),
                tuple(dict.fromkeys(f.symbol.rpartition(".")[2] for f in rejects if f.symbol)),
                tuple(self._find_tokens(server.path)),
                tuple(dict.fromkeys(f.name for f in rooms)),
                tuple(self._list_events(server)),
                tuple(sizes),
                self._sources.at(server.path, owner),
            )

    def _find_tokens(self, path: str) -> Iterator[str]:
        """Where a server's code reads a handshake."""
        told: set[str] = set()
        for binding in self._sources.facts.get("binding", ()):
            if binding.path != path:
                continue
            for name in re.findall(r"[\w.]*handshake\.[\w.]+", binding.value):
                short = "handshake." + name.partition("handshake.")[2]
                if short not in told:
                    told.add(short)
                    yield short

    def _list_events(self, server: Fact) -> Iterator[SocketEvent]:
        checks: dict[str, str] = {}
        for fact in self._sources.list("input_check"):
            if fact.path == server.path:
                checks.setdefault(fact.symbol, fact.name)
        for fact in self._sources.list("socket_on"):
            if fact.path == server.path:
                yield SocketEvent(fact.name, checks.get(fact.symbol, ""), fact.symbol)
