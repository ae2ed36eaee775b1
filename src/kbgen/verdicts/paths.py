"""Paths: there at the revision, there once, or never; in the places where a reader would look for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kbgen.model import Claim, Evidence, Judgement, Verdict
from kbgen.stories import classify_document
from kbgen.verdicts.base import EvidenceSource, PastPath, attr, is_certain, is_own, is_plan
from kbgen.verdicts.near import find_near
from kbgen.verdicts.places import drop_dots, resolve_from
from kbgen.verdicts.quotes import judge_quote


def resolve(claims: Sequence[Claim], source: EvidenceSource) -> Iterator[Judgement]:
    standing = {claim: _find_standing(claim, source) for claim in dict.fromkeys(claims)}
    absent = [c for c, found in standing.items() if not found or c.mode in ("was", "absent")]
    wanted = sorted({value for claim in absent for value in _list_values(claim)})
    past = source.find_past(wanted) if wanted else {}
    judged = []
    for claim in claims:
        gone = _pick_past(claim, [p for value in _list_values(claim) for p in past.get(value, ())])
        judged.append(_judge(claim, standing[claim], gone, source))
    yield from _agree(judged)


def _agree(judged: Sequence[Judgement]) -> Iterator[Judgement]:
    """What a document states as a fact in one place it means in its examples too: one path, one verdict."""
    refuted: dict[tuple[str, str], Judgement] = {}
    for judgement in judged:
        if judgement.verdict == "refuted" and "/" in judgement.claim.value and not is_own(judgement.claim):
            for value in (judgement.claim.value, judgement.claim.value.rpartition(".")[0]):
                refuted.setdefault((judgement.claim.file, value), judgement)
    for judgement in judged:
        claim = judgement.claim
        other = refuted.get((claim.file, claim.value))
        shown = judgement.verdict == "unverifiable" and claim.mode == "is" and attr(claim, "in") in _CODE_BLOCK
        if other and shown and not is_plan(claim.file):
            yield Judgement(claim, "refuted", (), other.hint)
        else:
            yield judgement


_CODE_BLOCK = ("title", "import", "tree")


def _list_values(claim: Claim) -> tuple[str, ...]:
    """What the claim may mean as a path from the top, likeliest first."""
    folder = "/" if attr(claim, "form") == "folder" else ""
    from_document = resolve_from(claim.file, claim.value)
    plain = drop_dots(claim.value)
    values = (
        [from_document, plain]
        if claim.value.startswith((".", "..")) or attr(claim, "form") == "link"
        else [plain, from_document]
    )
    return tuple(f"{v}{folder}" for v in dict.fromkeys(values) if v)


def _find_standing(claim: Claim, source: EvidenceSource) -> tuple[str, ...]:
    """Paths of the revision that the claim may mean; the first is the likeliest."""
    form, index = attr(claim, "form"), source.index
    exact = [v for v in (x.rstrip("/") for x in _list_values(claim)) if v in index.paths or v in index.folders]
    if exact:
        return tuple(exact[:1])
    if is_own(claim):
        return ()
    value = drop_dots(claim.value)
    if form == "link":
        return ()
    found = index.find_folders(value) if form == "folder" else index.find_files(value)
    if not found and form in ("module", "file"):
        found = index.find_modules(value) or index.find_folders(value)
    # A path may carry the name of the checkout in front.
    if not found and value.count("/") >= 2 and not index.has_folder_named(value.split("/", 1)[0]):
        rest = value.split("/", 1)[1]
        found = (rest,) if rest in index.paths or rest in index.folders else ()
    return found


def _pick_past(claim: Claim, past: Sequence[PastPath]) -> PastPath | None:
    exact = set(_list_values(claim))
    if is_own(claim):
        return next((p for p in past if p.path in exact), None)
    return next((p for p in past if p.path in exact), past[0] if past else None)


def _judge(claim: Claim, standing: Sequence[str], past: PastPath | None, source: EvidenceSource) -> Judgement:
    if claim.mode == "quoted":
        return judge_quote(claim, source)
    here = tuple(Evidence(path=p) for p in standing[:3])
    if claim.mode == "absent":
        if not standing:
            return Judgement(claim, "holds", (_show(past),) if past else ())
        return Judgement(claim, "refuted" if is_own(claim) else "unverifiable", here, f"it exists: {standing[0]}")
    if claim.mode == "was":
        return _judge_was(claim, here, past)
    if standing:
        return Judgement(claim, "holds", here)
    if past is not None:
        return _judge_gone(claim, past)
    return _judge_unknown(claim, source)


def _judge_was(claim: Claim, here: tuple[Evidence, ...], past: PastPath | None) -> Judgement:
    if attr(claim, "now") == "gone" and here:
        return Judgement(claim, "refuted", here, f"it is there: {here[0].path}")
    if here or past is not None:
        return Judgement(claim, "holds", here or (_show(past),))
    return Judgement(claim, "refuted" if is_own(claim) else "unverifiable", (), "no commit ever had it")


def _judge_gone(claim: Claim, past: PastPath) -> Judgement:
    said = f"{past.commit.sha[:12]} {past.commit.subject[:80]}"
    hint = f"now {past.now}, since {said}" if past.now else f"gone since {said}"
    if not is_own(claim) and is_historical(claim):
        return Judgement(claim, "holds", (_show(past),), hint)
    verdict: Verdict = "moved" if past.now else "refuted"
    if not is_certain(claim):
        verdict = "unverifiable"
    return Judgement(claim, verdict, (_show(past),), hint)


def _judge_unknown(claim: Claim, source: EvidenceSource) -> Judgement:
    """Nothing of that name, ever."""
    value = drop_dots(claim.value)
    if is_own(claim):
        return Judgement(claim, "refuted", (), _hint(value, source))
    why = _find_doubt(claim, value, source)
    if why:
        return Judgement(claim, "unverifiable", (), why)
    return Judgement(claim, "refuted", (), _hint(value, source))


def _find_doubt(claim: Claim, value: str, source: EvidenceSource) -> str:
    """Why a path that never existed may still be no error; "" when it is one."""
    form = attr(claim, "form")
    if not is_certain(claim):
        return "a plan, a wish or an example"
    names = [n for n in (value, resolve_from(claim.file, claim.value)) if n]
    if any(source.kind_of(n) == "noise" or source.is_ignored(n) for n in names):
        return "made by a tool or left out by an ignore file"
    if value.rsplit("/", 1)[-1].startswith(".env"):
        return "an environment file is rarely kept in git"
    if form == "name" and attr(claim, "stage") != "record":
        return "a file name alone, in no record of work"
    if form == "link":
        return "the document may have moved" if is_historical(claim) and source.index.find_files(value) else ""
    if not source.index.has_folder_named(value.split("/", 1)[0]) and form != "name":
        return "the folder is none of this repository"
    if form == "folder" or (form == "module" and attr(claim, "in") == "code"):
        return "" if "/" in value and attr(claim, "stage") == "record" and form == "folder" else "may be no path"
    return ""


def is_historical(claim: Claim) -> bool:
    """In a document that speaks of its own time: what it names was there then."""
    lower = claim.file.lower()
    folders = lower.split("/")
    return (
        bool(classify_document(claim.file))
        or attr(claim, "stage") == "record"
        or any(f in ("adr", "adrs", "decisions", "archive", "archived", "history", "rfcs") for f in folders[:-1])
        or folders[-1].startswith(("changelog", "changes", "history", "news", "adr-"))
    )


def _show(past: PastPath | None) -> Evidence:
    return Evidence(path=past.path, commit=past.commit.sha, quote=past.commit.subject) if past else Evidence()


def _hint(value: str, source: EvidenceSource) -> str:
    """What the path may have meant: the same end elsewhere, the same name, or nearly the same."""
    index = source.index
    near = next(iter(index.find_files(value)), "") or find_near(value, index.find_namesakes(value), _SAME_NAME)
    near = near or find_near(value, index.paths)
    return f"no commit ever had it; did you mean {near}?" if near else "no commit ever had it"


_SAME_NAME = 60
