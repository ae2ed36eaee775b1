"""Each extractor has a file whose facts are written down; the listing is read after every change."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbgen.extractors import EXTRACTORS, extract_file, find_extractor
from kbgen.model import FileFacts, SourceFile
from tests.golden_files import FOLDER, check_golden, update_golden  # noqa: F401  (a fixture)

CASES = sorted(folder.name for folder in FOLDER.glob("extract_*"))


def find_input(case: str) -> Path:
    """The one file of a case's folder that is no listing; it may lie deeper, where its path matters."""
    (found,) = (path for path in (FOLDER / case).rglob("*") if path.is_file() and path.name != "facts.txt")
    return found


@pytest.mark.parametrize("case", CASES)
def test_facts_are_as_written_down(case: str, request: pytest.FixtureRequest) -> None:
    source = find_input(case)
    path = source.relative_to(FOLDER / case).as_posix()
    facts = extract_file(SourceFile(path, "b10b", source.read_text("utf-8")))
    check_golden(FOLDER / case / "facts.txt", _list_facts(facts), request.getfixturevalue("update_golden"))


def test_every_extractor_has_a_golden_case() -> None:
    read = {find_extractor(find_input(case).relative_to(FOLDER / case).as_posix()) for case in CASES}
    assert set(EXTRACTORS) <= read


def _list_facts(facts: FileFacts) -> str:
    lines = [f"skipped | {note.why}" for note in facts.skipped]
    for fact in facts.facts:
        attrs = " ".join(f"{key}={value}" for key, value in fact.attrs)
        parts = [fact.kind, str(fact.line), fact.name, fact.symbol, fact.value.replace("\n", "⏎"), fact.hash, attrs]
        lines.append(" | ".join(parts).rstrip(" |"))
    return "\n".join(lines) + "\n"
