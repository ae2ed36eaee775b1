"""The branches of one file: what is asked before lines of code run, and which of them leave their function early.

Facts say what code does; this says under which condition: an exception only in production, a log line only when
a token is missing. Made on demand for the few files that a page is about.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from kbgen.extractors.base import shorten
from kbgen.extractors.typescript import parse_script
from kbgen.patterns import LazyPattern

if TYPE_CHECKING:
    from tree_sitter import Node

_SCRIPTS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
_FUNCTIONS = frozenset(
    {"function_declaration", "function_expression", "arrow_function", "method_definition", "generator_function"}
)
_LEAVING = frozenset({"return_statement", "throw_statement", "continue_statement", "break_statement"})
_PY_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_EQUAL = frozenset({"==", "==="})
_UNEQUAL = frozenset({"!=", "!=="})
_ENV_READ = LazyPattern(
    r"process\.env(?:\.|\[['\"])([A-Z][A-Z0-9_]*)|os\.environ(?:\.get\(|\[)['\"](\w+)|os\.getenv\(['\"](\w+)"
    r"|(?:[cC]onfig(?:Service)?)\.get(?:OrThrow)?(?:<[^>]*>)?\(['\"]([A-Z][A-Z0-9_]*)['\"]"
)
_TEXT_LIMIT = 200
_cut = partial(shorten, limit=_TEXT_LIMIT)
_DEPTH = 4
"""How far a local name is followed to what it stands for."""


@dataclass(frozen=True, slots=True)
class Test:
    """One thing that a condition asks."""

    __test__ = False

    what: str
    """As written, local names replaced by what they stand for: ``process.env.MODE``, ``session.expiresAt``."""
    env: str
    """The environment variable that it reads, else ``""``."""
    equals: str | None
    """The literal that it is compared with; None: whether it is there, or true, at all."""
    holds: bool
    line: int = 0
    """Where the local name that was asked got its value; 0 when it is none."""


@dataclass(frozen=True, slots=True)
class Branch:
    """The lines that run only when a condition holds. Lines are 1-based, both ends belong to a span."""

    text: str
    """The condition in one line; ``""`` for what runs when another branch's does not hold."""
    tests: tuple[Test, ...]
    """All of them hold in the body; () where that cannot be told (one of several is enough)."""
    names: tuple[str, ...]
    """Environment variables that the condition reads, through local names too."""
    first: int
    last: int
    end: int
    """Last line of the whole statement."""
    leaves: bool
    """The body's last step returns, throws or goes on with the next round: what follows runs only without it."""
    around: tuple[int, int]
    """The block that the statement stands in."""
    function: tuple[int, int]
    """The innermost function around, or the file."""


def find_conditions(branches: Sequence[Branch], line: int) -> tuple[Branch, ...]:
    """Branches whose body holds the line, the outermost first."""
    return tuple(branch for branch in branches if branch.first <= line <= branch.last)


def find_guards(branches: Sequence[Branch], line: int) -> tuple[Branch, ...]:
    """Branches before the line that would have left the function first, in source order."""
    return tuple(
        branch
        for branch in branches
        if branch.leaves and branch.text and branch.end < line and branch.around[0] <= line <= branch.around[1]
    )


@lru_cache(maxsize=64)
def read_branches(text: str, path: str) -> tuple[Branch, ...]:
    """Every branch of ``if`` statements in source order; () for a language that is not read."""
    if path.endswith((".py", ".pyi")):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return ()
        found = _PythonReader().read(tree)
    elif path.endswith(_SCRIPTS):
        found = _ScriptReader().read(parse_script(text, path))
    else:
        return ()
    return tuple(sorted(found, key=lambda b: (b.first, -b.last, b.text)))


def _read_env(text: str) -> str:
    match = _ENV_READ.search(text)
    return next((group for group in match.groups() if group), "") if match is not None else ""


@dataclass(frozen=True, slots=True)
class _Local:
    line: int
    scope: tuple[int, int]
    value: object
    """The node that it is set to."""


