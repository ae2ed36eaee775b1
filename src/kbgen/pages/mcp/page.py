"""MCP servers: which there are, where and how they are configured, what can go wrong, what to watch for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kbgen.extractors.validation import Schema
from kbgen.pages.mcp.servers import (
    BuiltRow,
    Holder,
    LeftOutRow,
    LiteralRow,
    NamedFile,
    ProvidedRow,
    RunnerRow,
    ServerRow,
    find_twice,
    list_built,
    list_configuration_files,
    list_examples,
    list_holders,
    list_left_out,
    list_literals,
    list_named_files,
    list_provided,
    list_runners,
)
from kbgen.pages.mcp.settings import (
    ClassRow,
    FlagRow,
    LimitRow,
    ResolverRow,
    RouteRow,
    SortedRow,
    TableRow,
    VariableRow,
    list_classes,
    list_flags,
    list_limits,
    list_resolvers,
    list_routes,
    list_schemas,
    list_sorted,
    list_tables,
    list_variables,
)
from kbgen.pages.mcp.subject import NAMED, Subject, find_subject
from kbgen.pages.mcp.troubles import (
    CryptRow,
    ExceptionRow,
    MessageRow,
    NamingRow,
    PlainRow,
    ProcessRow,
    ScopeRow,
    StatusRow,
    UseRow,
    find_same_names,
    list_crypts,
    list_exceptions,
    list_namings,
    list_plain,
    list_processes,
    list_scopes,
    list_status,
    list_uses,
    sort_messages,
)
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.subject import Package, TestRow, list_packages, list_tests
from kbgen.pages.shared.traffic import Service, make_service
from kbgen.pages.sources import Place, Sources

_LIMITS, _USES, _MESSAGES = 20, 10, 8
"""Rows of a table that a reader still takes in."""


@dataclass(frozen=True, slots=True)
class SchemaRow:
    schema: Schema
    routes: tuple[RouteRow, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Messages:
    """Of one kind of trouble: what code that runs says; what other code would say is only counted."""

    live: tuple[MessageRow, ...]
    more: int
    """Further ones that code which runs says."""
    dead: int


@dataclass(frozen=True, slots=True)
class DeadFile:
    names: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class SameName:
    module: str
    own: Place
    library: Place


@dataclass(frozen=True, slots=True)
class McpPage:
    holders: tuple[Holder, ...]
    live: tuple[Holder, ...]
    """Holders that running code reads."""
    unread: tuple[str, ...]
    """Names of the others."""
    servers: int
    examples: tuple[ServerRow, ...]
    """Servers that only stories of components name."""
    built: tuple[BuiltRow, ...]
    provided: tuple[ProvidedRow, ...]
    twice: tuple[str, ...]
    """Servers that are started in different ways in different places."""
    packages: tuple[Package, ...]
    files: tuple[Place, ...]
    named_files: tuple[NamedFile, ...]
    classes: tuple[ClassRow, ...]
    tables: tuple[TableRow, ...]
    variables: tuple[VariableRow, ...]
    resolvers: tuple[ResolverRow, ...]
    limits: tuple[LimitRow, ...]
    more_limits: int
    routes: tuple[RouteRow, ...]
    screens: tuple[RouteRow, ...]
    schemas: tuple[SchemaRow, ...]
    uses: tuple[UseRow, ...]
    more_uses: int
    """Rows that are left out of `uses`, and below of `limits`."""
    status: tuple[StatusRow, ...]
    services: tuple[Service, ...]
    """The apps that start the servers of `live`."""
    runners: tuple[RunnerRow, ...]
    left_out: tuple[LeftOutRow, ...]
    trial: ServerRow | None
    """A server of `live` that is started by a command, to show how to start one by hand."""
    timeouts: Messages
    start: Messages
    permissions: Messages
    tools: Messages
    answers: Messages
    configuration: Messages
    other_by_file: tuple[tuple[Place, tuple[MessageRow, ...]], ...]
    others: int
    """All of them; `other_by_file` has the first."""
    exceptions: tuple[ExceptionRow, ...]
    namings: tuple[NamingRow, ...]
    flags: tuple[FlagRow, ...]
    sorted_tools: tuple[SortedRow, ...]
    processes: tuple[ProcessRow, ...]
    crypts: tuple[CryptRow, ...]
    plain: tuple[PlainRow, ...]
    scopes: tuple[ScopeRow, ...]
    literals: tuple[LiteralRow, ...]
    dead: tuple[DeadFile, ...]
    same_names: tuple[SameName, ...]
    tests: tuple[TestRow, ...]


def build(sources: Sources, pack: PagePack) -> McpPage | None:
    subject = find_subject(sources)
    holders = list_holders(subject)
    built, provided = list_built(subject), list_provided(sources)
    examples = list_examples(sources)
    if not holders and not built and not provided and not examples:
        return None
    live = tuple(holder for holder in holders if not holder.dead)
    routes = list_routes(subject)
    schemas = list_schemas(subject, routes)
    crypts = list_crypts(subject)
    limits, uses = list_limits(subject), list_uses(subject)
    flags = list_flags(subject)
    found = dict(sort_messages(subject))
    others = tuple(row for row in found.pop("other") if not row.dead)
    messages = {kind: _split(rows) for kind, rows in found.items()}
    return McpPage(
        holders=holders,
        live=live,
        unread=tuple(holder.name for holder in holders if holder.dead),
        servers=sum(len(holder.servers) for holder in holders),
        examples=examples,
        built=built,
        provided=provided,
        twice=find_twice(holders),
        packages=list_packages(sources, lambda name: bool(NAMED.search(name))),
        files=list_configuration_files(sources, holders),
        named_files=list_named_files(sources),
        classes=list_classes(subject, holders),
        tables=list_tables(subject),
        variables=list_variables(sources, holders),
        resolvers=list_resolvers(subject),
        limits=limits[:_LIMITS],
        more_limits=max(len(limits) - _LIMITS, 0),
        routes=tuple(route for route in routes if route.method != "PAGE"),
        screens=tuple(route for route in routes if route.method == "PAGE"),
        schemas=tuple(
            SchemaRow(
                schema,
                tuple(r for r in routes if r.checked_by == schema.name and r.at.path == at.path),
                at,
            )
            for at, schema in sorted(schemas.items(), key=lambda pair: (len(pair[0].path), pair[0].path))
        ),
        uses=uses[:_USES],
        more_uses=max(len(uses) - _USES, 0),
        status=list_status(subject),
        services=_list_services(sources, live),
        runners=list_runners(sources, holders),
        left_out=list_left_out(subject, holders),
        trial=next((s for h in live for s in h.servers if " " in s.starts and "://" not in s.starts), None),
        exceptions=list_exceptions(subject),
        namings=list_namings(subject),
        flags=flags,
        sorted_tools=list_sorted(subject, flags),
        processes=list_processes(subject),
        crypts=crypts,
        plain=list_plain(subject, routes, schemas, crypts),
        scopes=list_scopes(holders),
        literals=list_literals(holders),
        dead=_list_dead(subject, holders),
        same_names=tuple(SameName(*found) for found in find_same_names(sources)),
        tests=list_tests(sources, subject.files),
        other_by_file=_group(sources, others[: 2 * _MESSAGES]),
        others=len(others),
        **messages,
    )


def _split(rows: Sequence[MessageRow]) -> Messages:
    live = tuple(row for row in rows if not row.dead)
    return Messages(live[:_MESSAGES], max(len(live) - _MESSAGES, 0), len(rows) - len(live))


def _group(sources: Sources, rows: Sequence[MessageRow]) -> tuple[tuple[Place, tuple[MessageRow, ...]], ...]:
    files = dict.fromkeys(row.at[0].path for row in rows)
    return tuple((sources.at(path), tuple(row for row in rows if row.at[0].path == path)) for path in files)


def _list_services(sources: Sources, live: Sequence[Holder]) -> tuple[Service, ...]:
    units = sources.system.units.by_id
    return tuple(
        make_service(sources, units[name])
        for name in sorted({h.unit for h in live if h.unit and (h.language or h.used_by)})
    )


def _list_dead(subject: Subject, holders: Sequence[Holder]) -> tuple[DeadFile, ...]:
    """Top-level definitions of the subject that nothing that runs leads to, by file."""
    found: dict[str, dict[str, None]] = {}
    for finding in subject.sources.findings:
        if finding.kind == "never-used":
            for evidence in finding.evidence:
                if evidence.path in subject.files:
                    found.setdefault(evidence.path, {})[evidence.symbol] = None
    for holder in holders:
        if holder.dead and holder.language:
            found.setdefault(holder.at.path, {})[holder.name] = None
    return tuple(DeadFile(tuple(sorted(names)), subject.sources.at(path)) for path, names in sorted(found.items()))
