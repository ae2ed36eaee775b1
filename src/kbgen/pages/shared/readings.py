"""What short readings of a file's text show: comparisons, functions in objects, numbers raised by one, messages.

Done when a page is made, for the few files that it is about. Functions that an object holds, the actions of a store,
are no definitions of their own among the facts.
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from kbgen.extractors.base import shorten
from kbgen.extractors.typescript import parse_script
from kbgen.model import Fact
from kbgen.patterns import LazyPattern

if TYPE_CHECKING:
    from tree_sitter import Node

SCRIPTS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
_COMPARING = frozenset({"<", "<=", ">", ">=", "==", "===", "!=", "!=="})
_FUNCTIONS = frozenset({"arrow_function", "function_expression", "method_definition", "function_declaration"})
_LUA_IF = LazyPattern(r"^\s*(?:if|elseif)\s+(.+?)\s+then\b", re.MULTILINE)
_KEEPER = LazyPattern(r"(?:\w+\.)?use(?:Callback|Memo|Event|EffectEvent)")
"""What keeps a function for a variable: ``const save = useCallback(() => …)``."""
_PART = LazyPattern(r"\$\{([^{}]*)\}")
_LUA = "redis.call("
_TEXT_LIMIT = 160
_cut = partial(shorten, limit=_TEXT_LIMIT)
_SIGNS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values compared, as written. Lines are 1-based."""

    line: int
    text: str
    """The whole condition where the comparison is all of an ``if`` or part of one, else the comparison."""
    member: str
    """The innermost named function around it, in an object or a class too."""
    body: tuple[int, int]
    """Lines that run when it holds; (0, 0) where the value is used in another way."""


@dataclass(frozen=True, slots=True)
class Raise:
    """A number that is raised by one: ``stateVersion: state.stateVersion + 1``."""

    line: int
    name: str
    """The last part of what is raised: ``stateVersion``."""
    member: str


@lru_cache(maxsize=64)
def find_comparisons(text: str, path: str) -> tuple[Comparison, ...]:
    """Every comparison in the order of lines; () for a language that is not read, or a broken file."""
    if path.endswith(SCRIPTS):
        found = list(_compare_in_script(text, path))
    elif path.endswith((".py", ".pyi")):
        found = list(_compare_in_python(text))
    else:
        return ()
    return tuple(sorted(found, key=lambda c: (c.line, c.text)))


@lru_cache(maxsize=64)
def find_raises(text: str, path: str) -> tuple[Raise, ...]:
    """Numbers that are raised by one, in JavaScript and TypeScript."""
    if not path.endswith(SCRIPTS):
        return ()
    found = []
    for node, member, _ in _walk(parse_script(text, path)):
        if node.type == "binary_expression" and _operator(node) == "+" and _side(node, "right") == "1":
            found.append(Raise(_line(node), _side(node, "left").rpartition(".")[2], member))
        elif node.type == "update_expression" and _operator(node) == "++":
            argument = node.child_by_field_name("argument")
            found.append(Raise(_line(node), _text(argument).rpartition(".")[2], member))
    return tuple(sorted(found, key=lambda r: (r.line, r.name)))


@lru_cache(maxsize=64)
def find_collected(text: str, path: str) -> tuple[str, ...]:
    """Texts that are put into lists, as programs that check collect what is wrong: ``errors.push(`no ${x}`)``."""
    found: list[tuple[int, str]] = []
    if path.endswith(SCRIPTS):
        for node, _, _ in _walk(parse_script(text, path)):
            if node.type == "call_expression" and _side(node, "function").endswith(".push"):
                given = node.child_by_field_name("arguments")
                first = given.named_children[0] if given is not None and given.named_children else None
                if first is not None and first.type in ("string", "template_string"):
                    found.append((_line(node), _cut(_PART.sub(r"{\1}", _text(first)[1:-1]))))
    elif path.endswith((".py", ".pyi")):
        found = [(line, text) for line, text in _collect_in_python(text)]
    return tuple(dict.fromkeys(text for _, text in sorted(found) if " " in text))


@lru_cache(maxsize=64)
def find_caught_throws(text: str, path: str) -> frozenset[int]:
    """Lines of ``throw`` statements that a ``catch`` of the same function gets and throws nothing for, in scripts."""
    found: set[int] = set()
    for node, _, _ in _walk(parse_script(text, path)) if path.endswith(SCRIPTS) else ():
        if node.type != "throw_statement":
            continue
        inner, outer = node, node.parent
        while outer is not None and outer.type not in _FUNCTIONS:
            if outer.type == "try_statement":
                handler, body = outer.child_by_field_name("handler"), outer.child_by_field_name("body")
                held = body is not None and inner.id == body.id
                if held and handler is not None and "throw " not in _text(handler):
                    found.add(_line(node))
            inner, outer = outer, outer.parent
    return frozenset(found)


@lru_cache(maxsize=64)
def find_options(text: str, path: str, line: int) -> Mapping[str, str]:
    """What the first object that a call on this line is given has under each key, as written; of scripts only."""
    for node, _, _ in _walk(parse_script(text, path)) if path.endswith(SCRIPTS) else ():
        given = node.child_by_field_name("arguments") if node.type == "call_expression" else None
        if given is None or _line(node) != line:
            continue
        held = next((child for child in given.named_children if child.type == "object"), None)
        if held is not None:
            pairs = [child for child in held.named_children if child.type == "pair"]
            return {_side(pair, "key").strip("'\""): _cut(_side(pair, "value")) for pair in pairs}
    return {}


