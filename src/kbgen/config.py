"""What the user asked for: one frozen `Config`, read from `kbgen.yaml` here and from nowhere else.

A new option is one field of `Config` (or of a section such as `IdsConfig`) and one row of `_ROWS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from kbgen.errors import ConfigError
from kbgen.model import Document, KeyPath
from kbgen.patterns import lazy

CONFIG_NAME = "kbgen.yaml"

NotesPlace = Literal["in-story", "output"]


@dataclass(frozen=True, slots=True)
class IdsConfig:
    """How story IDs look here. Empty tuples mean: find out from the repository."""

    prefixes: tuple[str, ...] = ()
    trackers: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    issues: bool = False


@dataclass(frozen=True, slots=True)
class SignalRule:
    """One signal rule of the project's own, unread: JSON, and its line in `kbgen.yaml`."""

    text: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class SignalsConfig:
    """Signal rules besides those that kbgen brings along, and the ids of those to leave out."""

    rules: tuple[SignalRule, ...] = ()
    disable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PagesConfig:
    """Which documents `kbgen build` writes; names are those of the templates, ``mcp_configuration``."""

    disable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """Every option with its default. Empty globs mean: find out from the repository; `_ROWS` explains each."""

    stories: tuple[str, ...] = ()
    epics: tuple[str, ...] = ()
    status_files: tuple[str, ...] = ()
    ids: IdsConfig = IdsConfig()
    notes: NotesPlace = "in-story"
    output_dir: str = "output"
    diagrams: str = "docs/architecture/diagrams"
    architecture_page: str = "docs/architecture/dynamic-module-system.md"
    templates: str = "kbgen/templates"
    noise: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    link_base: str = ""
    mailmap: bool = True
    rename_threshold: int = 50
    rename_limit: int = 1000
    follow_ups: bool = True
    signals: SignalsConfig = SignalsConfig()
    pages: PagesConfig = PagesConfig()
    remarks: tuple[str, ...] = ()
    """What loading changed or passed over and the user should hear of; no option."""


@dataclass(frozen=True, slots=True)
class Option:
    """One key of `kbgen.yaml`, for the template of `kbgen init` and the README.

    `key` is dotted (``ids.prefixes``), `type` in words (``list of globs``), `default` as YAML (``[]``, ``50``).
    """

    key: str
    type: str
    default: str
    help: str


class _Wrong(Exception):
    """A value that an option cannot have; the text says what it wants."""


_Reader = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Row:
    key: str
    type: str
    read: _Reader
    help: str


