"""Git hook scripts: what they run, under which conditions."""

from __future__ import annotations

import pytest

from tests.extractors.reading import one, pick, read


def commands(text: str) -> list[tuple[str, str]]:
    return [(f.value, f.attr("if")) for f in pick(read(".husky/pre-commit", text), "hook_command")]


def test_name_shell_and_place() -> None:
    fact = one(
        read("web/.husky/commit-msg", "#!/usr/bin/env bash\n\nnpx commitlint --edit $1\n"), "hook_command", "commit-msg"
    )
    assert (fact.name, fact.value, fact.line) == ("commit-msg", "npx commitlint --edit $1", 3)
    assert fact.attrs == (("shell", "bash"),)
    assert one(read(".husky/pre-push", "npm test\n"), "hook_command", "pre-push").attr("shell") == "sh"


def test_what_prints_sets_or_leaves_is_no_command() -> None:
    text = "set -e\nexport A=1\nB=$(git status -s)\necho hi\nprintf x\n. ./husky.sh\n# npm test\nexit 0\n"
    assert commands(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("if a; then\n  b\nelse\n  c\nfi\nd\n", [("b", "a"), ("c", "else a"), ("d", "")]),
        ("if a\nthen\n  b\nfi\nd\n", [("b", "a"), ("d", "")]),
        ("if a; then b; fi\nd\n", [("b", "a"), ("d", "")]),
        ("if a; then\n  b\nelif c; then\n  d\nfi\ne\n", [("b", "a"), ("d", "c"), ("e", "")]),
        ("if a; then\n  if b; then\n    c\n  fi\n  d\nfi\n", [("c", "a; b"), ("d", "a")]),
        ("a || {\n  b\n}\nc\n", [("a", ""), ("c", "")]),
        ("f() {\n  a\n}\nb\n", [("b", "")]),
        ("for x in 1 2; do\n  a\ndone\nb\n", [("a", ""), ("b", "")]),
        ("case $x in\n  y) a ;;\nesac\nb\n", [("b", "")]),
        ("a \\\n  --b\n", [("a --b", "")]),
        ("echo 'a\nb'\nc\n", [("c", "")]),
        ("cat <<END\na\nEND\nb\n", [("b", "")]),
    ],
)
def test_conditions_and_what_belongs_to_them(text: str, found: list[tuple[str, str]]) -> None:
    assert commands(text) == found


def test_a_script_for_another_language_has_none() -> None:
    assert commands("#!/usr/bin/env node\nrequire('x')\n") == []


def test_values_like_secrets_are_hidden() -> None:
    (found,) = commands("curl https://ada:hunter2secret@example.com/x\n")
    assert "hunter2secret" not in found[0]
