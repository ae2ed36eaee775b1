"""Numbers: counted again from the commits and files that they are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kbgen.model import Claim, Commit, Evidence, Judgement
from kbgen.verdicts.base import EvidenceSource, attr, is_certain, is_own
from kbgen.verdicts.paths import is_historical
from kbgen.verdicts.places import drop_dots
from kbgen.verdicts.quotes import judge_quote


def resolve(claims: Sequence[Claim], source: EvidenceSource) -> Iterator[Judgement]:
    works: dict[tuple[str, ...], _Work] = {}
    for claim in claims:
        if claim.mode == "quoted":
            yield judge_quote(claim, source)
        elif is_own(claim):
            commits = tuple(c for c in attr(claim, "commits").split(",") if c)
            if commits not in works:
                works[commits] = _Work(commits, source)
            yield works[commits].judge(claim)
        else:
            yield _judge_stated(claim, source)


def _judge_stated(claim: Claim, source: EvidenceSource) -> Judgement:
    """A number of tests in a hand-written text: that of the file, or the files, it is said of."""
    number = int(claim.value)
    path = drop_dots(attr(claim, "path"))
    found = source.index.find_files(path) if path else ()
    count = source.count_tests(found[0]) if len(found) == 1 else None
    if count is None:
        return Judgement(claim, "unverifiable", (), "the text names no test file that can be counted")
    here = (Evidence(path=found[0]),)
    if number == count.cases:
        return Judgement(claim, "holds", here)
    hint = f"{found[0]} has {count.cases}"
    if count.parametrized or not is_certain(claim):
        return Judgement(claim, "unverifiable", here, hint)
    if _was_true(number, source.count_tests_ever(found[0])):
        return Judgement(claim, "holds" if is_historical(claim) else "unverifiable", here, hint + " now")
    return Judgement(claim, "refuted", here, hint)


def _was_true(number: int, counts: Sequence[int]) -> bool:
    """Some version of the file had so many cases, or so many came between two versions."""
    held = dict.fromkeys((0, *counts))
    return number in held or any(number == later - earlier for earlier in held for later in held)


@dataclass(slots=True)
class _File:
    created: bool
    there: bool
    added: int = 0
    deleted: int = 0


class _Work:
    """The net work of a set of commits, counted here anew: not by the code that wrote the notes."""

    def __init__(self, commits: Sequence[str], source: EvidenceSource) -> None:
        self._source = source
        self._commits = tuple(c for c in (source.get_commit(sha) for sha in commits) if c is not None)
        self._files: dict[str, _File] | None = None
        self._tests: Mapping[str, tuple[int, int]] | None = None

    def judge(self, claim: Claim) -> Judgement:
        of = attr(claim, "of")
        counted = self._count(of, attr(claim, "path"), claim)
        stated = _WORDS.get(claim.value.lower(), claim.value)
        if counted is None:
            return Judgement(claim, "unverifiable", (), "nothing to count it by")
        if counted == stated:
            return Judgement(claim, "holds", tuple(Evidence(commit=c.sha) for c in self._commits[:3]))
        return Judgement(claim, "refuted", (), f"counted {counted}")

    def _count(self, of: str, path: str, claim: Claim) -> str | None:
        if of in ("gained", "held"):
            return self._count_of_commit(of, attr(claim, "source"))
        if of == "cases-now":
            return self._count_now(path)
        if not self._commits:
            return None
        if of == "lines":
            file = self._read_files().get(path)
            return f"+{file.added} −{file.deleted}" if file else None
        if of == "cases-added":
            tests = self._read_tests()
            rows = [tests.get(path, (0, 0))] if path else tests.values()
            return str(sum(after - before for before, after in rows))
        if of.startswith("commits-"):
            return str(len(self._commits))
        code = [f for p, f in self._read_files().items() if self._source.kind_of(p) in ("source", "test")]
        if of == "files-created":
            return str(sum(f.created and f.there for f in code))
        if of == "files-changed":
            return str(sum(not f.created and f.there for f in code))
        return None

    def _count_now(self, path: str) -> str | None:
        past = self._source.find_past([path])[path] if path not in self._source.index.paths else ()
        count = self._source.count_tests(next((p.now for p in past if p.path == path), path))
        return str(count.cases) if count is not None else None

    def _count_of_commit(self, of: str, named: str) -> str | None:
        tests = self._source.count_tests_by([named.removeprefix("commit:")]).values()
        if not tests:
            return None
        return str(sum(after - (before if of == "gained" else 0) for before, after in tests))

    def _read_tests(self) -> Mapping[str, tuple[int, int]]:
        if self._tests is None:
            self._tests = self._source.count_tests_by([c.sha for c in self._commits])
        return self._tests

    def _read_files(self) -> Mapping[str, _File]:
        if self._files is None:
            self._files = fold_changes(self._commits, self._source)
        return self._files


def fold_changes(commits: Sequence[Commit], source: EvidenceSource) -> dict[str, _File]:
    """path -> what the commits, oldest first, made of it; a renamed file takes its lines along.

    A file that others removed and the commits made again starts anew.
    """
    files: dict[str, _File] = {}
    for commit in commits:
        for change in commit.changes:
            if change.status == "R" and change.old_path in files:
                files[change.path] = files.pop(change.old_path)
            elif change.path not in files or (files[change.path].created and change.status in ("A", "C")):
                files[change.path] = _File(created=change.status in ("A", "C"), there=True)
            files[change.path].there = change.status != "D"
        for path, count in source.count_lines(commit.sha).items():
            file = files.get(path)
            if file is not None and count is not None:
                file.added += count[0]
                file.deleted += count[1]
    return files


_WORDS = {"no": "0", "one": "1"}
