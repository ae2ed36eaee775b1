"""Facts of one file of one language or format: one module each, one explicit dict.

A new language or kind of fact is a new module with `SUFFIXES`, `VERSION` and `extract`, a line in
`EXTRACTORS`, and a golden case. Files known by more than a suffix have a line in `_PLACES` too.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from functools import lru_cache

from kbgen.extractors import (
    compose,
    configuration,
    dockerfile,
    dotenv,
    githooks,
    makefile,
    manifests,
    markdown,
    package_json,
    prisma,
    python,
    python_project,
    sql,
    typescript,
    workflows,
    yaml_documents,
)
from kbgen.extractors.base import Extractor, Reference, parse_references
from kbgen.extractors.codec import facts_from_json, facts_to_json
from kbgen.extractors.placed import add_placed
from kbgen.model import FileFacts, SkippedFile, SourceFile
from kbgen.paths import classify_path, is_markdown
from kbgen.patterns import LazyPattern
from kbgen.splice import blank_blocks

__all__ = [
    "EXTRACTORS",
    "FACTS_VERSION",
    "SUFFIXES",
    "Extractor",
    "Reference",
    "extract_file",
    "facts_from_json",
    "facts_to_json",
    "find_extractor",
    "is_extractable",
    "is_readable",
    "make_version",
    "parse_references",
    "place_facts",
]


_TEXT_LIMIT = 2_000_000
"""Characters; larger files are data or bundles."""
_LINE_LIMIT = 20_000
"""A longer line is the mark of minified or generated code."""
_FACT_LIMIT = 5_000
"""Of one file that is not code; nobody writes more."""

EXTRACTORS: dict[str, Extractor] = {
    "python": python,
    "typescript": typescript,
    "compose": compose,
    "workflow": workflows,
    "dockerfile": dockerfile,
    "dotenv": dotenv,
    "package": package_json,
    "python-project": python_project,
    "manifest": manifests,
    "makefile": makefile,
    "githook": githooks,
    "prisma": prisma,
    "sql": sql,
    "yaml": yaml_documents,
    "configuration": configuration,
    "markdown": markdown,
}

_CODE = ("python", "typescript")
SUFFIXES: tuple[str, ...] = tuple(suffix for name in _CODE for suffix in EXTRACTORS[name].SUFFIXES)
"""Of source code; `is_extractable` knows the rest."""

_BY_SUFFIX = {suffix: name for name, extractor in EXTRACTORS.items() for suffix in extractor.SUFFIXES}

_PLACES = LazyPattern(
    r"""
    (?P<workflow>(?:^|/)\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml$ | (?:^|/)action\.ya?ml$)
    | (?P<githook>(?:^|/)\.?(?:husky|githooks|git-hooks|git_hooks|hooks)/
      (?:pre-(?:commit|push|merge-commit|rebase)|prepare-commit-msg|commit-msg|post-(?:commit|checkout|merge|rewrite))$)
    | (?:^|/)(?:
        (?P<compose>(?:[^/]*[-_.])?compose(?:[-_.][^/]*)?\.ya?ml$)
      | (?P<dockerfile>(?:[^/]*[-_.])?(?:dockerfile|containerfile)
        (?:[-_.](?!(?:md|txt|ya?ml|json|sh|ps1|html?|j2|svg|png|lock|dockerignore)$)[^/]*)?$)
      | (?P<dotenv>\.env(?:rc)?(?:[-_.][^/]*)? | [^/]*[-_.]env[-_.](?:examples?|samples?|template|dist|default|test)$
        | env[-_.](?:examples?|samples?|template|dist)$ | \.?[^/]*\.env$)
      | (?P<package>package\.json$)
      | (?P<project>pyproject\.toml$ | setup\.cfg$ | pipfile$
        | (?:[^/]*[-_.])?(?:requirements|constraints)(?:[-_.][^/]*)?\.(?:txt|in)$
        | requirements/[^/]+\.(?:txt|in)$)
      | (?P<manifest>go\.(?:mod|work)$ | pom\.xml$ | (?:build|settings)\.gradle(?:\.kts)?$ | cargo\.toml$
        | composer\.json$ | pubspec\.yaml$ | gemfile$)
      | (?P<makefile>(?:gnu)?makefile(?:\.(?:am|in|inc))?$ | \.?justfile$ | taskfile(?:\.dist)?\.ya?ml$)
    )$
    """,
    re.VERBOSE,
)
"""Lower-case paths; the first alternative wins."""

_NAMED = frozenset({"workflow", "dotenv", "manifest", "python-project", "makefile", "githook"})
"""Their reading depends on the file's name."""


