"""What a name stands for where it is written: own definitions, imports followed, and the classes that values are of.

Static and modest: a name that cannot be followed stays unknown, so that what is said is right more often than it is
complete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property

from kbgen.expressions import UNKNOWN, Expr, decode_arguments, decode_expr, encode_expr, tag_of
from kbgen.join.layout import PY_SUFFIXES, Layout
from kbgen.join.uses import Uses
from kbgen.model import Evidence, Fact, FileFacts
from kbgen.patterns import LazyPattern

Place = tuple[str, str]
"""(path, qualified symbol); the symbol is empty for the module itself."""

CHOICES = 8
"""Alternatives of one value or name that are followed; more say nothing."""
SELF_NAMES = ("self", "this", "cls")


class Source:
    """One file's raw facts, indexed once."""

    def __init__(self, facts: FileFacts) -> None:
        self.path = facts.path
        self.blob = facts.blob
        self.is_python = facts.path.endswith(PY_SUFFIXES)
        self.symbols: dict[str, Fact] = {}
        self.imports: dict[str, list[Fact]] = {}
        self.within: dict[tuple[str, str], list[Fact]] = {}
        """(kind, symbol) -> facts in source order."""
        self.named: dict[tuple[str, str, str], list[Fact]] = {}
        """(kind, symbol, name) -> bindings, params and fields."""
        for fact in facts.facts:
            kind = fact.kind
            if kind == "symbol":
                self.symbols.setdefault(fact.symbol, fact)
            elif kind == "import":
                if fact.attr("reexport") != "yes" and fact.name:
                    self.imports.setdefault(fact.attr("alias") or fact.name.partition(".")[0], []).append(fact)
            elif kind != "reference":
                self.within.setdefault((kind, fact.symbol), []).append(fact)
                if kind in ("binding", "param", "field"):
                    self.named.setdefault((kind, fact.symbol, fact.name), []).append(fact)
        self._bind_targets()

    def _bind_targets(self) -> None:
        """What only a call says that it is kept in: ``async with Client() as client``."""
        for (kind, symbol), facts in list(self.within.items()):
            if kind != "call":
                continue
            for fact in facts:
                target = fact.attr("target")
                key = ("binding", symbol, target)
                if target.isidentifier() and key not in self.named:
                    positional, words = decode_arguments(fact.value)
                    value = encode_expr(["call", fact.name, positional, words])
                    self.named[key] = [Fact("binding", target, self.path, fact.line, value, symbol)]

    def is_class(self, symbol: str) -> bool:
        fact = self.symbols.get(symbol)
        return fact is not None and fact.attr("kind") in ("class", "nested class", "enum", "interface")

    def find_class(self, symbol: str) -> str:
        """The innermost class around a definition, or ``""``."""
        while symbol:
            if self.is_class(symbol):
                return symbol
            symbol = symbol.rpartition(".")[0]
        return ""


