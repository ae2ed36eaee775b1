"""Whether an image can be built and holds what it starts: what is copied into it against what the code loads."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from kbgen.model import Fact
from kbgen.pages.sources import Place, Sources
from kbgen.patterns import LazyPattern

_ODD = LazyPattern(r"[*?$\[]|://")


@dataclass(frozen=True, slots=True)
class ImageRow:
    dockerfile: Place
    absent: tuple[str, ...]
    """Copied, and not there in the build context."""
    left_out: tuple[str, ...]
    """Loaded by what the image starts, and copied by no line."""
    entry: str
    """The file that the image starts, ``""`` where it is not known."""


def find_image_problems(sources: Sources, folder: str) -> tuple[ImageRow, ...]:
    """Images built from a folder that lack something, by Dockerfile."""
    return tuple(row for row in _read_images(sources, folder) if row.absent or row.left_out)


def _read_images(sources: Sources, folder: str) -> Iterator[ImageRow]:
    copies: dict[str, list[Fact]] = {}
    for fact in sources.list("copy"):
        if posixpath.dirname(fact.path) == folder and not fact.attr("from"):
            copies.setdefault(fact.path, []).append(fact)
    for path, facts in sorted(copies.items()):
        context = _find_context(sources, path)
        if context is None or any(_ODD.search(fact.name) for fact in facts):
            continue
        copied = [posixpath.normpath(posixpath.join(context, fact.name)) for fact in facts]
        absent = [f.name for f, there in zip(facts, copied, strict=True) if not _is_there(sources, there)]
        entry = _find_entry(sources, path, context)
        loads = sources.system.reach.find_loads(entry) if entry else ()
        inside = f"{context}/" if context else ""
        left_out = [p for p in loads if p.startswith(inside) and not any(_holds(c, p) for c in copied)]
        parts = dict.fromkeys(p[len(inside) :].partition("/")[0] for p in left_out)
        parts.pop("__init__.py", None)
        yield ImageRow(sources.at(path), tuple(absent), tuple(sorted(parts)), entry)


def _find_context(sources: Sources, path: str) -> str | None:
    """The folder that compose files build the image from, ``""`` for the top; None where none or several say so."""
    contexts = set()
    for fact in sources.list("service"):
        if fact.attr("source") == "compose" and fact.attr("build"):
            context = fact.attr("context").removesuffix("/").removeprefix("./")
            context = "" if context == "." else context
            dockerfile = posixpath.normpath(posixpath.join(context, fact.attr("dockerfile") or "Dockerfile"))
            if dockerfile == path:
                contexts.add(context)
    return contexts.pop() if len(contexts) == 1 else None


def _is_there(sources: Sources, path: str) -> bool:
    return path in sources.entries or any(entry.startswith(f"{path}/") for entry in sources.entries) or path == "."


def _holds(copied: str, path: str) -> bool:
    return copied == "." or path == copied or path.startswith(f"{copied}/")


def _find_entry(sources: Sources, dockerfile: str, context: str) -> str:
    """The module that the image's command names: ``main:app``, ``python main.py``."""
    for fact in sources.list("script"):
        if fact.path == dockerfile and fact.name in ("cmd", "entrypoint"):
            for word in fact.value.split():
                stem = word.partition(":")[0]
                for name in (stem, f"{stem.replace('.', '/')}.py"):
                    path = posixpath.join(context, name)
                    if path in sources.program.files:
                        return path
    return ""
