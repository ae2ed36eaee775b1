"""What stands around a line: which exceptions its block handles, and whether it is tried more than once.

Facts say that code logs or calls; this says that a log line belongs to ``except TimeoutError``, or that a request
stands in a loop. Read from the file's text when a page asks, for the few files that it asks about.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from kbgen.extractors.typescript import parse_script

if TYPE_CHECKING:
    from tree_sitter import Node

_SCRIPTS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
_LOOPS = frozenset({"for_statement", "for_in_statement", "while_statement", "do_statement"})
_FUNCTIONS = frozenset(
    {
        "arrow_function", "function_expression", "function_declaration", "method_definition",
        "generator_function_declaration", "generator_function",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of a handler's body, of a loop's, or of a function; 1-based, both ends belong to it."""

    kind: str
    """handler, loop or function."""
    first: int
    last: int
    names: tuple[str, ...] = ()
    """Exceptions of a handler as written; () for one that takes any."""


def find_handled(text: str, path: str, line: int) -> tuple[str, ...] | None:
    """The exceptions of the innermost handler around a line; () for one that takes any, None outside of handlers."""
    spans = [s for s in _find_around(text, path, line) if s.kind != "loop"]
    return spans[-1].names if spans and spans[-1].kind == "handler" else None


def is_repeated(text: str, path: str, line: int) -> bool:
    """Whether a line stands in a loop of its own function."""
    spans = _find_around(text, path, line)
    inner = max((i for i, s in enumerate(spans) if s.kind == "function"), default=-1)
    return any(s.kind == "loop" for s in spans[inner + 1 :])


def _find_around(text: str, path: str, line: int) -> list[Span]:
    """The outermost first."""
    return [span for span in _read_spans(text, path) if span.first <= line <= span.last]


@lru_cache(maxsize=64)
def _read_spans(text: str, path: str) -> tuple[Span, ...]:
    if path.endswith((".py", ".pyi")):
        found = list(_read_python(text))
    elif path.endswith(_SCRIPTS):
        found = list(_read_script(text, path))
    else:
        found = []
    return tuple(sorted(found, key=lambda s: (s.first, -s.last)))


def _read_python(text: str) -> Iterator[Span]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type] if node.type else []
            names = tuple(ast.unparse(each) for each in types)
            yield Span("handler", node.body[0].lineno, node.body[-1].end_lineno or node.lineno, names)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
            yield Span("loop", node.body[0].lineno, node.body[-1].end_lineno or node.lineno)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Span("function", node.lineno, node.end_lineno or node.lineno)


def _read_script(text: str, path: str) -> Iterator[Span]:
    pending: list[Node] = [parse_script(text, path)]
    while pending:
        node = pending.pop()
        pending.extend(node.named_children)
        kind = "handler" if node.type == "catch_clause" else "loop" if node.type in _LOOPS else ""
        kind = kind or ("function" if node.type in _FUNCTIONS else "")
        if kind:
            yield Span(kind, node.start_point[0] + 1, node.end_point[0] + 1)
