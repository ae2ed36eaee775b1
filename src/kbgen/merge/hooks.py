"""Which systems run a project's Git hooks, and our lines in a husky script. kbgen touches only what is there."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kbgen.merge.base import DEFAULT, Manner, MergeError, drop_block, put_block, read_own
from kbgen.patterns import lazy
from kbgen.splice.scan import Line, split_lines

HUSKY_SCRIPT = ".husky/pre-commit"
PRE_COMMIT_CONFIG = ".pre-commit-config.yaml"
"""pre-commit reads no other spelling of the name."""
_FILES = (
    ("lefthook", r"(?:\.config/)?\.?lefthook(?:-local)?\.(?:ya?ml|toml|json)"),
    ("husky 4", r"\.huskyrc(?:\.[a-z]+)?|husky\.config\.[a-z]+"),
    ("simple-git-hooks", r"\.?simple-git-hooks\.(?:[cm]?js|json)"),
    ("lint-staged", r"\.lintstagedrc(?:\.[a-z]+)?|lint-staged\.config\.[a-z]+"),
    ("overcommit", r"\.overcommit\.yml"),
)
_PACKAGE_KEYS = (
    ("husky 4", "husky"),
    ("simple-git-hooks", "simple-git-hooks"),
    ("lint-staged", "lint-staged"),
    ("lefthook", "lefthook"),
    ("yorkie", "gitHooks"),
)
_SHELLS = frozenset(("sh", "bash", "dash", "ash", "zsh", "ksh"))
_SHEBANG = lazy(r"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+)*)?(?:\S*/)?([\w.-]+)")
_HUSKY_LINE = lazy(r"""(?:\.|source)\s+.*husky\.sh["']?\s*$""")
_HEADER = lazy(r"#|(?:\.|source)\s.*husky\.sh|set\s+[-+]")
_FAREWELL = lazy(r"(?:echo|printf)\s(?!.*\$[(?])[^|&;<>`]*(?:1?>&2)?\s*$|(?:echo|true|:)\s*$")
_LEAVE = lazy(r"exit(?:\s+\S+)?\s*;?\s*$|exec\s+(?![0-9]*[<>])\S")
_PREVIOUS_STATUS = lazy(r"""exit\s+["']?\$(?:\?|\{\?\})""")
_GOES_ON = ("\\", "|", "&", "{", "(", "do", "then", "else", "in")


@dataclass(frozen=True, slots=True)
class HookSystem:
    name: str
    """``husky``, ``pre-commit``, or one that is only reported: ``lefthook``, ``husky 4``, ``lint-staged`` …"""
    path: str
    """The file that says so."""
    is_written: bool
    """Whether kbgen adds its hook there."""


def detect_hook_systems(entries: Collection[str], texts: Mapping[str, str]) -> tuple[HookSystem, ...]:
    """The systems of the project's top folder, those that kbgen writes to first.

    `entries` are the repository's paths; `texts` has the text of the top ``package.json`` where there is one. A text
    that is no JSON names no system.
    """
    found: dict[str, HookSystem] = {}
    if any(entry.startswith(".husky/") and not entry.startswith(".husky/_/") for entry in entries):
        found["husky"] = HookSystem("husky", HUSKY_SCRIPT, True)
    if PRE_COMMIT_CONFIG in entries:
        found["pre-commit"] = HookSystem("pre-commit", PRE_COMMIT_CONFIG, True)
    top = sorted(entry for entry in entries if entry.count("/") < 2)
    for name, pattern in _FILES:
        for entry in filter(lazy(pattern).fullmatch, top):
            found.setdefault(name, HookSystem(name, entry, False))
    package = _read_package(texts.get("package.json", ""))
    for name, key in _PACKAGE_KEYS:
        if isinstance(package.get(key), (dict, list)) and package[key]:
            found.setdefault(name, HookSystem(name, "package.json", False))
    return tuple(sorted(found.values(), key=lambda system: (not system.is_written, system.name)))


