"""Definitions that nothing running reaches, told once for each file."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from kbgen.findings.agents import list_loose_tools, list_unmade
from kbgen.findings.base import Reading, be, code, count, list_names, them, with_items
from kbgen.join.program import Place
from kbgen.model import Fact, Finding
from kbgen.patterns import LazyPattern

_WORDS = {
    "component": ("component", "components"),
    "hook": ("hook", "hooks"),
    "class": ("class", "classes"),
    "function": ("function", "functions"),
}
_APART = LazyPattern(
    r"(?:^|/)(?:scripts?|examples?|samples?|demos?|docs?|migrations?|seeds?|generated|__generated__|__mocks__|mocks?|fixtures?|"
    r"testing|test[-_]?utils?|e2e|storybook|templates?|vendor|third[-_]party|public|static|tools?/dev)/|\.d\.ts$|_pb2(?:_grpc)?\.pyi?$|[._]pb\.|\.(?:gen|generated)\.|\.stories\.|[-_.]seed\.|conftest",
    re.IGNORECASE,
)


def find_dead_code(reading: Reading) -> Iterator[Finding]:
    yield from _find_unmounted_routes(reading)
    told = {place for places in list_unmade(reading).values() for place in places} | set(list_loose_tools(reading))
    decorators = {(f.path, f.symbol or f.name) for f in reading.system.by_kind.get("decorator_def", ())}
    by_folder: dict[str, list[tuple[Place, Fact]]] = {}
    for place in sorted(reading.system.unreached):
        fact = reading.program.get_symbol(place)
        if fact is None or fact.attr("kind") not in _WORDS or place in told or _APART.search(place[0]):
            continue
        if not reading.is_idle(*place):
            continue
        if place in decorators:
            yield _tell_decorator(reading, place, fact)
            continue
        by_folder.setdefault(posixpath.dirname(place[0]), []).append((place, fact))
    for folder, found in by_folder.items():
        yield _tell_unused(reading, folder, found)


def _tell_unused(reading: Reading, folder: str, found: list[tuple[Place, Fact]]) -> Finding:
    """All of one folder at once: they were mostly written together and forgotten together."""
    names = [place[1] for place, _ in found]
    files = {place[0] for place, _ in found}
    kinds = {fact.attr("kind") for _, fact in found}
    one, many = _WORDS[kinds.pop()] if len(kinds) == 1 else ("definition", "definitions")
    tested = sorted(name for name in names if name in reading.test_words)
    if len(names) == 1:
        title = f"Nothing that runs uses the {one} {code(names[0])}"
        said = " Tests use it." if tested else ""
    else:
        where = code(files.pop()) if len(files) == 1 else f"{len(files)} files of {code(folder or '.')}"
        title = f"Nothing that runs uses {len(names)} {many} of {where}"
        said = f" Tests use {list_names(tested, 6)}." if tested else ""
    return reading.make(
        "never-used",
        (folder,),
        title,
        with_items(
            f"No start point leads to {them(len(names))}, neither by imports nor by calls.{said}",
            (f"{code(place[1])} in {code(posixpath.basename(place[0]))}" for place, _ in found)
            if len(names) > 1
            else (),
        ),
        [fact for _, fact in found],
        "dead",
    )


def _tell_decorator(reading: Reading, place: Place, fact: Fact) -> Finding:
    tested = " Tests use it." if place[1] in reading.test_words else ""
    return reading.make(
        "never-used",
        place,
        f"The decorator {code(place[1])} decorates nothing",
        f"No production code uses it.{tested}",
        [fact],
        "dead",
    )


def _find_unmounted_routes(reading: Reading) -> Iterator[Finding]:
    groups: dict[tuple[str, str], list[Fact]] = {}
    for route in reading.system.routes:
        if route.attr("mounted") == "no" and not reading.program.is_test(route.path):
            groups.setdefault((route.path, route.symbol.rpartition(".")[0]), []).append(route)
    for (path, owner), routes in groups.items():
        yield reading.make(
            "unmounted",
            (path, owner),
            f"{count(len(routes), 'route', 'routes')} of {code(owner or path)} {be(len(routes))} mounted nowhere",
            with_items("No app includes what defines them.", (code(route.name) for route in routes)),
            routes,
            "dead",
        )
