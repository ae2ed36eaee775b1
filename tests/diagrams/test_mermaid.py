"""Mermaid text: valid whatever the labels are, the same bytes for the same facts."""

from __future__ import annotations

import re

import pytest

from kbgen.adapters.merman import check_mermaid, check_statements, check_structure
from kbgen.diagrams.mermaid import make_mermaid
from kbgen.model import Diagram, DiagramEdge, DiagramMessage, DiagramNode
from tests.diagrams.drawings import make_hostile_graph, make_hostile_sequence, make_platform, make_sequence
from tests.golden_files import FOLDER, check_golden

MAKERS = [make_platform, make_sequence, make_hostile_graph, make_hostile_sequence]


@pytest.mark.parametrize("make", MAKERS[:2])
def test_golden(make: object, update_golden: bool) -> None:
    diagram = make()  # type: ignore[operator]
    check_golden(FOLDER / f"diagram_{diagram.name}" / "drawing.mmd", make_mermaid(diagram), update_golden)


@pytest.mark.parametrize("make", MAKERS)
def test_is_valid(make: object) -> None:
    text = make_mermaid(make())  # type: ignore[operator]
    assert check_mermaid(text) == ""
    assert check_structure(text) == ""
    assert check_statements(text) == ""
    assert text.isprintable() or not any(c for c in text if not c.isprintable() and c != "\n")


def make_one(label: str, **more: str) -> str:
    return make_mermaid(Diagram("d", "", "graph", "overview", (DiagramNode("a", label, "agent"),)))


@pytest.mark.parametrize(
    ("label", "drawn"),
    [
        ('say "x"', "say #34;x#34;"),
        ("a;b #1", "a#59;b #35;1"),
        ("`**x**`", "#96;#42;#42;x#42;#42;#96;"),
        ("<b>", "#60;b#62;"),
        ("1. one", "1#46; one"),
        ("- one", "#45; one"),
        ("&amp;", "#38;amp#59;"),
        ("snake_case _x_", "snake_case #95;x#95;"),
        ("GET /api/{id}?a=b&c", "GET /api/{id}?a=b&c"),
        ("a\nb", "a b"),
    ],
)
def test_labels_are_text_and_stay_readable(label: str, drawn: str) -> None:
    assert f'("<b>{drawn}</b><br/><i>agent</i>")' in make_one(label)


def test_long_labels_wrap() -> None:
    lines = re.findall(r"<b>(.*)</b>", make_one("a service with quite a long name that goes on"))[0].split("<br/>")
    assert len(lines) == 2
    assert max(map(len, lines)) <= 34


def test_ids_are_unique_and_no_keywords() -> None:
    nodes = tuple(
        DiagramNode(name, name, "agent", group="end" if name == "END" else "")
        for name in ("END", "end", "日本", "한국")
    )
    text = make_mermaid(Diagram("d", "D", "graph", "overview", nodes, (DiagramEdge("end", "日本", "http"),)))
    assert re.findall(r"^ +(?:subgraph )?([a-z0-9_]+)[\[(]", text, re.MULTILINE) == [
        "g_end_2",
        "n_end_2",
        "n_end",
        "n_part",
        "n_part_2",
    ]


def test_states_have_styles_and_are_explained() -> None:
    text = make_mermaid(make_platform())
    edges = [line for line in text.splitlines() if "-->" in line or "-.->" in line]
    broken = next(number for number, line in enumerate(edges) if "GET /api/status" in line)
    assert "-.->" in edges[broken]
    assert f"linkStyle {broken} stroke:#c8321f,stroke-dasharray:5 4" in text
    assert "class n_agent_old dead_dead" in text
    for words in ("red, dashed", "grey, dashed", "[1] no route mounts it"):
        assert words in text
    plain = Diagram("d", "D", "graph", "overview", (DiagramNode("a", "A", "agent"),))
    assert "legend" not in make_mermaid(plain)


def test_sequence_arrows_and_notes() -> None:
    text = make_mermaid(make_sequence())
    assert "actor n_user as User" in text
    assert "Note over n_gate: The model chooses" in text
    assert "n_gate-->>n_agent: guess: call_agent" in text
    assert "n_gate--xn_store: dead: save [2]" in text
    assert "n_store-->>n_agent: rows" in text
    assert "n_gate-)n_page: state" in text
    assert text.splitlines()[-1].startswith("  Note over n_user,n_store: dead: in the code")


def test_a_message_without_text_is_still_one() -> None:
    nodes = (DiagramNode("a", "A", "agent"), DiagramNode("b", "B", "agent"))
    text = make_mermaid(Diagram("s", "", "sequence", "overview", nodes, (), (DiagramMessage("a", "b", " "),)))
    assert "n_a->>n_b: #8203;" in text
    assert check_mermaid(text) == ""
