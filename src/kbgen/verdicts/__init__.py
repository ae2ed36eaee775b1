"""A claim against the revision's tree, code and history: holds, refuted, moved, or honestly unverifiable.

One module resolves one kind; `RESOLVERS` lists them. Precision before recall: ``refuted`` is said only
where the evidence leaves no other reading, and carries it. A statement of kbgen's own gets no benefit of
the doubt.
"""

from __future__ import annotations

from collections.abc import Sequence

from kbgen.model import Claim, Judgement
from kbgen.verdicts import commits, counts, paths, quotes, symbols
from kbgen.verdicts.base import CaseCount, EvidenceSource, PastPath, Resolver
from kbgen.verdicts.places import PathIndex

__all__ = ["RESOLVERS", "CaseCount", "EvidenceSource", "PastPath", "PathIndex", "judge"]

RESOLVERS: dict[str, Resolver] = {
    "path": paths,
    "symbol": symbols,
    "commit": commits,
    "count": counts,
    "quote": quotes,
}


def judge(claims: Sequence[Claim], source: EvidenceSource) -> tuple[Judgement, ...]:
    """One judgement a claim, in their order. A kind that no resolver knows is unverifiable."""
    found: dict[Claim, Judgement] = {}
    for kind in dict.fromkeys(claim.kind for claim in claims):
        mine = [claim for claim in claims if claim.kind == kind]
        resolver = RESOLVERS.get(kind)
        if resolver is None:
            found.update((claim, Judgement(claim, "unverifiable", (), f"no resolver for {kind}")) for claim in mine)
        else:
            found.update(zip(mine, resolver.resolve(mine, source), strict=True))
    return tuple(found[claim] for claim in claims)
