"""What the tests of extractors share: a text in, its facts out."""

from __future__ import annotations

import textwrap

from kbgen.extractors import extract_file
from kbgen.model import Fact, FileFacts, SourceFile


def read(path: str, text: str) -> FileFacts:
    """Facts of a text that is written indented in a test."""
    return extract_file(SourceFile(path, "b10b", textwrap.dedent(text)))


def pick(facts: FileFacts, kind: str) -> list[Fact]:
    return [fact for fact in facts.facts if fact.kind == kind]


def pairs(facts: FileFacts, kind: str) -> dict[str, str]:
    """name -> value of one kind."""
    return {fact.name: fact.value for fact in pick(facts, kind)}


def one(facts: FileFacts, kind: str, name: str) -> Fact:
    (found,) = (fact for fact in pick(facts, kind) if fact.name == name)
    return found


def whys(facts: FileFacts) -> list[str]:
    return [note.why for note in facts.skipped]
