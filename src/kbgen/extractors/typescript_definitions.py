"""What a TypeScript file defines: top-level names, members of classes, and what kind of thing each is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbgen.extractors.base import find_mock_word, hash_text, is_setting_name, shorten
from kbgen.extractors.remarks import says_stand_in
from kbgen.extractors.typescript_file import Attrs, Symbol, TypeScriptFile
from kbgen.extractors.typescript_imports import (
    add_export,
    read_export_clause,
    read_import,
    read_module_exports,
    read_reexport,
    read_require,
)
from kbgen.extractors.typescript_nodes import (
    CLASSES,
    FUNCTION_VALUES,
    MEMBERS,
    arguments_of,
    callee_of,
    decorator_name,
    find_bases,
    find_decorated,
    find_decorators_above,
    find_function,
    find_pattern_names,
    find_source,
    find_type,
    is_signature,
    text_of,
    unwrap,
)
from kbgen.model import Fact
from kbgen.patterns import LazyPattern

if TYPE_CHECKING:
    from tree_sitter import Node

_VALUE_LIMIT = 200
_TYPE_LIMIT = 120
_COMPONENT_MAKERS = frozenset({"memo", "forwardRef", "lazy", "dynamic", "observer", "styled"})
_FUNCTION_MAKERS = frozenset({"useCallback", "debounce", "throttle", "cache"})
_DEFINED_AS = {
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "function_signature": "function",
    "class_declaration": "class",
    "abstract_class_declaration": "class",
    "interface_declaration": "interface",
    "type_alias_declaration": "type",
    "enum_declaration": "enum",
    "internal_module": "namespace",
    "module": "namespace",
}
_HOOK = LazyPattern(r"use[A-Z0-9]")


def read_definitions(file: TypeScriptFile) -> None:
    """Definitions, imports and exports, all of which stand at the top level; `add_symbols` makes the facts."""
    for node in file.root.named_children:
        kind = node.type
        if kind == "import_statement":
            read_import(file, node)
        elif kind == "export_statement":
            _read_export(file, node)
        elif kind == "ambient_declaration":
            for child in node.named_children:
                _define(file, child, node, [])
        elif kind == "expression_statement":
            for child in node.named_children:
                if child.type == "internal_module":
                    _define(file, child, node, [])
                elif child.type == "assignment_expression":
                    read_module_exports(file, child)
        else:
            _define(file, node, node, [])


def _define(file: TypeScriptFile, node: Node, outer: Node, attrs: Attrs) -> None:
    """Symbols of one declaration; `outer` is the export statement around it, if any."""
    kind = _DEFINED_AS.get(node.type)
    if kind is not None:
        name = node.child_by_field_name("name")
        own = text_of(name) if name is not None else "default"
        if kind == "function":
            kind = _kind_of_function(file, own, node)
        if kind == "namespace":
            own = own.strip("'\"")
        _keep(file, own, "", kind, outer, name or node, list(attrs), "")
        if kind == "class":
            _define_members(file, node, own, outer)
    elif node.type in ("lexical_declaration", "variable_declaration"):
        declarators = [child for child in node.named_children if child.type == "variable_declarator"]
        for declarator in declarators:
            whole = outer if len(declarators) == 1 else declarator
            _define_variable(file, declarator, whole, attrs)


def _define_variable(file: TypeScriptFile, declarator: Node, whole: Node, attrs: Attrs) -> None:
    name, value = declarator.child_by_field_name("name"), declarator.child_by_field_name("value")
    if name is None:
        return
    if value is not None and read_require(file, name, value):
        return
    if name.type != "identifier":
        for part in find_pattern_names(name):
            _keep(file, text_of(part), "", "const", whole, part, list(attrs), "")
        return
    own = text_of(name)
    kind = _kind_of_variable(file, own, value, whole)
    text = "" if value is None or kind not in ("const", "constant") else shorten(text_of(value)[:800], _VALUE_LIMIT)
    _keep(file, own, "", kind, whole, name, list(attrs), text)
    if value is not None and value.type == "class":
        _define_members(file, value, own, whole)


def _define_members(file: TypeScriptFile, node: Node, owner: str, outer: Node) -> None:
    file.classes.append((owner, node, outer))
    body = node.child_by_field_name("body")
    for member in body.named_children if body is not None else ():
        if member.type not in MEMBERS:
            continue
        name = member.child_by_field_name("name")
        if name is None or name.type == "computed_property_name":
            continue
        own = text_of(name).strip("'\"#")
        value = member.child_by_field_name("value")
        kind, text = "method", ""
        if member.type == "public_field_definition":
            modifiers = {child.type for child in member.children}
            if value is not None and value.type in FUNCTION_VALUES:
                kind = "method"
            elif "static" in modifiers and is_setting_name(own):
                kind, text = "constant", shorten(text_of(value)[:800], _VALUE_LIMIT) if value is not None else ""
            else:
                continue
        hidden = name.type == "private_property_identifier" or any(
            child.type == "accessibility_modifier" and child.text in (b"private", b"protected")
            for child in member.children
        )
        attrs = [("exported", "no")] if hidden else []
        if member.type == "abstract_method_signature":
            attrs.append(("abstract", "yes"))
        _keep(file, own, owner, kind, member, name, attrs, text)


def _keep(
    file: TypeScriptFile, own: str, parent: str, kind: str, node: Node, name: Node, attrs: Attrs, value: str
) -> None:
    qualified = f"{parent}.{own}" if parent else own
    file.named.add(name.start_byte)
    span = (node.start_byte, node.end_byte, qualified)
    file.spans.append(span)
    if not parent:
        file.units.append(span)
    file.leading.setdefault(file.find_first_line(node), qualified)
    known = file.symbols.get(qualified)
    if known is not None:
        # Overloads and merged declarations are one symbol: the one with a body, else the first.
        if is_signature(known.node):
            file.symbols[qualified] = Symbol(own, node, name, known.attrs, value)
        return
    attrs.insert(0, ("kind", kind))
    if parent:
        attrs.append(("parent", parent))
    file.symbols[qualified] = Symbol(own, node, name, attrs, value)


def add_symbols(file: TypeScriptFile) -> None:
    """The ``symbol`` facts, once every export clause is known."""
    for qualified, (own, node, name, attrs, value) in file.symbols.items():
        parent = qualified.rpartition(".")[0]
        if not parent:
            attrs.extend(pair for pair in file.exports.get(own, ()) if pair not in attrs)
        given = dict(attrs)
        if "exported" not in given:
            outer = file.symbols.get(parent)
            # A member is as visible as its class.
            shown = outer is not None and "yes" in [v for k, v in outer.attrs if k == "exported"]
            attrs.insert(1, ("exported", "yes" if shown else "no"))
        attrs.append(("end_line", str(node.end_point.row + 1)))
        _add_nature(file, qualified, node, attrs)
        line = file.find_line(name.start_byte)
        digest = hash_text(text_of(node).replace("\r\n", "\n"), node.start_point.column)
        file.facts.append(Fact("symbol", own, file.path, line, value, qualified, digest, tuple(attrs)))
        word = find_mock_word(own) if given["kind"] not in ("type", "interface") else ""
        if word:
            file.add("mock", own, line, word, qualified, (("reason", "name"),))


def _add_nature(file: TypeScriptFile, qualified: str, node: Node, attrs: Attrs) -> None:
    """Decorators, bases, whether a body does nothing, and what a function returns."""
    decorators, holder = [], node
    for child in find_decorated(node):
        if child.type == "decorator":
            decorators.append(decorator_name(child))
        elif child.type in CLASSES:
            holder = child
    if node.type in MEMBERS:
        decorators += [decorator_name(part) for part in find_decorators_above(node)]
    if decorators:
        attrs.append(("decorators", " ".join(dict.fromkeys(decorators))))
    heritage = next((child for child in holder.named_children if child.type == "class_heritage"), None)
    if heritage is not None:
        bases = [text_of(part).split("<")[0].strip() for part in find_bases(heritage)]
        attrs.append(("bases", " ".join(base for base in bases if base and " " not in base)))
    function = find_function(node)
    if function is None:
        if node.type in ("abstract_method_signature", "method_signature", "function_signature"):
            _add_returns(node, attrs)
        return
    file.functions.append((qualified, function))
    body = function.child_by_field_name("body")
    if any(child.type == "async" for child in function.children):
        attrs.append(("async", "yes"))
    if body is not None and body.type == "statement_block":
        statements = [child for child in body.named_children if child.type != "comment"]
        if not statements and _is_named_function(node):
            attrs.append(("stub", "empty"))
        elif len(statements) == 1 and statements[0].type == "throw_statement" and says_stand_in(text_of(statements[0])):
            attrs.append(("stub", "not-implemented"))
    _add_returns(function, attrs)


def _add_returns(function: Node, attrs: Attrs) -> None:
    returns = find_type(function, "return_type", _TYPE_LIMIT)
    if returns:
        attrs.append(("returns", returns))


def _is_named_function(node: Node) -> bool:
    """Empty constructors and setters are ordinary; empty named functions are not."""
    return text_of(node.child_by_field_name("name")) != "constructor"


def _kind_of_function(file: TypeScriptFile, own: str, node: Node) -> str:
    if _HOOK.match(own):
        return "hook"
    if own[:1].isupper() and file.holds_jsx(node):
        return "component"
    return "function"


def _kind_of_variable(file: TypeScriptFile, own: str, value: Node | None, whole: Node) -> str:
    value = unwrap(value)
    if value is None:
        return "const"
    is_function = value.type in FUNCTION_VALUES
    made_by = text_of(callee_of(value)).rpartition(".")[2] if value.type == "call_expression" else ""
    if _HOOK.match(own) and (is_function or made_by):
        return "hook"
    if own[:1].isupper() and not is_setting_name(own):
        if (is_function and file.holds_jsx(whole)) or made_by in _COMPONENT_MAKERS:
            return "component"
        if made_by and file.holds_jsx(whole):
            return "component"
    if is_function or made_by in _FUNCTION_MAKERS:
        return "function"
    if value.type == "class":
        return "class"
    return "constant" if is_setting_name(own) and len(own) > 1 else "const"


def _read_export(file: TypeScriptFile, node: Node) -> None:
    source = find_source(node)
    if source is not None:
        read_reexport(file, node, source)
        return
    default = [("default", "yes")] if any(child.type == "default" for child in node.children) else []
    for child in node.named_children:
        if child.type == "export_clause":
            read_export_clause(file, child, file.find_line(node.start_byte))
    declaration = node.child_by_field_name("declaration")
    if declaration is not None:
        _define(file, declaration, node, [("exported", "yes"), *default])
        return
    value = node.child_by_field_name("value")
    if value is None:
        return
    value = unwrap(value) or value
    if value.type == "identifier":
        file.silent.append((value.start_byte, value.end_byte))
        add_export(file, text_of(value), "default")
    elif value.type in FUNCTION_VALUES or value.type in ("class", "object", "call_expression"):
        if value.type == "call_expression":
            # `export default memo(Panel)`: the wrapped definition is what others get.
            for argument in arguments_of(value):
                if argument.type == "identifier":
                    add_export(file, text_of(argument), "default")
        name = value.child_by_field_name("name")
        kind = "class" if value.type == "class" else "function" if value.type in FUNCTION_VALUES else "const"
        if kind == "function" and file.holds_jsx(value):
            kind = "component"
        attrs = [("exported", "yes"), *default]
        own = text_of(name) if name is not None else "default"
        _keep(file, own, "", kind, node, name or node, attrs, "")
        if kind == "class":
            _define_members(file, value, own, node)
        elif kind == "const":
            file.default = value
