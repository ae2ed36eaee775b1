"""HTTP calls to routes that their target does not serve, those of one cause told as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.findings.base import Reading, code, count, name_place, with_items
from kbgen.join.http import HttpMatch
from kbgen.join.urls import is_hole, list_segments, match_path
from kbgen.model import Fact, Finding
from kbgen.patterns import LazyPattern


@dataclass(frozen=True, slots=True)
class _Cause:
    """Why a call finds no route. `form` is prefix, origin, method, unmounted, port or path."""

    form: str
    about: tuple[str, ...]


_PROXY_FILE = LazyPattern(
    r"(?:^|/)(?:nginx[^/]*\.conf|[^/]*\.nginx|Caddyfile|haproxy\.cfg|envoy[^/]*\.ya?ml|traefik[^/]*)$"
)


def find_broken_calls(reading: Reading) -> Iterator[Finding]:
    groups: dict[_Cause, list[HttpMatch]] = {}
    for match in reading.system.matches:
        if match.verdict != "dangling" or not _is_certain(reading, match):
            continue
        groups.setdefault(_find_cause(reading, match), []).append(match)
    for cause, matches in groups.items():
        yield _tell(reading, cause, matches)


def _is_certain(reading: Reading, match: HttpMatch) -> bool:
    """The base was not guessed, the method is known, and the path says more than holes."""
    call = match.call
    base = call.attr("base")
    segments = list_segments(call.attr("path"))
    if not call.attr("method") or "{" in call.attr("method") or all(is_hole(s) for s in segments):
        return False
    if base:
        addresses = reading.system.resolve(base, call.path)
        if not addresses or not all(address.certain for address in addresses):
            return False
        if match.nearest is None or len(list_segments(match.nearest.attr("path"))) > len(segments):
            return not _has_base_path(reading, base, call.path)
    # The place before the first word could hold more than one segment.
    return bool(segments) and not is_hole(segments[0])


def _has_base_path(reading: Reading, base: str, path: str) -> bool:
    """Whether some configuration gives the base a path of its own."""
    match = _VARIABLE.match(base)
    if match is None:
        return False
    return any(_URL_PATH.match(fact.value) for fact in reading.system.units.list_settings(match[1], path))


_VARIABLE = LazyPattern(r"^\{env:([^{}|]+)")
_URL_PATH = LazyPattern(r"^[a-z]+://[^/]+/[^/]")


def _find_cause(reading: Reading, match: HttpMatch) -> _Cause:
    call, nearest = match.call, match.nearest
    wanted = list_segments(call.attr("path"))
    own = reading.find_unit(call.path)
    key = f"{call.attr('method')} /{'/'.join('{}' if is_hole(s) else s for s in wanted)}"
    if nearest is None:
        return _Cause("path", (_find_target(reading, match), key))
    there = reading.find_unit(nearest.path)
    offered = list_segments(nearest.attr("path"))
    if nearest.attr("mounted") == "no":
        return _Cause("unmounted", (there, nearest.name))
    same_method = nearest.attr("method") in ("ANY", call.attr("method"))
    if there != _find_target(reading, match):
        cut = next((c for c in (0, 1, 2) if match_path(wanted[c:], offered) is not None), None)
        if cut is not None and same_method:
            return _Cause("origin", (own, there, "/".join(wanted[:cut])))
        return _Cause("path", (_find_target(reading, match), key))
    if match_path(wanted, offered) is not None:
        return _Cause("method", (there, key))
    for cut in (1, 2):
        if len(wanted) > cut and same_method and match_path(wanted[cut:], offered) is not None:
            return _Cause("prefix", (there, "/".join(wanted[:cut])))
    return _Cause("path", (there, key))


def _find_target(reading: Reading, match: HttpMatch) -> str:
    base = match.call.attr("base")
    if base:
        for address in reading.system.resolve(base, match.call.path):
            if address.unit:
                return address.unit
    return reading.find_unit(match.call.path)


def _tell(reading: Reading, cause: _Cause, matches: list[HttpMatch]) -> Finding:
    live = [m for m in matches if not reading.is_idle(m.call.path, m.call.symbol)]
    shown = live or matches
    callers = sorted({reading.find_unit(m.call.path) for m in shown})
    target = _find_target(reading, matches[0])
    title, detail = _describe(reading, cause, shown, callers, target)
    if live and len(live) < len(matches):
        more = count(len(matches) - len(live), "more such call stands", "more such calls stand")
        detail += f" {more} in code that nothing runs."
    if not live:
        detail += " Nothing that runs reaches " + ("this call." if len(matches) == 1 else "these calls.")
    proxies = sorted(path for path in reading.program.paths if _PROXY_FILE.search(path))
    severity = "broken" if live else "dead"
    if proxies and cause.form in ("prefix", "origin") and live:
        severity = "suspect"
        detail += f" {code(proxies[0])} may rewrite paths on the way."
    items = [_show_call(m) for m in sorted(shown, key=lambda m: (m.call.path, m.call.line))]
    evidence: list[Fact] = [m.call for m in shown]
    evidence += [m.nearest for m in shown if m.nearest is not None]
    return reading.make(
        "dangling-call",
        (cause.form, *cause.about),
        title,
        with_items(detail, items if len(items) > 1 else ()),
        evidence,
        severity,
    )


def _describe(
    reading: Reading, cause: _Cause, shown: list[HttpMatch], callers: list[str], target: str
) -> tuple[str, str]:
    who = " and ".join(reading.name_unit(unit) for unit in callers)
    there = reading.name_unit(target)
    calls = count(len(shown), "call", "calls")
    if cause.form == "prefix":
        prefix = code("/" + cause.about[1])
        title = f"{calls} of {who} {'uses' if len(shown) == 1 else 'use'} a {prefix} prefix that {there} does not serve"
        return title, f"The base leads to {there}, which has each of these paths without {prefix} only. {shown[0].why}"
    if cause.form == "origin":
        serving = reading.name_unit(cause.about[1])
        verb = "goes" if len(shown) == 1 else "go"
        title = f"{calls} of {who} {verb} to its own origin for paths that only {serving} serves"
        return title, f"The calls have no base, and {there} has neither such routes nor a rewrite. {shown[0].why}"
    name = code(cause.about[-1])
    if cause.form == "method":
        return f"{there} does not serve {name}, which {who} calls", shown[0].why
    if cause.form == "unmounted":
        return f"{who} calls {name} of {there}, which nothing mounts", shown[0].why
    return f"{who} calls {name}, which {there} does not serve", shown[0].why


def _show_call(match: HttpMatch) -> str:
    near = f", served is {code(match.nearest.name)}" if match.nearest is not None else ""
    return f"{code(match.call.attr('method') + ' ' + match.call.attr('path'))} in {name_place(match.call)}{near}"
