"""Rule files read into values: complete, in order, and with a clear word about what is wrong in one."""

from __future__ import annotations

import pytest

from kbgen.pages.semgrep.rules import SemgrepRule, SemgrepRuleError, keep_severities, parse_rules

RULE = """\
rules:
  - id: no-print
    languages: [python]
    severity: {severity}
    message: >-
      Write to the log
      instead of printing.
    patterns:
      - pattern: print(...)
    metadata:
      finds: Calls of `print`.
      why: Nobody reads
        standard output.
      references: [https://docs.example/logging]
"""


def test_a_rule_with_everything() -> None:
    assert parse_rules({"own.yaml": RULE.format(severity="ERROR")}) == (
        SemgrepRule(
            id="no-print",
            languages=("python",),
            severity="ERROR",
            blocks=True,
            message="Write to the log instead of printing.",
            finds="Calls of `print`.",
            why="Nobody reads standard output.",
            references=("https://docs.example/logging",),
            file="own.yaml",
        ),
    )


@pytest.mark.parametrize(
    ("severity", "blocks"),
    [
        ("ERROR", True),
        ("error", True),
        ("CRITICAL", True),
        ("HIGH", True),
        ("WARNING", False),
        ("INFO", False),
        ("LOW", False),
    ],
)
def test_severity_decides_what_blocks(severity: str, blocks: bool) -> None:
    (rule,) = parse_rules({"own.yaml": RULE.format(severity=severity)})
    assert rule.blocks is blocks
    assert rule.severity == severity.upper()


def test_files_by_name_and_rules_in_their_order() -> None:
    one = "{id: %s, languages: [python], severity: INFO, message: m}"
    texts = {"b.yaml": f"rules: [{one % 'z'}, {one % 'a'}]", "a.yaml": f"rules: [{one % 'm'}]", "c.yaml": "rules: []"}
    assert [(rule.file, rule.id) for rule in parse_rules(texts)] == [("a.yaml", "m"), ("b.yaml", "z"), ("b.yaml", "a")]


def test_finds_why_and_references_may_be_absent() -> None:
    (rule,) = parse_rules({"own.yaml": "rules: [{id: x, languages: [python], severity: INFO, message: m}]"})
    assert (rule.finds, rule.why, rule.references) == ("", "", ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: [", r"own\.yaml:[12]: this is no YAML"),
        ("- a", "a list under `rules`"),
        ("rules: {}", "a list under `rules`"),
        ("", "a list under `rules`"),
        ("rules: [7]", "rule 1 is no mapping"),
        ("rules: [{languages: [python]}]", "rule 1 has no `id`"),
        ("rules: [{id: x, languages: [python], message: m}]", "'x' needs a text under `severity`"),
        ("rules: [{id: x, languages: [python], severity: INFO, message: ' '}]", "'x' needs a text under `message`"),
        ("rules: [{id: x, languages: [], severity: INFO, message: m}]", "'x' needs a list of texts under `languages`"),
        ("rules: [{id: x, languages: [1], severity: INFO, message: m}]", "'x' needs a list of texts under `languages`"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(SemgrepRuleError, match=message):
        parse_rules({"own.yaml": text})


def test_an_id_that_stands_twice() -> None:
    text = RULE.format(severity="INFO")
    with pytest.raises(SemgrepRuleError, match=r"b\.yaml: the rule 'no-print' is in a\.yaml already"):
        parse_rules({"a.yaml": text, "b.yaml": text})


TWO = """\
rules:
  - id: first
    languages: [python]
    severity: ERROR
    message: |
      Say severity: INFO
  - id: second
    languages: [python]
    severity: WARNING
    message: m
"""


def test_severities_of_the_project_are_kept_and_nothing_else() -> None:
    own = TWO.replace("severity: ERROR", "severity: INFO").replace("message: m", "message: another")
    assert keep_severities(TWO, own) == TWO.replace("severity: ERROR", "severity: INFO")


@pytest.mark.parametrize(
    "own", ["", "rules: [", "rules: []", TWO.replace("first", "third").replace("second", "fourth")]
)
def test_without_a_severity_to_keep_the_text_is_as_shipped(own: str) -> None:
    assert keep_severities(TWO, own) == TWO


def test_a_severity_that_semgrep_does_not_know_is_not_kept() -> None:
    assert keep_severities(TWO, TWO.replace("severity: ERROR", "severity: LOUD")) == TWO
