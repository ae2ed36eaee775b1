"""What git's log says, as values: commits out of the stream, pull requests out of the graph, people out of a mailmap.

The stream is that of ``git log -z --raw`` with `LOG_FORMAT`. Everything in it is ended by NUL, which neither a
message nor a path can hold, so fields are taken by count and never by what they look like
(https://git-scm.com/docs/git-diff#_raw_output_format).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from kbgen.errors import RepositoryError
from kbgen.model import Change, ChangeStatus, Commit, Person
from kbgen.patterns import lazy

LOG_FORMAT = "%H%x00%P%x00%an%x00%ae%x00%ad%x00%cn%x00%ce%x00%cd%x00%B"
"""Names as committed, before mailmap; dates as ``--date=raw`` prints them: ``1700000000 +0530``."""

HEADER_FIELDS = 9
COMMITTED_FIELD = 7
MESSAGE_FIELD = 8
_LAST_DIGIT = ord("9")


class LogFormatError(RepositoryError):
    """Git printed something that is no log record: another git, or a damaged index."""

    slug = "log-format"


# -------------------------------------------------------------------------------------- the stream


def split_log(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """One record after the other as its fields, whatever the chunks are; holds one record and one chunk.

    A record is the nine of `LOG_FORMAT`, then ``:100644 100644 OLD NEW M`` and a path for each change, or two paths.
    Joined by NUL it may be stored; `parse_record` reads it.
    """
    tokens: list[bytes] = []
    start = 0
    """Where in `tokens` the record begins that is being read."""
    at = HEADER_FIELDS
    """The token that may be a change of that record, or else the first of the next record."""
    for complete in _split_tokens(chunks):
        tokens += complete
        count = len(tokens)
        while at < count:
            token = tokens[at]
            if token[:1] == b":" or token[:2] == b"\n:":
                at += 3 if has_two_paths(token) else 2
            else:
                yield tokens[start:at]
                start = at
                at += HEADER_FIELDS
        if start:
            del tokens[:start]
            at -= start
            start = 0
    if tokens:
        if len(tokens) != at:
            raise LogFormatError("git log ended in the middle of a commit")
        yield tokens


def has_two_paths(description: bytes) -> bool:
    """True for a rename or copy, ``… R087``: they alone end in a score."""
    return description[-1] <= _LAST_DIGIT


def _split_tokens(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Whole tokens only; a token that spans many chunks is joined once, so that 100 MB of message stay linear."""
    held: list[bytes] = []
    for chunk in chunks:
        parts = chunk.split(b"\0")
        if len(parts) > 1:
            held.append(parts[0])
            parts[0] = b"".join(held)
            held = [parts.pop()]
            yield parts
        else:
            held.append(chunk)
    if any(held):
        raise LogFormatError("git log ended in the middle of a field")


def parse_log(chunks: Iterable[bytes]) -> Iterator[Commit]:
    """Every commit of the stream, in its order."""
    return map(parse_fields, split_log(chunks))


def parse_record(record: bytes, mailmap: Mailmap | None = None) -> Commit:
    """The commit of a record whose fields are joined by NUL."""
    return parse_fields(record.split(b"\0"), mailmap)


def parse_fields(fields: Sequence[bytes], mailmap: Mailmap | None = None) -> Commit:
    """The commit of one record; see `split_log`."""
    if len(fields) < HEADER_FIELDS:
        raise LogFormatError("a commit record is too short")
    sha, parents, author, author_email, written, committer, committer_email, committed, message = fields[:HEADER_FIELDS]
    authored, authored_offset = parse_raw_date(written)
    people = (
        Person(decode_text(author), decode_text(author_email)),
        Person(decode_text(committer), decode_text(committer_email)),
    )
    if mailmap:
        people = mailmap.correct(people[0]), mailmap.correct(people[1])
    return Commit(
        sha=sha.decode("ascii", "replace"),
        parents=tuple(parents.decode("ascii", "replace").split()),
        author=people[0],
        authored=authored,
        authored_offset=authored_offset,
        committer=people[1],
        committed=parse_raw_date(committed)[0],
        message=decode_text(message).rstrip("\n"),
        changes=tuple(parse_changes(fields[HEADER_FIELDS:])),
    )


def read_message(record: bytes) -> str:
    """Only the message of one record."""
    return decode_text(record.split(b"\0", HEADER_FIELDS)[MESSAGE_FIELD]).rstrip("\n")


