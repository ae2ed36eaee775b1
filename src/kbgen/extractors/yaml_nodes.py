"""YAML text as trees of `Node`: merges done, unknown tags as plain text, as much as there is before an error.

Built from the parser's events and not from objects: lines stay known, ``8080`` and ``no`` stay texts, aliases are
shared and never expanded, and deep nesting needs no recursion.
"""

from __future__ import annotations

import re
from typing import Any

from kbgen.extractors.nodes import DEPTH_LIMIT, Document, Node
from kbgen.patterns import LazyPattern

_REPEAT_LIMIT = 50_000
"""Nodes that the aliases of one file may stand for, all together."""
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TEMPLATE = LazyPattern(r"^\s*\{\{|[:-][ \t]+\{\{|\}\}[ \t]*\{\{")
_EXPRESSION = LazyPattern(r"\{\{([^{}\n]*)\}\}")
_COMMENT = LazyPattern(r"\{\{-?\s*/\*")
_OPEN = "\ue000"
_CLOSE = "\ue001"
"""Stand for the braces of a template's expression while the text is parsed: YAML has no use for them."""


def parse_yaml(text: str) -> Document:
    """One root for each document of the file that holds anything."""
    import yaml

    reader = _Reader()
    problem = ""
    clean = text.removeprefix("\ufeff").encode("utf-8", "replace").decode("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(clean)
    try:
        while loader.check_event() and reader.take(loader.get_event()):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = f"YAML syntax error in line {mark.line + 1}" if mark is not None else "YAML syntax error"
    except yaml.YAMLError:
        problem = "holds characters that YAML does not allow"
    finally:
        loader.dispose()
    roots = reader.close()
    return Document(roots, tuple(([problem] if problem else []) + sorted(reader.problems)))


def is_template(text: str) -> bool:
    """Whether the text is a template that gives YAML: its braces stand where YAML has none."""
    return "{{" in text and any(_TEMPLATE.search(line) for line in text.split("\n") if "{{" in line)


def parse_template(text: str) -> Document:
    """A Helm template read as if every condition held; expressions stay in the texts: ``{{.Values.name}}``."""
    lines = []
    for line in _cut_comments(text).split("\n"):
        # A line of nothing but directives is no YAML; what it would insert is unknown.
        alone = "{{" in line and not _EXPRESSION.sub("", line).strip()
        lines.append("" if alone else _EXPRESSION.sub(_cover, line))
    document = parse_yaml("\n".join(lines))
    for root in document.roots:
        _restore(root)
    return Document(document.roots, tuple(why for why in document.problems if not why.startswith("key ")))


def _cut_comments(text: str) -> str:
    parts = []
    position = 0
    while (match := _COMMENT.search(text, position)) is not None:
        end = text.find("}}", text.find("*/", match.end()))
        if end < match.end():
            break
        parts.append(text[position : match.start()])
        parts.append("\n" * text.count("\n", match.start(), end))
        position = end + 2
    return "".join([*parts, text[position:]])


def _cover(match: re.Match[str]) -> str:
    # Quotes and colons mean something to YAML, also inside of an expression.
    inner = match[1].strip().strip("-~").strip().replace('"', "'").replace(": ", ":")
    return f"{_OPEN}{inner}{_CLOSE}"


def _restore(root: Node) -> None:
    work = [root]
    seen = set()
    while work:
        node = work.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.text is not None and _OPEN in node.text:
            node.text = _restore_text(node.text)
        if any(_OPEN in key for key in node.entries):
            node.entries = {_restore_text(key): child for key, child in node.entries.items()}
        work.extend(node.items)
        work.extend(node.entries.values())


def _restore_text(text: str) -> str:
    return text.replace(_OPEN, "{{").replace(_CLOSE, "}}")


class _Open:
    """A list or mapping that is being read."""

    __slots__ = ("anchor", "is_mapping", "key", "key_line", "merges", "node", "size")

    def __init__(self, node: Node, anchor: str | None, is_mapping: bool) -> None:
        self.node = node
        self.anchor = anchor
        self.is_mapping = is_mapping
        self.key: str | None = None
        self.key_line = 0
        self.merges: list[Node] = []
        self.size = 1
        """Nodes in it, aliases counted with what they stand for."""


class _Reader:
    def __init__(self) -> None:
        self.roots: list[Node] = []
        self.problems: set[str] = set()
        self._anchors: dict[str, tuple[Node, int]] = {}
        """Name -> what it stands for, and how many nodes that is."""
        self._unfinished: set[str] = set()
        self._stack: list[_Open] = []
        self._repeated = 0

    def take(self, event: Any) -> bool:
        """False when the rest is not worth reading."""
        kind = type(event).__name__
        if kind == "ScalarEvent":
            text = event.value
            is_null = text in _NULLS and not event.style and event.tag is None
            node = Node(event.start_mark.line + 1, None if is_null else text)
            if event.anchor:
                self._anchors[event.anchor] = (node, 1)
            self._place(node, text, 1, is_merge=text == "<<" and not event.style)
        elif kind == "MappingStartEvent":
            self._open(Node(event.start_mark.line + 1, entries={}), event.anchor, True)
        elif kind == "SequenceStartEvent":
            self._open(Node(event.start_mark.line + 1, items=[]), event.anchor, False)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._close()
        elif kind == "AliasEvent":
            self._take_alias(event.anchor, event.start_mark.line + 1)
        elif kind == "DocumentStartEvent":
            self._anchors = {}
        if len(self._stack) > DEPTH_LIMIT:
            self.problems.add("nested too deeply to be read whole")
            return False
        return True

    def _take_alias(self, anchor: str, line: int) -> None:
        node, size = self._anchors.get(anchor, (Node(line), 1))
        self._repeated += size
        if anchor in self._unfinished:
            self.problems.add(f"alias in line {line} holds itself")
        elif anchor not in self._anchors:
            self.problems.add(f"alias in line {line} names nothing")
        elif self._repeated > _REPEAT_LIMIT:
            self.problems.add("aliases repeat too much to be read whole")
            node, size = Node(line), 1
        if anchor in self._unfinished:
            node, size = Node(line), 1
        self._place(node.move(line), node.text or "*", size)

    def close(self) -> tuple[Node, ...]:
        """Ends what an error left open."""
        while self._stack:
            self._close()
        return tuple(self.roots)

    def _open(self, node: Node, anchor: str | None, is_mapping: bool) -> None:
        if anchor:
            self._unfinished.add(anchor)
        self._stack.append(_Open(node, anchor, is_mapping))

    def _close(self) -> None:
        done = self._stack.pop()
        for merged in done.merges:
            for key, child in merged.entries.items():
                done.node.entries.setdefault(key, child)
        if done.anchor:
            self._unfinished.discard(done.anchor)
            self._anchors[done.anchor] = (done.node, done.size)
        self._place(done.node, "?", done.size)

    def _place(self, node: Node, text: str, size: int, *, is_merge: bool = False) -> None:
        """Put a finished node where it belongs; `text` is its name should it be a key."""
        if not self._stack:
            if node.text is not None or node.items or node.entries:
                self.roots.append(node)
            return
        parent = self._stack[-1]
        parent.size += size
        if not parent.is_mapping:
            parent.node.items.append(node)
        elif parent.key is None:
            parent.key = "<<" if is_merge else text if text != "<<" else "'<<'"
            parent.key_line = node.line
        else:
            key, parent.key = parent.key, None
            if key == "<<":
                parent.merges.extend(node.items if node.items else [node])
                return
            if key in parent.node.entries:
                self.problems.add(f"key {key[:60]} again in line {parent.key_line}: the last one counts")
            parent.node.entries[key] = node.move(parent.key_line)
