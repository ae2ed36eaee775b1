"""Settings that no code reads, and variables that an example declares for nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbgen.findings.base import Reading, be, code, count, list_names, them, with_items
from kbgen.model import Fact, Finding
from kbgen.patterns import LazyPattern

_SETTINGS_BASE = LazyPattern(r"(?:^|[ .])BaseSettings(?: |$)")
_SETTINGS_NAME = LazyPattern(r"(?:Settings|Config|Configuration|Options)$")
_WHOLE = frozenset(
    {"model_dump", "model_dump_json", "asdict", "__dict__", "vars", "model_fields", "__dataclass_fields__"}
)
_EXAMPLE = LazyPattern(
    r"(?:^|/)\.env(?:\.[\w-]+)*\.?(?:example|sample|template|dist)$|(?:^|/)\.?env\.(?:example|sample|template)$"
)
_READ_BY_LIBRARIES = LazyPattern(
    r"^(?:AWS|AZURE|GOOGLE_APPLICATION|GOOGLE_CLOUD|GOOGLE_GENAI|GCP|OTEL|LANGSMITH|LANGCHAIN|LANGFUSE|OPENAI|ANTHROPIC|GEMINI|COHERE|MISTRAL|GROQ|"
    r"HUGGINGFACE|HF|NEXTAUTH|AUTH|BETTER_AUTH|CLERK|SENTRY|VERCEL|NODE|NPM|NEXT_TELEMETRY|NEXT_RUNTIME|PRISMA|PG|POSTGRES|MYSQL|REDIS|RABBITMQ|DOCKER|"
    r"COMPOSE|KUBE|TURBO|PYTHON|UVICORN|GUNICORN|FLASK|DJANGO|CELERY|JAVA|SPRING|GRAFANA|GF|DD|NEW_RELIC|TZ|PORT|HOST|DEBUG|LOG_LEVEL|CI|AGNO|"
    r"UPSTASH|SUPABASE|STRIPE|TWILIO|HTTP_PROXY|HTTPS_PROXY|NO_PROXY|DATABASE_URL|DIRECT_URL)(?:_|$)|_API_KEY$"
)
"""Variables that libraries look up by themselves, or that deployments use: no code has to name them."""


def find_unread_settings(reading: Reading) -> Iterator[Finding]:
    yield from _find_unread_fields(reading)
    yield from _find_unread_variables(reading)
    yield from _find_undeclared_variables(reading)


def _find_unread_fields(reading: Reading) -> Iterator[Finding]:
    program = reading.program
    by_class: dict[tuple[str, str], list[Fact]] = {}
    for fact in reading.system.by_kind.get("setting_field", ()):
        owner = program.get_symbol((fact.path, fact.symbol))
        if owner is None or not fact.path.endswith(".py"):
            continue
        if not (_SETTINGS_BASE.search(owner.attr("bases")) or _SETTINGS_NAME.search(owner.name)):
            continue
        if not reading.is_idle(fact.path, fact.symbol):
            by_class.setdefault((fact.path, fact.symbol), []).append(fact)
    for (path, symbol), fields in by_class.items():
        if _is_read_whole(reading, path, symbol):
            continue
        unread = [f for f in fields if not f.name.startswith(("_", "model_config")) and not reading.words.get(f.name)]
        if not unread or len(unread) == len(fields):
            continue
        names = [f.name for f in unread]
        yield reading.make(
            "never-read",
            (path, symbol),
            f"{list_names(names, 3)} of {code(symbol)} {be(len(names))} never read",
            with_items(
                f"No production code names {them(len(names))}.",
                (code(name) for name in names) if len(names) > 3 else (),
            ),
            unread,
            "suspect",
        )


def _is_read_whole(reading: Reading, path: str, symbol: str) -> bool:
    """Whether code that knows the class turns objects into dicts, so that every field may be read."""
    knowing = {place[0] for place in reading.words.get(symbol, ())} | {path}
    return any(place[0] in knowing for word in _WHOLE for place in reading.words.get(word, ()))


def _find_unread_variables(reading: Reading) -> Iterator[Finding]:
    """Variables of an example file that nothing in the repository names otherwise."""
    program = reading.program
    declared: dict[str, list[Fact]] = {}
    for fact in program.list_facts("setting", tests=True):
        if _EXAMPLE.search(fact.path) and fact.attr("commented") != "yes" and not _READ_BY_LIBRARIES.search(fact.name):
            declared.setdefault(fact.name, []).append(fact)
    if not declared:
        return
    read = {fact.name for fact in program.list_facts("env", tests=True)}
    read |= {fact.name for fact in program.list_facts("setting", tests=True) if not _EXAMPLE.search(fact.path)}
    open_names = [name for name in declared if name not in read and not reading.words.get(name)]
    open_names = [name for name in open_names if name not in reading.test_words and not _is_field(reading, name)]
    if not open_names:
        return
    pattern = re.compile("|".join(map(re.escape, open_names)))
    named: set[str] = set()
    for path, file in program.files.items():
        if _EXAMPLE.search(path) or path.endswith((".md", ".mdx")):
            continue
        for fact in file.facts:
            if fact.kind not in ("comment", "reference", "symbol", "import") and "_" in fact.value:
                named.update(pattern.findall(fact.value))
    by_file: dict[str, list[Fact]] = {}
    for name in open_names:
        if name not in named:
            for fact in declared[name]:
                by_file.setdefault(fact.path, []).append(fact)
    for path, facts in by_file.items():
        names = [fact.name for fact in facts]
        yield reading.make(
            "never-read",
            (path,),
            f"{list_names(names, 3)} {be(len(names))} declared in {code(path)} and read by nothing",
            with_items(
                f"No code, script or deployment file of the repository names {them(len(names))}.",
                (code(name) for name in names) if len(names) > 3 else (),
            ),
            facts,
            "note",
        )


def _is_field(reading: Reading, name: str) -> bool:
    """A field of a settings class reads the variable of its name, with or without a prefix."""
    lower = name.lower()
    return any(
        lower == fact.name.lower() or lower.endswith("_" + fact.name.lower())
        for fact in reading.system.by_kind.get("setting_field", ())
    )


def _find_undeclared_variables(reading: Reading) -> Iterator[Finding]:
    """Variables that the code of a unit requires and that its example leaves out while it declares others."""
    program = reading.program
    declared: dict[str, set[str]] = {}
    examples: dict[str, Fact] = {}
    anywhere: set[str] = set()
    for fact in program.list_facts("setting", tests=True):
        anywhere.add(fact.name)
        if _EXAMPLE.search(fact.path):
            unit = reading.find_unit(fact.path)
            declared.setdefault(unit, set()).add(fact.name)
            examples.setdefault(unit, fact)
    by_unit: dict[str, dict[str, Fact]] = {}
    for fact in program.list_facts("env"):
        unit = reading.find_unit(fact.path)
        if fact.attr("required") != "yes" or fact.value or unit not in declared or fact.name in anywhere:
            continue
        if not _READ_BY_LIBRARIES.search(fact.name) and not reading.is_idle(fact.path, fact.symbol):
            by_unit.setdefault(unit, {}).setdefault(fact.name, fact)
    for unit, found in by_unit.items():
        names = sorted(found)
        yield reading.make(
            "undeclared-variable",
            (unit,),
            f"{list_names(names, 3)} {be(len(names))} required by {reading.name_unit(unit)} and declared in no example",
            with_items(
                f"{code(examples[unit].path)} declares {count(len(declared[unit]), 'other', 'others')}.",
                (code(name) for name in names) if len(names) > 3 else (),
            ),
            [*(found[name] for name in names), examples[unit]],
            "note",
        )
