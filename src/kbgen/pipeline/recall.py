"""Notes that were written before: by the same code, configuration and templates at the same revision they are the same.

All that notes rest on is fixed by these four, so what was rendered once is kept and need not be computed again. The
stories themselves are kept the same way, as far as choosing among them needs. Deleting the store loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kbgen.ids import Grammar
from kbgen.model import Criterion, CriterionState, Evidence, Story, StoryKey
from kbgen.ports import DocumentStore

_KNOWN = "stories"


@dataclass(frozen=True, slots=True)
class KnownStories:
    """The stories of a revision by ID, key and place, without what their documents say."""

    grammar: Grammar
    stories: tuple[Story, ...]


@dataclass(frozen=True, slots=True)
class KeptNotes:
    """Rendered notes, and what the report of a backfill says of the story's criteria."""

    text: str
    criteria: tuple[CriterionState, ...]


class Recall:
    """What a store remembers of one revision under one `fingerprint` (of code, configuration and templates)."""

    def __init__(self, store: DocumentStore, rev: str, fingerprint: str) -> None:
        self._store = store
        self._rev = rev
        self._version = f"notes-{fingerprint}"

    def load_known(self) -> KnownStories | None:
        data = self._load(_KNOWN)
        if data is None:
            return None
        kept = data["grammar"]
        grammar = Grammar(
            prefixes=tuple(kept["prefixes"]),
            trackers=tuple(kept["trackers"]),
            not_stories=tuple(kept["not_stories"]),
            issues=kept["issues"],
            bare=kept["bare"],
            padding=kept["padding"],
        )
        stories = tuple(
            Story(StoryKey(prefix, tuple(numbers), suffix), id, title, status, "", "", path, (), (), (), (), (), module)
            for prefix, numbers, suffix, id, title, status, path, module in data["stories"]
        )
        return KnownStories(grammar, stories)

    def save_known(self, grammar: Grammar, stories: Sequence[Story]) -> None:
        rows = [(s.key.prefix, s.key.numbers, s.key.suffix, s.id, s.title, s.status, s.path, s.module) for s in stories]
        self._store.forget_documents("notes-", self._rev)
        self._save(_KNOWN, {"grammar": asdict(grammar), "stories": rows})

    def load_notes(self, story: Story, variant: str) -> KeptNotes | None:
        """`variant` stands for whatever else the notes rest on: the hand-written notes beside them."""
        data = self._load(_name(story, variant))
        if data is None:
            return None
        criteria = tuple(
            CriterionState(Criterion(label, text, checked, Evidence()), state, why, ())
            for label, text, checked, state, why in data["criteria"]
        )
        return KeptNotes(data["text"], criteria)

    def save_notes(self, story: Story, notes: KeptNotes, variant: str) -> None:
        criteria = [(c.criterion.label, c.criterion.text, c.criterion.checked, c.state, c.why) for c in notes.criteria]
        self._save(_name(story, variant), {"text": notes.text, "criteria": criteria})

    def _load(self, name: str) -> Any:
        text = self._store.load_documents(self._version, [(name, self._rev)]).get((name, self._rev))
        return json.loads(text) if text is not None else None

    def _save(self, name: str, data: Any) -> None:
        self._store.save_documents(self._version, [(name, self._rev, json.dumps(data, separators=(",", ":")))])


def _name(story: Story, variant: str) -> str:
    return f"notes:{story.module}:{story.id}:{variant}"
