"""Text of others stands in our Markdown as text: parsed by markdown-it, it gives back what it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kbgen.markdown import (
    Markdown,
    code_span,
    escape_text,
    fold,
    link,
    quote_block,
    show_invisible,
    table_cell,
)

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
FAST = settings(max_examples=150, deadline=None, derandomize=True)


def read_inline(markdown: str) -> tuple[set[str], str]:
    """The kinds of tokens in the page's text, and what a reader sees of it."""
    kinds: set[str] = set()
    shown = ""
    for token in PARSER.parse(markdown):
        kinds.add(token.type if token.block and token.type != "inline" else "")
        for child in token.children or ():
            kinds.add(child.type)
            shown += "\n" if child.type == "softbreak" else child.content
    return kinds - {"", "text"}, shown


def fold_blanks(text: str) -> str:
    """What `escape_text` documents: blanks and line breaks become one blank."""
    return " ".join(show_invisible(text).replace("\u2028", " ").replace("\u2029", " ").split(" ")).strip()


class TestEscapeText:
    @pytest.mark.parametrize(
        "text",
        [
            "Fix race in use_state (see a-b.ts), 50% done",
            "feat(scope)!: add __init__ to snake_case_name, v1.2.3 - a/b.c",
            "Don't \u201cquote\u201d; a < b, x >= 3 & y | z = 2 * 3",
            "#123 and @scope/name by @bob, cost ~5 or $PATH",
            "2024-01-02 was a Tuesday",
            "C:\\Users\\me",
            "3 files changed, 12 insertions(+), 4 deletions(-)",
            "{{ not jinja }} {% here %}",
        ],
    )
    def test_ordinary_sentences_stay_as_they_are(self, text: str) -> None:
        assert escape_text(text) == text.replace("__init__", r"\_\_init\_\_")

    @pytest.mark.parametrize(
        ("text", "escaped"),
        [
            ("**bold** _it_", r"\*\*bold\*\* \_it\_"),
            ("use `x`", r"use \`x\`"),
            ("[x](u) ![y](u)", r"\[x\](u) !\[y\](u)"),
            ("<b> a<b </i> <!-- c --> <https://x.y>", r"&lt;b> a&lt;b &lt;/i> &lt;!-- c --> &lt;https\://x.y>"),
            ("&lt; &#64; AT&T", "&amp;lt; &amp;#64; AT&T"),
            ("see https://a.b/c www.d.e", r"see https\://a.b/c www\.d.e"),
            ("mail me@x.com.", "mail `me@x.com`."),
            ("~~gone~~ a~b", r"\~\~gone\~\~ a\~b"),
            ("$a$", r"$a\$"),
            ("# head", r"\# head"),
            ("- item", r"\- item"),
            ("+ item", r"\+ item"),
            ("1. item", r"1\. item"),
            ("12) item", r"12\) item"),
            ("> quote", r"\> quote"),
            ("---", r"\---"),
            ("===", r"\==="),
            ("| --- | --- |", "&#124; --- | --- |"),
            ("head #", r"head \#"),
            ("end\\", r"end\\"),
            ("\\*", r"\\\*"),
            ("two\nlines\r\n\tand more ", "two lines and more"),
            ("<!-- kbgen:end notes sha256:00 -->", "&lt;!-- kbgen:end notes sha256:00 -->"),
            ("\x1b[31mred\x07", r"␛\[31mred␇"),
            ("a\u202eb\u200bc\udcffd\x9be\x7f", "a⟨U+202E⟩b⟨U+200B⟩c⟨0xFF⟩d⟨U+009B⟩e␡"),
            ("👩\u200d💻 ❤\ufe0f", "👩\u200d💻 ❤\ufe0f"),
            ("", ""),
            (" \n ", ""),
        ],
    )
    def test_what_could_act_is_escaped(self, text: str, escaped: str) -> None:
        assert escape_text(text) == escaped

    def test_what_is_markdown_already_passes(self) -> None:
        assert escape_text(code_span("a*b")) == "`a*b`"
        assert escape_text(escape_text("a*b")) == r"a\*b"
        assert escape_text(str(escape_text("a*b"))) != r"a\*b"

    def test_in_a_summary_it_is_no_html(self) -> None:
        shown = PARSER.render(f"<details><summary>{escape_text('</summary><img src=x>')}</summary>\n\nx\n\n</details>")
        assert "<img" not in shown
        assert shown.count("</summary>") == 1


MARKS = [
    "*",
    "**",
    "_",
    "__",
    "`",
    "``",
    "[",
    "]",
    "(",
    ")",
    "!",
    "#",
    "-",
    "+",
    "1.",
    "~~",
    "$",
    "|",
    "|---|",
    "---",
    "===",
]
HTML = ["<", "</", "<!--", "-->", ">", "&", "&amp;", "<b>", "\\", "\\|", "https://x.y", "www.x.y", "me@x.yz", "[a]: u"]
PIECES = st.sampled_from([*MARKS, *HTML, "a", "b", " ", "\n", "\t", "é", ":", "\x1b", "\u202e"])
TEXT = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=30)


