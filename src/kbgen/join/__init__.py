"""Facts across files: who uses what, and what no entry point reaches.

Pure: file facts, the list of paths and the text of a few manifests in, evidence out. In doubt a symbol
counts as used, since a false "wired nowhere" costs more than a missed one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from kbgen.join.conventions import find_convention
from kbgen.join.layout import MANIFESTS, Alias, Layout, Package, read_layout
from kbgen.join.uses import Target, Uses, to_evidence
from kbgen.model import Evidence, Fact, FileFacts
from kbgen.patterns import LazyPattern

__all__ = [
    "MANIFESTS",
    "Alias",
    "Layout",
    "Package",
    "find_convention",
    "find_unreached",
    "find_unwired",
    "find_uses",
    "read_layout",
]

_NO_LAYOUT = Layout()


def find_uses(
    names_by_path: Mapping[str, Sequence[str]],
    facts_by_path: Mapping[str, FileFacts],
    is_test: Callable[[str], bool],
    paths: Collection[str] = (),
    layout: Layout = _NO_LAYOUT,
) -> Mapping[tuple[str, str], tuple[Evidence, ...]]:
    """Production uses of each named symbol outside its own file, one for each file that uses it; () for none.

    Names are plain or qualified (``Class.method``). `facts_by_path` may leave out files whose text
    holds none of the names, except barrels (``index.*``, ``__init__.py``). `paths`: every path of the
    revision, for telling where a module name leads; default: those with facts. A symbol that a framework
    finds by convention has its own definition as evidence, with the convention quoted.
    """
    graph = Uses(facts_by_path, is_test, paths, layout)
    return _find_uses(graph, names_by_path)


def find_unwired(
    names_by_path: Mapping[str, Sequence[str]],
    facts_by_path: Mapping[str, FileFacts],
    is_test: Callable[[str], bool],
    paths: Collection[str] = (),
    layout: Layout = _NO_LAYOUT,
) -> frozenset[tuple[str, str]]:
    """The named symbols that nothing uses: no other production file, no framework convention, and nothing
    in their own file that is itself used. Same arguments as `find_uses`.

    A name that its file does not define is never among them.
    """
    graph = Uses(facts_by_path, is_test, paths, layout)
    names = {path: tuple(graph.files[path].symbols) for path in names_by_path if path in graph.files}
    uses = _find_uses(graph, names)
    unwired: set[Target] = set()
    for path, wanted in names_by_path.items():
        if path not in graph.files:
            continue
        used = {name for name in names[path] if uses[path, name]}
        # What the language itself calls lives with its class; it is no use of the class.
        live = _spread(graph, path, {name for name in used if "." not in name or not _SPECIAL.search(name)})
        unwired.update((path, name) for name in wanted if name in graph.files[path].symbols and name not in live)
    return frozenset(unwired)


def find_unreached(
    facts_by_path: Mapping[str, FileFacts],
    is_test: Callable[[str], bool],
    paths: Collection[str] = (),
    layout: Layout = _NO_LAYOUT,
    roots: Collection[str] = (),
    uses: Uses | None = None,
) -> frozenset[tuple[str, str]]:
    """(path, symbol) of exported top-level definitions that no entry point leads to.

    Wants the facts of every file. Entry points are what manifests run, what frameworks find by
    convention, and the files in `roots`. Below a folder where no entry point is known, nothing is said.
    `uses` is the graph of the same files, where the caller has it already.
    """
    graph = uses or Uses(facts_by_path, is_test, paths, layout)
    starts = set(graph.find_roots(roots))
    reached = graph.find_reached(starts)
    homes = {_find_home(path, layout) for path, _ in starts}
    candidates: dict[str, list[str]] = {}
    for path in graph.production:
        if _find_home(path, layout) not in homes:
            continue
        for fact in graph.files[path].symbols.values():
            if fact.attr("exported") == "yes" and not fact.attr("parent") and (path, fact.symbol) not in reached:
                candidates.setdefault(path, []).append(fact.symbol)
    doubtful = graph.find_doubted({(path, name) for path, names in candidates.items() for name in names})
    still = graph.find_reached(starts | doubtful) if doubtful else reached
    return frozenset((path, name) for path, names in candidates.items() for name in names if (path, name) not in still)


def _find_uses(graph: Uses, names_by_path: Mapping[str, Sequence[str]]) -> dict[Target, tuple[Evidence, ...]]:
    wanted = [(path, name) for path, names in names_by_path.items() for name in names]
    found = graph.find_uses(frozenset(wanted))
    result: dict[Target, tuple[Evidence, ...]] = {}
    for target in wanted:
        path, name = target
        evidence = [to_evidence(use, name) for use in found[target]]
        symbol = graph.files[path].symbols.get(name) if path in graph.files else None
        why = _find_reason(graph, symbol) if symbol is not None else ""
        if symbol is not None and why:
            evidence.append(Evidence(path=path, symbol=name, hash=symbol.hash, line=symbol.line, quote=why))
        result[target] = tuple(evidence)
    return result


def _find_reason(graph: Uses, symbol: Fact) -> str:
    """The convention by which a symbol is used."""
    why = find_convention(symbol, graph.files[symbol.path].symbols.get(symbol.attr("parent")))
    if not why and symbol.path in graph.layout.entries:
        why = "a file that a manifest runs"
    return why


def _spread(graph: Uses, path: str, seeds: set[str]) -> set[str]:
    """The definitions of one file that the seeds and the module's own code lead to.

    A live class keeps the methods that live code of the file calls; a live member keeps its class.
    """
    file = graph.files[path]
    uses: dict[str, set[str]] = {}
    for use, target in graph.find_edges(path):
        if target[0] == path:
            uses.setdefault(use.symbol, set()).add(target[1])
    by_member: dict[str, list[str]] = {}
    for name in file.symbols:
        if "." in name:
            by_member.setdefault(name.rpartition(".")[2], []).append(name)
    for member, places in file.names.members.items():
        for symbol, _ in places:
            uses.setdefault(symbol, set()).update(by_member.get(member, ()))
    live: set[str] = set()
    stack = [*seeds, *uses.get("", ())]
    while stack:
        name = stack.pop()
        if name in live:
            continue
        live.add(name)
        top, _, rest = name.partition(".")
        stack.extend(uses.get(top, ()))
        stack.extend(n for n in file.symbols if n.rpartition(".")[0] == name and _SPECIAL.search(n))
        if rest:
            stack.append(top)
        elif name in file.symbols and _ENUM.search(file.symbols[name].attr("bases")):
            stack.extend(
                member for members in by_member.values() for member in members if member.startswith(name + ".")
            )
    return live


_SPECIAL = LazyPattern(r"(?:^|\.)(?:__\w+__|constructor)$")
"""Members that the language calls: a class that nobody makes does not live by them."""

_ENUM = LazyPattern(r"(?:Enum|Flag|Choices)(?:\s|$)")
"""Members of an enumeration are reached by value or by iteration, so they live with it."""


def _find_home(path: str, layout: Layout) -> str:
    """The package that a file belongs to: the innermost folder with a manifest, else the first folder."""
    folders = [package.folder for package in layout.packages]
    inside = [folder for folder in folders if folder and path.startswith(folder + "/")]
    return max(inside, key=len) if inside else path.partition("/")[0]
