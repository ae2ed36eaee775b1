"""output/sample shows what the sample gives now, not what it once gave."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "refresh_sample_output.py"


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("refresh_sample_output", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = load_script()


@pytest.fixture(scope="module")
def fresh() -> Mapping[str, bytes]:
    found: Mapping[str, bytes] = script.build_sample_output()
    return found


def test_it_is_current(fresh: Mapping[str, bytes]) -> None:
    kept = script.read_sample_output()
    assert list(kept) == list(fresh), "run: python scripts/refresh_sample_output.py"
    for path, content in fresh.items():
        assert kept[path].decode() == content.decode(), f"{path}: run python scripts/refresh_sample_output.py"


def test_it_holds_notes_records_and_the_list(fresh: Mapping[str, bytes]) -> None:
    assert sum(b"kbgen:begin implementation-notes" in content for content in fresh.values()) == 8
    assert json.loads(fresh["show-DM-01.6.json"])["story"] == "DM-01.6"
    assert b"DM-02.10" in fresh["stories.txt"]


def test_nothing_of_this_machine_is_in_it(fresh: Mapping[str, bytes]) -> None:
    home = str(Path.home()).encode()
    for path, content in fresh.items():
        assert b"/tmp/" not in content, path
        assert home not in content or home == b"/", path


def test_check_names_what_is_stale_and_a_refresh_mends_it(
    fresh: Mapping[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "build_sample_output", lambda: fresh)
    assert script.main([], tmp_path) == 0
    assert script.read_sample_output(tmp_path) == fresh
    (tmp_path / "stories.txt").write_text("old\n")
    (tmp_path / "left-over.md").write_text("old\n")
    capsys.readouterr()
    assert script.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out.splitlines() == ["stale: left-over.md", "stale: stories.txt"]
    assert script.main([], tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == ["removed: left-over.md", "written: stories.txt"]
    assert script.read_sample_output(tmp_path) == fresh
