"""From the facts of a revision to drawings: which diagram, how much of it, in which format.

What is left out is left out before anything is laid out: neighbourhood first, then folding. The diagrams themselves
follow from revision, configuration and kbgen's own code, so they are kept; only what is shown of them is chosen anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from kbgen.errors import MermaidError, UsageError
from kbgen.model import Diagram, Evidence, Finding
from kbgen.ports import Drawer, MermaidCheck, ResultStore

# What draws is imported where it is used: a run that finds its diagrams kept needs little of it.
if TYPE_CHECKING:
    from kbgen.diagrams.flows import Flows
    from kbgen.diagrams.mesh import Mesh
    from kbgen.diagrams.shape import Direction
    from kbgen.pipeline.facts import AllFacts

MESH, STATE = "agent-mesh-topology", "state-sync"
NAMES = (MESH, "a2a-request-flow", "dashboard-data-flow", "hitl-approval-flow", STATE)
"""The diagrams that have a name, in the order in which they are listed."""
Form = Literal["mermaid", "svg", "png", "dot", "excalidraw"]
FORMS: dict[Form, str] = {"mermaid": "mmd", "svg": "svg", "png": "png", "dot": "dot", "excalidraw": "excalidraw"}
"""Each format with the suffix of its files."""
Level = Literal["overview", "detail"]

_ABSENT = {
    MESH: "no services or agents found",
    "a2a-request-flow": "no requests to an agent found",
    "dashboard-data-flow": "no pages that load data found",
    "hitl-approval-flow": "no approvals found",
    STATE: "no synchronised state found",
}
_SMALLER = (300, 150, 80, 40, 20, 10)
"""Sizes that are tried one after another where Mermaid cannot hold the whole."""
_DRAWABLE = 400
"""Parts of a graph that are laid out; more are folded first (500 take some ten seconds)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to draw: a diagram by name, or whatever an `entry` leads to; of it a neighbourhood, where `focus` is set."""

    name: str = ""
    level: Level = "overview"
    focus: str = ""
    depth: int = 1
    direction: Direction = "both"
    entry: str = ""


# ---------------------------------------------------------------------------------------- which diagram


class Board:
    """Draws from the facts of one revision; what several diagrams need is found once."""

    def __init__(self, found: AllFacts) -> None:
        self.system = found.system

    @cached_property
    def mesh(self) -> Mesh:
        from kbgen.diagrams.mesh import Mesh

        return Mesh(self.system)

    @cached_property
    def _flows(self) -> Flows:
        from kbgen.diagrams.flows import Flows

        return Flows(self.mesh)

    def draw(self, name: str, level: Level) -> Diagram:
        """A named diagram with all its parts."""
        if name == MESH:
            return self.mesh.draw(level)
        if name == STATE:
            from kbgen.diagrams.state import draw_state

            return draw_state(self.mesh, level)
        return self._flows.draw(name, level)

    def draw_from(self, entry: str, level: Level) -> Diagram:
        return self._flows.draw_from(entry, level)


def draw(found: AllFacts, wanted: Wanted) -> Diagram:
    """Raises UsageError for a name, an entry or a node that is not there."""
    return DiagramBook(lambda: found).draw(wanted)


def require_name(name: str) -> None:
    """Raises UsageError, with the nearest names, for one that no diagram has."""
    if name not in NAMES:
        import difflib

        near = [n for n in NAMES if name and name in n] or difflib.get_close_matches(name, NAMES, 1, 0.4)
        meant = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"no diagram is called {name!r}", f"{meant}diagrams are {', '.join(NAMES)}")


def read_forms(text: str) -> tuple[Form, ...]:
    """Formats as they are listed on the command line, ``mermaid,svg``. Raises UsageError for any other."""
    known: dict[str, Form] = {form: form for form in FORMS}
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    for word in words or [text]:
        if word not in known:
            import difflib

            near = difflib.get_close_matches(word, known, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise UsageError(f"{word!r} is no format of a diagram", f"{meant}formats are {', '.join(FORMS)}")
    return tuple(dict.fromkeys(known[word] for word in words))


def has_facts(diagram: Diagram) -> bool:
    return bool(diagram.messages if diagram.form == "sequence" else diagram.nodes)


def explain_absence(diagram: Diagram) -> str:
    """Why there is no drawing, in few words; ``""`` where there is one."""
    return "" if has_facts(diagram) else _ABSENT.get(diagram.name, "no step found that starts there")


# --------------------------------------------------------------------------------- drawn once, then kept


class DiagramBook:
    """The diagrams and findings of a revision: read from what is kept, computed and kept where nothing is."""

    def __init__(self, compute: Callable[[], AllFacts], results: ResultStore | None = None, key: str = "") -> None:
        """Without `results` everything is computed, and nothing kept: the files may change at any moment."""
        self._compute = compute
        self._results = results
        self._key = key
        self._known: dict[str, Diagram] = {}

    @cached_property
    def board(self) -> Board:
        return Board(self._compute())

    def draw(self, wanted: Wanted) -> Diagram:
        """What was wanted, no larger than its level allows."""
        if wanted.entry:
            name = f"from:{wanted.entry}"
            # A trace says the same at both levels, until it is folded.
            diagram = self._read(name, lambda: self.board.draw_from(wanted.entry, "detail"))
        else:
            require_name(wanted.name)
            # A neighbourhood is looked for among all parts, those too that an overview leaves out.
            level: Level = "detail" if wanted.focus else wanted.level
            diagram = self._read(f"{wanted.name}:{level}", lambda: self.board.draw(wanted.name, level))
        diagram = replace(diagram, level=wanted.level)
        if wanted.focus:
            from kbgen.diagrams.shape import focus

            diagram = focus(diagram, wanted.focus, wanted.depth, wanted.direction)
        return fold_diagram(diagram) if wanted.level == "overview" else diagram

    def list_services(self) -> Diagram:
        """Discovery, routing and health checks, see `kbgen.diagrams.services`."""
        from kbgen.diagrams.services import draw_services

        return self._read("services", lambda: draw_services(self.board.mesh))

    def _read(self, name: str, make: Callable[[], Diagram]) -> Diagram:
        from kbgen.reports.diagrams import read_diagram, report_diagram

        known = self._known.get(name)
        if known is None:
            text = self.load("diagram:" + name)
            known = read_diagram(json.loads(text)) if text is not None else make()
            self._known[name] = known
            if text is None:
                self.save("diagram:" + name, json.dumps(report_diagram(known), separators=(",", ":")))
        return known

    def find_findings(self) -> tuple[Finding, ...]:
        """What careful reading shows, see `kbgen.findings`."""
        from kbgen.reports.findings import report_findings

        text = self.load("findings")
        if text is None:
            from kbgen.findings import find_findings

            found = find_findings(self.board.system, self.board.mesh)
            text = json.dumps(report_findings(found), separators=(",", ":"))
            self.save("findings", text)
        return tuple(
            Finding(
                row["id"],
                row["kind"],
                row["title"],
                row["detail"],
                tuple(Evidence(**each) for each in row["evidence"]),
                row["severity"],
            )
            for row in json.loads(text)
        )

    def load(self, name: str) -> str | None:
        return self._results.load_result(self._key, name) if self._results is not None else None

    def save(self, name: str, text: str) -> None:
        if self._results is not None:
            self._results.save_results(self._key, [(name, text)])


def fold_diagram(diagram: Diagram, max_nodes: int = 0, max_messages: int = 0) -> Diagram:
    """No more nodes and messages than these; 0: than an overview may have."""
    from kbgen.diagrams.shape import MAX_MESSAGES, MAX_NODES, fold, fold_messages

    nodes = max_nodes or MAX_NODES
    if diagram.form == "graph":
        return fold(diagram, nodes)
    diagram = fold_messages(diagram, max_messages or MAX_MESSAGES)
    return fold(diagram, nodes) if len(diagram.nodes) > nodes else diagram


# ------------------------------------------------------------------------------------------ the formats


@dataclass(frozen=True, slots=True)
class Tools:
    """What drawing needs from outside."""

    drawer: Drawer
    check_mermaid: MermaidCheck


def render(diagram: Diagram, form: Form, tools: Tools) -> bytes:
    """The diagram as a file of this format. Raises MermaidError, GraphvizError."""
    if form == "mermaid":
        return write_mermaid(diagram, tools.check_mermaid).encode()
    from kbgen.diagrams.dot import make_dot

    pinned = diagram.form == "sequence"
    if form == "dot":
        return make_dot(diagram).encode("utf-8", "replace")
    if not pinned and len(diagram.nodes) > _DRAWABLE:
        # A layout of so many parts takes minutes and cannot be read: it is folded, and says so.
        diagram = fold_diagram(diagram, _DRAWABLE, _DRAWABLE)
    if form != "excalidraw":
        return tools.drawer.draw(make_dot(diagram), form, pinned)
    from kbgen.diagrams.excalidraw import write_excalidraw
    from kbgen.diagrams.layout import read_layout
    from kbgen.diagrams.sequence import layout_sequence

    if pinned:
        layout = layout_sequence(diagram)
    else:
        layout = read_layout(tools.drawer.draw(make_dot(diagram), "json").decode("utf-8", "replace"), diagram)
    return write_excalidraw(diagram, layout).encode("utf-8", "replace")


def write_mermaid(diagram: Diagram, check: MermaidCheck) -> str:
    """Valid Mermaid, without fences, of the diagram or of as much as Mermaid can hold. Raises MermaidError."""
    from kbgen.diagrams.mermaid import MAX_EDGES, MAX_TEXT, make_mermaid

    shown = diagram
    text = make_mermaid(shown)
    for size in _SMALLER:
        if len(text) <= MAX_TEXT and len(shown.edges) < MAX_EDGES:
            break
        shown = fold_diagram(diagram, size, size)
        text = make_mermaid(shown)
    problem = check(text)
    if problem:
        raise MermaidError(
            f"{diagram.name}: its Mermaid text is not valid: {problem}",
            "this is kbgen's own fault; please report it with what `--format json` prints",
        )
    return text
