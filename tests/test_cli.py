"""The command line: commands and options, exit codes, what goes to stdout and what to stderr."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import FENCE_STORY, KEY_STORY, Kbgen, list_files, spawn
from tests.gitrepo import GitRepo

COMMANDS = ("init", "backfill", "show", "stories", "facts", "diagram", "findings", "demo")
IN_REPOSITORY = (("init",), ("backfill", "DM-01.1"), ("show", "DM-01.1"), ("stories",), ("facts",), ("diagram",))


class TestHelp:
    @pytest.mark.parametrize("option", ["--help", "-h"])
    def test_the_program(self, kbgen: Kbgen, tmp_path: Path, option: str) -> None:
        result = kbgen(option, at=tmp_path)
        assert result.code == 0
        assert result.err == ""
        for command in COMMANDS:
            assert re.search(rf"^  {command} +\S.*[^.…]\.$", result.out, re.MULTILINE), command
        for name in ("-C", "--rev", "--format", "--quiet", "--version", "--install-completion", "--show-completion"):
            assert name in result.out

    @pytest.mark.parametrize("command", COMMANDS)
    def test_each_command_names_its_options(self, kbgen: Kbgen, tmp_path: Path, command: str) -> None:
        result = kbgen(command, "--help", at=tmp_path)
        assert result.code == 0
        for name in ("-C", "--rev", "--format", "--quiet"):
            assert name in result.out
        assert not re.search(r"^  -.*[^ ]$\n^  -", result.out.replace(".\n", " \n"), re.MULTILINE), (
            "an option unexplained"
        )

    def test_no_command_shows_the_help(self, kbgen: Kbgen, tmp_path: Path) -> None:
        result = kbgen(at=tmp_path)
        assert result.code == 2
        assert "Commands:" in result.out + result.err

    def test_the_version(self, kbgen: Kbgen, tmp_path: Path) -> None:
        assert re.fullmatch(r"kbgen \d+\.\d+\.\d+\n", kbgen("--version", at=tmp_path).out)

    def test_completion_for_the_shell(self, tmp_path: Path) -> None:
        result = spawn("--show-completion", "bash", at=tmp_path, environment={"SHELL": "/bin/bash"})
        assert "_KBGEN_COMPLETE" in result.out
        completed = spawn(
            at=tmp_path,
            environment={"_KBGEN_COMPLETE": "complete_bash", "COMP_WORDS": "kbgen ba", "COMP_CWORD": "1"},
        )
        assert completed.out.split() == ["backfill"]

    def test_help_loads_nothing_heavy(self, tmp_path: Path) -> None:
        heavy = {"rich", "pydriller", "yaml", "jinja2", "sqlite3", "tree_sitter", "networkx", "graphviz", "markdown_it"}
        code = "import sys; from kbgen import cli\ntry: cli.main(['--help'])\nexcept SystemExit: print(*sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=tmp_path)
        modules = set(done.stdout.splitlines()[-1].split())
        assert not heavy & modules
        assert {name for name in modules if name.startswith("kbgen")} <= {"kbgen", "kbgen.cli", "kbgen.errors"}


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "said", "hint"),
        [
            (("shwo",), "did you mean 'show'", "kbgen --help"),
            (("show", "--formt", "json", "x"), "--format", "kbgen show --help"),
            (("show",), "missing argument 'id|path'", "kbgen show --help"),
            (("show", "a", "b"), "unexpected extra argument", "kbgen show --help"),
            (("stories", "--format", "xml"), "'xml' is not one of 'text', 'json'", "kbgen stories --help"),
            (("backfill",), "--missing", "kbgen backfill DM-01.6..DM-01.8"),
            (("backfill", "DM-01.1", "--all"), "--missing", "kbgen backfill"),
            (("backfill", "--all", "--missing"), "--all", "kbgen backfill"),
            (("backfill", "DM-01.1", "--force", "--keep"), "exclude each other", "--keep"),
            (("stories", "DM-01.1", "--unlinked"), "all stories", "leave out"),
            (("facts", "symbl"), "no fact is of kind 'symbl'", "did you mean symbol?"),
            (("facts", "symbol", "--skipped"), "--skipped", "leave out"),
            (("facts", "--worktree", "--rev", "HEAD"), "exclude each other", "--worktree"),
            (("facts", "--limit", "-1"), "'--limit'", "kbgen facts --help"),
            (("diagram", "a2a"), "no diagram is called 'a2a'", "did you mean a2a-request-flow?"),
            (("diagram", "state-sync", "--as", "pgn"), "no format", "did you mean png?"),
            (("diagram", "state-sync", "--as", "png"), "do not go to the terminal", "--output DIR"),
            (("diagram", "--as", "svg"), "do not go to the terminal", "--output DIR"),
            (("diagram", "state-sync", "--as", "svg,dot"), "do not go to the terminal", "--output DIR"),
            (("diagram", "state-sync", "--as", "svg", "--format", "json"), "--as", "--output DIR"),
            (("diagram", "state-sync", "--level", "half"), "'half' is not one of", "kbgen diagram --help"),
            (("diagram", "state-sync", "--depth", "2"), "--depth", "--focus NODE"),
            (("diagram", "state-sync", "--direction", "up"), "--direction", "--focus NODE"),
            (("diagram", "state-sync", "--from", "x"), "--from", "leave out the names"),
            (("diagram", "--from", "nobody"), "nothing here is called 'nobody'", "PATH::SYMBOL"),
            (("diagram", "agent-mesh-topology", "--focus", "x"), "no node 'x'", "--format json"),
            (("diagram", "--write", "--level", "detail"), "both levels", "leave out"),
            (("diagram", "--check", "--as", "svg"), "both levels", "leave out"),
            (("diagram", "--force"), "are about pages", "--write"),
            (("diagram", "--write", "--force", "--keep"), "exclude each other", "--keep"),
            (("diagram", "--worktree", "--rev", "HEAD"), "exclude each other", "--worktree"),
            (("findings", "--worktree", "--rev", "HEAD"), "exclude each other", "--worktree"),
            (("demo", "x", "--rev", "HEAD"), "--rev", "leave out"),
        ],
    )
    def test_one_error_one_hint_exit_2(
        self, kbgen: Kbgen, project: GitRepo, arguments: tuple[str, ...], said: str, hint: str
    ) -> None:
        before = list_files(project.folder)
        result = kbgen(*arguments, at=project.folder)
        assert result.code == 2
        assert result.out == ""
        first, second = result.err.splitlines()
        assert first.startswith("kbgen: usage: ")
        assert said in first.lower()
        assert second.startswith("  hint: ")
        assert hint in second
        assert list_files(project.folder) == before


class TestCommonOptions:
    @pytest.mark.parametrize("command", IN_REPOSITORY)
    def test_before_and_after_the_command(
        self, kbgen: Kbgen, project: GitRepo, tmp_path: Path, command: tuple[str, ...]
    ) -> None:
        options = ("-C", "doors", "--rev", "HEAD", "--format", "json", "--quiet")
        before = kbgen(*options, *command, at=tmp_path)
        project.git("checkout", "-q", "--", ".")
        project.git("clean", "-fdq")
        after = kbgen(*command, *options, at=tmp_path)
        assert before.code == after.code == 0
        assert before.out == after.out
        assert before.json

    def test_what_stands_after_wins(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        result = kbgen("-C", "nowhere", "--format", "json", "stories", "-C", "doors", "--format", "text", at=tmp_path)
        assert result.out.startswith("Story")

    def test_an_empty_revision_is_no_default(self, kbgen: Kbgen, project: GitRepo) -> None:
        assert "unknown-revision" in kbgen("stories", "--rev", "", at=project.folder).err

    def test_the_revision_is_the_one_read(self, kbgen: Kbgen, project: GitRepo) -> None:
        old = kbgen("stories", "DM-01", "--rev", "HEAD~2", "--format", "json", at=project.folder).json
        assert [(s["story"], s["commits"]) for s in old] == [("DM-01.1", 1), ("DM-01.2", 0), ("DM-01.3", 0)]
        assert kbgen("show", "src/key.py", "--rev", "HEAD~2", at=project.folder).code == 2

    @pytest.mark.parametrize(
        "command",
        [
            *IN_REPOSITORY,
            ("stories", "--unlinked"),
            ("show", "src/fence.py"),
            ("backfill", "--all", "--diff"),
            ("demo", "d"),
        ],
    )
    def test_json_is_all_there_is_on_stdout(self, kbgen: Kbgen, project: GitRepo, command: tuple[str, ...]) -> None:
        result = kbgen(*command, "--format", "json", at=project.folder)
        assert result.code == 0
        assert result.json
        assert result.out.isascii()
        assert result.err == ""

    @pytest.mark.parametrize("command", [("show", "DM-77.7"), ("stories", "DM-77.7"), ("init",)])
    def test_an_error_leaves_stdout_empty_in_json_too(
        self, kbgen: Kbgen, project: GitRepo, command: tuple[str, ...]
    ) -> None:
        (project.folder / "kbgen.yaml").write_text("")
        result = kbgen(*command, "--format", "json", at=project.folder)
        assert (result.code, result.out) == (2, "")


class TestBackfill:
    def test_writes_into_the_story_file_and_says_so(self, kbgen: Kbgen, project: GitRepo) -> None:
        before = (project.folder / FENCE_STORY).read_text()
        result = kbgen("backfill", "DM-01.1", at=project.folder)
        assert result.code == 0
        assert result.out == f"written: {FENCE_STORY}\n1 written, 0 unchanged, 0 left out\n"
        after = (project.folder / FENCE_STORY).read_text()
        assert after.startswith(before)
        assert "kbgen:begin implementation-notes" in after
        assert "because the smith is away" in after
        again = kbgen("backfill", "DM-01.1", at=project.folder)
        assert again.out == "0 written, 1 unchanged, 0 left out\n"
        assert (project.folder / FENCE_STORY).read_text() == after

    def test_a_story_without_a_file_gets_a_page(self, kbgen: Kbgen, project: GitRepo) -> None:
        assert kbgen("backfill", "DM-01.3", at=project.folder).code == 0
        page = (project.folder / "output/stories/DM-01.3.md").read_text()
        assert page.startswith("# DM-01.3: Bell\n")
        assert "No work of its own found" in page
        assert "It rings" in page

    @pytest.mark.parametrize(
        ("arguments", "count"),
        [
            (("DM-01.1..DM-01.2",), 2),
            (("DM-01.1-3",), 3),
            (("dm-01-1", "DM-01.2"), 2),
            (("DM-01",), 3),
            (("--all",), 2),
            (("--missing",), 2),
            ((FENCE_STORY, "DM-01.1", "dm-01-1"), 1),
        ],
    )
    def test_which_stories(self, kbgen: Kbgen, project: GitRepo, arguments: tuple[str, ...], count: int) -> None:
        assert len(kbgen("backfill", *arguments, "--format", "json", at=project.folder).json["written"]) == count

    def test_missing_leaves_alone_what_has_notes(self, kbgen: Kbgen, project: GitRepo) -> None:
        kbgen("backfill", "DM-01.1", at=project.folder)
        assert kbgen("backfill", "--missing", "--format", "json", at=project.folder).json["written"] == [KEY_STORY]
        by_hand = project.folder / KEY_STORY
        project.git("checkout", "-q", "--", KEY_STORY)
        by_hand.write_text(by_hand.read_text() + "\n## Implementation Notes\n\nMine.\n")
        assert kbgen("backfill", "--missing", at=project.folder).out == "0 written, 0 unchanged, 0 left out\n"

    def test_refresh_takes_what_has_our_notes(self, kbgen: Kbgen, project: GitRepo) -> None:
        """What CI runs: notes that are there are true, whatever else has none."""
        assert kbgen("backfill", "--refresh", "--check", at=project.folder).out == "0 stale, 0 unchanged, 0 left out\n"
        kbgen("backfill", "DM-01.1", "DM-01.3", at=project.folder)
        project.commit("docs: notes", {})
        assert kbgen("backfill", "--refresh", "--check", at=project.folder).out == "0 stale, 2 unchanged, 0 left out\n"
        project.commit("feat(dm-01.1): a latch", {"src/latch.py": "LATCH = 1\n"})
        stale = kbgen("backfill", "--refresh", "--check", at=project.folder)
        assert (stale.code, stale.out) == (1, f"stale: {FENCE_STORY}\n1 stale, 1 unchanged, 0 left out\n")
        story = project.folder / FENCE_STORY
        story.write_text(story.read_text().replace("kbgen:end", "kbgen:fin"))
        broken = kbgen("backfill", "--refresh", "--check", at=project.folder)
        assert broken.code == 2
        assert f"left out: {FENCE_STORY}:" in broken.err

    @pytest.mark.parametrize("option", ["--check", "--dry-run"])
    def test_check_and_dry_run_write_nothing(self, kbgen: Kbgen, project: GitRepo, option: str) -> None:
        before = list_files(project.folder)
        result = kbgen("backfill", "--all", option, at=project.folder)
        assert list_files(project.folder) == before
        assert result.code == (1 if option == "--check" else 0)
        assert ("stale" if option == "--check" else "would be written") + f": {FENCE_STORY}" in result.out

    def test_check_is_clean_after_writing_and_after_committing_it(self, kbgen: Kbgen, project: GitRepo) -> None:
        kbgen("backfill", "DM-01", at=project.folder)
        assert kbgen("backfill", "DM-01", "--check", at=project.folder).code == 0
        project.commit("docs: notes for DM-01.1, DM-01.2 and DM-01.3", {})
        assert (
            kbgen("backfill", "DM-01", "--check", "--diff", at=project.folder).out
            == "0 stale, 3 unchanged, 0 left out\n"
        )
        # The page of DM-01.3 is no plan of the story.
        assert kbgen("show", "DM-01.3", "--format", "json", at=project.folder).json["spec"] is None
        assert len(kbgen("stories", "--format", "json", at=project.folder).json) == 3

    def test_check_is_clean_after_merging_the_notes(self, kbgen: Kbgen, project: GitRepo) -> None:
        project.branch("notes/dm-01-1")
        kbgen("backfill", "DM-01", at=project.folder)
        project.commit("docs: notes for DM-01.1", {})
        project.checkout("main")
        project.merge("notes/dm-01-1", message="Merge pull request #9 from house/notes/dm-01-1\n\nDM-01.1 notes")
        result = kbgen("backfill", "DM-01", "--check", "--diff", at=project.folder)
        assert result.out == "0 stale, 3 unchanged, 0 left out\n"

    def test_check_finds_notes_that_new_work_made_stale(self, kbgen: Kbgen, project: GitRepo) -> None:
        kbgen("backfill", "DM-01.1", at=project.folder)
        project.commit("feat(dm-01.1): a latch", {"src/latch.py": "LATCH = 1\n"})
        assert kbgen("backfill", "DM-01.1", "--check", at=project.folder).code == 1
        stories = kbgen("stories", "DM-01.1", "--stale", "--format", "json", at=project.folder).json
        assert stories[0]["notes"] == "stale"
        assert kbgen("backfill", "DM-01.1", at=project.folder).code == 0
        assert kbgen("stories", "DM-01.1", "--stale", "--format", "json", at=project.folder).json[0]["notes"] == "kbgen"

    def test_the_diff_is_one_that_git_applies(self, kbgen: Kbgen, project: GitRepo) -> None:
        result = kbgen("backfill", "DM-01", "--diff", "--dry-run", at=project.folder)
        patch = result.out[: result.out.index("would be written: ")]
        project.git("apply", "-", stdin=patch.encode())
        assert kbgen("backfill", "DM-01", "--check", at=project.folder).code == 0
        in_json = kbgen(
            "backfill", "DM-01", "--diff", "--rev", "HEAD~2", "--dry-run", "--format", "json", at=project.folder
        )
        assert any("+++ b/docs" in text for text in in_json.json["diffs"])

    def test_a_hand_edit_stops_it_with_file_and_line(self, kbgen: Kbgen, project: GitRepo) -> None:
        kbgen("backfill", "DM-01", at=project.folder)
        story = project.folder / FENCE_STORY
        edited = story.read_text().replace("### Key Decisions", "### Key Decisions\n\n- We like blue.")
        story.write_text(edited)
        line = edited[: edited.index("<!-- kbgen:begin")].count("\n") + 1
        result = kbgen("backfill", "DM-01", at=project.folder)
        assert result.code == 1
        assert f"left out: {FENCE_STORY}:{line}: " in result.err
        assert "hint: --force" in result.err
        assert story.read_text() == edited
        assert "0 written, 2 unchanged, 1 left out" in result.out
        left_out = kbgen("backfill", "DM-01.1", "--format", "json", at=project.folder).json
        assert left_out["edited"] == [FENCE_STORY]
        assert left_out["left_out"][0]["path"] == FENCE_STORY
        assert f"{FENCE_STORY}:{line}" in left_out["left_out"][0]["why"]
        assert "--keep" in left_out["left_out"][0]["hint"]

    def test_keep_moves_the_edit_and_force_drops_it(self, kbgen: Kbgen, project: GitRepo) -> None:
        kbgen("backfill", "DM-01.1", at=project.folder)
        story = project.folder / FENCE_STORY
        clean = story.read_text()
        edited = clean.replace("### Key Decisions", "### Key Decisions\n\n- We like blue.")
        story.write_text(edited)
        assert kbgen("backfill", "DM-01.1", "--keep", at=project.folder).code == 0
        kept = story.read_text()
        assert kept.index("- We like blue.") > kept.index("kbgen:end implementation-notes")
        assert kbgen("backfill", "DM-01.1", "--check", at=project.folder).code == 0
        story.write_text(edited)
        assert kbgen("backfill", "DM-01.1", "--force", at=project.folder).code == 0
        assert story.read_text() == clean

    def test_hand_written_notes_stay_beside_ours(self, kbgen: Kbgen, project: GitRepo) -> None:
        story = project.folder / FENCE_STORY
        story.write_text(story.read_text() + "\n## Implementation Notes\n\nBy hand.\n")
        assert kbgen("backfill", "DM-01.1", at=project.folder).code == 0
        text = story.read_text()
        assert "## Implementation Notes\n\nBy hand.\n" in text
        assert text.count("## Implementation Notes") == 2

    def test_one_bad_story_does_not_stop_the_others(self, kbgen: Kbgen, project: GitRepo) -> None:
        (project.folder / FENCE_STORY).write_bytes(b"\xff\xfe\x00")
        result = kbgen("backfill", "DM-01", at=project.folder)
        assert result.code == 2
        assert "2 written, 0 unchanged, 1 left out" in result.out

    def test_a_story_file_that_is_gone_is_not_made_anew(self, kbgen: Kbgen, project: GitRepo) -> None:
        (project.folder / FENCE_STORY).unlink()
        result = kbgen("backfill", "DM-01.1", at=project.folder)
        assert result.code == 2
        assert f"left out: {FENCE_STORY}: is not in the work tree" in result.err
        assert not (project.folder / FENCE_STORY).exists()

    def test_criteria_are_in_the_json(self, kbgen: Kbgen, project: GitRepo) -> None:
        report = kbgen("backfill", "DM-01.1", "--format", "json", at=project.folder).json
        assert [(c["story"], c["ac"]) for c in report["criteria"]] == [("DM-01.1", "1"), ("DM-01.1", "2")]
        assert {c["state"] for c in report["criteria"]} <= {"evidence", "none", "refuted"}


class TestOutputFolder:
    def test_a_page_a_story_and_no_story_file_touched(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        before = list_files(project.folder)
        result = kbgen("backfill", "DM-01", "--output", tmp_path / "notes", at=project.folder)
        assert result.code == 0
        assert list_files(project.folder) == before
        pages = list_files(tmp_path / "notes")
        assert list(pages) == ["stories/DM-01.1.md", "stories/DM-01.2.md", "stories/DM-01.3.md"]
        assert pages["stories/DM-01.1.md"].startswith(
            b"# DM-01.1: Fence\n\n<!-- kbgen:begin implementation-notes -->\n"
        )
        assert "written: stories/DM-01.1.md" in result.out

    def test_it_is_relative_to_where_the_command_works(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        assert kbgen("-C", "doors/src", "backfill", "DM-01.1", "--output", "../../out", at=tmp_path).code == 0
        assert list(list_files(tmp_path / "out")) == ["stories/DM-01.1.md"]

    def test_check_missing_and_text_around_the_block(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        out = ("--output", tmp_path / "out")
        kbgen("backfill", "DM-01.1", *out, at=project.folder)
        page = tmp_path / "out/stories/DM-01.1.md"
        page.write_text(page.read_text() + "\nMine.\n")
        assert kbgen("backfill", "DM-01.1", "--check", *out, at=project.folder).code == 0
        written = kbgen("backfill", "--missing", *out, "--format", "json", at=project.folder).json["written"]
        assert written == ["stories/DM-01.2.md"]
        page.write_text(page.read_text().replace("Hinges", "Bolts"))
        assert kbgen("backfill", "DM-01.1", *out, at=project.folder).code == 1
        assert kbgen("backfill", "DM-01.1", "--force", *out, at=project.folder).code == 0
        assert page.read_text().endswith("\nMine.\n")

    def test_pages_in_the_repository_are_no_stories_of_it(self, kbgen: Kbgen, project: GitRepo) -> None:
        kbgen("backfill", "DM-01", "--output", "docs/notes", at=project.folder)
        project.commit("docs: pages of DM-01", {})
        stories = kbgen("stories", "--format", "json", at=project.folder).json
        assert [s["spec"] for s in stories] == [FENCE_STORY, KEY_STORY, None]
        assert kbgen("backfill", "DM-01", "--check", "--output", "docs/notes", at=project.folder).code == 0


class TestShow:
    def test_a_story(self, kbgen: Kbgen, project: GitRepo) -> None:
        result = kbgen("show", "dm-01-1", at=project.folder)
        assert result.code == 0
        lines = result.out.splitlines()
        assert lines[:2] == ["DM-01.1 Fence", f"done, {FENCE_STORY}"]
        sha = project.git("rev-parse", "HEAD~2")[:12]
        assert f"{sha}  implements: feat(dm-01.1): the fence" in lines
        assert any(line.startswith("created") and line.endswith("planned    present  src/fence.py") for line in lines)
        assert "src/hinge.py" in result.out
        assert "“Hinges are bought instead of forged, because the smith is away.”" in result.out
        assert not any(line.endswith(" ") for line in lines)

    @pytest.mark.parametrize(
        ("folder", "argument"),
        [("", "src/fence.py"), ("src", "fence.py"), ("src", "src/fence.py"), ("docs", "../src/fence.py")],
    )
    def test_a_path_from_any_folder(self, kbgen: Kbgen, project: GitRepo, folder: str, argument: str) -> None:
        result = kbgen("show", argument, "--format", "json", at=project.folder / folder)
        assert result.json["path"] == "src/fence.py"
        assert [(s["story"], s["role"]) for s in result.json["stories"]] == [("DM-01.1", "implements")]
        assert result.json["owners"] == ["@doors"]
        assert result.json["decisions"][0]["story"] == "DM-01.1"

    def test_a_path_with_another_folder_to_start_in(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        for folder, argument in (
            ("doors/src", "fence.py"),
            ("doors", "src/fence.py"),
            ("doors/src/fence.py", "fence.py"),
        ):
            result = kbgen("-C", folder, "show", argument, "--format", "json", at=tmp_path)
            assert result.json["path"] == "src/fence.py"

    def test_the_nearest_file_of_a_name_is_meant(self, kbgen: Kbgen, project: GitRepo) -> None:
        project.commit("docs: two", {"README.md": "top\n", "src/README.md": "src\n"})
        assert kbgen("show", "README.md", "--format", "json", at=project.folder / "src").json["path"] == "src/README.md"
        assert (
            kbgen("show", project.folder / "README.md", "--format", "json", at=project.folder / "src").json["path"]
            == "README.md"
        )

    def test_a_path_of_no_story_and_one_that_is_gone(self, kbgen: Kbgen, project: GitRepo) -> None:
        oil = kbgen("show", "src/oil.py", at=project.folder)
        assert "No story found." in oil.out
        assert "chore: oil" in oil.out
        project.commit("chore: dry", {"src/oil.py": None})
        gone = kbgen("show", "src/oil.py", "--format", "json", at=project.folder).json
        assert gone["exists"] is False
        assert len(gone["unlinked"]) == 2

    @pytest.mark.parametrize(
        ("argument", "said", "hint"),
        [
            ("src", "src is a folder", "one file"),
            ("src/fense.py", "no file of this repository", "did you mean src/fence.py?"),
            ("lib/fence.py", "no file of this repository", "did you mean src/fence.py?"),
            ("/etc/passwd", "no file of this repository", "a story's ID"),
            ("DM-01.33", "no story 'DM-01.33'", "did you mean DM-01.3"),
            ("fence", "no story 'fence'", "kbgen stories"),
            ("DM-01", "names 3 stories", "kbgen stories DM-01"),
            ("", "", ""),
        ],
    )
    def test_what_is_neither(self, kbgen: Kbgen, project: GitRepo, argument: str, said: str, hint: str) -> None:
        result = kbgen("show", argument, at=project.folder)
        assert result.code == 2
        assert result.out == ""
        assert said in result.err
        assert hint in result.err
        assert len(result.err.splitlines()) == 2


class TestStories:
    def test_the_list(self, kbgen: Kbgen, project: GitRepo) -> None:
        kbgen("backfill", "DM-01.1", at=project.folder)
        result = kbgen("stories", at=project.folder)
        assert [line.split() for line in result.out.splitlines()[:4]] == [
            ["Story", "Status", "Commits", "Follow-ups", "Notes", "Title"],
            ["DM-01.1", "done", "1", "0", "kbgen", "Fence"],
            ["DM-01.2", "in", "progress", "1", "0", "none", "Key"],
            ["DM-01.3", "0", "0", "none", "Bell"],
        ]
        assert result.out.splitlines()[-1] == "3 stories: 2 with commits, 1 with notes."

    def test_done_with_no_commit(self, kbgen: Kbgen, project: GitRepo) -> None:
        project.commit("docs: DM-01.4", {"docs/stories/dm-01-4-mat.md": "# Story DM-01.4: Mat\n\nStatus: done\n"})
        assert "Done, with no commit found (1): DM-01.4" in kbgen("stories", at=project.folder).out

    def test_commits_with_no_story(self, kbgen: Kbgen, project: GitRepo) -> None:
        found = kbgen("stories", "--unlinked", "--format", "json", at=project.folder).json
        assert [c["subject"] for c in found["unlinked"]] == ["chore: oil"]
        assert "Commits with no story (1)" in kbgen("stories", "--unlinked", at=project.folder).out

    def test_a_repository_without_stories(self, kbgen: Kbgen, repo: GitRepo) -> None:
        repo.commit("first", {"a.txt": "a\n"})
        assert kbgen("stories", at=repo.folder).out == "0 stories: 0 with commits, 0 with notes.\n"
        assert kbgen("stories", "--format", "json", at=repo.folder).json == []
        assert kbgen("backfill", "--all", at=repo.folder).out == "0 written, 0 unchanged, 0 left out\n"


class TestFacts:
    def test_the_overview(self, kbgen: Kbgen, project: GitRepo) -> None:
        result = kbgen("facts", at=project.folder)
        assert result.code == 0
        lines = result.out.splitlines()
        assert lines[0].split() == ["Kind", "Facts", "Example"]
        symbol = next(line for line in lines if line.startswith("symbol "))
        assert symbol.split(maxsplit=2) == ["symbol", "5", "Fence (src/fence.py:1)"]
        assert re.search(r"^raw: .*import 1", result.out, re.MULTILINE)
        assert re.fullmatch(r"\d+ files read\.", lines[-1])
        assert kbgen("facts", at=project.folder).out == result.out

    def test_a_kind(self, kbgen: Kbgen, project: GitRepo) -> None:
        result = kbgen("facts", "symbol", "test_case", "--path", "src", at=project.folder)
        assert "src/fence.py:4  Fence.open" in result.out
        assert result.out.endswith("\ntest_case (0)\nNo fact of kind test_case.\n")
        limited = kbgen("facts", "symbol", "--limit", "2", at=project.folder).out
        assert limited.splitlines()[-1] == "… 3 more: --limit 5 shows all, --path chooses"

    def test_every_fact_shows_its_evidence(self, kbgen: Kbgen, project: GitRepo) -> None:
        facts = kbgen("facts", "--format", "json", at=project.folder).json
        assert {"symbol", "test_case", "import"} <= {fact["kind"] for fact in facts}
        for fact in facts:
            text = (project.folder / fact["path"]).read_text()
            assert 1 <= fact["line"] <= text.count("\n")
            assert re.fullmatch(r"[0-9a-f]{16}|[0-9a-f]{40}", fact["hash"]), fact
        oil = next(fact for fact in facts if (fact["kind"], fact["name"]) == ("symbol", "OIL"))
        assert (oil["path"], oil["line"], oil["symbol"]) == ("src/oil.py", 1, "OIL")
        by_kind = kbgen("facts", "symbol", "--format", "json", "--limit", "3", at=project.folder).json
        assert by_kind == [fact for fact in facts if fact["kind"] == "symbol"][:3]
        assert kbgen("facts", "route", "--format", "json", at=project.folder).json == []

    def test_what_was_not_read(self, kbgen: Kbgen, project: GitRepo) -> None:
        assert kbgen("facts", "--skipped", at=project.folder).out == "Every file was read whole.\n"
        project.commit("chore: rust", {"src/rust.py": "def (:\n", "lib/blob.py": b"\0\1\2"})
        lines = kbgen("facts", "--skipped", at=project.folder).out.splitlines()
        assert [line.partition(": ")[0] for line in lines] == ["lib/blob.py", "src/rust.py"]
        notes = kbgen("facts", "--skipped", "--path", "lib", "--format", "json", at=project.folder).json
        assert notes == [{"path": "lib/blob.py", "why": "is binary, or text in an encoding other than UTF-8"}]
        assert kbgen("facts", at=project.folder).out.endswith("2 notes on what was not (--skipped).\n")

    def test_a_revision_and_the_work_tree(self, kbgen: Kbgen, project: GitRepo) -> None:
        def find(*options: str) -> set[str]:
            facts = kbgen("facts", "symbol", *options, "--format", "json", at=project.folder).json
            return {fact["name"] for fact in facts}

        (project.folder / "src/bell.py").write_text("BELL = 1\n")
        (project.folder / "src/oil.py").write_text("GREASE = 1\n")
        assert "OIL" in find()
        assert "OIL" not in find("--rev", "HEAD~1")
        now = find("--worktree")
        assert {"BELL", "GREASE"} <= now
        assert "OIL" not in now
        (project.folder / "src/bell.py").write_text("GONG = 1\n")
        assert "GONG" in find("--worktree")
        assert "OIL" in find()

    def test_the_second_time_no_file_is_read(
        self, kbgen: Kbgen, project: GitRepo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = kbgen("facts", "--format", "json", at=project.folder)
        table = kbgen("facts", "symbol", at=project.folder).out

        def fail(*_: object, **__: object) -> None:
            raise AssertionError("reads files")

        monkeypatch.setattr("kbgen.adapters.git.Git.list_tree", fail)
        monkeypatch.setattr("kbgen.adapters.git.Git.read_objects", fail)
        assert kbgen("facts", "--format", "json", at=project.folder) == first
        assert kbgen("facts", "symbol", at=project.folder).out == table
        project.commit("chore: wind", {"src/wind.py": "WIND = 1\n"})
        assert kbgen("facts", at=project.folder).code == 3

    def test_another_configuration_is_another_result(self, kbgen: Kbgen, project: GitRepo) -> None:
        assert len(kbgen("facts", "symbol", "--format", "json", at=project.folder).json) == 5
        (project.folder / "kbgen.yaml").write_text("noise: [src/oil.py]\n")
        assert len(kbgen("facts", "symbol", "--format", "json", at=project.folder).json) == 4

    def test_signal_rules_of_the_project(self, kbgen: Kbgen, project: GitRepo) -> None:
        project.commit("chore: bell", {"src/bell.py": "from smith import forge\n\nBELL = forge('bronze', 7)\n"})
        config = project.folder / "kbgen.yaml"
        rule = (
            "{id: smith, match: {call: [forge]}, from: ^smith, emit: [{kind: casting, name: [0], args: {weight: 1}}]}"
        )
        config.write_text(f"signals:\n  rules:\n    - {rule}\n")
        [fact] = kbgen("facts", "casting", "--format", "json", at=project.folder).json
        assert (fact["name"], fact["path"], fact["line"], fact["attrs"]["weight"]) == ("bronze", "src/bell.py", 3, "7")
        config.write_text(f"signals:\n  rules:\n    - {rule.replace('call:', 'cal:')}\n")
        wrong = kbgen("facts", at=project.folder)
        assert (wrong.code, wrong.out) == (2, "")
        assert wrong.err.startswith("kbgen: config: kbgen.yaml:3: rule smith")

    def test_history_is_not_looked_at(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        """A shallow clone has all that is asked of it; a partial one may not."""
        expected = kbgen("facts", at=project.folder).out
        assert not list((project.folder / ".git/kbgen").glob("index-*"))
        clone = GitRepo(tmp_path / "shallow", make=False)
        project.git("clone", "-q", "--depth", "1", project.folder.as_uri(), str(clone.folder))
        assert kbgen("facts", at=clone.folder).out == expected
        clone.git("config", "remote.origin.promisor", "true")
        assert kbgen("facts", at=clone.folder).out == expected
        (clone.folder / ".git/kbgen/facts-2.sqlite").unlink()
        refused = kbgen("facts", at=clone.folder)
        assert (refused.code, refused.out) == (2, "")
        assert "partial clone" in refused.err

    def test_a_bare_repository_and_one_without_code(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        bare = project.copy(tmp_path / "bare.git", "--bare")
        assert kbgen("facts", at=bare.folder).out == kbgen("facts", at=project.folder).out
        assert "no work tree" in kbgen("facts", "--worktree", at=bare.folder).err
        empty = GitRepo(tmp_path / "empty")
        empty.commit("one", {"a.txt": "a\n"})
        assert kbgen("facts", at=empty.folder).out == "0 files read.\n"
        assert kbgen("facts", "--format", "json", at=empty.folder).out == "[]\n"

    def test_what_is_bad_is_noted_and_the_rest_is_read(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        (project.folder / "src/loop").symlink_to("loop")
        (project.folder / "src/up").symlink_to("..")
        (project.folder / "src/key_too.py").symlink_to("key.py")
        inner = GitRepo(tmp_path / "inner")
        inner.commit("inner", {"lost.py": "LOST = 1\n"})
        project.git("submodule", "add", "-q", inner.folder.as_uri(), "vendored")
        bombs = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
        project.commit(
            "chore: trouble",
            {
                "huge.py": "X = 1\n" * 3_000_000,
                "big.py": "BIG = 1\n" * 300_000,
                "min.js": f"var a={{{'b:1,' * 6000}}}\n",
                "deep.py": "(" * 5000,
                "deep.ts": "[" * 5000,
                "deep.json": "[" * 50_000,
                "bomb.yaml": bombs,
                "latin.py": "NAME = 'Zo\xeb'\n".encode("latin-1"),
                "package.json": '{"name": "doors", // a comment\n "scripts": {"ring": "bell"}}\n',
                "compose.yaml": "services:\n  db: &db\n    image: postgres\n  copy:\n    <<: *db\n    profiles: [x]\n",
                "one.py": "from two import B\nALPHA = 1\n",
                "two.py": "from one import ALPHA\nBETA = 1\n",
                "zero.py": b"A = 1\n\0",
            },
        )
        result = kbgen("facts", "symbol", "--format", "json", at=project.folder)
        assert (result.code, result.err) == (0, "")
        found = {fact["path"] for fact in result.json}
        assert {"src/fence.py", "src/key.py", "one.py", "two.py", "latin.py"} <= found
        assert not found & {"src/key_too.py", "src/up/src/key.py", "vendored/lost.py", "huge.py", "big.py", "min.js"}
        notes = {note["path"] for note in kbgen("facts", "--skipped", "--format", "json", at=project.folder).json}
        assert {"huge.py", "big.py", "min.js", "deep.py", "latin.py", "zero.py", "vendored"} <= notes
        assert {"src/loop"} <= notes
        assert not notes & {"src/up", "src/key_too.py", "one.py", "compose.yaml"}

    def test_a_table_fits_the_terminal(self, project: GitRepo) -> None:
        project.commit("chore: long", {"src/long.py": f"LONG = '{'x' * 150}'\n"})
        shown = run_in_terminal("facts", "symbol", at=project.folder, COLUMNS="70", LINES="20")
        assert "…" in shown
        assert all(len(re.sub("\x1b\\[[0-9;]*m", "", line)) <= 70 for line in shown.splitlines())


class TestInit:
    def test_writes_what_was_found_and_never_overwrites(self, kbgen: Kbgen, project: GitRepo) -> None:
        result = kbgen("init", at=project.folder / "src")
        assert (result.code, result.out) == (0, "written: kbgen.yaml\n")
        text = (project.folder / "kbgen.yaml").read_text()
        assert "#ids.prefixes: [DM]\n" in text
        assert "3 stories and 4 commits" in text
        assert "story: 2 files in docs/stories/" in text
        (project.folder / "kbgen.yaml").write_text("mailmap: false\n")
        refused = kbgen("init", at=project.folder)
        assert refused.code == 2
        assert "--force" in refused.err
        assert (project.folder / "kbgen.yaml").read_text() == "mailmap: false\n"
        assert kbgen("init", "--force", at=project.folder).code == 0
        assert (project.folder / "kbgen.yaml").read_text() == text


class TestDemo:
    def test_makes_the_sample_and_does_the_main_job(self, kbgen: Kbgen, tmp_path: Path) -> None:
        result = kbgen("demo", "yard", at=tmp_path)
        assert result.code == 0
        assert result.out.count("  docs/stories/dm-0") == 8
        assert GitRepo(tmp_path / "yard", make=False).git("status", "--short").count(" M docs/stories/") == 8
        # Every line that tells what to type next is one that works.
        told = re.findall(r"^  kbgen -C yard (.*)$", result.out, re.MULTILINE)
        assert len(told) == 6
        for line in told:
            assert kbgen("-C", "yard", *line.split(), at=tmp_path).code == 0
        again = kbgen("demo", "yard", at=tmp_path)
        assert again.code == 2
        assert "--force" in again.err
        assert kbgen("-q", "demo", "yard", "--force", at=tmp_path).out == result.out

    def test_never_into_a_folder_of_somebody_else(self, kbgen: Kbgen, project: GitRepo, tmp_path: Path) -> None:
        before = list_files(project.folder)
        for option in ((), ("--force",)):
            result = kbgen("demo", "doors", *option, at=tmp_path)
            assert result.code == 2
            assert "no kbgen demo" in result.err
        assert list_files(project.folder) == before

    def test_where_and_in_json(self, kbgen: Kbgen, tmp_path: Path) -> None:
        (tmp_path / "below").mkdir()
        made = kbgen("-C", "below", "demo", "yard", "--format", "json", at=tmp_path).json
        assert made["folder"] == "below/yard"
        assert made["head"] == GitRepo(tmp_path / "below" / "yard", make=False).head()
        assert len(made["written"]) == 8


class TestTerminal:
    def test_colour_and_control_characters(self, project: GitRepo) -> None:
        project.commit("feat(dm-01.1): \x1b[31mred\x1b[0m bell\x07", {"src/red.py": "RED = 1\n"})
        shown = run_in_terminal("show", "DM-01.1", at=project.folder)
        assert "\x1b[1mDM-01.1 Fence\x1b[0m" in shown
        assert "␛[31mred␛[0m bell␇" in shown
        assert "\x1b[31m" not in shown
        assert "\x1b" not in run_in_terminal("show", "DM-01.1", at=project.folder, NO_COLOR="1")
        diff = run_in_terminal("backfill", "DM-01.1", "--diff", "--dry-run", at=project.folder)
        assert "\x1b[32m+## Implementation Notes" in diff

    def test_progress_on_stderr_of_a_terminal_only(self, project: GitRepo) -> None:
        """As if all work took over a second."""
        code = (
            "import sys\n"
            "from kbgen import cli\n"
            "from kbgen.adapters import progress\n"
            "progress._SILENT_S = -1.0\n"
            "cli.main(sys.argv[1:])"
        )
        for options, shown in (((), True), (("--quiet",), False)):
            parent, child = pty.openpty()
            done = subprocess.run(
                [sys.executable, "-c", code, "stories", "--format", "json", *options],
                cwd=project.folder,
                env={**os.environ, "TERM": "xterm"},
                stdout=subprocess.PIPE,
                stderr=child,
                check=True,
            )
            os.close(child)
            assert len(json.loads(done.stdout)) == 3
            said = b""
            with contextlib.suppress(OSError):
                while chunk := os.read(parent, 65536):
                    said += chunk
            os.close(parent)
            assert (b"stories" in said) is shown
        into_a_pipe = subprocess.run(
            [sys.executable, "-c", code, "stories"], cwd=project.folder, capture_output=True, check=True
        )
        assert into_a_pipe.stderr == b""

    def test_no_colour_into_a_pipe(self, project: GitRepo) -> None:
        forced = dict.fromkeys(("FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS", "CLICOLOR_FORCE"), "1")
        for command in (("--help",), ("show", "DM-01.1"), ("nonsense",)):
            result = spawn(*command, at=project.folder, environment=forced)
            assert "\x1b" not in result.out + result.err

    def test_a_pipe_that_nobody_reads(self, project: GitRepo) -> None:
        script = f"'{sys.executable}' -m kbgen show DM-01.1 | true; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", script], cwd=project.folder, capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("0\n", "")

    def test_a_full_disk_behind_stdout(self, project: GitRepo) -> None:
        if not os.path.exists("/dev/full"):
            pytest.skip("no /dev/full on this system")
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "kbgen", "show", "DM-01.1"],
                cwd=project.folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip
        assert done.returncode == 2
        assert "kbgen: system: " in done.stderr


def run_in_terminal(*arguments: str, at: Path, **environment: str) -> str:
    """What the command prints to a terminal, stdout and stderr alike."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "kbgen", *arguments],
        cwd=at,
        env={**os.environ, "TERM": "xterm", **environment},
        stdin=child,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    output = b""
    # Linux reports an error where the other end of a terminal is closed, others an empty read.
    with contextlib.suppress(OSError):
        while chunk := os.read(parent, 65536):
            output += chunk
    os.close(parent)
    assert process.wait() == 0
    return output.decode().replace("\r\n", "\n")


