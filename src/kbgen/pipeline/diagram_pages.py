"""Diagrams into documents: a page and a drawing for each, all of them in the architecture page, and the findings.

Everything is drawn and checked before the first file is written, so that what cannot be drawn leaves nothing half-done.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from kbgen.config import Config
from kbgen.errors import EditedBlockError, OutputError
from kbgen.markdown import escape_text
from kbgen.model import BackfillReport
from kbgen.pages.diagrams import Embedded, EmbedPage, build_page
from kbgen.pages.written import FINDINGS, PICTURE, WrittenPage
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
from kbgen.pipeline.writing import OutputFile, PageOptions, holds_block, look_ahead, plan_block, write_files
from kbgen.ports import Outputs, Progress, Templates
from kbgen.reports.findings import TEMPLATE as _FINDINGS
from kbgen.reports.findings import build_findings_page
from kbgen.splice import blank_blocks

BLOCK = "diagram"
"""The managed block that holds a diagram's page."""
EMBED_BLOCK = "diagrams"
"""The one in the architecture page."""
FINDINGS_BLOCK = "findings"
_PAGE, _EMBED, _NEW_PAGE = "diagram.md.j2", "diagram_embed.md.j2", "architecture_page.md.j2"
_STAMP = "kbgen"
"""Key of a drawing's file that holds a checksum of the rest. Excalidraw leaves it out when a person saves."""
_BLANK_LINES = lazy(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A diagram as its files show it; kept, for nothing in it depends on what is in the work tree."""

    name: str
    title: str
    absence: str
    text: str
    """Of the page's block."""
    drawing: str
    mermaid: str
    """Of the overview."""
    folded: tuple[str, ...]


def place_page(name: str, config: Config) -> str:
    """Where the page of a diagram is; the fifth stands beside the architecture page."""
    return place_beside(name, config) if name == STATE else f"{config.diagrams}/{name}.md"


def place_beside(name: str, config: Config) -> str:
    """A page in the folder of the architecture page."""
    return posixpath.join(posixpath.dirname(config.architecture_page), f"{name}.md")


def list_outputs(config: Config) -> tuple[str, ...]:
    """Documents that `write_diagrams` writes into."""
    return (*(place_page(name, config) for name in NAMES), config.architecture_page, place_beside("findings", config))


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
    planned, absent = plan_diagrams(book, names, config, tools, templates, outputs, options, progress)
    return write_files(planned, outputs, options), absent


def list_drawn(book: DiagramBook, config: Config) -> tuple[WrittenPage, ...]:
    """The diagrams and the findings there are, for the page that lists every document."""
    text = book.load("drawn-pages")
    if text is None:
        drawings = [(name, book.draw(Wanted(name, "overview"))) for name in NAMES]
        drawn = [
            (place_page(name, config), each.title, PICTURE) for name, each in drawings if not explain_absence(each)
        ]
        found = [(place_beside("findings", config), "Findings", FINDINGS)] if book.find_findings() else []
        text = json.dumps([*drawn, *found])
        book.save("drawn-pages", text)
    return tuple(WrittenPage(path, title, kind) for path, title, kind in json.loads(text))


def plan_diagrams(
    book: DiagramBook,
    names: Sequence[str],
    config: Config,
    tools: Tools,
    templates: Templates,
    outputs: Outputs,
    options: PageOptions,
    progress: Progress,
) -> tuple[tuple[OutputFile, ...], tuple[str, ...]]:
    """As `write_diagrams`, with nothing written yet."""
    chosen = tuple(dict.fromkeys(names)) or NAMES
    progress.start("drawing", len(chosen))
    drawn: list[_Drawn] = []
    planned: list[OutputFile] = []
    for name in chosen:
        page = place_page(name, config)
        before = look_ahead(outputs, page)
        found = _read_drawn(book, name, page, config, tools, templates, beside=_has_own_text(before))
        drawn.append(found)
        if not found.absence or holds_block(before, BLOCK, page):
            planned += _plan_page(found, page, outputs, options)
        progress.advance()
    progress.finish()
    if not names:
        planned += _plan_embedding(drawn, config, templates, outputs, options)
        planned += _plan_findings(book, config, templates, outputs, options)
    absent = tuple(f"{found.name}: {found.absence}: nothing to draw" for found in drawn if found.absence)
    return tuple(planned), absent


def list_undrawn(
    book: DiagramBook, names: Sequence[str], config: Config, tools: Tools, templates: Templates, outputs: Outputs
) -> tuple[Callable[[], object], ...]:
    """What there is to do before `plan_diagrams` finds all of these drawn."""
    tasks: list[Callable[[], object]] = []
    for name in dict.fromkeys(names):
        page = place_page(name, config)
        beside = _has_own_text(look_ahead(outputs, page))
        if book.load(_name_drawn(name, beside=beside)) is None:
            tasks.append(partial(_read_drawn, book, name, page, config, tools, templates, beside=beside))
    return tuple(tasks)


def _name_drawn(name: str, *, beside: bool) -> str:
    return f"drawn:{name}:{'beside' if beside else 'alone'}"


def _read_drawn(
    book: DiagramBook, name: str, page: str, config: Config, tools: Tools, templates: Templates, *, beside: bool
) -> _Drawn:
    kept = _name_drawn(name, beside=beside)
    text = book.load(kept)
    if text is not None:
        name, title, absence, body, drawing, mermaid, folded = json.loads(text)
        return _Drawn(name, title, absence, body, drawing, mermaid, tuple(folded))
    found = _draw(book, name, page, tools, templates, beside=beside)
    row = (found.name, found.title, found.absence, found.text, found.drawing, found.mermaid, found.folded)
    book.save(kept, json.dumps(row, separators=(",", ":")))
    return found


def _draw(book: DiagramBook, name: str, page: str, tools: Tools, templates: Templates, *, beside: bool) -> _Drawn:
    overview, detail = book.draw(Wanted(name, "overview")), book.draw(Wanted(name, "detail"))
    absence = explain_absence(overview)
    mermaid = {
        "overview": "" if absence else write_mermaid(overview, tools.check_mermaid),
        "detail": "" if absence else write_mermaid(detail, tools.check_mermaid),
    }
    context = build_page(
        overview,
        detail,
        mermaid,
        posixpath.basename(place_drawing(page)),
        absence=absence,
        beside=beside,
        services=book.list_services() if name == MESH else None,
    )
    return _Drawn(
        name,
        overview.title,
        absence,
        _BLANK_LINES.sub("\n\n", templates.render(_PAGE, context)),
        stamp_drawing(render(overview, "excalidraw", tools)).decode(),
        mermaid["overview"],
        overview.folded,
    )


def place_drawing(page: str) -> str:
    return f"{page.removesuffix('.md')}.excalidraw"


def _plan_page(found: _Drawn, page: str, outputs: Outputs, options: PageOptions) -> tuple[OutputFile, ...]:
    heading = f"# {escape_text(found.title)}\n".encode()
    path, drawing = place_drawing(page), found.drawing.encode()
    return (
        OutputFile(
            path,
            lambda before: _replace_drawing(path, before, drawing, options),
            lambda before: _keep_drawing(path, before, outputs),
        ),
        plan_block(page, heading, BLOCK, found.text, options),
    )


def _plan_embedding(
    drawn: Sequence[_Drawn], config: Config, templates: Templates, outputs: Outputs, options: PageOptions
) -> tuple[OutputFile, ...]:
    path = config.architecture_page
    if all(found.absence for found in drawn) and not holds_block(look_ahead(outputs, path), EMBED_BLOCK, path):
        return ()
    folder = posixpath.dirname(path) or "."
    places = {found.name: posixpath.relpath(place_page(found.name, config), folder) for found in drawn}
    page = EmbedPage(
        tuple(
            Embedded(
                found.name,
                found.title,
                found.absence,
                found.mermaid,
                places[found.name],
                place_drawing(places[found.name]),
                found.folded,
            )
            for found in drawn
            if found.name != STATE
        ),
        tuple((found.title, places[found.name]) for found in drawn if found.name == STATE and not found.absence),
    )
    text = _BLANK_LINES.sub("\n\n", templates.render(_EMBED, page))
    heading = templates.render(_NEW_PAGE, {}).encode()
    return (plan_block(path, heading, EMBED_BLOCK, text, options),)


def _plan_findings(
    book: DiagramBook, config: Config, templates: Templates, outputs: Outputs, options: PageOptions
) -> tuple[OutputFile, ...]:
    path = place_beside("findings", config)
    text = book.load("findings-page")
    if text is None:
        found = book.find_findings()
        page = _BLANK_LINES.sub("\n\n", templates.render(_FINDINGS, build_findings_page(found)))
        text = json.dumps([bool(found), page])
        book.save("findings-page", text)
    any_found, page = json.loads(text)
    if not any_found and not holds_block(look_ahead(outputs, path), FINDINGS_BLOCK, path):
        return ()
    return (plan_block(path, b"", FINDINGS_BLOCK, page, options),)


# -------------------------------------------------------------------------------------------- Markdown


def _has_own_text(content: bytes | None) -> bool:
    """Whether the file says more than a heading and what kbgen writes."""
    rest = blank_blocks((content or b"").decode("utf-8", "replace"))
    return sum(bool(line.strip()) for line in rest.splitlines()) > 1


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


def _keep_drawing(path: str, content: bytes, outputs: Outputs) -> str | None:
    """Where an edited drawing went; None when nobody edited it."""
    if is_stamped(content):
        return None
    kept = f"{path.removesuffix('.excalidraw')}-edited.excalidraw"
    if outputs.read(kept) not in (None, content):
        raise OutputError(f"{kept}: is there already", f"move it, so that {path} can be kept under this name")
    outputs.write(kept, content)
    return kept
