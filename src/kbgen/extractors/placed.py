"""Facts that follow from where a file lies: file-system routes, build folders, packages without a name.

Kept apart from the extractors because the cache keys facts by content alone: these are made afresh
whenever facts are placed at a path.
"""

from __future__ import annotations

import operator
import posixpath
import re
from dataclasses import replace

from kbgen.extractors.base import sort_facts
from kbgen.model import Fact, FileFacts
from kbgen.patterns import LazyPattern

_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"})
_APP_FILE = LazyPattern(r"^(?:.*/)?app/(?:(?P<folders>.*)/)?(?P<file>route|page)\.(?:[cm]?[jt]sx?)$")
_PAGES_FILE = LazyPattern(r"^(?:.*/)?pages/(?P<rest>.+)\.(?:[jt]sx?)$")
_FRAMEWORK = "file"
_PLACED_KINDS = frozenset({"service", "artifact", "package"})


def add_placed(facts: FileFacts) -> FileFacts:
    """`facts` with what its path makes of them, instead of what an earlier path made."""
    kept = [fact for fact in facts.facts if fact.kind != "route" or fact.attr("framework") != _FRAMEWORK]
    routes = _find_routes(facts)
    placed = [_place_fact(fact) if fact.kind in _PLACED_KINDS else fact for fact in kept]
    if not routes and len(kept) == len(facts.facts) and all(map(operator.is_, placed, kept)):
        return facts
    return FileFacts(facts.path, facts.blob, sort_facts([*placed, *routes]), facts.skipped)


def _place_fact(fact: Fact) -> Fact:
    """The folder that an image is built from, relative to the repository's top; the folder's name for a package."""
    folder = posixpath.dirname(fact.path)
    if fact.kind == "package":
        return replace(fact, name=posixpath.basename(folder)) if fact.attr("unnamed") else fact
    build = fact.attr("build")
    attrs = [pair for pair in fact.attrs if pair[0] != "context"]
    context = _resolve(folder, build)
    if context:
        attrs.insert(attrs.index(("build", build)) + 1, ("context", context))
    value = (context or build) if fact.kind == "artifact" else fact.value
    return replace(fact, attrs=tuple(attrs), value=value)


def _resolve(folder: str, build: str) -> str:
    """``""`` for what is no folder of this repository: a URL, an unknown variable, a place outside."""
    if not build or any(mark in build for mark in ("://", "${", "{{", "git@")):
        return ""
    context = posixpath.normpath(posixpath.join(folder, build))
    return "" if context == ".." or context.startswith(("../", "/")) else context


def _find_routes(facts: FileFacts) -> list[Fact]:
    """Next.js: ``app/**/route.ts`` (each exported method), ``app/**/page.tsx``, ``pages/**``."""
    match = _APP_FILE.match(facts.path)
    if match is not None:
        path = _join_segments((match["folders"] or "").split("/"))
        exported = [f for f in facts.facts if f.kind == "symbol" and f.attr("exported") == "yes"]
        if match["file"] == "route":
            return [_make_route(f, f.name, path, "route") for f in exported if f.name in _METHODS]
        return [_make_route(f, "PAGE", path, "page") for f in exported if f.attr("default") == "yes"]
    match = _PAGES_FILE.match(facts.path)
    if match is not None and not re.search(r"(?:^|/)_(?:app|document|error)$|\.(?:test|spec)$", match["rest"]):
        segments = match["rest"].removesuffix("/index").split("/")
        path = _join_segments([] if segments == ["index"] else segments)
        kind = "route" if segments[0] == "api" else "page"
        default = [f for f in facts.facts if f.kind == "symbol" and f.attr("default") == "yes"]
        return [_make_route(f, "ANY" if kind == "route" else "PAGE", path, kind) for f in default]
    return []


def _join_segments(segments: list[str]) -> str:
    """``(group)`` and ``@slot`` vanish; ``[id]`` is ``{id}``, ``[...a]`` ``{a...}``, ``[[...a]]`` ``{a...?}``.

    An intercepting folder may start higher up: ``(..)photo`` one segment, ``(...)photo`` at the top.
    """
    parts: list[str] = []
    for segment in segments:
        if not segment or (segment.startswith("(") and segment.endswith(")")) or segment.startswith("@"):
            continue
        marks = re.match(r"(?:\(\.{1,3}\))+", segment)
        if marks is not None:
            up = marks[0].count("(..)")
            del parts[0 if "(...)" in marks[0] else max(len(parts) - up, 0) :]
            segment = segment[marks.end() :]
        catch_all = re.fullmatch(r"\[{1,2}\.\.\.([^\]]+)\]{1,2}", segment)
        single = re.fullmatch(r"\[([^\]]+)\]", segment)
        if catch_all is not None:
            parts.append("{" + catch_all[1] + ("...?}" if segment.startswith("[[") else "...}"))
        elif single is not None:
            parts.append("{" + single[1] + "}")
        else:
            parts.append(segment)
    return "/" + "/".join(parts)


def _make_route(symbol: Fact, method: str, path: str, kind: str) -> Fact:
    name = f"{method} {path}"
    attrs = (("kind", kind), ("method", method), ("path", path), ("framework", _FRAMEWORK))
    return Fact("route", name, symbol.path, symbol.line, name, symbol.symbol, symbol.hash, attrs)
