"""Stores of the front end (Zustand): derived state, bounds of collections, shallow selectors, what renders too much."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of, walk_expr
from kbgen.extractors.callbacks import Member, find_member, read_locals, read_members
from kbgen.model import Fact
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.constants import ConstantRow, list_constants
from kbgen.pages.shared.cuts import cut_lines, cut_statement
from kbgen.pages.shared.subject import Package, list_packages
from kbgen.pages.shared.usage import Usage
from kbgen.pages.sources import Excerpt, Place, Sources
from kbgen.pages.stores.uses import UseRow, list_uses
from kbgen.pages.values import read_pairs, say
from kbgen.patterns import LazyPattern

_LIBRARY = "zustand"
_WRAPPERS = ("subscribeWithSelector", "persist", "devtools", "immer", "temporal", "combine", "redux")
_DERIVING = frozenset({"filter", "map", "reduce", "sort", "toSorted", "slice", "find", "flatMap", "some", "every"})
_BOUND = LazyPattern(r"(?:^|_)(?:MAX|LIMIT|CAP)(?:_|$)|_LIMIT$|_SIZE$|_AGE(?:_|$)")
_SHOWN_LINES = 12
_MAJOR = LazyPattern(r"\D*(\d+)")


@dataclass(frozen=True, slots=True)
class StoreRow:
    name: str
    wrappers: tuple[str, ...]
    functions: int
    """Of its own object; those that it spreads in are not counted."""
    uses: int
    storage: str
    """Key under which it is kept in the browser."""
    kept: tuple[str, ...]
    """Fields that are kept, where the store says which."""
    at: Place


@dataclass(frozen=True, slots=True)
class DerivedRow:
    """A field that the store works out from others when they change."""

    store: str
    field: str
    sources: tuple[str, ...]
    """What it is worked out by: ``widgets.alerts.filter``."""
    actions: tuple[str, ...]
    """Actions that write it."""
    made_in: tuple[str, ...]
    """Those of them that work it out."""
    missing: tuple[str, ...]
    """Actions that write what it is worked out from, and not it."""
    readers: tuple[UseRow, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class BoundRow:
    constant: ConstantRow
    store: str
    actions: tuple[str, ...]
    """Actions that name it, or call a function of the file that does."""
    through: str
    """That function."""
    unbounded: tuple[str, ...]
    """Actions that write the collection of this name as it was given to them."""
    at: Place
    """The store."""


@dataclass(frozen=True, slots=True)
class ReplaceRow:
    """Actions that put a whole new state in place and name no bound."""

    store: str
    actions: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class KindCount:
    kind: str
    uses: int
    dead: int


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """Calls of a store's `subscribe` in one definition, with or without a selector."""

    store: str
    selects: bool
    at: Place


@dataclass(frozen=True, slots=True)
class SelectorsPage:
    packages: tuple[Package, ...]
    major: int
    """Of Zustand, as the manifest asks for it; 0 when it does not say."""
    stores: tuple[StoreRow, ...]
    counts: tuple[KindCount, ...]
    derived: tuple[DerivedRow, ...]
    derived_example: Excerpt | None
    bounds: tuple[BoundRow, ...]
    bound_example: Excerpt | None
    replaced: tuple[ReplaceRow, ...]
    shallow: tuple[UseRow, ...]
    shallow_example: Excerpt | None
    new: tuple[UseRow, ...]
    """A new value at each call, and no shallow comparison."""
    new_example: Excerpt | None
    fallback: tuple[UseRow, ...]
    whole: tuple[UseRow, ...]
    before: Excerpt | None
    after: Excerpt | None
    subscriptions: tuple[SubscriptionRow, ...]


