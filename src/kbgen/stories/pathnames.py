"""Which words of a text are paths of files: what people write for one, cleaned of what clings to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

_EXTENSIONS_WORDS = (
    "astro avif bash bat bicep bmp bru c cc cfg cjs clj cmake conf config cpp cs csproj css csv cts cxx dart "
    "diff dockerfile dot drawio ejs el env erb erl ex example excalidraw exs feature fish fs gif go gql gradle "
    "graphql groovy h har hbs hcl hpp hrl hs htm html http ico inc ini ipynb j2 java jinja jinja2 jpeg jpg js "
    "json json5 jsonc jsonl jsx key kt kts less local lock log lua m map md mdx mjs mk ml mmd mod mp3 mp4 mts "
    "mustache nix pdf pem php pl plist pm png po pot prisma properties proto ps1 pug puml py pyi pyx r rb rego "
    "rs rst sass sample scala scm scss service sh sln snap sol sql sqlite sum svelte svg swift template tf "
    "tfvars timer tmpl toml tpl ts tsv tsx ttf txt vb vim vue wasm wav webm webmanifest webp woff woff2 xml xsd "
    "yaml yml zig zsh"
)
_EXTENSIONS = frozenset(_EXTENSIONS_WORDS.split())
_FILE_NAMES_WORDS = (
    "dockerfile containerfile makefile justfile procfile rakefile gemfile vagrantfile jenkinsfile license "
    "notice codeowners authors version pipfile brewfile tiltfile caddyfile changelog readme workspace build "
    ".gitignore .gitattributes .dockerignore .npmrc .nvmrc .prettierrc .eslintrc .editorconfig .env .babelrc "
    ".eslintignore .prettierignore .semgrepignore .python-version .node-version .mailmap .flake8 .coveragerc "
    ".npmignore .browserslistrc .gitkeep .keep pre-commit pre-push commit-msg"
)
_FILE_NAMES = frozenset(_FILE_NAMES_WORDS.split())
_ROOT_WORDS = "home users mnt tmp var opt root usr etc c d private volumes workspace app"
_NO_REPOSITORY_ROOT = frozenset(_ROOT_WORDS.split())
_PLACEHOLDER = re.compile(
    r"<|>|\$|\*|\?|\.\.\.|…|://|//|\\|\||=|YYYY|yyyymm|X{3,}|x{3,}|NNN|path/to/|(?:^|/)your[-_]|(?:^|/)my[-_]"
    r"|\[(?:timestamp|date|hash|name|feature|version|module-name|n|x|\w-\w|\d+[,-]\d+)\]|(?:^|/)_?timestamp_"
    r"|(?:^|[/_-])foo(?:[/._-]|$)"
    r"|(?:^|/)(?:example|sample|placeholder|filename|file|xxx)\.[a-z]+$|\{|\}|\s|['\"`,;!%^&]",
)
_SEGMENT = re.compile(r"^[\w.@+~-]*(?:[\[(][\w.@+~\[\]()-]*[\])])?[\w.@+~()\[\]-]*$")
_LINE_SUFFIX = re.compile(r"(?::\d+(?:[-:]\d+)*|#L\d+(?:-L?\d+)?)$")
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")


def clean_paths(token: str, *, bare_names: bool = False) -> tuple[str, ...]:
    """The repository-relative file paths that a token spells; () when it spells none.

    ``./src/a.py:12`` gives ``src/a.py``; ``src/{a,b}.ts`` gives both; folders, globs, URLs, aliases such as
    ``@/x`` and placeholders give none. A name without a slash counts only with `bare_names`.
    """
    token = token.strip().strip("`*\"'“”‘’").strip()
    if len(token) < 4 or len(token) > 300:
        return ()
    match = _BRACES.search(token)
    if match:
        choices = [choice.strip() for choice in match[1].split(",")]
        if len(choices) > 20 or token.count("{") > 3:
            return ()
        spelled = (token[: match.start()] + choice + token[match.end() :] for choice in choices)
        return tuple(path for one in spelled for path in clean_paths(one, bare_names=bare_names))
    path = _clean_path(token, bare_names)
    return (path,) if path else ()


def _clean_path(token: str, bare_names: bool) -> str:
    token = token.rstrip(".,;:!").removeprefix("./")
    token = _LINE_SUFFIX.sub("", token)
    while token.endswith(")") and token.count(")") > token.count("("):
        token = token[:-1].rstrip(".,;:")
    while token.startswith("(") and token.count("(") > token.count(")"):
        token = token[1:]
    if token.startswith("/"):
        token = token[1:]
        if token.split("/", 1)[0].lower() in _NO_REPOSITORY_ROOT:
            return ""
    if not token or token.startswith(("@", "~", "../", "-")) or _PLACEHOLDER.search(token):
        return ""
    segments = token.split("/")
    if len(segments) == 1 and not bare_names:
        return ""
    if any(not segment or segment == ".." or not _SEGMENT.match(segment) for segment in segments):
        return ""
    return token if is_file_name(segments[-1], len(segments) > 1) else ""


def is_file_name(name: str, in_folder: bool = True) -> bool:
    """Whether a name can be a file's: a known extension or a known whole name."""
    lower = name.lower()
    if lower in _FILE_NAMES:
        return in_folder or name[0].isupper() or name.startswith(".")
    stem, dot, extension = lower.rpartition(".")
    if not dot or not stem.strip("."):
        return lower.startswith(".env.") and len(lower) > 5
    if stem.startswith(".") and extension.isalnum():
        return True
    return extension in _EXTENSIONS and not stem.endswith(".")


