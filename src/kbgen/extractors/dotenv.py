"""Facts of environment files: the variables of an example, and of a real one the names alone.

``setting``
    `name` the variable, `value` what the example gives it, secrets as ``…``. [source: dotenv; commented: yes for
    ``# X=…``; about: the comment just above; default, ref as in Compose; real: yes for a file that is no example, whose
    values are never told]
"""

from __future__ import annotations

from kbgen.extractors.base import is_setting_name, shorten, sort_facts
from kbgen.extractors.lines import read_lines
from kbgen.extractors.nodes import keep_attrs
from kbgen.extractors.variables import make_setting
from kbgen.model import Fact, FileFacts, SourceFile
from kbgen.patterns import LazyPattern

SUFFIXES: tuple[str, ...] = (".env",)
VERSION = "dotenv-1"

_EXAMPLE = LazyPattern(
    r"(?i)(?:^|[._-])(?:examples?|samples?|templates?|dist|defaults?|tests?|testing|schema)(?:$|[._-])"
)
_LINE = LazyPattern(r"(#*)\s*(?:export\s+)?([A-Za-z_][\w.]*)\s*=\s*(.*)$")
_ABOUT_LIMIT = 160
_MULTILINE_LIMIT = 60
_WORDS = LazyPattern(r"[A-Za-z]{2,}")


def extract(source: SourceFile) -> FileFacts:
    is_example = _EXAMPLE.search(source.path.rpartition("/")[2]) is not None
    facts: list[Fact] = []
    lines, skipped = read_lines(source)
    about = ""
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        number += 1
        match = _LINE.match(line)
        name = match[2] if match is not None else ""
        if match is None or (match[1] and not is_setting_name(name)):
            text = line.lstrip("#").strip()
            about = text if line.startswith("#") and _WORDS.search(text) else ""
            continue
        at = number
        value = match[3]
        if value[:1] in ("'", '"') and not match[1]:
            value, number = _read_quoted(lines, number, value)
        elif value[:1] in ("'", '"'):
            value = value[1:].partition(value[0])[0]
        else:
            value = f" {value}".partition(" #")[0].strip() if "#" in value else value
        attrs = keep_attrs(
            ("source", "dotenv"),
            ("commented", "yes" if match[1] else ""),
            ("about", shorten(about, _ABOUT_LIMIT)),
            ("real", "" if is_example else "yes"),
        )
        facts.append(make_setting(source.path, at, name, value if is_example else "", attrs))
        about = ""
    return FileFacts(source.path, source.blob, sort_facts(facts), skipped)


def _read_quoted(lines: list[str], number: int, value: str) -> tuple[str, int]:
    """A quoted value, over several lines when its quote closes there, and the number of the next line."""
    quote, rest = value[0], value[1:]
    if quote in rest:
        return rest.partition(quote)[0], number
    for ahead in range(number, min(len(lines), number + _MULTILINE_LIMIT)):
        if quote in lines[ahead]:
            parts = [rest, *lines[number:ahead], lines[ahead].partition(quote)[0]]
            return "\n".join(parts), ahead + 1
    return rest, number
