"""What a Python expression says, in the form of `kbgen.expressions`, and which calls are inside it.

Where that form leaves a choice:

- ``str(x)``, ``int(x)``, ``float(x)`` and ``x.strip()``, ``x.rstrip("/")``, ``x.copy()`` are x, since what matters of
  ``int(os.getenv("PORT", "80"))`` is the variable and its default; ``list(x)`` is a list with x spread in it.
- ``x.get("key", d)`` is ``["any", ["item", x, "key"], d]`` unless x looks like a client or a store. Other calls of
  builtins, and methods such as ``x.lower()``, are unknown.
- ``a + b`` is text when a literal, an environment variable or a name that says so (``url``, ``path``) takes part,
  else a list with both spread in it; ``a / "b"`` of paths is text.
- ``f(**x)`` has ``["spread", x]`` after the positional arguments.
- In a callee, a receiver that is subscripted has ``[]``: ``self.clients[].post``; one that is neither name, call nor
  subscript is ``?``: ``?.post``. ``Agent[Deps]("x")``, a generic class, is ``Agent``.
- ``a.b().c`` that is not called is ``["name", "a.b().c"]``.
- ``[x for x in xs if c]`` is a list with xs spread in it, ``[f(x) for x in xs]`` a list of one ``f(x)``; other
  comprehensions are unknown.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from string import Formatter
from typing import Any

from kbgen.expressions import UNKNOWN, Expr, is_unknown, tag_of
from kbgen.extractors.base import split_words
from kbgen.extractors.python_noise import is_lookup, says_nothing
from kbgen.patterns import LazyPattern

_CALLEE_LIMIT = 160
_STRIPS = frozenset({"strip", "lstrip", "rstrip"})
_CASTS = frozenset({"str", "int", "float"})
_LIST_CASTS = frozenset({"list", "tuple", "set", "frozenset", "sorted"})
_GETENV = frozenset({"os.getenv", "getenv", "os.environ.get", "environ.get"})
_ENVIRON = frozenset({"os.environ", "environ"})
_TEXT_WORDS = frozenset({"url", "uri", "path", "prefix", "suffix", "host", "endpoint", "route", "origin", "base"})
_PERCENT = LazyPattern(r"%(?:\((?P<key>[^)]*)\))?[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?P<kind>[a-zA-Z%])")


@dataclass(slots=True, eq=False)
class FoundCall:
    """A call inside the expression that was read; `target` and `awaited` are told by what is around it."""

    callee: str
    line: int
    column: int
    """Where the callee ends, so that links of a chain have their own place."""
    positional: list[Expr]
    keywords: dict[str, Expr]
    inside: str
    awaited: bool = False
    target: str = ""


@dataclass(frozen=True, slots=True)
class Loop:
    """``for target in iterable``; `how` is ``items``, ``keys``, ``values`` or ``enumerate`` of it, or ``""``."""

    target: ast.expr
    iterable: Expr
    how: str
    line: int


class ExpressionReader:
    """Reads each node of an expression once. What it found meanwhile stays in its lists until `clear`."""

    def __init__(self, own_names: Collection[str]) -> None:
        self._own_names = own_names
        """Names that the module binds: a builtin of the same name is meant no more."""
        self._inside = ""
        self.calls: list[FoundCall] = []
        self.by_node: dict[ast.AST, FoundCall] = {}
        self.walruses: list[tuple[str, Expr, int]] = []
        self.loops: list[Loop] = []

    def clear(self) -> None:
        self._inside = ""
        self.calls.clear()
        self.by_node.clear()
        self.walruses.clear()
        self.loops.clear()

    def read(self, node: ast.AST) -> Expr:
        reader = _READERS.get(type(node))
        return self._read_parts(node) if reader is None else reader(self, node)

    def name(self, node: ast.AST) -> str:
        """The callee or chain as written; calls inside it are read on the way. ``?`` for no name at all."""
        parts: list[str] = []
        while True:
            if isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
                continue
            if isinstance(node, ast.Name):
                parts.append(node.id)
                break
            if isinstance(node, ast.Await) and isinstance(node.value, ast.Call):
                parts.append(f"{self._read_call(node.value)[0]}()")
                self._mark_awaited(node.value)
                break
            if isinstance(node, ast.Call):
                parts.append(f"{self._read_call(node)[0]}()")
                break
            if isinstance(node, ast.Subscript):
                self.read(node.slice)
                owner = self.name(node.value)
                last = owner.rpartition(".")[2]
                parts.append(owner if last[:1].isupper() and not last.isupper() else f"{owner}[]")
                break
            self.read(node)
            parts.append("?")
            break
        if len(parts) == 1:
            return parts[0]
        name = ".".join(reversed(parts))
        return name if len(name) <= _CALLEE_LIMIT else f"?.{parts[0]}"

    def read_iterable(self, node: ast.expr) -> tuple[Expr, str]:
        """What a loop goes over, and how: ``x.items()`` is x by ``items``."""
        if isinstance(node, ast.Call) and not node.keywords:
            function = node.func
            if isinstance(function, ast.Attribute) and function.attr in ("items", "keys", "values") and not node.args:
                return self.read(function.value), function.attr
            if isinstance(function, ast.Name) and function.id == "enumerate" and node.args:
                return self.read(node.args[0]), "enumerate"
        return self.read(node), ""

    # -------------------------------------------------------------------------------------- kinds

    def _read_parts(self, node: ast.AST) -> Expr:
        """Anything else: unknown, but the calls in it count."""
        for part in ast.iter_child_nodes(node):
            self.read(part)
        return UNKNOWN

    def _read_nothing(self, node: ast.AST) -> Expr:
        return UNKNOWN

    def _read_constant(self, node: ast.Constant) -> Expr:
        value = node.value
        if isinstance(value, str):
            return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return value if -(2**63) <= value < 2**64 else UNKNOWN
        if isinstance(value, float):
            return value if math.isfinite(value) else UNKNOWN
        return UNKNOWN

    def _read_name(self, node: ast.Name) -> Expr:
        return ["name", node.id]

    def _read_attribute(self, node: ast.Attribute) -> Expr:
        name = self.name(node)
        return UNKNOWN if "?" in name else ["name", name]

    def _read_await(self, node: ast.Await) -> Expr:
        expr = self.read(node.value)
        self._mark_awaited(node.value)
        return expr

    def _mark_awaited(self, node: ast.AST) -> None:
        found = self.by_node.get(node)
        if found is not None:
            found.awaited = True

    def _read_starred(self, node: ast.Starred) -> Expr:
        return ["spread", self.read(node.value)]

    def _read_list(self, node: ast.List | ast.Tuple | ast.Set) -> Expr:
        return ["list", *[self.read(item) for item in node.elts]]

    def _read_dict(self, node: ast.Dict) -> Expr:
        pairs: list[Expr] = ["dict"]
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                pairs.append([None, self.read(value)])
            else:
                named = self.read(key)
                pairs.append([UNKNOWN if named is None else named, self.read(value)])
        return pairs

    def _read_fstring(self, node: ast.JoinedStr) -> Expr:
        return make_text([self.read(part) for part in node.values])

    def _read_hole(self, node: ast.FormattedValue) -> Expr:
        if node.format_spec is not None:
            self.read(node.format_spec)
        return self.read(node.value)

    def _read_choice(self, node: ast.IfExp) -> Expr:
        self.read(node.test)
        return _make_any([self.read(node.body), self.read(node.orelse)])

    def _read_either(self, node: ast.BoolOp) -> Expr:
        values = [self.read(value) for value in node.values]
        return _make_any(values) if isinstance(node.op, ast.Or) else UNKNOWN

    def _read_lambda(self, node: ast.Lambda) -> Expr:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.read(default)
        return ["fn", self.read(node.body)]

    def _read_walrus(self, node: ast.NamedExpr) -> Expr:
        expr = self.read(node.value)
        found = self.find_direct_call(node.value)
        if found is not None:
            found.target = node.target.id
        self.walruses.append((node.target.id, expr, node.lineno))
        return expr

    def find_direct_call(self, node: ast.AST) -> FoundCall | None:
        """The call that `node` is, awaited or not."""
        return self.by_node.get(node.value if isinstance(node, ast.Await) else node)

    def _read_item(self, node: ast.Subscript) -> Expr:
        if isinstance(node.slice, ast.Slice):
            self.read(node.value)
            self._read_parts(node.slice)
            return UNKNOWN
        owner, key = self.read(node.value), self.read(node.slice)
        if isinstance(key, str) and tag_of(owner) == "name" and owner[1] in _ENVIRON:
            return ["env", key]
        return UNKNOWN if is_unknown(owner) else ["item", owner, key]

    def _read_comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Expr:
        iterable: Expr = UNKNOWN
        for generator in node.generators:
            iterable, how = self.read_iterable(generator.iter)
            self.loops.append(Loop(generator.target, iterable, how, generator.iter.lineno))
            for condition in generator.ifs:
                self.read(condition)
        item = self.read(node.elt)
        if len(node.generators) > 1 or how:
            return UNKNOWN
        if isinstance(node.elt, ast.Name) and item == self.read(node.generators[0].target):
            return make_list(iterable)
        return ["list", item] if tag_of(item) in ("call", "dict") else UNKNOWN

    def _read_dict_comprehension(self, node: ast.DictComp) -> Expr:
        for generator in node.generators:
            iterable, how = self.read_iterable(generator.iter)
            self.loops.append(Loop(generator.target, iterable, how, generator.iter.lineno))
            for condition in generator.ifs:
                self.read(condition)
        self.read(node.key)
        self.read(node.value)
        return UNKNOWN

    def _read_minus(self, node: ast.UnaryOp) -> Expr:
        expr = self.read(node.operand)
        return -expr if isinstance(node.op, ast.USub) and _is_number(expr) else UNKNOWN

    # ---------------------------------------------------------------------------------- operators

    def _read_operator(self, node: ast.BinOp) -> Expr:
        if isinstance(node.op, ast.Add):
            return self._read_sum(node)
        left, right = self.read(node.left), self.read(node.right)
        if isinstance(node.op, ast.Mod):
            return _fill_percent(left, right) if isinstance(left, str) else UNKNOWN
        if isinstance(node.op, ast.Mult) and _is_number(left) and _is_number(right):
            product = left * right
            return product if abs(product) < 2**63 else UNKNOWN
        if isinstance(node.op, ast.Div) and (isinstance(right, str) or isinstance(left, str)):
            return make_text([left, "/", right])
        if isinstance(node.op, ast.BitOr) and "dict" in (tag_of(left), tag_of(right)):
            pairs = (side[1:] if tag_of(side) == "dict" else [[None, side]] for side in (left, right))
            return ["dict", *(pair for side in pairs for pair in side)]
        return UNKNOWN

    def _read_sum(self, node: ast.BinOp) -> Expr:
        operands: list[ast.expr] = []
        part: ast.expr = node
        while isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add):
            operands.append(part.right)
            part = part.left
        operands.append(part)
        exprs = [self.read(operand) for operand in reversed(operands)]
        if any(_is_text(expr) for expr in exprs):
            return make_text(exprs)
        if any(_is_number(expr) for expr in exprs):
            total = sum(exprs) if all(_is_number(expr) for expr in exprs) else None
            return UNKNOWN if total is None or abs(total) >= 2**63 else total
        if any(tag_of(expr) == "list" for expr in exprs):
            return ["list", *(item for expr in exprs for item in make_list(expr)[1:])]
        if all(tag_of(expr) in ("name", "call") for expr in exprs):
            if any(_TEXT_WORDS.intersection(split_words(expr[1].rpartition(".")[2])) for expr in exprs):
                return make_text(exprs)
            return ["list", *(["spread", expr] for expr in exprs)]
        return UNKNOWN

    # -------------------------------------------------------------------------------------- calls

    def _read_call_value(self, node: ast.Call) -> Expr:
        return self._read_call(node)[1]

    def _read_call(self, node: ast.Call) -> tuple[str, Expr]:
        """(callee, what the call gives)."""
        function = node.func
        if isinstance(function, ast.Attribute):
            receiver, method = function.value, function.attr
            if not node.keywords and len(node.args) <= (1 if method in _STRIPS else 0 if method == "copy" else -1):
                return self._read_same(receiver, method, node)
            if isinstance(receiver, ast.Constant) and isinstance(receiver.value, str):
                return f"?.{method}", self._read_text_method(receiver, method, node)
        callee = self.name(function)
        builtin = isinstance(function, ast.Name) and callee not in self._own_names and says_nothing(callee, [])
        outer = self._inside
        if not builtin:  # What is an argument of list(…) is one of the call around it.
            self._inside = callee
        positional = [self.read(argument) for argument in node.args]
        keywords: dict[str, Expr] = {}
        for word in node.keywords:
            if word.arg is None:
                positional.append(["spread", self.read(word.value)])
            else:
                keywords[word.arg] = self.read(word.value)
        self._inside = outer
        if callee in _GETENV and positional and isinstance(positional[0], str):
            variable = ["env", positional[0]]
            default = positional[1] if len(positional) > 1 else keywords.get("default")
            return callee, variable if default is None else _make_any([variable, default])
        if isinstance(function, ast.Name) and callee not in self._own_names:
            if callee in _CASTS and len(positional) == 1 and not keywords:
                return callee, positional[0]
            if callee in _LIST_CASTS and len(positional) <= 1:
                return callee, make_list(positional[0]) if positional else ["list"]
            if callee == "dict" and len(positional) <= 1:
                spread = [[None, argument[1] if tag_of(argument) == "spread" else argument] for argument in positional]
                return callee, ["dict", *spread, *([key, value] for key, value in keywords.items())]
        if callee != "?":
            line, column = function.end_lineno or node.lineno, function.end_col_offset or 0
            found = FoundCall(callee, line, column, positional, keywords, outer)
            self.calls.append(found)
            self.by_node[node] = found
            return callee, self._value_of(callee, positional, keywords)
        return callee, UNKNOWN

    def _value_of(self, callee: str, positional: list[Expr], keywords: dict[str, Expr]) -> Expr:
        if "?" in callee or (callee not in self._own_names and says_nothing(callee, positional)):
            return UNKNOWN
        if is_lookup(callee, positional, keywords):
            item = ["item", ["name", callee.removesuffix(".get")], positional[0]]
            return item if len(positional) == 1 else _make_any([item, positional[1]])
        return ["call", callee, positional, keywords]

    def _read_same(self, receiver: ast.expr, method: str, node: ast.Call) -> tuple[str, Expr]:
        expr = self.read(receiver)
        for argument in node.args:
            self.read(argument)
        owner = expr[1] if tag_of(expr) == "name" else f"{expr[1]}()" if tag_of(expr) == "call" else "?"
        return f"{owner}.{method}", expr

    def _read_text_method(self, receiver: ast.Constant, method: str, node: ast.Call) -> Expr:
        """``"…".format(x)`` and ``"/".join([a, b])`` put text together; other methods of a literal say nothing."""
        text: str = self._read_constant(receiver)
        positional = [self.read(argument) for argument in node.args]
        keywords = {word.arg or "": self.read(word.value) for word in node.keywords}
        if method == "format":
            return _fill_braces(text, positional, keywords)
        if method == "join" and len(positional) == 1 and tag_of(positional[0]) == "list":
            items = positional[0][1:]
            if items and not any(tag_of(item) == "spread" for item in items):
                return make_text([part for item in items for part in (text, item)][1:])
        return UNKNOWN


def make_text(parts: list[Expr]) -> Expr:
    """Parts put together: texts inside it flattened, neighbouring literals joined; a literal when all are."""
    flat: list[Expr] = []
    for part in parts:
        for inner in part[1:] if tag_of(part) == "text" else (part,):
            if isinstance(inner, str) and flat and isinstance(flat[-1], str):
                flat[-1] += inner
            elif inner != "":
                flat.append(inner)
    if not flat:
        return ""
    return flat[0] if len(flat) == 1 and isinstance(flat[0], str) else ["text", *flat]


def _make_any(choices: list[Expr]) -> Expr:
    flat: list[Expr] = []
    for choice in choices:
        flat.extend(choice[1:] if tag_of(choice) == "any" else (choice,))
    return UNKNOWN if all(is_unknown(choice) for choice in flat) else ["any", *flat]


def make_list(expr: Expr) -> Expr:
    """A list of what `expr` iterates over."""
    if tag_of(expr) == "list":
        return expr
    if tag_of(expr) == "dict":
        return ["list", *(pair[0] for pair in expr[1:])]
    return UNKNOWN if is_unknown(expr) else ["list", ["spread", expr]]


def _is_number(expr: Expr) -> bool:
    return isinstance(expr, (int, float)) and not isinstance(expr, bool)


def _is_text(expr: Expr) -> bool:
    if isinstance(expr, str):
        return True
    tag = tag_of(expr)
    return tag in ("text", "env") or (tag == "any" and any(_is_text(choice) for choice in expr[1:]))


def _fill_braces(text: str, positional: list[Expr], keywords: dict[str, Expr]) -> Expr:
    parts: list[Expr] = []
    automatic = 0
    try:
        for literal, field, _, _ in Formatter().parse(text):
            parts.append(literal)
            if field is None:
                continue
            if not field:
                field, automatic = str(automatic), automatic + 1
            value = keywords.get(field, UNKNOWN)
            if field.isdecimal() and int(field) < len(positional):
                value = positional[int(field)]
            parts.append(UNKNOWN if tag_of(value) == "spread" else value)
    except ValueError:
        return UNKNOWN
    return make_text(parts)


def _fill_percent(text: str, given: Expr) -> Expr:
    values = given[1:] if tag_of(given) == "list" else [given]
    named = {pair[0]: pair[1] for pair in given[1:] if isinstance(pair[0], str)} if tag_of(given) == "dict" else {}
    parts: list[Expr] = []
    position = used = 0
    for match in _PERCENT.finditer(text):
        parts.append(text[position : match.start()])
        position = match.end()
        if match["kind"] == "%":
            parts.append("%")
        elif match["key"] is not None:
            parts.append(named.get(match["key"], UNKNOWN))
        else:
            value = values[used] if used < len(values) else UNKNOWN
            parts.append(UNKNOWN if tag_of(value) == "spread" else value)
            used += 1
    return make_text([*parts, text[position:]])


_READERS: dict[type, Callable[[ExpressionReader, Any], Expr]] = {
    ast.Constant: ExpressionReader._read_constant,
    ast.Name: ExpressionReader._read_name,
    ast.Attribute: ExpressionReader._read_attribute,
    ast.Await: ExpressionReader._read_await,
    ast.Starred: ExpressionReader._read_starred,
    ast.List: ExpressionReader._read_list,
    ast.Tuple: ExpressionReader._read_list,
    ast.Set: ExpressionReader._read_list,
    ast.Dict: ExpressionReader._read_dict,
    ast.JoinedStr: ExpressionReader._read_fstring,
    ast.FormattedValue: ExpressionReader._read_hole,
    ast.IfExp: ExpressionReader._read_choice,
    ast.BoolOp: ExpressionReader._read_either,
    ast.Lambda: ExpressionReader._read_lambda,
    ast.NamedExpr: ExpressionReader._read_walrus,
    ast.Subscript: ExpressionReader._read_item,
    ast.ListComp: ExpressionReader._read_comprehension,
    ast.SetComp: ExpressionReader._read_comprehension,
    ast.GeneratorExp: ExpressionReader._read_comprehension,
    ast.DictComp: ExpressionReader._read_dict_comprehension,
    ast.UnaryOp: ExpressionReader._read_minus,
    ast.BinOp: ExpressionReader._read_operator,
    ast.Call: ExpressionReader._read_call_value,
    ast.Load: ExpressionReader._read_nothing,
}
