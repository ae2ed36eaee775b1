"""`kbgen trace` as people type it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import Kbgen
from tests.golden_files import FOLDER, check_golden
from tests.trace.orchard import make_orchard


@pytest.fixture(scope="module")
def orchard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("orchard")
    make_orchard(folder)
    return folder


def test_markdown_and_csv(kbgen: Kbgen, orchard: Path, update_golden: bool) -> None:
    for form, name in (("markdown", "trace.md"), ("csv", "trace.csv")):
        result = kbgen("trace", "--as", form, at=orchard)
        assert result.code == 0
        check_golden(FOLDER / "trace" / name, result.out, update_golden)


def test_json_has_the_documented_keys(kbgen: Kbgen, orchard: Path) -> None:
    rows = kbgen("trace", "--format", "json", at=orchard).json
    assert rows == kbgen("trace", "--as", "json", at=orchard).json
    keys = ["gap", "recommendation", "debt", "story", "criteria", "commits", "files", "tests", "document"]
    assert list(rows[0])[: len(keys)] == keys
    loose = next(row for row in rows if row["debt"] == "TD-01")
    assert (loose["story"], loose["document"], loose["commits"]) == (None, None, [])
    assert loose["loose"] == ["item-without-story"]
    chain = next(row for row in rows if row["recommendation"] == "REC-01")
    assert (chain["gap"], chain["story"]) == ("Documentation Gap #1", "OR-02.1")
    assert chain["document"] == "docs/guides/path-map.md"
    assert chain["criteria"][0] == {"ac": "AC1", "text": "Every path is drawn", "checked": False}
    assert next(row for row in rows if row["story"] == "OR-02.3")["unknown"] == ["TD-77"]


def test_text_and_check(kbgen: Kbgen, orchard: Path) -> None:
    result = kbgen("trace", at=orchard)
    assert result.code == 0
    assert "Items that no story takes (4)" in result.out
    assert "- REC-02: Label every row of trees [listed by OR-02] (docs/debt/tech-debt.md)" in result.out
    assert kbgen("trace", "--check", at=orchard).code == 1
    assert kbgen("trace", "OR-02.1", "--check", at=orchard).code == 0


def test_an_item_a_story_and_neither(kbgen: Kbgen, orchard: Path) -> None:
    assert [row["story"] for row in kbgen("trace", "rec-01", "--format", "json", at=orchard).json] == ["OR-02.1"]
    assert {row["story"] for row in kbgen("trace", "OR-02", "--format", "json", at=orchard).json} >= {"OR-02.5", None}
    result = kbgen("trace", "TD-011", at=orchard)
    assert result.code == 2
    assert "TD-01" in result.err


def test_files_are_written_by_their_name(kbgen: Kbgen, orchard: Path, tmp_path: Path) -> None:
    for name, begin in (("t.csv", "gap,"), ("t.json", "["), ("t.md", "# Traceability")):
        assert kbgen("trace", "--output", tmp_path / name, at=orchard).out.startswith("written: ")
        assert (tmp_path / name).read_text("utf-8").startswith(begin)
    assert kbgen("trace", "--output", tmp_path / "t.md", at=orchard).out.startswith("unchanged: ")
    (tmp_path / "folder").mkdir()
    assert kbgen("trace", "--output", tmp_path / "folder", at=orchard).code == 2


def test_two_forms_are_one_too_many(kbgen: Kbgen, orchard: Path) -> None:
    assert kbgen("trace", "--as", "csv", "--format", "json", at=orchard).code == 2
