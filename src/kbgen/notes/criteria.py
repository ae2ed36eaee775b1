"""What history and code show for each acceptance criterion: named things that were built, tests that say the same.

A criterion is never called met: kbgen points at evidence or says that it found none. Evidence is what the story's
commits made and what still stands:

- a symbol, route or path that the criterion names;
- a definition in use whose name the criterion spells out ("the health checker": ``HealthChecker``);
- a test whose title says most of the criterion's words, or says nothing else than the criterion does;
- for a criterion that asks for tests, the test files with their cases.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kbgen.model import Criterion, CriterionState, Evidence, Fact, FileWork, Story, SymbolWork
from kbgen.notes.code import BlobStep, CodeReader, list_cases, list_routes, show_fact
from kbgen.patterns import lazy

# Share of a criterion's content words that a test's title must say.
_TITLE_SHARE = 0.6
# The same for a title that has so many words or more and all of them from the criterion.
_INNER_SHARE = 0.3
_INNER_WORDS = 3
_LEAST_WORDS = 2
# From so many titles on, words that most of them say tell nothing; among fewer, chance decides which are common.
_MANY_TITLES = 30
_MOST = 4
_LONGEST = 2000
_IDENTIFIER = lazy(r"`([^`\n]{2,120})`|(/[A-Za-z0-9_./{}:\[\]-]+)|\b([A-Za-z][A-Za-z0-9_]{2,80})\b")
_SHAPED = lazy(r"[a-z][A-Z]|[A-Z]{2}[a-z]|[A-Za-z]_[A-Za-z]")
_IN_CODE = lazy(r"`[^`\n]*`|\S*/\S*|\w*(?:[a-z][A-Z]|[A-Z]{2}[a-z]|[A-Za-z]_[A-Za-z])\w*")
_METHOD = lazy(r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+(?=/)")
_PARAMETER = lazy(r":[A-Za-z_]\w*|\{[^{}/]*\}|\[[^\[\]/]*\]|<[^<>/]*>")
_WORD = lazy(r"[A-Za-z][a-z]+|[A-Z]{2,}(?![a-z])|\d+")
_ASKS_FOR_TESTS = lazy(r"(?i)^\W*(?:(?:all|new|comprehensive|unit|integration|component|e2e|and|/|&)\s+)*tests?\b")
_COVERAGE = lazy(r"(?i)\d\s*%|\bcoverage\b")
_STOP = frozenset(
    """
    a an and the for of to in on with by from at as is are be it its this that into via per or not no
    when then given i can should must will all any each has have do does works work working correctly
    properly handled handles support supports test tests unit pass passes passing see see using use used
    user users after before ac add added new
    """.split()
)
# What titles of tests say of any thing; a title of such words and one more is about nothing in particular.
_TITLE_STOP = frozenset("render show display return creat exist default valid correct call set get".split())


@dataclass(frozen=True, slots=True)
class _Made:
    """What the story made and what stands, ready to be looked up."""

    named: Mapping[str, SymbolWork]
    spoken: Sequence[tuple[tuple[str, ...], SymbolWork]]
    """Content words of its name, in order."""
    paths: Mapping[str, FileWork]
    routes: Mapping[str, Sequence[Fact]]
    """By path with parameters unnamed."""
    cases: Sequence[tuple[frozenset[str], Fact]]
    tests: Mapping[str, int]
    """Test file as it stands now -> cases that the story added to it."""


def judge_criteria(
    story: Story, files: Sequence[FileWork], symbols: Sequence[SymbolWork], steps: Sequence[BlobStep], code: CodeReader
) -> tuple[CriterionState, ...]:
    """One state a criterion, in the story's order."""
    if not story.criteria:
        return ()
    cases = list_cases(steps, files, code)
    routes: dict[str, list[Fact]] = {}
    for fact in list_routes(steps, files, code):
        routes.setdefault(_normalize(fact.attr("path", fact.name)), []).append(fact)
    tests: dict[str, int] = {}
    for case in cases:
        tests[case.path] = tests.get(case.path, 0) + 1
    standing = [s for s in symbols if s.now]
    offered = [s for s in standing if s.exported and s.used and not s.parent and s.kind not in ("interface", "type")]
    made = _Made(
        named={s.name: s for s in reversed(standing)},
        spoken=[(words, s) for s in offered if len(words := _list_words(s.name)) >= _LEAST_WORDS],
        paths={f.path: f for f in files if f.change != "deleted" and f.now != "removed"},
        routes=routes,
        cases=[(frozenset(_list_words(f"{case.name} {case.symbol}")), case) for case in cases],
        tests=tests,
    )
    return tuple(_judge(criterion, made) for criterion in story.criteria)


def _judge(criterion: Criterion, made: _Made) -> CriterionState:
    text = criterion.text[:_LONGEST]
    found: dict[Evidence, str] = {}
    for find in (_find_named, _find_spoken, _find_titles, _find_counts):
        for evidence, reason in find(text, made):
            if len(found) < _MOST:
                found.setdefault(evidence, reason)
    if not found:
        return CriterionState(criterion, "none", "", ())
    return CriterionState(criterion, "evidence", "; ".join(found.values()), tuple(found))


