"""Facts of a Python project's own files: ``pyproject.toml``, ``setup.cfg``, ``requirements*.txt``, ``Pipfile``.

``package``
    `name`, `value` its version. [ecosystem: pypi; python: the versions it runs on; workspaces: members of a uv
    workspace; build: the build backend]
``dependency``
    `name` as written, without extras; `value` the versions. [section: dependencies, an extra, a group, or the
    file's name; extras; marker; local: yes for a path or a workspace member]
``script``
    `name` a command, `value` what it calls, ``pkg.cli:main``. [source: pypi; bin: yes; gui: yes; source is
    ``pipenv``, ``poe``, ``hatch``, ``pdm`` for a task runner's commands]
``config``
    Every other key: those of tools.
"""

from __future__ import annotations

from collections.abc import Iterator

from kbgen.extractors.base import shorten, sort_facts
from kbgen.extractors.configuration import make_facts, parse_assignments, read_keys
from kbgen.extractors.lines import LINE_LIMIT, read_lines
from kbgen.extractors.nodes import Document, Node, keep_attrs
from kbgen.extractors.toml_nodes import parse_toml
from kbgen.extractors.variables import VALUE_LIMIT, hide_credentials
from kbgen.model import Fact, FileFacts, SourceFile
from kbgen.patterns import LazyPattern

SUFFIXES: tuple[str, ...] = ()
VERSION = "python-project-1"

_REQUIREMENT = LazyPattern(
    r"\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*(@\s*\S+|\(?\s*[<>=!~][^;#]*?)?\s*(?:;\s*([^#]*?))?\s*(?:\s#.*)?$"
)
_TASK_TABLES = (("poe", "tasks"), ("pdm", "scripts"), ("rye", "scripts"), ("taskipy", "tasks"))
_OPTION = LazyPattern(r"\s*(-[a-zA-Z]|--[\w-]+)[\s=]*(.*)")
_EGG = LazyPattern(r"[#&]egg=([\w.-]+)")


def extract(source: SourceFile) -> FileFacts:
    name = source.path.rpartition("/")[2].lower()
    if name.endswith((".txt", ".in")):
        lines, skipped = read_lines(source)
        return FileFacts(source.path, source.blob, sort_facts(_read_requirements(source, lines)), skipped)
    if name == "setup.cfg":
        return _extract_setup(source)
    document = parse_toml(source.text)
    facts: list[Fact] = []
    rest: dict[str, Node] = {}
    for root in document.roots:
        if name == "pipfile":
            facts.extend(_read_pipfile(root, source.path))
            rest = {k: v for k, v in root.entries.items() if k not in ("packages", "dev-packages", "scripts")}
        else:
            facts.extend(_read_pyproject(root, source.path))
            rest = {k: v for k, v in root.entries.items() if k not in ("project", "dependency-groups", "build-system")}
    return make_facts(source, document, read_keys(Node(1, entries=rest), source.path), facts)


# ---------------------------------------------------------------------------------- pyproject.toml


def _read_pyproject(root: Node, path: str) -> Iterator[Fact]:
    project, poetry = root.get("project"), root.get("tool", "poetry")
    build = root.get("build-system")
    main = project if project.entries else poetry
    if main.entries:
        attrs = keep_attrs(
            ("ecosystem", "pypi"),
            ("python", project.read("requires-python") or poetry.read("dependencies", "python")),
            ("workspaces", " ".join(root.get("tool", "uv", "workspace", "members").list_texts())),
            ("build", build.read("build-backend")),
        )
        line = main.get("name").line or main.line
        yield Fact("package", main.read("name"), path, line, main.read("version"), "", "", attrs)
    sources = root.get("tool", "uv", "sources")
    yield from _read_list(project.get("dependencies"), "dependencies", path, sources)
    for extra, dependencies in project.get("optional-dependencies").entries.items():
        yield from _read_list(dependencies, extra, path, sources)
    for group, dependencies in root.get("dependency-groups").entries.items():
        yield from _read_list(dependencies, group, path, sources)
    yield from _read_list(build.get("requires"), "build-system", path, sources)
    yield from _read_table(poetry.get("dependencies"), "dependencies", path)
    yield from _read_table(poetry.get("dev-dependencies"), "dev", path)
    for group, table in poetry.get("group").entries.items():
        yield from _read_table(table.get("dependencies"), group, path)
    yield from _read_commands(project.get("scripts"), path, ("source", "pypi"), ("bin", "yes"))
    yield from _read_commands(project.get("gui-scripts"), path, ("source", "pypi"), ("bin", "yes"), ("gui", "yes"))
    yield from _read_commands(poetry.get("scripts"), path, ("source", "pypi"), ("bin", "yes"))
    for tool, key in _TASK_TABLES:
        yield from _read_commands(root.get("tool", tool, key), path, ("source", tool.removesuffix("thepoet")))
    told = {"name", "version", "dependencies", "optional-dependencies", "scripts", "gui-scripts"}
    rest = {key: child for key, child in project.entries.items() if key not in told}
    yield from read_keys(Node(project.line, entries=rest), path, "project")


def _read_list(node: Node, section: str, path: str, sources: Node) -> Iterator[Fact]:
    for item in node.items:
        fact = _make_dependency(item.text or "", section, path, item.line)
        if fact is not None:
            local = sources.get(fact.name)
            if local.read("workspace") == "true" or local.read("path"):
                fact = Fact(
                    "dependency", fact.name, path, fact.line, fact.value, "", "", (*fact.attrs, ("local", "yes"))
                )
            yield fact


