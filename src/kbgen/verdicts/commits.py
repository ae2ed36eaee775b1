"""Commits: in the history of the revision, by a unique beginning of the hash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kbgen.model import Claim, Evidence, Judgement
from kbgen.verdicts.base import EvidenceSource, attr, is_own


def resolve(claims: Sequence[Claim], source: EvidenceSource) -> Iterator[Judgement]:
    for claim in claims:
        commit = source.get_commit(claim.value)
        if commit is not None:
            yield Judgement(claim, "holds", (Evidence(commit=commit.sha, quote=commit.subject),))
        elif is_own(claim) or _is_ours(claim):
            yield Judgement(claim, "refuted", (), "no commit that the revision contains begins so")
        else:
            yield Judgement(claim, "unverifiable", (), "no commit of this history; it may be something else")


def _is_ours(claim: Claim) -> bool:
    """The text itself says that it is a commit, and of no other repository; examples and plans apart."""
    return (
        attr(claim, "said") == "yes"
        and claim.mode == "is"
        and not attr(claim, "example")
        and not attr(claim, "wish")
        and attr(claim, "stage") != "example"
    )
