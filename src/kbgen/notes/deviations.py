"""Where a story's work differs from its plan, each with the evidence that a reader can check.

Only what can be shown: a planned path that no commit created, a definition that nothing uses, words in the code that
say "mock", a number in a message that the diff does not bear out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from kbgen.model import Deviation, Evidence, Fact, FileWork, Link, PlannedFile, Story, SymbolWork
from kbgen.notes.code import BlobStep, CodeReader, find_places, list_facts, show_fact
from kbgen.patterns import lazy
from kbgen.ports import History

_CLAIMED = lazy(
    r"""
    (?<![\w.,/~≥>+-]) (?P<all>all\s+)?
    (?P<claim>
      (?P<number>\d{1,4}) (?:\s+(?:new|comprehensive|additional))*
      (?P<kind>(?:\s+(?:unit|integration|component|service|python|typescript|vitest|pytest|jest|e2e|backend|frontend)){0,3})
      \s+tests?\b (?:\s+cases?\b)?
    )
    (?!\s*(?:file|suite|data|fixture|id|infra|score|point|coverage|categor|class|run|user))
    (?P<passing>\s+(?:are\s+|now\s+|all\s+|still\s+)*(?:pass|fail|succeed|green))?
    """,
    re.IGNORECASE | re.VERBOSE,
)

# Of tests that were there before: their number says nothing of what the commit brings.
_MENDED = lazy(
    r"\b(?:fix|updat|remov|delet|drop|skip|unskip|repair|adjust|correct|enabl|disabl|rewrit|refactor|mov|renam|run)\w*\b"
    r"[^.;\n]*\Z",
    re.IGNORECASE,
)

_MOST_TWINS = 3
_TEST_MARK = lazy(r"^test_|_test$")

# Files that only tie a package together; no plan names them and nobody misses them there.
_GLUE = frozenset(("__init__.py", "index.ts", "index.tsx", "index.js"))


def find_deviations(
    story: Story,
    links: Sequence[Link],
    files: Sequence[FileWork],
    symbols: Sequence[SymbolWork],
    steps: Sequence[BlobStep],
    code: CodeReader,
    history: History,
    shared_plan: Collection[str] = (),
) -> tuple[Deviation, ...]:
    """All deviations, in the order in which a reader wants them: not built, mocked, unwired, elsewhere, the rest.

    `shared_plan`: paths that other stories plan which the same commits implement; they are not this story's surprise.
    """
    if not any(link.role == "implements" for link in links):
        return tuple(_find_absent_without_work(story, code))
    found: list[Deviation] = []
    siblings = frozenset(shared_plan) - {p.path for p in (*story.planned, *story.wider_plan)}
    planned = tuple(_find_planned(story, links, files, code, history))
    elsewhere = {e.path for d in planned if d.kind == "planned-elsewhere" for e in d.evidence}
    found += planned
    found += _find_mocks(steps, [f for f in files if f.path not in siblings], code)
    found += _find_unwired([s for s in symbols if s.path not in siblings], files)
    found += _find_unplanned(story, [f for f in files if f.path not in elsewhere], siblings)
    found += _find_removed(files, history)
    found += _find_reverted(links)
    found += _find_claimed_counts(links, steps)
    return tuple(found)


def _find_absent_without_work(story: Story, code: CodeReader) -> Iterable[Deviation]:
    for plan in _creates(story.planned):
        if plan.path not in code.entries:
            yield Deviation("planned-absent", f"{_name_plan(plan)}; it does not exist", (plan.source,))


def _name_plan(plan: PlannedFile) -> str:
    return f"planned to create `{plan.path}`" if plan.intent == "create" else f"planned at `{plan.path}`"


def _creates(planned: Iterable[PlannedFile]) -> list[PlannedFile]:
    seen: dict[str, PlannedFile] = {}
    for plan in planned:
        # "unclear": the plan names the file and what it is for, but not that it is new; absent is absent.
        if plan.intent in ("create", "unclear"):
            seen.setdefault(plan.path, plan)
    return [seen[path] for path in sorted(seen)]


def _find_planned(
    story: Story, links: Sequence[Link], files: Sequence[FileWork], code: CodeReader, history: History
) -> Iterable[Deviation]:
    touched = {f.path: f for f in files} | {f.old_path: f for f in files if f.old_path}
    stood = {f.now_path for f in files if f.now == "moved"}
    own = _creates(story.planned)
    wider = [p for p in _creates(story.wider_plan) if p.path not in {q.path for q in own}]
    absent: list[Deviation] = []
    elsewhere: list[Deviation] = []
    others: list[Deviation] = []
    for plan in own + wider:
        # What the story built and was moved later to where the plan has it is as planned.
        if plan.path in touched or plan.path in stood:
            continue
        twins = _find_twins(plan, links, files)
        if plan.path in code.entries:
            if plan in own and plan.intent == "create":
                what = f"planned to create `{plan.path}`; it exists, made by other work"
                others.append(Deviation("planned-by-others", what, (plan.source,)))
        elif twins:
            places = ", ".join(f"`{f.path}`" for f in twins)
            shown = tuple(Evidence(path=f.path, commit=f.commits[-1]) for f in twins)
            elsewhere.append(
                Deviation("planned-elsewhere", f"planned as `{plan.path}`, built as {places}", (plan.source, *shown))
            )
        else:
            absent.append(_show_absent(plan, links, history))
    yield from (*absent, *elsewhere, *others)
    creates = {p.path for p in own}
    for plan in sorted({p.path: p for p in story.planned if p.intent == "modify"}.values(), key=lambda p: p.path):
        if plan.path in touched or plan.path in creates or code.kind_of(plan.path) not in ("source", "test"):
            continue
        if plan.path in code.entries:
            what = f"planned to change `{plan.path}`; the story's commits did not"
            yield Deviation("planned-untouched", what, (plan.source,))
        elif not history.find_touching([plan.path]):
            what = f"planned to change `{plan.path}`; no such file ever existed"
            yield Deviation("planned-absent", what, (plan.source,))


def _find_twins(plan: PlannedFile, links: Sequence[Link], files: Sequence[FileWork]) -> list[FileWork]:
    """Where the story put what was planned: renamed by its own commits, else new files of the same name."""
    place = plan.path
    for change in (c for link in links if link.role == "implements" for c in link.commit.changes):
        if change.status == "R" and change.old_path == place:
            place = change.path
    renamed = [f for f in files if f.path == place and f.change == "created"]
    name = _fold_name(plan.path)
    twins = [
        f
        for f in files
        if f.change in ("created", "renamed")
        and f.kind != "noise"
        and _fold_name(f.path) == name
        and PurePosixPath(plan.path).name not in _GLUE
    ]
    near = [f for f in twins if PurePosixPath(f.path).parent.name == PurePosixPath(plan.path).parent.name]
    # Half a dozen files of one name are a convention's, not this plan's.
    return renamed or near or (twins if len(twins) <= _MOST_TWINS else [])


def _fold_name(path: str) -> str:
    """One name in every spelling: ``agent-selector.tsx``, ``agent_selector.tsx`` and ``AgentSelector.tsx``."""
    return PurePosixPath(path).name.replace("-", "").replace("_", "").lower()


def _show_absent(plan: PlannedFile, links: Sequence[Link], history: History) -> Deviation:
    """A planned file that is not there: never made, made and removed by the story itself, or others' and gone."""
    touching = history.find_touching([plan.path])
    if not touching:
        return Deviation("planned-absent", f"{_name_plan(plan)}; no commit ever made it", (plan.source,))
    last = touching[-1]
    shown = (plan.source, Evidence(commit=last.sha, quote=last.subject))
    own = {link.commit.sha for link in links if link.role == "implements"}
    if own.issuperset(c.sha for c in touching):
        what = f"{_name_plan(plan)}; the story made it and took it away again, so it is gone now"
        return Deviation("planned-absent", what, shown)
    stood = [c for c in touching if any(ch.path == plan.path and ch.status != "D" for ch in c.changes)]
    moved = history.follow_path(plan.path, stood[-1].sha) if stood else None
    place = f"now `{moved}`" if moved else "gone now"
    return Deviation("planned-absent", f"{_name_plan(plan)}; other work made it, and it is {place}", shown)


