"""How much of a title a subject says."""

from __future__ import annotations

import pytest

from kbgen.links.words import score_title, split_words
from tests.links.doubles import story

GATE = story("DM-01.1", "Carrier Routing Rules")
KEY = story("DM-01.2", "Carrier Key Store")
HOLD = story("DM-01.3", "Hold Banner for Carrier")
ALL = (GATE, KEY, HOLD)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Implement RoutingRules", {"routing", "rule"}),
        ("the carrier-rules page", {"carrier", "rule", "page"}),
        ("Address access", {"address", "access"}),
        ("HTTP server v2", {"http", "server", "2"}),
        ("add the and of", set()),
    ],
)
def test_words_are_folded(text: str, words: set[str]) -> None:
    assert words <= split_words(text)
    assert "the" not in split_words(text)


def test_the_whole_title_scores_one_and_none_of_it_zero() -> None:
    assert score_title(GATE, "feat: implement carrier routing rule", ALL) == pytest.approx(1.0)
    assert score_title(GATE, "feat: open the door", ALL) == 0.0


def test_a_word_of_every_title_says_less_than_a_rare_one() -> None:
    common = score_title(GATE, "feat: carrier", ALL)
    rare = score_title(GATE, "feat: routing", ALL)
    assert 0 < common < rare < 1


def test_a_title_of_one_word_scores_nothing() -> None:
    assert score_title(story("DM-01.4", "Gates"), "feat: gates", ALL) == 0.0


def test_two_books_are_weighed_apart() -> None:
    alone = score_title(GATE, "feat: carrier", (GATE, story("DM-09.1", "Other Thing")))
    assert alone > score_title(GATE, "feat: carrier", ALL)
