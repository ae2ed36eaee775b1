"""Constants that the code of a subject defines or reads, with values worked out where they are plain arithmetic.

What nothing that runs names is told apart, and so is what no start point leads to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import prod

from kbgen.expressions import Expr, decode_expr, is_unknown, tag_of
from kbgen.join.program import Place as CodePlace
from kbgen.model import Fact
from kbgen.pages.sources import Place, Sources
from kbgen.pages.values import say
from kbgen.patterns import LazyPattern

_CONSTANT = LazyPattern(r"_?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
_ARITHMETIC = LazyPattern(r"[\d_]+(?:\.\d+)?(?:\s*[*+]\s*[\d_]+(?:\.\d+)?)*")
_SUM = LazyPattern(r"\b(\w+)\s*(?::\s*\w+\s*)?[:=]\s*([\d_]+(?:\s*[*+]\s*[\d_]+)+)\s*(?:[,;\n]|as\b|//|#|\Z)")
_TELLING = frozenset(
    "ttl timeout delay debounce interval max min limit size threshold retries retry attempts window age version prefix "
    "key keys suffix channel name count ms seconds bytes rate paths fields recovery reconnect restore".split()
)
"""Parts of the names of constants that say how something behaves."""


@dataclass(frozen=True, slots=True)
class ConstantRow:
    name: str
    """Dotted inside an object or class: ``LIMITS.PAYLOAD.MAX_BYTES``."""
    value: str
    """Worked out; `written` has the sum where the code writes one."""
    written: str
    read: bool
    """Some code besides its own definition names it."""
    at: Place


def list_constants(sources: Sources, paths: Collection[str], telling: bool = True) -> tuple[ConstantRow, ...]:
    """Constants of these files, and those of other files that these read, by place and name.

    With `telling` only those whose name says how something behaves: a limit, a time, a key.
    """
    index = _Words(sources, paths)
    rows: dict[tuple[str, str], ConstantRow] = {}
    for path in sorted(paths):
        for row in _read_file(sources, path, index):
            rows.setdefault((row.at.path, row.name), row)
    for place in sorted(_find_imported(sources, paths)):
        if place[0] not in paths:
            for row in _read_shared(sources, place, index):
                rows.setdefault((row.at.path, row.name), row)
    return tuple(row for _, row in sorted(rows.items()) if not telling or is_telling(row.name))


def is_telling(name: str) -> bool:
    return not _TELLING.isdisjoint(name.rpartition(".")[2].lower().split("_"))


class _Words:
    """Which constants' names stand where."""

    def __init__(self, sources: Sources, paths: Collection[str]) -> None:
        self._places = sources.remember("places of constants", lambda: _find_places(sources))
        self._by_path = sources.remember("constants by file", lambda: _sort_by_path(self._places))
        self._paths = frozenset(paths)

    def is_read(self, name: str, home: str, own: str) -> bool:
        """Whether code names it outside the definition `own` of the file `home`."""
        return any(place != (home, own) for place in self._places.get(name, ()))

    def is_read_here(self, name: str) -> bool:
        return any(path in self._paths for path, _ in self._places.get(name, ()))

    def list_members(self, path: str) -> list[str]:
        return sorted(self._by_path.get(path, ()))


def _find_places(sources: Sources) -> dict[str, set[CodePlace]]:
    places: dict[str, set[CodePlace]] = {}
    for fact in sources.program.list_facts("reference"):
        for packed in fact.value.split():
            word = packed[: packed.rindex("@")]
            if _CONSTANT.fullmatch(word):
                places.setdefault(word, set()).add((fact.path, fact.symbol))
    return places


