"""Routes of FastAPI, Starlette, Flask and their kin: decorators, registering calls, lists of routes."""

from __future__ import annotations

from collections.abc import Iterator

from kbgen.expressions import Expr, decode_arguments, encode_arguments, find_argument, is_unknown, tag_of
from kbgen.join.layout import PY_SUFFIXES
from kbgen.join.program import Place, Program
from kbgen.join.routes.routers import Endpoint, Mount, Router, Routers, Spot, find_class, fold_path
from kbgen.join.urls import from_angles, from_braces, join_paths
from kbgen.model import Fact

_METHODS = ("get", "post", "put", "delete", "patch", "options", "head", "trace")
_APPS = {
    ("fastapi", "FastAPI"): "fastapi",
    ("starlette", "Starlette"): "starlette",
    ("flask", "Flask"): "flask",
    ("quart", "Quart"): "quart",
    ("sanic", "Sanic"): "sanic",
    ("aiohttp", "Application"): "aiohttp",
    ("robyn", "Robyn"): "robyn",
    ("bottle", "Bottle"): "bottle",
    ("falcon", "App"): "falcon",
}
_ROUTERS = {
    ("fastapi", "APIRouter"): "fastapi",
    ("starlette", "Router"): "starlette",
    ("flask", "Blueprint"): "flask",
    ("flask_restx", "Namespace"): "flask",
    ("flask_smorest", "Blueprint"): "flask",
    ("quart", "Blueprint"): "quart",
    ("sanic", "Blueprint"): "sanic",
    ("aiohttp", "RouteTableDef"): "aiohttp",
    ("robyn", "SubRouter"): "robyn",
}
"""(root of the module that it is imported from, own name) -> framework. An app hangs below nothing."""

_MOUNTING = ("include_router", "mount", "register_blueprint", "blueprint", "add_subapp", "add_namespace")
_ADDING = {
    "add_api_route": "",
    "add_route": "",
    "add_url_rule": "",
    "add_resource": "",
    "add_api_websocket_route": "WEBSOCKET",
    "add_websocket_route": "WEBSOCKET",
    **{f"add_{method}": method.upper() for method in _METHODS},
}
_ROUTE_CLASSES = {"Route": "", "APIRoute": "", "WebSocketRoute": "WEBSOCKET", "APIWebSocketRoute": "WEBSOCKET"}
_PARAMETER_TYPES = ("FastAPI", "APIRouter", "Starlette", "Flask", "Blueprint", "Router", "Quart", "Sanic")


def add_python_routes(program: Program, routers: Routers) -> None:
    calls = [fact for fact in program.list_facts("call") if fact.path.endswith(PY_SUFFIXES)]
    for fact in calls:
        _read_constructor(program, routers, fact)
    listed = _read_route_lists(program, routers, calls)
    for fact in calls:
        receiver, _, last = fact.name.rpartition(".")
        if last in _MOUNTING and receiver:
            _read_mount(program, routers, fact, receiver, last)
        elif last in _ADDING and receiver:
            _read_added(program, routers, fact, receiver, last)
        elif last in _ROUTE_CLASSES or (last in _METHODS and receiver.rpartition(".")[2] == "web"):
            _read_route_class(program, routers, fact, last, listed)
    for fact in program.list_facts("decorator"):
        if fact.path.endswith(PY_SUFFIXES):
            _read_decorator(program, routers, fact)


