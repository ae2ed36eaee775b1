"""The labels are checked against the history they speak of, by other means than those that made them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import kbgen.sample
from kbgen.sample import list_steps
from tests.sample.labels import EXPECTED, HAND_WRITTEN_NOTES, LABELS, NO_STORY, Label, format_expected

EXPECTED_TABLE = Path(kbgen.sample.__file__).with_name("EXPECTED.md")
STEPS = {commit.step.number: commit for commit in list_steps()}
BY_SHA = {commit.sha: commit for commit in STEPS.values()}
HEAD = STEPS[max(STEPS)]

CASE = re.compile(r"^\s*(?:(?:it|test)(?:\.\w+)?\(|(?:async )?def test_)", re.MULTILINE)

stories = pytest.mark.parametrize("label", LABELS, ids=lambda label: label.story)


def read(number: str, path: str) -> str:
    entry = STEPS[number].files.get(path)
    return entry[1].decode("utf-8", "replace") if entry else ""


def squeeze(text: str) -> str:
    """One blank between words; list dashes, comment signs and bold marks left out."""
    return " ".join(re.sub(r"^\s*(?:#|//|-|\*)\s+|\*\*", "", text, flags=re.MULTILINE).split())


def test_expected_json_is_written_from_the_labels() -> None:
    assert EXPECTED.read_text(encoding="utf-8") == format_expected(), "run: python -m tests.sample.labels"


def test_every_commit_is_accounted_for() -> None:
    named = {number for label in LABELS for number in (*label.implements, *label.reverts, *label.mentions)}
    named |= {number for label in LABELS for number, _ in label.follow_ups}
    merges = {number for number, commit in STEPS.items() if len(commit.parents) > 1}
    outside = {"006"}  # the spike that was never merged
    only_epics = {"002"}
    assert named | merges | outside | only_epics | set(NO_STORY) == set(STEPS)


@stories
def test_the_table_for_readers_says_the_same(label: Label) -> None:
    table = EXPECTED_TABLE.read_text(encoding="utf-8")
    row = next(line for line in table.splitlines() if line.startswith(f"| {label.story} |"))
    _, _, implements, follow_ups, mentions, cases, *_ = (cell.strip() for cell in row.split("|"))
    assert re.findall(r"\d{3}", implements) == list(label.implements)
    assert re.findall(r"\d{3}", follow_ups) == [number for number, _ in label.follow_ups]
    assert re.findall(r"\d{3}", mentions) == list(label.mentions)
    assert int(cases) == sum(count for _, count in label.cases)


@stories
def test_the_story_file_is_there(label: Label) -> None:
    assert label.spec is None or label.spec in HEAD.files


@stories
def test_test_cases_were_counted_right(label: Label) -> None:
    for path, count in label.cases:
        touching = [n for n in label.implements if path in STEPS[n].written]
        parent = BY_SHA[STEPS[touching[0]].parents[0]]
        before = parent.files[path][1].decode() if path in parent.files else ""
        assert len(CASE.findall(read(touching[-1], path))) - len(CASE.findall(before)) == count, path
    counted = {path for path, _ in label.cases}
    written = {path for number in label.implements for path in STEPS[number].written}
    assert {path for path in written if CASE.search(read(label.implements[-1], path)) and "test" in path} <= counted


@stories
def test_quotes_are_the_authors_words(label: Label) -> None:
    for where, words in (*label.decisions, *label.deferred):
        text = STEPS[where[5:]].message if where.startswith("step ") else read(HEAD.step.number, where)
        assert words in squeeze(text), words


@stories
def test_symbols_stand_in_their_files_after_the_work(label: Label) -> None:
    for path, names in label.symbols:
        for name in names.split():
            assert re.search(rf"\b{name}\b", read(label.implements[-1], path)), (path, name)


@stories
def test_planned_files_stand_in_the_story(label: Label) -> None:
    if label.spec is None:
        return
    text = read(HEAD.step.number, label.spec)
    for path in (*label.to_create, *label.to_modify):
        assert path in text or path.rsplit("/", 1)[-1] in text, path


@stories
def test_deviations_hold(label: Label) -> None:
    planned = {*label.to_create, *label.to_modify}
    written = {path for number in label.implements for path in STEPS[number].written}
    for kind, about in label.deviations:
        match kind:
            case "planned-absent":
                assert about in label.to_create
                assert not any(about in commit.files for commit in STEPS.values())
            case "planned-elsewhere":
                assert about in label.to_create
                assert about not in written
                assert about.rsplit("/", 1)[-1] in {path.rsplit("/", 1)[-1] for path in written}
            case "planned-untouched":
                assert about in label.to_modify
                assert about not in written
            case "unplanned":
                assert about in written - planned
            case "unwired":
                users = [path for path in HEAD.files if re.search(rf"\b{about}\b".encode(), HEAD.files[path][1])]
                assert len([path for path in users if "test" not in path and not path.startswith("docs/")]) == 1
            case "mock":
                assert "TODO: replace with real API" in read(HEAD.step.number, about)
            case "claimed-count":
                assert int(about) == label.claimed_cases != sum(count for _, count in label.cases)
            case _:
                pytest.fail(f"unknown kind {kind}")


@stories
def test_follow_ups_change_a_file_of_the_story(label: Label) -> None:
    own = {path for number in label.implements for path in STEPS[number].written}
    for number, why in label.follow_ups:
        assert own & set(STEPS[number].written), why


@stories
def test_other_later_changes_to_its_code_are_listed(label: Label) -> None:
    """Shared wiring (module lists, compose, registry) and documents apart, no change to a story's file is forgotten."""
    if not label.implements:
        return
    shared = {"docker-compose.yml", "mesh/main.py", "mesh/registry.py", "mesh/pyproject.toml", "pnpm-lock.yaml"}
    code = {
        path
        for number in label.implements
        for path in STEPS[number].written
        if not path.startswith("docs/") and path not in shared and not path.endswith("app.module.ts")
    }
    known = {*label.implements, *label.reverts, *label.cross_story, *(number for number, _ in label.follow_ups)}
    later = {
        number
        for number, commit in STEPS.items()
        if number > label.implements[0] and len(commit.parents) == 1 and code & {*commit.written, *commit.removed}
    }
    assert later - known <= {"006"}