class _Locals:
    """What local names stand for, by the function that they are set in."""

    def __init__(self) -> None:
        self._names: dict[str, list[_Local]] = {}

    def add(self, name: str, local: _Local) -> None:
        self._names.setdefault(name, []).append(local)

    def find(self, name: str, line: int) -> _Local | None:
        """The last that is set before the line in a scope around it; None when no or several scopes' loops set it."""
        fitting = [
            local
            for local in self._names.get(name, ())
            if local.line < line and local.scope[0] <= line <= local.scope[1]
        ]
        return max(fitting, key=lambda local: (local.scope[0], local.line), default=None)


class _ScriptReader:
    def __init__(self) -> None:
        self._locals = _Locals()
        self._found: list[Branch] = []

    def read(self, root: Node) -> list[Branch]:
        ends = _lines(root)
        conditions: list[tuple[Node, tuple[int, int], tuple[int, int]]] = []
        work: list[tuple[Node, tuple[int, int], tuple[int, int]]] = [(root, ends, ends)]
        while work:
            node, block, function = work.pop()
            if node.type in _FUNCTIONS:
                block = function = _lines(node)
            elif node.type == "statement_block":
                block = _lines(node)
            elif node.type == "variable_declarator":
                name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
                if name is not None and value is not None and name.type == "identifier":
                    self._locals.add(_text(name), _Local(_lines(node)[0], block, value))
            elif node.type == "if_statement":
                conditions.append((node, block, function))
            work.extend((child, block, function) for child in node.named_children)
        for node, block, function in conditions:
            self._read_if(node, block, function)
        return self._found

    def _read_if(self, node: Node, block: tuple[int, int], function: tuple[int, int]) -> None:
        condition = node.child_by_field_name("condition")
        body = node.child_by_field_name("consequence")
        if condition is None or body is None:
            return
        line = _lines(node)[0]
        tests = tuple(self._read_tests(condition, line, True, _DEPTH) or ())
        text = _cut(_text(condition).removeprefix("(").removesuffix(")"))
        names = tuple(dict.fromkeys(self._read_names(condition, line, _DEPTH)))
        end = _lines(node)[1]
        self._found.append(Branch(text, tests, names, *_lines(body), end, _script_leaves(body), block, function))
        other = node.child_by_field_name("alternative")
        if other is not None:
            turned = tuple(self._read_tests(condition, line, False, _DEPTH) or ())
            self._found.append(Branch("", turned, names, *_lines(other), end, False, block, function))

    def _read_tests(self, node: Node, line: int, holds: bool, depth: int) -> list[Test] | None:
        """What must hold for the condition to be `holds`; None where one of several things is enough."""
        node = _open(node)
        if node.type == "unary_expression" and _operator(node) == "!":
            inner = node.child_by_field_name("argument")
            return self._read_tests(inner, line, not holds, depth) if inner is not None else None
        if node.type == "binary_expression":
            sign = _operator(node)
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is None or right is None:
                return None
            if sign in ("&&", "||"):
                if (sign == "&&") is not holds:
                    return None
                sides = [self._read_tests(side, line, holds, depth) for side in (left, right)]
                # Of a conjunction what can be told is true whatever the other side asks.
                return [test for side in sides if side is not None for test in side]
            if sign in _EQUAL | _UNEQUAL:
                return [self._make_test(left, line, _literal(right), (sign in _EQUAL) is holds, depth)]
            return [Test(_cut(_text(node)), "", None, holds)]
        if node.type == "identifier" and depth:
            local = self._locals.find(_text(node), line)
            value = local.value if local is not None else None
            if local is not None and _open(value).type in ("binary_expression", "unary_expression"):  # type: ignore[arg-type]
                return self._read_tests(value, local.line, holds, depth - 1)  # type: ignore[arg-type]
        return [self._make_test(node, line, None, holds, depth)]

    def _make_test(self, node: Node, line: int, equals: str | None, holds: bool, depth: int) -> Test:
        what, made = self._name(node, line, depth)
        return Test(_cut(what), _read_env(what), equals, holds, made)

    def _name(self, node: Node, line: int, depth: int) -> tuple[str, int]:
        """(what a name stands for, the line where it is made)"""
        node = _open(node)
        root, text = node, _text(node)
        while root.type == "member_expression" and (inner := root.child_by_field_name("object")) is not None:
            root = inner
        if root.type != "identifier" or not depth:
            return text, 0
        local = self._locals.find(_text(root), line)
        if local is None:
            return text, 0
        value = _open(local.value)  # type: ignore[arg-type]
        if value.type == "binary_expression" and _operator(value) in ("||", "??"):
            left = value.child_by_field_name("left")
            value = _open(left) if left is not None else value
        if value.type not in ("identifier", "member_expression"):
            whole = _cut(_text(value))
            return (whole, local.line) if node is root and _read_env(whole) else (text, local.line)
        name, _ = self._name(value, local.line, depth - 1)
        return name + text[len(_text(root)) :], local.line

    def _read_names(self, node: Node, line: int, depth: int) -> Iterator[str]:
        env = (
            _read_env(_text(node))
            if node.type in ("member_expression", "subscript_expression", "call_expression")
            else ""
        )
        if env:
            yield env
            return
        if node.type == "identifier" and depth:
            local = self._locals.find(_text(node), line)
            if local is not None:
                yield from self._read_names(local.value, local.line, depth - 1)  # type: ignore[arg-type]
        for child in node.named_children:
            if child.type not in _FUNCTIONS:
                yield from self._read_names(child, line, depth)


