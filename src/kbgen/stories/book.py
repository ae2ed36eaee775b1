"""One story for each identity: its file, its epic's section, its tech spec's section and its sprint status joined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kbgen.ids import Grammar, format_key
from kbgen.model import EpicDocument, PlannedFile, Story, StoryDocument, StoryKey
from kbgen.stories.document import DocumentKind, ParsedDocument

_FOLDER_WORDS = (
    "stories story user-stories userstories epics epic sprint-artifacts implementation-artifacts "
    "planning-artifacts sprints sprint tech-specs tech-spec techspecs retrospectives retrospective retros "
    "reviews review qa prd planning plans specs spec status reports done archived completed backlog"
)
_PLANNING_FOLDERS = frozenset(_FOLDER_WORDS.split())
_KIND_ORDER = {"file": 0, "epic-section": 1, "status": 2}
_DOCUMENT_ORDER: dict[DocumentKind, int] = {"story": 0, "epic": 1, "tech-spec": 2, "status": 3}


def find_module(path: str) -> str:
    """The folder that a story's documents share: ``docs/x`` for ``docs/x/stories/1-2.md`` and ``docs/x/epics/e.md``."""
    folders = path.split("/")[:-1]
    while folders and folders[-1].lower() in _PLANNING_FOLDERS:
        folders.pop()
    return "/".join(folders)


@dataclass(frozen=True, slots=True)
class StoryBook:
    """Every known story, sorted by prefix, numbers, suffix, module; and every document that belongs to an epic."""

    stories: tuple[Story, ...]
    epics: tuple[EpicDocument, ...]

    def find(self, key: StoryKey) -> tuple[Story, ...]:
        """The stories of that key: more than one when modules share the token, () when there is none."""
        return tuple(story for story in self.stories if story.key == key)

    def find_in_epic(self, key: StoryKey) -> tuple[Story, ...]:
        """The stories of an epic, by its key."""
        if not key.numbers:
            return ()
        depth = len(key.numbers)
        return tuple(
            story
            for story in self.stories
            if story.key.prefix == key.prefix
            and len(story.key.numbers) > depth
            and story.key.numbers[:depth] == key.numbers
        )

    def epics_of(self, story: Story) -> tuple[EpicDocument, ...]:
        """The documents of the story and its epic: epic, tech spec, retrospective, status, then others.

        Where several modules have an epic of that number without a prefix, only those of the story's module count.
        """
        keys = {StoryKey(story.key.prefix, story.key.numbers[:n], "") for n in range(1, len(story.key.numbers))}
        keys.add(story.key)
        return tuple(
            epic
            for epic in self.epics
            if epic.key in keys
            and epic.key.numbers
            and (story.key.prefix or _is_near(find_module(epic.path), story.module))
        )


def _is_near(one: str, other: str) -> bool:
    """Whether two modules are the same, or one holds the other: ``docs`` and ``docs/archive/phase-1``."""
    return one == other or not one or not other or one.startswith(other + "/") or other.startswith(one + "/")


def join_stories(documents: Iterable[ParsedDocument], grammar: Grammar) -> StoryBook:
    """Join what all documents say. The order of `documents` does not matter."""
    parsed = sorted(documents, key=lambda document: (document.path, document.blob))
    kinds = {document.path: document.kind for document in parsed}
    epics = _sort_epics([epic for document in parsed for epic in document.epics])
    by_key: dict[StoryKey, list[StoryDocument]] = {}
    for document in parsed:
        for story in document.stories:
            by_key.setdefault(story.key, []).append(story)
    known_epics = {epic.key for epic in epics}
    stories = [
        _join(module, found, kinds, known_epics, grammar)
        for key in sorted(by_key)
        for module, found in _split_by_identity(key, by_key[key])
    ]
    return StoryBook(tuple(sorted(stories, key=lambda story: (story.key, story.module))), epics)


def _sort_epics(epics: list[EpicDocument]) -> tuple[EpicDocument, ...]:
    order = {"epic": 0, "tech-spec": 1, "retrospective": 2, "status": 3, "other": 4}
    return tuple(sorted(epics, key=lambda epic: (epic.key, order[epic.kind], epic.path)))


def _split_by_identity(key: StoryKey, found: Sequence[StoryDocument]) -> list[tuple[str, list[StoryDocument]]]:
    """(module, documents) of each story that has the key.

    Files of different modules are one story when they are copies (same slug or title), else one each. What epics
    and status files say goes to the story of the same module, else of the nearest; with a prefix to the only one.
    """
    anchors: list[tuple[str, list[StoryDocument]]] = []
    for document in [d for d in found if d.kind == "file"]:
        for module, group in anchors:
            if module == find_module(document.path) or any(_is_copy(document, other) for other in group):
                group.append(document)
                break
        else:
            anchors.append((find_module(document.path), [document]))
    anchors = [(find_module(_prefer(group).path), group) for _, group in anchors]
    for document in [d for d in found if d.kind != "file"]:
        joined = _find_group(key, document, anchors)
        if joined is None:
            anchors.append((find_module(document.path), [document]))
        else:
            joined.append(document)
    return sorted(anchors, key=lambda anchor: anchor[0])