class TestBugs:
    def test_a_bug_names_its_log(self, kbgen: Kbgen, project: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("the hinge\x1b[31m broke")

        monkeypatch.setattr("kbgen.notes.build_record", fail)
        before = list_files(project.folder)
        result = kbgen("backfill", "DM-01.1", at=project.folder)
        assert result.code == 3
        assert result.out == ""
        first, second = result.err.splitlines()
        assert first == "kbgen: bug: RuntimeError: the hinge\\x1b[31m broke"
        log = Path(second.rpartition(" ")[2])
        assert "in fail" in log.read_text()
        log.unlink()
        assert list_files(project.folder) == before

    def test_an_interruption(self, kbgen: Kbgen, project: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("kbgen.notes.build_record", interrupt)
        before = list_files(project.folder)
        result = kbgen("backfill", "--all", at=project.folder)
        assert result.code == 130
        assert result.err.splitlines()[-1].startswith("kbgen: interrupted")
        assert list_files(project.folder) == before


def test_notices_go_to_stderr_and_quiet_drops_them(kbgen: Kbgen, project: GitRepo) -> None:
    (project.folder / "kbgen.yaml").write_text("link_base: https://me:secret@example.com/house/doors\n")
    result = kbgen("show", "DM-01.1", "--format", "json", at=project.folder)
    assert result.code == 0
    assert json.loads(result.out)
    assert re.fullmatch(r"note: kbgen\.yaml:1: link_base .*\n", result.err)
    assert "secret" not in result.err
    assert kbgen("show", "DM-01.1", "--quiet", at=project.folder).err == ""


def test_follow_ups_can_be_switched_off(kbgen: Kbgen, sample: Path) -> None:
    def count_follow_ups() -> int:
        commits = json.loads(kbgen("show", "DM-01.6", "--format", "json", at=sample).out)["commits"]
        return sum(commit["role"] == "follow-up" for commit in commits)

    assert count_follow_ups() == 1
    config = sample / "kbgen.yaml"
    config.write_text("follow_ups: false\n", encoding="utf-8")
    try:
        assert count_follow_ups() == 0
    finally:
        config.unlink()
