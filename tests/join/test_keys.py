"""Which join keys meet."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.join.keys import KeyMatch, keys_meet, match_keys


def test_equal_keys_meet_exactly() -> None:
    assert match_keys(["queue:mail", "queue:other"], ["queue:mail", "queue:none"]) == (
        KeyMatch("queue:mail", "queue:mail", True),
    )


def test_a_handler_of_a_pattern_meets_every_event_that_fits() -> None:
    provides = ["event:bus:task.*", "event:other:task.*"]
    assert match_keys(provides, ["event:bus:task.created", "event:bus:job.created"]) == (
        KeyMatch("event:bus:task.created", "event:bus:task.*", False),
    )


def test_a_call_of_no_certain_agent_meets_every_agent() -> None:
    found = match_keys(["agent:a", "agent:b", "mcp:a"], ["agent:*"])
    assert [(match.provide, match.exact) for match in found] == [("agent:a", False), ("agent:b", False)]


def test_an_exact_match_does_not_hide_patterns() -> None:
    found = match_keys(["event:b:x", "event:b:*"], ["event:b:x"])
    assert [(match.provide, match.exact) for match in found] == [("event:b:*", False), ("event:b:x", True)]


def test_dots_and_brackets_are_no_patterns() -> None:
    assert not keys_meet("event:b:a.b", "event:b:axb")
    assert not keys_meet("http:GET:/x/{}", "http:GET:/x/1")
    assert keys_meet("event:b:a+*", "event:b:a+b")


def test_two_patterns_meet_when_one_covers_the_other() -> None:
    assert keys_meet("event:b:task.*", "event:b:*")
    assert not keys_meet("event:b:task.*", "event:b:job.*")


KEYS = st.lists(st.text("ab*:", max_size=6).map(lambda text: f"event:{text}"), max_size=6)


@given(KEYS, KEYS)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_matching_has_no_order_and_agrees_with_the_single_question(provides: list[str], uses: list[str]) -> None:
    found = match_keys(provides, uses)
    assert found == match_keys(provides[::-1], uses[::-1])
    pairs = {(match.use, match.provide) for match in found}
    assert pairs == {(use, key) for use in uses for key in provides if keys_meet(use, key)}
    assert all(match.exact == (match.use == match.provide) for match in found)
