"""A repository in memory, for tests of the notes: the code and the history that they ask for, without git.

    world = World()
    made = world.commit("feat: gate", {"src/gate.py": "def open_gate(): ..."})
    world.commit("chore: move", {}, moved={"src/gate.py": "src/doors/gate.py"})
    files = world.files(work(made))

Only what the test commits has happened; the revision read is the last commit. Facts come from the real extractors.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kbgen.extractors import extract_file
from kbgen.join import Layout
from kbgen.model import (
    Change,
    Commit,
    Criterion,
    CriterionState,
    Deviation,
    EpicDocument,
    Evidence,
    FileFacts,
    FileKind,
    FileWork,
    LineCount,
    Link,
    MethodTouch,
    Person,
    PlannedFile,
    PullRequest,
    Role,
    SourceFile,
    Story,
    StoryDocument,
    StoryKey,
    StoryRecord,
    SymbolWork,
    TestWork,
    TreeEntry,
)
from kbgen.notes import build_record
from kbgen.notes.code import BlobStep, read_steps
from kbgen.notes.criteria import judge_criteria
from kbgen.notes.deviations import find_deviations
from kbgen.notes.files import compute_file_work
from kbgen.notes.symbols import compute_symbols, compute_tests
from kbgen.paths import classify_path

ZERO = "0" * 40
ANN = Person("Ann", "ann@example.org")
SPEC = "docs/stories/ab-1-2.md"


def name_blob(text: str) -> str:
    return hashlib.sha1(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


class World:
    """Serves `CodeReader` and the part of `History` that notes use."""

    layout = Layout()

    def __init__(self, **files: str) -> None:
        self.commits: list[Commit] = []
        self.texts: dict[str, str] = {}
        self.blobs: dict[str, str] = {}
        self.requests: dict[str, tuple[PullRequest, ...]] = {}
        self.asked: list[str] = []
        """Words that `find_words` was asked for."""
        if files:
            self.commit("start", files)

    # ------------------------------------------------------------------------------------ the story

    def commit(
        self,
        message: str,
        files: Mapping[str, str | None],
        *,
        moved: Mapping[str, str] | None = None,
        copied: Mapping[str, str] | None = None,
        modes: Sequence[str] = (),
        author: Person = ANN,
    ) -> Commit:
        """Write (None: delete), move or copy files; `modes` are paths whose mode alone changes."""
        changes = [self._move("R", old, new, files.get(new)) for old, new in (moved or {}).items()]
        changes += [self._move("C", old, new, files.get(new)) for old, new in (copied or {}).items()]
        handled = {change.path for change in changes}
        for path in modes:
            changes.append(Change("T", path, "", name_blob(self.texts[path]), name_blob(self.texts[path])))
        for path, text in files.items():
            if path in handled:
                continue
            old = self.texts.get(path)
            before = ZERO if old is None else name_blob(old)
            if text is None:
                changes.append(Change("D", path, "", before, ZERO))
                del self.texts[path]
            else:
                changes.append(Change("A" if old is None else "M", path, "", before, self._keep(path, text)))
        number = len(self.commits) + 1
        sha = hashlib.sha1(f"{number} {message}".encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
        parents = (self.commits[-1].sha,) if self.commits else ()
        when = 1_700_000_000 + 60 * number
        commit = Commit(sha, parents, author, when, 0, author, when, message, tuple(changes))
        self.commits.append(commit)
        return commit

    def _move(self, status: str, old: str, new: str, text: str | None) -> Change:
        before = self.texts[old] if status == "C" else self.texts.pop(old)
        after = before if text is None else text
        return Change("R" if status == "R" else "C", new, old, name_blob(before), self._keep(new, after))

    def _keep(self, path: str, text: str) -> str:
        self.texts[path] = text
        self.blobs[name_blob(text)] = text
        return name_blob(text)

    # --------------------------------------------------------------------------------- what rooms give

    def files(self, *links: Link, planned: Iterable[PlannedFile] = ()) -> tuple[FileWork, ...]:
        return compute_file_work(links, tuple(planned), self.entries, self, self.kind_of)

    def steps(self, *links: Link) -> tuple[BlobStep, ...]:
        return read_steps(links, self)

    def tests(self, *links: Link) -> tuple[TestWork, ...]:
        return compute_tests(self.steps(*links), self.files(*links), self)

    def symbols(self, *links: Link) -> tuple[SymbolWork, ...]:
        return compute_symbols(self.steps(*links), self.files(*links), self)

    def deviations(self, story: Story, *links: Link, shared: Sequence[str] = ()) -> tuple[Deviation, ...]:
        files = self.files(*links, planned=(*story.planned, *story.wider_plan))
        symbols, steps = self.symbols(*links), self.steps(*links)
        return find_deviations(story, links, files, symbols, steps, self, self, shared)

    def judge(self, story: Story, *links: Link) -> tuple[CriterionState, ...]:
        return judge_criteria(story, self.files(*links), self.symbols(*links), self.steps(*links), self)

    def record(self, story: Story, *links: Link, epics: Sequence[EpicDocument] = ()) -> StoryRecord:
        return build_record(story, links, epics, self, self)

    # ------------------------------------------------------------------------------------- CodeReader

    @property
    def entries(self) -> Mapping[str, TreeEntry]:
        return {path: TreeEntry(path, name_blob(text), "100644") for path, text in sorted(self.texts.items())}

    def kind_of(self, path: str) -> FileKind:
        return classify_path(path)

    def load(self, wanted: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], FileFacts]:
        readable = [(p, b) for p, b in wanted if b in self.blobs and p.endswith((".py", ".ts", ".tsx"))]
        return {(p, b): extract_file(SourceFile(p, b, self.blobs[b])) for p, b in readable}

    def find_words(self, words: Sequence[str]) -> Mapping[str, frozenset[str]]:
        self.asked += words
        return {word: frozenset(p for p, t in self.texts.items() if word in t) for word in words}

    # ---------------------------------------------------------------------------------------- History

    @property
    def rev(self) -> str:
        return self.commits[-1].sha

    def get_commit(self, sha: str) -> Commit | None:
        return next((c for c in self.commits if c.sha.startswith(sha)), None)

    def find_touching(self, paths: Iterable[str]) -> tuple[Commit, ...]:
        wanted = set(paths)
        return tuple(c for c in self.commits if any({ch.path, ch.old_path} & wanted for ch in c.changes))

    def find_pull_requests(self, sha: str) -> tuple[PullRequest, ...]:
        return self.requests.get(sha, ())

    def follow_path(self, path: str, since: str) -> str | None:
        later = [c.sha for c in self.commits].index(since) + 1
        place: str | None = path
        for commit in self.commits[later:]:
            for change in commit.changes:
                if place is not None and change.status == "R" and change.old_path == place:
                    place = change.path
                elif change.status == "D" and change.path == place:
                    place = None
        return place if place in self.texts else None

    def count_lines(self, sha: str) -> tuple[LineCount, ...]:
        commit = self.get_commit(sha)
        assert commit is not None
        return tuple(self._count(change) for change in commit.changes)

    def _count(self, change: Change) -> LineCount:
        old, new = (self.blobs.get(blob, "") for blob in (change.old_blob, change.new_blob))
        if "\0" in old + new:
            return LineCount(change.path, None, None)
        lines = [line[0] for line in difflib.ndiff(old.splitlines(), new.splitlines())]
        return LineCount(change.path, lines.count("+"), lines.count("-"))

    def find_methods(self, sha: str) -> tuple[MethodTouch, ...]:
        return (MethodTouch("src/gate.py", f"touched by {sha[:12]}", 1, 1),)

    def compute_patch_id(self, sha: str) -> str:
        return hashlib.sha1(sha.encode(), usedforsecurity=False).hexdigest()[:12]


# --------------------------------------------------------------------------------------------- values


def work(
    commit: Commit, role: Role = "implements", *, reasons: tuple[str, ...] = ("the subject names it: AB-1.2",)
) -> Link:
    explicit = role != "follow-up"
    return Link(commit, role, explicit, 1.0 if explicit else 0.9, reasons)


def create(path: str) -> PlannedFile:
    return PlannedFile(path, "create", Evidence(path=SPEC, symbol="Files to Create", line=9))


def modify(path: str) -> PlannedFile:
    return PlannedFile(path, "modify", Evidence(path=SPEC, symbol="Files to Modify", line=19))


def make_story(
    *planned: PlannedFile, criteria: Sequence[str] = (), wider: Sequence[PlannedFile] = (), title: str = "Gate"
) -> Story:
    key = StoryKey("AB", (1, 2))
    document = StoryDocument(key, "AB-1.2", title, SPEC, "b" * 40, 1, "file")
    boxes = tuple(Criterion(f"AC{n}", text, None, Evidence(path=SPEC)) for n, text in enumerate(criteria, 1))
    return Story(key, "AB-1.2", title, "done", "", "AB-1", SPEC, boxes, planned, tuple(wider), (), (document,))


def bare_record(story: Story | None = None, **parts: object) -> StoryRecord:
    """A record with nothing in it but the parts given."""
    empty = StoryRecord(story or make_story(), "f" * 40, (), (), (), (), (), (), (), ())
    return replace(empty, **parts)  # type: ignore[arg-type]
