"""What browser tests share: page objects, fixtures, mocked answers, helpers, pictures that are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kbgen.expressions import Expr, decode_arguments, decode_expr, tag_of
from kbgen.model import Fact
from kbgen.pages.e2e.suite import Suite
from kbgen.pages.shared.readings import find_members
from kbgen.pages.sources import Excerpt, Place
from kbgen.patterns import LazyPattern

_LIBRARIES = ("playwright", "test")
_TYPED = LazyPattern(r"\.extend<\s*(?:([A-Za-z_][\w\s&]*?)\s*[,>]|\{([^{}<>]*)\}\s*>)")
_MEMBER = LazyPattern(r"(\w+)\??\s*:\s*([A-Za-z_][\w.<>\[\]]*)")
_PLACEHOLDER = LazyPattern(r"(?i)placeholder|not (?:yet )?implemented|no real implementation|stub\b")
_SENTENCE = LazyPattern(r"(?i)[^.\n]*(?:placeholder|not (?:yet )?implemented|no real implementation|stub\b)[^.\n]*")
_MOCKING = LazyPattern(r"^(?:mock|stub|fake|intercept)", re.IGNORECASE)
_WORD = LazyPattern(r"\w+")
_TYPE = LazyPattern(r"\b[A-Z]\w+")
_EXAMPLE = 22
"""Lines of an example at most."""
_TRIED = 8
_ONE_LINE = 100
"""Characters of arguments that likely stand in one line, which shows little."""


@dataclass(frozen=True, slots=True)
class PageObjectRow:
    name: str
    base: str
    path: str
    """The address that it opens."""
    locators: int
    methods: tuple[str, ...]
    """Its own, without the constructor."""
    abstract: bool
    fields: tuple[str, ...]
    """Fields that are no locators."""
    specs: int
    """Specs that name it or a fixture that gives it."""
    at: Place


@dataclass(frozen=True, slots=True)
class FixtureRow:
    name: str
    gives: tuple[str, ...]
    """Members of the object that it gives, or its class."""
    type: str
    cleans: str
    """What is called after the test."""
    specs: int


@dataclass(frozen=True, slots=True)
class Remark:
    """Sentences of comments that say that something is not done for real."""

    what: str
    """The member that they stand in: of those that the fixtures give, else the innermost function; ``""`` for none."""
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FixtureGroup:
    """One extended `test`."""

    name: str
    fixtures: tuple[FixtureRow, ...]
    merged: tuple[str, ...]
    """The tests that it is merged into."""
    remarks: tuple[Remark, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class MergedRow:
    name: str
    call: str
    parts: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class TypeRow:
    name: str
    members: tuple[tuple[str, str], ...]
    at: Place


@dataclass(frozen=True, slots=True)
class HelperRow:
    name: str
    params: str
    urls: tuple[str, ...]
    specs: int
    at: Place


@dataclass(frozen=True, slots=True)
class HelperFile:
    names: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class PictureRow:
    """Pictures that one spec compares."""

    how: str
    module: str
    """What `how` is imported from."""
    count: int
    names: tuple[str, ...]
    at: Place


def list_page_objects(suite: Suite, groups: Sequence[FixtureGroup]) -> tuple[PageObjectRow, ...]:
    """Base classes first."""
    sources, program = suite.sources, suite.sources.program
    rows: list[PageObjectRow] = []
    for fact in sources.list("page_object", tests=True):
        path, symbol = fact.path, fact.name
        definition = program.get_symbol((path, symbol))
        if definition is None or not suite.holds(path):
            continue
        address = ""
        for call in program.list_within(path, f"{symbol}.constructor", "call"):
            if call.name == "super":
                positional, _ = decode_arguments(call.value)
                address = next((each for each in positional if isinstance(each, str)), "")
        fields = program.list_within(path, symbol, "field")
        methods = tuple(
            inner.rpartition(".")[2]
            for inner, each in program.list_symbols(path).items()
            if inner.startswith(f"{symbol}.") and each.attr("kind") == "method" and not inner.endswith(".constructor")
        )
        named = [symbol, *(f.name for g in groups for f in g.fixtures if symbol in f.gives or f.type == symbol)]
        rows.append(
            PageObjectRow(
                symbol,
                definition.attr("bases"),
                address,
                sum(1 for field in fields if field.attr("type") == "Locator"),
                methods,
                _is_abstract(suite, definition),
                tuple(field.name for field in fields if field.attr("type") != "Locator"),
                sum(1 for names in suite.names.values() if not names.keys().isdisjoint(named)),
                sources.at(fact),
            )
        )
    bases = {row.base for row in rows}
    return tuple(sorted(rows, key=lambda row: (row.name not in bases, row.at.path)))


def _is_abstract(suite: Suite, definition: Fact) -> bool:
    lines = suite.sources.read_text(definition.path).splitlines()[definition.line - 1 : definition.line]
    return bool(lines) and re.search(rf"\babstract\s+class\s+{re.escape(definition.name)}\b", lines[0]) is not None


def list_fixtures(suite: Suite) -> tuple[FixtureGroup, ...]:
    sources = suite.sources
    found: dict[tuple[str, str], list[Fact]] = {}
    for fact in sources.list("fixture", tests=True):
        if fact.attr("library") in _LIBRARIES and (suite.holds(fact.path) or fact.path in suite.specs):
            found.setdefault((fact.path, fact.attr("test") or fact.symbol), []).append(fact)
    merges = list_merges(suite)
    ordered = sorted(found.items(), key=lambda each: (each[0][0], each[1][0].line))
    return tuple(_make_group(suite, path, test, facts, merges) for (path, test), facts in ordered)


def _make_group(suite: Suite, path: str, test: str, facts: Sequence[Fact], merges: Sequence[MergedRow]) -> FixtureGroup:
    sources, program = suite.sources, suite.sources.program
    symbol = facts[0].symbol
    names = _order_names(suite, path, test) or tuple(fact.name for fact in facts)
    uses = [call for call in program.list_within(path, symbol, "call") if call.name == "use"]
    ends = [use.line for use in uses[1:]] + [10**9]
    declared = _read_types(program.get_symbol((path, test)))
    shared = declared.get("", "")
    members = {
        fact.name: fact.attr("type")
        for part in _WORD.findall(shared)
        for fact in program.list_within(path, part, "field")
    }
    rows: list[FixtureRow] = []
    for index, name in enumerate(names):
        gives: tuple[str, ...] = ()
        cleans = ""
        if len(uses) == len(names):
            gives = _list_given(suite, uses[index])
            cleans = next(
                (
                    call.name
                    for call in program.list_within(path, symbol, "call")
                    if uses[index].line < call.line < ends[index]
                    and call.attr("awaited") == "yes"
                    and call.name != "use"
                ),
                "",
            )
            if len(names) > 1:
                cleans = ""
        if not gives and (kind := members.get(name, "")):
            gives = (kind,)
        rows.append(FixtureRow(name, gives, declared.get(name, shared), cleans, suite.count_takers(name, path, test)))
    given = [name for row in rows for name in (*row.gives, row.name)]
    remarks: dict[str, dict[str, None]] = {}
    for comment in sources.list_within(path, symbol, "comment"):
        if comment.name == "comment" and _PLACEHOLDER.search(comment.value):
            around = find_members(sources.read_text(path), path, comment.line)
            what = next((name for name in around if name in given), around[0] if around else "")
            for sentence in _SENTENCE.finditer(comment.value):
                remarks.setdefault(what, {})[" ".join(sentence[0].split())] = None
    return FixtureGroup(
        test,
        tuple(rows),
        tuple(merge.name for merge in merges if test in merge.parts),
        tuple(Remark(what, tuple(texts)) for what, texts in remarks.items()),
        sources.at(path, symbol),
    )


def _order_names(suite: Suite, path: str, test: str) -> tuple[str, ...]:
    """Names of the fixtures as the code lists them."""
    for _, expr in suite.sources.program.find_values(path, "", test)[:1]:
        if tag_of(expr) == "call" and expr[2] and tag_of(expr[2][0]) == "dict":
            return tuple(str(key) for key, _ in expr[2][0][1:] if isinstance(key, str))
    return ()


def _read_types(definition: Fact | None) -> Mapping[str, str]:
    """``{"auth": "AuthFixture"}`` of ``base.extend<{ auth: AuthFixture }>``; one name for all stands under ``""``."""
    match = _TYPED.search(definition.value) if definition is not None else None
    if match is None:
        return {}
    if match[1]:
        return {"": match[1]}
    return dict(_MEMBER.findall(match[2]))


def _list_given(suite: Suite, use: Fact) -> tuple[str, ...]:
    positional, _ = decode_arguments(use.value)
    return tuple(_name_given(suite, use, positional[0])) if positional else ()


def _name_given(suite: Suite, use: Fact, expr: Expr) -> Iterator[str]:
    program = suite.sources.program
    if tag_of(expr) == "dict":
        yield from (str(key) for key, _ in expr[1:] if isinstance(key, str))
    elif tag_of(expr) == "call":
        yield str(expr[1]).rpartition(".")[2]
    elif tag_of(expr) == "name":
        before = [
            binding
            for binding in program.list_within(use.path, use.symbol, "binding")
            if binding.name == expr[1] and binding.line < use.line
        ]
        value: Expr = decode_expr(before[-1].value) if before else None
        if tag_of(value) in ("dict", "call"):
            yield from _name_given(suite, use, value)
        elif tag_of(value) == "fn" and len(value) == 2 and tag_of(value[1]) == "name" and value[1][1] != expr[1]:
            made = list(_name_given(suite, use, value[1]))
            if len(made) == 1:
                yield f"() => {made[0]}"


def list_merges(suite: Suite) -> tuple[MergedRow, ...]:
    rows: list[MergedRow] = []
    for fact in suite.sources.program.list_facts("binding", tests=True):
        if "mergeTests" not in fact.value or not suite.holds(fact.path):
            continue
        expr = decode_expr(fact.value)
        if tag_of(expr) == "call" and expr[1] == "mergeTests":
            parts = tuple(str(each[1]) for each in expr[2] if tag_of(each) == "name")
            rows.append(MergedRow(fact.name, expr[1], parts, suite.sources.at(fact.path, fact.name)))
    return tuple(rows)


def list_types(suite: Suite, groups: Sequence[FixtureGroup]) -> tuple[TypeRow, ...]:
    """Members of the types of fixtures that mock, and of what those members take."""
    wanted = [f.type for g in groups for f in g.fixtures if "mock" in f.name.lower()]
    rows: dict[str, TypeRow] = {}
    while wanted:
        name = wanted.pop(0)
        fields = [
            fact
            for fact in suite.sources.program.list_facts("field", tests=True)
            if fact.symbol == name and suite.holds(fact.path)
        ]
        if not fields or name in rows:
            continue
        rows[name] = TypeRow(
            name,
            tuple((fact.name, fact.attr("type")) for fact in fields),
            suite.sources.at(fields[0].path, name),
        )
        wanted += [each for fact in fields for each in _TYPE.findall(fact.attr("type").partition("=>")[0])]
    return tuple(rows.values())


def list_mocks(suite: Suite) -> tuple[HelperRow, ...]:
    """Functions that answer requests in place of the server."""
    sources = suite.sources
    urls: dict[tuple[str, str], list[str]] = {}
    for fact in sources.list("api_mock", tests=True):
        if suite.holds(fact.path) and fact.path not in suite.specs:
            urls.setdefault((fact.path, fact.symbol), []).append(fact.name)
    rows: list[HelperRow] = []
    for fact in sources.list("test_helper", tests=True):
        if fact.attr("what") == "function" and suite.holds(fact.path) and fact.path not in suite.specs:
            place = (fact.path, fact.name)
            if place in urls or (_MOCKING.search(fact.name) and fact.path in {path for path, _ in urls}):
                rows.append(_make_helper(suite, fact, tuple(urls.get(place, ()))))
    return tuple(rows)


def _make_helper(suite: Suite, fact: Fact, urls: tuple[str, ...]) -> HelperRow:
    return HelperRow(fact.name, fact.attr("params"), urls, suite.count_specs(fact.name), suite.sources.at(fact))


def list_helpers(suite: Suite, mocks: Sequence[HelperRow]) -> tuple[HelperFile, ...]:
    """Other functions and classes that tests may use, by file."""
    known = {(row.at.path, row.name) for row in mocks}
    program = suite.sources.program
    files: dict[str, list[str]] = {}
    for fact in suite.sources.list("test_helper", tests=True):
        definition = program.get_symbol((fact.path, fact.name))
        if (
            suite.holds(fact.path)
            and fact.attr("what") in ("function", "class")
            and (fact.path, fact.name) not in known
            and definition is not None
            and definition.attr("exported") == "yes"
        ):
            files.setdefault(fact.path, []).append(fact.name)
    return tuple(HelperFile(tuple(names), suite.sources.at(path)) for path, names in sorted(files.items()))


def list_pictures(suite: Suite) -> tuple[PictureRow, ...]:
    groups: dict[tuple[str, str], list[str]] = {}
    for fact in suite.sources.list("visual_test", tests=True):
        if fact.path in suite.specs:
            groups.setdefault((fact.path, fact.attr("how")), []).append(fact.name)
    modules = {
        (fact.path, fact.attr("alias") or fact.name): fact.value
        for fact in suite.sources.program.list_facts("import", tests=True)
        if fact.path in suite.specs
    }
    return tuple(
        PictureRow(how, modules.get((path, how), ""), len(names), tuple(dict.fromkeys(names)), suite.sources.at(path))
        for (path, how), names in sorted(groups.items())
    )


# ------------------------------------------------------------------------------------------------ examples


def pick_test(suite: Suite, names: Sequence[str]) -> Excerpt | None:
    """A short whole test of a spec that uses one of the names."""
    gaps: list[tuple[int, str, int]] = []
    for path, known in suite.names.items():
        if not known.keys().isdisjoint(names):
            lines = [f.line for f in suite.sources.program.list_facts("test_case", tests=True) if f.path == path]
            gaps += [(after - line, path, line) for line, after in pairwise(lines)]
    for _, path, line in sorted(gap for gap in gaps if gap[0] >= 3)[:_TRIED]:
        found = suite.sources.excerpt(path, "", line, _EXAMPLE)
        if found is not None and any(re.search(rf"\b{re.escape(name)}\b", found.code) for name in names):
            return found
    return None


def pick_method(suite: Suite, objects: Sequence[PageObjectRow]) -> Excerpt | None:
    """The shortest method of a page object that extends another, one that calls its base if there is one."""
    program = suite.sources.program
    ranked: list[tuple[bool, int, str, str]] = []
    for row in objects:
        for method in row.methods if row.base else ():
            symbol = f"{row.name}.{method}"
            definition = program.get_symbol((row.at.path, symbol))
            if definition is not None and definition.attr("end_line"):
                extends = any(c.name.startswith("super.") for c in program.list_within(row.at.path, symbol, "call"))
                ranked.append((not extends, int(definition.attr("end_line")) - definition.line, row.at.path, symbol))
    tried = (suite.sources.excerpt(path, symbol, limit=_EXAMPLE) for *_, path, symbol in sorted(ranked)[:_TRIED])
    return next((found for found in tried if found is not None), None)


def pick_fixture(suite: Suite, groups: Sequence[FixtureGroup]) -> Excerpt | None:
    """The shortest extended `test`."""
    found = [suite.sources.excerpt(g.at.path, g.name, limit=_EXAMPLE) for g in groups]
    return min((each for each in found if each is not None), key=lambda e: len(e.code), default=None)


def pick_mock_use(suite: Suite, mocks: Sequence[HelperRow]) -> Excerpt | None:
    names = {row.name for row in mocks}
    calls = [
        fact
        for fact in suite.sources.program.list_facts("call", tests=True)
        if fact.path in suite.specs and fact.name in names and len(fact.value) > _ONE_LINE
    ]
    # Few arguments make a short call; each try parses a file.
    shortest = sorted(calls, key=lambda f: (len(f.value), f.path, f.line))[:_TRIED]
    return suite.sources.pick_excerpt(shortest, _EXAMPLE)