class Names:
    """The facts of all files, indexed, and what the names in them stand for; every answer is cached for the run."""

    def __init__(
        self,
        facts_by_path: Mapping[str, FileFacts],
        is_test: Callable[[str], bool],
        paths: Collection[str] = (),
        layout: Layout | None = None,
    ) -> None:
        self.files = {path: facts_by_path[path] for path in sorted(facts_by_path)}
        self.layout = layout or Layout()
        self.paths = frozenset(paths) | frozenset(self.files)
        self._tests = {path: is_test(path) for path in self.files}
        self.uses = Uses(self.files, self.is_test, self.paths, self.layout)
        self._sources = {path: Source(facts) for path, facts in self.files.items()}
        self._by_kind: dict[str, list[Fact]] | None = None
        self._listed: dict[tuple[str, bool], tuple[Fact, ...]] = {}
        self._resolved: dict[tuple[str, str, str], tuple[Place, ...]] = {}
        self._imported: dict[tuple[str, str], tuple[Place, ...]] = {}
        self._variable_types: dict[tuple[str, str, str], tuple[Place, ...]] = {}
        self._running: set[tuple[str, str, str]] = set()

    # ------------------------------------------------------------------------------------ plain questions

    def is_test(self, path: str) -> bool:
        known = self._tests.get(path)
        return bool(known)

    def list_facts(self, kind: str, *, tests: bool = False) -> tuple[Fact, ...]:
        """Every fact of a kind, in order of path and line; those of test files only when asked for."""
        if self._by_kind is None:
            self._by_kind = {}
            for facts in self.files.values():
                for fact in facts.facts:
                    self._by_kind.setdefault(fact.kind, []).append(fact)
        known = self._listed.get((kind, tests))
        if known is None:
            found = self._by_kind.get(kind, ())
            known = tuple(found) if tests else tuple(fact for fact in found if not self._tests[fact.path])
            self._listed[kind, tests] = known
        return known

    def list_within(self, path: str, symbol: str, kind: str) -> tuple[Fact, ...]:
        """Facts of a kind directly in one definition (not in those nested in it), in source order."""
        source = self._sources.get(path)
        return tuple(source.within.get((kind, symbol), ())) if source is not None else ()

    def list_symbols(self, path: str) -> Mapping[str, Fact]:
        source = self._sources.get(path)
        return source.symbols if source is not None else {}

    def get_symbol(self, place: Place) -> Fact | None:
        source = self._sources.get(place[0])
        return source.symbols.get(place[1]) if source is not None else None

    def is_class(self, place: Place) -> bool:
        source = self._sources.get(place[0])
        return source is not None and source.is_class(place[1])

    def make_evidence(self, fact: Fact) -> Evidence:
        """A fact as evidence: its own hash, else that of the definition around it, else the file's blob."""
        digest = fact.hash
        if not digest:
            symbol = self.get_symbol((fact.path, fact.symbol))
            digest = symbol.hash if symbol is not None else ""
        if not digest and fact.path in self.files:
            digest = self.files[fact.path].blob
        return Evidence(path=fact.path, symbol=fact.symbol, hash=digest, line=fact.line)

    # -------------------------------------------------------------------------------------------- names

    def find_origin(self, path: str, name: str) -> str:
        """Where a name of a file is imported from, dotted: ``agno.agent.Agent``, ``@nestjs/common.Get``.

        `name` may go on after the import: ``httpx.AsyncClient`` with ``import httpx``. ``""`` when not imported.
        """
        source = self._sources.get(path)
        if source is None:
            return ""
        first, _, rest = name.removesuffix("()").partition(".")
        for fact in source.imports.get(first.removesuffix("()"), ()):
            module = fact.value
            if source.is_python and fact.name == "*" and f"{name}.".startswith(f"{module}."):
                return name.removesuffix("()")  # `import a.b` binds `a`
            own = "" if fact.name in ("*", "default") else fact.name
            return ".".join(part for part in (module, own, rest) if part)
        return ""

    def resolve(self, path: str, symbol: str, name: str) -> tuple[Place, ...]:
        """The own definitions that a dotted name stands for where it is written."""
        key = (path, symbol, name)
        known = self._resolved.get(key)
        if known is None:
            if key in self._running or len(self._running) > 60:
                return ()
            self._running.add(key)
            try:
                known = self._resolve(path, symbol, name)
            finally:
                self._running.discard(key)
            self._resolved[key] = known
        return known

    def _resolve(self, path: str, symbol: str, name: str) -> tuple[Place, ...]:
        source = self._sources.get(path)
        if source is None:
            return ()
        first, *rest = split_name(name)
        if first in SELF_NAMES:
            owner = source.find_class(symbol)
            if not owner:
                return ()
            return self._follow_members([(path, owner)], rest) if rest else ((path, owner),)
        if first == "super()":
            owner = source.find_class(symbol)
            bases = self._find_bases((path, owner)) if owner else ()
            return self._follow_members(list(bases), rest)
        bare = first.removesuffix("()")
        whole = self._find_module(source, name) if rest and source.is_python else None
        if whole is not None:
            return self._follow_members([(whole[0], "")], whole[1])
        # A local variable hides what the module calls by the same name.
        starts = () if self._is_local(source, symbol, bare) else self._find_start(source, symbol, bare)
        if first.endswith("()"):
            starts = self._find_result_types(starts)
        elif rest or not starts:
            typed = self._find_variable_types(source, symbol, bare)
            # A variable is what it holds as soon as something is asked of it.
            if typed and (rest or not starts):
                starts = typed
        return self._follow_members(list(starts), rest)

    def _find_module(self, source: Source, name: str) -> tuple[str, list[str]] | None:
        """The file of the longest beginning of a name that ``import a.b`` imports whole, and the rest of the name."""
        modules = [
            fact.value
            for fact in source.imports.get(name.partition(".")[0], ())
            if fact.name == "*" and "." in fact.value and f"{name}.".startswith(f"{fact.value}.")
        ]
        for module in sorted(modules, key=len, reverse=True):
            for path in self.find_modules(source.path, module):
                return path, split_name(name[len(module) + 1 :]) if len(name) > len(module) else []
        return None

    def _is_local(self, source: Source, symbol: str, name: str) -> bool:
        if not symbol or source.is_class(symbol):
            return False
        if ("param", symbol, name) in source.named:
            return True
        return (
            ("binding", symbol, name) in source.named and symbol != name and ("binding", "", name) not in source.named
        )

    def _find_start(self, source: Source, symbol: str, bare: str) -> tuple[Place, ...]:
        # A nested class or sibling of the same class body is seen from inside it.
        scope = symbol
        while scope:
            inner = f"{scope}.{bare}"
            if inner in source.symbols and source.symbols[inner].attr("kind") == "nested class":
                return ((source.path, inner),)
            scope = scope.rpartition(".")[0]
        if bare in source.symbols:
            return ((source.path, bare),)
        return self._find_imported(source, bare)

    def _find_imported(self, source: Source, local: str) -> tuple[Place, ...]:
        key = (source.path, local)
        known = self._imported.get(key)
        if known is not None:
            return known
        found: dict[Place, None] = {}
        facts = source.imports.get(local, ())
        star = source.imports.get("*", ()) if source.is_python and not facts else ()
        for fact in (*facts, *star):
            for there in self.uses.modules.resolve(fact.value, source.path).paths:
                if fact.name == "*" and fact in star:
                    found.update(dict.fromkeys(self._find_exported(there, local)))
                elif fact.name == "*":
                    found[there, ""] = None
                else:
                    found.update(dict.fromkeys(self._find_exported(there, fact.name)))
            if source.is_python and fact.name != "*":
                joined = fact.value + ("" if fact.value.endswith(".") else ".") + fact.name
                for there in self.uses.modules.resolve(joined, source.path).paths:
                    if not found:
                        found[there, ""] = None
        known = self._imported[key] = tuple(sorted(found))
        return known

    def _find_exported(self, path: str, name: str) -> tuple[Place, ...]:
        """What a module shows under a name: a definition, or a plain variable of it."""
        found = tuple(sorted(self.uses.find_exported(path, name)[0]))
        if not any(symbol for _, symbol in found):
            source = self._sources.get(path)
            if source is not None and ("binding", "", name) in source.named:
                return ((path, name),)
        return found

    def find_modules(self, path: str, module: str) -> tuple[str, ...]:
        """The files that a module name leads to from a file."""
        return self.uses.modules.resolve(module, path).paths

    def _follow_members(self, starts: Sequence[Place], rest: Sequence[str]) -> tuple[Place, ...]:
        places = list(dict.fromkeys(starts))
        for index, part in enumerate(rest):
            bare = part.removesuffix("()")
            found: dict[Place, None] = {}
            for place in places:
                members = self._find_member(place, bare)
                if not members and place[1] and not self.is_class(place):
                    # A variable that holds an object: ``export const api = new ApiClient()``.
                    held = [typed for typed in self._find_held_types(place) if typed != place]
                    members = tuple(member for typed in held for member in self._find_member(typed, bare))
                found.update(dict.fromkeys(members))
            places = list(found)[:CHOICES]
            if part.endswith("()"):
                places = list(self._find_result_types(places))
            elif index + 1 < len(rest):
                places = [typed for place in places for typed in self._find_held_types(place)]
        return tuple(places)

    def _find_member(self, place: Place, name: str) -> tuple[Place, ...]:
        """What ``place.name`` is: a module's export, a class's member (inherited too), an attribute's definition."""
        path, symbol = place
        source = self._sources.get(path)
        if source is None:
            return ()
        if not symbol:
            return self._find_exported(path, name)
        seen: set[Place] = set()
        stack = [place]
        while stack:
            current = stack.pop(0)
            if current in seen:
                continue
            seen.add(current)
            there = self._sources.get(current[0])
            if there is None:
                continue
            member = f"{current[1]}.{name}"
            if member in there.symbols:
                return ((current[0], member),)
            if self._has_attribute(there, current[1], name):
                return ((current[0], member),)
            stack.extend(self._find_bases(current))
        return ()

    def _has_attribute(self, source: Source, owner: str, name: str) -> bool:
        if any((kind, owner, name) in source.named for kind in ("binding", "field")):
            return True
        return bool(self._find_self_bindings(source, owner, name)) or bool(
            self._find_property_params(source, owner, name)
        )

    def _find_self_bindings(self, source: Source, owner: str, name: str) -> list[Fact]:
        """``self.name = …`` in any method of the class, the constructor first."""
        table = self._self_bindings.get((source.path, owner), {})
        return table.get(name, [])

    @cached_property
    def _self_bindings(self) -> dict[Place, dict[str, list[Fact]]]:
        table: dict[Place, dict[str, list[Fact]]] = {}
        for source in self._sources.values():
            for (kind, symbol, name), facts in source.named.items():
                if kind == "binding" and name.startswith(("self.", "this.", "cls.")) and name.count(".") == 1:
                    owner = source.find_class(symbol)
                    rows = table.setdefault((source.path, owner), {}).setdefault(name.partition(".")[2], [])
                    rows.extend(facts)
                    rows.sort(key=lambda f: (not f.symbol.endswith(("__init__", "constructor")), f.line))
        return table

    def _find_property_params(self, source: Source, owner: str, name: str) -> list[Fact]:
        return [
            fact
            for fact in source.named.get(("param", f"{owner}.constructor", name), ())
            if fact.attr("property") == "yes"
        ]

    def _find_bases(self, place: Place) -> tuple[Place, ...]:
        fact = self.get_symbol(place)
        if fact is None:
            return ()
        found: dict[Place, None] = {}
        for base in fact.attr("bases").split():
            found.update(dict.fromkeys(self.resolve(place[0], place[1].rpartition(".")[0], base)))
        return tuple(p for p in found if p != place)

    def find_callers(self, place: Place) -> tuple[Fact, ...]:
        """The calls whose callee is the place, in order of path and line; tests left out."""
        return tuple(self._callers.get(place, ()))

    @cached_property
    def _callers(self) -> dict[Place, list[Fact]]:
        table: dict[Place, list[Fact]] = {}
        for fact in self.list_facts("call"):
            for place in self.resolve(fact.path, fact.symbol, fact.name):
                table.setdefault(place, []).append(fact)
        return table

    # -------------------------------------------------------------------------------------------- types

    def find_types(self, path: str, symbol: str, expr: Expr) -> tuple[Place, ...]:
        """The own classes that an expression's value may be of."""
        tag = tag_of(expr)
        source = self._sources.get(path)
        if source is None:
            return ()
        if tag == "call":
            found_types = self._find_result_types(self.resolve(path, symbol, expr[1]))
            if not found_types and str(expr[1]).rpartition(".")[2] in ("get", "resolve") and len(expr[2]) == 1:
                # A container is asked for the one object of a class: ``app.get(MetricsService)``.
                asked = self.resolve(path, symbol, expr[2][0][1]) if tag_of(expr[2][0]) == "name" else ()
                return tuple(place for place in asked if self.is_class(place))
            return found_types
        if tag == "name":
            first, *rest = split_name(expr[1])
            if not rest and first not in SELF_NAMES:
                held = self._find_variable_types(source, symbol, first)
                if held:
                    return held
            found: dict[Place, None] = {}
            for place in self.resolve(path, symbol, expr[1]):
                found.update(dict.fromkeys(self._find_held_types(place)))
            return tuple(found)
        if tag == "any":
            return tuple(dict.fromkeys(place for part in expr[1:] for place in self.find_types(path, symbol, part)))
        return ()

    def find_type_text(self, path: str, symbol: str, name: str) -> str:
        """The type of a variable or attribute as text, foreign ones too: its annotation, or the callee that made it.

        Dotted and with its origin where the file imports it: ``socketio.AsyncClient``, ``ioredis.Redis``.
        """
        source = self._sources.get(path)
        if source is None or not name:
            return ""
        first, *rest = split_name(name)
        facts: list[tuple[Source, Fact]] = []
        if first in SELF_NAMES and rest:
            owners: list[Place] = [(path, source.find_class(symbol))]
            seen: set[Place] = set()
            while owners and not facts:
                owner = owners.pop(0)
                there = self._sources.get(owner[0])
                if owner in seen or there is None or not owner[1]:
                    continue
                seen.add(owner)
                rows = [
                    *self._find_property_params(there, owner[1], rest[0]),
                    *there.named.get(("field", owner[1], rest[0]), ()),
                    *self._find_self_bindings(there, owner[1], rest[0]),
                    *there.named.get(("binding", owner[1], rest[0]), ()),
                ]
                facts = [(there, fact) for fact in rows]
                owners.extend(self._find_bases(owner))
        elif not rest:
            facts = [(source, fact) for fact in self._find_variable(source, symbol, first)]
            if not facts:
                for place in self._find_imported(source, first):
                    there = self._sources.get(place[0])
                    if there is not None and place[1] and not there.is_class(place[1]):
                        facts += [(there, fact) for fact in there.named.get(("binding", "", place[1]), ())]
        for there, fact in facts:
            text = self._type_text_of(there, fact)
            if text:
                return text
        return ""

    def _type_text_of(self, source: Source, fact: Fact) -> str:
        annotation = strip_type(fact.attr("type"))
        if annotation:
            return self.find_origin(source.path, annotation) or annotation
        expr = decode_expr(fact.value) if fact.kind == "binding" else UNKNOWN
        for part in expr[1:] if tag_of(expr) == "any" else (expr,):
            if tag_of(part) == "call":
                return self.find_origin(source.path, part[1]) or str(part[1])
            if tag_of(part) == "name" and part[1] != fact.name:
                param = next(iter(source.named.get(("param", fact.symbol, part[1]), ())), None)
                if param is not None:
                    text = strip_type(param.attr("type"))
                    return self.find_origin(source.path, text) or text
        return ""

    def _find_variable(self, source: Source, symbol: str, name: str) -> list[Fact]:
        """Bindings and parameters of a plain name, innermost scope first."""
        scope = symbol
        while True:
            found = [
                *source.named.get(("binding", scope, name), ()),
                *source.named.get(("param", scope, name), ()),
            ]
            if found and not (scope and source.is_class(scope) and scope != symbol):
                return found
            if not scope:
                return []
            scope = scope.rpartition(".")[0]

    def _find_variable_types(self, source: Source, symbol: str, name: str) -> tuple[Place, ...]:
        key = (source.path, symbol, name)
        known = self._variable_types.get(key)
        if known is None:
            self._variable_types[key] = ()  # `x = x or make()` asks for itself
            found: dict[Place, None] = {}
            for fact in self._find_variable(source, symbol, name):
                found.update(dict.fromkeys(self._find_fact_types(source, fact)))
            known = self._variable_types[key] = tuple(found)
        return known

    def _find_fact_types(self, source: Source, fact: Fact) -> tuple[Place, ...]:
        annotation = strip_type(fact.attr("type"))
        if annotation:
            places = self.resolve(source.path, fact.symbol, annotation)
            classes = tuple(place for place in places if self.is_class(place))
            if classes:
                return classes
        if fact.kind == "binding":
            expr = decode_expr(fact.value)
            if tag_of(expr) == "name" and expr[1] == fact.name:
                return ()
            return self.find_types(source.path, fact.symbol, expr)
        return ()

    def _find_held_types(self, place: Place) -> tuple[Place, ...]:
        """A class stands for its instances; a constant or attribute for the class of what it holds."""
        path, symbol = place
        source = self._sources.get(path)
        if source is None or not symbol or source.is_class(symbol):
            return (place,)
        fact = source.symbols.get(symbol)
        if fact is not None and fact.attr("kind") not in ("constant", "const"):
            if "property" in fact.attr("decorators").split():
                return self._find_result_types([place])
            return (place,)
        key = (path, symbol, "held")
        if key in self._running:  # `self.x = self.x or make()` asks for itself
            return ()
        owner, _, name = symbol.rpartition(".")
        rows = [
            *source.named.get(("binding", owner, name), ()),
            *source.named.get(("field", owner, name), ()),
        ]
        if owner:
            rows += self._find_property_params(source, owner, name)
            rows += self._find_self_bindings(source, owner, name)
        found: dict[Place, None] = {}
        self._running.add(key)
        try:
            for row in rows:
                found.update(dict.fromkeys(self._find_fact_types(source, row)))
        finally:
            self._running.discard(key)
        return tuple(found) or (place,)

    def _find_result_types(self, places: Iterable[Place]) -> tuple[Place, ...]:
        """The classes that calling any of the places gives."""
        found: dict[Place, None] = {}
        for place in places:
            path, symbol = place
            source = self._sources.get(path)
            fact = source.symbols.get(symbol) if source is not None else None
            if source is None or fact is None:
                continue
            if source.is_class(symbol):
                found[place] = None
                continue
            annotation = strip_type(fact.attr("returns"))
            classes: tuple[Place, ...] = ()
            if annotation:
                scope = symbol.rpartition(".")[0]
                if annotation in ("Self", "this"):
                    classes = ((path, scope),)
                else:
                    classes = tuple(p for p in self.resolve(path, scope, annotation) if self.is_class(p))
            key = (path, symbol, "result")
            if not classes and key not in self._running:  # a function may return what it returns itself
                self._running.add(key)
                try:
                    for given in source.within.get(("return", symbol), ()):
                        expr = decode_expr(given.value)
                        if tag_of(expr) in ("call", "name"):
                            classes += tuple(p for p in self.find_types(path, symbol, expr) if self.is_class(p))
                finally:
                    self._running.discard(key)
            found.update(dict.fromkeys(classes))
        return tuple(found)


