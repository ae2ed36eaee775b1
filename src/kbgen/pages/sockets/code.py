"""The code of a project's sockets: files of the serving and of the connecting side, with their branches and guards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from kbgen.expressions import decode_expr, find_key, tag_of, walk_expr
from kbgen.extractors.branches import Branch, Test, find_conditions, find_guards, read_branches
from kbgen.model import Fact
from kbgen.pages.sources import Sources
from kbgen.pages.values import say
from kbgen.patterns import LazyPattern

MODES = frozenset({"NODE_ENV", "ENVIRONMENT", "APP_ENV", "ENV", "PYTHON_ENV", "DEPLOY_ENV", "RAILS_ENV"})
"""Environment variables that tell production from development."""
_PRODUCTION = ("production", "prod")
_LOOKUP = LazyPattern(
    r"(?:prisma|db|repository|repo|session|model|orm)\w*\.(?:\w+\.)?"
    r"(?:find\w*|count|exists|get|get_or_none|query|scalar\w*|execute|filter\w*)$",
    re.IGNORECASE,
)
_PLAIN_KEYS = frozenset({"select", "include", "id", "where"})


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question to the database: ``workspaceMember.findUnique`` by ``userId_workspaceId``."""

    call: str
    by: tuple[str, ...]


class SocketCode:
    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.servers = sources.list("socket_server")
        served = [f for f in sources.list("socket_on") if f.attr("side") == "server"]
        self.handlers = tuple(served)
        self.rooms = sources.list("socket_room")
        self.rejects = sources.list("socket_reject")
        facts = (*self.servers, *served, *self.rooms, *self.rejects)
        self.server_paths = tuple(dict.fromkeys(f.path for f in facts))
        connects = sources.list("socket_connect")
        self.connects = tuple(f for f in connects if f.path not in self.server_paths)
        clients = [f for f in sources.list("socket_on") if f.attr("side") != "server"]
        self.client_paths = tuple(
            dict.fromkeys(f.path for f in (*self.connects, *clients) if f.path not in self.server_paths)
        )

    @cached_property
    def shared_paths(self) -> tuple[str, ...]:
        """Files that the server's take constants, types and room names from."""
        program = self.sources.program
        found = {
            path
            for fact in program.list_facts("import")
            if fact.path in self.server_paths and fact.value.startswith(".")
            for path in program.find_modules(fact.path, fact.value)
            if path.rpartition("/")[0] in {p.rpartition("/")[0] for p in self.server_paths}
        }
        return tuple(sorted(found - set(self.server_paths)))

    # --------------------------------------------------------------------------------------- branches

    def read_branches(self, path: str) -> tuple[Branch, ...]:
        return read_branches(self.sources.read_text(path), path)

    def find_conditions(self, fact: Fact) -> tuple[Branch, ...]:
        """Those inside the fact's own definition that must hold for it to run, the outermost first."""
        return find_conditions(self.read_branches(fact.path), fact.line)

    def find_guards(self, fact: Fact) -> tuple[Branch, ...]:
        """Branches before the fact, in the same function, that would have left it."""
        symbol = self.sources.program.get_symbol((fact.path, fact.symbol))
        first = symbol.line if symbol is not None else 0
        return tuple(b for b in find_guards(self.read_branches(fact.path), fact.line) if b.first >= first)

    def list_within(self, path: str, symbol: str, kind: str, first: int, last: int) -> Iterator[Fact]:
        for fact in self.sources.program.list_within(path, symbol, kind):
            if first <= fact.line <= last:
                yield fact

    def find_lookup(self, path: str, symbol: str, branch: Branch) -> Lookup | None:
        """The question to the database whose answer a branch asks about."""
        lines = {test.line for test in branch.tests if test.line}
        program = self.sources.program
        for fact in program.list_within(path, symbol, "call"):
            if fact.line not in lines:
                continue
            found = read_lookup(fact)
            if found is not None:
                return found
            for place in program.resolve(path, symbol, fact.name):
                inside = [each for c in program.list_within(*place, "call") if (each := read_lookup(c)) and each.by]
                if inside:
                    return inside[0]
        return None


def read_lookup(fact: Fact) -> Lookup | None:
    """None for a call that asks no database."""
    if not _LOOKUP.search(fact.name):
        return None
    where = find_key(decode_expr(fact.value)[1][0], "where") if fact.value and decode_expr(fact.value)[1] else None
    return Lookup(re.sub(r"^(?:this|self)\.", "", fact.name), tuple(_list_keys(where)))


def _list_keys(where: object) -> Iterator[str]:
    """Names of the fields that a ``where`` names, those inside others too; short ones of every table left out."""
    for part in walk_expr(where):
        if tag_of(part) == "dict":
            yield from (str(key) for key, _ in part[1:] if isinstance(key, str) and key not in _PLAIN_KEYS)


def is_production(test: Test) -> bool | None:
    """Whether a test holds in production; None for one that asks for something else."""
    if test.env not in MODES and test.what.rpartition(".")[2].upper() not in MODES:
        return None
    if test.equals in _PRODUCTION:
        return test.holds
    return False if test.equals and test.holds else None


def say_test(test: Test) -> str:
    """``NAME=true``, ``NAME not set``, else the condition as written."""
    name = test.env
    if not name:
        text = test.what if test.equals is None else f"{test.what} = {test.equals}"
        return text if test.holds else f"not {text}"
    if test.equals is None:
        return f"{name} set" if test.holds else f"{name} not set"
    return f"{name}={test.equals}" if test.holds else f"{name} other than {test.equals}"


def say_message(sources: Sources, fact: Fact) -> str:
    """The text of a logged or sent message."""
    for text in (say(sources.read_attr(fact, "message"), 300), fact.name):
        if text:
            return text
    return ""
