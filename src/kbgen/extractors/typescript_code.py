"""What TypeScript code does: the raw facts that the joins read, in the terms of `kbgen.extractors.base`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbgen.expressions import Expr, encode_arguments, encode_expr, is_unknown, tag_of
from kbgen.extractors.base import Scopes, shorten
from kbgen.extractors.typescript_calls import CallContext, note_arguments, read_calls
from kbgen.extractors.typescript_expressions import ENVIRONMENTS, ExpressionReader
from kbgen.extractors.typescript_file import TypeScriptFile
from kbgen.extractors.typescript_nodes import (
    FUNCTION_VALUES,
    WRAPPERS,
    decorator_name,
    find_pattern_names,
    find_type,
    inner_of,
    spell_pattern,
    text_of,
)
from kbgen.patterns import LazyPattern

if TYPE_CHECKING:
    from tree_sitter import Node

_TYPE_LIMIT = 120
_MEMBER_LIMIT = 40
_MEMBER_TYPE_LIMIT = 60
_CALLS = ("call_expression", "new_expression")
_LINK_TAGS = frozenset({"a", "form", "iframe"})
_LINKS = frozenset({"href", "src", "action", "formAction"})
_LOG_CALL = LazyPattern(
    rb"\b(?:console|log|logger|Logger)\b[\w.$]*\.(?:log|debug|info|warn|error|fatal|verbose|trace)\("
)


def read_code(file: TypeScriptFile) -> None:
    """Call after the symbols are known: facts are told of the definition around them."""
    returns = _find_returns(file)
    expressions = ExpressionReader(file.chars, returns)
    context = CallContext()
    for node in file.captures.get("await", ()):
        inner = _skip_wrappers(inner_of(node))
        if inner is not None and inner.type in _CALLS:
            context.awaited.add(inner.id)
    code = _Code(file, expressions, context)
    code.read_classes()
    code.read_functions()
    code.read_enums()
    code.read_interfaces()
    code.read_variables()
    code.read_assignments()
    code.read_throws()
    code.read_catches()
    code.read_elements()
    read_calls(file, expressions, context)


def _find_returns(file: TypeScriptFile) -> dict[int, list[Node]]:
    """The return statements of each function in source order, by the byte at which the function starts."""
    statements = file.captures.get("return", ())
    if not statements:
        return {}
    starts: dict[str, int] = {}
    spans = []
    for function in file.captures.get("function", ()):
        key = str(function.start_byte)
        starts[key] = function.start_byte
        spans.append((function.start_byte, function.end_byte, key))
    functions = Scopes(spans)
    found: dict[int, list[Node]] = {}
    for statement in sorted(statements, key=lambda node: node.start_byte):
        key = functions.find(statement.start_byte)
        if key:
            found.setdefault(starts[key], []).append(statement)
    return found


def _skip_wrappers(node: Node | None) -> Node | None:
    while node is not None and (node.type in WRAPPERS or node.type == "await_expression"):
        node = inner_of(node)
    return node


class _Code:
    """The readers of one file share what is known of parameters and of calls."""

    def __init__(self, file: TypeScriptFile, expressions: ExpressionReader, context: CallContext) -> None:
        self.file = file
        self.expressions = expressions
        self.context = context
        self.params: dict[str, set[str]] = {}
        """Qualified function -> the names of its parameters."""

    def _add(self, kind: str, name: str, node: Node, value: str, symbol: str, *attrs: tuple[str, str]) -> None:
        self.file.add(kind, name, self.file.find_line(node.start_byte), value, symbol, attrs)

    # ------------------------------------------------------------------------- classes and functions

    def read_classes(self) -> None:
        """Decorators of classes and members, fields with their types, and what they start with."""
        for owner, node, outer in self.file.classes:
            for part in {n.id: n for n in (outer, node)}.values():
                for decorator in part.named_children:
                    if decorator.type == "decorator":
                        self._read_decorator(decorator, owner, "class", "")
            body = node.child_by_field_name("body")
            above: list[Node] = []
            for member in body.named_children if body is not None else ():
                kind = member.type
                if kind == "decorator":
                    above.append(member)
                elif kind == "public_field_definition":
                    self._read_field(owner, member)
                    above = []
                elif kind != "comment":
                    name = text_of(member.child_by_field_name("name")).strip("'\"#")
                    for decorator in above:
                        self._read_decorator(decorator, f"{owner}.{name}" if name else owner, "method", "")
                    above = []

    def _read_field(self, owner: str, member: Node) -> None:
        name = text_of(member.child_by_field_name("name")).strip("'\"#")
        qualified = f"{owner}.{name}"
        for decorator in member.named_children:
            if decorator.type == "decorator":
                known = self.file.symbols.get(qualified)
                if known is not None and ("kind", "method") in known.attrs:  # an arrow function held by the class
                    self._read_decorator(decorator, qualified, "method", "")
                else:
                    self._read_decorator(decorator, owner, "property", name)
        value_node = member.child_by_field_name("value")
        value: Expr = self.expressions.read(value_node) if value_node is not None else ["?"]
        self._note_target(value_node, name)
        text = "" if is_unknown(value) or tag_of(value) == "fn" else encode_expr(value)
        typed = find_type(member, "type", _TYPE_LIMIT)
        if typed:
            self._add("field", name, member, text, owner, ("type", typed))
        if text:
            self._add("binding", name, member, text, owner)

    def _read_decorator(self, decorator: Node, symbol: str, on: str, target: str) -> None:
        call = inner_of(decorator)
        arguments: list[Expr] = []
        name = decorator_name(decorator)
        if call is not None and call.type == "call_expression":
            self.context.told.add(call.id)
            arguments = self.expressions.read_arguments(call)
            note_arguments(call, name, self.context)
        attrs = (("on", on), ("target", target)) if target else (("on", on),)
        self._add("decorator", name, decorator, encode_arguments(arguments, {}), symbol, *attrs)

    def read_functions(self) -> None:
        """Parameters and returns of every definition that is a function."""
        for qualified, function in self.file.functions:
            names = self.params.setdefault(qualified, set())
            single = function.child_by_field_name("parameter")
            if single is not None:
                names.add(text_of(single))
            parameters = function.child_by_field_name("parameters")
            index = 0
            for part in parameters.named_children if parameters is not None else ():
                if part.type in ("required_parameter", "optional_parameter"):
                    index += self._read_param(qualified, part, index, names)
            for node, value in self.expressions.read_returns(function, limit=60):
                if value is not None and tag_of(value) != "jsx":
                    self._add("return", "", node, encode_expr(value), qualified)

    def _read_param(self, qualified: str, part: Node, index: int, names: set[str]) -> int:
        """Reads one parameter; how many places it takes."""
        pattern = part.child_by_field_name("pattern")
        if pattern is None or pattern.type == "this":
            return 0
        name = spell_pattern(pattern)
        names.add(name)
        is_property = False
        for child in part.children:
            if child.type == "decorator":
                self._read_decorator(child, qualified, "parameter", name)
            elif child.type in ("accessibility_modifier", "readonly"):
                is_property = True
        typed = find_type(part, "type", _TYPE_LIMIT)
        default = part.child_by_field_name("value")
        value: Expr = self.expressions.read(default) if default is not None else ["?"]
        if typed or default is not None:
            attrs = [("type", typed)] if typed else []
            attrs.append(("index", str(index)))
            if is_property:
                attrs.append(("property", "yes"))
            self._add("param", name, part, "" if is_unknown(value) else encode_expr(value), qualified, *attrs)
        if pattern.type == "object_pattern":
            self._read_defaults(pattern, qualified)
        return 1

    def _read_defaults(self, pattern: Node, qualified: str) -> None:
        """``({ agent = DEFAULT_AGENT })``: the names of a destructured parameter that have a default."""
        for part in pattern.named_children:
            if part.type == "object_assignment_pattern":
                left, right = part.child_by_field_name("left"), part.child_by_field_name("right")
                if left is not None and right is not None:
                    default = self.expressions.read(right)
                    if not is_unknown(default):
                        value = encode_expr(["any", ["?"], default])
                        self._add("binding", text_of(left), part, value, qualified)

    def read_enums(self) -> None:
        for node in self.file.captures.get("enum", ()):
            symbol = text_of(node.child_by_field_name("name"))
            body = node.child_by_field_name("body")
            for member in body.named_children if body is not None and symbol in self.file.symbols else ():
                if member.type == "enum_assignment":
                    value = member.child_by_field_name("value")
                    text = encode_expr(self.expressions.read(value)) if value is not None else ""
                    name = text_of(member.child_by_field_name("name")).strip("'\"")
                    self._add("field", name, member, text, symbol, ("member", "yes"))
                elif member.type != "comment":
                    self._add("field", text_of(member).strip("'\""), member, "", symbol, ("member", "yes"))

    def read_interfaces(self) -> None:
        """The properties of exported interfaces, whose types say what a value of them holds."""
        for node in self.file.captures.get("interface", ()):
            symbol = text_of(node.child_by_field_name("name"))
            known = self.file.symbols.get(symbol)
            body = node.child_by_field_name("body")
            if known is None or body is None or ("exported", "yes") not in known.attrs:
                continue
            members = [part for part in body.named_children if part.type == "property_signature"]
            for member in members[:_MEMBER_LIMIT]:
                typed = find_type(member, "type", _MEMBER_TYPE_LIMIT)
                if typed:
                    name = text_of(member.child_by_field_name("name")).strip("'\"")
                    self._add("field", name, member, "", symbol, ("type", typed))

    # ------------------------------------------------------------------------------------- bindings

    def read_variables(self) -> None:
        if self.file.default is not None:
            self._bind("default", self.file.default, self.file.default, "", True)
        for declarator in self.file.captures.get("declarator", ()):
            value_node = declarator.child_by_field_name("value")
            name_node = declarator.child_by_field_name("name")
            if value_node is None or name_node is None:
                continue
            name = spell_pattern(name_node)
            self._note_target(value_node, name)
            top = next((part.start_byte for part in find_pattern_names(name_node)), 0) in self.file.named
            symbol = "" if top else self.file.find_around(declarator)
            if not top and not symbol and self.file.is_test:
                continue  # a variable of one test case, not of the module
            if name_node.type == "identifier":
                self._bind(name, declarator, value_node, symbol, top)
            elif name_node.type == "object_pattern":
                self._bind_parts(name_node, declarator, value_node, symbol)
            elif (
                name_node.type == "array_pattern"
                and b"useState" in self.file.data[value_node.start_byte : value_node.start_byte + 15]
            ):
                setter = name_node.named_children[-1] if name_node.named_children else name_node
                if setter.type == "identifier":
                    self.context.setters.add(text_of(setter))

    def _bind(self, name: str, node: Node, value_node: Node, symbol: str, top: bool) -> None:
        if value_node.type in FUNCTION_VALUES and top:
            return  # a definition with parameters and returns of its own
        value = self.expressions.read(value_node)
        tag = tag_of(value)
        if tag in ("?", "jsx") or (tag == "fn" and (top or len(value) == 1)):
            return
        if tag == "name" and value[1] in self.params.get(symbol, ()):
            return
        typed = find_type(node, "type", _TYPE_LIMIT)
        self._add("binding", name, node, encode_expr(value), symbol, *((("type", typed),) if typed else ()))

    def _bind_parts(self, pattern: Node, node: Node, value_node: Node, symbol: str) -> None:
        """``const { url, key: secret } = this.config``: each name is bound to the chain that it stands for."""
        value = self.expressions.read(value_node)
        if tag_of(value) != "name":
            return
        # Of a parameter only what has a default of its own: a plain copy says nothing.
        given = value[1] in self.params.get(symbol, ())
        for part in pattern.named_children:
            if given and part.type != "object_assignment_pattern":
                continue
            key = local = part
            if part.type == "pair_pattern":
                key = part.child_by_field_name("key") or part
                local = part.child_by_field_name("value") or part
            elif part.type == "object_assignment_pattern":
                key = local = part.child_by_field_name("left") or part
            if local.type not in ("identifier", "shorthand_property_identifier_pattern"):
                continue
            held: Expr = ["name", f"{value[1]}.{text_of(key)}"]
            if value[1] in ENVIRONMENTS:
                held = ["env", text_of(key)]
            default = part.child_by_field_name("right")
            if default is not None:
                held = ["any", held, self.expressions.read(default)]
            self._add("binding", text_of(local), node, encode_expr(held), symbol)

    def read_assignments(self) -> None:
        for node in self.file.captures.get("assignment", ()):
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is None or right is None:
                continue
            attrs: tuple[tuple[str, str], ...] = ()
            if left.type == "subscript_expression":
                owner, index = left.child_by_field_name("object"), left.child_by_field_name("index")
                name = self.expressions.read_callee(owner) if owner is not None else "?"
                key = self.expressions.read(index) if index is not None else "?"
                attrs = (("item", key if isinstance(key, str) else shorten(text_of(index), 80)),)
            elif left.type in ("identifier", "member_expression"):
                name = self.expressions.read_callee(left)
            else:
                continue
            self._note_target(right, name)
            symbol = self.file.find_around(node)
            value = self.expressions.read(right)
            tag = tag_of(value)
            if tag in ("?", "jsx") or (tag == "fn" and len(value) == 1) or "?" in name or "()" in name:
                continue
            if not symbol and self.file.is_test:
                continue
            if tag == "name" and not name.startswith("this.") and value[1] in self.params.get(symbol, ()):
                continue
            self._add("binding", name, node, encode_expr(value), symbol, *attrs)

    def _note_target(self, value: Node | None, name: str) -> None:
        inner = _skip_wrappers(value)
        if inner is not None and inner.type in _CALLS:
            self.context.targets[inner.id] = name

    # ------------------------------------------------------------------------------ errors, elements

    def read_throws(self) -> None:
        for node in self.file.captures.get("throw", ()):
            thrown = _skip_wrappers(inner_of(node))
            if thrown is None or thrown.type not in _CALLS:
                continue
            value = self.expressions.read(thrown)
            if tag_of(value) == "call":
                self.context.told.add(thrown.id)
                self._add("raise", value[1], node, encode_arguments(value[2], {}), self.file.find_around(node))

    def read_catches(self) -> None:
        nodes = self.file.captures.get("catch", ())
        if not nodes:
            return
        throws = [node.start_byte for node in self.file.captures.get("throw", ())]
        returns = [node.start_byte for node in self.file.captures.get("return", ())]
        for node in nodes:
            start, end = node.start_byte, node.end_byte
            body = node.child_by_field_name("body")
            if any(start < position < end for position in throws):
                does = "raise"
            elif any(start < position < end for position in returns):
                does = "return"
            elif _LOG_CALL.search(self.file.data, start, end):
                does = "log"
            elif body is None or all(child.type == "comment" for child in body.named_children):
                does = "pass"
            else:
                does = "other"
            self._add("except", "", node, "", self.file.find_around(node), ("does", does))

    def read_elements(self) -> None:
        for node in self.file.captures.get("element", ()):
            name_node = node.child_by_field_name("name")
            if name_node is None:
                continue
            name = self.file.read(name_node)
            if name[:1].islower() and "." not in name and name not in _LINK_TAGS:
                continue
            attributes, spread = self.expressions.read_attributes(node)
            if name in _LINK_TAGS:
                attributes = {key: value for key, value in attributes.items() if key in _LINKS}
                if not attributes:
                    continue
            value = encode_arguments([], attributes)
            self._add("jsx", name, node, value, self.file.find_around(node), *((("spread", "yes"),) if spread else ()))
