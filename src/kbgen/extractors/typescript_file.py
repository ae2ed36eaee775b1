"""One TypeScript file while it is read: its bytes, its tree, and what its readers tell each other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from kbgen.extractors.base import FactCollector, Scopes
from kbgen.extractors.typescript_nodes import cut, find_decorators_above

if TYPE_CHECKING:
    from tree_sitter import Node

Attrs = list[tuple[str, str]]


class Symbol(NamedTuple):
    """A definition found, before the whole file is known."""

    own: str
    node: Node
    """With the export statement around it."""
    name: Node
    attrs: Attrs
    value: str


class TypeScriptFile(FactCollector):
    """`captures` are the nodes of the query (`typescript.scm`), each list in source order."""

    def __init__(self, path: str, data: bytes, root: Node, captures: Mapping[str, Sequence[Node]]) -> None:
        super().__init__(path)
        self.data = data
        self.chars = data.decode("latin-1")
        """For `cut`."""
        self.root = root
        self.captures = captures
        self.line_starts = _find_line_starts(data)
        self.symbols: dict[str, Symbol] = {}
        """By qualified name."""
        self.functions: list[tuple[str, Node]] = []
        """Definitions that are functions: (qualified name, function)."""
        self.classes: list[tuple[str, Node, Node]] = []
        """(name, class, class with the export statement around it)"""
        self.default: Node | None = None
        """The value of ``export default`` when it has no name."""
        self.exports: dict[str, Attrs] = {}
        """Local name -> how an export clause elsewhere in the file exports it."""
        self.spans: list[tuple[int, int, str]] = []
        self.units: list[tuple[int, int, str]] = []
        """Spans of top-level definitions, for references."""
        self.leading: dict[int, str] = {}
        """First line of a definition -> its qualified name."""
        self.silent: list[tuple[int, int]] = []
        """Byte spans (imports, export clauses) whose names are no uses."""
        self.named: set[int] = set()
        """Where definitions spell their own names."""
        self.imported: dict[str, tuple[str, str]] = {}
        """Local name -> (name there, module)."""
        self.scopes = Scopes(())
        self.is_test = False
        """Whether test cases were found; known once the names are read."""
        self.jsx = sorted(node.start_byte for node in captures.get("jsx", ()))

    add = FactCollector._add

    def read(self, node: Node) -> str:
        """The text of a node."""
        return cut(self.chars, node.start_byte, node.end_byte)

    def find_line(self, position: int) -> int:
        return bisect_right(self.line_starts, position)

    def find_first_line(self, node: Node) -> int:
        """The line of a definition, its decorators included."""
        return self.find_line(next(iter(find_decorators_above(node)), node).start_byte)

    def find_around(self, node: Node) -> str:
        """The qualified name of the innermost definition around a node."""
        return self.scopes.find(node.start_byte)

    def holds_jsx(self, node: Node) -> bool:
        index = bisect_right(self.jsx, node.start_byte)
        return index < len(self.jsx) and self.jsx[index] < node.end_byte

    def add_mock(self, node: Node, words: str, reason: str) -> None:
        symbol = self.find_around(node)
        line = self.find_line(node.start_byte)
        self.add("mock", symbol.rpartition(".")[2], line, words, symbol, (("reason", reason),))


def _find_line_starts(data: bytes) -> list[int]:
    return [0, *accumulate(map(len, data.splitlines(keepends=True)))]
