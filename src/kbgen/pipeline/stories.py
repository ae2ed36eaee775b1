"""The stories of a revision: discovered, parsed once a blob, joined."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase

from kbgen.config import Config
from kbgen.ids import Grammar, discover_grammar
from kbgen.pipeline.own import is_notes_page
from kbgen.ports import DocumentStore, History, Tree
from kbgen.stories import (
    PARSER_VERSION,
    DocumentKind,
    ParsedDocument,
    StoryBook,
    discover,
    join_stories,
    parse_document,
)

_NO_DOCUMENT = "null"
"""Kept for a page that kbgen made: what it says of a story is no plan."""


def find_grammar(tree: Tree, history: History, config: Config) -> Grammar:
    """The ID grammar: what `kbgen.yaml` says, else what file names and history show."""
    paths = [path for path, _ in find_documents(tree, config)]
    found = discover_grammar(paths, history.list_subjects())
    ids = config.ids
    return Grammar(
        prefixes=tuple(p.upper() for p in ids.prefixes) or found.prefixes,
        trackers=tuple(t.upper() for t in ids.trackers) or found.trackers,
        not_stories=(*found.not_stories, *ids.ignore),
        issues=ids.issues or found.issues,
        bare=found.bare,
        padding=found.padding,
    )


def read_stories(tree: Tree, documents: DocumentStore, grammar: Grammar, config: Config) -> StoryBook:
    """Parse what is new among the story documents of the tree, and join all of them."""
    entries = tree.list_entries()
    wanted = _discover(sorted(entries), config)
    kinds = {path: kind for path, kind in wanted if entries[path].mode not in ("120000", "160000")}
    version = f"{PARSER_VERSION}-{grammar.fingerprint}-{grammar.padding}"
    known = documents.load_documents(version, [(p, entries[p].blob) for p in kinds])
    parsed: dict[str, ParsedDocument] = {}
    missing: dict[str, list[str]] = {}
    for path in kinds:
        text = known.get((path, entries[path].blob))
        if text is None:
            missing.setdefault(entries[path].blob, []).append(path)
        elif text != _NO_DOCUMENT:
            parsed[path] = ParsedDocument.from_json(json.loads(text))
    fresh = []
    for blob, content in tree.read_blobs(sorted(missing)):
        for path in missing[blob]:
            if is_notes_page(content):
                fresh.append((path, blob, _NO_DOCUMENT))
                continue
            document = parse_document(path, blob, content.decode("utf-8", "replace"), kinds[path], grammar)
            parsed[path] = document
            fresh.append((path, blob, json.dumps(document.to_json(), ensure_ascii=True, separators=(",", ":"))))
    if fresh:
        documents.save_documents(version, fresh)
    return join_stories([parsed[p] for p in sorted(parsed)], grammar)


def find_documents(tree: Tree, config: Config) -> tuple[tuple[str, DocumentKind], ...]:
    """(path, kind) of every planning document of the tree."""
    return _discover(sorted(tree.list_entries()), config)


def _discover(paths: Sequence[str], config: Config) -> tuple[tuple[str, DocumentKind], ...]:
    """What the conventions find, and what the configuration names beyond them."""
    found = dict(discover(paths, config.stories))
    for path in paths:
        if any(fnmatchcase(path, glob) for glob in config.epics):
            found[path] = "epic"
        elif any(fnmatchcase(path, glob) for glob in config.status_files):
            found[path] = "status"
    return tuple(sorted(found.items()))
