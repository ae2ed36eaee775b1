"""Every lazy pattern of the package compiles: a wrong one must not wait for the day it is used."""

from __future__ import annotations

import importlib
import pkgutil
import re

import kbgen
from kbgen.patterns import LazyPattern, lazy


def list_patterns() -> list[tuple[str, LazyPattern[str] | LazyPattern[bytes]]]:
    found = []
    for module in pkgutil.walk_packages(kbgen.__path__, "kbgen."):
        if module.name == "kbgen.__main__":
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, LazyPattern):
                found.append((f"{module.name}.{name}", value))
    return found


def test_every_pattern_compiles() -> None:
    patterns = list_patterns()
    assert len(patterns) > 50
    for name, pattern in patterns:
        assert callable(pattern.search), name


def test_a_lazy_pattern_answers_as_the_compiled_one() -> None:
    pattern = lazy(r"(?P<word>a+)b", re.IGNORECASE)
    found = pattern.search("xxAAb")
    assert found is not None
    assert found["word"] == "AA"
    assert pattern.match("xxAAb", 2) is not None
    assert pattern.sub("-", "ab aab") == "- -"
    assert [m[0] for m in pattern.finditer("ab aab")] == ["ab", "aab"]
    assert lazy(rb"a").findall(b"aa") == [b"a", b"a"]