def test_false_notes_are_false_and_true_ones_true() -> None:
    note = read(HEAD.step.number, str(HAND_WRITTEN_NOTES["file"]))
    assert all(words in note for words in (*HAND_WRITTEN_NOTES["false"], *HAND_WRITTEN_NOTES["true"]))
    assert not any("gauge-legend" in path for commit in STEPS.values() for path in commit.files)
    code = b"".join(content for path, (_, content) in HEAD.files.items() if not path.startswith("docs/"))
    assert b"yard/load" not in code
    assert b"RED_ABOVE = 0.9" in code


def test_the_default_port_of_the_mesh_disagrees() -> None:
    """The broken connection that findings shall name."""
    assert "http://localhost:8000" in read(HEAD.step.number, "apps/depot-api/src/mesh/mesh.client.ts")
    assert "port: int = 8600" in read(HEAD.step.number, "mesh/config.py")
    assert "MESH_URL:" not in read(HEAD.step.number, "docker-compose.yml")


def test_the_crlf_story_keeps_its_line_ends() -> None:
    text = HEAD.files["docs/stories/dm-01-8-hold-banner.md"][1]
    assert text.count(b"\r\n") == text.count(b"\n") > 10


def test_the_squashed_commit_of_two_stories_and_the_pick() -> None:
    assert "DM-01.7-8" in STEPS["015"].subject
    assert f"(cherry picked from commit {STEPS['006'].sha})" in STEPS["007"].message
    assert f"This reverts commit {STEPS['024'].sha}." in STEPS["025"].message


def test_a_merge_changed_something_of_its_own() -> None:
    compose = read("033", "docker-compose.yml")
    assert "SCANNER_KEY" in compose
    assert all("SCANNER_KEY" not in BY_SHA[sha].files["docker-compose.yml"][1].decode() for sha in STEPS["033"].parents)
