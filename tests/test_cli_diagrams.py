"""`kbgen diagram` and `kbgen findings`: what goes to stdout, into which files, with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Kbgen, list_files, spawn
from tests.gitrepo import GitRepo
from tests.pipeline.yard import YARD

MESH, DASHBOARD, APPROVAL = "agent-mesh-topology", "dashboard-data-flow", "hitl-approval-flow"
PAGE = f"docs/architecture/diagrams/{MESH}.md"
ARCHITECTURE = "docs/architecture/dynamic-module-system.md"


@pytest.fixture
def yard(tmp_path: Path) -> GitRepo:
    repo = GitRepo(tmp_path / "yard")
    repo.commit("feat: a yard", dict(YARD))
    return repo


class TestShow:
    def test_one_is_drawn_as_mermaid(self, kbgen: Kbgen, yard: GitRepo) -> None:
        result = kbgen("diagram", DASHBOARD, at=yard.folder)
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith("sequenceDiagram\n")
        assert list(list_files(yard.folder)) == sorted(YARD)

    def test_several_are_listed(self, kbgen: Kbgen, yard: GitRepo) -> None:
        result = kbgen("diagram", at=yard.folder)
        lines = [" ".join(line.split()) for line in result.out.splitlines()]
        assert lines[1] == f"{MESH} 4 parts, 3 connections not written yet"
        assert lines[3] == f"{DASHBOARD} 2 parts, 3 steps not written yet"
        assert lines[4] == f"{APPROVAL} no approvals found"
        assert result.err == ""
        two = kbgen("diagram", MESH, APPROVAL, at=yard.folder).out.splitlines()
        assert [line.split()[0] for line in two[1:3]] == [MESH, APPROVAL]
        kbgen("diagram", "--write", at=yard.folder)
        assert PAGE in kbgen("diagram", at=yard.folder).out

    @pytest.mark.parametrize(
        ("form", "start"), [("svg", "<?xml"), ("dot", "digraph"), ("excalidraw", "{"), ("mermaid", "---")]
    )
    def test_text_formats_go_to_the_terminal(self, kbgen: Kbgen, yard: GitRepo, form: str, start: str) -> None:
        assert kbgen("diagram", MESH, "--as", form, at=yard.folder).out.startswith(start)

    def test_nothing_to_draw_is_a_notice(self, kbgen: Kbgen, yard: GitRepo) -> None:
        result = kbgen("diagram", APPROVAL, at=yard.folder)
        assert (result.code, result.out) == (0, "")
        assert result.err == "note: hitl-approval-flow: no approvals found: nothing to draw\n"
        empty = kbgen("diagram", APPROVAL, "--format", "json", "--quiet", at=yard.folder)
        assert (empty.code, empty.err) == (0, "")
        assert (empty.json["nodes"], empty.json["edges"], empty.json["messages"]) == ([], [], [])

    def test_json_of_one_and_of_several(self, kbgen: Kbgen, yard: GitRepo) -> None:
        one = kbgen("diagram", MESH, "--format", "json", at=yard.folder).json
        assert (one["name"], one["level"]) == (MESH, "overview")
        assert all(part["evidence"] for part in (*one["nodes"], *one["edges"]))
        several = kbgen("diagram", "--format", "json", at=yard.folder).json
        assert len(several) == 5
        assert several[0] == one
        detail = kbgen("diagram", MESH, "--level", "detail", "--format", "json", at=yard.folder).json
        assert detail["level"] == "detail"

    def test_a_neighbourhood_and_an_entry(self, kbgen: Kbgen, yard: GitRepo) -> None:
        near = kbgen("diagram", MESH, "--focus", "Dispatch", "--depth", "1", "--format", "json", at=yard.folder).json
        assert {node["label"] for node in near["nodes"]} == {"Dispatch", "mesh"}
        trace = kbgen("diagram", "--from", "GET /bays", "--format", "json", at=yard.folder).json
        assert trace["name"] == "from-get-bays"

    def test_the_second_time_nothing_is_computed(
        self, kbgen: Kbgen, yard: GitRepo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = [kbgen(*command, "--format", "json", at=yard.folder).out for command in (("diagram",), ("findings",))]

        def fail(*_: object) -> None:
            raise AssertionError("computed again")

        monkeypatch.setattr("kbgen.pipeline.facts.collect_facts", fail)
        again = [kbgen(*command, "--format", "json", at=yard.folder).out for command in (("diagram",), ("findings",))]
        assert again == first
        assert kbgen("diagram", MESH, at=yard.folder).code == 0
        assert kbgen("diagram", MESH, "--level", "detail", at=yard.folder).code == 3

    def test_the_work_tree(self, kbgen: Kbgen, yard: GitRepo) -> None:
        kbgen("diagram", MESH, at=yard.folder)
        (yard.folder / "mesh/agents/audit.py").unlink()
        now = kbgen("diagram", MESH, "--worktree", "--format", "json", at=yard.folder).json
        assert {node["label"] for node in now["nodes"]} == {"Dispatch", "mesh", "yard-web"}

    def test_an_empty_commit(self, kbgen: Kbgen, repo: GitRepo) -> None:
        repo.commit("chore: begin", {"README": "Hello\n"})
        result = kbgen("diagram", at=repo.folder)
        assert (result.code, result.out.count("no ")) == (0, 5)
        assert kbgen("findings", at=repo.folder).out == "Nothing found that does not fit together.\n"
        assert kbgen("diagram", "--write", at=repo.folder).out == "0 written, 0 unchanged, 0 left out\n"


class TestFiles:
    def test_every_format_into_a_folder(self, kbgen: Kbgen, yard: GitRepo) -> None:
        forms = "mermaid,svg,png,dot,excalidraw"
        result = kbgen("diagram", "--as", forms, "--output", "../out", at=yard.folder)
        assert result.code == 0
        assert result.out.endswith("10 written, 0 unchanged, 0 left out\n")
        assert "note: state-sync: " in result.err
        written = list_files(yard.folder.parent / "out")
        assert {name for name in written if name.startswith(MESH)} == {
            f"{MESH}.{suffix}" for suffix in ("mmd", "svg", "png", "dot", "excalidraw")
        }
        assert written[f"{MESH}.png"].startswith(b"\x89PNG")
        again = kbgen("diagram", "--as", forms, "--output", "../out", "--format", "json", at=yard.folder).json
        assert (again["written"], len(again["unchanged"])) == ([], 10)
        assert list(list_files(yard.folder)) == sorted(YARD)

    def test_mermaid_without_saying(self, kbgen: Kbgen, yard: GitRepo) -> None:
        assert kbgen("diagram", MESH, "--output", "../out", at=yard.folder).code == 0
        assert list(list_files(yard.folder.parent / "out")) == [f"{MESH}.mmd"]

    def test_a_graphviz_of_ones_own(self, kbgen: Kbgen, yard: GitRepo) -> None:
        missing = kbgen("diagram", MESH, "--as", "svg", "--dot", "bin/dot", at=yard.folder)
        assert missing.code == 2
        assert missing.err.startswith("kbgen: graphviz: ")
        assert "bin/dot is no program" in missing.err
        program = yard.folder.parent / "dot"
        program.write_text("#!/bin/sh\necho '<?xml mine?>'\n")
        program.chmod(0o755)
        assert kbgen("diagram", MESH, "--as", "svg", "--dot", "../dot", at=yard.folder).out == "<?xml mine?>\n"
        assert kbgen("-C", "yard", "diagram", MESH, "--as", "svg", "--dot", "../dot", at=yard.folder.parent).code == 0

    def test_a_folder_inside_git(self, kbgen: Kbgen, yard: GitRepo) -> None:
        result = kbgen("diagram", MESH, "--output", ".git/x", at=yard.folder)
        assert result.code == 2
        assert "inside a git directory" in result.err


class TestPages:
    def test_written_checked_and_written_again(self, kbgen: Kbgen, yard: GitRepo) -> None:
        check = kbgen("diagram", "--check", at=yard.folder)
        assert (check.code, check.out.splitlines()[-1]) == (1, "6 stale, 0 unchanged, 0 left out")
        assert list(list_files(yard.folder)) == sorted(YARD)
        written = kbgen("diagram", "--write", at=yard.folder)
        assert (written.code, written.out.splitlines()[-1]) == (0, "6 written, 0 unchanged, 0 left out")
        assert "note: hitl-approval-flow: no approvals found: nothing to draw" in written.err
        assert {PAGE, ARCHITECTURE, "docs/architecture/findings.md"} < set(list_files(yard.folder))
        before = list_files(yard.folder)
        assert kbgen("diagram", "--write", at=yard.folder).out == "0 written, 6 unchanged, 0 left out\n"
        yard.commit("docs: diagrams", {path: content for path, content in before.items() if path.startswith("docs/")})
        assert kbgen("diagram", "--check", at=yard.folder).code == 0
        assert list_files(yard.folder) == before

    def test_a_change_of_the_code_makes_them_stale(self, kbgen: Kbgen, yard: GitRepo) -> None:
        kbgen("diagram", "--write", at=yard.folder)
        yard.commit(
            "feat: audits",
            {"mesh/main.py": f"{YARD['mesh/main.py']}\nfrom agents.audit import create_audit_agent as make\nmake()\n"},
        )
        check = kbgen("diagram", "--check", "--diff", at=yard.folder)
        assert check.code == 1
        assert f"stale: {PAGE}" in check.out
        assert "\n-- **dead** part `Audit`" in check.out

    def test_an_edited_block(self, kbgen: Kbgen, yard: GitRepo) -> None:
        kbgen("diagram", "--write", at=yard.folder)
        page = yard.folder / PAGE
        page.write_text(page.read_text().replace("Drawn by kbgen", "Drawn by us"))
        before = list_files(yard.folder)
        result = kbgen("diagram", "--write", at=yard.folder)
        assert result.code == 1
        assert f"kbgen: left out: {PAGE}:3: the managed block diagram was edited by hand" in result.err
        assert list_files(yard.folder) == before
        assert kbgen("diagram", "--write", "--force", at=yard.folder).code == 0
        assert "Drawn by kbgen" in page.read_text()

    def test_below_a_folder_the_repository_stays(self, kbgen: Kbgen, yard: GitRepo) -> None:
        yard.commit("docs: modules", {ARCHITECTURE: "# Modules\n\nOurs.\n"})
        before = list_files(yard.folder)
        result = kbgen("diagram", "--write", "--output", "../out", at=yard.folder)
        assert result.code == 0
        assert list_files(yard.folder) == before
        copy = yard.folder.parent / "out" / ARCHITECTURE
        assert copy.read_text().startswith("# Modules\n\nOurs.\n\n<!-- kbgen:begin diagrams -->")

    def test_a_bare_repository(self, kbgen: Kbgen, yard: GitRepo, tmp_path: Path) -> None:
        yard.git("clone", "-q", "--bare", ".", str(tmp_path / "bare"))
        assert kbgen("diagram", at=tmp_path / "bare").code == 0
        refused = kbgen("diagram", "--write", at=tmp_path / "bare")
        assert (refused.code, "--output DIR" in refused.err) == (2, True)
        assert kbgen("diagram", "--write", "--output", tmp_path / "out", at=tmp_path / "bare").code == 0
        assert (tmp_path / "out" / PAGE).exists()

    def test_another_process_writes_the_same(self, kbgen: Kbgen, yard: GitRepo) -> None:
        kbgen("diagram", "--write", at=yard.folder)
        other = spawn("diagram", "--write", "--output", "../out", at=yard.folder, environment={"PYTHONHASHSEED": "7"})
        assert other.code == 0
        docs = {path: content for path, content in list_files(yard.folder).items() if path.startswith("docs/")}
        assert list_files(yard.folder.parent / "out") == docs


class TestFindings:
    def test_a_table_and_json(self, kbgen: Kbgen, yard: GitRepo) -> None:
        result = kbgen("findings", at=yard.folder)
        assert (result.code, result.err) == (0, "")
        lines = result.out.splitlines()
        assert lines[0].split() == ["Severity", "Kind", "Finding"]
        assert lines[1].split(maxsplit=2) == ["dead", "unreached-agent", "Nothing that runs makes the agent Audit"]
        (found,) = kbgen("findings", "--format", "json", at=yard.folder).json
        assert found["evidence"][0]["path"] == "mesh/agents/audit.py"
        assert json.dumps(found).isascii()
