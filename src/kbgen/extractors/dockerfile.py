"""Facts of Dockerfiles and Containerfiles: what an image is made from, listens on and runs.

``base``
    A ``FROM``. `name` the image with its build arguments filled in, `value` the stage's own name. [stage: its
    number from 0, or its name; from_stage: yes when the name is an earlier stage; platform; last: yes for the
    stage that is shipped]
``port``
    `name` an exposed port. [source: dockerfile; stage; protocol: unless tcp; last]
``setting``
    ``ENV``, and ``ARG`` with a default. [source; stage; arg: yes; default, ref as in Compose]
``script``
    `name` ``cmd``, ``entrypoint`` or ``healthcheck``, `value` the command. [source; stage; form: exec or shell;
    last]
``copy``
    ``COPY`` and ``ADD``, one fact a source. `name` the source, `value` where it goes. [stage; from: another
    stage or image]
``config``
    ``WORKDIR`` and ``USER``. [stage]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from kbgen.extractors.base import FactCollector, shorten, sort_facts
from kbgen.extractors.lines import read_lines
from kbgen.extractors.nodes import keep_attrs
from kbgen.extractors.variables import VALUE_LIMIT, fold_variables, hide_credentials, make_setting
from kbgen.model import Fact, FileFacts, SourceFile
from kbgen.patterns import LazyPattern

SUFFIXES: tuple[str, ...] = (".dockerfile", ".containerfile")
VERSION = "dockerfile-1"

_INSTRUCTION = LazyPattern(r"([A-Za-z]+)\s+(.*)", re.DOTALL)
_INSTRUCTION_LIMIT = 8_000
_ESCAPE = LazyPattern(r"(?i)#\s*escape\s*=\s*(\S)")
_HEREDOC = LazyPattern(r"<<-?\s*[\"']?([A-Za-z_]\w*)[\"']?")
_FLAG = LazyPattern(r"\s*--([\w-]+)(?:=(\S*))?(?=\s|$)")
_FROM = LazyPattern(r"(?i)(\S+)(?:\s+AS\s+(\S+))?")
_PAIR = LazyPattern(r"""([A-Za-z_][\w.-]*)=((?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])*)""")
_STRING = LazyPattern(r'"((?:[^"\\]|\\.)*)"')
_PORT = LazyPattern(r"([\d-]+)(?:/(\w+))?")


def extract(source: SourceFile) -> FileFacts:
    reader = _Reader(source.path)
    lines, skipped = read_lines(source)
    for line, keyword, rest in _list_instructions(lines):
        reader.take(line, keyword.upper(), rest.strip())
    return FileFacts(source.path, source.blob, sort_facts(reader.finish()), skipped)


def _list_instructions(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """(line, keyword, arguments) with continued lines joined; the text of here-documents is left out."""
    escape = "\\"
    number = 0
    while number < len(lines):
        start, line = number, lines[number]
        number += 1
        if not line.strip() or line.lstrip().startswith("#"):
            directive = _ESCAPE.match(line)
            escape = directive[1] if directive is not None else escape
            continue
        parts = []
        while line.rstrip().endswith(escape) and number < len(lines):
            parts.append(line.rstrip()[:-1])
            line = lines[number]
            number += 1
            while line.lstrip().startswith("#") and number < len(lines):  # comments may stand between
                line = lines[number]
                number += 1
        parts.append(line)
        instruction = _INSTRUCTION.fullmatch("\n".join(parts)[:_INSTRUCTION_LIMIT].strip())
        if instruction is None:
            continue
        for word in _HEREDOC.findall(instruction[2]) if instruction[1].upper() in ("RUN", "COPY", "ADD") else ():
            while number < len(lines) and lines[number].strip() != word:
                number += 1
            number += 1
        yield start + 1, instruction[1], instruction[2]


class _Reader(FactCollector):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._stage = ""
        self._count = 0
        self._stages: set[str] = set()
        self._arguments: dict[str, str] = {}

    def take(self, line: int, keyword: str, rest: str) -> None:
        flags, rest = _take_flags(rest)
        if keyword == "FROM":
            self._take_from(line, flags, rest)
        elif keyword == "EXPOSE":
            for word in self._fill(rest).split():
                port = _PORT.fullmatch(word)
                if port is not None:
                    protocol = "" if port[2] in (None, "tcp") else port[2].lower()
                    attrs = keep_attrs(("source", "dockerfile"), ("stage", self._stage), ("protocol", protocol))
                    self._add("port", port[1], line, "", "", attrs)
        elif keyword in ("ENV", "ARG"):
            self._take_variables(line, keyword, rest)
        elif keyword in ("CMD", "ENTRYPOINT"):
            self._take_command(line, keyword.lower(), rest)
        elif keyword == "HEALTHCHECK" and rest.upper().startswith("CMD"):
            self._take_command(line, "healthcheck", rest[3:].strip())
        elif keyword in ("COPY", "ADD"):
            self._take_copy(line, flags, rest)
        elif keyword in ("WORKDIR", "USER"):
            self._add("config", keyword, line, self._fill(rest), "", keep_attrs(("stage", self._stage)))

    def finish(self) -> Iterator[Fact]:
        """The facts, those of the stage that is shipped marked."""
        for fact in self.facts:
            is_last = fact.kind in ("base", "port", "script") and fact.attr("stage") == self._stage
            yield replace(fact, attrs=(*fact.attrs, ("last", "yes"))) if is_last else fact

    def _take_from(self, line: int, flags: dict[str, str], rest: str) -> None:
        match = _FROM.match(rest)
        if match is None:
            return
        image, name = self._fill(match[1]), match[2] or ""
        self._stage = name or str(self._count)
        self._count += 1
        attrs = keep_attrs(
            ("stage", self._stage),
            ("from_stage", "yes" if image.lower() in self._stages else ""),
            ("platform", flags.get("platform", "")),
        )
        self._stages.add(name.lower())
        self._add("base", image, line, name, "", attrs)

    def _take_variables(self, line: int, keyword: str, rest: str) -> None:
        pairs = [(name, _unquote(value)) for name, value in _PAIR.findall(rest)]
        if not pairs and keyword == "ENV":
            name, _, value = rest.partition(" ")
            pairs = [(name, value.strip())]
        attrs = keep_attrs(("source", "dockerfile"), ("stage", self._stage), ("arg", "yes" if keyword == "ARG" else ""))
        for name, value in pairs:
            self._arguments[name] = self._fill(value)
            self.facts.append(make_setting(self.path, line, name, value, attrs))

    def _take_command(self, line: int, name: str, rest: str) -> None:
        is_list = rest.startswith("[") and rest.rstrip().endswith("]")
        text = " ".join(_STRING.findall(rest)) if is_list else rest
        attrs = keep_attrs(("source", "dockerfile"), ("stage", self._stage), ("form", "exec" if is_list else "shell"))
        self._add("script", name, line, shorten(hide_credentials(text), VALUE_LIMIT), "", attrs)

    def _take_copy(self, line: int, flags: dict[str, str], rest: str) -> None:
        words = _STRING.findall(rest) if rest.startswith("[") else rest.split()
        attrs = keep_attrs(("stage", self._stage), ("from", flags.get("from", "")))
        for word in words[:-1]:
            if not word.startswith("<<"):
                self._add("copy", self._fill(word), line, self._fill(words[-1]), "", attrs)

    def _fill(self, text: str) -> str:
        """Build arguments and earlier variables in place of their names."""
        if "$" not in text:
            return text
        folded, variables = fold_variables(text)
        for variable in variables:
            known = self._arguments.get(variable.name)
            if known is not None and variable.default is None:
                folded = folded.replace(f"${{{variable.name}}}", known)
        return folded


def _take_flags(rest: str) -> tuple[dict[str, str], str]:
    flags = {}
    while (flag := _FLAG.match(rest)) is not None:
        flags[flag[1]] = flag[2] or "yes"
        rest = rest[flag.end() :]
    return flags, rest.strip()


def _unquote(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] in "\"'" and text[-1] == text[0] else text
