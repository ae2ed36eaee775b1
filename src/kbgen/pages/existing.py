"""Which documents of the project are about a subject already, whatever their names: to be linked, not written again.

Read from path, title and headings. Precision first: what plans, reports or tells of the past is no document to send
a reader to, and a word deep in a document makes it no document on the word.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from kbgen.merge import EDGE, Subject, covers, fold_words
from kbgen.model import Fact
from kbgen.patterns import lazy

_SUFFIXES = (".md", ".mdx", ".markdown")
_PASSING = frozenset(
    """
    story epic sprint retro retrospective changelog history archive archived adr decision rfc proposal plan roadmap
    backlog todo prompt research report audit prd brief wireframe draft meeting postmortem release migration review
    followup testplan handover summary analysis issue deprecated legacy old obsolete
    """.split()
)
"""Words of a path, in the singular, that tell of work to do or work done, not of how things are."""
_PASSING_PAIRS = frozenset(
    (
        ("tech", "spec"), ("technical", "spec"), ("tech", "debt"), ("follow", "up"), ("follow", "ups"),
        ("next", "step"), ("master", "plan"), ("gap", "analysi"), ("implementation", "note"), ("test", "report"),
        ("user", "story"),
    )
)  # fmt: skip
_CURRENT = frozenset(("guide", "runbook", "checklist", "howto", "playbook", "handbook", "manual", "tutorial"))
"""Words that make a document a current one after all: a ``migration guide``, a ``security review checklist``."""
_TURNABLE = frozenset(("migration", "review", "plan", "release", "audit", "issue", "draft", "legacy", "history"))
_FOR_TOOLS = frozenset(("agents.md", "claude.md", "gemini.md", "copilot-instructions.md", "llms.md", "conventions.md"))
_ASIDE = lazy(r"\([^()]*\)|\[[^\[\]]*\]")
_GENERAL_FOLDERS = ("", "docs", "doc", "documentation")
_DEEPEST = 3
"""Level of the deepest headings that count."""


@dataclass(frozen=True, slots=True)
class Document:
    path: str
    title: str
    """Its first heading, or ``""``."""
    headings: tuple[str, ...] = ()
    """The further ones, down to level three."""


@dataclass(frozen=True, slots=True)
class Found:
    path: str
    title: str
    scope: Literal["document", "section"]
    """The whole document is on the subject, or a section of it."""
    heading: str
    """Of the section, or the title."""


def list_documents(facts: Iterable[Fact]) -> tuple[Document, ...]:
    """The project's documents by path, from their facts of kind ``heading``, which stand in a file's order."""
    titles: dict[str, str] = {}
    headings: dict[str, list[str]] = {}
    for fact in facts:
        if fact.kind != "heading":
            continue
        below = headings.setdefault(fact.path, [])
        if fact.path not in titles:
            titles[fact.path] = fact.value
        elif int(dict(fact.attrs).get("level", "1")) <= _DEEPEST:
            below.append(fact.value)
    return tuple(Document(path, titles[path], tuple(below)) for path, below in sorted(headings.items()))


def find_documents_on(subject: Subject, documents: Iterable[Document], ours: Collection[str] = ()) -> tuple[Found, ...]:
    """Documents whose title or name covers the subject, then those with a section that does; by path.

    A section's heading names at least one part of the subject, the title or name the others; a subject of one part is
    looked for in the sections of general documents only, since ``Monitoring`` in a guide to one thing is about that
    thing. What a title says in brackets is an aside. Left out: `ours` (pages that kbgen writes), folders with a dot,
    documents for coding tools, and what is named as a story, plan, report, archive and the like.
    """
    whole: list[Found] = []
    parts: list[Found] = []
    for document in sorted(documents, key=lambda document: document.path):
        if document.path in ours or not is_current(document.path, document.title):
            continue
        title = fold_words(_ASIDE.sub(" ", document.title)) or fold_words(document.title)
        name = _name_words(document.path)
        if covers(title, subject) or covers(name, subject) or covers((*title, EDGE, *name), subject):
            whole.append(Found(document.path, document.title, "document", document.title))
            continue
        if len(subject) == 1 and posixpath.dirname(document.path) not in _GENERAL_FOLDERS:
            continue
        around = (*title, EDGE, *name)
        heading = next((text for text in document.headings if _covers_below(fold_words(text), around, subject)), "")
        if heading:
            parts.append(Found(document.path, document.title, "section", heading))
    return (*whole, *parts)


def is_current(path: str, title: str = "") -> bool:
    """Whether a document says how things are, by its path and title: no plan, report, story, nor text for a tool."""
    folders, name = posixpath.split(path)
    if not name.casefold().endswith(_SUFFIXES) or name.casefold() in _FOR_TOOLS:
        return False
    segments = folders.split("/") if folders else []
    if any(segment.startswith((".", "_")) for segment in segments) or name.startswith("."):
        return False
    for segment in segments:
        if _is_passing(fold_words(segment)):
            return False
    return not _is_passing(fold_words(posixpath.splitext(name)[0])) and not _is_passing(fold_words(title))


def _is_passing(words: tuple[str, ...]) -> bool:
    passing = _PASSING.intersection(words)
    if passing and passing <= _TURNABLE and _CURRENT.intersection(words):
        passing = frozenset()
    return bool(passing) or any(pair in _PASSING_PAIRS for pair in pairwise(words))


def _name_words(path: str) -> tuple[str, ...]:
    """Of the file's name, and of its folder where the name says nothing: ``docs/mcp/README.md``."""
    folder, name = posixpath.split(path)
    words = fold_words(posixpath.splitext(name)[0])
    return fold_words(posixpath.basename(folder)) if words in (("readme",), ("index",), ("overview",)) else words


def _covers_below(heading: tuple[str, ...], around: tuple[str, ...], subject: Subject) -> bool:
    names_part = any(covers(heading, (part,)) for part in subject)
    return names_part and covers((*heading, EDGE, *around), subject)
