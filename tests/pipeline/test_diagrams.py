"""From facts to drawings: which diagram, how much of it, kept for the next time, in every format."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from kbgen.adapters.graphviz import Graphviz
from kbgen.adapters.merman import check_mermaid
from kbgen.config import Config
from kbgen.diagrams.mermaid import MAX_EDGES, MAX_TEXT
from kbgen.errors import MermaidError, UsageError
from kbgen.model import Diagram
from kbgen.pipeline.code import StoredCode
from kbgen.pipeline.diagrams import (
    FORMS,
    NAMES,
    DiagramBook,
    Level,
    Tools,
    Wanted,
    draw,
    explain_absence,
    fold_diagram,
    read_forms,
    render,
    require_name,
    write_mermaid,
)
from kbgen.pipeline.facts import AllFacts, collect_facts
from tests.diagrams.drawings import make_big, make_hostile_graph, make_hostile_sequence, make_platform, make_sequence
from tests.pipeline.doubles import MemoryFacts, MemoryTree
from tests.pipeline.yard import YARD

MESH, DASHBOARD, APPROVAL = "agent-mesh-topology", "dashboard-data-flow", "hitl-approval-flow"
LEVELS: tuple[Level, ...] = ("overview", "detail")
TOOLS = Tools(Graphviz(), check_mermaid)


def collect(files: dict[str, str] | None = None) -> AllFacts:
    tree = MemoryTree(YARD if files is None else files)
    return collect_facts(StoredCode(tree, MemoryFacts(), Config()), Config())


FOUND = collect()


class TestDraw:
    def test_the_mesh(self) -> None:
        drawn = draw(FOUND, Wanted(MESH))
        assert (drawn.form, drawn.level) == ("graph", "overview")
        states = {node.label: node.state for node in drawn.nodes}
        assert states == {"Audit": "dead", "Dispatch": "live", "mesh": "live", "yard-web": "live"}
        assert ("yard-web", "mesh", "http") in {(e.source, e.target, e.kind) for e in drawn.edges}

    def test_a_flow(self) -> None:
        drawn = draw(FOUND, Wanted(DASHBOARD, "detail"))
        assert (drawn.form, drawn.level) == ("sequence", "detail")
        assert [message.label for message in drawn.messages] == ["GET /bays", "list_bays()", "response"]

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("level", LEVELS)
    def test_every_part_has_evidence(self, name: str, level: Level) -> None:
        drawn = draw(FOUND, Wanted(name, level))
        assert drawn.name == name
        assert all(node.evidence for node in drawn.nodes)
        assert all(edge.evidence for edge in drawn.edges)

    def test_from_an_entry(self) -> None:
        drawn = draw(FOUND, Wanted(entry="Dispatch"))
        assert drawn.name == "from-dispatch"
        assert "GET /bays" in [message.label for message in drawn.messages]

    @pytest.mark.parametrize(
        ("wanted", "said", "hint"),
        [
            (Wanted("hitl"), "no diagram is called 'hitl'", "did you mean hitl-approval-flow?"),
            (Wanted("agent-mesh-topolgy"), "topolgy", "did you mean agent-mesh-topology?"),
            (Wanted(""), "no diagram is called ''", "diagrams are agent-mesh-topology"),
            (Wanted("../../etc/passwd"), "no diagram", "diagrams are"),
            (Wanted(MESH, focus="Dispach"), "no node 'Dispach'", "did you mean Dispatch"),
            (Wanted(entry="nobody"), "nothing here is called 'nobody'", "PATH::SYMBOL"),
        ],
    )
    def test_what_is_not_there(self, wanted: Wanted, said: str, hint: str) -> None:
        with pytest.raises(UsageError) as caught:
            draw(FOUND, wanted)
        assert said in caught.value.message
        assert hint in caught.value.hint

    def test_a_neighbourhood_before_folding(self) -> None:
        near = draw(FOUND, Wanted(MESH, focus="Dispatch", direction="up"))
        assert {node.label for node in near.nodes} == {"Dispatch", "mesh"}
        assert near.level == "overview"
        assert "2 parts further than 1 step away left out" in near.folded
        alone = draw(FOUND, Wanted(MESH, focus="Audit", depth=0))
        assert {node.label for node in alone.nodes} == {"Audit", "mesh"}

    def test_nothing_to_draw_says_why(self) -> None:
        drawn = draw(FOUND, Wanted(APPROVAL))
        assert (drawn.nodes, drawn.edges, drawn.messages) == ((), (), ())
        assert explain_absence(drawn) == "no approvals found"
        assert explain_absence(draw(FOUND, Wanted(MESH))) == ""

    @pytest.mark.parametrize("name", NAMES)
    def test_a_repository_of_nothing(self, name: str) -> None:
        assert explain_absence(draw(collect({}), Wanted(name)))
        assert explain_absence(draw(collect({"README": "Hello"}), Wanted(name)))

    def test_the_order_of_the_files_does_not_matter(self) -> None:
        files = list(YARD.items())
        random.Random(7).shuffle(files)
        shuffled = collect(dict(files))
        for name in NAMES:
            for level in LEVELS:
                wanted = Wanted(name, level)
                assert draw(shuffled, wanted) == draw(FOUND, wanted)


class TestKept:
    def make_book(self, store: MemoryFacts, computed: list[int]) -> DiagramBook:
        def compute() -> AllFacts:
            computed.append(1)
            return FOUND

        return DiagramBook(compute, store, "key")

    def test_computed_once(self) -> None:
        store, computed = MemoryFacts(), list[int]()
        first = self.make_book(store, computed)
        wanted = [Wanted(MESH), Wanted(MESH, "detail"), Wanted(DASHBOARD), Wanted(APPROVAL), Wanted(entry="Dispatch")]
        drawn = [first.draw(one) for one in wanted]
        services, found = first.list_services(), first.find_findings()
        assert len(computed) == 1
        second = self.make_book(store, computed)
        assert [second.draw(one) for one in wanted] == drawn
        assert (second.list_services(), second.find_findings()) == (services, found)
        assert len(computed) == 1

    def test_what_is_shown_of_it_is_chosen_anew(self) -> None:
        store, computed = MemoryFacts(), list[int]()
        self.make_book(store, computed).draw(Wanted(MESH, "detail"))
        book = self.make_book(store, computed)
        assert len(book.draw(Wanted(MESH, focus="Dispatch", depth=0)).nodes) == 2
        assert len(book.draw(Wanted(MESH, "detail", focus="mesh", direction="down")).nodes) == 3
        assert len(computed) == 1

    def test_both_levels_of_a_trace_rest_on_one(self) -> None:
        store, computed = MemoryFacts(), list[int]()
        self.make_book(store, computed).draw(Wanted(entry="Dispatch"))
        assert self.make_book(store, computed).draw(Wanted(entry="Dispatch", level="detail")).level == "detail"
        assert len(computed) == 1

    def test_a_wrong_name_costs_nothing(self) -> None:
        computed = list[int]()
        with pytest.raises(UsageError):
            self.make_book(MemoryFacts(), computed).draw(Wanted("nothing"))
        assert not computed

    def test_without_a_store_nothing_is_kept(self) -> None:
        book = DiagramBook(lambda: FOUND)
        assert book.draw(Wanted(MESH)) == book.draw(Wanted(MESH))


class TestFormats:
    def test_names(self) -> None:
        assert read_forms("svg") == ("svg",)
        assert read_forms(" SVG, png,svg ,") == ("svg", "png")
        for name in NAMES:
            require_name(name)

    @pytest.mark.parametrize(
        ("text", "hint"), [("svgg", "did you mean svg?"), ("", "formats are"), (",", "formats are")]
    )
    def test_names_that_are_none(self, text: str, hint: str) -> None:
        with pytest.raises(UsageError) as caught:
            read_forms(text)
        assert hint in caught.value.hint

    @pytest.mark.parametrize("diagram", [make_platform(), make_sequence()], ids=["graph", "sequence"])
    def test_every_format_the_same_twice(self, diagram: Diagram) -> None:
        starts = {"svg": b"<?xml", "png": b"\x89PNG", "dot": b"digraph", "excalidraw": b"{"}
        for form in FORMS:
            drawn = render(diagram, form, TOOLS)
            assert drawn.startswith(starts.get(form, b"")), form
            assert drawn == render(diagram, form, TOOLS), form
        assert json.loads(render(diagram, "excalidraw", TOOLS))["type"] == "excalidraw"

    @pytest.mark.parametrize("diagram", [make_hostile_graph(), make_hostile_sequence()], ids=["graph", "sequence"])
    def test_labels_that_mean_harm(self, diagram: Diagram) -> None:
        for form in FORMS:
            assert render(diagram, form, TOOLS)

    def test_mermaid_that_is_not_valid_is_an_error_that_names_the_diagram(self) -> None:
        with pytest.raises(MermaidError, match="mesh: its Mermaid text is not valid: line 3"):
            write_mermaid(make_platform(), lambda text: "line 3")


class TestLargeOnes:
    def test_an_overview_has_a_limit(self) -> None:
        big = make_big(2000, 4000)
        folded = fold_diagram(big)
        assert len(folded.nodes) <= 40
        assert folded.folded
        long = replace(make_sequence(), messages=make_sequence().messages * 40)
        assert len(fold_diagram(long).messages) <= 25

    def test_mermaid_holds_as_much_as_it_can(self) -> None:
        text = write_mermaid(make_big(2000, 4000), check_mermaid)
        assert len(text) <= MAX_TEXT
        assert text.count("-->") <= MAX_EDGES
        assert "drawn as" in text or "folded into" in text

    def test_a_small_one_is_whole(self) -> None:
        assert write_mermaid(make_platform(), check_mermaid).count("<i>agent</i>") == 12
