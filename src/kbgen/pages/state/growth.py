"""How a field of the state gets from its form to every place that must know it: followed through one that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kbgen.expressions import decode_arguments, decode_expr, tag_of
from kbgen.pages.shared.readings import find_comparisons, find_definition, find_member, find_raises
from kbgen.pages.sources import Excerpt, Place, Sources
from kbgen.pages.state.parts import StateParts
from kbgen.patterns import LazyPattern

ROLES = ("form", "initial", "store", "carry", "browser", "list", "server", "mirror")
"""Where a field stands, in the order in which a new one is added."""
_INITIAL = LazyPattern(r"initial|default|empty", re.IGNORECASE)
_FORMS = ("interface", "type")
_SCHEMA = LazyPattern(r"schema|model|shape", re.IGNORECASE)
_COMMENT = LazyPattern(r"^\s*(?:\*|//|/\*|#)")
_TEXT = LazyPattern(r"(?P<quote>['\"`])(?:(?!(?P=quote)).)*(?P=quote)")
_MEMBERS = 6


@dataclass(frozen=True, slots=True)
class TrailRow:
    role: str
    """One of `ROLES`."""
    members: tuple[str, ...]
    """Definitions and actions that name the field there."""
    more: int
    at: Place


@dataclass(frozen=True, slots=True)
class ListRow:
    """A list of field names in code: a field that is missing there is not carried."""

    name: str
    fields: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Growth:
    field: str
    """The field that the trail follows."""
    trail: tuple[TrailRow, ...]
    lists: tuple[ListRow, ...]
    action: Excerpt | None
    """An action that sets the field."""
    carried: Excerpt | None
    """How a change of it is noticed and carried."""
    tests: tuple[Place, ...]


def find_growth(sources: Sources, parts: StateParts) -> Growth | None:
    """None where no list and no subscription names a field of a store."""
    finder = _Finder(sources, parts)
    lists = tuple(finder.find_lists())
    carried = finder.find_carried()
    candidates = sorted({field for row in lists for field in row.fields} | carried)
    trails = {field: finder.follow(field) for field in candidates if re.search(r"[a-z][A-Z]|_", field)}
    trails = {field: rows for field, rows in trails.items() if any(row.role == "store" for row in rows)}
    if not trails:
        return None
    # The field that the most files know; of several the plainest.
    field = min(trails, key=lambda f: (-len(trails[f]), sum(len(r.members) + r.more for r in trails[f]), f))
    return Growth(
        field,
        trails[field],
        tuple(row for row in lists if field in row.fields),
        finder.find_action(field),
        finder.find_notice(field),
        tuple(finder.find_tests(field)),
    )


class _Finder:
    def __init__(self, sources: Sources, parts: StateParts) -> None:
        self._sources = sources
        self._parts = parts
        self._program = sources.program
        self._homes = {fact.path for fact in parts.stores}
        self._mirrors = {path for path, _ in parts.mirrors}
        self._keyed = {fact.path for fact in parts.keys}
        self._near = parts.files | parts.types | {path for path, _ in parts.server}
        self._imported = self._list_imported()

    def _list_imported(self) -> frozenset[str]:
        """Files of the same repository that the parts import."""
        return frozenset(
            target
            for fact in self._program.list_facts("import")
            if fact.path in self._near
            for target in self._program.find_modules(fact.path, fact.value)
            if not self._program.is_test(target)
        )

    def find_lists(self) -> Iterator[ListRow]:
        """Constants that hold the names of a store's fields."""
        known = self._list_fields()
        for path in sorted(self._near | self._imported):
            for fact in self._program.list_within(path, "", "binding"):
                for name, expr in _list_leaves(fact.name, decode_expr(fact.value)):
                    items = [i for i in expr[1:] if isinstance(i, str)] if tag_of(expr) == "list" else []
                    if len(items) > 1 and len(known.intersection(items)) == len(items):
                        yield ListRow(name, tuple(items), self._sources.at(fact.path, fact.name.partition(".")[0]))

    def _list_fields(self) -> frozenset[str]:
        """Names that the stores hold or that code is told of."""
        found = set(self.find_carried())
        for fact in self._parts.stores:
            text = self._sources.read_text(fact.path)
            found |= set(re.findall(r"\bstate\.(\w+)", text))
        return frozenset(found)

    def find_carried(self) -> set[str]:
        names = {fact.name for fact in self._parts.stores}
        found: set[str] = set()
        for fact in self._program.list_facts("call"):
            if (
                fact.path in self._parts.client
                and fact.name.partition(".")[0] in names
                and fact.name.endswith("subscribe")
            ):
                given, _ = decode_arguments(fact.value)
                if given and tag_of(given[0]) == "fn" and len(given[0]) > 1 and tag_of(given[0][1]) == "dict":
                    found |= {str(key) for key, _ in given[0][1][1:] if isinstance(key, str)}
        return found

    def follow(self, field: str) -> tuple[TrailRow, ...]:
        names = {field, _to_snake(field)}
        rows: dict[tuple[str, str], dict[str, None]] = {}
        homes = (self._near | self._imported | self._mirrors) - self._parts.mirror_users | self._mirrors
        for path in sorted(homes):
            pattern = re.compile(rf"(?<![\w.-])({'|'.join(map(re.escape, sorted(names)))})\b|(?<=\.)({field})\b")
            text = self._sources.read_text(path)
            if field not in text and _to_snake(field) not in text:
                continue
            for number, line in enumerate(text.splitlines(), start=1):
                if pattern.search(_drop_sentences(line)) and not _COMMENT.match(line):
                    symbol = self._find_symbol(path, number)
                    role = self._find_role(path, symbol)
                    member = find_member(text, path, number) or symbol.rpartition(".")[2]
                    if role and member:
                        rows.setdefault((role, path), {}).setdefault(member)
        found = [
            TrailRow(
                role, tuple(members)[:_MEMBERS], len(members) - len(tuple(members)[:_MEMBERS]), self._sources.at(path)
            )
            for (role, path), members in rows.items()
        ]
        return tuple(sorted(found, key=lambda r: (ROLES.index(r.role), r.at.path)))

    def _find_symbol(self, path: str, line: int) -> str:
        return find_definition(self._program.list_symbols(path), line)

    def _find_role(self, path: str, symbol: str) -> str:
        """``""`` for a place that has nothing to do with adding a field."""
        fact = self._program.get_symbol((path, symbol))
        kind = fact.attr("kind") if fact is not None else ""
        if path in self._mirrors:
            return "mirror"
        if path in self._homes:
            return "store"
        if _INITIAL.search(symbol):
            return "initial"
        if kind in _FORMS or (kind == "const" and _SCHEMA.search(symbol)):
            return "form"
        if kind == "constant" or (kind == "const" and fact is not None and fact.value.lstrip().startswith(("[", "{"))):
            return "list"
        if path in self._keyed and path in self._parts.client:
            return "browser"
        if path in self._parts.client:
            return "carry"
        return "server" if path in self._parts.services or any(p == path for p, _ in self._parts.server) else ""

    def find_action(self, field: str) -> Excerpt | None:
        for fact in self._parts.stores:
            text = self._sources.read_text(fact.path)
            for each in find_raises(text, fact.path):
                if each.member.lower().endswith(field.lower()):
                    return self._sources.excerpt(fact.path, fact.symbol, each.line)
        return None

    def find_notice(self, field: str) -> Excerpt | None:
        for path in sorted(self._parts.client - self._homes):
            for each in find_comparisons(self._sources.read_text(path), path):
                if each.text.count(field) > 1 and each.body[0]:
                    return self._sources.excerpt(path, self._find_symbol(path, each.line), each.line)
        return None

    def find_tests(self, field: str) -> Iterator[Place]:
        pattern = re.compile(rf"\b(?:{field}|{_to_snake(field)})\b")
        imports: Mapping[str, set[str]] = self._list_test_imports()
        wanted = self._parts.files | self._mirrors
        for path in sorted(imports):
            if imports[path] & wanted and pattern.search(self._sources.read_text(path)):
                yield self._sources.at(path)

    def _list_test_imports(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for fact in self._program.list_facts("import", tests=True):
            if self._program.is_test(fact.path):
                found.setdefault(fact.path, set()).update(self._program.find_modules(fact.path, fact.value))
        return found


def _list_leaves(name: str, expr: object) -> Iterator[tuple[str, list[object]]]:
    """Lists in a constant, with their dotted names: ``LIMITS.SYNC.PATHS``."""
    if tag_of(expr) == "list" and isinstance(expr, list):
        yield name, expr
    elif tag_of(expr) == "dict" and isinstance(expr, list):
        for key, value in expr[1:]:
            if isinstance(key, str):
                yield from _list_leaves(f"{name}.{key}", value)


def _drop_sentences(line: str) -> str:
    """Without texts that have blanks in them: words for people, which may name a field."""
    return _TEXT.sub(lambda m: "" if any(c.isspace() for c in m[0]) else m[0], line)


def _to_snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
