"""Browser tests as a whole: configuration, where the specs lie, the commands that run them, here and in CI."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from kbgen.extractors.base import parse_references
from kbgen.extractors.jobs import Job, read_jobs
from kbgen.extractors.options import Option, read_options
from kbgen.model import Fact
from kbgen.pages.shared.subject import unique
from kbgen.pages.sources import Place, Sources
from kbgen.patterns import LazyPattern

_CONFIG = LazyPattern(r"(?:^|/)(playwright|cypress)(?:[.\w-]*)\.config\.[cm]?[jt]s$")
_TOOLS = LazyPattern(
    r"(?:^|[;&|(]\s*|(?:^|\s)(?:npx|bunx|pnpm|yarn|exec|dlx|run|--)\s+)(?:-\S+\s+)*(?:\w+=\S+\s+)*"
    r"(?:playwright|cypress|percy|chromatic|argos|testcafe|wdio|nightwatch)(?:\s|$)"
)
"""Commands that start a browser test, wherever a command may begin in a line."""
_LIBRARY = LazyPattern(
    r"^(?:@playwright/|playwright(?:-core)?$|cypress$|@percy/|@chromatic-com/|@argos-ci/|testcafe$|@wdio/|msw$|@axe-core/)"
)
_RUNNERS = LazyPattern(r"^(?:@playwright/test|playwright(?:/test)?|cypress|testcafe|@wdio/\S+)$")
_SCRIPT = LazyPattern(r"(?i)(?:^|[:_-])(?:e2e|visual|percy|playwright|cypress|browser)(?:[:_-]|$)")
_MANAGERS = (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lockb", "bun"), ("package-lock.json", "npm"))
_SPEC = LazyPattern(r"\.(?:spec|test|e2e|cy)\.[cm]?[jt]sx?$")
_VISUAL_CONFIG = LazyPattern(r"(?:^|/)\.?(?:percy|chromatic\.config|argos\.config)\.(?:ya?ml|json|js)$")
_LOCAL = LazyPattern(r"https?://(?:localhost|127\.0\.0\.1):(\d+)")
_HABITS = ("waitForTimeout", "only", "skip", "fixme")
"""Members whose use in specs a reader should know of."""
_PLAIN = frozenset({"", ".", "test", "tests", "spec", "specs", "__tests__"})
_LONG = 90
_EVENTS = 4


@dataclass(frozen=True, slots=True)
class OptionRow:
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class ProjectRow:
    name: str
    folder: str
    """Where its specs lie, from the top of the repository."""


@dataclass(frozen=True, slots=True)
class ConfigRow:
    tool: str
    options: tuple[OptionRow, ...]
    left_out: tuple[str, ...]
    """Options whose text is too long for a table."""
    projects: tuple[ProjectRow, ...]
    starts_server: bool
    asks: bool
    """It says which address the specs ask."""
    at: Place


@dataclass(frozen=True, slots=True)
class SpecRow:
    cases: int
    at: Place
    base: str
    """What its `test` is imported from."""


@dataclass(frozen=True, slots=True)
class SpecGroup:
    folder: str
    kind: str
    """Last part of the folder, where it says something: ``e2e``, ``visual``."""
    projects: tuple[str, ...]
    specs: tuple[SpecRow, ...]
    cases: int


@dataclass(frozen=True, slots=True)
class BaseCount:
    """How many specs take `test` from one place."""

    base: str
    specs: int
    at: Place | None
    """The file of the project behind it."""


@dataclass(frozen=True, slots=True)
class CommandRow:
    typed: str
    """As typed at the top of the repository."""
    runs: str
    at: Place


@dataclass(frozen=True, slots=True)
class VariableRow:
    name: str
    default: str
    at: tuple[Place, ...]
    more: int
    given: tuple[Place, ...]
    """Files of settings that name it."""
    unserved: str
    """The local port of the default that nothing of the repository listens on."""


@dataclass(frozen=True, slots=True)
class JobRow:
    job: str
    title: str
    workflow: str
    commands: tuple[tuple[str, str], ...]
    """(line of a step, the step's name)"""
    events: tuple[str, ...]
    path_filters: int
    condition: str
    needs: tuple[str, ...]
    timeout: str
    matrix: tuple[tuple[str, str], ...]
    variables: tuple[tuple[str, str], ...]
    artifacts: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class HabitRow:
    name: str
    uses: int
    specs: int
    worst: Place


@dataclass(frozen=True)
class Suite:
    """The specs, and the files of tests around them."""

    sources: Sources
    configs: tuple[ConfigRow, ...]
    groups: tuple[SpecGroup, ...]
    roots: tuple[str, ...]
    """Folders that hold everything of the browser tests."""

    @cached_property
    def specs(self) -> frozenset[str]:
        return frozenset(spec.at.path for group in self.groups for spec in group.specs)

    def holds(self, path: str) -> bool:
        return any(path.startswith(f"{root}/") for root in self.roots)

    @cached_property
    def names(self) -> Mapping[str, Mapping[str, int]]:
        """Names and members that code of a spec writes, with how often, by spec."""
        table: dict[str, dict[str, int]] = {}
        for fact in self.sources.program.list_facts("reference", tests=True):
            if fact.path in self.specs and fact.name in ("name", "member"):
                known = table.setdefault(fact.path, {})
                for reference in parse_references(fact):
                    known[reference.name] = known.get(reference.name, 0) + reference.times
        return table

    def count_specs(self, name: str) -> int:
        return sum(1 for names in self.names.values() if name in names)

    def count_takers(self, fixture: str, path: str, test: str) -> int:
        """Specs that name a fixture and whose own `test` may come from the one that has it, `test` of the file."""
        bases = {spec.at.path: spec.base for group in self.groups for spec in group.specs}
        return sum(
            1
            for spec, names in self.names.items()
            if fixture in names and (spec == path or self._leads_to(bases.get(spec, ""), path, test))
        )

    def _leads_to(self, base: str, path: str, test: str) -> bool:
        """Whether a file takes its `test` from another one, over any number of files; in doubt it does."""
        pending, seen = [base], {""}
        while pending:
            file = pending.pop()
            if file == path:
                return True
            if file not in seen:
                seen.add(file)
                for name, module in self._imports.get(file, ()):
                    if name in ("test", test, "*", "default"):
                        pending += self.sources.program.find_modules(file, module)
        return not base

    @cached_property
    def _imports(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        table: dict[str, list[tuple[str, str]]] = {}
        for fact in self.sources.program.list_facts("import", tests=True):
            if self.holds(fact.path):
                table.setdefault(fact.path, []).append((fact.name, fact.value))
        return table


def find_suite(sources: Sources) -> Suite | None:
    """None where no spec drives a browser."""
    configs = tuple(_read_config(sources, path) for path in sorted(sources.entries) if _is_config(sources, path))
    groups = tuple(_list_groups(sources, configs))
    if not groups:
        return None
    folders = [group.folder for group in groups]
    roots = {posixpath.commonpath(folders)} if len(folders) > 1 else {posixpath.dirname(folders[0]) or folders[0]}
    owners = {posixpath.dirname(config.at.path) for config in configs}
    if roots & (owners | {""}):
        # The specs lie beside the application's own code: what is shared lies in folders of theirs.
        roots = set(folders)
    return Suite(sources, configs, groups, tuple(sorted(roots)))


def _is_config(sources: Sources, path: str) -> bool:
    return bool(_CONFIG.search(path)) and bool(sources.read_text(path))


def _read_config(sources: Sources, path: str) -> ConfigRow:
    options = read_options(sources.read_text(path), path)
    by_key = {option.key: option.text for option in options}
    home = posixpath.dirname(path)
    match = _CONFIG.search(path)
    return ConfigRow(
        match[1] if match is not None else "",
        tuple(OptionRow(option.key, option.text) for option in options if len(option.text) <= _LONG),
        tuple(option.key for option in options if len(option.text) > _LONG),
        tuple(_list_projects(options, by_key, home)),
        any(option.key.startswith("webServer") for option in options),
        any(option.key.endswith("baseURL") or option.key.endswith("baseUrl") for option in options),
        sources.at(path),
    )


def _list_projects(options: Sequence[Option], by_key: Mapping[str, str], home: str) -> Iterator[ProjectRow]:
    indexes = dict.fromkeys(m[0] for option in options if (m := re.match(r"projects\[\d+\]", option.key)))
    default = by_key.get("testDir") or by_key.get("e2e.specPattern", "").partition("*")[0].rstrip("/") or "."
    for index in indexes or ("",):
        folder = by_key.get(f"{index}.testDir") or default
        yield ProjectRow(by_key.get(f"{index}.name", ""), posixpath.normpath(posixpath.join(home, folder)))


def _list_groups(sources: Sources, configs: Sequence[ConfigRow]) -> Iterator[SpecGroup]:
    program = sources.program
    cases: dict[str, int] = {}
    for fact in program.list_facts("test_case", tests=True):
        if _SPEC.search(fact.path):
            cases[fact.path] = cases.get(fact.path, 0) + 1
    folders: dict[str, list[str]] = {}
    for config in configs:
        for project in config.projects:
            folders.setdefault(project.folder, []).append(project.name)
    bases = _find_bases(sources, cases)
    if not configs:
        found = {posixpath.dirname(path) for path in cases if bases.get(path)}
        folders = {posixpath.commonpath(found): []} if found else {}
    taken: dict[str, list[str]] = {}
    for path in sorted(cases):
        fitting = [folder for folder in folders if folder in ("", ".") or path.startswith(f"{folder}/")]
        if fitting and (configs or bases.get(path)):
            taken.setdefault(max(fitting, key=len), []).append(path)
    for folder, paths in sorted(taken.items()):
        kept = [path for path in paths if bases.get(path) or folder not in ("", ".")]
        rows = tuple(SpecRow(cases[path], sources.at(path), bases.get(path, "")) for path in kept)
        if rows:
            names = tuple(name for name in folders[folder] if name)
            kind = posixpath.basename(folder)
            yield SpecGroup(folder, "" if kind in _PLAIN else kind, names, rows, sum(row.cases for row in rows))


def _find_bases(sources: Sources, paths: Mapping[str, int]) -> dict[str, str]:
    """What each spec imports `test` from: a runner's library or a file of the project that takes it from one."""
    program = sources.program
    imported: dict[str, dict[str, str]] = {}
    for fact in program.list_facts("import", tests=True):
        imported.setdefault(fact.path, {}).setdefault(fact.value, fact.name)
        if fact.name == "test":
            imported[fact.path]["test"] = fact.value
    runs = {path for path, values in imported.items() if any(_RUNNERS.search(value) for value in values)}
    taken = {path: program.find_modules(path, values["test"]) for path, values in imported.items() if "test" in values}
    leads, size = set(runs), 0
    while size != len(leads):
        # A file that extends the `test` of another one need not name the runner itself.
        size = len(leads)
        leads |= {path for path, found in taken.items() if not leads.isdisjoint(found)}
    bases: dict[str, str] = {}
    for path in paths:
        base = imported.get(path, {}).get("test", "")
        found = taken.get(path, ())
        if _RUNNERS.search(base):
            bases[path] = base
        elif any(each in leads for each in found):
            bases[path] = next(each for each in found if each in leads)
        elif path in runs:
            bases[path] = next(value for value in imported[path] if _RUNNERS.search(value))
    return bases


def count_bases(suite: Suite) -> tuple[BaseCount, ...]:
    counts: dict[str, int] = {}
    for group in suite.groups:
        for spec in group.specs:
            if spec.base:
                counts[spec.base] = counts.get(spec.base, 0) + 1
    rows = [
        BaseCount(base, count, suite.sources.at(base) if base in suite.sources.entries else None)
        for base, count in counts.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.specs, row.base)))


