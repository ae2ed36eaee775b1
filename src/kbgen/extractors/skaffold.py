"""Facts of Skaffold documents: which folder each image is built from.

``artifact``
    `name` the image, `value` its context, relative to the repository's top (`kbgen.extractors.placed`).
    [source: skaffold; build: the context as written; dockerfile; builder: docker, jib, ko, buildpacks, bazel,
    custom]
``config``
    Every other key, by its path.
"""

from __future__ import annotations

from collections.abc import Iterator

from kbgen.extractors.configuration import read_keys
from kbgen.extractors.nodes import Node, keep_attrs
from kbgen.model import Fact

VERSION = "skaffold-1"

_BUILDERS = ("docker", "jib", "ko", "buildpacks", "bazel", "custom", "kaniko")


def read_artifacts(root: Node, path: str) -> Iterator[Fact]:
    for artifact in root.get("build", "artifacts").items:
        context = artifact.read("context") or "."
        attrs = keep_attrs(
            ("source", "skaffold"),
            ("build", context),
            ("dockerfile", artifact.read("docker", "dockerfile")),
            ("builder", next((builder for builder in _BUILDERS if builder in artifact.entries), "")),
        )
        yield Fact("artifact", artifact.read("image"), path, artifact.line, context, "", "", attrs)


def read_rest(root: Node, path: str) -> Iterator[Fact]:
    """The `config` facts."""
    build = {key: child for key, child in root.get("build").entries.items() if key != "artifacts"}
    rest = {key: child for key, child in root.entries.items() if key != "build"}
    yield from read_keys(Node(root.line, entries={**rest, "build": Node(root.get("build").line, entries=build)}), path)
