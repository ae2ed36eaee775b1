"""What a repository's own ignore files leave out: a path among them may exist without being in any commit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kbgen.paths import translate_glob

_MOST_RULES = 2000


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """Rules in order, the deepest file's last; the last that matches decides (``man 5 gitignore``)."""

    rules: tuple[tuple[str, tuple[re.Pattern[str], ...], bool], ...]
    """(folder with a trailing ``/`` or empty, patterns for the path below it, whether it ignores)."""

    def is_ignored(self, path: str) -> bool:
        ignored = False
        for folder, patterns, ignores in self.rules:
            if path.startswith(folder) and any(p.fullmatch(path, len(folder)) for p in patterns):
                ignored = ignores
        return ignored


def read_ignores(texts: Mapping[str, str]) -> IgnoreRules:
    """The rules of every ignore file, by its path."""
    rules: list[tuple[str, tuple[re.Pattern[str], ...], bool]] = []
    for path in sorted(texts, key=lambda p: (p.count("/"), p)):
        folder = path.rpartition("/")[0]
        for line in texts[path].split("\n"):
            pattern = line.strip()
            if not pattern or pattern.startswith("#") or len(pattern) > 300 or len(rules) >= _MOST_RULES:
                continue
            ignores = not pattern.startswith("!")
            pattern = pattern.removeprefix("!").replace("\\", "")
            name = pattern.rstrip("/")
            if name:
                # What is below an ignored folder is ignored with it.
                patterns = (translate_glob(name), translate_glob(f"{name}/**" if "/" in name else f"**/{name}/**"))
                rules.append((f"{folder}/" if folder else "", patterns, ignores))
    return IgnoreRules(tuple(rules))