def list_libraries(sources: Sources) -> tuple[Fact, ...]:
    return tuple(fact for fact in sources.list("dependency") if _LIBRARY.search(fact.name))


def list_commands(sources: Sources) -> tuple[CommandRow, ...]:
    """Scripts that run the browser tests, those of the top first."""
    manager = next((name for lock, name in _MANAGERS if lock in sources.entries), "npm")
    packages = {posixpath.dirname(fact.path): fact.name for fact in sources.list("package")}
    rows = [
        CommandRow(_type(manager, packages, fact), fact.value, sources.at(fact))
        for fact in sources.list("script")
        if fact.attr("source") == "npm"
        and not fact.attr("bin")
        and (_SCRIPT.search(fact.name) or _TOOLS.search(fact.value))
    ]
    return tuple(sorted(rows, key=lambda row: row.at.path.count("/")))


def _type(manager: str, packages: Mapping[str, str], script: Fact) -> str:
    folder = posixpath.dirname(script.path)
    name = packages.get(folder, "")
    if not folder:
        return f"{manager} {'run ' if manager in ('npm', 'bun') else ''}{script.name}"
    if manager == "pnpm":
        return f"pnpm --filter {name} {script.name}" if name else f"pnpm --dir {folder} {script.name}"
    if manager == "yarn":
        return f"yarn workspace {name} {script.name}" if name else f"yarn --cwd {folder} {script.name}"
    if manager == "bun":
        return f"bun run --cwd {folder} {script.name}"
    return f"npm --prefix {folder} run {script.name}"


