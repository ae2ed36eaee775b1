"""Everything that the code of a revision says: extracted, joined, and kept as the rows that are printed.

All of it follows from the revision's files, the configuration and kbgen itself, so it is computed once for these three
and then read back kind by kind, without a look at any file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from kbgen.config import Config
from kbgen.errors import UsageError
from kbgen.model import Fact, SkippedFile, TreeEntry
from kbgen.paths import translate_glob
from kbgen.ports import Progress, ResultStore
from kbgen.reports import write_fact
from kbgen.reports.rows import KNOWN_KINDS, ROW_END, KindRows

# What reads and joins code is imported where it is used: a run that finds its facts kept needs none of it.
if TYPE_CHECKING:
    from kbgen.join.program import Program
    from kbgen.join.system import System
    from kbgen.pipeline.code import StoredCode

_SUMMARY = "facts"
_ROWS = "facts:"
_COUNTS = "facts-of-paths:"
_JOINED_KINDS = frozenset({"client_call", "http_call", "route"})
"""Made by joins and no rule."""


# --------------------------------------------------------------------------------------- collecting them


@dataclass(frozen=True)
class AllFacts:
    """The facts of a revision, raw and derived, and what they were read from."""

    facts: tuple[Fact, ...]
    """By kind, then path and line. Where a join says more than one file could, only what it says."""
    skipped: tuple[SkippedFile, ...]
    read: tuple[str, ...]
    """Paths of the files that facts were looked for in."""
    system: System
    """What the joins know, for whoever draws or writes."""
    entries: Mapping[str, TreeEntry]
    """Every file of the revision, read or not."""

    @property
    def program(self) -> Program:
        return self.system.program

    @cached_property
    def by_kind(self) -> Mapping[str, tuple[Fact, ...]]:
        return {kind: tuple(facts) for kind, facts in groupby(self.facts, key=attrgetter("kind"))}

    def find_hash(self, fact: Fact) -> str:
        """What a fact is bound to: its own hash, else that of the innermost definition around it, else the blob."""
        return fact.hash or self._find_hash_around(fact.path, fact.symbol)

    def _find_hash_around(self, path: str, symbol: str) -> str:
        known = self._hashes.get((path, symbol))
        if known is None:
            around = self.program.get_symbol((path, symbol)) if symbol else None
            if around is not None and around.hash:
                known = around.hash
            elif symbol:
                known = self._find_hash_around(path, symbol.rpartition(".")[0])
            else:
                entry = self.entries.get(path)
                known = entry.blob if entry is not None else ""
            self._hashes[path, symbol] = known
        return known

    @cached_property
    def _hashes(self) -> dict[tuple[str, str], str]:
        return {}


def collect_facts(code: StoredCode, config: Config, progress: Progress | None = None) -> AllFacts:
    """Read the whole revision and join what its files say."""
    from kbgen.join.program import Program
    from kbgen.join.signals import load_project_rules
    from kbgen.join.system import System

    # A wrong rule is said before the work, not after.
    rules = load_project_rules(config.signals)
    files = code.load_all()
    program = Program(files, lambda path: code.kind_of(path) == "test", tuple(code.entries), code.layout)
    system = System(program, rules)
    layers = [[fact for facts in files.values() for fact in facts.facts]]
    joins: tuple[Callable[[], Sequence[Fact]], ...] = (
        lambda: system.derived,
        lambda: system.routes,
        lambda: system.calls,
    )
    if progress is not None:
        progress.start("joining facts", len(joins))
    for join in joins:
        layers.append(list(join()))
        if progress is not None:
            progress.advance()
    facts = merge_layers(*layers)
    if progress is not None:
        progress.finish()
    return AllFacts(facts, code.list_skipped(), tuple(files), system, code.entries)


def merge_layers(*layers: Sequence[Fact]) -> tuple[Fact, ...]:
    """One sorted list. What a later layer says of a kind at a line stands instead of what earlier ones say there."""
    kinds: set[str] = set()
    places: set[tuple[str, str, int]] = set()
    merged: list[Fact] = []
    for layer in reversed(layers):
        kept = [f for f in layer if f.kind not in kinds or (f.kind, f.path, f.line) not in places]
        if layer is not layers[0]:
            kinds.update(f.kind for f in kept)
            places.update((f.kind, f.path, f.line) for f in kept)
        merged += kept
    merged.sort(key=_order)
    unique = merged[:1]
    for fact in merged:
        # Lines first: comparing whole facts takes ten times as long, and there are many.
        if fact.line != unique[-1].line or fact != unique[-1]:
            unique.append(fact)
    return tuple(unique)


_order = attrgetter("kind", "path", "line", "symbol", "name", "value", "hash", "attrs")


# ------------------------------------------------------------------------------------------ as rows


class FactBook:
    """The facts of a revision by kind, read from what is kept, computed and kept where nothing is."""

    def __init__(self, compute: Callable[[], AllFacts], results: ResultStore | None, key: str) -> None:
        """Without `results` everything is computed, and nothing kept: the files may change at any moment."""
        self._compute = compute
        self._results = results
        self._key = key
        self._found: AllFacts | None = None

    @cached_property
    def _summary(self) -> Any:
        return json.loads(self._load(_SUMMARY))

    @property
    def kinds(self) -> tuple[str, ...]:
        """Those of which there is at least one fact, sorted."""
        return tuple(self._summary["kinds"])

    @property
    def skipped(self) -> tuple[SkippedFile, ...]:
        """What was not read whole, by path."""
        return tuple(SkippedFile(path, why) for path, why in self._summary["skipped"])

    @property
    def read(self) -> tuple[str, ...]:
        """Paths of the files that were read."""
        return tuple(self._summary["read"])

    @property
    def kept_kinds(self) -> tuple[str, ...]:
        """`kinds` if they are known without computing anything."""
        text = self._results.load_result(self._key, _SUMMARY) if self._results is not None else None
        return tuple(json.loads(text)["kinds"]) if text is not None else ()

    def read_examples(self, globs: Sequence[str] = ()) -> tuple[KindRows, ...]:
        """One fact of each kind, if there is one that is no test's."""
        if globs:
            found = (self.read_rows(kind, globs, 1) for kind in self.kinds)
            return tuple(rows for rows in found if rows.total)
        return tuple(KindRows(kind, row, total) for kind, (total, row) in self._summary["kinds"].items())

    def read_rows(self, kind: str, globs: Sequence[str] = (), limit: int | None = None) -> KindRows:
        """The facts of a kind, in files that match one of the globs (`select_paths`) when there are any."""
        if kind not in self._summary["kinds"]:
            return KindRows(kind, "", 0)
        body = self._load(_ROWS + kind)
        if not globs and limit is None:
            return KindRows(kind, body, self._summary["kinds"][kind][0])
        rows = body.split(ROW_END)
        if globs:
            by_path: list[tuple[str, int]] = json.loads(self._load(_COUNTS + kind))
            wanted = set(select_paths([path for path, _ in by_path], globs))
            chosen: list[str] = []
            at = 0
            for path, count in by_path:
                if path in wanted:
                    chosen += rows[at : at + count]
                at += count
            rows = chosen
        return KindRows(kind, ROW_END.join(rows[:limit]), len(rows))

    def _load(self, name: str) -> str:
        text = self._load_kept(name)
        if text is None and self._found is None:
            self._found = self._compute()
            if self._results is not None:
                self._results.save_results(self._key, pack_facts(self._found))
                text = self._load_kept(name)
        if text is None and self._found is not None:
            # Nothing is kept, or the store could not be written.
            text = _pack(self._found, name)
        return text or ""

    def _load_kept(self, name: str) -> str | None:
        return self._results.load_result(self._key, name) if self._results is not None else None


