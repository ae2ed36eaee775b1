"""Facts of SQL scripts: what they create, change and drop.

``schema``
    `name` without quotes, with its schema as written; `value` the columns of a new table or the values of an
    enum, up to 200 characters. [source: sql; kind: table, view, type, function, index, policy, trigger, schema,
    extension; action: create, alter, drop; on: the table of an index, a policy, a trigger]
"""

from __future__ import annotations

from kbgen.extractors.base import shorten, sort_facts
from kbgen.extractors.nodes import keep_attrs
from kbgen.extractors.variables import VALUE_LIMIT
from kbgen.model import Fact, FileFacts, SkippedFile, SourceFile
from kbgen.patterns import LazyPattern

SUFFIXES: tuple[str, ...] = (".sql",)
VERSION = "sql-1"

_FACT_LIMIT = 400
_NAME = r"""(?:"[^"\n]+"|`[^`\n]+`|\[[^\]\n]+\]|[\w$]+)(?:\s*\.\s*(?:"[^"\n]+"|`[^`\n]+`|\[[^\]\n]+\]|[\w$]+))*"""
_STATEMENT = LazyPattern(
    r"""(?ix)
    --[^\n]*  |  (?P<opens>/\*|'|\$\w{0,60}\$)
    | (?<![\w.])(?P<action>create|alter|drop) \s+
      (?: or \s+ replace \s+ | unique \s+ | temp(?:orary)? \s+ | unlogged \s+ | global \s+ | local \s+
        | materialized \s+ | virtual \s+ | concurrently \s+ | foreign \s+ | external \s+ )*
      (?P<kind>table|view|type|function|procedure|index|policy|trigger|schema|extension|sequence|database) \s+
      (?: concurrently \s+ )? (?: if \s+ (?:not \s+)? exists \s+ )? (?: only \s+ )?
      (?P<name>"""
    + _NAME
    + r""")""",
)
_ON = LazyPattern(r"(?i)[^;'(]{0,200}?\bon\s+(?:only\s+)?(" + _NAME + ")")
_COLUMN = LazyPattern(r"""\s*("[^"\n]+"|`[^`\n]+`|\[[^\]\n]+\]|[A-Za-z_][\w$]*)\s+\S""")
_NO_COLUMNS = frozenset(
    "constraint primary foreign unique check key index exclude like partition fulltext period".split()
)
_BREAK = LazyPattern(r"\n")
_PIECES = LazyPattern(r"""--[^\n]*|/\*(?:[^*]|\*(?!/))*\*/|'(?:[^']|'')*'|"[^"]*"|[(),;]""")
_TAG_LIMIT = 20
"""Different ends that may be missing before texts are no longer looked for."""
_TABLE_LIMIT = 20_000
"""Characters of one definition that are looked at."""


def extract(source: SourceFile) -> FileFacts:
    text = source.text
    facts: list[Fact] = []
    skipped: tuple[SkippedFile, ...] = ()
    line, counted = 1, 0
    never: set[str] = set()
    """Ends that are nowhere in the rest of the text."""
    position = 0
    while (match := _STATEMENT.search(text, position)) is not None:
        position = match.end()
        if match["opens"] is not None:
            closes = "*/" if match["opens"] == "/*" else match["opens"]
            end = text.find(closes, position) if closes not in never and len(never) < _TAG_LIMIT else -1
            if end < 0:
                never.add(closes)
            position = end + len(closes) if end >= 0 else position
        if match["action"] is None:
            continue
        if len(facts) >= _FACT_LIMIT:
            skipped = (SkippedFile(source.path, f"only the first {_FACT_LIMIT} definitions are read"),)
            break
        line += text.count("\n", counted, match.start())
        counted = match.start()
        kind, action = match["kind"].lower(), match["action"].lower()
        on = _ON.match(text, match.end()) if kind in ("index", "policy", "trigger") else None
        if kind == "index" and match["name"].lower() == "on":
            continue
        members = _list_members(text, match.end(), kind) if action == "create" and kind in ("table", "type") else []
        attrs = keep_attrs(
            ("source", "sql"), ("kind", kind), ("action", action), ("on", _bare(on[1]) if on is not None else "")
        )
        value = shorten(", ".join(members), VALUE_LIMIT)
        facts.append(Fact("schema", _bare(match["name"]), source.path, line, value, "", "", attrs))
    return FileFacts(source.path, source.blob, sort_facts(facts), skipped)


def _bare(name: str) -> str:
    return ".".join(part.strip().strip('"`[]') for part in name.split("."))


def _list_members(text: str, start: int, kind: str) -> list[str]:
    """Columns of the parenthesis after a table's name, or the values of an enum."""
    members: list[str] = []
    depth = 0
    begin = start
    for piece in _PIECES.finditer(text, start, start + _TABLE_LIMIT):
        mark = piece[0]
        if mark == ";" and depth == 0:
            break
        if mark == "(":
            depth += 1
            begin = piece.end() if depth == 1 else begin
        elif mark in (",", ")") and depth == 1:
            members.extend(_read_member(text[begin : piece.start()], kind))
            begin = piece.end()
        if mark == ")":
            depth -= 1
            if depth <= 0:
                break
    return members


def _read_member(text: str, kind: str) -> list[str]:
    clean = _PIECES.sub(lambda piece: "" if piece[0].startswith(("--", "/*")) else piece[0], text).strip()
    if kind == "type":
        return [clean.strip("'")] if clean.startswith("'") else []
    column = _COLUMN.match(f"{clean} ")
    name = _bare(column[1]) if column is not None else ""
    return [name] if name and name.lower() not in _NO_COLUMNS else []
