"""Checks on a page: each is met by a page that does what it asks for, and says what is missing in one that does not."""

from __future__ import annotations

from typing import Any

import pytest

from kbgen.pages.criteria import CHECKS, CriterionCheck, PageState, judge, read_check

PAGE = """\
## Gates

| Gate | Where |
|---|---|
| `north_gate` | [`yard/gates.py`](../yard/gates.py) |

From [`yard/gates.py`](../yard/gates.py) `open_gate`:

```python
## no heading
open_gate("north")
```

```mermaid
graph LR
```

## Trouble

### A gate stays shut

Oil it, see [the maker](https://gates.example/oil).

### A gate is gone

Look again.

## Empty
"""
STATE = PageState(PAGE, "", {"route": ("north_gate",), "env": ("north_gate", "south_gate")}, {"docs/gates.md"}, {})


def check(value: Any, state: PageState = STATE) -> tuple[str, str]:
    found = read_check(value, {"route", "env"})
    assert not isinstance(found, str), found
    result = judge("DM-10.1", CriterionCheck("AC1", "Gates", found), state)
    return result.state, result.why


@pytest.mark.parametrize(
    "value",
    [
        {"states": "route"},
        {"states": "env:north*"},
        {"section": ["Gates", "trouble"]},
        {"entries": {"below": "Trouble", "at_least": 2}},
        {"each": {"below": "Trouble", "has": ["a", "."]}},
        {"has": "NORTH_gate"},
        {"fence": ["python", "mermaid"]},
        {"excerpts": 1},
        {"links": "gates.example"},
        {"picture": 1},
        {"file": "docs/gates.md"},
        {"notes": "named"},
        {"section": "Gates", "file": "docs/gates.md"},
    ],
)
def test_met(value: dict[str, Any]) -> None:
    assert check(value) == ("met", "")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"states": "env"}, "south_gate"),
        ({"section": "Doors"}, "no section Doors"),
        ({"section": "Empty"}, "no section Empty"),
        ({"section": "no heading"}, "no section no heading"),
        ({"entries": {"below": "Trouble", "at_least": 3}}, "2 of at least 3 entries below 'Trouble'"),
        ({"each": {"below": "Trouble", "has": ["oil", "."]}}, "does not say: 'A gate is gone' (oil)"),
        ({"each": {"below": "Trouble", "has": "gate is"}}, "'A gate stays shut' (gate is)"),
        ({"each": {"below": "Empty", "has": "oil"}}, "no entries below 'Empty'"),
        ({"each": {"below": "Doors", "has": "oil"}}, "no entries below 'Doors'"),
        ({"has": ["north", "east"]}, "does not say east"),
        ({"fence": "typescript"}, "typescript"),
        ({"excerpts": 2}, "1"),
        ({"links": "doors.example"}, "doors.example"),
        ({"picture": 2}, "1"),
        ({"file": ["docs/gates.md", "docs/doors.md"]}, "docs/doors.md"),
        ({"section": "Gates", "has": "east"}, "does not say east"),
    ],
)
def test_unmet_says_what_is_missing(value: dict[str, Any], why: str) -> None:
    state, said = check(value)
    assert state == "unmet"
    assert why in said


def test_a_person_is_asked_only_when_the_rest_holds() -> None:
    assert check({"person": "a review by the team"}) == ("needs a person", "a review by the team")
    assert check({"person": "a review", "section": "Doors"}) == ("unmet", "no section Doors")


def test_without_a_page_nothing_is_met() -> None:
    gone = PageState("", "no fact of kind route", {}, set(), {})
    assert check({"section": "Gates"}, gone) == ("unmet", "no page: no fact of kind route")
    assert check({"states": "route"}, gone)[0] == "unmet"


def test_notes_of_named_stories() -> None:
    notes = {"DM-01.6": "", "DM-01.7": "### Files\n\na\n"}
    assert check({"notes": "named"}, PageState("", "", {}, set(), notes)) == ("unmet", "no notes in DM-01.6")
    assert check({"notes": "named"}, PageState("", "", {}, set(), None))[0] == "unmet"
    assert check({"notes": "Files"}, PageState("", "", {}, set(), {"DM-01.7": notes["DM-01.7"]})) == ("met", "")


def test_every_check_is_known_here() -> None:
    assert set(CHECKS) == {
        "states", "section", "entries", "each", "has", "fence", "excerpts", "links", "picture", "file", "notes",
        "person",
    }  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [
        {"each": "Trouble"},
        {"each": {"below": "Trouble"}},
        {"each": {"below": "Trouble", "has": []}},
        {"each": {"below": "Trouble", "has": [1]}},
    ],
)
def test_each_wants_a_heading_and_texts(value: dict[str, Any]) -> None:
    assert isinstance(read_check(value, {"route"}), str)
