"""Which words of a document are paths of the repository, and how they are meant: file, folder, module or link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from kbgen.claims.base import Found, KnownNames
from kbgen.claims.passages import Passage, Span
from kbgen.claims.trees import read_tree
from kbgen.patterns import lazy

Form = Literal["file", "folder", "name", "module", "link"]
"""``name`` is a file name without a folder, ``module`` an import that leaves the suffix out."""

_MAX_PATH = 300

_FILE_SUFFIXES = """
    py pyi ts tsx mts cts js jsx mjs cjs vue svelte astro go rs java kt kts scala groovy c h cc cpp cxx hpp cs fs vb
    swift rb php pl lua ex exs erl clj hs ml dart zig sol sh bash zsh fish ps1 bat cmd sql prisma graphql gql proto css
    scss sass less html htm ejs hbs j2 jinja ipynb md mdx markdown rst adoc txt json json5 jsonc yaml yml toml ini cfg
    conf xml csv tsv env lock tf tfvars hcl png jpg jpeg gif svg webp ico pdf excalidraw drawio mmd puml template tmpl
    snap patch diff properties service plist map example sample gitkeep pem crt key
"""
_SUFFIXES = frozenset(_FILE_SUFFIXES.split())
_NAMES = lazy(
    r"(?:Dockerfile|Containerfile|Makefile|GNUmakefile|Justfile|Procfile|Caddyfile|Jenkinsfile|Vagrantfile|Rakefile|Gemfile|Pipfile|"
    r"Brewfile|LICENSE|LICENCE|NOTICE|CODEOWNERS|CMakeLists\.txt|go\.mod|go\.sum|"
    r"\.(?:git(?:ignore|attributes|modules)|docker|npm|eslint|prettier)?(?:ignore|attributes|modules|rc)|\.env(?:\.[\w.-]+)?|\.nvmrc|\.mailmap|\.editorconfig)"
    r"(?:\.[\w-]+)?\Z"
)
# A bare name with one of these endings is as often a member of an object, a product or a host.
_WEAK_NAMES = lazy(
    r"(?:.*\.(?:patch|lock|service|key|map|env|conf|sample|template|diff|cfg|crt|pem|snap|log|text)|(?:node|next|nuxt|vue|react|express|three|d3|chart|nest|ember|backbone|moment|day|alpine|solid|electron|discord|prism|"
    r"highlight|mermaid|angular|p5|pixi|handlebars|meteor|require|video|leaflet|web3|ethers|tensorflow|socket|deno|bun)"
    r"\.(?:js|io|ts|land|sh)"
    r"|(?:this|self|res|resp|response|req|request|ctx|context|event|data|result|config|options|props|state|process|window|"
    r"document|math|np|pd)"
    r"\.(?:json|key|map|sh|h|c|go|env|lock|service|html|template|example|sample|properties|conf|xml|text|diff))\Z",
    re.IGNORECASE,
)
_SEGMENT = lazy(r"[\w.@+()\[\]~%$=,'&! -]+\Z")
_PLACEHOLDER = lazy(
    r"(?:path|to|your|my|foo|bar|baz|qux|xxx+|yyyy|mm|dd|some|name|something|whatever|dir|folder|file|filename|module|component|"
    r"new|nnn?|n|x|y|z|a|b|c|example|examples?-\w+)(?:\.\w+)*\Z"
    r"|(?:your|my|some|foo|bar|example|sample|dummy|placeholder|new)[-_.]|.*(?:XX|NN|_N\b|-N\b|YYYY|\.\.\.|…)"
    r"|.*[-_.](?:example|name|here)\Z|\[\w+\]\.\w+\.\w+\Z",
    re.IGNORECASE,
)
_LINE_SUFFIX = lazy(r"(?::\d+(?:[-–:,]\d+)*|#L\d+(?:-L?\d+)?|::[\w:\[\]-]+|\(\d+(?:[-,]\d+)*\))\Z")
_GLOB = lazy(r"[*?{}<>|\"^`\\;]|\$\{|:\/\/|\.\.\.(?!\w)|…")
_HOSTS = lazy(r"[\w-]+\.(?:com|org|io|dev|net|ai|app|local|sh|co|gov|edu|internal|test)\Z", re.IGNORECASE)
_TRIM = "\"'“”‘’«»,;!"


@dataclass(frozen=True, slots=True)
class Shape:
    value: str
    form: Form


def find(passage: Passage, known: KnownNames) -> Iterator[Found]:
    """Paths in inline code, link targets, prose and, in code blocks, in drawings of trees and in a title comment."""
    if passage.form == "code":
        yield from _find_in_code(passage, known)
        return
    for span in passage.spans:
        if span.form == "code":
            shape = read_path(span.text, known, placeholders=bool(passage.block))
            if shape is not None:
                yield _found(shape, span.start, "code")
        elif span.form == "link":
            target = read_target(span.text)
            if target is not None:
                yield _found(target, span.start, "link")
        else:
            yield from _find_in_prose(span, known)


def _found(shape: Shape, start: int, where: str) -> Found:
    return Found("path", shape.value, start, (("form", shape.form), ("in", where)))


def read_path(token: str, known: KnownNames, *, placeholders: bool = False) -> Shape | None:
    """The path that a piece of inline code is, or None. ``src/a.py:12`` and ``src/a.py#L3`` are ``src/a.py``.

    Not: addresses, globs, placeholders (``path/to/x``, ``<name>``), package names (``@scope/pkg``), routes
    (``/api/x``), commands, versions. With `placeholders` a name such as ``src/new.py`` is taken at its word.
    """
    token = token.strip().strip(_TRIM)
    if not 2 <= len(token) <= _MAX_PATH or "\n" in token or _GLOB.search(token):
        return None
    if token.endswith("()") or token.startswith(("-", "#", "~", "$", "%", "=", "(", "//")):
        return None
    if token.startswith("@") and not token.startswith("@/"):
        return None
    while match := _LINE_SUFFIX.search(token):
        token = token[: match.start()]
    token = token.split("#", 1)[0]
    alias = token.startswith("@/")
    if alias:
        token = token[2:]
    if token.startswith("/"):
        token = token[1:]
        if (
            token.split("/", 1)[0] not in known.tops
            or "/" not in token
            or not is_file_name(token.rsplit("/", 1)[-1], known)
        ):
            return None
    folder = token.endswith("/")
    segments = [s for s in token.split("/") if s]
    if not segments or not all(_SEGMENT.match(s) for s in segments) or ":" in token:
        return None
    named = [s for s in segments if s not in (".", "..")]
    if not named or (not placeholders and any(map(_PLACEHOLDER.match, named))):
        return None
    last = named[-1]
    value = "/".join(segments)
    # Words with blanks are paths only where the folders say so.
    if " " in token and (segments[0] not in known.tops or not is_file_name(last, known) or " " in last):
        return None
    if len(segments) == 1:
        if folder:
            return Shape(value, "folder") if last in known.tops else None
        return Shape(value, "name") if is_file_name(last, known) and not _WEAK_NAMES.match(last) else None
    if _HOSTS.match(segments[0]) and segments[0] not in known.folders:
        return None
    if folder:
        return Shape(value, "folder")
    if is_file_name(last, known):
        return Shape(value, "file")
    if alias or segments[0] in (".", ".."):
        return Shape(value, "module") if len(named) > 1 and "." not in last else None
    return Shape(value, "module") if segments[0] in known.tops and len(segments) > 2 and " " not in token else None


def read_target(target: str) -> Shape | None:
    """The file or folder that a link leads to, relative to its document; None for addresses and anchors."""
    if (
        not target
        or len(target) > _MAX_PATH
        or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#|/|mailto:", target)
        or _GLOB.search(target)
    ):
        return None
    value = unquote(target.split("#", 1)[0].split("?", 1)[0], errors="surrogateescape").rstrip("/")
    segments = value.split("/")
    named = [s for s in segments if s not in (".", "..", "")]
    if not named or any(_PLACEHOLDER.match(s) for s in named) or "\n" in value or " " in named[-1]:
        return None
    # Sites turn `./page` into an address of their own: only what names a file is a promise about the tree.
    return Shape(value, "link") if is_file_name(named[-1], KnownNames()) else None


def is_file_name(name: str, known: KnownNames) -> bool:
    """Whether a name has a suffix that files have, or is one of the names that need none."""
    if _NAMES.match(name):
        return True
    stem, dot, suffix = name.rpartition(".")
    if not dot or not stem or stem.endswith(".") or not re.search(r"\w", stem):
        return False
    lower = suffix.lower()
    return (lower in _SUFFIXES or (lower in known.suffixes and not lower.isdigit())) and not re.fullmatch(
        r"v?\d[\d.]*", name
    )


_WORD = lazy(r"\S+")
_ESCAPE = lazy(r"\\([!-/:-@\[-`{-~])")


def _find_in_prose(span: Span, known: KnownNames) -> Iterator[Found]:
    """Only what has a folder that the repository knows: prose is full of slashes."""
    if "/" not in span.text:
        return
    for match in _WORD.finditer(span.text):
        word = match[0]
        if "/" not in word or "://" in word or len(word) > _MAX_PATH or word.startswith("@"):
            continue
        lead = len(word) - len(word.lstrip("([{<*_\"'“‘→"))
        word = _ESCAPE.sub(r"\1", word[lead:].rstrip(".,;:!?*_\"'”’>"))
        while word.endswith((")", "]")) and word.count(word[-1]) > word.count("(["[")]".index(word[-1])]):
            word = word[:-1].rstrip(".,;:")
        shape = read_path(word, known)
        if shape is None or shape.form != "file" or word.startswith("/"):
            continue
        first = next(s for s in shape.value.split("/") if s not in (".", ".."))
        if first in known.folders:
            yield _found(shape, span.start + match.start() + lead, "prose")


_TITLE = lazy(
    r"\s*(?:#|//|--|<!--|/\*|;)\s*(?:file(?:name)?:\s*)?(?P<path>[\w.@/+()\[\]~-]{3,300})\s*(?:-->|\*/)?\s*(?:\(.{0,60}\))?\s*\Z",
    re.IGNORECASE,
)
_IMPORT = lazy(r"^\s*(?:import|export)\b[^'\"\n]{0,400}\bfrom\s*['\"](?P<module>[^'\"\n]{1,200})['\"]", re.MULTILINE)


def find_title(passage: Passage, known: KnownNames) -> tuple[Shape, int] | None:
    """The path in the comment that opens a code block, and its offset: whose text the block shows."""
    line = passage.text.split("\n", 1)[0]
    if len(line) > _MAX_PATH + 40:
        return None
    match = _TITLE.match(line)
    if match is None:
        return None
    shape = read_path(match["path"], known)
    return (shape, match.start("path")) if shape is not None and shape.form in ("file", "name") else None


def _find_in_code(passage: Passage, known: KnownNames) -> Iterator[Found]:
    leaves = read_tree(passage.text)
    if leaves:
        for leaf in leaves:
            shape = read_path(leaf.path, known)
            if shape is not None and shape.form == "file":
                yield _found(shape, leaf.offset, "tree")
        return
    title = find_title(passage, known)
    if title is None:
        return
    yield _found(title[0], title[1], "title")
    if "/" not in title[0].value:
        return
    base = title[0].value.split("/")[:-1]
    for match in _IMPORT.finditer(passage.text):
        module = match["module"]
        if not module.startswith(("./", "../")) or _GLOB.search(module):
            continue
        place = list(base)
        for segment in module.split("/"):
            if segment == "..":
                place = place[:-1] if place else [".."]
            elif segment != ".":
                place.append(segment)
        value = "/".join(place)
        if ".." not in place and not any(_PLACEHOLDER.match(s) for s in place):
            yield _found(Shape(value, "module"), match.start("module"), "import")