def list_jobs(sources: Sources, commands: Sequence[CommandRow]) -> tuple[JobRow, ...]:
    """Jobs of GitHub workflows with a step that runs the browser tests."""
    scripts = {row.typed.rpartition(" ")[2] for row in commands}
    called = re.compile(
        r"(?:^|[\s;&|])(?:pnpm|npm|yarn|bun)\b[^\n;&|]*\s(?:run\s+)?(?:"
        + "|".join(re.escape(name) for name in sorted(scripts, key=len, reverse=True))
        + r")(?![\w:-])"
    )
    rows: list[JobRow] = []
    for path in sorted({fact.path for fact in sources.list("job")}):
        for job in read_jobs(sources.read_text(path)):
            lines = tuple(dict.fromkeys(_list_lines(job, called if scripts else None)))
            if any(not re.search(r"\binstall\b", line) for line, _ in lines):
                rows.append(_make_job(sources, path, job, lines))
    return tuple(rows)


def _list_lines(job: Job, called: re.Pattern[str] | None) -> Iterator[tuple[str, str]]:
    for step in job.steps:
        for line in step.commands.split("\n"):
            command = line.strip()
            if command.startswith(("echo", "#")):
                continue
            if (called is not None and called.search(command)) or _TOOLS.search(command):
                yield command, step.name