def _find_mocks(steps: Sequence[BlobStep], files: Sequence[FileWork], code: CodeReader) -> Iterable[Deviation]:
    """Mocks that the story's commits brought in and that still stand; one deviation a definition."""
    places = find_places(steps, files)
    brought: dict[tuple[str, str], Fact] = {}
    for step in steps:
        place = places.get(step.change.path, "")
        if place not in code.entries or code.kind_of(step.change.path) != "source":
            continue
        before = {(f.symbol or f.name, f.value) for f in list_facts(step.before, "mock")}
        for fact in list_facts(step.after, "mock"):
            if (fact.symbol or fact.name, fact.value) not in before:
                brought.setdefault((place, fact.symbol or fact.name), fact)
    now = code.load([(p, code.entries[p].blob) for p in sorted({place for place, _ in brought})])
    for (place, symbol), fact in sorted(brought.items()):
        facts = list_facts(now.get((place, code.entries[place].blob)), "mock")
        standing = [f for f in facts if (f.symbol or f.name) == symbol]
        if standing:
            shown = next((f for f in standing if f.value == fact.value), standing[0])
            where = f"`{symbol}` in `{place}`" if symbol else f"`{place}`"
            yield Deviation(
                "mock", f"{where} holds a stand-in, {_SAYS.get(shown.attr('reason'), 'as it reads')}", (_quote(shown),)
            )


