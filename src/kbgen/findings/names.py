"""Two classes of one name in one unit, which a reader or an import may take for each other."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

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
        if both:
            detail = f"{code(both[0])} imports both."
        elif dead and live:
            detail = f"Nothing that runs uses the one in {list_names(fact.path for fact in dead)}."
        elif all(importers.values()):
            shown = [
                f"{code(posixpath.basename(sorted(importers[path])[0]))} imports that of {code(path)}" for path in paths
            ]
            detail = "; ".join(shown) + "."
        else:
            continue
        yield reading.make(
            "shadowed-name",
            (unit, name),
            f"{reading.name_unit(unit)} has {len(paths)} classes named {code(name)}: in {list_names(paths, 3)}",
            detail,
            facts,
            "suspect" if both else "note",
        )


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
