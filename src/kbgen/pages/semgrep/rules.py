"""Which Semgrep rules a set of rule files holds, as values that the guide is written from.

The files are those that kbgen ships (``kbgen/semgrep/rules/*.yaml``) or a project's own in ``.semgrep/``; their text
comes from the caller. Format: https://semgrep.dev/docs/writing-rules/rule-syntax
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kbgen.errors import KbgenError
from kbgen.patterns import lazy

BLOCKING_SEVERITIES = ("ERROR", "HIGH", "CRITICAL")
"""What ``pre-commit.sh`` stops a commit for when nothing else is asked of it."""
SEVERITIES = (*BLOCKING_SEVERITIES, "WARNING", "INFO", "MEDIUM", "LOW")
_ID = lazy(r"  - id: (\S+)$")
_SEVERITY = lazy(r"(    severity: )(\w+)$")


class SemgrepRuleError(KbgenError):
    """A rule file that is not one; Semgrep itself would refuse it too."""

    slug = "semgrep-rule"


@dataclass(frozen=True, slots=True)
class SemgrepRule:
    """One rule: what it finds, in which languages, and whether a finding stops a commit."""

    id: str
    languages: tuple[str, ...]
    """As Semgrep names them: ``python``, ``typescript``."""
    severity: str
    """``ERROR``, ``WARNING`` or ``INFO`` (newer files: ``CRITICAL``, ``HIGH``, ``MEDIUM``, ``LOW``)."""
    blocks: bool
    """By its severity, which is what the hook goes by."""
    message: str
    """What is wrong and what to do, in one line."""
    finds: str
    """``metadata.finds``, what the rule looks for in one line; empty for rules without."""
    why: str
    """``metadata.why``, in one line; empty for rules without."""
    references: tuple[str, ...]
    file: str
    """The name that the caller gave the text."""


def parse_rules(texts: Mapping[str, str]) -> tuple[SemgrepRule, ...]:
    """The rules of files, given as name to YAML text: files by name, rules in the order of their file.

    A file without rules (``rules: []``) is legal and gives none. Raises SemgrepRuleError, naming file and rule, for
    text that is no YAML, for a rule without one of Semgrep's required keys, and for an id that stands twice.
    """
    rules = tuple(rule for file in sorted(texts) for rule in _read_file(file, texts[file]))
    places: dict[str, str] = {}
    for rule in rules:
        if rule.id in places:
            raise SemgrepRuleError(
                f"{rule.file}: the rule {rule.id!r} is in {places[rule.id]} already", "Give each rule an id of its own."
            )
        places[rule.id] = rule.file
    return rules


def keep_severities(text: str, own: str) -> str:
    """`text` of a rule file with the severities that `own`, the project's copy of it, gives its rules.

    So a severity that somebody edited outlives the next version of the file. An `own` that is no rule file changes
    nothing, nor does a rule that only one of them has.
    """
    try:
        severities = {rule.id: rule.severity for rule in parse_rules({"": own})} if own else {}
    except SemgrepRuleError:
        return text
    lines = text.split("\n")
    rule = ""
    for index, line in enumerate(lines):
        if found := _ID.match(line):
            rule = found[1]
        elif (found := _SEVERITY.match(line)) and severities.get(rule, found[2]) in SEVERITIES:
            lines[index] = found[1] + severities.get(rule, found[2])
    return "\n".join(lines)


def _read_file(file: str, text: str) -> Iterator[SemgrepRule]:
    import yaml  # costs 20 ms, and few commands read rules

    try:
        content = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else file
        raise SemgrepRuleError(f"{place}: this is no YAML: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("rules"), list):
        raise SemgrepRuleError(f"{file}: a rule file has a list under `rules`", "An empty one is written `rules: []`.")
    for number, entry in enumerate(content["rules"], start=1):
        yield _read_rule(file, number, entry)


def _read_rule(file: str, number: int, entry: object) -> SemgrepRule:
    """`number` is 1-based, and names a rule that has no id to be named by."""
    if not isinstance(entry, dict):
        raise SemgrepRuleError(f"{file}: rule {number} is no mapping")
    name = entry.get("id")
    if not isinstance(name, str) or not name:
        raise SemgrepRuleError(f"{file}: rule {number} has no `id`")
    severity = _text(file, name, entry, "severity").upper()
    metadata = entry.get("metadata")
    details: Mapping[str, Any] = metadata if isinstance(metadata, dict) else {}
    return SemgrepRule(
        id=name,
        languages=_texts(file, name, entry, "languages"),
        severity=severity,
        blocks=severity in BLOCKING_SEVERITIES,
        message=_text(file, name, entry, "message"),
        finds=_text(file, name, details, "finds") if "finds" in details else "",
        why=_text(file, name, details, "why") if "why" in details else "",
        references=_texts(file, name, details, "references") if "references" in details else (),
        file=file,
    )


def _text(file: str, rule: str, entry: Mapping[str, Any], key: str) -> str:
    """A required text in one line: YAML's folds and indents are layout."""
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise SemgrepRuleError(f"{file}: the rule {rule!r} needs a text under `{key}`")
    return " ".join(value.split())


def _texts(file: str, rule: str, entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """A required list of texts; Semgrep takes a single one without the list, for references."""
    value = entry.get(key)
    values: Sequence[object] = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    found = tuple(value for value in values if isinstance(value, str))
    if not found or len(found) != len(values):
        raise SemgrepRuleError(f"{file}: the rule {rule!r} needs a list of texts under `{key}`")
    return found
