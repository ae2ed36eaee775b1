"""MCP servers: which are configured where, what starts them, and whether anything that runs uses them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kbgen.expressions import Expr, tag_of
from kbgen.extractors.variables import hide_credentials
from kbgen.join.program import Place as CodePlace
from kbgen.model import Fact
from kbgen.pages.mcp.subject import NAMED, Subject
from kbgen.pages.sources import Excerpt, Place, Sources
from kbgen.pages.values import join_texts, read_items, read_pairs, say
from kbgen.patterns import LazyPattern

_SHOWN = frozenset({"name", "id", "label", "command", "args", "env", "env_vars", "url", "description", "transport"})
"""What a server's row says in columns of its own."""
_UNIT_LANGUAGES = {".py": "Python", ".ts": "TypeScript", ".tsx": "TypeScript", ".js": "JavaScript"}
_RUNNERS = frozenset({"npx", "uvx", "bunx", "pipx", "dlx"})
"""Commands that fetch a package and run it."""
_NEEDS = {"npx": ("npx", "npm", "node"), "uvx": ("uvx", "uv"), "bunx": ("bunx", "bun"), "pipx": ("pipx",)}
"""Words of an image's build, any of which may bring a runner."""
_PINNED = LazyPattern(r"(?<=[\w.-])(?:@\^?~?\d|==|@sha)")
_CONFIGURATION = LazyPattern(r"\.(?:json|ya?ml|toml)$", re.IGNORECASE)
_NAMED_FILE = LazyPattern(r"(?<![\w/.*~$}>-])[\w.@-]+/[\w.@/-]*mcp[\w.-]*\.(?:json|ya?ml|toml)(?![\w-])", re.IGNORECASE)
_SETTINGS = LazyPattern(r"(?:^|/)(?:\.\w+|config|configs|settings)$")
_STORY = LazyPattern(r"\.(?:stories|story)\.[cm]?[jt]sx?$")
"""Files that show a component off: what they configure is an example."""
_SECRET = LazyPattern(r"(?i)secret|token|key|password|passwd|credential|auth|headers?$")


