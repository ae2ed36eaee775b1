"""The reference tools, or a skip that says what is missing."""

from __future__ import annotations

import pytest

from tests.browser.reference import Reference, find_reference
from tests.needs import require_or_skip


@pytest.fixture(scope="session")
def mermaid_js() -> Reference:
    """Enough for `Reference.parse`."""
    found = find_reference()
    if isinstance(found, str):
        require_or_skip("browser", found)
    return found


@pytest.fixture(scope="session")
def chromium(mermaid_js: Reference) -> Reference:
    if not mermaid_js.chromium:
        require_or_skip("browser", "Chromium is not installed (KBGEN_CHROMIUM names it)")
    return mermaid_js