def _make_job(sources: Sources, path: str, job: Job, lines: tuple[tuple[str, str], ...]) -> JobRow:
    variables = [*job.variables, *(pair for step in job.steps for pair in step.variables)]
    return JobRow(
        job.name,
        job.title,
        job.workflow,
        lines,
        tuple(f"{event} {', '.join(what)}".strip() for event, what in job.triggers[:_EVENTS]),
        job.path_filters,
        job.condition,
        job.needs,
        job.timeout,
        tuple((key, ", ".join(values)) for key, values in job.matrix),
        tuple(dict.fromkeys(variables)),
        tuple(step.artifact for step in job.steps if step.artifact),
        sources.at(path),
    )


def list_variables(suite: Suite) -> tuple[VariableRow, ...]:
    """Environment variables that the configuration, the specs and what they share read."""
    sources = suite.sources
    configs = {config.at.path for config in suite.configs}
    groups: dict[tuple[str, str], list[Fact]] = {}
    for fact in sources.list("env", tests=True):
        if fact.path in configs or suite.holds(fact.path):
            groups.setdefault((fact.name, fact.value.strip("'\"")), []).append(fact)
    settings: dict[str, set[str]] = {}
    for fact in sources.list("setting", tests=True):
        if fact.attr("source") == "dotenv":
            settings.setdefault(fact.name, set()).add(fact.path)
    rows: list[VariableRow] = []
    for (name, default), facts in groups.items():
        places = unique(sources.at(fact.path) for fact in facts)
        port = _LOCAL.search(default)
        served = port is None or bool(sources.system.units.find_by_port(int(port[1])))
        rows.append(
            VariableRow(
                name,
                default,
                places[:2],
                max(len(places) - 2, 0),
                tuple(sources.at(path) for path in sorted(settings.get(name, ()))),
                "" if served or port is None else port[1],
            )
        )
    return tuple(rows)


def list_habits(suite: Suite) -> tuple[HabitRow, ...]:
    rows: list[HabitRow] = []
    for name in _HABITS:
        found = {path: names[name] for path, names in suite.names.items() if name in names}
        if found:
            worst = max(sorted(found), key=lambda path: found[path])
            rows.append(HabitRow(name, sum(found.values()), len(found), suite.sources.at(worst)))
    return tuple(rows)


def list_visual_settings(sources: Sources) -> tuple[tuple[Place, tuple[OptionRow, ...]], ...]:
    """Configuration files of services that compare pictures, with their short values."""
    groups: dict[str, dict[str, list[str]]] = {}
    for fact in sources.list("config"):
        if _VISUAL_CONFIG.search(fact.path) and fact.value and len(fact.value) <= _LONG // 2:
            key = re.sub(r"\[\d+\]$", "", fact.name)
            groups.setdefault(fact.path, {}).setdefault(key, []).append(fact.value)
    return tuple(
        (sources.at(path), tuple(OptionRow(key, ", ".join(values)) for key, values in found.items()))
        for path, found in sorted(groups.items())
    )