def _read_texts(value: Any) -> tuple[str, ...]:
    """A list of texts; one text stands for a list of one, for so people write it."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise _Wrong("wants a list of texts")
    if not all(item.strip() for item in values):
        raise _Wrong("has an empty text in its list")
    return tuple(dict.fromkeys(item.strip() for item in values))


def _read_globs(value: Any) -> tuple[str, ...]:
    globs = _read_texts(value)
    for glob in globs:
        if glob.startswith("/") or "\\" in glob or ".." in glob.split("/"):
            raise _Wrong(f"wants paths inside the repository with '/', not {glob!r}")
    return globs


def _read_prefixes(value: Any) -> tuple[str, ...]:
    prefixes = tuple(dict.fromkeys(prefix.upper().rstrip("-") for prefix in _read_texts(value)))
    for prefix in prefixes:
        if not re.fullmatch(r"[A-Z][A-Z0-9]*(?:-[A-Z][A-Z0-9]*)?", prefix) or len(prefix) > 32:
            raise _Wrong(f"wants prefixes of letters and digits such as DM, not {prefix!r}")
    return prefixes


def _read_folder(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Wrong("wants a folder")
    folder = value.strip().rstrip("/")
    parts = folder.split("/")
    kept = "/".join(part for part in parts if part not in ("", "."))
    inside = not value.strip().startswith("/") and "\\" not in folder and ":" not in parts[0] and ".." not in parts
    if not kept or not inside or ".git" in folder.casefold().split("/"):
        raise _Wrong(f"wants a folder inside the repository, not {value!r}")
    return kept


def _read_page(value: Any) -> str:
    if not isinstance(value, str) or not value.strip().endswith(".md"):
        raise _Wrong("wants a Markdown file (.md)")
    try:
        return _read_folder(value)
    except _Wrong as wrong:
        raise _Wrong(f"wants a Markdown file inside the repository, not {value!r}") from wrong


def _read_switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(f"wants true or false, not {_show(value)}")
    return value


def _read_number(low: int, high: int) -> _Reader:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _Wrong(f"wants a whole number, not {_show(value)}")
        if not low <= value <= high:
            raise _Wrong(f"wants a number from {low} to {high}, not {value}")
        return value

    return read


def _read_choice(*choices: str) -> _Reader:
    def read(value: Any) -> str:
        if value not in choices:
            near = _suggest(value, choices) if isinstance(value, str) else ""
            raise _Wrong(f"wants {' or '.join(choices)}, not {_show(value)}{near}")
        return str(value)

    return read


_URL = lazy(
    r"(https?)://(?:[^/@\s]*@)?([A-Za-z0-9.\-]+(?::[0-9]+)?|\[[0-9A-Fa-f:.]+\](?::[0-9]+)?)(/[A-Za-z0-9._~%+,=:/\-]*)?"
)


def _read_url(value: Any) -> str:
    """The web address of the repository; name and password in it are left out, see `_strip_credentials`."""
    if value == "" or value is None:
        return ""
    match = _URL.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        # the value is not repeated: it may hold a password
        raise _Wrong("wants the repository's web address, such as https://github.com/owner/name")
    path = (match[3] or "").rstrip("/").removesuffix(".git")
    return f"{match[1]}://{match[2]}{path}"


def _read_page_names(value: Any) -> tuple[str, ...]:
    """As people write them: ``mcp-configuration`` is ``mcp_configuration``."""
    return tuple(dict.fromkeys(name.replace("-", "_") for name in _read_texts(value)))


def _read_rules(value: Any) -> tuple[SignalRule, ...]:
    """What a rule says is checked where rules are read, so that this room need not know."""
    rules = [value] if isinstance(value, dict) else value
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise _Wrong("wants a list of rules, each with id, match and emit")
    return tuple(SignalRule(json.dumps(rule, ensure_ascii=False, default=str)) for rule in rules)


_EXAMPLES = {"ids": "prefixes: [DM]", "signals": "disable: [log]", "pages": "disable: [caching]"}
"""A key of each section."""

_ROWS = (
    _Row("stories", "list of globs", _read_globs, "Story files; empty: found from the repository."),
    _Row("epics", "list of globs", _read_globs, "Epics and tech specs; empty: found from the repository."),
    _Row("status_files", "list of globs", _read_globs, "Sprint status in YAML; empty: found from the repository."),
    _Row("ids.prefixes", "list of texts", _read_prefixes, "Prefixes of story IDs, DM of DM-01.6; empty: found."),
    _Row("ids.trackers", "list of texts", _read_prefixes, "Prefixes of keys with one number, PROJ of PROJ-4767."),
    _Row("ids.ignore", "list of texts", _read_texts, "Prefixes (TD) or globs (DM-99*) that are never a story."),
    _Row("ids.issues", "true or false", _read_switch, "Whether #123 names a story."),
    _Row("notes", "in-story or output", _read_choice("in-story", "output"), "Where notes go: story file or output."),
    _Row("output_dir", "folder", _read_folder, "Folder for notes of stories without a file, and for reports."),
    _Row("diagrams", "folder", _read_folder, "Folder for the pages of diagrams and their drawings."),
    _Row("architecture_page", "Markdown file", _read_page, "The page that shows all diagrams; others stand beside it."),
    _Row("templates", "folder", _read_folder, "Folder whose templates go before those that kbgen brings along."),
    _Row("noise", "list of globs", _read_globs, "Files that tools write and no note should list, besides lock files."),
    _Row("tests", "list of globs", _read_globs, "Test files, besides those that their names show."),
    _Row("link_base", "URL", _read_url, "Web address of the repository, for links; empty: no links."),
    _Row("mailmap", "true or false", _read_switch, "Whether names of authors go through .mailmap."),
    _Row("rename_threshold", "percent", _read_number(1, 100), "How alike two files must be to count as renamed."),
    _Row("rename_limit", "number", _read_number(0, 100_000), "Files of one commit to compare for renames; 0: all."),
    _Row("follow_ups", "true or false", _read_switch, "Whether later fixes without an ID are found and shown."),
    _Row("signals.rules", "list of rules", _read_rules, "Signal rules besides those that kbgen brings along."),
    _Row("signals.disable", "list of texts", _read_texts, "Ids of signal rules to leave out."),
    _Row("pages.disable", "list of texts", _read_page_names, "Pages to leave out; `kbgen build --list` names all."),
)  # fmt: skip


def describe_options() -> tuple[Option, ...]:
    """Every option, in the order in which `kbgen.yaml` lists them."""
    return tuple(Option(row.key, row.type, _show(_get_default(row.key)), row.help) for row in _ROWS)


def load_config(document: Document) -> Config:
    """The config of one document; an empty document gives the defaults.

    Raises one ConfigError that lists every problem, each as ``kbgen.yaml:LINE: …``, in the order of lines.
    """
    problems: list[tuple[int, str]] = [
        (line, f"{_join(key)} is given twice in one place") for key, line in document.duplicates
    ]
    values: dict[str, Any] = {}
    sections = {row.key.split(".")[0] for row in _ROWS if "." in row.key}
    rows = {row.key: row for row in _ROWS}
    for key, value in _flatten(document, sections, problems):
        name = _join(key)
        row = rows.get(name)
        if row is None:
            problems.append((_find_line(document, key), f"unknown option {name}{_suggest(name, tuple(rows))}"))
            continue
        if value is None:
            continue  # "stories:" with nothing behind it: the default
        try:
            values[name] = _place_rules(document, key, row.read(value)) if name == "signals.rules" else row.read(value)
        except _Wrong as wrong:
            problems.append((_find_line(document, key), f"{name} {wrong}"))
    if problems:
        lines = [f"{document.path}:{line}: {text}" for line, text in sorted(problems)]
        raise ConfigError("\n".join(lines), "the README lists every option; `kbgen init` writes a commented file")
    remarks: tuple[str, ...] = ()
    given = document.value.get("link_base") if isinstance(document.value, dict) else None
    if isinstance(given, str) and "@" in given:
        line = _find_line(document, ("link_base",))
        remarks = (
            f"{document.path}:{line}: link_base holds a name or password; it is left out, take it out of the file",
        )
    plain = {name: value for name, value in values.items() if "." not in name}
    ids = IdsConfig(**_take_section(values, "ids"))
    return Config(
        ids=ids,
        signals=SignalsConfig(**_take_section(values, "signals")),
        pages=PagesConfig(**_take_section(values, "pages")),
        remarks=remarks,
        **plain,
    )


def _take_section(values: Mapping[str, Any], section: str) -> dict[str, Any]:
    return {name.partition(".")[2]: value for name, value in values.items() if name.startswith(section + ".")}


def _place_rules(document: Document, key: KeyPath, rules: tuple[SignalRule, ...]) -> tuple[SignalRule, ...]:
    return tuple(replace(rule, line=_find_line(document, (*key, index))) for index, rule in enumerate(rules))


def _flatten(document: Document, sections: set[str], problems: list[tuple[int, str]]) -> Iterator[tuple[KeyPath, Any]]:
    """(key path, value) of every option given; what is no mapping where one must be goes to `problems`."""
    value = document.value
    if value is None:
        return
    if not isinstance(value, dict):
        problems.append((_find_line(document, ()), "wants keys and values, such as `output_dir: output`"))
        return
    for key, inner in value.items():
        if key in sections and isinstance(inner, dict):
            for name, option in inner.items():
                yield (key, name), option
        elif key in sections and inner is not None:
            problems.append((_find_line(document, (key,)), f"{key} wants keys of its own, such as `{_EXAMPLES[key]}`"))
        elif key not in sections:
            yield (key,), inner


def _find_line(document: Document, key: KeyPath) -> int:
    return document.lines.get(key, document.lines.get(key[:-1], 1))


def _get_default(key: str) -> Any:
    value: Any = Config()
    for name in key.split("."):
        value = getattr(value, name)
    return value


def _join(key: KeyPath) -> str:
    return ".".join(str(part) for part in key)


def _show(value: Any) -> str:
    """A value as YAML writes it, cut short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_show, value)) + "]" if len(value) < 8 else "a list"
    if isinstance(value, dict):
        return "a mapping"
    text = str(value)
    return repr(text[:60]) if text == "" or len(text) > 60 or not text.isprintable() else text


def _suggest(word: str, known: tuple[str, ...]) -> str:
    from rapidfuzz import fuzz, process

    # "prefixes" at the top level means "ids.prefixes"
    nested = [name for name in known if name.split(".")[-1] == word.split(".")[-1]]
    best = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=60)
    near = nested[0] if nested else best[0] if best else ""
    return f": did you mean {near}?" if near else ""