def _read_constructor(program: Program, routers: Routers, fact: Fact) -> None:
    last = fact.name.rpartition(".")[2]
    framework, is_app = "", False
    target = fact.attr("target")
    if not target or not last[:1].isupper():
        return
    root = program.find_origin(fact.path, fact.name).partition(".")[0]
    for table, app in ((_APPS, True), (_ROUTERS, False)):
        if (root, last) in table:
            framework, is_app = table[root, last], app
    if not framework:
        found = _find_inherited(program, fact)
        if found is None:
            return
        framework, is_app = found
    positional, words = decode_arguments(fact.value)
    prefix = find_argument(positional, words, "prefix", "url_prefix")
    texts = fold_path(program, (fact.path, fact.symbol), prefix) if not is_unknown(prefix) else ()
    symbol = fact.symbol
    if target.startswith(("self.", "cls.")):
        symbol, target = find_class(program, fact.path, fact.symbol), "self." + target.partition(".")[2]
    spot = Spot(fact.path, symbol, target)
    routers.add_router(Router(spot, framework, is_app, normalise(framework, texts[0]) if texts else "", fact))


def _find_inherited(program: Program, fact: Fact) -> tuple[str, bool] | None:
    """The framework class that an own class is made from."""
    for place in program.resolve(fact.path, fact.symbol, fact.name):
        symbol = program.get_symbol(place)
        for base in symbol.attr("bases").split() if symbol is not None else ():
            key = (program.find_origin(place[0], base).partition(".")[0], base.rpartition(".")[2])
            if key in _APPS:
                return _APPS[key], True
            if key in _ROUTERS:
                return _ROUTERS[key], False
    return None


def normalise(framework: str, path: str) -> str:
    return from_angles(path) if framework in ("flask", "quart", "sanic", "bottle") or "<" in path else from_braces(path)


# ------------------------------------------------------------------------------------------ decorators


def _read_decorator(program: Program, routers: Routers, fact: Fact) -> None:
    receiver, _, verb = fact.name.rpartition(".")
    if not receiver or not (
        verb in _METHODS or verb in ("route", "api_route", "websocket", "websocket_route", "custom_route")
    ):
        return
    if fact.attr("on") not in ("function", "method", "class"):
        return
    positional, words = decode_arguments(fact.value)
    outer = fact.symbol.rpartition(".")[0]
    scope = (fact.path, outer)
    written = find_argument(positional, words, 0, "path", "rule", "uri")
    spots = tuple(routers.find(fact.path, outer, receiver)) or tuple(routers.find(fact.path, fact.symbol, receiver))
    texts = fold_path(program, scope, written) if not is_unknown(written) else ()
    if not spots:
        # A router that cannot be followed: only what looks like nothing but a route counts.
        if not texts or not all(text.startswith("/") for text in texts):
            return
        parameter = _find_typed_parameter(program, fact, receiver)
        spots = (routers.find_parameter(parameter, receiver, "fastapi"),) if parameter is not None else ()
    framework = routers.routers[spots[0]].framework if spots else "decorator"
    methods = _list_methods(program, scope, verb, words)
    for text in texts:
        routers.endpoints.append(
            Endpoint(spots, methods, normalise(framework, text), framework, fact, (fact.path, fact.symbol))
        )


def _find_typed_parameter(program: Program, fact: Fact, name: str) -> Fact | None:
    """The parameter of the enclosing function that is a router, for ``def register(app: FastAPI)``."""
    for scope in (fact.symbol, fact.symbol.rpartition(".")[0]):
        for param in program.list_within(fact.path, scope, "param") if scope else ():
            if param.name == name and param.attr("type").rpartition(".")[2] in _PARAMETER_TYPES:
                return param
    return None


def _list_methods(program: Program, scope: Place, verb: str, words: dict[str, Expr]) -> tuple[str, ...]:
    if verb.startswith("websocket"):
        return ("WEBSOCKET",)
    if verb in _METHODS:
        return (verb.upper(),)
    listed = words.get("methods")
    if listed is None:
        return ("GET",)
    names = []
    for _, item in program.expand_items(scope[0], scope[1], listed):
        names += [text.upper() for text in fold_path(program, scope, item)]
    return tuple(dict.fromkeys(names)) or ("ANY",)


# --------------------------------------------------------------------------------------- calls on routers


