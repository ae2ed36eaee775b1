"""Facts of any configuration file that no other extractor knows: its keys with their values.

``config``
    `name` the key's path, ``server.ports[0].name``, `value` the text, up to 200 characters, secrets as ``…``. Each
    server of an MCP configuration (``mcpServers``, ``mcp_servers``, an editor's ``servers``) is one more fact,
    ``mcpServers.NAME``, whose value is its command or URL. [mcp: yes; command; args: blank-joined; env: names,
    blank-joined; url; type]
    In an OpenAPI description the operations stand for all the rest: ``paths./users/{id}.get``, `value` the
    operation's id.

At most 300 a file, with a note when more were there; lock files have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from kbgen.extractors.base import shorten, sort_facts
from kbgen.extractors.json_nodes import parse_json
from kbgen.extractors.lines import read_lines
from kbgen.extractors.nodes import Document, Node, keep_attrs, walk_texts
from kbgen.extractors.toml_nodes import parse_toml
from kbgen.extractors.variables import VALUE_LIMIT, hide_credentials, hide_secret
from kbgen.model import Fact, FileFacts, SkippedFile, SourceFile
from kbgen.patterns import LazyPattern

SUFFIXES: tuple[str, ...] = (".json", ".jsonc", ".json5", ".toml", ".ini", ".cfg", ".properties")
VERSION = "configuration-1"

FACT_LIMIT = 300
_TEXT_LIMIT = 300_000
_NAME_LIMIT = 240
_MCP_KEYS = ("mcpServers", "mcp_servers", "context_servers")
_HTTP_METHODS = frozenset({"get", "post", "put", "delete", "patch", "options", "head", "trace"})
_LAST_KEY = LazyPattern(r"([^.\[\]]+)(?:\[\d+\])*$")
_ASSIGNMENT = LazyPattern(r"([^\s#!;=:\[][^=:]*)[=:](.*)$")
_SECTION = LazyPattern(r"\[([^\]]+)\]\s*(?:[#;].*)?$")


def extract(source: SourceFile) -> FileFacts:
    if len(source.text) > _TEXT_LIMIT:
        return note_only(source, f"larger than {_TEXT_LIMIT:,} characters: data, not read for configuration")
    lower = source.path.lower()
    if lower.endswith(".toml"):
        document = parse_toml(source.text)
    elif lower.endswith((".ini", ".cfg", ".properties")):
        document = parse_assignments(source, lower.endswith(".properties"))
    else:
        document = parse_json(source.text)
    return make_facts(source, document, (fact for root in document.roots for fact in read_keys(root, source.path)))


def note_only(source: SourceFile, why: str) -> FileFacts:
    return FileFacts(source.path, source.blob, (), (SkippedFile(source.path, why),))


def make_facts(source: SourceFile, document: Document, facts: Iterable[Fact], known: Iterable[Fact] = ()) -> FileFacts:
    """The first `FACT_LIMIT` of `facts` and all of `known`; what was left out or could not be read as notes."""
    kept = list(islice(facts, FACT_LIMIT + 1))
    notes = list(document.problems)
    if len(kept) > FACT_LIMIT:
        kept.pop()
        if not _is_data(document):
            notes.append(f"only the first {FACT_LIMIT} keys are read")
    skipped = tuple(SkippedFile(source.path, why) for why in notes)
    return FileFacts(source.path, source.blob, sort_facts([*known, *kept]), skipped)


def _is_data(document: Document) -> bool:
    """A list at the top is what programs write: rows, dumps, fixtures."""
    return any(root.items for root in document.roots)


def read_keys(root: Node, path: str, prefix: str = "", attrs: tuple[tuple[str, str], ...] = ()) -> Iterator[Fact]:
    """`config` facts of everything below `root`."""
    if ("openapi" in root.entries or "swagger" in root.entries) and "paths" in root.entries and not prefix:
        yield from _read_openapi(root, path)
        return
    yield from _read_mcp_servers(root, path)
    for name, node in walk_texts(root, prefix):
        text = node.text or ""
        last = _LAST_KEY.search(name)
        shown = hide_secret(last[1] if last is not None else "", text)
        yield Fact("config", shorten(name, _NAME_LIMIT), path, node.line, shorten(shown, VALUE_LIMIT), "", "", attrs)


def _read_openapi(root: Node, path: str) -> Iterator[Fact]:
    parts = {key: child for key, child in root.entries.items() if key in ("openapi", "swagger", "servers", "info")}
    for name, node in walk_texts(Node(root.line, entries=parts)):
        yield Fact("config", name, path, node.line, shorten(node.text or "", VALUE_LIMIT))
    for route, item in root.get("paths").entries.items():
        for method, operation in item.entries.items():
            if method in _HTTP_METHODS:
                value = operation.read("operationId") or operation.read("summary")
                yield Fact("config", f"paths.{route}.{method}", path, operation.line, shorten(value, VALUE_LIMIT))


def _read_mcp_servers(root: Node, path: str) -> Iterator[Fact]:
    """``{"mcpServers": {"docs": {"command": "npx", "args": […]}}}``, at the top or one key below it."""
    places = [("", root)] + [(f"{key}.", child) for key, child in root.entries.items() if key in ("mcp", "settings")]
    is_editor_file = "servers" in root.entries and root.entries.keys() <= {"servers", "inputs", "$schema"}
    for start, place in places:
        for key in (*_MCP_KEYS, *(("servers",) if start == "mcp." or is_editor_file else ())):
            for name, server in place.get(key).entries.items():
                command, url = server.read("command"), server.read("url") or server.read("httpUrl")
                if not command and not url:
                    continue
                attrs = keep_attrs(
                    ("mcp", "yes"),
                    ("command", command),
                    ("args", shorten(hide_credentials(" ".join(server.get("args").list_texts())), VALUE_LIMIT)),
                    ("env", " ".join(server.get("env").entries)),
                    ("url", hide_credentials(url)),
                    ("type", server.read("type") or server.read("transport")),
                )
                yield Fact("config", f"{start}{key}.{name}", path, server.line, command or url, "", "", attrs)


def parse_assignments(source: SourceFile, is_properties: bool = False, keep_lines: bool = False) -> Document:
    """INI sections, or Java properties: one assignment a line that a backslash or (INI) an indent carries on.

    Values over several lines are joined by a blank, with `keep_lines` by a line break.
    """
    lines, skipped = read_lines(source)
    entries: dict[str, Node] = {}
    section = ""
    last: Node | None = None
    goes_on = False
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if last is not None and stripped and (goes_on or (not is_properties and line[0] in " \t")):
            before = (last.text or "").removesuffix("\\")
            last.text = f"{before}\n{stripped}" if keep_lines else f"{before.rstrip()} {stripped}".strip()
            goes_on = stripped.endswith("\\")
            continue
        goes_on = False
        header = None if is_properties else _SECTION.match(stripped)
        match = _ASSIGNMENT.match(stripped) if header is None else None
        last = None
        if header is not None:
            section = f"{header[1].strip()}."
        elif match is not None:
            last = entries[section + match[1].strip()] = Node(number, match[2].strip())
            goes_on = match[2].endswith("\\")
    return Document((Node(1, entries=entries),), tuple(note.why for note in skipped))
