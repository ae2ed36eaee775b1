"""Facts of one TypeScript, TSX or JavaScript file, read with tree-sitter.

Definitions come from the top-level nodes, everything below them from one query (`typescript.scm`,
`jsx.scm`) whose matches are visited once. JavaScript is read with the TSX grammar, which contains it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from kbgen.extractors.base import (
    FactCollector,
    References,
    Scopes,
    find_mock_word,
    hash_text,
    is_setting_name,
    names_something,
    shorten,
    sort_facts,
)
from kbgen.extractors.remarks import CommentLine, Remark, clean_block, join_lines, make_facts, says_stand_in
from kbgen.model import Fact, FileFacts, SkippedFile, SourceFile
from kbgen.patterns import LazyPattern

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Query

SUFFIXES: tuple[str, ...] = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
VERSION = "typescript-2"

_VALUE_LIMIT = 200
_TYPED_SUFFIXES = (".ts", ".mts", ".cts")
"""The only files where ``<T>x`` is a cast and not an element."""


@cache
def _load_grammar(jsx: bool) -> tuple[Parser, Query]:
    from importlib.resources import files

    import tree_sitter_typescript
    from tree_sitter import Language, Parser, Query

    pointer = tree_sitter_typescript.language_tsx() if jsx else tree_sitter_typescript.language_typescript()
    language = Language(pointer)
    folder = files("kbgen.extractors")
    text = folder.joinpath("typescript.scm").read_text("utf-8")
    if jsx:
        text += folder.joinpath("jsx.scm").read_text("utf-8")
    return Parser(language), Query(language, text)


def extract(source: SourceFile) -> FileFacts:
    from tree_sitter import QueryCursor

    parser, query = _load_grammar(not source.path.lower().endswith(_TYPED_SUFFIXES))
    data = source.text.removeprefix("\ufeff").encode("utf-8", "replace")
    root = parser.parse(data).root_node
    reader = _Reader(source.path, data, root, QueryCursor(query).captures(root))
    skipped: tuple[SkippedFile, ...] = ()
    if root.has_error:
        skipped = (SkippedFile(source.path, f"line {_find_error(root)} could not be parsed; the rest was read"),)
    return FileFacts(source.path, source.blob, reader.read(), skipped)


def _find_error(root: Node) -> int:
    node = root
    while True:
        inner = next((child for child in node.children if child.has_error), None)
        if inner is None or node.is_error:
            return node.start_point.row + 1
        node = inner


_Attrs = list[tuple[str, str]]

_FUNCTION_VALUES = frozenset({"arrow_function", "function_expression", "generator_function"})
_COMPONENT_MAKERS = frozenset({"memo", "forwardRef", "lazy", "dynamic", "observer", "styled"})
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
_MEMBERS = frozenset({"method_definition", "abstract_method_signature", "method_signature", "public_field_definition"})
_HOOK = LazyPattern(r"use[A-Z0-9]")


class _Reader(FactCollector):
    def __init__(self, path: str, data: bytes, root: Node, captures: Mapping[str, Sequence[Node]]) -> None:
        super().__init__(path)
        self.data = data
        self.root = root
        self.captures = captures
        self.line_starts = [0, *(match.end() for match in re.finditer(rb"\r\n|\r|\n", data))]
        self.symbols: dict[str, tuple[str, Node, Node, _Attrs, str]] = {}
        """Qualified name -> (own name, node, name node, attributes, value)."""
        self.exports: dict[str, _Attrs] = {}
        """Local name -> how an export clause elsewhere in the file exports it."""
        self.spans: list[tuple[int, int, str]] = []
        self.units: list[tuple[int, int, str]] = []
        """Spans of top-level definitions, for references."""
        self.leading: dict[int, str] = {}
        self.silent: list[tuple[int, int]] = []
        """Byte spans (imports, export clauses) whose names are no uses."""
        self.named: set[int] = set()
        """Where definitions spell their own names."""
        self.imported: dict[str, tuple[str, str]] = {}
        """Local name -> (name there, module)."""
        self.scopes = Scopes(())
        self.jsx = sorted(node.start_byte for node in captures.get("jsx", ()))

    def read(self) -> tuple[Fact, ...]:
        for node in self.root.named_children:
            self._read_top(node)
        self._finish_symbols()
        self.scopes = Scopes(self.spans)
        self._read_names()
        self._read_strings()
        self._read_dynamic_imports()
        self._read_throws()
        self._read_decorators()
        self._read_comments()
        if self.data.startswith(b"#!"):
            self._add("entry", "shebang", 1)
        return sort_facts(self.facts)

    # -------------------------------------------------------------------------------- definitions

    def _read_top(self, node: Node) -> None:
        kind = node.type
        if kind == "import_statement":
            self._read_import(node)
        elif kind == "export_statement":
            self._read_export(node)
        elif kind == "ambient_declaration":
            for child in node.named_children:
                self._define(child, node, [])
        elif kind == "expression_statement":
            for child in node.named_children:
                if child.type == "internal_module":
                    self._define(child, node, [])
                elif child.type == "assignment_expression":
                    self._read_module_exports(child)
        else:
            self._define(node, node, [])

    def _define(self, node: Node, outer: Node, attrs: _Attrs) -> None:
        """Symbols of one declaration; `outer` is the export statement around it, if any."""
        kind = _DEFINED_AS.get(node.type)
        if kind is not None:
            name = node.child_by_field_name("name")
            own = _text(name) if name is not None else "default"
            if kind == "function":
                kind = self._kind_of_function(own, node)
            if kind == "namespace":
                own = own.strip("'\"")
            self._keep(own, "", kind, outer, name or node, list(attrs), "")
            if kind == "class":
                self._define_members(node, own)
        elif node.type in ("lexical_declaration", "variable_declaration"):
            declarators = [child for child in node.named_children if child.type == "variable_declarator"]
            for declarator in declarators:
                whole = outer if len(declarators) == 1 else declarator
                self._define_variable(declarator, whole, attrs)

    def _define_variable(self, declarator: Node, whole: Node, attrs: _Attrs) -> None:
        name, value = declarator.child_by_field_name("name"), declarator.child_by_field_name("value")
        if name is None:
            return
        if value is not None and self._read_require(name, value):
            return
        if name.type != "identifier":
            for part in _find_pattern_names(name):
                self._keep(_text(part), "", "const", whole, part, list(attrs), "")
            return
        own = _text(name)
        kind = self._kind_of_variable(own, value, whole)
        text = "" if value is None or kind not in ("const", "constant") else shorten(_text(value)[:800], _VALUE_LIMIT)
        self._keep(own, "", kind, whole, name, list(attrs), text)
        if value is not None and value.type == "class":
            self._define_members(value, own)

    def _define_members(self, node: Node, owner: str) -> None:
        body = node.child_by_field_name("body")
        for member in body.named_children if body is not None else ():
            if member.type not in _MEMBERS:
                continue
            name = member.child_by_field_name("name")
            if name is None or name.type == "computed_property_name":
                continue
            own = _text(name).strip("'\"#")
            value = member.child_by_field_name("value")
            kind, text = "method", ""
            if member.type == "public_field_definition":
                modifiers = {child.type for child in member.children}
                if value is not None and value.type in _FUNCTION_VALUES:
                    kind = "method"
                elif "static" in modifiers and is_setting_name(own):
                    kind, text = "constant", shorten(_text(value)[:800], _VALUE_LIMIT) if value is not None else ""
                else:
                    continue
            hidden = name.type == "private_property_identifier" or any(
                child.type == "accessibility_modifier" and child.text in (b"private", b"protected")
                for child in member.children
            )
            attrs = [("exported", "no")] if hidden else []
            if member.type == "abstract_method_signature":
                attrs.append(("abstract", "yes"))
            self._keep(own, owner, kind, member, name, attrs, text)

    def _keep(self, own: str, parent: str, kind: str, node: Node, name: Node, attrs: _Attrs, value: str) -> None:
        qualified = f"{parent}.{own}" if parent else own
        self.named.add(name.start_byte)
        span = (node.start_byte, node.end_byte, qualified)
        self.spans.append(span)
        if not parent:
            self.units.append(span)
        self.leading.setdefault(self._first_line(node), qualified)
        known = self.symbols.get(qualified)
        if known is not None:
            # Overloads and merged declarations are one symbol: the one with a body, else the first.
            if _is_signature(known[1]):
                self.symbols[qualified] = (own, node, name, known[3], value)
            return
        attrs.insert(0, ("kind", kind))
        if parent:
            attrs.append(("parent", parent))
        self.symbols[qualified] = (own, node, name, attrs, value)

    def _finish_symbols(self) -> None:
        for qualified, (own, node, name, attrs, value) in self.symbols.items():
            parent = qualified.rpartition(".")[0]
            if not parent:
                attrs.extend(pair for pair in self.exports.get(own, ()) if pair not in attrs)
            given = dict(attrs)
            if "exported" not in given:
                outer = self.symbols.get(parent)
                # A member is as visible as its class.
                shown = outer is not None and "yes" in [v for k, v in outer[3] if k == "exported"]
                attrs.insert(1, ("exported", "yes" if shown else "no"))
            attrs.append(("end_line", str(node.end_point.row + 1)))
            self._add_nature(node, attrs)
            line = self._line(name.start_byte)
            digest = hash_text(_text(node).replace("\r\n", "\n"), node.start_point.column)
            self.facts.append(Fact("symbol", own, self.path, line, value, qualified, digest, tuple(attrs)))
            word = find_mock_word(own) if given["kind"] not in ("type", "interface") else ""
            if word:
                self._add("mock", own, line, word, qualified, (("reason", "name"),))

    def _add_nature(self, node: Node, attrs: _Attrs) -> None:
        """Decorators, bases, and whether a body does nothing."""
        decorators, holder = [], node
        for child in _find_decorated(node):
            if child.type == "decorator":
                decorators.append(_decorator_name(child))
            elif child.type in ("class_declaration", "abstract_class_declaration"):
                holder = child
        if node.type in _MEMBERS:
            decorators += [_decorator_name(part) for part in _find_decorators_above(node)]
        if decorators:
            attrs.append(("decorators", " ".join(dict.fromkeys(decorators))))
        heritage = next((child for child in holder.named_children if child.type == "class_heritage"), None)
        if heritage is not None:
            bases = [_text(part).split("<")[0].strip() for part in _find_bases(heritage)]
            attrs.append(("bases", " ".join(base for base in bases if base and " " not in base)))
        function = _find_function(node)
        body = function.child_by_field_name("body") if function is not None else None
        if function is not None and any(child.type == "async" for child in function.children):
            attrs.append(("async", "yes"))
        if body is not None and body.type == "statement_block":
            statements = [child for child in body.named_children if child.type != "comment"]
            if not statements and _is_named_function(node):
                attrs.append(("stub", "empty"))
            elif (
                len(statements) == 1 and statements[0].type == "throw_statement" and says_stand_in(_text(statements[0]))
            ):
                attrs.append(("stub", "not-implemented"))

    def _kind_of_function(self, own: str, node: Node) -> str:
        if _HOOK.match(own):
            return "hook"
        if own[:1].isupper() and self._holds_jsx(node):
            return "component"
        return "function"

    def _kind_of_variable(self, own: str, value: Node | None, whole: Node) -> str:
        value = _unwrap(value)
        if value is None:
            return "const"
        is_function = value.type in _FUNCTION_VALUES
        made_by = _text(_callee(value)).rpartition(".")[2] if value.type == "call_expression" else ""
        if _HOOK.match(own) and (is_function or made_by):
            return "hook"
        if own[:1].isupper() and not is_setting_name(own):
            if (is_function and self._holds_jsx(whole)) or made_by in _COMPONENT_MAKERS:
                return "component"
            if made_by and self._holds_jsx(whole):
                return "component"
        if is_function or made_by in ("useCallback", "debounce", "throttle", "cache"):
            return "function"
        if value.type == "class":
            return "class"
        return "constant" if is_setting_name(own) and len(own) > 1 else "const"

    def _holds_jsx(self, node: Node) -> bool:
        index = bisect_right(self.jsx, node.start_byte)
        return index < len(self.jsx) and self.jsx[index] < node.end_byte

    # --------------------------------------------------------------------------- imports, exports

    def _read_import(self, node: Node) -> None:
        self.silent.append((node.start_byte, node.end_byte))
        source = _find_source(node)
        if source is None:
            return
        typed = any(child.type == "type" for child in node.children)
        clauses = [child for child in node.named_children if child.type in ("import_clause", "import_require_clause")]
        if not clauses:
            self._add("import", "", self._line(node.start_byte), source)
        for clause in clauses:
            for part in clause.named_children:
                if part.type == "identifier":
                    name = "*" if clause.type == "import_require_clause" else "default"
                    self._import(part, name, _text(part), source, typed)
                elif part.type == "namespace_import":
                    self._import(part, "*", _text(part.named_children[-1]), source, typed)
                elif part.type == "named_imports":
                    for item in part.named_children:
                        if item.type == "import_specifier":
                            own, local = _names_of(item)
                            type_only = typed or any(child.type == "type" for child in item.children)
                            self._import(item, own, local, source, type_only)

    def _import(self, node: Node, name: str, local: str, module: str, typed: bool, *extra: tuple[str, str]) -> None:
        attrs = [("alias", local)] if local != name else []
        if typed:
            attrs.append(("type_only", "yes"))
        self.imported[local] = (name, module)
        symbol = self.scopes.find(node.start_byte)
        self._add("import", name, self._line(node.start_byte), module, symbol, (*attrs, *extra))

    def _read_export(self, node: Node) -> None:
        source = _find_source(node)
        line = self._line(node.start_byte)
        if source is not None:
            self.silent.append((node.start_byte, node.end_byte))
            self._read_reexport(node, source)
            return
        default = [("default", "yes")] if any(child.type == "default" for child in node.children) else []
        for child in node.named_children:
            if child.type == "export_clause":
                self.silent.append((child.start_byte, child.end_byte))
                for item in child.named_children:
                    if item.type == "export_specifier":
                        own, shown = _names_of(item)
                        if own in self.imported:  # import first, export later: a re-export in two steps
                            there, module = self.imported[own]
                            alias = [("alias", shown)] if shown != there else []
                            self._add("import", there, line, module, "", (*alias, ("reexport", "yes")))
                        self._export(own, shown)
        declaration = node.child_by_field_name("declaration")
        if declaration is not None:
            self._define(declaration, node, [("exported", "yes"), *default])
            return
        value = node.child_by_field_name("value")
        if value is None:
            return
        value = _unwrap(value) or value
        if value.type == "identifier":
            self.silent.append((value.start_byte, value.end_byte))
            self._export(_text(value), "default")
        elif value.type in _FUNCTION_VALUES or value.type in ("class", "object", "call_expression"):
            if value.type == "call_expression":
                # `export default memo(Panel)`: the wrapped definition is what others get.
                for argument in _arguments(value):
                    if argument.type == "identifier":
                        self._export(_text(argument), "default")
            name = value.child_by_field_name("name")
            kind = "class" if value.type == "class" else "function" if value.type in _FUNCTION_VALUES else "const"
            if kind == "function" and self._holds_jsx(value):
                kind = "component"
            attrs = [("exported", "yes"), *default]
            self._keep(_text(name) if name is not None else "default", "", kind, node, name or node, attrs, "")
            if kind == "class":
                self._define_members(value, _text(name) if name is not None else "default")

    def _read_reexport(self, node: Node, source: str) -> None:
        line = self._line(node.start_byte)
        typed = [("type_only", "yes")] if any(child.type == "type" for child in node.children) else []
        clause = next((child for child in node.named_children if child.type == "export_clause"), None)
        if clause is None:
            spread = next((child for child in node.named_children if child.type == "namespace_export"), None)
            alias = [("alias", _text(spread.named_children[-1]))] if spread is not None else []
            self._add("import", "*", line, source, "", (*alias, ("reexport", "yes"), *typed))
            return
        for item in clause.named_children:
            if item.type == "export_specifier":
                own, shown = _names_of(item)
                alias = [("alias", shown)] if shown != own else []
                where = self._line(item.start_byte)
                self._add("import", own, where, source, "", (*alias, ("reexport", "yes"), *typed))

    def _export(self, local: str, shown: str) -> None:
        attrs = self.exports.setdefault(local, [("exported", "yes")])
        if shown == "default":
            attrs.append(("default", "yes"))
        elif shown != local:
            attrs.append(("exported_as", shown))

    def _read_module_exports(self, node: Node) -> None:
        """CommonJS: ``module.exports = { a, b }``, ``module.exports = a``, ``exports.a = …``."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        target = _text(left)
        if right is None or not (target == "module.exports" or target.startswith(("exports.", "module.exports."))):
            return
        if right.type == "identifier":
            self._export(_text(right), "default" if target == "module.exports" else target.rpartition(".")[2])
        elif right.type == "object":
            for part in right.named_children:
                if part.type == "shorthand_property_identifier":
                    self.silent.append((part.start_byte, part.end_byte))
                    self._export(_text(part), _text(part))

    def _read_require(self, name: Node, value: Node) -> bool:
        """``const x = require('y')`` and its destructuring form are imports."""
        call = _unwrap(value)
        if call is None or call.type != "call_expression" or _text(_callee(call)) != "require":
            return False
        module = _string(next(iter(_arguments(call)), None))
        if module is None:
            return False
        self.silent.append((name.start_byte, name.end_byte))
        if name.type == "identifier":
            self._import(name, "*", _text(name), module, False)
        elif name.type == "object_pattern":
            for part in name.named_children:
                if part.type == "shorthand_property_identifier_pattern":
                    self._import(part, _text(part), _text(part), module, False)
                elif part.type == "pair_pattern":
                    key, local = part.child_by_field_name("key"), part.child_by_field_name("value")
                    self._import(part, _text(key), _text(local), module, False)
        return True

    def _read_dynamic_imports(self) -> None:
        for node in self.captures.get("dynamic", ()):
            module = _string(next(iter(_arguments(node)), None))
            if module is not None:
                symbol = self.scopes.find(node.start_byte)
                self._add("import", "*", self._line(node.start_byte), module, symbol, (("dynamic", "yes"),))

    # ----------------------------------------------------------------------------------- all names

    def _read_names(self) -> None:
        units = Scopes(self.units)
        references = References()
        own_names = self.named
        declared = {node.start_byte for node in self.captures.get("local", ())}
        declared.update(node.start_byte for node in self.captures.get("closing", ()))
        tags = {node.start_byte for node in self.captures.get("tag", ())}
        silent = Scopes((start, end - 1, "x") for start, end in self.silent)
        data = self.data
        local_names: set[str] = set()
        special = _SPECIAL_NAMES
        for role in ("name", "member", "type", "taken", "key"):
            as_role = "member" if role in ("taken", "key") else role
            for node in self.captures.get(role, ()):
                start = node.start_byte
                if start in own_names:
                    continue
                name = data[start : node.end_byte].decode("utf-8", "replace")
                if role == "key" and not name.isidentifier():
                    continue
                if start in declared:
                    if role != "taken":
                        local_names.add(name)
                        continue
                    local_names.add(name)
                elif role == "taken":
                    local_names.add(name)
                elif start in tags and name[:1].islower():
                    continue
                if silent.find(start):
                    continue
                references.add(units.find(start), as_role, name, self._line(start))
                if role == "name":
                    read = special.get(name)
                    if read is not None:
                        read(self, node)
                elif role == "member":
                    if name in _HTTP_METHODS:
                        self._read_express_route(node, name)
                    if name in ("get", "getOrThrow"):
                        self._read_config_get(node)
                    elif name == "env":
                        self._read_member_env(node)
        top = {qualified for qualified in self.symbols if "." not in qualified}
        for node in self.captures.get("string", ()):
            text = data[node.start_byte : node.end_byte].decode("utf-8", "replace")
            if names_something(text) and not silent.find(node.start_byte):
                references.add(units.find(node.start_byte), "string", text, self._line(node.start_byte))
        self.facts.extend(references.pack(self.path, local_names - top - set(self.imported)))

    def _read_strings(self) -> None:
        for node in self.captures.get("string", ()):
            text = _text(node)
            if len(text) < 300 and says_stand_in(text):
                call = node
                while call.parent is not None and call.type not in ("call_expression", "new_expression"):
                    if call.type in ("statement_block", "object", "array", "jsx_attribute"):
                        break
                    call = call.parent
                if call.type == "call_expression" and _LOGGING.search(_text(_callee(call))):
                    self._add_mock(node, shorten(text, 200), "string")

    def _read_throws(self) -> None:
        for node in self.captures.get("throw", ()):
            text = self.data[node.start_byte : min(node.end_byte, node.start_byte + 400)].decode("utf-8", "replace")
            if says_stand_in(text) or "NotImplementedException" in text:
                self._add_mock(node, shorten(text, 200), "not-implemented")

    def _read_process(self, node: Node) -> None:
        """``process.env.X``, ``process.env['X']``, each with the default that follows ``||`` or ``??``."""
        env = node.parent
        if env is None or env.type != "member_expression" or _text(env.child_by_field_name("property")) != "env":
            return
        self._read_env(env)

    def _read_env(self, env: Node) -> None:
        read = env.parent
        if read is None or read.child_by_field_name("object") != env:
            if read is not None and read.type == "variable_declarator":
                name = read.child_by_field_name("name")
                for part in _find_pattern_names(name) if name is not None else ():
                    if is_setting_name(_text(part)):
                        self._add("env", _text(part), self._line(part.start_byte), "", self._around(part))
            return
        if read.type == "member_expression":
            variable = _text(read.child_by_field_name("property"))
        else:
            variable = _string(read.child_by_field_name("index")) or ""
        if not re.fullmatch(r"[A-Za-z_]\w*", variable):
            return
        value, wrapped = "", read
        while wrapped.parent is not None and wrapped.parent.type in ("parenthesized_expression", "non_null_expression"):
            wrapped = wrapped.parent
        outer = wrapped.parent
        if outer is not None and outer.type == "binary_expression" and outer.child_by_field_name("left") == wrapped:
            operator = outer.child_by_field_name("operator")
            if operator is not None and operator.type in ("||", "??"):
                value = shorten(_text(outer.child_by_field_name("right"))[:400], _VALUE_LIMIT)
        if outer is not None and outer.type == "assignment_expression" and outer.child_by_field_name("left") == wrapped:
            return  # written, not read
        self._add("env", variable, self._line(read.start_byte), value, self._around(read))

    def _read_member_env(self, node: Node) -> None:
        """``import.meta.env.X``."""
        env = node.parent
        if env is not None and _text(env.child_by_field_name("object")) == "import.meta":
            self._read_env(env)

    def _read_config_get(self, node: Node) -> None:
        """``configService.get('X', default)``: NestJS reads the environment through its ConfigService."""
        member = node.parent
        call = member.parent if member is not None else None
        if member is None or call is None or call.type != "call_expression" or _callee(call) != member:
            return
        if not _text(member.child_by_field_name("object")).lower().endswith(("config", "configservice")):
            return
        arguments = _arguments(call)
        name = _string(arguments[0]) if arguments else None
        if name and is_setting_name(name):
            value = shorten(_text(arguments[1])[:400], _VALUE_LIMIT) if len(arguments) > 1 else ""
            self._add("env", name, self._line(call.start_byte), value, self._around(call))

    def _read_test(self, node: Node) -> None:
        """A call that makes a test case: ``it('…', …)`` with any chain of modifiers, parametrized ones once."""
        current, modifiers, calls = node, [], []
        while current.parent is not None:
            outer = current.parent
            if outer.type == "member_expression" and outer.child_by_field_name("object") == current:
                modifiers.append(_text(outer.child_by_field_name("property")))
            elif outer.type == "call_expression" and _callee(outer) == current:
                calls.append(outer)
            else:
                break
            current = outer
        if not calls or not _CASE_MODIFIERS.issuperset(modifiers):
            return
        table = any(modifier in ("each", "for", "skipIf", "runIf", "todoIf", "failingIf") for modifier in modifiers)
        if table and len(calls) < 2:
            return
        call = calls[1] if table else calls[0]
        arguments = _arguments(call)
        if not arguments or arguments[0].type in _FUNCTION_VALUES:
            return
        title = _title(arguments[0])
        if title is None and not any(argument.type in _FUNCTION_VALUES for argument in arguments[1:]):
            return
        attrs = [("form", ".".join([_text(node), *modifiers]))]
        if "each" in modifiers or "for" in modifiers:
            attrs.append(("each", "yes"))
        name = title if title is not None else shorten(_text(arguments[0]), 100)
        self._add("test_case", name, self._line(node.start_byte), "", self._around(node), tuple(attrs))

    def _read_timer(self, node: Node) -> None:
        """``await new Promise(r => setTimeout(r, 500))`` as the only thing that an async function awaits."""
        call = node.parent
        function = call
        while function is not None and not (
            function.type in ("function_declaration", "method_definition")
            or (function.type in _FUNCTION_VALUES and any(child.type == "async" for child in function.children))
        ):
            function = function.parent
        if call is None or call.type != "call_expression" or function is None:
            return
        if not any(child.type == "async" for child in function.children):
            return
        name = _text(function.child_by_field_name("name"))
        holder = function.parent
        while (
            not name
            and holder is not None
            and holder.type
            in ("variable_declarator", "pair", "call_expression", "arguments", "parenthesized_expression")
        ):
            label = holder.child_by_field_name("name") or holder.child_by_field_name("key")
            name, holder = _text(label), holder.parent
        body = function.child_by_field_name("body")
        if body is None or not _WORKING_NAMES.match(name):
            return
        text = _text(body)
        if text.count("await ") != len(_TIMER_WAIT.findall(text)) or _BUSY.search(text):
            return
        self._add(
            "mock",
            name,
            self._line(call.start_byte),
            shorten(_text(call), 120),
            self._around(call),
            (("reason", "timer"),),
        )

    def _read_random(self, node: Node) -> None:
        """``price: Math.random() * 100``: a datum made up on the spot; ids, jitter and layout are not meant."""
        member = node.parent
        if member is None or member.type != "member_expression":
            return
        if _text(member.child_by_field_name("property")) != "random":
            return
        current = member.parent
        for _ in range(8):
            if current is None or current.type in ("template_string", "statement_block", "arrow_function"):
                return
            if current.type == "pair":
                key = _text(current.child_by_field_name("key"))
                if not _RANDOM_ON_PURPOSE.search(key):
                    self._add_mock(member, shorten(_text(current), 120), "random")
                return
            current = current.parent

    def _read_express_route(self, node: Node, verb: str) -> None:
        member = node.parent
        call = member.parent if member is not None else None
        if member is None or call is None or call.type != "call_expression" or _callee(call) != member:
            return
        owner = _text(member.child_by_field_name("object"))
        arguments = _arguments(call)
        if not _SERVER_NAMES.fullmatch(owner) or len(arguments) < 2:
            return
        path = _string(arguments[0])
        if path is None or not path.startswith("/") or arguments[-1].type == "object":
            return
        self._add_route(node, verb.upper(), path, "call", owner)

    def _add_route(self, node: Node, method: str, path: str, framework: str, owner: str = "") -> None:
        name = f"{method} {path}"
        attrs = [("method", method), ("path", path), ("owner", owner), ("framework", framework)]
        self._add("route", name, self._line(node.start_byte), name, self._around(node), tuple(attrs))

    def _read_decorators(self) -> None:
        """NestJS: the paths of ``@Controller`` and ``@Get`` joined."""
        prefixes: dict[str, list[str]] = {}
        verbs: list[tuple[Node, str, list[str]]] = []
        for node in self.captures.get("decorator", ()):
            name = _decorator_name(node)
            if name == "Controller":
                prefixes[self._around(node)] = _paths_of(node)
            elif name in _NEST_METHODS:
                verbs.append((node, _NEST_METHODS[name], _paths_of(node)))
        for node, method, paths in verbs:
            owner = self._owner_of_member(node)
            if owner not in prefixes:
                continue
            own = _text(_find_member(node).child_by_field_name("name"))
            for prefix in prefixes[owner]:
                for path in paths:
                    whole = "/" + "/".join(part for part in (prefix.strip("/"), path.strip("/")) if part)
                    name = f"{method} {whole}"
                    attrs = (("method", method), ("path", whole), ("owner", owner), ("framework", "nest"))
                    self._add("route", name, self._line(node.start_byte), name, f"{owner}.{own}", attrs)

    def _owner_of_member(self, node: Node) -> str:
        return self._around(node).partition(".")[0]

    # ------------------------------------------------------------------------------------ comments

    def _read_comments(self) -> None:
        lines: list[CommentLine] = []
        for node in self.captures.get("comment", ()):
            text = _text(node)
            line = self._line(node.start_byte)
            if text.startswith("//"):
                before = self.data[self.line_starts[line - 1] : node.start_byte]
                lines.append(CommentLine(line, not before.strip(), text[2:].strip()))
                continue
            form = "docstring" if text.startswith("/**") else "comment"
            words = clean_block(text.removeprefix("/*").removesuffix("*/").strip("*"))
            end = line + text.count("\n")
            self._add_remark(Remark(line, end, words, form), node.start_byte)
        for remark in join_lines(lines):
            self._add_remark(remark, self.line_starts[remark.line - 1])

    def _add_remark(self, remark: Remark, position: int) -> None:
        about = self.leading.get(remark.end_line + 1) or self.scopes.find(position)
        self.facts.extend(make_facts(self.path, remark, about))

    # ------------------------------------------------------------------------------------- helpers

    def _line(self, position: int) -> int:
        return bisect_right(self.line_starts, position)

    def _first_line(self, node: Node) -> int:
        return self._line(next(iter(_find_decorators_above(node)), node).start_byte)

    def _around(self, node: Node) -> str:
        return self.scopes.find(node.start_byte)

    def _add_mock(self, node: Node, words: str, reason: str) -> None:
        symbol = self._around(node)
        self._add("mock", symbol.rpartition(".")[2], self._line(node.start_byte), words, symbol, (("reason", reason),))


