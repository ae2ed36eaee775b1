"""URLs of calls and paths of routes in one form: ``/seg/{}/other``, and whether a route serves a path.

A folded text has holes: ``{agent_id}`` an unresolved name, ``{env:VAR|default}`` an environment variable, ``{}``
anything else (see `kbgen.join.program.Folded`). Paths of routes name their parameters: ``{id}``, ``{rest...}`` for a
catch-all of one segment or more, ``{rest...?}`` for one that also takes none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from kbgen.patterns import LazyPattern

_HOLE = LazyPattern(r"\{[^{}]*\}")
_SCHEME = LazyPattern(r"(?:[a-zA-Z][a-zA-Z0-9+.\-]*:|\0)//")
_ENV = LazyPattern(r"\{env:([^|{}]*)(?:\|([^{}]*))?\}")
_MARK = "\0"
"""Stands for a hole while a text is cut up, so that what a hole holds is never taken for a slash or a query."""


class Url(NamedTuple):
    base: str
    """``""`` for the caller's own origin, ``http://host:8000``, ``{env:API|http://localhost:3001}``, ``{base_url}``."""
    path: str
    """``/tasks/{}``, no query, no slash at the end; ``""`` when nothing is known of it."""
    query: str
    """Without the question mark."""


def split_url(text: str) -> Url:
    """The parts of a folded URL. The path of an environment variable's default counts as path."""
    holes = _HOLE.findall(text)
    plain = _HOLE.sub(_MARK, text).strip()
    plain = plain.partition("#")[0]
    plain, _, query = plain.partition("?")
    scheme = _SCHEME.match(plain)
    if scheme is not None:
        end = plain.find("/", scheme.end())
    elif plain.startswith("//"):
        end = plain.find("/", 2)
    elif plain.startswith(_MARK):
        end = _find_base_end(plain, holes)
    else:
        end = 0
    end = len(plain) if end < 0 else end
    base, rest = plain[:end], plain[end:]
    in_base = base.count(_MARK)
    first = holes[:in_base]
    in_path = holes[in_base : in_base + rest.count(_MARK)]
    base = _fill(base, first)
    base, prefix = split_default(base)
    path = normalise_path(prefix + "/" + _fill(rest, in_path).lstrip("/")) if rest or prefix else ""
    return Url(base, path, _fill(query, holes[in_base + len(in_path) :]))


def _find_base_end(plain: str, holes: Sequence[str]) -> int:
    """Where the path starts in a text that begins with a hole.

    ``{base}/x`` and ``{host}:{port}/x`` have a slash; in ``{base}{path}`` the first hole is the base.
    """
    slash = plain.find("/")
    second = plain.find(_MARK, 1)
    if second == 1 and (slash < 0 or second < slash):
        return 1
    if slash < 0 and holes and holes[0].startswith("{env:") and len(plain) > 1 and plain[1] not in ":.":
        return 1
    return slash


def split_default(base: str) -> tuple[str, str]:
    """``{env:X|http://host:1/api}`` is the base ``{env:X|http://host:1}`` and the prefix ``/api``."""
    match = _ENV.fullmatch(base)
    if match is None or not match[2]:
        return base.rstrip("/") if not base.endswith("://") else base, ""
    default = match[2]
    scheme = _SCHEME.match(default)
    if scheme is not None:
        slash = default.find("/", scheme.end())
        if slash >= 0:
            return "{env:" + match[1] + "|" + default[:slash] + "}", default[slash:].rstrip("/")
    elif default.startswith("/"):
        return "{env:" + match[1] + "}", default.rstrip("/")
    return base, ""


def _fill(text: str, holes: Sequence[str]) -> str:
    parts = text.split(_MARK)
    return parts[0] + "".join(hole + part for hole, part in zip(holes, parts[1:], strict=False))


