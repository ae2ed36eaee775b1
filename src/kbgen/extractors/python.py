"""Facts of one Python file, read with the standard library's `ast`.

A file that `ast` refuses (a syntax error, another Python's grammar) is read by tree-sitter instead:
definitions, imports, tests and names, with a note in `skipped`.
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from kbgen.extractors import python_recovery
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
from kbgen.extractors.python_code import TYPE_LIMIT, CodeReader
from kbgen.extractors.remarks import CommentLine, Remark, clean_block, join_lines, make_facts, says_stand_in
from kbgen.model import Fact, FileFacts, SkippedFile, SourceFile
from kbgen.patterns import LazyPattern

SUFFIXES: tuple[str, ...] = (".py", ".pyi")
VERSION = "python-5"

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_INERT = frozenset(
    kind
    for base in (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
    for kind in base.__subclasses__()
)
"""Nodes that hold nothing: a third of a tree."""
_VALUE_LIMIT = 200
_HTTP_METHODS = frozenset({"get", "post", "put", "delete", "patch", "options", "head", "websocket"})
_TEST_LIBRARIES = ("pytest", "unittest")
_LINE_END = LazyPattern(r"\r\n|\r|\n")
_NAME = LazyPattern(r"[^\W\d]\w*")


def extract(source: SourceFile) -> FileFacts:
    text = source.text.removeprefix("\ufeff").encode("utf-8", "replace").decode("utf-8")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        why = "Python syntax error" + (f" in line {line}" if line else "")
        return python_recovery.extract(SourceFile(source.path, source.blob, text), SkippedFile(source.path, why))
    return FileFacts(source.path, source.blob, _Reader(source.path, text).read(tree))


class _Reader(FactCollector):
    """One pass over definitions, one over every node below each of them."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(path)
        self.text = text
        self.lines = _LINE_END.split(text)
        self.references = References()
        self.spans: list[tuple[int, int, str]] = []
        self.leading: dict[int, str] = {}
        """First line of each definition: the comment that ends just above it is about that definition."""
        self.symbols: dict[ast.AST, str] = {}
        """Nodes that have a ``symbol`` fact, by its qualified name."""
        self.docstrings: list[tuple[ast.Constant, str]] = []
        self.units: list[tuple[ast.stmt, str]] = []
        """Top-level statements with the symbol that their references belong to."""
        self.stored: set[str] = set()
        self.bound: set[str] = set()
        self.prefixes: dict[str, str] = {}
        """Variable -> path prefix, for routers made in this file."""
        self.scopes = Scopes(())

    def read(self, tree: ast.Module) -> tuple[Fact, ...]:
        self._note_docstring(tree.body, "")
        self._define(tree.body)
        self.scopes = Scopes(self.spans)
        for node, symbol in self.units:
            self._walk(node, symbol)
        self._read_remarks()
        self.facts.extend(self.references.pack(self.path, self.stored - self.bound))
        if self.text.startswith("#!"):
            self._add("entry", "shebang", 1)
        code = CodeReader(self.path, self.symbols, self._quote_type, self.bound, self._is_test()).read(tree)
        # Kinds of code facts are their own, and stay in the order in which one line has them.
        return tuple(sorted((*sort_facts(self.facts), *code), key=lambda fact: (fact.line, fact.kind)))

    def _is_test(self) -> bool:
        """By what the file says: the path is not part of what the facts are cached by."""
        return any(
            fact.kind == "test_case" or (fact.kind == "import" and fact.value.partition(".")[0] in _TEST_LIBRARIES)
            for fact in self.facts
        )

    # ------------------------------------------------------------------------------- definitions

    def _define(self, module_body: Sequence[ast.stmt]) -> None:
        """Symbols of the module and its classes, outermost first, without recursion."""
        work: list[tuple[Sequence[ast.stmt], str, ast.ClassDef | None]] = [(module_body, "", None)]
        while work:
            body, parent, owner = work.pop()
            for node in body:
                unit = ""
                if isinstance(node, _DEFINITIONS):
                    qualified = unit = f"{parent}.{node.name}" if parent else node.name
                    self._define_one(node, qualified, parent, owner)
                    self._note_docstring(node.body, qualified)
                    if isinstance(node, ast.ClassDef):
                        work.append((node.body, qualified, node))
                elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                    unit = self._define_constant(node, parent)
                elif blocks := _find_blocks(node):
                    # Definitions under `if TYPE_CHECKING:` or `try: import` belong to the same scope.
                    work.extend((block, parent, owner) for block in reversed(blocks))
                    self.units.extend((part, "") for part in _find_heads(node) if not parent)
                    continue
                if not parent:
                    self.units.append((node, unit))

    def _define_one(
        self, node: _Function | ast.ClassDef, qualified: str, parent: str, owner: ast.ClassDef | None
    ) -> None:
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        end = node.end_lineno or node.lineno
        self.spans.append((first, end, qualified))
        self.leading[first] = qualified
        self.symbols[node] = qualified
        if not parent:
            self.bound.add(node.name)
        decorators = [name for decorator in node.decorator_list if (name := _dotted(decorator))]
        attrs = [("kind", _kind_of(node, parent)), ("exported", _is_exported(qualified))]
        if parent:
            attrs.append(("parent", parent))
        attrs.append(("end_line", str(end)))
        if decorators:
            attrs.append(("decorators", " ".join(decorators)))
        if isinstance(node, ast.ClassDef):
            bases = [name for base in node.bases if (name := _dotted(base))]
            if bases:
                attrs.append(("bases", " ".join(bases)))
            self._read_settings(node, bases, qualified)
        else:
            if isinstance(node, ast.AsyncFunctionDef):
                attrs.append(("async", "yes"))
            if node.returns is not None:
                attrs.append(("returns", self._quote_type(node.returns)))
            stub = _find_stub(node, decorators, owner)
            if stub:
                attrs.append(("stub", stub))
            if stub == "not-implemented":
                self._add("mock", node.name, node.lineno, "raise NotImplementedError", qualified, (("reason", stub),))
        word = find_mock_word(node.name)
        if word:
            self._add("mock", node.name, node.lineno, word, qualified, (("reason", "name"),))
        digest = hash_text("\n".join(self.lines[first - 1 : end]), _indent_of(self.lines[first - 1]))
        self.facts.append(Fact("symbol", node.name, self.path, node.lineno, "", qualified, digest, tuple(attrs)))

    def _define_constant(self, node: ast.Assign | ast.AnnAssign, parent: str) -> str:
        """The first constant that an assignment makes, ``""`` for none (its references are the module's)."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        first = ""
        for target in targets:
            if not isinstance(target, ast.Name):
                continue
            name = target.id
            if not parent:
                self.bound.add(name)
            annotated = isinstance(node, ast.AnnAssign) and not parent
            if not (annotated or (is_setting_name(name) and len(name) > 1)) or name.startswith("__"):
                continue
            end = node.end_lineno or node.lineno
            qualified = f"{parent}.{name}" if parent else name
            attrs = [("kind", "constant"), ("exported", _is_exported(qualified))]
            if parent:
                attrs.append(("parent", parent))
            attrs.append(("end_line", str(end)))
            digest = hash_text("\n".join(self.lines[node.lineno - 1 : end]), node.col_offset)
            value = "" if node.value is None else shorten(self._source_of(node.value), _VALUE_LIMIT)
            self.facts.append(Fact("symbol", name, self.path, node.lineno, value, qualified, digest, tuple(attrs)))
            self.leading.setdefault(node.lineno, qualified)
            word = find_mock_word(name)
            if word:
                self._add("mock", name, node.lineno, word, qualified, (("reason", "name"),))
            if not first:
                first = qualified
                self.symbols[node] = qualified
                self.spans.append((node.lineno, end, qualified))
        return first if not parent else ""

    def _read_settings(self, node: ast.ClassDef, bases: Sequence[str], qualified: str) -> None:
        """Fields of a pydantic settings class are environment variables."""
        if not any(base.rpartition(".")[2].endswith("Settings") for base in bases):
            return
        prefix = _find_env_prefix(node)
        for field in node.body:
            if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
                continue
            name = field.target.id
            if name in ("model_config",) or name.startswith("_") or _dotted(field.annotation).startswith("ClassVar"):
                continue
            variable, default = (prefix + name).upper(), field.value
            if isinstance(default, ast.Call) and _dotted(default.func).rpartition(".")[2] == "Field":
                words = {word.arg: word.value for word in default.keywords if word.arg}
                for key in ("validation_alias", "alias", "env"):
                    variable = _string(words.get(key)) or variable
                default = default.args[0] if default.args else words.get("default", words.get("default_factory"))
            required = default is None or (isinstance(default, ast.Constant) and default.value is ...)
            value = "" if default is None or required else shorten(self._source_of(default), _VALUE_LIMIT)
            attrs = [("settings", "yes")]
            if required:
                attrs.append(("required", "yes"))
            self._add("env", variable, field.lineno, value, qualified, tuple(attrs))

    def _note_docstring(self, body: Sequence[ast.stmt], symbol: str) -> None:
        if body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                self.docstrings.append((value, symbol))

    # ---------------------------------------------------------------------------------- all nodes

    def _walk(self, unit: ast.stmt, symbol: str) -> None:
        add = self.references.add
        # (node, in an annotation, inside a function)
        stack: list[tuple[ast.AST, bool, bool]] = [(unit, False, False)]
        while stack:
            node, typed, inside = stack.pop()
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load):
                    add(symbol, "type" if typed else "name", node.id, node.lineno)
                elif inside:
                    self.stored.add(node.id)
                continue
            if isinstance(node, ast.Attribute):
                if isinstance(node.ctx, ast.Load):
                    add(symbol, "type" if typed else "member", node.attr, node.end_lineno or node.lineno)
                stack.append((node.value, typed, inside))
                continue
            if isinstance(node, ast.Constant):
                if isinstance(node.value, str):
                    if typed:
                        for name in _NAME.findall(node.value):
                            add(symbol, "type", name, node.lineno)
                    elif names_something(node.value):
                        add(symbol, "string", node.value, node.lineno)
                continue
            kind = type(node)
            if kind in _INERT:
                continue
            if isinstance(node, _FUNCTIONS):
                self._read_function(node)
                inside_next = True
                for decorator in node.decorator_list:
                    stack.append((decorator, False, inside))
                arguments = node.args
                for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                    self.stored.add(argument.arg)
                    if argument.annotation is not None:
                        stack.append((argument.annotation, True, inside))
                for star in (arguments.vararg, arguments.kwarg):
                    if star is not None:
                        self.stored.add(star.arg)
                        if star.annotation is not None:
                            stack.append((star.annotation, True, inside))
                for default in (*arguments.defaults, *arguments.kw_defaults):
                    if default is not None:
                        stack.append((default, False, inside))
                if node.returns is not None:
                    stack.append((node.returns, True, inside))
                stack.extend((part, False, inside_next) for part in reversed(node.body))
                continue
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._read_import(node)
                continue
            if isinstance(node, ast.AnnAssign):
                stack.append((node.annotation, True, inside))
                stack.append((node.target, False, inside))
                if node.value is not None:
                    stack.append((node.value, False, inside))
                continue
            if isinstance(node, ast.Call):
                self._read_call(node)
            elif isinstance(node, ast.Subscript):
                self._read_subscript(node)
            elif isinstance(node, ast.Expr):
                if isinstance(node.value, ast.Constant):
                    continue
            elif isinstance(node, ast.Assign):
                if _dotted(node.targets[0]) == "__all__":
                    continue
                self._read_prefix(node)
            elif isinstance(node, ast.Raise):
                self._read_raise(node)
            elif isinstance(node, ast.If) and _is_main_guard(node.test):
                self._add("entry", "__main__", node.lineno)
            elif isinstance(node, ast.Lambda):
                for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                    self.stored.add(argument.arg)
                inside = True
            for field in node._fields:
                child = getattr(node, field, None)
                if type(child) is list:
                    stack.extend((part, typed, inside) for part in reversed(child) if isinstance(part, ast.AST))
                elif isinstance(child, ast.AST):
                    stack.append((child, typed, inside))

    def _read_function(self, node: _Function) -> None:
        if node.name.startswith("test_"):
            qualified = self.scopes.find(node.lineno)
            nested = qualified.rpartition(".")[2] != node.name
            attrs = [("form", "async def" if isinstance(node, ast.AsyncFunctionDef) else "def")]
            if any(_dotted(decorator).endswith("parametrize") for decorator in node.decorator_list):
                attrs.append(("each", "yes"))
            if nested:
                attrs.append(("nested", "yes"))
            self._add("test_case", node.name, node.lineno, "", qualified, tuple(attrs))
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute):
                self._read_route(decorator, decorator.func, node)
        wait = _find_only_wait(node) if isinstance(node, ast.AsyncFunctionDef) else None
        if wait is not None:
            text = ast.unparse(wait)
            self._add("mock", node.name, wait.lineno, text, self.scopes.find(node.lineno), (("reason", "timer"),))

    def _read_route(self, call: ast.Call, function: ast.Attribute, node: _Function) -> None:
        verb = function.attr
        words = {word.arg: word.value for word in call.keywords if word.arg}
        path = _string(call.args[0]) if call.args else _string(words.get("path", words.get("rule")))
        if path is None or (path and not path.startswith("/")):
            return
        if verb in _HTTP_METHODS:
            methods = [verb.upper()]
        elif verb in ("route", "api_route") and path:
            listed = words.get("methods")
            names = listed.elts if isinstance(listed, (ast.List, ast.Tuple, ast.Set)) else []
            methods = [name.upper() for element in names if (name := _string(element))] or ["GET"]
        else:
            return
        if not path and verb == "patch":  # mock.patch("")
            return
        owner = _dotted(function.value)
        whole = self.prefixes.get(owner, "") + path or "/"
        for method in methods:
            name = f"{method} {whole}"
            attrs = (("method", method), ("path", whole), ("owner", owner), ("framework", "decorator"))
            self._add("route", name, call.lineno, name, self.scopes.find(node.lineno), attrs)

    def _read_prefix(self, node: ast.Assign) -> None:
        call = node.value
        if isinstance(call, ast.Call) and _dotted(call.func).rpartition(".")[2] in ("APIRouter", "Blueprint"):
            for word in call.keywords:
                prefix = _string(word.value) if word.arg in ("prefix", "url_prefix") else None
                if prefix:
                    self.prefixes[_dotted(node.targets[0])] = prefix.rstrip("/")

    def _read_import(self, node: ast.Import | ast.ImportFrom) -> None:
        symbol = self.scopes.find(node.lineno)
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                self.bound.add(local)
                self._add("import", "*", node.lineno, alias.name, symbol, (("alias", local),))
            return
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            self.bound.add(alias.asname or alias.name)
            attrs = (("alias", alias.asname),) if alias.asname and alias.asname != alias.name else ()
            self._add("import", alias.name, node.lineno, module, symbol, attrs)

    def _read_call(self, node: ast.Call) -> None:
        function = _dotted(node.func)
        last = function.rpartition(".")[2]
        if function in ("os.getenv", "getenv") or function.endswith("environ.get"):
            name = _string(node.args[0]) if node.args else None
            if name:
                default = node.args[1] if len(node.args) > 1 else None
                value = "" if default is None else shorten(self._source_of(default), _VALUE_LIMIT)
                self._add("env", name, node.lineno, value, self.scopes.find(node.lineno))
        elif last in ("import_module", "__import__") and node.args:
            module = _string(node.args[0])
            if module:
                self._add("import", "*", node.lineno, module, self.scopes.find(node.lineno), (("dynamic", "yes"),))
        elif last in ("debug", "info", "warning", "warn", "error", "exception", "critical") and node.args:
            text = _string(node.args[0]) or ""
            if says_stand_in(text):
                self._add_mock(node.lineno, shorten(text, 200), "string")

    def _read_subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load) and _dotted(node.value) in ("os.environ", "environ"):
            name = _string(node.slice)
            if name:
                self._add("env", name, node.lineno, "", self.scopes.find(node.lineno), (("required", "yes"),))

    def _read_raise(self, node: ast.Raise) -> None:
        call = node.exc
        if isinstance(call, ast.Call) and call.args:
            text = _string(call.args[0]) or ""
            if says_stand_in(text) and _dotted(call.func) != "NotImplementedError":
                self._add_mock(node.lineno, shorten(text, 200), "not-implemented")

    # ------------------------------------------------------------------------------------ remarks

    def _read_remarks(self) -> None:
        for node, symbol in self.docstrings:
            text = clean_block(str(node.value))
            remark = Remark(node.lineno, node.end_lineno or node.lineno, text, "docstring")
            self.facts.extend(make_facts(self.path, remark, symbol))
        for remark in join_lines(_find_comments(self.text)):
            about = self.leading.get(remark.end_line + 1) or self.scopes.find(remark.line)
            self.facts.extend(make_facts(self.path, remark, about))

    # ------------------------------------------------------------------------------------ helpers

    def _source_of(self, node: ast.AST) -> str:
        """What `ast.get_source_segment` gives, without splitting the file again each time."""
        first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
        if not first or not last:
            return ""
        lines = self.lines[first - 1 : min(last, first + 20)]
        if last <= first + 20:
            lines[-1] = lines[-1].encode()[: getattr(node, "end_col_offset", 0)].decode(errors="ignore")
        lines[0] = lines[0].encode()[getattr(node, "col_offset", 0) :].decode(errors="ignore")
        return "\n".join(lines)

    def _quote_type(self, annotation: ast.expr) -> str:
        """An annotation as written, a forward reference without its quotes."""
        forward = _string(annotation)
        return shorten(self._source_of(annotation) if forward is None else forward, TYPE_LIMIT)

    def _add_mock(self, line: int, words: str, reason: str) -> None:
        symbol = self.scopes.find(line)
        self._add("mock", symbol.rpartition(".")[2], line, words, symbol, (("reason", reason),))


def _find_blocks(node: ast.stmt) -> list[list[ast.stmt]]:
    """The statement lists of a compound statement that opens no scope."""
    if isinstance(node, ast.If):
        return [node.body, node.orelse]
    if isinstance(node, (ast.Try, ast.TryStar)):
        return [node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody]
    if isinstance(node, ast.With):
        return [node.body]
    return []


def _find_heads(node: ast.stmt) -> list[ast.stmt]:
    """The same statement with empty bodies, so that its condition is read once and its body by itself."""
    if isinstance(node, ast.If):
        return [ast.copy_location(ast.If(node.test, [], []), node)]
    if isinstance(node, ast.With):
        return [ast.copy_location(ast.With(node.items, []), node)]
    if isinstance(node, (ast.Try, ast.TryStar)):
        return [
            ast.copy_location(ast.Expr(handler.type), handler) for handler in node.handlers if handler.type is not None
        ]
    return []


def _kind_of(node: _Function | ast.ClassDef, parent: str) -> str:
    if isinstance(node, ast.ClassDef):
        return "nested class" if parent else "class"
    return "method" if parent else "function"


def _is_exported(qualified: str) -> str:
    hidden = any(
        part.startswith("_") and not (part.startswith("__") and part.endswith("__")) for part in qualified.split(".")
    )
    return "no" if hidden else "yes"


def _dotted(node: ast.AST | None) -> str:
    """``a.b.c`` for a name, an attribute chain, or a call or subscript of one; ``""`` for anything else."""
    parts: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Name):
            parts.append(node.id)
            return ".".join(reversed(parts))
        else:
            return ""


def _find_env_prefix(node: ast.ClassDef) -> str:
    """What the variables of a settings class begin with: in its own arguments, `model_config` or a class `Config`."""
    prefix = ""
    for word in node.keywords:
        prefix = (_string(word.value) if word.arg == "env_prefix" else None) or prefix
    for part in node.body:
        if isinstance(part, ast.ClassDef) and part.name == "Config":
            for line in part.body:
                if isinstance(line, ast.Assign | ast.AnnAssign) and _names_target(line, "env_prefix"):
                    prefix = _string(line.value) or prefix
        elif isinstance(part, ast.Assign | ast.AnnAssign) and _names_target(part, "model_config"):
            prefix = _find_given(part, "env_prefix") or prefix
    return prefix


def _names_target(node: ast.Assign | ast.AnnAssign, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _find_given(node: ast.AST, key: str) -> str:
    """The text that a keyword argument, or a key of a dict literal, has anywhere in an expression."""
    for part in ast.walk(node):
        if isinstance(part, ast.keyword) and part.arg == key and _string(part.value):
            return _string(part.value) or ""
        if isinstance(part, ast.Dict):
            for name, value in zip(part.keys, part.values, strict=True):
                if _string(name) == key and _string(value):
                    return _string(value) or ""
    return ""


def _string(node: ast.AST | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_main_guard(test: ast.expr) -> bool:
    return (
        isinstance(test, ast.Compare)
        and _dotted(test.left) == "__name__"
        and any(_string(part) == "__main__" for part in test.comparators)
    )


_ABSTRACT_BASES = frozenset({"ABC", "Protocol", "ABCMeta"})
_SUBCLASS_DUTY = LazyPattern(
    r"\b(?:subclass|sub-class|override|overridden|must implement|derived|abstract)", re.IGNORECASE
)


def _find_stub(node: _Function, decorators: Sequence[str], owner: ast.ClassDef | None) -> str:
    """Why a function's body does nothing: ``pass``, ``ellipsis``, ``not-implemented``; ``""`` for a real body.

    Abstract methods, protocols and overloads are meant to be empty.
    """
    if any(name.rpartition(".")[2] in ("abstractmethod", "overload") for name in decorators):
        return ""
    if owner is not None:
        bases = {_dotted(base).rpartition(".")[2] for base in owner.bases}
        bases.update(_dotted(word.value).rpartition(".")[2] for word in owner.keywords)
        if bases & _ABSTRACT_BASES or owner.name.lstrip("_").startswith(("Base", "Abstract")):
            return ""
    body = list(node.body)
    if isinstance(body[0], ast.Expr) and _string(body[0].value) is not None:
        body = body[1:]
    if len(body) != 1:
        return ""
    only = body[0]
    if isinstance(only, ast.Pass):
        return "pass"
    if isinstance(only, ast.Expr) and isinstance(only.value, ast.Constant) and only.value.value is ...:
        return "ellipsis"
    if isinstance(only, ast.Raise) and _dotted(only.exc) == "NotImplementedError":
        words = _string(only.exc.args[0]) if isinstance(only.exc, ast.Call) and only.exc.args else ""
        return "" if _SUBCLASS_DUTY.search(words or "") else "not-implemented"
    return ""


_WORKING_NAMES = LazyPattern(
    r"^_?(?:a)?(?:fetch|load|get|list|find|query|save|store|update|create|delete|send|submit|post|publish|upload|"
    r"call|request|process|generate|analy[sz]e|execute|research)(?:_|$)"
)


def _find_only_wait(node: ast.AsyncFunctionDef) -> ast.Await | None:
    """The first await of an async function that is named for input or output and awaits nothing but sleeps."""
    if not _WORKING_NAMES.match(node.name):
        return None
    first: ast.Await | None = None
    for part in ast.walk(node):
        if isinstance(part, (ast.AsyncFor, ast.AsyncWith, ast.While, ast.Yield, ast.YieldFrom)):
            return None
        if isinstance(part, ast.Await):
            if _dotted(part.value) not in ("asyncio.sleep", "anyio.sleep", "trio.sleep", "sleep"):
                return None
            first = first or part
    return first


_TOKENS = LazyPattern(
    r"(?P<comment>\#[^\r\n]*)"
    r'|"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r'|"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"'
    r"|'[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*'",
    re.DOTALL,
)


def _find_comments(text: str) -> Iterator[CommentLine]:
    """Comments by a scan that steps over string literals; the tokenizer module is ten times slower."""
    if "#" not in text:
        return
    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    for match in _TOKENS.finditer(text):
        if match.lastgroup == "comment":
            line = bisect_right(starts, match.start())
            own = not text[starts[line - 1] : match.start()].strip()
            if not match.group().startswith("#!"):
                yield CommentLine(line, own, match.group().lstrip("#").strip())


def _indent_of(line: str) -> int:
    return len(line) - len(line.lstrip())
