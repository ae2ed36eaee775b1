"""Each shipped rule finds what its bad sample marks and nothing in its good one: the real Semgrep says so, in one run.

A comment ``ruleid: ID`` stands on the line above a finding, ``ok: ID`` on the line above a place that must stay quiet.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from kbgen.pages.semgrep.page import TESTED
from kbgen.pages.semgrep.rules import parse_rules
from tests.semgrep.conftest import PROJECT, SHIPPED

SAMPLES = Path(__file__).parent / "samples"
RULE_FILES = sorted((SHIPPED / "rules").glob("*.yaml"))
RULES = parse_rules({path.name: path.read_text(encoding="utf-8") for path in RULE_FILES})
IDS = [rule.id for rule in RULES]
SUFFIXES = {"python": {"py"}, "typescript": {"ts", "tsx"}, "javascript": {"ts", "tsx"}}
MARK = re.compile(r"(?:#|//) (ruleid|ok): ([\w-]+)$")


@dataclass(frozen=True, slots=True)
class Scan:
    """What one run over all samples found: (rule, file below the samples, line)."""

    findings: frozenset[tuple[str, str, int]]
    scanned: frozenset[str]
    errors: tuple[str, ...]


def find_unsampled(rules: Iterable[str], samples: Path) -> list[str]:
    """The rules that lack a bad or a good sample."""
    return [rule for rule in rules if not all(list((samples / rule).glob(f"{name}.*")) for name in ("bad", "good"))]


def read_marks(kind: str, rule: str) -> set[tuple[str, int]]:
    """The (file, line) that a rule's own samples mark: the line after the comment."""
    return {
        (path.relative_to(SAMPLES).as_posix(), number + 1)
        for path in sorted((SAMPLES / rule).iterdir())
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (mark := MARK.search(line)) and mark.groups() == (kind, rule)
    }


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory, semgrep_environment: dict[str, str]) -> Scan:
    # Outside a folder named `tests`, which Semgrep and some of the rules leave out.
    folder = tmp_path_factory.mktemp("rules")
    shutil.copytree(SAMPLES, folder / "samples")
    done = subprocess.run(
        [
            "semgrep",
            "scan",
            "--config",
            str(SHIPPED / "rules"),
            "--json",
            "--metrics=off",
            "--disable-version-check",
            ".",
        ],
        cwd=folder / "samples",
        env=semgrep_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return Scan(
        findings=frozenset(
            (found["check_id"].rpartition(".")[2], found["path"].removeprefix("./"), found["start"]["line"])
            for found in answer["results"]
        ),
        scanned=frozenset(path.removeprefix("./") for path in answer["paths"]["scanned"]),
        errors=tuple(str(error.get("message")) for error in answer["errors"]),
    )


def test_every_rule_has_samples() -> None:
    assert find_unsampled(IDS, SAMPLES) == []


def test_a_rule_without_samples_is_noticed(tmp_path: Path) -> None:
    for rule, name in (("whole", "bad.py"), ("whole", "good.py"), ("half", "bad.ts")):
        (tmp_path / rule).mkdir(exist_ok=True)
        (tmp_path / rule / name).write_text("")
    assert find_unsampled(["whole", "half", "none"], tmp_path) == ["half", "none"]


def test_every_sample_belongs_to_a_rule() -> None:
    assert sorted(path.name for path in SAMPLES.iterdir()) == sorted(IDS)


def test_the_rules_that_the_epic_names() -> None:
    assert {"missing-await-on-async", "asyncmock-without-spec"} <= set(IDS)


@pytest.mark.parametrize("rule", IDS)
def test_samples_mark_findings_and_quiet_places(rule: str) -> None:
    bad, good = read_marks("ruleid", rule), read_marks("ok", rule)
    assert bad
    assert good
    assert {Path(file).stem for file, _ in bad} == {"bad"}
    assert {Path(file).stem for file, _ in good} == {"good"}


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_samples_are_in_a_language_of_the_rule(rule: Any) -> None:
    suffixes = {suffix for language in rule.languages for suffix in SUFFIXES[language]}
    assert {path.suffix[1:] for path in (SAMPLES / rule.id).iterdir()} <= suffixes


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_rules_say_what_a_reader_needs(path: Path) -> None:
    for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]:
        metadata = rule["metadata"]
        assert rule["patterns"], rule["id"]
        assert metadata["kbgen-default"] == ("block" if rule["severity"] == "ERROR" else "warn"), rule["id"]
        assert metadata["category"] in {"correctness", "performance", "security"}, rule["id"]
        assert metadata["confidence"] in {"HIGH", "MEDIUM"}, rule["id"]
        assert metadata["why"], rule["id"]
        assert metadata["finds"].endswith("."), rule["id"]
        assert metadata["references"], rule["id"]
        assert all(address.startswith("https://") for address in metadata["references"]), rule["id"]


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_messages_hold_no_dollar_that_a_finding_would_fill_in(rule: Any) -> None:
    """`$1` in a message is replaced by what a pattern's first group found, and each answer is a finding of its own."""
    assert not re.search(r"\$\d", rule.message)


def test_the_version_that_pages_name_is_the_one_that_is_run() -> None:
    pins = (PROJECT / "constraints-semgrep.txt").read_text(encoding="utf-8").splitlines()
    assert f"semgrep=={TESTED}" in pins
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)


def test_semgrep_reads_every_rule_and_sample(scan: Scan) -> None:
    assert scan.errors == ()
    assert scan.scanned == {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*.*")}


@pytest.mark.parametrize("rule", IDS)
def test_the_rule_finds_what_is_marked_and_nothing_else(rule: str, scan: Scan) -> None:
    found = {(file, line) for name, file, line in scan.findings if name == rule and file.startswith(f"{rule}/")}
    assert found == read_marks("ruleid", rule)


def test_good_samples_are_quiet_under_every_rule(scan: Scan) -> None:
    assert sorted(finding for finding in scan.findings if Path(finding[1]).stem == "good") == []


def test_the_folder_as_a_repository_has_it_is_a_configuration(
    tmp_path: Path, semgrep_environment: dict[str, str]
) -> None:
    """`--config .semgrep/` reads the hidden file too, which must be a rule file, and rules of the project's own."""
    shutil.copytree(SHIPPED / "rules", tmp_path / ".semgrep" / "rules")
    shutil.copy(SHIPPED / "semgrep.yaml", tmp_path / ".semgrep" / ".semgrep.yaml")
    shutil.copy(SHIPPED / "pre-commit.sh", tmp_path / ".semgrep" / "pre-commit.sh")
    # The example that the file itself gives.
    text = (SHIPPED / "semgrep.yaml").read_text(encoding="utf-8")
    own = re.sub(r"(?m)^# {0,3}", "", text[text.index("#   rules:") : text.index("rules: []")])
    (tmp_path / ".semgrep" / "rules" / "own.yaml").write_text(own)
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "job.py").write_text("print(1)\n")
    done = subprocess.run(
        ["semgrep", "scan", "--config", ".semgrep/", "--json", "--metrics=off", "--disable-version-check", "."],
        cwd=tmp_path,
        env=semgrep_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["errors"] == []
    assert [found["check_id"].rpartition(".")[2] for found in answer["results"]] == ["no-print-in-services"]
