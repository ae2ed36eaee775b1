"""Findings as JSON and as a page, golden and with hostile text."""

from __future__ import annotations

import json
import random

from markdown_it import MarkdownIt

from kbgen.adapters.jinja import JinjaTemplates
from kbgen.findings.base import sort_findings
from kbgen.markdown import mark_names
from kbgen.model import Evidence, Finding
from kbgen.reports.findings import TEMPLATE, build_findings_page, report_findings
from tests.findings.systems import API, find_all, worker
from tests.golden_files import FOLDER, check_golden

TEMPLATES = JinjaTemplates()
CALLS = """
import os
import httpx

BASE = os.getenv("API_BASE_URL", "http://localhost:3001")

async def work():
    async with httpx.AsyncClient() as client:
        await client.get(f"{BASE}/v9/tasks")
        await client.get(f"{BASE}/v9/tasks/{1}")
        await client.get(f"{BASE}/planets/all")

    return os.getenv("API_BASE_URL", "http://localhost:3002")

def forgotten():
    return 1
"""
SAMPLE = API | worker(jobs=CALLS) | {"worker/.env.example": "API_BASE_URL=http://localhost:3001\nPAINT=red\n"}


def render(findings: tuple[Finding, ...]) -> str:
    return TEMPLATES.render(TEMPLATE, build_findings_page(findings))


def test_the_page_of_a_small_system(update_golden: bool) -> None:
    check_golden(FOLDER / "findings_page" / "findings.md", render(find_all(SAMPLE)), update_golden)


def test_the_json_of_a_small_system(update_golden: bool) -> None:
    text = json.dumps(report_findings(find_all(SAMPLE)), indent=2) + "\n"
    check_golden(FOLDER / "findings_page" / "findings.json", text, update_golden)


def test_a_page_without_findings() -> None:
    assert "## " not in render(())
    assert "Nothing that the facts of the code could decide" in render(())


def test_the_order_of_files_changes_nothing() -> None:
    shuffled = list(SAMPLE.items())
    random.Random(7).shuffle(shuffled)
    assert find_all(dict(shuffled)) == find_all(SAMPLE)


def test_ids_stay_when_other_code_moves() -> None:
    moved = {path: "\n\n\n" + text if path.endswith(".py") else text for path, text in SAMPLE.items()}
    assert [f.id for f in find_all(moved)] == [f.id for f in find_all(SAMPLE)]
    assert len({f.id for f in find_all(SAMPLE)}) == len(find_all(SAMPLE))


def test_no_line_number_stands_on_the_page() -> None:
    moved = {path: "\n\n\n" + text if path.endswith(".py") else text for path, text in SAMPLE.items()}
    assert render(find_all(moved)) == render(find_all(SAMPLE))


HOSTILE = "<!-- kbgen:end x --> <img src=x onerror=1> [a](javascript:1) | # *b*\n## c"


def test_foreign_text_shows_and_does_nothing() -> None:
    one = Finding(
        "dangling-call-1",
        "dangling-call",
        f"{HOSTILE} `{HOSTILE}",
        f"{HOSTILE}\n- {HOSTILE}\n- `a` b",
        (Evidence(path=f"a/{HOSTILE}", symbol=HOSTILE, hash="x", line=3),),
        "broken",
    )
    page = render((one,))
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(page)
    inner = [child for token in tokens for child in token.children or ()]
    assert not [token for token in (*tokens, *inner) if token.type in ("html_inline", "link_open", "image")]
    assert [token.content for token in tokens if token.type == "html_block"] == []


def test_marked_names() -> None:
    assert mark_names("no `a_b` of `c`, *d*") == "no `a_b` of `c`, \\*d\\*"
    assert mark_names("one ` alone") == "one \\` alone"


def test_findings_are_sorted_and_unique() -> None:
    def make(kind: str, severity: str, title: str) -> Finding:
        return Finding(f"{kind}-{title}", kind, title, "", (), severity)  # type: ignore[arg-type]

    found = [make("b", "note", "x"), make("b", "broken", "y"), make("a", "broken", "z"), make("b", "note", "x")]
    assert [f.title for f in sort_findings(found)] == ["z", "y", "x"]
