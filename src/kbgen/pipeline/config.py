"""The `kbgen.yaml` that `kbgen init` writes: every option, commented out, with what was found as its value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from kbgen.config import describe_options
from kbgen.markdown import show_invisible
from kbgen.pipeline.project import Project
from kbgen.pipeline.stories import find_documents
from kbgen.ports import Templates

TEMPLATE = "kbgen_yaml.j2"


@dataclass(frozen=True, slots=True)
class FoundFolder:
    kind: str
    folder: str
    files: int


@dataclass(frozen=True, slots=True)
class OptionLine:
    """One option as the file shows it: what was found, else the default, as YAML."""

    key: str
    type: str
    value: str
    help: str


@dataclass(frozen=True, slots=True)
class ConfigPage:
    """What `kbgen_yaml.j2` may name."""

    commits: int
    stories: int
    folders: tuple[FoundFolder, ...]
    options: tuple[OptionLine, ...]


def compose_config(project: Project, templates: Templates) -> bytes:
    """The commented file, as bytes. It changes nothing, and neither does taking every # off."""
    folders = Counter(
        (kind, _show(path.rpartition("/")[0] or ".")) for path, kind in find_documents(project.tree, project.config)
    )
    # An option that somebody set already stays as found: it is what the grammar was made of.
    found = {"ids.prefixes": project.grammar.prefixes, "ids.trackers": project.grammar.trackers}
    page = ConfigPage(
        commits=project.history.count_commits(),
        stories=len(project.book.stories),
        folders=tuple(FoundFolder(kind, folder, n) for (kind, folder), n in sorted(folders.items())),
        options=tuple(
            OptionLine(o.key, o.type, f"[{', '.join(found[o.key])}]" if found.get(o.key) else o.default, o.help)
            for o in describe_options()
        ),
    )
    return (templates.render(TEMPLATE, page).rstrip("\n") + "\n").encode()


def _show(folder: str) -> str:
    """A folder's name is data: a line break in it must not end the comment that it stands in."""
    return show_invisible(folder.replace("\n", "⏎").replace("\r", "⏎").replace("\u2028", "⏎").replace("\u2029", "⏎"))