class FactKinds(Collection[str]):
    """Every kind that something makes facts of. Rules are read only for one that is not known without them."""

    def __init__(self, kept: Iterable[str], config: Config) -> None:
        """`kept` are kinds of which there are facts."""
        self._known = KNOWN_KINDS | _JOINED_KINDS | frozenset(kept)
        self._config = config

    @cached_property
    def _all(self) -> frozenset[str]:
        from kbgen.join.signals import load_project_rules

        rules = load_project_rules(self._config.signals).rules
        return self._known | {emit.kind for rule in rules for emit in rule.emits}

    def __contains__(self, kind: object) -> bool:
        return kind in self._known or kind in self._all

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._all))

    def __len__(self) -> int:
        return len(self._all)


def require_kinds(kinds: Sequence[str], book: FactBook, config: Config) -> None:
    """Raises UsageError, with the nearest kinds, for one that nothing makes facts of."""
    if KNOWN_KINDS.issuperset(kinds):
        return
    known = FactKinds(book.kept_kinds, config)
    for kind in sorted(set(kinds)):
        if kind in known:
            continue
        from rapidfuzz import fuzz, process

        near = [n for n, _, _ in process.extract(kind, list(known), scorer=fuzz.ratio, limit=2, score_cutoff=70)]
        meant = f"did you mean {' or '.join(near)}? " if near else ""
        raise UsageError(f"no fact is of kind {kind!r}", f"{meant}kinds are {', '.join(known)}")


def select_paths(paths: Iterable[str], globs: Sequence[str]) -> tuple[str, ...]:
    """Those that match a glob (`translate_glob`), or lie below a folder that is named."""
    patterns = [(translate_glob(glob), glob.strip("/") + "/") for glob in globs]
    return tuple(
        path
        for path in paths
        if any(pattern.fullmatch(path) or path.startswith(folder) for pattern, folder in patterns)
    )


def pack_facts(found: AllFacts) -> Iterator[tuple[str, str]]:
    """(name, text): a summary; and for each kind the facts as they are printed, and how many of them each path has.

    One after another, because all rows together may take more room than the facts.
    """
    yield _SUMMARY, _pack(found, _SUMMARY)
    for kind in found.by_kind:
        for name in (_ROWS + kind, _COUNTS + kind):
            yield name, _pack(found, name)


def _pack(found: AllFacts, name: str) -> str:
    if name == _SUMMARY:
        return json.dumps(_summarize(found))
    if name.startswith(_ROWS):
        facts = found.by_kind[name.removeprefix(_ROWS)]
        return ROW_END.join([write_fact(fact, found.find_hash(fact)) for fact in facts])
    facts = found.by_kind[name.removeprefix(_COUNTS)]
    return json.dumps([(path, len(list(group))) for path, group in groupby(facts, key=attrgetter("path"))])


def _summarize(found: AllFacts) -> Any:
    examples = {
        kind: next((fact for fact in facts if not found.program.is_test(fact.path)), facts[0])
        for kind, facts in found.by_kind.items()
    }
    return {
        "kinds": {
            kind: (len(found.by_kind[kind]), write_fact(fact, found.find_hash(fact))) for kind, fact in examples.items()
        },
        "read": found.read,
        "skipped": [(note.path, note.why) for note in found.skipped],
    }
