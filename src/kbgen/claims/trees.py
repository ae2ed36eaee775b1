"""Folders drawn as trees in a code block: each leaf as the path that it stands for."""

from __future__ import annotations

from dataclasses import dataclass

from kbgen.patterns import lazy

_BRANCH = lazy(r"^(?P<indent>[\s│|]*)(?P<branch>[├└+`|]\s*(?:──|--)[─-]*\s*)(?P<name>[^\s#]\S*)")
_ROOT = lazy(r"^\s*(?P<name>[\w.@()\[\]~+-]+(?:/[\w.@()\[\]~+-]+)*/)\s*(?:[#←(].*)?\Z")
_MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Leaf:
    path: str
    """With the tree's root in front, as drawn; folders end with ``/``."""
    offset: int
    """Of the name in the block."""


def read_tree(text: str) -> tuple[Leaf, ...]:
    """Every name in a drawing with ``├──`` and ``└──``; () for any other text."""
    if "──" not in text and "|--" not in text and "+--" not in text:
        return ()
    found: list[Leaf] = []
    stack: list[tuple[int, str]] = []
    root = ""
    offset = 0
    branches = 0
    for line in text.split("\n"):
        match = _BRANCH.match(line[:2000])
        if match:
            branches += 1
            column = match.start("branch")
            while stack and stack[-1][0] >= column:
                stack.pop()
            name = match["name"]
            path = root + "".join(part for _, part in stack) + name
            found.append(Leaf(path, offset + match.start("name")))
            if name.endswith("/") and len(stack) < _MAX_DEPTH:
                stack.append((column, name))
        elif opening := _ROOT.match(line[:2000]):
            root, stack = opening["name"], []
            root = "" if root in ("./", "../") else root
        offset += len(line) + 1
    return tuple(found) if branches >= 2 else ()
