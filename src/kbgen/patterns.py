"""Regular expressions that are compiled at their first use.

kbgen has some three hundred of them, and one run needs few: compiling all while modules load would take longer than
most runs. `lazy` stands where `re.compile` would, and gives the methods of a compiled pattern that kbgen uses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, AnyStr, Generic


class LazyPattern(Generic[AnyStr]):
    """A pattern by its text. After the first call the methods are those of the compiled pattern itself."""

    search: Callable[..., re.Match[AnyStr] | None]
    match: Callable[..., re.Match[AnyStr] | None]
    fullmatch: Callable[..., re.Match[AnyStr] | None]
    finditer: Callable[..., Iterator[re.Match[AnyStr]]]
    findall: Callable[..., list[Any]]
    split: Callable[..., list[Any]]
    sub: Callable[..., AnyStr]
    subn: Callable[..., tuple[AnyStr, int]]

    def __init__(self, pattern: AnyStr, flags: int = 0) -> None:
        self._pattern: AnyStr = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        if name not in LazyPattern.__annotations__:
            raise AttributeError(name)
        compiled = re.compile(self._pattern, self._flags)
        for method in LazyPattern.__annotations__:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def lazy(pattern: AnyStr, flags: int = 0) -> LazyPattern[AnyStr]:
    """What `re.compile` takes, compiled when it is first used. A wrong pattern shows there; a test compiles all."""
    return LazyPattern(pattern, flags)
