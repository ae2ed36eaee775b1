"""What a TypeScript file takes from other modules and hands on to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbgen.extractors.typescript_file import TypeScriptFile
from kbgen.extractors.typescript_nodes import arguments_of, callee_of, find_source, names_of, string_of, text_of, unwrap

if TYPE_CHECKING:
    from tree_sitter import Node


def read_import(file: TypeScriptFile, node: Node) -> None:
    file.silent.append((node.start_byte, node.end_byte))
    source = find_source(node)
    if source is None:
        return
    typed = any(child.type == "type" for child in node.children)
    clauses = [child for child in node.named_children if child.type in ("import_clause", "import_require_clause")]
    if not clauses:
        file.add("import", "", file.find_line(node.start_byte), source)
    for clause in clauses:
        for part in clause.named_children:
            if part.type == "identifier":
                name = "*" if clause.type == "import_require_clause" else "default"
                _add_import(file, part, name, text_of(part), source, typed)
            elif part.type == "namespace_import":
                _add_import(file, part, "*", text_of(part.named_children[-1]), source, typed)
            elif part.type == "named_imports":
                for item in part.named_children:
                    if item.type == "import_specifier":
                        own, local = names_of(item)
                        type_only = typed or any(child.type == "type" for child in item.children)
                        _add_import(file, item, own, local, source, type_only)


def _add_import(file: TypeScriptFile, node: Node, name: str, local: str, module: str, typed: bool) -> None:
    attrs = [("alias", local)] if local != name else []
    if typed:
        attrs.append(("type_only", "yes"))
    file.imported[local] = (name, module)
    file.add("import", name, file.find_line(node.start_byte), module, file.find_around(node), tuple(attrs))


def read_require(file: TypeScriptFile, name: Node, value: Node) -> bool:
    """``const x = require('y')`` and its destructuring form are imports."""
    call = unwrap(value)
    if call is None or call.type != "call_expression" or text_of(callee_of(call)) != "require":
        return False
    module = string_of(next(iter(arguments_of(call)), None))
    if module is None:
        return False
    file.silent.append((name.start_byte, name.end_byte))
    if name.type == "identifier":
        _add_import(file, name, "*", text_of(name), module, False)
    elif name.type == "object_pattern":
        for part in name.named_children:
            if part.type == "shorthand_property_identifier_pattern":
                _add_import(file, part, text_of(part), text_of(part), module, False)
            elif part.type == "pair_pattern":
                key, local = part.child_by_field_name("key"), part.child_by_field_name("value")
                _add_import(file, part, text_of(key), text_of(local), module, False)
    return True


def read_dynamic_imports(file: TypeScriptFile) -> None:
    for node in file.captures.get("dynamic", ()):
        module = string_of(next(iter(arguments_of(node)), None))
        if module is not None:
            line = file.find_line(node.start_byte)
            file.add("import", "*", line, module, file.find_around(node), (("dynamic", "yes"),))


def read_reexport(file: TypeScriptFile, node: Node, source: str) -> None:
    """``export … from 'source'``."""
    file.silent.append((node.start_byte, node.end_byte))
    line = file.find_line(node.start_byte)
    typed = [("type_only", "yes")] if any(child.type == "type" for child in node.children) else []
    clause = next((child for child in node.named_children if child.type == "export_clause"), None)
    if clause is None:
        spread = next((child for child in node.named_children if child.type == "namespace_export"), None)
        alias = [("alias", text_of(spread.named_children[-1]))] if spread is not None else []
        file.add("import", "*", line, source, "", (*alias, ("reexport", "yes"), *typed))
        return
    for item in clause.named_children:
        if item.type == "export_specifier":
            own, shown = names_of(item)
            alias = [("alias", shown)] if shown != own else []
            where = file.find_line(item.start_byte)
            file.add("import", own, where, source, "", (*alias, ("reexport", "yes"), *typed))


def read_export_clause(file: TypeScriptFile, clause: Node, line: int) -> None:
    """``export { a, b as c }``."""
    file.silent.append((clause.start_byte, clause.end_byte))
    for item in clause.named_children:
        if item.type == "export_specifier":
            own, shown = names_of(item)
            if own in file.imported:  # import first, export later: a re-export in two steps
                there, module = file.imported[own]
                alias = [("alias", shown)] if shown != there else []
                file.add("import", there, line, module, "", (*alias, ("reexport", "yes")))
            add_export(file, own, shown)


def add_export(file: TypeScriptFile, local: str, shown: str) -> None:
    attrs = file.exports.setdefault(local, [("exported", "yes")])
    if shown == "default":
        attrs.append(("default", "yes"))
    elif shown != local:
        attrs.append(("exported_as", shown))


def read_module_exports(file: TypeScriptFile, node: Node) -> None:
    """CommonJS: ``module.exports = { a, b }``, ``module.exports = a``, ``exports.a = …``."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    target = text_of(left)
    if right is None or not (target == "module.exports" or target.startswith(("exports.", "module.exports."))):
        return
    if right.type == "identifier":
        add_export(file, text_of(right), "default" if target == "module.exports" else target.rpartition(".")[2])
    elif right.type == "object":
        for part in right.named_children:
            if part.type == "shorthand_property_identifier":
                file.silent.append((part.start_byte, part.end_byte))
                add_export(file, text_of(part), text_of(part))
