"""Facts of one TypeScript, TSX or JavaScript file, read with tree-sitter.

Definitions come from the top-level nodes, everything below them from one query (`typescript.scm`,
`jsx.scm`) whose matches are visited once; each module ``typescript_*`` reads one thing out of them.
JavaScript is read with the TSX grammar, which contains it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kbgen.extractors.base import Scopes, sort_facts
from kbgen.extractors.typescript_code import read_code
from kbgen.extractors.typescript_comments import read_comments
from kbgen.extractors.typescript_definitions import add_symbols, read_definitions
from kbgen.extractors.typescript_file import TypeScriptFile
from kbgen.extractors.typescript_imports import read_dynamic_imports
from kbgen.extractors.typescript_mocks import read_messages
from kbgen.extractors.typescript_names import read_names
from kbgen.extractors.typescript_routes import read_controllers
from kbgen.model import FileFacts, SkippedFile, SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Query

SUFFIXES: tuple[str, ...] = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
VERSION = "typescript-6"

_TYPED_SUFFIXES = (".ts", ".mts", ".cts")
"""The only files where ``<T>x`` is a cast and not an element."""


@cache
def _load_grammar(jsx: bool) -> tuple[Parser, Query]:
    from importlib.resources import files

    import tree_sitter_typescript
    from tree_sitter import Language, Parser, Query

    pointer = tree_sitter_typescript.language_tsx() if jsx else tree_sitter_typescript.language_typescript()
    language = Language(pointer)
    folder = files("kbgen.extractors")
    text = folder.joinpath("typescript.scm").read_text("utf-8")
    if jsx:
        text += folder.joinpath("jsx.scm").read_text("utf-8")
    return Parser(language), Query(language, text)


def parse_script(text: str, path: str) -> Node:
    """The root of the syntax tree, for whoever looks for a place in a file and not for its facts."""
    parser, _ = _load_grammar(not path.lower().endswith(_TYPED_SUFFIXES))
    return parser.parse(text.removeprefix("\ufeff").encode("utf-8", "replace")).root_node


def extract(source: SourceFile) -> FileFacts:
    from tree_sitter import QueryCursor

    parser, query = _load_grammar(not source.path.lower().endswith(_TYPED_SUFFIXES))
    data = source.text.removeprefix("\ufeff").encode("utf-8", "replace")
    root = parser.parse(data).root_node
    file = TypeScriptFile(source.path, data, root, QueryCursor(query).captures(root))
    read_definitions(file)
    add_symbols(file)
    file.scopes = Scopes(file.spans)
    read_names(file)
    read_messages(file)
    read_dynamic_imports(file)
    read_controllers(file)
    read_code(file)
    read_comments(file)
    if data.startswith(b"#!"):
        file.add("entry", "shebang", 1)
    skipped: tuple[SkippedFile, ...] = ()
    if root.has_error:
        skipped = (SkippedFile(source.path, f"line {_find_error(root)} could not be parsed; the rest was read"),)
    return FileFacts(source.path, source.blob, sort_facts(file.facts), skipped)


def _find_error(root: Node) -> int:
    node = root
    while True:
        inner = next((child for child in node.children if child.has_error), None)
        if inner is None or node.is_error:
            return node.start_point.row + 1
        node = inner
