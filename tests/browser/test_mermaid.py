"""Every Mermaid text of ours parses with mermaid.js, and draws in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from kbgen.diagrams.mermaid import make_mermaid
from tests.browser.drawings import make_hostile, make_mesh, make_sequence
from tests.browser.reference import Reference
from tests.golden_files import FOLDER

_ROOT = FOLDER.parent.parent
_BAD = {
    "unquoted path": "flowchart LR\n  a[/dashboard]\n",
    "open subgraph": "flowchart LR\n  subgraph s\n    a\n",
    "semicolon in a message": "sequenceDiagram\n  a->>b: one; two\n",
}


def list_golden() -> dict[str, str]:
    files = sorted(FOLDER.glob("diagram_*/**/*.mmd"))
    return {_flatten(path.relative_to(FOLDER)): path.read_text("utf-8") for path in files}


def list_sample() -> dict[str, str]:
    """The blocks in the Markdown that the demo writes."""
    blocks = {}
    for path in sorted((_ROOT / "output" / "sample").rglob("*.md")):
        fences = [token for token in MarkdownIt().parse(path.read_text("utf-8")) if token.type == "fence"]
        for place, token in enumerate(token for token in fences if token.info.strip() == "mermaid"):
            blocks[f"{_flatten(path.relative_to(_ROOT))}-{place}"] = token.content
    return blocks


def list_made() -> dict[str, str]:
    drawings = {"mesh": make_mesh(), "sequence": make_sequence()}
    drawings |= {f"hostile-{form}": make_hostile(form) for form in ("graph", "sequence")}
    return {name: make_mermaid(diagram) for name, diagram in drawings.items()}


def _flatten(path: Path) -> str:
    return path.as_posix().replace("/", "-")


_SOURCES = {"golden": list_golden, "sample": list_sample, "made": list_made}


@pytest.mark.parametrize("source", _SOURCES)
def test_mermaid_js_parses_every_block(mermaid_js: Reference, source: str) -> None:
    blocks = _SOURCES[source]()
    assert blocks
    answers = mermaid_js.parse(blocks)
    assert {name: said["error"] for name, said in answers.items()} == dict.fromkeys(blocks)
    assert {said["kind"] for said in answers.values()} <= {"flowchart-v2", "sequence"}


def test_mermaid_js_rejects_what_is_no_mermaid(mermaid_js: Reference) -> None:
    answers = mermaid_js.parse(_BAD)
    assert [name for name, said in answers.items() if said["error"] is None] == []


@pytest.mark.parametrize("source", _SOURCES)
def test_every_block_draws_in_chromium(chromium: Reference, source: str) -> None:
    blocks = _SOURCES[source]()
    assert blocks
    answers = chromium.render(blocks)
    assert {name: said["error"] for name, said in answers.items()} == dict.fromkeys(blocks)
    assert [name for name, said in answers.items() if min(said["width"], said["height"]) < 30] == []


def test_a_subgraph_in_itself_parses_and_does_not_draw(chromium: Reference) -> None:
    """Why parsing is not enough."""
    block = {"cycle": "flowchart LR\n  subgraph Ext\n    Ext\n  end\n"}
    assert chromium.parse(block)["cycle"]["error"] is None
    assert "cycle" in chromium.render(block)["cycle"]["error"]


@pytest.mark.parametrize("form", ["graph", "sequence"])
def test_labels_reach_the_reader_as_they_are(chromium: Reference, form: str) -> None:
    """What Mermaid, HTML or Markdown could take for its own is on the picture, and nothing of it ran."""
    texts = " ".join(chromium.render({form: make_mermaid(make_hostile(form))})[form]["texts"])
    for wanted in ('say "hi"; end', "a#b;c#quot;d", "<script>alert(1)</script>", "/api/{tenant}/[id]?q=1&p=2|x"):
        assert wanted in texts
