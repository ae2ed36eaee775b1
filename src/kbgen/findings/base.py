"""What every finder asks: whether code is dead, who names a word, how a finding is made."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from kbgen.diagrams.mesh import Mesh
from kbgen.expressions import Expr, decode_expr
from kbgen.join.layout import PY_SUFFIXES
from kbgen.join.program import Place
from kbgen.join.system import System
from kbgen.model import SEVERITIES, Evidence, Fact, Finding

_NAME_LIMIT = 120


class Reading:
    """A system and its mesh, with what several finders ask of them; everything is computed once."""

    def __init__(self, system: System, mesh: Mesh) -> None:
        self.system = system
        self.mesh = mesh
        self.program = system.program

    # ------------------------------------------------------------------------------------------- dead code

    def is_dead(self, path: str, symbol: str) -> bool:
        """Whether a definition, or the top-level one around it, is surely reached by nothing that runs."""
        top = (path, symbol.partition(".")[0])
        return top in self.system.unreached and (path, symbol) not in self.system.reach.live

    def is_idle(self, path: str, symbol: str) -> bool:
        """Whether a definition is dead, or not reached and named by nothing but idle code.

        Says yes of private helpers and methods too, which `is_dead` says nothing of.
        """
        return self._is_idle((path, symbol), frozenset())

    def _is_idle(self, place: Place, asked: frozenset[Place]) -> bool:
        if place in asked:
            return True
        known = self._idle.get(place)
        if known is not None:
            return known
        path, symbol = place
        top = (path, symbol.partition(".")[0])
        live = self.system.reach.live
        if not symbol or place in live or (top in live and top == place) or self.program.is_test(path):
            answer = False
        elif top in self.system.unreached:
            answer = True
        else:
            name = symbol.rpartition(".")[2]
            mentions = self.words.get(name, ())
            others = [p for p in mentions if p != top and p[1] != "__all__" and self._may_mean(p, name, place)]
            answer = len(asked) < 12 and top not in live and all(self._is_idle(p, asked | {place}) for p in others)
        if not asked:
            self._idle[place] = answer
        return answer

    def _may_mean(self, there: Place, name: str, place: Place) -> bool:
        """Whether a name used somewhere may stand for a definition: it does not surely stand for another one."""
        if there[0].endswith(PY_SUFFIXES) != place[0].endswith(PY_SUFFIXES):
            return False
        if "." in place[1]:
            return True
        meant = self.program.resolve(there[0], there[1], name)
        return not meant or place in meant

    @cached_property
    def _idle(self) -> dict[Place, bool]:
        return {}

    # ------------------------------------------------------------------------------------------------ words

    @cached_property
    def words(self) -> Mapping[str, tuple[Place, ...]]:
        """Each name, member, type and naming string that production code uses, with the definitions that use it.

        The definitions are top-level ones; the symbol is empty for code outside any.
        """
        table: dict[str, dict[Place, None]] = {}
        for fact in self.program.list_facts("reference"):
            place = (fact.path, fact.symbol)
            for word in _list_words(fact):
                table.setdefault(word, {})[place] = None
        return {word: tuple(places) for word, places in table.items()}

    def find_mentions(self, word: str, *outside: Place) -> tuple[Place, ...]:
        """Definitions of production code that name a word, those in `outside` left out."""
        return tuple(place for place in self.words.get(word, ()) if place not in outside)

    @cached_property
    def test_words(self) -> frozenset[str]:
        """Names that test code uses."""
        return frozenset(
            word
            for fact in self.program.list_facts("reference", tests=True)
            if self.program.is_test(fact.path)
            for word in _list_words(fact)
        )

    # ------------------------------------------------------------------------------------------- small answers

    def find_unit(self, path: str) -> str:
        return self.system.units.find_unit(path)

    def name_unit(self, unit: str) -> str:
        return code(unit.rpartition("/")[2]) if unit else "the repository"

    def read(self, fact: Fact, key: str) -> Expr:
        """A kept argument of a derived fact as an expression."""
        text = fact.attr(key)
        return decode_expr(text[1:]) if text.startswith("=") else text

    def make(
        self,
        kind: str,
        about: Sequence[str],
        title: str,
        detail: str,
        evidence: Iterable[Fact | Evidence],
        severity: str = "suspect",
    ) -> Finding:
        """A finding; its id follows from its kind and from `about`, names that stay under edits elsewhere."""
        assert severity in SEVERITIES
        shown = (self.program.make_evidence(e) if isinstance(e, Fact) else e for e in evidence)
        return Finding(make_id(kind, about), kind, title, detail, tuple(dict.fromkeys(shown)), severity)  # type: ignore[arg-type]


def _list_words(fact: Fact) -> Iterator[str]:
    """The names packed in a ``reference`` fact; `parse_references` does more than is wanted here, and it shows."""
    return (packed[: packed.rindex("@")] for packed in fact.value.split())


def make_id(kind: str, about: Sequence[str]) -> str:
    """``dangling-call-3f2a9c01``: the kind and 8 hex digits of what it is about."""
    digest = hashlib.sha256("\0".join((kind, *about)).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{kind}-{digest[:8]}"


def sort_findings(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, then by kind, title and id; of two with one id the first stays."""
    kept: dict[str, Finding] = {}
    for finding in found:
        kept.setdefault(finding.id, finding)
    return tuple(sorted(kept.values(), key=lambda f: (SEVERITIES.index(f.severity), f.kind, f.title, f.id)))


def code(name: str) -> str:
    """A name in backquotes, fit for one line: foreign backquotes and line breaks are taken out, long ones cut."""
    flat = " ".join(name.replace("`", "'").split())
    return f"`{flat if len(flat) <= _NAME_LIMIT else flat[: _NAME_LIMIT - 1] + '…'}`"


def list_names(names: Iterable[str], limit: int = 4) -> str:
    """``\\`a\\`, \\`b\\` and 3 more``: each once, sorted."""
    ordered = sorted(set(names))
    shown = [code(name) for name in ordered[:limit]]
    if len(ordered) > limit:
        return f"{', '.join(shown)} and {len(ordered) - limit} more"
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)


def with_items(text: str, items: Iterable[str]) -> str:
    """A detail with a list under it: the reports show each line that starts with ``- `` as an item of its own."""
    return "\n".join((text, *(f"- {item}" for item in dict.fromkeys(items))))


def name_place(fact: Fact) -> str:
    """``file.py: Class.method``."""
    file = posixpath.basename(fact.path)
    return code(f"{file}: {fact.symbol}" if fact.symbol else file)


def be(number: int) -> str:
    return "is" if number == 1 else "are"


def them(number: int) -> str:
    return "it" if number == 1 else "them"


def count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
