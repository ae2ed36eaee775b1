"""Approvals: which tools wait for a person, what is shown, what is answered, and where a wait can end badly."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, decode_expr, find_argument, tag_of, walk_expr
from kbgen.markdown import Markdown, mark_names
from kbgen.model import Fact
from kbgen.pages.copilot.hooks import ActionRow, Example
from kbgen.pages.shared.choices import ChoiceRow, find_choice
from kbgen.pages.shared.subject import unique
from kbgen.pages.shared.usage import Usage
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import read_items, read_pairs, say
from kbgen.patterns import LazyPattern

_TIMEOUT = LazyPattern(r"(?i)timeout|expires?(?:_?(?:at|in))?$|deadline")
_CALLBACK = LazyPattern(r"on[A-Z]\w*")
_SUBSCRIBES = frozenset({"subscribe", "on", "addEventListener", "addListener"})


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """An approval that the project registers."""

    name: str
    own: str
    """The part of the name that the registering code gives."""
    shows: tuple[str, ...]
    at: Place
    server: tuple[Place, ...]
    """Functions on the server that are named as `name` or `own`."""
    settings: tuple[tuple[str, str], ...]
    """The numbers that the decorator of that function is given."""
    exact: bool
    """A function on the server has the whole name."""
    dead: bool


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """One shape of answer that is given to a waiting agent."""

    shape: str
    count: int
    at: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class TimeoutRow:
    name: str
    value: str
    at: Place
    read_by: tuple[Place, ...]
    """Other code of the approvals that names it and runs."""


@dataclass(frozen=True, slots=True)
class DecoratorRow:
    name: str
    parameters: str
    """As ``name=default, …``."""
    at: Place


@dataclass(frozen=True, slots=True)
class CallRow:
    method: str
    path: str
    at: Place
    broken: Markdown
    """Why nothing answers it, else empty."""


@dataclass(frozen=True, slots=True)
class EventRow:
    name: str
    at: Place


@dataclass(frozen=True, slots=True)
class DefaultRow:
    name: str
    value: str
    at: Place


@dataclass(frozen=True, slots=True)
class UngivenRow:
    """Callbacks that a component takes and nobody gives it."""

    component: str
    callbacks: tuple[str, ...]
    at: Place
    """Where it says what it takes."""
    users: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class StoreUse:
    """What the approvals take out of a store of the front end."""

    store: str
    names: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Approvals:
    registered: tuple[ApprovalRow, ...]
    example: Example | None
    responses: tuple[ResponseRow, ...]
    timeouts: tuple[TimeoutRow, ...]
    decorators: tuple[DecoratorRow, ...]
    calls: tuple[CallRow, ...]
    events: tuple[EventRow, ...]
    defaults: tuple[DefaultRow, ...]
    levels: tuple[ChoiceRow, ...]
    """Which member of an enumeration the server chooses, beside the decorator of its tools."""
    chooser: Place | None
    stores: tuple[StoreUse, ...]
    delays: tuple[tuple[str, Place], ...]
    """(milliseconds, place) of waits before the screen forgets a request."""
    ungiven: tuple[UngivenRow, ...]
    paths: frozenset[str]
    """Files of the front end that approvals are made of."""
    server_paths: frozenset[str]


def read_approvals(sources: Sources, usage: Usage, hooks: Sequence[Fact], rows: Iterable[ActionRow]) -> Approvals:
    """`rows` are what was read of the calls of the hook."""
    reader = _Reader(sources, usage)
    direct = tuple(reader.read_direct(row) for row in rows if "{" not in row.name)
    registered = direct + tuple(row for fact in hooks for row in reader.list_registered(fact))
    own = {f.path for f in hooks} | {row.at.path for row in registered}
    near = own | reader.find_near(own)
    server = frozenset(place.path for row in registered for place in row.server)
    decorators = tuple(reader.list_decorators(registered))
    chooser, levels = find_choice(sources, {row.at.path for row in decorators}, _name_member)
    return Approvals(
        registered,
        reader.pick_example(registered),
        tuple(reader.list_responses(own)),
        tuple(reader.list_timeouts(near)),
        decorators,
        tuple(reader.list_calls(near)),
        tuple(reader.list_events(near)),
        tuple(reader.list_defaults(hooks)),
        levels,
        chooser,
        tuple(reader.list_stores(near)),
        tuple(reader.list_delays(hooks)),
        tuple(reader.list_ungiven({name for row in registered for name in row.shows}, own)),
        frozenset(near),
        server,
    )


class _Reader:
    def __init__(self, sources: Sources, usage: Usage) -> None:
        self._sources = sources
        self._program = sources.program
        self._usage = usage

    def read_direct(self, row: ActionRow) -> ApprovalRow:
        """An approval that is named where the hook is called."""
        server = self._find_functions(row.name)
        settings = tuple(self._list_settings(server))
        places = self._sources.places(server)
        return ApprovalRow(row.name, row.name, row.shows, row.at, places, settings, bool(server), row.dead)

    def list_registered(self, fact: Fact) -> Iterator[ApprovalRow]:
        """Approvals that go through a hook of the project's own, which puts their name together."""
        label = fact.attr("label")
        if "{" not in label or not fact.symbol:
            return
        hole = label.partition("{")[2].partition("}")[0]
        for call in self._program.find_callers((fact.path, fact.symbol.partition(".")[0])):
            positional, words = decode_arguments(call.value)
            own = find_argument(positional, words, hole)
            if self._program.is_test(call.path) or not isinstance(own, str):
                continue
            options = read_pairs(positional[0]) if positional else {}
            name = label.replace("{" + hole + "}", own)
            exact = self._find_functions(name)
            server = exact or self._find_functions(own)
            yield ApprovalRow(
                name,
                own,
                _list_elements(options.values()),
                self._sources.at(call),
                self._sources.places(server),
                tuple(self._list_settings(server)),
                bool(exact),
                self._usage.reached.is_dead(call.path, call.symbol),
            )

    def _find_functions(self, name: str) -> list[Fact]:
        return [
            f
            for f in self._program.list_facts("symbol")
            if f.name == name and f.attr("kind") in ("function", "method") and f.path.endswith(".py")
        ]

    def _list_settings(self, functions: Iterable[Fact]) -> Iterator[tuple[str, str]]:
        places = {(f.path, f.symbol) for f in functions}
        for use in self._sources.list("decorator_use"):
            if (use.path, use.symbol) in places:
                for given in read_items(self._sources.read_attr(use, "arguments")):
                    for key, value in read_pairs(given).items():
                        if isinstance(value, int | float) and not isinstance(value, bool):
                            yield key, say(value)

    def find_near(self, paths: Collection[str]) -> set[str]:
        """What these files import from the project, and what that imports from the same folders."""
        found = self._find_imported(paths)
        folders = {path.rpartition("/")[0] for path in paths}
        return found | {p for p in self._find_imported(found) if p.rpartition("/")[0] in folders}

    def _find_imported(self, paths: Collection[str]) -> set[str]:
        program = self._program
        folders = {path.rpartition("/")[0] for path in paths}
        return {
            found
            for fact in program.list_facts("import")
            if fact.path in paths
            for found in program.find_modules(fact.path, fact.value)
            if not program.is_test(found) and found.rpartition("/")[0] in folders
        }

    def pick_example(self, rows: Iterable[ApprovalRow]) -> Example | None:
        for row in rows:
            found = self._sources.excerpt(row.at.path, row.at.symbol) if row.shows and not row.dead else None
            if found is not None:
                return Example(found, False, False)
        return None

    def list_responses(self, paths: Iterable[str]) -> Iterator[ResponseRow]:
        shapes: dict[str, list[Fact]] = {}
        for path in sorted(paths):
            for fact in self._list_calls(path):
                positional, _ = decode_arguments(fact.value)
                if fact.name.rpartition(".")[2] == "respond" and positional and tag_of(positional[0]) == "dict":
                    shapes.setdefault(say(positional[0], 160), []).append(fact)
        for shape, found in sorted(shapes.items(), key=lambda item: (-len(item[1]), item[0])):
            yield ResponseRow(shape, len(found), self._sources.places(found))

    def _list_calls(self, path: str) -> list[Fact]:
        facts = self._program.files.get(path)
        return [f for f in facts.facts if f.kind == "call"] if facts is not None else []

    def list_timeouts(self, paths: Collection[str]) -> Iterator[TimeoutRow]:
        """Fields and constants that are named for a time limit, with the code of the approvals that names them."""
        seen = set()
        for path in sorted(paths):
            facts = self._program.files.get(path)
            for fact in facts.facts if facts is not None else ():
                if fact.kind not in ("field", "binding") or "." in fact.name or not _TIMEOUT.search(fact.name):
                    continue
                if (fact.name, fact.symbol) in seen:
                    continue
                seen.add((fact.name, fact.symbol))
                own = self._sources.at(fact.path, fact.symbol.partition(".")[0])
                readers = [p for p in self._usage.find_naming(fact.name, paths) if p != own]
                value = say(decode_expr(fact.value)) if fact.value else ""
                yield TimeoutRow(fact.name, value, self._sources.at(fact), self._usage.list_live(unique(readers)))

    def list_decorators(self, rows: Iterable[ApprovalRow]) -> Iterator[DecoratorRow]:
        places = {(place.path, place.symbol) for row in rows for place in row.server}
        used = {use.name.rpartition(".")[2] for use in self._sources.list("decorator_use") if _at(use) in places}
        for fact in self._sources.list("decorator_def"):
            if fact.name in used and fact.attr("params"):
                yield DecoratorRow(fact.name, fact.attr("params"), self._sources.at(fact))

    def list_calls(self, paths: Collection[str]) -> Iterator[CallRow]:
        for match in self._sources.system.matches:
            call = match.call
            if call.path in paths and not self._program.is_test(call.path):
                why = match.why if match.verdict == "dangling" else ""
                yield CallRow(call.attr("method"), call.attr("path"), self._sources.at(call), mark_names(why))

    def list_events(self, paths: Iterable[str]) -> Iterator[EventRow]:
        """What is subscribed to in the files of the approvals, where its name can be worked out."""
        for path in sorted(paths):
            for fact in self._list_calls(path):
                positional, _ = decode_arguments(fact.value)
                if fact.name.rpartition(".")[2] in _SUBSCRIBES and len(positional) > 1:
                    for folded in self._program.fold(path, fact.symbol, positional[0])[:1]:
                        yield EventRow(folded.text, self._sources.at(fact))

    def list_defaults(self, hooks: Iterable[Fact]) -> Iterator[DefaultRow]:
        """What stands in where an approval comes without its configuration."""
        for fact in hooks:
            seen = set()
            for binding in self._program.list_within(fact.path, fact.symbol, "binding"):
                for part in walk_expr(decode_expr(binding.value)) if binding.value else ():
                    for choice in part[1:] if tag_of(part) == "any" else ():
                        for name, value in read_pairs(choice).items():
                            if tag_of(value) == "literal" and name not in seen:
                                seen.add(name)
                                yield DefaultRow(name, say(value), self._sources.at(fact))

    def list_delays(self, hooks: Iterable[Fact]) -> Iterator[tuple[str, Place]]:
        for fact in hooks:
            found = set()
            for call in self._program.list_within(fact.path, fact.symbol, "call"):
                positional, _ = decode_arguments(call.value)
                ms = positional[1] if len(positional) > 1 else None
                if call.name.rpartition(".")[2] == "setTimeout" and isinstance(ms, int) and ms not in found:
                    found.add(ms)
                    yield str(ms), self._sources.at(call)

    def list_stores(self, paths: Collection[str]) -> Iterator[StoreUse]:
        stores = {(f.path, f.symbol): f.name for f in self._sources.list("state_store")}
        taken: dict[tuple[str, Place], list[str]] = {}
        for place, store in sorted(stores.items()):
            for call in self._program.find_callers(place):
                if call.path in paths and not self._program.is_test(call.path):
                    positional, _ = decode_arguments(call.value)
                    picked = [p[1].partition(".")[2] for e in positional for p in walk_expr(e) if tag_of(p) == "name"]
                    taken.setdefault((store, self._sources.at(call)), []).extend(filter(None, picked))
        for (store, at), names in taken.items():
            yield StoreUse(store, tuple(dict.fromkeys(names)), at)

    def list_ungiven(self, shown: Collection[str], paths: Collection[str]) -> Iterator[UngivenRow]:
        """Callbacks of the components that approvals show, directly or in a component of the same file."""
        inner = {
            f.name for f in self._program.list_facts("jsx") if f.path in paths and f.symbol.partition(".")[0] in shown
        }
        for name in sorted({*shown, *inner}):
            uses = self._usage.list_rendered(name)
            given = {key for f in uses for key in decode_arguments(f.value)[1]}
            spread = any(tag_of(part) == "spread" for f in uses for part in decode_arguments(f.value)[0])
            for target in sorted({t for f in uses for t in self._program.resolve(f.path, f.symbol, name)}):
                fields = self._program.list_within(target[0], f"{name}Props", "field")
                missing = tuple(f.name for f in fields if _CALLBACK.fullmatch(f.name) and f.name not in given)
                if missing and not spread:
                    at = self._sources.at(target[0], name)
                    yield UngivenRow(name, missing, at, self._sources.places(uses))


def _name_member(expr: Expr) -> str:
    """``Level.HIGH`` of a member of an enumeration, else ``""``."""
    name = str(expr[1]) if tag_of(expr) == "name" else ""
    return name if name.count(".") == 1 and name[:1].isupper() and name.rpartition(".")[2].isupper() else ""


def _at(fact: Fact) -> tuple[str, str]:
    return fact.path, fact.symbol


def _list_elements(values: Iterable[Expr]) -> tuple[str, ...]:
    names = [part[1] for value in values for part in walk_expr(value) if tag_of(part) == "jsx"]
    return tuple(dict.fromkeys(name for name in names if name[:1].isupper()))
