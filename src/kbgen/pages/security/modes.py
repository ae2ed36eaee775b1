"""What happens in production only: settings that stop the program, answers that refuse, and those that only warn.

And what stands in for a secret that nobody set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kbgen.expressions import decode_arguments
from kbgen.extractors.branches import Branch, find_conditions, read_branches
from kbgen.model import Fact
from kbgen.pages.shared.holes import HOLE, name_holes
from kbgen.pages.shared.log_lines import read_message
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import say
from kbgen.patterns import LazyPattern

MODES = frozenset(
    {
        "NODE_ENV", "ENV", "ENVIRONMENT", "APP_ENV", "PYTHON_ENV", "FLASK_ENV", "DJANGO_ENV", "RAILS_ENV",
        "APP_ENVIRONMENT", "DEPLOY_ENV", "STAGE",
    }
)  # fmt: skip
"""Variables that say where a program runs."""
_PRODUCTION = frozenset({"production", "prod", "live"})
_SECRET = LazyPattern(
    r"(?:^|_)(?:SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|PRIVATE_KEY|API_?KEY|ACCESS_KEY|MASTER_KEY|"
    r"ENCRYPTION_KEY|SIGNING_KEY|AUTH_KEY|SERVICE_(?:ROLE_)?KEY|TOKEN)(?:$|_(?:KEY|ID|BASE64))"
)
_NO_SECRET = LazyPattern(r"PUBLIC|_(?:NAME|URL|HEADER|COOKIE|TTL|SIZE|LIMIT|COUNT|PATH)$|^TEST_|MAX_|_ID$")
_ENV_NAME = LazyPattern(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_LOUD = {"warn": "warns", "warning": "warns", "error": "logs an error", "exception": "logs an error",
         "critical": "logs an error", "fatal": "logs an error"}  # fmt: skip
_TEXT_LIMIT = 96


def is_secret(name: str) -> bool:
    return bool(_SECRET.search(name)) and not _NO_SECRET.search(name)


@dataclass(frozen=True, slots=True)
class ModeRow:
    """What code does in production."""

    variables: tuple[str, ...]
    """Those that it is about."""
    condition: str
    does: str
    """``throws``, ``refuses``, ``warns``, ``logs an error``."""
    what: str
    """Class of the error, or status."""
    message: str
    at: Place

    @property
    def stops(self) -> bool:
        return self.does in ("throws", "refuses")


@dataclass(frozen=True, slots=True)
class RequiredRow:
    """A secret without which the code throws, wherever it runs."""

    variables: tuple[str, ...]
    error: str
    at: Place


@dataclass(frozen=True, slots=True)
class FallbackRow:
    """A text in the code that stands in for secrets."""

    names: tuple[str, ...]
    value: str
    checked: bool
    """In production the same code throws."""
    at: Place


@dataclass(frozen=True, slots=True)
class SecretRow:
    name: str
    readers: int
    required: bool
    """A settings class wants it."""
    kept_secret: bool
    """Held as a type that is not printed."""
    at: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Modes:
    rows: tuple[ModeRow, ...]
    required: tuple[RequiredRow, ...]
    fallbacks: tuple[FallbackRow, ...]
    secrets: tuple[SecretRow, ...]


def read_modes(sources: Sources) -> Modes:
    return _Reader(sources).read()


class _Reader:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._by_path: dict[str, list[Fact]] = {}
        for kind in ("exception", "error_response", "log"):
            for fact in sources.list(kind):
                self._by_path.setdefault(fact.path, []).append(fact)

    def read(self) -> Modes:
        rows = tuple(self._list_modes())
        return Modes(
            rows, tuple(self._list_required(rows)), tuple(self._list_fallbacks(rows)), tuple(self._list_secrets())
        )

    def _list_modes(self) -> Iterator[ModeRow]:
        paths = sorted({f.path for f in self._sources.list("env") if f.name in MODES})
        for path in paths:
            branches = read_branches(self._sources.read_text(path), path)
            told: set[ModeRow] = set()
            for fact in sorted(self._by_path.get(path, ()), key=lambda f: f.line):
                found = find_conditions(branches, fact.line)
                at = next((i for i, branch in enumerate(found) if _is_production(branch)), None)
                does = _read_deed(fact)
                if at is None or not does:
                    continue
                row = self._make_mode(fact, does, found, at)
                # What is only said, and about no setting, is no default.
                if row not in told and (row.variables or row.stops):
                    told.add(row)
                    yield row

    def _make_mode(self, fact: Fact, does: str, found: Sequence[Branch], at: int) -> ModeRow:
        names = [name for branch in found for name in branch.names if name not in MODES]
        message = self._read_message(fact)
        if not names:
            names = [name for name in _ENV_NAME.findall(message) if name not in MODES]
        # What is asked besides "is this production" says more; often that stands in the same condition.
        asked = [branch.text for branch in found if branch.text and not _is_production(branch)] or [found[at].text]
        return ModeRow(
            tuple(dict.fromkeys(names)),
            asked[-1],
            does,
            fact.attr("status") or (fact.name if fact.kind == "exception" else ""),
            _shorten(message),
            self._sources.at(fact),
        )

    def _read_message(self, fact: Fact) -> str:
        if fact.kind == "log":
            return read_message(self._sources, fact)
        message = say(self._sources.read_attr(fact, "message"), 400)
        if HOLE not in message:
            return message
        for raised in self._sources.program.list_within(fact.path, fact.symbol, "raise"):
            if raised.line == fact.line and raised.value:
                for given in decode_arguments(raised.value)[0][:1]:
                    return name_holes(self._sources.program, (fact.path, fact.symbol), given, message)
        return message.replace(HOLE, "{…}")

    def _list_required(self, rows: Sequence[ModeRow]) -> Iterator[RequiredRow]:
        """Errors that name a secret, outside what is for production only."""
        told = {(row.at, row.message) for row in rows}
        seen: set[tuple[str, ...]] = set()
        for fact in self._sources.list("exception"):
            message = self._read_message(fact)
            names = tuple(dict.fromkeys(name for name in _ENV_NAME.findall(message) if is_secret(name)))
            if not names or (self._sources.at(fact), _shorten(message)) in told or fact.attr("status"):
                continue
            if (*names, fact.path) not in seen:
                seen.add((*names, fact.path))
                yield RequiredRow(names, fact.name, self._sources.at(fact))

    def _list_fallbacks(self, rows: Sequence[ModeRow]) -> Iterator[FallbackRow]:
        checked = {(name, row.at.path) for row in rows if row.stops for name in row.variables}
        found: dict[tuple[Place, str, bool], list[str]] = {}
        for fact in self._sources.list("env"):
            value = fact.value.strip("\"'")
            if is_secret(fact.name) and fact.value[:1] in "\"'" and value:
                key = (self._sources.at(fact), value, (fact.name, fact.path) in checked)
                found.setdefault(key, []).append(fact.name)
        for (at, value, is_checked), names in found.items():
            yield FallbackRow(tuple(dict.fromkeys(names)), value, is_checked, at)

    def _list_secrets(self) -> Iterator[SecretRow]:
        readers: dict[str, list[Fact]] = {}
        for fact in self._sources.list("env"):
            if is_secret(fact.name):
                readers.setdefault(fact.name, []).append(fact)
        typed = {
            (fact.path, fact.name.upper())
            for fact in self._sources.list("setting_field")
            if "Secret" in fact.attr("type")
        }
        for name, facts in sorted(readers.items(), key=lambda row: (-len(row[1]), row[0])):
            places = self._sources.places(facts)
            yield SecretRow(
                name,
                len(places),
                any(fact.attr("required") == "yes" for fact in facts),
                any((fact.path, fact.name) in typed for fact in facts),
                places[:1],
            )


def _is_production(branch: Branch) -> bool:
    return any(
        test.holds and str(test.equals).lower() in _PRODUCTION and (test.env in MODES or not test.env)
        for test in branch.tests
    )


def _read_deed(fact: Fact) -> str:
    if fact.kind == "log":
        return _LOUD.get(fact.attr("level"), "")
    return "refuses" if fact.kind == "error_response" or fact.attr("status") else "throws"


def _shorten(text: str) -> str:
    flat = re.sub(r"\s+", " ", text).strip()
    return flat if len(flat) <= _TEXT_LIMIT else flat[: _TEXT_LIMIT - 1] + "…"
