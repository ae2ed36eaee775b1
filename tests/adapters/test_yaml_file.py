"""YAML in, plain values with lines out, whatever the text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.adapters.yaml_file import MAX_DEPTH, MAX_LENGTH, read_yaml_with_lines
from kbgen.config import describe_options, load_config
from kbgen.errors import ConfigError


def refuse(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read_yaml_with_lines(text, "kbgen.yaml")
    assert caught.value.hint
    return caught.value.message


def test_values_and_their_lines() -> None:
    document = read_yaml_with_lines("# said\nstories:\n  - a\n  - b\nids:\n  issues: yes\nlimit: 3\n", "kbgen.yaml")
    assert document.value == {"stories": ["a", "b"], "ids": {"issues": True}, "limit": 3}
    assert document.path == "kbgen.yaml"
    assert document.lines[("stories",)] == 2
    assert document.lines[("stories", 1)] == 4
    assert document.lines[("ids", "issues")] == 6
    assert document.duplicates == ()


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_text(text: str) -> None:
    assert read_yaml_with_lines(text, "kbgen.yaml").value is None


def test_a_byte_order_mark_and_crlf() -> None:
    assert read_yaml_with_lines("\ufeffa: 1\r\nb: 2\r\n", "x").value == {"a": 1, "b": 2}


def test_keys_given_twice() -> None:
    document = read_yaml_with_lines("a: 1\nids:\n  b: 1\n  b: 2\na: 3\n", "x")
    assert document.value == {"a": 3, "ids": {"b": 2}}
    assert document.duplicates == ((("ids", "b"), 4), (("a",), 5))


def test_aliases_and_merges() -> None:
    document = read_yaml_with_lines("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\nc: *a\n", "x")
    assert document.value == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 2}}


def test_a_date_stays_text() -> None:
    assert read_yaml_with_lines("a: 2025-12-30\n", "x").value == {"a": "2025-12-30"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [1\nc: 2\n", 3),
        ("a: 1\n b: 2\n", 2),
        ("a: 1\nb: \x01\n", 2),
        ("a: 1\n---\nb: 1\n", 2),
        ("a: 1\nb: &x [*x]\n", 2),
        ("a: 1\nb: *nowhere\n", 2),
        ("a: 1\n? [1, 2]\n: 3\n", 2),
        ("a: 1\nb: !!python/object:os.system 1\n", 2),
        ("a: 1\nb: " + "9" * 5000 + "\n", 2),
        ("a: 1\nb:\n  <<: 3\n", 3),
        ("a: 1\nb: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1) + "\n", 2),
    ],
)
def test_what_cannot_be_read_names_the_line(text: str, line: int) -> None:
    assert refuse(text).startswith(f"kbgen.yaml:{line}: ")


def test_aliases_of_aliases_are_never_built() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
    begin = time.process_time()
    assert "aliases" in refuse(bomb)
    assert time.process_time() - begin < 2


def test_nesting_does_not_exhaust_the_stack() -> None:
    assert "deeper" in refuse("[" * 1_000_000)


def test_a_text_too_long() -> None:
    assert "longer" in refuse("#" * (MAX_LENGTH + 1))


def test_the_defaults_that_options_describe_are_yaml_for_the_default_config() -> None:
    lines: dict[str, list[str]] = {}
    for option in describe_options():
        section, _, name = option.key.rpartition(".")
        lines.setdefault(section, []).append(f"{'  ' if section else ''}{name}: {option.default}")
    text = "\n".join([*lines.pop(""), *(line for s, inner in lines.items() for line in (f"{s}:", *inner))])
    assert load_config(read_yaml_with_lines(text, "kbgen.yaml")) == load_config(read_yaml_with_lines("", "kbgen.yaml"))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(alphabet="ab:-[]{}&*!<>?#|'\"%@, \n\t0~", max_size=40))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    said = ""
    try:
        document = read_yaml_with_lines(text, "kbgen.yaml")
    except ConfigError as error:
        said = error.message
    else:
        assert all(1 <= line <= text.count("\n") + 1 for line in document.lines.values())
    assert not said or said.startswith("kbgen.yaml:")
