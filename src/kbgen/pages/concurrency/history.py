"""Races that this project had: commits that say so, and one primitive replaced by another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kbgen.model import Commit
from kbgen.pages.sources import CommitRow, Place, Sources
from kbgen.paths import classify_path
from kbgen.patterns import LazyPattern

_WORDS = (
    r"race condition|\braces?\b(?! to)|\bracy\b|deadlock|\btoctou\b|lost update|double[- ]checked"
    r"|concurren(?:t|tly) (?:access|update|modif|write)|\b(?:add|fix|make|ensure)\b.*\bthread[- ]safe"
)
_RACE = LazyPattern(_WORDS, re.IGNORECASE)
_PLANNED = LazyPattern(
    r"\b(?:todo|should|could|potential|follow-up)\b|^\s*[-*]?\s*\[ \]|areas for improvement", re.IGNORECASE
)
_PRIMITIVES: tuple[tuple[str, LazyPattern[str]], ...] = (
    ("asyncio.Event", LazyPattern(r"\basyncio\.Event\(")),
    ("threading.Event", LazyPattern(r"\bthreading\.Event\(")),
    ("asyncio.Future", LazyPattern(r"\basyncio\.Future\(|\bcreate_future\(")),
    ("asyncio.Lock", LazyPattern(r"\basyncio\.Lock\(")),
    ("threading.Lock", LazyPattern(r"\bthreading\.R?Lock\(")),
    ("asyncio.Condition", LazyPattern(r"\basyncio\.Condition\(")),
    ("asyncio.Semaphore", LazyPattern(r"\basyncio\.(?:Bounded)?Semaphore\(")),
    ("asyncio.Queue", LazyPattern(r"\basyncio\.(?:Priority)?Queue\(")),
)
_FIRST = LazyPattern(r"\b(?:asyncio|threading)\.[A-Z]\w+|\bcreate_future\(")
_LITERAL = LazyPattern(
    r"(?s)\"\"\"(?:\\.|(?!\"\"\").)*+\"\"\"|'''(?:\\.|(?!''').)*+'''"
    r"|\"(?:\\.|[^\"\\\n])*+\"|'(?:\\.|[^'\\\n])*+'|#[^\n]*"
)
"""Texts and comments of Python."""
_COMMON = frozenset(
    "race races condition conditions deadlock with from that this when before after code fix fixes fixed service agents"
    " client server module modules index main component components apps packages tests test existing check state add"
    " the and for new get set api web src lib create creating".split()
)
"""Words that say little about which file is meant."""
_QUOTE = 160
_LINES = 2


@dataclass(frozen=True, slots=True)
class RaceRow:
    """A commit that says that it changes a race. `quotes` are its author's lines."""

    commit: CommitRow
    quotes: tuple[str, ...]
    files: tuple[Place, ...]
    """Those of its files whose names share most words with the quotes."""
    more: int


@dataclass(frozen=True, slots=True)
class Conversion:
    """A commit after which a file makes one primitive and no longer another."""

    file: Place
    was: str
    introduced: CommitRow
    now: str
    replaced: CommitRow
    quotes: tuple[str, ...]
    """Lines of the message that name either."""
    before: str
    """The line that made the one, as it stood last."""
    after: str


@dataclass(frozen=True, slots=True)
class Races:
    rows: tuple[RaceRow, ...]
    conversions: tuple[Conversion, ...]


def read_races(sources: Sources, paths: Sequence[str]) -> Races:
    """Of the history of these files, the newest first."""
    commits = sources.list_commits(paths)
    words = _list_words(sources, paths)
    rows = [row for commit in reversed(commits) if (row := _make_row(sources, commit, words)) is not None]
    conversions = [c for path in paths if path.endswith(".py") for c in _find_conversions(sources, path, commits)]
    return Races(tuple(rows), tuple(conversions))


