"""Which test cases a TypeScript file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbgen.extractors.base import shorten
from kbgen.extractors.typescript_file import TypeScriptFile
from kbgen.extractors.typescript_nodes import FUNCTION_VALUES, arguments_of, callee_of, text_of, title_of

if TYPE_CHECKING:
    from tree_sitter import Node

CASE_NAMES = frozenset({"it", "test", "xit", "fit", "xtest"})
_TABLES = frozenset({"each", "for", "skipIf", "runIf", "todoIf", "failingIf"})
"""Modifiers that are called themselves before the title is given."""
_MODIFIERS = _TABLES | {"only", "skip", "concurrent", "sequential", "shuffle"}
_MODIFIERS |= {"todo", "fails", "failing", "fixme", "fail"}


def read_case(file: TypeScriptFile, node: Node) -> None:
    """A call that makes a test case: ``it('…', …)`` with any chain of modifiers, parametrized ones once."""
    current, modifiers, calls = node, [], []
    while current.parent is not None:
        outer = current.parent
        if outer.type == "member_expression" and outer.child_by_field_name("object") == current:
            modifiers.append(text_of(outer.child_by_field_name("property")))
        elif outer.type == "call_expression" and callee_of(outer) == current:
            calls.append(outer)
        else:
            break
        current = outer
    if not calls or not _MODIFIERS.issuperset(modifiers):
        return
    table = not _TABLES.isdisjoint(modifiers)
    if table and len(calls) < 2:
        return
    call = calls[1] if table else calls[0]
    arguments = arguments_of(call)
    if not arguments or arguments[0].type in FUNCTION_VALUES:
        return
    title = title_of(arguments[0])
    if title is None and not any(argument.type in FUNCTION_VALUES for argument in arguments[1:]):
        return
    file.is_test = True
    attrs = [("form", ".".join([text_of(node), *modifiers]))]
    if "each" in modifiers or "for" in modifiers:
        attrs.append(("each", "yes"))
    name = title if title is not None else shorten(text_of(arguments[0]), 100)
    file.add("test_case", name, file.find_line(node.start_byte), "", file.find_around(node), tuple(attrs))