_SAYS = {
    "name": "by its name",
    "comment": "by its own words",
    "string": "by its own words",
    "not-implemented": "by its own words",
}


def _quote(fact: Fact) -> Evidence:
    """The words that say it; a name says it by itself."""
    shown = show_fact(fact)
    quote = "" if fact.attr("reason") == "name" else fact.value
    return Evidence(shown.path, shown.symbol, shown.hash, shown.line, quote=quote)


def _find_unwired(symbols: Sequence[SymbolWork], files: Sequence[FileWork]) -> Iterable[Deviation]:
    """One deviation a file: what it exports or what its classes offer that nothing uses at the revision read."""
    places = {f.path: f.now_path for f in files}
    by_path: dict[str, list[SymbolWork]] = {}
    for symbol in symbols:
        if symbol.now and symbol.exported and not symbol.used and symbol.kind not in ("interface", "type"):
            by_path.setdefault(places.get(symbol.path, symbol.path), []).append(symbol)
    for path, found in sorted(by_path.items()):
        names = {s.name for s in found}
        shown = [s for s in found if s.parent.rsplit(".", 1)[-1] not in names]
        listed = ", ".join(f"`{s.parent}.{s.name}`" if s.parent else f"`{s.name}`" for s in shown[:6]) + (
            f" and {len(shown) - 6} more" if len(shown) > 6 else ""
        )
        yield Deviation(
            "unwired", f"wired nowhere: {listed} in `{path}`; nothing outside the file and tests uses "
            f"{'it' if len(shown) == 1 else 'them'}", tuple(s.evidence for s in shown),
        )  # fmt: skip


