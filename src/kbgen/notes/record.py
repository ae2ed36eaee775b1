"""One story's record: everything that can be shown of it at one revision."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from kbgen.model import EpicDocument, Fact, FileWork, Link, SkippedFile, Story, StoryRecord
from kbgen.notes.code import BlobStep, CodeReader, find_places, list_facts, list_routes, read_steps
from kbgen.notes.criteria import judge_criteria
from kbgen.notes.decisions import select_decisions
from kbgen.notes.deferred import select_deferred
from kbgen.notes.deviations import find_deviations
from kbgen.notes.files import compute_file_work
from kbgen.notes.plans import resolve_plans
from kbgen.notes.sentences import collect_sentences
from kbgen.notes.symbols import compute_symbols, compute_tests
from kbgen.ports import History

# Quoted sentences of each kind in the JSON; the page shows fewer.
_MOST = 20


def build_record(
    story: Story,
    links: tuple[Link, ...],
    epics: Sequence[EpicDocument],
    code: CodeReader,
    history: History,
    *,
    shared_plan: Collection[str] = (),
    with_methods: bool = False,
) -> StoryRecord:
    """Join what the links, the story's documents and the code say. `with_methods` asks for PyDriller's reading."""
    story = resolve_plans(story, links, code.entries)
    files = compute_file_work(links, (*story.planned, *story.wider_plan), code.entries, history, code.kind_of)
    steps = read_steps(links, code)
    symbols = compute_symbols(steps, files, code)
    tests = compute_tests(steps, files, code)
    sentences = collect_sentences(
        story, links, epics, _list_new_comments((*steps, *read_steps(links, code, ("follow-up",))), files, code)
    )
    work = [link for link in links if link.role == "implements"]
    methods = tuple(m for link in work for m in history.find_methods(link.commit.sha)) if with_methods else ()
    skipped = {s.path: s for step in steps for facts in (step.before, step.after) if facts for s in facts.skipped}
    return StoryRecord(
        story=story,
        rev=history.rev,
        links=links,
        files=files,
        tests=tests,
        symbols=symbols,
        decisions=select_decisions(sentences, _MOST),
        deviations=find_deviations(story, links, files, symbols, steps, code, history, shared_plan),
        deferred=select_deferred(sentences, _MOST),
        criteria=judge_criteria(story, files, symbols, steps, code),
        methods=methods,
        routes=list_routes(steps, files, code),
        skipped=tuple(SkippedFile(p, skipped[p].why) for p in sorted(skipped)),
    )


def _list_new_comments(steps: Sequence[BlobStep], files: Sequence[FileWork], code: CodeReader) -> tuple[Fact, ...]:
    """Comments that the story's commits wrote and that still stand, where they stand now.

    Each has the hash of the commit that wrote it in attr ``commit``.
    """
    places = find_places(steps, files)
    wrote: dict[tuple[str, str], str] = {}
    for step in steps:
        path = step.change.path
        place = places[path] or path
        if code.kind_of(path) != "source" or place not in code.entries:
            continue
        before = {f.value for f in list_facts(step.before, "comment")}
        for fact in list_facts(step.after, "comment"):
            if fact.value not in before:
                wrote.setdefault((place, fact.value), step.commit.sha)
    now = code.load([(p, code.entries[p].blob) for p in sorted({place for place, _ in wrote})])
    standing = {(f.path, f.value): f for facts in now.values() for f in reversed(list_facts(facts, "comment"))}
    return tuple(
        replace(standing[key], attrs=(*standing[key].attrs, ("commit", sha)))
        for key, sha in wrote.items()
        if key in standing
    )
