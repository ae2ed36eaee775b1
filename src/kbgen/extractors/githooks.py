"""Facts of Git hook scripts written for a shell: ``.husky/pre-commit``, ``.githooks/commit-msg``.

``hook_command``
    One command that the hook runs. `name` the hook, `value` the command as written, in one line. [shell: what the
    first line names, else ``sh``; if: the conditions around it, ``else`` in front of one for its other branch, joined
    by ``;``]

What only prints, sets a variable, ends the script, or stands in a test is no command; nor is what a function, a
``case`` or a here document holds, or what runs only when a command failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kbgen.extractors.base import shorten, sort_facts
from kbgen.extractors.lines import read_lines
from kbgen.extractors.nodes import keep_attrs
from kbgen.extractors.variables import VALUE_LIMIT, hide_credentials
from kbgen.model import Fact, FileFacts, SourceFile
from kbgen.patterns import LazyPattern

SUFFIXES: tuple[str, ...] = ()
VERSION = "githook-1"

_SHEBANG = LazyPattern(r"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+)*)?(?:\S*/)?([\w.-]+)")
_SHELLS = frozenset(("sh", "bash", "dash", "ash", "zsh", "ksh"))
_SILENT = LazyPattern(
    r"(?:echo|printf|set|exit|return|trap|unset|local|readonly|shift|true|false|break|continue|cd|:|\.|source)(?![\w-])|cat\s+<<"
    r"|(?:export\s+)?[A-Za-z_]\w*\+?=(?:\S*|\"[^\"]*\"|'[^']*'|\$\(.*\)|`[^`]*`)$"
)
_IF = LazyPattern(r"if\s+(.+?)\s*;?\s*(?:\bthen\b\s*(.*))?$")
_ELIF = LazyPattern(r"elif\s+(.+?)\s*;?\s*(?:\bthen\b\s*(.*))?$")
_LOOP = LazyPattern(r"(?:for|while|until|select)\s")
_FUNCTION = LazyPattern(r"(?:function\s+)?[\w-]+\s*\(\s*\)\s*\{?$|function\s+[\w-]+\s*\{?$")
_HERE = LazyPattern(r"<<-?\s*[\"']?([A-Za-z_]\w*)[\"']?")
_CASE = LazyPattern(r"case\s.*\sin\b(?!.*\besac$)")
_CLOSING = LazyPattern(r"(?:then|do|else|\{)$|(?:done|fi|\})(?![\w-])")
_OPENS = LazyPattern(r"(?:\|\|\s*|&&\s*)?\{$")
_TEXT_LINES = 50
"""A text in quotes that goes on for longer is a quote of another kind."""


def extract(source: SourceFile) -> FileFacts:
    lines, skipped = read_lines(source)
    shebang = _SHEBANG.match(lines[0]) if lines else None
    shell = shebang[1] if shebang is not None else "sh"
    if shell not in _SHELLS:
        return FileFacts(source.path, source.blob, (), skipped)
    hook = source.path.rpartition("/")[2]
    facts = [
        Fact("hook_command", hook, source.path, number, command, "", "", keep_attrs(("shell", shell), ("if", around)))
        for number, command, around in _read_commands(lines)
    ]
    return FileFacts(source.path, source.blob, sort_facts(facts), skipped)


def _read_commands(lines: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """(line, command, conditions around it) of each command, in the order of the script."""
    around: list[str] = []
    braces = 0
    for number, line in _join_lines(lines):
        if braces:
            # Of a function, or of what runs when a command failed.
            braces += line.endswith("{") - line.startswith("}")
            continue
        if _CLOSING.match(line):
            _turn(around, line)
            continue
        if _FUNCTION.match(line):
            braces = 1
            continue
        branch = _IF.match(line)
        other = _ELIF.match(line) if branch is None else None
        if branch is not None:
            around.append(branch[1])
            line = branch[2] or ""
        elif other is not None:
            around[-1:] = [other[1]]
            line = other[2] or ""
        elif _LOOP.match(line):
            continue
        if opening := _OPENS.search(line):
            braces = 1
            line = line[: opening.start()].rstrip()
        if line.endswith("fi") and branch is not None:
            line = line.removesuffix("fi").rstrip(" ;")
            ends = True
        else:
            ends = False
        if line and not _SILENT.match(line):
            shown = "; ".join(shorten(hide_credentials(condition), VALUE_LIMIT) for condition in around)
            yield number, shorten(hide_credentials(line), VALUE_LIMIT), shown
        if ends:
            around.pop()


def _turn(around: list[str], word: str) -> None:
    """Leave the innermost condition, or go over to its other branch."""
    if not around:
        return
    if word.startswith("fi"):
        around.pop()
    elif word == "else":
        around[-1] = f"else {around[-1]}"


def _join_lines(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """(number, text) of each line that says something: continued ones as one, here documents and comments left out."""
    start, whole, until = 0, "", ""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if until:
            until = "" if text == until else until
            continue
        if not whole and (not text or text.startswith("#")):
            continue
        start = start or number
        whole = f"{whole} {text.removesuffix(chr(92))}".strip() if whole else text.removesuffix("\\").rstrip()
        if text.endswith("\\") or (_is_open(whole) and number - start < _TEXT_LINES):
            continue
        here = _HERE.search(whole)
        until = here[1] if here is not None else "esac" if _CASE.match(whole) else ""
        if until != "esac":
            yield start, whole
        start, whole = 0, ""
    if whole:
        yield start, whole


def _is_open(text: str) -> bool:
    """Whether a quote goes on in the next line."""
    import shlex

    try:
        shlex.split(text, comments=True)
    except ValueError:
        return True
    return False
