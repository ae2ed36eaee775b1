"""What the code of one Python file does: calls, decorators, assignments, returns, parameters, fields, errors, locks.

The kinds and their attributes are those of `kbgen.extractors.base`; the form of values is that of
`kbgen.extractors.python_expressions`. What the contract leaves open:

- Code of a nested function belongs to the definition around it that has a ``symbol`` fact. Its parameters and what it
  returns are left out, since they are not that definition's; its decorators have ``target``, its name.
- The call that makes a decorator or the exception of a ``raise`` is told by that fact alone.
- ``target`` of a call may also be the parameter whose default or ``Annotated`` it is.
- ``binding`` has ``type`` when it is annotated; ``aug`` for ``x += …``, ``x |= …``, ``x.append(…)``, ``x.extend(…)``,
  where the value is what is added; ``loop`` for ``for x in …`` over a literal or a constant, where the value is
  ``["spread", iterable]`` (``["item", D, key]`` for the values of ``D.items()``). An ``item`` that is no literal is
  ``=`` and the encoded expression.
- ``type`` and ``returns`` are without the quotes of a forward reference; keyword-only and starred parameters have no
  ``index``, starred ones keep their stars.
- Local names bound to None are left out. So are, in a test, local names bound to a call, since that call has its
  ``target``, and attributes of anything but ``self``, which set up stand-ins.
- `raise` of what the handler around it caught is left out, and so are decorators that `symbol` says by name alone.
- Facts of one line and kind stand in the order in which they are written.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kbgen.expressions import UNKNOWN, Expr, encode_arguments, encode_expr, is_unknown, tag_of
from kbgen.extractors.base import is_setting_name
from kbgen.extractors.python_expressions import ExpressionReader, FoundCall, Loop, make_list
from kbgen.extractors.python_noise import is_noise, is_test_word
from kbgen.model import Fact

Attrs = tuple[tuple[str, str], ...]

TYPE_LIMIT = 120
"""Characters of an annotation."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_PLAIN_DECORATORS = frozenset(
    """abstractmethod cached_property classmethod deleter getter overload override property setter
    staticmethod""".split()
)
_LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "log"})


@dataclass(slots=True)
class _Scope:
    """What a statement stands in."""

    symbol: str
    kind: str
    """``module``, ``class``, ``function``; ``nested`` or ``local``: a function or class without a symbol of its own."""
    parameters: frozenset[str] = frozenset()
    members: bool = False
    """Whether plain assignments are members of an enum."""
    caught: set[str] = field(default_factory=set)
    """What handlers call the errors they caught."""


