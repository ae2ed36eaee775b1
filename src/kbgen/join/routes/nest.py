"""Routes of NestJS: controllers, the modules that list them, prefixes and versions of the application."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from kbgen.expressions import Expr, decode_arguments, decode_expr, find_argument, find_key, is_unknown, tag_of
from kbgen.join.program import Place, Program
from kbgen.join.routes.routers import fold_path, make_route
from kbgen.join.urls import from_colons, join_paths
from kbgen.model import Fact

_METHODS = {
    "Get": "GET",
    "Post": "POST",
    "Put": "PUT",
    "Delete": "DELETE",
    "Patch": "PATCH",
    "Head": "HEAD",
    "Options": "OPTIONS",
    "All": "ANY",
    "Sse": "GET",
}
_PACKAGE = "@nestjs/common"


@dataclass(slots=True)
class _App:
    """One ``NestFactory.create``: its modules, and what it puts before every path."""

    fact: Fact
    modules: set[Place] = field(default_factory=set)
    prefix: str = ""
    exclude: tuple[str, ...] = ()
    versioned: bool = False
    version: tuple[str, ...] = ()
    version_prefix: str = "v"
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Module:
    imports: tuple[Place, ...]
    controllers: tuple[Place, ...]
    fact: Fact


def find_nest_routes(program: Program) -> Iterator[Fact]:
    decorators = [f for f in program.list_facts("decorator") if f.attr("on") in ("class", "method", "")]
    controllers = {
        (f.path, f.symbol): f
        for f in decorators
        if f.name == "Controller" and program.find_origin(f.path, f.name).startswith(_PACKAGE)
    }
    if not controllers:
        return
    by_symbol: dict[Place, list[Fact]] = {}
    for fact in decorators:
        by_symbol.setdefault((fact.path, fact.symbol), []).append(fact)
    modules = {place: module for place, facts in by_symbol.items() if (module := _read_module(program, facts))}
    _add_dynamic(program, modules)
    apps = list(_find_apps(program, modules))
    paths = _find_module_paths(program)
    homes: dict[Place, list[Place]] = {}
    for place, module in modules.items():
        for controller in module.controllers:
            homes.setdefault(controller, []).append(place)
    imported = {place for module in modules.values() for place in module.imports}
    roots = {root for app in apps for root in app.modules}
    for place, fact in controllers.items():
        lived = [m for m in homes.get(place, []) if not apps or m in roots or m in imported]
        yield from _read_controller(
            program, fact, place, by_symbol, apps, homes.get(place, []), bool(lived), modules, paths
        )


# ------------------------------------------------------------------------------------------- modules


def _read_module(program: Program, facts: list[Fact]) -> _Module | None:
    fact = next((f for f in facts if f.name == "Module"), None)
    if fact is None or not program.find_origin(fact.path, "Module").startswith(_PACKAGE):
        return None
    positional, _ = decode_arguments(fact.value)
    scope = (fact.path, "")
    given = program.expand(*scope, positional[0]) if positional else None
    return _Module(
        tuple(_find_classes(program, scope, find_key(given, "imports"))),
        tuple(_find_classes(program, scope, find_key(given, "controllers"))),
        fact,
    )


def _add_dynamic(program: Program, modules: dict[Place, _Module]) -> None:
    """What ``static forRoot()`` of a module adds: ``return { module: X, controllers: [...] }``."""
    for fact in program.list_facts("return"):
        owner = fact.symbol.rpartition(".")[0]
        module = modules.get((fact.path, owner))
        if module is None or ("controllers" not in fact.value and "imports" not in fact.value):
            continue
        scope = (fact.path, fact.symbol)
        given = decode_expr(fact.value)
        modules[fact.path, owner] = _Module(
            (*module.imports, *_find_classes(program, scope, find_key(given, "imports"))),
            (*module.controllers, *_find_classes(program, scope, find_key(given, "controllers"))),
            module.fact,
        )


def _find_classes(program: Program, scope: Place, expr: Expr, depth: int = 5) -> Iterator[Place]:
    """The classes in a list of ``X``, ``X.forRoot()``, ``forwardRef(() => X)`` and choices between such."""
    tag = tag_of(expr)
    if depth <= 0:
        return
    if tag in ("list", "any", "fn"):
        for item in expr[1:]:
            yield from _find_classes(program, scope, item, depth - 1)
    elif tag == "spread":
        yield from _find_classes(program, scope, expr[1], depth - 1)
    elif tag == "name":
        places = program.resolve(scope[0], scope[1], str(expr[1]))
        classes = [place for place in places if program.is_class(place)]
        yield from classes
        if not classes:
            for inner_scope, value in program.find_values(scope[0], scope[1], str(expr[1])):
                yield from _find_classes(program, inner_scope, value, depth - 1)
    elif tag == "call":
        for argument in expr[2]:
            yield from _find_classes(program, scope, argument, depth - 1)
        owner = str(expr[1]).rpartition(".")[0]
        if owner:
            yield from _find_classes(program, scope, ["name", owner], depth - 1)
    elif tag == "dict":
        yield from _find_classes(program, scope, find_key(expr, "module"), depth - 1)


# -------------------------------------------------------------------------------------- applications


def _find_apps(program: Program, modules: dict[Place, _Module]) -> Iterator[_App]:
    calls = [f for f in program.list_facts("call") if f.path.endswith((".ts", ".js", ".mts", ".mjs"))]
    set_up = [f for f in calls if f.name.endswith((".setGlobalPrefix", ".enableVersioning"))]
    for fact in calls:
        if fact.name not in ("NestFactory.create", "NestFactory.createApplicationContext"):
            continue
        positional, _ = decode_arguments(fact.value)
        app = _App(fact)
        stack = list(_find_classes(program, (fact.path, fact.symbol), positional[0])) if positional else []
        while stack:
            place = stack.pop()
            if place not in app.modules:
                app.modules.add(place)
                stack.extend(modules[place].imports if place in modules else ())
        folder = posixpath.dirname(fact.path)
        # Setting up is often a function of its own, in a file below the same folder.
        for call in set_up:
            if call.path == fact.path or (call.path.startswith(folder + "/") and folder):
                _set_up(program, app, call)
        yield app


def _set_up(program: Program, app: _App, call: Fact) -> None:
    positional, words = decode_arguments(call.value)
    scope = (call.path, call.symbol)
    evidence = f"{call.path}:{call.line}"
    if call.name.endswith(".setGlobalPrefix"):
        texts = fold_path(program, scope, positional[0]) if positional else ()
        if texts:
            app.prefix = from_colons(texts[0])
            app.via = (*app.via, evidence)
        excluded = find_argument(positional, words, "exclude")
        app.exclude = tuple(
            from_colons(text)
            for _, item in program.expand_items(*scope, excluded)
            for text in fold_path(program, scope, find_key(item, "path") if tag_of(item) == "dict" else item)
        )
        return
    kind = find_argument(positional, words, "type")
    if not positional or (tag_of(kind) == "name" and str(kind[1]).endswith(".URI")):
        app.versioned = True
        app.via = (*app.via, evidence)
        prefix = find_argument(positional, words, "prefix")
        if isinstance(prefix, str) or prefix is False:
            app.version_prefix = prefix or ""
        app.version = fold_path(program, scope, find_argument(positional, words, "defaultVersion"))


def _find_module_paths(program: Program) -> dict[Place, str]:
    """``RouterModule.register([{ path: "admin", module: AdminModule, children: [...] }])``: module -> prefix."""
    found: dict[Place, str] = {}

    def walk(scope: Place, expr: Expr, prefix: str, depth: int) -> None:
        for item_scope, item in program.expand_items(*scope, expr) if depth else ():
            if tag_of(item) == "dict":
                texts = fold_path(program, item_scope, find_key(item, "path"))
                inner = join_paths(prefix, from_colons(texts[0]) if texts else "")
                for place in _find_classes(program, item_scope, find_key(item, "module")):
                    found[place] = inner
                walk(item_scope, find_key(item, "children"), inner, depth - 1)
            elif tag_of(item) == "name":
                for place in _find_classes(program, item_scope, item):
                    found[place] = prefix

    for fact in [*program.list_facts("call"), *program.list_facts("decorator")]:
        if fact.kind == "call" and fact.name in ("RouterModule.register", "RouterModule.forRoutes"):
            positional, _ = decode_arguments(fact.value)
            if positional:
                walk((fact.path, fact.symbol), positional[0], "", 5)
    return found


# --------------------------------------------------------------------------------------- controllers


def _read_controller(
    program: Program,
    fact: Fact,
    place: Place,
    by_symbol: dict[Place, list[Fact]],
    apps: list[_App],
    homes: list[Place],
    mounted: bool,
    modules: dict[Place, _Module],
    paths: dict[Place, str],
) -> Iterator[Fact]:
    positional, _ = decode_arguments(fact.value)
    scope = (fact.path, "")
    given = positional[0] if positional else ""
    given = program.expand(*scope, given)
    versions: tuple[str, ...] = ()
    if tag_of(given) == "dict":
        versions = fold_path(program, scope, find_key(given, "version"))
        given = find_key(given, "path")
        given = "" if is_unknown(given) else given
    bases = [from_colons(text) for text in fold_path(program, scope, given)] or ([] if given else ["/"])
    if not bases:
        return
    versions = _read_version(program, scope, by_symbol.get(place, [])) or versions
    under = [paths[home] for home in homes if home in paths] or [""]
    own_apps = [app for app in apps if app.modules & set(homes)] or [a for a in apps if _is_near(a, fact.path)]
    for method_place, method_fact, verb in _list_methods(program, place, by_symbol):
        method_positional, _ = decode_arguments(method_fact.value)
        method_scope = (method_fact.path, method_place[1].rpartition(".")[0])
        written = method_positional[0] if method_positional else ""
        tails = [from_colons(text) for text in fold_path(program, method_scope, written)] or ([] if written else ["/"])
        own_versions = _read_version(program, method_scope, by_symbol.get(method_place, [])) or versions
        via = tuple(f"{modules[home].fact.path}:{modules[home].fact.line}" for home in homes[:2])
        for base in bases:
            for tail in tails:
                for prefix, more in _list_prefixes(own_apps, join_paths(base, tail), own_versions):
                    for folder in under:
                        path = join_paths(prefix, folder, base, tail)
                        evidence = method_fact if method_fact.path == fact.path else fact
                        yield make_route(
                            program, evidence, verb, path, "nest", method_place, (*more, *via), mounted and bool(homes)
                        )


def _is_near(app: _App, path: str) -> bool:
    folder = posixpath.dirname(app.fact.path)
    return bool(folder) and path.startswith(folder + "/")


def _read_version(program: Program, scope: Place, facts: list[Fact]) -> tuple[str, ...]:
    for fact in facts:
        if fact.name == "Version":
            positional, _ = decode_arguments(fact.value)
            return fold_path(program, scope, positional[0]) if positional else ()
    return ()


def _list_methods(
    program: Program, place: Place, by_symbol: dict[Place, list[Fact]], depth: int = 4
) -> Iterator[tuple[Place, Fact, str]]:
    """(method, decorator, HTTP method) of a controller and of the classes that it extends."""
    own: set[str] = set()
    for member, symbol in program.list_symbols(place[0]).items():
        if symbol.attr("parent") != place[1]:
            continue
        own.add(symbol.name)
        for fact in by_symbol.get((place[0], member), ()):
            if fact.name in _METHODS and program.find_origin(fact.path, fact.name).startswith(_PACKAGE):
                yield (place[0], member), fact, _METHODS[fact.name]
    owner = program.get_symbol(place)
    for base in owner.attr("bases").split() if owner is not None and depth else ():
        for above in program.resolve(place[0], "", base):
            for method, fact, verb in _list_methods(program, above, by_symbol, depth - 1):
                if method[1].rpartition(".")[2] not in own:
                    yield method, fact, verb


def _list_prefixes(apps: list[_App], path: str, versions: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """What the applications put before a path: (prefix with version, evidence), one for each version."""
    found: dict[str, tuple[str, ...]] = {}
    for app in apps:
        prefix = "" if any(_excludes(rule, path) for rule in app.exclude) else app.prefix
        wanted = (versions or app.version) if app.versioned else ()
        for version in wanted or ("",):
            part = app.version_prefix + version if version and not version.startswith("VERSION") else ""
            found.setdefault(join_paths(prefix, part), app.via)
    return list(found.items()) or [("", ())]


def _excludes(rule: str, path: str) -> bool:
    if rule.endswith("...}"):
        return path.startswith(rule.rpartition("/")[0] + "/")
    return rule == path
