"""How MCP servers are configured: classes, tables, flags, environment variables, limits, and what requests may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of, walk_expr
from kbgen.extractors.statements import find_statement
from kbgen.extractors.validation import Schema, read_schemas
from kbgen.join.program import Place as CodePlace
from kbgen.model import Fact
from kbgen.pages.mcp.servers import Holder
from kbgen.pages.mcp.subject import NAMED, Subject
from kbgen.pages.shared.constants import list_constants
from kbgen.pages.shared.log_lines import read_message
from kbgen.pages.shared.subject import unique
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import say
from kbgen.patterns import LazyPattern

_LIMIT = LazyPattern(r"(?i)time_?out|retr(?:y|ies)|attempt|back_?off|delay|interval|max|limit|ttl|concurren")
_ENV_READS = frozenset({"getenv", "get", "expandvars"})
_GUARD = LazyPattern(
    r"(?i)^(?:require|check|assert|ensure|verify|authorize|enforce)\w*(?:role|member|auth|user|session|permission|admin|access|owner|token|workspace|tenant)"
)
_NEAR = 8
"""Lines below the first of a statement in which a comment may still belong to it."""
_PYTHON_WORDS = {"null": "None", "true": "True", "false": "False"}


@dataclass(frozen=True, slots=True)
class FieldRow:
    name: str
    column: str
    """Its name in the database, where it differs."""
    type: str
    default: str
    about: str
    unread: bool
    """No code of the subject, and none that imports it, reads it as a member."""


@dataclass(frozen=True, slots=True)
class ClassRow:
    name: str
    fields: tuple[FieldRow, ...]
    factories: tuple[str, ...]
    """Class methods that make one: ``from_dict``."""
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class TableRow:
    model: str
    table: str
    fields: tuple[FieldRow, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class FlagRow:
    name: str
    members: tuple[tuple[str, str], ...]
    at: Place


@dataclass(frozen=True, slots=True)
class SortedRow:
    """A table in code that gives words a member of the flags: which tools count as what."""

    name: str
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class VariableRow:
    name: str
    servers: tuple[str, ...]
    given: tuple[str, ...]
    """Values as written, ``""`` for an empty one."""
    examples: tuple[Place, ...]
    """Files of example settings that name it."""
    passed_by: tuple[str, ...]
    """Compose services that set it."""
    at: Place


@dataclass(frozen=True, slots=True)
class ResolverRow:
    """Code that reads environment variables whose names it gets at run time."""

    call: str
    default: str
    patterns: tuple[tuple[str, str, str], ...]
    """(constant, regular expression, method that is called on it)"""
    logs: tuple[tuple[str, str], ...]
    """(level, message)"""
    at: Place


@dataclass(frozen=True, slots=True)
class LimitRow:
    name: str
    values: tuple[tuple[str, str], ...]
    """(parameter, value); one pair without a name for a constant."""
    kind: str
    """``constant``, ``default`` of parameters, or ``written`` into a call."""
    remark: str
    """Comment beside it."""
    read: bool
    read_by: tuple[Place, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class RouteRow:
    method: str
    path: str
    guards: tuple[str, ...]
    checked_by: str
    """The validation schema that the handler runs."""
    at: Place


def list_classes(subject: Subject, holders: Sequence[Holder]) -> tuple[ClassRow, ...]:
    """Configuration classes, those that running code uses first."""
    sources, program = subject.sources, subject.sources.program
    groups: dict[CodePlace, list[Fact]] = {}
    for fact in subject.list("setting_field"):
        groups.setdefault((fact.path, fact.symbol), []).append(fact)
    made = {place for holder in holders for place in _find_made(sources, (holder.at.path, holder.at.symbol))}
    for path, symbol in made:
        fields = program.list_within(path, symbol, "field")
        if (path, symbol) not in groups and fields and not program.is_test(path):
            groups[(path, symbol)] = list(fields)
    rows = [
        ClassRow(
            symbol,
            tuple(_make_field(subject, fact) for fact in facts),
            tuple(_list_factories(sources, (path, symbol))),
            subject.reached.is_dead(path, symbol),
            sources.at(path, symbol),
        )
        for (path, symbol), facts in groups.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.dead, row.at.path, row.name)))


def _find_made(sources: Sources, place: CodePlace) -> Iterator[CodePlace]:
    for _, table in sources.program.find_values(place[0], "", place[1])[:1]:
        for part in walk_expr(table):
            if tag_of(part) == "call":
                found = sources.program.resolve(place[0], "", part[1])
                yield from (each for each in found if sources.program.is_class(each))


def _list_factories(sources: Sources, place: CodePlace) -> Iterator[str]:
    path, symbol = place
    for inner, fact in sources.program.list_symbols(path).items():
        if inner.rpartition(".")[0] == symbol and "classmethod" in fact.attr("decorators").split():
            yield fact.name


def _make_field(subject: Subject, fact: Fact) -> FieldRow:
    sources = subject.sources
    if fact.kind == "setting_field":
        default, about = sources.read_attr(fact, "default"), sources.read_attr(fact, "description")
    else:
        default, about = (decode_expr(fact.value) if fact.value else None), ""
    unread = fact.name not in subject.members and fact.path.endswith(".py")
    shown = _say_default(default)
    if fact.path.endswith(".py"):
        shown = _PYTHON_WORDS.get(shown, shown)
    return FieldRow(fact.name, "", fact.attr("type"), shown, say(about, 120), unread)


def _say_default(expr: Expr) -> str:
    """``[]`` of ``field(default_factory=list)``; empty where a value must be given."""
    if tag_of(expr) == "call":
        factory = expr[3].get("default_factory")
        if factory is not None:
            return {"list": "[]", "dict": "{}", "set": "set()", "tuple": "()"}.get(say(factory), f"{say(factory)}()")
        return say(expr[3]["default"]) if "default" in expr[3] else (say(expr[2][0]) if expr[2] else "")
    return say(expr) if expr != "" else ""


def list_tables(subject: Subject) -> tuple[TableRow, ...]:
    """Models of a database schema that are named for MCP."""
    sources = subject.sources
    rows: list[TableRow] = []
    for fact in sources.list("schema"):
        if fact.attr("source") == "prisma" and fact.attr("kind") == "model" and NAMED.search(fact.name):
            fields = [
                FieldRow(each.name, each.attr("column"), each.attr("type"), say(decode_expr(each.value)), "", False)
                for each in sources.list("field")
                if each.path == fact.path and each.symbol == fact.name
            ]
            rows.append(TableRow(fact.name, fact.attr("table"), tuple(fields), sources.at(fact.path, fact.name)))
    return tuple(rows)


def list_flags(subject: Subject) -> tuple[FlagRow, ...]:
    """Enumerations of the subject with whole numbers, and objects of constants that mirror them."""
    sources, program = subject.sources, subject.sources.program
    rows: list[FlagRow] = []
    for path in sorted(subject.files):
        for symbol, fact in program.list_symbols(path).items():
            members: list[tuple[str, str]] = []
            if "Flag" in fact.attr("bases"):
                members = list(_count_flags(program.list_within(path, symbol, "field")))
            elif fact.attr("kind") in ("const", "constant") and "." not in symbol:
                for _, table in program.find_values(path, "", symbol)[:1]:
                    pairs = table[1:] if tag_of(table) == "dict" else []
                    if len(pairs) > 1 and all(type(value) is int and isinstance(key, str) for key, value in pairs):
                        members = [(key, str(value)) for key, value in pairs]
            if members:
                rows.append(FlagRow(symbol, tuple(members), sources.at(path, symbol)))
    return tuple(rows)


def _count_flags(fields: Iterable[Fact]) -> Iterator[tuple[str, str]]:
    """``auto()`` of a Python flag is the next power of two above the highest value so far.

    https://docs.python.org/3/library/enum.html#enum.auto
    """
    highest = 0
    for fact in fields:
        expr: Expr = decode_expr(fact.value) if fact.value else None
        if tag_of(expr) == "call" and str(expr[1]).rpartition(".")[2] == "auto":
            value = 1 << highest.bit_length()
        elif type(expr) is int:
            value = expr
        else:
            continue
        highest = max(highest, value)
        yield fact.name, str(value)


def list_sorted(subject: Subject, flags: Sequence[FlagRow]) -> tuple[SortedRow, ...]:
    sources = subject.sources
    names = {flag.name for flag in flags}
    rows: list[SortedRow] = []
    for fact in subject.list_raw("binding"):
        if '["dict"' not in fact.value or tag_of(table := decode_expr(fact.value)) != "dict":
            continue
        groups: dict[str, list[str]] = {}
        for key, value in table[1:]:
            if isinstance(key, str) and tag_of(value) == "name" and value[1].rpartition(".")[0] in names:
                groups.setdefault(value[1].rpartition(".")[2], []).append(key)
        if len(groups) > 1:
            rows.append(
                SortedRow(
                    fact.name,
                    tuple((member, tuple(words)) for member, words in groups.items()),
                    subject.reached.is_dead(fact.path, fact.symbol),
                    sources.at(fact),
                )
            )
    return tuple(rows)


def list_variables(sources: Sources, holders: Sequence[Holder]) -> tuple[VariableRow, ...]:
    """What servers are given as environment variables; those of what runs first."""
    settings: dict[str, list[Fact]] = {}
    for fact in sources.list("setting"):
        settings.setdefault(fact.name, []).append(fact)
    found: dict[str, list[tuple[str, str, Place]]] = {}
    for holder in holders:
        for server in holder.servers:
            for name, value in server.environment:
                found.setdefault(name, []).append((server.name, value, server.at))
    return tuple(
        VariableRow(
            name,
            tuple(dict.fromkeys(server for server, _, _ in given)),
            tuple(dict.fromkeys(value for _, value, _ in given)),
            unique(sources.at(f.path) for f in settings.get(name, ()) if f.attr("source") == "dotenv"),
            tuple(dict.fromkeys(f.attr("service") for f in settings.get(name, ()) if f.attr("source") == "compose")),
            given[0][2],
        )
        for name, given in found.items()
    )


def list_resolvers(subject: Subject) -> tuple[ResolverRow, ...]:
    sources, program = subject.sources, subject.sources.program
    rows: list[ResolverRow] = []
    for fact in subject.list_calls(lambda last: last in _ENV_READS):
        positional, _ = decode_arguments(fact.value)
        receiver = fact.name.rpartition(".")[0]
        by_name = not positional or isinstance(positional[0], str)
        if by_name or receiver not in ("os", "os.environ", "environ", "os.path"):
            continue
        patterns = []
        for binding in program.list_within(fact.path, "", "binding"):
            expr = decode_expr(binding.value)
            if tag_of(expr) == "call" and expr[1] == "re.compile" and expr[2] and isinstance(expr[2][0], str):
                used = [
                    call.name.rpartition(".")[2]
                    for call in program.list_within(fact.path, fact.symbol, "call")
                    if call.name.rpartition(".")[0] == binding.name
                ]
                patterns += [(binding.name, expr[2][0], how) for how in dict.fromkeys(used)]
        logs = [
            (log.attr("level"), read_message(sources, log))
            for log in sources.list("log")
            if (log.path, log.symbol) == (fact.path, fact.symbol)
        ]
        default = (
            '""' if len(positional) > 1 and positional[1] == "" else say(positional[1]) if len(positional) > 1 else ""
        )
        rows.append(ResolverRow(fact.name, default, tuple(patterns), tuple(logs), sources.at(fact)))
    return tuple(rows)


def list_limits(subject: Subject) -> tuple[LimitRow, ...]:
    """Constants, defaults of parameters, and numbers written into calls, that bound time, tries or count."""
    rows = [*_list_constants(subject), *_list_defaults(subject), *_list_written(subject)]
    return tuple(sorted(rows, key=lambda r: (("constant", "default", "written").index(r.kind), r.at.path, r.name)))


def _list_constants(subject: Subject) -> Iterator[LimitRow]:
    sources = subject.sources
    code = {path for path in subject.files if path.endswith((".py", ".ts", ".tsx", ".js", ".mjs", ".cjs"))}
    for row in list_constants(sources, code):
        if not _LIMIT.search(row.name) or not NAMED.search(f"{row.name} {row.at.path}"):
            continue
        readers = {fact.path for fact in subject.find_naming(row.name) if fact.path != row.at.path}
        read_by = tuple(sources.at(path) for path in sorted(readers))
        yield LimitRow(row.name, (("", row.value),), "constant", "", row.read, read_by, row.at)


def _list_defaults(subject: Subject) -> Iterator[LimitRow]:
    groups: dict[CodePlace, list[tuple[str, str]]] = {}
    for fact in subject.list_raw("param"):
        # A count that starts at 0 bounds nothing.
        if fact.value not in ("", "0") and _LIMIT.search(fact.name) and is_number(decode_expr(fact.value)):
            groups.setdefault((fact.path, fact.symbol), []).append((fact.name, say(decode_expr(fact.value))))
    for place, values in groups.items():
        dead = subject.reached.is_dead(*place)
        everything = [
            (f.name, say(decode_expr(f.value)))
            for f in subject.sources.program.list_within(*place, "param")
            if f.value and is_number(decode_expr(f.value))
        ]
        yield LimitRow(place[1], tuple(everything or values), "default", "", not dead, (), subject.sources.at(*place))


def _list_written(subject: Subject) -> Iterator[LimitRow]:
    sources = subject.sources
    for fact in subject.list_raw("call"):
        if "timeout" not in fact.value and fact.name.rpartition(".")[2] != "sleep":
            continue
        positional, named = decode_arguments(fact.value)
        values = [(name, say(value)) for name, value in named.items() if _LIMIT.search(name) and is_number(value)]
        if fact.name.rpartition(".")[2] == "sleep" and positional and is_number(positional[0]):
            values.append(("", say(positional[0])))
        if values:
            remark = _find_remark(sources, fact)
            live = not subject.reached.is_dead(fact.path, fact.symbol)
            yield LimitRow(fact.name, tuple(values), "written", remark, live, (), sources.at(fact))


def _find_remark(sources: Sources, fact: Fact) -> str:
    """What a comment inside the statement says."""
    for comment in sources.list_within(fact.path, fact.symbol, "comment"):
        if comment.name == "comment" and fact.line < comment.line <= fact.line + _NEAR:
            span = find_statement(sources.read_text(fact.path), fact.path, fact.line)
            if span is not None and comment.line <= span[1]:
                return comment.value.split("\n")[0]
    return ""


def is_number(expr: Expr) -> bool:
    return isinstance(expr, int | float) and not isinstance(expr, bool)


def list_routes(subject: Subject) -> tuple[RouteRow, ...]:
    """Routes that are named for MCP, with the calls that guard their handlers."""
    sources, program = subject.sources, subject.sources.program
    rows: list[RouteRow] = []
    for route in sources.system.routes:
        if program.is_test(route.path) or not NAMED.search(route.attr("path")):
            continue
        path, _, symbol = route.attr("handler").partition("::")
        guards: dict[str, None] = {}
        checked = ""
        for call in program.list_within(path or route.path, symbol or route.symbol, "call"):
            last = call.name.rpartition(".")[2]
            if _GUARD.search(last):
                positional, _ = decode_arguments(call.value)
                allowed = [say(each) for each in positional if tag_of(each) == "list"]
                guards[f"{last}({', '.join(allowed)})" if allowed else last] = None
            if last in ("safeParse", "parse", "safeParseAsync", "parseAsync") and not checked:
                checked = call.name.rpartition(".")[0]
        rows.append(
            RouteRow(route.attr("method"), route.attr("path"), tuple(guards), checked, sources.at(path, symbol))
        )
    order = ("PAGE", "GET", "POST", "PUT", "PATCH", "DELETE")
    return tuple(
        sorted(rows, key=lambda r: (r.method == "PAGE", r.path, order.index(r.method) if r.method in order else 9))
    )


def list_schemas(subject: Subject, routes: Sequence[RouteRow]) -> Mapping[Place, Schema]:
    """Schemas that handlers of the routes check requests with, by place."""
    sources = subject.sources
    found: dict[Place, Schema] = {}
    for path in sorted({route.at.path for route in routes}):
        for schema in read_schemas(sources.read_text(path), path):
            if any(route.checked_by == schema.name and route.at.path == path for route in routes):
                found[sources.at(path, schema.name)] = schema
    return found
