"""What the code of a revision says, lines and comments apart, in one hash: pages and pictures rest on little else.

So a run after a commit that moved lines, or changed nothing but documents, finds its pages kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kbgen.extractors import FACTS_VERSION, is_extractable
from kbgen.model import FileFacts
from kbgen.paths import is_markdown
from kbgen.pipeline.code import StoredCode
from kbgen.ports import DocumentStore

DRAWING_SUFFIX = ".excalidraw"
"""Of files that kbgen writes; code that rested on one would be no code."""
_LINES = re.compile(r"@\d+")
"""Where a file names what it refers to."""
_VERSION = f"shape-5-{FACTS_VERSION}"


@dataclass(frozen=True, slots=True)
class Shapes:
    """Each 16 hex."""

    code: str
    """Of the files there are and of the facts of each that is code or configuration."""
    comments: str
    """Of the comments in these."""
    headings: str
    """Of the headings and tables of Markdown documents: other text in them changes nothing."""

    def pack(self) -> str:
        return f"{self.code} {self.comments} {self.headings}"

    @classmethod
    def unpack(cls, text: str) -> Shapes:
        return cls(*text.split())


def compute_shapes(code: StoredCode, store: DocumentStore) -> Shapes:
    documents: list[tuple[str, str]] = []
    files: list[tuple[str, str]] = []
    others = hashlib.sha256()
    for path, entry in code.entries.items():
        is_read = is_extractable(path) and code.kind_of(path) != "noise"
        if is_markdown(path):
            documents += [(path, entry.blob)] if is_read else []
        elif is_read:
            files.append((path, entry.blob))
        elif not path.endswith(DRAWING_SUFFIX):
            # Nothing is read of it but its name.
            others.update(path.encode("utf-8", "surrogateescape") + b"\0")
    found = _find_hashes([*files, *documents], code, store)
    return Shapes(_join(files, found, 0, others.digest()), _join(files, found, 1), _join(documents, found, 0))


def _find_hashes(
    wanted: Sequence[tuple[str, str]], code: StoredCode, store: DocumentStore
) -> Mapping[tuple[str, str], str]:
    known = dict(store.load_documents(_VERSION, wanted))
    # Asked for together, they are read in several processes.
    loaded = code.load_facts([place for place in wanted if place not in known])
    fresh = {place: _hash(facts) for place, facts in loaded.items()}
    store.save_documents(_VERSION, [(path, blob, shape) for (path, blob), shape in fresh.items()])
    return known | fresh


def _join(wanted: Sequence[tuple[str, str]], found: Mapping[tuple[str, str], str], at: int, begin: bytes = b"") -> str:
    joined = hashlib.sha256(begin)
    for place in sorted(wanted):
        one = found.get(place, " ").split(" ")[at]
        joined.update(f"{place[0]}\0{one}\0".encode("utf-8", "surrogateescape"))
    return joined.hexdigest()[:16]


def _hash(facts: FileFacts) -> str:
    """Of all facts but comments, and of comments; lines apart."""
    found, comments = hashlib.sha256(), hashlib.sha256()
    for fact in facts.facts:
        value = _LINES.sub("", fact.value) if fact.kind == "reference" else fact.value
        if fact.kind == "comment":
            comments.update(f"{fact.name}\0{value}\0{fact.symbol}\n".encode("utf-8", "surrogateescape"))
            continue
        attrs = [pair for pair in fact.attrs if pair[0] != "end_line"]
        row = f"{fact.kind}\0{fact.name}\0{value}\0{fact.symbol}\0{fact.hash}\0{attrs}\n"
        found.update(row.encode("utf-8", "surrogateescape"))
    return f"{found.hexdigest()[:24]} {comments.hexdigest()[:24]}"
