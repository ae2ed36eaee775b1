"""Where TypeScript code itself, not a comment, shows that it stands in for the real thing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kbgen.extractors.base import shorten
from kbgen.extractors.remarks import says_stand_in
from kbgen.extractors.typescript_file import TypeScriptFile
from kbgen.extractors.typescript_nodes import FUNCTION_VALUES, callee_of, text_of
from kbgen.patterns import LazyPattern

if TYPE_CHECKING:
    from tree_sitter import Node

_NAME_HOLDERS = frozenset({"variable_declarator", "pair", "call_expression", "arguments", "parenthesized_expression"})
"""What may stand between an anonymous function and the name that it is given."""
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


def read_messages(file: TypeScriptFile) -> None:
    """Logged and thrown messages that say so."""
    for node in file.captures.get("string", ()):
        text = file.read(node)
        # An admission takes two words; most strings of code are one.
        if " " in text and len(text) < 300 and says_stand_in(text):
            call = node
            while call.parent is not None and call.type not in ("call_expression", "new_expression"):
                if call.type in ("statement_block", "object", "array", "jsx_attribute"):
                    break
                call = call.parent
            if call.type == "call_expression" and _LOGGING.search(text_of(callee_of(call))):
                file.add_mock(node, shorten(text, 200), "string")
    for node in file.captures.get("throw", ()):
        text = file.data[node.start_byte : min(node.end_byte, node.start_byte + 400)].decode("utf-8", "replace")
        if says_stand_in(text) or "NotImplementedException" in text:
            file.add_mock(node, shorten(text, 200), "not-implemented")


def read_timer(file: TypeScriptFile, node: Node) -> None:
    """``await new Promise(r => setTimeout(r, 500))`` as the only thing that an async function awaits."""
    call = node.parent
    function = call
    while function is not None and not (
        function.type in ("function_declaration", "method_definition")
        or (function.type in FUNCTION_VALUES and any(child.type == "async" for child in function.children))
    ):
        function = function.parent
    if call is None or call.type != "call_expression" or function is None:
        return
    if not any(child.type == "async" for child in function.children):
        return
    name = text_of(function.child_by_field_name("name"))
    holder = function.parent
    while not name and holder is not None and holder.type in _NAME_HOLDERS:
        label = holder.child_by_field_name("name") or holder.child_by_field_name("key")
        name, holder = text_of(label), holder.parent
    body = function.child_by_field_name("body")
    if body is None or not _WORKING_NAMES.match(name):
        return
    text = text_of(body)
    if text.count("await ") != len(_TIMER_WAIT.findall(text)) or _BUSY.search(text):
        return
    words, line = shorten(text_of(call), 120), file.find_line(call.start_byte)
    file.add("mock", name, line, words, file.find_around(call), (("reason", "timer"),))


def read_random(file: TypeScriptFile, node: Node) -> None:
    """``price: Math.random() * 100``: a datum made up on the spot; ids, jitter and layout are not meant."""
    member = node.parent
    if member is None or member.type != "member_expression":
        return
    if text_of(member.child_by_field_name("property")) != "random":
        return
    current = member.parent
    for _ in range(8):
        if current is None or current.type in ("template_string", "statement_block", "arrow_function"):
            return
        if current.type == "pair":
            key = text_of(current.child_by_field_name("key"))
            if not _RANDOM_ON_PURPOSE.search(key):
                file.add_mock(member, shorten(text_of(current), 120), "random")
            return
        current = current.parent
