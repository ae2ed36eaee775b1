"""Browser tests: how they are laid out, what they share, how answers are mocked, how they run here and in CI."""

from __future__ import annotations

from dataclasses import dataclass

from kbgen.pages.e2e.suite import (
    BaseCount,
    CommandRow,
    ConfigRow,
    HabitRow,
    JobRow,
    OptionRow,
    SpecGroup,
    VariableRow,
    count_bases,
    find_suite,
    list_commands,
    list_habits,
    list_jobs,
    list_libraries,
    list_variables,
    list_visual_settings,
)
from kbgen.pages.e2e.support import (
    FixtureGroup,
    HelperFile,
    HelperRow,
    MergedRow,
    PageObjectRow,
    PictureRow,
    TypeRow,
    list_fixtures,
    list_helpers,
    list_merges,
    list_mocks,
    list_page_objects,
    list_pictures,
    list_types,
    pick_fixture,
    pick_method,
    pick_mock_use,
    pick_test,
)
from kbgen.pages.packs import PagePack
from kbgen.pages.shared.subject import Package
from kbgen.pages.sources import Excerpt, Place, Sources


@dataclass(frozen=True, slots=True)
class TwiceRow:
    """Fixtures whose names several tests define."""

    names: tuple[str, ...]
    at: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class E2ePage:
    tool: str
    libraries: tuple[Package, ...]
    configs: tuple[ConfigRow, ...]
    groups: tuple[SpecGroup, ...]
    specs: int
    cases: int
    bases: tuple[BaseCount, ...]
    page_objects: tuple[PageObjectRow, ...]
    base_objects: tuple[PageObjectRow, ...]
    """Those that others extend."""
    fixtures: tuple[FixtureGroup, ...]
    merges: tuple[MergedRow, ...]
    unmerged: tuple[FixtureGroup, ...]
    """Where some are merged: those that are not."""
    twice: tuple[TwiceRow, ...]
    unused: tuple[str, ...]
    """Fixtures that no spec names."""
    mocks: tuple[HelperRow, ...]
    types: tuple[TypeRow, ...]
    own_routes: int
    """Specs that answer requests themselves."""
    helpers: tuple[HelperFile, ...]
    pictures: tuple[PictureRow, ...]
    picture_count: int
    picture_variables: tuple[str, ...]
    """Environment variables that specs with pictures read."""
    visual_settings: tuple[tuple[Place, tuple[OptionRow, ...]], ...]
    commands: tuple[CommandRow, ...]
    visual_commands: tuple[CommandRow, ...]
    variables: tuple[VariableRow, ...]
    jobs: tuple[JobRow, ...]
    habits: tuple[HabitRow, ...]
    test_example: Excerpt | None
    method_example: Excerpt | None
    fixture_example: Excerpt | None
    mock_example: Excerpt | None


def build(sources: Sources, pack: PagePack) -> E2ePage | None:
    suite = find_suite(sources)
    if suite is None:
        return None
    fixtures = list_fixtures(suite)
    objects = list_page_objects(suite, fixtures)
    merges = list_merges(suite)
    mocks = list_mocks(suite)
    pictures = list_pictures(suite)
    commands = list_commands(sources)
    extended = {row.base for row in objects}
    seen: dict[str, list[Place]] = {}
    for group in fixtures:
        for fixture in group.fixtures:
            seen.setdefault(fixture.name, []).append(group.at)
    given = [f.name for g in fixtures for f in g.fixtures if any(row.name in f.gives for row in objects)]
    shown = {row.at.path for row in pictures}
    libraries = list_libraries(sources)
    return E2ePage(
        tool=_name_tool([config.tool for config in suite.configs], [fact.name for fact in libraries]),
        libraries=tuple(Package(fact.name, fact.value, sources.at(fact.path)) for fact in libraries),
        configs=suite.configs,
        groups=suite.groups,
        specs=len(suite.specs),
        cases=sum(group.cases for group in suite.groups),
        bases=count_bases(suite),
        page_objects=objects,
        base_objects=tuple(row for row in objects if row.name in extended),
        fixtures=fixtures,
        merges=merges,
        unmerged=tuple(group for group in fixtures if merges and not group.merged),
        twice=tuple(
            TwiceRow(tuple(name for name, each in seen.items() if tuple(each) == places), places)
            for places in dict.fromkeys(tuple(places) for places in seen.values() if len(places) > 1)
        ),
        unused=tuple(dict.fromkeys(f.name for g in fixtures for f in g.fixtures if not suite.count_specs(f.name))),
        mocks=mocks,
        types=list_types(suite, fixtures),
        own_routes=sum(1 for names in suite.names.values() if "route" in names and "fulfill" in names),
        helpers=list_helpers(suite, mocks),
        pictures=pictures,
        picture_count=sum(row.count for row in pictures),
        picture_variables=tuple(
            dict.fromkeys(fact.name for fact in sources.list("env", tests=True) if fact.path in shown)
        ),
        visual_settings=list_visual_settings(sources),
        commands=commands,
        visual_commands=tuple(row for row in commands if _is_visual(row)),
        variables=list_variables(suite),
        jobs=list_jobs(sources, commands),
        habits=list_habits(suite),
        test_example=pick_test(suite, given or [row.name for row in objects] or ["page"]),
        method_example=pick_method(suite, objects),
        fixture_example=pick_fixture(suite, fixtures),
        mock_example=pick_mock_use(suite, mocks),
    )


def _name_tool(tools: list[str], libraries: list[str]) -> str:
    known = ("playwright", "cypress", "testcafe")
    return next((name for name in known if name in tools or any(name in library for library in libraries)), "")


def _is_visual(row: CommandRow) -> bool:
    return any(word in f"{row.typed} {row.runs}".lower() for word in ("visual", "percy", "chromatic", "argos"))
