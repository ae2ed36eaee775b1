"""What TypeScript and JavaScript have for the same: promises together, abort, limits, locks and scripts in a store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.expressions import Expr, decode_arguments, tag_of
from kbgen.model import Fact
from kbgen.pages.shared.constants import ConstantRow, list_constants
from kbgen.pages.sources import Excerpt, Place, Sources
from kbgen.pages.values import say
from kbgen.patterns import LazyPattern

_SCRIPTS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
_LOCKING = LazyPattern(r"(?:^|_)LOCK(?:_|$)")
_UNITS = ("EX", "PX", "NX", "XX")


@dataclass(frozen=True, slots=True)
class CallRow:
    """``Promise.allSettled`` and the like, by call."""

    call: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class LimitRow:
    call: str
    limit: str
    at: Place


@dataclass(frozen=True, slots=True)
class StoreLock:
    """A lock that several processes share, kept in Redis."""

    key: str
    command: str
    """``SET … EX 10 NX``."""
    release: str
    """What lets it go: ``script`` for a script that checks the owner, ``""`` for nothing but its end of life."""
    constants: tuple[ConstantRow, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class StoreScript:
    does: str
    """``check-and-set``, ``release``, ``extend``, ``count`` or ``other``."""
    name: str
    at: Place


@dataclass(frozen=True, slots=True)
class Scripts:
    promises: tuple[CallRow, ...]
    aborts: tuple[CallRow, ...]
    aborted: tuple[Place, ...]
    limits: tuple[LimitRow, ...]
    locks: tuple[StoreLock, ...]
    store_scripts: tuple[StoreScript, ...]
    settled_example: Excerpt | None
    abort_example: Excerpt | None


def read_scripts(sources: Sources) -> Scripts:
    sync = [f for f in sources.list("sync") if f.path.endswith(_SCRIPTS)]
    gathers = [f for f in sync if f.attr("what") == "gather"]
    aborts = [f for f in sync if f.attr("what") == "abort"]
    return Scripts(
        tuple(_group(sources, gathers)),
        tuple(_group(sources, aborts)),
        sources.places(f for f in sync if f.attr("what") == "cancel"),
        tuple(LimitRow(f.attr("call"), f.attr("limit"), sources.at(f)) for f in sync if f.attr("what") == "lock"),
        tuple(_list_locks(sources, sync)),
        tuple(
            StoreScript(_classify(f.attr("script")), _find_name(sources, f), sources.at(f))
            for f in sync
            if f.attr("what") == "script"
        ),
        sources.pick_excerpt([f for f in gathers if f.attr("call") == "Promise.allSettled"] or gathers),
        min(
            (e for f in aborts if (e := sources.excerpt(f.path, f.symbol)) is not None),
            key=lambda e: (len(e.code), e.place.path),
            default=None,
        ),
    )


def _group(sources: Sources, facts: list[Fact]) -> Iterator[CallRow]:
    for call in sorted({f.attr("call") for f in facts}):
        yield CallRow(call, sources.places(f for f in facts if f.attr("call") == call))


def _list_locks(sources: Sources, sync: list[Fact]) -> Iterator[StoreLock]:
    for fact in sync:
        if fact.attr("what") != "distributed-lock":
            continue
        words = next(
            (
                decode_arguments(c.value)[0]
                for c in sources.program.list_within(fact.path, fact.symbol, "call")
                if c.line == fact.line and c.name.endswith((".set", ".setnx"))
            ),
            [],
        )
        flags = [w for w in words if isinstance(w, str) and w in _UNITS]
        unit = next((w for w in flags if w in ("EX", "PX")), "")
        rest = "".join(f" {w}" for w in flags if w != unit)
        ttl = _say_ttl(sources, fact, words, unit)
        script = next(
            (
                f
                for f in sync
                if f.path == fact.path and f.attr("what") == "script" and _classify(f.attr("script")) == "release"
            ),
            None,
        )
        own = [c for c in list_constants(sources, [fact.path], telling=False) if c.at.path == fact.path]
        constants = [c for c in own if _LOCKING.search(c.name) and c.value.isdigit() and c.value != fact.attr("ttl")]
        key = next((c.value for c in own if c.name.endswith("LOCK_PREFIX")), "")
        yield StoreLock(
            f"{key}*" if key and fact.name.startswith("{") else fact.name,
            f"SET …{rest} {unit} {ttl}" if unit else f"SET …{rest}",
            "script" if script is not None else "",
            tuple(constants),
            sources.at(fact),
        )


def _say_ttl(sources: Sources, fact: Fact, words: list[Expr], unit: str) -> str:
    """``10``, ``ttl (10)`` of a local name, ``ttl (10 if not given)`` where the function's caller may say another."""
    value = "" if fact.attr("ttl").startswith("=") else fact.attr("ttl")
    at = words.index(unit) + 1 if unit else len(words)
    name = say(words[at]) if at < len(words) and tag_of(words[at]) == "name" else ""
    given = any(p.name == name for p in sources.program.list_within(fact.path, fact.symbol, "param"))
    if given and value:
        return f"{name} ({value} if not given)"
    return f"{name} ({value})" if name and value and not name.isupper() else value or name


def _find_name(sources: Sources, fact: Fact) -> str:
    """The constant that holds the script; ``""`` for one that is written where it runs."""
    for call in sources.program.list_within(fact.path, fact.symbol, "call"):
        words = decode_arguments(call.value)[0]
        if call.line == fact.line and words and tag_of(words[0]) == "name":
            return str(words[0][1])
    return ""


def _classify(script: str) -> str:
    text = script.lower().replace('"', "'")
    if "'get'" in text and "'del'" in text:
        return "release"
    if "'get'" in text and ("'pexpire'" in text or "'expire'" in text):
        return "extend"
    if "'get'" in text or "'hget'" in text:
        return "check-and-set"
    if "'incr'" in text or "'zcard'" in text or "zremrangebyscore" in text:
        return "count"
    return "other"
