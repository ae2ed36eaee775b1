"""What a pull request is asked: its size, its comments, security, and what the project's own automation does."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kbgen.merge import find_labeler_workflow, find_pull_request_template, find_size_workflow
from kbgen.pages.packs import PagePack
from kbgen.pages.security.page import PATH as SECURITY_PATH
from kbgen.pages.security.page import is_about
from kbgen.pages.sources import Place, Sources
from kbgen.patterns import LazyPattern

SMALL, LARGE = 50, 100
"""Changed files from which on a pull request is large, and from which on it is an exception."""
_GITHUB = ".github/"
TEMPLATE_PATH = ".github/PULL_REQUEST_TEMPLATE.md"
"""Where it is put when the project has none."""
_WORKFLOWS = ".github/workflows/"
_YAML = (".yml", ".yaml")
_TODO = LazyPattern(r"^\W*@?(?:TODO|FIXME|HACK|XXX)\b\s*[:(\-]", re.MULTILINE)
"""At a line's start, with a mark behind it: in a sentence the word may be a status."""
_LINKED = LazyPattern(r"#\d+|https?://|\b[A-Z][A-Z0-9]+-\d+")
_ON_PULL_REQUEST = LazyPattern(
    r"^\s*(?:-\s*)?pull_request(?:_target)?\s*(?::|$)|^\s*on\s*:.*\bpull_request(?:_target)?\s*[,\]\s]", re.MULTILINE
)
_ROWS = 8
_SENSITIVE = ("auth_compare", "auth_token", "mac", "cipher", "password_hash", "cookie", "socket_server", "public_route")
_GLOBS = 24


@dataclass(frozen=True, slots=True)
class TodoRow:
    count: int
    at: Place


@dataclass(frozen=True, slots=True)
class JobRow:
    workflow: str
    jobs: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class PullRequestsPage:
    """The names that ``page_pull_requests.md.j2`` and its parts know."""

    small: int
    large: int
    base: str
    """The branch that workflows of pull requests name first, or ``""``."""
    template: Place
    """Where it is, or is put."""
    sections: tuple[str, ...]
    """Headings of the template that is there."""
    checklist: Place | None
    """The security checklist, where there is one."""
    todos: int
    """At least: of comments that say little no fact is kept."""
    linked: int
    """Of them with an issue, a ticket or an address."""
    todo_files: tuple[TodoRow, ...]
    more_todo_files: int
    jobs: tuple[JobRow, ...]
    labeler: Place | None
    sizes: Place | None
    """A workflow that labels by size."""
    workflows: int
    folders: tuple[Place, ...]
    """Where code that has to do with security stands."""
    security_globs: tuple[str, ...]


def build(sources: Sources, pack: PagePack) -> PullRequestsPage | None:
    """None for a project that has nothing for GitHub: pull requests may be made otherwise there."""
    if not any(path.startswith(_GITHUB) for path in sources.entries):
        return None
    return _Builder(sources).build()


class _Builder:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._workflows: Mapping[str, str] = {
            path: sources.read_text(path)
            for path in sorted(sources.entries)
            if path.startswith(_WORKFLOWS) and path.endswith(_YAML)
        }

    def build(self) -> PullRequestsPage:
        sources = self._sources
        template = find_pull_request_template(sources.entries)
        todos = self._count_todos()
        files = sorted(((count, path) for path, (count, _) in todos.items()), key=lambda row: (-row[0], row[1]))
        labeler = find_labeler_workflow(self._workflows)
        sizes = find_size_workflow(self._workflows)
        folders = self._list_folders()
        return PullRequestsPage(
            SMALL,
            LARGE,
            self._find_base(),
            sources.at(template or TEMPLATE_PATH),
            tuple(fact.name for fact in sources.list("heading") if fact.path == template),
            sources.at(SECURITY_PATH) if is_about(sources) else None,
            sum(count for count, _ in todos.values()),
            sum(linked for _, linked in todos.values()),
            tuple(TodoRow(count, sources.at(path)) for count, path in files[:_ROWS]),
            max(len(files) - _ROWS, 0),
            tuple(self._list_jobs()),
            sources.at(labeler.path) if labeler is not None else None,
            sources.at(sizes) if sizes else None,
            len(self._workflows),
            tuple(map(sources.at, folders[:_ROWS])),
            tuple(self._list_globs(folders)),
        )

    def _find_base(self) -> str:
        for fact in self._sources.list("config"):
            if fact.path in self._workflows and re.match(r"on\.pull_request(?:_target)?\.branches\[0\]$", fact.name):
                return fact.value if re.fullmatch(r"[\w./-]+", fact.value) else ""
        return ""

    def _count_todos(self) -> Mapping[str, tuple[int, int]]:
        """(comments with a mark of something to do, those with a link) by file; folders of tools left out."""
        found: dict[str, tuple[int, int]] = {}
        for fact in self._sources.list("comment"):
            if _TODO.search(fact.value) and not fact.path.startswith("."):
                count, linked = found.get(fact.path, (0, 0))
                found[fact.path] = (count + 1, linked + bool(_LINKED.search(fact.value)))
        return found

    def _list_jobs(self) -> Iterator[JobRow]:
        """Jobs of workflows that pull requests start."""
        jobs: dict[str, list[str]] = {}
        names: dict[str, str] = {}
        for fact in self._sources.list("job"):
            text = self._workflows.get(fact.path)
            if text is not None and _ON_PULL_REQUEST.search(text):
                jobs.setdefault(fact.path, []).append(fact.name)
                names[fact.path] = fact.attr("workflow")
        for path, found in sorted(jobs.items()):
            yield JobRow(names[path], tuple(dict.fromkeys(found)), self._sources.at(path))

    def _list_folders(self) -> tuple[str, ...]:
        """Folders of code that guards, compares, signs, encrypts or serves sockets; those with most of it first."""
        counts: dict[str, int] = {}
        for kind in _SENSITIVE:
            for fact in self._sources.list(kind):
                folder = posixpath.dirname(fact.path)
                if folder:
                    counts[folder] = counts.get(folder, 0) + 1
        return tuple(sorted(counts, key=lambda folder: (-counts[folder], folder)))

    def _list_globs(self, folders: tuple[str, ...]) -> Iterator[str]:
        """Folders with all that is below them; of one that holds half the project only the files themselves."""
        for folder in folders[:_GLOBS]:
            if folder.count("/") > 0:
                yield f"{folder}/**"
            else:
                facts = (fact for kind in _SENSITIVE for fact in self._sources.list(kind))
                yield from sorted({fact.path for fact in facts if posixpath.dirname(fact.path) == folder})
