"""Front matter of templates: what it may say, and what is said of one that is wrong."""

from __future__ import annotations

import textwrap

import pytest

from kbgen.adapters.jinja import JinjaTemplates
from kbgen.adapters.yaml_file import read_yaml_with_lines
from kbgen.config import Config
from kbgen.errors import TemplateError
from kbgen.pages import CONTEXTS, load_context
from kbgen.pages.packs import ExtraFile, PagePack, is_page, name_page, read_pack
from kbgen.pipeline.facts import FactKinds

KINDS = FactKinds((), Config())
TEMPLATE = "page_gates.md.j2"
OURS = [each for each in JinjaTemplates().list_templates() if is_page(each)]


def read(text: str) -> PagePack:
    return read_pack(TEMPLATE, read_yaml_with_lines(textwrap.dedent(text), TEMPLATE), CONTEXTS, KINDS)


def test_everything_that_a_pack_may_say() -> None:
    pack = read(
        """\
        story: DM-10.3
        path: docs/guides/gates.md
        title: Gates
        kind: how-to
        context: facts
        needs: [route, "hook:useGate*"]
        subject: [[gate], [gates, doors]]
        topics: {What gates there are: Gates}
        files:
          - {path: docs/DEPLOYMENT.md, template: part_gates.md.j2, how: section}
        criteria:
          AC1: {says: All gates, check: {states: route, section: Gates}}
        """
    )
    assert (pack.name, pack.template, pack.story) == ("gates", TEMPLATE, "DM-10.3")
    assert (pack.path, pack.title, pack.kind, pack.context) == ("docs/guides/gates.md", "Gates", "how-to", "facts")
    assert pack.needs == ("route", "hook:useGate*")
    assert pack.subject == (("gate",), ("gates", "doors"))
    assert pack.topics == (("What gates there are", "Gates"),)
    assert pack.files == (ExtraFile("docs/DEPLOYMENT.md", "part_gates.md.j2", "section"),)
    assert [(c.label, c.text, c.check) for c in pack.criteria] == [
        ("AC1", "All gates", (("states", ("route",)), ("section", ("Gates",))))
    ]


def test_nothing_is_required() -> None:
    pack = read("{}")
    assert (pack.path, pack.context, pack.kind, pack.files, pack.criteria) == ("", "facts", "reference", (), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a", "1: the front matter wants keys and values"),
        ("titel: Gates", "1: unknown key titel: did you mean title?"),
        ("title: A\ntitle: B", "2: title is given twice"),
        ("title: [A]", "1: title wants one line"),
        ("path: ../gates.md", "1: path wants a file inside the repository, not '../gates.md'"),
        ("path: /etc/passwd", "1: path wants a file inside the repository"),
        ("path: .git/config", "1: path wants a file inside the repository"),
        ("path: docs/", "1: path wants a file inside the repository"),
        ("path: 'C:\\gates'", "1: path wants a file inside the repository"),
        ("kind: howto", "1: kind wants one of explanation, how-to, reference, tutorial: did you mean how-to?"),
        ("context: gatess", "1: context wants one of"),
        ("title: A\nneeds: [ruote]", "2: no fact is of kind 'ruote': did you mean route?"),
        ("needs: route", "1: needs wants a list"),
        ("files:\n  - {path: a.md, how: block}", "2: a file wants path, template and how"),
        ("files:\n  - {path: a.md, template: t, how: by hand}", "2: how wants one of block"),
        ("files:\n  - {path: ../a.md, template: t}", "2: path wants a file inside the repository"),
        ("criteria:\n  AC1: all", "2: AC1 wants `says` and `check`"),
        ("criteria:\n  AC1: {says: s, check: {sees: route}}", "2: AC1: unknown check 'sees'"),
        ("criteria:\n  AC1: {says: s, check: {states: ruote}}", "2: AC1: no fact is of kind 'ruote'"),
        ("criteria:\n  AC1: {says: s, check: {picture: many}}", "2: AC1: picture wants a number from 1"),
        ("criteria:\n  AC1: {says: s, check: {entries: {below: x}}}", "2: AC1: entries wants `below` and `at_least`"),
        ("criteria:\n  AC1: {says: s, check: {section: []}}", "2: AC1: section wants a text, or a list of texts"),
        ("criteria:\n  AC1: {says: s, check: {person: 3}}", "2: AC1: person wants a text"),
        ("criteria:\n  AC1: {says: s, check: {}}", "2: AC1: check wants keys and values"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        read(text)
    assert f"{TEMPLATE}:{said}" in str(caught.value)


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(TemplateError) as caught:
        read("titel: A\nkind: x\nneeds: [ruote]")
    assert [line.split(":")[1] for line in str(caught.value).splitlines()[:3]] == ["1", "2", "3"]


@pytest.mark.parametrize("template", OURS)
def test_the_packs_that_kbgen_brings_along_are_sound(template: str) -> None:
    templates = JinjaTemplates()
    pack = read_pack(template, templates.read_head(template), CONTEXTS, KINDS)
    assert pack.name == name_page(template)
    assert pack.title or not pack.path
    assert callable(load_context(pack.context))
    known = templates.list_templates()
    assert [extra.template for extra in pack.files if extra.template not in known] == []


def test_no_two_packs_write_one_file() -> None:
    templates = JinjaTemplates()
    packs = [read_pack(template, templates.read_head(template), CONTEXTS, KINDS) for template in OURS]
    paths = [path for pack in packs for path in (pack.path, *(extra.path for extra in pack.files)) if path]
    assert len(paths) == len(set(paths))
