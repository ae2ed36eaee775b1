"""Labels for pull requests by the paths they change: rules for actions/labeler in ``.github/labeler.yml``.

The action labels by changed paths and by branch names, and counts nothing (https://github.com/actions/labeler): a label
for large pull requests needs a workflow of its own, which kbgen looks for and does not write, for it would
run with the right to write. Without a workflow that runs the action the rules do nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kbgen.merge.base import DEFAULT, Manner, drop_block, find_block, put_block, read_own
from kbgen.merge.yaml_text import YamlFile, get_pairs, refuse, require_addition, write_scalar
from kbgen.patterns import lazy

PATH = ".github/labeler.yml"
_USES = lazy(
    r"""^[ \t]*(?:-[ \t]+)?uses:[ \t]*["']?(?P<action>[\w./-]+)@(?P<ref>[\w./-]+)["']?[ \t]*(?P<note>\#.*)?$"""
)
_HASH = lazy(r"[0-9a-f]{40}")
_MAJOR = lazy(r"\bv?(\d+)(?:\.\d+)*\b")
_PATH = lazy(r"""^[ \t]*configuration-path:[ \t]*["']?([^\s"'#]+)""")
_SIZE = lazy(r"(?:^|[/_-])size(?:[/_-].*)?label|label.*[/_-]size(?:[/_-]|$)")


@dataclass(frozen=True, slots=True)
class Label:
    name: str
    globs: tuple[str, ...]
    """As minimatch reads them, from the repository's top: ``src/auth/**``."""


@dataclass(frozen=True, slots=True)
class LabelerWorkflow:
    path: str
    major: int | None
    """Of the action; None where it is pinned to a hash without a note of its version."""
    configuration: str


def merge_labeler(
    content: bytes | None, block: str, labels: Sequence[Label], *, major: int | None = None, manner: Manner = DEFAULT
) -> bytes | None:
    """The rules with those of `labels` that the file lacks; None when it has them all. No file: a new one.

    `major` is the version of the action that a workflow runs: 4 knows no ``changed-files``, 5 and later nothing
    else. Without it the rules that are there decide; with none, 5. A label that the file has is the project's.
    Raises MergeError where the file is no block mapping.
    """
    content = content if content is not None else b""
    own = YamlFile(read_own(content, block, "hash", manner), manner)
    pairs = get_pairs(own.root) if own.root is not None else []
    known = {name for name, _ in pairs}
    missing = [label for label in labels if label.name not in known and label.globs]
    if not missing:
        return drop_block(content, block, "hash", manner)
    is_old = (major or (4 if any(_is_old_rule(value) for _, value in pairs) else 5)) < 5
    flat = "\n".join(line for label in missing for line in _write_rule(label, is_old, ""))
    if own.root is not None and (own.root.id != "mapping" or own.root.flow_style or not pairs):
        raise refuse(manner, own.root.start_mark.line + 1, "is no list of labels with a label a line", flat)
    column = own.root.start_mark.column if own.root is not None else 0
    indent = " " * column
    text = "\n".join(line for label in missing for line in _write_rule(label, is_old, indent))
    end = own.find_end(own.root, column) if own.root is not None else len(own.content)
    result = put_block(content, block, text, lambda: end, style="hash", manner=manner, indent=indent)
    if own.root is not None:
        require_addition(own.content, result, flat, lambda file: _holds(file, missing, manner, block), manner)
    return result


def find_labeler_workflow(texts: Mapping[str, str]) -> LabelerWorkflow | None:
    """The workflow that runs actions/labeler, of the texts of ``.github/workflows/``; the first by path."""
    for path, text in sorted(texts.items()):
        lines = text.splitlines()
        for line in lines:
            use = _USES.match(line)
            if use is not None and use["action"] == "actions/labeler":
                ref, note = use["ref"], use["note"] or ""
                tag = _MAJOR.search(note) if _HASH.fullmatch(ref) else _MAJOR.fullmatch(ref)
                place = next((match[1] for other in lines if (match := _PATH.match(other)) is not None), PATH)
                return LabelerWorkflow(path, int(tag[1]) if tag else None, place)
    return None


def find_size_workflow(texts: Mapping[str, str]) -> str | None:
    """The workflow that labels pull requests by their size, with any action that says so in its name."""
    for path, text in sorted(texts.items()):
        for line in text.splitlines():
            use = _USES.match(line)
            if use is not None and _SIZE.search(use["action"].casefold()):
                return path
    return None


def _is_old_rule(node: object) -> bool:
    """Whether a label's rule is one of version 4: a glob itself, where version 5 has mappings."""
    id_, value = getattr(node, "id", ""), getattr(node, "value", ())
    return (id_ == "scalar" and bool(value)) or (id_ == "sequence" and any(item.id == "scalar" for item in value))


def _write_rule(label: Label, is_old: bool, indent: str) -> list[str]:
    name = f"{indent}{write_scalar(label.name)}:"
    globs = [write_scalar(glob, quoted=True) for glob in label.globs]
    if is_old:
        return [name, *(f"{indent}  - {glob}" for glob in globs)]
    head = [f"{indent}  - changed-files:", f"{indent}      - any-glob-to-any-file:"]
    return [name, *head, *(f"{indent}          - {glob}" for glob in globs)]


def _holds(file: YamlFile, labels: Sequence[Label], manner: Manner, block: str) -> bool:
    place = find_block(file.content, block, "hash", manner)
    names = [name for name, _ in get_pairs(file.root)]
    return place is not None and all(names.count(label.name) == 1 for label in labels)
