"""Defaults that disagree: a port that nothing listens on, one variable with two values, two settings of one port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kbgen.findings.base import Reading, code, list_names, name_place, with_items
from kbgen.join.http import COMMON_WORDS, HttpMatch
from kbgen.join.units import Unit
from kbgen.join.urls import is_hole, list_segments
from kbgen.model import Fact, Finding
from kbgen.patterns import LazyPattern

_LOCAL_PORT = LazyPattern(r"(?:localhost|127\.0\.0\.1):(\d{2,5})")
_VARIABLE = LazyPattern(r"^\{env:([^{}|]+)")
_QUOTED = LazyPattern(r"^[\"'`](.*)[\"'`]$")
_WEB_URL = LazyPattern(r"^(?:https?|wss?)://(?:localhost|127\.0\.0\.1):(\d{2,5})(?:/\S*)?$")
_LOCAL_URL = LazyPattern(r"^([a-z][a-z0-9+.\-]*)://(?:[^/@\s]*@)?(?:localhost|127\.0\.0\.1):(\d{2,5})(?:[/?]\S*)?$")
_EXAMPLE = LazyPattern(
    r"(?:^|/)\.env(?:\.[\w-]+)*\.?(?:example|sample|template|dist|defaults)$|(?:^|/)\.?env\.(?:example|sample|template)$"
)
_WEB_SCHEMES = frozenset({"http", "https", "ws", "wss"})
_OWN_WORDS = frozenset({"app", "server", "http", "listen", "service", "api", "web"})


def find_disagreements(reading: Reading) -> Iterator[Finding]:
    told: set[str] = set()
    for finding, variable in _find_wrong_ports(reading):
        told.add(variable)
        yield finding
    yield from _find_two_ports(reading, told)
    yield from _find_two_defaults(reading, told)
    yield from _find_other_examples(reading, told)


def _find_wrong_ports(reading: Reading) -> Iterator[tuple[Finding, str]]:
    """Calls whose base is a local port on which nothing listens, with a path that one unit has."""
    units = reading.system.units
    groups: dict[tuple[str, str, str], list[tuple[HttpMatch, Fact]]] = {}
    for match in reading.system.matches:
        base = match.call.attr("base")
        local = _LOCAL_PORT.search(base)
        guessed = match.verdict == "matched" and match.confidence <= 0.5
        if not (guessed or match.verdict == "unresolved") or local is None or units.find_by_port(int(local[1])):
            continue
        fitting = [match.route] if guessed and match.route is not None else _find_fitting(reading, match.call)
        owners = {reading.find_unit(route.path) for route in fitting}
        if len(owners) == 1 and "" not in owners:
            groups.setdefault((base, local[1], owners.pop()), []).append((match, fitting[0]))
    for (base, port, unit), found in groups.items():
        listening = [str(p.number) for p in units.by_id[unit].ports if p.certain]
        if not listening:
            continue
        variable = _VARIABLE.match(base)
        named = code(variable[1]) if variable is not None else code(base)
        calls = [match.call for match, _ in found]
        live = [call for call in calls if not reading.is_idle(call.path, call.symbol)]
        examples = [
            fact
            for fact in (units.list_settings(variable[1], calls[0].path) if variable is not None else ())
            if f":{port}" in fact.value
        ]
        said = (
            f" {list_names(f.path for f in examples)} {'says' if len(examples) == 1 else 'say'} the same."
            if examples
            else ""
        )
        finding = reading.make(
            "wrong-port",
            (base, unit),
            f"{named} leads to port {port} by default, {reading.name_unit(unit)} listens on {' and '.join(listening)}",
            with_items(
                f"Nothing in the repository listens on port {port}; the paths called there are those of "
                f"{reading.name_unit(unit)}.{said}",
                [
                    f"{code(m.call.attr('method') + ' ' + m.call.attr('path'))} in {name_place(m.call)}, "
                    f"like {code(r.name)}"
                    for m, r in found
                ],
            ),
            [
                *(live or calls),
                *examples,
                *(route for _, route in found),
                *(p.evidence for p in units.by_id[unit].ports),
            ],
            "broken" if live else "dead",
        )
        yield finding, variable[1] if variable is not None else ""


def _find_fitting(reading: Reading, call: Fact) -> list[Fact]:
    """Routes whose path the call may mean: a word of its own agrees, and a hole may stand for any word."""
    segments = list_segments(call.attr("path"))
    found = []
    for route in reading.system.routes:
        if route.attr("kind") == "page" or route.attr("method") not in ("ANY", call.attr("method")):
            continue
        offered = list_segments(route.attr("path"))
        if len(offered) != len(segments) or reading.find_unit(route.path) == reading.find_unit(call.path):
            continue
        words = [(a, b) for a, b in zip(segments, offered, strict=True) if not is_hole(a) and not is_hole(b)]
        if words and all(a == b for a, b in words) and (len(words) >= 2 or _is_named(reading, call, segments, route)):
            found.append(route)
    return found


def _is_named(reading: Reading, call: Fact, segments: Sequence[str], route: Fact) -> bool:
    """Whether one word is enough: it is the whole path and no common one, and the variable is named for the unit."""
    variable = _VARIABLE.match(call.attr("base"))
    unit = reading.system.units.by_id.get(reading.find_unit(route.path))
    if variable is None or unit is None or len(segments) != 1 or segments[0] in COMMON_WORDS:
        return False
    named = f"_{variable[1].lower()}_"
    return any(f"_{name.lower().replace('-', '_')}_" in named for name in unit.names if name)


def _find_two_ports(reading: Reading, told: set[str]) -> Iterator[Finding]:
    """Two settings of one unit that each say on which port it listens, and addresses that follow the wrong one."""
    by_unit: dict[str, list[tuple[int, Fact]]] = {}
    for fact in reading.system.by_kind.get("setting_field", ()):
        unit = reading.system.units.by_id.get(reading.find_unit(fact.path))
        default = fact.attr("default")
        if unit is not None and default.isdigit() and _is_own_port(fact.name, unit):
            by_unit.setdefault(unit.id, []).append((int(default), fact))
    for unit_id, found in by_unit.items():
        unit = reading.system.units.by_id[unit_id]
        values = sorted({value for value, _ in found})
        certain = [p.number for p in unit.ports if p.certain]
        if len(values) < 2 or not set(values) & set(certain):
            continue
        units = reading.system.units
        wrong = [v for v in values if v not in certain and all(u.id == unit_id for u in units.find_by_port(v))]
        if not wrong:
            continue
        followers = _find_followers(reading, wrong)
        told.update(fact.name.upper() for fact in followers)
        said = "; ".join(f"{code(f'{f.symbol}.{f.name}')} is {value}" for value, f in found)
        more = (
            f" {list_names(f.name for f in followers)} {'follows' if len(followers) == 1 else 'follow'} it."
            if followers
            else ""
        )
        yield reading.make(
            "default-disagrees",
            ("port", unit_id, *(str(value) for value in values)),
            f"The port of {reading.name_unit(unit_id)} has two defaults: {' and '.join(map(str, values))}",
            f"{said}; it listens on {' and '.join(map(str, certain))}, "
            f"nothing listens on {' and '.join(map(str, wrong))}.{more}",
            [*(fact for _, fact in found), *followers, *(p.evidence for p in unit.ports if p.certain)],
            "suspect",
        )


def _is_own_port(name: str, unit: Unit) -> bool:
    lower = name.lower()
    if lower == "port":
        return True
    stem = lower.removesuffix("_port")
    return stem != lower and (stem in _OWN_WORDS or stem in unit.names)


def _find_followers(reading: Reading, ports: list[int]) -> list[Fact]:
    """Settings and variables whose default is a local address with one of the ports."""
    wanted = {str(port) for port in ports}
    found = [
        fact
        for fact in reading.system.by_kind.get("setting_field", ())
        if (match := _WEB_URL.match(fact.attr("default"))) is not None and match[1] in wanted
    ]
    found += [
        fact
        for fact in reading.program.list_facts("setting")
        if _EXAMPLE.search(fact.path) and (match := _WEB_URL.match(fact.value)) is not None and match[1] in wanted
    ]
    return found


def _read_default(fact: Fact) -> str:
    """The default of a variable that is read, as text; ``""`` when it is no literal."""
    match = _QUOTED.match(fact.value)
    if match is not None:
        return "" if "${" in match[1] else match[1]
    return fact.value if fact.value.isdigit() else ""


def _find_two_defaults(reading: Reading, told: set[str]) -> Iterator[Finding]:
    """One variable that code gives two addresses or two numbers by default."""
    by_name: dict[str, list[tuple[str, Fact]]] = {}
    for fact in reading.program.list_facts("env"):
        default = _read_default(fact)
        if not default or fact.name in told or fact.attr("settings") == "yes":
            continue
        if not reading.is_idle(fact.path, fact.symbol):
            by_name.setdefault(fact.name, []).append((default, fact))
    for name, found in sorted(by_name.items()):
        by_unit: dict[tuple[str, str], list[tuple[str, Fact]]] = {}
        for default, fact in found:
            local = _LOCAL_URL.match(default)
            form = "number" if default.isdigit() else "" if local is None else "url"
            if local is not None and local[1] not in _WEB_SCHEMES:
                form = local[1]
            by_unit.setdefault((reading.find_unit(fact.path), form), []).append((default, fact))
        for (unit, form), rows in sorted(by_unit.items()):
            values = {m[2] if (m := _LOCAL_URL.match(default)) is not None else default for default, _ in rows}
            if unit and form and len(values) > 1:
                yield _tell_two(reading, name, rows)
                told.add(name)


def _tell_two(reading: Reading, name: str, found: list[tuple[str, Fact]]) -> Finding:
    by_value: dict[str, list[Fact]] = {}
    for default, fact in found:
        by_value.setdefault(default, []).append(fact)
    return reading.make(
        "default-disagrees",
        ("variable", name, *sorted(by_value)),
        f"{code(name)} has {len(by_value)} defaults: {list_names(by_value)}",
        with_items(
            "Without the variable the readers disagree.",
            (f"{code(value)} in {name_place(fact)}" for value, facts in sorted(by_value.items()) for fact in facts),
        ),
        [fact for _, facts in sorted(by_value.items()) for fact in facts],
        "suspect",
    )


def _find_other_examples(reading: Reading, told: set[str]) -> Iterator[Finding]:
    """An example file that gives a variable another local port than the code that reads it has by default."""
    units = reading.system.units
    readers: dict[str, list[tuple[str, str, Fact]]] = {}
    for fact in reading.program.list_facts("env"):
        default = _read_default(fact)
        match = _WEB_URL.match(default)
        if match is not None:
            readers.setdefault(fact.name, []).append((match[1], default, fact))
    for fact in reading.program.list_facts("setting"):
        match = _WEB_URL.match(fact.value)
        if match is None or fact.name in told or not _EXAMPLE.search(fact.path) or fact.attr("commented") == "yes":
            continue
        unit = reading.find_unit(fact.path)
        rows = [row for row in readers.get(fact.name, ()) if not unit or reading.find_unit(row[2].path) == unit]
        others = [row for row in rows if row[0] != match[1]]
        if not others or len(others) < len(rows):
            continue
        dead_end = [port for port in (match[1], others[0][0]) if not units.find_by_port(int(port))]
        more = f" Nothing in the repository listens on port {dead_end[0]}." if len(dead_end) == 1 else ""
        yield reading.make(
            "default-disagrees",
            ("example", fact.path, fact.name),
            f"{code(fact.name)} is {code(fact.value)} in {code(fact.path)} and {code(others[0][1])} by default in code",
            f"The two name different ports.{more}",
            [fact, *(row[2] for row in others)],
            "suspect",
        )
