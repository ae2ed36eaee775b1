"""Diagrams into documents: a page and a drawing for each, all of them in the architecture page, and the findings.

Everything is drawn and checked before the first file is written, so that what cannot be drawn leaves nothing half-done.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from kbgen.config import Config
from kbgen.diffs import compute_diff
from kbgen.errors import EditedBlockError, KbgenError, OutputError
from kbgen.markdown import escape_text
from kbgen.model import BackfillReport, Diagram
from kbgen.pages.diagrams import Embedded, EmbedPage, build_page
from kbgen.patterns import lazy
from kbgen.pipeline.diagrams import (
    MESH,
    NAMES,
    STATE,
    DiagramBook,
    Tools,
    Wanted,
    explain_absence,
    render,
    write_mermaid,
)
from kbgen.ports import Outputs, Progress, Templates
from kbgen.reports.findings import TEMPLATE as _FINDINGS
from kbgen.reports.findings import build_findings_page
from kbgen.splice import Placement, find_blocks, keep_edit, remove_block, replace_block

BLOCK = "diagram"
"""The managed block that holds a diagram's page."""
EMBED_BLOCK = "diagrams"
"""The one in the architecture page."""
FINDINGS_BLOCK = "findings"
_PAGE, _EMBED, _NEW_PAGE = "diagram.md.j2", "diagram_embed.md.j2", "architecture_page.md.j2"
_PLACE = Placement(
    "before-heading",
    ("references", "related documents", "related documentation", "see also", "further reading", "changelog"),
    Placement("end"),
)
_STAMP = "kbgen"
"""Key of a drawing's file that holds a checksum of the rest. Excalidraw leaves it out when a person saves."""
_BLANK_LINES = lazy(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class PageOptions:
    force: bool = False
    keep_edits: bool = False
    with_diff: bool = False


@dataclass(frozen=True, slots=True)
class _Output:
    """A file to write: `compose` makes its new bytes of the old ones."""

    path: str
    compose: Callable[[bytes | None], bytes]
    is_drawing: bool = False


@dataclass(frozen=True, slots=True)
class _Drawn:
    overview: Diagram
    detail: Diagram
    mermaid: dict[str, str]
    absence: str
    page: str
    drawing: str


def place_page(name: str, config: Config) -> str:
    """Where the page of a diagram is; the fifth stands beside the architecture page."""
    return place_beside(name, config) if name == STATE else f"{config.diagrams}/{name}.md"


def place_beside(name: str, config: Config) -> str:
    """A page in the folder of the architecture page."""
    return posixpath.join(posixpath.dirname(config.architecture_page), f"{name}.md")


def write_diagrams(
    book: DiagramBook,
    names: Sequence[str],
    config: Config,
    tools: Tools,
    templates: Templates,
    outputs: Outputs,
    options: PageOptions,
    progress: Progress,
) -> tuple[BackfillReport, tuple[str, ...]]:
    """Write the pages and drawings of these diagrams, or with none named of all, and the architecture page.

    A diagram without facts has no page, unless one is there that says what is no more; the second value names each.
    What is wrong with one file does not stop the others. Raises MermaidError and GraphvizError, with nothing written.
    """
    chosen = tuple(dict.fromkeys(names)) or NAMES
    progress.start("drawing", len(chosen))
    drawn: list[_Drawn] = []
    planned: list[_Output] = []
    for name in chosen:
        found = _draw(book, name, config, tools)
        drawn.append(found)
        if not found.absence or _is_ours(_read(outputs, found.page), BLOCK, found.page):
            planned += _plan_page(book, found, tools, templates, outputs, options)
        progress.advance()
    progress.finish()
    if not names:
        planned += _plan_embedding(drawn, config, templates, outputs, options)
        planned += _plan_findings(book, config, templates, outputs, options)
    absent = tuple(f"{found.overview.name}: {found.absence}: nothing to draw" for found in drawn if found.absence)
    return _write(planned, outputs, options), absent


def _draw(book: DiagramBook, name: str, config: Config, tools: Tools) -> _Drawn:
    overview, detail = book.draw(Wanted(name, "overview")), book.draw(Wanted(name, "detail"))
    absence = explain_absence(overview)
    page = place_page(name, config)
    mermaid = {
        "overview": "" if absence else write_mermaid(overview, tools.check_mermaid),
        "detail": "" if absence else write_mermaid(detail, tools.check_mermaid),
    }
    return _Drawn(overview, detail, mermaid, absence, page, f"{page.removesuffix('.md')}.excalidraw")


def _plan_page(
    book: DiagramBook, found: _Drawn, tools: Tools, templates: Templates, outputs: Outputs, options: PageOptions
) -> tuple[_Output, ...]:
    page = build_page(
        found.overview,
        found.detail,
        found.mermaid,
        posixpath.basename(found.drawing),
        absence=found.absence,
        beside=_has_own_text(_read(outputs, found.page), found.page),
        services=book.list_services() if found.overview.name == MESH else None,
    )
    text = _BLANK_LINES.sub("\n\n", templates.render(_PAGE, page))
    heading = f"# {escape_text(found.overview.title)}\n".encode()
    drawing = stamp_drawing(render(found.overview, "excalidraw", tools))
    return (
        _Output(
            found.drawing, lambda before: _replace_drawing(found.drawing, before, drawing, options), is_drawing=True
        ),
        _Output(found.page, lambda before: _splice(found.page, before, heading, BLOCK, text, options)),
    )


def _plan_embedding(
    drawn: Sequence[_Drawn], config: Config, templates: Templates, outputs: Outputs, options: PageOptions
) -> tuple[_Output, ...]:
    path = config.architecture_page
    if all(found.absence for found in drawn) and not _is_ours(_read(outputs, path), EMBED_BLOCK, path):
        return ()
    folder = posixpath.dirname(path) or "."
    page = EmbedPage(
        tuple(
            Embedded(
                found.overview.name,
                found.overview.title,
                found.absence,
                found.mermaid["overview"],
                posixpath.relpath(found.page, folder),
                posixpath.relpath(found.drawing, folder),
                found.overview.folded,
            )
            for found in drawn
            if found.overview.name != STATE
        ),
        tuple(
            (found.overview.title, posixpath.relpath(found.page, folder))
            for found in drawn
            if found.overview.name == STATE and not found.absence
        ),
    )
    text = _BLANK_LINES.sub("\n\n", templates.render(_EMBED, page))
    heading = templates.render(_NEW_PAGE, {}).encode()
    return (_Output(path, lambda before: _splice(path, before, heading, EMBED_BLOCK, text, options)),)


def _plan_findings(
    book: DiagramBook, config: Config, templates: Templates, outputs: Outputs, options: PageOptions
) -> tuple[_Output, ...]:
    path = place_beside("findings", config)
    found = book.find_findings()
    if not found and not _is_ours(_read(outputs, path), FINDINGS_BLOCK, path):
        return ()
    text = _BLANK_LINES.sub("\n\n", templates.render(_FINDINGS, build_findings_page(found)))
    return (_Output(path, lambda before: _splice(path, before, b"", FINDINGS_BLOCK, text, options)),)


def _write(planned: Sequence[_Output], outputs: Outputs, options: PageOptions) -> BackfillReport:
    written: list[str] = []
    unchanged: list[str] = []
    left_out: list[tuple[str, str]] = []
    edited: list[str] = []
    diffs: list[str] = []
    for output in planned:
        try:
            before = outputs.read(output.path)
            if output.is_drawing and options.keep_edits and before is not None and not is_stamped(before):
                written.append(_keep_drawing(output.path, before, outputs))
            content = output.compose(before)
            changed = outputs.write(output.path, content)
            (written if changed else unchanged).append(output.path)
            if changed and options.with_diff and not output.is_drawing:
                diffs.append(compute_diff(output.path, before, content))
        except EditedBlockError as error:
            edited.append(output.path)
            left_out.append((output.path, str(error)))
        except KbgenError as error:
            left_out.append((output.path, str(error)))
    return BackfillReport(tuple(written), tuple(unchanged), tuple(left_out), tuple(edited), (), tuple(diffs))


# -------------------------------------------------------------------------------------------- Markdown


def _splice(path: str, before: bytes | None, heading: bytes, block: str, text: str, options: PageOptions) -> bytes:
    current = heading if before is None else before
    if options.keep_edits and any(b.name == block and b.edited for b in find_blocks(current, path=path)):
        return keep_edit(current, block, text, path=path)
    return replace_block(current, block, text, place=_PLACE, force=options.force, path=path)


def _read(outputs: Outputs, path: str) -> bytes | None:
    """For a look ahead: what is wrong with the file is said when it is written."""
    with suppress(KbgenError):
        return outputs.read(path)
    return None


def _is_ours(content: bytes | None, block: str, path: str) -> bool:
    with suppress(KbgenError):
        return content is not None and any(b.name == block for b in find_blocks(content, path=path))
    return False


def _has_own_text(content: bytes | None, path: str) -> bool:
    """Whether the file says more than a heading and our block."""
    with suppress(KbgenError):
        rest = remove_block(content or b"", BLOCK, force=True, path=path)
        return sum(bool(line.strip()) for line in rest.splitlines()) > 1
    return True


# -------------------------------------------------------------------------------------------- drawings


def stamp_drawing(content: bytes) -> bytes:
    """The drawing with a checksum of itself, by which a person's changes show."""
    document = json.loads(content)
    document[_STAMP] = _compute_stamp(document)
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace")


def is_stamped(content: bytes) -> bool:
    """Whether a drawing is as kbgen wrote it."""
    try:
        document = json.loads(content)
    except ValueError:
        return False
    return isinstance(document, dict) and document.get(_STAMP) == _compute_stamp(document)


def _compute_stamp(document: dict[str, object]) -> str:
    rest = {key: value for key, value in document.items() if key != _STAMP}
    return "sha256:" + hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _replace_drawing(path: str, before: bytes | None, drawing: bytes, options: PageOptions) -> bytes:
    if before is not None and not is_stamped(before) and not (options.force or options.keep_edits):
        raise EditedBlockError(
            f"{path}: the drawing is not as kbgen wrote it",
            "--force overwrites it; --keep moves it to a file beside it, where it is yours",
        )
    return drawing


def _keep_drawing(path: str, content: bytes, outputs: Outputs) -> str:
    kept = f"{path.removesuffix('.excalidraw')}-edited.excalidraw"
    if outputs.read(kept) not in (None, content):
        raise OutputError(f"{kept}: is there already", f"move it, so that {path} can be kept under this name")
    outputs.write(kept, content)
    return kept
