"""What a story's commits defined, and whether anything uses it now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kbgen.join import find_unwired
from kbgen.model import Fact, FileFacts, FileWork, SymbolWork, TestWork
from kbgen.notes.code import BlobStep, CodeReader, list_facts, show_fact


def compute_tests(steps: Sequence[BlobStep], files: Sequence[FileWork], code: CodeReader) -> tuple[TestWork, ...]:
    """Test cases by file: those at the last implementing commit less those before the first; and now.

    A parametrized case counts once. Files whose count did not change and is zero are left out.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for step in steps:
        path = step.change.path
        old = step.change.old_path
        if step.change.status == "R" and old in last:
            first[path] = first.pop(old)
            last.pop(old)
        first.setdefault(path, len(list_facts(step.before, "test_case")))
        last[path] = len(list_facts(step.after, "test_case"))
    places = {f.path: f.now_path for f in files}
    present = [(p, code.entries[p].blob) for p in places.values() if p and p in code.entries]
    now = code.load(present)
    found = []
    for path in sorted(last):
        place = places.get(path, "")
        facts = now.get((place, code.entries[place].blob)) if place and place in code.entries else None
        cases_now = len(list_facts(facts, "test_case")) if facts is not None else None
        if first[path] or last[path] or cases_now:
            found.append(TestWork(path, last[path] - first[path], cases_now))
    return tuple(found)


def compute_symbols(steps: Sequence[BlobStep], files: Sequence[FileWork], code: CodeReader) -> tuple[SymbolWork, ...]:
    """Definitions that the implementing commits added to source files and that were there after the last of them.

    Ordered by path, then place in the file. `used` is false only where the code shows that nothing uses the symbol.
    """
    places = {f.path: f.now_path for f in files if f.change != "deleted"}
    added: dict[str, dict[str, Fact]] = {}
    for step in steps:
        path = step.change.path
        if step.change.status == "R" and step.change.old_path in added:
            added[path] = added.pop(step.change.old_path)
        if code.kind_of(path) != "source":
            continue
        before = {f.symbol for f in list_facts(step.before, "symbol")}
        after = {f.symbol: f for f in list_facts(step.after, "symbol")}
        mine = added.setdefault(path, {})
        for name in [n for n in mine if n not in after]:
            del mine[name]
        for name, fact in after.items():
            if name not in before or name in mine:
                mine[name] = fact
    now = code.load([(p, code.entries[p].blob) for p in set(places.values()) if p in code.entries])
    standing: dict[str, dict[str, Fact]] = {}
    for path in added:
        place = places.get(path, "")
        facts = now.get((place, code.entries[place].blob)) if place in code.entries else None
        standing[path] = {f.symbol: f for f in list_facts(facts, "symbol")}
    unwired = _find_unwired(added, standing, places, code)
    found = []
    for path in sorted(added):
        for name, fact in sorted(added[path].items(), key=lambda item: (item[1].line, item[0])):
            present = name in standing[path]
            found.append(
                SymbolWork(
                    name=fact.name,
                    kind=fact.attr("kind"),
                    path=path,
                    parent=fact.attr("parent"),
                    exported=fact.attr("exported") == "yes",
                    used=present and (places.get(path, ""), name) not in unwired,
                    now=present,
                    evidence=show_fact(standing[path][name] if present else fact),
                )
            )
    return tuple(found)


def _find_unwired(
    added: Mapping[str, Mapping[str, Fact]],
    standing: Mapping[str, Mapping[str, Fact]],
    places: Mapping[str, str],
    code: CodeReader,
) -> frozenset[tuple[str, str]]:
    """Ask only about what still stands, and read only files that hold one of the names."""
    names = {
        places[path]: tuple(n for n in mine if n in standing[path]) for path, mine in added.items() if places.get(path)
    }
    names = {path: found for path, found in names.items() if found}
    if not names:
        return frozenset()
    words = sorted({n.rsplit(".", 1)[-1] for found in names.values() for n in found})
    holding = code.find_words(words)
    paths = set(names).union(*holding.values()) if holding else set(names)
    paths |= {p for p in code.entries if p.rsplit("/", 1)[-1] in _BARRELS and _near(p, names)}
    loaded = code.load([(p, code.entries[p].blob) for p in sorted(paths) if p in code.entries])
    by_path: dict[str, FileFacts] = {path: facts for (path, _), facts in loaded.items()}
    return find_unwired(names, by_path, lambda p: code.kind_of(p) == "test", tuple(code.entries), code.layout)


_BARRELS = frozenset(("index.ts", "index.tsx", "index.js", "index.jsx", "index.mjs", "__init__.py"))


def _near(barrel: str, names: Mapping[str, tuple[str, ...]]) -> bool:
    """A barrel can lead to a file only from a folder above it, or from one that it names by relative path."""
    top = barrel.split("/", 2)[:2]
    return any(path.split("/", 2)[:2] == top for path in names)
