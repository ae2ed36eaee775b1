"""Facts of YAML files whose names say little: each document is read by what it says it is.

Kubernetes resources (`kubernetes`), Skaffold (`skaffold`), Compose (`compose`), all else key by key (`configuration`).
A Helm template is read as if every condition held; its facts carry ``template`` = yes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from kbgen.extractors import kubernetes, skaffold
from kbgen.extractors.compose import is_compose, read_compose, read_rest
from kbgen.extractors.configuration import make_facts, note_only, read_keys
from kbgen.extractors.nodes import Document
from kbgen.extractors.yaml_nodes import is_template, parse_template, parse_yaml
from kbgen.model import Fact, FileFacts, SkippedFile, SourceFile

SUFFIXES: tuple[str, ...] = (".yaml", ".yml")
VERSION = f"yaml-1 {kubernetes.VERSION} {skaffold.VERSION}"

_TEXT_LIMIT = 300_000


def extract(source: SourceFile) -> FileFacts:
    if len(source.text) > _TEXT_LIMIT:
        return note_only(source, f"larger than {_TEXT_LIMIT:,} characters: data, not read for configuration")
    if is_template(source.text):
        return _mark_template(_read(source, parse_template(source.text)))
    return _read(source, parse_yaml(source.text))


def _read(source: SourceFile, document: Document) -> FileFacts:
    known: list[Fact] = []
    rest: list[Iterator[Fact]] = []
    for root in document.roots:
        if is_compose(root):
            known.extend(read_compose(root, source.path))
            rest.append(read_rest(root, source.path))
        elif root.read("apiVersion").startswith("skaffold/"):
            known.extend(skaffold.read_artifacts(root, source.path))
            rest.append(skaffold.read_rest(root, source.path))
        elif root.read("apiVersion") and root.read("kind"):
            known.extend(kubernetes.read_resource(root, source.path))
            rest.append(kubernetes.read_rest(root, source.path))
        else:
            rest.append(read_keys(root, source.path))
    return make_facts(source, document, chain.from_iterable(rest), known)


def _mark_template(facts: FileFacts) -> FileFacts:
    marked = tuple(replace(fact, attrs=(*fact.attrs, ("template", "yes"))) for fact in facts.facts)
    notes = tuple(SkippedFile(note.path, f"template: {note.why}") for note in facts.skipped)
    return FileFacts(facts.path, facts.blob, marked, notes)
