"""What was found out before? Facts and documents of blobs, which never change, and results of whole revisions."""

from __future__ import annotations

import sqlite3
import zlib
from binascii import unhexlify
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kbgen.adapters.sqlite_index import connect
from kbgen.errors import RepositoryError
from kbgen.history import encode_path

SCHEMA_VERSION = 2
"""Part of the file's name; another one begins a new file and deletes the older ones."""
KEPT_KEYS = 12
"""Of results: what was computed under older ones is dropped when something new is saved."""
MAX_FILE_BYTES = 512 * 1024 * 1024
"""A larger store is begun anew: it holds what no revision in use has any more."""

_TABLES = f"""
CREATE TABLE IF NOT EXISTS facts (
  version TEXT NOT NULL, blob BLOB NOT NULL, value BLOB NOT NULL, UNIQUE (version, blob));
CREATE TABLE IF NOT EXISTS documents (
  version TEXT NOT NULL, blob BLOB NOT NULL, path BLOB NOT NULL, value TEXT NOT NULL, UNIQUE (version, blob, path));
CREATE TABLE IF NOT EXISTS keys (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS results (
  number INTEGER NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, UNIQUE (number, name));
PRAGMA user_version = {SCHEMA_VERSION};
"""


class SqliteFacts:
    """The `FactStore`, `DocumentStore` and `ResultStore` ports, in a file of the cache folder.

    Only a cache: what cannot be read is begun anew, and what cannot be written is computed again the next time.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"facts-{SCHEMA_VERSION}.sqlite"
        self._notices: list[str] = []
        if self._path.is_symlink():
            raise RepositoryError(
                f"{self._path} is a symbolic link, and kbgen follows none out of the repository", f"rm {self._path}"
            )
        if not self._path.exists():
            for older in range(SCHEMA_VERSION):
                _remove(folder / f"facts-{older}.sqlite")
        elif self._path.stat().st_size > MAX_FILE_BYTES:
            _remove(self._path)
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

    def leave_parent(self) -> None:
        """In a forked process, see `SqliteHistory.leave_parent`. What is in memory only is of no other's use."""
        self._inherited = self._connection
        self._connection = self._open() if self._path.exists() else sqlite3.connect(":memory:")

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should be told: that the store was damaged and has been begun anew."""
        return tuple(self._notices)

    def load_facts(self, version: str, blobs: Sequence[str]) -> Mapping[str, str]:
        query = "SELECT value FROM facts WHERE version = ? AND blob = ?"
        found: dict[str, str] = {}
        for blob in blobs:
            row = self._read(query, (version, unhexlify(blob)))
            text = _unpack(row[0]) if row else None
            if text is not None:
                found[blob] = text
        return found

    def save_facts(self, version: str, rows: Iterable[tuple[str, str]]) -> None:
        packed = ((version, unhexlify(blob), _pack(text)) for blob, text in rows)
        self._write(("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", packed))

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
        self._write(("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)", packed))

    def forget_documents(self, prefix: str, keep: str) -> None:
        rows = [(len(prefix), prefix, unhexlify(keep))]
        self._write(("DELETE FROM documents WHERE substr(version, 1, ?) = ? AND blob <> ?", rows))

    def load_result(self, key: str, name: str) -> str | None:
        query = "SELECT value FROM results JOIN keys USING (number) WHERE key = ? AND name = ?"
        row = self._read(query, (key, name))
        return _unpack(row[0]) if row else None

    def save_results(self, key: str, results: Iterable[tuple[str, str]]) -> None:
        insert = "INSERT OR REPLACE INTO results SELECT number, ?, ? FROM keys WHERE key = ?"
        oldest = "(SELECT max(number) FROM keys) - ?"
        self._write(
            ("INSERT OR IGNORE INTO keys (key) VALUES (?)", [(key,)]),
            (insert, ((name, _pack(text), key) for name, text in results)),
            (f"DELETE FROM results WHERE number <= {oldest}", [(KEPT_KEYS,)]),
            (f"DELETE FROM keys WHERE number <= {oldest}", [(KEPT_KEYS,)]),
        )

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
        _remove(self._path)
        try:
            self._connection = self._open()
        except sqlite3.Error:
            self._connection = sqlite3.connect(":memory:", isolation_level=None)
            self._connection.executescript(_TABLES)

    def _read(self, query: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            self._begin_anew(error)
            return None
        return row

    def _write(self, *statements: tuple[str, Iterable[tuple[Any, ...]]]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for query, rows in statements:
                self._connection.executemany(query, rows)
            self._connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if not isinstance(error, sqlite3.OperationalError):
                self._connection.close()
                self._begin_anew(error)
        except BaseException:
            # The rows are computed while they are written.
            self._connection.execute("ROLLBACK")
            raise


def _remove(path: Path) -> None:
    for part in (path, path.with_name(f"{path.name}-journal")):
        part.unlink(missing_ok=True)


def _pack(text: str) -> bytes:
    """A tenth of the text's size; the fastest level, since a cold run packs some twenty megabytes."""
    return zlib.compress(text.encode("utf-8"), 1)


def _unpack(value: bytes) -> str | None:
    """None for what is no packed text."""
    try:
        return zlib.decompress(value).decode("utf-8")
    except (zlib.error, UnicodeDecodeError, TypeError):
        return None
