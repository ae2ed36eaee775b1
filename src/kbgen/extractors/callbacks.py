"""What a call is handed in an object, member by member, and what runs when such a function is called.

Facts say what a definition does as a whole. A page about hooks and stores must know more of a few calls: what an
option of a hook does while React renders, which action of a store a line belongs to. Read from the file's text when
a page asks; kept facts do not hold it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from kbgen.extractors.typescript import parse_script

if TYPE_CHECKING:
    from tree_sitter import Node

_SCRIPTS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
_FUNCTIONS = frozenset(
    {
        "arrow_function", "function_expression", "generator_function", "function_declaration", "method_definition",
        "generator_function_declaration",
    }
)  # fmt: skip
_WRAPPED = frozenset({"parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression"})
_NAMES = frozenset({"identifier", "property_identifier", "shorthand_property_identifier"})
_GIVEN = frozenset({"identifier", "shorthand_property_identifier_pattern"})
_ELEMENTS = ("jsx_opening_element", "jsx_self_closing_element")
_STATES = frozenset({"useState", "useReducer", "React.useState", "React.useReducer"})


@dataclass(frozen=True, slots=True)
class Member:
    """One key of an object literal. Lines are 1-based, both ends belong to it."""

    name: str
    first: int
    last: int
    calls: tuple[str, ...]
    """What is called when its function runs, functions inside it left out; in source order, each once."""
    names: frozenset[str]
    """Every name in it, functions inside it included."""
    elements: tuple[str, ...]
    """JSX tags in it, each once."""
    runs: bool
    """It is a function."""
    parameters: tuple[str, ...]
    """Plain names that its function is given."""


@dataclass(frozen=True, slots=True)
class Locals:
    """What a file's functions are that stand under a name, and which names set a component's state."""

    functions: Mapping[str, tuple[str, ...]]
    """name -> what its functions call themselves; those given to ``useCallback`` and the like count as theirs."""
    setters: frozenset[str]


@lru_cache(maxsize=128)
def read_members(text: str, path: str, line: int) -> tuple[Member, ...]:
    """The members of the object that the call on this line is given, or that a function among its arguments returns.

    ``useHook({...})``, ``create()(wrap((set) => ({...})))``. () where there is none, and for other languages.
    """
    if not path.endswith(_SCRIPTS):
        return ()
    for call in _find_calls(parse_script(text, path), line):
        arguments = call.child_by_field_name("arguments")
        found = next(_find_objects(arguments), None) if arguments is not None else None
        if found is not None:
            return tuple(_read_members(found))
    return ()


@lru_cache(maxsize=64)
def read_locals(text: str, path: str) -> Locals:
    functions: dict[str, dict[str, None]] = {}
    setters: set[str] = set()
    for node in _walk(parse_script(text, path)) if path.endswith(_SCRIPTS) else ():
        if node.type == "function_declaration":
            functions.setdefault(_text(node.child_by_field_name("name")), {}).update(dict.fromkeys(_list_calls(node)))
        if node.type != "variable_declarator":
            continue
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None or value is None:
            continue
        callee = _text(value.child_by_field_name("function")) if value.type == "call_expression" else ""
        if name.type == "array_pattern" and callee in _STATES and len(name.named_children) > 1:
            setters.add(_text(name.named_children[1]))
        function = _find_function(value)
        if name.type == "identifier" and function is not None:
            functions.setdefault(_text(name), {}).update(dict.fromkeys(_list_calls(function)))
    return Locals({name: tuple(calls) for name, calls in functions.items()}, frozenset(setters))


@lru_cache(maxsize=128)
def read_taken(text: str, path: str, line: int) -> tuple[str, ...]:
    """The names taken out of what the call on this line gives: a and b of ``const { a, b: c } = useStore()``."""
    if not path.endswith(_SCRIPTS):
        return ()
    for call in _find_calls(parse_script(text, path), line):
        target = call.parent
        pattern = target.child_by_field_name("name") if target is not None else None
        if pattern is not None and pattern.type == "object_pattern":
            return tuple(dict.fromkeys(filter(None, map(_read_key, pattern.named_children))))
    return ()


@lru_cache(maxsize=128)
def read_given(text: str, path: str, line: int) -> tuple[str, ...]:
    """What the first function among the arguments of the call on this line is given, by name.

    Inside one more call too, and the names of a pattern: ``useStore(wrap(({ a }) => a))`` has a.
    """
    if not path.endswith(_SCRIPTS):
        return ()
    for call in _find_calls(parse_script(text, path), line):
        arguments = call.child_by_field_name("arguments")
        function = next(_find_arguments(arguments), None) if arguments is not None else None
        if function is not None:
            parameters = function.child_by_field_name("parameter") or function.child_by_field_name("parameters")
            found = _walk(parameters) if parameters is not None else ()
            return tuple(_text(node) for node in found if node.type in _GIVEN)
    return ()


def _find_arguments(arguments: Node) -> Iterator[Node]:
    """The functions that a call is given, or a call among its arguments is."""
    for child in map(_open, arguments.named_children):
        function = _find_function(child)
        if function is not None:
            yield function


def _read_key(node: Node) -> str:
    if node.type == "shorthand_property_identifier_pattern":
        return _text(node)
    key = node.child_by_field_name("key" if node.type == "pair_pattern" else "left")
    return _text(key)


def _find_calls(root: Node, line: int) -> Iterator[Node]:
    """Calls that begin on the line, the outermost first."""
    pending = [root]
    while pending:
        node = pending.pop()
        if not node.start_point[0] + 1 <= line <= node.end_point[0] + 1:
            continue
        if node.type == "call_expression" and node.start_point[0] + 1 == line:
            yield node
        pending.extend(reversed(node.children))


def _find_objects(node: Node) -> Iterator[Node]:
    for child in node.named_children:
        child = _open(child)
        if child.type == "object":
            yield child
        elif child.type == "call_expression":
            arguments = child.child_by_field_name("arguments")
            yield from _find_objects(arguments) if arguments is not None else ()
        elif child.type in _FUNCTIONS:
            yield from _find_returned(child)


def _find_returned(function: Node) -> Iterator[Node]:
    body = function.child_by_field_name("body")
    if body is None:
        return
    values = [body]
    if body.type == "statement_block":
        values = [v for s in body.named_children if s.type == "return_statement" for v in s.named_children]
    yield from (value for value in map(_open, values) if value.type == "object")


def _read_members(found: Node) -> Iterator[Member]:
    for child in found.named_children:
        key = child.child_by_field_name("key" if child.type == "pair" else "name")
        if key is None:
            continue
        value = child.child_by_field_name("value") if child.type == "pair" else child
        function = _find_function(value) if value is not None else None
        yield Member(
            _text(key).strip("'\""),
            child.start_point[0] + 1,
            child.end_point[0] + 1,
            tuple(dict.fromkeys(_list_calls(function))) if function is not None else (),
            frozenset(_text(node) for node in _walk(child) if node.type in _NAMES),
            tuple(
                dict.fromkeys(
                    _text(node.child_by_field_name("name")) for node in _walk(child) if node.type in _ELEMENTS
                )
            ),
            function is not None,
            tuple(_list_parameters(function)) if function is not None else (),
        )


def _list_parameters(function: Node) -> Iterator[str]:
    single = function.child_by_field_name("parameter")
    several = function.child_by_field_name("parameters")
    for node in [single] if single is not None else several.named_children if several is not None else []:
        pattern = node.child_by_field_name("pattern") or node.child_by_field_name("left") or node
        if pattern.type == "identifier":
            yield _text(pattern)


def _find_function(value: Node) -> Node | None:
    """The function that a value is, or that the value's call is given first: ``useCallback(() => …, [])``."""
    value = _open(value)
    if value.type in _FUNCTIONS:
        return value
    arguments = value.child_by_field_name("arguments") if value.type == "call_expression" else None
    inner = _open(arguments.named_children[0]) if arguments is not None and arguments.named_children else None
    return inner if inner is not None and inner.type in _FUNCTIONS else None


def _list_calls(function: Node) -> Iterator[str]:
    """Callees as written, in source order."""
    body = function.child_by_field_name("body")
    pending = [body] if body is not None else []
    while pending:
        node = pending.pop()
        if node.type in _FUNCTIONS:
            continue
        if node.type == "call_expression":
            yield "".join(_text(node.child_by_field_name("function")).split())
        pending.extend(reversed(node.children))


def _walk(root: Node) -> Iterator[Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(node.children))


def _open(node: Node) -> Node:
    while node.type in _WRAPPED and node.named_children:
        node = node.named_children[0]
    return node


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


def find_member(members: Iterable[Member], line: int) -> str:
    """The name of the member that the line belongs to, or ``""``."""
    return next((member.name for member in members if member.first <= line <= member.last), "")
