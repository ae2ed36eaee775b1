"""Claims of Markdown judged against the project: any document, kbgen's own blocks, hand-written notes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property

from kbgen.claims import KnownNames, find_sections, read_claims
from kbgen.model import Change, Claim, Commit, Fact, FileKind, Judgement
from kbgen.notes.code import list_facts
from kbgen.patterns import lazy
from kbgen.pipeline.project import Project
from kbgen.verdicts import CaseCount, PastPath, PathIndex, judge
from kbgen.verdicts.ignores import IgnoreRules, read_ignores

_MOST_VERSIONS = 300
_HAND_NOTES = lazy(r"\bimplementation notes?\b", re.IGNORECASE)


class ProjectEvidence:
    """Serves `kbgen.verdicts.EvidenceSource` over one project; what it has read stays for the run."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._words: dict[str, frozenset[str]] = {}
        self._texts: dict[str, str] = {}
        self._documents: dict[str, str] = {}

    @property
    def rev(self) -> str:
        return self._project.tree.rev

    @cached_property
    def index(self) -> PathIndex:
        return PathIndex(self._project.tree.list_entries())

    @cached_property
    def known(self) -> KnownNames:
        return KnownNames.of(self.index.paths)

    def keep_document(self, path: str, content: bytes | str) -> None:
        """The bytes under judgement, which quotations of the story itself come from: maybe not those of the tree."""
        self._documents[path] = content.decode("utf-8", "replace") if isinstance(content, bytes) else content

    # ------------------------------------------------------------------------------------------ paths

    @cached_property
    def _gone(self) -> Mapping[str, tuple[Commit, Change]]:
        """Every path of history that the revision lacks -> the last commit that touched it, and how."""
        found: dict[str, tuple[Commit, Change]] = {}
        for commit in self._project.history.list_commits():
            for change in commit.changes:
                for path in (change.path, change.old_path if change.status == "R" else ""):
                    if path and path not in self.index.paths and path not in found:
                        found[path] = (commit, change)
        return found

    @cached_property
    def _gone_index(self) -> PathIndex:
        return PathIndex(self._gone)

    def find_past(self, values: Sequence[str]) -> Mapping[str, tuple[PastPath, ...]]:
        return {value: self._find_past(value) for value in dict.fromkeys(values)}

    def _find_past(self, value: str) -> tuple[PastPath, ...]:
        if value.endswith("/"):
            folders = self._gone_index.find_folders(value)
            paths = [p for f in folders[:1] for p in sorted(self._gone_index.paths) if p.startswith(f + "/")][:1]
        else:
            paths = list(self._gone_index.find_files(value) or self._gone_index.find_modules(value))
        found = [PastPath(p, self._gone[p][0], self._follow(p)) for p in paths[:20]]
        return tuple(sorted(found, key=lambda past: (-past.commit.committed, past.path)))

    def _follow(self, path: str) -> str:
        """Where a path that is gone went, by the renames that git saw."""
        commit, change = self._gone[path]
        if change.status != "R" or change.old_path != path:
            return ""
        now = self._project.history.follow_path(change.path, commit.sha)
        return now if now is not None and now in self.index.paths else ""

    @cached_property
    def _ignores(self) -> IgnoreRules:
        entries = self._project.tree.list_entries()
        return read_ignores(self._read_paths([p for p in sorted(entries) if p.rsplit("/", 1)[-1] == ".gitignore"]))

    def is_ignored(self, path: str) -> bool:
        return self._ignores.is_ignored(path)

    def kind_of(self, path: str) -> FileKind:
        return self._project.code.kind_of(path)

    # ------------------------------------------------------------------------------------------- code

    @cached_property
    def _suffixes(self) -> tuple[str, ...]:
        """Endings of every file that is no document; the whole name where there is no suffix."""
        found = set()
        for path in self.index.paths:
            if self.kind_of(path) != "docs":
                name = path.rsplit("/", 1)[-1]
                found.add(name[name.rindex(".") :] if "." in name else name)
        return tuple(sorted(found))

    def find_words(self, words: Sequence[str]) -> Mapping[str, frozenset[str]]:
        unknown = [w for w in dict.fromkeys(words) if w not in self._words]
        if unknown:
            found = self._project.tree.find_words(unknown, self._suffixes)
            for word in unknown:
                self._words[word] = frozenset(p for p in found.get(word, ()) if self.kind_of(p) != "docs")
        return {word: self._words[word] for word in words}

    def find_past_word(self, word: str, paths: Collection[str]) -> Commit | None:
        pattern = re.compile(rb"(?<![0-9A-Za-z_])" + re.escape(word.encode()) + rb"(?![0-9A-Za-z_])")
        for commit, blob in self._list_versions(paths):
            if any(pattern.search(content) for _, content in self._project.tree.read_blobs([blob])):
                return commit
        return None

    def _list_versions(self, paths: Collection[str]) -> list[tuple[Commit, str]]:
        """(commit, blob) of the versions that commits wrote of these paths, under old names too; newest first."""
        if not paths:
            return []
        names = set(paths)
        found: dict[str, Commit] = {}
        for commit in reversed(self._project.history.find_touching(sorted(names))):
            for change in commit.changes:
                if change.path in names:
                    names |= {change.old_path} if change.status == "R" else set()
                    if change.new_blob.strip("0"):
                        found.setdefault(change.new_blob, commit)
        return [(commit, blob) for blob, commit in found.items()][:_MOST_VERSIONS]

    def find_definitions(self, paths: Collection[str]) -> Mapping[str, tuple[Fact, ...]]:
        entries = self._project.code.entries
        loaded = self._project.code.load([(p, entries[p].blob) for p in paths if p in entries])
        return {path: list_facts(facts, "symbol") for (path, _), facts in loaded.items()}

    def find_definitions_at(self, path: str, commits: Sequence[str]) -> tuple[Fact, ...]:
        wanted = []
        for sha in commits:
            commit = self.get_commit(sha)
            for change in commit.changes if commit is not None else ():
                if change.path == path and change.new_blob.strip("0"):
                    wanted.append((path, change.new_blob))
        loaded = self._project.code.load(wanted)
        return tuple(f for pair in dict.fromkeys(wanted) if pair in loaded for f in list_facts(loaded[pair], "symbol"))

    def count_tests(self, path: str) -> CaseCount | None:
        entry = self._project.code.entries.get(path)
        facts = self._project.code.load([(path, entry.blob)]).get((path, entry.blob)) if entry is not None else None
        if facts is None:
            return None
        cases = list_facts(facts, "test_case")
        return CaseCount(len(cases), sum(case.attr("each") == "yes" for case in cases))

    def count_tests_ever(self, path: str) -> tuple[int, ...]:
        pairs = [(path, blob) for _, blob in reversed(self._list_versions([path]))]
        loaded = self._project.code.load(pairs)
        return tuple(len(list_facts(loaded[pair], "test_case")) for pair in pairs if pair in loaded)

    # ----------------------------------------------------------------------------------------- history

    def get_commit(self, sha: str) -> Commit | None:
        return self._project.history.get_commit(sha)

    def count_tests_by(self, commits: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        first: dict[str, tuple[str, str]] = {}
        last: dict[str, tuple[str, str]] = {}
        for commit in self._project.history.get_commits(self._spell_out(commits)):
            for change in commit.changes:
                if self.kind_of(change.path) not in ("source", "test"):
                    continue
                old = change.old_path if change.status == "R" else ""
                if old in last:
                    first[change.path], last[change.path] = first.pop(old), last.pop(old)
                first.setdefault(change.path, (old or change.path, change.old_blob))
                last[change.path] = (change.path, change.new_blob)
        wanted = [pair for pair in (*first.values(), *last.values()) if pair[1].strip("0")]
        loaded = self._project.code.load(wanted)
        cases = {pair: len(list_facts(facts, "test_case")) for pair, facts in loaded.items()}
        return {path: (cases.get(first[path], 0), cases.get(last[path], 0)) for path in last}

    def count_lines(self, sha: str) -> Mapping[str, tuple[int, int] | None]:
        return {
            c.path: None if c.added is None or c.deleted is None else (c.added, c.deleted)
            for c in self._project.history.count_lines(sha)
        }

    def _spell_out(self, shas: Sequence[str]) -> tuple[str, ...]:
        return tuple(commit.sha for commit in map(self.get_commit, shas) if commit is not None)

    # ----------------------------------------------------------------------------------------- sources

    def read_texts(self, source: str, document: str) -> tuple[str, ...]:
        kind, _, name = source.partition(":")
        if kind == "commit":
            commit = self.get_commit(name)
            return (commit.message,) if commit is not None else ()
        if kind == "file":
            found = self.index.find_files(name)
            texts = self._read_paths(found[:50])
            return tuple(texts[path] for path in found if path in texts)
        return self._read_story(document)

    def read_past_texts(self, source: str) -> Iterator[str]:
        kind, _, name = source.partition(":")
        if kind == "file":
            for _, blob in self._list_versions(self.index.find_files(name) or self._gone_index.find_files(name)[:5]):
                for _, content in self._project.tree.read_blobs([blob]):
                    yield content.decode("utf-8", "replace")

    def _read_story(self, document: str) -> tuple[str, ...]:
        """The document itself, and those of the stories that it holds the notes of."""
        own = self._documents.get(document, "")
        stem = document.rsplit("/", 1)[-1].rsplit(".", 1)[0].lower()
        stories = [s for s in self._project.book.stories if document == s.path or stem == s.id.lower()]
        paths = [d.path for s in stories for d in s.documents]
        paths += [e.path for s in stories for e in self._project.book.epics_of(s)]
        texts = self._read_paths(list(dict.fromkeys(paths)))
        return (_leave_out_blocks(own), *texts.values())

    def _read_paths(self, paths: Sequence[str]) -> dict[str, str]:
        entries = self._project.tree.list_entries()
        fresh = {p: entries[p].blob for p in paths if p in entries and p not in self._texts}
        blobs = dict(self._project.tree.read_blobs(sorted(set(fresh.values()))))
        self._texts.update({p: blobs[b].decode("utf-8", "replace") for p, b in fresh.items() if b in blobs})
        return {p: self._texts[p] for p in paths if p in self._texts}


_BLOCK = lazy(r"^[ ]{0,3}<!--[ \t]*kbgen:(begin|end)\b")


def _leave_out_blocks(text: str) -> str:
    """What people wrote: nothing is evidence for itself."""
    kept = []
    inside = False
    for line in text.split("\n"):
        marker = _BLOCK.match(line)
        if marker:
            inside = marker[1] == "begin"
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def verify_markdown(
    project: Project, path: str, content: bytes | str, *, evidence: ProjectEvidence | None = None
) -> tuple[Judgement, ...]:
    """Every claim of the document at `path` with its verdict, in the order of lines.

    `content` need not be what the revision has at `path`. Pass the same `evidence` for many documents:
    it keeps what it has read.
    """
    return verify_documents(project, {path: content}, evidence=evidence)[path]


def verify_documents(
    project: Project, documents: Mapping[str, bytes | str], *, evidence: ProjectEvidence | None = None
) -> dict[str, tuple[Judgement, ...]]:
    """path -> judgements; the tree is searched once for the names of all documents together."""
    evidence = evidence or ProjectEvidence(project)
    claims: list[Claim] = []
    for path, content in documents.items():
        evidence.keep_document(path, content)
        claims += read_claims(path, content, known=evidence.known)
    found: dict[str, list[Judgement]] = {path: [] for path in documents}
    for judgement in judge(claims, evidence):
        found[judgement.claim.file].append(judgement)
    return {path: tuple(judgements) for path, judgements in found.items()}


def check_hand_notes(
    project: Project, story_path: str, content: bytes | str, *, evidence: ProjectEvidence | None = None
) -> tuple[Judgement, ...]:
    """The judgements of the hand-written "Implementation Notes" only: from the heading to the next of its level."""
    sections = find_sections(story_path, content, _HAND_NOTES)
    if not sections:
        return ()
    found = verify_markdown(project, story_path, content, evidence=evidence)
    return tuple(j for j in found if _is_by_hand(j) and any(first <= j.claim.line < last for first, last in sections))


def check_blocks(
    project: Project, documents: Mapping[str, bytes | str], *, evidence: ProjectEvidence | None = None
) -> tuple[Judgement, ...]:
    """The judgements of kbgen's own blocks only. Each must hold: `find_failures` tells which do not."""
    found = verify_documents(project, documents, evidence=evidence)
    return tuple(j for judgements in found.values() for j in judgements if not _is_by_hand(j))


def find_failures(judgements: Sequence[Judgement]) -> tuple[Judgement, ...]:
    """What kbgen wrote and cannot show: whatever does not hold."""
    return tuple(j for j in judgements if j.verdict != "holds")


def _is_by_hand(judgement: Judgement) -> bool:
    return all(key != "block" for key, _ in judgement.claim.attrs)
