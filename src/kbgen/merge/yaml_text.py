"""YAML of the project, read for the places of its parts, and a text edit of it proved to add our part and nothing else.

No value is built and no alias followed, so that what aliases would grow to costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kbgen.merge.base import Manner, MergeError
from kbgen.splice import BOM
from kbgen.splice.scan import split_lines

MAX_DEPTH = 64
_BREAK = re.compile(rb"\r\n|\n|\r|\xc2\x85|\xe2\x80\xa8|\xe2\x80\xa9")
"""What a YAML 1.1 parser counts as the end of a line."""


class YamlFile:
    """One document: its root node with the parser's marks, and the offsets of its lines."""

    def __init__(self, content: bytes, manner: Manner) -> None:
        split_lines(content, manner.path)
        self.content = content
        self.manner = manner
        self.text = content.removeprefix(BOM).decode()
        self.events = _read_events(self.text, manner)
        self.root: Any = _compose(self.text, manner)
        offset = len(BOM) if content.startswith(BOM) else 0
        self._starts = [offset, *(ending.end() for ending in _BREAK.finditer(content, offset))]

    def get_start(self, line: int) -> int:
        """Offset of a line; `line` counts from 0, like the parser's marks."""
        return self._starts[line] if line < len(self._starts) else len(self.content)

    def get_line(self, line: int) -> bytes:
        return self.content[self.get_start(line) : self.get_start(line + 1)]

    def find_line(self, offset: int) -> int:
        import bisect

        return bisect.bisect_right(self._starts, offset) - 1

    def find_end(self, node: Any, indent: int) -> int:
        """Offset of the first line behind a node and the comments that belong to it: those deeper than `indent`."""
        line = _find_last_line(node) + 1
        end = line
        while line < len(self._starts):
            text = self.get_line(line).decode()
            if text.strip() and not (
                text.lstrip().startswith("#") and len(text.expandtabs()) - len(text.expandtabs().lstrip()) > indent
            ):
                break
            line += 1
            if text.strip():
                end = line
        return self.get_start(end)


def get_pairs(node: Any) -> list[tuple[str, Any]]:
    """Key and value of a mapping's plain keys."""
    return [(key.value, value) for key, value in node.value if key.id == "scalar"] if node.id == "mapping" else []


def get_child(node: Any, key: str) -> Any:
    """The value of a key, the last one where it is given twice; None when there is none."""
    return next((value for name, value in reversed(get_pairs(node)) if name == key), None)


def list_scalars(node: Any) -> list[str]:
    """The texts directly in a sequence, or the one text of a scalar."""
    items = node.value if node is not None and node.id == "sequence" else [node]
    return [item.value for item in items if item is not None and item.id == "scalar"]


def write_scalar(value: object, *, quoted: bool = False) -> str:
    """A value in one line: a text with quotes where YAML needs them (or always), a list in flow style."""
    import yaml

    style = '"' if isinstance(value, str) and ("\n" in value or "\r" in value) else "'" if quoted else None
    text: str = yaml.safe_dump(
        value, default_flow_style=True, default_style=style, width=10**6, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")


def require_addition(
    before: bytes,
    after: bytes,
    added: str,
    is_at: Callable[[YamlFile], bool],
    manner: Manner,
    *,
    fills_empty: bool = False,
) -> None:
    """Raises MergeError unless `after` reads as `before` with the parts of `added` in one place, where they belong.

    `added` is a whole YAML document whose one collection holds the new parts; with `fills_empty` the collection
    itself takes the place of an empty value. Events are compared, so anchors, tags and aliases count too.
    """
    old = YamlFile(before, manner).events
    # Without start and end of stream and document, and of the collection.
    ours = (
        YamlFile(added.encode(), manner).events[2:-2] if fills_empty else YamlFile(added.encode(), manner).events[3:-3]
    )
    try:
        new = YamlFile(after, manner)
    except MergeError:
        new = None
    if new is not None:
        shared = 0
        while shared < min(len(old), len(new.events)) and old[shared] == new.events[shared]:
            shared += 1
        rest = new.events[shared + len(ours) :]
        kept = [*new.events[:shared], *old[shared : shared + fills_empty], *rest]
        if kept == old and is_at(new):
            return
    raise refuse(manner, 1, "our part cannot be added here without a change of what the file says", added)


def refuse(manner: Manner, line: int, why: str, added: str) -> MergeError:
    return MergeError(f"{manner.where}:{line}: {why}", f"add this by hand:\n{added.rstrip()}")


def _read_events(text: str, manner: Manner) -> list[tuple[object, ...]]:
    import yaml

    result: list[tuple[object, ...]] = []
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_get_loader()):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise MergeError(f"{manner.where}:{line}: nests deeper than {MAX_DEPTH} levels", "write it flatter")
            result.append(
                (
                    type(event).__name__,
                    getattr(event, "anchor", None),
                    getattr(event, "tag", None),
                    getattr(event, "implicit", None),
                    getattr(event, "value", None),
                )
            )
    except yaml.YAMLError as error:
        raise _explain(error, manner) from error
    return result


def _compose(text: str, manner: Manner) -> Any:
    import yaml

    try:
        return yaml.compose(text, Loader=_get_loader())
    except yaml.YAMLError as error:
        raise _explain(error, manner) from error


def _explain(error: Any, manner: Manner) -> MergeError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    why = getattr(error, "problem", None) or getattr(error, "reason", None) or type(error).__name__
    return MergeError(f"{manner.where}:{mark.line + 1 if mark else 1}: is no YAML: {why}", "mend the file first")


def _get_loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _find_last_line(node: Any) -> int:
    """The line, from 0, on which the text of a node ends."""
    while node.id != "scalar" and not node.flow_style and node.value:
        last = node.value[-1]
        node = (last[1] if _is_behind(last[1], last[0]) else last[0]) if isinstance(last, tuple) else last
    mark = node.end_mark
    # A block scalar ends at the start of the line below it.
    return int(mark.line - 1 if mark.column == 0 and mark.line > node.start_mark.line else mark.line)


def _is_behind(value: Any, key: Any) -> bool:
    """Whether a value stands behind its key; an alias is the node it names, further up."""
    return bool(value.start_mark.line >= key.start_mark.line)
