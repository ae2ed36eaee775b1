"""TypeScript expressions in the form of `kbgen.expressions`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from kbgen.expressions import ITEM_LIMIT, TEXT_LIMIT, UNKNOWN, Expr, is_unknown, tag_of
from kbgen.extractors.base import is_setting_name
from kbgen.extractors.typescript_nodes import FUNCTION_VALUES, cut, inner_of
from kbgen.patterns import LazyPattern

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 40
"""Levels of one expression; more are cut off, so that no input exhausts the stack."""
_LONGEST_CHAIN = 60
"""Links of one callee, and operands of one sum."""
_RETURN_LIMIT = 3
_LARGEST = 2**53
"""Numbers beyond it are not exact in JavaScript."""
_SKIPPED_ATTRIBUTES = frozenset({"className", "class", "style", "key", "ref"})
"""Attributes of an element that are about looks and bookkeeping."""
_PLAIN_CHAIN = LazyPattern(r"[\w$#]+(?:\.[\w$#]+)*")
_WRITTEN_CHAIN = LazyPattern(r"[\w$#]+!?(?:\s*\??\.\s*[\w$#]+!?)*")
_ENV_CHAIN = LazyPattern(r"(?:process\.env|import\.meta\.env|Bun\.env)\.([A-Za-z_]\w*)")
ENVIRONMENTS = frozenset({"process.env", "import.meta.env", "Bun.env"})
"""Objects whose members are environment variables."""
_TEXTUAL_NAME = LazyPattern(r"(?:url|uri|path|base|host|prefix|endpoint|origin)s?$", re.IGNORECASE)
_ESCAPE = LazyPattern(r"\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}


class ExpressionReader:
    """Reads expressions of one file; calls are read once, however many expressions hold them."""

    def __init__(self, chars: str, returns: Mapping[int, Sequence[Node]]) -> None:
        """`chars` is for `cut`; `returns` has the return statements of every function by the byte it starts at."""
        self._chars = chars
        self._returns = returns
        self._calls: dict[int, Expr] = {}

    def read(self, node: Node, depth: int = 0) -> Expr:
        reader = _READERS.get(node.type)
        if reader is None or depth > _DEEPEST:
            return UNKNOWN
        return reader(self, node, depth)

    def read_arguments(self, call: Node, depth: int = 0) -> list[Expr]:
        arguments = call.child_by_field_name("arguments")
        if arguments is None:
            return []
        if arguments.type != "arguments":  # a tagged template: sql`…`
            return [self.read(arguments, depth)]
        return [self.read(part, depth) for part in arguments.named_children[:ITEM_LIMIT] if part.type != "comment"]

    def read_callee(self, node: Node) -> str:
        """What is called, as a dotted name; ``()`` for a call in it, ``[]`` for an item, ``?`` for anything else."""
        ends: list[str] = []
        current: Node | None = node
        for _ in range(_LONGEST_CHAIN):
            if current is None:
                break
            name = self._read_chain(current)
            if name:
                return name + "".join(reversed(ends))
            kind = current.type
            if kind == "member_expression":
                own = current.child_by_field_name("property")
                ends.append("." + (self._text(own) if own is not None else "?"))
                current = current.child_by_field_name("object")
            elif kind == "call_expression" or kind == "new_expression":
                ends.append("()")
                current = current.child_by_field_name("function" if kind == "call_expression" else "constructor")
            elif kind == "subscript_expression":
                index = current.child_by_field_name("index")
                key = self._read_string(index, 0) if index is not None and index.type == "string" else ""
                ends.append("." + key if _PLAIN_CHAIN.fullmatch(key) else "[]")
                current = current.child_by_field_name("object")
            elif kind in _TRANSPARENT:
                current = inner_of(current)
            else:
                break
        return "?" + "".join(reversed(ends))

    def read_call(self, node: Node, name: str, depth: int = 0) -> Expr:
        """A call or constructor whose callee has been read; ``useMemo`` and ``useCallback`` are what they hold."""
        known = self._calls.get(node.id)
        if known is None:
            arguments = self.read_arguments(node, depth + 1)
            known = self._calls[node.id] = _open_wrapper(name, arguments) or ["call", name, arguments, {}]
        return known

    def read_attributes(self, element: Node) -> tuple[dict[str, Expr], bool]:
        """(attributes, whether others are spread in) of an opening tag."""
        attributes: dict[str, Expr] = {}
        spread = False
        for part in element.named_children:
            kind = part.type
            if kind == "jsx_expression":
                spread = True
            elif kind == "jsx_attribute":
                name, *rest = part.named_children
                own = self._text(name)
                if own not in _SKIPPED_ATTRIBUTES and len(attributes) < ITEM_LIMIT:
                    attributes[own] = self.read(rest[0]) if rest else True
        return attributes, spread

    def read_returns(self, function: Node, depth: int = 0, limit: int = _RETURN_LIMIT) -> list[tuple[Node, Expr]]:
        """What a function returns, unknown values left out: (statement or expression, value)."""
        body = function.child_by_field_name("body")
        if body is None:
            return []
        if body.type != "statement_block":
            value = self.read(body, depth + 1)
            return [] if is_unknown(value) else [(body, value)]
        found = []
        for statement in self._returns.get(function.start_byte, ()):
            inner = inner_of(statement)
            value = self.read(inner, depth + 1) if inner is not None else UNKNOWN
            if not is_unknown(value):
                found.append((statement, value))
                if len(found) == limit:
                    break
        return found

    # ------------------------------------------------------------------------------ kinds of nodes

    def _text(self, node: Node) -> str:
        return cut(self._chars, node.start_byte, node.end_byte)

    def _read_chain(self, node: Node) -> str:
        """A name or a chain of names without calls and items, ``?.`` and ``!`` taken out; ``""`` for anything else."""
        text = self._text(node)
        if _PLAIN_CHAIN.fullmatch(text):
            return text
        if not _WRITTEN_CHAIN.fullmatch(text):
            return ""
        return "".join(text.split()).replace("?.", ".").replace("!", "")

    def _read_name(self, node: Node, depth: int) -> Expr:
        name = self._text(node)
        return None if name == "undefined" else ["name", name]

    def _read_member(self, node: Node, depth: int) -> Expr:
        name = self._read_chain(node)
        if name:
            variable = _ENV_CHAIN.fullmatch(name)
            return ["env", variable[1]] if variable is not None else ["name", name]
        owner, own = node.child_by_field_name("object"), node.child_by_field_name("property")
        if owner is None or own is None:
            return UNKNOWN
        value = self.read(owner, depth + 1)
        return UNKNOWN if is_unknown(value) else ["item", value, self._text(own)]

    def _read_item(self, node: Node, depth: int) -> Expr:
        owner, index = node.child_by_field_name("object"), node.child_by_field_name("index")
        if owner is None or index is None:
            return UNKNOWN
        value, key = self.read(owner, depth + 1), self.read(index, depth + 1)
        if tag_of(value) == "name" and value[1] in ENVIRONMENTS and isinstance(key, str):
            return ["env", key]
        return UNKNOWN if is_unknown(value) else ["item", value, key]

    def _read_string(self, node: Node, depth: int) -> Expr:
        return _cut(_unescape(cut(self._chars, node.start_byte + 1, node.end_byte - 1)))

    def _read_template(self, node: Node, depth: int) -> Expr:
        parts: list[Expr] = []
        for part in node.named_children:
            if part.type == "template_substitution":
                inner = inner_of(part)
                parts.append(self.read(inner, depth + 1) if inner is not None else UNKNOWN)
            else:
                parts.append(_unescape(self._text(part)))
        return _join_parts(parts)

    def _read_number(self, node: Node, depth: int) -> Expr:
        text = self._text(node).replace("_", "").removesuffix("n")
        try:
            if text.isdecimal() or text[:2].lower() in ("0x", "0o", "0b"):
                return int(text, 0)
            value = float(text)
        except ValueError:
            return UNKNOWN
        return value if isfinite(value) else UNKNOWN

    def _read_unary(self, node: Node, depth: int) -> Expr:
        argument = node.child_by_field_name("argument")
        value = self.read(argument, depth + 1) if argument is not None else UNKNOWN
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return -value if is_number and self._chars[node.start_byte] == "-" else UNKNOWN

    def _read_binary(self, node: Node, depth: int) -> Expr:
        sign = _operator_of(node)
        if sign == "+":
            return self._read_sum(node, depth)
        if sign not in ("||", "??", "&&", "*"):
            return UNKNOWN
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        last = self.read(right, depth + 1) if right is not None else UNKNOWN
        if sign == "*":
            return _multiply(self.read(left, depth + 1) if left is not None else UNKNOWN, last)
        if sign == "&&":
            return UNKNOWN if is_unknown(last) else ["any", last]
        return _make_choice([self.read(left, depth + 1) if left is not None else UNKNOWN, last])

    def _read_sum(self, node: Node, depth: int) -> Expr:
        """``a + b + c``, which the grammar nests to the left, when it puts text together."""
        parts: list[Expr] = []
        current: Node | None = node
        while current is not None and len(parts) < _LONGEST_CHAIN and _operator_of(current) == "+":
            right = current.child_by_field_name("right")
            parts.append(self.read(right, depth + 1) if right is not None else UNKNOWN)
            current = current.child_by_field_name("left")
        parts.append(self.read(current, depth + 1) if current is not None else UNKNOWN)
        return _join_parts(parts[::-1]) if any(_is_textual(part) for part in parts) else UNKNOWN

    def _read_ternary(self, node: Node, depth: int) -> Expr:
        sides = (node.child_by_field_name("consequence"), node.child_by_field_name("alternative"))
        return _make_choice([self.read(side, depth + 1) for side in sides if side is not None])

    def _read_object(self, node: Node, depth: int) -> Expr:
        pairs: list[Expr] = []
        for part in node.named_children[:ITEM_LIMIT]:
            kind = part.type
            if kind == "pair":
                key, value = part.child_by_field_name("key"), part.child_by_field_name("value")
                if key is not None and value is not None:
                    pairs.append([self._read_key(key, depth), self.read(value, depth + 1)])
            elif kind == "shorthand_property_identifier":
                name = self._text(part)
                pairs.append([name, ["name", name]])
            elif kind == "spread_element":
                inner = inner_of(part)
                pairs.append([None, self.read(inner, depth + 1) if inner is not None else UNKNOWN])
            elif kind == "method_definition":
                key = part.child_by_field_name("name")
                if key is not None:
                    pairs.append([self._read_key(key, depth), self._read_function(part, depth)])
        return ["dict", *pairs]

    def _read_key(self, node: Node, depth: int) -> Expr:
        kind = node.type
        if kind == "string":
            return self._read_string(node, depth)
        if kind == "computed_property_name":
            inner = inner_of(node)
            return self.read(inner, depth + 1) if inner is not None else UNKNOWN
        return self._text(node)

    def _read_array(self, node: Node, depth: int) -> Expr:
        return ["list", *(self.read(p, depth + 1) for p in node.named_children[:ITEM_LIMIT] if p.type != "comment")]

    def _read_spread(self, node: Node, depth: int) -> Expr:
        inner = inner_of(node)
        return ["spread", self.read(inner, depth + 1) if inner is not None else UNKNOWN]

    def _read_function(self, node: Node, depth: int) -> Expr:
        return ["fn", *(value for _, value in self.read_returns(node, depth))]

    def _read_inner(self, node: Node, depth: int) -> Expr:
        inner = inner_of(node)
        return self.read(inner, depth + 1) if inner is not None else UNKNOWN

    def _read_cast(self, node: Node, depth: int) -> Expr:
        return self.read(node.named_children[-1], depth + 1)

    def _read_call(self, node: Node, depth: int) -> Expr:
        known = self._calls.get(node.id)
        if known is not None:
            return known
        callee = node.child_by_field_name("constructor" if node.type == "new_expression" else "function")
        return UNKNOWN if callee is None else self.read_call(node, self.read_callee(callee), depth)

    def _read_element(self, node: Node, depth: int) -> Expr:
        opening = node.child_by_field_name("open_tag") or node
        name = opening.child_by_field_name("name")
        return ["jsx", self._text(name) if name is not None else ""]


def _open_wrapper(name: str, arguments: list[Expr]) -> Expr:
    """What a call stands for when it is none worth the name; None for ordinary calls.

    ``useMemo(f)`` is what ``f`` returns, ``useCallback(f)`` is ``f``, ``Deno.env.get("X")`` and
    ``configService.get("X", default)`` read the environment.
    """
    owner, _, last = name.rpartition(".")
    if not arguments or last not in ("get", "getOrThrow", "useCallback", "useMemo"):
        return None
    if last == "useCallback":
        return arguments[0]
    if last == "useMemo":
        return _make_choice(arguments[0][1:]) if tag_of(arguments[0]) == "fn" else None
    if not isinstance(arguments[0], str):
        return None
    owner = owner.lower()
    if owner == "deno.env" or (owner.endswith(("config", "configservice")) and is_setting_name(arguments[0])):
        variable = ["env", arguments[0]]
        default = arguments[1] if len(arguments) > 1 else UNKNOWN
        return variable if tag_of(default) in ("?", "dict") else ["any", variable, default]
    return None


def _operator_of(node: Node) -> str:
    operator = node.child_by_field_name("operator") if node.type == "binary_expression" else None
    return operator.type if operator is not None else ""


def _multiply(left: Expr, right: Expr) -> Expr:
    """``60 * 1000``, as durations and sizes are written; unknown unless both are plain numbers."""
    if not all(isinstance(side, int | float) and not isinstance(side, bool) for side in (left, right)):
        return UNKNOWN
    product = left * right
    return product if isfinite(product) and abs(product) < _LARGEST else UNKNOWN


def _make_choice(options: Sequence[Expr]) -> Expr:
    """One of several values; choices inside are laid flat."""
    flat = [part for option in options for part in (option[1:] if tag_of(option) == "any" else [option])]
    if all(is_unknown(part) for part in flat):
        return UNKNOWN
    return ["any", *flat] if len(flat) > 1 else flat[0]


def _join_parts(parts: Sequence[Expr]) -> Expr:
    """Text put together: neighbouring literals become one, texts inside are laid flat."""
    joined: list[Expr] = []
    for part in parts:
        for piece in part[1:] if tag_of(part) == "text" else [part]:
            if isinstance(piece, int | float) and not isinstance(piece, bool):
                piece = str(piece)
            if isinstance(piece, str) and joined and isinstance(joined[-1], str):
                joined[-1] += piece
            else:
                joined.append(piece)
    if not joined:
        return ""
    return _cut(joined[0]) if len(joined) == 1 and isinstance(joined[0], str) else ["text", *joined]


def _is_textual(expr: Expr) -> bool:
    """Whether ``+`` with this on one side puts text together."""
    tag = tag_of(expr)
    if tag == "any":
        return any(_is_textual(part) for part in expr[1:])
    if tag == "name":
        return _TEXTUAL_NAME.search(expr[1]) is not None
    return isinstance(expr, str) or tag in ("text", "env")


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_unescape_one, text)
    # Characters beyond U+FFFF are written as two halves, which are no characters by themselves.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unescape_one(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code:
        return chr(int(code, 16)) if int(code, 16) < 0x110000 else "\ufffd"
    return _ESCAPED.get(match[4], match[4])


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


_Read = Callable[[ExpressionReader, "Node", int], Expr]
_TRANSPARENT = frozenset(
    {
        "as_expression",
        "satisfies_expression",
        "non_null_expression",
        "parenthesized_expression",
        "await_expression",
        "instantiation_expression",
    }
)
_READERS: dict[str, _Read] = {
    "identifier": ExpressionReader._read_name,
    "this": ExpressionReader._read_name,
    "undefined": lambda reader, node, depth: None,
    "null": lambda reader, node, depth: None,
    "true": lambda reader, node, depth: True,
    "false": lambda reader, node, depth: False,
    "member_expression": ExpressionReader._read_member,
    "subscript_expression": ExpressionReader._read_item,
    "string": ExpressionReader._read_string,
    "template_string": ExpressionReader._read_template,
    "number": ExpressionReader._read_number,
    "unary_expression": ExpressionReader._read_unary,
    "binary_expression": ExpressionReader._read_binary,
    "ternary_expression": ExpressionReader._read_ternary,
    "object": ExpressionReader._read_object,
    "array": ExpressionReader._read_array,
    "spread_element": ExpressionReader._read_spread,
    "call_expression": ExpressionReader._read_call,
    "new_expression": ExpressionReader._read_call,
    "type_assertion": ExpressionReader._read_cast,
    "jsx_expression": ExpressionReader._read_inner,
    "jsx_element": ExpressionReader._read_element,
    "jsx_self_closing_element": ExpressionReader._read_element,
    **dict.fromkeys(_TRANSPARENT, ExpressionReader._read_inner),
    **dict.fromkeys(FUNCTION_VALUES, ExpressionReader._read_function),
}
"""How each kind of node is read; any other is unknown."""
