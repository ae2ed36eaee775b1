"""A section into a document: where it belongs, in its depth and style, every other byte as it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.errors import BlockError, EditedBlockError, StoryFileError
from kbgen.markdown import Markdown
from kbgen.merge import Manner, SectionPlace, find_covering_sections, merge_section, read_sections
from kbgen.splice import find_blocks, remove_block

GUIDE = b"# Guide\n\nWords.\n\n## Setup\n\n### Keys\n\nA.\n\n## Security\n\n### Headers\n\nB.\n\n## References\n\n- x\n"
TEXT = "First.\n\n### Handshake\n\nMore.\n\n```sh\n# no heading\n```"
AFTER = SectionPlace(after=("security",))


def merge(content: bytes | None = GUIDE, text: str = TEXT, place: SectionPlace = AFTER, **manner: object) -> bytes:
    return merge_section(content, "sockets", "Socket safety", text, place, Manner(**manner))  # type: ignore[arg-type]


class TestPlace:
    def test_it_stands_behind_the_section_with_its_subsections(self) -> None:
        result = merge()
        head, tail = result.split(b"<!-- kbgen:begin sockets -->")
        assert head == GUIDE[: GUIDE.index(b"\n## References")] + b"\n"
        assert tail.endswith(b" -->\n\n## References\n\n- x\n")
        assert b"\n## Socket safety\n\nFirst.\n\n### Handshake\n" in tail

    def test_phrases_are_tried_in_order_and_only_main_sections_are_places(self) -> None:
        at = merge(place=SectionPlace(after=("headers", "nothing", "setup"))).index(b"<!-- kbgen")
        assert GUIDE[:at].rstrip().endswith(b"A.")
        at = merge(place=SectionPlace(before=("nothing", "Setups"))).index(b"<!-- kbgen")
        assert GUIDE[:at].rstrip().endswith(b"Words.")

    def test_without_a_place_it_stands_before_the_back_matter_or_at_the_end(self) -> None:
        assert merge(place=SectionPlace()).endswith(b"-->\n\n## References\n\n- x\n")
        plain = b"# Guide\n\n## References of a kind\n\nText"
        assert merge(plain, place=SectionPlace()).startswith(plain + b"\n\n<!-- kbgen:begin sockets -->")

    def test_the_very_top_keeps_byte_order_mark_and_line_ending(self) -> None:
        content = b"\xef\xbb\xbf## References\r\n\r\n- x\r\n\r\n## See also\r\n"
        result = merge(content, place=SectionPlace())
        assert result.startswith(b"\xef\xbb\xbf<!-- kbgen:begin sockets -->\r\n\r\n## Socket safety\r\n")
        assert result.endswith(b" -->\r\n" + content[3:])
        assert result.count(b"\n") == result.count(b"\r\n")

    def test_no_document_gives_a_new_one(self) -> None:
        result = merge(None)
        assert result.startswith(b"<!-- kbgen:begin sockets -->\n\n# Socket safety\n\nFirst.\n\n## Handshake\n")
        assert merge(result) == result

    def test_headings_in_code_comments_and_front_matter_are_no_places(self) -> None:
        content = b"---\n# Security\n---\n\n# G\n\n```\n## Security\n```\n\n<!--\n## Security\n-->\n\n## End\n\nZ.\n"
        assert merge(content).startswith(content.rstrip(b"\n"))


class TestStyle:
    def test_the_text_follows_the_depth_of_the_document(self) -> None:
        result = merge(b"# One\n\n# Security\n\n# Three\n").decode()
        assert "\n# Socket safety\n" in result
        assert "\n## Handshake\n" in result
        assert "\n# no heading\n" in result
        assert "\n### Socket safety\n" in merge(b"### One\n\n### Two\n").decode()

    def test_underlined_and_closed_headings_are_matched(self) -> None:
        assert b"\nSocket safety\n-------------\n" in merge(b"Guide\n=====\n\nSecurity\n--------\n\nB.\n")
        assert b"\n## Socket safety ##\n" in merge(b"# Guide #\n\n## Security ##\n\nB.\n")

    def test_rules_between_sections_are_kept_up(self) -> None:
        content = b"# G\n\n---\n\n## Security\n\nB.\n\n---\n\n## Next\n\nC.\n"
        result = merge(content)
        assert b"B.\n\n---\n\n<!-- kbgen:begin" in result
        assert b"```\n\n---\n\n<!-- kbgen:end" in result
        assert merge(result) == result
        assert (
            b"---" not in merge(b"# G\n\n## Security\n\nB.\n\n---\n", place=SectionPlace()).split(b"begin sockets")[1]
        )

    @pytest.mark.parametrize("newline", [b"\r\n", b"\r"])
    def test_the_files_line_ending_is_kept(self, newline: bytes) -> None:
        content = GUIDE.replace(b"\n", newline)
        result = merge(content)
        assert result.replace(newline, b"\n") == merge()
        assert merge(result) == result

    def test_a_title_of_foreign_text_stays_a_title(self) -> None:
        title = "A <!-- kbgen:begin sockets --> <b>\n## B"
        result = merge_section(GUIDE, "sockets", title, "T.", AFTER)
        assert b"## A &lt;!-- kbgen:begin sockets --> &lt;b> ## B\n" in result
        assert len(find_blocks(result)) == 1
        assert b"## `x`\n" in merge_section(GUIDE, "sockets", Markdown("`x`"), "T.", AFTER)

    def test_depth_stops_at_six(self) -> None:
        result = merge(b"#### A\n\n#### B\n", "##### x\n\n###### y")
        assert b"\n##### x\n\n###### y\n" in result
        assert b"\n###### y\n\n###### z\n" in merge(b"##### A\n\n##### B\n", "# y\n\n## z")


class TestAgain:
    def test_a_new_text_goes_where_the_block_is_now(self) -> None:
        moved = b"# Guide\n\n" + merge(b"")[:] + b"\n## Security\n\nB.\n"
        result = merge(moved, "Other.")
        assert result.index(b"Other.") < result.index(b"## Security")
        assert b"## Socket safety\n\nOther.\n" in result

    def test_an_edit_is_refused_forced_or_kept(self) -> None:
        edited = merge().replace(b"First.", b"Mine.")
        with pytest.raises(EditedBlockError, match=r"^d\.md:17: "):
            merge(edited, path="d.md")
        assert merge(edited, force=True) == merge()
        kept = merge(edited, keep_edits=True)
        assert b"First." in kept
        assert b"<!-- kbgen:keep sockets -->" in kept
        assert b"Mine." in kept

    def test_two_blocks_of_one_name_and_files_that_are_no_text_are_refused(self) -> None:
        with pytest.raises(BlockError, match="there twice"):
            merge(merge() + b"\n" + merge(None))
        for content in (b"# G\n\0", b"\xff\xfe#\0", b"# \xe9\n"):
            with pytest.raises(StoryFileError):
                merge(content)
        with pytest.raises(BlockError):
            merge(text="<!-- kbgen:end sockets -->")
        with pytest.raises(BlockError, match="never closed"):
            merge(text="```\nopen")

    def test_a_megabyte_is_merged_soon(self) -> None:
        content = b"# G\n\n" + (b"## A section\n\n" + b"Words and words and words.\n" * 60 + b"\n") * 620
        result = merge(content)
        assert len(result) > 1_000_000
        assert remove_block(result, "sockets") == content


LINES = st.sampled_from(
    [
        "# Guide",
        "## Security",
        "### Deep",
        "## Next",
        "Title\n===",
        "Sub\n---",
        "",
        "",
        "text",
        "---",
        "- item",
        "> q",
        "```sh\n# x\n```",
        "<!-- c -->",
        "<!--\n## x\n-->",
        "    code",
        "| a |\n|---|",
        "\ufeff",
        "é ü",
        "# 好",
    ]
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(LINES, max_size=14), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.booleans())
def test_bytes_outside_the_block_stay(lines: list[str], newline: str, final: bool, bom: bool) -> None:
    text = "\n".join(lines) + ("\n" if final else "")
    content = (b"\xef\xbb\xbf" if bom else b"") + text.replace("\n", newline).encode()
    result = merge(content)
    (block,) = find_blocks(result)
    outside = result[: block.start] + result[block.end :]
    assert outside.replace(b"\r", b"").replace(b"\n", b"") == content.replace(b"\r", b"").replace(b"\n", b"")
    if content.removeprefix(b"\xef\xbb\xbf"):
        restored = remove_block(result, "sockets")
        assert restored == content or restored == content + newline.encode()
    assert merge(result) == result


class TestCovering:
    CONTENT = (
        b"# Deployment\n\n## Web Socket hardening\n\n### Security of tokens\n\n## Sockets\n\n"
        b"### Socket.IO\n\n#### Security\n\n"
        b"```\n## WebSocket security\n```\n"
    )
    SUBJECT = (("websocket", "socket.io"), ("security", "hardening"))

    def test_sections_are_found_by_their_own_words_and_those_above(self) -> None:
        found = find_covering_sections(self.CONTENT, self.SUBJECT)
        assert [(s.title, s.level, s.line, s.anchor) for s in found] == [
            ("Web Socket hardening", 2, 3, "web-socket-hardening"),
            ("Security", 4, 11, "security"),
        ]
        assert found[1].parents == ("Deployment", "Sockets", "Socket.IO")

    def test_a_section_of_ours_covers_nothing(self) -> None:
        content = merge_section(b"# D\n", "b", "WebSocket security", "T.")
        assert find_covering_sections(content, self.SUBJECT) == ()

    def test_words_above_alone_are_not_enough(self) -> None:
        assert find_covering_sections(b"# Caching guide\n\n## Setup\n", (("caching",), ("guide",)))[0].title == (
            "Caching guide"
        )
        assert find_covering_sections(b"# Caching\n\n## Setup\n", (("caching",), ("guide",))) == ()

    def test_anchors_are_numbered_like_githubs(self) -> None:
        content = b"# A & B\n\n## It's `x_y`!\n\n## Same\n\n## Same\n\n## \xe5\xa5\xbd 1.2\n"
        assert [s.anchor for s in read_sections(content)] == ["a--b", "its-x_y", "same", "same-1", "好-12"]
