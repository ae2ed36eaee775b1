"""Which HTTP routes a TypeScript file serves: Express and its kin, NestJS controllers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbgen.extractors.typescript_file import TypeScriptFile
from kbgen.extractors.typescript_nodes import (
    arguments_of,
    callee_of,
    decorator_name,
    find_member,
    string_of,
    text_of,
)
from kbgen.patterns import LazyPattern

if TYPE_CHECKING:
    from tree_sitter import Node

HTTP_METHODS = frozenset({"get", "post", "put", "delete", "patch", "all", "options", "head"})
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


def read_server_route(file: TypeScriptFile, node: Node, verb: str) -> None:
    """``app.get('/path', handler)``; `node` is the verb."""
    member = node.parent
    call = member.parent if member is not None else None
    if member is None or call is None or call.type != "call_expression" or callee_of(call) != member:
        return
    owner = text_of(member.child_by_field_name("object"))
    arguments = arguments_of(call)
    if not _SERVER_NAMES.fullmatch(owner) or len(arguments) < 2:
        return
    path = string_of(arguments[0])
    if path is None or not path.startswith("/") or arguments[-1].type == "object":
        return
    name = f"{verb.upper()} {path}"
    attrs = (("method", verb.upper()), ("path", path), ("owner", owner), ("framework", "call"))
    file.add("route", name, file.find_line(node.start_byte), name, file.find_around(node), attrs)


def read_controllers(file: TypeScriptFile) -> None:
    """NestJS: the paths of ``@Controller`` and ``@Get`` joined."""
    prefixes: dict[str, list[str]] = {}
    verbs: list[tuple[Node, str, list[str]]] = []
    for node in file.captures.get("decorator", ()):
        name = decorator_name(node)
        if name == "Controller":
            prefixes[file.find_around(node)] = _paths_of(node)
        elif name in _NEST_METHODS:
            verbs.append((node, _NEST_METHODS[name], _paths_of(node)))
    for node, method, paths in verbs:
        owner = file.find_around(node).partition(".")[0]
        if owner not in prefixes:
            continue
        own = text_of(find_member(node).child_by_field_name("name"))
        for prefix in prefixes[owner]:
            for path in paths:
                whole = "/" + "/".join(part for part in (prefix.strip("/"), path.strip("/")) if part)
                name = f"{method} {whole}"
                attrs = (("method", method), ("path", whole), ("owner", owner), ("framework", "nest"))
                file.add("route", name, file.find_line(node.start_byte), name, f"{owner}.{own}", attrs)


def _paths_of(decorator: Node) -> list[str]:
    """The paths in ``@Get()``, ``@Get('a')``, ``@Get(['a', 'b'])``, ``@Controller({ path: 'a' })``."""
    call = decorator.named_children[0] if decorator.named_children else None
    if call is None or call.type != "call_expression":
        return [""]
    first = next(iter(arguments_of(call)), None)
    if first is None:
        return [""]
    if first.type == "array":
        return [path for part in first.named_children if (path := string_of(part)) is not None] or [""]
    if first.type == "object":
        for pair in first.named_children:
            if pair.type == "pair" and text_of(pair.child_by_field_name("key")) == "path":
                return [string_of(pair.child_by_field_name("value")) or ""]
        return [""]
    return [string_of(first) or ""]