def _read_mount(program: Program, routers: Routers, fact: Fact, receiver: str, verb: str) -> None:
    positional, words = decode_arguments(fact.value)
    scope = (fact.path, fact.symbol)
    if verb in ("mount", "add_subapp"):
        child = find_argument(positional, words, 1, "app")
        prefix = find_argument(positional, words, 0, "path")
        if tag_of(prefix) == "name":
            child, prefix = (prefix, child) if is_unknown(child) else (child, prefix)
    else:
        child = find_argument(positional, words, 0, "router", "blueprint")
        prefix = find_argument(positional, words, "prefix", "url_prefix")
        if verb == "add_namespace":
            prefix = find_argument(positional, words, 1, "path")
    if is_unknown(child):
        return
    texts = fold_path(program, scope, prefix) if not is_unknown(prefix) else ()
    parents = list(routers.find(fact.path, fact.symbol, receiver))
    if not parents:
        parameter = _find_typed_parameter(program, fact, receiver)
        if parameter is not None:
            parents = [routers.find_parameter(parameter, receiver, "fastapi")]
    framework = routers.routers[parents[0]].framework if parents else ""
    replaces = verb == "register_blueprint" and bool(texts)
    routers.mount(parents, scope, child, normalise(framework, texts[0]) if texts else "", fact, replaces)


def _read_added(program: Program, routers: Routers, fact: Fact, receiver: str, verb: str) -> None:
    """``router.add_api_route("/x", f, methods=[…])``, ``app.router.add_get``, ``api.add_resource(Users, "/users")``."""
    positional, words = decode_arguments(fact.value)
    scope = (fact.path, fact.symbol)
    owner = receiver.removesuffix(".router") if verb not in ("add_api_route", "add_api_websocket_route") else receiver
    spots = tuple(routers.find(fact.path, fact.symbol, receiver)) or tuple(routers.find(fact.path, fact.symbol, owner))
    if not spots:
        parameter = _find_typed_parameter(program, fact, receiver)
        spots = (routers.find_parameter(parameter, receiver, "fastapi"),) if parameter is not None else ()
    if not spots and verb not in ("add_api_route", "add_url_rule", "add_resource"):
        return
    framework = routers.routers[spots[0]].framework if spots else "flask" if "api_route" not in verb else "fastapi"
    if verb == "add_resource":
        paths, handler = positional[1:], positional[0] if positional else None
    elif verb == "add_route" and framework == "aiohttp":
        paths, handler = positional[1:2], positional[2] if len(positional) > 2 else None
    else:
        paths = [find_argument(positional, words, 0, "path", "rule")]
        wanted = find_argument(positional, words, "endpoint", "view_func", 1, "handler", "route")
        if verb == "add_url_rule":
            wanted = find_argument(positional, words, "view_func", 2)
        handler = wanted
    places = _find_handlers(program, scope, handler)
    methods: tuple[str, ...] = (_ADDING[verb],) if _ADDING[verb] else _list_methods(program, scope, "route", words)
    if verb in ("add_resource", "add_url_rule") and places and program.is_class(places[0]):
        own = tuple(
            m.upper() for m in _METHODS if program.get_symbol((places[0][0], f"{places[0][1]}.{m}")) is not None
        )
        methods = own or methods
    for path in paths:
        for text in fold_path(program, scope, path):
            if not text or text.startswith("/"):
                routers.endpoints.append(
                    Endpoint(
                        spots, methods, normalise(framework, text), framework, fact, places[0] if places else scope
                    )
                )


def _find_handlers(program: Program, scope: Place, expr: Expr) -> tuple[Place, ...]:
    """The function or class behind ``handler``, ``Users.as_view("users")``, ``self.handle``."""
    tag = tag_of(expr)
    if tag == "name":
        return program.resolve(scope[0], scope[1], str(expr[1]))
    if tag == "call":
        name = str(expr[1])
        if name.endswith(".as_view"):
            return program.resolve(scope[0], scope[1], name.removesuffix(".as_view"))
        for argument in expr[2][:1]:
            return _find_handlers(program, scope, argument)
    return ()


