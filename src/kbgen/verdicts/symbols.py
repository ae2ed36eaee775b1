"""Symbols: defined or at least used in the code of the revision, in the place that the text names.

A name is refuted only where the text says that the project has it: in a record of work, behind a path,
in a class that the project defines. Elsewhere it may belong to a library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kbgen.model import Claim, Commit, Evidence, Fact, Judgement
from kbgen.verdicts.base import EvidenceSource, attr, is_certain, is_own
from kbgen.verdicts.near import find_near
from kbgen.verdicts.paths import is_historical
from kbgen.verdicts.places import drop_dots
from kbgen.verdicts.quotes import judge_quote

_CLASSES = ("class", "nested class", "interface", "enum", "component", "type")
_MOST_FILES = 60


def resolve(claims: Sequence[Claim], source: EvidenceSource) -> Iterator[Judgement]:
    asked = sorted({part for c in claims if c.mode != "quoted" for part in c.value.split(".")})
    words = source.find_words(asked) if asked else {}
    judge = _Judge(source, words)
    for claim in claims:
        yield judge.judge(claim)


@dataclass(slots=True)
class _Judge:
    source: EvidenceSource
    words: Mapping[str, frozenset[str]]

    def judge(self, claim: Claim) -> Judgement:
        if claim.mode == "quoted":
            return judge_quote(claim, self.source)
        parts = claim.value.split(".")
        missing = [p for p in parts if not self.words.get(p)]
        place = self._find_place(claim)
        if claim.mode == "was" and is_own(claim):
            return self._judge_was(claim, place)
        if claim.mode == "absent":
            return Judgement(claim, "holds" if missing else "unverifiable")
        if missing:
            return self._judge_missing(claim, parts, missing, place)
        if len(parts) > 1:
            judgement = self._judge_member(claim, parts)
            if judgement is not None:
                return judgement
        if place:
            judgement = self._judge_place(claim, parts[-1], place)
            if judgement is not None:
                return judgement
        return Judgement(claim, "holds", (self._show(parts[-1], place),))

    def _find_place(self, claim: Claim) -> str:
        """The one file that the text puts the symbol in."""
        value = drop_dots(attr(claim, "path"))
        found = self.source.index.find_files(value) if value else ()
        return found[0] if len(found) == 1 else value if is_own(claim) else ""

    def _judge_was(self, claim: Claim, place: str) -> Judgement:
        """Built by the story's commits: in a version that they wrote, or there still."""
        name = claim.value.rsplit(".", 1)[-1]
        commits = [c for c in attr(claim, "commits").split(",") if c]
        now = self.source.find_definitions([place]).get(place, ()) if place else ()
        for fact in (*now, *(self.source.find_definitions_at(place, commits) if place else ())):
            if name in (fact.name, fact.symbol.rsplit(".", 1)[-1], fact.attr("exported_as")):
                return Judgement(claim, "holds", (_show_fact(fact),))
        past = self.source.find_past_word(name, [place]) if place and not commits else None
        if past is not None:
            return Judgement(claim, "holds", (Evidence(path=place, commit=past.sha, quote=past.subject),))
        return Judgement(claim, "refuted", (), f"not defined in {place or 'any file named'} by the commits listed")

    def _judge_missing(self, claim: Claim, parts: Sequence[str], missing: Sequence[str], place: str) -> Judgement:
        if is_own(claim) or (is_certain(claim) and self._is_ours(claim, parts, place)):
            past = self._find_past(claim, parts, missing[0], place)
            if past is not None:
                return self._judge_gone(claim, missing[0], past)
            near = self._find_near(parts[-1], parts, place)
            hint = f"{missing[0]} is in no file of this revision but documents"
            return Judgement(claim, "refuted", (), f"{hint}; did you mean {near}?" if near else hint)
        return Judgement(claim, "unverifiable", (), "in no file of this revision; it may be another project's")

    def _find_past(self, claim: Claim, parts: Sequence[str], word: str, place: str) -> Commit | None:
        """The last commit that had the word in a file that the text is about."""
        paths = {place} if place else set()
        paths.update(f.path for f in self._find_classes(parts[0]))
        paths.update(self.source.index.find_files(drop_dots(attr(claim, "near"))) if attr(claim, "near") else ())
        paths.update(self._find_modules(claim))
        return self.source.find_past_word(word, sorted(paths))

    def _judge_gone(self, claim: Claim, word: str, past: Commit) -> Judgement:
        hint = f"{word} is gone; {past.sha[:12]} {past.subject[:80]} had it last"
        here = (Evidence(commit=past.sha, quote=past.subject),)
        return Judgement(claim, "holds" if is_historical(claim) else "refuted", here, hint)

    def _is_ours(self, claim: Claim, parts: Sequence[str], place: str) -> bool:
        """The text gives the name to this project: to a file, a module or a class of it."""
        if attr(claim, "in") == "import":
            return bool(self._find_modules(claim))
        if place or (attr(claim, "near") and self.source.index.find_files(drop_dots(attr(claim, "near")))):
            return True
        return len(parts) > 1 and bool(self._find_classes(parts[0]))

    def _find_modules(self, claim: Claim) -> tuple[str, ...]:
        """Files of the project that the import names; a library's module is none of them."""
        module = drop_dots(attr(claim, "module").removeprefix("@/"))
        if not module or attr(claim, "in") != "import":
            return ()
        found = self.source.index.find_modules(module)
        python = "." not in attr(claim, "module") and not attr(claim, "module").startswith("@")
        return tuple(p for p in found if p.endswith(".py") == python) if python or "/" in module else ()

    def _find_classes(self, name: str) -> tuple[Fact, ...]:
        """Definitions of a class or a namespace of that name in files that hold the word."""
        paths = sorted(self.words.get(name, ()))
        if len(paths) > _MOST_FILES:
            paths = [p for p in paths if self.source.kind_of(p) == "source"][:_MOST_FILES]
        found = self.source.find_definitions(paths)
        return tuple(f for path in paths for f in found.get(path, ()) if f.name == name and f.attr("kind") in _CLASSES)

    def _judge_member(self, claim: Claim, parts: Sequence[str]) -> Judgement | None:
        """``Class.member`` of a class that the project defines; None where that cannot be told."""
        classes = self._find_classes(parts[0])
        holding = self.words[parts[-1]]
        if not classes:
            return None
        family = self._find_family(classes)
        for path in family.paths:
            if path in holding:
                return Judgement(claim, "holds", (Evidence(path=path, symbol=claim.value, hash=classes[0].hash),))
        if not is_certain(claim):
            return Judgement(claim, "unverifiable", (), f"not in the file of {parts[0]}")
        elsewhere = self._find_elsewhere(parts[-1])
        hint = f"{classes[0].path} defines {parts[0]} without {parts[-1]}"
        if elsewhere:
            hint += f"; {parts[-1]} is defined in {elsewhere[0].path}"
        # A base from a library may have any member, but not one that the project itself defines at top level.
        if family.closed or (elsewhere and all(not f.attr("parent") for f in elsewhere)):
            return Judgement(claim, "refuted", tuple(map(_show_fact, (*classes[:1], *elsewhere[:1]))), hint)
        return Judgement(
            claim, "unverifiable", (_show_fact(classes[0]),), hint + "; a base outside the project may have it"
        )

    def _find_family(self, classes: Sequence[Fact]) -> _Family:
        """The files of the classes and of their bases, as far as the project defines them."""
        paths: dict[str, None] = {}
        closed = True
        todo, seen = list(classes), {f.name for f in classes}
        while todo and len(seen) < 20:
            fact = todo.pop(0)
            paths[fact.path] = None
            for base in fact.attr("bases").split():
                name = base.rsplit(".", 1)[-1].split("[", 1)[0].split("<", 1)[0]
                if name in _ROOTS or name in seen:
                    continue
                seen.add(name)
                self.words = {**self.words, **self.source.find_words([name])}
                bases = self._find_classes(name)
                closed = closed and bool(bases)
                todo += bases
        return _Family(tuple(paths), closed and len(seen) < 20)

    def _find_elsewhere(self, name: str) -> tuple[Fact, ...]:
        paths = sorted(p for p in self.words.get(name, ()) if self.source.kind_of(p) == "source")[:_MOST_FILES]
        found = self.source.find_definitions(paths)
        return tuple(f for path in paths for f in found.get(path, ()) if f.name == name)

    def _judge_place(self, claim: Claim, name: str, place: str) -> Judgement | None:
        """``name`` in ``path``: the file must at least hold the word, when it is code."""
        if place in self.words[name]:
            if not is_own(claim):
                return None
            facts = self.source.find_definitions([place]).get(place, ())
            fact = next((f for f in facts if name in (f.name, f.attr("exported_as"))), None)
            return Judgement(claim, "holds", (_show_fact(fact),)) if fact else None
        if self.source.kind_of(place) not in ("source", "test") or not is_certain(claim):
            return None
        elsewhere = self._find_elsewhere(name)
        if len(elsewhere) == 1:
            return Judgement(
                claim, "moved", (_show_fact(elsewhere[0]),), f"defined in {elsewhere[0].path}, not in {place}"
            )
        if elsewhere or is_own(claim):
            return Judgement(claim, "refuted", tuple(map(_show_fact, elsewhere[:3])), f"not in {place}")
        return None

    def _show(self, name: str, place: str) -> Evidence:
        paths = self.words[name]
        path = place if place in paths else min(paths, key=lambda p: (self.source.kind_of(p) != "source", p))
        return Evidence(path=path, symbol=name)

    def _find_near(self, name: str, parts: Sequence[str], place: str) -> str:
        paths = [place] if place else [f.path for f in self._find_classes(parts[0])] if len(parts) > 1 else []
        found = self.source.find_definitions(paths)
        return find_near(name, {f.name for facts in found.values() for f in facts})


@dataclass(frozen=True, slots=True)
class _Family:
    paths: tuple[str, ...]
    closed: bool
    """Every base is the project's own."""


_ROOTS = frozenset(
    (
        "object",
        "ABC",
        "Protocol",
        "Generic",
        "Enum",
        "StrEnum",
        "IntEnum",
        "str",
        "int",
        "Exception",
        "TypedDict",
        "NamedTuple",
    )
)


def _show_fact(fact: Fact) -> Evidence:
    return Evidence(path=fact.path, symbol=fact.symbol or fact.name, hash=fact.hash, line=fact.line)
