"""Pages, drawings and the architecture page: what they say, whose edits they respect, when nothing is written."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from functools import cache
from pathlib import PurePosixPath

import pytest

from kbgen.adapters.graphviz import Graphviz
from kbgen.adapters.jinja import JinjaTemplates
from kbgen.adapters.merman import check_mermaid
from kbgen.config import Config
from kbgen.errors import GraphvizError, MermaidError
from kbgen.model import BackfillReport, Diagram, DiagramEdge, DiagramNode, Evidence
from kbgen.pages.diagrams import build_page
from kbgen.pipeline.code import StoredCode
from kbgen.pipeline.diagram_pages import is_stamped, place_page, stamp_drawing, write_diagrams
from kbgen.pipeline.diagrams import NAMES, DiagramBook, Tools, write_mermaid
from kbgen.pipeline.facts import AllFacts, collect_facts
from kbgen.pipeline.writing import PageOptions
from kbgen.splice import find_blocks
from tests.diagrams.drawings import HOSTILE, make_hostile_sequence
from tests.golden_files import FOLDER, check_golden
from tests.pipeline.doubles import MemoryFacts, MemoryOutputs, MemoryTree, NoProgress
from tests.pipeline.yard import YARD

TOOLS = Tools(Graphviz(), check_mermaid)
CONFIG = Config()
MESH_PAGE = "docs/architecture/diagrams/agent-mesh-topology.md"
DRAWING = "docs/architecture/diagrams/agent-mesh-topology.excalidraw"
FLOW_PAGE = "docs/architecture/diagrams/dashboard-data-flow.md"
APPROVAL_PAGE = "docs/architecture/diagrams/hitl-approval-flow.md"
ARCHITECTURE = "docs/architecture/dynamic-module-system.md"
FINDINGS = "docs/architecture/findings.md"


def collect(files: Mapping[str, str]) -> AllFacts:
    return collect_facts(StoredCode(MemoryTree(files), MemoryFacts(), Config()), Config())


@cache
def collect_yard() -> AllFacts:
    return collect(YARD)


def write(
    outputs: MemoryOutputs,
    *names: str,
    found: AllFacts | None = None,
    config: Config = CONFIG,
    tools: Tools = TOOLS,
    templates: Mapping[str, str] | None = None,
    **options: bool,
) -> tuple[BackfillReport, tuple[str, ...]]:
    book = DiagramBook(lambda: found or collect_yard())
    jinja = JinjaTemplates(templates)
    return write_diagrams(book, names, config, tools, jinja, outputs, PageOptions(**options), NoProgress())


def read(outputs: MemoryOutputs, path: str) -> str:
    return outputs.files[path].decode()


class TestWhatIsWritten:
    def test_pages_drawings_and_the_pages_that_gather_them(self, update_golden: bool) -> None:
        outputs = MemoryOutputs()
        report, absent = write(outputs)
        assert sorted(report.written) == sorted(outputs.files)
        assert set(outputs.files) == {
            MESH_PAGE,
            DRAWING,
            FLOW_PAGE,
            FLOW_PAGE.replace(".md", ".excalidraw"),
            ARCHITECTURE,
            FINDINGS,
        }
        assert absent == (
            "a2a-request-flow: no requests to an agent found: nothing to draw",
            "hitl-approval-flow: no approvals found: nothing to draw",
            "state-sync: no synchronised state found: nothing to draw",
        )
        for path in (MESH_PAGE, FLOW_PAGE, ARCHITECTURE):
            check_golden(FOLDER / "diagram_pages" / PurePosixPath(path).name, read(outputs, path), update_golden)

    def test_again_nothing_changes(self) -> None:
        outputs = MemoryOutputs()
        first, _ = write(outputs)
        before = dict(outputs.files)
        second, _ = write(outputs)
        assert (second.written, second.unchanged) == ((), first.written)
        assert outputs.files == before

    def test_shuffled_files_give_the_same_bytes(self) -> None:
        files = list(YARD.items())
        random.Random(3).shuffle(files)
        one, other = MemoryOutputs(), MemoryOutputs()
        write(one)
        write(other, found=collect(dict(files)))
        assert one.files == other.files

    def test_nothing_of_a_run_stands_in_a_page(self) -> None:
        outputs = MemoryOutputs()
        write(outputs)
        for path, content in outputs.files.items():
            if path.endswith(".md"):
                text = re.sub(r"sha256:[0-9a-f]{64}", "", content.decode())
                assert not re.search(r"\b[0-9a-f]{12,}\b", text), path
                assert not re.search(r"\.(?:py|tsx?)`?:\d", text), path

    def test_lines_that_move_change_nothing(self) -> None:
        one, other = MemoryOutputs(), MemoryOutputs()
        write(one)
        write(other, found=collect({p: f"\n\n\n{t}" if p.endswith((".py", ".tsx")) else t for p, t in YARD.items()}))
        assert one.files == other.files

    def test_a_named_one_alone(self) -> None:
        outputs = MemoryOutputs()
        report, absent = write(outputs, "dashboard-data-flow", "hitl-approval-flow", "dashboard-data-flow")
        assert report.written == (FLOW_PAGE.replace(".md", ".excalidraw"), FLOW_PAGE)
        assert absent == ("hitl-approval-flow: no approvals found: nothing to draw",)

    def test_nothing_from_nothing(self) -> None:
        outputs = MemoryOutputs()
        report, absent = write(outputs, found=collect({}))
        assert (report.written, outputs.files) == ((), {})
        assert len(absent) == len(NAMES)

    def test_places_from_the_configuration(self) -> None:
        config = Config(diagrams="pictures", architecture_page="ARCHITECTURE.md")
        outputs = MemoryOutputs()
        write(outputs, config=config)
        assert {"pictures/agent-mesh-topology.md", "ARCHITECTURE.md", "findings.md"} < set(outputs.files)
        assert "(pictures/agent-mesh-topology.md)" in read(outputs, "ARCHITECTURE.md")
        assert place_page("state-sync", config) == "state-sync.md"
        assert place_page("state-sync", Config()) == "docs/architecture/state-sync.md"

    def test_links_lead_to_files(self) -> None:
        outputs = MemoryOutputs()
        write(outputs)
        for path in (MESH_PAGE, FLOW_PAGE, ARCHITECTURE):
            targets = re.findall(r"\]\(([^)]+)\)", read(outputs, path))
            assert targets
            for target in targets:
                assert str(PurePosixPath(path).parent / target) in outputs.files

    def test_the_projects_own_words(self) -> None:
        outputs = MemoryOutputs()
        write(outputs, templates={"diagram.md.j2": "Ours: {{ title | text }}, {{ overview.parts | length }} parts"})
        assert "Ours: Agent mesh topology, 4 parts" in read(outputs, MESH_PAGE)


class TestMermaid:
    def test_every_block_is_valid(self) -> None:
        outputs = MemoryOutputs()
        write(outputs)
        texts = [read(outputs, path) for path in outputs.files if path.endswith(".md")]
        blocks = [block for text in texts for block in re.findall(r"^```mermaid\n(.*?)^```$", text, re.M | re.S)]
        assert len(blocks) >= 4
        assert [check_mermaid(block) for block in blocks] == [""] * len(blocks)

    def test_one_that_is_not_stops_everything(self) -> None:
        outputs = MemoryOutputs()
        bad = Tools(Graphviz(), lambda text: "line 2" if text.startswith("sequence") else "")
        with pytest.raises(MermaidError, match="dashboard-data-flow"):
            write(outputs, tools=bad)
        assert outputs.files == {}

    def test_so_does_a_graphviz_that_cannot_be_run(self) -> None:
        outputs = MemoryOutputs()
        with pytest.raises(GraphvizError, match="/nowhere/dot"):
            write(outputs, tools=Tools(Graphviz("/nowhere/dot"), check_mermaid))
        assert outputs.files == {}


class TestPagesOfPeople:
    def test_their_text_stays(self) -> None:
        mine = "# Modules\r\n\r\nWhat I know.\r\n\r\n## References\r\n\r\n- a book"
        outputs = MemoryOutputs({ARCHITECTURE: mine})
        write(outputs)
        text = outputs.files[ARCHITECTURE].decode()
        (block,) = find_blocks(outputs.files[ARCHITECTURE])
        assert text.startswith("# Modules\r\n\r\nWhat I know.\r\n")
        assert text.endswith("\r\n\r\n## References\r\n\r\n- a book")
        assert block.name == "diagrams"
        assert "\n" not in text.replace("\r\n", "")

    def test_a_page_beside_their_own_text_has_a_heading(self) -> None:
        outputs = MemoryOutputs({MESH_PAGE: "# Our mesh\n\nDrawn by hand.\n"})
        write(outputs)
        text = read(outputs, MESH_PAGE)
        assert text.startswith(
            "# Our mesh\n\nDrawn by hand.\n\n<!-- kbgen:begin diagram -->\n\n## Agent mesh topology\n"
        )
        assert "\n### Parts\n" in text
        again = dict(outputs.files)
        write(outputs)
        assert outputs.files == again

    def test_an_edited_block_is_not_overwritten(self) -> None:
        outputs = MemoryOutputs()
        write(outputs)
        for path in (MESH_PAGE, ARCHITECTURE):
            outputs.files[path] = outputs.files[path].replace(b"Drawn by kbgen", b"Drawn by us")
        edited = dict(outputs.files)
        report, _ = write(outputs)
        assert report.edited == (MESH_PAGE, ARCHITECTURE)
        assert [path for path, _ in report.left_out] == [MESH_PAGE, ARCHITECTURE]
        assert f"{MESH_PAGE}:3:" in report.left_out[0][1]
        assert outputs.files == edited

    def test_force_overwrites_it(self) -> None:
        outputs = MemoryOutputs()
        write(outputs)
        before = dict(outputs.files)
        outputs.files[MESH_PAGE] = outputs.files[MESH_PAGE].replace(b"Drawn by kbgen", b"Drawn by us")
        outputs.files[DRAWING] = b"{}"
        report, _ = write(outputs, force=True)
        assert set(report.written) == {MESH_PAGE, DRAWING}
        assert outputs.files == before

    def test_keep_moves_it(self) -> None:
        outputs = MemoryOutputs()
        write(outputs)
        drawn = outputs.files[DRAWING]
        outputs.files[MESH_PAGE] = outputs.files[MESH_PAGE].replace(b"## Parts", b"We know better.\n\n## Parts")
        outputs.files[DRAWING] = b'{"type": "excalidraw", "elements": []}'
        report, _ = write(outputs, keep_edits=True)
        assert not report.left_out
        text = read(outputs, MESH_PAGE)
        assert "We know better." in text[text.index("<!-- kbgen:end diagram") :]
        assert outputs.files[DRAWING.replace(".excalidraw", "-edited.excalidraw")].startswith(b'{"type"')
        assert outputs.files[DRAWING] == drawn

    def test_a_broken_file_does_not_stop_the_others(self) -> None:
        outputs = MemoryOutputs({MESH_PAGE: "<!-- kbgen:begin diagram -->\n"})
        report, _ = write(outputs)
        assert [path for path, _ in report.left_out] == [MESH_PAGE]
        assert report.edited == ()
        assert FLOW_PAGE in report.written

    def test_a_diff_of_pages(self) -> None:
        outputs = MemoryOutputs()
        write(outputs)
        outputs.files[MESH_PAGE] = b"# Agent mesh topology\n"
        outputs.files[DRAWING] = stamp_drawing(b"{}")
        report, _ = write(outputs, with_diff=True)
        (diff,) = report.diffs
        assert diff.startswith(f"--- a/{MESH_PAGE}\n+++ b/{MESH_PAGE}\n")


class TestDrawingsOfPeople:
    def test_a_stamp_tells_ours(self) -> None:
        drawing = stamp_drawing(b'{"type": "excalidraw", "elements": [{"x": 1.5}]}')
        assert is_stamped(drawing)
        assert stamp_drawing(drawing) == drawing
        assert is_stamped(json.dumps(json.loads(drawing)).encode()), "a formatter changes nothing"
        assert not is_stamped(drawing.replace(b"1.5", b"2.5"))
        saved = json.loads(drawing)
        del saved["kbgen"]
        assert not is_stamped(json.dumps(saved).encode()), "saved by Excalidraw"
        for content in (b"", b"[]", b"{", b"\xff", b"null"):
            assert not is_stamped(content)

    def test_a_changed_one_is_not_overwritten(self) -> None:
        outputs = MemoryOutputs()
        write(outputs)
        outputs.files[DRAWING] = outputs.files[DRAWING].replace(b'"type": "arrow"', b'"type": "line"', 1)
        changed = outputs.files[DRAWING]
        report, _ = write(outputs)
        assert report.edited == (DRAWING,)
        assert "--keep" in report.left_out[0][1]
        assert outputs.files[DRAWING] == changed

    def test_a_kept_one_is_not_overwritten_either(self) -> None:
        outputs = MemoryOutputs({DRAWING.replace(".excalidraw", "-edited.excalidraw"): "older"})
        write(outputs)
        outputs.files[DRAWING] = b"{}"
        report, _ = write(outputs, keep_edits=True)
        assert [path for path, _ in report.left_out] == [DRAWING]
        assert outputs.files[DRAWING] == b"{}"


class TestWhatIsNoMore:
    def test_a_page_without_facts_says_so(self) -> None:
        outputs = MemoryOutputs(
            {APPROVAL_PAGE: "# Approvals\n\n<!-- kbgen:begin diagram -->\n<!-- kbgen:end diagram -->\n"}
        )
        outputs.files[APPROVAL_PAGE] = outputs.files[APPROVAL_PAGE].replace(
            b"<!-- kbgen:end diagram -->", _END_OF_EMPTY
        )
        write(outputs)
        text = read(outputs, APPROVAL_PAGE)
        assert "**Nothing to draw:** no approvals found." in text
        assert "```mermaid" not in text

    def test_the_architecture_page_follows(self) -> None:
        outputs = MemoryOutputs()
        write(outputs)
        write(outputs, found=collect({"README": "Hello"}))
        text = read(outputs, ARCHITECTURE)
        assert "Nothing to draw: no services or agents found." in text
        assert "mermaid" not in text
        assert "Nothing that the facts of the code" in read(outputs, FINDINGS)


_END_OF_EMPTY = b"<!-- kbgen:end diagram sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 -->"


class TestHostileNames:
    """Labels, paths and reasons of a repository are data: they break no table, close no marker, act on nothing."""

    @pytest.mark.parametrize("form", ["graph", "sequence"])
    def test_a_page_of_them(self, form: str) -> None:
        diagram = make_hostile_sequence() if form == "sequence" else make_graph_of(HOSTILE)
        mermaid = {"overview": write_mermaid(diagram, check_mermaid), "detail": ""}
        page = build_page(diagram, diagram, mermaid, "x.excalidraw", services=diagram)
        text = JinjaTemplates().render("diagram.md.j2", page)
        self.check(text)
        assert text.count("\n```") == 2

    def test_names_in_the_code(self) -> None:
        files = {
            **YARD,
            "mesh/agents/a|b`c <!-- kbgen:end diagram -->.py": YARD["mesh/agents/audit.py"].replace(
                "Audit", "<img onerror=y> | `x` [a](b) <!-- kbgen:end diagram -->"
            ),
        }
        outputs = MemoryOutputs()
        report, _ = write(outputs, found=collect(files))
        assert not report.left_out
        text = read(outputs, MESH_PAGE)
        assert "onerror" in text
        assert len(find_blocks(outputs.files[MESH_PAGE])) == 1
        self.check(text)

    def check(self, text: str) -> None:
        outside = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
        outside = re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", outside)
        assert not re.search(r"(?<!\\)<(?!/?details>|/?summary>|!-- kbgen:)", outside)
        assert not re.search(r"(?<!\\)\]\((?!\S+\.(?:md|excalidraw)\))", outside)
        for line in text.split("\n"):
            if line.startswith("|"):
                cells = re.sub(r"\\.", "", line)
                assert cells.count("|") == 6, line


def make_graph_of(labels: tuple[str, ...]) -> Diagram:
    """Nodes with these texts everywhere, each joined to the next."""
    evidence = [(Evidence(text or "a.py", text, "0" * 40, 1),) for text in labels]
    ids = [f"{place} {text}" for place, text in enumerate(labels)]
    nodes = [
        DiagramNode(
            ids[p], text, "health" if p % 2 else "agent", "dead" if p % 3 else "live", "", text, evidence[p], (text,)
        )
        for p, text in enumerate(labels)
    ]
    edges = [
        DiagramEdge(ids[p - 1], ids[p], "http", text, "guess", text, "rule", evidence[p])
        for p, text in enumerate(labels)
    ]
    return Diagram("agent-mesh-topology", "Mesh", "graph", "overview", tuple(nodes), tuple(edges), (), labels)
