"""`kbgen build`: what is written and what is left alone, what the report says, and what bad input does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.commands import Kbgen, list_files
from tests.gitrepo import GitRepo
from tests.pipeline.yard import YARD

GATES = """\
---
story: DM-10.3
path: docs/guides/gates.md
title: Gates
kind: how-to
needs: [route]
subject: [[gate]]
criteria:
  AC1: {says: All gates, check: {states: route, section: Routes}}
  AC2: {says: Doors, check: {section: Doors}}
  AC3: {says: Liked, check: {person: a review by the team}}
---
## Routes

{% for fact in facts.route %}
- {{ fact.name | code }} in {{ fact.at.path | code | link(fact.at.link) }}
{% endfor %}
"""
PLAIN = "---\npath: docs/{name}.md\ntitle: {name}\n{more}---\n## A\n\nText.\n"
TEMPLATES = "kbgen/templates"
PAGE = "docs/guides/gates.md"


def make(tmp_path: Path, templates: Mapping[str, str], files: Mapping[str, str] | None = None) -> GitRepo:
    repo = GitRepo(tmp_path / "yard")
    own = {f"{TEMPLATES}/page_{name}.md.j2": text for name, text in templates.items()}
    repo.commit("feat: a yard", {**YARD, **own, **(files or {})})
    return repo


def plain(name: str, more: str = "") -> str:
    return PLAIN.format(name=name, more=more)


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path: ((folder / path).read_bytes(), (folder / path).stat().st_mtime_ns) for path in list_files(folder)}


class TestWriting:
    def test_a_projects_own_page(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES})
        result = kbgen("build", at=repo.folder)
        assert result.code == 0, result.err
        assert f"written: {PAGE}" in result.out.splitlines()
        text = (repo.folder / PAGE).read_text()
        assert text.startswith("# Gates\n\n<!-- kbgen:begin page -->\n")
        assert "- `GET /bays` in [`mesh/main.py`](../../mesh/main.py)\n" in text
        assert "written: docs/index.md" in result.out
        assert "[Gates](guides/gates.md)" in (repo.folder / "docs/index.md").read_text()

    def test_criteria_are_told(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES})
        out = kbgen("build", "gates", "--dry-run", at=repo.folder).out
        assert "DM-10.3: 1 of 3 criteria met" in out
        assert "  AC2 unmet: Doors: no section Doors" in out
        assert "  AC3 needs a person: Liked: a review by the team" in out
        found = kbgen("build", "gates", "--dry-run", "--format", "json", at=repo.folder).json["criteria"]
        assert [(c["story"], c["ac"], c["state"]) for c in found] == [
            ("DM-10.3", "AC1", "met"),
            ("DM-10.3", "AC2", "unmet"),
            ("DM-10.3", "AC3", "needs a person"),
        ]

    def test_the_projects_own_words_of_a_criterion(self, kbgen: Kbgen, tmp_path: Path) -> None:
        story = "# Story DM-10.3: Gates\n\n## Acceptance Criteria\n\n- [ ] AC1: Each gate stands there\n"
        repo = make(tmp_path, {"gates": GATES}, {"docs/stories/dm-10-3-gates.md": story})
        found = kbgen("build", "gates", "--dry-run", "--format", "json", at=repo.folder).json["criteria"]
        assert [c["text"] for c in found] == ["Each gate stands there", "Doors", "Liked"]

    def test_twice_is_once(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES})
        kbgen("build", at=repo.folder)
        before = snapshot(repo.folder)
        result = kbgen("build", at=repo.folder)
        assert result.out.splitlines()[-1].startswith("0 written, ")
        assert snapshot(repo.folder) == before
        repo.commit("docs: built", {})
        result = kbgen("build", at=repo.folder)
        assert result.out.splitlines()[-1].startswith("0 written, ")
        assert snapshot(repo.folder) == before

    def test_only_what_changed_is_written(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES, "other": plain("other")})
        kbgen("build", at=repo.folder)
        main = YARD["mesh/main.py"].replace("/bays", "/docks")
        repo.commit("feat: docks", {"mesh/main.py": main})
        written = kbgen("build", "--format", "json", at=repo.folder).json["written"]
        assert PAGE in written
        assert "docs/other.md" not in written
        assert "GET /docks" in (repo.folder / PAGE).read_text()

    def test_a_change_of_comments_and_documents_makes_no_page_anew(
        self, kbgen: Kbgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repo = make(tmp_path, {"gates": GATES})
        kbgen("build", "gates", at=repo.folder)
        main = "# A remark that moves every line.\n\n" + YARD["mesh/main.py"]
        repo.commit("docs: say more", {"mesh/main.py": main, "docs/notes.md": "# Notes\n"})

        def fail(*_: object) -> None:
            raise AssertionError("made anew")

        monkeypatch.setattr("kbgen.pipeline.build.PageBook._make", fail)
        result = kbgen("build", "gates", at=repo.folder)
        assert (result.code, result.out.splitlines()[-1]) == (0, "0 written, 1 unchanged, 0 left out")

    def test_named_pages_and_globs(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES, "other": plain("other")})
        assert kbgen("build", "docs/other.md", "--format", "json", at=repo.folder).json["written"] == ["docs/other.md"]
        assert kbgen("build", "--only", "docs/guides/g*", "--format", "json", at=repo.folder).json["written"] == [PAGE]
        result = kbgen("build", "gaets", at=repo.folder)
        assert result.code == 2
        assert "no page is called 'gaets'" in result.err
        assert "did you mean gates?" in result.err or "gates" in result.err

    def test_pages_are_listed_and_switched_off(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES}, {"kbgen.yaml": "pages: {disable: [gates]}\n"})
        listed = kbgen("build", "--list", "--format", "json", at=repo.folder).json
        assert {"name": "gates", "path": PAGE, "story": "DM-10.3", "title": "Gates"} in listed
        result = kbgen("build", at=repo.folder)
        assert f"left out: {PAGE}: switched off in kbgen.yaml" in result.out
        assert not (repo.folder / PAGE).exists()

    def test_without_facts_there_is_no_page(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES.replace("needs: [route]", "needs: [mcp_server]")})
        result = kbgen("build", at=repo.folder)
        assert f"left out: {PAGE}: no fact of kind mcp_server" in result.out
        assert "AC1 unmet: All gates: no page: no fact of kind mcp_server" in result.out
        assert not (repo.folder / PAGE).exists()

    def test_check_diff_and_dry_run_write_nothing(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES})
        before = snapshot(repo.folder)
        check = kbgen("build", "--check", at=repo.folder)
        assert (check.code, f"stale: {PAGE}" in check.out) == (1, True)
        diff = kbgen("build", "gates", "--diff", "--dry-run", at=repo.folder)
        assert (diff.code, "+- `GET /bays` in" in diff.out) == (0, True)
        assert snapshot(repo.folder) == before
        kbgen("build", at=repo.folder)
        assert kbgen("build", "--check", at=repo.folder).code == 0

    def test_into_another_folder(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES}, {PAGE: "# Gates by hand\n\nOurs.\n"})
        before = snapshot(repo.folder)
        assert kbgen("build", "--output", tmp_path / "out", at=repo.folder).code == 0
        assert snapshot(repo.folder) == before
        text = (tmp_path / "out" / PAGE).read_text()
        assert text.startswith("# Gates by hand\n\nOurs.\n")
        assert "GET /bays" in text

    def test_hand_edits_stop_one_page_only(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES, "other": plain("other")})
        kbgen("build", at=repo.folder)
        page = repo.folder / PAGE
        page.write_text(page.read_text().replace("## Routes", "## Our routes"))
        (repo.folder / "docs/other.md").unlink()
        result = kbgen("build", at=repo.folder)
        assert result.code == 1
        assert f"failed: {PAGE}:" in result.err
        assert "was edited by hand" in result.err
        assert (repo.folder / "docs/other.md").exists()
        assert "## Our routes" in page.read_text()
        assert kbgen("build", "--keep", at=repo.folder).code == 0
        assert "## Our routes" in page.read_text()
        assert "## Routes" in page.read_text()

    def test_other_documents_on_the_subject_are_linked(self, kbgen: Kbgen, tmp_path: Path) -> None:
        other = "# Gate manual\n\nSee `mesh/main.py` and `mesh/gone.py`.\n"
        repo = make(tmp_path, {"gates": GATES}, {"docs/manual.md": other})
        kbgen("build", at=repo.folder)
        text = (repo.folder / PAGE).read_text()
        assert "- [Gate manual](../manual.md): 2 names and numbers in it can be checked, 1 hold; not borne out:" in text
        assert "`mesh/gone.py`" in text

    def test_notes_that_are_there_are_refreshed_and_no_others(self, kbgen: Kbgen, sample: Path) -> None:
        kbgen("backfill", "DM-01.6", at=sample)
        story = next(sample.glob("docs/stories/dm-01-6-*.md"))
        fresh = story.read_text()
        assert kbgen("build", "notes", "--format", "json", at=sample).json["unchanged"] == [
            str(story.relative_to(sample))
        ]
        assert story.read_text() == fresh


class TestBadInput:
    @pytest.mark.parametrize(
        ("template", "said"),
        [
            ("---\npath: docs/bad.md\ntitle: Bad\n---\n{% for %}\n", "page_bad.md.j2:5"),
            ("---\npath: docs/bad.md\ntitle: Bad\n---\n## A\n\n{{ facts.route[0].nmae }}\n", "page_bad.md.j2:7"),
            ("---\npath: docs/bad.md\nneeds: [ruote]\n---\n", "no fact is of kind 'ruote': did you mean route?"),
            ("---\npath: ../bad.md\n---\n", "path wants a file inside the repository"),
            ("---\npath: [\n---\n", "page_bad.md.j2:"),
            (
                "---\npath: docs/bad.md\nfiles:\n  - {path: a.md, template: part_gone.md.j2}\n---\nA\n",
                "part_gone.md.j2",
            ),
        ],
        ids=["syntax", "field", "kind", "outside", "yaml", "no part"],
    )
    def test_a_bad_template_stops_its_own_page_only(
        self, kbgen: Kbgen, tmp_path: Path, template: str, said: str
    ) -> None:
        repo = make(tmp_path, {"bad": template, "gates": GATES})
        result = kbgen("build", at=repo.folder)
        assert result.code == 2
        assert said in result.err
        assert "Traceback" not in result.err
        assert (repo.folder / PAGE).exists()
        assert not (repo.folder / "docs/bad.md").exists()

    def test_a_misspelt_field_names_those_there_are(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"bad": "---\npath: docs/bad.md\nneeds: [route]\n---\n{{ fatcs }}\n"})
        err = kbgen("build", at=repo.folder).err
        assert "fatcs" in err
        assert "facts" in err.replace("fatcs", "")

    def test_two_pages_for_one_path(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES, "twin": plain("guides/gates")})
        result = kbgen("build", at=repo.folder)
        assert result.code == 2
        assert f"page_twin.md.j2: writes {PAGE}, which page_gates.md.j2 writes too" in result.err
        assert "GET /bays" in (repo.folder / PAGE).read_text()

    def test_a_path_that_is_a_folder(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES, "other": plain("other")}, {f"{PAGE}/kept.md": "A\n"})
        result = kbgen("build", at=repo.folder)
        assert result.code == 2
        assert PAGE in result.err
        assert (repo.folder / "docs/other.md").exists()

    def test_a_path_over_a_link(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES, "other": plain("other")})
        outside = tmp_path / "outside"
        outside.mkdir()
        (repo.folder / "docs").mkdir(exist_ok=True)
        (repo.folder / "docs/guides").symlink_to(outside)
        result = kbgen("build", at=repo.folder)
        assert result.code == 2
        assert "docs/guides" in result.err
        assert list(outside.iterdir()) == []
        assert (repo.folder / "docs/other.md").exists()

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_may_not_be_written(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES, "other": plain("other")}, {"docs/guides/a.md": "A\n"})
        (repo.folder / "docs/guides").chmod(0o555)
        result = kbgen("build", at=repo.folder)
        (repo.folder / "docs/guides").chmod(0o755)
        assert result.code == 2
        assert PAGE in result.err
        assert (repo.folder / "docs/other.md").exists()

    def test_an_output_that_is_a_file(self, kbgen: Kbgen, tmp_path: Path) -> None:
        repo = make(tmp_path, {"gates": GATES})
        (tmp_path / "out").write_text("mine\n")
        result = kbgen("build", "--output", tmp_path / "out", at=repo.folder)
        assert result.code == 2
        assert result.err.count("error") <= 1
        assert (tmp_path / "out").read_text() == "mine\n"


def test_two_blocks_of_one_file_in_another_folder(kbgen: Kbgen, tmp_path: Path) -> None:
    page = GATES.replace(PAGE, "docs/architecture/dynamic-module-system.md")
    repo = make(tmp_path, {"gates": page}, {"docs/architecture/dynamic-module-system.md": "# By hand\n\nOurs.\n"})
    config = {"kbgen.yaml": "pages: {disable: [agent_mesh]}\n"}
    repo.commit("chore: one page there", config)
    for folder in ("out", "out", "again"):
        assert kbgen("build", "--output", tmp_path / folder, at=repo.folder).code == 0
        text = (tmp_path / folder / "docs/architecture/dynamic-module-system.md").read_text()
        assert text.startswith("# By hand\n\nOurs.\n")
        assert ("<!-- kbgen:begin diagrams -->" in text, "<!-- kbgen:begin page -->" in text) == (True, True)
    kbgen("build", at=repo.folder)
    assert kbgen("build", "--output", tmp_path / "third", "--format", "json", at=repo.folder).json["unchanged"] == []
