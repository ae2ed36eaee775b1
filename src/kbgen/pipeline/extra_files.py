"""Files that a page pack writes besides its page: each put into what is there, or left out with the reason.

A pack's front matter says ``how``, its part template has the text::

    block       Markdown (or YAML, shell) of ours in a managed block of the file
    file        the same for a file that is ours alone: written where none is, never over one that is the project's
    section     Markdown whose first heading is the section's title; left out where a section on the pack's subject is
    checklist   Markdown: a heading, then `### group`, one line of introduction if wanted, `- [ ] item` with its lines
    husky       shell lines for .husky/pre-commit, where the project has .husky
    pre-commit  YAML, the keys of one hook for .pre-commit-config.yaml, where the project has it
    labels      YAML, `label: [glob, …]` for the labeler's configuration, where a workflow runs the labeler

An empty text means that the project gives the part nothing to say: nothing is written. Everything is composed
from the bytes that are there when the file is written; see `kbgen.merge`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kbgen.errors import KbgenError, TemplateError
from kbgen.markdown import Markdown
from kbgen.merge import (
    CheckGroup,
    Label,
    Manner,
    MergeError,
    detect_hook_systems,
    find_covering_sections,
    find_labeler_workflow,
    find_pull_request_template,
    merge_checklist,
    merge_husky,
    merge_labeler,
    merge_pre_commit_config,
    merge_section,
)
from kbgen.pages.packs import ExtraFile, PagePack
from kbgen.patterns import lazy
from kbgen.pipeline.writing import OutputFile, PageOptions, look_ahead, plan_block
from kbgen.ports import Outputs
from kbgen.splice import Style, find_blocks, replace_block

_MARKDOWN = (".md", ".markdown", ".mdx")
_HASHED = (".yaml", ".yml", ".sh", ".bash", ".toml", ".py", ".cfg", ".conf", ".gitignore", ".semgrepignore")
"""Files whose comments begin with ``#``."""
_WORKFLOWS = ".github/workflows/"
_HUSKY = ".husky/"
_RULES_FOLDERS = (".semgrep/",)
"""A hook that names one of these runs our rules already."""
_HEADING = lazy(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_BOX = lazy(r"[-*+]\s+\[[ xX]\]\s+(\S.*)")
_LINE_BREAKS = lazy(r"\s*[\r\n]+")


@dataclass(frozen=True, slots=True)
class Planned:
    """A file to write, or why it is left out: then `output` is None."""

    path: str
    output: OutputFile | None
    why: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What is in the project around a file: all paths of the revision, and files as they are now."""

    paths: Collection[str]
    outputs: Outputs

    def read(self, path: str) -> bytes | None:
        return look_ahead(self.outputs, path)

    def read_text(self, path: str) -> str:
        return (self.read(path) or b"").decode("utf-8", "replace")

    @cached_property
    def hook_systems(self) -> frozenset[str]:
        """The names of those that the project runs its hooks with, and that kbgen writes to."""
        texts = {"package.json": self.read_text("package.json")} if "package.json" in self.paths else {}
        return frozenset(system.name for system in detect_hook_systems(self.paths, texts) if system.is_written)


def plan_extra(pack: PagePack, extra: ExtraFile, text: str, around: Surroundings, options: PageOptions) -> Planned:
    """What becomes of one further file. Raises TemplateError for a text that is not in the form that `how` wants."""
    if not text.strip():
        return Planned(extra.path, None, "the project has nothing that it is about")
    return _PLANNERS[extra.how](_Part(pack, extra, text, around, options))


@dataclass(frozen=True, slots=True)
class _Part:
    pack: PagePack
    extra: ExtraFile
    text: str
    around: Surroundings
    options: PageOptions

    @property
    def block(self) -> str:
        """The name of the managed block."""
        return self.pack.name.replace("_", "-")

    @property
    def where(self) -> str:
        return self.extra.template

    def plan(
        self, compose: Callable[[bytes | None, Manner], bytes | None], path: str = "", rests_on: object = ""
    ) -> Planned:
        """`rests_on`: what `compose` looks at besides the old bytes, the text and the options."""
        path = path or self.extra.path
        manner = Manner(path, self.options.force, self.options.keep_edits)

        def compose_or_say(before: bytes | None) -> bytes | None:
            try:
                return compose(before, manner)
            except MergeError as error:
                raise _fold(error) from error

        basis = f"{self.extra.how}\0{self.block}\0{self.options}\0{rests_on}\0{self.text}"
        return Planned(path, OutputFile(path, compose_or_say, rests_on=basis))


def _fold(error: MergeError) -> MergeError:
    """The same in one line: a report has a line for each file."""
    hint = _LINE_BREAKS.sub(" ⏎ ", error.hint.strip().replace(":\n", ": ", 1))
    return MergeError(f"{error.message}; {hint}" if hint else error.message)


# ------------------------------------------------------------------------------------------ files of our own


def _plan_block(part: _Part) -> Planned:
    if part.extra.path.endswith(_MARKDOWN):
        return Planned(part.extra.path, plan_block(part.extra.path, b"", part.block, part.text, part.options))
    style = _find_style(part)
    opening, text = _take_shebang(part.text)

    def compose(before: bytes | None, manner: Manner) -> bytes:
        current = opening if before is None else before
        return replace_block(current, part.block, text, style=style, force=manner.force, path=manner.path)

    return part.plan(compose)


def _plan_file(part: _Part) -> Planned:
    """A file without our block is the project's, whatever is in it."""
    before = part.around.read(part.extra.path)
    style = _find_style(part)
    if before is not None and not _holds_block(before, part.block, style, part.extra.path):
        return Planned(part.extra.path, None, "the project has a file of its own there")
    return _plan_block(part)


def _holds_block(content: bytes, block: str, style: Style, path: str) -> bool:
    try:
        return any(found.name == block for found in find_blocks(content, style, path=path))
    except KbgenError:
        # What is wrong with it is said when it is written.
        return True


def _find_style(part: _Part) -> Style:
    path = part.extra.path.lower()
    if path.endswith(_MARKDOWN):
        return "html"
    if path.endswith(_HASHED) or part.text.startswith("#!"):
        return "hash"
    raise TemplateError(
        f"{part.where}: {part.extra.path} can hold no block of kbgen's: neither Markdown nor a file with # comments",
        f"endings are {', '.join((*_MARKDOWN, *_HASHED))}",
    )


def _take_shebang(text: str) -> tuple[bytes, str]:
    """A script's first line stands in front of the block: no marker may take its place."""
    if not text.startswith("#!"):
        return b"", text
    first, _, rest = text.partition("\n")
    return f"{first}\n".encode(), rest


# ------------------------------------------------------------------------------------- files of the project


def _plan_section(part: _Part) -> Planned:
    lines = part.text.strip("\n").split("\n")
    title = _HEADING.match(lines[0])
    if title is None:
        raise TemplateError(f"{part.where}: a section begins with its heading, not with {lines[0][:60]!r}")
    before = part.around.read(part.extra.path)
    if before is not None:
        try:
            found = find_covering_sections(before, part.pack.subject, block=part.block)
        except KbgenError:
            # What is wrong with the file is said when it is written.
            found = ()
        if found:
            first = found[0]
            why = f"has a section on the subject: {first.title!r} (line {first.line}); a second one is not added"
            return Planned(part.extra.path, None, why)
    body = "\n".join(lines[1:])
    return part.plan(
        lambda content, manner: merge_section(content, part.block, Markdown(title[2]), body, manner=manner)
    )


def _plan_checklist(part: _Part) -> Planned:
    """Into the template that the project has, wherever GitHub finds it."""
    heading, groups = read_checklist(part.text, part.where)
    found = find_pull_request_template(part.around.paths) or part.extra.path
    return part.plan(
        lambda content, manner: merge_checklist(content, part.block, heading, groups, manner=manner), found
    )


def read_checklist(text: str, where: str) -> tuple[str, tuple[CheckGroup, ...]]:
    """(heading, groups) of a checklist's Markdown. Raises TemplateError for what is none."""
    heading = ""
    groups: list[tuple[str, str, list[str]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        title, box = _HEADING.match(line), _BOX.match(line)
        if not line.strip():
            continue
        if title is not None and not heading:
            heading = title[2]
        elif title is not None:
            groups.append((title[2], "", []))
        elif box is not None and groups:
            groups[-1][2].append(box[1])
        elif line.startswith("  ") and groups and groups[-1][2]:
            groups[-1][2][-1] += f"\n{line[2:]}"
        elif groups and not groups[-1][1] and not groups[-1][2]:
            groups[-1] = (groups[-1][0], line.strip(), groups[-1][2])
        else:
            raise TemplateError(
                f"{where}: line {number} of the text is no part of a checklist: {line[:60]!r}",
                "a checklist is a heading, then groups: a heading, one line at most, `- [ ] item` lines",
            )
    if not heading or not any(items for _, _, items in groups):
        raise TemplateError(f"{where}: a checklist wants a heading, and groups of `- [ ] item` lines")
    return heading, tuple(CheckGroup(Markdown(name), tuple(items), intro) for name, intro, items in groups if items)


def _plan_husky(part: _Part) -> Planned:
    if "husky" not in part.around.hook_systems:
        return Planned(part.extra.path, None, "the project has no husky")
    scripts = sorted(p for p in part.around.paths if p.startswith(_HUSKY) and "/" not in p.removeprefix(_HUSKY))
    others = [path for path in scripts if path != part.extra.path]
    sample = part.around.read(others[0]) if others else None
    command = part.text.strip("\n")
    return part.plan(
        lambda content, manner: merge_husky(
            content, part.block, command, sample=sample or b"", already=_RULES_FOLDERS, manner=manner
        ),
        rests_on=sample,
    )


def _plan_pre_commit(part: _Part) -> Planned:
    if "pre-commit" not in part.around.hook_systems:
        return Planned(part.extra.path, None, "the project has no pre-commit configuration")
    hook = _read_mapping(part)
    return part.plan(lambda content, manner: merge_pre_commit_config(content, part.block, hook, manner=manner))


def _plan_labels(part: _Part) -> Planned:
    labels = []
    for name, globs in _read_mapping(part).items():
        if not isinstance(globs, list) or not all(isinstance(glob, str) for glob in globs):
            raise TemplateError(f"{part.where}: label {name} wants a list of globs")
        labels.append(Label(name, tuple(globs)))
    paths = [path for path in part.around.paths if path.startswith(_WORKFLOWS)]
    workflow = find_labeler_workflow({path: part.around.read_text(path) for path in paths})
    if workflow is None:
        return Planned(part.extra.path, None, "no workflow of the project runs actions/labeler")
    return part.plan(
        lambda content, manner: merge_labeler(content, part.block, labels, major=workflow.major, manner=manner),
        workflow.configuration,
        workflow.major,
    )


def _read_mapping(part: _Part) -> Mapping[str, Any]:
    import yaml

    try:
        value = yaml.load(part.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise TemplateError(f"{part.where}: the text is no YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise TemplateError(f"{part.where}: the text wants keys and values")
    return value


_PLANNERS: Mapping[str, Callable[[_Part], Planned]] = {
    "block": _plan_block,
    "file": _plan_file,
    "section": _plan_section,
    "checklist": _plan_checklist,
    "husky": _plan_husky,
    "pre-commit": _plan_pre_commit,
    "labels": _plan_labels,
}
"""By ``how``; the keys are `kbgen.pages.packs.HOWS`."""
