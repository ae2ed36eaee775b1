"""Checkable statements out of Markdown, hand-written or kbgen's own: what they name, where, and how it is meant.

One module reads one kind; `READERS` lists them. A new kind is a module with `find` and a line there.
What is in doubt is marked so (``stage``, ``wish``, ``example`` in `Claim.attrs`) and left to the
verdict: a reader takes no position on whether a claim holds.

Attrs of every claim: ``stage`` (record, plan, example: kind of section), ``wish`` and ``example`` (yes), ``block``
(name of the managed block), ``in`` (code, link, prose, tree, title, import). Of paths: ``form`` (file, folder,
name, module, link). Of symbols: ``path`` (the file that the text puts it in), ``near`` (the file that its list item
or row is about), ``call`` (yes: written with brackets), ``module`` (the import's). Of commits: ``said`` (the text
calls it a commit), ``repo``. Of counts: ``of``, ``path``. In kbgen's own blocks also ``commits`` (the implementing
ones), ``source`` (of a quotation), ``now`` (gone).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from kbgen.claims import commits, counts, notes, paths, symbols
from kbgen.claims.base import ClaimReader, Found, KnownNames
from kbgen.claims.passages import Passage, UnreadableDocumentError, read_passages
from kbgen.claims.words import drop_names, find_sentence, fold_sentence, is_example, is_wish, read_mode, read_stage
from kbgen.model import Claim
from kbgen.patterns import LazyPattern

__all__ = ["KINDS", "KnownNames", "UnreadableDocumentError", "find_sections", "read_claims"]

_READERS: tuple[ClaimReader, ...] = (paths, symbols, commits, counts)
KINDS = ("path", "symbol", "commit", "count", "quote")
_NOTHING_KNOWN = KnownNames()

_TEXT = 240


def read_claims(path: str, content: bytes | str, *, known: KnownNames = _NOTHING_KNOWN) -> tuple[Claim, ...]:
    """Every claim of the document at `path`, in the order of its lines.

    `known` is what the repository is made of; without it only inline code and links are read for paths.
    Ids are stable under edits elsewhere: they rest on file, kind, value and sentence, and on the
    occurrence among equal ones. Raises UnreadableDocumentError for a document over 32 MiB.
    """
    found: list[Claim] = []
    seen: dict[str, int] = {}
    for passage, item in _find_all(read_passages(path, content), known):
        found.append(_make_claim(path, passage, item, seen))
    found.sort(key=lambda claim: claim.line)
    return tuple(found)


def find_sections(path: str, content: bytes | str, title: LazyPattern[str]) -> tuple[tuple[int, int], ...]:
    """(first line, line after the last) of each section whose title matches, outside managed blocks.

    A section ends at the next heading of its level or a higher one.
    """
    found: list[tuple[int, int]] = []
    opened: list[tuple[int, int]] = []
    for passage in read_passages(path, content):
        if passage.form != "heading" or passage.block:
            continue
        while opened and opened[-1][0] >= passage.level:
            found.append((opened.pop()[1], passage.line))
        if title.search(passage.text):
            opened.append((passage.level, passage.line))
    end = (content.count(b"\n") if isinstance(content, bytes) else content.count("\n")) + 2
    found += [(line, end) for _, line in opened]
    return tuple(sorted(found))


def _find_all(passages: Iterable[Passage], known: KnownNames) -> Iterator[tuple[Passage, Found]]:
    block: list[Passage] = []
    for passage in passages:
        if block and passage.block != block[0].block:
            yield from _find_in_block(block, known)
            block = []
        if passage.block:
            block.append(passage)
        else:
            for reader in _READERS:
                for item in reader.find(passage, known):
                    yield passage, item
    yield from _find_in_block(block, known)


def _find_in_block(passages: Sequence[Passage], known: KnownNames) -> Iterator[tuple[Passage, Found]]:
    """A block of our own, read whole, since its table of commits stands at its end."""
    roles = notes.list_commits(passages)
    for passage in passages:
        for reader in (paths, symbols, commits):
            for item in reader.find(passage, known):
                yield passage, notes.place(item, passage, roles)
        for item in (*notes.find_counts(passage, roles), *notes.find_quotes(passage)):
            yield passage, item


def _make_claim(path: str, passage: Passage, item: Found, seen: dict[str, int]) -> Claim:
    span = passage.find_span(item.start)
    end = min(span.end, item.start + 400) if span is not None else item.start + len(item.value)
    sentence, offset = find_sentence(passage, item.start, end)
    text = fold_sentence(sentence)
    key = "\0".join((path, item.kind, item.value, text))
    number = seen[key] = seen.get(key, 0) + 1
    digest = hashlib.sha256(f"{key}\0{number}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
    attrs = list(item.attrs)
    mode = item.mode
    if passage.block:
        attrs.append(("block", passage.block))
    else:
        if stage := read_stage(passage):
            attrs.append(("stage", stage))
        words = drop_names(sentence)
        if is_wish(words):
            attrs.append(("wish", "yes"))
        if is_example(words):
            attrs.append(("example", "yes"))
        if mode is None and passage.form != "code":
            mode = read_mode(sentence, offset, end - item.start)
    return Claim(
        digest, path, passage.line_of(item.start), text[:_TEXT], item.kind, item.value, mode or "is", tuple(attrs)
    )