def normalise_path(text: str) -> str:
    """A path with anonymous holes: ``/a//{b}/c-{d}/`` is ``/a/{}/c-{}``; ``{...}`` stays.

    A hole right behind the last word is a query that is put on when needed (``/tasks{query}``), and is cut.
    """
    plain = _HOLE.sub(lambda m: m[0] if m[0] == "{...}" else _MARK, text)
    segments = [segment for segment in plain.split("/") if segment and segment != "."]
    if segments:
        last = segments[-1].rstrip(_MARK)
        if last != segments[-1] and re.search(r"[A-Za-z0-9]$", last):
            segments[-1] = last
    return "/" + "/".join(re.sub(f"{_MARK}+", "{}", segment) for segment in segments)


def join_paths(*parts: str) -> str:
    """Parts of a route's path put together: one slash between them, none at the end."""
    return "/" + "/".join(segment for part in parts for segment in part.split("/") if segment)


_COLON = LazyPattern(r":([A-Za-z_]\w*)(?:\((?:[^()]|\([^()]*\))*\))?([*+?]?)|\*([A-Za-z_]\w*)?")
_ANGLE = LazyPattern(r"<(?:([A-Za-z_]\w*)(?:\([^)]*\))?:)?([A-Za-z_]\w*)>")
_BRACE = LazyPattern(r"\{([A-Za-z_]\w*):([^{}]*)\}")


def from_colons(path: str) -> str:
    """Express, Nest, Fastify, Hono, Koa: ``:id``, ``:id(\\d+)``, ``*``, ``*rest``, ``:rest*``."""

    def replace(match: re.Match[str]) -> str:
        if match[1] is None:
            return "{" + (match[3] or "rest") + "...}"
        return "{" + match[1] + {"*": "...?}", "+": "...}"}.get(match[2], "}")

    plain = re.sub(r"\(\.\*\)|\.\*", "*", path)
    plain = _COLON.sub(replace, plain)
    return join_paths(re.sub(r"\{/([^{}]*|\{[^{}]*\})\}", r"/\1", plain))


def from_angles(path: str) -> str:
    """Flask and Django: ``<int:id>``, ``<path:rest>``, ``<name>``."""
    return join_paths(
        _ANGLE.sub(lambda m: "{" + m[2] + ("...}" if m[1] == "path" else "}"), path),
    )


def from_braces(path: str) -> str:
    """FastAPI and Starlette: ``{id}``, ``{id:int}``, ``{rest:path}``."""
    return join_paths(_BRACE.sub(lambda m: "{" + m[1] + ("...}" if m[2] == "path" else "}"), path))


def list_segments(path: str) -> tuple[str, ...]:
    return tuple(segment for segment in path.split("/") if segment)


def is_hole(segment: str) -> bool:
    return segment.startswith("{") and segment.endswith("}") and segment.count("{") == 1


def is_catch_all(segment: str) -> bool:
    return segment.endswith(("...}", "...?}"))


LITERAL, PARAMETER, FITS, GUESS, CATCH_ALL, REST = 4, 3, 2, 1, 0, -1
"""How a segment of a call fits one of a route: same word, hole on parameter, word on parameter, hole on word, a route's
catch-all, a call that ends in any number of segments."""


def match_path(call: Sequence[str], route: Sequence[str]) -> tuple[int, ...] | None:
    """How well each segment of `call` fits, better ones compare greater; None when the route does not serve it."""
    scores: list[int] = []
    for index, wanted in enumerate(route):
        if index < len(call) and is_catch_all(call[index]):
            return (*scores, *[REST] * (len(route) - index))
        if is_catch_all(wanted):
            rest = len(call) - index
            if rest < (0 if wanted.endswith("?}") else 1):
                return None
            return (*scores, *[CATCH_ALL] * max(rest, 1))
        if index >= len(call):
            return None
        score = _match_segment(call[index], wanted)
        if score is None:
            return None
        scores.append(score)
    return tuple(scores) if len(call) == len(route) else None


def _match_segment(call: str, route: str) -> int | None:
    if call == route and not is_hole(call):
        return LITERAL
    if is_hole(route):
        return PARAMETER if is_hole(call) else FITS
    if is_hole(call):
        return GUESS
    if "{" not in call and "{" not in route:
        return None
    shape = ".+".join(re.escape(part) for part in _HOLE.split(route))
    if re.fullmatch(shape, _HOLE.sub("x", call)) is not None:
        return FITS
    return None
