"""Files that a run writes: what each becomes of what is there, and the report of all of them.

Everything is composed from the old bytes, file by file; what is wrong with one file does not stop the others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from kbgen.diffs import compute_diff
from kbgen.errors import EditedBlockError, KbgenError
from kbgen.model import BackfillReport
from kbgen.ports import Outputs, ResultStore
from kbgen.splice import Placement, find_blocks, keep_edit, replace_block

_SETTLED = "settled"
_MOST_SETTLED = 2000
_PLACE = Placement(
    "before-heading",
    ("references", "related documents", "related documentation", "see also", "further reading", "changelog"),
    Placement("end"),
)


@dataclass(frozen=True, slots=True)
class PageOptions:
    force: bool = False
    keep_edits: bool = False
    with_diff: bool = False


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file to write: `compose` makes its new bytes of the old ones; None: there is nothing to write."""

    path: str
    compose: Callable[[bytes | None], bytes | None]
    keep: Callable[[bytes], str | None] | None = None
    """Moves a person's edit out of the way before composing, for what is no text; gives the path it went to."""
    rests_on: str = ""
    """All that the new bytes follow from, besides the old ones; empty where that is not one text."""


class Settled:
    """Which files were found as they should be: to compose one again takes long and gives the same bytes."""

    def __init__(self, results: ResultStore, key: str) -> None:
        self._results = results
        self._key = key
        kept = results.load_result(key, _SETTLED)
        self._known: dict[str, None] = dict.fromkeys(json.loads(kept)) if kept is not None else {}
        self._used: dict[str, None] = {}

    def holds(self, output: OutputFile, before: bytes) -> bool:
        name = self._name(output, before)
        if name not in self._known:
            return False
        self._used[name] = None
        return True

    def add(self, output: OutputFile, content: bytes) -> None:
        if output.rests_on:
            self._used[self._name(output, content)] = None

    def save(self) -> None:
        """Keep what this run found; a run of some files only keeps the others too."""
        known = list({**self._known, **self._used})[-_MOST_SETTLED:]
        if known != list(self._known):
            self._results.save_results(self._key, [(_SETTLED, json.dumps(known))])

    @staticmethod
    def _name(output: OutputFile, content: bytes) -> str:
        found = hashlib.sha256(f"{output.path}\0{output.rests_on}\0".encode("utf-8", "surrogateescape"))
        found.update(content)
        return found.hexdigest()[:24]


def write_files(
    planned: Sequence[OutputFile], outputs: Outputs, options: PageOptions, settled: Settled | None = None
) -> BackfillReport:
    written: list[str] = []
    unchanged: list[str] = []
    left_out: list[tuple[str, str]] = []
    edited: list[str] = []
    diffs: list[str] = []
    for output in planned:
        try:
            before = outputs.read(output.path)
            if settled is not None and before is not None and settled.holds(output, before):
                unchanged.append(output.path)
                continue
            kept = (
                output.keep(before) if output.keep is not None and options.keep_edits and before is not None else None
            )
            if kept is not None:
                written.append(kept)
            content = output.compose(before)
            if content is None:
                continue
            changed = outputs.write(output.path, content)
            if settled is not None and not changed:
                settled.add(output, content)
            (written if changed else unchanged).append(output.path)
            if changed and options.with_diff and output.keep is None:
                diffs.append(compute_diff(output.path, before, content))
        except EditedBlockError as error:
            edited.append(output.path)
            left_out.append((output.path, str(error)))
        except KbgenError as error:
            left_out.append((output.path, str(error)))
    if settled is not None:
        settled.save()
    # Two blocks may stand in one file.
    written = list(dict.fromkeys(written))
    unchanged = [path for path in dict.fromkeys(unchanged) if path not in written]
    return BackfillReport(tuple(written), tuple(unchanged), tuple(left_out), tuple(edited), (), tuple(diffs))


def plan_block(path: str, heading: bytes, block: str, text: str, options: PageOptions) -> OutputFile:
    """A managed block of a Markdown file; `heading` is what a new file begins with."""
    return OutputFile(
        path,
        lambda before: splice_block(path, before, heading, block, text, options),
        rests_on=f"{block}\0{options.force}{options.keep_edits}\0{heading!r}\0{text}",
    )


def splice_block(path: str, before: bytes | None, heading: bytes, block: str, text: str, options: PageOptions) -> bytes:
    current = heading if before is None else before
    if options.keep_edits and any(b.name == block and b.edited for b in find_blocks(current, path=path)):
        return keep_edit(current, block, text, path=path)
    return replace_block(current, block, text, place=_PLACE, force=options.force, path=path)


def look_ahead(outputs: Outputs, path: str) -> bytes | None:
    """The file as it is; what is wrong with it is said when it is written."""
    with suppress(KbgenError):
        return outputs.read(path)
    return None


def holds_block(content: bytes | None, block: str, path: str) -> bool:
    with suppress(KbgenError):
        return content is not None and any(b.name == block for b in find_blocks(content, path=path))
    return False
