"""Under which conditions a line of code runs, whether its block then stops, and what is compared with what.

Read from the file's text when a page asks, for the few files that it asks about; kept facts do not hold it.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbgen.extractors.typescript import parse_script

if TYPE_CHECKING:
    from tree_sitter import Node

_SCRIPTS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
_EXITS = frozenset({"exit", "sys.exit", "os._exit", "os.abort", "process.exit", "process.abort", "quit"})
_SCRIPT_FUNCTIONS = frozenset(
    {
        "arrow_function", "function_expression", "generator_function", "function_declaration", "method_definition",
        "generator_function_declaration",
    }
)  # fmt: skip
_EQUALS = ("==", "===", "!=", "!==")
_PYTHON_EQUALS = {ast.Eq: "==", ast.NotEq: "!="}


@dataclass(frozen=True, slots=True)
class Condition:
    text: str
    """As written, blanks folded, without outer brackets."""
    holds: bool
    """False in an ``else`` branch."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two expressions compared for equality, as written."""

    line: int
    left: str
    operator: str
    right: str


@dataclass(frozen=True, slots=True)
class _Branch:
    """A block of statements: lines, the conditions around it within its function, and the lines that stop it."""

    first: int
    last: int
    conditions: tuple[Condition, ...]
    stops: tuple[int, ...]


class Branches:
    """The branches of one file. A file that is no Python or JavaScript, or broken, has none."""

    def __init__(self, text: str, path: str) -> None:
        self._blocks: list[_Branch] = []
        self.comparisons: tuple[Comparison, ...] = ()
        """In the order of lines."""
        if path.endswith((".py", ".pyi")):
            self._read_python(text)
        elif path.endswith(_SCRIPTS):
            self._read_script(text, path)

    def find_conditions(self, line: int) -> tuple[Condition, ...]:
        """Of the innermost block that holds the line (1-based), the outermost condition first."""
        block = self._find_block(line)
        return block.conditions if block is not None else ()

    def stops(self, line: int) -> bool:
        """Whether the innermost block raises, throws or leaves the process, at that line or behind it."""
        block = self._find_block(line)
        return block is not None and any(stop >= line for stop in block.stops)

    def _find_block(self, line: int) -> _Branch | None:
        around = [block for block in self._blocks if block.first <= line <= block.last]
        return min(around, key=lambda block: block.last - block.first, default=None)

    # ---------------------------------------------------------------------------------------- Python

    def _read_python(self, text: str) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return
        pending: list[tuple[Sequence[ast.stmt], tuple[Condition, ...]]] = [(tree.body, ())]
        while pending:
            body, around = pending.pop()
            if not body:
                continue
            stops = tuple(line for statement in body if (line := _find_python_stop(statement)))
            self._blocks.append(_Branch(body[0].lineno, body[-1].end_lineno or body[-1].lineno, around, stops))
            for statement in body:
                pending += _list_python_bodies(statement, around)
        self.comparisons = tuple(sorted(_list_python_comparisons(tree), key=lambda each: each.line))

    # -------------------------------------------------------------------------------------- JavaScript

    def _read_script(self, text: str, path: str) -> None:
        pending: list[tuple[Node, tuple[Condition, ...]]] = [(parse_script(text, path), ())]
        found: list[Comparison] = []
        while pending:
            node, around = pending.pop()
            if node.type in ("statement_block", "program"):
                stops = tuple(each.start_point[0] + 1 for each in node.named_children if _is_script_stop(each))
                self._blocks.append(_Branch(node.start_point[0] + 1, node.end_point[0] + 1, around, stops))
            if node.type == "binary_expression":
                found += _read_script_comparison(node)
            inside = () if node.type in _SCRIPT_FUNCTIONS else around
            for child in node.named_children:
                pending.append((child, inside))
            if node.type != "if_statement":
                continue
            test = _strip(_fold(node.child_by_field_name("condition")))
            for field, holds in (("consequence", True), ("alternative", False)):
                branch = node.child_by_field_name(field)
                if branch is not None:
                    pending = [(each, seen) for each, seen in pending if each.id != branch.id]
                    # A block of its own or not: a branch without braces has its conditions too.
                    inner = (*around, Condition(test, holds))
                    if branch.type not in ("statement_block", "else_clause"):
                        stops = (branch.start_point[0] + 1,) if _is_script_stop(branch) else ()
                        self._blocks.append(_Branch(branch.start_point[0] + 1, branch.end_point[0] + 1, inner, stops))
                    pending.append((branch, inner))
        self.comparisons = tuple(sorted(found, key=lambda each: each.line))


def _list_python_bodies(
    statement: ast.stmt, around: tuple[Condition, ...]
) -> Iterator[tuple[Sequence[ast.stmt], tuple[Condition, ...]]]:
    if isinstance(statement, ast.If):
        test = _fold_text(ast.unparse(statement.test))
        yield statement.body, (*around, Condition(test, True))
        yield statement.orelse, (*around, Condition(test, False))
    elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.body, ()
    elif isinstance(statement, ast.Match):
        for case in statement.cases:
            yield case.body, around
    else:
        for name in ("body", "orelse", "finalbody"):
            yield getattr(statement, name, ()), around
        for handler in getattr(statement, "handlers", ()):
            yield handler.body, around


def _find_python_stop(statement: ast.stmt) -> int:
    """The line of a statement that raises or ends the process; 0 for any other."""
    if isinstance(statement, ast.Raise):
        return statement.lineno
    call = statement.value if isinstance(statement, ast.Expr) else None
    return statement.lineno if isinstance(call, ast.Call) and ast.unparse(call.func) in _EXITS else 0


def _list_python_comparisons(tree: ast.Module) -> Iterator[Comparison]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _PYTHON_EQUALS:
            left, right = (_fold_text(ast.unparse(side)) for side in (node.left, node.comparators[0]))
            yield Comparison(node.lineno, left, _PYTHON_EQUALS[type(node.ops[0])], right)


def _is_script_stop(node: Node) -> bool:
    """A throw, the end of the process, or an error handed to a callback."""
    if node.type == "throw_statement":
        return True
    call = node.named_children[0] if node.type == "expression_statement" and node.named_children else None
    if call is None or call.type != "call_expression":
        return False
    if _fold(call.child_by_field_name("function")) in _EXITS:
        return True
    given = call.child_by_field_name("arguments")
    return given is not None and any(
        each.type == "new_expression"
        and _fold(each.child_by_field_name("constructor")).endswith(("Error", "Exception"))
        for each in given.named_children
    )


def _read_script_comparison(node: Node) -> Iterator[Comparison]:
    operator = node.child_by_field_name("operator")
    sign = _fold(operator)
    if sign in _EQUALS:
        left, right = (_fold(node.child_by_field_name(side)) for side in ("left", "right"))
        yield Comparison(node.start_point[0] + 1, left, sign, right)


def _fold(node: Node | None) -> str:
    return _fold_text(node.text.decode("utf-8", "replace")) if node is not None and node.text is not None else ""


def _fold_text(text: str) -> str:
    return " ".join(text.split())


def _strip(text: str) -> str:
    return text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text
