"""Questions about single nodes of the TypeScript tree, answered without knowing the file around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kbgen.extractors.base import shorten

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTION_VALUES = frozenset({"arrow_function", "function_expression", "generator_function"})
MEMBERS = frozenset({"method_definition", "abstract_method_signature", "method_signature", "public_field_definition"})
WRAPPERS = frozenset({"as_expression", "satisfies_expression", "non_null_expression", "parenthesized_expression"})
"""Expressions that have the value of what they hold."""
CLASSES = frozenset({"class_declaration", "abstract_class_declaration"})


def cut(chars: str, start: int, end: int) -> str:
    """The text between two positions of a file; `chars` has a character for each byte of it, its Latin-1 reading.

    Names are ASCII nearly always, and then this is a slice: half of what decoding one would take.
    """
    text = chars[start:end]
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "replace")


def text_of(node: Node | None) -> str:
    return "" if node is None or node.text is None else node.text.decode("utf-8", "replace")


def string_of(node: Node | None) -> str | None:
    """The value of a plain string or a template without substitutions."""
    if node is None:
        return None
    if node.type == "string" or (
        node.type == "template_string" and all(child.type != "template_substitution" for child in node.named_children)
    ):
        return text_of(node)[1:-1]
    return None


def title_of(node: Node) -> str | None:
    """A test's title: string, template as written, or strings added together."""
    if node.type in ("string", "template_string"):
        return text_of(node)[1:-1]
    if node.type == "binary_expression" and any(child.type == "string" for child in node.named_children):
        return shorten(text_of(node), 200)
    return None


def unwrap(node: Node | None) -> Node | None:
    """The expression inside ``as``, ``satisfies``, ``!`` and parentheses."""
    while node is not None and node.type in WRAPPERS and node.named_child_count:
        node = node.named_children[0]
    return node


def inner_of(node: Node) -> Node | None:
    """The first node inside, which is all that a wrapper holds."""
    return node.named_child(0) if node.named_child_count else None


def callee_of(node: Node) -> Node | None:
    return node.child_by_field_name("function")


def arguments_of(node: Node) -> list[Node]:
    arguments = node.child_by_field_name("arguments")
    if arguments is None or arguments.type != "arguments":
        return []
    return [child for child in arguments.named_children if child.type != "comment"]


def find_source(node: Node) -> str | None:
    """The module that an import or export statement names."""
    source = node.child_by_field_name("source")
    if source is None:
        clause = next((child for child in node.named_children if child.type == "import_require_clause"), None)
        source = clause.child_by_field_name("source") if clause is not None else None
    return string_of(source)


def names_of(item: Node) -> tuple[str, str]:
    """(name, name after ``as``) of an import or export specifier."""
    name = text_of(item.child_by_field_name("name")).strip("'\"")
    alias = item.child_by_field_name("alias")
    return name, text_of(alias).strip("'\"") if alias is not None else name


def find_pattern_names(node: Node) -> Iterator[Node]:
    """The identifiers that a destructuring pattern defines."""
    stack = [node]
    while stack:
        part = stack.pop()
        if part.type in ("identifier", "shorthand_property_identifier_pattern"):
            yield part
        elif part.type == "pair_pattern":
            value = part.child_by_field_name("value")
            if value is not None:
                stack.append(value)
        elif part.type in ("assignment_pattern", "object_assignment_pattern"):
            left = part.child_by_field_name("left")
            if left is not None:
                stack.append(left)
        else:
            stack.extend(reversed(part.named_children))


def spell_pattern(node: Node, depth: int = 0) -> str:
    """A target on one line, defaults left out: ``{data,error:failure}``, ``[items,setItems]``, ``{id,...rest}``."""
    kind = node.type
    if kind in ("identifier", "shorthand_property_identifier_pattern") or depth > 10:
        return "".join(text_of(node).split())
    if kind == "object_pattern" or kind == "array_pattern":
        inner = ",".join(spell_pattern(part, depth + 1) for part in node.named_children if part.type != "comment")
        return "{" + inner + "}" if kind == "object_pattern" else "[" + inner + "]"
    if kind == "pair_pattern":
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        return text_of(key) + ":" + (spell_pattern(value, depth + 1) if value is not None else "")
    if kind in ("assignment_pattern", "object_assignment_pattern"):
        left = node.child_by_field_name("left")
        return spell_pattern(left, depth + 1) if left is not None else ""
    if kind == "rest_pattern":
        return "..." + "".join(spell_pattern(part, depth + 1) for part in node.named_children)
    return "".join(text_of(node).split())


def find_decorated(node: Node) -> Iterator[Node]:
    """The parts of a definition that may carry decorators: itself, an export's declaration."""
    yield node
    for child in node.named_children:
        yield child
        if child.type in CLASSES:
            yield from (part for part in child.named_children if part.type == "decorator")


def is_signature(node: Node) -> bool:
    """Whether a definition, below an export statement, has no body."""
    return any(part.type == "function_signature" for part in (node, *node.named_children))


def find_member(decorator: Node) -> Node:
    """The class member that a decorator belongs to: its parent for fields, a later sibling for methods."""
    member = decorator.parent or decorator
    if member.type in MEMBERS:
        return member
    following = decorator.next_named_sibling
    while following is not None and following.type in ("decorator", "comment"):
        following = following.next_named_sibling
    return following or decorator


def find_decorators_above(member: Node) -> list[Node]:
    """A class member's decorators, which the grammar has as siblings before it, comments between them."""
    found: list[Node] = []
    before = member.prev_named_sibling
    while before is not None and before.type in ("decorator", "comment"):
        if before.type == "decorator":
            found.insert(0, before)
        before = before.prev_named_sibling
    return found


def decorator_name(node: Node) -> str:
    """``Get`` for ``@Get(':id')``, ``ns.Get`` for a qualified one."""
    inner = node.named_children[0] if node.named_children else None
    if inner is not None and inner.type == "call_expression":
        inner = callee_of(inner)
    return text_of(inner).split("<")[0]


def find_bases(heritage: Node) -> Iterator[Node]:
    for clause in heritage.named_children:
        if clause.type == "extends_clause":
            value = clause.child_by_field_name("value")
            if value is not None:
                yield value
        elif clause.type == "implements_clause":
            yield from clause.named_children
        else:
            yield clause


def find_function(node: Node) -> Node | None:
    """The function that a definition is, below export statements and variable declarators."""
    stack = [node]
    while stack:
        part = stack.pop()
        kind = part.type
        if kind in ("function_declaration", "method_definition", "generator_function_declaration"):
            return part
        if kind in FUNCTION_VALUES:
            return part
        if kind in ("export_statement", "lexical_declaration", "variable_declaration"):
            stack.extend(reversed(part.named_children))
        elif kind in ("variable_declarator", "public_field_definition"):
            value = unwrap(part.child_by_field_name("value"))
            if value is not None:
                stack.append(value)
    return None


def find_type(node: Node, field: str, limit: int) -> str:
    """The annotation in `field` without its colon, on one line; ``""`` when there is none."""
    annotation = node.child_by_field_name(field)
    return shorten(text_of(annotation).removeprefix(":"), limit) if annotation is not None else ""
