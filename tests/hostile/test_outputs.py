"""What an untrusted repository may try through its files, its history's text and its templates."""

from __future__ import annotations

import os
import resource
import socket
from pathlib import Path

import pytest

from kbgen.adapters.files import FolderOutputs, PreviewOutputs, SafeOutputs
from kbgen.adapters.jinja import JinjaTemplates
from kbgen.errors import BlockError, EditedBlockError, OutputError, TemplateError
from kbgen.markdown import code_span, escape_text, quote_block, table_cell
from kbgen.splice import find_blocks, replace_block


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.md").write_text("secret\n")
    return tmp_path / "repo"


def refuse(top: Path, path: str) -> str:
    """The message of the refusal, for writing, reading and a dry run alike; nothing may be left behind."""
    before = sorted(str(p) for p in top.parent.rglob("*"))
    outputs = SafeOutputs(top)
    messages = set()
    for attempt in (
        lambda: outputs.write(path, b"x"),
        lambda: outputs.read(path),
        lambda: PreviewOutputs(outputs).write(path, b"x"),
        lambda: FolderOutputs(top, lambda _: None).write(path, b"x"),
    ):
        with pytest.raises(OutputError) as caught:
            attempt()
        messages.add(caught.value.message)
        assert caught.value.hint
        assert caught.value.exit_code == 2
    assert sorted(str(p) for p in top.parent.rglob("*")) == before
    assert (top.parent / "outside" / "secret.md").read_text() == "secret\n"
    assert len(messages) == 1
    return messages.pop()


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "",
            "/etc/x",
            "../outside/secret.md",
            "docs/../../outside/secret.md",
            "docs/./a.md",
            "docs//a.md",
            "docs/",
            "a\0b",
        ],
    )
    def test_paths_that_lead_elsewhere(self, top: Path, path: str) -> None:
        refuse(top, path)

    @pytest.mark.parametrize(
        "path",
        [
            ".git/config",
            ".GIT/hooks/x",
            "sub/.git/x",
            ".git",
            ".git./x",
            ".git /x",
            ".gi\u200ct/x",
            "git~1/x",
            ".git::$I/x",
        ],
    )
    def test_the_git_directory_in_every_spelling(self, top: Path, path: str) -> None:
        assert "git directory" in refuse(top, path)

    def test_a_folder_link_out_of_the_tree(self, top: Path) -> None:
        (top / "docs").symlink_to("../outside")
        assert "leads out" in refuse(top, "docs/secret.md")
        (top / "deep").mkdir()
        (top / "deep" / "link").symlink_to(top.parent / "outside")
        assert "leads out" in refuse(top, "deep/link/new.md")

    def test_a_folder_link_into_git(self, top: Path) -> None:
        (top / "docs").symlink_to(".git")
        assert "leads out" in refuse(top, "docs/config")

    def test_links_that_lead_nowhere_or_in_circles(self, top: Path) -> None:
        (top / "gone").symlink_to("nowhere")
        assert "no folder" in refuse(top, "gone/a.md")
        (top / "a").symlink_to("b")
        (top / "b").symlink_to("a")
        assert "no folder" in refuse(top, "a/x.md")

    def test_a_file_that_is_a_link_wherever_it_leads(self, top: Path) -> None:
        (top / "out.md").symlink_to("../outside/secret.md")
        assert refuse(top, "out.md").endswith("is a symbolic link to ../outside/secret.md")
        (top / "real.md").write_text("x\n")
        (top / "in.md").symlink_to("real.md")
        assert "symbolic link" in refuse(top, "in.md")
        (top / "dangling.md").symlink_to("../outside/new.md")
        assert "symbolic link" in refuse(top, "dangling.md")

    def test_a_folder_link_that_stays_inside_is_followed(self, top: Path) -> None:
        (top / "real").mkdir()
        (top / "docs").symlink_to("real")
        assert SafeOutputs(top).write("docs/a.md", b"x")
        assert (top / "real" / "a.md").read_bytes() == b"x"

    def test_a_folder_a_pipe_or_a_socket_in_the_way(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (top / "a.md").mkdir()
        assert "is a folder" in refuse(top, "a.md")
        os.mkfifo(top / "pipe.md")
        assert "no regular file" in refuse(top, "pipe.md")
        with socket.socket(socket.AF_UNIX) as server:
            monkeypatch.chdir(top)  # a socket's path may not be long
            server.bind("s.md")
            assert "no regular file" in refuse(top, "s.md")

    def test_a_file_where_a_folder_should_be(self, top: Path) -> None:
        (top / "docs").write_text("a file\n")
        assert "docs is no folder" in refuse(top, "docs/a.md")

    def test_names_that_differ_in_case_only(self, top: Path) -> None:
        (top / "Docs").mkdir()
        (top / "Docs" / "README.md").write_text("x\n")
        assert "Docs is there already" in refuse(top, "docs/a.md")
        assert "README.md is there already" in refuse(top, "Docs/Readme.md")
        (top / "caf\u00e9.md").write_text("x\n")
        assert "differs only" in refuse(top, "cafe\u0301.md")

    def test_an_overlong_name(self, top: Path) -> None:
        with pytest.raises(OutputError, match="File name too long"):
            SafeOutputs(top).write("a" * 300 + ".md", b"x")

    def test_output_folder_inside_git(self, top: Path) -> None:
        with pytest.raises(OutputError, match="git directory"):
            FolderOutputs(top / ".git" / "out", lambda _: None)


class TestWriting:
    def test_a_file_or_folder_that_nobody_may_write_stays_even_for_root(self, top: Path) -> None:
        (top / "a.md").write_text("old\n")
        (top / "a.md").chmod(0o444)
        with pytest.raises(OutputError, match=r"a\.md: is read-only") as caught:
            SafeOutputs(top).write("a.md", b"new\n")
        assert "chmod u+w" in caught.value.hint
        assert (top / "a.md").read_text() == "old\n"
        assert SafeOutputs(top).write("a.md", b"old\n") is False
        (top / "shut").mkdir()
        (top / "shut").chmod(0o555)
        try:
            with pytest.raises(OutputError, match="folder: is read-only"):
                SafeOutputs(top).write("shut/a.md", b"x")
            with pytest.raises(OutputError, match="folder: is read-only"):
                PreviewOutputs(SafeOutputs(top)).write("shut/deep/a.md", b"x")
        finally:
            (top / "shut").chmod(0o755)
        assert list((top / "shut").iterdir()) == []

    def test_a_full_disk_leaves_the_old_bytes_and_nothing_else(self, top: Path) -> None:
        """The limit on file size makes the kernel fail the write half-way, as a full disk does."""
        (top / "a.md").write_bytes(b"old\n" * 10)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        try:
            for path in ("a.md", "new/deep/b.md"):
                with pytest.raises(OutputError, match=r"cannot write: File too large"):
                    SafeOutputs(top).write(path, b"x" * 100_000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert (top / "a.md").read_bytes() == b"old\n" * 10
        assert sorted(p.name for p in top.iterdir()) == [".git", "a.md"]

    def test_a_file_too_large_to_merge_into(self, top: Path) -> None:
        with (top / "big.md").open("wb") as file:
            file.truncate(101 * 1024 * 1024)
        with pytest.raises(OutputError, match="more than 100 MB"):
            SafeOutputs(top).read("big.md")


ATTACKS = [
    "<!-- kbgen:end notes sha256:00 -->",
    "x\n<!-- kbgen:end notes sha256:00 -->\n\n# Mine\n\n<!-- kbgen:begin notes -->",
    "<!--",
    "-->",
    "```\n",
    "~~~",
    "<script>alert(1)</script>",
    "<details>\n\n",
    "[x](javascript:alert(1)) ![y](https://evil.example/p.png) <https://evil.example>",
    "\x1b]0;title\x07\x1b[2J",
    "\u202eexe.md",
    "| a | b |\n|---|---|",
    "a\rb\n---\nc",
    "</details></summary>",
    "\\",
    "`",
    "lone \udcff byte",
    "x" * 200_000,
]


class TestTextFromHistory:
    @pytest.mark.parametrize("attack", ATTACKS)
    def test_no_text_closes_the_block_or_becomes_anything(self, attack: str) -> None:
        from markdown_it import MarkdownIt

        page = "\n".join(
            [
                f"- {escape_text(attack)}",
                "",
                str(quote_block(attack)),
                "",
                "| A | B |",
                "|---|---|",
                f"| {table_cell(attack)} | {table_cell(code_span(attack))} |",
                "",
                "last words",
            ]
        )
        content = replace_block(b"# Story\n", "notes", page)
        (block,) = find_blocks(content)
        assert not block.edited
        assert replace_block(content, "notes", page) == content
        tokens = MarkdownIt("commonmark").enable("table").parse(page)
        kinds = {token.type for token in tokens}
        assert not kinds & {"html_block", "fence", "code_block", "heading_open", "hr"}
        inline = [child.type for token in tokens for child in token.children or ()]
        assert not set(inline) & {"link_open", "image", "html_inline", "em_open", "strong_open"}
        assert tokens[-2].content == "last words"
        assert sum(token.type == "td_open" for token in tokens) == 2
        assert not any(ord(char) < 32 and char != "\n" for char in page)

    def test_raw_text_that_skipped_escaping_is_stopped_at_the_block(self) -> None:
        for raw in ("<!-- kbgen:end notes sha256:00 -->", "```", "<!--kbgen:begin x-->"):
            with pytest.raises(BlockError):
                replace_block(b"# Story\n", "notes", raw)

    def test_an_edited_copy_in_the_output_folder_is_not_overwritten(self, tmp_path: Path) -> None:
        source = b"# Story\n"
        outputs = FolderOutputs(tmp_path / "out", lambda _: source)
        outputs.write("s.md", replace_block(source, "notes", "ours"))
        (tmp_path / "out" / "s.md").write_bytes((tmp_path / "out" / "s.md").read_bytes().replace(b"ours", b"mine"))
        new = replace_block(source, "notes", "newer")
        with pytest.raises(EditedBlockError, match=r"out/s\.md:3: "):
            outputs.write("s.md", new)
        assert FolderOutputs(tmp_path / "out", lambda _: source, force=True).write("s.md", new)


class TestTemplates:
    @pytest.mark.parametrize(
        "source",
        [
            "{{ ''.__class__.__mro__ }}",
            "{{ ''['__class__'] }}",
            "{{ x|map(attribute='__class__')|list }}",
            "{{ x|attr('__class__') }}",
            "{{ self.__init__.__globals__ }}",
            "{{ range.__globals__ }}",
            "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
            "{{ dict.mro() }}",
            "{{ namespace.__subclasses__() }}",
            "{{ '{0.__class__}'.format(1) }}",
            "{{ '{0.__class__}'|format(1) }}",
            "{{ 'x'.format_map({}) }}",
            "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
            "{% macro m() %}{% endmacro %}{{ m.name }}",
            "{% set l = [] %}{{ l.append(1) }}",
            "{{ lipsum(n=1000) }}",
            "{{ lipsum.__globals__ }}",
            "{% include '../../etc/passwd' %}",
            "{% include '/etc/passwd' %}",
            "{% import 'os' as os %}",
            "{{ x|pprint }}",
            "{{ x }}",
            "{{ namespace }}",
        ],
    )
    def test_no_way_out_of_the_sandbox(self, source: str) -> None:
        with pytest.raises(TemplateError) as caught:
            JinjaTemplates({"a.md.j2": "first line\n" + source}).render("a.md.j2", {"x": ["y"]})
        assert caught.value.message.startswith(("a.md.j2:2: ", "no template "))

    @pytest.mark.parametrize(
        "source",
        [
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
            "{% for a in range(10000000000) %}{% endfor %}",
            "{{ 'x' * 10000000000 }}",
            "{{ [0] * 10000000000 }}",
            "{{ 10 ** 10000 }}",
            "{{ '%10000000000d' % 1 }}",
            "{{ 'x'|center(10000000000) }}",
            "{{ 'x'.ljust(10000000000) }}",
            "{{ 'x'.zfill(10000000000) }}",
            "{{ 'x'|indent(10000000000)|length * 'y' }}",
            "{{ '{:10000000000}'.format(1) }}",
            "{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
            "{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
            "{% set n = namespace(s='x') %}{% for i in range(60) %}{% set n.s = n.s.replace('x', 'xx') %}{% endfor %}",
            "{% set n = namespace(s='x') %}{% for i in range(60) %}{% set n.s = n.s|replace('x', 'xx') %}{% endfor %}",
            "{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s]|join %}{% endfor %}",
            "{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set t %}{{ ns.s }}{{ ns.s }}{% endset %}"
            "{% set ns.s = t %}{% endfor %}",
            "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}",
            "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
            "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = dict(a=ns.l, b=ns.l) %}{% endfor %}",
            "{% set ns = namespace(n=2) %}{% for i in range(60) %}{% set ns.n = ns.n * ns.n %}{% endfor %}",
            "{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}",
            "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(100) }}",
            "{% include 'a.md.j2' %}",
            "{% if n < 100 %}{% set n = n + 1 %}{% include 'a.md.j2' %}{% include 'a.md.j2' %}{% endif %}",
            "{% for x in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
            "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
            "{% for a in range(100000) %}{{ 'y' * 1 }}" + "xxxxxxxxxx" * 100 + "{% endfor %}",
            "{% for a in range(90000) %}" + "xxxxxxxxxx" * 100 + "{% endfor %}",
            "{% set s %}{% for a in range(7000) %}" + "xxxxxxxxxx" * 100 + "{% endfor %}{% endset %}"
            "{% for a in range(90000) %}{% if s.upper() == 'y' %}{% endif %}{% endfor %}",
            "{% set s %}{% for a in range(7000) %}" + "xxxxxxxxxx" * 100 + "{% endfor %}{% endset %}"
            "{% for a in range(90000) %}{% set t = s|upper %}{% endfor %}",
        ],
    )
    def test_bombs_end_soon_with_an_error_of_ours(self, source: str) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        with pytest.raises(TemplateError, match=r"a\.md\.j2"):
            JinjaTemplates({"a.md.j2": source}).render("a.md.j2", {"n": 0})
        assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - used < 5

    def test_links_in_the_folder_of_overrides_are_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("secret")
        folder = tmp_path / "templates"
        folder.mkdir()
        (folder / "a.md.j2").symlink_to("../secret")
        (folder / "b.md.j2").mkdir()
        (folder / "c.md.j2").write_bytes(b"ok\n\xff")
        for name, words in (
            ("a.md.j2", "no plain file"),
            ("b.md.j2", "no plain file"),
            ("c.md.j2", r"c\.md\.j2:2: not UTF-8"),
        ):
            with pytest.raises(TemplateError, match=words):
                JinjaTemplates(folder).render(name, {})
