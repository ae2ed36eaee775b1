"""YAML as a flat list of scalars with their places: enough for front matter and status files, safe for any input.

Read from the parser's events, never constructed: no object is built, an alias is not followed (so an
alias bomb or a cycle costs nothing), depth and count are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MAX_SCALARS = 20_000
MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value: the keys that lead to it (an item of a list adds its place), its text and its 1-based line."""

    path: tuple[str, ...]
    value: str
    line: int


@dataclass(slots=True)
class _Frame:
    path: tuple[str, ...]
    is_map: bool
    key: str | None = None
    count: int = 0


def read_yaml(text: str, first_line: int = 1) -> tuple[tuple[Scalar, ...], tuple[str, ...]]:
    """(scalars, problems). Text that is no YAML is read line by line as ``key: value``, and a problem says so.

    Of a key given twice both values are listed; a reader that takes the first takes the one that stands first.
    """
    import yaml

    problems: list[str] = []
    # An alias is no scalar here, but a parser refuses some bombs with an error of its own: all are problems.
    loader: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    scalars: list[Scalar] = []
    try:
        _walk(yaml.parse(text, Loader=loader), scalars, problems, first_line)
    except yaml.MarkedYAMLError as error:
        line = (error.problem_mark.line if error.problem_mark else 0) + first_line
        problems.append(f"line {line}: not valid YAML ({error.problem or error.context}); read line by line")
        return _read_lines(text, first_line), tuple(problems)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problems.append(f"line {first_line}: not valid YAML ({type(error).__name__}); read line by line")
        return _read_lines(text, first_line), tuple(problems)
    return tuple(scalars), tuple(problems)


def _walk(events: Iterable[Any], scalars: list[Scalar], problems: list[str], first_line: int) -> None:
    import yaml

    stack: list[_Frame] = []
    seen: set[tuple[str, ...]] = set()
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            path = _take_path(stack)
            if len(stack) >= MAX_DEPTH:
                raise ValueError("nested too deep")
            stack.append(_Frame(path, isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
        elif isinstance(event, yaml.AliasEvent):
            if stack and stack[-1].is_map and stack[-1].key is None:
                stack[-1].key = f"*{event.anchor}"
            else:
                _take_path(stack)
        elif isinstance(event, yaml.ScalarEvent):
            line = (event.start_mark.line if event.start_mark else 0) + first_line
            frame = stack[-1] if stack else None
            if frame is not None and frame.is_map and frame.key is None:
                frame.key = str(event.value)
                path = (*frame.path, frame.key)
                if path in seen:
                    problems.append(f"line {line}: key {frame.key!r} is given twice; the first one counts")
                seen.add(path)
                continue
            if len(scalars) >= MAX_SCALARS:
                problems.append(f"line {line}: only the first {MAX_SCALARS:,} values were read")
                return
            scalars.append(Scalar(_take_path(stack), str(event.value), line))


def _take_path(stack: list[_Frame]) -> tuple[str, ...]:
    """Path of the value that comes now; moves the frame on to its next key or item."""
    if not stack:
        return ()
    frame = stack[-1]
    if frame.is_map:
        key, frame.key = frame.key, None
        # A mapping used as a key has no name to go by.
        return (*frame.path, key if key is not None else "?")
    frame.count += 1
    return (*frame.path, str(frame.count))


_LINE = re.compile(
    r"""^(?P<indent>\s*)(?:-\s+)?["']?(?P<key>[^\s"':#][^"':#]{0,200}?)["']?\s*:(?:\s+(?P<value>.*))?$"""
)


def _read_lines(text: str, first_line: int) -> tuple[Scalar, ...]:
    scalars: list[Scalar] = []
    parents: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), first_line):
        match = _LINE.match(line[:1000])
        if not match or len(scalars) >= MAX_SCALARS:
            continue
        indent = len(match["indent"])
        while parents and parents[-1][0] >= indent:
            parents.pop()
        value = re.sub(r"\s+#.*$", "", match["value"] or "").strip().strip("\"'")
        path = (*(key for _, key in parents), match["key"].strip())
        if value:
            scalars.append(Scalar(path, value, number))
        elif len(parents) < MAX_DEPTH:
            parents.append((indent, match["key"].strip()))
    return tuple(scalars)
