"""The real Semgrep, or the reason why it is not there; its settings and logs stay in the tests' own folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.needs import get_setting, require_or_skip

PROJECT = Path(__file__).parents[2]
SHIPPED = PROJECT / "src" / "kbgen" / "semgrep"


def find_semgrep() -> Path | None:
    """`KBGEN_SEMGREP` when set, else the one that ``make test`` installs, else the one on PATH."""
    named = get_setting("KBGEN_SEMGREP")
    candidates = (
        [named] if named else [str(PROJECT / ".venv-semgrep" / "bin" / "semgrep"), shutil.which("semgrep") or ""]
    )
    return next((Path(candidate) for candidate in candidates if candidate and Path(candidate).is_file()), None)


@pytest.fixture(scope="session")
def semgrep_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the real Semgrep is `semgrep`, and writes nowhere but into the tests' own folder."""
    program = find_semgrep()
    if program is None:
        require_or_skip("semgrep", "Semgrep is not installed (`make test` does it; KBGEN_SEMGREP names one)")
    home = tmp_path_factory.mktemp("semgrep")
    environment = {
        **os.environ,
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "SEMGREP_SETTINGS_FILE": str(home / "settings.yml"),
        "SEMGREP_LOG_FILE": str(home / "semgrep.log"),
        "SEMGREP_VERSION_CACHE_PATH": str(home / "version"),
        # Even `--version` asks the network for a newer one, and waits where there is none.
        "SEMGREP_ENABLE_VERSION_CHECK": "0",
        "SEMGREP_SEND_METRICS": "off",
    }
    started = subprocess.run(["semgrep", "--version"], env=environment, capture_output=True, text=True, check=False)
    if started.returncode != 0:
        require_or_skip("semgrep", f"{program} does not start: {started.stderr.strip()[-200:]}")
    return environment
