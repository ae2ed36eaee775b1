"""What a request must look like: the fields of validation schemas (zod and its kin) with their rules, as written.

Facts leave the chained calls of such libraries out, since they are no calls of the program. This reads them on demand,
for the few files that a page is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kbgen.extractors.base import shorten
from kbgen.extractors.typescript import parse_script
from kbgen.patterns import LazyPattern

if TYPE_CHECKING:
    from tree_sitter import Node

_SCRIPTS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
_IMPORT = LazyPattern(r"""from\s+['"](?:zod(?:/v4)?|yup|valibot|superstruct)['"]""")
_OBJECTS = frozenset({"object", "strictObject", "looseObject"})
_LENIENT = frozenset({"optional", "nullish", "default", "catch"})
"""Steps of a chain after which the field may be left out."""
_TEXT_LIMIT = 60
_cut = partial(shorten, limit=_TEXT_LIMIT)


@dataclass(frozen=True, slots=True)
class SchemaField:
    name: str
    type: str
    """``number``, ``enum(LEVELS)``; the callee where a function of the project makes it."""
    rules: tuple[str, ...]
    """As written: ``min(5)``, ``regex(/^[a-z]+$/)``, ``maxEntries: 20``."""
    required: bool
    default: str


@dataclass(frozen=True, slots=True)
class Schema:
    name: str
    line: int
    fields: tuple[SchemaField, ...]
    messages: tuple[str, ...]
    """Of rules about the whole object."""


def read_schemas(text: str, path: str) -> tuple[Schema, ...]:
    """Schemas that the file keeps under a name, in source order; () for a language that is not read."""
    if not path.endswith(_SCRIPTS) or not _IMPORT.search(text):
        return ()
    return tuple(_find_schemas(parse_script(text, path)))


def _find_schemas(root: Node) -> Iterator[Schema]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type == "variable_declarator":
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            chain = list(_walk_chain(value)) if value is not None else []
            if name is not None and chain and chain[0][0] in _OBJECTS and len(chain[0][1]) == 1:
                fields = tuple(_read_fields(chain[0][1][0]))
                if fields:
                    yield Schema(_text(name), node.start_point[0] + 1, fields, tuple(_read_messages(chain[1:])))
                continue
        pending.extend(reversed(node.children))


def _walk_chain(node: Node) -> Iterator[tuple[str, list[Node]]]:
    """(last part of the callee, arguments) of each call of ``z.a(…).b(…)``, the innermost first."""
    steps: list[tuple[str, list[Node]]] = []
    current: Node | None = node
    while current is not None and current.type == "call_expression":
        callee, arguments = current.child_by_field_name("function"), current.child_by_field_name("arguments")
        if callee is None or arguments is None:
            break
        given = [child for child in arguments.named_children if child.type != "comment"]
        if callee.type == "member_expression":
            steps.append((_text(callee.child_by_field_name("property")), given))
            current = callee.child_by_field_name("object")
        else:
            steps.append((_text(callee), given))
            current = None
    return reversed(steps)


def _read_fields(node: Node) -> Iterator[SchemaField]:
    for pair in node.named_children if node.type == "object" else ():
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        chain = list(_walk_chain(value)) if pair.type == "pair" and value is not None else []
        if key is None or not chain:
            continue
        kind, given = chain[0]
        options = [each for each in given if each.type == "object"]
        plain = [_cut(_text(each)) for each in given if each.type not in ("object", "string")]
        rules = [_cut(_text(option)) for each in options for option in each.named_children if option.type == "pair"]
        default = ""
        for name, arguments in chain[1:]:
            if name == "default" and arguments:
                default = _cut(_text(arguments[0]))
            elif name not in _LENIENT:
                shown = ", ".join(_cut(_text(each)) for each in arguments if each.type != "object")
                rules.append(f"{name}({shown})")
        yield SchemaField(
            _text(key).strip("'\""),
            f"{kind}({', '.join(plain)})" if plain else kind,
            tuple(rules),
            not any(name in _LENIENT for name, _ in chain[1:]),
            default,
        )


def _read_messages(steps: list[tuple[str, list[Node]]]) -> Iterator[str]:
    for _, arguments in steps:
        for argument in arguments:
            for pair in argument.named_children if argument.type == "object" else ():
                key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
                if key is not None and value is not None and _text(key) == "message" and value.type == "string":
                    yield _text(value)[1:-1]


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""
