"""Managed blocks: what lies outside stays, edits are seen, formatters are not edits."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbgen.errors import BlockError, EditedBlockError, StoryFileError
from kbgen.splice import (
    END_OF_FILE,
    Block,
    Placement,
    blank_blocks,
    compute_checksum,
    find_blocks,
    keep_edit,
    normalise,
    remove_block,
    replace_block,
)

STORY = b"# Story\n\n## Status\n\nReady\n\n## Dev Notes\n\nSome.\n"


def write(text: str, content: bytes = STORY, **options: object) -> bytes:
    return replace_block(content, "notes", text, **options)  # type: ignore[arg-type]


def only_block(content: bytes) -> Block:
    (block,) = find_blocks(content)
    return block


class TestFind:
    def test_a_block_gives_text_place_and_line(self) -> None:
        content = write("### Built\n\nA.")
        block = only_block(content)
        assert (block.name, block.text, block.edited, block.line) == ("notes", "### Built\n\nA.", False, 11)
        assert content[block.start : block.end].startswith(b"<!-- kbgen:begin notes -->\n")
        assert content[block.start : block.end].endswith(b" -->")
        assert block.checksum == compute_checksum("### Built\n\nA.")

    def test_a_changed_word_is_an_edit_and_so_is_a_missing_checksum(self) -> None:
        content = write("### Built\n\nA thing.")
        assert only_block(content.replace(b"A thing", b"No thing")).edited
        assert only_block(re.sub(rb" sha256:[0-9a-f]+", b"", content)).edited

    def test_markers_in_code_are_text(self) -> None:
        marker = b"<!-- kbgen:begin notes -->\n"
        for shown in (
            b"```html\n" + marker + b"```\n",
            b"~~~~\n```\n" + marker + b"~~~~\n",
            b"- item\n\n  ```\n  " + marker + b"  ```\n",
            b"> ```\n> " + marker + b"> ```\n",
            b"    " + marker,
            b"<pre>\n" + marker + b"</pre>\n",
            b"Say `<!-- kbgen:begin notes -->` there.\n",
            b"---\nx: |\n  y\n" + marker + b"---\n",
        ):
            assert find_blocks(b"# T\n\n" * (not shown.startswith(b"---")) + shown) == (), shown

    def test_a_fence_ends_with_its_list_item_or_quote(self) -> None:
        block = write("x", b"")
        for open_fence in (b"- item\n  ```\n  code\n\n", b"> ```\n> code\n\n"):
            assert len(find_blocks(open_fence + block)) == 1, open_fence

    @pytest.mark.parametrize(
        ("content", "line", "words"),
        [
            (b"<!-- kbgen:begin a -->\n\ntext\n", 1, "no end marker"),
            (b"\n\n<!-- kbgen:end a sha256:00 -->\n", 3, "without a begin marker"),
            (b"<!-- kbgen:begin a -->\n<!-- kbgen:begin b -->\n", 2, "begins inside a"),
            (b"<!-- kbgen:begin a -->\nx\n<!-- kbgen:end b sha256:00 -->\n", 3, "ended by the marker of b"),
            (b"<!-- kbgen:begin a -->\n<!-- kbgen:end a -->\n<!-- kbgen:begin a -->\n", 3, "there twice"),
            (b"x\n<!-- kbgen:begin a --> text\n", 2, "garbled"),
            (b"<!-- kbgen:begin -->\n", 1, "garbled"),
            (b"<!-- kbgen:begin a -->\n```\n<!-- kbgen:end a -->\n", 1, "open code fence"),
        ],
    )
    def test_malformed_blocks_are_named_by_line(self, content: bytes, line: int, words: str) -> None:
        with pytest.raises(BlockError) as caught:
            find_blocks(content, path="a/b.md")
        assert caught.value.message.startswith(f"a/b.md:{line}: ")
        assert words in str(caught.value)
        assert caught.value.hint
        assert not isinstance(caught.value, EditedBlockError)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"a\nb\0c\n", "s.md:2: not a text file"),
            (b"a\n\xff\xfe\n", "s.md:2: not UTF-8 text (byte 0xff)"),
            ("# T\n".encode("utf-16"), "s.md:1: not a text file"),
            (b"# caf\xe9\n", "s.md:1: not UTF-8 text (byte 0xe9)"),
        ],
    )
    def test_what_is_no_text_is_refused(self, content: bytes, message: str) -> None:
        for refuse in (lambda: find_blocks(content, path="s.md"), lambda: write("x", content, path="s.md")):
            with pytest.raises(StoryFileError, match=re.escape(message)):
                refuse()


class TestReplace:
    def test_the_block_goes_behind_the_section_with_one_blank_line(self) -> None:
        content = write("x", place=Placement("after-section", ("status",)))
        checksum = compute_checksum("x")
        assert content.decode() == (
            "# Story\n\n## Status\n\nReady\n\n<!-- kbgen:begin notes -->\n\nx\n\n"
            f"<!-- kbgen:end notes sha256:{checksum} -->\n\n## Dev Notes\n\nSome.\n"
        )

    @pytest.mark.parametrize(
        ("place", "in_front"),
        [
            (END_OF_FILE, b"Some.\n\n"),
            (Placement("after-section", ("STORY",)), b"Some.\n\n"),
            (Placement("before-heading", ("Dev *Notes*",)), b"Ready\n\n"),
            (Placement("after-section", ("Nowhere",)), b"Some.\n\n"),
            (Placement("after-section", ("Nowhere",), Placement("before-heading", ("Status",))), b"# Story\n\n"),
            (Placement("after-section", ("Nowhere", "Status")), b"Ready\n\n"),
        ],
    )
    def test_placement(self, place: Placement, in_front: bytes) -> None:
        content = write("x", place=place)
        assert content[: only_block(content).start].endswith(in_front)

    def test_headings_that_are_none_do_not_count(self) -> None:
        source = b"---\n# Status\n---\n\n```\n# Status\n```\n\nStatus\n======\n\nnow\n\nNext\n----\n\nend\n"
        content = write("x", source, place=Placement("after-section", ("Status",)))
        assert content[: only_block(content).start].endswith(b"end\n\n")  # level 1: Next is a part of it
        content = write("x", source, place=Placement("before-heading", ("Next",)))
        assert content[: only_block(content).start].endswith(b"now\n\n")

    def test_a_heading_inside_another_block_is_no_place(self) -> None:
        source = replace_block(STORY, "other", "## Status\n\nmine", place=Placement("before-heading", ("Status",)))
        content = write("x", source, place=Placement("before-heading", ("Status",)))
        assert [block.name for block in find_blocks(content)] == ["other", "notes"]

    def test_line_endings_bom_and_missing_newline_stay(self) -> None:
        source = b"\xef\xbb\xbf# T\r\n\r\nlast"
        content = write("a\nb", source)
        assert content.startswith(source + b"\r\n\r\n<!-- kbgen:begin notes -->\r\n\r\na\r\nb\r\n\r\n")
        assert content.endswith(b"-->")
        assert b"\n" not in content.replace(b"\r\n", b"")
        assert write("c", content).startswith(source)

    def test_other_text_replaces_and_the_same_text_changes_nothing(self) -> None:
        first = write("one", place=Placement("after-section", ("Status",)))
        second = write("two", first)
        assert only_block(second).text == "two"
        assert second.replace(b"two", b"one").split(b"sha256")[0] == first.split(b"sha256")[0]
        assert write("two", second) == second
        assert write("\n\ntwo\n", second) == second

    def test_an_edit_is_refused_with_place_and_way_out(self) -> None:
        edited = write("one").replace(b"one", b"mine")
        with pytest.raises(EditedBlockError) as caught:
            write("two", edited, path="docs/s.md")
        assert caught.value.message.startswith("docs/s.md:11: ")
        assert "--force" in caught.value.hint
        assert "--keep" in caught.value.hint
        assert caught.value.exit_code == 1
        assert only_block(write("two", edited, force=True)).text == "two"

    def test_an_edit_to_what_would_be_written_only_gets_its_checksum(self) -> None:
        edited = write("one").replace(b"one", b"two")
        assert write("two", edited) == write("two")

    def test_text_with_a_marker_is_refused_unless_it_is_shown_as_code(self) -> None:
        for text in ("<!-- kbgen:end notes -->", "a <!--kbgen:begin x --> b", "```\n<!-- kbgen:end notes -->\n```"):
            with pytest.raises(BlockError, match="marker of kbgen's own"):
                write(text)
        content = write("`<!-- kbgen:end notes sha256:00 -->` was quoted")
        assert not only_block(content).edited

    @pytest.mark.parametrize("text", ["```\nnever closed", "<pre>\nnever closed", "a\0b", "lone \udc80"])
    def test_text_that_would_tear_the_file_is_refused(self, text: str) -> None:
        with pytest.raises(BlockError):
            write(text)

    def test_a_file_with_an_open_fence_is_refused_rather_than_written_into_it(self) -> None:
        with pytest.raises(BlockError, match=r"s\.md:3: a code fence or <pre> that opens here"):
            write("x", b"# T\n\n```\ncode\n", path="s.md")

    def test_hash_style_for_yaml(self) -> None:
        source = b"rules:\n  - id: own\n"
        content = replace_block(source, "gen", "  - id: a\n  - id: b", style="hash")
        assert content.startswith(source + b"\n# kbgen:begin gen\n  - id: a\n  - id: b\n# kbgen:end gen sha256:")
        (block,) = find_blocks(content, "hash")
        assert (block.text, block.edited) == ("  - id: a\n  - id: b", False)
        assert find_blocks(content.replace(b"id: a", b"id: c"), "hash")[0].edited
        assert remove_block(content, "gen", style="hash") == source

    def test_two_blocks_live_side_by_side(self) -> None:
        content = replace_block(write("one"), "more", "two")
        assert [(b.name, b.text) for b in find_blocks(content)] == [("notes", "one"), ("more", "two")]
        assert remove_block(content, "more") == write("one")


class TestRemove:
    def test_missing_block_and_edited_block(self) -> None:
        assert remove_block(STORY, "notes") == STORY
        edited = write("one").replace(b"one", b"mine")
        with pytest.raises(EditedBlockError):
            remove_block(edited, "notes")
        assert remove_block(edited, "notes", force=True) == STORY

    def test_a_block_that_a_person_moved_to_a_tight_place(self) -> None:
        block = write("x", b"")
        assert remove_block(b"above\n" + block + b"below\n", "notes") == b"above\nbelow\n"


class TestKeep:
    OURS = "### Built\n\n- one\n- two\n\n| A | B |\n|---|---|\n| 1 | 2 |"

    def test_the_edit_stands_below_the_block_as_the_persons_own(self) -> None:
        edited = write(self.OURS).replace(b"- two\n", b"- two\n- three, by hand\n").replace(b"| 1 | 2 |", b"| 1 | 9 |")
        kept = keep_edit(edited, "notes", self.OURS)
        block = only_block(kept)
        assert (block.text, block.edited) == (self.OURS, False)
        assert kept[block.end :].decode() == (
            "\n\n<!-- kbgen:keep notes -->\n\n### Built\n\n- three, by hand\n\n| A | B |\n|---|---|\n| 1 | 9 |\n"
        )
        assert write("all new", kept)[: block.start] == kept[: block.start]
        assert b"three, by hand" in write("all new", kept)

    def test_with_what_was_written_before_an_old_statement_is_no_edit(self) -> None:
        edited = write("- old\n- same").replace(b"- same", b"- same\n- mine")
        assert b"- old" in keep_edit(edited, "notes", "- new\n- same")
        kept = keep_edit(edited, "notes", "- new\n- same", written="- old\n- same")
        assert b"- old" not in kept
        assert kept.endswith(b"<!-- kbgen:keep notes -->\n\n- mine\n")

    def test_a_line_of_a_fence_takes_the_fence_along(self) -> None:
        ours = "```mermaid\nA --> B\n```\n\nend"
        edited = write(ours).replace(b"A --> B", b"A --> C")
        assert b"kbgen:keep notes -->\n\n```mermaid\nA --> C\n```\n" in keep_edit(edited, "notes", ours)

    def test_no_edit_is_a_plain_replacement(self) -> None:
        assert keep_edit(write("one"), "notes", "two") == write("two")
        deleted = write("one\n\ntwo").replace(b"two\n\n", b"")
        assert keep_edit(deleted, "notes", "one\n\ntwo") == write("one\n\ntwo")


class TestNormalise:
    """Before: what kbgen writes. After: what prettier 3 and mdformat 0.7 with mdformat-gfm made of it."""

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (
                "| A | B |\n|---|---|\n| `x` | long text |",
                "| A   | B         |\n| --- | --------- |\n| `x` | long text |",
            ),
            ("| A | B |\n|:--|--:|\n| 1 | 2 |", "| A   |   B |\n| :-- | --: |\n| 1   |   2 |"),
            ("| `a \\| b` | c |\n|---|---|\n| x | |", "| `a \\| b` | c   |\n| -------- | --- |\n| x        |     |"),
            ("### H\n- a\n- b\ntext", "### H\n\n- a\n- b\n  text"),
            ("* a\n    * b\n        * c", "- a\n  - b\n    - c"),
            ("- a\n  - b", "-   a\n    -   b"),
            ("1. a\n2. b\n3. c", "1. a\n1. b\n1. c"),
            ("_it_ and __bold__", "*it* and **bold**"),
            ("snake_case and \\_\\_init\\_\\_", "snake_case and \\_\\_init\\_\\_"),
            ("a \\# b \\[x\\] https\\://x.y", "a # b [x] https://x.y"),
            ("&lt;Foo> &amp;lt;", "\\<Foo> \\&lt;"),
            ("2 * 3", "2 \\* 3"),
            ("***", "---"),
            ("one two three four", "one two\nthree four"),
            ("> a b\n> c", "> a\n> b c"),
            ("text  \nmore", "text\nmore"),
            ("a\n\n\n\nb", "a\n\nb"),
            ("- a\n- b", "- a\n\n- b"),
            ("a\r\nb", "a\nb"),
            ("```py\nx = 1  \n```", "```py\nx = 1\n```"),
            ("- a\n\n  ```py\n  x\n  ```", "- a\n\n    ```py\n    x\n    ```"),
        ],
    )
    def test_a_formatter_is_no_edit(self, before: str, after: str) -> None:
        assert normalise(before) == normalise(after)
        assert not only_block(write(before).replace(before.encode(), after.encode())).edited
        formatted = write(before).replace(before.encode(), after.encode())
        assert write(before, formatted) == formatted

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("A word.", "A words."),
            ("- a\n- b", "- b\n- a"),
            ("- a\n- b", "- a\n  - b"),
            ("| A | B |\n|---|---|\n| 1 | 2 |", "| A | B |\n|---|---|\n| 2 | 1 |"),
            ("| A |\n|---|\n| 1 |", "| A |\n|:-:|\n| 1 |"),
            ("| A |\n|---|\n| 1 |", "| A |\n|---|\n| 1 |\n| 2 |"),
            ("```py\nx = 1\n```", "```py\nx  = 1\n```"),
            ("```py\nx\n\ny\n```", "```py\nx\ny\n```"),
            ("```py\nif x:\n    y\n```", "```py\nif x:\ny\n```"),
            ("```py\nx\n```", "```js\nx\n```"),
            ("`a*b*`", "`a_b_`"),
            ("\\*\\*not bold\\*\\*", "**not bold**"),
            ("**bold**", "bold"),
            ("a\n\nb", "a b"),
            ("### H", "## H"),
            ("[x](a.md)", "[x](b.md)"),
            ("- a", "1. a"),
            ("> quoted", "quoted"),
            ("snake_case", "snakecase"),
            ("text", "Text"),
        ],
    )
    def test_a_persons_change_is_one(self, before: str, after: str) -> None:
        assert normalise(before) != normalise(after)

    def test_the_checksum_is_part_of_the_file_format(self) -> None:
        """A change here makes every block that was ever written look edited: add a second reading instead."""
        text = "### B\n\n- `a.py` (new)\n  * x\n\n| A | B |\n|---|---|\n| \\_y\\_ | **z** |\n\n1. one\n\n```sh\nls\n```"
        assert compute_checksum(text) == "cf6c8f102f256bd78835c7b02d61058ad3b87db39c7e82cd1cc7af07b8e339c5"
        assert (
            compute_checksum("- id: a\n", "hash") == "75958d32fc87d51f453ed03ee79378055699e2c00d01ec60d7f37fe7d0cd4b37"
        )


# ------------------------------------------------------------------------------------------------------- properties

BLOCKS = [
    "# T",
    "## Status",
    "Head",
    "====",
    "---",
    "- item",
    "  more",
    "1. x",
    "> q",
    "| a |",
    "|---|",
    "\t tab",
    "<b>x</b>",
]
LINES = st.sampled_from(
    [
        *BLOCKS,
        "text",
        "",
        "",
        "   ",
        "é ü — 🎉",
        "\u2028 x",
        "<details>",
        "`code`",
        "\\",
        "\x0c",
        "kbgen:",
        "<!-- c -->",
    ]
)
CONTENT = st.builds(
    lambda lines, bom, last: (
        (b"\xef\xbb\xbf" if bom else b"") + "".join(a + b for a, b in lines).encode() + last.encode()
    ),
    st.lists(st.tuples(LINES, st.sampled_from(["\n", "\n", "\r\n", "\r\n", "\r"])), max_size=12),
    st.booleans(),
    st.sampled_from(["", "", "last", "# H", " ", "é"]),
)
ANY_TEXT = st.lists(LINES, max_size=6).map("\n".join) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40
)
PLACE = st.sampled_from(
    [END_OF_FILE, Placement("after-section", ("Status", "T")), Placement("before-heading", ("Status", "Head", "H"))]
)
FAST = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.filter_too_much])


def try_write(content: bytes, text: str, place: Placement) -> bytes | None:
    """None where the file or the text has an open fence or the like: refused, nothing written."""
    try:
        return replace_block(content, "notes", text, place=place)
    except BlockError:
        return None


@FAST
@given(CONTENT, ANY_TEXT, ANY_TEXT, PLACE)
def test_bytes_outside_stay_and_the_block_is_found(content: bytes, text: str, other: str, place: Placement) -> None:
    written = try_write(content, text, place)
    if written is None:
        return
    block = only_block(written)
    assert not block.edited
    assert normalise(block.text) == normalise(text)
    assert remove_block(written, "notes") == content
    assert try_write(written, text, place) == written
    again = try_write(written, other, END_OF_FILE)
    if again is not None:
        changed = only_block(again)
        assert again[: changed.start] == written[: block.start]
        assert again[changed.end :] == written[block.end :]
        assert remove_block(again, "notes") == content


@FAST
@given(st.binary(max_size=60) | CONTENT)
def test_any_bytes_are_read_or_refused_by_an_error_of_ours(content: bytes) -> None:
    message = ""
    try:
        find_blocks(content)
        find_blocks(content, "hash")
    except (BlockError, StoryFileError) as error:
        message = error.message
    assert not message or re.match(r"<content>:\d+: ", message)


@FAST
@given(CONTENT, ANY_TEXT)
def test_hash_style_keeps_bytes_too(content: bytes, text: str) -> None:
    try:
        written = replace_block(content, "b", text, style="hash")
    except BlockError:
        return
    assert remove_block(written, "b", style="hash") == content
    assert replace_block(written, "b", text, style="hash") == written


@FAST
@given(ANY_TEXT)
def test_normalising_blanks_only(text: str) -> None:
    spaced = "\n".join(line + "  " for line in text.split("\n"))
    assert normalise(spaced, "hash") == normalise(text, "hash")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("# A\n\nours\n", "# A\n\nours\n"),
        ("a\n<!-- kbgen:begin x -->\nb\n<!-- kbgen:end x sha256:0 -->\nc\n", "a\n\n\n\nc\n"),
        ("# kbgen:begin x\nb: 1\n# kbgen:end x sha256:0\nc: 2\n", "\n\n\nc: 2\n"),
        ("<!-- kbgen:begin x -->\nb\n<!-- kbgen:end y -->\n", "<!-- kbgen:begin x -->\nb\n<!-- kbgen:end y -->\n"),
        (
            "<!-- kbgen:begin x -->\n1\n<!-- kbgen:end x -->\nmine\n<!-- kbgen:begin y -->\n2\n<!-- kbgen:end y -->\n",
            "\n\n\nmine\n\n\n\n",
        ),
    ],
    ids=["none", "html", "hash", "not ended", "two"],
)
def test_blank_blocks_empties_ours_and_keeps_lines(text: str, left: str) -> None:
    assert blank_blocks(text) == left