# ------------------------------------------------------------------------------------------ route lists


def _read_route_lists(
    program: Program, routers: Routers, calls: list[Fact]
) -> dict[tuple[str, str], list[tuple[Spot, str]]]:
    """(file, arguments of a ``Route``) -> the applications that list it, and the prefix of the ``Mount`` around it."""
    listed: dict[tuple[str, str], list[tuple[Spot, str]]] = {}
    for router in list(routers.routers.values()):
        if router.framework not in ("fastapi", "starlette"):
            continue
        positional, words = decode_arguments(router.fact.value)
        routes = find_argument(positional, words, "routes")
        if not is_unknown(routes):
            scope = (router.fact.path, router.fact.symbol)
            for key, prefix in _walk_routes(program, routers, router.spot, scope, routes, "", router.fact):
                listed.setdefault(key, []).append((router.spot, prefix))
    for fact in calls:
        receiver, _, last = fact.name.rpartition(".")
        if last in ("append", "extend", "add_routes") and receiver:
            owner = receiver.removesuffix(".routes").removesuffix(".router")
            for spot in routers.find(fact.path, fact.symbol, owner):
                positional, _ = decode_arguments(fact.value)
                given = positional[0] if positional else None
                items = given if last != "append" else ["list", given]
                scope = (fact.path, fact.symbol)
                for key, prefix in _walk_routes(program, routers, spot, scope, items, "", fact):
                    listed.setdefault(key, []).append((spot, prefix))
    return listed


def _walk_routes(
    program: Program, routers: Routers, spot: Spot, scope: Place, expr: Expr, prefix: str, fact: Fact, depth: int = 5
) -> Iterator[tuple[tuple[str, str], str]]:
    for item_scope, item in program.expand_items(scope[0], scope[1], expr) if depth else ():
        if tag_of(item) != "call":
            continue
        last = str(item[1]).rpartition(".")[2]
        if last in _ROUTE_CLASSES or last in _METHODS:
            yield (item_scope[0], encode_arguments(item[2], item[3])), prefix
        elif last == "Mount":
            texts = fold_path(program, item_scope, find_argument(item[2], item[3], 0, "path")) or ("",)
            inner = join_paths(prefix, from_braces(texts[0]))
            routes = find_argument(item[2], item[3], "routes")
            if not is_unknown(routes):
                yield from _walk_routes(program, routers, spot, item_scope, routes, inner, fact, depth - 1)
            child = find_argument(item[2], item[3], "app", 1)
            for below in routers.find_all(item_scope, child) if not is_unknown(child) else ():
                routers.add_mount(Mount(spot, below, inner, fact))


def _read_route_class(
    program: Program, routers: Routers, fact: Fact, last: str, listed: dict[tuple[str, str], list[tuple[Spot, str]]]
) -> None:
    root = program.find_origin(fact.path, fact.name).partition(".")[0]
    if root != "aiohttp" if last in _METHODS else root not in ("starlette", "fastapi"):
        return
    positional, words = decode_arguments(fact.value)
    scope = (fact.path, fact.symbol)
    written = find_argument(positional, words, 0, "path")
    handlers = _find_handlers(program, scope, find_argument(positional, words, 1, "endpoint"))
    given = last.upper() if last in _METHODS else _ROUTE_CLASSES[last]
    methods = (given,) if given else _list_methods(program, scope, "route", words)
    unlisted: list[tuple[Spot | None, str]] = [(None, "")]
    where = listed.get((fact.path, fact.value)) or unlisted
    for text in fold_path(program, scope, written):
        if not text.startswith("/"):
            continue
        for spot, prefix in where:
            routers.endpoints.append(
                Endpoint(
                    (spot,) if spot is not None else (),
                    methods,
                    join_paths(prefix, from_braces(text)),
                    root,
                    fact,
                    handlers[0] if handlers else scope,
                )
            )
