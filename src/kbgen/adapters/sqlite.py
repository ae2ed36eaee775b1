"""What does history hold that a story needs? Answers about one revision out of the index, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from array import array
from binascii import unhexlify
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from kbgen.adapters.git import Git, LogOptions
from kbgen.adapters.sqlite_index import (
    NO_MEMBER,
    SCHEMA_VERSION,
    WAIT_S,
    connect,
    is_busy,
    open_index,
    update_mentions,
)
from kbgen.errors import LockedError, RepositoryError
from kbgen.history import (
    HEADER_FIELDS,
    LogFormatError,
    decode_path,
    encode_path,
    parse_changes,
    parse_merge_message,
    parse_record,
    read_message,
)
from kbgen.model import Change, Commit, LineCount, Mention, MethodTouch, PullRequest, StoryKey
from kbgen.ports import Progress

T = TypeVar("T")
Place = tuple[int, int, bytes]
"""(at, commit time, hash): sorts commits in the order of every answer, parents before children."""

_DEFAULT_OPTIONS = LogOptions()
_SLICE = 500
"""Values in one query; SQLite takes 999 in its oldest builds."""
_MAX_HELD = 5000
"""Commits held as objects; more are read again when asked for."""


def open_history(
    git: Git,
    rev: str = "HEAD",
    options: LogOptions = _DEFAULT_OPTIONS,
    *,
    use_mailmap: bool = True,
    progress: Progress | None = None,
    wait_s: float = WAIT_S,
) -> SqliteHistory:
    """The history of `rev`, read from the log as far as the index does not have it yet.

    Raises EmptyRepositoryError, UnknownRevisionError, IncompleteHistoryError, and LockedError when another run is
    reading the same history for longer than `wait_s`.
    """
    sha = git.resolve(rev)
    git.check_complete_history()
    return SqliteHistory(git, sha, options, use_mailmap=use_mailmap, progress=progress, wait_s=wait_s)


class SqliteHistory:
    """The `History` port; close it, or use it in a ``with``, so that what was computed is kept."""

    def __init__(
        self,
        git: Git,
        sha: str,
        options: LogOptions,
        *,
        use_mailmap: bool = True,
        progress: Progress | None = None,
        wait_s: float = WAIT_S,
    ) -> None:
        self._git = git
        self._sha = sha
        self._options = options
        self._use_mailmap = use_mailmap
        self._progress = progress
        self._wait_s = wait_s
        self._notices: list[str] = []
        self._grammar: tuple[Callable[[str], Iterable[Mention]], str] | None = None
        self._pending: dict[tuple[str, bytes], str] = {}
        self._open(anew=False)

    def _open(self, *, anew: bool) -> None:
        index = open_index(self._git, self._sha, self._options, self._progress, self._wait_s, anew=anew)
        self._connection = index.connection
        self._owner: array[int] = index.revision.owner
        self._pulls = index.revision.pulls
        self._mailmap = index.revision.mailmap if self._use_mailmap else None
        self._notices += index.notices
        self._commits: dict[int, Commit] = {}
        self._requests: dict[int, PullRequest] = {}
        self._members: list[list[int]] | None = None
        self._parents: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._mentions_read = False

    def __enter__(self) -> SqliteHistory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Keep what was computed, and let go of the file."""
        self._store_pending()
        self._connection.close()

    def leave_parent(self) -> None:
        """In a forked process: SQLite forbids to go on with a connection, and even to close it
        (https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_file_across_a_fork_)."""
        self._inherited = self._connection
        self._connection = connect(self._git.cache_folder / f"index-{SCHEMA_VERSION}.sqlite")

    @property
    def rev(self) -> str:
        return self._sha

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should be told, for instance that a damaged index has been made again."""
        return tuple(self._notices)

    # ------------------------------------------------------------------------------------- commits

    def get_commit(self, sha: str) -> Commit | None:
        return self._answer(lambda: self._get_commit(sha))

    def _get_commit(self, sha: str) -> Commit | None:
        length = len(self._sha)
        try:
            low, high = unhexlify(sha.lower().ljust(length, "0")), unhexlify(sha.lower().ljust(length, "f"))
        except ValueError:
            return None
        if not 7 <= len(sha) <= length:
            return None
        rows = self._connection.execute("SELECT id FROM commits WHERE sha BETWEEN ? AND ?", (low, high))
        found = [number for (number,) in rows if self._is_member(number)]
        return self._load(found)[0] if len(found) == 1 else None

    def get_commits(self, shas: Iterable[str]) -> tuple[Commit, ...]:
        wanted = [unhexlify(sha) for sha in shas]
        return self._answer(lambda: self._load(self._find_numbers(wanted)))

    def list_commits(self) -> Iterator[Commit]:
        shas = self._answer(self._list_shas)
        for begin in range(0, len(shas), _SLICE):
            wanted = shas[begin : begin + _SLICE]
            yield from reversed(self._answer(lambda wanted=wanted: self._load(self._find_numbers(wanted))))  # type: ignore[misc]

    def count_commits(self) -> int:
        return sum(owner != NO_MEMBER for owner in self._owner)

    def list_subjects(self, limit: int = 2000) -> tuple[str, ...]:
        return self._answer(lambda: self._list_subjects(limit))

    def _list_subjects(self, limit: int) -> tuple[str, ...]:
        query = "SELECT id, record FROM commits JOIN records USING (id) ORDER BY at DESC, committed DESC, sha DESC"
        subjects: list[str] = []
        for number, record in self._connection.execute(query):
            if len(subjects) >= limit:
                break
            if self._is_member(number):
                subjects.append(read_message(record).partition("\n")[0].strip())
        return tuple(subjects)

    def _list_shas(self) -> list[bytes]:
        query = "SELECT id, sha FROM commits ORDER BY at DESC, committed DESC, sha DESC"
        return [sha for number, sha in self._connection.execute(query) if self._is_member(number)]

    # ------------------------------------------------------------------------------------ mentions

    def use_grammar(self, find: Callable[[str], Iterable[Mention]], version: str) -> None:
        """Say how messages name stories, before the first question about keys.

        `version` names the grammar: as long as it is the same, no message is read twice.
        """
        self._grammar = (find, version)
        self._mentions_read = False
        self._answer(self._update_mentions)

    def _update_mentions(self) -> None:
        if self._grammar is None:
            raise RuntimeError("use_grammar comes before the first question about story keys")
        if not self._mentions_read:
            update_mentions(self._connection, self._git.cache_folder, *self._grammar, self._wait_s)
            self._mentions_read = True

    def find_mentioning(self, key: StoryKey) -> tuple[Commit, ...]:
        return self._answer(lambda: self._find_mentioning(key))

    def _find_mentioning(self, key: StoryKey) -> tuple[Commit, ...]:
        self._update_mentions()
        query = (
            "SELECT DISTINCT id FROM keys JOIN mentions USING (key)"
            " WHERE numbers = ? AND suffix = ? AND prefix IN (?, '')"
        )
        rows = self._connection.execute(query, (".".join(map(str, key.numbers)), key.suffix, key.prefix))
        return self._load([number for (number,) in rows if self._is_member(number)])

    def find_mentioned_keys(self) -> Mapping[StoryKey, int]:
        return self._answer(self._find_mentioned_keys)

    def _find_mentioned_keys(self) -> Mapping[StoryKey, int]:
        self._update_mentions()
        counts: dict[int, int] = {}
        for key, number in self._connection.execute("SELECT key, id FROM mentions"):
            if self._is_member(number):
                counts[key] = counts.get(key, 0) + 1
        rows = self._connection.execute("SELECT key, prefix, numbers, suffix FROM keys")
        found = {
            StoryKey(prefix, tuple(map(int, numbers.split("."))), suffix): counts[key]
            for key, prefix, numbers, suffix in rows
            if key in counts
        }
        return dict(sorted(found.items()))

    # --------------------------------------------------------------------------------------- paths

    def find_touching(self, paths: Iterable[str]) -> tuple[Commit, ...]:
        wanted = [encode_path(path) for path in paths]
        return self._answer(lambda: self._find_touching(wanted))

    def _find_touching(self, paths: Sequence[bytes]) -> tuple[Commit, ...]:
        found: set[int] = set()
        seen: dict[bytes, float] = {}
        # An old name counts up to the rename; what bears it later is another file.
        waiting: list[tuple[bytes, float]] = [(path, float("inf")) for path in paths]
        while waiting:
            path, last = waiting.pop()
            if seen.get(path, float("-inf")) >= last:
                continue
            seen[path] = last
            for number, moved, at in self._list_touches(path):
                if at > last:
                    continue
                found.add(number)
                if moved == 1:
                    waiting += [(old, at) for old, new in self._list_renames(number) if new == path]
        return self._load(found)

    def follow_path(self, path: str, since: str) -> str | None:
        return self._answer(lambda: self._follow_path(path, since))

    def _follow_path(self, path: str, since: str) -> str | None:
        entries = self._git.list_tree(self._sha)
        anchors = self._find_numbers([unhexlify(since)])
        names = [path]
        followed: set[int] = set()
        while anchors:
            name = encode_path(names[-1])
            away = [
                (at, number)
                for number, moved, at in self._list_touches(name)
                if moved == 2 and number not in followed and not self._is_ancestor(number, anchors[0])
            ]
            if not away:
                break
            anchors = [min(away)[1]]
            followed.add(anchors[0])
            names += [decode_path(new) for old, new in self._list_renames(anchors[0]) if old == name][:1]
        # A merge may have dropped a rename: then the file stands where it stood before.
        return next((name for name in reversed(names) if name in entries), None)

    def _list_touches(self, path: bytes) -> list[tuple[int, int, int]]:
        """(commit, moved, at) of every member that changed the path."""
        query = (
            "SELECT t.id, t.moved, c.at FROM paths p JOIN touches t ON t.path = p.id JOIN commits c ON c.id = t.id"
            " WHERE p.path = ?"
        )
        return [row for row in self._connection.execute(query, (path,)) if self._is_member(row[0])]

    def _list_renames(self, number: int) -> list[tuple[bytes, bytes]]:
        """(old name, new name) of a commit's renames."""
        record = self._connection.execute("SELECT record FROM records WHERE id = ?", (number,)).fetchone()[0]
        changes = parse_changes(record.split(b"\0")[HEADER_FIELDS:])
        return [(encode_path(c.old_path), encode_path(c.path)) for c in changes if c.status == "R"]

    def _is_ancestor(self, number: int, descendant: int) -> bool:
        """True also for the commit itself."""
        at, _ = self._get_parents(number)
        waiting, seen = [descendant], {descendant}
        while waiting:
            current = waiting.pop()
            if current == number:
                return True
            current_at, parents = self._get_parents(current)
            if current_at > at:
                waiting += [parent for parent in parents if parent not in seen]
                seen.update(parents)
        return False

    def _get_parents(self, number: int) -> tuple[int, tuple[int, ...]]:
        """(at, parents)"""
        if number not in self._parents:
            query = "SELECT at, parent, others FROM commits WHERE id = ?"
            at, parent, others = self._connection.execute(query, (number,)).fetchone()
            more = map(int, others.split()) if others else ()
            self._parents[number] = at, () if parent is None else (parent, *more)
        return self._parents[number]

    # ------------------------------------------------------------------------------- pull requests

    def find_pull_requests(self, sha: str) -> tuple[PullRequest, ...]:
        return self._answer(lambda: self._find_pull_requests(sha))

    def _find_pull_requests(self, sha: str) -> tuple[PullRequest, ...]:
        found: list[PullRequest] = []
        for number in self._find_numbers([unhexlify(sha)]):
            pull = self._owner[number]
            while pull >= 0:
                found.append(self._get_request(pull))
                pull = self._pulls.outer[pull]
        return tuple(found)

    def _get_request(self, pull: int) -> PullRequest:
        if pull not in self._requests:
            if self._members is None:
                self._members = [[] for _ in self._pulls.merges]
                for number, owner in enumerate(self._owner):
                    if owner >= 0:
                        self._members[owner].append(number)
            inside = [number for group in self._members[pull : self._pulls.last[pull] + 1] for number in group]
            merge = self._load([self._pulls.merges[pull]])[0]
            name = parse_merge_message(merge.message)
            shas = tuple(sha.hex() for _, _, sha in sorted(self._list_places(inside).values()))
            self._requests[pull] = PullRequest(merge.sha, name.number, name.branch, name.title, shas)
        return self._requests[pull]

    # ------------------------------------------------------------- what costs a look at file contents

    def count_lines(self, sha: str) -> tuple[LineCount, ...]:
        def compute() -> list[list[Any]]:
            return [[c.path, c.added, c.deleted] for c in self._git.count_lines([sha], self._options)[sha]]

        return tuple(LineCount(*row) for row in self._keep("lines", sha, compute))

    def find_methods(self, sha: str) -> tuple[MethodTouch, ...]:
        def compute() -> list[list[Any]]:
            # Imports GitPython and lizard, which no other command needs.
            from kbgen.adapters.pydriller import read_methods

            return [[m.path, m.name, m.complexity, m.lines] for m in read_methods(self._git, sha)]

        return tuple(MethodTouch(*row) for row in self._keep("methods", sha, compute))

    def compute_patch_id(self, sha: str) -> str:
        found: str = self._keep("patch-id", sha, lambda: self._git.compute_patch_ids([sha], self._options)[sha])
        return found

    def find_merge_only_changes(self, merge: str) -> tuple[Change, ...]:
        def compute() -> list[list[str]]:
            changes = self._git.find_merge_only_changes(merge, self._options)
            return [[c.status, c.path, c.old_path, c.old_blob, c.new_blob] for c in changes]

        return tuple(Change(*row) for row in self._keep("merge-only", merge, compute))

    def _keep(self, kind: str, sha: str, compute: Callable[[], Any]) -> Any:
        """The stored value, or else the computed one, which is then stored; every value is plain JSON."""
        key = kind, unhexlify(sha)
        text = self._pending.get(key) or self._answer(lambda: self._read_kept(key))
        if text is None:
            value = compute()
            self._pending[key] = json.dumps(value, separators=(",", ":"))
            if len(self._pending) >= _SLICE:
                self._store_pending()
            return value
        return json.loads(text)

    def _read_kept(self, key: tuple[str, bytes]) -> str | None:
        row = self._connection.execute("SELECT value FROM kept WHERE kind = ? AND sha = ?", key).fetchone()
        return row[0] if row else None

    def _store_pending(self) -> None:
        if not self._pending:
            return
        rows = [(*key, value) for key, value in self._pending.items()]
        self._pending.clear()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            # Only a cache of what git can be asked again: a full disk or a busy file is no reason to fail.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    # --------------------------------------------------------------------------------------- rows

    def _is_member(self, number: int) -> bool:
        return number < len(self._owner) and self._owner[number] != NO_MEMBER

    def _find_numbers(self, shas: Sequence[bytes]) -> list[int]:
        """The commits of these hashes that are ancestors of the revision."""
        rows = self._select("SELECT id FROM commits WHERE sha IN", shas)
        return [number for (number,) in rows if self._is_member(number)]

    def _list_places(self, numbers: Sequence[int]) -> dict[int, Place]:
        rows = self._select("SELECT id, at, committed, sha FROM commits WHERE id IN", numbers)
        return {number: (at, committed, sha) for number, at, committed, sha in rows}

    def _load(self, numbers: Iterable[int]) -> tuple[Commit, ...]:
        places = self._list_places(list(numbers))
        if len(self._commits) + len(places) > _MAX_HELD:
            self._commits.clear()
        missing = [number for number in places if number not in self._commits]
        for number, record in self._select("SELECT id, record FROM records WHERE id IN", missing):
            self._commits[number] = parse_record(record, self._mailmap)
        return tuple(self._commits[number] for number in sorted(places, key=places.__getitem__))

    def _select(self, query: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        for begin in range(0, len(values), _SLICE):
            part = values[begin : begin + _SLICE]
            yield from self._connection.execute(f"{query} ({','.join('?' * len(part))})", part)

    def _answer(self, ask: Callable[[], T]) -> T:
        """What `ask` returns; when the index turns out to be damaged, it is made again and asked once more."""
        try:
            return ask()
        except (sqlite3.DatabaseError, LogFormatError, IndexError, KeyError, TypeError) as error:
            if is_busy(error):
                raise LockedError("another program holds the history index", "wait until it is done") from error
            if not isinstance(error, sqlite3.DatabaseError | LogFormatError) and self._is_sound():
                raise
        self._connection.close()
        self._notices.append("the history index was damaged and has been made again")
        self._open(anew=True)
        try:
            return ask()
        except sqlite3.Error as error:
            raise RepositoryError(f"the history index cannot be read: {error}", "is the disk full?") from error

    def _is_sound(self) -> bool:
        """Whether SQLite finds the file in order: then what went wrong is a fault of ours."""
        try:
            return bool(self._connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))
        except sqlite3.DatabaseError:
            return False