_SPECIAL_NAMES: dict[str, Callable[[_Reader, Node], None]] = {
    "it": _Reader._read_test,
    "test": _Reader._read_test,
    "xit": _Reader._read_test,
    "fit": _Reader._read_test,
    "xtest": _Reader._read_test,
    "process": _Reader._read_process,
    "setTimeout": _Reader._read_timer,
    "Math": _Reader._read_random,
}
"""Names whose uses say more than that they are used."""

_CASE_MODIFIERS = frozenset({"each", "for", "only", "skip", "skipIf", "runIf", "concurrent", "sequential", "shuffle"})
_CASE_MODIFIERS |= {"todo", "todoIf", "fails", "failing", "failingIf", "fixme", "fail"}
_HTTP_METHODS = frozenset({"get", "post", "put", "delete", "patch", "all", "options", "head"})
_NEST_METHODS = {
    "Get": "GET",
    "Post": "POST",
    "Put": "PUT",
    "Delete": "DELETE",
    "Patch": "PATCH",
    "All": "ALL",
    "Options": "OPTIONS",
    "Head": "HEAD",
    "Sse": "GET",
}
_SERVER_NAMES = LazyPattern(r"(?:this\.)?(?:app|server|fastify|express|\w*[rR]outer|\w*Routes|hono)")
_LOGGING = LazyPattern(r"\b(?:log|logger|console)\b.*\.(?:log|debug|info|warn|warning|error)$|^toast\b", re.IGNORECASE)
_WORKING_NAMES = LazyPattern(
    r"_?(?:handle|on|do|perform|mutationFn|queryFn)?_?(?:[fF]etch|[lL]oad|[gG]et|[lL]ist|[fF]ind|[qQ]uery|[sS]ave|[sS]tore|"
    r"[uU]pdate|[cC]reate|[dD]elete|[rR]emove|[sS]end|[sS]ubmit|[pP]ost|[pP]ublish|[uU]pload|[cC]all|[rR]equest|[pP]rocess|"
    r"[gG]enerate|[aA]nalyze|[eE]xecute|[sS]earch|[iI]mport|[eE]xport|[cC]onnect|mutationFn|queryFn)(?![a-z])"
)
_TIMER_WAIT = LazyPattern(r"await new Promise(?:<[^>]*>)?\(\s*\(?\w+\)?\s*=>\s*\{?\s*setTimeout\(")
_BUSY = LazyPattern(r"\b(?:while|for)\s*\(|\bfetch\(|\baxios\b|\.then\(|\bretry|backoff|attempt", re.IGNORECASE)
_RANDOM_ON_PURPOSE = LazyPattern(
    r"id$|key|seed|delay|jitter|offset|width|height|left|top|right|x$|y$|z$|rotat|duration|speed|angle|velocity|nonce|"
    r"color|opacity|scale|size|radius|drift|tilt|spin|shape|decay|random",
    re.IGNORECASE,
)


