"""Routes of Express, Fastify, Hono, Koa and their kin: calls on applications and routers."""

from __future__ import annotations

from collections.abc import Iterator

from kbgen.expressions import Expr, decode_arguments, find_argument, find_key, is_unknown, tag_of
from kbgen.join.layout import TS_SUFFIXES
from kbgen.join.program import Place, Program
from kbgen.join.routes.routers import Endpoint, Mount, Router, Routers, Spot, find_class, fold_path
from kbgen.join.urls import from_colons
from kbgen.model import Fact
from kbgen.patterns import LazyPattern

_METHODS = {
    "get": "GET",
    "post": "POST",
    "put": "PUT",
    "delete": "DELETE",
    "del": "DELETE",
    "patch": "PATCH",
    "options": "OPTIONS",
    "head": "HEAD",
    "all": "ANY",
    "ws": "WEBSOCKET",
}
_MAKERS = {
    "express": "express",
    "express.Router": "express",
    "express-promise-router": "express",
    "fastify": "fastify",
    "fastify.fastify": "fastify",
    "hono.Hono": "hono",
    "@hono/zod-openapi.OpenAPIHono": "hono",
    "koa": "koa",
    "koa-router": "koa",
    "@koa/router": "koa",
    "elysia.Elysia": "elysia",
    "restify.createServer": "restify",
    "polka": "polka",
    "itty-router.Router": "itty-router",
    "itty-router.AutoRouter": "itty-router",
    "h3.createRouter": "h3",
    "find-my-way": "find-my-way",
}
"""Where a constructor or factory is imported from -> framework."""
_ROUTERS = frozenset(
    {"express.Router", "express-promise-router", "koa-router", "@koa/router", "h3.createRouter", "find-my-way"}
)
"""Those that hang below an application and serve nothing alone. A Hono or Elysia may be either: see `_make_router`."""
_EITHER = frozenset({"hono", "elysia"})
_PACKAGES = LazyPattern(r"^(?:express|fastify|hono|koa|@koa/router|koa-router|@hono/|@fastify/|elysia|polka|restify)\b")
_PARAMETER_TYPE = LazyPattern(r"(?:^|\.)(?:Express|Application|Router|IRouter|Fastify\w*|Hono|OpenAPIHono|Koa|Elysia)$")
_PARAMETER_NAME = LazyPattern(r"^(?:app|router|server|fastify|instance|api|route|routes|expressApp|scope)$")


def add_script_routes(program: Program, routers: Routers) -> None:
    calls = [fact for fact in program.list_facts("call") if fact.path.endswith(TS_SUFFIXES)]
    web = _find_web_files(program)
    made = {fact for fact in calls if _make_router(program, routers, fact)}
    chains = _find_chain_targets(calls)
    by_place: dict[Place, list[Fact]] = {}
    for fact in calls:
        by_place.setdefault((fact.path, fact.symbol), []).append(fact)
    served: list[tuple[Fact, str, str]] = []
    mounting: list[tuple[Fact, str, str]] = []
    for fact in calls:
        receiver, _, last = fact.name.rpartition(".")
        if not receiver or fact in made:
            continue
        if last in _METHODS or last == "on":
            served.append((fact, receiver, last))
        elif last in ("use", "register", "route", "mount", "group", "prefix", "basePath"):
            mounting.append((fact, receiver, last))
    for fact, receiver, last in served:
        _read_endpoint(program, routers, fact, receiver, last, chains, by_place, web)
    for fact, receiver, last in mounting:
        _read_mount(program, routers, fact, receiver, last, chains, web)


def _find_web_files(program: Program) -> frozenset[str]:
    """Files that import a web framework."""
    return frozenset(f.path for f in program.list_facts("import") if _PACKAGES.match(f.value))


def _make_router(program: Program, routers: Routers, fact: Fact) -> bool:
    """Whether the call makes an application or a router, which is then known."""
    target = fact.attr("target")
    name = fact.name.partition("()")[0] if "()" in fact.name else fact.name
    origin = program.find_origin(fact.path, name)
    if not origin and name.startswith("express"):
        origin = name
    framework = _MAKERS.get(origin.removesuffix(".default"))
    if framework is None:
        return False
    if not target:
        return "()" not in fact.name
    symbol = fact.symbol
    if symbol == target:
        symbol = ""  # what makes a top-level constant stands in it
    if target.startswith(("this.", "self.")):
        symbol, target = find_class(program, fact.path, fact.symbol), "self." + target.partition(".")[2]
    elif symbol == f"{find_class(program, fact.path, symbol)}.{target}":
        symbol, target = symbol.rpartition(".")[0], "self." + target
    positional, words = decode_arguments(fact.value)
    prefix: tuple[str, ...] = ()
    if "()" not in fact.name:
        prefix = fold_path(program, (fact.path, fact.symbol), find_argument(positional, words, "prefix"))
    elif fact.name.endswith("().basePath"):
        prefix = fold_path(program, (fact.path, fact.symbol), find_argument(positional, words, 0))
    is_app = origin.removesuffix(".default") not in _ROUTERS
    if framework in _EITHER:
        # One that another file imports is a part of something; the one that nobody imports is what is run.
        is_app = _is_run(program, fact, target)
    spot = Spot(fact.path, symbol, target)
    routers.add_router(Router(spot, framework, is_app, from_colons(prefix[0]) if prefix else "", fact))
    return "()" not in fact.name or fact.name.endswith("().basePath")


