"""Routes of Django: ``urlpatterns`` and what they include, routers of the REST framework."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbgen.expressions import Expr, decode_arguments, decode_expr, find_argument, tag_of
from kbgen.join.program import Place, Program
from kbgen.join.routes.routers import fold_path, make_route
from kbgen.join.urls import from_angles, join_paths
from kbgen.model import Fact

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_DEPTH = 6


def find_django_routes(program: Program) -> Iterator[Fact]:
    tables: dict[str, list[Fact]] = {}
    for fact in program.list_facts("binding"):
        if fact.name == "urlpatterns" and not fact.symbol and fact.path.endswith(".py"):
            tables.setdefault(fact.path, []).append(fact)
    if not tables:
        return
    reader = _Reader(program, tables)
    found = [route for path in tables for route in reader.read(path, "", (), _DEPTH)]
    # A table that another one includes is no root of its own.
    for root, route in found:
        if root not in reader.included:
            yield route


class _Reader:
    def __init__(self, program: Program, tables: dict[str, list[Fact]]) -> None:
        self.program = program
        self.tables = tables
        self.included: set[str] = set()
        self.calls = [f for f in program.list_facts("call") if f.path in tables]

    def read(self, path: str, prefix: str, via: tuple[str, ...], depth: int) -> Iterator[tuple[str, Fact]]:
        """(table that it was read from, route) of a table and of those that it includes."""
        for fact in self.tables.get(path, ()) if depth else ():
            for scope, item in self.program.expand_items(path, "", decode_expr(fact.value)):
                for route in self._read_item(scope, item, fact, prefix, via, depth):
                    yield path, route

    def _read_item(
        self, scope: Place, item: Expr, fact: Fact, prefix: str, via: tuple[str, ...], depth: int
    ) -> Iterator[Fact]:
        if tag_of(item) != "call":
            return
        last = str(item[1]).rpartition(".")[2]
        if last not in ("path", "re_path", "url"):
            return
        texts = fold_path(self.program, scope, find_argument(item[2], item[3], 0, "route"))
        view = find_argument(item[2], item[3], 1, "view")
        if not texts:
            return
        whole = join_paths(prefix, from_angles(texts[0] if last == "path" else from_pattern(texts[0])))
        evidence = self._find_line(scope[0], item, fact)
        if tag_of(view) == "call" and str(view[1]).rpartition(".")[2] == "include" and view[2]:
            more = (*via, f"{scope[0]}:{evidence.line}")
            yield from self._read_included(scope, view[2][0], evidence, whole, more, depth - 1)
            return
        handler = _find_view(self.program, scope, view)
        for method in self._list_methods(handler):
            yield make_route(self.program, evidence, method, whole, "django", handler or ("", ""), via)

    def _read_included(
        self, scope: Place, target: Expr, fact: Fact, prefix: str, via: tuple[str, ...], depth: int
    ) -> Iterator[Fact]:
        tag = tag_of(target)
        if isinstance(target, str):
            for there in self.program.find_modules(scope[0], target):
                self.included.add(there)
                for _, route in self.read(there, prefix, via, depth):
                    yield route
        elif tag == "name" and str(target[1]).endswith(".urls"):
            owner = str(target[1]).removesuffix(".urls")
            modules = [p for p, s in self.program.resolve(scope[0], scope[1], str(target[1])) if not s]
            for there in modules:
                self.included.add(there)
                for _, route in self.read(there, prefix, via, depth):
                    yield route
            if not modules:
                yield from self._read_registered(scope, owner, prefix, via)
        elif tag == "list":
            items = target[1][1:] if len(target) > 1 and tag_of(target[1]) == "list" else target[1:]
            for item in items:
                yield from self._read_item(scope, item, fact, prefix, via, depth)
        elif tag == "name":
            for inner_scope, item in self.program.expand_items(scope[0], scope[1], target):
                yield from self._read_item(inner_scope, item, fact, prefix, via, depth)

    def _read_registered(self, scope: Place, owner: str, prefix: str, via: tuple[str, ...]) -> Iterator[Fact]:
        """``router.register("users", UserViewSet)`` of the REST framework: a list and a detail path."""
        for fact in self.calls:
            if fact.path != scope[0] or fact.name != owner + ".register":
                continue
            positional, words = decode_arguments(fact.value)
            texts = fold_path(self.program, scope, find_argument(positional, words, 0, "prefix"))
            view = _find_view(self.program, scope, find_argument(positional, words, 1, "viewset"))
            for text in texts[:1]:
                base = join_paths(prefix, from_pattern(text))
                for method, tail in (("GET", ""), ("POST", ""), ("GET", "{pk}"), ("PUT", "{pk}"), ("DELETE", "{pk}")):
                    yield make_route(
                        self.program, fact, method, join_paths(base, tail), "django", view or ("", ""), via
                    )

    def _find_line(self, path: str, item: Expr, fallback: Fact) -> Fact:
        """The call that a list item is, for its line."""
        for fact in self.calls:
            if fact.path == path and fact.name == item[1]:
                positional, _ = decode_arguments(fact.value)
                if positional == item[2]:
                    return fact
        return fallback

    def _list_methods(self, handler: Place | None) -> tuple[str, ...]:
        symbol = self.program.get_symbol(handler) if handler is not None else None
        if handler is None or symbol is None:
            return ("ANY",)
        own = tuple(
            m.upper() for m in _METHODS if self.program.get_symbol((handler[0], f"{handler[1]}.{m}")) is not None
        )
        if own:
            return own
        for fact in self.program.list_within(handler[0], handler[1], "decorator"):
            last = fact.name.rpartition(".")[2]
            if last in ("api_view", "require_http_methods"):
                positional, _ = decode_arguments(fact.value)
                texts = fold_path(self.program, (handler[0], ""), positional[0]) if positional else ()
                return tuple(text.upper() for text in texts) or ("GET",)
            if last in ("require_GET", "require_POST"):
                return (last.rpartition("_")[2],)
        return ("ANY",)


def _find_view(program: Program, scope: Place, expr: Expr) -> Place | None:
    """The function or class behind ``views.users``, ``UserView.as_view()``, ``login_required(view)``."""
    if tag_of(expr) == "name":
        return next(iter(program.resolve(scope[0], scope[1], str(expr[1]))), None)
    if tag_of(expr) == "call":
        name = str(expr[1])
        if name.endswith(".as_view"):
            return next(iter(program.resolve(scope[0], scope[1], name.removesuffix(".as_view"))), None)
        return next((found for part in expr[2] if (found := _find_view(program, scope, part)) is not None), None)
    return None


def from_pattern(pattern: str) -> str:
    """A path out of a regular expression: ``^users/(?P<id>\\d+)/$`` is ``users/{id}``."""
    text = pattern.removeprefix("^").removesuffix("$")
    text = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"{\1}", text)
    text = re.sub(r"\((?!\?)(?:[^()]|\([^()]*\))*\)", "{value}", text)
    return re.sub(r"[\\^$?]", "", text)