def merge_husky(
    content: bytes | None,
    block: str,
    command: str,
    *,
    sample: bytes | None = None,
    already: Collection[str] = (),
    manner: Manner = DEFAULT,
) -> bytes | None:
    """The script ``.husky/pre-commit`` with `command` as managed block; None when nothing is to be done.

    `command` is shell text; what shall stop the commit must end the script itself (``… || exit 1``), for not every
    script runs with ``set -e``. Nothing is done when the script has the command already, or a line of it, no comment,
    has one of the words `already`. The block goes in front of the farewell: the ``echo``, ``exit`` and ``exec`` at the
    end. No script: None, or with `sample`, another script of the folder, a new one with the same first lines. That
    the file is executable is up to the one who writes it. Raises MergeError for a script in another language.
    """
    if content is None:
        if sample is None:
            return None
        content = _take_header(sample, manner)
    own = read_own(content, block, "hash", manner)
    lines = split_lines(own, manner.path)
    _require_shell(lines, manner, command)
    if _has_command(lines, command) or any(_calls(line, word) for line in lines for word in already):
        return drop_block(content, block, "hash", manner)
    return put_block(content, block, command, lambda: _find_place(lines, len(own)), style="hash", manner=manner)


def _read_package(text: str) -> dict[str, object]:
    try:
        package = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return package if isinstance(package, dict) else {}


def _take_header(sample: bytes, manner: Manner) -> bytes:
    """Shebang and husky's own line of another script, as far as they stand at the top."""
    lines = split_lines(sample, manner.path)
    kept = 0
    for line in lines:
        if (line.number == 1 and line.text.startswith("#!")) or _HUSKY_LINE.match(line.text):
            kept = line.number
        elif line.text.strip() and not line.text.startswith("#"):
            break
    header = [line.text for line in lines[:kept]]
    return "".join(f"{text}\n" for text in header).encode()


def _require_shell(lines: list[Line], manner: Manner, command: str) -> None:
    shebang = _SHEBANG.match(lines[0].text) if lines else None
    if shebang is not None and shebang[1] not in _SHELLS:
        raise MergeError(
            f"{manner.where}:1: the hook is a script for {shebang[1]}, no shell script",
            f"have it run this by hand: {command}",
        )


def _has_command(lines: list[Line], command: str) -> bool:
    wanted = [" ".join(line.split()) for line in command.splitlines() if _is_code(line)]
    there = [" ".join(line.text.split()) for line in lines if _is_code(line.text)]
    size = len(wanted)
    return bool(wanted) and any(there[at : at + size] == wanted for at in range(len(there) - size + 1))


def _calls(line: Line, word: str) -> bool:
    return _is_code(line.text) and not _FAREWELL.match(line.text.strip()) and word in line.text


def _is_code(text: str) -> bool:
    return bool(text.strip()) and not text.lstrip().startswith("#")


def _find_place(lines: list[Line], size: int) -> int:
    """Offset of the farewell at the end of the script, with the comment right above it, or the end of the file."""
    first = len(lines)
    for index in range(len(lines) - 1, -1, -1):
        text = lines[index].text
        if not text.strip() or (text.startswith("#") and not text.startswith("#!")):
            continue
        is_farewell = bool(_FAREWELL.match(text) or _LEAVE.match(text)) and _is_whole(text)
        if not is_farewell or _goes_on(lines, index):
            break
        if _PREVIOUS_STATUS.match(text):
            # What runs in front of it decides the status: ours goes to the top instead.
            return _find_top(lines, size)
        first = index
    while first < len(lines) and first > 1 and lines[first - 1].text.startswith("#"):
        first -= 1
    return lines[first].start if first < len(lines) else size


def _find_top(lines: list[Line], size: int) -> int:
    """Behind shebang, comments, husky's own line and ``set``."""
    kept = 0
    for line in lines:
        if line.text.strip():
            if not _HEADER.match(line.text):
                break
            kept = line.number
    return lines[kept].start if kept < len(lines) else size


def _is_whole(text: str) -> bool:
    """Whether its quotes are closed: else the line is part of a longer text."""
    import shlex

    try:
        shlex.split(text)
    except ValueError:
        return False
    return True


def _goes_on(lines: list[Line], index: int) -> bool:
    """Whether the line above does not end its command, or the line itself stands within something."""
    above = next((line.text.rstrip() for line in reversed(lines[:index]) if _is_code(line.text)), "")
    return bool(above) and any(
        above.endswith(sign) if not sign.isalpha() else above.split()[-1] == sign for sign in _GOES_ON
    )
