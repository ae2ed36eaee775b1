"""Which definition a position lies in, and of how many positions around it that is said."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.extractors.base import References, Scopes
from kbgen.extractors.typescript_nodes import cut


def nest(start: int, end: int, widths: list[int]) -> list[tuple[int, int, str]]:
    """Spans that nest or are apart, as definitions do."""
    spans = []
    while widths and start < end:
        last = min(end, start + widths.pop())
        spans.append((start, last, f"s{len(widths)}"))
        if widths and widths[-1] % 2:
            spans += nest(start + 1, last - 1, widths)
        start = last + 2
    return spans


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 9), max_size=12), st.integers(0, 40))
def test_the_range_is_where_the_answer_stays_the_same(widths: list[int], position: int) -> None:
    scopes = Scopes(nest(2, 36, widths))
    symbol, low, high = scopes.find_range(position)
    assert low <= position < high
    assert {scopes.find(place) for place in range(low, min(high, 60))} == {symbol}


def test_a_range_ends_where_another_definition_begins() -> None:
    scopes = Scopes([(10, 40, "Outer"), (20, 29, "Outer.inner")])
    assert scopes.find_range(12) == ("Outer", 10, 20)
    assert scopes.find_range(20) == ("Outer.inner", 20, 30)
    assert scopes.find_range(30) == ("Outer", 30, 41)
    assert scopes.find_range(5)[0] == ""
    assert scopes.find_range(99)[:2] == ("", 41)


def test_positions_become_lines() -> None:
    references = References()
    references.open("f", "name").update({"later": [70, 1], "first": [30, 2]})
    references.add("f", "name", "between", 55)
    references.place(lambda position: position // 10)
    assert [fact.value for fact in references.pack("a.ts")] == ["first@3*2 between@5 later@7"]


def test_a_cut_is_by_bytes() -> None:
    data = "let größe = '🦊'".encode()
    chars = data.decode("latin-1")
    for start in range(len(data)):
        for end in range(start, len(data) + 1):
            assert cut(chars, start, end) == data[start:end].decode("utf-8", "replace")
