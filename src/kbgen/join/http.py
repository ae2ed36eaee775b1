"""Which route serves each HTTP call, and for a call that nothing serves: the nearest route, and why it does not fit.

A call's base says which part of the system it goes to. Without a base it goes to its own origin, which only a browser
has. Where the base leads nowhere known, a path that one route alone has is a guess and no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from kbgen.join.urls import (
    CATCH_ALL,
    FITS,
    GUESS,
    LITERAL,
    REST,
    is_catch_all,
    is_hole,
    list_segments,
    match_path,
    split_url,
)
from kbgen.model import Fact
from kbgen.patterns import LazyPattern

HttpVerdict = Literal["matched", "ambiguous", "dangling", "external", "unresolved"]


@dataclass(frozen=True, slots=True)
class HttpMatch:
    """A ``client_call`` and the ``route`` that serves it.

    matched: `route` serves it. ambiguous: several may, `route` is the likeliest. dangling: it goes to a known part that
    does not serve it. external: it leaves the system. unresolved: nothing tells where it goes.
    """

    call: Fact
    route: Fact | None
    verdict: HttpVerdict
    why: str
    nearest: Fact | None
    """For a dangling call: the route that it may have meant."""
    confidence: float


class _Route(NamedTuple):
    fact: Fact
    unit: str
    method: str
    segments: tuple[str, ...]
    order: int


class _Candidate(NamedTuple):
    score: tuple[int, ...]
    route: _Route


def match_calls(
    calls: Iterable[Fact],
    routes: Iterable[Fact],
    find_unit: Callable[[str], str],
    resolve_base: Callable[[str, Fact], tuple[str, ...]],
) -> tuple[HttpMatch, ...]:
    """One match for each call, in their order.

    `routes` may hold ``rewrite`` facts too. `find_unit` gives the part of the system that a file belongs to,
    `resolve_base` the parts that a base leads to: () when it is not known.
    """
    matcher = _Matcher(routes, find_unit, resolve_base)
    return _drop_readings([matcher.match(call) for call in calls])


def _drop_readings(found: list[HttpMatch]) -> tuple[HttpMatch, ...]:
    """One call may have been read in several ways (``edit ? "PATCH" : "POST"``); where one way leads to a route,
    another that leads nowhere is no finding."""

    def place(match: HttpMatch) -> tuple[str, int, str, str]:
        return match.call.path, match.call.line, match.call.symbol, match.call.attr("via")

    served = {place(match) for match in found if match.verdict == "matched" and match.call.attr("certain") == "no"}
    why = "Another reading of the same call has a route."
    return tuple(
        HttpMatch(match.call, None, "unresolved", why, match.nearest, 0.0)
        if match.verdict == "dangling" and match.call.attr("certain") == "no" and place(match) in served
        else match
        for match in found
    )


COMMON_WORDS = frozenset(
    {
        "api",
        "health",
        "healthz",
        "readyz",
        "livez",
        "ready",
        "live",
        "status",
        "metrics",
        "ping",
        "version",
        "docs",
        "v1",
    }
)
"""Words of paths that any service has: alone they say nothing of which one is meant."""


class _Matcher:
    def __init__(
        self,
        routes: Iterable[Fact],
        find_unit: Callable[[str], str],
        resolve_base: Callable[[str, Fact], tuple[str, ...]],
    ) -> None:
        self.find_unit = find_unit
        self.resolve_base = resolve_base
        self.rewrites: list[Fact] = []
        self.routes: list[_Route] = []
        self.paged: set[str] = set()
        """Units that serve pages: what they fetch without a base goes to themselves."""
        for order, fact in enumerate(routes):
            if fact.kind == "rewrite":
                self.rewrites.append(fact)
                continue
            unit = find_unit(fact.path)
            if fact.attr("kind") == "page":
                self.paged.add(unit)
                continue
            self.routes.append(_Route(fact, unit, fact.attr("method"), list_segments(fact.attr("path")), order))
        self.by_length: dict[int, list[_Route]] = {}
        self.by_word: dict[tuple[int, int, str], list[_Route]] = {}
        """(number of segments, place, the segment; empty for one with a hole) -> routes, so that few are compared."""
        self.open_ended: list[_Route] = []
        for route in self.routes:
            if route.segments and is_catch_all(route.segments[-1]):
                self.open_ended.append(route)
            else:
                length = len(route.segments)
                self.by_length.setdefault(length, []).append(route)
                for place, segment in enumerate(route.segments):
                    # What is no plain word may fit any.
                    word = "" if "{" in segment else segment
                    self.by_word.setdefault((length, place, word), []).append(route)
        self.serving = {route.unit for route in self.routes}

    # ----------------------------------------------------------------------------------- one call

    def match(self, call: Fact) -> HttpMatch:
        base, path, method = call.attr("base"), call.attr("path"), call.attr("method")
        own = self.find_unit(call.path)
        # A public host that is written out is what it says; behind a variable, configuration may name one of our own.
        units = self.resolve_base(base, call) if base and not (base[0] != "{" and is_external(base)) else ()
        if base and not units and is_external(base):
            return HttpMatch(call, None, "external", f"`{base}` lies outside the system.", None, 0.9)
        if not path:
            return HttpMatch(call, None, "unresolved", "Its path is not known.", None, 0.0)
        segments = list_segments(path)
        if segments and all(is_hole(segment) for segment in segments):
            return HttpMatch(call, None, "unresolved", f"No word of its path `{path}` is known.", None, 0.0)
        if units:
            return self._match_in(call, method, segments, units, 0.95)
        if base:
            return self._guess(call, method, segments, own, base)
        if call.attr("side") == "server":
            return HttpMatch(call, None, "unresolved", "It has no base, and server code has no origin.", None, 0.0)
        if own in self.serving:
            return self._match_in(call, method, segments, (own,), 0.95)
        rewritten = self._rewrite(call, segments, own)
        if rewritten is not None:
            return rewritten
        return self._guess(call, method, segments, own, "")

    def _match_in(
        self, call: Fact, method: str, segments: Sequence[str], units: Sequence[str], confidence: float
    ) -> HttpMatch:
        found = [c for c in self._find(segments, units) if _accepts(c.route, method)]
        live = [c for c in found if c.route.fact.attr("mounted") != "no"]
        if live:
            return self._choose(call, live, confidence)
        rewritten = self._rewrite(call, segments, units[0]) if not call.attr("base") else None
        if rewritten is not None:
            return rewritten
        if not self.serving & set(units):
            why = f"No route of {_name_units(units)} is known."
            return HttpMatch(call, None, "unresolved", why, None, 0.0)
        if found:
            dead = found[0].route.fact
            return HttpMatch(
                call, None, "dangling", f"`{dead.name}` is defined, but nothing mounts it.", dead, confidence
            )
        if is_catch_all(segments[-1]) if segments else False:
            return HttpMatch(call, None, "unresolved", f"It passes paths on; {_name_units(units)} has none.", None, 0.0)
        nearest, why = self._find_nearest(method, segments, units, not call.attr("base"))
        return HttpMatch(call, None, "dangling", why, nearest.fact if nearest else None, confidence)

    def _choose(self, call: Fact, found: list[_Candidate], confidence: float, why: str = "") -> HttpMatch:
        """The best of the routes that fit; several handlers that fit alike are a choice nobody can make."""
        best = max(found, key=lambda c: (c.score, c.route.method != "ANY", -c.route.order))
        same = [c for c in found if c.score == best.score]
        if REST in best.score:
            return self._pass_on(call, found, confidence)
        if call.attr("certain") == "no":
            confidence -= 0.15
        if GUESS in best.score:
            confidence -= 0.15
        # Of equal paths in one unit a framework takes the first; elsewhere, or through a hole, any may be meant.
        places = {(c.route.unit, c.route.segments) for c in same}
        if len(places) > 1:
            names = ", ".join(f"`{c.route.fact.name}`" for c in same[:3])
            return HttpMatch(
                call, best.route.fact, "ambiguous", f"Several routes fit: {names}.", None, min(confidence, 0.4)
            )
        if CATCH_ALL in best.score:
            why = why or f"The catch-all `{best.route.fact.name}` takes it."
        return HttpMatch(call, best.route.fact, "matched", why, None, round(confidence, 2))

    def _pass_on(self, call: Fact, found: list[_Candidate], confidence: float) -> HttpMatch:
        """A proxy: any of the routes below a path; the first stands for them."""
        below = "/" + "/".join(list_segments(call.attr("path"))[:-1])
        first = min(found, key=lambda c: (len(c.route.segments), c.route.order)).route
        why = f"It passes on every path below `{below}`: {len(found)} routes."
        return HttpMatch(call, first.fact, "matched", why, None, confidence)

    def _guess(self, call: Fact, method: str, segments: Sequence[str], own: str, base: str) -> HttpMatch:
        """By the path alone, where nothing tells which part is meant."""
        said = f"`{base}` leads to no known part" if base else "It has no base"
        words = [s for s in segments if "{" not in s and s not in COMMON_WORDS]
        if not words or segments[0] == ".well-known" or len(segments) < 2:
            return HttpMatch(call, None, "unresolved", f"{said}, and its path is one that any service has.", None, 0.0)
        units = sorted(self.serving - {own}) if base or own not in self.serving else sorted(self.serving)
        live: list[_Candidate] = []
        found: list[_Candidate] = []
        for candidates in (units, [own]):  # a folder may hold two programs that call each other
            if not found:
                live = [c for c in self._find(segments, candidates) if c.route.fact.attr("mounted") != "no"]
                live = [c for c in live if _accepts(c.route, method)]
                found = [c for c in live if not {GUESS, CATCH_ALL, REST} & set(c.score)]
        if not found:
            likely = max(live, key=lambda c: (c.score, -c.route.order), default=None)
            near = likely.route.fact if likely is not None and LITERAL in likely.score else None
            return HttpMatch(call, None, "unresolved", f"{said}, and no route has its path.", near, 0.0)
        if len({c.route.unit for c in found}) > 1:
            names = ", ".join(sorted({_name_units((c.route.unit,)) for c in found}))
            best = max(found, key=lambda c: (c.score, -c.route.order))
            return HttpMatch(call, best.route.fact, "ambiguous", f"{said}; {names} all have its path.", None, 0.3)
        unit = _name_units((found[0].route.unit,))
        return self._choose(call, found, 0.5, f"{said}; only {unit} has its path.")

    def _find(self, segments: Sequence[str], units: Sequence[str]) -> list[_Candidate]:
        rows = [*self._find_alike(segments), *self.open_ended]
        if segments and is_catch_all(segments[-1]):
            rows = self.routes
        found = [
            _Candidate(score, route)
            for route in rows
            if route.unit in units and (score := match_path(segments, route.segments)) is not None
        ]
        # A hole that would have to be a certain word is worth a thought only where nothing fits better, and not where
        # a word would have to be a parameter as well.
        found = [c for c in found if not (GUESS in c.score and FITS in c.score)]
        clean = [c for c in found if GUESS not in c.score and CATCH_ALL not in c.score]
        return clean or [c for c in found if CATCH_ALL not in c.score] or found

    def _find_alike(self, segments: Sequence[str]) -> Sequence[_Route]:
        """The routes of as many segments that may fit the most telling word of a path."""
        length = len(segments)
        best: Sequence[_Route] = self.by_length.get(length, ())
        for place, segment in enumerate(segments):
            if "{" not in segment and len(best) > 8:
                exact = self.by_word.get((length, place, segment), ())
                loose = self.by_word.get((length, place, ""), ())
                if len(exact) + len(loose) < len(best):
                    best = [*exact, *loose]
        return sorted(best, key=lambda route: route.order)

    def _rewrite(self, call: Fact, segments: Sequence[str], own: str) -> HttpMatch | None:
        """What the configuration of the caller's own application sends elsewhere."""
        for rule in self.rewrites:
            if self.find_unit(rule.path) != own:
                continue
            source = list_segments(rule.attr("source"))
            if match_path(segments, source) is None:
                continue
            target = split_url(_fill_rewrite(rule.attr("destination"), source, segments))
            via = f"A rewrite ({rule.name}) sends it there."
            units = self.resolve_base(target.base, call) if target.base else ()
            there = list_segments(target.path)
            if units:
                match = self._match_in(call, call.attr("method"), there, units, 0.9)
            else:
                match = self._guess(call, call.attr("method"), there, own, target.base)
            return HttpMatch(
                call, match.route, match.verdict, " ".join((via, match.why)).strip(), match.nearest, match.confidence
            )
        return None

    # ------------------------------------------------------------------------------- nearest route

    def _find_nearest(
        self, method: str, segments: Sequence[str], units: Sequence[str], own: bool
    ) -> tuple[_Route | None, str]:
        """The route that a call may have meant, and a sentence that says why it does not serve it."""
        wanted = f"`{method} /{'/'.join(segments)}`"
        where = _name_units(units)
        here = [c for c in self._find(segments, units) if not {GUESS, CATCH_ALL} & set(c.score)]
        if here:
            best = max(here, key=lambda c: (c.score, -c.route.order)).route
            return best, f"{wanted}: {where} serves `{best.fact.name}`, no {method}."
        # A browser's call without a base often means the service behind, and a proxy that is not there.
        others = sorted(self.serving - set(units))
        found = self._find_prefixed(wanted, where, method, segments, units)
        if found is None:
            found = self._find_elsewhere(wanted, where, method, segments, others)
        if found is None and own:
            for cut in (1, 2):
                route = self._pick(segments[cut:], others, method) if len(segments) > cut else None
                if route is not None and _accepts(route, method):
                    there = _name_units((route.unit,))
                    return route, f"{wanted}: {where} has no such path; {there} serves `{route.fact.name}`."
        return found or self._find_similar(wanted, where, method, segments, units)

    def _find_prefixed(
        self, wanted: str, where: str, method: str, segments: Sequence[str], units: Sequence[str]
    ) -> tuple[_Route, str] | None:
        """A route that has the path without its first words, or with more before it."""
        for cut in (1, 2):
            route = self._pick(segments[cut:], units, method) if len(segments) > cut else None
            if route is not None:
                prefix = "/" + "/".join(segments[:cut])
                lacks = "" if _accepts(route, method) else f" no {method} and"
                return route, f"{wanted}: {where} serves `{route.fact.name}`, with{lacks} no `{prefix}` prefix."
        for more in (1, 2):
            for route in self.by_length.get(len(segments) + more, ()):
                if route.unit not in units or not _accepts(route, method):
                    continue
                score = match_path(segments, route.segments[more:])
                if score is not None and _is_telling(score, segments):
                    prefix = "/" + "/".join(route.segments[:more])
                    return route, f"{wanted}: {where} serves `{route.fact.name}`, with `{prefix}` before it."
        return None

    def _pick(self, segments: Sequence[str], units: Sequence[str], method: str) -> _Route | None:
        found = [c for c in self._find(segments, units) if _is_telling(c.score, segments)]
        best = max(found, key=lambda c: (_accepts(c.route, method), c.score, -c.route.order), default=None)
        return best.route if best is not None else None

    def _find_elsewhere(
        self, wanted: str, where: str, method: str, segments: Sequence[str], units: Sequence[str]
    ) -> tuple[_Route, str] | None:
        found = [c for c in self._find(segments, units) if _accepts(c.route, method)]
        found = [c for c in found if _is_telling(c.score, segments)]
        if not found:
            return None
        route = max(found, key=lambda c: (c.score, -c.route.order)).route
        there = _name_units((route.unit,))
        return route, f"{wanted}: {where} has no such path; {there} serves `{route.fact.name}`."

    def _find_similar(
        self, wanted: str, where: str, method: str, segments: Sequence[str], units: Sequence[str]
    ) -> tuple[_Route | None, str]:
        """One word spelled differently, or one segment more or less at the end."""
        best: tuple[tuple[int, int, int], _Route, str] | None = None
        for route in self.routes:
            if route.unit not in units or (route.segments and is_catch_all(route.segments[-1])):
                continue
            size, other = len(segments), len(route.segments)
            least = min(size, other)
            pairs = list(zip(segments, route.segments, strict=False))
            shared = sum(a == b and not is_hole(a) for a, b in pairs)
            differing = [(a, b) for a, b in pairs if match_path((a,), (b,)) is None]
            if size == other and len(differing) == 1 and _is_alike(*differing[0]):
                why = f"`{differing[0][1]}`, not `{differing[0][0]}`"
            elif abs(size - other) == 1 and not differing and least and shared >= 2:
                extra = f"`/{(segments if size > other else route.segments)[least]}`"
                why = f"without {extra}" if size > other else f"with {extra} behind it"
            else:
                continue
            rank = (shared, int(_accepts(route, method)), -route.order)
            if best is None or rank > best[0]:
                best = (rank, route, why)
        if best is None:
            return None, f"{wanted}: {where} serves no path like it."
        return best[1], f"{wanted}: {where} has no such path; nearest is `{best[1].fact.name}`: {best[2]}."