@FAST
@given(TEXT)
def test_any_text_is_shown_as_text(text: str) -> None:
    wanted = fold_blanks(text.replace("\n", " ").replace("\r", " ").replace("\t", " "))
    wanted = " ".join(part for part in wanted.split(" ") if part)
    for before, after in (("", ""), ("- ", ""), ("> ", ""), ("### ", ""), ("say ", " end"), ("(", ")")):
        kinds, shown = read_inline(f"{before}{escape_text(text)}{after}")
        assert kinds <= {"code_inline"} | {"paragraph_open", "paragraph_close", "heading_open", "heading_close"} | {
            f"{kind}_{side}" for kind in ("bullet_list", "list_item", "blockquote") for side in ("open", "close")
        }
        assert "code_inline" not in kinds or "@" in text
        bare = before if before in ("say ", "(") else ""
        assert shown.split() == f"{bare}{wanted}{after}".split()


@FAST
@given(TEXT)
def test_any_text_fits_a_cell_as_text_and_as_code(text: str) -> None:
    wanted = show_invisible(text.replace("\r\n", "\n").replace("\r", "\n"))
    for cell, line_break in ((table_cell(text), " "), (table_cell(code_span(text)), "⏎")):
        page = f"| A | B |\n|---|---|\n| {cell} | last |"
        tokens = PARSER.parse(page)
        cells = [tokens[i + 1] for i, token in enumerate(tokens) if token.type == "td_open"]
        assert len(cells) == 2
        shown = "".join(child.content for child in cells[0].children or ())
        assert {child.type for child in cells[0].children or ()} <= {"text", "code_inline"}
        expected = wanted.replace("\n", line_break)
        assert shown.replace("\u2028", " ").split() == expected.replace("\u2028", " ").split()
        assert cells[1].content == "last"


@FAST
@given(TEXT)
def test_any_text_is_one_code_span(text: str) -> None:
    span = code_span(text)
    if not span:
        assert not text.replace("\n", "x").replace("\r", "x").strip()
        return
    (token,) = [child for t in PARSER.parse(f"a {span} b") for child in t.children or () if child.type != "text"]
    shown = show_invisible(text.replace("\r\n", "⏎").replace("\n", "⏎").replace("\r", "⏎")).replace("\t", " ")
    assert token.type == "code_inline"
    assert token.content == shown


@FAST
@given(TEXT, st.integers(1, 40))
def test_folding_keeps_a_beginning(text: str, limit: int) -> None:
    folded = fold(text, limit)
    line = " ".join(text.split())
    assert len(folded) <= limit
    assert folded == line or (folded.endswith("…") and line.startswith(folded[:-1]))


class TestParts:
    def test_code_span_needs_no_escapes(self) -> None:
        assert code_span("a`b") == "``a`b``"
        assert code_span("`a") == "`` `a ``"
        assert code_span("``a`") == "``` ``a` ```"
        assert code_span(" a ") == "`  a  `"
        assert code_span("a\nb") == "`a⏎b`"
        assert code_span("") == ""

    def test_cells(self) -> None:
        assert table_cell("a | b") == r"a \| b"
        assert table_cell(code_span("a | b")) == r"`a \| b`"
        assert table_cell(code_span(r"a\|b")) == r"a\\\|b"
        assert table_cell(code_span(r"a\\|b")) == r"`a\\\|b`"
        assert table_cell(Markdown(r"\`a\\|`b|c`")) == r"\`a\\\|`b\|c`"
        assert table_cell(table_cell(code_span("a|b"))) == r"`a\|b`"
        assert table_cell(code_span("x" * 20_000 + r"\|")).startswith("\\`xxx")
        assert table_cell("- a") == "- a"
        assert table_cell("a\nb") == "a b"

    def test_links_go_to_web_addresses_and_relative_paths_only(self) -> None:
        assert link("a.py", "src/a b (1).py") == "[a.py](src/a%20b%20%281%29.py)"
        assert link("x", "https://h.y/p?q=1#L1-L2") == "[x](https://h.y/p?q=1#L1-L2)"
        assert link("x", "https://me:token@h.y/p") == "[x](https://h.y/p)"
        assert link("a]b", "u") == r"[a\]b](u)"
        assert link(code_span("a]b"), "u") == "[`a]b`](u)"
        assert link("x", "https://h.y/%20é") == "[x](https://h.y/%20%C3%A9)"
        for target in (
            "javascript:alert(1)",
            "data:x",
            "//h.y",
            "file:///x",
            "",
            "JavaScript:x",
            "http://",
            "https://[",
            "\\\\h\\x",
        ):
            assert link("x", target) == "x", target
        kinds, shown = read_inline(link("](evil) <b>", "a)b>c \n[d]"))
        assert kinds == {"paragraph_open", "paragraph_close", "link_open", "link_close"}
        assert shown == "](evil) <b>"

    def test_quotes_keep_their_lines(self) -> None:
        assert quote_block("One *two*\n\n- three\n- four\n") == "> One \\*two\\*\n>\n> \\- three\\\n> \\- four"
        kinds, _ = read_inline(quote_block("a | b\n--- | ---\n===\n```\n<div>\n\n[x]: u"))
        assert kinds == {"blockquote_open", "blockquote_close", "paragraph_open", "paragraph_close", "softbreak"}

    def test_fold_cuts_behind_a_word(self) -> None:
        assert fold("one two  three", 40) == "one two three"
        assert fold("one two three", 9) == "one two…"
        assert fold("one, two three", 8) == "one…"
        assert fold("abcdefghij", 5) == "abcd…"
        assert fold("abc", 3) == "abc"
        assert fold("abcd", 1) == "…"

    def test_markdown_is_a_string(self) -> None:
        assert isinstance(escape_text("x"), Markdown)
        assert escape_text("x") + "y" == "xy"
