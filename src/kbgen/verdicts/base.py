"""What a verdict may ask, and what every resolver promises."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from kbgen.model import Claim, Commit, Fact, FileKind, Judgement
from kbgen.patterns import lazy
from kbgen.stories import classify_document
from kbgen.verdicts.places import PathIndex


@dataclass(frozen=True, slots=True)
class PastPath:
    """A path that some commit had and the revision has no more."""

    path: str
    commit: Commit
    """The last one that touched it: where it went."""
    now: str
    """Its path at the revision when it was renamed, else empty."""


@dataclass(frozen=True, slots=True)
class CaseCount:
    """Test cases of one file. Those written once and run many times make a stated number uncertain."""

    cases: int
    parametrized: int


class EvidenceSource(Protocol):
    """One revision of a repository and the history behind it, as far as verdicts need them."""

    @property
    def rev(self) -> str: ...

    @property
    def index(self) -> PathIndex:
        """The paths of the revision."""
        ...

    def find_past(self, values: Sequence[str]) -> Mapping[str, tuple[PastPath, ...]]:
        """value -> paths of history that are it or end with ``/value``, folders (``a/b/``) too; newest first.

        Paths that stand at the revision are left out.
        """
        ...

    def find_words(self, words: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """word -> files other than documents that hold it as a whole word at the revision."""
        ...

    def find_past_word(self, word: str, paths: Collection[str]) -> Commit | None:
        """The newest commit that wrote a version of one of these paths with the word in it."""
        ...

    def find_definitions(self, paths: Collection[str]) -> Mapping[str, tuple[Fact, ...]]:
        """path -> its ``symbol`` facts at the revision; files that no extractor reads are left out."""
        ...

    def find_definitions_at(self, path: str, commits: Sequence[str]) -> tuple[Fact, ...]:
        """The ``symbol`` facts of every version of `path` that these commits wrote."""
        ...

    def get_commit(self, sha: str) -> Commit | None: ...

    def count_tests(self, path: str) -> CaseCount | None:
        """At the revision; None when there is no such file or no extractor reads it."""
        ...

    def count_tests_ever(self, path: str) -> tuple[int, ...]:
        """Of every version of the file, oldest first."""
        ...

    def count_tests_by(self, commits: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """path -> (cases before the first of the commits, cases after the last), oldest first."""
        ...

    def count_lines(self, sha: str) -> Mapping[str, tuple[int, int] | None]:
        """path -> (added, deleted); None for a binary file."""
        ...

    def kind_of(self, path: str) -> FileKind: ...

    def is_ignored(self, path: str) -> bool:
        """Whether the repository's own ignore files leave the path out: then its absence says nothing."""
        ...

    def read_texts(self, source: str, document: str) -> tuple[str, ...]:
        """The texts that a quotation may come from.

        `source` is ``commit:SHA``, ``file:PATH`` (or the end of one) or ``story``; `document` is the claim's file.
        """
        ...

    def read_past_texts(self, source: str) -> Iterator[str]:
        """Earlier versions of a ``file:PATH``, newest first; nothing for any other source."""
        ...


class Resolver(Protocol):
    """A module with this one function: a judgement for each claim of its kind, in their order."""

    def resolve(self, claims: Sequence[Claim], source: EvidenceSource) -> Iterator[Judgement]: ...


def attr(claim: Claim, key: str) -> str:
    return next((value for name, value in claim.attrs if name == key), "")


def is_own(claim: Claim) -> bool:
    """Stands in a managed block: kbgen answers for it, so there is no benefit of the doubt."""
    return bool(attr(claim, "block"))


_PLAN_WORDS = lazy(
    r"(?<![a-z])(?:spec|specs|specification|plan|plans|planning|proposal|strategy|rfc|design|roadmap|research|analysis|"
    r"comparison|evaluation|brief|prd|wireframes?|mockups?|checklist|templates?|ux|idea|ideas|vision|backlog|todo|next-steps)(?![a-z])"
)


@lru_cache(maxsize=4096)
def is_plan(path: str) -> bool:
    """A document that says what to build, or looks at what others built: what it names need not exist."""
    *folders, name = path.lower().split("/")
    kind = classify_document(path)
    return kind not in ("", "retrospective", "status") or any(map(_PLAN_WORDS.search, (*folders[-2:], name)))


def is_foreign(path: str) -> bool:
    """A document that came with a tool: below a folder with a leading dot, GitHub's own apart."""
    return any(folder.startswith(".") and folder != ".github" for folder in path.split("/")[:-1])


def is_certain(claim: Claim) -> bool:
    """A statement about what there is: no wish, no example, no plan. Only such a one may be refuted.

    In a plan only the record of work counts, and an epic or a specification keeps none.
    """
    if is_own(claim):
        return True
    if is_foreign(claim.file):
        return False
    record = attr(claim, "stage") == "record" and classify_document(claim.file) not in ("epic", "tech-spec")
    if is_plan(claim.file) and (not record or attr(claim, "in") in ("title", "import")):
        return False
    return (
        claim.mode == "is"
        and not attr(claim, "wish")
        and not attr(claim, "example")
        and attr(claim, "stage") in ("", "record")
    )
