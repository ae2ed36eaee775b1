"""File facts as one line of JSON and back: the form in which the cache keeps them.

A fact is an array, trailing empty fields cut off, since a warm run reads thousands of files.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import fields
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
    return _encode([facts.path, facts.blob, skipped, rows])


_encode = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode
"""Rows hold no rings, and watching out for them takes a fifth of the time."""


def facts_from_json(text: str, kinds: Collection[str] | None = None) -> FileFacts:
    """The inverse of `facts_to_json`; with `kinds`, only facts of those kinds."""
    path, blob, skipped, rows = json.loads(text)
    facts = []
    for row in rows:
        kind, name, line, value, symbol, digest, attrs = row if len(row) == 7 else (*row, *_EMPTY[len(row) - 3 :])
        if kinds is not None and kind not in kinds:
            continue
        # What `Fact(…)` does in twice the time: a frozen class sets each field by way of `object.__setattr__`.
        fact = _new(Fact)
        _set_kind(fact, kind)
        _set_name(fact, name)
        _set_path(fact, path)
        _set_line(fact, line)
        _set_value(fact, value)
        _set_symbol(fact, symbol)
        _set_hash(fact, digest)
        _set_attrs(fact, tuple(map(tuple, attrs)))
        facts.append(fact)
    return FileFacts(path, blob, tuple(facts), tuple(SkippedFile(*note) for note in skipped))


_EMPTY: tuple[Any, ...] = ("", "", "", ())
"""Of the fields that may be cut off: value, symbol, hash, attributes."""
_new = Fact.__new__
_set_kind, _set_name, _set_path, _set_line, _set_value, _set_symbol, _set_hash, _set_attrs = (
    vars(Fact)[field.name].__set__ for field in fields(Fact)
)
