"""An epic that asks for documents: each topic has a section in the page of its story, each criterion a check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from kbgen.adapters.jinja import SHIPPED, JinjaTemplates
from kbgen.pages.packs import PagePack, is_page, name_page
from tests.pages.pages import get_pack

EPIC = (Path(__file__).parent / "epic.md").read_text(encoding="utf-8")
PACKS = [get_pack(name_page(template)) for template in JinjaTemplates().list_templates() if is_page(template)]


@dataclass(frozen=True, slots=True)
class Asked:
    """A story with what it asks for; recommendations have no ID."""

    id: str
    topics: tuple[str, ...]
    criteria: tuple[str, ...]


def read_epic(text: str) -> Iterator[Asked]:
    for part in re.split(r"^###? (?=Story|Recommendations)", text, flags=re.MULTILINE)[1:]:
        found = re.match(r"Story (\S+):", part)
        topics = re.findall(r"^\d+\. (?:\*\*)?(.+?)(?:\*\*.*)?$", part, re.MULTILINE)
        criteria = re.findall(r"^- \[ \] (AC\d+):", part, re.MULTILINE)
        yield Asked(found[1] if found else "", tuple(topics), tuple(criteria))


def find_gaps(asked: Asked, packs: Sequence[PagePack]) -> list[str]:
    """What no page of the story is about, or checks."""
    own = [pack for pack in packs if pack.story == asked.id]
    gaps = [] if own else ["no page"]
    for topic in asked.topics:
        headings = [
            (pack, heading)
            for pack in own
            for name, heading in pack.topics
            if name.replace("`", "").casefold() in topic.replace("`", "").casefold()
        ]
        if not headings:
            gaps.append(f"no topic: {topic}")
        gaps += [f"no section: {heading}" for pack, heading in headings if not has_section(pack, heading)]
    checked = {criterion.label for pack in own for criterion in pack.criteria}
    return [*gaps, *(f"no check: {label}" for label in asked.criteria if label not in checked)]


def has_section(pack: PagePack, heading: str) -> bool:
    """Whether the template, or a part that it takes in, has such a heading."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in (SHIPPED / pack.template, *SHIPPED.glob("_*.j2")))
    return re.search(rf"(?mi)^#{{1,6}} [^\n]*{re.escape(heading)}", text) is not None


STORIES = list(read_epic(EPIC))


def test_the_epic_asks_for_sixteen_documents() -> None:
    assert [asked.id for asked in STORIES] == [*(f"DM-10.{n}" for n in range(1, 17)), ""]
    assert sum(len(asked.topics) for asked in STORIES) > 90
    assert all(len(asked.criteria) == 5 for asked in STORIES[:-1])


@pytest.mark.parametrize("asked", STORIES, ids=lambda asked: asked.id or "recommendations")
def test_every_topic_has_a_section_and_every_criterion_a_check(asked: Asked) -> None:
    assert find_gaps(asked, PACKS) == []


def test_what_is_missing_is_found() -> None:
    asked = Asked("DM-10.3", ("What MCP servers are available", "How to paint them"), ("AC1", "AC6"))
    assert find_gaps(asked, PACKS) == ["no topic: How to paint them", "no check: AC6"]
    assert find_gaps(Asked("DM-10.99", (), ()), PACKS) == ["no page"]
    pack = get_pack("mcp_configuration")
    assert not has_section(pack, "How to paint them")