def _read_table(node: Node, section: str, path: str) -> Iterator[Fact]:
    """Poetry's and Pipenv's tables: ``httpx = "^0.27"`` or ``{version = …, extras = […]}``."""
    for name, value in node.entries.items():
        if name == "python":
            continue
        version = value.text if value.text is not None else value.read("version") or value.read("git")
        attrs = keep_attrs(
            ("section", section),
            ("extras", " ".join(value.get("extras").list_texts())),
            ("marker", value.read("markers")),
            ("local", "yes" if value.read("path") else ""),
        )
        yield Fact("dependency", name, path, value.line, hide_credentials(version), "", "", attrs)


def _read_commands(node: Node, path: str, *attrs: tuple[str, str]) -> Iterator[Fact]:
    for name, value in node.entries.items():
        text = (
            value.text or value.read("cmd") or value.read("shell") or value.read("callable") or value.read("reference")
        )
        yield Fact("script", name, path, value.line, shorten(hide_credentials(text), VALUE_LIMIT), "", "", attrs)


def _make_dependency(text: str, section: str, path: str, line: int) -> Fact | None:
    match = _REQUIREMENT.fullmatch(text)
    if match is None:
        return None
    version = (match[3] or "").strip().strip("()").strip()
    local = "yes" if version.startswith("@") and "file:" in version else ""
    attrs = keep_attrs(
        ("section", section),
        ("extras", " ".join(part.strip() for part in (match[2] or "").split(","))),
        ("marker", (match[4] or "").strip()),
        ("local", local),
    )
    return Fact("dependency", match[1], path, line, hide_credentials(version), "", "", attrs)


# --------------------------------------------------------------------------------------- the others


def _read_requirements(source: SourceFile, lines: list[str]) -> Iterator[Fact]:
    section = source.path.rpartition("/")[2].rpartition(".")[0]
    continued = ""
    start = 0
    for number, text in enumerate(lines, 1):
        line, continued = start or number, continued + text.removesuffix("\\")
        if text.endswith("\\") and len(continued) < LINE_LIMIT:
            start = line
            continue
        bare, continued, start = continued.partition(" --hash")[0].strip(), "", 0
        if not bare or bare.startswith("#"):
            continue
        option = _OPTION.match(bare)
        if option is not None:
            if option[1] in ("-e", "--editable"):
                yield _make_local(option[2], section, source.path, line)
            else:
                yield Fact("config", option[1], source.path, line, hide_credentials(option[2]))
            continue
        if bare.startswith((".", "/", "git+", "http:", "https:", "file:")):
            yield _make_local(bare, section, source.path, line)
            continue
        fact = _make_dependency(bare, section, source.path, line)
        if fact is not None:
            yield fact


def _make_local(text: str, section: str, path: str, line: int) -> Fact:
    """A requirement by its place: a folder, an archive, a repository."""
    target = text.partition(" #")[0].strip()
    egg = _EGG.search(target)
    name = egg[1] if egg is not None else target.partition("#")[0].rstrip("/").rpartition("/")[2] or target
    attrs = keep_attrs(("section", section), ("local", "" if "://" in target else "yes"))
    return Fact("dependency", name.removesuffix(".git"), path, line, hide_credentials(target), "", "", attrs)


def _extract_setup(source: SourceFile) -> FileFacts:
    facts: list[Fact] = []
    rest: dict[str, Node] = {}
    document = parse_assignments(source, keep_lines=True)
    entries = document.roots[0].entries if document.roots else {}
    if "metadata.name" in entries:
        name = entries["metadata.name"]
        version = entries["metadata.version"].text if "metadata.version" in entries else ""
        attrs = keep_attrs(
            ("ecosystem", "pypi"),
            ("python", entries["options.python_requires"].text or "" if "options.python_requires" in entries else ""),
        )
        facts.append(Fact("package", name.text or "", source.path, name.line, version or "", "", "", attrs))
    for key, node in entries.items():
        lines = [line.strip() for line in (node.text or "").split("\n")]
        if key == "options.install_requires" or key.startswith("options.extras_require."):
            section = "dependencies" if key.endswith("install_requires") else key.rpartition(".")[2]
            for offset, line in enumerate(lines):
                fact = _make_dependency(line, section, source.path, node.line + offset)
                if fact is not None:
                    facts.append(fact)
        elif key in ("options.entry_points.console_scripts", "options.entry_points.gui_scripts"):
            for offset, line in enumerate(lines):
                command, equals, target = line.partition("=")
                if equals:
                    bin_attrs = (("source", "pypi"), ("bin", "yes"))
                    place = node.line + offset
                    facts.append(Fact("script", command.strip(), source.path, place, target.strip(), "", "", bin_attrs))
        else:
            rest[key] = node
    return make_facts(source, Document((), document.problems), read_keys(Node(1, entries=rest), source.path), facts)


def _read_pipfile(root: Node, path: str) -> Iterator[Fact]:
    yield from _read_table(root.get("packages"), "packages", path)
    yield from _read_table(root.get("dev-packages"), "dev-packages", path)
    yield from _read_commands(root.get("scripts"), path, ("source", "pipenv"))
