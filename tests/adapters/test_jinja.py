"""Templates: plain text out, strict names, errors that say where and what there is."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from kbgen.adapters import jinja
from kbgen.adapters.jinja import JinjaTemplates
from kbgen.errors import TemplateError
from kbgen.ports import Templates


@dataclass(frozen=True, slots=True)
class Row:
    path: str
    lines: int


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    rows: tuple[Row, ...] = ()

    @property
    def total(self) -> int:
        return sum(row.lines for row in self.rows)


PAGE = Page("A *story*", (Row("a|b.py", 1), Row("c.py", 2)))


def render(source: str, context: object = PAGE) -> str:
    templates: Templates = JinjaTemplates({"t.md.j2": source})
    return templates.render("t.md.j2", context)


def fail(source: str, context: object = PAGE) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        render(source, context)
    return caught.value


class TestRender:
    def test_a_page(self) -> None:
        source = (
            "# {{ title | text }}\n\n| File | Lines |\n|---|---|\n"
            "{% for row in rows %}\n| {{ row.path | code | cell }} | {{ row.lines }} |\n{% endfor %}\n\n"
            "{{ rows | length | plural('file', 'files') }}, {{ total }} lines.\n"
        )
        assert render(source) == (
            "# A \\*story\\*\n\n| File | Lines |\n|---|---|\n| `a\\|b.py` | 1 |\n| `c.py` | 2 |\n\n2 files, 3 lines.\n"
        )

    def test_blocks_leave_no_blank_lines_and_the_last_newline_stays(self) -> None:
        assert render("a\n  {% if true %}\nb\n  {% endif %}\n") == "a\nb\n"
        assert render("a") == "a"

    def test_nothing_is_escaped_for_html(self) -> None:
        assert render("{{ title }} <b>{{ '<i>' }}</b>") == "A *story* <b><i></b>"

    @pytest.mark.parametrize(
        ("expression", "text"),
        [
            ("1 | plural('file', 'files')", "1 file"),
            ("0 | plural('file', 'files')", "0 files"),
            ("'<b>' | text", "&lt;b>"),
            ("'a`b' | code", "``a`b``"),
            ("'a|b' | cell", r"a\|b"),
            ("'a|b' | code | cell", r"`a\|b`"),
            ("'a|b' | code_cell", r"`a\|b`"),
            ("'a' | code | text", "`a`"),
            ("'a\nb' | quote", "> a\n> b"),
            ("'a.py' | link('src/a b.py')", "[a.py](src/a%20b.py)"),
            ("'one two three' | fold(9)", "one two…"),
            ("'**a**' | markup", "**a**"),
            ("'`a|b`' | cell_markup", r"`a\|b`"),
            ("['a', 'b'] | map('code') | join(', ') | text", "`a`, `b`"),
            ("['<b>', 'b'] | join(', ') | text", "&lt;b>, b"),
            ("rows | map(attribute='path') | join(' ')", "a|b.py c.py"),
            ("rows | sum(attribute='lines')", "3"),
            ("rows | selectattr('lines', 'gt', 1) | map(attribute='path') | first", "c.py"),
            ("rows | groupby('lines') | length", "2"),
            ("'a' ~ 1 ~ rows[0].path", "a1a|b.py"),
            ("1 + 2 * 3", "7"),
            ("title.upper()", "A *STORY*"),
            ("'x' if title is defined else 'y'", "x"),
            ("missing | default('none')", "none"),
            ("'a\nb' | indent(2)", "a\n  b"),
            ("[3, 1, 2] | sort | first", "1"),
            ("7 | text", "7"),
        ],
    )
    def test_expressions(self, expression: str, text: str) -> None:
        assert render("{{ " + expression + " }}") == text

    def test_loops_macros_and_parts(self) -> None:
        assert render("{% for r in rows %}{{ loop.index }}{{ ',' if not loop.last }}{% endfor %}") == "1,2"
        assert render("{% for r in rows %}{{ loop.length }}{% else %}none{% endfor %}", Page("x")) == "none"
        assert render("{% macro m(r) %}<{{ r.path }}>{% endmacro %}{% for r in rows %}{{ m(r) }}{% endfor %}") == (
            "<a|b.py><c.py>"
        )
        templates = JinjaTemplates({"a.j2": "a{% include 'b.j2' %}", "b.j2": "{{ title }}"})
        assert templates.render("a.j2", {"title": "b"}) == "ab"

    def test_one_page_after_another_starts_afresh(self) -> None:
        templates = JinjaTemplates({"t.j2": "{% for i in range(60000) %}{% endfor %}{{ n }}"})
        assert [templates.render("t.j2", {"n": n}) for n in range(20)] == [str(n) for n in range(20)]

    def test_overrides_come_from_a_folder_too_and_ours_stand_behind(self, tmp_path: Path) -> None:
        (tmp_path / "own.md.j2").write_text("\ufeff{{ title }}!\n", encoding="utf-8")
        templates = JinjaTemplates(tmp_path)
        assert templates.render("own.md.j2", PAGE) == "A *story*!\n"
        assert "own.md.j2" in templates.list_templates()
        assert set(JinjaTemplates().list_templates()) < set(templates.list_templates())


class TestErrors:
    def test_a_misspelt_field_names_what_there_is(self) -> None:
        error = fail("one\n{{ titel }}\n")
        assert error.message == "t.md.j2:2: the page has no 'titel'"
        assert error.hint == "did you mean title? the names there are: title, rows, total"
        error = fail("{% for r in rows %}\n{{ r.pth | text }}\n{% endfor %}")
        assert error.message == "t.md.j2:2: a Row has no 'pth'"
        assert error.hint == "did you mean path? the names there are: path, lines"
        assert fail("{% for r in rwos %}{% endfor %}").hint.startswith("did you mean rows?")
        assert fail("{{ x.z }}", {"x": {"y": 1}}).hint == "the names there are: y"

    def test_the_line_is_the_one_of_the_template_at_fault(self) -> None:
        with pytest.raises(TemplateError, match=r"^b\.j2:2: the page has no 'no'"):
            JinjaTemplates({"a.j2": "x\n\n{% include 'b.j2' %}", "b.j2": "\n{{ no }}"}).render("a.j2", {})
        assert fail("\n{% macro m() %}\n{{ no }}\n{% endmacro %}\n{{ m() }}").message.startswith("t.md.j2:3: ")

    @pytest.mark.parametrize(
        ("source", "message", "hint"),
        [
            ("\n{% if %}", "t.md.j2:2: Expected an expression", ""),
            ("{% for x in y %}", "t.md.j2:1: Unexpected end of template", ""),
            ("\n{{ 'a' | txt }}", "t.md.j2:2: No filter named 'txt'.", "did you mean text?"),
            ("{{ 'a' is nunmber }}", "t.md.j2:1: No test named 'nunmber'.", "did you mean number?"),
            ("\n{{ rows }}", "t.md.j2:2: a tuple is no text to print", ""),
            ("\n{{ none }}", "t.md.j2:2: None is no text to print", ""),
            ("\n{{ rows | text }}", "t.md.j2:2: a tuple is no text to print", ""),
            ("{{ 1 / 0 }}", "t.md.j2:1: division by zero", ""),
            ("{{ 1 + 'a' }}", "t.md.j2:1: unsupported operand", ""),
            ("{% include 'storynotes.md.j2' %}", "no template 'storynotes.md.j2'", "did you mean story_notes.md.j2?"),
        ],
    )
    def test_other_faults(self, source: str, message: str, hint: str) -> None:
        error = fail(source)
        assert error.message.startswith(message)
        assert error.hint.startswith(hint)
        assert error.exit_code == 2

    def test_a_template_that_is_too_large(self) -> None:
        assert "more than 1024 KB" in fail("x" * 1_100_000).message


def test_jinja_is_imported_with_the_first_page_only() -> None:
    code = (
        "import sys; from kbgen.adapters.jinja import JinjaTemplates; t = JinjaTemplates({'a.j2': 'x'})\n"
        "assert 'jinja2' not in sys.modules\n"
        "t.render('a.j2', {})\n"
        "assert 'jinja2' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class TestCompiledTemplates:
    def test_only_kbgens_own_are_kept_and_a_changed_text_is_compiled_anew(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shipped, kept = tmp_path / "shipped", tmp_path / "kept"
        shipped.mkdir()
        (shipped / "a.j2").write_text("{{ x }} one\n", encoding="utf-8")
        (shipped / "b.j2").write_text("shipped\n", encoding="utf-8")
        monkeypatch.setattr(jinja, "SHIPPED", shipped)
        monkeypatch.setattr(sys, "dont_write_bytecode", False)
        monkeypatch.setattr(sys, "pycache_prefix", str(kept))
        (kept / str(shipped)[1:]).mkdir(parents=True)
        overrides = {"b.j2": "own\n"}
        for _ in range(2):
            assert JinjaTemplates(overrides).render("a.j2", {"x": 1}) == "1 one\n"
            assert JinjaTemplates(overrides).render("b.j2", {}) == "own\n"
        (code,) = [path for path in kept.rglob("*") if path.is_file()]
        assert code.name.startswith("a.j2.")
        (shipped / "a.j2").write_text("{{ x }} two {{ y }}\n", encoding="utf-8")
        assert JinjaTemplates(overrides).render("a.j2", {"x": 1, "y": 2}) == "1 two 2\n"
        code.write_bytes(b"garbage")
        with pytest.raises(TemplateError, match=r"^a\.j2:1: the page has no 'y'"):
            JinjaTemplates(overrides).render("a.j2", {"x": 1})
        with pytest.raises(TemplateError, match=r"^a\.j2:1: the page has no 'y'"):
            JinjaTemplates(overrides).render("a.j2", {"x": 1})
        assert JinjaTemplates().render("b.j2", {}) == "shipped\n"
