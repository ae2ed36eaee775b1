"""How is history kept in a file, brought up to date, and made again when it is damaged?

The index holds each commit's record exactly as git printed it, so `kbgen.history` alone says what it means, beside
small tables to find it by: the graph, paths touched, story keys mentioned. A commit never changes, so rows are only
added. What depends on the revision (ancestors, pull requests, mailmap) is kept for the last few revisions asked for.

A new index is built in a file of its own and then renamed; an update is one transaction. So a kill at any moment leaves
either the old state or the new one. One process writes at a time; readers need no lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
import sys
import time
from array import array
from binascii import unhexlify
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kbgen.adapters.git import Git, LogOptions
from kbgen.errors import IncompleteHistoryError, LockedError, RepositoryError
from kbgen.history import (
    COMMITTED_FIELD,
    HEADER_FIELDS,
    MESSAGE_FIELD,
    LogFormatError,
    Mailmap,
    PullForest,
    decode_text,
    group_pull_requests,
    has_two_paths,
    is_sync_merge,
    parse_mailmap,
    parse_raw_date,
    read_message,
    split_log,
)
from kbgen.model import Mention
from kbgen.patterns import lazy
from kbgen.ports import Progress

SCHEMA_VERSION = 1
"""Part of the file's name; another one begins a new file and deletes the older ones."""

KEPT_REVISIONS = 4
WAIT_S = 60.0

NO_MEMBER = -2
"""In `Revision.owner`: no ancestor of the revision. -1 stands for the main line, see `PullForest`."""
_BATCH = 2000
_DIGIT = lazy(r"\d")

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- at: commit time, raised where needed so that every commit is later than its parents: the order of all answers.
CREATE TABLE commits (
  id INTEGER PRIMARY KEY, sha BLOB NOT NULL, at INTEGER NOT NULL, committed INTEGER NOT NULL,
  parent INTEGER, others TEXT, sync INTEGER NOT NULL);
