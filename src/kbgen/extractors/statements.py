"""Where the statement around a line begins and ends: what an excerpt of code must show to be complete."""

from __future__ import annotations

import ast
import warnings

from kbgen.extractors.typescript import parse_script

_SCRIPT_STATEMENTS = frozenset(
    {
        "expression_statement", "lexical_declaration", "variable_declaration", "return_statement", "export_statement",
        "if_statement", "for_statement", "for_in_statement", "while_statement", "try_statement", "throw_statement",
        "function_declaration", "class_declaration", "method_definition", "public_field_definition",
        "interface_declaration", "type_alias_declaration", "enum_declaration",
    }
)  # fmt: skip
_SCRIPTS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")


def find_statement(text: str, path: str, line: int) -> tuple[int, int] | None:
    """First and last line (1-based) of the innermost statement that holds the whole of what starts at `line`.

    Decorators belong to it. None for a line without one, and for a language that is not read.
    """
    if path.endswith((".py", ".pyi")):
        return _find_in_python(text, line)
    return _find_in_script(text, path, line) if path.endswith(_SCRIPTS) else None


def _find_in_python(text: str, line: int) -> tuple[int, int] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    best: tuple[int, int] | None = None
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and node.end_lineno is not None:
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(each.lineno for each in decorators)])
            if first <= line <= node.end_lineno and (best is None or node.end_lineno - first < best[1] - best[0]):
                best = (first, node.end_lineno)
    return best


def _find_in_script(text: str, path: str, line: int) -> tuple[int, int] | None:
    best: tuple[int, int] | None = None
    pending = [parse_script(text, path)]
    while pending:
        node = pending.pop()
        first, last = node.start_point[0] + 1, node.end_point[0] + 1
        if not first <= line <= last:
            continue
        if node.type in _SCRIPT_STATEMENTS and (best is None or last - first <= best[1] - best[0]):
            best = (first, last)
        pending.extend(node.children)
    return best