def build(sources: Sources, pack: PagePack) -> SelectorsPage | None:
    facts = [f for f in sources.list("state_store") if f.attr("library") == _LIBRARY]
    if not facts:
        return None
    usage = Usage(sources)
    uses = list_uses(sources, usage, facts)
    stores = [_Store(sources, fact) for fact in facts]
    packages = list_packages(sources, lambda name: name == _LIBRARY)
    derived = tuple(row for store in stores for row in store.list_derived(uses))
    constants = list_constants(sources, {fact.path for fact in facts}, False)
    bounds = tuple(row for store in stores for row in store.list_bounds(constants))
    bounded = {row.store for row in bounds}
    before, after = _pick_pair(sources, uses)
    return SelectorsPage(
        packages,
        max((int(m[1]) for p in packages if (m := _MAJOR.match(p.version))), default=0),
        tuple(store.read(uses) for store in stores),
        tuple(_count(uses)),
        derived,
        _first(store.pick_member(row) for row in derived for store in stores if store.name == row.store),
        bounds,
        _first(store.pick_bounded(bounds) for store in stores),
        tuple(row for store in stores if store.name in bounded for row in store.list_replaced(bounds)),
        tuple(u for u in uses if u.kind == "shallow"),
        _pick(sources, [u for u in uses if u.kind == "shallow"]),
        tuple(u for u in uses if u.kind == "new"),
        _pick(sources, [u for u in uses if u.kind == "new" and not u.through]),
        tuple(u for u in uses if u.kind == "fallback"),
        tuple(u for u in uses if u.kind == "whole"),
        before,
        after,
        tuple(dict.fromkeys(_list_subscriptions(sources, facts))),
    )


def _count(uses: Iterable[UseRow]) -> Iterator[KindCount]:
    for kind in ("field", "computed", "unread", "shallow", "whole", "fallback", "new"):
        found = [u for u in uses if u.kind == kind]
        if found:
            yield KindCount(kind, len(found), sum(u.dead for u in found))


def _first(found: Iterable[Excerpt | None]) -> Excerpt | None:
    return next((excerpt for excerpt in found if excerpt is not None), None)


def _pick(sources: Sources, uses: Sequence[UseRow]) -> Excerpt | None:
    """The shortest: the whole definition where it is a hook of its own, else the statement."""
    live = [u for u in uses if not u.dead] or uses
    found = [sources.excerpt(u.at.path, u.at.symbol, limit=_SHOWN_LINES) for u in live]
    if not any(found):
        found = [cut_statement(sources, u.at.path, u.at.symbol, u.line, _SHOWN_LINES) for u in live]
    return min((e for e in found if e is not None), key=lambda e: len(e.code), default=None)


def _pick_pair(sources: Sources, uses: Sequence[UseRow]) -> tuple[Excerpt | None, Excerpt | None]:
    """A use that takes a whole store, and one that picks a field of the same store."""
    for use in uses:
        if use.kind == "whole" and not use.dead and use.picks:
            after = _pick(sources, [u for u in uses if u.kind == "field" and u.store == use.store and not u.dead])
            before = cut_statement(sources, use.at.path, use.at.symbol, use.line, _SHOWN_LINES)
            if before is not None and after is not None:
                return before, after
    return None, None


def _list_subscriptions(sources: Sources, stores: Iterable[Fact]) -> Iterator[SubscriptionRow]:
    program = sources.program
    names = {f"{store.symbol or store.name}.subscribe": store for store in stores}
    for call in program.list_facts("call"):
        store = names.get(call.name)
        if store is None or not program.resolve(call.path, call.symbol, call.name.partition(".")[0]):
            continue
        yield SubscriptionRow(store.name, len(decode_arguments(call.value)[0]) > 1, sources.at(call))


