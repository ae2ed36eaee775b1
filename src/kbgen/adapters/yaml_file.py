"""YAML text as plain values with the line of every key, however hostile the text is."""

from __future__ import annotations

from typing import Any

from kbgen.errors import ConfigError
from kbgen.model import Document, KeyPath

MAX_NODES = 100_000
"""Values after aliases are followed: what a billion-laughs document grows to is never built."""
MAX_DEPTH = 64
MAX_LENGTH = 4_000_000
"""Characters."""


def read_yaml_with_lines(text: str, path: str) -> Document:
    """Plain values of one YAML document; an empty text gives None.

    Raises ConfigError with file and line for a syntax error, an alias inside itself, more than one document, and a
    document larger or deeper than the limits above. Keys given twice are reported in the document, not raised.
    """
    import yaml

    if len(text) > MAX_LENGTH:
        raise ConfigError(f"{path}:1: is longer than {MAX_LENGTH} characters", "this is no file that kbgen can use")
    _check_nesting(text, path)
    try:
        loader = _get_loader()(text.removeprefix("\ufeff"))
        try:
            root = loader.get_single_node()
            return _Builder(loader, path).build(root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        why = " ".join(part for part in (error.context, error.problem) if part)
        raise ConfigError(f"{path}:{line}: is no YAML: {why}", "check indentation and quotes on this line") from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position] if isinstance(error.position, int) else ""
        line = before.count("\n") + 1
        raise ConfigError(f"{path}:{line}: is no YAML: {error.reason}", "the file must be plain UTF-8 text") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise ConfigError(f"{path}:1: is no YAML: {error}", "check the file with a YAML linter") from error


def _check_nesting(text: str, path: str) -> None:
    """Refuses what would exhaust the stack of the composer, which recurses; the events before it do not."""
    import yaml

    depth = 0
    try:
        for event in yaml.parse(text.removeprefix("\ufeff"), Loader=_get_loader()):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    line = event.start_mark.line + 1 if event.start_mark else 1
                    raise ConfigError(f"{path}:{line}: nests deeper than {MAX_DEPTH} levels", "write it flatter")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return  # told with its line by the reading that follows


def _get_loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Builder:
    """Nodes to plain values: aliases followed within bounds, the line of every key and item kept."""

    def __init__(self, loader: Any, path: str) -> None:
        self._loader = loader
        self._path = path
        self._lines: dict[KeyPath, int] = {}
        self._duplicates: list[tuple[KeyPath, int]] = []
        self._open: set[int] = set()
        self._count = 0

    def build(self, root: Any) -> Document:
        value = None if root is None else self._build(root, (), 1)
        return Document(self._path, value, self._lines, tuple(self._duplicates))

    def _build(self, node: Any, place: KeyPath, depth: int) -> Any:
        line = node.start_mark.line + 1
        self._count += 1
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            raise ConfigError(
                f"{self._path}:{line}: has more than {MAX_NODES} values or {MAX_DEPTH} levels, aliases followed",
                "write the values out instead of aliases of aliases",
            )
        self._lines.setdefault(place, line)
        if node.id == "scalar":
            return self._build_scalar(node, line)
        if id(node) in self._open:
            raise ConfigError(f"{self._path}:{line}: has an alias inside itself", "write the value out")
        self._open.add(id(node))
        try:
            if node.id == "sequence":
                return [self._build(item, (*place, index), depth + 1) for index, item in enumerate(node.value)]
            return self._build_mapping(node, place, depth)
        finally:
            self._open.discard(id(node))

    def _build_scalar(self, node: Any, line: int) -> Any:
        if node.tag in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"):
            return node.value  # a date stays as its author wrote it
        try:
            return self._loader.construct_object(node)
        except (ValueError, OverflowError) as error:
            raise ConfigError(f"{self._path}:{line}: has a value that cannot be read: {error}", "quote it") from error

    def _build_mapping(self, node: Any, place: KeyPath, depth: int) -> dict[Any, Any]:
        values: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == "tag:yaml.org,2002:merge":
                for source in self._build_merged(value_node, place, depth):
                    merged = {**source, **merged}
                continue
            if key_node.id != "scalar":
                raise ConfigError(f"{self._path}:{line}: has a key that is no text", "quote the key")
            key = self._build_scalar(key_node, line)
            key_place = (*place, key if isinstance(key, int) and not isinstance(key, bool) else str(key))
            if key in values:
                self._duplicates.append((key_place, line))
            self._lines[key_place] = line
            values[key] = self._build(value_node, key_place, depth + 1)
        return {**merged, **values}

    def _build_merged(self, node: Any, place: KeyPath, depth: int) -> list[dict[Any, Any]]:
        """The mappings that ``<<: *base`` or ``<<: [*one, *other]`` takes over, the first one first."""
        value = self._build(node, place, depth + 1)
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            line = node.start_mark.line + 1
            raise ConfigError(f"{self._path}:{line}: merges what is no mapping", "`<<` takes an alias of a mapping")
        return sources
