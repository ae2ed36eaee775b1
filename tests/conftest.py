"""Fixtures that all tests share: an environment without this machine in it, and an empty repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import _sample, kbgen, project, sample  # noqa: F401
from tests.gitrepo import GitRepo
from tests.golden_files import pytest_addoption, update_golden  # noqa: F401


@pytest.fixture(autouse=True, scope="session")
def _isolated_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No configuration, cache, locale or time zone of the person who runs the tests reaches them."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("GIT_", "KBGEN_", "LC_"))]:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(home / name.lower()))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("TZ", "UTC")
        patch.setenv("LC_ALL", "C.UTF-8")
        yield


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """An empty repository in ``tmp_path/repo``."""
    return GitRepo(tmp_path / "repo")