class CodeReader:
    """One walk over the statements of a file; every expression is read once."""

    def __init__(
        self,
        path: str,
        symbols: Mapping[ast.AST, str],
        quote_type: Callable[[ast.expr], str],
        own_names: Collection[str],
        is_test: bool,
    ) -> None:
        """`symbols` has the definitions and constants with a ``symbol`` fact, `own_names` what the module binds."""
        self.path = path
        self.symbols = symbols
        self.quote_type = quote_type
        self.own_names = own_names
        self.is_test = is_test
        self.reader = ExpressionReader(own_names)
        self._rows: list[tuple[int, str, int, int, Fact]] = []

    def read(self, tree: ast.Module) -> list[Fact]:
        """The facts by line, then kind, then place in the line."""
        self._read_body(tree.body, _Scope("", "module"), ())
        self._rows.sort(key=lambda row: row[:4])
        return [row[4] for row in self._rows]

    # --------------------------------------------------------------------------------- statements

    def _read_body(self, body: Sequence[ast.stmt], scope: _Scope, held: tuple[str, ...]) -> None:
        for node in body:
            try:
                self._read_statement(node, scope, held)
            except RecursionError:
                # Thousands of links or operators in one expression are generated data: no join can use them.
                self.reader.clear()

    def _read_statement(self, node: ast.stmt, scope: _Scope, held: tuple[str, ...]) -> None:
        if isinstance(node, ast.Expr):
            if not isinstance(node.value, ast.Constant):
                self.reader.read(node.value)
                self._read_grown(node.value, scope)
                self._flush(scope.symbol)
        elif isinstance(node, ast.Assign):
            self._read_assignment(node, scope)
        elif isinstance(node, ast.AnnAssign):
            self._read_annotated(node, scope)
        elif isinstance(node, ast.AugAssign):
            self._read_added(node, scope)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._read_function(node, scope)
        elif isinstance(node, ast.ClassDef):
            self._read_class(node, scope)
        elif isinstance(node, ast.Return):
            self._read_return(node, scope)
        elif isinstance(node, ast.If):
            self._read_if(node, scope, held)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            iterable, how = self.reader.read_iterable(node.iter)
            self.reader.loops.append(Loop(node.target, iterable, how, node.lineno))
            self._flush(scope.symbol)
            self._read_body(node.body, scope, held)
            self._read_body(node.orelse, scope, held)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            self._read_with(node, scope, held)
        elif isinstance(node, (ast.Try, ast.TryStar)):
            self._read_try(node, scope, held)
        elif isinstance(node, ast.Raise):
            self._read_raise(node, scope)
        elif isinstance(node, ast.While):
            self.reader.read(node.test)
            self._flush(scope.symbol)
            self._read_body(node.body, scope, held)
            self._read_body(node.orelse, scope, held)
        elif isinstance(node, ast.Match):
            self.reader.read(node.subject)
            self._flush(scope.symbol)
            for case in node.cases:
                if case.guard is not None:
                    self.reader.read(case.guard)
                    self._flush(scope.symbol)
                self._read_body(case.body, scope, held)
        elif isinstance(node, ast.Assert):
            self.reader.read(node.test)
            self._flush(scope.symbol, awaited_only=self.is_test)

    def _read_if(self, node: ast.If, scope: _Scope, held: tuple[str, ...]) -> None:
        """A chain of ``elif`` is as deep as it is long, so it is followed here."""
        branch: ast.If | None = node
        while branch is not None:
            self.reader.read(branch.test)
            self._flush(scope.symbol)
            self._read_body(branch.body, scope, held)
            other = branch.orelse
            branch = other[0] if len(other) == 1 and isinstance(other[0], ast.If) else None
            if branch is None:
                self._read_body(other, scope, held)

    # -------------------------------------------------------------------------------- definitions

    def _read_function(self, node: _Function, scope: _Scope) -> None:
        qualified = self.symbols.get(node)
        symbol = scope.symbol if qualified is None else qualified
        on = "method" if scope.kind == "class" and qualified is not None else "function"
        self._read_decorators(node, symbol, on, qualified is None)
        self._read_parameters(node, symbol, on == "method", qualified is not None)
        arguments = node.args
        names = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        inner = _Scope(
            symbol, "nested" if qualified is None else "function", frozenset(argument.arg for argument in names)
        )
        self._read_body(node.body, inner, ())

    def _read_class(self, node: ast.ClassDef, scope: _Scope) -> None:
        qualified = self.symbols.get(node)
        symbol = scope.symbol if qualified is None else qualified
        self._read_decorators(node, symbol, "class", qualified is None)
        for part in (*node.bases, *(word.value for word in node.keywords)):
            if not isinstance(part, (ast.Name, ast.Attribute)):
                self.reader.read(part)
        self._flush(symbol)
        last_names = [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]
        members = any(name.endswith(("Enum", "IntFlag")) or name == "Flag" for name in last_names)
        self._read_body(node.body, _Scope(symbol, "local" if qualified is None else "class", members=members), ())

    def _read_decorators(self, node: _Function | ast.ClassDef, symbol: str, on: str, nested: bool) -> None:
        for decorator in node.decorator_list:
            name, arguments = self._read_made(decorator)
            if name == "?" or (not arguments and _is_plain(name)):
                self._flush(symbol)
                continue
            attrs = [("on", on)]
            if nested:
                attrs.append(("target", node.name))
            self._add("decorator", name, decorator, arguments, symbol, tuple(attrs))
            self._flush(symbol)

    def _read_made(self, node: ast.expr) -> tuple[str, str]:
        """(name, encoded arguments) of an expression whose own call is told by another fact."""
        if not isinstance(node, ast.Call):
            return self.reader.name(node), ""
        self.reader.read(node)
        found = self.reader.by_node.get(node)
        if found is None:
            return "?", ""
        self.reader.calls.remove(found)
        return found.callee, encode_arguments(found.positional, found.keywords)

    def _read_parameters(self, node: _Function, symbol: str, is_method: bool, told: bool) -> None:
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
        defaults.extend(arguments.defaults)
        first = 1 if is_method and positional and positional[0].arg in ("self", "cls") else 0
        for place, (argument, default) in enumerate(zip(positional, defaults, strict=True)):
            if place >= first:
                self._read_parameter(argument, argument.arg, default, symbol, str(place - first), told)
        if arguments.vararg is not None:
            self._read_parameter(arguments.vararg, f"*{arguments.vararg.arg}", None, symbol, "", told)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            self._read_parameter(argument, argument.arg, default, symbol, "", told)
        if arguments.kwarg is not None:
            self._read_parameter(arguments.kwarg, f"**{arguments.kwarg.arg}", None, symbol, "", told)

    def _read_parameter(
        self, node: ast.arg, name: str, default: ast.expr | None, symbol: str, index: str, told: bool
    ) -> None:
        value = ""
        if default is not None:
            expr = self.reader.read(default)
            self._aim(default, name)
            value = encode_expr(expr) if told else ""
        if node.annotation is not None and _holds_calls(node.annotation):
            self.reader.read(node.annotation)
            for found in self.reader.calls:
                found.target = found.target or name
        self._flush(symbol)
        if told and (node.annotation is not None or default is not None):
            attrs = self._type_of(node.annotation)
            if index:
                attrs = (*attrs, ("index", index))
            self._add("param", name, node, value, symbol, attrs)

    def _type_of(self, annotation: ast.expr | None) -> Attrs:
        if annotation is None:
            return ()
        return (("type", self.quote_type(annotation)),)

    # -------------------------------------------------------------------------------- assignments

    def _read_assignment(self, node: ast.Assign, scope: _Scope) -> None:
        expr = self.reader.read(node.value)
        for target in node.targets:
            self._assign(target, node.value, expr, node, scope, ())
        self._flush(scope.symbol, self.symbols.get(node, ""))

    def _read_annotated(self, node: ast.AnnAssign, scope: _Scope) -> None:
        expr = UNKNOWN if node.value is None else self.reader.read(node.value)
        if _holds_calls(node.annotation):
            self.reader.read(node.annotation)
        types = self._type_of(node.annotation)
        if scope.kind == "class" and isinstance(node.target, ast.Name):
            if node.value is not None:
                self._aim(node.value, node.target.id)
                found = self.reader.find_direct_call(node.value)
                if found is not None and found.callee.rpartition(".")[2] in ("Field", "field"):
                    self.reader.calls.remove(found)
            value = "" if node.value is None else encode_expr(expr)
            self._add("field", node.target.id, node, value, scope.symbol, types)
        elif node.value is not None:
            self._assign(node.target, node.value, expr, node, scope, types)
        self._flush(scope.symbol, self.symbols.get(node, ""))

    def _read_added(self, node: ast.AugAssign, scope: _Scope) -> None:
        expr = self.reader.read(node.value)
        if isinstance(node.op, (ast.Add, ast.BitOr)) and not isinstance(expr, (int, float)):
            self._assign(node.target, node.value, expr, node, scope, (("aug", "yes"),))
        self._flush(scope.symbol)

    def _read_grown(self, node: ast.expr, scope: _Scope) -> None:
        """``tools.append(search)`` adds to a list as ``tools += [search]`` does."""
        found = self.reader.by_node.get(node)
        if found is None or self.is_test or len(found.positional) != 1 or not isinstance(node, ast.Call):
            return
        name, _, method = found.callee.rpartition(".")
        added = found.positional[0]
        if (
            method in ("append", "extend")
            and name.replace(".", "_").isidentifier()
            and tag_of(added) not in ("?", "spread", "text", "dict")
        ):
            value = ["list", added] if method == "append" else make_list(added)
            self._bind(name, node, value, scope, (("aug", "yes"),))

    def _assign(
        self, target: ast.expr, value: ast.expr, expr: Expr, node: ast.stmt, scope: _Scope, attrs: Attrs
    ) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
                for part, part_value, part_expr in zip(target.elts, value.elts, expr[1:], strict=True):
                    self._assign(part, part_value, part_expr, node, scope, attrs)
            return
        if isinstance(target, ast.Subscript):
            key = self.reader.read(target.slice)
            name = self.reader.name(target.value)
            if isinstance(target.slice, ast.Slice) or is_unknown(expr):
                return
            item = key if isinstance(key, str) else "=" + encode_expr(key)
            self._aim(value, f"{name}[]")
            self._bind(name, target, expr, scope, (*attrs, ("item", item)))
            return
        if not isinstance(target, (ast.Name, ast.Attribute)):
            return
        name = self.reader.name(target)
        self._aim(value, name)
        if is_unknown(expr) or name == "__all__":
            return
        if isinstance(target, ast.Name) and isinstance(value, ast.Name) and value.id in scope.parameters:
            return
        if scope.kind in ("function", "nested") and not name.startswith(("self.", "cls.")):
            local = isinstance(target, ast.Name)
            if (local and expr is None) or (self.is_test and (not local or tag_of(expr) == "call")):
                return
        if scope.members and scope.kind == "class" and not name.startswith("_"):
            self._add("field", name, target, encode_expr(expr), scope.symbol, (("member", "yes"),))
            return
        self._bind(name, target, expr, scope, attrs)

    def _bind(self, name: str, node: ast.expr, expr: Expr, scope: _Scope, attrs: Attrs = ()) -> None:
        if scope.kind != "local":
            self._add("binding", name, node, encode_expr(expr), scope.symbol, attrs)

    def _aim(self, value: ast.expr, target: str) -> None:
        found = self.reader.find_direct_call(value)
        if found is not None and not found.target:
            found.target = target

    # ------------------------------------------------------------------------- returns and errors

    def _read_return(self, node: ast.Return, scope: _Scope) -> None:
        if node.value is None:
            return
        expr = self.reader.read(node.value)
        if scope.kind == "function" and expr is not None and not is_unknown(expr):
            self._add("return", "", node, encode_expr(expr), scope.symbol)
        self._flush(scope.symbol)

    def _read_raise(self, node: ast.Raise, scope: _Scope) -> None:
        if node.exc is not None:
            name, arguments = self._read_raised(node.exc)
            if name not in scope.caught and name != "?":
                self._add("raise", name, node, arguments, scope.symbol)
        if node.cause is not None:
            self.reader.read(node.cause)
        self._flush(scope.symbol)

    def _read_raised(self, node: ast.expr) -> tuple[str, str]:
        """A class that is raised is told by the ``raise``; a function that makes the error is a call as well."""
        if not isinstance(node, ast.Call) or _last_name(node.func)[:1].isupper():
            return self._read_made(node)
        self.reader.read(node)
        found = self.reader.by_node.get(node)
        return ("?", "") if found is None else (found.callee, encode_arguments(found.positional, found.keywords))

    def _read_try(self, node: ast.Try | ast.TryStar, scope: _Scope, held: tuple[str, ...]) -> None:
        self._read_body(node.body, scope, held)
        for handler in node.handlers:
            caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            names = [self.reader.name(part) for part in caught if part is not None]
            self._flush(scope.symbol)
            attrs = (("does", _find_reaction(handler.body)),)
            self._add("except", " ".join(names), handler, "", scope.symbol, attrs)
            if handler.name:
                scope.caught.add(handler.name)
            self._read_body(handler.body, scope, held)
        self._read_body(node.orelse, scope, held)
        self._read_body(node.finalbody, scope, held)

    def _read_with(self, node: ast.With | ast.AsyncWith, scope: _Scope, held: tuple[str, ...]) -> None:
        for item in node.items:
            expr = self.reader.read(item.context_expr)
            name = expr[1] if tag_of(expr) == "name" else ""
            if item.optional_vars is not None:
                target = item.optional_vars
                if isinstance(target, (ast.Name, ast.Attribute)):
                    self._aim(item.context_expr, self.reader.name(target))
            attrs: list[tuple[str, str]] = []
            if isinstance(node, ast.AsyncWith):
                attrs.append(("async", "yes"))
            if held:
                attrs.append(("within", " ".join(held)))
            found = self.reader.find_direct_call(item.context_expr)
            value = encode_expr(expr)
            self._flush(scope.symbol)
            self._add("with", name, item.context_expr, value, scope.symbol, tuple(attrs))
            if name:
                held = (*held, name)
            elif found is not None:
                held = (*held, f"{found.callee}()")
        self._read_body(node.body, scope, held)

    # ------------------------------------------------------------------------------------ helpers

    def _flush(self, scope: str, owner: str = "", awaited_only: bool = False) -> None:
        """Facts of what the reader found in one statement: names are bound in `scope`, calls are `owner`'s."""
        reader = self.reader
        for name, expr, line in reader.walruses:
            if not is_unknown(expr):
                self._append(Fact("binding", name, self.path, line, encode_expr(expr), scope), 0)
        for loop in reader.loops:
            for name, expr in _bind_loop(loop.target, loop.iterable, loop.how):
                value = encode_expr(expr)
                self._append(Fact("binding", name, self.path, loop.line, value, scope, "", (("loop", "yes"),)), 0)
        for found in reader.calls:
            if found.awaited or not (awaited_only or self._is_noise(found)):
                self._add_call(found, owner or scope)
        reader.clear()

    def _is_noise(self, found: FoundCall) -> bool:
        if self.is_test and is_test_word(found.callee):
            return True
        return found.callee not in self.own_names and is_noise(found.callee, found.positional, found.keywords)

    def _add_call(self, found: FoundCall, symbol: str) -> None:
        attrs: list[tuple[str, str]] = []
        if found.target:
            attrs.append(("target", found.target))
        if found.awaited:
            attrs.append(("awaited", "yes"))
        if found.inside:
            attrs.append(("in", found.inside))
        value = encode_arguments(found.positional, found.keywords)
        self._append(Fact("call", found.callee, self.path, found.line, value, symbol, "", tuple(attrs)), found.column)

    def _add(
        self,
        kind: str,
        name: str,
        node: ast.stmt | ast.expr | ast.arg | ast.excepthandler,
        value: str,
        symbol: str,
        attrs: Attrs = (),
    ) -> None:
        self._append(Fact(kind, name, self.path, node.lineno, value, symbol, "", attrs), node.col_offset)

    def _append(self, fact: Fact, column: int) -> None:
        self._rows.append((fact.line, fact.kind, column, len(self._rows), fact))


