"""Every command in the README runs, every quoted line is real output, and its tables are those of the code."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from kbgen.config import describe_options
from tests.commands import Kbgen

TOP = Path(__file__).parents[1]
README = (TOP / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line.partition("  #")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()]
QUOTES = re.findall(r"<!-- (before|after): (\S+) -->\n```markdown\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def run_git(arguments: list[str], folder: Path) -> None:
    environment = {"GIT_PAGER": "cat", "PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(folder)}
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env=environment)


def test_every_command_is_of_a_kind_that_is_run() -> None:
    assert len(COMMANDS) >= 12
    known = {"make", "git", "kbgen", ".venv/bin/kbgen", "cd", "python3"}
    assert {shlex.split(command)[0] for command in COMMANDS} <= known
    # A command in any other kind of block would slip through.
    assert set(re.findall(r"^```(\S+)", README, re.MULTILINE)) == {"sh", "markdown"}


@pytest.mark.parametrize("target", sorted({c.split()[1] for c in COMMANDS if c.startswith("make ")}))
def test_make_targets(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=TOP, capture_output=True, text=True, check=True)
    assert "kbgen demo --force demo" in done.stdout if target == "demo" else "pytest" in done.stdout


def test_the_package_installs_the_command() -> None:
    """`pip install PATH` itself needs the network for what the package rests on; `make demo` does it for real."""
    (install,) = [command for command in COMMANDS if "pip" in command]
    assert install == "python3 -m pip install /path/to/kbgen"
    assert tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["scripts"] == {"kbgen": "kbgen.cli:main"}


def test_the_demo_and_the_commands_after_it(kbgen: Kbgen, tmp_path: Path) -> None:
    assert kbgen("demo", "--force", "demo", at=tmp_path).code == 0
    ran = 0
    for command in COMMANDS:
        words = shlex.split(command)
        if words[:3] == ["git", "-C", "demo"]:
            run_git(words[1:], tmp_path)
        elif words[0] == ".venv/bin/kbgen":
            result = kbgen(*words[1:], at=tmp_path)
            assert (result.code, result.err) == (0, ""), command
            assert result.out
        else:
            continue
        ran += 1
    assert ran == 6


def test_the_commands_for_ones_own_repository(kbgen: Kbgen, sample: Path) -> None:
    ran = 0
    for command in COMMANDS:
        words = shlex.split(command)
        if words == ["git", "diff"]:
            run_git(words[1:], sample)
        elif words[0] == "kbgen" and "--install-completion" not in words:
            result = kbgen(*words[1:], at=sample)
            assert (result.code, result.err) == (0, ""), command
            ran += 1
    assert ran == 6
    assert kbgen("backfill", "--refresh", "--check", at=sample).out == "0 stale, 3 unchanged, 0 left out\n"


def test_completion_installs(tmp_path: Path) -> None:
    assert "kbgen --install-completion" in COMMANDS
    if shutil.which("bash") is None:
        pytest.skip("no bash on this system")
    done = subprocess.run(
        [sys.executable, "-m", "kbgen", "--install-completion", "bash"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "SHELL": "/bin/bash"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "_KBGEN_COMPLETE" in "".join(p.read_text() for p in tmp_path.rglob("*") if p.is_file())


def test_before_and_after_are_the_samples_own_lines(kbgen: Kbgen, sample: Path) -> None:
    assert len(QUOTES) == 3
    before = {path: (sample / path).read_text(encoding="utf-8") for _, path, _ in QUOTES}
    assert kbgen("backfill", "DM-01.6..DM-01.8", at=sample).code == 0
    for kind, path, text in QUOTES:
        written = (sample / path).read_text(encoding="utf-8")
        real = before[path] if kind == "before" else written[written.index("<!-- kbgen:begin") :]
        places = []
        for line in text.splitlines():
            if line != "…":
                assert f"\n{line}\n" in real, f"{path} does not say: {line}"
                places.append(real.index(f"\n{line}\n"))
        assert places == sorted(places)


def test_the_table_of_options() -> None:
    rows = [f"| `{o.key}` | {o.type} | `{o.default}` | {o.help} |" for o in describe_options()]
    table = "| option | value | default | |\n|---|---|---|---|\n" + "\n".join(rows) + "\n<!-- /options -->"
    assert table in README, f"put this into the README:\n{table}"


def test_every_command_and_option_of_the_program_is_named(kbgen: Kbgen, tmp_path: Path) -> None:
    usage = kbgen("--help", at=tmp_path).out
    commands = re.findall(r"^  ([a-z]+) {2,}", usage[usage.index("Commands:") :], re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        assert f"| `kbgen {command}" in README
        for option in re.findall(
            r"^ +(?:-\w, )?(--[a-z-]+|-C)", kbgen(command, "--help", at=tmp_path).out, re.MULTILINE
        ):
            assert option in README or option == "--help", f"{command} {option}"


def test_exit_codes() -> None:
    assert re.findall(r"^\| (\d+) \| ", README, re.MULTILINE) == ["0", "1", "2", "3", "130"]


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (TOP / target).exists(), target
