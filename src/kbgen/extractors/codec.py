"""File facts as one line of JSON and back: the form in which the cache keeps them.

A fact is an array, trailing empty fields cut off, since a warm run reads thousands of files.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from kbgen.model import Fact, FileFacts, SkippedFile


def facts_to_json(facts: FileFacts) -> str:
    """``[path, blob, [[path, why], …], [[kind, name, line, value, symbol, hash, [[key, value], …]], …]]``."""
    rows: list[list[Any]] = []
    for fact in facts.facts:
        row = [fact.kind, fact.name, fact.line, fact.value, fact.symbol, fact.hash, fact.attrs]
        while not row[-1]:
            row.pop()
        rows.append(row)
    skipped = [(note.path, note.why) for note in facts.skipped]
    return json.dumps([facts.path, facts.blob, skipped, rows], separators=(",", ":"))


def facts_from_json(text: str, kinds: Collection[str] | None = None) -> FileFacts:
    """The inverse of `facts_to_json`; with `kinds`, only facts of those kinds."""
    path, blob, skipped, rows = json.loads(text)
    facts = []
    for row in rows:
        kind = row[0]
        if kinds is not None and kind not in kinds:
            continue
        size = len(row)
        if size == 7:
            attrs = tuple([(key, value) for key, value in row[6]])
            facts.append(Fact(kind, row[1], path, row[2], row[3], row[4], row[5], attrs))
        else:
            facts.append(Fact(kind, row[1], path, *row[2:]))
    return FileFacts(path, blob, tuple(facts), tuple(SkippedFile(*note) for note in skipped))