def _bind_loop(target: ast.expr, iterable: Expr, how: str) -> Iterator[tuple[str, Expr]]:
    """What a loop over a literal or a constant binds its names to."""
    pair = target.elts if isinstance(target, ast.Tuple) and len(target.elts) == 2 else None
    if how == "enumerate":
        if pair is not None:
            yield from _bind_loop(pair[1], iterable, "")
        return
    if how == "items" and pair is None:
        return
    tag = tag_of(iterable)
    if tag == "dict":
        keys = ["list", *(key if key is not None else ["spread", each] for key, each in iterable[1:])]
        values = ["list", *(each for key, each in iterable[1:] if key is not None)]
        if how == "items" and pair is not None:
            yield from _bind_loop(pair[0], keys, "")
            yield from _bind_loop(pair[1], values, "")
        else:
            yield from _bind_loop(target, values if how == "values" else keys, "")
    elif tag == "name" and is_setting_name(iterable[1].rpartition(".")[2]):
        if how == "items" and pair is not None:
            if isinstance(pair[0], ast.Name):
                yield pair[0].id, ["spread", iterable]
                if isinstance(pair[1], ast.Name):
                    yield pair[1].id, ["item", iterable, ["name", pair[0].id]]
        elif isinstance(target, ast.Name):
            yield target.id, ["item", iterable, UNKNOWN] if how == "values" else ["spread", iterable]
    elif tag == "list" and not how and any(tag_of(item) != "spread" for item in iterable[1:]):
        if isinstance(target, ast.Name):
            yield target.id, ["spread", iterable]
        elif isinstance(target, ast.Tuple):
            size = len(target.elts)
            if all(tag_of(item) == "list" and len(item) == size + 1 for item in iterable[1:]):
                for place, part in enumerate(target.elts, 1):
                    yield from _bind_loop(part, ["list", *(item[place] for item in iterable[1:])], "")