@dataclass(frozen=True, slots=True)
class ServerRow:
    name: str
    title: str
    """What it is called besides, or what its configuration says of it."""
    starts: str
    """The whole command, or the address."""
    environment: tuple[tuple[str, str], ...]
    """(variable, the value that it is given as written; ``…`` for what may be a secret)"""
    settings: tuple[tuple[str, str], ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Holder:
    """A constant, function or file that lists servers."""

    name: str
    language: str
    """Empty for a configuration file."""
    servers: tuple[ServerRow, ...]
    used_by: tuple[Place, ...]
    dead: bool
    """Nothing that runs names it."""
    at: Place
    code: Excerpt | None
    keys: tuple[tuple[str, int], ...]
    """Of a configuration file: (key, how many servers have it)."""
    unit: str


@dataclass(frozen=True, slots=True)
class LiteralRow:
    """A variable with a secret's name whose value is written into code or configuration."""

    name: str
    server: str
    at: Place


@dataclass(frozen=True, slots=True)
class BuiltRow:
    """Servers that code makes out of data at run time."""

    command: str
    url: str
    dead: bool
    at: Place


@dataclass(frozen=True, slots=True)
class ProvidedRow:
    """A server that the project itself is."""

    name: str
    tools: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class RunnerRow:
    """A command that servers are started with, looked for in the image of the app that starts them."""

    name: str
    servers: tuple[str, ...]
    pinned: bool
    """Every package that it runs names a version."""
    images: tuple[Place, ...]
    """Dockerfiles of the app in whose text none of `words` stands."""
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """Code of the subject that no `COPY` of the app's Dockerfile takes in."""

    paths: tuple[str, ...]
    image: Place


@dataclass(frozen=True, slots=True)
class NamedFile:
    path: str
    documents: tuple[Place, ...]


def list_holders(subject: Subject) -> tuple[Holder, ...]:
    """What runs first, then by place."""
    groups: dict[CodePlace, list[ServerRow]] = {}
    for fact in _list_configured(subject.sources):
        if _starts_of(subject.sources, fact) and not _STORY.search(fact.path):
            groups.setdefault((fact.path, fact.symbol), []).append(_make_server(subject.sources, fact))
    found = [_make_holder(subject, place, rows) for place, rows in groups.items()]
    return tuple(sorted(found, key=lambda h: (h.dead, h.at.path, h.name)))


def list_examples(sources: Sources) -> tuple[ServerRow, ...]:
    """Servers that only stories of components name."""
    found = [f for f in _list_configured(sources) if _STORY.search(f.path) and _starts_of(sources, f)]
    return tuple(_make_server(sources, fact) for fact in found)


def _list_configured(sources: Sources) -> Iterator[Fact]:
    for kind in ("mcp_server", "mcp_client"):
        yield from (fact for fact in sources.list(kind) if fact.attr("role") == "uses")


def _make_holder(subject: Subject, place: CodePlace, rows: Sequence[ServerRow]) -> Holder:
    sources, (path, symbol) = subject.sources, place
    language = _UNIT_LANGUAGES.get(posixpath.splitext(path)[1], "")
    if not language:
        readers: tuple[CodePlace, ...] = tuple(_find_file_readers(sources, path))
    else:
        readers = subject.find_readers(place) if symbol and "." not in symbol else ()
    live = sources.system.reach.live
    dead = bool(language and symbol) and (
        subject.reached.is_dead(path, symbol)
        or (place not in live and all(subject.reached.is_dead(*r) for r in readers))
    )
    return Holder(
        symbol or posixpath.basename(path),
        language,
        tuple(_name_by_keys(sources, place, rows)),
        tuple(sources.at(*reader) for reader in readers),
        dead,
        sources.at(path, symbol),
        sources.excerpt(path, symbol) if symbol else None,
        () if language else _count_keys(sources, path, [row.name for row in rows]),
        sources.system.units.find_unit(path),
    )


def _find_file_readers(sources: Sources, path: str) -> Iterator[CodePlace]:
    """Code that writes the name of a configuration file, tests left out."""
    end = f'{posixpath.basename(path)}"'
    seen: set[CodePlace] = set()
    for kind in ("binding", "call", "param"):
        for fact in sources.program.list_facts(kind):
            if end in fact.value and (fact.path, fact.symbol) not in seen:
                seen.add((fact.path, fact.symbol))
                yield fact.path, fact.symbol


def _count_keys(sources: Sources, path: str, names: Sequence[str]) -> tuple[tuple[str, int], ...]:
    keys: dict[str, set[str]] = {}
    for fact in sources.list("config"):
        if fact.path != path:
            continue
        for name in names:
            _, found, rest = f".{fact.name}".partition(f".{name}.")
            if found and rest:
                keys.setdefault(re.split(r"[.\[]", rest)[0], set()).add(name)
    return tuple((key, len(found)) for key, found in keys.items())


def _name_by_keys(sources: Sources, place: CodePlace, rows: Sequence[ServerRow]) -> Iterator[ServerRow]:
    """Servers of a constant by the keys that it lists them under; what they are called besides goes into the title."""
    entries = [
        (key, _settings_of(value))
        for _, table in sources.program.find_values(place[0], "", place[1])[:1]
        for key, value in read_pairs(table).items()
    ]
    for row in rows:
        fitting = [(k, given) for k, given in entries if row.name in (k, say(given.get("name")), say(given.get("id")))]
        if not fitting:
            yield row
            continue
        key, given = fitting[0]
        title = row.title or (row.name if row.name != key else "")
        shown = tuple((name, _hide(name, say(value))) for name, value in given.items() if name not in _SHOWN)
        yield ServerRow(key, title, row.starts, row.environment, tuple(pair for pair in shown if pair[1]), row.at)


def _settings_of(expr: Expr) -> dict[str, Expr]:
    return dict(expr[3]) if tag_of(expr) == "call" else dict(read_pairs(expr))


def _make_server(sources: Sources, fact: Fact) -> ServerRow:
    enabled = fact.attr("enabled")
    return ServerRow(
        fact.name,
        fact.attr("description"),
        _starts_of(sources, fact),
        tuple((name, _hide(name, value)) for name, value in _list_environment(sources, fact)),
        (("enabled", enabled),) if enabled and not enabled.startswith("=") else (),
        sources.at(fact),
    )


def _list_environment(sources: Sources, fact: Fact) -> Iterator[tuple[str, str]]:
    given = sources.read_attr(fact, "env")
    if not isinstance(given, str):
        yield from ((name, say(value)) for name, value in read_pairs(given).items())
        return
    values = {f.name: f.value for f in sources.list("config") if f.path == fact.path}
    for name in given.split():
        ending = f"{fact.name}.env.{name}"
        yield name, next((value for key, value in values.items() if f".{key}".endswith(f".{ending}")), "")


def _hide(name: str, value: str) -> str:
    """What is no reference and may be a secret is not told."""
    is_reference = not value or "$" in value or "{" in value
    return hide_credentials(value) if is_reference or not _SECRET.search(name) else "…"


def list_literals(holders: Sequence[Holder]) -> tuple[LiteralRow, ...]:
    return tuple(
        LiteralRow(name, server.name, server.at)
        for holder in holders
        for server in holder.servers
        for name, value in server.environment
        if value == "…"
    )


def _starts_of(sources: Sources, fact: Fact) -> str:
    """The command line or the address; empty for one that is known at run time only."""
    command, url = sources.read_attr(fact, "command"), sources.read_attr(fact, "url")
    if isinstance(command, str) and command:
        arguments = sources.read_attr(fact, "arguments")
        words = join_texts(read_items(arguments)) or (arguments if isinstance(arguments, str) else "")
        return hide_credentials(f"{command} {words}".strip())
    if isinstance(url, str) and url:
        return hide_credentials(url)
    return say(url) if tag_of(url) in ("env", "any", "text") else ""


def list_built(subject: Subject) -> tuple[BuiltRow, ...]:
    sources = subject.sources
    rows: dict[CodePlace, BuiltRow] = {}
    for fact in _list_configured(sources):
        if _starts_of(sources, fact) or (fact.path, fact.symbol) in rows:
            continue
        command, url = (say(sources.read_attr(fact, key)) for key in ("command", "url"))
        dead = subject.reached.is_dead(fact.path, fact.symbol)
        if command or url:
            rows[(fact.path, fact.symbol)] = BuiltRow(command, url, dead, sources.at(fact))
    return tuple(rows.values())


def list_provided(sources: Sources) -> tuple[ProvidedRow, ...]:
    tools: dict[str, list[str]] = {}
    for fact in sources.list("tool"):
        tools.setdefault(fact.path, []).append(fact.name)
    return tuple(
        ProvidedRow(fact.name, tuple(dict.fromkeys(tools.get(fact.path, ()))), sources.at(fact))
        for fact in sources.list("mcp_server")
        if fact.attr("role", "provides") == "provides"
    )


def find_twice(holders: Sequence[Holder]) -> tuple[str, ...]:
    """Names of servers that are started in different ways in different places."""
    ways: dict[str, set[str]] = {}
    for holder in holders:
        for server in holder.servers:
            ways.setdefault(server.name, set()).add(server.starts)
    return tuple(sorted(name for name, found in ways.items() if len(found) > 1))


def list_runners(sources: Sources, holders: Sequence[Holder]) -> tuple[RunnerRow, ...]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    for holder in holders:
        for server in holder.servers:
            runner = server.starts.partition(" ")[0]
            if runner in _RUNNERS:
                found.setdefault(runner, []).append((server.name, server.starts, "" if holder.dead else holder.unit))
    rows: list[RunnerRow] = []
    for runner, servers in sorted(found.items()):
        words = _NEEDS.get(runner, (runner,))
        word = re.compile(rf"(?<![\w-])(?:{'|'.join(words)})(?![\w-])")
        images = [path for unit in sorted({u for *_, u in servers if u}) for path in _list_images(sources, unit)]
        rows.append(
            RunnerRow(
                runner,
                tuple(dict.fromkeys(name for name, _, _ in servers)),
                all(_PINNED.search(starts) for _, starts, _ in servers),
                tuple(sources.at(path) for path in images if not word.search(sources.read_text(path))),
                words,
            )
        )
    return tuple(rows)


def _list_images(sources: Sources, unit: str) -> list[str]:
    folder = sources.system.units.by_id[unit].folder
    return sorted({fact.path for fact in sources.list("base") if fact.path.rpartition("/")[0] == folder})


def list_left_out(subject: Subject, holders: Sequence[Holder]) -> tuple[LeftOutRow, ...]:
    """Only for Dockerfiles most of whose sources lie in their own folder, which is then what they are built from."""
    sources = subject.sources
    rows: list[LeftOutRow] = []
    for unit in sorted({h.unit for h in holders if h.unit and h.language and not h.dead}):
        folder = sources.system.units.by_id[unit].folder or ""
        needed = sorted({h.at.path for h in holders if h.unit == unit and h.language and not h.dead})
        for image in _list_images(sources, unit):
            copied = [f for f in sources.list("copy") if f.path == image and not f.attr("from")]
            given = [posixpath.normpath(posixpath.join(folder, f.name)) for f in copied]
            if 2 * sum(any(_lies_in(path, source) for path in sources.entries) for source in given) <= len(given):
                continue
            missing = tuple(path for path in needed if not any(_lies_in(path, source) for source in given))
            if missing:
                rows.append(LeftOutRow(missing, sources.at(image)))
    return tuple(rows)


def _lies_in(path: str, source: str) -> bool:
    return source == "." or path == source or path.startswith(source + "/")


def list_configuration_files(sources: Sources, holders: Sequence[Holder]) -> tuple[Place, ...]:
    """Configuration files that list servers, and those at the top or in a folder of settings that are named for MCP."""
    found = {holder.at.path for holder in holders if not holder.language}
    for path in sources.entries:
        folder, _, name = path.rpartition("/")
        if _CONFIGURATION.search(path) and NAMED.search(name) and (not folder or _SETTINGS.search(folder)):
            found.add(path)
    return tuple(sources.at(path) for path in sorted(found))


def list_named_files(sources: Sources) -> tuple[NamedFile, ...]:
    """Configuration files that documents with a heading on MCP name, and that are nowhere in the repository."""
    documents = sorted({fact.path for fact in sources.list("heading") if NAMED.search(fact.name)})
    named: dict[str, dict[str, None]] = {}
    for document in documents:
        for match in _NAMED_FILE.finditer(sources.read_text(document)):
            named.setdefault(match[0].removeprefix("./"), {})[document] = None
    known = {path.rpartition("/")[2] for path in sources.entries}
    tops = {path.partition("/")[0] for path in sources.entries}
    return tuple(
        NamedFile(path, tuple(sources.at(document) for document in found))
        for path, found in sorted(named.items())
        if path.partition("/")[0] in tops and path.rpartition("/")[2] not in known
    )