CREATE TABLE records (id INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE paths (id INTEGER PRIMARY KEY, path BLOB NOT NULL);
-- moved: 1 for the new name of a rename or copy, 2 for the old name of a rename.
CREATE TABLE touches (path INTEGER NOT NULL, id INTEGER NOT NULL, moved INTEGER NOT NULL);
CREATE TABLE keys (key INTEGER PRIMARY KEY, numbers TEXT NOT NULL, suffix TEXT NOT NULL, prefix TEXT NOT NULL);
CREATE TABLE mentions (key INTEGER NOT NULL, id INTEGER NOT NULL);
CREATE TABLE tips (sha BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE revisions (
  number INTEGER PRIMARY KEY, sha BLOB NOT NULL UNIQUE,
  owner BLOB NOT NULL, pulls TEXT NOT NULL, mailmap BLOB NOT NULL);
-- What costs a look at file contents and never changes, as JSON: line counts, methods, patch ids, merge-only changes.
CREATE TABLE kept (kind TEXT NOT NULL, sha BLOB NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, sha)) WITHOUT ROWID;
"""
_INDEXES = """
CREATE UNIQUE INDEX commits_sha ON commits (sha);
CREATE INDEX commits_at ON commits (at);
CREATE UNIQUE INDEX paths_path ON paths (path);
CREATE INDEX touches_path ON touches (path, id, moved);
CREATE UNIQUE INDEX keys_key ON keys (numbers, suffix, prefix);
CREATE INDEX mentions_key ON mentions (key, id);
"""


@dataclass(frozen=True, slots=True)
class Revision:
    """What depends on the revision asked for."""

    sha: str
    owner: array[int]
    """By commit id: the innermost pull request, -1 on the main line, `NO_MEMBER` for what is no ancestor."""
    pulls: PullForest[int]
    """Its `owner` is empty: the array above has it in less room."""
    mailmap: Mailmap


@dataclass(frozen=True, slots=True)
class OpenIndex:
    connection: sqlite3.Connection
    revision: Revision
    notices: tuple[str, ...]
    """What a person should be told: that the index was damaged and has been made again."""


def open_index(
    git: Git,
    sha: str,
    options: LogOptions,
    progress: Progress | None = None,
    wait_s: float = WAIT_S,
    *,
    anew: bool = False,
) -> OpenIndex:
    """The index with the commit `sha` and all its ancestors in it; `anew` throws away what is there.

    Raises LockedError when another run holds the lock for longer than `wait_s`.
    """
    path = git.cache_folder / f"index-{SCHEMA_VERSION}.sqlite"
    if path.is_symlink():
        raise RepositoryError(f"{path} is a symbolic link, and kbgen follows none out of the repository", f"rm {path}")
    shape = (
        f"{git.object_format} {options.rename_threshold} {options.rename_limit} {sys.byteorder}{array('i').itemsize}"
    )
    notices: list[str] = []
    if not anew:
        connection = _open_sound(path, shape, notices)
        if connection is not None:
            revision = _read_revision(connection, sha)
            if revision is not None:
                return OpenIndex(connection, revision, ())
            connection.close()
    with hold_lock(git.cache_folder / "lock", wait_s), _explain_sqlite(path):
        # What was said before the lock may be settled by the run that held it.
        notices.clear()
        connection = None if anew else _open_sound(path, shape, notices)
        if connection is not None:
            revision = _read_revision(connection, sha)
            if revision is None:
                try:
                    connection.execute("BEGIN IMMEDIATE")
                    revision = _update(connection, git, sha, options, progress, fresh=False)
                    connection.execute("COMMIT")
                except (sqlite3.DatabaseError, LogFormatError) as error:
                    connection.close()
                    if is_busy(error):
                        raise
                    notices.append(f"the history index was damaged and has been made again: {path}")
                    connection = None
                except BaseException:
                    connection.close()
                    raise
        if connection is None or revision is None:
            _build(path, shape, git, sha, options, progress)
            connection = connect(path)
            revision = _read_revision(connection, sha)
            if revision is None:
                raise RepositoryError(f"{path}: the index cannot be read back", "is the disk full?")
    return OpenIndex(connection, revision, tuple(notices))


# --------------------------------------------------------------------------------- files and locks


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode; the file came with the repository, so nothing in it may call a function."""
    connection = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def is_busy(error: BaseException) -> bool:
    """True when another process holds the file, which is no damage."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


@contextlib.contextmanager
def hold_lock(path: Path, wait_s: float) -> Iterator[None]:
    """Hold the lock file; the system lets it go when the process ends, however it ends."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        last_s = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= last_s:
                    raise LockedError(
                        f"another kbgen run has been reading this repository's history for {wait_s:g} seconds",
                        "wait until it is done, then try again",
                    ) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _explain_sqlite(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if is_busy(error):
            raise LockedError(
                f"{path} is in use by another program", "wait until it is done, then try again"
            ) from error
        raise RepositoryError(f"{path}: {error}", f"remove it; kbgen makes it again: rm {path}") from error


def _open_sound(path: Path, shape: str, notices: list[str]) -> sqlite3.Connection | None:
    """A connection to an index of our version and options; None, and a notice when it was not simply absent, else."""
    if not path.exists():
        return None
    connection = None
    try:
        connection = connect(path)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == SCHEMA_VERSION:
            known = connection.execute("SELECT value FROM meta WHERE key = 'shape'").fetchone()
            if known == (shape,):
                return connection
            notices.append(f"the history index was made with other options and has been made again: {path}")
        else:
            notices.append(f"the history index was of another version and has been made again: {path}")
    except sqlite3.DatabaseError as error:
        if is_busy(error):
            raise LockedError(
                f"{path} is in use by another program", "wait until it is done, then try again"
            ) from error
        notices.append(f"the history index was damaged and has been made again: {path}")
    if connection is not None:
        connection.close()
    return None


def _build(path: Path, shape: str, git: Git, sha: str, options: LogOptions, progress: Progress | None) -> None:
    """A whole new index beside the old one, then in its place. The caller holds the lock."""
    part = path.with_name(f"{path.stem}.part")
    for stale in (part, *(path.with_name(f"index-{older}.sqlite") for older in range(SCHEMA_VERSION))):
        stale.unlink(missing_ok=True)
    connection = connect(part)
    try:
        # Nothing to protect: until it is renamed, nobody sees this file.
        connection.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
        )
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("BEGIN")
        for statement in _TABLES.split(";\n"):
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('shape', ?)", (shape,))
        _update(connection, git, sha, options, progress, fresh=True)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        part.unlink(missing_ok=True)
        raise
    connection.close()
    with open(part, "rb") as file:
        os.fsync(file.fileno())
    for old in (path.with_name(f"{path.name}-journal"), path.with_name(f"{path.name}-wal")):
        old.unlink(missing_ok=True)
    os.replace(part, path)


# ----------------------------------------------------------------------------------- reading the log


def _update(
    connection: sqlite3.Connection, git: Git, sha: str, options: LogOptions, progress: Progress | None, *, fresh: bool
) -> Revision:
    """Add the commits that `sha` has and the index has not, and what depends on the revision."""
    find = "SELECT id FROM commits WHERE sha = ?"
    known = None if fresh else connection.execute(find, (unhexlify(sha),)).fetchone()
    if known is None:
        git.check_complete_history()
        tips = [tip.hex() for (tip,) in connection.execute("SELECT sha FROM tips ORDER BY sha")]
        writer = _Writer(connection, fresh=fresh)
        if progress:
            progress.start("reading history", None)
        for fields in split_log(git.stream_log([sha], tips, options)):
            if writer.add(fields) and progress:
                progress.advance(_BATCH)
        writer.finish()
        if progress:
            progress.finish()
    if fresh:
        for statement in _INDEXES.strip().split("\n"):
            connection.execute(statement)
    if known is None:
        known = connection.execute(find, (unhexlify(sha),)).fetchone()
        if known is None:
            raise IncompleteHistoryError(f"git lists no history of {sha}", "run: git fsck")
    return _add_revision(connection, git, sha, known[0])


class _Writer:
    """Puts records into the tables, a batch at a time, so that memory stays small.

    They come children first: read the other way round git takes a fifth more time, since its packs are made for reading
    new to old. So the graph is held until the end and its rows are made then, parents first.
    """

    def __init__(self, connection: sqlite3.Connection, *, fresh: bool) -> None:
        self._connection = connection
        self._fresh = fresh
        self._first_id, self._next_path = (
            connection.execute(f"SELECT coalesce(max(id), -1) + 1 FROM {table}").fetchone()[0]
            for table in ("commits", "paths")
        )
        self._shas: list[bytes] = []
        self._parents: list[bytes] = []
        """As git prints them: hexadecimal, with a space between."""
        self._committed = array("q")
        self._syncs: set[int] = set()
        self._path_ids: dict[bytes, int] = {}
        self._records: list[tuple[int, bytes]] = []
        self._paths: list[tuple[int, bytes]] = []
        self._touches: list[tuple[int, int, int]] = []

    def add(self, fields: list[bytes]) -> bool:
        """True when a batch has been written."""
        sha = unhexlify(fields[0])
        if not self._fresh and self._find_known(sha):
            # Listed again: what was excluded by a tip that git has pruned since.
            return False
        number = self._first_id + len(self._shas)
        self._shas.append(sha)
        self._parents.append(fields[1])
        self._committed.append(parse_raw_date(fields[COMMITTED_FIELD])[0])
        if b" " in fields[1] and is_sync_merge(decode_text(fields[MESSAGE_FIELD])):
            self._syncs.add(number)
        self._records.append((number, b"\0".join(fields)))
        self._add_touches(fields, number)
        if len(self._records) < _BATCH:
            return False
        self._flush()
        return True

    def _add_touches(self, fields: list[bytes], number: int) -> None:
        at = HEADER_FIELDS
        end = len(fields)
        path_ids = self._path_ids
        add = self._touches.append
        while at < end:
            path = fields[at + 1]
            moved = 0
            if has_two_paths(fields[at]):
                if b" R" in fields[at]:
                    add((path_ids[path] if path in path_ids else self._find_path(path), number, 2))
                path = fields[at + 2]
                at += 1
                moved = 1
            add((path_ids[path] if path in path_ids else self._find_path(path), number, moved))
            at += 2

    def finish(self) -> None:
        """Write what is left, and the graph."""
        self._flush()
        self._connection.executemany("INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?, ?)", self._make_rows())

    def _make_rows(self) -> Iterator[tuple[int, bytes, int, int, int | None, str | None, int]]:
        """In the order of their numbers, in which a table grows fastest."""
        numbers = {sha: number for number, sha in enumerate(self._shas, self._first_id)}
        times = self._committed[:]
        above: list[tuple[int | None, str | None]] = [(None, None)] * len(self._shas)
        for place in range(len(self._shas) - 1, -1, -1):
            at = times[place]
            parents = []
            for text in self._parents[place].split():
                parent = unhexlify(text)
                number = numbers.get(parent)
                known = (number, times[number - self._first_id]) if number is not None else self._find_known(parent)
                if known is None:
                    raise IncompleteHistoryError(f"the parent {text.decode()} of a commit is missing", "run: git fsck")
                parents.append(known[0])
                at = max(at, known[1] + 1)
            times[place] = at
            if parents:
                above[place] = parents[0], " ".join(map(str, parents[1:])) or None
        for place, (first, others) in enumerate(above):
            number = place + self._first_id
            # A bool would go through SQLite's adapters, which takes longer than all the rest of the row.
            sync = int(number in self._syncs)
            yield number, self._shas[place], times[place], self._committed[place], first, others, sync

    def _flush(self) -> None:
        run = self._connection.executemany
        run("INSERT INTO records VALUES (?, ?)", self._records)
        run("INSERT INTO paths VALUES (?, ?)", self._paths)
        run("INSERT INTO touches VALUES (?, ?, ?)", self._touches)
        for rows in (self._records, self._paths, self._touches):
            rows.clear()

    def _find_known(self, sha: bytes) -> tuple[int, int] | None:
        """(id, at) of a commit that was there before this update."""
        found: tuple[int, int] | None = None
        if not self._fresh:
            found = self._connection.execute("SELECT id, at FROM commits WHERE sha = ?", (sha,)).fetchone()
        return found

    def _find_path(self, path: bytes) -> int:
        found = None
        if not self._fresh:
            found = self._connection.execute("SELECT id FROM paths WHERE path = ?", (path,)).fetchone()
        if found:
            number: int = found[0]
        else:
            number = self._next_path
            self._next_path += 1
            self._paths.append((number, path))
        self._path_ids[path] = number
        return number


# ------------------------------------------------------------------------- what depends on the revision


def _add_revision(connection: sqlite3.Connection, git: Git, sha: str, tip: int) -> Revision:
    parents: dict[int, tuple[int, ...]] = {}
    syncs = set()
    for number, parent, others, sync in connection.execute("SELECT id, parent, others, sync FROM commits"):
        parents[number] = () if parent is None else (parent,) if others is None else (parent, *map(int, others.split()))
        if sync:
            syncs.add(number)
    forest = group_pull_requests(parents, tip, syncs.__contains__)
    owner = array("i", [NO_MEMBER]) * (max(parents) + 1)
    for number, pull in forest.owner.items():
        owner[number] = pull
    mailmap = next((content for _, content in git.read_objects([f"{sha}:.mailmap"])), b"")
    content = mailmap if isinstance(mailmap, bytes) else b""
    pulls = json.dumps([forest.merges, forest.outer, forest.last], separators=(",", ":"))
    insert = "INSERT INTO revisions (sha, owner, pulls, mailmap) VALUES (?, ?, ?, ?)"
    connection.execute(insert, (unhexlify(sha), owner.tobytes(), pulls, content))
    connection.execute(
        "DELETE FROM revisions WHERE number <= (SELECT max(number) FROM revisions) - ?", (KEPT_REVISIONS,)
    )
    _move_tips(connection, unhexlify(sha), owner)
    return Revision(sha, owner, PullForest(forest.merges, forest.outer, forest.last, {}), parse_mailmap(content))


def _move_tips(connection: sqlite3.Connection, sha: bytes, owner: array[int]) -> None:
    """Tips are what `git log` need not list again; one that the new revision reaches is none any more."""
    tips = connection.execute("SELECT c.id, t.sha FROM tips t JOIN commits c USING (sha)").fetchall()
    reached = [(tip,) for number, tip in tips if owner[number] != NO_MEMBER]
    connection.executemany("DELETE FROM tips WHERE sha = ?", reached)
    connection.execute("INSERT OR IGNORE INTO tips VALUES (?)", (sha,))


def _read_revision(connection: sqlite3.Connection, sha: str) -> Revision | None:
    query = "SELECT owner, pulls, mailmap FROM revisions WHERE sha = ?"
    try:
        row = connection.execute(query, (unhexlify(sha),)).fetchone()
        if row is None:
            return None
        owner = array("i")
        owner.frombytes(row[0])
        merges, outer, last = json.loads(row[1])
        return Revision(sha, owner, PullForest(tuple(merges), tuple(outer), tuple(last), {}), parse_mailmap(row[2]))
    except (sqlite3.DatabaseError, ValueError, TypeError):
        # Damaged: the caller reads the log again, finds the damage, and makes the index anew.
        return None


# ----------------------------------------------------------------------------------------- mentions


def update_mentions(
    connection: sqlite3.Connection, folder: Path, find: Callable[[str], Iterable[Mention]], version: str, wait_s: float
) -> None:
    """Find the story keys that messages name, in commits that this grammar's version has not seen."""
    if _read_mentioned(connection, version) == _count_commits(connection):
        return
    with hold_lock(folder / "lock", wait_s):
        connection.execute("BEGIN IMMEDIATE")
        try:
            begin = _read_mentioned(connection, version)
            end = _count_commits(connection)
            if begin == 0:
                connection.execute("DELETE FROM mentions")
                connection.execute("DELETE FROM keys")
            _find_mentions(connection, begin, find)
            put = "INSERT OR REPLACE INTO meta VALUES (?, ?)"
            connection.executemany(put, [("grammar", version), ("mentioned", str(end))])
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _find_mentions(connection: sqlite3.Connection, begin: int, find: Callable[[str], Iterable[Mention]]) -> None:
    keys: dict[tuple[str, str, str], int] = {
        (numbers, suffix, prefix): key
        for key, numbers, suffix, prefix in connection.execute("SELECT key, numbers, suffix, prefix FROM keys")
    }
    known = len(keys)
    rows = []
    for number, record in connection.execute("SELECT id, record FROM records WHERE id >= ?", (begin,)):
        message = read_message(record)
        if not _DIGIT.search(message):
            # No number, no key: one message in two needs no closer look.
            continue
        for key in sorted({mention.key for mention in find(message)}):
            name = ".".join(map(str, key.numbers)), key.suffix, key.prefix
            rows.append((keys.setdefault(name, len(keys)), number))
    connection.executemany(
        "INSERT INTO keys VALUES (?, ?, ?, ?)", ((key, *name) for name, key in keys.items() if key >= known)
    )
    connection.executemany("INSERT INTO mentions VALUES (?, ?)", rows)


def _read_mentioned(connection: sqlite3.Connection, version: str) -> int:
    """How many commits this version of the grammar has read."""
    state = dict(connection.execute("SELECT key, value FROM meta WHERE key IN ('grammar', 'mentioned')"))
    return int(state["mentioned"]) if state.get("grammar") == version else 0


def _count_commits(connection: sqlite3.Connection) -> int:
    count: int = connection.execute("SELECT coalesce(max(id), -1) + 1 FROM commits").fetchone()[0]
    return count