def _list_words(sources: Sources, paths: Iterable[str]) -> dict[str, frozenset[str]]:
    """Path -> what its primitives are called, and where they stand."""
    words: dict[str, set[str]] = {path: set() for path in paths}
    for fact in sources.list("sync"):
        if fact.path in words:
            name = "" if "\n" in fact.name else fact.name
            words[fact.path].update(_split(f"{name} {fact.symbol} {fact.attr('what')}"))
            if fact.attr("what") == "script":
                words[fact.path].add("lua")
    return {path: frozenset(found) for path, found in words.items()}


def _make_row(sources: Sources, commit: Commit, words: Mapping[str, frozenset[str]]) -> RaceRow | None:
    """None for a commit that changes no code, and where no file of it has to do with the words."""
    changed = [c.path for c in commit.changes if c.path in sources.entries and classify_path(c.path) == "source"]
    quotes = _quote(commit, _RACE) if changed else ()
    meant = set(_split(" ".join(quotes)))
    scored = sorted((-_score(path, meant, words.get(path, frozenset())), path) for path in changed)
    files = [path for score, path in scored if score and score == scored[0][0]]
    if not quotes or not files:
        return None
    return RaceRow(
        sources.make_commit_row(commit),
        quotes[:_LINES],
        tuple(sources.at(path) for path in files[:_LINES]),
        max(len(files) - _LINES, 0),
    )


def _score(path: str, meant: set[str], words: frozenset[str]) -> int:
    """What a path says of itself counts for more than what stands in the file."""
    named = meant.intersection(_split(path))
    return 2 * len(named) + len(meant.intersection(words) - named)


def _split(text: str) -> list[str]:
    """The telling words of a sentence or path, lower case, without the s of a plural."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", text)
    return [w.lower().rstrip("s") for w in words if len(w) > 2 and w.lower() not in _COMMON]


def _quote(commit: Commit, pattern: LazyPattern[str]) -> tuple[str, ...]:
    """The lines of a message that fit, a bullet with the lines that go on with it."""
    items: list[str] = []
    for line in commit.message.splitlines():
        if line[:1] in (" ", "\t") and line.strip() and items and not re.match(r"\s*(?:[-*+]|\d+\.)\s", line):
            items[-1] = f"{items[-1]} {line.strip()}"
        else:
            items.append(line)
    fitting = [
        re.sub(r"^\s*(?:[-*+]|\d+\.)\s+", "", i).strip() for i in items if pattern.search(i) and not _PLANNED.search(i)
    ]
    return tuple(
        text if len(text) <= _QUOTE else text[: _QUOTE - 1] + "…" for text in fitting if not text.endswith(":")
    )


def _find_conversions(sources: Sources, path: str, commits: Iterable[Commit]) -> Iterator[Conversion]:
    versions = [
        (c, change.new_blob) for c in commits for change in c.changes if change.path == path and change.new_blob
    ]
    if len(versions) < 2:
        return
    texts = sources.read_blobs([blob for _, blob in versions])
    since: dict[str, Commit] = {}
    before = ""
    for commit, blob in versions:
        text = texts.get(blob, "")
        made = _find_made(text)
        gone = [name for name in since if name not in made]
        new = [name for name in made if name not in since]
        for was in gone:
            if new:
                pattern = LazyPattern("|".join([re.escape(was), re.escape(new[0])]), re.IGNORECASE)
                yield Conversion(
                    sources.at(path),
                    was,
                    sources.make_commit_row(since[was]),
                    new[0],
                    sources.make_commit_row(commit),
                    _quote(commit, pattern)[:_LINES],
                    _find_line(before, was),
                    _find_line(text, new[0]),
                )
            del since[was]
        for name in new:
            since[name] = commit
        before = text


def _find_line(text: str, name: str) -> str:
    pattern = dict(_PRIMITIVES)[name]
    lines = [line.strip() for line in text.splitlines() if pattern.search(line.partition("#")[0])]
    return next((line for line in lines if not line.startswith(("-", "*")) and len(line) <= _QUOTE), "")


def _find_made(text: str) -> list[str]:
    """Primitives that the code makes; comments and docstrings do not count."""
    if not _FIRST.search(text):
        return []
    code = _LITERAL.sub("", text)
    return [name for name, pattern in _PRIMITIVES if pattern.search(code)]
