"""Which environment variables a TypeScript file reads, and with what defaults."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kbgen.extractors.base import is_setting_name, shorten
from kbgen.extractors.typescript_file import TypeScriptFile
from kbgen.extractors.typescript_nodes import arguments_of, callee_of, find_pattern_names, string_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_VALUE_LIMIT = 200


def read_process(file: TypeScriptFile, node: Node) -> None:
    """``process.env.X``, ``process.env['X']``, each with the default that follows ``||`` or ``??``."""
    env = node.parent
    if env is None or env.type != "member_expression" or text_of(env.child_by_field_name("property")) != "env":
        return
    _read_env(file, env)


def read_meta_env(file: TypeScriptFile, node: Node) -> None:
    """``import.meta.env.X``."""
    env = node.parent
    if env is not None and text_of(env.child_by_field_name("object")) == "import.meta":
        _read_env(file, env)


def _read_env(file: TypeScriptFile, env: Node) -> None:
    read = env.parent
    if read is None or read.child_by_field_name("object") != env:
        if read is not None and read.type == "variable_declarator":
            name = read.child_by_field_name("name")
            for part in find_pattern_names(name) if name is not None else ():
                if is_setting_name(text_of(part)):
                    file.add("env", text_of(part), file.find_line(part.start_byte), "", file.find_around(part))
        return
    if read.type == "member_expression":
        variable = text_of(read.child_by_field_name("property"))
    else:
        variable = string_of(read.child_by_field_name("index")) or ""
    if not re.fullmatch(r"[A-Za-z_]\w*", variable):
        return
    value, wrapped = "", read
    while wrapped.parent is not None and wrapped.parent.type in ("parenthesized_expression", "non_null_expression"):
        wrapped = wrapped.parent
    outer = wrapped.parent
    if outer is not None and outer.type == "binary_expression" and outer.child_by_field_name("left") == wrapped:
        operator = outer.child_by_field_name("operator")
        if operator is not None and operator.type in ("||", "??"):
            value = shorten(text_of(outer.child_by_field_name("right"))[:400], _VALUE_LIMIT)
    if outer is not None and outer.type == "assignment_expression" and outer.child_by_field_name("left") == wrapped:
        return  # written, not read
    file.add("env", variable, file.find_line(read.start_byte), value, file.find_around(read))


def read_config_get(file: TypeScriptFile, node: Node) -> None:
    """``configService.get('X', default)``: NestJS reads the environment through its ConfigService."""
    member = node.parent
    call = member.parent if member is not None else None
    if member is None or call is None or call.type != "call_expression" or callee_of(call) != member:
        return
    if not text_of(member.child_by_field_name("object")).lower().endswith(("config", "configservice")):
        return
    arguments = arguments_of(call)
    name = string_of(arguments[0]) if arguments else None
    if name and is_setting_name(name):
        value = shorten(text_of(arguments[1])[:400], _VALUE_LIMIT) if len(arguments) > 1 else ""
        file.add("env", name, file.find_line(call.start_byte), value, file.find_around(call))
