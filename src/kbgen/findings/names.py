"""Two classes of one name in one unit, which a reader or an import may take for each other."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from kbgen.expressions import decode_expr
from kbgen.findings.base import Reading, code, list_names
from kbgen.model import Fact, Finding
from kbgen.patterns import LazyPattern

_COMMON = LazyPattern(
    r"^(?:Meta|Config|Settings|Props|State|Params|Query|Body|Request|Response|Base|Model|Error|Args|Options|Input|Output|Command|Migration|Node|Item|Page|Layout)$"
)
_APART = LazyPattern(r"(?:^|/)(?:migrations?|examples?|samples?|generated|vendor|templates?|docs?)/")


def find_name_clashes(reading: Reading) -> Iterator[Finding]:
    by_name: dict[tuple[str, str, str], list[Fact]] = {}
    for fact in reading.program.list_facts("symbol"):
        if fact.attr("kind") != "class" or fact.attr("parent") or fact.attr("exported") != "yes":
            continue
        unit = reading.find_unit(fact.path)
        if unit and not _COMMON.match(fact.name) and not _APART.search(fact.path):
            language = "python" if fact.path.endswith((".py", ".pyi")) else "script"
            by_name.setdefault((unit, language, fact.name), []).append(fact)
    for (unit, _, name), facts in by_name.items():
        paths = sorted({fact.path for fact in facts})
        if len(paths) < 2 or len(paths) > 3:
            continue
        live = [fact for fact in facts if not reading.is_dead(fact.path, fact.symbol)]
        importers = _find_importers(reading, name, paths)
        both = sorted(set.intersection(*importers.values())) if importers else []
        dead = [fact for fact in facts if fact not in live]
        apart = _find_other_defaults(reading, facts) if not dead else {}
        if both:
            said = [f"{code(both[0])} imports both."]
        elif dead and live:
            said = [f"Nothing that runs uses the one in {list_names(fact.path for fact in dead)}."]
        elif all(importers.values()):
            shown = [
                f"{code(posixpath.basename(sorted(importers[path])[0]))} imports that of {code(path)}" for path in paths
            ]
            said = ["; ".join(shown) + "."]
        else:
            said = []
        said += [_tell_defaults(name, rows) for name, rows in apart.items()]
        if not said:
            continue
        yield reading.make(
            "shadowed-name",
            (unit, name),
            f"{reading.name_unit(unit)} has {len(paths)} classes named {code(name)}: in {list_names(paths, 3)}",
            " ".join(said),
            [*facts, *(row for rows in apart.values() for row in rows)],
            "suspect" if both else "note",
        )


def _find_other_defaults(reading: Reading, classes: list[Fact]) -> dict[str, list[Fact]]:
    """Fields that each of the classes has with a default written out, where the defaults are not the same."""
    fields: list[dict[str, Fact]] = []
    for fact in classes:
        rows = [
            row for kind in ("field", "binding") for row in reading.program.list_within(fact.path, fact.symbol, kind)
        ]
        fields.append({row.name: row for row in rows if _is_plain(row.value)})
    common = sorted(set.intersection(*(set(rows) for rows in fields)))
    found = {name: [rows[name] for rows in fields] for name in common}
    return {name: rows for name, rows in found.items() if len({row.value for row in rows}) > 1}


def _is_plain(value: str) -> bool:
    """A number or a truth value; texts such as names and titles are expected to differ."""
    return bool(value) and isinstance(decode_expr(value), (int, float))


def _tell_defaults(name: str, rows: list[Fact]) -> str:
    said = " and ".join(f"{code(row.value)} in {code(row.path)}" for row in rows)
    return f"Their {code(name)} is {said}."


def _find_importers(reading: Reading, name: str, paths: list[str]) -> dict[str, set[str]]:
    """For each of the files, those of production code that import the name from it."""
    found: dict[str, set[str]] = {path: set() for path in paths}
    program = reading.program
    for path, symbol in reading.words.get(name, ()):
        if path not in found:
            for place in program.resolve(path, symbol, name):
                if place[0] in found:
                    found[place[0]].add(path)
    return found
