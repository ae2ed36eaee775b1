"""What the shipped rules say of tiny sources."""

from __future__ import annotations

from collections.abc import Mapping

from kbgen.join.signals import derive_facts, load_rules, read_shipped_rules
from kbgen.model import Fact
from tests.join.programs import make_program

RULES = load_rules([read_shipped_rules()])


def derive(files: Mapping[str, str], kind: str) -> list[Fact]:
    """The derived facts of one kind, in their order."""
    return [fact for fact in derive_facts(make_program(files), RULES) if fact.kind == kind]


def keys_of(fact: Fact) -> list[str]:
    return [value for name, value in fact.attrs if name == "key"]


def show(fact: Fact, *attrs: str) -> tuple[str, ...]:
    """(name, attributes asked for …)."""
    return (fact.name, *(fact.attr(name) for name in attrs))


def python(source: str, kind: str, *attrs: str) -> list[tuple[str, ...]]:
    return [show(fact, *attrs) for fact in derive({"svc/code.py": source}, kind)]


def script(source: str, kind: str, *attrs: str, path: str = "web/src/code.ts") -> list[tuple[str, ...]]:
    return [show(fact, *attrs) for fact in derive({path: source}, kind)]
