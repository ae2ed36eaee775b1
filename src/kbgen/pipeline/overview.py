"""Answers over many stories: each story's state, commits without a story, and what is known of one path."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from kbgen.errors import KbgenError, UsageError
from kbgen.ids import parse_id
from kbgen.links import find_work, read_message
from kbgen.model import Commit, Decision, NoteState, PathReport, Role, Story, StoryRow
from kbgen.owners import CODEOWNERS, find_owners
from kbgen.pipeline.backfill import BackfillOptions, has_hand_notes, place_notes, read_notes, splice_notes
from kbgen.pipeline.own import BLOCK
from kbgen.pipeline.project import Project
from kbgen.ports import Outputs, Templates
from kbgen.splice import find_blocks
from kbgen.stories import is_planning

_WORK_ROLES: tuple[Role, ...] = ("implements", "follow-up")
_DEFAULTS = BackfillOptions()


def list_stories(
    project: Project,
    stories: Sequence[Story],
    outputs: Outputs | None,
    templates: Templates | None = None,
) -> tuple[StoryRow, ...]:
    """One row a story. With `templates`, kbgen's notes are rendered again to tell current from stale ones."""
    rows = []
    project.progress.start("stories", len(stories))
    for story in stories:
        links = project.link(story)
        implementing = sum(link.role == "implements" for link in links)
        follow_ups = sum(link.role == "follow-up" for link in links)
        state = read_note_state(project, story, outputs, templates)
        rows.append(StoryRow(story, implementing, follow_ups, state))
        project.progress.advance()
    project.progress.finish()
    return tuple(rows)


def read_note_state(
    project: Project,
    story: Story,
    outputs: Outputs | None,
    templates: Templates | None = None,
    options: BackfillOptions = _DEFAULTS,
) -> NoteState:
    """Whose notes stand where the story's notes go; with `templates`, stale ones are told apart by rendering anew."""
    path = place_notes(project, story, folder=options.folder)
    try:
        content = outputs.read(path) if outputs is not None else _read_revision(project, path)
        if content is None:
            return "none"
        block = next((b for b in find_blocks(content, path=path) if b.name == BLOCK), None)
        if block is None:
            return "hand" if has_hand_notes(content) else "none"
        if block.edited:
            return "stale"
        if templates is not None:
            notes = read_notes(project, story, path, content, templates)
            fresh = splice_notes(story, notes.text, path, content, options)
            return "kbgen" if fresh == content else "stale"
    except KbgenError:
        # What cannot be read, or is garbled, cannot be brought up to date: the command that writes says why.
        return "stale" if outputs is not None else "none"
    return "kbgen"


def _read_revision(project: Project, path: str) -> bytes | None:
    """The notes of a bare repository are those of the revision."""
    entry = project.tree.list_entries().get(path)
    return dict(project.tree.read_blobs([entry.blob])).get(entry.blob) if entry else None


def list_unlinked(project: Project, rows: Sequence[StoryRow]) -> tuple[Commit, ...]:
    """Commits with work in them that no story explains, newest first."""
    linked = {link.commit.sha for row in rows for link in project.link(row.story) if link.role != "mentions"}
    found = []
    for commit in project.history.list_commits():
        if commit.sha in linked or commit.is_merge:
            continue
        if find_work(commit, project.code.kind_of).code and not read_message(commit.message).keeps_books:
            found.append(commit)
    return tuple(found)


def show_path(project: Project, path: str) -> PathReport:
    """The other way round: a path's stories, decisions and owners."""
    touching = project.history.find_touching([path])
    shas = {c.sha for c in touching}
    stories: list[tuple[Story, Role, tuple[str, ...]]] = []
    decisions: list[tuple[str, Decision]] = []
    explained: set[str] = set()
    for story in _find_stories_near(project, path, touching):
        links = [
            link for link in project.link(story) if link.commit.sha in shas and link.role in ("implements", "follow-up")
        ]
        for role in _WORK_ROLES:
            mine = tuple(link.commit.sha for link in links if link.role == role)
            if mine:
                stories.append((story, role, mine))
                explained.update(mine)
        if links:
            for decision in project.record(story).decisions:
                if decision.evidence.path == path or decision.evidence.commit in shas:
                    decisions.append((story.id, decision))
    work = tuple(c for c in touching if c.sha not in explained and not is_planning(path))
    return PathReport(
        path, path in project.code.entries, tuple(stories), tuple(decisions), _find_owners(project, path), work
    )


def _find_owners(project: Project, path: str) -> tuple[str, ...]:
    place = next((p for p in CODEOWNERS if p in project.code.entries), None)
    if place is None:
        return ()
    for _, content in project.tree.read_blobs([project.code.entries[place].blob]):
        return find_owners(content.decode("utf-8", "replace"), path)
    return ()


def _find_stories_near(project: Project, path: str, touching: Sequence[Commit]) -> tuple[Story, ...]:
    """Stories worth linking for this path: named by its commits or their pull requests, or planning it."""
    names = project.linker.names
    near: dict[str, Story] = {}
    shas = {c.sha for c in touching}
    for sha in list(shas):
        for request in project.history.find_pull_requests(sha)[:1]:
            shas.update(request.commits)
    for commit in project.history.get_commits(shas):
        naming = names.get_naming(commit)
        for key, _ in (*naming.claimed, *naming.mentioned):
            for story in names.resolve(key, commit):
                near[f"{story.module}:{story.id}"] = story
        for stories in names.find_stories_in_diff(commit).values():
            for story in stories:
                near[f"{story.module}:{story.id}"] = story
    for story in project.book.stories:
        if any(p.path == path for p in story.planned):
            near[f"{story.module}:{story.id}"] = story
    order: Mapping[str, int] = {f"{s.module}:{s.id}": n for n, s in enumerate(project.book.stories)}
    return tuple(near[k] for k in sorted(near, key=lambda k: order.get(k, 0)))


def resolve_path(project: Project, argument: str, inside: str | None) -> str | None:
    """The file that an argument of `show` names; None when it can only be a story's ID.

    `inside` is what the argument means from the folder that the command works in. A path from the top, as kbgen
    prints it, is understood from every folder. Raises UsageError for a folder and for a path that never was.
    """
    entries = project.tree.list_entries()
    candidates = [c for c in dict.fromkeys((inside, argument.removeprefix("./").rstrip("/"))) if c]
    for path in candidates:
        if path in entries or project.history.find_touching([path]):
            return path
    for path in candidates:
        if any(entry.startswith(f"{path}/") for entry in entries):
            raise UsageError(f"{argument} is a folder", "show takes one file, or a story's ID")
    if "/" in argument and parse_id(argument, project.grammar) is None:
        near = _find_near_paths(argument, entries)
        hint = f"did you mean {' or '.join(near)}?" if near else "show takes a file of the repository, or a story's ID"
        raise UsageError(f"{argument} is no file of this repository, and never was up to this revision", hint)
    return None


def _find_near_paths(argument: str, entries: Collection[str]) -> list[str]:
    """Up to two files of that name, or else of a like one."""
    from rapidfuzz import fuzz, process

    name = argument.rpartition("/")[2]
    same = sorted(path for path in entries if path.rpartition("/")[2] == name)
    if same:
        return same[:2]
    return [
        found[0] for found in process.extract(argument, sorted(entries), scorer=fuzz.ratio, limit=2, score_cutoff=75)
    ]
