"""Under which conditions code runs: branches, guards, and what local names in them stand for."""

from __future__ import annotations

import textwrap

from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.extractors.branches import Branch, find_conditions, find_guards, read_branches
from kbgen.extractors.conditions import Branches


def line_of(text: str, words: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if words in line)


def read(text: str, path: str) -> tuple[str, tuple[Branch, ...]]:
    text = textwrap.dedent(text).lstrip("\n")
    return text, read_branches(text, path)


SCRIPT = """
    function start(client) {
      const production = process.env.NODE_ENV === 'production'
      const headers = client.handshake.headers || {}
      if (production && process.env.ALLOW === 'true') {
        throw new Error('no')
      } else {
        warn()
      }
      const cookie = headers.cookie
      if (!cookie) return null
      return cookie
    }
"""
PYTHON = """
    import os

    def start(request):
        mode = os.getenv("ENVIRONMENT", "development")
        if mode == "production" and not request.token:
            raise ValueError("no")
        token = request.token
        if token is None:
            return None
        return token
"""


def test_conditions_of_a_script_name_the_environment_behind_local_names() -> None:
    text, branches = read(SCRIPT, "a.ts")
    (branch,) = find_conditions(branches, line_of(text, "throw"))
    assert [(t.env, t.equals, t.holds) for t in branch.tests] == [
        ("NODE_ENV", "production", True),
        ("ALLOW", "true", True),
    ]
    assert branch.leaves


def test_the_other_branch_holds_only_what_is_sure() -> None:
    text, branches = read(SCRIPT, "a.ts")
    (branch,) = find_conditions(branches, line_of(text, "warn()"))
    assert branch.text == ""
    assert branch.tests == ()


def test_a_guard_has_left_before_the_line() -> None:
    text, branches = read(SCRIPT, "a.ts")
    guards = find_guards(branches, line_of(text, "return cookie"))
    assert [(t.what, t.holds) for t in guards[-1].tests] == [("client.handshake.headers.cookie", False)]


def test_python_is_read_alike() -> None:
    text, branches = read(PYTHON, "a.py")
    (branch,) = find_conditions(branches, line_of(text, "raise"))
    assert next((t.what, t.env, t.equals, t.holds) for t in branch.tests)[1:] == ("ENVIRONMENT", "production", True)
    assert branch.tests[1].what == "request.token"
    assert not branch.tests[1].holds
    guards = find_guards(branches, line_of(text, "return token"))
    assert [g.text for g in guards][-1] == "token is None"
    assert guards[-1].tests[0].what == "request.token"
    assert not guards[-1].tests[0].holds


def test_another_language_and_broken_code_have_no_branches() -> None:
    assert read_branches("if x { y }", "a.go") == ()
    assert read_branches("if x:\n  (", "a.py") == ()


def test_conditions_say_whether_a_block_stops_and_what_is_compared() -> None:
    text = textwrap.dedent(PYTHON).lstrip("\n")
    branches = Branches(text, "a.py")
    line = line_of(text, "raise")
    assert [(c.text, c.holds) for c in branches.find_conditions(line)] == [
        ("mode == 'production' and (not request.token)", True)
    ]
    assert branches.stops(line)
    assert not branches.stops(line_of(text, "return token"))
    assert [(c.left, c.operator, c.right) for c in branches.comparisons] == [("mode", "==", "'production'")]


def test_conditions_of_a_script_have_their_else() -> None:
    text = textwrap.dedent(SCRIPT).lstrip("\n")
    branches = Branches(text, "a.ts")
    assert [c.holds for c in branches.find_conditions(line_of(text, "warn()"))] == [False]
    assert branches.stops(line_of(text, "throw"))
    assert ("process.env.ALLOW", "===", "'true'") in [(c.left, c.operator, c.right) for c in branches.comparisons]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.text(alphabet="if(){}!&|=;return throw else a.b\n", max_size=80))
def test_any_script_is_read(text: str) -> None:
    for branch in read_branches(text, "a.ts"):
        assert 1 <= branch.first <= branch.last
