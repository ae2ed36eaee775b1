"""What was read out of a blob before? Facts and parsed documents, kept because a blob never changes."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from binascii import unhexlify
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kbgen.adapters.sqlite_index import connect
from kbgen.errors import RepositoryError
from kbgen.history import decode_path, encode_path
from kbgen.model import Fact, FileFacts, SkippedFile

SCHEMA_VERSION = 1
MAX_FILE_BYTES = 512 * 1024 * 1024
"""A larger store is begun anew: it holds what no revision in use has any more."""

_TABLES = f"""
CREATE TABLE IF NOT EXISTS facts (
  version TEXT NOT NULL, blob BLOB NOT NULL, path BLOB NOT NULL, value TEXT NOT NULL, UNIQUE (version, blob));
CREATE TABLE IF NOT EXISTS documents (
  version TEXT NOT NULL, blob BLOB NOT NULL, path BLOB NOT NULL, value TEXT NOT NULL, UNIQUE (version, blob, path));
PRAGMA user_version = {SCHEMA_VERSION};
"""


class SqliteFacts:
    """The `FactStore` and `DocumentStore` ports, in a file of the cache folder.

    Only a cache: what cannot be read is begun anew, and what cannot be written is computed again the next time.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"facts-{SCHEMA_VERSION}.sqlite"
        self._notices: list[str] = []
        if self._path.is_symlink():
            raise RepositoryError(
                f"{self._path} is a symbolic link, and kbgen follows none out of the repository", f"rm {self._path}"
            )
        if self._path.exists() and self._path.stat().st_size > MAX_FILE_BYTES:
            self._remove()
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            self._begin_anew(error)

    def __enter__(self) -> SqliteFacts:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should be told: that the store was damaged and has been begun anew."""
        return tuple(self._notices)

    def load_facts(self, version: str, blobs: Sequence[str]) -> Mapping[str, FileFacts]:
        """Facts by blob, with the path that they were saved with: the same content may lie at other paths too."""
        query = "SELECT path, value FROM facts WHERE version = ? AND blob = ?"
        found: dict[str, FileFacts] = {}
        for blob in blobs:
            row = self._read(query, (version, unhexlify(blob)))
            if row:
                with contextlib.suppress(ValueError, TypeError, IndexError):
                    found[blob] = _unpack(decode_path(row[0]), blob, json.loads(row[1]))
        return found

    def save_facts(self, version: str, facts: Iterable[FileFacts]) -> None:
        rows = ((version, unhexlify(file.blob), encode_path(file.path), _dump(_pack(file))) for file in facts)
        self._write("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)", rows)

    def load_documents(self, version: str, wanted: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        query = "SELECT value FROM documents WHERE version = ? AND blob = ? AND path = ?"
        found: dict[tuple[str, str], str] = {}
        for path, blob in wanted:
            row = self._read(query, (version, unhexlify(blob), encode_path(path)))
            if row:
                found[path, blob] = row[0]
        return found

    def save_documents(self, version: str, rows: Iterable[tuple[str, str, str]]) -> None:
        packed = ((version, unhexlify(blob), encode_path(path), text) for path, blob, text in rows)
        self._write("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)", packed)

    def forget_documents(self, prefix: str, keep: str) -> None:
        rows = iter([(len(prefix), prefix, unhexlify(keep))])
        self._write("DELETE FROM documents WHERE substr(version, 1, ?) = ? AND blob <> ?", rows)

    # --------------------------------------------------------------------------------- the file

    def _open(self) -> sqlite3.Connection:
        connection = connect(self._path)
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                connection.executescript(_TABLES)
            connection.execute("SELECT count(*) FROM (SELECT 1 FROM facts LIMIT 1)").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin_anew(self, error: sqlite3.Error) -> None:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            # Another run holds it for very long: this one keeps its facts to itself.
            self._connection = sqlite3.connect(":memory:", isolation_level=None)
            self._connection.executescript(_TABLES)
            return
        self._notices.append(f"the fact store was damaged and has been begun anew: {self._path}")
        self._remove()
        try:
            self._connection = self._open()
        except sqlite3.Error:
            self._connection = sqlite3.connect(":memory:", isolation_level=None)
            self._connection.executescript(_TABLES)

    def _remove(self) -> None:
        for path in (self._path, self._path.with_name(f"{self._path.name}-journal")):
            path.unlink(missing_ok=True)

    def _read(self, query: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            self._begin_anew(error)
            return None
        return row

    def _write(self, query: str, rows: Iterator[tuple[Any, ...]]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(query, rows)
            self._connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if not isinstance(error, sqlite3.OperationalError):
                self._connection.close()
                self._begin_anew(error)


def _dump(value: Any) -> str:
    # Escapes, because a path that is no UTF-8 holds lone surrogates, which SQLite refuses as text.
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _pack(file: FileFacts) -> list[Any]:
    """``[[kind, name, line, value, symbol, hash, [[key, value]…], path]…], [[path, why]…]``; path only when another."""
    facts = []
    for fact in file.facts:
        row = [fact.kind, fact.name, fact.line, fact.value, fact.symbol, fact.hash, fact.attrs]
        facts.append([*row, fact.path] if fact.path != file.path else row)
    return [facts, [[skipped.path, skipped.why] for skipped in file.skipped]]


def _unpack(path: str, blob: str, value: list[Any]) -> FileFacts:
    facts = tuple(
        Fact(
            row[0], row[1], row[7] if len(row) > 7 else path, row[2], row[3], row[4], row[5], tuple(map(_pair, row[6]))
        )
        for row in value[0]
    )
    return FileFacts(path, blob, facts, tuple(SkippedFile(*row) for row in value[1]))


def _pair(pair: list[str]) -> tuple[str, str]:
    key, value = pair
    return key, value