def make_version() -> str:
    """Short, and another one whenever the version of any extractor changes."""
    versions = "+".join(extractor.VERSION for extractor in EXTRACTORS.values())
    return f"facts-3-{hashlib.sha256(versions.encode()).hexdigest()[:12]}"


FACTS_VERSION = make_version()
"""Key of the fact cache, with the blob id."""


@lru_cache(maxsize=65536)
def find_extractor(path: str) -> str:
    """The name in `EXTRACTORS` of the one that reads such files, or ``""``. Lock files and the like have none."""
    name = path.rpartition("/")[2].lower()
    by_suffix = _BY_SUFFIX.get(f".{name.rpartition('.')[2]}", "")
    if by_suffix in _CODE:
        return by_suffix
    place = _PLACES.search(path.lower())
    found = by_suffix if place is None else "python-project" if place.lastgroup == "project" else place.lastgroup or ""
    return "" if found and classify_path(name) == "noise" else found


def is_readable(path: str) -> bool:
    """Whether `path` is source code that some extractor reads."""
    return path.lower().endswith(SUFFIXES)


def is_extractable(path: str) -> bool:
    """Whether some extractor knows such files, code or not; for any other file `extract_file` has no facts."""
    return find_extractor(path) != ""


def extract_file(source: SourceFile) -> FileFacts:
    """All facts of one file. Never raises for what the text holds: what was not read is in `skipped`.

    What kbgen itself wrote into a document is no source of facts.
    """
    name = find_extractor(source.path)
    if not name:
        return FileFacts(source.path, source.blob, ())
    why = ""
    if len(source.text) > _TEXT_LIMIT:
        why = f"larger than {_TEXT_LIMIT:,} characters"
    elif name in _CODE and len(source.text) > _LINE_LIMIT < max(map(len, source.text.split("\n"))):
        why = f"has a line of more than {_LINE_LIMIT:,} characters: minified or generated"
    if not why:
        try:
            facts = add_placed(EXTRACTORS[name].extract(_leave_out_ours(source)))
            return facts if name in _CODE else _limit(facts)
        except RecursionError:
            why = "nested too deeply to be read"
    return FileFacts(source.path, source.blob, (), (SkippedFile(source.path, why),))


def _leave_out_ours(source: SourceFile) -> SourceFile:
    return replace(source, text=blank_blocks(source.text)) if is_markdown(source.path) else source


def _limit(facts: FileFacts) -> FileFacts:
    if len(facts.facts) <= _FACT_LIMIT:
        return facts
    note = SkippedFile(facts.path, f"only the first {_FACT_LIMIT:,} facts are kept")
    return FileFacts(facts.path, facts.blob, facts.facts[:_FACT_LIMIT], (*facts.skipped, note))


def place_facts(facts: FileFacts, path: str) -> FileFacts | None:
    """Facts cached by blob, moved to `path`; None when that path asks for another reading.

    Two files with the same bytes share a blob, and some facts follow from the path (file-system routes).
    """
    if path == facts.path:
        return facts
    extractor = find_extractor(path)
    if extractor != find_extractor(facts.path):
        return None
    reads_alike = _get_name if extractor in _NAMED else _get_suffix
    if reads_alike(path) != reads_alike(facts.path):
        return None
    moved = tuple(replace(fact, path=path) for fact in facts.facts)
    skipped = tuple(SkippedFile(path, note.why) for note in facts.skipped)
    return add_placed(FileFacts(path, facts.blob, moved, skipped))


def _get_name(path: str) -> str:
    return path.rpartition("/")[2].lower()


def _get_suffix(path: str) -> str:
    return _get_name(path).rpartition(".")[2]