def _is_run(program: Program, fact: Fact, target: str) -> bool:
    symbol = program.get_symbol((fact.path, target))
    return symbol is None or symbol.attr("default") == "yes" or symbol.attr("exported") != "yes"


def _find_chain_targets(calls: list[Fact]) -> dict[tuple[str, str, str], list[tuple[int, str]]]:
    """What chained calls are assigned to: (file, scope, first callee) -> [(line, target)]."""
    found: dict[tuple[str, str, str], list[tuple[int, str]]] = {}
    for fact in calls:
        target = fact.attr("target")
        if target and "()" in fact.name:
            found.setdefault((fact.path, fact.symbol, fact.name.partition("()")[0]), []).append((fact.line, target))
    return found


def _find_spots(
    program: Program,
    routers: Routers,
    fact: Fact,
    receiver: str,
    chains: dict[tuple[str, str, str], list[tuple[int, str]]],
    web: frozenset[str],
) -> tuple[Spot, ...]:
    spots = tuple(routers.find(fact.path, fact.symbol, receiver))
    if spots:
        return spots
    if "()" in receiver:
        root = receiver.partition("()")[0]
        lines = chains.get((fact.path, fact.symbol, root), ())
        targets = sorted((abs(line - fact.line), target) for line, target in lines)
        names = [target for _, target in targets[:1]] or [root.rpartition(".")[0] or root]
        return tuple(spot for name in names for spot in routers.find(fact.path, fact.symbol, name))
    param = next(
        (p for p in program.list_within(fact.path, fact.symbol, "param") if p.name == receiver and p.attr("type")), None
    )
    if param is not None:
        typed = param.attr("type").partition("<")[0].strip()
        if _PARAMETER_TYPE.search(typed):
            return (routers.find_parameter(param, receiver, _guess_framework(program, fact)),)
        return ()
    if (
        fact.path in web
        and _PARAMETER_NAME.match(receiver)
        and not program.find_values(fact.path, fact.symbol, receiver)
    ):
        return (routers.find_parameter(fact, receiver, _guess_framework(program, fact)),)
    return ()


def _guess_framework(program: Program, fact: Fact) -> str:
    """The framework that a file imports, by the first that it names."""
    facts = program.files.get(fact.path)
    for row in facts.facts if facts is not None else ():
        if row.kind == "import":
            match = _PACKAGES.match(row.value)
            if match is not None:
                return match[0].strip("@/").partition("/")[0].removesuffix("-router")
    return "express"


# ---------------------------------------------------------------------------------------- endpoints


def _read_endpoint(
    program: Program,
    routers: Routers,
    fact: Fact,
    receiver: str,
    verb: str,
    chains: dict[tuple[str, str, str], list[tuple[int, str]]],
    by_place: dict[Place, list[Fact]],
    web: frozenset[str],
) -> None:
    positional, _ = decode_arguments(fact.value)
    scope = (fact.path, fact.symbol)
    methods: tuple[str, ...] = (_METHODS.get(verb, ""),)
    if verb == "on":  # Hono: app.on(["GET", "POST"], "/x", handler)
        if len(positional) < 3:
            return
        methods = tuple(text.upper() for text in fold_path(program, scope, positional[0]))
        positional = positional[1:]
    inner = _find_route_call(fact, receiver, by_place)
    if inner is not None:
        path, handlers = decode_arguments(inner.value)[0][:1], positional
        receiver = inner.name.rpartition(".")[0]
    else:
        path, handlers = positional[:1], positional[1:]
    if not path or not handlers or not methods:
        return
    texts = [text for text in fold_path(program, scope, path[0]) if not text or text[0] in "/*:"]
    if not texts or tag_of(handlers[-1]) not in ("fn", "name", "call", "?", "list"):
        return
    spots = _find_spots(program, routers, fact, receiver, chains, web)
    if not spots:
        return
    places = _find_handlers(program, scope, handlers[-1])
    for text in texts:
        routers.endpoints.append(Endpoint(spots, methods, from_colons(text), "", fact, places[0] if places else scope))


def _find_route_call(fact: Fact, receiver: str, by_place: dict[Place, list[Fact]]) -> Fact | None:
    """``router.route("/x")`` of ``router.route("/x").get(f).post(g)``."""
    if ".route()" not in receiver:
        return None
    name = receiver[: receiver.index(".route()")] + ".route"
    above = [f for f in by_place[fact.path, fact.symbol] if f.name == name and f.line <= fact.line]
    return max(above, key=lambda f: f.line, default=None)


