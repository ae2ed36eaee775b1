"""What MCP code says when something goes wrong, how its state is seen from outside, and what it does with secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of, walk_expr
from kbgen.extractors.validation import Schema
from kbgen.join.program import Place as CodePlace
from kbgen.model import Fact
from kbgen.pages.mcp.servers import Holder
from kbgen.pages.mcp.settings import RouteRow
from kbgen.pages.mcp.subject import NAMED, Subject
from kbgen.pages.shared.subject import unique
from kbgen.pages.shared.traffic import Service, find_handler, make_service
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import say, walk_pairs
from kbgen.patterns import LazyPattern

_SORTS: tuple[tuple[str, LazyPattern[str]], ...] = (
    ("timeouts", LazyPattern(r"(?i)tim(?:ed|e) ?-?out")),
    (
        "start",
        LazyPattern(r"(?i)fail(?:ed|s)? to start|command not found|exited|not installed|spawn|not running|orphan"),
    ),
    (
        "permissions",
        LazyPattern(
            r"(?i)permission|forbidden|unauthori[sz]|denied|credential|token|encrypt|decrypt|environment variable"
            r"|not allowed|filtered out|\b40[13]\b"
        ),
    ),
    (
        "tools",
        LazyPattern(r"(?i)tool|not found|not connected|unknown server|already exists|disabled|no active"),
    ),
    ("answers", LazyPattern(r"(?i)json|response|protocol|mismatch|server error|returned")),
    (
        "configuration",
        LazyPattern(r"(?i)config|validation|invalid|must be|max(?:imum)?\b|limit|missing|required"),
    ),
)
"""Kinds of trouble, by the words of a message; the first that fits."""
_LEVELS = frozenset({"warning", "warn", "error", "critical", "exception", "fatal"})
_SCREEN = (".tsx", ".jsx")
_PROCESS = frozenset({"create_subprocess_exec", "create_subprocess_shell", "Popen", "run", "spawn", "exec", "execFile"})
_SHELLS = frozenset({"create_subprocess_shell", "exec"})
_TASKS = frozenset({"create_task", "ensure_future", "add_task"})
_ENCRYPTS = LazyPattern(r"(?i)^(?:en|de)crypt|\.(?:en|de)crypt\w*$")
_SECRET = LazyPattern(r"(?i)secret|token|api_?key|password|credential|headers$|env(?:_?vars?)?$|auth")
_PATH_ARGUMENT = LazyPattern(r"(?:^|\s)((?:/|~/|\./|\$\{)[^\s]*)")
_ERROR_TEXT = LazyPattern(r"(?i)(?:err(?:or)?|failure)_?(?:msg|message|text|detail)?")
_HOLE = LazyPattern(r"\{[^{}]*\}")
_CONSTANT = LazyPattern(r"_?[A-Z][A-Z0-9_]*")
_NAMING = LazyPattern(r"(?i)^mcp[_.:-]+\{")


@dataclass(frozen=True, slots=True)
class MessageRow:
    text: str
    """Parts that are put in at run time stand in braces."""
    sign: str
    """The exception's class, the level of a log line, or ``HTTP 404``; ``""`` for a text that a variable keeps."""
    at: tuple[Place, ...]
    dead: bool


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    base: str
    raised: int
    """Places that raise it."""
    caught: tuple[Place, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class UseRow:
    """A definition outside the subject's files that uses it."""

    uses: tuple[str, ...]
    background: tuple[str, ...]
    """What it starts as a task of its own."""
    called_by: tuple[Place, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A route whose answer tells the state of MCP."""

    method: str
    path: str
    keys: tuple[str, ...]
    """``mcp.connected``"""
    address: str
    service: Service | None
    at: Place


@dataclass(frozen=True, slots=True)
class NamingRow:
    pattern: str
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """A process that is started, and what of the own environment it gets."""

    call: str
    inherits: bool
    """The whole environment goes with it."""
    shell: bool
    at: Place


@dataclass(frozen=True, slots=True)
class CryptRow:
    call: str
    what: str
    at: Place


@dataclass(frozen=True, slots=True)
class PlainRow:
    """Fields of a request that look like secrets and that no encrypting call is given."""

    fields: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class ScopeRow:
    server: str
    path: str
    at: Place


def sort_messages(subject: Subject) -> Mapping[str, tuple[MessageRow, ...]]:
    """By kind of trouble; every kind is there. Live code first; one row for one text."""
    groups: dict[str, dict[tuple[str, str], list[Fact]]] = {kind: {} for kind in (*(k for k, _ in _SORTS), "other")}
    for sign, text, fact in _list_messages(subject):
        words_of = _HOLE.sub("", text)
        kind = next((kind for kind, words in _SORTS if words.search(words_of)), "other")
        groups[kind].setdefault((text, sign), []).append(fact)
    return {kind: _make_rows(subject, found) for kind, found in groups.items()}


def _make_rows(subject: Subject, found: Mapping[tuple[str, str], Sequence[Fact]]) -> tuple[MessageRow, ...]:
    rows = [
        MessageRow(
            text,
            sign,
            unique(subject.sources.at(fact) for fact in facts),
            all(subject.reached.is_dead(fact.path, fact.symbol) for fact in facts),
        )
        for (text, sign), facts in found.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.dead, row.at[0].path)))


def _list_messages(subject: Subject) -> Iterator[tuple[str, str, Fact]]:
    """(sign, message, fact) of what the servers' side raises, answers and logs as a warning or worse."""
    written = _list_written(subject)
    for fact in subject.list("exception"):
        text = written.get((fact.path, fact.line), "")
        if text and not _is_screen(fact.path):
            yield fact.name, text, fact
    for fact in subject.list("error_response"):
        if fact.attr("message") and not fact.attr("message").startswith("="):
            yield f"HTTP {fact.attr('status')}", fact.attr("message"), fact
    answering = {(f.path, f.symbol) for f in subject.list("error_response") if f.attr("status").startswith("5")}
    for fact in subject.list("log"):
        # A handler's log line only repeats what it answers.
        if fact.attr("level") in _LEVELS and not _is_screen(fact.path) and (fact.path, fact.symbol) not in answering:
            yield fact.attr("level"), written.get((fact.path, fact.line), fact.name), fact
    for fact in subject.list_raw("binding"):
        if _ERROR_TEXT.fullmatch(fact.name) and not _is_screen(fact.path):
            text = say_text(subject, fact, decode_expr(fact.value))
            if " " in text:
                yield "", text, fact


def _list_written(subject: Subject) -> Mapping[tuple[str, int], str]:
    """Messages as they are written at a place: what a variable held on one of several ways is not told."""
    texts: dict[tuple[str, int], str] = {}
    for kind in ("raise", "call"):
        for fact in subject.list_raw(kind):
            if fact.value:
                positional, _ = decode_arguments(fact.value)
                text = say_text(subject, fact, positional[0]) if positional else ""
                if text:
                    texts.setdefault((fact.path, fact.line), text)
    return texts


def say_text(subject: Subject, fact: Fact, expr: Expr) -> str:
    """A text of code with its own constants put in, and everything else in braces; ``""`` for what is no text."""
    if isinstance(expr, str):
        return " ".join(expr.split())
    if tag_of(expr) != "text":
        return ""
    parts = [part if isinstance(part, str) else _say_part(subject, fact, part) for part in expr[1:]]
    return " ".join("".join(parts).split())


def _say_part(subject: Subject, fact: Fact, expr: Expr) -> str:
    if tag_of(expr) == "name" and _CONSTANT.fullmatch(expr[1]):
        values = [value for _, value in subject.sources.program.find_values(fact.path, fact.symbol, expr[1])]
        if len(values) == 1 and isinstance(values[0], str | int | float):
            return say(values[0])
    return "{" + (say(expr) or "…").removeprefix("self.") + "}"


def _is_screen(path: str) -> bool:
    """Code of the browser only repeats what the server says."""
    return path.endswith(_SCREEN) or "/hooks/" in path


def list_exceptions(subject: Subject) -> tuple[ExceptionRow, ...]:
    sources, program = subject.sources, subject.sources.program
    rows: list[ExceptionRow] = []
    for fact in subject.list("exception_def"):
        caught = [f for f in subject.list_raw("except") if fact.name in f.name.split()]
        raised = sum(1 for f in program.list_facts("raise") if f.name.rpartition(".")[2] == fact.name)
        rows.append(ExceptionRow(fact.attr("base"), raised, sources.places(caught), sources.at(fact)))
    return tuple(rows)


def list_uses(subject: Subject) -> tuple[UseRow, ...]:
    """Definitions of other files that call into the subject's and run, by place."""
    sources, program = subject.sources, subject.sources.program
    callers = {path for path in subject.around - subject.files if not path.endswith(_SCREEN)}
    rows: list[UseRow] = []
    seen: set[CodePlace] = set()
    for fact in program.list_facts("call"):
        place = (fact.path, fact.symbol)
        if place in seen or not fact.symbol or fact.path not in callers:
            continue
        seen.add(place)
        edges = [edge for edge in program.find_edges(place) if edge.how in ("call", "new")]
        used = [e.target[1] for e in edges if e.target[0] in subject.files and e.target[1]]
        if not used or subject.reached.is_dead(*place):
            continue
        rows.append(
            UseRow(
                tuple(dict.fromkeys(used)),
                tuple(dict.fromkeys(_list_tasks(program.list_within(*place, "call")))),
                unique(sources.at(c.path, c.symbol) for c in program.find_callers(place) if c.symbol),
                sources.at(*place),
            )
        )
    return tuple(sorted(rows, key=lambda row: (not NAMED.search(row.at.symbol), row.at.path, row.at.symbol)))


def _list_tasks(calls: Sequence[Fact]) -> Iterator[str]:
    for call in calls:
        if call.name.rpartition(".")[2] in _TASKS:
            positional, _ = decode_arguments(call.value)
            yield from (
                str(each[1]) for each in positional[:1] if tag_of(each) == "call" and NAMED.search(str(each[1]))
            )


def list_status(subject: Subject) -> tuple[StatusRow, ...]:
    sources, program = subject.sources, subject.sources.program
    rows: list[StatusRow] = []
    for route in sources.system.routes:
        handler = find_handler(route)
        if (
            program.is_test(route.path)
            or route.attr("method") not in ("GET", "ANY")
            or NAMED.search(route.attr("path"))
        ):
            continue
        keys: dict[str, None] = {}
        for fact in program.list_within(*handler, "return"):
            for key, value in walk_pairs(decode_expr(fact.value)):
                if NAMED.search(key):
                    inner = _list_keys(sources, handler, value)
                    keys.update(dict.fromkeys(f"{key}.{name}" for name in inner) if inner else {key: None})
        if keys:
            unit = sources.system.units.by_id.get(sources.system.units.find_unit(handler[0]))
            service = make_service(sources, unit) if unit is not None else None
            address = service.address if service is not None else "http://localhost:PORT"
            rows.append(
                StatusRow(route.attr("method"), route.attr("path"), tuple(keys), address, service, sources.at(*handler))
            )
    return tuple(rows)


def _list_keys(sources: Sources, scope: CodePlace, expr: Expr) -> list[str]:
    is_name = tag_of(expr) == "name"
    found = [value for _, value in sources.program.find_values(*scope, expr[1])] if is_name else [expr]
    return list(
        dict.fromkeys(key for each in found if tag_of(each) == "dict" for key, _ in each[1:] if isinstance(key, str))
    )


def list_namings(subject: Subject) -> tuple[NamingRow, ...]:
    """Texts put together in the subject's code that begin with the word: how tools of servers are called."""
    sources = subject.sources
    rows: dict[str, NamingRow] = {}
    for fact in (*subject.list_raw("binding"), *subject.list_raw("return")):
        if '["text"' not in fact.value:
            continue
        text = say_text(subject, fact, decode_expr(fact.value))
        if _NAMING.search(text):
            dead = subject.reached.is_dead(fact.path, fact.symbol)
            rows.setdefault(text, NamingRow(text, dead, sources.at(fact)))
    return tuple(rows.values())


def list_processes(subject: Subject) -> tuple[ProcessRow, ...]:
    sources, program = subject.sources, subject.sources.program
    rows: list[ProcessRow] = []
    for fact in subject.list_calls(lambda last: last in _PROCESS):
        origin = fact.name.partition(".")[0]
        if origin not in ("asyncio", "subprocess", "child_process") and fact.name not in _PROCESS - {"run", "exec"}:
            continue
        positional, named = decode_arguments(fact.value)
        options = [each for each in positional if tag_of(each) == "dict"]
        environment: Expr = named.get("env") or next((v for o in options for k, v in o[1:] if k == "env"), None)
        values = [environment]
        if tag_of(environment) == "name":
            values = [value for _, value in program.find_values(fact.path, fact.symbol, environment[1])]
        inherits = environment is None or any(_takes_environment(value) for value in values)
        shell = fact.name.rpartition(".")[2] in _SHELLS or named.get("shell") is True
        rows.append(ProcessRow(fact.name, inherits, shell, sources.at(fact)))
    return tuple(rows)


def _takes_environment(expr: Expr) -> bool:
    """``{**os.environ, …}``, ``{...process.env}``, ``os.environ.copy()``."""
    return any(
        (tag_of(part) == "name" and part[1] in ("os.environ", "process.env"))
        or (tag_of(part) == "call" and str(part[1]).startswith("os.environ.copy"))
        or (
            tag_of(part) == "dict"
            and any(key is None and say(value) in ("os.environ", "process.env") for key, value in part[1:])
        )
        for part in walk_expr(expr)
    )


def list_crypts(subject: Subject) -> tuple[CryptRow, ...]:
    sources = subject.sources
    rows: dict[tuple[str, str, str], CryptRow] = {}
    for fact in subject.list_raw("call"):
        if not _ENCRYPTS.search(fact.name) or fact.path.endswith(_SCREEN):
            continue
        if not subject.reached.is_dead(fact.path, fact.symbol):
            positional, _ = decode_arguments(fact.value)
            what = say(positional[0]) if positional else ""
            if what:
                rows.setdefault((fact.path, fact.name, what), CryptRow(fact.name, what, sources.at(fact)))
    return tuple(rows.values())


def list_plain(
    subject: Subject, routes: Sequence[RouteRow], schemas: Mapping[Place, Schema], crypts: Sequence[CryptRow]
) -> tuple[PlainRow, ...]:
    """Only for files in which something is encrypted: there what is not stands out."""
    rows: list[PlainRow] = []
    for place, schema in schemas.items():
        encrypted = {row.what.rpartition(".")[2] for row in crypts if row.at.path == place.path}
        names = [f.name for f in schema.fields if _SECRET.search(f.name) and f.name not in encrypted]
        if encrypted and names:
            rows.append(PlainRow(tuple(names), place))
    return tuple(rows)


def list_scopes(holders: Sequence[Holder]) -> tuple[ScopeRow, ...]:
    """Paths among the arguments of servers: what they may touch."""
    return tuple(
        ScopeRow(server.name, found, server.at)
        for holder in holders
        for server in holder.servers
        if "://" not in server.starts
        for found in _PATH_ARGUMENT.findall(server.starts)
    )


def find_same_names(sources: Sources) -> tuple[tuple[str, Place, Place], ...]:
    """(module, its place in the repository, manifest) where the project's own package hides a library of that name."""
    libraries = {fact.name: fact for fact in sources.list("dependency") if NAMED.search(fact.name)}
    found: dict[str, tuple[str, Place, Place]] = {}
    for fact in sources.program.list_facts("import"):
        library = libraries.get(fact.value.partition(".")[0])
        if library is None or not fact.path.endswith(".py") or fact.value in found:
            continue
        own = [path for path in sources.program.find_modules(fact.path, fact.value) if re.search(r"\.pyi?$", path)]
        if own:
            found[fact.value] = (fact.value, sources.at(own[0]), sources.at(library.path))
    return tuple(found.values())
