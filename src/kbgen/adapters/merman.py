"""Is a Mermaid text valid? Our own structural check always, merman's parser where its wheel can be loaded.

A parser alone is not enough: a node inside a subgraph of the same ID passes it, and fails when it is drawn ("would
create a cycle"); and Mermaid draws no text beyond its limits of size and edges.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kbgen.diagrams.mermaid import MAX_EDGES, MAX_TEXT
from kbgen.patterns import lazy
from kbgen.ports import MermaidCheck

_ID = r"[A-Za-z][A-Za-z0-9_]*"
_TEXT = r'"[^"`\n]*"'
_WORDS = r"(?:#\w+;|[^#;\n])*"
_SHAPE = rf"(?:\[{_TEXT}\]|\({_TEXT}\)|\(\[{_TEXT}\]\)|\[\[{_TEXT}\]\]|\[\({_TEXT}\)\]|\{{\{{{_TEXT}\}}\}})"
_LINK = r"(?:-->|-\.->|~~~)"
_MESSAGE = r"(?:->>|-->>|-\)|--\)|-x|--x)"
_SUBGRAPH = lazy(rf"\s*subgraph\s+({_ID})")
_NODE = lazy(rf"\s*({_ID})\s*[\[({{>]")
_EDGE = lazy(r"(?:--+>|--+x|--+o|---|-\.+->|-\.+-|==+>|===|<-->|~~~)(?=[\s|])")
_QUOTED = lazy(r'"[^"]*"|\|[^|]*\|')
_STATEMENTS: Mapping[str, tuple[str, ...]] = {
    "flowchart": (
        r"accTitle: .+",
        rf"subgraph {_ID}\[{_TEXT}\]",
        r"end",
        rf"{_ID}{_SHAPE}",
        rf"{_ID} {_LINK}(?:\|{_TEXT}\|)? {_ID}",
        rf"classDef {_ID} \S.*",
        rf"class {_ID}(?:,{_ID})* {_ID}",
        rf"style {_ID} \S.*",
        r"linkStyle (?:default|\d+(?:,\d+)*) \S.*",
    ),
    "sequenceDiagram": (
        r"accTitle: .+",
        rf"(?:participant|actor) {_ID} as {_WORDS}",
        rf"{_ID}{_MESSAGE}{_ID}:{_WORDS}",
        rf"Note over {_ID}(?:,{_ID})?:{_WORDS}",
    ),
}
"""As kbgen writes them."""


def check_mermaid(text: str) -> str:
    """What is wrong with the text, ``""`` when nothing is."""
    problem = check_structure(text)
    if problem:
        return problem
    parser = _load_parser()
    return check_statements(text) if parser is None else parser(text)


def check_structure(text: str) -> str:
    """What Mermaid's own parser does not say: limits, and IDs that stand for two things."""
    if len(text) > MAX_TEXT:
        return f"{len(text)} characters; Mermaid draws at most {MAX_TEXT}"
    if _find_kind(text) not in ("flowchart", "graph"):
        return ""
    lines = [_QUOTED.sub('""', line) for _, line in _list_lines(text)]
    edges = sum(len(_EDGE.findall(line)) for line in lines)
    if edges > MAX_EDGES:
        return f"{edges} edges; Mermaid draws at most {MAX_EDGES}"
    groups = [match[1] for line in lines if (match := _SUBGRAPH.match(line))]
    nodes = {match[1] for line in lines if (match := _NODE.match(line)) and not _SUBGRAPH.match(line)}
    for group in groups:
        if groups.count(group) > 1:
            return f"two subgraphs have the ID {group}"
        if group in nodes:
            return f"{group} is a subgraph and a node"
    return ""


def check_statements(text: str) -> str:
    """Whether every line is a statement as kbgen writes it, for want of a parser."""
    kind = _find_kind(text)
    if kind not in _STATEMENTS:
        return f"{kind or 'nothing'} is no kind of drawing that kbgen writes"
    defined: set[str] = set()
    depth = 0
    for number, line in list(_list_lines(text))[1:]:
        if not any(re.fullmatch(statement, line.strip()) for statement in _STATEMENTS[kind]):
            return f"line {number} is no known statement: {line.strip()[:80]}"
        depth += line.strip().startswith("subgraph ") - (line.strip() == "end")
        if depth < 0:
            return f"line {number} ends a subgraph that is not open"
        match = _NODE.match(line) if kind == "flowchart" and not _SUBGRAPH.match(line) else None
        if match and match[1] in defined:
            return f"line {number} defines {match[1]} again"
        defined.update([match[1]] if match else [])
    return "a subgraph has no end" if depth else ""


def _find_kind(text: str) -> str:
    first = next((line.strip() for _, line in _list_lines(text)), "")
    return first.split()[0] if first else ""


def _list_lines(text: str) -> Iterator[tuple[int, str]]:
    """(number, line) of those that say something; front matter and comments do not."""
    lines = text.split("\n")
    start = lines.index("---", 1) + 1 if lines[0] == "---" and "---" in lines[1:] else 0
    for number, line in enumerate(lines[start:], start + 1):
        if line.strip() and not line.strip().startswith("%%"):
            yield number, line


def _load_parser() -> MermaidCheck | None:
    """None where merman is not installed, or its library needs a newer system."""
    try:
        from merman import Merman
    except (ImportError, OSError, AttributeError):
        return None

    def parse(text: str) -> str:
        # an engine that lives until the interpreter ends complains on stderr when it is taken down
        result = Merman().validate(text, "{}")
        return "" if result.valid else str(result.error or "not valid")

    return parse
