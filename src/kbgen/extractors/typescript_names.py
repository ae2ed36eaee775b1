"""Which names a TypeScript file uses, and the few whose use says more than that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kbgen.extractors.base import References, Scopes, names_something
from kbgen.extractors.typescript_cases import CASE_NAMES, read_case
from kbgen.extractors.typescript_file import TypeScriptFile
from kbgen.extractors.typescript_mocks import read_random, read_timer
from kbgen.extractors.typescript_nodes import cut
from kbgen.extractors.typescript_routes import HTTP_METHODS, read_server_route
from kbgen.extractors.typescript_settings import read_config_get, read_meta_env, read_process

if TYPE_CHECKING:
    from tree_sitter import Node

_TELLING: dict[str, Callable[[TypeScriptFile, Node], None]] = {
    **dict.fromkeys(CASE_NAMES, read_case),
    "process": read_process,
    "setTimeout": read_timer,
    "Math": read_random,
}
"""Names whose uses say more than that they are used."""


def read_names(file: TypeScriptFile) -> None:
    references = References()
    own_names = file.named
    declared = {node.start_byte for node in file.captures.get("local", ())}
    declared.update(node.start_byte for node in file.captures.get("closing", ()))
    tags = {node.start_byte for node in file.captures.get("tag", ())}
    find_unit = Scopes(file.units).find_range
    is_silent = Scopes((start, end - 1, "x") for start, end in file.silent).find
    last_silent = max((end for _, end in file.silent), default=0)
    chars = file.chars
    local_names: set[str] = set()
    for role in ("name", "member", "type", "taken", "key"):
        as_role = "member" if role in ("taken", "key") else role
        unit, low, high = "", 0, 0
        uses: dict[str, list[int]] = {}
        for node in file.captures.get(role, ()):
            start = node.start_byte
            if start in own_names:
                continue
            name = cut(chars, start, node.end_byte)
            if role == "key" and not name.isidentifier():
                continue
            if start in declared:
                local_names.add(name)
                if role != "taken":
                    continue
            elif role == "taken":
                local_names.add(name)
            elif start in tags and name[:1].islower():
                continue
            if start < last_silent and is_silent(start):
                continue
            if not low <= start < high:
                unit, low, high = find_unit(start)
                uses = references.open(unit, as_role)
            use = uses.get(name)
            if use is None:
                uses[name] = [start, 1]
            else:
                use[1] += 1
                if start < use[0]:
                    use[0] = start
            if role == "name":
                read = _TELLING.get(name)
                if read is not None:
                    read(file, node)
            elif role == "member":
                if name in HTTP_METHODS:
                    read_server_route(file, node, name)
                if name in ("get", "getOrThrow"):
                    read_config_get(file, node)
                elif name == "env":
                    read_meta_env(file, node)
    top = {qualified for qualified in file.symbols if "." not in qualified}
    for node in file.captures.get("string", ()):
        start = node.start_byte
        text = cut(chars, start, node.end_byte)
        if names_something(text) and not (start < last_silent and is_silent(start)):
            references.add(find_unit(start)[0], "string", text, start)
    references.place(file.find_line)
    file.facts.extend(references.pack(file.path, local_names - top - set(file.imported)))