def _find_group(
    key: StoryKey, document: StoryDocument, anchors: list[tuple[str, list[StoryDocument]]]
) -> list[StoryDocument] | None:
    module = find_module(document.path)
    same = [group for other, group in anchors if other == module]
    if same:
        return same[0]
    if key.prefix and len(anchors) == 1:
        return anchors[0][1]
    near = [(other, group) for other, group in anchors if _is_near(other, module)]
    titled = [group for _, group in near if any(_has_same_title(document, other) for other in group)]
    if len(titled) == 1:
        return titled[0]
    if len(near) == 1 and not (document.title and _titles_differ(document, near[0][1])):
        return near[0][1]
    return None


def _titles_differ(document: StoryDocument, group: list[StoryDocument]) -> bool:
    """Whether no word of the title is a word of the group's: two stories that share a number and nothing else."""
    words = _words(document.title)
    return bool(words) and all(words.isdisjoint(_words(other.title)) for other in group if other.title)


def _words(title: str) -> frozenset[str]:
    return frozenset(
        word for word in re.findall(r"[a-z0-9]{3,}", title.lower()) if word not in {"the", "and", "for", "with"}
    )


def _has_same_title(one: StoryDocument, other: StoryDocument) -> bool:
    first, second = _words(one.title), _words(other.title)
    return bool(first) and bool(second) and len(first & second) * 2 > min(len(first), len(second))


def _is_copy(one: StoryDocument, other: StoryDocument) -> bool:
    if one.blob and one.blob == other.blob:
        return True
    if one.path.rsplit("/", 1)[-1].lower() == other.path.rsplit("/", 1)[-1].lower():
        return True
    return bool(one.title) and re.sub(r"\W+", "", one.title.lower()) == re.sub(r"\W+", "", other.title.lower())


def _weigh(document: StoryDocument) -> tuple[int, int]:
    """How much a document says: criteria, tasks and planned files before plain length."""
    says = 2 * len(document.criteria) + len(document.tasks) + len(document.planned)
    return says, sum(len(section.text) for section in document.sections)


def _prefer(group: Sequence[StoryDocument]) -> StoryDocument:
    """Of several files of one story the one with most content; an exact tie goes to the first path."""
    most = max(_weigh(document) for document in group)
    return min((document for document in group if _weigh(document) == most), key=lambda document: document.path)


def _join(
    module: str,
    found: Sequence[StoryDocument],
    kinds: dict[str, DocumentKind],
    known_epics: set[StoryKey],
    grammar: Grammar,
) -> Story:
    files = [document for document in found if document.kind == "file"]
    main = _prefer(files) if files else None
    documents = sorted(
        found,
        key=lambda d: (
            d is not main,
            _KIND_ORDER[d.kind],
            _DOCUMENT_ORDER.get(kinds.get(d.path, ""), 9),
            d.path,
            d.line,
        ),
    )
    first = documents[0]
    described = [document for document in documents if document.kind != "status"]
    status_file = next((d.status for d in documents if d.kind == "status" and d.status), "")
    criteria = next((d.criteria for d in described if d.criteria), ())
    return Story(
        key=first.key,
        id=first.id or format_key(first.key, grammar),
        title=next((d.title for d in documents if d.title), ""),
        status=(main.status if main is not None else "")
        or status_file
        or next((d.status for d in described if d.status), ""),
        points=next((d.points for d in documents if d.points), ""),
        epic=_find_epic(documents, known_epics, grammar),
        path=main.path if main is not None else "",
        criteria=criteria,
        planned=main.planned if main is not None else (),
        wider_plan=_merge_plans([d for d in documents if d.kind == "epic-section"]),
        tasks=next((d.tasks for d in described if d.tasks), ()),
        documents=tuple(documents),
        module=module,
    )


def _find_epic(documents: Sequence[StoryDocument], known: set[StoryKey], grammar: Grammar) -> str:
    spelled = next((d.epic for d in documents if d.epic), "")
    if spelled:
        return spelled
    key = documents[0].key
    epic = StoryKey(key.prefix, key.numbers[:1])
    return format_key(epic, grammar) if len(key.numbers) > 1 and epic in known else ""


def _merge_plans(documents: Sequence[StoryDocument]) -> tuple[PlannedFile, ...]:
    """The plans of epic and tech spec, each path once: the first that says what will happen to it."""
    merged: dict[str, PlannedFile] = {}
    for document in documents:
        for planned in document.planned:
            old = merged.get(planned.path)
            if old is None or (old.intent == "unclear" and planned.intent != "unclear"):
                merged[planned.path] = planned
    return tuple(merged[path] for path in sorted(merged))
