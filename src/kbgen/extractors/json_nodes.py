"""JSON text as a tree of `Node`, with comments, trailing commas and JSON5's quotes, as far as it can be read."""

from __future__ import annotations

import json
from bisect import bisect_right

from kbgen.extractors.nodes import DEPTH_LIMIT, Document, Node
from kbgen.patterns import LazyPattern

_TOKEN = LazyPattern(
    r"""(?P<string>"[^"\\\n]*(?:\\.[^"\\\n]*)*"|'[^'\\\n]*(?:\\.[^'\\\n]*)*')|(?P<mark>[{}\[\]:,])"""
    r"""|(?P<comment>//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)|(?P<word>[^\s{}\[\]:,"'/]+)|(?P<wrong>["'/])"""
)
_BREAK = LazyPattern(r"\n")


def parse_json(text: str) -> Document:
    """One root, or none for a text without a value. A broken text gives what stands before the fault."""
    reader = _Reader(text.removeprefix("\ufeff"))
    fault = reader.read()
    roots = (reader.root,) if reader.root is not None else ()
    why = "nested too deeply to be read whole" if reader.is_too_deep else f"JSON syntax error in line {fault}"
    return Document(roots, (why,) if fault else ())


class _Open:
    """A list or mapping that is being read."""

    __slots__ = ("is_mapping", "key", "key_line", "node")

    def __init__(self, node: Node, is_mapping: bool) -> None:
        self.node = node
        self.is_mapping = is_mapping
        self.key = ""
        self.key_line = 0


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._breaks = [match.start() for match in _BREAK.finditer(text)]
        self._stack: list[_Open] = []
        self._expects = "value"
        """``value``, ``key``, ``colon``, ``comma``; an end may stand for a key, a comma and a list's value."""
        self.root: Node | None = None

    def read(self) -> int:
        """The line of the fault that ended the reading, 0 for none."""
        for match in _TOKEN.finditer(self._text):
            kind = match.lastgroup
            if kind != "comment" and not self._take(kind or "", match[0], match.start()):
                return self._find_line(match.start())
        return self._find_line(len(self._text.rstrip())) if self._stack else 0

    def _take(self, kind: str, token: str, start: int) -> bool:
        """Whether the token may stand here."""
        parent = self._stack[-1] if self._stack else None
        if kind == "mark" and token in "{[":
            if self._expects != "value" or self.is_too_deep:
                return False
            is_mapping = token == "{"
            node = Node(self._find_line(start), entries={}) if is_mapping else Node(self._find_line(start), items=[])
            self._place(node)
            self._stack.append(_Open(node, is_mapping))
            self._expects = "key" if is_mapping else "value"
        elif kind == "mark" and token in "}]":
            closes_list = parent is not None and not parent.is_mapping and self._expects in ("value", "comma")
            closes_mapping = parent is not None and parent.is_mapping and self._expects in ("key", "comma")
            if not (closes_mapping if token == "}" else closes_list):
                return False
            self._stack.pop()
            self._expects = "comma"
        elif kind == "mark":
            if parent is None or self._expects != ("comma" if token == "," else "colon"):
                return False
            self._expects = "key" if token == "," and parent.is_mapping else "value"
        elif kind == "wrong" or self._expects not in ("key", "value"):
            return False
        elif self._expects == "key" and parent is not None:
            parent.key, parent.key_line = _unquote(token), self._find_line(start)
            self._expects = "colon"
        else:
            text = None if token == "null" else _unquote(token)
            self._place(Node(self._find_line(start), text))
            self._expects = "comma"
        return True

    def _place(self, node: Node) -> None:
        if not self._stack:
            self.root = node
            self._expects = "comma"
            return
        parent = self._stack[-1]
        if parent.is_mapping:
            node.line = parent.key_line
            parent.node.entries[parent.key] = node
        else:
            parent.node.items.append(node)

    @property
    def is_too_deep(self) -> bool:
        return len(self._stack) >= DEPTH_LIMIT

    def _find_line(self, position: int) -> int:
        return bisect_right(self._breaks, position - 1) + 1


def _unquote(token: str) -> str:
    if token[0] not in "\"'":
        return token
    inner = token[1:-1]
    if "\\" not in inner:
        return inner
    if token[0] == "'":
        inner = inner.replace("\\'", "'").replace('"', '\\"')
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except ValueError:
        return inner
