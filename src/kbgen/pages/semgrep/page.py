"""Semgrep: which rules there are and who runs them on a commit; the text of the files that make it so.

The rules are those that kbgen brings along in ``kbgen/semgrep``, or the project's own where it has files of its own
at their places. Nothing is run here: what a rule finds is for Semgrep to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from kbgen.errors import KbgenError
from kbgen.extractors.base import parse_references
from kbgen.join.layout import PY_SUFFIXES
from kbgen.markdown import Markdown, mark_names
from kbgen.merge import HookSystem, Manner, detect_hook_systems, merge_husky, merge_pre_commit_config
from kbgen.model import Fact
from kbgen.pages.packs import PagePack
from kbgen.pages.semgrep.rules import SemgrepRule, SemgrepRuleError, keep_severities, parse_rules
from kbgen.pages.sources import PLACES, Place, Sources
from kbgen.patterns import lazy
from kbgen.splice import find_blocks

FOLDER = ".semgrep/"
PRE_COMMIT = ".pre-commit-config.yaml"
RULE_FILES = ("rules/async-pitfalls.yaml", "rules/security-custom.yaml")
SETTINGS, SCRIPT = ".semgrep.yaml", "pre-commit.sh"
COMMAND = f"sh {FOLDER}{SCRIPT}"
HOOK_ID = "semgrep-rules"
"""Of our entry in ``.pre-commit-config.yaml``."""
TESTED = "1.182.0"
"""The version of Semgrep that kbgen's own tests run the rules with."""

_ANY = Manner(force=True)
"""Only whether our part has a place is asked; an edited one has it."""
_LANGUAGES = (
    ("python", "Python", (".py", ".pyi")),
    ("typescript", "TypeScript", (".ts", ".tsx", ".mts", ".cts")),
    ("javascript", "JavaScript", (".js", ".jsx", ".mjs", ".cjs")),
)
"""(as rules name it, as readers do, endings)"""
_TWIN = "-ts"
_OWN_RULES = lazy(r"(?:\.semgrep/.*|\.?semgrep(?:[-_.][\w.-]*)?)\.ya?ml$")
_WORD = lazy(r"(?i)\bsemgrep\b")
_COMMAND = lazy(r"\bsemgrep\b[^|&;]*")
_ENDINGS = lazy(r"\\\.\(?([a-z|]+)\)?\$")
_BASH_ONLY = lazy(r"&>\s*\S+$")
"""In POSIX: run in the background, which always succeeds; then empty a file."""
_LINT_STAGED = "lint-staged."
_STAGED = "lint-staged"
"""Run by a hook system, itself none."""
_SECRETS = 8
"""Rows of a list; further ones are counted."""
_ITEM = lazy(r"\[\d+\]$")
_SECRET = lazy(r"(?i)\w*(SECRET|PASSWORD|API_?KEY|PRIVATE_?KEY|(?:ACCESS|AUTH|API|SERVICE)_?TOKEN)$")
_LITERAL = lazy(r"""(["'`])(?!\1)[^$]+\1$""")
_PLACEHOLDER = lazy(r"[A-Za-z]+(?:[-_ ][A-Za-z]+){0,5}$")
_HOOK_KEY = lazy(r"repos\[\d+\]\.hooks\[\d+\]")
_SCRIPT_KINDS = ("hook_command", "script", "target", "step")


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule, or a rule with its twin for the other language."""

    names: tuple[str, ...]
    languages: tuple[str, ...]
    """As readers name them."""
    finds: Markdown
    why: Markdown
    level: str
    """``stops`` or ``shown``"""


@dataclass(frozen=True, slots=True)
class RuleSet:
    name: str
    """``async``, ``security``, or ``""`` for a file of the project's own."""
    at: Place
    is_ours: bool
    rows: tuple[RuleRow, ...]
    rules: int
    stopping: int
    waiting: int
    """Rules for languages that the project has no file of; not among `rows`."""
    error: str
    """Why the file cannot be read as rules, or ``""``."""


@dataclass(frozen=True, slots=True)
class Condition:
    text: str
    holds: bool
    """The command runs when it holds; else when it does not."""


