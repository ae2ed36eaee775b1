"""Which stories a commit names, and which of them it says it works on.

A name in the scope, the subject or a declaring trailer says "this commit is that story's work"; a name anywhere
else is a mention. An unprefixed token that two modules share is resolved by what the commit changed, by its branch,
or by its neighbours in the pull request, in that order; when none decides, it stays unresolved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from kbgen.ids import Grammar, find_mentions, parse_path
from kbgen.links.message import Message, read_message
from kbgen.model import Commit, Mention, PullRequest, Story, StoryKey
from kbgen.patterns import lazy
from kbgen.ports import History
from kbgen.stories import StoryBook, classify_document, is_planning

_WORD = lazy(r"[a-z0-9]{3,}")
# "…, mark Story 14-18 as done" keeps the books of that story; the commit's work is named elsewhere.
_BOOKKEPT = lazy(
    r"\b(?:mark(?:s|ed|ing)?|clos(?:e|es|ed|ing)|tick(?:s|ed)? off)\s+(?:(?:the\s+)?stor(?:y|ies)\s+)?$", re.IGNORECASE
)
_SIGNED = lazy(r"[(\[]?(?:story[ :#-]?)?\|[)\]]?\.?\s*", re.IGNORECASE)
_GENERIC = frozenset("epic story stories feat feature fix chore docs the and for with main branch merge module".split())


@dataclass(frozen=True, slots=True)
class Naming:
    """Keys that a message names. `claimed` ones the commit says it works on; each with the words that say so."""

    claimed: tuple[tuple[StoryKey, str], ...]
    mentioned: tuple[tuple[StoryKey, str], ...]
    epics: tuple[StoryKey, ...]


def read_naming(message: Message, grammar: Grammar, story_keys: frozenset[StoryKey]) -> Naming:
    """Sort the keys that a message names into claimed and mentioned ones; single-number keys are epics unless known."""

    def is_story(key: StoryKey) -> bool:
        if len(key.numbers) > 1:
            return True
        return key in story_keys or is_tracked(key, grammar)

    claimed: dict[StoryKey, str] = {}
    mentioned: dict[StoryKey, str] = {}
    epics: dict[StoryKey, None] = {}
    in_subject = find_mentions(message.subject, grammar)
    scope_end = message.scope_start + len(message.scope)
    in_scope = [m for m in in_subject if 0 <= message.scope_start <= m.start < scope_end]
    subject_stories = [m for m in in_subject if is_story(m.key)]
    scoped_stories = [m for m in in_scope if is_story(m.key)]
    kept = [m for m in subject_stories if not _BOOKKEPT.search(message.subject[: m.start])]
    for m in scoped_stories or kept:
        where = "scope" if scoped_stories else "subject"
        claimed.setdefault(m.key, f"the {where} names it: {m.text}")
    for m in in_subject:
        if m.key not in claimed:
            (
                mentioned.setdefault(m.key, f"the subject mentions it: {m.text}")
                if is_story(m.key)
                else epics.setdefault(m.key)
            )
    for name, value in message.trailers:
        path = value.partition("#")[0]
        key = parse_path(path, grammar) if "/" in path else None
        if key is not None and classify_document(path) in ("epic", "tech-spec", "retrospective"):
            keys = []
        elif key is not None:
            keys = [(key, value)] if is_story(key) else []
        else:
            keys = [(m.key, m.text) for m in find_mentions(value, grammar) if is_story(m.key)]
        for found, text in keys:
            claimed.setdefault(found, f"a trailer names it: {name}: {text}")
    in_body = find_mentions(message.body, grammar)
    signed = {m.key: m.text for m in in_body if is_story(m.key) and _signs(message.body, m)}
    if not claimed and len(signed) == 1:
        claimed.update((k, f"a line of its own names it: {text}") for k, text in signed.items())
    for m in in_body:
        if is_story(m.key):
            if m.key not in claimed:
                mentioned.setdefault(m.key, f"the body mentions it: {m.text}")
        else:
            epics.setdefault(m.key)
    only_mentioned = tuple((k, words) for k, words in mentioned.items() if k not in claimed)
    return Naming(tuple(claimed.items()), only_mentioned, tuple(epics))


def _signs(body: str, mention: Mention) -> bool:
    """Whether the mention is all that its line holds: "Story DM-02.7" under a message is its signature."""
    start = body.rfind("\n", 0, mention.start) + 1
    end = body.find("\n", mention.end)
    line = body[start : end if end >= 0 else len(body)]
    before, after = line[: mention.start - start], line[mention.end - start :]
    return mention.form in ("id", "word", "scope") and bool(_SIGNED.fullmatch(f"{before}|{after}"))


@dataclass(slots=True)
class Names:
    """Answers which stories a commit names, with the context that a shared token needs. Keeps what it has read."""

    book: StoryBook
    history: History
    grammar: Grammar
    _messages: dict[str, Message] = field(default_factory=dict)
    _namings: dict[str, Naming] = field(default_factory=dict)
    _pull_requests: dict[str, tuple[PullRequest, ...]] = field(default_factory=dict)
    _by_numbers: dict[tuple[tuple[int, ...], str], list[Story]] = field(default_factory=dict)
    _paths: dict[str, list[Story]] = field(default_factory=dict)
    _of_path: dict[str, tuple[Story, ...]] = field(default_factory=dict)
    _keys: frozenset[StoryKey] = frozenset()

    def __post_init__(self) -> None:
        self._keys = frozenset(s.key for s in self.book.stories)
        for story in self.book.stories:
            self._by_numbers.setdefault((story.key.numbers, story.key.suffix), []).append(story)
            for document in story.documents:
                if document.kind == "file":
                    self._paths.setdefault(document.path, []).append(story)

    def get_message(self, commit: Commit) -> Message:
        if commit.sha not in self._messages:
            self._messages[commit.sha] = read_message(commit.message)
        return self._messages[commit.sha]

    def get_naming(self, commit: Commit) -> Naming:
        if commit.sha not in self._namings:
            self._namings[commit.sha] = read_naming(self.get_message(commit), self.grammar, self._keys)
        return self._namings[commit.sha]

    def get_pull_requests(self, sha: str) -> tuple[PullRequest, ...]:
        if sha not in self._pull_requests:
            self._pull_requests[sha] = self.history.find_pull_requests(sha)
        return self._pull_requests[sha]

    def read_branch(self, branch: str) -> tuple[StoryKey, ...]:
        """The stories' keys that a branch's name holds, epics left out."""
        keys = dict.fromkeys(m.key for m in find_mentions(branch, self.grammar))
        return tuple(k for k in keys if len(k.numbers) > 1 or k in self._keys)

    def find_story_of_path(self, path: str) -> tuple[Story, ...]:
        """The stories whose own file (or a file named for them beside it, such as a context file) the path is."""
        if path not in self._of_path:
            self._of_path[path] = self._match_path(path)
        return self._of_path[path]

    def _match_path(self, path: str) -> tuple[Story, ...]:
        if path in self._paths:
            return tuple(self._paths[path])
        if not is_planning(path):
            return ()
        key = parse_path(path, self.grammar)
        if key is None or (len(key.numbers) < 2 and key not in self._keys):
            return ()
        same = [s for s in self._by_numbers.get((key.numbers, key.suffix), []) if s.key.prefix == key.prefix]
        if len(same) < 2:
            return tuple(same)
        return tuple(s for s in same if s.module and path.startswith(s.module + "/")) or tuple(same)

    def find_stories_in_diff(self, commit: Commit) -> Mapping[str, tuple[Story, ...]]:
        """Path -> stories, for the story files among the commit's changes; renames count under both names."""
        found: dict[str, tuple[Story, ...]] = {}
        for change in commit.changes:
            stories = self.find_story_of_path(change.path) or (
                self.find_story_of_path(change.old_path) if change.old_path else ()
            )
            if stories:
                found[change.path] = stories
        return found

    def resolve(self, key: StoryKey, commit: Commit) -> tuple[Story, ...]:
        """The story that `key`, named by `commit`, stands for: one, none, or several when nothing decides."""
        same_numbers = self._by_numbers.get((key.numbers, key.suffix), [])
        matches = [s for s in same_numbers if s.key == key] if key.prefix else same_numbers
        if not matches and is_tracked(key, self.grammar):
            return (name_tracked(key),)
        if len(matches) < 2:
            return tuple(matches)
        for narrowed in (
            self._by_diff(matches, commit),
            self._by_module(matches, commit),
            self._by_branch(matches, commit),
            self._by_neighbours(matches, key, commit),
        ):
            if len(narrowed) == 1:
                return tuple(narrowed)
        if not key.prefix:
            bare = [s for s in matches if not s.key.prefix]
            if (
                len(bare) == 1
                and not self.get_pull_requests(commit.sha)
                and self._wrote_before(bare[0], matches, commit)
            ):
                return tuple(bare)
        return tuple(matches)

    def _by_diff(self, matches: list[Story], commit: Commit) -> list[Story]:
        touched = {s.key: s for stories in self.find_stories_in_diff(commit).values() for s in stories}
        return [s for s in matches if s.key in touched and touched[s.key].module == s.module]

    def _by_module(self, matches: list[Story], commit: Commit) -> list[Story]:
        planning = [c.path for c in commit.changes if is_planning(c.path)]
        modules = [s.module for s in matches if s.module]
        # Of modules inside each other (docs, docs/mesh) a path belongs to the innermost.
        inside = {max((m for m in modules if path.startswith(m + "/")), key=len, default="") for path in planning}
        return [s for s in matches if s.module and s.module in inside]

    def _by_branch(self, matches: list[Story], commit: Commit) -> list[Story]:
        for request in self.get_pull_requests(commit.sha):
            keys = {m.key.prefix for m in find_mentions(request.branch, self.grammar) if m.key.prefix}
            by_prefix = [s for s in matches if s.key.prefix in keys]
            if by_prefix:
                return by_prefix
            branch = _words(request.branch)
            shared = [len(branch & self._epic_words(s)) for s in matches]
            best = max(shared, default=0)
            if best:
                return [s for s, n in zip(matches, shared, strict=True) if n == best]
        return []

    def _epic_words(self, story: Story) -> frozenset[str]:
        names = [PurePosixPath(e.path).stem for e in self.book.epics_of(story)]
        return frozenset().union(*(_words(n) for n in names)) if names else frozenset()

    def _by_neighbours(self, matches: list[Story], key: StoryKey, commit: Commit) -> list[Story]:
        """Other commits of the pull request that name the same epic's stories, resolved by their own diff."""
        counts = [0] * len(matches)
        for request in self.get_pull_requests(commit.sha)[:1]:
            for other in self.history.get_commits(request.commits):
                for stories in self.find_stories_in_diff(other).values():
                    for near in stories:
                        if near.key.numbers[:1] == key.numbers[:1]:
                            for place, match in enumerate(matches):
                                counts[place] += match.key.prefix == near.key.prefix and match.module == near.module
        best = max(counts, default=0)
        return [s for s, n in zip(matches, counts, strict=True) if best and n == best]

    def _wrote_before(self, story: Story, matches: list[Story], commit: Commit) -> bool:
        """The story's own file is older than the commit, and no rival's is."""

        def first_written(s: Story) -> int:
            touching = self.history.find_touching([s.path]) if s.path else ()
            return touching[0].committed if touching else 2**62

        return first_written(story) <= commit.committed and all(
            first_written(s) > commit.committed for s in matches if s is not story
        )


def is_tracked(key: StoryKey, grammar: Grammar) -> bool:
    """A key of the repository's tracker: its story may stand in no file."""
    return len(key.numbers) == 1 and (key.prefix in grammar.trackers or (key.prefix == "#" and grammar.issues))


def name_tracked(key: StoryKey) -> Story:
    """The story that only history knows: an ID and nothing else."""
    number = key.numbers[0]
    name = f"#{number}" if key.prefix == "#" else f"{key.prefix}-{number}"
    return Story(key, name, "", "", "", "", "", (), (), (), (), ())


def _words(text: str) -> frozenset[str]:
    return frozenset(w for w in _WORD.findall(text.lower()) if w not in _GENERIC and not w.isdigit())
