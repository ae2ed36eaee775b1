"""TOML text as a tree of `Node`. The standard library reads it and forgets the lines: they are looked up after."""

from __future__ import annotations

from typing import Any

from kbgen.extractors.nodes import Document, Node
from kbgen.patterns import LazyPattern

_TABLE = LazyPattern(r"\s*(\[\[?)\s*([^\[\]#\n]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = LazyPattern(r"""\s*((?:[\w-]+|"[^"\n]*"|'[^'\n]*')(?:\s*\.\s*(?:[\w-]+|"[^"\n]*"|'[^'\n]*'))*)\s*=(.*)""")
_PART = LazyPattern(r""""([^"]*)"|'([^']*)'|([\w-]+)""")
_DEPTH_LIMIT = 60


def parse_toml(text: str) -> Document:
    """One root, or none with a note for a text that is no TOML. Raises RecursionError for one too deep."""
    import tomllib

    clean = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        values = tomllib.loads(clean)
    except tomllib.TOMLDecodeError as error:
        where = str(error).rpartition("(at ")[2].removesuffix(")")
        return Document((), (f"TOML syntax error at {where}",))
    except ValueError:
        return Document((), ("holds a number that is too long",))
    return Document((_build(values, 1, "", _find_lines(clean), 0),))


def _build(value: Any, line: int, path: str, lines: dict[str, int], depth: int) -> Node:
    if depth > _DEPTH_LIMIT:
        raise RecursionError
    if isinstance(value, dict):
        entries = {}
        for key, child in value.items():
            below = f"{path}\0{key}"
            entries[key] = _build(child, lines.get(below, line), below, lines, depth + 1)
        return Node(line, entries=entries)
    if isinstance(value, list):
        items = []
        for index, child in enumerate(value):
            below = f"{path}\0{index}"
            items.append(_build(child, lines.get(below, line), below, lines, depth + 1))
        return Node(line, items=items)
    if isinstance(value, bool):
        return Node(line, "true" if value else "false")
    return Node(line, str(value))


def _find_lines(text: str) -> dict[str, int]:
    """Path of keys, joined by NUL -> the line that names it first. Items of a list count from 0."""
    found: dict[str, int] = {}
    tables: dict[str, int] = {}
    table = ""
    closes = ""
    brackets = 0
    listed = ""
    count = 0
    for number, line in enumerate(text.split("\n"), 1):
        if closes:
            closes = "" if closes in line else closes
            continue
        if brackets > 0:
            # A list over several lines: its items stand one a line, as people write them.
            bare = _strip_strings(line)
            if brackets == 1 and line.strip() and not line.lstrip().startswith(("#", "]")):
                found.setdefault(f"{listed}\0{count}", number)
                count += 1
            brackets += bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
            continue
        header = _TABLE.fullmatch(line)
        if header is not None:
            table = _join("", header[2])
            if header[1] == "[[":
                tables[table] = index = tables.get(table, -1) + 1
                found.setdefault(table, number)
                table = f"{table}\0{index}"
            found.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key is None:
            continue
        listed, count = _join(table, key[1]), 0
        found.setdefault(listed, number)
        for quotes in ('"""', "'''"):
            if key[2].count(quotes) == 1:
                closes = quotes
        bare = _strip_strings(key[2])
        brackets = bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
    return found


def _join(table: str, keys: str) -> str:
    parts = ["".join(part.groups("")) for part in _PART.finditer(keys)]
    return "\0".join([table, *parts])


_STRINGS = LazyPattern(r""""[^"\\]*(?:\\.[^"\\]*)*"|'[^']*'|#.*""")


def _strip_strings(line: str) -> str:
    return _STRINGS.sub("", line)
