"""Golden files: text that a test compares with what the code gives, refreshed by ``pytest --update-golden``.

`tests/conftest.py` makes the option known by importing two names, nothing else:

    from tests.golden_files import pytest_addoption, update_golden  # noqa: F401

A test asks for the fixture `update_golden` and hands it to `check_golden`. Read the diff after an update.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files instead of comparing them")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written. Refused in CI, where nobody would read the diff."""
    wanted = bool(request.config.getoption("--update-golden", default=False))
    if wanted and os.environ.get("CI"):
        pytest.fail("--update-golden is refused in CI: update where the diff can be read")
    return wanted


def check_golden(path: Path, text: str, update: bool) -> None:
    """Compare `text` with the file, or write it with `update`. A missing file is a failure that says how to make it."""
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
        return
    if not path.exists():
        pytest.fail(f"{path.name} does not exist yet: run pytest --update-golden and read it")
    assert text == path.read_text("utf-8")
