"""Notes into story files: record, render, splice, write; one story after another, each whole or not at all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kbgen.diffs import compute_diff
from kbgen.errors import EditedBlockError, KbgenError, StoryFileError
from kbgen.markdown import escape_text
from kbgen.model import BackfillReport, CriterionState, Link, Story, StoryRecord
from kbgen.patterns import lazy
from kbgen.pipeline.own import BLOCK, only_writes_notes
from kbgen.pipeline.project import Project
from kbgen.pipeline.recall import KeptNotes
from kbgen.ports import Outputs, Templates
from kbgen.splice import find_blocks, keep_edit, remove_block, replace_block

# A template's loops and conditions leave blank lines of their own; the notes hold no code fence.
_BLANK_LINES = lazy(r"\n{3,}")
_HAND_HEADING = lazy(rb" {0,3}#{2,6}[ \t]+(?:\d+[.)][ \t]+)?[*_]{0,2}implementation notes\b", re.IGNORECASE)
TEMPLATE = "story_notes.md.j2"


@dataclass(frozen=True, slots=True)
class BackfillOptions:
    force: bool = False
    keep_edits: bool = False
    folder: bool = False
    """Write every note as a file of its own under the outputs' root (``--output``), none into story files."""
    with_diff: bool = False


def backfill(
    project: Project, stories: Sequence[Story], templates: Templates, outputs: Outputs, options: BackfillOptions
) -> BackfillReport:
    """Write or refresh the notes of `stories`. What is wrong with one story file does not stop the others."""
    written: list[str] = []
    unchanged: list[str] = []
    left_out: list[tuple[str, str]] = []
    edited: list[str] = []
    criteria: list[tuple[str, CriterionState]] = []
    diffs: list[str] = []
    project.progress.start("notes", len(stories))
    for story in stories:
        path = place_notes(project, story, folder=options.folder)
        try:
            before = outputs.read(path)
            if before is None and path == story.path:
                raise StoryFileError(
                    f"{path}: is not in the work tree", f"git restore {path} brings it back; --output writes elsewhere"
                )
            notes = read_notes(project, story, path, before, templates)
            criteria += ((story.id, state) for state in notes.criteria)
            content = splice_notes(story, notes.text, path, before, options)
            changed = outputs.write(path, content)
            (written if changed else unchanged).append(path)
            if changed and options.with_diff:
                diffs.append(compute_diff(path, before, content))
        except EditedBlockError as error:
            edited.append(path)
            left_out.append((path, str(error)))
        except KbgenError as error:
            left_out.append((path, str(error)))
        project.progress.advance()
    project.progress.finish()
    return BackfillReport(
        tuple(written), tuple(unchanged), tuple(left_out), tuple(edited), tuple(criteria), tuple(diffs)
    )


def place_notes(project: Project, story: Story, *, folder: bool = False) -> str:
    """Where a story's notes go: its own file, or a page of their own where it has none, or where a folder is named.

    Modules that number their stories alike get pages that their folder's name tells apart.
    """
    if not folder and story.path and project.config.notes == "in-story":
        return story.path
    name = story.id
    if story.module and sum(s.key == story.key for s in project.known) > 1:
        name = f"{story.module.rpartition('/')[2]}-{story.id}"
    page = f"stories/{_file_name(name)}.md"
    return page if folder else f"{project.config.output_dir}/{page}"


def read_notes(project: Project, story: Story, path: str, before: bytes | None, templates: Templates) -> KeptNotes:
    """The story's notes as Markdown: those written before at this revision, else written now and kept.

    `before` is the file that they go into: an "Implementation Notes" section of its own is checked beside ours.
    """
    hand, variant = _find_variant(path, before)
    kept = project.recall.load_notes(story, variant) if project.recall is not None else None
    if kept is None:
        record = project.record(story)
        kept = KeptNotes(_render(project, record, path, hand, templates), record.criteria)
        if project.recall is not None:
            project.recall.save_notes(story, kept, variant)
    return kept


def are_kept(project: Project, story: Story, path: str, before: bytes | None) -> bool:
    """Whether `read_notes` has them at hand."""
    return project.recall is not None and project.recall.load_notes(story, _find_variant(path, before)[1]) is not None


def _find_variant(path: str, before: bytes | None) -> tuple[bytes | None, str]:
    """The file with notes that a person wrote, None without such; and what stands for these."""
    if before is None or not has_hand_notes(before, path):
        return None, "alone"
    return before, hashlib.sha256(remove_block(before, BLOCK, force=True, path=path)).hexdigest()[:16]


def _render(project: Project, record: StoryRecord, path: str, hand: bytes | None, templates: Templates) -> str:
    from kbgen.notes import build_page
    from kbgen.pipeline.verify import check_hand_notes

    links = tuple(link for link in record.links if not _is_own(project, link))
    page = build_page(
        replace(record, links=links),
        project.history,
        link_base=project.config.link_base,
        hand=check_hand_notes(project, path, hand) if hand is not None else None,
    )
    return _BLANK_LINES.sub("\n\n", templates.render(TEMPLATE, page))


def splice_notes(story: Story, text: str, path: str, before: bytes | None, options: BackfillOptions) -> bytes:
    """The whole new content of the file at `path`, with everything outside the managed block as it was."""
    current = _write_heading(story) if before is None else before
    if options.keep_edits and any(b.name == BLOCK and b.edited for b in find_blocks(current, path=path)):
        return keep_edit(current, BLOCK, text, path=path)
    return replace_block(current, BLOCK, text, force=options.force, path=path)


def _write_heading(story: Story) -> bytes:
    """What a page of its own begins with."""
    title = " ".join(story.title.split())
    return f"# {escape_text(f'{story.id}: {title}' if title else story.id)}\n".encode()


def _is_own(project: Project, link: Link) -> bool:
    return link.role in ("mentions", "merge") and only_writes_notes(link.commit, project.history, project.tree)


def has_hand_notes(content: bytes, path: str = "") -> bool:
    """Whether a section "Implementation Notes" stands outside our block; `path` is for messages."""
    blocks = find_blocks(content, path=path)
    return any(
        _HAND_HEADING.match(line) and not any(b.name == BLOCK and b.start <= offset < b.end for b in blocks)
        for offset, line in _enumerate_lines(content)
    )


def _enumerate_lines(content: bytes) -> Iterable[tuple[int, bytes]]:
    """(offset, line) of each line."""
    offset = 0
    for line in content.splitlines(keepends=True):
        yield offset, line
        offset += len(line)


def _file_name(story_id: str) -> str:
    """A story ID as a file name: nothing that a file system or shell minds."""
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in story_id).strip(".-") or "story"
