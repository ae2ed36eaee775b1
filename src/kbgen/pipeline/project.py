"""What one run works on: a revision's tree, history and stores behind ports, and what was found in them once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kbgen.config import Config
from kbgen.errors import UnknownStoryError
from kbgen.ids import Grammar, select_stories
from kbgen.model import Link, Mention, Story, StoryKey, StoryRecord
from kbgen.pipeline.recall import KnownStories, Recall
from kbgen.ports import DocumentStore, FactStore, History, Progress, Tree, Workers

# The rooms that read stories, code and links are imported where they are used: a run that finds its notes
# written before needs none of them, and importing them would take longer than the run.
if TYPE_CHECKING:
    from kbgen.links import Linker
    from kbgen.pipeline.code import StoredCode
    from kbgen.stories import StoryBook


@dataclass(frozen=True)
class Project:
    """A repository at one revision. Everything below is read when first asked for, then kept."""

    config: Config
    tree: Tree
    history: History
    facts: FactStore
    documents: DocumentStore
    progress: Progress
    recall: Recall | None = None
    """What earlier runs at this revision wrote; None: compute everything."""
    workers: Workers | None = None
    """For reading many files at once; None: one after another."""

    @cached_property
    def grammar(self) -> Grammar:
        from kbgen.pipeline.stories import find_grammar

        kept = self._kept
        grammar = kept.grammar if kept is not None else find_grammar(self.tree, self.history, self.config)

        def find(text: str) -> Iterable[Mention]:
            from kbgen.ids import find_mentions

            return find_mentions(text, grammar)

        self.history.use_grammar(find, grammar.fingerprint)
        return grammar

    @cached_property
    def _kept(self) -> KnownStories | None:
        return self.recall.load_known() if self.recall is not None else None

    @cached_property
    def known(self) -> tuple[Story, ...]:
        """Every story that a document plans, as far as choosing among them needs; `complete` gives the rest."""
        if self._kept is not None:
            return self._kept.stories
        if self.recall is not None:
            self.recall.save_known(self.grammar, self.book.stories)
        return self.book.stories

    def complete(self, story: Story) -> Story:
        """The story with all that its documents say."""
        if story.documents:
            return story
        return next((s for s in self.book.find(story.key) if s.module == story.module), story)

    @cached_property
    def book(self) -> StoryBook:
        from kbgen.pipeline.stories import read_stories

        return read_stories(self.tree, self.documents, self.grammar, self.config)

    @cached_property
    def code(self) -> StoredCode:
        from kbgen.pipeline.code import StoredCode

        return StoredCode(self.tree, self.facts, self.config, self.workers)

    @cached_property
    def linker(self) -> Linker:
        from kbgen.links import Linker, Names

        names = Names(self.book, self.history, self.grammar)
        return Linker(names, self.history, self.code.kind_of, infer_follow_ups=self.config.follow_ups)

    @cached_property
    def tracked(self) -> Mapping[StoryKey, Story]:
        """Stories that only history knows: keys of the repository's tracker that messages name."""
        from kbgen.links import is_tracked, name_tracked

        grammar, known = self.grammar, {s.key for s in self.known}
        keys = self.history.find_mentioned_keys()
        return {k: name_tracked(k) for k in sorted(keys) if k not in known and is_tracked(k, grammar)}

    def list_known(self) -> tuple[Story, ...]:
        """Every story that a document plans; where none does, those that history names by tracker key."""
        return self.known or tuple(self.tracked.values())

    def select(self, arguments: Sequence[str]) -> tuple[Story, ...]:
        """The stories that the arguments mean: story files, IDs, ranges, epics. Raises UnknownStoryError with near IDs.

        One ID means several stories where several modules number theirs alike.
        """
        files = {s.path: s for s in self.known if s.path}
        chosen = [files[a] for a in arguments if a in files]
        named = [a for a in arguments if a not in files]
        stories: dict[StoryKey, list[Story]] = {}
        for story in self.known:
            stories.setdefault(story.key, []).append(story)
        try:
            keys = select_stories(named, {k: found[0].id for k, found in stories.items()}, self.grammar)
        except UnknownStoryError:
            if not self.tracked:
                raise
            stories = {k: [s] for k, s in self.tracked.items()} | stories
            keys = select_stories(named, {k: found[0].id for k, found in stories.items()}, self.grammar)
        chosen += [story for key in keys for story in stories[key]]
        return tuple({(s.module, s.key): s for s in chosen}.values())

    def link(self, story: Story) -> tuple[Link, ...]:
        """Every commit of the story; computed once a run."""
        identity = (story.module, story.key)
        if identity not in self._links:
            self._links[identity] = self._link(story)
        return self._links[identity]

    def has_work(self, story: Story) -> bool:
        """Whether any commit implements the story."""
        return any(link.role == "implements" for link in self.link(story))

    @cached_property
    def _links(self) -> dict[tuple[str, StoryKey], tuple[Link, ...]]:
        return {}

    def _link(self, story: Story) -> tuple[Link, ...]:
        story = self.complete(story)
        links = self.linker.link_story(story)
        # Numbers alone stand in comments for versions and the like; only a prefixed ID names a story there.
        if any(link.role == "implements" for link in links) or not story.path or not story.key.prefix:
            return links
        # Only a story that nothing else explains is worth a search of every file's comments.
        named = self.code.find_words([story.id]).get(story.id, frozenset())
        paths = [p for p in sorted(named) if self.code.kind_of(p) == "source"]
        return self.linker.link_story(story, paths) if paths else links

    def record(self, story: Story, *, with_methods: bool = False) -> StoryRecord:
        from kbgen.notes import build_record

        story = self.complete(story)
        links = self.link(story)
        shared = self.linker.find_shared_plan(story, links)
        epics = self.book.epics_of(story)
        return build_record(story, links, epics, self.code, self.history, shared_plan=shared, with_methods=with_methods)