def _find_reaction(body: Sequence[ast.stmt]) -> str:
    """What a handler does with what it caught: the first of raise, return, log and pass that fits."""
    if all(isinstance(node, (ast.Pass, ast.Continue)) or _is_ellipsis(node) for node in body):
        return "pass"
    returns = logs = False
    work: list[ast.AST] = list(body)
    while work:
        node = work.pop()
        if isinstance(node, ast.Raise):
            return "raise"
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Return):
            returns = True
        elif isinstance(node, ast.Call):
            logs = logs or _is_log(node.func)
        work.extend(ast.iter_child_nodes(node))
    return "return" if returns else "log" if logs else "other"


def _is_plain(decorator: str) -> bool:
    return decorator.rpartition(".")[2] in _PLAIN_DECORATORS or decorator.startswith("pytest.mark.")


def _is_ellipsis(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_log(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "print"
    if not isinstance(function, ast.Attribute):
        return False
    receiver = _last_name(function.value).lower()
    return (function.attr in _LEVELS and "log" in receiver) or function.attr == "print_exc"


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _holds_calls(annotation: ast.expr) -> bool:
    """``Annotated[Session, Depends(get_session)]`` does; any other annotation only names types."""
    return isinstance(annotation, ast.Subscript) and _last_name(annotation.value) == "Annotated"
