"""Facts of task files: Makefile, justfile, Taskfile.

``target``
    `name`, `value` the first line of its recipe. [source: make, just or task; needs: targets before it,
    blank-joined; about: ``## what it does`` behind the target, or the comment just above; phony: yes; args:
    parameters of a just recipe]
``setting``
    A variable given a value at the top. [source; weak: yes for ``?=``]
"""

from __future__ import annotations

from collections.abc import Iterator

from kbgen.extractors.base import shorten, sort_facts
from kbgen.extractors.lines import read_lines
from kbgen.extractors.nodes import keep_attrs
from kbgen.extractors.variables import VALUE_LIMIT, hide_credentials, make_setting
from kbgen.extractors.yaml_nodes import parse_yaml
from kbgen.model import Fact, FileFacts, SkippedFile, SourceFile
from kbgen.patterns import LazyPattern

SUFFIXES: tuple[str, ...] = (".mk", ".just")
VERSION = "makefile-1"

_VARIABLE = LazyPattern(r"(?:export\s+)?([A-Za-z_][\w.-]*)\s*(\?|:{1,3}|\+)?=\s*(.*)")
_TARGET = LazyPattern(r"([^\s:#=$][^:#=]*?)\s*::?(?!=)\s*([^#=]*?)\s*(?:#+\s*(.*))?")
_RECIPE = LazyPattern(r"@?([A-Za-z_][\w-]*)((?:\s+[^:]*?)?)\s*:(?!=)\s*([^#]*?)\s*(?:#.*)?")
_JUST_VARIABLE = LazyPattern(r"(?:export\s+)?([A-Za-z_][\w-]*)\s*:=\s*(.*)")
_SPECIAL = frozenset(
    {".PHONY", ".DEFAULT", ".SUFFIXES", ".SILENT", ".IGNORE", ".PRECIOUS", ".ONESHELL", ".DEFAULT_GOAL"}
)


def extract(source: SourceFile) -> FileFacts:
    name = source.path.rpartition("/")[2].lower()
    if name.endswith((".yml", ".yaml")):
        return _extract_tasks(source)
    is_just = "justfile" in name or name.endswith(".just")
    lines, skipped = read_lines(source)
    facts = _read_just(source.path, lines) if is_just else _read_make(source.path, lines)
    return FileFacts(source.path, source.blob, sort_facts(facts), skipped)


def _read_make(path: str, lines: list[str]) -> list[Fact]:
    phony = set(" ".join(_list_special(lines)).split())
    facts: list[Fact] = []
    about = ""
    continued = False
    in_define = False
    for index, line in enumerate(lines):
        follows, continued = continued, line.endswith("\\")
        in_define = (in_define or line.startswith("define ")) and not line.startswith("endef")
        if follows or in_define or line.startswith(("\t", " ")):
            continue
        variable = _VARIABLE.fullmatch(line)
        target = None if variable is not None else _TARGET.fullmatch(line.rstrip("\\").rstrip())
        if variable is not None:
            attrs = keep_attrs(("source", "make"), ("weak", "yes" if variable[2] == "?" else ""))
            value = variable[3].partition(" #")[0].strip()
            facts.append(make_setting(path, index + 1, variable[1], value, attrs))
        elif target is not None and target[1].split()[0] not in _SPECIAL:
            help_text = (target[3] or about).strip()
            needs = " ".join(target[2].partition(";")[0].replace("|", " ").split())
            recipe = _find_recipe(lines, index + 1, "\t")
            for name in target[1].split():
                attrs = keep_attrs(
                    ("source", "make"),
                    ("needs", shorten(needs, VALUE_LIMIT)),
                    ("about", shorten(help_text, VALUE_LIMIT)),
                    ("phony", "yes" if name in phony else ""),
                )
                facts.append(Fact("target", name, path, index + 1, recipe, "", "", attrs))
        about = line.lstrip("#").strip() if line.startswith("#") else ""
    return facts


def _list_special(lines: list[str]) -> Iterator[str]:
    """What ``.PHONY:`` names, its continued lines too."""
    goes_on = False
    for line in lines:
        if goes_on or line.startswith(".PHONY"):
            yield (line if goes_on else line.partition(":")[2]).removesuffix("\\")
            goes_on = line.endswith("\\")


def _read_just(path: str, lines: list[str]) -> list[Fact]:
    facts: list[Fact] = []
    about = ""
    for index, line in enumerate(lines):
        if line.startswith((" ", "\t", "[", "set ", "alias ", "import ", "mod ")):
            continue
        variable = _JUST_VARIABLE.fullmatch(line)
        recipe = _RECIPE.fullmatch(line)
        if variable is not None:
            value = variable[2].strip().strip("\"'")
            facts.append(make_setting(path, index + 1, variable[1], value, (("source", "just"),)))
        elif recipe is not None:
            attrs = keep_attrs(
                ("source", "just"),
                ("needs", recipe[3]),
                ("about", shorten(about, VALUE_LIMIT)),
                ("args", recipe[2].strip()),
            )
            body = _find_recipe(lines, index + 1, (" ", "\t"))
            facts.append(Fact("target", recipe[1], path, index + 1, body, "", "", attrs))
        about = line.lstrip("#").strip() if line.startswith("#") else ""
    return facts


def _find_recipe(lines: list[str], start: int, indent: str | tuple[str, ...]) -> str:
    """The first line that does something: conditionals and comments are passed over."""
    for line in lines[start : start + 30]:
        text = line.strip().lstrip("@-+").strip()
        if line.startswith(indent):
            if text and not text.startswith("#"):
                return shorten(hide_credentials(text.rstrip("\\")), VALUE_LIMIT)
        elif text and not text.startswith(("#", "if", "else", "endif")):
            return ""
    return ""


def _extract_tasks(source: SourceFile) -> FileFacts:
    document = parse_yaml(source.text)
    facts: list[Fact] = []
    for root in document.roots:
        for name, value in root.get("vars").entries.items():
            if value.text is not None:
                facts.append(make_setting(source.path, value.line, name, value.text, (("source", "task"),)))
        for name, task in root.get("tasks").entries.items():
            commands = [task.text] if task.text else task.get("cmds").list_texts() or task.list_texts()
            commands = commands or [task.read("cmd")] if task.entries else commands
            first = shorten(hide_credentials(commands[0] if commands else ""), VALUE_LIMIT)
            attrs = keep_attrs(
                ("source", "task"),
                ("needs", " ".join(task.get("deps").list_texts())),
                ("about", shorten(task.read("desc"), VALUE_LIMIT)),
            )
            facts.append(Fact("target", name, source.path, task.line, first, "", "", attrs))
    skipped = tuple(SkippedFile(source.path, why) for why in document.problems)
    return FileFacts(source.path, source.blob, sort_facts(facts), skipped)
