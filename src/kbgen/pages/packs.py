"""Page packs: what the front matter of a template says of the document that it makes.

A template ``page_NAME.md.j2`` begins with YAML between two lines ``---``::

    ---
    story: DM-10.3                        # whose criteria it answers; may be left out
    path: docs/guides/mcp-configuration.md
    title: MCP Server Configuration
    kind: how-to                          # tutorial, how-to, reference or explanation (https://diataxis.fr)
    context: mcp                          # the page module that reads the facts; left out: `facts`
    needs: [mcp_server, "hook:useMcp*"]   # fact kinds, with a glob for the name; none of them there: no page
    subject: [[mcp, server], [mcp]]       # words by which another document on the subject is known
    topics: {Configuration format: Configuration}   # topic of the story -> heading of the page
    files:                                # what else the page pack writes
      - {path: docs/DEPLOYMENT.md, template: part_websocket.md.j2, how: section}
    criteria:
      AC1: {says: All servers documented, check: {states: mcp_server}}
      AC2: {says: Reviewed by the team, check: {person: a review}}
    ---

Everything that is wrong is said with file and line, all of it at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kbgen.errors import TemplateError
from kbgen.model import Document, KeyPath
from kbgen.pages.criteria import CHECKS, Check, CriterionCheck, read_check
from kbgen.patterns import lazy

PREFIX, SUFFIX = "page_", ".md.j2"
How = str
HOWS = ("block", "file", "section", "checklist", "husky", "pre-commit", "labels")
"""How a further file is written: as a page of its own in a managed block, as it is where nothing is there, …"""
KINDS = ("tutorial", "how-to", "reference", "explanation")
FACTS = "facts"
"""The context of a page that names none."""

_STORY = lazy(r"[A-Za-z0-9][\w.#-]{0,40}")
_NEED = lazy(r"[a-z][a-z0-9_]*(?::\S+)?")
_UNSAFE = lazy(r"(?:^|/)\.\.(?:/|$)|^/|\\|^[A-Za-z]:|(?:^|/)\.git(?:/|$)|[\x00-\x1f]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ExtraFile:
    """A file besides the page: where, from which template, and how it gets into what is there."""

    path: str
    template: str
    how: How


@dataclass(frozen=True, slots=True)
class PagePack:
    name: str
    """``mcp_configuration`` of ``page_mcp_configuration.md.j2``."""
    template: str
    story: str
    path: str
    """Empty for a pack that only checks criteria or writes further files."""
    title: str
    kind: str
    context: str
    needs: tuple[str, ...]
    subject: tuple[tuple[str, ...], ...]
    topics: tuple[tuple[str, str], ...]
    """(topic of the story, heading of the page that is about it)"""
    files: tuple[ExtraFile, ...]
    criteria: tuple[CriterionCheck, ...]

    @property
    def is_empty(self) -> bool:
        """Whether it makes nothing, and asks for no fact."""
        states = any(word == "states" for criterion in self.criteria for word, _ in criterion.check)
        return not (self.path or self.files or self.needs or states)

    @property
    def asks_for_notes(self) -> bool:
        """Whether the stories that its story names are to have notes."""
        return any(word == "notes" for criterion in self.criteria for word, _ in criterion.check)


def name_page(template: str) -> str:
    return template.removeprefix(PREFIX).removesuffix(SUFFIX)


def is_page(template: str) -> bool:
    return template.startswith(PREFIX) and template.endswith(SUFFIX)


def read_pack(template: str, head: Document, contexts: Collection[str], kinds: Collection[str]) -> PagePack:
    """The pack of one template. `kinds` are the fact kinds there are. Raises TemplateError with every problem."""
    reader = _Reader(template, head, contexts, kinds)
    pack = reader.read()
    if reader.problems:
        lines = [f"{template}:{line}: {text}" for line, text in sorted(reader.problems)]
        raise TemplateError("\n".join(lines), "the front matter of the templates that kbgen brings along are examples")
    return pack


class _Reader:
    def __init__(self, template: str, head: Document, contexts: Collection[str], kinds: Collection[str]) -> None:
        self._template = template
        self._head = head
        self._contexts = contexts
        self._kinds = kinds
        self.problems: list[tuple[int, str]] = [
            (line, f"{key[-1] if key else ''} is given twice") for key, line in head.duplicates
        ]

    def read(self) -> PagePack:
        value = self._head.value
        if not isinstance(value, dict):
            self._complain((), "the front matter wants keys and values, such as `title: …`")
            value = {}
        known = {"story", "path", "title", "kind", "context", "needs", "subject", "topics", "files", "criteria"}
        for key in value:
            if key not in known:
                self._complain((key,), f"unknown key {key}{_suggest(str(key), known)}")
        return PagePack(
            name=name_page(self._template),
            template=self._template,
            story=self._read_text(value, "story", lambda v: _STORY.fullmatch(v) is not None, "wants a story's ID"),
            path=self._read_path(value, ("path",), value.get("path", "")),
            title=self._read_text(value, "title", lambda v: "\n" not in v, "wants one line"),
            kind=self._read_choice(value, "kind", KINDS, "reference"),
            context=self._read_choice(value, "context", self._contexts, FACTS),
            needs=self._read_needs(value),
            subject=tuple(tuple(map(str, words)) for words in self._read_list(value, "subject", list)),
            topics=tuple((str(k), str(v)) for k, v in self._read_mapping(value, "topics").items()),
            files=tuple(self._read_files(value)),
            criteria=tuple(self._read_criteria(value)),
        )

    def _complain(self, key: KeyPath, text: str) -> None:
        self.problems.append((self._head.lines.get(key, self._head.lines.get(key[:-1], 1)), text))

    def _read_text(self, value: Mapping[str, Any], key: str, fits: Callable[[str], bool], wants: str) -> str:
        text = value.get(key, "")
        if text == "" or (isinstance(text, str) and fits(text)):
            return str(text)
        self._complain((key,), f"{key} {wants}")
        return ""

    def _read_path(self, value: Mapping[str, Any], key: KeyPath, path: Any) -> str:
        if isinstance(path, str) and not _UNSAFE.search(path) and not path.endswith("/") and (path or key == ("path",)):
            return path
        self._complain(key, f"path wants a file inside the repository, not {path!r}")
        return ""

    def _read_choice(self, value: Mapping[str, Any], key: str, choices: Collection[str], default: str) -> str:
        choice = value.get(key, default)
        if choice in choices:
            return str(choice)
        self._complain((key,), f"{key} wants one of {', '.join(sorted(choices))}{_suggest(str(choice), choices)}")
        return default

    def _read_list(self, value: Mapping[str, Any], key: str, kind: type) -> list[Any]:
        items = value.get(key) or []
        if isinstance(items, list) and all(isinstance(item, kind) for item in items):
            return items
        self._complain((key,), f"{key} wants a list")
        return []

    def _read_mapping(self, value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        items = value.get(key) or {}
        if isinstance(items, dict):
            return items
        self._complain((key,), f"{key} wants keys and values")
        return {}

    def _read_needs(self, value: Mapping[str, Any]) -> tuple[str, ...]:
        needs = self._read_list(value, "needs", str)
        for index, need in enumerate(needs):
            kind = need.partition(":")[0]
            if not _NEED.fullmatch(need) or kind not in self._kinds:
                self._complain(
                    ("needs", index), f"no fact is of kind {kind!r}{_suggest(kind, self._kinds)} (`kbgen facts` lists)"
                )
        return tuple(needs)

    def _read_files(self, value: Mapping[str, Any]) -> Iterator[ExtraFile]:
        for index, item in enumerate(self._read_list(value, "files", dict)):
            key = ("files", index)
            path = self._read_path(item, key, item.get("path"))
            how = item.get("how", "block")
            if how not in HOWS:
                self._complain(key, f"how wants one of {', '.join(HOWS)}")
            template = item.get("template")
            if not isinstance(template, str) or set(item) - {"path", "template", "how"}:
                self._complain(key, "a file wants path, template and how")
            else:
                yield ExtraFile(path, template, str(how))

    def _read_criteria(self, value: Mapping[str, Any]) -> Iterator[CriterionCheck]:
        for label, item in self._read_mapping(value, "criteria").items():
            key = ("criteria", label)
            if not isinstance(item, dict) or set(item) != {"says", "check"}:
                self._complain(key, f"{label} wants `says` and `check`")
                continue
            check: Check | str = read_check(item["check"], self._kinds)
            if isinstance(check, str):
                self._complain(key, f"{label}: {check} (checks are {', '.join(CHECKS)})")
            else:
                yield CriterionCheck(str(label), str(item["says"]), check)


def _suggest(word: str, known: Collection[str]) -> str:
    from rapidfuzz import fuzz, process

    best = process.extractOne(word, sorted(known), scorer=fuzz.ratio, score_cutoff=60)
    return f": did you mean {best[0]}?" if best else ""