def parse_changes(fields: Sequence[bytes]) -> Iterator[Change]:
    """The changes in raw format, ``:100644 100644 OLD NEW M`` then its path, or its two for R and C."""
    at = 0
    try:
        while at < len(fields):
            _, _, old_blob, new_blob, status = fields[at].decode("ascii").lstrip("\n").split(" ")
            letter = status[:1]
            if letter in ("R", "C"):
                old_path, path = decode_path(fields[at + 1]), decode_path(fields[at + 2])
                at += 3
            else:
                old_path, path = "", decode_path(fields[at + 1])
                at += 2
            yield Change(cast(ChangeStatus, letter), path, old_path, old_blob, new_blob)
    except (ValueError, IndexError) as error:
        raise LogFormatError("a change record is not in git's raw format") from error


def parse_raw_date(text: bytes) -> tuple[int, int]:
    """(seconds since the epoch, minutes east of UTC) of ``1700000000 -0130``; (0, 0) when there is no readable date."""
    seconds, _, zone = text.partition(b" ")
    try:
        time = int(seconds)
        offset = int(zone or b"0")
    except ValueError:
        return 0, 0
    hours, minutes = divmod(abs(offset), 100)
    return time, (hours * 60 + minutes) * (-1 if offset < 0 else 1)


def decode_text(text: bytes) -> str:
    """Text of a message or name; bytes that are no UTF-8 become U+FFFD (git has re-coded what declares an encoding)."""
    return text.decode("utf-8", "replace")


def decode_path(path: bytes) -> str:
    """A path as `kbgen.model` keeps it: bytes that are no UTF-8 become surrogate escapes (PEP 383)."""
    return path.decode("utf-8", "surrogateescape")


def encode_path(path: str) -> bytes:
    """The bytes that `decode_path` came from."""
    return path.encode("utf-8", "surrogateescape")


# ------------------------------------------------------------------------------------------ people


@dataclass(frozen=True, slots=True)
class Mailmap:
    """Names and addresses as the project's ``.mailmap`` corrects them (https://git-scm.com/docs/gitmailmap).

    Keys are lower case, for git compares addresses and names without case; an empty name stands for any.
    """

    entries: Mapping[tuple[str, str], tuple[str, str]]
    """(committed name or "", committed email) -> (proper name or "", proper email or "")."""

    def correct(self, person: Person) -> Person:
        email = person.email.lower()
        found = self.entries.get((person.name.lower(), email)) or self.entries.get(("", email))
        return Person(found[0] or person.name, found[1] or person.email) if found else person


_MAILMAP_LINE = lazy(r"\s*([^<>]*?)\s*<([^<>]+)>(?:\s*([^<>]*?)\s*<([^<>]*)>)?")


def parse_mailmap(content: bytes) -> Mailmap:
    """A ``.mailmap``; lines that are none are passed over, a later line corrects an earlier one."""
    entries: dict[tuple[str, str], tuple[str, str]] = {}
    for line in decode_text(content).split("\n"):
        match = None if line.startswith("#") else _MAILMAP_LINE.match(line)
        if match is None:
            continue
        name, email = match[1], match[2]
        if match[4] is None:
            key, proper = ("", email.lower()), (name, "")
        else:
            key, proper = (match[3].lower(), match[4].lower()), (name, email)
        known = ("", "") if key[0] else entries.get(key, ("", ""))
        entries[key] = (proper[0] or known[0], proper[1] or known[1])
    return Mailmap(entries)


# ----------------------------------------------------------------------------------- pull requests


@dataclass(frozen=True, slots=True)
class MergeName:
    """What a merge's message says of itself; empty where it says nothing."""

    number: int | None = None
    branch: str = ""
    into: str = ""
    title: str = ""


_BRANCH = r"['\"]?(?P<branch>[^'\"\s:]+)['\"]?"
_INTO = r"\s+into\s+['\"]?(?P<into>[^'\"\s]+)['\"]?"
_OTHER = r"(?!(?:branch|branches|tag|commit|pull|remote-tracking)\b)"
_MERGE_SUBJECTS = tuple(
    lazy(pattern, re.IGNORECASE)
    for pattern in (
        rf"Merge pull request #(?P<number>\d+) (?:from|in) [^\s/]+/(?P<branch>\S+)(?:{_INTO})?",
        r"Merge pull request #(?P<number>\d+)(?: from (?P<branch>\S+))?",
        r"Merged in (?P<branch>\S+) \(pull request #(?P<number>\d+)\)",
        r"Merged PR #?(?P<number>\d+):\s*(?P<title>.*)",
        rf"Merge remote-tracking branch {_BRANCH}(?:{_INTO})?\s*$",
        rf"Merge (?:branch|tag|commit) {_BRANCH}(?:\s+of\s+(?P<url>\S+))?(?:{_INTO})?\s*$",
        rf"Merge {_OTHER}{_BRANCH}{_INTO}\s*$",
        rf"Merge {_OTHER}(?P<branch>[^'\"\s:]*[/_-][^'\"\s:]*)(?::\s*(?P<title>.*))?\s*$",
    )
)
_PLAIN_SUBJECT = lazy(r"(?:merge[:\s]\s*)?(.*)", re.IGNORECASE)
_SYNC_SUBJECT = lazy(
    r"\b(?:sync\w*|with|from|latest)\s+(?:latest\s+)?(?:origin/|upstream/)?(?:main|master|trunk|develop)\b",
    re.IGNORECASE,
)
_MERGE_REQUEST = lazy(r"^See merge request \S*!(\d+)\s*$", re.MULTILINE)
_REMOTE = lazy(r"^(?:refs/)?(?:remotes/)?(?:origin|upstream)/")


