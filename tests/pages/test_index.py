"""The page that lists all others."""

from __future__ import annotations

from dataclasses import replace

from kbgen.adapters.jinja import JinjaTemplates
from kbgen.pages import index
from kbgen.pages.written import FINDINGS, PICTURE, WrittenPage
from tests.pages.pages import get_pack, make_sources

FILES = {
    "README.md": "# Yard\n",
    "docs/GETTING-STARTED.md": "# Start\n",
    "docs/other.md": "# Other\n",
    "package.json": '{"name": "yard", "scripts": {"dev": "turbo dev", "test": "vitest", "postinstall": "x"}}\n',
    "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
    "Makefile": "test:\n\tpytest\n\nclean:\n\trm -r build\n",
}
PAGES = (
    WrittenPage("docs/guides/b.md", "Beams", "how-to"),
    WrittenPage("docs/guides/a.md", "Axles", "how-to"),
    WrittenPage("docs/reference/c.md", "Cranes", "reference"),
    WrittenPage("docs/architecture/diagrams/mesh.md", "Mesh", PICTURE),
    WrittenPage("docs/architecture/findings.md", "Findings", FINDINGS),
)


def build(pages: tuple[WrittenPage, ...]) -> index.IndexPage | None:
    pack = get_pack("index")
    sources = replace(make_sources(FILES).for_page(pack.path), documents=pages)
    return index.build(sources, pack)


def test_pages_stand_by_what_a_reader_wants() -> None:
    page = build(PAGES)
    assert page is not None
    assert [(s.kind, [(p.title, p.link) for p in s.pages]) for s in page.shelves] == [
        ("how-to", [("Axles", "guides/a.md"), ("Beams", "guides/b.md")]),
        ("reference", [("Cranes", "reference/c.md")]),
    ]
    assert [p.link for p in page.diagrams] == ["architecture/diagrams/mesh.md"]
    assert page.findings == "architecture/findings.md"


def test_a_new_developer_gets_the_projects_own_pages_and_commands() -> None:
    page = build(PAGES)
    assert page is not None
    assert [p.title for p in page.start] == ["README.md", "docs/GETTING-STARTED.md"]
    assert [(c.command, c.does) for c in page.commands] == [
        ("pnpm dev", "turbo dev"),
        ("pnpm test", "vitest"),
        ("make test", "pytest"),
    ]


def test_no_page_no_index() -> None:
    assert build(()) is None
    assert build((WrittenPage("docs/index.md", "Documentation", "reference"),)) is None


def test_steps_are_numbered_without_gaps() -> None:
    text = JinjaTemplates().render("page_index.md.j2", build(PAGES[3:]))
    assert [line[:2] for line in text.splitlines() if line[:1].isdigit()] == ["1.", "2.", "3.", "4."]
    assert "Guides and runbooks" not in text