def _text(node: Node | None) -> str:
    return "" if node is None or node.text is None else node.text.decode("utf-8", "replace")


def _string(node: Node | None) -> str | None:
    """The value of a plain string or a template without substitutions."""
    if node is None:
        return None
    if node.type == "string" or (
        node.type == "template_string" and all(child.type != "template_substitution" for child in node.named_children)
    ):
        return _text(node)[1:-1]
    return None


def _title(node: Node) -> str | None:
    """A test's title: string, template as written, or strings added together."""
    if node.type in ("string", "template_string"):
        return _text(node)[1:-1]
    if node.type == "binary_expression" and any(child.type == "string" for child in node.named_children):
        return shorten(_text(node), 200)
    return None


def _unwrap(node: Node | None) -> Node | None:
    """The expression inside ``as``, ``satisfies``, ``!``, ``await`` and parentheses."""
    wrappers = ("as_expression", "satisfies_expression", "non_null_expression", "parenthesized_expression")
    while node is not None and node.type in wrappers and node.named_child_count:
        node = node.named_children[0]
    return node


def _callee(node: Node) -> Node | None:
    return node.child_by_field_name("function")


def _arguments(node: Node) -> list[Node]:
    arguments = node.child_by_field_name("arguments")
    if arguments is None or arguments.type != "arguments":
        return []
    return [child for child in arguments.named_children if child.type != "comment"]