def _find_unplanned(story: Story, files: Sequence[FileWork], siblings: Collection[str]) -> Iterable[Deviation]:
    """Built and in no plan; only where there is a plan to compare with."""
    if not story.planned and not story.wider_plan:
        return
    tested = {_name_core(path) for path in siblings}
    extra = [
        f
        for f in files
        if not f.planned
        and f.path not in siblings
        and not (f.kind == "test" and _name_core(f.path) in tested)
        and f.kind in ("source", "test", "config")
        and f.change != "deleted"
        and PurePosixPath(f.path).name not in _GLUE
    ]
    for kind, word in (("created", "created"), ("modified", "changed"), ("renamed", "renamed")):
        group = [f for f in extra if f.change == kind]
        if group:
            listed = ", ".join(f"`{f.path}`" for f in group[:6]) + (
                f" and {len(group) - 6} more" if len(group) > 6 else ""
            )
            yield Deviation(
                "unplanned",
                f"{word} without being planned: {listed}",
                tuple(Evidence(path=f.path, commit=f.commits[0]) for f in group),
            )


def _name_core(path: str) -> str:
    """What a file is about, a test the same as what it tests: ``bell`` for ``test_bell.py`` and ``bell.test.ts``."""
    return _TEST_MARK.sub("", PurePosixPath(path).name.split(".", 1)[0])


def _find_removed(files: Sequence[FileWork], history: History) -> Iterable[Deviation]:
    for work in files:
        if work.now == "removed" and work.change != "deleted" and work.kind in ("source", "test", "config"):
            later = [
                c
                for c in history.find_touching([work.path])
                if any(ch.path == work.path and ch.status == "D" for ch in c.changes)
            ]
            if later:
                yield Deviation(
                    "removed-since",
                    f"`{work.path}` is gone now",
                    (Evidence(commit=later[-1].sha, quote=later[-1].subject),),
                )


def _find_reverted(links: Sequence[Link]) -> Iterable[Deviation]:
    for link in links:
        if link.role == "reverts":
            undone = link.reasons[0].rsplit(" ", 1)[-1]
            source = Evidence(commit=link.commit.sha, quote=link.commit.subject)
            yield Deviation("reverted", f"`{undone}` was taken back", (source,))


def _find_claimed_counts(links: Sequence[Link], steps: Sequence[BlobStep]) -> Iterable[Deviation]:
    """A stated number of tests that the commit's own test files refute; at most one a commit.

    Tests that "pass" may be those of the whole suite, so nothing here refutes their number. One of several numbers, or
    one of a kind ("9 unit tests"), may be a part: only more than all its files hold is too many.
    """
    for link in links:
        if link.role != "implements":
            continue
        mine = [step for step in steps if step.commit.sha == link.commit.sha]
        counts = [(len(list_facts(s.before, "test_case")), len(list_facts(s.after, "test_case"))) for s in mine]
        gained, held = sum(after - before for before, after in counts), sum(after for _, after in counts)
        borne_out = {gained, held, *(after for _, after in counts), *(after - before for before, after in counts)}
        said = [m for m in _CLAIMED.finditer(link.commit.message[:20_000]) if _is_claim(m)]
        alone = len({m["number"] for m in said}) == 1
        for match in sorted(said, key=lambda m: (-int(m["number"]), m.start())):
            number = int(match["number"])
            if number in borne_out or (number < held and (match["kind"] or not alone)):
                continue
            words = " ".join(match["claim"].split())
            found = (
                f"its test files gained {gained} and hold {held}"
                if any(map(any, counts))
                else "it changes no test file"
            )
            source = Evidence(commit=link.commit.sha, quote=words)
            yield Deviation("claimed-count", f"the commit says “{words}”; {found}", (source,))
            break


def _is_claim(match: re.Match[str]) -> bool:
    if match["all"] or match["passing"] or not int(match["number"]):
        return False
    return not _MENDED.search(match.string[max(0, match.start() - 80) : match.start()])


def group_by_kind(deviations: Iterable[Deviation]) -> Mapping[str, tuple[Deviation, ...]]:
    """Kind -> deviations, both in first-seen order."""
    groups: dict[str, list[Deviation]] = {}
    for deviation in deviations:
        groups.setdefault(deviation.kind, []).append(deviation)
    return {kind: tuple(found) for kind, found in groups.items()}
