"""Facts of ``package.json``: the package, what it depends on, its commands.

``package``
    `name`, `value` its version. [ecosystem: npm; private: yes; workspaces: blank-joined; manager:
    ``pnpm@9.1.0``; main; type]
``dependency``
    `name`, `value` the version as written. [section: dependencies, devDependencies …; local: yes for
    ``workspace:`` and files]
``script``
    `name`, `value` the command. [source: npm; bin: yes for an installed command, whose value is its file]
``config``
    Every other key.
"""

from __future__ import annotations

from collections.abc import Iterator

from kbgen.extractors.base import shorten
from kbgen.extractors.configuration import make_facts, read_keys
from kbgen.extractors.json_nodes import parse_json
from kbgen.extractors.nodes import Node, keep_attrs
from kbgen.extractors.variables import VALUE_LIMIT, hide_credentials
from kbgen.model import Fact, FileFacts, SourceFile

SUFFIXES: tuple[str, ...] = ()
VERSION = "package-json-1"

_SECTIONS = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
_TOLD = frozenset(
    {"name", "version", "private", "workspaces", "packageManager", "main", "type", "scripts", "bin", *_SECTIONS}
)
_LOCAL = ("workspace:", "file:", "link:", "portal:", ".")


def extract(source: SourceFile) -> FileFacts:
    document = parse_json(source.text)
    facts = [fact for root in document.roots for fact in _read_package(root, source.path)]
    rest = (
        fact
        for root in document.roots
        for fact in read_keys(
            Node(root.line, entries={k: v for k, v in root.entries.items() if k not in _TOLD}), source.path
        )
    )
    return make_facts(source, document, rest, facts)


def _read_package(root: Node, path: str) -> Iterator[Fact]:
    name = root.read("name")
    workspaces = root.get("workspaces")
    attrs = keep_attrs(
        ("ecosystem", "npm"),
        ("private", "yes" if root.read("private") == "true" else ""),
        ("workspaces", " ".join(workspaces.list_texts() or workspaces.get("packages").list_texts())),
        ("manager", root.read("packageManager").partition("+")[0]),
        ("main", root.read("main")),
        ("type", root.read("type")),
    )
    yield Fact("package", name, path, root.get("name").line or root.line, root.read("version"), "", "", attrs)
    for section in _SECTIONS:
        for dependency, version in root.get(section).entries.items():
            text = version.text or ""
            details = keep_attrs(("section", section), ("local", "yes" if text.startswith(_LOCAL) else ""))
            yield Fact("dependency", dependency, path, version.line, hide_credentials(text), "", "", details)
    for script, command in root.get("scripts").entries.items():
        text = shorten(hide_credentials(command.text or ""), VALUE_LIMIT)
        yield Fact("script", script, path, command.line, text, "", "", (("source", "npm"),))
    commands = root.get("bin")
    if commands.text is not None:
        commands = Node(commands.line, entries={name.rpartition("/")[2]: commands})
    for installed, file in commands.entries.items():
        yield Fact("script", installed, path, file.line, file.text or "", "", "", (("source", "npm"), ("bin", "yes")))