def _find_named(text: str, made: _Made) -> Iterator[tuple[Evidence, str]]:
    for method, token in _list_names(text):
        symbol = made.named.get(token) or made.named.get(token.rsplit(".", 1)[-1])
        if symbol is not None:
            yield symbol.evidence, _say_defined(symbol)
        for route in made.routes.get(_normalize(token), ()) if token.startswith("/") else ():
            if not method or route.attr("method") in (method, "ANY", ""):
                yield show_fact(route), f"`{route.value or route.name}` is served in `{route.path}`"
        work = next(
            (w for p, w in made.paths.items() if "/" in token and (p == token or p.endswith("/" + token))), None
        )
        if work is not None:
            yield Evidence(path=work.now_path, commit=work.commits[-1]), f"`{work.now_path}` is there"


def _say_defined(symbol: SymbolWork) -> str:
    wired = "" if symbol.used or not symbol.exported else ", wired nowhere"
    return f"`{symbol.name}` is defined in `{symbol.evidence.path}`{wired}"


def _find_spoken(text: str, made: _Made) -> Iterator[tuple[Evidence, str]]:
    # Only prose spells out; code or a path between two words keeps them apart.
    said = _list_words(_IN_CODE.sub(" 0 ", text))
    runs = {said[i : i + n] for n in {len(words) for words, _ in made.spoken} for i in range(len(said) - n + 1)}
    wanted = frozenset(said)
    hits = [(w, s) for w, s in made.spoken if w in runs or (len(w) >= _INNER_WORDS and wanted.issuperset(w))]
    for _, symbol in sorted(hits, key=lambda hit: -len(hit[0]))[:2]:
        yield symbol.evidence, _say_defined(symbol)


def _find_titles(text: str, made: _Made) -> Iterator[tuple[Evidence, str]]:
    wanted = frozenset(_list_words(text))
    if len(wanted) < _LEAST_WORDS:
        return
    hits = []
    weights = _weigh(wanted, made.cases) if len(made.cases) >= _MANY_TITLES else None
    for said, case in made.cases:
        share = _share(wanted, said, weights)
        own = said - _TITLE_STOP
        if share >= _TITLE_SHARE or (share >= _INNER_SHARE and len(own) >= _INNER_WORDS and _share(own, wanted) == 1):
            hits.append((-share, case.path, case.line, case))
    for _, path, _, case in sorted(hits, key=lambda hit: hit[:3])[:2]:
        name = f"`{case.name}`" if case.name.isidentifier() else f"“{case.name}”"
        yield show_fact(case), f"test {name} in `{path}`"


def _find_counts(text: str, made: _Made) -> Iterator[tuple[Evidence, str]]:
    if _ASKS_FOR_TESTS.search(text):
        shown = sorted(made.tests.items(), key=lambda item: (-item[1], item[0]))[:2]
        for number, (path, cases) in enumerate(shown, 1):
            unknown = "; coverage is not measured here" if number == len(shown) and _COVERAGE.search(text) else ""
            yield Evidence(path=path), f"{cases} {'case' if cases == 1 else 'cases'} in `{path}`{unknown}"


def _list_names(text: str) -> list[tuple[str, str]]:
    """(HTTP method or "", name) of what could be a thing of the code: code spans, paths, identifier-shaped words."""
    names: dict[tuple[str, str], None] = {}
    for match in _IDENTIFIER.finditer(text):
        span, path, word = match.groups()
        if word is None or _SHAPED.search(word):
            token = (span or path or word).strip()
            method = _METHOD.match(token) or _METHOD.match(
                text[max(0, match.start() - 8) : match.start()].split(" ", 1)[-1]
            )
            names.setdefault((method[1] if method else "", _METHOD.sub("", token).removesuffix("()").rstrip(".,:;")))
    return list(names)


def _normalize(path: str) -> str:
    """``/bays/:door/`` and ``/bays/{id}`` are one route."""
    return _PARAMETER.sub("{}", path).rstrip("/").lower()


def _list_words(text: str) -> tuple[str, ...]:
    """Content words in order, each in its stem."""
    words = (w.lower() for w in _WORD.findall(text[:_LONGEST]))
    return tuple(_fold(w) for w in words if w not in _STOP)


def _share(wanted: frozenset[str], said: frozenset[str], weights: Mapping[str, float] | None = None) -> float:
    """Share of the wanted words that are said, by weight; "reconnect" says "reconnection" too."""
    weigh = (weights or {}).get
    found = sum(weigh(w, 1.0) for w in wanted if any(w == s or _same_stem(w, s) for s in said))
    return found / sum(weigh(w, 1.0) for w in wanted)


def _weigh(wanted: frozenset[str], cases: Sequence[tuple[frozenset[str], Fact]]) -> dict[str, float]:
    """How much each wanted word tells one test from another: inverse document frequency over the story's titles."""
    counts = Counter(w for said, _ in cases for w in wanted if w in said)
    return {w: math.log(1 + len(cases) / (1 + counts[w])) for w in wanted}


def _same_stem(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= 5 and long.startswith(short)


def _fold(word: str) -> str:
    """Plural and verb endings off, so that "renders" and "render" are one word."""
    for ending in ("ing", "ed", "es", "s"):
        if len(word) > len(ending) + 3 and word.endswith(ending) and not word.endswith("ss"):
            return word[: -len(ending)]
    return word
