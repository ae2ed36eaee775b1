"""The notes of the sample project, word for word, and the same bytes on every machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kbgen.wiring import make_demo
from tests.commands import Kbgen, list_files, spawn
from tests.golden_files import FOLDER, check_golden

GOLDEN = FOLDER / "notes_sample"
STORIES = "docs/stories"
CRLF = "dm-01-8-hold-banner.md"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "yard"
    make_demo(folder, force=False, quiet=True)
    return folder


@pytest.fixture(scope="module")
def noted(demo: Path) -> dict[str, bytes]:
    """Story files with notes of ours, by name."""
    files = {path.name: path.read_bytes() for path in sorted((demo / STORIES).iterdir())}
    return {name: content for name, content in files.items() if b"kbgen:begin" in content}


def test_the_eight_stories_are_noted_and_nothing_else_changed(demo: Path, noted: dict[str, bytes]) -> None:
    assert list(noted) == [
        "dm-01-6-carrier-rules.md",
        "dm-01-7-load-gauge.md",
        CRLF,
        "dm-02-5-yard-gateway-agent.md",
        "dm-02-6-agent-cards.md",
        "dm-02-7-claims-approval.md",
        "dm-02-8-loading-plans.md",
        "dm-02-9-health-probes.md",
    ]
    changed = spawn("stories", "--format", "json", at=demo).json
    assert sorted(row["story"] for row in changed if row["notes"] == "kbgen") == [
        *("DM-01.6", "DM-01.7", "DM-01.8"),
        *("DM-02.5", "DM-02.6", "DM-02.7", "DM-02.8", "DM-02.9"),
    ]


def test_notes_are_as_recorded(noted: dict[str, bytes], update_golden: bool) -> None:
    if update_golden:
        shutil.rmtree(GOLDEN, ignore_errors=True)
    for name, content in noted.items():
        check_golden(GOLDEN / name, content.decode().replace("\r\n", "\n"), update_golden)
    assert [path.name for path in sorted(GOLDEN.iterdir())] == list(noted)


def test_a_file_with_crlf_gets_notes_with_crlf(noted: dict[str, bytes]) -> None:
    assert noted[CRLF].count(b"\r\n") == noted[CRLF].count(b"\n") > 50
    assert all(b"\r" not in content for name, content in noted.items() if name != CRLF)


@pytest.mark.parametrize("forget", [False, True], ids=["kept", "computed anew"])
def test_a_second_run_changes_no_byte(demo: Path, tmp_path: Path, kbgen: Kbgen, forget: bool) -> None:
    copy = Path(shutil.copytree(demo, tmp_path / "copy", symlinks=True))
    if forget:
        shutil.rmtree(copy / ".git" / "kbgen")
    before = list_files(copy)
    report = kbgen("backfill", "DM-01.6..DM-01.8", "DM-02.5..DM-02.9", "--format", "json", at=copy).json
    assert (report["written"], len(report["unchanged"])) == ([], 8)
    assert list_files(copy) == before


@pytest.mark.parametrize(
    "environment",
    [
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "1"},
        {"TZ": "America/St_Johns", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONHASHSEED": "4242", "COLUMNS": "20"},
    ],
    ids=["east", "west"],
)
def test_another_machine_writes_the_same_bytes(demo: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """Another time zone, locale, hash seed, working folder and place of the project."""
    elsewhere = tmp_path / "some where"
    elsewhere.mkdir()
    made = spawn("demo", "yard 2", "--quiet", at=elsewhere, environment=environment)
    assert (made.code, made.err) == (0, "")
    assert list_files(elsewhere / "yard 2") == list_files(demo)
