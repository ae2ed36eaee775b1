"""The `kbgen.yaml` that `init` writes says what was found, and changes nothing, commented out or not."""

from __future__ import annotations

import re
from pathlib import Path

from kbgen.adapters.yaml_file import read_yaml_with_lines
from kbgen.config import Config, IdsConfig, describe_options, load_config
from tests.commands import Kbgen

OPTION = re.compile(r"^#(?=[a-z])", re.MULTILINE)


def load(text: str) -> Config:
    return load_config(read_yaml_with_lines(text, "kbgen.yaml"))


def test_every_option_is_there_and_valid_when_uncommented(kbgen: Kbgen, sample: Path) -> None:
    assert kbgen("init", at=sample).code == 0
    text = (sample / "kbgen.yaml").read_text()
    assert load(text) == Config()
    active = OPTION.sub("", text)
    assert re.findall(r"^([a-z_.]+): ", active, re.MULTILINE) == [option.key for option in describe_options()]
    assert load(active) == Config(ids=IdsConfig(prefixes=("DM",)))
    for option in describe_options():
        # One line at a time as well: no line needs another one.
        load(re.sub(rf"^#(?={re.escape(option.key)}:)", "", text, flags=re.MULTILINE))
        assert f"# {option.help} ({option.type})\n#{option.key}: " in text


def test_the_uncommented_file_changes_no_answer(kbgen: Kbgen, sample: Path) -> None:
    commands = (
        ("stories", "--unlinked"),
        ("show", "DM-01.6"),
        ("show", "02-5"),
        ("backfill", "--all", "--diff", "--dry-run"),
    )
    before = [kbgen(*command, "--format", "json", at=sample).out for command in commands]
    kbgen("init", at=sample)
    config = sample / "kbgen.yaml"
    config.write_text(OPTION.sub("", config.read_text()))
    assert [kbgen(*command, "--format", "json", at=sample).out for command in commands] == before


def test_it_says_what_was_found(kbgen: Kbgen, sample: Path) -> None:
    kbgen("init", at=sample)
    text = (sample / "kbgen.yaml").read_text()
    assert "24 stories and 57 commits." in text
    assert "#   story: 20 files in docs/stories/\n" in text
    assert "#   epic: 1 file in docs/lockers/epics/\n" in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\n\n\n" not in text


def test_the_same_file_every_time(kbgen: Kbgen, sample: Path) -> None:
    kbgen("init", at=sample)
    first = (sample / "kbgen.yaml").read_bytes()
    kbgen("init", "--force", at=sample)
    assert (sample / "kbgen.yaml").read_bytes() == first