def work_out(text: str, find_value: Callable[[str], str]) -> str:
    """The number that plain arithmetic over numbers and names comes to, ``""`` for anything else.

    `find_value` gives the text that a dotted name holds, ``""`` for none.
    """
    try:
        value = _reckon(ast.parse(text.strip(), mode="eval").body, find_value)
        return str(int(value)) if value == int(value) else str(value)
    except (SyntaxError, ValueError, RecursionError, ZeroDivisionError, OverflowError):
        return ""


def _reckon(node: ast.expr, find_value: Callable[[str], str]) -> float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name | ast.Attribute):
        return float(find_value(ast.unparse(node)))
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        return _SIGNS[type(node.op)](_reckon(node.left, find_value), _reckon(node.right, find_value))
    raise ValueError(ast.dump(node))


def find_member(text: str, path: str, line: int) -> str:
    """The innermost named function around a line, ``""`` where there is none."""
    best, size = "", 0
    for first, last, name in _list_members(text, path):
        if first <= line <= last and (not best or last - first <= size):
            best, size = name, last - first
    return best


def find_members(text: str, path: str, line: int) -> tuple[str, ...]:
    """All named functions around a line, the innermost first."""
    around = [(last - first, -first, name) for first, last, name in _list_members(text, path) if first <= line <= last]
    return tuple(name for _, _, name in sorted(around))


def find_definition(symbols: Mapping[str, Fact], line: int) -> str:
    """The innermost of a file's definitions that holds the line, ``""`` for the module itself."""
    best, size = "", 0
    for symbol, fact in symbols.items():
        last = int(fact.attr("end_line") or fact.line)
        if fact.line <= line <= last and (not best or last - fact.line <= size):
            best, size = symbol, last - fact.line
    return best


def find_script_conditions(text: str) -> tuple[str, ...]:
    """Conditions of a Lua script that a store runs; () for any other text."""
    return tuple(dict.fromkeys(_LUA_IF.findall(text))) if _LUA in text else ()


@lru_cache(maxsize=64)
def _list_members(text: str, path: str) -> tuple[tuple[int, int, str], ...]:
    if not path.endswith(SCRIPTS):
        return ()
    return tuple(
        (_line(node), node.end_point[0] + 1, name)
        for node, _, _ in _walk(parse_script(text, path))
        if (name := _name_function(node))
    )


def _walk(root: Node) -> Iterator[tuple[Node, str, Node | None]]:
    """(node, the named function around it, the ``if`` whose condition it is part of)"""
    pending: list[tuple[Node, str, Node | None]] = [(root, "", None)]
    while pending:
        node, member, asked = pending.pop()
        yield node, member, asked
        inside = _name_function(node) or member
        condition = node.child_by_field_name("condition") if node.type == "if_statement" else None
        for child in node.named_children:
            part = condition is not None and child.id == condition.id
            keeps = asked if node.type not in _FUNCTIONS else None
            pending.append((child, inside, node if part else keeps if asked is not None else None))


def _name_function(node: Node) -> str:
    """The name that a function has: its own, or that of the key, field or variable that it is given to."""
    if node.type in ("method_definition", "function_declaration"):
        return _text(node.child_by_field_name("name"))
    if node.type not in ("arrow_function", "function_expression") or node.parent is None:
        return ""
    holder = node.parent
    call = holder.parent if holder.type == "arguments" else None
    if call is not None and call.parent is not None and _KEEPER.fullmatch(_text(call.child_by_field_name("function"))):
        holder = call.parent
    field = {"pair": "key", "variable_declarator": "name", "public_field_definition": "name"}.get(holder.type, "")
    return _text(holder.child_by_field_name(field)) if field else ""


def _compare_in_script(text: str, path: str) -> Iterator[Comparison]:
    for node, member, asked in _walk(parse_script(text, path)):
        if node.type != "binary_expression" or _operator(node) not in _COMPARING:
            continue
        if asked is None:
            yield Comparison(_line(node), _cut(_text(node)), member, (0, 0))
            continue
        condition = _text(asked.child_by_field_name("condition"))
        body = asked.child_by_field_name("consequence")
        span = (_line(body), body.end_point[0] + 1) if body is not None else (0, 0)
        yield Comparison(_line(asked), _cut(condition.removeprefix("(").removesuffix(")").strip()), member, span)


def _compare_in_python(text: str) -> Iterator[Comparison]:
    tree = _parse_python(text)
    if tree is None:
        return
    work: list[tuple[ast.AST, str, ast.If | None]] = [(tree, "", None)]
    while work:
        node, member, asked = work.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            member = node.name
        if isinstance(node, ast.Compare):
            if asked is None:
                yield Comparison(node.lineno, _cut(ast.unparse(node)), member, (0, 0))
            else:
                last = asked.body[-1].end_lineno or asked.body[-1].lineno
                yield Comparison(asked.lineno, _cut(ast.unparse(asked.test)), member, (asked.body[0].lineno, last))
        for child in ast.iter_child_nodes(node):
            inner = node if isinstance(node, ast.If) and child is node.test else asked
            work.append((child, member, inner if not isinstance(child, ast.stmt) else None))


def _collect_in_python(text: str) -> Iterator[tuple[int, str]]:
    tree = _parse_python(text)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield node.lineno, _cut(first.value)
            elif isinstance(first, ast.JoinedStr):
                yield node.lineno, _cut("".join(map(_say_part, first.values)))


def _say_part(part: ast.expr) -> str:
    """A part of an f-string: the text, or the expression in braces."""
    return f"{{{ast.unparse(part.value)}}}" if isinstance(part, ast.FormattedValue) else str(ast.literal_eval(part))


def _parse_python(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _line(node: Node) -> int:
    return int(node.start_point[0]) + 1


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def _side(node: Node, field: str) -> str:
    return _text(node.child_by_field_name(field))


def _operator(node: Node) -> str:
    return _text(node.child_by_field_name("operator"))
