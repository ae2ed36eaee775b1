"""A missing tool is a skip for a person and a failure in CI."""

from __future__ import annotations

import pytest

from tests import needs


def test_a_missing_tool_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "_ENVIRONMENT", {"KBGEN_REQUIRE_OTHER": "1"})
    with pytest.raises(pytest.skip.Exception, match="no such browser"):
        needs.require_or_skip("browser", "no such browser")


def test_a_missing_tool_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "_ENVIRONMENT", {"KBGEN_REQUIRE_BROWSER": "1"})
    with pytest.raises(pytest.fail.Exception, match=r"no such browser.*KBGEN_REQUIRE_BROWSER=1"):
        needs.require_or_skip("browser", "no such browser")
