"""What can still be said of a Python file that `ast` refuses: definitions, imports, tests, names.

tree-sitter reads around errors, so one broken line does not hide the rest of the file.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kbgen.extractors.base import References, Scopes, hash_text, is_setting_name, shorten, sort_facts
from kbgen.model import Fact, FileFacts, SkippedFile, SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node, Parser


@cache
def _get_parser() -> Parser:
    import tree_sitter_python
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_python.language()))


def extract(source: SourceFile, note: SkippedFile) -> FileFacts:
    """The facts that survive, with `note` telling why they may not be all."""
    data = source.text.encode("utf-8", "replace")
    facts: list[Fact] = []
    spans: list[tuple[int, int, str]] = []
    names: list[Node] = []
    imports: list[Node] = []
    definitions: set[int] = set()
    # (node, qualified name of the class around it, inside a function)
    stack: list[tuple[Node, str, bool]] = [(_get_parser().parse(data).root_node, "", False)]
    while stack:
        node, parent, inside = stack.pop()
        kind = node.type
        if kind in ("comment", "string"):
            continue
        if kind == "identifier":
            names.append(node)
        elif kind in ("import_statement", "import_from_statement"):
            imports.append(node)
            continue
        elif kind in ("function_definition", "class_definition"):
            name = node.child_by_field_name("name")
            if name is not None:
                definitions.add(name.start_byte)
                own = _text(name)
                qualified = f"{parent}.{own}" if parent else own
                line = node.start_point.row + 1
                if not inside:
                    facts.append(_make_symbol(source.path, node, own, qualified, parent))
                    spans.append((node.start_byte, node.end_byte, qualified))
                if kind == "function_definition" and own.startswith("test_"):
                    facts.append(Fact("test_case", own, source.path, line, "", qualified, "", (("form", "def"),)))
                stack.extend(
                    (child, qualified, inside or kind == "function_definition") for child in reversed(node.children)
                )
                continue
        elif kind == "assignment" and not inside:
            left = node.child_by_field_name("left")
            right = node.child_by_field_name("right")
            if left is not None and left.type == "identifier" and is_setting_name(_text(left)) and right is not None:
                own = _text(left)
                qualified = f"{parent}.{own}" if parent else own
                attrs = [("kind", "constant"), ("exported", "yes"), ("end_line", str(node.end_point.row + 1))]
                if parent:
                    attrs.append(("parent", parent))
                value = shorten(_text(right), 200)
                digest = hash_text(_text(node), node.start_point.column)
                line = node.start_point.row + 1
                facts.append(Fact("symbol", own, source.path, line, value, qualified, digest, tuple(attrs)))
                definitions.add(left.start_byte)
        stack.extend((child, parent, inside) for child in reversed(node.children))
    scopes = Scopes(spans)
    references = References()
    for node in names:
        if node.start_byte not in definitions:
            symbol = scopes.find(node.start_byte).partition(".")[0]
            before = node.prev_sibling
            role = "member" if before is not None and before.type == "." else "name"
            references.add(symbol, role, _text(node), node.start_point.row + 1)
    for node in imports:
        facts.extend(_read_import(source.path, node, scopes.find(node.start_byte)))
    facts.extend(references.pack(source.path))
    return FileFacts(source.path, source.blob, sort_facts(facts), (note,))


def _make_symbol(path: str, node: Node, own: str, qualified: str, parent: str) -> Fact:
    if node.type == "class_definition":
        kind = "nested class" if parent else "class"
    else:
        kind = "method" if parent else "function"
    exported = "no" if any(part.startswith("_") for part in qualified.split(".")) else "yes"
    attrs = [("kind", kind), ("exported", exported), ("end_line", str(node.end_point.row + 1))]
    if parent:
        attrs.append(("parent", parent))
    digest = hash_text(_text(node), node.start_point.column)
    return Fact("symbol", own, path, node.start_point.row + 1, "", qualified, digest, tuple(attrs))


def _read_import(path: str, node: Node, symbol: str) -> list[Fact]:
    line = node.start_point.row + 1
    module_node = node.child_by_field_name("module_name")
    module = _text(module_node) if module_node is not None else ""
    facts = []
    for child in node.children_by_field_name("name"):
        name, alias = child, None
        if child.type == "aliased_import":
            name, alias = child.child_by_field_name("name") or child, child.child_by_field_name("alias")
        imported, local = _text(name), _text(alias) if alias is not None else ""
        if module:
            attrs = (("alias", local),) if local else ()
            facts.append(Fact("import", imported, path, line, module, symbol, "", attrs))
        else:
            attrs = (("alias", local or imported.partition(".")[0]),)
            facts.append(Fact("import", "*", path, line, imported, symbol, "", attrs))
    if module and any(child.type == "wildcard_import" for child in node.children):
        facts.append(Fact("import", "*", path, line, module, symbol))
    return facts


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