def _sort_by_path(places: Mapping[str, set[CodePlace]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for word, where in places.items():
        for path, _ in where:
            found.setdefault(path, set()).add(word)
    return found


def _read_file(sources: Sources, path: str, index: _Words) -> Iterator[ConstantRow]:
    program = sources.program
    known: set[str] = set()
    for symbol, fact in program.list_symbols(path).items():
        if fact.attr("kind") not in ("constant", "const") or not _CONSTANT.fullmatch(fact.name):
            continue
        known.add(fact.name)
        outer = symbol.rpartition(".")[0]
        expr = next(
            (decode_expr(b.value) for b in program.list_within(path, outer, "binding") if b.name == fact.name), None
        )
        if tag_of(expr) == "dict":
            yield from _read_table(sources, fact, fact.name, expr, index, every=True)
        elif tag_of(expr) != "name":
            row = _make_row(sources, fact, symbol, expr, fact.value, index)
            if row is not None:
                yield row
    for symbol in program.list_symbols(path):
        if not program.is_class((path, symbol)):
            continue
        for binding in program.list_within(path, symbol, "binding"):
            if _CONSTANT.fullmatch(binding.name) and binding.name not in known:
                known.add(binding.name)
                row = _make_row(sources, binding, binding.name, decode_expr(binding.value), "", index)
                if row is not None:
                    yield row
    # A class's constant that is a product has no fact of its own; code that names it shows that it is there.
    for word in index.list_members(path):
        written = _find_written(sources, path, word) if word not in known and "_" in word else ""
        if written:
            yield ConstantRow(word, _work_out(written), written, True, sources.at(path))


def _find_imported(sources: Sources, paths: Collection[str]) -> set[CodePlace]:
    program = sources.program
    return {
        target
        for fact in program.list_facts("import")
        if fact.path in paths
        and fact.attr("type_only") != "yes"
        and (fact.name.isupper() or fact.name.endswith("Constants"))
        for target in program.resolve(fact.path, "", fact.attr("alias") or fact.name)
        if target[1]
    }


def _read_shared(sources: Sources, place: CodePlace, index: _Words) -> Iterator[ConstantRow]:
    """A constant that is imported; of an object or a class what the subject reads, and its neighbours."""
    program = sources.program
    path, symbol = place
    fact = program.get_symbol(place)
    if fact is None or program.is_test(path):
        return
    if program.is_class(place):
        for inner in program.list_symbols(path):
            if inner.startswith(symbol + ".") and program.is_class((path, inner)):
                bindings = [b for b in program.list_within(path, inner, "binding") if _CONSTANT.fullmatch(b.name)]
                if any(index.is_read_here(b.name) for b in bindings):
                    for binding in bindings:
                        row = _make_row(
                            sources, binding, f"{inner}.{binding.name}", decode_expr(binding.value), "", index
                        )
                        if row is not None:
                            yield row
        return
    values = program.find_values(path, "", symbol)
    expr = values[0][1] if values else None
    if tag_of(expr) == "dict":
        yield from _read_table(sources, fact, symbol, expr, index, every=False)
    elif tag_of(expr) != "name":
        row = _make_row(sources, fact, symbol, expr, fact.value, index)
        if row is not None:
            yield row


def _read_table(
    sources: Sources, fact: Fact, name: str, table: Expr, index: _Words, every: bool
) -> Iterator[ConstantRow]:
    """The entries of an object of constants; of a shared one only groups of which the subject reads something."""
    pairs = [(str(key), value) for key, value in table[1:] if isinstance(key, str) and _CONSTANT.fullmatch(key)]
    groups = [(key, value) for key, value in pairs if tag_of(value) == "dict"]
    leaves = [(key, value) for key, value in pairs if tag_of(value) != "dict"]
    if every or any(index.is_read_here(key) for key, _ in leaves):
        for key, value in leaves:
            row = _make_row(sources, fact, f"{name}.{key}", value, "", index)
            if row is not None:
                yield row
    for key, value in groups:
        yield from _read_table(sources, fact, f"{name}.{key}", value, index, every and "." not in name)


def _make_row(sources: Sources, fact: Fact, name: str, expr: Expr, text: str, index: _Words) -> ConstantRow | None:
    last = name.rpartition(".")[2]
    written = text if _ARITHMETIC.fullmatch(text) and ("*" in text or "+" in text) else ""
    value = "" if expr is None else say(expr, 400)
    if not value or is_unknown(expr):
        written = written or _find_written(sources, fact.path, last)
        value = _work_out(written)
    if not value:
        return None
    own = fact.symbol if fact.kind == "symbol" else ""
    return ConstantRow(
        name, value, written if written != value else "", index.is_read(last, fact.path, own), sources.at(fact.path)
    )


def _find_written(sources: Sources, path: str, name: str) -> str:
    """``64 * 1024`` of ``NAME: 64 * 1024,`` or ``NAME = 64 * 1024``; ``""`` where no plain sum is written."""
    text = sources.read_text(path)
    sums: Mapping[str, str] = sources.remember(("sums", path), lambda: {m[1]: m[2] for m in _SUM.finditer(text)})
    return sums.get(name, "")


def _work_out(text: str) -> str:
    if not text:
        return ""
    return str(sum(prod(int(part.strip().replace("_", "")) for part in term.split("*")) for term in text.split("+")))