def split_name(name: str) -> list[str]:
    """``get_client().pool.run`` -> ``["get_client()", "pool", "run"]``."""
    return [part for part in name.split(".") if part] or [""]


_WRAPPED_TYPE = LazyPattern(
    r"^(?:typing\.|t\.)?(?:Optional|Annotated|Awaitable|Coroutine|Promise|Readonly|Required|Partial|NonNullable|Type|type|Depends|"
    r"Ref|RefObject|MutableRefObject|Final|ClassVar|Mapped|AsyncGenerator|Generator|AsyncIterator|Iterator)\s*[\[<](.*)[\]>]$",
    re.DOTALL,
)


def strip_type(text: str) -> str:
    """The class that an annotation names: ``Optional["Foo"]``, ``Foo | None`` and ``Promise<Foo>`` give ``Foo``."""
    text = text.strip().strip("'\"")
    for _ in range(4):
        match = _WRAPPED_TYPE.match(text)
        if match is not None:
            text = match[1].split(",")[0].strip().strip("'\"")
            continue
        if "|" in text and not any(c in text for c in "[<({"):
            options = [p.strip() for p in text.split("|") if p.strip() not in ("None", "null", "undefined", "")]
            if len(options) != 1:
                return ""
            text = options[0].strip("'\"")
            continue
        break
    text = re.split(r"[\[<]", text, maxsplit=1)[0].strip()
    return text if _TYPE_NAME.fullmatch(text) else ""


_TYPE_NAME = LazyPattern(r"[A-Za-z_$][\w$.]*")
