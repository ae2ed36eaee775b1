"""The options of a configuration file that is code: each as it is written, with the path of keys that leads to it.

``playwright.config.ts`` and its like export one object, which facts hold with its values worked out as far as they
can be; what ``process.env.CI ? 2 : 0`` says is lost there. Read on demand, for the few files that a page is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbgen.extractors.typescript import parse_script

if TYPE_CHECKING:
    from tree_sitter import Node

_SCRIPTS = (".ts", ".js", ".mts", ".cts", ".mjs", ".cjs")
_WRAPPERS = ("as_expression", "satisfies_expression", "parenthesized_expression", "await_expression")
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Option:
    key: str
    """``use.baseURL``, ``projects[1].testDir``."""
    text: str
    """In one line; a text without its quotes."""


def read_options(text: str, path: str) -> tuple[Option, ...]:
    """Options of the object that the file exports, in source order; () where it exports none."""
    if not path.endswith(_SCRIPTS):
        return ()
    root = parse_script(text, path)
    exported = next(_find_exported(root), None)
    found = _open(exported, root, 0) if exported is not None else None
    return tuple(_read_object(found, "", 0)) if found is not None else ()


def _find_exported(root: Node) -> Iterator[Node]:
    for child in root.children:
        if child.type == "export_statement":
            value = child.child_by_field_name("value")
            if value is not None:
                yield value
        elif child.type == "expression_statement" and child.named_children:
            assigned = child.named_children[0]
            left, right = assigned.child_by_field_name("left"), assigned.child_by_field_name("right")
            if assigned.type == "assignment_expression" and right is not None and _text(left) == "module.exports":
                yield right


def _open(node: Node, root: Node, depth: int) -> Node | None:
    """The object behind ``defineConfig({…})``, a name, or a type assertion."""
    if depth > _DEPTH:
        return None
    if node.type == "object":
        return node
    if node.type in _WRAPPERS:
        inner = [child for child in node.named_children if child.type != "comment"]
        return _open(inner[0], root, depth + 1) if inner else None
    if node.type == "call_expression":
        arguments = node.child_by_field_name("arguments")
        found = [_open(each, root, depth + 1) for each in (arguments.named_children if arguments is not None else ())]
        return next((each for each in found if each is not None), None)
    if node.type == "identifier":
        value = _find_value(root, _text(node))
        return _open(value, root, depth + 1) if value is not None else None
    return None


def _find_value(root: Node, name: str) -> Node | None:
    for child in root.children:
        declared = child.child_by_field_name("declaration") if child.type == "export_statement" else child
        for each in declared.named_children if declared is not None else ():
            if each.type == "variable_declarator" and _text(each.child_by_field_name("name")) == name:
                return each.child_by_field_name("value")
    return None


def _read_object(node: Node, prefix: str, depth: int) -> Iterator[Option]:
    for pair in node.named_children:
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if pair.type == "pair" and key is not None and value is not None:
            yield from _read_value(value, f"{prefix}{_text(key).strip(chr(39) + chr(34))}", depth + 1)


def _read_value(value: Node, key: str, depth: int) -> Iterator[Option]:
    objects = [each for each in value.named_children if each.type == "object"] if value.type == "array" else []
    if value.type == "object" and depth < _DEPTH:
        yield from _read_object(value, f"{key}.", depth)
    elif objects and depth < _DEPTH:
        for index, each in enumerate(objects):
            yield from _read_object(each, f"{key}[{index}].", depth)
    else:
        text = " ".join(_text(value).split())
        yield Option(key, text[1:-1] if value.type == "string" else text)


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""