def _lines(node: Node) -> tuple[int, int]:
    return node.start_point[0] + 1, node.end_point[0] + 1


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _open(node: Node) -> Node:
    """What stands in brackets, behind ``await`` or before ``as``."""
    while node.type in ("parenthesized_expression", "await_expression", "as_expression", "non_null_expression"):
        inner = next((child for child in node.named_children if child.type != "comment"), None)
        if inner is None:
            break
        node = inner
    return node


def _operator(node: Node) -> str:
    sign = node.child_by_field_name("operator")
    return _text(sign) if sign is not None else ""


def _literal(node: Node) -> str | None:
    node = _open(node)
    if node.type in ("string", "number", "true", "false", "null", "undefined"):
        return _text(node).strip("'\"")
    return f"{{{_cut(_text(node))}}}"


def _script_leaves(body: Node) -> bool:
    if body.type in _LEAVING:
        return True
    steps = [child for child in body.named_children if child.type != "comment"]
    return body.type == "statement_block" and bool(steps) and steps[-1].type in _LEAVING


class _PythonReader:
    def __init__(self) -> None:
        self._locals = _Locals()
        self._found: list[Branch] = []

    def read(self, tree: ast.Module) -> list[Branch]:
        ends = (1, max((getattr(node, "end_lineno", 1) or 1 for node in tree.body), default=1))
        conditions: list[tuple[ast.If, tuple[int, int], tuple[int, int]]] = []
        work: list[tuple[Sequence[ast.stmt], tuple[int, int]]] = [(tree.body, ends)]
        while work:
            body, function = work.pop()
            if not body:
                continue
            block = (body[0].lineno, body[-1].end_lineno or body[-1].lineno)
            for node in body:
                inner = function
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    inner = (node.lineno, node.end_lineno or node.lineno)
                elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                    self._locals.add(node.targets[0].id, _Local(node.lineno, function, node.value))
                elif isinstance(node, ast.If):
                    conditions.append((node, block, function))
                work.extend((part, inner) for part in _list_bodies(node))
        for condition, block, function in conditions:
            self._read_if(condition, block, function)
        return self._found

    def _read_if(self, node: ast.If, block: tuple[int, int], function: tuple[int, int]) -> None:
        tests = tuple(self._read_tests(node.test, node.lineno, True, _DEPTH) or ())
        names = tuple(dict.fromkeys(self._read_names(node.test, node.lineno, _DEPTH)))
        end = node.end_lineno or node.lineno
        leaves = isinstance(node.body[-1], _PY_LEAVING)
        span = (node.body[0].lineno, node.body[-1].end_lineno or end)
        self._found.append(Branch(_cut(ast.unparse(node.test)), tests, names, *span, end, leaves, block, function))
        if node.orelse:
            turned = tuple(self._read_tests(node.test, node.lineno, False, _DEPTH) or ())
            span = (node.orelse[0].lineno, end)
            self._found.append(Branch("", turned, names, *span, end, False, block, function))

    def _read_tests(self, node: ast.expr, line: int, holds: bool, depth: int) -> list[Test] | None:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self._read_tests(node.operand, line, not holds, depth)
        if isinstance(node, ast.BoolOp):
            if isinstance(node.op, ast.And) is not holds:
                return None
            sides = [self._read_tests(side, line, holds, depth) for side in node.values]
            return [test for side in sides if side is not None for test in side]
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            sign, other = node.ops[0], node.comparators[0]
            if isinstance(sign, ast.Eq | ast.NotEq | ast.Is | ast.IsNot):
                same = isinstance(sign, ast.Eq | ast.Is)
                if isinstance(other, ast.Constant) and other.value is None:
                    return [self._make_test(node.left, line, None, same is not holds, depth)]
                equals = str(other.value) if isinstance(other, ast.Constant) else f"{{{_cut(ast.unparse(other))}}}"
                return [self._make_test(node.left, line, equals, same is holds, depth)]
            return [Test(_cut(ast.unparse(node)), "", None, holds)]
        if isinstance(node, ast.Name) and depth:
            local = self._locals.find(node.id, line)
            if local is not None and isinstance(local.value, ast.Compare | ast.BoolOp | ast.UnaryOp):
                return self._read_tests(local.value, local.line, holds, depth - 1)
        return [self._make_test(node, line, None, holds, depth)]

    def _make_test(self, node: ast.expr, line: int, equals: str | None, holds: bool, depth: int) -> Test:
        what, made = self._name(node, line, depth)
        return Test(_cut(what), _read_env(what), equals, holds, made)

    def _name(self, node: ast.expr, line: int, depth: int) -> tuple[str, int]:
        root, text = node, ast.unparse(node)
        while isinstance(root, ast.Attribute):
            root = root.value
        local = self._locals.find(root.id, line) if isinstance(root, ast.Name) and depth else None
        if local is None or not isinstance(root, ast.Name):
            return text, 0
        value = local.value
        if isinstance(value, ast.Await):
            value = value.value
        if not isinstance(value, ast.Name | ast.Attribute):
            whole = _cut(ast.unparse(value)) if isinstance(value, ast.expr) else text
            return (whole, local.line) if node is root and _read_env(whole) else (text, local.line)
        name, _ = self._name(value, local.line, depth - 1)
        return name + text[len(root.id) :], local.line

    def _read_names(self, node: ast.expr, line: int, depth: int) -> Iterator[str]:
        for part in ast.walk(node):
            if isinstance(part, ast.Call | ast.Subscript) and (env := _read_env(ast.unparse(part))):
                yield env
            elif isinstance(part, ast.Name) and depth:
                local = self._locals.find(part.id, line)
                if local is not None and isinstance(local.value, ast.expr):
                    yield from self._read_names(local.value, local.line, depth - 1)


def _list_bodies(node: ast.stmt) -> list[list[ast.stmt]]:
    fields: Mapping[str, object] = {name: getattr(node, name, None) for name in ("body", "orelse", "finalbody")}
    bodies = [
        value for value in fields.values() if isinstance(value, list) and value and isinstance(value[0], ast.stmt)
    ]
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        bodies.append(part.body)
    return bodies
