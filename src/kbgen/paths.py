"""What kind of file a path is: source, test, docs, config or noise. The path alone decides, never the content.

Order of the questions, first answer wins: noise (what a tool wrote), docs, test, config, source. Docs come
before tests, since ``docs/testing/guide.md`` is a document and so is a Markdown file beside tests; a
*fixture* below a tests folder is a test file whatever its suffix, except Markdown.

Images, fonts and other assets are ``source``: they ship with the product. Below ``docs/`` they are docs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from kbgen.model import FileKind
from kbgen.patterns import lazy


def _split(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NOISE_NAMES = _split(
    """
    package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock bun.lockb bun.lock deno.lock poetry.lock
    pipfile.lock pdm.lock uv.lock pixi.lock conda-lock.yml cargo.lock gemfile.lock composer.lock go.sum mix.lock
    pubspec.lock podfile.lock package.resolved gradle.lockfile flake.lock packages.lock.json
    .coverage coverage.xml coverage.json coverage-final.json coverage-summary.json lcov.info clover.xml
    cobertura.xml jacoco.xml junit.xml test-results.xml test-results.json test-results.txt test_output.txt
    pytest_output.txt .last-run.json .eslintcache .stylelintcache .ds_store thumbs.db desktop.ini
    next-env.d.ts npm-debug.log yarn-error.log
    """
)
"""Lock files, coverage and test results, caches of tools; lower case."""

_NOISE_FOLDERS = _split(
    """
    node_modules __pycache__ .pytest_cache .mypy_cache .ruff_cache .tox .nox .venv venv .eggs htmlcov .nyc_output
    .next .nuxt .svelte-kit .turbo .parcel-cache .gradle .terraform .serverless .aws-sam .angular .vercel .netlify
    .idea .vs .fleet .cursor .windsurf .aider .history .ipynb_checkpoints .hypothesis .import_linter_cache
    .playwright-mcp test-results playwright-report blob-report allure-results allure-report storybook-static
    .output .dart_tool bower_components site-packages
    """
)
"""Folders that only tools write into."""

_BUILD_FOLDERS = _split("dist out target")
"""Build output, unless the code itself has a folder of that name below its own root."""

_CODE_ROOTS = _split("src app lib pages source")

_NOISE = lazy(
    r"""
    (?: \.min\.(?:js|css|mjs)
      | \.(?:js|css|mjs|cjs|d\.ts|ts)\.map
      | \.generated\.[a-z]+ | \.gen\.(?:ts|tsx|go|py) | _pb2(?:_grpc)?\.pyi? | \.pb\.go
      | \.(?:pyc|pyo|class|o|obj|a|so|dll|dylib|exe|log|tmp|temp|bak|orig|rej|swp|swo|pid|tsbuildinfo)
      | \.(?:egg-info|dist-info)(?:/.*)?
      | ~ )$
    | (?:^|/)\.claude/ (?: .*/)? (?:data|cache|logs?|state|todos|projects|shell-snapshots|statsig) /
    | (?:^|/)\.coverage(?:\.[^/]*)?$
    | (?:^|/)coverage/ (?: .*/)? [^/]+\.(?:html|xml|json|info|css|js|png)$
    | \.egg-info/ | \.dist-info/
    """,
    re.VERBOSE | re.IGNORECASE,
)

_DOC_SUFFIXES = _split("md mdx markdown rst adoc asciidoc textile org tex pdf docx doc odt pptx")
_DOC_FOLDERS = _split("docs doc documentation")
_DOC_NAMES = lazy(
    r"^(?:licen[cs]e|copying|notice|authors|contributors|changelog|changes|history|news|readme|contributing|"
    r"code_of_conduct|security|maintainers|thanks|install|patents)(?:[_-][a-z0-9]+)?(?:\.txt)?$",
    re.IGNORECASE,
)

_TEST_FOLDERS = _split(
    """
    __tests__ __test__ __mocks__ __snapshots__ __fixtures__ tests test e2e cypress playwright
    integration-tests integration_tests unit-tests unit_tests acceptance-tests testing test-utils test_utils
    """
)
_SPEC_FOLDERS = _split("spec specs")
"""Of tests when they hold code; other things in them are specifications."""

_TEST = lazy(
    r"""
    (?:^|/)
    (?: test_[^/]*\.pyi?
      | [^/]*_test\.(?:py|go|dart|rb|ex|exs|cc|cpp|c|rs)
      | tests?\.pyi?
      | conftest\.py
      | [^/]*[.\-_](?:test|spec|e2e-spec|cy|e2e)\.(?:[cm]?[jt]sx?|vue)
      | [^/]*_spec\.rb
      | [^/]*(?:Test|Tests|TestCase|IT)\.(?:java|kt|kts|scala|groovy|cs|swift|php)
      | (?:jest|vitest|playwright|cypress|karma|wdio)[.\-](?:setup|global-setup|setupTests?)[^/]*
      | setupTests?\.[jt]sx?
      | [^/]*\.snap )$
    """,
    re.VERBOSE,
)

_CONFIG_SUFFIXES = _split(
    "yaml yml json json5 jsonc toml ini cfg conf env properties editorconfig plist xml lock tf tfvars hcl nix"
)
_CONFIG_NAMES = lazy(
    r"""^(?: (?:.*\.)?(?:dockerfile|containerfile)(?:\..*)? | makefile | gnumakefile | justfile | procfile | taskfile
      | jenkinsfile | vagrantfile | rakefile | gemfile | pipfile | brewfile | codeowners
      | cmakelists\.txt | manifest\.in
      | requirements[^/]*\.(?:txt|in) | constraints[^/]*\.txt | \.env.* | [^/]*\.env(?:\..*)?
      | [^/]*\.example | py\.typed
      | (?:[^/]*\.)?config\.(?:[cm]?[jt]s) | [^/]*\.config\.[a-z0-9-]+\.(?:[cm]?[jt]s) | \.[^/]*rc(?:\.[^/]*)?
      | \.[^/]*ignore | \.git(?:attributes|keep|modules|message)? | \.keep | \.nvmrc | \.[^/]*-version | \.tool-versions
      | \.cursorrules | \.mailmap | \.[a-z-]+rules | nginx[^/]*\.conf[^/]* | caddyfile[^/]* | go\.(?:mod|work)
      | build\.gradle(?:\.kts)? | settings\.gradle(?:\.kts)? | pom\.xml | setup\.cfg )$""",
    re.VERBOSE | re.IGNORECASE,
)
_CODE_CONFIG = lazy(r"[^.].*config\.[cm]?[jt]s$|config\.[cm]?[jt]s$", re.IGNORECASE)
"""Tools are configured at a package's top; ``src/mail/mail.config.ts`` is the program's own code."""

_CONFIG_FOLDERS = _split(
    ".github .gitlab .circleci .husky .vscode .devcontainer .buildkite .changeset .claude .semgrep .storybook"
)

_SOURCE_SUFFIXES = _split(
    """
    py pyi ts tsx mts cts js jsx mjs cjs vue svelte astro go rs java kt kts scala groovy c h cc cpp cxx hpp hh cs fs vb
    swift m mm rb php pl pm lua r jl ex exs erl hrl clj cljs hs ml mli dart zig nim sol sh bash zsh fish ps1 bat cmd
    sql prisma graphql gql proto css scss sass less styl html htm hbs ejs j2 jinja jinja2 njk liquid mustache pug tmpl
    tpl ipynb wasm
    """
)


@lru_cache(maxsize=512)
def translate_glob(pattern: str) -> re.Pattern[str]:
    """A path glob as a regular expression, to be matched against the whole path (`fullmatch`).

    ``*`` stays inside one folder, ``**`` crosses folders, ``?`` is one character. A pattern without ``/``
    matches a name in any folder; one that ends in ``/`` matches everything below that folder.
    """
    anchored = "/" in pattern.rstrip("/")
    text = pattern.strip("/") + ("/**" if pattern.endswith("/") else "")
    out = []
    position = 0
    while position < len(text):
        if text.startswith("**/", position):
            out.append("(?:.*/)?")
            position += 3
        elif text.startswith("**", position):
            out.append(".*")
            position += 2
        elif text[position] == "*":
            out.append("[^/]*")
            position += 1
        elif text[position] == "?":
            out.append("[^/]")
            position += 1
        else:
            out.append(re.escape(text[position]))
            position += 1
    return re.compile(("" if anchored else "(?:.*/)?") + "".join(out), re.DOTALL)


def classify_path(path: str, extra_noise: Sequence[str] = (), extra_tests: Sequence[str] = ()) -> FileKind:
    """The kind of one repo-relative path. The extra globs (`translate_glob`) come from the user and win."""
    if any(translate_glob(pattern).fullmatch(path) for pattern in extra_noise):
        return "noise"
    if any(translate_glob(pattern).fullmatch(path) for pattern in extra_tests):
        return "test"
    return _classify(path)


@lru_cache(maxsize=65536)
def _classify(path: str) -> FileKind:
    *folders, name = path.split("/")
    above = [folder.lower() for folder in folders]
    lower = name.lower()
    suffix = lower.rpartition(".")[2] if "." in lower.lstrip(".") else ""
    in_code_root = not _CODE_ROOTS.isdisjoint(above)
    is_code = suffix in _SOURCE_SUFFIXES
    if lower in _NOISE_NAMES or _NOISE.search(path) or not _NOISE_FOLDERS.isdisjoint(above):
        return "noise"
    if not in_code_root and not _BUILD_FOLDERS.isdisjoint(above):
        return "noise"
    if suffix in _DOC_SUFFIXES or _DOC_NAMES.match(name):
        return "docs"
    # A route or module may be called "docs": code below a source root is code.
    if not _DOC_FOLDERS.isdisjoint(above) and not (is_code and in_code_root):
        return "docs"
    if not _TEST_FOLDERS.isdisjoint(above) or _TEST.search(path):
        return "test"
    if is_code and not _SPEC_FOLDERS.isdisjoint(above):
        return "test"
    if _CONFIG_NAMES.match(name) and not (is_code and in_code_root and _CODE_CONFIG.match(name)):
        return "config"
    if is_code:
        return "source"
    if suffix in _CONFIG_SUFFIXES or not _CONFIG_FOLDERS.isdisjoint(above):
        return "config"
    return "source"


def is_test(path: str) -> bool:
    return classify_path(path) == "test"


def is_markdown(path: str) -> bool:
    return path.lower().endswith((".md", ".mdx", ".markdown"))
