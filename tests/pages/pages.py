"""Pages from tiny sources, and what their Markdown says."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from kbgen.adapters.jinja import JinjaTemplates
from kbgen.config import Config, SignalsConfig
from kbgen.diagrams.mesh import Mesh
from kbgen.extractors import extract_file
from kbgen.findings import find_findings
from kbgen.join import read_layout
from kbgen.join.program import Program
from kbgen.join.signals import load_project_rules
from kbgen.join.system import System
from kbgen.model import Commit, SourceFile, TreeEntry
from kbgen.pages import CONTEXTS, load_context
from kbgen.pages.packs import PagePack, read_pack
from kbgen.pages.sources import Sources
from kbgen.paths import is_test
from kbgen.pipeline.build import place_pack
from kbgen.pipeline.facts import FactKinds, merge_layers


class Commits:
    """History of a few commits, the oldest first."""

    def __init__(self, commits: Sequence[Commit] = ()) -> None:
        self._commits = commits

    def find_touching(self, paths: Any) -> tuple[Commit, ...]:
        wanted = set(paths)
        return tuple(c for c in self._commits if any(change.path in wanted for change in c.changes))


def make_sources(files: Mapping[str, str], commits: Sequence[Commit] = ()) -> Sources:
    """What a page module gets, of a repository with these files."""
    texts = {path: textwrap.dedent(text).lstrip("\n") for path, text in files.items()}
    facts = {path: extract_file(SourceFile(path, f"b10b{path}", text)) for path, text in texts.items()}
    program = Program(facts, is_test, list(texts), read_layout(texts, list(texts)))
    system = System(program, load_project_rules(SignalsConfig()))
    mesh = Mesh(system)
    raw = [fact for file in facts.values() for fact in file.facts]
    merged = merge_layers(raw, list(system.derived), list(system.routes), list(system.calls))
    return Sources(
        system,
        mesh,
        {kind: tuple(found) for kind, found in groupby(merged, key=lambda f: f.kind)},
        {path: TreeEntry(path, f"b10b{path}", "100644") for path in texts},
        lambda: find_findings(system, mesh),
        lambda path: texts.get(path, ""),
        Commits(commits),
    )


def get_pack(name: str, templates: JinjaTemplates | None = None) -> PagePack:
    """The pack of a template that kbgen brings along, ``mcp_configuration``."""
    template = f"page_{name}.md.j2"
    head = (templates or JinjaTemplates()).read_head(template)
    return place_pack(read_pack(template, head, CONTEXTS, FactKinds((), Config())), Config())


def render_page(name: str, files: Mapping[str, str], commits: Sequence[Commit] = ()) -> str:
    """The page's Markdown; ``""`` where nothing that it is about is there."""
    templates = JinjaTemplates()
    pack = get_pack(name, templates)
    sources = make_sources(files, commits).for_page(pack.path)
    if pack.needs and not any(sources.has(need) for need in pack.needs):
        return ""
    context = load_context(pack.context)(sources, pack)
    return re.sub(r"\n{3,}", "\n\n", templates.render(pack.template, context)) if context is not None else ""