def parse_merge_message(message: str) -> MergeName:
    """Number, branch, target and title as GitHub, GitLab, Bitbucket, Azure, git itself and people write them."""
    subject, _, body = message.partition("\n")
    subject = subject.strip()
    match = next((found for found in (pattern.match(subject) for pattern in _MERGE_SUBJECTS) if found), None)
    request = _MERGE_REQUEST.search(body)
    number = int(request[1]) if request else None
    title = next((line.strip() for line in body.splitlines() if line.strip()), "")
    if request and title.startswith("See merge request"):
        title = ""
    if match is None:
        said = _PLAIN_SUBJECT.match(subject)
        return MergeName(number=number, title=title if request or said is None else said[1])
    named = match.groupdict()
    if named.get("number"):
        number = int(named["number"])
    branch = _REMOTE.sub("", named.get("branch") or "")
    into = _REMOTE.sub("", named.get("into") or "")
    if named.get("url") and not into:
        into = branch
    return MergeName(number, branch, into, (named.get("title") or title).strip())


_MAIN_NAMES = ("main", "master", "trunk", "mainline", "default")
_NEXT_NAMES = ("develop", "development", "dev", "next", "staging")


def is_sync_merge(message: str) -> bool:
    """True for a merge that brings a branch up to date, with its main line or with its own remote copy.

    Such a merge is nobody's pull request: ``Merge branch 'main' into epic/x``, ``Merge branch 'x' of HOST into x``.
    """
    if message.startswith("Merge pull request #"):
        return False
    name = parse_merge_message(message)
    if name.number is not None:
        return False
    if not name.branch:
        return _SYNC_SUBJECT.search(message.partition("\n")[0]) is not None
    into = name.into or "main"
    return _rank_branch(name.branch) < _rank_branch(into) or name.branch == into


def _rank_branch(name: str) -> int:
    return 0 if name in _MAIN_NAMES else 1 if name in _NEXT_NAMES else 2


K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class PullForest(Generic[K]):
    """Every pull request of a history, outer ones before the ones merged inside them.

    Number n holds the commits whose `owner` is n up to and including ``last[n]``: numbers are given depth first.
    """

    merges: tuple[K, ...]
    """The merge commit of each pull request; its place here is its number."""
    outer: tuple[int, ...]
    """The pull request that it was merged inside of; -1 on the main line."""
    last: tuple[int, ...]
    """The highest number merged inside it, its own when there is none."""
    owner: Mapping[K, int]
    """For every ancestor of the tip, tip included, the innermost pull request; -1 on the main line."""


def group_pull_requests(parents: Mapping[K, Sequence[K]], tip: K, is_sync: Callable[[K], bool]) -> PullForest[K]:
    """The pull requests that the graph shows: what a merge's other parents reach and its first parent does not.

    The main line is the chain of first parents from the tip. Its merges are taken oldest first, so all that the first
    parent reaches has an owner by then; inside a side branch the same again. What a sync merge brings in belongs to
    whatever its own chain belongs to. Takes time in the number of commits and parents, and does not recurse.
    """
    owner: dict[K, int] = {}
    merges: list[K] = []
    outer: list[int] = []
    opened: dict[K, int] = {}
    # (where a chain starts, the chain's owner, the merge that opens a pull request there or None)
    waiting: list[tuple[K, int, K | None]] = [(tip, -1, None)]
    while waiting:
        start, number, merge = waiting.pop()
        if start in owner:
            continue
        if merge is not None:
            # The second side of an octopus belongs to the pull request that the first side opened.
            if merge not in opened:
                opened[merge] = len(merges)
                merges.append(merge)
                outer.append(number)
            number = opened[merge]
        found: list[K] = []
        commit = start
        while commit not in owner:
            owner[commit] = number
            above = parents[commit]
            if len(above) > 1:
                found.append(commit)
            if not above:
                break
            commit = above[0]
        for commit in found:
            opens = None if is_sync(commit) else commit
            waiting.extend((other, number, opens) for other in reversed(parents[commit][1:]))
    last = list(range(len(merges)))
    for number in range(len(merges) - 1, -1, -1):
        if outer[number] >= 0:
            last[outer[number]] = max(last[outer[number]], last[number])
    return PullForest(tuple(merges), tuple(outer), tuple(last), owner)
