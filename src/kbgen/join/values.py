"""What an expression may be: texts with holes for what is not known, and lists with the functions that make them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from kbgen.expressions import (
    UNKNOWN,
    Expr,
    decode_arguments,
    decode_expr,
    find_argument,
    find_key,
    is_unknown,
    tag_of,
    walk_expr,
)
from kbgen.join.names import CHOICES, SELF_NAMES, Names, Place, Source, split_name
from kbgen.model import Fact
from kbgen.patterns import LazyPattern

_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Folded:
    """A text that an expression may be.

    Holes stand for what is not known: ``{agent_id}`` a name, ``{env:VAR}`` an environment variable,
    ``{env:VAR|default}`` one with a default, ``{}`` anything else.
    """

    text: str
    certain: bool = True
    """False when one of several values was taken, or a guess was made on the way."""
    places: tuple[Place, ...] = ()
    """Definitions (constants, functions, fields) that the value came through."""


class Values(Names):
    """Names, and what they hold."""

    _through = False
    """Whether folding follows parameters to callers at the moment."""

    # ------------------------------------------------------------------------------------------- values

    def find_values(self, path: str, symbol: str, name: str) -> tuple[tuple[Place, Expr], ...]:
        """What a dotted name may hold: (scope in which the expression reads, expression).

        A parameter without a default has no value.
        """
        key = (path, symbol, name)
        known = self._values.get(key)
        if known is None:
            known = tuple(self._look_up_values(path, symbol, name))
            if not self._running:
                # On the way to another answer, what leads in a circle is left out.
                self._values[key] = known
        return known

    @cached_property
    def _values(self) -> dict[tuple[str, str, str], tuple[tuple[Place, Expr], ...]]:
        return {}

    def _look_up_values(self, path: str, symbol: str, name: str) -> Sequence[tuple[Place, Expr]]:
        source = self._sources.get(path)
        if source is None:
            return ()
        first, *rest = split_name(name)
        if first.endswith("()") or any(part.endswith("()") for part in rest):
            return ()
        if not rest and first not in SELF_NAMES:
            rows = self._find_variable(source, symbol, first)
            if rows:
                return list(self._read_values(source, rows))
        found: list[tuple[Place, Expr]] = []
        places = self.resolve(path, symbol, name)
        for place in places[:CHOICES]:
            found.extend(self._find_place_values(place))
        if not found and rest:
            found.extend(self._find_in_object(path, symbol, name))
        return found

    def _find_in_object(self, path: str, symbol: str, name: str) -> Iterator[tuple[Place, Expr]]:
        """A constant that holds an object: follow the keys."""
        key = (path, symbol, "key " + name)
        if key in self._running:  # `x = x.next`
            return
        self._running.add(key)
        try:
            holder, _, last = name.rpartition(".")
            for scope, expr in self.find_values(path, symbol, holder):
                inner = find_key(self._open(scope, expr), last)
                if not is_unknown(inner):
                    yield scope, inner
        finally:
            self._running.discard(key)

    def _open(self, scope: Place, expr: Expr) -> Expr:
        """The dict behind ``Object.freeze({…})`` and names of one."""
        if tag_of(expr) == "call" and len(expr[2]) == 1 and tag_of(expr[2][0]) == "dict":
            return expr[2][0]
        if tag_of(expr) == "name":
            for _, inner in self.find_values(scope[0], scope[1], expr[1])[:1]:
                return inner
        return expr

    def _read_values(self, source: Source, rows: Sequence[Fact]) -> Iterator[tuple[Place, Expr]]:
        for row in rows:
            if not row.value or row.attr("item"):
                continue
            expr = decode_expr(row.value)
            if not is_unknown(expr) and not (tag_of(expr) == "name" and expr[1] == row.name):
                yield (source.path, row.symbol), expr

    def _find_place_values(self, place: Place) -> list[tuple[Place, Expr]]:
        path, symbol = place
        source = self._sources.get(path)
        if source is None:
            return []
        owner, _, name = symbol.rpartition(".")
        variable = self._find_setting(source, owner, name)
        rows = [
            *source.named.get(("binding", owner, name), ()),
            *source.named.get(("field", owner, name), ()),
        ]
        if owner:
            rows += self._find_self_bindings(source, owner, name)
            rows += self._find_property_params(source, owner, name)
        values = list(self._read_values(source, rows))
        if variable:
            if not values:
                return [(place, ["env", variable])]
            return [(scope, ["any", ["env", variable], _unwrap_field(expr)]) for scope, expr in values]
        return [(scope, _unwrap_field(expr)) for scope, expr in values]

    def _find_setting(self, source: Source, owner: str, name: str) -> str:
        """The environment variable that a field of a settings class reads."""
        if not owner or not source.is_class(owner):
            return ""
        lines = {fact.line for fact in source.named.get(("field", owner, name), ())}
        for fact in source.within.get(("env", owner), ()):
            if fact.attr("settings") == "yes" and (fact.line in lines or fact.name.lower() == name.lower()):
                return fact.name
        return ""

    def fold(self, path: str, symbol: str, expr: Expr) -> tuple[Folded, ...]:
        """The texts that an expression may be, the likelier first; () when nothing at all is known of it."""
        found = _unique(self._fold((path, symbol), expr, _DEPTH))
        known = [f for f in found if not _HOLE_ONLY.fullmatch(f.text)]
        return tuple(known or found)

    def fold_through(self, path: str, symbol: str, expr: Expr) -> tuple[Folded, ...]:
        """As `fold`, and a parameter is what its callers give it (few callers, in production code)."""
        self._through = True
        try:
            return self.fold(path, symbol, expr)
        finally:
            self._through = False

    def _find_given(self, scope: Place, name: str) -> list[tuple[Place, Expr]]:
        """What the callers of a function pass for one of its parameters, each with the scope it reads in."""
        path, symbol = scope
        source = self._sources.get(path)
        param = next(iter(source.named.get(("param", symbol, name), ())), None) if source is not None else None
        if param is None:
            return []
        owner, _, last = symbol.rpartition(".")
        place = (path, owner) if last in ("__init__", "constructor") else scope
        index = param.attr("index")
        found: list[tuple[Place, Expr]] = []
        for call in self.find_callers(place)[:4]:
            positional, words = decode_arguments(call.value)
            wanted: list[int | str] = [name, int(index)] if index.isdigit() else [name]
            given = find_argument(positional, words, *wanted)
            if not is_unknown(given) and (call.path, call.symbol) != scope:
                found.append(((call.path, call.symbol), given))
        return found

    def _fold(self, scope: Place, expr: Expr, depth: int) -> list[Folded]:
        tag = tag_of(expr)
        if tag == "literal":
            if isinstance(expr, bool) or expr is None:
                return []
            return [Folded(str(expr))]
        if depth <= 0:
            return [Folded("{}", False)]
        if tag == "env":
            return [Folded("{env:" + str(expr[1]) + "}")]
        if tag == "name":
            return self._fold_name(scope, expr[1], depth)
        if tag == "text":
            return self._fold_text(scope, expr[1:], depth)
        if tag == "any":
            return self._fold_any(scope, expr[1:], depth)
        if tag == "call":
            return self._fold_call(scope, expr, depth)
        if tag == "item":
            return self._fold_item(scope, expr[1], expr[2], depth)
        return []

    def _fold_name(self, scope: Place, name: str, depth: int) -> list[Folded]:
        last = name.rpartition(".")[2].removesuffix("()")
        key = (*scope, "fold " + name)
        if key in self._running:
            return [Folded("{" + last + "}")]
        self._running.add(key)
        try:
            values = self.find_values(scope[0], scope[1], name)
            if self._through and not values and "." not in name:
                values = tuple(self._find_given(scope, name))
            found: list[Folded] = []
            place = next(iter(self.resolve(scope[0], scope[1], name)), None) if "." in name or not values else None
            for inner_scope, inner in values[:CHOICES]:
                if tag_of(inner) == "spread":
                    found += [
                        Folded(f.text, False, f.places) for f in self._fold_items(inner_scope, inner[1], depth - 1)
                    ]
                    continue
                where = (place or (inner_scope[0], name.partition(".")[0])) if inner_scope[1] != scope[1] else None
                for one in self._fold(inner_scope, inner, depth - 1):
                    places = (where, *one.places) if where is not None else one.places
                    found.append(Folded(one.text, one.certain and len(values) == 1, places))
        finally:
            self._running.discard(key)
        known = [f for f in found if not _HOLE_ONLY.fullmatch(f.text)]
        return known or found[:1] or [Folded("{" + last + "}")]

    def _fold_items(self, scope: Place, expr: Expr, depth: int) -> list[Folded]:
        expr = self.expand(scope[0], scope[1], expr)
        if tag_of(expr) == "list":
            return [f for item in expr[1 : CHOICES + 1] for f in self._fold(scope, item, depth)]
        if tag_of(expr) == "dict":
            return [f for pair in expr[1 : CHOICES + 1] for f in self._fold(scope, pair[0], depth)]
        return []

    def _fold_text(self, scope: Place, parts: Sequence[Expr], depth: int) -> list[Folded]:
        whole = [Folded("")]
        for part in parts:
            options = _unique(self._fold(scope, part, depth - 1)) or [Folded("{}")]
            if len(whole) * len(options) > CHOICES:
                options = options[:1]
                options = [Folded(options[0].text, False, options[0].places)]
            whole = [
                Folded(left.text + right.text, left.certain and right.certain, left.places + right.places)
                for left in whole
                for right in options
            ]
        return whole

    def _fold_any(self, scope: Place, parts: Sequence[Expr], depth: int) -> list[Folded]:
        options = [_unique(self._fold(scope, part, depth - 1)) for part in parts]
        flat = [f for option in options for f in option]
        known = [f for f in flat if not _HOLE_ONLY.fullmatch(f.text) or f.text.startswith("{env:")]
        first = known[0] if known else None
        if first is not None and _ENV_ONLY.fullmatch(first.text) and len(known) > 1:
            default = next((f for f in known[1:] if not _ENV_ONLY.fullmatch(f.text)), None)
            if default is not None and "{" not in default.text:
                text = first.text[:-1] + "|" + default.text + "}"
                return [Folded(text, first.certain, first.places + default.places)]
        single = len(known) <= 1
        return [Folded(f.text, f.certain and single, f.places) for f in known] or flat[:1]

    def _fold_call(self, scope: Place, expr: Expr, depth: int) -> list[Folded]:
        callee, positional, words = str(expr[1]), expr[2], expr[3]
        last = callee.rpartition(".")[2]
        if last in _TRANSPARENT and positional:
            return self._fold(scope, positional[0], depth - 1) or [Folded("{}")]
        if last in ("urljoin", "URL", "join") and len(positional) >= 2 and last != "join":
            base, part = (0, 1) if last == "urljoin" else (1, 0)
            bases = _unique(self._fold(scope, positional[base], depth - 1)) or [Folded("{}")]
            parts = _unique(self._fold(scope, positional[part], depth - 1)) or [Folded("{}")]
            return [
                Folded(_join_url(b.text, p.text), b.certain and p.certain, b.places + p.places)
                for b in bases[:3]
                for p in parts[:3]
            ]
        if last == "URL" and len(positional) == 1:
            return self._fold(scope, positional[0], depth - 1)
        setting = positional[0] if last in _SETTING_READERS and positional else None
        if isinstance(setting, str) and _SETTING_NAME.fullmatch(setting):
            given = positional[1] if len(positional) > 1 else words.get("default", UNKNOWN)
            return self._fold_any(scope, [["env", setting], given], depth)
        if last == "get" and positional:
            items = self._fold_item(scope, ["name", callee.rpartition(".")[0]], positional[0], depth)
            if items:
                return items
        if last in _STRING_METHODS and "." in callee:
            return self._fold(scope, ["name", callee.rpartition(".")[0]], depth - 1)
        found: list[Folded] = []
        for place in self.resolve(scope[0], scope[1], callee)[:3]:
            source = self._sources[place[0]]
            names = [
                f.name
                for f in sorted(source.within.get(("param", place[1]), ()), key=lambda f: int(f.attr("index") or 0))
            ]
            given = dict(zip(names, positional, strict=False)) | words
            for row in source.within.get(("return", place[1]), ())[:4]:
                for one in self._fold(place, decode_expr(row.value), depth - 2):
                    text = one.text
                    for name, argument in given.items():
                        if "{" + name + "}" in text:
                            values = self._fold(scope, argument, depth - 2)
                            if values:
                                text = text.replace("{" + name + "}", values[0].text)
                    found.append(Folded(text, one.certain, (place, *one.places)))
        known = [f for f in found if not _HOLE_ONLY.fullmatch(f.text)]
        return known or [Folded("{}")]

    def _fold_item(self, scope: Place, base: Expr, key: Expr, depth: int) -> list[Folded]:
        table = self.expand(scope[0], scope[1], base)
        if tag_of(table) != "dict":
            return []
        wanted = [f.text for f in self._fold(scope, key, depth - 1)] if not isinstance(key, str) else [key]
        for want in wanted:
            inner = find_key(table, want)
            if not is_unknown(inner):
                return self._fold(scope, inner, depth - 1)
        values = [f for pair in table[1 : CHOICES + 1] for f in self._fold(scope, pair[1], depth - 1)]
        if len(table) > CHOICES + 1 or not values:
            return []
        return [Folded(f.text, False, f.places) for f in values]

    def fold_arguments(self, call: Fact) -> tuple[str, ...]:
        """The texts that the arguments of a call may be, top level only."""
        positional, words = decode_arguments(call.value)
        return tuple(
            folded.text
            for expr in (*positional, *words.values())
            if tag_of(expr) in ("literal", "name", "text", "any")
            for folded in self.fold(call.path, call.symbol, expr)[:3]
        )

    def resolve_argument(self, path: str, symbol: str, encoded: str) -> tuple[Place, ...]:
        """The definitions that an encoded expression names, inside a lambda too."""
        expr = decode_expr(encoded) if encoded[:1] in '["' else ["name", encoded]
        return tuple(
            place
            for part in walk_expr(expr)
            if tag_of(part) in ("name", "call")
            for place in self.resolve(path, symbol, part[1])
        )

    def expand(self, path: str, symbol: str, expr: Expr, depth: int = 5) -> Expr:
        """`expr` with names replaced by the lists and dicts they are bound to, and calls by the lists they return.

        Spread lists are joined. Names of functions and classes stay names.
        """
        tag = tag_of(expr)
        if depth <= 0 or tag in ("literal", "env", "jsx", "?"):
            return expr
        if tag == "name":
            for scope, value in self.find_values(path, symbol, expr[1])[:1]:
                inner_tag = tag_of(value)
                if inner_tag in ("list", "dict", "any", "call", "name", "literal", "text"):
                    inner = self.expand(scope[0], scope[1], value, depth - 1)
                    if tag_of(inner) in ("list", "dict", "literal") or inner_tag == "call":
                        return inner
            return expr
        if tag == "call":
            if expr[1] in ("list", "tuple", "sorted", "set") and len(expr[2]) == 1:
                return self.expand(path, symbol, expr[2][0], depth - 1)
            for place in self.resolve(path, symbol, expr[1])[:1]:
                if self.is_class(place):
                    return expr
                rows = self._sources[place[0]].within.get(("return", place[1]), ())
                for row in rows:
                    inner = self.expand(place[0], place[1], decode_expr(row.value), depth - 1)
                    if tag_of(inner) in ("list", "dict"):
                        return inner
            return expr
        if tag == "list":
            items: list[Expr] = []
            for item in expr[1:]:
                if tag_of(item) == "spread":
                    inner = self.expand(path, symbol, item[1], depth - 1)
                    items.extend(inner[1:] if tag_of(inner) == "list" else [["spread", inner]])
                else:
                    items.append(item)
            return ["list", *items]
        if tag == "any":
            for part in expr[1:]:
                inner = self.expand(path, symbol, part, depth - 1)
                if tag_of(inner) in ("list", "dict"):
                    return inner
        return expr

    def expand_items(self, path: str, symbol: str, expr: Expr, depth: int = 6) -> tuple[tuple[Place, Expr], ...]:
        """The items of a list expression, each with the scope in which its names read."""
        tag = tag_of(expr)
        if depth <= 0:
            return ()
        if tag == "list":
            return tuple(
                found
                for item in expr[1:]
                for found in (
                    self.expand_items(path, symbol, item[1], depth - 1)
                    if tag_of(item) == "spread"
                    else (((path, symbol), item),)
                )
            )
        if tag == "name":
            return tuple(
                found
                for scope, value in self.find_values(path, symbol, expr[1])[:3]
                for found in self.expand_items(scope[0], scope[1], value, depth - 1)
            )
        if tag == "any":
            return tuple(f for part in expr[1:] for f in self.expand_items(path, symbol, part, depth - 1))
        if tag == "call":
            if str(expr[1]).rpartition(".")[2] in ("list", "tuple", "sorted", "set") and len(expr[2]) == 1:
                return self.expand_items(path, symbol, expr[2][0], depth - 1)
            found: list[tuple[Place, Expr]] = []
            for place in self.resolve(path, symbol, expr[1])[:2]:
                if not self.is_class(place):
                    for row in self._sources[place[0]].within.get(("return", place[1]), ()):
                        found += self.expand_items(place[0], place[1], decode_expr(row.value), depth - 1)
            return tuple(found)
        return ()


def _unwrap_field(expr: Expr) -> Expr:
    """The default inside ``Field(7777, …)`` and ``field(default=…)``."""
    if tag_of(expr) == "call" and str(expr[1]).rpartition(".")[2] in ("Field", "field", "Column", "Param"):
        if expr[2]:
            return expr[2][0]
        return expr[3].get("default", UNKNOWN)
    return expr


def _unique(found: Iterable[Folded]) -> list[Folded]:
    kept: dict[str, Folded] = {}
    for one in found:
        if len(one.text) <= 2_000:
            kept.setdefault(one.text, one)
    return list(kept.values())[:CHOICES]


def _join_url(base: str, part: str) -> str:
    if "://" in part or part.startswith("{env:"):
        return part
    return base.rstrip("/") + "/" + part.lstrip("/")


_HOLE_ONLY = LazyPattern(r"(?:\{[^{}|]*\})+")
_ENV_ONLY = LazyPattern(r"\{env:[^{}|]*\}")
_SETTING_NAME = LazyPattern(r"[A-Z][A-Z0-9_]+")
_SETTING_READERS = frozenset(
    {"get", "getOrThrow", "getenv", "get_env", "getEnv", "env", "requireEnv", "config", "getString"}
)
_TRANSPARENT = frozenset(
    {
        "str",
        "String",
        "encodeURIComponent",
        "quote",
        "Path",
        "PurePosixPath",
        "SecretStr",
        "AnyUrl",
        "HttpUrl",
        "Number",
        "int",
    }
)
_STRING_METHODS = frozenset(
    {
        "rstrip", "lstrip", "strip", "trim", "trimEnd", "trimStart",
        "replace", "replaceAll", "toString", "removesuffix",
        "removeprefix", "lower", "upper", "toLowerCase", "toUpperCase", "get_secret_value", "unicode_string", "href",
    }
)  # fmt: skip
