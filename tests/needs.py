"""What a test needs that pip cannot bring: it is skipped without, and fails where ``KBGEN_REQUIRE_<NEED>=1`` says so.

CI sets the flag after it has installed the thing, so that a check which stopped running is no green check.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

_ENVIRONMENT = dict(os.environ)
"""As it was before `tests/conftest.py` took this machine out of it."""


def get_setting(name: str) -> str:
    """A variable of the person who runs the tests, ``""`` when unset."""
    return _ENVIRONMENT.get(name, "")


def require_or_skip(need: str, reason: str) -> NoReturn:
    """Skip the test for want of `need` (``browser``), or fail it when the environment says that it must run."""
    flag = f"KBGEN_REQUIRE_{need.upper()}"
    if get_setting(flag) == "1":
        pytest.fail(f"{reason} ({flag}=1, so this is no reason to skip)", pytrace=False)
    pytest.skip(reason)
