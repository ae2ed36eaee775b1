"""Validity of Mermaid, with the parser and without."""

from __future__ import annotations

import pytest

from kbgen.adapters import merman
from kbgen.adapters.merman import check_mermaid, check_statements, check_structure

GOOD = 'flowchart LR\n  subgraph g_a["A"]\n    n_a("x")\n  end\n  n_a -->|"calls"| n_b\n  n_b[("store")]\n'


@pytest.fixture(params=["parser", "no parser"])
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "no parser":
        monkeypatch.setattr(merman, "_load_parser", lambda: None)


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "---\nconfig:\n  x: 1\n---\n" + GOOD,
        "sequenceDiagram\n  participant n_a as A\n  n_a->>n_a: hi #59; there\n",
    ],
)
def test_valid_texts(text: str) -> None:
    assert check_mermaid(text) == ""


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(
    "text",
    [
        "flowchart LR\n  n_a -- \n",
        'flowchart LR\n  n_a["x"y"]\n',
        'flowchart LR\n  subgraph g_a["A"]\n  n_a["x"]\n',
        'flowchart LR\n  n_a["x"]\n  end\n',
        "sequenceDiagram\n  n_a->>\n",
        "",
    ],
)
def test_invalid_texts(text: str) -> None:
    assert check_mermaid(text)


def test_a_subgraph_may_not_have_the_id_of_a_node() -> None:
    text = 'flowchart LR\n  subgraph Ext["E"]\n    Ext["x"]\n  end\n'
    assert check_structure(text) == "Ext is a subgraph and a node"
    assert check_mermaid(text)


def test_two_subgraphs_may_not_have_one_id() -> None:
    text = 'flowchart LR\n  subgraph a["A"]\n  end\n  subgraph a["B"]\n  end\n'
    assert check_structure(text) == "two subgraphs have the ID a"


def test_limits_of_mermaid() -> None:
    edges = "flowchart LR\n" + "  n_a --> n_b\n" * 501
    assert check_structure(edges) == "501 edges; Mermaid draws at most 500"
    assert "at most 50000" in check_structure("flowchart LR\n" + "%% x\n" * 20_000)


def test_without_a_parser_only_our_own_forms_are_known() -> None:
    assert check_statements("flowchart LR\n  n_a[x]\n") == "line 2 is no known statement: n_a[x]"
    assert check_statements('flowchart LR\n  n_a["x"]\n  n_a["y"]\n') == "line 3 defines n_a again"
    assert "pie is no kind" in check_statements("pie\n")
