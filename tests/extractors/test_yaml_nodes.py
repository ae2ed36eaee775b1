"""YAML as trees: merges, aliases, tags, broken and hostile texts."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.extractors.nodes import Document, walk_texts
from kbgen.extractors.yaml_nodes import is_template, parse_template, parse_yaml


def parse(text: str) -> Document:
    return parse_yaml(textwrap.dedent(text))


def texts(document: Document) -> dict[str, str]:
    return {path: node.text or "" for root in document.roots for path, node in walk_texts(root)}


def lines(document: Document) -> dict[str, int]:
    return {path: node.line for root in document.roots for path, node in walk_texts(root)}


def test_texts_stay_as_written_and_lines_are_those_of_their_keys() -> None:
    document = parse(
        """\
        port: 08080
        on: yes
        quoted: "null"
        nothing: null
        long:
          folded text
          goes on
        list:
          - a
          - b: c
        """
    )
    assert texts(document) == {
        "port": "08080",
        "on": "yes",
        "quoted": "null",
        "long": "folded text goes on",
        "list[0]": "a",
        "list[1].b": "c",
    }
    assert lines(document)["long"] == 5
    assert lines(document)["list[1].b"] == 10
    assert document.problems == ()


def test_merge_keys_give_way_to_own_keys_whatever_their_order() -> None:
    document = parse(
        """\
        base: &base {image: a, port: 1}
        more: &more {port: 2, extra: x}
        late:
          port: 3
          <<: [*base, *more]
        quoted:
          "<<": text
        """
    )
    got = texts(document)
    assert (got["late.port"], got["late.image"], got["late.extra"]) == ("3", "a", "x")
    assert got["quoted.'<<'"] == "text"


def test_an_alias_is_the_same_content_on_its_own_line() -> None:
    document = parse("a: &x\n  b: 1\nc: *x\nd: *x\n")
    assert texts(document) == {"a.b": "1", "c.b": "1", "d.b": "1"}
    assert [document.roots[0].get(key).line for key in "acd"] == [1, 3, 4]


def test_several_documents_and_unknown_tags_are_read_plainly() -> None:
    document = parse("a: !Ref Name\nb: !reference [x, y]\n---\n---\nc: !!python/object:os.system z\n")
    assert texts(document) == {"a": "Name", "b[0]": "x", "b[1]": "y", "c": "z"}
    assert len(document.roots) == 2


def test_a_broken_text_gives_what_stands_before_the_error() -> None:
    document = parse_yaml("a: 1\nb:\n  c: 2\n  d: 3\n bad\n")
    assert texts(document) == {"a": "1", "b.c": "2", "b.d": "3"}
    assert document.problems == ("YAML syntax error in line 5",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 1\na: 2\n", "key a again in line 2: the last one counts"),
        ("a: *b\n", "alias in line 1 names nothing"),
        ("a: &a\n  b: *a\n", "alias in line 2 holds itself"),
        ("a: &a\n  <<: *a\n  b: 1\n", "alias in line 2 holds itself"),
        ("a: \x00\n", "holds characters that YAML does not allow"),
        ("[" * 100_000, "nested too deeply to be read whole"),
        ("\n".join(" " * depth + "a:" for depth in range(400)), "nested too deeply to be read whole"),
    ],
)
def test_what_is_odd_is_said(text: str, why: str) -> None:
    assert parse_yaml(text).problems == (why,)


def test_aliases_that_explode_are_cut() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 14)]
    document = parse_yaml("\n".join(["a0: &a0 [x, x, x]", *levels]))
    assert document.problems == ("aliases repeat too much to be read whole",)
    assert sum(1 for root in document.roots for _ in walk_texts(root)) < 120_000


def test_merges_that_explode_are_cut() -> None:
    base = ", ".join(f"k{n}: 1" for n in range(2000))
    text = f"a: &a {{{base}}}\n" + "".join(f"m{n}:\n  <<: *a\n" for n in range(2000))
    document = parse_yaml(text)
    assert document.problems == ("aliases repeat too much to be read whole",)


def test_byte_order_mark_and_surrogates_do_no_harm() -> None:
    assert texts(parse_yaml("\ufeffa: 1\r\nb: 2\r\n")) == {"a": "1", "b": "2"}
    assert parse_yaml("a: \ud800x\n").roots


def test_template_is_read_as_if_every_condition_held() -> None:
    text = textwrap.dedent(
        """\
        {{- /* what
        {{ this }} is */ -}}
        {{- if .Values.on }}
        name: {{ .Values.name | default "x" }}
        port: "{{ .Values.port }}:80"
        {{- with .Values.labels }}
        labels:
          {{- toYaml . | nindent 2 }}
        {{- end }}
        {{- end }}
        """
    )
    document = parse_template(text)
    assert is_template(text)
    assert texts(document) == {"name": "{{.Values.name | default 'x'}}", "port": "{{.Values.port}}:80"}
    assert lines(document) == {"name": 4, "port": 5}
    assert document.problems == ()


def test_quoted_braces_make_no_template() -> None:
    assert not is_template('run: echo "${{ github.ref }}"\nname: "{{ x }}"\nif: ${{ a }}\n')


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from([*"ab:-[]{},&*!|>#'\"\n \t%@`~?<", "&a ", "*a", "<<: ", "\n- ", ": ", "---\n", "{{", "}}"])
    )
)
def test_any_text_gives_a_document(parts: list[str]) -> None:
    text = "".join(parts)
    assert parse_yaml(text) is not None
    assert parse_template(text) is not None
    document = parse_yaml(text)
    assert all(node.line >= 1 for root in document.roots for _, node in walk_texts(root))