def _find_source(node: Node) -> str | None:
    source = node.child_by_field_name("source")
    if source is None:
        clause = next((child for child in node.named_children if child.type == "import_require_clause"), None)
        source = clause.child_by_field_name("source") if clause is not None else None
    return _string(source)


def _names_of(item: Node) -> tuple[str, str]:
    """(name, name after ``as``) of an import or export specifier."""
    name = _text(item.child_by_field_name("name")).strip("'\"")
    alias = item.child_by_field_name("alias")
    return name, _text(alias).strip("'\"") if alias is not None else name


def _find_pattern_names(node: Node) -> Iterator[Node]:
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


def _find_decorated(node: Node) -> Iterator[Node]:
    """The parts of a definition that may carry decorators: itself, an export's declaration."""
    yield node
    for child in node.named_children:
        yield child
        if child.type in ("class_declaration", "abstract_class_declaration"):
            yield from (part for part in child.named_children if part.type == "decorator")


def _is_signature(node: Node) -> bool:
    """Whether a definition, below an export statement, has no body."""
    return any(part.type == "function_signature" for part in (node, *node.named_children))


def _find_member(decorator: Node) -> Node:
    """The class member that a decorator belongs to: its parent for fields, a later sibling for methods."""
    member = decorator.parent or decorator
    if member.type in _MEMBERS:
        return member
    following = decorator.next_named_sibling
    while following is not None and following.type in ("decorator", "comment"):
        following = following.next_named_sibling
    return following or decorator