def _is_telling(score: Sequence[int], segments: Sequence[str]) -> bool:
    """Whether a fit says that just this path was meant: a word that is not on every service, and no guess."""
    return not {GUESS, CATCH_ALL, REST} & set(score) and any(
        s == LITERAL and segment not in COMMON_WORDS for s, segment in zip(score, segments, strict=True)
    )


def _is_alike(one: str, other: str) -> bool:
    """Two words that one may have been meant for the other: plural, hyphen or underscore, a typo."""
    a, b = (re.sub(r"[^a-z0-9]", "", word.lower()) for word in (one, other))
    return a.rstrip("s") == b.rstrip("s") or (min(len(a), len(b)) > 4 and SequenceMatcher(None, a, b).ratio() >= 0.8)


def _accepts(route: _Route, method: str) -> bool:
    if route.method == "ANY" or method in ("", "ANY"):
        return route.method != "WEBSOCKET"
    return route.method == method or (method == "HEAD" and route.method == "GET")


def _name_units(units: Sequence[str]) -> str:
    return " and ".join(unit.rpartition("/")[2] or "the repository" for unit in units)


def _fill_rewrite(destination: str, source: Sequence[str], segments: Sequence[str]) -> str:
    """``http://api/:path*`` with what ``/api/:path*`` took of the call's path."""
    text = destination
    for index, part in enumerate(source):
        if not is_hole(part):
            continue
        name = part.strip("{}").removesuffix("?").removesuffix("...")
        given = "/".join(segments[index:]) if is_catch_all(part) else segments[index]
        text = re.sub(rf":{re.escape(name)}(?:\([^)]*\))?[*+?]?", given.replace("\\", r"\\"), text)
    return text


_LOCAL = LazyPattern(
    r"^(?:localhost|127\.|0\.0\.0\.0|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|host\.docker\.internal|\[?::1)"
)
_HOST = LazyPattern(r"^(?:[a-zA-Z][a-zA-Z0-9+.\-]*:)?//(?:[^@/]*@)?([^/:]+)")


def is_external(base: str) -> bool:
    """Whether a base that leads to no known part is a public host: ``https://api.github.com``."""
    text = base
    if base.startswith("{env:") and "|" in base:
        text = base[base.index("|") + 1 : -1]
    match = _HOST.match(text)
    if match is None:
        return False
    host = match[1]
    if "{" in host or _LOCAL.match(host):
        return False
    return "." in host and not host.endswith((".local", ".internal", ".svc", ".localhost", ".test"))
