"""What the code of a revision says, lines and comments apart, in one hash: pages and pictures rest on nothing else.

So a run after a commit that moved lines, or changed nothing but documents, finds its pages kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from kbgen.extractors import FACTS_VERSION, is_extractable
from kbgen.model import FileFacts
from kbgen.paths import is_markdown
from kbgen.pipeline.code import StoredCode
from kbgen.ports import DocumentStore

DRAWING_SUFFIX = ".excalidraw"
"""Of files that kbgen writes; code that rested on one would be no code."""
ALL_DOCUMENTS = "*"
"""Stands for the headings and tables of all Markdown documents together."""
_LINES = re.compile(r"@\d+")
"""Where a file names what it refers to."""
_VERSION = f"shape-4-{FACTS_VERSION}"


def compute_shape(code: StoredCode, store: DocumentStore) -> str:
    """16 hex of the files there are and of the facts of each that is code or configuration."""
    found = hashlib.sha256()
    wanted: list[tuple[str, str]] = []
    for path, entry in code.entries.items():
        if is_markdown(path) or path.endswith(DRAWING_SUFFIX):
            continue
        if is_extractable(path) and code.kind_of(path) != "noise":
            wanted.append((path, entry.blob))
        else:
            # Nothing is read of it but its name.
            found.update(path.encode("utf-8", "surrogateescape") + b"\0")
    _add_hashes(found, wanted, code, store)
    return found.hexdigest()[:16]


def compute_document_shape(code: StoredCode, store: DocumentStore) -> str:
    """The same of the headings and tables of Markdown documents: other text in them changes nothing."""
    found = hashlib.sha256()
    paths = [path for path in code.entries if is_markdown(path) and code.kind_of(path) != "noise"]
    _add_hashes(found, [(path, code.entries[path].blob) for path in paths], code, store)
    return found.hexdigest()[:16]


def _add_hashes(
    found: hashlib._Hash, wanted: Sequence[tuple[str, str]], code: StoredCode, store: DocumentStore
) -> None:
    known = dict(store.load_documents(_VERSION, wanted))
    # Asked for together, they are read in several processes.
    loaded = code.load_facts([place for place in wanted if place not in known])
    fresh = {place: _hash(facts) for place, facts in loaded.items()}
    store.save_documents(_VERSION, [(path, blob, shape) for (path, blob), shape in fresh.items()])
    known.update(fresh)
    for place in sorted(wanted):
        found.update(f"{place[0]}\0{known.get(place, '')}\0".encode("utf-8", "surrogateescape"))


def _hash(facts: FileFacts) -> str:
    found = hashlib.sha256()
    for fact in facts.facts:
        if fact.kind == "comment":
            continue
        value = _LINES.sub("", fact.value) if fact.kind == "reference" else fact.value
        attrs = [pair for pair in fact.attrs if pair[0] != "end_line"]
        row = f"{fact.kind}\0{fact.name}\0{value}\0{fact.symbol}\0{fact.hash}\0{attrs}\n"
        found.update(row.encode("utf-8", "surrogateescape"))
    return found.hexdigest()[:24]