def _find_decorators_above(member: Node) -> list[Node]:
    """A class member's decorators, which the grammar has as siblings before it, comments between them."""
    found: list[Node] = []
    before = member.prev_named_sibling
    while before is not None and before.type in ("decorator", "comment"):
        if before.type == "decorator":
            found.insert(0, before)
        before = before.prev_named_sibling
    return found


def _decorator_name(node: Node) -> str:
    """``Get`` for ``@Get(':id')``, ``ns.Get`` for a qualified one."""
    inner = node.named_children[0] if node.named_children else None
    if inner is not None and inner.type == "call_expression":
        inner = _callee(inner)
    return _text(inner).split("<")[0]


def _paths_of(decorator: Node) -> list[str]:
    """The paths in ``@Get()``, ``@Get('a')``, ``@Get(['a', 'b'])``, ``@Controller({ path: 'a' })``."""
    call = decorator.named_children[0] if decorator.named_children else None
    if call is None or call.type != "call_expression":
        return [""]
    first = next(iter(_arguments(call)), None)
    if first is None:
        return [""]
    if first.type == "array":
        return [path for part in first.named_children if (path := _string(part)) is not None] or [""]
    if first.type == "object":
        for pair in first.named_children:
            if pair.type == "pair" and _text(pair.child_by_field_name("key")) == "path":
                return [_string(pair.child_by_field_name("value")) or ""]
        return [""]
    return [_string(first) or ""]


def _find_bases(heritage: Node) -> Iterator[Node]:
    for clause in heritage.named_children:
        if clause.type == "extends_clause":
            value = clause.child_by_field_name("value")
            if value is not None:
                yield value
        elif clause.type == "implements_clause":
            yield from clause.named_children
        else:
            yield clause


def _find_function(node: Node) -> Node | None:
    """The function that a definition is, below export statements and variable declarators."""
    stack = [node]
    while stack:
        part = stack.pop()
        if part.type in ("function_declaration", "method_definition", "generator_function_declaration"):
            return part
        if part.type in _FUNCTION_VALUES:
            return part
        if part.type in ("export_statement", "lexical_declaration", "variable_declaration"):
            stack.extend(reversed(part.named_children))
        elif part.type in ("variable_declarator", "public_field_definition"):
            value = _unwrap(part.child_by_field_name("value"))
            if value is not None:
                stack.append(value)
    return None


def _is_named_function(node: Node) -> bool:
    """Empty constructors and setters are ordinary; empty named functions are not."""
    return _text(node.child_by_field_name("name")) != "constructor"