def clean_folder(token: str) -> str:
    """The folder that a token spells (``apps/web/src/``), ``""`` for none."""
    token = token.strip().strip("`*\"'").strip().rstrip(".,;:").removeprefix("./")
    if (
        not token.rstrip("/")
        or "/" not in token
        or _PLACEHOLDER.search(token.rstrip("/"))
        or token.startswith(("@", "~"))
    ):
        return ""
    token = token.strip("/")
    segments = token.split("/")
    if any(not segment or segment == ".." or not _SEGMENT.match(segment) for segment in segments):
        return ""
    return "" if is_file_name(segments[-1]) else token


TICKED = re.compile(r"`([^`\n]{2,300})`")
_BARE = re.compile(r"(?<![\w`/@.:-])\.?/?[\w.@+\[\]()-]+(?:/[\w.@+\[\]()\-{},]+)+(?![\w/`])")
_LINKED = re.compile(r"\[[^\]\n]{0,200}\]\([^)\s]{0,300}\)")


def find_paths(text: str, *, bare_names: bool = False) -> tuple[str, ...]:
    """Paths that a piece of text spells, in order: in code marks, else bare with a slash."""
    ticked = tuple(p for token in TICKED.findall(text) for p in clean_paths(token, bare_names=bare_names))
    if ticked:
        return ticked
    if "/" not in text:
        return ()
    rest = TICKED.sub(" ", _LINKED.sub(" ", text)) if "`" in text or "](" in text else text
    return tuple(p for match in _BARE.finditer(rest) for p in clean_paths(match[0]))


def find_mentioned_paths(text: str) -> Iterator[tuple[str, str, str]]:
    """(path, text before it, text after it) for each path in code marks; bare ones when there is no code mark."""
    if "`" in text:
        for match in TICKED.finditer(text):
            if "/" in match[1]:
                for path in clean_paths(match[1]):
                    yield path, text[: match.start()], text[match.end() :]
        return
    if "](" in text:
        text = _LINKED.sub(" ", text)
    for match in _BARE.finditer(text):
        for path in clean_paths(match[0]):
            yield path, text[: match.start()], text[match.end() :]


_TOP_NAMES = (
    "cargo.toml changelog.md claude.md compose.yaml contributing.md docker-compose.yaml docker-compose.yml go.mod "
    "mkdocs.yml package-lock.json package.json pnpm-lock.yaml pnpm-workspace.yaml pyproject.toml readme.md "
    "requirements.txt setup.cfg setup.py tsconfig.json turbo.json"
)
_TOP = frozenset(_TOP_NAMES.split())


def is_top_level(name: str) -> bool:
    """Names that stand at a repository's top: ``package.json``, ``Makefile``, ``.env.example``, ``README.md``."""
    return name.startswith(".") or "." not in name or name.lower() in _TOP
