"""Facts that follow from where a file lies: file-system routes of web frameworks.

Kept apart from the extractors because the cache keys facts by content alone: these are made afresh
whenever facts are placed at a path.
"""

from __future__ import annotations

import re

from kbgen.extractors.base import sort_facts
from kbgen.model import Fact, FileFacts
from kbgen.patterns import LazyPattern

_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"})
_APP_FILE = LazyPattern(r"^(?:.*/)?app/(?:(?P<folders>.*)/)?(?P<file>route|page)\.(?:[cm]?[jt]sx?)$")
_PAGES_FILE = LazyPattern(r"^(?:.*/)?pages/(?P<rest>.+)\.(?:[jt]sx?)$")
_FRAMEWORK = "file"


def add_placed(facts: FileFacts) -> FileFacts:
    """`facts` with the routes that its path makes, instead of those of an earlier path."""
    kept = [fact for fact in facts.facts if fact.attr("framework") != _FRAMEWORK]
    routes = _find_routes(facts)
    if not routes and len(kept) == len(facts.facts):
        return facts
    return FileFacts(facts.path, facts.blob, sort_facts([*kept, *routes]), facts.skipped)


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
    """``(group)`` and ``@slot`` vanish, ``[id]`` is ``{id}``, ``[...rest]`` is ``{rest...}``."""
    parts = []
    for segment in segments:
        if not segment or (segment.startswith("(") and segment.endswith(")")) or segment.startswith("@"):
            continue
        segment = re.sub(r"^\(\.{1,3}\)(?:\(\.\.\))*", "", segment)  # intercepting routes: (.)photo
        catch_all = re.fullmatch(r"\[{1,2}\.\.\.([^\]]+)\]{1,2}", segment)
        single = re.fullmatch(r"\[([^\]]+)\]", segment)
        if catch_all is not None:
            parts.append("{" + catch_all[1] + "...}")
        elif single is not None:
            parts.append("{" + single[1] + "}")
        else:
            parts.append(segment)
    return "/" + "/".join(parts)


def _make_route(symbol: Fact, method: str, path: str, kind: str) -> Fact:
    name = f"{method} {path}"
    attrs = (("kind", kind), ("method", method), ("path", path), ("framework", _FRAMEWORK))
    return Fact("route", name, symbol.path, symbol.line, name, symbol.symbol, symbol.hash, attrs)