@dataclass(frozen=True, slots=True)
class HookStep:
    """What a hook runs, in the order of the script."""

    command: str
    when: tuple[Condition, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class StagedRow:
    glob: str
    command: str
    at: Place


@dataclass(frozen=True, slots=True)
class OwnRun:
    """A place where the project runs Semgrep itself."""

    command: str
    at: Place
    endings: tuple[str, ...]
    """Of the files that the command is limited to; empty where it says nothing of the kind."""
    leaves_out: tuple[str, ...]
    """Languages of the project without an ending among them."""
    is_auto: bool
    """Its rules come from the registry, chosen by what is in the project."""
    guard: str
    """The condition because of which a POSIX shell never runs it, or ``""``."""


@dataclass(frozen=True, slots=True)
class HookFile:
    """A hook system of the project, and what becomes of our hook in it."""

    system: str
    at: Place
    state: str
    """``runs``: the rules run. ``own``: the project's own Semgrep hook stays as it is, without these rules.
    ``refused``: our part cannot be put there. ``unwritten``: kbgen adds nothing to such files."""


@dataclass(frozen=True, slots=True)
class SecretRow:
    variable: str
    default: str
    rule: str
    """Of the twin rules the one that reads this file."""
    at: Place


@dataclass(frozen=True, slots=True)
class Counted:
    """How much of something there is, with the first places."""

    count: int
    places: tuple[Place, ...]
    more: int


@dataclass(frozen=True, slots=True)
class LanguageRow:
    name: str
    files: int
    functions: int
    """Asynchronous ones, tests left out."""


@dataclass(frozen=True, slots=True)
class SemgrepPage:
    sets: tuple[RuleSet, ...]
    hooks: tuple[HookFile, ...]
    runs: bool
    """Some hook runs the rules on every commit."""
    steps: tuple[HookStep, ...]
    staged: tuple[StagedRow, ...]
    own_runs: tuple[OwnRun, ...]
    jobs: int
    """Of the project's workflows."""
    checked_jobs: tuple[Place, ...]
    """Workflows with a step that runs Semgrep."""
    tools: tuple[StagedRow, ...]
    """Versions of hook tools that the project asks for: (name, version)."""
    prepare: StagedRow | None
    """The script that puts husky's hooks in place: (name, command)."""
    installer: str
    languages: tuple[LanguageRow, ...]
    mocks: Counted | None
    loops: Counted | None
    tasks: Counted | None
    secrets: tuple[SecretRow, ...]
    more_secrets: int
    has_ignore: bool
    """There is a ``.semgrepignore``."""
    absent: tuple[str, ...]
    """What was looked for and is not there."""
    tested: str
    command: str
    hook_id: str
    async_rules: str
    security_rules: str
    settings: str
    script: str

    @property
    def rules(self) -> int:
        return sum(found.rules for found in self.sets)

    @property
    def stopping(self) -> int:
        return sum(found.stopping for found in self.sets)


def build(sources: Sources, pack: PagePack) -> SemgrepPage | None:
    return _Reader(sources, pack).read()


class _Reader:
    def __init__(self, sources: Sources, pack: PagePack) -> None:
        self._sources = sources
        self._block = pack.name.replace("_", "-")

    def read(self) -> SemgrepPage | None:
        languages = tuple(self._list_languages())
        systems = self._list_systems()
        own_runs = tuple(self._list_own_runs([row.name for row in languages]))
        is_wanted = (
            any(s.name != _STAGED for s in systems)
            or own_runs
            or any(row.functions for row in languages)
            or self._sources.has("route")
        )
        if not languages or not is_wanted:
            return None
        texts = [self._read_rules(path) for path in RULE_FILES]
        hooks = tuple(self._place_hook(system) for system in systems if system.name != _STAGED)
        secrets = tuple(self._list_secrets())
        return SemgrepPage(
            sets=tuple(self._list_sets(texts, languages)),
            hooks=hooks,
            runs=any(hook.state == "runs" for hook in hooks),
            steps=tuple(self._list_steps()),
            staged=tuple(self._list_staged()),
            own_runs=own_runs,
            jobs=len(self._sources.list("job")),
            checked_jobs=self._sources.places(f for f in self._sources.list("step") if self._mentions(f)),
            tools=tuple(
                StagedRow(fact.name, fact.value, self._sources.at(fact.path))
                for fact in self._sources.list("dependency")
                if fact.name in ("husky", "lint-staged", "pre-commit", "semgrep")
            ),
            prepare=self._find_prepare(),
            installer=self._find_installer(),
            languages=languages,
            mocks=self._count_mocks(),
            loops=self._count([f for f in self._list_calls("get_event_loop") if self._is_async(f)]),
            tasks=self._count([f for name in ("create_task", "ensure_future") for f in self._list_calls(name)]),
            secrets=secrets[:_SECRETS],
            more_secrets=max(len(secrets) - _SECRETS, 0),
            has_ignore=".semgrepignore" in self._sources.entries,
            absent=tuple(self._list_absent()),
            tested=TESTED,
            command=COMMAND,
            hook_id=HOOK_ID,
            async_rules=texts[0],
            security_rules=texts[1],
            settings=read_shipped("semgrep.yaml"),
            script=read_shipped(SCRIPT),
        )

    # ---------------------------------------------------------------------------------------- rules

    def _read_rules(self, name: str) -> str:
        """Our rule file as it is to be in the project, with the severities that the project gave its rules."""
        return keep_severities(read_shipped(name), self._sources.read_text(f"{FOLDER}{name}"))

    def _is_ours(self, path: str) -> bool:
        """Whether kbgen writes the file: nothing is there, or its own block."""
        content = self._sources.read_text(path).encode("utf-8", "surrogatepass")
        try:
            return path not in self._sources.entries or any(
                block.name == self._block for block in find_blocks(content, "hash", path=path)
            )
        except KbgenError:
            return True

    def _list_sets(self, texts: Sequence[str], languages: Sequence[LanguageRow]) -> Iterator[RuleSet]:
        known = {name for name, label, _ in _LANGUAGES if any(row.name == label for row in languages)}
        ours = [f"{FOLDER}{name}" for name in RULE_FILES]
        for name, path, text in zip(("async", "security"), ours, texts, strict=True):
            is_ours = self._is_ours(path)
            shown = text if is_ours else self._sources.read_text(path)
            yield _make_set(name, self._sources.at(path), shown, is_ours, known)
        for path in sorted(self._sources.entries):
            if _OWN_RULES.match(path) and path not in (*ours, f"{FOLDER}{SETTINGS}"):
                yield _make_set("", self._sources.at(path), self._sources.read_text(path), False, known)

    # ---------------------------------------------------------------------------------------- hooks

    def _list_systems(self) -> tuple[HookSystem, ...]:
        entries = self._sources.entries
        texts = {"package.json": self._sources.read_text("package.json")} if "package.json" in entries else {}
        return detect_hook_systems(entries, texts)

    def _place_hook(self, system: HookSystem) -> HookFile:
        at = self._sources.at(system.path)
        if not system.is_written:
            return HookFile(system.name, at, "unwritten")
        text = self._sources.read_text(system.path)
        content = text.encode("utf-8", "surrogatepass") if system.path in self._sources.entries else None
        try:
            if system.name == "husky":
                merged = merge_husky(content, self._block, COMMAND, sample=b"", already=(FOLDER,), manner=_ANY)
            else:
                hook = {"id": HOOK_ID, "entry": COMMAND}
                merged = merge_pre_commit_config(content, self._block, hook, manner=_ANY)
        except KbgenError:
            return HookFile(system.name, at, "refused")
        return HookFile(system.name, at, "runs" if merged is not None or FOLDER in text else "own")

    def _list_steps(self) -> Iterator[HookStep]:
        for fact in self._sources.list("hook_command", "pre-commit"):
            if COMMAND not in fact.value:
                when = tuple(_turn_round(condition) for condition in _split_conditions(fact))
                yield HookStep(fact.value, when, self._sources.at(fact))

    def _list_staged(self) -> Iterator[StagedRow]:
        for fact in self._sources.list("config", f"{_LINT_STAGED}*"):
            if fact.path.endswith("package.json"):
                glob = _ITEM.sub("", fact.name.removeprefix(_LINT_STAGED))
                yield StagedRow(glob, fact.value, self._sources.at(fact))

    def _list_own_runs(self, languages: Collection[str]) -> Iterator[OwnRun]:
        found = [fact for kind in _SCRIPT_KINDS for fact in self._sources.list(kind)]
        found += self._sources.list("config", f"{_LINT_STAGED}*")
        yield from self._list_pre_commit_runs()
        for fact in sorted(filter(self._mentions, found), key=lambda f: (f.path, f.line)):
            endings = tuple(e for match in _ENDINGS.findall(fact.value) for e in match.split("|"))
            missing = tuple(
                label
                for _, label, suffixes in _LANGUAGES
                if endings and label in languages and not any(suffix[1:] in endings for suffix in suffixes)
            )
            is_posix = fact.kind == "hook_command" and fact.attr("shell") in ("sh", "dash", "ash")
            guards = [c.text for c in _split_conditions(fact) if not c.holds and is_posix and _BASH_ONLY.search(c.text)]
            command = _COMMAND.search(fact.value)
            is_auto = "config auto" in fact.value or "config=auto" in fact.value
            yield OwnRun(
                command[0].strip() if command else fact.value,
                self._sources.at(fact),
                endings,
                missing,
                is_auto,
                next(iter(guards), ""),
            )

    def _list_pre_commit_runs(self) -> Iterator[OwnRun]:
        """Hooks of ``.pre-commit-config.yaml`` that are Semgrep's and not ours."""
        hooks: dict[str, list[Fact]] = {}
        for fact in self._sources.list("config", "repos*"):
            key = _HOOK_KEY.match(fact.name) if fact.path == PRE_COMMIT else None
            if key is not None and fact.name[key.end() :].startswith((".id", ".entry", ".args")):
                hooks.setdefault(key[0], []).append(fact)
        for facts in hooks.values():
            command = " ".join(fact.value for fact in sorted(facts, key=lambda f: f.line))
            if _WORD.search(command) and COMMAND not in command:
                is_auto = "config auto" in command or "config=auto" in command
                yield OwnRun(command, self._sources.at(facts[0]), (), (), is_auto, "")

    def _mentions(self, fact: Fact) -> bool:
        """Whether a fact of something that runs names Semgrep, our own hook left out."""
        return _WORD.search(fact.value) is not None and COMMAND not in fact.value

    def _find_prepare(self) -> StagedRow | None:
        for fact in self._sources.list("script"):
            if fact.name in ("prepare", "postinstall") and "husky" in fact.value:
                return StagedRow(fact.name, fact.value, self._sources.at(fact))
        return None

    def _find_installer(self) -> str:
        named = [f.attr("manager").partition("@")[0] for f in self._sources.list("package") if f.attr("manager")]
        locks = (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lock", "bun"), ("bun.lockb", "bun"))
        found = [tool for lock, tool in locks if lock in self._sources.entries]
        return next(iter([*named, *found]), "npm")

    def _list_absent(self) -> Iterator[str]:
        for path in (".husky/", PRE_COMMIT, ".semgrepignore"):
            if not any(
                entry == path or (path.endswith("/") and entry.startswith(path)) for entry in self._sources.entries
            ):
                yield path

    # ------------------------------------------------------------------------- what the rules are about

    def _list_languages(self) -> Iterator[LanguageRow]:
        tests = self._sources.test_paths
        async_functions = [f.path for f in self._sources.list("symbol") if f.attr("async") == "yes"]
        for _, label, suffixes in _LANGUAGES:
            files = sum(path.endswith(suffixes) and path not in tests for path in self._sources.entries)
            if files or any(path.endswith(suffixes) for path in tests):
                yield LanguageRow(label, files, sum(path.endswith(suffixes) for path in async_functions))

    def _list_calls(self, name: str) -> list[Fact]:
        return [f for f in self._sources.list("call") if f.name in (f"asyncio.{name}", name) and f.path.endswith(".py")]

    def _is_async(self, fact: Fact) -> bool:
        symbol = self._sources.program.get_symbol((fact.path, fact.symbol)) if fact.symbol else None
        return symbol is not None and symbol.attr("async") == "yes"

    def _count(self, facts: Sequence[Fact]) -> Counted | None:
        places = self._sources.places(facts)
        return Counted(len(facts), places[:PLACES], max(len(places) - PLACES, 0)) if facts else None

    def _count_mocks(self) -> Counted | None:
        """Uses of `AsyncMock` in the files that import it."""
        names = {f.path for f in self._sources.list("import", "AsyncMock", tests=True)}
        uses = sum(
            _count_uses(f, "AsyncMock") for f in self._sources.list("reference", "name", tests=True) if f.path in names
        )
        places = tuple(self._sources.at(path) for path in sorted(names))
        return Counted(uses, places[:PLACES], max(len(places) - PLACES, 0)) if names else None

    def _list_secrets(self) -> Iterator[SecretRow]:
        for fact in self._sources.list("env"):
            if _SECRET.match(fact.name) and _LITERAL.match(fact.value):
                rule = "secret-with-default" + ("" if fact.path.endswith(PY_SUFFIXES) else _TWIN)
                yield SecretRow(fact.name, _hide(fact.value[1:-1]), rule, self._sources.at(fact))


def read_shipped(name: str) -> str:
    """A file of ``kbgen/semgrep`` by its path there."""
    from importlib.resources import files

    return (files("kbgen") / "semgrep" / name).read_text("utf-8")


def _make_set(name: str, at: Place, text: str, is_ours: bool, languages: Collection[str]) -> RuleSet:
    try:
        rules = parse_rules({at.path: text})
    except SemgrepRuleError as error:
        return RuleSet(name, at, is_ours, (), 0, 0, 0, error.message)
    used = [rule for rule in rules if not {*rule.languages} & {language for language, _, _ in _LANGUAGES}]
    used = [rule for rule in rules if rule in used or {*rule.languages} & {*languages}]
    stopping = sum(rule.blocks for rule in used)
    return RuleSet(name, at, is_ours, _make_rows(used), len(used), stopping, len(rules) - len(used), "")


def _make_rows(rules: Sequence[SemgrepRule]) -> tuple[RuleRow, ...]:
    """A row for each rule, in the order of the file; a twin that blocks alike shares its rule's row."""
    known = {rule.id: rule for rule in rules}
    rows = []
    for rule in rules:
        first = known.get(rule.id.removesuffix(_TWIN), rule)
        if first is not rule and first.blocks == rule.blocks:
            continue
        twin = known.get(f"{rule.id}{_TWIN}")
        names = (rule.id, twin.id) if twin is not None and twin.blocks == rule.blocks else (rule.id,)
        rows.append(
            RuleRow(
                names,
                tuple(_name_languages([rule, *([twin] if len(names) > 1 and twin is not None else [])])),
                mark_names(rule.finds or rule.message),
                mark_names(rule.why),
                "stops" if rule.blocks else "shown",
            )
        )
    return tuple(rows)


def _name_languages(rules: Sequence[SemgrepRule]) -> Iterator[str]:
    """Each once; JavaScript goes without saying beside TypeScript."""
    used = {language for rule in rules for language in rule.languages}
    labels = {name: label for name, label, _ in _LANGUAGES}
    for language in dict.fromkeys((*(name for name, _, _ in _LANGUAGES if name in used), *sorted(used))):
        if language != "javascript" or "typescript" not in used:
            yield labels.get(language, language)


def _split_conditions(fact: Fact) -> tuple[Condition, ...]:
    texts = filter(None, fact.attr("if").split("; "))
    return tuple(Condition(text.removeprefix("else "), not text.startswith("else ")) for text in texts)


def _count_uses(fact: Fact, name: str) -> int:
    return sum(reference.times for reference in parse_references(fact) if reference.name == name)


def _hide(value: str) -> str:
    """A default as it may be repeated: a placeholder, but nothing that could be a secret."""
    return value if _PLACEHOLDER.match(value) else "…"


def _turn_round(condition: Condition) -> Condition:
    """The same without a double negation."""
    plain = condition.text.removeprefix("! ")
    return Condition(plain, True) if plain != condition.text and not condition.holds else condition
