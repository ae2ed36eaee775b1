"""What YAML, JSON and TOML have in common once they are read: a tree of texts with the line of each.

`kbgen.extractors.yaml_nodes`, `json_nodes` and `toml_nodes` make these trees; the extractors of configuration walk
them. Every text is as the author wrote it, without quotes: ``"8080"`` and ``8080`` are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

DEPTH_LIMIT = 200
"""Levels below the top that parsers go; the YAML library needs quadratic time for more."""


class Node:
    """A text, a list or a mapping. Parsers bound how much a tree holds, also what aliases repeat."""

    __slots__ = ("entries", "items", "line", "text")

    def __init__(
        self,
        line: int,
        text: str | None = None,
        items: list[Node] | None = None,
        entries: dict[str, Node] | None = None,
    ) -> None:
        self.line = line
        """Of the key that it stands under, else where it starts."""
        self.text = text
        """None for lists, mappings and null."""
        self.items = items if items is not None else _NO_ITEMS
        self.entries = entries if entries is not None else _NO_ENTRIES

    def get(self, *keys: str) -> Node:
        """What stands under `keys`, an empty node when there is nothing."""
        node = self
        for key in keys:
            found = node.entries.get(key)
            if found is None:
                return MISSING
            node = found
        return node

    def read(self, *keys: str) -> str:
        """The text under `keys`, or ``""``."""
        return self.get(*keys).text or ""

    def list_texts(self) -> list[str]:
        """The texts of a list; one text alone is a list of one."""
        if self.text is not None:
            return [self.text]
        return [item.text for item in self.items if item.text is not None]

    def move(self, line: int) -> Node:
        """The same content at another line."""
        return self if line == self.line else Node(line, self.text, self.items, self.entries)


_NO_ITEMS: list[Node] = []
_NO_ENTRIES: dict[str, Node] = {}
MISSING = Node(0)


class Document(NamedTuple):
    """What a parser gives: the trees of a file, and why some of it is missing."""

    roots: tuple[Node, ...]
    problems: tuple[str, ...] = ()


def walk_texts(root: Node, prefix: str = "") -> Iterator[tuple[str, Node]]:
    """Every text with its dotted path, ``servers[0].url``, in source order."""
    work = [(prefix, root)]
    while work:
        path, node = work.pop()
        if node.text is not None:
            yield path, node
        elif node.entries:
            start = f"{path}." if path else ""
            work.extend(reversed([(start + key, child) for key, child in node.entries.items()]))
        elif node.items:
            work.extend((f"{path}[{index}]", node.items[index]) for index in range(len(node.items) - 1, -1, -1))


def keep_attrs(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """`pairs` without those that say nothing."""
    return tuple(pair for pair in pairs if pair[1])