def _find_handlers(program: Program, scope: Place, expr: Expr) -> tuple[Place, ...]:
    """The function behind ``users.list``, ``asyncHandler(list)``, ``controller.list.bind(controller)``."""
    tag = tag_of(expr)
    if tag == "name":
        return program.resolve(scope[0], scope[1], str(expr[1]))
    if tag == "call":
        name = str(expr[1])
        if name.endswith(".bind"):
            return program.resolve(scope[0], scope[1], name.removesuffix(".bind"))
        return next((found for part in reversed(expr[2]) if (found := _find_handlers(program, scope, part))), ())
    if tag == "list" and len(expr) > 1:
        return _find_handlers(program, scope, expr[-1])
    return ()


# -------------------------------------------------------------------------------------------- mounts


def _read_mount(
    program: Program,
    routers: Routers,
    fact: Fact,
    receiver: str,
    verb: str,
    chains: dict[tuple[str, str, str], list[tuple[int, str]]],
    web: frozenset[str],
) -> None:
    positional, words = decode_arguments(fact.value)
    scope = (fact.path, fact.symbol)
    if not positional:
        return
    if verb == "route" and tag_of(positional[0]) == "dict":
        _read_route_object(program, routers, fact, receiver, positional[0], chains, web)
        return
    spots = _find_spots(program, routers, fact, receiver, chains, web)
    if not spots:
        return
    if verb in ("prefix", "basePath"):
        texts = fold_path(program, scope, positional[0])
        for spot in spots if texts and verb == "prefix" else ():
            known = routers.routers[spot]
            routers.routers[spot] = Router(spot, known.framework, known.is_app, from_colons(texts[0]), known.fact)
        return
    prefixes: tuple[str, ...] = ()
    children = positional
    if verb != "register" and (
        isinstance(positional[0], str) or tag_of(positional[0]) in ("text", "list", "name", "item")
    ):
        prefixes = tuple(text for text in fold_path(program, scope, positional[0]) if text[:1] == "/")
        if prefixes or isinstance(positional[0], str):
            children = positional[1:]
    if verb == "register":
        prefixes = fold_path(program, scope, find_argument(positional[1:], words, "prefix"))
        children = positional[:1]
    for child in children:
        _hang(program, routers, spots, scope, child, prefixes or ("",), fact)


def _hang(
    program: Program,
    routers: Routers,
    spots: tuple[Spot, ...],
    scope: Place,
    child: Expr,
    prefixes: tuple[str, ...],
    fact: Fact,
) -> None:
    """Hang a router, or the routers that a plugin function is given, below the spots."""
    below = list(dict.fromkeys(routers.find_all(scope, child)))
    if not below:
        for place in _find_plugins(program, scope, child):
            below += routers.find_function_spots(place)
    for spot in below:
        for parent in spots:
            for prefix in prefixes:
                if spot != parent:
                    routers.add_mount(Mount(parent, spot, from_colons(prefix), fact))


def _find_plugins(program: Program, scope: Place, expr: Expr) -> Iterator[Place]:
    """``plugin``, ``require("./plugin")``, ``import("./plugin")``, ``fp(plugin)``."""
    tag = tag_of(expr)
    if tag == "name":
        yield from program.resolve(scope[0], scope[1], str(expr[1]))
    elif tag == "call":
        if str(expr[1]) in ("require", "import") and expr[2] and isinstance(expr[2][0], str):
            for there in program.find_modules(scope[0], expr[2][0]):
                for symbol, fact in program.list_symbols(there).items():
                    if fact.attr("default") == "yes":
                        yield there, symbol
                yield there, ""
        else:
            for argument in expr[2][:1]:
                yield from _find_plugins(program, scope, argument)


def _read_route_object(
    program: Program,
    routers: Routers,
    fact: Fact,
    receiver: str,
    options: Expr,
    chains: dict[tuple[str, str, str], list[tuple[int, str]]],
    web: frozenset[str],
) -> None:
    """Fastify: ``app.route({ method: ["GET"], url: "/x", handler })``."""
    scope = (fact.path, fact.symbol)
    path = find_key(options, "url")
    path = find_key(options, "path") if is_unknown(path) else path
    methods = tuple(text.upper() for text in fold_path(program, scope, find_key(options, "method")))
    texts = [text for text in fold_path(program, scope, path) if text[:1] in "/*"]
    if not texts or not methods:
        return
    spots = _find_spots(program, routers, fact, receiver, chains, web)
    places = _find_handlers(program, scope, find_key(options, "handler"))
    for text in texts if spots else ():
        routers.endpoints.append(Endpoint(spots, methods, from_colons(text), "", fact, places[0] if places else scope))