class _Store:
    """One store: its members by name, and what each action writes."""

    def __init__(self, sources: Sources, fact: Fact) -> None:
        self._sources = sources
        self._fact = fact
        self.name = fact.name
        self._text = sources.read_text(fact.path)
        self._members = read_members(self._text, fact.path, fact.line)
        self._writes = tuple(self._list_writes())

    def read(self, uses: Iterable[UseRow]) -> StoreRow:
        creator = self._sources.read_attr(self._fact, "creator")
        wrappers = [p[1] for p in walk_expr(creator) if tag_of(p) == "call" and p[1] in _WRAPPERS]
        kept = read_pairs(self._sources.read_attr(self._fact, "persist"))
        partial = kept.get("partialize")
        keys = [p for p in walk_expr(partial) if tag_of(p) == "dict"] if partial is not None else []
        key = kept.get("name")
        folded = (
            self._sources.program.fold(self._fact.path, self._fact.symbol, key)
            if key is not None and tag_of(key) != "literal"
            else ()
        )
        return StoreRow(
            self.name,
            tuple(dict.fromkeys(wrappers)),
            sum(m.runs for m in self._members),
            sum(u.store == self.name for u in uses),
            folded[0].text if folded else say(key) if key else "",
            tuple(read_pairs(keys[0])) if keys else (),
            self._sources.at(self._fact),
        )

    # --------------------------------------------------------------------------------------- what is written

    def _list_writes(self) -> Iterator[tuple[str, Expr]]:
        """(action, object) of each call of ``set``; of an updater function the objects that it returns."""
        for call in self._sources.program.list_within(self._fact.path, self._fact.symbol, "call"):
            positional, _ = decode_arguments(call.value)
            if call.name not in ("set", "setState") or not positional:
                continue
            action = find_member(self._members, call.line)
            given = positional[0][1:] if tag_of(positional[0]) == "fn" else positional[:1]
            for expr in given:
                if action and tag_of(expr) == "dict":
                    yield action, expr

    def _find_writing(self, key: str) -> dict[str, list[Expr]]:
        """action -> values that it writes under a key, at any depth"""
        found: dict[str, list[Expr]] = {}
        for action, expr in self._writes:
            for part in walk_expr(expr):
                value = read_pairs(part).get(key)
                if value is not None:
                    found.setdefault(action, []).append(value)
        return found

    # -------------------------------------------------------------------------------------------- derived

    def list_derived(self, uses: Iterable[UseRow]) -> Iterator[DerivedRow]:
        """Fields of the initial state that the store's own code works out from other state."""
        program = self._sources.program
        initial = {member.name for member in self._members if not member.runs}
        made: dict[str, dict[str, None]] = {}
        made_in: dict[str, dict[str, None]] = {}
        for binding in program.list_within(self._fact.path, self._fact.symbol, "binding"):
            if binding.name in initial and binding.value:
                for source in _list_deriving(decode_expr(binding.value)):
                    made.setdefault(binding.name, {})[source] = None
                    made_in.setdefault(binding.name, {})[find_member(self._members, binding.line)] = None
        for field, found in sorted(made.items()):
            writing = self._find_writing(field)
            roots = {source.rpartition(".")[0].rpartition(".")[2] for source in found} - {field}
            touching = {action for root in roots for action in self._find_writing(root)}
            yield DerivedRow(
                self.name,
                field,
                tuple(source for source in found if source.count(".") > 1) or tuple(found),
                tuple(writing),
                tuple(made_in[field]),
                tuple(m.name for m in self._members if m.name in touching and m.name not in writing),
                tuple(u for u in uses if u.store == self.name and field in u.picks),
                self._sources.at(self._fact),
            )

    def pick_member(self, row: DerivedRow) -> Excerpt | None:
        return self._cut([m for m in self._members if m.name in row.made_in])

    # ---------------------------------------------------------------------------------------------- bounds

    def list_bounds(self, constants: Iterable[ConstantRow]) -> Iterator[BoundRow]:
        functions = self._find_naming()
        for constant in constants:
            name = constant.name.rpartition(".")[2]
            if not _BOUND.search(name):
                continue
            through = sorted(f for f, names in functions.items() if name in names)
            actions = [m.name for m in self._members if name in m.names or not m.names.isdisjoint(through)]
            if actions:
                yield BoundRow(
                    constant,
                    self.name,
                    tuple(actions),
                    through[0] if through else "",
                    tuple(self._list_unbounded(name, actions)),
                    self._sources.at(self._fact),
                )

    def _find_naming(self) -> Mapping[str, frozenset[str]]:
        """Plain functions of the store's file -> the words that they name."""
        program = self._sources.program
        local = read_locals(self._text, self._fact.path).functions
        return {
            fact.symbol: frozenset(packed[: packed.rindex("@")] for packed in fact.value.split())
            for fact in program.list_facts("reference")
            if fact.path == self._fact.path and fact.symbol in local and fact.symbol != self._fact.symbol
        }

    def _list_unbounded(self, name: str, actions: Collection[str]) -> Iterator[str]:
        """Actions that write the collection of a bound's name as they were given it."""
        words = {word.lower() for word in name.split("_")} - {"max", "limit", "cap", "size"}
        keys = {key for _, expr in self._writes for part in walk_expr(expr) for key in read_pairs(part)}
        for key in sorted(keys):
            if "".join(sorted(words)) == "".join(sorted(_split(key))):
                for action, values in self._find_writing(key).items():
                    if action not in actions and any(self._is_given(action, value) for value in values):
                        yield action

    def _is_given(self, action: str, value: Expr) -> bool:
        """A plain name that the action itself does not make: what it was given, as it is."""
        if tag_of(value) != "name" or "." in value[1]:
            return False
        spans = [(m.first, m.last) for m in self._members if m.name == action]
        return not any(
            binding.name == value[1] and any(first <= binding.line <= last for first, last in spans)
            for binding in self._sources.program.list_within(self._fact.path, self._fact.symbol, "binding")
        )

    def list_replaced(self, bounds: Iterable[BoundRow]) -> Iterator[ReplaceRow]:
        bounded = {action for row in bounds if row.store == self.name for action in row.actions}
        found = [action for action, expr in self._writes if action not in bounded and self._spreads_given(action, expr)]
        if found:
            yield ReplaceRow(self.name, tuple(dict.fromkeys(found)), self._sources.at(self._fact))

    def _spreads_given(self, action: str, expr: Expr) -> bool:
        """The whole object, or a value that the action made of it, is spread into the state that is set."""
        members = [m for m in self._members if m.name == action]
        given = {name for m in members for name in m.parameters}
        for binding in self._sources.program.list_within(self._fact.path, self._fact.symbol, "binding"):
            value = decode_expr(binding.value) if binding.value else ""
            own = tag_of(value) == "call" and value[1] == "get"
            if not own and any(m.first <= binding.line <= m.last for m in members):
                given.add(binding.name)
        return any(key is None and tag_of(value) == "name" and value[1] in given for key, value in expr[1:])

    def pick_bounded(self, bounds: Iterable[BoundRow]) -> Excerpt | None:
        names = {a for row in bounds if row.store == self.name and not row.through for a in row.actions}
        return self._cut([m for m in self._members if m.name in names])

    def _cut(self, members: Sequence[Member]) -> Excerpt | None:
        """The shortest of these members as it stands in the store."""
        best = min(members, key=lambda m: (m.last - m.first, m.first), default=None)
        if best is None:
            return None
        return cut_lines(self._sources, self._fact.path, self._fact.symbol, best.first, best.last)


def _list_deriving(expr: Expr) -> Iterator[str]:
    """``widgets.alerts.filter`` of calls that work something out, without the name that the state has there."""
    for part in expr[1:] if tag_of(expr) == "any" else (expr,):
        if tag_of(part) == "call" and str(part[1]).rpartition(".")[2] in _DERIVING:
            first, _, rest = str(part[1]).partition(".")
            yield rest if "." in rest else f"{first}.{rest}"


def _split(key: str) -> list[str]:
    """``activeTasks`` as ``["active", "tasks"]``"""
    words = "".join(f" {c}" if c.isupper() else c for c in key).lower().split()
    return [word for part in words for word in part.split("_")]
